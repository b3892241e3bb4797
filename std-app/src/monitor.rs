//! The monitor: shows what a device reports on its second serial port
//!
//! A `source` is read on a thread of its own, `stream` makes events of the bytes, and here they are printed, a line
//! an event. What the bytes mean is [`proto_core::telemetry`]'s. It only listens: nothing is ever sent to the device.

mod event;
mod report;
mod source;
mod stream;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::path::PathBuf;

pub use self::event::{Event, Uptime};
use self::stream::Stream;
use crate::cli::MonitorArgs;
use crate::clock::Clock;
use crate::report::Report;
use crate::report::plain::{Format, colours};
use crate::signals::Signals;

/// Where the bytes come from
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Standard input, to its end
    Stdin,
    /// A file, a named pipe or a serial port
    Path {
        /// Its path; a port may have a name instead, such as `COM3`
        path: PathBuf,
        /// Baud rate of a serial port
        baud: u32,
        /// Whether to wait for more at the end of a file
        follow: bool,
        /// Whether to wait for a serial port that is not there
        reconnect: bool,
    },
}

impl Source {
    /// What a command line names
    ///
    /// # Errors
    /// One line, where an option has no sense for standard input.
    pub fn of(args: &MonitorArgs) -> Result<Self, String> {
        let MonitorArgs { source, baud, follow, reconnect, json: _ } = args.clone();
        match (args.reads_stdin(), follow, reconnect) {
            (true, true, _) => Err("--follow: standard input is read to its end, which is final".to_owned()),
            (true, _, true) => Err("--reconnect: standard input is no serial port".to_owned()),
            (true, false, false) => Ok(Self::Stdin),
            (false, ..) => Ok(Self::Path { path: source, baud, follow, reconnect }),
        }
    }
}

/// How the monitor ended
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The source was read to its end, or a signal came
    Done,
    /// The source cannot be opened, or is gone; why, in one line
    Failed(String),
    /// The source is none that can be read in the way asked for; why, in one line
    Misused(String),
}

/// Prints the events of `source` until it ends or a signal comes
///
/// # Errors
/// The output takes no more: its reader is gone, or a disk is full.
pub async fn run(
    source: Source,
    format: Format,
    clock: &Clock,
    output: &mut impl Write,
    mut signals: Signals,
) -> io::Result<Outcome> {
    let mut inputs = match source::start(source, clock.clone()) {
        Ok(inputs) => inputs,
        Err(error) => return Ok(Outcome::Failed(format!("cannot start a thread: {error}"))),
    };
    let mut stream = Stream::default();
    let mut printer = Printer { format, clock, output };
    loop {
        if inputs.is_empty() {
            printer.output.flush()?;
        }
        let input = tokio::select! {
            biased;
            () = signals.recv() => {
                printer.output.flush()?;
                return Ok(Outcome::Done);
            }
            input = inputs.recv() => input,
        };
        // A thread that ends without a word has panicked, and has said so.
        let Some(input) = input else { return Ok(Outcome::Failed("internal error, told above".to_owned())) };
        let received_us = input.received_us;
        let mut print = |event: Event| printer.print(&event, received_us);
        match input.what {
            source::What::Bytes(bytes) => stream.handle_input(&bytes, received_us.is_some(), &mut print)?,
            source::What::Opened { port, baud } => print(Event::Opened { port, baud })?,
            source::What::Waiting { port, reason } => {
                stream.handle_eof(&mut print)?;
                print(Event::Waiting { port, reason })?;
            }
            source::What::Anew => {
                stream.handle_eof(&mut print)?;
                stream = Stream::default();
            }
            source::What::End(outcome) => {
                stream.handle_eof(&mut print)?;
                printer.output.flush()?;
                return Ok(outcome);
            }
        }
    }
}

/// Writes events, a line each
struct Printer<'p, W> {
    format: Format,
    clock: &'p Clock,
    output: &'p mut W,
}

impl<W: Write> Printer<'_, W> {
    fn print(&mut self, event: &Event, received_us: Option<u64>) -> io::Result<()> {
        match self.format {
            Format::Json => match event.json() {
                Some(mut json) => {
                    json["received_us"] = received_us.into();
                    writeln!(self.output, "{json}")
                }
                None => Ok(()),
            },
            Format::Text { colour } => match event.line() {
                Some(line) => {
                    if let Some(micros) = received_us {
                        write!(self.output, "{}  ", self.clock.time_of_day(micros))?;
                    }
                    let (on, off) = colours(colour, line.severity);
                    match event.uptime() {
                        Some(uptime) => write!(self.output, "{uptime}  ")?,
                        None => write!(self.output, "{}  ", Uptime::UNKNOWN)?,
                    }
                    writeln!(self.output, "{on}{}{off}", line.text)
                }
                None => Ok(()),
            },
        }
    }
}
