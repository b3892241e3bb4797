//! Does `slp monitor` show what a device reports, whatever else is on the line, and wherever it reads from?

use std::path::PathBuf;

use proto_core::telemetry::{Envelope, MAX_FRAME, Reason, Report, encode};
use serde_json::{Value, json};
use slp_tests::process::Output;
use slp_tests::{Home, Slp, events};

fn text<T: for<'a> TryFrom<&'a str>>(text: &str) -> T {
    T::try_from(text).unwrap_or_else(|_| panic!("too long: {text:?}"))
}

fn frame(sequence: u32, time_us: u64, report: Report) -> Vec<u8> {
    encode(&Envelope { sequence, time_us, report }, &mut [0; MAX_FRAME]).expect("it fits").to_vec()
}

fn boot(time_us: u64) -> Vec<u8> {
    frame(0, time_us, Report::Boot { version: text("0.1.0"), board: text("lm3s6965evb") })
}

fn pong(sequence: u32, time_us: u64) -> Vec<u8> {
    frame(sequence, time_us, Report::Pong { payload: -42, rtt_us: 1_240 })
}

/// One of each report
fn session() -> Vec<u8> {
    let server = "10.0.2.2:25565".parse().expect("an address");
    let status = Report::Status {
        online: Some(3),
        max: None,
        response_bytes: 214,
        description: text("§aHello World !"),
        description_cut: true,
    };
    let address = Report::Address {
        address: [10, 0, 2, 15].into(),
        prefix: 24,
        gateway: Some([10, 0, 2, 2].into()),
        by_dhcp: true,
    };
    [
        boot(40),
        frame(1, 1_500_000, address),
        frame(2, 1_600_999, Report::Connected { server }),
        frame(3, 61_000_000, status),
        pong(4, 61_001_000),
        frame(5, 3_600_000_000, Report::ServerPing { payload: i64::MIN }),
        frame(6, 3_600_000_001, Report::Error { code: 7, numbers: [-1, 2] }),
        frame(7, 3_600_000_002, Report::Disconnected { reason: Reason::TimedOut }),
    ]
    .concat()
}

fn monitor(args: &[&str]) -> Slp {
    Slp::new(["monitor"]).args(args.iter().copied())
}

/// A monitor of a file with this content
fn of_file(content: &[u8], args: &[&str]) -> Slp {
    let home = Home::new();
    let file = home.file("capture.bin", content);
    monitor(args).args([file]).home(&home)
}

fn parsed(line: &str) -> Value {
    let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON: {error}: {line:?}"));
    assert!(event.as_object().is_some_and(|event| event.contains_key("received_us")), "{line}");
    event
}

fn objects(output: &Output) -> Vec<Value> {
    output.assert_done();
    output.stdout.iter().map(|line| parsed(line)).collect()
}

/// The event's name with its number, or with its length where it has none
fn outline(events: &[Value]) -> Vec<(String, i64)> {
    let outline = |event: &Value| {
        let number = event["sequence"].as_i64().or_else(|| event["bytes"].as_i64()).unwrap_or(-1);
        (event["event"].as_str().expect("a name").to_owned(), number)
    };
    events.iter().map(outline).collect()
}

fn outlined(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    expected.iter().map(|&(name, number)| (name.to_owned(), number)).collect()
}

#[test]
fn recording_is_shown_a_line_a_report() {
    let output = of_file(&session(), &[]).run();
    output.assert_done();
    assert_eq!(
        output.stdout,
        [
            "00:00:00.000  #0 firmware 0.1.0 started on lm3s6965evb",
            "00:00:01.500  #1 address 10.0.2.15/24, gateway 10.0.2.2 (DHCP)",
            "00:00:01.600  #2 connected to 10.0.2.2:25565",
            "00:01:01.000  #3 status: Hello World !…; 3 of ? online (214 bytes)",
            "00:01:01.001  #4 pong -42 after 1.24 ms",
            "01:00:00.000  #5 server ping -9223372036854775808 answered",
            "01:00:00.000  #6 the server answered ping -1 with 2",
            "01:00:00.000  #7 disconnected: the server took too long",
        ]
    );
}

