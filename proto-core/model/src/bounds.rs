//! How much may happen in each model, and what has to be met in it
//!
//! The small ones run with every `cargo test`, in seconds; the large ones on demand. Each is there for what its head says.

use crate::pair::IDLE_PAYLOAD;
use crate::seen::Seen;

/// A payload that clients choose and that the ping of a silent client carries too
pub const A: i64 = IDLE_PAYLOAD;
/// A payload of which every byte is another
pub const B: i64 = 0x0102_0304_0506_0708;

/// A document with a character of two bytes
const SHORT: &str = r#""ä""#;
/// A document of which the frame's length takes two bytes, and its own length too
const LONG: &str = concat!(
    r#"{"description":"0123456789012345678901234567890123456789"#,
    r#"01234567890123456789012345678901234567890123456789012345678901234567890123456789"}"#
);

/// What a byte stream is delivered in
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pieces {
    /// Any number of the bytes that are on their way: every segmentation of the stream
    Any,
    /// One frame at a time
    Frames,
}

/// Commands and time-outs that may still come
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// The client's `ping`
    pub pings: u8,
    /// The client's `stop`
    pub stops: u8,
    /// The server's `ping`
    pub server_pings: u8,
    /// Response or Pong that do not come in time
    pub timeouts: u8,
    /// Times that the client is found silent
    pub idles: u8,
    /// The client's `exit`
    pub exits: u8,
    /// Times that the server leaves
    pub closes: u8,
    /// Times that one side is gone and bytes are lost
    pub resets: u8,
    /// Times that the server gives its client up
    pub deadlines: u8,
}

/// What a model may do
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// What it is called in tables
    pub name: &'static str,
    /// How much happens
    pub budget: Budget,
    /// Payloads that the client chooses from
    pub pings: &'static [i64],
    /// Payloads that the server chooses from
    pub server_pings: &'static [i64],
    /// The status document
    pub document: &'static str,
    /// In what the bytes arrive
    pub pieces: Pieces,
    /// Whether a transport may take a part of a packet
    pub partial_writes: bool,
    /// What has to be met
    pub meets: &'static [Seen],
}

const NOTHING: Budget =
    Budget { pings: 0, stops: 0, server_pings: 0, timeouts: 0, idles: 0, exits: 0, closes: 0, resets: 0, deadlines: 0 };

/// Every segmentation of one exchange that is stopped or not, crossed by a ping of the same payload, sent in any writes
pub const SPLITS: Bounds = Bounds {
    name: "splits",
    budget: Budget { pings: 1, stops: 1, server_pings: 1, ..NOTHING },
    pings: &[B],
    server_pings: &[B],
    document: SHORT,
    pieces: Pieces::Any,
    partial_writes: true,
    meets: &[
        Seen::Completed,
        Seen::Crossing,
        Seen::AbandonedResponse,
        Seen::AbandonedPong,
        Seen::StopInText,
        Seen::StopUnsent,
        Seen::SplitVersion,
        Seen::SplitLong,
        Seen::SplitCharacter,
        Seen::SplitWrite,
        Seen::Collision,
        Seen::RefusedStop,
        Seen::SkippedInStatus,
        Seen::ServerWaits,
    ],
};

/// Every segmentation of two exchanges, one of them stopped or out of time, and a ping of the server's
pub const AGAIN: Bounds = Bounds {
    name: "again",
    budget: Budget { pings: 2, stops: 1, server_pings: 1, timeouts: 1, ..NOTHING },
    pings: &[B],
    server_pings: &[B],
    document: SHORT,
    pieces: Pieces::Any,
    partial_writes: false,
    meets: &[
        Seen::Completed,
        Seen::AbandonedResponse,
        Seen::AbandonedPong,
        Seen::Crossing,
        Seen::TwinPong,
        Seen::StopInText,
        Seen::RefusedInStatus,
        Seen::ResponseTimedOut,
        Seen::PongTimedOut,
    ],
};

