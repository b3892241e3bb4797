//! One client's connection: bytes between its socket and its machine
//!
//! A state machine that [`drive`](super::drive) polls, no task of its own: a task of the runtime's takes several times the
//! memory of what is held here. It owns no buffer while it waits: bytes are read into one that all connections share, and
//! the machine takes them all. Only where it may not (an answer has to go out first, the front end is behind) is what is
//! left kept until it may, in `Rare`, which exists only as long as it is needed.
//!
//! What an idle connection holds on a 64-bit Linux, in bytes, without what the allocator adds:
//!
//! | what | where | bytes |
//! | --- | --- | --- |
//! | machine | here | 280 |
//! | socket, address, round-trip time, flags | here | 96 |
//! | registration with the system's queue of events | tokio | 256 |
//! | waker | [`ready`](super::ready) | 32 |
//! | place in the list | [`registry`](super::registry) | 40 |
//! | deadline | [`deadlines`](super::deadlines) | 20 |
//!
//! It sets no timer and closes nothing itself: it says when it wants to be rung and why it is over.

mod over;
mod socket;
mod translate;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::hint::black_box;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use proto_core::server::Skipped;
use proto_core::{Instant, Machine as _, Timeouts};
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

pub(super) use self::over::Over;
use self::over::{Ended, Linger};
use self::socket::Socket;
use super::Shared;
use super::document::Answer;
use super::event::{Client, Event};
use crate::config;

/// Bytes read at once; more than any frame to a server has
const READ: usize = 2_048;

/// Reads, or answers to one of them, after which others have their turn: a client that never pauses must not keep the
/// thread
const TURN: u32 = 16;

/// Room that all connections share, each while it is polled
pub(super) struct Scratch {
    buffer: [u8; READ],
    /// The server address of the Handshake that is coming in
    address: String,
    /// The time as all have it that measure none: reading the clock costs as much as handling a ping
    now: Instant,
    /// Whether answers are sent, and not kept until all others have been read
    answers: bool,
}

impl Scratch {
    pub(super) const fn new() -> Self {
        Self { buffer: [0; READ], address: String::new(), now: Instant::ZERO, answers: false }
    }

    /// Connections are polled from `now` on, to be read
    pub(super) const fn begin(&mut self, now: Instant) {
        self.now = now;
        self.answers = false;
    }

    /// They are polled again, to be answered
    pub(super) const fn answer(&mut self) {
        self.answers = true;
    }

    /// Forgets what a connection left that could not come to its end
    pub(super) fn clear(&mut self) {
        self.address.clear();
    }
}

/// A client, its socket and where both stand
pub(super) struct Connection<S = TcpStream> {
    machine: proto_core::Server<Answer>,
    stream: S,
    address: SocketAddr,
    rtt: Option<Duration>,
    rare: Option<Box<Rare>>,
    /// Why the connection ends when all is sent, where the machine ended it in good order
    ended: Option<Ended>,
    /// Turn to the machine before the socket, even if nothing is unread: it may have something to send, or stopped at an
    /// event and its last bytes lead to another
    resume: bool,
    /// The client sends no more
    eof: bool,
    /// A deadline has come
    rang: bool,
}

#[cfg(all(target_os = "linux", target_pointer_width = "64", not(debug_assertions)))]
const _: () = assert!(size_of::<Connection>() <= 376, "as the table above says");

/// What a connection needs at times; without memory nearly always
#[derive(Default)]
struct Rare {
    /// Bytes read that the machine could not take yet
    unread: Vec<u8>,
    /// The first pieces of a Handshake's address whose end has not come
    address: String,
    /// The front end is behind, and this is over when it has taken the event
    telling: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    linger: Option<Linger>,
}

/// What a connection may still do until others have their turn
struct Turn {
    /// Reads, or answers to one of them
    left: u32,
    /// Whether it may answer what it has read last
    answers: bool,
}

/// What the pump waits for
enum Pumped {
    /// The socket, a deadline or a command
    Idle,
    /// The front end is behind with this event
    Behind(Event),
    /// Nothing, but others want their turn
    Again,
    /// Its turn to be answered
    Later,
    /// Nothing more
    Over(Over),
}

impl<S: Socket> Connection<S> {
    pub(super) fn new(stream: S, address: SocketAddr, now: Instant, config: &config::Server) -> Self {
        let timeouts = Timeouts {
            frame: config.frame_timeout,
            status: config.status_timeout,
            idle: config.ping_after,
            silence: config.silence_timeout,
            ..Timeouts::DEFAULT
        };
        Self {
            machine: proto_core::Server::new(now, timeouts, config.legacy),
            stream,
            address,
            rtt: None,
            rare: None,
            ended: None,
            resume: false,
            eof: false,
            rang: false,
        }
    }

    /// Its row of `list`
    pub(super) const fn client(&self) -> Client {
        Client { address: self.address, state: self.machine.state(), rtt: self.rtt }
    }

