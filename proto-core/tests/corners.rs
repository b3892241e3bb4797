//! What is left when the rules are tested: calls at odd moments, and what every type starts as

#![expect(clippy::unwrap_used, reason = "a test that fails panics; only what a peer reaches must not")]

use std::time::Duration;

use proto_core::client::{self, Event as C, Missing};
use proto_core::error::{Closed, Error, Timeout, Violation};
use proto_core::json::{Scanner, Token};
use proto_core::legacy::{AnswerDecoder, RequestDecoder};
use proto_core::packet::NextState;
use proto_core::server::{Event as S, Skipped};
use proto_core::status::{Picker, Status};
use proto_core::telemetry::Decoder;
use proto_core::testing::{Bytes, Endpoint, Happened, Pair, Setup, Subject, frame, handshake, ping, response};
use proto_core::wire::cursor::Cursor;
use proto_core::wire::string::Chunk;
use proto_core::wire::{frame as head, varint};
use proto_core::{Client, Instant, Machine, Refused, Server, Timeouts};

fn now() -> Instant {
    Setup::default().start
}

fn asking() -> Endpoint<Client> {
    let mut client = Pair::default().client;
    client.machine.ping(now(), 7).unwrap();
    client.settle(now());
    client.sent.clear();
    client
}

#[test]
fn a_server_that_failed_stays_so_whatever_it_is_asked() {
    let mut server = Pair::default().server;
    server.offer(now(), &frame(0, b""));
    let error = Error::Protocol { violation: Violation::RequestInDefault, offset: 0 };
    assert_eq!(server.failure(), Some(error));
    let machine = &mut server.machine;
    assert_eq!(machine.handle_input(now(), b"\x01\x00").unwrap_err(), error);
    assert_eq!(machine.handle_timeout(now()).unwrap_err(), error);
    assert_eq!(machine.handle_eof(now()).unwrap_err(), error);
    assert_eq!(machine.poll_timeout(), None);
    assert_eq!(machine.ping(1), Err(Skipped::Closing));
    assert!(machine.is_finished());
}

#[test]
fn a_server_that_says_its_last_word_hears_of_the_end_only() {
    let mut server = Pair::default().server;
    server.answering = false;
    server.offer(now(), &handshake(NextState::Login));
    assert!(server.machine.respond(server.answers.disconnect.clone()));
    assert_eq!(server.machine.handle_eof(now()), Ok(None), "the other direction may still be open");
    assert!(!server.machine.is_finished(), "the Disconnect has not been sent");
    server.settle(now());
    assert_eq!(server.sent, &*server.answers.disconnect);
    assert!(server.machine.is_finished());
}

#[test]
fn nothing_transmitted_is_nothing_done() {
    let mut client = Pair::default().client.machine;
    let before = client.clone();
    client.handle_transmitted(3);
    assert_eq!(client, before);
    assert!(client.poll_transmit(now()).is_empty());
}

#[test]
fn a_response_that_ends_within_its_length() {
    let mut client = asking();
    client.offer(now(), &frame(0, &[0x80]));
    let error = Error::Protocol { violation: Violation::BodyTooShort { id: Some(0) }, offset: 3 };
    assert_eq!(client.failure(), Some(error));
}

#[test]
fn time_outs_tell_what_did_not_come() {
    let mut client = asking();
    let late = now().saturating_add(Duration::from_secs(5));
    client.fire(late);
    let limit = Timeouts::default().response;
    assert_eq!(client.events(), [C::TimedOut { missing: Missing::Response, limit }]);
    assert_eq!(client.machine.stop(), Err(Refused::StopInDefault));

    let mut client = asking();
    client.offer(now(), &response("{}"));
    client.fire(late);
    let limit = Timeouts::default().pong;
    assert_eq!(client.events().last(), Some(&C::TimedOut { missing: Missing::Pong, limit }));
}

