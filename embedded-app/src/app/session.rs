//! What the server says, as console and monitor are told it
//!
//! Takes the fields out of the status document as it streams in and keeps those of the last one. It decides nothing.

use core::net::SocketAddrV4;
use core::time::Duration;

use proto_core::Client;
use proto_core::client::{Event, Missing, ResponseEnd};
use proto_core::error::Id;
use proto_core::status::{Picker, Status};
use proto_core::telemetry::{Report, code, cut};
use proto_core::text::{Padded, Show, Sink};
use proto_core::time::micros;
use proto_core::{Instant, put, text};

use crate::console::Console;
use crate::display::Facts;
use crate::settings::Server;
use crate::telemetry::Telemetry;

/// Bytes of version, description and names that are kept
const VERSION: usize = 32;
const DESCRIPTION: usize = 128;
const NAMES: usize = 64;

/// Bytes that the protocol takes on a device: the machine, and the picker with the document that it keeps
///
/// That is all: what is received goes from the TCP window into the machine as it lies there, what is sent from the machine
/// into the window.
pub const MACHINE: usize = size_of::<Client>();
/// See [`MACHINE`]
pub const PICKER: usize = size_of::<Picker<VERSION, DESCRIPTION, NAMES>>();
const _: () = assert!(MACHINE + PICKER <= 2_048, "the protocol takes more than its 2 KiB");

/// Who asked for the exchange in progress
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exchange {
    /// There is none
    None,
    /// The person at the console, who is told about it
    Asked,
    /// The device itself
    Quiet,
}

/// What is known of the server
#[derive(Debug)]
pub struct Session {
    pub(super) exchange: Exchange,
    /// Whether the server has said anything good on this connection
    pub(super) answered: bool,
    picker: Picker<VERSION, DESCRIPTION, NAMES>,
    pub(super) facts: Facts,
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// Nothing known
    #[must_use]
    pub const fn new() -> Self {
        Self { exchange: Exchange::None, answered: false, picker: Picker::new(), facts: Facts::new() }
    }

    /// Another connection
    pub(super) fn reset(&mut self) {
        self.exchange = Exchange::None;
        self.answered = false;
    }

    pub(super) fn handle(&mut self, now: Instant, event: Event<'_>, console: &mut Console, telemetry: &mut Telemetry) {
        let mut error = |code, numbers| telemetry.report(now, Report::Error { code, numbers });
        match event {
            Event::ResponseBegin { .. } => self.picker.reset(),
            Event::ResponseChunk(chunk) => {
                // An error stays with the picker, which tells it at the end.
                let _told_at_the_end = self.picker.feed(chunk.as_str(&mut [0; 4]));
            }
            Event::ResponseEnd(end) => self.document(now, end, console, telemetry),
            Event::Pong { payload, rtt } => {
                let rtt_us = u32::try_from(micros(rtt)).unwrap_or(u32::MAX);
                telemetry.report(now, Report::Pong { payload, rtt_us });
                self.answered = true;
                self.facts.pong(rtt_us);
                if self.exchange == Exchange::Asked {
                    console.line(&text!("pong ", payload, " after ", Millis(rtt)));
                }
            }
            Event::PongMismatch { sent, got } => {
                error(code::PONG_MISMATCH, [sent, got]);
                console.line(&text!("the server answered ping ", sent, " with ", got));
            }
            Event::ServerPing { payload } => {
                telemetry.report(now, Report::ServerPing { payload });
                if console.bears(now) {
                    console.line(&text!("server ping ", payload, " answered"));
                }
            }
            Event::TimedOut { missing, limit } => {
                let (code, what) = match missing {
                    Missing::Response => (code::RESPONSE_TIMEOUT, "complete Response"),
                    Missing::Pong => (code::PONG_TIMEOUT, "Pong"),
                };
                error(code, [i64::try_from(micros(limit) / 1_000).unwrap_or(i64::MAX), 0]);
                console.line(&text!("no ", what, " within ", Millis(limit), "; the request is abandoned"));
            }
            Event::UnknownPacket { id, body } => {
                error(code::UNKNOWN_PACKET, [i64::from(id), i64::from(body)]);
                // So few are put up with that the console bears them all.
                console.line(&text!("the server sent a packet of unknown id ", id, ", ", body, " bytes; skipped"));
            }
            Event::TrailingBytes { id, count } => {
                error(code::TRAILING_BYTES, [i64::from(id), i64::from(count)]);
                if console.bears(now) {
                    console.line(&text!(
                        "the server sent ",
                        count,
                        " bytes behind the end of packet ",
                        Id(id),
                        "; skipped"
                    ));
                }
            }
            // What abandoned exchanges still owed, and a Request that asks for nothing, are no news.
            _ => {}
        }
    }

