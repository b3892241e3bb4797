//! `cargo xtask build-firmware`: the device's program, for one board or for all
//!
//! It knows the boards: which target they are, and which machine of the emulator or which chip. It neither runs nor
//! flashes what it builds.

use std::env;
use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::cmd::Cmd;
use crate::report::Report;
use crate::setup::rust::{THUMB, THUMB_FLOAT};
use crate::setup::{self, Need};
use crate::size::{Elf, Sections};
use crate::test::executable;
use crate::{complain, say, settings, workspace};

/// The variable whose words a firmware is built with
const SETTINGS: &str = "SLP_SETTINGS";

/// The feature of a firmware that fails when it is told to, for the tests
const FAULTS: &str = "fault-injection";

/// Builds the device's firmware
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The board
    #[arg(long, value_name = "NAME", default_value = EMULATED[0].board.name, conflicts_with = "all")]
    board: String,
    /// Every board there is
    #[arg(long)]
    all: bool,
    /// Without screen and names, which takes the least flash
    #[arg(long, conflicts_with = "fault_injection")]
    lean: bool,
    /// One that panics or faults when it is told to, for the tests
    #[arg(long)]
    fault_injection: bool,
}

/// A board that there is firmware for
#[derive(Debug)]
pub(crate) struct Board {
    /// Its name, which is the feature's too
    pub(crate) name: &'static str,
    /// What it is compiled for
    pub(crate) target: &'static str,
}

/// A board that the emulator has
#[derive(Debug)]
pub(crate) struct Emulated {
    board: Board,
    /// The emulator's name for it, and for its network device
    pub(crate) machine: &'static str,
    pub(crate) network: &'static str,
}

/// A board to be flashed
#[derive(Debug)]
pub(crate) struct Real {
    board: Board,
    /// probe-rs' name for its chip
    pub(crate) chip: &'static str,
}

/// All that are emulated, the one that is used where none is named first
pub(crate) const EMULATED: &[Emulated] = &[
    Emulated { board: Board { name: "lm3s6965evb", target: THUMB }, machine: "lm3s6965evb", network: "stellaris" },
    Emulated { board: Board { name: "mps2-an385", target: THUMB }, machine: "mps2-an385", network: "lan9118" },
];

/// All that are flashed
pub(crate) const REAL: &[Real] = &[
    Real { board: Board { name: "nucleo-f429zi", target: THUMB_FLOAT }, chip: "STM32F429ZITx" },
    Real { board: Board { name: "nucleo-h743zi", target: THUMB_FLOAT }, chip: "STM32H743ZITx" },
];

impl Deref for Emulated {
    type Target = Board;

    fn deref(&self) -> &Board {
        &self.board
    }
}

impl Deref for Real {
    type Target = Board;

    fn deref(&self) -> &Board {
        &self.board
    }
}

impl Emulated {
    /// The emulated board of that name
    pub(crate) fn named(name: &str) -> anyhow::Result<&'static Self> {
        if let Some(board) = REAL.iter().find(|board| board.name == name) {
            bail!("{0} is no board of the emulator; put it on a real one: cargo xtask flash --board {0}", board.name);
        }
        EMULATED.iter().find(|board| board.name == name).with_context(|| unknown(name))
    }
}

impl Real {
    /// The real board of that name
    pub(crate) fn named(name: &str) -> anyhow::Result<&'static Self> {
        if let Some(board) = EMULATED.iter().find(|board| board.name == name) {
            bail!("{0} cannot be flashed, it is emulated: cargo xtask emulate --board {0}", board.name);
        }
        REAL.iter().find(|board| board.name == name).with_context(|| unknown(name))
    }
}

/// Every board
pub(crate) fn boards() -> impl Iterator<Item = &'static Board> {
    EMULATED.iter().map(|board| &board.board).chain(REAL.iter().map(|board| &board.board))
}

fn unknown(name: &str) -> String {
    let names: Vec<&str> = boards().map(|board| board.name).collect();
    format!("there is no board {name:?}; there are {}", names.join(", "))
}

