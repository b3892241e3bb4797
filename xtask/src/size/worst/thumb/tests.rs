//! Encodings as an assembler makes them, each with what it does

use super::*;

/// Decodes at 0x100 and looks that the instruction has the length of its encoding
fn effects(halfwords: &[u16]) -> Vec<Effect> {
    at(0x100, halfwords)
}

fn at(address: u32, halfwords: &[u16]) -> Vec<Effect> {
    let instruction = decode(address, halfwords[0], halfwords.get(1).copied().unwrap_or(0xFFFF));
    assert_eq!(instruction.length, 2 * u32::try_from(halfwords.len()).unwrap(), "{halfwords:04x?}");
    instruction.effects
}

fn check(cases: &[(&str, &[u16], &[Effect])]) {
    for (assembler, halfwords, expected) in cases {
        assert_eq!(effects(halfwords), *expected, "{assembler}");
    }
}

#[test]
fn stack_pointer_moves_by_what_is_pushed_and_reserved() {
    check(&[
        ("push {r4, r5, r7, lr}", &[0xB5B0], &[Stack(-16)]),
        ("push.w {r8, r9, r10, r11}", &[0xE92D, 0x0F00], &[Stack(-16)]),
        ("str lr, [sp, #-8]!", &[0xF84D, 0xED08], &[Stack(-8), Store { from: LR, base: SP, offset: 0 }]),
        (
            "strd r4, r5, [sp, #-16]!",
            &[0xE96D, 0x4504],
            &[Stack(-16), Store { from: 4, base: SP, offset: 0 }, Store { from: 5, base: SP, offset: 4 }],
        ),
        ("sub sp, #28", &[0xB087], &[Stack(-28)]),
        ("sub.w sp, sp, #2592", &[0xF5AD, 0x6D22], &[Stack(-2_592)]),
        ("subw sp, sp, #2089", &[0xF6AD, 0x0D29], &[Stack(-2_089)]),
        ("add sp, #508", &[0xB07F], &[Stack(508)]),
        ("add.w sp, sp, #1024", &[0xF50D, 0x6D80], &[Stack(1_024)]),
        ("pop {r4, r7, pc}", &[0xBD90], &[Write(0x90), Stack(12), Return]),
        ("pop.w {r8, r11}", &[0xE8BD, 0x0900], &[Write(0x900), Stack(8)]),
        ("ldr r11, [sp], #4", &[0xF85D, 0xBB04], &[Load { to: 11, base: SP, offset: 0 }, Stack(4)]),
        ("mov sp, r4", &[0x46A5], &[Write(1 << SP)]),
        ("msr msp, r0", &[0xF380, 0x8808], &[Write(1 << SP)]),
    ]);
}

#[test]
fn jumps_and_calls_go_where_they_say() {
    let to = |to, conditional| vec![Jump { to, conditional }];
    for (assembler, address, halfwords, expected) in [
        ("b 0x100", 0x100, &[0xE7FE][..], to(0x100, false)),
        ("bne 0x100", 0x102, &[0xD1FD], to(0x100, true)),
        ("b 0x400", 0x104, &[0xE17C], to(0x400, false)),
        ("b.w 0x400", 0x106, &[0xF000, 0xB97B], to(0x400, false)),
        ("bne.w 0x400", 0x10A, &[0xF040, 0x8179], to(0x400, true)),
        ("bl 0x400", 0x10E, &[0xF000, 0xF977], vec![Call(0x400)]),
        ("bl 0x100", 0x112, &[0xF7FF, 0xFFF5], vec![Call(0x100)]),
        ("bl 0xc00104", 0x100, &[0xF000, 0xD000], vec![Call(0xC0_0104)]),
        ("bl 0x1800100", 0xC0_00FC, &[0xF000, 0xD000], vec![Call(0x180_0100)]),
        ("bl 0x100", 0xC0_00FC, &[0xF400, 0xD800], vec![Call(0x100)]),
        ("cbz r3, 0x122", 0x116, &[0xB123], to(0x122, true)),
        ("ldr r1, [pc, #40]", 0x118, &[0x490A], vec![Literal { to: 1, at: 0x144 }]),
        ("ldr.w r9, [pc, #-8]", 0x11C, &[0xF85F, 0x9008], vec![Literal { to: 9, at: 0x118 }]),
        ("adr r0, 0x12c", 0x120, &[0xA002], vec![Address { to: 0, value: 0x12C }]),
    ] {
        assert_eq!(at(address, halfwords), expected, "{assembler}");
    }
    check(&[
        ("bx lr", &[0x4770], &[Return]),
        ("bx r3", &[0x4718], &[JumpRegister(3)]),
        ("blx r9", &[0x47C8], &[CallRegister(9)]),
        ("mov pc, r5", &[0x46AF], &[Row]),
        ("tbb [pc, r0]", &[0xE8DF, 0xF000], &[Table { base: PC, wide: false }]),
        ("tbb [r4, r2]", &[0xE8D4, 0xF002], &[Table { base: 4, wide: false }]),
        ("tbh [pc, r1, lsl #1]", &[0xE8DF, 0xF011], &[Table { base: PC, wide: true }]),
        ("ldr pc, [sp], #8", &[0xF85D, 0xFB08], &[Stack(8), Return]),
        ("udf #0", &[0xDE00], &[Stop]),
        ("udf.w #0", &[0xF7F0, 0xA000], &[Stop]),
        ("it ne", &[0xBF18], &[If { count: 1, then: 0b1 }]),
        ("itte eq", &[0xBF06], &[If { count: 3, then: 0b011 }]),
        ("itett ne", &[0xBF17], &[If { count: 4, then: 0b1101 }]),
        ("vmov s0, r0", &[0xEE00, 0x0A10], &[Unknown]),
    ]);
}

