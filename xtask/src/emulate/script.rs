//! A conversation with the device's console, written down
//!
//! ```text
//! # a comment
//! < connected to     waits until the console shows that text, behind what was waited for before
//! > ping 42          types that line
//! ^ right            presses a key of the board: up, down, left, right, ctrl (select)
//! = screen.png       writes a picture of the screen
//! ```

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::absolute;
use super::qmp::Qmp;

/// Return to the start of the line and erase it
const ERASE: &str = "\r\x1b[K";

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Type(String),
    Wait(String),
    Key(String),
    Picture(PathBuf),
    Memory(u32, u32, PathBuf),
}

/// What to type and what to wait for
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Script(Vec<Step>);

impl Script {
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        // Some editors begin a file of UTF-8 with a mark.
        Self::parse(text.trim_start_matches('\u{FEFF}')).with_context(|| format!("{}", file.display()))
    }

    /// One exchange and a picture of it
    pub(crate) fn picture(file: PathBuf) -> Self {
        let steps = [
            Step::Wait("connected to".to_owned()),
            Step::Type("ping".to_owned()),
            Step::Wait("pong ".to_owned()),
            Step::Picture(file),
            Step::Type("exit".to_owned()),
        ];
        Self(steps.into())
    }

    /// Goes on: writes memory of the device to a file, and ends
    pub(crate) fn then_memory(mut self, start: u32, size: u32, file: PathBuf) -> Self {
        self.0.extend([Step::Memory(start, size, file), Step::Type("exit".to_owned())]);
        self
    }

    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut steps = Vec::new();
        for (row, line) in text.lines().enumerate() {
            let mut rest = line.trim().chars();
            let first = rest.next();
            let rest = rest.as_str().trim();
            match first {
                None | Some('#') => {}
                Some('>') => steps.push(Step::Type(rest.to_owned())),
                Some('<') => steps.push(Step::Wait(rest.to_owned())),
                Some('^') => steps.push(Step::Key(rest.to_owned())),
                Some('=') => steps.push(Step::Picture(absolute(Path::new(rest))?)),
                Some(_) => {
                    bail!(
                        "line {}: one of \"> TEXT\", \"< TEXT\", \"^ KEY\", \"= FILE\", \"# comment\" expected",
                        row + 1
                    )
                }
            }
        }
        Ok(Self(steps))
    }

    /// Plays it and shows the console; then waits for the console's end
    pub(crate) fn play(
        self,
        mut stdin: ChildStdin,
        stdout: ChildStdout,
        deadline: Duration,
        qmp: &mut Qmp,
    ) -> anyhow::Result<bool> {
        let console = read(stdout);
        let until = Instant::now() + deadline;
        let mut seen = String::new();
        // What is typed before the device has said a word may be typed before it listens.
        if let Ok(first) = show(&console, until) {
            seen.push_str(&first);
        }
        for step in self.0 {
            match step {
                Step::Type(line) => write!(stdin, "{line}\r").and_then(|()| stdin.flush()).context("typing")?,
                Step::Key(name) => qmp.key(&name)?,
                Step::Picture(file) => qmp.picture(&file)?,
                Step::Memory(start, size, file) => qmp.memory(start, size, &file)?,
                Step::Wait(text) => loop {
                    if let Some(place) = seen.find(&text) {
                        seen.drain(..place + text.len());
                        break;
                    }
                    match show(&console, until) {
                        Ok(more) => seen.push_str(&more),
                        Err(RecvTimeoutError::Timeout) => {
                            let last = seen.lines().next_back().unwrap_or("nothing");
                            bail!("waited {} s for {text:?}; the console's last line: {last}", deadline.as_secs())
                        }
                        Err(RecvTimeoutError::Disconnected) => bail!("the device ended; {text:?} was still to come"),
                    }
                },
            }
        }
        loop {
            match show(&console, until) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(true),
                Err(RecvTimeoutError::Timeout) => {
                    bail!("the script is through, but the device has not ended after {} s", deadline.as_secs())
                }
            }
        }
    }
}

/// Waits for more of the console and shows it
fn show(console: &Receiver<String>, until: Instant) -> Result<String, RecvTimeoutError> {
    let more = console.recv_timeout(until.saturating_duration_since(Instant::now()))?;
    let mut out = std::io::stdout().lock();
    // A reader that went away is no reason to stop.
    out.write_all(more.as_bytes()).and_then(|()| out.flush()).ok();
    Ok(more)
}

/// What the console says, line by line as a terminal leaves them
///
/// A line that is erased before its end, as the prompt is when something is told, was never one.
fn read(mut stdout: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut buffer = [0; 1_024];
        let mut rest = Vec::new();
        loop {
            let count = stdout.read(&mut buffer).unwrap_or_default();
            rest.extend_from_slice(&buffer[..count]);
            let whole = rest.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
            let bytes: Vec<u8> = rest.drain(..if count == 0 { rest.len() } else { whole }).collect();
            if sender.send(left(&String::from_utf8_lossy(&bytes))).is_err() || count == 0 {
                break;
            }
        }
    });
    receiver
}

/// What a terminal leaves of some lines
fn left(text: &str) -> String {
    let line = |line: &str| line.rsplit(ERASE).next().unwrap_or_default().replace('\r', "");
    text.split_inclusive('\n').map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_steps_and_others_are_refused() {
        let script = Script::parse("# one\n\n< connected\n> ping 42 \n>\n").unwrap();
        assert_eq!(script.0, [Step::Wait("connected".into()), Step::Type("ping 42".into()), Step::Type(String::new())]);
        for wrong in ["ping", "\u{e9} hello", "\u{FEFF}> ping", "\u{A0}x"] {
            let error = Script::parse(&format!("< a\n{wrong}")).unwrap_err().to_string();
            assert!(error.starts_with("line 2: "), "{wrong:?}: {error}");
        }
    }

    #[test]
    fn erased_prompts_are_not_shown() {
        assert_eq!(left("> \r\x1b[Kconnected\r\n\r\x1b[K> ping 1\r\npong\r\n"), "connected\n> ping 1\npong\n");
        assert_eq!(left("> \r\x1b[K> "), "> ");
    }
}
