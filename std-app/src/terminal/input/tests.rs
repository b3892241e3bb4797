//! The input line: editing, and the cursor at any width

use proptest::prelude::*;

use super::*;
use crate::terminal::style::Glyphs;

fn theme() -> Theme {
    Theme::coloured(&Glyphs::UNICODE)
}

fn line(text: &str) -> InputLine {
    let mut line = InputLine::new();
    line.set_text(text);
    line
}

fn press(line: &mut InputLine, code: KeyCode, modifiers: KeyModifiers) -> Option<bool> {
    line.handle_key(KeyEvent::new(code, modifiers))
}

fn control(line: &mut InputLine, character: char) {
    assert!(press(line, KeyCode::Char(character), KeyModifiers::CONTROL).is_some());
}

fn draw(line: &mut InputLine, width: u16) -> (String, Option<u16>) {
    let area = Rect::new(0, 0, width, 1);
    let mut buffer = Buffer::empty(area);
    let cursor = line.render(area, &mut buffer, "> ", &theme());
    // The cell behind a wide character is part of it and shows nothing.
    let mut row = String::new();
    let mut skip = 0;
    for cell in &buffer.content {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        row.push_str(cell.symbol());
        skip = cell.symbol().cell_width().saturating_sub(1);
    }
    (row, cursor.map(|position| position.x))
}

#[test]
fn words_are_moved_over_and_killed() {
    let mut input = line("ping all clients");
    press(&mut input, KeyCode::Left, KeyModifiers::CONTROL);
    assert_eq!(input.cursor(), 9);
    press(&mut input, KeyCode::Char('b'), KeyModifiers::ALT);
    assert_eq!(input.cursor(), 5);
    press(&mut input, KeyCode::Char('f'), KeyModifiers::ALT);
    assert_eq!(input.cursor(), 9);
    control(&mut input, 'w');
    assert_eq!(input.text(), "ping clients");
    control(&mut input, 'e');
    control(&mut input, 'y');
    assert_eq!(input.text(), "ping clientsall ");
}

#[test]
fn lines_are_killed_and_yanked() {
    let mut input = line("one two");
    input.set_cursor(3);
    control(&mut input, 'k');
    assert_eq!(input.text(), "one");
    control(&mut input, 'k');
    control(&mut input, 'a');
    control(&mut input, 'y');
    assert_eq!(input.text(), " twoone", "killing nothing keeps what was killed");
    control(&mut input, 'u');
    assert_eq!((input.text(), input.cursor()), ("one", 0));
    input.take();
    control(&mut input, 'y');
    assert_eq!(input.text(), " two", "what was killed outlives the line");
}

#[test]
fn graphemes_are_deleted_whole() {
    let mut input = line("a👩\u{200D}🚀e\u{301}b");
    input.set_cursor(1);
    press(&mut input, KeyCode::Delete, KeyModifiers::NONE);
    assert_eq!(input.text(), "ae\u{301}b");
    control(&mut input, 'f');
    control(&mut input, 'h');
    assert_eq!(input.text(), "ab");
    press(&mut input, KeyCode::Backspace, KeyModifiers::NONE);
    assert_eq!(input.text(), "b");
}

#[test]
fn a_paste_becomes_one_clean_line() {
    let mut input = line("ac");
    input.set_cursor(1);
    assert!(input.insert("x\r\ny\nz\t\u{1b}[0m\u{202E}\n"));
    assert_eq!(input.text(), "ax y z \u{FFFD}[0m\u{FFFD}c");
    assert_eq!(input.cursor(), input.text().len() - 1);
    assert!(!input.insert("\n"));
}

#[test]
fn a_line_is_bounded() {
    let mut input = line("start ");
    assert!(input.insert(&"世".repeat(10_000)));
    assert_eq!(input.text().chars().count(), MAX_CHARS);
    assert!(!input.insert("x"));
    assert_eq!(press(&mut input, KeyCode::Char('x'), KeyModifiers::NONE), Some(false));
    control(&mut input, 'w');
    control(&mut input, 'y');
    control(&mut input, 'y');
    assert_eq!(input.text().chars().count(), MAX_CHARS);
    assert!(input.cursor() <= input.text().len());
}

#[test]
fn keys_that_are_not_for_editing_are_left_alone() {
    let mut input = line("x");
    for (code, modifiers) in [
        (KeyCode::Enter, KeyModifiers::NONE),
        (KeyCode::Tab, KeyModifiers::NONE),
        (KeyCode::Char('c'), KeyModifiers::CONTROL),
        (KeyCode::Char('x'), KeyModifiers::ALT),
        (KeyCode::F(1), KeyModifiers::NONE),
    ] {
        assert_eq!(press(&mut input, code, modifiers), None, "{code:?}");
    }
    assert_eq!(input.text(), "x");
}

#[test]
fn alt_gr_types() {
    let mut input = line("");
    assert_eq!(press(&mut input, KeyCode::Char('@'), KeyModifiers::CONTROL | KeyModifiers::ALT), Some(true));
    assert_eq!(input.text(), "@");
}

#[test]
fn a_long_line_scrolls_with_its_cursor() {
    let mut input = line("0123456789abcdefghij");
    assert_eq!(draw(&mut input, 12), ("> …cdefghij ".to_owned(), Some(11)));
    control(&mut input, 'a');
    assert_eq!(draw(&mut input, 12), ("> 012345678…".to_owned(), Some(2)));
    for _ in 0..9 {
        control(&mut input, 'f');
    }
    assert_eq!(draw(&mut input, 12), ("> …3456789a…".to_owned(), Some(9)));
    control(&mut input, 'b');
    assert_eq!(draw(&mut input, 12), ("> …3456789a…".to_owned(), Some(8)), "the view moves no further than it must");
}

#[test]
fn wide_characters_scroll_whole() {
    let mut input = line("世界世界世界世界");
    let (row, cursor) = draw(&mut input, 11);
    assert_eq!(row.as_str().cell_width(), 11, "{row:?}");
    assert!(row.starts_with("> …"), "{row:?}");
    assert_eq!(cursor, Some(10));
    control(&mut input, 'a');
    assert_eq!(draw(&mut input, 11), ("> 世界世界…".to_owned(), Some(2)));
    assert_eq!(draw(&mut input, 12), ("> 世界世界 …".to_owned(), Some(2)));
}

#[test]
fn the_prompt_gives_way() {
    let mut input = line("ab");
    assert_eq!(draw(&mut input, 3), ("ab ".to_owned(), Some(2)));
    assert_eq!(draw(&mut input, 1), (" ".to_owned(), Some(0)));
    assert_eq!(draw(&mut input, 0), (String::new(), None));
}

proptest! {
    #[test]
    fn the_cursor_is_always_in_the_row(
        text in "[a-z 世界é👍🏽ﾞ]{0,60}",
        moves in prop::collection::vec((0_usize..200, 0_u16..30), 1..12),
    ) {
        let mut input = line(&text);
        for (at, width) in moves {
            input.set_cursor(at);
            let (row, cursor) = draw(&mut input, width);
            prop_assert!(usize::from(row.as_str().cell_width()) <= usize::from(width), "{:?}", row);
            prop_assert_eq!(cursor.is_some(), width > 0);
            prop_assert!(cursor.is_none_or(|x| x < width));
        }
    }
}
