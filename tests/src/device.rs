//! The firmware on an emulated board: its console, its reports, its keys and its screen
//!
//! The emulator joins the device either to the host's own sockets (slirp: the host is 10.0.2.2) or to a
//! [`Wire`]. Each run has a console to type at, reports in a file, and a control line; its exit status is the device's.
//! Nothing here knows what a device should say.

pub mod control;

use std::ffi::OsString;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Instant;
use std::{env, fmt, fs, panic, thread};

use proto_core::telemetry::{Decoder, Envelope, Event, Report};

use crate::{DEADLINE, Home, Wire};
use control::{Control, Listener};

/// Return to the start of the line, and nothing behind it
const ERASE: &str = "\r\x1b[K";
/// What stands before the line being typed
const PROMPT: &str = "> ";

/// A board, and how its time goes
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board {
    /// As the emulator calls it
    pub name: &'static str,
    network: &'static str,
    /// Whether an instruction counts as a nanosecond, whatever the host does meanwhile
    pub icount: bool,
    /// Whether its firmware has neither screen nor names
    pub lean: bool,
}

/// TI's evaluation board, which has a screen and keys
pub const LM3S: Board = Board { name: "lm3s6965evb", network: "stellaris", icount: false, lean: false };
/// Arm's prototyping board
pub const MPS2: Board = Board { name: "mps2-an385", network: "lan9118", icount: false, lean: false };
/// Each board by the host's clock
pub const BOARDS: [Board; 2] = [LM3S, MPS2];
/// Each board, by the host's clock and by instructions
pub const BOTH_WAYS: [Board; 4] = [LM3S, LM3S.counted(), MPS2, MPS2.counted()];
/// Each board with the firmware that has neither screen nor names
pub const LEAN: [Board; 2] = [Board { lean: true, ..LM3S }, Board { lean: true, ..MPS2 }];

impl Board {
    /// Whether it has a screen, and keys
    #[must_use]
    pub fn has_screen(self) -> bool {
        self.name == LM3S.name && !self.lean
    }

    /// The same by instructions
    #[must_use]
    pub const fn counted(self) -> Self {
        Self { icount: true, ..self }
    }

    /// An emulator whose host is 10.0.2.2
    #[must_use]
    pub fn emulator(self) -> Emulator {
        let network = format!("user,id=net,model={}", self.network);
        let firmware = firmware(&[self.name, if self.lean { "-lean" } else { "" }].concat());
        Emulator { board: self, firmware, network, words: vec!["seed=7".to_owned()], more: Vec::new(), waits: true }
    }

    /// An emulator on a wire of our own
    #[must_use]
    pub fn on(self, wire: &Wire) -> Emulator {
        let network = format!("socket,id=net,model={},connect={}", self.network, wire.address());
        Emulator { network, ..self.emulator() }
    }
}

impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lean, time) = (if self.lean { ", lean" } else { "" }, if self.icount { " by instructions" } else { "" });
        write!(f, "{}{lean}{time}", self.name)
    }
}

/// Runs `test` for each of `boards`, all at once, each on a thread of its name; what each returned, in their order
pub fn each<T: Send>(boards: &[Board], test: impl Fn(Board) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let test = &test;
        let start = |&board: &Board| {
            let builder = thread::Builder::new().name(board.to_string());
            builder.spawn_scoped(scope, move || test(board)).expect("a thread")
        };
        let running: Vec<_> = boards.iter().map(start).collect();
        let ended = running.into_iter().map(|thread| thread.join().unwrap_or_else(|why| panic::resume_unwind(why)));
        ended.collect()
    })
}

/// An emulator that has not been started
#[derive(Clone, Debug)]
pub struct Emulator {
    board: Board,
    firmware: PathBuf,
    network: String,
    words: Vec<String>,
    more: Vec<OsString>,
    /// Whether idle time passes as on a clock
    waits: bool,
}

impl Emulator {
    /// A setting of the device, such as `server=10.0.2.2:25565`
    #[must_use]
    pub fn word(mut self, word: impl Into<String>) -> Self {
        self.words.push(word.into());
        self
    }

