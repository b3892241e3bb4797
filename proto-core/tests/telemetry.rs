//! Device reports over a line that loses, tears and adds bytes
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::net::{Ipv4Addr, SocketAddrV4};

use proptest::prelude::*;
use proto_core::telemetry::{
    DESCRIPTION, Decoder, EncodeError, Envelope, Event, Fault, Losses, MAX_FRAME, NAME, Reason, Report, cut, encode,
};

fn frame(envelope: &Envelope) -> Vec<u8> {
    encode(envelope, &mut [0; MAX_FRAME]).unwrap().to_vec()
}

/// A frame of any body, so that what no encoder makes can be tried
fn frame_of(body: &[u8]) -> Vec<u8> {
    let mut crc = 0xFFFF_u16;
    for &byte in body {
        for bit in (0..8).rev() {
            let carry = (crc >> 15) ^ u16::from(byte >> bit & 1);
            crc = crc << 1 ^ if carry == 1 { 0x1021 } else { 0 };
        }
    }
    let mut frame = vec![0];
    let payload = [body, &crc.to_be_bytes()].concat();
    for run in payload.split(|&byte| byte == 0) {
        assert!(run.len() < 254, "a single code byte is enough");
        frame.push(u8::try_from(run.len() + 1).unwrap());
        frame.extend(run);
    }
    frame.push(0);
    frame
}

/// All events of the input in pieces of the sizes given, over and over
fn decode(input: &[u8], sizes: &[usize]) -> (Vec<Event>, u32) {
    let mut decoder = Decoder::new();
    let mut events = Vec::new();
    let mut rest = input;
    for &size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (mut piece, after) = rest.split_at(size.min(rest.len()));
        while !piece.is_empty() {
            let (consumed, event) = decoder.handle_input(piece);
            assert!(consumed > 0 && (event.is_some() || consumed == piece.len()));
            events.extend(event);
            piece = &piece[consumed..];
        }
        rest = after;
    }
    (events, decoder.pending())
}

fn ping(sequence: u32) -> Envelope {
    Envelope { sequence, time_us: 1, report: Report::ServerPing { payload: 7 } }
}

fn any_report() -> impl Strategy<Value = Report> {
    let name = || any::<String>().prop_map(|text| cut::<NAME>(&text).0);
    prop_oneof![
        (name(), name()).prop_map(|(version, board)| Report::Boot { version, board }),
        any::<(u32, u8, Option<u32>, bool)>().prop_map(|(address, prefix, gateway, by_dhcp)| {
            Report::Address {
                address: Ipv4Addr::from_bits(address),
                prefix,
                gateway: gateway.map(Ipv4Addr::from_bits),
                by_dhcp,
            }
        }),
        any::<(u32, u16)>()
            .prop_map(|(ip, port)| Report::Connected { server: SocketAddrV4::new(Ipv4Addr::from_bits(ip), port) }),
        any::<(Option<i32>, Option<i32>, u32, String)>().prop_map(|(online, max, response_bytes, text)| {
            let (description, description_cut) = cut::<DESCRIPTION>(&text);
            Report::Status { online, max, response_bytes, description, description_cut }
        }),
        any::<(i64, u32)>().prop_map(|(payload, rtt_us)| Report::Pong { payload, rtt_us }),
        any::<i64>().prop_map(|payload| Report::ServerPing { payload }),
        any::<(u16, [i64; 2])>().prop_map(|(code, numbers)| Report::Error { code, numbers }),
        prop::sample::select(
            &[Reason::Exit, Reason::Refused, Reason::Protocol, Reason::Network, Reason::Replaced, Reason::Unresolved][..]
        )
        .prop_map(|reason| Report::Disconnected { reason }),
    ]
}

fn any_envelope() -> impl Strategy<Value = Envelope> {
    (any::<u32>(), any::<u64>(), any_report()).prop_map(|(sequence, time_us, report)| Envelope {
        sequence,
        time_us,
        report,
    })
}

