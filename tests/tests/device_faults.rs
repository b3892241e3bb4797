//! The firmware's own failures: does a panic or a fault say where it was, on both lines, and end as a failure?
//!
//! The firmware here is one with a feature that no product has: a word among its settings makes it fail.

use std::path::Path;

use proto_core::telemetry::Report;
use slp_tests::device::{BOARDS, each};

/// What Rust programs end with after a panic
const PANICKED: i32 = 101;
/// CFSR: an instruction that there is not (ARMv7-M, B3.2.15)
const UNDEFINED_INSTRUCTION: i64 = 1 << 16;
/// That instruction
const UDF: u16 = 0xDE00;

/// The line of the source that panics
fn panicking_line() -> i64 {
    let source = include_str!("../../embedded-app/src/faults.rs");
    let before = source.lines().take_while(|line| !line.contains("panic!")).count();
    i64::try_from(before).expect("a short file") + 1
}

#[test]
fn panic_says_where_it_was_and_ends_with_status_101() {
    each(&BOARDS, |board| {
        let mut device = board.emulator().with_faults().word("panic").start();
        device.wait_for("panicked at ");
        let place = device.wait_for("\r\n");
        let line = panicking_line();
        assert!(place.ends_with(&format!("faults.rs:{line}")), "{board}: {place}");
        assert_eq!(device.end(), PANICKED, "{board}");
        assert_eq!(device.reports(), [Report::Error { code: 255, numbers: [line, 0] }], "{board}");
    });
}

#[test]
fn fault_says_which_instruction_and_why_and_ends_with_status_101() {
    each(&BOARDS, |board| {
        let emulator = board.emulator().with_faults().word("fault");
        let elf = std::fs::read(emulator.firmware()).expect("the firmware");
        let mut device = emulator.start();
        device.wait_for("fault at 0x");
        let mut number = |end| {
            let digits = device.wait_for(end);
            assert_eq!(digits.len(), 8, "{board}: {digits}");
            u32::from_str_radix(&digits, 16).expect("hexadecimal")
        };
        let (at, _link, status) = (number(", LR 0x"), number(", CFSR 0x"), number("\r\n"));
        assert_eq!(instruction(&elf, at), Some(UDF), "{board}: what stands at {at:#x}");
        assert_eq!(i64::from(status), UNDEFINED_INSTRUCTION, "{board}");
        assert_eq!(device.end(), PANICKED, "{board}");
        let report = Report::Error { code: 254, numbers: [at.into(), UNDEFINED_INSTRUCTION] };
        assert_eq!(device.reports(), [report], "{board}");
    });
}

#[test]
fn product_knows_nothing_of_failing_on_demand() {
    each(&BOARDS, |board| {
        let product = board.emulator().word("panic").word("fault");
        assert!(!is_faulty(product.firmware()), "{board}");
        assert!(is_faulty(product.clone().with_faults().firmware()), "{board}");
        let mut device = product.start();
        device.wait_for("slp device");
        device.exit();
    });
}

/// Whether a firmware holds the part that fails on demand
fn is_faulty(file: &Path) -> bool {
    let elf = std::fs::read(file).expect("the firmware");
    elf.windows(b"faults.rs".len()).any(|window| window == b"faults.rs")
}

/// The half-word that a firmware, an ELF file of 32 bits, loads to `address`
fn instruction(elf: &[u8], address: u32) -> Option<u16> {
    let half = |at: usize| Some(u16::from_le_bytes(*elf.get(at..)?.first_chunk()?));
    let word = |at: usize| Some(u32::from_le_bytes(*elf.get(at..)?.first_chunk()?));
    let (table, size, count) = (word(0x1C)? as usize, usize::from(half(0x2A)?), half(0x2C)?);
    for index in 0..usize::from(count) {
        let header = table + index * size;
        let (kind, offset, start, length) = (word(header)?, word(header + 4)?, word(header + 8)?, word(header + 16)?);
        // What is loaded, and where.
        if kind == 1 && (start..start.saturating_add(length)).contains(&address) {
            return half((offset + address - start) as usize);
        }
    }
    None
}
