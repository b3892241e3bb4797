//! The log pane: a bounded list of entries that follows the newest or holds still
//!
//! Entries are wrapped to the width of the pane when they are drawn, and only those that are
//! drawn or scrolled over: ten thousand entries cost no more than a screenful. The pane draws the
//! entries alone; heading and keys are the caller's (see [`Console`](super::Console)). It writes
//! no file.

mod entry;

use std::collections::VecDeque;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub use entry::{Entry, Kind, MAX_SOURCE_BYTES, MAX_TEXT_BYTES};

use super::style::{Glyphs, Theme};

/// How many entries a log keeps unless told otherwise
pub const DEFAULT_CAPACITY: usize = 10_000;

/// How to move through the log
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scroll {
    /// So many rows towards older entries
    Up(usize),
    /// So many rows towards newer entries
    Down(usize),
    /// A pane's height towards older entries, less one row
    PageUp,
    /// A pane's height towards newer entries, less one row
    PageDown,
    /// Half a pane's height towards older entries
    HalfPageUp,
    /// Half a pane's height towards newer entries
    HalfPageDown,
    /// To the oldest entry
    Home,
    /// Back to following the newest entry
    End,
}

/// A row: which entry by its number since the beginning, which of its rows
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    entry: u64,
    row: usize,
}

#[derive(Debug, Clone, Copy)]
enum View {
    /// The newest row is the last one shown.
    Following,
    /// `top` is the first row shown, counted at this width of the pane.
    Held { top: Row, width: u16 },
}

/// A bounded, scrollable log
#[derive(Debug, Clone)]
pub struct Log {
    entries: VecDeque<Entry>,
    capacity: usize,
    /// Number of the oldest entry kept.
    first: u64,
    dropped: u64,
    view: View,
    /// Entries before this number were on the screen while the view was held.
    seen: u64,
    /// Width and height of the pane when last drawn; 0 × 0 before.
    size: (u16, u16),
}

