//! The screen of a firmware that was built without one: takes what there is to show, and shows nothing

use core::net::Ipv4Addr;

use proto_core::Instant;

use super::{Connection, Key, Panel};

/// What a screen would show
#[derive(Debug, Default)]
pub struct Facts;

impl Facts {
    /// Nothing known
    #[must_use]
    pub const fn new() -> Self {
        Self
    }

    /// What runs here
    pub const fn device(&mut self, _: &'static str, _: [u8; 6]) {}

    /// A status has come
    pub const fn status(&mut self, _: Option<&str>, _: Option<&str>, _: Option<i64>, _: Option<i64>) {}

    /// A Pong has come
    pub const fn pong(&mut self, _: u32) {}

    /// The connection stands elsewhere
    pub const fn connection(&mut self, _: Connection, _: Option<Ipv4Addr>, _: u32) {}

    /// The device has another address
    pub const fn address(&mut self, _: Option<Ipv4Addr>, _: Option<Ipv4Addr>) {}
}

/// The screen that there is not
#[derive(Debug, Default)]
pub struct Screen;

impl Screen {
    /// Nothing drawn, now and ever
    #[must_use]
    pub const fn new() -> Self {
        Self
    }

    /// There are no views to page through
    pub const fn handle_key(&mut self, _: Key) {}

    /// There is nothing to hand on
    pub fn turn(&mut self, _: Instant, _: &Facts, _: &mut impl Panel) -> bool {
        false
    }
}
