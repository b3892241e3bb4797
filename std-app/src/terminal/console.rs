//! Log, input line, history and completion as one
//!
//! Takes the terminal's events, keeps what is typed and shown, and answers what the program has to
//! do. It runs nothing itself, and nothing but what is said in [`Action`] needs the program.

mod view;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseEventKind};

use super::completion::{Completer, Completion};
use super::history::History;
use super::input::InputLine;
use super::log::{Entry, Log, Scroll};
use super::style::Theme;

/// Rows that one step of the wheel moves
const WHEEL_ROWS: usize = 3;

/// What the program has to do after an event
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Action {
    /// Run this line; it is in the history already
    Submit(String),
    /// End the program: Ctrl-C, or Ctrl-D on an empty line
    Leave,
    /// Write the whole screen anew: Ctrl-L
    Redraw,
    /// Show or hide the help: F1
    Help,
    /// Close what the program has opened: Esc where the console itself has nothing to close
    Escape,
    /// Draw when next convenient; [`Console::is_dirty`] says so, too
    Changed,
    /// Nothing: the event means nothing to the console
    Ignored,
}

/// A log above an input line
#[derive(Debug, Clone)]
pub struct Console {
    log: Log,
    input: InputLine,
    history: History,
    completion: Option<Completion>,
    /// What is searched for while the history is searched.
    query: InputLine,
    theme: Theme,
    title: String,
    prompt: String,
    hints: Vec<Hint>,
    dirty: bool,
}

/// One of the hints in the bottom row
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// What it says, `Tab complete`
    pub text: String,
    /// Hints of a lower priority give way first where the row is too short
    pub priority: u8,
}

impl Console {
    /// A console that looks like `theme`, headed ` Log ` and prompting with `> `
    #[must_use]
    pub fn new(theme: Theme) -> Self {
        let hints = [
            ("Enter run".to_owned(), 7),
            ("Tab complete".to_owned(), 5),
            (format!("{} history", theme.glyphs.up_down), 3),
            ("Ctrl-R search".to_owned(), 2),
            ("PgUp PgDn scroll".to_owned(), 4),
            ("F1 help".to_owned(), 6),
            ("Ctrl-C quit".to_owned(), 8),
        ];
        Self {
            log: Log::default(),
            input: InputLine::new(),
            history: History::default(),
            completion: None,
            query: InputLine::new(),
            theme,
            title: "Log".to_owned(),
            prompt: " > ".to_owned(),
            hints: hints.into_iter().map(|(text, priority)| Hint { text, priority }).collect(),
            dirty: true,
        }
    }

    /// The console with this log
    #[must_use]
    pub fn with_log(mut self, log: Log) -> Self {
        self.log = log;
        self
    }

    /// The console with this history
    #[must_use]
    pub fn with_history(mut self, history: History) -> Self {
        self.history = history;
        self
    }

    /// The console with this heading over its log
    #[must_use]
    pub fn with_title(mut self, title: &str) -> Self {
        title.clone_into(&mut self.title);
        self
    }

    /// The console with this prompt before its input line, spaces included
    #[must_use]
    pub fn with_prompt(mut self, prompt: &str) -> Self {
        prompt.clone_into(&mut self.prompt);
        self
    }

    /// The console with these hints in its bottom row, in this order
    #[must_use]
    pub fn with_hints(mut self, hints: impl IntoIterator<Item = Hint>) -> Self {
        self.hints = hints.into_iter().collect();
        self
    }

    /// Appends to the log
    pub fn push(&mut self, entry: Entry) {
        self.log.push(entry);
        self.dirty = true;
    }

    /// The log
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The log, to change; the console is drawn again afterwards
    pub fn log_mut(&mut self) -> &mut Log {
        self.dirty = true;
        &mut self.log
    }

    /// What is typed so far
    #[must_use]
    pub fn text(&self) -> &str {
        self.input.text()
    }

    /// Replaces what is typed
    pub fn set_text(&mut self, text: &str) {
        self.completion = None;
        self.history.reset();
        self.input.set_text(text);
        self.dirty = true;
    }

    /// The history
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The history, to save it
    pub fn history_mut(&mut self) -> &mut History {
        &mut self.history
    }

    /// How things look
    #[must_use]
    pub fn theme(&self) -> &Theme {
        &self.theme
    }

    /// Whether anything changed since the console was last drawn
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Takes an event of the terminal; Tab asks `completer`
    pub fn handle_event(&mut self, event: &Event, completer: &dyn Completer) -> Action {
        let action = match event {
            // Windows tells of keys let go, too.
            Event::Key(key) if key.kind == KeyEventKind::Release => Action::Ignored,
            Event::Key(key) => self.handle_key(*key, completer),
            Event::Paste(text) => self.handle_paste(text),
            Event::Mouse(mouse) => match mouse.kind {
                MouseEventKind::ScrollUp => self.scroll(Scroll::Up(WHEEL_ROWS)),
                MouseEventKind::ScrollDown => self.scroll(Scroll::Down(WHEEL_ROWS)),
                _ => Action::Ignored,
            },
            Event::Resize(..) => Action::Changed,
            Event::FocusGained | Event::FocusLost => Action::Ignored,
        };
        self.dirty |= !matches!(action, Action::Ignored);
        action
    }

