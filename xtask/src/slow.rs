//! Checks of proto-core that take minutes or an hour, and whether they passed with the core as it is
//!
//! A check that passed whole leaves a line in `proto-core/slow.checked`: its name and a fingerprint of the files it depends
//! on. `cargo xtask test slow` compares. What takes minutes is then run where the files have changed; what takes an hour
//! is only told, for nobody would wait for it in CI. The versions of dependencies are not part of a fingerprint.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, bail};

use crate::{fingerprint, say, workspace};

/// A slow check
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slow {
    /// Its command, behind `cargo xtask`, which is its name in the list as well
    pub(crate) command: &'static str,
    /// Files and folders of the workspace that it depends on
    inputs: &'static [&'static str],
}

/// The core, its features and its vectors
const CORE: &str = "proto-core/src";
const MANIFEST: &str = "proto-core/Cargo.toml";
const VECTORS: &str = "tests/vectors";
const TESTS: &str = "proto-core/tests";

/// `cargo xtask exhaustive`
pub(crate) const EXHAUSTIVE: Slow = Slow {
    command: "exhaustive",
    inputs: &[
        CORE,
        MANIFEST,
        VECTORS,
        "proto-core/fuzz/examples",
        "proto-core/fuzz/src",
        "proto-core/fuzz/Cargo.toml",
        "proto-core/fuzz/Cargo.lock",
    ],
};
/// `cargo xtask model --large`
pub(crate) const MODEL: Slow = Slow {
    command: "model --large",
    inputs: &[CORE, MANIFEST, "proto-core/model/src", "proto-core/model/Cargo.toml", "proto-core/model/Cargo.lock"],
};
/// `cargo xtask miri`
pub(crate) const MIRI: Slow =
    Slow { command: "miri", inputs: &[CORE, MANIFEST, VECTORS, TESTS, "proto-core/README.md"] };
/// `cargo xtask mutants`
pub(crate) const MUTANTS: Slow =
    Slow { command: "mutants", inputs: &[CORE, MANIFEST, VECTORS, TESTS, "proto-core/mutants.txt"] };
/// What decides the fate of a change of the core, but for its being explained
pub(crate) const OF_MUTANTS: &[&str] = &[CORE, MANIFEST, VECTORS, TESTS];

/// A slow check that runs
#[derive(Debug)]
#[must_use = "what has passed is to be noted"]
pub(crate) struct Running {
    slow: Slow,
    fingerprint: String,
}

impl Running {
    /// Notes that it passed whole, with its files as they are
    ///
    /// # Errors
    /// When they are not what they were when it began.
    pub(crate) fn passed(self) -> anyhow::Result<()> {
        let Self { slow: Slow { command, .. }, fingerprint } = self;
        if self.slow.fingerprint()? != fingerprint {
            bail!("it passed, but its files have changed while it ran: cargo xtask {command}");
        }
        let list = list();
        let mut noted = parse(&fs::read_to_string(&list).unwrap_or_default());
        noted.insert(command.to_owned(), fingerprint);
        let mut text = String::from(
            "# What the slow checks of the core last passed with: written by them, compared by `cargo xtask test slow`.\n",
        );
        for (name, fingerprint) in noted {
            writeln!(text, "{name}: {fingerprint}").ok();
        }
        fs::write(&list, text).with_context(|| format!("cannot write {}", list.display()))
    }
}

impl Slow {
    /// To be called before it runs
    pub(crate) fn begin(self) -> anyhow::Result<Running> {
        Ok(Running { slow: self, fingerprint: self.fingerprint()? })
    }

    /// Whether it passed with its files as they are now
    pub(crate) fn is_current(self) -> anyhow::Result<bool> {
        let noted = parse(&fs::read_to_string(list()).unwrap_or_default());
        let current = self.fingerprint()?;
        let is_current = noted.get(self.command) == Some(&current);
        if is_current {
            say(format_args!("`cargo xtask {}` has passed with these files before", self.command));
        }
        Ok(is_current)
    }

    fn fingerprint(self) -> anyhow::Result<String> {
        fingerprint_of(self.inputs)
    }
}

/// A fingerprint of files and folders of the workspace, with their names
pub(crate) fn fingerprint_of(inputs: &[&str]) -> anyhow::Result<String> {
    let root = workspace::root();
    let mut files = Vec::new();
    for input in inputs {
        files.extend(workspace::files_below(&root.join(input))?);
    }
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        all.extend_from_slice(name.as_bytes());
        all.extend(fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
    }
    Ok(fingerprint::of(&all))
}

fn list() -> PathBuf {
    workspace::root().join("proto-core").join("slow.checked")
}

/// The fingerprint of each check
fn parse(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(": ")).map(|(name, note)| (name.to_owned(), note.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_is_there_and_each_check_has_its_own_fingerprint() {
        let all = [EXHAUSTIVE, MODEL, MIRI, MUTANTS].map(|slow| slow.fingerprint().unwrap());
        for (index, one) in all.iter().enumerate() {
            assert_eq!(one.len(), 16);
            assert!(!all[..index].contains(one), "{one}");
        }
    }

    #[test]
    fn files_that_the_programs_include_are_inputs() {
        for (slow, programs) in
            [(EXHAUSTIVE, "proto-core/fuzz/examples"), (MIRI, TESTS), (MIRI, CORE), (MUTANTS, TESTS)]
        {
            for program in workspace::files_below(&workspace::root().join(programs)).unwrap() {
                let text = fs::read_to_string(&program).unwrap();
                for (at, _) in text.match_indices("include_str!(") {
                    let line = text[at..].lines().next().unwrap();
                    // The last of the line's words in quotes is the path, or the end of it.
                    let file = line.rsplit('"').nth(1).unwrap().rsplit("../").next().unwrap();
                    let is_it = |input: &&str| {
                        file.starts_with(&format!("{input}/")) || format!("proto-core/{file}") == **input
                    };
                    let inputs = slow.inputs.iter().any(is_it);
                    assert!(inputs, "{}: {file}", program.display());
                }
            }
        }
    }

    #[test]
    fn what_changed_while_it_ran_is_not_noted() {
        let running = Running { slow: MIRI, fingerprint: String::from("0123456789abcdef") };
        let error = running.passed().unwrap_err().to_string();
        assert_eq!(error, "it passed, but its files have changed while it ran: cargo xtask miri");
    }

    #[test]
    fn the_list_is_read_line_by_line() {
        let noted = parse("# What: for\nmiri: 0123\nmodel --large: 4567\n\n");
        let expected = [("miri", "0123"), ("model --large", "4567")];
        assert_eq!(noted, expected.map(|(name, note)| (name.to_owned(), note.to_owned())).into());
    }
}
