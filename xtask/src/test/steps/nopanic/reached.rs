//! Which public functions of proto-core have code in the probe, so that it says something of each
//!
//! Asked of the debug information, for most functions end up inside others: a function is there if an instruction comes
//! from one of its lines. Those that are not there stand in `proto-core/no-panic/left-out.txt` with the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};

use crate::size::Elf;
use crate::workspace;

/// Parts of the core that the probe leaves out as a whole: a transport's code comes with the one, the other is the tests' own
const WHOLE: [&str; 2] = ["src/io", "src/testing"];

/// A public function: its file below proto-core and its name
type Function = (String, String);

/// What is in neither the probe nor the list, and what is in the list without need
pub(super) fn findings(program: &Path) -> anyhow::Result<Vec<String>> {
    let core = workspace::root().join("proto-core");
    let list = core.join("no-panic").join("left-out.txt");
    let list = fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let mut offered = Vec::new();
    for file in workspace::files_below(&core.join("src"))? {
        let name = file.strip_prefix(&core)?.to_string_lossy().replace('\\', "/");
        if WHOLE.iter().all(|part| !name.starts_with(part)) {
            let source = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            offered.extend(functions(&source).map(|(function, lines)| ((name.clone(), function), lines)));
        }
    }
    anyhow::ensure!(offered.len() > 100, "only {} public functions were found", offered.len());
    let lines = lines(program, &core)?;
    anyhow::ensure!(lines.len() > 30, "the debug information names only {} files of the core", lines.len());
    let missing = offered.into_iter().filter(|((file, _), span)| {
        let reached = lines.get(file).is_some_and(|lines| lines.range(span.clone()).next().is_some());
        !reached
    });
    Ok(judge(missing.map(|(function, _)| function), parse(&list)?))
}

/// The public functions of a source, as rustfmt leaves it, and the lines of each
fn functions(source: &str) -> impl Iterator<Item = (String, std::ops::RangeInclusive<u32>)> {
    let lines: Vec<_> = source.lines().take_while(|line| *line != "mod tests {").collect();
    let begins = |(index, line): (usize, &&str)| {
        let body = line.trim_start().strip_prefix("pub ")?;
        let (_, after) = body.split_once("fn ").filter(|(before, _)| matches!(*before, "" | "const " | "async "))?;
        let name = after.split(['(', '<']).next()?.to_owned();
        let indent = line.len() - line.trim_start().len();
        let ends = |line: &&str| line.get(indent..).is_some_and(|rest| rest.starts_with('}')) && line.trim() == "}";
        let length = if line.ends_with('}') { 0 } else { lines.get(index..)?.iter().position(ends)? };
        let first = u32::try_from(index + 1).ok()?;
        Some((name, first..=first + u32::try_from(length).ok()?))
    };
    lines.iter().enumerate().filter_map(begins).collect::<Vec<_>>().into_iter()
}

/// The lines of each file of the core that an instruction of the program comes from
fn lines(program: &Path, package: &Path) -> anyhow::Result<BTreeMap<String, BTreeSet<u32>>> {
    let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    let code = Elf::new(&bytes).and_then(|elf| elf.range(".text")).context("the probe has no code")?;
    let loader = addr2line::Loader::new(program).map_err(|error| anyhow!("no debug information: {error}"))?;
    let mut found: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    // Thumb's instructions begin at every second byte.
    for address in code.step_by(2) {
        let mut frames = loader.find_frames(address).map_err(|error| anyhow!("at {address:#x}: {error}"))?;
        while let Ok(Some(frame)) = frames.next() {
            let Some(place) = frame.location else { continue };
            let (Some(file), Some(line)) = (place.file, place.line) else { continue };
            if let Some(name) = below(file, package) {
                found.entry(name).or_default().insert(line);
            }
        }
    }
    Ok(found)
}

/// A file's name below `package`, which the compiler may have reached by the probe's `..`
fn below(file: &str, package: &Path) -> Option<String> {
    let (before, name) = file.rsplit_once("/src/").or_else(|| file.rsplit_once("\\src\\"))?;
    let is_core = fs::canonicalize(before).ok()? == fs::canonicalize(package).ok()?;
    is_core.then(|| format!("src/{}", name.replace('\\', "/")))
}

/// Reads the list: file, function and reason, with bars between them
fn parse(list: &str) -> anyhow::Result<Vec<Function>> {
    let rows = list.lines().filter(|row| !row.is_empty() && !row.starts_with('#'));
    rows.map(|row| match row.splitn(3, " ¦ ").collect::<Vec<_>>()[..] {
        [file, function, reason] if reason.len() > 10 => Ok((file.to_owned(), function.to_owned())),
        _ => bail!("a line of left-out.txt is `file ¦ function ¦ reason`, not `{row}`"),
    })
    .collect()
}

fn judge(missing: impl Iterator<Item = Function>, mut listed: Vec<Function>) -> Vec<String> {
    let mut findings = Vec::new();
    for function in missing {
        match listed.iter().position(|listed| *listed == function) {
            Some(index) => {
                listed.swap_remove(index);
            }
            None => findings.push(format!("the probe has nothing of proto-core/{}: {}", function.0, function.1)),
        }
    }
    let needless = listed.into_iter();
    findings
        .extend(needless.map(|(file, name)| format!("left-out.txt: the probe has it, or it is gone: {file}: {name}")));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_functions_and_their_lines_are_found() {
        let source = "impl A {\n    /// One\n    pub const fn one(&self) -> u8 {\n        if true {\n        }\n    }\n\n    \
                      pub fn two<T>(\n    ) {\n    }\n    fn own() {\n    }\n}\npub fn three() {}\npub(crate) fn four() {\n}\n\
                      #[cfg(test)]\nmod tests {\n    pub fn five() {\n    }\n}\n";
        let found: Vec<_> = functions(source).collect();
        let expected = [("one", 3..=6), ("two", 8..=10), ("three", 14..=14)];
        assert_eq!(found, expected.map(|(name, lines)| (name.to_owned(), lines)));
    }

    #[test]
    fn the_list_and_the_probe_must_agree() {
        let list = "# why\n\nsrc/a.rs ¦ one ¦ returns a constant\nsrc/a.rs ¦ gone ¦ returns a constant\n";
        let missing = ["one", "two"].map(|name| ("src/a.rs".to_owned(), name.to_owned()));
        let findings = judge(missing.into_iter(), parse(list).unwrap());
        let expected = [
            "the probe has nothing of proto-core/src/a.rs: two",
            "left-out.txt: the probe has it, or it is gone: src/a.rs: gone",
        ];
        assert_eq!(findings, expected);
        assert!(parse("src/a.rs ¦ one").is_err());
        assert!(parse("src/a.rs ¦ one ¦ so").is_err());
    }
}
