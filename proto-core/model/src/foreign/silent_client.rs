//! A client that asks for everything at once and never answers the server's pings
//!
//! It may leave at any moment, with bytes lost on their way.
//!
//! Held against our server: each Request gets its Response and each Ping its echo, in the order of the causes, with the
//! server's own pings in between; four of these stay unanswered and no fifth is sent. A Ping of the payload that one of
//! them has is taken for its Pong, as §3 has it, and gets no echo. Whatever happens, time alone ends the connection, and
//! with the error that names what did not come, or the client's end does, an error only within a frame.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use proto_core::error::{Closed, Timeout};
use proto_core::fault::Fault;
use proto_core::server::{Event, Skipped};
use proto_core::wire::string::Chunk;
use proto_core::{Error, Machine, Server, State as Stands, Timeouts};
use stateright::{Model, Property};

use crate::bounds::{A, B};
use crate::channel::Channel;
use crate::cycles::Delivers;
use crate::drive::{moves, offer};
use crate::ledger::{Wrong, Wrongs};
use crate::packets::{HOST, PORT, REQUEST, VERSION, handshake, ping, response};
use crate::pair::NOW;
use crate::properties::{Logged, sometimes};
use crate::seen::{Log, Seen};

/// The server finds no fault with what is well formed
pub const NO_ERROR: &str = "asking for everything at once is no error";
/// Each event is the packet's meaning, where a Ping like an owed Pong counts as that
pub const NOT_MISREAD: &str = "no packet is misread";
/// What is sent, to the byte and in order
pub const ANSWERS: &str = "each Request and each Ping is answered once, in the order of causes";
/// At most four, and who owes them is left out
pub const FOUR: &str = "a client that owes four is pinged no more";
/// It is pinged in state 0 and where it owes fewer than four, and nowhere else
pub const REFUSALS: &str = "the server's pings are refused exactly where the rules say so";
/// Time alone ends it, and says why
pub const ENDS: &str =
    "time ends the connection, or the client's end does, with the error that names what did not come";
/// Where nothing moves nothing is left to read or to send
pub const AT_REST: &str = "where nothing moves, everything has been read and answered";

/// All of them
pub const ALL: [&str; 7] = [NO_ERROR, NOT_MISREAD, ANSWERS, FOUR, REFUSALS, ENDS, AT_REST];

const SHORT: &str = r#""ä""#;

/// The model: how many exchanges, and how many pings of the server's
#[derive(Debug)]
pub struct SilentClient {
    /// Exchanges that the client begins, before or after the last one is answered
    pub exchanges: u8,
    /// Pings that the server is told to send
    pub server_pings: u8,
    /// Whether the client may leave
    pub leaves: bool,
    fault: Option<Fault>,
    answer: &'static [u8],
    log: Log,
}

/// Where it stands
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct State {
    server: Server<&'static [u8]>,
    to_server: Channel,
    book: Book,
    probed: bool,
    exchanges: u8,
    server_pings: u8,
    /// Whether the client has left, and whether the server was told
    gone: Option<bool>,
    over: bool,
}

/// What is owed, kept from outside of the machine
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Book {
    /// Packets on their way to the server
    up: VecDeque<Up>,
    /// Packets that the server has to send
    owed: VecDeque<Owed>,
    /// Payloads of pings that were sent and not answered
    outstanding: Vec<i64>,
    /// Whether the address of the Handshake that is coming in has been told
    address: bool,
    stands: Stands,
    wrongs: Wrongs,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { to_server, book, probed, over, .. } = self;
        write!(f, "{} bytes to server, {book:?}, probed: {probed}, over: {over}", to_server.len())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Up {
    Enter,
    Request,
    Ping(i64),
}

/// A packet to the client
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Owed {
    Response,
    Pong(i64),
    Ping(i64),
}

/// What can happen
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The client sends Handshake, Request and Ping in one write
    Exchange(i64),
    /// The server's command `ping`
    ServerPing(i64),
    /// The server has one packet sent
    ServerSends,
    /// Some bytes arrive at the server in one piece
    ServerReceives(usize),
    /// The server's next deadline passes
    Deadline,
    /// The client leaves: so many of the bytes under way still arrive
    Leave(usize),
    /// The end arrives at the server
    End,
}

