//! Do people see in a real terminal what they should, and do they get it back as it was?

use std::net::SocketAddr;

use portable_pty::ExitStatus;
use slp_tests::screen::Screen;
use slp_tests::{Client, ClosedPort, FakeServer, Home, Peer, Server, Slp, events, packets};
use vt100::MouseProtocolMode;

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";
const DELETE: &str = "\x1b[3~";
const PAGE_UP: &str = "\x1b[5~";
const END: &str = "\x1b[F";
const F1: &str = "\x1bOP";
const WHEEL_UP: &str = "\x1b[<64;10;18M";

fn ctrl(key: char) -> String {
    char::from(key as u8 & 0x1F).to_string()
}

fn server_command() -> Slp {
    Slp::new(["server", "--listen", "127.0.0.1:0"])
}

/// A server on a screen, and where it listens
fn server_on_screen(slp: &Slp, columns: u16, rows: u16) -> (Screen, SocketAddr) {
    let mut screen = Screen::start(slp, columns, rows);
    screen.wait_for("listening on 127.0.0.1:");
    let contents = screen.contents();
    let after = contents.split("listening on ").nth(1).and_then(|rest| rest.split_whitespace().next());
    (screen, after.and_then(|address| address.parse().ok()).expect("the address stands there"))
}

/// A client on a screen, connected
fn client_on_screen(server: SocketAddr, columns: u16, rows: u16) -> Screen {
    let mut screen = Screen::start(&Slp::new(["client", &server.to_string()]), columns, rows);
    screen.wait_for("connected to 127.0.0.1:");
    screen
}

fn row(screen: &vt100::Screen, number: u16) -> String {
    let (_, columns) = screen.size();
    screen.rows(0, columns.get()).nth(number.into()).unwrap_or_default()
}

/// Title above, input line and hints below, all within the terminal
fn assert_laid_out(screen: &Screen, title: &str, columns: u16, rows: u16) {
    let top = row(screen.screen(), 0);
    assert!(top.starts_with(title), "{top:?}");
    // What stands at the right goes to the edge, with one column left free.
    assert!(
        (columns - 2..=columns).contains(&u16::try_from(top.trim_end().chars().count()).expect("a row")),
        "{top:?}"
    );
    assert!(row(screen.screen(), rows - 2).starts_with(" > "), "{}", screen.contents());
    assert!(row(screen.screen(), rows - 1).contains("Enter run"), "{}", screen.contents());
}

#[track_caller]
fn assert_left_well(screen: Screen) {
    assert_status(&screen.finish_and_assert_restored(), 0);
}

#[track_caller]
fn assert_status(status: &ExitStatus, code: u32) {
    assert_eq!((status.exit_code(), status.signal()), (code, None));
}

#[test]
fn server_shows_clients_and_log_at_both_sizes() {
    for (columns, rows) in SIZES {
        let (mut screen, address) = server_on_screen(&server_command(), columns, rows);
        screen.wait_for("0 of 10 clients");
        screen.wait_for("No clients yet. Connect one with: slp client 127.0.0.1:");
        assert_laid_out(&screen, &format!(" slp server  {address}"), columns, rows);
        assert!(screen.screen().alternate_screen() && screen.screen().bracketed_paste());
        assert_ne!(screen.screen().mouse_protocol_mode(), MouseProtocolMode::None);

        let mut client = Client::connect(address, &[]);
        screen.wait_for("1 of 10 clients");
        let mut peer = Peer::connect(address);
        screen.wait_for("2 of 10 clients");
        screen.wait_without("No clients yet");
        // Typed, seen, run.
        screen.keys("ping 7");
        screen.wait_for_input("ping 7");
        screen.keys("\r");
        assert_eq!(client.event("server_ping")["payload"], 7);
        screen.wait_for("ping 7 sent to 2 of 2 clients");
        peer.expect(packets::ping(7));
        screen.wait_for("pong 7 after ");
        screen.wait_for_input("");
        client.command("ping 8");
        screen.wait_for("ping 8 answered");
        screen.wait("a row of the table", |screen| {
            let table = screen.contents();
            table.lines().any(|line| line.contains(" default ") && line.contains(" ms"))
        });
        screen.run("list 1");
        screen.wait_for("0 clients in status");
        screen.run("ping 99999999999999999999");
        screen.wait_for("is out of range; expected");
        screen.run("lst");
        screen.wait_for("did you mean \"list\"?");
        drop(peer);
        screen.wait_for("closed: the client closed the connection");
        screen.wait_for("1 of 10 clients");
        screen.assert_only_drawn();
        screen.run("stop");
        assert_left_well(screen);
        client.event("disconnected");
    }
}

