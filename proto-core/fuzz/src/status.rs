//! The status document, read and written, against `serde_json`
//!
//! Input: sizes of the pieces, a choice (odd: a document is made of the rest and written), then the document.
//!
//! The scanner must take exactly what `serde_json` takes as JSON, in any pieces, but for what it says itself: nesting deeper than
//! 32 levels. Where `serde_json` makes values of it and the scanner names tokens, they must be the same; that
//! `serde_json` refuses half a surrogate pair and a number beyond `f64` as values is leniency of ours (PROTOCOL.md §4).
//! What the picker keeps must be what [`model`] finds in the whole tree.

pub mod model;
mod tree;

use proto_core::json::{Error, ErrorKind, Expected, Piece, Scanner, Token};
use proto_core::status::{
    EncodeError, Field, MAX_FRAME_BYTES, MAX_JSON_UNITS, Picker, Sample, StatusDocument, encode_disconnect,
};
use serde::de::IgnoredAny;
use serde_json::error::Category;

use crate::bytes::response;
use crate::input::{Input, Sizes, assert_clean};
use crate::mistake::{Mistake, made};
use model::Model;

/// Panics where something does not hold
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let sizes = input.sizes();
    if input.byte() & 1 == 0 {
        read(input.text(), sizes);
    } else {
        write(&mut input, sizes);
    }
}

fn read(document: &str, sizes: Sizes) {
    let scanned = scan(document, Sizes::WHOLE);
    assert_eq!(scanned, scan(document, sizes));
    assert_eq!(scanned, scan(document, Sizes::SINGLE));
    let judged = serde_json::from_str::<IgnoredAny>(document);
    match &scanned {
        Ok(tokens) => {
            judged.expect("serde_json takes it, too");
            let node = tree::parse(document);
            assert_eq!(*tokens, node.tokens());
            node.assert_like_serde(document);
            assert_eq!(scan_skipping(document, sizes), Ok(()));
        }
        Err(error) => {
            refused(document, *error, judged);
            assert_eq!(scan_skipping(document, sizes), Err(*error), "what is skipped is read as strictly");
        }
    }
    let object = scanned.is_ok() && document.trim_start_matches([' ', '\n', '\r', '\t']).starts_with('{');
    let model = object.then(|| Model::of(&tree::parse(document)));
    pick::<256, 2048, 2048>(document, sizes, model.as_ref());
    pick::<64, 256, 256>(document, sizes, model.as_ref());
    pick::<4, 9, 8>(document, sizes, model.as_ref());
}

/// A token free of borrows, strings put together
#[derive(Clone, Debug, PartialEq)]
enum Told {
    Token(&'static str),
    Key(String),
    String(String),
    Number(i64, bool),
}

fn scan(document: &str, sizes: Sizes) -> Result<Vec<Told>, Error> {
    let forgiven = document.replace(",]", "]");
    let document = if made(Mistake::TrailingCommaTaken) { &forgiven } else { document };
    let mut scanner = Scanner::new();
    let mut told = Vec::new();
    let mut text = String::new();
    let mut whole = |token: Token<'_>| {
        told.push(match token {
            Token::ObjectBegin => Told::Token("{"),
            Token::ObjectEnd => Told::Token("}"),
            Token::ArrayBegin => Told::Token("["),
            Token::ArrayEnd => Told::Token("]"),
            Token::Bool(true) => Told::Token("true"),
            Token::Bool(false) => Told::Token("false"),
            Token::Null => Told::Token("null"),
            Token::Number(number) => Told::Number(number.value, number.exact || made(Mistake::CutNumberExact)),
            Token::Key(Piece::Text(piece)) | Token::String(Piece::Text(piece)) => {
                assert!(!piece.is_empty(), "a piece that is not the last is not empty");
                return text.push_str(piece);
            }
            Token::Key(Piece::Char('\u{FFFD}')) | Token::String(Piece::Char('\u{FFFD}'))
                if made(Mistake::HalfPairVanishes) =>
            {
                return;
            }
            Token::Key(Piece::Char(c)) | Token::String(Piece::Char(c)) => return text.push(c),
            Token::Key(Piece::End(piece)) => {
                text.push_str(piece);
                Told::Key(std::mem::take(&mut text))
            }
            Token::String(Piece::End(piece)) => {
                text.push_str(piece);
                Told::String(std::mem::take(&mut text))
            }
        });
    };
    let mut fed = 0;
    for piece in sizes.cut_text(document) {
        let mut rest = piece;
        while let Some(token) = scanner.next(&mut rest)? {
            whole(token);
        }
        assert_eq!(rest, "", "all is consumed");
        fed += piece.len();
        assert_eq!(usize::try_from(scanner.offset()), Ok(fed));
        assert!(scanner.depth() <= 32);
    }
    if let Some(token) = scanner.finish()? {
        whole(token);
    }
    Ok(told)
}

