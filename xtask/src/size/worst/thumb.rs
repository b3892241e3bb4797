//! What the instructions of a Cortex-M3 do to the stack, to the flow of control, and to addresses in registers
//!
//! A reader of Thumb-2 machine code for [`super::flow`]: lengths, jumps, calls, the stack pointer, and where a value that may
//! be the address of a function or of a table of them goes. What else an instruction computes is left out, but never which
//! registers it writes. It knows no floating point: on a Cortex-M3 there is none.

#[cfg(test)]
mod tests;

/// The stack pointer's number, the link register's, the program counter's
pub(super) const SP: u8 = 13;
pub(super) const LR: u8 = 14;
pub(super) const PC: u8 = 15;

/// One effect of an instruction; an instruction has them in order
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Goes on there, or behind the instruction too if it depends on a condition
    Jump { to: u32, conditional: bool },
    /// Goes on where the register says
    JumpRegister(u8),
    /// Goes on at one of the places that a table of offsets names, a byte or a halfword each: the one behind the instruction where
    /// the register is the program counter, else the one that it leads to
    Table { base: u8, wide: bool },
    /// Goes on at one of the jumps that follow in a row
    Row,
    /// Calls the function there
    Call(u32),
    /// Calls the function that the register names
    CallRegister(u8),
    /// Goes back to the caller
    Return,
    /// Goes nowhere: an instruction that faults by its definition
    Stop,
    /// The next `count` instructions are done only on a condition, where their bit of `then` is set, or only without it
    If { count: u8, then: u8 },
    /// Moves the stack pointer by so many bytes, down where negative
    Stack(i32),
    /// A register gets a number that is no address
    Number { to: u8 },
    /// A register gets an address within the code
    Address { to: u8, value: u32 },
    /// A register gets a number of sixteen bits, which may be half an address
    Low { to: u8, value: u32 },
    /// The upper half of a register gets a number
    High { to: u8, value: u32 },
    /// A register gets another one's value and a number
    Add { to: u8, from: u8, value: i32 },
    /// A register gets an address in the stack that cannot be told from the instruction alone
    Derive { to: u8 },
    /// A register gets the word at an address
    Literal { to: u8, at: u32 },
    /// A register gets the word so many bytes behind where another one points
    Load { to: u8, base: u8, offset: i32 },
    /// A register's word is stored so many bytes behind where another one points
    Store { from: u8, base: u8, offset: i32 },
    /// Less than a word is stored there
    StorePart { base: u8, offset: i32 },
    /// These registers, one bit each, are stored somewhere
    StoreAnywhere(u16),
    /// These registers, one bit each, get something else
    Write(u16),
    /// Not an instruction of a Cortex-M3's compiled code
    Unknown,
}

use Effect::{
    Add, Address, Call, CallRegister, Derive, High, If, Jump, JumpRegister, Literal, Load, Low, Number, Return, Row,
    Stack, Stop, Store, StoreAnywhere, StorePart, Table, Unknown, Write,
};

/// An instruction
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    /// Bytes that it takes: 2 or 4
    pub(super) length: u32,
    /// What it does, in order
    pub(super) effects: Vec<Effect>,
}

/// Reads the instruction at `at` from its first halfword and the one behind it
pub(super) fn decode(at: u32, first: u16, second: u16) -> Instruction {
    let (one, two) = (u32::from(first), u32::from(second));
    if one >> 11 < 0b11101 {
        Instruction { length: 2, effects: narrow(at, one) }
    } else {
        Instruction { length: 4, effects: wide(at, one, two) }
    }
}

/// `count` bits of `word` from bit `low` up
fn bits(word: u32, low: u32, count: u32) -> u32 {
    word >> low & ((1 << count) - 1)
}

/// The register that four bits or fewer name
#[expect(clippy::cast_possible_truncation, reason = "of four bits")]
fn register(word: u32, low: u32, count: u32) -> u8 {
    bits(word, low, count) as u8
}

