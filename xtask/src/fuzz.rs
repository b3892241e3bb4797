//! `cargo xtask fuzz`: libFuzzer over the targets of `proto-core/fuzz`
//!
//! Two targets at a time. What it finds stays below `target/fuzz`: new inputs that reach new code, and inputs that break
//! something, which fail the command. It adds nothing to the corpus that is committed; `proto-core/fuzz/corpus/README.md`
//! says how that is done. What must hold is told in `proto-core/fuzz/src`, and over the corpus it is checked by the tests
//! there, without libFuzzer.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::cmd::Cmd;
use crate::report::{Report, time};
use crate::setup::{self, Need, rust, tool};
use crate::{complain, say, workspace};

/// What is fuzzed; each has a program in `proto-core/fuzz/fuzz_targets`
pub(crate) const TARGETS: [&str; 8] =
    ["server_bytes", "client_bytes", "pair", "status", "text", "legacy", "telemetry", "command"];

/// Fuzzers that run at the same time
const AT_ONCE: usize = 2;
/// Longest input that a fuzzer comes up with, in bytes
const MOST_BYTES: u32 = 2_048;
/// Limit of one input, in seconds
const SLOW: u32 = 20;
/// Limit of building the programs and of what a fuzzer does before its time begins
const BEFORE: Duration = Duration::from_mins(15);

/// Looks for inputs of the core that break what must hold
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long, for each target
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    minutes: u32,
    /// With the address sanitizer: a third as fast, and it would see what the core's dependencies do wrong in memory
    #[arg(long)]
    address: bool,
    /// Which targets; all of them if none is named
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
}

/// What is built into the fuzzers besides counters
///
/// The core has no `unsafe`, so there is little for the address sanitizer to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sanitizer {
    None,
    Address,
}

impl Sanitizer {
    const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Address => "address",
        }
    }
}

/// Runs the command
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(name) = args.targets.iter().find(|name| !TARGETS.contains(&name.as_str())) {
        complain(format_args!("there is no target {name:?}; there are {}", TARGETS.join(", ")));
        return Ok(ExitCode::from(2));
    }
    let targets: Vec<_> = TARGETS
        .into_iter()
        .filter(|target| args.targets.is_empty() || args.targets.iter().any(|name| name == target))
        .collect();
    for (_, result) in setup::ensure(&[Need::Nightly, Need::Tool(&tool::FUZZ)], true)? {
        result.map_err(|missing| anyhow::anyhow!("{missing}"))?;
    }
    let mut report = Report::default();
    let sanitizer = if args.address { Sanitizer::Address } else { Sanitizer::None };
    search(&targets, Duration::from_mins(args.minutes.into()), sanitizer, &mut report)?;
    Ok(report.close())
}

/// The folder of the fuzzers' own workspace
pub(crate) fn folder() -> PathBuf {
    workspace::root().join("proto-core").join("fuzz")
}

/// Where its programs are built and what they find is kept
pub(crate) fn output() -> PathBuf {
    workspace::root().join("target").join("fuzz")
}

/// Builds all targets and runs those named for `limit` each; prints a table, and notes what was broken
pub(crate) fn search(
    targets: &[&'static str],
    limit: Duration,
    sanitizer: Sanitizer,
    report: &mut Report,
) -> anyhow::Result<()> {
    rust::on_nightly(tool::FUZZ.program())
        .args(["fuzz", "build", "--sanitizer", sanitizer.name(), "--features", "libfuzzer", "--fuzz-dir"])
        .arg(folder())
        .arg("--target-dir")
        .arg(output())
        .deadline(BEFORE)
        .run()?;
    let programs = programs()?;
    let waiting = Mutex::new(targets.iter().copied());
    let (sender, results) = channel();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            let sender = sender.clone();
            let (waiting, programs) = (&waiting, &programs);
            scope.spawn(move || {
                loop {
                    // Not a `while let`, which would keep the lock while the fuzzer runs.
                    let next = waiting.lock().ok().and_then(|mut waiting| waiting.next());
                    let Some(target) = next else { return };
                    if sender.send((target, fuzz(target, programs, limit))).is_err() {
                        return;
                    }
                }
            });
        }
    });
    drop(sender);
    say(format_args!(
        "{:<13} {:>8} {:>12} {:>8} {:>9} {:>7} {:>6}",
        "target", "time", "executions", "coverage", "features", "inputs", "new"
    ));
    for (target, result) in results {
        let rerun = format!("cargo xtask fuzz {target}");
        match result {
            Ok(run) => {
                say(format_args!(
                    "{target:<13} {:>8} {:>12} {:>8} {:>9} {:>7} {:>6}",
                    time(run.took),
                    run.told.executions,
                    run.told.coverage,
                    run.told.features,
                    run.told.inputs,
                    run.new
                ));
                match run.broken {
                    Some(broken) => report.fail(target, broken, rerun),
                    None if run.told.executions == 0 => report.fail(target, "nothing was executed", rerun),
                    None => report.pass(1),
                }
            }
            Err(error) => report.fail(target, format_args!("{error:#}"), rerun),
        }
    }
    Ok(())
}

