//! The frames of a Response, one for each number of clients that somebody is being told
//!
//! A new number is put into a frame that there is, digit by digit: encoding all of it anew would cost more than the rest
//! of a short connection. A frame that a connection still holds never changes; then another takes its place, which stays
//! for the next time. So neither numbers that grow a digit and lose it again nor a batch of clients that hold a frame each
//! take from the allocator for long. How many stay is bounded.

use std::sync::Arc;

use proto_core::wire::cursor::Cursor;
use proto_core::wire::varint;

use super::Answer;

/// Frames kept at most: as many clients are read before the first of them is answered
pub(super) const MAX_FRAMES: usize = 64;

/// Bytes of all frames kept at most, but for the one of the last answer
pub(super) const MAX_BYTES: usize = 1 << 20;

/// Digits of the largest number of clients
const MAX_DIGITS: usize = 10;

/// One encoded Response
pub(super) struct Frame {
    pub(super) bytes: Answer,
    /// The length of the document in it
    pub(super) document: usize,
    /// The number of clients in it
    online: u32,
    /// Where the digits of that number stand, from the first one on, as often as it occurs
    digits: Arc<[usize]>,
}

impl Frame {
    /// A frame for as many clients as `online`, or as many digits
    fn new(online: u32, encode: &mut impl FnMut(u32) -> Answer) -> Self {
        let length = online.checked_ilog10().unwrap_or_default();
        let ones = (0..length).fold(1, |ones, _| ones * 10 + 1);
        // Where two documents with other digits everywhere differ, there they stand.
        let (bytes, other) = (encode(ones), encode(ones * 2));
        let digits = (0..).zip(bytes.iter().zip(other.iter())).filter(|(_, (one, two))| one != two);
        let digits = digits.map(|(at, _)| at).collect();
        Self { document: document_len(&bytes), bytes, online: ones, digits }
    }

    /// Whether the frame for as many clients as `online` has the same length
    const fn fits(&self, online: u32) -> bool {
        matches!((self.online.checked_ilog10(), online.checked_ilog10()), (Some(one), Some(other)) if one == other)
            || (self.online < 10 && online < 10)
    }

    /// Changes the number of clients; false where somebody else holds the bytes
    fn set_online(&mut self, online: u32) -> bool {
        let Some(bytes) = Arc::get_mut(&mut self.bytes) else { return false };
        let mut number = [0; MAX_DIGITS];
        let mut rest = online;
        let mut first = MAX_DIGITS;
        while first > 0 && (rest > 0 || first == MAX_DIGITS) {
            first -= 1;
            number[first] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        for (&at, &digit) in self.digits.iter().zip(number[first..].iter().cycle()) {
            bytes[at] = digit;
        }
        self.online = online;
        true
    }

    /// The same with bytes of its own
    fn copy(&self) -> Self {
        Self { bytes: Arc::from(&*self.bytes), digits: Arc::clone(&self.digits), ..*self }
    }
}

/// The length of the document in a Response's frame: behind the frame's length and the id
fn document_len(frame: &[u8]) -> usize {
    let mut input = Cursor::new(frame);
    let mut number = || varint::Decoder::new().decode(&mut input).ok().flatten();
    let (_length, _id, document) = (number(), number(), number());
    document.and_then(|document| usize::try_from(document).ok()).unwrap_or_default()
}

/// Those that there are
pub(super) struct Frames {
    all: Vec<Frame>,
    /// Place of the last answer's
    last: usize,
    /// Bytes of all
    bytes: usize,
}

impl Frames {
    pub(super) const fn new() -> Self {
        Self { all: Vec::new(), last: 0, bytes: 0 }
    }

    /// The frame that tells of as many clients as `online`, by `encode` where there is none that could
    pub(super) fn with_online(&mut self, online: u32, mut encode: impl FnMut(u32) -> Answer) -> &Frame {
        let is_last = self.all.get(self.last).is_some_and(|frame| frame.online == online);
        if !is_last {
            let same = self.all.iter().position(|frame| frame.online == online);
            let free = || self.all.iter_mut().position(|frame| frame.fits(online) && frame.set_online(online));
            self.last = same.or_else(free).unwrap_or_else(|| {
                let alike = self.all.iter().find(|frame| frame.fits(online));
                let mut frame = alike.map_or_else(|| Frame::new(online, &mut encode), Frame::copy);
                // Nobody else can hold it.
                frame.set_online(online);
                self.keep(frame)
            });
        }
        &self.all[self.last]
    }

    /// Where the frame is now: behind all others, or in the place of some
    fn keep(&mut self, frame: Frame) -> usize {
        while self.all.len() >= MAX_FRAMES || self.bytes + frame.bytes.len() > MAX_BYTES {
            // Who holds it goes on holding it.
            let Some(oldest) = (!self.all.is_empty()).then(|| self.all.swap_remove(0)) else { break };
            self.bytes -= oldest.bytes.len();
        }
        self.bytes += frame.bytes.len();
        self.all.push(frame);
        self.all.len() - 1
    }
}
