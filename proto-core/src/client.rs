//! The client's side of one connection (PROTOCOL.md §2, §3)
//!
//! Turns commands into packets and packets into events. It does not read the status document, which passes through in
//! pieces ([`Event::ResponseChunk`]; [`crate::status`] takes the fields out), and it neither connects nor reconnects.
//!
//! ```text
//!                   ping: Handshake(1), Request
//!          ┌────────────────────────────────────────────────┐
//!          │                                                ▼
//!    ┌───────────┐  Pong, PongMismatch                ┌──────────┐ Response arrived: Ping
//!    │ 0 default │ ◄──────────────────────────────────│ 1 status │ ⟲
//!    └───────────┘  stop, time-out: Handshake(0)      └──────────┘ ⟲ crossing Ping: echoed
//!      ⟲ Ping from the server: echoed
//!      ⟲ what abandoned exchanges still owe: skipped
//! ```

mod receive;

use core::time::Duration;

use heapless::Vec;

use crate::error::{Closed, Error, Refused, Timeout};
use crate::machine::{Machine, Progress, Timeouts, earlier};
use crate::packet::{
    HostTooLong, MAX_HELLO, NextState, PING_LEN, PROTOCOL_VERSION, REQUEST, State, encode_handshake, encode_ping,
};
use crate::queue::Queue;
use crate::seeded::seeded;
use crate::time::Instant;
use crate::wire::string::Chunk;

/// Exchanges that may be abandoned and unanswered (§3)
pub const MAX_ABANDONED: usize = 4;

/// Echoes that may wait to be sent; further input waits then
///
/// One more than a server of ours has pings outstanding: with such a server input never waits, so two peers that both
/// wait for the other to read cannot come about.
const MAX_ECHOES: usize = 5;

/// All that can wait to be sent: three packets of each exchange that is not answered, and the echoes
const MAX_QUEUED: usize = 3 * MAX_ABANDONED + MAX_ECHOES;

/// Room that an exchange may need: Handshake with Request, Ping, Handshake
const PER_EXCHANGE: usize = 3;

/// What the server did
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'i> {
    /// The Response begins; its text follows in pieces
    ResponseBegin {
        /// Length of the text in bytes
        bytes: u32,
    },
    /// A piece of the Response's text; unclean (§5)
    ResponseChunk(Chunk<'i>),
    /// The Response is complete and the Ping waits to be transmitted
    ResponseEnd(ResponseEnd),
    /// The Pong came: the exchange is complete, the state is default
    Pong {
        /// Number that we sent
        payload: i64,
        /// From the Ping's transmission to now
        rtt: Duration,
    },
    /// A Pong with another number came: the exchange is over, the state is default
    PongMismatch {
        /// Number that we sent
        sent: i64,
        /// Number that came back
        got: i64,
    },
    /// The server's Ping; its echo waits to be transmitted
    ServerPing {
        /// Number that the server chose
        payload: i64,
    },
    /// A Request of the server's, which asks for nothing (§2)
    ServerRequest,
    /// The Response of an abandoned exchange has been skipped
    AbandonedResponse,
    /// The Pong of an abandoned exchange has been consumed
    AbandonedPong {
        /// Number that we sent
        payload: i64,
    },
    /// A packet of an id that there is not; its body is skipped
    UnknownPacket {
        /// The id
        id: i32,
        /// Bytes of its body
        body: u32,
    },
    /// The last packet had bytes left over behind its last field; they were skipped
    TrailingBytes {
        /// Its id
        id: i32,
        /// How many
        count: u32,
    },
    /// Response or Pong did not come in time: the exchange is abandoned as by `stop`, the state is default
    TimedOut {
        /// What did not come
        missing: Missing,
        /// How long it was waited for
        limit: Duration,
    },
}

/// What is known of a Response when all of it has come
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResponseEnd {
    /// Length of the text in bytes
    pub bytes: u32,
    /// Length of the text in UTF-16 units
    pub units: u32,
    /// Whether that is over the 32 767 of the protocol; `strict` makes an error of it (§1)
    pub oversize: bool,
}

/// What an exchange waits for
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Missing {
    /// The Response, or the rest of it
    Response,
    /// The Pong
    Pong,
}

/// What a client needs to know before it connects
#[derive(Clone, Copy, Debug)]
pub struct Config<'a> {
    /// Protocol version to claim
    pub protocol_version: i32,
    /// Host as it was resolved: after an SRV redirect the target's, without the trailing dot (§4)
    pub server_address: &'a str,
    /// Port that is connected to
    pub server_port: u16,
    /// Whether a Response over 32 767 units is an error
    pub strict: bool,
    /// How long to wait
    pub timeouts: Timeouts,
}

