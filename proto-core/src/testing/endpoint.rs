//! One machine, what is on its way to it, and what happened to it
//!
//! It moves no byte to another machine and lets no time pass: that is for [`super::Pair`].

extern crate std;

use std::collections::VecDeque;
use std::string::String;
use std::vec::Vec;

use super::Bytes;
use crate::client::{self, Client};
use crate::error::Error;
use crate::machine::Machine;
use crate::server::{self, Server};
use crate::time::Instant;
use crate::wire::string::Chunk;

/// What happened to a machine, free of borrows
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened<E> {
    /// Pieces of text that came one after the other, put together
    Text(String),
    /// Any other event
    Event(E),
    /// The connection is over
    Failed(Error),
}

/// What happened, and when
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<E> {
    /// When
    pub at: Instant,
    /// What
    pub what: Happened<E>,
}

/// What a server answers with, encoded
#[derive(Clone, Debug)]
pub struct Answers {
    /// To a Request
    pub response: Bytes,
    /// To a login
    pub disconnect: Bytes,
    /// To a ping from before 1.7
    pub legacy: Bytes,
}

/// A machine whose events can be kept, and answered
pub trait Subject: Machine {
    /// The event without its borrow, or the piece of text that it is
    ///
    /// # Errors
    /// The piece of text.
    fn detach(event: Self::Event<'_>) -> Result<Self::Event<'static>, Chunk<'_>>;

    /// Answers an event that waits for it
    fn answer(&mut self, event: &Self::Event<'static>, answers: &Answers);
}

impl Subject for Client {
    fn detach(event: Self::Event<'_>) -> Result<Self::Event<'static>, Chunk<'_>> {
        use client::Event as E;
        Ok(match event {
            E::ResponseChunk(chunk) => return Err(chunk),
            E::ResponseBegin { bytes } => E::ResponseBegin { bytes },
            E::ResponseEnd(end) => E::ResponseEnd(end),
            E::Pong { payload, rtt } => E::Pong { payload, rtt },
            E::PongMismatch { sent, got } => E::PongMismatch { sent, got },
            E::ServerPing { payload } => E::ServerPing { payload },
            E::ServerRequest => E::ServerRequest,
            E::AbandonedResponse => E::AbandonedResponse,
            E::AbandonedPong { payload } => E::AbandonedPong { payload },
            E::UnknownPacket { id, body } => E::UnknownPacket { id, body },
            E::TrailingBytes { id, count } => E::TrailingBytes { id, count },
            E::TimedOut { missing, limit } => E::TimedOut { missing, limit },
        })
    }

    fn answer(&mut self, _event: &client::Event<'static>, _answers: &Answers) {}
}

impl Subject for Server<Bytes> {
    fn detach(event: Self::Event<'_>) -> Result<Self::Event<'static>, Chunk<'_>> {
        use server::Event as E;
        Ok(match event {
            E::Address(chunk) => return Err(chunk),
            E::Handshake { protocol_version, server_port, next_state } => {
                E::Handshake { protocol_version, server_port, next_state }
            }
            E::Request => E::Request,
            E::Login => E::Login,
            E::LegacyPing(kind) => E::LegacyPing(kind),
            E::Ping { payload } => E::Ping { payload },
            E::Pong { payload, rtt } => E::Pong { payload, rtt },
            E::UnexpectedPong { payload } => E::UnexpectedPong { payload },
            E::UnknownPacket { id, body } => E::UnknownPacket { id, body },
            E::IdlePing { payload } => E::IdlePing { payload },
        })
    }

    fn answer(&mut self, event: &server::Event<'static>, answers: &Answers) {
        let answer = match event {
            server::Event::Request => &answers.response,
            server::Event::Login => &answers.disconnect,
            server::Event::LegacyPing(_) => &answers.legacy,
            _ => return,
        };
        let _answered = self.respond(answer.clone());
    }
}

/// Bytes on their way to one side
#[derive(Clone, Debug)]
pub struct Incoming {
    bytes: VecDeque<u8>,
    capacity: usize,
    closed: bool,
    eof_told: bool,
}

impl Incoming {
    /// Puts bytes behind those on their way, whatever the capacity: the other side's machine has no say in it
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// A copy of what is on its way
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        self.bytes.iter().copied().collect()
    }

    /// How many bytes are on their way
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing is on its way
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What is on its way is lost
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// After what is on its way comes the end
    pub fn close(&mut self) {
        self.closed = true;
    }

    fn room(&self) -> usize {
        if self.closed { 0 } else { self.capacity.saturating_sub(self.bytes.len()) }
    }
}

/// One machine, what is on its way to it, and what happened to it
#[derive(Clone, Debug)]
pub struct Endpoint<M: Subject> {
    /// The machine
    pub machine: M,
    /// Bytes on their way to it
    pub incoming: Incoming,
    /// What happened, oldest first
    pub log: Vec<Entry<M::Event<'static>>>,
    /// All bytes that it transmitted, whether they arrived or not
    pub sent: Vec<u8>,
    /// What it answers with
    pub answers: Answers,
    /// Whether events are answered at once; where not, the test calls [`Server::respond`] itself
    pub answering: bool,
}

impl<M: Subject> Endpoint<M>
where
    M::Event<'static>: Clone,
{
    pub(super) const fn new(machine: M, answers: Answers, capacity: usize) -> Self {
        let incoming = Incoming { bytes: VecDeque::new(), capacity, closed: false, eof_told: false };
        Self { machine, incoming, log: Vec::new(), sent: Vec::new(), answers, answering: true }
    }

    /// What happened, without the times
    #[must_use]
    pub fn happened(&self) -> Vec<Happened<M::Event<'static>>> {
        self.log.iter().map(|entry| entry.what.clone()).collect()
    }

    /// The events alone, without texts and times
    #[must_use]
    pub fn events(&self) -> Vec<M::Event<'static>> {
        let event = |entry: &Entry<M::Event<'static>>| match &entry.what {
            Happened::Event(event) => Some(event.clone()),
            Happened::Text(_) | Happened::Failed(_) => None,
        };
        self.log.iter().filter_map(event).collect()
    }

    /// The error that ended the connection, if one did
    #[must_use]
    pub fn failure(&self) -> Option<Error> {
        self.log.iter().find_map(|entry| match entry.what {
            Happened::Failed(error) => Some(error),
            _ => None,
        })
    }

    /// Puts `bytes` on their way, delivers them in one piece, and drops what is transmitted into [`sent`](Self::sent)
    ///
    /// What has to wait for an answer to be transmitted is delivered after it. For tests that play the other side.
    pub fn offer(&mut self, now: Instant, bytes: &[u8]) {
        self.incoming.push(bytes);
        self.settle(now);
    }

    /// Delivers and transmits until nothing moves; what is transmitted is only kept in [`sent`](Self::sent)
    pub fn settle(&mut self, now: Instant) {
        while self.deliver(now, usize::MAX).saturating_add(self.drain(now, usize::MAX)) > 0 {}
    }

    /// Transmits up to `limit` bytes to nobody; tells how many
    pub fn drain(&mut self, now: Instant, limit: usize) -> usize {
        let mut nobody = Incoming { bytes: VecDeque::new(), capacity: usize::MAX, closed: false, eof_told: false };
        self.transmit(now, &mut nobody, limit)
    }

    /// Moves up to `limit` bytes that the machine has to send; tells how many
    pub(super) fn transmit(&mut self, now: Instant, to: &mut Incoming, limit: usize) -> usize {
        let mut moved: usize = 0;
        loop {
            let room = to.room().min(limit.saturating_sub(moved));
            if room == 0 {
                // A transport that takes nothing is not asked: polling is when a round trip begins.
                return moved;
            }
            let bytes = self.machine.poll_transmit(now);
            let count = bytes.len().min(room);
            if count == 0 {
                return moved;
            }
            to.bytes.extend(bytes.iter().take(count));
            self.sent.extend(bytes.iter().take(count));
            self.machine.handle_transmitted(count);
            moved = moved.saturating_add(count);
        }
    }

    /// Delivers up to `count` bytes in one piece; tells how many were consumed
    ///
    /// The end of the stream counts as nothing, and is told when all before it has been consumed.
    pub fn deliver(&mut self, now: Instant, count: usize) -> usize {
        let waiting = &*self.incoming.bytes.make_contiguous();
        let piece = waiting.split_at_checked(count).map_or(waiting, |(piece, _)| piece).to_vec();
        let mut rest = piece.as_slice();
        while self.failure().is_none() {
            let (consumed, event) = match self.machine.handle_input(now, rest) {
                Ok(progress) => (progress.consumed, progress.event.map(M::detach)),
                Err(error) => {
                    self.note(now, Happened::Failed(error));
                    break;
                }
            };
            rest = rest.split_at_checked(consumed).map_or(&[], |(_, rest)| rest);
            match event {
                None => break,
                Some(Ok(event)) => self.happen(now, event),
                Some(Err(chunk)) => self.note(now, Happened::Text(chunk.as_str(&mut [0; 4]).into())),
            }
        }
        let consumed = piece.len().saturating_sub(rest.len());
        let consumed = if self.failure().is_some() { piece.len() } else { consumed };
        self.incoming.bytes.drain(..consumed);
        if self.incoming.closed && self.incoming.is_empty() && !self.incoming.eof_told && self.failure().is_none() {
            self.incoming.eof_told = true;
            let outcome = self.machine.handle_eof(now);
            self.take(now, outcome);
        }
        consumed
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.machine.is_finished() { None } else { self.machine.poll_timeout() }
    }

    /// Fires what is due
    pub fn fire(&mut self, now: Instant) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            let outcome = self.machine.handle_timeout(now);
            self.take(now, outcome);
        }
    }

    fn take(&mut self, now: Instant, outcome: Result<Option<M::Event<'static>>, Error>) {
        match outcome {
            Ok(None) => {}
            Ok(Some(event)) => self.happen(now, event),
            Err(error) => self.note(now, Happened::Failed(error)),
        }
    }

    fn happen(&mut self, now: Instant, event: M::Event<'static>) {
        if self.answering {
            self.machine.answer(&event, &self.answers);
        }
        self.note(now, Happened::Event(event));
    }

    fn note(&mut self, at: Instant, what: Happened<M::Event<'static>>) {
        if let (Happened::Text(more), Some(Entry { what: Happened::Text(text), .. })) = (&what, self.log.last_mut()) {
            text.push_str(more);
        } else {
            self.log.push(Entry { at, what });
        }
    }
}
