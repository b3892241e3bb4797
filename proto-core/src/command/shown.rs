//! A word from outside, made safe to show in a message

use core::fmt::{self, Write as _};

/// A word with its control characters replaced, cut after a number of characters
///
/// No escape sequence, line end or change of direction survives (PROTOCOL.md §5); a cut ends in `…`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'t> {
    text: &'t str,
    limit: usize,
}

impl<'t> Shown<'t> {
    /// At most 40 characters of `text`
    pub(crate) const fn new(text: &'t str) -> Self {
        Self { text, limit: 40 }
    }

    /// All of `text`, whose length is bounded elsewhere
    pub(crate) const fn whole(text: &'t str) -> Self {
        Self { text, limit: usize::MAX }
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.text.chars();
        for character in characters.by_ref().take(self.limit) {
            f.write_char(if is_unsafe(character) { char::REPLACEMENT_CHARACTER } else { character })?;
        }
        if characters.next().is_some() { f.write_char('…') } else { Ok(()) }
    }
}

/// C0, DEL, C1, line and paragraph separators, bidirectional marks and overrides
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
