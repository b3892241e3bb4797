//! The device's client against a server at the other end of a wire, in virtual time

#[path = "app/addresses.rs"]
mod addresses;
#[path = "app/lease.rs"]
mod lease;
#[path = "app/screen.rs"]
mod screen;
#[path = "app/world.rs"]
mod world;

use std::net::{Ipv4Addr, SocketAddrV4};

use embedded_app::net::RECEIVE;
use proto_core::status::{MAX_FRAME_BYTES, StatusDocument};
use proto_core::telemetry::{Reason, Report, code};
use world::{Peer, World};

const SERVER: &str = "server=10.0.2.2";

/// The Response of a server with this description
fn response(description: &str) -> Vec<u8> {
    let document = StatusDocument {
        version_name: "slp",
        protocol: -1,
        max: 10,
        online: 3,
        sample: &[],
        description,
        favicon: None,
    };
    let mut frame = vec![0; MAX_FRAME_BYTES];
    let length = document.encode_response(&mut frame).unwrap();
    frame.truncate(length);
    frame
}

/// A Response around `json`, by hand
fn raw_response(json: &str) -> Vec<u8> {
    let varint = |value: usize| {
        let mut value = u32::try_from(value).unwrap();
        let mut bytes = Vec::new();
        while value > 0x7F {
            bytes.push(u8::try_from(value & 0x7F).unwrap() | 0x80);
            value >>= 7;
        }
        bytes.push(u8::try_from(value).unwrap());
        bytes
    };
    let string = [varint(json.len()), json.as_bytes().to_vec()].concat();
    [varint(string.len() + 1), vec![0], string].concat()
}

fn ping(payload: i64) -> Vec<u8> {
    [&[9, 1][..], &payload.to_be_bytes()].concat()
}

fn connected(peer: Peer) -> World {
    let mut world = World::new(peer, SERVER);
    world.run_until_shown("connected to 10.0.2.2:25565");
    world
}

#[test]
fn ping_shows_status_and_round_trip_and_reports_both() {
    let mut world = connected(Peer::Server(response("Hello World !")));
    world.type_line("ping 42");
    world.run_until_shown("pong 42 after 0.50 ms");
    assert!(world.has_shown("status: Hello World !; slp, protocol -1; 3 of 10 online ("), "{:#?}", world.console());
    world.server_ping(-7);
    world.run_until_shown("server ping -7 answered");
    world.run_until("the echo", |world| world.heard.ends_with(&ping(-7)));
    world.type_line("exit");
    world.run_until("the end", |world| world.exited);
    assert_eq!(world.console().last().unwrap(), "");
    assert!(world.has_shown("bye"));
    let reports = world.reports();
    let bytes = reports.iter().find_map(|report| match report {
        Report::Status { response_bytes, .. } => Some(*response_bytes),
        _ => None,
    });
    let expected = [
        Report::Boot { version: env!("CARGO_PKG_VERSION").try_into().unwrap(), board: "fake".try_into().unwrap() },
        Report::Address { address: Ipv4Addr::new(10, 0, 2, 15), prefix: 24, gateway: None, by_dhcp: false },
        Report::Connected { server: SocketAddrV4::new(Ipv4Addr::new(10, 0, 2, 2), 25_565) },
        Report::Status {
            online: Some(3),
            max: Some(10),
            response_bytes: bytes.unwrap(),
            description: "Hello World !".try_into().unwrap(),
            description_cut: false,
        },
        Report::Pong { payload: 42, rtt_us: 500 },
        Report::ServerPing { payload: -7 },
        Report::Disconnected { reason: Reason::Exit },
    ];
    assert_eq!(reports, expected);
}

