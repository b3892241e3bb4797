//! What is drawn, and when: the views, the keys that page through them, and the way to the panel
//!
//! It asks nobody for anything: what it shows is in [`Facts`].

use core::time::Duration;

use embedded_graphics::framebuffer::{Framebuffer, buffer_size};
use embedded_graphics::pixelcolor::Gray4;
use embedded_graphics::pixelcolor::raw::{BigEndian, RawU4};
use proto_core::Instant;

use super::{Facts, HEIGHT, Key, Panel, ROW, WIDTH, draw};

/// Rows handed to the panel in one turn
const SLICE: usize = 4;
/// A text that is too long moves by a character after so long
const SCROLL: Duration = Duration::from_millis(400);

pub(super) type Pixels = Framebuffer<Gray4, RawU4, BigEndian, WIDTH, HEIGHT, { buffer_size::<Gray4>(WIDTH, HEIGHT) }>;

/// What is on the screen
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Description, counts, round trips, state
    #[default]
    Status,
    /// Round trips in numbers
    Times,
    /// Addresses
    Network,
    /// What runs here
    About,
}

impl View {
    #[cfg(test)]
    const ALL: [Self; 4] = [Self::Status, Self::Times, Self::Network, Self::About];

    const fn next(self) -> Self {
        match self {
            Self::Status => Self::Times,
            Self::Times => Self::Network,
            Self::Network => Self::About,
            Self::About => Self::Status,
        }
    }

    const fn before(self) -> Self {
        match self {
            Self::Status => Self::About,
            Self::Times => Self::Status,
            Self::Network => Self::Times,
            Self::About => Self::Network,
        }
    }
}

/// The screen and its memory
pub struct Screen {
    pixels: Pixels,
    view: View,
    /// Rows at the bottom that the panel does not show yet
    left: usize,
    /// What is drawn: number of the facts, minute, view, steps of scrolling
    drawn: (u32, u64, View, usize),
    /// Whether anything is: all of this begins as zeros, so that it is not stored
    is_drawn: bool,
    scroll: usize,
    scroll_at: Instant,
}

impl Default for Screen {
    fn default() -> Self {
        Self::new()
    }
}

impl Screen {
    /// Nothing drawn yet
    #[must_use]
    pub const fn new() -> Self {
        Self {
            pixels: Pixels::new(),
            view: View::Status,
            left: 0,
            drawn: (0, 0, View::Status, 0),
            is_drawn: false,
            scroll: 0,
            scroll_at: Instant::ZERO,
        }
    }

    /// Another view where the key asks for one
    pub fn handle_key(&mut self, key: Key) {
        self.view = match key {
            Key::Up | Key::Left => self.view.before(),
            Key::Down | Key::Right => self.view.next(),
            Key::Select => self.view,
        };
        self.scroll = 0;
    }

    /// Draws what has changed and hands a slice on; whether there is more to hand on
    pub fn turn(&mut self, now: Instant, facts: &Facts, panel: &mut impl Panel) -> bool {
        if self.left == 0 {
            self.draw(now, facts);
        }
        if self.left > 0 {
            let first = HEIGHT - self.left;
            let slice = first * ROW..(first + SLICE).min(HEIGHT) * ROW;
            panel.show(first, self.pixels.data().get(slice).unwrap_or_default());
            self.left = self.left.saturating_sub(SLICE);
        }
        self.left > 0
    }

    fn scrolls(&self, facts: &Facts) -> bool {
        self.view == View::Status && draw::count(&facts.description) > draw::COLUMNS
    }

    fn draw(&mut self, now: Instant, facts: &Facts) {
        if self.scrolls(facts) && now >= self.scroll_at {
            self.scroll_at = now.saturating_add(SCROLL);
            self.scroll = (self.scroll + 1) % (draw::count(&facts.description) + draw::GAP);
        }
        let drawn = (facts.number, minutes(now), self.view, self.scroll);
        if !self.is_drawn || self.drawn != drawn {
            (self.drawn, self.is_drawn) = (drawn, true);
            self.left = HEIGHT;
            draw::draw(&mut self.pixels, self.view, facts, now, self.scroll);
        }
    }
}

pub(super) fn minutes(now: Instant) -> u64 {
    now.as_micros() / 60_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Rows(std::vec::Vec<usize>);

    impl Panel for Rows {
        fn show(&mut self, first: usize, pixels: &[u8]) {
            assert_eq!(pixels.len() % ROW, 0);
            self.0.extend(first..first + pixels.len() / ROW);
        }
    }

    #[test]
    fn whole_screen_goes_out_once_and_again_when_something_changed() {
        let (mut screen, mut facts, mut panel) = (Screen::new(), Facts::new(), Rows(std::vec::Vec::new()));
        let settle = |screen: &mut Screen, facts: &Facts, panel: &mut Rows| {
            while screen.turn(Instant::ZERO, facts, panel) {}
        };
        settle(&mut screen, &facts, &mut panel);
        assert!(panel.0.iter().copied().eq(0..HEIGHT), "{:?}", panel.0);
        settle(&mut screen, &facts, &mut panel);
        assert_eq!(panel.0.len(), HEIGHT);
        facts.pong(1_000);
        settle(&mut screen, &facts, &mut panel);
        assert_eq!(panel.0.len(), 2 * HEIGHT);
    }

    #[test]
    fn keys_go_through_all_views_both_ways() {
        let mut screen = Screen::new();
        for view in View::ALL {
            assert_eq!(screen.view, view);
            screen.handle_key(Key::Right);
        }
        for view in View::ALL.into_iter().rev() {
            screen.handle_key(Key::Up);
            assert_eq!(screen.view, view);
        }
    }
}
