//! Runs the processes of every command
//!
//! Each one is printed before it runs, has a deadline, runs from the workspace root unless told otherwise, reads no
//! standard input, and is killed with all its children when the deadline passes, when its [`Running`] is dropped or when
//! xtask itself is interrupted; then it is asked to end first, so that it can end what it has put into other groups.
//!
//! It does not decide what a failure means: it says what happened to which command line.
//! A process that leaves its group (a daemon, a program in a pseudo-terminal) is not killed with it.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::{say, workspace};

mod tree;

#[cfg(test)]
mod tests;

/// Limit of a command that was given none
const DEADLINE: Duration = Duration::from_mins(20);
/// How long a pipe may stay open once the process that was started has ended
const LEFTOVERS: Duration = Duration::from_secs(5);
/// How often a process that says nothing is asked whether it has ended
const POLL: Duration = Duration::from_millis(10);
/// How many lines of captured output an error repeats
const TAIL_LINES: usize = 12;

/// A process to run
#[derive(Debug, Clone)]
pub(crate) struct Cmd {
    program: OsString,
    shown: String,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    dir: PathBuf,
    deadline: Duration,
    quiet: bool,
}

impl Cmd {
    /// A program found on `PATH` or by its path
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let program = program.as_ref().to_owned();
        let shown = program.to_string_lossy().into_owned();
        Self {
            program,
            shown,
            args: Vec::new(),
            env: Vec::new(),
            dir: workspace::root(),
            deadline: DEADLINE,
            quiet: false,
        }
    }

    /// The cargo that runs xtask, so that `cargo +TOOLCHAIN xtask` stays on its toolchain
    pub(crate) fn cargo() -> Self {
        let mut cmd = Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        "cargo".clone_into(&mut cmd.shown);
        cmd
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// The folder to run in, the workspace root if never called
    pub(crate) fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        dir.as_ref().clone_into(&mut self.dir);
        self
    }

    /// The limit after which the process and all its children are killed, 20 minutes if never called
    pub(crate) fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Does not print the command line: for questions that change nothing
    pub(crate) fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Runs it with its output where xtask's goes
    pub(crate) fn run(&self) -> Result<(), CmdError> {
        let mut running = self.spawn(Stdio::inherit(), Stdio::inherit())?;
        let status = running.wait()?;
        self.judge(status, "")
    }

    /// Runs it and returns what it wrote to standard output, less the blanks at the end
    ///
    /// An error repeats the last lines of both outputs.
    pub(crate) fn capture(&self) -> Result<String, CmdError> {
        let mut running = self.spawn(Stdio::piped(), Stdio::piped())?;
        let (mut stdout, mut stderr) = (String::new(), String::new());
        let status = running.drain(|stream, line| match stream {
            Stream::Stdout => stdout.push_str(line),
            Stream::Stderr => stderr.push_str(line),
        })?;
        self.judge(status, &format!("{stdout}{stderr}"))?;
        stdout.truncate(stdout.trim_end().len());
        Ok(stdout)
    }

    /// Runs it, hands each line of its standard output on at once, and shows `line` each one
    ///
    /// Standard error goes where xtask's goes.
    pub(crate) fn tee(&self, mut line: impl FnMut(&str)) -> Result<(), CmdError> {
        let mut running = self.spawn(Stdio::piped(), Stdio::inherit())?;
        let status = running.drain(|_, text| {
            say(text.trim_end_matches(['\r', '\n']));
            line(text);
        })?;
        self.judge(status, "")
    }

    /// Starts it with pipes from and to all its streams; dropping what is returned kills it
    pub(crate) fn converse(&self) -> Result<Conversation<'_>, CmdError> {
        let running = self.spawn_with(Stdio::piped(), Stdio::piped(), Stdio::piped())?;
        let guard = tree::Guard::new(running.child.id());
        Ok(Conversation { cmd: self, running, _guard: guard })
    }

    /// Starts it without standard input; dropping what is returned kills it
    fn spawn(&self, stdout: Stdio, stderr: Stdio) -> Result<Running, CmdError> {
        self.spawn_with(Stdio::null(), stdout, stderr)
    }

    fn spawn_with(&self, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> Result<Running, CmdError> {
        if !self.quiet {
            say(format_args!("$ {self}"));
        }
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.dir)
            .stdin(stdin)
            .stdout(stdout)
            .stderr(stderr);
        let started = Instant::now();
        let child = tree::spawn(&mut command).map_err(|error| self.error(Why::Start(error)))?;
        Ok(Running { child, ended: false, started, deadline: self.deadline, shown: self.to_string() })
    }

    fn judge(&self, status: ExitStatus, output: &str) -> Result<(), CmdError> {
        if status.success() {
            return Ok(());
        }
        let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
        let tail = lines.iter().skip(lines.len().saturating_sub(TAIL_LINES)).copied().collect::<Vec<_>>().join("\n");
        Err(self.error(Why::Exit { status, tail }))
    }

    fn error(&self, why: Why) -> CmdError {
        CmdError { command: self.to_string(), why }
    }
}

