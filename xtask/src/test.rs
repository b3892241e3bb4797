//! `cargo xtask test`: every check there is, as named steps
//!
//! With no name it runs all of them in order; a name that is no step is a filter over the tests of every package. No step
//! stops another: failures are told together at the end. It knows how to run a check, not what is right: that is in the
//! tests.

use std::process::ExitCode;
use std::time::Instant;

use crate::report::{Report, time};
use crate::setup::{self, Need};
use crate::{complain, say};

mod steps;
mod tally;

pub(crate) use steps::executable;
use steps::{STEPS, Step};

/// Runs every test and check, or only those named
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A step (see --list), or a part of the names of tests
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Tell the steps and run nothing
    #[arg(long)]
    list: bool,
}

/// How much may change while testing
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As a developer works: the lock file may be completed
    Lenient,
    /// As CI works: the lock file stays as it is, and so do snapshots
    Strict,
}

/// What a step is given and what it adds to
pub(crate) struct Context {
    mode: Mode,
    report: Report,
}

/// Runs the command
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.list {
        for step in STEPS {
            say(format_args!("{:<9} {}", step.name, step.about));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mode = if std::env::var_os("CI").is_some() { Mode::Strict } else { Mode::Lenient };
    if args.names.is_empty() {
        return all(mode);
    }
    if let Some(name) = args.names.iter().find(|name| name.trim().is_empty() || name.starts_with('-')) {
        complain(format_args!("{name:?} is no step and no part of a test's name; see `cargo xtask test --list`"));
        return Ok(ExitCode::from(2));
    }
    let (steps, filters) = sort(&args.names);
    execute(mode, &steps, &filters)
}

/// Runs every step
pub(crate) fn all(mode: Mode) -> anyhow::Result<ExitCode> {
    execute(mode, &STEPS.iter().collect::<Vec<_>>(), &[])
}

/// The steps named, in their order, and the names that are none
fn sort(names: &[String]) -> (Vec<&'static Step>, Vec<&str>) {
    let steps = STEPS.iter().filter(|step| names.iter().any(|name| name == step.name)).collect();
    let filters = names.iter().map(String::as_str).filter(|name| STEPS.iter().all(|step| step.name != *name)).collect();
    (steps, filters)
}

fn execute(mode: Mode, steps: &[&Step], filters: &[&str]) -> anyhow::Result<ExitCode> {
    let mut context = Context { mode, report: Report::default() };
    let wanted: Vec<Need> = Need::ALL
        .into_iter()
        .filter(|need| {
            steps.iter().any(|step| step.needs.contains(need))
                || !filters.is_empty() && steps::TESTS_NEED.contains(need)
        })
        .collect();
    let missing = prepare(&wanted, &mut context.report, steps)?;
    for step in steps {
        // A step that cannot run at all has failed already.
        if step.needs.iter().any(|need| missing.contains(need)) && !step.runs_without {
            continue;
        }
        timed(step.name, &mut context, |context| (step.run)(context));
    }
    for filter in filters {
        timed(filter, &mut context, |context| {
            steps::matching(context, filter);
        });
    }
    Ok(context.report.close())
}

/// Installs what is needed; what stays missing is a failure of the steps that need it
fn prepare(wanted: &[Need], report: &mut Report, steps: &[&Step]) -> anyhow::Result<Vec<Need>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let started = Instant::now();
    say("== setup");
    let mut gone = Vec::new();
    for (need, result) in setup::ensure(wanted, true)? {
        let Err(missing) = result else { continue };
        say(&missing);
        gone.push(need);
        let mut users = steps.iter().filter(|step| step.needs.contains(&need)).map(|step| step.name).peekable();
        if users.peek().is_none() {
            report.fail("setup", &missing, "cargo xtask setup");
        }
        for user in users {
            report.fail(user, &missing, format!("cargo xtask test {user}"));
        }
    }
    say(format_args!("{} setup in {}", if gone.is_empty() { "ok" } else { "FAILED" }, time(started.elapsed())));
    Ok(gone)
}

fn timed(name: &str, context: &mut Context, step: impl FnOnce(&mut Context)) {
    say(format_args!("\n== {name}"));
    let (started, before) = (Instant::now(), context.report.failed());
    step(context);
    let word = if context.report.failed() == before { "ok" } else { "FAILED" };
    say(format_args!("{word} {name} in {}", time(started.elapsed())));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn steps_keep_their_order_and_other_names_are_filters() {
        let words = names(&["tidy", "varint", "fmt", "fmt"]);
        let (steps, filters) = sort(&words);
        assert_eq!(steps.iter().map(|step| step.name).collect::<Vec<_>>(), ["fmt", "tidy"]);
        assert_eq!(filters, ["varint"]);
    }

    #[test]
    fn step_names_are_unique_and_no_options() {
        for (index, step) in STEPS.iter().enumerate() {
            assert!(STEPS.iter().skip(index + 1).all(|other| other.name != step.name), "{} twice", step.name);
            assert!(step.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{}", step.name);
        }
    }
}
