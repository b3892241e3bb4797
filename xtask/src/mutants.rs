//! `cargo xtask mutants`: does a test notice when a line of proto-core is changed?
//!
//! cargo-mutants changes one thing at a time. Each group of files meets the tests written for it first, which is quick;
//! what they miss meets every test of the core, and what still survives every test of the core without `fast`, where other
//! code runs. What then survives must stand in `proto-core/mutants.txt` with the reason why nothing could notice it, and
//! what stands there must survive: the list can be neither too short nor stale.
//!
//! The model and the fuzzers are not asked. It takes an hour of both cores for the whole core, so it is no part of
//! `cargo xtask test`, which tells when it is due.

mod outcome;

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::build_firmware;
use crate::cmd::Cmd;
use crate::report::Report;
use crate::setup::{Need, tool};
use crate::slow::{self, MUTANTS};
use crate::{complain, coverage, say, workspace};
use outcome::{Fate, Outcome};

/// Limit of one run of cargo-mutants
const RUN: Duration = Duration::from_hours(6);
/// Seconds of processor time after which a program of tests is stopped: no load of the machine makes a change look like
/// an endless loop. The slowest of a group's takes a third of it
const HANG: u32 = 10;
/// The same for all tests, of which some take ten without `fast`
const HANG_OF_ALL: u32 = 60;
/// Kilobytes that a program of tests may ask for: a loop that collects something ends here
const MEMORY: u32 = 4_000_000;
/// Seconds of the clock after which the tests are stopped, for what waits without computing, and where no shell sets limits
const WAIT: &str = "900";
/// [`coverage::FEATURES`] without `fast`
const WITHOUT_FAST: &str = "testing,embedded-io,embedded-io-async";

/// Looks for changes of proto-core that no test notices
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Groups of files, all unless named (see --list)
    #[arg(value_name = "GROUP")]
    groups: Vec<String>,
    /// Tell the groups and run nothing
    #[arg(long)]
    list: bool,
    /// Go on with a run that broke off: what has been tried with the core as it is counts
    #[arg(long)]
    resume: bool,
    /// Changes tried at once
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    jobs: u8,
}

/// Files of proto-core's `src` and the tests written for them
///
/// Few and quick ones: each program of tests is built for each change. Whatever they miss meets all the others.
struct Group {
    name: &'static str,
    files: &'static [&'static str],
    /// Programs of `proto-core/tests`, or [`UNITS`]
    tests: &'static [&'static str],
}

/// The tests within the sources
const UNITS: &str = "--lib";

