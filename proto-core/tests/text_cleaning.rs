//! Cleaning of what a peer sent (PROTOCOL.md §5)

#![expect(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a test fails by panicking")]

use proptest::prelude::*;
use proto_core::text::{Clean, Codes, Plain, Text, clean_char, is_unsafe, strip_marker};

#[test]
fn controls_separators_and_bidi_characters_are_unsafe() {
    let ranges = [
        '\0'..='\u{1F}',
        '\u{7F}'..='\u{9F}',
        '\u{61C}'..='\u{61C}',
        '\u{200B}'..='\u{200B}',
        '\u{200E}'..='\u{200F}',
        '\u{2028}'..='\u{202E}',
        '\u{2066}'..='\u{2069}',
        '\u{FEFF}'..='\u{FEFF}',
        '\u{E0041}'..='\u{E007F}',
    ];
    for c in ranges.into_iter().flatten() {
        assert!(is_unsafe(c), "{c:?}");
        assert!(!is_unsafe(clean_char(c)), "{c:?}");
    }
    assert!(char::from_u32(0x9B).is_some_and(is_unsafe), "the one-byte introducer of a sequence");
}

#[test]
fn what_people_write_is_safe() {
    let text = "Grüße, Привет, こんにちは, 안녕, مرحبا, می\u{200C}خواهم, क\u{200D}ष, ❤\u{FE0F} 👩\u{200D}🚀 ½ § \u{A0}";
    assert_eq!(text.chars().find(|&c| is_unsafe(c)), None);
    assert_eq!(Clean(text).to_string(), text);
}

#[test]
fn line_breaks_and_tabs_become_spaces() {
    assert_eq!(Clean("a\tb\nc\rd\0e\u{1b}[2Jf").to_string(), "a b c d\u{FFFD}e\u{FFFD}[2Jf");
}

#[test]
fn codes_vanish_with_what_follows_them() {
    for (text, plain) in [
        ("§aGreen §LBold §rplain", "Green Bold plain"),
        ("§x§F§f§0§0§a§ahex", "hex"),
        ("§§a", "a"),
        ("a§", "a"),
        ("§ ab§é", "ab"),
        ("no codes", "no codes"),
        ("", ""),
    ] {
        assert_eq!(Plain(text).to_string(), plain, "{text}");
    }
}

#[test]
fn a_marker_is_kept_off_the_display() {
    for (address, shown) in [
        ("mc.example.org", "mc.example.org"),
        ("mc.example.org\0FML\0", "mc.example.org"),
        ("mc.example.org\0FML3\0", "mc.example.org"),
        ("mc.example.org\x00127.0.0.1\x00069a79f444e94726a5befca90e38aaf5", "mc.example.org"),
        ("\0FML\0", ""),
        ("", ""),
    ] {
        assert_eq!(strip_marker(address), shown);
    }
}

#[test]
fn a_text_is_cut_at_a_character() {
    let mut text = Text::<5>::new();
    text.push_str("abc");
    assert_eq!((text.as_str(), text.is_truncated()), ("abc", false));
    text.push_str("€");
    assert_eq!((text.as_str(), text.is_truncated()), ("abc", true));
    text.push('d');
    assert_eq!(text.as_str(), "abc", "nothing after a gap");
    text.clear();
    text.push_str("ab€");
    assert_eq!((text.as_str(), text.is_truncated()), ("ab€", false), "it fits exactly");
    assert_eq!(format!("{text:>6}|"), "   ab€|");
}

#[test]
fn a_text_of_no_capacity_keeps_nothing() {
    let mut text = Text::<0>::new();
    text.push_str("");
    assert!(!text.is_truncated() && text.is_empty());
    text.push('a');
    assert!(text.is_truncated() && text.is_empty());
}

/// Text with many of the characters that matter
fn spiced() -> impl Strategy<Value = String> {
    "([ -~]{0,9}|§|§.|\\PC|[\\x00-\\x1f\\x7f-\\x9f]|[\u{200b}-\u{202e}]|\n){0,12}"
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 1000 }) })]

    #[test]
    fn cleaning_is_by_character(text in spiced()) {
        let by_character: String = text.chars().map(clean_char).collect();
        prop_assert_eq!(&Clean(&text).to_string(), &by_character);
        let mut kept = Text::<4096>::new();
        kept.push_str(&text);
        prop_assert_eq!(kept.as_str(), &by_character);
        prop_assert!(!kept.as_str().contains(is_unsafe));
        prop_assert_eq!(Clean(kept.as_str()).to_string(), by_character, "clean twice is clean");
    }

    #[test]
    fn plain_text_does_not_depend_on_its_pieces(text in spiced(), at in any::<prop::sample::Index>()) {
        let (first, second) = text.split_at(text.floor_char_boundary(at.index(text.len() + 1)));
        let mut codes = Codes::new();
        let mut kept = Text::<4096>::new();
        kept.push_plain(first, &mut codes);
        kept.push_plain(second, &mut codes);
        prop_assert_eq!(kept.as_str(), Plain(&text).to_string());
    }

    #[test]
    fn what_is_kept_is_the_longest_beginning_that_fits(text in spiced()) {
        let whole = Clean(&text).to_string();
        let mut kept = Text::<16>::new();
        kept.push_str(&text);
        prop_assert_eq!(kept.as_str(), &whole[..whole.floor_char_boundary(16)]);
        prop_assert_eq!(kept.is_truncated(), whole.len() > 16);
        prop_assert_eq!(kept.len(), kept.as_str().len());
        prop_assert_eq!(AsRef::<str>::as_ref(&kept), kept.as_str());
        prop_assert_eq!(kept.is_empty(), kept.as_str().is_empty());
        kept.clear();
        prop_assert_eq!((kept.as_str(), kept.len(), kept.is_truncated()), ("", 0, false));
    }
}
