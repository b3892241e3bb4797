//! Colours and marks
//!
//! Only the sixteen colours of the terminal's own palette are used, never on a background of our
//! choosing, so that the screen is readable on light and on dark. Nothing here draws.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::log::Kind;

/// The marks a screen is drawn with
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// Horizontal line of a heading
    pub rule: &'static str,
    /// Stands for what was cut off, one column wide
    pub ellipsis: &'static str,
    /// Between two hints, without the spaces around it
    pub separator: &'static str,
    /// Names the arrow keys up and down
    pub up_down: &'static str,
    /// A value that is not known
    pub unknown: &'static str,
    /// Bars from lowest to highest, one column each
    pub bars: [&'static str; 8],
}

impl Glyphs {
    /// The marks as they are meant
    pub const UNICODE: Self = Self {
        rule: "─",
        ellipsis: "…",
        separator: "·",
        up_down: "↑↓",
        unknown: "–",
        bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    };

    /// The same in ASCII
    pub const ASCII: Self = Self {
        rule: "-",
        ellipsis: "~",
        separator: "|",
        up_down: "Up/Down",
        unknown: "-",
        bars: ["_", ".", ":", "-", "=", "+", "*", "#"],
    };

    /// The marks that fit the environment
    ///
    /// ASCII where `ascii` asks for it, or where the locale is not a UTF-8 one; on Windows, whose
    /// console takes any character, only where asked for.
    #[must_use]
    pub fn detect(ascii: bool) -> &'static Self {
        let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        if ascii || !(cfg!(windows) || is_utf8_locale(variable)) { &Self::ASCII } else { &Self::UNICODE }
    }

    /// Whether these are the ASCII marks
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.rule.is_ascii()
    }

    /// Replaces what the terminal cannot show, in an area already drawn
    ///
    /// With ASCII marks every cell that holds anything else becomes `?`: a terminal that does not
    /// decode UTF-8 may take the bytes of a harmless character for control characters. With
    /// Unicode marks nothing happens.
    pub fn confine(&self, area: Rect, buffer: &mut Buffer) {
        if !self.is_ascii() {
            return;
        }
        for position in area.intersection(buffer.area).positions() {
            let cell = &mut buffer[position];
            if !cell.symbol().is_ascii() {
                cell.set_symbol("?");
            }
        }
    }
}

/// Whether the locale says UTF-8, by the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is not empty
///
/// `variable` looks a name up. Where none of the three is set the locale is `C`, which is not.
pub fn is_utf8_locale(variable: impl Fn(&str) -> Option<String>) -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty()).is_some_and(
        |value| {
            let value = value.to_ascii_lowercase();
            value.contains("utf-8") || value.contains("utf8")
        },
    )
}

/// How things look, each by what it means
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// The marks
    pub glyphs: &'static Glyphs,
    /// Headings, prompts, sources: the one accent colour
    pub accent: Style,
    /// Ordinary text
    pub text: Style,
    /// Something that went well
    pub success: Style,
    /// Something to look at
    pub warning: Style,
    /// Something that failed
    pub error: Style,
    /// Times and hints
    pub dim: Style,
    /// What is chosen out of several, or wants the eye now
    pub selected: Style,
}

impl Theme {
    /// With colours
    #[must_use]
    pub const fn coloured(glyphs: &'static Glyphs) -> Self {
        let plain = Style::new();
        Self {
            glyphs,
            accent: plain.fg(Color::Cyan),
            text: plain,
            success: plain.fg(Color::Green),
            warning: plain.fg(Color::Yellow),
            error: plain.fg(Color::Red),
            dim: plain.add_modifier(Modifier::DIM),
            selected: plain.add_modifier(Modifier::REVERSED),
        }
    }

