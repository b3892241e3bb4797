//! Microchip LAN8742A, an Ethernet PHY, behind the MAC's management lines
//!
//! It offers 100 Mbit/s full duplex only, which is what the MAC is set to: a partner that can do no more than 10 Mbit/s or
//! half duplex gets no link, rather than one that loses frames. A PHY that does not answer is a cable that is never in.

use core::task::Context;

use embassy_stm32::eth::{Phy, StationManagement};

/// Its address (data sheet, 3.7.1: PHYAD0 is pulled down)
const ADDRESS: u8 = 0;
/// Basic control: soft reset, auto-negotiation, begin it anew
const CONTROL: u8 = 0;
const RESET: u16 = 1 << 15;
const NEGOTIATE: u16 = 1 << 12;
const RESTART: u16 = 1 << 9;
/// Basic status: link, which stays down until it was read
const STATUS: u8 = 1;
const LINK: u16 = 1 << 2;
/// Auto-negotiation advertisement: 100BASE-TX full duplex, IEEE 802.3
const ADVERTISEMENT: u8 = 4;
const FULL_100: u16 = (1 << 8) | 1;
/// PHY special control/status: negotiated, and to what
const SPECIAL_STATUS: u8 = 31;
const SPECIAL_MASK: u16 = (1 << 12) | (0b111 << 2);
const NEGOTIATED_FULL_100: u16 = (1 << 12) | (0b110 << 2);
/// What a read gives where nobody answers
const NOBODY: u16 = 0xFFFF;
/// How often a reset is looked at: half a second (IEEE 802.3, 22.2.4.1.1) of reads that take 26 µs at least
const PATIENCE: u32 = 20_000;

/// The PHY
pub struct Lan8742a<S>(S);

impl<S: StationManagement> Lan8742a<S> {
    /// The one at these lines
    pub(crate) const fn new(lines: S) -> Self {
        Self(lines)
    }

    fn read(&mut self, register: u8) -> u16 {
        self.0.smi_read(ADDRESS, register)
    }

    fn write(&mut self, register: u8, value: u16) {
        self.0.smi_write(ADDRESS, register, value);
    }
}

impl<S: StationManagement> Phy for Lan8742a<S> {
    fn phy_reset(&mut self) {
        self.write(CONTROL, RESET);
        let _done = (0..PATIENCE).any(|_| self.read(CONTROL) & RESET == 0);
    }

    fn phy_init(&mut self) {
        self.write(ADVERTISEMENT, FULL_100);
        self.write(CONTROL, NEGOTIATE | RESTART);
    }

    fn poll_link(&mut self, _: &mut Context<'_>) -> bool {
        let status = self.read(STATUS);
        status != NOBODY && status & LINK != 0 && self.read(SPECIAL_STATUS) & SPECIAL_MASK == NEGOTIATED_FULL_100
    }
}
