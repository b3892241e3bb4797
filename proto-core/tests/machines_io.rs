//! The drivers over embedded-io, blocking and async, over a transport made of memory

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that fails panics; only what a peer reaches must not"
)]

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use embedded_io::ErrorKind;
use proto_core::client::{Config, Event as C, Missing};
use proto_core::error::{Closed, Violation};
use proto_core::io::{Driver, Error, Step};
use proto_core::legacy::Kind;
use proto_core::packet::{NextState, REQUEST, State};
use proto_core::server::Event as S;
use proto_core::testing::{frame, handshake, ping, response};
use proto_core::{Client, Instant, Machine, Progress, Server, Timeouts};

/// What a read brings
#[derive(Clone)]
enum Read {
    Bytes(Vec<u8>),
    Fail(ErrorKind),
    /// Async only: nothing yet
    Pending,
}

/// Gives what it was told to, takes `width` bytes a write, and then is at its end
struct Memory {
    reads: VecDeque<Read>,
    written: Vec<u8>,
    width: usize,
    flushed: usize,
    /// Writes behind the first ten bytes that an async transport does not take at once
    stalls: usize,
    /// Flushes that an async transport does not end at once
    flush_stalls: usize,
    /// How writes fail, before any succeeds
    failures: VecDeque<ErrorKind>,
}

impl Memory {
    fn new(reads: impl IntoIterator<Item = Read>) -> Self {
        Self {
            reads: reads.into_iter().collect(),
            written: Vec::new(),
            width: 3,
            flushed: 0,
            stalls: 0,
            flush_stalls: 0,
            failures: VecDeque::new(),
        }
    }

    fn take(&mut self, buffer: &mut [u8]) -> Option<Result<usize, ErrorKind>> {
        match self.reads.pop_front() {
            None => Some(Ok(0)),
            Some(Read::Pending) => None,
            Some(Read::Fail(kind)) => Some(Err(kind)),
            Some(Read::Bytes(bytes)) => {
                let (now, later) = bytes.split_at(bytes.len().min(buffer.len()));
                buffer[..now.len()].copy_from_slice(now);
                if !later.is_empty() {
                    self.reads.push_front(Read::Bytes(later.to_vec()));
                }
                Some(Ok(now.len()))
            }
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        if let Some(failure) = self.failures.pop_front() {
            return Err(failure);
        }
        let count = bytes.len().min(self.width);
        self.written.extend_from_slice(&bytes[..count]);
        Ok(count)
    }
}

struct Blocking(Memory);
struct Async(Memory);

impl embedded_io::ErrorType for Blocking {
    type Error = ErrorKind;
}

impl embedded_io::Read for Blocking {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        self.0.take(buffer).expect("a blocking transport is never pending")
    }
}

impl embedded_io::Write for Blocking {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.0.put(bytes)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.0.flushed += 1;
        Ok(())
    }
}

impl embedded_io::ErrorType for Async {
    type Error = ErrorKind;
}

impl embedded_io_async::Read for Async {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| self.0.take(buffer).map_or(Poll::Pending, Poll::Ready)).await
    }
}

impl embedded_io_async::Write for Async {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| {
            if self.0.stalls > 0 && self.0.written.len() >= 10 {
                self.0.stalls -= 1;
                return Poll::Pending;
            }
            Poll::Ready(self.0.put(bytes))
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        poll_fn(|_| {
            if self.0.flush_stalls > 0 {
                self.0.flush_stalls -= 1;
                return Poll::Pending;
            }
            self.0.flushed += 1;
            Poll::Ready(Ok(()))
        })
        .await
    }
}

/// Polls once; `None` where the future waits, and then it is dropped
fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn pinging() -> Client {
    let mut client = Client::new(&Config::new("localhost", 25_565)).unwrap();
    client.ping(Instant::ZERO, 7).unwrap();
    client
}

fn server() -> Server<&'static [u8]> {
    Server::new(Instant::ZERO, Timeouts::DEFAULT, true)
}

fn hello() -> Vec<u8> {
    [handshake(NextState::Status), REQUEST.to_vec()].concat()
}

const ANSWER: &[u8] = b"\x04\x00\x02{}";

fn answer(server: &mut Server<&'static [u8]>, event: S<'_>) {
    if event == S::Request {
        assert!(server.respond(ANSWER));
    }
}

