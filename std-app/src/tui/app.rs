//! The whole screen: its state, how a message changes it, how it is drawn
//!
//! Waits for nothing and knows no terminal; the loop around it is [`driver`](super::driver)'s.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseEventKind};
use jiff::civil::{self, DateTime};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use tokio::time::Instant;

use super::front::Front;
use super::help::Help;
use super::layout::Regions;
use super::{hints, title};
use crate::clock::Clock;
use crate::config::Config;
use crate::report::{Line, Report, Severity};
use crate::side::Parsed;
use crate::terminal::{Action, Candidates, Console, Entry, History, Kind, Log, Scroll, Theme};

/// How long the side may take to end once it is asked to
///
/// Longer than the server takes to close its connections.
pub(super) const LEAVE_DEADLINE: Duration = Duration::from_secs(3);

/// Rows that one step of the wheel moves
const WHEEL_ROWS: usize = 3;

/// What happened
#[derive(Debug)]
pub(super) enum Message<E> {
    /// On the terminal
    Terminal(Event),
    /// On the side
    Side(E),
    /// The side has ended; no event of it follows
    SideEnded,
    /// In a library
    Traced(Entry),
    /// The system asks the program to end
    Signal,
    /// Time passed, and something shown depends on it
    Tick,
}

/// What is to be done then, beside drawing
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Effect<C> {
    /// Nothing
    None,
    /// Give the side a command
    Send(C),
    /// Give the side this command before any that wait, and expect it to end
    Leave(C),
    /// Write the whole screen anew
    Clear,
    /// End now
    Quit,
}

/// Where the run of the program stands
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    /// The side was asked to end
    Leaving {
        by: Instant,
    },
    /// The side has ended by itself
    Ended,
}

/// The state of the whole screen
#[derive(Debug)]
pub(super) struct App<S: Front> {
    console: Console,
    model: S::Model,
    theme: Theme,
    clock: Clock,
    help: Option<Help>,
    phase: Phase,
    /// Whether a failure to save the history was told already
    told_unsaved: bool,
    regions: Regions,
    dirty: bool,
}

impl<S: Front> App<S> {
    /// A screen on which nothing happened yet
    pub(super) fn new(config: &Config, clock: &Clock, theme: Theme, history: History) -> Self {
        let scrollback = usize::try_from(config.terminal.scrollback).unwrap_or(usize::MAX);
        Self {
            console: Console::new(theme).with_log(Log::new(scrollback)).with_history(history),
            model: S::model(config, clock.now_micros()),
            theme,
            clock: clock.clone(),
            help: None,
            phase: Phase::Running,
            told_unsaved: false,
            regions: Regions::default(),
            dirty: true,
        }
    }

    /// Whether something changed since it was last drawn
    pub(super) fn is_dirty(&self) -> bool {
        self.dirty || self.console.is_dirty()
    }

    /// Has it drawn although nothing changed
    pub(super) const fn touch(&mut self) {
        self.dirty = true;
    }

    /// When time alone changes what is shown
    pub(super) fn next_change(&self) -> Option<Instant> {
        S::next_change(&self.model, self.clock.now_micros()).map(|micros| self.clock.instant_at(micros))
    }

