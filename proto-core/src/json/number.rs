//! A number as it is read digit by digit
//!
//! It yields no fraction and no float: what the exponent leaves behind the point is cut off.

use super::error::Expected;

/// A JSON number as a whole number
///
/// A status document only counts things; what is after the point is cut towards zero, and what is out of
/// the range of 64 bits stays at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// The number, cut towards zero and to the range of the type
    pub value: i64,
    /// Whether `value` is the very number that was written (`3.0` and `3e2` are whole numbers, too)
    pub exact: bool,
}

/// The largest mantissa that any further digit fits behind
const ROOM: u64 = (u64::MAX - 9) / 10;

/// Where in the grammar of a number the scanner stands
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// At the beginning: a sign or a digit
    Start,
    /// After the sign: a digit
    Sign,
    /// After a leading zero: no further digit
    Zero,
    Integer,
    /// After the point: a digit
    Point,
    Fraction,
    /// After the `e`: a sign or a digit
    Exponent,
    /// After the exponent's sign: a digit
    ExponentSign,
    ExponentDigits,
}

/// What became of a byte
pub(super) enum Step {
    Taken,
    /// The number was complete before this byte
    Ended,
    Unexpected,
}

/// The digits so far
#[derive(Clone, Copy, Debug)]
pub(super) struct Digits {
    /// The leading digits, as many as fit
    mantissa: u64,
    /// Powers of ten that the mantissa is short of, by digits that did not fit or were after the point
    scale: i32,
    exponent: i32,
    phase: Phase,
    negative: bool,
    exponent_negative: bool,
    /// A digit other than 0 did not fit
    lossy: bool,
}

impl Digits {
    pub(super) const START: Self = Self {
        mantissa: 0,
        scale: 0,
        exponent: 0,
        phase: Phase::Start,
        negative: false,
        exponent_negative: false,
        lossy: false,
    };

    pub(super) fn push(&mut self, byte: u8) -> Step {
        let digit = byte.wrapping_sub(b'0');
        self.phase = match (self.phase, byte) {
            (Phase::Start | Phase::Sign, b'0') => Phase::Zero,
            (Phase::Start | Phase::Sign | Phase::Integer, _) if digit <= 9 => {
                self.integer_digit(digit);
                Phase::Integer
            }
            (Phase::Point | Phase::Fraction, _) if digit <= 9 => {
                if self.accumulate(digit) {
                    self.scale = self.scale.saturating_sub(1);
                }
                Phase::Fraction
            }
            (Phase::Exponent | Phase::ExponentSign | Phase::ExponentDigits, _) if digit <= 9 => {
                // No number is so long that more would matter, and no sum of it with `scale` overflows.
                if self.exponent < 100_000_000 {
                    self.exponent = self.exponent.wrapping_mul(10).wrapping_add(digit.into());
                }
                Phase::ExponentDigits
            }
            (Phase::Start, b'-') => {
                self.negative = true;
                Phase::Sign
            }
            (Phase::Zero | Phase::Integer, b'.') => Phase::Point,
            (Phase::Zero | Phase::Integer | Phase::Fraction, b'e' | b'E') => Phase::Exponent,
            (Phase::Exponent, b'+') => Phase::ExponentSign,
            (Phase::Exponent, b'-') => {
                self.exponent_negative = true;
                Phase::ExponentSign
            }
            _ if self.missing().is_none() => return Step::Ended,
            _ => return Step::Unexpected,
        };
        Step::Taken
    }

    /// What has to come before the number is one, if anything
    pub(super) const fn missing(&self) -> Option<Expected> {
        match self.phase {
            Phase::Start | Phase::Sign | Phase::Point | Phase::ExponentSign => Some(Expected::Digit),
            Phase::Exponent => Some(Expected::ExponentDigit),
            Phase::Zero | Phase::Integer | Phase::Fraction | Phase::ExponentDigits => None,
        }
    }

    pub(super) fn number(&self) -> Number {
        let exponent = if self.exponent_negative { self.exponent.saturating_neg() } else { self.exponent };
        let mut shift = self.scale.saturating_add(exponent);
        let mut magnitude = self.mantissa;
        let mut exact = !self.lossy;
        // Both loops end within twenty rounds: the magnitude leaves its range or becomes 0.
        while shift > 0 && magnitude != 0 {
            if magnitude > u64::MAX / 10 {
                magnitude = u64::MAX;
                exact = false;
                break;
            }
            magnitude = magnitude.wrapping_mul(10);
            shift = shift.saturating_sub(1);
        }
        while shift < 0 && magnitude != 0 {
            exact &= magnitude.is_multiple_of(10);
            magnitude /= 10;
            shift = shift.saturating_add(1);
        }
        let value =
            if self.negative { 0_i64.checked_sub_unsigned(magnitude) } else { 0_i64.checked_add_unsigned(magnitude) };
        let end = if self.negative { i64::MIN } else { i64::MAX };
        Number { value: value.unwrap_or(end), exact: exact && value.is_some() }
    }

    #[inline]
    fn integer_digit(&mut self, digit: u8) {
        if !self.accumulate(digit) {
            self.scale = self.scale.saturating_add(1);
        }
    }

    /// Appends a digit to the mantissa, unless that is full
    #[inline]
    fn accumulate(&mut self, digit: u8) -> bool {
        let fits = self.mantissa <= ROOM;
        if fits {
            self.mantissa = self.mantissa.wrapping_mul(10).wrapping_add(digit.into());
        } else {
            self.lossy |= digit != 0;
        }
        fits
    }
}
