//! A place in a piece of the document
//!
//! It does not interpret what it passes, and does not outlive its piece: what is before the piece the scanner counts.

/// A place in a piece of the document
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'i> {
    text: &'i str,
    at: usize,
}

impl<'i> Cursor<'i> {
    pub(crate) const fn new(text: &'i str) -> Self {
        Self { text, at: 0 }
    }

    /// Bytes passed
    pub(super) const fn at(self) -> usize {
        self.at
    }

    /// The byte at hand, unless the piece is used up
    #[inline]
    pub(super) fn byte(self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The byte at hand after any blanks
    #[inline]
    pub(super) fn byte_after_blanks(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.pass(1),
                byte => return byte,
            }
        }
    }

    /// All that is left
    #[inline]
    pub(super) fn rest(self) -> &'i str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// All that is left, which may begin within a character
    #[inline]
    pub(super) fn bytes(self) -> &'i [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Passes bytes that are known to be there
    #[inline]
    pub(super) const fn pass(&mut self, bytes: usize) {
        self.at = self.at.wrapping_add(bytes);
    }

    /// Passes bytes that end before an ASCII character or at the end
    #[inline]
    pub(super) fn take(&mut self, bytes: usize) -> &'i str {
        let start = self.at;
        self.pass(bytes);
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Passes a word, if it is at hand
    #[inline]
    pub(super) fn pass_word(&mut self, word: &[u8]) -> bool {
        let there = self.bytes().starts_with(word);
        if there {
            self.pass(word.len());
        }
        there
    }
}
