//! What is known of the server, the connection and the device, for a screen

use core::net::Ipv4Addr;

use heapless::String;
use proto_core::telemetry::cut;

use super::Connection;

/// Round trips that are kept
pub(super) const HISTORY: usize = 32;

/// What a screen shows
#[derive(Debug, Default)]
pub struct Facts {
    /// Changes with every change
    pub(super) number: u32,
    pub(super) board: &'static str,
    pub(super) description: String<128>,
    pub(super) version: String<21>,
    pub(super) online: Option<i64>,
    pub(super) max: Option<i64>,
    /// Microseconds, the latest at the end
    pub(super) trips: [u32; HISTORY],
    pub(super) pings: u32,
    pub(super) connection: Connection,
    /// Minutes that it stands, or seconds to the next attempt
    pub(super) counted: u32,
    pub(super) address: Option<Ipv4Addr>,
    pub(super) gateway: Option<Ipv4Addr>,
    pub(super) server: Option<Ipv4Addr>,
    pub(super) mac: [u8; 6],
}

impl Facts {
    /// Nothing known
    #[must_use]
    pub const fn new() -> Self {
        Self {
            number: 0,
            board: "",
            description: String::new(),
            version: String::new(),
            online: None,
            max: None,
            trips: [0; HISTORY],
            pings: 0,
            connection: Connection::NoServer,
            counted: 0,
            address: None,
            gateway: None,
            server: None,
            mac: [0; 6],
        }
    }

    /// What runs here
    pub const fn device(&mut self, board: &'static str, mac: [u8; 6]) {
        (self.board, self.mac) = (board, mac);
        self.changed();
    }

    /// A status has come; `None` is what it does not say
    pub fn status(&mut self, description: Option<&str>, version: Option<&str>, online: Option<i64>, max: Option<i64>) {
        (self.description, _) = cut(description.unwrap_or("?"));
        (self.version, _) = cut(version.unwrap_or("?"));
        (self.online, self.max) = (online, max);
        self.changed();
    }

    /// A Pong has come after so many microseconds
    pub fn pong(&mut self, micros: u32) {
        self.trips.copy_within(1.., 0);
        if let Some(latest) = self.trips.last_mut() {
            *latest = micros;
        }
        self.pings = self.pings.wrapping_add(1);
        self.changed();
    }

    /// The connection stands elsewhere, or for another number of minutes, or the next attempt is in so many seconds
    pub fn connection(&mut self, connection: Connection, server: Option<Ipv4Addr>, counted: u32) {
        if (self.connection, self.server, self.counted) != (connection, server, counted) {
            (self.connection, self.server, self.counted) = (connection, server, counted);
            self.changed();
        }
    }

    /// The device has another address
    pub const fn address(&mut self, address: Option<Ipv4Addr>, gateway: Option<Ipv4Addr>) {
        (self.address, self.gateway) = (address, gateway);
        self.changed();
    }

    /// The round trips that are kept, oldest first
    pub(super) fn kept(&self) -> impl Iterator<Item = u32> + Clone + '_ {
        let none_yet = HISTORY.saturating_sub(self.pings as usize);
        self.trips.get(none_yet..).unwrap_or_default().iter().copied()
    }

    const fn changed(&mut self) {
        self.number = self.number.wrapping_add(1);
    }
}
