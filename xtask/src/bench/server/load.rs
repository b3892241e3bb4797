//! The load generator as a process, and what it tells
//!
//! One call is one measurement of one server. It judges nothing but whether there is a measurement at all.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::running::Running;
use crate::cmd::Cmd;

/// Limit of what comes on top of a measurement: warming up, the slowest last answers
const BEYOND: Duration = Duration::from_mins(2);
/// Limit of making some thousand connections and looking at the server's memory
const IDLE: Duration = Duration::from_mins(5);
/// Limit of one answer
const ANSWER: Duration = Duration::from_secs(10);

/// What is done over and over
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Connect, Handshake and Request, Response, Ping, Pong, close
    Sessions,
    /// Handshake and Ping, Pong, on connections that are kept
    Pings,
}

impl Work {
    /// What it is called on the command line of the load generator, and in the results
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Pings => "pings",
        }
    }
}

/// One measurement
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    pub(super) operations: u64,
    pub(super) seconds: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    /// Of the server's process, in all
    pub(super) server_cpu_us: f64,
    /// Of the load generator's, in all
    pub(super) load_cpu_us: f64,
}

/// The server's memory with some connections
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) connections: u64,
    pub(super) rss: u64,
    pub(super) pss: u64,
}

/// Why there is no measurement
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server did not start, ended, or could not be measured
    Gone(String),
    /// It answered something else than it should, or nothing
    Wrong(String),
}

impl Failure {
    /// The reason, in one line
    pub(super) fn reason(&self) -> &str {
        match self {
            Self::Gone(reason) | Self::Wrong(reason) => reason,
        }
    }
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Gone(reason)
    }
}

/// The load generator
pub(super) struct Load {
    program: PathBuf,
    document: PathBuf,
}

impl Load {
    pub(super) fn new(program: PathBuf, document: PathBuf) -> Self {
        Self { program, document }
    }

    /// Drives `server` for some time
    pub(super) fn rate(
        &self,
        work: Work,
        connections: usize,
        time: Duration,
        server: &mut Running<'_>,
    ) -> Result<Sample, Failure> {
        let options = format!("--connections={connections} --seconds={}", time.as_secs_f64());
        let lines = self.run(work.name(), &options, time, server)?;
        let line = lines.first().ok_or_else(|| "the load generator told nothing".to_owned())?;
        sample(line).ok_or_else(|| Failure::Gone(format!("not what the load generator should tell: {line}")))
    }

    /// Keeps connections silent, first none, and measures at each of `steps`
    pub(super) fn idle(&self, steps: &[usize], ping: bool, server: &mut Running<'_>) -> Result<Vec<Memory>, Failure> {
        let steps = steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let options = format!("--steps={steps}{}", if ping { "" } else { " --no-ping" });
        let lines = self.run("idle", &options, IDLE, server)?;
        let all: Option<Vec<_>> = lines.iter().map(memory).collect();
        all.ok_or_else(|| Failure::Gone("not what the load generator should tell".to_owned()))
    }

    fn run(
        &self,
        command: &str,
        options: &str,
        time: Duration,
        server: &mut Running<'_>,
    ) -> Result<Vec<Value>, Failure> {
        let cmd = Cmd::new(&self.program)
            .quiet()
            .arg(command)
            .args(options.split(' '))
            .arg(format!("--address={}", server.address))
            .arg(format!("--pid={}", server.id()))
            .arg("--document")
            .arg(&self.document)
            .deadline(time + BEYOND);
        let told = match cmd.capture() {
            Ok(told) => told,
            Err(error) => return Err(server.end().unwrap_or_else(|| error.to_string()).into()),
        };
        let lines: Result<Vec<Value>, _> = told.lines().map(serde_json::from_str).collect();
        let lines = lines.map_err(|error| format!("the load generator wrote no JSON: {error}"))?;
        // Errors are a dead server's before they are anybody's.
        match lines.iter().find_map(wrong) {
            Some(wrong) => Err(server.end().map_or(Failure::Wrong(wrong), Failure::Gone)),
            None => Ok(lines),
        }
    }
}

/// What was wrong with the answers, if anything was
fn wrong(line: &Value) -> Option<String> {
    match line["errors"].as_u64() {
        Some(0) => None,
        Some(count) => Some(format!("{count} wrong, the first: {}", line["first_error"].as_str().unwrap_or("?"))),
        None => Some("the load generator counted no errors, nor none".to_owned()),
    }
}

fn sample(line: &Value) -> Option<Sample> {
    Some(Sample {
        operations: line["operations"].as_u64().filter(|&count| count > 0)?,
        seconds: line["seconds"].as_f64()?,
        p50_us: line["p50_us"].as_f64()?,
        p99_us: line["p99_us"].as_f64()?,
        server_cpu_us: line["server_cpu_us"].as_f64()?,
        load_cpu_us: line["load_cpu_us"].as_f64()?,
    })
}

fn memory(line: &Value) -> Option<Memory> {
    let of = |key: &str| line[key].as_u64();
    Some(Memory { connections: of("connections")?, rss: of("rss")?, pss: of("pss")? })
}

/// The status document that the server at `address` answers with
///
/// # Errors
/// It does not answer, or not with a Response.
pub(super) fn document(address: SocketAddr) -> anyhow::Result<Vec<u8>> {
    // Handshake: version 47, "localhost", port 25 565, status. Request.
    const ASK: &[u8] = b"\x0F\x00\x2F\x09localhost\x63\xDD\x01\x01\x00";
    let mut stream = TcpStream::connect_timeout(&address, ANSWER)?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.write_all(ASK)?;
    let frame_len = varint(&mut stream)?;
    let mut frame = vec![0; frame_len];
    stream.read_exact(&mut frame)?;
    let (id, mut body) = frame.split_first().context("an empty frame")?;
    ensure!(*id == 0, "a packet of id {id}");
    let length = varint(&mut body)?;
    ensure!(length == body.len(), "{length} bytes of text were announced and {} came", body.len());
    Ok(body.to_vec())
}

fn varint(input: &mut impl std::io::Read) -> anyhow::Result<usize> {
    let mut value = 0;
    for shift in [0, 7, 14] {
        let mut byte = [0];
        input.read_exact(&mut byte)?;
        value |= usize::from(byte[0] & 0x7F) << shift;
        if byte[0] & 0x80 == 0 {
            return Ok(value);
        }
    }
    anyhow::bail!("a length of more than three bytes")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use serde_json::json;

    use super::*;

    #[test]
    fn errors_are_told_with_the_first() {
        assert_eq!(wrong(&json!({ "errors": 0, "first_error": null })), None);
        let line = json!({ "errors": 3, "first_error": "no answer in 20 s" });
        assert_eq!(wrong(&line).unwrap(), "3 wrong, the first: no answer in 20 s");
        assert!(wrong(&json!({})).is_some());
    }

    #[test]
    fn sample_without_an_operation_is_none() {
        let line = |count: u64| {
            json!({ "operations": count, "seconds": 2.5, "p50_us": 1.0, "p99_us": 2, "server_cpu_us": 3.0,
                    "load_cpu_us": 4.0, "errors": 0 })
        };
        assert_eq!(sample(&line(10)).unwrap().operations, 10);
        assert_eq!(sample(&line(0)), None);
        assert_eq!(sample(&json!({ "operations": 1 })), None);
    }

    #[test]
    fn document_is_what_a_server_answers() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 18];
            stream.read_exact(&mut asked).unwrap();
            stream.write_all(b"\x04\x00\x02{}").unwrap();
        });
        assert_eq!(document(address).unwrap(), b"{}");
        server.join().unwrap();
    }
}
