//! The steps of `cargo xtask test`
//!
//! Each is a few command lines. A new package of tests or a new check gets its line here and nowhere else; what they need
//! to be installed is listed with them.

use anyhow::Context as _;

use super::tally::Tally;
use super::{Context, Mode};
use crate::build_firmware::{self, EMULATED};
use crate::cmd::{Cmd, CmdError};
use crate::setup::rust::{THUMB, WINDOWS};
use crate::setup::{Need, tool};
use crate::workspace::{self, Members};
use crate::{coverage, tidy};

mod benches;
mod firmware;
mod fuzzing;
mod models;
mod nopanic;
mod policy;
mod slow;

/// A named part of `cargo xtask test`
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) needs: &'static [Need],
    /// Whether it runs when a need is missing: the tests that need it fail then, and the others tell what they find
    pub(super) runs_without: bool,
    pub(super) run: fn(&mut Context),
}

/// What the tests of some package need
pub(super) const TESTS_NEED: &[Need] = &[Need::Thumb, Need::Qemu, Need::Mcstatus, Need::MinecraftProtocol];

/// Steps whose tests [`matching`] does not look through
const OF_THEIR_OWN: &[&str] = &["fuzz", "bench"];

/// Features of proto-core for hosts: `testing` needs `std` and keeps what happened in memory without bound
const HOST_ONLY: &[&str] = &["testing"];

/// All of them, in the order in which they run: what fails fast comes first
pub(super) const STEPS: &[Step] = &[
    Step { name: "fmt", about: "formatting", needs: &[Need::Rustfmt], runs_without: false, run: fmt },
    Step { name: "tidy", about: "rules of the house that no lint knows", needs: &[], runs_without: false, run: tidy },
    Step {
        name: "policy",
        about: "licences and sources of dependencies, unused ones, spelling, TOML",
        needs: &[Need::Linters, Need::Tool(&tool::MACHETE)],
        runs_without: false,
        run: policy::run,
    },
    Step { name: "clippy", about: "lints, as errors", needs: &[Need::Clippy], runs_without: false, run: clippy },
    Step { name: "docs", about: "documentation, warnings as errors", needs: &[], runs_without: false, run: docs },
    Step {
        name: "units",
        about: "tests within the packages, with doctests",
        needs: &[],
        runs_without: false,
        run: units,
    },
    Step {
        name: "model",
        about: "every order and every segmentation, in models of both machines; each seeded fault is found",
        needs: &[Need::Rustfmt, Need::Clippy],
        runs_without: false,
        run: models::run,
    },
    Step {
        name: "fuzz",
        about: "proto-core against a second reading of the protocol: over the corpus, then 20 s of fuzzing each target",
        needs: &[Need::Nightly, Need::Tool(&tool::FUZZ)],
        runs_without: true,
        run: fuzzing::run,
    },
    Step {
        name: "coverage",
        about: "lines of proto-core that no test runs",
        needs: &[Need::LlvmTools, Need::Tool(&tool::LLVM_COV)],
        runs_without: false,
        run: coverage_of_core,
    },
    Step {
        name: "e2e",
        about: "tests across the packages: the real program, foreign peers, a real terminal",
        needs: TESTS_NEED,
        runs_without: true,
        run: e2e,
    },
    Step {
        name: "features",
        about: "each feature alone, and the examples",
        needs: &[],
        runs_without: false,
        run: features,
    },
    Step {
        name: "thumb",
        about: "proto-core built for a microcontroller, with each feature",
        needs: &[Need::Thumb],
        runs_without: false,
        run: thumb,
    },
    Step {
        name: "nopanic",
        about: "proto-core linked without anything that panics, and a seeded panic noticed",
        needs: &[Need::Thumb],
        runs_without: false,
        run: nopanic::run,
    },
    Step {
        name: "firmware",
        about: "the firmware of each board, with and without screen and names: lints, flash and memory in their budgets",
        needs: &[Need::Thumb, Need::ThumbFloat, Need::Nightly, Need::NightlyThumb, Need::Qemu, Need::Clippy],
        runs_without: false,
        run: firmware::run,
    },
    Step {
        name: "cost",
        about: "instructions of proto-core against the stored counts and the crates to beat",
        needs: &[Need::Clippy, Need::Valgrind, Need::Tool(&tool::GUNGRAUN)],
        runs_without: false,
        run: benches::cost,
    },
    Step {
        name: "bench",
        about: "the workspace of the load generator: formatting, lints, tests",
        needs: &[Need::Rustfmt, Need::Clippy],
        runs_without: false,
        run: benches::load,
    },
    Step {
        name: "slow",
        about: "every input, and the large models, where the core has changed since they passed",
        needs: &[],
        runs_without: false,
        run: slow::run,
    },
    Step {
        name: "windows",
        about: "everything checked for Windows",
        needs: &[Need::Windows],
        runs_without: false,
        run: windows,
    },
];

