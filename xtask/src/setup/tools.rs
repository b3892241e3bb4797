//! Cargo's subcommands that are packages of their own, built below `target/tools`
//!
//! One that the system has already is used as it is. It updates none.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::Missing;
use crate::cmd::Cmd;
use crate::workspace;

/// Limit of building a tool on a slow machine
const BUILD: Duration = Duration::from_mins(20);

/// `cargo fuzz`, which builds what libFuzzer runs
pub(super) fn cargo_fuzz(install: bool) -> Result<bool, Missing> {
    subcommand("fuzz", "0.13.2", install)
}

/// `cargo llvm-cov`, which runs tests and counts lines
pub(super) fn cargo_llvm_cov(install: bool) -> Result<bool, Missing> {
    subcommand("llvm-cov", "0.9.1", install)
}

/// `cmd` with the tools that were built here in reach, if there are any
pub(crate) fn reach(cmd: Cmd) -> Cmd {
    if folder().is_dir() { cmd.env("PATH", path()) } else { cmd }
}

fn path() -> OsString {
    let own = folder().join("bin");
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&inherited).chain([own]);
    std::env::join_paths(folders).unwrap_or(inherited)
}

/// A command of the nightly toolchain's cargo
pub(crate) fn nightly() -> Cmd {
    reach(Cmd::new("rustup").args(["run", "nightly", "cargo"]))
}

fn folder() -> PathBuf {
    workspace::root().join("target").join("tools")
}

fn subcommand(name: &str, version: &str, install: bool) -> Result<bool, Missing> {
    let present = || reach(Cmd::cargo().quiet().args([name, "--version"])).capture().is_ok();
    if present() {
        return Ok(false);
    }
    let package = format!("cargo-{name}");
    let used_by = format!("`cargo {name}`");
    if !install {
        return Err(Missing::new(&package, used_by, format!("cargo install {package} --locked")));
    }
    let built = Cmd::cargo()
        .args(["install", "--locked", "--version", version, "--root"])
        .arg(folder())
        .arg(&package)
        .deadline(BUILD)
        .run();
    match built {
        Ok(()) if present() => Ok(true),
        Ok(()) => Err(Missing::new(&package, used_by, "it was installed and does not run")),
        Err(error) => Err(Missing::new(&package, used_by, error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_ends_with_the_tools_built_here() {
        let path = path();
        let folders: Vec<_> = std::env::split_paths(&path).collect();
        assert_eq!(folders.last(), Some(&folder().join("bin")));
        assert!(folders.len() > 1, "what was there stays: {folders:?}");
    }

    #[test]
    fn unknown_subcommand_is_missing_and_says_how() {
        let missing = subcommand("no-such-tool", "1.0.0", false).unwrap_err().to_string();
        assert_eq!(
            missing,
            "missing cargo-no-such-tool, needed by `cargo no-such-tool`: cargo install cargo-no-such-tool --locked"
        );
    }
}
