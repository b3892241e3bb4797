//! The device on a wire of our own: what do single segments do to it?
//!
//! Nothing stands between the two that joins or splits segments. Each frame of the device is judged on the way: lengths,
//! checksums, and that no window promises more than two kibibytes.

use std::thread;

use proto_core::telemetry::Report;
use slp_tests::device::{BOARDS, BOTH_WAYS, Board, Device, LM3S, each};
use slp_tests::wire::seen::{Seen, Segment, ethernet};
use slp_tests::wire::{DEVICE, Deaf, HOST, NAME_SERVER, PORT};
use slp_tests::{Wire, packets};
use smoltcp::wire::{EthernetAddress, EthernetProtocol};

fn watching(board: Board, wire: &Wire) -> Device {
    board.on(wire).word(format!("server={HOST}:{PORT}")).start()
}

/// A device that is connected
fn connected(board: Board, wire: &Wire) -> Device {
    wire.listen();
    let mut device = watching(board, wire);
    device.wait_for(&format!("connected to {HOST}:{PORT}"));
    wire.wait_connected();
    device
}

fn hello() -> Vec<u8> {
    packets::hello(&HOST.to_string(), PORT)
}

/// A whole exchange, which shows that the device is well
#[track_caller]
fn exchange(device: &mut Device, wire: &Wire, payload: i64) {
    device.type_line(&format!("ping {payload}"));
    wire.hear(hello());
    wire.send(packets::response(r#"{"description":"well"}"#));
    wire.hear(packets::ping(payload));
    wire.send(packets::ping(payload));
    device.wait_for("status: well; ");
    device.wait_for(&format!("pong {payload} after"));
}

#[test]
fn one_byte_a_segment_is_as_good() {
    each(&BOTH_WAYS, |board| {
        let wire = Wire::new();
        let mut device = connected(board, &wire);
        device.type_line("ping 1");
        wire.hear(hello());
        let mut bytes = packets::response("{\"description\":\"a\u{1f600}\",\"players\":{\"max\":10,\"online\":3}}");
        wire.send_in(1, &bytes);
        wire.hear(packets::ping(1));
        wire.send_in(1, packets::ping(1));
        bytes.extend(packets::ping(1));
        device.wait_for("status: a\u{1f600}; ?, protocol ?; 3 of 10 online");
        device.wait_for("pong 1 after");
        wire.send_in(1, packets::ping(-1));
        wire.hear(packets::ping(-1));
        bytes.extend(packets::ping(-1));
        device.wait_for("server ping -1 answered");
        device.exit();
        assert_eq!(wire.sent_segments(), vec![1; bytes.len()], "{board}: each byte alone, none twice");
    });
}

/// Every length of a segment up to more than the longest frame of the exchange
#[test]
fn segments_of_any_length_are_as_good() {
    let response = packets::response("{\"description\":\"\u{e4}\u{20ac}\u{1f600}\"}");
    each(&BOARDS, |board| {
        let wire = Wire::new();
        let mut device = connected(board, &wire);
        for length in 2..response.len() {
            let payload = i64::try_from(length).expect("a short frame");
            device.type_line(&format!("ping {payload}"));
            wire.hear(hello());
            wire.send_in(length, [packets::ping(-payload), response.clone()].concat());
            wire.hear([packets::ping(-payload), packets::ping(payload)].concat());
            wire.send_in(length, packets::ping(payload));
            device.wait_for("status: \u{e4}\u{20ac}\u{1f600}; ");
            device.wait_for(&format!("pong {payload} after"));
        }
        device.exit();
        // The console tells only so many a second.
        let pings = device.reports().into_iter().filter_map(|report| match report {
            Report::ServerPing { payload } => usize::try_from(-payload).ok(),
            _ => None,
        });
        assert!(pings.eq(2..response.len()), "{board}: {:?}", device.reports());
    });
}

/// The longest Response through the window, which the wire watches: never more than the device has room for is on its way
#[test]
fn longest_response_fits_through_the_window() {
    let text = "\u{20ac}".repeat(32_767 - r#"{"description":""}"#.len());
    let json = format!(r#"{{"description":"{text}"}}"#);
    each(&BOTH_WAYS, |board| {
        let wire = Wire::new();
        let mut device = connected(board, &wire);
        device.type_line("ping 1");
        wire.hear(hello());
        wire.send(packets::response(&json));
        wire.hear(packets::ping(1));
        wire.send(packets::ping(1));
        device.wait_for("status: \u{20ac}\u{20ac}");
        device.wait_for("pong 1 after");
        device.exit();
        let largest = |pick: fn(&Segment) -> usize| wire.seen().iter().filter_map(segment).map(pick).max();
        let window = largest(|segment| segment.window).expect("there were segments");
        assert!((512..=2_048).contains(&window), "{board}: a window of {window} bytes");
        // A promise can only be kept once: no segment of the host's is longer than one.
        let longest = wire.sent_segments().into_iter().max().expect("there were segments");
        assert!(longest <= window, "{board}: {longest} bytes at once through {window}");
    });
}

const fn segment(seen: &Seen) -> Option<&Segment> {
    match seen {
        Seen::Tcp(segment) => Some(segment),
        _ => None,
    }
}

#[test]
fn resets_at_each_stage_are_told_and_the_server_is_sought_again() {
    each(&BOARDS, |board| {
        let wire = Wire::new();
        let mut device = watching(board, &wire);
        device.wait_for(&format!("{HOST}:{PORT} refused the connection; next attempt in"));
        wire.listen();
        device.wait_for("connected to");
        // In the default state, then behind the Request, in the middle of the Response, and behind the Ping.
        let half = packets::response(r#"{"description":"half"}"#);
        let half = &half[..half.len() / 2];
        for stage in 0..4 {
            wire.wait_connected();
            if stage > 0 {
                device.type_line("ping 1");
                wire.hear(hello());
            }
            match stage {
                2 => wire.send(half),
                3 => {
                    wire.send(packets::response("{}"));
                    wire.hear(packets::ping(1));
                }
                _ => {}
            }
            wire.wait_acknowledged();
            wire.reset();
            device.wait_for("the connection broke; next attempt in");
            wire.listen();
            device.type_line(&format!("connect {HOST}:{PORT}"));
            device.wait_for("connected to");
        }
        wire.wait_connected();
        exchange(&mut device, &wire, 2);
        device.exit();
    });
}

/// A server whose host is gone, and one that no address leads to
#[test]
fn servers_that_do_not_answer_are_given_up_after_five_seconds_and_sought_again() {
    let given_up = |board, deaf| {
        let wire = Wire::new();
        wire.listen();
        wire.deaf(deaf);
        let mut device = watching(board, &wire);
        device.wait_for(&format!("{HOST}:{PORT} does not answer; next attempt in"));
        let asked = wire.seen().iter().filter(|seen| matches!(seen, Seen::Arp { target: HOST, .. })).count();
        let opened = wire.seen().iter().filter_map(segment).filter(|segment| segment.syn).count();
        // Asked again while it waits, and never more than once a second.
        let (count, what) = if deaf == Deaf::ToTcp { (opened, "opened") } else { (asked, "asked") };
        assert!((2..=6).contains(&count), "{board}: {what} {count} times");
        wire.deaf(Deaf::ToNothing);
        device.wait_for("connected to");
        wire.wait_connected();
        exchange(&mut device, &wire, 1);
        device.exit();
    };
    thread::scope(|scope| {
        for deaf in [Deaf::ToTcp, Deaf::ToArp] {
            scope.spawn(move || each(&BOARDS, |board| given_up(board, deaf)));
        }
    });
}

#[test]
fn exchange_outlives_an_unplugged_network() {
    each(&BOARDS, |board| {
        let wire = Wire::new();
        let mut device = connected(board, &wire);
        let mut control = device.control();
        control.link(false);
        device.type_line("ping 1");
        device.wait_for("no complete Response within 5000.00 ms; the request is abandoned");
        control.link(true);
        // What was lost is sent again: the whole request, and that it was abandoned.
        wire.hear([hello(), packets::handshake_of(-1, HOST.to_string(), PORT, 0)].concat());
        wire.send(packets::response(r#"{"description":"late"}"#));
        exchange(&mut device, &wire, 2);
        device.exit();
        assert!(device.console().iter().all(|line| !line.contains("late")), "{board}");
    });
}

/// Frames of every kind that is wrong, and some that are right and nobody wants
fn garbage() -> Vec<Vec<u8>> {
    let everybody = EthernetAddress::BROADCAST;
    let ip = |bytes: &[u8]| ethernet(everybody, EthernetProtocol::Ipv4, bytes);
    let arp = |bytes: &[u8]| ethernet(everybody, EthernetProtocol::Arp, bytes);
    let to = |port: u16, payload: &[u8]| {
        slp_tests::wire::seen::datagram(everybody, (NAME_SERVER, 53), (DEVICE, port), payload)
    };
    let dhcp = slp_tests::wire::seen::datagram(everybody, (HOST, 67), (DEVICE, 68), &[2; 240]);
    let whole = to(1_024, &[7; 64]);
    let mut frames = vec![
        // One of no bytes at all would stay with the emulator, which takes it for one that has not been delivered.
        vec![0xFF],
        vec![0xFF; 13],
        vec![0xFF; 14],
        vec![0; 60],
        // Longer than any frame may be, up to more than a FIFO of the boards has.
        ethernet(everybody, EthernetProtocol::Ipv4, &[0x45; 1_501]),
        ethernet(everybody, EthernetProtocol::Ipv4, &[0x45; 2_034]),
        ethernet(everybody, EthernetProtocol::Unknown(0x88CC), &[1; 46]),
        ethernet(everybody, EthernetProtocol::Ipv6, &[0x60; 60]),
        arp(&[]),
        arp(&[0; 28]),
        arp(&[0xFF; 28]),
        ip(&[]),
        ip(&[0x45; 20]),
        ip(&[0x4F; 60]),
        ip(&[0x45, 0, 0xFF, 0xFF, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 2, 2, 10, 0, 2, 15]),
        to(1_024, &[]),
        to(1_024, &[0; 12]),
        to(53, &[0xC0; 512]),
        to(68, &[0xFF; 300]),
        dhcp,
    ];
    // Each prefix of a frame that is right, and each byte of its headers changed.
    frames.extend((1..whole.len()).map(|length| whole[..length].to_vec()));
    frames.extend((12..42).map(|place| {
        let mut changed = whole.clone();
        changed[place] ^= 0xFF;
        changed
    }));
    frames
}

/// Interrupts that the Stellaris MAC has pending, and among them an overrun (data sheet, MACRIS)
const STELLARIS_INTERRUPTS: u32 = 0x4004_8000;
const OVERRUN: u32 = 1 << 3;

/// More frames than a FIFO has room for, between them some that no FIFO takes: what comes then is heard again
///
/// The Stellaris MAC takes each of the large ones for an overrun, which it has pending until the driver has cleared it up: a driver
/// that does not never sleeps again, and one that empties the FIFO while frames wait outside is deaf from then on. The LAN9118
/// hands the large ones on: a driver that does not read them to their end takes their rest for frames.
#[test]
fn overrun_of_the_network_device_is_cleared_up_and_does_not_leave_it_deaf() {
    let frame = |length| ethernet(EthernetAddress::BROADCAST, EthernetProtocol::Unknown(0x88CC), &vec![1; length]);
    let (small, large) = (frame(46), frame(2_033));
    each(&BOTH_WAYS, |board| {
        let wire = Wire::new();
        let mut device = connected(board, &wire);
        let mut control = device.control();
        for _ in 0..200 {
            for _ in 0..10 {
                wire.put(&small);
            }
            wire.put(&large);
        }
        wire.send(packets::ping(1));
        device.wait_for("server ping 1 answered");
        wire.hear(packets::ping(1));
        exchange(&mut device, &wire, 2);
        if board.name == LM3S.name {
            // All frames before the exchange have been taken, and there was one too large among them.
            assert_eq!(control.word(STELLARIS_INTERRUPTS) & OVERRUN, 0, "{board}: the overrun is still pending");
        }
        device.exit();
    });
}

#[test]
fn flood_of_garbage_neither_ends_nor_confuses_the_device() {
    each(&BOARDS, |board| {
        let wire = Wire::new();
        let mut device = connected(board, &wire);
        exchange(&mut device, &wire, 1);
        let garbage = garbage();
        for round in 0..20 {
            for frame in &garbage {
                wire.put(frame);
            }
            // The device still has its console: what is typed is answered while frames come in.
            device.type_line("stop");
            device.wait_for("the state is default");
            if round % 5 == 4 {
                exchange(&mut device, &wire, round);
            }
        }
        device.exit();
        let reports = device.reports();
        // Boot, address, connection; a status and a pong for each exchange; the end. Nothing of the flood shows.
        assert_eq!(reports.len(), 3 + 2 * 5 + 1, "{board}: {reports:?}");
    });
}
