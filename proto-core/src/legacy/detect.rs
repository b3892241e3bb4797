//! Whether a connection's first bytes are a legacy ping
//!
//! It reads nothing of what a 1.6 ping says, measures no time and answers nothing.

use core::time::Duration;

use super::{Kind, PING};

/// Silence after `FE` or `FE 01` that makes a legacy ping of it
pub const SILENCE: Duration = Duration::from_millis(250);

/// Tells a legacy ping from a modern frame by at most three bytes (PROTOCOL.md §7)
///
/// It keeps a state, no bytes: what it held back is always the start of `FE 01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Detector {
    seen: Seen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
enum Seen {
    #[default]
    Nothing,
    Fe,
    Fe01,
    Modern,
    Legacy(Kind),
}

/// What the bytes seen so far are
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Too early to say
    ///
    /// Offer the next byte, or call [`Detector::handle_silence`] once [`SILENCE`] has passed since the last one.
    Undecided,
    /// No legacy ping
    Modern {
        /// Bytes held back, for the frame decoder before the one that decided: none, `FE` or `FE 01`
        replay: &'static [u8],
    },
    /// A legacy ping: answer and close
    Legacy(Kind),
}

impl Detector {
    /// One for a connection that has not sent a byte
    #[must_use]
    pub const fn new() -> Self {
        Self { seen: Seen::Nothing }
    }

    /// Takes the connection's next byte
    ///
    /// With [`Verdict::Modern`] the byte itself has not been dealt with: give the frame decoder `replay`, then the byte.
    /// With [`Verdict::Legacy`] it has; what follows the `FA` of a 1.6 ping is for a
    /// [`RequestDecoder`](super::RequestDecoder), or for nobody. Once decided, it repeats the verdict, with nothing more
    /// to replay.
    pub fn handle_byte(&mut self, byte: u8) -> Verdict {
        let (seen, replay): (_, &'static [u8]) = match (self.seen, byte) {
            (Seen::Nothing, PING) => (Seen::Fe, &[]),
            (Seen::Fe, 0x01) => (Seen::Fe01, &[]),
            (Seen::Fe01, 0xFA) => (Seen::Legacy(Kind::V1_6), &[]),
            (Seen::Nothing | Seen::Modern, _) => (Seen::Modern, &[]),
            (Seen::Fe, _) => (Seen::Modern, &[PING]),
            (Seen::Fe01, _) => (Seen::Modern, &[PING, 0x01]),
            (legacy @ Seen::Legacy(_), _) => (legacy, &[]),
        };
        self.seen = seen;
        self.verdict(replay)
    }

    /// Takes note of [`SILENCE`] after the last byte, or of the end of the stream
    ///
    /// Undecided remains only who has sent nothing at all.
    pub fn handle_silence(&mut self) -> Verdict {
        self.seen = match self.seen {
            Seen::Fe => Seen::Legacy(Kind::Beta),
            Seen::Fe01 => Seen::Legacy(Kind::V1_4),
            decided => decided,
        };
        self.verdict(&[])
    }

    /// Whether [`SILENCE`] from the last byte on would decide: the caller's timer should run
    #[must_use]
    pub const fn awaits_silence(&self) -> bool {
        matches!(self.seen, Seen::Fe | Seen::Fe01)
    }

    fn verdict(self, replay: &'static [u8]) -> Verdict {
        match self.seen {
            Seen::Nothing | Seen::Fe | Seen::Fe01 => Verdict::Undecided,
            Seen::Modern => Verdict::Modern { replay },
            Seen::Legacy(kind) => Verdict::Legacy(kind),
        }
    }
}
