//! News that may come very often, told together at most once an interval
//!
//! Counts and waits; it makes no text of what it counted.

use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How often at most something is told
const INTERVAL: Duration = Duration::from_secs(1);

/// What happened since it was told last
#[derive(Debug)]
pub(super) struct Throttle<T> {
    latest: Option<T>,
    count: usize,
    /// Until when nothing is told
    silent_until: Option<Instant>,
}

impl<T> Throttle<T> {
    pub(super) const fn new() -> Self {
        Self { latest: None, count: 0, silent_until: None }
    }

    /// It happened once more
    pub(super) fn note(&mut self, what: T) {
        self.latest = Some(what);
        self.count = self.count.saturating_add(1);
    }

    /// Waits until something is to be told; the last of it, and how many there were
    ///
    /// Dropped while it waits, it loses nothing.
    pub(super) async fn due(&mut self) -> (T, usize) {
        if self.latest.is_none() {
            pending::<()>().await;
        }
        if let Some(until) = self.silent_until {
            sleep_until(until).await;
        }
        match self.latest.take() {
            Some(latest) => {
                self.silent_until = Some(Instant::now() + INTERVAL);
                (latest, std::mem::take(&mut self.count))
            }
            None => pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_is_told_at_once_and_the_others_together() {
        let mut throttle = Throttle::new();
        let start = Instant::now();
        throttle.note("a");
        assert_eq!(throttle.due().await, ("a", 1));
        assert_eq!(start.elapsed(), Duration::ZERO);
        throttle.note("b");
        throttle.note("c");
        assert_eq!(throttle.due().await, ("c", 2));
        assert_eq!(start.elapsed(), INTERVAL);
        let nothing = tokio::time::timeout(3 * INTERVAL, throttle.due()).await;
        assert!(nothing.is_err(), "nothing happened, so nothing is told");
        throttle.note("d");
        let before = Instant::now();
        assert_eq!(throttle.due().await, ("d", 1));
        assert_eq!(before.elapsed(), Duration::ZERO);
    }
}
