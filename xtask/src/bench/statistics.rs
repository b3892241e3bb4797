//! Several measurements of one thing as a few numbers
//!
//! It knows the median and the two ends: of five rounds on a machine that others use too, nothing finer can be said.

use std::fmt;

/// The middle and both ends of some numbers
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Spread {
    /// Of `values`, in any order; `None` where there are none
    ///
    /// The median of an even number of them is between the two in the middle.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let above = *values.get(values.len() / 2)?;
        let below = *values.get((values.len() - 1) / 2)?;
        Some(Self { median: f64::midpoint(below, above), least, most })
    }
}

/// As `median (least–most)`, with the decimals asked for
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(2);
        let Self { median, least, most } = self;
        write!(f, "{median:.decimals$} ({least:.decimals$}–{most:.decimals$})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_is_in_the_middle_whatever_the_order() {
        let odd = Spread::of([9.0, 1.0, 2.0]).unwrap();
        assert_eq!(odd, Spread { median: 2.0, least: 1.0, most: 9.0 });
        let even = Spread::of([4.0, 1.0, 3.0, 100.0]).unwrap();
        assert_eq!(even, Spread { median: 3.5, least: 1.0, most: 100.0 });
        assert_eq!(Spread::of([7.0]).unwrap(), Spread { median: 7.0, least: 7.0, most: 7.0 });
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn both_ends_are_shown() {
        let spread = Spread { median: 1.054, least: 0.9, most: 12.0 };
        assert_eq!(format!("{spread:.2}"), "1.05 (0.90–12.00)");
    }
}
