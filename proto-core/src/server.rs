//! The server's side of one connection (PROTOCOL.md §2, §3, §7)
//!
//! Decides what each byte of a client means and what is answered; moves none of them. The status document, the
//! login's Disconnect and the legacy answer are encoded elsewhere ([`crate::status`], [`crate::legacy`]) and handed
//! in by [`Server::respond`] as shared bytes: a connection holds neither a copy of them nor a receive buffer.
//!
//! ```text
//!                      Handshake(1)
//!          ┌─────────────────────────────────┐
//!          │                                 ▼
//!    ┌───────────┐    Ping → Pong      ┌──────────┐
//!    │ 0 default │ ◄────────────────── │ 1 status │ ⟲ Request → Response
//!    └───────────┘    Handshake(0)     └──────────┘ ⟲ Pong owed: consumed
//!      ⟲ Ping to the client, Pong from it
//! ```

mod receive;

use core::time::Duration;

use crate::error::{Error, Refused, Timeout};
use crate::legacy;
use crate::machine::{Machine, Progress, Timeouts, earlier};
use crate::packet::{NextState, PING_LEN, State, encode_ping};
use crate::queue::Queue;
use crate::time::Instant;
use crate::wire::string::Chunk;

/// Pings that a client may owe (§3); a further one is not sent to it
pub const MAX_OUTSTANDING: usize = 4;

/// All that can wait to be sent: the pings a client may owe, and one answer; one more for a ping that was answered
/// before it was sent
const MAX_QUEUED: usize = MAX_OUTSTANDING + 2;

/// What a client did
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'i> {
    /// A piece of the server address of the Handshake that is coming in; unclean (§5)
    Address(Chunk<'i>),
    /// The Handshake is complete, and the state is what it asked for
    Handshake {
        /// Protocol version that the client claims
        protocol_version: i32,
        /// Port that the client believes it reached
        server_port: u16,
        /// What it wants
        next_state: NextState,
    },
    /// The client asks for the status: **answer with [`Server::respond`]** and an encoded Response
    Request,
    /// The client wants to log in: **answer with [`Server::respond`]** and an encoded Disconnect; then it is over
    Login,
    /// The client asks as clients before 1.7 did: **answer with [`Server::respond`]**; then it is over
    LegacyPing(legacy::Kind),
    /// The client's Ping; its echo waits to be transmitted and the state is default
    Ping {
        /// Number that the client chose
        payload: i64,
    },
    /// The answer to a Ping of ours
    Pong {
        /// Number that we chose
        payload: i64,
        /// From the Ping's transmission to now
        rtt: Duration,
    },
    /// A Pong that answers nothing; told once a connection, later ones are ignored
    UnexpectedPong {
        /// Number that it carries
        payload: i64,
    },
    /// A packet of an id that there is not; its body is skipped
    UnknownPacket {
        /// The id
        id: i32,
        /// Bytes of its body
        body: u32,
    },
    /// The client was silent, so it is being pinged
    IdlePing {
        /// Milliseconds since the driver's origin
        payload: i64,
    },
}

/// Why a client was left out of a ping (§3)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Skipped {
    /// It is in the status state
    InStatus,
    /// It owes as many answers as may be owed
    Owing,
    /// Its connection is about to close
    Closing,
}

/// What waits to be sent
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Outgoing<A> {
    Answer(A),
    Pong(i64),
    Ping(i64),
}

/// A Ping of ours that is not answered yet
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Outstanding {
    payload: i64,
    sent: Option<Instant>,
}

/// The server's side of one connection
///
/// `A` is what answers are handed in as: `Arc<[u8]>` where many connections share them, `&'static [u8]` elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server<A> {
    timeouts: Timeouts,
    state: State,
    receive: receive::Receive,
    outgoing: Queue<Outgoing<A>, MAX_QUEUED>,
    /// Bytes sent of the first in `outgoing`
    sent: usize,
    /// A small packet's bytes while it is the first in `outgoing`
    packet: [u8; PING_LEN],
    outstanding: Queue<Outstanding, MAX_OUTSTANDING>,
    /// An event that awaits [`Server::respond`]
    awaiting: Option<Awaiting>,
    /// When the last byte came, at first when the connection began
    heard: Instant,
    /// When the client was pinged for its silence
    probed: bool,
    warned: bool,
    closing: bool,
    failed: Option<Error>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Awaiting {
    Response,
    Last,
}

