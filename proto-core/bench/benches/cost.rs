//! The benchmarks: what `cargo xtask bench cost` runs under valgrind and makes its table of
//!
//! One function a contender, by the name `OPERATION_CONTENDER`; the first argument of each is how many operations a run
//! is. The command reads both out of the summary. What an operation needs is made in the setup, which is not counted; each contender comes to the same
//! result, and says so with an assertion.

#![expect(missing_docs, reason = "the macros make functions that nobody calls by name")]

use std::hint::black_box;
use std::sync::Arc;

use cost::document::{self, Borrowed, Kind, Owned};
use cost::numbers::{self, COUNT, Mix};
use cost::peer::{self, Answer, Connection, MACHINES, NOW, PAYLOAD};
use gungraun::Callgrind;
use gungraun::prelude::*;
use proto_core::client::Event;
use proto_core::status::Picker;
use proto_core::wire::cursor::Cursor;
use proto_core::wire::varint;
use proto_core::{Client, server};

/// Values encoded, and what they add up to
type Encoded = (usize, Vec<u8>, i32);

fn to_decode(count: usize, mix: Mix) -> Encoded {
    assert_eq!(count, COUNT);
    let values = numbers::values(mix);
    (count, numbers::encoded(&values), numbers::sum(&values))
}

/// Decodes `count` values with `next` and checks their sum
#[inline]
fn decode_all((count, bytes, sum): &Encoded, mut next: impl FnMut(&mut usize, &[u8]) -> i32) {
    let mut at = 0;
    let found = (0..*count).fold(0_i32, |found, _| found.wrapping_add(next(&mut at, bytes)));
    assert_eq!(found, *sum);
}

#[library_benchmark(setup = to_decode)]
#[bench::practice(500_000, Mix::Practice)]
#[bench::uniform(500_000, Mix::Uniform)]
fn decode_ours(input: Encoded) {
    let (count, bytes, sum) = black_box(&input);
    let mut cursor = Cursor::new(bytes);
    let found = (0..*count).fold(0_i32, |found, _| {
        let value = varint::Decoder::new().decode(&mut cursor).expect("no overflow").expect("complete");
        found.wrapping_add(value)
    });
    assert_eq!(found, *sum);
}

#[library_benchmark(setup = to_decode)]
#[bench::practice(500_000, Mix::Practice)]
#[bench::uniform(500_000, Mix::Uniform)]
fn decode_leb128fmt_slice(input: Encoded) {
    decode_all(black_box(&input), |at, bytes| {
        leb128fmt::decode_uint_slice::<u32, 32>(bytes, at).expect("32 bits").cast_signed()
    });
}

#[library_benchmark(setup = to_decode)]
#[bench::practice(500_000, Mix::Practice)]
#[bench::uniform(500_000, Mix::Uniform)]
fn decode_leb128fmt_array(input: Encoded) {
    let (count, bytes, sum) = black_box(&input);
    let mut rest = bytes.as_slice();
    let found = (0..*count).fold(0_i32, |found, _| {
        let (value, length) = leb128fmt::decode_u32(*rest.first_chunk().expect("five bytes")).expect("32 bits");
        rest = &rest[length..];
        found.wrapping_add(value.cast_signed())
    });
    assert_eq!(found, *sum);
}

#[library_benchmark(setup = to_decode)]
#[bench::practice(500_000, Mix::Practice)]
#[bench::uniform(500_000, Mix::Uniform)]
fn decode_prost(input: Encoded) {
    let (count, bytes, sum) = black_box(&input);
    let mut rest = bytes.as_slice();
    let found = (0..*count).fold(0_i32, |found, _| {
        let value = prost::encoding::decode_varint(&mut rest).expect("64 bits");
        found.wrapping_add(u32::try_from(value).expect("32 bits").cast_signed())
    });
    assert_eq!(found, *sum);
}

