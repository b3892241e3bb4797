//! The time since boot, from the core's own timer
//!
//! `SysTick` interrupts every millisecond, which also ends each sleep: nothing waits longer than that beyond its deadline.
//! DWT's cycle counter would do without interrupts, but it wraps within minutes and stands still in QEMU.

use core::cell::Cell;

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use critical_section::Mutex;
use proto_core::Instant;

/// Interrupts since boot: milliseconds
static TICKS: Mutex<Cell<u64>> = Mutex::new(Cell::new(0));

/// `SysTick`, running
#[derive(Debug)]
pub(crate) struct Clock {
    /// Core clocks in a microsecond
    per_micro: u32,
}

impl Clock {
    /// Starts it; `per_micro` is the core's clock in MHz
    pub(crate) fn new(mut timer: SYST, per_micro: u32) -> Self {
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(per_micro * 1_000 - 1);
        timer.clear_current();
        timer.enable_interrupt();
        timer.enable_counter();
        Self { per_micro }
    }

    /// Time since boot
    pub(crate) fn now(&self) -> Instant {
        let (ticks, current, pending) = critical_section::with(|section| {
            // The order matters: a wrap between the two reads is seen as pending, and `current` tells whether it
            // was read before or after it.
            let current = SYST::get_current();
            let pending = cortex_m::peripheral::SCB::is_pendst_pending();
            (TICKS.borrow(section).get(), current, pending)
        });
        Instant::from_micros(micros(ticks, current, pending, self.per_micro))
    }
}

/// One millisecond more
#[cortex_m_rt::exception]
fn SysTick() {
    critical_section::with(|section| {
        let ticks = TICKS.borrow(section);
        ticks.set(ticks.get().wrapping_add(1));
    });
}

/// Microseconds from the interrupts counted, the down-counter, and whether an interrupt is not counted yet
fn micros(ticks: u64, current: u32, pending: bool, per_micro: u32) -> u64 {
    let reload = per_micro * 1_000 - 1;
    let uncounted = u64::from(pending && current > reload / 2);
    (ticks + uncounted) * 1_000 + u64::from((reload - current.min(reload)) / per_micro)
}
