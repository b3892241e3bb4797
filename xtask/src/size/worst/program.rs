//! A firmware as code and words: its instructions, its functions, and where it stores their addresses
//!
//! It reads what is stored in flash; what the code does with it is [`super::flow`]'s.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;

use super::thumb::{self, Instruction};
use crate::size::Elf;

/// What the compiler calls a piece of code that several functions have in common: it is no function with frame and arguments
const SHARED: &str = "OUTLINED_FUNCTION_";

/// The symbol of places where instructions begin
const CODE: &str = "$t";

/// A section's bytes and where they are in the device
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) address: u32,
    pub(super) bytes: Vec<u8>,
}

impl Block {
    fn read(elf: &Elf<'_>, name: &str) -> anyhow::Result<Self> {
        let no_section = || format!("it has no {name}");
        let address = elf.range(name).with_context(no_section)?.start;
        Ok(Self { address: u32::try_from(address)?, bytes: elf.bytes(name).with_context(no_section)?.to_vec() })
    }

    fn at<const N: usize>(&self, address: u32) -> Option<[u8; N]> {
        let from = usize::try_from(address.checked_sub(self.address)?).ok()?;
        self.bytes.get(from..)?.first_chunk().copied()
    }

    /// The addresses that hold a word
    fn words(&self) -> impl Iterator<Item = (u32, u32)> {
        let first = self.address.next_multiple_of(4);
        (first..).step_by(4).map_while(|address| Some((address, u32::from_le_bytes(self.at(address)?))))
    }
}

/// A firmware
#[derive(Clone, Debug)]
pub(super) struct Program {
    code: Block,
    constants: Block,
    vectors: Vec<u32>,
    /// By address, with a name that people read
    functions: BTreeMap<u32, String>,
    /// Where code begins again behind data
    resumptions: BTreeSet<u32>,
    /// Functions by their places in tables of methods: bytes from the table's start
    methods: BTreeMap<i32, BTreeSet<u32>>,
    /// Functions whose addresses are stored elsewhere among the constants, or in variables from the start
    loose: BTreeSet<u32>,
}

impl Program {
    /// Reads a firmware's file
    pub(super) fn read(elf: &Elf<'_>) -> anyhow::Result<Self> {
        let mut functions = BTreeMap::new();
        for (address, name) in elf.functions().context("it has no symbols")? {
            functions.entry(address).or_insert_with(|| readable(name));
        }
        let table = Block::read(elf, ".vector_table")?;
        let vectors = table.words().map(|(_, word)| word).collect();
        let resumptions = elf.marks(CODE).context("it has no symbols")?;
        let (code, constants) = (Block::read(elf, ".text")?, Block::read(elf, ".rodata")?);
        let mut program = Self::new(code, constants, vectors, functions, resumptions);
        let variables: BTreeSet<u32> =
            Block::read(elf, ".data")?.words().filter_map(|(_, word)| program.function(word)).collect();
        program.loose.extend(variables);
        Ok(program)
    }

    /// A firmware of these parts; code begins again behind data at `resumptions`
    pub(super) fn new(
        code: Block,
        constants: Block,
        vectors: Vec<u32>,
        functions: BTreeMap<u32, String>,
        resumptions: BTreeSet<u32>,
    ) -> Self {
        let (methods, loose) = (BTreeMap::new(), BTreeSet::new());
        let mut program = Self { code, constants, vectors, functions, resumptions, methods, loose };
        program.sort_addresses();
        program
    }

    /// The instruction at an address
    pub(super) fn instruction(&self, at: u32) -> Option<Instruction> {
        let first = u16::from_le_bytes(self.code.at(at)?);
        let second = self.code.at(at + 2).map_or(0, u16::from_le_bytes);
        Some(thumb::decode(at, first, second))
    }

    /// A word that is stored in flash
    pub(super) fn word(&self, at: u32) -> Option<u32> {
        [&self.code, &self.constants].into_iter().find_map(|block| block.at(at)).map(u32::from_le_bytes)
    }

    /// Where a table of jumps leads to from an address, with halfwords in it or bytes
    pub(super) fn jumps(&self, from: u32, table: u32, wide: bool) -> Vec<u32> {
        let Some(&end) = self.resumptions.range(table..).next() else { return Vec::new() };
        let size = if wide { 2 } else { 1 };
        let entry = |at| {
            let two = u16::from_le_bytes(self.code.at(at)?);
            Some(u32::from(if wide { two } else { two & 0xFF }))
        };
        let entries = (table..end).step_by(size).filter_map(entry);
        // What fills up the last word is no entry: it leads into the table. Nor is what follows that, such as constants.
        entries.map(|entry| from + 2 * entry).take_while(|to| *to >= end).collect()
    }

    /// Whether an address is among the constants, where tables may be
    pub(super) fn is_constant(&self, at: u32) -> bool {
        at.is_multiple_of(4) && self.constants.at::<4>(at).is_some()
    }

    /// The function whose address a word is, as calls by registers have it
    pub(super) fn function(&self, word: u32) -> Option<u32> {
        (word & 1 == 1 && self.is_function(word & !1)).then_some(word & !1)
    }

