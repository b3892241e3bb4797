//! A scanner for JSON that keeps no token
//!
//! It is pushed a document in pieces cut anywhere and names what goes by as [`Token`]s that borrow from
//! the piece at hand: nothing is collected, so nothing can overflow, and the memory it takes does not
//! depend on the document. The grammar is RFC 8259, strictly, with these limits:
//! - objects and arrays are at most [`MAX_DEPTH`] deep (PROTOCOL.md §4);
//! - half a surrogate pair, alone, is U+FFFD;
//! - a number of any size is taken, cut to a whole [`Number`] of 64 bits.
//!
//! It does not check UTF-8 (a `&str` has been), does not notice duplicate keys, and does not know what a
//! status document contains: that is [`status`](crate::status)'s.
//!
//! ```
//! use proto_core::json::{Piece, Scanner, Token};
//!
//! let mut scanner = Scanner::new();
//! let mut first = "{\"max\": 1";
//! assert_eq!(scanner.next(&mut first), Ok(Some(Token::ObjectBegin)));
//! assert_eq!(scanner.next(&mut first), Ok(Some(Token::Key(Piece::End("max")))));
//! assert_eq!(scanner.next(&mut first), Ok(None)); // the number may go on
//! let mut second = "0}";
//! assert!(matches!(scanner.next(&mut second), Ok(Some(Token::Number(n))) if n.value == 10));
//! assert_eq!(scanner.next(&mut second), Ok(Some(Token::ObjectEnd)));
//! assert_eq!(scanner.finish(), Ok(None));
//! ```

mod cursor;
mod error;
mod number;
pub(crate) mod run;
mod skip;
mod string;

pub(crate) use cursor::Cursor;
pub use error::{Error, ErrorKind, Expected};
pub use number::Number;
use number::{Digits, Step};

/// Objects and arrays that may stand inside one another, the outermost included (PROTOCOL.md §4)
pub const MAX_DEPTH: u8 = 32;

/// What a document consists of
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'i> {
    /// `{`
    ObjectBegin,
    /// `}`
    ObjectEnd,
    /// `[`
    ArrayBegin,
    /// `]`
    ArrayEnd,
    /// A piece of a key
    Key(Piece<'i>),
    /// A piece of a string that is a value
    String(Piece<'i>),
    /// A number
    Number(Number),
    /// `true` or `false`
    Bool(bool),
    /// `null`
    Null,
}

/// A piece of a string or key, escapes resolved
///
/// Each string comes as any number of pieces of which exactly the last one is an `End`. A short string
/// without escapes that lies within one piece of the document is a single `End`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'i> {
    /// Text as it stands in the document; not empty
    Text(&'i str),
    /// A character that was escaped
    Char(char),
    /// The last of the text, often empty or all of it
    End(&'i str),
}

/// Where in the grammar the scanner stands
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before a document that has to be an object
    Object,
    /// Before a value
    Value,
    /// After `[`
    ValueOrEnd,
    /// After `{`
    KeyOrEnd,
    /// After a comma in an object
    Key,
    /// After a key
    Colon,
    /// After a value that something encloses
    After,
    /// Within a string or key
    Body,
    /// Within a string or key, after a backslash
    Escape,
    /// Within a string or key, after `\u`
    Unicode,
    Number,
    /// Within `true`, `false` or `null`
    Literal,
    /// After the document
    Done,
}

/// Words of the grammar
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    True,
    False,
    Null,
}

impl Word {
    const fn text(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Null => "null",
        }
    }

    const fn token(self) -> Token<'static> {
        match self {
            Self::True => Token::Bool(true),
            Self::False => Token::Bool(false),
            Self::Null => Token::Null,
        }
    }
}

/// The scanner: see the [module](self)
///
/// After an error it stands still before the place of the error, and the rest of the document means
/// nothing.
#[derive(Clone, Debug)]
pub struct Scanner {
    state: State,
    depth: u8,
    /// While skipping, one more than the depth at which the skipped value ends; else 0
    skip: u8,
    /// Whether the string at hand is a key
    key: bool,
    /// One bit for each open object (0) or array (1), the innermost lowest
    arrays: u32,
    /// Bytes of the document consumed
    offset: u32,
    /// The first half of a surrogate pair, while the second may follow; else 0
    high: u16,
    /// The digits after `\u` so far
    unit: u16,
    unit_digits: u8,
    word: Word,
    word_bytes: u8,
    digits: Digits,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

impl Scanner {
    /// A scanner for a document of any type
    #[must_use]
    pub const fn new() -> Self {
        Self::starting(State::Value)
    }

    /// A scanner for a document that must be an object
    #[must_use]
    pub const fn of_object() -> Self {
        Self::starting(State::Object)
    }

    const fn starting(state: State) -> Self {
        Self {
            state,
            depth: 0,
            skip: 0,
            key: false,
            arrays: 0,
            offset: 0,
            high: 0,
            unit: 0,
            unit_digits: 0,
            word: Word::Null,
            word_bytes: 0,
            digits: Digits::START,
        }
    }

