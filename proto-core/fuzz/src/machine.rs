//! Driving a machine in pieces, and what holds of every machine
//!
//! A driver of its own beside `proto_core::testing`'s: it cuts what is transmitted, too, withholds answers for a
//! moment, and looks after each call whether the [`Machine`]'s contract was kept.

use std::sync::Arc;

use proto_core::testing::{Answers, Happened, Subject};
use proto_core::{Error, Instant};

use crate::bytes::response;
use crate::input::{Sizes, assert_clean};
use crate::mistake::Seed;

/// When everything happens that is not about time
pub const NOW: Instant = Instant::from_millis(1_700_000_000_000);

/// Time-outs that a machine may need to come to its end
const MOST_FIRES: usize = 6;

/// What the server answers with
#[must_use]
pub fn answers() -> Answers {
    Answers {
        response: response(r#"{"description":"ä€😀"}"#).into(),
        disconnect: response(r#"{"text":"no"}"#).into(),
        legacy: Arc::from(*b"\xff\x00\x01\x00!"),
    }
}

/// A machine, and what came of it
#[derive(Clone)]
pub struct Driven<M: Subject> {
    /// The machine
    pub machine: M,
    /// What happened, pieces of text that come one after the other put together
    pub log: Vec<Happened<M::Event<'static>>>,
    /// All that it transmitted
    pub sent: Vec<u8>,
    /// Why the connection ended, if it did
    pub failure: Option<Error>,
    answers: Answers,
}

#[expect(private_bounds, reason = "the mistakes that machines make are the checks' own affair")]
impl<M: Subject + Seed> Driven<M>
where
    M: Clone + PartialEq + std::fmt::Debug,
    M::Event<'static>: Clone + PartialEq + std::fmt::Debug,
{
    /// A machine of which nothing is known yet
    pub fn new(mut machine: M) -> Self {
        machine.seed_made();
        Self { machine, log: Vec::new(), sent: Vec::new(), failure: None, answers: answers() }
    }

    /// Offers `bytes` in pieces of `sizes`, and transmits in such pieces
    pub fn offer(&mut self, bytes: &[u8], sizes: Sizes) {
        for piece in sizes.cut(bytes) {
            let mut rest = piece;
            while self.failure.is_none() {
                let consumed = self.step(rest);
                rest = &rest[consumed..];
                let sent = self.transmit(sizes);
                if rest.is_empty() {
                    break;
                }
                assert!(consumed + sent > 0 || self.failure.is_some(), "stuck before {rest:02x?}");
            }
        }
    }

    /// Offers `input` until there is no event; tells how much was consumed
    fn step(&mut self, input: &[u8]) -> usize {
        let mut consumed = 0;
        loop {
            match self.machine.handle_input(NOW, &input[consumed..]) {
                Ok(progress) => {
                    consumed += progress.consumed;
                    match progress.event.map(M::detach) {
                        None => return consumed,
                        Some(Ok(event)) => {
                            self.answer(&event, &input[consumed..]);
                            self.log.push(Happened::Event(event));
                        }
                        Some(Err(chunk)) => self.text(chunk.as_str(&mut [0; 4])),
                    }
                }
                Err(error) => {
                    self.fail(error);
                    return input.len();
                }
            }
        }
    }

    fn text(&mut self, more: &str) {
        assert!(!more.is_empty(), "a piece of text is never empty");
        if let Some(Happened::Text(text)) = self.log.last_mut() {
            text.push_str(more);
        } else {
            self.log.push(Happened::Text(more.into()));
        }
    }

    /// Answers an event that waits for it, after a look whether input waits, too
    fn answer(&mut self, event: &M::Event<'static>, rest: &[u8]) {
        let before = self.machine.clone();
        self.machine.answer(event, &self.answers);
        if self.machine != before {
            let mut waiting = before.clone();
            let progress = waiting.handle_input(NOW, rest).expect("a machine that waits for an answer reads nothing");
            assert_eq!((progress.consumed, progress.event.is_none()), (0, true), "input overtakes an answer");
            assert_eq!(waiting, before);
        }
    }

    /// Transmits all there is, in pieces; tells how much
    pub fn transmit(&mut self, sizes: Sizes) -> usize {
        let before = self.sent.len();
        for size in sizes.iter() {
            let bytes = self.machine.poll_transmit(NOW);
            if bytes.is_empty() {
                break;
            }
            let count = size.min(bytes.len());
            let (now, later) = bytes.split_at(count);
            let later = later.to_vec();
            self.sent.extend(now);
            self.machine.handle_transmitted(count);
            let left = self.machine.poll_transmit(NOW);
            assert!(later.is_empty() || left == later, "what is left of a packet is sent next");
        }
        self.sent.len() - before
    }

    /// The peer closes its direction
    pub fn end(&mut self, sizes: Sizes) {
        if self.failure.is_some() {
            return;
        }
        match self.machine.handle_eof(NOW) {
            Ok(None) => {}
            Ok(Some(event)) => {
                self.answer(&event, &[]);
                self.log.push(Happened::Event(event));
            }
            Err(error) => self.fail(error),
        }
        self.transmit(sizes);
        assert!(self.machine.is_finished(), "over, and all is sent, but not finished: {:?}", self.machine);
    }

    /// Nothing more happens but time, until none of its time-outs is left
    pub fn wait(&mut self) {
        let mut now = NOW;
        for _ in 0..MOST_FIRES {
            let Some(deadline) = self.machine.poll_timeout().filter(|_| !self.machine.is_finished()) else { break };
            assert!(deadline >= NOW, "a deadline that had passed before anything happened");
            if let Some(early) = deadline.as_micros().checked_sub(1).map(Instant::from_micros).filter(|at| *at >= now) {
                let before = self.machine.clone();
                assert!(matches!(self.machine.handle_timeout(early), Ok(None)), "a time-out before its time");
                assert_eq!(self.machine, before, "a call that comes early changes nothing");
            }
            now = now.max(deadline);
            match self.machine.handle_timeout(now) {
                Ok(None) => {}
                Ok(Some(event)) => {
                    self.machine.answer(&event, &self.answers);
                    self.log.push(Happened::Event(event));
                }
                Err(error) => self.fail(error),
            }
            self.transmit(Sizes::WHOLE);
        }
        let left = self.machine.poll_timeout().filter(|_| !self.machine.is_finished());
        assert_eq!(left, None, "time-outs without end: {:?}", self.machine);
    }

    /// The connection is over, for good
    fn fail(&mut self, error: Error) {
        let message = error.to_string();
        assert_clean(&message);
        assert!(!message.is_empty() && message.len() < 160, "{message:?}");
        assert_eq!(self.machine.handle_input(NOW, b"\x01\x00").map(|_| ()), Err(error), "an error stays");
        assert_eq!(self.machine.handle_timeout(NOW).map(|_| ()), Err(error), "an error stays");
        assert_eq!(self.machine.handle_eof(NOW).map(|_| ()), Err(error), "an error stays");
        assert_eq!((self.machine.poll_timeout(), self.machine.is_finished()), (None, true));
        self.failure = Some(error);
    }

    /// Panics unless both saw the same
    #[track_caller]
    pub fn assert_same(&self, other: &Self) {
        assert_eq!(self.log, other.log);
        assert_eq!(self.sent, other.sent);
        assert_eq!(self.failure, other.failure);
        if self.failure.is_none() {
            assert_eq!(self.machine, other.machine, "the same stream leads to the same state");
        }
    }
}
