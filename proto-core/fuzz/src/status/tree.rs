//! A JSON document as a tree that keeps the order of keys, duplicates, and numbers as they are written
//!
//! `serde_json`'s own values keep none of these. It is given documents that have been found to be JSON, and judges none.

use std::str::CharIndices;

use super::Told;

/// A value
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// As it is written
    Number(String),
    /// Escapes resolved, half a surrogate pair as U+FFFD
    String(String),
    /// Its elements
    Array(Vec<Node>),
    /// Its members, as they come
    Object(Vec<(String, Node)>),
}

/// Reads a document that is JSON
pub(super) fn parse(document: &str) -> Node {
    Parser { rest: document }.value()
}

struct Parser<'d> {
    rest: &'d str,
}

impl<'d> Parser<'d> {
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\r', '\t']);
        self.rest.bytes().next()
    }

    fn take(&mut self, count: usize) -> &'d str {
        let taken;
        (taken, self.rest) = self.rest.split_at(count);
        taken
    }

    fn value(&mut self) -> Node {
        match self.peek() {
            Some(b'{') => {
                let mut members = Vec::new();
                self.each(b'}', |parser| {
                    let key = parser.string();
                    parser.peek();
                    parser.take(1);
                    members.push((key, parser.value()));
                });
                Node::Object(members)
            }
            Some(b'[') => {
                let mut elements = Vec::new();
                self.each(b']', |parser| elements.push(parser.value()));
                Node::Array(elements)
            }
            Some(b'"') => Node::String(self.string()),
            Some(b't') => {
                self.take(4);
                Node::Bool(true)
            }
            Some(b'f') => {
                self.take(5);
                Node::Bool(false)
            }
            Some(b'n') => {
                self.take(4);
                Node::Null
            }
            _ => {
                let end = self.rest.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
                Node::Number(self.take(end.unwrap_or(self.rest.len())).to_owned())
            }
        }
    }

    fn each(&mut self, end: u8, mut item: impl FnMut(&mut Self)) {
        self.take(1);
        while self.peek() != Some(end) {
            item(self);
            if self.peek() == Some(b',') {
                self.take(1);
            }
        }
        self.take(1);
    }

    fn string(&mut self) -> String {
        self.peek();
        self.take(1);
        let mut units = Vec::new();
        let mut chars = self.rest.char_indices();
        loop {
            match chars.next().expect("a string ends") {
                (end, '"') => {
                    self.take(end + 1);
                    return char::decode_utf16(units).map(|c| c.unwrap_or('\u{FFFD}')).collect();
                }
                (_, '\\') => units.push(escaped(&mut chars)),
                (_, c) => units.extend(c.encode_utf16(&mut [0; 2]).iter()),
            }
        }
    }
}

fn escaped(chars: &mut CharIndices<'_>) -> u16 {
    match chars.next().expect("an escape").1 {
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'u' => chars
            .take(4)
            .fold(0, |unit, (_, c)| unit << 4 | u16::try_from(c.to_digit(16).expect("a digit")).expect("below 16")),
        c => u16::try_from(u32::from(c)).expect("a quotation mark or a slash"),
    }
}

impl Node {
    /// As the scanner tells it
    pub(super) fn tokens(&self) -> Vec<Told> {
        let mut told = Vec::new();
        self.tell(&mut told);
        told
    }

    fn tell(&self, told: &mut Vec<Told>) {
        match self {
            Self::Null => told.push(Told::Token("null")),
            Self::Bool(true) => told.push(Told::Token("true")),
            Self::Bool(false) => told.push(Told::Token("false")),
            Self::Number(text) => {
                let (value, exact) = whole(text);
                told.push(Told::Number(value, exact));
            }
            Self::String(text) => told.push(Told::String(text.clone())),
            Self::Array(elements) => {
                told.push(Told::Token("["));
                for element in elements {
                    element.tell(told);
                }
                told.push(Told::Token("]"));
            }
            Self::Object(members) => {
                told.push(Told::Token("{"));
                for (key, value) in members {
                    told.push(Told::Key(key.clone()));
                    value.tell(told);
                }
                told.push(Told::Token("}"));
            }
        }
    }

    /// Panics unless `serde_json`, where it makes a value of the document, makes this one
    pub(super) fn assert_like_serde(&self, document: &str) {
        // It refuses half a surrogate pair and a number beyond f64.
        if let Ok(value) = serde_json::from_str::<serde_json::Value>(document) {
            assert!(self.is(&value), "{self:?} is not {value:?}");
        }
    }

    fn is(&self, value: &serde_json::Value) -> bool {
        use serde_json::Value;
        match (self, value) {
            (Self::Null, Value::Null) => true,
            (Self::Bool(this), Value::Bool(other)) => this == other,
            (Self::String(this), Value::String(other)) => this == other,
            (Self::Number(text), Value::Number(number)) => match (number.as_i64(), text.parse::<f64>()) {
                (Some(number), _) => whole(text) == (number, true),
                (None, Ok(float)) => number.as_f64() == Some(float),
                (None, Err(_)) => false,
            },
            (Self::Array(these), Value::Array(others)) => {
                these.len() == others.len() && these.iter().zip(others).all(|(this, other)| this.is(other))
            }
            (Self::Object(members), Value::Object(map)) => map.iter().all(|(key, other)| {
                let last = members.iter().rev().find(|(name, _)| name == key);
                last.is_some_and(|(_, this)| this.is(other))
            }),
            _ => false,
        }
    }
}

/// A number cut towards zero and to 64 bits, and whether that changed nothing
///
/// In decimal digits, since no type holds what may be written.
pub(super) fn whole(text: &str) -> (i64, bool) {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{integer}{fraction}");
    let leading = digits.len() - digits.trim_start_matches('0').len();
    let digits = &digits[leading..];
    if digits.is_empty() {
        return (0, true);
    }
    // An exponent that does not fit is beyond any number of digits that a document has.
    let far = if exponent.starts_with('-') { -1_000_000_000 } else { 1_000_000_000 };
    let exponent = exponent.parse::<i64>().unwrap_or(far).clamp(-1_000_000_000, 1_000_000_000);
    let point = i64::try_from(integer.len()).expect("short") - i64::try_from(leading).expect("short") + exponent;
    let Ok(point) = usize::try_from(point) else { return (0, false) };
    let end = if negative { i64::MIN } else { i64::MAX };
    if point > 20 {
        return (end, false);
    }
    let (kept, cut) = digits.split_at(point.min(digits.len()));
    let magnitude = format!("0{kept}{}", "0".repeat(point - kept.len())).parse::<i128>().expect("21 digits");
    let value = i64::try_from(if negative { -magnitude } else { magnitude });
    (value.unwrap_or(end), value.is_ok() && cut.bytes().all(|digit| digit == b'0'))
}
