//! `cargo xtask exhaustive`: every input where there are few enough to try them all
//!
//! It builds and runs `proto-core/fuzz/examples/exhaustive.rs`, optimized; which domains there are, and how each is cut
//! down where it is, is told there. Minutes of work, so `cargo xtask test` runs it only where the core has changed since it
//! passed.

use std::process::ExitCode;
use std::time::Duration;

use crate::cmd::Cmd;
use crate::fuzz;
use crate::slow::EXHAUSTIVE;

/// Limit of all of them
const LIMIT: Duration = Duration::from_hours(2);

/// Tries every input of what has few enough of them
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the command
pub(crate) fn run(_: &Args) -> anyhow::Result<ExitCode> {
    let running = EXHAUSTIVE.begin()?;
    all()?;
    running.passed()?;
    Ok(ExitCode::SUCCESS)
}

/// Tries them all
pub(crate) fn all() -> anyhow::Result<()> {
    Cmd::cargo()
        .args(["run", "--quiet", "--locked", "--release", "--example", "exhaustive", "--manifest-path"])
        .arg(fuzz::folder().join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", fuzz::output())
        .deadline(LIMIT)
        .run()?;
    Ok(())
}
