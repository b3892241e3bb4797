//! A firmware of a few functions, as an assembler makes it, and who calls whom in it

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::size::worst::bound;
use crate::size::worst::program::Block;

const START: u32 = 0x100;
const SHOW: u32 = 0x134;
const NEAR: u32 = 0x13C;
const FAR: u32 = 0x142;
const LEAF: u32 = 0x148;
const NEVER: u32 = 0x14A;
const COMMON: u32 = 0x150;
const CHOICE: u32 = 0x16A;
const OPEN: u32 = 0x182;
const ODD: u32 = 0x188;

#[rustfmt::skip]
const CODE: [u16; 70] = [
    // start: push {r7, lr}; ldr r1, =table; bl show: a table that is known is passed
    0xB580, 0x490A, 0xF000, 0xF816,
    // ldr r2, =leaf; sub sp, #16; str r2, [sp, #4]; movs r2, #0; ldr r3, [sp, #4]; blx r3; add sp, #16
    0xF8DF, 0x2024, 0xB084, 0x9201, 0x2200, 0x9B01, 0x4798, 0xB004,
    // bl common; bl choice; bl never; what follows is never done: push {r0-r7}; bl never; nop
    0xF000, 0xF81A, 0xF000, 0xF825, 0xF000, 0xF813, 0xB4FF, 0xF000, 0xF810, 0xBF00,
    // the words of the table's and of leaf's addresses
    0x1000, 0x0000, 0x0149, 0x0000,
    // show: push {r4, lr}; ldr r3, [r1, #12]; blx r3; pop {r4, pc}
    0xB510, 0x68CB, 0x4798, 0xBD10,
    // near: sub sp, #100; add sp, #100; bx lr
    0xB099, 0xB019, 0x4770,
    // far: sub sp, #400; add sp, #400; bx lr
    0xB0E4, 0xB064, 0x4770,
    // leaf: bx lr
    0x4770,
    // never: str lr, [sp, #-8]!; b .
    0xF84D, 0xED08, 0xE7FE,
    // common: push {r4, r5, r6, lr}; ldr r2, =table; bl shared; blx r6; b shared_end; nop; the table's address
    0xB570, 0xF8DF, 0x200C, 0xF000, 0xF805, 0x47B0, 0xE004, 0xBF00, 0x1000, 0x0000,
    // shared: ldr r6, [r2, #12]; bx lr; shared_end: pop {r4, r5, r6, pc}
    0x68D6, 0x4770, 0xBD70,
    // choice: push {r4, lr}; tbb [pc, r0] with three places, and a byte that fills up
    0xB510, 0xE8DF, 0xF000, 0x0502, 0x0008,
    // pop.w {r4, lr}; b leaf; the next: bl open; nop; the last: pop {r4, pc}
    0xE8BD, 0x4010, 0xE7E6, 0xF000, 0xF802, 0xBF00, 0xBD10,
    // open: ldr r1, [r0]; ldr r3, [r1, #12]; bx r3: nobody knows which table
    0x6801, 0x68CB, 0x4718,
    // odd: mov sp, r4; bx lr
    0x46A5, 0x4770,
];

/// Two tables of methods: what drops the value, its size, its alignment, a method
const TABLES: [u32; 8] = [0, 0, 1, NEAR | 1, 0, 4, 4, FAR | 1];

fn firmware(start: u32) -> Program {
    let names = [
        (START, "start"),
        (SHOW, "show"),
        (NEAR, "near"),
        (FAR, "far"),
        (LEAF, "leaf"),
        (NEVER, "never"),
        (COMMON, "common"),
        (0x164, "OUTLINED_FUNCTION_0"),
        (0x168, "OUTLINED_FUNCTION_1"),
        (CHOICE, "choice"),
        (OPEN, "open"),
        (ODD, "odd"),
    ];
    Program::new(
        Block { address: START, bytes: CODE.iter().flat_map(|half| half.to_le_bytes()).collect() },
        Block { address: 0x1000, bytes: TABLES.iter().flat_map(|word| word.to_le_bytes()).collect() },
        vec![0x2000_1000, start | 1, LEAF | 1],
        names.map(|(address, name)| (address, name.to_owned())).into(),
        BTreeSet::from([START, SHOW, 0x164, 0x174]),
    )
}

fn node(frame: u32, edges: &[(u32, u32, bool)]) -> Node {
    let edge = |&(depth, callee, is_certain): &_| Edge { depth, callee, is_certain };
    Node { frame, edges: edges.iter().map(edge).collect() }
}

