//! The legacy ping in both directions (PROTOCOL.md §7), by the shared vectors and by every short input
#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;
use proto_core::legacy::{
    Answer, AnswerDecoder, AnswerError, Detector, EncodeError, Form, Kind, LegacyStatus, MAX_ANSWER, MAX_REQUEST,
    Request, RequestDecoder, SILENCE, Verdict, encode_answer, encode_request,
};
use serde_json::{Value, json};

fn bytes(hex: &str) -> Vec<u8> {
    let (pairs, odd) = hex.as_bytes().as_chunks::<2>();
    assert!(odd.is_empty(), "odd hex {hex}");
    let digits = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16);
    pairs.iter().map(|pair| digits(pair).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Beta => "beta",
        Kind::V1_4 => "1.4",
        Kind::V1_6 => "1.6",
    }
}

fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Undecided => "undecided",
        Verdict::Modern { .. } => "modern",
        Verdict::Legacy(kind) => kind_name(kind),
    }
}

fn shown_request(decoder: &RequestDecoder) -> Value {
    let Request { protocol, host, host_cut, port } = decoder.request();
    json!({"protocol": protocol, "host": host, "host_cut": host_cut, "port": port, "done": decoder.is_done()})
}

fn shown_answer(answer: &Answer<'_>, rest: usize) -> Value {
    let mut shown = json!({
        "form": match answer.form {
            Form::Fields => "fields",
            Form::Split => "split",
            Form::Message => "message",
        },
        "protocol": answer.protocol,
        "version": answer.version, "version_cut": answer.version_cut,
        "description": answer.description, "description_cut": answer.description_cut,
        "online": answer.online, "max": answer.max, "unpaired": answer.unpaired,
    });
    if rest > 0 {
        shown["rest"] = json!(rest);
    }
    shown
}

/// Feeds an answer in pieces of the sizes given, over and over, then the end of the stream
fn decode_answer(input: &[u8], sizes: &[usize]) -> Result<Value, AnswerError> {
    let mut decoder = AnswerDecoder::new();
    let mut rest = input;
    for &size in sizes.iter().cycle() {
        if rest.is_empty() || decoder.answer().is_some() {
            break;
        }
        let (piece, _) = rest.split_at(size.min(rest.len()));
        let consumed = decoder.handle_input(piece)?;
        assert!(consumed == piece.len() || decoder.answer().is_some(), "stopped before the end");
        rest = &rest[consumed..];
    }
    decoder.handle_eof()?;
    Ok(shown_answer(&decoder.answer().expect("complete"), rest.len()))
}

/// Offers bytes up to the verdict, as a driver does; gives the number consumed with it
fn detect(detector: &mut Detector, input: &[u8]) -> (usize, Verdict) {
    for (consumed, &byte) in input.iter().enumerate() {
        match detector.handle_byte(byte) {
            Verdict::Undecided => {}
            modern @ Verdict::Modern { .. } => return (consumed, modern),
            legacy @ Verdict::Legacy(_) => return (consumed + 1, legacy),
        }
    }
    (input.len(), Verdict::Undecided)
}

/// What a vector's input gives: a value, or the refusal's text
fn run(kind: &str, input: &Value) -> Result<Value, String> {
    let raw = || bytes(input.as_str().expect("hex"));
    let text = |key: &str| input[key].as_str().unwrap_or_else(|| panic!("{key} in {input}"));
    let number = |key: &str| input[key].as_u64().unwrap_or_else(|| panic!("{key} in {input}"));
    match kind {
        "detect" => {
            let (consumed, verdict) = detect(&mut Detector::new(), &raw());
            let mut shown = json!({"verdict": verdict_name(verdict), "consumed": consumed});
            if let Verdict::Modern { replay } = verdict {
                shown["replay"] = json!(hex(replay));
            }
            Ok(shown)
        }
        "silence" => {
            let mut detector = Detector::new();
            let _ = detect(&mut detector, &raw());
            Ok(json!({"verdict": verdict_name(detector.handle_silence())}))
        }
        "encode answer" => {
            let kind = [Kind::Beta, Kind::V1_4, Kind::V1_6]
                .into_iter()
                .find(|&kind| kind_name(kind) == text("kind"))
                .expect("a kind");
            let status = LegacyStatus {
                version: text("version"),
                description: text("description"),
                online: number("online").try_into().unwrap(),
                max: number("max").try_into().unwrap(),
            };
            let mut out = [0; MAX_ANSWER];
            let length = encode_answer(kind, &status, &mut out).map_err(|error| error.to_string())?;
            Ok(json!(hex(&out[..length])))
        }
        "encode request" => {
            let (port, protocol) = (number("port").try_into().unwrap(), number("protocol").try_into().unwrap());
            let mut out = [0; MAX_REQUEST];
            let length = encode_request(text("host"), port, protocol, &mut out).map_err(|error| error.to_string())?;
            Ok(json!(hex(&out[..length])))
        }
        "decode request" => {
            let mut decoder = RequestDecoder::new();
            decoder.handle_input(&raw());
            Ok(shown_request(&decoder))
        }
        "decode answer" => {
            let raw = raw();
            let whole = decode_answer(&raw, &[usize::MAX]);
            assert_eq!(whole, decode_answer(&raw, &[1]), "split at every byte");
            whole.map_err(|error| error.to_string())
        }
        other => panic!("kind {other}"),
    }
}

