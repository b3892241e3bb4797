//! Errors of a connection, sorted by blame
//!
//! Three kinds: [`Error`] ends a connection (the peer broke a rule, was silent for too long or left),
//! [`Refused`] turns down a command of ours and changes nothing, and what the transport reports stays with the driver.
//! All are small and `Copy`, hold the numbers of their message and no text.
//!
//! What went wrong is told here, not what follows from it: whether to reconnect, log or exit is the program's affair.

use core::fmt;
use core::time::Duration;

use crate::packet::State;
use crate::put;
use crate::text::{Hex, Padded, Show, Sink, display};
use crate::wire::string::Invalid;

/// Why a connection is over
///
/// The machine that returned it stays in this error: each further call that can fail returns it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    /// The peer sent what the protocol does not allow
    Protocol {
        /// The rule that was broken
        violation: Violation,
        /// Where, in bytes from the start of the connection
        ///
        /// The first byte of the frame where the frame as a whole is at fault, else the byte that broke the rule.
        offset: u64,
    },
    /// The peer did not send in time
    Timeout(Timeout),
    /// The peer closed the connection at a moment when it owed something
    Closed(Closed),
}

/// A rule of PROTOCOL.md that the peer broke
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Violation {
    /// A `VarInt` with more than 32 bits: its fifth byte is above `0F` (§1)
    VarIntOverflow,
    /// A frame of length 0, of negative length, or above the maximum of the direction (§1)
    FrameLength {
        /// Length that the frame claims
        length: i32,
        /// Largest length allowed here
        maximum: u32,
    },
    /// The body ends before its last field does (§1)
    BodyTooShort {
        /// Packet id of the frame, or `None` where the id itself is cut
        id: Option<i32>,
    },
    /// Bytes are left over behind the last field (§1; on the server only)
    TrailingBytes {
        /// Packet id of the frame
        id: i32,
        /// How many bytes are left over
        count: u32,
    },
    /// A String of negative length, or of more bytes than allowed (§1)
    StringLength {
        /// Length in bytes that the String claims
        length: i32,
        /// Largest length in bytes allowed here
        maximum: u32,
    },
    /// A String of more UTF-16 units than allowed (§1)
    StringUnits {
        /// Most units allowed here
        maximum: u32,
    },
    /// A String that is not UTF-8 (§1)
    Utf8,
    /// A Handshake whose next state is none of 0 to 3 (§2)
    NextState(i32),
    /// A Request without a Handshake before it (§3)
    RequestInDefault,
    /// A Response that nobody asked for (§3)
    UnexpectedResponse,
    /// Too many packets with ids that the state does not have (§2)
    TooManyUnknown {
        /// How many are too many
        limit: u8,
    },
}

/// The rule that a String of at most `maximum` units has broken
pub(crate) const fn violation(invalid: Invalid, maximum: u32) -> Violation {
    match invalid {
        Invalid::Utf8 => Violation::Utf8,
        Invalid::Units => Violation::StringUnits { maximum },
    }
}

/// What did not come in time (§3)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Timeout {
    /// A frame was started and not completed
    Frame(Duration),
    /// Not a byte in the status state
    Status(Duration),
    /// Not a byte in the default state, although pinged; for how long was measured
    Silence(Duration),
}

/// In the middle of what the peer closed the connection
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Closed {
    /// A frame was started and not completed
    InFrame,
    /// The Response was still to come: servers that are still starting do this (§4)
    WithoutAnswer,
    /// The Response was there, the Pong still to come
    WithoutPong,
}

impl Show for Error {
    fn show(&self, out: &mut dyn Sink) {
        match self {
            Self::Protocol { violation, offset } => violation.show_at(*offset, out),
            Self::Timeout(timeout) => timeout.show(out),
            Self::Closed(closed) => out.put(closed.text()),
        }
    }
}