/// The tests whose name contains `filter`, in every package
pub(super) fn matching(context: &mut Context, filter: &str) {
    let mut ran = 0;
    for cmd in unit_commands(context) {
        ran += context.tests(filter, &cmd.args(["--", filter]));
    }
    ran += context.tests(filter, &models::command(context, "test").args(["--", filter]));
    match program(context) {
        Ok(program) => {
            firmwares(context, filter);
            ran += context.tests(filter, &e2e_command(context, &program).args(["--", filter]));
        }
        Err(error) => context.fail(filter, format_args!("{error:#}")),
    }
    if ran == 0 {
        context.fail(filter, "it is no step (see `cargo xtask test --list`) and matches no test");
    }
}

impl Context {
    fn fail(&mut self, step: &str, what: impl std::fmt::Display) {
        self.report.fail(step, what, format!("cargo xtask test {step}"));
    }

    /// Runs one command that counts as one check
    fn check(&mut self, step: &str, cmd: &Cmd) {
        self.report.check(step, cmd.run(), format!("cargo xtask test {step}"));
    }

    /// Runs one command of tests, counts them, and returns how many ran
    fn tests(&mut self, step: &str, cmd: &Cmd) -> u64 {
        let mut tally = Tally::default();
        let result = cmd.tee(|line| tally.read(line));
        self.count(step, &tally, result);
        tally.ran()
    }

    fn count(&mut self, step: &str, tally: &Tally, result: Result<(), CmdError>) {
        self.report.pass(tally.passed());
        for name in tally.failures() {
            // Those of a workspace of its own are found by its step alone.
            let again = if OF_THEIR_OWN.contains(&step) { step } else { name };
            self.report.fail(step, format_args!("test {name}"), format!("cargo xtask test '{again}'"));
        }
        if tally.ignored() > 0 {
            self.fail(step, format_args!("{} tests are ignored: none may be skipped", tally.ignored()));
        }
        // A run that breaks off (no build, a crash, the deadline) names no test, or not the one that matters.
        if let Err(error) = result
            && tally.failures().is_empty()
        {
            self.fail(step, error);
        }
    }

    /// A subcommand of cargo that keeps the lock file when it must
    fn cargo(&self, subcommand: &str) -> Cmd {
        let cmd = Cmd::cargo().arg(subcommand);
        match self.mode {
            Mode::Lenient => cmd,
            Mode::Strict => cmd.arg("--locked").env("CI", "true"),
        }
    }

    /// No feature of a package, each alone, and all, but never those of `left_out`; an empty list is a failure told as such
    fn feature_sets(&mut self, step: &str, package: &str, left_out: &[&str]) -> Vec<Vec<String>> {
        match Members::read(self.mode == Mode::Strict).and_then(|members| members.features(package)) {
            Ok(mut features) => {
                features.retain(|feature| !left_out.contains(&feature.as_str()));
                feature_sets(&features)
            }
            Err(error) => {
                self.fail(step, format_args!("{error:#}"));
                Vec::new()
            }
        }
    }
}

fn feature_sets(features: &[String]) -> Vec<Vec<String>> {
    let mut sets = vec![vec!["--no-default-features".to_owned()]];
    let joined = (features.len() > 1).then(|| features.join(","));
    for feature in features.iter().cloned().chain(joined) {
        sets.push(vec!["--no-default-features".to_owned(), "--features".to_owned(), feature]);
    }
    sets
}

