//! The server's rules of PROTOCOL.md §1 to §3 and §7, against a client that the test plays byte by byte
//!
//! Commands that cross packets on the wire are in `crossing.rs`, time is in `timeouts.rs`.

#![expect(clippy::panic, reason = "a test that fails panics; only what a peer reaches must not")]

use std::time::Duration;

use proto_core::error::{Closed, Error, Violation};
use proto_core::legacy::Kind;
use proto_core::packet::{NextState, REQUEST, State};
use proto_core::server::{Event, MAX_OUTSTANDING, Skipped};
use proto_core::testing::{Bytes, Endpoint, Happened, Pair, Setup, frame, handshake, ping, string};
use proto_core::{Instant, Machine, Server};

type Side = Endpoint<Server<Bytes>>;

fn server() -> Side {
    Pair::default().server
}

fn now() -> Instant {
    Setup::default().start
}

/// A server in the status state
fn in_status() -> Side {
    let mut server = server();
    server.offer(now(), &handshake(NextState::Status));
    assert_eq!(server.machine.state(), State::Status);
    server.log.clear();
    server
}

fn after(bytes: &[u8]) -> Side {
    let mut server = server();
    server.offer(now(), bytes);
    server
}

fn violation(server: &Side) -> (Violation, u64) {
    match server.failure() {
        Some(Error::Protocol { violation, offset }) => (violation, offset),
        other => panic!("a violation expected, got {other:?}"),
    }
}

/// A Handshake of any fields
fn handshake_of(address: &str, next: u8) -> Vec<u8> {
    frame(0, &[&[0x04][..], &string(address), &[0x63, 0xDD, next]].concat())
}

#[test]
fn a_handshake_moves_either_state_to_the_one_it_names() {
    let mut server = server();
    for (next, state) in [
        (NextState::Status, State::Status),
        (NextState::Status, State::Status),
        (NextState::Default, State::Default),
        (NextState::Default, State::Default),
        (NextState::Status, State::Status),
    ] {
        server.offer(now(), &handshake(next));
        assert_eq!(server.machine.state(), state);
        let expected = Event::Handshake { protocol_version: -1, server_port: 25_565, next_state: next };
        assert_eq!(server.events().last(), Some(&expected));
    }
    assert!(server.happened().contains(&Happened::Text("localhost".into())));
}

#[test]
fn a_handshake_may_come_in_any_pieces() {
    let bytes = handshake(NextState::Status);
    let expected = Event::Handshake { protocol_version: -1, server_port: 25_565, next_state: NextState::Status };
    for piece in 1..=bytes.len() {
        let mut server = server();
        server.incoming.push(&bytes);
        while server.deliver(now(), piece) > 0 {}
        assert_eq!(server.events().last(), Some(&expected), "pieces of {piece}");
    }
}

#[test]
fn login_and_transfer_get_a_disconnect_and_the_connection_closes() {
    for next in [NextState::Login, NextState::Transfer] {
        let mut server = server();
        server.offer(now(), &[handshake(next), b"what a client sends next".to_vec()].concat());
        assert_eq!(server.events().last(), Some(&Event::Login));
        assert_eq!(server.sent, server.answers.disconnect.as_ref());
        assert!(server.machine.is_finished());
        assert_eq!(server.failure(), None);
        assert_eq!(server.machine.ping(1), Err(Skipped::Closing));
    }
}

#[test]
fn any_other_next_state_is_an_error() {
    let server = after(&handshake_of("localhost", 4));
    assert_eq!(violation(&server), (Violation::NextState(4), 0));
}

#[test]
fn a_request_is_answered_in_the_status_state_and_may_be_repeated() {
    let mut server = in_status();
    server.offer(now(), &REQUEST);
    server.offer(now(), &REQUEST);
    assert_eq!(server.events(), [Event::Request; 2]);
    assert_eq!(server.sent, server.answers.response.repeat(2));
    assert_eq!(server.machine.state(), State::Status);
}

#[test]
fn a_request_in_the_default_state_is_an_error() {
    assert_eq!(violation(&after(&REQUEST)), (Violation::RequestInDefault, 0));
    let back = after(&[handshake(NextState::Status), handshake(NextState::Default), REQUEST.to_vec()].concat());
    assert_eq!(violation(&back).0, Violation::RequestInDefault);
}

