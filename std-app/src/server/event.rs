//! What the server tells its front end

use std::net::SocketAddr;
use std::time::Duration;

use proto_core::State;
use proto_core::legacy;
use proto_core::packet::NextState;

/// What happened, in the order it happened
///
/// Text that came from a peer is cleaned here already (PROTOCOL.md §5). A client is known by its address and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The server takes connections
    Listening {
        /// Where; with the port that was really bound
        address: SocketAddr,
    },
    /// A client connected
    Connected {
        /// Who
        client: SocketAddr,
    },
    /// A client said what it wants
    Handshake {
        /// Who
        client: SocketAddr,
        /// Protocol version that it claims
        protocol_version: i32,
        /// Host that it believes it reached, without markers such as `\0FML\0`
        server_address: String,
        /// Port that it believes it reached
        server_port: u16,
        /// What it wants
        next_state: NextState,
    },
    /// A client asked for the status and gets it
    Request {
        /// Who
        client: SocketAddr,
        /// Length of the document in bytes
        bytes: usize,
    },
    /// A client asked as clients before 1.7 did and gets an answer
    LegacyPing {
        /// Who
        client: SocketAddr,
        /// How it asked
        kind: legacy::Kind,
    },
    /// A client pinged and gets an echo
    Ping {
        /// Who
        client: SocketAddr,
        /// Number that it chose
        payload: i64,
    },
    /// The command `ping` was carried out
    PingSent {
        /// Number that was sent
        payload: i64,
        /// To how many clients
        sent: usize,
        /// How many there are
        clients: usize,
        /// How many were left out because they are in the status state
        in_status: usize,
        /// How many were left out because they owe as many answers as may be owed
        owing: usize,
    },
    /// A client answered a ping
    Pong {
        /// Who
        client: SocketAddr,
        /// Number that we chose
        payload: i64,
        /// Time from sending it to its return
        rtt: Duration,
    },
    /// The command `list` was carried out
    List {
        /// State that was asked for, all where `None`
        state: Option<State>,
        /// Those in that state, in the order they connected
        clients: Vec<Client>,
    },
    /// A connection is over
    Disconnected {
        /// Who
        client: SocketAddr,
        /// Why, in one line
        reason: String,
        /// Whether that is nobody's fault
        clean: bool,
    },
    /// Something is wrong that needs no more than to be known
    Error {
        /// What, in one line
        message: String,
    },
    /// The server has stopped; nothing follows
    Stopped,
}

/// A row of `list`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// Who
    pub address: SocketAddr,
    /// Where its connection stands
    pub state: State,
    /// Its last round-trip time, if there was one
    pub rtt: Option<Duration>,
}

impl Event {
    /// Whether a quiet front end shows it too: what the operator asked for, and what needs attention
    #[must_use]
    pub fn is_important(&self) -> bool {
        matches!(
            self,
            Self::Listening { .. } | Self::PingSent { .. } | Self::List { .. } | Self::Error { .. } | Self::Stopped
        )
    }
}
