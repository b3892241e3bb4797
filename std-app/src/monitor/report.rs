//! The monitor's events as text
//!
//! What the client tells too is worded as the client does, and has its fields in `--json`.

use std::fmt;

use proto_core::telemetry::{self, Envelope, Fault, Reason};
use proto_core::text::Plain;
use serde_json::{Value, json};

use super::Event;
use crate::report::{Count, Line, Millis, Report, Severity};

impl Report for Event {
    fn line(&self) -> Option<Line> {
        use Severity::{Hint, Warning};
        Some(match self {
            Self::Opened { port, baud } => line(Hint, format!("listening to {port} at {baud} baud")),
            Self::Waiting { reason, .. } => line(Warning, format!("{reason}; waiting for it")),
            Self::Report { envelope, lost } => report_line(envelope, *lost),
            Self::Restarted => line(Warning, "the device has started anew; its boot report was lost".to_owned()),
            Self::Skipped { bytes, fault } => line(Warning, format!("skipped {}: {fault}", bytes_of(*bytes))),
            Self::Noise { bytes } => line(
                Warning,
                format!(
                    "{} and no end of a frame; is this the device's second port, and the baud rate right?",
                    bytes_of(*bytes)
                ),
            ),
        })
    }

    fn json(&self) -> Option<Value> {
        Some(match self {
            Self::Opened { port, baud } => json!({ "event": "opened", "port": port, "baud": baud }),
            Self::Waiting { port, reason } => json!({ "event": "waiting", "port": port, "reason": reason }),
            Self::Report { envelope, lost } => {
                let mut json = report_json(&envelope.report);
                json["sequence"] = envelope.sequence.into();
                json["time_us"] = envelope.time_us.into();
                json["lost"] = (*lost).into();
                json
            }
            Self::Restarted => json!({ "event": "restarted" }),
            Self::Skipped { bytes, fault } => json!({ "event": "skipped", "bytes": bytes, "fault": name(*fault) }),
            Self::Noise { bytes } => json!({ "event": "noise", "bytes": bytes }),
        })
    }
}

const fn line(severity: Severity, text: String) -> Line {
    Line { severity, source: None, text }
}

fn report_line(envelope: &Envelope, lost: u32) -> Line {
    use Severity::{Error, Info, Success, Warning};
    let (severity, text) = match &envelope.report {
        telemetry::Report::Boot { version, board } => {
            (Success, format!("firmware {} started on {}", shown(version), shown(board)))
        }
        report @ telemetry::Report::Address { .. } => (Info, report.to_string()),
        report @ telemetry::Report::Connected { .. } => (Success, report.to_string()),
        telemetry::Report::Status { online, max, response_bytes, description, description_cut } => {
            let ellipsis = if *description_cut { "…" } else { "" };
            let text = format!(
                "status: {}{ellipsis}; {} of {} online ({response_bytes} bytes)",
                shown(description),
                known(*online),
                known(*max)
            );
            (Info, text)
        }
        telemetry::Report::Pong { payload, rtt_us } => {
            let rtt = std::time::Duration::from_micros((*rtt_us).into());
            (Success, format!("pong {payload} after {}", Millis(rtt)))
        }
        telemetry::Report::ServerPing { payload } => (Info, format!("server ping {payload} answered")),
        report @ telemetry::Report::Error { .. } => (Error, report.to_string()),
        report @ telemetry::Report::Disconnected { reason } => {
            (if *reason == Reason::Exit { Warning } else { Error }, report.to_string())
        }
    };
    let text = format!("#{} {text}", envelope.sequence);
    if lost == 0 {
        return line(severity, text);
    }
    let severity = if severity == Error { Error } else { Warning };
    line(severity, format!("{text} ({} lost before it)", Count(lost as usize, "report")))
}

fn report_json(report: &telemetry::Report) -> Value {
    match report {
        telemetry::Report::Boot { version, board } => {
            json!({ "event": "boot", "version": shown(version), "board": shown(board) })
        }
        telemetry::Report::Address { address, prefix, gateway, by_dhcp } => json!({
            "event": "address",
            "address": address.to_string(),
            "prefix": prefix,
            "gateway": gateway.map(|gateway| gateway.to_string()),
            "by_dhcp": by_dhcp,
        }),
        telemetry::Report::Connected { server } => json!({ "event": "connected", "server": server.to_string() }),
        telemetry::Report::Status { online, max, response_bytes, description, description_cut } => json!({
            "event": "status",
            "online": online,
            "max": max,
            "description": shown(description),
            "description_cut": description_cut,
            "raw_bytes": response_bytes,
        }),
        telemetry::Report::Pong { payload, rtt_us } => {
            json!({ "event": "pong", "payload": payload, "rtt_us": rtt_us })
        }
        telemetry::Report::ServerPing { payload } => json!({ "event": "server_ping", "payload": payload }),
        telemetry::Report::Error { code, numbers } => {
            json!({ "event": "error", "message": report.to_string(), "code": code, "numbers": numbers })
        }
        telemetry::Report::Disconnected { reason } => {
            json!({ "event": "disconnected", "reason": reason.to_string() })
        }
    }
}

/// A text of a peer's without `§` codes and without what a terminal would obey
fn shown(text: &str) -> String {
    Plain(text).to_string()
}

fn known(number: Option<i32>) -> impl fmt::Display {
    number.map_or_else(|| "?".to_owned(), |number| number.to_string())
}

fn bytes_of(bytes: u32) -> impl fmt::Display {
    Count(bytes as usize, "byte")
}

/// A fault as `--json` names it
const fn name(fault: Fault) -> &'static str {
    match fault {
        Fault::TooLong => "too_long",
        Fault::Torn => "torn",
        Fault::Checksum => "checksum",
        Fault::Malformed => "malformed",
    }
}
