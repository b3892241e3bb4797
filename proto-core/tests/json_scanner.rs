//! The scanner against `serde_json`: the same grammar and the same values, however the document is cut

#![expect(
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;
use proto_core::json::{Error, ErrorKind, MAX_DEPTH, Number, Piece, Scanner, Token};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// A token without borrows, pieces of one string joined
#[derive(Clone, Debug, PartialEq)]
enum Owned {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    Key(String),
    String(String),
    Number(Number),
    Bool(bool),
    Null,
}

/// Joins the pieces of strings; checks that they come as promised
#[derive(Default)]
struct Joiner {
    tokens: Vec<Owned>,
    string: Option<(bool, String)>,
}

impl Joiner {
    fn take(&mut self, token: Token<'_>) {
        let owned = match token {
            Token::Key(piece) => return self.piece(true, piece),
            Token::String(piece) => return self.piece(false, piece),
            Token::ObjectBegin => Owned::ObjectBegin,
            Token::ObjectEnd => Owned::ObjectEnd,
            Token::ArrayBegin => Owned::ArrayBegin,
            Token::ArrayEnd => Owned::ArrayEnd,
            Token::Number(number) => Owned::Number(number),
            Token::Bool(value) => Owned::Bool(value),
            Token::Null => Owned::Null,
        };
        assert_eq!(self.string, None, "{owned:?} within a string");
        self.tokens.push(owned);
    }

    fn piece(&mut self, key: bool, piece: Piece<'_>) {
        let (is_key, text) = self.string.get_or_insert_with(|| (key, String::new()));
        assert_eq!(*is_key, key, "a key became a value");
        match piece {
            Piece::Text(piece) => {
                assert!(!piece.is_empty(), "an empty piece");
                text.push_str(piece);
            }
            Piece::Char(c) => text.push(c),
            Piece::End(piece) => {
                text.push_str(piece);
                let text = std::mem::take(text);
                self.string = None;
                self.tokens.push(if key { Owned::Key(text) } else { Owned::String(text) });
            }
        }
    }
}

fn scan_pieces<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Result<Vec<Owned>, Error> {
    let mut scanner = Scanner::new();
    let mut joiner = Joiner::default();
    for mut piece in pieces {
        while let Some(token) = scanner.next(&mut piece)? {
            joiner.take(token);
        }
        assert_eq!(piece, "", "`None` before the piece was used up");
    }
    if let Some(token) = scanner.finish()? {
        joiner.take(token);
    }
    Ok(joiner.tokens)
}

fn scan(document: &str) -> Result<Vec<Owned>, Error> {
    scan_pieces([document])
}

/// Scans with `skip` called after the `nth` token and every `every` tokens from there
fn scan_skipping(document: &str, cuts: &[usize], nth: usize, every: usize) -> Result<(), Error> {
    let mut scanner = Scanner::new();
    let mut seen = 0;
    for mut piece in cut(document, cuts) {
        while scanner.next(&mut piece)?.is_some() {
            if seen >= nth && (seen - nth).is_multiple_of(every) {
                scanner.skip();
            }
            seen += 1;
        }
    }
    scanner.finish().map(|_| ())
}

/// The document in pieces; each of `cuts` is a place in it, taken round and moved to a boundary
fn cut<'a>(document: &'a str, cuts: &[usize]) -> Vec<&'a str> {
    let mut places: Vec<usize> =
        cuts.iter().map(|&at| document.floor_char_boundary(at % (document.len() + 1))).collect();
    places.extend([0, document.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &document[pair[0]..pair[1]]).collect()
}