impl Board {
    /// The board of that name
    fn named(name: &str) -> anyhow::Result<&'static Self> {
        boards().find(|board| board.name == name).with_context(|| unknown(name))
    }

    /// The path of a firmware that is there already, if it is one for this board
    ///
    /// A board's name stands in its firmware, which reports it. What is none, an emulator would tell by its registers, and a
    /// board by silence.
    pub(crate) fn existing(&self, file: &Path) -> anyhow::Result<PathBuf> {
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        if !bytes.starts_with(b"\x7FELF") {
            bail!("{} is no firmware: no ELF file", file.display());
        }
        if !bytes.windows(self.name.len()).any(|bytes| bytes == self.name.as_bytes()) {
            bail!("{} is no firmware for {}: that name is not in it", file.display(), self.name);
        }
        // Whoever is handed it is started in another folder.
        Ok(env::current_dir().context("there is no current folder")?.join(file))
    }

    /// What building it needs
    pub(crate) fn need(&self) -> Need {
        if self.target == THUMB_FLOAT { Need::ThumbFloat } else { Need::Thumb }
    }

    /// Builds the firmware and returns where it is
    pub(crate) fn build(&self) -> anyhow::Result<PathBuf> {
        self.build_as(self.name, self.name, &[], None)
    }

    /// Builds the firmware without screen and names, and returns where it is
    pub(crate) fn build_lean(&self) -> anyhow::Result<PathBuf> {
        self.build_as(&format!("{}-lean", self.name), self.name, &["--no-default-features"], None)
    }

    /// Builds the firmware that fails when it is told to
    pub(crate) fn build_with_faults(&self) -> anyhow::Result<PathBuf> {
        self.build_as(&format!("{}-faults", self.name), &format!("{},{FAULTS}", self.name), &[], None)
    }

    /// Builds the firmware with these settings in it
    pub(crate) fn build_with_settings(&self, settings: &str) -> anyhow::Result<PathBuf> {
        self.build_as(&format!("{}-flash", self.name), self.name, &[], Some(settings))
    }

    /// Cargo puts every board's where the last one's was, so each is copied to a place of its own.
    fn build_as(
        &self,
        file: &str,
        features: &str,
        options: &[&str],
        settings: Option<&str>,
    ) -> anyhow::Result<PathBuf> {
        let mut build = Cmd::cargo()
            .args(["build", "--package", "embedded-app", "--bin", "slp-device", "--profile", "firmware"])
            .args(["--features", features, "--target", self.target])
            .args(options);
        if let Some(settings) = settings {
            build = build.env(SETTINGS, settings);
        }
        let program = executable(&build)?;
        fs::create_dir_all(folder()).with_context(|| format!("cannot make {}", folder().display()))?;
        let file = folder().join(format!("{file}.elf"));
        // Whoever runs the one that is there sees all of it or all of the new one.
        let whole = file.with_extension(format!("{}.new", std::process::id()));
        fs::copy(&program, &whole)
            .and_then(|_| fs::rename(&whole, &file))
            .with_context(|| format!("cannot copy {program} to {}", file.display()))?;
        Ok(file)
    }
}

/// What a firmware takes of flash and memory, without its stack
pub(crate) fn measure(file: &Path) -> anyhow::Result<Sections> {
    let elf = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let sections = Elf::new(&elf).and_then(|elf| elf.sections());
    sections.with_context(|| format!("{} is no firmware", file.display()))
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
    let chosen: Vec<&Board> = if args.all { boards().collect() } else { vec![Board::named(&args.board)?] };
    if let Some(words) = env::var_os(SETTINGS) {
        let words = words.to_str().with_context(|| format!("{SETTINGS} is no text"))?;
        settings::check(words, args.lean).context(SETTINGS)?;
        if !args.all && EMULATED.iter().any(|board| board.name == args.board) {
            bail!("{SETTINGS}: {} takes its settings when it starts; give them to `cargo xtask emulate`", args.board);
        }
    }
    let mut needs: Vec<Need> = chosen.iter().map(|board| board.need()).collect();
    needs.dedup();
    ensure(&needs)?;
    let mut report = Report::default();
    for board in chosen {
        let built = match args {
            Args { lean: true, .. } => board.build_lean(),
            Args { fault_injection: true, .. } => board.build_with_faults(),
            _ => board.build(),
        };
        match built.and_then(|file| Ok((measure(&file)?, file))) {
            Ok((Sections { flash, ram }, file)) => {
                report.pass(1);
                say(format_args!(
                    "{}: {}, {flash} bytes of flash, {ram} of memory without its stack",
                    board.name,
                    file.display()
                ));
            }
            Err(error) => {
                complain(format_args!("{}: {error:#}", board.name));
                report.fail(board.name, "not built", format!("cargo xtask build-firmware --board {}", board.name));
            }
        }
    }
    Ok(report.close())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boards_are_features_with_a_memory_map_of_their_own() {
        let package = workspace::root().join("embedded-app");
        let features = workspace::Members::read(false).unwrap().features("embedded-app").unwrap();
        let mut maps: Vec<String> = fs::read_dir(package.join("memory"))
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        maps.sort();
        let mut names: Vec<&str> = boards().map(|board| board.name).collect();
        names.sort_unstable();
        assert_eq!(maps, names);
        assert!(names.iter().all(|name| features.iter().any(|feature| feature == name)), "{features:?}");
    }

    #[test]
    fn each_board_is_either_emulated_or_flashed() {
        let refused = |error: anyhow::Error| format!("{error:#}");
        assert_eq!(Emulated::named("mps2-an385").unwrap().network, "lan9118");
        assert_eq!(Real::named("nucleo-h743zi").unwrap().chip, "STM32H743ZITx");
        assert_eq!(
            refused(Emulated::named("nucleo-f429zi").unwrap_err()),
            "nucleo-f429zi is no board of the emulator; put it on a real one: cargo xtask flash --board nucleo-f429zi"
        );
        assert_eq!(
            refused(Real::named("mps2-an385").unwrap_err()),
            "mps2-an385 cannot be flashed, it is emulated: cargo xtask emulate --board mps2-an385"
        );
        for error in [Emulated::named("x").unwrap_err(), Real::named("x").unwrap_err(), Board::named("x").unwrap_err()]
        {
            assert_eq!(
                refused(error),
                "there is no board \"x\"; there are lm3s6965evb, mps2-an385, nucleo-f429zi, nucleo-h743zi"
            );
        }
    }
}