fn is_set(word: u32, bit: u32) -> bool {
    bits(word, bit, 1) == 1
}

fn mask(registers: &[u8]) -> u16 {
    registers.iter().fold(0, |all, register| all | 1 << register)
}

/// A number of `count` bits with a sign
fn signed(word: u32, count: u32) -> i32 {
    (word << (32 - count)).cast_signed() >> (32 - count)
}

/// What an instruction's PC is, as an offset's base
fn base(at: u32) -> u32 {
    (at + 4) & !3
}

fn number(word: u32, is_added: bool) -> i32 {
    if is_added { word.cast_signed() } else { word.cast_signed().wrapping_neg() }
}

/// A register gets another's value and a number; where that is the stack pointer its own, the stack moves
fn add(to: u8, from: u8, value: i32) -> Effect {
    match (to, from) {
        (SP, SP) => Stack(value),
        (SP, _) => Write(mask(&[SP])),
        _ => Add { to, from, value },
    }
}

fn copy(to: u8, from: u8) -> Effect {
    // To a function the compiler goes by BX; this is how it makes a choice between too many places for a table of offsets.
    if to == PC { Row } else { add(to, from, 0) }
}

/// One register's word is stored, or loaded
fn word(is_load: bool, register: u8, base: u8, offset: i32) -> Effect {
    match (is_load, register) {
        // Only the stack has addresses to go back to; a jump through another table is none of a compiler's.
        (true, PC) if base == SP => Return,
        (true, PC) => Unknown,
        (true, to) => Load { to, base, offset },
        (false, from) => Store { from, base, offset },
    }
}

fn narrow(at: u32, one: u32) -> Vec<Effect> {
    let low = |from| register(one, from, 3);
    let byte = bits(one, 0, 8);
    let writes = |to: u8| vec![Write(mask(&[to]))];
    match one >> 11 {
        // LSL #0 is MOV.
        0 if bits(one, 6, 5) == 0 => vec![copy(low(0), low(3))],
        3 if is_set(one, 10) => vec![add(low(0), low(3), number(bits(one, 6, 3), !is_set(one, 9)))],
        0..=3 | 15 | 17 => writes(low(0)),
        4 => vec![Number { to: low(8) }],
        5 => vec![],
        6 => vec![add(low(8), low(8), number(byte, true))],
        7 => vec![add(low(8), low(8), number(byte, false))],
        8 if !is_set(one, 10) => match bits(one, 6, 4) {
            // TST, CMP and CMN.
            8 | 10 | 11 => vec![],
            _ => writes(low(0)),
        },
        8 => high_registers(one),
        9 => vec![Literal { to: low(8), at: base(at) + byte * 4 }],
        10 | 11 => match bits(one, 9, 3) {
            0 => vec![StoreAnywhere(mask(&[low(0)]))],
            1 | 2 => vec![],
            _ => writes(low(0)),
        },
        12 | 13 => vec![word(is_set(one, 11), low(0), low(3), number(bits(one, 6, 5) * 4, true))],
        14 | 16 => vec![StorePart { base: low(3), offset: number(bits(one, 6, 5) << (one >> 15), true) }],
        18 | 19 => vec![word(is_set(one, 11), low(8), SP, number(byte * 4, true))],
        20 => vec![Address { to: low(8), value: base(at) + byte * 4 }],
        21 => vec![add(low(8), SP, number(byte * 4, true))],
        22 | 23 => miscellaneous(at, one),
        24 => vec![StoreAnywhere(mask8(byte)), Write(mask(&[low(8)]))],
        25 => vec![Write(mask8(byte) | mask(&[low(8)]))],
        26 | 27 => match bits(one, 8, 4) {
            14 => vec![Stop],
            // SVC: whoever handles it may answer in the registers of a call.
            15 => vec![Write(mask(&[0, 1, 2, 3]))],
            _ => vec![Jump { to: offset(at, signed(byte, 8) * 2), conditional: true }],
        },
        _ => vec![Jump { to: offset(at, signed(bits(one, 0, 11), 11) * 2), conditional: false }],
    }
}