#[library_benchmark(setup = to_decode)]
#[bench::practice(500_000, Mix::Practice)]
#[bench::uniform(500_000, Mix::Uniform)]
fn decode_integer_encoding(input: Encoded) {
    use integer_encoding::VarInt as _;
    let (count, bytes, sum) = black_box(&input);
    let mut rest = bytes.as_slice();
    let found = (0..*count).fold(0_i32, |found, _| {
        let (value, length) = u32::decode_var(rest).expect("32 bits");
        rest = &rest[length..];
        found.wrapping_add(value.cast_signed())
    });
    assert_eq!(found, *sum);
}

/// Values, room for all of them, and the bytes that they come to
type Plain = (usize, Vec<i32>, Vec<u8>, Vec<u8>);

fn to_encode(count: usize, mix: Mix) -> Plain {
    assert_eq!(count, COUNT);
    let values = numbers::values(mix);
    let encoded = numbers::encoded(&values);
    (count, values, vec![0; encoded.len()], encoded)
}

/// Encodes with `put`, which returns where it came to
///
/// The bytes are compared by the teardown, which is not counted.
#[inline]
fn encode_all(mut input: Plain, put: impl Fn(i32, &mut [u8], usize) -> usize) -> Plain {
    let (_, values, room, _) = black_box(&mut input);
    values.iter().fold(0, |at, value| put(*value, room, at));
    input
}

fn compare((count, values, room, encoded): Plain) {
    assert!(values.len() == count && room == encoded, "encoded otherwise than expected");
}

/// Puts an array down of which the first bytes count
#[inline]
fn put(bytes: [u8; 5], room: &mut [u8], at: usize) {
    *room[at..].first_chunk_mut().expect("there is room behind the last one") = bytes;
}

#[library_benchmark(setup = to_encode, teardown = compare)]
#[bench::practice(500_000, Mix::Practice)]
#[bench::uniform(500_000, Mix::Uniform)]
fn encode_ours(input: Plain) -> Plain {
    encode_all(input, |value, room, mut at| {
        varint::encode_to(value, room, &mut at).expect("room");
        at
    })
}

#[library_benchmark(setup = to_encode, teardown = compare)]
#[bench::practice(500_000, Mix::Practice)]
#[bench::uniform(500_000, Mix::Uniform)]
fn encode_leb128fmt_array(input: Plain) -> Plain {
    encode_all(input, |value, room, at| {
        let (bytes, length) = leb128fmt::encode_u32(value.cast_unsigned()).expect("32 bits");
        put(bytes, room, at);
        at + length
    })
}

#[library_benchmark(setup = to_encode, teardown = compare)]
#[bench::practice(500_000, Mix::Practice)]
#[bench::uniform(500_000, Mix::Uniform)]
fn encode_leb128fmt_slice(input: Plain) -> Plain {
    encode_all(input, |value, room, mut at| {
        leb128fmt::encode_uint_slice::<u32, 32>(value.cast_unsigned(), room, &mut at).expect("room");
        at
    })
}

#[library_benchmark(setup = to_encode, teardown = compare)]
#[bench::practice(500_000, Mix::Practice)]
#[bench::uniform(500_000, Mix::Uniform)]
fn encode_prost(mut input: Plain) -> Plain {
    let (_, values, room, _) = black_box(&mut input);
    let mut room = room.as_mut_slice();
    for value in &*values {
        prost::encoding::encode_varint(u64::from(value.cast_unsigned()), &mut room);
    }
    input
}

#[library_benchmark(setup = to_encode, teardown = compare)]
#[bench::practice(500_000, Mix::Practice)]
#[bench::uniform(500_000, Mix::Uniform)]
fn encode_integer_encoding(input: Plain) -> Plain {
    use integer_encoding::VarInt as _;
    encode_all(input, |value, room, at| at + value.cast_unsigned().encode_var(&mut room[at..]))
}

/// Connections, what each is sent, and what it answers a Request with
type Connections = (Vec<Connection>, Vec<u8>, Answer);

