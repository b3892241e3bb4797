//! `cargo xtask bench`: what the programs cost, beside something named
//!
//! One file per bench. A number that is not a ratio, or that no run beside it can check, is worth little: each bench says
//! in its help what it compares with. The server's is no part of `cargo xtask test`, which only looks that it works: its
//! numbers are the machine's as well. The core's is, for instructions are counted there.

use std::process::ExitCode;

use crate::cmd::Cmd;
use crate::workspace;

pub(crate) mod cost;
mod server;
mod statistics;

/// Measures what the programs cost, beside something named
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, clap::Subcommand)]
enum Bench {
    Cost(cost::Args),
    Server(server::Args),
}

/// Runs the command
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.bench {
        Bench::Cost(args) => cost::run(args),
        Bench::Server(args) => server::run(args),
    }
}

/// A command of cargo's on the workspace of the load generator, built below `target` like all else
pub(crate) fn load_workspace(cargo: Cmd) -> Cmd {
    cargo
        .arg("--manifest-path")
        .arg(workspace::load_files().join("Cargo.toml"))
        .arg("--target-dir")
        .arg(workspace::root().join("target").join("load"))
}
