//! What the server says of itself, and how long its answers take
//!
//! A field that the server did not send is shown as unknown; nothing is made up.

use std::collections::VecDeque;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::client::Link;
use super::text::{self, Row};
use crate::client::{Event, Status};
use crate::report::Count;
use crate::terminal::{Theme, sparkline};

/// Round trips kept for the figures
const WINDOW: usize = 1_000;

/// Columns before the text
const INDENT: u16 = 2;

/// Screens narrower than this have no room for two columns of text
const NARROW: u16 = 64;

/// What is known of the server
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerPanel {
    status: Option<Status>,
    /// In microseconds, oldest first
    round_trips: VecDeque<u64>,
    answered: usize,
    lost: usize,
}

impl ServerPanel {
    /// Rows that it has a use for
    pub(super) const ROWS: u16 = 4;

    /// Learns from an event
    pub(super) fn update(&mut self, event: &Event) {
        match event {
            Event::Status(status) => self.status = Some(status.clone()),
            Event::Pong { rtt, .. } => {
                self.answered += 1;
                if self.round_trips.len() >= WINDOW {
                    self.round_trips.pop_front();
                }
                self.round_trips.push_back(u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX));
            }
            Event::Lost { .. } => self.lost += 1,
            _ => {}
        }
    }

    /// Draws it
    pub(super) fn render(&self, link: &Link, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let own = self.own(link, theme);
        if self.status.is_none() && self.answered + self.lost == 0 {
            let [(advice, style), ..] = &own;
            let room = area.width.saturating_sub(INDENT + 1);
            for (index, line) in (0..).zip(text::wrap(advice, room, room)) {
                Row::of(area, index, buffer, theme.glyphs).skip(INDENT).put(&line, *style);
            }
            theme.glyphs.confine(area, buffer);
            return;
        }
        let figures = self.figures(theme);
        if area.width < NARROW {
            // One column: what matters most first, as far as there are rows.
            let [description, version, players, document] = own;
            let [_, times, counts] = figures;
            let lines = [description, players, times, counts, version, document];
            let shown = lines.iter().filter(|(text, _)| !text.is_empty());
            for (index, (text, style)) in (0..area.height).zip(shown) {
                Row::of(area, index, buffer, theme.glyphs).skip(INDENT).put(text, *style);
            }
        } else {
            let right = if area.width >= 110 { 52 } else { 36 };
            let left = area.width - right - INDENT - 3;
            for (index, (text, style)) in (0..area.height).zip(&own) {
                Row::of(area, index, buffer, theme.glyphs).skip(INDENT).left(text, left, *style);
            }
            let start = Rect { x: area.x + INDENT + left + 2, width: right, ..area };
            for (index, (text, style)) in (0..area.height).zip(&figures) {
                Row::of(start, index, buffer, theme.glyphs).put(text, *style);
            }
            if !self.round_trips.is_empty() {
                let label = text::width(&figures[0].0);
                let columns = right - label - 1;
                let last = self.round_trips.len().saturating_sub(columns.into());
                let values: Vec<u64> = self.round_trips.range(last..).copied().collect();
                let bars = sparkline(&values, columns.into(), theme.glyphs);
                Row::of(start, 0, buffer, theme.glyphs).skip(label).put(&bars, theme.accent);
            }
            if let Some(status) = &self.status {
                let players = players(status, left, theme);
                let mut row = Row::of(area, 2, buffer, theme.glyphs);
                row.skip(INDENT).left(&players, left, theme.text);
            }
        }
        theme.glyphs.confine(area, buffer);
    }

    /// What the server said: description, version, players, document
    fn own(&self, link: &Link, theme: &Theme) -> [(String, Style); 4] {
        let none = (String::new(), theme.dim);
        let Some(status) = &self.status else {
            let advice = match link {
                Link::Connecting => "No status yet: the connection is being made.",
                Link::Connected(_) => "No status yet. Ask for it with: ping",
                Link::Waiting { .. } => "No status yet: the connection is made again soon.",
                Link::Over { .. } => "No status came.",
            };
            return [(advice.to_owned(), theme.dim), none.clone(), none.clone(), none];
        };
        let description = match status.description.as_deref().map(str::trim) {
            None => ("unknown description".to_owned(), theme.dim),
            Some("") => ("empty description".to_owned(), theme.dim),
            Some(description) => (description.to_owned(), theme.text),
        };
        let version = status.version_name.as_deref().unwrap_or("unknown version");
        let protocol = status.protocol.map_or_else(|| "unknown".to_owned(), |protocol| protocol.to_string());
        let version = format!("{version}, protocol {protocol}");
        [
            description,
            (version, theme.text),
            (players(status, u16::MAX, theme), theme.text),
            (document(status), theme.dim),
        ]
    }

    /// Round trips, their figures, how many there were
    fn figures(&self, theme: &Theme) -> [(String, Style); 3] {
        if self.answered + self.lost == 0 {
            let none = (String::new(), theme.dim);
            return [("no round trip yet".to_owned(), theme.dim), none.clone(), none];
        }
        let mut sorted: Vec<u64> = self.round_trips.iter().copied().collect();
        sorted.sort_unstable();
        let times = sorted.first().map_or_else(
            || format!("min {0}  median {0}  p99 {0}", theme.glyphs.unknown),
            |&min| {
                let (median, p99) = (median(&sorted), percentile(&sorted, 99));
                format!("min {}  median {}  p99 {} ms", millis(min), millis(median), millis(p99))
            },
        );
        let counts = format!("{}, {} lost", Count(self.answered + self.lost, "ping"), self.lost);
        let style = if self.lost > 0 { theme.warning } else { theme.text };
        [("round trips  ".to_owned(), theme.dim), (times, theme.text), (counts, style)]
    }
}

