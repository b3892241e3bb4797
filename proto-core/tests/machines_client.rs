//! The client's rules of PROTOCOL.md §1 to §3, against a server that the test plays byte by byte
//!
//! Commands that cross packets on the wire are in `crossing.rs`, time is in `timeouts.rs`.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that fails panics; only what a peer reaches must not")]

use std::time::Duration;

use proto_core::client::{Event, MAX_ABANDONED, ResponseEnd};
use proto_core::error::{Closed, Error, Refused, Violation};
use proto_core::packet::{NextState, REQUEST, State};
use proto_core::testing::{Endpoint, Happened, Pair, Setup, frame, handshake, ping, response, string};
use proto_core::{Client, Instant, Machine};

const NOW: Instant = Instant::from_millis(1_000);

fn client() -> Endpoint<Client> {
    Pair::default().client
}

fn strict() -> Endpoint<Client> {
    Pair::new(&Setup { strict: true, ..Setup::default() }).client
}

/// A client in the status state, its Handshake and Request sent and forgotten
fn asking(mut client: Endpoint<Client>, payload: i64) -> Endpoint<Client> {
    client.machine.ping(NOW, payload).unwrap();
    client.settle(NOW);
    client.sent.clear();
    client
}

fn violation(client: &Endpoint<Client>) -> (Violation, u64) {
    match client.failure() {
        Some(Error::Protocol { violation, offset }) => (violation, offset),
        other => panic!("a violation expected, got {other:?}"),
    }
}

fn end(text: &str) -> Event<'static> {
    let units = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
    let units = u32::try_from(units).unwrap();
    Event::ResponseEnd(ResponseEnd { bytes: u32::try_from(text.len()).unwrap(), units, oversize: units > 32_767 })
}

#[test]
fn frame_that_ends_within_a_field_is_at_fault_behind_its_last_byte() {
    // A text's length tells that it ends too early.
    for (bytes, id, offset) in [(frame(0, &[0x80]), 0, 3), (frame(0, &[2, b'{']), 0, 3), (frame(1, &[7; 7]), 1, 9)] {
        for piece in [1, usize::MAX] {
            let mut client = asking(client(), 7);
            bytes.chunks(piece).for_each(|bytes| client.offer(NOW, bytes));
            let expected = (Violation::BodyTooShort { id: Some(id) }, offset);
            assert_eq!(violation(&client), expected, "{bytes:02x?} in pieces of {piece}");
        }
    }
}

#[test]
fn ping_sends_handshake_and_request_in_one_write() {
    let mut client = client();
    client.machine.ping(NOW, 7).unwrap();
    let expected = [handshake(NextState::Status), REQUEST.to_vec()].concat();
    assert_eq!(client.machine.poll_transmit(NOW), expected);
    assert_eq!(client.machine.state(), State::Status);
}

#[test]
fn the_ping_is_sent_only_when_the_whole_response_has_arrived() {
    let mut client = asking(client(), 7);
    let response = response("{}");
    let (last, but_last) = response.split_last().unwrap();
    for byte in but_last {
        client.offer(NOW, &[*byte]);
        assert_eq!(client.sent, [], "not before the last byte");
    }
    client.offer(NOW, &[*last]);
    assert_eq!(client.sent, ping(7));
}

#[test]
fn bytes_behind_the_response_s_text_belong_to_the_response() {
    let mut client = asking(client(), 7);
    let response = frame(0, &[string("{}"), b"xyz".to_vec()].concat());
    let (last, but_last) = response.split_last().unwrap();
    client.offer(NOW, but_last);
    assert_eq!(client.sent, [], "the Response has not arrived before they have");
    client.offer(NOW, &[*last]);
    assert_eq!(client.sent, ping(7));
    assert_eq!(
        client.events(),
        [Event::ResponseBegin { bytes: 2 }, Event::TrailingBytes { id: 0, count: 3 }, end("{}")]
    );
}