/// Where cargo-fuzz puts the programs
fn programs() -> anyhow::Result<PathBuf> {
    let version = Cmd::new("rustup").quiet().args(["run", "nightly", "rustc", "-vV"]).capture()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    Ok(output().join(host).join("release"))
}

/// What became of one target
struct Run {
    took: Duration,
    told: Told,
    /// Inputs that were kept because they reach something new
    new: usize,
    broken: Option<String>,
}

fn fuzz(target: &str, programs: &Path, limit: Duration) -> anyhow::Result<Run> {
    let kept = output().join("corpus").join(target);
    let broken = output().join("artifacts").join(target);
    for folder in [&kept, &broken] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let before = fs::read_dir(&kept)?.count();
    let cmd = Cmd::new(programs.join(target))
        .arg(&kept)
        .arg(folder().join("corpus").join(target))
        .arg(format!("-max_total_time={}", limit.as_secs()))
        .arg(format!("-max_len={MOST_BYTES}"))
        .arg(format!("-timeout={SLOW}"))
        .arg(format!("-artifact_prefix={}{}", broken.display(), std::path::MAIN_SEPARATOR))
        .env("ASAN_OPTIONS", "detect_odr_violation=0")
        .deadline(limit + BEFORE);
    let started = Instant::now();
    let mut running = cmd.converse()?;
    let (_, _, errors) = running.streams().context("the fuzzer has no pipes")?;
    // In a thread, so that a fuzzer that hangs is waited for no longer than its deadline.
    let reader = thread::spawn(move || {
        let mut told = Told::default();
        for line in BufReader::new(errors).lines().map_while(Result::ok) {
            told.read(&line);
        }
        told
    });
    let ended = running.wait();
    let took = started.elapsed();
    let told = reader.join().ok().context("what the fuzzer says could not be read")?;
    let new = fs::read_dir(&kept)?.count().saturating_sub(before);
    let broken = ended.err().map(|error| format!("{error}\n{}", told.complaint.join("\n")));
    Ok(Run { took, told, new, broken })
}

/// What libFuzzer says on its standard error
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    executions: u64,
    coverage: u64,
    features: u64,
    inputs: u64,
    /// Why it stopped: the panic, and where the input is
    complaint: Vec<String>,
}

impl Told {
    fn read(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        if let Some(executions) = words.next().and_then(|word| word.strip_prefix('#')).and_then(|n| n.parse().ok()) {
            self.executions = executions;
            while let Some(word) = words.next() {
                let place = match word {
                    "cov:" => &mut self.coverage,
                    "ft:" => &mut self.features,
                    "corp:" => &mut self.inputs,
                    _ => continue,
                };
                let number = words.next().and_then(|word| word.split('/').next()).and_then(|n| n.parse().ok());
                *place = number.unwrap_or(*place);
            }
        } else if let Some(last) = self.complaint.last_mut().filter(|last| last.ends_with(':')) {
            // The message of a panic stands on the line after its place.
            last.push(' ');
            last.push_str(line);
        } else if ["panicked at", "ERROR: ", "Test unit written to"].iter().any(|part| line.contains(part)) {
            self.complaint.push(line.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_those_of_the_folder() {
        let mut there: Vec<_> = fs::read_dir(folder().join("fuzz_targets"))
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        there.sort();
        let mut known = TARGETS;
        known.sort_unstable();
        assert_eq!(there, known);
    }

    #[test]
    fn numbers_are_those_of_the_last_line() {
        let mut told = Told::default();
        for line in [
            "INFO: Loaded 1 modules   (11183 inline 8-bit counters): 11183",
            "#2\tINITED cov: 12 ft: 13 corp: 1/1b exec/s: 0 rss: 36Mb",
            "#22195\tREDUCE cov: 1638 ft: 4675 corp: 339/38Kb lim: 807 exec/s: 1305 rss: 195Mb L: 162/806",
            "#88847\tDONE   cov: 1640 ft: 4701 corp: 340/39Kb lim: 1400 exec/s: 1456 rss: 529Mb",
            "Done 88847 runs in 61 second(s)",
        ] {
            told.read(line);
        }
        let expected = Told { executions: 88_847, coverage: 1_640, features: 4_701, inputs: 340, complaint: vec![] };
        assert_eq!(told, expected);
    }

    #[test]
    fn what_broke_is_told_with_its_place_and_its_input() {
        let mut told = Told::default();
        for line in [
            "thread '<unnamed>' (1477) panicked at src/status.rs:198:5:",
            "\"a\" is not all of \"ab\"",
            "stack backtrace:",
            "==1477== ERROR: libFuzzer: deadly signal",
            "artifact_prefix='x/'; Test unit written to x/crash-ad39",
            "Base64: AP8=",
        ] {
            told.read(line);
        }
        assert_eq!(
            told.complaint,
            [
                "thread '<unnamed>' (1477) panicked at src/status.rs:198:5: \"a\" is not all of \"ab\"",
                "==1477== ERROR: libFuzzer: deadly signal",
                "artifact_prefix='x/'; Test unit written to x/crash-ad39",
            ]
        );
    }
}