/// Builds the value that the tokens describe, and says how many of them it took
fn build(tokens: &[Owned]) -> (Value, usize) {
    let mut at = 1;
    let value = match &tokens[0] {
        Owned::ObjectBegin => {
            let mut members = serde_json::Map::new();
            while let Owned::Key(key) = &tokens[at] {
                let (value, taken) = build(&tokens[at + 1..]);
                members.insert(key.clone(), value);
                at += taken + 1;
            }
            assert_eq!(tokens[at], Owned::ObjectEnd);
            at += 1;
            Value::Object(members)
        }
        Owned::ArrayBegin => {
            let mut elements = Vec::new();
            while tokens[at] != Owned::ArrayEnd {
                let (value, taken) = build(&tokens[at..]);
                elements.push(value);
                at += taken;
            }
            at += 1;
            Value::Array(elements)
        }
        Owned::String(text) => json!(text),
        Owned::Number(number) => json!(number.value),
        Owned::Bool(value) => json!(value),
        Owned::Null => Value::Null,
        other => panic!("{other:?} is no value"),
    };
    (value, at)
}

fn number(text: &str) -> Number {
    match scan(text).as_deref() {
        Ok(&[Owned::Number(number)]) => number,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn numbers_are_cut_towards_zero_and_to_64_bits() {
    let max = i64::MAX;
    let min = i64::MIN;
    for (text, value, exact) in [
        ("0", 0, true),
        ("-0", 0, true),
        ("-0.0e5", 0, true),
        ("42", 42, true),
        ("-42", -42, true),
        ("1e3", 1000, true),
        ("1E+3", 1000, true),
        ("1500e-2", 15, true),
        ("1.5e1", 15, true),
        ("0.000001e6", 1, true),
        ("1.0", 1, true),
        ("1.9", 1, false),
        ("-1.9", -1, false),
        ("0.1", 0, false),
        ("5e-1", 0, false),
        ("1e-400", 0, false),
        ("1e400", max, false),
        ("-1e400", min, false),
        ("0e999999999999", 0, true),
        ("1e99999999999999999999", max, false),
        ("1e-99999999999999999999", 0, false),
        ("9223372036854775807", max, true),
        ("9223372036854775808", max, false),
        ("-9223372036854775808", min, true),
        ("-9223372036854775809", min, false),
        ("18446744073709551616", max, false),
        ("184467440737095516190", max, false),
        ("184467440737095516190e-1", max, false),
        ("184467440737095516190e-3", 184_467_440_737_095_516, false),
        ("100000000000000000000000000000e-29", 1, true),
        ("1.00000000000000000000000000000", 1, true),
        ("1.00000000000000000000000000001", 1, false),
        ("123456789012345678901234e-10", 12_345_678_901_234, false),
    ] {
        assert_eq!(number(text), Number { value, exact }, "{text}");
        for at in 0..text.len() {
            let whole = scan_pieces([&text[..at], &text[at..]]);
            assert_eq!(whole, scan(text), "{text} cut at byte {at}");
        }
    }
}

#[test]
fn nesting_ends_at_the_limit() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        assert!(scan(&nested(MAX_DEPTH.into())).is_ok());
        let error = scan(&nested(usize::from(MAX_DEPTH) + 1)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooDeep);
        let offset = u32::try_from(open.len()).unwrap() * u32::from(MAX_DEPTH);
        assert_eq!(error.offset, offset);
        assert_eq!(scan_skipping(&nested(40), &[], 0, 1), Err(error), "when skipped");
    }
}

#[test]
fn half_pairs_become_replacement_characters() {
    for (body, text) in [
        (r"\uD83D\uDE00", "😀"),
        (r"\uD83D", "\u{FFFD}"),
        (r"\uDE00", "\u{FFFD}"),
        (r"\uD83Dx", "\u{FFFD}x"),
        (r"\uD83D\n", "\u{FFFD}\n"),
        (r"\uD83D\u0041", "\u{FFFD}A"),
        (r"\uD83D\uD83D\uDE00", "\u{FFFD}😀"),
        (r"\uDE00\uD83D", "\u{FFFD}\u{FFFD}"),
        (r"\uDBFF\uDFFF", "\u{10FFFF}"),
    ] {
        let document = format!("[\"{body}\"]");
        let expected = vec![Owned::ArrayBegin, Owned::String(text.to_owned()), Owned::ArrayEnd];
        for at in 0..document.len() {
            let pieces = [&document[..at], "", &document[at..]];
            assert_eq!(scan_pieces(pieces), Ok(expected.clone()), "{body} cut at byte {at}");
        }
    }
}

