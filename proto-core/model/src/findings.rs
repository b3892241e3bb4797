//! In which model each seeded fault is found, and which property finds it
//!
//! The check is checked with this: a property that none of these breaks would prove little.

use proto_core::fault::Fault;

use crate::bounds::{AGAIN, Bounds, EXIT, FIFTH, LENGTHS, ORDERS, OWING, SPLITS};
use crate::properties::{
    ABANDONED, ANSWERED_ONCE, AT_REST, BOUNDED, CAUSED, FOUR, LEFT, NEVER_WAITS, NO_ERROR, NOT_MISREAD, REFUSALS,
    STATES,
};

/// What finds a fault, and where
#[derive(Clone, Copy, Debug)]
pub struct Finding {
    /// The fault
    pub fault: Fault,
    /// Bounds of the model
    pub bounds: Bounds,
    /// The property that it breaks
    pub property: &'static str,
}

const fn finding(fault: Fault, bounds: Bounds, property: &'static str) -> Finding {
    Finding { fault, bounds, property }
}

/// Every fault
pub const FINDINGS: &[Finding] = &[
    finding(Fault::ForgottenPayload, SPLITS, ABANDONED),
    finding(Fault::UncountedResponse, SPLITS, NO_ERROR),
    finding(Fault::YoungestFirst, ORDERS, NOT_MISREAD),
    finding(Fault::KeptResponse, SPLITS, NOT_MISREAD),
    finding(Fault::CrossingPingAsPong, SPLITS, NOT_MISREAD),
    finding(Fault::StopWithoutHandshake, SPLITS, AT_REST),
    finding(Fault::FifthAbandoned, FIFTH, FOUR),
    finding(Fault::EarlyPing, SPLITS, CAUSED),
    finding(Fault::CurrentBeforeAbandoned, AGAIN, NOT_MISREAD),
    finding(Fault::TimeoutForgets, AGAIN, ABANDONED),
    finding(Fault::NoEcho, SPLITS, ANSWERED_ONCE),
    finding(Fault::ClientLosesLong, SPLITS, NOT_MISREAD),
    finding(Fault::ClientLosesVarInt, LENGTHS, STATES),
    finding(Fault::EchoInDefault, SPLITS, BOUNDED),
    finding(Fault::FifthOutstanding, OWING, FOUR),
    finding(Fault::FifthOutstanding, OWING, NEVER_WAITS),
    finding(Fault::AnswerOvertakesPings, ORDERS, NOT_MISREAD),
    finding(Fault::OwedPongEchoed, ORDERS, BOUNDED),
    finding(Fault::StaysInStatus, SPLITS, STATES),
    finding(Fault::DeafInStatus, AGAIN, AT_REST),
    finding(Fault::PingInStatus, SPLITS, REFUSALS),
    finding(Fault::WaitsForEver, SPLITS, AT_REST),
    finding(Fault::WaitsForEver, EXIT, LEFT),
    finding(Fault::ServerLosesVarInt, SPLITS, NOT_MISREAD),
    finding(Fault::ServerLosesLong, SPLITS, NOT_MISREAD),
];