#[test]
fn a_client_s_exchange_over_partial_reads_and_writes() {
    let transport = Blocking(Memory::new([Read::Bytes(response("{}")), Read::Bytes(ping(7))]));
    let mut driver = Driver::new(pinging(), transport, || Instant::ZERO);
    let (mut buffer, mut ponged) = ([0; 3], false);
    while !ponged {
        let step = driver.step(&mut buffer, |_, event| ponged |= matches!(event, C::Pong { payload: 7, .. })).unwrap();
        assert_eq!(step, Step::Open);
    }
    let Blocking(memory) = driver.into_parts().1;
    assert_eq!(memory.written, [hello(), ping(7)].concat());
    assert_eq!(memory.flushed, 2, "once for each thing said");
}

#[test]
fn pipelined_requests_are_answered_within_one_step() {
    let input = [hello(), REQUEST.repeat(2), ping(9)].concat();
    let mut driver = Driver::new(server(), Blocking(Memory::new([Read::Bytes(input)])), || Instant::ZERO);
    assert_eq!(driver.step(&mut [0; 256], answer), Ok(Step::Open));
    assert_eq!(driver.step(&mut [0; 256], answer), Ok(Step::Finished), "the end of the stream");
    let Blocking(memory) = driver.into_parts().1;
    assert_eq!(memory.written, [ANSWER.repeat(3), ping(9)].concat());
}

#[test]
fn input_behind_an_event_that_is_answered_later_is_kept_in_the_buffer() {
    let input = [hello(), ping(9)].concat();
    let mut driver = Driver::new(server(), Blocking(Memory::new([Read::Bytes(input)])), || Instant::ZERO);
    let mut buffer = [0; 256];
    assert_eq!(driver.step(&mut buffer, |_, _| {}), Ok(Step::Waiting));
    assert_eq!(driver.step(&mut buffer, |_, _| {}), Ok(Step::Waiting), "nothing has changed");
    assert!(driver.machine_mut().respond(ANSWER));
    assert_eq!(driver.step(&mut buffer, |_, _| {}), Ok(Step::Open));
    assert_eq!(driver.into_parts().1.0.written, [ANSWER, &ping(9)].concat());
}

#[test]
fn an_answer_that_is_owed_behind_the_end_of_the_stream_is_waited_for() {
    let mut driver = Driver::new(server(), Blocking(Memory::new([Read::Bytes(hello())])), || Instant::ZERO);
    let mut buffer = [0; 256];
    assert_eq!(driver.step(&mut buffer, |_, _| {}), Ok(Step::Open), "the end has not been read");
    assert_eq!(driver.step(&mut buffer, |_, _| {}), Ok(Step::Waiting));
    assert_eq!(driver.step(&mut buffer, |_, _| {}), Ok(Step::Waiting));
    assert!(driver.machine_mut().respond(ANSWER));
    assert_eq!(driver.step(&mut buffer, |_, _| {}), Ok(Step::Finished));
    assert_eq!(driver.into_parts().1.0.written, ANSWER);
}

#[test]
fn an_async_step_says_that_it_waits_for_an_answer() {
    let transport = Async(Memory::new([Read::Bytes([hello(), ping(9)].concat()), Read::Pending]));
    let mut driver = Driver::new(server(), transport, || Instant::ZERO);
    let mut buffer = [0; 256];
    assert_eq!(poll_once(driver.step_async(&mut buffer, |_, _| {})), Some(Ok(Step::Waiting)));
    assert_eq!(poll_once(driver.step_async(&mut buffer, |_, _| {})), Some(Ok(Step::Waiting)));
    assert!(driver.machine_mut().respond(ANSWER));
    assert_eq!(poll_once(driver.step_async(&mut buffer, |_, _| {})), Some(Ok(Step::Open)));
    assert_eq!(poll_once(driver.step_async(&mut buffer, |_, _| {})), None, "now it reads");
}

#[test]
fn a_flush_that_was_dropped_is_made_up_for() {
    let mut memory = Memory::new([Read::Pending, Read::Pending]);
    memory.flush_stalls = 2;
    let mut driver = Driver::new(pinging(), Async(memory), || Instant::ZERO);
    let mut buffer = [0; 8];
    for _ in 0..2 {
        assert_eq!(poll_once(driver.step_async(&mut buffer, |_, _| {})), None, "it waits in the flush");
    }
    assert_eq!(poll_once(driver.step_async(&mut buffer, |_, _| {})), None, "it waits in the read");
    assert_eq!(poll_once(driver.flush_async()), Some(Ok(())));
    let Async(memory) = driver.into_parts().1;
    assert_eq!((memory.written, memory.flushed), (hello(), 1), "said once, flushed once");
    assert_eq!(memory.reads.len(), 1, "nothing was read before the flush");
}

