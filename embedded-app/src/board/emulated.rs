//! What the boards of the emulator have in common: sleep, settings, the end, and where random numbers start
//!
//! Settings and the end go by semihosting, so these boards run under an emulator or a debugger only.

#![expect(unsafe_code, reason = "interrupts are named by their numbers, and unmasked")]

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;
use proto_core::Instant;

use crate::drivers::semihosting;
use crate::drivers::systick::Clock;

/// The exit status that Rust programs have after a panic
const PANICKED: u8 = 101;

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
            // They are masked before interrupts are on again: there are no handlers to be called.
            cortex_m::asm::dsb();
            cortex_m::asm::isb();
            ready
        });
        if ready {
            return;
        }
    }
}

/// Hands over the settings that the emulator was started with
pub fn with_settings<R>(read: impl FnOnce(&str) -> R) -> R {
    let mut buffer = [0; COMMAND_LINE];
    read(semihosting::command_line(&mut buffer).unwrap_or_default())
}

/// Ends the firmware with an exit status
pub fn exit(status: u8) -> ! {
    semihosting::exit(status)
}

/// Ends it after a panic or a fault
pub(super) fn failed() -> ! {
    exit(PANICKED)
}

/// The MAC address and the timer, for want of anything better
pub(super) fn entropy(mac_address: [u8; 6], now: Instant) -> u64 {
    let mut seed = [0; 8];
    seed[2..].copy_from_slice(&mac_address);
    u64::from_le_bytes(seed) ^ now.as_micros()
}