impl<'a> Config<'a> {
    /// What the protocol says where nothing else is said
    #[must_use]
    pub const fn new(server_address: &'a str, server_port: u16) -> Self {
        Self {
            protocol_version: PROTOCOL_VERSION,
            server_address,
            server_port,
            strict: false,
            timeouts: Timeouts::DEFAULT,
        }
    }
}

/// What waits to be sent
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Outgoing {
    /// Handshake(1) and Request, in one write
    #[default]
    Hello,
    Ping(i64),
    /// Handshake(0)
    Stop,
    Echo(i64),
}

/// How far the exchange in progress is
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Exchange {
    None,
    /// Asked; the Ping is not sent before the whole Response is there
    Response {
        payload: i64,
        deadline: Instant,
    },
    Pong {
        payload: i64,
        /// When the Ping was transmitted
        sent: Option<Instant>,
        deadline: Instant,
    },
}

/// The times that a client waits
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Waits {
    frame: Duration,
    response: Duration,
    pong: Duration,
}

/// The client's side of one connection
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Client {
    waits: Waits,
    strict: bool,
    /// Handshake and Request, encoded once; the Handshake's last byte is the next state
    hello: Vec<u8, MAX_HELLO>,
    receive: receive::Receive,
    exchange: Exchange,
    /// Responses of abandoned exchanges that are still to come
    abandoned_responses: u8,
    /// Payloads of abandoned exchanges whose Pong is still to come
    abandoned_pongs: Queue<i64, MAX_ABANDONED>,
    outgoing: Queue<Outgoing, MAX_QUEUED>,
    /// Bytes sent of the first in `outgoing`
    sent: usize,
    /// A small packet's bytes while it is the first in `outgoing`
    packet: [u8; PING_LEN],
    ended: bool,
    failed: Option<Error>,
    #[cfg(feature = "seeded-faults")]
    fault: Option<crate::fault::Fault>,
}

impl Client {
    /// A connection that is established
    ///
    /// # Errors
    /// [`HostTooLong`] where the address does not fit a Handshake.
    pub fn new(config: &Config<'_>) -> Result<Self, HostTooLong> {
        let mut hello =
            encode_handshake(config.protocol_version, config.server_address, config.server_port, NextState::Status)?;
        hello.extend_from_slice(&REQUEST).map_err(|_| HostTooLong { bytes: config.server_address.len() })?;
        Ok(Self {
            waits: Waits {
                frame: config.timeouts.frame,
                response: config.timeouts.response,
                pong: config.timeouts.pong,
            },
            strict: config.strict,
            hello,
            receive: receive::Receive::new(),
            exchange: Exchange::None,
            abandoned_responses: 0,
            abandoned_pongs: Queue::new(),
            outgoing: Queue::new(),
            sent: 0,
            packet: [0; PING_LEN],
            ended: false,
            failed: None,
            #[cfg(feature = "seeded-faults")]
            fault: None,
        })
    }

    /// Makes the machine break a rule: **never for use**
    #[cfg(feature = "seeded-faults")]
    pub const fn seed(&mut self, fault: crate::fault::Fault) {
        self.fault = Some(fault);
    }

    /// Forgets how many bytes came before, which only the offset in an error tells
    ///
    /// For a model, to which two connections are the same that differ in nothing else.
    #[cfg(feature = "testing")]
    pub const fn forget_offset(&mut self) {
        self.receive.forget_offset();
    }

    /// Where the connection stands
    #[must_use]
    pub const fn state(&self) -> State {
        match self.exchange {
            Exchange::None => State::Default,
            Exchange::Response { .. } | Exchange::Pong { .. } => State::Status,
        }
    }

    /// How many exchanges are abandoned and unanswered
    #[must_use]
    pub fn abandoned(&self) -> usize {
        usize::from(self.abandoned_responses).saturating_add(self.abandoned_pongs.len())
    }

