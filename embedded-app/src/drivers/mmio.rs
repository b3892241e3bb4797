//! Registers of 32 bits at fixed addresses
//!
//! It does not know which registers there are, and does not keep two owners of a peripheral apart: whoever makes a
//! [`Block`] promises that.

#![expect(unsafe_code, reason = "registers are reached through their addresses and in no other way")]

use core::ptr;

/// The registers of one peripheral
#[derive(Debug)]
pub(crate) struct Block {
    base: usize,
}

impl Block {
    /// The registers from `base` on
    ///
    /// # Safety
    /// `base` is where the data sheet has a peripheral that nothing else uses, every offset that is read or written
    /// is one of its registers, and none of them makes the peripheral touch memory.
    pub(crate) const unsafe fn new(base: usize) -> Self {
        Self { base }
    }

    /// Reads the register at `offset`
    pub(crate) fn read(&self, offset: usize) -> u32 {
        // SAFETY: `new`'s caller promised that this is a register; all offsets are multiples of 4 and so are bases.
        unsafe { ptr::with_exposed_provenance::<u32>(self.base.wrapping_add(offset)).read_volatile() }
    }

    /// Writes the register at `offset`
    pub(crate) fn write(&self, offset: usize, value: u32) {
        // SAFETY: as in `read`; the peripheral does not touch memory, whatever is written.
        unsafe { ptr::with_exposed_provenance_mut::<u32>(self.base.wrapping_add(offset)).write_volatile(value) }
    }

    /// Sets the bits `set` and clears the bits `clear` of the register at `offset`
    #[cfg(feature = "lm3s6965evb")]
    pub(crate) fn change(&self, offset: usize, clear: u32, set: u32) {
        self.write(offset, (self.read(offset) & !clear) | set);
    }
}
