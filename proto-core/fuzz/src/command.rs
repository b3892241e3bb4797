//! The console's grammar (PROTOCOL.md §6), against a plain reading of it
//!
//! Input: the line. What is accepted must come out of the line that shows it, what is refused must be refused in one clean
//! line.

use proto_core::State;
use proto_core::command::{CLIENT, ClientCommand, ParseError, SERVER, ServerCommand, Spec, complete};

use crate::input::assert_clean;
use crate::mistake::{Mistake, made};

/// Longest message of a refusal: all commands, and two words of 40 characters of at most four bytes
const LONGEST: usize = 400;

/// Panics where something does not hold
pub fn check(data: &[u8]) {
    let lossy = String::from_utf8_lossy(data);
    let line: &str = &lossy;
    let expected = read(line);

    let mistaken = mistaken(line);
    let server = ServerCommand::parse(&mistaken);
    match (&server, &expected) {
        (Ok(ServerCommand::Stop), Read::Stop) | (Ok(ServerCommand::Help), Read::Help) => {}
        (Ok(ServerCommand::List { state }), Read::List(expected)) => assert_eq!(state, expected),
        (Ok(ServerCommand::Ping { payload }), Read::Ping(expected)) => assert_eq!(payload, expected),
        (Err(error), Read::Refused(expected)) => refused(error, *expected),
        (Err(error), Read::Exit) => refused(error, Refusal::Command),
        _ => panic!("{line:?}: {server:?} instead of {expected:?}"),
    }
    let client = ClientCommand::parse(&mistaken);
    match (&client, &expected) {
        (Ok(ClientCommand::Stop), Read::Stop)
        | (Ok(ClientCommand::Help), Read::Help)
        | (Ok(ClientCommand::Exit), Read::Exit) => {}
        (Ok(ClientCommand::Ping { payload }), Read::Ping(expected)) => assert_eq!(payload, expected),
        (Err(error), Read::List(_)) => refused(error, Refusal::Command),
        (Err(error), Read::Refused(_)) if first_word(line).eq_ignore_ascii_case("list") => {
            refused(error, Refusal::Command);
        }
        (Err(error), Read::Refused(_)) if first_word(line).eq_ignore_ascii_case("exit") => {
            refused(error, Refusal::Surplus);
        }
        (Err(error), Read::Refused(expected)) => refused(error, *expected),
        _ => panic!("{line:?}: {client:?} instead of {expected:?}"),
    }
    if let Ok(command) = server {
        assert_eq!(ServerCommand::parse(&shown_server(command)), Ok(command));
    }
    if let Ok(command) = client {
        assert_eq!(ClientCommand::parse(&shown_client(command)), Ok(command));
    }
    completions(SERVER, line);
    completions(CLIENT, line);
}

/// The line as a parser with a mistake in it would see it; as it is where none is made
fn mistaken(line: &str) -> String {
    if made(Mistake::PlusRefused) {
        line.replace('+', "x")
    } else if made(Mistake::CaseMatters) {
        line.replace(|c: char| c.is_ascii_uppercase(), "_")
    } else if made(Mistake::SurplusIgnored) {
        words(line).into_iter().take(2).collect::<Vec<_>>().join(" ")
    } else {
        line.into()
    }
}

