//! The client of a device: a console, a connection, and one server that is watched
//!
//! One call of [`App::turn`] does what there is to do and says until when the firmware may sleep if nothing comes in.
//! The protocol is the machine's ([`proto_core::client`]), the network is [`crate::net`]'s; what is here is when to connect, and
//! what to tell whom.

mod link;
mod session;

use core::net::{Ipv4Addr, SocketAddrV4};
use core::time::Duration;

use proto_core::command::{CLIENT, ClientCommand, Help, ParseError};
use proto_core::telemetry::{Reason, Report, ShownAddress, code, cut};
use proto_core::text::{Show, Sink};
use proto_core::{Client, Instant, Machine as _, State, client, put, text};

use crate::board::Board;
use crate::console::{Console, Input};
use crate::display::{Key, Screen};
use crate::net::{Change, Net, Random, Received, Storage, Stream};
use crate::settings::{Server, Settings};
use crate::telemetry::Telemetry;
use link::{Backoff, Link};
#[cfg(feature = "display")]
pub(crate) use session::Known;
use session::{Exchange, Shown};
pub use session::{MACHINE, PICKER, Session};

/// Time between two turns where nothing comes in
///
/// Whoever presses a key does not notice it, and no deadline is met later than that. The boards' timers interrupt more often
/// anyway, so asking the network when it wants to be called again would save nothing, and takes a kilobyte.
const NAP: Duration = Duration::from_millis(10);
/// Until the line takes more
const LINE_NAP: Duration = Duration::from_millis(1);
/// Resolving a name and connecting may each take so long (PROTOCOL.md §3)
const CONNECT: Duration = Duration::from_secs(5);
/// The last bytes after `exit` may take so long
const LEAVE: Duration = Duration::from_secs(1);

/// The command that a device has beside those of every client
const HELP: &str = "connect HOST[:PORT]  watch that server (example: connect 10.0.2.2:25565)";

/// What the firmware does between two turns
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Sleeps, at most until then
    Sleep(Instant),
    /// Ends: `exit` was typed
    Exit,
}

/// The client's large parts, wherever they are kept
///
/// Each is a constant to begin with: in a `static` of its own it takes no stack, and no flash where it is all zero.
pub struct Memory<'a> {
    /// What the sockets need
    pub net: &'a mut Storage<'a>,
    /// The line being typed, history, output
    pub console: &'a mut Console,
    /// Reports on their way
    pub telemetry: &'a mut Telemetry,
    /// The status document's fields
    pub session: &'a mut Session,
    /// The picture
    pub screen: &'a mut Screen,
}

/// All of the client
pub struct App<'a> {
    net: Net<'a>,
    console: &'a mut Console,
    telemetry: &'a mut Telemetry,
    session: &'a mut Session,
    screen: &'a mut Screen,
    client: Option<Client>,
    link: Link,
    /// Since or until when the connection stands there
    at: Instant,
    /// The address that is connected to, while the connection is opened and when it stands
    remote: SocketAddrV4,
    server: Option<Server>,
    has_address: bool,
    /// Whether the last attempt to connect was
    refused: bool,
    backoff: Backoff,
    /// Time between two pings of our own, where it is to be pinged
    watch: Option<Duration>,
    next_watch: Instant,
    /// A `ping` that waits for a ping of our own to end
    waiting_ping: Option<i64>,
    /// A ping of our own that a key asked for
    asked_by_key: bool,
}