impl SilentClient {
    /// A model within these bounds
    #[must_use]
    pub fn new(exchanges: u8, server_pings: u8) -> Self {
        let answer = response(SHORT).leak();
        Self { exchanges, server_pings, leaves: false, fault: None, answer, log: Log::default() }
    }

    /// One whose client may leave
    #[must_use]
    pub fn leaving(self) -> Self {
        Self { leaves: true, ..self }
    }

    /// One whose server breaks a rule
    #[must_use]
    pub fn with(self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..self }
    }

    fn begin(state: &mut State, payload: i64) {
        state.to_server.push(&handshake(1));
        state.to_server.push(&REQUEST);
        state.to_server.push(&ping(payload));
        state.book.up.extend([Up::Enter, Up::Request, Up::Ping(payload)]);
        state.exchanges -= 1;
    }

    fn server_ping(&self, state: &mut State, payload: i64) -> bool {
        let expected = if state.over || state.gone == Some(true) {
            self.log.note(Seen::SkippedClosing);
            Err(Skipped::Closing)
        } else if state.book.stands == Stands::Status {
            self.log.note(Seen::SkippedInStatus);
            Err(Skipped::InStatus)
        } else if state.book.unanswered() >= 4 {
            self.log.note(Seen::SkippedFifth);
            Err(Skipped::Owing)
        } else {
            Ok(())
        };
        let outcome = state.server.ping(payload);
        if outcome.is_ok() {
            state.server_pings -= 1;
            state.book.owed.push_back(Owed::Ping(payload));
        }
        if outcome != expected {
            state.book.wrongs.blame(Wrong::Refusal);
        }
        outcome.is_ok() || outcome != expected
    }

    fn sends(&self, state: &mut State) {
        let bytes = state.server.poll_transmit(NOW).to_vec();
        let right = match state.book.owed.pop_front() {
            Some(Owed::Response) => bytes == self.answer,
            Some(Owed::Pong(payload)) => bytes == ping(payload),
            Some(Owed::Ping(payload)) => {
                state.book.outstanding.push(payload);
                bytes == ping(payload)
            }
            None => false,
        };
        if !right {
            state.book.wrongs.blame(Wrong::Uncaused);
        }
        state.server.handle_transmitted(bytes.len());
    }

    fn receives(&self, state: &mut State, count: usize) -> bool {
        let State { server, to_server, book, .. } = state;
        let taken = offer(server, &to_server.first(count), |server, event| {
            if book.event(&event, &self.log) && !server.respond(self.answer) {
                book.wrongs.blame(Wrong::Misread);
            }
        });
        if taken.is_none() {
            book.wrongs.blame(Wrong::Failed);
        }
        let taken = taken.unwrap_or(count);
        if taken < count {
            self.log.note(Seen::ServerWaits);
        }
        to_server.take(taken);
        state.probed &= taken == 0;
        taken > 0
    }

    /// The next deadline passes: what has to happen then is what the rules say of where it stands
    fn deadline(&self, state: &mut State) {
        let Some(deadline) = state.server.poll_timeout() else { return state.book.wrongs.blame(Wrong::End) };
        let limits = Timeouts::DEFAULT;
        let outcome = state.server.handle_timeout(deadline);
        let right = if state.to_server.is_in_frame() {
            self.log.note(Seen::FrameTimeout);
            outcome == Err(Error::Timeout(Timeout::Frame(limits.frame)))
        } else if state.book.stands == Stands::Status {
            self.log.note(Seen::StatusTimeout);
            outcome == Err(Error::Timeout(Timeout::Status(limits.status)))
        } else if state.probed {
            self.log.note(Seen::Silence);
            outcome == Err(Error::Timeout(Timeout::Silence(limits.idle + limits.silence)))
        } else if state.book.unanswered() >= 4 {
            self.log.note(Seen::IdleOwing);
            outcome == Ok(None)
        } else {
            self.log.note(Seen::IdlePing);
            state.book.owed.push_back(Owed::Ping(A));
            outcome == Ok(Some(Event::IdlePing { payload: A }))
        };
        state.probed = true;
        state.over = outcome.is_err();
        if !right {
            state.book.wrongs.blame(Wrong::End);
        }
    }

    fn leave(&self, state: &mut State, arriving: usize) {
        self.log.note(Seen::Exit);
        if arriving < state.to_server.len() {
            self.log.note(Seen::Lost);
        }
        state.to_server.cut_to(arriving);
        state.gone = Some(false);
    }

    /// The end arrives: an error exactly where a frame was cut
    fn end(&self, state: &mut State) {
        let outcome = state.server.handle_eof(NOW);
        let expected = if state.to_server.is_in_frame() {
            self.log.note(Seen::ExitInFrame);
            Err(Error::Closed(Closed::InFrame))
        } else {
            Ok(None)
        };
        if outcome != expected {
            state.book.wrongs.blame(Wrong::End);
        }
        state.over = outcome.is_err();
        state.gone = Some(true);
    }
}

