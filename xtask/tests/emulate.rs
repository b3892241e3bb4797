//! `cargo xtask emulate` when it cannot do what it was asked: does it say why in a line, and end?
//!
//! What it does when it can is what the tests across the packages run, without it.

use std::process::{Command, Output};

fn emulate(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("emulate").args(args).current_dir(std::env::temp_dir()).env_remove("CI");
    command
}

#[track_caller]
fn assert_failed(output: &Output, said: &str) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert_eq!(error.lines().last(), Some(said), "{error}");
}

#[test]
fn what_cannot_be_shown_or_written_is_told_before_anything_is_built() {
    for args in [&["--window"][..], &["--screenshot", "screen.png"]] {
        let output = emulate(args).args(["--board", "mps2-an385"]).output().unwrap();
        assert_failed(&output, "error: the emulator has no screen for mps2-an385");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none").join("screen.png");
    let output = emulate(&["--screenshot"]).arg(&file).output().unwrap();
    assert_failed(&output, &format!("error: cannot write {}: there is no such folder", file.display()));
}

/// An emulator that ends before its control line is there would otherwise be waited for without end
#[cfg(unix)]
#[test]
fn emulator_that_ends_at_once_is_told() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("qemu-system-arm");
    std::fs::write(&program, "#!/bin/sh\necho 'no such option' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut folders = vec![folder.path().to_owned()];
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let path = std::env::join_paths(folders).unwrap();
    let firmware = folder.path().join("any.elf");
    std::fs::write(&firmware, b"\x7FELF of lm3s6965evb").unwrap();
    let output = emulate(&["--firmware"]).arg(firmware).env("PATH", path).output().unwrap();
    assert_failed(&output, "error: the emulator ended before it had started");
    assert!(String::from_utf8_lossy(&output.stderr).contains("error: no such option"), "{output:?}");
}

#[test]
fn firmware_that_is_none_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let firmware = folder.path().join("notes.txt");
    let output = emulate(&["--firmware"]).arg(&firmware).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.lines().last().unwrap().starts_with(&format!("error: cannot read {}", firmware.display())), "{told}");
    std::fs::write(&firmware, "notes").unwrap();
    let output = emulate(&["--firmware"]).arg(&firmware).output().unwrap();
    assert_failed(&output, &format!("error: {} is no firmware: no ELF file", firmware.display()));
    std::fs::write(&firmware, b"\x7FELF of lm3s6965evb").unwrap();
    let output = emulate(&["--board", "mps2-an385", "--firmware"]).arg(&firmware).output().unwrap();
    let said = format!("error: {} is no firmware for mps2-an385: that name is not in it", firmware.display());
    assert_failed(&output, &said);
}

/// In the device's own words, in one line, with nothing built before
#[test]
fn settings_that_the_device_would_refuse_are_refused_here() {
    for (args, said) in [
        (
            &["--server", "a:0"][..],
            "setting \"server=a:0\" is wrong: a port is a number from 1 to 65535; expected HOST or HOST:PORT",
        ),
        (&["--ip", "10.0.2.15"], "setting \"ip=10.0.2.15\" is wrong: expected an address such as 10.0.2.15/24"),
        (&["--seed", "xyz"], "setting \"seed=xyz\" is wrong: expected up to 16 hex digits"),
        (&["--server", "a watch=1"], "--server \"a watch=1\" is no single word"),
    ] {
        let output = emulate(args).output().unwrap();
        assert_failed(&output, &format!("error: {said}"));
        assert!(output.stdout.is_empty(), "{output:?}");
    }
}