fn accepted(count: usize) -> Connections {
    assert_eq!(count, MACHINES);
    (peer::accepted(), peer::handshake(), Arc::default())
}

fn greeted(count: usize) -> Connections {
    assert_eq!(count, MACHINES);
    (peer::greeted(), peer::ping(), Arc::default())
}

/// Handshake and Request in one piece, as clients send them, and a short answer: its length costs nothing here
fn to_serve(count: usize) -> Connections {
    assert_eq!(count, MACHINES);
    let mut hello = peer::handshake();
    hello.extend([1, 0]);
    (peer::accepted(), hello, document::response("{}").into())
}

// A Handshake in, its event out
#[library_benchmark(setup = accepted)]
#[bench::server(1_000)]
fn handshake_ours(input: Connections) -> Connections {
    let (mut connections, hello, answer) = black_box(input);
    for connection in &mut connections {
        peer::drive(connection, black_box(&hello), |_, event| {
            black_box(&event);
        });
    }
    (connections, hello, answer)
}

// A client's Ping in, its Pong out
#[library_benchmark(setup = greeted)]
#[bench::server(1_000)]
fn ping_ours(input: Connections) -> Connections {
    let (mut connections, ping, answer) = black_box(input);
    for connection in &mut connections {
        peer::drive(connection, black_box(&ping), |_, event| {
            black_box(&event);
        });
        assert_eq!(peer::transmit(connection), ping.len());
    }
    (connections, ping, answer)
}

// A Ping of the server's out, the client's Pong in
#[library_benchmark(setup = accepted)]
#[bench::server(1_000)]
fn pong_ours(input: Connections) -> Connections {
    let (mut connections, hello, answer) = black_box(input);
    let pong = proto_core::packet::encode_ping(PAYLOAD);
    for connection in &mut connections {
        connection.ping(PAYLOAD).expect("nothing is owed");
        assert_eq!(peer::transmit(connection), pong.len());
        peer::drive(connection, black_box(&pong), |_, event| {
            black_box(&event);
        });
    }
    (connections, hello, answer)
}

// Accepting, Handshake and Request in, Response out, Ping in, Pong out
#[library_benchmark(setup = to_serve)]
#[bench::server(1_000)]
fn session_ours(input: Connections) -> Connections {
    let (mut connections, hello, answer) = black_box(input);
    let ping = proto_core::packet::encode_ping(PAYLOAD);
    for connection in &mut connections {
        *connection = Connection::new(NOW, proto_core::Timeouts::DEFAULT, true);
        peer::drive(connection, black_box(&hello), |connection, event| {
            if let server::Event::Request = black_box(event) {
                assert!(connection.respond(Arc::clone(&answer)));
            }
        });
        assert_eq!(peer::transmit(connection), answer.len());
        peer::drive(connection, black_box(&ping), |_, event| {
            black_box(&event);
        });
        assert_eq!(peer::transmit(connection), ping.len());
    }
    (connections, hello, answer)
}

fn document(_documents: usize, kind: Kind) -> String {
    document::document(kind)
}

/// What a document has to yield, whoever reads it
fn check_counts(max: i64, online: i64, name: &str, players: usize) {
    assert!(max == 200 && online == 12 && name == "Paper 1.21.4" && players == 12);
}

fn check_picker(picker: &Picker) {
    let status = picker.finish().expect("a whole document");
    let (max, online) = (status.max().expect("there"), status.online().expect("there"));
    check_counts(max, online, status.version_name().expect("there"), status.sample().count());
}

#[library_benchmark(setup = document)]
#[bench::ascii(1, Kind::Ascii)]
#[bench::wide(1, Kind::Wide)]
#[bench::escapes(1, Kind::Escapes)]
#[bench::typical(1, Kind::Typical)]
fn picker_ours(text: String) -> String {
    let mut picker: Picker = Picker::new();
    picker.feed(black_box(&text)).expect("a document");
    check_picker(black_box(&picker));
    text
}

