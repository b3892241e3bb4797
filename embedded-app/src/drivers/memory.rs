//! Copying, filling and comparing memory, in 150 bytes
//!
//! The functions that the compiler calls for that, in place of the ones that come with Rust, which are faster with blocks
//! far longer than any here and take 3 KiB. Words are moved wherever they stand: a Cortex-M3 reads and writes them unaligned.

#![expect(unsafe_code, reason = "the compiler finds these functions by their names")]

use core::arch::global_asm;

// Names, arguments and results are those of the C standard and of Arm's run-time ABI (4.3.4, memory copying, clearing, and
// setting). `memcpy` may overlap here as well, so that it is `memmove`.
global_asm!(
    ".macro slp_function name",
    "  .global \\name",
    "  .type \\name, %function",
    "  .thumb_func",
    "  \\name:",
    ".endm",
    ".section .text.slp_memory, \"ax\", %progbits",
    ".balign 4",
    // r0: to, r1: from, r2: how many bytes. r12: the result.
    "slp_function memcpy",
    "slp_function memmove",
    "slp_function __aeabi_memcpy",
    "slp_function __aeabi_memcpy4",
    "slp_function __aeabi_memcpy8",
    "slp_function __aeabi_memmove",
    "slp_function __aeabi_memmove4",
    "slp_function __aeabi_memmove8",
    "  mov r12, r0",
    "  subs r3, r0, r1",
    "  cmp r3, r2",
    "  blo 3f",
    // Upwards: what is overwritten has been read.
    "1: subs r2, r2, #4",
    "  ittt hs",
    "  ldrhs r3, [r1], #4",
    "  strhs r3, [r0], #4",
    "  bhs 1b",
    "  adds r2, r2, #4",
    "2: subs r2, r2, #1",
    "  ittt hs",
    "  ldrbhs r3, [r1], #1",
    "  strbhs r3, [r0], #1",
    "  bhs 2b",
    "  mov r0, r12",
    "  bx lr",
    // Downwards, where the end of what is read is overwritten.
    "3: subs r2, r2, #1",
    "  ittt hs",
    "  ldrbhs r3, [r1, r2]",
    "  strbhs r3, [r0, r2]",
    "  bhs 3b",
    "  bx lr",
    // r0: where, r1: the byte, r2: how many.
    "slp_function memset",
    "  mov r3, r1",
    "  mov r1, r2",
    "  mov r2, r3",
    "  b 4f",
    // r0: where, r1: how many.
    "slp_function __aeabi_memclr",
    "slp_function __aeabi_memclr4",
    "slp_function __aeabi_memclr8",
    "  movs r2, #0",
    // r0: where, r1: how many, r2: the byte.
    "slp_function __aeabi_memset",
    "slp_function __aeabi_memset4",
    "slp_function __aeabi_memset8",
    "4: mov r12, r0",
    "  uxtb r2, r2",
    "  orr r2, r2, r2, lsl #8",
    "  orr r2, r2, r2, lsl #16",
    "5: subs r1, r1, #4",
    "  itt hs",
    "  strhs r2, [r0], #4",
    "  bhs 5b",
    "  adds r1, r1, #4",
    "6: subs r1, r1, #1",
    "  itt hs",
    "  strbhs r2, [r0], #1",
    "  bhs 6b",
    "  mov r0, r12",
    "  bx lr",
    // r0, r1: what is compared, r2: how many bytes.
    "slp_function memcmp",
    "slp_function bcmp",
    "7: subs r2, r2, #1",
    "  blo 8f",
    "  ldrb r3, [r0], #1",
    "  ldrb r12, [r1], #1",
    "  subs r3, r3, r12",
    "  beq 7b",
    "  mov r0, r3",
    "  bx lr",
    "8: movs r0, #0",
    "  bx lr",
    ".purgem slp_function",
);
