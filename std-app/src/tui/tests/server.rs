//! The server's screen

use std::net::SocketAddr;

use proto_core::State;
use proto_core::packet::NextState;

use super::*;
use crate::server::{Client, Command, Event as Happened};
use crate::side::ServerSide;

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn listening() -> Happened {
    Happened::Listening { address: address("127.0.0.1:25565") }
}

fn handshake(client: SocketAddr, host: &str, version: i32) -> Happened {
    Happened::Handshake {
        client,
        protocol_version: version,
        server_address: host.to_owned(),
        server_port: 25565,
        next_state: NextState::Status,
    }
}

fn exchange(client: SocketAddr, host: &str, version: i32) -> Vec<Happened> {
    vec![
        Happened::Connected { client },
        handshake(client, host, version),
        Happened::Request { client, bytes: 131 },
        Happened::Ping { client, payload: 42 },
    ]
}

fn pong(client: SocketAddr, payload: i64, micros: u64) -> Happened {
    Happened::Pong { client, payload, rtt: Duration::from_micros(micros) }
}

async fn busy(stage: &Stage<ServerSide>) {
    let [first, second, third] = ["127.0.0.1:50112", "[::1]:50118", "127.0.0.1:50123"].map(address);
    stage.happen([listening()]).await;
    stage.happen(exchange(third, "127.0.0.1", -1)).await;
    sleep(Duration::from_secs(65)).await;
    stage.happen(exchange(first, "localhost", -1)).await;
    for (payload, micros) in (0..).zip([200, 210, 320, 190, 220, 700, 210, 200, 214]) {
        stage.happen([pong(first, payload, micros), pong(third, payload, 60 * micros)]).await;
    }
    sleep(Duration::from_secs(2)).await;
    stage.happen([Happened::Connected { client: second }, handshake(second, "mc.example.org", 767)]).await;
    stage.settle().await;
    stage.enter("ping 7").await;
    stage.settle().await;
    let sent = Happened::PingSent { payload: 7, sent: 2, clients: 3, in_status: 1, owing: 0 };
    let reason = "frame of 2097152 bytes at byte 0, at most 798 allowed".to_owned();
    let closed = Happened::Disconnected { client: address("127.0.0.1:50140"), reason, clean: false };
    stage.happen([sent, pong(first, 7, 210), closed]).await;
    stage.happen([Happened::Error { message: "cannot accept a connection; trying again".to_owned() }]).await;
    stage.type_in("ping 8").await;
}

#[test]
fn empty() {
    Setting::of(80, 24).play::<ServerSide>(async |stage| {
        stage.happen([listening()]).await;
        insta::assert_snapshot!("server_empty_80x24", stage.drawn().await);
    });
}

#[test]
fn busy_at_many_sizes() {
    for (width, height) in [(80, 24), (120, 40), (200, 60), (40, 12), (20, 5)] {
        Setting::of(width, height).play::<ServerSide>(async |stage| {
            busy(&stage).await;
            insta::assert_snapshot!(format!("server_busy_{width}x{height}"), stage.drawn().await);
        });
    }
}

#[test]
fn busy_in_ascii_and_without_colour() {
    let setting = Setting { theme: Theme::plain(&Glyphs::ASCII), ..Setting::default() };
    setting.play::<ServerSide>(async |stage| {
        busy(&stage).await;
        let drawn = stage.drawn().await;
        assert!(drawn.is_ascii());
        let coloured = |cell: &Cell| (cell.fg, cell.bg) != (ratatui::style::Color::Reset, ratatui::style::Color::Reset);
        assert!(!stage.buffer().content.iter().any(coloured));
        insta::assert_snapshot!("server_busy_80x24_ascii", drawn);
    });
}

#[test]
fn no_colour_is_ever_put_behind_text() {
    let setting = Setting { theme: Theme::coloured(&Glyphs::UNICODE), ..Setting::default() };
    setting.play::<ServerSide>(async |stage| {
        busy(&stage).await;
        stage.settle().await;
        let cells = stage.buffer().content;
        assert!(cells.iter().all(|cell| cell.bg == ratatui::style::Color::Reset));
        assert!(cells.iter().any(|cell| cell.fg == ratatui::style::Color::Red), "an error is red");
    });
}

