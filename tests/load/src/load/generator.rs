//! Many connections at once, in a closed loop
//!
//! Each connection begins its next exchange when the last is complete. A phase begins and ends with no exchange under
//! way, so that what the server did in it belongs to its operations and to nothing else.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use slp_load::document::Document;

use super::script::{Connection, Script, Shared};
use super::source::Source;

/// How long one exchange may take
const ANSWER: Duration = Duration::from_secs(20);
/// How often that is looked at
const LOOK: Duration = Duration::from_millis(500);
/// Connections made without a look at the others: more would fill the queue of the listener
const BURST: usize = 16;
/// Errors after which nothing new is begun
const ENOUGH: u64 = 20;
/// Events taken at once
const EVENTS: usize = 1_024;

/// What becomes of a connection whose exchange is complete
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// It is closed, and another takes its place
    Close,
    /// It is kept, silent, and another is made
    Keep,
    /// It begins the next exchange; the connections are those kept before
    Again,
}

/// What to do
#[derive(Debug, Clone, Copy)]
pub(crate) struct Phase {
    pub(crate) script: Script,
    pub(crate) after: After,
    /// Exchanges under way at once
    pub(crate) connections: usize,
    /// Exchanges after which none is begun
    pub(crate) most: u64,
    /// Time after which none is begun
    pub(crate) time: Duration,
}

/// What came of it
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Nanoseconds that each exchange took, in order of length
    times: Vec<u64>,
    /// From the first beginning to the last end
    pub(crate) time: Duration,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
}

impl Outcome {
    /// Exchanges that were completed
    pub(crate) fn operations(&self) -> usize {
        self.times.len()
    }

    /// The time within which `percent` of a hundred exchanges were complete
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.times.len() * percent).div_ceil(100).max(1);
        Duration::from_nanos(self.times.get(rank - 1).copied().unwrap_or_default())
    }

    fn fail(&mut self, error: &impl ToString) {
        self.errors += 1;
        self.first_error.get_or_insert_with(|| error.to_string());
    }
}

/// The connections to one server
#[derive(Debug)]
pub(crate) struct Generator {
    server: SocketAddr,
    poll: Poll,
    source: Source,
    shared: Shared,
    slots: Vec<Option<Connection>>,
    kept: Vec<usize>,
}

impl Generator {
    /// # Errors
    /// What the system says.
    pub(crate) fn new(server: SocketAddr, document: Document) -> io::Result<Self> {
        Ok(Self {
            server,
            poll: Poll::new()?,
            source: Source::new(),
            shared: Shared::new(document, server.port()),
            slots: Vec::new(),
            kept: Vec::new(),
        })
    }