#[test]
fn a_frame_is_these_bytes() {
    // Sequence 1, time 300 (varint AC 02), variant 5, payload -1 (zigzag 01): the wire's order may not change.
    let envelope = Envelope { sequence: 1, time_us: 300, report: Report::ServerPing { payload: -1 } };
    let body = [0x01, 0xAC, 0x02, 0x05, 0x01];
    assert_eq!(frame(&envelope), frame_of(&body));
    // The checksum's published check value.
    assert_eq!(frame_of(b"123456789")[11..13], [0x29, 0xB1]);
}

#[test]
fn the_longest_report_fills_the_longest_frame() {
    // Every number at its longest, and no byte zero.
    let envelope = Envelope {
        sequence: u32::MAX,
        time_us: u64::MAX,
        report: Report::Status {
            online: Some(i32::MIN),
            max: Some(i32::MIN),
            response_bytes: u32::MAX,
            description: cut(&"d".repeat(100)).0,
            description_cut: true,
        },
    };
    let whole = frame(&envelope);
    assert_eq!(whole.len(), MAX_FRAME);
    assert_eq!(decode(&whole, &[1]), (vec![Event::Report(envelope.clone())], 0));
    for room in 0..MAX_FRAME {
        assert_eq!(
            encode(&envelope, &mut vec![0xEE; room]),
            Err(EncodeError::OutputTooSmall { room, enough: MAX_FRAME })
        );
    }
}

#[test]
fn room_that_ends_at_any_byte_is_too_small() {
    let address = Ipv4Addr::UNSPECIFIED;
    for report in [
        Report::Address { address, prefix: 0, gateway: Some(address), by_dhcp: false },
        Report::Error { code: 0, numbers: [0, i64::MIN] },
    ] {
        let envelope = Envelope { sequence: 0, time_us: 0, report };
        for room in 0..frame(&envelope).len() {
            let small = EncodeError::OutputTooSmall { room, enough: MAX_FRAME };
            assert_eq!(encode(&envelope, &mut vec![0xEE; room]), Err(small), "{envelope}");
        }
    }
}

#[test]
fn garbage_is_skipped_to_the_next_zero_and_counted() {
    let (first, second) = (ping(0), ping(1));
    let text = b"Booting... \x1b[31mpanic\x1b[0m\r\n";
    let line = [&text[..], &frame(&first), text, text, &frame(&second)].concat();
    let garbage = |bytes: usize| (u32::try_from(bytes).unwrap(), bytes);
    let (events, pending) = decode(&line, &[3]);
    assert_eq!(pending, 0);
    let skipped: Vec<_> = events
        .iter()
        .filter_map(|event| if let Event::Skipped { bytes, .. } = event { Some(*bytes) } else { None })
        .collect();
    assert_eq!(skipped, [garbage(text.len()).0, garbage(2 * text.len()).0]);
    let reports: Vec<_> = events.iter().filter(|event| matches!(event, Event::Report(_))).collect();
    assert_eq!(reports, [&Event::Report(first), &Event::Report(second)], "both survive");
}

#[test]
fn each_fault_is_told_apart() {
    // Each one after the first is a zero; between the two zeros of the longest frame stand that and one code.
    let longest = MAX_FRAME - 2;
    let cases: [(Vec<u8>, Fault); 8] = [
        (vec![1; 200], Fault::TooLong),
        (vec![1; longest + 1], Fault::TooLong),
        (vec![1; longest], Fault::Checksum),
        (vec![9, 1, 2], Fault::Torn),
        (vec![2, 1], Fault::Checksum),
        (vec![5, 1, 2, 3, 4], Fault::Checksum),
        // A variant that this version does not know, and a report with a byte too many.
        (frame_of(&[1, 1, 99]), Fault::Malformed),
        (frame_of(&[1, 1, 5, 1, 1]), Fault::Malformed),
    ];
    for (garbage, expected) in cases {
        let line = [&garbage[..], &frame(&ping(3))].concat();
        let counted = garbage.iter().filter(|&&byte| byte != 0).count().try_into().unwrap();
        let (events, _) = decode(&line, &[usize::MAX]);
        assert_eq!(events, [Event::Skipped { bytes: counted, fault: expected }, Event::Report(ping(3))]);
    }
}