#[test]
fn help_is_opened_scrolled_and_closed() {
    Setting::of(80, 24).play::<ServerSide>(async |mut stage| {
        busy(&stage).await;
        let before = stage.drawn().await;
        stage.key(KeyCode::F(1)).await;
        insta::assert_snapshot!("server_help_80x24", stage.drawn().await);
        stage.resize(40, 12).await;
        insta::assert_snapshot!("server_help_40x12", stage.drawn().await);
        for _ in 0..20 {
            stage.key(KeyCode::PageDown).await;
        }
        let end = stage.drawn().await;
        assert!(end.contains("quit; Ctrl-D") && !end.contains("more below"), "{end}");
        stage.resize(80, 24).await;
        stage.key(KeyCode::Esc).await;
        let title = |screen: &str| screen.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        let after = stage.drawn().await;
        assert_eq!(title(&after)[12..], title(&before)[12..], "the log stands where it stood");
        // The command is the front end's own, and Esc or F1 close what it opens.
        stage.control('u').await;
        stage.enter("help").await;
        assert!(stage.row(1).await.starts_with(" Help"));
        stage.enter("list").await;
        stage.key(KeyCode::F(1)).await;
        assert!(stage.row(1).await.starts_with(" Clients"));
        assert_eq!(stage.command().await, Command::Ping(Some(7)), "of the busy screen");
        assert_eq!(stage.command().await, Command::List(None), "a line is run while the help is open");
        assert!(stage.no_command());
    });
}

#[test]
fn scrolled_back_and_searching() {
    Setting::of(80, 24).play::<ServerSide>(async |stage| {
        busy(&stage).await;
        stage.settle().await;
        stage.key(KeyCode::PageUp).await;
        stage.settle().await;
        let client = address("127.0.0.1:50112");
        stage.happen([Happened::Ping { client, payload: 1 }, Happened::Ping { client, payload: 2 }]).await;
        let held = stage.drawn().await;
        assert!(held.contains("2 new lines · End returns"));
        insta::assert_snapshot!("server_held_80x24", held);
        stage.key(KeyCode::End).await;
        assert!(stage.drawn().await.contains("ping 2 answered"));
        stage.resize(120, 40).await;
        stage.control('r').await;
        stage.type_in("g").await;
        insta::assert_snapshot!("server_search_120x40", stage.drawn().await);
    });
}

#[test]
fn the_table_follows_the_events() {
    Setting::of(100, 24).play::<ServerSide>(async |stage| {
        let client = address("127.0.0.1:50112");
        let row = async || stage.row(3).await.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        stage.happen([listening(), Happened::Connected { client }]).await;
        assert_eq!(row().await, ["127.0.0.1:50112", "default", "–", "now", "–", "–"]);
        stage.happen([handshake(client, "example.org", 767)]).await;
        assert_eq!(row().await, ["127.0.0.1:50112", "status", "–", "now", "example.org:25565", "767"]);
        stage.happen([Happened::Ping { client, payload: 1 }]).await;
        assert_eq!(row().await[1], "default");
        stage.happen([handshake(client, "example.org", 767)]).await;
        let mut back = handshake(client, "ignored", 0);
        let Happened::Handshake { next_state, .. } = &mut back else { unreachable!() };
        *next_state = NextState::Default;
        stage.happen([back]).await;
        assert_eq!((&*row().await[1], &*row().await[4]), ("default", "example.org:25565"));
        stage.happen([pong(client, 7, 14_900)]).await;
        assert_eq!(row().await[2..5], ["14.90", "ms", "█"]);
        let listed = Client { address: client, state: State::Status, rtt: None };
        stage.happen([Happened::List { state: None, clients: vec![listed] }]).await;
        assert_eq!(row().await[1..4], ["status", "14.90", "ms"], "what the server says is right");
        sleep(Duration::from_secs(130)).await;
        assert_eq!(row().await[5..7], ["2", "m"]);
        assert!(stage.row(0).await.contains("1 of 10 clients · up 00:02:"));
        stage.happen([Happened::Disconnected { client, reason: String::new(), clean: true }]).await;
        assert!(stage.row(2).await.contains("No clients yet"));
        // Of one that is not there nothing is shown.
        stage.happen([pong(client, 7, 1)]).await;
        assert!(stage.row(0).await.contains("0 of 10 clients"));
    });
}

