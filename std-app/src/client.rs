//! The client: socket, timers and reconnecting around [`proto_core::Client`]
//!
//! Connects, moves bytes and takes the fields out of the status document; what the bytes mean is the core's. It shows
//! nothing: a front end gives it [`Command`]s and takes its [`Event`]s.

mod event;
mod inbox;
pub mod legacy;
mod reconnect;
mod session;
mod translate;

use std::fmt;
use std::io;
use std::net::SocketAddr;

use proto_core::command::ClientCommand;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

pub use self::event::{Event, Status};
use self::inbox::Inbox;
use self::reconnect::Backoff;
use self::session::{End, Session};
use crate::clock::Clock;
use crate::config;
use crate::events::Events;
use crate::resolve::{ResolveOptions, Resolved, resolve};

/// What a front end asks of a running client
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Ask for the status and measure a round trip; epoch milliseconds where no payload is given
    Ping(Option<i64>),
    /// Abandon the exchange in progress
    Stop,
    /// End at once
    Exit,
    /// End when the exchange in progress has ended
    Finish,
    /// Nothing: a line was no command, and what is wrong with it is told in its turn
    Refused(String),
}

impl Command {
    /// What the console's command asks of the client; `None` where it is the front end's own
    #[must_use]
    pub fn from_console(command: ClientCommand) -> Option<Self> {
        match command {
            ClientCommand::Ping { payload } => Some(Self::Ping(payload)),
            ClientCommand::Stop => Some(Self::Stop),
            ClientCommand::Exit => Some(Self::Exit),
            ClientCommand::Help => None,
        }
    }
}

/// How the client ended
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it was asked to, the last exchange having gone well, if there was one
    Done,
    /// The server could not be reached, broke the protocol or did not answer in time; why, in one line
    Failed(String),
}

/// Runs until it is told to end, or until the connection is lost and is not to be made again
pub async fn run(
    config: &config::Client,
    clock: &Clock,
    commands: mpsc::Receiver<Command>,
    events: &Events<Event>,
) -> Outcome {
    let mut inbox = Inbox::new(commands);
    let mut backoff = Backoff::new(config.reconnect_min, config.reconnect_max);
    let mut failure = None;
    let mut connected_once = false;
    loop {
        events.send(Event::Connecting { server: config.server.to_string() }).await;
        let end = match inbox.while_connecting(connect(config)).await {
            None => {
                inbox.leave_out(events).await;
                return Outcome::from(failure);
            }
            Some(Err(error)) => End::Lost { reason: error.to_string(), clean: false },
            Some(Ok((stream, resolved))) => {
                connected_once = true;
                events.send(Event::Connected { server: authority(&resolved.host, resolved.port) }).await;
                let since = Instant::now();
                let session = match Session::new(config, &resolved, clock, events, failure.take()) {
                    Ok(session) => session,
                    Err(error) => return Outcome::Failed(error.to_string()),
                };
                let (end, answered) = session.run(stream, &mut inbox).await;
                // A server that takes connections and closes them is as good as none.
                if answered || since.elapsed() > config.reconnect_max {
                    backoff.reset();
                }
                end
            }
        };
        let (reason, clean) = match end {
            End::Asked(outcome) => return outcome,
            End::Lost { reason, clean } => (reason, clean),
        };
        // The end of input ends the client with its last exchange, which the loss has ended.
        let finished = inbox.finishing && inbox.waiting.is_empty();
        if !config.reconnect || finished {
            if clean && inbox.holds_a_question().await {
                return Outcome::Failed(format!("{reason} before it was asked; it may be full"));
            }
            return if clean { Outcome::Done } else { Outcome::Failed(reason) };
        }
        if !clean {
            failure = Some(reason.clone());
        }
        let (attempt, pause) = backoff.next();
        events.send(Event::Reconnecting { reason, attempt, pause }).await;
        if inbox.while_paused(pause, connected_once, events).await.is_break() {
            inbox.leave_out(events).await;
            return Outcome::from(failure);
        }
    }
}

impl From<Option<String>> for Outcome {
    fn from(failure: Option<String>) -> Self {
        failure.map_or(Self::Done, Self::Failed)
    }
}

/// `host:port`, with brackets around an IPv6 address
fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Why no connection was made
#[derive(Debug)]
pub enum ConnectError {
    /// The name has no address, or none was told in time
    Resolve(crate::resolve::ResolveError),
    /// None of the addresses took the connection; the last one's error
    Connect {
        /// The address
        address: SocketAddr,
        /// What the system says
        error: io::Error,
    },
    /// No address answered in time
    TimedOut {
        /// Server as it was asked for
        server: String,
        /// How long it was waited for
        limit: std::time::Duration,
    },
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve(error) => error.fmt(f),
            Self::Connect { address, error } if error.kind() == io::ErrorKind::ConnectionRefused => {
                write!(f, "cannot connect to {address}: connection refused; is a server running there?")
            }
            Self::Connect { address, error } => write!(f, "cannot connect to {address}: {error}"),
            Self::TimedOut { server, limit } => {
                write!(f, "cannot connect to {server}: no answer within {limit:?}; is the address right?")
            }
        }
    }
}

impl std::error::Error for ConnectError {}

/// Resolves and connects, within one deadline
///
/// # Errors
/// [`ConnectError`] says at which step it failed.
pub async fn connect(config: &config::Client) -> Result<(TcpStream, Resolved), ConnectError> {
    let deadline = Instant::now() + config.connect_timeout;
    let options = ResolveOptions { srv: config.srv, nameserver: config.nameserver, deadline };
    let resolved = resolve(&config.server, &options).await.map_err(ConnectError::Resolve)?;
    let timed_out = || ConnectError::TimedOut { server: config.server.to_string(), limit: config.connect_timeout };
    let mut last = None;
    let mut left = resolved.addresses.len();
    for &address in &resolved.addresses {
        // A share of the time for each address, so that a silent one does not use up the others'.
        let now = Instant::now();
        let share = deadline.saturating_duration_since(now) / u32::try_from(left.max(1)).unwrap_or(u32::MAX);
        left = left.saturating_sub(1);
        match timeout_at(now + share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                let _unsupported = stream.set_nodelay(true);
                return Ok((stream, resolved));
            }
            Ok(Err(error)) => last = Some(ConnectError::Connect { address, error }),
            Err(_) => last = Some(timed_out()),
        }
    }
    Err(last.unwrap_or_else(timed_out))
}
