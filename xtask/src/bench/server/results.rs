//! Everything that one run has measured
//!
//! It keeps, compares and writes JSON; what the numbers should be is in `goals`, how people see them in `table`.

use serde_json::{Value, json};

use super::Args;
use super::contender::{Contender, Programs};
use super::goals::{self, Goal};
use super::load::{Failure, Memory, Sample, Work};
use super::machine::{self, Machine};
use crate::bench::statistics::Spread;

/// One server doing one thing
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) contender: Contender,
    pub(super) work: Work,
    pub(super) connections: usize,
    /// One a round
    pub(super) samples: Vec<Sample>,
    /// Why there are no more
    pub(super) failure: Option<Failure>,
}

impl Cell {
    pub(super) fn new(contender: Contender, work: Work, connections: usize) -> Self {
        Self { contender, work, connections, samples: Vec::new(), failure: None }
    }

    pub(super) fn take(&mut self, measured: Result<Sample, Failure>) {
        match measured {
            Ok(sample) => self.samples.push(sample),
            Err(failure) => self.failure = Some(failure),
        }
    }

    /// Some number of every round
    pub(super) fn spread(&self, of: impl Fn(&Sample) -> f64) -> Option<Spread> {
        Spread::of(self.samples.iter().map(of))
    }
}

/// The server's processor time per operation, in µs
#[expect(clippy::cast_precision_loss, reason = "nobody counts to 2^53 operations")]
pub(super) fn cpu(sample: &Sample) -> f64 {
    sample.server_cpu_us / sample.operations as f64
}

/// Operations per second
#[expect(clippy::cast_precision_loss, reason = "nobody counts to 2^53 operations")]
pub(super) fn throughput(sample: &Sample) -> f64 {
    sample.operations as f64 / sample.seconds
}

/// The memory of one server with idle connections
#[derive(Debug)]
pub(super) struct Idle {
    pub(super) contender: Contender,
    /// With no connection, then with more and more; empty where it failed
    pub(super) steps: Vec<Memory>,
    pub(super) failure: Option<Failure>,
}

impl Idle {
    pub(super) fn new(contender: Contender, measured: Result<Vec<Memory>, Failure>) -> Self {
        match measured {
            Ok(steps) => Self { contender, steps, failure: None },
            Err(failure) => Self { contender, steps: Vec::new(), failure: Some(failure) },
        }
    }

