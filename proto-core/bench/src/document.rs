//! Status documents of 32 767 UTF-16 units, and the struct that `serde_json` reads them into

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;

/// UTF-16 units of every document: the most that a Response may have
pub const UNITS: usize = 32_767;

/// What most of the document consists of
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A description of printable ASCII
    Ascii,
    /// A description of characters of three bytes
    Wide,
    /// A description of escapes: short ones, `\u` ones and surrogate pairs
    Escapes,
    /// What a server with a picture sends: a coloured description, a sample of players, a favicon
    Typical,
}

/// The document
///
/// # Panics
/// Where it has come out with another length.
#[must_use]
pub fn document(kind: Kind) -> String {
    let (mut text, end) = match kind {
        Kind::Ascii | Kind::Wide | Kind::Escapes => (head("\"text\":\""), "\"}}"),
        Kind::Typical => (
            head(concat!(
                r#""text":"","extra":[{"text":"A ","color":"gold","bold":true},{"text":"Minecraft","color":"aqua"},"#,
                r#"{"text":" server\n"},{"text":"§7join us","extra":[{"text":" today","italic":false}]}]},"#,
                r#""enforcesSecureChat":true,"favicon":"data:image/png;base64,"#,
            )),
            "\"}",
        ),
    };
    let mut units = text.encode_utf16().count() + end.len();
    let pieces: &[&str] = match kind {
        Kind::Ascii => &["The quick brown fox jumps over the lazy dog. "],
        Kind::Wide => &["\u{8a9e}\u{20ac}\u{30ab}"],
        Kind::Escapes => &[r"\u00e9", r"\ud83d\ude00", r"\n", r#"\""#, r"\\", r"\u20AC"],
        Kind::Typical => &["iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAYAAACqaXHeAAAA+/"],
    };
    for piece in pieces.iter().cycle() {
        let length = piece.encode_utf16().count();
        if units + length > UNITS {
            break;
        }
        text.push_str(piece);
        units += length;
    }
    // The rest, which no whole piece fits.
    text.extend(std::iter::repeat_n('A', UNITS - units));
    text.push_str(end);
    assert_eq!(text.encode_utf16().count(), UNITS);
    text
}

/// Everything up to the inside of the description's object
fn head(description: &str) -> String {
    let mut text =
        String::from(r#"{"version":{"name":"Paper 1.21.4","protocol":769},"players":{"max":200,"online":12,"#);
    text.push_str("\"sample\":[");
    for number in 0..12 {
        let comma = if number == 0 { "" } else { "," };
        write!(text, r#"{comma}{{"name":"Player_{number:02}","id":"4566e69f-c907-48ee-8d71-d7ba5aa0{number:04}"}}"#)
            .expect("a String takes everything");
    }
    write!(text, "]}},\"description\":{{{description}").expect("a String takes everything");
    text
}

/// The frame of the Response that carries the document
#[must_use]
pub fn response(text: &str) -> Vec<u8> {
    let mut body = vec![0];
    prost::encoding::encode_varint(text.len() as u64, &mut body);
    body.extend_from_slice(text.as_bytes());
    let mut frame = Vec::with_capacity(body.len() + 8);
    prost::encoding::encode_varint(body.len() as u64, &mut frame);
    frame.extend_from_slice(&body);
    frame
}

/// The fields that the picker picks, borrowed where nothing is escaped
#[derive(Debug, Deserialize)]
pub struct Borrowed<'a> {
    /// `version`
    #[serde(borrow)]
    pub version: BorrowedVersion<'a>,
    /// `players`
    #[serde(borrow)]
    pub players: BorrowedPlayers<'a>,
    /// `description`
    #[serde(borrow)]
    pub description: BorrowedComponent<'a>,
    /// `favicon`
    #[serde(borrow, default)]
    pub favicon: Cow<'a, str>,
}

/// `version`
#[derive(Debug, Deserialize)]
pub struct BorrowedVersion<'a> {
    /// `name`
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// `protocol`
    pub protocol: i64,
}

/// `players`
#[derive(Debug, Deserialize)]
pub struct BorrowedPlayers<'a> {
    /// `max`
    pub max: i64,
    /// `online`
    pub online: i64,
    /// `sample`
    #[serde(borrow)]
    pub sample: Vec<BorrowedPlayer<'a>>,
}

/// One of `sample`
#[derive(Debug, Deserialize)]
pub struct BorrowedPlayer<'a> {
    /// `name`
    #[serde(borrow)]
    pub name: Cow<'a, str>,
}

/// A text component
#[derive(Debug, Deserialize)]
pub struct BorrowedComponent<'a> {
    /// `text`
    #[serde(borrow)]
    pub text: Cow<'a, str>,
    /// `extra`
    #[serde(borrow, default)]
    pub extra: Vec<BorrowedComponent<'a>>,
}

/// The fields that the picker picks, as a program keeps them
#[derive(Debug, Deserialize)]
pub struct Owned {
    /// `version`
    pub version: OwnedVersion,
    /// `players`
    pub players: OwnedPlayers,
    /// `description`
    pub description: OwnedComponent,
    /// `favicon`
    #[serde(default)]
    pub favicon: String,
}

/// `version`
#[derive(Debug, Deserialize)]
pub struct OwnedVersion {
    /// `name`
    pub name: String,
    /// `protocol`
    pub protocol: i64,
}

/// `players`
#[derive(Debug, Deserialize)]
pub struct OwnedPlayers {
    /// `max`
    pub max: i64,
    /// `online`
    pub online: i64,
    /// `sample`
    pub sample: Vec<OwnedPlayer>,
}

/// One of `sample`
#[derive(Debug, Deserialize)]
pub struct OwnedPlayer {
    /// `name`
    pub name: String,
}

/// A text component
#[derive(Debug, Deserialize)]
pub struct OwnedComponent {
    /// `text`
    pub text: String,
    /// `extra`
    #[serde(default)]
    pub extra: Vec<OwnedComponent>,
}