/// Where an instruction jumps to
fn offset(at: u32, by: i32) -> u32 {
    at.wrapping_add(4).wrapping_add_signed(by)
}

/// The registers of a list of eight
#[expect(clippy::cast_possible_truncation, reason = "of eight bits")]
fn mask8(list: u32) -> u16 {
    list as u16 & 0xFF
}

/// ADD, CMP, MOV, BX and BLX, which reach all registers
fn high_registers(one: u32) -> Vec<Effect> {
    let to = register(one, 0, 3) | register(one, 7, 1) << 3;
    let from = register(one, 3, 4);
    vec![match bits(one, 8, 2) {
        0 if to == SP => Write(mask(&[SP])),
        0 if to == PC => Unknown,
        0 if from == SP => Derive { to },
        0 => Write(mask(&[to])),
        1 => return vec![],
        2 => copy(to, from),
        _ if is_set(one, 7) => CallRegister(from),
        _ if from == LR => Return,
        _ => JumpRegister(from),
    }]
}

fn miscellaneous(at: u32, one: u32) -> Vec<Effect> {
    let low = |from| register(one, from, 3);
    let count = |list: u32| list.count_ones().cast_signed() * 4;
    match bits(one, 8, 4) {
        0 => vec![Stack(number(bits(one, 0, 7) * 4, !is_set(one, 7)))],
        // CBZ and CBNZ jump forward only.
        1 | 3 | 9 | 11 => {
            let by = bits(one, 9, 1) << 6 | bits(one, 3, 5) << 1;
            vec![Jump { to: offset(at, by.cast_signed()), conditional: true }]
        }
        2 | 10 => vec![Write(mask(&[low(0)]))],
        4 | 5 => vec![Stack(-count(bits(one, 0, 9)))],
        12 | 13 => {
            let pops = [Write(mask8(one)), Stack(count(bits(one, 0, 9)))];
            pops.into_iter().chain(is_set(one, 8).then_some(Return)).collect()
        }
        // BKPT: what listens may answer in the first register.
        14 => vec![Write(mask(&[0]))],
        15 if bits(one, 0, 4) != 0 => vec![condition(one)],
        _ => vec![],
    }
}

/// IT: the lowest bit of the condition again for each instruction that has the same one, and a 1 behind the last
fn condition(one: u32) -> Effect {
    let count = 4 - register(bits(one, 0, 4).trailing_zeros(), 0, 3);
    let is_then = |index: &u8| is_set(one, 4 - u32::from(*index)) == is_set(one, 4);
    If { count, then: (0..count).filter(is_then).fold(0, |then, index| then | 1 << index) }
}

fn wide(at: u32, one: u32, two: u32) -> Vec<Effect> {
    match (bits(one, 11, 2), bits(one, 9, 2)) {
        (1, 0) if is_set(one, 6) => two_words(at, one, two),
        (1, 0) => many(one, two),
        (1, 1) => shifted(one, two),
        (2, _) if is_set(two, 15) => branches(at, one, two),
        (2, _) => immediate(at, one, two),
        (3, 0) if !is_set(one, 8) || is_set(one, 4) => single(at, one, two),
        (3, 1) => {
            let (to, other) = (register(two, 8, 4), register(two, 12, 4));
            // A product of 64 bits has two registers; a quotient names the program counter as the second one.
            let both = is_set(one, 8) && is_set(one, 7) && other != PC;
            vec![Write(if both { mask(&[to, other]) } else { mask(&[to]) })]
        }
        _ => vec![Unknown],
    }
}

