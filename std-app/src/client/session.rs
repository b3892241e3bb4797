//! One connection of the client: bytes between its socket and its machine

use std::io;
use std::ops::Range;
use std::time::Duration;

use proto_core::client::Config;
use proto_core::packet::HostTooLong;
use proto_core::{Machine, State, Timeouts};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::inbox::Inbox;
use super::translate::Translator;
use super::{Command, Outcome};
use crate::client::Event;
use crate::clock::Clock;
use crate::config;
use crate::events::Events;
use crate::resolve::Resolved;

/// Bytes read at once
const READ: usize = 16 * 1_024;

/// Events after which a server that never pauses is left for a moment, so that commands are not kept waiting
const BATCH: usize = 64;

/// Reads after which commands and deadlines have their turn
const TURN: u32 = 16;

/// How a connection ended
pub(super) enum End {
    /// The client was told to end
    Asked(Outcome),
    /// The connection is gone
    Lost {
        /// Why, in one line
        reason: String,
        /// Whether the server closed it in good order, with nothing owed
        clean: bool,
    },
}

impl End {
    fn broken(error: &io::Error) -> Self {
        let reason = match error.kind() {
            io::ErrorKind::ConnectionReset => "the server reset the connection".to_owned(),
            _ => format!("the connection broke: {error}"),
        };
        Self::Lost { reason, clean: false }
    }

    fn failed(error: proto_core::Error) -> Self {
        Self::Lost { reason: error.to_string(), clean: false }
    }
}

/// What the pump waits for
struct Pumped {
    /// Something could not be sent yet
    writable: bool,
    /// There is more to do at once
    again: bool,
}

