//! Reading standard input, a file, a named pipe or a serial port, on a thread of its own
//!
//! A thread, since none of them can be waited for in the same way on every system. It is never asked to end: it may be
//! held up in the system as long as nothing arrives, so the program ends over it. It knows nothing of frames.

mod port;

use std::cell::Cell;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;
use std::thread;
use std::time::Duration;

use proto_core::text::Clean;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::{Outcome, Source};
use crate::clock::Clock;

/// Bytes read at once at most
const PIECE: usize = 4_096;
/// Pieces that may wait to be printed; with more the source is left waiting
const PIECES: usize = 64;
/// How often a file is looked at that is followed
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Something that a source gave
#[derive(Debug)]
pub(super) struct Input {
    /// When it arrived, in microseconds since the Unix epoch; unknown for what was recorded earlier
    pub(super) received_us: Option<u64>,
    pub(super) what: What,
}

/// What a source gave
#[derive(Debug)]
pub(super) enum What {
    /// Bytes
    Bytes(Vec<u8>),
    /// A serial port is open
    Opened { port: String, baud: u32 },
    /// A serial port is not there or is gone, and is waited for
    Waiting { port: String, reason: String },
    /// The file was cut short and begins anew
    Anew,
    /// Nothing more comes
    End(Outcome),
}

/// Starts to read `source`
///
/// # Errors
/// No thread can be started.
pub(super) fn start(source: Source, clock: Clock) -> io::Result<Receiver<Input>> {
    let (sender, inputs) = mpsc::channel(PIECES);
    let sink = Sink { sender, clock, live: Cell::new(true) };
    thread::Builder::new().name("source".to_owned()).spawn(move || {
        let outcome = read(&source, &sink);
        // Where nobody listens any more, nobody wants to know.
        let _gone = sink.send(What::End(outcome));
    })?;
    Ok(inputs)
}

/// Where the thread puts what it reads
struct Sink {
    sender: Sender<Input>,
    clock: Clock,
    /// Whether what comes has just arrived, rather than having been recorded earlier
    live: Cell<bool>,
}

impl Sink {
    /// Breaks where nobody listens any more
    fn send(&self, what: What) -> ControlFlow<()> {
        let received_us = self.live.get().then(|| self.clock.now_micros());
        match self.sender.blocking_send(Input { received_us, what }) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    /// Whether nobody listens any more
    fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

/// What stands behind a path
enum Kind {
    /// A serial port, or on Unix another device that only opening tells from one, such as `/dev/null`
    Port,
    /// A file or named pipe
    File,
}

fn read(source: &Source, sink: &Sink) -> Outcome {
    match source {
        Source::Stdin => read_stdin(sink),
        Source::Path { path, baud, follow, reconnect } => match kind(path) {
            // A port that is not plugged in yet has no path.
            Err(error) if !(*reconnect && error.kind() == io::ErrorKind::NotFound) => cannot_open(path, &error),
            Ok(Kind::File) => read_file(path, *follow, *reconnect, sink),
            Ok(Kind::Port) | Err(_) => port::read(path, *baud, *reconnect, sink)
                .unwrap_or_else(|port::NotAPort| read_file(path, *follow, *reconnect, sink)),
        },
    }
}

fn cannot_open(path: &Path, error: &io::Error) -> Outcome {
    Outcome::Failed(port::cannot_open(path, error))
}

#[cfg(unix)]
fn kind(path: &Path) -> io::Result<Kind> {
    use std::os::unix::fs::FileTypeExt;

    let kind = std::fs::metadata(path)?.file_type();
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(if kind.is_char_device() { Kind::Port } else { Kind::File })
}

#[cfg(not(unix))]
fn kind(path: &Path) -> io::Result<Kind> {
    if port::is_one(path) {
        return Ok(Kind::Port);
    }
    if std::fs::metadata(path)?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(Kind::File)
}

fn read_stdin(sink: &Sink) -> Outcome {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        let what = "-: standard input is a terminal; name a serial port or a file, or pipe something in";
        return Outcome::Misused(what.to_owned());
    }
    sink.live.set(!is_regular(&stdin));
    match copy(&mut stdin.lock(), sink) {
        Ok(_) => Outcome::Done,
        Err(error) => Outcome::Failed(format!("cannot read standard input: {error}")),
    }
}

/// Whether standard input is a file rather than a pipe
fn is_regular(stdin: &io::Stdin) -> bool {
    #[cfg(unix)]
    let owned = std::os::fd::AsFd::as_fd(stdin).try_clone_to_owned();
    #[cfg(windows)]
    let owned = std::os::windows::io::AsHandle::as_handle(stdin).try_clone_to_owned();
    owned.and_then(|owned| File::from(owned).metadata()).is_ok_and(|metadata| metadata.is_file())
}

fn read_file(path: &Path, follow: bool, reconnect: bool, sink: &Sink) -> Outcome {
    if reconnect {
        return Outcome::Misused(format!("--reconnect: {} is no serial port", shown(path)));
    }
    // A named pipe waits here for whoever writes into it.
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) => return cannot_open(path, &error),
    };
    let failed = |error: io::Error| Outcome::Failed(format!("cannot read {}: {error}", shown(path)));
    // What was in it before is a recording; what is added from now on is news.
    sink.live.set(!file.metadata().is_ok_and(|metadata| metadata.is_file()));
    loop {
        match copy(&mut file, sink) {
            Ok(ControlFlow::Continue(())) if follow => {}
            Ok(_) => return Outcome::Done,
            Err(error) => return failed(error),
        }
        sink.live.set(true);
        thread::sleep(LOOK_EVERY);
        match cut_short(&mut file) {
            Ok(false) => {}
            Ok(true) => {
                if sink.send(What::Anew).is_break() {
                    return Outcome::Done;
                }
            }
            Err(error) => return failed(error),
        }
        if sink.is_closed() {
            return Outcome::Done;
        }
    }
}

/// Goes back to the beginning where the file is shorter than what was read of it
fn cut_short(file: &mut File) -> io::Result<bool> {
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() >= file.stream_position()? {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(true)
}

/// Reads to the end; breaks where nobody listens any more
fn copy(from: &mut impl Read, sink: &Sink) -> io::Result<ControlFlow<()>> {
    let mut piece = [0; PIECE];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(ControlFlow::Continue(())),
            Ok(read) => {
                if sink.send(What::Bytes(piece[..read].to_vec())).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A path as it can be shown
fn shown(path: &Path) -> String {
    Clean(&path.to_string_lossy()).to_string()
}
