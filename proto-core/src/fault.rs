//! Faults that a machine can be told to have: **never for use**
//!
//! A check that has found nothing is worth what it would have found. Each of these breaks one rule of PROTOCOL.md §3, or
//! one promise of a decoder, in the way in which it is easily got wrong; the model has to find every one
//! (`proto-core/model`). A machine has none until it is told, and without the feature `seeded-faults` there is neither
//! this module nor a trace of it in the machines.

/// A rule that a machine breaks
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Client: `stop` does not remember the payload whose Pong is still to come
    ForgottenPayload,
    /// Client: `stop` does not count the Response that is still to come, so it is not skipped
    UncountedResponse,
    /// Client: where Responses are owed, the first that comes is taken for that of the exchange in progress
    YoungestFirst,
    /// Client: a Response that is half read at `stop` goes on as if it were still asked for
    KeptResponse,
    /// Client: a crossing ping is taken for the Pong
    CrossingPingAsPong,
    /// Client: `stop` sends no Handshake
    StopWithoutHandshake,
    /// Client: a fifth exchange is begun with four abandoned and unanswered
    FifthAbandoned,
    /// Client: the Ping is sent when the Response begins
    EarlyPing,
    /// Client: a Pong is compared with the exchange in progress before it is with abandoned ones
    CurrentBeforeAbandoned,
    /// Client: a time-out ends the exchange and remembers nothing
    TimeoutForgets,
    /// Client: a server's ping in the default state is not echoed
    NoEcho,
    /// Client: what has been read of a Long is lost where two reads split it
    ClientLosesLong,
    /// Client: what has been read of a Response's length is lost where two reads split it
    ClientLosesVarInt,
    /// Client: a Pong that is waited for is told and does not end the exchange
    PongKeepsStatus,
    /// Client: the bytes of a Response's text are told as its UTF-16 units
    BytesForUnits,
    /// Client: a time-out tells another limit than that which has passed
    OtherLimit,
    /// Client: an exchange has no deadline
    NoDeadline,
    /// Client: the end of the stream within a frame is taken for one between frames
    ClientOverlooksCut,
    /// Client: commands are taken when the connection is closed
    CommandsBehindEnd,
    /// Server: what comes in the default state is echoed
    EchoInDefault,
    /// Server: a fifth outstanding ping pushes the first out
    FifthOutstanding,
    /// Server: the answer goes out before pings that waited longer, although the client's state has changed by then
    AnswerOvertakesPings,
    /// Server: a Pong that is owed is taken for a Ping in the status state
    OwedPongEchoed,
    /// Server: the echo does not lead back to the default state
    StaysInStatus,
    /// Server: a Handshake in the status state changes nothing
    DeafInStatus,
    /// Server: a ping is sent in the status state too
    PingInStatus,
    /// Server: input waits on when the Response has been sent
    WaitsForEver,
    /// Server: what has been read of a Handshake's version is lost where two reads split it
    ServerLosesVarInt,
    /// Server: what has been read of a Long is lost where two reads split it
    ServerLosesLong,
    /// Server: a character of the address that two reads split is not told
    SplitAddressUntold,
    /// Server: a Handshake in the status state leads back to the default state, whatever it asks for
    TogglesState,
    /// Server: a client that is silent is pinged again and again instead of closed on
    ProbesForEver,
    /// Server: the end of the stream within a frame is taken for one between frames
    ServerOverlooksCut,
}

impl Fault {
    /// All of them
    pub const ALL: [Self; 33] = [
        Self::ForgottenPayload,
        Self::UncountedResponse,
        Self::YoungestFirst,
        Self::KeptResponse,
        Self::CrossingPingAsPong,
        Self::StopWithoutHandshake,
        Self::FifthAbandoned,
        Self::EarlyPing,
        Self::CurrentBeforeAbandoned,
        Self::TimeoutForgets,
        Self::NoEcho,
        Self::ClientLosesLong,
        Self::ClientLosesVarInt,
        Self::PongKeepsStatus,
        Self::BytesForUnits,
        Self::OtherLimit,
        Self::NoDeadline,
        Self::ClientOverlooksCut,
        Self::CommandsBehindEnd,
        Self::EchoInDefault,
        Self::FifthOutstanding,
        Self::AnswerOvertakesPings,
        Self::OwedPongEchoed,
        Self::StaysInStatus,
        Self::DeafInStatus,
        Self::PingInStatus,
        Self::WaitsForEver,
        Self::ServerLosesVarInt,
        Self::ServerLosesLong,
        Self::SplitAddressUntold,
        Self::TogglesState,
        Self::ProbesForEver,
        Self::ServerOverlooksCut,
    ];
}
