//! What a text of a peer's may look like on a screen (PROTOCOL.md §5), told without the core's `text`
//!
//! By the Unicode Character Database: what is a control character, and what has the property
//! `Default_Ignorable_Code_Point`, as `DerivedCoreProperties.txt` of Unicode 17 lists it. It knows no pieces and no room.

use std::ops::RangeInclusive;

/// `Default_Ignorable_Code_Point`
const IGNORABLE: [RangeInclusive<u32>; 17] = [
    0xAD..=0xAD,
    0x34F..=0x34F,
    0x61C..=0x61C,
    0x115F..=0x1160,
    0x17B4..=0x17B5,
    0x180B..=0x180F,
    0x200B..=0x200F,
    0x202A..=0x202E,
    0x2060..=0x206F,
    0x3164..=0x3164,
    0xFE00..=0xFE0F,
    0xFEFF..=0xFEFF,
    0xFFA0..=0xFFA0,
    0xFFF0..=0xFFF8,
    0x1_BCA0..=0x1_BCA3,
    0x1_D173..=0x1_D17A,
    0xE_0000..=0xE_0FFF,
];

/// Whether a character steers a terminal, forges a line, or hides
///
/// Joiners and the sixteen variation selectors are needed to write with; line and paragraph separators and interlinear
/// annotation are not ignorable and hide or forge all the same.
#[must_use]
pub fn steers(c: char) -> bool {
    match u32::from(c) {
        0x200C | 0x200D | 0xFE00..=0xFE0F => false,
        0x2028 | 0x2029 | 0xFFF9..=0xFFFB => true,
        number => c.is_control() || IGNORABLE.iter().any(|range| range.contains(&number)),
    }
}

/// What is shown in a character's place
#[must_use]
pub fn clean(c: char) -> char {
    if matches!(c, '\t' | '\n' | '\r') {
        ' '
    } else if steers(c) {
        '\u{FFFD}'
    } else {
        c
    }
}

/// A text as it is shown
#[must_use]
pub fn cleaned(text: &str) -> String {
    text.chars().map(clean).collect()
}

/// A text as it is shown, without `§` and what follows it
#[must_use]
pub fn plain(text: &str) -> String {
    let mut kept = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '§' {
            chars.next();
        } else {
            kept.push(clean(c));
        }
    }
    kept
}