/// `3 of 10 online: Alex, Steve, …`, with as many names as fit
fn players(status: &Status, room: u16, theme: &Theme) -> String {
    let unknown = || "unknown".to_owned();
    let number = |number: Option<i64>| number.map_or_else(unknown, |number| number.to_string());
    let mut line = match (status.online, status.max) {
        (None, None) => "players unknown".to_owned(),
        (online, max) => format!("{} of {} online", number(online), number(max)),
    };
    let more = format!(", {}", theme.glyphs.ellipsis);
    let all = i64::try_from(status.sample.len()).unwrap_or(i64::MAX) >= status.online.unwrap_or(0);
    for (index, name) in status.sample.iter().enumerate() {
        let next = format!("{line}{}{name}", if index == 0 { ": " } else { ", " });
        let last = all && index + 1 == status.sample.len();
        let needed = text::width(&next).saturating_add(if last { 0 } else { text::width(&more) });
        if needed > room {
            return if index == 0 { line } else { line + &more };
        }
        line = next;
    }
    if all || status.sample.is_empty() { line } else { line + &more }
}

/// `status of 131 bytes, icon of 2048`
fn document(status: &Status) -> String {
    let icon = status.favicon_bytes.map_or_else(String::new, |bytes| format!(", icon of {bytes}"));
    let truncated = if status.truncated { ", shortened here" } else { "" };
    let oversize = if status.oversize { ", longer than the protocol allows" } else { "" };
    format!("status of {} bytes{icon}{truncated}{oversize}", status.raw_bytes)
}

fn millis(micros: u64) -> String {
    let hundredths = (micros.saturating_add(5)) / 10;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// The middle of sorted values, or between the two in the middle
fn median(sorted: &[u64]) -> u64 {
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle).copied().unwrap_or_default();
    if sorted.len() % 2 == 1 {
        return upper;
    }
    middle.checked_sub(1).and_then(|lower| sorted.get(lower)).map_or(upper, |lower| lower.midpoint(upper))
}

/// The smallest of sorted values that so many of a hundred do not exceed
fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Glyphs;

    #[test]
    fn figures_are_of_the_values_themselves() {
        let hundred: Vec<u64> = (1..=100).collect();
        assert_eq!((median(&hundred), percentile(&hundred, 99)), (50, 99));
        assert_eq!((median(&[7]), percentile(&[7], 99)), (7, 7));
        assert_eq!((median(&[1, 2, 9]), percentile(&[1, 2, 9], 99)), (2, 9));
        assert_eq!([0, 4, 5, 214, 14_904].map(millis), ["0.00", "0.00", "0.01", "0.21", "14.90"]);
    }

    #[test]
    fn names_that_do_not_fit_are_told_to_be_there() {
        let theme = Theme::plain(&Glyphs::UNICODE);
        let mut status = Status {
            online: Some(3),
            max: Some(10),
            sample: vec!["Alex".to_owned(), "Steve".to_owned()],
            ..Status::default()
        };
        assert_eq!(players(&status, 80, &theme), "3 of 10 online: Alex, Steve, …");
        assert_eq!(players(&status, 29, &theme), "3 of 10 online: Alex, …");
        assert_eq!(players(&status, 15, &theme), "3 of 10 online");
        status.online = Some(2);
        assert_eq!(players(&status, 80, &theme), "2 of 10 online: Alex, Steve");
        status.max = None;
        assert_eq!(players(&status, 80, &theme), "2 of unknown online: Alex, Steve");
        assert_eq!(players(&Status::default(), 80, &theme), "players unknown");
    }

    #[test]
    fn only_the_last_thousand_count() {
        let mut panel = ServerPanel::default();
        for payload in 0..2_000 {
            let rtt = std::time::Duration::from_micros(if payload < 1_000 { 1 } else { 500 });
            panel.update(&Event::Pong { payload, rtt });
        }
        assert_eq!(panel.round_trips.len(), WINDOW);
        let [_, (times, _), (counts, _)] = panel.figures(&Theme::plain(&Glyphs::UNICODE));
        assert_eq!(times, "min 0.50  median 0.50  p99 0.50 ms");
        assert_eq!(counts, "2000 pings, 0 lost");
    }
}
