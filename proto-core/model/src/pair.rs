//! Our client and our server, joined by two ordered streams of bytes
//!
//! The states are the two machines themselves, what is on its way between them, what the [ledger](crate::ledger) says
//! that they owe each other, and how many commands may still be given. A step is a command, a time-out, a write of some
//! bytes or the arrival of some, or that one side is gone: at its own wish, or with bytes lost on their way.
//!
//! **Time.** Every call is told the same instant, but for a time-out, which is told its own deadline. So a time-out can
//! strike at any moment, in any order with all else, whatever the limits are: that is every behaviour in time and more. Only
//! the waits of §3 that an honest pair on a slow network must survive are let strike, but for one model, in which the server's
//! that end a connection do; how they do with whoever gives cause is the [foreign](crate::foreign) models' affair.
//!
//! **What states do not differ in:** the offset of the last byte, which only errors tell, and which would make each state
//! a new one. Everything else of the machines counts.

use proto_core::client::{Config, Event as ClientEvent, Missing};
use proto_core::error::{Closed, Refused, Timeout};
use proto_core::fault::Fault;
use proto_core::server::{Event as ServerEvent, Skipped};
use proto_core::{Client, Error, Instant, Machine, Server, State as Stands, Timeouts};
use stateright::{Model, Property};
use std::time::Duration;

use crate::bounds::{Bounds, Budget, Pieces};
use crate::channel::Channel;
use crate::cycles::Delivers;
use crate::drive::offer;
use crate::ledger::{Ledger, Wrong};
use crate::packets::{HOST, PORT, VERSION, response};
use crate::properties::Logged;
use crate::seen::{Log, Seen};

mod state;

use state::Gone;
pub(crate) use state::cut_off;
pub use state::{Side, State};

/// What every call is told
pub(crate) const NOW: Instant = Instant::ZERO;

/// The pings that a silent client gets carry the time, which is this: one of the payloads that clients choose
pub const IDLE_PAYLOAD: i64 = 15_000;

/// Never in a model
pub(crate) const NEVER: Duration = Duration::from_secs(1_000_000);

/// What the machines wait: what ends a connection never strikes, and each of the client's waits has a limit of its own
const TIMEOUTS: Timeouts = Timeouts {
    frame: NEVER,
    status: NEVER,
    silence: NEVER,
    response: Duration::from_secs(5),
    pong: Duration::from_secs(7),
    ..Timeouts::DEFAULT
};

/// What the server waits where it may give its client up
const DEADLINES: Timeouts = Timeouts {
    frame: Timeouts::DEFAULT.frame,
    status: Timeouts::DEFAULT.status,
    silence: Timeouts::DEFAULT.silence,
    ..TIMEOUTS
};

/// A pair within bounds
#[derive(Debug)]
pub struct Pair {
    pub(crate) bounds: Bounds,
    fault: Option<Fault>,
    /// The Response, encoded
    answer: &'static [u8],
    log: Log,
}

/// What can happen
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The client's command `ping`
    Ping(i64),
    /// The client's command `stop`
    Stop,
    /// A side leaves, the client by its command `exit`: what it has sent arrives, and then the end does
    Leave(Side),
    /// A side is gone at once: so many of its bytes on their way still arrive, and then the end does
    Reset(Side, usize),
    /// The server's command `ping`
    ServerPing(i64),
    /// What the client waits for does not come in time
    ClientTimeout,
    /// The client has been silent
    ServerIdle,
    /// The client's frame, its Ping or its answer does not come in time
    ServerDeadline,
    /// The client's machine has some bytes sent
    ClientSends(usize),
    /// The server's machine has some bytes sent
    ServerSends(usize),
    /// Some bytes arrive at the client in one piece
    ClientReceives(usize),
    /// Some bytes arrive at the server in one piece
    ServerReceives(usize),
    /// The end arrives at the side that is left
    End,
}

