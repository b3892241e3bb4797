//! Who called, read from the stack
//!
//! Every function that calls another keeps a frame: the frame of its caller, to which r7 points while it runs, and the
//! address to return to (the target's ABI has it so). It knows no names; `addr2line` does, with the firmware's file.

#![expect(unsafe_code, reason = "the stack is read through the frame register")]

use core::arch::asm;
use core::ptr;

unsafe extern "C" {
    /// Where the start-up put the stack: its highest address, from the linker
    static _stack_start: u32;
}

/// The addresses that calls return to, innermost first, as far as the stack is in order
pub(crate) fn callers() -> impl Iterator<Item = u32> {
    let mut frame: usize;
    // SAFETY: copies a register.
    unsafe { asm!("mov {}, r7", out(reg) frame, options(nomem, nostack, preserves_flags)) };
    let top = (&raw const _stack_start).addr();
    let mut lowest = frame;
    core::iter::from_fn(move || {
        let is_frame = frame >= lowest && frame.is_multiple_of(4) && frame.checked_add(8).is_some_and(|end| end <= top);
        if !is_frame {
            return None;
        }
        // SAFETY: two words within the stack, which is memory, whatever they are.
        let [older, back] = unsafe { ptr::with_exposed_provenance::<[u32; 2]>(frame).read_volatile() };
        lowest = frame + 8;
        frame = usize::try_from(older).ok()?;
        // The lowest bit says that it is Thumb code.
        Some(back & !1)
    })
}
