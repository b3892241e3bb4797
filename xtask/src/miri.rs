//! `cargo xtask miri`: proto-core's tests in an interpreter that knows undefined behaviour
//!
//! The core has no `unsafe` of its own, its dependencies have. Tests that take random or very many inputs take few of
//! them there (`cfg(miri)`). An hour of work, so no part of `cargo xtask test`, which tells when it is due.

use std::process::ExitCode;
use std::time::Duration;

use crate::setup::{self, Need, rust};
use crate::slow::MIRI;
use crate::{coverage, workspace};

/// Limit of all tests
const LIMIT: Duration = Duration::from_hours(2);

/// Runs the tests of proto-core in Miri
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A part of the names of tests
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
}

/// Runs the command
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    for (_, result) in setup::ensure(&[Need::Nightly, Need::Miri], true)? {
        result.map_err(|missing| anyhow::anyhow!("{missing}"))?;
    }
    let running = MIRI.begin()?;
    rust::on_nightly("cargo")
        .args(["miri", "test", "--package", "proto-core", "--features", coverage::FEATURES, "--no-fail-fast", "--"])
        .args(&args.filter)
        .env("CARGO_TARGET_DIR", workspace::root().join("target"))
        .deadline(LIMIT)
        .run()?;
    if args.filter.is_none() {
        running.passed()?;
    }
    Ok(ExitCode::SUCCESS)
}
