//! The command line of xtask as a shell sees it
//!
//! Only what ends at once: commands that build or install are no part of this.

use std::process::{Command, Output};

fn xtask(args: &[&str]) -> Output {
    // From another folder on purpose: it finds the workspace by itself.
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(args).current_dir(std::env::temp_dir()).env_remove("CI").output().unwrap()
}

#[track_caller]
fn assert_wrong_usage(args: &[&str], said: &str) {
    let output = xtask(args);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("error: ") && error.contains(said), "{error}");
}

#[test]
fn help_names_every_command() {
    let output = xtask(&["help"]);
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    let commands = [
        "setup",
        "test",
        "ci",
        "screenshot",
        "build-firmware",
        "emulate",
        "flash",
        "size",
        "model",
        "bench",
        "mutants",
        "fuzz",
        "coverage",
        "exhaustive",
        "miri",
        "help",
    ];
    for command in commands {
        assert!(help.contains(&format!("\n  {command} ")), "no {command} in {help}");
    }
}

#[test]
fn steps_are_listed_in_order() {
    let output = xtask(&["test", "--list"]);
    assert!(output.status.success());
    let list = String::from_utf8(output.stdout).unwrap();
    let names: Vec<_> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let expected = [
        "fmt", "tidy", "policy", "clippy", "docs", "units", "model", "fuzz", "coverage", "e2e", "features", "thumb",
        "nopanic", "firmware", "cost", "bench", "slow", "windows",
    ];
    assert_eq!(names, expected);
}

#[test]
fn wrong_usage_is_one_line_and_status_2() {
    assert_wrong_usage(&[], "say what to do");
    assert_wrong_usage(&["tset"], "'test'");
    assert_wrong_usage(&["test", "--nope"], "--nope");
    assert_wrong_usage(&["test", ""], "no step");
    assert_wrong_usage(&["screenshot", "--size", "wide"], "two numbers");
    assert_wrong_usage(&["fuzz", "no_such_target"], "no_such_target");
    assert_wrong_usage(&["fuzz", "--minutes", "0"], "--minutes");
    assert_wrong_usage(&["mutants", "no_such_group"], "no_such_group");
    assert_wrong_usage(&["bench", "server", "--connections", "0"], "--connections");
    if cfg!(target_os = "linux") {
        for nothing in [["--only", "minimal"], ["--only", "slp"], ["--idle", "0"]] {
            assert_wrong_usage(&["bench", "server", "--check", nothing[0], nothing[1]], "no goal");
        }
    }
}

#[test]
fn named_step_runs_alone_and_closes_with_the_counts() {
    let output = xtask(&["test", "tidy"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("== tidy\n") && !text.contains("== units\n"), "{text}");
    let last = text.lines().next_back().unwrap_or_default();
    assert!(last.ends_with(" failed") && last.contains(" passed, "), "{text}");
}
