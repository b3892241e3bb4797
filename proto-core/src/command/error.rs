//! Why a line was refused, as the one line to show
//!
//! It does not show the line or where in it the word stands; that is for whoever reads lines.

use core::fmt;

use super::{Shown, Usage, show_usage};
use crate::put;
use crate::text::{Show, Sink, display};

/// Why a console line was refused
///
/// Displays as one line that says what was wrong and what was expected. Words are borrowed from the line as typed;
/// the display replaces their control characters and cuts them after 40 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseError<'l> {
    /// Nothing but blanks: to be ignored, not reported
    Empty,
    /// No such command on this side
    UnknownCommand {
        /// What was typed
        word: &'l str,
        /// The command that was probably meant
        nearest: Option<&'static str>,
        /// The commands that there are
        commands: &'static [Usage],
    },
    /// More words than the command takes
    TooManyArguments {
        /// The command
        name: &'static str,
        /// What it takes, as in its [`Spec`](super::Spec)
        arguments: &'static str,
        /// The first word too many
        surplus: &'l str,
    },
    /// A payload that is no whole decimal number
    PayloadNotANumber {
        /// What was typed
        word: &'l str,
    },
    /// A whole number that no signed 64-bit integer holds
    PayloadOutOfRange {
        /// What was typed
        word: &'l str,
    },
    /// A state other than 0 and 1, by number or by name
    UnknownState {
        /// What was typed
        word: &'l str,
    },
}

impl Show for ParseError<'_> {
    fn show(&self, out: &mut dyn Sink) {
        match *self {
            Self::Empty => out.put("empty line; expected a command"),
            Self::UnknownCommand { word, nearest, commands } => {
                put!(out, "unknown command \"", Shown::new(word), "\"");
                if let Some(nearest) = nearest {
                    put!(out, "; did you mean \"", nearest, "\"?");
                }
                out.put(" (commands: ");
                for (row, usage) in commands.iter().enumerate() {
                    if row > 0 {
                        out.put(", ");
                    }
                    show_usage(out, usage.name, usage.arguments);
                }
                out.put(")");
            }
            Self::TooManyArguments { name, arguments, surplus } => {
                put!(out, "unexpected \"", Shown::new(surplus), "\" after ");
                if arguments.is_empty() {
                    put!(out, "\"", name, "\", which takes no argument");
                } else {
                    put!(out, "the argument of \"", name, "\"; expected at most one: ");
                    show_usage(out, name, arguments);
                }
            }
            Self::PayloadNotANumber { word } => {
                put!(out, "payload \"", Shown::new(word), "\" is not a whole number", Range);
            }
            Self::PayloadOutOfRange { word } => {
                put!(out, "payload ", Shown::new(word), " is out of range", Range);
            }
            Self::UnknownState { word } => {
                put!(out, "unknown state \"", Shown::new(word), "\"; expected 0 (default) or 1 (status)");
            }
        }
    }
}

impl fmt::Display for ParseError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(self, f)
    }
}

/// What a payload may be
struct Range;

impl Show for Range {
    fn show(&self, out: &mut dyn Sink) {
        put!(out, "; expected a whole number from ", i64::MIN, " to ", i64::MAX);
    }
}

impl core::error::Error for ParseError<'_> {}
