//! The device and peers that break the rules of PROTOCOL.md: what does its console say for each of them?
//!
//! One row a rule. The device runs on; a row that ends the connection is followed by another connection.

use proto_core::telemetry::code::{CLOSED_EARLY, DOCUMENT, PONG_MISMATCH, PROTOCOL, TRAILING_BYTES, UNKNOWN_PACKET};
use proto_core::telemetry::{Reason, Report};
use slp_tests::device::{BOARDS, BOTH_WAYS, Board, Device, each};
use slp_tests::{FakeServer, Peer, packets};

/// A device and the peer that plays its server
struct Scene {
    fake: FakeServer,
    device: Device,
    peer: Peer,
}

impl Scene {
    fn new(board: Board) -> Self {
        let fake = FakeServer::start();
        let mut device = board.emulator().word(format!("server=10.0.2.2:{}", fake.address().port())).start();
        let peer = fake.accept();
        // The emulator accepts for the host before the device knows.
        device.wait_for("connected to");
        Self { fake, device, peer }
    }

    /// Types `ping` and takes what the device sends for it
    #[track_caller]
    fn ping(&mut self, payload: i64) {
        self.device.type_line(&format!("ping {payload}"));
        self.peer.expect(packets::hello("10.0.2.2", self.fake.address().port()));
    }

