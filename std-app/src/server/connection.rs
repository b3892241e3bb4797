//! One client's connection: bytes between its socket and its machine
//!
//! The task owns no buffer while it waits: bytes are read into the stack and the machine takes them all. Only where it
//! may not (an answer has to go out first, the front end is behind) is what is left kept until it may.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use proto_core::server::Event as Heard;
use proto_core::text;
use proto_core::{Instant, Machine};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::Shared;
use super::event::Event;
use super::registry::{Connection, Inner};

/// Bytes read at once; more than any frame to a server has
const READ: usize = 2_048;

/// Reads after which others have their turn: a client that never pauses must not keep the thread
const TURN: u32 = 16;

/// How long a client may take to read the last answer
const LINGER: Duration = Duration::from_secs(1);

/// Bytes of a client's that are read and dropped behind the last answer
const LINGER_BYTES: usize = 64 * 1_024;

/// Why a connection is over
struct Over {
    reason: String,
    clean: bool,
    /// Whether the client should be given time to read the last answer
    linger: bool,
}

impl Over {
    fn stopped() -> Self {
        Self { reason: "the server stopped".to_owned(), clean: true, linger: false }
    }

    fn failed(reason: proto_core::Error) -> Self {
        Self { reason: reason.to_string(), clean: false, linger: false }
    }

    fn transport(error: &io::Error) -> Self {
        let reason = match error.kind() {
            io::ErrorKind::ConnectionReset => "the client reset the connection".to_owned(),
            io::ErrorKind::BrokenPipe => "the client closed the connection without reading the answer".to_owned(),
            _ => format!("the connection broke: {error}"),
        };
        Self { reason, clean: false, linger: false }
    }
}

/// What the pump waits for
enum Pumped {
    /// The socket, a deadline or a command
    Idle { writable: bool },
    /// The front end is behind with this event
    Behind(Event),
    /// Nothing, but others want their turn
    Again,
    /// Nothing more
    Over(Over),
}

/// Serves one client to the end and tells why it was one
pub(super) async fn serve(stream: TcpStream, connection: Arc<Connection>, shared: Arc<Shared>) {
    let mut stream = stream;
    let mut task = Task { unread: Vec::new(), offer: false, address: String::new(), ended: None, eof: false };
    let over = task.run(&stream, &connection, &shared).await;
    if over.linger {
        Box::pin(linger(&mut stream)).await;
    }
    drop(stream);
    shared.registry.remove(&connection);
    shared.documents.set_online(shared.registry.len());
    shared
        .events
        .send(Event::Disconnected { client: connection.address, reason: over.reason, clean: over.clean })
        .await;
}