    /// Whether a function begins there, rather than code that several functions have in common
    pub(super) fn is_function(&self, at: u32) -> bool {
        self.functions.get(&at).is_some_and(|name| !name.starts_with(SHARED))
    }

    /// Whether code begins there that several functions have in common
    pub(super) fn is_shared(&self, at: u32) -> bool {
        self.functions.get(&at).is_some_and(|name| name.starts_with(SHARED))
    }

    pub(super) fn name(&self, function: u32) -> String {
        self.functions.get(&function).map_or_else(|| format!("{function:#x}"), Clone::clone)
    }

    /// The functions that stand so many bytes from the start of a table of methods
    pub(super) fn methods(&self, offset: i32) -> impl Iterator<Item = u32> {
        self.methods.get(&offset).into_iter().flatten().copied()
    }

    /// The functions that stand anywhere in a table of methods
    pub(super) fn all_methods(&self) -> impl Iterator<Item = u32> {
        self.methods.values().flatten().copied()
    }

    /// The functions whose addresses are stored from the start outside tables of methods
    pub(super) fn loose(&self) -> impl Iterator<Item = u32> {
        self.loose.iter().copied()
    }

    /// Where the processor begins
    pub(super) fn start(&self) -> Option<u32> {
        self.function(*self.vectors.get(1)?)
    }

    /// What handles exceptions and interrupts, by number
    pub(super) fn handlers(&self) -> impl Iterator<Item = (usize, u32)> {
        let handlers = self.vectors.iter().enumerate().skip(2);
        handlers.filter_map(|(number, word)| Some((number, self.function(*word)?)))
    }

    /// Finds the addresses of functions among the constants, and which of them stand in tables of methods
    fn sort_addresses(&mut self) {
        /// What drops the value, or nothing; its size; its alignment
        const HEADER: u32 = 12;
        /// Longer tables than any trait here has
        const LONGEST: u32 = 64;
        let addresses: Vec<(u32, u32)> =
            self.constants.words().filter_map(|(at, word)| Some((at, self.function(word)?))).collect();
        for (at, function) in addresses {
            // What stands before a method: other methods, and before them the header. What drops the value begins it.
            let is_method = |at: u32| self.word(at).and_then(|word| self.function(word)).is_some();
            let first = (0..LONGEST).map(|index| at.wrapping_sub(4 * index)).take_while(|first| is_method(*first));
            let starts = first.map(|first| first.wrapping_sub(HEADER)).chain([at]);
            let places: Vec<u32> =
                starts.filter(|start| self.is_header(*start)).map(|start| at.wrapping_sub(start)).collect();
            if places.is_empty() {
                self.loose.insert(function);
            }
            for place in places {
                self.methods.entry(place.cast_signed()).or_default().insert(function);
            }
        }
    }

    /// Whether a table of methods could begin there
    fn is_header(&self, at: u32) -> bool {
        /// More than any value here takes
        const LARGEST: u32 = 64 * 1_024;
        let word = |offset: u32| self.word(at.wrapping_add(offset));
        let (Some(drop), Some(size), Some(align)) = (word(0), word(4), word(8)) else { return false };
        (drop == 0 || self.function(drop).is_some())
            && matches!(align, 1 | 2 | 4 | 8 | 16)
            && size % align == 0
            && size <= LARGEST
    }
}

/// A symbol as it stands in the source, without its hash
fn readable(name: &str) -> String {
    let name = addr2line::demangle_auto(name.into(), None);
    let hash =
        |hash: &str| hash.len() == 17 && hash.starts_with('h') && hash[1..].bytes().all(|b| b.is_ascii_hexdigit());
    match name.rsplit_once("::") {
        Some((path, last)) if hash(last) => path.to_owned(),
        _ => name.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_sorted_by_their_places_in_tables_of_methods() {
        const ONE: u32 = 0x10;
        const TWO: u32 = 0x20;
        const DROP: u32 = 0x30;
        let words = [0, 0, 1, ONE | 1, TWO | 1, DROP | 1, 8, 4, ONE | 1, 5, 6, 7, TWO | 1, TWO];
        let program = Program::new(
            Block { address: 0, bytes: Vec::new() },
            Block { address: 0x1000, bytes: words.iter().flat_map(|word: &u32| word.to_le_bytes()).collect() },
            Vec::new(),
            [ONE, TWO, DROP].map(|function| (function, String::new())).into(),
            BTreeSet::new(),
        );
        let methods = |offset| program.methods(offset).collect::<Vec<_>>();
        assert_eq!([methods(0), methods(12), methods(16)], [vec![DROP], vec![ONE], vec![TWO]]);
        assert_eq!(program.loose().collect::<Vec<_>>(), [TWO]);
    }

    #[test]
    fn names_are_those_of_the_source() {
        let name = "_ZN10proto_core4text4show8unsigned17h67ac52efb467dbb2E";
        assert_eq!(readable(name), "proto_core::text::show::unsigned");
        assert_eq!(readable("memcpy"), "memcpy");
    }
}