/// The command line, to be pasted into a shell at the workspace root
impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            write!(f, "{}={} ", name.display(), quoted(&value.to_string_lossy()))?;
        }
        f.write_str(&quoted(&self.shown))?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", quoted(&arg.to_string_lossy())))
    }
}

/// `text` as a shell takes it for one word
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%\\".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// What happened to a command line that did not succeed
#[derive(Debug)]
pub(crate) struct CmdError {
    command: String,
    why: Why,
}

#[derive(Debug)]
enum Why {
    /// It could not be started
    Start(std::io::Error),
    /// It could not be watched
    Wait(std::io::Error),
    /// It ended without success; `tail` is the end of its output where that was captured
    Exit { status: ExitStatus, tail: String },
    /// It was killed with all its children
    Deadline(Duration),
    /// It ended, and a process that it had started kept its output open and was killed
    Leftovers,
}

impl CmdError {
    /// Whether there is no such program
    pub(crate) fn is_missing(&self) -> bool {
        matches!(&self.why, Why::Start(error) if error.kind() == std::io::ErrorKind::NotFound)
    }

    /// Whether it was killed because its deadline passed
    #[cfg(test)]
    pub(crate) fn is_deadline(&self) -> bool {
        matches!(self.why, Why::Deadline(_))
    }
}

impl fmt::Display for CmdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, why } = self;
        match why {
            Why::Start(error) => write!(f, "could not start `{command}`: {error}"),
            Why::Wait(error) => write!(f, "could not wait for `{command}`: {error}"),
            Why::Exit { status, tail } if tail.is_empty() => {
                write!(f, "`{command}` ended with {status}")
            }
            Why::Exit { status, tail } => write!(f, "`{command}` ended with {status}:\n{tail}"),
            Why::Deadline(limit) => {
                write!(f, "`{command}` was killed: it had not ended after {:.1} s", limit.as_secs_f64())
            }
            Why::Leftovers => write!(f, "`{command}` ended but left a process that kept its output open: killed"),
        }
    }
}

impl std::error::Error for CmdError {}

/// A process that somebody speaks with
#[derive(Debug)]
pub(crate) struct Conversation<'c> {
    cmd: &'c Cmd,
    running: Running,
    // Dropped behind the process: until that is gone somebody has to watch over it.
    _guard: tree::Guard,
}

impl Conversation<'_> {
    /// Its standard input, output and error; once
    pub(crate) fn streams(&mut self) -> Option<(ChildStdin, ChildStdout, ChildStderr)> {
        let child = &mut self.running.child;
        Some((child.stdin.take()?, child.stdout.take()?, child.stderr.take()?))
    }

    /// Its number in the system
    pub(crate) fn id(&self) -> u32 {
        self.running.child.id()
    }

    /// How it ended, if it has
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>, CmdError> {
        self.running.poll()
    }

    /// Waits for the end, at most until the deadline
    pub(crate) fn wait(mut self) -> Result<(), CmdError> {
        let status = self.running.wait()?;
        self.cmd.judge(status, "")
    }
}

