//! The loop itself: how it ends, how often it draws, what a flood does to it

use tracing_subscriber::prelude::*;

use super::*;
use crate::client::{Command as ClientCommand, Event as ClientEvent};
use crate::server::{Command, Event as ServerEvent};
use crate::side::{ClientSide, ServerSide};
use crate::tui::app::{Effect, Message};

fn listening() -> ServerEvent {
    ServerEvent::Listening { address: ([127, 0, 0, 1], 25565).into() }
}

#[test]
fn a_side_that_does_not_end_is_left_after_three_seconds() {
    Setting::default().play::<ServerSide>(async |mut stage| {
        let start = tokio::time::Instant::now();
        stage.control('c').await;
        assert_eq!(stage.command().await, Command::Stop);
        let _still_open = stage.events.clone();
        stage.ended().await.unwrap();
        let waited = start.elapsed();
        assert!((2_990..3_100).contains(&waited.as_millis()), "{waited:?}");
    });
}

#[test]
fn who_asks_twice_waits_for_nobody() {
    Setting::default().play::<ServerSide>(async |stage| {
        let start = tokio::time::Instant::now();
        stage.control('c').await;
        stage.control('c').await;
        let _still_open = stage.events.clone();
        stage.ended().await.unwrap();
        assert!(start.elapsed() < Duration::from_millis(100));
    });
}

#[test]
fn a_side_that_takes_no_commands_is_still_asked_to_end_first() {
    Setting::default().play::<ClientSide>(async |mut stage| {
        for _ in 0..200 {
            stage.enter("ping").await;
        }
        assert!(stage.drawn().await.contains("the client is busy"));
        stage.control('c').await;
        stage.settle().await;
        let mut last = None;
        while let Ok(command) = stage.commands.try_recv() {
            last = Some(command);
            stage.settle().await;
        }
        assert_eq!(last, Some(ClientCommand::Exit));
    });
}

#[test]
fn a_signal_leaves_as_the_keys_do() {
    let clock = Clock::starting_at(START, TimeZone::UTC);
    let theme = Theme::plain(&Glyphs::UNICODE);
    let mut app = App::<ServerSide>::new(&Config::default(), &clock, theme, History::new(1));
    assert_eq!(app.update(Message::Signal), Effect::Leave(Command::Stop));
    assert_eq!(app.update(Message::Signal), Effect::Quit);
}

