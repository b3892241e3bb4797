//! Messages made without `core::fmt`
//!
//! `core::fmt` costs a firmware as much as a whole TCP stack, however little of it is used. So what is told is told by
//! [`Show`], piece by piece into a [`Sink`], and `Display` stands on top of that: each wording stands once, for the desk
//! and the device.
//!
//! It knows no width, no alignment and no precision; it cleans nothing either, which is for [`Clean`](super::Clean).

use core::fmt;
use core::net::{Ipv4Addr, SocketAddrV4};
use core::num::NonZeroU64;

use heapless::String;
use heapless::string::StringView;

/// Takes text
///
/// It never fails. Where there is no room the rest is lost, and the sink's page says who notices.
pub trait Sink {
    /// Takes a piece of text
    fn put(&mut self, text: &str);
}

/// Keeps what fits: the text is cut between two characters where it does not
impl<const N: usize> Sink for String<N> {
    fn put(&mut self, text: &str) {
        push_what_fits(self.as_mut_view(), text);
    }
}

fn push_what_fits(kept: &mut StringView, text: &str) {
    let fits = text.floor_char_boundary(kept.capacity().saturating_sub(kept.len()));
    // It fits: that much room was found.
    let _always_ok = kept.push_str(text.get(..fits).unwrap_or_default());
}

/// What can be told as text
pub trait Show {
    /// Tells it to `out`
    fn show(&self, out: &mut dyn Sink);
}

/// Tells parts to a [`Sink`], one after the other; each is something to [`Show`]
///
/// ```
/// use proto_core::text::Sink;
///
/// let mut kept = heapless::String::<20>::new();
/// proto_core::put!(&mut kept, "byte ", 7_u32, " of ", -9_i64);
/// assert_eq!(kept, "byte 7 of -9");
/// ```
#[macro_export]
macro_rules! put {
    ($out:expr, $($part:expr),+ $(,)?) => {{
        let out: &mut dyn $crate::text::Sink = $out;
        $($crate::text::Show::show(&$part, out);)+
    }};
}

/// Several parts as one thing to [`Show`], told when it is shown: `format_args!` without `core::fmt`
///
/// ```
/// use proto_core::text::Show;
///
/// let (mut kept, bytes) = (heapless::String::<20>::new(), 7_u32);
/// proto_core::text!("byte ", bytes).show(&mut kept);
/// assert_eq!(kept, "byte 7");
/// ```
#[macro_export]
macro_rules! text {
    ($($part:expr),+ $(,)?) => {
        $crate::text::Parts(|out: &mut dyn $crate::text::Sink| $crate::put!(out, $($part),+))
    };
}

/// What [`text!`](crate::text!) makes
#[derive(Clone, Copy, Debug)]
pub struct Parts<F>(pub F);

impl<F: Fn(&mut dyn Sink)> Show for Parts<F> {
    fn show(&self, out: &mut dyn Sink) {
        (self.0)(out);
    }
}

/// How `Display` is had from [`Show`]
///
/// # Errors
/// The formatter's own.
pub fn display(shown: &dyn Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut out = Formatted { f, result: Ok(()) };
    shown.show(&mut out);
    out.result
}

struct Formatted<'f, 'w> {
    f: &'f mut fmt::Formatter<'w>,
    result: fmt::Result,
}

impl Sink for Formatted<'_, '_> {
    fn put(&mut self, text: &str) {
        if self.result.is_ok() {
            self.result = self.f.write_str(text);
        }
    }
}

impl<T: Show + ?Sized> Show for &T {
    fn show(&self, out: &mut dyn Sink) {
        (**self).show(out);
    }
}

impl Show for str {
    fn show(&self, out: &mut dyn Sink) {
        out.put(self);
    }
}

impl Show for char {
    fn show(&self, out: &mut dyn Sink) {
        out.put(self.encode_utf8(&mut [0; 4]));
    }
}

macro_rules! show_whole {
    ($($number:ty => $show:ident),+ $(,)?) => {
        $(impl Show for $number {
            fn show(&self, out: &mut dyn Sink) {
                $show((*self).into(), out);
            }
        })+
    };
}

