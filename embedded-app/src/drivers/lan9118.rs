//! SMSC LAN9118, an Ethernet controller on the memory bus
//!
//! It starts the PHY's negotiation and does not watch the link.

use super::fifo::{FRAME, Fifo, Place};
use super::mmio::Block;

/// RX and TX data FIFO ports, RX and TX status FIFO ports
const RECEIVE_DATA: usize = 0x00;
const TRANSMIT_DATA: usize = 0x20;
const RECEIVE_STATUS: usize = 0x40;
const TRANSMIT_STATUS: usize = 0x48;
/// `IRQ_CFG`, `INT_STS`, `INT_EN`, `FIFO_INT`
const INTERRUPT_CONFIG: usize = 0x54;
const INTERRUPTS: usize = 0x58;
const INTERRUPT_ENABLE: usize = 0x5C;
const FIFO_LEVELS: usize = 0x68;
/// `TX_CFG`, `HW_CFG`, `RX_FIFO_INF`, `TX_FIFO_INF`, `PMT_CTRL`
const TRANSMIT_CONFIG: usize = 0x70;
const HARDWARE_CONFIG: usize = 0x74;
const RECEIVE_FIFO: usize = 0x7C;
const TRANSMIT_FIFO: usize = 0x80;
const POWER: usize = 0x84;
/// `MAC_CSR_CMD`, `MAC_CSR_DATA`: the way to the MAC's own registers
const MAC_COMMAND: usize = 0xA4;
const MAC_DATA: usize = 0xA8;

/// `IRQ_CFG`: `IRQ_EN`, push-pull, active high
const INTERRUPT_PIN: u32 = (1 << 8) | (1 << 4) | (1 << 0);
/// `INT_STS`: RSFL, more in the RX status FIFO than `FIFO_INT` says, which is 0
const RECEIVED: u32 = 1 << 3;
/// `TX_CFG`.`TX_ON`
const TRANSMIT_ON: u32 = 1 << 1;
/// `HW_CFG`: SRST; SF, which must be one, with 5 KiB for transmission
const SOFT_RESET: u32 = 1 << 0;
const STORE_AND_FORWARD: u32 = (1 << 20) | (5 << 16);
/// `PMT_CTRL.READY`
const READY: u32 = 1 << 0;
/// `MAC_CSR_CMD`: busy, read
const BUSY: u32 = 1 << 31;
const READ: u32 = 1 << 30;
/// `MAC_CR`, ADDRH, ADDRL, `MII_ACC`, `MII_DATA`
const MAC_CONTROL: u32 = 1;
const ADDRESS_HIGH: u32 = 2;
const ADDRESS_LOW: u32 = 3;
const PHY_ACCESS: u32 = 6;
const PHY_DATA: u32 = 7;
/// `MAC_CR`: full duplex, TXEN, RXEN
const MAC_ON: u32 = (1 << 20) | (1 << 3) | (1 << 2);
/// `MII_ACC`: PHY 1, register 0, write; the PHY's control: negotiate, and do it now
const PHY_CONTROL: u32 = (1 << 11) | (1 << 1) | 1;
const NEGOTIATE: u32 = 0x1200;
/// TX command A: first and last segment; both commands hold the length
const WHOLE: u32 = (1 << 13) | (1 << 12);
/// RX status: error; the length is at bit 16
const RECEIVE_ERROR: u32 = 1 << 15;

/// Bytes of the CRC that a length of the RX status FIFO counts
const CRC: usize = 4;
/// Room in the TX data FIFO for a frame and its two commands
const ROOM: u32 = 1_514 + 8 + 3;
/// How often the controller is asked whether it is done
const PATIENCE: u32 = 100_000;

/// The controller
#[derive(Debug)]
pub struct Lan9118(Block);