impl<A: AsRef<[u8]>> Server<A> {
    /// A connection that was accepted at `now`
    ///
    /// `legacy` tells whether pings from before 1.7 are looked out for (§7).
    #[must_use]
    pub fn new(now: Instant, timeouts: Timeouts, legacy: bool) -> Self {
        Self {
            timeouts,
            state: State::Default,
            receive: receive::Receive::new(legacy),
            outgoing: Queue::new(),
            sent: 0,
            packet: [0; PING_LEN],
            outstanding: Queue::new(),
            awaiting: None,
            heard: now,
            probed: false,
            warned: false,
            closing: false,
            failed: None,
        }
    }

    /// Where the connection stands
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// When the last byte came, at first when the connection began
    #[must_use]
    pub const fn last_heard(&self) -> Instant {
        self.heard
    }

    /// Answers [`Event::Request`], [`Event::Login`] or [`Event::LegacyPing`]; further input waits for it
    ///
    /// Returns whether there was something to answer; where not, the answer is dropped.
    #[must_use = "an answer to nothing is dropped"]
    pub fn respond(&mut self, answer: A) -> bool {
        let Some(awaiting) = self.awaiting.take() else { return false };
        self.closing |= awaiting == Awaiting::Last;
        self.queue(Outgoing::Answer(answer))
    }

    /// Pings the client (§3)
    ///
    /// # Errors
    /// [`Skipped`] says why it was left out; nothing has changed then.
    pub fn ping(&mut self, payload: i64) -> Result<(), Skipped> {
        if self.closing || self.failed.is_some() || self.awaiting == Some(Awaiting::Last) {
            return Err(Skipped::Closing);
        }
        if self.state != State::Default {
            return Err(Skipped::InStatus);
        }
        // One place in the queue is the answer's.
        if self.outgoing.len() >= MAX_QUEUED.wrapping_sub(1) {
            return Err(Skipped::Owing);
        }
        self.outstanding.push(Outstanding { payload, sent: None }).map_err(|_| Skipped::Owing)?;
        let _queued = self.queue(Outgoing::Ping(payload));
        Ok(())
    }

    /// How many Pings of ours are unanswered
    #[must_use]
    pub const fn outstanding(&self) -> usize {
        self.outstanding.len()
    }

    fn queue(&mut self, outgoing: Outgoing<A>) -> bool {
        self.outgoing.push(outgoing).is_ok()
    }

    /// Whether input has to wait: one answer at a time, so nothing that a peer sends can pile up here
    fn is_answering(&self) -> bool {
        self.awaiting.is_some() || self.outgoing.iter().any(|outgoing| !matches!(outgoing, Outgoing::Ping(_)))
    }

    /// Id 01 in the default state, or an owed one in the status state: the answer to a Ping of ours, if it is one
    fn settle(&mut self, now: Instant, payload: i64) -> Option<Event<'static>> {
        let ping = self.outstanding.take(|outstanding| outstanding.payload == payload)?;
        let sent = ping.sent.unwrap_or(now);
        Some(Event::Pong { payload, rtt: now.saturating_since(sent) })
    }

    /// Id 01: a Pong that is owed, else in the status state a Ping (§3)
    fn handle_ping(&mut self, now: Instant, payload: i64) -> Option<Event<'static>> {
        if let Some(pong) = self.settle(now, payload) {
            return Some(pong);
        }
        match self.state {
            State::Status => {
                self.state = State::Default;
                let _queued = self.queue(Outgoing::Pong(payload));
                Some(Event::Ping { payload })
            }
            State::Default if self.warned => None,
            State::Default => {
                self.warned = true;
                Some(Event::UnexpectedPong { payload })
            }
        }
    }

    /// When silence has its next consequence
    fn silence_deadline(&self) -> Instant {
        match self.state {
            State::Status => self.heard.saturating_add(self.timeouts.status),
            State::Default if self.probed => {
                self.heard.saturating_add(self.timeouts.idle).saturating_add(self.timeouts.silence)
            }
            State::Default => self.heard.saturating_add(self.timeouts.idle),
        }
    }

    fn fail(&mut self, error: Error) -> Error {
        self.failed = Some(error);
        error
    }
}

