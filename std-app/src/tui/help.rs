//! The help: every command with an example, every key
//!
//! Covers panel and log while it is open. The commands are the side's to say.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{self, Row};
use crate::terminal::{Scroll, Theme};

/// The keys that both sides share
const KEYS: &[(&str, &str)] = &[
    ("Enter", "run the line"),
    ("Tab, Shift-Tab", "complete; again: next or previous word; Esc undoes"),
    ("Up, Down", "lines typed before"),
    ("Ctrl-R", "search the lines typed before"),
    ("Ctrl-A, Ctrl-E", "to the beginning, to the end of the line"),
    ("Ctrl-W, Ctrl-U, Ctrl-K", "delete a word, all before, all behind; Ctrl-Y undoes"),
    ("PgUp, PgDn, wheel", "scroll the log; with Shift by half a page"),
    ("Home, End", "on an empty line: the oldest, the newest of the log"),
    ("Ctrl-L", "draw the screen anew"),
    ("F1", "open and close this help"),
    ("Ctrl-C, Ctrl-D", "quit; Ctrl-D on an empty line"),
];

/// Key of a side whose panel scrolls
const PANEL_KEYS: (&str, &str) = ("Ctrl-PgUp, Ctrl-PgDn", "scroll the table; with Ctrl-Up, Ctrl-Down by a row");

/// Where it stands among the others
const PANEL_KEYS_AT: usize = 7;

/// Columns of the commands, where there is room for two columns
const COMMAND_COLUMNS: u16 = 16;

/// Columns of the keys, where there is room for two columns
const KEY_COLUMNS: u16 = 24;

/// The help while it is open
#[derive(Clone, Debug)]
pub(super) struct Help {
    commands: String,
    panel_scrolls: bool,
    /// First row shown
    top: usize,
    /// Rows there are, and rows shown, when last drawn
    size: (usize, usize),
}

/// A piece of the help: a row, with its style
type HelpRow = (String, Style);

impl Help {
    /// The help for these commands, a line each
    pub(super) const fn new(commands: String, panel_scrolls: bool) -> Self {
        Self { commands, panel_scrolls, top: 0, size: (0, 0) }
    }

    /// Scrolls; whether that changed anything
    pub(super) fn scroll(&mut self, scroll: Scroll) -> bool {
        let (rows, shown) = self.size;
        let page = shown.saturating_sub(1).max(1);
        let last = rows.saturating_sub(shown);
        let top = match scroll {
            Scroll::Up(rows) => self.top.saturating_sub(rows),
            Scroll::Down(rows) => self.top.saturating_add(rows),
            Scroll::PageUp => self.top.saturating_sub(page),
            Scroll::PageDown => self.top.saturating_add(page),
            Scroll::HalfPageUp => self.top.saturating_sub(page / 2),
            Scroll::HalfPageDown => self.top.saturating_add(page / 2),
            Scroll::Home => 0,
            Scroll::End => last,
        };
        let before = std::mem::replace(&mut self.top, top.min(last));
        before != self.top
    }

    /// Draws it, with its heading
    pub(super) fn render(&mut self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let rows = self.rows(area.width, theme);
        let shown = usize::from(area.height.saturating_sub(1));
        self.size = (rows.len(), shown);
        self.top = self.top.min(rows.len().saturating_sub(shown));
        let below = rows.len().saturating_sub(self.top + shown);
        let note = (below > 0).then(|| format!("{below} more below"));
        theme.heading(Rect { height: area.height.min(1), ..area }, buffer, "Help", note.as_deref());
        for (index, (text, style)) in (1..area.height).zip(&rows[self.top..]) {
            Row::of(area, index, buffer, theme.glyphs).put(text, *style);
        }
        theme.glyphs.confine(area, buffer);
    }

    fn rows(&self, width: u16, theme: &Theme) -> Vec<HelpRow> {
        let mut rows = vec![("  Commands".to_owned(), theme.accent)];
        for command in self.commands.lines() {
            let (command, meaning) = command.split_once("  ").unwrap_or((command, ""));
            rows.extend(key_rows(command, meaning, COMMAND_COLUMNS, width, theme));
        }
        rows.push(("  Keys".to_owned(), theme.accent));
        let panel = self.panel_scrolls.then_some(&PANEL_KEYS);
        let (before, after) = KEYS.split_at(PANEL_KEYS_AT);
        for (keys, meaning) in before.iter().chain(panel).chain(after) {
            rows.extend(key_rows(keys, meaning, KEY_COLUMNS, width, theme));
        }
        rows
    }
}

/// A command or key and what it does: side by side, or one below the other where that is too narrow
fn key_rows(keys: &str, meaning: &str, columns: u16, width: u16, theme: &Theme) -> Vec<HelpRow> {
    let start = 4 + columns;
    if width < start + 20 {
        let lines = text::wrap(meaning, width.saturating_sub(8), width.saturating_sub(8));
        let meaning = lines.into_iter().map(|line| (format!("        {line}"), theme.dim));
        return std::iter::once((format!("    {keys}"), theme.text)).chain(meaning).collect();
    }
    let lines = text::wrap(meaning, width - start, width - start);
    let columns = usize::from(columns);
    let row = |(index, line)| (format!("    {:columns$}{line}", if index == 0 { keys } else { "" }), theme.text);
    lines.into_iter().enumerate().map(row).collect()
}