/// Every segmentation of a Response whose lengths take two bytes each
pub const LENGTHS: Bounds = Bounds {
    name: "lengths",
    budget: Budget { pings: 1, stops: 1, ..NOTHING },
    pings: &[B],
    server_pings: &[],
    document: LONG,
    pieces: Pieces::Any,
    partial_writes: false,
    meets: &[Seen::Completed, Seen::SplitLength, Seen::StopInText, Seen::AbandonedResponse],
};

/// Commands of both sides and time-outs in every order, packets whole
pub const ORDERS: Bounds = Bounds {
    name: "orders",
    budget: Budget { pings: 2, stops: 2, server_pings: 2, timeouts: 1, idles: 1, ..NOTHING },
    pings: &[A, B],
    server_pings: &[A, B],
    document: SHORT,
    pieces: Pieces::Frames,
    partial_writes: false,
    meets: &[
        Seen::Completed,
        Seen::Crossing,
        Seen::AbandonedResponse,
        Seen::AbandonedPong,
        Seen::TwinPong,
        Seen::StopUnsent,
        Seen::Collision,
        Seen::ResponseTimedOut,
        Seen::PongTimedOut,
        Seen::IdlePing,
        Seen::SkippedInStatus,
        Seen::RefusedInStatus,
        Seen::RefusedStop,
        Seen::ServerWaits,
    ],
};

/// More exchanges abandoned than may be
pub const FIFTH: Bounds = Bounds {
    name: "fifth",
    budget: Budget { pings: 6, stops: 5, ..NOTHING },
    pings: &[A],
    server_pings: &[],
    document: SHORT,
    pieces: Pieces::Frames,
    partial_writes: false,
    meets: &[Seen::Completed, Seen::RefusedFifth, Seen::TwinPong, Seen::AbandonedResponse],
};

/// More pings of the server's than a client may owe
pub const OWING: Bounds = Bounds {
    name: "owing",
    budget: Budget { pings: 1, stops: 1, server_pings: 6, idles: 1, ..NOTHING },
    pings: &[A],
    server_pings: &[A],
    document: SHORT,
    pieces: Pieces::Frames,
    partial_writes: false,
    meets: &[
        Seen::Completed,
        Seen::SkippedFifth,
        Seen::SkippedInStatus,
        Seen::Crossing,
        Seen::AbandonedResponse,
        Seen::Collision,
        Seen::IdlePing,
        Seen::IdleOwing,
    ],
};

/// The client leaves at any moment, within a frame too
pub const EXIT: Bounds = Bounds {
    name: "exit",
    budget: Budget { pings: 1, server_pings: 1, exits: 1, ..NOTHING },
    pings: &[B],
    server_pings: &[B],
    document: SHORT,
    pieces: Pieces::Any,
    partial_writes: true,
    meets: &[Seen::Exit, Seen::ExitInFrame, Seen::Completed, Seen::Crossing, Seen::SkippedClosing],
};

/// The server leaves at any moment, within a frame too
pub const CLOSE: Bounds = Bounds {
    name: "close",
    budget: Budget { pings: 1, stops: 1, closes: 1, ..NOTHING },
    meets: &[
        Seen::ServerLeaves,
        Seen::ClosedInDefault,
        Seen::ClosedWithoutAnswer,
        Seen::ClosedWithoutPong,
        Seen::ClosedInFrame,
        Seen::Completed,
        Seen::AbandonedResponse,
        Seen::RefusedClosed,
    ],
    ..EXIT
};

/// Either side is gone at any moment, and any number of bytes with it
pub const RESET: Bounds = Bounds {
    name: "reset",
    budget: Budget { pings: 1, server_pings: 1, resets: 1, ..NOTHING },
    meets: &[
        Seen::Lost,
        Seen::Exit,
        Seen::ExitInFrame,
        Seen::ServerLeaves,
        Seen::ClosedInDefault,
        Seen::ClosedWithoutAnswer,
        Seen::ClosedWithoutPong,
        Seen::ClosedInFrame,
        Seen::Completed,
        Seen::Crossing,
    ],
    ..EXIT
};