#[test]
fn a_ping_without_a_request_is_echoed_once_and_ends_the_exchange() {
    let mut server = in_status();
    server.offer(now(), &[ping(5), ping(5), ping(5)].concat());
    assert_eq!(server.sent, ping(5), "a handshake buys exactly one echo");
    assert_eq!(server.events(), [Event::Ping { payload: 5 }, Event::UnexpectedPong { payload: 5 }]);
    assert_eq!(server.machine.state(), State::Default);
}

#[test]
fn a_pong_matches_the_oldest_ping_of_its_payload() {
    let mut server = server();
    let at = |millis| now().saturating_add(Duration::from_millis(millis));
    for (millis, payload) in [(0, 7), (10, 8), (20, 7)] {
        server.machine.ping(payload).unwrap();
        server.drain(at(millis), usize::MAX);
    }
    server.offer(at(100), &[ping(7), ping(7), ping(8)].concat());
    let pong = |payload, millis| Event::Pong { payload, rtt: Duration::from_millis(millis) };
    assert_eq!(server.events(), [pong(7, 100), pong(7, 80), pong(8, 90)]);
    assert_eq!(server.machine.outstanding(), 0);
}

#[test]
fn two_waiting_pings_of_one_payload_are_each_timed_from_their_own_transmission() {
    let mut server = server();
    let at = |millis| now().saturating_add(Duration::from_millis(millis));
    server.machine.ping(7).unwrap();
    server.machine.ping(7).unwrap();
    // The transport takes nothing at first, so the same bytes are polled again.
    assert_eq!(server.machine.poll_transmit(at(0)), ping(7));
    assert_eq!(server.machine.poll_transmit(at(1)), ping(7));
    assert_eq!(server.drain(at(2), 10), 10);
    assert_eq!(server.drain(at(50), 10), 10);
    server.offer(at(60), &ping(7).repeat(2));
    let pong = |millis| Event::Pong { payload: 7, rtt: Duration::from_millis(millis) };
    assert_eq!(server.events(), [pong(60), pong(10)]);
}

#[test]
fn an_unmatched_pong_is_warned_of_once_and_never_echoed() {
    let mut server = server();
    server.offer(now(), &ping(5).repeat(100));
    assert_eq!(server.events(), [Event::UnexpectedPong { payload: 5 }]);
    assert_eq!(server.sent, []);
    assert_eq!(server.failure(), None);
}

#[test]
fn a_pong_guessed_before_its_ping_was_sent_matches_nothing() {
    let mut server = server();
    server.machine.ping(5).unwrap();
    server.incoming.push(&ping(5));
    server.deliver(now(), usize::MAX);
    assert_eq!(server.events(), [Event::UnexpectedPong { payload: 5 }]);
    server.settle(now());
    assert_eq!((server.sent.as_slice(), server.machine.outstanding()), (ping(5).as_slice(), 1));
    server.offer(now(), &ping(5));
    assert_eq!(server.events().last(), Some(&Event::Pong { payload: 5, rtt: Duration::ZERO }));
}

#[test]
fn a_ping_that_is_answered_while_half_of_it_is_sent_is_sent_to_its_end() {
    let mut server = server();
    server.machine.ping(5).unwrap();
    server.drain(now(), 4);
    server.incoming.push(&ping(5));
    server.deliver(now(), usize::MAX);
    server.machine.ping(6).unwrap();
    server.settle(now());
    assert_eq!(server.sent, [ping(5), ping(6)].concat());
}

#[test]
fn in_the_status_state_a_pong_that_is_owed_is_consumed_and_no_echo() {
    let mut server = server();
    server.machine.ping(5).unwrap();
    server.settle(now());
    server.sent.clear();
    server.offer(now(), &[handshake(NextState::Status), ping(5)].concat());
    assert_eq!(server.events().last(), Some(&Event::Pong { payload: 5, rtt: Duration::ZERO }));
    assert_eq!((server.sent.as_slice(), server.machine.state()), (&[][..], State::Status));
    server.offer(now(), &ping(5));
    assert_eq!((server.sent.as_slice(), server.machine.state()), (ping(5).as_slice(), State::Default));
}

#[test]
fn a_client_that_owes_four_is_skipped() {
    let mut server = server();
    for payload in 1..=4 {
        assert_eq!(server.machine.ping(payload), Ok(()));
    }
    assert_eq!(server.machine.ping(5), Err(Skipped::Owing));
    server.settle(now());
    assert_eq!(server.machine.ping(5), Err(Skipped::Owing), "sent they are still owed");
    assert_eq!(server.machine.outstanding(), MAX_OUTSTANDING);
    server.offer(now(), &ping(3));
    assert_eq!(server.machine.ping(5), Ok(()));
}