#[test]
fn recording_is_shown_as_json_with_every_field() {
    let stamp = |mut event: Value, sequence: u32, time_us: u64| {
        event["sequence"] = sequence.into();
        event["time_us"] = time_us.into();
        event["lost"] = 0.into();
        event["received_us"] = Value::Null;
        event
    };
    let expected = [
        stamp(json!({ "event": "boot", "version": "0.1.0", "board": "lm3s6965evb" }), 0, 40),
        stamp(
            json!({
                "event": "address", "address": "10.0.2.15", "prefix": 24, "gateway": "10.0.2.2", "by_dhcp": true
            }),
            1,
            1_500_000,
        ),
        stamp(json!({ "event": "connected", "server": "10.0.2.2:25565" }), 2, 1_600_999),
        stamp(
            json!({
                "event": "status", "online": 3, "max": null, "description": "Hello World !",
                "description_cut": true, "raw_bytes": 214
            }),
            3,
            61_000_000,
        ),
        stamp(json!({ "event": "pong", "payload": -42, "rtt_us": 1_240 }), 4, 61_001_000),
        stamp(json!({ "event": "server_ping", "payload": i64::MIN }), 5, 3_600_000_000),
        stamp(
            json!({
                "event": "error", "message": "the server answered ping -1 with 2", "code": 7, "numbers": [-1, 2]
            }),
            6,
            3_600_000_001,
        ),
        stamp(json!({ "event": "disconnected", "reason": "the server took too long" }), 7, 3_600_000_002),
    ];
    assert_eq!(objects(&of_file(&session(), &["--json"]).run()), expected);
}

#[test]
fn garbage_torn_frames_and_wrong_checksums_are_skipped_and_losses_counted() {
    let mut wrong = pong(3, 300);
    *wrong.get_mut(5).expect("a frame is longer") ^= 0x40;
    let torn = pong(5, 500);
    let torn = torn.get(..8).expect("a frame is longer");
    // A frame's own zeros come on top of those around it.
    let line = [b"boot loader 1.0\r\n", &boot(1)[..], &pong(1, 100), &wrong, &pong(4, 400), torn, &pong(6, 600), b"!"];
    let events = objects(&of_file(&line.concat(), &["--json"]).run());
    let skipped = |at: usize| (events[at]["event"].clone(), events[at]["bytes"].clone(), events[at]["fault"].clone());
    assert_eq!(
        outline(&events),
        outlined(&[
            ("skipped", 17),
            ("boot", 0),
            ("pong", 1),
            ("skipped", i64::try_from(wrong.len() - 2).expect("it is short")),
            ("pong", 4),
            ("skipped", 7),
            ("pong", 6),
            ("skipped", 1),
        ])
    );
    assert_eq!(skipped(0).2, "torn");
    assert_eq!(skipped(3).2, "checksum");
    assert_eq!(skipped(5), (json!("skipped"), json!(7), json!("torn")));
    let lost: Vec<_> = events.iter().filter_map(|event| event["lost"].as_u64()).collect();
    assert_eq!(lost, [0, 0, 2, 1]);

    let output = of_file(&line.concat(), &[]).run();
    output.assert_done();
    assert_eq!(output.stdout[0], "--:--:--.---  skipped 17 bytes: a torn frame, or no frame");
    assert_eq!(output.stdout[4], "00:00:00.000  #4 pong -42 after 1.24 ms (2 reports lost before it)");
    assert_eq!(output.stdout[7], "--:--:--.---  skipped 1 byte: a torn frame, or no frame");
}

