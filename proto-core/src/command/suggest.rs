//! The command that a mistyped word was probably meant to be
//!
//! It does not know words other than the ones it is given, and carries out nothing that it suggests.

use super::Usage;

/// Longest word that is compared; a longer one resembles no command
const LONGEST: usize = 12;
/// Edits up to which two words resemble each other
const NEAR: usize = 2;

/// Whether `word` begins with `prefix` in any ASCII case
pub(super) fn starts_with(word: &str, prefix: &str) -> bool {
    word.as_bytes().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

/// The candidate that `word` begins, else the one fewest edits away; the first of equals
///
/// At most two edits, and fewer than `word` has bytes: what shares nothing with a name is not called similar.
pub(super) fn nearest(commands: &[Usage], word: &str) -> Option<&'static str> {
    if word.len() > LONGEST {
        return None;
    }
    let mut nearest = (word.len().min(NEAR.saturating_add(1)), None);
    for &Usage { name, .. } in commands {
        let edits = if starts_with(name, word) { 0 } else { distance(name, word).max(1) };
        if edits < nearest.0 {
            nearest = (edits, Some(name));
        }
    }
    nearest.1
}

/// Levenshtein distance in bytes, ASCII case ignored; `to` has at most [`LONGEST`] bytes
fn distance(from: &str, to: &str) -> usize {
    // One row of the table: cell n is the distance from what was read of `from` to the first n bytes of `to`.
    let mut row = [0_usize; LONGEST];
    for (cell, value) in row.iter_mut().zip(1..) {
        *cell = value;
    }
    let mut result = to.len();
    for (read, a) in from.bytes().enumerate() {
        let mut diagonal = read;
        let mut left = read.saturating_add(1);
        for (cell, b) in row.iter_mut().zip(to.bytes()) {
            let replaced = diagonal.saturating_add(usize::from(!a.eq_ignore_ascii_case(&b)));
            let edited = left.min(*cell).saturating_add(1);
            diagonal = *cell;
            left = replaced.min(edited);
            *cell = left;
        }
        result = left;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_up_to_the_longest_and_no_further() {
        let commands = [Usage { name: "abcdefghijkl", arguments: "" }];
        assert_eq!(commands.map(|usage| usage.name.len()), [LONGEST]);
        assert_eq!(nearest(&commands, "abcdefghijkx"), Some("abcdefghijkl"));
        assert_eq!(nearest(&commands, "abcdefghijklx"), None, "a byte more, and but one edit away");
    }
}
