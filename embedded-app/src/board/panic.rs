//! What every board says when the firmware panics or the processor faults, and how it ends then

#![expect(unsafe_code, reason = "a fault is an exception, and a register tells its kind")]

use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use cortex_m::peripheral::SCB;
use cortex_m_rt::ExceptionFrame;
use proto_core::telemetry::Report;
use proto_core::text::{Hex, Show, Sink};
use proto_core::{Instant, put, text};

#[cfg(not(feature = "nucleo"))]
use super::emulated::failed;
#[cfg(feature = "nucleo")]
use super::nucleo::failed;
use super::{Selected, Serial};
use crate::telemetry::{Telemetry, code};

/// How often a full line is asked again before the rest is dropped
const PATIENCE: u32 = 1_000_000;

/// What is left to do after a panic: tells both lines where it was, and ends as the board does then
pub fn panicked(info: &PanicInfo<'_>) -> ! {
    let (file, line) = info.location().map_or(("?", 0), |location| (location.file(), location.line()));
    end(&text!("panicked at ", file, ":", line), code::PANIC, [i64::from(line), 0])
}

/// The processor refused an instruction: tells both lines which one and why, and the console what LR held, which is
/// often the caller
#[cortex_m_rt::exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    // SAFETY: reading CFSR changes nothing, and nothing else runs any more.
    let status = unsafe { (*SCB::PTR).cfsr.read() };
    let (at, link) = (frame.pc(), frame.lr());
    let what = text!("fault at 0x", Hex(at, 8), ", LR 0x", Hex(link, 8), ", CFSR 0x", Hex(status, 8));
    end(&what, code::FAULT, [i64::from(at), i64::from(status)])
}

/// Tells both lines, waiting for them, and ends
///
/// The report's number starts at 0 again, so a monitor sees that reports are missing.
fn end(what: &dyn Show, code: u16, numbers: [i64; 2]) -> ! {
    static ENDING: AtomicBool = AtomicBool::new(false);
    cortex_m::interrupt::disable();
    // Whoever fails here would fail here again.
    if !ENDING.swap(true, Ordering::Relaxed) {
        let (mut console, mut telemetry) = Selected::last_lines();
        put!(&mut Waiting(&mut console), "\r\n", what, "\r\n");
        let mut reports = Telemetry::new();
        reports.report(Instant::ZERO, Report::Error { code, numbers });
        let _sent = (0..PATIENCE).any(|_| reports.flush(&mut telemetry));
    }
    failed()
}

/// A line that is waited for
struct Waiting<'l, S>(&'l mut S);

/// What the line does not take is dropped: there is nobody to tell
impl<S: Serial> Sink for Waiting<'_, S> {
    fn put(&mut self, text: &str) {
        text.bytes().all(|byte| (0..PATIENCE).any(|_| self.0.write(byte)));
    }
}
