//! From no connection to one: when to resolve, to connect, to give up and to try again

use core::net::{Ipv4Addr, SocketAddrV4};

use proto_core::telemetry::{Reason, Report, code};
use proto_core::text::Show;
use proto_core::{Instant, text};

use super::{App, CONNECT};
use crate::display::Connection;
use crate::net::Stream;
use crate::settings::Server;

/// Where the connection stands; since or until when is [`App::at`], with whom [`App::remote`]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// No server is named
    Idle,
    /// The next attempt is then, or when there is an address
    Waiting,
    /// The name server is asked until then
    Resolving,
    /// The server is asked until then
    Opening,
    /// It stands since then
    Open,
    /// `exit` was typed; the last bytes may take until then
    Leaving,
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
    /// Where the connection stands, with whom, and for how many minutes or in how many seconds, for the screen
    pub(super) fn connection(&self, now: Instant) -> (Connection, Option<Ipv4Addr>, u32) {
        let connection = match self.link {
            Link::Idle | Link::Leaving => Connection::NoServer,
            Link::Waiting if !self.has_address => Connection::NoAddress,
            Link::Waiting if self.refused => Connection::Refused,
            Link::Waiting => Connection::Retrying,
            Link::Resolving => Connection::Resolving,
            Link::Opening => Connection::Connecting,
            Link::Open => Connection::Up,
        };
        let (counted, unit) = match connection {
            Connection::Up => (span(self.at, now), 60_000_000),
            // A second that has begun is told as a whole one.
            Connection::Retrying => (span(now, self.at) + 999_999, 1_000_000),
            _ => (0, 1),
        };
        let server = matches!(self.link, Link::Opening | Link::Open).then_some(*self.remote.ip());
        (connection, server, u32::try_from(counted / unit).unwrap_or(u32::MAX))
    }

    /// It stands elsewhere
    pub(super) const fn go(&mut self, link: Link, at: Instant) {
        (self.link, self.at) = (link, at);
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
        self.go(Link::Waiting, now);
        if !self.has_address {
            self.console.line(&"no address yet; connecting as soon as there is one");
        }
    }

    /// The address is gone, and with it what stood on it: the next attempt is as soon as there is another
    pub(super) fn address_lost(&mut self, now: Instant) {
        self.console.line(&"the address was lost");
        if let Link::Resolving | Link::Opening | Link::Open = self.link {
            self.net.abort();
            self.over(now, Reason::Network);
            self.go(Link::Waiting, now);
        }
    }

    /// One step towards a connection, if there is one to make
    pub(super) fn step(&mut self, now: Instant) {
        let late = now >= self.at;
        match self.link {
            Link::Idle | Link::Leaving | Link::Open => {}
            Link::Waiting => {
                if self.has_address && late {
                    self.begin(now);
                }
            }
            Link::Resolving => match self.net.poll_resolve() {
                Some(Some(address)) => self.open(now, address),
                None if !late => {}
                _ => self.no_such_name(now),
            },
            Link::Opening => match self.net.stream() {
                Stream::Open => self.connected(now),
                Stream::Opening if !late => {}
                Stream::Opening => {
                    self.net.abort();
                    self.not_opened(now, Reason::TimedOut, " does not answer");
                }
                Stream::Closed | Stream::Closing => {
                    self.not_opened(now, Reason::Refused, " refused the connection");
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
            self.open(now, address);
        } else if !self.net.has_name_server() {
            self.unresolved(now, code::NO_NAME_SERVER, "no name server is known");
        } else if self.net.resolve(&server.host) {
            self.go(Link::Resolving, now.saturating_add(CONNECT));
        } else {
            self.no_such_name(now);
        }
    }

    fn open(&mut self, now: Instant, address: Ipv4Addr) {
        let port = self.server.as_ref().map_or(0, |server| server.port);
        self.remote = SocketAddrV4::new(address, port);
        if self.net.connect(self.remote) {
            self.go(Link::Opening, now.saturating_add(CONNECT));
        } else {
            self.not_opened(now, Reason::Refused, " can be no server's address");
        }
    }

    fn not_opened(&mut self, now: Instant, reason: Reason, why: &str) {
        let remote = self.remote;
        self.lost(now, reason, &text!(remote, why));
    }

    fn no_such_name(&mut self, now: Instant) {
        self.unresolved(now, code::UNRESOLVED, Reason::Unresolved.text());
    }

    #[inline(never)]
    fn unresolved(&mut self, now: Instant, code: u16, why: &str) {
        self.telemetry.report(now, Report::Error { code, numbers: [0; 2] });
        self.lost(now, Reason::Unresolved, &why);
    }

    /// The connection is over, or did not come about: says so and when the next attempt is
    pub(super) fn lost(&mut self, now: Instant, reason: Reason, why: &dyn Show) {
        if matches!(self.link, Link::Idle | Link::Leaving) {
            return;
        }
        self.over(now, reason);
        let pause = self.backoff.next(self.net.random());
        self.go(Link::Waiting, Instant::from_micros(now.as_micros().saturating_add(pause)));
        let tenths = pause.div_ceil(100_000);
        self.console.line(&text!(why, "; next attempt in ", tenths / 10, ".", tenths % 10, " s"));
    }

    /// What a connection, or an attempt at one, leaves behind is put away
    #[inline(never)]
    fn over(&mut self, now: Instant, reason: Reason) {
        // A server that takes connections and closes them is as good as none.
        if self.link == Link::Open && (self.session.answered || span(self.at, now) > Backoff::LONGEST) {
            self.backoff = Backoff::new();
        }
        self.client = None;
        self.refused = reason == Reason::Refused;
        self.net.cancel_resolve();
        self.telemetry.report(now, Report::Disconnected { reason });
    }
}

/// Microseconds from one to the other
const fn span(from: Instant, to: Instant) -> u64 {
    to.as_micros().saturating_sub(from.as_micros())
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