show_whole! { u8 => unsigned, u16 => unsigned, u32 => unsigned, u64 => unsigned, i32 => signed, i64 => signed }

impl Show for usize {
    fn show(&self, out: &mut dyn Sink) {
        unsigned(*self as u64, out);
    }
}

// Called from everywhere, and the smaller for being one function.
#[inline(never)]
fn unsigned(number: u64, out: &mut dyn Sink) {
    digits(number, TEN, b'a', 1, out);
}

#[inline(never)]
fn signed(number: i64, out: &mut dyn Sink) {
    if number < 0 {
        out.put("-");
    }
    unsigned(number.unsigned_abs(), out);
}

/// A number with zeros before it, up to so many digits
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padded(pub u32, pub usize);

impl Show for Padded {
    fn show(&self, out: &mut dyn Sink) {
        digits(self.0.into(), TEN, b'a', self.1, out);
    }
}

/// A number in hexadecimal, with zeros before it up to so many digits
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hex(pub u32, pub usize);

impl Show for Hex {
    fn show(&self, out: &mut dyn Sink) {
        digits(self.0.into(), SIXTEEN, b'a', self.1, out);
    }
}

/// A [`Hex`] in upper case
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpperHex(pub u32, pub usize);

impl Show for UpperHex {
    fn show(&self, out: &mut dyn Sink) {
        digits(self.0.into(), SIXTEEN, b'A', self.1, out);
    }
}

const TEN: NonZeroU64 = NonZeroU64::new(10).unwrap();
const SIXTEEN: NonZeroU64 = NonZeroU64::new(16).unwrap();

/// At least `least` digits of `number`, and at most the twenty that any has; `letter` is the one for ten
fn digits(number: u64, base: NonZeroU64, letter: u8, least: usize, out: &mut dyn Sink) {
    let mut text = [0; 20];
    let (mut rest, mut count) = (number, 0_usize);
    for place in text.iter_mut().rev() {
        if rest == 0 && count >= least {
            break;
        }
        // A remainder by sixteen at most: the lowest byte has all of it.
        let [digit, ..] = (rest % base).to_le_bytes();
        *place = digit.wrapping_add(if digit < 10 { b'0' } else { letter.wrapping_sub(10) });
        rest /= base;
        count = count.wrapping_add(1);
    }
    for &digit in text.iter().skip(text.len().saturating_sub(count)) {
        char::from(digit).show(out);
    }
}

impl Show for Ipv4Addr {
    fn show(&self, out: &mut dyn Sink) {
        let [a, b, c, d] = self.octets();
        put!(out, a, ".", b, ".", c, ".", d);
    }
}

impl Show for SocketAddrV4 {
    fn show(&self, out: &mut dyn Sink) {
        put!(out, self.ip(), ":", self.port());
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString as _;

    use super::*;

    fn shown(part: impl Show) -> String<40> {
        let mut kept = String::new();
        part.show(&mut kept);
        kept
    }

    #[test]
    fn numbers_are_those_of_the_formatter() {
        for number in [0, 1, 9, 10, 99, 100, i64::MAX, i64::MIN, -1, -10] {
            assert_eq!(shown(number).as_str(), number.to_string());
        }
        assert_eq!(shown(u64::MAX).as_str(), u64::MAX.to_string());
        assert_eq!([shown(Padded(7, 3)), shown(Padded(1_234, 3)), shown(Padded(0, 0))], ["007", "1234", ""]);
        assert_eq!(
            [shown(Hex(0x1F, 2)), shown(Hex(u32::MAX, 2)), shown(UpperHex(0xAD, 4))],
            ["1f", "ffffffff", "00AD"]
        );
    }

    #[test]
    fn addresses_are_those_of_the_formatter() {
        let address = SocketAddrV4::new(Ipv4Addr::new(10, 0, 255, 1), 25_565);
        assert_eq!(shown(address).as_str(), address.to_string());
    }

    #[test]
    fn what_has_no_room_is_cut_between_characters() {
        let mut kept = String::<4>::new();
        put!(&mut kept, "ab", "\u{a7}\u{a7}", "");
        assert_eq!(kept, "ab\u{a7}");
        put!(&mut kept, "\u{a7}");
        assert_eq!(kept, "ab\u{a7}");
    }
}