#[test]
fn client_shows_status_and_round_trips_at_both_sizes() {
    for (columns, rows) in SIZES {
        let mut server = Server::start(&["--description", "§aA §lgreen §rserver"]);
        let mut screen = client_on_screen(server.address(), columns, rows);
        assert_laid_out(&screen, &format!(" slp client  {}", server.address()), columns, rows);
        screen.run("ping 42");
        screen.wait_for("A green server");
        screen.wait_for("1 of 10 online");
        screen.wait_for("pong 42 after ");
        screen.wait("the time of the last round trip in the title", |screen| {
            let title = row(screen, 0);
            title.contains("default") && title.contains(" ms")
        });
        server.command("ping 7");
        screen.wait_for("server ping 7 answered");
        screen.run("stop");
        screen.wait_for("needs a status request in progress; the state is default");
        screen.run("pong");
        screen.wait_for("did you mean \"ping\"?");
        screen.assert_only_drawn();
        screen.run("exit");
        assert_left_well(screen);
    }
}

#[test]
fn screen_follows_the_size_of_the_terminal() {
    let (mut screen, address) = server_on_screen(&server_command(), 80, 24);
    let title = format!(" slp server  {address}");
    for (columns, rows) in [(120, 40), (40, 12), (200, 60), (80, 24)] {
        screen.resize(columns, rows);
        screen.wait("the new layout", |screen| {
            row(screen, rows - 2).starts_with(" > ") && row(screen, rows - 1).contains("Enter")
        });
        // What there is no room for goes, the address last.
        screen.wait("the title", |screen| row(screen, 0).contains(&address.to_string()));
        screen.run("list");
        screen.wait_for("0 clients");
        screen.keys(&ctrl('l'));
    }
    assert_laid_out(&screen, &title, 80, 24);
    screen.run("stop");
    assert_left_well(screen);
}

#[test]
fn tiny_terminal_is_no_reason_to_fail() {
    let (columns, rows) = (10, 3);
    let fake = FakeServer::start();
    let mut screen = Screen::start(&Slp::new(["client", &fake.address().to_string()]), columns, rows);
    let mut peer = fake.accept();
    screen.run("ping 1");
    peer.expect(fake.hello());
    peer.send(packets::response("{\"description\":\"a\"}"));
    peer.expect(packets::ping(1));
    peer.send(packets::ping(1));
    screen.keys("abc");
    screen.wait("what was typed", |screen| screen.contents().contains("abc"));
    for (columns, rows) in [(1, 1), (2, 2), (300, 2), (3, 100), (80, 24)] {
        screen.resize(columns, rows);
    }
    screen.wait_for("pong 1 after ");
    screen.wait_for_input("abc");
    screen.keys(&ctrl('u'));
    screen.run("exit");
    assert_left_well(screen);
}

#[test]
fn line_is_edited_and_completed() {
    let server = Server::start(&[]);
    let mut screen = client_on_screen(server.address(), 80, 24);
    let type_and_see = |screen: &mut Screen, keys: &str, line: &str| {
        screen.keys(keys);
        screen.wait_for_input(line);
    };
    type_and_see(&mut screen, "xing 5 6", "xing 5 6");
    type_and_see(&mut screen, &ctrl('w'), "xing 5");
    type_and_see(&mut screen, &format!("{}{DELETE}p", ctrl('a')), "ping 5");
    type_and_see(&mut screen, &format!("{}7", ctrl('e')), "ping 5 7");
    type_and_see(&mut screen, &format!("{}{}", ctrl('a'), ctrl('k')), "");
    type_and_see(&mut screen, "ping", "ping");
    type_and_see(&mut screen, &ctrl('u'), "");
    type_and_see(&mut screen, "pi\t", "ping");
    type_and_see(&mut screen, "9", "ping 9");
    screen.keys("\r");
    screen.wait_for("pong 9 after ");

    screen.keys(F1);
    screen.wait_for("open and close this help");
    for command in ["ping", "stop", "exit", "help"] {
        screen.wait("every command", |screen| {
            screen.contents().lines().any(|line| line.trim_start().starts_with(command))
        });
    }
    screen.keys(F1);
    screen.wait_without("open and close this help");
    screen.run("exit");
    assert_left_well(screen);
}

