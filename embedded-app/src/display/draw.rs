//! The four views, as pixels
//!
//! Rows of 21 characters. Dim is what explains, bright what changes.

use core::net::Ipv4Addr;

use embedded_graphics::geometry::Point;
use embedded_graphics::image::GetPixel as _;
use embedded_graphics::mono_font::iso_8859_1::FONT_6X10 as FONT;
use embedded_graphics::pixelcolor::{BinaryColor, Gray4, GrayColor as _};
use heapless::String;
use proto_core::text::{Hex, Padded, Show, Sink};
use proto_core::{Instant, put, text};

use super::facts::HISTORY;
use super::screen::{Pixels, minutes};
use super::{Connection, Facts, HEIGHT, View, WIDTH};
use crate::app::Known;

/// Characters in a row
pub(super) const COLUMNS: usize = 21;
/// Blanks between the end of a text that moves and its beginning
pub(super) const GAP: usize = 3;
/// Pixels of a character
const CELL: i32 = 6;
const LINE: i32 = 10;
/// Characters in a row of the font's picture
const IN_A_ROW: i32 = 16;
/// The panel
const RIGHT: i32 = 128;
const BOTTOM: i32 = 64;
/// The graph, and the width of one of its bars with the gap behind it
const GRAPH_TOP: i32 = 22;
const GRAPH_HEIGHT: i32 = 20;
const BAR: i32 = 4;
const _: () = assert!(WIDTH == 128 && HEIGHT == 64 && HISTORY == 32, "the places above are for that");

const BRIGHT: Gray4 = Gray4::WHITE;
const DIM: Gray4 = Gray4::new(7);

type Row = String<64>;

pub(super) fn draw(pixels: &mut Pixels, view: View, facts: &Facts, now: Instant, scroll: usize) {
    pixels.data_mut().fill(0);
    match view {
        View::Status => status(pixels, facts, scroll),
        View::Times => times(pixels, facts),
        View::Network => network(pixels, facts),
        View::About => about(pixels, facts, now),
    }
}

fn status(pixels: &mut Pixels, facts: &Facts, scroll: usize) {
    let description = facts.description.as_str();
    let mut row = Row::new();
    if count(description) > COLUMNS {
        let around = count(description) + GAP;
        let first = scroll % around;
        let mut column = 0;
        let mut place = |character: char| {
            // 21 characters of at most four bytes may not fit; what does not is cut.
            if (first..first + COLUMNS).contains(&column) {
                character.show(&mut row);
            }
            column += 1;
        };
        for _ in 0..2 {
            description.chars().for_each(&mut place);
            (0..GAP).for_each(|_| place(' '));
        }
        left(pixels, 0, &row, BRIGHT);
    } else if facts.pings == 0 && description.is_empty() {
        left(pixels, 0, "slp device", BRIGHT);
    } else {
        left(pixels, 0, description, BRIGHT);
    }
    let mut room = COLUMNS;
    if let Some(last) = facts.kept().last() {
        let last = text(&Millis(last));
        right(pixels, LINE, &last, BRIGHT);
        room -= 1 + last.len();
        graph(pixels, facts);
    }
    let counts = text(&text!(Known(facts.online), "/", Known(facts.max)));
    // Numbers that nobody has players for would stand across the time; the console tells them.
    if !description.is_empty() && counts.len() <= room {
        left(pixels, LINE, &counts, BRIGHT);
    }
    let bottom = BOTTOM - LINE;
    let state = match facts.connection {
        Connection::Up => text(&text!("up ", Clock(facts.counted))),
        Connection::Retrying => text(&text!("retry in ", facts.counted, " s")),
        other => text(&other.text()),
    };
    right(pixels, bottom, &state, BRIGHT);
    if let Some(address) = facts.address {
        let address = text(&address);
        if address.len() + 1 + state.len() <= COLUMNS {
            left(pixels, bottom, &address, DIM);
        }
    }
}

/// The last round trips as bars, scaled to the largest
fn graph(pixels: &mut Pixels, facts: &Facts) {
    let largest = facts.kept().max().unwrap_or_default().max(1);
    for (trip, index) in facts.kept().zip(0..) {
        let height = u64::from(trip) * u64::from(GRAPH_HEIGHT.unsigned_abs()) / u64::from(largest);
        let height = i32::try_from(height).unwrap_or_default().max(1);
        for y in GRAPH_HEIGHT - height..GRAPH_HEIGHT {
            for x in 0..BAR - 1 {
                pixels.set_pixel(Point::new(index * BAR + x, GRAPH_TOP + y), BRIGHT);
            }
        }
    }
    right(pixels, GRAPH_TOP + GRAPH_HEIGHT + 1, &text(&text!("max ", Millis(largest))), DIM);
}

fn times(pixels: &mut Pixels, facts: &Facts) {
    title(pixels, "Times");
    let Some(least) = facts.kept().min() else {
        return left(pixels, 2 * LINE, "no ping answered yet", BRIGHT);
    };
    let (largest, latest) = (facts.kept().max().unwrap_or_default(), facts.kept().last().unwrap_or_default());
    for (line, (name, trip)) in
        (1..).zip([("last", latest), ("min", least), ("median", median(facts)), ("max", largest)])
    {
        pair(pixels, line, name, &text(&Millis(trip)));
    }
    pair(pixels, 5, "pings", &text(&facts.pings));
}

