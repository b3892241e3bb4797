//! One direction of a connection: the bytes that are on their way, in their order
//!
//! It loses nothing and reorders nothing; what arrives when, and in what pieces, is for the model. It looks at bytes only
//! to tell where a frame ends and what a cut goes through.

use crate::seen::Seen;

/// Bytes on their way to one side
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Channel {
    bytes: Vec<u8>,
    /// What has been taken of the frame that comes first
    taken: Vec<u8>,
}

/// Length of the frame that `bytes` begin with; `None` where its length is not complete
fn frame_len(bytes: &[u8]) -> Option<usize> {
    let (head, length) = match *bytes {
        [length @ 0..0x80, ..] => (1, usize::from(length)),
        [low, high @ 0..0x80, ..] => (2, usize::from(low & 0x7F) | usize::from(high) << 7),
        _ => return None,
    };
    Some(head + length)
}

impl Channel {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// All behind the first `count` bytes is lost
    pub(crate) fn cut_to(&mut self, count: usize) {
        self.bytes.truncate(count);
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Whether the bytes taken end within a frame
    pub(crate) fn is_in_frame(&self) -> bool {
        !self.taken.is_empty()
    }

    /// The first `count` bytes
    pub(crate) fn first(&self, count: usize) -> Vec<u8> {
        self.bytes.iter().take(count).copied().collect()
    }

    /// How many bytes the rest of the first frame has, as far as it is on its way
    pub(crate) fn rest_of_frame(&self) -> usize {
        let frame: Vec<u8> = self.taken.iter().chain(&self.bytes).copied().collect();
        frame_len(&frame).map_or(self.len(), |len| (len - self.taken.len()).min(self.len()))
    }

    /// Takes the first `count` bytes away
    pub(crate) fn take(&mut self, count: usize) {
        for byte in self.bytes.drain(..count) {
            self.taken.push(byte);
            if frame_len(&self.taken).is_some_and(|len| len == self.taken.len()) {
                self.taken.clear();
            }
        }
    }

    /// What the end of the bytes taken goes through, if through anything of interest
    ///
    /// `handshake` tells the direction: id 00 with a body is a Handshake to the server, a Response to the client.
    pub(crate) fn cut(&self, handshake: bool) -> Option<Seen> {
        const CONTINUES: u8 = 0x80;
        let taken = self.taken.as_slice();
        match *taken {
            // The length itself, which takes two bytes.
            [first] if first & CONTINUES != 0 => Some(Seen::SplitLength),
            [9, 1, _, ..] => Some(Seen::SplitLong),
            [_, 0, ref version @ ..] if handshake && (1..=4).contains(&version.len()) => Some(Seen::SplitVersion),
            // A byte of UTF-8 that begins or continues a character, with more of that character to come.
            [.., last] if last >= CONTINUES && self.bytes.first().is_some_and(|next| next & 0xC0 == CONTINUES) => {
                Some(Seen::SplitCharacter)
            }
            _ => None,
        }
    }
}
