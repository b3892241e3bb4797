//! A program in a pseudo-terminal, with the screen that it draws
//!
//! It types and waits for conditions, each with a deadline that says what it waited for. The program is killed when the
//! pane is dropped. It answers no question that a program may ask its terminal.

use std::io::{Read as _, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Screen;

use super::Size;
use crate::say;

/// Limit of each wait
const DEADLINE: Duration = Duration::from_secs(20);
/// A program that has drawn nothing for so long has drawn all
const QUIET: Duration = Duration::from_millis(300);

/// A program and its screen
pub(super) struct Pane {
    shown: String,
    child: Box<dyn Child + Send + Sync>,
    /// Kept open: closing it hangs the program up
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    terminal: vt100::Parser,
}

impl Pane {
    /// Starts a program with colours on and `home` for everything that it would read or keep
    pub(super) fn start(program: &Path, args: &[&str], size: Size, home: &Path) -> anyhow::Result<Self> {
        let name = program.file_stem().unwrap_or_default().to_string_lossy();
        let shown = format!("{name} {}", args.join(" "));
        say(format_args!("$ {shown}"));
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.cwd(home);
        for (name, value) in [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("LC_ALL", "C.UTF-8")] {
            command.env(name, value);
        }
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "APPDATA"] {
            command.env(name, home);
        }
        command.env_remove("NO_COLOR");
        let size_of = PtySize { rows: size.rows.get(), cols: size.columns.get(), pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size_of).context("cannot open a pseudo-terminal")?;
        let child = pair.slave.spawn_command(command).with_context(|| format!("cannot start {shown}"))?;
        // With our own end of the program's side closed, its exit ends the output.
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().context("cannot read the pseudo-terminal")?;
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer.get(..count).unwrap_or_default().to_vec()).is_err() {
                    break;
                }
            }
        });
        let keys = pair.master.take_writer().context("cannot write to the pseudo-terminal")?;
        let terminal = vt100::Parser::new(size.rows, size.columns, 0);
        Ok(Self { shown, child, _master: pair.master, keys, output, terminal })
    }

    /// What is on the screen now
    pub(super) fn screen(&self) -> &Screen {
        self.terminal.screen()
    }

    /// The text on the screen now
    pub(super) fn contents(&self) -> String {
        self.screen().contents()
    }

    /// Types without Enter
    pub(super) fn keys(&mut self, keys: &str) -> anyhow::Result<()> {
        let typed = self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush());
        typed.with_context(|| format!("cannot type into {}", self.shown))
    }

    /// Types a line
    pub(super) fn enter(&mut self, line: &str) -> anyhow::Result<()> {
        self.keys(line)?;
        self.keys("\r")
    }

    /// Waits until `text` is on the screen
    pub(super) fn wait_for_text(&mut self, text: &str) -> anyhow::Result<()> {
        self.wait_for(&format!("{text:?}"), |screen| screen.contains(text))
    }

    /// Waits until the text on the screen is as wanted; `what` names that in the error
    pub(super) fn wait_for(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> anyhow::Result<()> {
        let end = Instant::now() + DEADLINE;
        while !wanted(&self.contents()) {
            if let Ok(bytes) = self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                self.terminal.process(&bytes);
            } else {
                bail!("{} never showed {what}; its screen in the end:\n{}", self.shown, self.contents());
            }
        }
        Ok(())
    }

    /// Takes in what is still being drawn
    pub(super) fn settle(&mut self) {
        let end = Instant::now() + DEADLINE;
        while Instant::now() < end
            && let Ok(bytes) = self.output.recv_timeout(QUIET)
        {
            self.terminal.process(&bytes);
        }
    }
}

impl Drop for Pane {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, home: &Path) -> Pane {
        Pane::start(Path::new("sh"), &["-c", script], "40x5".parse().unwrap(), home).unwrap()
    }

    #[test]
    fn keys_reach_the_program_and_its_screen_comes_back() {
        let home = tempfile::tempdir().unwrap();
        let mut pane =
            shell("stty size; printf '\\033[31mname? '; read name; printf 'hello %s' \"$name\"", home.path());
        pane.wait_for_text("name?").unwrap();
        assert!(pane.contents().starts_with("5 40"), "{}", pane.contents());
        pane.enter("you").unwrap();
        pane.wait_for_text("hello you").unwrap();
        assert_eq!(pane.screen().cell(1, 0).unwrap().fgcolor(), vt100::Color::Idx(1));
    }

    #[test]
    fn program_that_ends_too_early_is_told_with_its_screen() {
        let home = tempfile::tempdir().unwrap();
        let mut pane = shell("echo no such luck", home.path());
        let error = pane.wait_for_text("success").unwrap_err().to_string();
        assert!(error.contains("never showed \"success\"") && error.contains("no such luck"), "{error}");
    }
}
