//! Why a connection is over, and how it is closed so that the last answer arrives
//!
//! It decides no end: that is the machine's and the socket's.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use proto_core::Instant;
use tokio::io::ReadBuf;

use super::socket::Socket;
use crate::server::Shared;
use crate::server::event::Event;

/// How long a client may take to read the last answer
const LINGER: Duration = Duration::from_secs(1);

/// Bytes of a client's that are read and dropped behind the last answer
const LINGER_BYTES: usize = 64 * 1_024;

/// Which last answer there was
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Ended {
    /// A login's Disconnect
    Login,
    /// That of a legacy ping
    Legacy,
}

/// Why a connection is over
#[derive(Debug)]
pub(in crate::server) enum Over {
    /// The server stops
    Stopped,
    /// The client closed it
    Closed,
    /// There was a last answer
    Ended(Ended),
    /// The client broke the protocol, or was too late
    Failed(proto_core::Error),
    /// The socket failed
    Broken(io::Error),
    /// This program is wrong; what went wrong is on standard error
    Panicked,
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("the server stopped"),
            Self::Closed => f.write_str("the client closed the connection"),
            Self::Ended(Ended::Login) => f.write_str("wanted to log in; answered with a Disconnect"),
            Self::Ended(Ended::Legacy) => f.write_str("legacy ping answered"),
            Self::Failed(error) => error.fmt(f),
            Self::Broken(error) => match error.kind() {
                io::ErrorKind::ConnectionReset => f.write_str("the client reset the connection"),
                io::ErrorKind::BrokenPipe => f.write_str("the client closed the connection without reading the answer"),
                _ => write!(f, "the connection broke: {error}"),
            },
            Self::Panicked => f.write_str("internal error, please report it"),
        }
    }
}

impl Over {
    /// What the front end is told of it
    pub(in crate::server) fn event(&self, client: SocketAddr) -> Event {
        let clean = matches!(self, Self::Stopped | Self::Closed | Self::Ended(_));
        Event::Disconnected { client, reason: self.to_string(), clean }
    }
}

/// Waits until the client has taken the last answer, which is when it closes: unread input would make a reset of our close
pub(super) struct Linger {
    ended: Ended,
    /// The client has until then
    pub(super) until: Instant,
    /// Bytes that it may still send
    left: usize,
}

impl Linger {
    /// Closes our direction
    ///
    /// # Errors
    /// `over` itself, where it needs no waiting or the socket is no more.
    pub(super) fn begin(
        over: Over,
        cx: &mut Context<'_>,
        stream: &mut impl Socket,
        shared: &Shared,
    ) -> Result<Self, Over> {
        let Over::Ended(ended) = over else { return Err(over) };
        match Pin::new(stream).poll_shutdown(cx) {
            Poll::Ready(Err(_gone)) => Err(over),
            Poll::Ready(Ok(())) | Poll::Pending => {
                Ok(Self { ended, until: shared.clock.now().saturating_add(LINGER), left: LINGER_BYTES })
            }
        }
    }

    /// Drops what still comes until the client closes, has sent too much or has `timed_out`
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut impl Socket,
        timed_out: bool,
        buffer: &mut [u8],
    ) -> Poll<Over> {
        while !timed_out && self.left > 0 {
            let mut read = ReadBuf::new(buffer);
            match ready!(Pin::new(&mut *stream).poll_read(cx, &mut read)) {
                Ok(()) if !read.filled().is_empty() => self.left = self.left.saturating_sub(read.filled().len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(Over::Ended(self.ended))
    }
}
