//! `cargo xtask bench cost`: instructions that proto-core takes, beside the crates to beat
//!
//! The benchmarks are those of `proto-core/bench`; gungraun counts them under valgrind, so the numbers are the same in
//! every run on one machine. Two things fail: a goal that is missed (a comparison within the run), and a count that is
//! over the stored one by more than it may be. Counts depend on the compiler, so stored ones hold only for the toolchain
//! they were stored with; with another the command says so, and checks the goals alone. CI then fails.
//!
//! No time is measured here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::cmd::Cmd;
use crate::report::Report;
use crate::setup::{self, Need, tool};
use crate::{say, workspace};

/// How much worse than stored is an error, in hundredths
const TOLERANCE: u64 = 2;
/// Limit of building and counting
const RUN: Duration = Duration::from_mins(15);
/// Who is measured
const OURS: &str = "ours";
/// Most instructions that a ping through the server's machine may take: Ping in, Pong out
const PING: f64 = 300.0;

/// Counts proto-core's instructions, beside the crates that do the same
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Store what is counted as what later runs are compared with
    #[arg(long)]
    bless: bool,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
}

/// What one benchmark came to
#[derive(Debug, Clone, PartialEq)]
struct Count {
    operation: String,
    /// With what: values, a document
    case: String,
    contender: String,
    /// Instructions of the whole run
    instructions: u64,
    /// Operations of the whole run
    operations: u32,
}

/// What ours has to come to
#[derive(Debug, Clone, Copy, PartialEq)]
enum Goal {
    /// At most the best of these
    AtMost(&'static [&'static str]),
    /// Less than the best of these
    BelowBest(&'static [&'static str]),
    /// Less than so many instructions
    Below(f64),
}

/// Who decodes and encodes varints
const VARINTS: &[&str] = &["leb128fmt slice", "leb128fmt array", "prost", "integer encoding"];
/// Who reads status documents
const DOCUMENTS: &[&str] = &["serde json borrowed", "serde json owned"];

/// The goals, by operation; the others are only counted
const GOALS: &[(&str, Goal)] = &[
    ("decode", Goal::AtMost(VARINTS)),
    ("encode", Goal::AtMost(VARINTS)),
    ("picker", Goal::BelowBest(DOCUMENTS)),
    ("ping", Goal::Below(PING)),
];

/// Runs the command
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    for (_, result) in setup::ensure(&[Need::Valgrind, Need::Tool(&tool::GUNGRAUN)], true)? {
        if let Err(missing) = result {
            bail!("{missing}");
        }
    }
    let (counts, toolchain) = (count()?, toolchain()?);
    if args.bless {
        fs::write(baseline(), stored(&counts, &toolchain)?).context("cannot write the stored counts")?;
        say(format_args!("stored for {toolchain}"));
    }
    let mut report = Report::default();
    judge(&counts, &toolchain, &mut report)?;
    say(if args.json { serde_json::to_string_pretty(&as_json(&counts, &toolchain))? } else { table(&counts) });
    Ok(report.close())
}

/// Counts, prints the table, and notes what is over its goal or over the stored count
///
/// `strict`, another toolchain than that of the stored counts is a failure: nothing would be compared any more, unnoticed.
pub(crate) fn check(report: &mut Report, strict: bool) -> anyhow::Result<()> {
    let (counts, toolchain) = (count()?, toolchain()?);
    say(table(&counts));
    let compared = judge(&counts, &toolchain, report)?;
    if strict && !compared {
        bail!(
            "the stored counts are another toolchain's: use that one, or store these (`cargo xtask bench cost --bless`)"
        );
    }
    Ok(())
}

/// Runs the benchmarks
fn count() -> anyhow::Result<Vec<Count>> {
    let summaries = Cmd::cargo()
        .args(["bench", "--locked", "--quiet", "--bench", "cost", "--", "--output-format=json", "--parallel=2"])
        .env("GUNGRAUN_RUNNER", tool::GUNGRAUN.program())
        .dir(folder())
        .deadline(RUN)
        .capture()?;
    let lines = summaries.lines().filter(|line| line.starts_with('{'));
    let counts = lines.map(|line| read(line).with_context(|| format!("not a summary of gungraun's: {line}")));
    let counts = counts.collect::<anyhow::Result<Vec<_>>>()?;
    for (operation, _) in GOALS {
        if !counts.iter().any(|count| count.operation == *operation && count.is_ours()) {
            bail!("no benchmark of {operation} among {} counted", counts.len());
        }
    }
    Ok(counts)
}

