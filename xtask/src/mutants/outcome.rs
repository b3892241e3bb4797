//! What became of the changes, as cargo-mutants left it
//!
//! It runs nothing and judges nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;

/// What became of one change
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// A test failed
    Noticed,
    /// The tests did not end, or took memory without end: noticed too, and told apart, so that a person can see whether
    /// the change is one that makes a loop endless
    Hung,
    /// It did not compile
    Unviable,
    /// No test failed
    Survived,
}

/// What became of each change, by the place and the wording of cargo-mutants
#[derive(Debug, Default)]
pub(super) struct Outcome(BTreeMap<String, Fate>);

impl Outcome {
    /// Reads the folder that cargo-mutants wrote
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("outcomes.json");
        let text = fs::read_to_string(&path).with_context(|| format!("no outcome in {}", path.display()))?;
        let told: Value = serde_json::from_str(&text).with_context(|| format!("no JSON in {}", path.display()))?;
        if told["end_time"].is_null() {
            bail!("{} is of a run that broke off", path.display());
        }
        let log_of = |one: &Value| -> anyhow::Result<String> {
            let path = folder.join(one["log_path"].as_str().context("a change without a log")?);
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        let mut outcome = Self::default();
        for one in told["outcomes"].as_array().context("a list of outcomes expected")? {
            let Some(name) = one["scenario"]["Mutant"]["name"].as_str() else {
                // What is not changed passes its tests, or nothing could be said of the changes.
                if one["summary"] != "Success" {
                    bail!("the tests fail without any change: see {}", folder.join("log").display());
                }
                continue;
            };
            let fate = match one["summary"].as_str() {
                Some("CaughtMutant") if hung(&log_of(one)?) => Fate::Hung,
                Some("CaughtMutant") => Fate::Noticed,
                Some("Timeout") => Fate::Hung,
                Some("Unviable") => Fate::Unviable,
                Some("MissedMutant") => Fate::Survived,
                other => bail!("{name}: {other:?}?"),
            };
            outcome.0.insert(name.to_owned(), fate);
        }
        Ok(outcome)
    }

    /// Takes over what other tests made of the survivors
    pub(super) fn learn(&mut self, later: &Self) {
        for (change, fate) in &mut self.0 {
            if *fate == Fate::Survived
                && let Some(&known) = later.0.get(change)
            {
                *fate = known;
            }
        }
    }

    pub(super) fn of(&self, fate: Fate) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(_, other)| **other == fate).map(|(change, _)| change.as_str())
    }

    pub(super) fn survivors(&self) -> impl Iterator<Item = &str> {
        self.of(Fate::Survived)
    }

    pub(super) fn count(&self, fate: Fate) -> u64 {
        self.of(fate).map(|_| 1).sum()
    }
}

impl FromIterator<(String, Fate)> for Outcome {
    fn from_iter<I: IntoIterator<Item = (String, Fate)>>(changes: I) -> Self {
        Self(changes.into_iter().collect())
    }
}

/// Whether a limit of time or memory ended the tests that left this log
fn hung(log: &str) -> bool {
    // The one is cargo's word for the signal of the limit, the other Rust's own before it aborts.
    ["SIGXCPU", "memory allocation of "].iter().any(|word| log.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "proto-core/src/a.rs:1:2: replace > with >= in f";

    fn folder(outcomes: &str, end: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(r#"{{"outcomes":[{outcomes}],"end_time":{end}}}"#);
        fs::write(folder.path().join("outcomes.json"), text).unwrap();
        fs::write(folder.path().join("failed.log"), "assertion `left == right` failed").unwrap();
        fs::write(folder.path().join("stopped.log"), "(signal: 24, SIGXCPU: CPU time limit exceeded)").unwrap();
        folder
    }

    fn one(summary: &str, log: &str) -> String {
        format!(r#"{{"scenario":{{"Mutant":{{"name":"{NAME}"}}}},"summary":"{summary}","log_path":"{log}"}}"#)
    }

    #[test]
    fn each_fate_is_told_apart() {
        for (summary, log, fate) in [
            ("CaughtMutant", "failed.log", Fate::Noticed),
            ("CaughtMutant", "stopped.log", Fate::Hung),
            ("Timeout", "failed.log", Fate::Hung),
            ("Unviable", "failed.log", Fate::Unviable),
            ("MissedMutant", "failed.log", Fate::Survived),
        ] {
            let folder = folder(&one(summary, log), "0");
            let outcome = Outcome::read(folder.path()).unwrap();
            assert_eq!(outcome.of(fate).collect::<Vec<_>>(), [NAME], "{summary}");
        }
    }

    #[test]
    fn what_is_not_whole_says_nothing() {
        let baseline = r#"{"scenario":"Baseline","summary":"Failure"}"#;
        for (outcomes, end) in [(one("Unknown", ""), "0"), (baseline.to_owned(), "0"), (String::new(), "null")] {
            assert!(Outcome::read(folder(&outcomes, end).path()).is_err(), "{outcomes}");
        }
    }

    #[test]
    fn later_tests_decide_only_about_survivors() {
        let fates = |list: &[(&str, Fate)]| list.iter().map(|(name, fate)| ((*name).to_owned(), *fate)).collect();
        let mut outcome: Outcome = fates(&[("a", Fate::Survived), ("b", Fate::Noticed), ("c", Fate::Survived)]);
        outcome.learn(&fates(&[("a", Fate::Noticed), ("b", Fate::Survived)]));
        assert_eq!(outcome.survivors().collect::<Vec<_>>(), ["c"]);
        assert_eq!(outcome.count(Fate::Noticed), 2);
    }
}
