//! What is wrong with a document, and where
//!
//! It keeps nothing of the document but the character at fault, and suggests no repair.

use core::fmt;

use crate::put;
use crate::text::{self, Show, Sink, UpperHex, display};

/// A document that is not JSON as the scanner takes it
///
/// Shown as one line: `status JSON, byte 17: a comma or "}" expected, found "x"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Error {
    /// Bytes of the document before the place of the error
    pub offset: u32,
    /// What is wrong there
    pub kind: ErrorKind,
}

/// What is wrong with a document
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Something stands where something else must
    Unexpected {
        /// What the grammar allows there
        expected: Expected,
        /// The character that stands there, not cleaned; nothing where the document ends
        found: Option<char>,
    },
    /// An object or array is nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH) (PROTOCOL.md §4)
    TooDeep,
}

/// What the grammar allows at a place
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// An object, as which the document has to begin
    Object,
    /// Any value
    Value,
    /// The first element of an array, or its end
    ValueOrEnd,
    /// The key that a comma promised
    Key,
    /// The first key of an object, or its end
    KeyOrEnd,
    /// What separates a key from its value
    Colon,
    /// What follows a member of an object
    CommaOrBrace,
    /// What follows an element of an array
    CommaOrBracket,
    /// A digit of a number
    Digit,
    /// A digit of an exponent, or its sign
    ExponentDigit,
    /// The rest of `true`, `false` or `null`
    Literal(&'static str),
    /// More of a string, or its end: control characters must be escaped
    StringBody,
    /// What may follow a backslash
    Escape,
    /// One of the four digits after `\u`
    HexDigit,
    /// Nothing but white space
    End,
}

impl Show for Expected {
    fn show(&self, out: &mut dyn Sink) {
        out.put(match self {
            Self::Object => "an object",
            Self::Value => "a value",
            Self::ValueOrEnd => "a value or \"]\"",
            Self::Key => "a key in quotation marks",
            Self::KeyOrEnd => "a key in quotation marks or \"}\"",
            Self::Colon => "a colon",
            Self::CommaOrBrace => "a comma or \"}\"",
            Self::CommaOrBracket => "a comma or \"]\"",
            Self::Digit => "a digit",
            Self::ExponentDigit => "a sign or a digit",
            Self::Literal(word) => return put!(out, "\"", word, "\""),
            Self::StringBody => "a character that is no control character or a quotation mark",
            Self::Escape => "one of \" \\ / b f n r t u after a backslash",
            Self::HexDigit => "a hexadecimal digit",
            Self::End => "the end of the document",
        });
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(self, f)
    }
}

impl Show for Error {
    fn show(&self, out: &mut dyn Sink) {
        put!(out, "status JSON, byte ", self.offset, ": ");
        let ErrorKind::Unexpected { expected, found } = self.kind else {
            return put!(out, "at most ", super::MAX_DEPTH, " levels of nesting expected, found one more");
        };
        put!(out, expected, " expected, found ");
        match found {
            None => out.put("the end"),
            Some('"') => out.put("a quotation mark"),
            Some(c) if text::is_unsafe(c) => put!(out, "U+", UpperHex(c.into(), 4)),
            Some(c) => put!(out, "\"", c, "\""),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(self, f)
    }
}

impl core::error::Error for Error {}
