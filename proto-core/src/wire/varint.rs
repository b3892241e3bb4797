//! `VarInt`: a signed 32-bit number in 1 to 5 bytes
//!
//! Seven bits a byte, least significant group first, bit 7 set where more follow; negative numbers in two's
//! complement. Overlong forms are accepted, a fifth byte above `0F` is not, and a sixth is never read
//! (PROTOCOL.md §1).
//!
//! It does not judge the number: whether a length is allowed is for whoever asked for one.

use super::cursor::Cursor;

/// Most bytes that a `VarInt` has
pub const MAX_LEN: usize = 5;

/// A fifth byte above `0F`: more than 32 bits
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Overflow;

/// A `VarInt` as it comes in
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Decoder {
    value: u32,
    shift: u8,
}

impl Decoder {
    /// Nothing read yet
    #[must_use]
    pub const fn new() -> Self {
        Self { value: 0, shift: 0 }
    }

    /// Whether a value has been started and not completed
    #[must_use]
    pub const fn is_started(self) -> bool {
        self.shift != 0
    }

    /// Takes one byte; `Some` when it is the last, and then the decoder is ready for the next value
    ///
    /// # Errors
    /// [`Overflow`] at a fifth byte above `0F`; the decoder must not be used any more.
    #[inline]
    pub const fn push(&mut self, byte: u8) -> Result<Option<i32>, Overflow> {
        if self.shift == 28 && byte > 0x0F {
            return Err(Overflow);
        }
        self.value |= ((byte & 0x7F) as u32).wrapping_shl(self.shift as u32);
        if byte & 0x80 == 0 {
            let value = self.value.cast_signed();
            *self = Self::new();
            return Ok(Some(value));
        }
        self.shift = self.shift.wrapping_add(7);
        Ok(None)
    }

    /// Takes bytes from `input` until a value is complete or none are left
    ///
    /// # Errors
    /// As [`Decoder::push`]; the byte at fault is the last one taken.
    #[inline]
    pub const fn decode(&mut self, input: &mut Cursor<'_>) -> Result<Option<i32>, Overflow> {
        // Most values are not split: where as many bytes are there as one can have, nothing has to be kept.
        if self.shift == 0
            && let Some(bytes) = input.ahead::<MAX_LEN>()
        {
            let (value, len) = decode_whole(bytes);
            input.pass(len);
            return match value {
                Some(value) => Ok(Some(value)),
                None => Err(Overflow),
            };
        }
        self.decode_split(input)
    }

    /// [`Decoder::decode`] byte by byte
    const fn decode_split(&mut self, input: &mut Cursor<'_>) -> Result<Option<i32>, Overflow> {
        while let Some(byte) = input.byte() {
            match self.push(byte) {
                Ok(None) => {}
                done => return done,
            }
        }
        Ok(None)
    }
}

/// The value at the start of `bytes`, `None` where it overflows, and how many of them it takes
#[inline]
const fn decode_whole(&[first, second, third, fourth, fifth]: &[u8; MAX_LEN]) -> (Option<i32>, usize) {
    // Each step adds a byte with its bit 7, and takes off the one of the byte before, for that one meant "more".
    let value = first as u32;
    if first < 0x80 {
        return (Some(value.cast_signed()), 1);
    }
    let value = value.wrapping_add((second as u32) << 7).wrapping_sub(0x80);
    if second < 0x80 {
        return (Some(value.cast_signed()), 2);
    }
    let value = value.wrapping_add((third as u32) << 14).wrapping_sub(0x80 << 7);
    if third < 0x80 {
        return (Some(value.cast_signed()), 3);
    }
    let value = value.wrapping_add((fourth as u32) << 21).wrapping_sub(0x80 << 14);
    if fourth < 0x80 {
        return (Some(value.cast_signed()), 4);
    }
    let value = value.wrapping_add((fifth as u32) << 28).wrapping_sub(0x80 << 21);
    (if fifth <= 0x0F { Some(value.cast_signed()) } else { None }, 5)
}

/// The shortest form of `value`, and how many of the bytes it takes
#[must_use]
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the last byte is what the top four bits leave")]
pub const fn encode(value: i32) -> ([u8; MAX_LEN], usize) {
    let value = value.cast_unsigned();
    // Each step moves what is above a byte's seven bits up by one, and sets the bit that comes free: "more".
    // What the last steps push out at the top is the fifth byte.
    let (word, last, len) = if value < 1 << 7 {
        (value, 0, 1)
    } else {
        let word = value.wrapping_add(value & (!0 << 7)).wrapping_add(1 << 7);
        if value < 1 << 14 {
            (word, 0, 2)
        } else {
            let word = word.wrapping_add(word & (!0 << 15)).wrapping_add(1 << 15);
            if value < 1 << 21 {
                (word, 0, 3)
            } else {
                let word = word.wrapping_add(word & (!0 << 23)).wrapping_add(1 << 23);
                if value < 1 << 28 { (word, 0, 4) } else { (word | 1 << 31, (value >> 28) as u8, 5) }
            }
        }
    };
    let [first, second, third, fourth] = word.to_le_bytes();
    ([first, second, third, fourth, last], len)
}

/// How many bytes the shortest form of `value` takes
#[must_use]
pub const fn encoded_len(value: i32) -> usize {
    encode(value).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> Result<Option<i32>, Overflow> {
        Decoder::new().decode(&mut Cursor::new(bytes))
    }

    #[test]
    fn a_fifth_byte_above_0f_overflows_and_a_sixth_is_never_read() {
        assert_eq!(decode(&[0xFF, 0xFF, 0xFF, 0xFF, 0x10]), Err(Overflow));
        let mut input = Cursor::new(&[0xFF, 0xFF, 0xFF, 0xFF, 0x8F, 0x00]);
        assert_eq!(Decoder::new().decode(&mut input), Err(Overflow));
        assert_eq!(input.consumed(), 5);
    }

    #[test]
    fn overlong_forms_are_accepted() {
        assert_eq!(decode(&[0x80, 0x00]), Ok(Some(0)));
        assert_eq!(decode(&[0x81, 0x80, 0x80, 0x80, 0x00]), Ok(Some(1)));
    }

    #[test]
    fn stands_between_two_values() {
        let mut decoder = Decoder::new();
        let mut input = Cursor::new(&[0x80, 0x01, 0x7F, 0x80]);
        assert_eq!(decoder.decode(&mut input), Ok(Some(128)));
        assert!(!decoder.is_started());
        assert_eq!(decoder.decode(&mut input), Ok(Some(127)));
        assert_eq!(decoder.decode(&mut input), Ok(None));
        assert!(decoder.is_started());
    }

    #[test]
    fn each_length_has_its_bounds() {
        for (value, len) in [(0, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (2_097_151, 3), (2_097_152, 4)] {
            assert_eq!(encoded_len(value), len, "{value}");
        }
        assert_eq!((encoded_len(268_435_455), encoded_len(268_435_456), encoded_len(-1)), (4, 5, 5));
    }
}
