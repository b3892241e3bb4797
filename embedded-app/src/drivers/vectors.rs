//! The vector table behind the exceptions, which is where interrupts have their handlers
//!
//! There are none: what wakes the processor is on only while no handler runs ([`crate::board`]'s sleep). Without
//! this the start-up's crate would fill the table for every interrupt that any Cortex-M may have: a kilobyte.

#![expect(unsafe_code, reason = "the linker finds the table by its name and section")]

/// What stands behind the exceptions; the linker script insists on one entry
// SAFETY: no interrupt is ever taken, so that no entry is ever read, and the name is the one that cortex-m-rt documents.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".vector_table.interrupts")]
static __INTERRUPTS: [u32; 1] = [0];