impl Lan9118 {
    /// Starts it
    pub(crate) fn new(registers: Block) -> Self {
        registers.write(HARDWARE_CONFIG, SOFT_RESET);
        let lan = Self(registers);
        lan.until(|registers| registers.read(HARDWARE_CONFIG) & SOFT_RESET == 0);
        lan.until(|registers| registers.read(POWER) & READY != 0);
        lan.0.write(HARDWARE_CONFIG, STORE_AND_FORWARD);
        lan.0.write(INTERRUPTS, u32::MAX);
        lan.0.write(FIFO_LEVELS, 0);
        lan.0.write(INTERRUPT_CONFIG, INTERRUPT_PIN);
        lan.0.write(INTERRUPT_ENABLE, RECEIVED);
        lan.write_mac(PHY_DATA, NEGOTIATE);
        lan.write_mac(PHY_ACCESS, PHY_CONTROL);
        lan.write_mac(MAC_CONTROL, MAC_ON);
        lan.0.write(TRANSMIT_CONFIG, TRANSMIT_ON);
        lan
    }

    /// The address that the controller's EEPROM gave it
    pub(crate) fn address(&self) -> [u8; 6] {
        let low = self.read_mac(ADDRESS_LOW).to_le_bytes();
        let high = self.read_mac(ADDRESS_HIGH).to_le_bytes();
        [low[0], low[1], low[2], low[3], high[0], high[1]]
    }

    fn until(&self, done: impl Fn(&Block) -> bool) -> bool {
        (0..PATIENCE).any(|_| done(&self.0))
    }

    #[inline(never)]
    fn mac(&self, command: u32) {
        self.0.write(MAC_COMMAND, BUSY | command);
        self.until(|registers| registers.read(MAC_COMMAND) & BUSY == 0);
    }

    fn read_mac(&self, register: u32) -> u32 {
        self.mac(READ | register);
        self.0.read(MAC_DATA)
    }

    fn write_mac(&self, register: u32, value: u32) {
        self.0.write(MAC_DATA, value);
        self.mac(register);
    }
}

impl Fifo for Lan9118 {
    fn is_ready(&self) -> bool {
        self.0.read(RECEIVE_FIFO) >> 16 != 0
    }

    fn take(&self, place: &mut Place) -> Option<usize> {
        if !self.is_ready() {
            // The request stays set until it is acknowledged; a frame that came since then sets it again.
            self.0.write(INTERRUPTS, RECEIVED);
            if !self.is_ready() {
                return None;
            }
        }
        let status = self.0.read(RECEIVE_STATUS);
        let total = usize::try_from((status >> 16) & 0x3FFF).unwrap_or_default();
        let mut places = place.iter_mut();
        for _ in 0..total.div_ceil(4) {
            let word = self.0.read(RECEIVE_DATA).to_le_bytes();
            // The bytes lead: the other way round each end of a word would cost a place.
            for (byte, place) in word.into_iter().zip(places.by_ref()) {
                *place = byte;
            }
        }
        let frame = total.saturating_sub(CRC);
        (status & RECEIVE_ERROR == 0 && (1..=FRAME).contains(&frame)).then_some(frame)
    }

    fn can_send(&self) -> bool {
        // What became of the frames before: nobody asks, but the FIFO would fill up.
        while (self.0.read(TRANSMIT_FIFO) >> 16) & 0xFF != 0 {
            self.0.read(TRANSMIT_STATUS);
        }
        self.0.read(TRANSMIT_FIFO) & 0xFFFF >= ROOM
    }

    fn send(&self, frame: &[u8]) {
        let length = u32::try_from(frame.len()).unwrap_or_default();
        self.0.write(TRANSMIT_DATA, WHOLE | length);
        self.0.write(TRANSMIT_DATA, length);
        for bytes in frame.chunks(4) {
            let mut word = [0; 4];
            word[..bytes.len()].copy_from_slice(bytes);
            self.0.write(TRANSMIT_DATA, u32::from_le_bytes(word));
        }
    }
}
