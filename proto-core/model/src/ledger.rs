//! What each side owes the other, kept from outside of the machines by the rules of PROTOCOL.md §3
//!
//! Every packet that has been caused and not yet been read stands in one of two queues, with what it means. A machine's
//! event has to be the meaning of the packet that is first. So nothing that a machine believes is taken from the machine.
//!
//! It moves no byte and knows neither pieces nor time.

use std::collections::VecDeque;

use proto_core::State;
use proto_core::client::{self, Missing};
use proto_core::server;
use proto_core::wire::string::Chunk;

use crate::seen::{Log, Seen};

/// Host that the client names: a character of two bytes, so that a piece can end within it
pub(crate) const HOST: &str = "ä";
/// Port that the client names
pub(crate) const PORT: u16 = 0x6364;
/// Protocol version that the client claims: five bytes on the wire
pub(crate) const VERSION: i32 = -1;

/// Whose packet it is
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// The exchange in progress
    Current,
    /// One that was stopped or timed out
    Abandoned,
}

/// A packet to the server
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Up {
    /// Handshake with next state 1
    Enter,
    Request(Owner),
    Ping(Owner, i64),
    /// Handshake with next state 0
    Leave,
    /// The answer to a ping of the server's
    Echo(i64),
}

/// A packet to the client
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Down {
    Response(Owner),
    Pong(Owner, i64),
    /// A ping of the server's
    Ping(i64),
}

/// The exchange in progress
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Exchange {
    pub(crate) payload: i64,
    /// Whether the whole Response has arrived
    pub(crate) answered: bool,
}

/// What went against the rules, one bit each
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Wrong {
    /// A machine took a packet for another one, or read a field of it wrongly
    Misread = 1 << 0,
    /// A packet left before it was caused
    Uncaused = 1 << 1,
    /// A command was refused or carried out where the rules say otherwise, or was refused and changed something
    Refusal = 1 << 2,
    /// The client let input wait
    Waited = 1 << 3,
    /// A machine saw an error of its peer's
    Failed = 1 << 4,
    /// The end of the connection was told as something else than it was
    End = 1 << 5,
}

/// All that went wrong
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Wrongs(u8);

impl Wrongs {
    pub(crate) const fn blame(&mut self, wrong: Wrong) {
        self.0 |= wrong as u8;
    }

    pub(crate) const fn has(self, wrong: Wrong) -> bool {
        self.0 & wrong as u8 != 0
    }
}

/// All that is owed
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ledger {
    pub(crate) up: VecDeque<Up>,
    pub(crate) down: VecDeque<Down>,
    pub(crate) exchange: Option<Exchange>,
    /// Where the server stands, by what it has read
    pub(crate) server: State,
    /// Bytes of the Response's text that have come out
    text: u16,
    /// How many packets may still be read before everything rests; below zero there were too many
    pub(crate) remaining: i8,
    wrongs: Wrongs,
}

impl Ledger {
    pub(crate) const fn new() -> Self {
        Self {
            up: VecDeque::new(),
            down: VecDeque::new(),
            exchange: None,
            server: State::Default,
            text: 0,
            remaining: 0,
            wrongs: Wrongs(0),
        }
    }

    pub(crate) fn blame(&mut self, wrong: Wrong) {
        self.wrongs.blame(wrong);
    }

    pub(crate) const fn has(&self, wrong: Wrong) -> bool {
        self.wrongs.has(wrong)
    }

    fn expect(&mut self, holds: bool) {
        if !holds {
            self.blame(Wrong::Misread);
        }
    }

    /// Exchanges that are abandoned and unanswered
    pub(crate) fn abandoned(&self) -> usize {
        let up = |packet: &&Up| matches!(packet, Up::Request(Owner::Abandoned) | Up::Ping(Owner::Abandoned, _));
        let down =
            |packet: &&Down| matches!(packet, Down::Response(Owner::Abandoned) | Down::Pong(Owner::Abandoned, _));
        self.up.iter().filter(up).count() + self.down.iter().filter(down).count()
    }

    /// Pings of the server's that are unanswered
    pub(crate) fn outstanding(&self) -> usize {
        let asked = self.down.iter().filter(|packet| matches!(packet, Down::Ping(_))).count();
        asked + self.up.iter().filter(|packet| matches!(packet, Up::Echo(_))).count()
    }

