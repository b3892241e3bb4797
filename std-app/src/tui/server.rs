//! The server's screen: its title bar, and the table of clients as its panel

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::clients::Clients;
use super::front::Front;
use super::text::{self, Row};
use super::title::Title;
use crate::config::Config;
use crate::server::{Command, Event};
use crate::side::ServerSide;
use crate::terminal::{Kind, Scroll, Theme};

/// A second, in microseconds
const SECOND: u64 = 1_000_000;

/// What is known of the server
#[derive(Clone, Debug)]
pub(crate) struct Model {
    configured: SocketAddr,
    max_clients: u32,
    /// Where it listens, and since when
    listening: Option<(SocketAddr, u64)>,
    stopped: bool,
    clients: Clients,
}

impl Front for ServerSide {
    type Model = Model;

    const PANEL: &'static str = "Clients";
    const PANEL_SCROLLS: bool = true;

    fn model(config: &Config, _now: u64) -> Model {
        Model {
            configured: config.server.listen,
            max_clients: config.server.max_clients,
            listening: None,
            stopped: false,
            clients: Clients::default(),
        }
    }

    fn update(model: &mut Model, event: &Event, now: u64) {
        match event {
            Event::Listening { address } => model.listening = Some((*address, now)),
            Event::Stopped => model.stopped = true,
            _ => {}
        }
        model.clients.update(event, now);
    }

    fn title(model: &Model, now: u64) -> Title {
        let address = model.listening.map_or(model.configured, |(address, _)| address).to_string();
        let (parts, kind) = match model.listening {
            _ if model.stopped => (vec!["stopped".to_owned()], Kind::Warning),
            None => (vec!["starting".to_owned()], Kind::Hint),
            Some((_, since)) => {
                let count = format!("{} of {} clients", model.clients.len(), model.max_clients);
                (vec![count, format!("up {}", uptime(now.saturating_sub(since)))], Kind::Info)
            }
        };
        Title { address, parts, kind }
    }

    fn panel_rows(model: &Model) -> u16 {
        // Heading, names of the columns, the clients.
        u16::try_from(model.max_clients).unwrap_or(u16::MAX).clamp(3, 1_000) + 2
    }

    fn panel(model: &mut Model, area: Rect, buffer: &mut Buffer, theme: &Theme, now: u64) {
        if model.clients.len() > 0 {
            model.clients.render(area, buffer, theme, now);
        } else if let Some((address, _)) = model.listening {
            let advice = format!("No clients yet. Connect one with: slp client {}", reachable(address));
            let lines = text::wrap(&advice, area.width.saturating_sub(3), area.width.saturating_sub(3));
            for (index, line) in (0..).zip(&lines) {
                Row::of(area, index, buffer, theme.glyphs).skip(2).put(line, theme.dim);
            }
            theme.glyphs.confine(area, buffer);
        }
    }

    fn scroll(model: &mut Model, scroll: Scroll) -> bool {
        model.clients.scroll(scroll)
    }

    fn next_change(model: &Model, now: u64) -> Option<u64> {
        let (_, since) = model.listening?;
        // The uptime has one more second then, and the table follows it.
        Some(since + (now.saturating_sub(since) / SECOND + 1) * SECOND)
    }

    fn is_leave(command: &Command) -> bool {
        matches!(command, Command::Stop)
    }

    fn stays(_model: &Model) -> bool {
        false
    }
}

/// The address to connect to from this machine: what listens everywhere is reached through the loopback
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// `hh:mm:ss`, with the days before it where there are some
fn uptime(micros: u64) -> String {
    let seconds = micros / SECOND;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let days = if days > 0 { format!("{days} d ") } else { String::new() };
    format!("{days}{hours:02}:{minutes:02}:{:02}", seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_counts_days_apart() {
        assert_eq!(uptime(0), "00:00:00");
        assert_eq!(uptime(761 * SECOND + 999_999), "00:12:41");
        assert_eq!(uptime((86_400 * 3 + 3_600) * SECOND), "3 d 01:00:00");
    }

    #[test]
    fn what_listens_everywhere_is_reached_through_the_loopback() {
        for (listen, reach) in [("0.0.0.0:7", "127.0.0.1:7"), ("[::]:7", "[::1]:7"), ("10.0.2.2:7", "10.0.2.2:7")] {
            assert_eq!(reachable(listen.parse().unwrap()), reach.parse().unwrap());
        }
    }
}
