//! A person types; a terminal of one line shows what it would show

use std::collections::VecDeque;
use std::string::String;
use std::vec::Vec;

use proto_core::text;
use proto_core::text::Padded;

use super::*;

/// A serial line between a person and a terminal
#[derive(Default)]
struct Terminal {
    typed: VecDeque<u8>,
    /// Lines that were ended, and the one with the cursor
    lines: Vec<String>,
    row: Vec<u8>,
    column: usize,
    escape: String,
    bells: usize,
    room: Option<usize>,
}

impl Serial for Terminal {
    fn read(&mut self) -> Option<u8> {
        self.typed.pop_front()
    }

    fn write(&mut self, byte: u8) -> bool {
        if let Some(room) = &mut self.room {
            if *room == 0 {
                return false;
            }
            *room -= 1;
        }
        match byte {
            _ if !self.escape.is_empty() || byte == 0x1B => {
                self.escape.push(char::from(byte));
                if self.escape == "\x1b[K" {
                    self.row.truncate(self.column);
                    self.escape.clear();
                }
                assert!(self.escape.len() < 3, "the console sends {:?}", self.escape);
            }
            b'\r' => self.column = 0,
            b'\n' => {
                self.lines.push(String::from_utf8(std::mem::take(&mut self.row)).unwrap());
                self.column = 0;
            }
            0x08 => self.column -= 1,
            0x07 => self.bells += 1,
            byte => {
                self.row.truncate(self.row.len());
                if self.column == self.row.len() {
                    self.row.push(byte);
                } else {
                    self.row[self.column] = byte;
                }
                self.column += 1;
            }
        }
        true
    }
}

/// Types and returns what was entered and the terminal afterwards
fn typed(text: &str) -> (Vec<Input>, Terminal) {
    let (mut console, mut terminal) = (Console::new(), Terminal::default());
    let inputs = type_on(&mut console, &mut terminal, text);
    (inputs, terminal)
}

fn type_on(console: &mut Console, terminal: &mut Terminal, text: &str) -> Vec<Input> {
    terminal.typed.extend(text.bytes());
    let mut inputs = Vec::new();
    console.prompt();
    while !terminal.typed.is_empty() {
        inputs.extend(console.handle_input(terminal));
        console.prompt();
        console.flush(terminal);
    }
    inputs
}

fn line(text: &str) -> Input {
    Input::Line(heapless::String::try_from(text).unwrap())
}

#[test]
fn lines_end_with_return_line_feed_or_both() {
    assert_eq!(typed("a\rb\nc\r\nd\r\n").0, [line("a"), line("b"), line("c"), line("d")]);
}

#[test]
fn keys_edit_the_line_and_the_terminal_shows_the_same() {
    let cases = [
        ("pnig\x08\x08\x08ing", "ping", 4),
        ("pin\x1b[D\x1b[D\x1b[Dx\x1b[C", "xpin", 2),
        ("one two  \x17", "one ", 4),
        ("one two\x1b[H\x0bthree", "three", 5),
        ("one two\x02\x02\x02\x15", "two", 0),
        ("abc\x01\x1b[3~\x04", "c", 0),
        ("abc\x1bOD\x1b[Fd", "abcd", 4),
        ("a\x1b[1;5Cb", "ab", 2),
        ("a\u{e4}b\u{20ac}\u{1f600}", "a?b??", 5),
    ];
    for (keys, text, cursor) in cases {
        let (inputs, terminal) = typed(keys);
        assert!(inputs.is_empty());
        assert_eq!(std::str::from_utf8(&terminal.row).unwrap(), std::format!("> {text}"), "{keys:?}");
        assert_eq!(terminal.column, cursor + 2, "{keys:?}");
        let mut keys = String::from(keys);
        keys.push('\r');
        assert_eq!(typed(&keys).0, [line(text)]);
    }
}

#[test]
fn history_goes_back_and_returns_to_the_draft() {
    let (mut console, mut terminal) = (Console::new(), Terminal::default());
    type_on(&mut console, &mut terminal, "one\rtwo\rtwo\r \r");
    let entered = type_on(&mut console, &mut terminal, "dra\x1b[A\x1b[A\x1b[A\r");
    assert_eq!(entered, [line("one")], "a repeated line is kept once, a blank one not; the oldest stays");
    assert_eq!(terminal.bells, 1);
    assert_eq!(type_on(&mut console, &mut terminal, "dra\x10\x10\x0e\x0eft\r"), [line("draft")]);
    for number in 0..20 {
        type_on(&mut console, &mut terminal, &std::format!("{number}\r"));
    }
    let entered = type_on(&mut console, &mut terminal, &("\x10".repeat(50) + "\r"));
    assert_eq!(entered, [line("14")], "six lines are kept");
}

#[test]
fn line_that_is_full_takes_no_more() {
    let (inputs, terminal) = typed(&("x".repeat(LINE + 5) + "\r"));
    assert_eq!(inputs, [line(&"x".repeat(LINE))]);
    assert_eq!(terminal.bells, 5);
}

#[test]
fn control_d_ends_an_empty_line_and_control_c_empties_one() {
    assert_eq!(typed("\x04").0, [Input::End]);
    assert_eq!(typed("ab\x03cd\r").0, [line("cd")]);
}

#[test]
fn output_stands_above_the_line_being_typed() {
    let (mut console, mut terminal) = (Console::new(), Terminal::default());
    type_on(&mut console, &mut terminal, "pi");
    console.line(&"a\nb");
    type_on(&mut console, &mut terminal, "ng");
    assert_eq!(terminal.lines, ["a", "b"]);
    assert_eq!(terminal.row, b"> ping");
}

#[test]
fn output_that_finds_no_room_is_counted_and_told() {
    let (mut console, mut terminal) = (Console::new(), Terminal { room: Some(0), ..Terminal::default() });
    for number in 0..200 {
        console.line(&text!("line ", Padded(number, 4)));
    }
    assert!(!console.flush(&mut terminal));
    terminal.room = None;
    while !console.flush(&mut terminal) {}
    console.line(&"again");
    while !console.flush(&mut terminal) {}
    let shown = QUEUE / "line 0000\r\n".len();
    assert_eq!(terminal.lines[shown - 1], std::format!("line {:04}", shown - 1));
    let told = std::format!("({} bytes not shown: the line is too slow)", 200 * 11 - QUEUE);
    assert_eq!(terminal.lines[terminal.lines.len() - 2..], [told, "again".into()]);
}

/// What was lost may have been the line being typed
#[test]
fn line_being_typed_is_shown_again_behind_what_was_lost() {
    let (mut console, mut terminal) = (Console::new(), Terminal::default());
    type_on(&mut console, &mut terminal, "ping 42");
    terminal.room = Some(0);
    for number in 0..200 {
        console.line(&text!("line ", Padded(number, 4)));
    }
    terminal.room = None;
    while !console.flush(&mut terminal) {}
    assert!(terminal.lines.last().unwrap().ends_with("bytes not shown: the line is too slow)"), "{:?}", terminal.lines);
    assert_eq!(terminal.row, b"> ping 42");
    assert_eq!(type_on(&mut console, &mut terminal, "3\r"), [line("ping 423")]);
}
