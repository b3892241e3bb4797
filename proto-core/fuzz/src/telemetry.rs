//! What a device reports: nothing is mistaken for a report, and none is lost behind garbage
//!
//! Input: sizes of the pieces, a choice (0: the rest is what the line gives; else a report is made of the rest, with
//! garbage before it and after it). The second opinion is COBS, CRC and the frame's form, read over the whole line, and
//! [`envelope`](crate::envelope) for what it says.

use core::net::{Ipv4Addr, SocketAddrV4};

use proto_core::telemetry::{
    DESCRIPTION, Decoder, Envelope, Event, Fault, Losses, MAX_FRAME, NAME, Reason, Report, cut, encode,
};

use crate::envelope::Envelope as Second;
use crate::input::{Input, Sizes, assert_clean};
use crate::mistake::{Mistake, made};

/// Panics where something does not hold
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let sizes = input.sizes();
    match input.byte() {
        0 => line(input.rest(), sizes),
        choice => report(choice, &mut input, sizes),
    }
}

/// Whatever a line gives
fn line(bytes: &[u8], sizes: Sizes) {
    let (events, pending) = read(bytes, sizes);
    assert_eq!(read(bytes, Sizes::SINGLE), (events.clone(), pending));

    let mut frames = bytes.split(|byte| *byte == 0).peekable();
    let mut expected = Vec::new();
    while let Some(frame) = frames.next() {
        let taken = u32::try_from(frame.len()).expect("a short line");
        if frames.peek().is_none() {
            assert_eq!(pending, taken, "what no zero has ended is pending");
        } else if taken > 0 {
            expected.push((taken, unstuffed(frame)));
        }
    }
    assert_eq!(events.len(), expected.len(), "an event for everything between zeros");
    for (event, (taken, payload)) in events.iter().zip(expected) {
        match event {
            Event::Report(envelope) => {
                let payload = payload.expect("a report is COBS");
                assert!(checksum(&payload), "a report has a CRC that matches");
                assert_eq!(said(&payload), Some(envelope.into()));
                shown(event);
                // The same again, if not byte by byte: postcard reads numbers that are longer than they need be.
                round_trip(envelope);
            }
            Event::Skipped { bytes, fault } => {
                assert_eq!(*bytes, taken);
                shown(event);
                match fault {
                    Fault::TooLong => assert!(taken as usize > MAX_FRAME - 3, "{taken}"),
                    Fault::Torn => assert_eq!(payload, None),
                    Fault::Checksum => assert!(!checksum(&payload.expect("only COBS has a checksum"))),
                    Fault::Malformed => {
                        let payload = payload.expect("only COBS has a checksum");
                        assert!(checksum(&payload));
                        assert_eq!(said(&payload), None);
                    }
                }
            }
        }
    }
}

/// A report comes through, whatever stands before it
fn report(choice: u8, input: &mut Input<'_>, sizes: Sizes) {
    let envelope = envelope(choice, input);
    let frame = round_trip(&envelope);
    let garbage = input.rest();
    let (before, pending) = read(garbage, Sizes::WHOLE);
    let (events, left) = read(&[garbage, &frame].concat(), sizes);
    let skipped = usize::from(pending > 0);
    assert_eq!(events.len(), before.len() + skipped + 1, "the frame's first zero ends what stands before it");
    assert_eq!(events[..before.len()], before[..]);
    assert_eq!((events.last(), left), (Some(&Event::Report(envelope.clone())), 0));

    // One byte of it changed: CRC-16 notices any change within two bytes.
    if let Some((&at, &to)) = garbage.first().zip(garbage.get(1)) {
        let mut bent = frame.clone();
        let at = 1 + usize::from(at) % (bent.len() - 2);
        if to != 0 && bent[at] != to && !codes(&frame).contains(&at) {
            bent[at] = to;
            let (events, _) = read(&bent, sizes);
            assert!(!events.iter().any(|event| matches!(event, Event::Report(_))), "{events:?} of {bent:02x?}");
        }
    }
    losses(&envelope);
}

fn losses(envelope: &Envelope) {
    let mut losses = Losses::new();
    assert_eq!(losses.handle_report(envelope), 0, "what came before the first is unknown");
    let boots = matches!(envelope.report, Report::Boot { .. });
    for missing in [0, 1, 7] {
        let sequence = envelope.sequence.wrapping_add(1).wrapping_add(missing);
        let next = Envelope { sequence, ..envelope.clone() };
        let counted = losses.handle_report(&next) + u32::from(made(Mistake::LossCountedTwice) && missing > 0);
        assert_eq!(counted, if boots { 0 } else { missing });
        losses = Losses::new();
        assert_eq!(losses.handle_report(envelope), 0);
    }
}

fn read(bytes: &[u8], sizes: Sizes) -> (Vec<Event>, u32) {
    let mut decoder = Decoder::new();
    let mut events = Vec::new();
    for piece in sizes.cut(bytes) {
        let mut rest = piece;
        while !rest.is_empty() {
            let (consumed, event) = decoder.handle_input(rest);
            assert!(event.is_some() || consumed == rest.len());
            rest = &rest[consumed..];
            let wrong = matches!(event, Some(Event::Skipped { fault: Fault::Checksum, .. }));
            events.extend(event.filter(|_| !(wrong && made(Mistake::ChecksumPassedOver))));
        }
    }
    let pending = decoder.pending();
    let mut ended = decoder.clone();
    let end = ended.handle_eof().filter(|_| !made(Mistake::PendingForgotten));
    assert_eq!(end, (pending > 0).then_some(Event::Skipped { bytes: pending, fault: Fault::Torn }));
    assert_eq!((ended.pending(), ended.handle_eof()), (0, None));
    (events, pending)
}

