//! One entry of the log: what it holds, and how it stands in a pane of some width
//!
//! Knows its own rows only; which of them are in view is the log's.

use std::cell::Cell;
use std::ops::Range;

use jiff::civil::DateTime;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::terminal::clean::{clean, prefix};
use crate::terminal::style::Theme;
use crate::terminal::wrap;

/// How many bytes of an entry's text are kept; more is cut off and marked with `…`
pub const MAX_TEXT_BYTES: usize = 8_192;

/// How many bytes of an entry's source are kept
pub const MAX_SOURCE_BYTES: usize = 128;

/// What a line tells, which decides its colour
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Something happened
    Info,
    /// Something went well
    Success,
    /// Something to look at
    Warning,
    /// Something failed
    Error,
    /// How to go on, or detail few will want
    Hint,
}

/// One line of the log, however many rows it takes
///
/// Source and text are cleaned and bounded as they come in.
#[derive(Debug, Clone)]
pub struct Entry {
    time: Option<DateTime>,
    kind: Kind,
    /// Source, two spaces, text; or the text alone.
    body: String,
    /// Bytes of `body` before the two spaces; 0 without a source.
    source: usize,
    /// Width for which `rows` was counted; 0 = not yet.
    pub(super) counted: Cell<(u16, u32)>,
}

impl Entry {
    /// An entry without time or source
    #[must_use]
    pub fn new(kind: Kind, text: &str) -> Self {
        let mut body = clean(prefix(text, MAX_TEXT_BYTES)).into_owned();
        if text.len() > MAX_TEXT_BYTES {
            body.push('…');
        }
        Self { time: None, kind, body, source: 0, counted: Cell::default() }
    }

    /// An entry with the local wall time of now
    #[must_use]
    pub fn now(kind: Kind, text: &str) -> Self {
        Self::new(kind, text).at(jiff::Zoned::now().datetime())
    }

    /// The entry with this local wall time
    #[must_use]
    pub fn at(mut self, time: DateTime) -> Self {
        self.time = Some(time);
        self
    }

    /// The entry with a source, say the address of a peer; an empty one is none
    #[must_use]
    pub fn with_source(mut self, source: &str) -> Self {
        let source = clean(prefix(source, MAX_SOURCE_BYTES));
        let text = self.text();
        self.body = if source.is_empty() { text.to_owned() } else { format!("{source}  {text}") };
        self.source = source.len();
        self.counted = Cell::default();
        self
    }

    /// Local wall time, where there is one
    #[must_use]
    pub fn time(&self) -> Option<DateTime> {
        self.time
    }

    /// What the line tells
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it came from
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        (self.source > 0).then(|| &self.body[..self.source])
    }

    /// The text, cleaned
    #[must_use]
    pub fn text(&self) -> &str {
        if self.source > 0 { &self.body[self.source + 2..] } else { &self.body }
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        // The rows counted say how it was drawn, not what it is.
        (self.time, self.kind, self.source, &self.body) == (other.time, other.kind, other.source, &other.body)
    }
}

impl Eq for Entry {}

/// Where the parts of an entry stand in a pane
struct Columns {
    time: Option<u16>,
    body: u16,
    hanging: u16,
}

impl Columns {
    /// A pane narrower than this shows no times
    const NARROW: u16 = 40;

    fn of(entry: &Entry, width: u16) -> Self {
        if width < Self::NARROW {
            let hanging = u16::from(width > 2);
            return Self { time: None, body: 0, hanging };
        }
        match entry.time {
            Some(_) => Self { time: Some(2), body: 12, hanging: 14 },
            None => Self { time: None, body: 2, hanging: 4 },
        }
    }
}

impl Entry {
    pub(super) fn wrap(&self, width: u16) -> Vec<Range<usize>> {
        let columns = Columns::of(self, width);
        let room = |start: u16| usize::from(width.saturating_sub(start));
        wrap::rows(&self.body, room(columns.body), room(columns.hanging))
    }

    /// How many rows the entry takes; counted once for a width
    pub(super) fn rows(&self, width: u16) -> usize {
        let (counted, rows) = self.counted.get();
        if counted == width && width > 0 {
            return rows as usize;
        }
        let rows = self.wrap(width).len();
        // A text of bounded length has fewer rows than a u32 counts.
        self.counted.set((width, u32::try_from(rows).unwrap_or(u32::MAX)));
        rows
    }
}

/// Draws the rows of an entry from row `skip` on; how many rows it took
pub(super) fn draw_entry(entry: &Entry, skip: usize, area: Rect, buffer: &mut Buffer, theme: &Theme) -> u16 {
    let columns = Columns::of(entry, area.width);
    let mut y = area.y;
    for (index, row) in entry.wrap(area.width).into_iter().enumerate().skip(skip) {
        if y >= area.bottom() {
            break;
        }
        let mut x = area.x + if index == 0 { columns.body } else { columns.hanging };
        if let (0, Some(column), Some(time)) = (index, columns.time, entry.time) {
            let time = time.strftime("%H:%M:%S").to_string();
            buffer.set_string(area.x + column, y, time, theme.dim);
        }
        let split = entry.source.clamp(row.start, row.end);
        for (part, style) in [(row.start..split, theme.accent), (split..row.end, theme.kind(entry.kind))] {
            let room = usize::from(area.right().saturating_sub(x));
            x = buffer.set_stringn(x, y, &entry.body[part], room, style).0;
        }
        y += 1;
    }
    y - area.y
}
