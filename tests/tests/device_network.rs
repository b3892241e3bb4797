//! The device and its network: addresses that are given, kept from it and taken away; names that lead somewhere or nowhere

use std::net::Ipv4Addr;
use std::time::Instant;

use proto_core::telemetry::{Reason, Report, code};
use slp_tests::device::{BOARDS, BOTH_WAYS, Board, Device, each};
use slp_tests::wire::dhcp::{Dhcp, Message};
use slp_tests::wire::dns::Answer;
use slp_tests::wire::seen::Seen;
use slp_tests::wire::{DEVICE, HOST, PORT};
use slp_tests::{Wire, packets};

const NAME: &str = "mc.example.org";

fn watching(board: Board, wire: &Wire, server: &str) -> Device {
    board.on(wire).word(format!("server={server}:{PORT}")).start()
}

fn is_dhcp(requests: bool) -> impl Fn(&Seen) -> bool {
    move |seen| matches!(seen, Seen::Dhcp(Message { requests: found, .. }) if *found == requests)
}

/// A whole exchange; `host` is what the device was told to connect to
#[track_caller]
fn exchange(device: &mut Device, wire: &Wire, host: &str, payload: i64) {
    device.type_line(&format!("ping {payload}"));
    wire.hear(packets::hello(host, PORT));
    wire.send(packets::response(r#"{"description":"well"}"#));
    wire.hear(packets::ping(payload));
    wire.send(packets::ping(payload));
    device.wait_for(&format!("pong {payload} after"));
}

#[test]
fn lease_is_renewed_and_the_connection_stands_meanwhile() {
    each(&BOTH_WAYS, |board| {
        let wire = Wire::new();
        wire.dhcp(Dhcp::Lease { seconds: 2, name_server: true });
        wire.listen();
        let mut device = watching(board, &wire, "10.0.2.2");
        device.wait_for("address 10.0.2.15/24, gateway 10.0.2.2 (DHCP)");
        device.wait_for("connected to");
        // Past where it would have ended twice: a renewal comes after half of it.
        let mut past = 0;
        for _ in 0..4 {
            let renews = |seen: &Seen| matches!(seen, Seen::Dhcp(Message { requests: true, has: Some(DEVICE), .. }));
            past = wire.wait_seen("a renewal", past, renews) + 1;
        }
        exchange(&mut device, &wire, "10.0.2.2", 1);
        device.exit();
        let addresses = device.reports().iter().filter(|report| matches!(report, Report::Address { .. })).count();
        assert_eq!(addresses, 1, "{board}: an address that is kept is told once");
    });
}

#[test]
fn lease_that_ends_takes_the_connection_with_it_and_a_new_one_brings_it_back() {
    each(&BOARDS, |board| {
        let wire = Wire::new();
        wire.dhcp(Dhcp::Lease { seconds: 2, name_server: true });
        wire.listen();
        let mut device = watching(board, &wire, "10.0.2.2");
        device.wait_for("connected to");
        wire.wait_connected();
        wire.dhcp(Dhcp::Silent);
        device.wait_for("the address was lost\r\n");
        device.type_line("ping");
        device.wait_for("\"ping\" needs a connection; there is none to 10.0.2.2:25565 yet");
        // It asks for another from the beginning, and does not use what it no longer has.
        let past = wire.wait_seen("a new search", wire.seen_count().saturating_sub(1), is_dhcp(false));
        assert!(wire.seen()[past..].iter().all(|seen| matches!(seen, Seen::Dhcp(_))), "{board}: {:?}", wire.seen());
        wire.listen();
        wire.dhcp(Dhcp::default());
        device.wait_for("address 10.0.2.15/24, gateway 10.0.2.2 (DHCP)");
        device.wait_for("connected to");
        exchange(&mut device, &wire, "10.0.2.2", 2);
        device.exit();
        let reports = device.reports();
        let lost = reports.iter().position(|report| *report == Report::Disconnected { reason: Reason::Network });
        let regained = reports.iter().rposition(|report| matches!(report, Report::Address { by_dhcp: true, .. }));
        assert!(lost.is_some() && lost < regained, "{board}: {reports:?}");
    });
}

#[test]
fn address_that_is_refused_is_asked_for_again() {
    each(&BOARDS, |board| {
        for refusal in [Dhcp::Nak, Dhcp::Useless] {
            let wire = Wire::new();
            wire.dhcp(refusal);
            wire.listen();
            let mut device = watching(board, &wire, "10.0.2.2");
            let first = wire.wait_seen("a request for what was offered", 0, is_dhcp(true));
            wire.wait_seen("another attempt", first + 1, |seen| matches!(seen, Seen::Dhcp(_)));
            // Nothing but that may come from a device without an address.
            assert!(wire.seen().iter().all(|seen| matches!(seen, Seen::Dhcp(_))), "{board}: {:?}", wire.seen());
            wire.dhcp(Dhcp::default());
            device.wait_for("address 10.0.2.15/24, gateway 10.0.2.2 (DHCP)");
            device.wait_for("connected to");
            device.exit();
        }
    });
}

/// A lease that the server takes back before its end
#[test]
fn address_that_is_taken_back_is_lost_at_once() {
    each(&BOARDS, |board| {
        let wire = Wire::new();
        wire.dhcp(Dhcp::Lease { seconds: 4, name_server: false });
        wire.listen();
        let mut device = watching(board, &wire, "10.0.2.2");
        device.wait_for("connected to");
        wire.dhcp(Dhcp::Nak);
        device.wait_for("the address was lost\r\n");
        wire.dhcp(Dhcp::default());
        wire.listen();
        device.wait_for("address 10.0.2.15/24, gateway 10.0.2.2 (DHCP)");
        device.wait_for("connected to");
        device.exit();
    });
}

#[test]
fn device_without_an_address_says_so_and_still_listens_to_its_console() {
    each(&BOARDS, |board| {
        let wire = Wire::new();
        wire.dhcp(Dhcp::Silent);
        let mut device = watching(board, &wire, "10.0.2.2");
        wire.wait_seen("a search", 0, is_dhcp(false));
        device.type_line("ping");
        device.wait_for("\"ping\" needs a connection; there is none to 10.0.2.2:25565 yet");
        device.type_line("connect 10.0.2.2:7");
        device.wait_for("no address yet; connecting as soon as there is one");
        device.type_line("exit");
        device.wait_for("bye");
        assert_eq!(device.end(), 0, "{board}");
        assert_eq!(device.reports().len(), 1, "{board}: nothing but its start: {:?}", device.reports());
    });
}

#[test]
fn address_of_the_settings_needs_nobody() {
    each(&BOARDS, |board| {
        let wire = Wire::new();
        wire.dhcp(Dhcp::Silent);
        wire.listen();
        let words = ["ip=10.0.2.15/24", "gateway=10.0.2.2", "dns=10.0.2.3", "server=mc.example.org"];
        let mut device = words.into_iter().fold(board.on(&wire), slp_tests::device::Emulator::word).start();
        device.wait_for("address 10.0.2.15/24, gateway 10.0.2.2 (configured)");
        wire.answer(&wire.question(), Answer::Addresses(&[HOST]));
        device.wait_for("connected to mc.example.org:25565 at 10.0.2.2");
        exchange(&mut device, &wire, NAME, 1);
        device.exit();
        assert!(!wire.seen().iter().any(|seen| matches!(seen, Seen::Dhcp(_))), "{board}: nobody was asked");
        let expected = Report::Address { address: DEVICE, prefix: 24, gateway: Some(HOST), by_dhcp: false };
        assert_eq!(device.reports()[1], expected, "{board}");
    });
}

#[test]
fn names_lead_to_addresses_directly_and_through_other_names() {
    let answers = [
        Answer::Addresses(&[HOST]),
        // Of several the first counts.
        Answer::Addresses(&[HOST, Ipv4Addr::new(10, 0, 2, 99)]),
        Answer::Chain(&["other.example.org"], HOST),
        Answer::Chain(&["one.example.org", "two.example.net", "three.example.com"], HOST),
    ];
    each(&BOTH_WAYS, |board| {
        let wire = Wire::new();
        let mut device = watching(board, &wire, NAME);
        for (answer, payload) in answers.into_iter().zip(1..) {
            wire.listen();
            if payload > 1 {
                device.type_line(&format!("connect {NAME}"));
            }
            let question = wire.question();
            assert_eq!(question.name, NAME, "{board}");
            // What was not asked for counts for nothing.
            wire.answer(&question, Answer::OtherId(Ipv4Addr::new(10, 0, 2, 98)));
            wire.answer(&question, answer);
            device.wait_for("connected to mc.example.org:25565 at 10.0.2.2");
            wire.wait_connected();
            exchange(&mut device, &wire, NAME, payload);
        }
        device.exit();
    });
}

#[test]
fn names_that_lead_nowhere_are_told_at_once_and_asked_for_again() {
    let answers = [Answer::NoSuchName, Answer::Failure, Answer::Nothing, Answer::ChainWithoutEnd("other.example.org")];
    each(&BOARDS, |board| {
        let wire = Wire::new();
        wire.listen();
        let mut device = watching(board, &wire, NAME);
        for answer in answers {
            let asked = Instant::now();
            wire.answer(&wire.question(), answer);
            device.wait_for("the server's name could not be resolved; next attempt in");
            // Sooner than it would give up by itself.
            assert!(asked.elapsed().as_secs() < 5, "{board}: {answer:?} was not understood");
            device.type_line(&format!("connect {NAME}"));
        }
        wire.answer(&wire.question(), Answer::Addresses(&[HOST]));
        device.wait_for("connected to mc.example.org:25565 at 10.0.2.2");
        // Names that can be none: nobody is asked.
        for name in [".", "a..b", &"x".repeat(64)] {
            device.type_line(&format!("connect {name}"));
            device.wait_for("the server's name could not be resolved; next attempt in");
        }
        device.exit();
        let errors: Vec<Report> = device.reports().split_off(2).into_iter().take(2).collect();
        let expected = [
            Report::Error { code: code::UNRESOLVED, numbers: [0; 2] },
            Report::Disconnected { reason: Reason::Unresolved },
        ];
        assert_eq!(errors, expected, "{board}");
    });
}

/// A name server that says nothing, or nothing that can be read: five seconds, then another attempt
///
/// What it answers after that is an answer to nothing.
#[test]
fn name_server_that_does_not_answer_is_given_up_and_its_late_answer_ignored() {
    each(&BOARDS, |board| {
        let wire = Wire::new();
        wire.listen();
        let mut device = watching(board, &wire, NAME);
        let first = wire.question();
        for garbage in [Answer::Cut, Answer::Endless] {
            wire.answer(&first, garbage);
        }
        // Asked again while it waits.
        let again = wire.question();
        assert_eq!(again, first, "{board}");
        device.wait_for("the server's name could not be resolved; next attempt in");
        wire.answer(&first, Answer::Addresses(&[Ipv4Addr::new(10, 0, 2, 98)]));
        let mut next = wire.question();
        while next == first {
            next = wire.question();
        }
        wire.answer(&first, Answer::Addresses(&[Ipv4Addr::new(10, 0, 2, 98)]));
        wire.answer(&next, Answer::Addresses(&[HOST]));
        device.wait_for("connected to mc.example.org:25565 at 10.0.2.2");
        device.exit();
    });
}

#[test]
fn name_without_a_name_server_is_told() {
    each(&BOARDS, |board| {
        let wire = Wire::new();
        wire.dhcp(Dhcp::Lease { seconds: 3_600, name_server: false });
        wire.listen();
        let mut device = watching(board, &wire, NAME);
        device.wait_for("no name server is known; next attempt in");
        device.type_line("connect 10.0.2.2");
        device.wait_for("connected to 10.0.2.2:25565");
        // Addresses that can be no server's.
        for address in ["0.0.0.0", "0.0.0.0:1"] {
            device.type_line(&format!("connect {address}"));
            device.wait_for("can be no server's address; next attempt in");
        }
        device.exit();
        let told = [
            Report::Error { code: code::NO_NAME_SERVER, numbers: [0; 2] },
            Report::Disconnected { reason: Reason::Unresolved },
        ];
        assert_eq!(device.reports()[2..4], told, "{board}");
    });
}

/// Each pause about twice the one before, told as it is; how far that goes is tested in virtual time
#[test]
fn pauses_between_attempts_grow() {
    each(&BOARDS, |board| {
        let wire = Wire::new();
        let mut device = watching(board, &wire, "10.0.2.2");
        for full in [1.0, 2.0] {
            device.wait_for("refused the connection; next attempt in ");
            let pause: f64 = device.wait_for(" s\r\n").parse().expect("a number");
            assert!((full * 0.75..=full + 0.05).contains(&pause), "{board}: {pause} s of {full} s");
        }
        wire.listen();
        device.wait_for("connected to");
        wire.wait_connected();
        wire.finish();
        // A server that takes connections and closes them is as good as none.
        device.wait_for("the server closed the connection; next attempt in ");
        let pause: f64 = device.wait_for(" s\r\n").parse().expect("a number");
        assert!((3.0..=4.05).contains(&pause), "{board}: {pause} s");
        wire.listen();
        device.wait_for("connected to");
        wire.wait_connected();
        exchange(&mut device, &wire, "10.0.2.2", 1);
        wire.finish();
        // It answered: the pauses begin anew.
        device.wait_for("the server closed the connection; next attempt in ");
        let pause: f64 = device.wait_for(" s\r\n").parse().expect("a number");
        assert!((0.75..=1.05).contains(&pause), "{board}: {pause} s");
        device.exit();
        // The device's own clock agrees.
        let refused = |report: &Report| *report == Report::Disconnected { reason: Reason::Refused };
        let times: Vec<u64> = device.envelopes().iter().filter(|e| refused(&e.report)).map(|e| e.time_us).collect();
        for (pair, full) in times.windows(2).zip([1_000_000]) {
            let pause = pair[1] - pair[0];
            assert!((full * 3 / 4..full * 3 / 2).contains(&pause), "{board}: {pause} µs of {full} µs");
        }
    });
}
