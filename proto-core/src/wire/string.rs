//! String(n): UTF-8 checked as it streams in
//!
//! The text goes out in pieces that borrow the caller's input, or, without the feature `fast`, character by character; one
//! that two reads split is kept and comes out by value. The length in bytes is judged by whoever read it; here the bytes are checked
//! to be UTF-8 and counted in UTF-16 units, which is what n counts (PROTOCOL.md §1).

use super::cursor::Cursor;

/// A piece of a String
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chunk<'i> {
    /// Whole characters, borrowed from the input
    Str(&'i str),
    /// A character by value: two reads split it, or all of them come so
    Char(char),
}

impl Chunk<'_> {
    /// The piece as text; `buffer` takes the character that came by value
    #[must_use]
    pub fn as_str<'a>(&'a self, buffer: &'a mut [u8; 4]) -> &'a str {
        match self {
            Self::Str(text) => text,
            Self::Char(character) => character.encode_utf8(buffer),
        }
    }

    /// Length in UTF-16 units
    #[must_use]
    pub fn utf16_len(&self) -> u32 {
        match self {
            Self::Str(text) => utf16_len(text),
            Self::Char(character) => u32::try_from(character.len_utf16()).unwrap_or(2),
        }
    }
}

/// Length of `text` in UTF-16 units
#[must_use]
pub fn utf16_len(text: &str) -> u32 {
    if text.is_ascii() {
        return u32::try_from(text.len()).unwrap_or(u32::MAX);
    }
    // A block's count fits a byte, so that as many bytes are counted at once as a register holds.
    let (blocks, rest) = text.as_bytes().as_chunks::<64>();
    let mut units = usize::from(units_of(rest));
    for block in blocks {
        units = units.wrapping_add(usize::from(units_of(block)));
    }
    u32::try_from(units).unwrap_or(u32::MAX)
}

/// UTF-16 units of the characters that begin in `bytes`, at most 127 of them
#[inline]
fn units_of(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |units: u8, &byte| units.wrapping_add(units_of_byte(byte)))
}

/// UTF-16 units of the character that begins with this byte
#[inline]
fn units_of_byte(byte: u8) -> u8 {
    // A character has one byte that continues none, and two units where that byte is F0 or above.
    u8::from(byte & 0xC0 != 0x80).wrapping_add(u8::from(byte >= 0xF0))
}

/// Why bytes are no String(n)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Invalid {
    /// They are not UTF-8, or end within a character
    Utf8,
    /// They have more UTF-16 units than n
    Units,
}

