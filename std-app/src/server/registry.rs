//! The clients that are connected, each at a place of its own
//!
//! Holds the connections themselves, so that a command reaches every machine without a channel or a lock of its own. Only
//! [`drive`](super::drive) lets them do anything; it moves no bytes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use proto_core::server::Skipped;
use proto_core::{Instant, State};

use super::Shared;
use super::connection::{Connection, Over, Scratch};
use super::deadlines::Deadlines;
use super::event::Client;
use super::ready::Ready;

/// Places that are kept when nobody is left
const KEPT: usize = 256;

/// How a ping to all went
#[derive(Default)]
pub(super) struct Tally {
    pub(super) clients: usize,
    pub(super) sent: usize,
    pub(super) in_status: usize,
    pub(super) owing: usize,
}

pub(super) struct Registry {
    clients: Mutex<Clients>,
    pub(super) ready: Arc<Ready>,
}

/// Everybody, while nobody else looks at them
#[derive(Default)]
pub(super) struct Clients {
    places: Vec<Place>,
    vacant: Vec<u32>,
    deadlines: Deadlines,
    count: usize,
    /// How many there have been
    numbered: u64,
}

struct Place {
    /// Outlives the connection: it wakes whoever has the place
    waker: Waker,
    connection: Option<Box<Connection>>,
    /// When it is rung, [`NEVER`] where it is not: what stands in `deadlines`, where each byte that comes in has to look
    rings: Instant,
    /// The order of connecting
    number: u64,
}

/// Later than any deadline
const NEVER: Instant = Instant::from_micros(u64::MAX);

impl Registry {
    pub(super) fn new() -> Self {
        Self { clients: Mutex::default(), ready: Ready::new() }
    }

    /// Never held across an await
    pub(super) fn lock(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.lock().count
    }

    /// Adds a client and returns its place; it is served from when it is [woken](Self::wake)
    pub(super) fn add(&self, connection: Connection) -> u32 {
        let mut guard = self.lock();
        let clients = &mut *guard;
        let place = clients.vacant.pop().unwrap_or_else(|| {
            // There are never as many clients as that: their greatest number is a `u32` too.
            let place = u32::try_from(clients.places.len()).unwrap_or(u32::MAX);
            clients.places.push(Place { waker: self.ready.waker(place), connection: None, rings: NEVER, number: 0 });
            place
        });
        clients.count += 1;
        clients.numbered += 1;
        if let Some(at) = clients.places.get_mut(place as usize) {
            at.connection = Some(Box::new(connection));
            at.number = clients.numbered;
        }
        place
    }

    /// Has the client at `place` looked at
    pub(super) fn wake(&self, place: u32) {
        if let Some(place) = self.lock().places.get(place as usize) {
            place.waker.wake_by_ref();
        }
    }

    pub(super) fn wake_all(&self) {
        for place in self.lock().places.iter().filter(|place| place.connection.is_some()) {
            place.waker.wake_by_ref();
        }
    }

    /// Those in a state, or all, in the order they connected
    pub(super) fn list(&self, state: Option<State>) -> Vec<Client> {
        let row = |place: &Place| place.connection.as_ref().map(|connection| (place.number, connection.client()));
        let wanted = |(_, client): &(u64, Client)| state.is_none_or(|state| client.state == state);
        let mut rows: Vec<_> = self.lock().places.iter().filter_map(row).filter(wanted).collect();
        rows.sort_unstable_by_key(|&(number, _)| number);
        rows.into_iter().map(|(_, client)| client).collect()
    }

    /// Gives every machine the ping; [`Registry::wake_all`] has it sent
    pub(super) fn ping(&self, payload: i64) -> Tally {
        let mut tally = Tally::default();
        for connection in self.lock().places.iter_mut().filter_map(|place| place.connection.as_mut()) {
            tally.clients += 1;
            match connection.ping(payload) {
                Ok(()) => tally.sent += 1,
                Err(Skipped::InStatus) => tally.in_status += 1,
                Err(Skipped::Owing) => tally.owing += 1,
                Err(Skipped::Closing) => {}
            }
        }
        tally
    }
}