impl Book {
    /// Pings of the server's that are unanswered, sent or not
    fn unanswered(&self) -> usize {
        self.outstanding.len() + self.owed.iter().filter(|owed| matches!(owed, Owed::Ping(_))).count()
    }

    /// An event of the server's; returns whether it has to be answered with the Response
    fn event(&mut self, event: &Event<'_>, log: &Log) -> bool {
        if let Event::Address(chunk) = event {
            // It is one character, so there is one piece, whole or put together.
            let whole = matches!(chunk, Chunk::Str(HOST)) || matches!(chunk, Chunk::Char(c) if HOST.starts_with(*c));
            if !whole || self.up.front() != Some(&Up::Enter) || std::mem::replace(&mut self.address, true) {
                self.wrongs.blame(Wrong::Misread);
            }
            return false;
        }
        let first = self.up.pop_front();
        let meant = match *event {
            Event::Handshake { protocol_version, server_port, next_state } => {
                self.stands = Stands::Status;
                let fields = (protocol_version, server_port, next_state.as_i32()) == (VERSION, PORT, 1);
                (fields && std::mem::take(&mut self.address)).then_some(Up::Enter)
            }
            Event::Request => {
                self.owed.push_back(Owed::Response);
                Some(Up::Request)
            }
            Event::Ping { payload } => {
                log.note(Seen::Completed);
                self.stands = Stands::Default;
                self.owed.push_back(Owed::Pong(payload));
                (!self.outstanding.contains(&payload)).then_some(Up::Ping(payload))
            }
            Event::Pong { payload, rtt: Duration::ZERO } => {
                log.note(Seen::SwallowedPing);
                let owed = self.outstanding.iter().position(|ping| *ping == payload);
                owed.map(|index| {
                    self.outstanding.remove(index);
                    Up::Ping(payload)
                })
            }
            _ => None,
        };
        if meant.is_none() || meant != first {
            self.wrongs.blame(Wrong::Misread);
        }
        *event == Event::Request
    }
}

impl State {
    fn is_quiet(&self) -> bool {
        self.over || !(moves(&self.server, &self.to_server) || self.end_is_next())
    }

    fn end_is_next(&self) -> bool {
        self.gone == Some(false) && self.to_server.is_empty()
    }

    /// Whether everything asked for has been read and answered; of a client that left, what arrived
    fn is_served(&self) -> bool {
        if self.gone.is_some() {
            return self.gone == Some(true) && self.server.is_finished() && self.to_server.is_empty();
        }
        self.to_server.is_empty() && self.book.up.is_empty() && self.book.owed.is_empty()
    }

