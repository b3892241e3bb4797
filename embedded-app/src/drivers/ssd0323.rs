//! The OLED of the LM3S6965 evaluation board: an SSD0323 behind a PL022
//!
//! Written for the panel that QEMU has; the analogue settings are left as a reset of the controller makes them, which
//! nobody has looked at on a real panel.

use super::mmio::Block;
use super::stellaris_system::{Pin, set_pin};
use crate::display::Panel;

/// SSICR0, SSICR1, SSIDR, SSISR, SSICPSR
const CONTROL_0: usize = 0x000;
const CONTROL_1: usize = 0x004;
const DATA: usize = 0x008;
const STATUS: usize = 0x00C;
const PRESCALE: usize = 0x010;
/// SSISR.RNE
const RECEIVE_NOT_EMPTY: u32 = 1 << 2;
/// SSICR0: SCR 4, SPH and SPO set, eight bits: with the prescaler of 10 that is 1 MHz
const FORMAT: u32 = 0x4C7;
const DIVISOR: u32 = 10;
/// SSICR1.SSE
const ENABLE: u32 = 1 << 1;
/// How often a byte is waited for before it is given up
const PATIENCE: u32 = 100_000;

/// Set column address, set row address: first and last follow
const COLUMNS: u8 = 0x15;
const ROWS: u8 = 0x75;
const NOP: u8 = 0xE3;
/// Display off; contrast; full current; the left pixel in the high half; from the first line; 64 lines; normal; on
const START: [u8; 13] = [0xAE, 0x81, 0x60, 0x86, 0xA0, 0x52, 0xA1, 0x00, 0xA8, 0x3F, 0xA4, 0xAF, NOP];

/// The panel
#[derive(Debug)]
pub struct Oled {
    bus: Block,
    /// Low for commands, high for pixels
    data: Pin,
}

impl Oled {
    /// Starts it; clocks and pins must be on
    pub(crate) fn new(bus: Block, data: Pin) -> Self {
        bus.write(CONTROL_1, 0);
        bus.write(PRESCALE, DIVISOR);
        bus.write(CONTROL_0, FORMAT);
        bus.write(CONTROL_1, ENABLE);
        let oled = Self { bus, data };
        // A reset of the chip resets neither the controller nor its view of the line, which only a change moves; and
        // it may still wait for the rest of a command.
        set_pin(&oled.data, true);
        oled.commands(&[NOP; 9]);
        oled.commands(&START);
        oled
    }

    fn commands(&self, bytes: &[u8]) {
        set_pin(&self.data, false);
        self.send(bytes);
    }

    /// Each byte sent brings one back, which must be taken, or the bus stops when its FIFO is full
    fn send(&self, bytes: &[u8]) {
        for &byte in bytes {
            self.bus.write(DATA, u32::from(byte));
            if (0..PATIENCE).any(|_| self.bus.read(STATUS) & RECEIVE_NOT_EMPTY != 0) {
                self.bus.read(DATA);
            }
        }
    }
}

impl Panel for Oled {
    fn show(&mut self, first: usize, pixels: &[u8]) {
        let first = u8::try_from(first).unwrap_or_default();
        self.commands(&[COLUMNS, 0, 63, ROWS, first, 63]);
        set_pin(&self.data, true);
        self.send(pixels);
    }
}
