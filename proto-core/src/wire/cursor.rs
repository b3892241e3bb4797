//! A reading position in the bytes that a caller offers
//!
//! Hands out bytes and slices of the caller's input and counts them. It does not copy, decode or fail.

/// Bytes offered, less those already taken
#[derive(Clone, Debug)]
pub struct Cursor<'i> {
    rest: &'i [u8],
    offered: usize,
}

impl<'i> Cursor<'i> {
    /// Starts at the first byte of `input`
    #[must_use]
    pub const fn new(input: &'i [u8]) -> Self {
        Self { rest: input, offered: input.len() }
    }

    /// How many bytes have been taken
    #[must_use]
    pub const fn consumed(&self) -> usize {
        self.offered.wrapping_sub(self.rest.len())
    }

    /// Whether nothing is left
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte, left in place
    #[must_use]
    pub const fn peek(&self) -> Option<u8> {
        match self.rest.first() {
            Some(&byte) => Some(byte),
            None => None,
        }
    }

    /// Takes the next byte
    #[inline]
    pub const fn byte(&mut self) -> Option<u8> {
        match self.rest.split_first() {
            Some((&byte, rest)) => {
                self.rest = rest;
                Some(byte)
            }
            None => None,
        }
    }

    /// Takes the next `N` bytes, or none of them where fewer are left
    #[inline]
    pub const fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        match self.rest.split_first_chunk::<N>() {
            Some((&chunk, rest)) => {
                self.rest = rest;
                Some(chunk)
            }
            None => None,
        }
    }

    /// The next `N` bytes, left in place; `None` where fewer are left
    #[must_use]
    #[inline]
    pub const fn ahead<const N: usize>(&self) -> Option<&'i [u8; N]> {
        self.rest.first_chunk::<N>()
    }

    /// Takes `count` bytes, at most all that are left
    #[inline]
    pub const fn pass(&mut self, count: usize) {
        self.rest = match self.rest.split_at_checked(count) {
            Some((_, rest)) => rest,
            None => &[],
        };
    }

    /// What is left, up to `limit` bytes, left in place
    #[must_use]
    pub fn window(&self, limit: u32) -> &'i [u8] {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.rest.split_at_checked(limit).map_or(self.rest, |(window, _)| window)
    }

    /// Takes up to `limit` bytes and tells how many
    pub fn skip(&mut self, limit: u32) -> u32 {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(self.rest.len());
        self.pass(limit);
        // `limit` came from a u32 and has only become smaller.
        u32::try_from(limit).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_it_hands_out() {
        let mut cursor = Cursor::new(&[1, 2, 3, 4, 5]);
        assert_eq!(cursor.byte(), Some(1));
        assert_eq!(cursor.peek(), Some(2));
        assert_eq!(cursor.window(2), [2, 3]);
        assert_eq!(cursor.window(9), [2, 3, 4, 5]);
        assert_eq!(cursor.array::<2>(), Some([2, 3]));
        assert_eq!(cursor.array::<3>(), None);
        assert_eq!(cursor.consumed(), 3);
        assert_eq!(cursor.skip(1), 1);
        assert_eq!(cursor.skip(7), 1);
        assert_eq!(cursor.consumed(), 5);
        assert!(cursor.is_empty());
        assert_eq!((cursor.byte(), cursor.skip(1)), (None, 0));
    }
}
