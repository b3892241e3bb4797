//! The Ethernet controller of a Stellaris LM3S6965
//!
//! Its data register gives each word of a frame once. This neither configures the PHY, which negotiates by itself, nor
//! watches the link.

use super::fifo::{FRAME, Fifo, Place};
use super::mmio::Block;

/// MACRIS when read, MACIACK when written
const INTERRUPTS: usize = 0x000;
/// RXINT, TXER, FOV, RXER
const RECEIVED: u32 = 1 << 0;
const TRANSMIT_ERROR: u32 = 1 << 1;
const OVERRUN: u32 = 1 << 3;
const RECEIVE_ERROR: u32 = 1 << 4;
/// MACIM
const INTERRUPT_MASK: usize = 0x004;
/// MACRCTL
const RECEIVE_CONTROL: usize = 0x008;
/// RXEN, BADCRC, RSTFIFO
const RECEIVE_ENABLE: u32 = 1 << 0;
const REJECT_BAD_CRC: u32 = 1 << 3;
const RESET_FIFO: u32 = 1 << 4;
/// MACTCTL
const TRANSMIT_CONTROL: usize = 0x00C;
/// TXEN, PADEN, CRC, DUPLEX
const TRANSMIT_ENABLE: u32 = 1 << 0;
const PAD: u32 = 1 << 1;
const APPEND_CRC: u32 = 1 << 2;
const DUPLEX: u32 = 1 << 4;
/// MACDATA
const DATA: usize = 0x010;
/// MACIA0, MACIA1
const ADDRESS_0: usize = 0x014;
const ADDRESS_1: usize = 0x018;
/// MACNP
const PACKETS: usize = 0x034;
const NUMBER: u32 = 0x3F;
/// MACTR.NEWTX
const TRANSMIT: usize = 0x038;
const NEW_TRANSMIT: u32 = 1 << 0;

/// Destination, source and type: what the length in the transmit FIFO does not count
const HEADER: usize = 14;
/// What the length in the receive FIFO counts besides the frame: itself and the CRC
const OVERHEAD: usize = 6;
/// How often the transmitter is asked whether the frame before has left: 1.2 ms at 10 Mbit/s, many times over
const TRANSMIT_PATIENCE: u32 = 1_000_000;

/// The controller
#[derive(Debug)]
pub struct Mac(Block);

impl Mac {
    /// Starts it; its clock must be on
    pub(crate) fn new(registers: Block, address: [u8; 6]) -> Self {
        let mut words = [[0; 4]; 2];
        words.as_flattened_mut()[..6].copy_from_slice(&address);
        registers.write(INTERRUPT_MASK, 0);
        registers.write(INTERRUPTS, u32::MAX);
        registers.write(ADDRESS_0, u32::from_le_bytes(words[0]));
        registers.write(ADDRESS_1, u32::from_le_bytes(words[1]));
        registers.write(RECEIVE_CONTROL, RESET_FIFO);
        registers.write(TRANSMIT_CONTROL, TRANSMIT_ENABLE | PAD | APPEND_CRC | DUPLEX);
        registers.write(RECEIVE_CONTROL, RECEIVE_ENABLE | REJECT_BAD_CRC);
        registers.write(INTERRUPT_MASK, RECEIVED | OVERRUN);
        Self(registers)
    }

    /// Frames in the FIFO: NPR
    fn packets(&self) -> u32 {
        self.0.read(PACKETS) & NUMBER
    }

    /// After an overrun the FIFO is emptied, once the frames that it holds have been taken
    ///
    /// Not before, and with the receiver off: QEMU hands on what waits outside a full FIFO only when the last frame inside
    /// has been read, and would never do so again.
    fn clear_errors(&self) {
        let pending = self.0.read(INTERRUPTS);
        let mut cleared = pending & (RECEIVE_ERROR | TRANSMIT_ERROR);
        if pending & OVERRUN != 0 {
            self.0.write(RECEIVE_CONTROL, REJECT_BAD_CRC);
            if self.packets() == 0 {
                self.0.write(RECEIVE_CONTROL, RESET_FIFO);
                cleared |= OVERRUN;
            }
            self.0.write(RECEIVE_CONTROL, RECEIVE_ENABLE | REJECT_BAD_CRC);
        }
        if cleared != 0 {
            self.0.write(INTERRUPTS, cleared);
        }
    }
}

impl Fifo for Mac {
    fn is_ready(&self) -> bool {
        self.packets() > 0 || self.0.read(INTERRUPTS) & OVERRUN != 0
    }

    fn take(&self, place: &mut Place) -> Option<usize> {
        self.clear_errors();
        if self.packets() == 0 {
            // The request stays set until it is acknowledged; a frame that came since then sets it again.
            self.0.write(INTERRUPTS, RECEIVED);
            if self.packets() == 0 {
                return None;
            }
        }
        // The first word: the length, then the first two bytes of the frame.
        let [low, high, first, second] = self.0.read(DATA).to_le_bytes();
        let total = usize::from(u16::from_le_bytes([low, high]));
        let frame = total.saturating_sub(OVERHEAD);
        let mut places = place.iter_mut();
        // The bytes lead: the other way round each end of a word would cost a place.
        for (byte, place) in [first, second].into_iter().zip(places.by_ref()) {
            *place = byte;
        }
        for _ in 1..total.div_ceil(4) {
            let word = self.0.read(DATA).to_le_bytes();
            for (byte, place) in word.into_iter().zip(places.by_ref()) {
                *place = byte;
            }
        }
        (1..=FRAME).contains(&frame).then_some(frame)
    }

    fn can_send(&self) -> bool {
        (0..TRANSMIT_PATIENCE).any(|_| self.0.read(TRANSMIT) & NEW_TRANSMIT == 0)
    }

    fn send(&self, frame: &[u8]) {
        let counted = u16::try_from(frame.len().saturating_sub(HEADER)).unwrap_or_default().to_le_bytes();
        let mut bytes = counted.iter().chain(frame).copied();
        while let Some(first) = bytes.next() {
            let mut next = || bytes.next().unwrap_or_default();
            self.0.write(DATA, u32::from_le_bytes([first, next(), next(), next()]));
        }
        self.0.write(TRANSMIT, NEW_TRANSMIT);
    }
}