#[test]
fn longest_response_comes_through_a_small_window() {
    let empty = r#"{"description":""}"#;
    for (filler, units) in [("x", 1), ("\u{20ac}", 1), ("\u{1f600}", 2)] {
        let padding = (32_767 - empty.len()) % units;
        let text = "y".repeat(padding) + &filler.repeat((32_767 - empty.len()) / units);
        let json = format!(r#"{{"description":"{text}"}}"#);
        assert_eq!(json.encode_utf16().count(), 32_767);
        let mut world = connected(Peer::Server(raw_response(&json)));
        world.type_line("ping 1");
        world.run_until_shown("pong 1 after 0.50 ms");
        let shown = format!("({} bytes, shortened)", json.len());
        assert!(world.has_shown(&shown), "{:#?}", world.console());
        assert!(world.in_flight <= RECEIVE, "{} bytes were on their way", world.in_flight);

        let json = format!(r#"{{"description":"{text}x"}}"#);
        let mut world = connected(Peer::Server(raw_response(&json)));
        world.type_line("ping 1");
        world.run_until_shown("pong 1");
        assert!(world.has_shown("shortened, longer than the protocol allows"), "{:#?}", world.console());
    }
}

#[test]
fn one_byte_a_segment_is_as_good() {
    let mut world = World::new(Peer::Server(response("Gr\u{fc}\u{df}e \u{1f600}")), SERVER);
    world.segment = 1;
    world.run_until_shown("connected");
    world.type_line("ping 9");
    world.run_until_shown("status: Gr\u{fc}\u{df}e \u{1f600}; slp");
    world.run_until_shown("pong 9");
}

#[test]
fn server_that_stops_in_the_middle_is_told_and_sought_again() {
    let mut world = connected(Peer::Raw);
    world.type_line("ping 1");
    world.run_until("the request", |world| world.heard.ends_with(&[1, 1, 0]));
    let whole = response("half");
    world.send(&whole[..whole.len() / 2]);
    world.close();
    world.run_until_shown("the peer closed the connection in the middle of a frame; next attempt in");
    world.peer = Peer::Server(response("whole"));
    world.run_until("a second connection", |world| {
        world.console().iter().filter(|line| line.starts_with("connected to")).count() == 2
    });
    world.type_line("ping 2");
    world.run_until_shown("pong 2");
    let expected = [
        Report::Error { code: code::CLOSED_EARLY, numbers: [0; 2] },
        Report::Disconnected { reason: Reason::ByServer },
    ];
    assert_eq!(world.reports()[3..5], expected);
}

#[test]
fn refused_connections_are_tried_again_after_longer_and_longer_pauses() {
    let mut world = World::new(Peer::Closed, SERVER);
    let attempts = |world: &World| world.console().iter().filter(|line| line.starts_with("connecting")).count();
    let mut times = Vec::new();
    for attempt in 1..=10 {
        world.run_until("an attempt", |world| attempts(world) == attempt);
        times.push(world.seconds());
    }
    let pauses: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (pause, full) in pauses.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]) {
        assert!((full * 0.75..=full + 0.01).contains(pause), "{pauses:?}");
    }
    assert!(world.has_shown("10.0.2.2:25565 refused the connection; next attempt in"));
    world.type_line("ping");
    world.run_until_shown("\"ping\" needs a connection; there is none to 10.0.2.2:25565 yet");
}

/// Pauses before attempts, in seconds, as they are told
fn pauses(world: &World) -> Vec<f64> {
    let told = |line: String| line.split_once("; next attempt in ")?.1.strip_suffix(" s")?.parse().ok();
    world.console().into_iter().filter_map(told).collect()
}

