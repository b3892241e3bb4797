//! The load generator: asks one server and tells in JSON what came of it
//!
//! One thread, no runtime, so that it takes as little as can be of the machine that it shares with the server. Every
//! answer is checked. It starts no server and compares nothing.

use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use serde_json::{Value, json};
use slp_load::document::Document;

mod load;

use load::generator::{After, Generator, Outcome, Phase};
use load::process::Process;
use load::script::Script;

/// How long the server is driven before anything is measured
const WARM_UP: Duration = Duration::from_millis(200);

/// Connections of the warm-up before memory is measured
const WARM_UP_CONNECTIONS: usize = 64;

/// Connections that are being made at once while many are kept
const AT_ONCE: usize = 64;

/// Asks a server for its status, many times over
#[derive(Debug, Parser)]
#[command(name = "load")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Complete sessions: connect, handshake, request, response, ping, pong, close
    Sessions(Rate),
    /// Pings on connections that are kept, each with a handshake in the same write
    Pings(Rate),
    /// Connections that are kept and silent, and what they cost in memory
    Idle(Idle),
}

#[derive(Debug, clap::Args)]
struct Target {
    /// Where the server listens
    #[arg(long)]
    address: SocketAddr,
    /// The process of the server
    #[arg(long)]
    pid: i32,
    /// The file with the status document
    #[arg(long)]
    document: PathBuf,
}

#[derive(Debug, clap::Args)]
struct Rate {
    #[command(flatten)]
    target: Target,
    /// Connections at once
    #[arg(long)]
    connections: usize,
    /// Seconds after which nothing new is begun
    #[arg(long)]
    seconds: f64,
    /// Operations after which nothing new is begun
    #[arg(long, default_value_t = 10_000_000)]
    most: u64,
}

#[derive(Debug, clap::Args)]
struct Idle {
    #[command(flatten)]
    target: Target,
    /// Numbers of connections to measure at, rising
    #[arg(long, value_delimiter = ',')]
    steps: Vec<usize>,
    /// Do no Ping before the silence: the server would close
    #[arg(long)]
    no_ping: bool,
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Sessions(rate) => sessions(&rate),
        Command::Pings(rate) => pings(&rate),
        Command::Idle(idle) => keep(&idle),
    }
}

impl Target {
    fn open(&self) -> anyhow::Result<(Generator, Process)> {
        let text = fs::read(&self.document).with_context(|| format!("cannot read {}", self.document.display()))?;
        let process = Process::new(self.pid)?;
        Ok((Generator::new(self.address, Document::new(&text))?, process))
    }
}

fn sessions(rate: &Rate) -> anyhow::Result<()> {
    let (mut generator, process) = rate.target.open()?;
    let phase = Phase {
        script: Script::Session,
        after: After::Close,
        connections: rate.connections,
        most: rate.most,
        time: WARM_UP,
    };
    let warm = generator.run(&phase)?;
    if warm.errors > 0 {
        return say(&told(&warm, Duration::ZERO, Duration::ZERO));
    }
    measure(&mut generator, &process, &Phase { time: seconds(rate.seconds)?, ..phase })
}

fn pings(rate: &Rate) -> anyhow::Result<()> {
    let (mut generator, process) = rate.target.open()?;
    let kept = generator.run(&Phase {
        script: Script::Session,
        after: After::Keep,
        connections: AT_ONCE,
        most: u64::try_from(rate.connections)?,
        time: Duration::MAX,
    })?;
    if kept.errors > 0 {
        return say(&told(&kept, Duration::ZERO, Duration::ZERO));
    }
    let phase = Phase {
        script: Script::Ping,
        after: After::Again,
        connections: rate.connections,
        most: rate.most,
        time: WARM_UP,
    };
    let warm = generator.run(&phase)?;
    if warm.errors > 0 {
        return say(&told(&warm, Duration::ZERO, Duration::ZERO));
    }
    measure(&mut generator, &process, &Phase { time: seconds(rate.seconds)?, ..phase })
}

/// Runs the phase from rest to rest and tells what it took
fn measure(generator: &mut Generator, process: &Process, phase: &Phase) -> anyhow::Result<()> {
    let before = process.rested_cpu()?;
    let own_before = Process::own_cpu()?;
    let outcome = generator.run(phase)?;
    let own = Process::own_cpu()?.saturating_sub(own_before);
    let cpu = process.rested_cpu()?.saturating_sub(before);
    say(&told(&outcome, cpu, own))
}

fn told(outcome: &Outcome, cpu: Duration, own: Duration) -> Value {
    json!({
        "operations": outcome.operations(),
        "seconds": outcome.time.as_secs_f64(),
        "p50_us": micros(outcome.percentile(50)),
        "p99_us": micros(outcome.percentile(99)),
        "server_cpu_us": micros(cpu),
        "load_cpu_us": micros(own),
        "errors": outcome.errors,
        "first_error": outcome.first_error,
    })
}

fn keep(idle: &Idle) -> anyhow::Result<()> {
    let (mut generator, process) = idle.target.open()?;
    // What the server sets up once is not to be counted as its connections'.
    let warm = generator.run(&Phase {
        script: Script::Session,
        after: After::Close,
        connections: WARM_UP_CONNECTIONS,
        most: 1_000,
        time: Duration::MAX,
    })?;
    say(&told_memory(0, &process, &warm)?)?;
    let mut open = 0;
    for &step in &idle.steps {
        let more = step.checked_sub(open).filter(|more| *more > 0).context("the steps must rise")?;
        let mut outcome = generator.run(&Phase {
            script: if idle.no_ping { Script::Status } else { Script::Session },
            after: After::Keep,
            connections: AT_ONCE,
            most: u64::try_from(more)?,
            time: Duration::MAX,
        })?;
        open = step;
        // One that was closed meanwhile costs nothing and would be counted.
        outcome.errors += generator.lost();
        say(&told_memory(step, &process, &outcome)?)?;
        if outcome.errors > 0 {
            break;
        }
    }
    Ok(())
}

fn told_memory(connections: usize, process: &Process, outcome: &Outcome) -> anyhow::Result<Value> {
    let memory = process.rested_memory()?;
    let first_error = match (&outcome.first_error, outcome.errors) {
        (None, 1..) => Some("the server closed a connection that was to be kept".to_owned()),
        (first, _) => first.clone(),
    };
    Ok(json!({
        "connections": connections,
        "rss": memory.rss,
        "pss": memory.pss,
        "errors": outcome.errors,
        "first_error": first_error,
    }))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn seconds(seconds: f64) -> anyhow::Result<Duration> {
    Duration::try_from_secs_f64(seconds).context("--seconds is no length of time")
}

fn say(line: &Value) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(())
}
