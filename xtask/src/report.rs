//! What went well and what did not, collected over a whole command and told at its end
//!
//! It runs nothing and stops nothing: a failure is noted and the next step runs.

use std::fmt::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use crate::say;

/// Counts and failures
#[derive(Debug, Default)]
pub(crate) struct Report {
    passed: u64,
    failures: Vec<Failure>,
    due: Vec<String>,
}

#[derive(Debug)]
struct Failure {
    step: String,
    what: String,
    rerun: String,
}

impl Report {
    /// Counts what passed: tests one by one, any other check as one
    pub(crate) fn pass(&mut self, count: u64) {
        self.passed += count;
    }

    /// Notes one failure; `rerun` is a command line that shows it again
    pub(crate) fn fail(&mut self, step: &str, what: impl fmt::Display, rerun: impl Into<String>) {
        self.failures.push(Failure { step: step.to_owned(), what: what.to_string(), rerun: rerun.into() });
    }

    /// Counts a result as one check
    pub(crate) fn check(&mut self, step: &str, result: Result<(), impl fmt::Display>, rerun: impl Into<String>) {
        match result {
            Ok(()) => self.pass(1),
            Err(error) => self.fail(step, error, rerun),
        }
    }

    /// Notes a command that is due and was not run
    pub(crate) fn due(&mut self, command: String) {
        self.due.push(command);
    }

    /// How many failures there are so far
    pub(crate) fn failed(&self) -> usize {
        self.failures.len()
    }

    /// Tells every failure, then the counts on a line of their own
    pub(crate) fn close(&self) -> ExitCode {
        say(self);
        if self.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.failures.is_empty() {
            f.write_str("\nfailed:\n")?;
        }
        for Failure { step, what, rerun } in &self.failures {
            writeln!(f, "  {step}: {}", what.replace('\n', "\n    "))?;
            writeln!(f, "    again: {rerun}")?;
        }
        if !self.failures.is_empty() {
            f.write_char('\n')?;
        }
        if !self.due.is_empty() {
            writeln!(f, "due, since what it depends on has changed: {}", self.due.join(", "))?;
        }
        write!(f, "{} passed, {} failed", self.passed, self.failures.len())
    }
}

/// A length of time as people read it
pub(crate) fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_collected_and_told_with_how_to_rerun() {
        let mut report = Report::default();
        report.check("one", Err::<(), _>("first\nsecond line"), "cargo xtask test one");
        report.pass(12);
        report.check("two", Ok::<(), String>(()), "never told");
        report.fail("three", "broken", "cargo xtask test three");
        assert_eq!(report.failed(), 2);
        assert_eq!(
            report.to_string(),
            "\nfailed:\n  one: first\n    second line\n    again: cargo xtask test one\n  three: broken\n    \
             again: cargo xtask test three\n\n13 passed, 2 failed"
        );
        assert_eq!(report.close(), ExitCode::FAILURE);
    }

    #[test]
    fn success_is_the_counts_alone() {
        let mut report = Report::default();
        report.pass(3);
        assert_eq!(report.to_string(), "3 passed, 0 failed");
        report.due(String::from("cargo xtask miri"));
        let due = "due, since what it depends on has changed: cargo xtask miri\n3 passed, 0 failed";
        assert_eq!(report.to_string(), due);
        assert_eq!(report.close(), ExitCode::SUCCESS);
    }

    #[test]
    fn times_read_well() {
        assert_eq!(time(Duration::from_millis(1_250)), "1.2 s");
        assert_eq!(time(Duration::from_secs(605)), "10 min 05 s");
    }
}