    /// Whether the deadlines alone, one after the other, end it: first a ping of the silent client, then the end
    fn ends(&self) -> bool {
        let mut server = self.server.clone();
        self.over
            || (0..2).any(|_| server.poll_timeout().is_some_and(|deadline| server.handle_timeout(deadline).is_err()))
                && server.is_finished()
    }
}

impl Model for SilentClient {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut server = Server::new(NOW, Timeouts::DEFAULT, true);
        if let Some(fault) = self.fault {
            server.seed(fault);
        }
        vec![State {
            server,
            to_server: Channel::default(),
            book: Book {
                up: VecDeque::new(),
                owed: VecDeque::new(),
                outstanding: Vec::new(),
                address: false,
                stands: Stands::Default,
                wrongs: Wrongs::default(),
            },
            probed: false,
            exchanges: self.exchanges,
            server_pings: self.server_pings,
            gone: None,
            over: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.server_pings > 0 {
            actions.extend([A, B].map(Action::ServerPing));
        }
        if state.over || state.book.wrongs.has(Wrong::Failed) {
            return;
        }
        if state.exchanges > 0 && state.gone.is_none() {
            actions.extend([A, B].map(Action::Exchange));
        }
        if !state.server.clone().poll_transmit(NOW).is_empty() {
            actions.push(Action::ServerSends);
        }
        actions.extend((1..=state.to_server.len()).map(Action::ServerReceives));
        if state.gone != Some(true) {
            actions.push(Action::Deadline);
        }
        if self.leaves && state.gone.is_none() {
            actions.extend((0..=state.to_server.len()).map(Action::Leave));
        }
        if state.end_is_next() {
            actions.push(Action::End);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let changed = match action {
            Action::Exchange(payload) => {
                Self::begin(&mut state, payload);
                true
            }
            Action::ServerPing(payload) => self.server_ping(&mut state, payload),
            Action::ServerSends => {
                self.sends(&mut state);
                true
            }
            Action::ServerReceives(count) => self.receives(&mut state, count),
            Action::Deadline => {
                self.deadline(&mut state);
                true
            }
            Action::Leave(arriving) => {
                self.leave(&mut state, arriving);
                true
            }
            Action::End => {
                self.end(&mut state);
                true
            }
        };
        state.server.forget_offset();
        changed.then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::<Self>::always(NO_ERROR, |_, state| !state.book.wrongs.has(Wrong::Failed)),
            Property::<Self>::always(NOT_MISREAD, |_, state| !state.book.wrongs.has(Wrong::Misread)),
            Property::<Self>::always(ANSWERS, |_, state| !state.book.wrongs.has(Wrong::Uncaused)),
            Property::<Self>::always(FOUR, |_, state| state.book.unanswered() <= 4),
            Property::<Self>::always(REFUSALS, |_, state| !state.book.wrongs.has(Wrong::Refusal)),
            Property::<Self>::always(ENDS, |_, state| state.ends() && !state.book.wrongs.has(Wrong::End)),
            Property::<Self>::always(AT_REST, |_, state| !state.is_quiet() || state.over || state.is_served()),
        ];
        let meets = [
            Seen::Completed,
            Seen::SwallowedPing,
            Seen::SkippedInStatus,
            Seen::SkippedClosing,
            Seen::IdlePing,
            Seen::Silence,
            Seen::StatusTimeout,
            Seen::FrameTimeout,
            Seen::ServerWaits,
        ];
        properties.extend(meets.map(sometimes));
        if self.server_pings > 4 {
            properties.extend([Seen::SkippedFifth, Seen::IdleOwing].map(sometimes));
        }
        if self.leaves {
            properties.extend([Seen::Exit, Seen::ExitInFrame, Seen::Lost].map(sometimes));
        }
        properties
    }
}

impl Logged for SilentClient {
    fn log(&self) -> &Log {
        &self.log
    }
}

impl Delivers for SilentClient {
    fn is_delivery(action: &Action) -> bool {
        matches!(action, Action::ServerSends | Action::ServerReceives(_) | Action::End)
    }
}