/// Scans with every value below the first level passed over
fn scan_skipping(document: &str, sizes: Sizes) -> Result<(), Error> {
    let mut scanner = Scanner::new();
    for piece in sizes.cut_text(document) {
        let mut rest = piece;
        while let Some(token) = scanner.next(&mut rest)? {
            if matches!(token, Token::Key(Piece::End(_)) | Token::ArrayBegin) {
                scanner.skip();
            }
        }
    }
    scanner.finish().map(|_| ())
}

fn refused(document: &str, error: Error, judged: serde_json::Result<IgnoredAny>) {
    let message = error.to_string();
    assert_clean(&message);
    assert!(!message.is_empty() && message.len() < 160, "{message:?}");
    let (before, behind) = document.split_at(usize::try_from(error.offset).expect("a short document"));
    match error.kind {
        ErrorKind::TooDeep => {
            assert!(behind.starts_with(['{', '[']));
            let before = (serde_json::from_str::<IgnoredAny>(before).map_err(|error| error.is_eof()), open(before));
            assert!(matches!(before, (Err(true), 32)), "{before:?}");
        }
        ErrorKind::Unexpected { expected, found } => {
            let category = judged.expect_err("serde_json refuses it, too").classify();
            assert_eq!(found, behind.chars().next());
            // Of a number that ends in the middle serde_json says that it is none, not that it is not over; and it looks
            // at the digits of an escape only when there are four.
            let expected_category = if found.is_some() { Category::Syntax } else { Category::Eof };
            let own = match expected {
                Expected::Digit | Expected::ExponentDigit => category == Category::Syntax,
                Expected::HexDigit => category == Category::Eof,
                _ => false,
            };
            assert!(category == expected_category || own, "{error} in {document:?}, {category:?}");
            if found.is_some()
                && let Err(earlier) = scan(before, Sizes::WHOLE)
            {
                assert!(matches!(earlier.kind, ErrorKind::Unexpected { found: None, .. }), "{earlier} before {error}");
            }
        }
    }
}

/// Brackets that are open at the end, strings left out
fn open(document: &str) -> usize {
    let (mut open, mut string, mut escaped) = (0, false, false);
    for byte in document.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if string => escaped = true,
            b'"' => string = !string,
            b'{' | b'[' if !string => open += 1,
            b'}' | b']' if !string => open -= 1,
            _ => {}
        }
    }
    open
}

/// What a picker of these capacities makes of the document, in any pieces
fn pick<const N: usize, const D: usize, const S: usize>(document: &str, sizes: Sizes, model: Option<&Model>) {
    let picked = |sizes: Sizes| {
        let mut picker = Picker::<N, D, S>::new();
        for piece in sizes.cut_text(document) {
            if let Err(error) = picker.feed(piece) {
                assert_eq!((picker.feed("{}"), picker.finish()), (Err(error), Err(error)), "an error stays");
                return Err(error);
            }
        }
        let partial = picker.partial().clone();
        picker.finish().cloned().inspect(|status| assert_eq!(*status, partial))
    };
    let whole = picked(Sizes::WHOLE);
    assert_eq!(whole, picked(sizes));
    assert_eq!(whole, picked(Sizes::SINGLE));
    assert_eq!(whole.is_ok(), model.is_some());
    let (Ok(status), Some(model)) = (whole, model) else { return };

    let confused = made(Mistake::CountsConfused);
    let counts = if confused { (status.online(), status.max()) } else { (status.max(), status.online()) };
    assert_eq!((status.protocol(), counts), (model.protocol, (model.max, model.online)));
    assert_eq!((status.sample_listed(), status.favicon_bytes()), (model.listed(), model.favicon_bytes));
    let truncated = |field| status.truncated().contains(field);
    begins(status.version_name(), model.version_name.as_deref(), truncated(Field::VersionName), N);
    begins(status.description(), model.description.as_deref(), truncated(Field::Description), D);
    let names: String = status.sample().skip(made(Mistake::NameLost).into()).flat_map(|name| [name, "\n"]).collect();
    // The line feed after a last name that fills the room, or was cut, has come from here.
    let names = if truncated(Field::Sample) { names.trim_end_matches('\n') } else { &names };
    begins(Some(names), Some(&model.names()), truncated(Field::Sample), S + 1);
    for name in status.sample().chain(status.version_name()).chain(status.description()) {
        assert_clean(name);
    }
    if status.truncated().is_empty() {
        let told = if made(Mistake::MalformedUntold) { 0 } else { usize::MAX };
        let malformed: Vec<_> = status.malformed().iter().take(told).map(Field::name).collect();
        assert_eq!(malformed, model.malformed.iter().map(|field| field.name()).collect::<Vec<_>>());
    }
}

