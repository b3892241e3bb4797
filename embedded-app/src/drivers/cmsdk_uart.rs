//! The UART of Arm's Cortex-M System Design Kit
//!
//! One byte deep in each direction. Reads and writes without waiting; the interrupt only wakes the core.

use super::mmio::Block;
use crate::board::Serial;

/// DATA, STATE, CTRL, INTCLEAR, BAUDDIV
const DATA: usize = 0x000;
const STATE: usize = 0x004;
const CONTROL: usize = 0x008;
const INTERRUPT_CLEAR: usize = 0x00C;
const BAUD_DIVISOR: usize = 0x010;
/// STATE: TX buffer full, RX buffer full
const TRANSMIT_FULL: u32 = 1 << 0;
const RECEIVE_FULL: u32 = 1 << 1;
/// CTRL: TX enable, RX enable, RX interrupt enable
const ENABLE: u32 = (1 << 0) | (1 << 1) | (1 << 3);
/// INTCLEAR: RX interrupt
const RECEIVE_INTERRUPT: u32 = 1 << 1;

/// Bits a second on every line
const BAUD: u32 = 115_200;

/// One serial line, 115 200 bits a second, 8N1
#[derive(Debug)]
pub struct CmsdkUart(Block);

impl CmsdkUart {
    /// Sets the line up; `clock` is the system clock in Hz
    pub(crate) fn new(block: Block, clock: u32) -> Self {
        block.write(BAUD_DIVISOR, clock / BAUD);
        block.write(CONTROL, ENABLE);
        Self(block)
    }

    /// A line that was set up before
    pub(crate) const fn resume(block: Block) -> Self {
        Self(block)
    }

    /// Whether a byte can be read
    pub(crate) fn is_readable(&self) -> bool {
        self.0.read(STATE) & RECEIVE_FULL != 0
    }
}

impl Serial for CmsdkUart {
    fn read(&mut self) -> Option<u8> {
        self.is_readable().then(|| {
            self.0.write(INTERRUPT_CLEAR, RECEIVE_INTERRUPT);
            self.0.read(DATA).to_le_bytes()[0]
        })
    }

    fn write(&mut self, byte: u8) -> bool {
        let room = self.0.read(STATE) & TRANSMIT_FULL == 0;
        if room {
            self.0.write(DATA, u32::from(byte));
        }
        room
    }
}
