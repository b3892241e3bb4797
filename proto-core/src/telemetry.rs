//! What a device reports over a serial line: postcard in COBS, both directions
//!
//! The device numbers its reports and stamps them with its own time ([`Envelope`]), and [`encode`] makes frames of
//! them; a monitor feeds whatever the line gives to a [`Decoder`] and counts what is missing with [`Losses`]. Sharing
//! this module is what keeps the two in step.
//!
//! A frame is `00`, then in COBS form (so without another `00`) the envelope in postcard and a CRC-16/CCITT-FALSE of
//! it, big-endian, then `00`. The leading zero ends whatever a boot loader or a torn frame left on the line; the CRC
//! keeps line noise and console text from being taken for a report.
//!
//! What it does not do: retransmit, or negotiate versions. Variants and fields are only ever appended at the end of
//! [`Report`]; a monitor skips reports that it does not know as [`Fault::Malformed`].

mod cobs;
pub mod code;
mod display;
mod encode;

use core::fmt;
use core::net::{Ipv4Addr, SocketAddrV4};

pub use display::ShownAddress;
use heapless::String;
use serde::{Deserialize, Serialize};

use crate::text::Sink as _;

/// Longest envelope in postcard: sequence, time, the variant, then [`Report::Status`], which is the longest
const MAX_ENVELOPE: usize = 5 + 10 + 1 + (6 + 6 + 5 + 1 + DESCRIPTION + 1);
/// Bytes of the CRC
const CRC: usize = 2;
/// Longest frame, in bytes: two zeros and the one code byte that COBS needs below 254 bytes
pub const MAX_FRAME: usize = MAX_ENVELOPE + CRC + 3;

/// Bytes of a description that are reported
pub const DESCRIPTION: usize = 64;
/// Bytes of a version's or board's name that are reported
pub const NAME: usize = 24;

/// One report with its number and time
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Counts the reports from 0 at boot, wrapping; a gap is a loss
    pub sequence: u32,
    /// Device time in microseconds since boot
    pub time_us: u64,
    /// What happened
    pub report: Report,
}

/// What a device reports
///
/// Displays as one line with every peer's text cleaned. Append variants at the end: their order is the wire's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// The firmware started; always the first report
    Boot {
        /// The firmware's version, such as `0.1.0`
        version: String<NAME>,
        /// The board's name
        board: String<NAME>,
    },
    /// The network interface has an address
    Address {
        /// The address
        address: Ipv4Addr,
        /// Length of the network's prefix in bits
        prefix: u8,
        /// The router, if there is one
        gateway: Option<Ipv4Addr>,
        /// Whether DHCP gave it, rather than the configuration
        by_dhcp: bool,
    },
    /// A connection to the server is open
    Connected {
        /// The server
        server: SocketAddrV4,
    },
    /// A Response has arrived
    Status {
        /// Clients online; `None` when the document does not say
        online: Option<i32>,
        /// Clients allowed; `None` when the document does not say
        max: Option<i32>,
        /// Length of the document in bytes
        response_bytes: u32,
        /// The description's start, as the server sent it; see [`cut`]
        description: String<DESCRIPTION>,
        /// Whether the description went on
        description_cut: bool,
    },
    /// The Pong that ends an exchange has arrived
    Pong {
        /// The payload of both Ping and Pong
        payload: i64,
        /// Round-trip time in microseconds
        rtt_us: u32,
    },
    /// The server sent a Ping, which was echoed
    ServerPing {
        /// Its payload
        payload: i64,
    },
    /// Something failed; the connection may go on
    Error {
        /// Which error; [`code`] names them
        code: u16,
        /// The numbers of its message, 0 where it has fewer
        numbers: [i64; 2],
    },
    /// The connection is closed
    Disconnected {
        /// Why
        reason: Reason,
    },
}

/// Why a device's connection ended
///
/// Append variants at the end: their order is the wire's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// `exit` on the device's console
    Exit,
    /// The server closed it
    ByServer,
    /// No connection came about: refused, or no route
    Refused,
    /// The server took longer than allowed
    TimedOut,
    /// The server broke the protocol
    Protocol,
    /// The link went down, or the address was lost
    Network,
    /// `connect` with another server on the device's console
    Replaced,
    /// No connection came about: the server's name led to no address
    Unresolved,
}

/// The start of a text that fits `N` bytes, cut at a character boundary, and whether anything was cut
#[must_use]
pub fn cut<const N: usize>(text: &str) -> (String<N>, bool) {
    let mut kept = String::new();
    kept.put(text);
    let whole = kept.len() == text.len();
    (kept, !whole)
}

/// Why a report was not encoded: the caller's doing
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodeError {
    /// The frame does not fit the buffer
    OutputTooSmall {
        /// Bytes that the buffer has
        room: usize,
        /// Bytes that are always enough
        enough: usize,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::OutputTooSmall { room, enough } = self;
        write!(f, "the report does not fit a buffer of {room} bytes; {enough} are always enough")
    }
}

impl core::error::Error for EncodeError {}

