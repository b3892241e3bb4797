//! Replacing the characters that a terminal would obey instead of show
//!
//! This is the last line of defence before a cell or a file. It judges characters only; it does
//! not shorten text and does not know where text came from.

use std::borrow::Cow;

/// What stands in the place of a replaced character
pub const REPLACEMENT: char = '\u{FFFD}';

/// Whether a character would steer the terminal or hide or reorder the text around it
///
/// These are C0, DEL and C1, the line and paragraph separators, the marks, embeddings, overrides
/// and isolates of bidirectional text, and what shows nothing at all: soft hyphen, zero-width
/// space, invisible operators, fillers, the byte order mark, interlinear annotations, format
/// controls of scripts and of music, tag characters and the supplementary variation selectors.
/// The joiners U+200C and U+200D and the variation selectors U+FE00 to U+FE0F are harmless and
/// stay: emoji and whole scripts are made of them.
#[must_use]
pub const fn is_harmful(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1F}'
            | '\u{7F}'..='\u{9F}'
            | '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'
            | '\u{200E}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// The text with every harmful character replaced
///
/// Tabs and line ends become one space each, any other harmful character becomes
/// [`REPLACEMENT`]. Text without any is borrowed as it is.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.contains(is_harmful) { Cow::Owned(text.chars().map(clean_char).collect()) } else { Cow::Borrowed(text) }
}

/// One character as [`clean`] would leave it
#[must_use]
pub const fn clean_char(character: char) -> char {
    match character {
        '\t' | '\n' | '\r' => ' ',
        other if is_harmful(other) => REPLACEMENT,
        other => other,
    }
}

/// The longest beginning of `text` of at most `max` bytes that does not split a character
pub(crate) fn prefix(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_text_is_borrowed() {
        for text in ["", "plain", "§aköln 世界", "👩\u{200D}🚀 ❤\u{FE0F}"] {
            assert!(matches!(clean(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn escape_sequences_lose_their_escape() {
        assert_eq!(clean("\u{1b}[2Jx\u{7f}\u{9b}31m"), "\u{FFFD}[2Jx\u{FFFD}\u{FFFD}31m");
    }

    #[test]
    fn line_ends_and_tabs_become_spaces() {
        assert_eq!(clean("a\r\n\tb"), "a   b");
    }

    #[test]
    fn text_cannot_be_reordered_or_broken_or_hidden() {
        for character in ['\u{202E}', '\u{2066}', '\u{2028}', '\u{2029}', '\u{200F}', '\u{FEFF}', '\u{E0041}'] {
            assert_eq!(clean(&format!("a{character}b")), "a\u{FFFD}b");
        }
    }

    #[test]
    fn a_prefix_keeps_characters_whole() {
        assert_eq!(prefix("aé", 2), "a");
        assert_eq!(prefix("aé", 3), "aé");
        assert_eq!(prefix("a", 9), "a");
    }
}