/// A server that takes connections and closes them is as good as none: only what it answers makes the pauses short again
#[test]
fn pauses_grow_where_the_server_accepts_and_closes() {
    let mut world = World::new(Peer::Raw, SERVER);
    let connections = |world: &World| world.reports().iter().filter(|r| matches!(r, Report::Connected { .. })).count();
    let close_once = |world: &mut World, nth: usize| {
        world.run_until("a connection", |world| connections(world) == nth);
        // The server has not heard of it yet.
        let heard = world.seconds() + 0.01;
        world.run_until("the server", |world| world.seconds() > heard);
        world.close();
        world.run_until("a pause", |world| pauses(world).len() == nth);
    };
    for nth in 1..=4 {
        close_once(&mut world, nth);
    }
    for (pause, full) in pauses(&world).iter().zip([1.0, 2.0, 4.0, 8.0]) {
        assert!((full * 0.75..=full + 0.1).contains(pause), "{:?}", pauses(&world));
    }
    world.run_until("a connection", |world| connections(world) == 5);
    world.type_line("ping 1");
    world.send(&response("a status"));
    world.run_until_shown("status: a status");
    close_once(&mut world, 5);
    assert!(pauses(&world)[4] <= 1.0, "{:?}", pauses(&world));
    // One that has stood for a minute was good too.
    close_once(&mut world, 6);
    assert!(pauses(&world)[5] > 1.0, "{:?}", pauses(&world));
    world.run_until("a connection", |world| connections(world) == 7);
    let until = world.seconds() + 61.0;
    world.run_until("a minute", |world| world.seconds() > until);
    close_once(&mut world, 7);
    assert!(pauses(&world)[6] <= 1.0, "{:?}", pauses(&world));
}

/// Nothing on the wire is asked about after ten seconds, and the connection given up after thirty
#[test]
fn peer_that_has_gone_is_given_up_and_sought_again() {
    let mut world = connected(Peer::Server(response("x")));
    world.type_line("ping 1");
    world.run_until_shown("pong 1");
    let before = world.seconds();
    world.unplugged.set(true);
    world.run_until_shown("the connection broke; next attempt in");
    let given_up = world.seconds() - before;
    assert!((30.0..42.0).contains(&given_up), "{given_up} s");
    world.run_until_shown("10.0.2.2:25565 does not answer; next attempt in");
    world.reset();
    world.unplugged.set(false);
    let connections = |world: &World| world.reports().iter().filter(|r| matches!(r, Report::Connected { .. })).count();
    world.run_until("another connection", |world| connections(world) == 2);
    world.type_line("ping 2");
    world.run_until_shown("pong 2");
    let reasons: Vec<Report> =
        world.reports().into_iter().filter(|report| matches!(report, Report::Disconnected { .. })).collect();
    let expected = [Reason::Network, Reason::TimedOut].map(|reason| Report::Disconnected { reason });
    assert_eq!(reasons[..2], expected);
}

#[test]
fn broken_rules_close_the_connection_with_the_reason() {
    let cases: [(&[u8], &str); 5] = [
        (&[0], "frame of length 0 at byte 0, at least 1 expected"),
        (&[0xFF; 5], "VarInt of more than 32 bits at byte 4"),
        (&[0x80, 0x80, 0x80, 0x01], "frame of 2097152 bytes at byte 0, at most 2097151 allowed"),
        (&[3, 1, 0, 0], "packet 0x01 ends at byte"),
        (&[4, 0, 2, 0xFF, 0xFF], "Response at byte"),
    ];
    for (bytes, reason) in cases {
        let mut world = connected(Peer::Raw);
        world.send(bytes);
        world.run_until_shown(reason);
        world.run_until_shown("; next attempt in");
        let reports = world.reports();
        assert!(matches!(reports[3], Report::Error { code: code::PROTOCOL, .. }), "{reports:?}");
        assert_eq!(reports[4], Report::Disconnected { reason: Reason::Protocol });
    }
}

#[test]
fn text_of_a_peer_steers_no_terminal() {
    let json = "{\"description\":\"a\\u001b[2Jb\u{9b}31mc\\nd\"}";
    let mut world = connected(Peer::Server(raw_response(json)));
    world.type_line("ping 1");
    world.run_until_shown("pong 1");
    let line = world.console().into_iter().find(|line| line.starts_with("status: ")).unwrap();
    assert!(!line.chars().any(char::is_control), "{line:?}");
}

