//! The line one types on
//!
//! Editing keys as a shell has them, over [`tui_input`]. Knows nothing of history or completion;
//! the keys that submit or leave are the caller's.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::{Position, Rect};
use tui_input::InputRequest;
use unicode_segmentation::UnicodeSegmentation;

use super::clean::clean_char;
use super::style::Theme;

/// How many characters a line holds; what is typed or pasted beyond is dropped
pub const MAX_CHARS: usize = 4_096;

/// A line of text being edited
#[derive(Debug, Clone, Default)]
pub struct InputLine {
    input: tui_input::Input,
    /// First column of the text in view.
    scroll: usize,
}

impl InputLine {
    /// An empty line
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The text
    #[must_use]
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Whether nothing is typed
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    /// Where the cursor stands, in bytes of [`text`](Self::text)
    #[must_use]
    pub fn cursor(&self) -> usize {
        byte_of(self.text(), self.input.cursor())
    }

    /// Replaces the text, cleaned and cut to [`MAX_CHARS`], and puts the cursor at its end
    pub fn set_text(&mut self, text: &str) {
        let text: String = text.chars().map(clean_char).take(MAX_CHARS).collect();
        // Keeps what was killed, to be yanked into the new text.
        self.input = std::mem::take(&mut self.input).with_value(text);
    }

    /// Puts the cursor at a byte of the text, or at the character that holds it
    pub fn set_cursor(&mut self, byte: usize) {
        let text = self.text();
        let before = text[..text.floor_char_boundary(byte)].chars().count();
        self.input.handle(InputRequest::SetCursor(before));
    }

    /// Takes the text out and leaves an empty line
    pub fn take(&mut self) -> String {
        self.scroll = 0;
        self.input.value_and_reset()
    }

    /// Inserts text at the cursor, as a paste does; whether anything changed
    ///
    /// Line ends become spaces and a last one is dropped, other control characters are replaced,
    /// and what exceeds [`MAX_CHARS`] is left out.
    pub fn insert(&mut self, text: &str) -> bool {
        let room = MAX_CHARS.saturating_sub(self.text().chars().count());
        let text = text.trim_end_matches(['\r', '\n']).replace("\r\n", "\n");
        let text: String = text.chars().map(clean_char).take(room).collect();
        if text.is_empty() {
            return false;
        }
        let cursor = self.input.cursor() + text.chars().count();
        let at = self.cursor();
        let mut value = self.text().to_owned();
        value.insert_str(at, &text);
        self.input = std::mem::take(&mut self.input).with_value(value).with_cursor(cursor);
        true
    }

    /// Edits by a key; `None` where the key is not one for editing
    ///
    /// Otherwise whether text or cursor changed.
    pub fn handle_key(&mut self, key: KeyEvent) -> Option<bool> {
        if let Some(character) = typed(key) {
            return Some(self.insert(character.encode_utf8(&mut [0; 4])));
        }
        let request = request(key)?;
        let unable = match request {
            // Killing nothing would forget what was killed before.
            InputRequest::DeleteTillEnd => self.cursor() == self.text().len(),
            _ => false,
        };
        if unable {
            return Some(false);
        }
        let changed = self.input.handle(request).is_some();
        if request == InputRequest::Yank && self.text().chars().count() > MAX_CHARS {
            let cursor = self.input.cursor();
            let text = self.text().chars().take(MAX_CHARS).collect();
            self.input = std::mem::take(&mut self.input).with_value(text).with_cursor(cursor);
        }
        Some(changed)
    }