/// Every end of the connection, behind two exchanges of which one may be stopped or out of time, packets whole
pub const ENDINGS: Bounds = Bounds {
    name: "endings",
    budget: Budget { pings: 2, stops: 1, server_pings: 1, timeouts: 1, exits: 1, closes: 1, resets: 1, ..NOTHING },
    pings: &[B],
    server_pings: &[B],
    document: SHORT,
    pieces: Pieces::Frames,
    partial_writes: false,
    meets: &[
        Seen::Completed,
        Seen::Crossing,
        Seen::AbandonedResponse,
        Seen::AbandonedPong,
        Seen::TwinPong,
        Seen::ResponseTimedOut,
        Seen::PongTimedOut,
        Seen::Exit,
        Seen::ExitInFrame,
        Seen::ServerLeaves,
        Seen::ClosedInDefault,
        Seen::ClosedWithoutAnswer,
        Seen::ClosedWithoutPong,
        Seen::ClosedInFrame,
        Seen::Lost,
        Seen::RefusedClosed,
    ],
};

/// The server gives its client up at any moment: within a frame, in state 1, or behind a ping that a silent client did not answer
pub const DEADLINES: Bounds = Bounds {
    name: "deadlines",
    budget: Budget { pings: 1, stops: 1, idles: 1, deadlines: 1, ..NOTHING },
    meets: &[
        Seen::FrameTimeout,
        Seen::StatusTimeout,
        Seen::IdlePing,
        Seen::Silence,
        Seen::ServerLeaves,
        Seen::ClosedInDefault,
        Seen::ClosedWithoutAnswer,
        Seen::ClosedWithoutPong,
        Seen::ClosedInFrame,
        Seen::Completed,
        Seen::AbandonedResponse,
    ],
    ..EXIT
};

/// What every run of the tests explores
pub const SMALL: &[Bounds] = &[SPLITS, AGAIN, LENGTHS, ORDERS, FIFTH, OWING, EXIT, CLOSE, RESET, ENDINGS, DEADLINES];

/// What is explored on demand: each of the small ones with more in it
pub const LARGE: &[Bounds] = &[
    Bounds { name: "splits", budget: Budget { pings: 2, stops: 1, server_pings: 1, ..NOTHING }, ..SPLITS },
    Bounds { name: "again", budget: Budget { stops: 2, server_pings: 2, ..AGAIN.budget }, ..AGAIN },
    Bounds { name: "exit", budget: Budget { stops: 1, ..EXIT.budget }, ..EXIT },
    Bounds { name: "close", budget: Budget { server_pings: 1, ..CLOSE.budget }, ..CLOSE },
    Bounds { name: "reset", budget: Budget { stops: 1, ..RESET.budget }, ..RESET },
    Bounds { name: "endings", budget: Budget { stops: 2, idles: 1, ..ENDINGS.budget }, ..ENDINGS },
    Bounds { name: "deadlines", budget: Budget { timeouts: 1, ..DEADLINES.budget }, ..DEADLINES },
    Bounds { name: "lengths", budget: Budget { pings: 2, ..LENGTHS.budget }, ..LENGTHS },
    Bounds {
        name: "fifth",
        budget: Budget { pings: 7, stops: 6, server_pings: 1, ..NOTHING },
        server_pings: &[A],
        ..FIFTH
    },
    Bounds { name: "owing", budget: Budget { pings: 2, server_pings: 7, ..OWING.budget }, ..OWING },
    Bounds { name: "orders", budget: Budget { pings: 3, ..ORDERS.budget }, ..ORDERS },
    Bounds {
        name: "commands",
        budget: Budget { pings: 4, stops: 3, server_pings: 3, ..NOTHING },
        meets: &[Seen::Completed, Seen::Crossing, Seen::AbandonedResponse, Seen::AbandonedPong, Seen::TwinPong],
        ..ORDERS
    },
];
