//! Division of 64-bit numbers, in 100 bytes
//!
//! The functions that the compiler calls for that, in place of the ones that come with Rust, which are faster and take
//! 1.5 KiB. It takes a dozen clocks for each bit of the quotient, and as many in all where the numbers fit 32 bits: times in
//! microseconds are divided a few times in a turn.

#![expect(unsafe_code, reason = "the compiler finds these functions by their names")]

use core::arch::global_asm;

// Names, arguments and results are those of Arm's run-time ABI (4.3.1, integer functions): r1:r0 by r3:r2, the quotient in
// r1:r0 and the remainder in r3:r2. The compiler has looked that the divisor is not zero.
global_asm!(
    ".section .text.slp_division, \"ax\", %progbits",
    ".balign 4",
    ".global __aeabi_uldivmod",
    ".type __aeabi_uldivmod, %function",
    ".thumb_func",
    "__aeabi_uldivmod:",
    "  orrs r12, r1, r3",
    "  bne 1f",
    "  mov r12, r0",
    "  udiv r0, r12, r2",
    "  mls r2, r0, r2, r12",
    "  bx lr",
    "1: push {{r4, r5, r6, r7, lr}}",
    // Moves the dividend's first one to the top; r6: the bits that are left.
    "  clz r12, r1",
    "  lsl r1, r1, r12",
    "  rsb r4, r12, #32",
    "  lsr r4, r0, r4",
    "  orr r1, r1, r4",
    "  lsl r0, r0, r12",
    "  rsb r6, r12, #64",
    // r5:r4: the remainder. Each turn moves a bit of the dividend into it, and a bit of the quotient takes its place. None leaves it
    // at the top: it is never more than the dividend's bits so far.
    "  movs r4, #0",
    "  movs r5, #0",
    "2: adds r0, r0, r0",
    "  adcs r1, r1, r1",
    "  adcs r4, r4, r4",
    "  adcs r5, r5, r5",
    "  cmp r5, r3",
    "  it eq",
    "  cmpeq r4, r2",
    "  blo 4f",
    "  subs r4, r4, r2",
    "  sbc r5, r5, r3",
    "  adds r0, r0, #1",
    "4: subs r6, r6, #1",
    "  bne 2b",
    "  mov r2, r4",
    "  mov r3, r5",
    "  pop {{r4, r5, r6, r7, pc}}",
    ".global __aeabi_ldivmod",
    ".type __aeabi_ldivmod, %function",
    ".thumb_func",
    "__aeabi_ldivmod:",
    // The quotient's sign is that of the product, the remainder's that of the dividend.
    "  eor r12, r1, r3",
    "  push {{r1, r12, lr}}",
    "  sub sp, #4",
    "  cmp r1, #0",
    "  bge 5f",
    "  rsbs r0, r0, #0",
    "  sbc r1, r1, r1, lsl #1",
    "5: cmp r3, #0",
    "  bge 6f",
    "  rsbs r2, r2, #0",
    "  sbc r3, r3, r3, lsl #1",
    "6: bl __aeabi_uldivmod",
    "  add sp, #4",
    "  pop {{r12}}",
    "  cmp r12, #0",
    "  bge 7f",
    "  rsbs r2, r2, #0",
    "  sbc r3, r3, r3, lsl #1",
    "7: pop {{r12, lr}}",
    "  cmp r12, #0",
    "  bge 8f",
    "  rsbs r0, r0, #0",
    "  sbc r1, r1, r1, lsl #1",
    "8: bx lr",
);
