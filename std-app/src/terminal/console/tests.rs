//! The console: keys in, actions and pictures out

use crossterm::event::{MouseEvent, MouseEventKind};
use jiff::civil::date;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;

use super::*;
use crate::terminal::completion::{Candidates, NoCompleter};
use crate::terminal::log::Kind;
use crate::terminal::style::Glyphs;

struct Stage {
    console: Console,
    terminal: Terminal<TestBackend>,
}

fn completer(line: &str, cursor: usize) -> Candidates {
    let words = ["help", "ping ", "pings", "status"].iter().filter(|word| word.starts_with(&line[..cursor]));
    Candidates { start: 0, words: words.map(|&word| word.to_owned()).collect() }
}

impl Stage {
    fn new(width: u16, height: u16) -> Self {
        Self::with_theme(width, height, Theme::coloured(&Glyphs::UNICODE))
    }

    fn with_theme(width: u16, height: u16, theme: Theme) -> Self {
        let terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        Self { console: Console::new(theme), terminal }
    }

    fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) -> Action {
        let event = Event::Key(KeyEvent::new(code, modifiers));
        self.console.handle_event(&event, &completer)
    }

    fn press(&mut self, code: KeyCode) -> Action {
        self.key(code, KeyModifiers::NONE)
    }

    fn control(&mut self, letter: char) -> Action {
        self.key(KeyCode::Char(letter), KeyModifiers::CONTROL)
    }

    fn type_in(&mut self, text: &str) {
        for character in text.chars() {
            assert_eq!(self.press(KeyCode::Char(character)), Action::Changed);
        }
    }

    fn submit(&mut self, text: &str) -> Action {
        self.type_in(text);
        self.press(KeyCode::Enter)
    }

    fn draw(&mut self) -> String {
        self.terminal.draw(|frame| self.console.render(frame, frame.area())).unwrap();
        self.terminal.backend().to_string()
    }

    /// The row of the input line; the rows are quoted
    fn prompt(&mut self) -> String {
        let screen = self.draw();
        let rows: Vec<&str> = screen.lines().collect();
        rows[rows.len() - 2].trim_matches('"').trim_end().to_owned()
    }

    fn hints(&mut self) -> String {
        self.draw().lines().last().unwrap().trim_matches('"').trim_end().to_owned()
    }

    fn fill(&mut self) {
        let at = |minute, second| date(2026, 1, 2).at(16, minute, second, 0);
        let lines = [
            (Kind::Info, "127.0.0.1:50112", "connected"),
            (Kind::Success, "127.0.0.1:50112", "pong 7 after 0.21 ms"),
            (Kind::Warning, "[::1]:50118", "slow: nothing for 4 s"),
            (
                Kind::Error,
                "127.0.0.1:50140",
                "closed: frame of 2 097 152 bytes at byte 0, at most 798 allowed; the peer sent what no client sends",
            ),
            (Kind::Hint, "", "Type help for what can be done"),
            (
                Kind::Info,
                "",
                "世界 says hello, in wide characters: 一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十",
            ),
        ];
        for (second, (kind, source, text)) in (0..).zip(lines) {
            self.console.push(Entry::new(kind, text).at(at(31, second)).with_source(source));
        }
        for second in 0..40 {
            let text = format!("ping {second} sent to 2 of 3 clients (1 in status)");
            self.console.push(Entry::new(Kind::Info, &text).at(at(32, second)));
        }
    }
}

#[test]
fn a_screen_of_80_by_24() {
    let mut stage = Stage::new(80, 24);
    stage.fill();
    stage.type_in("ping 7");
    insta::assert_snapshot!("console_80x24", stage.draw());
}

#[test]
fn a_screen_of_80_by_24_scrolled_back_in_ascii() {
    let mut stage = Stage::with_theme(80, 24, Theme::plain(&Glyphs::ASCII));
    stage.fill();
    stage.draw();
    assert_eq!(stage.key(KeyCode::Home, KeyModifiers::CONTROL), Action::Changed);
    stage.console.push(Entry::new(Kind::Info, "one more"));
    stage.console.push(Entry::new(Kind::Info, "and another"));
    stage.type_in("pi");
    assert_eq!(stage.press(KeyCode::Tab), Action::Changed);
    insta::assert_snapshot!("console_80x24_ascii_held", stage.draw());
}

#[test]
fn a_screen_of_120_by_40() {
    let mut stage = Stage::new(120, 40);
    stage.fill();
    assert_eq!(stage.submit("ping all"), Action::Submit("ping all".into()));
    assert_eq!(stage.control('r'), Action::Changed);
    stage.type_in("al");
    insta::assert_snapshot!("console_120x40_search", stage.draw());
}