    /// Runs a phase from rest to rest
    ///
    /// # Errors
    /// The system does not let it wait for sockets. What goes wrong with a connection is in the outcome.
    pub(crate) fn run(&mut self, phase: &Phase) -> io::Result<Outcome> {
        let mut run = Run { phase, from: Instant::now(), begun: 0, active: 0, outcome: Outcome::default() };
        let mut free: Vec<usize> = (0..self.slots.len()).filter(|&slot| self.slots[slot].is_none()).collect();
        let mut events = Events::with_capacity(EVENTS);
        let mut looked = run.from;
        if phase.after == After::Again {
            for slot in self.kept.clone() {
                self.again(slot, &mut run);
            }
        }
        loop {
            let mut burst = BURST;
            while phase.after != After::Again && run.active < phase.connections && burst > 0 && run.may_begin() {
                burst -= 1;
                let slot = free.pop().unwrap_or_else(|| {
                    self.slots.push(None);
                    self.slots.len() - 1
                });
                self.open(slot, &mut run, &mut free);
            }
            if run.active == 0 && !run.may_begin() {
                break;
            }
            // Where some connections are still to be made, the others are looked at and not waited for.
            let more = burst == 0 && run.active < phase.connections;
            match self.poll.poll(&mut events, Some(if more { Duration::ZERO } else { LOOK })) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            }
            for event in &events {
                self.advance(event.token().0, &mut run, &mut free);
            }
            if looked.elapsed() > LOOK {
                looked = Instant::now();
                self.look(looked, &mut run, &mut free);
            }
            if phase.after == After::Again && run.active == 0 {
                break;
            }
        }
        let Run { mut outcome, from, .. } = run;
        outcome.time = from.elapsed();
        outcome.times.sort_unstable();
        Ok(outcome)
    }

    /// How many of the kept connections are no more
    pub(crate) fn lost(&mut self) -> u64 {
        let mut lost = 0;
        for &slot in &self.kept {
            if self.slots[slot].as_mut().is_none_or(Connection::is_lost) {
                lost += 1;
            }
        }
        lost
    }

    fn open(&mut self, slot: usize, run: &mut Run<'_>, free: &mut Vec<usize>) {
        run.begun += 1;
        let begun = Instant::now();
        let made = self.source.connect(self.server).and_then(|stream| {
            let mut connection = Connection::new(stream, begun);
            connection.begin(run.phase.script, &mut self.shared)?;
            // On the loopback it is nearly always connected at once, and then need not be told that it may write.
            let interest =
                if connection.is_sending() { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            self.poll.registry().register(&mut connection.stream, Token(slot), interest)?;
            Ok(connection)
        });
        match made {
            Ok(connection) => {
                self.slots[slot] = Some(connection);
                run.active += 1;
            }
            Err(error) => {
                free.push(slot);
                run.outcome.fail(&format!("connecting: {error}"));
            }
        }
    }

    fn again(&mut self, slot: usize, run: &mut Run<'_>) {
        if !run.may_begin() {
            return;
        }
        let Some(connection) = &mut self.slots[slot] else { return };
        run.begun += 1;
        connection.begun = Instant::now();
        match connection.begin(run.phase.script, &mut self.shared) {
            Ok(()) => run.active += 1,
            Err(error) => {
                run.outcome.fail(&error);
                self.slots[slot] = None;
            }
        }
    }

    fn advance(&mut self, slot: usize, run: &mut Run<'_>, free: &mut Vec<usize>) {
        let Some(Some(connection)) = self.slots.get_mut(slot) else { return };
        if connection.is_done() {
            return;
        }
        match connection.advance(&mut self.shared) {
            Ok(false) => {}
            Ok(true) => {
                run.active -= 1;
                let took = connection.begun.elapsed();
                run.outcome.times.push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
                match run.phase.after {
                    After::Close => {
                        self.slots[slot] = None;
                        free.push(slot);
                    }
                    After::Keep => self.kept.push(slot),
                    After::Again => self.again(slot, run),
                }
            }
            Err(error) => {
                run.active -= 1;
                run.outcome.fail(&error);
                self.slots[slot] = None;
                free.push(slot);
            }
        }
    }

    /// Gives up what takes too long
    fn look(&mut self, now: Instant, run: &mut Run<'_>, free: &mut Vec<usize>) {
        for (slot, entry) in self.slots.iter_mut().enumerate() {
            let late = |connection: &mut Connection| {
                !connection.is_done() && now.saturating_duration_since(connection.begun) > ANSWER
            };
            if entry.as_mut().is_some_and(late) {
                *entry = None;
                free.push(slot);
                run.active -= 1;
                run.outcome.fail(&format!("no answer in {} s", ANSWER.as_secs()));
            }
        }
    }
}

/// A phase under way
#[derive(Debug)]
struct Run<'p> {
    phase: &'p Phase,
    from: Instant,
    begun: u64,
    active: usize,
    outcome: Outcome,
}

impl Run<'_> {
    fn may_begin(&self) -> bool {
        self.begun < self.phase.most && self.from.elapsed() < self.phase.time && self.outcome.errors < ENOUGH
    }
}

#[cfg(test)]
mod tests;
