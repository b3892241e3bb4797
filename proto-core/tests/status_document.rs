//! Status documents as they are written (PROTOCOL.md §4), read back by `serde_json` and by the picker

#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;
use proto_core::status::{
    EncodeError, MAX_FRAME_BYTES, MAX_JSON_BYTES, MAX_JSON_UNITS, Picker, Sample, StatusDocument, encode_disconnect,
};
use proto_core::text::Plain;
use serde_json::{Value, json};

const DOCUMENT: StatusDocument<'_> = StatusDocument {
    version_name: "slp 0.1.0",
    protocol: -1,
    max: 10,
    online: 3,
    sample: &[],
    description: "Hello World !",
    favicon: None,
};

fn encode(document: &StatusDocument<'_>) -> Result<String, EncodeError> {
    let mut out = vec![0; MAX_JSON_BYTES];
    let len = document.encode(&mut out)?;
    out.truncate(len);
    Ok(String::from_utf8(out).unwrap())
}

/// Splits a frame with packet id 0 and one String into its JSON; checks both lengths
fn json_of_frame(frame: &[u8]) -> &str {
    fn varint(bytes: &[u8]) -> (usize, &[u8]) {
        let len = bytes.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
        let value = bytes[..len].iter().rev().fold(0, |value, byte| value << 7 | usize::from(byte & 0x7F));
        (value, &bytes[len..])
    }
    let (length, body) = varint(frame);
    assert_eq!(length, body.len(), "length of the frame");
    assert_eq!(body[0], 0, "packet id");
    let (length, json) = varint(&body[1..]);
    assert_eq!(length, json.len(), "length of the String");
    str::from_utf8(json).unwrap()
}

#[test]
fn keys_are_in_the_order_of_the_specification() {
    let sample = [
        Sample { name: "one", id: "00000000-0000-0000-0000-000000000000" },
        Sample { name: "two", id: "00000000-0000-0000-0000-000000000001" },
    ];
    let document = StatusDocument { sample: &sample, favicon: Some("data:image/png;base64,AAAA"), ..DOCUMENT };
    let expected = concat!(
        r#"{"version":{"name":"slp 0.1.0","protocol":-1},"#,
        r#""players":{"max":10,"online":3,"sample":["#,
        r#"{"name":"one","id":"00000000-0000-0000-0000-000000000000"},"#,
        r#"{"name":"two","id":"00000000-0000-0000-0000-000000000001"}]},"#,
        r#""clients":{"max":10,"online":3},"description":{"text":"Hello World !"},"#,
        r#""favicon":"data:image/png;base64,AAAA"}"#,
    );
    assert_eq!(encode(&document).as_deref(), Ok(expected));
    assert_eq!(document.units(), expected.len());
}

#[test]
fn extreme_numbers_are_written_whole() {
    for (protocol, count) in [(i32::MIN, 0), (i32::MAX, u32::MAX), (0, 9), (-9, 10), (100, 99)] {
        let document = StatusDocument { protocol, max: count, online: count, ..DOCUMENT };
        let json = encode(&document).unwrap();
        assert_eq!(json.len(), document.units(), "{json}");
        let value: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["version"]["protocol"], json!(protocol));
        assert_eq!(value["players"], json!({"max": count, "online": count}));
        assert_eq!(value["clients"], value["players"]);
    }
}

#[test]
fn a_document_at_the_limit_is_written_and_one_unit_more_is_refused() {
    let around = DOCUMENT.units() - DOCUMENT.description.len();
    // Three bytes and one unit each: the most bytes that a document can have.
    let description = "€".repeat(MAX_JSON_UNITS - around);
    let document = StatusDocument { description: &description, ..DOCUMENT };
    let json = encode(&document).unwrap();
    assert_eq!(json.encode_utf16().count(), MAX_JSON_UNITS);
    let mut out = vec![0; MAX_FRAME_BYTES];
    let len = document.encode_response(&mut out).unwrap();
    assert_eq!(json_of_frame(&out[..len]), json);

    let description = description + "a";
    let document = StatusDocument { description: &description, ..DOCUMENT };
    let refused = EncodeError::TooLong { units: MAX_JSON_UNITS + 1, limit: MAX_JSON_UNITS };
    assert_eq!(encode(&document), Err(refused));
    assert_eq!(document.encode_response(&mut out), Err(refused));
    assert_eq!(document.encode(&mut []), Err(refused), "whatever the buffer");
    assert_eq!(refused.to_string(), "JSON of 32768 UTF-16 units, at most 32767 expected");
}

#[test]
fn characters_beyond_the_first_plane_count_twice() {
    let document = StatusDocument { description: "😀", ..DOCUMENT };
    let json = encode(&document).unwrap();
    assert_eq!(document.units(), json.encode_utf16().count());
    assert_eq!(document.units(), DOCUMENT.units() - DOCUMENT.description.len() + 2);
}

