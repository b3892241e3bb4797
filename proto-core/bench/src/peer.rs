//! Machines in the state that a benchmark begins in, and a driver that does what every driver does

use std::sync::Arc;

use proto_core::packet::{NextState, encode_handshake, encode_ping};
use proto_core::{Client, Instant, Machine, Server, Timeouts, client};

/// How many machines each benchmark runs through, one after the other
pub const MACHINES: usize = 1_000;
/// When everything happens
pub const NOW: Instant = Instant::from_millis(1_700_000_000_000);
/// The payload of every Ping
pub const PAYLOAD: i64 = 1_700_000_000_123;

/// An answer as the desktop server shares it
pub type Answer = Arc<[u8]>;

/// A server's machine
pub type Connection = Server<Answer>;

/// Machines of connections just accepted
#[must_use]
pub fn accepted() -> Vec<Connection> {
    (0..MACHINES).map(|_| Server::new(NOW, Timeouts::DEFAULT, true)).collect()
}

/// Machines that have got their Handshake
///
/// # Panics
/// Where the machine does not take it.
#[must_use]
pub fn greeted() -> Vec<Connection> {
    let hello = handshake();
    let mut connections = accepted();
    for connection in &mut connections {
        drive(connection, &hello, |_, _| {});
        assert_eq!(connection.state(), proto_core::packet::State::Status);
    }
    connections
}

/// A Handshake for the status
///
/// # Panics
/// Never: the address is short.
#[must_use]
pub fn handshake() -> Vec<u8> {
    encode_handshake(769, "mc.example.org", 25_565, NextState::Status).expect("a short address").to_vec()
}

/// A Ping or Pong
#[must_use]
pub fn ping() -> Vec<u8> {
    encode_ping(PAYLOAD).to_vec()
}

/// A client's machine that waits for its Response
///
/// # Panics
/// Never: the address is short.
#[must_use]
pub fn asking() -> Client {
    let mut client = Client::new(&client::Config::new("mc.example.org", 25_565)).expect("a short address");
    client.ping(NOW, PAYLOAD).expect("nothing is in progress");
    assert_ne!(transmit(&mut client), 0);
    client
}

/// Offers what was read until nothing more happens, as [`Machine`] asks of its drivers
///
/// # Panics
/// Where the machine refuses the bytes.
#[inline]
pub fn drive<M: Machine>(machine: &mut M, mut input: &[u8], mut on_event: impl FnMut(&mut M, M::Event<'_>)) {
    loop {
        let progress = machine.handle_input(NOW, input).expect("what is offered is right");
        input = input.split_at_checked(progress.consumed).map_or(&[], |(_, rest)| rest);
        match progress.event {
            Some(event) => on_event(machine, event),
            None => return,
        }
    }
}

/// Sends what there is to send, and returns how many bytes that was
#[inline]
pub fn transmit<M: Machine>(machine: &mut M) -> usize {
    let mut sent = 0;
    loop {
        let count = std::hint::black_box(machine.poll_transmit(NOW)).len();
        if count == 0 {
            return sent;
        }
        machine.handle_transmitted(count);
        sent += count;
    }
}
