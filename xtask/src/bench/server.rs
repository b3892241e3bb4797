//! `cargo xtask bench server`: one server beside others, driven by one load generator
//!
//! It starts every server itself, on ephemeral ports of the loopback, and measures them in turns, so that what else the
//! machine does falls on all alike. What is measured and what the numbers do not say is in `docs/benchmarks.md`; the load
//! generator and the servers to compare with are in `tests/load`, whose dependencies are not the product's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use self::contender::{Contender, Programs};
use self::load::{Failure, Load, Work};
use self::results::{Cell, Idle, Results};
use self::running::Running;
use crate::report::time;
use crate::{complain, say, setup, workspace};

mod contender;
mod goals;
mod load;
mod machine;
mod results;
mod running;
mod table;

/// Measures the server's processor time and memory beside other servers
///
/// Complete sessions, pings on kept connections, and memory per idle connection: of `slp server`, of the least that a
/// program on tokio can do, and of servers written with minecraft-protocol, quarry and `rust_mc_proto`. Needs Linux; takes
/// some minutes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Connections at once, one table each
    #[arg(long, value_name = "N,N", value_delimiter = ',', default_value = "64,1024", value_parser = connections)]
    connections: Vec<usize>,
    /// Times that everything is measured, in turns
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Length of each measurement
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    seconds: Duration,
    /// Silent connections to measure memory at, and at a third of them; 0 for none
    #[arg(long, value_name = "N", default_value_t = 15_000)]
    idle: usize,
    /// Only these servers
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_enum)]
    only: Vec<Contender>,
    /// Write all measurements to this file too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Fail when a goal is missed
    #[arg(long)]
    check: bool,
    /// Build without optimisation: to try the bench, not to measure
    #[arg(long)]
    debug: bool,
}

fn connections(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|&count| count > 0).ok_or("it must be a number above 0")
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "it must be a number of seconds".to_owned())?;
    if (0.01..=600.0).contains(&seconds) { Ok(Duration::from_secs_f64(seconds)) } else { Err("0.01 to 600".to_owned()) }
}

/// Files that last as long as the bench
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Self> {
        let folder = workspace::root().join("target").join("bench").join(std::process::id().to_string());
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self(folder))
    }

    fn write(&self, name: &str, content: &[u8]) -> anyhow::Result<PathBuf> {
        let file = self.0.join(name);
        fs::write(&file, content).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed lies below `target`.
        fs::remove_dir_all(&self.0).ok();
    }
}

/// Runs the command
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if !cfg!(target_os = "linux") {
        bail!("this bench needs Linux: it reads what the kernel counts of a process");
    }
    let chosen: Vec<Contender> =
        Contender::ALL.into_iter().filter(|one| args.only.is_empty() || args.only.contains(one)).collect();
    if args.check && (args.idle == 0 || Contender::ALL.iter().any(|one| one.is_essential() && !chosen.contains(one))) {
        complain("--check needs slp and minimal among the servers, and --idle: without them there is no goal to meet");
        return Ok(ExitCode::from(2));
    }
    if let Some(file) = &args.json {
        // Not after minutes.
        let opened = fs::OpenOptions::new().create(true).append(true).open(file);
        opened.with_context(|| format!("cannot write {}", file.display()))?;
    }
    let most = args.connections.iter().copied().max().unwrap_or_default().max(args.idle);
    machine::raise_limit(most)?;

    let mut results = Results::new(args, &chosen);
    let needs: Vec<_> = chosen.iter().filter_map(|one| one.need()).collect();
    for (need, result) in setup::ensure(&needs, true)? {
        if let Err(missing) = result {
            results.refuse(|one| one.need() == Some(need), &missing.to_string());
        }
    }
    let programs = Programs::build(args.debug)?;
    results.name_versions(&programs);

    let scratch = Scratch::new()?;
    let config = scratch.write("slp.toml", contender::CONFIG.as_bytes())?;
    let document = capture(&programs, &config, &scratch)?;
    let bench = Bench { args, load: Load::new(programs.load.clone(), document.clone()), programs, config, document };
    bench.rates(&chosen, &mut results);
    if args.idle > 0 {
        bench.idle(&chosen, &mut results);
    }
    results.close();
    say(format_args!("\n{}", table::render(&results)));
    if let Some(file) = &args.json {
        fs::write(file, format!("{:#}\n", results.json()))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(if results.is_good(args.check) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Writes what `slp server` answers, so that all others answer the same
fn capture(programs: &Programs, config: &Path, scratch: &Scratch) -> anyhow::Result<PathBuf> {
    let cmd = Contender::Slp.command(programs, config, config);
    let server = Running::start(&cmd).map_err(anyhow::Error::msg)?;
    let text = load::document(server.address).context("asking `slp server` for its status")?;
    scratch.write("status.json", &text)
}

struct Bench<'a> {
    args: &'a Args,
    programs: Programs,
    load: Load,
    config: PathBuf,
    document: PathBuf,
}

impl Bench<'_> {
    /// Sessions and pings, all servers in turns
    fn rates(&self, chosen: &[Contender], results: &mut Results) {
        let cmds: Vec<_> = chosen
            .iter()
            .filter(|one| !results.is_refused(**one))
            .map(|one| (*one, one.command(&self.programs, &self.config, &self.document)))
            .collect();
        let mut servers = Vec::new();
        for (one, cmd) in &cmds {
            match Running::start(cmd) {
                Ok(server) => servers.push((*one, server)),
                Err(reason) => results.refuse(|other| other == *one, &reason),
            }
        }
        for work in [Work::Sessions, Work::Pings] {
            for &connections in &self.args.connections {
                let takes = servers.iter().filter(|(one, _)| work != Work::Pings || one.keeps_connections());
                results.cells.extend(takes.map(|(one, _)| Cell::new(*one, work, connections)));
            }
        }
        let from = Instant::now();
        for round in 1..=self.args.rounds {
            say(format_args!("round {round} of {} after {}", self.args.rounds, time(from.elapsed())));
            // There and back: who is measured first is another one each time.
            let cells = results.cells.iter_mut();
            let cells: Vec<_> = if round % 2 == 0 { cells.rev().collect() } else { cells.collect() };
            for cell in cells {
                let Some((_, server)) = servers.iter_mut().find(|(one, _)| *one == cell.contender) else { continue };
                if cell.failure.is_some() {
                    continue;
                }
                let measured = self.load.rate(cell.work, cell.connections, self.args.seconds, server);
                cell.take(measured);
            }
        }
    }

    /// Memory, each server alone and new: what one has freed would hide what the next connections take
    fn idle(&self, chosen: &[Contender], results: &mut Results) {
        for &one in chosen {
            if results.is_refused(one) {
                continue;
            }
            let most = one.most_idle().map_or(usize::MAX, |(most, _)| most).min(self.args.idle);
            let mut steps = vec![self.args.idle.div_ceil(3).min(most), most];
            steps.dedup();
            say(format_args!("idle connections of {}", one.name()));
            let cmd = one.command(&self.programs, &self.config, &self.document);
            let measured = Running::start(&cmd)
                .map_err(Failure::Gone)
                .and_then(|mut server| self.load.idle(&steps, one.keeps_connections(), &mut server));
            results.idle.push(Idle::new(one, measured));
        }
    }
}
