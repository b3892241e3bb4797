//! Reports as a monitor shows them
//!
//! It colours nothing, aligns nothing and filters nothing; a monitor that does has the values.

use core::fmt;
use core::net::Ipv4Addr;

use super::code::Worded;
use super::{Envelope, Event, Fault, Reason, Report};
use crate::put;
use crate::text::{Clean, Padded, Show, Sink, display};

/// `#sequence`, the time in seconds, and the report
impl fmt::Display for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sequence, time_us, report } = self;
        let (seconds, micros) = (time_us.div_euclid(1_000_000), time_us.rem_euclid(1_000_000));
        write!(f, "#{sequence} {seconds}.{micros:06} {report}")
    }
}

impl Show for Report {
    fn show(&self, out: &mut dyn Sink) {
        match self {
            Self::Boot { version, board } => put!(out, "boot: version ", Clean(version), " on ", Clean(board)),
            &Self::Address { address, prefix, gateway, by_dhcp } => {
                ShownAddress { address, prefix, gateway, by_dhcp }.show(out);
            }
            Self::Connected { server } => put!(out, "connected to ", server),
            Self::Status { online, max, response_bytes, description, description_cut } => {
                put!(out, "status: ", Known(*online), " of ", Known(*max), " online, ");
                put!(out, response_bytes, " bytes: ", Clean(description));
                if *description_cut {
                    out.put("…");
                }
            }
            Self::Pong { payload, rtt_us } => {
                let (millis, micros) = (rtt_us.div_euclid(1_000), rtt_us.rem_euclid(1_000));
                put!(out, "pong ", payload, ": ", millis, ".", Padded(micros, 3), " ms");
            }
            Self::ServerPing { payload } => put!(out, "server ping ", payload),
            &Self::Error { code, numbers } => Worded { code, numbers }.show(out),
            Self::Disconnected { reason } => put!(out, "disconnected: ", reason.text()),
        }
    }
}

/// A [`Report::Address`] as it is shown, for a device that shows no other report
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownAddress {
    /// The address
    pub address: Ipv4Addr,
    /// Length of the network's prefix in bits
    pub prefix: u8,
    /// The router, if there is one
    pub gateway: Option<Ipv4Addr>,
    /// Whether DHCP gave it, rather than the configuration
    pub by_dhcp: bool,
}

impl Show for ShownAddress {
    fn show(&self, out: &mut dyn Sink) {
        put!(out, "address ", self.address, "/", self.prefix);
        if let Some(gateway) = self.gateway {
            put!(out, ", gateway ", gateway);
        }
        out.put(if self.by_dhcp { " (DHCP)" } else { " (configured)" });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(self, f)
    }
}

/// A number, or that it is unknown
struct Known(Option<i32>);

impl Show for Known {
    fn show(&self, out: &mut dyn Sink) {
        match self.0 {
            Some(number) => number.show(out),
            None => out.put("unknown"),
        }
    }
}

impl Reason {
    /// What a person is told of it
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Exit => "exit was typed",
            Self::ByServer => "the server closed the connection",
            Self::Refused => "the server could not be reached",
            Self::TimedOut => "the server took too long",
            Self::Protocol => "the server broke the protocol",
            Self::Network => "the network went away",
            Self::Replaced => "another server was named",
            Self::Unresolved => "the server's name could not be resolved",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
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
