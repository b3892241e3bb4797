//! The console at a device's serial line: line editing, history and output that does not tear the line being typed
//!
//! Speaks to a VT100-like terminal of any width as long as a line fits it; uses carriage return, erase-to-end and
//! backspace only. Lines are ASCII. It knows nothing of commands; neither does it wait: output that the line does not
//! take at once is kept, and what finds no room is counted and told.

mod editor;

#[cfg(test)]
mod tests;

use heapless::{Deque, String};
use proto_core::text::{Show, Sink};
use proto_core::{Instant, text};

use crate::board::Serial;
use crate::settings::split_at_byte;
pub use editor::LINE;
use editor::{Editor, Key};

/// Bytes that may wait for the line
const QUEUE: usize = 1_280;
/// Lines a second that nobody asked for; what is more is left out
const UNASKED: u32 = 20;
/// What stands before the line being typed
const PROMPT: &str = "> ";
/// Start of the line, and nothing behind it
const ERASE: &str = "\r\x1b[K";

/// What a person did
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Entered a line
    Line(String<LINE>),
    /// Asked for the end: Ctrl-D on an empty line
    End,
}

/// The console with its line and history
#[derive(Debug, Default)]
pub struct Console {
    editor: Editor,
    output: Output,
    /// Whether the prompt stands and the cursor is in its line
    prompted: bool,
    /// Lines that nobody asked for, and in which second of the device's
    unasked: (u32, u32),
}

impl Console {
    /// An empty line
    #[must_use]
    pub const fn new() -> Self {
        Self { editor: Editor::new(), output: Output::new(), prompted: false, unasked: (0, 0) }
    }

    /// Shows the prompt, if it is not there yet
    pub fn prompt(&mut self) {
        if !self.prompted {
            self.prompted = true;
            self.redraw();
        }
    }

    /// Shows a line above the one being typed; every part of it must be fit to be shown (PROTOCOL.md §5)
    pub fn line(&mut self, shown: &dyn Show) {
        if self.prompted {
            self.output.put(ERASE);
        }
        shown.show(&mut Lines(&mut self.output));
        self.output.put("\r\n");
        if self.prompted {
            self.redraw();
        }
    }

    /// Whether there is room for a line that nobody asked for: not where a peer does so much that nothing else could be read,
    /// which is told once a second
    #[inline(never)]
    pub fn bears(&mut self, now: Instant) -> bool {
        let (lines, second) = &mut self.unasked;
        // About a second, without a division.
        #[expect(clippy::cast_possible_truncation, reason = "seconds of more than a century")]
        let this = (now.as_micros() >> 20) as u32;
        if *second != this {
            (*lines, *second) = (0, this);
        }
        *lines += 1;
        let lines = *lines;
        if lines == UNASKED {
            self.line(&"(more is only reported)");
        }
        lines < UNASKED
    }

    /// Takes the bytes that have come, until a line is complete
    pub fn handle_input(&mut self, line: &mut impl Serial) -> Option<Input> {
        // As many as a line has: a device that is sent bytes without end still does its other work.
        for _ in 0..LINE {
            let byte = line.read()?;
            let Some(key) = self.editor.decode(byte) else { continue };
            let before = (self.editor.cursor(), self.editor.len());
            match key {
                Key::Enter => {
                    self.output.put("\r\n");
                    self.prompted = false;
                    return Some(Input::Line(self.editor.enter()));
                }
                Key::End if self.editor.len() == 0 => {
                    self.output.put("\r\n");
                    self.prompted = false;
                    return Some(Input::End);
                }
                Key::Cancel => {
                    self.output.put("^C\r\n");
                    self.editor.clear();
                    self.redraw();
                }
                Key::Insert(_) if before.0 == before.1 => {
                    // Typing at the end is the common case and needs no redraw.
                    let typed = self.editor.apply(key).then(|| self.editor.text().get(before.1..));
                    self.output.put(typed.flatten().unwrap_or("\x07"));
                }
                _ => {
                    if self.editor.apply(key) {
                        self.redraw();
                    } else {
                        self.output.put("\x07");
                    }
                }
            }
        }
        None
    }

    /// Hands bytes to the line while it takes them; whether all are gone
    pub fn flush(&mut self, line: &mut impl Serial) -> bool {
        while let Some(&byte) = self.output.queue.front() {
            if !line.write(byte) {
                return false;
            }
            self.output.queue.pop_front();
        }
        let lost = core::mem::take(&mut self.output.lost);
        if lost > 0 {
            // What stands before it may be half a line, and the line being typed is among what was lost.
            self.output.put("\r\n");
            self.line(&text!("(", lost, " bytes not shown: the line is too slow)"));
        }
        lost == 0
    }

    fn redraw(&mut self) {
        self.output.put(ERASE);
        self.output.put(PROMPT);
        self.output.put(self.editor.text());
        for _ in self.editor.cursor()..self.editor.len() {
            self.output.put("\x08");
        }
    }
}

/// Bytes on their way to the line
#[derive(Debug, Default)]
struct Output {
    queue: Deque<u8, QUEUE>,
    /// Bytes that found no room
    lost: u32,
}

impl Output {
    const fn new() -> Self {
        Self { queue: Deque::new(), lost: 0 }
    }
}

/// What finds no room is counted, and nothing after it is taken
impl Sink for Output {
    fn put(&mut self, text: &str) {
        for &byte in text.as_bytes() {
            if self.lost > 0 || self.queue.push_back(byte).is_err() {
                self.lost = self.lost.saturating_add(1);
            }
        }
    }
}

/// A line feed alone becomes the end of a line
struct Lines<'o>(&'o mut Output);

impl Sink for Lines<'_> {
    fn put(&mut self, text: &str) {
        let mut rest = text;
        while let Some((line, after)) = split_at_byte(rest, b'\n') {
            self.0.put(line);
            self.0.put("\r\n");
            rest = after;
        }
        self.0.put(rest);
    }
}