#[library_benchmark(setup = document)]
#[bench::ascii(1, Kind::Ascii)]
#[bench::wide(1, Kind::Wide)]
#[bench::escapes(1, Kind::Escapes)]
#[bench::typical(1, Kind::Typical)]
fn picker_serde_json_borrowed(text: String) -> String {
    let status: Borrowed = serde_json::from_str(black_box(&text)).expect("a document");
    check_borrowed(black_box(&status));
    drop(status);
    text
}

fn check_borrowed(status: &Borrowed<'_>) {
    let players = &status.players;
    check_counts(players.max, players.online, &status.version.name, players.sample.len());
}

#[library_benchmark(setup = document)]
#[bench::ascii(1, Kind::Ascii)]
#[bench::wide(1, Kind::Wide)]
#[bench::escapes(1, Kind::Escapes)]
#[bench::typical(1, Kind::Typical)]
fn picker_serde_json_owned(text: String) -> String {
    let status: Owned = serde_json::from_str(black_box(&text)).expect("a document");
    let players = black_box(&status);
    let (name, players) = (&players.version.name, &players.players);
    check_counts(players.max, players.online, name, players.sample.len());
    text
}

/// A client that waits, and the Response's frame
type Asking = (Client, Vec<u8>);

/// Bytes that a read brings: what a TCP segment over Ethernet holds
const SEGMENT: usize = 1_460;

fn asking(_documents: usize, kind: Kind) -> Asking {
    (peer::asking(), document::response(&document::document(kind)))
}

// The frame through the client's machine, a segment at a time, and its text through the picker
#[library_benchmark(setup = asking)]
#[bench::ascii(1, Kind::Ascii)]
#[bench::wide(1, Kind::Wide)]
#[bench::escapes(1, Kind::Escapes)]
#[bench::typical(1, Kind::Typical)]
fn client_ours(input: Asking) -> Asking {
    let (mut client, frame) = black_box(input);
    let mut picker: Picker = Picker::new();
    let mut complete = false;
    for segment in frame.chunks(SEGMENT) {
        peer::drive(&mut client, segment, |_, event| match event {
            Event::ResponseChunk(chunk) => picker.feed(chunk.as_str(&mut [0; 4])).expect("a document"),
            Event::ResponseEnd(_) => complete = true,
            _ => {}
        });
    }
    assert!(complete);
    check_picker(black_box(&picker));
    (client, frame)
}

// The same bytes, collected already and without their frame: UTF-8 is checked here too
#[library_benchmark(setup = asking)]
#[bench::ascii(1, Kind::Ascii)]
#[bench::wide(1, Kind::Wide)]
#[bench::escapes(1, Kind::Escapes)]
#[bench::typical(1, Kind::Typical)]
fn client_serde_json_borrowed(input: Asking) -> Asking {
    let (client, frame) = black_box(input);
    let start = frame.iter().position(|byte| *byte == b'{').expect("an object");
    let status: Borrowed = serde_json::from_slice(&frame[start..]).expect("a document");
    check_borrowed(black_box(&status));
    drop(status);
    (client, frame)
}

library_benchmark_group!(
    name = decode,
    benchmarks = [decode_ours, decode_leb128fmt_slice, decode_leb128fmt_array, decode_prost, decode_integer_encoding]
);
library_benchmark_group!(
    name = encode,
    benchmarks = [encode_ours, encode_leb128fmt_array, encode_leb128fmt_slice, encode_prost, encode_integer_encoding]
);
library_benchmark_group!(name = server_machine, benchmarks = [handshake_ours, ping_ours, pong_ours, session_ours]);
library_benchmark_group!(
    name = picker,
    benchmarks = [picker_ours, picker_serde_json_borrowed, picker_serde_json_owned]
);
library_benchmark_group!(name = client_machine, benchmarks = [client_ours, client_serde_json_borrowed]);

main!(
    // Instructions are all that is asked for; simulating a cache as well takes twice as long.
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = [decode, encode, server_machine, picker, client_machine]
);
