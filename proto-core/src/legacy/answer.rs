//! The kick packet, read by the client
//!
//! It opens no connection, waits for nothing and cleans nothing: the texts come out as sent.

use core::fmt;

use heapless::String;

use super::{KICK, utf16::Utf16};

/// Most UTF-16 units that an answer may announce: its length is a signed Short in the clients of the time
const MAX_UNITS: u16 = 32_767;
/// Bytes of the description that are kept: all of the longest text that old clients took
const DESCRIPTION: usize = 768;
/// Bytes of the version's name that are kept
const VERSION: usize = 192;
/// Bytes of a number that are kept; an `i32` has at most 11
const NUMBER: usize = 11;

/// How an answer was written
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `§1 NUL protocol NUL version NUL description NUL online NUL max`, 1.4 and later
    Fields,
    /// `description § online § max`, before 1.4
    Split,
    /// A text without counts: the server refused, and the description says why
    Message,
}

/// What the server answered; missing fields are `None` or empty, never invented
///
/// Texts are the peer's, cut at a character boundary to what is kept (192 bytes of the version, 768 of the description).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<'d> {
    /// How it was written
    pub form: Form,
    /// The protocol version; `None` also when it was no 32-bit number
    pub protocol: Option<i32>,
    /// The version's name; empty except in [`Form::Fields`]
    pub version: &'d str,
    /// Whether more of the version came than is kept
    pub version_cut: bool,
    /// The description, or the message
    pub description: &'d str,
    /// Whether more of the description came than is kept
    pub description_cut: bool,
    /// Clients connected; `None` also when it was no 32-bit number
    pub online: Option<i32>,
    /// Clients allowed; `None` also when it was no 32-bit number
    pub max: Option<i32>,
    /// Whether a surrogate came without its partner; U+FFFD stands in its place
    pub unpaired: bool,
}

/// Why there is no answer: the peer's doing
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerError {
    /// The first byte is none of a kick packet
    NotAKick {
        /// The byte
        found: u8,
    },
    /// The announced text is longer than any answer
    TooLong {
        /// UTF-16 units announced
        units: u16,
        /// The most allowed
        max: u16,
    },
    /// The stream ended inside the answer, or before it
    Closed {
        /// Bytes that came
        received: u32,
        /// Bytes announced, when they were
        expected: Option<u32>,
    },
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotAKick { found } => {
                write!(f, "the legacy answer begins with byte {found:02X}; expected {KICK:02X}, a kick packet")
            }
            Self::TooLong { units, max } => {
                write!(f, "the legacy answer announces {units} UTF-16 units; expected at most {max}")
            }
            Self::Closed { received: 0, .. } => f.write_str("the server closed the connection without answering"),
            Self::Closed { received, expected: None } => {
                write!(
                    f,
                    "the server closed the connection after {received} bytes of the legacy answer; expected 3 or more"
                )
            }
            Self::Closed { received, expected: Some(expected) } => {
                write!(f, "the server closed the connection after {received} of the legacy answer's {expected} bytes")
            }
        }
    }
}

impl core::error::Error for AnswerError {}

/// Reads the kick packet in any pieces, into fixed buffers
///
/// Lenient, as the world is: any length up to 32 767 units is read through and cut, a field may be missing, and a text
/// without counts is a message.
#[derive(Debug, Clone)]
pub struct AnswerDecoder {
    step: Step,
    received: u32,
    text: Utf16,
    fields: Fields,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    FirstByte,
    LengthHigh,
    LengthLow {
        high: u8,
    },
    /// Bytes of text still to come
    Text(u32),
    Done,
    Failed(AnswerError),
}

impl Default for AnswerDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl AnswerDecoder {
    /// One that expects the answer's first byte
    #[must_use]
    pub const fn new() -> Self {
        Self { step: Step::FirstByte, received: 0, text: Utf16::new(), fields: Fields::new() }
    }

    /// Takes bytes; gives the number consumed, less than all only at the end of the answer
    ///
    /// # Errors
    /// [`AnswerError::NotAKick`] and [`AnswerError::TooLong`], at the byte that says so and ever after.
    pub fn handle_input(&mut self, input: &[u8]) -> Result<usize, AnswerError> {
        let mut consumed: usize = 0;
        for &byte in input {
            match self.step {
                Step::Done => break,
                Step::Failed(error) => return Err(error),
                step => self.step = self.handle_byte(step, byte),
            }
            consumed = consumed.saturating_add(1);
            self.received = self.received.saturating_add(1);
        }
        if let Step::Failed(error) = self.step { Err(error) } else { Ok(consumed) }
    }

    /// Takes note that the stream has ended
    ///
    /// # Errors
    /// [`AnswerError::Closed`] unless the answer was complete, or the error that came first.
    pub fn handle_eof(&mut self) -> Result<(), AnswerError> {
        let received = self.received;
        let expected = match self.step {
            Step::Done => return Ok(()),
            Step::Failed(error) => return Err(error),
            Step::FirstByte | Step::LengthHigh | Step::LengthLow { .. } => None,
            Step::Text(left) => Some(received.saturating_add(left)),
        };
        let error = AnswerError::Closed { received, expected };
        self.step = Step::Failed(error);
        Err(error)
    }