#[track_caller]
fn begins(kept: Option<&str>, whole: Option<&str>, truncated: bool, capacity: usize) {
    assert_eq!(kept.is_some(), whole.is_some());
    let (kept, whole) = (kept.unwrap_or_default(), whole.unwrap_or_default());
    assert!(kept.len() <= capacity);
    assert!(whole.starts_with(kept), "{kept:?} is not the beginning of {whole:?}");
    assert!(truncated || kept == whole, "{kept:?} is not all of {whole:?}");
}

/// UTF-16 units of the document as `serde_json` writes it
fn units(document: &StatusDocument<'_>) -> usize {
    let &StatusDocument { version_name, protocol, max, online, sample, description, favicon } = document;
    let mut value = serde_json::json!({
        "version": { "name": version_name, "protocol": protocol },
        "players": { "max": max, "online": online },
        "clients": { "max": max, "online": online },
        "description": { "text": description },
    });
    if !sample.is_empty() {
        let sample = sample.iter().map(|one| serde_json::json!({ "name": one.name, "id": one.id }));
        value["players"]["sample"] = sample.collect();
    }
    if let Some(favicon) = favicon {
        value["favicon"] = favicon.into();
    }
    value.to_string().encode_utf16().count()
}

/// Writes a document of the fuzzer's, and reads it back
fn write(input: &mut Input<'_>, sizes: Sizes) {
    let (max, online) = (u32::from_le_bytes(input.array()), u32::from_le_bytes(input.array()));
    let protocol = i32::from_le_bytes(input.array());
    let flags = input.byte();
    let names = [input.short_text(), input.short_text()];
    let version_name = input.short_text();
    let favicon = input.short_text();
    let description = input.text().repeat(1 << (flags >> 4));
    let sample = names.map(|name| Sample { name, id: "00000000-0000-0000-0000-000000000000" });
    let document = StatusDocument {
        version_name,
        protocol,
        max,
        online,
        sample: &sample[..usize::from(flags & 3).min(2)],
        description: &description,
        favicon: (flags & 4 != 0).then_some(favicon),
    };
    let mut buffer = vec![0; MAX_FRAME_BYTES];
    let mut message = vec![0; MAX_FRAME_BYTES];
    let length = match document.encode(&mut buffer) {
        Ok(length) => length,
        Err(error) => {
            let units = units(&document);
            assert_eq!(error, EncodeError::TooLong { units, limit: MAX_JSON_UNITS });
            assert!(units > MAX_JSON_UNITS && units == document.units());
            assert_eq!(document.encode(&mut []), Err(error), "whatever the buffer");
            return assert_clean(&error.to_string());
        }
    };
    let json = std::str::from_utf8(&buffer[..length]).expect("JSON is UTF-8").to_owned();
    assert_eq!(json.encode_utf16().count(), document.units());
    assert_eq!(units(&document), document.units());
    let small = document.encode(&mut buffer[..length - 1]);
    assert_eq!(small, Err(EncodeError::BufferTooSmall { needed: length, available: length - 1 }));
    let framed = document.encode_response(&mut buffer).expect("always enough");
    assert_eq!(buffer[..framed], response(&json));
    let small = document.encode_response(&mut message[..framed - 1]);
    assert_eq!(small, Err(EncodeError::BufferTooSmall { needed: framed, available: framed - 1 }));

    let mut value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    if made(Mistake::ClientsLeftOut) {
        value["clients"].take();
    }
    assert_eq!(value["version"], serde_json::json!({ "name": version_name, "protocol": protocol }));
    assert_eq!(value["description"], serde_json::json!({ "text": description }));
    assert_eq!(value["clients"], serde_json::json!({ "max": max, "online": online }));
    assert_eq!((&value["players"]["max"], &value["players"]["online"]), (&max.into(), &online.into()));
    assert_eq!(value.get("favicon").and_then(serde_json::Value::as_str), document.favicon);
    let sampled: Vec<_> = value["players"]["sample"].as_array().into_iter().flatten().map(|it| &it["name"]).collect();
    assert_eq!(sampled, document.sample.iter().map(|sample| sample.name).collect::<Vec<_>>());
    read(&json, sizes);

    if let Ok(length) = encode_disconnect(&description, &mut message) {
        let json = serde_json::json!({ "text": description });
        let sent = &message[..length];
        let begin = sent.windows(8).position(|window| window == br#"{"text":"#).expect("an object");
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&sent[begin..]).expect("JSON"), json);
        let text = std::str::from_utf8(&sent[begin..]).expect("UTF-8");
        assert_eq!(sent, response(text));
    }
}