/// One line of gungraun's output
fn read(line: &str) -> Option<Count> {
    let summary: Value = serde_json::from_str(line).ok()?;
    let (operation, contender) = summary["function_name"].as_str()?.split_once('_')?;
    let total = &summary["profiles"][0]["data"]["total"]["metrics"];
    // The setup's call with its first argument, as it stands in the source: `(setup(1_000, …))`.
    let first = summary["description"].as_str()?.rsplit_once('(')?.1;
    let digits: String = first.chars().take_while(|c| c.is_ascii_digit() || *c == '_').filter(|c| *c != '_').collect();
    Some(Count {
        operation: operation.to_owned(),
        case: summary["id"].as_str()?.to_owned(),
        contender: contender.replace('_', " "),
        instructions: total["Ir"]["values"]["new"].as_u64()?,
        operations: digits.parse().ok().filter(|operations| *operations > 0)?,
    })
}

impl Count {
    fn is_ours(&self) -> bool {
        self.contender == OURS
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    fn each(&self) -> f64 {
        self.instructions as f64 / f64::from(self.operations)
    }

    fn name(&self) -> String {
        format!("{} {}", self.operation, self.case)
    }
}

/// The counts of others for the same operation and case
fn others<'c>(counts: &'c [Count], ours: &'c Count) -> impl Iterator<Item = &'c Count> {
    counts
        .iter()
        .filter(|count| !count.is_ours() && (&*count.operation, &*count.case) == (&*ours.operation, &*ours.case))
}

fn ours(counts: &[Count]) -> impl Iterator<Item = &Count> {
    counts.iter().filter(|count| count.is_ours())
}

/// Whether ours meets its goal, where it has one, and what the goal is
///
/// Without one of those to beat it is missed: a contender that is gone would make it easy.
fn met(counts: &[Count], ours: &Count) -> Option<(bool, f64)> {
    let (_, goal) = GOALS.iter().find(|(operation, _)| *operation == ours.operation)?;
    let best = |of: &[&str]| {
        let each = of.iter().map(|name| others(counts, ours).find(|other| other.contender == *name).map(Count::each));
        each.collect::<Option<Vec<_>>>()
            .map_or(f64::NEG_INFINITY, |each| each.into_iter().fold(f64::INFINITY, f64::min))
    };
    Some(match goal {
        Goal::AtMost(of) => (ours.each() <= best(of), best(of)),
        Goal::BelowBest(of) => (ours.each() < best(of), best(of)),
        Goal::Below(most) => (ours.each() < *most, *most),
    })
}

/// Notes every goal and every stored count as a check
///
/// Returns whether there were stored counts of this toolchain.
fn judge(counts: &[Count], toolchain: &str, report: &mut Report) -> anyhow::Result<bool> {
    const AGAIN: &str = "cargo xtask bench cost";
    fs::create_dir_all(results().parent().context("no folder")?).context("cannot make target/bench")?;
    fs::write(results(), serde_json::to_string_pretty(&as_json(counts, toolchain))?).context("cannot write JSON")?;
    for ours in ours(counts) {
        if let Some((met, goal)) = met(counts, ours) {
            let goal =
                if goal.is_finite() { format!("{goal:.2}") } else { "the best of some that are missing".to_owned() };
            let told = format!("{}: {:.2} instructions, the goal is {goal}", ours.name(), ours.each());
            report.check("cost", if met { Ok(()) } else { Err(told) }, AGAIN);
        }
    }
    let text =
        fs::read_to_string(baseline()).context("no stored counts: `cargo xtask bench cost --bless` stores them")?;
    let baseline: Value = serde_json::from_str(&text).context("the stored counts are no JSON")?;
    if baseline["toolchain"] != *toolchain {
        say(format_args!(
            "not compared with the stored counts, which are of {}, and this is {toolchain}: only the goals are \
             checked (`cargo xtask bench cost --bless` stores these)",
            baseline["toolchain"]
        ));
        return Ok(false);
    }
    for result in compare(counts, &baseline["instructions"]) {
        report.check("cost", result, AGAIN);
    }
    Ok(true)
}

/// Each of ours against what is stored
fn compare(counts: &[Count], stored: &Value) -> Vec<Result<(), String>> {
    let mut results = Vec::new();
    for ours in ours(counts) {
        let name = ours.name();
        let Some(before) = stored[&name].as_u64() else {
            results.push(Err(format!("{name} is not among the stored counts; `cargo xtask bench cost --bless`")));
            continue;
        };
        let (now, slack) = (ours.instructions, before.saturating_mul(TOLERANCE) / 100);
        let most = before.saturating_add(slack);
        results.push(if now > most {
            Err(format!("{name}: {now} instructions, {before} are stored, and {most} allowed"))
        } else if now < before.saturating_sub(slack) {
            // Else so much could be lost again without a word.
            Err(format!(
                "{name}: {now} instructions, {before} are stored; `cargo xtask bench cost --bless` keeps the gain"
            ))
        } else {
            Ok(())
        });
    }
    for name in stored.as_object().into_iter().flat_map(|stored| stored.keys()) {
        if !ours(counts).any(|count| count.name() == *name) {
            results.push(Err(format!("{name} is stored and was not counted; `cargo xtask bench cost --bless`")));
        }
    }
    results
}

/// The table: instructions of one operation, ours first, and what the others take of it
fn table(counts: &[Count]) -> String {
    let mut table = format!("{:<18} {:<22} {:>14} {:>8}  goal", "operation", "by", "instructions", "ratio");
    for ours in ours(counts) {
        let goal = match met(counts, ours) {
            Some((true, goal)) => format!("met ({goal:.2})"),
            Some((false, goal)) => format!("MISSED ({goal:.2})"),
            None => String::new(),
        };
        let name = ours.name();
        let row = format!("\n{name:<18} {OURS:<22} {:>14.2} {:>8}  {goal}", ours.each(), "1.00");
        table.push_str(row.trim_end());
        for other in others(counts, ours) {
            let ratio = other.each() / ours.each();
            write!(table, "\n{:<18} {:<22} {:>14.2} {ratio:>8.2}", "", other.contender, other.each()).ok();
        }
    }
    table
}

fn as_json(counts: &[Count], toolchain: &str) -> Value {
    let rows = counts.iter().map(|count| {
        let goal = if count.is_ours() { met(counts, count) } else { None };
        json!({
            "operation": count.operation,
            "case": count.case,
            "by": count.contender,
            "instructions": count.each(),
            "operations": count.operations,
            "goal": goal.map(|(_, goal)| goal),
            "met": goal.map(|(met, _)| met),
        })
    });
    json!({ "toolchain": toolchain, "rows": rows.collect::<Vec<_>>() })
}

/// What is stored: ours alone, for the others change with their versions
fn stored(counts: &[Count], toolchain: &str) -> anyhow::Result<String> {
    let instructions: BTreeMap<_, _> = ours(counts).map(|count| (count.name(), count.instructions)).collect();
    let stored = json!({ "toolchain": toolchain, "instructions": instructions });
    Ok(format!("{}\n", serde_json::to_string_pretty(&stored)?))
}

/// The compiler's version and the machine that it compiles for
fn toolchain() -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let told = Cmd::new(rustc).quiet().arg("-vV").dir(folder()).capture()?;
    let version = told.lines().next().context("rustc does not say its version")?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc does not say its host")?;
    Ok(format!("{version} for {host}"))
}

/// The benchmarks' own workspace
pub(crate) fn folder() -> PathBuf {
    workspace::root().join("proto-core").join("bench")
}

/// The stored counts
fn baseline() -> PathBuf {
    folder().join("baseline.json")
}

/// The numbers of the last run
fn results() -> PathBuf {
    workspace::root().join("target").join("bench").join("cost.json")
}

#[cfg(test)]
mod tests;
