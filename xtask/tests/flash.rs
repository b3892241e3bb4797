//! `cargo xtask flash` as a shell sees it: what probe-rs is told, and what a person is told without it
//!
//! The firmware is a file that is there already, so nothing is built; probe-rs is a script that writes down its arguments.

use std::path::Path;
use std::process::{Command, Output};

fn flash(path: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("flash").args(args).env("PATH", path).current_dir(path).output().unwrap()
}

/// Standard error, which must be one line, after exit status 1
#[track_caller]
fn refusal(output: &Output) -> &str {
    let error = str::from_utf8(&output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    error.trim_end()
}

#[test]
fn without_probe_rs_it_says_how_to_install_it() {
    let empty = tempfile::tempdir().unwrap();
    let output = flash(empty.path(), &["--board", "nucleo-f429zi"]);
    let said = refusal(&output);
    assert!(
        said.starts_with(
            "error: missing probe-rs, needed by `cargo xtask flash`: cargo install probe-rs-tools --locked"
        ),
        "{said}"
    );
    assert!(output.stdout.is_empty(), "something was begun: {}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn emulated_and_unknown_boards_are_refused() {
    let empty = tempfile::tempdir().unwrap();
    let output = flash(empty.path(), &["--board", "lm3s6965evb"]);
    assert_eq!(
        refusal(&output),
        "error: lm3s6965evb cannot be flashed, it is emulated: cargo xtask emulate --board lm3s6965evb"
    );
    let output = flash(empty.path(), &["--board", "arduino"]);
    assert!(refusal(&output).starts_with("error: there is no board \"arduino\"; there are lm3s6965evb, "));
}

/// In the device's own words, before probe-rs is looked for
#[test]
fn settings_that_the_device_would_refuse_are_refused_here() {
    let empty = tempfile::tempdir().unwrap();
    for (args, said) in [
        (
            &["--server", "mc.example.org:x"][..],
            "setting \"server=mc.example.org:x\" is wrong: a port is a number from 1 to 65535; expected HOST or HOST:PORT",
        ),
        (&["--ip", "192.0.2.7"], "setting \"ip=192.0.2.7\" is wrong: expected an address such as 10.0.2.15/24"),
        (&["--ip", "192.0.2.7/24", "--dns", "x"], "setting \"dns=x\" is wrong: expected an address such as 10.0.2.3"),
    ] {
        let output = flash(empty.path(), &[&["--board", "nucleo-f429zi"], args].concat());
        assert_eq!(refusal(&output), format!("error: {said}"));
    }
}

#[test]
fn settings_of_a_build_are_read_before_it() {
    let build = |words: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(["build-firmware", "--board", "nucleo-f429zi"]).args(more).env("SLP_SETTINGS", words);
        command.env_remove("CI").output().unwrap()
    };
    for (words, more, said) in [
        (
            "server=192.0.2.9:0",
            &[][..],
            "setting \"server=192.0.2.9:0\" is wrong: a port is a number from 1 to 65535; expected HOST or HOST:PORT",
        ),
        ("server=192.0.2.9 watch 60", &[], "setting \"watch\" is wrong: expected NAME=VALUE"),
        (
            "server=mc.example.org",
            &["--lean"],
            "the server among the settings is a name: this firmware resolves no names; expected ADDRESS or ADDRESS:PORT",
        ),
    ] {
        let output = build(words, more);
        assert_eq!(refusal(&output), format!("error: SLP_SETTINGS: {said}"));
        assert!(output.stdout.is_empty(), "{output:?}");
    }
    let mut emulated = Command::new(env!("CARGO_BIN_EXE_xtask"));
    emulated.args(["build-firmware", "--board", "lm3s6965evb"]).env("SLP_SETTINGS", "watch=5").env_remove("CI");
    let said = "lm3s6965evb takes its settings when it starts; give them to `cargo xtask emulate`";
    assert_eq!(refusal(&emulated.output().unwrap()), format!("error: SLP_SETTINGS: {said}"));
}

#[cfg(unix)]
mod with_probe_rs {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A folder with a firmware, and a probe-rs that notes what it is told and ends with `status`
    fn folder(status: u8) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.elf"), b"\x7FELF of nucleo-f429zi or nucleo-h743zi").unwrap();
        let script = format!("#!/bin/sh\necho \"$@\" >> '{}/told'\nexit {status}\n", folder.path().display());
        let program = folder.path().join("probe-rs");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    fn told(folder: &Path) -> String {
        fs::read_to_string(folder.join("told")).unwrap_or_default()
    }

    #[test]
    fn probe_rs_gets_chip_and_firmware_and_starts_it() {
        for (board, chip) in [("nucleo-f429zi", "STM32F429ZITx"), ("nucleo-h743zi", "STM32H743ZITx")] {
            let folder = folder(0);
            let output = flash(folder.path(), &["--board", board, "--firmware", "x.elf"]);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let file = folder.path().canonicalize().unwrap().join("x.elf");
            assert_eq!(
                told(folder.path()),
                format!("download --chip {chip} --verify {}\nreset --chip {chip}\n", file.display())
            );
            let said = String::from_utf8(output.stdout).unwrap();
            assert!(said.trim_end().ends_with("serial port of the board's ST-LINK, 115200 8N1"), "{said}");
        }
    }

    #[test]
    fn failure_of_probe_rs_ends_it() {
        let folder = folder(3);
        let output = flash(folder.path(), &["--board", "nucleo-f429zi", "--firmware", "x.elf"]);
        let said = refusal(&output);
        assert!(said.contains("download --chip STM32F429ZITx") && said.contains("exit status: 3"), "{said}");
        assert_eq!(told(folder.path()).lines().count(), 1, "nothing was reset");
    }

    #[test]
    fn firmware_that_is_not_there_or_another_board_s_is_not_handed_over() {
        let folder = folder(0);
        let output = flash(folder.path(), &["--board", "nucleo-f429zi", "--firmware", "y.elf"]);
        assert!(refusal(&output).starts_with("error: cannot read y.elf: "));
        fs::write(folder.path().join("z.elf"), b"\x7FELF of nucleo-h743zi").unwrap();
        let output = flash(folder.path(), &["--board", "nucleo-f429zi", "--firmware", "z.elf"]);
        assert_eq!(refusal(&output), "error: z.elf is no firmware for nucleo-f429zi: that name is not in it");
        assert_eq!(told(folder.path()), "");
    }
}