#[test]
fn bytes_behind_a_pong_are_skipped_and_flagged() {
    let mut client = asking(client(), 7);
    client.offer(NOW, &response("{}"));
    client.offer(NOW, &frame(1, &[&7_i64.to_be_bytes()[..], b"!"].concat()));
    assert!(client.events().contains(&Event::TrailingBytes { id: 1, count: 1 }));
    assert_eq!(client.events().last(), Some(&Event::Pong { payload: 7, rtt: Duration::ZERO }));
}

#[test]
fn the_round_trip_is_measured_from_the_ping_s_transmission() {
    let mut client = client();
    client.machine.ping(NOW, 7).unwrap();
    client.drain(NOW, usize::MAX);
    client.incoming.push(&response("{}"));
    client.deliver(Instant::from_millis(2_000), usize::MAX);
    // The Ping waits for the transport for half a second; polled again, it keeps its first time.
    assert_eq!(client.machine.poll_transmit(Instant::from_millis(2_500)).len(), 10);
    client.drain(Instant::from_millis(2_600), usize::MAX);
    client.offer(Instant::from_millis(2_540), &ping(7));
    assert_eq!(client.events().last(), Some(&Event::Pong { payload: 7, rtt: Duration::from_millis(40) }));
    assert_eq!(client.machine.state(), State::Default);
}

#[test]
fn another_payload_is_a_mismatch_and_ends_the_exchange() {
    let mut client = asking(client(), 7);
    client.offer(NOW, &response("{}"));
    client.offer(NOW, &ping(8));
    assert_eq!(client.events().last(), Some(&Event::PongMismatch { sent: 7, got: 8 }));
    assert_eq!(client.machine.state(), State::Default);
    assert_eq!(client.sent, ping(7), "a mismatched Pong is not echoed");
}

#[test]
fn in_the_default_state_a_ping_is_echoed_and_a_request_asks_for_nothing() {
    let mut client = client();
    client.offer(NOW, &[ping(-5), REQUEST.to_vec()].concat());
    assert_eq!(client.events(), [Event::ServerPing { payload: -5 }, Event::ServerRequest]);
    assert_eq!(client.sent, ping(-5));
}

#[test]
fn a_server_ping_while_waiting_for_the_response_is_echoed_and_waiting_goes_on() {
    let mut client = asking(client(), 7);
    client.offer(NOW, &[ping(9), response("{}")].concat());
    assert_eq!(client.sent, [ping(9), ping(7)].concat());
    client.offer(NOW, &ping(7));
    assert_eq!(client.events().last(), Some(&Event::Pong { payload: 7, rtt: Duration::ZERO }));
}

#[test]
fn commands_in_the_wrong_state_are_refused_and_change_nothing() {
    let mut client = client();
    let before = client.machine.clone();
    assert_eq!(client.machine.stop(), Err(Refused::StopInDefault));
    assert_eq!(client.machine, before);
    let mut client = asking(client, 7);
    let before = client.machine.clone();
    assert_eq!(client.machine.ping(NOW, 8), Err(Refused::PingInStatus));
    assert_eq!(client.machine, before);
}

#[test]
fn a_response_that_nobody_asked_for_is_an_error() {
    let mut client = client();
    client.offer(NOW, &[ping(1), response("{}")].concat());
    assert_eq!(violation(&client), (Violation::UnexpectedResponse, 10));
    assert!(client.machine.is_finished());
}

#[test]
fn unknown_ids_are_skipped_fifteen_times_and_the_sixteenth_closes() {
    let mut client = client();
    let unknown = frame(0x7A, b"body");
    client.offer(NOW, &unknown.repeat(15));
    assert_eq!(client.events(), [Event::UnknownPacket { id: 0x7A, body: 4 }; 15]);
    client.offer(NOW, &ping(3));
    assert_eq!(client.sent, ping(3));
    client.offer(NOW, &frame(-1, b""));
    let offset = 15 * unknown.len() + ping(3).len();
    assert_eq!(violation(&client), (Violation::TooManyUnknown { limit: 16 }, u64::try_from(offset).unwrap()));
}