    /// Without any colour: bold, dim and reverse only
    #[must_use]
    pub const fn plain(glyphs: &'static Glyphs) -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        Self {
            glyphs,
            accent: bold,
            text: plain,
            success: plain,
            warning: bold,
            error: bold.add_modifier(Modifier::REVERSED),
            dim: plain.add_modifier(Modifier::DIM),
            selected: plain.add_modifier(Modifier::REVERSED),
        }
    }

    /// What the environment asks for
    ///
    /// Colours unless `NO_COLOR` is set to anything but nothing; the marks as
    /// [`Glyphs::detect`] finds them.
    #[must_use]
    pub fn detect(ascii: bool) -> Self {
        let glyphs = Glyphs::detect(ascii);
        if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
            Self::plain(glyphs)
        } else {
            Self::coloured(glyphs)
        }
    }

    /// The style of a log entry's text
    #[must_use]
    pub const fn kind(&self, kind: Kind) -> Style {
        match kind {
            Kind::Info => self.text,
            Kind::Success => self.success,
            Kind::Warning => self.warning,
            Kind::Error => self.error,
            Kind::Hint => self.dim,
        }
    }

    /// Draws a heading: title, line, note at the right end
    ///
    /// One row, ` Log ───── 3 new lines · End returns ─`. The note goes before the title where
    /// there is no room for both. Both are cleaned.
    pub fn heading(&self, area: Rect, buffer: &mut Buffer, title: &str, note: Option<&str>) {
        use ratatui::buffer::CellWidth;

        let area = Rect { height: area.height.min(1), ..area }.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        for position in area.positions() {
            buffer[position].set_symbol(self.glyphs.rule).set_style(self.dim);
        }
        // What stands on the rule is not part of it.
        let on_rule = |style: Style| style.remove_modifier(Modifier::DIM);
        let title = format!(" {} ", super::clean(title));
        buffer.set_stringn(area.x, area.y, &title, area.width.into(), on_rule(self.accent));
        if let Some(note) = note {
            let note = format!(" {} ", super::clean(note));
            let width = note.as_str().cell_width().min(area.width);
            let gap = u16::from(width < area.width);
            buffer.set_stringn(area.right() - width - gap, area.y, &note, width.into(), on_rule(self.selected));
        }
        self.glyphs.confine(area, buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locale(variables: &[(&str, &str)]) -> bool {
        is_utf8_locale(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_locale_is_read_in_the_order_of_posix() {
        assert!(locale(&[("LANG", "en_US.UTF-8")]));
        assert!(locale(&[("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
        assert!(!locale(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]));
        assert!(locale(&[("LC_ALL", ""), ("LANG", "de_DE.UTF8")]), "an empty variable counts as unset");
        assert!(!locale(&[("LANG", "de_DE.ISO-8859-1")]));
        assert!(!locale(&[]));
    }

    #[test]
    fn the_plain_theme_has_no_colour() {
        let theme = Theme::plain(&Glyphs::UNICODE);
        let all = [theme.accent, theme.text, theme.success, theme.warning, theme.error, theme.dim, theme.selected];
        assert!(all.iter().all(|style| style.fg.is_none() && style.bg.is_none()));
    }

    #[test]
    fn no_theme_chooses_a_background() {
        let theme = Theme::coloured(&Glyphs::UNICODE);
        let all = [theme.accent, theme.text, theme.success, theme.warning, theme.error, theme.dim, theme.selected];
        assert!(all.iter().all(|style| style.bg.is_none()));
    }

    #[test]
    fn ascii_marks_are_ascii() {
        let Glyphs { rule, ellipsis, separator, up_down, unknown, bars } = Glyphs::ASCII;
        assert!([rule, ellipsis, separator, up_down, unknown].iter().all(|mark| mark.is_ascii()));
        assert!(bars.iter().all(|bar| bar.is_ascii() && bar.len() == 1));
    }

    #[test]
    fn confined_cells_are_ascii_and_keep_their_columns() {
        let area = Rect::new(0, 0, 6, 1);
        let mut buffer = Buffer::empty(area);
        buffer.set_string(0, 0, "a世é!", Style::new());
        Glyphs::ASCII.confine(area, &mut buffer);
        assert_eq!(buffer, Buffer::with_lines(["a? ?! "]));
    }

    #[test]
    fn a_heading_holds_title_and_note_at_any_width() {
        let theme = Theme::plain(&Glyphs::UNICODE);
        for width in 0..40 {
            let area = Rect::new(0, 0, width, 1);
            let mut buffer = Buffer::empty(area);
            theme.heading(area, &mut buffer, "Log", Some("3 new lines"));
        }
        let area = Rect::new(0, 0, 24, 1);
        let mut buffer = Buffer::empty(area);
        theme.heading(area, &mut buffer, "Log", Some("3 new lines"));
        let row: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(row, " Log ───── 3 new lines ─");
    }
}
