//! The console grammar (PROTOCOL.md §6), by the shared vectors and by its own tables
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Debug;

use proptest::prelude::*;
use proto_core::State;
use proto_core::command::{CLIENT, ClientCommand, Help, ParseError, SERVER, ServerCommand, Spec, complete};
use serde_json::{Value, json};

fn shown_server(command: ServerCommand) -> Value {
    match command {
        ServerCommand::Stop => json!({"command": "stop"}),
        ServerCommand::List { state } => {
            json!({"command": "list", "state": state.map(|state| state as u8)})
        }
        ServerCommand::Ping { payload } => json!({"command": "ping", "payload": payload}),
        ServerCommand::Help => json!({"command": "help"}),
    }
}

fn shown_client(command: ClientCommand) -> Value {
    match command {
        ClientCommand::Ping { payload } => json!({"command": "ping", "payload": payload}),
        ClientCommand::Stop => json!({"command": "stop"}),
        ClientCommand::Exit => json!({"command": "exit"}),
        ClientCommand::Help => json!({"command": "help"}),
    }
}

#[test]
fn vectors() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../../tests/vectors/commands.json")).unwrap();
    assert!(vectors.len() > 60, "only {} vectors", vectors.len());
    for vector in &vectors {
        let text = |key: &str| vector[key].as_str().unwrap_or_else(|| panic!("{key} in {vector}"));
        let (name, rule, input) = (text("name"), text("rule"), text("input"));
        let result = match text("side") {
            "server" => ServerCommand::parse(input).map(shown_server),
            "client" => ClientCommand::parse(input).map(shown_client),
            side => panic!("{name}: side {side}"),
        };
        match (result, vector.get("expect"), vector.get("error")) {
            (Ok(command), Some(expected), None) => {
                assert_eq!(&command, expected, "{name} ({rule})");
            }
            (Err(ParseError::Empty), Some(expected), None) => {
                assert_eq!(&json!({"command": null}), expected, "{name} ({rule})");
            }
            (Err(error), None, Some(expected)) => {
                let (error, expected) = (error.to_string(), expected.as_str().unwrap());
                assert!(error.contains(expected), "{name} ({rule}): {error:?} lacks {expected:?}");
                assert!(!error.contains(char::is_control), "{name}: {error:?} is not one clean line");
            }
            (result, ..) => panic!("{name} ({rule}): {result:?}"),
        }
    }
}