    /// Objects and arrays that are open
    #[must_use]
    pub const fn depth(&self) -> u8 {
        self.depth
    }

    /// Bytes of the document consumed
    #[must_use]
    pub const fn offset(&self) -> u32 {
        self.offset
    }

    /// Names what comes next, and takes it from `input`
    ///
    /// `None` means that `input` is used up and more is needed, or that the document is over and only
    /// white space followed. A piece may be of any length, even empty.
    ///
    /// # Errors
    /// What stands there is not JSON, or is nested too deep.
    #[inline]
    pub fn next<'i>(&mut self, input: &mut &'i str) -> Result<Option<Token<'i>>, Error> {
        let mut cursor = Cursor::new(input);
        let result = self.next_at(&mut cursor);
        *input = cursor.rest();
        self.settle(cursor);
        result
    }

    /// [`next`](Self::next) for one who keeps the place in the piece, and [settles](Self::settle) it after
    /// the last call
    #[inline]
    pub(crate) fn next_at<'i>(&mut self, cursor: &mut Cursor<'i>) -> Result<Option<Token<'i>>, Error> {
        if self.skip != 0 {
            self.pass_over(cursor)?;
            if self.skip != 0 {
                return Ok(None);
            }
        }
        self.step(cursor)
    }

    /// Counts the bytes of a piece that is left
    #[inline]
    pub(crate) fn settle(&mut self, cursor: Cursor<'_>) {
        self.offset = self.offset_at(cursor);
    }

    /// Passes over the value at hand without naming its parts, much faster than reading them
    ///
    /// To be called right after a token. After the end of a key this is the value that belongs to it;
    /// after `{` or `[` the rest up to the closing bracket, which is not named either; in the midst of a
    /// string its rest. Where a value has just ended there is nothing to pass over. The grammar is
    /// checked all the same.
    pub const fn skip(&mut self) {
        self.skip = match self.state {
            State::KeyOrEnd | State::ValueOrEnd => self.depth,
            State::Done | State::After => 0,
            _ => self.depth.saturating_add(1),
        };
    }

    /// Ends the document
    ///
    /// Returns the last token if it has not been named: a document that is a bare number ends only here.
    ///
    /// # Errors
    /// The document is not complete; the error says what should have followed.
    pub fn finish(&self) -> Result<Option<Token<'static>>, Error> {
        let expected = match self.state {
            State::Done => return Ok(None),
            State::Number => match self.digits.missing() {
                Some(missing) => missing,
                None if self.depth > 0 => self.comma_or_end(),
                None if self.skip > 0 => return Ok(None),
                None => return Ok(Some(Token::Number(self.digits.number()))),
            },
            _ => self.expected(),
        };
        let kind = ErrorKind::Unexpected { expected, found: None };
        Err(Error { offset: self.offset, kind })
    }

    /// Goes on until a token can be named; `None` when the piece is used up
    #[cfg_attr(feature = "fast", inline)]
    #[cfg_attr(not(feature = "fast"), inline(never))]
    fn step<'i>(&mut self, cursor: &mut Cursor<'i>) -> Result<Option<Token<'i>>, Error> {
        while let Some(byte) = cursor.byte() {
            let token = match self.state {
                State::Body => self.body(cursor),
                State::Escape | State::Unicode => self.escape(cursor, byte),
                State::Number => self.number(cursor),
                State::Literal => self.literal(cursor, byte),
                _ if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') => {
                    cursor.byte_after_blanks();
                    continue;
                }
                State::After => match (byte, self.arrays & 1) {
                    (b',', 0) => {
                        cursor.pass(1);
                        self.state = State::Key;
                        if cursor.byte() != Some(b'"') {
                            continue;
                        }
                        self.string(cursor, true)
                    }
                    (b',', _) => {
                        cursor.pass(1);
                        self.state = State::Value;
                        continue;
                    }
                    (b'}', 0) => {
                        self.close(cursor);
                        return Ok(Some(Token::ObjectEnd));
                    }
                    (b']', 1) => {
                        self.close(cursor);
                        return Ok(Some(Token::ArrayEnd));
                    }
                    _ => return Err(self.unexpected(*cursor)),
                },
                State::Key | State::KeyOrEnd => match byte {
                    b'"' => self.string(cursor, true),
                    b'}' if self.state == State::KeyOrEnd => {
                        self.close(cursor);
                        return Ok(Some(Token::ObjectEnd));
                    }
                    _ => return Err(self.unexpected(*cursor)),
                },
                State::Colon if byte == b':' => {
                    cursor.pass(1);
                    self.state = State::Value;
                    continue;
                }
                State::Value | State::ValueOrEnd | State::Object => self.value(cursor, byte),
                State::Colon | State::Done => return Err(self.unexpected(*cursor)),
            };
            if !matches!(token, Ok(None)) {
                return token;
            }
        }
        Ok(None)
    }

    /// Goes on within a number
    #[cfg_attr(not(feature = "fast"), inline(never))]
    fn number<'i>(&mut self, cursor: &mut Cursor<'i>) -> Result<Option<Token<'i>>, Error> {
        while let Some(byte) = cursor.byte() {
            match self.digits.push(byte) {
                Step::Taken => cursor.pass(1),
                Step::Ended => {
                    self.value_ended();
                    return Ok(Some(Token::Number(self.digits.number())));
                }
                Step::Unexpected => return Err(self.unexpected(*cursor)),
            }
        }
        Ok(None)
    }

    /// Begins a value
    #[inline]
    fn value<'i>(&mut self, cursor: &mut Cursor<'i>, byte: u8) -> Result<Option<Token<'i>>, Error> {
        let word = match byte {
            b'{' => return self.begin(cursor, Token::ObjectBegin),
            _ if self.state == State::Object => return Err(self.unexpected(*cursor)),
            b'"' => return self.string(cursor, false),
            b'[' => return self.begin(cursor, Token::ArrayBegin),
            b']' if self.state == State::ValueOrEnd => {
                self.close(cursor);
                return Ok(Some(Token::ArrayEnd));
            }
            b'-' | b'0'..=b'9' => {
                self.digits = Digits::START;
                self.state = State::Number;
                return Ok(None);
            }
            b't' => Word::True,
            b'f' => Word::False,
            b'n' => Word::Null,
            _ => return Err(self.unexpected(*cursor)),
        };
        self.word = word;
        self.word_bytes = 0;
        self.state = State::Literal;
        Ok(None)
    }

    /// Goes on within a word of the grammar
    fn literal<'i>(&mut self, cursor: &mut Cursor<'_>, byte: u8) -> Result<Option<Token<'i>>, Error> {
        let word = self.word.text().as_bytes();
        if word.get(usize::from(self.word_bytes)) != Some(&byte) {
            return Err(self.unexpected(*cursor));
        }
        cursor.pass(1);
        self.word_bytes = self.word_bytes.wrapping_add(1);
        if usize::from(self.word_bytes) < word.len() {
            return Ok(None);
        }
        self.value_ended();
        Ok(Some(self.word.token()))
    }

    #[inline]
    fn begin(&mut self, cursor: &mut Cursor<'_>, token: Token<'static>) -> Result<Option<Token<'static>>, Error> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(*cursor, ErrorKind::TooDeep));
        }
        self.open(cursor, token == Token::ArrayBegin);
        Ok(Some(token))
    }

    /// Passes an opening bracket
    #[inline]
    const fn open(&mut self, cursor: &mut Cursor<'_>, array: bool) {
        cursor.pass(1);
        self.depth = self.depth.wrapping_add(1);
        self.arrays = (self.arrays << 1) | array as u32;
        self.state = if array { State::ValueOrEnd } else { State::KeyOrEnd };
    }

    /// Passes a closing bracket
    #[inline]
    const fn close(&mut self, cursor: &mut Cursor<'_>) {
        cursor.pass(1);
        self.depth = self.depth.wrapping_sub(1);
        self.arrays >>= 1;
        self.value_ended();
    }

    #[inline]
    const fn value_ended(&mut self) {
        self.state = if self.depth == 0 { State::Done } else { State::After };
    }

    const fn comma_or_end(&self) -> Expected {
        if self.arrays & 1 == 0 { Expected::CommaOrBrace } else { Expected::CommaOrBracket }
    }

    /// What the grammar allows where the scanner stands
    const fn expected(&self) -> Expected {
        match self.state {
            State::Object => Expected::Object,
            State::Value => Expected::Value,
            State::ValueOrEnd => Expected::ValueOrEnd,
            State::KeyOrEnd => Expected::KeyOrEnd,
            State::Key => Expected::Key,
            State::Colon => Expected::Colon,
            State::After => self.comma_or_end(),
            State::Body => Expected::StringBody,
            State::Escape => Expected::Escape,
            State::Unicode => Expected::HexDigit,
            State::Number => match self.digits.missing() {
                Some(missing) => missing,
                None => Expected::End,
            },
            State::Literal => Expected::Literal(self.word.text()),
            State::Done => Expected::End,
        }
    }

    #[cold]
    fn unexpected(&self, cursor: Cursor<'_>) -> Error {
        let found = cursor.rest().chars().next();
        self.error(cursor, ErrorKind::Unexpected { expected: self.expected(), found })
    }

    #[cold]
    fn error(&self, cursor: Cursor<'_>, kind: ErrorKind) -> Error {
        Error { offset: self.offset_at(cursor), kind }
    }

    /// Bytes of the document before the cursor; one of 4 GiB is cut off long before it gets here
    fn offset_at(&self, cursor: Cursor<'_>) -> u32 {
        self.offset.saturating_add(u32::try_from(cursor.at()).unwrap_or(u32::MAX))
    }
}
