//! What a firmware's own tables say: sections, symbols, and what is stored where
//!
//! Only as much of ELF as a 32-bit little-endian program has, and nothing of what its code does.

use std::collections::BTreeSet;

/// Where the memory of every board begins
pub(crate) const RAM_START: u32 = 0x2000_0000;

const ALLOCATED: u32 = 1 << 1;
const NOTHING_STORED: u32 = 8;
const SYMBOLS: u32 = 2;
/// Bytes of a symbol's entry
const SYMBOL: usize = 16;
/// The kind of a symbol that is a function's
const FUNCTION: usize = 2;

/// Bytes of a firmware
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sections {
    /// Stored: vectors, code, constants, and what .data begins with
    pub(crate) flash: u32,
    /// .data and .bss
    pub(crate) ram: u32,
}

/// A firmware's file
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elf<'f> {
    file: &'f [u8],
}

#[derive(Clone, Copy, Debug)]
struct Section {
    name: u32,
    kind: u32,
    flags: u32,
    address: u32,
    offset: u32,
    size: u32,
    link: u32,
}

impl<'f> Elf<'f> {
    /// One that is for 32 bits and little-endian
    pub(crate) fn new(file: &'f [u8]) -> Option<Self> {
        file.starts_with(b"\x7fELF\x01\x01").then_some(Self { file })
    }

    fn word(&self, at: usize) -> Option<u32> {
        Some(u32::from_le_bytes(*self.file.get(at..)?.first_chunk()?))
    }

    fn half(&self, at: usize) -> Option<usize> {
        Some(u16::from_le_bytes(*self.file.get(at..)?.first_chunk()?).into())
    }

    fn section(&self, index: usize) -> Option<Section> {
        let header = usize::try_from(self.word(0x20)?).ok()? + index * self.half(0x2E)?;
        let field = |number: usize| self.word(header + 4 * number);
        Some(Section {
            name: field(0)?,
            kind: field(1)?,
            flags: field(2)?,
            address: field(3)?,
            offset: field(4)?,
            size: field(5)?,
            link: field(6)?,
        })
    }

    fn all(&self) -> Option<Vec<Section>> {
        (0..self.half(0x30)?).map(|index| self.section(index)).collect()
    }

