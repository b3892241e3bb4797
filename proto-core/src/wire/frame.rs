//! A frame's head: the length of what follows, and the packet id
//!
//! The length is judged before a single byte of the body is read (PROTOCOL.md §1). The body belongs to whoever
//! knows the packet; only its length is told here.

use super::cursor::Cursor;
use super::varint;
use crate::error::Violation;

/// Head of a frame: which packet, and how long its body is
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Head {
    /// Packet id
    pub id: i32,
    /// Bytes of the body that follow
    pub body: u32,
}

/// A frame's head as it comes in
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decoder {
    /// The length, perhaps begun
    Length(varint::Decoder),
    /// The id, perhaps begun
    Id {
        /// What has been read of it
        id: varint::Decoder,
        /// Bytes that the frame still has
        left: u32,
    },
}

impl Decoder {
    /// Before the first byte of a frame
    #[must_use]
    pub const fn new() -> Self {
        Self::Length(varint::Decoder::new())
    }

    /// Whether a byte of the frame has been read
    #[must_use]
    pub const fn is_started(&self) -> bool {
        match self {
            Self::Length(length) => length.is_started(),
            Self::Id { .. } => true,
        }
    }

    /// Takes bytes until the head is complete or none are left; complete, it is ready for the next frame
    ///
    /// `maximum` is the largest length allowed in this direction.
    ///
    /// # Errors
    /// [`Violation::VarIntOverflow`]; [`Violation::FrameLength`] as soon as the length is known;
    /// [`Violation::BodyTooShort`] where the frame ends within the id.
    #[inline]
    pub fn decode(&mut self, input: &mut Cursor<'_>, maximum: u32) -> Result<Option<Head>, Violation> {
        // Most heads are two bytes that come together. What is not allowed in them the long way finds.
        if cfg!(feature = "fast")
            && !self.is_started()
            && let Some(&[length @ 1..0x80, id @ 0..0x80]) = input.ahead()
            && u32::from(length) <= maximum
        {
            input.pass(2);
            return Ok(Some(Head { id: id.into(), body: u32::from(length).wrapping_sub(1) }));
        }
        self.decode_any(input, maximum)
    }

    /// [`Decoder::decode`] of any form, from any place
    fn decode_any(&mut self, input: &mut Cursor<'_>, maximum: u32) -> Result<Option<Head>, Violation> {
        loop {
            match self {
                Self::Length(decoder) => {
                    let Some(length) = decoder.decode(input).map_err(|_| Violation::VarIntOverflow)? else {
                        return Ok(None);
                    };
                    let left = match u32::try_from(length) {
                        Ok(left) if left > 0 && left <= maximum => left,
                        _ => return Err(Violation::FrameLength { length, maximum }),
                    };
                    *self = Self::Id { id: varint::Decoder::new(), left };
                }
                Self::Id { id: decoder, left } => {
                    let Some(byte) = input.byte() else { return Ok(None) };
                    *left = left.wrapping_sub(1);
                    match decoder.push(byte).map_err(|_| Violation::VarIntOverflow)? {
                        Some(id) => {
                            let head = Head { id, body: *left };
                            *self = Self::new();
                            return Ok(Some(head));
                        }
                        None if *left == 0 => return Err(Violation::BodyTooShort { id: None }),
                        None => {}
                    }
                }
            }
        }
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> (Result<Option<Head>, Violation>, usize) {
        let mut input = Cursor::new(bytes);
        (Decoder::new().decode(&mut input, 798), input.consumed())
    }

    #[test]
    fn a_bad_length_is_an_error_before_a_byte_of_the_body_is_read() {
        assert_eq!(decode(&[0, 0]), (Err(Violation::FrameLength { length: 0, maximum: 798 }), 1));
        assert_eq!(decode(&[0x9F, 0x06, 0]), (Err(Violation::FrameLength { length: 799, maximum: 798 }), 2));
        let minus_one = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0];
        assert_eq!(decode(&minus_one), (Err(Violation::FrameLength { length: -1, maximum: 798 }), 5));
        assert_eq!(decode(&[0x9E, 0x06, 0]), (Ok(Some(Head { id: 0, body: 797 })), 3));
    }

    #[test]
    fn the_maximum_may_be_any() {
        let bytes = [5, 0];
        let head = Decoder::new().decode(&mut Cursor::new(&bytes), 4);
        assert_eq!(head, Err(Violation::FrameLength { length: 5, maximum: 4 }));
        let head = Decoder::new().decode(&mut Cursor::new(&bytes), 5);
        assert_eq!(head, Ok(Some(Head { id: 0, body: 4 })));
    }

    #[test]
    fn an_id_may_be_overlong_but_not_longer_than_the_frame() {
        assert_eq!(decode(&[2, 0x80, 0x00]), (Ok(Some(Head { id: 0, body: 0 })), 3));
        assert_eq!(decode(&[1, 0x80, 0x00]), (Err(Violation::BodyTooShort { id: None }), 2));
    }

    #[test]
    fn waits_for_the_length_alone_and_for_the_id() {
        assert_eq!(decode(&[0x80]), (Ok(None), 1));
        assert_eq!(decode(&[1]), (Ok(None), 1));
    }
}