/// The start of `text` that has at most `maximum` UTF-16 units
fn within(text: &str, maximum: u32) -> &str {
    if text.len() <= usize::try_from(maximum).unwrap_or(usize::MAX) || utf16_len(text) <= maximum {
        return text;
    }
    let mut units: u32 = 0;
    let fits = text.char_indices().find(|(_, character)| {
        units = units.saturating_add(Chunk::Char(*character).utf16_len());
        units > maximum
    });
    fits.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// `bytes` without a character at their end that misses a byte
fn whole_characters(bytes: &[u8]) -> &[u8] {
    let mut whole = bytes;
    for missed in [0xC0, 0xE0, 0xF0] {
        let Some((&last, before)) = whole.split_last() else { break };
        whole = before;
        if last >= missed {
            return whole;
        }
        if last & 0xC0 != 0x80 {
            break;
        }
    }
    bytes
}

/// A character of which bytes are still to come
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Partial {
    /// The bits so far
    scalar: u32,
    /// Bytes still to come; 0 between two characters
    missing: u8,
    /// What the next of them may be: less than any continuation after E0, ED, F0 and F4, whose others would make a character
    /// in more bytes than it needs, a surrogate, or one beyond U+10FFFF
    least: u8,
    most: u8,
}

impl Partial {
    const NONE: Self = Self { scalar: 0, missing: 0, least: 0x80, most: 0xBF };

    /// Takes a byte; gives the character that it completes
    fn push(&mut self, byte: u8) -> Result<Option<char>, Invalid> {
        if self.missing == 0 {
            let (missing, bits, least, most) = match byte {
                0x00..=0x7F => return Ok(Some(char::from(byte))),
                0xC2..=0xDF => (1, 0x1F, 0x80, 0xBF),
                0xE0 => (2, 0x0F, 0xA0, 0xBF),
                0xED => (2, 0x0F, 0x80, 0x9F),
                0xE1..=0xEF => (2, 0x0F, 0x80, 0xBF),
                0xF0 => (3, 0x07, 0x90, 0xBF),
                0xF1..=0xF3 => (3, 0x07, 0x80, 0xBF),
                0xF4 => (3, 0x07, 0x80, 0x8F),
                _ => return Err(Invalid::Utf8),
            };
            *self = Self { scalar: u32::from(byte & bits), missing, least, most };
            return Ok(None);
        }
        if !(self.least..=self.most).contains(&byte) {
            return Err(Invalid::Utf8);
        }
        let scalar = (self.scalar << 6) | u32::from(byte & 0x3F);
        *self = Self { scalar, missing: self.missing.wrapping_sub(1), ..Self::NONE };
        if self.missing > 0 {
            return Ok(None);
        }
        // Cleared, so that decoders at the same place are equal however they came there.
        *self = Self::NONE;
        char::from_u32(scalar).map(Some).ok_or(Invalid::Utf8)
    }
}

/// The bytes of one String as they come in
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decoder {
    left: u32,
    units: u32,
    partial: Partial,
}

impl Decoder {
    /// Before the first of `length` bytes
    #[must_use]
    pub const fn new(length: u32) -> Self {
        Self { left: length, units: 0, partial: Partial::NONE }
    }

    /// Bytes still to come
    #[must_use]
    pub const fn left(&self) -> u32 {
        self.left
    }

    /// UTF-16 units of what has come out so far
    #[must_use]
    pub const fn units(&self) -> u32 {
        self.units
    }

    /// Whether all bytes have been taken
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.left == 0
    }

    /// Takes bytes and hands out the next piece; `None` where more input is needed or the String is complete
    ///
    /// `maximum` is n, the UTF-16 units that the whole String may have.
    ///
    /// # Errors
    /// [`Invalid::Utf8`] as soon as a byte cannot belong to any character, and where the last byte leaves one
    /// incomplete; [`Invalid::Units`] at the character that is too many, once all before it have come out. The byte at
    /// fault is the last one taken, however the bytes were split.
    pub fn decode<'i>(&mut self, input: &mut Cursor<'i>, maximum: u32) -> Result<Option<Chunk<'i>>, Invalid> {
        // The standard library's check is fast, and as large as the rest of this file.
        if cfg!(feature = "fast") && self.partial.missing == 0 {
            // Without a character that the end of the input splits, most of them are valid as a whole.
            let window = whole_characters(input.window(self.left));
            let valid = match core::str::from_utf8(window) {
                Ok(text) => text,
                Err(error) => {
                    let valid = window.split_at_checked(error.valid_up_to()).map_or(&[][..], |(valid, _)| valid);
                    // Valid by the very error, behind which there is nothing more to read.
                    core::str::from_utf8(valid).unwrap_or("")
                }
            };
            let valid = within(valid, maximum.saturating_sub(self.units));
            if !valid.is_empty() {
                self.take(input, u32::try_from(valid.len()).unwrap_or(u32::MAX));
                self.units = self.units.saturating_add(utf16_len(valid));
                return Ok(Some(Chunk::Str(valid)));
            }
        }
        self.decode_by_byte(input, maximum)
    }

    /// Goes on byte by byte: everything in a small program, else a character that the end of the input splits, or none
    fn decode_by_byte<'i>(&mut self, input: &mut Cursor<'i>, maximum: u32) -> Result<Option<Chunk<'i>>, Invalid> {
        while self.left > 0 {
            let Some(byte) = input.byte() else { return Ok(None) };
            self.left = self.left.wrapping_sub(1);
            let Some(character) = self.partial.push(byte)? else { continue };
            let chunk = Chunk::Char(character);
            self.units = self.units.saturating_add(chunk.utf16_len());
            if self.units > maximum {
                return Err(Invalid::Units);
            }
            return Ok(Some(chunk));
        }
        if self.partial.missing > 0 { Err(Invalid::Utf8) } else { Ok(None) }
    }

    fn take(&mut self, input: &mut Cursor<'_>, count: u32) {
        let taken = input.skip(count);
        self.left = self.left.saturating_sub(taken);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::String;

    use super::*;

    /// Decodes `bytes` offered `step` at a time
    fn collect(bytes: &[u8], step: usize, maximum: u32) -> Result<(String, u32), Invalid> {
        let mut decoder = Decoder::new(u32::try_from(bytes.len()).unwrap());
        let mut text = String::new();
        for part in bytes.chunks(step) {
            let mut input = Cursor::new(part);
            while let Some(chunk) = decoder.decode(&mut input, maximum)? {
                text.push_str(chunk.as_str(&mut [0; 4]));
            }
            assert!(input.is_empty(), "each byte offered is consumed");
        }
        assert!(decoder.is_complete());
        Ok((text, decoder.units()))
    }

    #[test]
    fn a_character_may_be_split_over_any_two_reads() {
        let text = "a\u{e4}\u{20ac}\u{1f600}z";
        for step in 1..=text.len() {
            assert_eq!(collect(text.as_bytes(), step, 6), Ok((text.into(), 6)), "{step}");
        }
    }

    #[test]
    fn what_is_no_utf8_is_refused_at_any_step() {
        let bad: [&[u8]; 8] = [
            &[0x80],
            &[b'a', 0xC0, 0x80],
            &[0xED, 0xA0, 0x80],
            &[0xF4, 0x90, 0x80, 0x80],
            &[0xF5],
            &[0xE2, 0x82],
            &[0xF0, 0x9F, 0x98],
            &[b'a', 0xE2, b'b', b'c'],
        ];
        for bytes in bad {
            for step in 1..=bytes.len() {
                assert_eq!(collect(bytes, step, u32::MAX), Err(Invalid::Utf8), "{bytes:02x?} by {step}");
            }
        }
    }

    #[test]
    fn byte_by_byte_it_is_what_the_standard_library_takes() {
        // All that matters of a byte: the ends of each class that the table of well-formed sequences has.
        let ends: &[u8] = &[
            0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF,
            0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ];
        let ends = if cfg!(miri) { &[0x7F, 0x80, 0x9F, 0xC2, 0xED, 0xF4] } else { ends };
        let check = |bytes: &[u8]| {
            let expected = std::str::from_utf8(bytes).map_err(|_| Invalid::Utf8).map(String::from);
            assert_eq!(collect(bytes, 1, u32::MAX).map(|(text, _)| text), expected, "{bytes:02x?}");
        };
        for &first in ends {
            check(&[first]);
            for &second in ends {
                check(&[first, second]);
                for &third in ends {
                    check(&[first, second, third]);
                    for &fourth in ends {
                        check(&[first, second, third, fourth]);
                    }
                }
            }
        }
    }

    #[test]
    fn a_byte_that_no_character_has_there_is_the_last_one_taken() {
        let faults: [(&[u8], _); 7] = [
            (b"a\x80bcde", 1),
            (b"\xE2\x82abcde", 2),
            (b"\xF0\x9F\xC3\xA4bcd", 2),
            (b"\xE0\x9F\xBFabc", 1),
            (b"\xED\xA0\x80abc", 1),
            (b"\xF0\x8F\xBF\xBFabc", 1),
            (b"\xF4\x90\x80\x80abc", 1),
        ];
        for (bytes, fault) in faults {
            for step in 1..=bytes.len() {
                let mut decoder = Decoder::new(u32::try_from(bytes.len()).unwrap());
                let taken = bytes.chunks(step).try_fold(0, |taken, part| {
                    let mut input = Cursor::new(part);
                    loop {
                        match decoder.decode(&mut input, u32::MAX) {
                            Ok(Some(_)) => {}
                            Ok(None) => return Ok(taken + input.consumed()),
                            Err(_) => return Err(taken + input.consumed()),
                        }
                    }
                });
                assert_eq!(taken, Err(fault + 1), "{bytes:02x?} by {step}");
            }
        }
    }

    // Without `fast` each character is a piece.
    #[cfg(feature = "fast")]
    #[test]
    fn what_goes_before_the_unit_that_is_too_many_is_one_piece() {
        let mut decoder = Decoder::new(4);
        let mut input = Cursor::new(b"abcd");
        assert_eq!(decoder.decode(&mut input, 3), Ok(Some(Chunk::Str("abc"))));
        assert_eq!(decoder.decode(&mut input, 3), Err(Invalid::Units));
    }

    #[test]
    fn the_unit_that_is_too_many_is_found_at_the_same_byte_at_any_step() {
        let text = "a\u{20ac}\u{1f600}b\u{e4}z";
        // After 5 units; the sixth is the second of the two bytes of U+00E4.
        for step in 1..=text.len() {
            let mut decoder = Decoder::new(u32::try_from(text.len()).unwrap());
            let (mut came_out, mut taken, mut outcome) = (String::new(), 0, Ok(None));
            'parts: for part in text.as_bytes().chunks(step) {
                let mut input = Cursor::new(part);
                loop {
                    outcome = decoder.decode(&mut input, 5);
                    match outcome {
                        Ok(Some(chunk)) => came_out.push_str(chunk.as_str(&mut [0; 4])),
                        Ok(None) => break,
                        Err(_) => {
                            taken += input.consumed();
                            break 'parts;
                        }
                    }
                }
                taken += input.consumed();
            }
            assert_eq!((outcome, taken, came_out.as_str()), (Err(Invalid::Units), 11, "a\u{20ac}\u{1f600}b"), "{step}");
        }
    }

    #[test]
    fn units_are_counted_in_texts_of_any_length() {
        let mut text = String::new();
        for character in "a\u{e4}\u{20ac}\u{1f600}".chars().cycle().take(if cfg!(miri) { 60 } else { 200 }) {
            text.push(character);
            assert_eq!(usize::try_from(utf16_len(&text)), Ok(text.encode_utf16().count()));
        }
        let widest = "\u{1f600}".repeat(1_000);
        assert_eq!(utf16_len(&widest), 2_000);
    }

    #[test]
    fn only_a_character_that_misses_a_byte_is_held_back() {
        let text = "a\u{e4}\u{20ac}\u{1f600}";
        for end in 0..=text.len() {
            let whole = text.floor_char_boundary(end);
            assert_eq!(whole_characters(&text.as_bytes()[..end]), &text.as_bytes()[..whole], "{end}");
        }
        assert_eq!(whole_characters(&[0x80, 0x80, 0x80, 0x80]), [0x80, 0x80, 0x80, 0x80]);
    }

    #[test]
    fn bytes_behind_the_string_are_left_alone() {
        let mut decoder = Decoder::new(2);
        let mut input = Cursor::new(b"abc");
        while decoder.decode(&mut input, 2).unwrap().is_some() {}
        assert_eq!(decoder.decode(&mut input, 2), Ok(None));
        assert_eq!(input.consumed(), 2);
    }
}
