//! Commands that cross packets on the wire: the rules of PROTOCOL.md §3 that make every interleaving come out right
//!
//! Both machines, joined by pipes in which the test lets bytes lie as long as it likes.

#![expect(clippy::unwrap_used, reason = "a test that fails panics; only what a peer reaches must not")]

use std::time::Duration;

use proto_core::client::Event as C;
use proto_core::error::{Closed, Error, Refused};
use proto_core::packet::{NextState, REQUEST, State};
use proto_core::server::{Event as S, Skipped};
use proto_core::testing::{Pair, Setup, handshake, ping, response};

const ALL: usize = usize::MAX;
const PONG_LEN: usize = 10;

/// A pair whose first exchange, with this payload, waits for the Pong; all that was sent has arrived
fn waiting_for_pong(payload: i64) -> Pair {
    let mut pair = Pair::default();
    pair.ping(payload).unwrap();
    pair.transmit_to_server(ALL);
    pair.deliver_to_server(ALL);
    pair.transmit_to_client(ALL);
    pair.deliver_to_client(ALL);
    pair
}

fn pong(payload: i64) -> C<'static> {
    C::Pong { payload, rtt: Duration::ZERO }
}

fn count(pair: &Pair, event: C<'_>) -> usize {
    pair.client.events().iter().filter(|seen| **seen == event).count()
}

/// Nothing failed, nothing is owed, and a new exchange runs
#[track_caller]
fn works(pair: &mut Pair) {
    pair.run_until_quiet();
    assert_eq!((pair.client.failure(), pair.server.failure()), (None, None));
    assert!(pair.is_at_rest());
    pair.ping(4_711).unwrap();
    pair.run_until_quiet();
    assert_eq!(pair.client.events().last(), Some(&pong(4_711)));
    assert!(pair.is_at_rest());
}

#[test]
fn an_exchange_undisturbed() {
    let mut pair = Pair::default();
    pair.ping(7).unwrap();
    pair.run_until_quiet();
    let expected = [handshake(NextState::Status), REQUEST.to_vec(), ping(7)].concat();
    assert_eq!(pair.client.sent, expected);
    assert_eq!(pair.server.sent, [response(Setup::default().document), ping(7)].concat());
    assert_eq!(pair.client.events().last(), Some(&pong(7)));
    works(&mut pair);
}

#[test]
fn a_server_ping_that_crossed_the_handshake_is_echoed_while_waiting() {
    let mut pair = Pair::default();
    pair.server_ping(7).unwrap();
    pair.transmit_to_client(ALL);
    pair.ping(7).unwrap();
    pair.run_until_quiet();
    assert_eq!(pair.client.events().first(), Some(&C::ServerPing { payload: 7 }));
    assert_eq!(pair.client.events().last(), Some(&pong(7)), "the payloads being equal confuses nobody");
    let settled = S::Pong { payload: 7, rtt: Duration::ZERO };
    assert!(pair.server.events().contains(&settled));
    works(&mut pair);
}

#[test]
fn stop_before_anything_was_transmitted() {
    let mut pair = Pair::default();
    pair.ping(7).unwrap();
    pair.stop().unwrap();
    pair.run_until_quiet();
    let expected = [handshake(NextState::Status), REQUEST.to_vec(), handshake(NextState::Default)].concat();
    assert_eq!(pair.client.sent, expected);
    assert_eq!(pair.client.events(), [C::AbandonedResponse]);
    works(&mut pair);
}

#[test]
fn stop_before_the_response_came_sends_the_handshake_and_skips_the_response() {
    let mut pair = Pair::default();
    pair.ping(7).unwrap();
    pair.transmit_to_server(ALL);
    pair.client.sent.clear();
    pair.stop().unwrap();
    assert_eq!(pair.client.machine.state(), State::Default, "at once");
    pair.run_until_quiet();
    assert_eq!(pair.client.sent, handshake(NextState::Default));
    assert_eq!(pair.client.events(), [C::AbandonedResponse]);
    works(&mut pair);
}