/// What a line says, on either side
#[derive(Clone, Copy, Debug, PartialEq)]
enum Read {
    Stop,
    Help,
    Exit,
    List(Option<State>),
    Ping(Option<i64>),
    Refused(Refusal),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Refusal {
    Empty,
    Command,
    Surplus,
    State,
    NoNumber,
    Range,
}

fn read(line: &str) -> Read {
    let words = words(line);
    let (name, arguments) = match words.split_first() {
        None => return Read::Refused(Refusal::Empty),
        Some((name, arguments)) => (name.to_ascii_lowercase(), arguments),
    };
    match (name.as_str(), arguments) {
        ("stop", []) => Read::Stop,
        ("help", []) => Read::Help,
        ("exit", []) => Read::Exit,
        ("list", []) => Read::List(None),
        ("ping", []) => Read::Ping(None),
        ("list", [state]) => match state.to_ascii_lowercase().as_str() {
            "0" | "default" => Read::List(Some(State::Default)),
            "1" | "status" => Read::List(Some(State::Status)),
            _ => Read::Refused(Refusal::State),
        },
        ("ping", [payload]) => number(payload).map_or_else(Read::Refused, |payload| Read::Ping(Some(payload))),
        ("stop" | "help" | "exit" | "list" | "ping", _) => {
            // `exit` is a command of the client's only.
            Read::Refused(if name == "exit" { Refusal::Command } else { Refusal::Surplus })
        }
        _ => Read::Refused(Refusal::Command),
    }
}

/// A decimal number with at most one sign, of any length
fn number(word: &str) -> Result<i64, Refusal> {
    let (negative, digits) = match word.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    if digits.is_empty() {
        return Err(Refusal::NoNumber);
    }
    let mut value = 0_i128;
    let mut beyond = false;
    for digit in digits {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10).ok_or(Refusal::NoNumber)?;
        value = if beyond { value } else { value * 10 + i128::from(digit) };
        beyond |= value > 1 << 64;
    }
    i64::try_from(if negative { -value } else { value }).map_err(|_| Refusal::Range)
}

/// The words between blanks and tabs, a line end left out
fn words(line: &str) -> Vec<&str> {
    let line = line.strip_suffix("\r\n").or(line.strip_suffix('\n')).unwrap_or(line);
    line.split([' ', '\t']).filter(|word| !word.is_empty()).collect()
}

fn first_word(line: &str) -> &str {
    words(line).first().copied().unwrap_or_default()
}

fn refused(error: &ParseError<'_>, expected: Refusal) {
    let kind = match error {
        ParseError::Empty => Refusal::Empty,
        ParseError::UnknownCommand { .. } => Refusal::Command,
        ParseError::TooManyArguments { .. } => Refusal::Surplus,
        ParseError::PayloadNotANumber { .. } => Refusal::NoNumber,
        ParseError::PayloadOutOfRange { .. } => Refusal::Range,
        ParseError::UnknownState { .. } => Refusal::State,
    };
    assert_eq!(kind, expected);
    let message = error.to_string();
    assert_clean(&message);
    assert!(!message.is_empty() && message.len() <= LONGEST, "{} bytes: {message:?}", message.len());
}

fn shown_server(command: ServerCommand) -> String {
    match command {
        ServerCommand::Stop => "stop".into(),
        ServerCommand::Help => "help".into(),
        ServerCommand::List { state: None } => "list".into(),
        ServerCommand::List { state: Some(state) } => format!("list {state}"),
        ServerCommand::Ping { payload: None } => "ping".into(),
        ServerCommand::Ping { payload: Some(payload) } => format!("ping {payload}"),
    }
}

fn shown_client(command: ClientCommand) -> String {
    match command {
        ClientCommand::Stop => "stop".into(),
        ClientCommand::Help => "help".into(),
        ClientCommand::Exit => "exit".into(),
        ClientCommand::Ping { payload: None } => "ping".into(),
        ClientCommand::Ping { payload: Some(payload) } => format!("ping {payload}"),
    }
}

/// What is offered continues the last word, and a command that is completed is one
fn completions<C>(specs: &'static [Spec<C>], line: &str) {
    let (before, last) = line.rsplit_once([' ', '\t']).unwrap_or(("", line));
    let offered: Vec<_> = complete(specs, line).collect();
    assert!(offered.len() <= specs.len() + 2);
    for word in &offered {
        assert!(word.get(..last.len()).is_some_and(|start| start.eq_ignore_ascii_case(last)), "{word} for {line:?}");
    }
    if words(before).is_empty() && !before.contains('\n') {
        let expected = specs.iter().filter(|spec| spec.name.starts_with(&last.to_ascii_lowercase()));
        assert!(expected.map(|spec| spec.name).eq(offered), "{line:?}");
    }
}
