//! The title bar: what runs where, and how it stands

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::text::{self, Row};
use crate::terminal::{Kind, Theme};

/// What a title bar says
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Title {
    /// Where the server listens, or which one the client is for
    pub(crate) address: String,
    /// How it stands, the most important first
    pub(crate) parts: Vec<String>,
    /// How that is meant
    pub(crate) kind: Kind,
}

/// Draws ` slp NAME  ADDRESS      PART · PART `
///
/// Where there is no room for all, the name goes first, then the parts from the last, then the address; the first part
/// stays.
pub(super) fn render(title: &Title, name: &str, area: Rect, buffer: &mut Buffer, theme: &Theme) {
    let gap = format!(" {} ", theme.glyphs.separator);
    let first = title.parts.first().map_or("", String::as_str);
    let all = title.parts.join(&gap);
    let name = format!("slp {name}");
    let address = title.address.as_str();
    let ways: [(&str, &str, &str); 4] =
        [(&name, address, &all), ("", address, &all), ("", address, first), ("", "", first)];
    let needs = |(name, address, parts): (&str, &str, &str)| {
        let widths = [name, address, parts].map(|text| if text.is_empty() { 0 } else { text::width(text) + 2 });
        widths.into_iter().fold(0, u16::saturating_add)
    };
    let fitting = ways.into_iter().find(|&way| needs(way) <= area.width);
    let (name, address, parts) = fitting.unwrap_or(("", "", first));

    let mut row = Row::of(area, 0, buffer, theme.glyphs);
    row.skip(1);
    if !name.is_empty() {
        row.put(name, theme.accent.add_modifier(Modifier::BOLD)).skip(2);
    }
    if !address.is_empty() {
        row.put(address, theme.accent).skip(2);
    }
    let room = row.room();
    let columns = if text::width(parts) < room { room - 1 } else { room };
    row.right(parts, columns, theme.kind(title.kind));
    theme.glyphs.confine(area, buffer);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Glyphs;

    fn at(width: u16) -> String {
        let title = Title {
            address: "127.0.0.1:25565".to_owned(),
            parts: vec!["3 of 10 clients".to_owned(), "up 00:12:41".to_owned()],
            kind: Kind::Info,
        };
        let area = Rect::new(0, 0, width, 1);
        let mut buffer = Buffer::empty(area);
        render(&title, "server", area, &mut buffer, &Theme::plain(&Glyphs::UNICODE));
        buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn what_is_less_important_gives_way_first() {
        assert_eq!(at(64), " slp server  127.0.0.1:25565      3 of 10 clients · up 00:12:41 ");
        assert_eq!(at(48), " 127.0.0.1:25565  3 of 10 clients · up 00:12:41 ");
        assert_eq!(at(40), " 127.0.0.1:25565        3 of 10 clients ");
        assert_eq!(at(20), "    3 of 10 clients ");
        assert_eq!(at(8), " 3 of 1…");
        assert_eq!((at(1), at(0)), (" ".to_owned(), String::new()));
    }
}
