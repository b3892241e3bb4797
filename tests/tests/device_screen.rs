//! The board's screen: is each view, and each state of the connection, drawn as it is stored?
//!
//! Pictures of the emulator's screen, pixel by pixel. The round-trip times on them are the host's: how they look is
//! stored by the device's own tests in virtual time, and `device_repeat` has two runs draw the same ones.

use slp_tests::device::control::Control;
use slp_tests::device::{Device, Emulator, LM3S, each};
use slp_tests::wire::dhcp::Dhcp;
use slp_tests::wire::{Deaf, HOST, PORT};
use slp_tests::{FakeServer, Wire, packets};

/// By the clock and by instructions
const WAYS: [slp_tests::device::Board; 2] = [LM3S, LM3S.counted()];

fn on(wire: &Wire, board: slp_tests::device::Board, words: &[&str]) -> (Device, Control) {
    let device = words.iter().copied().fold(board.on(wire), Emulator::word).start();
    let control = device.control();
    (device, control)
}

#[test]
fn keys_go_through_the_views_and_select_asks_for_the_status() {
    each(&WAYS, |board| {
        let server = FakeServer::start();
        let port = server.address().port();
        let mut device = board.emulator().word(format!("server=10.0.2.2:{port}")).start();
        let mut control = device.control();
        let mut peer = server.accept();
        device.wait_for("connected to");
        control.wait_for_screen("status");
        // Each key once: a key that has not been pressed yet reads as pressed, so that no press is too short to be seen.
        control.key("right");
        control.wait_for_screen("times");
        control.key("down");
        control.wait_for_screen("network");
        control.key("left");
        control.wait_for_screen("times");
        control.key("up");
        control.wait_for_screen("status");
        // Select asks for the status, and leaves the console to the person.
        control.key("ctrl");
        peer.expect(packets::hello("10.0.2.2", port));
        let document =
            r#"{"version":{"name":"slp 0.1.0"},"description":"Grüße §aan alle","players":{"max":-1,"online":7}}"#;
        peer.send(packets::response(document));
        control.wait_for_screen("status_without_pong");
        device.exit();
        assert!(!device.console().iter().any(|line| line.contains("status:")), "{board}");
    });
}

/// The fourth view, which names the board, its time and the server's version
#[test]
fn last_view_is_one_back_from_the_first() {
    each(&WAYS, |board| {
        let server = FakeServer::start();
        let mut device = board.emulator().word(format!("server=10.0.2.2:{}", server.address().port())).start();
        let mut control = device.control();
        let mut peer = server.accept();
        device.wait_for("connected to");
        control.key("up");
        control.wait_for_screen("about");
        device.type_line("ping 1");
        peer.expect(packets::hello("10.0.2.2", server.address().port()));
        peer.send(packets::response(r#"{"version":{"name":"a name longer than a row of the screen"}}"#));
        peer.expect(packets::ping(1));
        control.wait_for_screen("about_server");
        device.exit();
    });
}

#[test]
fn states_of_the_connection_are_shown() {
    let server = format!("server={HOST}:{PORT}");
    each(&WAYS, |board| {
        let wire = Wire::new();
        let (mut device, mut control) = on(&wire, board, &[]);
        control.wait_for_screen("no_server");
        device.exit();

        let wire = Wire::new();
        wire.dhcp(Dhcp::Silent);
        let (mut device, mut control) = on(&wire, board, &[&server]);
        control.wait_for_screen("no_address");
        device.exit();

        let wire = Wire::new();
        wire.deaf(Deaf::ToTcp);
        let (mut device, mut control) = on(&wire, board, &[&server]);
        control.wait_for_screen("connecting");
        device.wait_for("does not answer; next attempt in");
        control.wait_for_screen("retrying");
        wire.deaf(Deaf::ToNothing);
        control.wait_for_screen("refused");
        wire.listen();
        control.wait_for_screen("status");
        // What is known of a server stays when the connection goes.
        device.type_line("ping 1");
        wire.hear(packets::hello(&HOST.to_string(), PORT));
        wire.send(packets::response(r#"{"description":"still known","players":{"max":10,"online":3}}"#));
        wire.hear(packets::ping(1));
        control.wait_for_screen("known_up");
        wire.refuse();
        wire.send([]);
        device.type_line(&format!("connect {HOST}"));
        control.wait_for_screen("known_refused");
        device.exit();

        let wire = Wire::new();
        let (mut device, mut control) = on(&wire, board, &["server=mc.example.org"]);
        control.wait_for_screen("resolving");
        device.exit();
    });
}
