//! What has happened at least once while a model was explored
//!
//! A model in which nothing happens has no violation either: each names what must have been met. This is kept beside the
//! states, not in them: a state does not differ by the way that led to it, and there would be many more if it did.
//! It judges nothing.

use std::sync::atomic::{AtomicU64, Ordering};

/// Something worth meeting
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "each has its sentence in `as_str`")]
pub enum Seen {
    Completed,
    Crossing,
    AbandonedResponse,
    AbandonedPong,
    TwinPong,
    StopInText,
    StopUnsent,
    SplitVersion,
    SplitLength,
    SplitLong,
    SplitCharacter,
    SplitWrite,
    Collision,
    RefusedInStatus,
    RefusedStop,
    RefusedFifth,
    SkippedInStatus,
    SkippedFifth,
    ResponseTimedOut,
    PongTimedOut,
    IdlePing,
    ServerWaits,
    Exit,
    ClosedInDefault,
    ClosedWithoutAnswer,
    ClosedWithoutPong,
    ClosedInFrame,
    ClosedAfterPong,
    RefusedClosed,
    Silence,
    StatusTimeout,
    SwallowedPing,
    ExitInFrame,
    ServerLeaves,
    Lost,
    SkippedClosing,
    IdleOwing,
    FrameTimeout,
    Mute,
}

impl Seen {
    /// All of them
    pub const ALL: [Self; 39] = [
        Self::Completed,
        Self::Crossing,
        Self::AbandonedResponse,
        Self::AbandonedPong,
        Self::TwinPong,
        Self::StopInText,
        Self::StopUnsent,
        Self::SplitVersion,
        Self::SplitLength,
        Self::SplitLong,
        Self::SplitCharacter,
        Self::SplitWrite,
        Self::Collision,
        Self::RefusedInStatus,
        Self::RefusedStop,
        Self::RefusedFifth,
        Self::SkippedInStatus,
        Self::SkippedFifth,
        Self::ResponseTimedOut,
        Self::PongTimedOut,
        Self::IdlePing,
        Self::ServerWaits,
        Self::Exit,
        Self::ClosedInDefault,
        Self::ClosedWithoutAnswer,
        Self::ClosedWithoutPong,
        Self::ClosedInFrame,
        Self::ClosedAfterPong,
        Self::RefusedClosed,
        Self::Silence,
        Self::StatusTimeout,
        Self::SwallowedPing,
        Self::ExitInFrame,
        Self::ServerLeaves,
        Self::Lost,
        Self::SkippedClosing,
        Self::IdleOwing,
        Self::FrameTimeout,
        Self::Mute,
    ];

    /// What was met, as the name of a property
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "a ping completes",
            Self::Crossing => "a server's ping crosses the client's Handshake",
            Self::AbandonedResponse => "the Response of an abandoned exchange is skipped",
            Self::AbandonedPong => "the Pong of an abandoned exchange is consumed",
            Self::TwinPong => "an abandoned Pong comes in an exchange of the same payload",
            Self::StopInText => "stop comes while a Response is half read",
            Self::StopUnsent => "stop comes before a byte of the exchange was sent",
            Self::SplitVersion => "a piece ends within the VarInt of a Handshake's version",
            Self::SplitLength => "a piece ends within the VarInt of a frame's length",
            Self::SplitLong => "a piece ends within a Long",
            Self::SplitCharacter => "a piece ends within a character of a String",
            Self::SplitWrite => "a packet is sent in two writes",
            Self::Collision => "both sides have pings of one payload on their way",
            Self::RefusedInStatus => "a ping is refused in the status state",
            Self::RefusedStop => "a stop is refused in the default state",
            Self::RefusedFifth => "a fifth exchange is refused with four abandoned",
            Self::SkippedInStatus => "a client in the status state is left out of a ping",
            Self::SkippedFifth => "a client that owes four is left out of a ping",
            Self::ResponseTimedOut => "a Response does not come in time",
            Self::PongTimedOut => "a Pong does not come in time",
            Self::IdlePing => "a silent client is pinged",
            Self::ServerWaits => "input waits until the server's answer is sent",
            Self::Exit => "the client leaves",
            Self::ClosedInDefault => "the server closes between exchanges",
            Self::ClosedWithoutAnswer => "the server closes before the Response",
            Self::ClosedWithoutPong => "the server closes before the Pong",
            Self::ClosedInFrame => "the server closes within a frame",
            Self::ClosedAfterPong => "the server closes right behind its Pong",
            Self::RefusedClosed => "a command is refused since the connection is closed",
            Self::Silence => "a silent client is closed on in the default state",
            Self::StatusTimeout => "a silent client is closed on in the status state",
            Self::SwallowedPing => "a Ping is taken for the Pong of the same payload that its sender owes",
            Self::ExitInFrame => "the client leaves within a frame",
            Self::ServerLeaves => "the server leaves",
            Self::Lost => "bytes on their way are lost",
            Self::SkippedClosing => "a client that has left is left out of a ping",
            Self::IdleOwing => "a silent client that owes four is not pinged again",
            Self::FrameTimeout => "a frame is not complete in time",
            Self::Mute => "the server says nothing more and does not close",
        }
    }

    const fn bit(self) -> u64 {
        1 << self as u8
    }
}

/// What has happened so far
#[derive(Debug, Default)]
pub(crate) struct Log(AtomicU64);

impl Log {
    pub(crate) fn note(&self, seen: Seen) {
        // A look first: most of the time it is known, and a write would send the cache line from core to core.
        if !self.has(seen) {
            self.0.fetch_or(seen.bit(), Ordering::Relaxed);
        }
    }

    pub(crate) fn has(&self, seen: Seen) -> bool {
        self.0.load(Ordering::Relaxed) & seen.bit() != 0
    }
}