#[test]
fn addresses_are_followed() {
    check(&[
        ("mov r11, r1", &[0x468B], &[Add { to: 11, from: 1, value: 0 }]),
        ("movs r1, r2", &[0x0011], &[Add { to: 1, from: 2, value: 0 }]),
        ("mov.w r8, r3", &[0xEA4F, 0x0803], &[Add { to: 8, from: 3, value: 0 }]),
        ("movw r1, #0x4555", &[0xF244, 0x5155], &[Low { to: 1, value: 0x4555 }]),
        ("movt r1, #0x2000", &[0xF2C2, 0x0100], &[High { to: 1, value: 0x2000 }]),
        ("movs r2, #200", &[0x22C8], &[Number { to: 2 }]),
        ("mov.w r5, #0xcccccccc", &[0xF04F, 0x35CC], &[Number { to: 5 }]),
        ("mvn r6, #15", &[0xF06F, 0x060F], &[Number { to: 6 }]),
        ("add r7, sp, #12", &[0xAF03], &[Add { to: 7, from: SP, value: 12 }]),
        ("add.w r11, sp, #208", &[0xF10D, 0x0BD0], &[Add { to: 11, from: SP, value: 208 }]),
        ("add r1, sp", &[0x4469], &[Derive { to: 1 }]),
        ("adds r0, r1, #4", &[0x1D08], &[Add { to: 0, from: 1, value: 4 }]),
        ("subs r2, #1", &[0x3A01], &[Add { to: 2, from: 2, value: -1 }]),
        ("sub.w r4, r7, #40", &[0xF1A7, 0x0428], &[Add { to: 4, from: 7, value: -40 }]),
        ("addw r1, r4, #1300", &[0xF204, 0x5114], &[Add { to: 1, from: 4, value: 1_300 }]),
    ]);
}

#[test]
fn loads_and_stores_are_of_the_words_they_name() {
    check(&[
        ("ldr r3, [r2, #12]", &[0x68D3], &[Load { to: 3, base: 2, offset: 12 }]),
        ("ldr r3, [sp, #8]", &[0x9B02], &[Load { to: 3, base: SP, offset: 8 }]),
        ("ldr.w r2, [r8, #943]", &[0xF8D8, 0x23AF], &[Load { to: 2, base: 8, offset: 943 }]),
        ("ldr r0, [r1, #-4]", &[0xF851, 0x0C04], &[Load { to: 0, base: 1, offset: -4 }]),
        (
            "ldr r0, [r1, #4]!",
            &[0xF851, 0x0F04],
            &[Add { to: 1, from: 1, value: 4 }, Load { to: 0, base: 1, offset: 0 }],
        ),
        ("ldr r0, [r1, r2]", &[0x5888], &[Write(1)]),
        ("ldrb r3, [r2, #1]", &[0x7853], &[Write(8)]),
        (
            "ldrd r1, r2, [r0, #8]",
            &[0xE9D0, 0x1202],
            &[Load { to: 1, base: 0, offset: 8 }, Load { to: 2, base: 0, offset: 12 }],
        ),
        // The second word first, as long as the register still points there.
        (
            "ldrd r0, r1, [r0]",
            &[0xE9D0, 0x0100],
            &[Load { to: 1, base: 0, offset: 4 }, Load { to: 0, base: 0, offset: 0 }],
        ),
        ("ldm r2, {r0, r1, r2}", &[0xCA07], &[Write(7)]),
        ("str r0, [r5, #4]", &[0x6068], &[Store { from: 0, base: 5, offset: 4 }]),
        ("str.w r9, [sp, #40]", &[0xF8CD, 0x9028], &[Store { from: 9, base: SP, offset: 40 }]),
        ("str r0, [r1, r2]", &[0x5088], &[StoreAnywhere(1)]),
        ("strb r0, [r1, #3]", &[0x70C8], &[StorePart { base: 1, offset: 3 }]),
        ("strh.w r0, [sp, #368]", &[0xF8AD, 0x0170], &[StorePart { base: SP, offset: 368 }]),
        (
            "strd r4, r6, [sp, #8]",
            &[0xE9CD, 0x4602],
            &[Store { from: 4, base: SP, offset: 8 }, Store { from: 6, base: SP, offset: 12 }],
        ),
        ("stm r0!, {r1, r2}", &[0xC006], &[StoreAnywhere(6), Write(1)]),
        ("stm.w r0, {r8, r9}", &[0xE880, 0x0300], &[StoreAnywhere(0x300)]),
    ]);
}

#[test]
fn what_is_computed_is_written_and_nothing_else() {
    check(&[
        ("cmp r0, #3", &[0x2803], &[]),
        ("tst.w r0, r1", &[0xEA10, 0x0F01], &[]),
        ("ldm r1!, {r3, r4}", &[0xC918], &[Write(0b1_1010)]),
        ("umull r0, r1, r2, r3", &[0xFBA2, 0x0103], &[Write(3)]),
        ("udiv r0, r1, r2", &[0xFBB1, 0xF0F2], &[Write(1)]),
        ("mrs r3, primask", &[0xF3EF, 0x8310], &[Write(8)]),
        ("cpsid i", &[0xB672], &[]),
        ("dsb sy", &[0xF3BF, 0x8F4F], &[]),
        ("bkpt #171", &[0xBEAB], &[Write(1)]),
        ("svc #0", &[0xDF00], &[Write(15)]),
        ("nop", &[0xBF00], &[]),
    ]);
}