#[test]
fn stop_abandons_and_late_answers_are_skipped() {
    let mut world = connected(Peer::Raw);
    world.type_line("stop");
    world.run_until_shown("\"stop\" needs a status request in progress; the state is default");
    world.type_line("ping 1");
    world.run_until("the request", |world| world.heard.ends_with(&[1, 1, 0]));
    world.type_line("ping 2");
    world.run_until_shown("\"ping\" needs the state default");
    world.type_line("stop");
    world.run_until_shown("stopped; the state is default");
    world.type_line("ping 3");
    world.run_until("another request", |world| world.heard.windows(3).filter(|bytes| *bytes == [1, 1, 0]).count() == 2);
    world.send(&response("first"));
    world.send(&response("second"));
    world.run_until("the ping", |world| world.heard.ends_with(&ping(3)));
    world.send(&ping(3));
    world.run_until_shown("pong 3");
    assert!(!world.has_shown("first") && world.has_shown("status: second"), "{:#?}", world.console());
}

#[test]
fn silent_server_is_given_up_after_five_seconds() {
    let mut world = connected(Peer::Raw);
    let before = world.seconds();
    world.type_line("ping 1");
    world.run_until_shown("no complete Response within 5000.00 ms; the request is abandoned");
    assert!((5.0..5.1).contains(&(world.seconds() - before)));
    let last = world.reports().pop();
    assert_eq!(last, Some(Report::Error { code: code::RESPONSE_TIMEOUT, numbers: [5_000, 0] }));
}

#[test]
fn flood_of_what_nobody_asked_for_leaves_the_console_readable() {
    let mut world = connected(Peer::Raw);
    for payload in 0..400 {
        world.send(&ping(payload));
        // Of a kind that is skipped, but few enough that the server is put up with.
        if payload % 40 == 0 {
            world.send(&[2, 7, 0]);
        }
    }
    world.type_line("stop");
    let before = world.seconds();
    world.run_until("all echoes", |world| world.heard.len() >= 400 * 10);
    assert!(world.seconds() - before < 1.0);
    assert!(world.heard.chunks(10).zip(0..).all(|(echo, payload)| echo == ping(payload)));
    world.run_until_shown("the state is default");
    world.run_until_shown("(more is only reported)");
    // It all came within one second, or at the turn of two.
    let told = world.console().iter().filter(|line| line.contains("server ")).count();
    assert!((19..=38).contains(&told), "{:#?}", world.console());
    // What comes later is told again.
    let later = world.seconds() + 1.1;
    world.run_until("later", |world| world.seconds() > later);
    world.send(&ping(-400));
    world.run_until_shown("server ping -400 answered");
}

#[test]
fn connect_names_another_server_and_bad_commands_say_what_was_expected() {
    let mut world = World::new(Peer::Server(response("x")), "");
    world.run_until_shown("no server yet; name a server with: connect HOST[:PORT]");
    world.type_line("ping");
    world.run_until_shown("\"ping\" needs a connection; name a server with");
    world.type_line("connect");
    world.run_until_shown("expected: connect HOST[:PORT]");
    world.type_line("connect 10.0.2.2:x");
    world.run_until_shown("a port is a number from 1 to 65535");
    world.type_line("conect 10.0.2.2");
    world.run_until_shown("unknown command \"conect\"");
    world.type_line("CONNECT 10.0.2.2");
    world.run_until_shown("connected to 10.0.2.2:25565");
    world.type_line("ping 99999999999999999999");
    world.run_until_shown("99999999999999999999");
    world.type_line("help");
    world.run_until_shown("connect HOST[:PORT]  watch that server");
    world.type_line("ping 5");
    world.run_until_shown("pong 5");
}

#[test]
fn connection_that_gives_way_to_another_server_says_so() {
    let mut world = connected(Peer::Server(response("a")));
    world.type_line("connect 10.0.2.2:25565");
    world.run_until_shown("disconnected: another server was named");
    let reports = world.reports();
    assert_eq!(reports.last(), Some(&Report::Disconnected { reason: Reason::Replaced }), "{reports:#?}");
}

