//! What is shown to people, word by word: refusals, faults, names (PROTOCOL.md §5: one clean line)
//!
//! What errors of a connection say is tested beside them, what a command's refusal says in `command.rs`.

use std::error::Error as _;
use std::fmt::Display;

use embedded_io::ErrorKind;
use proto_core::Refused;
use proto_core::command::{CLIENT, SERVER};
use proto_core::error::Closed;
use proto_core::io::Error;
use proto_core::json::{Expected, Scanner, Token};
use proto_core::legacy::{self, Kind};
use proto_core::packet::{HostTooLong, NextState, State};
use proto_core::status::Field;
use proto_core::telemetry::{self, Envelope, Event, Fault, MAX_FRAME, Reason, Report, code};
use proto_core::text::{Show as _, Text};

#[track_caller]
fn says(what: &impl Display, words: &str) {
    assert_eq!(what.to_string(), words);
    assert!(!words.chars().any(proto_core::text::is_unsafe), "{words:?}");
}

#[test]
fn refusals_name_the_state_and_what_to_do() {
    says(
        &Refused::PingInStatus,
        "\"ping\" needs the state default; the state is status: wait for the answer, or \"stop\" it",
    );
    says(&Refused::StopInDefault, "\"stop\" needs a status request in progress; the state is default");
    says(
        &Refused::TooManyAbandoned { limit: 4 },
        "\"ping\" refused: 4 stopped requests are still unanswered; wait for one of them",
    );
    says(&Refused::Congested, "refused: the peer does not read what was sent before");
    says(&Refused::Closed, "refused: the connection is closed");
}

#[test]
fn a_driver_s_errors_say_who_is_to_blame_and_why() {
    let closed = proto_core::Error::Closed(Closed::InFrame);
    let connection = Error::<ErrorKind>::Connection(closed);
    says(&connection, "the peer closed the connection in the middle of a frame");
    let source = connection.source().and_then(|source| source.downcast_ref());
    assert_eq!(source, Some(&closed));
    let transport = Error::Transport(ErrorKind::ConnectionReset);
    assert!(transport.to_string().starts_with("the transport failed: "), "{transport}");
    let source = transport.source().and_then(|source| source.downcast_ref());
    assert_eq!(source, Some(&ErrorKind::ConnectionReset));
    let stuck = Error::<ErrorKind>::WriteZero;
    says(&stuck, "the transport takes no more bytes");
    assert!(stuck.source().is_none());
}

#[test]
fn next_states_and_hosts() {
    for (next, words) in [
        (NextState::Default, "default"),
        (NextState::Status, "status"),
        (NextState::Login, "login"),
        (NextState::Transfer, "transfer"),
    ] {
        says(&next, words);
        assert_eq!(format!("[{next:>9}]"), format!("[{words:>9}]"), "a width is kept");
    }
    says(&State::Default, "default");
    says(&State::Status, "status");
    says(&HostTooLong { bytes: 256 }, "host name of 256 bytes, at most 255 allowed");
}

#[test]
fn legacy_pings_are_named_by_the_versions_that_send_them() {
    says(&Kind::Beta, "Beta 1.8 to 1.3");
    says(&Kind::V1_4, "1.4 to 1.5");
    says(&Kind::V1_6, "1.6");
    says(
        &legacy::EncodeError::OutputTooSmall { needed: 47, room: 3 },
        "the legacy packet has 47 bytes; the buffer has room for 3",
    );
}

#[test]
fn commands_are_shown_with_their_arguments() {
    let server: Vec<_> = SERVER.iter().map(ToString::to_string).collect();
    let client: Vec<_> = CLIENT.iter().map(ToString::to_string).collect();
    assert!(server.contains(&"list [state]".to_owned()) && server.contains(&"stop".to_owned()), "{server:?}");
    assert!(client.contains(&"ping [payload]".to_owned()) && client.contains(&"exit".to_owned()), "{client:?}");
}

