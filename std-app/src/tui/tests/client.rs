//! The client's screen

use proto_core::State;

use super::*;
use crate::client::{Command, Event as Happened, Status};
use crate::side::ClientSide;

const SERVER: &str = "127.0.0.1:25565";

fn connected() -> [Happened; 2] {
    let server = || SERVER.to_owned();
    [Happened::Connecting { server: server() }, Happened::Connected { server: server() }]
}

fn status() -> Status {
    Status {
        version_name: Some("slp 0.1.0".to_owned()),
        protocol: Some(-1),
        online: Some(3),
        max: Some(10),
        description: Some("Hello World !".to_owned()),
        sample: ["Alex", "Steve"].map(str::to_owned).to_vec(),
        favicon_bytes: Some(2_048),
        raw_bytes: 131,
        truncated: false,
        oversize: false,
    }
}

fn pong(payload: i64, micros: u64) -> Happened {
    Happened::Pong { payload, rtt: Duration::from_micros(micros) }
}

fn lost(reason: &str) -> Happened {
    Happened::Disconnected { reason: reason.to_owned(), clean: false }
}

async fn busy(stage: &Stage<ClientSide>) {
    stage.happen(connected()).await;
    stage.happen([Happened::Status(status())]).await;
    for payload in 0..24 {
        stage.happen([pong(payload, 180 + u64::try_from(payload % 5).unwrap() * 40)]).await;
    }
    stage.happen([Happened::Lost { message: "no Pong within 5s; the request is abandoned".to_owned() }]).await;
    stage.happen([pong(99, 1_400), Happened::ServerPing { payload: 7 }]).await;
    stage.settle().await;
    stage.enter("stop").await;
    stage.settle().await;
    stage.happen([Happened::Error { message: "the state is default".to_owned() }]).await;
}

#[test]
fn empty() {
    Setting::of(80, 24).play::<ClientSide>(async |stage| {
        let [connecting, connected] = connected();
        stage.happen([connecting]).await;
        assert!(stage.row(0).await.ends_with(" connecting"));
        stage.happen([connected]).await;
        insta::assert_snapshot!("client_empty_80x24", stage.drawn().await);
    });
}

#[test]
fn busy_at_many_sizes() {
    for (width, height) in [(80, 24), (120, 40), (200, 60), (40, 12), (20, 5)] {
        Setting::of(width, height).play::<ClientSide>(async |stage| {
            busy(&stage).await;
            insta::assert_snapshot!(format!("client_busy_{width}x{height}"), stage.drawn().await);
        });
    }
}

#[test]
fn busy_in_ascii() {
    let setting = Setting { theme: Theme::coloured(&Glyphs::ASCII), ..Setting::default() };
    setting.play::<ClientSide>(async |stage| {
        busy(&stage).await;
        let drawn = stage.drawn().await;
        assert!(drawn.is_ascii());
        insta::assert_snapshot!("client_busy_80x24_ascii", drawn);
    });
}

#[test]
fn help() {
    Setting::of(120, 40).play::<ClientSide>(async |stage| {
        busy(&stage).await;
        stage.key(KeyCode::F(1)).await;
        insta::assert_snapshot!("client_help_120x40", stage.drawn().await);
    });
}

#[test]
fn scrolled_back_and_searching() {
    Setting::of(120, 40).play::<ClientSide>(async |stage| {
        busy(&stage).await;
        stage.settle().await;
        stage.resize(80, 24).await;
        stage.settle().await;
        stage.key(KeyCode::PageUp).await;
        stage.settle().await;
        stage.happen([Happened::ServerPing { payload: 8 }]).await;
        insta::assert_snapshot!("client_held_80x24", stage.drawn().await);
        stage.resize(120, 40).await;
        stage.control('r').await;
        stage.type_in("st").await;
        insta::assert_snapshot!("client_search_120x40", stage.drawn().await);
    });
}