/// The lower of the two in the middle where there is no middle
fn median(facts: &Facts) -> u32 {
    let below = |limit: u32| facts.kept().filter(|&trip| trip < limit).count();
    let half = facts.kept().count().saturating_sub(1) / 2;
    // Sorting them would take a kilobyte of code.
    let upper_half = facts.kept().filter(|&trip| below(trip.saturating_add(1)) > half);
    upper_half.min().unwrap_or_default()
}

fn network(pixels: &mut Pixels, facts: &Facts) {
    title(pixels, "Network");
    let known = |address: Option<Ipv4Addr>| match address {
        Some(address) => text(&address),
        None => text(&"none"),
    };
    pair(pixels, 1, "ip", &known(facts.address));
    pair(pixels, 2, "gate", &known(facts.gateway));
    pair(pixels, 3, "peer", &known(facts.server));
    let mut mac = Row::new();
    for byte in facts.mac {
        Hex(byte.into(), 2).show(&mut mac);
    }
    pair(pixels, 4, "mac", &mac);
    pair(pixels, 5, "", facts.connection.text());
}

fn about(pixels: &mut Pixels, facts: &Facts, now: Instant) {
    title(pixels, concat!("slp device ", env!("CARGO_PKG_VERSION")));
    pair(pixels, 1, "board", facts.board);
    pair(pixels, 2, "running", &text(&Clock(u32::try_from(minutes(now)).unwrap_or(u32::MAX))));
    left(pixels, 3 * LINE, "server", DIM);
    left(pixels, 4 * LINE, &facts.version, BRIGHT);
}

#[inline(never)]
fn title(pixels: &mut Pixels, name: &str) {
    left(pixels, 0, name, DIM);
}

/// A name at the left and its value at the right
#[inline(never)]
fn pair(pixels: &mut Pixels, line: i32, name: &str, value: &str) {
    left(pixels, line * LINE, name, DIM);
    right(pixels, line * LINE, value, BRIGHT);
}

#[inline(never)]
fn left(pixels: &mut Pixels, top: i32, text: &str, color: Gray4) {
    at(pixels, Point::new(0, top), text, color);
}

#[inline(never)]
fn right(pixels: &mut Pixels, top: i32, text: &str, color: Gray4) {
    let width = i32::try_from(count(text)).unwrap_or_default() * CELL;
    at(pixels, Point::new(RIGHT - width, top), text, color);
}

fn at(pixels: &mut Pixels, place: Point, text: &str, color: Gray4) {
    for (character, index) in text.chars().zip(0..) {
        glyph(pixels, Point::new(place.x + index * CELL, place.y), character, color);
    }
}

/// Copies a character out of the font's picture, in which sixteen stand in a row
fn glyph(pixels: &mut Pixels, place: Point, character: char, color: Gray4) {
    let index = index(character);
    let corner = Point::new(index % IN_A_ROW * CELL, index / IN_A_ROW * LINE);
    for y in 0..LINE {
        for x in 0..CELL {
            let pixel = Point::new(x, y);
            if FONT.image.pixel(corner + pixel) == Some(BinaryColor::On) {
                pixels.set_pixel(place + pixel, color);
            }
        }
    }
}

/// Where a character stands in the font's picture: ISO 8859-1 without its control characters, and a question mark for all others
///
/// The font's own table is gone through range by range, in code that is longer than this.
fn index(character: char) -> i32 {
    let code = i32::try_from(u32::from(character)).unwrap_or_default();
    match code {
        0x20..=0x7F => code - 0x20,
        0xA0..=0xFF => code - 0x40,
        _ => index('?'),
    }
}

/// Characters of a text; the standard library's way is fast with long ones, and long
#[inline(never)]
pub(super) fn count(text: &str) -> usize {
    text.bytes().filter(|byte| byte & 0xC0 != 0x80).count()
}

/// Text that fits a row; what does not is cut
#[inline(never)]
fn text(shown: &dyn Show) -> Row {
    let mut row = Row::new();
    shown.show(&mut row);
    row
}

/// Microseconds as milliseconds with one decimal
struct Millis(u32);

impl Show for Millis {
    fn show(&self, out: &mut dyn Sink) {
        let tenths = self.0.saturating_add(50) / 100;
        put!(out, tenths / 10, ".", tenths % 10, "ms");
    }
}

/// Hours and minutes
struct Clock(u32);

impl Show for Clock {
    fn show(&self, out: &mut dyn Sink) {
        put!(out, Padded(self.0 / 60, 2), ":", Padded(self.0 % 60, 2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_stand_where_the_font_has_them() {
        for character in '\u{0}'..='\u{2FFF}' {
            assert_eq!(usize::try_from(index(character)), Ok(FONT.glyph_mapping.index(character)), "{character:?}");
        }
    }
}