    /// Whatever comes from the network comes at whole multiples of so many microseconds of the device's time
    ///
    /// An answer that the host has ready by then comes at an instant that no longer depends on the host. By instructions
    /// idle time takes no time: else the host would decide how many of the timer's interrupts are lost to a late sleeper,
    /// and with them what the device takes for the time.
    #[must_use]
    pub fn paced(mut self, micros: u32) -> Self {
        assert!(self.board.icount, "the host's clock goes on while the device waits");
        self.waits = false;
        let filter = format!("filter-buffer,id=pace,netdev=net,queue=tx,interval={micros}");
        self.more.extend(["-object".into(), filter.into()]);
        self
    }

    /// With the firmware that fails when one of its words is `panic` or `fault`
    #[must_use]
    pub fn with_faults(mut self) -> Self {
        self.firmware = firmware(&format!("{}-faults", self.board.name));
        self
    }

    /// The file of its firmware
    #[must_use]
    pub fn firmware(&self) -> &Path {
        &self.firmware
    }

    /// Starts it
    #[must_use]
    pub fn start(self) -> Device {
        let (home, listener) = (Home::new(), Listener::new());
        let reports = home.path().join("reports");
        let words: String = self.words.iter().map(|word| [",arg=", &word.replace(',', ",,")].concat()).collect();
        let mut qemu = Command::new("qemu-system-arm");
        qemu.args(["-machine", self.board.name, "-display", "none", "-monitor", "none", "-nic", &self.network])
            .args(["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"])
            .args(["-serial", &format!("file:{}", reports.display()), "-qmp", &listener.option()])
            .args(["-semihosting-config", &format!("enable=on,target=native,arg=slp-device{words}")])
            .arg("-kernel")
            .arg(existing(&self.firmware))
            .args(self.more);
        if self.board.icount {
            qemu.args(["-icount", if self.waits { "shift=0" } else { "shift=0,sleep=off" }]);
        }
        let mut child = qemu
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start qemu-system-arm: {error}"));
        let errors = read(child.stderr.take().expect("it is piped"));
        let output = read(child.stdout.take().expect("it is piped"));
        let stdin = child.stdin.take().expect("it is piped");
        let shown = String::new();
        Device { board: self.board, child, stdin, output, errors, shown, taken: 0, reports, home, listener }
    }
}

/// A firmware of that name: in `SLP_FIRMWARE`, or where `cargo xtask build-firmware` puts it
fn firmware(name: &str) -> PathBuf {
    let own = env::current_exe().expect("a test is a file");
    // target/PROFILE/deps/TEST
    let beside = || own.ancestors().nth(3).expect("tests are in a folder of three").join("firmware");
    env::var_os("SLP_FIRMWARE").map_or_else(beside, PathBuf::from).join(format!("{name}.elf"))
}

fn existing(file: &Path) -> &Path {
    let how = "cargo xtask build-firmware --all, again with --lean, and with --fault-injection for those that fail";
    assert!(file.is_file(), "there is no {}; build it with: {how}", file.display());
    file
}

/// The device, running; killed with this value
#[derive(Debug)]
pub struct Device {
    board: Board,
    child: Child,
    stdin: ChildStdin,
    output: Receiver<String>,
    errors: Receiver<String>,
    /// All that the console has shown
    shown: String,
    /// How much of it has been waited for
    taken: usize,
    reports: PathBuf,
    home: Home,
    listener: Listener,
}

impl Device {
    /// Types a line
    pub fn type_line(&mut self, line: &str) {
        let typed = write!(self.stdin, "{line}\r").and_then(|()| self.stdin.flush());
        typed.unwrap_or_else(|error| panic!("{}: typing {line:?}: {error}; {}", self.board, self.tail()));
    }

    /// Waits until the console has shown `text`, behind what was waited for before; returns what stood before it
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> String {
        let until = Instant::now() + DEADLINE;
        loop {
            let rest = &self.shown[self.taken..];
            if let Some(place) = rest.find(text) {
                let before = rest[..place].to_owned();
                self.taken += place + text.len();
                return before;
            }
            if let Err(error) = self.read(until) {
                panic!("{}: waited for {text:?}: {error}; {}", self.board, self.tail());
            }
        }
    }

