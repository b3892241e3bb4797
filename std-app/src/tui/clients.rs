//! The table of clients
//!
//! Kept from the events alone, in the order of connecting. Only the rows in view are looked at when it is drawn, so a
//! hundred thousand clients cost no more than a screenful.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use proto_core::State;
use proto_core::packet::NextState;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{self, Row};
use crate::report::Millis;
use crate::server::Event;
use crate::terminal::{Scroll, Theme, sparkline};

/// Round trips kept for each client
const ROUND_TRIPS: usize = 24;

/// Columns between two columns
const GAP: u16 = 2;

/// Columns before the first
const INDENT: u16 = 2;

/// The clients that are connected
#[derive(Clone, Debug, Default)]
pub(crate) struct Clients {
    /// By the order of connecting
    rows: BTreeMap<u64, Client>,
    numbers: HashMap<SocketAddr, u64>,
    next: u64,
    /// Rows scrolled past
    top: usize,
    /// Rows shown when last drawn
    shown: usize,
}

#[derive(Clone, Debug)]
struct Client {
    address: SocketAddr,
    state: NextState,
    rtt: Option<Duration>,
    /// In microseconds, oldest first
    round_trips: VecDeque<u64>,
    seen: u64,
    asked_for: Option<String>,
    version: Option<i32>,
}

impl Clients {
    /// How many there are
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Learns from an event
    pub(super) fn update(&mut self, event: &Event, now: u64) {
        match event {
            Event::Connected { client } => self.connected(*client, now),
            Event::Disconnected { client, .. } => self.remove(*client),
            Event::Handshake { client, protocol_version, server_address, server_port, next_state } => {
                self.heard(*client, now, |client| {
                    client.state = *next_state;
                    // The one that ends an exchange says nothing new.
                    if *next_state != NextState::Default || client.version.is_none() {
                        client.asked_for = Some(format!("{server_address}:{server_port}"));
                        client.version = Some(*protocol_version);
                    }
                });
            }
            Event::Request { client, .. } => self.heard(*client, now, |client| client.state = NextState::Status),
            Event::Ping { client, .. } => self.heard(*client, now, |client| client.state = NextState::Default),
            Event::LegacyPing { client, .. } => self.heard(*client, now, |_| {}),
            Event::Pong { client, rtt, .. } => self.heard(*client, now, |client| {
                client.rtt = Some(*rtt);
                if client.round_trips.len() >= ROUND_TRIPS {
                    client.round_trips.pop_front();
                }
                client.round_trips.push_back(u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX));
            }),
            // What the server itself knows is right; and it says nothing about when it last heard of anybody.
            Event::List { clients, .. } => {
                for listed in clients {
                    if let Some(client) = self.client(listed.address) {
                        client.state = match listed.state {
                            State::Default => NextState::Default,
                            State::Status => NextState::Status,
                        };
                        client.rtt = listed.rtt.or(client.rtt);
                    }
                }
            }
            Event::Stopped => {
                self.rows.clear();
                self.numbers.clear();
            }
            Event::Listening { .. } | Event::PingSent { .. } | Event::Error { .. } => {}
        }
    }

    fn connected(&mut self, address: SocketAddr, now: u64) {
        self.remove(address);
        let client = Client {
            address,
            state: NextState::Default,
            rtt: None,
            round_trips: VecDeque::new(),
            seen: now,
            asked_for: None,
            version: None,
        };
        self.rows.insert(self.next, client);
        self.numbers.insert(address, self.next);
        self.next += 1;
    }

    fn remove(&mut self, address: SocketAddr) {
        if let Some(number) = self.numbers.remove(&address) {
            self.rows.remove(&number);
        }
    }

    fn client(&mut self, address: SocketAddr) -> Option<&mut Client> {
        let number = self.numbers.get(&address)?;
        self.rows.get_mut(number)
    }

    fn heard(&mut self, address: SocketAddr, now: u64, learn: impl FnOnce(&mut Client)) {
        if let Some(client) = self.client(address) {
            client.seen = now;
            learn(client);
        }
    }

    /// Scrolls; whether that changed anything
    pub(super) fn scroll(&mut self, scroll: Scroll) -> bool {
        let page = self.shown.max(1);
        let top = match scroll {
            Scroll::Up(rows) => self.top.saturating_sub(rows),
            Scroll::Down(rows) => self.top.saturating_add(rows),
            Scroll::PageUp => self.top.saturating_sub(page),
            Scroll::PageDown => self.top.saturating_add(page),
            Scroll::HalfPageUp => self.top.saturating_sub(page.div_ceil(2)),
            Scroll::HalfPageDown => self.top.saturating_add(page.div_ceil(2)),
            Scroll::Home => 0,
            Scroll::End => usize::MAX,
        };
        let last = self.len().saturating_sub(self.shown);
        let before = std::mem::replace(&mut self.top, top.min(last));
        before != self.top
    }

    /// Draws names of columns and rows; where not all fit, how many there are above and below
    pub(super) fn render(&mut self, area: Rect, buffer: &mut Buffer, theme: &Theme, now: u64) {
        let room = usize::from(area.height.saturating_sub(1));
        // Where there is room for two, a row that only says how many more there are is one too many.
        let counted = self.len() > room && room > 2;
        self.shown = if counted { room - 1 } else { room };
        self.top = self.top.min(self.len().saturating_sub(self.shown));
        let shown: Vec<&Client> = self.rows.values().skip(self.top).take(self.shown).collect();
        let columns = Columns::choose(&shown, area.width, theme);
        columns.names(Row::of(area, 0, buffer, theme.glyphs), theme);
        for (index, client) in (1..).zip(&shown) {
            columns.client(client, Row::of(area, index, buffer, theme.glyphs), theme, now);
        }
        if counted {
            let below = self.len() - self.top - shown.len();
            let above = if self.top > 0 { format!(", {} above", self.top) } else { String::new() };
            let (mark, gap) = (theme.glyphs.ellipsis, theme.glyphs.separator);
            let text = format!("{mark} and {below} more{above} {gap} Ctrl-PgUp Ctrl-PgDn scroll");
            Row::of(area, area.height - 1, buffer, theme.glyphs).skip(INDENT).put(&text, theme.dim);
        }
        theme.glyphs.confine(area, buffer);
    }
}

