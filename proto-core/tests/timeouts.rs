//! Time: the last paragraph of PROTOCOL.md §3, to the microsecond

use std::time::Duration;

use proto_core::client::{Event as C, Missing};
use proto_core::error::{Error, Timeout};
use proto_core::packet::{NextState, State};
use proto_core::server::Event as S;
use proto_core::testing::{Pair, frame, handshake, ping, response};
use proto_core::{Machine, Timeouts};

const ALL: usize = usize::MAX;
const TICK: Duration = Duration::from_micros(1);

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Lets `limit` pass and asserts that `happened` becomes true with its last microsecond
#[track_caller]
fn exactly_after(pair: &mut Pair, limit: Duration, happened: impl Fn(&Pair) -> bool) {
    pair.advance(limit.saturating_sub(TICK));
    assert!(!happened(pair), "a microsecond early");
    pair.advance(TICK);
    assert!(happened(pair), "not in time");
}

#[test]
fn a_frame_from_a_client_completes_in_ten_seconds() {
    let mut pair = Pair::default();
    pair.server.incoming.push(&handshake(NextState::Status)[..5]);
    pair.deliver_to_server(ALL);
    let failure = Some(Error::Timeout(Timeout::Frame(secs(10))));
    exactly_after(&mut pair, secs(10), |pair| pair.server.failure() == failure);
}

#[test]
fn a_byte_does_not_prolong_a_frame() {
    let mut pair = Pair::default();
    for byte in &handshake(NextState::Status)[..4] {
        pair.server.incoming.push(&[*byte]);
        pair.deliver_to_server(ALL);
        pair.advance(secs(2));
    }
    let failure = Some(Error::Timeout(Timeout::Frame(secs(10))));
    exactly_after(&mut pair, secs(2), |pair| pair.server.failure() == failure);
}

#[test]
fn a_frame_from_a_server_completes_in_ten_seconds() {
    let mut pair = Pair::default();
    pair.client.incoming.push(&ping(1)[..9]);
    pair.deliver_to_client(ALL);
    let failure = Some(Error::Timeout(Timeout::Frame(secs(10))));
    exactly_after(&mut pair, secs(10), |pair| pair.client.failure() == failure);
}

#[test]
fn a_complete_frame_has_no_deadline() {
    let mut pair = Pair::default();
    pair.client.incoming.push(&ping(1));
    pair.deliver_to_client(ALL);
    assert_eq!(pair.client.machine.poll_timeout(), None);
}

#[test]
fn a_complete_frame_has_no_deadline_even_if_the_next_call_is_late() {
    let mut pair = Pair::default();
    let now = pair.now;
    // One call each, and none with what is left: nothing is.
    let unknown = frame(0x10, b"");
    let progress = pair.server.machine.handle_input(now, &unknown).unwrap();
    assert_eq!(progress.event, Some(S::UnknownPacket { id: 0x10, body: 0 }));
    assert_eq!(pair.server.machine.handle_timeout(now.saturating_add(secs(11))), Ok(None));

    let progress = pair.client.machine.handle_input(now, &unknown).unwrap();
    assert_eq!(progress.event, Some(C::UnknownPacket { id: 0x10, body: 0 }));
    assert_eq!(pair.client.machine.poll_timeout(), None);
    assert_eq!(pair.client.machine.handle_timeout(now.saturating_add(secs(11))), Ok(None));
}

#[test]
fn a_response_whose_last_piece_was_told_has_no_frame_deadline() {
    let timeouts = Timeouts { response: Duration::MAX, ..Timeouts::DEFAULT };
    let mut pair = Pair::new(&proto_core::testing::Setup { timeouts, ..Default::default() });
    let now = pair.now;
    pair.ping(7).unwrap();
    let whole = response("{}");
    let begin = pair.client.machine.handle_input(now, &whole).unwrap();
    assert_eq!(begin.event, Some(C::ResponseBegin { bytes: 2 }));
    let mut consumed = begin.consumed;
    // In one piece, or, without the feature `fast`, in two.
    while consumed < whole.len() {
        let chunk = pair.client.machine.handle_input(now, &whole[consumed..]).unwrap();
        assert!(matches!(chunk.event, Some(C::ResponseChunk(_))));
        consumed += chunk.consumed;
    }
    let late = now.saturating_add(secs(11));
    assert_eq!(pair.client.machine.handle_timeout(late), Ok(None));
    let end = pair.client.machine.handle_input(late, &[]).unwrap();
    assert!(matches!(end.event, Some(C::ResponseEnd(_))));
}

