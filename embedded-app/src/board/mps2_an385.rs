//! Arm MPS2 with the Cortex-M3 image AN385, as QEMU's machine `mps2-an385` has it
//!
//! Console on UART 0, telemetry on UART 1, a LAN9118 on the memory bus, no screen and no keys. Ended by semihosting, so
//! it runs under an emulator or a debugger only. There is no source of random numbers: the seed is the MAC address and the
//! timer, and what makes a boot differ is the `seed` of the settings, which `cargo xtask emulate` draws anew each time.

#![expect(unsafe_code, reason = "the start-up of a board says which peripheral lies where")]

use core::panic::PanicInfo;

use proto_core::Instant;
use static_cell::ConstStaticCell;

use super::emulated::{self, Interrupt};
use super::{Board, Entropy};
use crate::display::{Key, NoPanel};
use crate::drivers::cmsdk_uart::CmsdkUart;
use crate::drivers::lan9118::{Lan9118, LanFrames};
use crate::drivers::mmio::Block;
use crate::drivers::systick::Clock;

/// The system clock
const CLOCK_MHZ: u32 = 25;
/// Peripherals and where they lie (AN385, tables 3-1 and 3-3)
const UART_0: usize = 0x4000_4000;
const UART_1: usize = 0x4000_5000;
const ETHERNET: usize = 0x4020_0000;
/// UART 0 receive, Ethernet (AN385, table 3-4)
const WAKING: [Interrupt; 2] = [Interrupt(0), Interrupt(13)];

/// The frames' memory
static FRAMES: ConstStaticCell<LanFrames> = ConstStaticCell::new(LanFrames::new());

/// The board
#[derive(Debug)]
pub struct Mps2An385 {
    clock: Clock,
    console: CmsdkUart,
    telemetry: CmsdkUart,
    lan: Lan9118,
}

impl Mps2An385 {
    /// Brings the board up; `None` at the second call
    #[must_use]
    pub fn take() -> Option<Self> {
        let core = cortex_m::Peripherals::take()?;
        // SAFETY: the addresses are the application note's, and `take` succeeds once, so nothing else uses what lies
        // there. None of these peripherals touches memory by itself.
        let [uart_0, uart_1, ethernet] = unsafe { [UART_0, UART_1, ETHERNET].map(|base| Block::new(base)) };
        Some(Self {
            clock: Clock::new(core.SYST, CLOCK_MHZ),
            console: CmsdkUart::new(uart_0, CLOCK_MHZ * 1_000_000),
            telemetry: CmsdkUart::new(uart_1, CLOCK_MHZ * 1_000_000),
            lan: Lan9118::new(ethernet, FRAMES.take()),
        })
    }

    /// The settings that the emulator was started with
    pub fn with_settings<R>(&mut self, read: impl FnOnce(&mut Self, &str) -> R) -> R {
        emulated::with_settings(|line| read(self, line))
    }

    /// Ends the firmware with an exit status
    pub fn exit(status: u8) -> ! {
        emulated::exit(status)
    }

    /// What is left to do after a panic: tells both lines where it was, and ends with status 101
    pub fn panicked(info: &PanicInfo<'_>) -> ! {
        // SAFETY: the addresses are the application note's; whoever used the two lines before does not run any more.
        let [uart_0, uart_1] = unsafe { [UART_0, UART_1].map(|base| Block::new(base)) };
        emulated::panicked(&mut CmsdkUart::resume(uart_0), &mut CmsdkUart::resume(uart_1), info)
    }
}

impl Board for Mps2An385 {
    type Network = Lan9118;
    type Serial = CmsdkUart;
    type Panel = NoPanel;

    const NAME: &'static str = "mps2-an385";

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn wait(&mut self, deadline: Instant) {
        emulated::sleep(&self.clock, deadline, &WAKING, || self.lan.is_ready() || self.console.is_readable());
    }

    fn network(&mut self) -> &mut Lan9118 {
        &mut self.lan
    }

    fn mac_address(&self) -> [u8; 6] {
        self.lan.address()
    }

    fn console(&mut self) -> &mut CmsdkUart {
        &mut self.console
    }

    fn telemetry(&mut self) -> &mut CmsdkUart {
        &mut self.telemetry
    }

    fn panel(&mut self) -> Option<&mut NoPanel> {
        None
    }

    fn key(&mut self) -> Option<Key> {
        None
    }

    fn has_keys(&self) -> bool {
        false
    }

    fn entropy(&mut self) -> Entropy {
        let mut seed = [0; 8];
        seed[..6].copy_from_slice(&self.mac_address());
        Entropy { seed: u64::from_le_bytes(seed).rotate_left(16) ^ self.now().as_micros(), per_boot: false }
    }
}
