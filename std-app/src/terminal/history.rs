//! The lines typed before: recall, search, and a file between runs
//!
//! Recall keeps the line half typed and brings it back. What a line means, and when the file is
//! written, is the caller's to know.

mod file;

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use etcetera::base_strategy::BaseStrategy as _;

use super::clean::clean;

/// How many lines are kept unless told otherwise
pub const DEFAULT_SIZE: usize = 100;

/// How many bytes a line has at most to be kept
pub const MAX_LINE_BYTES: usize = 16_384;

/// Lines typed, oldest first
#[derive(Debug, Clone)]
pub struct History {
    lines: VecDeque<String>,
    size: usize,
    /// How many of the newest lines are not in the file yet.
    unsaved: usize,
    path: Option<PathBuf>,
    recall: Option<Recall>,
    search: Option<Search>,
}

/// Where Up and Down have come to
#[derive(Debug, Clone)]
struct Recall {
    at: usize,
    draft: String,
}

/// A reverse search under way
#[derive(Debug, Clone)]
struct Search {
    query: String,
    at: Option<usize>,
    draft: String,
}

/// What a search under way shows
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'h> {
    /// What is searched for
    pub query: &'h str,
    /// The line found; the line half typed while nothing is searched for; `None` without a match
    pub line: Option<&'h str>,
}

impl History {
    /// An empty history of at most `size` lines, of none with 0, that lives as long as the program
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self { lines: VecDeque::new(), size, unsaved: 0, path: None, recall: None, search: None }
    }

    /// The history in a file, and the file for [`save`](Self::save)
    ///
    /// A file that is not there is an empty history. Lines that are not UTF-8, longer than
    /// [`MAX_LINE_BYTES`] or blank are skipped, control characters are replaced; of a very large
    /// file only the end is read.
    ///
    /// # Errors
    ///
    /// The file is there and cannot be read.
    pub fn load(path: &Path, size: usize) -> io::Result<Self> {
        let mut history = Self { path: Some(path.to_owned()), ..Self::new(size) };
        if size > 0 {
            for line in file::read(path)? {
                history.append(&line);
            }
        }
        Ok(history)
    }

    /// Adds what was typed since the last time to the file
    ///
    /// Reads the file anew first, so that lines which another program has added meanwhile stay;
    /// a lock file beside it keeps two from writing at once. The file is replaced in one step and
    /// readable for its owner only; folders that are missing are made. Does nothing where there is
    /// no file or nothing new. Blocks for the time of the writing, at most about a second.
    ///
    /// # Errors
    ///
    /// The file could not be written, or another program holds its lock. It is then as it was,
    /// and the lines are kept for the next attempt.
    pub fn save(&mut self) -> io::Result<()> {
        let Some(path) = self.path.as_deref().filter(|_| self.unsaved > 0) else {
            return Ok(());
        };
        let new = self.lines.len().saturating_sub(self.unsaved);
        let merged = file::merge(path, self.lines.range(new..).map(String::as_str), self.size)?;
        self.unsaved = 0;
        // An index into the old list would mean another line now.
        if self.recall.is_none() && self.search.is_none() {
            self.lines = merged;
        }
        Ok(())
    }

    /// Adds a line typed and ends recall and search
    ///
    /// Not kept: blank lines, the same line twice in a row, lines longer than
    /// [`MAX_LINE_BYTES`]. Control characters are replaced.
    pub fn push(&mut self, line: &str) {
        self.reset();
        if self.append(line) {
            self.unsaved = (self.unsaved + 1).min(self.lines.len());
        }
    }

    fn append(&mut self, line: &str) -> bool {
        let line = clean(line);
        append(&mut self.lines, &line, self.size)
    }

    /// The lines, oldest first
    #[must_use]
    pub fn lines(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        self.lines.iter().map(String::as_str)
    }

    /// The line before the one recalled; `draft` is what stands on the input line
    ///
    /// The first call keeps `draft`, to come back to. `None` at the oldest line.
    pub fn older(&mut self, draft: &str) -> Option<&str> {
        let at = match &self.recall {
            Some(recall) => recall.at.checked_sub(1)?,
            None => self.lines.len().checked_sub(1)?,
        };
        match &mut self.recall {
            Some(recall) => recall.at = at,
            None => {
                self.recall = Some(Recall { at, draft: draft.to_owned() });
            }
        }
        self.lines.get(at).map(String::as_str)
    }

    /// The line after the one recalled, in the end the draft; `None` where nothing is recalled
    pub fn newer(&mut self) -> Option<String> {
        let recall = self.recall.as_mut()?;
        recall.at += 1;
        match self.lines.get(recall.at) {
            Some(line) => Some(line.clone()),
            None => self.recall.take().map(|recall| recall.draft),
        }
    }

    /// Notes that the line recalled was edited: it is what the newest end leads back to now
    pub fn edited(&mut self, text: &str) {
        if let Some(recall) = &mut self.recall {
            text.clone_into(&mut recall.draft);
        }
    }

    /// Ends recall and search without a result
    pub fn reset(&mut self) {
        self.recall = None;
        self.search = None;
    }

    /// Begins a reverse search; `draft` comes back if it is cancelled
    pub fn search(&mut self, draft: &str) {
        self.recall = None;
        self.search = Some(Search { query: String::new(), at: None, draft: draft.to_owned() });
    }

    /// What the search under way has found; `None` where there is none
    #[must_use]
    pub fn found(&self) -> Option<Found<'_>> {
        let search = self.search.as_ref()?;
        let line = match search.at {
            Some(at) => self.lines.get(at).map(String::as_str),
            None if search.query.is_empty() => Some(search.draft.as_str()),
            None => None,
        };
        Some(Found { query: &search.query, line })
    }

    /// Changes what is searched for; begins at the match shown, else at the newest line
    ///
    /// The letters A to Z match either case.
    pub fn search_for(&mut self, query: &str) {
        let Some(search) = &mut self.search else {
            return;
        };
        search.query = clean(query).into_owned();
        let before = search.at.map_or(self.lines.len(), |at| at + 1);
        search.at = None;
        // A shorter query has matches after the present one, too; the newest is what one expects.
        let at = self.match_before(before).or_else(|| self.match_before(self.lines.len()));
        if let Some(search) = &mut self.search {
            search.at = at;
        }
    }

    /// To the next older match; whether there is one
    pub fn search_older(&mut self) -> bool {
        let from = self.search.as_ref().and_then(|search| search.at).unwrap_or(self.lines.len());
        self.search_to(self.match_before(from))
    }

    /// To the next newer match; whether there is one
    pub fn search_newer(&mut self) -> bool {
        let Some(from) = self.search.as_ref().and_then(|search| search.at) else {
            return false;
        };
        let next = (from + 1..self.lines.len()).find(|&at| self.matches(at));
        self.search_to(next)
    }

    /// Ends the search with the line found; without a match the search goes on
    pub fn accept(&mut self) -> Option<String> {
        let line = self.found()?.line?.to_owned();
        self.search = None;
        Some(line)
    }

    /// Ends the search; the draft it began with
    pub fn cancel(&mut self) -> Option<String> {
        self.search.take().map(|search| search.draft)
    }

    fn search_to(&mut self, to: Option<usize>) -> bool {
        match (&mut self.search, to) {
            (Some(search), Some(to)) => {
                search.at = Some(to);
                true
            }
            _ => false,
        }
    }

    fn match_before(&self, end: usize) -> Option<usize> {
        (0..end.min(self.lines.len())).rev().find(|&at| self.matches(at))
    }

    fn matches(&self, at: usize) -> bool {
        let query = self.search.as_ref().map_or("", |search| search.query.as_str());
        !query.is_empty() && self.lines.get(at).is_some_and(|line| find(line, query).is_some())
    }
}