#[test]
fn thirty_seconds_without_a_byte_in_the_status_state_close() {
    let mut pair = Pair::default();
    pair.server.offer(pair.now, &handshake(NextState::Status));
    let failure = Some(Error::Timeout(Timeout::Status(secs(30))));
    exactly_after(&mut pair, secs(30), |pair| pair.server.failure() == failure);
}

#[test]
fn any_byte_resets_the_thirty_seconds() {
    let mut pair = Pair::default();
    pair.server.offer(pair.now, &handshake(NextState::Status));
    pair.advance(secs(29));
    pair.server.offer(pair.now, &[9]);
    pair.advance(secs(9));
    pair.server.offer(pair.now, &ping(1)[1..9]);
    assert_eq!(pair.server.failure(), None);
    pair.advance(secs(1));
    assert_eq!(pair.server.failure(), Some(Error::Timeout(Timeout::Frame(secs(10)))));
}

#[test]
fn bytes_are_a_sign_of_life_and_a_call_without_any_is_none() {
    let Pair { mut server, now: start, .. } = Pair::default();
    let heard = start.saturating_add(secs(9));
    let unknown = frame(0x10, b"");
    let progress = server.machine.handle_input(heard, &unknown).unwrap();
    assert_eq!(progress.event, Some(S::UnknownPacket { id: 0x10, body: 0 }));
    let silence = Some(heard.saturating_add(secs(15)));
    assert_eq!(server.machine.poll_timeout(), silence);
    let progress = server.machine.handle_input(heard.saturating_add(secs(5)), &[]).unwrap();
    assert_eq!((progress.consumed, progress.event, server.machine.poll_timeout()), (0, None, silence));
}

#[test]
fn a_client_silent_for_fifteen_seconds_is_pinged_and_thirty_later_closed() {
    let mut pair = Pair::default();
    let probed = |pair: &Pair| matches!(pair.server.events()[..], [S::IdlePing { .. }]);
    exactly_after(&mut pair, secs(15), probed);
    assert_eq!(pair.server.events(), [S::IdlePing { payload: pair.now.as_millis() }]);
    pair.transmit_to_client(ALL);
    assert_eq!(pair.server.sent, ping(pair.now.as_millis()));
    let failure = Some(Error::Timeout(Timeout::Silence(secs(45))));
    exactly_after(&mut pair, secs(30), |pair| pair.server.failure() == failure);
}

#[test]
fn a_timer_that_fires_late_still_leaves_thirty_seconds_after_the_ping() {
    let mut pair = Pair::default();
    // The machine slept for an hour; nothing fired.
    pair.now = pair.now.saturating_add(secs(3_600));
    pair.server.fire(pair.now);
    assert!(matches!(pair.server.events()[..], [S::IdlePing { .. }]));
    let failure = Some(Error::Timeout(Timeout::Silence(secs(3_630))));
    exactly_after(&mut pair, secs(30), |pair| pair.server.failure() == failure);
}

#[test]
fn a_client_that_echoes_stays_and_is_pinged_every_fifteen_seconds() {
    const PINGS: usize = if cfg!(miri) { 8 } else { 240 };
    let mut pair = Pair::default();
    pair.run_for(Duration::from_secs(15) * u32::try_from(PINGS).unwrap());
    assert_eq!((pair.server.failure(), pair.client.failure()), (None, None));
    let sent = pair.server.events().iter().filter(|event| matches!(event, S::IdlePing { .. })).count();
    let answered = pair.server.events().iter().filter(|event| matches!(event, S::Pong { .. })).count();
    assert_eq!((sent, answered), (PINGS, PINGS));
    assert!(pair.is_at_rest());
}

#[test]
fn any_byte_resets_the_silence() {
    let mut pair = Pair::default();
    pair.advance(secs(15));
    pair.advance(secs(29));
    // An unmatched Pong is as good as any byte.
    pair.server.offer(pair.now, &ping(12));
    pair.advance(secs(15).saturating_sub(TICK));
    assert_eq!(pair.server.failure(), None);
    assert!(!matches!(pair.server.events().last(), Some(S::IdlePing { .. })));
    pair.advance(TICK);
    assert!(matches!(pair.server.events().last(), Some(S::IdlePing { .. })));
}

#[test]
fn a_silent_client_that_owes_four_pings_is_closed_without_a_fifth() {
    let mut pair = Pair::default();
    for payload in 0..4 {
        pair.server_ping(payload).unwrap();
    }
    pair.transmit_to_client(ALL);
    let failure = Some(Error::Timeout(Timeout::Silence(secs(45))));
    exactly_after(&mut pair, secs(45), |pair| pair.server.failure() == failure);
    assert_eq!(pair.server.events(), []);
}