    /// The answer, once all of it has come
    #[must_use]
    pub fn answer(&self) -> Option<Answer<'_>> {
        (self.step == Step::Done).then(|| self.fields.answer(self.text.unpaired()))
    }

    fn handle_byte(&mut self, step: Step, byte: u8) -> Step {
        match step {
            Step::FirstByte if byte == KICK => Step::LengthHigh,
            Step::FirstByte => Step::Failed(AnswerError::NotAKick { found: byte }),
            Step::LengthHigh => Step::LengthLow { high: byte },
            Step::LengthLow { high } => {
                let units = u16::from_be_bytes([high, byte]);
                if units > MAX_UNITS {
                    Step::Failed(AnswerError::TooLong { units, max: MAX_UNITS })
                } else {
                    self.after(u32::from(units).saturating_mul(2))
                }
            }
            Step::Text(left) => {
                for character in self.text.handle_byte(byte) {
                    self.fields.push(character);
                }
                self.after(left.saturating_sub(1))
            }
            decided @ (Step::Done | Step::Failed(_)) => decided,
        }
    }

    fn after(&mut self, left: u32) -> Step {
        if left > 0 {
            return Step::Text(left);
        }
        if let Some(character) = self.text.finish() {
            self.fields.push(character);
        }
        self.fields.finish();
        Step::Done
    }
}

/// The answer's text, taken apart character by character
#[derive(Debug, Clone)]
struct Fields {
    place: Place,
    protocol: Number,
    version: Text<VERSION>,
    description: Text<DESCRIPTION>,
    /// What follows the last `§` but one, and the last; in the field form the counts
    online: Number,
    max: Number,
    /// Where the description ends if what follows are counts; `None` where it had been cut already
    ends: [Option<usize>; 2],
    /// Number of `§` in the split form, at most 2
    sections: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the end of `§1 NUL`, of which so many characters have come
    Start(u8),
    Protocol,
    Version,
    Description,
    Online,
    Max,
    /// Anywhere in the split form
    Split,
}

impl Fields {
    const fn new() -> Self {
        Self {
            place: Place::Start(0),
            protocol: Number::new(),
            version: Text::new(),
            description: Text::new(),
            online: Number::new(),
            max: Number::new(),
            ends: [None; 2],
            sections: 0,
        }
    }

    fn push(&mut self, character: char) {
        self.place = match (self.place, character) {
            (Place::Start(0), '§') => Place::Start(1),
            (Place::Start(1), '1') => Place::Start(2),
            (Place::Start(2), '\0') => Place::Protocol,
            (Place::Start(_), _) => {
                self.finish();
                self.push_split(character);
                Place::Split
            }
            (Place::Protocol, '\0') => Place::Version,
            (Place::Version, '\0') => Place::Description,
            (Place::Description, '\0') => Place::Online,
            (Place::Online, '\0') => Place::Max,
            (place, _) => {
                match place {
                    Place::Protocol => self.protocol.push(character),
                    Place::Version => self.version.push(character),
                    Place::Description => self.description.push(character),
                    Place::Online => self.online.push(character),
                    Place::Max => self.max.push(character),
                    Place::Start(_) | Place::Split => self.push_split(character),
                }
                place
            }
        };
    }

    /// The text is over, or is not of the field form: what was taken for its start is text
    fn finish(&mut self) {
        if let Place::Start(matched) = self.place {
            self.place = Place::Split;
            for character in "§1".chars().take(matched.into()) {
                self.push_split(character);
            }
        }
    }

    /// Everything is kept as description until its end is known: the counts are split off from the right
    fn push_split(&mut self, character: char) {
        if character == '§' {
            let [_, last] = self.ends;
            self.ends = [last, self.description.end()];
            self.online = core::mem::replace(&mut self.max, Number::new());
            self.sections = self.sections.saturating_add(1).min(2);
        } else {
            self.max.push(character);
        }
        self.description.push(character);
    }

    fn answer(&self, unpaired: bool) -> Answer<'_> {
        let mut answer = Answer {
            form: Form::Fields,
            protocol: self.protocol.value(),
            version: &self.version.kept,
            version_cut: self.version.cut,
            description: &self.description.kept,
            description_cut: self.description.cut,
            online: self.online.value(),
            max: self.max.value(),
            unpaired,
        };
        if self.place != Place::Split {
            return answer;
        }
        if self.sections == 2 && answer.online.is_some() && answer.max.is_some() {
            answer.form = Form::Split;
            let [end, _] = self.ends;
            if let Some(description) = end.and_then(|end| self.description.kept.get(..end)) {
                answer.description = description;
                answer.description_cut = false;
            }
        } else {
            answer.form = Form::Message;
            answer.online = None;
            answer.max = None;
        }
        answer
    }
}

/// The start of a text
#[derive(Debug, Clone)]
struct Text<const N: usize> {
    kept: String<N>,
    cut: bool,
}

impl<const N: usize> Text<N> {
    const fn new() -> Self {
        Self { kept: String::new(), cut: false }
    }

    fn push(&mut self, character: char) {
        self.cut = self.cut || self.kept.push(character).is_err();
    }

    /// Where the next character goes, unless it is cut
    fn end(&self) -> Option<usize> {
        (!self.cut).then_some(self.kept.len())
    }
}

/// A decimal number in the making
#[derive(Debug, Clone)]
struct Number(Text<NUMBER>);

impl Number {
    const fn new() -> Self {
        Self(Text::new())
    }

    fn push(&mut self, character: char) {
        self.0.push(character);
    }

    fn value(&self) -> Option<i32> {
        if self.0.cut { None } else { self.0.kept.parse().ok() }
    }
}
