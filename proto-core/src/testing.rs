//! Client and server in one thread: two byte pipes and a virtual clock
//!
//! A [`Pair`] joins a [`Client`] and a [`Server`] so that a test decides everything that a network decides: how many
//! bytes arrive when and in what pieces, who half-closes, when time passes. Nothing is random and nothing waits: the same
//! calls give the same events. An [`Endpoint`] is one half of it, for a test that plays the other side itself, byte by
//! byte.
//!
//! It opens no socket, knows nothing of drivers (`io` has its own tests) and contains no rule of the protocol
//! beyond the forms of well-formed packets. It needs `std`, and is meant for tests alone.

mod endpoint;

extern crate std;

use core::time::Duration;
use std::sync::Arc;
use std::vec::Vec;

pub use endpoint::{Answers, Endpoint, Entry, Happened, Subject};

use crate::client::{self, Client};
use crate::error::Refused;
use crate::machine::{Machine, Timeouts};
use crate::packet::{ID_PING, ID_STATUS, NextState, encode_handshake};
use crate::server::{Server, Skipped};
use crate::time::Instant;
use crate::wire::varint;

/// What answers are handed to the server as
pub type Bytes = Arc<[u8]>;

/// Rounds after which [`Pair::run_until_quiet`] takes a pair for one that never rests
const MAX_ROUNDS: usize = 100_000;

/// A frame of any id and body, well formed or not
///
/// # Panics
/// Never, for bodies that memory can hold.
#[must_use]
pub fn frame(id: i32, body: &[u8]) -> Vec<u8> {
    let (id, id_len) = varint::encode(id);
    let length = i32::try_from(id_len.saturating_add(body.len())).unwrap_or(i32::MAX);
    let (length, length_len) = varint::encode(length);
    let mut frame = Vec::new();
    frame.extend(length.iter().take(length_len));
    frame.extend(id.iter().take(id_len));
    frame.extend_from_slice(body);
    frame
}

/// A String: its length in bytes, then `text`
#[must_use]
pub fn string(text: &str) -> Vec<u8> {
    let (length, length_len) = varint::encode(i32::try_from(text.len()).unwrap_or(i32::MAX));
    let mut string: Vec<u8> = length.iter().take(length_len).copied().collect();
    string.extend_from_slice(text.as_bytes());
    string
}

/// The Response that carries `text`; the Disconnect of a login has the same form
#[must_use]
pub fn response(text: &str) -> Vec<u8> {
    frame(ID_STATUS, &string(text))
}

/// A Ping or Pong
#[must_use]
pub fn ping(payload: i64) -> Vec<u8> {
    frame(ID_PING, &payload.to_be_bytes())
}

/// The Handshake that our own client sends to `localhost`
#[must_use]
pub fn handshake(next_state: NextState) -> Vec<u8> {
    encode_handshake(-1, "localhost", 25_565, next_state).map(|frame| frame.to_vec()).unwrap_or_default()
}

/// What a [`Pair`] begins with
#[derive(Clone, Debug)]
pub struct Setup {
    /// How long both wait
    pub timeouts: Timeouts,
    /// Whether the client takes an oversize Response for an error
    pub strict: bool,
    /// Whether the server looks out for pings from before 1.7
    pub legacy: bool,
    /// The status document that the server answers with
    pub document: &'static str,
    /// Bytes that each pipe holds; a sender waits while it is full
    pub capacity: usize,
    /// What the clock shows at the beginning
    pub start: Instant,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::DEFAULT,
            strict: false,
            legacy: true,
            document: r#"{"description":"Hello World !"}"#,
            capacity: usize::MAX,
            start: Instant::from_millis(1_700_000_000_000),
        }
    }
}

/// A client and a server, joined by two pipes and one clock
#[derive(Clone, Debug)]
pub struct Pair {
    /// The time that both machines are told
    pub now: Instant,
    /// The client, and what is on its way to it
    pub client: Endpoint<Client>,
    /// The server, and what is on its way to it
    pub server: Endpoint<Server<Bytes>>,
    start: Instant,
}

impl Default for Pair {
    fn default() -> Self {
        Self::new(&Setup::default())
    }
}

