//! A server that closes right behind its Pong, or at any other moment, or says nothing more
//!
//! Held against our client: a ping whose Pong has come is complete, whatever the server does behind it; an end is told
//! with what it interrupted (a frame, an exchange before the Response, one before the Pong, or nothing); after it commands are
//! refused; and from everywhere time or the end leads out, also where the server falls silent within a frame.
//!
//! The server answers as Minecraft does: Handshake, Request and Ping in this order, and anything else is a reason to close,
//! the Handshake that `stop` sends among it. It never pings.

use std::fmt;

use proto_core::client::{Config, Event, Missing};
use proto_core::error::{Refused, Timeout};
use proto_core::fault::Fault;
use proto_core::{Client, Error, Machine, State as Stands, Timeouts};
use stateright::{Model, Property};

use crate::bounds::{A, B};
use crate::channel::Channel;
use crate::cycles::Delivers;
use crate::drive::{moves, offer};
use crate::ledger::{Down, Ledger, Up, Wrong};
use crate::packets::{HOST, PORT, VERSION, ping, response};
use crate::pair::{NOW, cut_off};
use crate::properties::{Logged, sometimes};
use crate::seen::{Log, Seen};

/// Neither what it sends nor that it stops sending is an error of the protocol, and nothing of it has to wait
pub const NO_ERROR: &str = "no packet of such a server is an error";
/// Each event is the packet's meaning: a Pong that came completes its ping
pub const NOT_MISREAD: &str = "no packet is misread, and a Pong that has come completes its ping";
/// Commands are refused as §3 says, all of them once the connection is closed
pub const REFUSALS: &str = "commands are refused exactly where the rules say so";
/// The state that `ping` and `stop` go by
pub const STATES: &str = "the client knows in which state it is";
/// The end or the time-out is told as what it interrupted
pub const ENDS: &str = "a close is told with what it interrupted, and a time-out with what did not come";
/// No wedge
pub const LEADS_OUT: &str = "where nothing moves, the client is at rest, or finished, or has a deadline";

/// All of them
pub const ALL: [&str; 6] = [NO_ERROR, NOT_MISREAD, REFUSALS, STATES, ENDS, LEADS_OUT];

const SHORT: &str = r#""ä""#;

/// The model: how many pings and stops
#[derive(Debug)]
pub struct ClosingServer {
    /// The client's commands `ping`
    pub pings: u8,
    /// The client's commands `stop`
    pub stops: u8,
    fault: Option<Fault>,
    answer: &'static [u8],
    log: Log,
}

/// Where it stands
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct State {
    client: Client,
    to_client: Channel,
    to_server: Channel,
    ledger: Ledger,
    server: Script,
    /// The client was told of the end
    told: bool,
    /// The client has failed, or was told of the end
    over: bool,
    pings: u8,
    stops: u8,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client, server, to_client, ledger, told, over, .. } = self;
        write!(f, "client in {}, server: {server:?}, {} bytes to client, ", client.state(), to_client.len())?;
        write!(f, "told of the end: {told}, over: {over}, {ledger:?}")
    }
}

/// How far the server is
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Script {
    Handshake,
    Status,
    /// It reads on and answers nothing
    Mute,
    Closed,
}

/// What can happen
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The client's command `ping`
    Ping(i64),
    /// The client's command `stop`
    Stop,
    /// The client's machine has one write sent
    ClientSends,
    /// The server reads a frame and does what it does
    ServerReads,
    /// Some bytes arrive at the client in one piece
    ClientReceives(usize),
    /// The server closes: so many of the bytes under way still arrive
    Close(usize),
    /// The server says nothing more, not even all that was under way
    Mute(usize),
    /// The end arrives at the client
    End,
    /// The client's next deadline passes
    Deadline,
}

impl ClosingServer {
    /// A model within these bounds
    #[must_use]
    pub fn new(pings: u8, stops: u8) -> Self {
        Self { pings, stops, fault: None, answer: response(SHORT).leak(), log: Log::default() }
    }