    /// How many packets are read until all is at rest, if nobody says anything more
    ///
    /// Each packet counts with those that it causes: a Request with its Response, the Ping that follows and the Pong.
    fn ahead(&self) -> i8 {
        let up = |packet: &Up| match packet {
            Up::Enter | Up::Leave | Up::Echo(_) => 1,
            Up::Request(Owner::Abandoned) | Up::Ping(..) => 2,
            Up::Request(Owner::Current) => 4,
        };
        let down = |packet: &Down| match packet {
            Down::Response(Owner::Abandoned) | Down::Pong(..) => 1,
            Down::Ping(_) => 2,
            Down::Response(Owner::Current) => 3,
        };
        self.up.iter().map(up).sum::<i8>() + self.down.iter().map(down).sum::<i8>()
    }

    /// A packet has been read
    fn count(&mut self) {
        self.remaining = (self.remaining - 1).max(-1);
    }

    /// The client has begun an exchange
    pub(crate) fn begin(&mut self, payload: i64, log: &Log) {
        if self.server_pings().any(|ping| ping == payload) {
            log.note(Seen::Collision);
        }
        self.exchange = Some(Exchange { payload, answered: false });
        self.up.extend([Up::Enter, Up::Request(Owner::Current)]);
        self.remaining = self.ahead();
    }

    /// The exchange is over before its time: everything of it is nobody's now
    pub(crate) fn abandon(&mut self) {
        self.exchange = None;
        self.text = 0;
        for packet in &mut self.up {
            if let Up::Request(owner) | Up::Ping(owner, _) = packet {
                *owner = Owner::Abandoned;
            }
        }
        for packet in &mut self.down {
            if let Down::Response(owner) | Down::Pong(owner, _) = packet {
                *owner = Owner::Abandoned;
            }
        }
        self.up.push_back(Up::Leave);
        self.remaining = self.ahead();
    }

    /// The server has pinged
    pub(crate) fn server_ping(&mut self, payload: i64, log: &Log) {
        if self.client_pings().any(|ping| ping == payload) {
            log.note(Seen::Collision);
        }
        self.down.push_back(Down::Ping(payload));
        self.remaining = self.ahead();
    }

    fn server_pings(&self) -> impl Iterator<Item = i64> {
        let asked =
            self.down.iter().filter_map(|packet| if let Down::Ping(payload) = packet { Some(*payload) } else { None });
        asked.chain(
            self.up.iter().filter_map(|packet| if let Up::Echo(payload) = packet { Some(*payload) } else { None }),
        )
    }

    fn client_pings(&self) -> impl Iterator<Item = i64> {
        let owed = self
            .down
            .iter()
            .filter_map(|packet| if let Down::Pong(_, payload) = packet { Some(*payload) } else { None });
        let sent =
            self.up.iter().filter_map(|packet| if let Up::Ping(_, payload) = packet { Some(*payload) } else { None });
        owed.chain(sent).chain(self.exchange.map(|exchange| exchange.payload))
    }

    /// The client begins to transmit `bytes`
    pub(crate) fn client_sends(&mut self, bytes: &[u8]) {
        if let Some(sent) = ping_of(bytes)
            && !self
                .up
                .iter()
                .any(|packet| matches!(*packet, Up::Ping(_, payload) | Up::Echo(payload) if payload == sent))
        {
            self.blame(Wrong::Uncaused);
        }
    }

    /// The server begins to transmit `bytes`
    pub(crate) fn server_sends(&mut self, bytes: &[u8]) {
        if let Some(sent) = ping_of(bytes)
            && !self
                .down
                .iter()
                .any(|packet| matches!(*packet, Down::Pong(_, payload) | Down::Ping(payload) if payload == sent))
        {
            self.blame(Wrong::Uncaused);
        }
    }

