//! What the client needs of a board
//!
//! One implementation for each board, and one for tests. A port to another board is this trait, the drivers below it and
//! a memory map; nothing else knows what it runs on.

#[cfg(target_os = "none")]
mod emulated;
#[cfg(all(target_os = "none", feature = "lm3s6965evb"))]
mod lm3s6965evb;
#[cfg(all(target_os = "none", feature = "mps2-an385"))]
mod mps2_an385;
#[cfg(target_os = "none")]
mod panic;

use core::time::Duration;

use proto_core::Instant;
use smoltcp::phy::Device;

use crate::display::{Key, Panel};

#[cfg(all(target_os = "none", feature = "lm3s6965evb"))]
pub use lm3s6965evb::Lm3s6965evb as Selected;
#[cfg(all(target_os = "none", feature = "mps2-an385"))]
pub use mps2_an385::Mps2An385 as Selected;

#[cfg(all(target_os = "none", not(any(feature = "lm3s6965evb", feature = "mps2-an385"))))]
compile_error!("name a board: --features lm3s6965evb, or mps2-an385");
#[cfg(all(target_os = "none", feature = "lm3s6965evb", feature = "mps2-an385"))]
compile_error!("name one board only: its features exclude each other");

/// A serial line that never waits
pub trait Serial {
    /// A byte that has come, if there is one
    fn read(&mut self) -> Option<u8>;

    /// Takes a byte to send; `false` where there is no room for it now
    fn write(&mut self, byte: u8) -> bool;
}

/// How often keys are looked at
pub const KEYS: Duration = Duration::from_millis(20);

/// Where random numbers start from
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entropy {
    /// The number
    pub seed: u64,
    /// Whether it differs at every boot and cannot be guessed; the board's page says what is mixed where it is not
    pub per_boot: bool,
}

/// What the client needs of a board
pub trait Board {
    /// Its network
    type Network: Device;
    /// A serial line
    type Serial: Serial;
    /// Its screen; [`NoPanel`](crate::display::NoPanel) where there is none
    type Panel: Panel;

    /// Its name, as the feature is called
    const NAME: &'static str;

    /// Time since boot
    fn now(&self) -> Instant;

    /// Sleeps until `deadline`, or until something came in; may return earlier
    fn wait(&mut self, deadline: Instant);

    /// The network device
    fn network(&mut self) -> &mut Self::Network;

    /// The network device's own address
    fn mac_address(&self) -> [u8; 6];

    /// The line with the person
    fn console(&mut self) -> &mut Self::Serial;

    /// The line with the monitor
    fn telemetry(&mut self) -> &mut Self::Serial;

    /// The screen, if it has one
    fn panel(&mut self) -> Option<&mut Self::Panel>;

    /// A key that was pressed and let go, if there is one
    ///
    /// Asked in every turn, and there is one every [`KEYS`] at least while [`has_keys`](Self::has_keys).
    fn key(&mut self) -> Option<Key>;

    /// Whether it has keys at all
    fn has_keys(&self) -> bool;

    /// Where random numbers start from
    fn entropy(&mut self) -> Entropy;
}
