//! Why a line was refused, as the one line to show
//!
//! It does not show the line or where in it the word stands; that is for whoever reads lines.

use core::fmt;

use super::{CLIENT, SERVER, Shown, Side, Spec, write_usage};

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
        /// Whose commands were looked through
        side: Side,
    },
    /// More words than the command takes
    TooManyArguments {
        /// The command
        name: &'static str,
        /// What it takes, as in its [`Spec`]
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

impl fmt::Display for ParseError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => f.write_str("empty line; expected a command"),
            Self::UnknownCommand { word, nearest, side } => {
                write!(f, "unknown command \"{}\"", Shown::new(word))?;
                if let Some(nearest) = nearest {
                    write!(f, "; did you mean \"{nearest}\"?")?;
                }
                f.write_str(" (commands: ")?;
                match side {
                    Side::Server => write_list(f, SERVER)?,
                    Side::Client => write_list(f, CLIENT)?,
                }
                f.write_str(")")
            }
            Self::TooManyArguments { name, arguments, surplus } => {
                write!(f, "unexpected \"{}\" after ", Shown::new(surplus))?;
                if arguments.is_empty() {
                    write!(f, "\"{name}\", which takes no argument")
                } else {
                    write!(f, "the argument of \"{name}\"; expected at most one: ")?;
                    write_usage(f, name, arguments)
                }
            }
            Self::PayloadNotANumber { word } => {
                write!(f, "payload \"{}\" is not a whole number", Shown::new(word))?;
                write_range(f)
            }
            Self::PayloadOutOfRange { word } => {
                write!(f, "payload {} is out of range", Shown::new(word))?;
                write_range(f)
            }
            Self::UnknownState { word } => {
                write!(f, "unknown state \"{}\"; expected 0 (default) or 1 (status)", Shown::new(word))
            }
        }
    }
}

fn write_list<C>(f: &mut fmt::Formatter<'_>, specs: &[Spec<C>]) -> fmt::Result {
    for (row, spec) in specs.iter().enumerate() {
        if row > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{spec}")?;
    }
    Ok(())
}

fn write_range(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "; expected a whole number from {} to {}", i64::MIN, i64::MAX)
}

impl core::error::Error for ParseError<'_> {}