    /// Draws prompt and text in one row; the position of the cursor, where there is a cell for it
    ///
    /// A line longer than the room scrolls so that the cursor is always in view; marks at its ends
    /// say that there is more. The prompt gives way where it would take more than half of the row.
    pub fn render(&mut self, area: Rect, buffer: &mut Buffer, prompt: &str, theme: &Theme) -> Option<Position> {
        let area = Rect { height: area.height.min(1), ..area }.intersection(buffer.area);
        if area.is_empty() {
            return None;
        }
        let prompt_width = if prompt.cell_width() > area.width / 2 { 0 } else { prompt.cell_width() };
        buffer.set_stringn(area.x, area.y, prompt, prompt_width.into(), theme.accent);
        let room = usize::from(area.width - prompt_width);
        let left = area.x + prompt_width;

        let text = self.text();
        let cursor = columns(&text[..self.cursor()]);
        let total = columns(text);
        let scroll = self.scrolled(cursor, total, room);
        let mut column = 0;
        for grapheme in text.graphemes(true) {
            let width = usize::from(grapheme.cell_width());
            if column >= scroll && column + width <= scroll + room {
                let x = left + cell(column - scroll);
                buffer.set_stringn(x, area.y, grapheme, width, theme.text);
            }
            column += width;
        }
        // With less room than this the marks would stand where the cursor is.
        if room >= 6 {
            let mark = theme.glyphs.ellipsis;
            if scroll > 0 {
                buffer[(left, area.y)].set_symbol(mark).set_style(theme.dim);
            }
            if total > scroll + room {
                let last = area.right() - 1;
                let before = &mut buffer[(last - 1, area.y)];
                if before.cell_width() > 1 {
                    // Its second half gives way to the mark.
                    before.set_symbol(" ");
                }
                buffer[(last, area.y)].set_symbol(mark).set_style(theme.dim);
            }
        }
        self.scroll = scroll;
        theme.glyphs.confine(area, buffer);
        Some(Position::new(left + cell(cursor - scroll), area.y))
    }

    /// The first column to show: the present one, moved as little as the cursor needs
    fn scrolled(&self, cursor: usize, total: usize, room: usize) -> usize {
        // The cursor behind the last character needs a cell, too.
        let most = (total + 1).saturating_sub(room);
        let margin = if room >= 6 { 2 } else { 0 };
        let mut scroll = self.scroll.min(most);
        scroll = scroll.min(cursor.saturating_sub(margin));
        // Where this is inside a wide character, its visible half stays empty.
        scroll.max((cursor + 1 + margin).saturating_sub(room).min(most))
    }
}

/// A column relative to the view, which is no wider than a screen
fn cell(column: usize) -> u16 {
    u16::try_from(column).unwrap_or(u16::MAX)
}

fn columns(text: &str) -> usize {
    text.graphemes(true).map(|grapheme| usize::from(grapheme.cell_width())).sum()
}

fn byte_of(text: &str, characters: usize) -> usize {
    text.char_indices().nth(characters).map_or(text.len(), |(byte, _)| byte)
}

/// The character a key types, if it types one
///
/// `AltGr` comes as Ctrl and Alt together where the system cannot tell them apart, and types.
#[must_use]
pub fn typed(key: KeyEvent) -> Option<char> {
    let KeyCode::Char(character) = key.code else {
        return None;
    };
    let held = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
    let types =
        held.is_empty() || (held == KeyModifiers::CONTROL | KeyModifiers::ALT && !character.is_ascii_alphanumeric());
    types.then_some(character)
}

fn request(key: KeyEvent) -> Option<InputRequest> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    let request = match key.code {
        KeyCode::Left if control || alt => InputRequest::GoToPrevWord,
        KeyCode::Right if control || alt => InputRequest::GoToNextWord,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        KeyCode::Backspace if control || alt => InputRequest::DeletePrevWord,
        KeyCode::Delete if control || alt => InputRequest::DeleteNextWord,
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Char(character) if control && !alt => match character.to_ascii_lowercase() {
            'a' => InputRequest::GoToStart,
            'e' => InputRequest::GoToEnd,
            'b' => InputRequest::GoToPrevChar,
            'f' => InputRequest::GoToNextChar,
            'h' => InputRequest::DeletePrevChar,
            'd' => InputRequest::DeleteNextChar,
            'k' => InputRequest::DeleteTillEnd,
            'u' => InputRequest::DeleteFromStart,
            'w' => InputRequest::DeletePrevWord,
            'y' => InputRequest::Yank,
            _ => return None,
        },
        KeyCode::Char(character) if alt && !control => match character.to_ascii_lowercase() {
            'b' => InputRequest::GoToPrevWord,
            'f' => InputRequest::GoToNextWord,
            'd' => InputRequest::DeleteNextWord,
            _ => return None,
        },
        _ => return None,
    };
    Some(request)
}

#[cfg(test)]
mod tests;