    /// A whole exchange, which shows that nothing of what came before is left
    #[track_caller]
    fn exchange(&mut self, payload: i64) {
        self.ping(payload);
        self.peer.send(packets::response(r#"{"description":"well"}"#));
        self.peer.expect(packets::ping(payload));
        self.peer.send(packets::ping(payload));
        self.device.wait_for("status: well; ");
        self.device.wait_for(&format!("pong {payload} after"));
    }

    /// The next connection, at once
    #[track_caller]
    fn again(&mut self) {
        self.device.type_line(&format!("connect 10.0.2.2:{}", self.fake.address().port()));
        self.peer = self.fake.accept();
        self.device.wait_for("connected to");
    }
}

/// Bytes that end the connection, sent in the default state or behind a Request, and the reason
struct Row {
    rule: &'static str,
    asked: bool,
    bytes: Vec<u8>,
    reason: &'static str,
    /// The byte that the report names
    offset: i64,
}

fn row(rule: &'static str, bytes: impl Into<Vec<u8>>, reason: &'static str, offset: i64) -> Row {
    Row { rule, asked: false, bytes: bytes.into(), reason, offset }
}

/// A String of this length as a Response, whatever follows
fn response_of(length: i32, text: &[u8]) -> Vec<u8> {
    packets::frame(0, [packets::varint(length), text.to_vec()].concat())
}

fn asked(row: Row) -> Row {
    Row { asked: true, ..row }
}

fn rows() -> Vec<Row> {
    let unknown = |count: usize| packets::frame(0x7F, [1, 2, 3]).repeat(count);
    vec![
        row(
            "a fifth byte above 0F overflows, in a frame's length",
            [0xFF, 0xFF, 0xFF, 0xFF, 0x10],
            "VarInt of more than 32 bits at byte 4; its fifth byte may be 0F at most",
            4,
        ),
        row(
            "a sixth byte never is read",
            [0x80; 6],
            "VarInt of more than 32 bits at byte 4; its fifth byte may be 0F at most",
            4,
        ),
        row("length 0", [0], "frame of length 0 at byte 0, at least 1 expected", 0),
        row("length 0, overlong", [0x80, 0x80, 0], "frame of length 0 at byte 0, at least 1 expected", 0),
        row("negative length", [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], "frame of length -1 at byte 0, at least 1 expected", 0),
        row(
            "length above the maximum",
            [0x80, 0x80, 0x80, 0x01],
            "frame of 2097152 bytes at byte 0, at most 2097151 allowed",
            0,
        ),
        row("a frame that ends within the id", [1, 0x80], "frame ends at byte 2, within the packet id", 2),
        row(
            "an id with a fifth byte above 0F",
            [6, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 0],
            "VarInt of more than 32 bits at byte 5",
            5,
        ),
        row(
            "a Ping that ends before its payload",
            packets::frame(1, [0; 7]),
            "packet 0x01 ends at byte 9, before its last field is complete",
            9,
        ),
        row(
            "a Response that nobody asked for",
            packets::response("{}"),
            "Response at byte 0 that was not asked for",
            0,
        ),
        row("the 16th unknown id", unknown(16), "16 packets of unknown id, the last at byte 75", 75),
        asked(row(
            "a String of negative length",
            response_of(-1, b"{}"),
            "String of -1 bytes at byte 6, from 0 to 2097151 allowed",
            6,
        )),
        asked(row(
            "a String of more bytes than any frame has",
            response_of(2_097_152, b"{}"),
            "String of 2097152 bytes at byte 5, from 0 to 2097151 allowed",
            5,
        )),
        asked(row(
            "a String longer than its frame",
            response_of(3, b"{}"),
            "packet 0x00 ends at byte 3, before its last field is complete",
            3,
        )),
        asked(row(
            "a String's length with a fifth byte above 0F",
            packets::frame(0, [0xFF, 0xFF, 0xFF, 0xFF, 0x7F]),
            "VarInt of more than 32 bits at byte 6",
            6,
        )),
        asked(row(
            "a String's length that its frame cuts",
            packets::frame(0, [0x80]),
            "packet 0x00 ends at byte 3, before its last field is complete",
            3,
        )),
        asked(row(
            "a byte that no character has",
            response_of(2, &[b'{', 0xFF]),
            "String is not valid UTF-8 at byte 4",
            4,
        )),
        asked(row(
            "an overlong character",
            response_of(4, &[b'"', 0xC0, 0x80, b'"']),
            "String is not valid UTF-8 at byte 4",
            4,
        )),
        asked(row(
            "half of a surrogate pair",
            response_of(5, &[b'"', 0xED, 0xA0, 0x80, b'"']),
            "String is not valid UTF-8 at byte 5",
            5,
        )),
        asked(row(
            "a character that the String's end cuts",
            response_of(3, &[b'"', 0xE2, 0x82]),
            "String is not valid UTF-8 at byte 5",
            5,
        )),
    ]
}

#[test]
fn peers_that_break_a_rule_are_left_with_the_reason_and_sought_again() {
    each(&BOTH_WAYS, |board| {
        let mut scene = Scene::new(board);
        let mut expected = Vec::new();
        for Row { rule, asked, bytes, reason, offset } in rows() {
            if asked {
                scene.ping(1);
            }
            scene.peer.send_hopefully(&bytes);
            let before = scene.device.wait_for(reason);
            assert!(!before.contains("next attempt in"), "{board}: {rule}: another reason came first: {before:?}");
            scene.device.wait_for("; next attempt in ");
            let unknown = if rule == "the 16th unknown id" { 15 } else { 0 };
            expected.extend((0..unknown).map(|_| Report::Error { code: UNKNOWN_PACKET, numbers: [0x7F, 3] }));
            expected.push(Report::Error { code: PROTOCOL, numbers: [offset, 0] });
            expected.push(Report::Disconnected { reason: Reason::Protocol });
            scene.again();
        }
        scene.exchange(5);
        scene.device.exit();
        let failures = |report: &Report| matches!(report, Report::Error { .. } | Report::Disconnected { .. });
        let reports: Vec<Report> = scene.device.reports().into_iter().filter(failures).collect();
        expected.push(Report::Disconnected { reason: Reason::Exit });
        assert_eq!(reports, expected, "{board}");
    });
}

#[test]
fn what_the_protocol_allows_or_has_skipped_leaves_the_connection_standing() {
    each(&BOTH_WAYS, |board| {
        let mut scene = Scene::new(board);
        // Overlong VarInts: a length of 9 in four bytes, an id of 1 in five.
        scene.peer.send([&[0x8D, 0x80, 0x00, 0x81, 0x80, 0x80, 0x80, 0x00][..], &7_i64.to_be_bytes()].concat());
        scene.device.wait_for("server ping 7 answered");
        scene.peer.expect(packets::ping(7));
        // Bytes behind the JSON, as some servers append them.
        scene.ping(1);
        let json = packets::string(r#"{"description":"more"}"#);
        scene.peer.send(packets::frame(0, [&json[..], &[1, 2, 3]].concat()));
        scene.device.wait_for("the server sent 3 bytes behind the end of packet 0x00; skipped");
        scene.device.wait_for("status: more; ");
        scene.peer.expect(packets::ping(1));
        scene.peer.send(packets::frame(1, [&1_i64.to_be_bytes()[..], &[0]].concat()));
        scene.device.wait_for("the server sent 1 bytes behind the end of packet 0x01; skipped");
        scene.device.wait_for("pong 1 after");
        // Unknown ids, one less than are too many.
        scene.peer.send(packets::frame(-1, [0; 300]));
        scene.device.wait_for("the server sent a packet of unknown id -1, 300 bytes; skipped");
        for _ in 1..15 {
            scene.peer.send(packets::frame(2, []));
            scene.device.wait_for("the server sent a packet of unknown id 2, 0 bytes; skipped");
        }
        // A Request asks a client for nothing.
        scene.peer.send(packets::request());
        // A document that is none.
        scene.ping(2);
        scene.peer.send(packets::response("[1]"));
        scene.peer.expect(packets::ping(2));
        scene.peer.send(packets::ping(2));
        scene.device.wait_for("pong 2 after");
        // A ping of the server's that crosses our Handshake is echoed, and the exchange goes on.
        scene.ping(3);
        scene.peer.send(packets::ping(-3));
        scene.peer.expect(packets::ping(-3));
        scene.device.wait_for("server ping -3 answered");
        scene.peer.send(packets::response(r#"{"description":"crossed"}"#));
        scene.peer.expect(packets::ping(3));
        // And a Pong with another payload ends it.
        scene.peer.send(packets::ping(4));
        scene.device.wait_for("the server answered ping 3 with 4");
        scene.exchange(5);
        scene.device.exit();
        let errors: Vec<(u16, [i64; 2])> = scene.device.reports().iter().filter_map(error).collect();
        let mut expected = vec![(TRAILING_BYTES, [0, 3]), (TRAILING_BYTES, [1, 1]), (UNKNOWN_PACKET, [-1, 300])];
        expected.extend([(UNKNOWN_PACKET, [2, 0]); 14]);
        expected.extend([(DOCUMENT, [0, 0]), (PONG_MISMATCH, [3, 4])]);
        assert_eq!(errors, expected, "{board}");
    });
}

fn error(report: &Report) -> Option<(u16, [i64; 2])> {
    match *report {
        Report::Error { code, numbers } => Some((code, numbers)),
        _ => None,
    }
}

/// Stopped requests: their answers are skipped when they come, and no more than four may be owed
#[test]
fn stopped_requests_are_owed_and_four_at_most() {
    each(&BOARDS, |board| {
        let mut scene = Scene::new(board);
        let port = scene.fake.address().port();
        for payload in 1..=4 {
            scene.ping(payload);
            scene.device.type_line("ping 9");
            scene.device.wait_for("\"ping\" needs the state default; the state is status");
            scene.device.type_line("stop");
            scene.device.wait_for("stopped; the state is default");
            scene.peer.expect(packets::handshake_of(-1, "10.0.2.2", port, 0));
        }
        scene.device.type_line("ping 5");
        scene.device.wait_for("\"ping\" refused: 4 stopped requests are still unanswered");
        for _ in 0..4 {
            scene.peer.send(packets::response(r#"{"description":"late"}"#));
        }
        // Answered in order, so that what follows them has been read when this has.
        scene.peer.send(packets::ping(-1));
        scene.peer.expect(packets::ping(-1));
        scene.device.wait_for("server ping -1 answered");
        scene.exchange(6);
        scene.device.exit();
        assert!(scene.device.console().iter().all(|line| !line.contains("late")), "{board}");
    });
}

#[test]
fn servers_that_close_say_how_far_it_had_come() {
    let document = || packets::response(r#"{"description":"x"}"#);
    each(&BOARDS, |board| {
        let mut scene = Scene::new(board);
        let mut expected = Vec::new();
        let early = Some(CLOSED_EARLY);
        let ends = [
            (false, Vec::new(), "the server closed the connection; next attempt", None),
            (
                true,
                Vec::new(),
                "the server closed the connection without answering; it may still be starting; next attempt",
                early,
            ),
            (
                true,
                document(),
                "the server closed the connection after the Response, without a Pong; next attempt",
                early,
            ),
            (false, vec![9, 1, 0], "the peer closed the connection in the middle of a frame; next attempt", early),
        ];
        for (asks, bytes, told, code) in ends {
            if asks {
                scene.ping(1);
            }
            scene.peer.send(&bytes);
            if bytes == document() {
                scene.peer.expect(packets::ping(1));
            }
            scene.peer.finish_sending();
            scene.device.wait_for(told);
            expected.extend(code.map(|code| Report::Error { code, numbers: [0; 2] }));
            expected.push(Report::Disconnected { reason: Reason::ByServer });
            scene.again();
        }
        scene.device.exit();
        expected.push(Report::Disconnected { reason: Reason::Exit });
        let ends = |report: &Report| matches!(report, Report::Error { .. } | Report::Disconnected { .. });
        let reports: Vec<Report> = scene.device.reports().into_iter().filter(ends).collect();
        assert_eq!(reports, expected, "{board}");
    });
}
