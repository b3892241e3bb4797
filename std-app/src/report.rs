//! Events as text: the log lines that both front ends show, and the JSON that scripts read
//!
//! One place for the wording, so that line mode and full screen say the same. Nothing is written here; the line mode
//! itself is in [`plain`].

mod client;
pub mod plain;
mod server;

use std::fmt;
use std::time::Duration;

use serde_json::Value;

/// How a line is meant
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// News
    Info,
    /// Something that went well
    Success,
    /// Something to look at
    Warning,
    /// Something that went wrong
    Error,
    /// What can be left unread
    Hint,
}

/// A line of the log, without its time
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How it is meant
    pub severity: Severity,
    /// Which peer it is about, where there are several
    pub source: Option<String>,
    /// What happened
    pub text: String,
}

impl Line {
    fn new(severity: Severity, text: impl Into<String>) -> Self {
        Self { severity, source: None, text: text.into() }
    }

    fn about(mut self, source: &impl ToString) -> Self {
        self.source = Some(source.to_string());
        self
    }
}

/// What both front ends can show
pub trait Report {
    /// The line of the log, or none where a screen shows it elsewhere
    fn line(&self) -> Option<Line>;

    /// Further lines that a screen has room for and line mode, which prints one line an event, puts into the first
    fn details(&self) -> Vec<Line> {
        Vec::new()
    }

    /// The line of line mode
    fn plain(&self) -> Option<Line> {
        self.line()
    }

    /// The object of `--json`, or none where the event has no name there
    fn json(&self) -> Option<Value>;
}

/// A round-trip time as people read it
pub struct Millis(pub Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Hundredths of a millisecond are what a loopback shows and a network does not.
        write!(f, "{:.2} ms", self.0.as_secs_f64() * 1_000.0)
    }
}

/// `count` and the noun that goes with it
pub struct Count(pub usize, pub &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.0, self.1, if self.0 == 1 { "" } else { "s" })
    }
}

/// A round-trip time as `--json` has it, in whole microseconds
fn micros(rtt: Duration) -> u64 {
    u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX)
}

/// The number of a state, as the protocol and the commands have it
const fn number(state: proto_core::State) -> u8 {
    match state {
        proto_core::State::Default => 0,
        proto_core::State::Status => 1,
    }
}
