//! Drawing the console, as a whole or by its parts
//!
//! Only looks at the state; what the keys do is in the parent.

use ratatui::Frame;
use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{Console, Hint};
use crate::terminal::history::find;

impl Console {
    /// Draws everything into an area of the frame and puts the cursor there
    ///
    /// From the bottom up: hints, input line, log, heading. An area too small for all of them
    /// keeps the input line first, then the log, the hints, the heading. Clears the dirty flag.
    pub fn render(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let area = area.intersection(frame.area());
        let hints = u16::from(area.height >= 4);
        let log = area.height.saturating_sub(1 + hints);
        let buffer = frame.buffer_mut();
        self.render_log(Rect { height: log, ..area }, buffer);
        let prompt = Rect { y: area.y + log, height: u16::from(area.height > 0), ..area };
        let cursor = self.render_prompt(prompt, buffer);
        self.render_hints(Rect { y: prompt.bottom(), height: hints, ..area }, buffer);
        if let Some(cursor) = cursor {
            frame.set_cursor_position(cursor);
        }
        self.dirty = false;
    }

    /// Draws the log, with its heading where there are at least three rows
    ///
    /// For a program that arranges the parts itself; see also
    /// [`render_prompt`](Self::render_prompt) and [`render_hints`](Self::render_hints), and tell
    /// [`drawn`](Self::drawn) afterwards.
    pub fn render_log(&mut self, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        let heading = u16::from(area.height >= 3);
        let body = Rect { y: area.y + heading, height: area.height - heading, ..area };
        self.log.render(body, buffer, &self.theme);
        if heading > 0 {
            let note = self.log.note(self.theme.glyphs);
            self.theme.heading(Rect { height: heading, ..area }, buffer, &self.title, note.as_deref());
        }
    }

    /// Draws the input line, or the search; where the cursor belongs, if there is room for it
    pub fn render_prompt(&mut self, area: Rect, buffer: &mut Buffer) -> Option<Position> {
        let area = Rect { height: area.height.min(1), ..area }.intersection(buffer.area);
        if self.history.found().is_none() {
            return self.input.render(area, buffer, &self.prompt, &self.theme);
        }
        if area.is_empty() {
            return None;
        }
        let label = " (search) ";
        let width = if label.cell_width() > area.width / 3 { 0 } else { label.cell_width() };
        buffer.set_stringn(area.x, area.y, label, width.into(), self.theme.accent);
        let room = area.width - width;
        // The query with the cursor behind it leaves a third to the line found.
        let wanted = self.query.text().cell_width().saturating_add(1);
        let field = Rect { x: area.x + width, width: wanted.min(room - room / 3), ..area };
        let cursor = self.query.render(field, buffer, "", &self.theme);
        let line = Rect { x: field.right(), width: area.right() - field.right(), ..area };
        self.render_found(line, buffer);
        cursor
    }

    fn render_found(&self, area: Rect, buffer: &mut Buffer) {
        let Some(found) = self.history.found() else {
            return;
        };
        let mut x = area.x.saturating_add(1);
        let mut put = |buffer: &mut Buffer, text: &str, style: Style| {
            let room = area.right().saturating_sub(x);
            if room > 0 {
                x = buffer.set_stringn(x, area.y, text, room.into(), style).0;
            }
        };
        if area.is_empty() {
            return;
        }
        match found.line {
            None => put(buffer, "no match", self.theme.warning),
            Some(line) => {
                let at = find(line, found.query).unwrap_or(0);
                // Lowering ASCII letters keeps lengths, so the match is as long as the query.
                let (before, rest) = line.split_at(at);
                let (same, after) = rest.split_at(rest.floor_char_boundary(found.query.len()));
                put(buffer, before, self.theme.text);
                put(buffer, same, self.theme.selected);
                put(buffer, after, self.theme.text);
            }
        }
        self.theme.glyphs.confine(area, buffer);
    }

    /// Draws the row of hints: candidates of a completion, else keys
    pub fn render_hints(&self, area: Rect, buffer: &mut Buffer) {
        let area = Rect { height: area.height.min(1), ..area }.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        if let Some(completion) = &self.completion {
            let (words, chosen) = completion.candidates();
            self.render_candidates(words, chosen, area, buffer);
        } else {
            let searching = self.history.found().is_some().then(search_hints);
            let line = self.hint_line(searching.as_ref().map_or(&self.hints, |hints| hints), area.width);
            buffer.set_stringn(area.x, area.y, line, area.width.into(), self.theme.dim);
        }
        self.theme.glyphs.confine(area, buffer);
    }

    /// As many hints as fit, the more important ones first, in their order
    fn hint_line(&self, hints: &[Hint], width: u16) -> String {
        let gap = format!(" {} ", self.theme.glyphs.separator);
        let mut shown: Vec<&Hint> = hints.iter().collect();
        loop {
            let texts: Vec<&str> = shown.iter().map(|hint| hint.text.as_str()).collect();
            let line = format!(" {}", crate::terminal::clean(&texts.join(&gap)));
            if shown.is_empty() || line.as_str().cell_width() <= width {
                return line;
            }
            let least = (0..shown.len()).min_by_key(|&index| shown[index].priority);
            shown.remove(least.unwrap_or(0));
        }
    }

    /// Candidates in a row, from one on that has the chosen one in view
    fn render_candidates(&self, words: &[String], chosen: Option<usize>, area: Rect, buffer: &mut Buffer) {
        let width = |word: &String| usize::from(word.trim_end().cell_width()) + 2;
        // One column before, and one for the mark that there are more.
        let room = usize::from(area.width).saturating_sub(2);
        let mut first = chosen.unwrap_or(0).min(words.len().saturating_sub(1));
        let mut used = words.get(first).map_or(0, width);
        while let Some(before) = first.checked_sub(1) {
            used += width(&words[before]);
            if used > room {
                break;
            }
            first = before;
        }
        let mark = self.theme.glyphs.ellipsis;
        let mut x = area.x + u16::from(area.width > 1);
        if first > 0 {
            buffer.set_stringn(area.x, area.y, mark, area.width.into(), self.theme.dim);
        }
        for (index, word) in words.iter().enumerate().skip(first) {
            let left = area.right().saturating_sub(x);
            let last = index + 1 == words.len();
            if index > first && usize::from(left) < width(word) - usize::from(last) * 2 + usize::from(!last) {
                buffer.set_stringn(x.min(area.right() - 1), area.y, mark, 1, self.theme.dim);
                break;
            }
            let style = if Some(index) == chosen { self.theme.selected } else { self.theme.text };
            x = buffer.set_stringn(x, area.y, word.trim_end(), left.into(), style).0;
            x = (x + 2).min(area.right());
        }
    }

    /// Notes that the parts were drawn one by one; clears the dirty flag
    pub fn drawn(&mut self) {
        self.dirty = false;
    }
}

fn search_hints() -> Vec<Hint> {
    let hint = |text: &str, priority| Hint { text: text.to_owned(), priority };
    vec![
        hint("Enter run", 4),
        hint("Right edit", 3),
        hint("Ctrl-R older", 2),
        hint("Ctrl-S newer", 1),
        hint("Esc cancel", 5),
    ]
}
