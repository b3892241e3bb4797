//! The server: sockets, timers and clients around [`proto_core::Server`]
//!
//! Moves bytes and keeps the list of clients; what the bytes mean is the core's. It shows nothing: a front end gives it
//! [`Command`]s and takes its [`Event`]s, and the server neither knows nor cares which.

mod connection;
mod document;
mod event;
mod registry;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use proto_core::State;
use proto_core::command::ServerCommand;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use self::document::check as check_document;
pub use self::event::{Client, Event};
use self::registry::Registry;
use crate::clock::Clock;
use crate::config;
use crate::events::Events;

/// What a front end asks of a running server
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Stop: no new clients, the open ones are closed
    Stop,
    /// List the clients in a state, or all
    List(Option<State>),
    /// Ping every client in the default state; epoch milliseconds where no payload is given
    Ping(Option<i64>),
    /// Nothing: a line was no command, and what is wrong with it is told in its turn
    Refused(String),
}

impl Command {
    /// What the console's command asks of the server; `None` where it is the front end's own
    #[must_use]
    pub fn from_console(command: ServerCommand) -> Option<Self> {
        match command {
            ServerCommand::Stop => Some(Self::Stop),
            ServerCommand::List { state } => Some(Self::List(state)),
            ServerCommand::Ping { payload } => Some(Self::Ping(payload)),
            ServerCommand::Help => None,
        }
    }
}

/// How long clients get to take their last bytes when the server stops
const STOP_DEADLINE: Duration = Duration::from_secs(2);

/// How long to wait when the system has no more descriptors or memory for a connection
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How often at most refused connections are told
const REFUSED_INTERVAL: Duration = Duration::from_secs(1);

/// A server that is bound and not yet running
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    config: config::Server,
    documents: document::Documents,
}

/// What every connection shares
struct Shared {
    config: config::Server,
    clock: Clock,
    events: Events<Event>,
    registry: Registry,
    documents: document::Documents,
    stopping: watch::Receiver<bool>,
}

impl Server {
    /// Binds the address that the configuration names
    ///
    /// # Errors
    /// What the system says (address in use, not permitted, not this machine's), or a status document that is too long.
    pub fn bind(config: config::Server) -> io::Result<Self> {
        let documents = document::Documents::new(&config).map_err(io::Error::other)?;
        let socket = if config.listen.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
        // On Unix this only allows binding while old connections are in TIME_WAIT; on Windows it would steal the port.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(config.listen)?;
        let listener = socket.listen(config.backlog)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, config, documents })
    }

    /// The address that was bound, with its real port
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs until [`Command::Stop`], or until `commands` is closed
    ///
    /// Whatever a client does, the server goes on. Ends with [`Event::Stopped`].
    pub async fn run(self, clock: Clock, mut commands: mpsc::Receiver<Command>, events: Events<Event>) {
        let (stop, stopping) = watch::channel(false);
        let shared = Arc::new(Shared {
            registry: Registry::new(),
            documents: self.documents,
            config: self.config,
            clock,
            events,
            stopping,
        });
        shared.events.send(Event::Listening { address: self.address }).await;
        let mut tasks = JoinSet::new();
        let mut refused = Refused::default();
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    None | Some(Command::Stop) => break,
                    Some(command) => shared.carry_out(command).await,
                },
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, client)) => shared.admit(stream, client, &mut tasks, &mut refused).await,
                    Err(error) => shared.accept_failed(&error).await,
                },
                Some(_ended) = tasks.join_next(), if !tasks.is_empty() => {}
                () = refused.due() => shared.tell_refused(&mut refused).await,
            }
        }
        drop(self.listener);
        let _receivers_may_be_gone = stop.send(true);
        let all_closed = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_DEADLINE, all_closed).await.is_err() {
            tasks.shutdown().await;
        }
        shared.events.send(Event::Stopped).await;
    }
}

/// Connections turned away because the server is full, told together
#[derive(Default)]
struct Refused {
    count: usize,
    last: Option<SocketAddr>,
    tell_at: Option<Instant>,
}

impl Refused {
    /// When the ones counted so far are to be told
    async fn due(&self) {
        match self.tell_at {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }
}

impl Shared {
    /// Takes a connection, or closes it where there are as many as may be
    async fn admit(
        self: &Arc<Self>,
        stream: TcpStream,
        address: SocketAddr,
        tasks: &mut JoinSet<()>,
        refused: &mut Refused,
    ) {
        let maximum = usize::try_from(self.config.max_clients).unwrap_or(usize::MAX);
        if self.registry.len() >= maximum {
            drop(stream);
            refused.count += 1;
            refused.last = Some(address);
            if refused.tell_at.is_none_or(|at| at <= Instant::now()) {
                self.tell_refused(refused).await;
                refused.tell_at = Some(Instant::now() + REFUSED_INTERVAL);
            }
            return;
        }
        // Pings are small and their time is measured: never wait for more to send.
        let _unsupported = stream.set_nodelay(true);
        let connection = self.registry.add(address, self.clock.now(), &self.config);
        self.documents.set_online(self.registry.len());
        self.events.send(Event::Connected { client: address }).await;
        tasks.spawn(connection::serve(stream, connection, Arc::clone(self)));
    }

    async fn tell_refused(&self, refused: &mut Refused) {
        let count = std::mem::take(&mut refused.count);
        refused.tell_at = None;
        if let (Some(last), 1..) = (refused.last, count) {
            let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
            let maximum = self.config.max_clients;
            let message = format!("{last}{more} turned away: {maximum} of {maximum} clients are connected");
            self.events.send(Event::Error { message }).await;
        }
    }

    /// The system could not give us a connection; existing ones go on and the next is tried a little later
    async fn accept_failed(&self, error: &io::Error) {
        // A client that was gone again before it was accepted is not worth a word.
        if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
            return;
        }
        let message = format!("cannot accept a connection: {error}; trying again");
        self.events.send(Event::Error { message }).await;
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }

    async fn carry_out(&self, command: Command) {
        match command {
            Command::Stop => {}
            Command::Refused(message) => self.events.send(Event::Error { message }).await,
            Command::List(state) => {
                let clients = self.registry.list(state);
                self.events.send(Event::List { state, clients }).await;
            }
            Command::Ping(payload) => {
                let payload = payload.unwrap_or_else(|| self.clock.now().as_millis());
                let tally = self.registry.ping(payload);
                self.events
                    .send(Event::PingSent {
                        payload,
                        sent: tally.sent,
                        clients: tally.clients,
                        in_status: tally.in_status,
                        owing: tally.owing,
                    })
                    .await;
                // Only now, so that no answer is told before the ping.
                self.registry.wake_all();
            }
        }
    }
}