#[test]
fn zeros_alone_are_no_event() {
    assert_eq!(decode(&[0; 100], &[3]), (vec![], 0));
}

#[test]
fn the_end_of_the_line_tells_what_was_left() {
    let whole = frame(&ping(0));
    let mut decoder = Decoder::new();
    assert_eq!(decoder.handle_input(&whole[..5]), (5, None));
    assert_eq!(decoder.pending(), 4);
    assert_eq!(decoder.handle_eof(), Some(Event::Skipped { bytes: 4, fault: Fault::Torn }));
    assert_eq!(decoder.handle_eof(), None);
    assert_eq!(decoder.handle_input(&whole), (whole.len(), Some(Event::Report(ping(0)))), "and it begins anew");
}

#[test]
fn every_flipped_bit_is_noticed() {
    let envelope =
        Envelope { sequence: 5, time_us: 123_456, report: Report::Pong { payload: 1_700_000_000_000, rtt_us: 1_234 } };
    let whole = frame(&envelope);
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut line = whole.clone();
            line[at] ^= 1 << bit;
            // The leading zero turned to garbage takes the frame along; nothing may become another report.
            let (events, _) = decode(&line, &[usize::MAX]);
            assert!(!events.iter().any(|event| matches!(event, Event::Report(_))), "byte {at} bit {bit}: {events:?}");
        }
    }
}

#[test]
fn losses_are_counted() {
    let mut losses = Losses::new();
    let boot = |sequence| Envelope {
        sequence,
        time_us: 0,
        report: Report::Boot { version: cut("0.1.0").0, board: cut("board").0 },
    };
    assert_eq!(losses.handle_report(&ping(17)), 0, "what came before the first is unknown");
    assert_eq!(losses.handle_report(&ping(18)), 0);
    assert_eq!(losses.handle_report(&ping(22)), 3);
    assert_eq!(losses.handle_report(&boot(0)), 0, "a restart is no loss");
    assert_eq!(losses.handle_report(&ping(2)), 1);
    assert_eq!(losses.handle_report(&boot(0)), 0);
    assert_eq!(losses.handle_report(&ping(u32::MAX)), u32::MAX - 1);
    assert_eq!(losses.handle_report(&ping(0)), 0, "the number wraps");
    assert_eq!(losses.handle_report(&ping(u32::MAX - 1)), u32::MAX - 2);
    assert_eq!(losses.handle_report(&ping(2)), 3, "also across a loss");
}

#[test]
fn texts_are_cut_at_a_character() {
    assert_eq!(cut::<4>("abcd"), ("abcd".try_into().unwrap(), false));
    assert_eq!(cut::<4>("abcde"), ("abcd".try_into().unwrap(), true));
    assert_eq!(cut::<4>("abcé!"), ("abc".try_into().unwrap(), true), "nothing after the cut slips in");
    assert_eq!(cut::<4>(""), ("".try_into().unwrap(), false));
}

