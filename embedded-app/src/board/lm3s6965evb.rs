//! TI Stellaris LM3S6965 evaluation board, as QEMU's machine `lm3s6965evb` has it
//!
//! Console on UART0, telemetry on UART1, Ethernet, the time from `SysTick`; ended by semihosting, so it runs under an emulator
//! or a debugger only. The chip has no source of random numbers: the seed is the MAC address and the timer, and what makes
//! a boot differ is the `seed` of the settings, which `cargo xtask emulate` draws anew each time.

#![expect(unsafe_code, reason = "the start-up of a board says which peripheral lies where, and names the interrupts")]

use core::panic::PanicInfo;

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;
use proto_core::Instant;
use static_cell::ConstStaticCell;

use super::panic::{PANICKED, last_words};
use super::{Board, Entropy};
use crate::drivers::mmio::Block;
use crate::drivers::pl011::Uart;
use crate::drivers::semihosting;
use crate::drivers::stellaris_mac::{Frames, Mac};
use crate::drivers::stellaris_system::{self as system, CLOCK_MHZ};
use crate::drivers::systick::{self, Clock};

/// Interrupts that end a sleep (data sheet, table 2-9)
#[derive(Clone, Copy, Debug)]
#[repr(u16)]
enum Interrupt {
    Uart0 = 5,
    Ethernet = 42,
}

// SAFETY: these are numbers of interrupts that the chip has, and they never change.
unsafe impl InterruptNumber for Interrupt {
    fn number(self) -> u16 {
        self as u16
    }
}

/// What ends a sleep besides the time
const WAKING: [Interrupt; 2] = [Interrupt::Uart0, Interrupt::Ethernet];

/// Peripherals and where they lie (data sheet, table 2-8)
const SYSTEM_CONTROL: usize = 0x400F_E000;
const GPIO_A: usize = 0x4000_4000;
const GPIO_D: usize = 0x4000_7000;
const UART_0: usize = 0x4000_C000;
const UART_1: usize = 0x4000_D000;
const ETHERNET: usize = 0x4004_8000;

/// U0RX and U0TX on port A, U1RX and U1TX on port D
const UART_0_PINS: u32 = 0b0011;
const UART_1_PINS: u32 = 0b1100;

/// Room for the settings
const COMMAND_LINE: usize = 256;

/// The frames' memory
static FRAMES: ConstStaticCell<Frames> = ConstStaticCell::new(Frames::new());

/// The board
#[derive(Debug)]
pub struct Lm3s6965evb {
    clock: Clock,
    console: Uart,
    telemetry: Uart,
    mac: Mac,
    mac_address: [u8; 6],
}

impl Lm3s6965evb {
    /// Brings the board up; `None` at the second call
    #[must_use]
    pub fn take() -> Option<Self> {
        let core = cortex_m::Peripherals::take()?;
        // SAFETY: the addresses are the data sheet's, and `take` succeeds once, so nothing else uses what lies there.
        // None of these peripherals touches memory by itself as it is configured here.
        let [control, port_a, port_d, uart_0, uart_1, ethernet] =
            unsafe { [SYSTEM_CONTROL, GPIO_A, GPIO_D, UART_0, UART_1, ETHERNET].map(|base| Block::new(base)) };
        system::start(&control, system::UART0 | system::UART1, system::GPIO_A | system::GPIO_D | system::ETHERNET);
        system::alternate(&port_a, UART_0_PINS);
        system::alternate(&port_d, UART_1_PINS);
        let mac_address = system::mac_address(&control);
        Some(Self {
            clock: Clock::new(core.SYST, CLOCK_MHZ),
            console: Uart::new(uart_0, CLOCK_MHZ * 1_000_000),
            telemetry: Uart::new(uart_1, CLOCK_MHZ * 1_000_000),
            mac: Mac::new(ethernet, FRAMES.take(), mac_address),
            mac_address,
        })
    }

    /// The settings that the emulator was started with
    pub fn with_settings<R>(&mut self, read: impl FnOnce(&mut Self, &str) -> R) -> R {
        let mut buffer = [0; COMMAND_LINE];
        let line = semihosting::command_line(&mut buffer).unwrap_or_default();
        read(self, line)
    }

    /// Ends the firmware with an exit status
    pub fn exit(status: u8) -> ! {
        semihosting::exit(status)
    }

    /// What is left to do after a panic: tells both lines where it was, and ends with status 101
    pub fn panicked(info: &PanicInfo<'_>) -> ! {
        cortex_m::interrupt::disable();
        // SAFETY: the addresses are the data sheet's; whoever used the two lines before does not run any more.
        let [uart_0, uart_1] = unsafe { [UART_0, UART_1].map(|base| Block::new(base)) };
        last_words(&mut Uart::resume(uart_0), &mut Uart::resume(uart_1), info);
        semihosting::exit(PANICKED)
    }

    /// Whether there is something to do before the time comes
    fn is_ready(&self) -> bool {
        self.mac.is_ready() || self.console.is_readable()
    }
}

impl Board for Lm3s6965evb {
    type Network = Mac;
    type Serial = Uart;

    const NAME: &'static str = "lm3s6965evb";

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn wait(&mut self, deadline: Instant) {
        while self.now() < deadline {
            // With interrupts off they still end the sleep, so none is lost between the look and the sleep; and no
            // handler ever runs for these two, which are on here only.
            let ready = cortex_m::interrupt::free(|_| {
                for interrupt in WAKING {
                    NVIC::unpend(interrupt);
                    // SAFETY: no code relies on these being masked, and with interrupts off no handler runs.
                    unsafe { NVIC::unmask(interrupt) };
                }
                let ready = self.is_ready();
                if !ready {
                    cortex_m::asm::wfi();
                }
                for interrupt in WAKING {
                    NVIC::mask(interrupt);
                }
                ready
            });
            if ready {
                return;
            }
        }
    }

    fn network(&mut self) -> &mut Mac {
        &mut self.mac
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

    fn entropy(&mut self) -> Entropy {
        let mut seed = [0; 8];
        seed[..6].copy_from_slice(&self.mac_address);
        Entropy { seed: u64::from_le_bytes(seed).rotate_left(16) ^ self.now().as_micros(), per_boot: false }
    }
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