#[test]
fn device_that_starts_again_begins_the_count_anew() {
    let line = [boot(9), pong(1, 100), boot(9), pong(1, 90), pong(2, 95), pong(1, 40)].concat();
    let events = objects(&of_file(&line, &["--json"]).run());
    let names = [("boot", 0), ("pong", 1), ("boot", 0), ("pong", 1), ("pong", 2), ("restarted", -1), ("pong", 1)];
    assert_eq!(outline(&events), outlined(&names));
    let lost: Vec<_> = events.iter().filter_map(|event| event["lost"].as_u64()).collect();
    assert_eq!(lost, [0, 0, 0, 0, 0, 1]);
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let description = text("§kA\u{1b}[2J\u{9b}31m\u{202e}B\r\n\u{0}C\u{e0041}");
    let status = Report::Status { online: None, max: None, response_bytes: 1, description, description_cut: false };
    let hello = Report::Boot { version: text("\u{1b}]0;x\u{7}"), board: text("a\nb\u{200f}") };
    let line = [frame(0, 1, hello), frame(1, 2, status)].concat();
    for args in [&[][..], &["--json"]] {
        let output = of_file(&line, args).run();
        output.assert_done();
        assert_eq!(output.stdout.len(), 2, "{output:?}");
        assert!(output.stdout.iter().all(|line| events::is_clean(line)), "{output:?}");
    }
    let events = objects(&of_file(&line, &["--json"]).run());
    for value in [&events[0]["version"], &events[0]["board"], &events[1]["description"]] {
        assert!(value.as_str().is_some_and(events::is_clean), "{value}");
    }
}

#[test]
fn standard_input_is_read_to_its_end_and_stamped_as_it_arrives() {
    let mut process = monitor(&["-", "--json"]).start();
    let (first, rest) = (boot(1), pong(1, 5));
    let (half, other_half) = rest.split_at(6);
    process.write(&first);
    process.write(half);
    let event = parsed(&process.next_line("the first report, though more is to come"));
    assert_eq!(event["event"], "boot");
    // 2020 or later.
    assert!(event["received_us"].as_u64().is_some_and(|micros| micros > 1_577_836_800_000_000), "{event}");
    process.write(other_half);
    assert_eq!(parsed(&process.next_line("the second report"))["sequence"], 1);
    process.close_input();
    assert_eq!(objects(&process.finish()), [] as [Value; 0]);
}

#[test]
fn lines_of_a_live_source_begin_with_the_time_of_day() {
    let mut process = monitor(&["-"]).start();
    process.write(&boot(1));
    let line = process.next_line("the report");
    let (time, rest) = line.split_once("  ").expect("two columns");
    assert_eq!((time.len(), time.matches(':').count()), (8, 2), "{line}");
    assert_eq!(rest, "00:00:00.000  #0 firmware 0.1.0 started on lm3s6965evb");
    process.write(&[b'x'; 5_000]);
    assert!(process.next_line("a remark").contains("is this the device's second port"));
}

#[test]
fn followed_file_is_read_on_and_from_its_beginning_where_it_is_cut_short() {
    let home = Home::new();
    let file = home.file("capture.bin", [boot(1), pong(1, 5)].concat());
    let mut process = monitor(&["--follow", "--json"]).args([file.clone()]).home(&home).start();
    for sequence in 0..2 {
        let event = parsed(&process.next_line("what was in it"));
        assert_eq!((&event["sequence"], &event["received_us"]), (&json!(sequence), &Value::Null));
    }
    append(&file, &pong(2, 9));
    let event = parsed(&process.next_line("what was added"));
    assert_eq!(event["sequence"], 2);
    assert!(event["received_us"].is_u64(), "{event}");
    std::fs::write(&file, pong(7, 1)).expect("it is there");
    let event = parsed(&process.next_line("what is in it instead"));
    assert_eq!((&event["sequence"], &event["lost"]), (&json!(7), &json!(0)), "nothing is known of what was before");
}

fn append(file: &PathBuf, bytes: &[u8]) {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new().append(true).open(file).expect("it is there");
    file.write_all(bytes).expect("it takes them");
}

