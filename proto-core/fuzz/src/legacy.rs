//! The ping from before 1.7 (PROTOCOL.md §7), both directions, against its packets read as wholes
//!
//! Input: sizes of the pieces, a choice, then what it is about: 0 a connection's first bytes, 1 what follows `FE 01 FA`, 2
//! a kick packet, 3 its text without its head, 4 an answer to be written, 5 a ping to be written.

use proto_core::legacy::{
    Answer, AnswerDecoder, AnswerError, Detector, EncodeError, Form, Kind, LegacyStatus, MAX_ANSWER, MAX_HOST_UNITS,
    MAX_REQUEST, RequestDecoder, Verdict, encode_answer, encode_request,
};

use crate::input::{Input, Sizes, assert_clean};
use crate::mistake::{Mistake, made};

/// Panics where something does not hold
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let sizes = input.sizes();
    match input.byte() % 6 {
        0 => detect(input.rest()),
        1 => request(input.rest(), sizes),
        2 => answer(input.rest(), sizes),
        3 => {
            let text = input.rest();
            let units = u16::try_from(text.len() / 2).unwrap_or(u16::MAX);
            answer(&[&[0xFF][..], &units.to_be_bytes(), text].concat(), sizes);
        }
        4 => write_answer(&mut input, sizes),
        _ => write_request(&mut input, sizes),
    }
}

fn detect(bytes: &[u8]) {
    let mut detector = Detector::new();
    let mut taken = 0;
    let mut verdict = Verdict::Undecided;
    while verdict == Verdict::Undecided && taken < bytes.len() {
        verdict = detector.handle_byte(bytes[taken]);
        taken += usize::from(!matches!(verdict, Verdict::Modern { .. }));
    }
    if made(Mistake::FrameTakenForPing) && bytes.starts_with(&[0xFE, 1, 0]) {
        verdict = Verdict::Legacy(Kind::V1_4);
    }
    let expected = match bytes {
        [] | [0xFE] | [0xFE, 1] => Verdict::Undecided,
        [0xFE, 1, 0xFA, ..] => Verdict::Legacy(Kind::V1_6),
        [0xFE, 1, ..] => Verdict::Modern { replay: &[0xFE, 1] },
        [0xFE, ..] => Verdict::Modern { replay: &[0xFE] },
        _ => Verdict::Modern { replay: &[] },
    };
    assert_eq!(verdict, expected);
    if let Verdict::Modern { replay } = verdict {
        assert_eq!([replay, &bytes[taken..]].concat(), bytes, "no byte is lost");
    }
    assert_eq!(detector.awaits_silence(), expected == Verdict::Undecided && !bytes.is_empty());
    let silent = match bytes {
        [0xFE] => Verdict::Legacy(Kind::Beta),
        [0xFE, 1] => Verdict::Legacy(Kind::V1_4),
        _ if matches!(expected, Verdict::Modern { .. }) => Verdict::Modern { replay: &[] },
        _ => expected,
    };
    assert_eq!(detector.handle_silence(), silent);
    if silent != Verdict::Undecided {
        assert_eq!(detector.handle_byte(0xFE), silent, "what is decided stays so");
    }
}

/// What a 1.6 ping says behind its first three bytes
#[derive(Debug, Default, PartialEq)]
struct Said {
    protocol: Option<u8>,
    host: String,
    cut: bool,
    port: Option<u16>,
    /// Bytes of it
    consumed: usize,
    done: bool,
}

fn request(bytes: &[u8], sizes: Sizes) {
    let read = |sizes: Sizes| {
        let mut decoder = RequestDecoder::new();
        let mut said = Said::default();
        for piece in sizes.cut(bytes) {
            let consumed = decoder.handle_input(piece);
            said.consumed += consumed;
            assert!(consumed == piece.len() || decoder.is_done());
        }
        let request = decoder.request();
        said.done = decoder.is_done();
        (said.protocol, said.port) = (request.protocol, request.port);
        if made(Mistake::PortCut) && said.done {
            said.port = Some(request.port.unwrap_or_default());
        }
        (said.host, said.cut) = (request.host.into(), request.host_cut);
        said
    };
    let whole = read(Sizes::WHOLE);
    assert_eq!(whole, read(sizes));
    assert_eq!(whole, read(Sizes::SINGLE));
    let mut expected = Said::default();
    expected.done = read_request(bytes, &mut expected).is_some();
    assert_eq!(whole, expected);
}