/// Every file is in one of them, but for `testing` and the seeded faults, which are the tests' own and not in the programs
const GROUPS: &[Group] = &[
    Group { name: "client", files: &["client.rs", "client/*.rs"], tests: &["machines_client", "crossing", "timeouts"] },
    Group { name: "server", files: &["server.rs", "server/*.rs"], tests: &["machines_server", "crossing", "timeouts"] },
    Group {
        name: "tables",
        files: &["queue.rs", "packet.rs", "machine.rs", "time.rs"],
        tests: &[UNITS, "machines_client", "machines_server"],
    },
    Group { name: "wire", files: &["wire/*.rs"], tests: &[UNITS, "corners", "machines_server", "splits"] },
    Group { name: "json", files: &["json.rs", "json/*.rs"], tests: &[UNITS, "json_scanner", "status_vectors"] },
    Group {
        name: "status",
        files: &["status.rs", "status/*.rs"],
        tests: &["status_picker", "status_document", "status_vectors"],
    },
    Group {
        name: "text",
        files: &["text.rs", "text/*.rs"],
        tests: &[UNITS, "text_cleaning", "wording", "status_picker"],
    },
    Group { name: "command", files: &["command.rs", "command/*.rs"], tests: &[UNITS, "command"] },
    Group { name: "legacy", files: &["legacy.rs", "legacy/*.rs"], tests: &["legacy"] },
    Group { name: "telemetry", files: &["telemetry.rs", "telemetry/*.rs"], tests: &[UNITS, "telemetry", "wording"] },
    Group { name: "io", files: &["io.rs", "io/*.rs"], tests: &["machines_io"] },
    Group { name: "error", files: &["error.rs", "error/*.rs"], tests: &[UNITS, "wording"] },
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
        complain(format_args!("there is no group {name:?}; see `cargo xtask mutants --list`"));
        return Ok(ExitCode::from(2));
    }
    build_firmware::ensure(&[Need::Tool(&tool::MUTANTS)])?;
    let path = workspace::root().join("proto-core").join("mutants.txt");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let explained = explained(&text)?;
    let running = MUTANTS.begin()?;
    let mut tried = Vec::new();
    for group in GROUPS {
        if args.groups.is_empty() || args.groups.iter().any(|name| name == group.name) {
            let files = group.files.iter().flat_map(|file| ["--file".to_owned(), format!("proto-core/src/{file}")]);
            let own = |test: &&str| if *test == UNITS { UNITS.to_owned() } else { format!("--test={test}") };
            let tests: Vec<_> = group.tests.iter().map(own).collect();
            tried.push((group, search(args, group.name, coverage::FEATURES, HANG, &tests, files)?));
        }
    }
    for (name, features) in [("all-tests", coverage::FEATURES), ("without-fast", WITHOUT_FAST)] {
        let survivors: Vec<_> = tried.iter().flat_map(|(_, outcome)| outcome.survivors()).map(exactly).collect();
        if survivors.is_empty() {
            break;
        }
        let only = survivors.into_iter().flat_map(|name| ["--re".to_owned(), name]);
        let again = search(args, name, features, HANG_OF_ALL, &["--tests".to_owned()], only)?;
        for (_, outcome) in &mut tried {
            outcome.learn(&again);
        }
    }
    let mut report = Report::default();
    say(format_args!(
        "{:<9} {:>7} {:>7} {:>6} {:>8} {:>8}",
        "group", "changes", "noticed", "hung", "unviable", "survived"
    ));
    for (group, outcome) in &tried {
        let [noticed, hung, unviable, survived] =
            [Fate::Noticed, Fate::Hung, Fate::Unviable, Fate::Survived].map(|fate| outcome.count(fate));
        let all = noticed + hung + unviable + survived;
        say(format_args!("{:<9} {all:>7} {noticed:>7} {hung:>6} {unviable:>8} {survived:>8}", group.name));
    }
    for (group, outcome) in &tried {
        for change in outcome.of(Fate::Hung) {
            say(format_args!("hung: {change}"));
        }
        judge(group, outcome, &explained, &mut report);
    }
    if args.groups.is_empty() && report.failed() == 0 {
        running.passed()?;
    }
    Ok(report.close())
}

/// Tries the changes that `selected` names, each with those `tests` of proto-core
///
/// The tests are named to cargo as a whole and not behind `--`: only so are the others not even built.
fn search(
    args: &Args,
    name: &str,
    features: &str,
    hang: u32,
    tests: &[String],
    selected: impl Iterator<Item = String>,
) -> anyhow::Result<Outcome> {
    let out = workspace::root().join("target").join("mutants-found").join(name);
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let found = out.join("mutants.out");
    let (of_core, note) = (slow::fingerprint_of(slow::OF_MUTANTS)?, out.join("core"));
    if args.resume
        && fs::read_to_string(&note).is_ok_and(|noted| noted.trim() == of_core)
        && let Ok(outcome) = Outcome::read(&found)
    {
        say(format_args!("{name}: tried already, with the core as it is"));
        return Ok(outcome);
    }
    // Else a run that breaks off before it begins would be judged by the one before.
    if found.exists() {
        fs::remove_dir_all(&found).with_context(|| format!("cannot remove {}", found.display()))?;
    }
    fs::write(&note, of_core).with_context(|| format!("cannot write {}", note.display()))?;
    // The soft limit of time alone: its signal tells what the hard one's, which is anybody's, does not.
    let limits = format!(
        r#"target.'cfg(unix)'.runner=['sh','-c','ulimit -S -t {hang}; ulimit -v {MEMORY} 2>/dev/null; exec "$0" "$@"']"#
    );
    let cmd: Cmd = tool::MUTANTS
        .cmd()
        .args(["mutants", "--package", "proto-core", "--profile", "mutants", "--features", features])
        .args(["--colors", "never", "--no-shuffle", "--timeout", WAIT, "--cap-lints", "true"])
        .arg(format!("--jobs={}", args.jobs))
        .args(tests.iter().map(|test| format!("--cargo-arg={test}")))
        .args(["--cargo-arg=--config".to_owned(), format!("--cargo-arg={limits}")])
        .args(selected)
        .arg("--output")
        .arg(&out)
        // The same cases each time, so that a change is not noticed by luck; and that a case fails is enough: to look for
        // the smallest that does took most of a run's time.
        .env("PROPTEST_RNG_SEED", "0")
        .env("PROPTEST_MAX_SHRINK_ITERS", "0")
        .deadline(RUN);
    // It fails when something survives, which is not yet a failure; a run that broke off leaves no outcome.
    let ended = cmd.run();
    Outcome::read(&found).with_context(|| format!("{ended:?}"))
}

