//! Mistakes that a check has to notice: the negative control of all of them
//!
//! Between what the core does and what a check looks at, each of these puts something that a faulty core could have done;
//! those of the machines are in `proto_core::fault`, within the machines themselves. `tests/broken.rs` makes one after
//! the other and replays the corpus. Without the feature `broken` none can be made.

#[cfg(feature = "broken")]
use std::cell::Cell;

use proto_core::testing::Bytes;
use proto_core::{Client, Server};

/// A mistake
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// A machine breaks a rule
    #[cfg(feature = "broken")]
    Machine(proto_core::fault::Fault),
    /// Text: an override of the writing direction is let through
    OverridePasses,
    /// Text: of a `§` code the letter stays
    CodeLetterStays,
    /// Text: what modded clients append to an address stays
    MarkerStays,
    /// Text: that something did not fit is not told
    CutUntold,
    /// Scanner: a comma behind the last element is taken
    TrailingCommaTaken,
    /// Scanner: a number that was cut is told as exact
    CutNumberExact,
    /// Scanner: half a surrogate pair vanishes
    HalfPairVanishes,
    /// Picker: the players online and the most there may be are confused
    CountsConfused,
    /// Picker: what has the wrong type is not told
    MalformedUntold,
    /// Picker: a name of the sample is lost
    NameLost,
    /// Writer: the counts that the first implementation reads are left out
    ClientsLeftOut,
    /// Legacy: a frame of 254 bytes is taken for a ping from before 1.7
    FrameTakenForPing,
    /// Legacy: a port beyond 16 bits is cut to 16
    PortCut,
    /// Legacy: an answer's counts are confused
    AnswerConfused,
    /// Legacy: an answer's length is told in bytes
    LengthInBytes,
    /// Telemetry: a frame whose checksum is wrong is passed over in silence
    ChecksumPassedOver,
    /// Telemetry: one report more is counted as lost than was
    LossCountedTwice,
    /// Telemetry: what is left without an end is forgotten
    PendingForgotten,
    /// Commands: a plus sign is none
    PlusRefused,
    /// Commands: upper case is another word
    CaseMatters,
    /// Commands: an argument too many is ignored
    SurplusIgnored,
}

impl Mistake {
    /// All but those of the machines, each with the target whose check has to notice it
    pub const ALL: [(&'static str, Self); 21] = [
        ("text", Self::OverridePasses),
        ("text", Self::CodeLetterStays),
        ("text", Self::MarkerStays),
        ("text", Self::CutUntold),
        ("status", Self::TrailingCommaTaken),
        ("status", Self::CutNumberExact),
        ("status", Self::HalfPairVanishes),
        ("status", Self::CountsConfused),
        ("status", Self::MalformedUntold),
        ("status", Self::NameLost),
        ("status", Self::ClientsLeftOut),
        ("legacy", Self::FrameTakenForPing),
        ("legacy", Self::PortCut),
        ("legacy", Self::AnswerConfused),
        ("legacy", Self::LengthInBytes),
        ("telemetry", Self::ChecksumPassedOver),
        ("telemetry", Self::LossCountedTwice),
        ("telemetry", Self::PendingForgotten),
        ("command", Self::PlusRefused),
        ("command", Self::CaseMatters),
        ("command", Self::SurplusIgnored),
    ];
}

#[cfg(feature = "broken")]
thread_local! {
    static MADE: Cell<Option<Mistake>> = const { Cell::new(None) };
}

/// From now on this mistake is made in this thread, or none
#[cfg(feature = "broken")]
pub fn make(mistake: Option<Mistake>) {
    MADE.set(mistake);
}

/// Whether this mistake is to be made
#[cfg(feature = "broken")]
pub(crate) fn made(mistake: Mistake) -> bool {
    MADE.get() == Some(mistake)
}

#[cfg(not(feature = "broken"))]
pub(crate) const fn made(_: Mistake) -> bool {
    false
}

/// A machine that can be told to break a rule
pub(crate) trait Seed {
    /// Tells it, if that is the mistake to be made
    fn seed_made(&mut self);
}

macro_rules! seed {
    ($($machine:ty)*) => {$(
        impl Seed for $machine {
            fn seed_made(&mut self) {
                #[cfg(feature = "broken")]
                if let Some(Mistake::Machine(fault)) = MADE.get() {
                    self.seed(fault);
                }
            }
        }
    )*};
}

seed!(Client Server<Bytes>);