#[derive(Debug, Clone, Copy)]
enum Stream {
    Stdout,
    Stderr,
}

/// A process that was started and has not been waited for
#[derive(Debug)]
struct Running {
    child: Child,
    ended: bool,
    started: Instant,
    deadline: Duration,
    shown: String,
}

impl Running {
    /// Waits for the end, at most until the deadline
    fn wait(&mut self) -> Result<ExitStatus, CmdError> {
        loop {
            if let Some(status) = self.poll()? {
                return Ok(status);
            }
            thread::sleep(POLL.min(self.left()?));
        }
    }

    /// Hands on every line of the pipes until all are closed, then waits for the end, at most until the deadline
    fn drain(&mut self, mut line: impl FnMut(Stream, &str)) -> Result<ExitStatus, CmdError> {
        let lines = self.read_pipes();
        let mut end = None;
        loop {
            let wait = match end {
                None => POLL.min(self.left()?),
                Some((at, _)) => {
                    if let Some(left) = LEFTOVERS.checked_sub(Instant::now().duration_since(at)) {
                        left
                    } else {
                        // Its own number is taken as long as anybody is left in its group.
                        tree::kill(self.child.id());
                        return Err(self.error(Why::Leftovers));
                    }
                }
            };
            match lines.recv_timeout(wait) {
                Ok((stream, text)) => line(stream, &text),
                Err(RecvTimeoutError::Timeout) => {
                    if end.is_none() {
                        end = self.poll()?.map(|status| (Instant::now(), status));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => match end {
                    Some((_, status)) => return Ok(status),
                    None => return self.wait(),
                },
            }
        }
    }

    /// A thread for each pipe: nothing else reads two of them on every system
    fn read_pipes(&mut self) -> Receiver<(Stream, String)> {
        let (sender, lines) = channel();
        let stdout = self.child.stdout.take().map(|pipe| (Stream::Stdout, Box::new(pipe) as Box<dyn Read + Send>));
        let stderr = self.child.stderr.take().map(|pipe| (Stream::Stderr, Box::new(pipe) as Box<dyn Read + Send>));
        for (stream, pipe) in stdout.into_iter().chain(stderr) {
            let sender = sender.clone();
            thread::spawn(move || {
                let mut pipe = BufReader::new(pipe);
                let mut bytes = Vec::new();
                while matches!(pipe.read_until(b'\n', &mut bytes), Ok(1..)) {
                    if sender.send((stream, String::from_utf8_lossy(&bytes).into_owned())).is_err() {
                        break;
                    }
                    bytes.clear();
                }
            });
        }
        lines
    }

    /// The time left until the deadline; past it, an error once everything is killed
    fn left(&mut self) -> Result<Duration, CmdError> {
        match self.deadline.checked_sub(self.started.elapsed()) {
            Some(left) if !left.is_zero() => Ok(left),
            _ => {
                self.kill();
                Err(self.error(Why::Deadline(self.deadline)))
            }
        }
    }

    /// The status if it has ended
    ///
    /// Asking instead of waiting in a thread keeps the process id ours until we have killed: nobody else can reap it.
    fn poll(&mut self) -> Result<Option<ExitStatus>, CmdError> {
        let status = self.child.try_wait().map_err(|error| self.error(Why::Wait(error)))?;
        if status.is_some() {
            self.ended = true;
            tree::unwatch(self.child.id());
        }
        Ok(status)
    }

    fn kill(&mut self) {
        if self.ended {
            return;
        }
        tree::kill(self.child.id());
        // Where the group could not be killed the process itself still can; it may have ended by itself meanwhile.
        self.child.kill().ok();
        self.child.wait().ok();
        self.ended = true;
        tree::unwatch(self.child.id());
    }

    fn error(&self, why: Why) -> CmdError {
        CmdError { command: self.shown.clone(), why }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
