//! Where a pair stands: the machines, what is under way, and which side has left
//!
//! It takes no step: that is for the [model](super).

use std::fmt;

use proto_core::client::Event as ClientEvent;
use proto_core::error::Closed;
use proto_core::{Client, Error, Machine, Server, State as Stands};

use super::{NOW, TIMEOUTS};
use crate::bounds::Budget;
use crate::channel::Channel;
use crate::drive::moves;
use crate::ledger::{Exchange, Ledger};
use crate::seen::Seen;

/// Where a pair stands
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct State {
    pub(crate) client: Client,
    pub(crate) server: Server<&'static [u8]>,
    pub(crate) to_client: Channel,
    pub(crate) to_server: Channel,
    pub(crate) ledger: Ledger,
    pub(super) budget: Budget,
    pub(super) gone: Option<Gone>,
}

/// A side of the connection
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "these two")]
pub enum Side {
    Client,
    Server,
}

/// The side that has left
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Gone {
    pub(super) who: Side,
    /// Whether the end has arrived at the other
    pub(super) told: bool,
}

/// For a person who reads how a violation came about
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client in {}, server in {}, ", self.client.state(), self.server.state())?;
        write!(f, "{} bytes to server, {} to client, ", self.to_server.len(), self.to_client.len())?;
        write!(f, "{:?}, gone: {:?}", self.ledger, self.gone)
    }
}

/// What the end of the stream is to a client, with what is left of `incoming` and of its exchange
pub(crate) fn cut_off(
    exchange: Option<Exchange>,
    incoming: &Channel,
) -> (Result<Option<ClientEvent<'static>>, Error>, Seen) {
    let (closed, seen) = match exchange {
        _ if incoming.is_in_frame() => (Closed::InFrame, Seen::ClosedInFrame),
        None => return (Ok(None), Seen::ClosedInDefault),
        Some(exchange) if exchange.answered => (Closed::WithoutPong, Seen::ClosedWithoutPong),
        Some(_) => (Closed::WithoutAnswer, Seen::ClosedWithoutAnswer),
    };
    (Err(Error::Closed(closed)), seen)
}

impl State {
    /// Whether nothing is delivered any more: only a command or a time-out changes anything
    pub(crate) fn is_quiet(&self) -> bool {
        let client = self.is_open(Side::Client) && moves(&self.client, &self.to_client);
        let server = self.is_open(Side::Server) && moves(&self.server, &self.to_server);
        !(client || server || self.end_is_next().is_some())
    }

    /// Whether both machines are at rest and nothing is on its way
    pub(crate) fn is_at_rest(&self) -> bool {
        self.ledger.is_settled()
            && (self.client.state(), self.server.state()) == (Stands::Default, Stands::Default)
            && (self.client.abandoned(), self.server.outstanding()) == (0, 0)
            && self.to_client.is_empty()
            && self.to_server.is_empty()
    }

    /// Whether the side that is left has been told of the end and is through with it
    pub(crate) fn is_left_behind(&self) -> bool {
        match self.gone {
            Some(Gone { who: Side::Client, told: true }) => self.server.is_finished(),
            Some(Gone { who: Side::Server, told: true }) => self.client.is_finished(),
            _ => false,
        }
    }

    /// Whether one side has left
    pub(crate) const fn is_parted(&self) -> bool {
        self.gone.is_some()
    }

    pub(super) fn is_here(&self, side: Side) -> bool {
        self.gone.is_none_or(|gone| gone.who != side)
    }

    /// Whether `side` is the one that is left, and knows
    pub(super) fn is_told(&self, side: Side) -> bool {
        self.gone.is_some_and(|gone| gone.who != side && gone.told)
    }

    /// Whether `side` is here and not through with the connection
    pub(super) fn is_open(&self, side: Side) -> bool {
        self.is_here(side) && !(self.is_told(side) && self.is_left_behind())
    }

    /// Whose end arrives next
    pub(super) fn end_is_next(&self) -> Option<Side> {
        let Gone { who, told: false } = self.gone? else { return None };
        let left = if who == Side::Client { &self.to_server } else { &self.to_client };
        left.is_empty().then_some(who)
    }

    /// Whether the client is waiting for its server's word with the deadline of that wait
    pub(super) fn client_waits(&self) -> bool {
        let Some(exchange) = self.ledger.exchange else { return false };
        let limit = if exchange.answered { TIMEOUTS.pong } else { TIMEOUTS.response };
        self.client.poll_timeout() == Some(NOW.saturating_add(limit))
    }
}