#[test]
fn history_is_kept_between_runs_and_searched() {
    let home = Home::new();
    let slp = server_command().home(&home);
    let (mut screen, _) = server_on_screen(&slp, 80, 24);
    for (line, answer) in [("ping 41", "ping 41 sent"), ("list 0", "0 clients in default"), ("list", "0 clients")] {
        screen.run(line);
        screen.wait_for(answer);
    }
    screen.run("stop");
    assert_left_well(screen);

    let (mut screen, _) = server_on_screen(&slp, 80, 24);
    for line in ["stop", "list", "list 0", "ping 41"] {
        screen.keys(UP);
        screen.wait_for_input(line);
    }
    screen.keys(DOWN);
    screen.wait_for_input("list 0");
    screen.keys(&ctrl('u'));
    screen.wait_for_input("");
    screen.keys(&format!("{}41", ctrl('r')));
    screen
        .wait("what was found", |screen| screen.contents().lines().rev().take(3).any(|line| line.contains("ping 41")));
    screen.keys("\r");
    screen.wait_for("ping 41 sent");
    screen.keys(&ctrl('c'));
    assert_left_well(screen);

    // The client has one of its own, and whoever wants none has none.
    let server = Server::start(&[]);
    let client = Slp::new(["client", &server.address().to_string(), "--no-history"]).home(&home);
    let mut screen = Screen::start(&client, 80, 24);
    screen.wait_for("connected to");
    screen.run("ping 5");
    screen.wait_for("pong 5");
    screen.keys(&ctrl('d'));
    assert_left_well(screen);
    let mut screen = Screen::start(&Slp::new(["client", &server.address().to_string()]).home(&home), 80, 24);
    screen.wait_for("connected to");
    screen.keys(&format!("{UP}x"));
    screen.wait_for_input("x");
    screen.keys(&ctrl('c'));
    assert_left_well(screen);
}

#[test]
fn history_is_as_long_as_configured() {
    let home = Home::new();
    let file = home.file("short.toml", "[terminal]\nhistory_size = 2\nhistory_file = \"kept\"\n");
    let slp = server_command().home(&home).args([std::ffi::OsString::from("--config"), file.into()]);
    let (mut screen, _) = server_on_screen(&slp, 80, 24);
    for payload in ["1", "2", "3"] {
        screen.run(&format!("ping {payload}"));
        screen.wait_for(&format!("ping {payload} sent"));
    }
    screen.keys(&ctrl('d'));
    assert_left_well(screen);
    let kept = std::fs::read_to_string(home.path().join("kept")).expect("the file that was configured");
    assert!(kept.contains("ping 3") && kept.contains("ping 2") && !kept.contains("ping 1"), "{kept:?}");
}

#[test]
fn log_is_scrolled_back_and_forth() {
    let (mut screen, _) = server_on_screen(&server_command(), 80, 24);
    for payload in 100..140 {
        screen.run(&format!("ping {payload}"));
    }
    screen.wait_for("ping 139 sent");
    screen.wait_without("listening on");
    screen.keys(WHEEL_UP);
    screen.wait_without("ping 139 sent");
    screen.keys(&PAGE_UP.repeat(20));
    screen.wait_for("listening on");
    // What comes meanwhile does not move the view.
    screen.run("ping 140");
    // The line typed and what came of it.
    screen.wait_for("2 new lines");
    assert!(screen.contents().contains("listening on"), "{}", screen.contents());
    screen.keys(END);
    screen.wait_for("ping 140 sent");
    screen.wait_without("listening on");
    screen.run("stop");
    assert_left_well(screen);
}

#[test]
fn both_sides_leave_by_key_and_give_the_screen_back() {
    for key in ['c', 'd'] {
        let (mut screen, address) = server_on_screen(&server_command(), 80, 24);
        let mut client = client_on_screen(address, 80, 24);
        client.keys("half a li");
        client.wait_for_input("half a li");
        client.keys(&ctrl('u'));
        client.wait_for_input("");
        client.keys(&ctrl(key));
        assert_left_well(client);
        screen.wait_for("closed: the client closed the connection");
        screen.keys(&ctrl(key));
        assert_left_well(screen);
    }
}

#[cfg(unix)]
#[test]
fn signals_give_the_screen_back() {
    for signal in ["TERM", "INT", "HUP", "QUIT"] {
        let (screen, address) = server_on_screen(&server_command(), 80, 24);
        let client = client_on_screen(address, 80, 24);
        for screen in [client, screen] {
            slp_tests::process::send_signal(screen.id(), signal);
            assert_left_well(screen);
        }
    }
}

#[cfg(unix)]
#[test]
fn terminal_that_is_closed_takes_the_program_with_it() {
    let fake = FakeServer::start();
    let mut peer = None;
    let status = slp_tests::screen::run_and_hang_up(&Slp::new(["client", &fake.address().to_string()]), || {
        peer = Some(fake.accept());
    });
    peer.expect("it was accepted").expect_close();
    assert_eq!(status.signal(), None, "it ends by itself, in good order");
}

