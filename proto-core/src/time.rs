//! Points in time, as microseconds from an origin that the driver chooses
//!
//! The core never reads a clock: every call that needs the time is given it. This module does not measure, sleep
//! or format; a driver that has wall time makes the Unix epoch the origin, and then the default payload of a Ping
//! ([`Instant::as_millis`]) is epoch milliseconds, as the protocol has it (PROTOCOL.md §2).

use core::time::Duration;

/// A point in time, in microseconds from the driver's origin
///
/// Within one connection time must not run backwards; where it does, differences read as zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The origin itself
    pub const ZERO: Self = Self(0);

    /// The point `micros` microseconds after the origin
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The point `millis` milliseconds after the origin, at most the last point there is
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Microseconds since the origin
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the origin: the default payload of a Ping (PROTOCOL.md §2)
    #[must_use]
    #[expect(clippy::cast_possible_wrap, reason = "a 64-bit count of microseconds, divided by 1 000, is below 2^63")]
    pub const fn as_millis(self) -> i64 {
        (self.0 / 1_000) as i64
    }

    /// This point plus `duration`, at most the last point there is
    #[must_use]
    #[cfg_attr(not(feature = "fast"), inline(never))]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// Time from `earlier` to this point, zero where `earlier` is later
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// `duration` in whole microseconds, without the 128-bit arithmetic of `Duration::as_micros`
#[must_use]
// A product of 64 bits with a look at its overflow: long on a machine of 32 bits, and called everywhere.
#[inline(never)]
pub const fn micros(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000).saturating_add(duration.subsec_micros() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates() {
        let last = Instant::from_micros(u64::MAX);
        assert_eq!(last.saturating_add(Duration::from_secs(1)), last);
        assert_eq!(Instant::ZERO.saturating_add(Duration::MAX), last);
        assert_eq!(Instant::ZERO.saturating_since(last), Duration::ZERO);
        assert_eq!(Instant::from_millis(7).saturating_since(Instant::from_micros(2)), Duration::from_micros(6_998));
        assert_eq!(Instant::from_micros(1_999).as_millis(), 1);
        assert_eq!(last.as_millis(), 18_446_744_073_709_551);
    }
}