    /// The document is complete
    #[inline(never)]
    fn document(&mut self, now: Instant, end: ResponseEnd, console: &mut Console, telemetry: &mut Telemetry) {
        match self.picker.finish() {
            Ok(status) => {
                self.answered = true;
                let (description, description_cut) = cut(status.description().unwrap_or_default());
                self.facts.status(status.description(), status.version_name(), status.online(), status.max());
                let number = |number: Option<i64>| number.and_then(|number| i32::try_from(number).ok());
                telemetry.report(
                    now,
                    Report::Status {
                        online: number(status.online()),
                        max: number(status.max()),
                        response_bytes: end.bytes,
                        description,
                        description_cut,
                    },
                );
                if self.exchange == Exchange::Asked {
                    console.line(&text!("status: ", Shown { status, end }));
                }
            }
            Err(error) => {
                telemetry.report(now, Report::Error { code: code::DOCUMENT, numbers: [0; 2] });
                console.line(&error);
            }
        }
    }
}

/// A document in one line; what is missing is shown as unknown
pub(super) struct Shown<'s> {
    status: &'s Status<VERSION, DESCRIPTION, NAMES>,
    end: ResponseEnd,
}

impl Shown<'_> {
    /// A server with the address that its name led to, where it has a name
    pub(super) const fn server(server: &Server, remote: SocketAddrV4) -> ShownServer<'_> {
        ShownServer { server, remote }
    }
}

impl Show for Shown<'_> {
    fn show(&self, out: &mut dyn Sink) {
        let Self { status, end } = self;
        put!(out, status.description().unwrap_or("?"), "; ", status.version_name().unwrap_or("?"));
        put!(out, ", protocol ", Known(status.protocol()), "; ");
        put!(out, Known(status.online()), " of ", Known(status.max()), " online");
        for (row, name) in status.sample().enumerate() {
            put!(out, if row == 0 { ": " } else { ", " }, name);
        }
        put!(out, " (", end.bytes, " bytes");
        if let Some(icon) = status.favicon_bytes() {
            put!(out, ", icon of ", icon);
        }
        if !status.truncated().is_empty() {
            out.put(", shortened");
        }
        if end.oversize {
            out.put(", longer than the protocol allows");
        }
        out.put(")");
    }
}

pub(super) struct ShownServer<'s> {
    server: &'s Server,
    remote: SocketAddrV4,
}

impl Show for ShownServer<'_> {
    fn show(&self, out: &mut dyn Sink) {
        let Self { server, remote } = self;
        server.show(out);
        if server.address().is_none() {
            put!(out, " at ", remote.ip());
        }
    }
}

/// A number, or that it is unknown
pub(crate) struct Known(pub(crate) Option<i64>);

impl Show for Known {
    fn show(&self, out: &mut dyn Sink) {
        match self.0 {
            Some(number) => number.show(out),
            None => out.put("?"),
        }
    }
}

/// Milliseconds with two decimals, without floating point
pub(super) struct Millis(pub(super) Duration);

impl Show for Millis {
    fn show(&self, out: &mut dyn Sink) {
        let hundredths = u32::try_from(micros(self.0).saturating_add(5) / 10).unwrap_or(u32::MAX);
        put!(out, hundredths / 100, ".", Padded(hundredths % 100, 2), " ms");
    }
}