#[test]
fn the_dirty_flag_follows_what_changes() {
    let mut stage = Stage::new(80, 24);
    assert!(stage.console.is_dirty());
    stage.draw();
    assert!(!stage.console.is_dirty());
    assert_eq!(stage.press(KeyCode::Left), Action::Ignored);
    assert_eq!(stage.press(KeyCode::F(7)), Action::Ignored);
    assert_eq!(stage.console.handle_event(&Event::FocusLost, &NoCompleter), Action::Ignored);
    assert!(!stage.console.is_dirty());
    stage.type_in("x");
    assert!(stage.console.is_dirty());
    stage.draw();
    stage.console.push(Entry::new(Kind::Info, "x"));
    assert!(stage.console.is_dirty());
    stage.draw();
    assert_eq!(stage.console.handle_event(&Event::Resize(1, 1), &NoCompleter), Action::Changed);
    assert!(stage.console.is_dirty());
}

#[test]
fn leaving_redrawing_help_and_escape_are_told() {
    let mut stage = Stage::new(80, 24);
    assert_eq!(stage.control('d'), Action::Leave);
    stage.type_in("xy");
    assert_eq!(stage.control('c'), Action::Leave);
    assert_eq!(stage.control('l'), Action::Redraw);
    assert_eq!(stage.press(KeyCode::F(1)), Action::Help);
    assert_eq!(stage.press(KeyCode::Esc), Action::Escape);
    drop(stage.press(KeyCode::Home));
    assert_eq!(stage.control('d'), Action::Changed);
    assert_eq!(stage.console.text(), "y", "Ctrl-D deletes forward where something is typed");
    assert_eq!(stage.control('r'), Action::Changed);
    assert_eq!(stage.control('c'), Action::Leave, "while searching, too");
}

#[test]
fn a_key_let_go_types_nothing() {
    let mut stage = Stage::new(80, 24);
    let mut key = KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE);
    key.kind = KeyEventKind::Release;
    assert_eq!(stage.console.handle_event(&Event::Key(key), &NoCompleter), Action::Ignored);
    assert_eq!(stage.console.text(), "");
}

#[test]
fn a_line_is_submitted_once_and_remembered() {
    let mut stage = Stage::new(80, 24);
    assert_eq!(stage.submit("status"), Action::Submit("status".into()));
    assert_eq!(stage.console.text(), "");
    assert_eq!(stage.press(KeyCode::Enter), Action::Ignored);
    assert_eq!(stage.submit("   "), Action::Changed, "a blank line is cleared and not run");
    stage.type_in("draft");
    drop(stage.press(KeyCode::Up));
    assert_eq!(stage.console.text(), "status");
    assert_eq!(stage.press(KeyCode::Up), Action::Ignored);
    drop(stage.press(KeyCode::Down));
    assert_eq!(stage.console.text(), "draft");
}

#[test]
fn an_edited_recall_is_not_lost() {
    let mut stage = Stage::new(80, 24);
    for line in ["one", "two"] {
        drop(stage.submit(line));
    }
    drop(stage.press(KeyCode::Up));
    stage.type_in(" more");
    drop(stage.press(KeyCode::Up));
    assert_eq!(stage.console.text(), "one");
    drop(stage.press(KeyCode::Down));
    drop(stage.press(KeyCode::Down));
    assert_eq!(stage.console.text(), "two more");
}

#[test]
fn tab_completes_cycles_and_escape_restores() {
    let mut stage = Stage::new(80, 24);
    stage.type_in("p");
    assert_eq!(stage.press(KeyCode::Tab), Action::Changed);
    assert_eq!(stage.console.text(), "ping");
    assert_eq!(stage.hints(), " ping  pings");
    drop(stage.press(KeyCode::Tab));
    assert_eq!(stage.console.text(), "ping ");
    drop(stage.press(KeyCode::BackTab));
    assert_eq!(stage.console.text(), "pings");
    assert_eq!(stage.press(KeyCode::Esc), Action::Changed);
    assert_eq!(stage.console.text(), "p");
    assert!(stage.hints().contains("Tab complete"));
    assert_eq!(stage.press(KeyCode::Esc), Action::Escape);
    // Going on typing takes what is there.
    drop(stage.press(KeyCode::Tab));
    stage.type_in("s");
    assert_eq!(stage.console.text(), "pings");
    assert!(stage.hints().contains("Tab complete"));
    drop(stage.control('u'));
    stage.type_in("zz");
    assert_eq!(stage.press(KeyCode::Tab), Action::Ignored);
}