/// How wide each column is; 0 for one that has no room
///
/// Those of a lower priority give way first: address and state stay, then come the round trips, the time since the
/// client was heard of, what it asked for, its version.
#[derive(Clone, Copy, Debug)]
struct Columns {
    address: u16,
    state: u16,
    rtt: u16,
    bars: u16,
    seen: u16,
    asked_for: u16,
    version: u16,
}

impl Columns {
    const STATE: u16 = 8;
    const RTT: u16 = 10;
    const BARS: u16 = 9;
    const SEEN: u16 = 4;
    const ASKED_FOR: u16 = 15;
    const VERSION: u16 = 7;

    fn choose(clients: &[&Client], room: u16, theme: &Theme) -> Self {
        let widest = |least: u16, text: &dyn Fn(&Client) -> String| {
            clients.iter().map(|client| text::width(&text(client))).fold(least, u16::max)
        };
        let rtt = widest(Self::RTT, &|client| rtt(client, theme));
        let version = widest(Self::VERSION, &|client| version(client, theme));
        let asked_for = widest(Self::ASKED_FOR, &|client| client.asked_for.clone().unwrap_or_default());
        let mut left = room.saturating_sub(INDENT + 1);
        let state = Self::STATE.min(left);
        let address = widest(21, &|client| client.address.to_string());
        // The port must stay readable beside the state and the round-trip time.
        let address = address.min(left.saturating_sub(state + GAP + rtt + GAP).max(15)).min(left);
        left -= address;
        left = left.saturating_sub(state + GAP);
        let mut take = |width: u16, gap: u16| {
            if left < width + gap {
                // What has less priority does not slip into the place of this one.
                left = 0;
                return 0;
            }
            left -= width + gap;
            width
        };
        let rtt = take(rtt, GAP);
        let bars = take(Self::BARS, 1);
        let seen = take(Self::SEEN, GAP);
        let asked_least = take(Self::ASKED_FOR, GAP);
        let version = take(version, GAP);
        // What is left over goes to the text first, then to the graph.
        let more_asked = if asked_least > 0 { (asked_for - asked_least).min(left).min(45) } else { 0 };
        left -= more_asked;
        let most = u16::try_from(ROUND_TRIPS).unwrap_or(u16::MAX) - Self::BARS;
        let more_bars = if bars > 0 { left.min(most) } else { 0 };
        Self { address, state, rtt, bars: bars + more_bars, seen, asked_for: asked_least + more_asked, version }
    }

