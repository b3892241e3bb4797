//! What an honest peer puts on the wire, byte by byte
//!
//! Written from PROTOCOL.md §2, not with the encoders of `proto_core`: what the machines send is compared with it, and
//! what foreign peers send is made of it. It knows no packet that is not well formed.

/// Host that the client names: a character of two bytes, so that a piece can end within it
pub(crate) const HOST: &str = "ä";
/// Port that the client names
pub(crate) const PORT: u16 = 0x6364;
/// Protocol version that the client claims: five bytes on the wire
pub(crate) const VERSION: i32 = -1;

/// A Request
pub(crate) const REQUEST: [u8; 2] = [1, 0];

/// The Handshake with [`VERSION`], [`HOST`] and [`PORT`]
pub(crate) const fn handshake(next: u8) -> [u8; 13] {
    [12, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 2, 0xC3, 0xA4, 0x63, 0x64, next]
}

/// A Ping or a Pong
pub(crate) fn ping(payload: i64) -> Vec<u8> {
    [&[9, 1][..], &payload.to_be_bytes()].concat()
}

/// A Response
///
/// # Panics
/// Where the document is longer than lengths of two bytes can say.
pub(crate) fn response(document: &str) -> Vec<u8> {
    let body = [&[0][..], &length(document.len()), document.as_bytes()].concat();
    [length(body.len()), body].concat()
}

/// A `VarInt` of one byte or two
fn length(length: usize) -> Vec<u8> {
    assert!(length < 1 << 14, "a document of {length} bytes");
    let [low, high] = [length & 0x7F, length >> 7].map(|group| u8::try_from(group).expect("seven bits"));
    if high == 0 { vec![low] } else { vec![low | 0x80, high] }
}