#[test]
fn candidates_that_do_not_fit_keep_the_chosen_one_in_view() {
    let many = |_: &str, _: usize| Candidates {
        start: 0,
        words: (0..30).map(|number| format!("candidate-{number:02}")).collect(),
    };
    let mut stage = Stage::new(40, 8);
    let tab = Event::Key(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE));
    drop(stage.console.handle_event(&tab, &many));
    assert_eq!(stage.hints(), " candidate-00  candidate-01  …");
    for chosen in 0..30 {
        drop(stage.console.handle_event(&tab, &many));
        let hints = stage.hints();
        assert!(hints.contains(&format!("candidate-{chosen:02}")), "{chosen}: {hints:?}");
        assert_eq!(hints.starts_with('…'), chosen >= 2, "{chosen}: {hints:?}");
        assert_eq!(hints.ends_with('…'), chosen < 29, "{chosen}: {hints:?}");
    }
}

#[test]
fn search_shows_its_match_and_ends_in_three_ways() {
    let mut stage = Stage::new(80, 24);
    for line in ["ping 1", "status", "ping 2"] {
        drop(stage.submit(line));
    }
    stage.type_in("half");
    assert_eq!(stage.control('r'), Action::Changed);
    stage.type_in("PING");
    assert_eq!(stage.prompt(), " (search) PING  ping 2");
    assert!(stage.hints().contains("Esc cancel"));
    assert_eq!(stage.control('r'), Action::Changed);
    assert_eq!(stage.prompt(), " (search) PING  ping 1");
    assert_eq!(stage.control('r'), Action::Ignored);
    assert_eq!(stage.control('s'), Action::Changed);
    assert_eq!(stage.press(KeyCode::Esc), Action::Changed);
    assert_eq!(stage.console.text(), "half");

    drop(stage.control('r'));
    stage.type_in("1");
    assert_eq!(stage.press(KeyCode::Right), Action::Changed);
    assert_eq!(stage.console.text(), "ping 1");
    assert_eq!(stage.prompt(), " > ping 1");

    drop(stage.control('r'));
    stage.type_in("stx");
    assert_eq!(stage.prompt(), " (search) stx  no match");
    assert_eq!(stage.press(KeyCode::Enter), Action::Ignored);
    assert_eq!(stage.press(KeyCode::Backspace), Action::Changed);
    assert_eq!(stage.press(KeyCode::Enter), Action::Submit("status".into()));
}

#[test]
fn a_paste_is_typed_and_never_run() {
    let mut stage = Stage::new(80, 24);
    let paste = Event::Paste("ping 1\nstop\u{1b}[2J 世界\n".into());
    assert_eq!(stage.console.handle_event(&paste, &NoCompleter), Action::Changed);
    assert_eq!(stage.console.text(), "ping 1 stop\u{FFFD}[2J 世界");
}

#[test]
fn keys_and_wheel_scroll_and_end_returns() {
    let mut stage = Stage::new(80, 24);
    stage.fill();
    let following = stage.draw();
    let wheel = |kind| Event::Mouse(MouseEvent { kind, column: 1, row: 1, modifiers: KeyModifiers::NONE });
    assert_eq!(stage.console.handle_event(&wheel(MouseEventKind::ScrollDown), &NoCompleter), Action::Ignored);
    assert_eq!(stage.console.handle_event(&wheel(MouseEventKind::ScrollUp), &NoCompleter), Action::Changed);
    assert!(stage.draw().contains("scrolled back · End returns"));
    assert_eq!(stage.console.handle_event(&wheel(MouseEventKind::ScrollDown), &NoCompleter), Action::Changed);
    assert_eq!(stage.draw(), following, "three rows up and three down");

    stage.type_in("xy");
    drop(stage.press(KeyCode::Left));
    drop(stage.press(KeyCode::PageUp));
    drop(stage.key(KeyCode::PageUp, KeyModifiers::ALT));
    assert!(!stage.console.log().is_following());
    drop(stage.press(KeyCode::End));
    assert!(stage.console.log().is_following());
    assert_eq!(stage.console.input.cursor(), 1, "the first End returns the log");
    drop(stage.press(KeyCode::End));
    assert_eq!(stage.console.input.cursor(), 2, "the second moves the cursor");
    drop(stage.press(KeyCode::Home));
    assert!(stage.console.log().is_following(), "the first Home moves the cursor");
    drop(stage.press(KeyCode::Home));
    assert!(!stage.console.log().is_following(), "the second shows the oldest entry");
}

#[test]
fn hints_give_way_by_priority() {
    let mut stage = Stage::new(120, 10);
    assert_eq!(
        stage.hints(),
        " Enter run · Tab complete · ↑↓ history · Ctrl-R search · PgUp PgDn scroll · F1 help · Ctrl-C quit"
    );
    let mut stage = Stage::new(34, 10);
    assert_eq!(stage.hints(), " Enter run · F1 help · Ctrl-C quit");
    let mut stage = Stage::new(11, 10);
    assert_eq!(stage.hints(), " Ctrl-C quit".get(..0).unwrap());
}