#[test]
fn more_clients_than_rows_scroll() {
    let mut setting = Setting::of(80, 24);
    setting.config.server.max_clients = 100;
    setting.play::<ServerSide>(async |stage| {
        stage.happen([listening()]).await;
        stage.happen((1..=60).map(|port| Happened::Connected { client: ([127, 0, 0, 1], port).into() })).await;
        insta::assert_snapshot!("server_many_80x24", stage.drawn().await);
        let hidden = "and 55 more · Ctrl-PgUp Ctrl-PgDn scroll";
        assert!(stage.row(8).await.contains(hidden));
        stage.press(KeyCode::PageDown, KeyModifiers::CONTROL).await;
        assert!(stage.row(3).await.starts_with("  127.0.0.1:6 "));
        stage.press(KeyCode::Down, KeyModifiers::CONTROL).await;
        assert!(stage.row(8).await.contains("and 49 more, 6 above"));
        for _ in 0..40 {
            stage.wheel(MouseEventKind::ScrollDown, 4).await;
        }
        assert!(stage.row(7).await.starts_with("  127.0.0.1:60 "));
        assert!(stage.row(8).await.contains("and 0 more, 55 above"));
        stage.wheel(MouseEventKind::ScrollUp, 15).await;
        let drawn = stage.drawn().await;
        assert!(drawn.contains("scrolled back"), "over the log the wheel scrolls the log");
        assert!(drawn.contains("55 above"));
    });
}

#[test]
fn commands_are_what_is_typed() {
    Setting::default().play::<ServerSide>(async |mut stage| {
        stage.enter("ping 7").await;
        assert_eq!(stage.command().await, Command::Ping(Some(7)));
        stage.type_in("pi").await;
        stage.key(KeyCode::Tab).await;
        stage.key(KeyCode::Enter).await;
        assert_eq!(stage.command().await, Command::Ping(None));
        stage.enter("list status").await;
        assert_eq!(stage.command().await, Command::List(Some(State::Status)));
        stage.type_in("list s").await;
        stage.key(KeyCode::Tab).await;
        stage.key(KeyCode::Enter).await;
        assert_eq!(stage.command().await, Command::List(Some(State::Status)));
        for _ in 0..3 {
            stage.key(KeyCode::Up).await;
        }
        stage.key(KeyCode::Enter).await;
        assert_eq!(stage.command().await, Command::Ping(None));
        stage.enter("lst").await;
        let refused = stage.command().await;
        assert!(
            matches!(&refused, Command::Refused(message) if message.contains("did you mean \"list\"")),
            "{refused:?}"
        );
        stage.enter("   ").await;
        stage.settle().await;
        assert!(stage.no_command());
        let drawn = stage.drawn().await;
        assert!(drawn.contains("16:31:04  > ping 7") && drawn.contains("> lst"), "{drawn}");
    });
}

#[test]
fn list_is_a_head_and_a_row_for_each() {
    Setting::default().play::<ServerSide>(async |stage| {
        let rtt = Some(Duration::from_micros(210));
        let first = Client { address: address("127.0.0.1:50112"), state: State::Default, rtt };
        let second = Client { address: address("127.0.0.1:50113"), state: State::Status, rtt: None };
        stage.happen([Happened::List { state: None, clients: vec![first, second] }]).await;
        let drawn = stage.drawn().await;
        let rows: Vec<_> = drawn.lines().filter(|row| row.contains("16:31")).collect();
        assert_eq!(rows.len(), 3, "{drawn}");
        assert!(rows[0].ends_with("2 clients") && rows[1].contains("127.0.0.1:50112  default"));
        assert!(rows[1].ends_with("0.21 ms"));
    });
}

#[test]
fn leaving_stops_the_server_and_shows_its_last_events() {
    for key in ['c', 'd'] {
        Setting::default().play::<ServerSide>(async |mut stage| {
            stage.happen([listening()]).await;
            stage.control(key).await;
            assert_eq!(stage.command().await, Command::Stop);
            assert!(stage.row(0).await.ends_with("leaving"));
            stage.happen([Happened::Stopped]).await;
            assert!(stage.goes_on().await, "the side has not ended yet");
            stage.end_side();
            let screen = stage.screen.clone();
            stage.ended().await.unwrap();
            assert!(text_of(&screen.buffer()).contains("  stopped"));
        });
    }
}

#[test]
fn a_server_that_stops_takes_the_screen_with_it() {
    Setting::default().play::<ServerSide>(async |mut stage| {
        stage.happen([listening()]).await;
        stage.end_side();
        stage.ended().await.unwrap();
    });
}
