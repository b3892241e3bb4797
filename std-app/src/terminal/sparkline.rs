//! A small graph of the last values in one line of text
//!
//! Only turns numbers into bars; it keeps no history and picks no colour.

use super::style::Glyphs;

/// The last `width` values as bars, oldest first
///
/// Scaled so that the largest value shown is the highest bar; any value but 0 next to it is at
/// least the lowest. One column for each value, hence at most `width` columns, fewer where there
/// are fewer values.
#[must_use]
pub fn sparkline(values: &[u64], width: usize, glyphs: &Glyphs) -> String {
    let shown = &values[values.len().saturating_sub(width)..];
    let max = shown.iter().copied().max().unwrap_or(0).max(1);
    let top = glyphs.bars.len() - 1;
    shown
        .iter()
        .map(|&value| {
            // Rounded to the nearest bar. The quotient is at most `top`.
            let level = (u128::from(value) * top as u128 + u128::from(max) / 2) / u128::from(max);
            glyphs.bars[usize::try_from(level).unwrap_or(top).min(top)]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_value_shown_is_the_highest_bar() {
        assert_eq!(sparkline(&[0, 1, 2, 3, 4, 5, 6, 7], 8, &Glyphs::UNICODE), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[1_000, 1, 2], 2, &Glyphs::UNICODE), "▅█", "what is not shown does not scale");
    }

    #[test]
    fn ascii_has_as_many_levels() {
        assert_eq!(sparkline(&[0, 1, 2, 3, 4, 5, 6, 7], 8, &Glyphs::ASCII), "_.:-=+*#");
    }

    #[test]
    fn edges_are_no_trouble() {
        assert_eq!(sparkline(&[], 8, &Glyphs::UNICODE), "");
        assert_eq!(sparkline(&[1, 2], 0, &Glyphs::UNICODE), "");
        assert_eq!(sparkline(&[0, 0], 8, &Glyphs::UNICODE), "▁▁");
        assert_eq!(sparkline(&[u64::MAX, u64::MAX / 2, 0], 8, &Glyphs::UNICODE), "█▄▁");
    }
}
