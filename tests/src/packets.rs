//! Packets as bytes, put together by hand from PROTOCOL.md §1 and §2

use std::fmt::Write as _;

/// A signed 32-bit number, seven bits a byte
#[must_use]
pub fn varint(value: i32) -> Vec<u8> {
    let mut rest = value.cast_unsigned();
    let mut bytes = Vec::new();
    loop {
        let low = (rest & 0x7F) as u8;
        rest >>= 7;
        if rest == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// The length of `bytes`, as a number on the wire
#[must_use]
pub fn length(bytes: &[u8]) -> Vec<u8> {
    varint(i32::try_from(bytes.len()).expect("a test's text is short"))
}

/// A text with its length in front
#[must_use]
pub fn string(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    [&length(text), text].concat()
}

/// A frame: length, id, body
#[must_use]
pub fn frame(id: i32, body: impl AsRef<[u8]>) -> Vec<u8> {
    let content = [&varint(id), body.as_ref()].concat();
    [length(&content), content].concat()
}

/// A Handshake of everything that it holds
#[must_use]
pub fn handshake_of(protocol: i32, address: impl AsRef<[u8]>, port: u16, next: i32) -> Vec<u8> {
    frame(0, [varint(protocol), string(address), port.to_be_bytes().to_vec(), varint(next)].concat())
}

/// A Handshake of a client of this system
#[must_use]
pub fn handshake(next: i32) -> Vec<u8> {
    handshake_of(-1, "localhost", 25_565, next)
}

/// A Request
#[must_use]
pub fn request() -> Vec<u8> {
    frame(0, [])
}

/// A Ping or a Pong, whichever way it goes
#[must_use]
pub fn ping(payload: i64) -> Vec<u8> {
    frame(1, payload.to_be_bytes())
}

/// A Response
#[must_use]
pub fn response(document: impl AsRef<[u8]>) -> Vec<u8> {
    frame(0, string(document))
}

/// What a client sends for `ping`, before the Response
#[must_use]
pub fn hello(address: &str, port: u16) -> Vec<u8> {
    [handshake_of(-1, address, port, 1), request()].concat()
}

/// A text with every UTF-16 unit of it as an escape of JSON
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for unit in text.encode_utf16() {
        let _never_fails = write!(escaped, "\\u{unit:04x}");
    }
    escaped
}
