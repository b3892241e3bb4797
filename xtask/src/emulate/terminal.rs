//! This terminal as the device's
//!
//! Every key goes to the device, Ctrl-C too; Ctrl-] is the way out. Where standard input is no terminal its bytes are
//! handed on as they are, from the device's first word on; their end is not its end.

use std::io::{IsTerminal as _, Read, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use anyhow::Context as _;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use super::greet;
use crate::say;

/// Ctrl-]
const WAY_OUT: u8 = 0x1D;

/// Keys unprocessed, until dropped
struct Raw;

impl Raw {
    fn enable() -> anyhow::Result<Self> {
        enable_raw_mode().context("cannot switch the terminal")?;
        Ok(Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        disable_raw_mode().ok();
    }
}

/// Speaks until the device ends (`true`) or Ctrl-] is pressed (`false`)
pub(super) fn connect(stdin: ChildStdin, mut stdout: ChildStdout) -> anyhow::Result<bool> {
    let interactive = std::io::stdin().is_terminal();
    if interactive {
        greet();
    }
    let raw = if interactive { Some(Raw::enable()?) } else { None };
    let (ended, end) = channel();
    let left = ended.clone();
    let (says, said) = channel();
    thread::spawn(move || {
        // What comes before the device has said a word may come before it listens. If it never does, Ctrl-] still leaves.
        if !interactive {
            said.recv().ok();
        }
        type_on(stdin, interactive, &left);
    });
    thread::spawn(move || {
        let mut buffer = [0; 1_024];
        let mut out = std::io::stdout();
        while let Ok(count @ 1..) = stdout.read(&mut buffer) {
            says.send(()).ok();
            out.write_all(&buffer[..count]).and_then(|()| out.flush()).ok();
        }
        ended.send(true).ok();
    });
    // Both threads send before they go.
    let ended = end.recv().unwrap_or(true);
    drop(raw);
    if !ended {
        // The cursor stands behind the device's prompt.
        say("");
    }
    Ok(ended)
}

fn type_on(mut stdin: ChildStdin, interactive: bool, left: &Sender<bool>) {
    let mut buffer = [0; 256];
    while let Ok(count @ 1..) = std::io::stdin().read(&mut buffer) {
        let keys = &buffer[..count];
        if interactive && keys.contains(&WAY_OUT) {
            left.send(false).ok();
            return;
        }
        if stdin.write_all(keys).and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
    // The end of a file of commands is not the end of the device: the pipe stays open until the device ends.
    if !interactive {
        let told = "(the input has ended, the device runs on; \"exit\" ends it, and a script (--script) waits for what it says)";
        writeln!(std::io::stderr(), "{told}").ok();
        loop {
            thread::park();
        }
    }
}
