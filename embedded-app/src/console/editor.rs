//! One line of text under a cursor, the lines entered before it, and the keys that a terminal sends
//!
//! It shows nothing.

use heapless::{Deque, String};

/// Bytes of a line
pub const LINE: usize = 120;
/// Lines that are remembered
const HISTORY: usize = 6;

/// What a person pressed
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A printable ASCII character
    Insert(char),
    Enter,
    /// Ctrl-C
    Cancel,
    /// Ctrl-D
    End,
    Backspace,
    Delete,
    Left,
    Right,
    Home,
    LineEnd,
    /// Ctrl-U
    DeleteToStart,
    /// Ctrl-K
    DeleteToEnd,
    /// Ctrl-W
    DeleteWord,
    Up,
    Down,
}

/// How much of an escape sequence has come
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Escape {
    #[default]
    None,
    Started,
    /// `ESC [` or `ESC O`, with the last digit seen
    Sequence(u8),
}

#[derive(Debug, Default)]
pub(super) struct Editor {
    text: String<LINE>,
    cursor: usize,
    escape: Escape,
    /// Whether the last byte was a carriage return, whose line feed is not another line
    returned: bool,
    history: Deque<String<LINE>, HISTORY>,
    /// How far back in the history the line comes from; 0 is the line being typed
    back: usize,
    /// The line being typed, while one of the history is shown
    draft: String<LINE>,
}

impl Editor {
    pub(super) const fn new() -> Self {
        Self {
            text: String::new(),
            cursor: 0,
            escape: Escape::None,
            returned: false,
            history: Deque::new(),
            back: 0,
            draft: String::new(),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) const fn cursor(&self) -> usize {
        self.cursor
    }

    /// The key that a byte completes, if it is one that means something here
    // Apart, its registers are its own.
    #[inline(never)]
    pub(super) fn decode(&mut self, byte: u8) -> Option<Key> {
        let returned = core::mem::replace(&mut self.returned, byte == b'\r');
        match (core::mem::take(&mut self.escape), byte) {
            (_, 0x1B) => {
                self.escape = Escape::Started;
                None
            }
            (Escape::Started, b'[' | b'O') => {
                self.escape = Escape::Sequence(0);
                None
            }
            (Escape::Sequence(_), b'0'..=b'9' | b';') => {
                self.escape = Escape::Sequence(byte);
                None
            }
            (Escape::Sequence(digit), _) => match (byte, digit) {
                (b'A', _) => Some(Key::Up),
                (b'B', _) => Some(Key::Down),
                (b'C', _) => Some(Key::Right),
                (b'D', _) => Some(Key::Left),
                (b'H', _) | (b'~', b'1' | b'7') => Some(Key::Home),
                (b'F', _) | (b'~', b'4' | b'8') => Some(Key::LineEnd),
                (b'~', b'3') => Some(Key::Delete),
                _ => None,
            },
            (Escape::Started, _) => None,
            (Escape::None, b'\n') if returned => None,
            (Escape::None, b'\r' | b'\n') => Some(Key::Enter),
            (Escape::None, 0x08 | 0x7F) => Some(Key::Backspace),
            (Escape::None, byte) => match byte {
                b' '..=b'~' => Some(Key::Insert(char::from(byte))),
                b'\t' => Some(Key::Insert(' ')),
                0x01 => Some(Key::Home),
                0x02 => Some(Key::Left),
                0x03 => Some(Key::Cancel),
                0x04 => Some(Key::End),
                0x05 => Some(Key::LineEnd),
                0x06 => Some(Key::Right),
                0x0B => Some(Key::DeleteToEnd),
                0x0E => Some(Key::Down),
                0x10 => Some(Key::Up),
                0x15 => Some(Key::DeleteToStart),
                0x17 => Some(Key::DeleteWord),
                // What begins any other character: left out, a name would be another's.
                0xC0.. => Some(Key::Insert('?')),
                _ => None,
            },
        }
    }

    /// Takes the line, which begins anew, and remembers it
    #[inline(never)]
    pub(super) fn enter(&mut self) -> String<LINE> {
        let line = core::mem::take(&mut self.text);
        self.clear();
        if line.bytes().any(|byte| byte != b' ') && self.history.back() != Some(&line) {
            if self.history.is_full() {
                self.history.pop_front();
            }
            // There is room: one was dropped where there was none.
            let _kept = self.history.push_back(line.clone());
        }
        line
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.draft.clear();
        (self.cursor, self.back) = (0, 0);
    }

    /// Changes the line; whether there was anything to change
    pub(super) fn apply(&mut self, key: Key) -> bool {
        let (cursor, len) = (self.cursor, self.text.len());
        match key {
            Key::Insert(character) => self.insert(character),
            Key::Backspace => self.delete(cursor.saturating_sub(1), cursor),
            // Ctrl-D in a line that is not empty, as shells have it.
            Key::Delete | Key::End => self.delete(cursor, (cursor + 1).min(len)),
            Key::DeleteToStart => self.delete(0, cursor),
            Key::DeleteToEnd => self.delete(cursor, len),
            Key::DeleteWord => self.delete(self.word_start(), cursor),
            Key::Left => self.move_to(cursor.checked_sub(1)),
            Key::Right => self.move_to((cursor < len).then_some(cursor + 1)),
            Key::Home => self.move_to(Some(0)),
            Key::LineEnd => self.move_to(Some(len)),
            Key::Up => self.recall(self.back + 1),
            Key::Down => self.back > 0 && self.recall(self.back - 1),
            Key::Enter | Key::Cancel => false,
        }
    }

    fn insert(&mut self, character: char) -> bool {
        // All is ASCII, so every index is a boundary.
        let inserted = self.text.insert(self.cursor, character).is_ok();
        self.cursor += usize::from(inserted);
        inserted
    }

    fn delete(&mut self, from: usize, to: usize) -> bool {
        if from >= to {
            return false;
        }
        self.text.drain(from..to);
        self.cursor = from;
        true
    }

    fn move_to(&mut self, place: Option<usize>) -> bool {
        self.cursor = place.unwrap_or(self.cursor);
        place.is_some()
    }

    /// Where the word before the cursor begins
    fn word_start(&self) -> usize {
        let mut before = self.text.bytes().take(self.cursor).enumerate();
        let mut start = 0;
        let mut last = b' ';
        for (place, byte) in before.by_ref() {
            if byte != b' ' && last == b' ' {
                start = place;
            }
            last = byte;
        }
        start
    }

    /// Shows the line that is `back` lines old
    fn recall(&mut self, back: usize) -> bool {
        let line = if back == 0 {
            &self.draft
        } else {
            let index = self.history.len().checked_sub(back);
            match index.and_then(|index| self.history.iter().nth(index)) {
                None => return false,
                Some(line) => line,
            }
        };
        let line = line.clone();
        if self.back == 0 {
            self.draft = core::mem::take(&mut self.text);
        }
        self.text = line;
        self.back = back;
        self.cursor = self.text.len();
        true
    }
}