#[test]
fn fields_of_a_status_are_named_by_their_keys() {
    let names: Vec<String> = Field::ALL.iter().map(ToString::to_string).collect();
    let expected = [
        "version",
        "version.name",
        "version.protocol",
        "players",
        "clients",
        "players.max",
        "players.online",
        "players.sample",
        "description",
        "favicon",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_json_error_says_what_may_stand_there() {
    let mut scanner = Scanner::default();
    let mut input = "[:";
    assert_eq!(scanner.next(&mut input), Ok(Some(Token::ArrayBegin)));
    let error = scanner.next(&mut input).unwrap_err();
    says(&error, "status JSON, byte 1: a value or \"]\" expected, found \":\"");
}

#[test]
fn reports_and_faults_of_a_device() {
    for (reason, words) in [
        (Reason::Exit, "exit was typed"),
        (Reason::ByServer, "the server closed the connection"),
        (Reason::Refused, "the server could not be reached"),
        (Reason::TimedOut, "the server took too long"),
        (Reason::Protocol, "the server broke the protocol"),
        (Reason::Network, "the network went away"),
        (Reason::Replaced, "another server was named"),
        (Reason::Unresolved, "the server's name could not be resolved"),
    ] {
        let report = Report::Disconnected { reason };
        let event = Event::Report(Envelope { sequence: 7, time_us: 1_500_000, report });
        says(&event, &format!("#7 1.500000 disconnected: {words}"));
    }
    for (fault, words) in [
        (Fault::TooLong, "more than a frame holds"),
        (Fault::Torn, "a torn frame, or no frame"),
        (Fault::Checksum, "the checksum does not match"),
        (Fault::Malformed, "not a report of this version"),
    ] {
        says(&Event::Skipped { bytes: 9, fault }, &format!("skipped 9 bytes: {words}"));
    }
    says(
        &telemetry::EncodeError::OutputTooSmall { room: 3, enough: MAX_FRAME },
        &format!("the report does not fit a buffer of 3 bytes; {MAX_FRAME} are always enough"),
    );
}

#[test]
fn errors_of_a_device_by_their_codes() {
    for (code, numbers, words) in [
        (code::PROTOCOL, [19, 0], "the server broke the protocol at byte 19"),
        (code::FRAME_TIMEOUT, [0, 0], "the server did not complete a frame in time"),
        (code::CLOSED_EARLY, [0, 0], "the server closed the connection although it owed something"),
        (code::UNRESOLVED, [0, 0], "the server's name could not be resolved"),
        (code::RESPONSE_TIMEOUT, [5_000, 0], "no complete Response within 5000 ms"),
        (code::PONG_TIMEOUT, [5_000, 0], "no Pong within 5000 ms"),
        (code::PONG_MISMATCH, [-3, 4], "the server answered ping -3 with 4"),
        (code::DOCUMENT, [0, 0], "the Response is no status document"),
        (code::UNKNOWN_PACKET, [-1, 300], "packet of unknown id -1, 300 bytes; skipped"),
        (code::TRAILING_BYTES, [0, 3], "3 bytes behind the end of packet 0x00; skipped"),
        (code::TRAILING_BYTES, [i64::MAX, 3], "3 bytes behind the end of packet 9223372036854775807; skipped"),
        (code::NO_NAME_SERVER, [0, 0], "no name server is known"),
        (code::FAULT, [0x1A2B, 0x1_0000], "the processor faulted at 0x00001a2b, CFSR 0x00010000"),
        (code::FAULT, [-1, 1 << 32], "the processor faulted at -1, CFSR 4294967296"),
        (code::PANIC, [0x0800_FF00, 2], "the firmware panicked; caller 2 at 0x0800ff00"),
        (12, [-1, 2], "error 12 (-1, 2)"),
        (u16::MAX, [i64::MIN, i64::MAX], "error 65535 (-9223372036854775808, 9223372036854775807)"),
    ] {
        says(&Report::Error { code, numbers }, words);
    }
}

#[test]
fn a_bounded_text_is_shown_as_text() {
    let mut text = Text::<8>::new();
    text.push_str("a\u{1b}b");
    says(&text, "a\u{FFFD}b");
    assert_eq!(text.as_ref(), "a\u{FFFD}b");
    assert_eq!(format!("[{text:>5}]"), "[  a\u{FFFD}b]", "a width is kept");
}

#[test]
fn reasons_are_padded_as_asked() {
    says(&Reason::Replaced, "another server was named");
    assert_eq!(format!("{:>16}|", Reason::Exit), "  exit was typed|");
}

#[test]
fn what_was_expected_is_told_alone_as_within_its_error() {
    assert_eq!(Expected::HexDigit.to_string(), "a hexadecimal digit");
    assert_eq!(Expected::End.to_string(), "the end of the document");
}

#[test]
fn closing_is_told_alone_as_within_its_error() {
    let told = Closed::WithoutAnswer.to_string();
    assert_eq!(proto_core::Error::Closed(Closed::WithoutAnswer).to_string(), told);
}

#[test]
fn parts_of_a_text_are_told_one_after_the_other_each_time() {
    let bytes = 7_u32;
    let text = proto_core::text!("byte ", bytes, " of ", -9_i64);
    let mut kept = heapless::String::<32>::new();
    text.show(&mut kept);
    kept.push('|').expect("there is room");
    text.show(&mut kept);
    assert_eq!(kept, "byte 7 of -9|byte 7 of -9");
}
