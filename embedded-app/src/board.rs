//! What the client needs of a board
//!
//! One implementation for each board, and one for tests. A port to another board is this trait, the drivers below it and
//! a memory map; nothing else knows what it runs on.

#[cfg(all(target_os = "none", any(feature = "lm3s6965evb", feature = "mps2-an385")))]
mod emulated;
#[cfg(all(target_os = "none", feature = "lm3s6965evb"))]
mod lm3s6965evb;
#[cfg(all(target_os = "none", feature = "mps2-an385"))]
mod mps2_an385;
#[cfg(all(target_os = "none", feature = "nucleo"))]
mod nucleo;
#[cfg(all(target_os = "none", feature = "nucleo-f429zi"))]
mod nucleo_f429zi;
#[cfg(all(target_os = "none", feature = "nucleo-h743zi"))]
mod nucleo_h743zi;
#[cfg(target_os = "none")]
mod panic;

use proto_core::Instant;
use smoltcp::phy::Device;

use crate::display::{Key, Panel};
use crate::net::Random;

#[cfg(all(target_os = "none", any(feature = "lm3s6965evb", feature = "mps2-an385")))]
pub use emulated::{exit, with_settings};
#[cfg(all(target_os = "none", feature = "lm3s6965evb"))]
pub use lm3s6965evb::Lm3s6965evb as Selected;
#[cfg(all(target_os = "none", feature = "mps2-an385"))]
pub use mps2_an385::Mps2An385 as Selected;
#[cfg(all(target_os = "none", feature = "nucleo"))]
pub use nucleo::{Nucleo as Selected, exit, with_settings};
#[cfg(target_os = "none")]
pub use panic::panicked;

#[cfg(all(target_os = "none", feature = "fault-injection"))]
pub use crate::drivers::self_test::self_test;

#[cfg(all(target_os = "none", not(feature = "firmware")))]
compile_error!("name a board: --features lm3s6965evb, mps2-an385, nucleo-f429zi or nucleo-h743zi");
#[cfg(all(
    target_os = "none",
    any(
        all(feature = "lm3s6965evb", feature = "mps2-an385"),
        all(feature = "nucleo", any(feature = "lm3s6965evb", feature = "mps2-an385")),
        all(feature = "nucleo-f429zi", feature = "nucleo-h743zi"),
    )
))]
compile_error!("name one board only: their features exclude each other");

/// A serial line that never waits
pub trait Serial {
    /// A byte that has come, if there is one
    fn read(&mut self) -> Option<u8>;

    /// Takes a byte to send; `false` where there is no room for it now
    fn write(&mut self, byte: u8) -> bool;
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
    fn panel(&mut self) -> Option<&mut Self::Panel> {
        None
    }

    /// A key that was pressed and let go, if there is one
    ///
    /// Asked in every turn.
    fn key(&mut self) -> Option<Key> {
        None
    }

    /// Whether the network's cable is in, told once after each change
    ///
    /// Asked in every turn; there is nothing to tell where the board does not see its cable.
    fn cable(&mut self) -> Option<bool> {
        None
    }

    /// Shows whether the server is connected, where there is a lamp for it
    fn lamp(&mut self, _connected: bool) {}

    /// Where random numbers start from; the board's page says whether that can be guessed
    fn entropy(&mut self) -> u64;
}

/// An address for a network device that was given none, from the number that its chip alone has
///
/// Locally administered and no group's (IEEE 802, 8.2); the same at every boot.
#[must_use]
pub fn local_address(unique: [u8; 12]) -> [u8; 6] {
    let (words, _) = unique.as_chunks::<4>();
    let mut random = Random::new(0);
    for word in words {
        random.mix(u64::from(u32::from_le_bytes(*word)));
    }
    let [first, second, third, fourth, fifth, sixth, ..] = random.next().to_le_bytes();
    [(first & !0b01) | 0b10, second, third, fourth, fifth, sixth]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_addresses_differ_and_are_no_makers_and_no_groups() {
        let chip = |last| local_address([0x2B, 0, 0x3A, 0, 0x11, 0x51, 0x33, 0x30, 0x38, 0x37, 0x36, last]);
        let addresses: std::collections::BTreeSet<[u8; 6]> = (0..=u8::MAX).map(chip).collect();
        assert_eq!(addresses.len(), 256);
        assert!(addresses.iter().all(|address| address[0] & 0b11 == 0b10), "{addresses:x?}");
        assert_eq!(chip(1), chip(1));
    }
}
