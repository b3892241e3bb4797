//! The real loop on a screen in memory: keys, events and time are handed in
//!
//! The clock of the runtime is paused: time passes only when everything waits, and then at once.

mod any;
mod client;
mod driver;
mod server;

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseEvent, MouseEventKind};
use jiff::tz::TimeZone;
use ratatui::backend::{Backend, ClearType, TestBackend, WindowSize};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Size};
use ratatui::{Frame, Terminal};
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

use super::app::App;
use super::driver::{Canvas, Wires, drive};
use super::front::Front;
use crate::clock::Clock;
use crate::config::Config;
use crate::signals::Signals;
use crate::terminal::{Entry, Glyphs, History, Kind, LogLayer, Theme, TracingEvents};

/// 2026-01-02 16:31:04 UTC
const START: u64 = 1_767_371_464_000_000;

/// Longest that is waited for anything, in the time of the paused clock
const PATIENCE: Duration = Duration::from_mins(1);

/// A screen in memory that answers no question
///
/// The answer of a real terminal comes among the keys, and the loop waits for it in vain.
struct Silent(TestBackend);

impl Backend for Silent {
    type Error = Infallible;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> Result<(), Infallible> {
        self.0.draw(content)
    }

    fn hide_cursor(&mut self) -> Result<(), Infallible> {
        self.0.hide_cursor()
    }

    fn show_cursor(&mut self) -> Result<(), Infallible> {
        self.0.show_cursor()
    }

    fn get_cursor_position(&mut self) -> Result<Position, Infallible> {
        panic!("the terminal was asked where its cursor stands");
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Infallible> {
        self.0.set_cursor_position(position)
    }

    fn clear(&mut self) -> Result<(), Infallible> {
        self.0.clear()
    }

    fn clear_region(&mut self, kind: ClearType) -> Result<(), Infallible> {
        self.0.clear_region(kind)
    }

    fn size(&self) -> Result<Size, Infallible> {
        self.0.size()
    }

    fn window_size(&mut self) -> Result<WindowSize, Infallible> {
        self.0.window_size()
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        self.0.flush()
    }
}

/// A screen in memory that the loop and the test share
#[derive(Clone)]
struct Shared {
    terminal: Rc<RefCell<Terminal<Silent>>>,
    draws: Rc<std::cell::Cell<usize>>,
    broken: Rc<std::cell::Cell<bool>>,
}

impl Canvas for Shared {
    fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        if self.broken.get() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.draws.set(self.draws.get() + 1);
        Canvas::draw(&mut *self.terminal.borrow_mut(), render)
    }

    fn clear(&mut self) -> io::Result<()> {
        Canvas::clear(&mut *self.terminal.borrow_mut())
    }
}

impl Shared {
    fn buffer(&self) -> Buffer {
        self.terminal.borrow().backend().0.buffer().clone()
    }
}

/// Everything that the loop is connected to
struct Stage<S: Front> {
    screen: Shared,
    keys: Option<mpsc::Sender<io::Result<Event>>>,
    events: Option<mpsc::Sender<S::Event>>,
    commands: mpsc::Receiver<S::Command>,
    shown: JoinHandle<io::Result<()>>,
}

/// How a stage begins
struct Setting {
    size: (u16, u16),
    theme: Theme,
    config: Config,
    history: History,
    traced: Option<TracingEvents>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            size: (80, 24),
            theme: Theme::plain(&Glyphs::UNICODE),
            config: Config::default(),
            history: History::new(10),
            traced: None,
        }
    }
}

impl Setting {
    fn of(width: u16, height: u16) -> Self {
        Self { size: (width, height), ..Self::default() }
    }