    fn handle_key(&mut self, key: KeyEvent, completer: &dyn Completer) -> Action {
        // What the keys do whatever else is going on.
        match (key.code, control(key)) {
            (_, Some('c')) => return Action::Leave,
            (_, Some('l')) => return Action::Redraw,
            (KeyCode::F(1), _) => return Action::Help,
            _ => {}
        }
        if let Some(scroll) = self.scroll_of(key) {
            return self.scroll(scroll);
        }
        if self.history.found().is_some() {
            return self.handle_search_key(key);
        }
        if let KeyCode::Tab | KeyCode::BackTab = key.code {
            let backwards = key.code == KeyCode::BackTab || key.modifiers.contains(KeyModifiers::SHIFT);
            return self.complete(backwards, completer);
        }
        let completion = self.completion.take();
        let closed = completion.is_some();
        match (key.code, control(key)) {
            (KeyCode::Esc, _) => match completion {
                Some(completion) => {
                    completion.restore(&mut self.input);
                    Action::Changed
                }
                None => Action::Escape,
            },
            (KeyCode::Enter, _) | (_, Some('j' | 'm')) => self.submit(),
            (_, Some('d')) if self.input.is_empty() => Action::Leave,
            (_, Some('r')) => {
                self.history.search(self.input.text());
                self.query.take();
                Action::Changed
            }
            (KeyCode::Up, _) | (_, Some('p')) => {
                let line = self.history.older(self.input.text()).map(str::to_owned);
                self.recall(line.as_deref(), closed)
            }
            (KeyCode::Down, _) | (_, Some('n')) => {
                let line = self.history.newer();
                self.recall(line.as_deref(), closed)
            }
            _ => {
                let edited = self.input.handle_key(key).unwrap_or(false);
                if edited {
                    self.history.edited(self.input.text());
                }
                changed(edited || closed)
            }
        }
    }

    /// Which way a key scrolls the log, if it does
    ///
    /// Home and End are the input line's where they mean something there: Home unless the cursor
    /// stands at the beginning already, End unless the log is scrolled back.
    fn scroll_of(&self, key: KeyEvent) -> Option<Scroll> {
        let held = !key.modifiers.is_empty();
        let searching = self.history.found().is_some();
        match key.code {
            KeyCode::PageUp if held => Some(Scroll::HalfPageUp),
            KeyCode::PageDown if held => Some(Scroll::HalfPageDown),
            KeyCode::PageUp => Some(Scroll::PageUp),
            KeyCode::PageDown => Some(Scroll::PageDown),
            KeyCode::Up if held => Some(Scroll::Up(1)),
            KeyCode::Down if held => Some(Scroll::Down(1)),
            KeyCode::Home if held || (!searching && self.input.cursor() == 0) => Some(Scroll::Home),
            KeyCode::End if held || !self.log.is_following() => Some(Scroll::End),
            _ => None,
        }
    }

    fn handle_search_key(&mut self, key: KeyEvent) -> Action {
        match (key.code, control(key)) {
            (KeyCode::Up, _) | (_, Some('r' | 'p')) => changed(self.history.search_older()),
            (KeyCode::Down, _) | (_, Some('s' | 'n')) => changed(self.history.search_newer()),
            (KeyCode::Esc, _) | (_, Some('g')) => {
                let draft = self.history.cancel();
                self.recall(draft.as_deref(), true)
            }
            (KeyCode::Enter, _) | (_, Some('j' | 'm')) => match self.history.accept() {
                Some(line) => {
                    self.input.set_text(&line);
                    self.submit()
                }
                None => Action::Ignored,
            },
            (KeyCode::Left | KeyCode::Right | KeyCode::Home | KeyCode::End | KeyCode::Tab, _)
            | (_, Some('a' | 'b' | 'e' | 'f')) => {
                let line = self.history.accept();
                self.recall(line.as_deref(), false)
            }
            _ => {
                let edited = self.query.handle_key(key).unwrap_or(false);
                if edited {
                    self.history.search_for(self.query.text());
                }
                changed(edited)
            }
        }
    }

    fn handle_paste(&mut self, text: &str) -> Action {
        if self.history.found().is_some() {
            let edited = self.query.insert(text);
            self.history.search_for(self.query.text());
            return changed(edited);
        }
        let closed = self.completion.take().is_some();
        let edited = self.input.insert(text);
        if edited {
            self.history.edited(self.input.text());
        }
        changed(edited || closed)
    }

    fn complete(&mut self, backwards: bool, completer: &dyn Completer) -> Action {
        if let Some(completion) = &mut self.completion {
            completion.step(&mut self.input, backwards);
        } else {
            let before = self.input.text().to_owned();
            self.completion = Completion::begin(&mut self.input, completer);
            if self.completion.is_none() && before == self.input.text() {
                return Action::Ignored;
            }
        }
        self.history.edited(self.input.text());
        Action::Changed
    }

    fn submit(&mut self) -> Action {
        let line = self.input.take();
        self.history.push(&line);
        if line.trim().is_empty() { changed(!line.is_empty()) } else { Action::Submit(line) }
    }

    fn recall(&mut self, line: Option<&str>, closed: bool) -> Action {
        if let Some(line) = line {
            self.input.set_text(line);
        }
        changed(line.is_some() || closed)
    }

    fn scroll(&mut self, scroll: Scroll) -> Action {
        changed(self.log.scroll(scroll))
    }
}

fn changed(changed: bool) -> Action {
    if changed { Action::Changed } else { Action::Ignored }
}

/// The letter pressed together with Ctrl alone, in lower case
fn control(key: KeyEvent) -> Option<char> {
    let held = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
    match key.code {
        KeyCode::Char(character) if held == KeyModifiers::CONTROL => Some(character.to_ascii_lowercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