    /// When to end although the side has not
    pub(super) const fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Leaving { by } => Some(by),
            Phase::Running | Phase::Ended => None,
        }
    }

    /// Puts a warning into the log
    pub(super) fn warn(&mut self, text: &str) {
        self.log(Kind::Warning, text);
    }

    /// Saves what was typed, as far as it is not
    pub(super) fn save_history(&mut self) {
        if let Err(error) = self.console.history_mut().save()
            && !std::mem::replace(&mut self.told_unsaved, true)
        {
            self.warn(&format!("the history cannot be saved: {error}"));
        }
    }

    /// Changes the state
    pub(super) fn update(&mut self, message: Message<S::Event>) -> Effect<S::Command> {
        match message {
            Message::Terminal(event) => self.terminal(&event),
            Message::Side(event) => {
                self.side(&event);
                Effect::None
            }
            Message::SideEnded => self.side_ended(),
            Message::Traced(entry) => {
                let now = self.wall_time();
                self.console.push(entry.at(now));
                Effect::None
            }
            Message::Signal => self.leave(),
            Message::Tick => {
                self.dirty = true;
                Effect::None
            }
        }
    }

    fn side(&mut self, event: &S::Event) {
        S::update(&mut self.model, event, self.clock.now_micros());
        self.dirty = true;
        let now = self.wall_time();
        for Line { severity, source, text } in event.line().into_iter().chain(event.details()) {
            let entry = Entry::new(kind(severity), &text).at(now);
            self.console.push(entry.with_source(source.as_deref().unwrap_or_default()));
        }
    }

    fn side_ended(&mut self) -> Effect<S::Command> {
        if self.phase != Phase::Running || !S::stays(&self.model) {
            return Effect::Quit;
        }
        self.phase = Phase::Ended;
        self.log(Kind::Hint, &format!("the {} has ended; Ctrl-C leaves", S::NAME));
        Effect::None
    }

    fn terminal(&mut self, event: &Event) -> Effect<S::Command> {
        if let Some(changed) = self.elsewhere(event) {
            self.dirty |= changed;
            return Effect::None;
        }
        let complete = |line: &str, cursor: usize| complete::<S>(line, cursor);
        match self.console.handle_event(event, &complete) {
            Action::Submit(line) => self.submit(&line),
            Action::Leave => self.leave(),
            Action::Redraw => Effect::Clear,
            Action::Help => {
                self.toggle_help();
                Effect::None
            }
            Action::Escape => {
                self.help = None;
                Effect::None
            }
            Action::Changed | Action::Ignored => Effect::None,
        }
    }

    /// What is not for the console: scrolling help or panel; whether it changed anything
    fn elsewhere(&mut self, event: &Event) -> Option<bool> {
        let scroll = match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                let scroll = scroll_of(*key)?;
                if S::PANEL_SCROLLS && key.modifiers == KeyModifiers::CONTROL {
                    return Some(S::scroll(&mut self.model, scroll));
                }
                if !key.modifiers.is_empty() || matches!(scroll, Scroll::Up(_) | Scroll::Down(_)) {
                    return None;
                }
                scroll
            }
            Event::Mouse(mouse) => {
                let scroll = match mouse.kind {
                    MouseEventKind::ScrollUp => Scroll::Up(WHEEL_ROWS),
                    MouseEventKind::ScrollDown => Scroll::Down(WHEEL_ROWS),
                    _ => return None,
                };
                let over_panel = self.regions.panel.contains(Position::new(mouse.column, mouse.row));
                if S::PANEL_SCROLLS && self.help.is_none() && over_panel {
                    return Some(S::scroll(&mut self.model, scroll));
                }
                scroll
            }
            _ => return None,
        };
        self.help.as_mut().map(|help| help.scroll(scroll))
    }

    fn toggle_help(&mut self) {
        self.help = match self.help {
            Some(_) => None,
            None => Some(Help::new(S::help(), S::PANEL_SCROLLS)),
        };
        self.dirty = true;
    }

    fn submit(&mut self, line: &str) -> Effect<S::Command> {
        self.save_history();
        self.log(Kind::Hint, &format!("> {line}"));
        let command = match S::parse(line) {
            Ok(Parsed::Command(command)) => command,
            Ok(Parsed::Help) => {
                if self.help.is_none() {
                    self.toggle_help();
                }
                return Effect::None;
            }
            Ok(Parsed::Nothing) => return Effect::None,
            Err(message) if self.phase == Phase::Running => S::refused(message),
            Err(message) => {
                self.log(Kind::Error, &message);
                return Effect::None;
            }
        };
        match self.phase {
            _ if S::is_leave(&command) => self.leave(),
            Phase::Running => Effect::Send(command),
            Phase::Leaving { .. } => {
                self.warn(&format!("the {} is ending", S::NAME));
                Effect::None
            }
            Phase::Ended => {
                self.warn(&format!("the {} has ended; Ctrl-C leaves", S::NAME));
                Effect::None
            }
        }
    }

    /// Asks the side to end; the second time nobody waits for it
    fn leave(&mut self) -> Effect<S::Command> {
        if self.phase != Phase::Running {
            return Effect::Quit;
        }
        self.phase = Phase::Leaving { by: Instant::now() + LEAVE_DEADLINE };
        self.dirty = true;
        Effect::Leave(S::leave())
    }

    fn log(&mut self, kind: Kind, text: &str) {
        let now = self.wall_time();
        self.console.push(Entry::new(kind, text).at(now));
    }

    fn wall_time(&self) -> DateTime {
        let time = self.clock.time_of_day(self.clock.now_micros());
        let [hour, minute, second] = [time.hour, time.minute, time.second].map(|part| i8::try_from(part).unwrap_or(0));
        // The log shows no date.
        civil::Time::new(hour, minute, second, 0).unwrap_or_default().on(1970, 1, 1)
    }

    /// Draws everything
    pub(super) fn view(&mut self, frame: &mut Frame<'_>) {
        let now = self.clock.now_micros();
        let regions = Regions::arrange(frame.area(), S::panel_rows(&self.model));
        self.regions = regions;
        let theme = &self.theme;
        let buffer = frame.buffer_mut();
        let mut title = S::title(&self.model, now);
        if matches!(self.phase, Phase::Leaving { .. }) {
            title.parts = vec!["leaving".to_owned()];
            title.kind = Kind::Warning;
        }
        title::render(&title, S::NAME, regions.title, buffer, theme);
        if let Some(help) = &mut self.help {
            help.render(regions.middle(), buffer, theme);
        } else {
            let Rect { x, y, width, height } = regions.panel;
            if height > 0 {
                theme.heading(Rect::new(x, y, width, 1), buffer, S::PANEL, None);
                S::panel(&mut self.model, Rect::new(x, y + 1, width, height - 1), buffer, theme, now);
            }
            self.console.render_log(regions.log, buffer);
        }
        let cursor = self.console.render_prompt(regions.prompt, buffer);
        hints::render(&self.console, self.help.is_some(), regions.hints, buffer, theme);
        if let Some(cursor) = cursor {
            frame.set_cursor_position(cursor);
        }
        self.console.drawn();
        self.dirty = false;
    }

    /// Tells that a command found no room
    pub(super) fn busy(&mut self) {
        self.warn(&format!("the {} is busy and takes no more commands; try again", S::NAME));
    }
}

fn scroll_of(key: KeyEvent) -> Option<Scroll> {
    Some(match key.code {
        KeyCode::PageUp => Scroll::PageUp,
        KeyCode::PageDown => Scroll::PageDown,
        KeyCode::Up => Scroll::Up(1),
        KeyCode::Down => Scroll::Down(1),
        _ => return None,
    })
}

const fn kind(severity: Severity) -> Kind {
    match severity {
        Severity::Info => Kind::Info,
        Severity::Success => Kind::Success,
        Severity::Warning => Kind::Warning,
        Severity::Error => Kind::Error,
        Severity::Hint => Kind::Hint,
    }
}

/// The words that the one at the cursor may become; a blank behind each, to type on
fn complete<S: Front>(line: &str, cursor: usize) -> Candidates {
    let before = line.get(..cursor).unwrap_or(line);
    let start = before.rfind([' ', '\t']).map_or(0, |blank| blank + 1);
    Candidates { start, words: S::complete(before).into_iter().map(|word| format!("{word} ")).collect() }
}
