//! Does bad input end one connection with one line, and leave everybody else in peace?
//!
//! Around every bad connection there are two good ones: one at rest, which is pinged while the bad one is open and again
//! when it is gone, and one in the middle of an exchange, which completes after it.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use slp_tests::vectors::Failures;
use slp_tests::{Client, FakeServer, Peer, Server, Slp, events, packets};

/// What a terminal would act on: escape sequences of both kinds, bell, NUL, and what turns text around
const HOSTILE: &str = "a\u{1b}[2Jb\u{1b}]0;owned\u{7}c\u{9b}31md\u{0}e\u{202e}f\u{2066}g\u{7f}h\u{85}i\rj";

/// Bytes of a client that break a rule, and what the server says to it
struct Bad {
    name: &'static str,
    bytes: Vec<u8>,
    /// Part of the reason, which names what was wrong, where, and what was allowed
    reason: &'static [&'static str],
    /// Names of the events before the end, `connected` aside
    before: &'static [&'static str],
}

fn bad_streams() -> Vec<Bad> {
    let status = packets::handshake(1);
    let behind = |bytes: &[u8]| [&status[..], bytes].concat();
    let bad = |name, bytes, reason, before| Bad { name, bytes, reason, before };
    let handshake = &["handshake"][..];
    vec![
        bad("length 0", vec![0], &["frame of length 0", "byte 0", "at least 1"], &[]),
        bad("length 0, later", behind(&[0]), &["frame of length 0", "byte 20"], handshake),
        bad("negative length", packets::varint(-1), &["frame of length -1", "byte 0", "at least 1"], &[]),
        bad("too long", packets::varint(799), &["frame of 799 bytes", "byte 0", "at most 798"], &[]),
        bad("far too long", packets::varint(i32::MAX), &["frame of 2147483647 bytes", "at most 798"], &[]),
        bad("VarInt overflow", vec![0xFF, 0xFF, 0xFF, 0xFF, 0x1F], &["VarInt", "32 bits", "byte 4", "0F"], &[]),
        bad("a sixth byte", vec![0x80, 0x80, 0x80, 0x80, 0x80, 0], &["VarInt", "32 bits", "byte 4"], &[]),
        bad("bad UTF-8", packets::handshake_of(-1, b"local\xFFhost", 25_565, 1), &["not valid UTF-8", "byte 13"], &[]),
        bad("trailing bytes behind a Ping", behind(&packets::frame(1, [0; 9])), &["1 byte", "none allowed"], handshake),
        bad("Ping too short", behind(&packets::frame(1, [0; 7])), &["before its last field"], handshake),
        bad(
            "trailing bytes behind a Handshake",
            packets::frame(0, [&status[2..], &[0, 0][..]].concat()),
            &["2 bytes", "none allowed"],
            &[],
        ),
        bad("next state 4", packets::handshake(4), &["next state 4", "0, 1, 2 or 3"], &[]),
        bad("wrong state: Request in the default state", packets::request(), &["Request", "Handshake"], &[]),
        bad(
            "wrong state: Request behind the Pong",
            behind(&[packets::ping(555), packets::request()].concat()),
            &["Request", "Handshake"],
            &["handshake", "ping"],
        ),
        bad("String longer than allowed", packets::handshake_of(-1, "a".repeat(262), 1, 1), &["UTF-16 units"], &[]),
        bad(
            "unknown id, 16 times",
            packets::frame(0x2A, b"x").repeat(16),
            &["16 packets of unknown id"],
            &["error"; 15],
        ),
    ]
}

/// Two connections that must not notice what happens beside them
struct Bystanders {
    resting: Peer,
    busy: Peer,
    pings: i64,
}

impl Bystanders {
    fn connect(server: &mut Server) -> Self {
        let mut bystanders =
            Self { resting: Peer::connect(server.address()), busy: Peer::connect(server.address()), pings: 0 };
        let Self { resting, busy, .. } = &mut bystanders;
        server.event_of("connected", resting.local());
        server.event_of("connected", busy.local());
        busy.send([packets::handshake(1), packets::request()].concat());
        busy.response();
        server.event_of("request", busy.local());
        server.event_of("handshake", busy.local());
        // Half of a Ping: the other half comes after the trouble.
        busy.send(&packets::ping(77)[..4]);
        bystanders
    }

