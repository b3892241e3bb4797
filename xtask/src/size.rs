//! `cargo xtask size`: what the firmware takes of flash and memory, against its budgets
//!
//! Sections come from the firmware's own table; the stack is what a run in QEMU has touched of memory that the start-up
//! painted. What is over its budget fails the command. It makes nothing smaller.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::build_firmware::{self, BOARDS, Board};
use crate::emulate::qemu::Qemu;
use crate::emulate::qmp::Listener;
use crate::emulate::script::Script;
use crate::report::Report;
use crate::say;
use crate::setup::Need;

/// Budgets of every board, in bytes: what is stored in flash; .data, .bss and the stack together
const FLASH: u32 = 118 * 1_024;
const RAM: u32 = 20 * 1_024;
/// Where the memory of both boards begins, and how much the linker was told of
const RAM_START: u32 = 0x2000_0000;
const RAM_SIZE: u32 = 64 * 1_024;
/// What the start-up paints unused memory with
const PAINT: [u8; 4] = [0xCC; 4];
/// Limit of the run that the stack is measured in
const RUN: Duration = Duration::from_mins(1);

/// What is done meanwhile: every command, errors, and an exchange with a long Response
const CONVERSATION: &str = "
< connected to
> ping 1
< pong 1 after
> help
> pong
> stop
> ping 99999999999999999999
> connect x:y
> ping 2
< pong 2 after
";

/// Prints what the firmware takes of flash and memory, and fails over budget
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Bytes of a firmware
#[derive(Debug, Default, PartialEq, Eq)]
struct Sections {
    /// Stored: vectors, code, constants, and what .data begins with
    flash: u32,
    /// .data and .bss
    ram: u32,
}

/// Runs the command
pub(crate) fn run(_: &Args) -> anyhow::Result<ExitCode> {
    build_firmware::ensure(&[Need::Thumb, Need::Qemu])?;
    let mut report = Report::default();
    measure(&mut report)?;
    Ok(report.close())
}

/// Measures every board, prints the table, and notes what is over its budget
pub(crate) fn measure(report: &mut Report) -> anyhow::Result<()> {
    let mut table = format!("{:<14} {:>8} {:>12} {:>7} {:>7}", "board", "flash", ".data+.bss", "stack", "RAM");
    for board in BOARDS {
        let file = board.build()?;
        let elf = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let sections = sections(&elf).with_context(|| format!("{} is no firmware", file.display()))?;
        let stack = stack(board, &file, sections.ram).with_context(|| format!("measuring {}", board.name))?;
        let ram = sections.ram + stack;
        let Sections { flash, ram: variables } = sections;
        write!(table, "\n{:<14} {flash:>8} {variables:>12} {stack:>7} {ram:>7}", board.name)?;
        for (what, bytes, budget) in [("flash", sections.flash, FLASH), ("RAM", ram, RAM)] {
            let within =
                if bytes <= budget { Ok(()) } else { Err(format!("{bytes} bytes of {what}, {budget} allowed")) };
            report.check(board.name, within, "cargo xtask size");
        }
    }
    say(format_args!("{table}\n{:<14} {FLASH:>8} {:>12} {:>7} {RAM:>7}", "budget", "", ""));
    Ok(())
}

/// Adds up the sections of a 32-bit little-endian ELF file that are loaded
fn sections(elf: &[u8]) -> Option<Sections> {
    const ALLOCATED: u32 = 1 << 1;
    const NOTHING_STORED: u32 = 8;
    let half = |at: usize| Some(u16::from_le_bytes(*elf.get(at..)?.first_chunk()?));
    let word = |at: usize| Some(u32::from_le_bytes(*elf.get(at..)?.first_chunk()?));
    // ELF, 32 bits, little-endian.
    if !elf.starts_with(b"\x7fELF\x01\x01") {
        return None;
    }
    let (table, entry, count) = (word(0x20)?, half(0x2E)?, half(0x30)?);
    let mut total = Sections::default();
    for index in 0..usize::from(count) {
        let header = usize::try_from(table).ok()? + index * usize::from(entry);
        let (kind, flags, address, size) =
            (word(header + 4)?, word(header + 8)?, word(header + 12)?, word(header + 20)?);
        if flags & ALLOCATED == 0 {
            continue;
        }
        if kind != NOTHING_STORED {
            total.flash += size;
        }
        if address >= RAM_START {
            total.ram += size;
        }
    }
    Some(total)
}

