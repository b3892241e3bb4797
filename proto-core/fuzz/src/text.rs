//! What a peer writes reaches no terminal as it is (PROTOCOL.md §5), and `§` codes vanish whole
//!
//! Input: sizes of the pieces, then the text. The second opinion is [`shown`](crate::shown); that on cuts is in a few lines
//! here.

use proto_core::text::{Clean, Codes, Plain, SECTION_SIGN, Text, clean_char, is_unsafe, strip_marker};

use crate::input::{Input, Sizes, assert_clean};
use crate::mistake::{Mistake, made};
use crate::shown;

/// Panics where something does not hold
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let sizes = input.sizes();
    let lossy = String::from_utf8_lossy(input.rest());
    let text: &str = &lossy;

    let clean = clean(text);
    assert_eq!(clean, shown::cleaned(text));
    assert_clean(&clean);
    for c in text.chars() {
        assert_eq!((is_unsafe(c), clean_char(c)), (shown::steers(c), shown::clean(c)), "{c:?}");
    }
    assert_eq!(Clean(&clean).to_string(), clean, "what is clean stays so");

    let plain = plain(text);
    assert_eq!(plain, shown::plain(text));
    assert_clean(&plain);
    assert!(!plain.contains(SECTION_SIGN));
    assert_eq!(Plain(&plain).to_string(), plain, "what is plain stays so");

    let address = if made(Mistake::MarkerStays) { text } else { strip_marker(text) };
    assert_eq!(address.len(), text.bytes().position(|byte| byte == 0).unwrap_or(text.len()));
    assert!(text.starts_with(address));

    keep::<0>(text, sizes);
    keep::<3>(text, sizes);
    keep::<64>(text, sizes);
    keep::<1024>(text, sizes);
}

fn clean(text: &str) -> String {
    let clean = Clean(text).to_string();
    if made(Mistake::OverridePasses) {
        return clean.chars().zip(text.chars()).map(|(clean, c)| if c == '\u{202E}' { c } else { clean }).collect();
    }
    clean
}

fn plain(text: &str) -> String {
    if made(Mistake::CodeLetterStays) {
        return Clean(&text.replace('§', "")).to_string();
    }
    Plain(text).to_string()
}

/// A way to append a piece to a text
type Push<const N: usize> = fn(&mut Text<N>, &str, &mut Codes);

/// A bounded text is the beginning of the whole, as long as can be, however it came
fn keep<const N: usize>(text: &str, sizes: Sizes) {
    let kept = |push: Push<N>, sizes: Sizes| {
        let (mut kept, mut codes) = (Text::<N>::new(), Codes::new());
        sizes.cut_text(text).for_each(|piece| push(&mut kept, piece, &mut codes));
        kept
    };
    let ways: [(Push<N>, String); 3] = [
        (|kept, piece, _| kept.push_str(piece), shown::cleaned(text)),
        (|kept, piece, _| piece.chars().for_each(|c| kept.push(c)), shown::cleaned(text)),
        (|kept, piece, codes| kept.push_plain(piece, codes), shown::plain(text)),
    ];
    for (push, whole) in ways {
        let kept_whole = kept(push, Sizes::WHOLE);
        assert_eq!(kept_whole, kept(push, sizes));
        assert_eq!(kept_whole, kept(push, Sizes::SINGLE));
        let beginning = &whole[..whole.floor_char_boundary(N)];
        assert_eq!(kept_whole.as_str(), beginning, "of {N} bytes");
        assert_eq!(kept_whole.is_truncated() && !made(Mistake::CutUntold), beginning.len() < whole.len());
        assert_eq!((kept_whole.len(), kept_whole.is_empty()), (beginning.len(), beginning.is_empty()));
        assert_eq!(format!("{kept_whole}"), beginning);
        let mut cleared = kept_whole;
        cleared.clear();
        assert_eq!(cleared, Text::new());
    }
}
