//! Text that a peer sent, made fit for a screen, a log or a file
//!
//! Every string from the wire passes through here before anybody sees it (PROTOCOL.md §5): [`Clean`]
//! replaces what could steer a terminal or hide from the eye, [`Plain`] drops Minecraft's `§` codes as
//! well, and [`Text`] keeps a bounded piece of the result.
//!
//! What is told without `core::fmt` is told by [`Show`] into a [`Sink`].
//!
//! It does not render colours, does not measure widths and does not cut at grapheme clusters: a cut
//! falls between two characters, and whoever draws decides what a cell is.

mod show;

use core::fmt;

use heapless::string::StringView;

use crate::json::run;
pub use show::{Hex, Padded, Parts, Show, Sink, UpperHex, display};

/// The character that introduces a formatting code
pub const SECTION_SIGN: char = '§';

/// Whether a character must not reach a screen, a log or a file as it is
///
/// These are (PROTOCOL.md §5):
/// - C0, DEL and C1 controls, among them every introducer of an escape sequence;
/// - line and paragraph separators (U+2028, U+2029), which would forge a line of a log;
/// - bidirectional marks, embeddings, overrides and isolates, which reorder what stands around them;
/// - characters that show nothing, so that two different names look alike or a text looks empty: the
///   soft hyphen, zero-width space, word joiner and invisible operators, the byte order mark,
///   interlinear annotation, the Hangul fillers, Mongolian selectors, musical and shorthand format
///   controls, tag characters and the supplementary variation selectors.
///
/// U+200C, U+200D and the variation selectors U+FE00–FE0F are let through although they show nothing:
/// Persian and the Indic scripts are misspelt without the first two, and half of all emoji need the
/// others.
#[must_use]
pub const fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1F}'
        | '\u{7F}'..='\u{9F}'
        | '\u{AD}'
        | '\u{34F}'
        | '\u{61C}'
        | '\u{115F}'..='\u{1160}'
        | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200B}'
        | '\u{200E}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{3164}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// The character to show in the place of `c`
///
/// Line feed, carriage return and tab become a space, every other [unsafe](is_unsafe) character
/// U+FFFD; the rest stay what they are.
#[must_use]
pub const fn clean_char(c: char) -> char {
    match c {
        '\n' | '\r' | '\t' => ' ',
        _ if is_unsafe(c) => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

/// The address without what modded clients and proxies append to it
///
/// Forge appends `\0FML\0`, `\0FML2\0` or `\0FORGE…`, a proxy's forwarding `\0` and the player's
/// address and UUID: everything from the first NUL on is kept off the display (PROTOCOL.md §5). What is
/// left still has to be [cleaned](Clean).
#[must_use]
pub fn strip_marker(address: &str) -> &str {
    address.split('\0').next().unwrap_or(address)
}

/// Shows a string with each character [cleaned](clean_char)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clean<'a>(pub &'a str);

impl Show for Clean<'_> {
    fn show(&self, out: &mut dyn Sink) {
        let mut rest = self.0;
        while let Some((at, c)) = rest.char_indices().find(|&(_, c)| is_unsafe(c)) {
            out.put(rest.get(..at).unwrap_or_default());
            clean_char(c).show(out);
            rest = after(rest, at, c);
        }
        out.put(rest);
    }
}

impl fmt::Display for Clean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(self, f)
    }
}

/// Shows a string without its `§` codes and with each character [cleaned](clean_char)
///
/// See [`Codes`] for what counts as a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plain<'a>(pub &'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut codes = Codes::new();
        self.0.chars().filter(|&c| codes.keep(c)).try_for_each(|c| fmt::Write::write_char(f, clean_char(c)))
    }
}

/// Where a text stands with regard to its `§` codes
///
/// A `§` is dropped together with the one character that follows it, whichever that is, as the game
/// itself does when it draws a text. So `§a`, `§L` and `§r` vanish, the six-digit form
/// `§x§1§2§3§4§5§6` vanishes piece by piece, `§§` is one code (its second half starts none), and a `§`
/// at the very end vanishes alone.
///
/// A text that arrives in pieces keeps one of these for all of them: a `§` and its code may be apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    /// A `§` has been dropped and its code is still to come
    pending: bool,
}

impl Codes {
    /// The state at the beginning of a text
    #[must_use]
    pub const fn new() -> Self {
        Self { pending: false }
    }

    /// Whether the next character of the text is shown
    #[must_use]
    pub const fn keep(&mut self, c: char) -> bool {
        if self.pending {
            self.pending = false;
            return false;
        }
        self.pending = c == SECTION_SIGN;
        !self.pending
    }
}

/// A cleaned text of at most `N` bytes
///
/// What does not fit is cut at a character boundary, and [`is_truncated`](Self::is_truncated) says so;
/// from then on nothing is appended, so the text is always the beginning of the whole. `N` is at most
/// 65 535.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<const N: usize> {
    kept: heapless::String<N, u16>,
    truncated: bool,
}

impl<const N: usize> Text<N> {
    /// An empty text
    #[must_use]
    pub const fn new() -> Self {
        Self { kept: heapless::String::new(), truncated: false }
    }

