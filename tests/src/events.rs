//! What `--json` promises: names and fields of every event, for both sides
//!
//! Each line that a test reads goes through here, so a field too many or too few is found wherever it appears.

use std::net::SocketAddr;

use serde_json::Value;

/// Which program says it
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `slp server`
    Server,
    /// `slp client`
    Client,
}

/// What a field holds
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A text
    Text,
    /// An address with its port
    Address,
    /// A whole number in a range
    Whole(i64, i64),
    /// A whole number, or null where it is not known
    MaybeWhole(i64, i64),
    /// A text, or null where it is not known
    MaybeText,
    /// A list of texts
    Texts,
    /// The rows of `list`
    Rows,
}

const LONG: Kind = Kind::Whole(i64::MIN, i64::MAX);
const INT: Kind = Kind::Whole(i32::MIN as i64, i32::MAX as i64);
const COUNT: Kind = Kind::Whole(0, u32::MAX as i64);
/// No test lasts longer than ten minutes, so no round trip of one does
const RTT: Kind = Kind::Whole(0, 600_000_000);
const STATE: Kind = Kind::Whole(0, 1);

type Fields = &'static [(&'static str, Kind)];

const SERVER: &[(&str, Fields)] = &[
    ("listening", &[("address", Kind::Address)]),
    ("connected", &[("client", Kind::Address)]),
    (
        "handshake",
        &[
            ("client", Kind::Address),
            ("protocol_version", INT),
            ("server_address", Kind::Text),
            ("server_port", Kind::Whole(0, 65_535)),
            ("next_state", Kind::Whole(0, 3)),
        ],
    ),
    ("request", &[("client", Kind::Address)]),
    ("ping", &[("client", Kind::Address), ("payload", LONG)]),
    ("ping_sent", &[("payload", LONG), ("sent", COUNT), ("clients", COUNT)]),
    ("pong", &[("client", Kind::Address), ("payload", LONG), ("rtt_us", RTT)]),
    ("list", &[("state", Kind::MaybeWhole(0, 1)), ("count", COUNT), ("clients", Kind::Rows)]),
    ("disconnected", &[("client", Kind::Address), ("reason", Kind::Text)]),
    ("error", &[("message", Kind::Text)]),
    ("stopped", &[]),
];

const ROW: Fields = &[("client", Kind::Address), ("state", STATE), ("rtt_us", Kind::MaybeWhole(0, 600_000_000))];

const CLIENT: &[(&str, Fields)] = &[
    ("connected", &[("server", Kind::Text)]),
    ("state", &[("from", STATE), ("to", STATE)]),
    (
        "status",
        &[
            ("version_name", Kind::MaybeText),
            ("protocol", Kind::MaybeWhole(i64::MIN, i64::MAX)),
            ("online", Kind::MaybeWhole(i64::MIN, i64::MAX)),
            ("max", Kind::MaybeWhole(i64::MIN, i64::MAX)),
            ("description", Kind::MaybeText),
            ("sample", Kind::Texts),
            ("favicon_bytes", Kind::MaybeWhole(0, u32::MAX as i64)),
            ("raw_bytes", COUNT),
        ],
    ),
    ("pong", &[("payload", LONG), ("rtt_us", RTT)]),
    ("server_ping", &[("payload", LONG)]),
    ("disconnected", &[("reason", Kind::Text)]),
    ("error", &[("message", Kind::Text)]),
];

/// Reads a line of `--json`
///
/// Asserts that it is one of the events of `side`, with exactly its fields, each of its kind, and that no text in it
/// holds what a terminal would act on.
#[must_use]
pub fn parse(side: Side, line: &str) -> Value {
    let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON: {error}: {line:?}"));
    let table = match side {
        Side::Server => SERVER,
        Side::Client => CLIENT,
    };
    let name = event["event"].as_str().unwrap_or_else(|| panic!("no event: {line}"));
    let Some((_, fields)) = table.iter().find(|(known, _)| *known == name) else {
        panic!("no event of the {side:?}: {line}")
    };
    check(&event, fields, 1);
    event
}

fn check(object: &Value, fields: Fields, others: usize) {
    let Some(map) = object.as_object() else { panic!("no object: {object}") };
    for (name, kind) in fields {
        let Some(value) = map.get(*name) else { panic!("the field {name} is missing: {object}") };
        assert!(holds(value, *kind), "the field {name} is not {kind:?}: {object}");
    }
    assert_eq!(map.len(), fields.len() + others, "a field too many: {object}");
}

fn holds(value: &Value, kind: Kind) -> bool {
    match kind {
        Kind::Text => value.as_str().is_some_and(is_clean),
        Kind::Address => value.as_str().is_some_and(|text| text.parse::<SocketAddr>().is_ok()),
        Kind::Whole(least, most) => value.as_i64().is_some_and(|number| (least..=most).contains(&number)),
        Kind::MaybeWhole(least, most) => value.is_null() || holds(value, Kind::Whole(least, most)),
        Kind::MaybeText => value.is_null() || holds(value, Kind::Text),
        Kind::Texts => value.as_array().is_some_and(|texts| texts.iter().all(|text| holds(text, Kind::Text))),
        Kind::Rows => value.as_array().is_some_and(|rows| {
            for row in rows {
                check(row, ROW, 0);
            }
            true
        }),
    }
}

/// Whether a text holds nothing that a terminal would act on: no C0, C1 or DEL, no bidi override (PROTOCOL.md §5)
///
/// A line break in a description is the one control that means what it says.
#[must_use]
pub fn is_clean(text: &str) -> bool {
    !text.chars().any(|c| (c.is_control() && c != '\n') || is_bidi(c))
}

const fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
