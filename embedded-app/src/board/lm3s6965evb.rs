//! TI Stellaris LM3S6965 evaluation board, as QEMU's machine `lm3s6965evb` has it
//!
//! Console on UART0, telemetry on UART1, Ethernet, the time from `SysTick`. The chip has no source of random numbers: the
//! seed is the MAC address and the timer, and what makes a boot differ is the `seed` of the settings, which `cargo xtask
//! emulate` draws anew each time.

#![expect(unsafe_code, reason = "the start-up of a board says which peripheral lies where")]

use proto_core::Instant;
use static_cell::ConstStaticCell;

use super::Board;
use super::emulated::{self, Interrupt};
use crate::display::Key;
use crate::drivers::fifo::{Frames, Network};
use crate::drivers::mmio::Block;
use crate::drivers::pl011::Uart;
use crate::drivers::ssd0323::Oled;
use crate::drivers::stellaris_mac::Mac;
use crate::drivers::stellaris_system::{self as system, CLOCK_MHZ};
use crate::drivers::systick::Clock;

/// What ends a sleep besides the time: UART0, Ethernet (data sheet, table 2-9)
const WAKING: [Interrupt; 2] = [Interrupt(5), Interrupt(42)];

/// Peripherals and where they lie (data sheet, table 2-8)
const SYSTEM_CONTROL: usize = 0x400F_E000;
const GPIO_A: usize = 0x4000_4000;
const GPIO_C: usize = 0x4000_6000;
const GPIO_D: usize = 0x4000_7000;
const SSI_0: usize = 0x4000_8000;
const GPIO_E: usize = 0x4002_4000;
const GPIO_F: usize = 0x4002_5000;
const UART_0: usize = 0x4000_C000;
const UART_1: usize = 0x4000_D000;
const ETHERNET: usize = 0x4004_8000;

/// U0RX and U0TX on port A, U1RX and U1TX on port D, SSI0 on port A
const UART_0_PINS: u32 = 0b0011;
const UART_1_PINS: u32 = 0b1100;
const SSI_PINS: u32 = 0b11_1100;
/// The OLED's select on port D, its data/command and its supply on port C
const OLED_SELECT: u8 = 0b0000_0001;
const OLED_DATA: u8 = 0b1000_0000;
const OLED_SUPPLY: u8 = 0b0100_0000;
/// Up, down, left and right on port E, select on port F: low while pressed
const ARROWS: u8 = 0b1111;
const SELECT: u8 = 0b0010;
/// What they are, in the order of [`Keys::read`]'s bits
const KEYS: [Key; 5] = [Key::Up, Key::Down, Key::Left, Key::Right, Key::Select];

/// The frames' memory
static FRAMES: ConstStaticCell<Frames> = ConstStaticCell::new(Frames::new());

/// The board
#[derive(Debug)]
pub struct Lm3s6965evb {
    clock: Clock,
    console: Uart,
    telemetry: Uart,
    network: Network<Mac>,
    mac_address: [u8; 6],
    oled: Oled,
    keys: Keys,
}

/// The keys
#[derive(Debug)]
struct Keys {
    arrows: Block,
    select: Block,
    /// Those that were not pressed when last looked at
    free: u8,
}

impl Keys {
    fn new(arrows: Block, select: Block) -> Self {
        system::inputs(&arrows, ARROWS);
        system::inputs(&select, SELECT);
        let mut keys = Self { arrows, select, free: 0 };
        // QEMU has them pressed until they are pressed for the first time: what counts is the release.
        keys.free = keys.read();
        keys
    }

    /// A bit for each key that is not pressed
    fn read(&self) -> u8 {
        let select = system::read_pins(&self.select, SELECT) != 0;
        system::read_pins(&self.arrows, ARROWS) | (u8::from(select) << 4)
    }

    fn released(&mut self) -> Option<Key> {
        let free = self.read();
        let released = free & !self.free;
        // One at a time; the others are found the next time.
        let first = released & released.wrapping_neg();
        self.free = (self.free & free) | first;
        KEYS.get(first.trailing_zeros() as usize).copied()
    }
}

impl Lm3s6965evb {
    /// Brings the board up; `None` at the second call
    #[must_use]
    pub fn take() -> Option<Self> {
        let core = cortex_m::Peripherals::take()?;
        // SAFETY: the addresses are the data sheet's, and `take` succeeds once, so nothing else uses what lies there.
        // None of these peripherals touches memory by itself as it is configured here.
        let [control, port_a, uart_0, uart_1, ethernet, ssi_0] =
            unsafe { [SYSTEM_CONTROL, GPIO_A, UART_0, UART_1, ETHERNET, SSI_0].map(|base| Block::new(base)) };
        // SAFETY: as above. Ports C and D have two owners each, and an output writes its own pin and no other.
        let [port_c, supply, port_d, select, port_e, port_f] =
            unsafe { [GPIO_C, GPIO_C, GPIO_D, GPIO_D, GPIO_E, GPIO_F].map(|base| Block::new(base)) };
        system::start(
            &control,
            system::UART0 | system::UART1 | system::SSI0,
            system::GPIO_A | system::GPIO_C | system::GPIO_D | system::GPIO_E | system::GPIO_F | system::ETHERNET,
        );
        system::alternate(&port_a, UART_0_PINS | SSI_PINS);
        system::alternate(&port_d, UART_1_PINS);
        system::set_pin(&system::output(select, OLED_SELECT), true);
        system::set_pin(&system::output(supply, OLED_SUPPLY), true);
        let mac_address = system::mac_address(&control);
        Some(Self {
            clock: Clock::new(core.SYST, CLOCK_MHZ),
            console: Uart::new(uart_0, CLOCK_MHZ * 1_000_000),
            telemetry: Uart::new(uart_1, CLOCK_MHZ * 1_000_000),
            network: Network::new(Mac::new(ethernet, mac_address), FRAMES.take()),
            mac_address,
            oled: Oled::new(ssi_0, system::output(port_c, OLED_DATA)),
            keys: Keys::new(port_e, port_f),
        })
    }

    /// Console and telemetry as a panic finds them
    pub(super) fn last_lines() -> (Uart, Uart) {
        // SAFETY: the addresses are the data sheet's; whoever used the two lines before does not run any more.
        let [uart_0, uart_1] = unsafe { [UART_0, UART_1].map(|base| Block::new(base)) };
        (Uart::resume(uart_0), Uart::resume(uart_1))
    }
}

impl Board for Lm3s6965evb {
    type Network = Network<Mac>;
    type Serial = Uart;
    type Panel = Oled;

    const NAME: &'static str = "lm3s6965evb";

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn wait(&mut self, deadline: Instant) {
        emulated::sleep(&self.clock, deadline, &WAKING, || self.network.is_ready() || self.console.is_readable());
    }

    fn network(&mut self) -> &mut Network<Mac> {
        &mut self.network
    }

    fn mac_address(&self) -> [u8; 6] {
        self.mac_address
    }

    fn console(&mut self) -> &mut Uart {
        &mut self.console
    }

    fn telemetry(&mut self) -> &mut Uart {
        &mut self.telemetry
    }

    fn panel(&mut self) -> Option<&mut Oled> {
        Some(&mut self.oled)
    }

    fn key(&mut self) -> Option<Key> {
        self.keys.released()
    }

    fn entropy(&mut self) -> u64 {
        emulated::entropy(self.mac_address, self.now())
    }
}
