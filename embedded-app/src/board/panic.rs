//! What every board says when the firmware panics

use core::panic::PanicInfo;

use proto_core::telemetry::Report;
use proto_core::text::Sink;
use proto_core::{Instant, put};

use super::Serial;
use crate::telemetry::{Telemetry, code};

/// The exit status that Rust programs have then
pub(super) const PANICKED: u8 = 101;

/// How often a full line is asked again before the rest is dropped
const PATIENCE: u32 = 1_000_000;

/// Tells both lines where it was, waiting for them
///
/// The report's number starts at 0 again, so a monitor sees that reports are missing.
pub(super) fn last_words(console: &mut impl Serial, telemetry: &mut impl Serial, info: &PanicInfo<'_>) {
    let (file, line) = info.location().map_or(("?", 0), |location| (location.file(), location.line()));
    put!(&mut Waiting(console), "\r\npanicked at ", file, ":", line, "\r\n");
    let mut reports = Telemetry::new();
    reports.report(Instant::ZERO, Report::Error { code: code::PANIC, numbers: [i64::from(line), 0] });
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
