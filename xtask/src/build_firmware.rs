//! `cargo xtask build-firmware`: the device's program, for one board or for all
//!
//! It knows the boards: which target they are, and which machine of the emulator, if it has one. It neither runs nor
//! measures what it builds.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::cmd::Cmd;
use crate::report::Report;
use crate::setup::{self, Need};
use crate::test::executable;
use crate::{complain, say, workspace};

/// Builds the device's firmware
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The board
    #[arg(long, value_name = "NAME", default_value = BOARDS[0].name, conflicts_with = "all")]
    board: String,
    /// Every board there is
    #[arg(long)]
    all: bool,
}

/// A board that there is firmware for
#[derive(Debug)]
pub(crate) struct Board {
    /// Its name, which is the feature's too
    pub(crate) name: &'static str,
    /// What it is compiled for
    pub(crate) target: &'static str,
    /// The emulator's name for it, and for its network device
    pub(crate) machine: &'static str,
    pub(crate) network: &'static str,
}

/// All of them, the one that is used where none is named first
pub(crate) const BOARDS: &[Board] = &[
    Board { name: "lm3s6965evb", target: "thumbv7m-none-eabi", machine: "lm3s6965evb", network: "stellaris" },
    Board { name: "mps2-an385", target: "thumbv7m-none-eabi", machine: "mps2-an385", network: "lan9118" },
];

impl Board {
    /// The board of that name
    pub(crate) fn named(name: &str) -> anyhow::Result<&'static Self> {
        let found = BOARDS.iter().find(|board| board.name == name);
        found.with_context(|| {
            let names: Vec<&str> = BOARDS.iter().map(|board| board.name).collect();
            format!("there is no board {name:?}; there are {}", names.join(", "))
        })
    }

    /// Builds the firmware and returns where it is
    ///
    /// Cargo puts every board's where the last one's was, so each is copied to a place of its own.
    pub(crate) fn build(&self) -> anyhow::Result<PathBuf> {
        self.build_with(self.name, &[])
    }

    /// Builds the firmware without screen and names, and returns where it is
    pub(crate) fn build_lean(&self) -> anyhow::Result<PathBuf> {
        self.build_with(&format!("{}-lean", self.name), &["--no-default-features"])
    }

    fn build_with(&self, name: &str, options: &[&str]) -> anyhow::Result<PathBuf> {
        let build = Cmd::cargo()
            .args(["build", "--package", "embedded-app", "--bin", "slp-device", "--profile", "firmware"])
            .args(["--features", self.name, "--target", self.target])
            .args(options);
        let program = executable(&build)?;
        fs::create_dir_all(folder()).with_context(|| format!("cannot make {}", folder().display()))?;
        let file = folder().join(format!("{name}.elf"));
        fs::copy(&program, &file).with_context(|| format!("cannot copy {program} to {}", file.display()))?;
        Ok(file)
    }
}

/// Where the firmware of each board is put
pub(crate) fn folder() -> PathBuf {
    workspace::root().join("target").join("firmware")
}

/// Makes sure of what building and running needs
pub(crate) fn ensure(needs: &[Need]) -> anyhow::Result<()> {
    for (_, result) in setup::ensure(needs, true)? {
        if let Err(missing) = result {
            bail!("{missing}");
        }
    }
    Ok(())
}

/// Runs the command
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let boards: Vec<&Board> = if args.all { BOARDS.iter().collect() } else { vec![Board::named(&args.board)?] };
    ensure(&[Need::Thumb])?;
    let mut report = Report::default();
    for board in boards {
        match board.build() {
            Ok(file) => {
                report.pass(1);
                say(format_args!("{}: {}", board.name, file.display()));
            }
            Err(error) => {
                complain(format_args!("{}: {error:#}", board.name));
                report.fail(board.name, "not built", format!("cargo xtask build-firmware --board {}", board.name));
            }
        }
    }
    Ok(report.close())
}
