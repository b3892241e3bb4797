//! Every check over its corpus and over the shared vectors, with any toolchain; and every seed is described
//!
//! This is what keeps a crash that was found from coming back: its input is a seed.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use proto_core_fuzz::TARGETS;
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
    let described: Vec<_> = fs::read_to_string(folder().join("README.md"))
        .unwrap()
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

#[test]
fn every_vector_of_frames_holds() {
    let mut run = 0;
    for vector in vectors("frames.json") {
        let server = vector["side"] == "server";
        // What comes before, bytes and commands, is part of the stream; only commands at one place have a form here.
        let (mut stream, mut middle, mut commands) = (Vec::new(), 0, Vec::new());
        for step in vector["before"].as_array().into_iter().flatten() {
            match step["command"].as_str() {
                None => stream.extend(hex(&step["hex"])),
                Some(command) => {
                    middle = stream.len();
                    commands.push(command.strip_prefix("ping ").map(|payload| payload.parse::<i64>().unwrap()));
                }
            }
        }
        stream.extend(hex(&vector["hex"]));
        if stream.len() > 100_000 {
            continue;
        }
        let middle = u16::try_from(middle).unwrap().to_le_bytes();
        let bits = |command: &Option<i64>| command.map_or(3, |payload| u8::try_from(payload & 1).unwrap() + 1);
        let (target, head) = if server {
            let count = u8::try_from(commands.len()).unwrap() << 4;
            let payload = commands.first().copied().flatten().map_or(0, |payload| u8::try_from(payload & 3).unwrap());
            ("server_bytes", vec![1, middle[0], middle[1], count | payload])
        } else {
            let strict = u8::from(vector["strict"] == true);
            let commands = commands.iter().rev().fold(0, |all, command| all << 2 | bits(command));
            ("client_bytes", vec![strict, 0, middle[0], middle[1], commands])
        };
        let data = [&head[..], &SIZES, &stream].concat();
        replay(&vector["name"].to_string(), check_of(target), &data);
        run += 1;
    }
    assert!(run > 100, "{run} vectors");
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
