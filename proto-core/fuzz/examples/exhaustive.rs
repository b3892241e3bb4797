//! Every input of what has few enough of them: `cargo xtask exhaustive`
//!
//! `VarInt` is done whole but for one argument, which stands at [`five_bytes`]. UTF-8 is done for all strings of up to three
//! bytes, and for those of four with a last byte of each kind; so are all characters. The long Responses of the shared vectors,
//! which the core's tests cut near their ends only, are cut at every place. Work is split over two threads; times are printed.
//! It says nothing about other inputs: those are fuzzed.

use std::ops::Range;
use std::thread;
use std::time::Instant;

use proto_core::client::{self, Client, Event, ResponseEnd};
use proto_core::machine::Machine as _;
use proto_core::text::{clean_char, is_unsafe};
use proto_core::wire::cursor::Cursor;
use proto_core::wire::string;
use proto_core::wire::varint::{Decoder, Overflow, encode, encoded_len};
use proto_core_fuzz::input::Sizes;
use proto_core_fuzz::machine::{Driven, NOW};
use proto_core_fuzz::shown;
use serde_json::Value;

fn main() {
    run("VarInt: every value encoded in its shortest form, and decoded", 1 << 32, values);
    run("VarInt: every string of one byte", 1 << 8, strings::<1>);
    run("VarInt: every string of two bytes", 1 << 16, strings::<2>);
    run("VarInt: every string of three bytes", 1 << 24, strings::<3>);
    run("VarInt: every string of four bytes", 1 << 32, strings::<4>);
    run("VarInt: every beginning of four bytes that go on, with 17 fifth bytes", 1 << 28, five_bytes);
    run("UTF-8: every string of one byte", 1 << 8, utf8::<1>);
    run("UTF-8: every string of two bytes", 1 << 16, utf8::<2>);
    run("UTF-8: every string of three bytes", 1 << 24, utf8::<3>);
    run("UTF-8: every three bytes with a fourth of each kind", 1 << 24, utf8_of_four);
    run("text: every character cleaned", 0x11_0000, characters);
    let places = long_responses().iter().map(|(_, stream)| stream.len() as u64 + 1).sum();
    run("vectors of 2 to 100 thousand bytes: cut off, and cut in two, at every place", places, cuts);
    let places = longest_response().len() as u64 + 1;
    run("the vector of 2 million bytes: cut off, and cut in two, at every place", places, longest);
}

/// Checks everything below `count`, half of it on each of two threads
fn run(what: &str, count: u64, check: fn(Range<u64>)) {
    let started = Instant::now();
    thread::scope(|scope| {
        for range in [0..count / 2, count / 2..count] {
            scope.spawn(move || check(range));
        }
    });
    println!("{what}: {count} in {:.1} s", started.elapsed().as_secs_f64());
}