/// Field by field; `None` where more bytes are needed
fn read_request(bytes: &[u8], said: &mut Said) -> Option<()> {
    fn take<'b>(rest: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
        let taken;
        (taken, *rest) = rest.split_at_checked(count)?;
        Some(taken)
    }
    let short = |bytes: &[u8]| usize::from(u16::from_be_bytes(bytes.try_into().expect("two bytes")));
    let mut rest = bytes;
    said.consumed = bytes.len();
    let channel = short(take(&mut rest, 2)?);
    if channel > 20 {
        said.consumed = 2;
        return Some(());
    }
    take(&mut rest, 2 * channel)?;
    take(&mut rest, 2)?;
    said.protocol = Some(take(&mut rest, 1)?[0]);
    let units = short(take(&mut rest, 2)?);
    if units > 255 {
        said.consumed = bytes.len() - rest.len();
        return Some(());
    }
    let whole = rest.len() >= 2 * units;
    let host = &rest[..rest.len().min(2 * units)];
    let mut decoded = utf16(host);
    if !whole {
        // A first half is kept until the second has come.
        decoded.truncate(decoded.len() - if ends_in_high(host) { '\u{FFFD}'.len_utf8() } else { 0 });
    }
    let mut kept = String::new();
    for c in decoded.chars() {
        said.cut |= kept.len() + c.len_utf8() > 64;
        if !said.cut {
            kept.push(c);
        }
    }
    said.host = kept;
    said.cut |= !whole;
    take(&mut rest, 2 * units)?;
    let port = take(&mut rest, 4)?;
    said.port = u16::try_from(u32::from_be_bytes(port.try_into().expect("four bytes"))).ok();
    said.consumed = bytes.len() - rest.len();
    Some(())
}

fn units(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit))
}

fn utf16(bytes: &[u8]) -> String {
    char::decode_utf16(units(bytes)).map(|c| c.unwrap_or('\u{FFFD}')).collect()
}

fn ends_in_high(bytes: &[u8]) -> bool {
    units(bytes).last().is_some_and(|unit| (0xD800..0xDC00).contains(&unit))
}

fn read_answer(bytes: &[u8], sizes: Sizes) -> (AnswerDecoder, usize, Result<(), AnswerError>) {
    let mut decoder = AnswerDecoder::new();
    let mut taken = 0;
    for piece in sizes.cut(bytes) {
        match decoder.handle_input(piece) {
            Ok(consumed) => {
                taken += consumed;
                assert!(consumed == piece.len() || decoder.answer().is_some());
            }
            Err(error) => {
                assert_eq!(decoder.handle_input(&[]), Err(error), "an error stays");
                assert_eq!(decoder.handle_eof(), Err(error), "an error stays");
                return (decoder, taken, Err(error));
            }
        }
    }
    (decoder, taken, Ok(()))
}

fn answer(bytes: &[u8], sizes: Sizes) {
    let (mut whole, taken, outcome) = read_answer(bytes, Sizes::WHOLE);
    for other in [sizes, Sizes::SINGLE] {
        let (decoder, other_taken, other_outcome) = read_answer(bytes, other);
        assert_eq!((whole.answer(), outcome), (decoder.answer(), other_outcome));
        assert!(outcome.is_err() || taken == other_taken);
    }
    let received = u32::try_from(bytes.len()).expect("a short stream");
    let expected = match bytes {
        [] | [0xFF] | [0xFF, _] => Err(AnswerError::Closed { received, expected: None }),
        [0xFF, high, low, text @ ..] => {
            let units = u16::from_be_bytes([*high, *low]);
            if units > 32_767 {
                Err(AnswerError::TooLong { units, max: 32_767 })
            } else if let Some(text) = text.get(..2 * usize::from(units)) {
                assert_eq!(taken, 3 + text.len());
                Ok(text)
            } else {
                let expected = Some(3 + 2 * u32::from(units));
                Err(AnswerError::Closed { received, expected })
            }
        }
        [found, ..] => Err(AnswerError::NotAKick { found: *found }),
    };
    match expected {
        Ok(text) => {
            assert_eq!(whole.handle_eof(), Ok(()));
            fields(&whole.answer().expect("a whole packet"), text);
        }
        Err(error) => {
            assert_eq!((whole.handle_eof(), whole.answer()), (Err(error), None));
            assert_clean(&error.to_string());
        }
    }
}

/// Compares with the text taken apart by `split`
fn fields(answer: &Answer<'_>, bytes: &[u8]) {
    let text = utf16(bytes);
    assert_eq!(answer.unpaired, char::decode_utf16(units(bytes)).any(|c| c.is_err()));
    let number = |text: &str| if text.len() <= 11 { text.parse::<i32>().ok() } else { None };
    let kept = |text: &str, room: usize| {
        let kept = text[..text.floor_char_boundary(room)].to_owned();
        let cut = kept.len() < text.len();
        (kept, cut)
    };
    let described = (answer.description.to_owned(), answer.description_cut);
    let confused = made(Mistake::AnswerConfused);
    let (online, max) = if confused { (answer.max, answer.online) } else { (answer.online, answer.max) };
    if let Some(rest) = text.strip_prefix("§1\0") {
        let mut fields = rest.splitn(5, '\0');
        let mut field = || fields.next().unwrap_or_default();
        assert_eq!((answer.form, answer.protocol), (Form::Fields, number(field())));
        assert_eq!((answer.version.to_owned(), answer.version_cut), kept(field(), 192));
        assert_eq!(described, kept(field(), 768));
        assert_eq!((online, max), (number(field()), number(field())));
        return;
    }
    assert_eq!((answer.protocol, answer.version, answer.version_cut), (None, "", false));
    let mut parts = text.rsplitn(3, '§');
    if let (Some(second), Some(first), Some(description)) = (parts.next(), parts.next(), parts.next())
        && let (Some(second), Some(first)) = (number(second), number(first))
    {
        assert_eq!((answer.form, online, max), (Form::Split, Some(first), Some(second)));
        assert_eq!(described, kept(description, 768));
    } else {
        assert_eq!((answer.form, online, max), (Form::Message, None, None));
        assert_eq!(described, kept(&text, 768));
    }
}

