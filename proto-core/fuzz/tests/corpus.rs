//! Every check over its corpus and over the shared vectors, with any toolchain; and every seed does what its description says
//!
//! This is what keeps a crash that was found from coming back: its input is a seed. And it keeps the corpus honest: over it, and
//! over the vectors, happens whatever can happen to a machine.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use proto_core::Error;
use proto_core::testing::Happened;
use proto_core_fuzz::bytes::handshake;
use proto_core_fuzz::describe::{name, row};
use proto_core_fuzz::machine::answers;
use proto_core_fuzz::reference::{Outcome, client, server};
use proto_core_fuzz::{TARGETS, client_bytes, server_bytes};
use serde_json::Value;

/// What is committed stays small
const MOST_SEEDS: usize = 60;
const MOST_BYTES: u64 = 300_000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// A seed as `target/name`, the check that it is for, and its file
type Seed = (String, fn(&[u8]), PathBuf);

/// The seeds of every target
fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (target, check) in TARGETS {
        let folder = folder().join(target);
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            seeds.push((format!("{target}/{name}"), check, path.clone()));
        }
    }
    seeds
}

/// Runs `check`, and names the input where it fails
fn replay(name: &str, check: fn(&[u8]), data: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(data))) {
        eprintln!("the input was {name}: {data:02x?}");
        std::panic::resume_unwind(panic);
    }
}

fn check_of(target: &str) -> fn(&[u8]) {
    TARGETS.iter().find(|(name, _)| *name == target).unwrap().1
}

#[test]
fn every_seed_holds() {
    for (name, check, path) in seeds() {
        replay(&name, check, &fs::read(path).unwrap());
    }
}

#[test]
fn every_seed_is_described_and_small() {
    let table = fs::read_to_string(folder().join("README.md")).unwrap();
    for (seed, _, path) in seeds() {
        let (target, name) = seed.split_once('/').unwrap();
        let row = row(target, name, &fs::read(path).unwrap());
        assert!(table.lines().any(|line| line == row), "this is not among the rows of README.md:\n{row}");
    }
    let described: Vec<_> = table
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.splitn(2, "` | ");
            let (name, text) = (cells.next()?, cells.next()?.strip_suffix(" |")?);
            assert!(text.len() > 8, "{name} is not described: {text}");
            Some(name.to_owned())
        })
        .collect();
    let unique: BTreeSet<_> = described.iter().cloned().collect();
    assert_eq!(unique.len(), described.len(), "a seed is described twice");
    let there: BTreeSet<_> = seeds().into_iter().map(|(name, ..)| name).collect();
    let undescribed: Vec<_> = there.difference(&unique).collect();
    let missing: Vec<_> = unique.difference(&there).collect();
    assert!(undescribed.is_empty() && missing.is_empty(), "not described: {undescribed:?}; not there: {missing:?}");

    for (target, _) in TARGETS {
        let count = there.iter().filter(|name| name.starts_with(&format!("{target}/"))).count();
        assert!((5..=MOST_SEEDS).contains(&count), "{target} has {count} seeds");
    }
    let bytes: u64 = seeds().iter().map(|(_, _, path)| fs::metadata(path).unwrap().len()).sum();
    assert!(bytes <= MOST_BYTES, "{bytes} bytes");
}

/// Any mistake in a check itself would make it pass: nothing may hold for a machine that is not asked at all
#[test]
fn every_target_has_its_own_check() {
    let unique: BTreeSet<_> = TARGETS.iter().map(|(name, _)| name).collect();
    assert_eq!(unique.len(), TARGETS.len());
    for (target, check) in TARGETS {
        check(&[]);
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz_targets/{target}.rs"));
        assert!(fs::read_to_string(program).unwrap().contains(&format!("{target}::check")));
    }
}

fn vectors(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(file);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    match value {
        Value::String(digits) => digits
            .as_bytes()
            .chunks(2)
            .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
            .collect(),
        Value::Array(parts) => parts.iter().flat_map(hex).collect(),
        part => hex(&part["repeat"]).repeat(usize::try_from(part["times"].as_u64().unwrap()).unwrap()),
    }
}

/// Sizes of pieces that suit nothing
const SIZES: [u8; 3] = [3, 1, 7];

/// The vectors of frames as inputs, but for one of two megabytes: the target that each is for, and its bytes
fn frames() -> Vec<(Value, &'static str, Vec<u8>)> {
    let inputs = vectors("frames.json").into_iter().filter_map(|vector| {
        let server = vector["side"] == "server";
        // What comes before, bytes and commands, is part of the stream; commands have two places here, the first the start.
        let (mut stream, mut middle) = (Vec::new(), 0);
        let (mut commands, mut at_start) = (Vec::new(), Vec::new());
        for step in vector["before"].as_array().into_iter().flatten() {
            match step["command"].as_str() {
                None => stream.extend(hex(&step["hex"])),
                Some(command) => {
                    let place = if stream.is_empty() && !server { &mut at_start } else { &mut commands };
                    middle = if stream.is_empty() { middle } else { stream.len() };
                    place.push(command.strip_prefix("ping ").map(|payload| payload.parse::<i64>().unwrap()));
                }
            }
        }
        stream.extend(hex(&vector["hex"]));
        if stream.len() > 100_000 {
            return None;
        }
        let middle = u16::try_from(middle).unwrap().to_le_bytes();
        let bits = |command: &Option<i64>| match command {
            None => 3,
            Some(7) => 1,
            Some(8) => 2,
            Some(other) => panic!("ping {other} has no form here"),
        };
        let (target, head) = if server {
            let count = u8::try_from(commands.len()).unwrap() << 4;
            let payload = commands.first().copied().flatten().map_or(0, |payload| u8::try_from(payload & 3).unwrap());
            ("server_bytes", vec![1, middle[0], middle[1], count | payload])
        } else {
            let strict = u8::from(vector["strict"] == true);
            let [at_start, commands] =
                [at_start, commands].map(|all| all.iter().rev().fold(0, |all, command| all << 2 | bits(command)));
            ("client_bytes", vec![strict, at_start, middle[0], middle[1], commands])
        };
        Some((vector, target, [&head[..], &SIZES, &stream].concat()))
    });
    inputs.collect()
}