#[test]
fn stop_at_each_byte_of_the_response_skips_its_rest_and_then_pings_anew() {
    let total = response(Setup::default().document).len();
    for arrived in 0..=total {
        let mut pair = Pair::default();
        pair.ping(7).unwrap();
        pair.transmit_to_server(ALL);
        pair.deliver_to_server(ALL);
        pair.transmit_to_client(ALL);
        assert_eq!(pair.deliver_to_client(arrived), arrived);
        pair.stop().unwrap();
        pair.ping(8).unwrap();
        pair.run_until_quiet();
        let owed = if arrived < total { C::AbandonedResponse } else { C::AbandonedPong { payload: 7 } };
        assert_eq!(count(&pair, owed), 1, "after {arrived} bytes");
        let ends = pair.client.events().iter().filter(|event| matches!(event, C::ResponseEnd(_))).count();
        assert_eq!(ends, if arrived < total { 1 } else { 2 }, "after {arrived} bytes");
        if arrived < total {
            let seen = pair.client.events();
            let skipped = seen.iter().position(|event| *event == C::AbandonedResponse);
            let read = seen.iter().position(|event| matches!(event, C::ResponseEnd(_)));
            assert!(skipped < read, "after {arrived} bytes: the stopped one is skipped, the new one read");
        }
        assert_eq!(pair.client.events().last(), Some(&pong(8)), "after {arrived} bytes");
        works(&mut pair);
    }
}

#[test]
fn stop_while_waiting_for_the_pong_consumes_it_and_never_echoes_it() {
    for arrived in 0..=PONG_LEN {
        let mut pair = waiting_for_pong(7);
        pair.transmit_to_server(ALL);
        pair.deliver_to_server(ALL);
        pair.transmit_to_client(ALL);
        assert_eq!(pair.deliver_to_client(arrived), arrived);
        let stopped = pair.stop();
        pair.client.sent.clear();
        pair.run_until_quiet();
        if arrived < PONG_LEN {
            assert_eq!(stopped, Ok(()));
            assert_eq!(pair.client.events().last(), Some(&C::AbandonedPong { payload: 7 }), "after {arrived} bytes");
            assert_eq!(pair.client.sent, handshake(NextState::Default), "no echo");
        } else {
            assert_eq!(stopped, Err(Refused::StopInDefault));
        }
        works(&mut pair);
    }
}

#[test]
fn stop_between_the_response_and_the_transmission_of_the_ping() {
    let mut pair = waiting_for_pong(7);
    assert!(count(&pair, C::AbandonedResponse) == 0 && pair.server.incoming.is_empty(), "the Ping still waits");
    pair.stop().unwrap();
    pair.run_until_quiet();
    assert_eq!(count(&pair, C::AbandonedPong { payload: 7 }), 1);
    works(&mut pair);
}

#[test]
fn an_abandoned_payload_equal_to_the_new_one_is_consumed_before_comparing() {
    let mut pair = waiting_for_pong(7);
    pair.stop().unwrap();
    pair.ping(7).unwrap();
    pair.run_until_quiet();
    assert_eq!(count(&pair, C::AbandonedPong { payload: 7 }), 1);
    assert_eq!(count(&pair, pong(7)), 1);
    works(&mut pair);
}

#[test]
fn an_abandoned_pong_is_no_mismatch_of_the_new_exchange() {
    let mut pair = waiting_for_pong(7);
    pair.stop().unwrap();
    pair.ping(8).unwrap();
    pair.run_until_quiet();
    let mismatch = pair.client.events().iter().any(|event| matches!(event, C::PongMismatch { .. }));
    assert!(!mismatch);
    assert_eq!(pair.client.events().last(), Some(&pong(8)));
    works(&mut pair);
}

#[test]
fn abandoned_responses_are_skipped_oldest_first_also_after_a_new_ping() {
    let mut pair = Pair::default();
    for payload in 1..=3 {
        pair.ping(payload).unwrap();
        pair.stop().unwrap();
    }
    pair.ping(4).unwrap();
    pair.run_in_pieces(1);
    let skipped = [C::AbandonedResponse; 3];
    assert_eq!(pair.client.events()[..3], skipped);
    assert_eq!(pair.client.events().last(), Some(&pong(4)));
    works(&mut pair);
}

#[test]
fn a_further_ping_is_refused_while_four_are_abandoned_and_unanswered() {
    let mut pair = waiting_for_pong(0);
    pair.stop().unwrap();
    for payload in 1..=3 {
        pair.ping(payload).unwrap();
        pair.stop().unwrap();
    }
    assert_eq!(pair.ping(5), Err(Refused::TooManyAbandoned { limit: 4 }));
    pair.transmit_to_server(ALL);
    while pair.client.machine.abandoned() == 4 {
        assert_eq!(pair.ping(5), Err(Refused::TooManyAbandoned { limit: 4 }));
        pair.deliver_to_server(1);
        pair.transmit_to_client(ALL);
        pair.deliver_to_client(1);
    }
    pair.ping(5).unwrap();
    pair.run_until_quiet();
    assert_eq!(pair.client.events().last(), Some(&pong(5)));
    works(&mut pair);
}

