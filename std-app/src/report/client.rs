//! The client's events as text

use serde_json::{Value, json};

use super::{Line, Millis, Report, Severity, micros, number};
use crate::client::{Event, Status};

impl Report for Event {
    fn line(&self) -> Option<Line> {
        use Severity::{Error, Hint, Info, Success, Warning};
        Some(match self {
            Self::Connecting { server } => Line::new(Hint, format!("connecting to {server}")),
            Self::Connected { server } => Line::new(Success, format!("connected to {server}")),
            // The status bar shows it.
            Self::State { .. } => return None,
            Self::Status(status) => Line::new(Info, format!("status: {}", summary(status))),
            Self::Pong { payload, rtt } => Line::new(Success, format!("pong {payload} after {}", Millis(*rtt))),
            Self::ServerPing { payload } => Line::new(Info, format!("server ping {payload} answered")),
            Self::Disconnected { reason, clean } => {
                Line::new(if *clean { Warning } else { Error }, format!("disconnected: {reason}"))
            }
            // With its reason: where the connection could not even be made nothing else tells it.
            Self::Reconnecting { reason, attempt, pause } => {
                Line::new(Warning, format!("{reason}; attempt {attempt} to reconnect in {:.1} s", pause.as_secs_f64()))
            }
            Self::Lost { message } | Self::Error { message } => Line::new(Error, message.clone()),
        })
    }

    fn plain(&self) -> Option<Line> {
        match self {
            Self::State { from, to } => Some(Line::new(Severity::Hint, format!("state: {from} to {to}"))),
            other => other.line(),
        }
    }

    fn json(&self) -> Option<Value> {
        Some(match self {
            Self::Connecting { .. } => return None,
            Self::Connected { server } => json!({ "event": "connected", "server": server }),
            Self::State { from, to } => json!({ "event": "state", "from": number(*from), "to": number(*to) }),
            Self::Status(status) => json!({
                "event": "status",
                "version_name": status.version_name,
                "protocol": status.protocol,
                "online": status.online,
                "max": status.max,
                "description": status.description,
                "sample": status.sample,
                "favicon_bytes": status.favicon_bytes,
                "raw_bytes": status.raw_bytes,
            }),
            Self::Pong { payload, rtt } => json!({ "event": "pong", "payload": payload, "rtt_us": micros(*rtt) }),
            Self::ServerPing { payload } => json!({ "event": "server_ping", "payload": payload }),
            Self::Disconnected { reason, .. } => json!({ "event": "disconnected", "reason": reason }),
            Self::Reconnecting { .. } => json!({ "event": "error", "message": self.line()?.text }),
            Self::Lost { message } | Self::Error { message } => json!({ "event": "error", "message": message }),
        })
    }
}

/// The document in one line; what is missing is shown as unknown
fn summary(status: &Status) -> String {
    let number = |number: Option<i64>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
    let sample = if status.sample.is_empty() { String::new() } else { format!(": {}", status.sample.join(", ")) };
    let icon = status.favicon_bytes.map_or_else(String::new, |bytes| format!(", icon of {bytes}"));
    format!(
        "{}; {}, protocol {}; {} of {} online{sample} ({} bytes{icon})",
        text(&status.description),
        text(&status.version_name),
        number(status.protocol),
        number(status.online),
        number(status.max),
        status.raw_bytes,
    )
}
