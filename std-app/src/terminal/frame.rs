//! When to draw: at most so many times a second
//!
//! Only arithmetic on the times it is given; it neither waits nor reads a clock.

use std::time::{Duration, Instant};

/// Keeps redraws apart
///
/// The first change is drawn at once; what changes within the interval after that is drawn
/// together when the interval is over, so nothing is ever left undrawn.
#[derive(Debug, Clone)]
pub struct FrameLimiter {
    interval: Duration,
    last: Option<Instant>,
}

impl FrameLimiter {
    /// At most `per_second` draws a second; 0 counts as 1
    #[must_use]
    pub fn new(per_second: u32) -> Self {
        Self { interval: Duration::from_secs(1) / per_second.max(1), last: None }
    }

    /// How long to wait before drawing a change that is there now; zero says draw
    #[must_use]
    pub fn wait(&self, now: Instant) -> Duration {
        self.last.map_or(Duration::ZERO, |last| self.interval.saturating_sub(now.saturating_duration_since(last)))
    }

    /// Notes that a frame was drawn
    pub fn drawn(&mut self, now: Instant) {
        self.last = Some(now);
    }
}

impl Default for FrameLimiter {
    /// Thirty draws a second
    fn default() -> Self {
        Self::new(30)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_frame_is_due_at_once_and_the_next_after_the_interval() {
        let start = Instant::now();
        let mut limiter = FrameLimiter::new(10);
        assert_eq!(limiter.wait(start), Duration::ZERO);
        limiter.drawn(start);
        assert_eq!(limiter.wait(start), Duration::from_millis(100));
        assert_eq!(limiter.wait(start + Duration::from_millis(60)), Duration::from_millis(40));
        assert_eq!(limiter.wait(start + Duration::from_millis(100)), Duration::ZERO);
        assert_eq!(limiter.wait(start + Duration::from_secs(9)), Duration::ZERO);
    }

    #[test]
    fn no_more_than_thirty_frames_fit_a_second() {
        let start = Instant::now();
        let mut limiter = FrameLimiter::default();
        let mut drawn = 0;
        for millisecond in 0..1_000 {
            let now = start + Duration::from_millis(millisecond);
            if limiter.wait(now).is_zero() {
                limiter.drawn(now);
                drawn += 1;
            }
        }
        assert!((28..=30).contains(&drawn), "{drawn} frames");
    }

    #[test]
    fn a_clock_that_stands_still_only_waits() {
        let now = Instant::now();
        let mut limiter = FrameLimiter::new(0);
        limiter.drawn(now + Duration::from_secs(5));
        assert_eq!(limiter.wait(now), Duration::from_secs(1));
    }
}
