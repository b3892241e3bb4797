//! Reports as a monitor shows them
//!
//! It colours nothing, aligns nothing and filters nothing; a monitor that does has the values.

use core::fmt;

use super::{Envelope, Event, Fault, Reason, Report};
use crate::text::Clean;

/// `#sequence`, the time in seconds, and the report
impl fmt::Display for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sequence, time_us, report } = self;
        let (seconds, micros) = (time_us.div_euclid(1_000_000), time_us.rem_euclid(1_000_000));
        write!(f, "#{sequence} {seconds}.{micros:06} {report}")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boot { version, board } => {
                write!(f, "boot: version {} on {}", Clean(version), Clean(board))
            }
            Self::Address { address, prefix, gateway, by_dhcp } => {
                write!(f, "address {address}/{prefix}")?;
                if let Some(gateway) = gateway {
                    write!(f, ", gateway {gateway}")?;
                }
                f.write_str(if *by_dhcp { " (DHCP)" } else { " (configured)" })
            }
            Self::Connected { server } => write!(f, "connected to {server}"),
            Self::Status { online, max, response_bytes, description, description_cut } => {
                write!(f, "status: {} of {} online, ", Known(*online), Known(*max))?;
                write!(f, "{response_bytes} bytes: {}", Clean(description))?;
                f.write_str(if *description_cut { "…" } else { "" })
            }
            Self::Pong { payload, rtt_us } => {
                let (millis, micros) = (rtt_us.div_euclid(1_000), rtt_us.rem_euclid(1_000));
                write!(f, "pong {payload}: {millis}.{micros:03} ms")
            }
            Self::ServerPing { payload } => write!(f, "server ping {payload}"),
            Self::Error { code, numbers: [first, second] } => write!(f, "error {code} ({first}, {second})"),
            Self::Disconnected { reason } => write!(f, "disconnected: {reason}"),
        }
    }
}

/// A number, or that it is unknown
struct Known(Option<i32>);

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(number) => write!(f, "{number}"),
            None => f.write_str("unknown"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Exit => "exit was typed",
            Self::ByServer => "the server closed the connection",
            Self::Refused => "the server could not be reached",
            Self::TimedOut => "the server took too long",
            Self::Protocol => "the server broke the protocol",
            Self::Network => "the network went away",
        })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Report(envelope) => write!(f, "{envelope}"),
            Self::Skipped { bytes, fault } => write!(f, "skipped {bytes} bytes: {fault}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::TooLong => "more than a frame holds",
            Self::Torn => "a torn frame, or no frame",
            Self::Checksum => "the checksum does not match",
            Self::Malformed => "not a report of this version",
        })
    }
}
