//! Which region stands where, by the size of the screen

use ratatui::layout::Rect;

/// Rows below which there is no panel
const PANEL_FROM: u16 = 10;

/// Rows below which there are no hints
const HINTS_FROM: u16 = 12;

/// Rows below which there is no title bar
const TITLE_FROM: u16 = 4;

/// The regions, from top to bottom; one without room is empty
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Regions {
    pub(super) title: Rect,
    pub(super) panel: Rect,
    pub(super) log: Rect,
    pub(super) prompt: Rect,
    pub(super) hints: Rect,
}

impl Regions {
    /// Divides a screen; the panel has a use for `wanted` rows
    ///
    /// A small screen keeps the input line, then the log, the title bar, the panel, the hints. The panel gets two
    /// fifths of what is between title bar and input line at most, whatever it shows: nothing moves when it fills.
    pub(super) fn arrange(screen: Rect, wanted: u16) -> Self {
        let rows = screen.height;
        let title = u16::from(rows >= TITLE_FROM);
        let hints = u16::from(rows >= HINTS_FROM);
        let prompt = u16::from(rows >= 1);
        let between = rows.saturating_sub(title + hints + prompt);
        // Two fifths of few rows would be the heading and little else.
        let panel = if rows >= PANEL_FROM { wanted.min((between.saturating_mul(2) / 5).max(4)) } else { 0 };
        let mut y = screen.y;
        let mut next = |height: u16| {
            let area = Rect { y, height, ..screen };
            y += height;
            area
        };
        Self {
            title: next(title),
            panel: next(panel),
            log: next(between - panel),
            prompt: next(prompt),
            hints: next(hints),
        }
    }

    /// Panel and log together, for what covers both
    pub(super) fn middle(&self) -> Rect {
        Rect { height: self.panel.height + self.log.height, ..self.panel }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_belongs_to_one_region() {
        for rows in 0..300 {
            for wanted in [0, 4, 12, u16::MAX] {
                let screen = Rect::new(3, 5, 20, rows);
                let Regions { title, panel, log, prompt, hints } = Regions::arrange(screen, wanted);
                let mut y = 5;
                for region in [title, panel, log, prompt, hints] {
                    assert_eq!((region.y, region.x, region.width), (y, 3, 20));
                    y = region.bottom();
                }
                assert_eq!(y, screen.bottom());
            }
        }
    }

    #[test]
    fn small_screens_keep_what_matters_most() {
        let heights = |rows| {
            let Regions { title, panel, log, prompt, hints } = Regions::arrange(Rect::new(0, 0, 80, rows), 12);
            [prompt, log, title, panel, hints].map(|region| region.height)
        };
        assert_eq!(heights(0), [0, 0, 0, 0, 0]);
        assert_eq!(heights(1), [1, 0, 0, 0, 0]);
        assert_eq!(heights(3), [1, 2, 0, 0, 0]);
        assert_eq!(heights(5), [1, 3, 1, 0, 0]);
        assert_eq!(heights(9), [1, 7, 1, 0, 0]);
        assert_eq!(heights(10), [1, 4, 1, 4, 0]);
        assert_eq!(heights(12), [1, 5, 1, 4, 1]);
        assert_eq!(heights(24), [1, 13, 1, 8, 1]);
        assert_eq!(heights(60), [1, 45, 1, 12, 1]);
    }
}
