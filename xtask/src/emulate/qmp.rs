//! The emulator's own control line (QMP): pictures of the screen, keys, memory
//!
//! The emulator connects to a port that is listened at here, so that no port has to be guessed.

use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ChildStderr;
use std::sync::mpsc::channel;
use std::time::Duration;
use std::{env, fs, process, thread};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

/// Limits of the emulator's start and of one command
const START: Duration = Duration::from_secs(30);
const LIMIT: Duration = Duration::from_secs(10);
/// How long a key is held: the device looks every 10 ms
const PRESS: Duration = Duration::from_millis(60);
/// How often a picture is taken until it stands still: until so many more are the same, with a pause between two, in which the
/// device draws on
const PICTURES: usize = 200;
const STILL: u8 = 2;
const BETWEEN: Duration = Duration::from_millis(50);

/// A port for an emulator to connect to
pub(crate) struct Listener(TcpListener);

/// The line to an emulator
pub(crate) struct Qmp {
    reader: BufReader<TcpStream>,
}

impl Listener {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self(TcpListener::bind("127.0.0.1:0").context("cannot listen for the emulator")?))
    }

    /// The emulator's option
    pub(crate) fn option(&self) -> anyhow::Result<String> {
        Ok(format!("tcp:{}", self.0.local_addr().context("the port is gone")?))
    }

    /// Waits for the emulator, which has been started; what it complains about is shown from now on
    pub(crate) fn accept(self, stderr: ChildStderr) -> anyhow::Result<Qmp> {
        let (sender, started) = channel();
        let ended = sender.clone();
        thread::spawn(move || {
            super::hand_on(stderr);
            ended.send(None).ok();
        });
        thread::spawn(move || sender.send(Some(self.0.accept())).ok());
        let Ok(first) = started.recv_timeout(START) else {
            bail!("the emulator has not started after {} s", START.as_secs());
        };
        let Some(accepted) = first else { bail!("the emulator ended before it had started") };
        let (stream, _) = accepted.context("the emulator does not connect")?;
        stream.set_read_timeout(Some(LIMIT)).context("cannot limit the wait")?;
        let mut qmp = Qmp { reader: BufReader::new(stream) };
        qmp.read()?;
        qmp.run("qmp_capabilities", &json!({}))?;
        Ok(qmp)
    }
}

impl Qmp {
    /// Writes a picture of the screen once it stands still
    pub(crate) fn picture(&mut self, file: &Path) -> anyhow::Result<()> {
        let own = Own::new("png");
        let (mut last, mut same) = (Vec::new(), 0);
        for _ in 0..PICTURES {
            self.run("screendump", &json!({ "filename": own.0, "format": "png" }))?;
            let picture = own.read()?;
            same = if picture == last { same + 1 } else { 0 };
            if same == STILL {
                return replace(file, &picture);
            }
            last = picture;
            thread::sleep(BETWEEN);
        }
        bail!("the screen never stood still")
    }

    /// Presses a key and lets it go
    pub(crate) fn key(&mut self, name: &str) -> anyhow::Result<()> {
        let key = |down| json!({ "type": "key", "data": { "down": down, "key": { "type": "qcode", "data": name } } });
        self.run("input-send-event", &json!({ "events": [key(true)] }))?;
        thread::sleep(PRESS);
        self.run("input-send-event", &json!({ "events": [key(false)] }))
    }

    /// Writes memory of the device to a file
    pub(crate) fn memory(&mut self, start: u32, size: u32, file: &Path) -> anyhow::Result<()> {
        let own = Own::new("bin");
        self.run("pmemsave", &json!({ "val": start, "size": size, "filename": own.0 }))?;
        replace(file, &own.read()?)
    }

    fn run(&mut self, command: &str, arguments: &Value) -> anyhow::Result<()> {
        let line = json!({ "execute": command, "arguments": arguments });
        writeln!(self.reader.get_mut(), "{line}").with_context(|| format!("cannot tell the emulator {command}"))?;
        loop {
            let answer = self.read()?;
            if let Some(error) = answer.get("error") {
                bail!("the emulator refuses {command}: {}", error["desc"].as_str().unwrap_or("it does not say why"));
            }
            if answer.get("return").is_some() {
                return Ok(());
            }
        }
    }

    fn read(&mut self) -> anyhow::Result<Value> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(1..) => {}
            Err(error) if error.kind() != ErrorKind::ConnectionReset => {
                return Err(error).context("the emulator does not answer");
            }
            _ => bail!("the emulator has ended"),
        }
        serde_json::from_str(&line).context("the emulator's answer is no JSON")
    }
}

/// A file for the emulator to write, which removes what it cannot write to the end and takes names in UTF-8 only
struct Own(PathBuf);

impl Own {
    fn new(extension: &str) -> Self {
        Self(env::temp_dir().join(format!("slp-emulate-{}.{extension}", process::id())))
    }

    fn read(&self) -> anyhow::Result<Vec<u8>> {
        fs::read(&self.0).with_context(|| format!("the emulator has written nothing to {}", self.0.display()))
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

/// Writes `file`; where that fails, what it was before is still there
fn replace(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    // What is there and no file of a disk's, such as a pipe, is written to and not replaced.
    let written = if file.exists() && !file.is_file() {
        fs::write(file, bytes)
    } else {
        let whole = file.with_extension(format!("{}.new", process::id()));
        let written = fs::write(&whole, bytes).and_then(|()| fs::rename(&whole, file));
        if written.is_err() {
            fs::remove_file(&whole).ok();
        }
        written
    };
    written.with_context(|| format!("cannot write {}", file.display()))
}
