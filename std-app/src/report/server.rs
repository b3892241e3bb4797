//! The server's events as text

use serde_json::{Value, json};

use super::{Count, Line, Millis, Report, Severity, micros, number};
use crate::server::{Client, Event};

impl Report for Event {
    fn line(&self) -> Option<Line> {
        use Severity::{Error, Info, Success, Warning};
        Some(match self {
            Self::Listening { address } => Line::new(Success, format!("listening on {address}")),
            Self::Connected { client } => Line::new(Info, "connected").about(client),
            Self::Handshake { client, protocol_version, server_address, server_port, next_state } => Line::new(
                Info,
                format!(
                    "handshake: protocol {protocol_version}, {server_address}:{server_port}, next state {next_state}"
                ),
            )
            .about(client),
            Self::Request { client, bytes } => Line::new(Info, format!("status sent, {bytes} bytes")).about(client),
            Self::LegacyPing { client, kind } => {
                Line::new(Info, format!("status sent as to a client of {kind}")).about(client)
            }
            Self::Ping { client, payload } => Line::new(Info, format!("ping {payload} answered")).about(client),
            Self::PingSent { payload, sent, clients, in_status, owing } => {
                let text = format!("ping {payload} sent to {sent} of {}", Count(*clients, "client"));
                let left_out = match (in_status, owing) {
                    (0, 0) => String::new(),
                    (_, 0) => format!(" ({in_status} in status)"),
                    (0, _) => format!(" ({owing} owe 4 answers)"),
                    _ => format!(" ({in_status} in status, {owing} owe 4 answers)"),
                };
                Line::new(Info, text + &left_out)
            }
            Self::Pong { client, payload, rtt } => {
                Line::new(Success, format!("pong {payload} after {}", Millis(*rtt))).about(client)
            }
            Self::List { state, clients } => Line::new(Info, list_head(*state, clients)),
            Self::Disconnected { client, reason, clean } => {
                let severity = if *clean { Info } else { Warning };
                Line::new(severity, format!("closed: {reason}")).about(client)
            }
            Self::Error { message } => Line::new(Error, message.clone()),
            Self::Stopped => Line::new(Success, "stopped"),
        })
    }

    fn details(&self) -> Vec<Line> {
        let Self::List { clients, .. } = self else { return Vec::new() };
        clients
            .iter()
            .map(|client| {
                let rtt = client.rtt.map_or_else(|| "-".to_owned(), |rtt| Millis(rtt).to_string());
                Line::new(Severity::Info, format!("{:<8} {rtt:>11}", client.state)).about(&client.address)
            })
            .collect()
    }

    fn plain(&self) -> Option<Line> {
        let line = self.line()?;
        let Self::List { clients, .. } = self else { return Some(line) };
        let rows: Vec<_> = clients
            .iter()
            .map(|Client { address, state, rtt }| match rtt {
                Some(rtt) => format!("{address} {state} {}", Millis(*rtt)),
                None => format!("{address} {state} -"),
            })
            .collect();
        let separator = if rows.is_empty() { "" } else { ": " };
        Some(Line { text: format!("{}{separator}{}", line.text, rows.join(", ")), ..line })
    }

    fn json(&self) -> Option<Value> {
        Some(match self {
            Self::Listening { address } => json!({ "event": "listening", "address": address.to_string() }),
            Self::Connected { client } => json!({ "event": "connected", "client": client.to_string() }),
            Self::Handshake { client, protocol_version, server_address, server_port, next_state } => json!({
                "event": "handshake",
                "client": client.to_string(),
                "protocol_version": protocol_version,
                "server_address": server_address,
                "server_port": server_port,
                "next_state": next_state.as_i32(),
            }),
            Self::Request { client, .. } | Self::LegacyPing { client, .. } => {
                json!({ "event": "request", "client": client.to_string() })
            }
            Self::Ping { client, payload } => {
                json!({ "event": "ping", "client": client.to_string(), "payload": payload })
            }
            Self::PingSent { payload, sent, clients, .. } => {
                json!({ "event": "ping_sent", "payload": payload, "sent": sent, "clients": clients })
            }
            Self::Pong { client, payload, rtt } => json!({
                "event": "pong",
                "client": client.to_string(),
                "payload": payload,
                "rtt_us": micros(*rtt),
            }),
            Self::List { state, clients } => {
                let rows: Vec<_> = clients
                    .iter()
                    .map(|Client { address, state, rtt }| {
                        json!({ "client": address.to_string(), "state": number(*state), "rtt_us": rtt.map(micros) })
                    })
                    .collect();
                json!({ "event": "list", "state": state.map(number), "count": clients.len(), "clients": rows })
            }
            Self::Disconnected { client, reason, .. } => {
                json!({ "event": "disconnected", "client": client.to_string(), "reason": reason })
            }
            Self::Error { message } => json!({ "event": "error", "message": message }),
            Self::Stopped => json!({ "event": "stopped" }),
        })
    }
}

fn list_head(state: Option<proto_core::State>, clients: &[Client]) -> String {
    let count = Count(clients.len(), "client");
    state.map_or_else(|| count.to_string(), |state| format!("{count} in {state}"))
}
