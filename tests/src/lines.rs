//! What a process writes, line by line, read on a thread so that a wait for it can have a deadline

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;

/// Lines of an output; those that no wait has taken yet are kept in their order
#[derive(Debug)]
pub struct Lines {
    receiver: Receiver<Vec<u8>>,
    untaken: VecDeque<String>,
    ended: bool,
}

/// What came of waiting for a line
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The output ended
    Ended,
    /// The deadline passed
    TimedOut,
}

impl Lines {
    /// Reads `source` to its end
    pub fn of(source: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = channel();
        let mut source = BufReader::new(source);
        thread::spawn(move || {
            loop {
                let mut line = Vec::new();
                match source.read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => break,
                    Ok(_) if sender.send(line).is_err() => break,
                    Ok(_) => {}
                }
            }
        });
        Self { receiver, untaken: VecDeque::new(), ended: false }
    }

    /// The first line not taken yet for which `wanted` holds; the others stay
    ///
    /// # Errors
    /// None came before `until`, or the output ended.
    pub fn find(&mut self, until: Instant, mut wanted: impl FnMut(&str) -> bool) -> Result<String, Failure> {
        let mut looked_at = 0;
        loop {
            while let Some(line) = self.untaken.get(looked_at) {
                if wanted(line) {
                    return Ok(self.untaken.remove(looked_at).expect("it is there"));
                }
                looked_at += 1;
            }
            self.read(until)?;
        }
    }

    /// Reads to the end of the output and takes all that is left
    ///
    /// # Errors
    /// It did not end before `until`.
    pub fn rest(&mut self, until: Instant) -> Result<Vec<String>, Failure> {
        while !self.ended {
            if self.read(until) == Err(Failure::TimedOut) {
                return Err(Failure::TimedOut);
            }
        }
        Ok(self.untaken.drain(..).collect())
    }

    /// What is not taken yet, for a message
    #[must_use]
    pub fn untaken(&mut self) -> Vec<String> {
        let now = Instant::now();
        while self.read(now).is_ok() {}
        self.untaken.iter().cloned().collect()
    }

    fn read(&mut self, until: Instant) -> Result<(), Failure> {
        if self.ended {
            return Err(Failure::Ended);
        }
        match self.receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                let line = String::from_utf8(line).expect("the program writes UTF-8");
                self.untaken.push_back(line.strip_suffix('\n').unwrap_or(&line).to_owned());
                Ok(())
            }
            Err(RecvTimeoutError::Timeout) => Err(Failure::TimedOut),
            Err(RecvTimeoutError::Disconnected) => {
                self.ended = true;
                Err(Failure::Ended)
            }
        }
    }
}
