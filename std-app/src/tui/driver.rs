//! The loop: what comes in becomes a message, what comes of it is carried out, and what changed is drawn
//!
//! Everything it waits for is handed in, so tests run the same loop without a terminal.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use crossterm::event::Event;
use ratatui::backend::Backend;
use ratatui::{Frame, Terminal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::app::{App, Effect, Message};
use super::front::Front;
use crate::signals::Signals;
use crate::terminal::{FrameLimiter, Screen, TracingEvents};

/// Events of the side that are taken at once; keys and drawing come in between
const BATCH: usize = 256;

/// Commands that may wait for the side
const OUTBOX: usize = 64;

/// A frame is written after this time although nothing changed
///
/// Nobody sees it; but a terminal that has gone without a word is noticed, and the program does not outlive it.
const PROBE: Duration = Duration::from_secs(5);

/// Whatever frames are drawn on
pub(super) trait Canvas {
    /// Draws a frame
    fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()>;

    /// Has the next frame written whole
    fn clear(&mut self) -> io::Result<()>;
}

impl Canvas for Screen {
    fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        Screen::draw(self, render)
    }

    fn clear(&mut self) -> io::Result<()> {
        Screen::clear(self)
    }
}

impl<B: Backend<Error: Send + Sync + 'static>> Canvas for Terminal<B> {
    fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        Terminal::draw(self, render).map(drop).map_err(io::Error::other)
    }

    fn clear(&mut self) -> io::Result<()> {
        // As `Screen` does it: without asking the terminal anything.
        let size = self.size().map_err(io::Error::other)?;
        self.resize(size.into()).map_err(io::Error::other)
    }
}

/// What the loop is connected to
#[derive(Debug)]
pub(super) struct Wires<S: Front> {
    /// What happens on the terminal; it is gone when this ends
    pub(super) keys: mpsc::Receiver<io::Result<Event>>,
    /// The side's commands
    pub(super) commands: mpsc::Sender<S::Command>,
    /// The side's events; it has ended when this does
    pub(super) events: mpsc::Receiver<S::Event>,
    /// What libraries tell
    pub(super) traced: Option<TracingEvents>,
    /// What the system asks for
    pub(super) signals: Signals,
}

/// Runs until the side has ended or the user leaves
///
/// # Errors
/// The terminal is gone.
pub(super) async fn drive<S: Front>(
    app: &mut App<S>,
    canvas: &mut impl Canvas,
    wires: Wires<S>,
    frame_rate: u32,
) -> io::Result<()> {
    let Wires { mut keys, commands, mut events, mut traced, mut signals } = wires;
    let mut outbox = VecDeque::new();
    let mut batch = Vec::with_capacity(BATCH);
    let mut side_runs = true;
    let mut limiter = FrameLimiter::new(frame_rate);
    let mut drawn = Instant::now();
    loop {
        let now = Instant::now();
        if app.is_dirty() && limiter.wait(now.into_std()).is_zero() {
            canvas.draw(|frame| app.view(frame))?;
            limiter.drawn(now.into_std());
            drawn = now;
        }
        let draw_at = if app.is_dirty() { now + limiter.wait(now.into_std()) } else { drawn + PROBE };
        let (deadline, tick) = (app.deadline(), app.next_change());
        let message = tokio::select! {
            biased;
            () = signals.recv() => Message::Signal,
            () = at(deadline) => return Ok(()),
            key = keys.recv() => Message::Terminal(key.ok_or_else(terminal_gone)??),
            () = sleep_until(draw_at) => {
                app.touch();
                continue;
            }
            () = at(tick) => Message::Tick,
            permit = commands.reserve(), if !outbox.is_empty() => {
                match (permit, outbox.pop_front()) {
                    (Ok(permit), Some(command)) => permit.send(command),
                    // The side has ended; its last events are still to come.
                    _ => outbox.clear(),
                }
                continue;
            }
            entry = next(&mut traced) => {
                let Some(entry) = entry else {
                    traced = None;
                    continue;
                };
                Message::Traced(entry)
            }
            _count = events.recv_many(&mut batch, BATCH), if side_runs => {
                side_runs = !batch.is_empty();
                for event in batch.drain(..) {
                    let _no_effect = app.update(Message::Side(event));
                }
                if side_runs {
                    continue;
                }
                Message::SideEnded
            }
        };
        match app.update(message) {
            Effect::None => {}
            Effect::Send(_) if outbox.len() >= OUTBOX => app.busy(),
            Effect::Send(command) => outbox.push_back(command),
            Effect::Leave(command) => {
                outbox.clear();
                outbox.push_back(command);
            }
            Effect::Clear => canvas.clear()?,
            Effect::Quit => {
                // What happened last is seen for a moment at least where the screen stays, and costs nothing elsewhere.
                return canvas.draw(|frame| app.view(frame));
            }
        }
    }
}

fn terminal_gone() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the terminal is gone")
}

/// Waits until then; for ever where there is no such time
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// The next of what libraries tell; none comes where nobody listens
async fn next(traced: &mut Option<TracingEvents>) -> Option<crate::terminal::Entry> {
    match traced {
        Some(traced) => traced.recv().await,
        None => std::future::pending().await,
    }
}