    /// The text, free of [unsafe](is_unsafe) characters
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.kept.as_str()
    }

    /// Bytes kept
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether nothing is kept
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Whether something did not fit
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Forgets everything
    pub fn clear(&mut self) {
        self.kept.clear();
        self.truncated = false;
    }

    /// Appends a character, cleaned
    pub fn push(&mut self, c: char) {
        self.edit().push(c);
    }

    /// Appends a string, cleaned
    pub fn push_str(&mut self, text: &str) {
        self.edit().push_str(text);
    }

    /// Appends a piece of a text, cleaned and without its `§` codes
    ///
    /// `codes` is the same for all pieces of one text.
    pub fn push_plain(&mut self, piece: &str, codes: &mut Codes) {
        self.edit().push_plain(piece, codes);
    }

    /// Inserts a piece at byte `at` as [`push_plain`](Self::push_plain) appends it
    ///
    /// What stands after `at` moves back, and its end is cut when there is no room. Returns where the
    /// inserted piece ends, and whether it was cut itself. It may be inserted although something that comes
    /// after it was cut before. `at` must be a character boundary, else the piece is appended.
    pub(crate) fn insert_plain(&mut self, at: usize, piece: &str, codes: &mut Codes) -> (usize, bool) {
        if at >= self.len() && !self.truncated {
            self.push_plain(piece, codes);
            return (self.len(), self.truncated);
        }
        let whole = self.kept.clone();
        let (head, tail) = whole.split_at_checked(at).unwrap_or((&whole, ""));
        self.edit().join(head, piece, codes, tail)
    }

    /// Removes the bytes from `start` to `end`, both character boundaries
    pub(crate) fn remove(&mut self, start: usize, end: usize) {
        if start >= end {
            return;
        }
        let whole = self.kept.clone();
        if let (Some(head), Some(tail)) = (whole.get(..start), whole.get(end..)) {
            self.edit().join(head, "", &mut Codes::new(), tail);
        }
    }

    /// Removes what stands behind the first `len` bytes, which end with a character
    pub(crate) fn cut_to(&mut self, len: usize) {
        self.edit().cut_to(len);
    }

    /// Appends the line feed that ends the entry begun at byte `start`, where it fits
    ///
    /// Where it does not, nothing is lost yet, for the next entry, if any, will not fit either; but an empty entry is
    /// nothing without it.
    pub(crate) fn end_entry(&mut self, start: usize) {
        if !self.truncated && self.kept.push('\n').is_err() {
            self.truncated = self.len() <= start;
        }
    }

    fn edit(&mut self) -> Edit<'_> {
        Edit { kept: self.kept.as_mut_view(), truncated: &mut self.truncated }
    }
}

/// A [`Text`] of whatever capacity: what is done to one is in the program once, not once for each capacity
struct Edit<'t> {
    kept: &'t mut StringView<u16>,
    truncated: &'t mut bool,
}

impl Edit<'_> {
    fn push(&mut self, c: char) {
        self.push_raw(clean_char(c).encode_utf8(&mut [0; 4]));
    }

    fn push_str(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() && !*self.truncated {
            if cfg!(feature = "fast") {
                rest = self.push_run(rest);
            }
            if let Some(c) = rest.chars().next() {
                self.push(c);
                rest = after(rest, 0, c);
            }
        }
    }

    fn push_plain(&mut self, piece: &str, codes: &mut Codes) {
        let mut rest = piece;
        while !rest.is_empty() && !*self.truncated {
            if cfg!(feature = "fast") && !codes.pending {
                rest = self.push_run(rest);
            }
            if let Some(c) = rest.chars().next() {
                if codes.keep(c) {
                    self.push(c);
                }
                rest = after(rest, 0, c);
            }
        }
    }

    /// Makes the text anew of its head, a piece and its tail; where the piece ends, and whether it was cut
    fn join(&mut self, head: &str, piece: &str, codes: &mut Codes, tail: &str) -> (usize, bool) {
        let truncated = core::mem::take(self.truncated);
        self.kept.clear();
        self.push_raw(head);
        self.push_plain(piece, codes);
        let joined = (self.kept.len(), *self.truncated);
        self.push_raw(tail);
        *self.truncated |= truncated;
        joined
    }

    fn cut_to(&mut self, len: usize) {
        // Not `truncate`, which asserts that it cuts between two characters.
        while self.kept.len() > len {
            self.kept.pop();
        }
    }

    /// Appends what is clean already, and cuts it
    fn push_raw(&mut self, text: &str) {
        // `push_str` refuses what does not fit as a whole.
        if !*self.truncated && self.kept.push_str(text).is_err() {
            *self.truncated = true;
            let room = self.kept.capacity().saturating_sub(self.kept.len());
            let fits = text.get(..text.floor_char_boundary(room)).unwrap_or_default();
            let _ = self.kept.push_str(fits);
        }
    }

    /// Appends the printable ASCII at the beginning of `text`, and returns what is after it
    fn push_run<'a>(&mut self, text: &'a str) -> &'a str {
        // One byte more than there can be room for shows that it is cut; what comes behind need not be looked at.
        let enough = self.kept.capacity().saturating_add(1);
        let bytes = text.as_bytes().get(..enough).unwrap_or(text.as_bytes());
        let (run, rest) = text.split_at_checked(run::printable(bytes)).unwrap_or(("", text));
        self.push_raw(run);
        rest
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<const N: usize> AsRef<str> for Text<N> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// What follows the character `c` that stands at byte `at`
fn after(text: &str, at: usize, c: char) -> &str {
    text.get(at.saturating_add(c.len_utf8())..).unwrap_or_default()
}
