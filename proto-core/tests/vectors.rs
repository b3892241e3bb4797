//! The shared vectors of `tests/vectors/frames.json`, at every split and every truncation
//!
//! The file's format is described beside it. What is tested here with the machines alone, the end-to-end tests send to
//! the real programs.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that fails panics; only what a peer reaches must not"
)]

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::LazyLock;
use std::time::Duration;

use proto_core::client::Event as C;
use proto_core::legacy::Kind;
use proto_core::server::Event as S;
use proto_core::testing::{Bytes, Endpoint, Happened, Pair, Setup, Subject};
use proto_core::{Client, Error, Instant, Server};
use serde_json::{Value, json};

static VECTORS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../../tests/vectors/frames.json")).unwrap();
    assert!(vectors.len() > 100, "{} vectors", vectors.len());
    vectors
});

fn now() -> Instant {
    Setup::default().start
}

fn digits(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "{hex}");
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn times(value: &Value) -> usize {
    usize::try_from(value["times"].as_u64().unwrap()).unwrap()
}

fn bytes(hex: &Value) -> Vec<u8> {
    match hex {
        Value::String(hex) => digits(hex),
        Value::Array(parts) => parts.iter().map(bytes).collect::<Vec<_>>().concat(),
        part => digits(part["repeat"].as_str().unwrap()).repeat(times(part)),
    }
}

/// The expected events, texts written out
fn expected(vector: &Value) -> Vec<Value> {
    let mut events = vector["events"].as_array().unwrap().clone();
    for event in &mut events {
        if let Some(text @ Value::Object(_)) = event.get("text") {
            *event = json!({ "text": text["repeat"].as_str().unwrap().repeat(times(text)) });
        }
    }
    events
}

/// A machine that the vectors know how to command, and whose events they know how to write
trait Vectored: Subject {
    const TEXT: &str;
    fn endpoint(strict: bool) -> Endpoint<Self>
    where
        Self: Sized;
    fn command(&mut self, command: &str);
    fn json(event: &Self::Event<'static>) -> Value;
}

impl Vectored for Server<Bytes> {
    const TEXT: &str = "address";

    fn endpoint(_strict: bool) -> Endpoint<Self> {
        Pair::default().server
    }

    fn command(&mut self, command: &str) {
        self.ping(command.strip_prefix("ping ").unwrap().parse().unwrap()).unwrap();
    }

    fn json(event: &S<'static>) -> Value {
        match event {
            S::Handshake { protocol_version, server_port, next_state } => json!({
                "handshake": { "version": protocol_version, "port": server_port, "next": next_state.as_i32() }
            }),
            S::Request => json!("request"),
            S::Login => json!("login"),
            S::LegacyPing(Kind::Beta) => json!({ "legacy": "beta" }),
            S::LegacyPing(Kind::V1_4) => json!({ "legacy": "1.4" }),
            S::LegacyPing(Kind::V1_6) => json!({ "legacy": "1.6" }),
            S::Ping { payload } => json!({ "ping": payload }),
            S::Pong { payload, .. } => json!({ "pong": payload }),
            S::UnexpectedPong { payload } => json!({ "unexpected_pong": payload }),
            S::UnknownPacket { id, body } => json!({ "unknown": { "id": id, "body": body } }),
            other => panic!("no vector has {other:?}"),
        }
    }
}

impl Vectored for Client {
    const TEXT: &str = "text";

    fn endpoint(strict: bool) -> Endpoint<Self> {
        Pair::new(&Setup { strict, ..Setup::default() }).client
    }

    fn command(&mut self, command: &str) {
        match command.strip_prefix("ping ") {
            Some(payload) => self.ping(now(), payload.parse().unwrap()).unwrap(),
            None => self.stop().unwrap(),
        }
    }