    /// The one at rest is pinged and its answer is measured
    fn ping(&mut self, server: &mut Server) {
        self.pings += 1;
        server.command(&format!("ping {}", self.pings));
        assert!(server.event("ping_sent")["sent"].as_u64().is_some_and(|sent| sent >= 1));
        self.resting.expect(packets::ping(self.pings));
        self.resting.send(packets::ping(self.pings));
        assert_eq!(server.event_of("pong", self.resting.local())["payload"], self.pings);
    }

    /// The exchange completes, and both are still there
    fn complete(mut self, server: &mut Server) {
        self.ping(server);
        self.busy.send(&packets::ping(77)[4..]);
        self.busy.expect(packets::ping(77));
        assert_eq!(server.event_of("ping", self.busy.local())["payload"], 77);
        let listed = server.list("0");
        let known: Vec<_> = [&self.resting, &self.busy].map(|peer| json!(peer.local().to_string())).into();
        assert_eq!(listed.iter().map(|row| row["client"].clone()).collect::<Vec<_>>(), known);
        let gone = [self.resting.local(), self.busy.local()];
        drop(self);
        for client in gone {
            assert_eq!(server.event_of("disconnected", client)["reason"], "the client closed the connection");
        }
    }
}

/// Asserts that the next lines are about `client`: those `before`, and then its end, which says all of `reason`
fn expect_end(server: &mut Server, client: SocketAddr, before: &[&str], reason: &[&str]) {
    for name in before {
        let event = server.next_event();
        assert_eq!(event["event"], *name, "{event}");
        let told = if *name == "error" { &event["message"] } else { &event["client"] };
        assert!(told.as_str().is_some_and(|text| text.contains(&client.to_string())), "{event}");
    }
    let event = server.next_event();
    assert_eq!((&event["event"], &event["client"]), (&json!("disconnected"), &json!(client.to_string())), "{event}");
    let text = event["reason"].as_str().expect("the schema says so");
    for part in reason {
        assert!(text.contains(part), "{part:?} expected in {text:?}");
    }
}

#[test]
fn each_kind_of_bad_bytes_ends_one_connection_and_no_other() {
    let mut failures = Failures::default();
    for bad in bad_streams() {
        failures.collect(bad.name, || {
            let mut server = Server::start(&[]);
            let mut bystanders = Bystanders::connect(&mut server);
            let mut peer = Peer::connect(server.address());
            server.event_of("connected", peer.local());
            bystanders.ping(&mut server);
            // The ping went to it too; it owes the answer.
            peer.expect(packets::ping(1));
            peer.send_hopefully(&bad.bytes);
            expect_end(&mut server, peer.local(), bad.before, bad.reason);
            // Its own Ping may have been answered before the bytes that were bad.
            peer.read_to_close();
            bystanders.complete(&mut server);
            assert_eq!(server.stop(), [] as [Value; 0], "not a line more");
        });
    }
    failures.assert_none();
}

#[test]
fn plain_lines_tell_each_bad_connection_once() {
    let mut server = Slp::new(["server", "--listen", "127.0.0.1:0", "--plain"]).start();
    let listening = server.next_line("the address");
    let address = listening.rsplit(' ').next().and_then(|text| text.parse().ok()).expect("an address");
    for bad in bad_streams() {
        let mut peer = Peer::connect(address);
        let client = peer.local().to_string();
        peer.send_hopefully(&bad.bytes);
        peer.read_to_close();
        let end = server.line("its end", |line| line.contains(&client) && line.contains("closed: "));
        assert!(bad.reason.iter().all(|part| end.contains(part)), "{}: {end}", bad.name);
        for name in bad.before {
            server.line(name, |line| line.contains(&client) && !line.ends_with("connected"));
        }
        server.line("its beginning", |line| line.contains(&client) && line.ends_with("connected"));
    }
    server.write(b"stop\n");
    let output = server.finish();
    output.assert_done();
    assert_eq!(output.stdout.len(), 1, "`stopped` and nothing else: {output:?}");
}