    /// Types `exit` and waits for the end, which must be a good one
    #[track_caller]
    pub fn exit(&mut self) {
        self.type_line("exit");
        self.wait_for("bye");
        assert_eq!(self.end(), 0, "{}: {}", self.board, self.tail());
    }

    /// Waits for the end and returns the exit status
    #[track_caller]
    pub fn end(&mut self) -> i32 {
        let until = Instant::now() + DEADLINE;
        loop {
            match self.read(until) {
                Ok(()) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("{} does not end; {}", self.board, self.tail()),
            }
        }
        let status = self.child.wait().expect("its output is closed");
        status.code().unwrap_or_else(|| panic!("{} was killed: {status}; {}", self.board, self.tail()))
    }

    /// The console's lines so far, as a terminal leaves them, without prompts
    #[must_use]
    pub fn console(&self) -> Vec<String> {
        let line = |line: &str| {
            let left = line.rsplit(ERASE).next().unwrap_or_default();
            left.strip_prefix(PROMPT).unwrap_or(left).trim_end_matches('\r').to_owned()
        };
        self.shown.split("\r\n").map(line).collect()
    }

    /// All that the console has shown so far, as it came
    #[must_use]
    pub fn raw_console(&self) -> &str {
        &self.shown
    }

    /// What it has reported so far, as it came
    #[must_use]
    pub fn raw_reports(&self) -> Vec<u8> {
        fs::read(&self.reports).expect("the emulator writes it")
    }

    /// What it has reported so far with numbers and times, none of it missing or torn
    #[must_use]
    pub fn envelopes(&self) -> Vec<Envelope> {
        let bytes = self.raw_reports();
        let (mut decoder, mut input, mut envelopes) = (Decoder::new(), bytes.as_slice(), Vec::new());
        while !input.is_empty() {
            let (consumed, event) = decoder.handle_input(input);
            input = &input[consumed..];
            match event {
                None => {}
                Some(Event::Report(envelope)) => {
                    assert_eq!(usize::try_from(envelope.sequence), Ok(envelopes.len()), "{}", self.board);
                    envelopes.push(envelope);
                }
                Some(other) => panic!("{}: {other:?} behind {envelopes:?}", self.board),
            }
        }
        envelopes
    }

    /// What it has reported so far
    #[must_use]
    pub fn reports(&self) -> Vec<Report> {
        self.envelopes().into_iter().map(|envelope| envelope.report).collect()
    }

    /// Waits until it has reported something for which `wanted` holds
    #[track_caller]
    pub fn wait_for_report(&mut self, what: &str, wanted: impl Fn(&Report) -> bool) {
        let until = Instant::now() + DEADLINE;
        while !self.reports().iter().any(&wanted) {
            assert!(Instant::now() < until, "{}: waited for {what} in {:?}", self.board, self.reports());
            thread::yield_now();
        }
    }

    /// The file that the reports go to
    #[must_use]
    pub fn report_file(&self) -> &Path {
        &self.reports
    }

    /// The emulator's control line
    #[must_use]
    pub fn control(&self) -> Control {
        Control::new(&self.listener, self.home.clone())
    }

    fn read(&mut self, until: Instant) -> Result<(), RecvTimeoutError> {
        let more = self.output.recv_timeout(until.saturating_duration_since(Instant::now()))?;
        self.shown.push_str(&more);
        Ok(())
    }

    /// What has been said and not been waited for, for a message
    fn tail(&self) -> String {
        let errors: String = self.errors.try_iter().collect();
        format!("the console: {:?}; the emulator: {errors:?}", &self.shown[self.taken..])
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Reads on a thread, so that a wait can have a deadline
fn read(mut source: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, output) = channel();
    thread::spawn(move || {
        let (mut buffer, mut rest) = ([0; 1_024], Vec::new());
        while let Ok(count @ 1..) = source.read(&mut buffer) {
            rest.extend_from_slice(&buffer[..count]);
            // Half a character waits for its other half.
            let whole = match std::str::from_utf8(&rest) {
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                _ => rest.len(),
            };
            let bytes: Vec<u8> = rest.drain(..whole).collect();
            if sender.send(String::from_utf8_lossy(&bytes).into_owned()).is_err() {
                break;
            }
        }
    });
    output
}
