//! Passing over values that nobody asked for
//!
//! Most of a document is: mods, identifiers, colours, whatever a buffer has no room for. The grammar is
//! checked as strictly as where it is read.
//!
//! Nothing is named, kept or looked at for its meaning here.

use super::{Cursor, Error, MAX_DEPTH, Scanner, State, run};

impl Scanner {
    /// Goes on until the skipped value is over or the piece is used up
    #[cfg_attr(feature = "fast", inline(never))]
    pub(super) fn pass_over(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Error> {
        loop {
            if cfg!(feature = "fast") {
                *cursor = self.glide(*cursor);
            }
            if self.skip == 0 || self.step(cursor)?.is_none() {
                return Ok(());
            }
            if self.skip_ended() {
                return Ok(());
            }
        }
    }

    /// Passes over as many whole members and elements as go by without anything unusual
    ///
    /// This is `step` laid out along the grammar, where the place in the code says what may follow. It stops
    /// before whatever it does not know — half an escape, a number, an error, the end of the piece — and leaves
    /// that to `step`. The cursor is taken and returned, not borrowed, so that it lives in registers.
    #[inline]
    fn glide<'i>(&mut self, cursor: Cursor<'i>) -> Cursor<'i> {
        let mut cursor = cursor;
        if self.state == State::Body && !self.key {
            // Half a pair before it is no error.
            self.high = 0;
            if !glide_string(&mut cursor) {
                return cursor;
            }
            self.value_ended();
        }
        loop {
            if matches!(self.state, State::Value | State::ValueOrEnd) {
                match cursor.byte_after_blanks() {
                    Some(b'"') => {
                        cursor.pass(1);
                        self.key = false;
                        self.state = State::Body;
                        if !glide_string(&mut cursor) {
                            return cursor;
                        }
                    }
                    Some(b'{') if self.depth < MAX_DEPTH => {
                        self.open(&mut cursor, false);
                        if !self.glide_key(&mut cursor) {
                            return cursor;
                        }
                        continue;
                    }
                    Some(b'[') if self.depth < MAX_DEPTH => {
                        self.open(&mut cursor, true);
                        continue;
                    }
                    Some(b't') if cursor.pass_word(b"true") => {}
                    Some(b'f') if cursor.pass_word(b"false") => {}
                    Some(b'n') if cursor.pass_word(b"null") => {}
                    _ => return cursor,
                }
                self.value_ended();
            } else if self.state != State::After {
                return cursor;
            }
            if self.skip_ended() {
                return cursor;
            }
            match (cursor.byte_after_blanks(), self.arrays & 1) {
                (Some(b','), 1) => {
                    cursor.pass(1);
                    self.state = State::Value;
                }
                (Some(b','), _) => {
                    cursor.pass(1);
                    self.state = State::Key;
                    if !self.glide_key(&mut cursor) {
                        return cursor;
                    }
                }
                (Some(b'}'), 0) | (Some(b']'), 1) => self.close(&mut cursor),
                _ => return cursor,
            }
        }
    }

    /// Passes over a key and its colon, and says whether a value is next
    #[inline]
    fn glide_key(&mut self, cursor: &mut Cursor<'_>) -> bool {
        if cursor.byte_after_blanks() != Some(b'"') {
            return false;
        }
        cursor.pass(1);
        self.key = true;
        self.state = State::Body;
        if !glide_string(cursor) {
            return false;
        }
        self.state = State::Colon;
        let colon = cursor.byte_after_blanks() == Some(b':');
        if colon {
            cursor.pass(1);
            self.state = State::Value;
        }
        colon
    }

    /// Whether the value to be skipped has just ended, which ends the skipping
    #[inline]
    const fn skip_ended(&mut self) -> bool {
        // Only the value itself ends at a depth below `skip`; before it, the state is another.
        let ended = self.skip > self.depth && matches!(self.state, State::After | State::Done);
        if ended {
            self.skip = 0;
        }
        ended
    }
}

/// Passes over the rest of a string with its quotation mark, or else over what is before the unusual
#[inline]
fn glide_string(cursor: &mut Cursor<'_>) -> bool {
    loop {
        cursor.pass(run::string_body(cursor.bytes()));
        match cursor.byte() {
            Some(b'"') => {
                cursor.pass(1);
                return true;
            }
            Some(b'\\') => match whole_escape(cursor.bytes()) {
                Some(length) => cursor.pass(length),
                None => return false,
            },
            _ => return false,
        }
    }
}

/// Length of the escape at the beginning, `None` where it is cut or is none
#[inline]
fn whole_escape(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [_, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => Some(2),
        [_, b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => Some(6),
        _ => None,
    }
}