#[test]
fn skipping_passes_over_exactly_one_value() {
    let document = r#" {"a":{"x":[1,{"y":"}"}],"z":"\"]"} , "b": [ [] , {} ],"c":-1.5e3,"d":tru"#;
    let document = format!("{document}e,\"e\":null,\"f\":\"{}\",\"g\":1}}", "x".repeat(100));
    for at in 0..document.len() {
        let mut scanner = Scanner::new();
        let mut joiner = Joiner::default();
        for mut piece in [&document[..at], &document[at..]] {
            while let Some(token) = scanner.next(&mut piece).unwrap() {
                joiner.take(token);
                if let Token::Key(Piece::End(_)) = token
                    && !matches!(joiner.tokens.last(), Some(Owned::Key(key)) if key == "g")
                {
                    scanner.skip();
                }
            }
        }
        assert_eq!(scanner.finish(), Ok(None));
        let mut expected = vec![Owned::ObjectBegin];
        expected.extend(["a", "b", "c", "d", "e", "f", "g"].map(|key| Owned::Key(key.to_owned())));
        expected.extend([Owned::Number(Number { value: 1, exact: true }), Owned::ObjectEnd]);
        assert_eq!(joiner.tokens, expected, "cut at byte {at}");
    }
}

#[test]
fn the_rest_of_a_string_is_skipped_and_leaves_no_half_of_a_pair_behind() {
    let document = r#"["a\ud83d\"\u00e9\n\ud83d","\ude00",7]"#;
    for at in 0..document.len() {
        let mut scanner = Scanner::new();
        let (mut tokens, mut skipped) = (Vec::new(), false);
        for mut piece in [&document[..at], &document[at..]] {
            while let Some(token) = scanner.next(&mut piece).unwrap() {
                if !skipped && token == Token::String(Piece::Text("a")) {
                    scanner.skip();
                    skipped = true;
                    continue;
                }
                tokens.push(format!("{token:?}"));
            }
        }
        assert_eq!(scanner.finish(), Ok(None));
        let second = [Token::String(Piece::Char('\u{fffd}')), Token::String(Piece::End(""))].map(|t| format!("{t:?}"));
        assert_eq!(tokens[1..3], second, "cut at byte {at}");
        assert!(skipped && tokens.len() == 5, "cut at byte {at}: {tokens:?}");
    }
}

#[test]
fn an_open_container_is_skipped_to_its_end() {
    let mut scanner = Scanner::new();
    let mut input = r#"[[1,[2],{"a":3}],{"b":[4]},"five"]"#;
    assert_eq!(scanner.next(&mut input), Ok(Some(Token::ArrayBegin)));
    assert_eq!(scanner.next(&mut input), Ok(Some(Token::ArrayBegin)));
    scanner.skip();
    assert_eq!(scanner.next(&mut input), Ok(Some(Token::ObjectBegin)));
    scanner.skip();
    assert_eq!(scanner.next(&mut input), Ok(Some(Token::String(Piece::End("five")))));
    scanner.skip();
    assert_eq!(scanner.next(&mut input), Ok(Some(Token::ArrayEnd)));
    assert_eq!(scanner.finish(), Ok(None));
}

#[test]
fn a_skipped_document_is_not_named_either_where_only_the_end_ends_it() {
    for document in ["12", "-1.5e3", "true", "[1,{}]", "\"a\""] {
        let mut scanner = Scanner::new();
        scanner.skip();
        assert_eq!(scanner.next(&mut &*document), Ok(None), "{document}");
        assert_eq!(scanner.finish(), Ok(None), "{document}");
    }
}