    /// One whose client breaks a rule
    #[must_use]
    pub fn with(self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..self }
    }

    fn ping(&self, state: &mut State, payload: i64) -> bool {
        let expected = if state.over {
            self.log.note(Seen::RefusedClosed);
            Err(Refused::Closed)
        } else if state.ledger.exchange.is_some() {
            Err(Refused::PingInStatus)
        } else {
            Ok(())
        };
        let outcome = state.client.ping(NOW, payload);
        if outcome.is_ok() {
            state.ledger.begin(payload, &self.log);
            state.pings -= 1;
        }
        if outcome != expected {
            state.ledger.blame(Wrong::Refusal);
        }
        outcome.is_ok() || outcome != expected
    }

    fn stop(state: &mut State) -> bool {
        let expected = if state.over {
            Err(Refused::Closed)
        } else if state.ledger.exchange.is_none() {
            Err(Refused::StopInDefault)
        } else {
            Ok(())
        };
        let outcome = state.client.stop();
        if outcome.is_ok() {
            state.ledger.abandon();
            state.stops -= 1;
        }
        if outcome != expected {
            state.ledger.blame(Wrong::Refusal);
        }
        outcome.is_ok() || outcome != expected
    }

    fn client_sends(state: &mut State) {
        let bytes = state.client.poll_transmit(NOW).to_vec();
        state.ledger.client_sends(&bytes, bytes.len());
        if !matches!(state.server, Script::Closed | Script::Mute) {
            state.to_server.push(&bytes);
        }
        state.client.handle_transmitted(bytes.len());
    }

    /// The server knows what it reads; what the client meant by it stands in the ledger
    fn server_reads(&self, state: &mut State) {
        state.to_server.take(state.to_server.rest_of_frame());
        match (state.server, state.ledger.up.pop_front()) {
            (Script::Handshake, Some(Up::Enter)) => state.server = Script::Status,
            (Script::Status, Some(Up::Request(owner))) => {
                state.ledger.down.push_back(Down::Response(owner));
                state.to_client.push(self.answer);
            }
            (Script::Status, Some(Up::Ping(owner, payload))) => {
                state.ledger.down.push_back(Down::Pong(owner, payload));
                state.to_client.push(&ping(payload));
                state.server = Script::Closed;
            }
            _ => state.server = Script::Closed,
        }
    }

    fn client_receives(&self, state: &mut State, count: usize) {
        let State { client, to_client, ledger, server, .. } = state;
        let taken = offer(client, &to_client.first(count), |_, event| {
            ledger.client_event(&event, SHORT, &self.log);
            if matches!(event, Event::Pong { .. }) && *server == Script::Closed {
                self.log.note(Seen::ClosedAfterPong);
            }
        });
        match taken {
            None => {
                ledger.blame(Wrong::Failed);
                state.over = true;
            }
            Some(taken) if taken < count => ledger.blame(Wrong::Waited),
            Some(_) => {}
        }
        to_client.take(count);
    }

    /// The end arrives: what it interrupted is what the ledger says
    fn end(&self, state: &mut State) {
        let (expected, seen) = cut_off(state.ledger.exchange, &state.to_client);
        self.log.note(seen);
        if state.client.handle_eof(NOW) != expected {
            state.ledger.blame(Wrong::End);
        }
        state.told = true;
        state.over = true;
    }

    /// The earliest deadline passes: that of the exchange where there is one, since a frame has longer
    fn deadline(&self, state: &mut State) {
        let Some(deadline) = state.client.poll_timeout() else { return state.ledger.blame(Wrong::End) };
        let limits = Timeouts::DEFAULT;
        let outcome = state.client.handle_timeout(deadline);
        let expected = if let Some(exchange) = state.ledger.exchange {
            let (missing, limit) =
                if exchange.answered { (Missing::Pong, limits.pong) } else { (Missing::Response, limits.response) };
            state.ledger.time_out(missing, (limit, limit), &self.log);
            Ok(Some(Event::TimedOut { missing, limit }))
        } else {
            self.log.note(Seen::FrameTimeout);
            Err(Error::Timeout(Timeout::Frame(limits.frame)))
        };
        if outcome != expected {
            state.ledger.blame(Wrong::End);
        }
        state.over = outcome.is_err();
    }
}

impl State {
    fn leads_out(&self) -> bool {
        let end = self.server == Script::Closed && self.to_client.is_empty() && !self.told;
        if moves(&self.client, &self.to_client) || end || !self.to_server.is_empty() {
            return true;
        }
        if self.over {
            self.client.is_finished()
        } else {
            let nothing = self.ledger.exchange.is_none() && !self.to_client.is_in_frame();
            nothing || self.client.poll_timeout().is_some()
        }
    }
}

