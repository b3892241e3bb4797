//! Writes status documents and the text component that refuses a login
//!
//! It reads nothing back, makes no favicon, and does not shorten what does not fit: that is refused.

use crate::wire::varint;
use core::fmt;

use serde::Serialize;

/// UTF-16 code units that a JSON String of the protocol may have (PROTOCOL.md §2)
pub const MAX_JSON_UNITS: usize = 32_767;

/// Bytes that [`StatusDocument::encode`] needs at most
///
/// A UTF-16 unit is at most three bytes of UTF-8.
pub const MAX_JSON_BYTES: usize = MAX_JSON_UNITS * 3;

/// Bytes that [`StatusDocument::encode_response`] and [`encode_disconnect`] need at most
///
/// The length of the frame and that of the String take three bytes each then, the packet id one.
pub const MAX_FRAME_BYTES: usize = 3 + 1 + 3 + MAX_JSON_BYTES;

/// Id of the Response in state 1, and of the Disconnect of a login
const PACKET_ID: u8 = 0;

/// What a server says about itself (PROTOCOL.md §4)
///
/// ```
/// use proto_core::status::StatusDocument;
///
/// let document = StatusDocument {
///     version_name: "slp",
///     protocol: -1,
///     max: 10,
///     online: 3,
///     sample: &[],
///     description: "Hello World !",
///     favicon: None,
/// };
/// let mut out = [0; 256];
/// let len = document.encode(&mut out)?;
/// assert_eq!(
///     &out[..len],
///     concat!(
///         r#"{"version":{"name":"slp","protocol":-1},"players":{"max":10,"online":3},"#,
///         r#""clients":{"max":10,"online":3},"description":{"text":"Hello World !"}}"#,
///     )
///     .as_bytes(),
/// );
/// # Ok::<(), proto_core::status::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusDocument<'a> {
    /// `version.name`
    pub version_name: &'a str,
    /// `version.protocol`
    pub protocol: i32,
    /// `max` of `players` and of `clients`
    pub max: u32,
    /// `online` of `players` and of `clients`
    pub online: u32,
    /// `players.sample`; left out when empty
    pub sample: &'a [Sample<'a>],
    /// The text of `description`
    pub description: &'a str,
    /// `favicon`, a whole data URI; left out when there is none
    pub favicon: Option<&'a str>,
}

/// An element of `players.sample`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sample<'a> {
    /// What to show; never a peer's address
    pub name: &'a str,
    /// A UUID in its hyphenated form
    pub id: &'a str,
}

/// A document that cannot be written
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// The document is longer than the protocol allows (PROTOCOL.md §4)
    TooLong {
        /// Its UTF-16 code units
        units: usize,
        /// How many it may have: [`MAX_JSON_UNITS`]
        limit: usize,
    },
    /// The caller's buffer is too small
    BufferTooSmall {
        /// Bytes to be written
        needed: usize,
        /// Bytes in the buffer
        available: usize,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { units, limit } => {
                write!(f, "JSON of {units} UTF-16 units, at most {limit} expected")
            }
            Self::BufferTooSmall { needed, available } => {
                write!(f, "buffer of {available} bytes, at least {needed} expected")
            }
        }
    }
}

impl core::error::Error for EncodeError {}

#[derive(Serialize)]
struct Document<'a> {
    version: Version<'a>,
    players: Players<'a>,
    clients: Clients,
    description: Component<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    favicon: Option<&'a str>,
}

#[derive(Serialize)]
struct Version<'a> {
    name: &'a str,
    protocol: i32,
}

#[derive(Serialize)]
struct Players<'a> {
    max: u32,
    online: u32,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    sample: &'a [Sample<'a>],
}

#[derive(Serialize)]
struct Clients {
    max: u32,
    online: u32,
}

#[derive(Serialize)]
struct Component<'a> {
    text: &'a str,
}

