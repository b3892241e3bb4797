//! The picker against a plain reading of the same document with `serde_json`

use proptest::prelude::*;
use proto_core::status::{Field, Picker};
use proto_core::text::Plain;
use serde_json::{Value, json};

/// The text of a component: its own, wherever it stands, then what it contains in the order of the document. Where
/// `extra` comes before the own text, that is the order that the picker has to put right.
fn flatten(component: &Value, text: &mut String) {
    match component {
        Value::String(own) => text.push_str(&Plain(own).to_string()),
        Value::Array(elements) => elements.iter().for_each(|element| flatten(element, text)),
        Value::Object(members) => {
            let own = ["text", "fallback", "translate"]
                .iter()
                .find_map(|key| members.get(*key).filter(|own| own.is_string()));
            let contained = members.iter().filter(|(key, _)| *key == "extra" || *key == "with").map(|(_, part)| part);
            for part in own.into_iter().chain(contained) {
                flatten(part, text);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a component, or one in it, has a second own text, which replaces the first
fn replaces(component: &Value) -> bool {
    match component {
        Value::Array(elements) => elements.iter().any(replaces),
        Value::Object(members) => {
            let own = ["text", "fallback", "translate"];
            own.iter().filter(|key| members.contains_key(**key)).count() > 1 || members.values().any(replaces)
        }
        _ => false,
    }
}

/// Texts, components and arrays of these, with some members that mean nothing and some of a wrong type
fn component() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => "([a-z ]{0,9}|§.|§|\\PC|[\\x00-\\x1f]){0,3}".prop_map(Value::from),
        1 => Just(json!(null)),
        1 => Just(json!(7)),
    ];
    leaf.prop_recursive(6, 40, 4, |inner| {
        let key = prop::sample::select(vec![
            "text",
            "extra",
            "translate",
            "with",
            "fallback",
            "color",
            "bold",
            "extras",
            "tex",
        ]);
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => prop::collection::vec((key, inner), 0..5).prop_map(|members| {
                members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            }),
        ]
    })
}

/// A status document in which anything may be of a wrong type
fn document() -> impl Strategy<Value = Value> {
    let any = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "data:image/png;base64,[a-zA-Z]{0,30}={0,2}".prop_map(Value::from),
        component(),
    ];
    let key = prop::sample::select(vec![
        "version",
        "players",
        "clients",
        "description",
        "favicon",
        "name",
        "protocol",
        "max",
        "online",
        "sample",
        "id",
        "text",
        "unknown",
    ]);
    any.prop_recursive(4, 60, 6, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            3 => prop::collection::vec((key.clone(), inner), 0..8).prop_map(|members| {
                members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            }),
        ]
    })
    .prop_map(|value| match value {
        Value::Object(_) => value,
        other => json!({"players": {"max": 1, "sample": [other]}}),
    })
}

