//! Whatever a client sends: the server does what [`reference`](crate::reference) does, however the bytes are split
//!
//! Input: flags (1: look out for legacy pings; 2: a Handshake comes first; 4 to 16: pings of the server's own before the
//! stream), where and what the server pings in the middle of it, a payload for each of two pings, sizes of the pieces, then the
//! client's stream.

use proto_core::testing::Bytes;
use proto_core::{Machine as _, Server, Timeouts};

use crate::bytes::handshake;
use crate::input::{Input, Sizes};
use crate::machine::{Driven, NOW, answers};
use crate::reference::server::{OwnPing, Server as Reference};

/// An input taken apart
pub struct Case {
    /// Whether the server looks out for legacy pings
    pub legacy: bool,
    /// What the client sends
    pub stream: Vec<u8>,
    /// Pings of the server's own
    pub own: Vec<OwnPing>,
    sizes: Sizes,
}

impl Case {
    /// Takes an input apart
    #[must_use]
    pub fn new(data: &[u8]) -> Self {
        let mut input = Input::new(data);
        let flags = input.byte();
        let middle = u16::from_le_bytes(input.array());
        let in_middle = input.byte();
        let sizes = input.sizes();
        let mut stream = input.rest().to_vec();
        if flags & 2 != 0 {
            stream.splice(0..0, handshake(1));
        }
        let middle = usize::from(middle) % (stream.len() + 1);
        // Four payloads, one of them that of the shared vectors.
        let own_ping = |at, choice: u8| OwnPing { at, payload: 4 + i64::from(choice) };
        let mut own: Vec<_> = (0..flags >> 2 & 7).map(|ping| own_ping(0, ping % 3)).collect();
        own.extend((0..in_middle >> 4 & 7).map(|_| own_ping(middle, in_middle & 3)));
        Self { legacy: flags & 1 != 0, stream, own, sizes }
    }
}

/// Panics where something does not hold
pub fn check(data: &[u8]) {
    let Case { legacy, stream, own, sizes } = Case::new(data);
    let whole = run(&stream, legacy, &own, Sizes::WHOLE);
    whole.assert_same(&run(&stream, legacy, &own, sizes));
    whole.assert_same(&run(&stream, legacy, &own, Sizes::SINGLE));

    let answers = answers();
    let mut reference = Reference::read(&stream, legacy, &own, &answers);
    assert_eq!(whole.failure, reference.outcome.failure);
    assert_eq!(whole.log, reference.outcome.log);
    assert_eq!(whole.sent, reference.outcome.sent);

    let mut waited = whole.clone();
    waited.wait();
    assert!(waited.machine.is_finished(), "a silent client outlives every time-out");
    let mut ended = whole;
    ended.end(sizes);
    reference.end();
    assert_eq!(ended.failure, reference.outcome.failure);
    assert_eq!(ended.log, reference.outcome.log);
    assert_eq!(ended.sent, reference.outcome.sent);
}

fn run(stream: &[u8], legacy: bool, own: &[OwnPing], sizes: Sizes) -> Driven<Server<Bytes>> {
    let mut server = Driven::new(Server::new(NOW, Timeouts::DEFAULT, legacy));
    let mut at = 0;
    for ping in own {
        server.offer(&stream[at..ping.at], sizes);
        at = ping.at;
        // Skipped in the status state, or when it owes four.
        let _sent = server.machine.ping(ping.payload);
        server.transmit(sizes);
        assert!(server.machine.outstanding() <= 4);
    }
    server.offer(&stream[at..], sizes);
    server
}