#[test]
fn reports_display_as_one_clean_line() {
    let shown = |report| Envelope { sequence: 4, time_us: 61_000_250, report }.to_string();
    let status = |online, max, text: &str| Report::Status {
        online,
        max,
        response_bytes: 310,
        description: cut(text).0,
        description_cut: text.len() > DESCRIPTION,
    };
    let address = Ipv4Addr::new(10, 0, 2, 15);
    for (report, expected) in [
        (Report::Boot { version: cut("0.1.0").0, board: cut("a\nb").0 }, "boot: version 0.1.0 on a b"),
        (
            Report::Address { address, prefix: 24, gateway: Some(Ipv4Addr::new(10, 0, 2, 2)), by_dhcp: true },
            "address 10.0.2.15/24, gateway 10.0.2.2 (DHCP)",
        ),
        (Report::Address { address, prefix: 8, gateway: None, by_dhcp: false }, "address 10.0.2.15/8 (configured)"),
        (Report::Connected { server: SocketAddrV4::new(address, 25_565) }, "connected to 10.0.2.15:25565"),
        (status(Some(3), Some(10), "Hi\x1b[2J"), "status: 3 of 10 online, 310 bytes: Hi\u{fffd}[2J"),
        (status(None, Some(-1), ""), "status: unknown of -1 online, 310 bytes: "),
        (Report::Pong { payload: -7, rtt_us: 12_034 }, "pong -7: 12.034 ms"),
        (Report::ServerPing { payload: 42 }, "server ping 42"),
        (Report::Error { code: 0, numbers: [1, -2] }, "error 0 (1, -2)"),
        (Report::Disconnected { reason: Reason::TimedOut }, "disconnected: the server took too long"),
    ] {
        assert_eq!(shown(report), format!("#4 61.000250 {expected}"));
    }
    assert!(shown(status(None, None, &"x".repeat(65))).ends_with("x…"));
    let skipped = Event::Skipped { bytes: 3, fault: Fault::Checksum };
    assert_eq!(skipped.to_string(), "skipped 3 bytes: the checksum does not match");
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 256 })
    })]

    #[test]
    fn a_frame_holds_what_postcard_makes_of_the_report(envelope in any_envelope()) {
        let mut buffer = [0; MAX_FRAME];
        let body = postcard::to_slice(&envelope, &mut buffer).unwrap();
        prop_assert_eq!(frame(&envelope), frame_of(body));
    }

    #[test]
    fn every_report_round_trips_in_any_split(
        envelopes in prop::collection::vec(any_envelope(), 1..5), sizes in prop::collection::vec(1_usize..40, 1..5),
    ) {
        let line: Vec<u8> = envelopes.iter().flat_map(frame).collect();
        let events: Vec<_> = envelopes.into_iter().map(Event::Report).collect();
        prop_assert_eq!(decode(&line, &sizes), (events, 0));
    }

    #[test]
    fn any_bytes_in_any_split_are_the_same(
        input in prop::collection::vec(prop_oneof![0_u8..6, any::<u8>()], 0..400),
        sizes in prop::collection::vec(1_usize..40, 1..5),
    ) {
        let whole = decode(&input, &[usize::MAX]);
        prop_assert_eq!(&whole, &decode(&input, &sizes));
        let skipped: u32 = whole.0.iter()
            .map(|event| if let Event::Skipped { bytes, .. } = event { *bytes } else { 0 })
            .sum();
        // No report came about by chance in these bytes: every byte but the zeros is accounted for.
        if !whole.0.iter().any(|event| matches!(event, Event::Report(_))) {
            prop_assert_eq!((skipped + whole.1) as usize, input.iter().filter(|&&byte| byte != 0).count());
        }
    }

    #[test]
    fn a_report_survives_what_comes_before_it(garbage: Vec<u8>, envelope in any_envelope()) {
        let (events, pending) = decode(&[garbage, frame(&envelope)].concat(), &[usize::MAX]);
        prop_assert_eq!(events.last(), Some(&Event::Report(envelope)));
        prop_assert_eq!(pending, 0);
    }

    #[test]
    fn any_body_with_a_right_checksum_is_a_report_or_malformed(body in prop::collection::vec(any::<u8>(), 0..90)) {
        let (events, _) = decode(&frame_of(&body), &[usize::MAX]);
        let right = matches!(events[..], [Event::Report(_) | Event::Skipped { fault: Fault::Malformed, .. }]);
        prop_assert!(right, "{events:?}");
        prop_assert!(!events[0].to_string().contains(char::is_control));
    }
}
