//! `cargo xtask ci`: everything that must hold before a change goes in
//!
//! The same steps as `cargo xtask test`, strict: the lock file may not change and snapshots are not rewritten. It knows no step of
//! its own, so that whoever runs `cargo xtask test` sees what CI sees.

use std::process::ExitCode;

use crate::test;

/// Sets up and tests everything as CI does: nothing may change the lock file
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs every step
pub(crate) fn run(_: &Args) -> anyhow::Result<ExitCode> {
    test::all(test::Mode::Strict)
}
