//! What the monitor has to tell
//!
//! Values only; how they are worded stands beside the wording of every other event's.

use std::fmt;

use proto_core::telemetry::{Envelope, Fault};

/// Something that a device reported, or that happened to the line
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A serial port is open
    Opened {
        /// The port
        port: String,
        /// Its baud rate
        baud: u32,
    },
    /// A serial port is not there, and is waited for
    Waiting {
        /// The port
        port: String,
        /// Why it cannot be read
        reason: String,
    },
    /// The device reported something
    Report {
        /// The report with its number and time
        envelope: Envelope,
        /// How many reports are missing right before it
        lost: u32,
    },
    /// The device has started anew and its boot report is among the lost ones; the report that showed it follows
    Restarted,
    /// Bytes that are no report
    Skipped {
        /// How many
        bytes: u32,
        /// What is wrong with them
        fault: Fault,
    },
    /// Bytes keep coming and no frame ends; told once
    Noise {
        /// How many so far
        bytes: u32,
    },
}

impl Event {
    /// The device's time, where the event has any
    #[must_use]
    pub fn uptime(&self) -> Option<Uptime> {
        match self {
            Self::Report { envelope, .. } => Some(Uptime(envelope.time_us)),
            _ => None,
        }
    }
}

/// Microseconds since a device's boot, shown as `hh:mm:ss.mmm`; hours go on beyond 99
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uptime(pub u64);

impl Uptime {
    /// What stands in its place where there is none, as wide
    pub(super) const UNKNOWN: &'static str = "--:--:--.---";
}

impl fmt::Display for Uptime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0 / 1_000;
        let (seconds, minutes) = (millis / 1_000, millis / 60_000);
        write!(f, "{:02}:{:02}:{:02}.{:03}", minutes / 60, minutes % 60, seconds % 60, millis % 1_000)
    }
}