#[test]
fn watching_reports_and_leaves_the_console_to_the_person() {
    let mut world = World::new(Peer::Server(response("x")), "server=10.0.2.2 watch=5");
    let pongs = |world: &World| world.reports().iter().filter(|report| matches!(report, Report::Pong { .. })).count();
    world.run_until("three pings", |world| pongs(world) == 3);
    assert!((10.0..10.2).contains(&world.seconds()), "{}", world.seconds());
    assert!(!world.has_shown("pong"), "{:#?}", world.console());
    world.type_line("ping 8");
    world.run_until_shown("pong 8");
    assert_eq!(pongs(&world), 4);
}

#[test]
fn ping_that_waits_for_one_of_the_device_s_own_can_be_stopped_and_is_the_only_one() {
    let requests = |world: &World| world.heard.windows(3).filter(|bytes| *bytes == [1, 1, 0]).count();
    let mut world = World::new(Peer::Raw, "server=10.0.2.2 watch=60");
    world.run_until("the device's own request", |world| requests(world) == 1);
    world.type_line("stop");
    world.run_until_shown("\"stop\" needs a status request in progress; the state is default");
    world.type_line("ping 1001");
    world.type_line("ping 1002");
    world.run_until_shown("\"ping\" needs the state default");
    world.type_line("stop");
    world.run_until_shown("stopped; the state is default");
    world.send(&response("own"));
    let own = |world: &World| world.heard.last_chunk::<10>().copied().filter(|bytes| bytes.starts_with(&[9, 1]));
    world.run_until("the device's own ping", |world| own(world).is_some());
    let echo = own(&world).unwrap();
    world.send(&echo);
    world.type_line("ping 3");
    world.run_until("another request", |world| requests(world) == 2);
    world.send(&response("asked"));
    world.run_until("the ping", |world| world.heard.ends_with(&ping(3)));
    assert!(!world.heard.windows(10).any(|bytes| bytes == ping(1001)), "it was stopped");
    world.send(&ping(3));
    world.run_until_shown("pong 3");
    assert!(!world.has_shown("status: own"), "{:#?}", world.console());
}

#[test]
fn nothing_that_is_typed_behind_exit_is_heard() {
    let mut world = connected(Peer::Raw);
    world.type_line("exit");
    world.type_line("connect 10.0.2.3");
    world.type_line("exit");
    world.run_until("the end", |world| world.exited);
    assert!(!world.has_shown("connecting to 10.0.2.3"), "{:#?}", world.console());
}

#[test]
fn wrong_settings_are_told() {
    let mut world = World::new(Peer::Closed, "server=");
    world.run_until_shown(
        "setting \"server=\" is wrong: no host before the port; expected HOST or HOST:PORT; none is used",
    );
    let mut world = World::new(Peer::Closed, "watch=0");
    world.run_until_shown("setting \"watch=0\" is wrong: expected a number of seconds from 1 to 65535; none is used");
}

#[test]
fn cable_is_told_and_asks_for_an_address_anew() {
    let mut world = World::with_settings(Peer::Closed, "");
    world.run_until("the first question", |world| world.asked() == 1);
    world.plug(true);
    world.run_until("the second question", |world| world.asked() == 2);
    // By itself it asks again after ten seconds.
    assert!(world.seconds() < 1.0, "{}", world.seconds());
    assert!(world.has_shown("the network cable is in"), "{:#?}", world.console());
    world.plug(false);
    world.run_until_shown("the network cable is out");
    assert_eq!(world.asked(), 2);
}

#[test]
fn connection_outlives_a_short_loss_of_the_cable_and_lights_the_lamp() {
    let mut world = World::new(Peer::Server(response("x")), SERVER);
    assert!(!world.board.lamp);
    world.run_until_shown("connected to 10.0.2.2:25565");
    world.run_until("the lamp", |world| world.board.lamp);
    world.plug(false);
    world.run_until_shown("the network cable is out");
    world.plug(true);
    world.run_until_shown("the network cable is in");
    world.type_line("ping 3");
    world.run_until_shown("pong 3");
    assert!(world.board.lamp);
    world.type_line("connect 10.0.2.3");
    world.run_until("the lamp going out", |world| !world.board.lamp);
}
