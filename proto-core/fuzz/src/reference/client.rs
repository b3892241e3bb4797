//! What a server's stream must lead to on the client

use std::time::Duration;

use proto_core::Error;
use proto_core::client::{Event, ResponseEnd};
use proto_core::error::{Closed, Violation};

use super::{Outcome, Read, Side, Stop, Stream, failure};
use crate::bytes::ping;

/// What a person types
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// `ping` with this payload
    Ping(i64),
    /// `stop`
    Stop,
}

/// A command, and how many bytes of the stream come before it
#[derive(Clone, Copy, Debug)]
pub struct Typed {
    /// Bytes before it
    pub at: usize,
    /// What is typed
    pub command: Command,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exchange {
    None,
    Response(i64),
    Pong(i64),
}

/// The client, told what comes in and what is typed
pub struct Client<'s> {
    stream: Stream<'s>,
    /// What has become of it
    pub outcome: Outcome<Event<'static>>,
    hello: &'s [u8],
    strict: bool,
    exchange: Exchange,
    abandoned_responses: usize,
    abandoned_pongs: Vec<i64>,
    /// What is still to be typed, the next one last
    typed: Vec<Typed>,
    /// Whether what is being read is the Response of the exchange at hand
    live: bool,
    unknown: u8,
    in_frame: bool,
}

impl<'s> Client<'s> {
    /// Reads a connection from its first byte to its last, or to the first error
    ///
    /// `hello` is the Handshake with next state 1 that this client sends, without the Request.
    #[must_use]
    pub fn read(bytes: &'s [u8], strict: bool, typed: &[Typed], hello: &'s [u8]) -> Self {
        let mut typed = typed.to_vec();
        typed.sort_by_key(|typed| typed.at);
        typed.reverse();
        let mut client = Self {
            stream: Stream::new(bytes),
            outcome: Outcome::new(),
            hello,
            strict,
            exchange: Exchange::None,
            abandoned_responses: 0,
            abandoned_pongs: Vec::new(),
            typed,
            live: false,
            unknown: 0,
            in_frame: false,
        };
        loop {
            match client.packet() {
                Ok(()) => client.in_frame = false,
                Err(Stop::Broken(violation, at)) => {
                    client.outcome.failure = Some(failure(violation, at));
                    return client;
                }
                Err(Stop::Starved | Stop::Abandoned) => break,
            }
        }
        client.type_until(usize::MAX);
        client
    }

    /// The server closes its direction
    pub fn end(&mut self) {
        let closed = match self.exchange {
            _ if self.outcome.failure.is_some() => return,
            _ if self.in_frame => Closed::InFrame,
            Exchange::None => return,
            Exchange::Response(_) => Closed::WithoutAnswer,
            Exchange::Pong(_) => Closed::WithoutPong,
        };
        self.outcome.failure = Some(Error::Closed(closed));
    }

    fn type_until(&mut self, at: usize) {
        while let Some(typed) = self.typed.pop_if(|typed| typed.at <= at) {
            match (typed.command, self.exchange) {
                (Command::Ping(payload), Exchange::None)
                    if self.abandoned_responses + self.abandoned_pongs.len() < 4 =>
                {
                    self.exchange = Exchange::Response(payload);
                    self.outcome.sent.extend(self.hello);
                    self.outcome.sent.extend([1, 0]);
                }
                (Command::Stop, Exchange::Response(_)) => {
                    self.abandoned_responses += 1;
                    self.live = false;
                    self.stop();
                }
                (Command::Stop, Exchange::Pong(payload)) => {
                    self.abandoned_pongs.push(payload);
                    self.stop();
                }
                (Command::Ping(_), _) | (Command::Stop, Exchange::None) => {}
            }
        }
    }

    fn stop(&mut self) {
        self.exchange = Exchange::None;
        let (_next_state, hello) = self.hello.split_last().expect("a Handshake");
        self.outcome.sent.extend(hello);
        self.outcome.sent.push(0);
    }

    fn packet(&mut self) -> Read<()> {
        let start = self.stream.at;
        self.in_frame = start < self.stream.bytes.len();
        match (self.head(2_097_151)?, self.stream.left) {
            (0, 0) => self.outcome.event(Event::ServerRequest),
            (0, _) => self.response(start)?,
            (1, _) => {
                let payload = self.long(1)?;
                self.left_over(1);
                self.skip()?;
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
        Ok(())
    }

    fn left_over(&mut self, id: i32) {
        if self.stream.left > 0 {
            self.outcome.event(Event::TrailingBytes { id, count: self.stream.left });
        }
    }

    fn response(&mut self, start: usize) -> Read<()> {
        if self.abandoned_responses == 0 {
            if !matches!(self.exchange, Exchange::Response(_)) {
                return Err(Stop::Broken(Violation::UnexpectedResponse, start));
            }
            self.live = true;
            let outcome = self.live_response();
            let stopped = !std::mem::take(&mut self.live);
            match outcome {
                Ok(end) => {
                    self.outcome.event(Event::ResponseEnd(end));
                    let Exchange::Response(payload) = self.exchange else { unreachable!("it was live") };
                    self.exchange = Exchange::Pong(payload);
                    self.outcome.sent.extend(ping(payload));
                    return Ok(());
                }
                Err(Stop::Abandoned) if stopped => {}
                Err(stop) => return Err(stop),
            }
        }
        self.skip()?;
        self.abandoned_responses -= 1;
        self.outcome.event(Event::AbandonedResponse);
        Ok(())
    }

    fn live_response(&mut self) -> Read<ResponseEnd> {
        let (most_bytes, most_units) = if self.strict { (98_301, 32_767) } else { (2_097_151, usize::MAX) };
        let bytes = self.string_length(0, most_bytes)?;
        self.outcome.event(Event::ResponseBegin { bytes });
        let units = self.string(0, bytes, most_units)?;
        self.left_over(0);
        self.skip()?;
        Ok(ResponseEnd { bytes, units: u32::try_from(units).expect("below 2^21"), oversize: units > 32_767 })
    }

    fn ping(&mut self, got: i64) {
        let event = if let Some(index) = self.abandoned_pongs.iter().position(|payload| *payload == got) {
            Event::AbandonedPong { payload: self.abandoned_pongs.remove(index) }
        } else if let Exchange::Pong(sent) = self.exchange {
            self.exchange = Exchange::None;
            if sent == got {
                Event::Pong { payload: got, rtt: Duration::ZERO }
            } else {
                Event::PongMismatch { sent, got }
            }
        } else {
            self.outcome.sent.extend(ping(got));
            Event::ServerPing { payload: got }
        };
        self.outcome.event(event);
    }
}

impl<'s> Side<'s> for Client<'s> {
    fn stream(&mut self) -> &mut Stream<'s> {
        &mut self.stream
    }

    fn act(&mut self, at: usize) -> Read<()> {
        let live = self.live;
        self.type_until(at);
        if live && !self.live { Err(Stop::Abandoned) } else { Ok(()) }
    }

    fn text(&mut self, c: char) {
        self.outcome.text(c);
    }
}
