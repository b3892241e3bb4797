//! A word from outside, made safe to show in a message
//!
//! Not for texts to be read whole: cleaning those is for [`crate::text`].

use crate::text::{Show, Sink, clean_char};

/// A word with its control characters replaced, cut after a number of characters
///
/// No escape sequence, line end or change of direction survives (PROTOCOL.md §5); a cut ends in `…`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'t> {
    text: &'t str,
}

/// Characters shown of a word
const LIMIT: usize = 40;

impl<'t> Shown<'t> {
    /// At most [`LIMIT`] characters of `text`
    pub(crate) const fn new(text: &'t str) -> Self {
        Self { text }
    }
}

impl Show for Shown<'_> {
    fn show(&self, out: &mut dyn Sink) {
        let mut characters = self.text.chars();
        for character in characters.by_ref().take(LIMIT) {
            clean_char(character).show(out);
        }
        if characters.next().is_some() {
            out.put("…");
        }
    }
}