impl<A: AsRef<[u8]>> Machine for Server<A> {
    type Event<'i> = Event<'i>;

    fn handle_input<'i>(&mut self, now: Instant, input: &'i [u8]) -> Result<Progress<Event<'i>>, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.closing {
            // The last word is said; what still comes is dropped.
            return Ok(Progress::new(input.len(), None));
        }
        if self.is_answering() {
            return Ok(Progress::new(0, None));
        }
        self.receive(now, input)
    }

    fn poll_transmit(&mut self, now: Instant) -> &[u8] {
        match self.outgoing.first() {
            None => return &[],
            Some(Outgoing::Answer(_)) => {}
            Some(&Outgoing::Pong(payload)) => self.packet = encode_ping(payload),
            Some(&Outgoing::Ping(payload)) => {
                self.packet = encode_ping(payload);
                let unsent = |ping: &&mut Outstanding| ping.sent.is_none() && ping.payload == payload;
                if self.sent == 0
                    && let Some(ping) = self.outstanding.iter_mut().find(unsent)
                {
                    ping.sent = Some(now);
                }
            }
        }
        let bytes = match self.outgoing.first() {
            Some(Outgoing::Answer(answer)) => answer.as_ref(),
            _ => &self.packet,
        };
        bytes.split_at_checked(self.sent).map_or(&[], |(_, rest)| rest)
    }

    fn handle_transmitted(&mut self, count: usize) {
        let total = match self.outgoing.first() {
            None => return,
            Some(Outgoing::Answer(answer)) => answer.as_ref().len(),
            Some(Outgoing::Pong(_) | Outgoing::Ping(_)) => PING_LEN,
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
        let frame = self.receive.frame_deadline(self.timeouts.frame);
        let legacy = self.receive.legacy_deadline(self.heard);
        earlier(Some(self.silence_deadline()), earlier(frame, legacy))
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<Option<Event<'static>>, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.receive.legacy_deadline(self.heard).is_some_and(|deadline| now >= deadline)
            && let Some(event) = self.end_of_legacy_ping()
        {
            return Ok(Some(event));
        }
        if self.receive.frame_deadline(self.timeouts.frame).is_some_and(|deadline| now >= deadline) {
            return Err(self.fail(Error::Timeout(Timeout::Frame(self.timeouts.frame))));
        }
        if now < self.silence_deadline() {
            return Ok(None);
        }
        match self.state {
            State::Status => Err(self.fail(Error::Timeout(Timeout::Status(self.timeouts.status)))),
            State::Default if self.probed => {
                let silent = self.timeouts.idle.saturating_add(self.timeouts.silence);
                Err(self.fail(Error::Timeout(Timeout::Silence(silent))))
            }
            State::Default => {
                self.probed = true;
                let payload = now.as_millis();
                // A client that owes four is being pinged already.
                Ok(self.ping(payload).is_ok().then_some(Event::IdlePing { payload }))
            }
        }
    }

    fn handle_eof(&mut self, _now: Instant) -> Result<Option<Event<'static>>, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.closing {
            return Ok(None);
        }
        if let Some(event) = self.end_of_legacy_ping() {
            return Ok(Some(event));
        }
        let complete = self.receive.end();
        self.closing = true;
        complete.map(|()| None).map_err(|closed| self.fail(Error::Closed(closed)))
    }

    fn is_finished(&self) -> bool {
        self.failed.is_some() || (self.closing && self.outgoing.is_empty())
    }
}

impl<A> Server<A> {
    /// Refusal of whatever needs an open connection
    ///
    /// # Errors
    /// [`Refused::Closed`] once the connection is over.
    pub const fn check_open(&self) -> Result<(), Refused> {
        if self.closing || self.failed.is_some() { Err(Refused::Closed) } else { Ok(()) }
    }
}
