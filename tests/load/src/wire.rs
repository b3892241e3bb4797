//! Frames, as far as a status exchange needs them
//!
//! The least that tells one frame from the next. What is in a handshake is not looked at, and no limit is kept: it is no
//! example of how to read what a stranger sends.

/// Id of Handshake, Request and Response
pub const STATUS: u8 = 0;
/// Id of Ping and Pong
pub const PING: u8 = 1;

/// Bytes of a Ping's or Pong's frame
pub const PING_LEN: usize = 10;

/// The protocol version that a handshake names: 1.8, which every server here knows
const PROTOCOL: i32 = 47;

/// A frame at the beginning of some bytes
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'b> {
    /// Packet id
    pub id: u8,
    /// What follows the id
    pub body: &'b [u8],
    /// Bytes of the whole, its length included
    pub len: usize,
}

/// Bytes that are no frame
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// The frame that `bytes` begin with; `None` while it is not complete
///
/// # Errors
/// A length over three bytes, or of 0.
pub fn frame(bytes: &[u8]) -> Result<Option<Frame<'_>>, Malformed> {
    let Some((length, prefix)) = varint(bytes)? else { return Ok(None) };
    let len = prefix + length;
    match bytes.get(prefix..len) {
        Some([id, body @ ..]) => Ok(Some(Frame { id: *id, body, len })),
        Some([]) => Err(Malformed),
        None => Ok(None),
    }
}

/// A `VarInt` of at most three bytes, and how many it has; `None` while it is not complete
///
/// # Errors
/// A third byte with another to follow.
pub fn varint(bytes: &[u8]) -> Result<Option<(usize, usize)>, Malformed> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(3).enumerate() {
        value |= usize::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok(Some((value, index + 1)));
        }
    }
    if bytes.len() < 3 { Ok(None) } else { Err(Malformed) }
}

/// Appends a `VarInt`
pub fn push_varint(out: &mut Vec<u8>, value: i32) {
    let mut rest = value.cast_unsigned();
    while rest > 0x7F {
        out.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}

/// Handshake and Request, as one write sends them
#[must_use]
pub fn handshake_and_request(port: u16) -> Vec<u8> {
    let mut bytes = handshake(port);
    bytes.extend([1, STATUS]);
    bytes
}

/// A Handshake for the status
#[must_use]
pub fn handshake(port: u16) -> Vec<u8> {
    const HOST: &[u8] = b"localhost";
    let mut body = vec![STATUS];
    push_varint(&mut body, PROTOCOL);
    body.push(9);
    body.extend(HOST);
    body.extend(port.to_be_bytes());
    body.push(1);
    framed(&body)
}

/// A Response with `document`
///
/// # Panics
/// The document has 2 GiB.
#[must_use]
pub fn response(document: &[u8]) -> Vec<u8> {
    let mut body = vec![STATUS];
    push_varint(&mut body, i32::try_from(document.len()).expect("a document is shorter"));
    body.extend(document);
    framed(&body)
}

/// A Ping or Pong
#[must_use]
pub fn ping(payload: [u8; 8]) -> [u8; PING_LEN] {
    let mut frame = [9, PING, 0, 0, 0, 0, 0, 0, 0, 0];
    frame[2..].copy_from_slice(&payload);
    frame
}

fn framed(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_varint(&mut bytes, i32::try_from(body.len()).expect("a frame is shorter"));
    bytes.extend(body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_when_they_are_complete() {
        let bytes = handshake_and_request(25_565);
        for end in 0..bytes.len() - 2 {
            assert_eq!(frame(&bytes[..end]), Ok(None), "{end} bytes");
        }
        let first = frame(&bytes).unwrap().unwrap();
        assert_eq!((first.id, first.len), (STATUS, bytes.len() - 2));
        assert_eq!(first.body, b"\x2F\x09localhost\x63\xDD\x01");
        assert_eq!(frame(&bytes[first.len..]), Ok(Some(Frame { id: STATUS, body: &[], len: 2 })));
    }

    #[test]
    fn long_lengths_have_more_bytes() {
        let bytes = response(&[b'x'; 300]);
        assert_eq!(&bytes[..5], [0xAF, 0x02, 0, 0xAC, 0x02]);
        let found = frame(&bytes).unwrap().unwrap();
        assert_eq!((found.len, found.body.len()), (bytes.len(), 302));
    }

    #[test]
    fn nonsense_is_no_frame() {
        assert_eq!(frame(&[0]), Err(Malformed));
        assert_eq!(frame(&[0x80, 0x80, 0x80]), Err(Malformed));
    }
}
