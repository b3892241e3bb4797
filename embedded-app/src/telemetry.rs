//! The second serial line: reports for a monitor
//!
//! Numbers the reports and keeps their bytes until the line takes them. A report that finds no room is dropped whole,
//! which the monitor sees as a gap in the numbers. What the reports look like is [`proto_core::telemetry`].

use core::sync::atomic::{AtomicU32, Ordering};

use heapless::Deque;
use proto_core::Instant;
use proto_core::telemetry::{Envelope, MAX_FRAME, Report, encode};

use crate::board::Serial;

/// Bytes that may wait for the line
const QUEUE: usize = 512;

/// The next report's number, and the time of the last one in microseconds, its lower half first
///
/// For whoever has to report that nothing else works any more.
static SO_FAR: [AtomicU32; 3] = [const { AtomicU32::new(0) }; 3];

/// Reports on their way
#[derive(Debug, Default)]
pub struct Telemetry {
    sequence: u32,
    queue: Deque<u8, QUEUE>,
}

impl Telemetry {
    /// Nothing reported yet
    #[must_use]
    pub const fn new() -> Self {
        Self { sequence: 0, queue: Deque::new() }
    }

    /// An empty queue that goes on counting where all reports of this boot ended, and when that was
    #[must_use]
    pub fn at_the_end() -> (Self, Instant) {
        let [sequence, low, high] = SO_FAR.each_ref().map(|number| number.load(Ordering::Relaxed));
        let micros = (u64::from(high) << 32) | u64::from(low);
        (Self { sequence, queue: Deque::new() }, Instant::from_micros(micros))
    }

    /// Queues a report of something that happened at `now`
    pub fn report(&mut self, now: Instant, report: Report) {
        let envelope = Envelope { sequence: self.sequence, time_us: now.as_micros(), report };
        self.sequence = self.sequence.wrapping_add(1);
        let micros = now.as_micros();
        let low = u32::try_from(micros & u64::from(u32::MAX)).unwrap_or_default();
        let high = u32::try_from(micros >> 32).unwrap_or_default();
        for (number, so_far) in SO_FAR.iter().zip([self.sequence, low, high]) {
            number.store(so_far, Ordering::Relaxed);
        }
        let mut buffer = [0; MAX_FRAME];
        let frame = encode(&envelope, &mut buffer).unwrap_or_default();
        if self.queue.len() + frame.len() <= QUEUE {
            for &byte in frame.iter() {
                // There is room for all of it.
                let _queued = self.queue.push_back(byte);
            }
        }
    }

    /// Hands bytes to the line while it takes them; whether all are gone
    pub fn flush(&mut self, line: &mut impl Serial) -> bool {
        while let Some(&byte) = self.queue.front() {
            if !line.write(byte) {
                return false;
            }
            self.queue.pop_front();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proto_core::telemetry::{Decoder, Event};

    use super::*;

    struct Line(Vec<u8>, usize);

    impl Serial for Line {
        fn read(&mut self) -> Option<u8> {
            None
        }

        fn write(&mut self, byte: u8) -> bool {
            let room = self.1 > 0;
            if room {
                self.1 -= 1;
                self.0.push(byte);
            }
            room
        }
    }

    #[test]
    fn what_finds_no_room_is_a_gap_in_the_numbers() {
        let mut telemetry = Telemetry::new();
        for payload in 0..100 {
            telemetry.report(Instant::ZERO, Report::ServerPing { payload });
        }
        let mut line = Line(Vec::new(), 5);
        assert!(!telemetry.flush(&mut line));
        line.1 = usize::MAX;
        assert!(telemetry.flush(&mut line));
        telemetry.report(Instant::ZERO, Report::ServerPing { payload: 100 });
        assert!(telemetry.flush(&mut line));
        let (mut decoder, mut input, mut sequences) = (Decoder::new(), line.0.as_slice(), Vec::new());
        while !input.is_empty() {
            let (consumed, event) = decoder.handle_input(input);
            input = &input[consumed..];
            match event {
                Some(Event::Report(envelope)) => sequences.push(envelope.sequence),
                Some(other) => panic!("{other:?}"),
                None => {}
            }
        }
        let kept = u32::try_from(sequences.len()).unwrap() - 1;
        assert!((10..100).contains(&kept), "{kept}");
        assert!(sequences[..sequences.len() - 1].iter().copied().eq(0..kept));
        assert_eq!(sequences.last(), Some(&100));
    }
}
