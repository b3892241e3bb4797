//! Arm MPS2 with the Cortex-M3 image AN385, as QEMU's machine `mps2-an385` has it
//!
//! Console on UART 0, telemetry on UART 1, a LAN9118 on the memory bus, no screen and no keys. There is no source of random
//! numbers: the seed is the MAC address and the timer, and what makes a boot differ is the `seed` of the settings, which
//! `cargo xtask emulate` draws anew each time.

#![expect(unsafe_code, reason = "the start-up of a board says which peripheral lies where")]

use proto_core::Instant;
use static_cell::ConstStaticCell;

use super::Board;
use super::emulated::{self, Interrupt};
use crate::display::NoPanel;
use crate::drivers::cmsdk_uart::CmsdkUart;
use crate::drivers::fifo::{Frames, Network};
use crate::drivers::lan9118::Lan9118;
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
static FRAMES: ConstStaticCell<Frames> = ConstStaticCell::new(Frames::new());

/// The board
#[derive(Debug)]
pub struct Mps2An385 {
    clock: Clock,
    console: CmsdkUart,
    telemetry: CmsdkUart,
    network: Network<Lan9118>,
    mac_address: [u8; 6],
}

impl Mps2An385 {
    /// Brings the board up; `None` at the second call
    #[must_use]
    pub fn take() -> Option<Self> {
        let core = cortex_m::Peripherals::take()?;
        // SAFETY: the addresses are the application note's, and `take` succeeds once, so nothing else uses what lies
        // there. None of these peripherals touches memory by itself.
        let [uart_0, uart_1, ethernet] = unsafe { [UART_0, UART_1, ETHERNET].map(|base| Block::new(base)) };
        let lan = Lan9118::new(ethernet);
        let mac_address = lan.address();
        Some(Self {
            clock: Clock::new(core.SYST, CLOCK_MHZ),
            console: CmsdkUart::new(uart_0, CLOCK_MHZ * 1_000_000),
            telemetry: CmsdkUart::new(uart_1, CLOCK_MHZ * 1_000_000),
            network: Network::new(lan, FRAMES.take()),
            mac_address,
        })
    }

    /// Console and telemetry as a panic finds them
    pub(super) fn last_lines() -> (CmsdkUart, CmsdkUart) {
        // SAFETY: the addresses are the application note's; whoever used the two lines before does not run any more.
        let [uart_0, uart_1] = unsafe { [UART_0, UART_1].map(|base| Block::new(base)) };
        (CmsdkUart::resume(uart_0), CmsdkUart::resume(uart_1))
    }
}

impl Board for Mps2An385 {
    type Network = Network<Lan9118>;
    type Serial = CmsdkUart;
    type Panel = NoPanel;

    const NAME: &'static str = "mps2-an385";

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn wait(&mut self, deadline: Instant) {
        emulated::sleep(&self.clock, deadline, &WAKING, || self.network.is_ready() || self.console.is_readable());
    }

    fn network(&mut self) -> &mut Network<Lan9118> {
        &mut self.network
    }

    fn mac_address(&self) -> [u8; 6] {
        self.mac_address
    }

    fn console(&mut self) -> &mut CmsdkUart {
        &mut self.console
    }

    fn telemetry(&mut self) -> &mut CmsdkUart {
        &mut self.telemetry
    }

    fn entropy(&mut self) -> u64 {
        emulated::entropy(self.mac_address, self.now())
    }
}