pub(super) struct Session<'a> {
    machine: proto_core::Client,
    translator: Translator,
    clock: &'a Clock,
    events: &'a Events<Event>,
    buffer: Box<[u8; READ]>,
    /// Bytes of `buffer` that the machine could not take yet
    unread: Range<usize>,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        config: &config::Client,
        resolved: &Resolved,
        clock: &'a Clock,
        events: &'a Events<Event>,
        failure: Option<String>,
    ) -> Result<Self, HostTooLong> {
        let machine = proto_core::Client::new(&Config {
            protocol_version: config.protocol,
            server_address: &resolved.host,
            server_port: resolved.port,
            strict: config.strict,
            timeouts: Timeouts {
                frame: config.frame_timeout,
                response: config.response_timeout,
                pong: config.pong_timeout,
                ..Timeouts::DEFAULT
            },
        })?;
        Ok(Self {
            machine,
            translator: Translator::new(failure),
            clock,
            events,
            buffer: Box::new([0; READ]),
            unread: 0..0,
        })
    }

    /// Runs to the end of the connection; how it ended, and whether the server answered anything
    pub(super) async fn run(mut self, stream: TcpStream, inbox: &mut Inbox) -> (End, bool) {
        let end = self.run_to_end(&stream, inbox).await;
        let answered = self.translator.has_answer();
        (self.over(end).await, answered)
    }

    async fn run_to_end(&mut self, stream: &TcpStream, inbox: &mut Inbox) -> End {
        let mut end = None;
        let mut rang = false;
        let timer = tokio::time::sleep(Duration::ZERO);
        tokio::pin!(timer);
        loop {
            let pumped = match end.take().map_or_else(|| self.pump(stream), Err) {
                Ok(pumped) => pumped,
                Err(end) => return end,
            };
            self.tell().await;
            // Only here, where all that has come is read: what came in time counts, even where this task is late.
            if std::mem::take(&mut rang) {
                end = self.time_out();
                continue;
            }
            if inbox.finishing && inbox.waiting.is_empty() && self.machine.state() == State::Default {
                return self.asked();
            }
            let deadline = self.machine.poll_timeout();
            if let Some(deadline) = deadline {
                timer.as_mut().reset(self.clock.at(deadline));
            }
            let interest = match (pumped.writable, self.unread.is_empty()) {
                (false, _) => Interest::READABLE,
                (true, true) => Interest::READABLE | Interest::WRITABLE,
                // Nothing more is read before what waits is written.
                (true, false) => Interest::WRITABLE,
            };
            tokio::select! {
                ready = stream.ready(interest), if !pumped.again => end = ready.err().map(|error| End::broken(&error)),
                () = tokio::task::yield_now(), if pumped.again => {}
                command = inbox.next(), if !inbox.finishing || !inbox.waiting.is_empty() => match command {
                    Command::Finish => inbox.finishing = true,
                    command => end = self.carry_out(command),
                },
                () = &mut timer, if deadline.is_some() => rang = true,
            }
            if rang {
                // After a time in which nothing ran, the timer rings before the socket has been looked at.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Tells the end of the connection
    async fn over(&mut self, end: End) -> End {
        let (reason, clean) = match end {
            End::Lost { reason, clean } => (reason, clean),
            End::Asked(_) => {
                self.tell().await;
                return end;
            }
        };
        self.translator.queue().push(Event::Disconnected { reason: reason.clone(), clean });
        self.tell().await;
        match self.translator.failure() {
            // It closed in good order, but owed an answer before.
            Some(failure) if clean => End::Lost { reason: failure.clone(), clean: false },
            _ => End::Lost { reason, clean },
        }
    }

    /// Gives the front end what there is
    async fn tell(&mut self) {
        for event in self.translator.queue().drain(..) {
            self.events.send(event).await;
        }
    }

    fn asked(&self) -> End {
        End::Asked(self.translator.failure().cloned().map_or(Outcome::Done, Outcome::Failed))
    }

    /// Carries a command out, or says why not
    fn carry_out(&mut self, command: Command) -> Option<End> {
        let now = self.clock.now();
        let carried_out = match command {
            Command::Exit => return Some(self.asked()),
            // The inbox has noted it.
            Command::Finish => Ok(()),
            Command::Refused(message) => {
                self.translator.error(message);
                Ok(())
            }
            Command::Ping(payload) => self.machine.ping(now, payload.unwrap_or_else(|| now.as_millis())),
            Command::Stop => self.machine.stop(),
        };
        if let Err(refused) = carried_out {
            self.translator.error(refused.to_string());
        }
        self.translator.state(self.machine.state());
        None
    }

    /// What is due at this time
    fn time_out(&mut self) -> Option<End> {
        match self.machine.handle_timeout(self.clock.now()) {
            Ok(heard) => {
                if let Some(heard) = heard {
                    self.translator.handle(heard);
                }
                self.translator.state(self.machine.state());
                None
            }
            Err(error) => Some(End::failed(error)),
        }
    }

    /// Moves bytes both ways until the socket has to be waited for
    fn pump(&mut self, stream: &TcpStream) -> Result<Pumped, End> {
        let mut reads = 0;
        loop {
            let writable = !self.transmit(stream).map_err(|error| End::broken(&error))?;
            if self.translator.queue().len() >= BATCH || reads >= TURN {
                return Ok(Pumped { writable, again: true });
            }
            if self.unread.is_empty() {
                reads += 1;
                match stream.try_read(&mut *self.buffer) {
                    Ok(0) => {
                        let _no_event = self.machine.handle_eof(self.clock.now()).map_err(End::failed)?;
                        return Err(End::Lost { reason: "the server closed the connection".to_owned(), clean: true });
                    }
                    Ok(count) => self.unread = 0..count,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        return Ok(Pumped { writable, again: false });
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(End::broken(&error)),
                }
            } else if writable {
                // An echo has to go out before more is taken, and the socket has no room.
                return Ok(Pumped { writable, again: false });
            }
            self.feed().map_err(End::failed)?;
        }
    }

    /// Offers the machine what was read, as far as it takes it
    fn feed(&mut self) -> Result<(), proto_core::Error> {
        let now = self.clock.now();
        loop {
            let input = self.buffer.get(self.unread.clone()).unwrap_or_default();
            let progress = self.machine.handle_input(now, input)?;
            self.unread.start += progress.consumed;
            let Some(heard) = progress.event else { return Ok(()) };
            self.translator.handle(heard);
            self.translator.state(self.machine.state());
        }
    }

    /// Sends what the machine has to send; whether all of it went
    fn transmit(&mut self, stream: &TcpStream) -> io::Result<bool> {
        loop {
            let bytes = self.machine.poll_transmit(self.clock.now());
            if bytes.is_empty() {
                return Ok(true);
            }
            match stream.try_write(bytes) {
                Ok(count) => self.machine.handle_transmitted(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