    fn json(event: &C<'static>) -> Value {
        match event {
            C::ResponseBegin { bytes } => json!({ "response_begin": bytes }),
            C::ResponseEnd(end) => json!({
                "response_end": { "bytes": end.bytes, "units": end.units, "oversize": end.oversize }
            }),
            C::Pong { payload, .. } => json!({ "pong": payload }),
            C::PongMismatch { sent, got } => json!({ "mismatch": { "sent": sent, "got": got } }),
            C::ServerPing { payload } => json!({ "server_ping": payload }),
            C::ServerRequest => json!("server_request"),
            C::AbandonedResponse => json!("abandoned_response"),
            C::AbandonedPong { payload } => json!({ "abandoned_pong": payload }),
            C::TrailingBytes { id, count } => json!({ "trailing": { "id": id, "count": count } }),
            C::UnknownPacket { id, body } => json!({ "unknown": { "id": id, "body": body } }),
            other => panic!("no vector has {other:?}"),
        }
    }
}

/// The machine after `before`, its log and what it sent forgotten
fn prepared<M: Vectored>(vector: &Value) -> Endpoint<M>
where
    M::Event<'static>: Clone,
{
    let mut side = M::endpoint(vector["strict"] == true);
    for step in vector["before"].as_array().into_iter().flatten() {
        match &step["command"] {
            Value::String(command) => side.machine.command(command),
            _ => side.offer(now(), &bytes(&step["hex"])),
        }
        side.settle(now());
    }
    assert_eq!(side.failure(), None, "before");
    side.log.clear();
    side.sent.clear();
    side
}

fn follow<M: Vectored>(side: &mut Endpoint<M>, then: &Value)
where
    M::Event<'static>: Clone,
{
    match then.as_str() {
        None => {}
        Some("end") => side.incoming.close(),
        Some("silence") => side.fire(now().saturating_add(Duration::from_millis(250))),
        Some(other) => panic!("then {other}?"),
    }
    side.settle(now());
}

fn judge<M: Vectored>(side: &Endpoint<M>, vector: &Value, split: impl Debug)
where
    M::Event<'static>: Clone + PartialEq,
{
    let name = &vector["name"];
    let events: Vec<_> = side
        .happened()
        .iter()
        .filter_map(|happened| match happened {
            Happened::Text(text) => Some(json!({ (M::TEXT): text })),
            Happened::Event(event) => Some(M::json(event)),
            Happened::Failed(_) => None,
        })
        .collect();
    assert!(events == expected(vector), "{name} by {split:?}: {}", shortened(&events));

    let answers = vector["answers"].as_array().unwrap().iter().flat_map(|answer| match answer.as_str().unwrap() {
        "response" => side.answers.response.to_vec(),
        "disconnect" => side.answers.disconnect.to_vec(),
        "legacy" => side.answers.legacy.to_vec(),
        hex => digits(hex),
    });
    assert_eq!(side.sent, answers.collect::<Vec<_>>(), "{name} by {split:?}");
    assert_eq!(side.machine.is_finished(), vector["closes"] == true, "{name} by {split:?}");

    let failure = side.failure();
    assert_eq!(failure.is_some(), vector["error"].is_string(), "{name} by {split:?}: {failure:?}");
    if let Some(failure) = failure {
        let message = failure.to_string();
        assert!(message.contains(vector["error"].as_str().unwrap()), "{name} by {split:?}: {message}");
        let offset = if let Error::Protocol { offset, .. } = failure { Some(offset) } else { None };
        assert_eq!(offset, vector["offset"].as_u64(), "{name} by {split:?}: {message}");
    }
}

fn shortened(events: &[Value]) -> String {
    let mut text = Value::from(events).to_string();
    let end = text.char_indices().nth(600).map_or(text.len(), |(at, _)| at);
    text.truncate(end);
    text
}

fn check<M: Vectored + Clone>(vector: &Value)
where
    M::Event<'static>: Clone + Debug + PartialEq,
{
    let start = prepared::<M>(vector);
    let stream = bytes(&vector["hex"]);
    // Two megabytes byte by byte say nothing that a hundred thousand do not, nor does one thousand where Miri takes long.
    let (long, least) = if cfg!(miri) { (1_000, 1_460) } else { (100_000, 7) };
    let sizes: &[usize] = if cfg!(miri) { &[1, 7, 1_460, usize::MAX] } else { &[1, 2, 3, 7, 1_460, usize::MAX] };
    for &size in sizes {
        if stream.len() > long && size < least {
            continue;
        }
        let mut side = start.clone();
        for piece in stream.chunks(size) {
            side.offer(now(), piece);
        }
        follow(&mut side, &vector["then"]);
        judge(&side, vector, size);
    }
}

/// Two pieces, with the cut at every place; of very long streams only where something happens
fn cut_in_two<M: Vectored + Clone>(vector: &Value)
where
    M::Event<'static>: Clone + Debug + PartialEq,
{
    let start = prepared::<M>(vector);
    let stream = bytes(&vector["hex"]);
    for at in ends(stream.len()) {
        let mut side = start.clone();
        side.offer(now(), &stream[..at]);
        side.offer(now(), &stream[at..]);
        follow(&mut side, &vector["then"]);
        judge(&side, vector, [at, stream.len() - at]);
    }
}

/// Every length, of very long streams those around what happens; where Miri takes long, few, and none of those
fn ends(length: usize) -> impl Iterator<Item = usize> {
    let (short, step) = match length {
        10_000.. if cfg!(miri) => (0, usize::MAX),
        _ if cfg!(miri) => (60, 13),
        _ => (2_000, 1),
    };
    let (first, last) = if length < short { (length, length + 1) } else { (19, length - 19) };
    (0..=first).chain(last..=length).step_by(step)
}

/// No prefix panics, and none fails but from the byte on that is at fault, and then as any longer one does
fn truncate<M: Vectored + Clone>(vector: &Value)
where
    M::Event<'static>: Clone,
{
    let start = prepared::<M>(vector);
    let stream = bytes(&vector["hex"]);
    let (mut grown, mut taken) = (start.clone(), 0);
    for length in ends(stream.len()) {
        grown.offer(now(), &stream[taken..length]);
        taken = length;
        let mut side = start.clone();
        side.offer(now(), &stream[..length]);
        assert_eq!(side.failure(), grown.failure(), "{} cut to {length} bytes", vector["name"]);
    }
}

#[test]
fn each_vector_by_any_split() {
    for vector in &*VECTORS {
        match vector["side"].as_str().unwrap() {
            "server" => check::<Server<Bytes>>(vector),
            "client" => check::<Client>(vector),
            other => panic!("side {other}?"),
        }
    }
}

#[test]
fn each_vector_cut_in_two_at_every_byte() {
    for vector in &*VECTORS {
        match vector["side"].as_str().unwrap() {
            "server" => cut_in_two::<Server<Bytes>>(vector),
            _ => cut_in_two::<Client>(vector),
        }
    }
}

#[test]
fn each_truncation_of_each_vector() {
    for vector in &*VECTORS {
        match vector["side"].as_str().unwrap() {
            "server" => truncate::<Server<Bytes>>(vector),
            _ => truncate::<Client>(vector),
        }
    }
}

#[test]
fn names_are_unique_and_rules_named() {
    let mut names = BTreeSet::new();
    for vector in &*VECTORS {
        assert!(vector["rule"].as_str().unwrap().starts_with('§'), "{vector}");
        let name = vector["name"].as_str().unwrap();
        assert!(names.insert((vector["side"].as_str().unwrap(), name)), "{name} twice");
    }
}