impl Pair {
    /// A pair without a fault
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        let answer = response(bounds.document).leak();
        Self { bounds, fault: None, answer, log: Log::default() }
    }

    /// A pair of which one side breaks a rule
    #[must_use]
    pub fn with(bounds: Bounds, fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::new(bounds) }
    }

    /// What the client says to `ping` has to be what the ledger says; a refusal leaves nothing behind
    fn ping(&self, state: &mut State, payload: i64) -> bool {
        let expected = if state.is_told(Side::Client) {
            self.log.note(Seen::RefusedClosed);
            Err(Refused::Closed)
        } else if state.ledger.exchange.is_some() {
            self.log.note(Seen::RefusedInStatus);
            Err(Refused::PingInStatus)
        } else if state.ledger.abandoned() >= 4 {
            self.log.note(Seen::RefusedFifth);
            Err(Refused::TooManyAbandoned { limit: 4 })
        } else {
            Ok(())
        };
        if expected.is_ok() && state.budget.pings == 0 {
            return false;
        }
        let before = state.client.clone();
        let outcome = state.client.ping(NOW, payload);
        if outcome.is_ok() {
            state.ledger.begin(payload, &self.log);
            state.budget.pings = state.budget.pings.saturating_sub(1);
        }
        judge(state, outcome == expected && (outcome.is_ok() || before == state.client), outcome.is_ok())
    }

    fn stop(&self, state: &mut State) -> bool {
        let exchange = match state.ledger.exchange {
            Some(exchange) if !state.is_told(Side::Client) => exchange,
            exchange => {
                self.log.note(if exchange.is_some() { Seen::RefusedClosed } else { Seen::RefusedStop });
                let closed = state.is_told(Side::Client);
                let expected = if closed { Refused::Closed } else { Refused::StopInDefault };
                let before = state.client.clone();
                let refused = state.client.stop() == Err(expected) && before == state.client;
                return judge(state, refused, false);
            }
        };
        if state.budget.stops == 0 {
            return false;
        }
        if state.to_client.is_in_frame() && !exchange.answered {
            self.log.note(Seen::StopInText);
        }
        if state.ledger.up.len() == 2 && state.to_server.is_empty() {
            self.log.note(Seen::StopUnsent);
        }
        let outcome = state.client.stop();
        state.ledger.abandon();
        state.budget.stops -= 1;
        judge(state, outcome.is_ok(), true)
    }

    fn server_ping(&self, state: &mut State, payload: i64) -> bool {
        let expected = if state.is_told(Side::Server) {
            self.log.note(Seen::SkippedClosing);
            Err(Skipped::Closing)
        } else if state.ledger.server == Stands::Status {
            self.log.note(Seen::SkippedInStatus);
            Err(Skipped::InStatus)
        } else if state.ledger.outstanding() >= 4 {
            self.log.note(Seen::SkippedFifth);
            Err(Skipped::Owing)
        } else {
            Ok(())
        };
        if expected.is_ok() && state.budget.server_pings == 0 {
            return false;
        }
        let before = state.server.clone();
        let outcome = state.server.ping(payload);
        if outcome.is_ok() {
            state.ledger.server_ping(payload, &self.log);
            state.budget.server_pings = state.budget.server_pings.saturating_sub(1);
        }
        judge(state, outcome == expected && (outcome.is_ok() || before == state.server), outcome.is_ok())
    }

    fn client_timeout(&self, state: &mut State) -> bool {
        let Some(deadline) = state.client.poll_timeout() else { return false };
        state.budget.timeouts -= 1;
        match state.client.handle_timeout(deadline) {
            Ok(Some(ClientEvent::TimedOut { missing, limit })) => {
                let due = if missing == Missing::Pong { TIMEOUTS.pong } else { TIMEOUTS.response };
                state.ledger.time_out(missing, (limit, due), &self.log);
            }
            Ok(_) => state.ledger.blame(Wrong::Misread),
            Err(_) => state.ledger.blame(Wrong::Failed),
        }
        true
    }

    fn server_idle(&self, state: &mut State) -> bool {
        let Some(deadline) = state.server.poll_timeout() else { return false };
        state.budget.idles -= 1;
        let owing = state.ledger.outstanding() >= 4;
        match state.server.handle_timeout(deadline) {
            Ok(Some(ServerEvent::IdlePing { payload: IDLE_PAYLOAD })) if !owing => {
                self.log.note(Seen::IdlePing);
                state.ledger.server_ping(IDLE_PAYLOAD, &self.log);
            }
            Ok(None) if owing => self.log.note(Seen::IdleOwing),
            Ok(_) => state.ledger.blame(Wrong::Misread),
            Err(_) => state.ledger.blame(Wrong::Failed),
        }
        true
    }

    /// The server gives its client up and says why; all that it has sent still arrives
    fn server_deadline(&self, state: &mut State) -> bool {
        let Some(deadline) = state.server.poll_timeout() else { return false };
        state.budget.deadlines -= 1;
        let (timeout, seen) = if state.to_server.is_in_frame() {
            (Timeout::Frame(DEADLINES.frame), Seen::FrameTimeout)
        } else if state.ledger.server == Stands::Status {
            (Timeout::Status(DEADLINES.status), Seen::StatusTimeout)
        } else {
            (Timeout::Silence(DEADLINES.idle + DEADLINES.silence), Seen::Silence)
        };
        self.log.note(seen);
        if state.server.handle_timeout(deadline) != Err(Error::Timeout(timeout)) {
            state.ledger.blame(Wrong::End);
        }
        self.gone(state, Side::Server, usize::MAX);
        true
    }

    fn client_sends(&self, state: &mut State, count: usize) {
        let arrives = state.is_here(Side::Server);
        let bytes = state.client.poll_transmit(NOW);
        if count < bytes.len() {
            self.log.note(Seen::SplitWrite);
        }
        state.ledger.client_sends(bytes, count);
        if arrives {
            state.to_server.push(&bytes[..count]);
        }
        state.client.handle_transmitted(count);
    }

    fn server_sends(&self, state: &mut State, count: usize) {
        let arrives = state.is_here(Side::Client);
        let bytes = state.server.poll_transmit(NOW);
        if count < bytes.len() {
            self.log.note(Seen::SplitWrite);
        }
        state.ledger.server_sends(bytes, count, self.answer);
        if arrives {
            state.to_client.push(&bytes[..count]);
        }
        state.server.handle_transmitted(count);
    }

    fn client_receives(&self, state: &mut State, count: usize) {
        let State { client, to_client, ledger, .. } = state;
        let taken = offer(client, &to_client.first(count), |_, event| {
            ledger.client_event(&event, self.bounds.document, &self.log);
        });
        match taken {
            None => ledger.blame(Wrong::Failed),
            Some(taken) if taken < count => ledger.blame(Wrong::Waited),
            Some(_) => {}
        }
        to_client.take(taken.unwrap_or(count));
        self.log_cut(to_client, false);
    }

    fn server_receives(&self, state: &mut State, count: usize) -> bool {
        let State { server, to_server, ledger, .. } = state;
        let taken = offer(server, &to_server.first(count), |server, event| {
            if ledger.server_event(&event) && !server.respond(self.answer) {
                ledger.blame(Wrong::Misread);
            }
        });
        if taken.is_none() {
            ledger.blame(Wrong::Failed);
        }
        let taken = taken.unwrap_or(count);
        if taken < count {
            self.log.note(Seen::ServerWaits);
        }
        to_server.take(taken);
        self.log_cut(to_server, true);
        taken > 0
    }

    fn log_cut(&self, channel: &Channel, handshake: bool) {
        if let Some(seen) = channel.cut(handshake) {
            self.log.note(seen);
        }
    }

    /// A side is gone: the first `arriving` of its bytes on their way still arrive
    fn gone(&self, state: &mut State, who: Side, arriving: usize) {
        let (outgoing, incoming) = match who {
            Side::Client => (&mut state.to_server, &mut state.to_client),
            Side::Server => (&mut state.to_client, &mut state.to_server),
        };
        incoming.clear();
        if arriving < outgoing.len() {
            self.log.note(Seen::Lost);
        }
        outgoing.cut_to(arriving);
        self.log.note(if who == Side::Client { Seen::Exit } else { Seen::ServerLeaves });
        state.gone = Some(Gone { who, told: false });
    }

    /// The end arrives: an error exactly where it cuts something off
    fn end(&self, state: &mut State, who: Side) {
        let right = if who == Side::Client {
            let cut = state.to_server.is_in_frame();
            if cut {
                self.log.note(Seen::ExitInFrame);
            }
            state.server.handle_eof(NOW) == if cut { Err(Error::Closed(Closed::InFrame)) } else { Ok(None) }
        } else {
            let (expected, seen) = cut_off(state.ledger.exchange, &state.to_client);
            self.log.note(seen);
            state.client.handle_eof(NOW) == expected
        };
        if !right {
            state.ledger.blame(Wrong::End);
        }
        state.gone = Some(Gone { who, told: true });
    }

    /// Sizes of pieces in which `channel` may be delivered next
    fn pieces(&self, channel: &Channel) -> std::ops::RangeInclusive<usize> {
        match self.bounds.pieces {
            Pieces::Any => 1..=channel.len(),
            #[expect(clippy::reversed_empty_ranges, reason = "nothing is on its way: no piece")]
            Pieces::Frames if channel.is_empty() => 1..=0,
            Pieces::Frames => channel.rest_of_frame()..=channel.rest_of_frame(),
        }
    }

    /// Sizes of writes in which `bytes` may be sent next
    fn writes(&self, bytes: &[u8]) -> std::ops::RangeInclusive<usize> {
        let whole = bytes.len().max(1);
        if self.bounds.partial_writes { 1..=bytes.len() } else { whole..=bytes.len() }
    }
}

