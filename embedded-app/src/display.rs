//! The screen: 128 × 64 pixels of 16 greys, four views
//!
//! Draws what is known into memory and hands that to the panel a few rows at a time, so that a slow bus never keeps a round
//! trip waiting. Without the feature `display` there are [`Screen`] and [`Facts`] all the same, which take what there is to
//! show, show nothing and take no room.

#[cfg(feature = "display")]
mod draw;
#[cfg(feature = "display")]
mod facts;
#[cfg(feature = "display")]
mod screen;

#[cfg(not(feature = "display"))]
mod absent;

#[cfg(not(feature = "display"))]
pub use absent::{Facts, Screen};
#[cfg(feature = "display")]
pub use facts::Facts;
#[cfg(feature = "display")]
pub use screen::{Screen, View};

/// Pixels in a row, and rows
pub const WIDTH: usize = 128;
/// Rows of the panel
pub const HEIGHT: usize = 64;
/// Bytes of a row: the left pixel is the high half
pub const ROW: usize = WIDTH / 2;

/// A panel
pub trait Panel {
    /// Shows rows from `first` on; `pixels` has [`ROW`] bytes for each
    fn show(&mut self, first: usize, pixels: &[u8]);
}

/// No panel at all
#[derive(Clone, Copy, Debug)]
pub enum NoPanel {}

impl Panel for NoPanel {
    fn show(&mut self, _: usize, _: &[u8]) {
        match *self {}
    }
}

/// What a person pressed on the board
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The view before
    Up,
    /// The next view
    Down,
    /// The view before
    Left,
    /// The next view
    Right,
    /// Ask for the status now
    Select,
}

/// Where the connection stands, in a word or two
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// No server is named
    #[default]
    NoServer,
    /// There is no address to connect from
    NoAddress,
    /// The name server is asked
    Resolving,
    /// The server is asked
    Connecting,
    /// It stands
    Up,
    /// The last attempt failed; there will be another
    Retrying,
    /// The last attempt was refused; there will be another
    Refused,
}

impl Connection {
    /// How it is shown
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::NoServer => "no server named",
            Self::NoAddress => "no address yet",
            Self::Resolving => "resolving",
            Self::Connecting => "connecting",
            Self::Up => "up",
            Self::Retrying => "retrying",
            Self::Refused => "refused",
        }
    }
}
