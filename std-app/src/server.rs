//! The server: sockets, timers and clients around [`proto_core::Server`]
//!
//! Moves bytes and keeps the list of clients; what the bytes mean is the core's. It shows nothing: a front end gives it
//! [`Command`]s and takes its [`Event`]s, and the server neither knows nor cares which.

mod connection;
mod deadlines;
mod document;
mod drive;
mod event;
mod ready;
mod registry;
mod throttle;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use proto_core::State;
use proto_core::command::ServerCommand;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinSet, unconstrained};
use tokio::time::Instant;

use self::connection::{Connection, Over};
pub use self::document::check as check_document;
use self::drive::Drive;
pub use self::event::{Client, Event};
use self::registry::Registry;
use self::throttle::Throttle;
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

/// Sockets that a runtime for a server should ask the system for at once, and no more
///
/// As many as have their turn together: what the system and the runtime touch to tell of a socket is then still in the
/// processor's caches when its bytes are read. For `max_io_events_per_tick` of tokio's builder, whose own number is 1024.
pub const SOCKETS_AT_ONCE: usize = drive::BATCH;

/// How long clients get to take their last bytes when the server stops
const STOP_DEADLINE: Duration = Duration::from_secs(2);

/// How long to wait when the system has no more descriptors or memory for a connection
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Whether a connection has its listener's options
///
/// Pings are small and their time is measured: never wait for more to send. Where the system hands that on, it is said once
/// and not to each connection.
const INHERITED: bool = cfg!(any(target_os = "linux", target_os = "android"));

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
    /// Told when the last client has left
    emptied: Notify,
    /// Those that wait for the front end to be told that their connection is over
    farewells: Mutex<JoinSet<()>>,
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
        if config.listen.is_ipv6() {
            // `[::]` is every address, also on systems where it would be the IPv6 ones only.
            let _unsupported = socket2::SockRef::from(&socket).set_only_v6(false);
        }
        socket.bind(config.listen)?;
        if INHERITED {
            let _unsupported = socket.set_nodelay(true);
        }
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
        let shared = Arc::new(Shared {
            registry: Registry::new(),
            documents: self.documents,
            config: self.config,
            clock,
            events,
            emptied: Notify::new(),
            farewells: Mutex::default(),
        });
        shared.events.send(Event::Listening { address: self.address }).await;
        // Ends with this future, should that be dropped.
        let mut driving = JoinSet::new();
        driving.spawn(unconstrained(Drive::new(Arc::clone(&shared))));
        let mut refused = Throttle::new();
        let mut failed = Throttle::new();
        let mut accept_from = None;
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    None | Some(Command::Stop) => break,
                    Some(command) => shared.carry_out(command).await,
                },
                accepted = accept(&self.listener, accept_from) => {
                    accept_from = None;
                    match accepted {
                        Ok((stream, client)) if shared.has_room() => shared.admit(stream, client).await,
                        Ok((_closed, client)) => refused.note(client),
                        Err(error) if is_gone(&error) => {}
                        Err(error) => {
                            failed.note(error);
                            accept_from = Some(Instant::now() + ACCEPT_PAUSE);
                        }
                    }
                }
                (last, count) = refused.due() => shared.tell_refused(last, count).await,
                (error, count) = failed.due() => shared.tell_failed(&error, count).await,
            }
        }
        drop(self.listener);
        shared.registry.lock().stop(&shared);
        // Nobody comes any more, so who waits for a farewell or lingers are the last.
        let all_closed = async {
            while shared.registry.len() > 0 {
                shared.emptied.notified().await;
            }
            let mut farewells = shared.take_farewells();
            while farewells.join_next().await.is_some() {}
        };
        let _closed_either_way = tokio::time::timeout(STOP_DEADLINE, all_closed).await;
        driving.shutdown().await;
        shared.registry.lock().clear();
        shared.events.send(Event::Stopped).await;
    }
}

/// The next connection, not before `from`; an IPv4 client of an IPv6 socket goes by its IPv4 address
async fn accept(listener: &TcpListener, from: Option<Instant>) -> io::Result<(TcpStream, SocketAddr)> {
    if let Some(from) = from {
        tokio::time::sleep_until(from).await;
    }
    let (stream, client) = listener.accept().await?;
    Ok((stream, SocketAddr::new(client.ip().to_canonical(), client.port())))
}

/// Whether a client was gone again before it was accepted, which is not worth a word
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

/// Nothing for one, the number of further ones otherwise
fn and_more(count: usize) -> String {
    if count > 1 { format!(" and {} more", count - 1) } else { String::new() }
}

impl Shared {
    /// Whether there are fewer clients than may be
    fn has_room(&self) -> bool {
        u32::try_from(self.registry.len()).is_ok_and(|clients| clients < self.config.max_clients)
    }

    async fn admit(&self, stream: TcpStream, client: SocketAddr) {
        if !INHERITED {
            let _unsupported = stream.set_nodelay(true);
        }
        let place = self.registry.add(Connection::new(stream, client, self.clock.now(), &self.config));
        self.documents.set_online(self.registry.len());
        self.events.send(Event::Connected { client }).await;
        self.registry.wake(place);
    }

    /// A connection is over, and there are as many as `clients` left
    fn left(&self, client: SocketAddr, over: &Over, clients: usize) {
        self.documents.set_online(clients);
        if clients == 0 {
            self.emptied.notify_one();
        }
        if self.events.is_quiet() {
            return;
        }
        if let Err(event) = self.events.try_send(over.event(client)) {
            let events = self.events.clone();
            let mut farewells = self.farewells.lock().unwrap_or_else(PoisonError::into_inner);
            while farewells.try_join_next().is_some() {}
            farewells.spawn(async move { events.send(event).await });
        }
    }

    fn take_farewells(&self) -> JoinSet<()> {
        std::mem::take(&mut *self.farewells.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn tell_refused(&self, last: SocketAddr, count: usize) {
        let maximum = self.config.max_clients;
        let more = and_more(count);
        let message = format!("{last}{more} turned away: {maximum} of {maximum} clients are connected");
        self.events.send(Event::Error { message }).await;
    }

    /// The system could not give us a connection; those that there are go on, and the next is tried a little later
    async fn tell_failed(&self, error: &io::Error, count: usize) {
        let times = if count > 1 { format!(" ({count} times)") } else { String::new() };
        let message = format!("cannot accept a connection: {error}{times}; trying again");
        self.events.send(Event::Error { message }).await;
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