/// Runs the firmware through a few exchanges and returns how much of its stack it has used
fn stack(board: &Board, firmware: &Path, used: u32) -> anyhow::Result<u32> {
    let server = TcpListener::bind("127.0.0.1:0").context("cannot listen for the device")?;
    let port = server.local_addr().context("the port is gone")?.port();
    thread::spawn(move || {
        // Whatever goes wrong here shows as a device that waits in vain.
        server.accept().map(|(stream, _)| serve(stream)).ok();
    });
    let mut qemu = Qemu::new(board, firmware, false);
    qemu.setting(&format!("server=10.0.2.2:{port}"));
    let control = Listener::new()?;
    qemu.control(&control.option()?);
    let cmd = qemu.cmd().deadline(RUN);
    let mut device = cmd.converse()?;
    let (stdin, stdout, stderr) = device.streams().context("the emulator has no pipes")?;
    let mut qmp = control.accept(stderr)?;
    let dump = PathBuf::from(format!("{}.ram", firmware.display()));
    let script = Script::parse(CONVERSATION)?.then_memory(RAM_START, RAM_SIZE, dump.clone());
    script.play(stdin, stdout, RUN, &mut qmp)?;
    device.wait()?;
    let memory = fs::read(&dump).with_context(|| format!("no memory in {}", dump.display()))?;
    fs::remove_file(&dump).ok();
    let free = memory.get(usize::try_from(used)?.next_multiple_of(4)..).context("the memory is too short")?;
    let painted = free.chunks(4).take_while(|word| *word == PAINT).count() * 4;
    if painted == 0 {
        bail!("the stack has reached the variables");
    }
    Ok(u32::try_from(free.len() - painted)?)
}

/// Answers each request with a long status, and each ping
fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let json =
        format!(r#"{{"description":{{"text":"{}","extra":["{}"]}}}}"#, "\u{1f600}x".repeat(100), "y".repeat(9_000));
    let varint = |value: usize| [value.to_le_bytes()[0] | 0x80, (value >> 7).to_le_bytes()[0] & 0x7F];
    let string = [&varint(json.len())[..], json.as_bytes()].concat();
    let response = [&varint(string.len() + 1)[..], &[0], &string].concat();
    let (mut heard, mut byte) = (Vec::new(), [0]);
    loop {
        stream.read_exact(&mut byte)?;
        heard.push(byte[0]);
        if heard.ends_with(&[1, 1, 0]) {
            stream.write_all(&response)?;
            let mut ping = [0; 10];
            stream.read_exact(&mut ping)?;
            stream.write_all(&ping)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_added_up_by_where_they_are() {
        let mut elf = b"\x7fELF\x01\x01".to_vec();
        elf.resize(0x34, 0);
        elf[0x20] = 0x34;
        elf[0x2E] = 40;
        elf[0x30] = 4;
        for (kind, flags, address, size) in
            [(1_u32, 2_u32, 0_u32, 1_000_u32), (1, 3, RAM_START, 10), (8, 3, RAM_START + 10, 200), (1, 0, 0, 5_000)]
        {
            for word in [0, kind, flags, address, 0, size, 0, 0, 0, 0] {
                elf.extend(word.to_le_bytes());
            }
        }
        assert_eq!(sections(&elf), Some(Sections { flash: 1_010, ram: 210 }));
        assert_eq!(sections(&elf[..0x50]), None);
        assert_eq!(sections(b"MZ"), None);
    }
}
