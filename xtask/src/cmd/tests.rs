//! Tests of the runner: deadlines, whole trees, what errors say

use std::time::{Duration, Instant};

use super::{Cmd, quoted};

/// Far above what killing takes, far below what the processes would live
const SOON: Duration = Duration::from_secs(20);

/// A process and a child of it that shares its output, both alive for minutes
fn long_tree() -> Cmd {
    if cfg!(windows) {
        Cmd::new("cmd").args(["/C", "ping -n 300 127.0.0.1 & ping -n 300 127.0.0.1"])
    } else {
        Cmd::new("sh").args(["-c", "sleep 300 & sleep 300"])
    }
}

/// A process that ends at once and leaves a child that keeps its output open
#[cfg(unix)]
fn leaver() -> Cmd {
    Cmd::new("sh").args(["-c", "sleep 300 &"])
}

#[test]
fn deadline_kills_the_whole_tree() {
    let started = Instant::now();
    let mut running = long_tree()
        .quiet()
        .deadline(Duration::from_millis(300))
        .spawn(std::process::Stdio::piped(), std::process::Stdio::null())
        .unwrap();
    let lines = running.read_pipes();
    let error = running.wait().unwrap_err();
    assert!(error.is_deadline(), "{error}");
    assert!(error.to_string().contains("had not ended after 0.3 s"), "{error}");
    // The pipe closes only when the last process that holds it has ended.
    while lines.recv_timeout(SOON).is_ok() {}
    assert!(started.elapsed() < SOON, "a child outlived the deadline");
}

#[test]
fn captured_and_shown_output_end_at_the_deadline_too() {
    let cmd = long_tree().quiet().deadline(Duration::from_millis(300));
    assert!(cmd.capture().unwrap_err().is_deadline());
    assert!(cmd.tee(|_| {}).unwrap_err().is_deadline());
    assert!(cmd.run().unwrap_err().is_deadline());
}

#[test]
fn dropping_kills_the_whole_tree() {
    let started = Instant::now();
    let mut running = long_tree().quiet().spawn(std::process::Stdio::piped(), std::process::Stdio::null()).unwrap();
    let lines = running.read_pipes();
    drop(running);
    while lines.recv_timeout(SOON).is_ok() {}
    assert!(started.elapsed() < SOON, "a child outlived the drop");
}

#[cfg(unix)]
#[test]
fn a_child_left_behind_is_killed_and_told() {
    let error = leaver().quiet().capture().unwrap_err();
    assert!(error.to_string().contains("left a process"), "{error}");
}

#[test]
fn failure_says_command_status_and_output() {
    let error = Cmd::cargo().quiet().args(["no-such-command-of-cargo", "a b"]).capture().unwrap_err().to_string();
    assert!(error.starts_with("`cargo no-such-command-of-cargo 'a b'` ended with exit"), "{error}");
    assert!(error.contains("no such command"), "{error}");
}

#[test]
fn missing_program_is_told_from_a_failing_one() {
    let error = Cmd::new("no-such-program-anywhere").quiet().run().unwrap_err();
    assert!(error.is_missing(), "{error}");
    let error = Cmd::cargo().quiet().arg("--no-such-option").capture().unwrap_err();
    assert!(!error.is_missing(), "{error}");
}

#[test]
fn output_is_captured_from_the_workspace_root() {
    let manifest = Cmd::cargo().quiet().args(["locate-project", "--message-format", "plain"]).capture().unwrap();
    assert_eq!(std::path::Path::new(&manifest), crate::workspace::root().join("Cargo.toml"));
}

#[test]
fn command_line_can_be_pasted() {
    let cmd = Cmd::new("program").args(["plain", "two words", "it's", ""]).env("NAME", "a value");
    assert_eq!(cmd.to_string(), r"NAME='a value' program plain 'two words' 'it'\''s' ''");
    assert_eq!(quoted("--listen=127.0.0.1:0"), "--listen=127.0.0.1:0");
}
