//! Numbers of [`Report::Error`](super::Report::Error), and what a person is told of each
//!
//! A number is never used again for something else; new ones are added. Numbers that are not here are shown as they are.

use crate::error::Id;
use crate::put;
use crate::text::{Hex, Show, Sink};

/// The server broke the protocol; the byte of the connection at which it did
pub const PROTOCOL: u16 = 1;
/// A frame was started and not completed in time
pub const FRAME_TIMEOUT: u16 = 2;
/// The server closed the connection although it owed something
pub const CLOSED_EARLY: u16 = 3;
/// The server's name could not be resolved
pub const UNRESOLVED: u16 = 4;
/// The Response did not come in time; the limit in milliseconds
pub const RESPONSE_TIMEOUT: u16 = 5;
/// The Pong did not come in time; the limit in milliseconds
pub const PONG_TIMEOUT: u16 = 6;
/// The Pong has another payload; the one sent, the one that came
pub const PONG_MISMATCH: u16 = 7;
/// The Response is no status document
pub const DOCUMENT: u16 = 8;
/// A packet of unknown id was skipped; the id, the bytes of its body
pub const UNKNOWN_PACKET: u16 = 9;
/// A packet had bytes left over; its id, how many
pub const TRAILING_BYTES: u16 = 10;
/// There is nobody to ask for the server's name
pub const NO_NAME_SERVER: u16 = 11;
/// The processor faulted; the address of the instruction, CFSR
pub const FAULT: u16 = 254;
/// The firmware panicked: one for each caller; the address that the call returns to, how many are nearer to the panic
pub const PANIC: u16 = 255;

/// What a [`Report::Error`](super::Report::Error) holds, in words
pub(super) struct Worded {
    pub(super) code: u16,
    pub(super) numbers: [i64; 2],
}

impl Show for Worded {
    fn show(&self, out: &mut dyn Sink) {
        let Self { code, numbers: [first, second] } = *self;
        match code {
            PROTOCOL => put!(out, "the server broke the protocol at byte ", first),
            FRAME_TIMEOUT => out.put("the server did not complete a frame in time"),
            CLOSED_EARLY => out.put("the server closed the connection although it owed something"),
            UNRESOLVED => out.put("the server's name could not be resolved"),
            RESPONSE_TIMEOUT => put!(out, "no complete Response within ", first, " ms"),
            PONG_TIMEOUT => put!(out, "no Pong within ", first, " ms"),
            PONG_MISMATCH => put!(out, "the server answered ping ", first, " with ", second),
            DOCUMENT => out.put("the Response is no status document"),
            UNKNOWN_PACKET => put!(out, "packet of unknown id ", first, ", ", second, " bytes; skipped"),
            TRAILING_BYTES => put!(out, second, " bytes behind the end of packet ", Packet(first), "; skipped"),
            NO_NAME_SERVER => out.put("no name server is known"),
            FAULT => put!(out, "the processor faulted at ", Word(first), ", CFSR ", Word(second)),
            PANIC => put!(out, "the firmware panicked; caller ", second, " at ", Word(first)),
            _ => put!(out, "error ", code, " (", first, ", ", second, ")"),
        }
    }
}

/// A packet's id as the console tells it, where it is one
struct Packet(i64);

impl Show for Packet {
    fn show(&self, out: &mut dyn Sink) {
        match i32::try_from(self.0) {
            Ok(id) => Id(id).show(out),
            Err(_) => self.0.show(out),
        }
    }
}

/// An address or a register as a debugger shows it, where it is one
struct Word(i64);

impl Show for Word {
    fn show(&self, out: &mut dyn Sink) {
        match u32::try_from(self.0) {
            Ok(word) => put!(out, "0x", Hex(word, 8)),
            Err(_) => self.0.show(out),
        }
    }
}
