//! Taking the screen and giving it back, whatever happens
//!
//! The terminal is one for the whole process, so what was switched on is kept in one place and
//! [`restore`] may be called by anyone, any number of times: by [`Screen`] when dropped, by the
//! panic hook before the message is printed, by whoever handles a signal. Nothing here listens for
//! signals or reads events.

use std::io::{self, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicU8, Ordering};

use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

/// What to switch on beside raw mode, alternate screen and bracketed paste
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Take the mouse, for the wheel; text is then selected with Shift held
    pub mouse: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { mouse: true }
    }
}

/// The process's terminal as [`ratatui`] draws on it
pub type SystemTerminal = Terminal<CrosstermBackend<Output>>;

/// Standard output while the screen is taken, nothing otherwise
///
/// Written in one go when flushed, so that a frame does not tear. What is flushed after the screen
/// was given back is discarded: it would spoil what stands there now, and where the terminal is
/// gone the attempt would end in a panic while everything is being put away.
#[derive(Debug, Default)]
pub struct Output {
    frame: Vec<u8>,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = if is_taken() {
            let mut output = io::stdout().lock();
            output.write_all(&self.frame).and_then(|()| output.flush())
        } else {
            Ok(())
        };
        self.frame.clear();
        written
    }
}

/// The whole screen of the terminal, until dropped
#[derive(Debug)]
pub struct Screen {
    terminal: SystemTerminal,
}

impl Screen {
    /// Takes the screen
    ///
    /// From then on a panic restores it before the message is printed.
    ///
    /// # Errors
    ///
    /// There is no terminal, or it refuses raw mode or the alternate screen; it is then as it was.
    /// A terminal without mouse or bracketed paste does without.
    pub fn enter(options: Options) -> io::Result<Self> {
        restore_on_panic();
        enter(&MODES, &mut Process, options)?;
        let terminal = Terminal::new(CrosstermBackend::new(Output::default())).inspect_err(|_| {
            // The error that is told is the one that led here.
            restore().ok();
        })?;
        Ok(Self { terminal })
    }

    /// Draws a frame; only what differs from the last one is written
    ///
    /// # Errors
    ///
    /// The terminal is gone, or the screen was given back meanwhile: by [`restore`], or because
    /// another thread panicked. Drawing on would spoil what stands there now.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        ensure_taken()?;
        self.terminal.draw(render).map(drop)
    }

    /// The terminal itself, for a loop that works on any backend
    ///
    /// Such a loop should end once [`is_taken`] says no; [`draw`](Self::draw) looks by itself.
    pub fn terminal_mut(&mut self) -> &mut SystemTerminal {
        &mut self.terminal
    }

    /// Empties the screen, so that the next frame is written whole
    ///
    /// # Errors
    ///
    /// As [`draw`](Self::draw).
    pub fn clear(&mut self) -> io::Result<()> {
        ensure_taken()?;
        // Not ratatui's `clear`: it asks the terminal where the cursor stands, and the answer comes
        // among the keys, which somebody else is reading.
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // There is nobody left to tell.
        restore().ok();
    }
}

fn ensure_taken() -> io::Result<()> {
    if is_taken() { Ok(()) } else { Err(io::Error::other("the screen was given back")) }
}

/// Whether the screen is taken at present
#[must_use]
pub fn is_taken() -> bool {
    MODES.load(Ordering::SeqCst) != 0
}

/// Gives the screen back: undoes what [`Screen::enter`] switched on, once
///
/// Does nothing where nothing is on. Every step is tried even where one before it failed.
///
/// # Errors
///
/// The first step that failed.
pub fn restore() -> io::Result<()> {
    leave(&MODES, &mut Process)
}

/// Has every panic from now on restore the screen before the hook before this one reports it
fn restore_on_panic() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore().ok();
            report(panic);
        }));
    });
}

/// What is switched on in this process; a plain number, so that a panic anywhere can take it
static MODES: AtomicU8 = AtomicU8::new(0);

const RAW: u8 = 1;
const ALTERNATE: u8 = 2;
const PASTE: u8 = 4;
const MOUSE: u8 = 8;

/// The terminal as far as modes go; another one in tests
trait Modes: Write {
    fn set_raw(&mut self, on: bool) -> io::Result<()>;
}

struct Process;

impl Write for Process {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stdout().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

impl Modes for Process {
    fn set_raw(&mut self, on: bool) -> io::Result<()> {
        if on { enable_raw_mode() } else { disable_raw_mode() }
    }
}

fn enter(modes: &AtomicU8, terminal: &mut impl Modes, options: Options) -> io::Result<()> {
    // Noted before it is done: a panic in between undoes too much rather than too little.
    let entered = (|| {
        modes.fetch_or(RAW, Ordering::SeqCst);
        terminal.set_raw(true)?;
        modes.fetch_or(ALTERNATE, Ordering::SeqCst);
        execute!(terminal, EnterAlternateScreen)
    })();
    if let Err(error) = entered {
        leave(modes, terminal).ok();
        return Err(error);
    }
    modes.fetch_or(PASTE, Ordering::SeqCst);
    // Old consoles of Windows have neither of the two, and do without.
    execute!(terminal, EnableBracketedPaste).ok();
    if options.mouse {
        modes.fetch_or(MOUSE, Ordering::SeqCst);
        execute!(terminal, EnableMouseCapture).ok();
    }
    Ok(())
}

fn leave(modes: &AtomicU8, terminal: &mut impl Modes) -> io::Result<()> {
    let on = modes.swap(0, Ordering::SeqCst);
    if on == 0 {
        return Ok(());
    }
    // What was optional on the way in is so on the way out.
    if on & MOUSE != 0 {
        execute!(terminal, DisableMouseCapture).ok();
    }
    if on & PASTE != 0 {
        execute!(terminal, DisableBracketedPaste).ok();
    }
    let left = if on & ALTERNATE != 0 { execute!(terminal, LeaveAlternateScreen, cursor::Show) } else { Ok(()) };
    let cooked = if on & RAW != 0 { terminal.set_raw(false) } else { Ok(()) };
    left.and(cooked)
}

#[cfg(test)]
mod tests;
