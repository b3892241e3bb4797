//! What both machines have in common: how a driver moves bytes, time and events
//!
//! The rules themselves are in [`crate::client`] and [`crate::server`]; a driver that serves both is written over
//! [`Machine`].
//!
//! It moves no byte itself, reads no clock and holds no rule but the lengths of the waits.

use core::time::Duration;

use crate::error::Error;
use crate::time::Instant;

/// What one call of [`Machine::handle_input`] did
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "bytes that were not consumed must be offered again, and an event is told once"]
pub struct Progress<E> {
    /// How many of the bytes offered were taken
    pub consumed: usize,
    /// What they led to; where `Some`, call again with the rest, even if none is left
    pub event: Option<E>,
}

impl<E> Progress<E> {
    pub(crate) const fn new(consumed: usize, event: Option<E>) -> Self {
        Self { consumed, event }
    }
}

/// A state machine without sockets, clock or allocator
///
/// The driver's loop, whatever moves its bytes:
/// 1. Offer what was read to [`handle_input`](Self::handle_input), again and again with the bytes that are left,
///    until it returns no event. Bytes left then wait for 2.
/// 2. Send what [`poll_transmit`](Self::poll_transmit) returns, tell [`handle_transmitted`](Self::handle_transmitted)
///    how much was sent, until nothing is returned.
/// 3. Sleep until there is input or [`poll_timeout`](Self::poll_timeout), and then call
///    [`handle_timeout`](Self::handle_timeout).
///
/// An [`Error`] from any of them ends the connection; what is still to be transmitted need not be.
pub trait Machine {
    /// What happened; borrows from the input
    type Event<'i>;

    /// Takes bytes that came in at `now`
    ///
    /// Stops behind each event, so at most one is returned. Consumes every byte offered unless an event stops it or an
    /// answer has to be transmitted first.
    ///
    /// # Errors
    /// The rule that the peer broke, and where.
    fn handle_input<'i>(&mut self, now: Instant, input: &'i [u8]) -> Result<Progress<Self::Event<'i>>, Error>;

    /// The bytes to send next; empty where there is nothing to send
    ///
    /// One answer, or the packets that belong into one write, at a time. Returns the same bytes until
    /// [`handle_transmitted`](Self::handle_transmitted) is told. `now` is the time that round trips are measured from.
    #[must_use]
    fn poll_transmit(&mut self, now: Instant) -> &[u8];

    /// The first `count` bytes of what [`poll_transmit`](Self::poll_transmit) returned have been sent
    fn handle_transmitted(&mut self, count: usize);

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called, if at all
    ///
    /// May change with each other call. Where a driver calls earlier or later, nothing breaks.
    #[must_use]
    fn poll_timeout(&self) -> Option<Instant>;

    /// Time has come to `now`: does what is due
    ///
    /// # Errors
    /// What did not come in time.
    fn handle_timeout(&mut self, now: Instant) -> Result<Option<Self::Event<'static>>, Error>;

    /// The peer will send no more
    ///
    /// To be called when every byte that came before has been consumed, not while some wait for an answer to be
    /// transmitted: what is offered later may be dropped.
    /// What is to be transmitted still may be: the peer may have closed its own direction only.
    ///
    /// # Errors
    /// In the middle of what it closed.
    fn handle_eof(&mut self, now: Instant) -> Result<Option<Self::Event<'static>>, Error>;

    /// Whether the connection should be closed: all that there was to say has been said
    #[must_use]
    fn is_finished(&self) -> bool;
}

/// How long to wait for a peer (PROTOCOL.md §3)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timeouts {
    /// Both sides: from the first byte of a frame to its last; 10 s
    pub frame: Duration,
    /// Server: without a byte in the status state; 30 s
    pub status: Duration,
    /// Server: without a byte in the default state before the client is pinged; 15 s
    pub idle: Duration,
    /// Server: without a byte after that ping; 30 s
    pub silence: Duration,
    /// Client: from the request to the end of the Response; 5 s
    pub response: Duration,
    /// Client: from the Ping to the Pong; 5 s
    pub pong: Duration,
}

impl Timeouts {
    /// The times that PROTOCOL.md §3 names
    pub const DEFAULT: Self = Self {
        frame: Duration::from_secs(10),
        status: Duration::from_secs(30),
        idle: Duration::from_secs(15),
        silence: Duration::from_secs(30),
        response: Duration::from_secs(5),
        pong: Duration::from_secs(5),
    };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The earlier of two deadlines, where there are any
pub(crate) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
