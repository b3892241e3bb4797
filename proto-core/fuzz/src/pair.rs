//! Client and server joined, in any order of commands, partial transmissions, partial deliveries and passing time
//!
//! The properties at the end of PROTOCOL.md §3, told from what was accepted and what happened. Input: flags (1: idle
//! clients are pinged; 2 and 4: how much each pipe holds; 8: how it ends), then operations, a byte each: the
//! upper half chooses, the lower half is its argument. What two machines of ours send each other must also be
//! well formed, packet by packet.

use std::time::Duration;

use proto_core::client::{Event as C, ResponseEnd};
use proto_core::packet::State;
use proto_core::server::Event as S;
use proto_core::testing::{Happened, Pair, Setup};
use proto_core::{Machine as _, Timeouts};

use crate::bytes::response;
use crate::input::{Input, assert_clean};
use crate::mistake::Seed as _;

/// A document with characters of one to four bytes
const DOCUMENT: &str = r#"{"text":"ä€😀"}"#;

/// Operations that are looked at; more say nothing that these do not
const MOST_OPERATIONS: usize = 400;

/// What must come true
#[derive(Default)]
struct Expected {
    /// Pings that were accepted
    begun: usize,
    /// Payloads of the pings that nobody stopped
    completing: Vec<i64>,
    /// Payloads of the server's pings
    server_pings: Vec<i64>,
    /// Entries of the logs that have been looked at
    seen: (usize, usize),
}

/// Panics where something does not hold
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let flags = input.byte();
    let never = Duration::from_secs(1 << 40);
    let timeouts = Timeouts {
        frame: never,
        status: never,
        silence: never,
        idle: if flags & 1 == 0 { never } else { Duration::from_secs(15) },
        ..Timeouts::DEFAULT
    };
    let capacity = [usize::MAX, 1, 13, 100][usize::from(flags >> 1 & 3)];
    let mut pair = Pair::new(&Setup { timeouts, capacity, document: DOCUMENT, ..Setup::default() });
    pair.server.answers.response = response(DOCUMENT).into();
    pair.client.machine.seed_made();
    pair.server.machine.seed_made();
    let mut expected = Expected::default();
    for &operation in input.rest().iter().take(MOST_OPERATIONS) {
        expected.operate(&mut pair, operation);
        expected.follow(&pair);
        assert!(pair.client.machine.abandoned() <= 4 && pair.server.machine.outstanding() <= 4);
    }
    // `run_in_pieces` panics where the two never rest.
    pair.run_in_pieces(usize::from(flags >> 3) + 1);
    expected.follow(&pair);
    expected.judge(&mut pair);
    close(pair, flags);
}

impl Expected {
    fn operate(&mut self, pair: &mut Pair, operation: u8) {
        let argument = operation & 15;
        let payload = i64::from(argument & 3);
        let piece = if argument == 15 { usize::MAX } else { usize::from(argument) + 1 };
        match operation >> 4 {
            0..=1 => {
                let before = pair.client.machine.clone();
                if pair.ping(payload).is_ok() {
                    self.begun += 1;
                    self.completing.push(payload);
                } else {
                    assert_eq!(pair.client.machine, before, "what is refused changes nothing");
                }
            }
            2 => {
                let before = pair.client.machine.clone();
                if pair.stop().is_ok() {
                    self.completing.pop();
                } else {
                    assert_eq!(pair.client.machine, before, "what is refused changes nothing");
                }
            }
            3..=4 => {
                let before = pair.server.machine.clone();
                if pair.server_ping(payload).is_ok() {
                    self.server_pings.push(payload);
                } else {
                    assert_eq!(pair.server.machine, before, "what is skipped changes nothing");
                }
            }
            5 => pair.advance(Duration::from_millis(10 << argument)),
            6..=8 => drop(pair.transmit_to_server(piece)),
            9..=10 => drop(pair.transmit_to_client(piece)),
            11..=13 => drop(pair.deliver_to_server(piece)),
            _ => drop(pair.deliver_to_client(piece)),
        }
    }

    /// Takes note of what the machines did by themselves
    fn follow(&mut self, pair: &Pair) {
        for entry in &pair.client.log[self.seen.0..] {
            if let Happened::Event(C::TimedOut { limit, .. }) = entry.what {
                assert_eq!(limit, Duration::from_secs(5));
                self.completing.pop();
            }
        }
        for entry in &pair.server.log[self.seen.1..] {
            if let Happened::Event(S::IdlePing { payload }) = entry.what {
                assert_eq!(payload, entry.at.as_millis(), "milliseconds since the clock's beginning");
                self.server_pings.push(payload);
            }
        }
        self.seen = (pair.client.log.len(), pair.server.log.len());
    }

