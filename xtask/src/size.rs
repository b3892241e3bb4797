//! `cargo xtask size`: what the firmware takes of flash and memory, against its budgets
//!
//! For each board, with everything and lean (without screen and names): the sections from the firmware's own table, the stack
//! from a run in QEMU, and the deepest that there can be from the code; what the protocol takes of memory from numbers in the
//! firmware, and whose the code is from its debug information. What is over its budget fails the command. It makes nothing
//! smaller.

mod core;
mod elf;
mod share;
mod stack;
mod worst;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::build_firmware::{self, Board, EMULATED};
use crate::report::Report;
use crate::say;
use crate::setup::{self, Need};

pub(crate) use self::core::{probe, probe_of, program};
pub(crate) use elf::{Elf, Sections};
use worst::Worst;

/// Budgets of a set of features, in bytes: what is stored in flash; .data, .bss and the stack together
#[derive(Clone, Copy, Debug)]
struct Budget {
    name: &'static str,
    build: fn(&Board) -> anyhow::Result<PathBuf>,
    flash: u32,
    ram: u32,
}

/// A little above what was reached
const SETS: [Budget; 2] = [
    Budget { name: "full", build: Board::build, flash: 64 * 1_024, ram: 18 * 1_024 },
    Budget { name: "lean", build: Board::build_lean, flash: 55 * 1_024 + 512, ram: 12 * 1_024 + 512 },
];
/// Of a firmware's flash the code that was written in proto-core, and all of proto-core, linked with nothing else
const CORE: u32 = 18 * 1_024 + 256;
const CORE_ALONE: u32 = 55 * 1_024;
/// Memory of the client machine and the picker with the document that it keeps. The TCP windows are no part of it: they are
/// smoltcp's, and the core reads and writes in them without a buffer of its own.
const PROTOCOL: u32 = 2 * 1_024;
/// Memory of the smallest board that everything shall fit into, with the deepest stack that the code can come to
const MEMORY: u32 = 20 * 1_024;
/// Crates that are named, the largest first
const CRATES: usize = 8;

/// Prints what the firmware takes of flash and memory, and fails over budget
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Tell the deepest chains of calls too, each function with its frame
    #[arg(long)]
    stack: bool,
}

/// Runs the command
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    build_firmware::ensure(&[Need::Thumb, Need::Qemu])?;
    let mut report = Report::default();
    let chains = measure(&mut report)?;
    if args.stack {
        say(format_args!("\ndeepest chains of calls{chains}"));
    }
    Ok(report.close())
}

/// Measures every board, prints the tables, notes what is over its budget, and returns the deepest chains of calls
pub(crate) fn measure(report: &mut Report) -> anyhow::Result<String> {
    let mut table = format!("{:<20} {:>8} {:>12} {:>7} {:>7}", "firmware", "flash", ".data+.bss", "stack", "RAM");
    let (mut protocol, mut cores, mut shares) = (String::new(), String::new(), String::new());
    let mut stacks = format!("{:<20} {}", "deepest stack", Worst::head());
    let mut chains = String::new();
    for set in SETS {
        for board in EMULATED {
            let name = format!("{} {}", board.name, set.name);
            let file = (set.build)(board)?;
            let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let no_firmware = || format!("{} is no firmware", file.display());
            let elf = Elf::new(&bytes).with_context(no_firmware)?;
            let Sections { flash, ram: variables } = elf.sections().with_context(no_firmware)?;
            let stack = stack::measure(board, &file, variables).with_context(|| format!("measuring {name}"))?;
            let ram = variables + stack;
            write!(table, "\n{name:<20} {flash:>8} {variables:>12} {stack:>7} {ram:>7}")?;
            check(report, &name, "flash", flash, set.flash);
            check(report, &name, "RAM", ram, set.ram);
            let worst = Worst::measure(&elf).map_err(|error| format!("{error:#}")).and_then(|worst| {
                write!(stacks, "\n{name:<20} {}", worst.row(stack, variables)).ok();
                write!(chains, "\n{name}{}", worst.chains).ok();
                worst.judge(stack, variables, MEMORY)
            });
            report.check(&name, worst, "cargo xtask size --stack");
            let part = |part: &str| elf.symbol(&format!("slp_size_{part}")).with_context(no_firmware);
            let (machine, picker) = (part("machine")?, part("picker")?);
            let (receive, transmit) = (part("receive")?, part("transmit")?);
            check(report, &name, "protocol memory", machine + picker, PROTOCOL);
            write!(
                protocol,
                "\n{name:<20} machine {machine} + picker {picker} = {} of {PROTOCOL} bytes",
                machine + picker
            )?;
            write!(protocol, " (TCP windows beside it: {receive} + {transmit})")?;
            write!(shares, "\n{name:<20}")?;
            let mut crates: Vec<(String, u32)> = share::by_crate(&file, &elf)?.into_iter().collect();
            let core = crates.iter().find(|(owner, _)| owner == "proto-core").map_or(0, |(_, bytes)| *bytes);
            write!(cores, "\n{name:<20} {core:>8} of {CORE} bytes")?;
            check(report, &name, "proto-core's code", core, CORE);
            crates.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
            for (owner, bytes) in crates.iter().take(CRATES) {
                write!(shares, " {owner} {bytes}")?;
            }
        }
        let Budget { name, flash, ram, .. } = set;
        write!(table, "\n{:<20} {flash:>8} {:>12} {:>7} {ram:>7}", format!("budget {name}"), "", "")?;
    }
    write!(stacks, "\n{:<20} {:>8} {:>7} {:>7} {MEMORY:>7}", "allowed", "", "", "")?;
    let alone = core::flash()?;
    write!(
        cores,
        "\n{:<20} {alone:>8} of {CORE_ALONE} bytes (both machines; not what writes a status document)",
        "linked alone"
    )?;
    check(report, "proto-core", "flash alone", alone, CORE_ALONE);
    say(format_args!("{table}\n\n{stacks}\n\nmemory of the protocol{protocol}\n\ncode of proto-core{cores}"));
    say(format_args!("\ncode by crate{shares}"));
    compare_frames(report)?;
    Ok(chains)
}

/// Compares the frames that were found in a firmware's code with those that the compiler tells, where nightly Rust is there
fn compare_frames(report: &mut Report) -> anyhow::Result<()> {
    let board = &EMULATED[0];
    for (_, result) in setup::ensure(&[Need::Nightly, Need::NightlyThumb], true)? {
        if let Err(missing) = result {
            say(format_args!("\nframes found in the code: not compared with the compiler's; {missing}"));
            return Ok(());
        }
    }
    let compared = worst::compare(board).map(|told| say(format_args!("\nframes found in the code: {told}")));
    report.check(board.name, compared.map_err(|error| format!("{error:#}")), "cargo xtask size");
    Ok(())
}

fn check(report: &mut Report, name: &str, what: &str, bytes: u32, budget: u32) {
    let within = if bytes <= budget { Ok(()) } else { Err(format!("{bytes} bytes of {what}, {budget} allowed")) };
    report.check(name, within, "cargo xtask size");
}
