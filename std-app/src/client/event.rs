//! What the client tells its front end

use std::time::Duration;

use proto_core::State;

/// What happened, in the order it happened
///
/// Text that came from the server is cleaned here already (PROTOCOL.md §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A connection is being made
    Connecting {
        /// Server as it was asked for
        server: String,
    },
    /// The connection stands
    Connected {
        /// Server as `host:port`, as the Handshake names it
        server: String,
    },
    /// The state of the connection changed
    State {
        /// What it was
        from: State,
        /// What it is
        to: State,
    },
    /// The status document came
    Status(Status),
    /// The Pong came, the exchange is complete
    Pong {
        /// Number that was sent
        payload: i64,
        /// Time from sending it to its return
        rtt: Duration,
    },
    /// The server pinged and got an echo
    ServerPing {
        /// Number that it chose
        payload: i64,
    },
    /// The connection is over
    Disconnected {
        /// Why, in one line
        reason: String,
        /// Whether that is nobody's fault
        clean: bool,
    },
    /// The next attempt to connect
    Reconnecting {
        /// Why it is needed, in one line
        reason: String,
        /// Which attempt it will be, from 1
        attempt: u32,
        /// How long until then
        pause: Duration,
    },
    /// An exchange was lost: no answer in time, or a wrong one
    Lost {
        /// What, in one line
        message: String,
    },
    /// Something is wrong that needs no more than to be known
    Error {
        /// What, in one line
        message: String,
    },
}

/// The fields of a status document; what is missing is `None`, never invented
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Name of the server's version
    pub version_name: Option<String>,
    /// Protocol version
    pub protocol: Option<i64>,
    /// Players that are there
    pub online: Option<i64>,
    /// Players that there is room for
    pub max: Option<i64>,
    /// Description as plain text
    pub description: Option<String>,
    /// Names of some players
    pub sample: Vec<String>,
    /// Length of the icon in bytes
    pub favicon_bytes: Option<u32>,
    /// Length of the document in bytes
    pub raw_bytes: u32,
    /// Whether a field was longer than what is kept of it
    pub truncated: bool,
    /// Whether the document is longer than the protocol allows
    pub oversize: bool,
}