    fn names(&self, mut row: Row<'_>, theme: &Theme) {
        let dim = theme.dim;
        row.skip(INDENT).left("address", self.address, dim).skip(GAP).left("state", self.state, dim);
        if self.rtt > 0 {
            row.skip(GAP).right("rtt   ", self.rtt, dim).skip(self.bars + u16::from(self.bars > 0));
        }
        if self.seen > 0 {
            row.skip(GAP).right("seen", self.seen, dim);
        }
        if self.asked_for > 0 {
            row.skip(GAP).left("asked for", self.asked_for, dim);
        }
        if self.version > 0 {
            row.skip(GAP).right("version", self.version, dim);
        }
    }

    fn client(&self, client: &Client, mut row: Row<'_>, theme: &Theme, now: u64) {
        let address = text::fit_end(&client.address.to_string(), self.address, theme.glyphs);
        let state = match client.state {
            NextState::Default => theme.text,
            NextState::Status | NextState::Login | NextState::Transfer => theme.warning,
        };
        row.skip(INDENT).left(&address, self.address, theme.accent).skip(GAP);
        row.left(&client.state.to_string(), self.state, state);
        if self.rtt > 0 {
            let style = if client.rtt.is_some() { theme.text } else { theme.dim };
            row.skip(GAP).right(&rtt(client, theme), self.rtt, style);
        }
        if self.bars > 0 {
            let values: Vec<u64> = client.round_trips.iter().copied().collect();
            let bars = sparkline(&values, self.bars.into(), theme.glyphs);
            row.skip(1).left(&bars, self.bars, theme.accent);
        }
        if self.seen > 0 {
            row.skip(GAP).right(&since(now.saturating_sub(client.seen)), self.seen, theme.text);
        }
        if self.asked_for > 0 {
            let asked_for = client.asked_for.as_deref();
            let style = if asked_for.is_some() { theme.text } else { theme.dim };
            row.skip(GAP).left(asked_for.unwrap_or(theme.glyphs.unknown), self.asked_for, style);
        }
        if self.version > 0 {
            let style = if client.version.is_some() { theme.text } else { theme.dim };
            row.skip(GAP).right(&version(client, theme), self.version, style);
        }
    }
}

/// The last round-trip time; the mark of an unknown one stands where the units do
fn rtt(client: &Client, theme: &Theme) -> String {
    client.rtt.map_or_else(|| format!("{}      ", theme.glyphs.unknown), |rtt| Millis(rtt).to_string())
}

fn version(client: &Client, theme: &Theme) -> String {
    client.version.map_or_else(|| theme.glyphs.unknown.to_owned(), |version| version.to_string())
}

/// How long ago, in one unit
fn since(micros: u64) -> String {
    match micros / 1_000_000 {
        0 => "now".to_owned(),
        seconds @ 1..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} m", seconds / 60),
        seconds @ 3_600..86_400 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}