#[test]
fn an_oversize_response_is_read_and_flagged() {
    let text = "ä".repeat(32_768);
    let mut client = asking(client(), 7);
    client.offer(NOW, &response(&text));
    assert_eq!(client.events().last(), Some(&end(&text)));
    assert!(matches!(client.events().last(), Some(Event::ResponseEnd(end)) if end.oversize));
    let happened = client.happened();
    assert!(happened.contains(&Happened::Text(text)), "all of it came out");
    let exact = "ä".repeat(32_767);
    let mut client = asking(self::client(), 7);
    client.offer(NOW, &response(&exact));
    assert!(matches!(client.events().last(), Some(Event::ResponseEnd(end)) if !end.oversize && end.units == 32_767));
}

#[test]
fn strict_makes_an_oversize_response_an_error_at_the_unit_that_is_too_many() {
    let text = "ä".repeat(32_768);
    let bytes = response(&text);
    for piece in [if cfg!(miri) { 700 } else { 1 }, 1_000, usize::MAX] {
        let mut client = asking(strict(), 7);
        client.incoming.push(&bytes);
        while client.deliver(NOW, piece) > 0 {}
        let last = u64::try_from(bytes.len() - 1).unwrap();
        assert_eq!(violation(&client), (Violation::StringUnits { maximum: 32_767 }, last), "pieces of {piece}");
        assert!(client.happened().contains(&Happened::Text("ä".repeat(32_767))), "pieces of {piece}");
    }
    // Over 3n bytes the length alone says so.
    let mut client = asking(strict(), 7);
    client.offer(NOW, &response(&"a".repeat(98_302)));
    assert_eq!(violation(&client), (Violation::StringLength { length: 98_302, maximum: 98_301 }, 6));
}

#[test]
fn frames_of_three_byte_lengths_come_through_whole() {
    let text = "x".repeat(2_097_151 - 1 - 3);
    let bytes = response(&text);
    assert_eq!(bytes.len(), 3 + 2_097_151);
    let mut client = asking(client(), 7);
    for piece in bytes.chunks(1_460) {
        client.offer(NOW, piece);
    }
    assert_eq!(client.events().last(), Some(&end(&text)));
    assert_eq!(client.sent, ping(7));
    let mut client = asking(self::client(), 7);
    client.offer(NOW, &[0x80, 0x80, 0x80, 0x01]);
    let expected = Violation::FrameLength { length: 2_097_152, maximum: 2_097_151 };
    assert_eq!(violation(&client), (expected, 0), "before a byte of the body");
}

#[test]
fn an_empty_response_is_a_response() {
    let mut client = asking(client(), 7);
    client.offer(NOW, &response(""));
    assert_eq!(client.events(), [Event::ResponseBegin { bytes: 0 }, end("")]);
    assert_eq!(client.sent, ping(7));
}

#[test]
fn the_end_of_the_stream_is_told_by_what_it_interrupts() {
    let mut idle = client();
    idle.incoming.close();
    idle.settle(NOW);
    assert_eq!((idle.failure(), idle.machine.is_finished()), (None, true));
    assert_eq!(idle.machine.ping(NOW, 1), Err(Refused::Closed));

    let mut frame = client();
    frame.incoming.push(&ping(1)[..9]);
    frame.incoming.close();
    frame.settle(NOW);
    assert_eq!(frame.failure(), Some(Error::Closed(Closed::InFrame)));

    let mut asked = asking(client(), 7);
    asked.incoming.close();
    asked.settle(NOW);
    assert_eq!(asked.failure(), Some(Error::Closed(Closed::WithoutAnswer)));

    let mut answered = asking(client(), 7);
    answered.incoming.push(&response("{}"));
    answered.incoming.close();
    answered.settle(NOW);
    assert_eq!(answered.failure(), Some(Error::Closed(Closed::WithoutPong)));
}

