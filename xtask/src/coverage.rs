//! `cargo xtask coverage`: which lines of proto-core its own tests run
//!
//! Every line has to be run, or to stand in `proto-core/coverage-exceptions.txt` with the reason why no test can; an
//! exception that has become needless fails as well. Test modules within the sources are not counted. It says nothing
//! about whether what was run was also looked at: that is what the tests are for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;

use crate::report::Report;
use crate::setup::{self, Need, tool};
use crate::{say, workspace};

/// Features whose code is counted: those that are part of what the core does
pub(crate) const FEATURES: &str = "fast,testing,embedded-io,embedded-io-async";

/// Limit of building and running the tests with counters in them
const LIMIT: Duration = Duration::from_mins(15);

/// Counts the lines of proto-core that its tests run; fails where one is neither run nor excepted
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the command
pub(crate) fn run(_: &Args) -> anyhow::Result<ExitCode> {
    for (_, result) in setup::ensure(&[Need::LlvmTools, Need::Tool(&tool::LLVM_COV)], true)? {
        result.map_err(|missing| anyhow::anyhow!("{missing}"))?;
    }
    let mut report = Report::default();
    measure(&mut report)?;
    Ok(report.close())
}

/// Runs the tests, prints a table, and notes what is neither run nor excepted
pub(crate) fn measure(report: &mut Report) -> anyhow::Result<()> {
    let file = workspace::root().join("target").join("coverage.lcov");
    tool::LLVM_COV
        .cmd()
        .args([
            "llvm-cov",
            "test",
            "--package",
            "proto-core",
            "--features",
            FEATURES,
            "--tests",
            "--lcov",
            "--output-path",
        ])
        .arg(&file)
        .deadline(LIMIT)
        .run()?;
    let told = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let package = workspace::root().join("proto-core");
    let counted = count(&told, &package)?;
    anyhow::ensure!(counted.len() > 30, "only {} files were counted", counted.len());
    let exceptions = fs::read_to_string(package.join("coverage-exceptions.txt")).context("no list of exceptions")?;
    let (table, findings) = judge(&counted, &parse(&exceptions)?);
    say(table);
    if findings.is_empty() {
        report.pass(1);
    }
    for finding in findings {
        report.fail("coverage", finding, "cargo xtask coverage");
    }
    Ok(())
}

/// A line with code in it
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    number: usize,
    function: String,
    text: String,
    is_run: bool,
}

/// The lines with code of every source file, without those of tests
fn count(lcov: &str, package: &Path) -> anyhow::Result<BTreeMap<String, Vec<Line>>> {
    let mut counted = BTreeMap::new();
    let mut lines: Vec<Line> = Vec::new();
    let mut at = None;
    for record in lcov.lines() {
        if let Some(path) = record.strip_prefix("SF:") {
            let name = Path::new(path).strip_prefix(package).ok().map(|name| name.to_string_lossy().replace('\\', "/"));
            at = name.filter(|name| name.starts_with("src/") && !name.ends_with("/tests.rs"));
            lines.clear();
        } else if let Some((number, times)) = record.strip_prefix("DA:").and_then(|line| line.split_once(',')) {
            let is_run = times.split(',').next() != Some("0");
            let number = number.parse().context("a line has no number")?;
            lines.push(Line { number, function: String::new(), text: String::new(), is_run });
        } else if record == "end_of_record"
            && let Some(name) = at.take()
        {
            let source = package.join(&name);
            let source = fs::read_to_string(&source).with_context(|| format!("cannot read {}", source.display()))?;
            counted.insert(name, with_text(std::mem::take(&mut lines), &source));
        }
    }
    Ok(counted)
}

/// `lines` with what stands in them, up to the tests at the end of the file
fn with_text(lines: Vec<Line>, source: &str) -> Vec<Line> {
    let texts: Vec<_> = source.lines().collect();
    let end = texts.windows(2).position(|two| two == ["#[cfg(test)]", "mod tests {"]).unwrap_or(texts.len());
    let kept = lines.into_iter().filter(|line| line.number <= end);
    kept.filter_map(|line| {
        let so_far = texts.get(..line.number)?;
        let function = so_far.iter().rev().find_map(|text| function(text)).unwrap_or("-").to_owned();
        Some(Line { function, text: so_far.last()?.trim().to_owned(), ..line })
    })
    .collect()
}

/// The name of the function that begins in a line
fn function(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let name = after.split(['(', '<']).next().filter(|name| !name.is_empty())?;
    (!before.contains("//") && before.chars().next_back().is_none_or(|c| c == ' ')).then_some(name)
}

/// A line that no test runs, by its text and the function it is in: numbers change too often
#[derive(Debug, PartialEq, Eq)]
struct Exception<'t> {
    file: &'t str,
    function: &'t str,
    text: &'t str,
}

/// Reads the exceptions: file, function, text and reason, with bars between them
fn parse(list: &str) -> anyhow::Result<Vec<Exception<'_>>> {
    let rows = list.lines().filter(|row| !row.is_empty() && !row.starts_with('#'));
    rows.map(|row| {
        let cells: Vec<_> = row.splitn(4, " ¦ ").collect();
        match cells[..] {
            [file, function, text, reason] if reason.len() > 10 => Ok(Exception { file, function, text }),
            _ => anyhow::bail!("an exception is `file ¦ function ¦ line ¦ reason`, not `{row}`"),
        }
    })
    .collect()
}

