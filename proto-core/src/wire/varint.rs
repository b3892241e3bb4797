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
    pub fn decode(&mut self, input: &mut Cursor<'_>) -> Result<Option<i32>, Overflow> {
        if cfg!(feature = "fast") && self.shift == 0 {
            // Most values have one byte, and most of the others are not split.
            if let Some(byte) = input.peek()
                && byte < 0x80
            {
                input.pass(1);
                return Ok(Some(i32::from(byte)));
            }
            if let Some(&bytes) = input.ahead() {
                return decode_whole(bytes, input);
            }
        }
        self.decode_split(input)
    }

    /// [`Decoder::decode`] byte by byte
    #[inline]
    fn decode_split(&mut self, input: &mut Cursor<'_>) -> Result<Option<i32>, Overflow> {
        while let Some(byte) = input.byte() {
            match self.push(byte) {
                Ok(None) => {}
                done => return done,
            }
        }
        Ok(None)
    }
}

/// [`Decoder::decode`] of more than one byte; `bytes` are the next ones of `input`, as many as a value can have
#[inline]
fn decode_whole(bytes: [u8; MAX_LEN], input: &mut Cursor<'_>) -> Result<Option<i32>, Overflow> {
    let [first, second, third, fourth, fifth] = bytes;
    // The first four as one word, of which as many bytes are kept as count.
    let word = u32::from_le_bytes([first, second, third, fourth]);
    if word & 0x8000 == 0 {
        input.pass(2);
        return Ok(Some(join(word & 0xFFFF).cast_signed()));
    }
    if word & 0x80_0000 == 0 {
        input.pass(3);
        return Ok(Some(join(word & 0xFF_FFFF).cast_signed()));
    }
    let value = join(word);
    if word & 0x8000_0000 == 0 {
        input.pass(4);
        return Ok(Some(value.cast_signed()));
    }
    input.pass(MAX_LEN);
    if fifth > 0x0F { Err(Overflow) } else { Ok(Some((value | (u32::from(fifth) << 28)).cast_signed())) }
}

/// The seven low bits of each byte, moved together
#[inline]
const fn join(word: u32) -> u32 {
    (word & 0x7F) | ((word >> 1) & (0x7F << 7)) | ((word >> 2) & (0x7F << 14)) | ((word >> 3) & (0x7F << 21))
}

/// The shortest form of `value`, and how many of the bytes it takes
#[must_use]
pub fn encode(value: i32) -> ([u8; MAX_LEN], usize) {
    let (mut bytes, mut len) = ([0; MAX_LEN], 0);
    // There is room for any.
    let _written = encode_to(value, &mut bytes, &mut len);
    (bytes, len)
}

/// Puts the shortest form of `value` into `out` at index `at`, and moves `at` behind it
///
/// `None` where there is no room for all of it; nothing has changed then.
#[must_use = "without room nothing is written"]
#[inline]
pub fn encode_to(value: i32, out: &mut [u8], at: &mut usize) -> Option<()> {
    let value = value.cast_unsigned();
    if value < 1 << 7 {
        return put::<1>(value, out, at);
    }
    // Most values have one byte: ids, and nearly all lengths.
    core::hint::cold_path();
    // Each step moves all above a byte's seven bits up by one, and sets the bit that comes free: "more".
    let word = value.wrapping_add(value & (!0 << 7)).wrapping_add(1 << 7);
    if value < 1 << 14 {
        return put::<2>(word, out, at);
    }
    let word = word.wrapping_add(word & (!0 << 15)).wrapping_add(1 << 15);
    if value < 1 << 21 {
        return put::<3>(word, out, at);
    }
    let word = word.wrapping_add(word & (!0 << 23)).wrapping_add(1 << 23);
    if value < 1 << 28 {
        return put::<4>(word, out, at);
    }
    // What the steps have pushed out at the top is the fifth byte.
    let [.., top] = (value >> 4).to_le_bytes();
    *out.get_mut(at.wrapping_add(4))? = top;
    put::<4>(word | 1 << 31, out, at)?;
    *at = at.wrapping_add(1);
    Some(())
}

/// The lowest `N` bytes of `word`
#[inline]
fn put<const N: usize>(word: u32, out: &mut [u8], at: &mut usize) -> Option<()> {
    *out.get_mut(*at..)?.first_chunk_mut::<N>()? = *word.to_le_bytes().first_chunk()?;
    *at = at.wrapping_add(N);
    Some(())
}

/// How many bytes the shortest form of `value` takes
#[must_use]
pub const fn encoded_len(value: i32) -> usize {
    match value.cast_unsigned() {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        0x20_0000..0x1000_0000 => 4,
        _ => MAX_LEN,
    }
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

    #[test]
    fn encoding_writes_all_or_nothing() {
        for (value, len) in [(0, 1), (127, 1), (128, 2), (16_384, 3), (2_097_152, 4), (i32::MAX, 5), (-1, 5)] {
            let mut room = [0xAA; 8];
            let mut at = 2;
            assert_eq!(encode_to(value, &mut room, &mut at), Some(()), "{value}");
            assert_eq!(at, 2 + len, "{value}");
            assert_eq!(decode(&room[2..at]), Ok(Some(value)));
            assert!(room[..2].iter().chain(&room[at..]).all(|&byte| byte == 0xAA), "{value}");
            let mut tight = [0xAA; 5];
            let mut at = 6 - len;
            assert_eq!(encode_to(value, &mut tight, &mut at), None, "{value}");
            assert_eq!((tight, at), ([0xAA; 5], 6 - len), "{value}");
            let mut behind = 9;
            assert_eq!(encode_to(value, &mut tight, &mut behind), None, "{value}");
        }
    }

    #[test]
    fn a_value_is_the_same_whole_and_byte_by_byte() {
        let lengths = (0..32).flat_map(|bit| [1_i32 << bit, (1_i32 << bit).wrapping_sub(1), !(1_i32 << bit)]);
        for value in lengths {
            let (bytes, len) = encode(value);
            let mut input = Cursor::new(&bytes);
            assert_eq!((Decoder::new().decode(&mut input), input.consumed()), (Ok(Some(value)), len));
            let mut decoder = Decoder::new();
            let last = bytes[..len].iter().map(|byte| decoder.push(*byte)).last();
            assert_eq!(last, Some(Ok(Some(value))));
        }
    }
}
