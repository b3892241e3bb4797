//! Text in a given number of columns
//!
//! Everything that a panel draws goes through here: it is cleaned, cut where it does not fit, and marked where it was
//! cut.

use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use crate::terminal::{Glyphs, clean};

/// Columns that a text takes
pub(super) fn width(text: &str) -> u16 {
    text.cell_width()
}

/// The beginning of `text` that fits `room` columns, marked where something is missing
pub(super) fn fit(text: &str, room: u16, glyphs: &Glyphs) -> String {
    let text = clean(text);
    if width(&text) <= room {
        return text.into_owned();
    }
    let (kept, _) = take(text.graphemes(true), room, glyphs);
    if room == 0 { String::new() } else { kept.concat() + glyphs.ellipsis }
}

/// The end of `text` that fits `room` columns, marked where something is missing
///
/// For addresses: the port tells clients apart.
pub(super) fn fit_end(text: &str, room: u16, glyphs: &Glyphs) -> String {
    let text = clean(text);
    if width(&text) <= room {
        return text.into_owned();
    }
    let (mut kept, _) = take(text.graphemes(true).rev(), room, glyphs);
    kept.reverse();
    if room == 0 { String::new() } else { glyphs.ellipsis.to_owned() + &kept.concat() }
}

/// As many as fit beside the mark
fn take<'t>(graphemes: impl Iterator<Item = &'t str>, room: u16, glyphs: &Glyphs) -> (Vec<&'t str>, u16) {
    let mut left = room.saturating_sub(width(glyphs.ellipsis));
    let mut kept = Vec::new();
    for grapheme in graphemes {
        let columns = width(grapheme);
        if columns > left {
            break;
        }
        left -= columns;
        kept.push(grapheme);
    }
    (kept, left)
}

/// `text` in lines of at most `first` and then `others` columns, broken between words where possible
pub(super) fn wrap(text: &str, first: u16, others: u16) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut left = first;
    for word in clean(text).split(' ').filter(|word| !word.is_empty()) {
        let gap = u16::from(lines.last().is_some_and(|line| !line.is_empty()));
        if width(word).saturating_add(gap) <= left {
            left -= width(word) + gap;
            if let Some(line) = lines.last_mut() {
                line.push_str(if gap > 0 { " " } else { "" });
                line.push_str(word);
            }
            continue;
        }
        if gap > 0 || left < others {
            lines.push(String::new());
            left = others;
        }
        // A word longer than a line is broken where the line ends.
        for grapheme in word.graphemes(true) {
            let columns = width(grapheme);
            if columns > left && lines.last().is_some_and(|line| !line.is_empty()) {
                lines.push(String::new());
                left = others;
            }
            left = left.saturating_sub(columns);
            if let Some(line) = lines.last_mut() {
                line.push_str(grapheme);
            }
        }
    }
    lines
}

/// One row of an area, to be written from left to right
pub(super) struct Row<'b> {
    buffer: &'b mut Buffer,
    area: Rect,
    glyphs: &'b Glyphs,
}

impl<'b> Row<'b> {
    /// The row `index` of an area; one outside of it takes no text
    pub(super) fn of(area: Rect, index: u16, buffer: &'b mut Buffer, glyphs: &'b Glyphs) -> Self {
        let y = area.y.saturating_add(index);
        let height = u16::from(index < area.height);
        let area = Rect { y, height, ..area }.intersection(buffer.area);
        Self { buffer, area, glyphs }
    }

    /// Columns left
    pub(super) const fn room(&self) -> u16 {
        if self.area.height == 0 { 0 } else { self.area.width }
    }

    /// Leaves columns free
    pub(super) fn skip(&mut self, columns: u16) -> &mut Self {
        let columns = columns.min(self.area.width);
        self.area.x += columns;
        self.area.width -= columns;
        self
    }

    /// Writes what fits
    pub(super) fn put(&mut self, text: &str, style: Style) -> &mut Self {
        let text = fit(text, self.room(), self.glyphs);
        self.write(&text, style)
    }

    /// Writes into a column, at its left
    pub(super) fn left(&mut self, text: &str, columns: u16, style: Style) -> &mut Self {
        let text = fit(text, columns.min(self.room()), self.glyphs);
        let rest = columns.saturating_sub(width(&text));
        self.write(&text, style).skip(rest)
    }

    /// Writes into a column, at its right
    pub(super) fn right(&mut self, text: &str, columns: u16, style: Style) -> &mut Self {
        let text = fit(text, columns.min(self.room()), self.glyphs);
        let rest = columns.saturating_sub(width(&text));
        self.skip(rest).write(&text, style)
    }

    fn write(&mut self, text: &str, style: Style) -> &mut Self {
        if self.room() > 0 {
            self.buffer.set_stringn(self.area.x, self.area.y, text, self.area.width.into(), style);
        }
        self.skip(width(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_and_marked() {
        let glyphs = &Glyphs::UNICODE;
        assert_eq!(fit("127.0.0.1", 9, glyphs), "127.0.0.1");
        assert_eq!(fit("127.0.0.1", 8, glyphs), "127.0.0…");
        assert_eq!(fit_end("127.0.0.1", 8, glyphs), "…7.0.0.1");
        assert_eq!(fit("世界世界", 5, glyphs), "世界…");
        assert_eq!(fit("世界世界", 4, glyphs), "世…");
        assert_eq!((fit("abc", 1, glyphs), fit("abc", 0, glyphs)), ("…".to_owned(), String::new()));
        assert_eq!(fit("a\u{1b}[2J\nb", 9, glyphs), "a\u{FFFD}[2J b");
    }

    #[test]
    fn words_stay_whole_where_a_line_holds_them() {
        assert_eq!(wrap("one two three", 20, 20), ["one two three"]);
        assert_eq!(wrap("one two three", 7, 5), ["one two", "three"]);
        assert_eq!(wrap("one abcdefgh", 4, 4), ["one", "abcd", "efgh"]);
        assert_eq!(wrap("three one", 3, 6), ["", "three", "one"]);
        assert_eq!(wrap("世界", 1, 1), ["世", "界"], "what no line holds is not lost");
        assert_eq!(wrap("", 4, 4), [""]);
    }
}