impl<'a> App<'a> {
    /// Starts the client on a board
    ///
    /// `settings` are the words that the device was started with; where they are wrong that is told at the console and
    /// nothing of them holds.
    #[inline(never)]
    pub fn new<B: Board>(board: &mut B, memory: Memory<'a>, settings: &str) -> Self {
        let Memory { net: storage, console, telemetry, session, screen } = memory;
        let now = board.now();
        console.line(&text!("slp device ", env!("CARGO_PKG_VERSION"), " on ", B::NAME));
        let (version, _) = cut(env!("CARGO_PKG_VERSION"));
        let (name, _) = cut(B::NAME);
        telemetry.report(now, Report::Boot { version, board: name });
        let mut words = settings;
        let settings = loop {
            let mut settings = Settings::DEFAULT;
            let Err(error) = settings.read(words) else { break settings };
            console.line(&text!(error, "; none is used"));
            words = "";
        };
        let mut random = Random::new(board.entropy());
        random.mix(settings.seed.unwrap_or_default());
        let mac = board.mac_address();
        session.facts.device(B::NAME, mac);
        let net = Net::new(storage, board.network(), mac, settings.addressing, random, now);
        if settings.server.is_none() {
            console.line(&text!("no server yet; ", Lacking(None)));
        }
        Self {
            net,
            console,
            telemetry,
            session,
            screen,
            client: None,
            link: if settings.server.is_some() { Link::Waiting } else { Link::Idle },
            at: now,
            remote: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0),
            server: settings.server,
            has_address: false,
            refused: false,
            backoff: Backoff::new(),
            watch: settings.watch,
            next_watch: now,
            waiting_ping: None,
            asked_by_key: false,
        }
    }

    /// Does what there is to do
    #[inline(never)]
    pub fn turn<B: Board>(&mut self, board: &mut B) -> Turn {
        let now = board.now();
        let input = self.console.handle_input(board.console());
        let entered = input.is_some();
        match input {
            // Whoever said goodbye is not listened to any more.
            Some(_) if matches!(self.link, Link::Leaving) => {}
            Some(Input::Line(line)) => self.run(now, &line),
            Some(Input::End) => self.leave(now),
            None => {}
        }
        if let Some(plugged) = board.cable() {
            self.cable_changed(plugged);
        }
        if let Some(change) = self.net.poll(now, board.network()) {
            self.address_changed(now, change);
        }
        self.step(now);
        self.pump(board);
        self.net.transmit(board.now(), board.network());
        if !matches!(self.link, Link::Leaving) {
            self.console.prompt();
        }
        board.lamp(matches!(self.link, Link::Open));
        let flushed = self.console.flush(board.console()) & self.telemetry.flush(board.telemetry());
        if self.link == Link::Leaving && ((self.net.stream() == Stream::Closed && flushed) || now >= self.at) {
            return Turn::Exit;
        }
        let drawing = self.show(board);
        let nap = match (entered || drawing, flushed) {
            (true, _) => Duration::ZERO,
            (false, true) => NAP,
            (false, false) => LINE_NAP,
        };
        Turn::Sleep(board.now().saturating_add(nap))
    }

    /// Shows what has changed and looks at the keys; whether there is more to show
    #[inline(never)]
    fn show<B: Board>(&mut self, board: &mut B) -> bool {
        let now = board.now();
        while let Some(key) = board.key() {
            self.screen.handle_key(key);
            if key == Key::Select {
                // Asks at once, as the device's own pings do: told on the screen, not at the console.
                self.asked_by_key = true;
            }
        }
        let Some(panel) = board.panel() else { return false };
        let (connection, server, counted) = self.connection(now);
        self.session.facts.connection(connection, server, counted);
        self.screen.turn(now, &self.session.facts, panel)
    }

    /// Carries out a line of the console
    #[inline(never)]
    fn run(&mut self, now: Instant, line: &str) {
        let mut words = line.split_ascii_whitespace();
        if words.next().is_some_and(|word| word.eq_ignore_ascii_case("connect")) {
            match (words.next(), words.next()) {
                (Some(server), None) => match Server::parse(server) {
                    Ok(server) => self.connect_to(now, server),
                    Err(error) => self.console.line(&error),
                },
                _ => self.console.line(&text!("expected: ", HELP)),
            }
            return;
        }
        match ClientCommand::parse(line) {
            Ok(ClientCommand::Ping { payload }) => self.ping(now, payload),
            Ok(ClientCommand::Stop) => self.stop(),
            Ok(ClientCommand::Exit) => self.leave(now),
            Ok(ClientCommand::Help) => {
                self.console.line(&Help(CLIENT));
                self.console.line(&HELP);
            }
            Err(ParseError::Empty) => {}
            Err(error @ ParseError::UnknownCommand { .. }) => {
                self.console.line(&text!(error, " and: connect HOST[:PORT]"));
            }
            Err(error) => self.console.line(&error),
        }
    }

    fn ping(&mut self, now: Instant, payload: Option<i64>) {
        let Some(client) = &mut self.client else {
            return self.not_connected("ping");
        };
        let payload = payload.unwrap_or_else(|| now.as_millis());
        if self.session.exchange == Exchange::Quiet && self.waiting_ping.is_none() {
            self.waiting_ping = Some(payload);
            return;
        }
        match client.ping(now, payload) {
            Ok(()) => self.session.exchange = Exchange::Asked,
            Err(refused) => self.console.line(&refused),
        }
    }

    fn stop(&mut self) {
        let Some(client) = &mut self.client else {
            return self.not_connected("stop");
        };
        let stopped = match self.session.exchange {
            // Nobody asked for that one, so to the person at the console there is none but the ping that waits for its end.
            Exchange::Quiet => self.waiting_ping.take().map(|_| ()).ok_or(proto_core::Refused::StopInDefault),
            _ => client.stop(),
        };
        match stopped {
            Ok(()) => {
                if self.session.exchange == Exchange::Asked {
                    self.session.exchange = Exchange::None;
                }
                self.console.line(&text!("stopped; the state is ", State::Default.name()));
            }
            Err(refused) => self.console.line(&refused),
        }
    }

    fn not_connected(&mut self, command: &str) {
        self.console.line(&text!("\"", command, "\" needs a connection; ", Lacking(self.server.as_ref())));
    }

    /// `exit`: says goodbye and lets the last bytes leave
    fn leave(&mut self, now: Instant) {
        if self.client.take().is_some() {
            self.telemetry.report(now, Report::Disconnected { reason: Reason::Exit });
        }
        self.net.close();
        self.console.line(&"bye");
        self.go(Link::Leaving, now.saturating_add(LEAVE));
    }

    /// Moves bytes between the stream and the machine until one of them has no more
    #[inline(never)]
    fn pump<B: Board>(&mut self, board: &mut B) {
        if !matches!(self.link, Link::Open) {
            return;
        }
        let now = board.now();
        self.ask(now);
        let Some(client) = &mut self.client else { return };
        match client.handle_timeout(now) {
            Ok(Some(event)) => self.session.handle(now, event, self.console, self.telemetry),
            Ok(None) => {}
            Err(error) => return self.failed(now, error),
        }
        loop {
            let Some(client) = &mut self.client else { return };
            let mut blocked = false;
            loop {
                let bytes = client.poll_transmit(board.now());
                if bytes.is_empty() {
                    break;
                }
                let sent = self.net.send(bytes);
                if sent == 0 {
                    blocked = true;
                    break;
                }
                client.handle_transmitted(sent);
            }
            let (session, console, telemetry) = (&mut *self.session, &mut *self.console, &mut *self.telemetry);
            let mut failure = None;
            let received = self.net.receive(|bytes| {
                let mut taken = 0;
                loop {
                    match client.handle_input(now, bytes.get(taken..).unwrap_or_default()) {
                        Ok(progress) => {
                            taken += progress.consumed;
                            let Some(event) = progress.event else { return taken };
                            session.handle(now, event, console, telemetry);
                        }
                        Err(error) => {
                            failure = Some(error);
                            return bytes.len();
                        }
                    }
                }
            });
            if let Some(error) = failure {
                return self.failed(now, error);
            }
            match received {
                // What the machine does not take yet waits for its answer to leave.
                Received::Taken(0) if blocked => return,
                Received::Taken(0) if client.poll_transmit(now).is_empty() => return,
                Received::Taken(_) => {}
                Received::Nothing => return,
                Received::Finished => return self.finished(now),
                Received::Broken => return self.lost(now, Reason::Network, &"the connection broke"),
            }
        }
    }

    /// Starts the exchange that is due: one that waits at the console, or one of our own
    fn ask(&mut self, now: Instant) {
        let Some(client) = &mut self.client else { return };
        if client.state() != State::Default {
            return;
        }
        self.session.exchange = Exchange::None;
        if let Some(payload) = self.waiting_ping.take() {
            return self.ping(now, Some(payload));
        }
        let due = self.watch.is_some() && now >= self.next_watch;
        if (due || self.asked_by_key) && client.ping(now, now.as_millis()).is_ok() {
            self.session.exchange = Exchange::Quiet;
            self.asked_by_key = false;
            self.next_watch = now.saturating_add(self.watch.unwrap_or_default());
        }
    }

    /// The server closed its direction
    fn finished(&mut self, now: Instant) {
        let Some(client) = &mut self.client else { return };
        match client.handle_eof(now) {
            Ok(_) => {
                self.net.close();
                self.lost(now, Reason::ByServer, &"the server closed the connection");
            }
            Err(error) => self.failed(now, error),
        }
    }

    /// The machine gave up
    fn failed(&mut self, now: Instant, error: proto_core::Error) {
        let (code, numbers, reason) = match error {
            proto_core::Error::Protocol { offset, .. } => {
                (code::PROTOCOL, [i64::try_from(offset).unwrap_or(i64::MAX), 0], Reason::Protocol)
            }
            proto_core::Error::Timeout(_) => (code::FRAME_TIMEOUT, [0; 2], Reason::TimedOut),
            // What a later core adds is the server's doing too.
            _ => (code::CLOSED_EARLY, [0; 2], Reason::ByServer),
        };
        self.telemetry.report(now, Report::Error { code, numbers });
        self.net.abort();
        self.lost(now, reason, &error);
    }

    /// The machine for a connection that stands
    #[inline(never)]
    fn connected(&mut self, now: Instant) {
        self.go(Link::Open, now);
        let Some(server) = &self.server else { return };
        // A host of the settings' length always fits.
        self.client = Client::new(&client::Config::new(&server.host, server.port)).ok();
        self.session.reset();
        self.waiting_ping = None;
        self.next_watch = now;
        self.telemetry.report(now, Report::Connected { server: self.remote });
        self.console.line(&text!("connected to ", Shown::server(server, self.remote)));
    }

    /// The cable was put in or pulled out; a connection outlives it where the address does, which
    /// with DHCP is asked for anew
    fn cable_changed(&mut self, plugged: bool) {
        if plugged {
            self.net.restart();
        }
        self.console.line(&text!("the network cable is ", if plugged { "in" } else { "out" }));
    }

    #[inline(never)]
    fn address_changed(&mut self, now: Instant, change: Change) {
        match change {
            Change::Up(address) => {
                let (cidr, gateway, by_dhcp) = (address.cidr, address.gateway, address.by_dhcp);
                self.has_address = true;
                self.session.facts.address(Some(cidr.address()), gateway);
                let (address, prefix) = (cidr.address(), cidr.prefix_len());
                self.console.line(&ShownAddress { address, prefix, gateway, by_dhcp });
                self.telemetry.report(now, Report::Address { address, prefix, gateway, by_dhcp });
            }
            Change::Down => {
                self.has_address = false;
                self.session.facts.address(None, None);
                self.address_lost(now);
            }
        }
    }
}

/// Why there is no connection, or what to do for one
struct Lacking<'s>(Option<&'s Server>);

impl Show for Lacking<'_> {
    fn show(&self, out: &mut dyn Sink) {
        match self.0 {
            None => out.put("name a server with: connect HOST[:PORT]"),
            Some(server) => put!(out, "there is none to ", server, " yet"),
        }
    }
}
