//! Drivers over embedded-io's traits: a machine, a transport and a clock put together
//!
//! A [`Driver`] moves bytes between any [`Machine`] and any transport that implements embedded-io's `Read` and `Write`
//! (feature `embedded-io`: `Driver::step`) or their async twins (feature `embedded-io-async`:
//! `Driver::step_async`). It decides nothing: each rule is the machine's. It does not connect, accept, resolve, sleep
//! or retry, and it has no executor, no timer and no buffer of its own; the one that reads go into is lent by the caller.
//!
//! # Deadlines
//! The protocol's time-outs are the machine's, so someone has to wake up for [`Driver::deadline`].
//! * Blocking: give the transport a read time-out. A read that fails with `TimedOut` or `Interrupted` counts as one that
//!   brought nothing, and every step fires what is due.
//! * Async: race `Driver::step_async` against your timer set to [`Driver::deadline`], drop the loser and step again: a
//!   step begins with what is due. A step that was dropped loses nothing as long as the transport's `read`, `write`
//!   and `flush` are cancel-safe themselves **and the next step is lent the same buffer, untouched**: what was read and not consumed is
//!   still in it.
//!
//! # Example
//! ```
//! # #[cfg(feature = "embedded-io")] {
//! use core::convert::Infallible;
//! use proto_core::io::{Driver, Step};
//! use proto_core::{Client, Instant, client};
//!
//! /// A server of few words: it has said everything before it was asked
//! struct Canned(&'static [u8]);
//!
//! # impl embedded_io::ErrorType for Canned { type Error = Infallible; }
//! impl embedded_io::Read for Canned {
//!     fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
//!         self.0.read(buffer)
//!     }
//! }
//! impl embedded_io::Write for Canned {
//!     fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
//!         Ok(bytes.len())
//!     }
//! #   fn flush(&mut self) -> Result<(), Infallible> { Ok(()) }
//! }
//!
//! let mut client = Client::new(&client::Config::new("example.org", 25_565))?;
//! client.ping(Instant::ZERO, 7)?;
//! let transport = Canned(b"\x04\x00\x02{}\x09\x01\0\0\0\0\0\0\0\x07");
//! let mut driver = Driver::new(client, transport, || Instant::ZERO);
//! let (mut buffer, mut ponged) = ([0; 16], false);
//! while !ponged {
//!     let step = driver.step(&mut buffer, |_client, event| ponged |= matches!(event, client::Event::Pong { .. }))?;
//!     assert_eq!(step, Step::Open);
//! }
//! # }
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

#[cfg(feature = "embedded-io-async")]
mod asynchronous;
#[cfg(feature = "embedded-io")]
mod blocking;

use core::fmt;

use crate::machine::Machine;
use crate::time::Instant;

/// What ended a driver's work, by blame
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Error<E> {
    /// The peer broke a rule, was silent for too long, or left at the wrong moment
    Connection(crate::Error),
    /// The transport failed
    Transport(E),
    /// The transport took no byte of those it was given, and did not say why
    WriteZero,
}

impl<E> From<crate::Error> for Error<E> {
    fn from(error: crate::Error) -> Self {
        Self::Connection(error)
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(error) => error.fmt(f),
            Self::Transport(error) => write!(f, "the transport failed: {error}"),
            Self::WriteZero => f.write_str("the transport takes no more bytes"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Connection(error) => Some(error),
            Self::Transport(error) => Some(error),
            Self::WriteZero => None,
        }
    }
}

/// What to do next
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a finished connection is to be closed, and one that waits for an answer to be answered, not just stepped"]
pub enum Step {
    /// Step again
    Open,
    /// Answer, then step again: nothing can be read before [`Server::respond`](crate::Server::respond)
    ///
    /// Another step returns at once and brings nothing but what is due, so whoever only steps turns in circles: wait
    /// for the answer or for [`Driver::deadline`], whichever comes first. Comes only where `on_event` leaves an event
    /// unanswered, and not before there is input behind it or the stream has ended.
    Waiting,
    /// All has been said and sent: close the transport
    Finished,
}

/// A machine and its transport
///
/// `C` tells the time: the same origin for all calls, and never backwards.
#[derive(Clone, Debug)]
pub struct Driver<M, T, C> {
    machine: M,
    transport: T,
    clock: C,
    /// Where in the lent buffer bytes wait that the machine has not consumed
    waiting: (usize, usize),
    /// Whether the machine has been told that the stream ended
    ended: bool,
    /// Whether something was written and not flushed since: kept here, for a step may be dropped while it flushes
    needs_flush: bool,
}

impl<M: Machine, T, C: FnMut() -> Instant> Driver<M, T, C> {
    /// Puts them together; moves no byte yet
    #[must_use]
    pub const fn new(machine: M, transport: T, clock: C) -> Self {
        Self { machine, transport, clock, waiting: (0, 0), ended: false, needs_flush: false }
    }

    /// The machine: for its state
    #[must_use]
    pub const fn machine(&self) -> &M {
        &self.machine
    }

    /// The machine: for commands; what they queue is sent by the next step
    #[must_use]
    pub const fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// The time, as the driver tells it to the machine
    pub fn now(&mut self) -> Instant {
        (self.clock)()
    }

    /// When the next step is due even if no byte comes
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.machine.poll_timeout()
    }

    /// Takes them apart: the machine, and the transport to be closed
    #[must_use]
    pub fn into_parts(self) -> (M, T) {
        (self.machine, self.transport)
    }

    /// Fires what is due
    fn fire(&mut self, on_event: &mut impl FnMut(&mut M, M::Event<'_>)) -> Result<(), crate::Error> {
        let now = (self.clock)();
        // One that is fired has moved or gone, so this ends; the bound is for a machine that says otherwise.
        for _ in 0..8 {
            if self.machine.poll_timeout().is_none_or(|deadline| now < deadline) {
                break;
            }
            if let Some(event) = self.machine.handle_timeout(now)? {
                on_event(&mut self.machine, event);
            }
        }
        Ok(())
    }

    const fn is_waiting(&self) -> bool {
        self.waiting.0 < self.waiting.1
    }

    /// Offers what waits in `buffer`, until there is no event; tells whether anything came of it
    fn feed(&mut self, buffer: &[u8], on_event: &mut impl FnMut(&mut M, M::Event<'_>)) -> Result<bool, crate::Error> {
        let mut moved = false;
        loop {
            let (start, end) = self.waiting;
            let input = buffer.get(start..end).unwrap_or(&[]);
            let progress = self.machine.handle_input((self.clock)(), input)?;
            self.waiting = (start.saturating_add(progress.consumed), end);
            moved |= progress.consumed > 0;
            let Some(event) = progress.event else { return Ok(moved) };
            moved = true;
            on_event(&mut self.machine, event);
        }
    }

    /// Takes note of a read of `count` bytes, of none at the end of the stream
    fn note_read(
        &mut self,
        count: usize,
        buffer: &[u8],
        on_event: &mut impl FnMut(&mut M, M::Event<'_>),
    ) -> Result<(), crate::Error> {
        self.waiting = (0, count.min(buffer.len()));
        if count == 0 && !buffer.is_empty() && !self.ended {
            self.ended = true;
            if let Some(event) = self.machine.handle_eof((self.clock)())? {
                on_event(&mut self.machine, event);
            }
        }
        Ok(())
    }

    fn outcome(&self) -> Step {
        if self.machine.is_finished() {
            Step::Finished
        } else if self.is_waiting() || self.ended {
            // All that could be sent is sent, so only an answer of the caller's can be missing.
            Step::Waiting
        } else {
            Step::Open
        }
    }
}
