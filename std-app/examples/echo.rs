//! Says back what is typed: a whole program on the terminal and the signals of `std_app`, and only on those
//!
//! `cargo run -p std-app --example echo [-- --ascii]`

use std::error::Error;
use std::io;
use std::time::Instant;

use crossterm::event::EventStream;
use futures_util::StreamExt;
use std_app::signals::Signals;
use std_app::terminal::screen::Options;
use std_app::terminal::{
    Action, Candidates, Console, Entry, FrameLimiter, History, Kind, LogLayer, Screen, Theme, TracingEvents, state_dir,
};
use tracing_subscriber::prelude::*;

const COMMANDS: [&str; 6] = ["clear", "fail", "help", "panic", "say", "warn"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let history = match state_dir("std-app-echo") {
        Some(folder) => History::load(&folder.join("history"), 100)?,
        None => History::default(),
    };
    let theme = Theme::detect(std::env::args().any(|argument| argument == "--ascii"));
    let mut console = Console::new(theme).with_history(history).with_title("Echo");
    console.push(Entry::new(Kind::Hint, "Nothing said yet. Type a line and press Enter; Tab completes a command."));

    let (layer, traced) = LogLayer::new(256);
    tracing_subscriber::registry().with(layer).init();

    let shown = show(&mut console, traced).await;
    // However that ended, what was typed is kept.
    console.history_mut().save()?;
    Ok(shown?)
}

/// Draws and reacts until told to leave; the screen is given back in any case
async fn show(console: &mut Console, mut traced: TracingEvents) -> io::Result<()> {
    let completer = |line: &str, cursor: usize| {
        let words = COMMANDS.iter().filter(|command| command.starts_with(&line[..cursor]));
        Candidates { start: 0, words: words.map(|command| format!("{command} ")).collect() }
    };
    let mut screen = Screen::enter(Options::default())?;
    let mut events = EventStream::new();
    let mut limiter = FrameLimiter::default();
    let mut signals = Signals::new()?;
    loop {
        let wait = limiter.wait(Instant::now());
        let action = tokio::select! {
            () = tokio::time::sleep(wait), if console.is_dirty() => {
                screen.draw(|frame| console.render(frame, frame.area()))?;
                limiter.drawn(Instant::now());
                continue;
            }
            event = events.next() => match event {
                Some(event) => console.handle_event(&event?, &completer),
                None => break,
            },
            Some(entry) = traced.recv() => {
                console.push(entry);
                continue;
            }
            () = signals.recv() => break,
        };
        match action {
            Action::Submit(line) => run(console, &line),
            Action::Help => run(console, "help"),
            Action::Redraw => screen.clear()?,
            Action::Leave => break,
            Action::Escape | Action::Changed | Action::Ignored => {}
        }
    }
    Ok(())
}

fn run(console: &mut Console, line: &str) {
    let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
    match command {
        "clear" => console.log_mut().clear(),
        "help" => {
            for command in COMMANDS {
                console.push(Entry::new(Kind::Hint, command));
            }
        }
        "warn" => tracing::warn!(length = rest.len(), "{rest}"),
        "fail" => console.push(Entry::now(Kind::Error, rest)),
        "panic" => panic!("as you wish"),
        _ => console.push(Entry::now(Kind::Info, line).with_source("you")),
    }
}