/// The table, and what is wrong
fn judge(counted: &BTreeMap<String, Vec<Line>>, exceptions: &[Exception<'_>]) -> (String, Vec<String>) {
    let (mut table, mut findings) = (format!("{:<34} {:>6} {:>6} {:>8}", "file", "lines", "run", ""), Vec::new());
    let (mut all, mut all_run) = (0, 0);
    let mut used = vec![false; exceptions.len()];
    for (file, lines) in counted {
        let run = lines.iter().filter(|line| line.is_run).count();
        write!(table, "\n{file:<34} {:>6} {run:>6} {:>8}", lines.len(), percent(run, lines.len())).ok();
        (all, all_run) = (all + lines.len(), all_run + run);
        for line in lines.iter().filter(|line| !line.is_run) {
            write!(table, "\n    {}: {}", line.number, line.text).ok();
            // A row for each line: one more of the same text is not excepted with it.
            let line_of = Exception { file, function: &line.function, text: &line.text };
            let is_it = |index: &usize| exceptions[*index] == line_of;
            match (0..exceptions.len()).find(|index| !used[*index] && is_it(index)) {
                Some(index) => used[index] = true,
                None => findings.push(format!(
                    "no test runs proto-core/{file}:{}, in {}: {}",
                    line.number, line.function, line.text
                )),
            }
        }
    }
    for (exception, _) in exceptions.iter().zip(used).filter(|(_, used)| !used) {
        let Exception { file, function, text } = exception;
        findings.push(format!("an exception that is none: {file}, in {function}: {text}"));
    }
    write!(table, "\n{:<34} {all:>6} {all_run:>6} {:>8}", "all", percent(all_run, all)).ok();
    (table, findings)
}

/// Rounded down, so that only all of them are 100 %
fn percent(part: usize, whole: usize) -> String {
    let hundredths = (part * 10_000).checked_div(whole).unwrap_or(10_000);
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(function: &str, rows: &[(usize, &str, bool)]) -> Vec<Line> {
        let line = |&(number, text, is_run): &(usize, &str, bool)| Line {
            number,
            function: function.to_owned(),
            text: text.to_owned(),
            is_run,
        };
        rows.iter().map(line).collect()
    }

    #[test]
    fn lines_of_tests_are_not_counted_and_texts_are_those_of_the_source() {
        let package = tempfile::tempdir().unwrap();
        fs::create_dir(package.path().join("src")).unwrap();
        fs::write(package.path().join("src/a.rs"), "//! A\nfn a() {\n    b();\n}\n#[cfg(test)]\nmod tests {\nx\n}\n")
            .unwrap();
        let root = package.path().display();
        let lcov = format!(
            "SF:{root}/src/a.rs\nDA:2,7\nDA:3,0\nDA:4,7\nDA:7,0\nend_of_record\nSF:{root}/tests/b.rs\nDA:1,0\nend_of_record\n"
        );
        let counted = count(&lcov, package.path()).unwrap();
        let expected = lines("a", &[(2, "fn a() {", true), (3, "b();", false), (4, "}", true)]);
        assert_eq!(counted, BTreeMap::from([("src/a.rs".to_owned(), expected)]));
    }

    #[test]
    fn new_uncovered_lines_and_needless_exceptions_are_findings() {
        let mut rows = lines("one", &[(2, "b();", false), (3, "c();", false), (4, "b();", false)]);
        rows.extend(lines("two", &[(7, "d();", false)]));
        let counted = BTreeMap::from([("src/a.rs".to_owned(), rows)]);
        let list =
            "# why\n\nsrc/a.rs ¦ one ¦ b(); ¦ nobody can get here\nsrc/a.rs ¦ one ¦ d(); ¦ nobody can get here\n";
        let (table, findings) = judge(&counted, &parse(list).unwrap());
        assert!(table.contains("    3: c();") && table.ends_with("0.00 %"), "{table}");
        assert_eq!(
            findings,
            [
                "no test runs proto-core/src/a.rs:3, in one: c();",
                "no test runs proto-core/src/a.rs:4, in one: b();",
                "no test runs proto-core/src/a.rs:7, in two: d();",
                "an exception that is none: src/a.rs, in one: d();"
            ]
        );
    }

    #[test]
    fn exception_without_a_reason_is_none() {
        assert!(parse("src/a.rs ¦ one ¦ b();").is_err());
        assert!(parse("src/a.rs ¦ one ¦ b(); ¦ so").is_err());
    }

    #[test]
    fn a_function_is_known_by_its_first_line() {
        assert_eq!(function("    pub(super) const fn left<T>(&self) -> usize {"), Some("left"));
        assert_eq!(function("fn all() {"), Some("all"));
        for none in ["    // like fn left() of", "let often = 1;", "type F = fn(u8);", "let f: fn (u8) = g;"] {
            assert_eq!(function(none), None, "{none}");
        }
    }

    #[test]
    fn all_but_one_are_not_all() {
        assert_eq!(percent(99_999, 100_000), "99.99 %");
        assert_eq!(percent(3, 3), "100.00 %");
    }
}
