//! The ping from before 1.7, both directions (PROTOCOL.md §7)
//!
//! A server asks a [`Detector`] byte by byte whether a connection begins with a legacy ping, and answers one with
//! [`encode_answer`]; what a 1.6 client says about itself, a [`RequestDecoder`] reads for the log. A client asks with
//! [`encode_request`] and reads the kick packet with an [`AnswerDecoder`]. Every decoder takes its bytes in any pieces
//! and keeps what it needs in fixed buffers.
//!
//! What it does not do: wait, answer or close. The [`SILENCE`] is the caller's to measure. Texts that a peer sent come
//! out as sent, `§` codes and control characters included; whoever shows them cleans them (PROTOCOL.md §5).

mod answer;
mod detect;
mod reply;
mod request;
mod utf16;

pub use answer::{Answer, AnswerDecoder, AnswerError, Form};
pub use detect::{Detector, SILENCE, Verdict};
pub use reply::{LegacyStatus, MAX_ANSWER, encode_answer};
pub use request::{MAX_HOST_UNITS, MAX_REQUEST, Request, RequestDecoder, encode_request};

use core::fmt;

/// First byte of every legacy ping
const PING: u8 = 0xFE;
/// First byte of the kick packet that answers it
const KICK: u8 = 0xFF;
/// The plugin channel that a 1.6 ping names
const CHANNEL: &str = "MC|PingHost";

/// Which clients send this form of the ping, named by the versions that do
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `FE`: Beta 1.8 to 1.3
    Beta,
    /// `FE 01`: 1.4 and 1.5
    V1_4,
    /// `FE 01 FA` and what follows: 1.6
    V1_6,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Beta => "Beta 1.8 to 1.3",
            Self::V1_4 => "1.4 to 1.5",
            Self::V1_6 => "1.6",
        })
    }
}

/// Why nothing was encoded: the caller's doing
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodeError {
    /// The packet does not fit the buffer
    OutputTooSmall {
        /// Bytes that the packet has
        needed: usize,
        /// Bytes that the buffer has
        room: usize,
    },
    /// The host is longer than servers read
    HostTooLong {
        /// Its length in UTF-16 code units
        units: usize,
        /// The longest allowed
        max: usize,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutputTooSmall { needed, room } => {
                write!(f, "the legacy packet has {needed} bytes; the buffer has room for {room}")
            }
            Self::HostTooLong { units, max } => {
                write!(f, "the host has {units} UTF-16 units; a legacy ping carries at most {max}")
            }
        }
    }
}

impl core::error::Error for EncodeError {}

/// Appends to a slice; refuses what does not fit
struct Writer<'o> {
    rest: &'o mut [u8],
}

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let (place, rest) = core::mem::take(&mut self.rest).split_at_mut_checked(bytes.len())?;
        place.copy_from_slice(bytes);
        self.rest = rest;
        Some(())
    }

    fn put_utf16(&mut self, characters: impl Iterator<Item = char>) -> Option<()> {
        for character in characters {
            for unit in character.encode_utf16(&mut [0; 2]) {
                self.put(&unit.to_be_bytes())?;
            }
        }
        Some(())
    }
}