impl Pair {
    /// A connection just established
    ///
    /// # Panics
    /// Never: the client's address has a fixed and short form.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        let config = client::Config {
            strict: setup.strict,
            timeouts: setup.timeouts,
            ..client::Config::new("localhost", crate::packet::DEFAULT_PORT)
        };
        let Ok(client) = Client::new(&config) else { unreachable!("\"localhost\" fits a Handshake") };
        let server = Server::new(setup.start, setup.timeouts, setup.legacy);
        let answers = Answers {
            response: response(setup.document).into(),
            disconnect: response(r#"{"text":"This server answers status requests only"}"#).into(),
            legacy: Bytes::from(*b"\xff\x00\x00"),
        };
        Self {
            now: setup.start,
            client: Endpoint::new(client, answers.clone(), setup.capacity),
            server: Endpoint::new(server, answers, setup.capacity),
            start: setup.start,
        }
    }

    /// Time since the beginning
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.now.saturating_since(self.start)
    }

    /// The client's command `ping`
    ///
    /// # Errors
    /// As [`Client::ping`].
    pub fn ping(&mut self, payload: i64) -> Result<(), Refused> {
        self.client.machine.ping(self.now, payload)
    }

    /// The client's command `stop`
    ///
    /// # Errors
    /// As [`Client::stop`].
    pub fn stop(&mut self) -> Result<(), Refused> {
        self.client.machine.stop()
    }

    /// The server's command `ping`
    ///
    /// # Errors
    /// As [`Server::ping`].
    pub fn server_ping(&mut self, payload: i64) -> Result<(), Skipped> {
        self.server.machine.ping(payload)
    }

    /// Moves up to `limit` bytes from the client's machine into the pipe; tells how many
    pub fn transmit_to_server(&mut self, limit: usize) -> usize {
        self.client.transmit(self.now, &mut self.server.incoming, limit)
    }

    /// Moves up to `limit` bytes from the server's machine into the pipe; tells how many
    pub fn transmit_to_client(&mut self, limit: usize) -> usize {
        self.server.transmit(self.now, &mut self.client.incoming, limit)
    }

    /// Delivers up to `count` of the bytes on their way to the server, in one piece; tells how many were consumed
    pub fn deliver_to_server(&mut self, count: usize) -> usize {
        self.server.deliver(self.now, count)
    }

    /// Delivers up to `count` of the bytes on their way to the client, in one piece; tells how many were consumed
    pub fn deliver_to_client(&mut self, count: usize) -> usize {
        self.client.deliver(self.now, count)
    }

    /// Transmits and delivers everything, both ways, until nothing moves; no time passes
    ///
    /// # Panics
    /// Where the two never rest.
    pub fn run_until_quiet(&mut self) {
        self.run_in_pieces(usize::MAX);
    }

    /// As [`run_until_quiet`](Self::run_until_quiet), with pieces of at most `piece` bytes
    ///
    /// # Panics
    /// Where the two never rest.
    pub fn run_in_pieces(&mut self, piece: usize) {
        for _ in 0..MAX_ROUNDS {
            let moved = [
                self.transmit_to_server(piece),
                self.transmit_to_client(piece),
                self.deliver_to_server(piece),
                self.deliver_to_client(piece),
            ];
            if moved == [0; 4] {
                return;
            }
        }
        unreachable!("client and server still talk after {MAX_ROUNDS} rounds");
    }

    /// Lets time pass and fires the machines' own timeouts when they are due; moves no byte
    pub fn advance(&mut self, duration: Duration) {
        self.pass(duration, |_| {});
    }

    /// Lets time pass as [`advance`](Self::advance), with everything transmitted and delivered in between
    pub fn run_for(&mut self, duration: Duration) {
        self.run_until_quiet();
        self.pass(duration, Self::run_until_quiet);
    }

    fn pass(&mut self, duration: Duration, mut between: impl FnMut(&mut Self)) {
        let until = self.now.saturating_add(duration);
        loop {
            let due = [self.client.deadline(), self.server.deadline()];
            let Some(next) = due.into_iter().flatten().filter(|next| *next <= until).min() else { break };
            self.now = self.now.max(next);
            self.client.fire(self.now);
            self.server.fire(self.now);
            between(self);
        }
        self.now = until;
    }

    /// The client will send no more; what it sent arrives before the end does
    pub fn close_to_server(&mut self) {
        self.server.incoming.close();
    }

    /// The server will send no more; what it sent arrives before the end does
    pub fn close_to_client(&mut self) {
        self.client.incoming.close();
    }

    /// What is on its way is lost, and both sides see the end at once
    pub fn reset(&mut self) {
        for incoming in [&mut self.client.incoming, &mut self.server.incoming] {
            incoming.clear();
            incoming.close();
        }
        self.run_until_quiet();
    }

    /// Whether nothing is on its way, nothing waits to be sent, and both are in the default state owing nothing
    #[must_use]
    pub fn is_at_rest(&mut self) -> bool {
        use crate::packet::State;
        let idle = self.client.incoming.is_empty()
            && self.server.incoming.is_empty()
            && self.client.machine.poll_transmit(self.now).is_empty()
            && self.server.machine.poll_transmit(self.now).is_empty();
        idle && (self.client.machine.state(), self.server.machine.state()) == (State::Default, State::Default)
            && (self.client.machine.abandoned(), self.server.machine.outstanding()) == (0, 0)
    }
}
