//! `cargo xtask bench`: what it costs
//!
//! One file per question. A measurement prints a table, keeps its numbers as JSON below `target/bench`, and fails where
//! a goal is missed. How the things that are measured work is their own business.

use std::process::ExitCode;

use clap::Subcommand;

pub(crate) mod cost;

/// Measures, and compares with what is named
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Cost(cost::Args),
}

/// Runs the command
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.what {
        What::Cost(args) => cost::run(args),
    }
}
