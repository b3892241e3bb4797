//! What becomes of a command line that starts nothing: text to print, or one line of error
//!
//! clap explains a fault over several lines; here it is boiled down to one that says what was wrong and what to do.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::target::{push_cleaned, quoted};

/// Why no command runs
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageOutcome {
    /// Help or version, for the standard output as it is; exit status 0
    Print(String),
    /// One line without a line break, for the standard error; exit status 2
    Wrong(String),
}

impl UsageOutcome {
    /// Exit status of the program
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Print(_) => 0,
            Self::Wrong(_) => 2,
        }
    }
}

impl fmt::Display for UsageOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Print(text) | Self::Wrong(text) => f.write_str(text),
        }
    }
}

impl Error for UsageOutcome {}

/// Turns clap's error for `args` into an outcome
pub(super) fn outcome(error: &clap::Error, args: &[OsString]) -> UsageOutcome {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return UsageOutcome::Print(error.to_string());
    }
    let help = match args.get(1).and_then(|arg| arg.to_str()) {
        Some(command @ ("server" | "client" | "monitor")) => format!("slp {command} --help"),
        _ => "slp --help".to_owned(),
    };
    UsageOutcome::Wrong(format!("{} (try \"{help}\")", explanation(error)))
}

fn explanation(error: &clap::Error) -> String {
    let wrong_option = text(error, ContextKind::InvalidArg).unwrap_or_default();
    let option = option_name(&wrong_option);
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let name = text(error, ContextKind::InvalidSubcommand).unwrap_or_default();
            let near = text(error, ContextKind::SuggestedSubcommand);
            unknown("command", &name, near.as_deref(), "server, client or monitor")
        }
        ErrorKind::UnknownArgument => unknown_argument(error, &wrong_option),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "a command is missing, expected server, client or monitor".to_owned()
        }
        ErrorKind::MissingRequiredArgument => {
            format!("{} is missing", text(error, ContextKind::InvalidArg).as_deref().map_or("an argument", bare))
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            format!("{option}: the value is missing, expected {}", value_name(&wrong_option))
        }
        ErrorKind::ValueValidation => match error.source() {
            Some(source) => format!("{option}: {source}"),
            None => format!("{option}: {} cannot be used", quoted(&value)),
        },
        // Reached by giving a switch a value, as in --json=yes.
        ErrorKind::TooManyValues => format!("{option}: takes no value, found {}", quoted(&value)),
        ErrorKind::ArgumentConflict => match text(error, ContextKind::PriorArg) {
            Some(prior) if option_name(&prior) != option => {
                format!("{option} cannot be used with {}", option_name(&prior))
            }
            _ => format!("{option} is given more than once"),
        },
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        _ => first_line(error),
    }
}

/// An option or an argument too many
fn unknown_argument(error: &clap::Error, given: &str) -> String {
    if !given.starts_with('-') {
        return format!("unexpected argument {}", quoted(given));
    }
    let near = text(error, ContextKind::SuggestedArg);
    let near = near.as_deref().map(option_name);
    unknown("option", given, near, "")
}

fn unknown(what: &str, given: &str, near: Option<&str>, expected: &str) -> String {
    let given = quoted(given);
    match near {
        Some(near) => format!("unknown {what} {given}, did you mean \"{near}\"?"),
        None if expected.is_empty() => format!("unknown {what} {given}"),
        None => format!("unknown {what} {given}, expected {expected}"),
    }
}

/// `--listen` of `--listen <ADDR:PORT>`, `HOST[:PORT]` of `[HOST[:PORT]]`
fn option_name(shown: &str) -> &str {
    if shown.starts_with('-') {
        shown.split([' ', '=']).next().unwrap_or(shown)
    } else if shown.starts_with('<') {
        bare(shown)
    } else {
        shown.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(shown)
    }
}

/// `FILE` of `<FILE>`
fn bare(shown: &str) -> &str {
    shown.strip_prefix('<').and_then(|inner| inner.strip_suffix('>')).unwrap_or(shown)
}

/// `ADDR:PORT` of `--listen <ADDR:PORT>`
fn value_name(shown: &str) -> &str {
    shown.split_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or("one")
}

/// Context of an error as one text; of several the first
fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => texts.first().cloned(),
        _ => None,
    }
}

/// What is left for errors that this command line cannot cause
fn first_line(error: &clap::Error) -> String {
    let shown = error.to_string();
    let line = shown.lines().next().unwrap_or_default();
    let mut out = String::new();
    for c in line.strip_prefix("error: ").unwrap_or(line).chars() {
        push_cleaned(&mut out, c);
    }
    out
}
