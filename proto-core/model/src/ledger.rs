//! What each side owes the other, kept from outside of the machines by the rules of PROTOCOL.md §3
//!
//! Every packet that has been caused and not yet been read stands in one of two queues, with what it means. A machine's
//! event has to be the meaning of the packet that is first, field by field, and what a machine sends has to be the next
//! packet that it has not sent, to the byte. So nothing that a machine believes is taken from the machine.
//!
//! It moves no byte and knows neither pieces nor time.

use std::collections::VecDeque;
use std::time::Duration;

use proto_core::State;
use proto_core::client::{self, Missing};
use proto_core::server;
use proto_core::wire::string::Chunk;

use crate::packets::{HOST, PORT, REQUEST, VERSION, handshake, ping};
use crate::seen::{Log, Seen};

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
    /// A packet left before it was caused, out of turn, or with another byte in it
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

/// What a side has still to send of what it owes
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Unsent {
    /// Packets of which not all is sent: the last ones of the queue
    packets: u8,
    /// Bytes of the first of them that are sent
    part: u8,
}

impl Unsent {
    /// The place of the first in its queue of so many
    const fn first(self, queued: usize) -> usize {
        queued.saturating_sub(self.packets as usize)
    }

    /// What is left of `packets`, which are due in one write
    fn due(self, packets: &[Vec<u8>]) -> Option<Vec<u8>> {
        packets.concat().get(usize::from(self.part)..).map(<[u8]>::to_vec)
    }

