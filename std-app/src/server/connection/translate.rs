//! What a client did, answered and put into words for the front end
//!
//! Text of a client's is cleaned here (PROTOCOL.md §5). For a quiet front end nothing is made that it would not take.

use proto_core::server::Event as Heard;
use proto_core::text;

use super::socket::Socket;
use super::{Connection, Ended};
use crate::server::Shared;
use crate::server::event::Event;

impl<S: Socket> Connection<S> {
    /// Answers what asks for an answer, and makes of it what the front end is told
    ///
    /// `address` collects the pieces of a Handshake's.
    pub(super) fn translate(&mut self, heard: Heard<'_>, address: &mut String, shared: &Shared) -> Option<Event> {
        let client = self.address;
        let quiet = shared.events.is_quiet();
        let event = match heard {
            Heard::Address(chunk) => {
                if !quiet {
                    address.push_str(chunk.as_str(&mut [0; 4]));
                }
                return None;
            }
            Heard::Handshake { .. } | Heard::Ping { .. } if quiet => return None,
            Heard::Handshake { protocol_version, server_port, next_state } => {
                let server_address = text::Clean(text::strip_marker(address)).to_string();
                address.clear();
                Event::Handshake { client, protocol_version, server_address, server_port, next_state }
            }
            Heard::Request => {
                let (response, bytes) = shared.documents.response();
                let _asked_for = self.machine.respond(response);
                Event::Request { client, bytes }
            }
            Heard::Login => {
                let _asked_for = self.machine.respond(shared.documents.disconnect());
                self.ended = Some(Ended::Login);
                return None;
            }
            Heard::LegacyPing(kind) => {
                let _asked_for = self.machine.respond(shared.documents.legacy(kind));
                self.ended = Some(Ended::Legacy);
                Event::LegacyPing { client, kind }
            }
            Heard::Ping { payload } => Event::Ping { client, payload },
            Heard::Pong { payload, rtt } => {
                self.rtt = Some(rtt);
                Event::Pong { client, payload, rtt }
            }
            Heard::UnexpectedPong { payload } => {
                Event::Error { message: format!("{client} answered a ping {payload} that it does not owe; ignored") }
            }
            Heard::UnknownPacket { id, body } => {
                Event::Error { message: format!("{client} sent a packet of unknown id {id}, {body} bytes; skipped") }
            }
            // The client's silence is no news; its answer will be.
            _ => return None,
        };
        Some(event)
    }
}
