//! The client: socket, timers and reconnecting around [`proto_core::Client`]
//!
//! Connects, moves bytes and takes the fields out of the status document; what the bytes mean is the core's. It shows
//! nothing: a front end gives it [`Command`]s and takes its [`Event`]s.

mod event;
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
    mut commands: mpsc::Receiver<Command>,
    events: &Events<Event>,
) -> Outcome {
    let mut backoff = Backoff::new(config.reconnect_min, config.reconnect_max);
    loop {
        events.send(Event::Connecting { server: config.server.to_string() }).await;
        let reason = match connected(config, clock, &mut commands, events, &mut backoff).await {
            End::Asked(outcome) => return outcome,
            End::Lost { reason, clean } => {
                if !config.reconnect {
                    return if clean { Outcome::Done } else { Outcome::Failed(reason) };
                }
                reason
            }
        };
        let (attempt, pause) = backoff.next();
        events.send(Event::Reconnecting { reason: reason.clone(), attempt, pause }).await;
        if wait(pause, &mut commands, events).await.is_break() {
            return Outcome::Failed(reason);
        }
    }
}

/// One connection from its start to its end
async fn connected(
    config: &config::Client,
    clock: &Clock,
    commands: &mut mpsc::Receiver<Command>,
    events: &Events<Event>,
    backoff: &mut Backoff,
) -> End {
    let connecting = connect(config);
    tokio::pin!(connecting);
    let mut early = Vec::new();
    let (stream, resolved) = loop {
        tokio::select! {
            connected = &mut connecting => match connected {
                Ok(connected) => break connected,
                Err(error) => return End::Lost { reason: error.to_string(), clean: false },
            },
            // Commands that come early wait for the connection; there are as many as the channel holds at most.
            command = commands.recv() => match command {
                None | Some(Command::Exit) => return End::Asked(Outcome::Done),
                Some(command) if early.len() < EARLY_COMMANDS => early.push(command),
                Some(_) => {
                    let message = "not connected yet, and too many commands wait already".to_owned();
                    events.send(Event::Error { message }).await;
                }
            },
        }
    };
    backoff.reset();
    let server = proto_core_host(&resolved);
    events.send(Event::Connected { server }).await;
    match Session::new(config, &resolved, clock, events) {
        Ok(session) => session.run(stream, early, commands).await,
        Err(error) => End::Asked(Outcome::Failed(error.to_string())),
    }
}

/// Commands that may wait for the connection
const EARLY_COMMANDS: usize = 64;

/// `host:port`, with brackets around an IPv6 address
fn proto_core_host(resolved: &Resolved) -> String {
    if resolved.host.contains(':') {
        format!("[{}]:{}", resolved.host, resolved.port)
    } else {
        format!("{}:{}", resolved.host, resolved.port)
    }
}

/// Waits until the next attempt; broken off where the client is to end
async fn wait(
    pause: std::time::Duration,
    commands: &mut mpsc::Receiver<Command>,
    events: &Events<Event>,
) -> std::ops::ControlFlow<()> {
    let until = Instant::now() + pause;
    while let Ok(command) = timeout_at(until, commands.recv()).await {
        match command {
            None | Some(Command::Exit | Command::Finish) => return std::ops::ControlFlow::Break(()),
            Some(Command::Refused(message)) => events.send(Event::Error { message }).await,
            Some(Command::Ping(_) | Command::Stop) => {
                let message = "not connected; the next attempt is under way".to_owned();
                events.send(Event::Error { message }).await;
            }
        }
    }
    std::ops::ControlFlow::Continue(())
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
