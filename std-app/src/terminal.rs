//! A terminal to build full-screen programs on: log pane, input line, history
//!
//! The parts stand by themselves and [`Console`] puts them together: a log that scrolls back and
//! holds, below it a line to type on with history, search and completion, below that a line of
//! hints. A program feeds it events, acts on the [`Action`] it answers with and draws it into any
//! area of a frame; `examples/echo.rs` is a whole program in less than a hundred lines.
//!
//! What this module does *not* do: it knows no protocol and no command, it reads no events and
//! owns no loop, and it never asks for the time to decide anything; whoever uses it brings those.
//!
//! Text from elsewhere is cleaned here once more ([`clean()`]): no control character reaches a
//! cell, a history file or the terminal through this module.

pub mod clean;
pub mod completion;
pub mod console;
pub mod frame;
pub mod history;
pub mod input;
pub mod layer;
pub mod log;
pub mod screen;
pub mod sparkline;
pub mod style;
mod wrap;

pub use clean::clean;
pub use completion::{Candidates, Completer, NoCompleter};
pub use console::{Action, Console};
pub use frame::FrameLimiter;
pub use history::{History, state_dir};
pub use input::InputLine;
pub use layer::{LogLayer, TracingEvents};
pub use log::{Entry, Kind, Log, Scroll};
pub use screen::Screen;
pub use sparkline::sparkline;
pub use style::{Glyphs, Theme};