/// Makes a frame of a report; gives the part of `out` that is to be sent
///
/// # Errors
/// [`EncodeError::OutputTooSmall`]; [`MAX_FRAME`] bytes are always enough.
///
/// ```
/// use proto_core::telemetry::{Decoder, Envelope, Event, MAX_FRAME, Report, encode};
///
/// let sent = Envelope { sequence: 0, time_us: 1_500, report: Report::ServerPing { payload: -7 } };
/// let mut buffer = [0; MAX_FRAME];
/// let frame = encode(&sent, &mut buffer)?;
///
/// let mut decoder = Decoder::new();
/// let (consumed, event) = decoder.handle_input(frame);
/// assert_eq!((consumed, event), (frame.len(), Some(Event::Report(sent))));
/// # Ok::<(), proto_core::telemetry::EncodeError>(())
/// ```
pub fn encode<'o>(envelope: &Envelope, out: &'o mut [u8]) -> Result<&'o mut [u8], EncodeError> {
    let small = EncodeError::OutputTooSmall { room: out.len(), enough: MAX_FRAME };
    let length = encode::encode(envelope, out).ok_or(small)?;
    out.get_mut(..length).ok_or(small)
}

/// CRC-16/CCITT-FALSE: polynomial 1021, start FFFF, no reflection
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Crc(u16);

impl Crc {
    const fn new() -> Self {
        Self(0xFFFF)
    }

    fn push(&mut self, byte: u8) {
        self.0 ^= u16::from(byte).wrapping_shl(8);
        for _ in 0..8 {
            let carry = self.0 & 0x8000 != 0;
            self.0 = self.0.wrapping_shl(1) ^ if carry { 0x1021 } else { 0 };
        }
    }

    fn of(bytes: &[u8]) -> Self {
        let mut crc = Self::new();
        for &byte in bytes {
            crc.push(byte);
        }
        crc
    }
}

/// What the line gave
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A report
    Report(Envelope),
    /// Bytes that were no report, from one zero to the next
    Skipped {
        /// How many, the zeros not counted
        bytes: u32,
        /// What was wrong with them
        fault: Fault,
    },
}

/// Why bytes between two zeros are no report
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// More bytes than any frame has
    TooLong,
    /// No COBS: a run of it goes past the zero
    Torn,
    /// The CRC does not match
    Checksum,
    /// The CRC matches, but it is no report of this version
    Malformed,
}

/// Finds reports in whatever a serial line gives
///
/// Takes any pieces. After garbage it is in step again at the next zero, and says how much it skipped.
#[derive(Debug, Clone)]
pub struct Decoder {
    frame: cobs::Frame<{ MAX_ENVELOPE + CRC }>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// One that has seen nothing yet
    #[must_use]
    pub const fn new() -> Self {
        Self { frame: cobs::Frame::new() }
    }

    /// Takes bytes up to the first event; gives the number consumed with it
    ///
    /// Call again with the rest until all is consumed.
    #[must_use = "it stops at the first event; the rest of the input is not consumed"]
    pub fn handle_input(&mut self, input: &[u8]) -> (usize, Option<Event>) {
        for (before, &byte) in input.iter().enumerate() {
            if byte != 0 {
                self.frame.push(byte);
            } else if let Some(event) = self.end() {
                return (before.saturating_add(1), Some(event));
            }
        }
        (input.len(), None)
    }

    /// Takes note that the line is gone; gives what was left on it
    ///
    /// Without its closing zero a frame is not complete, so that this is never a report.
    pub fn handle_eof(&mut self) -> Option<Event> {
        let bytes = self.pending();
        self.frame = cobs::Frame::new();
        (bytes > 0).then_some(Event::Skipped { bytes, fault: Fault::Torn })
    }

    /// Bytes since the last zero, of a frame or of garbage
    #[must_use]
    pub fn pending(&self) -> u32 {
        self.frame.taken()
    }

    /// A zero: decodes what came before it; nothing for a zero after a zero
    fn end(&mut self) -> Option<Event> {
        let bytes = self.pending();
        if bytes == 0 {
            return None;
        }
        let event = match self.frame.payload().and_then(open) {
            Ok(envelope) => Event::Report(envelope),
            Err(fault) => Event::Skipped { bytes, fault },
        };
        self.frame = cobs::Frame::new();
        Some(event)
    }
}

/// Checks the CRC and reads the envelope before it
fn open(payload: &[u8]) -> Result<Envelope, Fault> {
    let (body, crc) = payload.split_last_chunk::<CRC>().ok_or(Fault::Checksum)?;
    if Crc::of(body) != Crc(u16::from_be_bytes(*crc)) {
        return Err(Fault::Checksum);
    }
    match postcard::take_from_bytes(body) {
        Ok((envelope, [])) => Ok(envelope),
        _ => Err(Fault::Malformed),
    }
}

/// Counts the reports that never arrived
#[derive(Debug, Clone, Copy, Default)]
pub struct Losses {
    next: Option<u32>,
}

impl Losses {
    /// One that has seen no report
    #[must_use]
    pub const fn new() -> Self {
        Self { next: None }
    }

    /// Takes a report; gives the number of those missing right before it
    ///
    /// A [`Report::Boot`] starts the count anew, as the first report seen does: what came before is unknown.
    pub fn handle_report(&mut self, envelope: &Envelope) -> u32 {
        let expected = match envelope.report {
            Report::Boot { .. } => None,
            _ => self.next,
        };
        self.next = Some(envelope.sequence.wrapping_add(1));
        expected.map_or(0, |expected| envelope.sequence.wrapping_sub(expected))
    }
}