    /// Starts the loop and runs a test against it
    fn play<S: Front>(self, test: impl AsyncFnOnce(Stage<S>)) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        LocalSet::new().block_on(&runtime, async {
            let (width, height) = self.size;
            let terminal = Terminal::new(Silent(TestBackend::new(width, height))).unwrap();
            let screen =
                Shared { terminal: Rc::new(RefCell::new(terminal)), draws: Rc::default(), broken: Rc::default() };
            let clock = Clock::starting_at(START, TimeZone::UTC);
            let mut app = App::<S>::new(&self.config, &clock, self.theme, self.history);
            let (keys, key_receiver) = mpsc::channel(64);
            let (events, event_receiver) = mpsc::channel(1_024);
            let (command_sender, commands) = mpsc::channel(64);
            let wires = Wires {
                keys: key_receiver,
                commands: command_sender,
                events: event_receiver,
                traced: self.traced,
                signals: Signals::none(),
            };
            let mut canvas = screen.clone();
            let shown = spawn_local(async move { drive(&mut app, &mut canvas, wires, 30).await });
            test(Stage { screen, keys: Some(keys), events: Some(events), commands, shown }).await;
        });
    }
}

impl<S: Front> Stage<S> {
    /// Lets the loop come to rest
    async fn settle(&self) {
        sleep(Duration::from_millis(100)).await;
    }

    async fn terminal(&self, event: Event) {
        self.keys.as_ref().unwrap().send(Ok(event)).await.unwrap();
    }

    async fn press(&self, code: KeyCode, held: KeyModifiers) {
        self.terminal(Event::Key(KeyEvent::new(code, held))).await;
    }

    async fn key(&self, code: KeyCode) {
        self.press(code, KeyModifiers::NONE).await;
    }

    async fn control(&self, letter: char) {
        self.press(KeyCode::Char(letter), KeyModifiers::CONTROL).await;
    }

    async fn type_in(&self, text: &str) {
        for character in text.chars() {
            self.key(KeyCode::Char(character)).await;
        }
    }

    async fn enter(&self, line: &str) {
        self.type_in(line).await;
        self.key(KeyCode::Enter).await;
    }

    async fn wheel(&self, kind: MouseEventKind, row: u16) {
        self.terminal(Event::Mouse(MouseEvent { kind, column: 5, row, modifiers: KeyModifiers::NONE })).await;
    }

    async fn resize(&self, width: u16, height: u16) {
        self.screen.terminal.borrow_mut().backend_mut().0.resize(width, height);
        self.terminal(Event::Resize(width, height)).await;
    }

    async fn happen(&self, events: impl IntoIterator<Item = S::Event>) {
        for event in events {
            assert!(self.events.as_ref().unwrap().send(event).await.is_ok(), "the loop has ended");
        }
    }

    /// The side ends
    fn end_side(&mut self) {
        self.events = None;
    }

    /// The next command that the side gets
    async fn command(&mut self) -> S::Command {
        timeout(PATIENCE, self.commands.recv()).await.expect("no command came").expect("the loop has ended")
    }

    fn no_command(&mut self) -> bool {
        self.commands.try_recv().is_err()
    }

    async fn ended(self) -> io::Result<()> {
        timeout(PATIENCE, self.shown).await.expect("the loop goes on").expect("the loop panicked")
    }

    async fn goes_on(&self) -> bool {
        self.settle().await;
        !self.shown.is_finished()
    }

    fn buffer(&self) -> Buffer {
        self.screen.buffer()
    }

    /// What stands on the screen, once it has come to rest
    async fn drawn(&self) -> String {
        self.settle().await;
        text_of(&self.buffer())
    }

    /// One row of it
    async fn row(&self, index: usize) -> String {
        self.drawn().await.lines().nth(index).unwrap_or_default().to_owned()
    }
}

fn text_of(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let row = |cells: &[Cell]| {
        let mut skip = 0;
        let mut text = String::new();
        for cell in cells {
            // A wide character stands in the first of its two cells.
            if skip == 0 {
                text.push_str(cell.symbol());
                skip = super::text::width(cell.symbol()).max(1);
            }
            skip -= 1;
        }
        text.trim_end().to_owned()
    };
    buffer.content.chunks(width).map(row).collect::<Vec<_>>().join("\n")
}
