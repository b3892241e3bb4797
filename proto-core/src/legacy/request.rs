//! The 1.6 ping: the client writes it, the server reads it for the log
//!
//! Neither direction waits, answers or decides whether it is a 1.6 ping at all: that is for [`super::Detector`].

use heapless::String;

use super::{CHANNEL, EncodeError, PING, Writer, utf16::Utf16};

/// Longest host in a 1.6 ping, in UTF-16 code units; servers refuse a longer one
pub const MAX_HOST_UNITS: usize = MAX_HOST as usize;

const MAX_HOST: u16 = 255;
/// Longest 1.6 ping, in bytes
pub const MAX_REQUEST: usize = 3 + 2 + 2 * CHANNEL.len() + 2 + 7 + 2 * MAX_HOST_UNITS;

/// Writes the whole 1.6 ping; gives its length
///
/// It belongs into one write: servers of that age take a pause for the end of a shorter ping (PROTOCOL.md §7).
/// `protocol` is the version that the client claims, from 73 for 1.6.1 to 78 for 1.6.4.
///
/// # Errors
/// [`EncodeError::HostTooLong`] above [`MAX_HOST_UNITS`]; [`EncodeError::OutputTooSmall`], for which [`MAX_REQUEST`]
/// is always enough.
pub fn encode_request(host: &str, port: u16, protocol: u8, out: &mut [u8]) -> Result<usize, EncodeError> {
    let units = host.encode_utf16().count();
    let too_long = EncodeError::HostTooLong { units, max: MAX_HOST_UNITS };
    if units > MAX_HOST_UNITS {
        return Err(too_long);
    }
    let host_units = u16::try_from(units).map_err(|_| too_long)?;
    let body = host_units.saturating_mul(2).saturating_add(7);
    let needed = MAX_REQUEST.saturating_sub(MAX_HOST_UNITS.saturating_sub(units).saturating_mul(2));
    let small = EncodeError::OutputTooSmall { needed, room: out.len() };

    let mut writer = Writer { rest: out };
    let mut write = || {
        writer.put(&[PING, 0x01, 0xFA])?;
        // The channel's name is ASCII: as many units as bytes.
        writer.put(&[0, CHANNEL.len().try_into().ok()?])?;
        writer.put_utf16(CHANNEL.chars())?;
        writer.put(&body.to_be_bytes())?;
        writer.put(&[protocol])?;
        writer.put(&host_units.to_be_bytes())?;
        writer.put_utf16(host.chars())?;
        writer.put(&u32::from(port).to_be_bytes())
    };
    write().ok_or(small)?;
    Ok(needed)
}

/// What a 1.6 client says about itself
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'d> {
    /// Its protocol version; 73 to 78 are the 1.6 releases
    pub protocol: Option<u8>,
    /// The host that it connected to, as it came: a peer's text
    pub host: &'d str,
    /// Whether the host went on, or had not ended yet
    pub host_cut: bool,
    /// The port that it connected to; `None` also when it was no port
    pub port: Option<u16>,
}

/// Reads what follows `FE 01 FA`: for a server that logs where 1.6 clients think they are connecting
///
/// Nobody needs it to answer: the answer depends on nothing of it and may go out at once, and
/// [`Server`](crate::Server) drops these bytes. So it is lenient: what cannot be a 1.6 ping ends the reading,
/// with the fields read until then, and never is an error.
#[derive(Debug, Clone)]
pub struct RequestDecoder {
    step: Step,
    /// The number that the step reads
    number: u32,
    /// Bytes of the step read
    read: u16,
    text: Utf16,
    protocol: Option<u8>,
    host: String<HOST>,
    host_cut: bool,
    port: Option<u16>,
}

/// Bytes of the host that are kept
const HOST: usize = 64;
/// Units that a plugin channel's name may have
const MAX_CHANNEL_UNITS: u16 = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    ChannelLength,
    /// Bytes to skip
    Channel(u16),
    BodyLength,
    Protocol,
    HostLength,
    /// Bytes to read
    Host(u16),
    Port,
    Done,
}

impl Step {
    const fn bytes(self) -> u16 {
        match self {
            Self::ChannelLength | Self::BodyLength | Self::HostLength => 2,
            Self::Channel(bytes) | Self::Host(bytes) => bytes,
            Self::Protocol => 1,
            Self::Port => 4,
            Self::Done => 0,
        }
    }
}

impl Default for RequestDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl RequestDecoder {
    /// One for the bytes after `FE 01 FA`
    #[must_use]
    pub const fn new() -> Self {
        Self {
            step: Step::ChannelLength,
            number: 0,
            read: 0,
            text: Utf16::new(),
            protocol: None,
            host: String::new(),
            host_cut: false,
            port: None,
        }
    }

    /// Takes bytes; gives the number consumed, less than all only at the end of the ping
    pub fn handle_input(&mut self, input: &[u8]) -> usize {
        let mut consumed: usize = 0;
        for &byte in input {
            if self.is_done() {
                break;
            }
            self.handle_byte(byte);
            consumed = consumed.saturating_add(1);
        }
        consumed
    }

    /// Whether there is nothing more to read
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    /// What was read until now
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        Request {
            protocol: self.protocol,
            host: &self.host,
            host_cut: self.host_cut || matches!(self.step, Step::Host(_)),
            port: self.port,
        }
    }

    fn handle_byte(&mut self, byte: u8) {
        match self.step {
            Step::Host(_) => {
                for character in self.text.handle_byte(byte) {
                    keep(&mut self.host, &mut self.host_cut, character);
                }
            }
            // Of bytes that are skipped too: nobody asks what number they make.
            _ => self.number = self.number.wrapping_shl(8) | u32::from(byte),
        }
        self.read = self.read.saturating_add(1);
        while self.step != Step::Done && self.read >= self.step.bytes() {
            self.finish_step();
        }
    }

    fn finish_step(&mut self) {
        let number = core::mem::take(&mut self.number);
        self.read = 0;
        self.step = match self.step {
            Step::ChannelLength => sized(number, MAX_CHANNEL_UNITS, Step::Channel),
            Step::Channel(_) => Step::BodyLength,
            Step::BodyLength => Step::Protocol,
            Step::Protocol => {
                self.protocol = u8::try_from(number).ok();
                Step::HostLength
            }
            Step::HostLength => sized(number, MAX_HOST, Step::Host),
            Step::Host(_) => {
                if let Some(character) = self.text.finish() {
                    keep(&mut self.host, &mut self.host_cut, character);
                }
                Step::Port
            }
            Step::Port => {
                self.port = u16::try_from(number).ok();
                Step::Done
            }
            Step::Done => Step::Done,
        };
    }
}

/// The step that reads a text of so many units, or the end when it is too long to be one
fn sized(units: u32, max: u16, step: fn(u16) -> Step) -> Step {
    match u16::try_from(units) {
        Ok(units) if units <= max => step(units.saturating_mul(2)),
        _ => Step::Done,
    }
}

fn keep(text: &mut String<HOST>, cut: &mut bool, character: char) {
    *cut = *cut || text.push(character).is_err();
}