/// Encodes, looks at the form, decodes
fn round_trip(envelope: &Envelope) -> Vec<u8> {
    let mut buffer = [0; MAX_FRAME];
    let frame = encode(envelope, &mut buffer).expect("enough room").to_vec();
    let [0, stuffed @ .., 0] = frame.as_slice() else { panic!("no zeros around {frame:02x?}") };
    assert!(!stuffed.contains(&0));
    let payload = unstuffed(stuffed).expect("COBS");
    assert!(checksum(&payload));
    assert_eq!(said(&payload), Some(envelope.into()));
    assert_eq!(read(&frame, Sizes::WHOLE), (vec![Event::Report(envelope.clone())], 0));
    // One byte fewer is too few; the error says how many are enough.
    let mut small = vec![0; frame.len() - 1];
    let error = encode(envelope, &mut small).expect_err("too small a buffer").to_string();
    assert!(error.contains(&MAX_FRAME.to_string()), "{error}");
    frame
}

/// The report in front of the CRC
fn said(payload: &[u8]) -> Option<Second<'_>> {
    let (body, _) = payload.split_last_chunk::<2>()?;
    Second::read(body)
}

/// What a frame says in COBS
fn unstuffed(frame: &[u8]) -> Option<Vec<u8>> {
    let mut payload = Vec::new();
    let mut rest = frame;
    while let Some((&code, behind)) = rest.split_first() {
        let run = behind.get(..usize::from(code) - 1)?;
        payload.extend(run);
        rest = &behind[run.len()..];
        if code < 0xFF && !rest.is_empty() {
            payload.push(0);
        }
    }
    Some(payload)
}

/// Where in a frame the code bytes of COBS stand
fn codes(frame: &[u8]) -> Vec<usize> {
    let mut codes = Vec::new();
    let mut at = 1;
    while frame[at] != 0 {
        codes.push(at);
        at += usize::from(frame[at]);
    }
    codes
}

/// Whether the last two bytes are the CRC-16/CCITT-FALSE of the others: the CRC of all is zero then
fn checksum(payload: &[u8]) -> bool {
    let crc = payload.iter().fold(0xFFFF_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| if crc >> 15 == 1 { crc << 1 ^ 0x1021 } else { crc << 1 })
    });
    payload.len() >= 2 && crc == 0
}

fn envelope(choice: u8, input: &mut Input<'_>) -> Envelope {
    let sequence = u32::from_le_bytes(input.array());
    let time_us = u64::from_le_bytes(input.array());
    let flags = input.byte();
    let i32 = |bytes| i32::from_le_bytes(bytes);
    let report = match choice % 8 {
        0 => {
            let (version, _) = cut::<NAME>(input.short_text());
            let (board, _) = cut::<NAME>(input.short_text());
            Report::Boot { version, board }
        }
        1 => Report::Address {
            address: Ipv4Addr::from(input.array::<4>()),
            prefix: input.byte(),
            gateway: (flags & 1 != 0).then(|| Ipv4Addr::from(input.array::<4>())),
            by_dhcp: flags & 2 != 0,
        },
        2 => Report::Connected {
            server: SocketAddrV4::new(Ipv4Addr::from(input.array::<4>()), u16::from_le_bytes(input.array())),
        },
        3 => {
            let text = input.short_text();
            let (description, description_cut) = cut::<DESCRIPTION>(text);
            assert_eq!(description.as_str(), &text[..text.floor_char_boundary(DESCRIPTION)]);
            assert_eq!(description_cut, text.len() > description.len());
            Report::Status {
                online: (flags & 1 != 0).then(|| i32(input.array())),
                max: (flags & 2 != 0).then(|| i32(input.array())),
                response_bytes: u32::from_le_bytes(input.array()),
                description,
                description_cut,
            }
        }
        4 => Report::Pong { payload: i64::from_le_bytes(input.array()), rtt_us: u32::from_le_bytes(input.array()) },
        5 => Report::ServerPing { payload: i64::from_le_bytes(input.array()) },
        6 => Report::Error {
            code: u16::from_le_bytes(input.array()),
            numbers: [i64::from_le_bytes(input.array()), i64::from_le_bytes(input.array())],
        },
        _ => {
            use Reason::{ByServer, Exit, Network, Protocol, Refused, Replaced, TimedOut, Unresolved};
            let reasons = [Exit, ByServer, Refused, TimedOut, Protocol, Network, Replaced, Unresolved];
            Report::Disconnected { reason: reasons[usize::from(flags) % reasons.len()] }
        }
    };
    Envelope { sequence, time_us, report }
}

fn shown(event: &Event) {
    let line = event.to_string();
    assert_clean(&line);
    assert!(!line.is_empty() && line.len() < 400, "{line:?}");
}
