//! The device in QEMU: does the firmware do at its own console what the desktop's client does?
//!
//! Each test runs the real firmware on an emulated board against the real server, or against a peer that keeps to no
//! rule, types at the device's console and waits for what must be shown. The device's exit status is judged too.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use std::{env, thread};

use proto_core::telemetry::{Decoder, Event, Reason, Report};

/// How long a test waits for what must come; only a failure waits it out
const DEADLINE: Duration = Duration::from_mins(1);

/// A board and its network device, as QEMU calls them
#[derive(Clone, Copy, Debug)]
struct Board {
    name: &'static str,
    network: &'static str,
    /// Whether instructions are counted instead of time
    icount: bool,
}

const LM3S: Board = Board { name: "lm3s6965evb", network: "stellaris", icount: false };
const MPS2: Board = Board { name: "mps2-an385", network: "lan9118", icount: false };
/// Every way in which the device is run
const BOARDS: [Board; 4] = [LM3S, Board { icount: true, ..LM3S }, MPS2, Board { icount: true, ..MPS2 }];

/// A process whose output is waited for; killed when dropped
struct Process {
    child: Child,
    stdin: ChildStdin,
    output: Receiver<String>,
    seen: String,
    what: String,
}

impl Process {
    fn start(what: String, mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let (stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, output) = channel();
        thread::spawn(move || {
            let (mut buffer, mut rest) = ([0; 1_024], Vec::new());
            while let Ok(count @ 1..) = stdout.read(&mut buffer) {
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
        Self { child, stdin, output, seen: String::new(), what }
    }

    fn type_line(&mut self, line: &str) {
        write!(self.stdin, "{line}\r\n").and_then(|()| self.stdin.flush()).expect("the process reads");
    }

    /// Waits until `text` has been shown, behind what was waited for before; returns what stood before it
    fn wait_for(&mut self, text: &str) -> String {
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(place) = self.seen.find(text) {
                let before = self.seen[..place].to_owned();
                self.seen.drain(..place + text.len());
                return before;
            }
            match self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(more) => self.seen.push_str(&more),
                Err(RecvTimeoutError::Timeout) => panic!("{}: waited for {text:?} in {:?}", self.what, self.seen),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{} ended; waited for {text:?} in {:?}", self.what, self.seen)
                }
            }
        }
    }

    /// Waits for the end and returns the exit status
    fn end(&mut self) -> i32 {
        let until = Instant::now() + DEADLINE;
        loop {
            match self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(more) => self.seen.push_str(&more),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("{} does not end; it says {:?}", self.what, self.seen),
            }
        }
        self.child.wait().expect("its output is closed").code().expect("it was not killed")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The folder that cargo builds in
fn target() -> PathBuf {
    let own = env::current_exe().expect("a test is a file");
    own.ancestors().nth(3).expect("tests are in target/PROFILE/deps").to_owned()
}

fn existing(file: PathBuf, how: &str) -> PathBuf {
    assert!(file.is_file(), "there is no {}; build it with: {how}", file.display());
    file
}

/// The device with this server to watch
fn device(board: Board, server: &str, telemetry: Option<&Path>) -> Process {
    Process::start(format!("{board:?}"), emulator(board, server, telemetry))
}

fn emulator(board: Board, server: &str, telemetry: Option<&Path>) -> Command {
    let folder = env::var_os("SLP_FIRMWARE").map_or_else(|| target().join("firmware"), PathBuf::from);
    let firmware = existing(folder.join(format!("{}.elf", board.name)), "cargo xtask build-firmware --all");
    let mut qemu = Command::new("qemu-system-arm");
    qemu.args(["-machine", board.name, "-display", "none", "-monitor", "none"])
        .args(["-nic", &format!("user,model={}", board.network)])
        .args(["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"])
        .args(["-serial", &telemetry.map_or("null".to_owned(), |file| format!("file:{}", file.display()))])
        .args([
            "-semihosting-config",
            &format!("enable=on,target=native,arg=slp-device,arg=server={server},arg=seed=7"),
        ])
        .arg("-kernel")
        .arg(firmware);
    if board.icount {
        qemu.args(["-icount", "shift=0"]);
    }
    qemu
}

/// The line that the emulator itself is told things on
struct Control(BufReader<TcpStream>);

impl Control {
    fn accept(listener: &Peer) -> Self {
        let mut control = Self(BufReader::new(listener.accept()));
        control.read();
        control.run("qmp_capabilities", "{}");
        control
    }

