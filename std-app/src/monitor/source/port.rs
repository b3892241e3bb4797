//! Serial ports: raw, eight bits, no parity, one stop bit, no flow control
//!
//! Nothing is written to them. Other programs are not kept off the port, which systems differ in.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serial2::SerialPort;

use super::{PIECE, Sink, What, shown};
use crate::monitor::Outcome;

/// First pause before a port is tried again
const FIRST_PAUSE: Duration = Duration::from_millis(125);
/// Longest pause before a port is tried again
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// Ports that a message names at most
const NAMED: usize = 8;

/// Whether this is the name of a serial port: `COM3`, or `\\.\COM12`
#[cfg(not(unix))]
pub(super) fn is_one(path: &Path) -> bool {
    name(path).to_str().is_some_and(|name| {
        let (com, number) = name.split_at_checked(3).unwrap_or_default();
        com.eq_ignore_ascii_case("COM") && !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
    })
}

/// The port without the prefix of the namespace of devices, which is put before it when it is opened
fn name(path: &Path) -> &Path {
    if cfg!(windows) { path.to_str().and_then(|path| path.strip_prefix(r"\\.\")).map_or(path, Path::new) } else { path }
}

/// The path is that of something else
pub(super) struct NotAPort;

/// Reads a port until it is gone, or for ever where it is to be waited for
///
/// # Errors
/// [`NotAPort`] before anything is read.
pub(super) fn read(path: &Path, baud: u32, reconnect: bool, sink: &Sink) -> Result<Outcome, NotAPort> {
    let mut pause = FIRST_PAUSE;
    let mut told = None;
    loop {
        let reason = match open(path, baud) {
            Err(error) if is_not_a_terminal(&error) => return Err(NotAPort),
            Err(error) => cannot_open(path, &error),
            Ok(port) => {
                told = None;
                if sink.send(What::Opened { port: shown(path), baud }).is_break() {
                    return Ok(Outcome::Done);
                }
                match copy(&port, &mut pause, sink) {
                    Some(reason) => format!("{} is gone: {reason}", shown(path)),
                    None => return Ok(Outcome::Done),
                }
            }
        };
        if !reconnect {
            return Ok(Outcome::Failed(reason));
        }
        // The same reason again is no news.
        if told.as_ref() != Some(&reason) {
            let waiting = What::Waiting { port: shown(path), reason: reason.clone() };
            if sink.send(waiting).is_break() {
                return Ok(Outcome::Done);
            }
            told = Some(reason);
        }
        thread::sleep(pause);
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        if sink.is_closed() {
            return Ok(Outcome::Done);
        }
    }
}

/// What a device says that is none of the serial ports
fn is_not_a_terminal(error: &io::Error) -> bool {
    /// On every Unix there is
    const ENOTTY: i32 = 25;

    cfg!(unix) && error.raw_os_error() == Some(ENOTTY)
}

fn open(path: &Path, baud: u32) -> io::Result<SerialPort> {
    let port = SerialPort::open(name(path), baud)?;
    // Devices on USB send nothing before it is set. Some systems do it when opening; a port without the line refuses.
    let _without = port.set_dtr(true);
    Ok(port)
}

/// Reads until the port is gone, and tells why; nothing where nobody listens any more
fn copy(port: &SerialPort, pause: &mut Duration, sink: &Sink) -> Option<String> {
    let mut piece = [0; PIECE];
    loop {
        match port.read(&mut piece) {
            Ok(0) => return Some("it was unplugged or switched off".to_owned()),
            Ok(read) => {
                // It works again; one that opens and fails at once is left alone for longer and longer.
                *pause = FIRST_PAUSE;
                if let ControlFlow::Break(()) = sink.send(What::Bytes(piece[..read].to_vec())) {
                    return None;
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => {
                if sink.is_closed() {
                    return None;
                }
            }
            Err(error) => return Some(error.to_string()),
        }
    }
}

/// One line: what cannot be opened, why, and what to do
pub(super) fn cannot_open(path: &Path, error: &io::Error) -> String {
    let advice = match error.kind() {
        io::ErrorKind::NotFound => there_are(),
        io::ErrorKind::PermissionDenied if cfg!(unix) => {
            "; serial ports need a group, often dialout or uucp".to_owned()
        }
        io::ErrorKind::PermissionDenied => "; does another program use it?".to_owned(),
        _ => String::new(),
    };
    format!("cannot open {}: {error}{advice}", shown(path))
}

/// Which serial ports there are, to choose from
fn there_are() -> String {
    let mut ports = SerialPort::available_ports().unwrap_or_default();
    ports.sort();
    let names: Vec<_> = ports.iter().take(NAMED).map(|port| shown(port)).collect();
    if names.is_empty() { String::new() } else { format!("; serial ports here: {}", names.join(", ")) }
}