/// A regular expression of this text and no other
fn exactly(text: &str) -> String {
    let mut expression = String::from("^");
    for character in text.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(character) {
            expression.push('\\');
        }
        expression.push(character);
    }
    expression + "$"
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
    report.pass(outcome.count(Fate::Noticed) + outcome.count(Fate::Hung));
    for place in outcome.survivors() {
        let change = name_of(place);
        match left.get_mut(change.as_str()).filter(|count| **count > 0) {
            Some(count) => {
                *count -= 1;
                report.pass(1);
            }
            None => report.fail(group.name, format_args!("no test notices: {place}"), &again),
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
        for name in GROUPS.iter().flat_map(|group| group.tests).filter(|name| **name != UNITS) {
            assert!(workspace::root().join("proto-core/tests").join(format!("{name}.rs")).is_file(), "{name}");
        }
    }

    #[test]
    fn what_is_tried_without_fast_has_everything_else() {
        assert_eq!(format!("fast,{WITHOUT_FAST}"), coverage::FEATURES);
    }

    #[test]
    fn a_name_is_found_and_no_other() {
        let name = "proto-core/src/a.rs:1:2: replace <impl Show for Spec<C>>::show -> Option<&[u8]> with None";
        let expected =
            r"^proto\-core/src/a\.rs:1:2: replace <impl Show for Spec<C>>::show \-> Option<\&\[u8\]> with None$";
        assert_eq!(exactly(name), expected);
    }

    #[test]
    fn survivors_and_the_list_must_agree() {
        let list =
            explained("# why\n\nsrc/time.rs: replace a -- b\nsrc/time.rs: gone -- b\nsrc/text.rs: c -- d\n").unwrap();
        let changes = ["proto-core/src/time.rs:3:4: replace a", "proto-core/src/time.rs:9:4: replace a"];
        let outcome = changes.map(|change| (change.to_owned(), Fate::Survived)).into_iter();
        let noticed = [("proto-core/src/time.rs:1:1: c", Fate::Noticed), ("proto-core/src/time.rs:2:1: c", Fate::Hung)];
        let noticed = noticed.map(|(change, fate)| (change.to_owned(), fate));
        let tables = GROUPS.iter().find(|group| group.name == "tables").unwrap();
        let mut report = Report::default();
        judge(tables, &outcome.chain(noticed).collect(), &list, &mut report);
        let told = report.to_string();
        assert!(told.contains("tables: no test notices: proto-core/src/time.rs:9:4: replace a\n"), "{told}");
        assert!(told.contains("explained, but noticed or gone: src/time.rs: gone\n"), "{told}");
        assert!(told.ends_with("3 passed, 2 failed"), "{told}");
        assert!(explained("src/time.rs: replace a").unwrap_err().to_string().contains("line 1"));
    }
}
