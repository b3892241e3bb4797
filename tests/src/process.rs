//! Processes with deadlines: the program `slp`, and the tools that others wrote

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use crate::lines::{Failure, Lines};
use crate::{DEADLINE, Home};

/// Where the program is: `SLP_BIN`, or beside the folder of the test's own executable
#[must_use]
pub fn program() -> PathBuf {
    let (path, from) = if let Some(path) = env::var_os("SLP_BIN") {
        (PathBuf::from(path), "SLP_BIN names")
    } else {
        let test = env::current_exe().expect("the path of the test");
        // target/debug/deps/TEST
        let folder = test.ancestors().nth(2).expect("a test is in a folder of a folder");
        (folder.join("slp").with_extension(env::consts::EXE_EXTENSION), "the tests look for")
    };
    assert!(
        path.is_file(),
        "{from} {}, and there is no such file; build it with `cargo build --package std-app --bin slp`, or run \
         `cargo xtask test e2e`, which does",
        path.display()
    );
    path
}

/// A command line of `slp`, or of another program, not run yet
#[derive(Clone, Debug)]
pub struct Slp {
    program: PathBuf,
    args: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    home: Home,
}

impl Slp {
    /// `slp` with `args`
    pub fn new<A: Into<OsString>>(args: impl IntoIterator<Item = A>) -> Self {
        Self::of(program(), args)
    }

    /// Another program
    pub fn of<A: Into<OsString>>(program: impl Into<PathBuf>, args: impl IntoIterator<Item = A>) -> Self {
        let args = args.into_iter().map(Into::into).collect();
        Self { program: program.into(), args, environment: Vec::new(), home: Home::new() }
    }

    /// Further arguments
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// `--config` with a file of this content
    #[must_use]
    pub fn config(self, toml: &str) -> Self {
        let file = self.home.file("slp.toml", toml);
        self.args([OsString::from("--config"), file.into()])
    }

    /// A variable of the environment
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Lives in `home`, where others may have lived before
    #[must_use]
    pub fn home(mut self, home: &Home) -> Self {
        self.home = home.clone();
        self
    }

    /// The program, its arguments and its environment, for whoever starts it in another way
    #[must_use]
    pub fn parts(&self) -> (PathBuf, Vec<OsString>, Vec<(OsString, OsString)>) {
        let home = self.home.environment().map(|(name, value)| (name.into(), value));
        (self.program.clone(), self.args.clone(), home.chain(self.environment.iter().cloned()).collect())
    }

    /// The folder that it lives in
    #[must_use]
    pub const fn home_folder(&self) -> &Home {
        &self.home
    }

    /// Starts it
    #[must_use]
    pub fn start(&self) -> Process {
        let (program, args, environment) = self.parts();
        let mut child = Command::new(&program)
            .args(args)
            .envs(environment)
            .current_dir(self.home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        Process {
            name: self.to_string(),
            stdin: child.stdin.take(),
            stdout: Lines::of(child.stdout.take().expect("it is piped")),
            stderr: Lines::of(child.stderr.take().expect("it is piped")),
            child: Some(child),
            _home: self.home.clone(),
        }
    }

    /// Runs it without input to its end
    #[must_use]
    pub fn run(&self) -> Output {
        self.run_with("")
    }

    /// Runs it with `input` to its end
    #[must_use]
    pub fn run_with(&self, input: &str) -> Output {
        let mut process = self.start();
        process.write(input.as_bytes());
        process.close_input();
        process.finish()
    }
}

impl fmt::Display for Slp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.program.file_name().unwrap_or_default().to_string_lossy())?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", arg.to_string_lossy()))
    }
}

/// A process that runs; killed with this value
#[derive(Debug)]
pub struct Process {
    name: String,
    stdin: Option<ChildStdin>,
    stdout: Lines,
    stderr: Lines,
    /// Until it is waited for
    child: Option<Child>,
    _home: Home,
}

/// How a process ended, and what it wrote that no wait had taken
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Exit status; none where a signal ended it
    pub code: Option<i32>,
    /// Lines of the standard output
    pub stdout: Vec<String>,
    /// Lines of the standard error
    pub stderr: Vec<String>,
}

