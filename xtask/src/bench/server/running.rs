//! A server that was started, until it is dropped
//!
//! It knows the address that was announced and, where the server ends by itself, why. What the server prints besides is
//! read and thrown away, so that it never waits for a reader.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::process::ChildStdin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cmd::{Cmd, Conversation};

/// Limit of starting: Node reads some megabytes of tables first
const START: Duration = Duration::from_mins(1);
/// How long a server that has closed its output may take to end
const END: Duration = Duration::from_secs(2);
/// How often that is looked at
const LOOK: Duration = Duration::from_millis(10);

/// A server
pub(super) struct Running<'c> {
    conversation: Conversation<'c>,
    pub(super) address: SocketAddr,
    /// The last line of its standard error
    complaint: Arc<Mutex<String>>,
    /// Closed when its standard error has been read to the end
    complained: Receiver<()>,
    /// Its end would end the server
    _stdin: ChildStdin,
}

impl<'c> Running<'c> {
    /// Starts it and waits for its address
    ///
    /// # Errors
    /// It could not be started or announced nothing; the text is the reason, in one line.
    pub(super) fn start(cmd: &'c Cmd) -> Result<Self, String> {
        let mut conversation = cmd.converse().map_err(|error| error.to_string())?;
        let (stdin, stdout, stderr) = conversation.streams().ok_or("it has no pipes")?;
        let complaint = Arc::new(Mutex::new(String::new()));
        let last = Arc::clone(&complaint);
        let (complaining, complained) = channel();
        thread::spawn(move || {
            let _until_its_end = complaining;
            for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                *last.lock().unwrap_or_else(PoisonError::into_inner) = String::from_utf8_lossy(&line).into_owned();
            }
        });
        let (sender, lines) = channel();
        thread::spawn(move || read(stdout, &sender));
        let announced = lines.recv_timeout(START).ok().and_then(|line| address(&line));
        let mut server = Self { conversation, address: ([0; 4], 0).into(), complaint, complained, _stdin: stdin };
        match announced {
            Some(address) => {
                server.address = address;
                Ok(server)
            }
            None => Err(server.end().unwrap_or_else(|| "it announced no address".to_owned())),
        }
    }

    /// The number of its process
    pub(super) fn id(&self) -> u32 {
        self.conversation.id()
    }

    /// How it ended, if it did or is about to
    pub(super) fn end(&mut self) -> Option<String> {
        let from = Instant::now();
        loop {
            if let Ok(Some(status)) = self.conversation.ended() {
                // What it said last may not have been read yet. A process of its own may keep the stream open.
                let _closed = self.complained.recv_timeout(END);
                let complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
                let last = if complaint.is_empty() { String::new() } else { format!(": {}", complaint.trim()) };
                return Some(format!("the server ended with {status}{last}"));
            }
            if from.elapsed() > END {
                return None;
            }
            thread::sleep(LOOK);
        }
    }
}

/// Sends the first line, reads the others
fn read(stdout: impl Read, first: &Sender<String>) {
    let mut stdout = BufReader::new(stdout);
    let mut line = String::new();
    if stdout.read_line(&mut line).is_ok() {
        // Whoever waited may have given up.
        first.send(line).ok();
    }
    std::io::copy(&mut stdout, &mut std::io::sink()).ok();
}

/// The address in an announcement: `{"port":N}`, or an event of `slp` with an address
fn address(line: &str) -> Option<SocketAddr> {
    let announced: Value = serde_json::from_str(line).ok()?;
    match (announced["address"].as_str(), announced["port"].as_u64()) {
        (Some(address), _) => address.parse().ok(),
        (None, port) => Some(([127, 0, 0, 1], u16::try_from(port?).ok()?).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_announcements_are_understood() {
        let expected = Some("127.0.0.1:4711".parse().unwrap());
        assert_eq!(address("{\"port\":4711}\n"), expected);
        assert_eq!(address(r#"{"event":"listening","address":"127.0.0.1:4711"}"#), expected);
        assert_eq!(address(r#"{"port":65536}"#), None);
        assert_eq!(address(""), None);
    }

    #[test]
    fn server_that_ends_at_once_says_why() {
        let cmd = Cmd::cargo().quiet().arg("--no-such-option");
        let reason = Running::start(&cmd).err().unwrap();
        assert!(reason.starts_with("the server ended with exit status: 1: "), "{reason}");
        let cmd = Cmd::new("no-such-program-anywhere").quiet();
        assert!(Running::start(&cmd).err().unwrap().starts_with("could not start"));
    }
}
