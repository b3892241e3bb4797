//! A report once more, as postcard reads it into types of our own
//!
//! Their order and their fields are the wire's, written down apart from the core: another order there is noticed.

use proto_core::telemetry::{DESCRIPTION, Envelope as Told, NAME, Reason, Report as Of};
use serde::Deserialize;

/// A report with its number and its time
#[derive(Debug, PartialEq, Deserialize)]
pub struct Envelope<'p> {
    sequence: u32,
    time_us: u64,
    #[serde(borrow)]
    report: Report<'p>,
}

#[derive(Debug, PartialEq, Deserialize)]
enum Report<'p> {
    Boot { version: &'p str, board: &'p str },
    Address { address: [u8; 4], prefix: u8, gateway: Option<[u8; 4]>, by_dhcp: bool },
    Connected { server: ([u8; 4], u16) },
    Status { online: Option<i32>, max: Option<i32>, response_bytes: u32, description: &'p str, description_cut: bool },
    Pong { payload: i64, rtt_us: u32 },
    ServerPing { payload: i64 },
    Error { code: u16, numbers: [i64; 2] },
    Disconnected { reason: Why },
}

#[derive(Debug, PartialEq, Deserialize)]
enum Why {
    Exit,
    ByServer,
    Refused,
    TimedOut,
    Protocol,
    Network,
    Replaced,
    Unresolved,
}

impl<'p> Envelope<'p> {
    /// What all of `payload` says, if it is a report whose texts are short enough
    #[must_use]
    pub fn read(payload: &'p [u8]) -> Option<Self> {
        let (envelope, rest) = postcard::take_from_bytes::<Self>(payload).ok()?;
        let fits = match envelope.report {
            Report::Boot { version, board } => version.len() <= NAME && board.len() <= NAME,
            Report::Status { description, .. } => description.len() <= DESCRIPTION,
            _ => true,
        };
        (rest.is_empty() && fits).then_some(envelope)
    }
}

impl<'p> From<&'p Told> for Envelope<'p> {
    fn from(told: &'p Told) -> Self {
        let report = match &told.report {
            Of::Boot { version, board } => Report::Boot { version, board },
            Of::Address { address, prefix, gateway, by_dhcp } => Report::Address {
                address: address.octets(),
                prefix: *prefix,
                gateway: gateway.map(|gateway| gateway.octets()),
                by_dhcp: *by_dhcp,
            },
            Of::Connected { server } => Report::Connected { server: (server.ip().octets(), server.port()) },
            Of::Status { online, max, response_bytes, description, description_cut } => Report::Status {
                online: *online,
                max: *max,
                response_bytes: *response_bytes,
                description,
                description_cut: *description_cut,
            },
            Of::Pong { payload, rtt_us } => Report::Pong { payload: *payload, rtt_us: *rtt_us },
            Of::ServerPing { payload } => Report::ServerPing { payload: *payload },
            Of::Error { code, numbers } => Report::Error { code: *code, numbers: *numbers },
            Of::Disconnected { reason } => Report::Disconnected {
                reason: match reason {
                    Reason::Exit => Why::Exit,
                    Reason::ByServer => Why::ByServer,
                    Reason::Refused => Why::Refused,
                    Reason::TimedOut => Why::TimedOut,
                    Reason::Protocol => Why::Protocol,
                    Reason::Network => Why::Network,
                    Reason::Replaced => Why::Replaced,
                    Reason::Unresolved => Why::Unresolved,
                },
            },
        };
        Self { sequence: told.sequence, time_us: told.time_us, report }
    }
}