impl Default for History {
    /// An empty history of [`DEFAULT_SIZE`] lines
    fn default() -> Self {
        Self::new(DEFAULT_SIZE)
    }
}

/// Where `query` stands in `line`, in bytes; the letters A to Z match either case
#[must_use]
pub fn find(line: &str, query: &str) -> Option<usize> {
    // Lowering ASCII letters moves no byte.
    line.to_ascii_lowercase().find(&query.to_ascii_lowercase())
}

/// Appends by the rules of [`History::push`]; whether the line was kept
fn append(lines: &mut VecDeque<String>, line: &str, size: usize) -> bool {
    let same = lines.back().is_some_and(|last| last == line);
    if size == 0 || same || line.trim().is_empty() || line.len() > MAX_LINE_BYTES {
        return false;
    }
    while lines.len() >= size {
        lines.pop_front();
    }
    lines.push_back(line.to_owned());
    true
}

/// The folder where a program keeps what it remembers between runs
///
/// `$XDG_STATE_HOME/app` (by default `~/.local/state/app`) on Linux, the folder for
/// application data elsewhere. `None` where there is no home. Nothing is created.
#[must_use]
pub fn state_dir(app: &str) -> Option<PathBuf> {
    let folders = etcetera::base_strategy::choose_native_strategy().ok()?;
    Some(folders.state_dir().unwrap_or_else(|| folders.data_dir()).join(app))
}

#[cfg(test)]
mod tests;
