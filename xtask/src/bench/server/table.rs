//! The results as people read them
//!
//! In Markdown that is plain text too: it is read in a terminal and pasted into `docs/benchmarks.md`.

use std::fmt::Write as _;

use super::contender::Contender;
use super::goals;
use super::load::Work;
use super::machine::Machine;
use super::results::{Cell, Results, cpu, throughput};
use crate::bench::statistics::Spread;

/// What stands where there is no number
const NOTHING: &str = "–";

/// All tables, and the goals
pub(super) fn render(results: &Results) -> String {
    let Machine { date, cpu, cores, kernel, rustc, load } = &results.machine;
    let mut out = format!(
        "{date}, {cpu}, {cores} cores, {kernel}, {rustc}; load average {load} before and {} after; {} rounds of {} s\n",
        results.load_at_end, results.rounds, results.seconds
    );
    if results.debug {
        out.push_str("Built without optimisation: these numbers mean nothing.\n");
    }
    for work in [Work::Sessions, Work::Pings] {
        let mut connections: Vec<_> =
            results.cells.iter().filter(|cell| cell.work == work).map(|cell| cell.connections).collect();
        connections.dedup();
        connections.sort_unstable();
        connections.dedup();
        for connections in connections {
            write!(
                out,
                "\n### {}, {connections} connections at once\n\n{}",
                title(work),
                rates(results, work, connections)
            )
            .ok();
        }
    }
    if !results.idle.is_empty() {
        write!(out, "\n### Memory of the process per idle connection\n\n{}", idle(results)).ok();
    }
    let goals = goals::of(results);
    if !goals.is_empty() {
        out.push_str("\n### Goals\n\n");
        let rows = goals.iter().map(|goal| {
            let value = goal.value.map_or_else(|| NOTHING.to_owned(), |value| format!("{value:.2}"));
            let verdict = match goal.value {
                None => "not measured",
                Some(_) if goal.is_met() => "met",
                Some(_) => "missed",
            };
            vec![goal.name.clone(), value, format!("{:.2}", goal.limit), verdict.to_owned()]
        });
        out.push_str(&table(&["goal", "measured", "at most", "verdict"], &rows.collect::<Vec<_>>()));
    }
    let mut failures: Vec<_> =
        results.failures().map(|(one, failure)| format!("\n{} failed: {}\n", one.name(), failure.reason())).collect();
    // A dead server fails at all that is asked of it.
    failures.dedup();
    out.extend(failures);
    out
}

fn title(work: Work) -> &'static str {
    match work {
        Work::Sessions => "Sessions (connect, handshake, request, response, ping, pong, close)",
        Work::Pings => "Pings on kept connections (handshake and ping in one write, pong)",
    }
}

fn rates(results: &Results, work: Work, connections: usize) -> String {
    let number = |spread: Option<Spread>, decimals: usize| {
        spread.map_or_else(|| NOTHING.to_owned(), |spread| format!("{spread:.decimals$}"))
    };
    let median = |spread: Option<Spread>, decimals: usize| {
        spread.map_or_else(|| NOTHING.to_owned(), |spread| format!("{:.decimals$}", spread.median))
    };
    let row = |(one, version): &(Contender, String)| {
        let mut row = vec![version.clone()];
        match results.cell(*one, work, connections) {
            Some(Cell { failure: Some(_), samples, .. }) if samples.is_empty() => row.push("failed".to_owned()),
            Some(cell) => row.extend([
                number(cell.spread(cpu), 2),
                number(results.ratio(cell), 2),
                median(cell.spread(throughput), 0),
                median(cell.spread(|sample| sample.p50_us / 1e3), 2),
                median(cell.spread(|sample| sample.p99_us / 1e3), 2),
            ]),
            None if results.is_refused(*one) => row.push("failed".to_owned()),
            None => row.push("closes after a Pong".to_owned()),
        }
        row
    };
    let head = ["server", "CPU µs each", "× minimal", "per second", "p50 ms", "p99 ms"];
    table(&head, &results.contenders.iter().map(row).collect::<Vec<_>>())
}

fn idle(results: &Results) -> String {
    let mut rows = Vec::new();
    for (one, version) in &results.contenders {
        let Some(idle) = results.idle.iter().find(|idle| idle.contender == *one) else { continue };
        if idle.failure.is_some() {
            rows.push(vec![version.clone(), "failed".to_owned()]);
        }
        for (connections, rss, pss) in idle.per_connection() {
            rows.push(vec![version.clone(), connections.to_string(), format!("{rss:.0}"), format!("{pss:.0}")]);
        }
    }
    let mut out = table(&["server", "connections", "RSS, bytes", "PSS, bytes"], &rows);
    for (one, version) in &results.contenders {
        let measured = results.idle.iter().any(|idle| idle.contender == *one);
        if let Some((most, why)) = one.most_idle().filter(|_| measured) {
            write!(out, "\n{version}: at most {most}; {why}.\n").ok();
        }
    }
    out
}

/// A table in Markdown: the first column to the left, numbers to the right, short rows filled up
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let width = |column: usize| {
        let cells = rows.iter().chain([&head]).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &[String]| {
        let cells = widths.iter().enumerate().map(|(column, &width)| {
            let cell = row.get(column).map_or("", String::as_str);
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    let rule = widths.iter().enumerate().map(|(column, &width)| {
        if column == 0 { "-".repeat(width) } else { format!("{}:", "-".repeat(width.saturating_sub(1))) }
    });
    let mut out = line(&head);
    writeln!(out, "| {} |", rule.collect::<Vec<_>>().join(" | ")).ok();
    out.extend(rows.iter().map(|row| line(row)));
    out
}

#[cfg(test)]
mod tests;
