//! Line mode against readers that are slow, gone or do not read

use std::sync::{Arc, Condvar, Mutex};

use jiff::tz::TimeZone;
use tokio::runtime::Builder;
use tokio::task::{LocalSet, spawn_local};

use super::*;
use crate::client::{Command, Event};
use crate::side::ClientSide;

/// A stream that lets the test decide when it is written
#[derive(Clone, Default)]
struct Gate {
    /// What was written and flushed, and what was only written
    written: Arc<Mutex<(Vec<u8>, Vec<u8>)>>,
    /// Whether whoever writes has to wait
    closed: Arc<(Mutex<bool>, Condvar)>,
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (closed, changed) = &*self.closed;
        drop(changed.wait_while(closed.lock().unwrap(), |closed| *closed).unwrap());
        self.written.lock().unwrap().1.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let (flushed, written) = &mut *self.written.lock().unwrap();
        flushed.append(written);
        Ok(())
    }
}

impl Gate {
    fn close(&self, close: bool) {
        *self.closed.0.lock().unwrap() = close;
        self.closed.1.notify_all();
    }

    fn flushed(&self) -> String {
        String::from_utf8(self.written.lock().unwrap().0.clone()).unwrap()
    }
}

/// A stream that takes nothing
struct Broken;

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The other ends of what line mode is connected to
struct Ends {
    input: mpsc::Sender<Input>,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
    signals: mpsc::Sender<()>,
    help: Gate,
}

/// Line mode on the client's side, and its other ends
fn start(output: impl Write + Send + 'static) -> (impl Future<Output = io::Result<()>>, Ends) {
    let help = Gate::default();
    let (input, input_receiver) = mpsc::channel(16);
    let (command_sender, commands) = mpsc::channel(16);
    let (events, event_receiver) = mpsc::channel(16);
    let (signal_sender, signals) = Signals::by_hand();
    let streams = Streams {
        input: input_receiver,
        output: sink("output", output).unwrap(),
        help: sink("help", help.clone()).unwrap(),
    };
    let running = async move {
        let clock = Clock::starting_at(0, TimeZone::UTC);
        run::<ClientSide>(Format::Json, &clock, streams, command_sender, event_receiver, signals).await
    };
    (running, Ends { input, commands, events, signals: signal_sender, help })
}

fn play(paused: bool, test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_time().start_paused(paused).build().unwrap();
    LocalSet::new().block_on(&runtime, test);
}

fn pings(count: i64) -> impl Iterator<Item = Event> {
    (0..count).map(|payload| Event::ServerPing { payload })
}

#[test]
fn a_reader_that_does_not_read_keeps_nobody_from_leaving() {
    let gate = Gate::default();
    gate.close(true);
    play(true, async {
        let (running, mut ends) = start(gate.clone());
        let running = spawn_local(running);
        let started = Instant::now();
        let events = ends.events.clone();
        // More than there is room for, until nobody takes them any more.
        let flood = spawn_local(async move {
            for event in pings(100_000) {
                if events.send(event).await.is_err() {
                    return;
                }
            }
            panic!("all that was taken, and nothing was read");
        });
        ends.signals.send(()).await.unwrap();
        assert_eq!(ends.commands.recv().await, Some(Command::Exit));
        let error = running.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
        let waited = started.elapsed();
        assert!(waited >= LEAVE_DEADLINE && waited <= LEAVE_DEADLINE + 2 * LAST_WORDS, "{waited:?}");
        flood.await.unwrap();
    });
    gate.close(false);
}

#[test]
fn a_slow_reader_gets_everything() {
    const COUNT: i64 = 5_000;
    let gate = Gate::default();
    play(false, async {
        gate.close(true);
        let (running, ends) = start(gate.clone());
        let running = spawn_local(running);
        let Ends { events, input, commands, signals, help } = ends;
        // As many as wait in one batch, whatever became of the first ones.
        let mut all = pings(COUNT);
        for event in all.by_ref().take(400) {
            events.send(event).await.unwrap();
        }
        gate.close(false);
        for event in all {
            events.send(event).await.unwrap();
        }
        // The side ends; the other ends stay.
        drop(events);
        running.await.unwrap().unwrap();
        drop((input, commands, signals, help));
    });
    let expected: Vec<_> = pings(COUNT).filter_map(|event| Some(event.json()?.to_string())).collect();
    assert!(gate.flushed().lines().eq(&expected), "something is lost or not in order");
}

#[test]
fn a_reader_that_is_gone_ends_it_with_the_error() {
    play(false, async {
        let (running, ends) = start(Broken);
        ends.events.send(Event::ServerPing { payload: 1 }).await.unwrap();
        assert_eq!(running.await.unwrap_err().kind(), io::ErrorKind::StorageFull);
    });
}

#[test]
fn help_is_written_before_the_end() {
    play(false, async {
        let (running, ends) = start(Gate::default());
        ends.input.send(Input::Line("help".to_owned())).await.unwrap();
        ends.input.send(Input::Line("ping 1".to_owned())).await.unwrap();
        let running = spawn_local(running);
        let Ends { mut commands, events, help, .. } = ends;
        assert_eq!(commands.recv().await, Some(Command::Ping(Some(1))));
        drop(events);
        running.await.unwrap().unwrap();
        assert_eq!(help.flushed(), format!("{}\n", ClientSide::help()));
    });
}