/// LDM and STM; at the stack pointer they are POP and PUSH
fn many(one: u32, two: u32) -> Vec<Effect> {
    let (pointer, writes_back, is_load) = (register(one, 0, 4), is_set(one, 5), is_set(one, 4));
    let Ok(list) = u16::try_from(two) else { return vec![Unknown] };
    let bytes = list.count_ones().cast_signed() * 4;
    let is_down = match bits(one, 7, 2) {
        1 => false,
        2 => true,
        _ => return vec![Unknown],
    };
    let mut effects = Vec::new();
    if is_load {
        effects.push(Write(list & !mask(&[PC, SP])));
    } else if pointer != SP || !writes_back {
        effects.push(StoreAnywhere(list));
    }
    if writes_back {
        effects.push(add(pointer, pointer, if is_down { -bytes } else { bytes }));
    }
    if is_load && list & mask(&[PC]) != 0 {
        effects.push(if pointer == SP { Return } else { Unknown });
    }
    effects
}

/// LDRD, STRD, the exclusive ones, and jumps by a table
fn two_words(at: u32, one: u32, two: u32) -> Vec<Effect> {
    let (pointer, is_load) = (register(one, 0, 4), is_set(one, 4));
    let (a, b) = (register(two, 12, 4), register(two, 8, 4));
    if one & 0xFFF0 == 0xE8D0 && two & 0xFFE0 == 0xF000 {
        return vec![Table { base: pointer, wide: is_set(two, 4) }];
    }
    let (is_before, writes_back) = (is_set(one, 8), is_set(one, 5));
    if !is_before && !writes_back {
        let all = mask(&[a, b, register(two, 0, 4)]) & !mask(&[PC]);
        return vec![StoreAnywhere(all), Write(all)];
    }
    let by = number(bits(two, 0, 8) * 4, is_set(one, 7));
    if pointer == PC {
        let from = base(at).wrapping_add_signed(by);
        return vec![Literal { to: a, at: from }, Literal { to: b, at: from + 4 }];
    }
    let from = if is_before { by } else { 0 };
    let mut effects = vec![word(is_load, a, pointer, from), word(is_load, b, pointer, from + 4)];
    if is_load && a == pointer {
        effects.reverse();
    }
    written_back(effects, pointer, by, from, writes_back)
}

/// `effects` at `from`, with the pointer moved before a store below the stack, and otherwise behind them
fn written_back(mut effects: Vec<Effect>, pointer: u8, by: i32, from: i32, writes_back: bool) -> Vec<Effect> {
    if !writes_back {
        return effects;
    }
    if from == 0 {
        // Going back is the last thing that an instruction does.
        let end = effects.len() - usize::from(effects.ends_with(&[Return]));
        effects.insert(end, add(pointer, pointer, by));
        return effects;
    }
    for effect in &mut effects {
        if let Load { offset, .. } | Store { offset, .. } | StorePart { offset, .. } = effect {
            *offset -= by;
        }
    }
    effects.insert(0, add(pointer, pointer, by));
    effects
}

/// Data processing with a shifted register
fn shifted(one: u32, two: u32) -> Vec<Effect> {
    let (operation, from, to) = (bits(one, 5, 4), register(one, 0, 4), register(two, 8, 4));
    let is_plain = bits(two, 12, 3) == 0 && bits(two, 4, 4) == 0;
    match (operation, to) {
        (2, _) if from == PC && is_plain => vec![copy(to, register(two, 0, 4))],
        // Comparisons.
        (_, PC) => vec![],
        (8 | 13, _) if to != SP && from == SP => vec![Derive { to }],
        _ => vec![Write(mask(&[to]))],
    }
}

/// Data processing with a number
fn immediate(at: u32, one: u32, two: u32) -> Vec<Effect> {
    let (from, to) = (register(one, 0, 4), register(two, 8, 4));
    let twelve = bits(one, 10, 1) << 11 | bits(two, 12, 3) << 8 | bits(two, 0, 8);
    if is_set(one, 9) {
        let sixteen = bits(one, 0, 4) << 12 | twelve;
        return vec![match bits(one, 4, 5) {
            0 if from == PC => Address { to, value: base(at) + twelve },
            10 if from == PC => Address { to, value: base(at) - twelve },
            0 => add(to, from, number(twelve, true)),
            10 => add(to, from, number(twelve, false)),
            4 => Low { to, value: sixteen },
            12 => High { to, value: sixteen },
            _ => Write(mask(&[to])),
        }];
    }
    match bits(one, 5, 4) {
        2 | 3 if from == PC => vec![Number { to }],
        _ if to == PC => vec![],
        8 => vec![add(to, from, number(expanded(twelve), true))],
        13 => vec![add(to, from, number(expanded(twelve), false))],
        _ => vec![Write(mask(&[to]))],
    }
}

