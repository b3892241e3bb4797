//! `cargo xtask setup`: what the tests need besides a Rust toolchain and a C compiler
//!
//! It asks first and installs only what is missing, so a second run takes a fraction of a second. What it cannot install
//! is told in one line: what, what for, how. Everything that is no tool of the whole system goes below `target`.
//! It never removes or upgrades what somebody else installed.

use std::fmt;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::report::Report;
use crate::{say, workspace};
use tool::Tool;

mod node;
pub(crate) mod python;
pub(crate) mod rust;
mod system;
pub(crate) mod tool;

/// Installs everything that the tests need, or says what to install
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Install nothing, only say what is missing
    #[arg(long)]
    check: bool,
}

/// One thing that the tests need
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// `cargo fmt`
    Rustfmt,
    /// `cargo clippy`
    Clippy,
    /// The nightly toolchain, for what stable Rust does not have
    Nightly,
    /// The standard library of a bare Cortex-M3 for the nightly toolchain
    NightlyThumb,
    /// `cargo miri` of the nightly toolchain
    Miri,
    /// LLVM's tools, which read what coverage writes
    LlvmTools,
    /// The standard library of a bare Cortex-M3
    Thumb,
    /// The standard library of a bare Cortex-M4 or M7 with floating point
    ThumbFloat,
    /// The standard library of 64-bit Windows
    Windows,
    /// The emulator that the device's firmware runs in
    Qemu,
    /// mcstatus in `target/peers/python`
    Mcstatus,
    /// minecraft-protocol in `target/peers/node`
    MinecraftProtocol,
    /// What counts instructions
    Valgrind,
    /// quarry in `target/peers/quarry`
    Quarry,
    /// typos and taplo in `target/peers/linters`
    Linters,
    /// A program that cargo builds, below `target/tools`
    Tool(&'static Tool),
}

impl Need {
    /// Everything that the tests need, quick ones first; what a command alone needs is installed when it runs
    pub(crate) const ALL: [Self; 17] = [
        Self::Rustfmt,
        Self::Clippy,
        Self::Thumb,
        Self::ThumbFloat,
        Self::Windows,
        Self::LlvmTools,
        Self::Nightly,
        Self::NightlyThumb,
        Self::Qemu,
        Self::Valgrind,
        Self::Linters,
        Self::Mcstatus,
        Self::MinecraftProtocol,
        Self::Tool(&tool::MACHETE),
        Self::Tool(&tool::LLVM_COV),
        Self::Tool(&tool::FUZZ),
        Self::Tool(&tool::GUNGRAUN),
    ];

    /// What people call it
    fn name(self) -> &'static str {
        match self {
            Self::Rustfmt => "rustfmt",
            Self::Clippy => "clippy",
            Self::Thumb => rust::THUMB,
            Self::ThumbFloat => rust::THUMB_FLOAT,
            Self::Windows => rust::WINDOWS,
            Self::Nightly => "nightly Rust",
            Self::NightlyThumb => "nightly Rust for thumbv7m-none-eabi",
            Self::Miri => "miri",
            Self::LlvmTools => "llvm-tools",
            Self::Qemu => "QEMU",
            Self::Mcstatus => "mcstatus",
            Self::MinecraftProtocol => "minecraft-protocol",
            Self::Valgrind => "valgrind",
            Self::Linters => "typos and taplo",
            Self::Tool(tool) => tool.name,
            Self::Quarry => "quarry",
        }
    }

    /// Makes sure that it is there: `Ok(true)` when it had to be installed
    fn ensure(self, install: bool) -> Result<bool, Missing> {
        match self {
            Self::Rustfmt => rust::component("rustfmt", &["fmt", "--version"], install),
            Self::Clippy => rust::component("clippy", &["clippy", "--version"], install),
            Self::Thumb => rust::target(rust::THUMB, "the build for a microcontroller", install),
            Self::ThumbFloat => rust::target(rust::THUMB_FLOAT, "the build for the NUCLEO boards", install),
            Self::Windows => rust::target(rust::WINDOWS, "the check for Windows", install),
            Self::Nightly => rust::nightly(install),
            Self::NightlyThumb => rust::nightly_thumb(install),
            Self::Miri => rust::miri(install),
            Self::LlvmTools => rust::llvm_tools(install),
            Self::Qemu => system::qemu(install),
            Self::Mcstatus => python::mcstatus(install),
            Self::MinecraftProtocol => node::minecraft_protocol(install),
            Self::Valgrind => system::valgrind(install),
            Self::Linters => python::linters(install),
            Self::Tool(tool) => tool.ensure(install),
            Self::Quarry => python::quarry(install),
        }
    }
}

/// Something that is needed, not there, and not to be installed from here
#[derive(Debug)]
pub(crate) struct Missing {
    what: String,
    used_by: String,
    how: String,
}

impl Missing {
    fn new(what: impl Into<String>, used_by: impl Into<String>, how: impl Into<String>) -> Self {
        Self { what: what.into(), used_by: used_by.into(), how: how.into() }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "missing {}, needed by {}: {}", self.what, self.used_by, self.how)
    }
}

/// Runs the command
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut report = Report::default();
    for (need, result) in ensure(&Need::ALL, !args.check)? {
        report.check(need.name(), result, "cargo xtask setup");
    }
    Ok(report.close())
}

/// Makes sure that each of `needs` is there
///
/// # Errors
///
/// When `target/peers` cannot be made or locked; what is missing is in the list instead.
pub(crate) fn ensure(needs: &[Need], install: bool) -> anyhow::Result<Vec<(Need, Result<(), Missing>)>> {
    let _lock = lock()?;
    let mut results = Vec::new();
    for need in needs {
        let result = need.ensure(install).map(|installed| {
            if installed {
                say(format_args!("{} installed", need.name()));
            }
        });
        results.push((*need, result));
    }
    Ok(results)
}

/// Where probe-rs is
pub(crate) fn probe_rs() -> Result<PathBuf, Missing> {
    system::probe_rs()
}

/// Keeps two of these commands from installing at once, until the file is dropped
fn lock() -> anyhow::Result<File> {
    let folder = workspace::peers();
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let path = folder.join(".lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}

/// Whether `stamp` says that exactly `wanted` was installed
///
/// The stamp is the lock file itself rather than a hash of it: there is nothing to collide and it can be read.
fn is_stamped(stamp: &std::path::Path, wanted: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|found| found == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_says_what_for_and_how_in_one_line() {
        let missing = Missing::new("npm", "the tests against minecraft-protocol", "apt-get install npm");
        let line = missing.to_string();
        assert_eq!(line, "missing npm, needed by the tests against minecraft-protocol: apt-get install npm");
    }

    #[test]
    fn stamp_holds_only_for_the_same_lock_file() {
        let folder = tempfile::tempdir().unwrap();
        let stamp = folder.path().join("stamp");
        assert!(!is_stamped(&stamp, "a==1"));
        fs::write(&stamp, "a==1").unwrap();
        assert!(is_stamped(&stamp, "a==1"));
        assert!(!is_stamped(&stamp, "a==2"));
    }
}