#[test]
fn behind_a_value_there_is_nothing_to_skip() {
    let mut scanner = Scanner::new();
    let mut input = "[null,[1],2]";
    assert_eq!(scanner.next(&mut input), Ok(Some(Token::ArrayBegin)));
    assert_eq!(scanner.next(&mut input), Ok(Some(Token::Null)));
    scanner.skip();
    assert_eq!(scanner.next(&mut input), Ok(Some(Token::ArrayBegin)));
    assert!(matches!(scanner.next(&mut input), Ok(Some(Token::Number(Number { value: 1, .. })))));
    assert_eq!(scanner.next(&mut input), Ok(Some(Token::ArrayEnd)));
    scanner.skip();
    assert!(matches!(scanner.next(&mut input), Ok(Some(Token::Number(Number { value: 2, .. })))));
    assert_eq!(scanner.next(&mut input), Ok(Some(Token::ArrayEnd)));
    scanner.skip();
    assert_eq!((scanner.next(&mut input), scanner.finish()), (Ok(None), Ok(None)));
}

#[test]
fn an_error_consumes_nothing_further() {
    let mut scanner = Scanner::new();
    let mut input = "[1,x]";
    assert_eq!(scanner.next(&mut input), Ok(Some(Token::ArrayBegin)));
    assert!(matches!(scanner.next(&mut input), Ok(Some(Token::Number(_)))));
    let error = scanner.next(&mut input).unwrap_err();
    assert_eq!((error.offset, input, scanner.offset()), (3, "x]", 3));
    assert_eq!(scanner.next(&mut input), Err(error));
}

/// A value of at most six levels; the numbers are such as the scanner keeps
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[\\x00-\\x7F]{0,40}".prop_map(Value::from),
        "[a-zA-Z0-9+/]{0,200}=".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Nearly JSON: a document with a few characters replaced, inserted or removed
fn nearly_json() -> impl Strategy<Value = String> {
    let spoiler = prop::sample::select(
        "{}[]\",:\\/ \n\t\r0123456789.eE+-truefalsn u\u{0}\u{1f}\u{7f}é€😀".chars().collect::<Vec<_>>(),
    );
    let change = (any::<prop::sample::Index>(), 0..3_u8, spoiler);
    let document = prop_oneof![
        value().prop_map(|value| value.to_string()),
        value().prop_map(|value| format!("{value:#}")),
        "[\\[\\]{}\",:0-9eE+\\-.truefalsn \\\\]{0,12}",
        "-?[0-9.eE+\\-]{0,8}",
        "\"(\\\\u[0-9a-fA-FdD]{3,5}|\\\\.|[ -~]){0,6}\"",
    ];
    (document, prop::collection::vec(change, 0..4)).prop_map(|(document, changes)| {
        let mut chars: Vec<char> = document.chars().collect();
        for (at, kind, c) in changes {
            let at = at.index(chars.len() + 1);
            match kind {
                0 => chars.insert(at, c),
                1 if at < chars.len() => chars[at] = c,
                _ if at < chars.len() => drop(chars.remove(at)),
                _ => chars.push(c),
            }
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 2000 }) })]

    #[test]
    fn values_are_the_same(
        value in value(),
        pretty in any::<bool>(),
        cuts in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        let document = if pretty { format!("{value:#}") } else { value.to_string() };
        let tokens = scan_pieces(cut(&document, &cuts));
        let (built, taken) = build(tokens.as_deref().unwrap());
        prop_assert_eq!(taken, tokens.unwrap().len());
        prop_assert_eq!(built, value);
    }

    /// `IgnoredAny` leaves numbers of any size and half pairs alone, as the scanner does, and no document
    /// here is deep enough for either limit of nesting: so there is no exception.
    #[test]
    fn the_grammar_is_the_same(document in nearly_json()) {
        let theirs = serde_json::from_str::<IgnoredAny>(&document);
        let ours = scan(&document);
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?}, {:?}", ours, theirs);
    }

    #[test]
    fn cuts_change_nothing(
        document in nearly_json(),
        cuts in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        prop_assert_eq!(scan_pieces(cut(&document, &cuts)), scan(&document));
    }

    #[test]
    fn skipping_checks_the_same_grammar(
        document in nearly_json(),
        cuts in prop::collection::vec(any::<usize>(), 0..4),
        nth in 0..6_usize,
        every in 1..6_usize,
    ) {
        let skipped = scan_skipping(&document, &cuts, nth, every);
        prop_assert_eq!(skipped, scan(&document).map(|_| ()));
    }
}