/// The number that twelve bits stand for: a byte, repeated or rotated
fn expanded(twelve: u32) -> u32 {
    let byte = bits(twelve, 0, 8);
    match bits(twelve, 8, 4) {
        0 => byte,
        1 => byte << 16 | byte,
        2 => byte << 24 | byte << 8,
        3 => byte << 24 | byte << 16 | byte << 8 | byte,
        _ => (0x80 | bits(twelve, 0, 7)).rotate_right(bits(twelve, 7, 5)),
    }
}

fn branches(at: u32, one: u32, two: u32) -> Vec<Effect> {
    let (sign, j1, j2) = (bits(one, 10, 1), bits(two, 13, 1), bits(two, 11, 1));
    let low = bits(two, 0, 11) << 1;
    let far = sign << 24 | (!(j1 ^ sign) & 1) << 23 | (!(j2 ^ sign) & 1) << 22 | bits(one, 0, 10) << 12 | low;
    match (is_set(two, 14), is_set(two, 12)) {
        (true, true) => vec![Call(offset(at, signed(far, 25)))],
        (false, true) => vec![Jump { to: offset(at, signed(far, 25)), conditional: false }],
        (true, false) => vec![Unknown],
        (false, false) if bits(one, 7, 3) != 7 => {
            let near = sign << 20 | j2 << 19 | j1 << 18 | bits(one, 0, 6) << 12 | low;
            vec![Jump { to: offset(at, signed(near, 21)), conditional: true }]
        }
        (false, false) => match bits(one, 4, 7) {
            // MSR of the main or the process stack's pointer.
            0x38 | 0x39 if matches!(bits(two, 0, 8), 8 | 9) => vec![Write(mask(&[SP]))],
            0x38..=0x3B => vec![],
            0x3E | 0x3F if bits(two, 12, 4) == 8 => vec![Write(mask(&[register(two, 8, 4)]))],
            0x7F if bits(two, 12, 4) == 0xA => vec![Stop],
            _ => vec![Unknown],
        },
    }
}

/// Load and store of one register
fn single(at: u32, one: u32, two: u32) -> Vec<Effect> {
    let (pointer, register, is_load) = (register(one, 0, 4), register(two, 12, 4), is_set(one, 4));
    let is_word = bits(one, 5, 2) == 2;
    let access = |offset| match (is_word, is_load) {
        (true, _) => word(is_load, register, pointer, offset),
        // A hint to load early.
        (false, true) if register == PC => Write(0),
        (false, true) => Write(mask(&[register])),
        (false, false) => StorePart { base: pointer, offset },
    };
    if pointer == PC {
        let literal = base(at).wrapping_add_signed(number(bits(two, 0, 12), is_set(one, 7)));
        return vec![if is_word && register != PC { Literal { to: register, at: literal } } else { access(0) }];
    }
    if is_set(one, 7) {
        return vec![access(number(bits(two, 0, 12), true))];
    }
    if !is_set(two, 11) {
        // By a register: who knows where.
        return vec![match (is_word, is_load, register) {
            (true, true, PC) => Unknown,
            (true, false, _) => StoreAnywhere(mask(&[register])),
            (false, true, to) if to != PC => Write(mask(&[to])),
            (true, true, to) => Write(mask(&[to])),
            (false, ..) => Write(0),
        }];
    }
    let by = number(bits(two, 0, 8), is_set(two, 9));
    let from = if is_set(two, 10) { by } else { 0 };
    written_back(vec![access(from)], pointer, by, from, is_set(two, 8))
}
