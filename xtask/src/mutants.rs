//! `cargo xtask mutants`: does a test notice when a line of proto-core is changed?
//!
//! cargo-mutants changes one thing at a time. Each group of files meets the tests written for it first, which is quick;
//! what they miss meets every test of the core. What still survives must stand in `proto-core/mutants.txt` with the
//! reason why nothing could notice it, and what stands there must survive: the list can be neither too short nor stale.
//!
//! It takes hours of CPU for the whole core, so it is no part of `cargo xtask test`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::build_firmware;
use crate::cmd::Cmd;
use crate::report::Report;
use crate::setup::{Need, tool};
use crate::{say, workspace};

/// Limit of one group
const GROUP: Duration = Duration::from_hours(6);
/// Seconds after which a change counts as noticed because the tests hang; all of them together take a tenth of it
const HANG: &str = "60";

/// Looks for changes of proto-core that no test notices
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Groups of files, all unless named (see --list)
    #[arg(value_name = "GROUP")]
    groups: Vec<String>,
    /// Tell the groups and run nothing
    #[arg(long)]
    list: bool,
    /// Changes tried at once
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    jobs: u8,
}

/// Files of proto-core's `src` and the tests written for them
struct Group {
    name: &'static str,
    files: &'static [&'static str],
    tests: &'static [&'static str],
}

/// Every file is in one of them, but for `testing` and the seeded faults, which are the tests' own and not in the programs
const GROUPS: &[Group] = &[
    Group {
        name: "machines",
        files: &[
            "client.rs",
            "client/*.rs",
            "server.rs",
            "server/*.rs",
            "queue.rs",
            "packet.rs",
            "machine.rs",
            "time.rs",
        ],
        tests: &["crossing", "machines_client", "machines_server", "timeouts"],
    },
    Group { name: "wire", files: &["wire/*.rs"], tests: &["vectors", "splits", "machines_server"] },
    Group { name: "json", files: &["json.rs", "json/*.rs"], tests: &["json_scanner", "status_vectors"] },
    Group {
        name: "status",
        files: &["status.rs", "status/*.rs"],
        tests: &["status_picker", "status_vectors", "status_document"],
    },
    Group { name: "text", files: &["text.rs", "text/*.rs"], tests: &["text_cleaning"] },
    Group { name: "command", files: &["command.rs", "command/*.rs"], tests: &["command"] },
    Group { name: "legacy", files: &["legacy.rs", "legacy/*.rs"], tests: &["legacy"] },
    Group { name: "telemetry", files: &["telemetry.rs", "telemetry/*.rs"], tests: &["telemetry"] },
    Group { name: "io", files: &["io.rs", "io/*.rs"], tests: &["machines_io"] },
    Group { name: "error", files: &["error.rs", "error/*.rs"], tests: &["machines_client", "machines_server"] },
];

/// Runs the command
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.list {
        for group in GROUPS {
            say(format_args!("{:<9} {}", group.name, group.files.join(" ")));
        }
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(name) = args.groups.iter().find(|name| GROUPS.iter().all(|group| group.name != **name)) {
        bail!("there is no group {name:?}; see `cargo xtask mutants --list`");
    }
    build_firmware::ensure(&[Need::Tool(&tool::MUTANTS)])?;
    let path = workspace::root().join("proto-core").join("mutants.txt");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let explained = explained(&text)?;
    let mut report = Report::default();
    for group in GROUPS {
        if args.groups.is_empty() || args.groups.iter().any(|name| name == group.name) {
            let outcome = group.test(args.jobs)?;
            judge(group, &outcome, &explained, &mut report);
        }
    }
    Ok(report.close())
}

/// What became of the changes
#[derive(Debug, Default)]
struct Outcome {
    noticed: u64,
    survived: Vec<String>,
}

impl Group {
    /// Tries every change, the survivors of the group's own tests once more with every test
    fn test(&self, jobs: u8) -> anyhow::Result<Outcome> {
        let out = workspace::root().join("target").join("mutants").join(self.name);
        fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
        let own = self.tests.iter().flat_map(|test| ["--test", test]).chain(["--lib"]).collect::<Vec<_>>();
        let cmd = self.cmd(jobs, &out);
        // It fails when something survives, which is not yet a failure; a run that broke off leaves no outcome.
        let first = cmd.clone().arg("--").args(&own).run();
        let done = read(&out).with_context(|| format!("{first:?}"))?;
        if done.survived.is_empty() {
            return Ok(done);
        }
        let second = cmd.args(["--iterate", "--", "--tests"]).run();
        let rest = read(&out).with_context(|| format!("{second:?}"))?;
        Ok(Outcome { noticed: done.noticed + rest.noticed, survived: rest.survived })
    }

