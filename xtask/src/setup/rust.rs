//! Parts of the Rust toolchain: components and the standard libraries of other targets; and the nightly toolchain
//!
//! With rustup they are added to the toolchain that runs; without it (a distribution's cargo) they are only looked for.
//! Where there is no nightly toolchain it is added; none that is there is updated, and none becomes the default.

use std::path::Path;
use std::time::Duration;

use super::Missing;
use crate::cmd::{Cmd, CmdError};

/// A Cortex-M3 without an operating system
pub(crate) const THUMB: &str = "thumbv7m-none-eabi";
/// A Cortex-M4 or M7 with floating point, without an operating system
pub(crate) const THUMB_FLOAT: &str = "thumbv7em-none-eabihf";
/// 64-bit Windows, by the tool chain that needs nothing of Microsoft's to check code
pub(crate) const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// Limit of a download
const DOWNLOAD: Duration = Duration::from_mins(10);

/// A component, present when cargo runs `probe`
pub(super) fn component(name: &str, probe: &[&str], install: bool) -> Result<bool, Missing> {
    let present = || Cmd::cargo().quiet().args(probe).capture().is_ok();
    let used_by = format!("`cargo {}`", probe.first().unwrap_or(&name));
    add(present, &["component", "add", name], &format!("the component {name}"), &used_by, install)
}

/// A target, present when its standard library is where rustc looks for it
pub(super) fn target(name: &str, used_by: &str, install: bool) -> Result<bool, Missing> {
    let present = || {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let folder = Cmd::new(rustc).quiet().args(["--print", "target-libdir", "--target", name]).capture();
        folder.is_ok_and(|folder| Path::new(&folder).is_dir())
    };
    add(present, &["target", "add", name], &format!("the Rust target {name}"), used_by, install)
}

/// LLVM's tools of the toolchain that runs
pub(super) fn llvm_tools(install: bool) -> Result<bool, Missing> {
    let present = || {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let libraries = Cmd::new(rustc).quiet().args(["--print", "target-libdir"]).capture();
        let tool = format!("llvm-profdata{}", std::env::consts::EXE_SUFFIX);
        libraries.is_ok_and(|folder| Path::new(&folder).with_file_name("bin").join(tool).is_file())
    };
    add(present, &["component", "add", "llvm-tools"], "the component llvm-tools", "`cargo xtask coverage`", install)
}

/// The nightly toolchain
pub(super) fn nightly(install: bool) -> Result<bool, Missing> {
    let present = || Cmd::new("rustup").quiet().args(["run", "nightly", "cargo", "--version"]).capture().is_ok();
    let rustup = ["toolchain", "install", "nightly", "--profile", "minimal", "--no-self-update"];
    add(present, &rustup, "the nightly toolchain", "`cargo xtask fuzz`, `size` and `miri`", install)
}

/// The standard library of a bare Cortex-M3 for the nightly toolchain
pub(super) fn nightly_thumb(install: bool) -> Result<bool, Missing> {
    let present = || {
        let libraries = ["run", "nightly", "rustc", "--print", "target-libdir", "--target", THUMB];
        let folder = Cmd::new("rustup").quiet().args(libraries).capture();
        folder.is_ok_and(|folder| Path::new(&folder).is_dir())
    };
    let rustup = ["target", "add", "--toolchain", "nightly", THUMB];
    let what = format!("nightly's target {THUMB}");
    add(present, &rustup, &what, "`cargo xtask size`, which compares frames", install)
}

/// Miri, and the source of the standard library that it builds for itself
pub(super) fn miri(install: bool) -> Result<bool, Missing> {
    let present = || {
        let libraries = ["run", "nightly", "rustc", "--print", "sysroot"];
        let source = Cmd::new("rustup").quiet().args(libraries).capture();
        source.is_ok_and(|sysroot| Path::new(&sysroot).join("lib/rustlib/src/rust/library").is_dir())
            && Cmd::new("rustup").quiet().args(["run", "nightly", "cargo", "miri", "--version"]).capture().is_ok()
    };
    let rustup = ["component", "add", "--toolchain", "nightly", "miri", "rust-src"];
    add(present, &rustup, "nightly's component miri", "`cargo xtask miri`", install)
}

/// A program as the nightly toolchain's cargo would run it
pub(crate) fn on_nightly(program: impl AsRef<std::ffi::OsStr>) -> Cmd {
    // The cargo that runs xtask is not the one that it shall ask.
    Cmd::new("rustup").args(["run", "nightly"]).arg(program).env("CARGO", "cargo")
}

fn add(present: impl Fn() -> bool, rustup: &[&str], what: &str, used_by: &str, install: bool) -> Result<bool, Missing> {
    if present() {
        return Ok(false);
    }
    let by_rustup = format!("rustup {}", rustup.join(" "));
    let outcome = if install { Cmd::new("rustup").args(rustup).deadline(DOWNLOAD).run() } else { Ok(()) };
    let how = match outcome {
        Ok(()) if install && present() => return Ok(true),
        Ok(()) if install => format!("`{by_rustup}` did not bring it; is cargo rustup's own?"),
        Ok(()) => by_rustup,
        Err(error) => without_rustup(&error, &by_rustup),
    };
    Err(Missing::new(what, used_by, how))
}

fn without_rustup(error: &CmdError, by_rustup: &str) -> String {
    if error.is_missing() {
        format!("install it with your distribution's Rust, or use rustup's and `{by_rustup}`")
    } else {
        error.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_not_installed() {
        // rustfmt and clippy come and go with a toolchain, cargo's own commands do not.
        assert!(!component("cargo", &["version"], false).unwrap());
    }

    #[test]
    fn unknown_target_is_missing_and_says_how() {
        let missing = target("no-such-target", "nothing", false).unwrap_err().to_string();
        assert_eq!(
            missing,
            "missing the Rust target no-such-target, needed by nothing: rustup target add no-such-target"
        );
    }

    #[test]
    fn distribution_toolchain_gets_a_line_of_its_own() {
        let error = Cmd::new("no-such-rustup").quiet().run().unwrap_err();
        assert!(without_rustup(&error, "rustup target add x").starts_with("install it with your distribution's"));
    }
}
