//! Packets, states and limits: the tables of PROTOCOL.md §1 and §2 in Rust
//!
//! Numbers, and the encoding of the packets that have a fixed form. The decoding of bodies is in the machines, since
//! it streams; the status document is in [`crate::status`].

use core::fmt;

use heapless::Vec;

use crate::wire::varint;

/// Port where none is named, to connect to and to listen on: the game's own
///
/// The one definition of it; programs take it from here.
pub const DEFAULT_PORT: u16 = 25_565;

/// Protocol version that our client claims unless told otherwise: "only asking"
pub const PROTOCOL_VERSION: i32 = -1;

/// Packet id of Handshake, Request and Response
pub const ID_STATUS: i32 = 0x00;

/// Packet id of Ping and Pong
pub const ID_PING: i32 = 0x01;

/// Longest frame to a server: id, protocol version, address, port and next state (§1)
pub const MAX_SERVERBOUND_FRAME: u32 = 1 + 5 + (2 + MAX_ADDRESS_BYTES) + 2 + 5;

/// Longest frame to a client: the most that a length of three bytes can say (§1)
pub const MAX_CLIENTBOUND_FRAME: u32 = 2_097_151;

/// UTF-16 units that a server address may have: String(255), and 6 more for a marker such as `\0FML2\0` (§1)
pub const MAX_ADDRESS_UNITS: u32 = 261;

/// Bytes that a server address may have
pub const MAX_ADDRESS_BYTES: u32 = 3 * MAX_ADDRESS_UNITS;

/// UTF-16 units that a Response may have (§1)
pub const MAX_RESPONSE_UNITS: u32 = 32_767;

/// Bytes that a Response may have
pub const MAX_RESPONSE_BYTES: u32 = 3 * MAX_RESPONSE_UNITS;

/// Packets of unknown id on one connection: the one that reaches this number closes it (§2)
pub const MAX_UNKNOWN_PACKETS: u8 = 16;

/// Bytes of a host name that our own Handshake carries: more than any name in the DNS has
pub const MAX_HOST_BYTES: usize = 255;

/// Bytes of our own Handshake with a Request behind it
pub(crate) const MAX_HELLO: usize = 2 + 1 + 5 + 2 + MAX_HOST_BYTES + 2 + 1 + REQUEST.len();

/// The Request: a frame of nothing but its id
pub const REQUEST: [u8; 2] = [1, 0];

/// Where a connection stands (§3)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// 0: between exchanges
    #[default]
    Default = 0,
    /// 1: a status exchange is running
    Status = 1,
}

impl State {
    /// The name that commands take and messages show
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Status => "status",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a Handshake asks for (§2)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NextState {
    /// 0: back to the default state
    Default,
    /// 1: a status exchange
    Status,
    /// 2: a login, which this system answers with a Disconnect
    Login,
    /// 3: a transfer, which this system answers like a login
    Transfer,
}

impl NextState {
    /// The number on the wire
    #[must_use]
    pub const fn as_i32(self) -> i32 {
        match self {
            Self::Default => 0,
            Self::Status => 1,
            Self::Login => 2,
            Self::Transfer => 3,
        }
    }
}

impl TryFrom<i32> for NextState {
    type Error = i32;

    fn try_from(value: i32) -> Result<Self, i32> {
        match value {
            0 => Ok(Self::Default),
            1 => Ok(Self::Status),
            2 => Ok(Self::Login),
            3 => Ok(Self::Transfer),
            other => Err(other),
        }
    }
}

impl fmt::Display for NextState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Default => "default",
            Self::Status => "status",
            Self::Login => "login",
            Self::Transfer => "transfer",
        })
    }
}

/// Bytes of a Ping or Pong frame
pub const PING_LEN: usize = 10;

/// The frame of a Ping or a Pong, which differ in nothing but who began
#[must_use]
pub const fn encode_ping(payload: i64) -> [u8; PING_LEN] {
    let mut frame = [9, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    if let Some(body) = frame.last_chunk_mut::<8>() {
        *body = payload.to_be_bytes();
    }
    frame
}

/// A host name too long for our Handshake
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HostTooLong {
    /// Bytes that it has
    pub bytes: usize,
}

impl fmt::Display for HostTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host name of {} bytes, at most {MAX_HOST_BYTES} allowed", self.bytes)
    }
}

impl core::error::Error for HostTooLong {}

/// The frame of a Handshake
///
/// # Errors
/// [`HostTooLong`] where `server_address` has more than [`MAX_HOST_BYTES`] bytes.
pub fn encode_handshake(
    protocol_version: i32,
    server_address: &str,
    server_port: u16,
    next_state: NextState,
) -> Result<Vec<u8, { MAX_HELLO }>, HostTooLong> {
    let too_long = HostTooLong { bytes: server_address.len() };
    if server_address.len() > MAX_HOST_BYTES {
        return Err(too_long);
    }
    // In these bounds each length fits an i32, and the whole fits the buffer.
    let version = varint::encode(protocol_version);
    let address_len = varint::encode(i32::try_from(server_address.len()).map_err(|_| too_long)?);
    let next = varint::encode(next_state.as_i32());
    let id = varint::encode(ID_STATUS);
    let mut parts = [
        // The length, which is that of the others.
        &[],
        bytes_of(&id),
        bytes_of(&version),
        bytes_of(&address_len),
        server_address.as_bytes(),
        &server_port.to_be_bytes(),
        bytes_of(&next),
    ];
    let length = parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.len()));
    let length = varint::encode(i32::try_from(length).map_err(|_| too_long)?);
    let [first, ..] = &mut parts;
    *first = bytes_of(&length);
    let mut frame = Vec::new();
    for part in parts {
        frame.extend_from_slice(part).map_err(|_| too_long)?;
    }
    Ok(frame)
}

fn bytes_of(encoded: &([u8; varint::MAX_LEN], usize)) -> &[u8] {
    encoded.0.split_at_checked(encoded.1).map_or(&[], |(bytes, _)| bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_the_tables() {
        assert_eq!(MAX_SERVERBOUND_FRAME, 798);
        assert_eq!(MAX_RESPONSE_BYTES, 98_301);
    }

    #[test]
    fn a_handshake_byte_by_byte() {
        let frame = encode_handshake(-1, "localhost", 25_565, NextState::Status).unwrap();
        let expected = *b"\x13\x00\xff\xff\xff\xff\x0f\x09localhost\x63\xdd\x01";
        assert_eq!(frame.as_slice(), expected);
    }

    #[test]
    fn the_longest_host_fits_and_one_more_does_not() {
        let host = core::str::from_utf8(&[b'a'; 256]).unwrap();
        let longest = encode_handshake(i32::MIN, host.get(..255).unwrap(), u16::MAX, NextState::Status).unwrap();
        assert_eq!(longest.len() + REQUEST.len(), MAX_HELLO);
        assert_eq!(encode_handshake(-1, host, 0, NextState::Status), Err(HostTooLong { bytes: 256 }));
    }
}