    /// Has memory deliver what [`Self::poll`] is about to use
    pub(super) fn fetch(&self) {
        // They lie in all lines of the cache that an exchange uses.
        black_box((self.deadline(), self.machine.outstanding(), self.resume));
    }

    /// Whether there is something to do for it before its socket is looked at, an answer to be sent most of all
    pub(super) const fn resumes(&self) -> bool {
        self.resume
    }

    /// Gives the machine a ping; sent when the connection is polled
    ///
    /// # Errors
    /// Why this client is left out.
    pub(super) fn ping(&mut self, payload: i64) -> Result<(), Skipped> {
        self.machine.ping(payload)?;
        self.resume = true;
        Ok(())
    }

    /// When it wants to be [rung](Self::ring)
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.lingering() {
            _ if self.rang => None,
            Some(linger) => Some(linger.until),
            None => self.machine.poll_timeout(),
        }
    }

    /// The deadline has come: what is due is done when the connection is polled
    pub(super) const fn ring(&mut self) {
        self.rang = true;
    }

    fn lingering(&self) -> Option<&Linger> {
        self.rare.as_ref().and_then(|rare| rare.linger.as_ref())
    }

    /// Whether it only waits for the client to take the last answer
    pub(super) fn is_lingering(&self) -> bool {
        self.lingering().is_some()
    }

    /// Goes on as far as it can without waiting; why the connection is over, when it is
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, shared: &Shared, scratch: &mut Scratch) -> Poll<Over> {
        let polled = self.poll_open(cx, shared, scratch);
        // What was kept for the next time, and the room of what is kept no longer, or both in the rarest case.
        if !scratch.address.is_empty() {
            self.rare.get_or_insert_default().address.push_str(&scratch.address);
            scratch.address.clear();
        }
        if self.rare.as_ref().is_some_and(|rare| rare.is_empty()) {
            self.rare = None;
        }
        polled
    }

    fn poll_open(&mut self, cx: &mut Context<'_>, shared: &Shared, scratch: &mut Scratch) -> Poll<Over> {
        loop {
            if let Some(rare) = &mut self.rare {
                if let Some(linger) = &mut rare.linger {
                    return linger.poll(cx, &mut self.stream, self.rang, &mut scratch.buffer);
                }
                if let Some(telling) = &mut rare.telling {
                    ready!(telling.as_mut().poll(cx));
                    rare.telling = None;
                }
                scratch.address.push_str(&rare.address);
                rare.address.clear();
            }
            let behind = match self.pump(cx, shared, scratch) {
                Pumped::Over(over) => match Linger::begin(over, cx, &mut self.stream, shared) {
                    Ok(linger) => {
                        self.rang = false;
                        self.rare.get_or_insert_default().linger = Some(linger);
                        continue;
                    }
                    Err(over) => return Poll::Ready(over),
                },
                Pumped::Again => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Pumped::Behind(event) => Some(event),
                // Only here, where all that has come is read: what came in time counts even where this is late.
                Pumped::Idle if std::mem::take(&mut self.rang) => match self.time_out(shared) {
                    Ok(event) => event.and_then(|event| shared.events.try_send(event).err()),
                    Err(error) => return Poll::Ready(Over::Failed(error)),
                },
                Pumped::Idle | Pumped::Later => return Poll::Pending,
            };
            if let Some(event) = behind {
                let events = shared.events.clone();
                self.rare.get_or_insert_default().telling = Some(Box::pin(async move { events.send(event).await }));
            }
        }
    }

    /// What is due at this time, and what of it the front end is told
    fn time_out(&mut self, shared: &Shared) -> Result<Option<Event>, proto_core::Error> {
        let heard = self.machine.handle_timeout(shared.clock.now())?;
        self.resume = true;
        Ok(heard.and_then(|heard| self.translate(heard, &mut String::new(), shared)))
    }

    /// Moves bytes both ways until the socket or the front end has to be waited for
    fn pump(&mut self, cx: &mut Context<'_>, shared: &Shared, scratch: &mut Scratch) -> Pumped {
        let Scratch { buffer, address, now, answers } = scratch;
        let mut turn = Turn { left: TURN, answers: *answers };
        if self.resume || self.rare.as_ref().is_some_and(|rare| !rare.unread.is_empty()) {
            let mut unread = self.rare.as_mut().map(|rare| std::mem::take(&mut rare.unread)).unwrap_or_default();
            let mut rest = unread.as_slice();
            let taken = self.take(cx, self.time(now, shared), &mut rest, address, shared, &mut turn);
            let consumed = unread.len() - rest.len();
            unread.drain(..consumed);
            if let Some(pumped) = self.keep(taken, unread) {
                return pumped;
            }
        }
        while turn.left > 0 {
            turn.left -= 1;
            if self.eof {
                return Pumped::Idle;
            }
            let mut rest = match self.read(cx, buffer) {
                Poll::Pending => return Pumped::Idle,
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => continue,
                Poll::Ready(Err(error)) => return Pumped::Over(Over::Broken(error)),
                Poll::Ready(Ok(count)) => buffer.get(..count).unwrap_or_default(),
            };
            let now = self.time(now, shared);
            if rest.is_empty() {
                self.eof = true;
                self.resume = true;
                match self.machine.handle_eof(now) {
                    Ok(heard) => {
                        if let Some(event) = heard.and_then(|heard| self.translate(heard, address, shared))
                            && let Err(event) = shared.events.try_send(event)
                        {
                            return Pumped::Behind(event);
                        }
                    }
                    Err(error) => return Pumped::Over(Over::Failed(error)),
                }
            }
            let taken = self.take(cx, now, &mut rest, address, shared, &mut turn);
            if let Some(pumped) = self.keep(taken, rest) {
                return pumped;
            }
        }
        Pumped::Again
    }

    /// The time: `now`, and exactly where a ping is being sent or answered
    fn time(&self, now: &mut Instant, shared: &Shared) -> Instant {
        if self.machine.outstanding() > 0 {
            *now = shared.clock.now();
        }
        *now
    }

    /// Reads what there is; where a deadline has come, also what the runtime has not heard of yet
    ///
    /// After a time in which nothing ran, a deadline may come before the socket has been looked at.
    fn read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut read = ReadBuf::new(buffer);
        match Pin::new(&mut self.stream).poll_read(cx, &mut read) {
            Poll::Ready(result) => Poll::Ready(result.map(|()| read.filled().len())),
            Poll::Pending if self.rang => match self.stream.read_unheard(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
                result => Poll::Ready(result),
            },
            Poll::Pending => Poll::Pending,
        }
    }

    /// Keeps what could not be taken; `None` where there is nothing to wait for
    fn keep(&mut self, taken: Option<Pumped>, rest: impl Into<Vec<u8>> + AsRef<[u8]>) -> Option<Pumped> {
        if !rest.as_ref().is_empty() {
            self.rare.get_or_insert_default().unread = rest.into();
        }
        taken
    }

    /// Offers the machine `input` and sends what it answers, one answer after the other, until all of it is taken; the
    /// last one only where the turn is one to answer
    ///
    /// `None` where it is and nothing has to be waited for before more is read; else what is left is in `input`.
    fn take(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        input: &mut &[u8],
        address: &mut String,
        shared: &Shared,
        turn: &mut Turn,
    ) -> Option<Pumped> {
        let mut offer = std::mem::take(&mut self.resume);
        loop {
            if !input.is_empty() || std::mem::take(&mut offer) {
                match self.feed(now, input, address, shared) {
                    Ok(None) => {}
                    Ok(Some(event)) => {
                        self.resume = true;
                        return Some(Pumped::Behind(event));
                    }
                    Err(error) => return Some(Pumped::Over(Over::Failed(error))),
                }
            }
            // Where more is unread it would have to be kept, which costs more than to wait saves.
            if input.is_empty() && !turn.answers {
                self.resume = true;
                return Some(Pumped::Later);
            }
            match self.transmit(cx, now) {
                Ok(all) => self.resume = !all,
                Err(error) => return Some(Pumped::Over(Over::Broken(error))),
            }
            if self.machine.is_finished() {
                return Some(Pumped::Over(self.ended.map_or(Over::Closed, Over::Ended)));
            }
            if input.is_empty() {
                return None;
            }
            // Nothing more is read before what waits is written.
            if self.resume {
                return Some(Pumped::Idle);
            }
            turn.left = turn.left.saturating_sub(1);
            if turn.left == 0 {
                return Some(Pumped::Again);
            }
        }
    }

    /// Offers `input` to the machine until it takes no more; returns the event that the front end has no room for
    fn feed(
        &mut self,
        now: Instant,
        input: &mut &[u8],
        address: &mut String,
        shared: &Shared,
    ) -> Result<Option<Event>, proto_core::Error> {
        loop {
            let progress = self.machine.handle_input(now, input)?;
            *input = input.get(progress.consumed..).unwrap_or_default();
            let Some(heard) = progress.event else { return Ok(None) };
            if let Some(event) = self.translate(heard, address, shared)
                && let Err(event) = shared.events.try_send(event)
            {
                return Ok(Some(event));
            }
        }
    }

    /// Sends what the machine has to send; whether all of it went
    fn transmit(&mut self, cx: &mut Context<'_>, now: Instant) -> io::Result<bool> {
        loop {
            let bytes = self.machine.poll_transmit(now);
            if bytes.is_empty() {
                return Ok(true);
            }
            match Pin::new(&mut self.stream).poll_write(cx, bytes) {
                Poll::Ready(Ok(count)) => self.machine.handle_transmitted(count),
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(false),
            }
        }
    }
}

impl Rare {
    fn is_empty(&self) -> bool {
        self.unread.is_empty() && self.address.is_empty() && self.telling.is_none() && self.linger.is_none()
    }
}
