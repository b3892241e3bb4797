//! What the boards of the emulator have in common: sleep, settings and the end by semihosting, and the exceptions

#![expect(unsafe_code, reason = "the start-up of a board names interrupts and handles faults")]

use core::panic::PanicInfo;

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;
use proto_core::Instant;

use super::Serial;
use super::panic::{PANICKED, last_words};
use crate::drivers::systick::Clock;
use crate::drivers::{semihosting, systick};

/// Room for the settings
const COMMAND_LINE: usize = 256;

/// A number in the vector table, of the data sheet's interrupts
#[derive(Clone, Copy, Debug)]
pub(super) struct Interrupt(pub(super) u16);

// SAFETY: the boards make these from their data sheets' numbers only, and a number never changes.
unsafe impl InterruptNumber for Interrupt {
    fn number(self) -> u16 {
        self.0
    }
}

/// Sleeps until `deadline`, or until `is_ready`, which one of `waking` announces
pub(super) fn sleep(clock: &Clock, deadline: Instant, waking: &[Interrupt], is_ready: impl Fn() -> bool) {
    while clock.now() < deadline {
        // With interrupts off they still end the sleep, so none is lost between the look and the sleep; and no
        // handler ever runs for these, which are on here only.
        let ready = cortex_m::interrupt::free(|_| {
            for &interrupt in waking {
                NVIC::unpend(interrupt);
                // SAFETY: no code relies on these being masked, and with interrupts off no handler runs.
                unsafe { NVIC::unmask(interrupt) };
            }
            let ready = is_ready();
            if !ready {
                cortex_m::asm::wfi();
            }
            for &interrupt in waking {
                NVIC::mask(interrupt);
            }
            ready
        });
        if ready {
            return;
        }
    }
}

/// The settings that the emulator was started with
pub(super) fn with_settings<R>(read: impl FnOnce(&str) -> R) -> R {
    let mut buffer = [0; COMMAND_LINE];
    read(semihosting::command_line(&mut buffer).unwrap_or_default())
}

/// Ends the firmware with an exit status
pub(super) fn exit(status: u8) -> ! {
    semihosting::exit(status)
}

/// Tells both lines where the firmware panicked, and ends with the status that Rust programs have then
pub(super) fn panicked(console: &mut impl Serial, telemetry: &mut impl Serial, info: &PanicInfo<'_>) -> ! {
    cortex_m::interrupt::disable();
    last_words(console, telemetry, info);
    semihosting::exit(PANICKED)
}

/// Time goes on
#[cortex_m_rt::exception]
fn SysTick() {
    systick::handle_interrupt();
}

/// Nothing is left to be trusted after a fault: the status alone tells
#[cortex_m_rt::exception]
unsafe fn HardFault(_: &cortex_m_rt::ExceptionFrame) -> ! {
    semihosting::exit(PANICKED)
}
