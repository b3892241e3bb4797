//! What the server's numbers should be
//!
//! Each goal is a ratio against the minimal server of the same rounds, or bytes; none is a time of this or that machine.

use super::contender::Contender;
use super::load::Work;
use super::results::Results;

/// Processor time per operation, in that of the minimal server
const CPU: f64 = 1.05;
/// Bytes of the process per idle connection
const MEMORY: f64 = 1_024.0;

/// A number and its limit
#[derive(Debug, PartialEq)]
pub(super) struct Goal {
    pub(super) name: String,
    /// What was measured, if it was
    pub(super) value: Option<f64>,
    pub(super) limit: f64,
}

impl Goal {
    pub(super) fn is_met(&self) -> bool {
        self.value.is_some_and(|value| value <= self.limit)
    }
}

/// The goals for what was to be measured; without one of the two servers in the run there are none about it
pub(super) fn of(results: &Results) -> Vec<Goal> {
    let chosen = |wanted| results.contenders.iter().any(|(one, _)| *one == wanted);
    if !chosen(Contender::Slp) {
        return Vec::new();
    }
    let mut goals = Vec::new();
    if chosen(Contender::Minimal) {
        for cell in results.cells.iter().filter(|cell| cell.contender == Contender::Slp) {
            let what = match cell.work {
                Work::Sessions => "session",
                Work::Pings => "ping",
            };
            goals.push(Goal {
                name: format!("processor time per {what}, {} connections, × minimal", cell.connections),
                value: results.ratio(cell).map(|ratio| ratio.median),
                limit: CPU,
            });
        }
    }
    for idle in results.idle.iter().filter(|idle| idle.contender == Contender::Slp) {
        let last = idle.per_connection().last();
        let count = last.map_or_else(String::new, |(count, ..)| format!(" at {count}"));
        goals.push(Goal {
            name: format!("bytes (RSS) per idle connection{count}"),
            value: last.map(|(_, rss, _)| rss),
            limit: MEMORY,
        });
    }
    goals
}
