//! `cargo xtask model`: explores everything that a network and two people can do to the two machines
//!
//! The models are a workspace of their own (`proto-core/model`), since the checker's dependencies are nothing for the
//! product's lock file. Their tests are a step of `cargo xtask test`; this prints the numbers, and runs the large ones.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::cmd::Cmd;
use crate::report::Report;
use crate::workspace;

/// Limit of the large models: minutes here, more on a small machine
const LARGE: Duration = Duration::from_hours(2);

/// Explores the models of the two machines and prints their states
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The large ones: minutes, and some gigabytes of memory
    #[arg(long)]
    large: bool,
}

/// The models' own `Cargo.toml`
pub(crate) fn manifest() -> PathBuf {
    workspace::root().join("proto-core").join("model").join("Cargo.toml")
}

/// Runs the command
pub(crate) fn run(args: &Args) -> ExitCode {
    let cmd = Cmd::cargo().args(["run", "--quiet", "--manifest-path"]).arg(manifest());
    let (cmd, again) = if args.large {
        (cmd.args(["--", "--large"]).deadline(LARGE), "cargo xtask model --large")
    } else {
        (cmd, "cargo xtask model")
    };
    let mut report = Report::default();
    report.check("model", cmd.run(), again);
    report.close()
}
