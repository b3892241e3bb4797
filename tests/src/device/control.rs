//! The line that the emulator itself is told things on (QMP): keys, pictures, the network's plug

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Instant;
use std::{env, fs, thread};

use serde_json::{Value, json};

use crate::{DEADLINE, Home};

/// A port for an emulator to connect to
#[derive(Debug)]
pub struct Listener(TcpListener);

impl Listener {
    pub(super) fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").expect("a free port"))
    }

    /// The emulator's option
    pub(super) fn option(&self) -> String {
        format!("tcp:{}", self.0.local_addr().expect("it is bound"))
    }

    fn accept(&self) -> TcpStream {
        let (listener, (sender, accepted)) = (self.0.try_clone().expect("a socket can be cloned"), channel());
        thread::spawn(move || sender.send(listener.accept()));
        let (stream, _) = accepted.recv_timeout(DEADLINE).expect("the emulator connects").expect("a connection");
        stream.set_read_timeout(Some(DEADLINE)).expect("a limit can be set");
        stream
    }
}

/// The line to an emulator
#[derive(Debug)]
pub struct Control {
    line: BufReader<TcpStream>,
    home: Home,
}

impl Control {
    pub(super) fn new(listener: &Listener, home: Home) -> Self {
        let mut control = Self { line: BufReader::new(listener.accept()), home };
        control.read();
        control.run("qmp_capabilities", &json!({}));
        control
    }

    fn run(&mut self, command: &str, arguments: &Value) -> Value {
        let line = json!({ "execute": command, "arguments": arguments });
        writeln!(self.line.get_mut(), "{line}").expect("the emulator reads");
        loop {
            let mut answer = self.read();
            assert!(answer.get("error").is_none(), "{command}: {answer}");
            if let Some(returned) = answer.get_mut("return") {
                return returned.take();
            }
        }
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        assert!(self.line.read_line(&mut line).expect("the emulator answers") > 0, "the emulator has ended");
        serde_json::from_str(&line).expect("the emulator answers in JSON")
    }

    /// Plugs the network in or out
    pub fn link(&mut self, up: bool) {
        self.run("set_link", &json!({ "name": "net", "up": up }));
    }

    /// A register of the board, or a word of its memory, as the processor would read it
    #[must_use]
    pub fn word(&mut self, address: u32) -> u32 {
        let line = format!("xp /1wx {address:#x}");
        let shown = self.run("human-monitor-command", &json!({ "command-line": line }));
        let word = shown.as_str().and_then(|shown| shown.trim().rsplit_once(" 0x"));
        word.and_then(|(_, digits)| u32::from_str_radix(digits, 16).ok()).unwrap_or_else(|| panic!("{line}: {shown}"))
    }

    /// Presses a key of the board and lets it go
    pub fn key(&mut self, name: &str) {
        for down in [true, false] {
            let key = json!({ "down": down, "key": { "type": "qcode", "data": name } });
            self.run("input-send-event", &json!({ "events": [{ "type": "key", "data": key }] }));
        }
    }

    /// The screen as text: a character for each pixel, darker to brighter
    pub fn screen(&mut self) -> String {
        let file = self.home.path().join("screen.ppm");
        self.run("screendump", &json!({ "filename": file }));
        let picture = fs::read(file).expect("the emulator has written it");
        text(picture.strip_prefix(b"P6\n512 256\n255\n").expect("a picture of four times 128 by 64"))
    }

    /// Waits for a screen for which `wanted` holds
    #[track_caller]
    pub fn screen_where(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + DEADLINE;
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            assert!(Instant::now() < until, "waited for {what}; the screen is\n{screen}");
        }
    }

    /// Waits until the screen is the stored one; what it is instead is left beside it
    #[track_caller]
    pub fn wait_for_screen(&mut self, name: &str) {
        self.wait_for_part(name, str::to_owned);
    }

    /// Waits until what `part` leaves of the screen is what is stored
    #[track_caller]
    pub fn wait_for_part(&mut self, name: &str, part: impl Fn(&str) -> String) {
        let until = Instant::now() + DEADLINE;
        loop {
            let shown = part(&self.screen());
            if shown == stored(name) {
                return;
            }
            if Instant::now() >= until {
                assert_stored(name, &shown);
            }
        }
    }
}

/// A picture of the screen in a file of PNG, as [`text`]
#[must_use]
pub fn text_of_png(file: &Path) -> String {
    let decoder = png::Decoder::new(BufReader::new(File::open(file).expect("the picture")));
    let mut reader = decoder.read_info().expect("a PNG");
    let info = reader.info();
    assert_eq!((info.width, info.height), (512, 256));
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    let mut pixels = vec![0; 512 * 256 * 3];
    reader.next_frame(&mut pixels).expect("all of the picture");
    text(&pixels)
}

/// A picture of the screen as text: a character for each pixel of the board, darker to brighter, from RGB of four times its size
#[must_use]
pub fn text(pixels: &[u8]) -> String {
    let mut text = String::new();
    for row in pixels.chunks(512 * 3).step_by(4) {
        let shade = |pixel: &[u8]| [' ', '-', '+', '#'][usize::from(pixel[0] / 64)];
        let line: String = row.chunks(3 * 4).map(shade).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Fails where a screen is not the stored one; what it is instead is left beside it
#[track_caller]
pub fn assert_stored(name: &str, shown: &str) {
    if shown != stored(name) {
        let (stored, actual) = (place(name), place(name).with_extension("new.txt"));
        fs::write(&actual, shown).expect("it can be written");
        panic!("the screen is not {}; it is in {}:\n{shown}", stored.display(), actual.display());
    }
}

fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(format!("device_{name}.txt"))
}

fn stored(name: &str) -> String {
    fs::read_to_string(place(name)).unwrap_or_default().replace('\r', "")
}
