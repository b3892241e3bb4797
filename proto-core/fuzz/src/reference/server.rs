//! What a client's stream must lead to on the server

use std::time::Duration;

use proto_core::error::{Closed, Violation};
use proto_core::legacy::Kind;
use proto_core::packet::NextState;
use proto_core::server::Event;
use proto_core::testing::Answers;
use proto_core::{Error, State};

use super::{Outcome, Read, Side, Stop, Stream, failure};
use crate::bytes::ping;

/// A ping of the server's own
#[derive(Clone, Copy, Debug)]
pub struct OwnPing {
    /// Bytes of the stream that come before it
    pub at: usize,
    /// Its payload
    pub payload: i64,
}

/// The server, told what comes in and what it does by itself
pub struct Server<'s> {
    stream: Stream<'s>,
    /// What has become of it
    pub outcome: Outcome<Event<'static>>,
    answers: &'s Answers,
    state: State,
    outstanding: Vec<i64>,
    /// What is still to come, the next one last
    own: Vec<OwnPing>,
    unknown: u8,
    warned: bool,
    closing: bool,
    /// What silence or the end would make of the first bytes
    legacy: Option<Kind>,
    in_frame: bool,
}

impl<'s> Server<'s> {
    /// Reads a connection from its first byte to its last, or to the first error
    #[must_use]
    pub fn read(bytes: &'s [u8], legacy: bool, own: &[OwnPing], answers: &'s Answers) -> Self {
        let mut own = own.to_vec();
        own.sort_by_key(|ping| ping.at);
        own.reverse();
        let mut server = Self {
            stream: Stream::new(bytes),
            outcome: Outcome::new(),
            answers,
            state: State::Default,
            outstanding: Vec::new(),
            own,
            unknown: 0,
            warned: false,
            closing: false,
            legacy: None,
            in_frame: false,
        };
        let outcome = if legacy && bytes.first() == Some(&0xFE) { server.legacy() } else { server.packets() };
        match outcome {
            Err(Stop::Broken(violation, at)) => server.outcome.failure = Some(failure(violation, at)),
            _ if server.closing => {}
            _ => server.own_pings(usize::MAX),
        }
        server
    }

    /// The client closes its direction
    pub fn end(&mut self) {
        if self.outcome.failure.is_some() || self.closing {
            return;
        }
        if let Some(kind) = self.legacy {
            self.legacy_ping(kind);
        } else if self.in_frame {
            self.outcome.failure = Some(Error::Closed(Closed::InFrame));
        }
    }

    fn own_pings(&mut self, at: usize) {
        while let Some(own) = self.own.pop_if(|own| own.at <= at) {
            if self.state == State::Default && self.outstanding.len() < 4 {
                self.outstanding.push(own.payload);
                self.outcome.sent.extend(ping(own.payload));
            }
        }
    }

    /// A connection whose first byte is `FE` (§7)
    fn legacy(&mut self) -> Read<()> {
        match self.stream.bytes {
            [0xFE] => self.legacy = Some(Kind::Beta),
            [0xFE, 0x01] => self.legacy = Some(Kind::V1_4),
            [0xFE, 0x01, 0xFA, ..] => {
                self.own_pings(2);
                self.legacy_ping(Kind::V1_6);
            }
            _ => return self.packets(),
        }
        Ok(())
    }

    fn legacy_ping(&mut self, kind: Kind) {
        self.outcome.event(Event::LegacyPing(kind));
        self.outcome.sent.extend(&*self.answers.legacy);
        self.closing = true;
    }

    fn packets(&mut self) -> Read<()> {
        while !self.closing {
            self.packet()?;
        }
        Ok(())
    }

    fn packet(&mut self) -> Read<()> {
        let start = self.stream.at;
        self.in_frame = start < self.stream.bytes.len();
        match (self.head(798)?, self.stream.left) {
            (0, 0) if self.state == State::Default => return Err(Stop::Broken(Violation::RequestInDefault, start)),
            (0, 0) => {
                self.outcome.event(Event::Request);
                self.outcome.sent.extend(&*self.answers.response);
            }
            (0, _) => self.handshake(start)?,
            (1, _) => {
                let payload = self.long(1)?;
                self.nothing_left(1)?;
                self.ping(payload);
            }
            (id, body) => {
                self.unknown += 1;
                if self.unknown == 16 {
                    return Err(Stop::Broken(Violation::TooManyUnknown { limit: 16 }, start));
                }
                self.outcome.event(Event::UnknownPacket { id, body });
                self.skip()?;
            }
        }
        self.in_frame = false;
        Ok(())
    }

    fn nothing_left(&self, id: i32) -> Read<()> {
        match self.stream.left {
            0 => Ok(()),
            count => Err(Stop::Broken(Violation::TrailingBytes { id, count }, self.stream.at)),
        }
    }

    fn handshake(&mut self, start: usize) -> Read<()> {
        let protocol_version = self.varint(|side| side.byte(Some(0)))?;
        let bytes = self.string_length(0, 783)?;
        self.string(0, bytes, 261)?;
        let server_port = u16::from_be_bytes([self.byte(Some(0))?, self.byte(Some(0))?]);
        let next = self.varint(|side| side.byte(Some(0)))?;
        self.nothing_left(0)?;
        let next_state = match next {
            0 => NextState::Default,
            1 => NextState::Status,
            2 => NextState::Login,
            3 => NextState::Transfer,
            other => return Err(Stop::Broken(Violation::NextState(other), start)),
        };
        self.outcome.event(Event::Handshake { protocol_version, server_port, next_state });
        match next_state {
            NextState::Default => self.state = State::Default,
            NextState::Status => self.state = State::Status,
            NextState::Login | NextState::Transfer => {
                self.outcome.event(Event::Login);
                self.outcome.sent.extend(&*self.answers.disconnect);
                self.closing = true;
            }
        }
        Ok(())
    }

    fn ping(&mut self, payload: i64) {
        if let Some(index) = self.outstanding.iter().position(|outstanding| *outstanding == payload) {
            self.outstanding.remove(index);
            self.outcome.event(Event::Pong { payload, rtt: Duration::ZERO });
        } else if self.state == State::Status {
            self.state = State::Default;
            self.outcome.event(Event::Ping { payload });
            self.outcome.sent.extend(ping(payload));
        } else if !self.warned {
            self.warned = true;
            self.outcome.event(Event::UnexpectedPong { payload });
        }
    }
}

impl<'s> Side<'s> for Server<'s> {
    fn stream(&mut self) -> &mut Stream<'s> {
        &mut self.stream
    }

    fn act(&mut self, at: usize) -> Read<()> {
        self.own_pings(at);
        Ok(())
    }

    fn text(&mut self, c: char) {
        self.outcome.text(c);
    }
}
