//! The device against the real server: do both tell the same story, and does the device end as it should?

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use proto_core::telemetry::{Reason, Report};
use serde_json::{Value, json};
use slp_tests::device::{BOTH_WAYS, Board, Device, LEAN, each};
use slp_tests::{FakeServer, Server, Slp, packets};

/// The host, as the device sees it
const HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);
/// Length of the server's status document
const STATUS: &str = "status: Hello World !; slp 0.1.0, protocol -1; 1 of 10 online (149 bytes)";

fn watching(board: Board, server: SocketAddr) -> Device {
    board.emulator().word(format!("server={HOST}:{}", server.port())).start()
}

fn text<T: for<'a> TryFrom<&'a str>>(text: &str) -> T {
    T::try_from(text).unwrap_or_else(|_| panic!("too long: {text:?}"))
}

/// What a device behind slirp reports before anything else
fn beginning(board: Board, port: u16) -> Vec<Report> {
    vec![
        Report::Boot { version: text(env!("CARGO_PKG_VERSION")), board: text(board.name) },
        Report::Address { address: Ipv4Addr::new(10, 0, 2, 15), prefix: 24, gateway: Some(HOST), by_dhcp: true },
        Report::Connected { server: SocketAddrV4::new(HOST, port) },
    ]
}

/// What a server that said this must have done to a device that reported that
///
/// The server tells `ping_sent` and `pong` for a ping of its own, the device its echo; times are each side's own.
fn servers_side(reports: &[Report], client: &str, port: u16) -> Vec<Value> {
    let mut events = Vec::new();
    for report in reports {
        match report {
            Report::Connected { .. } => events.push(json!({ "event": "connected", "client": client })),
            Report::Status { response_bytes, .. } => {
                assert_eq!(*response_bytes, 149);
                events.push(json!({
                    "event": "handshake", "client": client, "protocol_version": -1,
                    "server_address": HOST.to_string(), "server_port": port, "next_state": 1,
                }));
                events.push(json!({ "event": "request", "client": client }));
            }
            Report::Pong { payload, .. } => {
                events.push(json!({ "event": "ping", "client": client, "payload": payload }));
            }
            Report::ServerPing { payload } => {
                events.push(json!({ "event": "ping_sent", "payload": payload, "sent": 1, "clients": 1 }));
                events.push(json!({ "event": "pong", "client": client, "payload": payload }));
            }
            Report::Disconnected { .. } => {
                events.push(
                    json!({ "event": "disconnected", "client": client, "reason": "the client closed the connection" }),
                );
            }
            Report::Boot { .. } | Report::Address { .. } => {}
            Report::Error { .. } => panic!("{report:?}"),
        }
    }
    events
}

#[test]
fn device_and_server_tell_the_same_story() {
    each(&[&BOTH_WAYS[..], &LEAN].concat(), |board| {
        let mut server = Server::start(&[]);
        let port = server.address().port();
        let mut device = watching(board, server.address());
        device.wait_for(&format!("slp device {} on {}", env!("CARGO_PKG_VERSION"), board.name));
        device.wait_for("address 10.0.2.15/24, gateway 10.0.2.2 (DHCP)");
        device.wait_for(&format!("connected to {HOST}:{port}"));
        let connected = server.event("connected");
        let mut log = vec![connected.clone()];
        for payload in [42, i64::MIN, i64::MAX] {
            device.type_line(&format!("ping {payload}"));
            device.wait_for(STATUS);
            device.wait_for(&format!("pong {payload} after "));
            log.extend(["handshake", "request", "ping"].map(|name| server.event(name)));
            let payload = payload.wrapping_neg();
            server.command(&format!("ping {payload}"));
            device.wait_for(&format!("server ping {payload} answered"));
            log.extend(["ping_sent", "pong"].map(|name| server.event(name)));
        }
        // Whatever the time is to the device, it is the same to both.
        device.type_line("ping");
        device.wait_for("pong ");
        log.extend(["handshake", "request", "ping"].map(|name| server.event(name)));
        device.type_line("stop");
        device.wait_for("the state is default");
        device.exit();
        log.push(server.event("disconnected"));
        assert_eq!(server.stop(), [] as [Value; 0], "{board}: the server tells nothing else");

        let reports = device.reports();
        assert_eq!(reports[..3], beginning(board, port), "{board}");
        assert_eq!(reports.last(), Some(&Report::Disconnected { reason: Reason::Exit }), "{board}");
        assert!(reports.iter().all(|report| !matches!(report, Report::Pong { rtt_us: 0, .. })), "{reports:?}");
        for event in log.iter_mut().filter(|event| event["event"] == "pong") {
            event.as_object_mut().expect("an event").remove("rtt_us");
        }
        let client = connected["client"].as_str().expect("an address");
        assert_eq!(servers_side(&reports, client, port), log, "{board}");
    });
}

#[test]
fn lean_firmware_says_that_it_resolves_no_names_and_takes_addresses() {
    each(&LEAN, |board| {
        let server = Server::start(&[]);
        let mut device = board.emulator().start();
        device.wait_for("no server yet");
        device.type_line("connect localhost:25565");
        device.wait_for("this firmware resolves no names; expected ADDRESS or ADDRESS:PORT");
        device.type_line(&format!("connect {HOST}:{}", server.address().port()));
        device.wait_for("connected to");
        device.exit();
    });
}