#[test]
fn what_waits_to_be_sent_is_sent_after_the_peer_s_half_close() {
    let mut client = client();
    client.incoming.push(&ping(5));
    client.incoming.close();
    client.deliver(NOW, usize::MAX);
    assert!(!client.machine.is_finished(), "the echo is still to be sent");
    client.settle(NOW);
    assert_eq!((client.sent.as_slice(), client.machine.is_finished()), (ping(5).as_slice(), true));
}

#[test]
fn a_flood_of_pings_waits_for_its_echoes_and_grows_nothing() {
    const PINGS: usize = if cfg!(miri) { 20 } else { 1_000 };
    let mut client = client();
    client.incoming.push(&ping(1).repeat(PINGS));
    let mut delivered = client.deliver(NOW, usize::MAX);
    assert!(delivered <= 50, "five echoes may wait, {delivered} bytes were taken");
    assert_eq!(client.deliver(NOW, usize::MAX), 0, "and no more before one is sent");
    while delivered < 10 * PINGS {
        assert_eq!(client.drain(NOW, 10), 10);
        delivered += client.deliver(NOW, usize::MAX);
    }
    client.settle(NOW);
    assert_eq!(client.sent, ping(1).repeat(PINGS), "each is answered exactly once");
}

#[test]
fn a_server_that_answers_unasked_and_guesses_payloads_is_only_wrong() {
    let mut client = client();
    client.machine.ping(NOW, 7).unwrap();
    // Nothing is transmitted yet: the peer does not read.
    client.incoming.push(&[response("{}"), ping(7), ping(7), ping(7)].concat());
    client.deliver(NOW, usize::MAX);
    let events = client.events();
    assert_eq!(events[2], Event::Pong { payload: 7, rtt: Duration::ZERO });
    assert_eq!(events[3..], [Event::ServerPing { payload: 7 }; 2]);
}

#[test]
fn commands_without_end_to_a_peer_that_does_not_read_are_refused() {
    let mut client = client();
    let mut refused = Ok(());
    for _ in 0..100 {
        refused = client.machine.ping(NOW, 7);
        if refused.is_err() {
            break;
        }
        // The server answers what it cannot have read, so nothing stays abandoned.
        client.incoming.push(&response("{}"));
        client.deliver(NOW, usize::MAX);
        client.incoming.push(&ping(7));
        client.deliver(NOW, usize::MAX);
    }
    assert_eq!(refused, Err(Refused::Congested));
    client.drain(NOW, usize::MAX);
    assert_eq!(client.machine.ping(NOW, 7), Ok(()), "once the peer reads it goes on");
    assert!(client.machine.abandoned() <= MAX_ABANDONED);
}

#[test]
fn four_exchanges_in_a_row_wait_for_a_peer_that_does_not_read_and_a_fifth_is_refused() {
    let mut client = client();
    for payload in 1..=4 {
        // Handshake with Request, Ping, Handshake: the most that an exchange has to send.
        assert_eq!(client.machine.ping(NOW, payload), Ok(()), "{payload}");
        client.incoming.push(&response("{}"));
        client.deliver(NOW, usize::MAX);
        client.machine.stop().unwrap();
    }
    client.incoming.push(&ping(1));
    client.deliver(NOW, usize::MAX);
    assert_eq!(client.machine.abandoned(), MAX_ABANDONED - 1);
    assert_eq!(client.machine.ping(NOW, 5), Err(Refused::Congested));
}

#[test]
fn a_failed_machine_stays_failed() {
    let mut client = client();
    client.offer(NOW, &[0]);
    let error = client.failure().unwrap();
    assert_eq!(client.machine.handle_input(NOW, &ping(1)), Err(error));
    assert_eq!(client.machine.handle_timeout(NOW), Err(error));
    assert_eq!(client.machine.handle_eof(NOW), Err(error));
    assert_eq!((client.machine.poll_timeout(), client.machine.ping(NOW, 1)), (None, Err(Refused::Closed)));
}

#[test]
fn a_client_fits_a_device() {
    assert!(size_of::<Client>() <= 800, "{}", size_of::<Client>());
}