#[test]
fn half_a_frame_and_then_silence_ends_one_connection() {
    let mut server = Server::with_config("[server]\nframe_timeout = 0.3\n");
    let half = packets::handshake(1);
    let mut resting = Client::connect(server.address(), &[]);
    server.event("connected");
    let mut peer = Peer::connect(server.address());
    server.event_of("connected", peer.local());
    peer.send(&half[..7]);
    server.command("ping 1");
    assert_eq!(resting.event("server_ping")["payload"], 1);
    server.event("ping_sent");
    server.event("pong");
    expect_end(&mut server, peer.local(), &[], &["timed out", "frame was not complete", "300ms"]);
    // Before its end, or not at all on a slow machine, it was pinged like everybody else.
    peer.read_to_close();
    assert_eq!(server.list("").len(), 1);
    assert_eq!(resting.exit(), [] as [Value; 0]);
}

#[test]
fn byte_every_now_and_then_does_not_put_the_end_of_a_frame_off() {
    let mut server = Server::with_config("[server]\nframe_timeout = 0.4\n");
    let mut peer = Peer::connect(server.address());
    server.event_of("connected", peer.local());
    // More than 10 s for the whole frame; it may take 400 ms.
    let slow = packets::handshake_of(-1, "a".repeat(200), 25_565, 1);
    let taken = slow.chunks(1).take_while(|byte| {
        peer.send_hopefully(byte);
        !peer.closes_within(Duration::from_millis(50))
    });
    let count = taken.count();
    assert!(count < slow.len(), "all of it was taken");
    expect_end(&mut server, peer.local(), &[], &["timed out", "frame was not complete", "400ms"]);
}

#[cfg(unix)]
#[test]
fn what_came_in_time_counts_even_where_the_server_was_held_up() {
    let mut server = Server::with_config("[server]\nframe_timeout = 0.1\n");
    for _ in 0..8 {
        let mut peer = Peer::connect(server.address());
        server.event_of("connected", peer.local());
        let handshake = packets::handshake(1);
        server.signal("STOP");
        peer.send(&handshake);
        peer.send(&packets::ping(1)[..5]);
        server.signal("CONT");
        server.event_of("handshake", peer.local());
        server.signal("STOP");
        peer.send(&packets::ping(1)[5..]);
        // Twice the time that a frame may take; it answers at once where the signal came too late to hold it up.
        peer.wait_for_anything(Duration::from_millis(200));
        server.signal("CONT");
        peer.expect(packets::ping(1));
        server.event_of("ping", peer.local());
    }
}

#[test]
fn reset_in_the_middle_of_a_frame_ends_one_connection() {
    let mut server = Server::start(&[]);
    let mut bystanders = Bystanders::connect(&mut server);
    let mut peer = Peer::connect(server.address());
    let client = peer.local();
    server.event_of("connected", client);
    peer.send(&packets::handshake(1)[..7]);
    bystanders.ping(&mut server);
    peer.reset();
    expect_end(&mut server, client, &[], &["the client reset the connection"]);
    bystanders.complete(&mut server);
    assert_eq!(server.stop(), [] as [Value; 0], "not a line more");
}

#[test]
fn end_in_the_middle_of_a_frame_ends_one_connection() {
    let mut server = Server::start(&[]);
    let bystanders = Bystanders::connect(&mut server);
    let mut peer = Peer::connect(server.address());
    server.event_of("connected", peer.local());
    peer.send(&packets::handshake(1)[..7]);
    peer.finish_sending();
    expect_end(&mut server, peer.local(), &[], &["in the middle of a frame"]);
    peer.expect_close();
    bystanders.complete(&mut server);
    assert_eq!(server.stop(), [] as [Value; 0], "not a line more");
}