fn write_answer(input: &mut Input<'_>, sizes: Sizes) {
    let kind = [Kind::Beta, Kind::V1_4, Kind::V1_6][usize::from(input.byte() % 3)];
    let (online, max) = (u32::from_le_bytes(input.array()), u32::from_le_bytes(input.array()));
    let version = input.short_text();
    let description = input.text();
    let status = LegacyStatus { version, description, online, max };
    let mut buffer = [0; MAX_ANSWER];
    let length = encode_answer(kind, &status, &mut buffer).expect("always enough");
    let packet = &buffer[..length];
    let error = encode_answer(kind, &status, &mut vec![0; length - 1]);
    assert_eq!(error, Err(EncodeError::OutputTooSmall { needed: length, room: length - 1 }));

    let limit = if kind == Kind::Beta { 64 } else { 256 };
    let [0xFF, high, low, text @ ..] = packet else { panic!("no kick packet: {packet:02x?}") };
    let unit = if made(Mistake::LengthInBytes) { 1 } else { 2 };
    assert_eq!(usize::from(u16::from_be_bytes([*high, *low])) * unit, text.len());
    assert!(text.len() <= 2 * limit, "{} units", text.len() / 2);
    let text = utf16(text);
    let plain = |text: &str| text.replace('\0', " ");
    let described = if kind == Kind::Beta {
        let parts: Vec<_> = text.split('§').collect();
        let [described, first, second] = parts[..] else { panic!("{parts:?}") };
        assert_eq!((first.parse(), second.parse()), (Ok(online), Ok(max)));
        assert!(plain(&description.replace('§', "")).starts_with(described));
        described
    } else {
        let parts: Vec<_> = text.split('\0').collect();
        let ["§1", "127", named, described, first, second] = parts[..] else { panic!("{parts:?}") };
        assert_eq!((first.parse(), second.parse()), (Ok(online), Ok(max)));
        assert!(plain(version).starts_with(named) && named.encode_utf16().count() <= 64);
        assert!(plain(description).starts_with(described));
        described
    };
    let whole = if kind == Kind::Beta { description.replace('§', "") } else { description.into() };
    let room = limit - text.encode_utf16().count();
    assert!(described.len() == whole.len() || room < 2, "cut although {room} units are free");
    answer(packet, sizes);
}

fn write_request(input: &mut Input<'_>, sizes: Sizes) {
    let port = u16::from_le_bytes(input.array());
    let protocol = input.byte();
    let host = input.text();
    let count = host.encode_utf16().count();
    let mut buffer = [0; MAX_REQUEST];
    let length = match encode_request(host, port, protocol, &mut buffer) {
        Ok(length) => length,
        Err(error) => {
            assert_eq!(error, EncodeError::HostTooLong { units: count, max: MAX_HOST_UNITS });
            assert!(count > MAX_HOST_UNITS);
            return assert_clean(&error.to_string());
        }
    };
    let error = encode_request(host, port, protocol, &mut vec![0; length - 1]).expect_err("too small");
    assert_eq!(error, EncodeError::OutputTooSmall { needed: length, room: length - 1 });
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
    let short = |value: usize| u16::try_from(value).expect("a short host").to_be_bytes().to_vec();
    let expected = [
        vec![0xFE, 1, 0xFA, 0, 11],
        wide("MC|PingHost"),
        short(7 + 2 * count),
        vec![protocol],
        short(count),
        wide(host),
        u32::from(port).to_be_bytes().to_vec(),
    ];
    assert_eq!(buffer[..length], expected.concat());
    detect(&buffer[..length]);
    request(&buffer[3..length], sizes);
    let mut decoder = RequestDecoder::new();
    assert_eq!(decoder.handle_input(&buffer[3..length]), length - 3);
    let request = decoder.request();
    assert_eq!((request.protocol, request.port), (Some(protocol), Some(port)));
    assert_eq!((request.host, request.host_cut), (&host[..host.floor_char_boundary(64)], host.len() > 64));
}
