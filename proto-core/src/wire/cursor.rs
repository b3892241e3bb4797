//! A reading position in the bytes that a caller offers
//!
//! Hands out bytes and slices of the caller's input and counts them. It does not copy, decode or fail.

/// Bytes offered, and how many of them have been taken
#[derive(Clone, Debug)]
pub struct Cursor<'i> {
    input: &'i [u8],
    /// At most the length of `input`
    taken: usize,
}

impl<'i> Cursor<'i> {
    /// Starts at the first byte of `input`
    #[must_use]
    #[inline]
    pub const fn new(input: &'i [u8]) -> Self {
        Self { input, taken: 0 }
    }

    /// How many bytes have been taken
    #[must_use]
    #[inline]
    pub const fn consumed(&self) -> usize {
        self.taken
    }

    /// Whether nothing is left
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.taken >= self.input.len()
    }

    /// The next byte, left in place
    #[must_use]
    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.input.get(self.taken).copied()
    }

    /// The next `N` bytes, left in place; `None` where fewer are left
    #[must_use]
    #[inline]
    pub fn ahead<const N: usize>(&self) -> Option<&'i [u8; N]> {
        self.rest().first_chunk()
    }

    /// Takes the next byte
    #[inline]
    pub fn byte(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.pass(1);
        Some(byte)
    }

    /// Takes the next `N` bytes, or none of them where fewer are left
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = *self.ahead()?;
        self.pass(N);
        Some(bytes)
    }

    /// What is left, up to `limit` bytes, left in place
    #[must_use]
    #[inline]
    pub fn window(&self, limit: u32) -> &'i [u8] {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let rest = self.rest();
        rest.get(..limit).unwrap_or(rest)
    }

    /// Takes up to `limit` bytes and tells how many
    #[inline]
    pub fn skip(&mut self, limit: u32) -> u32 {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(self.rest().len());
        self.pass(limit);
        // `limit` came from a u32 and has only become smaller.
        u32::try_from(limit).unwrap_or(u32::MAX)
    }

    /// Takes `count` bytes that are known to be there
    #[inline]
    pub(crate) const fn pass(&mut self, count: usize) {
        self.taken = self.taken.wrapping_add(count);
    }

    #[inline]
    fn rest(&self) -> &'i [u8] {
        self.input.get(self.taken..).unwrap_or_default()
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
