//! What is wrong with a configuration, and where

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::cli::target::push_cleaned;

/// A place in a text file, counted from 1
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line
    pub line: usize,
    /// The character in it
    pub column: usize,
}

impl Position {
    /// Place of the byte at `offset` of `text`; an offset past the end is the end
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or("").chars().count() + 1,
        }
    }
}

/// A configuration that cannot be used
///
/// Its text is one line: the file, line and column where there is one, the setting or option, what is wrong and what
/// was expected, as in `slp.toml:7:15: server.max_clients: expected a whole number from 1 to 1000000, found "ten"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    pub(super) file: Option<PathBuf>,
    pub(super) position: Option<Position>,
    /// A setting's full name, or an option
    pub(super) subject: Option<String>,
    pub(super) message: String,
}

impl ConfigError {
    /// About a file as a whole
    pub(super) fn of_file(file: &Path, message: impl Into<String>) -> Self {
        Self { file: Some(file.to_owned()), position: None, subject: None, message: message.into() }
    }

    /// About a setting, wherever it was set
    pub(super) fn about(subject: &str, message: impl Into<String>) -> Self {
        Self { file: None, position: None, subject: Some(subject.to_owned()), message: message.into() }
    }

    /// Place in the file that is at fault, where there is one
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.position
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            f.write_str(&cleaned(&file.to_string_lossy()))?;
            if let Some(Position { line, column }) = self.position {
                write!(f, ":{line}:{column}")?;
            }
            f.write_str(": ")?;
        }
        if let Some(subject) = &self.subject {
            write!(f, "{subject}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl Error for ConfigError {}

/// `text` with what could change the line around it escaped
pub(super) fn cleaned(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push_cleaned(&mut out, c);
    }
    out
}