#[test]
fn source_that_cannot_be_read_is_told_in_one_line() {
    let home = Home::new();
    let folder = home.path().to_string_lossy().into_owned();
    for (args, code, parts) in [
        (&["no-such-file"][..], 1, &["cannot open no-such-file: "][..]),
        (&["no\u{1b}[2J\nfile"], 1, &["cannot open no"]),
        (&[&folder], 1, &["cannot open ", "directory"]),
        (&[], 2, &["PORT|FILE|- is missing", "slp monitor --help"]),
        (&["one", "two"], 2, &["\"two\""]),
        (&["-", "--follow"], 2, &["--follow", "standard input", "slp monitor --help"]),
        (&["-", "--reconnect"], 2, &["--reconnect", "standard input"]),
        (&["x", "--reconnect", "--follow"], 2, &["--reconnect", "--follow"]),
        (&["x", "--baud", "0"], 2, &["--baud", "from 50 to 12000000", "\"0\""]),
        (&["x", "--baud"], 2, &["--baud", "missing"]),
        (&["x", "--plain"], 2, &["\"--plain\""]),
    ] {
        let output = monitor(args).run();
        let line = output.assert_failed(code);
        assert!(events::is_clean(line), "{line:?}");
        for part in parts {
            assert!(line.contains(part), "{part:?} expected in {line:?}");
        }
        assert_eq!(output.stdout, [] as [&str; 0]);
    }
    let output = of_file(b"", &["--reconnect"]).run();
    assert!(output.assert_failed(2).contains("is no serial port"), "{output:?}");
}

