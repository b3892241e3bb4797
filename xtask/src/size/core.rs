//! What proto-core takes alone, linked with nothing else
//!
//! The probe that shows that nothing in it panics has the public functions of server and client in it, with the words for each
//! error, but for those that write a status document or a Disconnect and the drivers (`proto-core/no-panic/left-out.txt`).
//! What a firmware has of it is told with the firmware.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

use super::elf::Elf;
use crate::cmd::Cmd;
use crate::setup::rust::THUMB;
use crate::workspace;

/// The probe's build for a target, as the firmware is built, or as programs for hosts are
pub(crate) fn probe(target: &str) -> Cmd {
    probe_of("build", target)
}

/// The same of another subcommand of cargo
pub(crate) fn probe_of(subcommand: &str, target: &str) -> Cmd {
    Cmd::cargo()
        .args([subcommand, "--release", "--locked", "--target", target])
        .args(if target == THUMB { &[][..] } else { &["--features", "fast"] })
        .dir(workspace::root().join("proto-core").join("no-panic"))
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", if target == THUMB { "z" } else { "3" })
        // What is in it is read from there (`cargo xtask test nopanic`).
        .env("CARGO_PROFILE_RELEASE_DEBUG", "limited")
        .env("CARGO_TARGET_DIR", folder())
}

fn folder() -> PathBuf {
    workspace::root().join("target").join("no-panic")
}

/// Where [`probe`] leaves its program
pub(crate) fn program(target: &str) -> PathBuf {
    folder().join(target).join("release").join("no-panic")
}

/// Builds it for the device and returns its bytes of flash
pub(super) fn flash() -> anyhow::Result<u32> {
    probe(THUMB).run()?;
    let file = program(THUMB);
    let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let sections = Elf::new(&bytes).and_then(|elf| elf.sections());
    Ok(sections.with_context(|| format!("{} is no program for a device", file.display()))?.flash)
}
