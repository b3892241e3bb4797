//! The clients that are connected
//!
//! Holds each connection's machine, so that a command reaches it without a channel of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto_core::server::Skipped;
use proto_core::{Instant, State, Timeouts};
use tokio::sync::Notify;

use super::event::Client;
use crate::config;

/// A connection's machine; answers are shared
pub(super) type Machine = proto_core::Server<Arc<[u8]>>;

/// What is known of one connection
pub(super) struct Connection {
    pub(super) address: SocketAddr,
    number: u64,
    inner: Mutex<Inner>,
    /// Told when a command gave the machine something to send
    pub(super) wake: Notify,
}

pub(super) struct Inner {
    pub(super) machine: Machine,
    pub(super) rtt: Option<Duration>,
}

impl Connection {
    /// The machine and what goes with it; never held across an await
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a ping to all went
#[derive(Default)]
pub(super) struct Tally {
    pub(super) clients: usize,
    pub(super) sent: usize,
    pub(super) in_status: usize,
    pub(super) owing: usize,
}

pub(super) struct Registry {
    /// By the order of connecting
    connections: Mutex<(u64, BTreeMap<u64, Arc<Connection>>)>,
    count: AtomicUsize,
}

impl Registry {
    pub(super) const fn new() -> Self {
        Self { connections: Mutex::new((0, BTreeMap::new())), count: AtomicUsize::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, Arc<Connection>>)> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    pub(super) fn add(&self, address: SocketAddr, now: Instant, config: &config::Server) -> Arc<Connection> {
        let timeouts = Timeouts {
            frame: config.frame_timeout,
            status: config.status_timeout,
            idle: config.ping_after,
            silence: config.silence_timeout,
            ..Timeouts::DEFAULT
        };
        let machine = Machine::new(now, timeouts, config.legacy);
        let mut guard = self.lock();
        let (next, connections) = &mut *guard;
        let connection = Arc::new(Connection {
            address,
            number: *next,
            inner: Mutex::new(Inner { machine, rtt: None }),
            wake: Notify::new(),
        });
        *next += 1;
        connections.insert(connection.number, Arc::clone(&connection));
        self.count.store(connections.len(), Ordering::Release);
        connection
    }

    pub(super) fn remove(&self, connection: &Connection) {
        let mut guard = self.lock();
        guard.1.remove(&connection.number);
        self.count.store(guard.1.len(), Ordering::Release);
    }

    pub(super) fn list(&self, state: Option<State>) -> Vec<Client> {
        let row = |connection: &Arc<Connection>| {
            let inner = connection.lock();
            Client { address: connection.address, state: inner.machine.state(), rtt: inner.rtt }
        };
        let wanted = |client: &Client| state.is_none_or(|state| client.state == state);
        self.lock().1.values().map(row).filter(wanted).collect()
    }

    /// Gives every machine the ping; [`Registry::wake_all`] has it sent
    pub(super) fn ping(&self, payload: i64) -> Tally {
        let mut tally = Tally::default();
        for connection in self.lock().1.values() {
            tally.clients += 1;
            match connection.lock().machine.ping(payload) {
                Ok(()) => tally.sent += 1,
                Err(Skipped::InStatus) => tally.in_status += 1,
                Err(Skipped::Owing) => tally.owing += 1,
                Err(Skipped::Closing) => {}
            }
        }
        tally
    }

    pub(super) fn wake_all(&self) {
        for connection in self.lock().1.values() {
            connection.wake.notify_one();
        }
    }
}
