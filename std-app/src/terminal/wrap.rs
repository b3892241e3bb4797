//! Breaking text into rows of a width
//!
//! Counts columns as the screen does, grapheme by grapheme. Knows nothing of styles.

use std::ops::Range;

use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;

/// The byte ranges of the rows that `text` takes
///
/// The first row has room for `first` columns, each further one for `rest`. Rows break after a
/// space where there is one in the second half of the row, else between graphemes; the spaces at a
/// break belong to no row. There is always at least one row. A grapheme wider than a row gets a
/// row to itself, to be cut off there.
pub(super) fn rows(text: &str, first: usize, rest: usize) -> Vec<Range<usize>> {
    // What is drawn most often, and needs no look at a single grapheme.
    if text.is_ascii() && text.len() <= first {
        return std::iter::once(0..text.len()).collect();
    }
    let mut rows = Vec::new();
    let mut start = 0;
    let mut width = first.max(1);
    loop {
        let (end, next) = row(&text[start..], width);
        rows.push(start..start + end);
        let Some(next) = next else { return rows };
        start += next;
        width = rest.max(1);
    }
}

/// Where the first row of `text` ends, and where the next begins if there is more
fn row(text: &str, width: usize) -> (usize, Option<usize>) {
    let mut used = 0;
    // The last run of spaces, and the columns up to its end.
    let mut space: Option<(Range<usize>, usize)> = None;
    for (at, grapheme) in text.grapheme_indices(true) {
        let columns = usize::from(grapheme.cell_width());
        if grapheme == " " {
            let start = match &space {
                Some((run, _)) if run.end == at => run.start,
                _ => at,
            };
            used += 1;
            space = Some((start..at + 1, used));
            continue;
        }
        if used + columns > width && at > 0 {
            return match space {
                // Spaces at the very beginning are meant as they are.
                Some((run, end)) if run.start > 0 && (run.end == at || end * 2 >= width) => (run.start, Some(run.end)),
                _ => (at, Some(at)),
            };
        }
        used += columns;
    }
    (text.trim_end_matches(' ').len(), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wrapped(text: &str, first: usize, rest: usize) -> Vec<&str> {
        rows(text, first, rest).into_iter().map(|row| &text[row]).collect()
    }

    #[test]
    fn short_text_is_one_row() {
        assert_eq!(wrapped("", 5, 5), [""]);
        assert_eq!(wrapped("hello", 5, 5), ["hello"]);
        assert_eq!(wrapped("世界", 4, 4), ["世界"]);
    }

    #[test]
    fn words_stay_whole_where_they_can() {
        assert_eq!(wrapped("one two three", 8, 8), ["one two", "three"]);
        assert_eq!(wrapped("one   two", 5, 5), ["one", "two"]);
        assert_eq!(wrapped("ab cdefghij kl", 10, 10), ["ab cdefghi", "j kl"]);
    }

    #[test]
    fn long_words_break_anywhere() {
        assert_eq!(wrapped("abcdefgh", 3, 3), ["abc", "def", "gh"]);
        assert_eq!(wrapped("abcdefgh", 4, 2), ["abcd", "ef", "gh"]);
    }

    #[test]
    fn wide_characters_are_never_split() {
        assert_eq!(wrapped("世界世界", 3, 3), ["世", "界", "世", "界"]);
        assert_eq!(wrapped("a👩\u{200D}🚀b", 2, 2), ["a", "👩\u{200D}🚀", "b"]);
        assert_eq!(wrapped("世界", 1, 1), ["世", "界"]);
    }

    #[test]
    fn no_width_is_one_column() {
        assert_eq!(wrapped("abc", 0, 0), ["a", "b", "c"]);
    }

    proptest! {
        #[test]
        fn rows_fit_and_lose_nothing_but_spaces(text in "[a-z 世界é👍🏽]{0,80}", first in 0_usize..40, rest in 0_usize..40) {
            let found = rows(&text, first, rest);
            let mut end = 0;
            let mut joined = String::new();
            for (index, row) in found.iter().enumerate() {
                prop_assert!(row.start >= end);
                prop_assert!(text[end..row.start].chars().all(|c| c == ' '));
                end = row.end;
                let row = &text[row.clone()];
                joined.push_str(row);
                let width = if index == 0 { first.max(1) } else { rest.max(1) };
                let single = row.graphemes(true).count() <= 1;
                prop_assert!(usize::from(row.cell_width()) <= width || single || row.trim().is_empty() , "{row:?} in {width}");
            }
            prop_assert!(text[end..].chars().all(|c| c == ' '));
            joined.retain(|c| c != ' ');
            prop_assert_eq!(joined, text.replace(' ', ""));
        }
    }
}
