//! From no connection to one: when to resolve, to connect, to give up and to try again

use core::net::{Ipv4Addr, SocketAddrV4};

use proto_core::telemetry::{Reason, Report};
use proto_core::text::Show;
use proto_core::{Instant, text};

use super::{App, CONNECT};
use crate::display::Connection;
use crate::net::Stream;
use crate::settings::Server;
use crate::telemetry::code;

/// Where the connection stands
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// No server is named
    Idle,
    /// The next attempt is at `until`, or when there is an address
    Waiting {
        until: Instant,
    },
    /// The name server is asked
    Resolving {
        until: Instant,
    },
    /// The server is asked
    Opening {
        until: Instant,
        remote: SocketAddrV4,
    },
    Open {
        remote: SocketAddrV4,
    },
    /// `exit` was typed
    Leaving {
        until: Instant,
    },
}

/// Pauses between attempts: each twice the one before, less up to a quarter at random
///
/// The random part keeps the clients of a server that comes back from coming back all at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    /// In microseconds: times of this length need no `Duration`, with its nanoseconds and its overflows
    pause: u64,
}

impl Backoff {
    const FIRST: u64 = 1_000_000;
    const LONGEST: u64 = 60_000_000;

    pub(super) const fn new() -> Self {
        Self { pause: Self::FIRST }
    }

    /// Microseconds before the next attempt
    fn next(&mut self, random: u64) -> u64 {
        let pause = self.pause;
        self.pause = (pause * 2).min(Self::LONGEST);
        pause - pause * (random % 256) / 1_024
    }
}

impl App<'_> {
    /// Where the connection stands, for the screen
    pub(super) fn connection(&self) -> (Connection, Option<Ipv4Addr>) {
        match self.link {
            Link::Idle | Link::Leaving { .. } => (Connection::NoServer, None),
            Link::Waiting { .. } if !self.has_address => (Connection::NoAddress, None),
            Link::Waiting { .. } if self.refused => (Connection::Refused, None),
            Link::Waiting { .. } => (Connection::Retrying, None),
            Link::Resolving { .. } => (Connection::Resolving, None),
            Link::Opening { remote, .. } => (Connection::Connecting, Some(*remote.ip())),
            Link::Open { remote } => (Connection::Up, Some(*remote.ip())),
        }
    }

    /// `connect`: another server, at once
    pub(super) fn connect_to(&mut self, now: Instant, server: Server) {
        if self.client.take().is_some() {
            let reason = Reason::Replaced;
            self.console.line(&text!("disconnected: ", reason.text()));
            self.telemetry.report(now, Report::Disconnected { reason });
        }
        self.net.abort();
        self.net.cancel_resolve();
        self.server = Some(server);
        self.backoff = Backoff::new();
        self.link = Link::Waiting { until: now };
        if !self.has_address {
            self.console.line(&"no address yet; connecting as soon as there is one");
        }
    }

    /// One step towards a connection, if there is one to make
    pub(super) fn step(&mut self, now: Instant) {
        match self.link {
            Link::Idle | Link::Leaving { .. } | Link::Open { .. } => {}
            Link::Waiting { until } => {
                if self.has_address && now >= until {
                    self.begin(now);
                }
            }
            Link::Resolving { until } => match self.net.poll_resolve() {
                Some(Some(address)) => {
                    let port = self.server.as_ref().map_or(0, |server| server.port);
                    self.open(now, SocketAddrV4::new(address, port));
                }
                Some(None) => self.unresolved(now),
                None if now >= until => self.unresolved(now),
                None => {}
            },
            Link::Opening { until, remote } => match self.net.stream() {
                Stream::Open => self.connected(now, remote),
                Stream::Opening if now < until => {}
                Stream::Opening => {
                    self.net.abort();
                    self.lost(now, Reason::TimedOut, &text!(remote, " does not answer"));
                }
                Stream::Closed | Stream::Closing => {
                    self.lost(now, Reason::Refused, &text!(remote, " refused the connection"));
                }
            },
        }
    }

    fn begin(&mut self, now: Instant) {
        let Some(server) = &self.server else {
            self.link = Link::Idle;
            return;
        };
        self.console.line(&text!("connecting to ", server));
        if let Some(address) = server.address() {
            let remote = SocketAddrV4::new(address, server.port);
            self.open(now, remote);
        } else if self.net.resolve(&server.host) {
            self.link = Link::Resolving { until: now.saturating_add(CONNECT) };
        } else {
            self.unresolved(now);
        }
    }

    fn open(&mut self, now: Instant, remote: SocketAddrV4) {
        if self.net.connect(remote) {
            self.link = Link::Opening { until: now.saturating_add(CONNECT), remote };
        } else {
            self.lost(now, Reason::Refused, &text!(remote, " can be no server's address"));
        }
    }

    fn unresolved(&mut self, now: Instant) {
        self.net.cancel_resolve();
        self.telemetry.report(now, Report::Error { code: code::UNRESOLVED, numbers: [0; 2] });
        self.lost(now, Reason::Network, &"the server's name could not be resolved");
    }

    /// The connection is over, or did not come about: says so and when the next attempt is
    pub(super) fn lost(&mut self, now: Instant, reason: Reason, why: &dyn Show) {
        if matches!(self.link, Link::Idle | Link::Leaving { .. }) {
            return;
        }
        if matches!(self.link, Link::Open { .. }) {
            // It stood: the pauses begin anew.
            self.backoff = Backoff::new();
        }
        self.client = None;
        self.refused = reason == Reason::Refused;
        self.net.cancel_resolve();
        let pause = self.backoff.next(self.net.random());
        self.link = Link::Waiting { until: Instant::from_micros(now.as_micros().saturating_add(pause)) };
        self.telemetry.report(now, Report::Disconnected { reason });
        let tenths = pause.div_ceil(100_000);
        self.console.line(&text!(why, "; next attempt in ", tenths / 10, ".", tenths % 10, " s"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Random;

    #[test]
    fn pauses_grow_to_the_longest() {
        let (mut backoff, mut random, mut full) = (Backoff::new(), Random::new(7), 1);
        for _ in 0..20 {
            let (pause, whole) = (backoff.next(random.next()), full * 1_000_000);
            assert!(pause <= whole && pause >= whole * 3 / 4, "{pause} of {whole}");
            full = (full * 2).min(60);
        }
    }
}