#[test]
fn calls_are_found_by_what_their_registers_hold() {
    let graph = graph(&firmware(START));
    let expected = BTreeMap::from([
        (START, node(24, &[(8, SHOW, true), (24, LEAF, true), (8, COMMON, true), (8, CHOICE, true), (8, NEVER, true)])),
        (SHOW, node(8, &[(8, NEAR, true)])),
        (NEAR, node(100, &[])),
        (FAR, node(400, &[])),
        (LEAF, node(0, &[])),
        (NEVER, node(8, &[])),
        (COMMON, node(16, &[(16, NEAR, true)])),
        (CHOICE, node(8, &[(0, LEAF, true), (8, OPEN, true)])),
        (OPEN, node(0, &[(0, NEAR, false), (0, FAR, false)])),
    ]);
    assert_eq!(graph.nodes, expected);
    assert_eq!((graph.open, graph.unknown), (1, BTreeSet::new()));
}

#[test]
fn unknown_table_counts_with_the_deepest_of_all() {
    let graph = graph(&firmware(START));
    assert_eq!(bound::bounds(&graph, false).of[&START].bytes, 8 + 16 + 100);
    assert_eq!(bound::bounds(&graph, true).of[&START].bytes, 8 + 8 + 400);
}

#[test]
fn stack_pointer_from_elsewhere_is_nothing_to_be_told_a_bound_of() {
    assert_eq!(graph(&firmware(ODD)).unknown, BTreeSet::from([ODD]));
}

const PASSES: u32 = 0x100;
const TAKER: u32 = 0x124;
const POINTED: u32 = 0x128;
const LOOSE: u32 = 0x12A;
const UNEVEN: u32 = 0x12E;

#[rustfmt::skip]
const POINTERS: [u16; 25] = [
    // passes: push {r4, lr}; sub sp, #8; ldr r0, =pointed; str r0, [sp, #4]; add r0, sp, #4; bl taker
    0xB510, 0xB082, 0x4806, 0x9001, 0xA801, 0xF000, 0xF80B,
    // ldr r2, [sp, #4]; blx r2; add sp, #8: taker may have changed that word
    0x9A01, 0x4790, 0xB002,
    // cmp r0, #0; itt ne; popne.w {r4, lr}; bxne lr; pop {r4, pc}; pointed's address
    0x2800, 0xBF1C, 0xE8BD, 0x4010, 0x4770, 0xBD10, 0x0129, 0x0000,
    // taker: ldr r1, [r0]; bx r1
    0x6801, 0x4708,
    // pointed: bx lr
    0x4770,
    // loose: push {r4, lr}; pop {r4, pc}
    0xB510, 0xBD10,
    // uneven: push {r4, lr}; bx lr
    0xB510, 0x4770,
];

fn pointers(start: u32) -> Program {
    let names = [(PASSES, "passes"), (TAKER, "taker"), (POINTED, "pointed"), (LOOSE, "loose"), (UNEVEN, "uneven")];
    let constants: [u32; 4] = [u32::MAX, u32::MAX, u32::MAX, LOOSE | 1];
    Program::new(
        Block { address: PASSES, bytes: POINTERS.iter().flat_map(|half| half.to_le_bytes()).collect() },
        Block { address: 0x1000, bytes: constants.iter().flat_map(|word| word.to_le_bytes()).collect() },
        vec![0x2000_1000, start | 1],
        names.map(|(address, name)| (address, name.to_owned())).into(),
        BTreeSet::from([PASSES, TAKER]),
    )
}

#[test]
fn word_that_others_point_to_may_be_every_function_that_is_stored() {
    let graph = graph(&pointers(PASSES));
    let expected = BTreeMap::from([
        (PASSES, node(16, &[(16, TAKER, true), (16, POINTED, false), (16, LOOSE, false)])),
        (TAKER, node(0, &[(0, POINTED, false), (0, LOOSE, false)])),
        (POINTED, node(0, &[])),
        (LOOSE, node(8, &[])),
    ]);
    assert_eq!(graph.nodes, expected);
    // One of the two ways through the conditional instructions gives back the frame, and so does the other one.
    assert_eq!((graph.open, graph.unknown), (2, BTreeSet::new()));
}

#[test]
fn function_that_keeps_some_of_the_stack_was_not_understood() {
    assert_eq!(graph(&pointers(UNEVEN)).unknown, BTreeSet::from([UNEVEN]));
}

#[test]
fn table_of_jumps_ends_where_code_begins_again() {
    assert_eq!(firmware(START).jumps(0x170, 0x170, false), [0x174, 0x17A, 0x180]);
    // As an instruction four bytes before it has it, whose first entry would lead into the table.
    assert_eq!(firmware(START).jumps(0x16C, 0x170, false), [0; 0]);
}

#[test]
fn table_of_jumps_ends_before_the_constants_behind_it() {
    // Two places; a nop that fills up; a constant; the places.
    let code = [0x0604_u16, 0xBF00, 0x1111, 0x0011, 0x4770, 0xBF00, 0x4770];
    let program = Program::new(
        Block { address: 0x100, bytes: code.iter().flat_map(|half| half.to_le_bytes()).collect() },
        Block { address: 0x1000, bytes: Vec::new() },
        Vec::new(),
        BTreeMap::new(),
        BTreeSet::from([0x108]),
    );
    assert_eq!(program.jumps(0x100, 0x100, false), [0x108, 0x10C]);
}