#[test]
fn a_read_that_times_out_fires_what_is_due() {
    let now = Cell::new(Instant::ZERO);
    let reads = [Read::Fail(ErrorKind::TimedOut), Read::Fail(ErrorKind::Interrupted)];
    let mut driver = Driver::new(pinging(), Blocking(Memory::new(reads)), || now.get());
    let mut seen = Vec::new();
    let mut note = |_: &mut Client, event: C<'_>| {
        if let C::TimedOut { missing, .. } = event {
            seen.push(missing);
        }
    };
    assert_eq!(driver.step(&mut [0; 8], &mut note), Ok(Step::Open));
    assert_eq!(driver.deadline(), Some(Instant::from_millis(5_000)));
    now.set(Instant::from_millis(5_000));
    assert_eq!(driver.step(&mut [0; 8], &mut note), Ok(Step::Open));
    assert_eq!(seen, [Missing::Response]);
    assert_eq!(driver.into_parts().1.0.written, [hello(), handshake(NextState::Default)].concat());
}

#[test]
fn errors_are_told_apart_by_blame() {
    let broken = Blocking(Memory::new([Read::Fail(ErrorKind::ConnectionReset)]));
    let mut driver = Driver::new(pinging(), broken, || Instant::ZERO);
    assert_eq!(driver.step(&mut [0; 8], |_, _| {}), Err(Error::Transport(ErrorKind::ConnectionReset)));

    let mut driver = Driver::new(pinging(), Blocking(Memory::new([])), || Instant::ZERO);
    let closed = proto_core::Error::Closed(Closed::WithoutAnswer);
    assert_eq!(driver.step(&mut [0; 8], |_, _| {}), Err(Error::Connection(closed)));

    let wrong = Blocking(Memory::new([Read::Bytes(frame(0, b""))]));
    let mut driver = Driver::new(server(), wrong, || Instant::ZERO);
    let violation = proto_core::Error::Protocol { violation: Violation::RequestInDefault, offset: 0 };
    assert_eq!(driver.step(&mut [0; 8], answer), Err(Error::Connection(violation)));

    let mut stuck = Blocking(Memory::new([]));
    stuck.0.width = 0;
    let mut driver = Driver::new(pinging(), stuck, || Instant::ZERO);
    assert_eq!(driver.step(&mut [0; 8], |_, _| {}), Err(Error::WriteZero));
}

#[test]
fn errors_say_whose_they_are_and_hold_what_was_said() {
    let closed = proto_core::Error::Closed(Closed::WithoutAnswer);
    let (connection, transport) = (Error::from(closed), Error::Transport(ErrorKind::BrokenPipe));
    let source = |error: &Error<ErrorKind>| std::error::Error::source(error).map(ToString::to_string);
    assert_eq!((connection.to_string(), source(&connection)), (closed.to_string(), Some(closed.to_string())));
    let broken = ErrorKind::BrokenPipe.to_string();
    assert_eq!(transport.to_string(), format!("the transport failed: {broken}"));
    assert_eq!(source(&transport), Some(broken));
    assert_eq!(Error::<ErrorKind>::WriteZero.to_string(), "the transport takes no more bytes");
    assert_eq!(source(&Error::WriteZero), None);
}

#[test]
fn driver_tells_the_time_that_it_was_given() {
    let now = Cell::new(Instant::ZERO);
    let mut driver = Driver::new(pinging(), Blocking(Memory::new([])), || now.get());
    now.set(Instant::from_millis(7));
    assert_eq!(driver.now(), Instant::from_millis(7));
}

#[test]
fn an_async_exchange() {
    let transport = Async(Memory::new([Read::Bytes(response("{}")), Read::Bytes(ping(7))]));
    let mut driver = Driver::new(pinging(), transport, || Instant::ZERO);
    let (mut buffer, mut ponged) = ([0; 3], false);
    while !ponged {
        let on_event = |_: &mut Client, event: C<'_>| ponged |= matches!(event, C::Pong { payload: 7, .. });
        assert_eq!(poll_once(driver.step_async(&mut buffer, on_event)), Some(Ok(Step::Open)));
    }
    assert_eq!(driver.into_parts().1.0.written, [hello(), ping(7)].concat());
}

