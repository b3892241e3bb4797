//! The bottom row: what the keys do now

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{self, Row};
use crate::terminal::{Console, Theme};

/// Draws the hints; while the help is open, how to close it
pub(super) fn render(console: &Console, help: bool, area: Rect, buffer: &mut Buffer, theme: &Theme) {
    if !help {
        console.render_hints(area, buffer);
        return;
    }
    let gap = format!(" {} ", theme.glyphs.separator);
    let all = ["Esc close help", "PgUp PgDn scroll", "Ctrl-C quit"].join(&gap);
    let hints = if text::width(&all) < area.width { &all } else { "Esc close help" };
    Row::of(area, 0, buffer, theme.glyphs).skip(1).put(hints, theme.dim);
    theme.glyphs.confine(area, buffer);
}
