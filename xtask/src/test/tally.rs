//! Counts what Rust's test harness prints
//!
//! It reads the lines for people, the only stable form there is, and nothing else of them.

/// Sums over all test programs of a run
#[derive(Debug, Default)]
pub(super) struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
    failures: Vec<String>,
}

impl Tally {
    /// Takes one line of output
    pub(super) fn read(&mut self, line: &str) {
        let line = line.trim();
        if let Some(counts) = line.strip_prefix("test result: ") {
            for count in counts.split([';', '.']) {
                let mut words = count.split_whitespace();
                let (Some(Ok(number)), Some(word)) = (words.next().map(str::parse::<u64>), words.next()) else {
                    continue;
                };
                match word {
                    "passed" => self.passed += number,
                    "failed" => self.failed += number,
                    "ignored" => self.ignored += number,
                    _ => {}
                }
            }
        } else if let Some(name) = line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED")) {
            // A test that should have panicked says so behind its name.
            self.failures.push(name.trim_end_matches(" - should panic").to_owned());
        }
    }

    pub(super) fn passed(&self) -> u64 {
        self.passed
    }

    pub(super) fn ignored(&self) -> u64 {
        self.ignored
    }

    /// How many tests ran, whatever came out
    pub(super) fn ran(&self) -> u64 {
        self.passed + self.failed
    }

    /// The names of those that failed
    pub(super) fn failures(&self) -> &[String] {
        &self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_programs_are_summed() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests\n",
            "test wire::varint::reads ... ok\n",
            "test wire::varint::writes ... FAILED\n",
            "test panics - should panic ... FAILED\n",
            "test result: FAILED. 1 passed; 2 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.01s\n",
            "test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.50s\r\n",
            "a test that prints: 9 passed\n",
        ] {
            tally.read(line);
        }
        assert_eq!((tally.passed(), tally.ran(), tally.ignored()), (41, 43, 1));
        assert_eq!(tally.failures(), ["wire::varint::writes", "panics"]);
    }

    #[test]
    fn nothing_that_ran_is_nothing() {
        let mut tally = Tally::default();
        tally.read("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 12 filtered out; finished in 0.00s");
        assert_eq!(tally.ran(), 0);
    }
}
