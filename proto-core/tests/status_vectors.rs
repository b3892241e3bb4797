//! The shared vectors of the status document (PROTOCOL.md §4), whole and cut at every place

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use proto_core::status::{Fields, Picker, Status};
use serde_json::{Value, json};

const VECTORS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/status.json"));

/// What a vector's `expect` says of a status; what is unknown is left out
fn told(status: &Status) -> Value {
    let mut told = serde_json::Map::new();
    let mut tell = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            told.insert(key.to_owned(), value);
        }
    };
    let names = |fields: Fields| (!fields.is_empty()).then(|| fields.iter().map(|field| json!(field.name())).collect());
    tell("version_name", status.version_name().map(Value::from));
    tell("protocol", status.protocol().map(Value::from));
    tell("max", status.max().map(Value::from));
    tell("online", status.online().map(Value::from));
    tell("description", status.description().map(Value::from));
    tell("sample_listed", status.sample_listed().map(Value::from));
    tell("sample", status.sample_listed().map(|_| status.sample().collect()));
    tell("favicon_bytes", status.favicon_bytes().map(Value::from));
    tell("truncated", names(status.truncated()));
    tell("malformed", names(status.malformed()));
    Value::Object(told)
}

fn read(pieces: &[&str]) -> Result<Value, String> {
    let mut picker: Picker = Picker::new();
    for piece in pieces {
        if let Err(error) = picker.feed(piece) {
            assert_eq!(picker.feed("{}"), Err(error), "an error stays");
            return Err(error.to_string());
        }
    }
    picker.finish().map(told).map_err(|error| error.to_string())
}

/// Runs `check` on every vector with its name, document and expectation
fn each_vector(check: impl Fn(&str, &str, &Result<Value, String>)) {
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    assert!(vectors.len() > 80, "only {} vectors", vectors.len());
    for vector in &vectors {
        let text = |key: &str| vector[key].as_str().map(str::to_owned);
        let name = text("name").unwrap();
        assert!(text("rule").unwrap().starts_with("PROTOCOL.md §"), "{name}: no rule");
        let expected = match (vector.get("expect"), text("error")) {
            (Some(expect), None) => Ok(expect.clone()),
            (None, Some(error)) => Err(error),
            _ => panic!("{name}: either `expect` or `error`"),
        };
        check(&name, &text("json").unwrap(), &expected);
    }
}

#[test]
fn whole() {
    each_vector(|name, document, expected| {
        assert_eq!(&read(&[document]), expected, "{name}: {document}");
    });
}

#[test]
fn cut_in_two_at_every_character() {
    each_vector(|name, document, expected| {
        for (at, _) in document.char_indices().step_by(if cfg!(miri) { 23 } else { 1 }) {
            let (first, second) = document.split_at(at);
            assert_eq!(&read(&[first, second]), expected, "{name}: cut at byte {at}");
        }
    });
}

#[test]
fn one_character_at_a_time() {
    each_vector(|name, document, expected| {
        let pieces: Vec<&str> = document.split_inclusive(|_| true).collect();
        assert_eq!(&read(&pieces), expected, "{name}");
    });
}

#[test]
fn errors_are_one_clean_line() {
    each_vector(|name, document, _| {
        if let Err(line) = read(&[document]) {
            assert!(!line.chars().any(proto_core::text::is_unsafe), "{name}: {line:?}");
        }
    });
}

#[test]
fn reset_forgets_everything() {
    each_vector(|name, document, expected| {
        let mut picker: Picker = Picker::new();
        let _ = picker.feed(r#"{"description":{"extra":["§"#);
        picker.reset();
        let fed = picker.feed(document).and_then(|()| picker.finish().map(told));
        assert_eq!(&fed.map_err(|error| error.to_string()), expected, "{name}");
    });
}

#[test]
fn a_picker_takes_less_than_a_kibibyte() {
    assert!(size_of::<Picker>() < 1024, "{} bytes", size_of::<Picker>());
}

#[test]
fn larger_capacities_keep_more() {
    let mut picker: Picker<8, 1000, 8> = Picker::new();
    let document = format!(r#"{{"description":"{}"}}"#, "x".repeat(999));
    picker.feed(&document).unwrap();
    let status = picker.finish().unwrap();
    assert_eq!(status.description().map(str::len), Some(999));
    assert!(status.truncated().is_empty());
}
