//! What the screen of one side has of its own
//!
//! Only the seam; [`server`](super::server) and [`client`](super::client) are the two sides of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::title::Title;
use crate::config::Config;
use crate::side::Side;
use crate::terminal::{Scroll, Theme};

/// A side as the full screen shows it
///
/// All times are readings of the [`Clock`](crate::clock::Clock), in microseconds.
pub(crate) trait Front: Side {
    /// What is known, learned from the events alone
    type Model;

    /// Heading of the panel
    const PANEL: &'static str;

    /// Whether the panel can hold more than it shows
    const PANEL_SCROLLS: bool;

    /// What is known before anything happened
    fn model(config: &Config, now: u64) -> Self::Model;

    /// Learns from an event
    fn update(model: &mut Self::Model, event: &Self::Event, now: u64);

    /// What the title bar says
    fn title(model: &Self::Model, now: u64) -> Title;

    /// Rows that the panel has a use for, heading included
    ///
    /// Does not depend on what happens, so that the panes stay where they are.
    fn panel_rows(model: &Self::Model) -> u16;

    /// Draws the panel, below its heading
    fn panel(model: &mut Self::Model, area: Rect, buffer: &mut Buffer, theme: &Theme, now: u64);

    /// Scrolls the panel; whether that changed anything
    fn scroll(model: &mut Self::Model, scroll: Scroll) -> bool;

    /// When something shown changes although nothing happens
    fn next_change(model: &Self::Model, now: u64) -> Option<u64>;

    /// Whether a command asks the side to end
    fn is_leave(command: &Self::Command) -> bool;

    /// Whether the screen stays for the user to read when the side has ended by itself
    fn stays(model: &Self::Model) -> bool;
}
