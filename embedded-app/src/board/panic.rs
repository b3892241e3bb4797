//! What every board says when the firmware panics

use core::panic::PanicInfo;

use proto_core::telemetry::Report;
use proto_core::text::{Hex, Sink};
use proto_core::{Instant, put};

use super::Serial;
use crate::drivers::frames::callers;
use crate::telemetry::{Telemetry, code};

/// The exit status that Rust programs have then
pub(super) const PANICKED: u8 = 101;

/// How often a full line is asked again before the rest is dropped
const PATIENCE: u32 = 1_000_000;

/// Callers that are told
const CALLERS: usize = 8;

/// Tells both lines who called, innermost first, waiting for them
///
/// What the panic itself says is not told: as soon as it is read, the program has to hold the place of every panic that there
/// may be, and `core::fmt` for the messages, 20 KiB in all. The addresses lead to the same place.
/// The reports' numbers start at 0 again, so a monitor sees that reports are missing.
pub(super) fn last_words(console: &mut impl Serial, telemetry: &mut impl Serial, _: &PanicInfo<'_>) {
    let mut reports = Telemetry::new();
    let out = &mut Waiting(console);
    put!(out, "\r\npanicked; called from");
    for (depth, address) in (0..).zip(callers().take(CALLERS)) {
        put!(out, " 0x", Hex(address, 8));
        reports.report(Instant::ZERO, Report::Error { code: code::PANIC, numbers: [i64::from(address), depth] });
    }
    put!(out, "\r\n");
    let _sent = (0..PATIENCE).any(|_| reports.flush(telemetry));
}

/// A line that is waited for
struct Waiting<'l, S>(&'l mut S);

/// What the line does not take is dropped: there is nobody to tell
impl<S: Serial> Sink for Waiting<'_, S> {
    fn put(&mut self, text: &str) {
        text.bytes().all(|byte| (0..PATIENCE).any(|_| self.0.write(byte)));
    }
}
