//! In which model each seeded fault is found, and which property finds it
//!
//! The check is checked with this: a property that none of these breaks would prove little.

use proto_core::fault::Fault;

use crate::bounds::{AGAIN, Bounds, CLOSE, DEADLINES, EXIT, FIFTH, LENGTHS, ORDERS, OWING, RESET, SPLITS};
use crate::explore::shortest;
use crate::foreign::{ClosingServer, SilentClient, closing_server, silent_client};
use crate::pair::Pair;
use crate::properties::{
    ABANDONED, ANSWERED_ONCE, AT_REST, BOUNDED, CAUSED, FOUR, LEFT, NEVER_WAITS, NO_ERROR, NOT_MISREAD, REFUSALS,
    STATES,
};

/// A model
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// Our client and our server
    Pair(Bounds),
    /// Our server and a client that is not ours: its exchanges, the server's pings, and whether it may leave
    SilentClient(u8, u8, bool),
    /// Our client and a server that is not ours
    ClosingServer,
}

/// What finds a fault, and where
#[derive(Clone, Copy, Debug)]
pub struct Finding {
    /// The fault
    pub fault: Fault,
    /// The model
    pub place: Place,
    /// The property that it breaks
    pub property: &'static str,
}

impl Place {
    /// Its name in tables
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pair(bounds) => bounds.name,
            Self::SilentClient(..) => "silent client",
            Self::ClosingServer => "closing server",
        }
    }
}

impl Finding {
    /// The shortest way to where the fault breaks the property, if it does, and how many states were seen until then
    #[must_use]
    pub fn way(&self) -> (Option<String>, usize) {
        let Self { fault, place, property } = *self;
        match place {
            Place::Pair(bounds) => told(shortest(&Pair::with(bounds, fault), property)),
            Place::SilentClient(exchanges, server_pings, leaves) => {
                let model = SilentClient::new(exchanges, server_pings);
                let model = if leaves { model.leaving() } else { model };
                told(shortest(&model.with(fault), property))
            }
            Place::ClosingServer => told(shortest(&ClosingServer::new(2, 1).with(fault), property)),
        }
    }
}

fn told<A: std::fmt::Debug>((way, states): (Option<Vec<A>>, usize)) -> (Option<String>, usize) {
    (way.map(|way| format!("{way:?}")), states)
}

const fn pair(fault: Fault, bounds: Bounds, property: &'static str) -> Finding {
    Finding { fault, place: Place::Pair(bounds), property }
}

const fn silent(fault: Fault, (exchanges, pings): (u8, u8), property: &'static str) -> Finding {
    Finding { fault, place: Place::SilentClient(exchanges, pings, false), property }
}

const fn closing(fault: Fault, property: &'static str) -> Finding {
    Finding { fault, place: Place::ClosingServer, property }
}

/// Every fault
pub const FINDINGS: &[Finding] = &[
    pair(Fault::ForgottenPayload, SPLITS, ABANDONED),
    pair(Fault::UncountedResponse, SPLITS, NO_ERROR),
    pair(Fault::YoungestFirst, ORDERS, NOT_MISREAD),
    pair(Fault::KeptResponse, SPLITS, NOT_MISREAD),
    pair(Fault::CrossingPingAsPong, SPLITS, NOT_MISREAD),
    pair(Fault::StopWithoutHandshake, SPLITS, AT_REST),
    pair(Fault::FifthAbandoned, FIFTH, FOUR),
    pair(Fault::EarlyPing, SPLITS, CAUSED),
    pair(Fault::CurrentBeforeAbandoned, AGAIN, NOT_MISREAD),
    pair(Fault::TimeoutForgets, AGAIN, ABANDONED),
    pair(Fault::NoEcho, SPLITS, ANSWERED_ONCE),
    pair(Fault::ClientLosesLong, SPLITS, NOT_MISREAD),
    pair(Fault::ClientLosesVarInt, LENGTHS, STATES),
    pair(Fault::PongKeepsStatus, SPLITS, STATES),
    pair(Fault::BytesForUnits, SPLITS, NOT_MISREAD),
    pair(Fault::OtherLimit, AGAIN, NOT_MISREAD),
    pair(Fault::ClientOverlooksCut, CLOSE, LEFT),
    pair(Fault::ClientOverlooksCut, RESET, LEFT),
    pair(Fault::CommandsBehindEnd, CLOSE, REFUSALS),
    pair(Fault::EchoInDefault, SPLITS, BOUNDED),
    pair(Fault::FifthOutstanding, OWING, FOUR),
    pair(Fault::FifthOutstanding, OWING, NEVER_WAITS),
    pair(Fault::AnswerOvertakesPings, ORDERS, NOT_MISREAD),
    pair(Fault::OwedPongEchoed, ORDERS, BOUNDED),
    pair(Fault::StaysInStatus, SPLITS, STATES),
    pair(Fault::DeafInStatus, AGAIN, AT_REST),
    pair(Fault::DeafInStatus, DEADLINES, LEFT),
    pair(Fault::PingInStatus, SPLITS, REFUSALS),
    pair(Fault::WaitsForEver, SPLITS, AT_REST),
    pair(Fault::WaitsForEver, EXIT, LEFT),
    pair(Fault::ServerLosesVarInt, SPLITS, NOT_MISREAD),
    pair(Fault::ServerLosesLong, SPLITS, NOT_MISREAD),
    pair(Fault::SplitAddressUntold, SPLITS, NOT_MISREAD),
    pair(Fault::ServerOverlooksCut, EXIT, LEFT),
    pair(Fault::ServerOverlooksCut, RESET, LEFT),
    silent(Fault::TogglesState, (2, 1), silent_client::NO_ERROR),
    silent(Fault::SplitAddressUntold, (2, 1), silent_client::NOT_MISREAD),
    silent(Fault::OwedPongEchoed, (2, 1), silent_client::NOT_MISREAD),
    silent(Fault::AnswerOvertakesPings, (2, 1), silent_client::ANSWERS),
    silent(Fault::FifthOutstanding, (1, 5), silent_client::FOUR),
    silent(Fault::PingInStatus, (2, 1), silent_client::REFUSALS),
    silent(Fault::ProbesForEver, (2, 1), silent_client::ENDS),
    Finding { fault: Fault::ServerOverlooksCut, place: Place::SilentClient(1, 0, true), property: silent_client::ENDS },
    silent(Fault::WaitsForEver, (2, 1), silent_client::AT_REST),
    closing(Fault::UncountedResponse, closing_server::NO_ERROR),
    closing(Fault::BytesForUnits, closing_server::NOT_MISREAD),
    closing(Fault::EarlyPing, closing_server::NOT_MISREAD),
    closing(Fault::CommandsBehindEnd, closing_server::REFUSALS),
    closing(Fault::PongKeepsStatus, closing_server::STATES),
    closing(Fault::ClientOverlooksCut, closing_server::ENDS),
    closing(Fault::OtherLimit, closing_server::ENDS),
    closing(Fault::NoDeadline, closing_server::LEADS_OUT),
];
