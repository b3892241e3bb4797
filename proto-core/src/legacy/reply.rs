//! The server's answer, a kick packet
//!
//! It does not decide whom to answer or when, and renders nothing: texts go out as given, cut, and without the
//! character that separates them.

use core::fmt::Write as _;

use heapless::String;

use super::{EncodeError, KICK, Kind, Writer};

/// Longest answer of any kind, in bytes
pub const MAX_ANSWER: usize = 3 + 2 * UNITS;

/// Text units that a 1.4 to 1.6 client reads; it refuses a longer text as a whole
const UNITS: usize = 256;
/// Text units that a Beta 1.8 client reads; later ones that send the same ping read more
const BETA_UNITS: usize = 64;
/// Most units that a version name takes, so that a description has room
const VERSION_UNITS: usize = 64;
/// The protocol version in the answer: one that no real client has, so that it shows the server as incompatible
const PROTOCOL: &str = "127";

/// What a legacy answer tells
///
/// Plain text: clients of that age know `§` colour codes in the 1.4 form only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegacyStatus<'t> {
    /// The version's name; cut after 64 UTF-16 units, not in the Beta form at all
    pub version: &'t str,
    /// The description; cut to what is left of 256 units, 64 in the Beta form
    pub description: &'t str,
    /// Clients connected
    pub online: u32,
    /// Clients allowed
    pub max: u32,
}

/// Writes the kick packet that answers a ping; gives its length
///
/// `§1 NUL 127 NUL version NUL description NUL online NUL max` for [`Kind::V1_4`] and [`Kind::V1_6`],
/// `description § online § max` for [`Kind::Beta`] (PROTOCOL.md §7). The old clients refuse a text longer than 256
/// units, those of Beta 1.8 one longer than 64, so the description is cut at a character boundary to fit. NUL, which
/// separates, becomes a blank; `§`, which separates in the Beta form, is removed there (the code letter after it stays).
///
/// # Errors
/// [`EncodeError::OutputTooSmall`] with the room needed, nothing being written of use; [`MAX_ANSWER`] is always enough.
pub fn encode_answer(kind: Kind, status: &LegacyStatus<'_>, out: &mut [u8]) -> Result<usize, EncodeError> {
    // Ten digits, a separator of at most two bytes, ten digits.
    let mut counts: String<22> = String::new();
    let (separator, limit) = if kind == Kind::Beta { ('§', BETA_UNITS) } else { ('\0', UNITS) };
    // Cannot fail, by that sum.
    let _ = write!(counts, "{}{separator}{}", status.online, status.max);

    // The parts before and after the description, and then the room that they leave for it.
    let version = Cut::new(status.version, VERSION_UNITS, false);
    let head = (kind != Kind::Beta)
        .then(|| "§1\0".chars().chain(PROTOCOL.chars()).chain(['\0']).chain(version).chain(['\0']))
        .into_iter()
        .flatten();
    let tail = [separator].into_iter().chain(counts.chars());
    let room = limit.saturating_sub(units(head.clone())).saturating_sub(units(tail.clone()));
    let description = Cut::new(status.description, room, kind == Kind::Beta);

    let text = head.chain(description).chain(tail);
    let length = units(text.clone());
    let needed = length.saturating_mul(2).saturating_add(3);
    let small = EncodeError::OutputTooSmall { needed, room: out.len() };
    // At most 256 units.
    let [high, low] = u16::try_from(length).map_err(|_| small)?.to_be_bytes();
    let mut writer = Writer { rest: out };
    writer.put(&[KICK, high, low]).ok_or(small)?;
    writer.put_utf16(text).ok_or(small)?;
    Ok(needed)
}

fn units(text: impl Iterator<Item = char>) -> usize {
    text.map(char::len_utf16).fold(0, usize::saturating_add)
}

/// A field's characters, without what would separate fields, up to a number of UTF-16 units
#[derive(Clone)]
struct Cut<'t> {
    text: core::str::Chars<'t>,
    room: usize,
    without_section: bool,
}

impl<'t> Cut<'t> {
    fn new(text: &'t str, room: usize, without_section: bool) -> Self {
        Self { text: text.chars(), room, without_section }
    }
}

impl Iterator for Cut<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let without_section = self.without_section;
        let character = self.text.find(|&character| !(without_section && character == '§'))?;
        // What does not fit ends the field, even if a shorter character follows: nobody asks after the end.
        self.room = self.room.checked_sub(character.len_utf16())?;
        Some(if character == '\0' { ' ' } else { character })
    }
}