#[test]
fn every_vector_of_frames_holds() {
    let frames = frames();
    assert!(frames.len() > 100, "{} vectors", frames.len());
    for (vector, target, data) in frames {
        replay(&vector["name"].to_string(), check_of(target), &data);
        // The second reading is of the vector, and not of another stream or other commands.
        if vector["then"].is_null() {
            let (happened, failure) = happened(target, &data, false);
            let expected: Vec<_> = vector["events"].as_array().unwrap().iter().map(event).collect();
            assert!(happened.ends_with(&expected), "{}: {happened:?}, but {expected:?} expected", vector["name"]);
            assert_eq!(failure.is_some(), vector["error"].is_string(), "{}", vector["name"]);
        }
    }
}

/// A vector's event as a machine names it
fn event(event: &Value) -> String {
    let key = event.as_str().or_else(|| event.as_object()?.keys().next().map(String::as_str)).unwrap();
    match key {
        "address" | "text" => "text".to_owned(),
        "legacy" => "LegacyPing".to_owned(),
        "mismatch" => "PongMismatch".to_owned(),
        "trailing" => "TrailingBytes".to_owned(),
        "unknown" => "UnknownPacket".to_owned(),
        words => words.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect(),
    }
}

/// The names of what an input of a machine leads to, as the second reading has it, and of the error that ends it
fn happened(target: &str, data: &[u8], ends: bool) -> (Vec<String>, Option<String>) {
    fn names<E: std::fmt::Debug>(outcome: &Outcome<E>) -> (Vec<String>, Option<String>) {
        let name_of = |happened: &Happened<E>| match happened {
            Happened::Event(event) => name(event),
            Happened::Text(_) | Happened::Failed(_) => "text".to_owned(),
        };
        let failure = outcome.failure.map(|failure| match failure {
            Error::Protocol { violation, .. } => name(&violation),
            Error::Closed(closed) => name(&closed),
            other => name(&other),
        });
        (outcome.log.iter().map(name_of).collect(), failure)
    }
    if target == "server_bytes" {
        let case = server_bytes::Case::new(data);
        let answers = answers();
        let mut read = server::Server::read(&case.stream, case.legacy, &case.own, &answers);
        if ends {
            read.end();
        }
        names(&read.outcome)
    } else {
        let case = client_bytes::Case::new(data);
        let hello = handshake(1);
        let mut read = client::Client::read(case.stream, case.strict, &case.typed, &hello);
        if ends {
            read.end();
        }
        names(&read.outcome)
    }
}

/// All events and all errors of each machine but time-outs, which are the pair's affair
#[test]
fn whatever_can_happen_to_a_machine_happens() {
    let server = [
        "BodyTooShort FrameLength Handshake InFrame LegacyPing Login NextState Ping Pong Request RequestInDefault",
        "StringLength StringUnits TooManyUnknown TrailingBytes UnexpectedPong UnknownPacket Utf8 VarIntOverflow text",
    ];
    let client = [
        "AbandonedPong AbandonedResponse BodyTooShort FrameLength InFrame Pong PongMismatch ResponseBegin ResponseEnd",
        "ServerPing ServerRequest StringLength StringUnits TooManyUnknown TrailingBytes UnexpectedResponse UnknownPacket",
        "Utf8 VarIntOverflow WithoutAnswer WithoutPong text",
    ];
    for (target, can) in [("server_bytes", &server[..]), ("client_bytes", &client)] {
        let seeds = seeds().into_iter().filter(|(seed, ..)| seed.starts_with(target));
        let seeds = seeds.map(|(_, _, path)| fs::read(path).unwrap());
        let vectors = frames().into_iter().filter(|(_, of, _)| *of == target).map(|(_, _, data)| data);
        let all = seeds.chain(vectors).flat_map(|data| {
            let (events, failure) = happened(target, &data, true);
            events.into_iter().chain(failure)
        });
        let found = all.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
        assert_eq!(found.join(" "), can.join(" "), "{target}");
    }
}

#[test]
fn every_vector_of_status_holds() {
    for vector in vectors("status.json") {
        let document = vector["json"].as_str().unwrap();
        let data = [&SIZES[..], &[0], document.as_bytes()].concat();
        replay(&vector["name"].to_string(), check_of("status"), &data);
        replay(&vector["name"].to_string(), check_of("text"), &[&SIZES[..], document.as_bytes()].concat());
    }
}

#[test]
fn every_vector_of_commands_and_legacy_holds() {
    for vector in vectors("commands.json") {
        let line = vector["input"].as_str().unwrap();
        replay(&vector["name"].to_string(), check_of("command"), line.as_bytes());
    }
    for vector in vectors("legacy.json") {
        if let Value::String(_) = vector["input"] {
            for choice in 0..4 {
                let data = [&SIZES[..], &[choice], &hex(&vector["input"])].concat();
                replay(&vector["name"].to_string(), check_of("legacy"), &data);
            }
        }
    }
}