    /// Number of connections and bytes that each has added, by RSS and by PSS, at every step
    pub(super) fn per_connection(&self) -> impl Iterator<Item = (u64, f64, f64)> {
        let none = self.steps.first().copied();
        self.steps.iter().skip(1).filter_map(move |step| {
            let none = none?;
            Some((
                step.connections,
                growth(none.rss, step.rss, step.connections),
                growth(none.pss, step.pss, step.connections),
            ))
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a process has less than 2^53 bytes")]
fn growth(before: u64, after: u64, connections: u64) -> f64 {
    (after as f64 - before as f64) / connections as f64
}

/// All of it
#[derive(Debug)]
pub(super) struct Results {
    pub(super) machine: Machine,
    pub(super) load_at_end: String,
    pub(super) rounds: u32,
    pub(super) seconds: f64,
    pub(super) debug: bool,
    /// The servers, with what exactly they are
    pub(super) contenders: Vec<(Contender, String)>,
    /// Those that could not be started at all
    pub(super) refused: Vec<(Contender, Failure)>,
    pub(super) cells: Vec<Cell>,
    pub(super) idle: Vec<Idle>,
}

impl Results {
    pub(super) fn new(args: &Args, chosen: &[Contender]) -> Self {
        Self {
            machine: Machine::read(),
            load_at_end: String::new(),
            rounds: args.rounds,
            seconds: args.seconds.as_secs_f64(),
            debug: args.debug,
            contenders: chosen.iter().map(|one| (*one, one.name().to_owned())).collect(),
            refused: Vec::new(),
            cells: Vec::new(),
            idle: Vec::new(),
        }
    }

    /// Asks all that are there what they are
    pub(super) fn name_versions(&mut self, programs: &Programs) {
        let refused: Vec<_> = self.refused.iter().map(|(one, _)| *one).collect();
        for (one, version) in self.contenders.iter_mut().filter(|(one, _)| !refused.contains(one)) {
            *version = one.version(programs).unwrap_or_else(|error| format!("of unknown version: {error:#}"));
        }
    }

    /// Does without some servers
    pub(super) fn refuse(&mut self, which: impl Fn(Contender) -> bool, reason: &str) {
        let refused = self.contenders.iter().map(|(one, _)| *one).filter(|one| which(*one));
        let refused: Vec<_> = refused.map(|one| (one, Failure::Gone(reason.to_owned()))).collect();
        self.refused.extend(refused);
    }

    pub(super) fn is_refused(&self, one: Contender) -> bool {
        self.refused.iter().any(|(other, _)| *other == one)
    }

    /// Notes how busy the machine was when all was measured
    pub(super) fn close(&mut self) {
        self.load_at_end = machine::load();
    }

    pub(super) fn cell(&self, one: Contender, work: Work, connections: usize) -> Option<&Cell> {
        self.cells.iter().find(|cell| (cell.contender, cell.work, cell.connections) == (one, work, connections))
    }

    /// The server's processor time per operation as a multiple of the minimal server's, round by round
    pub(super) fn ratio(&self, cell: &Cell) -> Option<Spread> {
        let minimal = self.cell(Contender::Minimal, cell.work, cell.connections)?;
        Spread::of(cell.samples.iter().zip(&minimal.samples).map(|(one, least)| cpu(one) / cpu(least)))
    }

    /// Every failure, with the server it is of
    pub(super) fn failures(&self) -> impl Iterator<Item = (Contender, &Failure)> {
        let refused = self.refused.iter().map(|(one, failure)| (*one, failure));
        let cells = self.cells.iter().filter_map(|cell| Some((cell.contender, cell.failure.as_ref()?)));
        let idle = self.idle.iter().filter_map(|idle| Some((idle.contender, idle.failure.as_ref()?)));
        refused.chain(cells).chain(idle)
    }

    /// Whether the run counts: no answer was wrong, the servers without which nothing is compared were there, and where
    /// that was asked for, every goal was met
    pub(super) fn is_good(&self, check: bool) -> bool {
        let bad = |(one, failure): (Contender, &Failure)| one.is_essential() || matches!(failure, Failure::Wrong(_));
        !self.failures().any(bad) && (!check || goals::of(self).iter().all(Goal::is_met))
    }

    /// Every measurement
    pub(super) fn json(&self) -> Value {
        let Machine { date, cpu, cores, kernel, rustc, load } = &self.machine;
        let reason = |failure: Option<&Failure>| failure.map(|failure| failure.reason().to_owned());
        let samples = |cell: &Cell| -> Vec<Value> {
            let sample = |sample: &Sample| {
                let &Sample { operations, seconds, p50_us, p99_us, server_cpu_us, load_cpu_us } = sample;
                json!({
                    "operations": operations, "seconds": seconds, "p50_us": p50_us, "p99_us": p99_us,
                    "server_cpu_us": server_cpu_us, "load_cpu_us": load_cpu_us,
                })
            };
            cell.samples.iter().map(sample).collect()
        };
        let refusal = |one| reason(self.refused.iter().find(|(other, _)| *other == one).map(|(_, failure)| failure));
        json!({
            "date": date,
            "machine": { "cpu": cpu, "cores": cores, "kernel": kernel, "load": [load, self.load_at_end] },
            "rustc": rustc,
            "optimised": !self.debug,
            "rounds": self.rounds,
            "seconds": self.seconds,
            "servers": self.contenders.iter().map(|(one, version)| {
                json!({ "name": one.name(), "version": version, "failure": refusal(*one) })
            }).collect::<Vec<_>>(),
            "rates": self.cells.iter().map(|cell| json!({
                "work": cell.work.name(),
                "server": cell.contender.name(),
                "connections": cell.connections,
                "samples": samples(cell),
                "failure": reason(cell.failure.as_ref()),
            })).collect::<Vec<_>>(),
            "idle": self.idle.iter().map(|idle| json!({
                "server": idle.contender.name(),
                "steps": idle.steps.iter().map(|step| {
                    json!({ "connections": step.connections, "rss": step.rss, "pss": step.pss })
                }).collect::<Vec<_>>(),
                "failure": reason(idle.failure.as_ref()),
            })).collect::<Vec<_>>(),
            "goals": goals::of(self).iter().map(|goal| json!({
                "name": goal.name, "value": goal.value, "limit": goal.limit, "met": goal.is_met(),
            })).collect::<Vec<_>>(),
        })
    }
}
