//! The firmware's own failures: does a panic or a fault say where it was, on both lines, and end as a failure?
//!
//! The firmware here is one with a feature that no product has: a word among its settings makes it fail.

use std::path::Path;

use proto_core::telemetry::{Report, code};
use slp_tests::Slp;
use slp_tests::device::{BOARDS, each};

/// What Rust programs end with after a panic
const PANICKED: i32 = 101;
/// What the firmware ends with after a self-test without a mistake
const PASSED: i32 = 42;
/// CFSR: an instruction that there is not (ARMv7-M, B3.2.15)
const UNDEFINED_INSTRUCTION: i64 = 1 << 16;
/// That instruction
const UDF: u16 = 0xDE00;

/// Where in its source the firmware panics
fn panicking_place() -> (String, u32) {
    let source = include_str!("../../embedded-app/src/faults.rs");
    let before = source.lines().take_while(|line| !line.contains("panic!")).count();
    ("faults.rs".to_owned(), u32::try_from(before).expect("a short file") + 1)
}

/// The places in the source that a call to return to `address` stands at, with what was inlined there
fn places(firmware: &Path, address: u32) -> Vec<(String, u32)> {
    let symbols = addr2line::Loader::new(firmware).expect("a firmware with lines");
    // The instruction before it is the call.
    let mut frames = symbols.find_frames(u64::from(address) - 1).expect("lines that can be read");
    let mut places = Vec::new();
    while let Some(frame) = frames.next().expect("lines that can be read") {
        let Some(place) = frame.location else { continue };
        let file = Path::new(place.file.unwrap_or_default()).file_name().unwrap_or_default();
        places.push((file.to_string_lossy().into_owned(), place.line.unwrap_or_default()));
    }
    places
}

#[test]
fn panic_says_who_called_and_ends_with_status_101() {
    each(&BOARDS, |board| {
        let emulator = board.emulator().with_faults().word("panic");
        let firmware = emulator.firmware().to_owned();
        let mut device = emulator.start();
        device.wait_for("panicked; called from 0x");
        let line = device.wait_for("\r\n");
        let address = |digits: &str| u32::from_str_radix(digits, 16).expect("hexadecimal");
        let callers: Vec<u32> = line.split(" 0x").map(address).collect();
        let found: Vec<_> = callers.iter().flat_map(|&caller| places(&firmware, caller)).collect();
        assert!(found.contains(&panicking_place()), "{board}: {line} are {found:?}");
        assert_eq!(device.end(), PANICKED, "{board}");
        let told = (0..)
            .zip(callers)
            .map(|(depth, caller)| Report::Error { code: code::PANIC, numbers: [caller.into(), depth] });
        assert_eq!(device.reports(), told.collect::<Vec<_>>(), "{board}");
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
        let report = Report::Error { code: code::FAULT, numbers: [at.into(), UNDEFINED_INSTRUCTION] };
        assert_eq!(device.reports(), [report], "{board}");
    });
}

/// The firmware's own ways to copy, fill, compare and divide are right, and the test that says so can say otherwise
#[test]
fn memory_and_division_are_right_on_the_processor() {
    each(&BOARDS, |board| {
        let end = |word| board.emulator().with_faults().word(word).start().end();
        assert_eq!(end("self-test"), PASSED, "{board}");
        assert_eq!(end("self-test-with-a-mistake"), PANICKED, "{board}: a wrong expectation is not noticed");
    });
}

/// The reports of a panic go on where the device had come to, so that a monitor takes it for no other boot
#[test]
fn panic_long_after_the_start_is_part_of_the_same_story() {
    each(&BOARDS, |board| {
        let mut device = board.emulator().with_faults().word("panic-at-the-end").start();
        device.wait_for("address 10.0.2.15/24");
        device.type_line("exit");
        device.wait_for("panicked; called from 0x");
        assert_eq!(device.end(), PANICKED, "{board}");
        let envelopes = device.envelopes();
        assert!(
            matches!(envelopes.last().map(|last| &last.report), Some(Report::Error { code: code::PANIC, .. })),
            "{board}"
        );
        assert!((0..).zip(&envelopes).all(|(number, report)| report.sequence == number), "{board}: {envelopes:?}");
        assert!(envelopes.is_sorted_by_key(|report| report.time_us), "{board}: {envelopes:?}");
        let shown = Slp::new(["monitor"]).args([device.report_file()]).run();
        shown.assert_done();
        assert_eq!(shown.stdout.len(), envelopes.len(), "{board}: one line a report: {:?}", shown.stdout);
        let Some(Report::Error { numbers: [address, depth], .. }) = envelopes.last().map(|last| &last.report) else {
            panic!()
        };
        let told = format!("the firmware panicked; caller {depth} at {address:#010x}");
        assert!(shown.stdout.last().is_some_and(|line| line.ends_with(&told)), "{board}: {told}: {:?}", shown.stdout);
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