#[test]
fn vectors() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../../tests/vectors/legacy.json")).unwrap();
    assert!(vectors.len() > 80, "only {} vectors", vectors.len());
    for vector in &vectors {
        let text = |key: &str| vector[key].as_str().unwrap_or_else(|| panic!("{key} in {vector}"));
        let (name, rule) = (text("name"), text("rule"));
        let result = run(text("kind"), &vector["input"]);
        match (result, vector.get("expect"), vector.get("error")) {
            (Ok(value), Some(expected), None) => assert_eq!(&value, expected, "{name} ({rule})"),
            (Err(error), None, Some(expected)) => {
                let expected = expected.as_str().unwrap();
                assert!(error.contains(expected), "{name} ({rule}): {error:?} lacks {expected:?}");
                assert!(!error.contains(char::is_control), "{name}: {error:?} is not one line");
            }
            (result, ..) => panic!("{name} ({rule}): {result:?}"),
        }
    }
}

#[test]
fn silence_is_250_ms() {
    assert_eq!(SILENCE.as_millis(), 250);
}

/// What the rule says of the first bytes, written down independently of the detector
fn rule(input: [u8; 3]) -> (&'static str, usize) {
    match input {
        [0xFE, 0x01, 0xFA] => ("1.6", 3),
        [0xFE, 0x01, _] => ("modern", 2),
        [0xFE, ..] => ("modern", 1),
        _ => ("modern", 0),
    }
}

#[test]
fn every_three_first_bytes() {
    for number in (0..1_u32 << 24).step_by(if cfg!(miri) { 65_521 } else { 1 }) {
        let [_, input @ ..] = number.to_be_bytes();
        let mut detector = Detector::new();
        let (consumed, verdict) = detect(&mut detector, &input);
        assert_eq!((verdict_name(verdict), consumed), rule(input), "{input:02X?}");
        assert!(!detector.awaits_silence());
        if let Verdict::Modern { replay } = verdict {
            assert_eq!(replay, &input[..consumed], "what was held back comes out, {input:02X?}");
        }
    }
}

#[test]
fn any_split_of_the_first_bytes_is_the_same() {
    for input in [[0xFE, 0x01, 0xFA], [0xFE, 0x01, 0x00], [0xFE, 0xFE, 0x01], [0x10, 0xFE, 0x01]] {
        let mut detector = Detector::new();
        let (mut replayed, mut last) = (Vec::new(), Verdict::Undecided);
        for byte in input {
            last = detector.handle_byte(byte);
            if let Verdict::Modern { replay } = last {
                replayed.extend_from_slice(replay);
                replayed.push(byte);
            }
        }
        assert_eq!(verdict_name(last), rule(input).0, "{input:02X?}");
        if matches!(last, Verdict::Modern { .. }) {
            assert_eq!(replayed, input, "the frame decoder gets every byte once");
            assert_eq!(detector.handle_silence(), Verdict::Modern { replay: &[] }, "silence changes nothing");
        }
    }
}