    /// The command `ping`: asks for the status, then measures a round trip with `payload` (§3)
    ///
    /// # Errors
    /// [`Refused::PingInStatus`], [`Refused::TooManyAbandoned`], [`Refused::Congested`] or [`Refused::Closed`];
    /// nothing has changed then.
    pub fn ping(&mut self, now: Instant, payload: i64) -> Result<(), Refused> {
        self.check_open()?;
        if self.state() != State::Default {
            return Err(Refused::PingInStatus);
        }
        if self.abandoned() >= MAX_ABANDONED && !seeded!(self, FifthAbandoned) {
            return Err(Refused::TooManyAbandoned { limit: MAX_ABANDONED });
        }
        // What this exchange will send has room from now on, so nothing later can fail for want of it.
        if self.queued_besides_echoes().saturating_add(PER_EXCHANGE) > MAX_QUEUED.wrapping_sub(MAX_ECHOES) {
            return Err(Refused::Congested);
        }
        self.queue(Outgoing::Hello);
        self.exchange = Exchange::Response { payload, deadline: now.saturating_add(self.waits.response) };
        Ok(())
    }

    /// The command `stop`: abandons the exchange in progress (§3)
    ///
    /// # Errors
    /// [`Refused::StopInDefault`] or [`Refused::Closed`]; nothing has changed then.
    pub fn stop(&mut self) -> Result<(), Refused> {
        self.check_open()?;
        match self.exchange {
            Exchange::None => return Err(Refused::StopInDefault),
            Exchange::Response { .. } => {
                if !seeded!(self, UncountedResponse) {
                    self.abandoned_responses = self.abandoned_responses.saturating_add(1);
                }
                if !seeded!(self, KeptResponse) {
                    self.receive.abandon();
                }
            }
            Exchange::Pong { payload, .. } => {
                if !seeded!(self, ForgottenPayload) {
                    // `ping` saw to it that there is room.
                    let _remembered = self.abandoned_pongs.push(payload);
                }
            }
        }
        self.exchange = Exchange::None;
        if !seeded!(self, StopWithoutHandshake) {
            self.queue(Outgoing::Stop);
        }
        Ok(())
    }

    fn check_open(&self) -> Result<(), Refused> {
        let closed = (self.ended || self.failed.is_some()) && !seeded!(self, CommandsBehindEnd);
        if closed { Err(Refused::Closed) } else { Ok(()) }
    }

    #[cfg_attr(not(feature = "fast"), inline(never))]
    fn queue(&mut self, outgoing: Outgoing) {
        // `ping` and `may_echo` see to it that there is room.
        let _queued = self.outgoing.push(outgoing);
    }

    fn queued_besides_echoes(&self) -> usize {
        self.outgoing.as_slice().iter().filter(|outgoing| !matches!(outgoing, Outgoing::Echo(_))).count()
    }

    /// Whether an echo more may wait; where not, input has to
    fn may_echo(&self) -> bool {
        self.outgoing.len().saturating_sub(self.queued_besides_echoes()) < MAX_ECHOES
    }

    /// The Response of the exchange in progress is complete: now the Ping (§3)
    #[cfg_attr(not(feature = "fast"), inline(never))]
    fn response_complete(&mut self, now: Instant) {
        if let Exchange::Response { payload, .. } = self.exchange {
            let deadline = now.saturating_add(self.waits.pong);
            self.exchange = Exchange::Pong { payload, sent: None, deadline };
            self.queue(Outgoing::Ping(payload));
        }
    }

    /// Id 01: what an abandoned exchange owes, else the Pong that is waited for, else the server's Ping (§3)
    #[cfg_attr(not(feature = "fast"), inline(never))]
    fn handle_ping(&mut self, now: Instant, got: i64) -> Event<'static> {
        let abandoned = self.abandoned_pongs.as_slice().iter().position(|&payload| payload == got);
        if seeded!(self, CurrentBeforeAbandoned)
            && let Exchange::Response { payload, .. } | Exchange::Pong { payload, .. } = self.exchange
            && payload == got
        {
            self.exchange = Exchange::None;
            return Event::Pong { payload, rtt: Duration::ZERO };
        }
        if let Some(payload) = abandoned.and_then(|index| self.abandoned_pongs.remove(index)) {
            return Event::AbandonedPong { payload };
        }
        match self.exchange {
            Exchange::Response { .. } if seeded!(self, CrossingPingAsPong) => {
                self.exchange = Exchange::None;
                Event::Pong { payload: got, rtt: Duration::ZERO }
            }
            Exchange::Pong { payload, sent, .. } => {
                if !seeded!(self, PongKeepsStatus) {
                    self.exchange = Exchange::None;
                }
                if payload == got {
                    Event::Pong { payload, rtt: now.saturating_since(sent.unwrap_or(now)) }
                } else {
                    Event::PongMismatch { sent: payload, got }
                }
            }
            Exchange::None | Exchange::Response { .. } => {
                if !(seeded!(self, NoEcho) && self.exchange == Exchange::None) {
                    self.queue(Outgoing::Echo(got));
                }
                Event::ServerPing { payload: got }
            }
        }
    }

    const fn deadline(&self) -> Option<Instant> {
        match self.exchange {
            Exchange::None => None,
            Exchange::Response { deadline, .. } | Exchange::Pong { deadline, .. } => Some(deadline),
        }
    }

    fn fail(&mut self, error: Error) -> Error {
        self.failed = Some(error);
        error
    }

    /// Makes the stored Handshake one for `next` and returns the bytes to send
    fn hello(&mut self, next: NextState) -> &[u8] {
        let handshake = self.hello.len().saturating_sub(REQUEST.len());
        let last = handshake.saturating_sub(1);
        if let Some(byte) = self.hello.get_mut(last) {
            *byte = u8::from(next == NextState::Status);
        }
        if next == NextState::Status {
            &self.hello
        } else {
            self.hello.split_at_checked(handshake).map_or(&[], |(bytes, _)| bytes)
        }
    }
}

