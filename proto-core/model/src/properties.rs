//! What holds in every state of an honest pair: the last paragraph of PROTOCOL.md §3, and what follows from it
//!
//! A property looks at one state. That a ping completes is no property of one state: it is that nothing can move on for
//! ever ([`crate::cycles`]) and that where nothing moves everything is done ([`AT_REST`]).

use proto_core::State as Stands;
use stateright::{Model, Property};

use crate::bounds::Bounds;
use crate::ledger::Wrong;
use crate::pair::{Pair, State};
use crate::seen::{Log, Seen};

/// Neither machine finds fault with the other
pub const NO_ERROR: &str = "no packet of an honest peer is an error";
/// Each event is the meaning of the packet that came, field by field and byte by byte
pub const NOT_MISREAD: &str = "no packet is misread";
/// Nothing leaves early, least of all a Ping, nothing out of turn, and each byte is as §2 has it
pub const CAUSED: &str = "a packet leaves after its cause, a Ping after the whole Response";
/// Both machines are in the state that the packets say
pub const STATES: &str = "both sides know in which state they are";
/// The client's count of Responses and Pongs that abandoned exchanges owe
pub const ABANDONED: &str = "the client knows what abandoned exchanges owe";
/// The server's count of pings is that of pings and echoes on their way
pub const ANSWERED_ONCE: &str = "every server ping is answered exactly once";
/// §3: at most four on each side
pub const FOUR: &str = "at most four exchanges are abandoned and four pings outstanding";
/// Refusals are those that §3 names, and change nothing
pub const REFUSALS: &str = "commands are refused exactly where the rules say so";
/// Two machines that wait for each other to read cannot come about
pub const NEVER_WAITS: &str = "the client never lets input wait";
/// Packets read since the last command or time-out
pub const BOUNDED: &str = "no sequence of echoes is unbounded";
/// Deliveries alone lead to rest, and to the end of every ping that is not stopped
pub const AT_REST: &str = "where nothing moves, both rest in state 0 and nothing is owed";
/// Who is left knows what was cut off, and is through with the connection
pub const LEFT: &str = "a side that leaves is an end to the other, and an error only where it cuts something off";

/// All of them
pub const ALL: [&str; 12] = [
    NO_ERROR,
    NOT_MISREAD,
    CAUSED,
    STATES,
    ABANDONED,
    ANSWERED_ONCE,
    FOUR,
    REFUSALS,
    NEVER_WAITS,
    BOUNDED,
    AT_REST,
    LEFT,
];

/// A model that keeps what has happened
pub(crate) trait Logged: Model {
    fn log(&self) -> &Log;
}

/// The properties of a pair, and what its bounds have to meet
pub(crate) fn of(bounds: &Bounds) -> Vec<Property<Pair>> {
    let mut properties = vec![
        Property::<Pair>::always(NO_ERROR, |_, state| !state.ledger.has(Wrong::Failed)),
        Property::<Pair>::always(NOT_MISREAD, |_, state| !state.ledger.has(Wrong::Misread)),
        Property::<Pair>::always(CAUSED, |_, state| !state.ledger.has(Wrong::Uncaused)),
        Property::<Pair>::always(STATES, |_, state| states(state)),
        Property::<Pair>::always(ABANDONED, |_, state| {
            state.is_parted() || state.client.abandoned() == state.ledger.abandoned()
        }),
        Property::<Pair>::always(ANSWERED_ONCE, |_, state| {
            state.is_parted() || state.server.outstanding() == state.ledger.outstanding()
        }),
        Property::<Pair>::always(FOUR, |_, state| state.ledger.abandoned() <= 4 && state.ledger.outstanding() <= 4),
        Property::<Pair>::always(REFUSALS, |_, state| !state.ledger.has(Wrong::Refusal)),
        Property::<Pair>::always(NEVER_WAITS, |_, state| !state.ledger.has(Wrong::Waited)),
        Property::<Pair>::always(BOUNDED, |_, state| state.ledger.remaining >= 0),
        Property::<Pair>::always(AT_REST, |_, state| state.is_parted() || !state.is_quiet() || state.is_at_rest()),
        Property::<Pair>::always(LEFT, |_, state| {
            let quiet = state.is_parted() && state.is_quiet();
            !state.ledger.has(Wrong::End) && (!quiet || state.is_left_behind())
        }),
    ];
    properties.extend(bounds.meets.iter().map(|seen| sometimes(*seen)));
    properties
}

fn states(state: &State) -> bool {
    let client = if state.ledger.exchange.is_some() { Stands::Status } else { Stands::Default };
    (state.client.state(), state.server.state()) == (client, state.ledger.server)
}

/// That `seen` is met; the condition is a plain function and can hold nothing, hence one for each
pub(crate) fn sometimes<M: Logged>(seen: Seen) -> Property<M> {
    macro_rules! conditions {
        ($($seen:ident)*) => {
            match seen { $(Seen::$seen => |model: &M, _: &M::State| model.log().has(Seen::$seen),)* }
        };
    }
    let condition: fn(&M, &M::State) -> bool = conditions! {
        Completed Crossing AbandonedResponse AbandonedPong TwinPong StopInText StopUnsent SplitVersion SplitLength
        SplitLong SplitCharacter SplitWrite Collision RefusedInStatus RefusedStop RefusedFifth SkippedInStatus
        SkippedFifth ResponseTimedOut PongTimedOut IdlePing ServerWaits Exit ClosedInDefault ClosedWithoutAnswer
        ClosedWithoutPong ClosedInFrame ClosedAfterPong RefusedClosed Silence StatusTimeout SwallowedPing ExitInFrame
        ServerLeaves Lost SkippedClosing IdleOwing FrameTimeout Mute
    };
    Property::<M>::sometimes(seen.as_str(), condition)
}