#[test]
fn what_no_buffer_has_room_for_is_passed_over_and_the_rest_is_read() {
    let long = r#"\u00e9\ud83d\ude00\n\"x"#.repeat(60);
    let head = format!(r#"{{"version":{{"name":"{long}","protocol":7}},"description":[{{"text":"{long}"}},"{long}"],"#);
    let tail = format!(r#""players":{{"sample":[{{"name":"{long}"}},{{"name":"b"}}],"max":3,"online":"{long}"}}}}"#);
    let document = head + &tail;
    for at in (0..document.len()).step_by(if cfg!(miri) { 97 } else { 1 }) {
        let mut picker: Picker = Picker::new();
        let (before, behind) = document.split_at(at);
        picker.feed(before).unwrap();
        picker.feed(behind).unwrap();
        let status = picker.finish().unwrap();
        assert_eq!((status.protocol(), status.max(), status.sample_listed()), (Some(7), Some(3), Some(2)), "{at}");
        let cut = [Field::VersionName, Field::Description, Field::Sample];
        assert!(cut.iter().all(|field| status.truncated().contains(*field)), "{at}");
        assert!(status.malformed().contains(Field::Online) && status.online().is_none(), "{at}");
        assert!(status.version_name().unwrap().starts_with("\u{e9}\u{1f600} \"x\u{e9}"), "{at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 1000 }) })]

    #[test]
    fn components_are_flattened_in_order(component in component()) {
        let document = json!({"description": component}).to_string();
        let mut whole = String::new();
        flatten(&component, &mut whole);

        let mut picker = Picker::<0, 4096, 0>::new();
        picker.feed(&document).unwrap();
        let status = picker.finish().unwrap();
        let known = component.is_string() || component.is_array() || component.is_object();
        prop_assert_eq!(status.description(), known.then_some(&*whole), "{}", document);

        let mut picker = Picker::<0, 10, 0>::new();
        picker.feed(&document).unwrap();
        let status = picker.finish().unwrap();
        let description = status.description().unwrap_or_default();
        let truncated = status.truncated().contains(Field::Description);
        if replaces(&component) {
            // The replaced text may have pushed out what would fit now: less is kept, and flagged.
            prop_assert!(whole.starts_with(description), "{}", document);
            prop_assert_eq!(truncated || description == whole, true, "{}", document);
        } else {
            let kept = whole.split_at(whole.floor_char_boundary(10)).0;
            prop_assert_eq!(description, kept, "{}", document);
            prop_assert_eq!(truncated, whole.len() > 10, "{}", document);
        }
    }

    #[test]
    fn cuts_change_nothing(document in document(), pretty in any::<bool>(), piece in 1..40_usize) {
        let document = if pretty { format!("{document:#}") } else { document.to_string() };
        let mut whole = Picker::<7, 20, 11>::new();
        whole.feed(&document).unwrap();
        let mut cut = Picker::<7, 20, 11>::new();
        let mut rest = document.as_str();
        while !rest.is_empty() {
            let (first, second) = rest.split_at(rest.ceil_char_boundary(piece));
            cut.feed(first).unwrap();
            rest = second;
        }
        prop_assert_eq!(whole.finish().unwrap(), cut.finish().unwrap());
    }

    #[test]
    fn what_is_of_its_type_is_found(document in document()) {
        let mut picker = Picker::<4096, 4096, 16384>::new();
        picker.feed(&document.to_string()).unwrap();
        let status = picker.finish().unwrap();
        let name = document["version"]["name"].as_str().map(|name| Plain(name).to_string());
        prop_assert_eq!(status.version_name(), name.as_deref());
        prop_assert_eq!(
            status.malformed().contains(Field::Version),
            document.get("version").is_some_and(|version| !version.is_object())
        );
        let counts = if document["players"].is_object() { &document["players"] } else { &document["clients"] };
        for (ours, theirs) in [(status.max(), &counts["max"]), (status.online(), &counts["online"])] {
            // Beyond 64 bits it is unknown; both bounds are powers of two, so the comparison is exact.
            let bound = 9_223_372_036_854_775_808.0;
            let known = theirs.as_f64().is_some_and(|value| theirs.is_i64() || (-bound..bound).contains(&value));
            prop_assert_eq!(ours.is_some(), known, "{:?} {}", ours, theirs);
            if theirs.is_i64() {
                prop_assert_eq!(ours, theirs.as_i64());
            }
        }
        let sample = document["players"]["sample"].as_array();
        let listed = sample.map(|sample| u32::try_from(sample.len()).unwrap());
        prop_assert_eq!(status.sample_listed(), listed);
        let names: Vec<String> = sample
            .into_iter()
            .flatten()
            .filter_map(|element| element["name"].as_str())
            .map(|name| Plain(name).to_string())
            .collect();
        prop_assert_eq!(status.sample().collect::<Vec<_>>(), names);
    }
}

#[test]
fn a_name_that_does_not_fit_is_flagged_even_if_it_is_empty() {
    let sample = |names: &[&str]| {
        let elements: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
        let mut picker: Picker<8, 8, 8> = Picker::new();
        picker.feed(&json!({ "players": { "sample": elements } }).to_string()).unwrap();
        let status = picker.finish().unwrap();
        (status.sample().map(str::to_owned).collect::<Vec<_>>(), status.truncated().contains(Field::Sample))
    };
    let kept = |names: &[&str]| (names.iter().map(|name| (*name).to_owned()).collect(), false);
    assert_eq!(sample(&["1234567"]), kept(&["1234567"]));
    assert_eq!(sample(&["12345678"]), kept(&["12345678"]));
    assert_eq!(sample(&["123456", ""]), kept(&["123456", ""]));
    // The line feed that would end the empty one has no room.
    assert_eq!(sample(&["1234567", ""]), (vec!["1234567".to_owned()], true));
    assert_eq!(sample(&["12345678", "§a"]), (vec!["12345678".to_owned()], true));
}

#[test]
fn a_second_version_starts_from_nothing_what_was_malformed_included() {
    let malformed = |document: &str| {
        let mut picker: Picker = Picker::new();
        picker.feed(document).unwrap();
        picker.finish().unwrap().malformed().iter().map(Field::name).collect::<Vec<_>>()
    };
    assert_eq!(malformed(r#"{"version":{"name":1,"protocol":1.5}}"#), ["version.name", "version.protocol"]);
    assert_eq!(malformed(r#"{"version":{"name":1,"protocol":1.5},"version":{"name":"x"}}"#), [""; 0]);
}

#[test]
fn name_given_twice_in_an_element_is_the_last_one() {
    let mut picker = Picker::<64, 64, 64>::new();
    picker.feed(r#"{"players":{"sample":[{"name":"first"},{"name":"longer","name":"ab"},{"name":"third"}]}}"#).unwrap();
    let status = picker.finish().unwrap();
    assert_eq!(status.sample().collect::<Vec<_>>(), ["first", "ab", "third"]);
}

#[test]
fn picker_that_is_reset_reads_the_next_document_as_a_new_one_does() {
    const NEXT: &str = r#"{"description":"b","players":{"online":2}}"#;
    let mut fresh: Picker = Picker::new();
    fresh.feed(NEXT).unwrap();
    let expected = fresh.finish().unwrap().clone();
    for before in [r#"{"description":"a","version":{"protocol":1.5},"favicon":"data:"#, "}", "{}", ""] {
        let mut picker: Picker = Picker::new();
        // An error stays, a half document too, until the reset.
        let _may_fail = picker.feed(before);
        picker.reset();
        picker.feed(NEXT).unwrap();
        assert_eq!(picker.finish(), Ok(&expected), "after {before:?}");
    }
}

#[test]
fn fields_are_told_by_their_keys() {
    let mut picker: Picker = Picker::new();
    picker.feed(r#"{"version":{"protocol":"x"},"players":{"max":[]}}"#).unwrap();
    let status = picker.finish().unwrap();
    assert!(!status.malformed().is_empty() && status.truncated().is_empty());
    assert_eq!(
        status.malformed().iter().map(|field| field.to_string()).collect::<Vec<_>>(),
        ["version.protocol", "players.max",]
    );
}

#[test]
fn favicon_counts_neither_line_breaks_nor_padding() {
    let bytes = |pieces: &[&str]| {
        let mut picker: Picker = Picker::new();
        picker.feed(r#"{"favicon":"data:image/png;base64,"#).unwrap();
        for piece in pieces {
            picker.feed(piece).unwrap();
        }
        picker.feed("\"}").unwrap();
        picker.finish().unwrap().favicon_bytes()
    };
    assert_eq!(bytes(&["QUJDQUJD"]), Some(6));
    for line_break in ["\\n", "\\r", "\\r\\n"] {
        let folded = ["QUJD"; 8].join(line_break);
        assert_eq!(bytes(&[&folded]), Some(24), "{line_break}");
    }
    assert_eq!(bytes(&["QUJDQQ=", "="]), Some(4));
    // What ends with padding and goes on has none so far.
    assert_eq!(bytes(&["QUJDQQ==", "QUJD"]), Some(9));
}

#[test]
fn a_second_players_sample_or_description_starts_from_nothing() {
    let read = |document: &str| {
        let mut picker: Picker = Picker::new();
        picker.feed(document).unwrap();
        picker.finish().unwrap().clone()
    };
    let twice = |first: &str, second: &str| read(&format!("{{{first},{second}}}"));
    let once = |member: &str| read(&format!("{{{member}}}"));
    for (first, second) in [
        (r#""players":{"max":1.5,"online":"x","sample":[{"name":"a"},7]}"#, r#""players":{}"#),
        (r#""players":{"max":7,"online":8,"sample":[7]}"#, r#""players":{"sample":[]}"#),
        (r#""clients":{"max":1.5,"online":8}"#, r#""clients":{"online":3}"#),
        (r#""clients":{"max":1.5,"online":8}"#, r#""players":{"max":3}"#),
        (r#""description":{"text":7,"extra":["a"]}"#, r#""description":"b""#),
        (r#""description":"a""#, r#""description":{"extra":[]}"#),
    ] {
        assert_eq!(twice(first, second), once(second), "{first}, {second}");
    }
    let inner = r#"{"players":{"max":1,"sample":[{"name":"a"},7],"sample":[]}}"#;
    assert_eq!(read(inner), read(r#"{"players":{"max":1,"sample":[]}}"#));
}

#[test]
fn a_key_that_begins_as_one_that_matters_is_another_however_it_is_cut() {
    let document = r#"{"descriptions":"x","descriptio":"y","faviconn":"z","versions":{"protocol":7},"versio":7}"#;
    for at in 0..=document.len() {
        let mut picker: Picker = Picker::new();
        let (first, second) = document.split_at(at);
        picker.feed(first).unwrap();
        picker.feed(second).unwrap();
        let status = picker.finish().unwrap();
        let found = (status.description(), status.protocol(), status.favicon_bytes());
        assert_eq!((found, status.malformed().is_empty()), ((None, None, None), true), "cut at byte {at}");
    }
}