#[test]
fn small_areas_keep_the_input_line() {
    for (height, expected) in [
        (1, vec![" > x"]),
        (2, vec!["  entry", " > x"]),
        (
            4,
            vec![
                " Log ──────────────────────────────────────────",
                "  entry",
                " > x",
                " Enter run · Tab complete · F1 help · Ctrl-C quit",
            ],
        ),
    ] {
        let mut stage = Stage::new(50, height);
        stage.console.push(Entry::new(Kind::Info, "entry"));
        stage.type_in("x");
        let screen = stage.draw();
        let rows: Vec<&str> = screen.lines().map(|row| row.trim_matches('"').trim_end()).collect();
        if height < 4 {
            assert_eq!(rows, expected);
        } else {
            assert_eq!(rows.last(), Some(&expected[3]));
            assert_eq!(rows[2], " > x");
        }
    }
}

#[test]
fn nothing_but_ascii_is_drawn_in_ascii() {
    let mut stage = Stage::with_theme(60, 12, Theme::coloured(&Glyphs::ASCII));
    stage.fill();
    stage.console.push(Entry::new(Kind::Error, &"世界 ".repeat(40)));
    stage.console.set_text(&"é世".repeat(50));
    assert!(stage.draw().is_ascii());
    drop(stage.control('r'));
    drop(stage.console.handle_event(&Event::Paste("世é".into()), &NoCompleter));
    assert!(stage.draw().is_ascii());
}

fn events() -> impl Strategy<Value = Event> {
    let codes = prop_oneof![
        6 => prop::char::any().prop_map(KeyCode::Char),
        6 => prop::sample::select(vec!['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'n', 'p', 'r', 's', 'u', 'w', 'y', '世', '\u{301}', ' '])
            .prop_map(KeyCode::Char),
        6 => prop::sample::select(vec![
            KeyCode::Enter, KeyCode::Tab, KeyCode::BackTab, KeyCode::Esc, KeyCode::Backspace, KeyCode::Delete,
            KeyCode::Up, KeyCode::Down, KeyCode::Left, KeyCode::Right, KeyCode::Home, KeyCode::End,
            KeyCode::PageUp, KeyCode::PageDown, KeyCode::F(1), KeyCode::Null,
        ]),
    ];
    let key = (codes, 0_u8..8)
        .prop_map(|(code, bits)| Event::Key(KeyEvent::new(code, KeyModifiers::from_bits_truncate(bits))));
    let mouse = prop::sample::select(vec![MouseEventKind::ScrollUp, MouseEventKind::ScrollDown, MouseEventKind::Moved])
        .prop_map(|kind| Event::Mouse(MouseEvent { kind, column: 0, row: 0, modifiers: KeyModifiers::NONE }));
    prop_oneof![
        12 => key,
        1 => mouse,
        1 => any::<String>().prop_map(Event::Paste),
        2 => (0_u16..50, 0_u16..12).prop_map(|(width, height)| Event::Resize(width, height)),
    ]
}

fn words(line: &str, cursor: usize) -> Candidates {
    // Slicing panics here where the cursor is not between characters.
    let start = line[..cursor].rfind(' ').map_or(0, |at| at + 1);
    Candidates { start, words: vec!["alpha".into(), "al世".into(), "beta".into(), String::new()] }
}

proptest! {
    #[test]
    fn no_events_at_any_size_panic_and_the_cursor_stays_inside(
        events in prop::collection::vec(events(), 1..80),
        size in (0_u16..60, 0_u16..16),
        offset in (0_u16..5, 0_u16..5),
        ascii in any::<bool>(),
    ) {
        let glyphs = if ascii { &Glyphs::ASCII } else { &Glyphs::UNICODE };
        let mut console = Console::new(Theme::coloured(glyphs)).with_log(Log::new(15)).with_history(History::new(8));
        let mut area = Rect::new(offset.0, offset.1, size.0, size.1);
        for event in &events {
            if let Event::Resize(width, height) = *event {
                area = Rect { width, height, ..area };
            }
            let action = console.handle_event(event, &words);
            if let Action::Submit(line) = action {
                prop_assert!(!line.contains(crate::terminal::clean::is_harmful));
                console.push(Entry::new(Kind::Info, &line).with_source("you"));
            }
            let mut terminal = Terminal::new(TestBackend::new(area.right(), area.bottom())).unwrap();
            terminal.draw(|frame| console.render(frame, area)).unwrap();
            prop_assert!(!console.is_dirty());
            if !area.is_empty() {
                let cursor = terminal.backend().cursor_position();
                prop_assert!(area.contains(cursor), "{cursor} outside of {area}");
            }
            for cell in &terminal.backend().buffer().content {
                prop_assert!(!cell.symbol().contains(crate::terminal::clean::is_harmful));
            }
        }
    }
}