#[test]
fn client_that_asks_and_never_reads_is_not_listened_to() {
    // A long answer, so that few of them fill what the system keeps of them.
    let description = "x".repeat(30_000);
    let server = Server::start(&["--description", &description, "--quiet"]);
    let mut calm = Peer::connect(server.address());
    let mut flood = Peer::connect(server.address());
    flood.send(packets::handshake(1));
    // Bounded: 64 MB of Requests would be 900 GB of answers.
    let (_, all) = flood.send_while_taken(&packets::request().repeat(4_096), 8_192, Duration::from_millis(500));
    assert!(!all, "the server reads on although its answers are not read");
    // Meanwhile others are served.
    calm.send([packets::handshake(1), packets::request(), packets::ping(5)].concat());
    assert_eq!(calm.response()["players"]["online"], 2);
    calm.expect(packets::ping(5));
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).expect("the server runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak of memory");
        let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
        assert!(kilobytes < 64 << 10, "{kilobytes} kB of memory for two connections");
    }
    drop(flood);
    drop(calm);
    server.stop();
}

#[test]
fn many_connections_that_send_noise_leave_a_server_that_serves() {
    let mut server = Server::start(&["--max-clients", "100"]);
    let bystanders = Bystanders::connect(&mut server);
    // A generator of its own, with its seed, so that each run is the same.
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 0..200 {
        let mut peer = Peer::connect(server.address());
        server.event_of("connected", peer.local());
        let noise: Vec<u8> = (0..300)
            .map(|_| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                random.to_le_bytes()[0]
            })
            .collect();
        peer.send_hopefully(&noise);
        peer.send_hopefully(&[0]);
        drop(peer);
        server.event("disconnected");
    }
    bystanders.complete(&mut server);
}

#[test]
fn hostile_server_address_reaches_no_terminal() {
    for mode in ["--plain", "--json"] {
        let mut server = Slp::new(["server", "--listen", "127.0.0.1:0", mode]).start();
        let listening = server.next_line("the address");
        let address = listening.split(['"', ' ']).find_map(|part| part.parse().ok()).expect("an address");
        let mut peer = Peer::connect(address);
        // NUL begins what mods append, which is left out; so it comes last here.
        let hostile = format!("{}\0FML\0", HOSTILE.replace('\0', ""));
        peer.send([packets::handshake_of(5, &hostile, 1, 1), packets::ping(1)].concat());
        peer.expect(packets::ping(1));
        drop(peer);
        let line = server.line("the handshake", |line| line.contains("handshake"));
        assert!(events::is_clean(&line) && !line.contains("FML"), "{line:?}");
        assert!(line.contains("[2Jb") && line.contains("owned"), "what is harmless stays: {line:?}");
        if mode == "--json" {
            assert_eq!(events::parse(events::Side::Server, &line)["protocol_version"], 5);
        }
        server.write(b"stop\n");
        let output = server.finish();
        output.assert_done();
        assert!(output.stdout.iter().all(|line| events::is_clean(line)), "{output:?}");
    }
}

/// A client in line mode, its server, and what they have said to each other so far: the request
fn asked(args: &[&str], config: &str) -> (slp_tests::process::Process, FakeServer, Peer) {
    let fake = FakeServer::start();
    let mut client =
        Slp::new(["client", &fake.address().to_string()]).args(args.iter().copied()).config(config).start();
    let mut peer = fake.accept();
    client.write(b"ping 7\n");
    peer.expect(fake.hello());
    (client, fake, peer)
}

