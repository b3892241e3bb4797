//! PROTOCOL.md §1 to §3 and §7 read a second time, over whole streams
//!
//! What the machines decide byte by byte, [`server`] and [`client`] decide with the whole stream before them, in the
//! plainest way: one function for each packet, read from top to bottom. It shares no code with the machines, only
//! their words for events and errors. It knows no time: everything happens at once.

pub mod client;
pub mod server;

use proto_core::Error;
use proto_core::error::Violation;
use proto_core::testing::Happened;

/// What a stream must lead to
#[derive(Clone, Debug)]
pub struct Outcome<E> {
    /// Events and texts, in order
    pub log: Vec<Happened<E>>,
    /// All that is transmitted
    pub sent: Vec<u8>,
    /// What ends the connection
    pub failure: Option<Error>,
}

impl<E> Outcome<E> {
    const fn new() -> Self {
        Self { log: Vec::new(), sent: Vec::new(), failure: None }
    }

    fn event(&mut self, event: E) {
        self.log.push(Happened::Event(event));
    }

    fn text(&mut self, c: char) {
        if let Some(Happened::Text(text)) = self.log.last_mut() {
            text.push(c);
        } else {
            self.log.push(Happened::Text(c.into()));
        }
    }
}

/// Why reading does not go on
enum Stop {
    /// The stream is over
    Starved,
    /// What is being read has become nobody's
    Abandoned,
    /// A rule is broken, at this byte
    Broken(Violation, usize),
}

type Read<T> = Result<T, Stop>;

/// A stream that is being read
struct Stream<'s> {
    bytes: &'s [u8],
    at: usize,
    /// Bytes that the frame at hand still has
    left: u32,
}

impl<'s> Stream<'s> {
    const fn new(bytes: &'s [u8]) -> Self {
        Self { bytes, at: 0, left: 0 }
    }

    /// A rule that the last byte read has broken
    const fn broken(&self, violation: Violation) -> Stop {
        Stop::Broken(violation, self.at.saturating_sub(1))
    }
}

/// Either side, as far as reading goes
trait Side<'s> {
    fn stream(&mut self) -> &mut Stream<'s>;

    /// What the side does by itself before the byte at `at` comes
    ///
    /// # Errors
    /// [`Stop::Abandoned`] where that byte is to be read by nobody now.
    fn act(&mut self, at: usize) -> Read<()>;

    /// A character of a text
    fn text(&mut self, c: char);

    /// The next byte, of whatever
    fn raw(&mut self) -> Read<u8> {
        let at = self.stream().at;
        self.act(at)?;
        let stream = self.stream();
        let byte = *stream.bytes.get(at).ok_or(Stop::Starved)?;
        stream.at += 1;
        Ok(byte)
    }

    /// The next byte of the frame at hand
    fn byte(&mut self, id: Option<i32>) -> Read<u8> {
        let stream = self.stream();
        if stream.left == 0 {
            return Err(Stop::Broken(Violation::BodyTooShort { id }, stream.at));
        }
        let byte = self.raw()?;
        self.stream().left -= 1;
        Ok(byte)
    }

    /// A `VarInt` whose bytes `next` reads
    fn varint(&mut self, mut next: impl FnMut(&mut Self) -> Read<u8>) -> Read<i32> {
        let mut value = 0_u64;
        for group in 0..5 {
            let byte = next(self)?;
            if group == 4 && byte > 0x0F {
                break;
            }
            value |= u64::from(byte & 0x7F) << (7 * group);
            if byte < 0x80 {
                return Ok(u32::try_from(value).expect("four groups of seven bits and one of four").cast_signed());
            }
        }
        Err(self.stream().broken(Violation::VarIntOverflow))
    }

    /// Length and id of a frame; what is left of it is the body
    fn head(&mut self, maximum: u32) -> Read<i32> {
        let start = self.stream().at;
        let length = self.varint(Self::raw)?;
        match u32::try_from(length) {
            Ok(left) if left > 0 && left <= maximum => self.stream().left = left,
            _ => return Err(Stop::Broken(Violation::FrameLength { length, maximum }, start)),
        }
        self.varint(|side| side.byte(None))
    }

    /// A String's length in bytes
    fn string_length(&mut self, id: i32, maximum: u32) -> Read<u32> {
        let length = self.varint(|side| side.byte(Some(id)))?;
        let stream = self.stream();
        match u32::try_from(length) {
            Ok(bytes) if bytes <= maximum && bytes <= stream.left => Ok(bytes),
            Ok(bytes) if bytes <= maximum => Err(Stop::Broken(Violation::BodyTooShort { id: Some(id) }, stream.at)),
            _ => Err(stream.broken(Violation::StringLength { length, maximum })),
        }
    }

    /// A String's text; tells its UTF-16 units
    fn string(&mut self, id: i32, bytes: u32, maximum: usize) -> Read<usize> {
        let (mut left, mut units) = (bytes, 0);
        while left > 0 {
            let Some(c) = self.character(id, &mut left)? else {
                return Err(self.stream().broken(Violation::Utf8));
            };
            units += c.len_utf16();
            if units > maximum {
                let maximum = u32::try_from(maximum).expect("a limit of the protocol");
                return Err(self.stream().broken(Violation::StringUnits { maximum }));
            }
            self.text(c);
        }
        Ok(units)
    }

    /// One character of UTF-8, by the Unicode standard's table of what is well-formed (3-7)
    ///
    /// `None` at the first byte that cannot belong to one, and where the String ends within one.
    fn character(&mut self, id: i32, left: &mut u32) -> Read<Option<char>> {
        *left -= 1;
        let first = self.byte(Some(id))?;
        let (more, bits) = match first {
            0x00..=0x7F => (0, first),
            0xC2..=0xDF => (1, first & 0x1F),
            0xE0..=0xEF => (2, first & 0x0F),
            0xF0..=0xF4 => (3, first & 0x07),
            _ => return Ok(None),
        };
        let mut value = u32::from(bits);
        for index in 0..more {
            if *left == 0 {
                return Ok(None);
            }
            *left -= 1;
            let byte = self.byte(Some(id))?;
            let allowed = match (index, first) {
                (0, 0xE0) => 0xA0..=0xBF,
                (0, 0xED) => 0x80..=0x9F,
                (0, 0xF0) => 0x90..=0xBF,
                (0, 0xF4) => 0x80..=0x8F,
                _ => 0x80..=0xBF,
            };
            if !allowed.contains(&byte) {
                return Ok(None);
            }
            value = (value << 6) | u32::from(byte & 0x3F);
        }
        Ok(char::from_u32(value))
    }

    /// A Long
    fn long(&mut self, id: i32) -> Read<i64> {
        let mut bytes = [0; 8];
        for byte in &mut bytes {
            *byte = self.byte(Some(id))?;
        }
        Ok(i64::from_be_bytes(bytes))
    }

    /// What is left of the frame
    fn skip(&mut self) -> Read<()> {
        while self.stream().left > 0 {
            self.byte(None)?;
        }
        Ok(())
    }
}

/// Where a broken rule ends the connection
fn failure(violation: Violation, at: usize) -> Error {
    Error::Protocol { violation, offset: u64::try_from(at).unwrap_or(u64::MAX) }
}
