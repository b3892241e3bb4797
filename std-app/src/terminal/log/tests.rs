//! The log pane: scrolling, wrapping and what it keeps

use jiff::civil::date;
use proptest::prelude::*;
use ratatui::buffer::{Buffer, Cell as BufferCell};

use super::*;

fn theme() -> Theme {
    Theme::coloured(&Glyphs::UNICODE)
}

fn entry(text: &str) -> Entry {
    Entry::new(Kind::Info, text).at(date(2026, 1, 2).at(16, 31, 2, 0))
}

fn filled(count: usize) -> Log {
    let mut log = Log::default();
    for number in 0..count {
        log.push(entry(&format!("line {number}")));
    }
    log
}

fn draw(log: &mut Log, width: u16, height: u16) -> Vec<String> {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    log.render(area, &mut buffer, &theme());
    buffer
        .content
        .chunks(usize::from(width).max(1))
        .map(|row| row.iter().map(BufferCell::symbol).collect::<String>().trim_end().to_owned())
        .collect()
}

/// The texts of a narrow pane, which shows nothing else
fn texts(log: &mut Log, height: u16) -> Vec<String> {
    draw(log, 30, height)
}

#[test]
fn an_entry_shows_time_source_and_text() {
    let mut log = Log::default();
    log.push(entry("connected").with_source("[::1]:50118"));
    log.push(Entry::new(Kind::Hint, "without a time"));
    assert_eq!(draw(&mut log, 60, 3), ["  16:31:02  [::1]:50118  connected", "  without a time", ""]);
}

#[test]
fn long_entries_hang_below_their_text() {
    let mut log = Log::default();
    log.push(entry("closed: frame of 2 097 152 bytes at byte 0, at most 798 allowed").with_source("127.0.0.1:50140"));
    assert_eq!(
        draw(&mut log, 48, 4),
        [
            "  16:31:02  127.0.0.1:50140  closed: frame of 2",
            "              097 152 bytes at byte 0, at most",
            "              798 allowed",
            "",
        ]
    );
}

#[test]
fn following_shows_the_newest_at_the_bottom() {
    let mut log = filled(5);
    assert_eq!(texts(&mut log, 3), ["line 2", "line 3", "line 4"]);
    log.push(entry("line 5"));
    assert_eq!(texts(&mut log, 3), ["line 3", "line 4", "line 5"]);
}

#[test]
fn a_held_view_stays_and_counts_what_came() {
    let mut log = filled(10);
    texts(&mut log, 3);
    assert!(log.scroll(Scroll::Up(2)));
    let held = texts(&mut log, 3);
    assert_eq!(held, ["line 5", "line 6", "line 7"]);
    assert_eq!(log.note(&Glyphs::UNICODE).as_deref(), Some("scrolled back · End returns"));
    for number in 10..14 {
        log.push(entry(&format!("line {number}")));
        assert_eq!(texts(&mut log, 3), held);
    }
    assert_eq!(log.unseen(), 4);
    assert_eq!(log.note(&Glyphs::UNICODE).as_deref(), Some("4 new lines · End returns"));

    // What is scrolled into view is no longer new.
    log.scroll(Scroll::Down(4));
    assert_eq!(texts(&mut log, 3), ["line 9", "line 10", "line 11"]);
    assert_eq!(log.unseen(), 2);

    assert!(log.scroll(Scroll::End));
    assert!(log.is_following());
    assert_eq!(log.unseen(), 0);
    assert_eq!(texts(&mut log, 3), ["line 11", "line 12", "line 13"]);
    assert_eq!(log.note(&Glyphs::UNICODE), None);
}

#[test]
fn scrolling_down_to_the_newest_follows_again() {
    let mut log = filled(20);
    texts(&mut log, 5);
    log.scroll(Scroll::PageUp);
    assert_eq!(texts(&mut log, 5)[0], "line 11");
    log.scroll(Scroll::HalfPageUp);
    assert_eq!(texts(&mut log, 5)[0], "line 9");
    log.scroll(Scroll::HalfPageDown);
    assert!(!log.is_following());
    assert!(log.scroll(Scroll::PageDown));
    assert!(log.is_following());
    assert!(!log.scroll(Scroll::PageDown), "nothing is below the newest");
}

#[test]
fn home_shows_the_oldest_and_how_many_are_gone() {
    let mut log = Log::new(5);
    for number in 0..8 {
        log.push(entry(&format!("line {number}")));
    }
    assert_eq!((log.len(), log.dropped()), (5, 3));
    texts(&mut log, 2);
    assert!(log.scroll(Scroll::Home));
    assert_eq!(texts(&mut log, 2), ["line 3", "line 4"]);
    assert_eq!(log.note(&Glyphs::ASCII).as_deref(), Some("3 older dropped | scrolled back | End returns"));
    assert!(!log.scroll(Scroll::Up(1)));

    // What is held is dropped in the end: then the oldest is shown.
    log.push(entry("line 8"));
    assert_eq!(texts(&mut log, 2), ["line 4", "line 5"]);
}

