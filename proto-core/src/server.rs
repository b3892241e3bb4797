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

use crate::error::{Error, Timeout};
use crate::legacy;
use crate::machine::{Machine, Progress, Timeouts, earlier};
use crate::packet::{NextState, PING_LEN, State, encode_ping};
use crate::queue::Queue;
use crate::seeded::seeded;
use crate::time::Instant;
use crate::wire::string::Chunk;

/// Pings that a client may owe (§3); a further one is not sent to it
pub const MAX_OUTSTANDING: usize = 4;

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

/// The answer that waits to be sent: one at a time
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Answer<A> {
    /// Response, Disconnect or legacy answer
    Given(A),
    Pong(i64),
}

/// What is being sent
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Sending {
    Nothing,
    /// A Ping of ours; its bytes are in `packet`
    Ping,
    /// The answer; where it is a Pong, its bytes are in `packet`
    Answer,
}

/// A Ping of ours that is not answered yet
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Unanswered {
    payload: i64,
    /// When its transmission began, if it has
    sent: Instant,
}

/// The times that a server waits, as microseconds: half the size of `Duration`, and there may be very many servers
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Waits {
    frame: u64,
    status: u64,
    idle: u64,
    silence: u64,
}

impl Waits {
    fn new(timeouts: Timeouts) -> Self {
        let micros = |duration| Instant::ZERO.saturating_add(duration).as_micros();
        Self {
            frame: micros(timeouts.frame),
            status: micros(timeouts.status),
            idle: micros(timeouts.idle),
            silence: micros(timeouts.silence),
        }
    }
}

