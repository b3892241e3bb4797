//! ST's NUCLEO-144 boards with Ethernet: what they have in common, which is all but the chip's clocks
//!
//! Console on the ST-LINK's serial port (USART3), telemetry at the Zio connector (USART2), Ethernet with its LAN8742A,
//! random numbers from the chip's own source, no screen and no keys; LD1 is lit while the server is connected. Settings
//! are those that the firmware was built with. Written from the manuals and ST's examples, and not yet run on a board.

use core::time::Duration;

use cortex_m::peripheral::SCB;
use embassy_stm32::eth::{self, Ethernet, PacketQueue, Sma};
use embassy_stm32::gpio::{Level, Output, Speed};
use embassy_stm32::peripherals::{ETH, ETH_SMA, RNG, USART2, USART3};
use embassy_stm32::rng::{self, Rng};
use embassy_stm32::usart::{self, BufferedInterruptHandler, BufferedUart};
use embassy_stm32::{bind_interrupts, pac, uid};
use proto_core::Instant;
use static_cell::ConstStaticCell;

#[cfg(feature = "nucleo-f429zi")]
use super::nucleo_f429zi as chip;
#[cfg(feature = "nucleo-h743zi")]
use super::nucleo_h743zi as chip;
use super::{Board, Serial as _, local_address};
use crate::display::NoPanel;
use crate::drivers::embassy_net::Adapter;
use crate::drivers::lan8742a::Lan8742a;
use crate::drivers::stm32_usart::{LastUart, Uart};
use crate::drivers::systick::Clock;

/// How often the cable is looked at
const LOOK: Duration = Duration::from_millis(250);
/// How long the PHY may take to negotiate before a cable that is not there is told
const NEGOTIATION: Duration = Duration::from_secs(5);

/// Frames in memory, each way: a burst waits here while the client is busy
static FRAMES: ConstStaticCell<PacketQueue<4, 4>> = ConstStaticCell::new(PacketQueue::new());
/// Bytes in memory: what is pasted waits here, 40 ms of it
static TYPED: ConstStaticCell<[u8; 512]> = ConstStaticCell::new([0; 512]);
static SHOWN: ConstStaticCell<[u8; 256]> = ConstStaticCell::new([0; 256]);
/// Nobody sends anything to the second line
static HEARD: ConstStaticCell<[u8; 16]> = ConstStaticCell::new([0; 16]);
static REPORTED: ConstStaticCell<[u8; 256]> = ConstStaticCell::new([0; 256]);

bind_interrupts!(struct Irqs {
    ETH => eth::InterruptHandler;
    USART2 => BufferedInterruptHandler<USART2>;
    USART3 => BufferedInterruptHandler<USART3>;
    #[cfg(feature = "nucleo-f429zi")]
    HASH_RNG => rng::InterruptHandler<RNG>;
    #[cfg(feature = "nucleo-h743zi")]
    RNG => rng::InterruptHandler<RNG>;
});

/// The chip's MAC and the board's PHY
type Mac = Ethernet<'static, ETH, Lan8742a<Sma<'static, ETH_SMA>>>;

/// The board
pub struct Nucleo {
    clock: Clock,
    console: Uart,
    telemetry: Uart,
    network: Adapter<Mac>,
    mac_address: [u8; 6],
    seed: u64,
    lamp: Output<'static>,
    /// Whether the cable was in when that was told last
    cable: Option<bool>,
    next_look: Instant,
}

impl Nucleo {
    /// Brings the board up; `None` at the second call
    #[must_use]
    pub fn take() -> Option<Self> {
        let core = cortex_m::Peripherals::take()?;
        let chip = embassy_stm32::init(chip::config());
        let clock = Clock::new(core.SYST, chip::CLOCK_MHZ);
        // 115 200 bits a second, 8N1.
        let serial = usart::Config::default();
        // First the console: what is waited for in vain behind it is the last word there.
        let console =
            BufferedUart::new(chip.USART3, chip.PD9, chip.PD8, SHOWN.take(), TYPED.take(), Irqs, serial).ok()?;
        let mut console = Uart::new(console);
        tell(&mut console, "\r\nstarting: random numbers");
        // A source of them that does not start is waited for: there is no good seed without it.
        let seed = Rng::new(chip.RNG, Irqs).next_u64();
        let mac_address = local_address(uid::uid());
        tell(&mut console, ", network");
        let telemetry =
            BufferedUart::new(chip.USART2, chip.PD6, chip.PD5, REPORTED.take(), HEARD.take(), Irqs, serial).ok()?;
        let phy = Lan8742a::new(Sma::new(chip.ETH_SMA, chip.PA2, chip.PC1));
        let network = Ethernet::new_with_phy(
            FRAMES.take(),
            chip.ETH,
            Irqs,
            chip.PA1,
            chip.PA7,
            chip.PC4,
            chip.PC5,
            chip.PG13,
            chip.PB13,
            chip.PG11,
            mac_address,
            phy,
        );
        tell(&mut console, ", done\r\n");
        Some(Self {
            clock,
            console,
            telemetry: Uart::new(telemetry),
            network: Adapter::new(network),
            mac_address,
            seed,
            lamp: Output::new(chip.PB0, Level::Low, Speed::Low),
            cable: None,
            next_look: Instant::ZERO,
        })
    }

    /// Console and telemetry as a panic finds them
    pub(super) fn last_lines() -> (LastUart, LastUart) {
        (LastUart::new(pac::USART3), LastUart::new(pac::USART2))
    }
}

/// Tells how far the start has come; the line's memory has room for all of it
fn tell(console: &mut Uart, what: &str) {
    what.bytes().all(|byte| console.write(byte));
}

/// Hands over the settings that the firmware was built with: the words of `SLP_SETTINGS`
pub fn with_settings<R>(read: impl FnOnce(&str) -> R) -> R {
    read(option_env!("SLP_SETTINGS").unwrap_or_default())
}

/// Rests until the board is reset; what the serial lines still hold is sent
pub fn exit(_status: u8) -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}

/// Starts anew after a panic or a fault, not before a second has passed: the lines get their last byte, and a failure
/// that comes again each time floods nobody
pub(super) fn failed() -> ! {
    cortex_m::asm::delay(chip::CLOCK_MHZ * 1_000_000);
    SCB::sys_reset()
}

impl Board for Nucleo {
    type Network = Adapter<Mac>;
    type Serial = Uart;
    type Panel = NoPanel;

    const NAME: &'static str = chip::NAME;

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn wait(&mut self, deadline: Instant) {
        while self.clock.now() < deadline {
            // With interrupts off they still end the sleep, so none is lost between the look and the sleep; their
            // handlers run right after it.
            let ready = cortex_m::interrupt::free(|_| {
                let ready = self.network.is_ready() || self.console.is_readable();
                if !ready {
                    cortex_m::asm::wfi();
                }
                ready
            });
            if ready {
                return;
            }
        }
    }

    fn network(&mut self) -> &mut Adapter<Mac> {
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

    fn cable(&mut self) -> Option<bool> {
        let now = self.now();
        if now < self.next_look {
            return None;
        }
        self.next_look = now.saturating_add(LOOK);
        let cable = Some(self.network.is_linked());
        let negotiating =
            self.cable.is_none() && cable == Some(false) && now < Instant::ZERO.saturating_add(NEGOTIATION);
        if cable == self.cable || negotiating {
            return None;
        }
        self.cable = cable;
        cable
    }

    fn lamp(&mut self, connected: bool) {
        self.lamp.set_level(connected.into());
    }

    fn entropy(&mut self) -> u64 {
        self.seed
    }
}
