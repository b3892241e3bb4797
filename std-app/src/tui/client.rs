//! The client's screen: its title bar, and what is known of the server as its panel

use std::time::Duration;

use proto_core::State;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::front::Front;
use super::server_panel::ServerPanel;
use super::title::Title;
use crate::client::{Command, Event};
use crate::config::Config;
use crate::report::Millis;
use crate::side::ClientSide;
use crate::terminal::{Kind, Scroll, Theme};

/// A second, in microseconds
const SECOND: u64 = 1_000_000;

/// What is known of the connection and of the server
#[derive(Clone, Debug)]
pub(crate) struct Model {
    server: String,
    link: Link,
    /// Whether the connection ever stood
    connected: bool,
    last: Option<Duration>,
    panel: ServerPanel,
}

/// How the connection stands
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// It is being made
    Connecting,
    /// It stands
    Connected(State),
    /// It is made again at `until`
    Waiting { until: u64, attempt: u32 },
    /// It is over
    Over { reason: String, clean: bool },
}

impl Front for ClientSide {
    type Model = Model;

    const PANEL: &'static str = "Server";
    const PANEL_SCROLLS: bool = false;

    fn model(config: &Config, _now: u64) -> Model {
        Model {
            server: config.client.server.to_string(),
            link: Link::Connecting,
            connected: false,
            last: None,
            panel: ServerPanel::default(),
        }
    }

    fn update(model: &mut Model, event: &Event, now: u64) {
        match event {
            Event::Connecting { server } => {
                server.clone_into(&mut model.server);
                model.link = Link::Connecting;
            }
            Event::Connected { server } => {
                server.clone_into(&mut model.server);
                model.link = Link::Connected(State::Default);
                model.connected = true;
            }
            Event::State { to, .. } => model.link = Link::Connected(*to),
            Event::Pong { rtt, .. } => model.last = Some(*rtt),
            Event::Disconnected { reason, clean } => {
                model.link = Link::Over { reason: reason.clone(), clean: *clean };
            }
            Event::Reconnecting { attempt, pause, .. } => {
                let pause = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
                model.link = Link::Waiting { until: now.saturating_add(pause), attempt: *attempt };
            }
            Event::Status(_) | Event::ServerPing { .. } | Event::Lost { .. } | Event::Error { .. } => {}
        }
        model.panel.update(event);
    }

    fn title(model: &Model, now: u64) -> Title {
        let (first, kind) = match &model.link {
            Link::Connecting => ("connecting".to_owned(), Kind::Hint),
            Link::Connected(state) => (state.to_string(), Kind::Info),
            Link::Waiting { until, attempt } => {
                let seconds = until.saturating_sub(now).div_ceil(SECOND);
                (format!("reconnecting in {seconds} s, attempt {attempt}"), Kind::Warning)
            }
            Link::Over { reason, clean } => {
                (format!("disconnected: {reason}"), if *clean { Kind::Warning } else { Kind::Error })
            }
        };
        let second = match (&model.link, model.last) {
            (Link::Over { .. }, _) => Some("Ctrl-C leaves".to_owned()),
            (Link::Connected(_), Some(rtt)) => Some(format!("last rtt {}", Millis(rtt))),
            _ => None,
        };
        Title { address: model.server.clone(), parts: std::iter::once(first).chain(second).collect(), kind }
    }

    fn panel_rows(_model: &Model) -> u16 {
        1 + ServerPanel::ROWS
    }

    fn panel(model: &mut Model, area: Rect, buffer: &mut Buffer, theme: &Theme, _now: u64) {
        model.panel.render(&model.link, area, buffer, theme);
    }

    fn scroll(_model: &mut Model, _scroll: Scroll) -> bool {
        false
    }

    fn next_change(model: &Model, now: u64) -> Option<u64> {
        let Link::Waiting { until, .. } = model.link else { return None };
        // When one second less is left; a whole second less than now where that is now.
        let left = until.checked_sub(now).filter(|&left| left > 0)?;
        Some(until - (left - 1) / SECOND * SECOND)
    }

    fn is_leave(command: &Command) -> bool {
        matches!(command, Command::Exit | Command::Finish)
    }

    /// The reason is to be read; but where there never was a connection, one line on the terminal says it better
    fn stays(model: &Model) -> bool {
        model.connected
    }
}