#[test]
fn a_server_pings_who_is_silent_with_its_time_as_payload() {
    let mut pair = Pair::default();
    pair.advance(Duration::from_secs(15));
    assert_eq!(pair.elapsed(), Duration::from_secs(15));
    let payload = now().as_millis() + 15_000;
    assert_eq!(pair.server.events(), [S::IdlePing { payload }]);
    pair.transmit_to_client(4);
    assert_eq!((pair.client.incoming.len(), pair.client.incoming.to_vec()), (4, ping(payload)[..4].to_vec()));
    pair.advance(Duration::from_secs(30));
    let silent = Duration::from_secs(45);
    let expected = Some(Error::Timeout(Timeout::Silence(silent)));
    assert_eq!(pair.server.failure(), expected);
}

#[test]
fn a_client_whose_server_left_is_closed() {
    let mut client = asking();
    client.incoming.close();
    client.settle(now());
    assert_eq!(client.happened(), [Happened::Failed(Error::Closed(Closed::WithoutAnswer))]);
    assert_eq!(client.machine.ping(now(), 1), Err(Refused::Closed));
}

#[test]
fn what_time_brings_is_no_text() {
    let event = C::TimedOut { missing: Missing::Pong, limit: Duration::from_secs(5) };
    assert_eq!(Client::detach(event), Ok(event));
    let event = S::IdlePing { payload: 7 };
    assert_eq!(Server::<Bytes>::detach(event), Ok(event));
}

#[test]
fn what_starts_as_default_starts_as_new() {
    assert_eq!(Timeouts::default(), Timeouts::DEFAULT);
    assert_eq!(client::Config::new("a", 1).timeouts, Timeouts::default());
    assert_eq!(head::Decoder::default(), head::Decoder::new());
    assert_eq!(AnswerDecoder::default().handle_eof(), AnswerDecoder::new().handle_eof());
    assert_eq!(RequestDecoder::default().request(), RequestDecoder::new().request());
    assert_eq!(Decoder::default().pending(), 0);
    let mut scanner = Scanner::default();
    assert_eq!(scanner.next(&mut "[]"), Ok(Some(Token::ArrayBegin)));
    let picker: Picker = Picker::default();
    assert_eq!(picker.partial(), Picker::new().partial());
    let partial: &Status = picker.partial();
    assert_eq!(partial.description(), None);
}

#[test]
fn a_picker_that_failed_says_so_at_the_end_and_keeps_what_it_had() {
    let mut picker: Picker = Picker::new();
    let error = picker.feed(r#"{"description":"kept",x"#).unwrap_err();
    assert_eq!(picker.finish(), Err(error));
    assert_eq!(picker.partial().description(), Some("kept"));
}

#[test]
fn a_frame_s_head_has_begun_with_its_first_byte() {
    let mut decoder = head::Decoder::new();
    assert!(!decoder.is_started());
    assert_eq!(decoder.decode(&mut Cursor::new(&[0x82]), 798), Ok(None));
    assert!(decoder.is_started(), "within the length");
    assert_eq!(decoder.decode(&mut Cursor::new(&[0x00]), 798), Ok(None));
    assert!(decoder.is_started(), "before the id");
    assert_eq!(decoder.decode(&mut Cursor::new(&[0x07]), 798), Ok(Some(head::Head { id: 7, body: 1 })));
    assert!(!decoder.is_started());
}

#[test]
fn the_end_of_the_input_is_seen_and_left() {
    let mut cursor = Cursor::new(&[5]);
    assert_eq!((cursor.peek(), cursor.byte(), cursor.peek()), (Some(5), Some(5), None));
    assert_eq!(varint::Decoder::new().decode(&mut cursor), Ok(None));
}

#[test]
fn pieces_are_counted_in_utf_16_units() {
    assert_eq!(Chunk::Str("aä€😀").utf16_len(), 5);
    assert_eq!((Chunk::Char('€').utf16_len(), Chunk::Char('😀').utf16_len()), (1, 2));
}
