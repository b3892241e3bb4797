//! Semihosting: what a debugger or QEMU does for the program
//!
//! The way in is `BKPT 0xAB` (Arm, "Semihosting for `AArch32` and `AArch64`", 2.3). Where nothing listens that is a
//! `HardFault`: only boards that always run under an emulator use this.

#![expect(unsafe_code, reason = "a semihosting call is a breakpoint instruction with two registers")]

use core::arch::asm;

use crate::settings::split_at_byte;

const SYS_GET_CMDLINE: u32 = 0x15;
const SYS_EXIT_EXTENDED: u32 = 0x20;
const ADP_STOPPED_APPLICATION_EXIT: u32 = 0x2_0026;

/// One call: `operation` in r0, the address of its parameters in r1, the answer in r0
///
/// # Safety
/// `parameters` is the block that the operation documents, and every address in it is valid for what is done there.
unsafe fn call(operation: u32, parameters: *mut u32) -> u32 {
    let answer;
    // SAFETY: the caller vouches for the block; the host changes r0 and the memory of the block and nothing else.
    unsafe { asm!("bkpt #0xAB", inout("r0") operation => answer, in("r1") parameters, options(nostack)) };
    answer
}

/// Ends the program with an exit status that the host's process gets
pub(crate) fn exit(status: u8) -> ! {
    let mut block = [ADP_STOPPED_APPLICATION_EXIT, u32::from(status)];
    loop {
        // SAFETY: SYS_EXIT_EXTENDED takes two words, reason and status, and writes nothing.
        unsafe { call(SYS_EXIT_EXTENDED, block.as_mut_ptr()) };
    }
}

/// The command line that the program was started with, with a question mark for every byte that is not ASCII
///
/// `None` where it does not fit `buffer`.
pub(crate) fn command_line(buffer: &mut [u8]) -> Option<&str> {
    let room = u32::try_from(buffer.len()).ok()?;
    let mut block = [buffer.as_mut_ptr().expose_provenance().try_into().ok()?, room];
    // SAFETY: SYS_GET_CMDLINE takes address and size of a buffer, which is ours for the call, writes a text that
    // ends with a zero within it, and its length to the second word.
    let failed = unsafe { call(SYS_GET_CMDLINE, block.as_mut_ptr()) } != 0;
    let length = usize::try_from(block[1]).ok()?;
    if failed {
        return None;
    }
    let text = buffer.get_mut(..length)?;
    for byte in text.iter_mut().filter(|byte| !byte.is_ascii()) {
        *byte = b'?';
    }
    // SAFETY: it is ASCII now, and so UTF-8; the check of the standard library is as large as a driver.
    let text = unsafe { core::str::from_utf8_unchecked(text) };
    Some(split_at_byte(text, 0).map_or(text, |(line, _)| line))
}
