//! Pauses between attempts to connect, growing and a little irregular

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Pauses that double from the smallest to the largest
///
/// Each is shortened by up to a quarter at random, so that the clients of a server that comes back do not come back
/// all at once.
#[derive(Debug)]
pub(super) struct Backoff {
    min: Duration,
    max: Duration,
    attempt: u32,
    random: RandomState,
}

impl Backoff {
    pub(super) fn new(min: Duration, max: Duration) -> Self {
        Self { min, max, attempt: 0, random: RandomState::new() }
    }

    /// The connection stands: the next pause is the smallest again
    pub(super) const fn reset(&mut self) {
        self.attempt = 0;
    }

    /// The number of the next attempt, from 1, and the pause before it
    pub(super) fn next(&mut self) -> (u32, Duration) {
        let doubled = self.min.saturating_mul(1 << self.attempt.min(20)).min(self.max);
        self.attempt = self.attempt.saturating_add(1);
        let quarter = u32::try_from(self.random.hash_one(self.attempt) % 256).unwrap_or_default();
        (self.attempt, doubled.saturating_sub(doubled * quarter / 1_024))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_largest_and_start_again() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));
        let mut full = 1;
        for attempt in 1..40 {
            let (number, pause) = backoff.next();
            let full_pause = Duration::from_secs(full);
            assert_eq!(number, attempt);
            assert!(pause <= full_pause && pause >= full_pause * 3 / 4, "{pause:?} of {full_pause:?}");
            full = (full * 2).min(60);
        }
        backoff.reset();
        assert!(backoff.next().1 <= Duration::from_secs(1));
    }
}
