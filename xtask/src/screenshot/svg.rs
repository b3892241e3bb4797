//! A terminal's screen as a picture
//!
//! Every run of cells that look alike becomes one text of exactly their width, so columns line up in whatever monospace
//! font the reader has, and the text can be selected. No font is embedded, nothing moves, nothing is loaded.

use std::fmt::Write as _;

use vt100::{Cell, Color, Screen};

/// Size of one cell and of the letters in it, in pixels
const CELL_WIDTH: f64 = 8.4;
const CELL_HEIGHT: f64 = 18.0;
const FONT_SIZE: f64 = 14.0;
/// From the top of a cell to the line that letters stand on
const BASELINE: f64 = 13.5;
/// Room around the cells, and for the title above them
const MARGIN: f64 = 14.0;
const TITLE: f64 = 34.0;

const FOREGROUND: &str = "#d6dae2";
const BACKGROUND: &str = "#15181e";
const FRAME: &str = "#363c48";
const TITLE_TEXT: &str = "#98a1b0";
const BUTTONS: [&str; 3] = ["#ec6a5e", "#f4bf4f", "#61c554"];

/// The 16 named colours, readable on [`BACKGROUND`]
const NAMED: [&str; 16] = [
    "#2a2f38", "#ef6b73", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4", "#6b7484", "#ff8790",
    "#b5e890", "#ffd68a", "#84c8ff", "#e39bf7", "#78d7e4", "#ffffff",
];

/// What tells one run of cells from the next
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "a terminal's attributes are on or off, each by itself")]
struct Look {
    foreground: String,
    background: String,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let (foreground, background) = (paint(cell.fgcolor(), FOREGROUND), paint(cell.bgcolor(), BACKGROUND));
        let (foreground, background) = if cell.inverse() { (background, foreground) } else { (foreground, background) };
        Self {
            foreground,
            background,
            bold: cell.bold(),
            dim: cell.dim(),
            italic: cell.italic(),
            underline: cell.underline(),
        }
    }
}

/// Neighbouring cells of one row that look alike
#[derive(Debug)]
struct Run {
    column: u16,
    columns: u16,
    text: String,
    look: Look,
}

/// A picture of `screen` in a window with `title`
pub(super) fn render(screen: &Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let width = f64::from(columns).mul_add(CELL_WIDTH, 2.0 * MARGIN);
    let height = f64::from(rows).mul_add(CELL_HEIGHT, TITLE + MARGIN);
    let mut picture = Picture(String::new());
    picture.line(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.1}\" height=\"{height:.1}\" \
         viewBox=\"0 0 {width:.1} {height:.1}\" role=\"img\" font-size=\"{FONT_SIZE}\" \
         font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\">"
    ));
    picture.line(format_args!("<title>{}</title>", escaped(title)));
    picture.line(format_args!(
        "<rect x=\"0.5\" y=\"0.5\" width=\"{:.1}\" height=\"{:.1}\" rx=\"9\" fill=\"{BACKGROUND}\" stroke=\"{FRAME}\"/>",
        width - 1.0,
        height - 1.0
    ));
    for (index, button) in (0_u8..).zip(BUTTONS) {
        let x = f64::from(index).mul_add(18.0, MARGIN + 6.0);
        picture.line(format_args!("<circle cx=\"{x:.1}\" cy=\"17\" r=\"5.5\" fill=\"{button}\"/>"));
    }
    picture.line(format_args!(
        "<text x=\"{:.1}\" y=\"21.5\" text-anchor=\"middle\" fill=\"{TITLE_TEXT}\">{}</text>",
        width / 2.0,
        escaped(title)
    ));
    picture.line(format_args!("<g xml:space=\"preserve\">"));
    for row in 0..rows {
        for run in runs(screen, row, columns) {
            picture.run(row, &run);
        }
    }
    picture.line(format_args!("</g>"));
    if !screen.hide_cursor() {
        let (row, column) = screen.cursor_position();
        // Past the last column the cursor waits for the next letter to wrap.
        let (x, y) = (left(column.min(columns - 1)), top(row));
        picture.line(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{CELL_WIDTH}\" height=\"{CELL_HEIGHT}\" fill=\"{FOREGROUND}\" \
             fill-opacity=\"0.6\"/>"
        ));
    }
    picture.line(format_args!("</svg>"));
    picture.0
}

struct Picture(String);

impl Picture {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        writeln!(self.0, "{line}").ok();
    }

    fn run(&mut self, row: u16, Run { column, columns, text, look }: &Run) {
        let (x, y, width) = (left(*column), top(row), f64::from(*columns) * CELL_WIDTH);
        if look.background != BACKGROUND {
            self.line(format_args!(
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{CELL_HEIGHT}\" fill=\"{}\"/>",
                look.background
            ));
        }
        if text.trim().is_empty() && !look.underline {
            return;
        }
        let mut style = format!("fill=\"{}\"", look.foreground);
        for (on, attribute) in [
            (look.bold, " font-weight=\"bold\""),
            (look.dim, " fill-opacity=\"0.6\""),
            (look.italic, " font-style=\"italic\""),
            (look.underline, " text-decoration=\"underline\""),
        ] {
            if on {
                style.push_str(attribute);
            }
        }
        self.line(format_args!(
            "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" {style}>{}</text>",
            y + BASELINE,
            escaped(text)
        ));
    }
}

fn left(column: u16) -> f64 {
    f64::from(column).mul_add(CELL_WIDTH, MARGIN)
}

fn top(row: u16) -> f64 {
    f64::from(row).mul_add(CELL_HEIGHT, TITLE)
}