impl Violation {
    fn show_at(self, offset: u64, out: &mut dyn Sink) {
        match self {
            Self::VarIntOverflow => {
                put!(out, "VarInt of more than 32 bits at byte ", offset, "; its fifth byte may be 0F at most");
            }
            Self::FrameLength { length, maximum } if length > 0 => {
                put!(out, "frame of ", length, " bytes at byte ", offset, ", at most ", maximum, " allowed");
            }
            Self::FrameLength { length, .. } => {
                put!(out, "frame of length ", length, " at byte ", offset, ", at least 1 expected");
            }
            Self::BodyTooShort { id: Some(id) } => {
                put!(out, "packet ", Id(id), " ends at byte ", offset, ", before its last field is complete");
            }
            Self::BodyTooShort { id: None } => put!(out, "frame ends at byte ", offset, ", within the packet id"),
            Self::TrailingBytes { id, count } => {
                put!(out, "packet ", Id(id), " has ", count, " byte", plural(count));
                put!(out, " left over at byte ", offset, ", none allowed");
            }
            Self::StringLength { length, maximum } => {
                put!(out, "String of ", length, " bytes at byte ", offset, ", from 0 to ", maximum, " allowed");
            }
            Self::StringUnits { maximum } => {
                put!(out, "String of more than ", maximum, " UTF-16 units at byte ", offset);
            }
            Self::Utf8 => put!(out, "String is not valid UTF-8 at byte ", offset),
            Self::NextState(value) => {
                put!(out, "Handshake with next state ", value, " at byte ", offset, "; 0, 1, 2 or 3 expected");
            }
            Self::RequestInDefault => put!(out, "Request at byte ", offset, " without a Handshake before it"),
            Self::UnexpectedResponse => put!(out, "Response at byte ", offset, " that was not asked for"),
            Self::TooManyUnknown { limit } => {
                put!(out, limit, " packets of unknown id, the last at byte ", offset);
            }
        }
    }
}

/// A packet's id as tables have it
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(pub i32);

impl Show for Id {
    fn show(&self, out: &mut dyn Sink) {
        put!(out, "0x", Hex(self.0.cast_unsigned(), 2));
    }
}

/// The ending of a noun behind a number
const fn plural(count: u32) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// A time to the millisecond
struct Seconds(Duration);

impl Show for Seconds {
    fn show(&self, out: &mut dyn Sink) {
        match (self.0.as_secs(), self.0.subsec_millis()) {
            (secs, 0) => put!(out, secs, "s"),
            (0, millis) => put!(out, millis, "ms"),
            (secs, millis) => put!(out, secs, ".", Padded(millis, 3), "s"),
        }
    }
}

/// A time that was measured: what it has beyond its unit, seconds or else milliseconds, is chance
struct About(Duration);

impl Show for About {
    fn show(&self, out: &mut dyn Sink) {
        match (self.0.as_secs(), self.0.subsec_millis()) {
            (0, millis) => put!(out, millis, "ms"),
            (secs, millis) => put!(out, secs.saturating_add(u64::from(millis >= 500)), "s"),
        }
    }
}

impl Show for Timeout {
    fn show(&self, out: &mut dyn Sink) {
        match self {
            Self::Frame(limit) => put!(out, "timed out: a frame was not complete after ", Seconds(*limit)),
            Self::Status(limit) => put!(out, "timed out: no byte for ", Seconds(*limit), " in the status state"),
            Self::Silence(silent) => put!(out, "timed out: silent for ", About(*silent), ", although pinged"),
        }
    }
}

impl Closed {
    const fn text(self) -> &'static str {
        match self {
            Self::InFrame => "the peer closed the connection in the middle of a frame",
            Self::WithoutAnswer => "the server closed the connection without answering; it may still be starting",
            Self::WithoutPong => "the server closed the connection after the Response, without a Pong",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(self, f)
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(self, f)
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for Error {}

/// Why a command was refused; nothing was sent and nothing has changed (§3, §6)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refused {
    /// `ping` needs the default state: one exchange at a time
    PingInStatus,
    /// `stop` needs a status request in progress
    StopInDefault,
    /// As many exchanges as may be are abandoned and unanswered
    TooManyAbandoned {
        /// How many that is
        limit: usize,
    },
    /// So much waits to be sent that an exchange more does not fit: the peer does not read
    Congested,
    /// The connection is over
    Closed,
}

impl Show for Refused {
    fn show(&self, out: &mut dyn Sink) {
        match self {
            Self::PingInStatus => {
                put!(out, "\"ping\" needs the state ", State::Default.name(), "; the state is ", State::Status.name());
                out.put(": wait for the answer, or \"stop\" it");
            }
            Self::StopInDefault => {
                let state = State::Default.name();
                put!(out, "\"stop\" needs a status request in progress; the state is ", state);
            }
            Self::TooManyAbandoned { limit } => {
                put!(out, "\"ping\" refused: ", limit, " stopped requests are still unanswered; wait for one of them");
            }
            Self::Congested => out.put("refused: the peer does not read what was sent before"),
            Self::Closed => out.put("refused: the connection is closed"),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(self, f)
    }
}

impl core::error::Error for Refused {}

#[cfg(test)]
#[path = "error/tests.rs"]
mod tests;