#[test]
fn only_the_undecided_wait_for_silence() {
    let mut detector = Detector::new();
    assert!(!detector.awaits_silence());
    assert_eq!(detector.handle_silence(), Verdict::Undecided);
    assert_eq!(detector.handle_byte(0xFE), Verdict::Undecided);
    assert!(detector.awaits_silence());
    assert_eq!(detector.handle_byte(0x01), Verdict::Undecided);
    assert!(detector.awaits_silence());
    assert_eq!(detector.handle_silence(), Verdict::Legacy(Kind::V1_4));
    assert!(!detector.awaits_silence());
    assert_eq!(detector.handle_byte(0x10), Verdict::Legacy(Kind::V1_4), "and it stays");
}

#[test]
fn every_pair_of_units_becomes_what_the_standard_library_says() {
    // All 16-bit units after a low, a high and no surrogate, and the same the other way round.
    for fixed in [0x61_u16, 0xD83D, 0xDE00] {
        for unit in (0..=u16::MAX).step_by(if cfg!(miri) { 4_093 } else { 1 }) {
            for units in [[fixed, unit], [unit, fixed]] {
                if units.contains(&0x00A7) {
                    continue;
                }
                let mut input = vec![0xFF, 0, 2];
                input.extend(units.iter().flat_map(|unit| unit.to_be_bytes()));
                let mut decoder = AnswerDecoder::new();
                assert_eq!(decoder.handle_input(&input), Ok(input.len()));
                let answer = decoder.answer().unwrap();
                assert_eq!(answer.description, String::from_utf16_lossy(&units), "{units:04X?}");
                assert_eq!(answer.unpaired, String::from_utf16(&units).is_err(), "{units:04X?}");
            }
        }
    }
}

#[test]
fn a_buffer_too_small_by_any_amount_is_refused() {
    let status = LegacyStatus { version: "v", description: "Hello 😀", online: 3, max: 10 };
    for kind in [Kind::Beta, Kind::V1_4, Kind::V1_6] {
        let needed = encode_answer(kind, &status, &mut [0; MAX_ANSWER]).unwrap();
        for room in 0..needed {
            assert_eq!(
                encode_answer(kind, &status, &mut vec![0; room]),
                Err(EncodeError::OutputTooSmall { needed, room })
            );
        }
        assert_eq!(encode_answer(kind, &status, &mut vec![0; needed]), Ok(needed));
    }
    let needed = encode_request("host", 1, 74, &mut [0; MAX_REQUEST]).unwrap();
    for room in 0..needed {
        assert_eq!(
            encode_request("host", 1, 74, &mut vec![0; room]),
            Err(EncodeError::OutputTooSmall { needed, room })
        );
    }
}

#[test]
fn the_bounds_are_reached_and_exact() {
    let long = "d".repeat(1_000);
    let status = LegacyStatus { version: &long, description: &long, online: 1, max: 2 };
    assert_eq!(encode_answer(Kind::V1_6, &status, &mut [0; MAX_ANSWER]), Ok(MAX_ANSWER));
    assert_eq!(encode_request(&"h".repeat(255), 1, 74, &mut [0; MAX_REQUEST]), Ok(MAX_REQUEST));
}

#[test]
fn the_longest_answer_is_read_through() {
    let units: u16 = if cfg!(miri) { 1_000 } else { 32_767 };
    let [high, low] = units.to_be_bytes();
    let mut input = vec![0xFF, high, low];
    input.extend(
        "d".repeat(usize::from(units) - 5).encode_utf16().chain("§3§20".encode_utf16()).flat_map(u16::to_be_bytes),
    );
    let answer = decode_answer(&input, &[1_000]).unwrap();
    assert_eq!((&answer["online"], &answer["max"]), (&json!(3), &json!(20)));
    assert_eq!(answer["description_cut"], json!(true));
}

#[test]
fn an_error_stays() {
    let mut decoder = AnswerDecoder::new();
    let error = Err(AnswerError::NotAKick { found: 0x10 });
    assert_eq!(decoder.handle_input(&[0x10, 0xFF]), error);
    assert_eq!(decoder.handle_input(&[0xFF, 0, 0]), error);
    assert_eq!(decoder.handle_eof(), error.map(|_| ()));
    assert!(decoder.answer().is_none());
}