#[test]
fn output_that_nobody_reads_ends_the_program() {
    let slp = of_file(&session(), &[]);
    let (program, args, environment) = slp.parts();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = std::process::Command::new(program);
    let output = command.args(args).envs(environment).stdout(writer).output().expect("it starts");
    assert_eq!((output.status.code(), &output.stderr[..]), (Some(1), &[][..]));
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, File};
    use std::io::Write;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::process::Command;

    use portable_pty::{MasterPty, PtySize, native_pty_system};
    use slp_tests::process::Process;
    use slp_tests::screen::Screen;

    use super::*;

    #[test]
    fn signal_ends_it_well() {
        for signal in ["INT", "TERM", "HUP"] {
            let mut process = monitor(&["-", "--json"]).start();
            process.write(&boot(1));
            assert_eq!(parsed(&process.next_line("the report"))["event"], "boot");
            process.signal(signal);
            assert_eq!(objects(&process.finish()), [] as [Value; 0]);
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn full_disk_is_told() {
        let slp = of_file(&session(), &[]);
        let (program, args, environment) = slp.parts();
        let full = File::options().write(true).open("/dev/full").expect("Linux has it");
        let mut command = Command::new(program);
        let output = command.args(args).envs(environment).stdout(full).output().expect("it starts");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.starts_with("slp: cannot write the output: ") && told.lines().count() == 1, "{told:?}");
    }

    #[test]
    fn device_that_is_no_serial_port_is_read_like_a_file() {
        assert_eq!(objects(&monitor(&["/dev/null", "--json"]).run()), [] as [Value; 0]);
        let output = monitor(&["/dev/null", "--reconnect"]).run();
        assert!(output.assert_failed(2).contains("/dev/null is no serial port"), "{output:?}");
    }

    #[test]
    fn terminal_as_standard_input_is_refused() {
        let mut screen = Screen::start(&monitor(&["-"]), 80, 24);
        screen.wait_for("slp: -: standard input is a terminal");
        assert_eq!(screen.finish_and_assert_restored().exit_code(), 2);
    }

    #[test]
    fn redirected_file_is_a_recording() {
        let home = Home::new();
        let file = home.file("capture.bin", boot(1));
        let (program, args, environment) = monitor(&["-", "--json"]).parts();
        let mut command = Command::new(program);
        command.args(args).envs(environment).stdin(File::open(file).expect("it is there"));
        let output = command.output().expect("it starts");
        assert_eq!(parsed(&String::from_utf8_lossy(&output.stdout))["received_us"], Value::Null);
    }

    #[test]
    fn named_pipe_is_read_until_its_writer_is_gone() {
        let home = Home::new();
        let pipe = home.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        let mut process = monitor(&["--json"]).args([pipe.clone()]).home(&home).start();
        let mut writer = File::options().write(true).open(&pipe).expect("the monitor reads it");
        writer.write_all(&boot(1)).expect("the monitor reads it");
        let event = parsed(&process.next_line("the report"));
        assert!(event["event"] == "boot" && event["received_us"].is_u64(), "{event}");
        drop(writer);
        assert_eq!(objects(&process.finish()), [] as [Value; 0]);
    }

    /// A serial port, as far as programs can tell, and the device at its other end
    struct Port {
        device: Box<dyn Write + Send>,
        master: Box<dyn MasterPty + Send>,
    }

    impl Port {
        /// Plugs one in under this path
        fn plug_in(path: &Path) -> Self {
            let pair = native_pty_system().openpty(PtySize::default()).expect("a pseudo-terminal");
            let name = pair.master.tty_name().expect("its name");
            let device = pair.master.take_writer().expect("its writer");
            let beside = path.with_extension("new");
            symlink(name, &beside).expect("a link");
            fs::rename(beside, path).expect("a link");
            Self { device, master: pair.master }
        }

        fn send(&mut self, bytes: &[u8]) {
            self.device.write_all(bytes).and_then(|()| self.device.flush()).expect("it takes them");
        }

        /// The device is gone
        fn unplug(self) {
            // Says farewell on the line, as a terminal does; it may arrive or not.
            drop(self.device);
            drop(self.master);
        }
    }

    fn event(process: &mut Process, name: &str) -> Value {
        let line = process.line(&format!("the event {name}"), |line| parsed(line)["event"] == name);
        parsed(&line)
    }

    #[test]
    fn serial_port_is_read_raw_until_it_is_gone() {
        let home = Home::new();
        let path = home.path().join("port");
        let mut port = Port::plug_in(&path);
        let mut process = monitor(&["--json", "--baud", "57600"]).args([path.clone()]).home(&home).start();
        let opened = event(&mut process, "opened");
        assert_eq!((&opened["port"], &opened["baud"]), (&json!(path.to_string_lossy()), &json!(57_600)));
        // Every byte but the frame's end is among them: a terminal that is not raw would act on several.
        let all: Vec<u8> = (1..=255).collect();
        port.send(&[&all[..], &boot(1), &pong(1, 3)].concat());
        assert_eq!(event(&mut process, "skipped")["bytes"], 255);
        assert!(event(&mut process, "boot")["received_us"].is_u64());
        assert_eq!(event(&mut process, "pong")["sequence"], 1);
        port.unplug();
        let output = process.finish();
        assert!(output.assert_failed(1).contains("port is gone"), "{output:?}");
    }

    #[test]
    fn serial_port_is_waited_for_and_waited_for_again() {
        let home = Home::new();
        let path = home.path().join("port");
        let mut process = monitor(&["--json", "--reconnect"]).args([path.clone()]).home(&home).start();
        let reason = event(&mut process, "waiting")["reason"].clone();
        assert!(reason.as_str().is_some_and(|reason| reason.contains("cannot open")), "{reason}");
        let mut port = Port::plug_in(&path);
        event(&mut process, "opened");
        port.send(&[boot(1), pong(1, 3)].concat());
        assert_eq!(event(&mut process, "pong")["sequence"], 1);
        port.unplug();
        let reason = event(&mut process, "waiting")["reason"].clone();
        assert!(reason.as_str().is_some_and(|reason| reason.contains("is gone")), "{reason}");
        let mut port = Port::plug_in(&path);
        event(&mut process, "opened");
        port.send(&pong(4, 9));
        let pong = event(&mut process, "pong");
        assert_eq!((&pong["sequence"], &pong["lost"]), (&json!(4), &json!(2)));
        process.signal("TERM");
        assert_eq!(process.finish().code, Some(0));
    }
}
