//! Strings and keys, a piece at a time
//!
//! Text between escapes is named as it stands in the document, an escaped character by value, so no buffer is needed.
//! Nothing is put together here, and no word is compared: that is for whoever gets the pieces.

use super::{Cursor, Error, Piece, Scanner, State, Token, run};

impl Scanner {
    /// Begins a string or key
    #[inline]
    pub(super) fn string<'i>(&mut self, cursor: &mut Cursor<'i>, key: bool) -> Result<Option<Token<'i>>, Error> {
        cursor.pass(1);
        self.key = key;
        self.state = State::Body;
        self.body(cursor)
    }

    /// Goes on within a string or key
    #[cfg_attr(feature = "fast", inline)]
    #[cfg_attr(not(feature = "fast"), inline(never))]
    pub(super) fn body<'i>(&mut self, cursor: &mut Cursor<'i>) -> Result<Option<Token<'i>>, Error> {
        if self.high != 0 && cursor.byte().is_some_and(|byte| byte != b'\\') {
            self.high = 0;
            return Ok(Some(self.piece(Piece::Char(char::REPLACEMENT_CHARACTER))));
        }
        let piece = cursor.take(run::string_body(cursor.bytes()));
        match cursor.byte() {
            Some(b'"') if self.key => {
                cursor.pass(1);
                self.state = State::Colon;
                if cursor.byte() == Some(b':') {
                    cursor.pass(1);
                    self.state = State::Value;
                }
                return Ok(Some(Token::Key(Piece::End(piece))));
            }
            Some(b'"') => {
                cursor.pass(1);
                self.value_ended();
                return Ok(Some(Token::String(Piece::End(piece))));
            }
            Some(b'\\') => {
                cursor.pass(1);
                self.state = State::Escape;
            }
            Some(_) => return Err(self.unexpected(*cursor)),
            None => {}
        }
        Ok((!piece.is_empty()).then(|| self.piece(Piece::Text(piece))))
    }

    /// Goes on after a backslash, or after `\u`
    #[cfg_attr(not(feature = "fast"), inline(never))]
    pub(super) fn escape<'i>(&mut self, cursor: &mut Cursor<'_>, byte: u8) -> Result<Option<Token<'i>>, Error> {
        let c = match (self.state, byte) {
            (State::Unicode, _) => {
                let Some(digit) = char::from(byte).to_digit(16) else {
                    return Err(self.unexpected(*cursor));
                };
                let unit = self.unit.wrapping_mul(16) | u16::try_from(digit).unwrap_or_default();
                if self.unit_digits < 3 {
                    cursor.pass(1);
                    self.unit = unit;
                    self.unit_digits = self.unit_digits.wrapping_add(1);
                    return Ok(None);
                }
                match (self.high, unit) {
                    (0, 0xD800..=0xDBFF) => {
                        cursor.pass(1);
                        self.high = unit;
                        self.state = State::Body;
                        return Ok(None);
                    }
                    (0, _) => char::from_u32(unit.into()),
                    (high, 0xDC00..=0xDFFF) => {
                        self.high = 0;
                        let (high, low) = (u32::from(high & 0x3FF), u32::from(unit & 0x3FF));
                        char::from_u32(0x1_0000_u32.wrapping_add((high << 10) | low))
                    }
                    _ => return Ok(Some(self.half_pair())),
                }
                .unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            (_, b'u') => {
                cursor.pass(1);
                self.state = State::Unicode;
                self.unit = 0;
                self.unit_digits = 0;
                return Ok(None);
            }
            (_, b'"' | b'\\' | b'/') => char::from(byte),
            (_, b'b') => '\u{8}',
            (_, b'f') => '\u{C}',
            (_, b'n') => '\n',
            (_, b'r') => '\r',
            (_, b't') => '\t',
            _ => return Err(self.unexpected(*cursor)),
        };
        if self.high != 0 {
            return Ok(Some(self.half_pair()));
        }
        cursor.pass(1);
        self.state = State::Body;
        Ok(Some(self.piece(Piece::Char(c))))
    }

    /// Names half a surrogate pair that turned out to be alone
    ///
    /// The byte that showed it is not passed: with `high` cleared it is looked at once more.
    fn half_pair<'i>(&mut self) -> Token<'i> {
        self.high = 0;
        self.piece(Piece::Char(char::REPLACEMENT_CHARACTER))
    }

    #[inline]
    const fn piece<'i>(&self, piece: Piece<'i>) -> Token<'i> {
        if self.key { Token::Key(piece) } else { Token::String(piece) }
    }
}
