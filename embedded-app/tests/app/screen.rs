//! The screen in virtual time, where round trips are as long as they are made: pixel by pixel as it is stored

use std::fs;
use std::path::Path;

use embedded_app::display::Key;

use super::world::{Peer, World};
use super::{SERVER, connected, raw_response, response};

/// What a view settles in: it is handed on in slices, at once
const SETTLED: f64 = 0.2;

/// Lets the screen settle and compares it; what it is instead is left beside the stored one
#[track_caller]
fn assert_screen(world: &mut World, name: &str) {
    let until = world.seconds() + SETTLED;
    world.run_until("the screen", |world| world.seconds() >= until);
    let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(format!("{name}.txt"));
    let expected = fs::read_to_string(&stored).unwrap_or_default().replace('\r', "");
    let screen = world.screen();
    if screen != expected {
        let actual = stored.with_extension("new.txt");
        fs::write(&actual, &screen).expect("it can be written");
        panic!("the screen is not {}; it is in {}:\n{screen}", stored.display(), actual.display());
    }
}

#[test]
fn views_with_round_trips_are_as_stored() {
    let mut world = connected(Peer::Server(response("Hello World !")));
    for payload in 1..=3_u64 {
        // There and back.
        world.latency.set(payload * 1_500);
        world.type_line(&format!("ping {payload}"));
        world.run_until_shown(&format!("pong {payload} after {}.00 ms", payload * 3));
    }
    assert_screen(&mut world, "status");
    world.press(Key::Right);
    assert_screen(&mut world, "times");
    world.press(Key::Down);
    assert_screen(&mut world, "network");
    world.press(Key::Down);
    assert_screen(&mut world, "about");
    world.press(Key::Right);
    assert_screen(&mut world, "status");
}

/// More round trips than are kept: the oldest have gone, and the bars are scaled to the longest that is left
#[test]
fn graph_keeps_the_last_thirty_two() {
    let mut world = connected(Peer::Server(response("Hello World !")));
    for payload in 1..=40_u64 {
        world.latency.set(if payload == 1 { 50_000 } else { payload * 100 });
        world.type_line(&format!("ping {payload}"));
        world.run_until_shown(&format!("pong {payload} after"));
    }
    assert_screen(&mut world, "status_full");
    world.press(Key::Right);
    assert_screen(&mut world, "times_full");
}

/// Counts that leave no room for the round trip are left out: over each other neither could be read
#[test]
fn counts_without_room_do_not_stand_across_the_round_trip() {
    let json = r#"{"players":{"online":-9223372036854775808,"max":9223372036854775807},"description":"Hello World !"}"#;
    let mut world = connected(Peer::Server(raw_response(json)));
    world.type_line("ping 1");
    world.run_until_shown("pong 1 after");
    assert!(world.has_shown("-9223372036854775808 of 9223372036854775807 online"), "{:#?}", world.console());
    assert_screen(&mut world, "status_large");
}

/// A description wider than the screen moves by a character at a time, and begins anew behind its end
#[test]
fn long_description_moves() {
    let text = "A description of forty characters, about";
    let mut world = connected(Peer::Server(response(text)));
    world.type_line("ping 1");
    world.run_until_shown("pong 1 after 0.50 ms");
    // What has been on the screen for two looks is no picture that is being handed on.
    let (mut steps, mut last) = (Vec::new(), String::new());
    let until = world.seconds() + 19.0;
    while world.seconds() < until {
        let next = world.seconds() + 0.1;
        world.run_until("the next look", |world| world.seconds() >= next);
        let screen = world.screen();
        if screen == last && steps.last() != Some(&screen) {
            steps.push(screen.clone());
        }
        last = screen;
    }
    // Forty characters and three blanks, 0.4 s each: then it is where it was.
    let round = text.len() + 3;
    assert_eq!(steps[round], steps[0]);
    for (place, step) in steps[..round].iter().enumerate() {
        assert!(!steps[..place].contains(step), "step {place} was there before:\n{step}");
    }
}

#[test]
fn states_without_a_connection_are_as_stored() {
    let mut world = World::new(Peer::Closed, SERVER);
    world.run_until_shown("refused the connection; next attempt in");
    assert_screen(&mut world, "refused");
    let mut world = World::new(Peer::Closed, SERVER);
    world.unplugged.set(true);
    assert_screen(&mut world, "connecting");
    world.run_until_shown("does not answer; next attempt in");
    assert_screen(&mut world, "retrying");
    let mut world = World::new(Peer::Closed, "");
    assert_screen(&mut world, "no_server");
}

/// What it is up is the connection, not the device
#[test]
fn connection_is_up_since_it_stands() {
    let mut world = World::new(Peer::Server(response("x")), "");
    world.run_until("two minutes without a server", |world| world.seconds() > 110.0);
    world.type_line("connect 10.0.2.2");
    world.run_until_shown("connected to");
    let since = world.seconds();
    assert_screen(&mut world, "up");
    world.run_until("almost a minute", |world| world.seconds() > since + 59.5);
    assert_screen(&mut world, "up");
    world.run_until("a minute", |world| world.seconds() > since + 60.0);
    assert_screen(&mut world, "up_a_minute");
}

/// The seconds to the next attempt are counted down, each drawn once
#[test]
fn next_attempt_is_counted_down() {
    let mut world = World::new(Peer::Closed, SERVER);
    world.unplugged.set(true);
    let attempts = |world: &World| world.console().iter().filter(|line| line.starts_with("connecting")).count();
    for attempt in 1..=3 {
        world.run_until("an attempt", |world| attempts(world) == attempt);
    }
    world.run_until("the third pause", |world| {
        world.console().iter().filter(|line| line.contains("does not answer; next attempt in")).count() == 3
    });
    let mut shown: Vec<String> = Vec::new();
    while attempts(&world) == 3 {
        let next = world.seconds() + 0.1;
        world.run_until("the next look", |world| world.seconds() >= next);
        if !shown.contains(&world.screen()) {
            shown.push(world.screen());
        }
    }
    // 3 to 4 s, less up to a second before them and the view of the attempt behind them.
    let place = |name: &str| {
        let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/snapshots/{name}.txt"));
        let stored = fs::read_to_string(stored).unwrap().replace('\r', "");
        shown.iter().position(|screen| *screen == stored)
    };
    assert_eq!(place("retrying"), Some(3), "4, 3, 2, 1 s: {}", shown.concat());
    assert_eq!(place("connecting"), shown.len().checked_sub(1), "{}", shown.concat());
}