#[test]
fn a_response_that_does_not_come_in_five_seconds_is_reported_and_stopped() {
    let mut pair = Pair::default();
    pair.ping(7).unwrap();
    pair.transmit_to_server(ALL);
    pair.client.sent.clear();
    let late = C::TimedOut { missing: Missing::Response, limit: secs(5) };
    exactly_after(&mut pair, secs(5), |pair| pair.client.events() == [late]);
    assert_eq!((pair.client.machine.state(), pair.client.machine.abandoned()), (State::Default, 1));
    pair.ping(8).unwrap();
    pair.run_until_quiet();
    assert_eq!(
        pair.client.sent,
        [handshake(NextState::Default), handshake(NextState::Status), vec![1, 0], ping(8)].concat()
    );
    assert!(pair.client.events().contains(&C::AbandonedResponse));
    assert_eq!(pair.client.events().last(), Some(&C::Pong { payload: 8, rtt: Duration::ZERO }));
    assert!(pair.is_at_rest());
}

#[test]
fn one_deadline_covers_the_whole_response_not_each_read() {
    let mut pair = Pair::default();
    pair.ping(7).unwrap();
    pair.client.incoming.push(&response("{}"));
    for _ in 0..4 {
        pair.deliver_to_client(1);
        pair.advance(secs(1));
    }
    let late = C::TimedOut { missing: Missing::Response, limit: secs(5) };
    exactly_after(&mut pair, secs(1), |pair| pair.client.events().last() == Some(&late));
    // Its rest is skipped; it completes its frame in time.
    pair.deliver_to_client(ALL);
    assert_eq!(pair.client.events().last(), Some(&C::AbandonedResponse));
}

#[test]
fn a_pong_that_does_not_come_in_five_seconds_is_reported_and_stopped() {
    let mut pair = Pair::default();
    pair.ping(7).unwrap();
    pair.transmit_to_server(ALL);
    pair.deliver_to_server(ALL);
    pair.transmit_to_client(ALL);
    pair.advance(secs(4));
    pair.deliver_to_client(ALL);
    pair.transmit_to_server(ALL);
    let late = C::TimedOut { missing: Missing::Pong, limit: secs(5) };
    exactly_after(&mut pair, secs(5), |pair| pair.client.events().last() == Some(&late));
    assert_eq!((pair.client.machine.state(), pair.client.machine.abandoned()), (State::Default, 1));
    pair.run_until_quiet();
    assert_eq!(pair.client.events().last(), Some(&C::AbandonedPong { payload: 7 }));
    assert!(pair.client.sent.ends_with(&handshake(NextState::Default)));
    assert!(pair.is_at_rest());
}

#[test]
fn a_frame_from_a_server_that_hangs_in_the_middle_of_a_response_closes_after_the_time_out() {
    let mut pair = Pair::default();
    pair.ping(7).unwrap();
    pair.client.incoming.push(&response("{}")[..4]);
    pair.deliver_to_client(ALL);
    pair.advance(secs(5));
    assert!(matches!(pair.client.events().last(), Some(C::TimedOut { .. })));
    let failure = Some(Error::Timeout(Timeout::Frame(secs(10))));
    exactly_after(&mut pair, secs(5), |pair| pair.client.failure() == failure);
}

#[test]
fn a_peer_that_is_being_closed_cannot_stay_by_sending() {
    let mut pair = Pair::default();
    pair.server.incoming.push(&handshake(NextState::Login));
    pair.deliver_to_server(ALL);
    // It does not read the Disconnect, and drips bytes.
    for _ in 0..60 {
        pair.server.incoming.push(&[0]);
        pair.deliver_to_server(ALL);
        pair.advance(secs(1));
    }
    assert_eq!(pair.server.failure(), Some(Error::Timeout(Timeout::Silence(secs(45)))));
}

#[test]
fn times_are_the_caller_s() {
    let timeouts = Timeouts { idle: secs(1), silence: secs(2), ..Timeouts::DEFAULT };
    let mut pair = Pair::new(&proto_core::testing::Setup { timeouts, ..Default::default() });
    exactly_after(&mut pair, secs(1), |pair| !pair.server.events().is_empty());
    exactly_after(&mut pair, secs(2), |pair| pair.server.failure().is_some());
    let never = Timeouts { idle: Duration::MAX, ..Timeouts::DEFAULT };
    let mut pair = Pair::new(&proto_core::testing::Setup { timeouts: never, ..Default::default() });
    pair.advance(secs(1_000_000_000));
    assert_eq!(pair.server.events(), []);
}