impl Process {
    /// Writes to its standard input
    pub fn write(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("the input is open");
        // One that has ended reads no more; what it said then is what counts.
        let _gone = stdin.write_all(bytes).and_then(|()| stdin.flush());
    }

    /// Ends its standard input
    pub fn close_input(&mut self) {
        self.stdin = None;
    }

    /// The next line of its standard output
    pub fn next_line(&mut self, what: &str) -> String {
        self.line(what, |_| true)
    }

    /// The first line of its standard output not taken yet for which `wanted` holds; the others stay
    pub fn line(&mut self, what: &str, wanted: impl FnMut(&str) -> bool) -> String {
        match self.stdout.find(Instant::now() + DEADLINE, wanted) {
            Ok(line) => line,
            Err(failure) => self.give_up(what, failure),
        }
    }

    /// The first line of its standard error not taken yet for which `wanted` holds; the others stay
    pub fn error_line(&mut self, what: &str, wanted: impl FnMut(&str) -> bool) -> String {
        match self.stderr.find(Instant::now() + DEADLINE, wanted) {
            Ok(line) => line,
            Err(failure) => self.give_up(what, failure),
        }
    }

    /// Its number in the system
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Sends it a signal, such as `TERM`
    #[cfg(unix)]
    pub fn signal(&self, signal: &str) {
        send_signal(self.id(), signal);
    }

    /// Waits for its end
    #[must_use]
    pub fn finish(mut self) -> Output {
        let until = Instant::now() + DEADLINE;
        let stdout = self.stdout.rest(until).unwrap_or_else(|failure| self.give_up("its end", failure));
        let stderr = self.stderr.rest(until).unwrap_or_else(|failure| self.give_up("its end", failure));
        let status = self.wait(until).unwrap_or_else(|| self.give_up("its end", Failure::TimedOut));
        Output { code: status.code(), stdout, stderr }
    }

    fn wait(&mut self, until: Instant) -> Option<ExitStatus> {
        let mut child = self.child.take()?;
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || sender.send(child.wait()));
        let status = receiver.recv_timeout(until.saturating_duration_since(Instant::now())).ok()?;
        Some(status.expect("the status of a child"))
    }

    fn give_up(&mut self, what: &str, failure: Failure) -> ! {
        let how = match failure {
            Failure::Ended => "its output ended".to_owned(),
            Failure::TimedOut => format!("{DEADLINE:?} passed"),
        };
        panic!(
            "`{}`: waited for {what}, but {how}; what it wrote instead:\n  {}\nand on standard error:\n  {}",
            self.name,
            self.stdout.untaken().join("\n  "),
            self.stderr.untaken().join("\n  ")
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ended = child.kill();
            let _status = child.wait();
        }
    }
}

impl Output {
    /// Asserts that it ended well without a word on standard error
    #[track_caller]
    pub fn assert_done(&self) {
        assert_eq!((self.code, &self.stderr[..]), (Some(0), &[][..]), "{self:#?}");
    }

    /// Asserts that it ended well; help, which goes to standard error, may stand there
    #[track_caller]
    pub fn assert_done_but_for_help(&self) {
        assert_eq!(self.code, Some(0), "{self:#?}");
        assert!(!self.stderr.iter().any(|line| line.starts_with("slp: ")), "{self:#?}");
    }

    /// Asserts that it failed with `code` and exactly one line on standard error, and returns that line
    #[track_caller]
    pub fn assert_failed(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{self:#?}");
        let [line] = &self.stderr[..] else { panic!("one line on standard error expected: {self:#?}") };
        assert!(line.starts_with("slp: "), "{line:?}");
        line
    }
}

/// Sends a signal, such as `TERM`, to a process
#[cfg(unix)]
pub fn send_signal(process: u32, signal: &str) {
    let status = Command::new("kill").args(["-s", signal, &process.to_string()]).status().expect("kill");
    assert!(status.success(), "kill -s {signal} {process}: {status}");
}