#[test]
fn a_client_in_the_status_state_is_skipped() {
    assert_eq!(in_status().machine.ping(5), Err(Skipped::InStatus));
}

#[test]
fn a_client_whose_connection_is_about_to_close_is_skipped() {
    let mut left = server();
    left.incoming.close();
    left.settle(now());
    let mut logs_in = server();
    logs_in.answering = false;
    logs_in.offer(now(), &handshake(NextState::Login));
    let broke_a_rule = after(&[0]);
    for mut server in [left, logs_in, broke_a_rule] {
        assert_eq!(server.machine.ping(1), Err(Skipped::Closing), "{:?}", server.happened());
    }
}

#[test]
fn a_ping_that_waits_goes_before_the_response_and_behind_the_echo() {
    let mut server = server();
    server.machine.ping(1).unwrap();
    server.incoming.push(&[handshake(NextState::Status), REQUEST.to_vec()].concat());
    server.deliver(now(), usize::MAX);
    server.settle(now());
    assert_eq!(server.sent, [ping(1), server.answers.response.to_vec()].concat());
    server.sent.clear();
    server.incoming.push(&ping(2));
    server.deliver(now(), usize::MAX);
    server.machine.ping(3).unwrap();
    server.settle(now());
    assert_eq!(server.sent, [ping(2), ping(3)].concat());
}

#[test]
fn pipelined_requests_are_answered_one_at_a_time() {
    const REQUESTS: usize = if cfg!(miri) { 20 } else { 1_000 };
    let mut server = in_status();
    server.incoming.push(&REQUEST.repeat(REQUESTS));
    for answered in 1..=REQUESTS {
        assert_eq!(server.deliver(now(), usize::MAX), 2, "one Request, and no more before it is answered");
        assert_eq!(server.events().len(), answered);
        assert_eq!(server.deliver(now(), usize::MAX), 0);
        server.drain(now(), 3);
        assert_eq!(server.deliver(now(), usize::MAX), 0, "not before the whole answer is sent");
        server.drain(now(), usize::MAX);
    }
    assert_eq!(server.sent, server.answers.response.repeat(REQUESTS));
}

#[test]
fn input_waits_for_respond_and_an_answer_to_nothing_is_dropped() {
    let mut server = in_status();
    server.answering = false;
    assert!(!server.machine.respond(Bytes::from(*b"?")), "nobody asked");
    server.offer(now(), &[REQUEST.to_vec(), ping(5)].concat());
    assert_eq!((server.events(), server.sent.as_slice()), (vec![Event::Request], &[][..]));
    assert!(server.machine.respond(Bytes::from(*b"answer")));
    server.settle(now());
    assert_eq!(server.sent, [&b"answer"[..], &ping(5)].concat());
}

#[test]
fn an_empty_answer_sends_nothing_and_blocks_nothing() {
    let mut server = in_status();
    server.answers.response = Bytes::from([]);
    server.offer(now(), &[REQUEST.to_vec(), ping(5)].concat());
    assert_eq!(server.sent, ping(5));
}

#[test]
fn unknown_ids_are_skipped_fifteen_times_and_the_sixteenth_closes() {
    let mut server = in_status();
    let offset = handshake(NextState::Status).len();
    for body in 0..15 {
        server.offer(now(), &frame(0x10, &vec![0xFE; body]));
    }
    assert_eq!(server.events().len(), 15);
    server.offer(now(), &REQUEST);
    assert_eq!(server.events().last(), Some(&Event::Request), "none has done harm");
    server.offer(now(), &frame(0x11, b""));
    let offset = u64::try_from(offset + (0..15).map(|body| 2 + body).sum::<usize>() + 2).unwrap();
    assert_eq!(violation(&server), (Violation::TooManyUnknown { limit: 16 }, offset));
}

#[test]
fn what_looks_like_a_ping_within_a_frame_is_a_part_of_it() {
    // Behind a length, and in a body: each piece begins where a Ping that comes whole would begin.
    for (frame, at, event) in [
        (frame(9, &[&ping(7)[1..], b"x"].concat()), 1, Event::UnknownPacket { id: 9, body: 10 }),
        (frame(0x10, &ping(7)), 2, Event::UnknownPacket { id: 0x10, body: 10 }),
    ] {
        let mut server = in_status();
        server.offer(now(), &frame[..at]);
        server.offer(now(), &frame[at..]);
        assert_eq!((server.events(), server.sent.as_slice()), (vec![event], &[][..]), "{frame:02x?}");
        server.offer(now(), &ping(8));
        assert_eq!(server.sent, ping(8), "{frame:02x?}");
    }
}