    /// So many bytes of `packets` are sent
    fn advance(&mut self, packets: &[Vec<u8>], count: usize) {
        let mut sent = usize::from(self.part) + count;
        for packet in packets {
            let Some(more) = sent.checked_sub(packet.len()) else { break };
            (sent, self.packets) = (more, self.packets.saturating_sub(1));
        }
        self.part = u8::try_from(sent).unwrap_or(u8::MAX);
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
    unsent_up: Unsent,
    unsent_down: Unsent,
    /// Bytes of the Handshake's address that have come out
    address: u8,
    /// Bytes of the Response's text that have come out, once it has begun
    text: Option<u8>,
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
            unsent_up: Unsent { packets: 0, part: 0 },
            unsent_down: Unsent { packets: 0, part: 0 },
            address: 0,
            text: None,
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

    /// The client has one packet more to send
    fn owe_up(&mut self, packet: Up) {
        self.up.push_back(packet);
        self.unsent_up.packets += 1;
    }

    /// The server has one packet more to send
    pub(crate) fn owe_down(&mut self, packet: Down) {
        self.down.push_back(packet);
        self.unsent_down.packets += 1;
    }

    /// The client has begun an exchange
    pub(crate) fn begin(&mut self, payload: i64, log: &Log) {
        if self.server_pings().any(|ping| ping == payload) {
            log.note(Seen::Collision);
        }
        self.exchange = Some(Exchange { payload, answered: false });
        self.owe_up(Up::Enter);
        self.owe_up(Up::Request(Owner::Current));
        self.remaining = self.ahead();
    }

    /// The exchange is over before its time: everything of it is nobody's now
    pub(crate) fn abandon(&mut self) {
        self.exchange = None;
        self.text = None;
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
        self.owe_up(Up::Leave);
        self.remaining = self.ahead();
    }

    /// The server has pinged
    pub(crate) fn server_ping(&mut self, payload: i64, log: &Log) {
        if self.client_pings().any(|ping| ping == payload) {
            log.note(Seen::Collision);
        }
        self.owe_down(Down::Ping(payload));
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

    /// The client's machine offers `bytes`, and the first `count` of them are sent
    pub(crate) fn client_sends(&mut self, bytes: &[u8], count: usize) {
        let mut packets = self.up.range(self.unsent_up.first(self.up.len())..);
        let due: Vec<_> = match packets.next() {
            // Handshake and Request leave in one write.
            Some(Up::Enter) => vec![handshake(1).into(), REQUEST.into()],
            Some(Up::Request(_)) => vec![REQUEST.into()],
            Some(Up::Leave) => vec![handshake(0).into()],
            Some(Up::Ping(_, payload) | Up::Echo(payload)) => vec![ping(*payload)],
            None => Vec::new(),
        };
        if bytes.is_empty() || self.unsent_up.due(&due).as_deref() != Some(bytes) {
            self.blame(Wrong::Uncaused);
        }
        self.unsent_up.advance(&due, count);
    }

    /// The server's machine offers `bytes`, and the first `count` of them are sent; `answer` is the Response
    pub(crate) fn server_sends(&mut self, bytes: &[u8], count: usize, answer: &[u8]) {
        let due: Vec<_> = match self.down.get(self.unsent_down.first(self.down.len())) {
            Some(Down::Response(_)) => vec![answer.to_vec()],
            Some(Down::Pong(_, payload) | Down::Ping(payload)) => vec![ping(*payload)],
            None => Vec::new(),
        };
        if bytes.is_empty() || self.unsent_down.due(&due).as_deref() != Some(bytes) {
            self.blame(Wrong::Uncaused);
        }
        self.unsent_down.advance(&due, count);
    }

    /// An event of the server's; returns whether it has to be answered with the Response
    pub(crate) fn server_event(&mut self, event: &server::Event<'_>) -> bool {
        use server::Event as E;
        if let E::Address(chunk) = event {
            self.expect(matches!(self.up.front(), Some(Up::Enter | Up::Leave)));
            let (mut buffer, mut told) = ([0; 4], usize::from(self.address));
            self.expect(continues(HOST, &mut told, text_of(chunk, &mut buffer)));
            self.address = u8::try_from(told).unwrap_or(u8::MAX);
            return false;
        }
        let first = self.up.pop_front();
        self.count();
        match *event {
            E::Handshake { protocol_version, server_port, next_state } => {
                self.expect((protocol_version, server_port) == (VERSION, PORT));
                let address = std::mem::take(&mut self.address);
                self.expect(usize::from(address) == HOST.len());
                let (meant, state) = match next_state.as_i32() {
                    1 => (Up::Enter, State::Status),
                    0 => (Up::Leave, State::Default),
                    _ => return self.misread(),
                };
                self.expect(first == Some(meant));
                self.server = state;
            }
            E::Request => {
                let owner = if let Some(Up::Request(owner)) = first { Some(owner) } else { None };
                self.expect(owner.is_some());
                self.owe_down(Down::Response(owner.unwrap_or(Owner::Abandoned)));
                return true;
            }
            E::Ping { payload } => {
                let owner =
                    if let Some(Up::Ping(owner, sent)) = first { (sent == payload).then_some(owner) } else { None };
                self.expect(owner.is_some());
                self.owe_down(Down::Pong(owner.unwrap_or(Owner::Abandoned), payload));
                self.server = State::Default;
            }
            E::Pong { payload, rtt } => self.expect((first, rtt) == (Some(Up::Echo(payload)), Duration::ZERO)),
            _ => return self.misread(),
        }
        false
    }

    /// An event that no packet here means
    fn misread(&mut self) -> bool {
        self.blame(Wrong::Misread);
        false
    }

    /// An event of the client's
    pub(crate) fn client_event(&mut self, event: &client::Event<'_>, document: &str, log: &Log) {
        use client::Event as E;
        match event {
            E::ResponseBegin { bytes } => {
                self.expect(self.text.is_none());
                self.text = Some(0);
                self.expect(self.down.front() == Some(&Down::Response(Owner::Current)));
                return self.expect(usize::try_from(*bytes) == Ok(document.len()));
            }
            E::ResponseChunk(chunk) => {
                let mut buffer = [0; 4];
                let piece = text_of(chunk, &mut buffer);
                self.expect(self.text.is_some());
                let mut told = self.text.unwrap_or_default().into();
                self.expect(continues(document, &mut told, piece));
                self.text = Some(u8::try_from(told).unwrap_or(u8::MAX));
                return;
            }
            _ => {}
        }
        let first = self.down.pop_front();
        self.count();
        match *event {
            E::ResponseEnd(end) => {
                self.expect(first == Some(Down::Response(Owner::Current)));
                let text = self.text.take().map(usize::from);
                self.expect(text == Some(document.len()));
                let (bytes, units) = (usize::try_from(end.bytes), usize::try_from(end.units));
                self.expect((bytes, units) == (Ok(document.len()), Ok(document.encode_utf16().count())));
                self.expect(!end.oversize);
                match &mut self.exchange {
                    Some(exchange) => {
                        exchange.answered = true;
                        let payload = exchange.payload;
                        self.owe_up(Up::Ping(Owner::Current, payload));
                    }
                    None => self.blame(Wrong::Misread),
                }
            }
            E::AbandonedResponse => {
                self.expect(first == Some(Down::Response(Owner::Abandoned)));
                log.note(Seen::AbandonedResponse);
            }
            E::Pong { payload, rtt } => {
                self.expect((first, rtt) == (Some(Down::Pong(Owner::Current, payload)), Duration::ZERO));
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
                self.owe_up(Up::Echo(payload));
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

    /// The client's time-out: what did not come, and the limit that was told and should have been
    pub(crate) fn time_out(&mut self, missing: Missing, limits: (Duration, Duration), log: &Log) {
        let answered = missing == Missing::Pong;
        self.expect(limits.0 == limits.1);
        self.expect(self.exchange.is_some_and(|exchange| exchange.answered == answered));
        log.note(if answered { Seen::PongTimedOut } else { Seen::ResponseTimedOut });
        self.abandon();
    }

    /// Whether nobody owes anybody anything
    pub(crate) fn is_settled(&self) -> bool {
        self.up.is_empty() && self.down.is_empty() && self.exchange.is_none() && self.server == State::Default
    }
}

/// Whether `piece` is what follows the first `told` bytes of `whole`; counts it to them
fn continues(whole: &str, told: &mut usize, piece: &[u8]) -> bool {
    let rest = whole.as_bytes().get(*told..).unwrap_or_default();
    *told += piece.len();
    !piece.is_empty() && rest.starts_with(piece)
}

fn text_of<'a>(chunk: &'a Chunk<'_>, buffer: &'a mut [u8; 4]) -> &'a [u8] {
    chunk.as_str(buffer).as_bytes()
}