/// Bytes that a value needs: seven bits each
fn bytes_needed(value: u32) -> usize {
    match value {
        0..=0x7F => 1,
        0x80..=0x3FFF => 2,
        0x4000..=0x1F_FFFF => 3,
        0x20_0000..=0x0FFF_FFFF => 4,
        0x1000_0000.. => 5,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the range is that of the type")]
fn values(range: Range<u64>) {
    for value in range {
        let value = value as u32;
        let (bytes, len) = encode(value.cast_signed());
        assert_eq!((len, encoded_len(value.cast_signed())), (bytes_needed(value), len), "{value:08x}");
        assert!(bytes[..len - 1].iter().all(|byte| byte & 0x80 != 0) && bytes[len - 1] < 0x80, "{value:08x}");
        assert!(bytes[len..].iter().all(|byte| *byte == 0), "{value:08x}");
        let mut input = Cursor::new(&bytes[..len]);
        assert_eq!(Decoder::new().decode(&mut input), Ok(Some(value.cast_signed())), "{value:08x}");
        assert_eq!(input.consumed(), len, "{value:08x}");
        followed(&bytes[..len], value.cast_signed());
    }
}

/// The same with something behind it: five bytes at hand are decoded at once, in code of their own
fn followed(bytes: &[u8], value: i32) {
    for behind in [0x00, 0xFF] {
        let mut all = [behind; 6];
        all[..bytes.len()].copy_from_slice(bytes);
        let mut input = Cursor::new(&all);
        assert_eq!(Decoder::new().decode(&mut input), Ok(Some(value)), "{all:02x?}");
        assert_eq!(input.consumed(), bytes.len(), "{all:02x?}");
    }
}

/// What bytes say, group by group: the value and how many bytes it has
fn read(bytes: &[u8]) -> Option<(i32, usize)> {
    let last = bytes.iter().position(|byte| *byte < 0x80)?;
    let groups = bytes[..=last].iter().rev();
    let value = groups.fold(0_u64, |value, byte| value << 7 | u64::from(byte & 0x7F));
    Some((u32::try_from(value).ok()?.cast_signed(), last + 1))
}

#[expect(clippy::cast_possible_truncation, reason = "the range is that of the type")]
fn strings<const N: usize>(range: Range<u64>) {
    for number in range {
        let bytes = &(number as u32).to_be_bytes()[4 - N..];
        let mut input = Cursor::new(bytes);
        let mut decoder = Decoder::new();
        let outcome = decoder.decode(&mut input);
        let expected = read(bytes);
        assert_eq!(outcome, Ok(expected.map(|(value, _)| value)), "{bytes:02x?}");
        assert_eq!(input.consumed(), expected.map_or(N, |(_, len)| len), "{bytes:02x?}");
        assert_eq!(decoder.is_started(), expected.is_none(), "{bytes:02x?}");
        if let Some((value, len)) = expected {
            // Also those that are longer than they need be.
            followed(&bytes[..len], value);
        }
    }
}

/// Four bytes that go on, then a fifth
///
/// All 2²⁸ beginnings, each with the 16 fifth bytes that are allowed and with one of the 240 that are not, each of these
/// in its turn: whether a byte is refused depends on it and on its place, not on the bits before it, and every refused
/// byte meets more than a million beginnings.
#[expect(clippy::cast_possible_truncation, reason = "28 bits, cut into groups of seven")]
fn five_bytes(range: Range<u64>) {
    for number in range {
        let bits = number as u32;
        let beginning = [0, 7, 14, 21].map(|shift| (bits >> shift) as u8 | 0x80);
        let mut decoder = Decoder::new();
        assert_eq!(decoder.decode(&mut Cursor::new(&beginning)), Ok(None), "{beginning:02x?}");
        for fifth in 0..=0x0F {
            let value = bits | u32::from(fifth) << 28;
            assert_eq!(decoder.clone().push(fifth), Ok(Some(value.cast_signed())), "{beginning:02x?} {fifth:02x}");
            let whole = [beginning[0], beginning[1], beginning[2], beginning[3], fifth];
            let outcome = Decoder::new().decode(&mut Cursor::new(&whole));
            assert_eq!(outcome, Ok(Some(value.cast_signed())), "{whole:02x?}");
        }
        let refused = 0x10 + (bits % 240) as u8;
        assert_eq!(decoder.clone().push(refused), Err(Overflow), "{beginning:02x?} {refused:02x}");
        let whole = [beginning[0], beginning[1], beginning[2], beginning[3], refused];
        assert_eq!(Decoder::new().decode(&mut Cursor::new(&whole)), Err(Overflow), "{whole:02x?}");
    }
}

/// A String of these bytes, decoded byte by byte and whole, against the standard library
///
/// The core makes use of that library for what comes whole, so that half shows that it is used rightly; what comes byte by byte is
/// the core's own.
fn check_utf8(bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("four at most");
    let expected = std::str::from_utf8(bytes);
    let mut whole = string::Decoder::new(length);
    let mut input = Cursor::new(bytes);
    let mut text = String::new();
    let outcome = loop {
        match whole.decode(&mut input, u32::MAX) {
            Ok(Some(chunk)) => text.push_str(chunk.as_str(&mut [0; 4])),
            Ok(None) => break Ok(()),
            Err(invalid) => break Err((invalid, input.consumed())),
        }
    };
    let valid = expected.map_or_else(|error| &bytes[..error.valid_up_to()], str::as_bytes);
    assert_eq!((text.as_bytes(), outcome.is_ok()), (valid, expected.is_ok()), "{bytes:02x?}");

    let mut single = string::Decoder::new(length);
    let mut text = String::new();
    let mut taken = 0;
    let by_bytes = bytes.iter().try_for_each(|byte| {
        taken += 1;
        let mut input = Cursor::new(std::slice::from_ref(byte));
        let chunk = single.decode(&mut input, u32::MAX).map_err(|invalid| (invalid, taken))?;
        text.push_str(chunk.map(|chunk| chunk.as_str(&mut [0; 4]).to_owned()).as_deref().unwrap_or_default());
        Ok(())
    });
    assert_eq!((text.as_bytes(), by_bytes), (valid, outcome), "{bytes:02x?}");
}

#[expect(clippy::cast_possible_truncation, reason = "the range is that of the type")]
fn utf8<const N: usize>(range: Range<u64>) {
    for number in range {
        check_utf8(&(number as u32).to_be_bytes()[4 - N..]);
    }
}

/// The last byte is ASCII, continues, begins or is none: both ends of each
#[expect(clippy::cast_possible_truncation, reason = "24 bits")]
fn utf8_of_four(range: Range<u64>) {
    for number in range {
        let [_, first, second, third] = (number as u32).to_be_bytes();
        for fourth in [0x00, 0x7F, 0x80, 0xBF, 0xC2, 0xF4, 0xFF] {
            check_utf8(&[first, second, third, fourth]);
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the range is that of characters")]
fn characters(range: Range<u64>) {
    for c in range.filter_map(|number| char::from_u32(number as u32)) {
        assert_eq!((is_unsafe(c), clean_char(c)), (shown::steers(c), shown::clean(c)), "{c:?}");
        check_utf8(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// Whether an oversize one is an error, and the bytes that a client which has asked receives
type Long = (bool, Vec<u8>);

/// Those streams of `frames.json` whose length is in a range
fn responses(length: Range<usize>) -> Vec<Long> {
    let text = include_str!("../../../tests/vectors/frames.json");
    let vectors: Vec<Value> = serde_json::from_str(text).expect("an array of vectors");
    let clients = vectors.iter().filter(|vector| vector["side"] == "client");
    let streams = clients.map(|vector| (vector["strict"] == true, bytes(&vector["hex"])));
    streams.filter(|(_, stream)| length.contains(&stream.len())).collect()
}

/// The streams that are too long for the tests to cut everywhere
fn long_responses() -> Vec<Long> {
    let long = responses(2_000..100_000);
    assert!(long.len() >= 4, "{} long vectors", long.len());
    long
}

/// The longest stream that there may be
fn longest_response() -> Vec<u8> {
    let mut longest = responses(100_000..usize::MAX);
    assert_eq!(longest.len(), 1, "vectors of two megabytes");
    let (strict, stream) = longest.remove(0);
    assert!(!strict && stream.len() == 2_097_154, "{} bytes", stream.len());
    stream
}

fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(digits) => {
            let (pairs, _) = digits.as_bytes().as_chunks::<2>();
            let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
            pairs.iter().map(|pair| byte(pair).expect("hex digits")).collect()
        }
        Value::Array(parts) => parts.iter().flat_map(bytes).collect(),
        part => {
            let times = part["times"].as_u64().and_then(|times| usize::try_from(times).ok());
            bytes(&part["repeat"]).repeat(times.expect("a number of times"))
        }
    }
}

fn asked(strict: bool) -> Driven<Client> {
    let config = client::Config { strict, ..client::Config::new("localhost", 25_565) };
    let mut client = Driven::new(Client::new(&config).expect("a short host"));
    client.machine.ping(NOW, 7).expect("nothing is in progress");
    client.transmit(Sizes::WHOLE);
    client
}

/// What a beginning leads to is the beginning of what the whole leads to, and the rest makes it the same
fn cuts(range: Range<u64>) {
    let mut from = 0;
    for (strict, stream) in long_responses() {
        let mut whole = asked(strict);
        whole.offer(&stream, Sizes::WHOLE);
        for at in 0..=stream.len() {
            from += 1;
            if !range.contains(&(from - 1)) {
                continue;
            }
            let mut parts = asked(strict);
            parts.offer(&stream[..at], Sizes::WHOLE);
            if parts.failure.is_some() {
                assert_eq!(parts.failure, whole.failure, "cut to {at}");
            } else {
                let mut off = parts.clone();
                off.end(Sizes::WHOLE);
                assert!(off.failure.is_some(), "a client that is owed something is told when it is cut to {at}");
            }
            parts.offer(&stream[at..], Sizes::WHOLE);
            parts.assert_same(&whole);
        }
    }
}

/// What a client has told about the one Response that it receives
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told {
    begin: Option<u32>,
    /// Bytes of the text so far, all of which were those of the stream
    text: usize,
    end: Option<ResponseEnd>,
}

/// Bytes before the text: the lengths of frame and text, of three bytes each, and the id
const HEAD: usize = 7;

/// Offers what of `stream` lies in `range` in one piece
fn offer(client: &mut Client, told: &mut Told, stream: &[u8], range: Range<usize>) {
    let mut rest = &stream[range];
    loop {
        let progress = client.handle_input(NOW, rest).expect("nothing is wrong with it");
        rest = &rest[progress.consumed..];
        match progress.event {
            None => break,
            Some(Event::ResponseBegin { bytes }) => assert_eq!(told.begin.replace(bytes), None),
            Some(Event::ResponseChunk(chunk)) => {
                let (mut kept, place) = ([0; 4], HEAD + told.text);
                let text = chunk.as_str(&mut kept).as_bytes();
                assert_eq!(stream.get(place..place + text.len()), Some(text), "text at {place}");
                told.text += text.len();
            }
            Some(Event::ResponseEnd(end)) => assert_eq!(told.end.replace(end), None),
            Some(other) => unreachable!("{other:?}"),
        }
    }
    assert!(rest.is_empty(), "{} bytes are not taken", rest.len());
}

/// As [`cuts`], by less machinery: nothing is kept but how far the text has come
fn longest(range: Range<u64>) {
    let (stream, asked) = (longest_response(), asked(false).machine);
    let (mut whole, mut whole_told) = (asked.clone(), Told::default());
    offer(&mut whole, &mut whole_told, &stream, 0..stream.len());
    assert_eq!((whole_told.begin, whole_told.text), (Some(2_097_147), 2_097_147));
    assert!(whole_told.end.is_some_and(|end| end.bytes == 2_097_147 && end.oversize), "{whole_told:?}");
    let places = range.map(|at| usize::try_from(at).expect("below the stream's length"));
    for at in places {
        let (mut parts, mut told) = (asked.clone(), Told::default());
        offer(&mut parts, &mut told, &stream, 0..at);
        assert_eq!(told.text, at.saturating_sub(HEAD), "all text that has come is told, cut to {at}");
        assert!(
            parts.clone().handle_eof(NOW).is_err(),
            "a client that is owed something is told when it is cut to {at}"
        );
        offer(&mut parts, &mut told, &stream, at..stream.len());
        assert_eq!((&parts, told), (&whole, whole_told), "cut in two at {at}");
    }
}