#[test]
fn a_terminal_that_is_gone_ends_the_loop_with_an_error() {
    Setting::default().play::<ServerSide>(async |mut stage| {
        stage.keys = None;
        assert_eq!(stage.ended().await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    });
    Setting::default().play::<ServerSide>(async |stage| {
        stage.keys.as_ref().unwrap().send(Err(io::ErrorKind::NotConnected.into())).await.unwrap();
        assert_eq!(stage.ended().await.unwrap_err().kind(), io::ErrorKind::NotConnected);
    });
    // Without a word: no key comes, no event; the next frame cannot be written.
    Setting::default().play::<ClientSide>(async |stage| {
        stage.settle().await;
        stage.screen.broken.set(true);
        let (_events, _keys) = (stage.events.clone(), stage.keys.clone());
        assert_eq!(stage.ended().await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_screen_on_which_nothing_changes_is_not_drawn() {
    Setting::default().play::<ClientSide>(async |stage| {
        stage.settle().await;
        let before = stage.screen.draws.get();
        sleep(Duration::from_mins(1)).await;
        let draws = stage.screen.draws.get() - before;
        assert!(draws <= 12, "{draws} draws; a probe every five seconds is all there should be");
        stage.key(KeyCode::F(7)).await;
        stage.settle().await;
        assert!(stage.screen.draws.get() <= before + 13, "a key that means nothing changes nothing");
    });
    Setting::default().play::<ServerSide>(async |stage| {
        stage.happen([listening()]).await;
        stage.settle().await;
        let before = stage.screen.draws.get();
        sleep(Duration::from_mins(1)).await;
        let draws = stage.screen.draws.get() - before;
        assert!((59..=61).contains(&draws), "{draws} draws; the uptime changes once a second");
    });
}

#[test]
fn no_more_than_thirty_frames_are_drawn_a_second() {
    Setting::default().play::<ServerSide>(async |stage| {
        stage.settle().await;
        let before = stage.screen.draws.get();
        for _ in 0..2_000 {
            stage.happen([listening()]).await;
            sleep(Duration::from_millis(1)).await;
        }
        let draws = stage.screen.draws.get() - before;
        assert!((50..=61).contains(&draws), "{draws} draws in two seconds");
    });
}

#[test]
fn a_flood_keeps_neither_keys_nor_memory() {
    let mut setting = Setting::default();
    setting.config.terminal.scrollback = 500;
    setting.play::<ServerSide>(async |mut stage| {
        let client = ([127, 0, 0, 1], 50112).into();
        let (mut asked, mut answered) = (None, None);
        for number in 0..100_000_i64 {
            stage.happen([ServerEvent::Ping { client, payload: number }]).await;
            if number == 50_000 {
                stage.enter("list").await;
                asked = Some(number);
            }
            if asked.is_some() && answered.is_none() && stage.commands.try_recv() == Ok(Command::List(None)) {
                answered = Some(number);
            }
        }
        let behind = answered.expect("the command was lost") - 50_000;
        assert!(behind < 4_000, "the command was carried out {behind} events later");
        // A second in, so that what is shown of the flood is its end.
        assert!(stage.drawn().await.contains("ping 99999 answered"));
        stage.press(KeyCode::Home, KeyModifiers::CONTROL).await;
        assert!(stage.drawn().await.contains("older dropped"));
    });
}

#[test]
fn a_small_screen_keeps_the_input_line() {
    Setting::of(12, 1).play::<ServerSide>(async |stage| {
        stage.happen([listening()]).await;
        stage.type_in("ping").await;
        assert_eq!(stage.drawn().await, " > ping");
        stage.resize(30, 2).await;
        assert_eq!(stage.drawn().await, "listening on 127.0.0.1:25565\n > ping");
    });
}

#[test]
fn ctrl_l_draws_anew() {
    Setting::default().play::<ServerSide>(async |stage| {
        stage.happen([listening()]).await;
        let before = stage.drawn().await;
        let garbage = Buffer::with_lines(["garbage of another program"]);
        let spoil = |screen: &Shared| {
            let cells: Vec<_> = garbage.content.iter().cloned().enumerate().collect();
            let cells = cells.iter().map(|(x, cell)| (u16::try_from(*x).unwrap(), 20, cell));
            Backend::draw(screen.terminal.borrow_mut().backend_mut(), cells).unwrap();
        };
        spoil(&stage.screen);
        assert!(stage.drawn().await.contains("garbage"));
        stage.control('l').await;
        let rows = |screen: &str| screen.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(rows(&stage.drawn().await), rows(&before));
    });
}

#[test]
fn what_libraries_tell_is_in_the_log() {
    let (layer, traced) = LogLayer::new(4);
    let setting = Setting { traced: Some(traced), ..Setting::default() };
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        tracing::warn!(target: "hickory", "no answer");
    });
    // The layer is gone by now: that the stream ends must not end or spin the loop.
    setting.play::<ClientSide>(async |stage| {
        assert!(stage.drawn().await.contains("16:31:04  WARN hickory: no answer"));
        assert!(stage.goes_on().await);
    });
}

#[test]
fn a_history_that_cannot_be_saved_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file/history");
    let history = History::load(&path, 10).unwrap();
    std::fs::write(folder.path().join("file"), "in the way").unwrap();
    Setting { history, ..Setting::of(120, 40) }.play::<ClientSide>(async |stage| {
        stage.enter("ping 1").await;
        stage.enter("ping 2").await;
        let drawn = stage.drawn().await;
        assert_eq!(drawn.matches("the history cannot be saved").count(), 1, "{drawn}");
    });
}

#[test]
fn what_is_typed_is_there_in_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client-history");
    let setting = || Setting { history: History::load(&path, 10).unwrap(), ..Setting::default() };
    setting().play::<ClientSide>(async |mut stage| {
        stage.enter("ping 1").await;
        assert_eq!(stage.command().await, ClientCommand::Ping(Some(1)));
    });
    setting().play::<ClientSide>(async |mut stage| {
        stage.key(KeyCode::Up).await;
        stage.key(KeyCode::Enter).await;
        assert_eq!(stage.command().await, ClientCommand::Ping(Some(1)));
    });
}

#[test]
fn events_that_come_last_are_shown_before_the_screen_is_left() {
    Setting::default().play::<ClientSide>(async |mut stage| {
        stage.control('c').await;
        assert_eq!(stage.command().await, ClientCommand::Exit);
        stage.happen([ClientEvent::ServerPing { payload: 77 }]).await;
        stage.end_side();
        let screen = stage.screen.clone();
        stage.ended().await.unwrap();
        assert!(text_of(&screen.buffer()).contains("server ping 77 answered"));
    });
}

#[test]
fn marks_are_as_configured_whatever_the_locale() {
    use crate::config::Ascii;
    assert!(crate::tui::theme(Ascii::Always).glyphs.is_ascii());
    assert!(!crate::tui::theme(Ascii::Never).glyphs.is_ascii());
}

#[test]
fn a_history_that_cannot_be_read_is_told_and_does_without() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = crate::config::Terminal { history_file: Some(folder.path().to_owned()), ..Default::default() };
    let (history, warning) = crate::tui::load_history(&config, "server");
    assert_eq!(history.lines().len(), 0);
    assert!(warning.is_some_and(|warning| warning.contains("cannot be read")), "a folder is no file");
    config.save_history = false;
    assert_eq!(crate::tui::load_history(&config, "server").1, None);
}