/// Notes what was refused or allowed wrongly; returns whether the step counts as one
fn judge(state: &mut State, right: bool, done: bool) -> bool {
    if !right {
        state.ledger.blame(Wrong::Refusal);
    }
    done || !right
}

impl Model for Pair {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let config = Config { protocol_version: VERSION, timeouts: TIMEOUTS, ..Config::new(HOST, PORT) };
        let mut client = Client::new(&config).expect("the host's name is short");
        let waits = if self.bounds.budget.deadlines > 0 { DEADLINES } else { TIMEOUTS };
        let mut server = Server::new(NOW, waits, true);
        if let Some(fault) = self.fault {
            client.seed(fault);
            server.seed(fault);
        }
        vec![State {
            client,
            server,
            to_client: Channel::default(),
            to_server: Channel::default(),
            ledger: Ledger::new(),
            budget: self.bounds.budget,
            gone: None,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.ledger.has(Wrong::Failed) {
            return;
        }
        let Budget { timeouts, idles, exits, closes, resets, deadlines, .. } = state.budget;
        let (client, server) = (state.is_here(Side::Client), state.is_here(Side::Server));
        let both = client && server;
        // Refused commands cost nothing and change nothing, and that is looked at in every state: each command is given
        // always, and is no step where it would be taken and there have been enough of them.
        if client {
            actions.extend(self.bounds.pings.iter().copied().map(Action::Ping));
            actions.push(Action::Stop);
        }
        if server {
            actions.extend(self.bounds.server_pings.iter().copied().map(Action::ServerPing));
        }
        if client && timeouts > 0 && state.client_waits() {
            actions.push(Action::ClientTimeout);
        }
        let idle = state.server.poll_timeout() == Some(NOW.saturating_add(TIMEOUTS.idle));
        if both && idles > 0 && idle {
            actions.push(Action::ServerIdle);
        }
        if both && deadlines > 0 && !idle {
            actions.push(Action::ServerDeadline);
        }
        if both && exits > 0 {
            actions.push(Action::Leave(Side::Client));
        }
        if both && closes > 0 {
            actions.push(Action::Leave(Side::Server));
        }
        if both && resets > 0 {
            // With all bytes arriving it is a side that leaves.
            actions.extend((0..state.to_server.len()).map(|arriving| Action::Reset(Side::Client, arriving)));
            actions.extend((0..state.to_client.len()).map(|arriving| Action::Reset(Side::Server, arriving)));
        }
        if state.is_open(Side::Client) {
            let bytes = state.client.clone().poll_transmit(NOW).to_vec();
            actions.extend(self.writes(&bytes).map(Action::ClientSends));
            actions.extend(self.pieces(&state.to_client).map(Action::ClientReceives));
        }
        if state.is_open(Side::Server) {
            let bytes = state.server.clone().poll_transmit(NOW).to_vec();
            actions.extend(self.writes(&bytes).map(Action::ServerSends));
            actions.extend(self.pieces(&state.to_server).map(Action::ServerReceives));
        }
        if state.end_is_next().is_some() {
            actions.push(Action::End);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let changed = match action {
            Action::Ping(payload) => self.ping(&mut state, payload),
            Action::Stop => self.stop(&mut state),
            Action::ServerPing(payload) => self.server_ping(&mut state, payload),
            Action::ClientTimeout => self.client_timeout(&mut state),
            Action::ServerIdle => self.server_idle(&mut state),
            Action::ServerDeadline => self.server_deadline(&mut state),
            Action::ClientReceives(count) => {
                self.client_receives(&mut state, count);
                true
            }
            Action::ServerReceives(count) => self.server_receives(&mut state, count),
            Action::ClientSends(count) => {
                self.client_sends(&mut state, count);
                true
            }
            Action::ServerSends(count) => {
                self.server_sends(&mut state, count);
                true
            }
            Action::Leave(who) => {
                let budget = if who == Side::Client { &mut state.budget.exits } else { &mut state.budget.closes };
                *budget -= 1;
                self.gone(&mut state, who, usize::MAX);
                true
            }
            Action::Reset(who, arriving) => {
                state.budget.resets -= 1;
                self.gone(&mut state, who, arriving);
                true
            }
            Action::End => {
                let gone = state.end_is_next().expect("an end is on its way");
                self.end(&mut state, gone);
                true
            }
        };
        state.client.forget_offset();
        state.server.forget_offset();
        changed.then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        crate::properties::of(&self.bounds)
    }
}

impl Delivers for Pair {
    fn is_delivery(action: &Action) -> bool {
        use Action as A;
        matches!(action, A::ClientSends(_) | A::ServerSends(_) | A::ClientReceives(_) | A::ServerReceives(_) | A::End)
    }
}

impl Logged for Pair {
    fn log(&self) -> &Log {
        &self.log
    }
}