#[test]
fn each_kind_of_bad_bytes_ends_the_client_with_one_line() {
    let document = packets::response("{}");
    let half = &document[..3];
    let cases: &[(&str, Vec<u8>, &[&str])] = &[
        ("length 0", vec![0], &["frame of length 0", "byte 0"]),
        ("negative length", packets::varint(-5), &["frame of length -5", "byte 0"]),
        ("too long", packets::varint(2_097_152), &["frame of 2097152 bytes", "at most 2097151"]),
        ("VarInt overflow", vec![0xFF; 5], &["VarInt", "32 bits", "byte 4"]),
        ("bad UTF-8", packets::response(b"{\"a\":\"\xC3\x28\"}"), &["not valid UTF-8", "byte 10"]),
        (
            "text longer than its frame",
            packets::frame(0, [&[9][..], b"{}"].concat()),
            &["ends at byte 3", "before its last field"],
        ),
        ("negative length of a text", packets::frame(0, packets::varint(-1)), &["String of -1 bytes"]),
        ("Response twice", document.repeat(2), &["Response", "not asked for", "byte 5"]),
        ("Pong too short", packets::frame(1, [0; 3]), &["ends at byte 5"]),
        ("unknown id, 16 times", packets::frame(0x33, b"abc").repeat(16), &["16 packets of unknown id"]),
        ("the end within a frame", half.to_vec(), &["in the middle of a frame"]),
        ("the end without an answer", Vec::new(), &["closed the connection without answering"]),
    ];
    let mut failures = Failures::default();
    for (name, bytes, parts) in cases {
        failures.collect(name, || {
            for mode in ["--plain", "--json"] {
                let (client, _fake, mut peer) = asked(&[mode], "");
                peer.send_hopefully(bytes);
                peer.finish_sending();
                peer.read_to_close();
                let output = client.finish();
                let line = output.assert_failed(1);
                for part in *parts {
                    assert!(line.contains(part), "{part:?} expected in {line:?}");
                }
                let ends = output.stdout.iter().filter(|line| line.contains("disconnected")).count();
                assert_eq!(ends, 1, "one line in the log too: {output:?}");
            }
        });
    }
    failures.assert_none();
}

#[test]
fn reset_ends_the_client_with_one_line() {
    let (client, _fake, mut peer) = asked(&["--json"], "");
    peer.send(&packets::response("{}")[..3]);
    peer.reset();
    let output = client.finish();
    assert!(output.assert_failed(1).contains("the server reset the connection"), "{output:?}");
}