#[test]
fn a_log_that_fits_does_not_scroll() {
    let mut log = filled(3);
    texts(&mut log, 5);
    for scroll in [Scroll::Up(1), Scroll::PageUp, Scroll::Home, Scroll::Down(1), Scroll::End] {
        assert!(!log.scroll(scroll), "{scroll:?}");
        assert!(log.is_following());
    }
}

#[test]
fn a_resize_keeps_the_held_place() {
    let mut log = Log::default();
    for number in 0..50 {
        log.push(Entry::new(Kind::Info, &format!("{number:02} alpha beta gamma delta epsilon zeta")));
    }
    draw(&mut log, 20, 6);
    log.scroll(Scroll::Home);
    log.scroll(Scroll::Down(3));
    let first = draw(&mut log, 20, 6)[0].clone();
    assert_eq!(first, " delta epsilon zeta");
    assert_eq!(draw(&mut log, 30, 6)[0], "01 alpha beta gamma delta");
    assert!(!log.is_following());
    // Tall enough for all of it: nothing is left to hold.
    draw(&mut log, 200, 60);
    assert!(log.is_following());
}

#[test]
fn only_what_is_shown_is_wrapped() {
    let mut log = filled(10_000);
    let counted = |log: &Log| log.entries().filter(|entry| entry.counted.get().0 > 0).count();
    draw(&mut log, 80, 24);
    assert!(counted(&log) <= 25, "{} entries wrapped", counted(&log));
    log.scroll(Scroll::PageUp);
    draw(&mut log, 120, 40);
    assert!(counted(&log) <= 120, "{} entries wrapped", counted(&log));
    log.scroll(Scroll::Home);
    draw(&mut log, 120, 40);
    assert!(counted(&log) <= 160, "{} entries wrapped", counted(&log));
}

#[test]
fn control_characters_never_reach_a_cell() {
    let mut log = Log::default();
    log.push(entry("a\u{1b}]0;title\u{7}b\nfaked").with_source("x\u{202E}y"));
    assert_eq!(draw(&mut log, 60, 2)[0], "  16:31:02  x\u{FFFD}y  a\u{FFFD}]0;title\u{FFFD}b faked");
}

#[test]
fn text_and_source_are_bounded() {
    let entry = Entry::new(Kind::Info, &"é".repeat(100_000)).with_source(&"s".repeat(1_000));
    assert_eq!(entry.text().len(), MAX_TEXT_BYTES + "…".len());
    assert!(entry.text().ends_with('…'));
    assert_eq!(entry.source().map(str::len), Some(MAX_SOURCE_BYTES));
}

#[test]
fn source_and_text_are_told_apart() {
    let entry = Entry::new(Kind::Error, "a  b").with_source("one").with_source("two");
    assert_eq!((entry.source(), entry.text()), (Some("two"), "a  b"));
    let entry = entry.with_source("");
    assert_eq!((entry.source(), entry.text()), (None, "a  b"));
}

#[test]
fn clearing_starts_anew() {
    let mut log = Log::new(2);
    for _ in 0..5 {
        log.push(entry("x"));
    }
    texts(&mut log, 1);
    log.scroll(Scroll::Home);
    log.clear();
    assert!(log.is_empty() && log.is_following());
    assert_eq!((log.dropped(), log.unseen()), (0, 0));
    log.push(entry("y"));
    assert_eq!(texts(&mut log, 1), ["y"]);
}

#[derive(Debug, Clone)]
enum Step {
    Push(String),
    Scroll(Scroll),
    Draw(u16, u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let scroll = prop_oneof![
        (0_usize..50).prop_map(Scroll::Up),
        (0_usize..50).prop_map(Scroll::Down),
        Just(Scroll::PageUp),
        Just(Scroll::PageDown),
        Just(Scroll::HalfPageUp),
        Just(Scroll::HalfPageDown),
        Just(Scroll::Home),
        Just(Scroll::End),
    ];
    let step = prop_oneof![
        "\\PC{0,60}".prop_map(Step::Push),
        scroll.prop_map(Step::Scroll),
        (0_u16..50, 0_u16..12).prop_map(|(width, height)| Step::Draw(width, height)),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn no_sequence_of_steps_panics_and_pushes_never_move_a_held_view(steps in steps()) {
        let mut log = Log::new(20);
        for step in steps {
            match step {
                Step::Push(text) => log.push(entry(&text)),
                Step::Scroll(scroll) => { log.scroll(scroll); }
                Step::Draw(width, height) => { draw(&mut log, width, height); }
            }
            let (width, height) = log.size;
            if width > 0 && height > 0 && log.len() < 20 {
                let before = draw(&mut log, width, height);
                if !log.is_following() {
                    log.push(entry("one more"));
                    prop_assert_eq!(draw(&mut log, width, height), before);
                }
            }
        }
    }
}
