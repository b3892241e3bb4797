//! Every shared vector of the document, the legacy ping and the console, cut at every place: in two, and off
//!
//! A stream that ends early must be told from one that is wrong, and what comes in two pieces is what comes in one.
//! The frames' vectors are cut in `vectors.rs`.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use proto_core::command::{ClientCommand, ParseError, ServerCommand};
use proto_core::json::ErrorKind;
use proto_core::legacy::{AnswerDecoder, AnswerError, RequestDecoder};
use proto_core::status::Picker;
use proto_core::text::is_unsafe;
use serde::de::IgnoredAny;
use serde_json::Value;

fn vectors(text: &str) -> Vec<Value> {
    let vectors: Vec<Value> = serde_json::from_str(text).unwrap();
    assert!(vectors.len() > 60, "{} vectors", vectors.len());
    vectors
}

fn hex(digits: &str) -> Vec<u8> {
    let (pairs, _) = digits.as_bytes().as_chunks::<2>();
    pairs.iter().map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Every place; under Miri, which is slow, only a few
fn places(length: usize) -> impl Iterator<Item = usize> {
    (0..=length).step_by(if cfg!(miri) { length / 4 + 1 } else { 1 })
}

#[test]
fn a_document_cut_off_is_incomplete_and_one_that_is_wrong_is_wrong_from_there_on() {
    for vector in vectors(include_str!("../../tests/vectors/status.json")) {
        let document = vector["json"].as_str().unwrap();
        let mut whole: Picker = Picker::new();
        let wrong = whole.feed(document).err();
        for at in places(document.len()).filter(|at| document.is_char_boundary(*at)) {
            let mut picker: Picker = Picker::new();
            let fed = picker.feed(&document[..at]);
            // The character at fault is told by its first byte.
            let expected = wrong.filter(|error| usize::try_from(error.offset).unwrap() < at);
            assert_eq!(fed.err(), expected, "{document} cut to {at}");
            let is_json = serde_json::from_str::<IgnoredAny>(&document[..at]).is_ok();
            match picker.finish() {
                Ok(_) => assert!(is_json, "{document} cut to {at}"),
                Err(error) if expected.is_some() => assert_eq!(Some(error), expected),
                Err(error) => {
                    assert!(!is_json, "{document} cut to {at}: {error}");
                    assert!(matches!(error.kind, ErrorKind::Unexpected { found: None, .. }), "{error}");
                    assert_eq!(usize::try_from(error.offset), Ok(at), "{error}");
                }
            }
        }
    }
}

fn packets(kind: &str) -> impl Iterator<Item = Vec<u8>> {
    let vectors = vectors(include_str!("../../tests/vectors/legacy.json")).into_iter();
    vectors.filter(move |vector| vector["kind"] == kind).map(|vector| hex(vector["input"].as_str().unwrap()))
}

#[test]
fn a_legacy_answer_cut_off_is_closed_early_and_one_in_two_is_one() {
    let mut whole_ones = 0;
    for packet in packets("decode answer") {
        let mut whole = AnswerDecoder::new();
        let consumed = whole.handle_input(&packet);
        let complete = whole.answer().is_some();
        whole_ones += usize::from(complete);
        for at in places(packet.len()) {
            let mut cut = AnswerDecoder::new();
            let first = cut.handle_input(&packet[..at]);
            let mut off = cut.clone();
            if off.answer().is_none() && first.is_ok() {
                let Err(AnswerError::Closed { received, expected }) = off.handle_eof() else {
                    unreachable!("{packet:02x?} cut to {at} is complete")
                };
                assert_eq!(usize::try_from(received), Ok(at), "{packet:02x?}");
                assert!(expected.is_none_or(|expected| expected > received), "{packet:02x?} cut to {at}");
            }
            let second = first.and_then(|taken| Ok(taken + cut.handle_input(&packet[taken..])?));
            assert_eq!((second, cut.answer()), (consumed, whole.answer()), "{packet:02x?} at {at}");
        }
    }
    assert!(whole_ones > 20, "{whole_ones} complete answers");
}

#[test]
fn a_legacy_request_cut_off_is_not_done_and_one_in_two_is_one() {
    for packet in packets("decode request") {
        let mut whole = RequestDecoder::new();
        let consumed = whole.handle_input(&packet);
        for at in places(packet.len()) {
            let mut cut = RequestDecoder::new();
            let first = cut.handle_input(&packet[..at]);
            assert_eq!(first, at.min(consumed), "{packet:02x?} at {at}");
            assert_eq!(cut.is_done(), whole.is_done() && at >= consumed, "{packet:02x?} at {at}");
            assert_eq!(first + cut.handle_input(&packet[first..]), consumed, "{packet:02x?} at {at}");
            assert_eq!(cut.request(), whole.request(), "{packet:02x?} at {at}");
        }
    }
}

#[test]
fn a_line_cut_off_is_a_command_or_refused_in_one_clean_line() {
    let refused = |error: ParseError<'_>| {
        let message = error.to_string();
        assert!(!message.is_empty() && !message.chars().any(is_unsafe), "{message:?}");
    };
    for vector in vectors(include_str!("../../tests/vectors/commands.json")) {
        let line = vector["input"].as_str().unwrap();
        for at in places(line.len()).filter(|at| line.is_char_boundary(*at)) {
            let _command = ServerCommand::parse(&line[..at]).map_err(refused);
            let _command = ClientCommand::parse(&line[..at]).map_err(refused);
        }
    }
}
