//! Line mode: a command a line on standard input, an event a line on standard output
//!
//! The front end for scripts and pipes, and for whoever wants no full screen. It prints events and nothing else; help
//! goes to standard error. All ends are handed in, so tests drive it without a terminal. Nothing is written here: a
//! [`Sink`] does it on a thread of its own, so that a reader that does not read keeps nobody from leaving.

mod input;
mod sink;

use std::io::{self, Write};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

pub use self::input::{Input, MAX_LINE, lines};
pub use self::sink::{Sink, sink};
use super::{Line, Report, Severity};
use crate::clock::Clock;
use crate::side::{Parsed, Side};
use crate::signals::Signals;

/// How long the other side may take to end, and its events to be printed, when a signal asks for it
const LEAVE_DEADLINE: Duration = Duration::from_secs(4);

/// How long the last of what was printed may take to be written where nothing more is waited for
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Bytes of events that are written at once; an event more may be
const BATCH: usize = 16_384;

/// How events are printed
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As the full screen's log shows them; in colour where that is wanted
    Text {
        /// Whether severities are told by colour
        colour: bool,
    },
    /// A JSON object a line
    Json,
}

/// What line mode reads and writes
#[derive(Debug)]
pub struct Streams {
    /// The commands
    pub input: mpsc::Receiver<Input>,
    /// The events
    pub output: Sink,
    /// Help; that it cannot be written is nobody's loss
    pub help: Sink,
}

/// Runs until the other side has ended and all its events are written
///
/// After a signal it waits for both at most about four seconds.
///
/// # Errors
/// The output takes no more: its reader is gone, or a disk is full; or a signal came and nobody reads it.
pub async fn run<S: Side>(
    format: Format,
    clock: &Clock,
    streams: Streams,
    commands: mpsc::Sender<S::Command>,
    mut events: mpsc::Receiver<S::Event>,
    mut signals: Signals,
) -> io::Result<()> {
    let Streams { mut input, output: Sink { mut texts, mut ended }, help } = streams;
    // What is printed and waits for the thread that writes.
    let mut batch = Vec::new();
    // A command that waits for room; no further line is read before it has gone.
    let mut pending = None;
    let mut reading = true;
    let mut side_runs = true;
    let mut leave_by: Option<Instant> = None;
    let late = loop {
        if !side_runs && batch.is_empty() {
            texts.close();
        }
        let full = batch.len() >= BATCH;
        tokio::select! {
            biased;
            () = signals.recv(), if leave_by.is_none() => {
                leave_by = Some(Instant::now() + LEAVE_DEADLINE);
                reading = false;
                pending = Some(S::leave());
            }
            () = sleep_until(leave_by.unwrap_or_else(Instant::now)), if leave_by.is_some() => break true,
            result = &mut ended => {
                result.unwrap_or_else(|_| Err(writer_gone()))?;
                break false;
            }
            room = texts.room(), if !batch.is_empty() && (full || events.is_empty()) => {
                // Where there is nobody to write any more, `ended` tells why.
                if let Some(room) = room {
                    room.send(std::mem::take(&mut batch));
                }
            }
            event = events.recv(), if side_runs && !full => match event {
                Some(event) => print(format, clock, &mut batch, &event)?,
                None => side_runs = false,
            },
            permit = commands.reserve(), if pending.is_some() => match (permit, pending.take()) {
                (Ok(permit), Some(command)) => permit.send(command),
                // The other side has ended; its last events are still to come.
                _ => reading = false,
            },
            line = input.recv(), if reading && pending.is_none() => match line {
                Some(Input::Line(line)) => match S::parse(&line) {
                    Ok(Parsed::Command(command)) => pending = Some(command),
                    Ok(Parsed::Help) => {
                        // Where there is no room, nobody has read it the last times.
                        let _given = help.texts.try_give(format!("{}\n", S::help()).into_bytes());
                    }
                    Ok(Parsed::Nothing) => {}
                    Err(message) => pending = Some(S::refused(message)),
                },
                Some(Input::Unusable(message)) => pending = Some(S::refused(message)),
                None => {
                    reading = false;
                    pending = S::end_of_input();
                }
            },
        }
    };
    if late {
        // Where there is no room for the last of it, nobody reads.
        let given = batch.is_empty() || texts.try_give(batch);
        drop(texts);
        match timeout(LAST_WORDS, ended).await {
            Ok(result) if given => result.unwrap_or_else(|_| Err(writer_gone()))?,
            _ => return Err(io::Error::new(io::ErrorKind::TimedOut, "its reader does not read")),
        }
    }
    let Sink { texts, ended } = help;
    drop(texts);
    let _written_or_not = timeout(LAST_WORDS, ended).await;
    Ok(())
}

fn writer_gone() -> io::Error {
    io::Error::other("the thread that writes has ended")
}

fn print(format: Format, clock: &Clock, output: &mut impl Write, event: &impl Report) -> io::Result<()> {
    match format {
        Format::Json => match event.json() {
            Some(json) => writeln!(output, "{json}"),
            None => Ok(()),
        },
        Format::Text { colour } => match event.plain() {
            Some(line) => print_line(colour, clock, output, &line),
            None => Ok(()),
        },
    }
}

fn print_line(colour: bool, clock: &Clock, output: &mut impl Write, line: &Line) -> io::Result<()> {
    let time = clock.time_of_day(clock.now().as_micros());
    let (on, off) = match (colour, line.severity) {
        (false, _) | (true, Severity::Info | Severity::Success) => ("", ""),
        (true, Severity::Error) => ("\x1b[31m", "\x1b[0m"),
        (true, Severity::Warning) => ("\x1b[33m", "\x1b[0m"),
        (true, Severity::Hint) => ("\x1b[2m", "\x1b[0m"),
    };
    match &line.source {
        Some(source) => writeln!(output, "{time}  {source}  {on}{}{off}", line.text),
        None => writeln!(output, "{time}  {on}{}{off}", line.text),
    }
}

#[cfg(test)]
mod tests;