    fn run(&mut self, command: &str, arguments: &str) {
        writeln!(self.0.get_mut(), r#"{{"execute":"{command}","arguments":{arguments}}}"#).expect("the emulator reads");
        loop {
            let answer = self.read();
            assert!(!answer.starts_with(r#"{"error""#), "{command}: {answer}");
            if answer.starts_with(r#"{"return""#) {
                return;
            }
        }
    }

    fn read(&mut self) -> String {
        let mut line = String::new();
        assert!(self.0.read_line(&mut line).expect("the emulator answers") > 0, "the emulator has ended");
        line
    }

    fn key(&mut self, name: &str) {
        for down in [true, false] {
            let key = format!(r#"{{"down":{down},"key":{{"type":"qcode","data":"{name}"}}}}"#);
            self.run("input-send-event", &format!(r#"{{"events":[{{"type":"key","data":{key}}}]}}"#));
        }
    }

    /// The screen as text: a character for each pixel, darker to brighter
    fn screen(&mut self, file: &Path) -> String {
        let name = serde_json::Value::from(file.to_str().expect("a name in UTF-8"));
        self.run("screendump", &format!(r#"{{"filename":{name}}}"#));
        let picture = std::fs::read(file).expect("the emulator has written it");
        let pixels = picture.strip_prefix(b"P6\n512 256\n255\n").expect("a picture of four times 128 by 64");
        let mut text = String::new();
        for row in pixels.chunks(512 * 3).step_by(4) {
            let line: String =
                row.chunks(3 * 4).map(|pixel| [' ', '-', '+', '#'][usize::from(pixel[0] / 64)]).collect();
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// Waits until the screen is as stored; what it is instead is left beside the stored one
    #[track_caller]
    fn wait_for_screen(&mut self, folder: &Path, name: &str) {
        let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(format!("device_{name}.txt"));
        let expected = std::fs::read_to_string(&stored).unwrap_or_default().replace('\r', "");
        let until = Instant::now() + DEADLINE;
        let mut last = String::new();
        while Instant::now() < until {
            last = self.screen(&folder.join("screen.ppm"));
            if last == expected {
                return;
            }
        }
        let actual = stored.with_extension("new.txt");
        std::fs::write(&actual, &last).expect("it can be written");
        panic!("the screen is not {}; it is in {}:\n{last}", stored.display(), actual.display());
    }
}

/// A server of our own and its port
fn server() -> (Process, u16) {
    let beside = target().join("debug").join(format!("slp{}", env::consts::EXE_SUFFIX));
    let program = env::var_os("SLP_BIN").map_or_else(|| existing(beside, "cargo build"), PathBuf::from);
    let mut command = Command::new(program);
    command.args(["server", "--plain", "--no-history", "--listen", "127.0.0.1:0"]);
    let mut server = Process::start("the server".to_owned(), command);
    server.wait_for("listening on 127.0.0.1:");
    let port = loop {
        if let Some((port, rest)) = server.seen.split_once('\n') {
            let (port, rest) = (port.trim().parse().expect("a port"), rest.to_owned());
            server.seen = rest;
            break port;
        }
        server.seen.push_str(&server.output.recv_timeout(DEADLINE).expect("the rest of the line"));
    };
    (server, port)
}

/// A peer that a test plays itself
struct Peer {
    listener: TcpListener,
    port: u16,
}

impl Peer {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        Self { listener, port }
    }

    fn accept(&self) -> TcpStream {
        let (listener, (sender, accepted)) = (self.listener.try_clone().expect("a socket can be cloned"), channel());
        thread::spawn(move || sender.send(listener.accept()).ok());
        let (stream, _) = accepted.recv_timeout(DEADLINE).expect("the device connects").expect("a connection");
        stream.set_read_timeout(Some(DEADLINE)).expect("a limit can be set");
        stream.set_nodelay(true).expect("it can be set");
        stream
    }
}

/// The device with its connection to a peer
fn connected(board: Board, peer: &Peer) -> (Process, TcpStream) {
    let mut device = device(board, &format!("10.0.2.2:{}", peer.port), None);
    let stream = peer.accept();
    // The emulator accepts for the host before the device knows.
    device.wait_for("connected to");
    (device, stream)
}

/// Reads until the device has sent this at the end
fn hear(stream: &mut TcpStream, end: &[u8]) {
    let (mut heard, mut byte) = (Vec::new(), [0]);
    while !heard.ends_with(end) {
        stream.read_exact(&mut byte).unwrap_or_else(|error| panic!("heard {heard:02x?}, expected {end:02x?}: {error}"));
        heard.extend(byte);
    }
}

fn varint(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7F {
        bytes.push(u8::try_from(value & 0x7F).expect("seven bits") | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).expect("seven bits"));
    bytes
}

fn response(json: &str) -> Vec<u8> {
    let string = [varint(json.len()), json.as_bytes().to_vec()].concat();
    [varint(string.len() + 1), vec![0], string].concat()
}

fn ping(payload: i64) -> Vec<u8> {
    [&[9, 1][..], &payload.to_be_bytes()].concat()
}

const REQUEST: [u8; 3] = [1, 1, 0];

#[test]
fn device_and_server_agree_on_a_whole_conversation() {
    for board in BOARDS {
        let (mut server, port) = server();
        let mut device = device(board, &format!("10.0.2.2:{port}"), None);
        device.wait_for(&format!("slp device 0.1.0 on {}", board.name));
        device.wait_for("address 10.0.2.15/24, gateway 10.0.2.2 (DHCP)");
        device.wait_for(&format!("connected to 10.0.2.2:{port}"));
        device.type_line("ping 42");
        device.wait_for("status: Hello World !; slp 0.1.0, protocol -1; 1 of 10 online (149 bytes)");
        device.wait_for("pong 42 after ");
        server.wait_for("ping 42 answered");
        server.type_line("ping -7");
        device.wait_for("server ping -7 answered");
        server.wait_for("pong -7 after");
        device.type_line("stop");
        device.wait_for("the state is default");
        device.type_line("exit");
        device.wait_for("bye");
        assert_eq!(device.end(), 0, "{board:?}");
    }
}

/// The reports in a file, none of them missing or torn
fn reports(file: &Path) -> Vec<Report> {
    let bytes = std::fs::read(file).expect("the emulator has written it");
    let (mut decoder, mut input, mut reports) = (Decoder::new(), bytes.as_slice(), Vec::new());
    while !input.is_empty() {
        let (consumed, event) = decoder.handle_input(input);
        input = &input[consumed..];
        match event {
            None => {}
            Some(Event::Report(envelope)) => {
                assert_eq!(usize::try_from(envelope.sequence), Ok(reports.len()));
                reports.push(envelope.report);
            }
            Some(other) => panic!("{other:?}"),
        }
    }
    reports
}

#[test]
fn reports_of_the_device_agree_with_the_servers_log() {
    let folder = tempfile::tempdir().expect("a folder");
    for (run, board) in BOARDS.into_iter().enumerate() {
        let file = folder.path().join(format!("{run}.reports"));
        let (mut server, port) = server();
        let mut device = device(board, &format!("10.0.2.2:{port}"), Some(&file));
        device.wait_for("connected to");
        server.wait_for("connected");
        device.type_line("ping 42");
        device.wait_for("pong 42 after");
        server.wait_for("status sent, 149 bytes");
        server.wait_for("ping 42 answered");
        server.type_line("ping -7");
        device.wait_for("server ping -7 answered");
        server.wait_for("pong -7 after");
        device.type_line("exit");
        assert_eq!(device.end(), 0, "{board:?}");
        let mut reports = reports(&file);
        let Some(Report::Pong { payload: 42, rtt_us }) = reports.get(4).cloned() else { panic!("{reports:?}") };
        assert!(rtt_us > 0 && u128::from(rtt_us) < DEADLINE.as_micros(), "{rtt_us} µs");
        reports.remove(4);
        let text = |text: &str| text.try_into().expect("a short text");
        let expected = [
            Report::Boot { version: "0.1.0".try_into().expect("short"), board: text(board.name) },
            Report::Address {
                address: Ipv4Addr::new(10, 0, 2, 15),
                prefix: 24,
                gateway: Some(Ipv4Addr::new(10, 0, 2, 2)),
                by_dhcp: true,
            },
            Report::Connected { server: SocketAddrV4::new(Ipv4Addr::new(10, 0, 2, 2), port) },
            Report::Status {
                online: Some(1),
                max: Some(10),
                // As the server logs it.
                response_bytes: 149,
                description: "Hello World !".try_into().expect("short"),
                description_cut: false,
            },
            Report::ServerPing { payload: -7 },
            Report::Disconnected { reason: Reason::Exit },
        ];
        assert_eq!(reports, expected, "{board:?}");
    }
}

#[test]
fn screen_and_keys_show_what_is_stored() {
    let folder = tempfile::tempdir().expect("a folder");
    for board in BOARDS.into_iter().filter(|board| board.name == LM3S.name) {
        let (peer, control) = (Peer::new(), Peer::new());
        let mut qemu = emulator(board, &format!("10.0.2.2:{}", peer.port), None);
        qemu.args(["-qmp", &format!("tcp:127.0.0.1:{}", control.port)]);
        let mut device = Process::start(format!("{board:?}"), qemu);
        let mut control = Control::accept(&control);
        let mut stream = peer.accept();
        device.wait_for("connected to");
        control.wait_for_screen(folder.path(), "status");
        // Each key once: a key that has not been pressed yet reads as pressed, so that no press is too short to be seen.
        control.key("right");
        control.wait_for_screen(folder.path(), "times");
        control.key("down");
        control.wait_for_screen(folder.path(), "network");
        control.key("left");
        control.wait_for_screen(folder.path(), "times");
        control.key("up");
        control.wait_for_screen(folder.path(), "status");
        // Select asks for the status.
        control.key("ctrl");
        hear(&mut stream, &REQUEST);
    }
}

#[test]
fn longest_responses_come_through() {
    let empty = r#"{"description":""}"#;
    for board in BOARDS {
        let peer = Peer::new();
        let (mut device, mut stream) = connected(board, &peer);
        for (filler, units) in [("x", 1), ("\u{20ac}", 1), ("\u{1f600}", 2)] {
            for over in [0, 1] {
                let room = 32_767 - empty.len();
                let text = "y".repeat(room % units + over) + &filler.repeat(room / units);
                let json = format!(r#"{{"description":"{text}"}}"#);
                assert_eq!(json.encode_utf16().count(), 32_767 + over);
                device.type_line("ping 1");
                hear(&mut stream, &REQUEST);
                stream.write_all(&response(&json)).expect("the device reads");
                hear(&mut stream, &ping(1));
                stream.write_all(&ping(1)).expect("the device reads");
                let oversize = if over == 1 { ", longer than the protocol allows" } else { "" };
                device.wait_for(&format!("({} bytes, shortened{oversize})", json.len()));
                device.wait_for("pong 1 after");
            }
        }
        device.type_line("exit");
        assert_eq!(device.end(), 0, "{board:?}");
    }
}

#[test]
fn one_byte_at_a_time_is_as_good() {
    for board in BOARDS {
        let peer = Peer::new();
        let (mut device, mut stream) = connected(board, &peer);
        device.type_line("ping 1");
        hear(&mut stream, &REQUEST);
        for byte in response("{\"description\":\"a\u{1f600}\"}") {
            stream.write_all(&[byte]).expect("the device reads");
        }
        hear(&mut stream, &ping(1));
        for byte in ping(1) {
            stream.write_all(&[byte]).expect("the device reads");
        }
        device.wait_for("status: a\u{1f600}; ");
        device.wait_for("pong 1 after");
    }
}

#[test]
fn peers_that_break_rules_are_left_with_the_reason_and_sought_again() {
    let cases: [(&[u8], &str); 5] = [
        (&[0], "frame of length 0 at byte 0"),
        (&[0xFF; 5], "VarInt of more than 32 bits at byte 4"),
        (&[0x80, 0x80, 0x80, 0x01], "frame of 2097152 bytes at byte 0, at most 2097151 allowed"),
        (&[3, 1, 0, 0], "packet 0x01 ends at byte"),
        (&[4, 0, 2, b'{', b'}'], "Response at byte"),
    ];
    for board in BOARDS {
        for (bytes, reason) in cases {
            let peer = Peer::new();
            let (mut device, mut stream) = connected(board, &peer);
            stream.write_all(bytes).expect("the device reads");
            device.wait_for(reason);
            device.wait_for("; next attempt in");
            drop(stream);
            let _second = peer.accept();
            device.wait_for("connected to");
        }
    }
}

#[test]
fn server_that_stops_in_the_middle_or_is_not_there_is_told() {
    for board in BOARDS {
        let peer = Peer::new();
        let (mut device, mut stream) = connected(board, &peer);
        device.type_line("ping 1");
        hear(&mut stream, &REQUEST);
        let whole = response(r#"{"description":"half"}"#);
        stream.write_all(&whole[..whole.len() / 2]).expect("the device reads");
        // No RST: all that the device sent has been read.
        drop((stream, peer));
        device.wait_for("the peer closed the connection in the middle of a frame; next attempt in");
        device.wait_for("refused the connection; next attempt in");
        device.type_line("connect 10.0.2.2:x");
        device.wait_for("a port is a number from 1 to 65535");
        let (_server, port) = server();
        device.type_line(&format!("connect 10.0.2.2:{port}"));
        device.wait_for(&format!("connected to 10.0.2.2:{port}"));
        device.type_line("exit");
        assert_eq!(device.end(), 0, "{board:?}");
    }
}