impl Model for ClosingServer {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let config = Config { protocol_version: VERSION, ..Config::new(HOST, PORT) };
        let mut client = Client::new(&config).expect("the host's name is short");
        if let Some(fault) = self.fault {
            client.seed(fault);
        }
        vec![State {
            client,
            to_client: Channel::default(),
            to_server: Channel::default(),
            ledger: Ledger::new(),
            server: Script::Handshake,
            told: false,
            over: false,
            pings: self.pings,
            stops: self.stops,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.pings > 0 {
            actions.extend([A, B].map(Action::Ping));
        }
        if state.stops > 0 {
            actions.push(Action::Stop);
        }
        let sends = !state.client.clone().poll_transmit(NOW).is_empty();
        // Behind the end what is left to send may still be sent; behind a failure nothing needs to be.
        if sends && !(state.over && state.client.is_finished()) {
            actions.push(Action::ClientSends);
        }
        if !state.to_server.is_empty() {
            actions.push(Action::ServerReads);
        }
        if state.server != Script::Closed {
            actions.extend((0..=state.to_client.len()).map(Action::Close));
        }
        if matches!(state.server, Script::Handshake | Script::Status) {
            actions.extend((0..=state.to_client.len()).map(Action::Mute));
        }
        if state.over {
            return;
        }
        actions.extend((1..=state.to_client.len()).map(Action::ClientReceives));
        if state.server == Script::Closed && state.to_client.is_empty() {
            actions.push(Action::End);
        }
        if state.client.poll_timeout().is_some() {
            actions.push(Action::Deadline);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let changed = match action {
            Action::Ping(payload) => self.ping(&mut state, payload),
            Action::Stop => Self::stop(&mut state),
            _ => {
                match action {
                    Action::Ping(_) | Action::Stop => {}
                    Action::ClientSends => Self::client_sends(&mut state),
                    Action::ServerReads => self.server_reads(&mut state),
                    Action::ClientReceives(count) => self.client_receives(&mut state, count),
                    Action::Close(arriving) => {
                        state.to_client.cut_to(arriving);
                        state.server = Script::Closed;
                    }
                    Action::Mute(arriving) => {
                        self.log.note(Seen::Mute);
                        state.to_client.cut_to(arriving);
                        state.server = Script::Mute;
                    }
                    Action::End => self.end(&mut state),
                    Action::Deadline => self.deadline(&mut state),
                }
                true
            }
        };
        if matches!(state.server, Script::Closed | Script::Mute) {
            state.to_server.clear();
        }
        state.client.forget_offset();
        changed.then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::<Self>::always(NO_ERROR, |_, state| {
                !state.ledger.has(Wrong::Failed) && !state.ledger.has(Wrong::Waited)
            }),
            Property::<Self>::always(NOT_MISREAD, |_, state| {
                !state.ledger.has(Wrong::Misread) && !state.ledger.has(Wrong::Uncaused)
            }),
            Property::<Self>::always(REFUSALS, |_, state| !state.ledger.has(Wrong::Refusal)),
            Property::<Self>::always(STATES, |_, state| {
                let client = if state.ledger.exchange.is_some() { Stands::Status } else { Stands::Default };
                state.over || state.client.state() == client
            }),
            Property::<Self>::always(ENDS, |_, state| !state.ledger.has(Wrong::End)),
            Property::<Self>::always(LEADS_OUT, |_, state| state.leads_out()),
        ];
        let meets = [
            Seen::Completed,
            Seen::AbandonedResponse,
            Seen::AbandonedPong,
            Seen::ResponseTimedOut,
            Seen::PongTimedOut,
            Seen::ClosedInDefault,
            Seen::ClosedWithoutAnswer,
            Seen::ClosedWithoutPong,
            Seen::ClosedInFrame,
            Seen::ClosedAfterPong,
            Seen::RefusedClosed,
            Seen::FrameTimeout,
            Seen::Mute,
        ];
        properties.extend(meets.map(sometimes));
        properties
    }
}

impl Logged for ClosingServer {
    fn log(&self) -> &Log {
        &self.log
    }
}

impl Delivers for ClosingServer {
    fn is_delivery(action: &Action) -> bool {
        matches!(action, Action::ClientSends | Action::ServerReads | Action::ClientReceives(_) | Action::End)
    }
}