#[test]
fn what_the_server_did_not_say_is_unknown() {
    Setting::default().play::<ClientSide>(async |stage| {
        stage.happen(connected()).await;
        stage.happen([Happened::Status(Status { raw_bytes: 2, ..Status::default() })]).await;
        let drawn = stage.drawn().await;
        for text in ["unknown description", "unknown version, protocol unknown", "players unknown", "status of 2 bytes"]
        {
            assert!(drawn.contains(text), "{text}: {drawn}");
        }
        let hostile = Status { description: Some("a\u{1b}[2J\nb\u{202e}".to_owned()), ..status() };
        stage.happen([Happened::Status(hostile)]).await;
        assert!(stage.row(2).await.starts_with("  a\u{FFFD}[2J b\u{FFFD}"));
    });
}

#[test]
fn the_time_to_the_next_attempt_counts_down() {
    Setting::default().play::<ClientSide>(async |stage| {
        stage.happen(connected()).await;
        let pause = Duration::from_millis(3_700);
        let reason = "the server closed the connection".to_owned();
        stage.happen([lost(&reason), Happened::Reconnecting { reason, attempt: 3, pause }]).await;
        assert!(stage.row(0).await.ends_with(" reconnecting in 4 s, attempt 3"));
        insta::assert_snapshot!("client_reconnecting_80x24", stage.drawn().await);
        let mut told = Vec::new();
        for _ in 0..40 {
            let title = stage.row(0).await;
            let left = title.split("reconnecting in ").nth(1).unwrap().chars().next().unwrap();
            if told.last() != Some(&left) {
                told.push(left);
            }
        }
        assert_eq!(told, ['4', '3', '2', '1', '0']);
        let draws = stage.screen.draws.get();
        sleep(Duration::from_secs(3)).await;
        assert!(stage.screen.draws.get() <= draws + 1, "there is nothing left to count");
        stage.happen(connected()).await;
        assert!(stage.row(0).await.ends_with(" default"));
    });
}

#[test]
fn the_state_stands_in_the_title_bar() {
    Setting::default().play::<ClientSide>(async |stage| {
        stage.happen(connected()).await;
        stage.happen([Happened::State { from: State::Default, to: State::Status }]).await;
        assert!(stage.row(0).await.ends_with(" status"));
        stage.happen([Happened::State { from: State::Status, to: State::Default }, pong(1, 214)]).await;
        assert!(stage.row(0).await.ends_with(" default · last rtt 0.21 ms"));
    });
}

#[test]
fn a_connection_that_is_over_stays_to_be_read() {
    Setting::default().play::<ClientSide>(async |mut stage| {
        stage.happen(connected()).await;
        stage.happen([Happened::Status(status()), pong(1, 214), lost("the server reset the connection")]).await;
        stage.end_side();
        assert!(stage.goes_on().await);
        insta::assert_snapshot!("client_over_80x24", stage.drawn().await);
        stage.enter("ping").await;
        assert!(stage.drawn().await.contains("the client has ended; Ctrl-C leaves"));
        stage.enter("pnig").await;
        assert!(stage.drawn().await.contains("did you mean \"ping\""));
        assert!(stage.no_command());
        stage.control('c').await;
        stage.ended().await.unwrap();
    });
}

#[test]
fn exit_leaves_a_connection_that_is_over() {
    Setting::default().play::<ClientSide>(async |mut stage| {
        stage.happen(connected()).await;
        stage.end_side();
        stage.settle().await;
        stage.enter("exit").await;
        stage.ended().await.unwrap();
    });
}

#[test]
fn without_any_connection_the_screen_is_left_at_once() {
    Setting::default().play::<ClientSide>(async |mut stage| {
        let [connecting, _] = connected();
        stage.happen([connecting]).await;
        stage.end_side();
        stage.ended().await.unwrap();
    });
}

#[test]
fn exit_ends_with_the_client() {
    Setting::default().play::<ClientSide>(async |mut stage| {
        stage.happen(connected()).await;
        stage.enter("exit").await;
        assert_eq!(stage.command().await, Command::Exit);
        assert!(stage.goes_on().await);
        stage.end_side();
        stage.ended().await.unwrap();
    });
}

#[test]
fn commands_are_what_is_typed() {
    Setting::default().play::<ClientSide>(async |mut stage| {
        for (line, command) in
            [("ping -7", Command::Ping(Some(-7))), ("ping", Command::Ping(None)), ("stop", Command::Stop)]
        {
            stage.enter(line).await;
            assert_eq!(stage.command().await, command);
        }
    });
}