    /// The text that begins at `offset` of a table of texts
    fn text(&self, table: Section, offset: u32) -> Option<&'f [u8]> {
        let from = self.file.get(usize::try_from(table.offset.checked_add(offset)?).ok()?..)?;
        from.split(|&byte| byte == 0).next()
    }

    /// The sections that are loaded, added up by where they are
    pub(crate) fn sections(&self) -> Option<Sections> {
        let mut total = Sections::default();
        for Section { kind, address, size, .. } in self.all()?.into_iter().filter(|one| one.flags & ALLOCATED != 0) {
            total.flash += if kind == NOTHING_STORED { 0 } else { size };
            total.ram += if address >= RAM_START { size } else { 0 };
        }
        Some(total)
    }

    /// Where a section's bytes are in the device, by its name
    pub(crate) fn range(&self, name: &str) -> Option<std::ops::Range<u64>> {
        let found = self.named(name)?;
        Some(u64::from(found.address)..u64::from(found.address) + u64::from(found.size))
    }

    fn named(&self, name: &str) -> Option<Section> {
        let names = self.section(self.half(0x32)?)?;
        self.all()?.into_iter().find(|one| self.text(names, one.name) == Some(name.as_bytes()))
    }

    /// A section's bytes, by its name
    pub(crate) fn bytes(&self, name: &str) -> Option<&'f [u8]> {
        let section = self.named(name)?;
        self.file.get(usize::try_from(section.offset).ok()?..)?.get(..usize::try_from(section.size).ok()?)
    }

    /// The value of a symbol
    pub(crate) fn symbol(&self, name: &str) -> Option<u32> {
        let (names, mut entries) = self.symbols()?;
        entries.find_map(|entry| {
            let found = self.text(names, self.word(entry)?)? == name.as_bytes();
            found.then(|| self.word(entry + 4)).flatten()
        })
    }

    /// Address and name of every function, without the bit that says that it is of Thumb
    pub(crate) fn functions(&self) -> Option<Vec<(u32, &'f str)>> {
        let (names, entries) = self.symbols()?;
        let is_function = |entry: &usize| self.half(entry + 12).is_some_and(|info| info & 0xF == FUNCTION);
        let function = |entry: usize| {
            Some((self.word(entry + 4)? & !1, std::str::from_utf8(self.text(names, self.word(entry)?)?).ok()?))
        };
        entries.filter(is_function).map(function).collect()
    }

    /// The addresses of every symbol of that name
    pub(crate) fn marks(&self, name: &str) -> Option<BTreeSet<u32>> {
        let (names, entries) = self.symbols()?;
        let is_it = |entry: &usize| self.word(*entry).and_then(|at| self.text(names, at)) == Some(name.as_bytes());
        entries.filter(is_it).map(|entry| self.word(entry + 4)).collect()
    }

    /// The table of the symbols' names, and where in the file each symbol's entry is
    fn symbols(&self) -> Option<(Section, impl Iterator<Item = usize>)> {
        let table = self.all()?.into_iter().find(|one| one.kind == SYMBOLS)?;
        let names = self.section(usize::try_from(table.link).ok()?)?;
        let from = usize::try_from(table.offset).ok()?;
        Some((names, (0..usize::try_from(table.size).ok()? / SYMBOL).map(move |index| from + index * SYMBOL)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of the sections' headers and, behind them, `tail`
    fn file(headers: &[[u32; 10]], names: u16, tail: &[u8]) -> Vec<u8> {
        let mut elf = b"\x7fELF\x01\x01".to_vec();
        elf.resize(0x34, 0);
        elf[0x20] = 0x34;
        elf[0x2E] = 40;
        elf[0x30] = u8::try_from(headers.len()).unwrap();
        elf[0x32..0x34].copy_from_slice(&names.to_le_bytes());
        elf.extend(headers.as_flattened().iter().flat_map(|word| word.to_le_bytes()));
        elf.extend(tail);
        elf
    }

    #[test]
    fn sections_are_added_up_by_where_they_are() {
        let section = |kind, flags, address, size| [0, kind, flags, address, 0, size, 0, 0, 0, 0];
        let elf = file(
            &[
                section(1, 2, 0, 1_000),
                section(1, 3, RAM_START, 10),
                section(8, 3, RAM_START + 10, 200),
                section(1, 0, 0, 5_000),
            ],
            0,
            b"",
        );
        assert_eq!(Elf::new(&elf).unwrap().sections(), Some(Sections { flash: 1_010, ram: 210 }));
        assert_eq!(Elf::new(&elf[..0x50]).unwrap().sections(), None);
        assert!(Elf::new(b"MZ").is_none());
    }

    #[test]
    fn symbols_and_sections_are_found_by_their_names() {
        // Three headers, then the texts, then two symbols.
        let texts = 0x34 + 3 * 40;
        let tail = b"\0.text\0one\0two\0\0".iter().copied();
        let symbols = texts + 16;
        let entries = [[7_u32, 41, 0, 0], [11, 43, 0, 2]].into_iter().flatten().flat_map(u32::to_le_bytes);
        let elf = file(
            &[
                [1, 1, 2, 0x40, 0, 8, 0, 0, 0, 0],
                [0, 3, 0, 0, texts, 16, 0, 0, 0, 0],
                [0, SYMBOLS, 0, 0, symbols, 32, 1, 0, 0, 0],
            ],
            1,
            &tail.chain(entries).collect::<Vec<u8>>(),
        );
        let elf = Elf::new(&elf).unwrap();
        assert_eq!([elf.symbol("one"), elf.symbol("two"), elf.symbol("three")], [Some(41), Some(43), None]);
        // A function's address has a bit for Thumb.
        assert_eq!(elf.functions(), Some(vec![(42, "two")]));
        assert_eq!(elf.marks("one"), Some(BTreeSet::from([41])));
        assert_eq!((elf.range(".text"), elf.range(".data")), (Some(0x40..0x48), None));
        assert_eq!((elf.bytes(".text"), elf.bytes(".data")), (Some(&b"\x7fELF\x01\x01\0\0"[..]), None));
    }
}
