//! What the monitor makes of bytes, without a source

use std::io;

use proptest::prelude::*;
use proto_core::telemetry::{Envelope, Fault, MAX_FRAME, Report as Said, encode};

use super::stream::Stream;
use super::{Event, Uptime};
use crate::report::{Report, Severity};

fn report(sequence: u32, time_us: u64) -> Envelope {
    Envelope { sequence, time_us, report: Said::ServerPing { payload: 7 } }
}

fn boot() -> Envelope {
    let said = Said::Boot { version: "0.1.0".try_into().unwrap(), board: "lm3s6965".try_into().unwrap() };
    Envelope { sequence: 0, time_us: 40, report: said }
}

fn bytes(envelopes: &[Envelope]) -> Vec<u8> {
    let mut buffer = [0; MAX_FRAME];
    envelopes.iter().flat_map(|envelope| encode(envelope, &mut buffer).unwrap().to_vec()).collect()
}

fn events(stream: &mut Stream, bytes: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    let mut print = |event| {
        events.push(event);
        Ok(())
    };
    stream.handle_input(bytes, true, &mut print).unwrap();
    events
}

/// The number of each report with how many are lost before it; -1 for a restart
fn losses(envelopes: &[Envelope]) -> Vec<(i64, u32)> {
    events(&mut Stream::default(), &bytes(envelopes))
        .into_iter()
        .map(|event| match event {
            Event::Report { envelope, lost } => (i64::from(envelope.sequence), lost),
            Event::Restarted => (-1, 0),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn missing_reports_are_counted() {
    assert_eq!(losses(&[report(7, 1), report(8, 2), report(12, 3)]), [(7, 0), (8, 0), (12, 3)]);
    assert_eq!(losses(&[report(u32::MAX, 1), report(1, 2)]), [(i64::from(u32::MAX), 0), (1, 1)]);
}

#[test]
fn a_boot_begins_the_count_anew() {
    assert_eq!(losses(&[report(7, 100), boot(), report(1, 50)]), [(7, 0), (0, 0), (1, 0)]);
}

#[test]
fn a_restart_whose_boot_report_is_lost_is_seen_and_does_not_count_billions() {
    // By its numbers, though its time has gone on.
    assert_eq!(losses(&[report(500, 100), report(3, 200)]), [(500, 0), (-1, 0), (3, 3)]);
    // By its time, though its numbers have gone on.
    assert_eq!(losses(&[report(2, 100), report(6, 50)]), [(2, 0), (-1, 0), (6, 6)]);
    assert_eq!(losses(&[report(2, 100), report(3, 100)]), [(2, 0), (3, 0)]);
}

#[test]
fn bytes_without_a_frame_are_told_once_until_one_ends() {
    let mut stream = Stream::default();
    assert_eq!(events(&mut stream, &[b'x'; 1_023]), []);
    assert_eq!(events(&mut stream, b"x"), [Event::Noise { bytes: 1_024 }]);
    assert_eq!(events(&mut stream, &[b'x'; 5_000]), []);
    assert_eq!(events(&mut stream, &[0]), [Event::Skipped { bytes: 6_024, fault: Fault::TooLong }]);
    assert_eq!(events(&mut stream, &[b'x'; 2_000]), [Event::Noise { bytes: 2_000 }]);
}

#[test]
fn an_output_that_fails_ends_it() {
    let error = Stream::default()
        .handle_input(&bytes(&[boot()]), true, &mut |_| Err(io::ErrorKind::BrokenPipe.into()))
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn losses_are_told_with_the_report_and_make_a_warning_of_it() {
    let line = |lost| Event::Report { envelope: report(9, 1), lost }.line().unwrap();
    assert_eq!((line(0).severity, line(0).text.as_str()), (Severity::Info, "#9 server ping 7 answered"));
    let told = "#9 server ping 7 answered (1 report lost before it)";
    assert_eq!((line(1).severity, line(1).text.as_str()), (Severity::Warning, told));
}

#[test]
fn times_since_boot_are_hours_minutes_seconds_and_milliseconds() {
    assert_eq!(Uptime(0).to_string(), "00:00:00.000");
    assert_eq!(Uptime(3_723_004_999).to_string(), "01:02:03.004");
    assert_eq!(Uptime(360_000_000_000).to_string(), "100:00:00.000");
    assert_eq!(Uptime(u64::MAX).to_string(), "5124095576:01:49.551");
    assert_eq!(Uptime::UNKNOWN.len(), Uptime(0).to_string().len());
}

proptest! {
    #[test]
    fn whatever_arrives_each_event_is_one_clean_line(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        for event in events(&mut Stream::default(), &bytes) {
            let line = event.line().unwrap().text;
            prop_assert!(!line.contains(char::is_control), "{line:?}");
            prop_assert!(event.json().is_some_and(|json| json["event"].is_string()));
        }
    }

    #[test]
    fn pieces_make_no_difference(
        at in prop::collection::vec((0_u32..9, 0_u64..9), 0..12),
        garbage in prop::collection::vec(any::<u8>(), 0..30),
        piece in 1_usize..40,
    ) {
        let envelopes: Vec<_> = at.into_iter().map(|(sequence, time_us)| report(sequence, time_us)).collect();
        let line = [garbage, bytes(&envelopes)].concat();
        let mut stream = Stream::default();
        let in_pieces: Vec<_> = line.chunks(piece).flat_map(|piece| events(&mut stream, piece)).collect();
        prop_assert_eq!(in_pieces, events(&mut Stream::default(), &line));
    }
}