/// One row as runs; blanks at either end of a run are left out where they cannot be seen
fn runs(screen: &Screen, row: u16, columns: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else {
            continue;
        };
        let look = Look::of(cell);
        let text = if cell.has_contents() { cell.contents() } else { " " };
        let columns = if cell.is_wide() { 2 } else { 1 };
        match runs.last_mut() {
            Some(run) if run.look == look && run.column + run.columns == column => {
                run.text.push_str(text);
                run.columns += columns;
            }
            _ => runs.push(Run { column, columns, text: text.to_owned(), look }),
        }
    }
    runs.into_iter().map(trimmed).collect()
}

/// The run without blanks at its ends, unless they have a colour or a line
fn trimmed(mut run: Run) -> Run {
    if run.look.background == BACKGROUND && !run.look.underline {
        let blanks = |text: &str| u16::try_from(text.len()).unwrap_or(0);
        let end = run.text.trim_end_matches(' ').len();
        run.columns -= blanks(run.text.get(end..).unwrap_or_default());
        run.text.truncate(end);
        let start = run.text.len() - run.text.trim_start_matches(' ').len();
        let cut = blanks(run.text.get(..start).unwrap_or_default());
        run.column += cut;
        run.columns -= cut;
        run.text.drain(..start);
    }
    run
}

/// A colour as the picture writes it
fn paint(color: Color, default: &str) -> String {
    match color {
        Color::Default => default.to_owned(),
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
        Color::Idx(index @ 0..16) => NAMED.get(usize::from(index)).copied().unwrap_or(default).to_owned(),
        Color::Idx(index @ 16..232) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let cube = index - 16;
            let (red, green, blue) = (level(cube / 36), level(cube / 6 % 6), level(cube % 6));
            format!("#{red:02x}{green:02x}{blue:02x}")
        }
        Color::Idx(index) => {
            let grey = 8 + 10 * (index - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}

/// `text` as XML takes it
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c if c.is_control() => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use super::*;

    fn screen(bytes: &str) -> Screen {
        let mut parser = vt100::Parser::new(NonZeroU16::new(3).unwrap(), NonZeroU16::new(20).unwrap(), 0);
        parser.process(bytes.as_bytes());
        parser.screen().clone()
    }

    /// The texts of a picture, each with its opening tag
    fn texts(picture: &str) -> Vec<&str> {
        picture.lines().filter(|line| line.starts_with("<text") && line.contains("textLength")).collect()
    }

    #[test]
    fn cells_that_look_alike_are_one_text_of_their_width() {
        let picture = render(&screen("\x1b[?25l  ab cd\x1b[1;31mE\x1b[m"), "t");
        assert_eq!(
            texts(&picture),
            [
                "<text x=\"30.8\" y=\"47.5\" textLength=\"42.0\" lengthAdjust=\"spacingAndGlyphs\" fill=\"#d6dae2\">ab cd</text>",
                "<text x=\"72.8\" y=\"47.5\" textLength=\"8.4\" lengthAdjust=\"spacingAndGlyphs\" fill=\"#ef6b73\" \
                 font-weight=\"bold\">E</text>",
            ]
        );
        assert!(!picture.contains("fill-opacity"), "a hidden cursor was drawn");
    }

    #[test]
    fn looks_become_attributes() {
        let picture = render(&screen("\x1b[2mdim\x1b[m \x1b[7minv\x1b[m \x1b[4mund\x1b[m \x1b[3mit\x1b[m"), "t");
        let texts = texts(&picture);
        assert!(texts[0].contains("fill-opacity=\"0.6\">dim<"), "{texts:?}");
        assert!(texts[1].contains("fill=\"#15181e\">inv<"), "{texts:?}");
        assert!(texts[2].contains("underline\">und<"), "{texts:?}");
        assert!(texts[3].contains("italic\">it<"), "{texts:?}");
        assert!(
            picture.contains("width=\"25.2\" height=\"18\" fill=\"#d6dae2\"/>"),
            "no ground below the inverse: {picture}"
        );
    }

    #[test]
    fn coloured_blanks_are_kept() {
        let picture = render(&screen("\x1b[44m  \x1b[m"), "t");
        assert!(picture.contains("width=\"16.8\" height=\"18\" fill=\"#61afef\"/>"), "{picture}");
        assert!(texts(&picture).is_empty());
    }

    #[test]
    fn wide_letters_take_two_cells() {
        let picture = render(&screen("漢x"), "t");
        assert!(texts(&picture)[0].contains("textLength=\"25.2\""), "{picture}");
    }

    #[test]
    fn cursor_is_drawn_where_it_is_and_stays_inside() {
        assert!(render(&screen("\r\nab"), "t").contains("<rect x=\"30.8\" y=\"52.0\" width=\"8.4\" height=\"18\""));
        let full = "x".repeat(20);
        assert!(render(&screen(&full), "t").contains("<rect x=\"173.6\" y=\"34.0\" width=\"8.4\""));
    }

    #[test]
    fn colours_of_the_table_are_the_usual_ones() {
        assert_eq!(paint(Color::Idx(16), "d"), "#000000");
        assert_eq!(paint(Color::Idx(231), "d"), "#ffffff");
        assert_eq!(paint(Color::Idx(196), "d"), "#ff0000");
        assert_eq!(paint(Color::Idx(255), "d"), "#eeeeee");
        assert_eq!(paint(Color::Rgb(1, 2, 255), "d"), "#0102ff");
        assert_eq!(paint(Color::Default, "d"), "d");
    }

    #[test]
    fn text_cannot_break_out_of_the_picture() {
        let picture = render(&screen("<a & \"b\">"), "<t>\u{1}");
        assert!(picture.contains("&lt;a &amp; &quot;b&quot;&gt;"), "{picture}");
        assert!(picture.contains("<title>&lt;t&gt;\u{fffd}</title>"), "{picture}");
    }
}