#[test]
fn server_that_keeps_silent_is_timed_out() {
    for (args, config) in
        [(&["--json", "--timeout", "0.2"][..], ""), (&["--json"][..], "[client]\nresponse_timeout = 0.2\n")]
    {
        let (mut client, _fake, mut peer) = asked(args, config);
        client.close_input();
        peer.read_to_close();
        let output = client.finish();
        let line = output.assert_failed(1);
        assert!(line.contains("no complete Response within 200ms"), "{line}");
        assert!(output.stdout.iter().any(|line| line.contains(r#""event":"error""#)), "{output:?}");
    }
}

#[test]
fn server_that_sends_a_response_without_end_is_timed_out() {
    // The deadline is that of the whole exchange: a byte now and then does not put it off.
    let (mut client, _fake, mut peer) = asked(&["--json", "--timeout", "0.4"], "");
    client.close_input();
    let document = packets::response(format!("{{\"a\":\"{}\"}}", "x".repeat(200)));
    let count = document
        .chunks(1)
        .take_while(|byte| {
            peer.send_hopefully(byte);
            !peer.closes_within(Duration::from_millis(40))
        })
        .count();
    assert!(count < 100, "{count} bytes were taken");
    drop(peer);
    let output = client.finish();
    assert!(output.assert_failed(1).contains("no complete Response within 400ms"), "{output:?}");
}

#[test]
fn missing_and_wrong_pongs_are_failures() {
    let (mut client, _fake, mut peer) = asked(&["--json"], "[client]\npong_timeout = 0.2\n");
    peer.send(packets::response("{}"));
    peer.expect(packets::ping(7));
    client.close_input();
    peer.read_to_close();
    let output = client.finish();
    assert!(output.assert_failed(1).contains("no Pong within 200ms"), "{output:?}");

    let (mut client, _fake, mut peer) = asked(&["--json"], "");
    peer.send(packets::response("{}"));
    peer.expect(packets::ping(7));
    client.close_input();
    peer.send(packets::ping(8));
    peer.read_to_close();
    let output = client.finish();
    let line = output.assert_failed(1);
    assert!(line.contains('7') && line.contains('8'), "both payloads are told: {line}");
}

#[test]
fn document_that_is_none_is_a_failure() {
    for document in ["", "no JSON", "[1", "{\"a\":}", &"[".repeat(100), "{} trailing"] {
        let (mut client, _fake, mut peer) = asked(&["--json"], "");
        peer.send(packets::response(document));
        peer.expect(packets::ping(7));
        client.close_input();
        peer.send(packets::ping(7));
        peer.read_to_close();
        let output = client.finish();
        output.assert_failed(1);
        assert!(!output.stdout.iter().any(|line| line.contains(r#""status""#)), "{document:?}: {output:?}");
    }
}

#[test]
fn hostile_document_reaches_no_terminal() {
    let escaped = packets::escaped(HOSTILE);
    // As characters only what JSON lets stand for itself.
    let raw: String = HOSTILE.chars().filter(|c| !c.is_ascii_control() || *c == '\u{7f}').collect();
    for text in [escaped, raw] {
        let document = format!(
            r#"{{"version":{{"name":"{text}","protocol":1}},"players":{{"max":1,"online":0,"sample":[{{"name":"{text}","id":""}}]}},"description":{{"text":"{text}","extra":["{text}"]}}}}"#
        );
        for mode in ["--plain", "--json"] {
            let (mut client, _fake, mut peer) = asked(&[mode], "");
            client.close_input();
            peer.send(packets::response(&document));
            peer.expect(packets::ping(7));
            peer.send(packets::ping(7));
            peer.read_to_close();
            let output = client.finish();
            output.assert_done();
            assert!(output.stdout.iter().all(|line| events::is_clean(line)), "{output:?}");
            let status = output.stdout.iter().find(|line| line.contains("status")).expect("the status");
            if mode == "--json" {
                let status = events::parse(events::Side::Client, status);
                assert!(status["version_name"].as_str().is_some_and(|name| name.starts_with('a')), "{status}");
            }
        }
    }
}

#[test]
fn longest_document_is_read_and_marked_and_strict_refuses_it() {
    // A frame of 2 097 151 bytes, the most that there is: id, length of the text, text.
    let filler = "x".repeat(2_097_147 - r#"{"description":"A","a":""}"#.len());
    let document = format!(r#"{{"description":"A","a":"{filler}"}}"#);
    let frame = packets::response(&document);
    assert_eq!(frame.len(), 2_097_151 + 3);

    let (mut client, _fake, mut peer) = asked(&["--json"], "");
    client.close_input();
    peer.send(&frame);
    peer.expect(packets::ping(7));
    peer.send(packets::ping(7));
    let status = client.line("the status", |line| line.contains(r#""status""#));
    let status = events::parse(events::Side::Client, &status);
    assert_eq!((&status["description"], &status["raw_bytes"]), (&json!("A"), &json!(2_097_147)));
    client.finish().assert_done();

    let (mut client, _fake, mut peer) = asked(&["--plain"], "");
    client.close_input();
    peer.send(&frame);
    peer.expect(packets::ping(7));
    peer.send(packets::ping(7));
    client.line("the mark", |line| line.contains("more than the 32767 allowed"));
    client.finish().assert_done();

    for (args, config) in [(&["--json", "--strict"][..], ""), (&["--json"][..], "[client]\nstrict = true\n")] {
        let (client, _fake, mut peer) = asked(args, config);
        peer.send_hopefully(&frame);
        peer.read_to_close();
        let output = client.finish();
        let line = output.assert_failed(1);
        assert!(line.contains("String of 2097147 bytes") && line.contains("98301"), "{line}");
    }
}

#[test]
fn server_that_never_stops_talking_does_not_keep_the_client_from_its_commands() {
    let (mut client, _fake, peer) = asked(&["--json"], "");
    let mut stream = peer.stream().try_clone().expect("a second handle");
    // Bounded: at most 64 MB of pings, and as many echoes are never read.
    let pings = packets::ping(1).repeat(6_000);
    let talk = std::thread::spawn(move || (0..1_000).take_while(|_| stream.write_all(&pings).is_ok()).count());
    client.line("a ping", |line| line.contains("server_ping"));
    client.write(b"exit\n");
    let output = client.finish();
    output.assert_done();
    drop(peer);
    talk.join().expect("the talker ends");
}
