//! Packets as PROTOCOL.md §2 has them, made without the core's encoders
//!
//! It makes what is well formed, and nothing else.

/// A `VarInt` of a number that is not negative
fn varint(number: usize) -> Vec<u8> {
    let group = |shift: u32| u8::try_from(number >> shift & 0x7F).expect("seven bits");
    let groups = (1..5).take_while(|index| number >> (7 * index) > 0).count();
    (0..=groups).map(|index| group(7 * u32::try_from(index).expect("five")) | u8::from(index < groups) << 7).collect()
}

fn frame(id: u8, body: &[u8]) -> Vec<u8> {
    [&varint(1 + body.len())[..], &[id], body].concat()
}

/// The Response, or the Disconnect, that carries `text`
#[must_use]
pub fn response(text: &str) -> Vec<u8> {
    frame(0, &[&varint(text.len())[..], text.as_bytes()].concat())
}

/// A Ping or Pong
#[must_use]
pub fn ping(payload: i64) -> Vec<u8> {
    frame(1, &payload.to_be_bytes())
}

/// The Handshake of a client of ours to `localhost`, port 25 565, with this next state
#[must_use]
pub fn handshake(next: u8) -> Vec<u8> {
    frame(0, &[b"\xFF\xFF\xFF\xFF\x0F\x09localhost\x63\xDD", &[next][..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_one_byte_to_three() {
        assert_eq!(varint(0), [0]);
        assert_eq!(varint(0x7F), [0x7F]);
        assert_eq!(varint(0x80), [0x80, 1]);
        assert_eq!(varint(0x3FFF), [0xFF, 0x7F]);
        assert_eq!(varint(98_301), [0xFD, 0xFF, 5]);
        assert_eq!(handshake(1)[..2], [19, 0]);
    }
}