impl Log {
    /// An empty log that keeps the newest `capacity` entries, at least one
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            capacity: capacity.max(1),
            first: 0,
            dropped: 0,
            view: View::Following,
            seen: 0,
            size: (0, 0),
        }
    }

    /// Appends an entry; the oldest gives way where the log is full
    ///
    /// A held view stays where it is, unless what it shows is itself dropped.
    pub fn push(&mut self, entry: Entry) {
        if self.entries.len() >= self.capacity {
            self.entries.pop_front();
            self.first += 1;
            self.dropped += 1;
        }
        self.entries.push_back(entry);
    }

    /// Removes all entries and returns to following; the count of dropped ones starts anew
    pub fn clear(&mut self) {
        self.first = self.end();
        self.entries.clear();
        self.dropped = 0;
        self.view = View::Following;
    }

    /// The entries kept, oldest first
    #[must_use]
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> + DoubleEndedIterator {
        self.entries.iter()
    }

    /// How many entries there are
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many entries have given way to newer ones
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether new entries come into view as they arrive
    #[must_use]
    pub fn is_following(&self) -> bool {
        matches!(self.view, View::Following)
    }

    /// How many entries came since the view was held and have not been on the screen
    #[must_use]
    pub fn unseen(&self) -> u64 {
        match self.view {
            View::Following => 0,
            View::Held { .. } => self.end().saturating_sub(self.seen.max(self.first)),
        }
    }

    /// What to tell about a held view: how many lines came since, how to return
    ///
    /// Nothing while following.
    #[must_use]
    pub fn note(&self, glyphs: &Glyphs) -> Option<String> {
        let View::Held { top, .. } = self.view else {
            return None;
        };
        let came = match self.unseen() {
            0 => "scrolled back".to_owned(),
            1 => "1 new line".to_owned(),
            unseen => format!("{unseen} new lines"),
        };
        let separator = glyphs.separator;
        let dropped = if self.dropped > 0 && top.entry <= self.first {
            format!("{} older dropped {separator} ", self.dropped)
        } else {
            String::new()
        };
        Some(format!("{dropped}{came} {separator} End returns"))
    }

    /// Moves the view; whether anything changed
    ///
    /// Goes by the size the pane was last drawn in, and does nothing before it was drawn. Scrolling
    /// down to the newest row returns to following.
    pub fn scroll(&mut self, scroll: Scroll) -> bool {
        let (width, height) = self.size;
        if width == 0 || height == 0 || self.entries.is_empty() {
            return false;
        }
        let (top, last) = self.top(width, height);
        let page = usize::from(height).saturating_sub(1).max(1);
        let half = usize::from(height / 2).max(1);
        let target = match scroll {
            Scroll::Up(rows) => self.above(top, rows, width),
            Scroll::PageUp => self.above(top, page, width),
            Scroll::HalfPageUp => self.above(top, half, width),
            Scroll::Down(rows) => self.below(top, rows, width),
            Scroll::PageDown => self.below(top, page, width),
            Scroll::HalfPageDown => self.below(top, half, width),
            Scroll::Home => Row { entry: self.first, row: 0 },
            Scroll::End => last,
        };
        let was_following = self.is_following();
        if target >= last {
            self.view = View::Following;
            return !was_following;
        }
        if was_following {
            self.seen = self.end();
        }
        self.view = View::Held { top: target, width };
        was_following || target != top
    }

    /// Draws the part of the log in view and remembers the size for scrolling
    ///
    /// A pane of 40 columns or more shows the time of day before each entry and is set in two
    /// columns; a narrower one shows source and text only.
    pub fn render(&mut self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let area = area.intersection(buffer.area);
        let (width, height) = (area.width, area.height);
        self.size = (width, height);
        if area.is_empty() || self.entries.is_empty() {
            return;
        }
        let (top, last) = self.top(width, height);
        self.view = match self.view {
            View::Held { .. } if top < last => View::Held { top, width },
            View::Held { .. } | View::Following => View::Following,
        };
        let mut y = area.y;
        let mut skip = top.row;
        let mut number = top.entry;
        while let Some(entry) = self.entry(number) {
            if y >= area.bottom() {
                break;
            }
            let area = Rect { y, height: area.bottom() - y, ..area };
            y += entry::draw_entry(entry, skip, area, buffer, theme);
            skip = 0;
            number += 1;
        }
        self.seen = self.seen.max(number);
        theme.glyphs.confine(area, buffer);
    }

    /// The number after the newest entry's
    fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    fn entry(&self, number: u64) -> Option<&Entry> {
        let index = number.checked_sub(self.first)?;
        self.entries.get(usize::try_from(index).ok()?)
    }

    fn rows(&self, number: u64, width: u16) -> usize {
        self.entry(number).map_or(0, |entry| entry.rows(width))
    }

    /// The first row shown, and the first row shown when following
    fn top(&self, width: u16, height: u16) -> (Row, Row) {
        let last = self.above(Row { entry: self.end(), row: 0 }, height.into(), width);
        let top = match self.view {
            View::Following => last,
            View::Held { top, .. } if top.entry < self.first => Row { entry: self.first, row: 0 },
            View::Held { top, width: before } => self.rewrapped(top, before, width),
        };
        (top.min(last), last)
    }

    /// The row that shows, at the new width, what began `top` at the old one
    fn rewrapped(&self, top: Row, before: u16, width: u16) -> Row {
        if before == width || top.row == 0 {
            return top;
        }
        let Some(entry) = self.entry(top.entry) else {
            return top;
        };
        let start = entry.wrap(before).get(top.row).map_or(usize::MAX, |row| row.start);
        let row = entry.wrap(width).iter().rposition(|row| row.start <= start).unwrap_or(0);
        Row { row, ..top }
    }

    /// The row `count` rows above, or the first there is
    fn above(&self, from: Row, mut count: usize, width: u16) -> Row {
        let mut at = from;
        while count > at.row {
            if at.entry <= self.first {
                return Row { entry: self.first, row: 0 };
            }
            count -= at.row + 1;
            at.entry -= 1;
            at.row = self.rows(at.entry, width).saturating_sub(1);
        }
        at.row -= count;
        at
    }

    /// The row `count` rows below, or one past the last there is
    fn below(&self, from: Row, mut count: usize, width: u16) -> Row {
        let mut at = from;
        while at.entry < self.end() {
            let left = self.rows(at.entry, width).saturating_sub(at.row + 1);
            if count <= left {
                at.row += count;
                return at;
            }
            count -= left + 1;
            at = Row { entry: at.entry + 1, row: 0 };
        }
        at
    }
}

impl Default for Log {
    /// An empty log for [`DEFAULT_CAPACITY`] entries
    fn default() -> Self {
        Self::new(DEFAULT_CAPACITY)
    }
}

#[cfg(test)]
mod tests;