#[test]
fn an_address_may_end_its_frame_which_then_is_too_short_behind_it() {
    let short = Violation::BodyTooShort { id: Some(0) };
    let ends_behind = after(&frame(0, &[&[0x04][..], &string("host")].concat()));
    assert_eq!(ends_behind.happened()[0], Happened::Text("host".into()));
    assert_eq!(violation(&ends_behind), (short, 8));
    let ends_within = after(&frame(0, &[0x04, 5, b'h', b'o', b's', b't']));
    assert_eq!((violation(&ends_within), ends_within.log.len()), ((short, 4), 1), "by its length alone");
}

#[test]
fn a_field_that_its_frame_cuts_is_too_short_whatever_comes_behind() {
    // Each piece ends where the field goes on in the next frame, or would.
    for (frame, behind) in [
        (frame(0, &[0x84, 0x80]), &[0x80, 0x00][..]),
        (frame(0, &[0x04, 0x80]), &[0x00]),
        (frame(0, &[&[0x04][..], &string("h"), &[0x63]].concat()), &[0xDD, 0x01]),
        (frame(0, &[&[0x04][..], &string("h"), &[0x63, 0xDD, 0x81]].concat()), &[0x00]),
    ] {
        let end = u64::try_from(frame.len()).unwrap_or_default();
        let server = after(&[&frame[..], behind].concat());
        assert_eq!(violation(&server), (Violation::BodyTooShort { id: Some(0) }, end), "{frame:02x?}");
    }
    let long = frame(1, &[0; 7]);
    assert_eq!(violation(&after(&[long, ping(0)].concat())), (Violation::BodyTooShort { id: Some(1) }, 9));
}

#[test]
fn trailing_bytes_are_an_error() {
    let long = frame(0, &[&[0x04][..], &string("h"), &[0x63, 0xDD, 0x01, 0xAA, 0xBB]].concat());
    let offset = u64::try_from(long.len() - 2).unwrap();
    assert_eq!(violation(&after(&long)), (Violation::TrailingBytes { id: 0, count: 2 }, offset));
    // The Long, whole or not, is the same whatever is behind it.
    for at in 0..=10 {
        let mut server = server();
        server.offer(now(), &frame(1, &[0; 9])[..at]);
        server.offer(now(), &frame(1, &[0; 9])[at..]);
        assert_eq!(violation(&server), (Violation::TrailingBytes { id: 1, count: 1 }, 10), "cut at {at}");
    }
}

#[test]
fn a_frame_s_length_is_judged_before_a_byte_of_the_body() {
    for (bytes, length) in [(&[0x00][..], 0), (&[0xFF, 0xFF, 0xFF, 0xFF, 0x0F], -1), (&[0x9F, 0x06], 799)] {
        assert_eq!(violation(&after(bytes)), (Violation::FrameLength { length, maximum: 798 }, 0));
    }
    assert_eq!(after(&[0x9E, 0x06]).failure(), None);
}

#[test]
fn the_longest_address_is_261_units_whatever_their_bytes() {
    for (address, good) in [
        ("a".repeat(255), true),
        (format!("{}\0FML2\0", "a".repeat(255)), true),
        ("€".repeat(261), true),
        (format!("{}a", "\u{1F600}".repeat(130)), true),
        ("a".repeat(262), false),
        ("\u{1F600}".repeat(131), false),
    ] {
        let bytes = handshake_of(&address, 1);
        for piece in [1, 2, 5, usize::MAX] {
            let mut server = server();
            server.incoming.push(&bytes);
            while server.deliver(now(), piece) > 0 {}
            if good {
                assert!(server.happened().contains(&Happened::Text(address.clone())), "pieces of {piece}");
                assert_eq!(server.machine.state(), State::Status);
            } else {
                assert_eq!(violation(&server).0, Violation::StringUnits { maximum: 261 }, "pieces of {piece}");
                // The byte at fault is the address's last, with port and next state behind it.
                assert_eq!(violation(&server).1, u64::try_from(bytes.len() - 4).unwrap(), "pieces of {piece}");
            }
        }
    }
    let bytes = handshake_of(&"€".repeat(262), 1);
    assert!(matches!(
        violation(&after(&bytes)),
        (Violation::StringLength { length: 786, .. } | Violation::FrameLength { .. }, _)
    ));
}