/// Closes so that the last answer arrives: unread input would make a reset of the close
async fn linger(stream: &mut TcpStream) {
    let drain = async {
        stream.shutdown().await?;
        let mut left = LINGER_BYTES;
        while left > 0 {
            stream.readable().await?;
            match stream.try_read(&mut [0; 1_024]) {
                Ok(0) => break,
                Ok(count) => left = left.saturating_sub(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        io::Result::Ok(())
    };
    let _gone_either_way = tokio::time::timeout(LINGER, drain).await;
}

struct Task {
    /// Bytes read that the machine could not take yet; empty and without memory nearly always
    unread: Vec<u8>,
    /// Offer the machine `unread` before anything else, even if it is empty: it stopped at an event
    offer: bool,
    /// The server address of the Handshake that is coming in
    address: String,
    /// Why the connection ends when all is sent, where the machine ended it in good order
    ended: Option<&'static str>,
    /// The client sends no more
    eof: bool,
}

impl Task {
    async fn run(&mut self, stream: &TcpStream, connection: &Connection, shared: &Shared) -> Over {
        let mut stopping = shared.stopping.clone();
        let timer = tokio::time::sleep(Duration::ZERO);
        tokio::pin!(timer);
        let mut armed = None;
        let mut rang = false;
        loop {
            if *stopping.borrow() {
                return Over::stopped();
            }
            let writable = match self.pump(stream, connection, shared) {
                Pumped::Over(over) => return over,
                Pumped::Behind(event) => {
                    tell(event, shared, &mut stopping).await;
                    continue;
                }
                Pumped::Again => {
                    tokio::task::yield_now().await;
                    continue;
                }
                Pumped::Idle { writable } => writable,
            };
            // Only here, where all that has come is read: what came in time counts, even where this task is late.
            if std::mem::take(&mut rang) {
                match self.time_out(connection, shared) {
                    Ok(Some(event)) => tell(event, shared, &mut stopping).await,
                    Ok(None) => {}
                    Err(over) => return over,
                }
                continue;
            }
            // Each byte puts the deadline off. A timer that was set for an earlier one rings in vain and is set anew, which
            // costs less than setting it with every byte.
            let deadline = connection.lock().machine.poll_timeout();
            if let Some(deadline) = deadline
                && armed.is_none_or(|armed| deadline < armed)
            {
                timer.as_mut().reset(shared.clock.at(deadline));
                armed = Some(deadline);
            }
            let interest = match (self.eof || !self.unread.is_empty(), writable) {
                (false, false) => Interest::READABLE,
                (false, true) => Interest::READABLE | Interest::WRITABLE,
                // Nothing more is read before what waits is written.
                (true, _) => Interest::WRITABLE,
            };
            let can_wait = writable || !self.eof;
            tokio::select! {
                ready = stream.ready(interest), if can_wait => if let Err(error) = ready {
                    return Over::transport(&error);
                },
                () = connection.wake.notified() => {}
                () = &mut timer, if deadline.is_some() => {
                    armed = None;
                    rang = true;
                }
                _ = stopping.wait_for(|&stopping| stopping) => {
                    return Over::stopped();
                }
            }
            if rang {
                // After a time in which nothing ran, the timer rings before the socket has been looked at.
                tokio::task::yield_now().await;
            }
        }
    }

    /// What is due at this time, and what of it the front end is told
    fn time_out(&mut self, connection: &Connection, shared: &Shared) -> Result<Option<Event>, Over> {
        let mut inner = connection.lock();
        let heard = inner.machine.handle_timeout(shared.clock.now()).map_err(Over::failed)?;
        Ok(heard.and_then(|heard| self.translate(&mut inner, heard, connection, shared)))
    }

    /// Moves bytes both ways until the socket or the front end has to be waited for
    fn pump(&mut self, stream: &TcpStream, connection: &Connection, shared: &Shared) -> Pumped {
        let mut buffer = [0; READ];
        for _ in 0..TURN {
            let now = shared.clock.now();
            let mut inner = connection.lock();
            // What is left of an earlier read comes first, and so does an event that it still leads to.
            if std::mem::take(&mut self.offer) || !self.unread.is_empty() {
                let unread = std::mem::take(&mut self.unread);
                match self.feed(&mut inner, now, &unread, connection, shared) {
                    Ok((consumed, behind)) => {
                        self.unread = unread.get(consumed..).unwrap_or_default().to_vec();
                        if let Some(event) = behind {
                            self.offer = true;
                            return Pumped::Behind(event);
                        }
                    }
                    Err(over) => return Pumped::Over(over),
                }
            }
            let writable = match transmit(&mut inner.machine, now, stream) {
                Ok(all) => !all,
                Err(error) => return Pumped::Over(Over::transport(&error)),
            };
            if inner.machine.is_finished() {
                let reason = self.ended.unwrap_or("the client closed the connection").to_owned();
                return Pumped::Over(Over { reason, clean: true, linger: self.ended.is_some() });
            }
            if !self.unread.is_empty() {
                if writable {
                    return Pumped::Idle { writable };
                }
                continue;
            }
            if self.eof {
                return Pumped::Idle { writable };
            }
            let read = match stream.try_read(&mut buffer) {
                Ok(0) => {
                    self.eof = true;
                    match inner.machine.handle_eof(now) {
                        Ok(Some(heard)) => {
                            if let Some(event) = self.translate(&mut inner, heard, connection, shared)
                                && let Err(event) = shared.events.try_send(event)
                            {
                                return Pumped::Behind(event);
                            }
                        }
                        Ok(None) => {}
                        Err(error) => return Pumped::Over(Over::failed(error)),
                    }
                    continue;
                }
                Ok(count) => buffer.get(..count).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Pumped::Idle { writable },
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Pumped::Over(Over::transport(&error)),
            };
            match self.feed(&mut inner, now, read, connection, shared) {
                Ok((consumed, behind)) => {
                    if let Some(rest) = read.get(consumed..).filter(|rest| !rest.is_empty()) {
                        self.unread = rest.to_vec();
                    }
                    if let Some(event) = behind {
                        self.offer = true;
                        return Pumped::Behind(event);
                    }
                }
                Err(over) => return Pumped::Over(over),
            }
        }
        Pumped::Again
    }

    /// Offers `input` to the machine; tells how much it took, and the event that the front end has no room for
    fn feed(
        &mut self,
        inner: &mut Inner,
        now: Instant,
        input: &[u8],
        connection: &Connection,
        shared: &Shared,
    ) -> Result<(usize, Option<Event>), Over> {
        let mut consumed = 0;
        loop {
            let rest = input.get(consumed..).unwrap_or_default();
            let progress = inner.machine.handle_input(now, rest).map_err(Over::failed)?;
            consumed += progress.consumed;
            let Some(heard) = progress.event else { return Ok((consumed, None)) };
            if let Some(event) = self.translate(inner, heard, connection, shared)
                && let Err(event) = shared.events.try_send(event)
            {
                return Ok((consumed, Some(event)));
            }
        }
    }

    /// Answers what asks for an answer, and makes of it what the front end is told
    fn translate(
        &mut self,
        inner: &mut Inner,
        heard: Heard<'_>,
        connection: &Connection,
        shared: &Shared,
    ) -> Option<Event> {
        let client = connection.address;
        let quiet = shared.events.is_quiet();
        let event = match heard {
            Heard::Address(chunk) => {
                if !quiet {
                    self.address.push_str(chunk.as_str(&mut [0; 4]));
                }
                return None;
            }
            Heard::Handshake { protocol_version, server_port, next_state } => {
                let address = std::mem::take(&mut self.address);
                let server_address = text::Clean(text::strip_marker(&address)).to_string();
                Event::Handshake { client, protocol_version, server_address, server_port, next_state }
            }
            Heard::Request => {
                let (response, bytes) = shared.documents.response();
                let _asked_for = inner.machine.respond(response);
                Event::Request { client, bytes }
            }
            Heard::Login => {
                let _asked_for = inner.machine.respond(shared.documents.disconnect());
                self.ended = Some("wanted to log in; answered with a Disconnect");
                return None;
            }
            Heard::LegacyPing(kind) => {
                let _asked_for = inner.machine.respond(shared.documents.legacy(kind));
                self.ended = Some("legacy ping answered");
                Event::LegacyPing { client, kind }
            }
            Heard::Ping { payload } => Event::Ping { client, payload },
            Heard::Pong { payload, rtt } => {
                inner.rtt = Some(rtt);
                Event::Pong { client, payload, rtt }
            }
            Heard::UnexpectedPong { payload } => {
                Event::Error { message: format!("{client} answered a ping {payload} that it does not owe; ignored") }
            }
            Heard::UnknownPacket { id, body } => {
                Event::Error { message: format!("{client} sent a packet of unknown id {id}, {body} bytes; skipped") }
            }
            // The client's silence is no news; its answer will be.
            _ => return None,
        };
        Some(event)
    }
}

/// Tells the front end, however far it is behind, unless the server stops
async fn tell(event: Event, shared: &Shared, stopping: &mut watch::Receiver<bool>) {
    tokio::select! {
        () = shared.events.send(event) => {}
        _ = stopping.wait_for(|&stopping| stopping) => {}
    }
}

/// Sends what the machine has to send; whether all of it went
fn transmit(machine: &mut super::registry::Machine, now: Instant, stream: &TcpStream) -> io::Result<bool> {
    loop {
        let bytes = machine.poll_transmit(now);
        if bytes.is_empty() {
            return Ok(true);
        }
        match stream.try_write(bytes) {
            Ok(count) => machine.handle_transmitted(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