#[test]
fn a_buffer_too_small_is_told_by_how_much() {
    let mut out = [0; 512];
    let json = DOCUMENT.encode(&mut out).unwrap();
    let frame = DOCUMENT.encode_response(&mut out).unwrap();
    let disconnect = encode_disconnect("no login", &mut out).unwrap();
    for available in 0..json {
        let error = EncodeError::BufferTooSmall { needed: json, available };
        assert_eq!(DOCUMENT.encode(&mut out[..available]), Err(error));
    }
    for available in 0..frame {
        let error = EncodeError::BufferTooSmall { needed: frame, available };
        assert_eq!(DOCUMENT.encode_response(&mut out[..available]), Err(error));
    }
    assert_eq!(DOCUMENT.encode_response(&mut out[..frame]), Ok(frame));
    let available = disconnect - 1;
    let error = EncodeError::BufferTooSmall { needed: disconnect, available };
    assert_eq!(encode_disconnect("no login", &mut out[..available]), Err(error));
    assert_eq!(error.to_string(), "buffer of 21 bytes, at least 22 expected");
}

#[test]
fn the_disconnect_is_exactly_this_frame() {
    let mut out = [0; 32];
    let len = encode_disconnect("No \"game\" here", &mut out).unwrap();
    assert_eq!(&out[..len], b"\x1d\x00\x1b{\"text\":\"No \\\"game\\\" here\"}");
}

#[test]
fn a_disconnect_over_the_limit_is_refused() {
    let mut out = vec![0; MAX_FRAME_BYTES];
    let around = r#"{"text":""}"#.len();
    let message = "€".repeat(MAX_JSON_UNITS - around);
    assert_eq!(encode_disconnect(&message, &mut out), Ok(7 + around + message.len()));
    let refused = EncodeError::TooLong { units: MAX_JSON_UNITS + 1, limit: MAX_JSON_UNITS };
    assert_eq!(encode_disconnect(&(message + "a"), &mut out), Err(refused));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 500 }) })]

    #[test]
    fn what_is_written_is_read_back(
        version_name in any::<String>(),
        description in "([\\x00-\\x7f]|\\PC|§.){0,60}",
        names in prop::collection::vec(("([\\x00-\\x7f]|\\PC|§.){0,20}", any::<String>()), 0..5),
        favicon in prop::option::of("data:image/png;base64,([A-Za-z0-9+/]{4}){0,50}"),
        protocol in any::<i32>(),
        max in any::<u32>(),
        online in any::<u32>(),
    ) {
        let sample: Vec<_> = names.iter().map(|(name, id)| Sample { name, id }).collect();
        let document = StatusDocument {
            version_name: &version_name,
            protocol,
            max,
            online,
            sample: &sample,
            description: &description,
            favicon: favicon.as_deref(),
        };
        let json = encode(&document).unwrap();
        prop_assert_eq!(document.units(), json.encode_utf16().count());

        let mut expected = json!({
            "version": {"name": version_name, "protocol": protocol},
            "players": {"max": max, "online": online},
            "clients": {"max": max, "online": online},
            "description": {"text": description},
        });
        if !names.is_empty() {
            expected["players"]["sample"] =
                names.iter().map(|(name, id)| json!({"name": name, "id": id})).collect();
        }
        if let Some(favicon) = &favicon {
            expected["favicon"] = json!(favicon);
        }
        prop_assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), expected);

        let mut picker = Picker::<1024, 1024, 1024>::new();
        picker.feed(&json).unwrap();
        let status = picker.finish().unwrap();
        let plain = |text: &str| Plain(text).to_string();
        prop_assert_eq!(status.version_name(), Some(&*plain(&version_name)));
        prop_assert_eq!(status.description(), Some(&*plain(&description)));
        prop_assert_eq!(status.protocol(), Some(protocol.into()));
        prop_assert_eq!(status.max(), Some(max.into()));
        prop_assert_eq!(status.online(), Some(online.into()));
        let names: Vec<String> = names.iter().map(|(name, _)| plain(name)).collect();
        prop_assert_eq!(status.sample().collect::<Vec<_>>(), names);
        let bytes = favicon.as_ref().map(|favicon| u32::try_from((favicon.len() - 22) / 4 * 3).unwrap());
        prop_assert_eq!(status.favicon_bytes(), bytes);
        prop_assert!(status.truncated().is_empty() && status.malformed().is_empty());

        let mut out = vec![0; MAX_FRAME_BYTES];
        let len = document.encode_response(&mut out).unwrap();
        prop_assert_eq!(json_of_frame(&out[..len]), json);
        let len = encode_disconnect(&description, &mut out).unwrap();
        let component: Value = serde_json::from_str(json_of_frame(&out[..len])).unwrap();
        prop_assert_eq!(component, json!({"text": description}));
    }
}

#[test]
fn limits_are_those_of_the_protocol() {
    assert_eq!((MAX_JSON_UNITS, MAX_JSON_BYTES), (32_767, 98_301));
    // Length of the frame and of the String in three bytes each, and the id.
    assert_eq!(MAX_FRAME_BYTES, 98_301 + 7);
}