impl Machine for Client {
    type Event<'i> = Event<'i>;

    fn handle_input<'i>(&mut self, now: Instant, input: &'i [u8]) -> Result<Progress<Event<'i>>, Error> {
        match self.failed {
            Some(error) => Err(error),
            None => self.receive(now, input),
        }
    }

    fn poll_transmit(&mut self, now: Instant) -> &[u8] {
        let sent = self.sent;
        let bytes = match self.outgoing.first().copied() {
            None => return &[],
            Some(Outgoing::Hello) => self.hello(NextState::Status),
            Some(Outgoing::Stop) => self.hello(NextState::Default),
            Some(Outgoing::Echo(payload)) => {
                self.packet = encode_ping(payload);
                &self.packet
            }
            Some(Outgoing::Ping(payload)) => {
                if let Exchange::Pong { payload: current, sent: sent @ None, deadline } = &mut self.exchange
                    && *current == payload
                {
                    *sent = Some(now);
                    *deadline = now.saturating_add(self.waits.pong);
                }
                self.packet = encode_ping(payload);
                &self.packet
            }
        };
        bytes.split_at_checked(sent).map_or(&[], |(_, rest)| rest)
    }

    fn handle_transmitted(&mut self, count: usize) {
        let total = match self.outgoing.first() {
            None => return,
            Some(Outgoing::Hello) => self.hello.len(),
            Some(Outgoing::Stop) => self.hello.len().saturating_sub(REQUEST.len()),
            Some(Outgoing::Ping(_) | Outgoing::Echo(_)) => PING_LEN,
        };
        self.sent = self.sent.saturating_add(count);
        if self.sent >= total {
            self.sent = 0;
            let _sent = self.outgoing.remove(0);
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        if self.failed.is_some() {
            return None;
        }
        let exchange = if seeded!(self, NoDeadline) { None } else { self.deadline() };
        earlier(exchange, self.receive.frame_deadline(self.waits.frame))
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<Option<Event<'static>>, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.receive.frame_deadline(self.waits.frame).is_some_and(|deadline| now >= deadline) {
            return Err(self.fail(Error::Timeout(Timeout::Frame(self.waits.frame))));
        }
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return Ok(None);
        }
        let (missing, limit) = match self.exchange {
            Exchange::Pong { .. } => (Missing::Pong, self.waits.pong),
            _ => (Missing::Response, self.waits.response),
        };
        let limit = if seeded!(self, OtherLimit) { self.waits.frame } else { limit };
        if seeded!(self, TimeoutForgets) {
            self.exchange = Exchange::None;
            return Ok(Some(Event::TimedOut { missing, limit }));
        }
        Ok(self.stop().is_ok().then_some(Event::TimedOut { missing, limit }))
    }

    fn handle_eof(&mut self, _now: Instant) -> Result<Option<Event<'static>>, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.ended = true;
        if self.receive.is_in_frame() && !seeded!(self, ClientOverlooksCut) {
            return Err(self.fail(Error::Closed(Closed::InFrame)));
        }
        match self.exchange {
            Exchange::None => Ok(None),
            Exchange::Response { .. } => Err(self.fail(Error::Closed(Closed::WithoutAnswer))),
            Exchange::Pong { .. } => Err(self.fail(Error::Closed(Closed::WithoutPong))),
        }
    }

    fn is_finished(&self) -> bool {
        self.failed.is_some() || (self.ended && self.outgoing.is_empty())
    }
}
