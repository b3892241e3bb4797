//! Events of the terminal, as a channel
//!
//! Read on a thread of their own. crossterm's own stream reads in the loop of whoever polls it, and where the terminal
//! is gone that read never comes back: the loop would then hear no signal either. The thread ends with the program.

use std::io;
use std::thread;

use crossterm::event::{self, Event};
use tokio::sync::mpsc;

/// Events that may wait; then the reading waits too
const WAITING: usize = 256;

/// Starts to read
///
/// # Errors
/// There is no thread to be had.
pub(super) fn events() -> io::Result<mpsc::Receiver<io::Result<Event>>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let read = move || {
        loop {
            let event = event::read();
            let failed = event.is_err();
            if sender.blocking_send(event).is_err() || failed {
                break;
            }
        }
    };
    thread::Builder::new().name("keyboard".to_owned()).spawn(read)?;
    Ok(receiver)
}