/// The tables are the only source: whatever they show, the parser accepts
fn table_agrees<C: Debug>(specs: &[Spec<C>], parse: impl Fn(&str) -> Result<C, String>) {
    for spec in specs {
        let name = spec.name;
        assert_eq!(name, name.to_ascii_lowercase());
        assert!(!spec.summary.is_empty());
        parse(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        parse(spec.example).unwrap_or_else(|error| panic!("{}: {error}", spec.example));
        assert_eq!(spec.example.split(' ').next(), Some(name), "the example shows its own command");
        assert_eq!(spec.example.contains(' '), !spec.arguments.is_empty(), "and its argument");
        let refusal = parse(&format!("{name} 1 1")).unwrap_err();
        assert!(refusal.contains(name) && refusal.contains(spec.arguments), "{refusal}");
    }
}

#[test]
fn tables_agree_with_the_parser() {
    table_agrees(SERVER, |line| ServerCommand::parse(line).map_err(|error| error.to_string()));
    table_agrees(CLIENT, |line| ClientCommand::parse(line).map_err(|error| error.to_string()));
}

#[test]
fn refusals_list_every_command() {
    for (refusal, usages) in [
        (
            ServerCommand::parse("xyzzy").unwrap_err().to_string(),
            SERVER.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ),
        (ClientCommand::parse("xyzzy").unwrap_err().to_string(), CLIENT.iter().map(ToString::to_string).collect()),
    ] {
        for usage in usages {
            assert!(refusal.contains(&usage), "{refusal:?} lacks {usage:?}");
        }
        assert!(!refusal.contains("did you mean"), "{refusal:?}");
    }
}

#[test]
fn help_shows_every_command_with_an_example() {
    let help = Help(CLIENT).to_string();
    assert_eq!(help.lines().count(), CLIENT.len());
    for (line, spec) in help.lines().zip(CLIENT) {
        assert!(line.starts_with(spec.name), "{line:?}");
        for part in [spec.arguments, spec.summary, spec.example] {
            assert!(line.contains(part), "{line:?} lacks {part:?}");
        }
    }
    let summaries: Vec<_> = help.lines().zip(CLIENT).map(|(line, spec)| line.find(spec.summary)).collect();
    assert!(summaries.windows(2).all(|pair| pair[0] == pair[1]), "aligned: {help}");
}

#[test]
fn every_edit_of_one_letter_is_suggested() {
    for spec in CLIENT {
        for at in 0..spec.name.len() {
            let mut dropped = spec.name.to_owned();
            dropped.remove(at);
            let mut replaced = dropped.clone();
            replaced.insert(at, 'z');
            let mut added = spec.name.to_owned();
            added.insert(at, 'z');
            for word in [dropped, replaced, added] {
                let ParseError::UnknownCommand { nearest, .. } = ClientCommand::parse(&word).unwrap_err() else {
                    panic!("{word} is a command");
                };
                assert_eq!(nearest, Some(spec.name), "{word}");
            }
        }
    }
}

#[test]
fn completion() {
    let server = |prefix: &str| complete(SERVER, prefix).collect::<Vec<_>>();
    assert_eq!(server(""), ["ping", "list", "stop", "help"]);
    assert_eq!(server("\t "), ["ping", "list", "stop", "help"]);
    assert_eq!(server("S"), ["stop"]);
    assert_eq!(server("stop"), ["stop"]);
    assert_eq!(server("stopp"), [""; 0]);
    assert_eq!(server("stop "), [""; 0]);
    assert_eq!(server("List "), ["default", "status"]);
    assert_eq!(server(" list  D"), ["default"]);
    assert_eq!(server("list status "), [""; 0]);
    assert_eq!(server("ping "), [""; 0]);
    assert!(complete(CLIENT, "list ").next().is_none(), "no command of the client's");
}

#[test]
fn states_are_named() {
    assert_eq!((State::Default as u8, State::Status as u8), (0, 1));
    assert_eq!(format!("{}|{:>8}", State::Default, State::Status), "default|  status");
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 256 })
    })]

    #[test]
    fn any_line_is_answered_by_one_clean_line(line in any::<String>()) {
        for error in [
            ServerCommand::parse(&line).err().map(|error| error.to_string()),
            ClientCommand::parse(&line).err().map(|error| error.to_string()),
        ].into_iter().flatten() {
            prop_assert!(!error.contains(char::is_control), "{error:?}");
            prop_assert!(error.chars().count() < 200, "{error:?}");
        }
        let _ = complete(SERVER, &line).count();
    }

    #[test]
    fn every_payload_round_trips(payload: i64) {
        let line = format!("ping {payload}");
        prop_assert_eq!(ServerCommand::parse(&line), Ok(ServerCommand::Ping { payload: Some(payload) }));
        prop_assert_eq!(ClientCommand::parse(&line), Ok(ClientCommand::Ping { payload: Some(payload) }));
    }

    #[test]
    fn every_number_beyond_64_bits_is_out_of_range(payload: i128) {
        prop_assume!(i64::try_from(payload).is_err());
        let line = format!("ping {payload}");
        let refused = matches!(ServerCommand::parse(&line), Err(ParseError::PayloadOutOfRange { .. }));
        prop_assert!(refused);
    }

    #[test]
    fn blanks_and_case_change_nothing(
        spec in prop::sample::select(SERVER), before in "[ \t]{0,5}", after in "[ \t]{0,5}", between in "[ \t]{1,5}",
        upper in prop::collection::vec(any::<bool>(), 64),
    ) {
        let line: String = spec.example.replace(' ', &between).chars().zip(upper)
            .map(|(c, upper)| if upper { c.to_ascii_uppercase() } else { c })
            .collect();
        let line = format!("{before}{line}{after}");
        prop_assert_eq!(ServerCommand::parse(&line), ServerCommand::parse(spec.example));
    }
}