#[test]
fn an_async_step_that_is_dropped_for_a_deadline_loses_nothing() {
    // The read is pending at first; later the answer to the Request is not taken while a Ping waits behind it.
    let input = [hello(), ping(9)].concat();
    let transport = Async(Memory::new([Read::Pending, Read::Bytes(input)]));
    let now = Cell::new(Instant::ZERO);
    let mut driver = Driver::new(server(), transport, || now.get());
    let mut buffer = [0; 256];
    assert_eq!(poll_once(driver.step_async(&mut buffer, answer)), None, "nothing to read");
    now.set(driver.deadline().unwrap());
    assert_eq!(now.get(), Instant::ZERO.saturating_add(Duration::from_secs(15)));
    let (machine, mut transport) = driver.into_parts();
    transport.0.stalls = 3;
    let mut driver = Driver::new(machine, transport, || now.get());
    let mut steps = 0;
    let mut idle = 0;
    loop {
        let step = poll_once(driver.step_async(&mut buffer, |server, event| {
            idle += i32::from(matches!(event, S::IdlePing { .. }));
            answer(server, event);
        }));
        steps += 1;
        assert!(steps < 10);
        if step == Some(Ok(Step::Open)) {
            break;
        }
    }
    assert_eq!((steps, idle), (4, 1), "three were dropped");
    let memory = driver.into_parts().1.0;
    assert_eq!(memory.written, [ping(15_000), ANSWER.to_vec(), ping(9)].concat());
}

#[test]
fn a_write_that_is_interrupted_is_made_again_and_any_other_failure_is_told() {
    let failing = || {
        let mut memory = Memory::new([]);
        memory.failures = [ErrorKind::Interrupted, ErrorKind::BrokenPipe].into();
        memory
    };
    let broken = Err(Error::Transport(ErrorKind::BrokenPipe));
    let mut driver = Driver::new(pinging(), Blocking(failing()), || Instant::ZERO);
    assert_eq!(driver.flush(), broken);
    assert_eq!(driver.flush(), Ok(()), "what was not written is still there");
    assert_eq!(driver.into_parts().1.0.written, hello());

    let mut driver = Driver::new(pinging(), Async(failing()), || Instant::ZERO);
    assert_eq!(poll_once(driver.flush_async()), Some(broken));
    assert_eq!(poll_once(driver.flush_async()), Some(Ok(())));
    assert_eq!(driver.into_parts().1.0.written, hello());
}

#[test]
fn an_async_driver_tells_errors_apart_as_the_blocking_one_does() {
    let broken = Async(Memory::new([Read::Fail(ErrorKind::ConnectionReset)]));
    let mut driver = Driver::new(pinging(), broken, || Instant::ZERO);
    let step = poll_once(driver.step_async(&mut [0; 8], |_, _| {}));
    assert_eq!(step, Some(Err(Error::Transport(ErrorKind::ConnectionReset))));

    let mut stuck = Async(Memory::new([]));
    stuck.0.width = 0;
    let mut driver = Driver::new(pinging(), stuck, || Instant::ZERO);
    assert_eq!(poll_once(driver.step_async(&mut [0; 8], |_, _| {})), Some(Err(Error::WriteZero)));
}

#[test]
fn an_async_read_that_times_out_fires_what_is_due_and_one_at_the_end_stays_there() {
    let now = Cell::new(Instant::ZERO);
    let reads = [Read::Fail(ErrorKind::TimedOut), Read::Bytes(hello()), Read::Bytes(vec![])];
    let mut driver = Driver::new(server(), Async(Memory::new(reads)), || now.get());
    assert_eq!(driver.now(), Instant::ZERO);
    now.set(driver.deadline().unwrap());
    let mut idle = 0;
    let mut buffer = [0; 256];
    let step = poll_once(driver.step_async(&mut buffer, |_, event| {
        idle += i32::from(matches!(event, S::IdlePing { .. }));
    }));
    assert_eq!((step, idle), (Some(Ok(Step::Open)), 1));
    assert_eq!(poll_once(driver.step_async(&mut buffer, |_, _| {})), Some(Ok(Step::Open)));
    assert_eq!(driver.machine().state(), State::Status);
    for _ in 0..2 {
        assert_eq!(poll_once(driver.step_async(&mut buffer, |_, _| {})), Some(Ok(Step::Waiting)), "an answer is owed");
    }
    assert!(driver.machine_mut().respond(ANSWER));
    assert_eq!(poll_once(driver.step_async(&mut buffer, |_, _| {})), Some(Ok(Step::Finished)));
}

#[test]
fn an_end_that_is_an_event_is_handed_out() {
    // `FE` and no more is a ping from before 1.4.
    let mut driver = Driver::new(server(), Blocking(Memory::new([Read::Bytes(vec![0xFE])])), || Instant::ZERO);
    let mut seen = Vec::new();
    let mut buffer = [0; 8];
    for _ in 0..2 {
        let step = driver.step(&mut buffer, |server, event| {
            if let S::LegacyPing(kind) = event {
                seen.push(kind);
                assert!(server.respond(ANSWER));
            }
        });
        assert!(step.is_ok());
    }
    assert_eq!(seen, [Kind::Beta]);
    assert_eq!(driver.into_parts().1.0.written, ANSWER);
}

