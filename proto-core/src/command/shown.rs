//! A word from outside, made safe to show in a message
//!
//! Not for texts to be read whole: cleaning those is for [`crate::text`].

use core::fmt::{self, Write as _};

use crate::text::clean_char;

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

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.text.chars();
        for character in characters.by_ref().take(LIMIT) {
            f.write_char(clean_char(character))?;
        }
        if characters.next().is_some() { f.write_char('…') } else { Ok(()) }
    }
}
