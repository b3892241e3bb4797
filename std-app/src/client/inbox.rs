//! Commands, and those of them that wait for a connection
//!
//! Commands that come before the first connection wait for it; between two connections they are refused. It carries
//! none out.

use std::collections::VecDeque;
use std::future::Future;
use std::ops::ControlFlow;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::{Command, Event};
use crate::events::Events;

/// Commands that may wait here; further ones wait in the channel
const WAITING: usize = 64;

/// How long the input may be behind a server that closes at once
const MOMENT: Duration = Duration::from_millis(250);

/// What the front end asks for, in its order
pub(super) struct Inbox {
    commands: mpsc::Receiver<Command>,
    /// Came before there was a connection
    pub(super) waiting: VecDeque<Command>,
    /// The input has ended: nothing will follow what waits
    pub(super) finishing: bool,
}

impl Inbox {
    pub(super) const fn new(commands: mpsc::Receiver<Command>) -> Self {
        Self { commands, waiting: VecDeque::new(), finishing: false }
    }

    /// The next command; where the front end is gone, that is to end
    pub(super) async fn next(&mut self) -> Command {
        if let Some(command) = self.waiting.pop_front() {
            return command;
        }
        self.commands.recv().await.unwrap_or(Command::Exit)
    }

    /// Whether a question waits that the server did not live to hear
    ///
    /// The input may be a little behind a server that closes at once, so it is given a moment.
    pub(super) async fn holds_a_question(&mut self) -> bool {
        let until = Instant::now() + MOMENT;
        loop {
            let waiting = self.waiting.pop_front();
            let command = match waiting {
                Some(command) => Some(command),
                None if self.finishing => None,
                None => timeout_at(until, self.commands.recv()).await.ok().flatten(),
            };
            match command {
                Some(Command::Ping(_)) => return true,
                Some(Command::Stop | Command::Refused(_)) => {}
                None | Some(Command::Exit | Command::Finish) => return false,
            }
        }
    }

    /// The client ends before a connection: says what becomes of each line that waited for it
    pub(super) async fn leave_out(&mut self, events: &Events<Event>) {
        for command in self.waiting.drain(..) {
            let message = match command {
                Command::Refused(message) => message,
                _ => "left out: there is no connection yet".to_owned(),
            };
            events.send(Event::Error { message }).await;
        }
    }

    /// Takes what comes while `connecting` goes on; `None` where the client is to end
    pub(super) async fn while_connecting<T>(&mut self, connecting: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(connecting);
        loop {
            tokio::select! {
                connected = &mut connecting => return Some(connected),
                command = self.commands.recv(), if self.waiting.len() < WAITING => match command {
                    None | Some(Command::Exit) => return None,
                    Some(Command::Finish) => self.finishing = true,
                    Some(command) => self.waiting.push_back(command),
                },
            }
        }
    }

    /// Takes what comes in the `pause` before the next attempt; broken off where the client is to end
    pub(super) async fn while_paused(
        &mut self,
        pause: Duration,
        connected_once: bool,
        events: &Events<Event>,
    ) -> ControlFlow<()> {
        let until = Instant::now() + pause;
        while let Ok(command) = timeout_at(until, self.commands.recv()).await {
            match command {
                None | Some(Command::Exit) => return ControlFlow::Break(()),
                Some(Command::Finish) => {
                    self.finishing = true;
                    // Nothing waits for the connection, and nothing more will come.
                    if self.waiting.is_empty() {
                        return ControlFlow::Break(());
                    }
                }
                Some(Command::Refused(message)) => events.send(Event::Error { message }).await,
                Some(command) if !connected_once && self.waiting.len() < WAITING => self.waiting.push_back(command),
                Some(_) => {
                    let left = until.saturating_duration_since(Instant::now()).as_secs_f64();
                    let message = format!("not connected; the next attempt is in {left:.1} s");
                    events.send(Event::Error { message }).await;
                }
            }
        }
        ControlFlow::Continue(())
    }
}
