//! Arm `PrimeCell` UART (PL011), as the Stellaris parts have it
//!
//! Reads and writes without waiting; the interrupt only wakes the core, no handler runs.

use super::mmio::Block;
use crate::board::Serial;

/// UARTDR
const DATA: usize = 0x000;
/// UARTFR
const FLAGS: usize = 0x018;
/// UARTFR.RXFE
const RECEIVE_EMPTY: u32 = 1 << 4;
/// UARTFR.TXFF
const TRANSMIT_FULL: u32 = 1 << 5;
/// UARTIBRD, UARTFBRD
const BAUD_INTEGER: usize = 0x024;
const BAUD_FRACTION: usize = 0x028;
/// UARTLCRH: 8 bits, FIFOs on
const LINE_CONTROL: usize = 0x02C;
const WORD_8_FIFO: u32 = 0x70;
/// UARTCTL: RXE, TXE, UARTEN
const CONTROL: usize = 0x030;
const ENABLE: u32 = 0x301;
/// UARTIM: RTIM, RXIM
const INTERRUPT_MASK: usize = 0x038;
const RECEIVE_INTERRUPTS: u32 = (1 << 6) | (1 << 4);

/// Bits a second on every line
const BAUD: u32 = 115_200;

/// One serial line, 115 200 bits a second, 8N1
#[derive(Debug)]
pub struct Uart(Block);

impl Uart {
    /// Sets the line up; clock and pins must be on. `clock` is the system clock in Hz
    pub(crate) fn new(block: Block, clock: u32) -> Self {
        // In 64ths, rounded: the data sheet's BRD = clock / (16 × baud).
        let divisor = (clock * 8 / BAUD).div_ceil(2);
        block.write(CONTROL, 0);
        block.write(BAUD_INTEGER, divisor / 64);
        block.write(BAUD_FRACTION, divisor % 64);
        block.write(LINE_CONTROL, WORD_8_FIFO);
        block.write(INTERRUPT_MASK, RECEIVE_INTERRUPTS);
        block.write(CONTROL, ENABLE);
        Self(block)
    }

    /// A line that was set up before
    pub(crate) const fn resume(block: Block) -> Self {
        Self(block)
    }

    /// Whether a byte can be read
    pub(crate) fn is_readable(&self) -> bool {
        self.0.read(FLAGS) & RECEIVE_EMPTY == 0
    }
}

impl Serial for Uart {
    fn read(&mut self) -> Option<u8> {
        // The byte is the lowest 8 bits; above are errors of the line.
        self.is_readable().then(|| self.0.read(DATA).to_le_bytes()[0])
    }

    fn write(&mut self, byte: u8) -> bool {
        let room = self.0.read(FLAGS) & TRANSMIT_FULL == 0;
        if room {
            self.0.write(DATA, u32::from(byte));
        }
        room
    }
}