#[test]
fn the_end_of_the_stream_is_told_by_what_it_interrupts() {
    for (bytes, failure) in [
        (vec![], None),
        (handshake(NextState::Status), None),
        (handshake(NextState::Status)[..5].to_vec(), Some(Error::Closed(Closed::InFrame))),
        (vec![0x80], Some(Error::Closed(Closed::InFrame))),
    ] {
        let mut server = server();
        server.incoming.push(&bytes);
        server.incoming.close();
        server.settle(now());
        assert_eq!((server.failure(), server.machine.is_finished()), (failure, true));
    }
}

#[test]
fn a_client_that_half_closes_after_its_request_is_answered() {
    let mut server = in_status();
    server.answering = false;
    server.incoming.push(&REQUEST);
    server.incoming.close();
    server.settle(now());
    assert!(!server.machine.is_finished(), "the answer is still to come");
    assert!(server.machine.respond(Bytes::from(*b"answer")));
    server.settle(now());
    assert_eq!((server.sent.as_slice(), server.machine.is_finished()), (&b"answer"[..], true));
}

#[test]
fn legacy_pings_are_told_apart_in_three_bytes() {
    let silence = Duration::from_millis(250);
    for (bytes, at_once, after_silence) in [
        (&[0xFE][..], None, Some(Kind::Beta)),
        (&[0xFE, 0x01], None, Some(Kind::V1_4)),
        (&[0xFE, 0x01, 0xFA], Some(Kind::V1_6), None),
        (&[0xFE, 0x01, 0x00], None, None),
        (&[0xFE, 0x02], None, None),
    ] {
        let mut server = after(bytes);
        let expected: Vec<_> = at_once.map(Event::LegacyPing).into_iter().collect();
        assert_eq!(server.events(), expected, "{bytes:02x?}");
        let nearly = now().saturating_add(Duration::from_micros(249_999));
        server.fire(nearly);
        assert_eq!(server.events(), expected, "{bytes:02x?}: not a microsecond early");
        server.fire(now().saturating_add(silence));
        server.settle(now().saturating_add(silence));
        let expected: Vec<_> = at_once.or(after_silence).map(Event::LegacyPing).into_iter().collect();
        assert_eq!(server.events(), expected, "{bytes:02x?}");
        let answered = !expected.is_empty();
        assert_eq!(server.machine.is_finished(), answered);
        assert_eq!(server.sent, if answered { server.answers.legacy.to_vec() } else { vec![] });
    }
}

#[test]
fn fe_is_a_legacy_ping_at_the_end_of_the_stream_too() {
    for (bytes, kind) in [(&[0xFE][..], Kind::Beta), (&[0xFE, 0x01], Kind::V1_4)] {
        let mut server = server();
        server.incoming.push(bytes);
        server.incoming.close();
        server.settle(now());
        assert_eq!(server.events(), [Event::LegacyPing(kind)]);
        assert_eq!((server.sent.as_slice(), server.failure()), (server.answers.legacy.as_ref(), None));
    }
}

#[test]
fn fe_is_modern_behind_the_first_frame_and_where_legacy_pings_are_off() {
    let quarter = now().saturating_add(Duration::from_millis(250));
    for first in [handshake(NextState::Status), ping(7)] {
        let mut server = after(&first);
        server.offer(now(), &[0xFE, 0x01, 0xFA]);
        server.fire(quarter);
        assert!(server.events().iter().all(|event| !matches!(event, Event::LegacyPing(_))), "{first:02x?}");
    }
    let mut server = Pair::new(&Setup { legacy: false, ..Setup::default() }).server;
    server.offer(now(), &[0xFE]);
    server.fire(quarter);
    assert_eq!(server.events(), []);
}

#[test]
fn a_modern_frame_of_254_bytes_comes_through_after_the_first_look() {
    // id, version, address of 246 bytes with its two length bytes, port, next state: 254.
    let address = "h".repeat(247);
    let bytes = handshake_of(&address, 1);
    assert_eq!(bytes[..3], [0xFE, 0x01, 0x00]);
    for piece in [1, 2, usize::MAX] {
        let mut server = server();
        server.incoming.push(&bytes);
        while server.deliver(now(), piece) > 0 {}
        assert_eq!(server.machine.state(), State::Status, "pieces of {piece}");
    }
}

#[test]
fn connections_are_cheap() {
    assert!(size_of::<Server<Bytes>>() <= 288, "{}", size_of::<Server<Bytes>>());
}
