//! `cargo xtask bench server` on a small scale: that every row is there and adds up, not what it says
//!
//! Without optimisation, so that it costs a build of some seconds; what it measures means nothing.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::Command;

use serde_json::Value;

/// Connections at once, and idle ones
const CONNECTIONS: u64 = 8;
const IDLE: u64 = 300;

#[test]
fn small_run_measures_every_row() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bench.json");
    let connections = format!("--connections={CONNECTIONS}");
    let idle = format!("--idle={IDLE}");
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["bench", "server", "--debug", "--rounds=2", "--seconds=0.2", "--only=minimal,slp", &connections, &idle])
        .arg("--json")
        .arg(&file)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    let results: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(results["optimised"], false);

    let rates = results["rates"].as_array().unwrap();
    let rows: Vec<_> =
        rates.iter().map(|row| (row["work"].as_str().unwrap(), row["server"].as_str().unwrap())).collect();
    assert_eq!(rows, [("sessions", "slp"), ("sessions", "minimal"), ("pings", "slp"), ("pings", "minimal")]);
    for row in rates {
        assert_eq!((&row["connections"], &row["failure"]), (&CONNECTIONS.into(), &Value::Null), "{row}");
        let samples = row["samples"].as_array().unwrap();
        assert_eq!(samples.len(), 2, "{row}");
        for sample in samples {
            adds_up(sample);
        }
    }

    let idle = results["idle"].as_array().unwrap();
    assert_eq!(idle.iter().map(|row| row["server"].as_str().unwrap()).collect::<Vec<_>>(), ["slp", "minimal"]);
    for row in idle {
        assert_eq!(row["failure"], Value::Null, "{row}");
        let steps = row["steps"].as_array().unwrap();
        assert_eq!(steps.iter().map(|step| step["connections"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 100, IDLE]);
        let rss: Vec<_> = steps.iter().map(|step| step["rss"].as_u64().unwrap()).collect();
        assert!(rss.iter().all(|bytes| (100_000..500_000_000).contains(bytes)), "{row}");
        assert!(steps.iter().all(|step| step["pss"].as_u64() <= step["rss"].as_u64()), "{row}");
    }

    // Every number that a goal is about was measured, and the table shows it with a verdict.
    let goals = results["goals"].as_array().unwrap();
    assert_eq!(goals.len(), 3, "{goals:?}");
    for goal in goals {
        let (value, limit) = (goal["value"].as_f64().unwrap(), goal["limit"].as_f64().unwrap());
        assert_eq!(goal["met"], value <= limit, "{goal}");
        let name = goal["name"].as_str().unwrap();
        let line = told.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("no {name:?} in {told}"));
        assert!(line.ends_with(if value <= limit { " met |" } else { " missed |" }), "{line}");
    }
}

/// One measurement cannot contradict itself
#[track_caller]
fn adds_up(sample: &Value) {
    let of = |key: &str| sample[key].as_f64().unwrap_or_else(|| panic!("no {key} in {sample}"));
    let (operations, micros) = (of("operations"), of("seconds") * 1e6);
    assert!(operations >= 1.0 && micros >= 0.2e6, "{sample}");
    assert!(0.0 < of("p50_us") && of("p50_us") <= of("p99_us") && of("p99_us") <= micros, "{sample}");
    // Two threads at most have had the time for it, and a system call takes more than none.
    assert!(operations < of("server_cpu_us") && of("server_cpu_us") < 4.0 * micros, "{sample}");
    // Half of the exchanges took the median or longer, so many at once.
    let busy = operations / 2.0 * of("p50_us");
    assert!(busy <= 8.0 * micros * 1.05, "{sample}");
}