fn fmt(context: &mut Context) {
    context.check("fmt", &Cmd::cargo().args(["fmt", "--all", "--check"]));
    match workspace::nested() {
        Ok(nested) => {
            for folder in nested {
                context.check("fmt", &Cmd::cargo().args(["fmt", "--all", "--check"]).dir(folder));
            }
        }
        Err(error) => context.fail("fmt", format_args!("{error:#}")),
    }
}

fn tidy(context: &mut Context) {
    match tidy::check(&workspace::root()) {
        Ok(findings) if findings.is_empty() => context.report.pass(1),
        Ok(findings) => {
            for finding in findings {
                context.fail("tidy", finding);
            }
        }
        Err(error) => context.fail("tidy", format_args!("{error:#}")),
    }
}

fn clippy(context: &mut Context) {
    let clippy =
        |packages: &[&str]| context.cargo("clippy").args(packages).args(["--all-targets", "--", "--deny", "warnings"]);
    let commands = [clippy(&["--workspace"]), clippy(&["--package", "proto-core", "--all-features"])];
    for cmd in &commands {
        context.check("clippy", cmd);
    }
}

fn docs(context: &mut Context) {
    let doc = |packages: &[&str]| {
        context.cargo("doc").args(["--no-deps"]).args(packages).env("RUSTDOCFLAGS", "--deny warnings")
    };
    let commands = [
        doc(&["--workspace", "--exclude", "proto-core", "--document-private-items"]),
        doc(&["--package", "proto-core", "--all-features"]),
    ];
    for cmd in &commands {
        context.check("docs", cmd);
    }
}

fn units(context: &mut Context) {
    for cmd in unit_commands(context) {
        if context.tests("units", &cmd) == 0 {
            context.fail("units", format_args!("`{cmd}` ran no test"));
        }
    }
}

/// Every package but the one across them; proto-core with everything that its tests can use, and as a microcontroller has it,
/// without `fast`
fn unit_commands(context: &Context) -> [Cmd; 3] {
    let test = || context.cargo("test").arg("--no-fail-fast");
    [
        test().args(["--package", "proto-core", "--all-features"]),
        test().args(["--package", "proto-core", "--tests"]),
        test().args(["--workspace", "--exclude", "proto-core", "--exclude", "slp-tests"]),
    ]
}

fn coverage_of_core(context: &mut Context) {
    if let Err(error) = coverage::measure(&mut context.report) {
        context.fail("coverage", format_args!("{error:#}"));
    }
}

fn e2e(context: &mut Context) {
    let program = match program(context) {
        Ok(program) => program,
        Err(error) => return context.fail("e2e", format_args!("{error:#}")),
    };
    firmwares(context, "e2e");
    let cmd = e2e_command(context, &program);
    if context.tests("e2e", &cmd) == 0 {
        context.fail("e2e", format_args!("`{cmd}` ran no test"));
    }
}

/// Builds what the tests across the packages run in QEMU; where that fails, the tests that need it fail and say so
fn firmwares(context: &mut Context, step: &str) {
    for board in EMULATED {
        if let Err(error) = board.build().and_then(|_| board.build_lean()).and_then(|_| board.build_with_faults()) {
            context.fail(step, format_args!("{}: {error:#}", board.name));
        }
    }
}

fn e2e_command(context: &Context, program: &str) -> Cmd {
    let peers = workspace::peers();
    context
        .cargo("test")
        .args(["--no-fail-fast", "--package", "slp-tests"])
        .env("SLP_BIN", program)
        .env("SLP_FIRMWARE", build_firmware::folder())
        .env("SLP_PEERS_PYTHON", peers.join("python"))
        .env("SLP_PEERS_NODE", peers.join("node"))
}

/// Builds `slp` as the tests use it and returns where it is
fn program(context: &Context) -> anyhow::Result<String> {
    executable(&context.cargo("build").args(["--package", "std-app", "--bin", "slp"]))
}

