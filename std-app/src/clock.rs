//! A clock that reads as Unix time and never jumps
//!
//! The system's clock is read once; from then on monotonic time is added. Round-trip times and timestamps therefore come
//! from one scale, and a correction of the system's clock reaches neither. It does not wait: that is tokio's.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::time::Instant;

/// A monotonic clock that reads as microseconds since the Unix epoch
///
/// It follows tokio's clock, so under a paused runtime it stands still and advances with it. Copies of one clock agree;
/// two clocks made at different times may differ by what the system's clock was corrected by in between.
///
/// ```
/// use std_app::clock::Clock;
///
/// let clock = Clock::new();
/// let earlier = clock.now_micros();
/// assert!(clock.now_micros() >= earlier);
/// assert_eq!(clock.time_of_day(earlier).to_string().len(), "16:31:04".len());
/// ```
#[derive(Clone, Debug)]
pub struct Clock {
    started: Instant,
    started_micros: u64,
    zone: TimeZone,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock {
    /// A clock that starts at the system's time, in the system's time zone
    ///
    /// Where the system names no time zone it is UTC; a system clock set before 1970 reads as 1970.
    #[must_use]
    pub fn new() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX);
        Self::starting_at(micros, TimeZone::try_system().unwrap_or(TimeZone::UTC))
    }

    /// A clock that now reads `micros` and shows times of `zone`, for tests
    #[must_use]
    pub fn starting_at(micros: u64, zone: TimeZone) -> Self {
        Self { started: Instant::now(), started_micros: micros, zone }
    }

    /// Microseconds since the Unix epoch
    #[must_use]
    pub fn now_micros(&self) -> u64 {
        self.micros_at(Instant::now())
    }

    /// The time as the core takes it
    #[must_use]
    pub fn now(&self) -> proto_core::Instant {
        proto_core::Instant::from_micros(self.now_micros())
    }

    /// When the core's `instant` is, for sleeping until then
    #[must_use]
    pub fn at(&self, instant: proto_core::Instant) -> Instant {
        self.instant_at(instant.as_micros())
    }

    /// Milliseconds since the Unix epoch: the payload of a Ping that was given none
    #[must_use]
    pub fn now_millis(&self) -> i64 {
        i64::try_from(self.now_micros() / 1000).unwrap_or(i64::MAX)
    }

    /// What the clock reads at `instant`; before its start, what it read there
    #[must_use]
    pub fn micros_at(&self, instant: Instant) -> u64 {
        let elapsed = instant.saturating_duration_since(self.started).as_micros();
        self.started_micros.saturating_add(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    /// The instant at which the clock reads `micros`, for sleeping until then
    ///
    /// A time before the clock's start is its start.
    #[must_use]
    pub fn instant_at(&self, micros: u64) -> Instant {
        let elapsed = micros.saturating_sub(self.started_micros);
        self.started
            .checked_add(Duration::from_micros(elapsed))
            // A century away is as good as never, and every platform can tell it.
            .unwrap_or_else(|| self.started + Duration::from_hours(100 * 365 * 24))
    }

    /// Local time of day at `micros`, for a line of the log
    #[must_use]
    pub fn time_of_day(&self, micros: u64) -> TimeOfDay {
        let timestamp = i64::try_from(micros)
            .ok()
            .and_then(|micros| Timestamp::from_microsecond(micros).ok())
            .unwrap_or(Timestamp::MAX);
        let time = timestamp.to_zoned(self.zone.clone()).time();
        TimeOfDay {
            hour: time.hour().unsigned_abs(),
            minute: time.minute().unsigned_abs(),
            second: time.second().unsigned_abs(),
        }
    }
}

/// A time of day, shown as `hh:mm:ss`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay {
    /// Hour, 0 to 23
    pub hour: u8,
    /// Minute
    pub minute: u8,
    /// Second
    pub second: u8,
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::Offset;

    use super::*;

    /// 2026-01-02 16:31:04 UTC
    const MICROS: u64 = 1_767_371_464_000_000;

    #[tokio::test(start_paused = true)]
    async fn it_follows_the_paused_clock_of_tokio() {
        let clock = Clock::starting_at(MICROS, TimeZone::UTC);
        assert_eq!(clock.now_micros(), MICROS);
        tokio::time::advance(Duration::from_micros(1_500_007)).await;
        assert_eq!(clock.now_micros(), MICROS + 1_500_007);
        assert_eq!(clock.now_millis(), 1_767_371_465_500);
        assert_eq!(clock.clone().now_micros(), clock.now_micros());
    }

    #[tokio::test(start_paused = true)]
    async fn instants_and_readings_are_two_ways_to_say_one_time() {
        let clock = Clock::starting_at(MICROS, TimeZone::UTC);
        let later = clock.instant_at(MICROS + 42);
        assert_eq!(later, Instant::now() + Duration::from_micros(42));
        assert_eq!(clock.micros_at(later), MICROS + 42);
        assert_eq!(clock.instant_at(0), clock.instant_at(MICROS));
        assert!(clock.instant_at(u64::MAX) > later);
    }

    #[test]
    fn it_starts_at_the_time_of_the_system() {
        let system = || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            u64::try_from(now.as_micros()).unwrap()
        };
        let before = system();
        let clock = Clock::new();
        let read = clock.micros_at(clock.started);
        assert!((before..=system()).contains(&read));
    }

    #[test]
    fn times_of_day_are_local() {
        let show = |zone| Clock::starting_at(0, zone).time_of_day(MICROS).to_string();
        assert_eq!(show(TimeZone::UTC), "16:31:04");
        assert_eq!(show(TimeZone::fixed(Offset::constant(9))), "01:31:04");
        assert_eq!(show(TimeZone::fixed(Offset::constant(-3))), "13:31:04");
        assert_eq!(show(TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap()), "11:31:04");
    }

    #[test]
    fn no_reading_is_out_of_range() {
        let clock = Clock::starting_at(u64::MAX, TimeZone::UTC);
        assert_eq!(clock.now_micros(), u64::MAX);
        assert_eq!(clock.time_of_day(u64::MAX).to_string().len(), 8);
        assert_eq!(clock.time_of_day(0).to_string(), "00:00:00");
    }
}
