//! Tests of the results: ratios, goals, what fails a run, and the tables of all that

use super::super::load::{Failure, Memory, Sample};
use super::super::results::Idle;
use super::*;

fn sample(operations: u64, server_cpu_us: f64) -> Sample {
    Sample { operations, seconds: 2.0, p50_us: 1_500.0, p99_us: 20_000.0, server_cpu_us, load_cpu_us: 1.0 }
}

fn cell(contender: Contender, work: Work, cpus: &[f64]) -> Cell {
    let mut cell = Cell::new(contender, work, 64);
    for cpu in cpus {
        cell.take(Ok(sample(1_000, cpu * 1_000.0)));
    }
    cell
}

fn memory(connections: u64, rss: u64) -> Memory {
    Memory { connections, rss, pss: rss - 1_000 }
}

/// Three rounds in which the machine got slower and slower, which no ratio may show
fn results() -> Results {
    let machine = Machine {
        date: "2001-02-03".to_owned(),
        cpu: "Some CPU".to_owned(),
        cores: 2,
        kernel: "Linux 6".to_owned(),
        rustc: "rustc 1".to_owned(),
        load: "0.50".to_owned(),
    };
    Results {
        machine,
        load_at_end: "0.75".to_owned(),
        rounds: 3,
        seconds: 2.0,
        debug: false,
        contenders: [Contender::Slp, Contender::Minimal, Contender::Quarry]
            .map(|one| (one, format!("{} 9", one.name())))
            .to_vec(),
        refused: Vec::new(),
        cells: vec![
            cell(Contender::Slp, Work::Sessions, &[11.0, 22.0, 40.0]),
            cell(Contender::Minimal, Work::Sessions, &[10.0, 20.0, 40.0]),
            cell(Contender::Quarry, Work::Sessions, &[200.0, 400.0, 800.0]),
            cell(Contender::Slp, Work::Pings, &[1.0, 1.0, 1.0]),
            cell(Contender::Minimal, Work::Pings, &[1.0, 2.0, 4.0]),
        ],
        idle: vec![Idle::new(
            Contender::Slp,
            Ok(vec![memory(0, 1_000_000), memory(100, 1_100_000), memory(300, 1_330_000)]),
        )],
    }
}

#[test]
fn ratios_are_of_the_same_round() {
    let results = results();
    let ratio = results.ratio(&results.cells[0]).unwrap();
    assert_eq!(ratio, Spread { median: 1.1, least: 1.0, most: 1.1 });
    let without = Results { cells: vec![cell(Contender::Slp, Work::Sessions, &[1.0])], ..results };
    assert_eq!(without.ratio(&without.cells[0]), None);
}

#[test]
fn memory_is_counted_from_no_connection_on() {
    let idle = &results().idle[0];
    assert_eq!(idle.per_connection().collect::<Vec<_>>(), [(100, 1_000.0, 1_000.0), (300, 1_100.0, 1_100.0)]);
}

#[test]
fn goals_are_missed_above_their_limit_and_fail_only_when_asked() {
    let mut results = results();
    let verdicts = |results: &Results| goals::of(results).iter().map(goals::Goal::is_met).collect::<Vec<_>>();
    // Sessions at 1.1, pings at 0.5, memory at 1100.
    assert_eq!(verdicts(&results), [false, true, false]);
    assert!(results.is_good(false) && !results.is_good(true));
    results.cells[0] = cell(Contender::Slp, Work::Sessions, &[10.5, 21.0, 42.0]);
    results.idle[0].steps.truncate(2);
    assert_eq!(verdicts(&results), [true, true, true]);
    assert!(results.is_good(true));
    results.idle[0].steps.truncate(1);
    assert!(!results.is_good(true), "what was not measured is not met");
    results.contenders.remove(1);
    assert_eq!(verdicts(&results), [false], "without the minimal server only the memory is judged");
}

#[test]
fn wrong_answers_fail_the_run_and_a_dead_stranger_only_its_row() {
    let mut results = results();
    results.cells[2].take(Err(Failure::Gone("the server ended".to_owned())));
    assert!(results.is_good(false));
    results.cells[2].take(Err(Failure::Wrong("1 wrong".to_owned())));
    assert!(!results.is_good(false));
    results.cells[2].failure = None;
    results.cells[1].take(Err(Failure::Gone("the server ended".to_owned())));
    assert!(!results.is_good(false), "nothing can be compared without it");
}

#[test]
fn tables_hold_every_server() {
    let mut results = results();
    results.idle.push(Idle::new(Contender::Quarry, Err(Failure::Gone("out of memory".to_owned()))));
    let text = render(&results);
    let expected = "\
2001-02-03, Some CPU, 2 cores, Linux 6, rustc 1; load average 0.50 before and 0.75 after; 3 rounds of 2 s

### Sessions (connect, handshake, request, response, ping, pong, close), 64 connections at once

| server    |            CPU µs each |           × minimal | per second | p50 ms | p99 ms |
| --------- | ---------------------: | ------------------: | ---------: | -----: | -----: |
| slp 9     |    22.00 (11.00–40.00) |    1.10 (1.00–1.10) |        500 |   1.50 |  20.00 |
| minimal 9 |    20.00 (10.00–40.00) |    1.00 (1.00–1.00) |        500 |   1.50 |  20.00 |
| quarry 9  | 400.00 (200.00–800.00) | 20.00 (20.00–20.00) |        500 |   1.50 |  20.00 |

### Pings on kept connections (handshake and ping in one write, pong), 64 connections at once

| server    |         CPU µs each |        × minimal | per second | p50 ms | p99 ms |
| --------- | ------------------: | ---------------: | ---------: | -----: | -----: |
| slp 9     |    1.00 (1.00–1.00) | 0.50 (0.25–1.00) |        500 |   1.50 |  20.00 |
| minimal 9 |    2.00 (1.00–4.00) | 1.00 (1.00–1.00) |        500 |   1.50 |  20.00 |
| quarry 9  | closes after a Pong |                  |            |        |        |

### Memory of the process per idle connection

| server   | connections | RSS, bytes | PSS, bytes |
| -------- | ----------: | ---------: | ---------: |
| slp 9    |         100 |       1000 |       1000 |
| slp 9    |         300 |       1100 |       1100 |
| quarry 9 |      failed |            |            |

quarry 9: at most 2000; each connection has a clock that ticks 20 times a second, busy or not.

### Goals

| goal                                                  | measured | at most | verdict |
| ----------------------------------------------------- | -------: | ------: | ------: |
| processor time per session, 64 connections, × minimal |     1.10 |    1.05 |  missed |
| processor time per ping, 64 connections, × minimal    |     0.50 |    1.05 |     met |
| bytes (RSS) per idle connection at 300                |  1100.00 | 1024.00 |  missed |

quarry failed: out of memory
";
    assert_eq!(text, expected);
}