/// What the monitor makes of a run's reports: the same, with the same numbers and times
#[test]
fn monitor_shows_what_the_device_reported() {
    each(&BOTH_WAYS[..1], |board| {
        let mut server = Server::start(&[]);
        let mut device = watching(board, server.address());
        device.wait_for("connected to");
        device.type_line("ping 1");
        device.wait_for("pong 1 after");
        server.command("ping 2");
        device.wait_for("server ping 2 answered");
        device.exit();
        let shown = Slp::new(["monitor"]).args([device.report_file(), "--json".as_ref()]).run();
        shown.assert_done();
        let plain = Slp::new(["monitor"]).args([device.report_file()]).run();
        plain.assert_done();
        let envelopes = device.envelopes();
        assert_eq!((shown.stdout.len(), plain.stdout.len()), (envelopes.len(), envelopes.len()));
        for ((line, plain), envelope) in shown.stdout.iter().zip(&plain.stdout).zip(&envelopes) {
            let event: Value = serde_json::from_str(line).expect("JSON");
            assert_eq!(event["sequence"], envelope.sequence, "{line}");
            assert_eq!(event["time_us"], envelope.time_us, "{line}");
            assert_eq!(event["lost"], 0, "{line}");
            let (name, field, value) = match &envelope.report {
                Report::Boot { board, .. } => ("boot", "board", json!(board.as_str())),
                Report::Address { address, .. } => ("address", "address", json!(address.to_string())),
                Report::Connected { server } => ("connected", "server", json!(server.to_string())),
                Report::Status { response_bytes, .. } => ("status", "raw_bytes", json!(response_bytes)),
                Report::Pong { rtt_us, .. } => ("pong", "rtt_us", json!(rtt_us)),
                Report::ServerPing { payload } => ("server_ping", "payload", json!(payload)),
                Report::Error { code, .. } => ("error", "code", json!(code)),
                Report::Disconnected { .. } => ("disconnected", "reason", json!("exit was typed")),
            };
            assert_eq!((&event["event"], &event[field]), (&json!(name), &value), "{line}");
            assert!(plain.contains(&format!("  #{} ", envelope.sequence)), "{plain:?}: {envelope:?}");
        }
    });
}

#[test]
fn server_that_stops_in_the_middle_or_is_not_there_is_told() {
    each(&BOTH_WAYS, |board| {
        let fake = FakeServer::start();
        let mut device = watching(board, fake.address());
        let mut peer = fake.accept();
        device.wait_for("connected to");
        device.type_line("ping 1");
        peer.expect(packets::hello(&HOST.to_string(), fake.address().port()));
        let whole = packets::response(r#"{"description":"half"}"#);
        peer.send(&whole[..whole.len() / 2]);
        // No reset: all that the device sent has been read.
        drop((peer, fake));
        device.wait_for("the peer closed the connection in the middle of a frame; next attempt in");
        device.wait_for("refused the connection; next attempt in");
        device.type_line(&format!("connect {HOST}:x"));
        device.wait_for("a port is a number from 1 to 65535");
        let server = Server::start(&[]);
        device.type_line(&format!("connect {HOST}:{}", server.address().port()));
        device.wait_for(&format!("connected to {HOST}:{}", server.address().port()));
        device.exit();
    });
}

/// A server of ours says nothing when it stops: the connection just ends
#[test]
fn real_server_that_stops_or_is_killed_is_told_and_sought_again() {
    each(&BOTH_WAYS[..1], |board| {
        for killed in [false, true] {
            let mut server = Server::start(&[]);
            let mut device = watching(board, server.address());
            device.wait_for("connected to");
            server.event("connected");
            if killed {
                drop(server);
            } else {
                server.stop();
            }
            device.wait_for("the server closed the connection; next attempt in");
            device.wait_for("refused the connection; next attempt in");
            device.exit();
            let reasons: Vec<Report> = device.reports().split_off(3);
            assert_eq!(
                reasons[..2],
                [Reason::ByServer, Reason::Refused].map(|reason| Report::Disconnected { reason }),
                "{board}"
            );
        }
    });
}

#[test]
fn longest_responses_come_through() {
    let empty = r#"{"description":""}"#;
    each(&BOTH_WAYS, |board| {
        let fake = FakeServer::start();
        let mut device = watching(board, fake.address());
        let mut peer = fake.accept();
        device.wait_for("connected to");
        for (filler, units) in [("x", 1), ("\u{20ac}", 1), ("\u{1f600}", 2)] {
            for over in [0, 1] {
                let room = 32_767 - empty.len();
                let text = "y".repeat(room % units + over) + &filler.repeat(room / units);
                let json = format!(r#"{{"description":"{text}"}}"#);
                assert_eq!(json.encode_utf16().count(), 32_767 + over);
                device.type_line("ping 1");
                peer.expect(packets::hello(&HOST.to_string(), fake.address().port()));
                peer.send(packets::response(&json));
                peer.expect(packets::ping(1));
                peer.send(packets::ping(1));
                let oversize = if over == 1 { ", longer than the protocol allows" } else { "" };
                device.wait_for(&format!("({} bytes, shortened{oversize})", json.len()));
                device.wait_for("pong 1 after");
            }
        }
        device.exit();
        let lengths: Vec<u32> = device.reports().iter().filter_map(length).collect();
        // 18 bytes around 32 749 units; the pairs of surrogates leave one of those to a filler.
        assert_eq!(lengths, [32_767, 32_768, 98_265, 98_266, 65_515, 65_516], "{board}");
    });
}

fn length(report: &Report) -> Option<u32> {
    match report {
        Report::Status { response_bytes, description_cut: true, .. } => Some(*response_bytes),
        _ => None,
    }
}