    /// An event of the server's; returns whether it has to be answered with the Response
    pub(crate) fn server_event(&mut self, event: &server::Event<'_>) -> bool {
        use server::Event as E;
        if let E::Address(chunk) = event {
            self.expect(text_of(chunk, &mut [0; 4]) == HOST.as_bytes());
            return false;
        }
        let first = self.up.pop_front();
        self.count();
        match *event {
            E::Handshake { protocol_version, server_port, next_state } => {
                self.expect((protocol_version, server_port) == (VERSION, PORT));
                let (meant, state) = match next_state.as_i32() {
                    1 => (Up::Enter, State::Status),
                    _ => (Up::Leave, State::Default),
                };
                self.expect(first == Some(meant));
                self.server = state;
            }
            E::Request => {
                let owner = if let Some(Up::Request(owner)) = first { Some(owner) } else { None };
                self.expect(owner.is_some());
                self.down.push_back(Down::Response(owner.unwrap_or(Owner::Abandoned)));
                return true;
            }
            E::Ping { payload } => {
                let owner =
                    if let Some(Up::Ping(owner, sent)) = first { (sent == payload).then_some(owner) } else { None };
                self.expect(owner.is_some());
                self.down.push_back(Down::Pong(owner.unwrap_or(Owner::Abandoned), payload));
                self.server = State::Default;
            }
            E::Pong { payload, .. } => self.expect(first == Some(Up::Echo(payload))),
            _ => self.blame(Wrong::Misread),
        }
        false
    }

    /// An event of the client's
    pub(crate) fn client_event(&mut self, event: &client::Event<'_>, document: &str, log: &Log) {
        use client::Event as E;
        match event {
            E::ResponseBegin { bytes } => {
                self.text = 0;
                self.expect(self.down.front() == Some(&Down::Response(Owner::Current)));
                return self.expect(usize::try_from(*bytes) == Ok(document.len()));
            }
            E::ResponseChunk(chunk) => {
                let mut buffer = [0; 4];
                let piece = text_of(chunk, &mut buffer);
                let rest = document.as_bytes().get(usize::from(self.text)..).unwrap_or_default();
                self.expect(rest.starts_with(piece));
                self.text = self.text.saturating_add(u16::try_from(piece.len()).unwrap_or(u16::MAX));
                return;
            }
            _ => {}
        }
        let first = self.down.pop_front();
        self.count();
        match *event {
            E::ResponseEnd(_) => {
                self.expect(first == Some(Down::Response(Owner::Current)));
                self.expect(usize::from(self.text) == document.len());
                self.text = 0;
                match &mut self.exchange {
                    Some(exchange) => {
                        exchange.answered = true;
                        let payload = exchange.payload;
                        self.up.push_back(Up::Ping(Owner::Current, payload));
                    }
                    None => self.blame(Wrong::Misread),
                }
            }
            E::AbandonedResponse => {
                self.expect(first == Some(Down::Response(Owner::Abandoned)));
                log.note(Seen::AbandonedResponse);
            }
            E::Pong { payload, .. } => {
                self.expect(first == Some(Down::Pong(Owner::Current, payload)));
                self.expect(self.exchange == Some(Exchange { payload, answered: true }));
                self.exchange = None;
                log.note(Seen::Completed);
            }
            E::AbandonedPong { payload } => {
                self.expect(first == Some(Down::Pong(Owner::Abandoned, payload)));
                log.note(Seen::AbandonedPong);
                if self.exchange.is_some_and(|exchange| exchange.payload == payload) {
                    log.note(Seen::TwinPong);
                }
            }
            E::ServerPing { payload } => {
                self.expect(first == Some(Down::Ping(payload)));
                self.up.push_back(Up::Echo(payload));
                if self.exchange.is_some() {
                    log.note(Seen::Crossing);
                }
            }
            _ => {
                self.blame(Wrong::Misread);
                self.exchange = None;
            }
        }
    }

    /// The client's time-out: returns what did not come
    pub(crate) fn time_out(&mut self, missing: Missing, log: &Log) {
        let answered = missing == Missing::Pong;
        self.expect(self.exchange.is_some_and(|exchange| exchange.answered == answered));
        log.note(if answered { Seen::PongTimedOut } else { Seen::ResponseTimedOut });
        self.abandon();
    }

    /// Whether nobody owes anybody anything
    pub(crate) fn is_settled(&self) -> bool {
        self.up.is_empty() && self.down.is_empty() && self.exchange.is_none() && self.server == State::Default
    }
}

/// The payload, where `bytes` are a whole Ping or Pong
fn ping_of(bytes: &[u8]) -> Option<i64> {
    let payload = bytes.strip_prefix(&[9, 1])?;
    payload.try_into().ok().map(i64::from_be_bytes)
}

fn text_of<'a>(chunk: &'a Chunk<'_>, buffer: &'a mut [u8; 4]) -> &'a [u8] {
    chunk.as_str(buffer).as_bytes()
}
