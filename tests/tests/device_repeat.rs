//! The device by instructions: is a run the same as the run before, to the byte, the pixel and the microsecond?
//!
//! By instructions the device's own time does not depend on the host; when something reaches it still does. So what comes
//! from the network is held until the next nine tenths of a second of the device's time: an answer that the host has given by
//! then comes at the same instant in each run, and a round trip takes as long in each. What is typed has no such
//! instant, so in the part that is compared nothing is.
//!
//! What stays the emulator's: it hands the device one interrupt of its timer for two that idle time had room for (QEMU 7.2), so the
//! device's clock goes at half the speed of the pace here. By the host's clock it loses as many as the host is late
//! for. Hence no round trip is compared with a number of its own.

use proto_core::telemetry::{Envelope, Reason, Report};
use slp_tests::device::{Board, Emulator, LM3S, MPS2, each};
use slp_tests::wire::{HOST, PORT};
use slp_tests::{Wire, packets};

/// Microseconds of the device's time at whose multiples frames reach it
const PACE: u32 = 900_000;
/// Exchanges of one run
const EXCHANGES: u64 = 3;

/// What a run has left
#[derive(Debug, PartialEq, Eq)]
struct Trace {
    console: Vec<String>,
    reports: Vec<Envelope>,
    /// The view of the round-trip times
    times: Option<String>,
}

/// Three exchanges that the device begins by itself, server pings between them, the end of the connection, and a refusal
fn run(board: Board) -> Trace {
    let wire = Wire::new();
    wire.listen();
    let words = [format!("server={HOST}:{PORT}"), "watch=3".to_owned()];
    let mut emulator = words.into_iter().fold(board.on(&wire), Emulator::word);
    if board.icount {
        emulator = emulator.paced(PACE);
    }
    let mut device = emulator.start();
    for exchange in 1..=EXCHANGES {
        wire.hear(packets::hello(&HOST.to_string(), PORT));
        wire.send(packets::response(r#"{"description":"again","players":{"max":10,"online":3}}"#));
        let ping = wire.take(10);
        assert_eq!(ping[..2], [9, 1], "{board}");
        wire.send([ping, packets::ping(7)].concat());
        wire.hear(packets::ping(7));
        if exchange == EXCHANGES {
            // Sent together with what acknowledges the echo.
            wire.finish();
            wire.wait_finished();
            wire.refuse();
        }
    }
    let last = "refused the connection; next attempt in";
    device.wait_for(last);
    device.wait_for_report("the refusal", is_refused);
    let times = board.has_screen().then(|| {
        let mut control = device.control();
        control.key("right");
        let times = control.screen_where("the times, down to the last row", |screen| {
            let rows: Vec<&str> = screen.lines().collect();
            // The last rows to be drawn are empty in this view only.
            rows[50..60].iter().any(|row| !row.is_empty()) && rows[60..].iter().all(|row| row.is_empty())
        });
        if board.icount {
            // Round trips are told to a tenth of a millisecond: more than other instructions of the device make of them.
            control.wait_for_screen("times_paced");
            control.key("left");
            // Below is the pause before the next attempt, which goes by meanwhile.
            control
                .wait_for_part("status_paced", |screen| screen.lines().take(52).collect::<Vec<_>>().join("\n") + "\n");
        }
        times
    });
    device.exit();
    let mut console = device.console();
    let lines = console.iter().position(|line| line.contains(last)).expect("it has been shown") + 1;
    console.truncate(lines);
    let mut reports = device.envelopes();
    let count = reports.iter().position(|envelope| is_refused(&envelope.report)).expect("it has come") + 1;
    reports.truncate(count);
    Trace { console, reports, times }
}

fn is_refused(report: &Report) -> bool {
    *report == Report::Disconnected { reason: Reason::Refused }
}

/// A report without what time decides
fn event(envelope: &Envelope) -> Report {
    match envelope.report.clone() {
        Report::Pong { .. } => Report::Pong { payload: 0, rtt_us: 0 },
        other => other,
    }
}

#[test]
fn runs_by_instructions_are_the_same_to_the_microsecond() {
    let runs = [LM3S, MPS2].map(|board| [board.counted(), board.counted(), board]);
    let traces = each(runs.as_flattened(), run);
    for (traces, [.., board]) in traces.chunks(3).zip(runs) {
        let [first, second, by_the_clock] = traces else { panic!("three runs") };
        assert_eq!(first, second, "{board}: two runs by instructions");

        let trips: Vec<u32> = first.reports.iter().filter_map(trip).collect();
        assert_eq!(trips.len() as u64, EXCHANGES, "{board}: {first:#?}");
        // Each from one multiple to the next, less the same few instructions.
        assert!(trips.iter().all(|&trip| trip == trips[0] && trip > 0 && trip <= PACE), "{board}: {trips:?}");
        // By the host's clock, and without a pace, the same happens, at other times.
        let events = |trace: &Trace| trace.reports.iter().map(event).collect::<Vec<_>>();
        assert_eq!(events(first), events(by_the_clock), "{board}: by instructions and by the clock");
        let first_words = |trace: &Trace| trace.console.iter().map(|line| words(line)).collect::<Vec<_>>();
        assert_eq!(first_words(first), first_words(by_the_clock), "{board}: by instructions and by the clock");
    }
}

/// A line without its number of seconds
fn words(line: &str) -> String {
    line.split("next attempt in").next().unwrap_or_default().to_owned()
}

fn trip(envelope: &Envelope) -> Option<u32> {
    match envelope.report {
        Report::Pong { rtt_us, .. } => Some(rtt_us),
        _ => None,
    }
}
