//! What every board says when the firmware panics or the processor faults, and how it ends then

#![expect(unsafe_code, reason = "a fault is an exception, and a register tells its kind")]

use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use cortex_m::peripheral::SCB;
use cortex_m_rt::ExceptionFrame;
use proto_core::telemetry::{Report, code};
use proto_core::text::{Hex, Show, Sink};
use proto_core::{put, text};

#[cfg(not(feature = "nucleo"))]
use super::emulated::failed;
#[cfg(feature = "nucleo")]
use super::nucleo::failed;
use super::{Selected, Serial};
use crate::drivers::frames::callers;
use crate::telemetry::Telemetry;

/// How often a full line is asked again before the rest is dropped
const PATIENCE: u32 = 1_000_000;

/// Callers that are told
const CALLERS: usize = 8;

/// What is left to do after a panic: tells both lines who called, innermost first, and ends as the board does then
///
/// What the panic itself says is not told: as soon as it is read, the program has to hold the place of every panic that there
/// may be, and `core::fmt` for the messages, 20 KiB in all. The addresses lead to the same place.
pub fn panicked(_: &PanicInfo<'_>) -> ! {
    // Once, here: further in there are more.
    let mut found = [0; CALLERS];
    let count = found.iter_mut().zip(callers()).map(|(place, address)| *place = address).count();
    let found = found.get(..count).unwrap_or_default();
    end(&text!("panicked; called from", Addresses(found)), code::PANIC, found, 0)
}

/// The callers, each after a blank
struct Addresses<'c>(&'c [u32]);

impl Show for Addresses<'_> {
    fn show(&self, out: &mut dyn Sink) {
        for &address in self.0 {
            put!(out, " 0x", Hex(address, 8));
        }
    }
}

/// The processor refused an instruction: tells both lines which one and why, and the console what LR held, which is
/// often the caller
#[cortex_m_rt::exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    // SAFETY: reading CFSR changes nothing, and nothing else runs any more.
    let status = unsafe { (*SCB::PTR).cfsr.read() };
    let (at, link) = (frame.pc(), frame.lr());
    let what = text!("fault at 0x", Hex(at, 8), ", LR 0x", Hex(link, 8), ", CFSR 0x", Hex(status, 8));
    end(&what, code::FAULT, &[at], status)
}

/// Tells both lines, waiting for them, and ends
///
/// A report for each address, whose other number is `second` and one more each time. They go on counting, so that a monitor sees
/// what waited for the line and is missing; their time is that of the report before.
fn end(what: &dyn Show, code: u16, addresses: &[u32], second: u32) -> ! {
    static ENDING: AtomicBool = AtomicBool::new(false);
    cortex_m::interrupt::disable();
    // Whoever fails here would fail here again.
    if !ENDING.swap(true, Ordering::Relaxed) {
        let (mut console, mut telemetry) = Selected::last_lines();
        put!(&mut Waiting(&mut console), "\r\n", what, "\r\n");
        let (mut sender, at) = Telemetry::at_the_end();
        for (&address, second) in addresses.iter().zip(second..) {
            sender.report(at, Report::Error { code, numbers: [address.into(), second.into()] });
            let _sent = (0..PATIENCE).any(|_| sender.flush(&mut telemetry));
        }
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