impl Clients {
    /// Gives those of the clients at `places` that still are there their turn: reads all of them, then answers all of them
    ///
    /// The order is for the processor's caches. Between two turns of a client the system's work for the others has driven
    /// out what it holds; so that is fetched for all at once, where no load has to wait for another client's. And reading
    /// and writing are each many kilobytes of the system's code, and a peer on this machine is woken once for many answers.
    pub(super) fn serve(&mut self, places: &[u32], shared: &Shared, scratch: &mut Scratch) {
        for &place in places {
            if let Some(connection) = self.connection(place) {
                connection.fetch();
            }
        }
        for &place in places {
            self.poll(place, shared, scratch);
        }
        scratch.answer();
        for &place in places {
            if self.connection(place).is_some_and(Connection::resumes) {
                self.poll(place, shared, scratch);
            }
        }
    }

    fn connection(&self, place: u32) -> Option<&Connection> {
        self.places.get(place as usize)?.connection.as_deref()
    }

    /// Lets the client at `place` go on, if there still is one
    fn poll(&mut self, place: u32, shared: &Shared, scratch: &mut Scratch) {
        let Some(Place { waker, connection: Some(connection), rings, .. }) = self.places.get_mut(place as usize) else {
            return;
        };
        let mut cx = Context::from_waker(waker);
        // Whatever one client brings about, the others go on.
        let polled = catch_unwind(AssertUnwindSafe(|| connection.poll(&mut cx, shared, scratch)));
        match polled {
            Ok(Poll::Pending) => {
                // Each byte puts the deadline off. One that was set for an earlier time comes in vain and is set anew, which
                // costs less than setting it with every byte.
                if let Some(deadline) = connection.deadline()
                    && deadline < *rings
                {
                    *rings = deadline;
                    self.deadlines.set(place, deadline);
                }
            }
            Ok(Poll::Ready(over)) => self.leave(place, &over, shared),
            Err(_told) => {
                scratch.clear();
                self.leave(place, &Over::Panicked, shared);
            }
        }
    }

    /// Rings those whose deadline has come
    pub(super) fn ring(&mut self, now: Instant) {
        while let Some((_, place)) = self.deadlines.first().filter(|&(at, _)| at <= now) {
            let mut later = None;
            if let Some(Place { waker, connection: Some(connection), rings, .. }) = self.places.get_mut(place as usize)
            {
                later = connection.deadline().filter(|&later| later > now);
                *rings = later.unwrap_or(NEVER);
                if later.is_none() {
                    connection.ring();
                    waker.wake_by_ref();
                }
            }
            match later {
                Some(later) => self.deadlines.set(place, later),
                None => self.deadlines.remove(place),
            }
        }
    }

    /// When [`Self::ring`] has to be called next
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| at)
    }

    /// Closes all connections but those whose last answer is on its way
    pub(super) fn stop(&mut self, shared: &Shared) {
        let mut open: Vec<(u64, u32)> = Vec::new();
        for (place, at) in (0..).zip(&self.places) {
            if at.connection.as_ref().is_some_and(|connection| !connection.is_lingering()) {
                open.push((at.number, place));
            }
        }
        open.sort_unstable();
        for (_, place) in open {
            self.leave(place, &Over::Stopped, shared);
        }
    }

    /// Closes all connections without a word
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The connection at `place` is over
    fn leave(&mut self, place: u32, over: &Over, shared: &Shared) {
        let Some(at) = self.places.get_mut(place as usize) else { return };
        let Some(connection) = at.connection.take() else { return };
        at.rings = NEVER;
        let address = connection.client().address;
        // Closed before anybody is told.
        drop(connection);
        self.deadlines.remove(place);
        self.vacant.push(place);
        self.count -= 1;
        if self.count == 0 && self.places.len() > KEPT {
            let numbered = self.numbered;
            *self = Self { numbered, ..Self::default() };
        }
        shared.left(address, over, self.count);
    }
}