#[test]
fn client_that_cannot_connect_says_so_on_the_screen_that_it_leaves() {
    let closed = ClosedPort::take();
    let address = closed.address();
    let screen = Screen::start(&Slp::new(["client", &address.to_string()]), 120, 24);
    let (status, left) = screen.finish_and_assert_restored_with_contents();
    assert_status(&status, 1);
    assert!(left.contains(&format!("slp: cannot connect to {address}: connection refused")), "{left}");
}

#[test]
fn reconnecting_is_told_on_the_status_bar() {
    let closed = ClosedPort::take();
    let address = closed.address();
    let mut screen = Screen::start(&Slp::new(["client", &address.to_string(), "--reconnect"]), 120, 24);
    screen.wait("the attempt in the title", |screen| row(screen, 0).contains("reconnecting in "));
    screen.wait_for("connection refused");
    screen.keys(&ctrl('c'));
    // It never was connected, which is what it was to be.
    assert_status(&screen.finish_and_assert_restored(), 1);
}

#[test]
fn address_in_use_is_told_without_taking_the_screen_for_good() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("its address").to_string();
    let screen = Screen::start(&Slp::new(["server", "--listen", &address]), 120, 24);
    let (status, left) = screen.finish_and_assert_restored_with_contents();
    assert_status(&status, 1);
    assert!(left.contains(&format!("slp: cannot listen on {address}")), "{left}");
}

#[test]
fn hostile_texts_only_draw() {
    let hostile = "a\u{1b}[2Jb\u{1b}]0;owned\u{7}c\u{9b}31md\u{202e}e\u{2066}f\u{7f}g\u{85}h";
    let (mut screen, address) = server_on_screen(&server_command(), 120, 24);
    let mut peer = Peer::connect(address);
    peer.send(packets::handshake_of(5, hostile, 1, 1));
    screen.wait_for("next state status");
    assert!(screen.contents().contains("owned"), "what is harmless stays: {}", screen.contents());
    assert!(events::is_clean(&screen.contents()), "{:?}", screen.contents());
    screen.assert_only_drawn();
    screen.run("stop");
    assert_left_well(screen);

    let fake = FakeServer::start();
    let mut screen = Screen::start(&Slp::new(["client", &fake.address().to_string()]), 120, 24);
    let mut peer = fake.accept();
    screen.run("ping 1");
    peer.expect(fake.hello());
    let escaped = packets::escaped(hostile);
    let players = format!(r#"{{"max":1,"online":1,"sample":[{{"name":"{escaped}","id":""}}]}}"#);
    let version = format!(r#"{{"name":"{escaped}","protocol":1}}"#);
    peer.send(packets::response(format!(
        r#"{{"version":{version},"players":{players},"description":{{"text":"{escaped}"}}}}"#
    )));
    peer.expect(packets::ping(1));
    peer.send(packets::ping(1));
    screen.wait_for("pong 1 after ");
    screen.wait_for("owned");
    assert!(events::is_clean(&screen.contents()), "{:?}", screen.contents());
    screen.assert_only_drawn();
    screen.run("exit");
    assert_left_well(screen);
}

#[test]
fn plain_stays_line_mode_in_a_terminal() {
    let mut screen = Screen::start(&server_command().args(["--plain"]), 80, 24);
    screen.wait_for("listening on 127.0.0.1:");
    screen.run("list");
    screen.wait_for("0 clients");
    assert!(!screen.screen().alternate_screen() && !screen.screen().bracketed_paste());
    assert_eq!(screen.screen().mouse_protocol_mode(), MouseProtocolMode::None);
    screen.run("stop");
    screen.wait_for("stopped");
    assert_left_well(screen);
}

#[test]
fn without_colour_everything_is_still_there() {
    let slp = server_command().env("NO_COLOR", "1");
    let (mut screen, _) = server_on_screen(&slp, 80, 24);
    screen.run("nonsense");
    screen.wait_for("unknown command \"nonsense\"");
    let (rows, columns) = screen.screen().size();
    for (row, column) in (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column))) {
        let cell = screen.screen().cell(row, column).expect("it is on the screen");
        let colours = (cell.fgcolor(), cell.bgcolor());
        assert_eq!(colours, (vt100::Color::Default, vt100::Color::Default), "row {row}, column {column}");
    }
    screen.run("stop");
    assert_left_well(screen);
}

#[test]
fn ascii_draws_nothing_else() {
    let (mut screen, address) = server_on_screen(&server_command().args(["--ascii"]), 80, 24);
    let _peer = Peer::connect(address);
    screen.wait_for("1 of 10 clients");
    screen.run("ping 1");
    screen.wait_for("ping 1 sent");
    assert!(screen.contents().is_ascii(), "{}", screen.contents());
    screen.run("stop");
    assert_left_well(screen);
}