/// Runs a `cargo build` of one program and returns where it is
pub(crate) fn executable(build: &Cmd) -> anyhow::Result<String> {
    let mut found = None;
    // Cargo alone knows where its target folder is. Its messages are not shown, only what rustc has to say.
    let messages = build.clone().args(["--quiet", "--message-format", "json-render-diagnostics"]).capture()?;
    for message in messages.lines() {
        let message: serde_json::Value = serde_json::from_str(message).context("cargo wrote no JSON")?;
        if let Some(path) = message["executable"].as_str() {
            found = Some(path.to_owned());
        }
    }
    found.with_context(|| format!("`{build}` built no program"))
}

fn features(context: &mut Context) {
    for package in ["proto-core", "std-app"] {
        for set in context.feature_sets("features", package, &[]) {
            let cmd = context.cargo("check").args(["--package", package]).args(set);
            context.check("features", &cmd);
        }
    }
    let cmd = context.cargo("check").args(["--package", "std-app", "--examples"]);
    context.check("features", &cmd);
}

fn thumb(context: &mut Context) {
    for set in context.feature_sets("thumb", "proto-core", HOST_ONLY) {
        let build = context.cargo("build").args(["--package", "proto-core", "--lib", "--release", "--target", THUMB]);
        context.check("thumb", &build.args(set));
    }
}

fn windows(context: &mut Context) {
    let cmd = context.cargo("check").args(["--workspace", "--all-targets", "--target", WINDOWS]);
    context.check("windows", &cmd);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;

    fn context(mode: Mode) -> Context {
        Context { mode, report: Report::default() }
    }

    #[test]
    fn strict_commands_keep_the_lock_file() {
        assert_eq!(context(Mode::Strict).cargo("check").to_string(), "CI=true cargo check --locked");
        assert_eq!(context(Mode::Lenient).cargo("check").to_string(), "cargo check");
    }

    #[test]
    fn feature_sets_are_none_each_and_all() {
        let features = ["a".to_owned(), "b".to_owned()];
        let sets: Vec<String> = feature_sets(&features).iter().map(|set| set.join(" ")).collect();
        assert_eq!(
            sets,
            [
                "--no-default-features",
                "--no-default-features --features a",
                "--no-default-features --features b",
                "--no-default-features --features a,b"
            ]
        );
        assert_eq!(feature_sets(&[]).len(), 1);
    }

    #[test]
    fn features_left_out_are_in_no_set() {
        let mut context = context(Mode::Lenient);
        let named = |sets: Vec<Vec<String>>| sets.concat().join(" ").contains("testing");
        assert!(named(context.feature_sets("features", "proto-core", &[])));
        assert!(!named(context.feature_sets("thumb", "proto-core", HOST_ONLY)));
    }

    #[test]
    fn failing_tests_are_named_and_passing_ones_counted() {
        let mut context = context(Mode::Lenient);
        let mut tally = Tally::default();
        for line in ["test a::b ... FAILED", "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured;"] {
            tally.read(line);
        }
        let status = Cmd::cargo().quiet().arg("--no-such-option").capture().map(|_| ());
        context.count("units", &tally, status);
        let told = context.report.to_string();
        assert!(told.contains("units: test a::b\n    again: cargo xtask test 'a::b'\n"), "{told}");
        assert!(told.ends_with("3 passed, 1 failed"), "{told}");
    }

    #[test]
    fn run_that_breaks_off_or_skips_has_failed() {
        let mut context = context(Mode::Lenient);
        let broken = Cmd::cargo().quiet().arg("--no-such-option").capture().map(|_| ());
        context.count("units", &Tally::default(), broken);
        let mut skipping = Tally::default();
        skipping.read("test result: ok. 3 passed; 0 failed; 2 ignored; 0 measured;");
        context.count("units", &skipping, Ok(()));
        let told = context.report.to_string();
        assert!(told.contains("units: `cargo --no-such-option` ended with"), "{told}");
        assert!(told.contains("2 tests are ignored"), "{told}");
        assert!(told.ends_with("3 passed, 2 failed"), "{told}");
    }

    #[test]
    fn package_without_features_file_is_told() {
        let mut context = context(Mode::Lenient);
        assert!(context.feature_sets("features", "no-such-package", &[]).is_empty());
        assert!(context.report.to_string().contains("no package no-such-package"));
    }
}
