//! The full-screen front end, for the server and for the client
//!
//! A message changes the state, the state is drawn: [`app`] holds both steps, [`driver`] the loop around them, and
//! each region of the screen has a file of its own. What the two sides do not share stands behind [`Front`]; what the
//! panels show is learned from the events alone. Nothing is known here of sockets or of the protocol; log pane,
//! input line and screen are [`terminal`](crate::terminal)'s.

mod app;
mod client;
mod clients;
mod driver;
mod front;
mod help;
mod hints;
mod keyboard;
mod layout;
mod server;
mod server_panel;
mod text;
mod title;

use std::io;

use tokio::sync::mpsc;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

use self::app::App;
use self::driver::Wires;
pub(crate) use self::front::Front;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::signals::Signals;
use crate::terminal::screen::{self, Options};
use crate::terminal::{Glyphs, History, LogLayer, Screen, Theme};

/// Warnings of libraries that may wait to be shown
const TRACED: usize = 256;

/// Shows a side on the whole screen until it has ended or the user leaves
///
/// The screen is given back before this returns, whatever it returns.
///
/// # Errors
/// The terminal cannot be taken, or it is gone.
pub(crate) async fn run<S: Front>(
    config: &Config,
    clock: &Clock,
    commands: mpsc::Sender<S::Command>,
    events: mpsc::Receiver<S::Event>,
    signals: Signals,
) -> io::Result<()> {
    let (layer, traced) = LogLayer::new(TRACED);
    // The subscriber is the whole process's and stays; once `traced` is gone what it gets goes nowhere. Where somebody
    // has installed another one, that is the one to listen to.
    tracing_subscriber::registry().with(layer.with_filter(LevelFilter::WARN)).try_init().ok();

    let (history, unreadable) = load_history(&config.terminal, S::NAME);
    let mut app = App::<S>::new(config, clock, theme(config.terminal.ascii), history);
    if let Some(warning) = unreadable {
        app.warn(&warning);
    }
    let mut screen = Screen::enter(Options { mouse: config.terminal.mouse })?;
    let wires = Wires { keys: keyboard::events()?, commands, events, traced: Some(traced), signals };
    let shown = driver::drive(&mut app, &mut screen, wires, config.terminal.frame_rate).await;
    let taken = screen::is_taken();
    drop(screen);
    app.save_history();
    if shown.is_err() && !taken {
        return Err(io::Error::other("internal error, told above; please report it"));
    }
    shown
}

/// How things look, by configuration and environment
fn theme(ascii: config::Ascii) -> Theme {
    let mut theme = Theme::detect(ascii == config::Ascii::Always);
    if ascii == config::Ascii::Never {
        theme.glyphs = &Glyphs::UNICODE;
    }
    theme
}

/// The lines typed in earlier runs; with a warning where there are some that cannot be read
fn load_history(config: &config::Terminal, name: &str) -> (History, Option<String>) {
    let size = usize::try_from(config.history_size).unwrap_or(usize::MAX);
    let Some(path) = config.history_path(name) else { return (History::new(size), None) };
    match History::load(&path, size) {
        Ok(history) => (history, None),
        Err(error) => {
            let warning = format!("the history in {} cannot be read: {error}", path.display());
            (History::new(size), Some(warning))
        }
    }
}

#[cfg(test)]
mod tests;