    fn cmd(&self, jobs: u8, out: &Path) -> Cmd {
        let files = self.files.iter().flat_map(|file| ["--file".to_owned(), format!("proto-core/src/{file}")]);
        tool::MUTANTS
            .cmd()
            .args(["mutants", "--package", "proto-core", "--all-features", "--colors", "never", "--no-shuffle"])
            .args(["--timeout", HANG, "--cap-lints", "true", "--jobs"])
            .arg(jobs.to_string())
            .args(files)
            .arg("--output")
            .arg(out)
            .deadline(GROUP)
    }
}

/// Reads what cargo-mutants left
fn read(out: &Path) -> anyhow::Result<Outcome> {
    let folder = out.join("mutants.out");
    let lines = |name: &str| -> anyhow::Result<Vec<String>> {
        let path: PathBuf = folder.join(name);
        let text = fs::read_to_string(&path).with_context(|| format!("no outcome in {}", path.display()))?;
        Ok(text.lines().map(name_of).collect())
    };
    let noticed = lines("caught.txt")?.len() + lines("timeout.txt")?.len();
    Ok(Outcome { noticed: u64::try_from(noticed)?, survived: lines("missed.txt")? })
}

/// A change without the line and column it stands at: `src/client.rs: replace > with >= in Client::ping`
fn name_of(line: &str) -> String {
    let line = line.strip_prefix("proto-core/").unwrap_or(line);
    let mut parts = line.splitn(4, ':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(file), Some(_line), Some(_column), Some(change)) => format!("{file}:{change}"),
        _ => line.to_owned(),
    }
}

/// How many changes of a name are explained
fn explained(text: &str) -> anyhow::Result<BTreeMap<String, usize>> {
    let mut found = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((change, _)) = line.split_once(" -- ").filter(|(_, reason)| !reason.trim().is_empty()) else {
            bail!("mutants.txt, line {}: expected `CHANGE -- REASON`", index + 1);
        };
        *found.entry(change.trim().to_owned()).or_default() += 1;
    }
    Ok(found)
}

/// Compares what survived with what is explained
fn judge(group: &Group, outcome: &Outcome, explained: &BTreeMap<String, usize>, report: &mut Report) {
    let again = format!("cargo xtask mutants {}", group.name);
    let mut left: BTreeMap<&str, usize> = explained
        .iter()
        .filter(|(change, _)| group.files.iter().any(|file| of_file(change, file)))
        .map(|(change, count)| (change.as_str(), *count))
        .collect();
    report.pass(outcome.noticed);
    for change in &outcome.survived {
        match left.get_mut(change.as_str()).filter(|count| **count > 0) {
            Some(count) => {
                *count -= 1;
                report.pass(1);
            }
            None => report.fail(group.name, format_args!("no test notices: {change}"), &again),
        }
    }
    for (change, count) in left {
        if count > 0 {
            report.fail(group.name, format_args!("explained, but noticed or gone: {change}"), &again);
        }
    }
}

/// Whether a change is in `file`, which may end with `/*.rs`
fn of_file(change: &str, file: &str) -> bool {
    let Some((path, _)) = change.strip_prefix("src/").and_then(|change| change.split_once(':')) else { return false };
    file.strip_suffix("*.rs").map_or(path == file, |folder| path.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_core_is_in_one_group() {
        let src = workspace::root().join("proto-core").join("src");
        let mut folders = vec![src.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(&src).unwrap().to_str().unwrap().replace('\\', "/");
                if name.starts_with("testing")
                    || ["lib.rs", "wire.rs", "seeded.rs", "fault.rs"].contains(&name.as_str())
                {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let change = format!("src/{name}: x");
                let count = GROUPS.iter().flat_map(|group| group.files).filter(|file| of_file(&change, file)).count();
                assert_eq!(count, 1, "{name}");
            }
        }
    }

    #[test]
    fn every_test_named_is_there() {
        for name in GROUPS.iter().flat_map(|group| group.tests) {
            assert!(workspace::root().join("proto-core/tests").join(format!("{name}.rs")).is_file(), "{name}");
        }
    }

    #[test]
    fn survivors_and_the_list_must_agree() {
        let list =
            explained("# why\n\nsrc/time.rs: replace a -- b\nsrc/time.rs: gone -- b\nsrc/text.rs: c -- d\n").unwrap();
        let survived = ["proto-core/src/time.rs:3:4: replace a", "proto-core/src/time.rs:9:4: replace a"].map(name_of);
        let mut report = Report::default();
        judge(&GROUPS[0], &Outcome { noticed: 2, survived: survived.into() }, &list, &mut report);
        let told = report.to_string();
        assert!(told.contains("machines: no test notices: src/time.rs: replace a\n"), "{told}");
        assert!(told.contains("explained, but noticed or gone: src/time.rs: gone\n"), "{told}");
        assert!(told.ends_with("3 passed, 2 failed"), "{told}");
        assert!(explained("src/time.rs: replace a").unwrap_err().to_string().contains("line 1"));
    }
}