#[test]
fn a_server_ping_between_an_abandoned_pong_and_a_new_exchange_is_echoed() {
    let mut pair = waiting_for_pong(7);
    pair.transmit_to_server(ALL);
    pair.stop().unwrap();
    pair.ping(8).unwrap();
    pair.deliver_to_server(PONG_LEN);
    // The server is back in the default state, and pings before it sees what follows.
    pair.server_ping(7).unwrap();
    pair.run_until_quiet();
    let crossing: Vec<_> = pair
        .client
        .events()
        .into_iter()
        .filter(|event| matches!(event, C::AbandonedPong { .. } | C::ServerPing { .. } | C::Pong { .. }))
        .collect();
    assert_eq!(crossing, [C::AbandonedPong { payload: 7 }, C::ServerPing { payload: 7 }, pong(8)]);
    assert_eq!(count(&pair, C::ServerPing { payload: 7 }), 1);
    works(&mut pair);
}

#[test]
fn the_server_skips_a_client_in_the_status_state() {
    let mut pair = waiting_for_pong(7);
    assert_eq!(pair.server_ping(1), Err(Skipped::InStatus));
    pair.run_until_quiet();
    assert_eq!(pair.server_ping(1), Ok(()));
    works(&mut pair);
}

#[test]
fn four_server_pings_of_one_payload_in_flight_are_each_answered_once() {
    let mut pair = Pair::default();
    for _ in 0..4 {
        pair.server_ping(7).unwrap();
    }
    assert_eq!(pair.server_ping(7), Err(Skipped::Owing));
    pair.transmit_to_client(ALL);
    pair.ping(7).unwrap();
    pair.transmit_to_server(ALL);
    pair.deliver_to_server(ALL);
    pair.run_in_pieces(3);
    let settled = S::Pong { payload: 7, rtt: Duration::ZERO };
    assert_eq!(pair.server.events().into_iter().filter(|event| *event == settled).count(), 4);
    assert_eq!(pair.client.events().last(), Some(&pong(7)));
    works(&mut pair);
}

#[test]
fn pipes_of_one_byte_do_not_lock_up() {
    let mut pair = Pair::new(&Setup { capacity: 1, ..Setup::default() });
    for payload in 0..4 {
        pair.server_ping(payload).unwrap();
    }
    pair.ping(7).unwrap();
    pair.run_until_quiet();
    assert_eq!(pair.client.events().last(), Some(&pong(7)));
    works(&mut pair);
}

#[test]
fn the_client_never_waits_for_the_server_to_read() {
    // The client's echoes cannot leave, and still it takes all that a server of ours may send.
    let mut pair = Pair::default();
    pair.ping(7).unwrap();
    pair.transmit_to_server(ALL);
    for payload in 0..4 {
        pair.server_ping(payload).unwrap();
    }
    pair.transmit_to_client(ALL);
    pair.deliver_to_server(ALL);
    pair.transmit_to_client(ALL);
    pair.deliver_to_client(ALL);
    assert!(pair.client.incoming.is_empty());
    assert!(pair.client.events().iter().any(|event| matches!(event, C::ResponseEnd(_))));
    works(&mut pair);
}

#[test]
fn a_half_close_lets_what_was_sent_arrive() {
    let mut pair = Pair::default();
    pair.ping(7).unwrap();
    pair.transmit_to_server(ALL);
    pair.close_to_server();
    pair.deliver_to_server(ALL);
    pair.run_until_quiet();
    assert_eq!(pair.server.sent, response(Setup::default().document), "the Request is answered");
    pair.close_to_client();
    pair.run_until_quiet();
    assert_eq!(pair.client.failure(), Some(Error::Closed(Closed::WithoutPong)));
}

#[test]
fn a_reset_is_told_by_what_it_interrupts() {
    let mut pair = Pair::default();
    pair.ping(7).unwrap();
    pair.transmit_to_server(ALL);
    pair.deliver_to_server(5);
    pair.reset();
    assert_eq!(pair.client.failure(), Some(Error::Closed(Closed::WithoutAnswer)));
    assert_eq!(pair.server.failure(), Some(Error::Closed(Closed::InFrame)));
}