#[test]
fn the_stream_may_end_anywhere() {
    let mut whole = [0; MAX_ANSWER];
    let status = LegacyStatus { version: "v", description: "d", online: 3, max: 10 };
    let length = encode_answer(Kind::V1_6, &status, &mut whole).unwrap();
    for end in 0..length {
        let received = end.try_into().unwrap();
        let expected = (end >= 3).then(|| length.try_into().unwrap());
        assert_eq!(decode_answer(&whole[..end], &[usize::MAX]), Err(AnswerError::Closed { received, expected }));
    }
}

fn answer_like() -> impl Strategy<Value = Vec<u8>> {
    // Texts rich in what separates, so that every branch is met.
    prop::collection::vec(
        prop_oneof![Just("§"), Just("§1\0"), Just("\0"), Just("7"), Just("-12"), Just("é"), Just("😀"), Just("text")],
        0..20,
    )
    .prop_map(|parts| {
        let units: Vec<u16> = parts.concat().encode_utf16().collect();
        let mut input = vec![0xFF];
        input.extend(u16::try_from(units.len()).unwrap().to_be_bytes());
        input.extend(units.into_iter().flat_map(u16::to_be_bytes));
        input
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 256 })
    })]

    #[test]
    fn any_bytes_in_any_split_are_the_same(
        input in prop_oneof![
            any::<Vec<u8>>(),
            any::<Vec<u8>>().prop_map(|tail| [&[0xFF, 0, 8], &tail[..]].concat()),
            answer_like(),
        ],
        sizes in prop::collection::vec(1_usize..9, 1..6),
    ) {
        prop_assert_eq!(decode_answer(&input, &[usize::MAX]), decode_answer(&input, &sizes));
    }

    #[test]
    fn any_request_in_any_split_is_the_same(input: Vec<u8>, valid: bool, host in "\\PC{0,80}", size in 1_usize..9) {
        let mut request = [0; MAX_REQUEST];
        let input = if valid {
            let length = encode_request(&host, 25_565, 74, &mut request).unwrap();
            &request[3..length]
        } else {
            &input
        };
        let (mut whole, mut split) = (RequestDecoder::new(), RequestDecoder::new());
        let consumed = whole.handle_input(input);
        let pieces: usize = input.chunks(size).map(|piece| split.handle_input(piece)).sum();
        prop_assert_eq!(consumed, pieces);
        prop_assert_eq!(shown_request(&whole), shown_request(&split));
        if valid {
            prop_assert!(whole.is_done());
            let Request { protocol, host: seen, host_cut, port } = whole.request();
            prop_assert_eq!((protocol, port), (Some(74), Some(25_565)));
            let right = if host_cut { host.starts_with(seen) } else { host == seen };
            prop_assert!(right, "{seen:?} of {host:?}");
        }
    }

    #[test]
    fn what_the_server_answers_the_client_reads(
        beta: bool, version in any::<String>(), description in any::<String>(), online: u32, max: u32,
    ) {
        let kind = if beta { Kind::Beta } else { Kind::V1_6 };
        let status = LegacyStatus { version: &version, description: &description, online, max };
        let mut out = [0; MAX_ANSWER];
        let length = encode_answer(kind, &status, &mut out).unwrap();
        let units = usize::from(u16::from_be_bytes([out[1], out[2]]));
        prop_assert_eq!(length, 3 + 2 * units);
        let limit = if beta { 64 } else { 256 };
        prop_assert!(units <= limit, "{units} units");

        let mut decoder = AnswerDecoder::new();
        prop_assert_eq!(decoder.handle_input(&out[..length]), Ok(length));
        let answer = decoder.answer().unwrap();
        prop_assert!(!answer.unpaired && !answer.version_cut && !answer.description_cut);
        // Counts above an i32 are unknown to clients, and then a Beta answer is a text.
        let known = |count: u32| i32::try_from(count).ok();
        let sent: String = description.replace('\0', " ").chars().filter(|&c| !(beta && c == '§')).collect();
        if beta && (known(online).is_none() || known(max).is_none()) {
            prop_assert_eq!(answer.form, Form::Message);
        } else {
            prop_assert_eq!((answer.online, answer.max), (known(online), known(max)));
            prop_assert!(sent.starts_with(answer.description), "{:?}", answer);
            prop_assert!(version.replace('\0', " ").starts_with(answer.version));
        }
    }
}
