//! Checks of proto-core that take minutes or an hour, and whether they passed with the core as it is
//!
//! A check that passed whole leaves a line in `proto-core/slow.checked`: its name and a fingerprint of the files it depends
//! on. `cargo xtask test slow` compares. What takes minutes is then run where the files have changed; what takes an hour
//! is only told, for nobody would wait for it in CI. The versions of dependencies are not part of a fingerprint.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::{fingerprint, say, workspace};

/// A slow check
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slow {
    /// Its command, behind `cargo xtask`, which is its name in the list as well
    pub(crate) command: &'static str,
    /// Files and folders below `proto-core` that it depends on
    inputs: &'static [&'static str],
}

/// `cargo xtask exhaustive`
pub(crate) const EXHAUSTIVE: Slow =
    Slow { command: "exhaustive", inputs: &["src", "fuzz/examples", "fuzz/src", "fuzz/Cargo.lock"] };
/// `cargo xtask model --large`
pub(crate) const MODEL: Slow = Slow { command: "model --large", inputs: &["src", "model/src", "model/Cargo.lock"] };
/// `cargo xtask miri`
pub(crate) const MIRI: Slow = Slow { command: "miri", inputs: &["src", "tests", "Cargo.toml"] };
/// `cargo xtask mutants`
pub(crate) const MUTANTS: Slow = Slow { command: "mutants", inputs: &["src", "tests", "Cargo.toml", "mutants.txt"] };

impl Slow {
    /// Notes that it passed whole, with its files as they are now
    pub(crate) fn passed(self) -> anyhow::Result<()> {
        let list = list();
        let mut noted = parse(&fs::read_to_string(&list).unwrap_or_default());
        noted.insert(self.command.to_owned(), self.fingerprint()?);
        let mut text = String::from(
            "# What the slow checks of the core last passed with: written by them, compared by `cargo xtask test slow`.\n",
        );
        for (name, fingerprint) in noted {
            writeln!(text, "{name}: {fingerprint}").ok();
        }
        fs::write(&list, text).with_context(|| format!("cannot write {}", list.display()))
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

/// A fingerprint of files and folders below `proto-core`, with their names
pub(crate) fn fingerprint_of(inputs: &[&str]) -> anyhow::Result<String> {
    let core = workspace::root().join("proto-core");
    let mut files = Vec::new();
    for input in inputs {
        files.extend(workspace::files_below(&core.join(input))?);
    }
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let name = file.strip_prefix(&core).unwrap_or(&file).to_string_lossy().replace('\\', "/");
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
    fn the_list_is_read_line_by_line() {
        let noted = parse("# What: for\nmiri: 0123\nmodel --large: 4567\n\n");
        let expected = [("miri", "0123"), ("model --large", "4567")];
        assert_eq!(noted, expected.map(|(name, note)| (name.to_owned(), note.to_owned())).into());
    }
}