/// The server's side of one connection
///
/// `A` is what answers are handed in as: `Arc<[u8]>` where many connections share them, `&'static [u8]` elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server<A> {
    waits: Waits,
    state: State,
    receive: receive::Receive,
    sending: Sending,
    /// Bytes sent of what is being sent
    sent: usize,
    /// The bytes of a small packet that is being sent
    packet: [u8; PING_LEN],
    answer: Option<Answer<A>>,
    /// How many of the pings that wait go before the answer: packets leave in the order of their causes
    ahead: u8,
    /// Pings of ours, oldest first; those whose transmission began come first
    pings: Queue<Unanswered, MAX_OUTSTANDING>,
    /// Of how many pings the transmission began: only these can be answered
    begun: u8,
    /// An event that awaits [`Server::respond`]
    awaiting: Option<Awaiting>,
    /// When the last byte came, at first when the connection began
    heard: Instant,
    /// When the client was pinged for its silence
    probed: Option<Instant>,
    warned: bool,
    closing: bool,
    failed: Option<Error>,
    #[cfg(feature = "seeded-faults")]
    fault: Option<crate::fault::Fault>,
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
            waits: Waits::new(timeouts),
            state: State::Default,
            receive: receive::Receive::new(legacy),
            sending: Sending::Nothing,
            sent: 0,
            packet: [0; PING_LEN],
            answer: None,
            ahead: 0,
            pings: Queue::new(),
            begun: 0,
            awaiting: None,
            heard: now,
            probed: None,
            warned: false,
            closing: false,
            failed: None,
            #[cfg(feature = "seeded-faults")]
            fault: None,
        }
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
        self.state
    }

    /// Answers [`Event::Request`], [`Event::Login`] or [`Event::LegacyPing`]; further input waits for it
    ///
    /// Returns whether there was something to answer; where not, the answer is dropped. An empty answer sends nothing.
    #[must_use = "an answer to nothing is dropped"]
    pub fn respond(&mut self, answer: A) -> bool {
        let Some(awaiting) = self.awaiting.take() else { return false };
        self.closing |= awaiting == Awaiting::Last;
        if !answer.as_ref().is_empty() {
            self.answer(Answer::Given(answer));
        }
        true
    }

    /// Pings the client (§3)
    ///
    /// # Errors
    /// [`Skipped`] says why it was left out; nothing has changed then.
    pub fn ping(&mut self, payload: i64) -> Result<(), Skipped> {
        if self.closing || self.failed.is_some() || self.awaiting == Some(Awaiting::Last) {
            return Err(Skipped::Closing);
        }
        if self.state != State::Default && !seeded!(self, PingInStatus) {
            return Err(Skipped::InStatus);
        }
        if seeded!(self, FifthOutstanding) && self.pings.len() == MAX_OUTSTANDING && self.pings.remove(0).is_some() {
            self.begun = self.begun.saturating_sub(1);
        }
        self.pings.push(Unanswered { payload, sent: Instant::ZERO }).map_err(|_| Skipped::Owing)
    }

    /// How many Pings of ours are unanswered
    #[must_use]
    pub const fn outstanding(&self) -> usize {
        self.pings.len()
    }

    /// Queues an answer behind the pings that wait; input waits until it is sent, so there is no other
    fn answer(&mut self, answer: Answer<A>) {
        self.ahead = u8::try_from(self.pings.len()).unwrap_or(u8::MAX).saturating_sub(self.begun);
        self.answer = Some(answer);
    }

    /// Whether input has to wait: one answer at a time, so nothing that a peer sends can pile up here
    const fn is_answering(&self) -> bool {
        self.awaiting.is_some() || self.answer.is_some()
    }

    /// Whether there is nothing to send, now or after [`Server::respond`]
    fn is_quiet(&self) -> bool {
        !self.is_answering() && self.sending == Sending::Nothing && usize::from(self.begun) == self.pings.len()
    }

    /// Chooses what to send next, if nothing is being sent
    fn begin_sending(&mut self, now: Instant) {
        if self.sending != Sending::Nothing {
            return;
        }
        match &self.answer {
            Some(answer) if self.ahead == 0 || seeded!(self, AnswerOvertakesPings) => {
                if let Answer::Pong(payload) = answer {
                    self.packet = encode_ping(*payload);
                }
                self.sending = Sending::Answer;
            }
            _ => {
                let Some(ping) = self.pings.get_mut(usize::from(self.begun)) else { return };
                ping.sent = now;
                self.packet = encode_ping(ping.payload);
                self.begun = self.begun.wrapping_add(1);
                self.ahead = self.ahead.saturating_sub(1);
                self.sending = Sending::Ping;
            }
        }
    }

    /// Id 01 in the default state, or an owed one in the status state: the answer to a Ping of ours, if it is one
    fn settle(&mut self, now: Instant, payload: i64) -> Option<Event<'static>> {
        let mut begun = self.pings.as_slice().iter().take(usize::from(self.begun));
        let index = begun.position(|ping| ping.payload == payload)?;
        let ping = self.pings.remove(index)?;
        self.begun = self.begun.saturating_sub(1);
        Some(Event::Pong { payload, rtt: now.saturating_since(ping.sent) })
    }

    /// Id 01: a Pong that is owed, else in the status state a Ping (§3)
    fn handle_ping(&mut self, now: Instant, payload: i64) -> Option<Event<'static>> {
        let owed =
            if seeded!(self, OwedPongEchoed) && self.state == State::Status { None } else { self.settle(now, payload) };
        if seeded!(self, EchoInDefault) && self.state == State::Default {
            self.answer(Answer::Pong(payload));
            return owed.or(Some(Event::Ping { payload }));
        }
        if let Some(pong) = owed {
            return Some(pong);
        }
        match self.state {
            State::Status => {
                if !seeded!(self, StaysInStatus) {
                    self.state = State::Default;
                }
                self.answer(Answer::Pong(payload));
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
        let (from, wait) = match (self.state, self.probed) {
            (State::Status, _) => (self.heard, self.waits.status),
            (State::Default, Some(probed)) => (probed, self.waits.silence),
            (State::Default, None) => (self.heard, self.waits.idle),
        };
        from.saturating_add(Duration::from_micros(wait))
    }

    /// When the frame that has been started must be complete
    fn frame_deadline(&self) -> Option<Instant> {
        self.receive.frame_deadline(Duration::from_micros(self.waits.frame))
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
        self.begin_sending(now);
        self.bytes().split_at_checked(self.sent).map_or(&[], |(_, rest)| rest)
    }

    fn handle_transmitted(&mut self, count: usize) {
        self.sent = self.sent.saturating_add(count);
        if self.sent < self.bytes().len() {
            return;
        }
        if self.sending == Sending::Answer {
            if seeded!(self, WaitsForEver) && matches!(self.answer, Some(Answer::Given(_))) {
                self.awaiting = Some(Awaiting::Response);
            }
            self.answer = None;
        }
        self.sending = Sending::Nothing;
        self.sent = 0;
    }

    fn poll_timeout(&self) -> Option<Instant> {
        if self.failed.is_some() {
            return None;
        }
        let frame = self.frame_deadline();
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
        if self.frame_deadline().is_some_and(|deadline| now >= deadline) {
            let limit = Duration::from_micros(self.waits.frame);
            return Err(self.fail(Error::Timeout(Timeout::Frame(limit))));
        }
        if now < self.silence_deadline() {
            return Ok(None);
        }
        match (self.state, self.probed) {
            (State::Status, _) => {
                let limit = Duration::from_micros(self.waits.status);
                Err(self.fail(Error::Timeout(Timeout::Status(limit))))
            }
            (State::Default, Some(_)) => {
                let silent = now.saturating_since(self.heard);
                Err(self.fail(Error::Timeout(Timeout::Silence(silent))))
            }
            (State::Default, None) => {
                if seeded!(self, ProbesForEver) {
                    self.heard = now;
                } else {
                    self.probed = Some(now);
                }
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
        let complete = if seeded!(self, ServerOverlooksCut) { Ok(()) } else { self.receive.end() };
        self.closing = true;
        complete.map(|()| None).map_err(|closed| self.fail(Error::Closed(closed)))
    }

    fn is_finished(&self) -> bool {
        self.failed.is_some() || (self.closing && self.is_quiet())
    }
}

impl<A: AsRef<[u8]>> Server<A> {
    /// All bytes of what is being sent
    fn bytes(&self) -> &[u8] {
        match (self.sending, &self.answer) {
            (Sending::Nothing, _) => &[],
            (Sending::Answer, Some(Answer::Given(answer))) => answer.as_ref(),
            (Sending::Answer | Sending::Ping, _) => &self.packet,
        }
    }
}
