//! Line mode: a command a line on standard input, an event a line on standard output
//!
//! The front end for scripts and pipes, and for whoever wants no full screen. It prints events and nothing else; help
//! goes to standard error. Both ends are handed in, so tests drive it without a terminal.

mod input;

use std::io::{self, Write};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

pub use self::input::{Input, MAX_LINE, lines};
use super::{Line, Report, Severity};
use crate::clock::Clock;
use crate::side::{Parsed, Side};
use crate::signals::Signals;

/// How long the other side may take to end when a signal asks for it
const LEAVE_DEADLINE: Duration = Duration::from_secs(4);

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

/// Runs until the other side has ended and all its events are printed
///
/// # Errors
/// Standard output takes no more: its reader is gone, or a disk is full.
pub async fn run<S: Side>(
    format: Format,
    clock: &Clock,
    output: &mut impl Write,
    mut input: mpsc::Receiver<Input>,
    commands: mpsc::Sender<S::Command>,
    mut events: mpsc::Receiver<S::Event>,
    mut signals: Signals,
) -> io::Result<()> {
    // A command that waits for room; no further line is read before it has gone.
    let mut pending = None;
    let mut reading = true;
    let mut leave_by: Option<Instant> = None;
    loop {
        if events.is_empty() {
            output.flush()?;
        }
        tokio::select! {
            biased;
            () = signals.recv(), if leave_by.is_none() => {
                leave_by = Some(Instant::now() + LEAVE_DEADLINE);
                reading = false;
                pending = Some(S::leave());
            }
            () = sleep_until(leave_by.unwrap_or_else(Instant::now)), if leave_by.is_some() => return output.flush(),
            event = events.recv() => match event {
                Some(event) => print(format, clock, output, &event)?,
                None => return output.flush(),
            },
            permit = commands.reserve(), if pending.is_some() => match (permit, pending.take()) {
                (Ok(permit), Some(command)) => permit.send(command),
                // The other side has ended; its last events are still to come.
                _ => reading = false,
            },
            line = input.recv(), if reading && pending.is_none() => match line {
                Some(Input::Line(line)) => match S::parse(&line) {
                    Ok(Parsed::Command(command)) => pending = Some(command),
                    Ok(Parsed::Help) => eprintln!("{}", S::help()),
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
    }
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

/// What turns the colour of a severity on and off again, where there is to be `colour`
pub(crate) const fn colours(colour: bool, severity: Severity) -> (&'static str, &'static str) {
    match (colour, severity) {
        (false, _) | (true, Severity::Info | Severity::Success) => ("", ""),
        (true, Severity::Error) => ("\x1b[31m", "\x1b[0m"),
        (true, Severity::Warning) => ("\x1b[33m", "\x1b[0m"),
        (true, Severity::Hint) => ("\x1b[2m", "\x1b[0m"),
    }
}

fn print_line(colour: bool, clock: &Clock, output: &mut impl Write, line: &Line) -> io::Result<()> {
    let time = clock.time_of_day(clock.now().as_micros());
    let (on, off) = colours(colour, line.severity);
    match &line.source {
        Some(source) => writeln!(output, "{time}  {source}  {on}{}{off}", line.text),
        None => writeln!(output, "{time}  {on}{}{off}", line.text),
    }
}