impl StatusDocument<'_> {
    /// Writes the JSON, and returns its length in bytes
    ///
    /// The keys are in the order of PROTOCOL.md §4, without white space. [`MAX_JSON_BYTES`] are always
    /// enough.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] whatever the buffer, else [`EncodeError::BufferTooSmall`].
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        encode_json(&self.document(), self.size(), out)
    }

    /// Writes the Response as it goes to a client, and returns its length in bytes
    ///
    /// That is the length of the frame, packet id 0, the length of the String (each a `VarInt`), JSON.
    /// [`MAX_FRAME_BYTES`] are always enough.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_response(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        encode_frame(&self.document(), self.size(), out)
    }

    /// UTF-16 code units of the JSON, of which [`MAX_JSON_UNITS`] are allowed
    #[must_use]
    pub fn units(&self) -> usize {
        self.size().units
    }

    const fn document(&self) -> Document<'_> {
        let Self { version_name, protocol, max, online, sample, description, favicon } = *self;
        Document {
            version: Version { name: version_name, protocol },
            players: Players { max, online, sample },
            clients: Clients { max, online },
            description: Component { text: description },
            favicon,
        }
    }

    fn size(&self) -> Size {
        let counts = Size::ascii(r#"{"max":,"online":}"#)
            .and(Size::number(self.max, false))
            .and(Size::number(self.online, false));
        let version = Size::ascii(r#"{"name":,"protocol":}"#)
            .and(Size::string(self.version_name))
            .and(Size::number(self.protocol.unsigned_abs(), self.protocol < 0));
        let sample = self.sample.iter().fold(Size::ascii(""), |size, sample| {
            size.and(Size::ascii(r#"{"name":,"id":},"#)).and(Size::string(sample.name)).and(Size::string(sample.id))
        });
        // The last element has no comma after it, which makes up for the one before the key.
        let around = Size::ascii(if self.sample.is_empty() { "" } else { r#""sample":[]"# });
        let favicon =
            self.favicon.map_or(Size::ascii(""), |favicon| Size::ascii(r#","favicon":"#).and(Size::string(favicon)));
        Size::ascii(r#"{"version":,"players":,"clients":,"description":{"text":}}"#)
            .and(version)
            .and(counts)
            .and(around)
            .and(sample)
            .and(counts)
            .and(Size::string(self.description))
            .and(favicon)
    }
}

/// Writes the Disconnect that refuses a login, and returns its length in bytes
///
/// That is the length of the frame, packet id 0, the length of the String (each a `VarInt`), and the text component
/// `{"text":"…"}` (PROTOCOL.md §2). [`MAX_FRAME_BYTES`] are always enough.
///
/// # Errors
/// [`EncodeError::TooLong`] whatever the buffer, else [`EncodeError::BufferTooSmall`].
pub fn encode_disconnect(message: &str, out: &mut [u8]) -> Result<usize, EncodeError> {
    let size = Size::ascii(r#"{"text":}"#).and(Size::string(message));
    encode_frame(&Component { text: message }, size, out)
}

/// How long a piece of JSON becomes
///
/// Known before a byte is written: lengths stand before the JSON in a frame, and a document over the
/// limit is to be told by how much, also when no buffer could hold it.
#[derive(Clone, Copy)]
struct Size {
    bytes: usize,
    units: usize,
}

impl Size {
    const fn and(self, other: Self) -> Self {
        Self { bytes: self.bytes.saturating_add(other.bytes), units: self.units.saturating_add(other.units) }
    }

    const fn ascii(text: &str) -> Self {
        Self { bytes: text.len(), units: text.len() }
    }

    fn number(magnitude: u32, negative: bool) -> Self {
        let digits = magnitude.checked_ilog10().unwrap_or(0).saturating_add(1);
        let len = usize::try_from(digits).unwrap_or(usize::MAX).saturating_add(usize::from(negative));
        Self { bytes: len, units: len }
    }

    /// A string with its quotation marks and escapes
    fn string(text: &str) -> Self {
        text.chars().fold(Self::ascii("\"\""), |size, c| {
            size.and(match c {
                '"' | '\\' | '\u{8}' | '\u{C}' | '\n' | '\r' | '\t' => Self::ascii(r"\n"),
                '\0'..='\u{1F}' => Self::ascii(r"\u0000"),
                _ => Self { bytes: c.len_utf8(), units: c.len_utf16() },
            })
        })
    }
}

fn encode_json<T: Serialize>(value: &T, size: Size, out: &mut [u8]) -> Result<usize, EncodeError> {
    let available = out.len();
    check(size, size.bytes, available)?;
    serde_json_core::to_slice(value, out).map_err(|_| EncodeError::BufferTooSmall { needed: size.bytes, available })
}

fn encode_frame<T: Serialize>(value: &T, size: Size, out: &mut [u8]) -> Result<usize, EncodeError> {
    let available = out.len();
    let string = length(size.bytes);
    let body = size.bytes.saturating_add(varint::encoded_len(string)).saturating_add(1);
    let frame = length(body);
    let needed = body.saturating_add(varint::encoded_len(frame));
    check(size, needed, available)?;
    let too_small = EncodeError::BufferTooSmall { needed, available };
    let mut head_len = 0;
    for value in [frame, i32::from(PACKET_ID), string] {
        varint::encode_to(value, out, &mut head_len).ok_or(too_small)?;
    }
    let json = out.get_mut(head_len..).unwrap_or_default();
    let json_len = encode_json(value, size, json)?;
    Ok(head_len.saturating_add(json_len))
}

const fn check(size: Size, needed: usize, available: usize) -> Result<(), EncodeError> {
    if size.units > MAX_JSON_UNITS {
        return Err(EncodeError::TooLong { units: size.units, limit: MAX_JSON_UNITS });
    }
    if needed > available {
        return Err(EncodeError::BufferTooSmall { needed, available });
    }
    Ok(())
}

/// A length as the wire has it; one beyond its range is refused as too long behind this
fn length(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}
