//! Completing a word with Tab
//!
//! Tab adds what all candidates share, Tab again goes through them, Shift-Tab backwards, Esc puts
//! back what was typed. Which candidates there are is for a [`Completer`] to say.

use super::clean::{clean, is_harmful};
use super::input::InputLine;

/// More candidates than this are not looked at
const MAX_CANDIDATES: usize = 1_000;

/// What could stand at the cursor
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Candidates {
    /// Where the word to replace begins, in bytes of the line; it ends at the cursor
    pub start: usize,
    /// The words to choose from, in the order to show
    pub words: Vec<String>,
}

/// Knows what could stand at the cursor
///
/// Any function from line and cursor (in bytes) to [`Candidates`] is one.
pub trait Completer {
    /// The candidates for the word that ends at byte `cursor` of `line`
    fn complete(&self, line: &str, cursor: usize) -> Candidates;
}

impl<F: Fn(&str, usize) -> Candidates> Completer for F {
    fn complete(&self, line: &str, cursor: usize) -> Candidates {
        self(line, cursor)
    }
}

/// Completes nothing
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCompleter;

impl Completer for NoCompleter {
    fn complete(&self, _line: &str, _cursor: usize) -> Candidates {
        Candidates::default()
    }
}

/// A completion under way
#[derive(Debug, Clone)]
pub struct Completion {
    /// The line as typed, and its cursor in bytes.
    typed: (String, usize),
    candidates: Candidates,
    chosen: Option<usize>,
}

impl Completion {
    /// Asks for candidates and completes what they share
    ///
    /// A single candidate is put in and nothing is under way then; nor is it without candidates.
    pub fn begin(input: &mut InputLine, completer: &dyn Completer) -> Option<Self> {
        let typed = (input.text().to_owned(), input.cursor());
        let (line, cursor) = (&typed.0, typed.1);
        let mut candidates = completer.complete(line, cursor);
        candidates.words.truncate(MAX_CANDIDATES);
        for word in &mut candidates.words {
            if word.contains(is_harmful) {
                *word = clean(word).into_owned();
            }
        }
        let word = line.get(candidates.start..cursor)?.to_owned();
        let shared = shared_prefix(&candidates.words).to_owned();
        // Letters of another case are put right; a shorter prefix would take typed ones away.
        let extends = shared.len() > word.len() || (shared.len() == word.len() && shared.eq_ignore_ascii_case(&word));
        let completion = Self { typed, candidates, chosen: None };
        if extends {
            completion.put(&shared, input);
        }
        (completion.candidates.words.len() > 1).then_some(completion)
    }

    /// Puts in the next candidate, or the one before
    pub fn step(&mut self, input: &mut InputLine, backwards: bool) {
        let count = self.candidates.words.len();
        let chosen = match (self.chosen, backwards) {
            (None, false) => 0,
            (None, true) => count.saturating_sub(1),
            (Some(chosen), false) => (chosen + 1) % count.max(1),
            (Some(chosen), true) => chosen.checked_sub(1).unwrap_or(count.saturating_sub(1)),
        };
        self.chosen = Some(chosen);
        if let Some(word) = self.candidates.words.get(chosen) {
            self.put(word, input);
        }
    }

    /// Puts back what was typed
    pub fn restore(self, input: &mut InputLine) {
        input.set_text(&self.typed.0);
        input.set_cursor(self.typed.1);
    }

    /// The candidates in order, and which of them is put in
    #[must_use]
    pub fn candidates(&self) -> (&[String], Option<usize>) {
        (&self.candidates.words, self.chosen)
    }

    fn put(&self, word: &str, input: &mut InputLine) {
        let (line, cursor) = (&self.typed.0, self.typed.1);
        let (Some(before), Some(after)) = (line.get(..self.candidates.start), line.get(cursor..)) else {
            return;
        };
        input.set_text(&format!("{before}{word}{after}"));
        input.set_cursor(before.len() + word.len());
    }
}

/// What all words begin with, whole characters only
fn shared_prefix(words: &[String]) -> &str {
    let Some((first, others)) = words.split_first() else {
        return "";
    };
    let shared = others.iter().fold(first.len(), |shared, word| {
        let same = first.bytes().zip(word.bytes()).take_while(|(a, b)| a == b).count();
        shared.min(same)
    });
    &first[..first.floor_char_boundary(shared)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completer(words: &'static [&'static str]) -> impl Completer {
        move |line: &str, cursor: usize| {
            let start = line[..cursor].rfind(' ').map_or(0, |space| space + 1);
            let word = line[start..cursor].to_ascii_lowercase();
            let words = words.iter().filter(|candidate| candidate.starts_with(&word));
            Candidates { start, words: words.map(|&word| word.to_owned()).collect() }
        }
    }

    fn line(text: &str) -> InputLine {
        let mut line = InputLine::new();
        line.set_text(text);
        line
    }

    #[test]
    fn a_single_candidate_is_put_in() {
        let mut input = line("sta");
        assert!(Completion::begin(&mut input, &completer(&["status ", "ping "])).is_none());
        assert_eq!(input.text(), "status ");
    }

    #[test]
    fn several_are_completed_as_far_as_they_agree_and_then_cycled() {
        let mut input = line("x S rest");
        input.set_cursor(3);
        let mut completion = Completion::begin(&mut input, &completer(&["start", "status", "help"])).unwrap();
        assert_eq!((input.text(), input.cursor()), ("x sta rest", 5));
        assert_eq!(completion.candidates().0, ["start", "status"]);
        completion.step(&mut input, false);
        assert_eq!((input.text(), input.cursor()), ("x start rest", 7));
        completion.step(&mut input, false);
        assert_eq!(input.text(), "x status rest");
        completion.step(&mut input, false);
        assert_eq!(input.text(), "x start rest");
        completion.step(&mut input, true);
        assert_eq!((input.text(), completion.candidates().1), ("x status rest", Some(1)));
        completion.restore(&mut input);
        assert_eq!((input.text(), input.cursor()), ("x S rest", 3));
    }

    #[test]
    fn no_candidate_changes_nothing() {
        let mut input = line("zzz");
        assert!(Completion::begin(&mut input, &completer(&["status"])).is_none());
        assert!(Completion::begin(&mut input, &NoCompleter).is_none());
        assert_eq!(input.text(), "zzz");
    }

    #[test]
    fn a_start_that_makes_no_sense_changes_nothing() {
        let mut input = line("é");
        for start in [1, 3, usize::MAX] {
            let odd = move |_: &str, _: usize| Candidates { start, words: vec!["a".into(), "b".into()] };
            assert!(Completion::begin(&mut input, &odd).is_none());
            assert_eq!(input.text(), "é");
        }
    }

    #[test]
    fn candidates_are_cleaned_and_share_whole_characters() {
        let mut input = line("");
        let odd = |_: &str, _: usize| Candidates { start: 0, words: vec!["é\u{1b}".into(), "è".into()] };
        let completion = Completion::begin(&mut input, &odd).unwrap();
        assert_eq!(completion.candidates().0, ["é\u{FFFD}", "è"]);
        assert_eq!(input.text(), "");
    }
}