#[test]
fn what_is_overdue_is_fired_at_the_next_step() {
    let now = Cell::new(Instant::ZERO);
    let reads = [Read::Fail(ErrorKind::TimedOut), Read::Fail(ErrorKind::TimedOut)];
    let mut driver = Driver::new(pinging(), Blocking(Memory::new(reads)), || now.get());
    let mut timed_out = 0;
    let mut count = |_: &mut Client, event: C<'_>| timed_out += i32::from(matches!(event, C::TimedOut { .. }));
    assert_eq!(driver.step(&mut [0; 8], &mut count), Ok(Step::Open));
    now.set(Instant::from_millis(5_001));
    assert_eq!(driver.step(&mut [0; 8], &mut count), Ok(Step::Open));
    assert_eq!(timed_out, 1);
}

#[test]
fn nothing_is_read_behind_the_end_or_when_all_is_said() {
    let reads = || [Read::Bytes(hello()), Read::Bytes(vec![]), Read::Fail(ErrorKind::ConnectionReset)];
    let mut buffer = [0; 256];
    let mut blocking = Driver::new(server(), Blocking(Memory::new(reads())), || Instant::ZERO);
    let mut asynchronous = Driver::new(server(), Async(Memory::new(reads())), || Instant::ZERO);
    for expected in [Step::Open, Step::Waiting, Step::Waiting] {
        assert_eq!(blocking.step(&mut buffer, |_, _| {}), Ok(expected));
        assert_eq!(poll_once(asynchronous.step_async(&mut buffer, |_, _| {})), Some(Ok(expected)));
    }

    // A login is refused, and then nothing that comes matters, though the stream goes on.
    let reads = || [Read::Bytes(handshake(NextState::Login)), Read::Fail(ErrorKind::ConnectionReset)];
    let refuse = |server: &mut Server<&'static [u8]>, event: S<'_>| {
        if event == S::Login {
            assert!(server.respond(ANSWER));
        }
    };
    let mut blocking = Driver::new(server(), Blocking(Memory::new(reads())), || Instant::ZERO);
    let mut asynchronous = Driver::new(server(), Async(Memory::new(reads())), || Instant::ZERO);
    for _ in 0..2 {
        assert_eq!(blocking.step(&mut buffer, refuse), Ok(Step::Finished));
        assert_eq!(poll_once(asynchronous.step_async(&mut buffer, refuse)), Some(Ok(Step::Finished)));
    }
}

/// Says each byte back, takes none before that is sent, and tells nothing
#[derive(Default)]
struct Echo {
    owed: Vec<u8>,
}

impl Machine for Echo {
    type Event<'i> = ();

    fn handle_input(&mut self, _now: Instant, input: &[u8]) -> Result<Progress<()>, proto_core::Error> {
        let taken = if self.owed.is_empty() { input.len().min(1) } else { 0 };
        self.owed.extend_from_slice(&input[..taken]);
        Ok(Progress { consumed: taken, event: None })
    }

    fn poll_transmit(&mut self, _now: Instant) -> &[u8] {
        &self.owed
    }

    fn handle_transmitted(&mut self, count: usize) {
        self.owed.drain(..count);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    fn handle_timeout(&mut self, _now: Instant) -> Result<Option<()>, proto_core::Error> {
        Ok(None)
    }

    fn handle_eof(&mut self, _now: Instant) -> Result<Option<()>, proto_core::Error> {
        Ok(None)
    }

    fn is_finished(&self) -> bool {
        false
    }
}

#[test]
fn input_that_waits_for_what_led_to_no_event_to_be_sent_goes_on_in_the_same_step() {
    let read = Read::Bytes(b"abc".to_vec());
    let mut driver = Driver::new(Echo::default(), Blocking(Memory::new([read.clone()])), || Instant::ZERO);
    assert_eq!(driver.step(&mut [0; 8], |_, ()| {}), Ok(Step::Open));
    assert_eq!(driver.into_parts().1.0.written, b"abc");
    let mut driver = Driver::new(Echo::default(), Async(Memory::new([read])), || Instant::ZERO);
    assert_eq!(poll_once(driver.step_async(&mut [0; 8], |_, ()| {})), Some(Ok(Step::Open)));
    assert_eq!(driver.into_parts().1.0.written, b"abc");
}
