//! `cargo xtask model`: explores everything that a network and two people can do to the two machines
//!
//! The models are a workspace of their own (`proto-core/model`), since the checker's dependencies are nothing for the
//! product's lock file. Their tests are a step of `cargo xtask test`; this prints the numbers, and runs the large ones,
//! which `cargo xtask test` does only where the core has changed since they passed.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::cmd::Cmd;
use crate::slow::MODEL;
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
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.large {
        let running = MODEL.begin()?;
        large()?;
        running.passed()?;
    } else {
        explore().run()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Explores the large ones
pub(crate) fn large() -> anyhow::Result<()> {
    Ok(explore().args(["--", "--large"]).deadline(LARGE).run()?)
}

fn explore() -> Cmd {
    Cmd::cargo().args(["run", "--quiet", "--locked", "--manifest-path"]).arg(manifest())
}