    fn judge(&self, pair: &mut Pair) {
        assert_eq!((pair.client.failure(), pair.server.failure()), (None, None));
        let (client, server) = (pair.client.events(), pair.server.events());
        let (mut completed, mut seen, mut read, mut skipped, mut consumed) = (Vec::new(), Vec::new(), 0, 0, 0);
        for event in client {
            match event {
                C::Pong { payload, .. } => completed.push(payload),
                C::ServerPing { payload } => seen.push(payload),
                C::ResponseBegin { bytes } => assert_eq!(usize::try_from(bytes), Ok(DOCUMENT.len())),
                C::ResponseEnd(end) => {
                    // Of 14 characters one has two bytes, one has three, and one four, which are two units.
                    assert_eq!(end, ResponseEnd { bytes: 20, units: 15, oversize: false });
                    read += 1;
                }
                C::AbandonedResponse => skipped += 1,
                C::AbandonedPong { .. } => consumed += 1,
                C::TimedOut { .. } => {}
                other => panic!("misread: {other:?}"),
            }
        }
        assert_eq!(completed, self.completing, "every ping that is not stopped completes");
        assert_eq!(seen, self.server_pings, "the client sees every server ping once");
        let (mut answered, mut echoed, mut requests, mut handshakes) = (Vec::new(), 0, 0, 0);
        for event in server {
            match event {
                S::Pong { payload, .. } => answered.push(payload),
                S::Ping { .. } => echoed += 1,
                S::Request => requests += 1,
                S::Handshake { protocol_version: -1, server_port: 25_565, next_state } if next_state.as_i32() < 2 => {
                    handshakes += 1;
                }
                S::IdlePing { .. } => {}
                other => panic!("misread: {other:?}"),
            }
        }
        assert_eq!(answered, self.server_pings, "every server ping is answered once");
        assert_eq!((requests, read + skipped), (self.begun, self.begun), "a Response for every Request");
        assert_eq!((echoed, completed.len() + consumed), (read, read), "an echo for every Ping, and no other");
        assert!(pair.is_at_rest(), "quiet, but not at rest");

        let sent = Sent::read(&pair.client.sent);
        assert_eq!((sent.requests, sent.responses, sent.handshakes), (self.begun, 0, handshakes));
        assert_eq!(sent.pings, read + self.server_pings.len());
        let sent = Sent::read(&pair.server.sent);
        assert_eq!((sent.requests, sent.responses, sent.handshakes), (0, self.begun, 0));
        assert_eq!(sent.pings, read + self.server_pings.len());
        for (entry, behind) in pair.client.log.iter().zip(pair.client.log.iter().skip(1)) {
            let text = if let Happened::Text(text) = &entry.what { Some(text.as_str()) } else { None };
            if let Happened::Event(C::ResponseEnd(_)) = behind.what {
                assert_eq!(text, Some(DOCUMENT));
            }
            assert!(text.is_none_or(|text| DOCUMENT.starts_with(text)), "{text:?}");
        }
        let addresses = pair.server.log.iter().filter_map(|entry| match &entry.what {
            Happened::Text(text) => Some(text.as_str()),
            _ => None,
        });
        // An idle client may be pinged in the middle of one.
        assert_eq!(addresses.collect::<String>(), "localhost".repeat(handshakes));
    }
}

/// Packets in a stream that one of ours sent, counted by a decoder that knows only well-formed ones
#[derive(Default)]
struct Sent {
    handshakes: usize,
    requests: usize,
    responses: usize,
    pings: usize,
}

impl Sent {
    fn read(stream: &[u8]) -> Self {
        let mut sent = Self::default();
        let mut rest = stream;
        // Every packet here is shorter than 128 bytes, so that lengths are bytes.
        while let Some((&length, behind)) = rest.split_first() {
            let (frame, behind) = behind.split_at(length.into());
            match frame {
                [0] => sent.requests += 1,
                [1, _, _, _, _, _, _, _, _] => sent.pings += 1,
                [0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 9, host @ .., 0x63, 0xDD, 0 | 1] if host == b"localhost" => {
                    sent.handshakes += 1;
                }
                [0, length, text @ ..] if usize::from(*length) == text.len() && text == DOCUMENT.as_bytes() => {
                    sent.responses += 1;
                }
                other => panic!("no packet: {other:02x?}"),
            }
            rest = behind;
        }
        sent
    }
}

/// One side leaves, or the connection breaks: both come to their end
fn close(mut pair: Pair, flags: u8) {
    if flags & 8 == 0 {
        let _refused = pair.ping(5);
        pair.transmit_to_server(usize::from(flags));
        pair.deliver_to_server(usize::from(flags >> 2));
        pair.reset();
    } else {
        pair.close_to_server();
        pair.run_until_quiet();
        pair.close_to_client();
        pair.run_until_quiet();
        assert_eq!((pair.client.machine.state(), pair.server.machine.state()), (State::Default, State::Default));
    }
    // What can no longer be sent is all that may be left to do.
    let now = pair.now;
    let (client, server) = (&mut pair.client.machine, &mut pair.server.machine);
    assert!(client.is_finished() || !client.poll_transmit(now).is_empty(), "{client:?}");
    assert!(server.is_finished() || !server.poll_transmit(now).is_empty(), "{server:?}");
    for error in pair.client.failure().into_iter().chain(pair.server.failure()) {
        assert_clean(&error.to_string());
    }
    assert!(pair.ping(1).is_err() && pair.stop().is_err() && pair.server_ping(1).is_err());
}
