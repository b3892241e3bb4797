//! How far a run of ordinary bytes reaches, a machine word at a time with the feature `fast`
//!
//! The bulk of a status document is a favicon of some 20 000 characters: this is where they go by.
//!
//! It knows no grammar and no UTF-8: where the run ends, the scanner looks at what stands there.

const WORD: usize = size_of::<usize>();
/// Words looked at before deciding: enough for the compiler to use vector registers where there are any
const BLOCK: usize = WORD * 4;
const ONES: usize = usize::from_ne_bytes([0x01; WORD]);
const HIGH: usize = usize::from_ne_bytes([0x80; WORD]);
const SPACE: usize = usize::from_ne_bytes([b' '; WORD]);
const QUOTE: usize = usize::from_ne_bytes([b'"'; WORD]);
const BACKSLASH: usize = usize::from_ne_bytes([b'\\'; WORD]);
const DELETE: usize = usize::from_ne_bytes([0x7F; WORD]);

/// Bytes of a JSON string up to its next quotation mark, backslash or control character
#[inline]
pub(crate) fn string_body(bytes: &[u8]) -> usize {
    // Subtracting makes a byte borrow from the next one only when it is itself a hit, so the lowest hit of
    // each test is exact, and no other is looked at. What is compared with is ASCII: no byte with its top bit set is
    // a hit, whichever test it came from.
    run(
        bytes,
        |word| {
            let control = word.wrapping_sub(SPACE);
            let quote = (word ^ QUOTE).wrapping_sub(ONES);
            let backslash = (word ^ BACKSLASH).wrapping_sub(ONES);
            (control | quote | backslash) & !word & HIGH
        },
        |byte| byte == b'"' || byte == b'\\' || byte < b' ',
    )
}

/// Bytes of printable ASCII at the beginning
#[inline]
pub(crate) fn printable(bytes: &[u8]) -> usize {
    run(
        bytes,
        |word| {
            let delete = word ^ DELETE;
            (word | word.wrapping_sub(SPACE) | delete.wrapping_sub(ONES)) & HIGH
        },
        |byte| !matches!(byte, b' '..=b'~'),
    )
}

/// Bytes before the first hit; a test on a word marks a hit in the top bit of its byte
#[inline]
fn run(bytes: &[u8], in_word: impl Fn(usize) -> usize, in_byte: impl Fn(u8) -> bool) -> usize {
    if cfg!(not(feature = "fast")) {
        return bytes.iter().position(|&byte| in_byte(byte)).unwrap_or(bytes.len());
    }
    // Short strings first: half of them end within one word, and a block would be wasted on them.
    if let Some((word, _)) = bytes.split_first_chunk::<WORD>() {
        let hits = in_word(usize::from_le_bytes(*word));
        if hits != 0 {
            return first(hits);
        }
    }
    long_run(bytes, in_word, in_byte)
}

/// [`run`] where the first word is ordinary, or there is not even one
#[inline(never)]
fn long_run(bytes: &[u8], in_word: impl Fn(usize) -> usize, in_byte: impl Fn(u8) -> bool) -> usize {
    let mut rest = bytes;
    // A second word before the first block: most of what is longer than one ends there.
    let second = bytes.get(WORD..).and_then(<[u8]>::first_chunk::<WORD>);
    if second.is_some_and(|word| in_word(usize::from_le_bytes(*word)) == 0) {
        while let Some((block, after)) = rest.split_first_chunk::<BLOCK>() {
            let (words, _) = block.as_chunks::<WORD>();
            if words.iter().fold(0, |hits, word| hits | in_word(usize::from_le_bytes(*word))) != 0 {
                break;
            }
            rest = after;
        }
    }
    while let Some((word, after)) = rest.split_first_chunk::<WORD>() {
        let hits = in_word(usize::from_le_bytes(*word));
        if hits != 0 {
            return passed(bytes, rest).wrapping_add(first(hits));
        }
        rest = after;
    }
    passed(bytes, rest).wrapping_add(rest.iter().position(|&byte| in_byte(byte)).unwrap_or(rest.len()))
}

/// Bytes of `bytes` before its end `rest`
#[inline]
const fn passed(bytes: &[u8], rest: &[u8]) -> usize {
    bytes.len().wrapping_sub(rest.len())
}

/// Number of bytes below the lowest marked one
#[inline]
const fn first(hits: usize) -> usize {
    (hits.trailing_zeros() / u8::BITS) as usize
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec;

    use super::*;

    /// Both, against what is plain: a byte after the other
    fn check(bytes: &[u8]) {
        let before = |hit: fn(u8) -> bool| bytes.iter().position(|&byte| hit(byte)).unwrap_or(bytes.len());
        assert_eq!(string_body(bytes), before(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F)), "{bytes:02x?}");
        assert_eq!(printable(bytes), before(|byte| !matches!(byte, b' '..=b'~')), "{bytes:02x?}");
    }

    #[test]
    fn any_byte_is_found_or_passed_at_any_place_of_any_length() {
        let (longest, step) = if cfg!(miri) { (2 * WORD, 31) } else { (BLOCK + 2 * WORD + 1, 1) };
        for length in 0..=longest {
            for at in 0..length {
                let mut bytes = vec![b'a'; length];
                for byte in (0..=u8::MAX).step_by(step) {
                    bytes[at] = byte;
                    check(&bytes);
                }
            }
        }
    }

    #[test]
    fn of_several_hits_the_first_is_found() {
        // In one place of two words of a block, where the one could hide the other.
        for at in 2 * WORD..3 * WORD {
            for (first, second) in [(b'"', b'"'), (b'\\', b'\\'), (0x7F, 0x7F), (b'\n', b'\n'), (b'"', b'\n')] {
                let mut bytes = [b'a'; 2 * BLOCK];
                (bytes[at], bytes[at + WORD]) = (first, second);
                check(&bytes);
            }
        }
    }

    #[test]
    fn no_byte_hides_or_makes_the_next_a_hit() {
        let step = if cfg!(miri) { 17 } else { 1 };
        for first in (0..=u8::MAX).step_by(step) {
            for second in (0..=u8::MAX).step_by(step) {
                let mut bytes = [b'a'; WORD + 3];
                (bytes[2], bytes[3]) = (first, second);
                check(&bytes);
            }
        }
    }
}
