//! A screen as an SVG picture: every grapheme at its own column, so that it lines up in any font, and
//! frames drawn as lines, so that they close in any font.

use std::collections::BTreeMap;
use std::fmt::Write;

use vt100::{Cell, Color, Screen};

/// The size of a cell, in pixels.
const CELL: (u32, u32) = (9, 20);
/// How far the letters' base line is below the top of their cell.
const BASE: u32 = 15;
/// Around the cells.
const MARGIN: u32 = 14;
/// The bar with the title.
const BAR: u32 = 34;

const FONTS: &str =
    "'JetBrains Mono','Cascadia Mono','SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace";

/// The colours that somebody set up for their terminal.
pub struct Palette {
    paper: &'static str,
    ink: &'static str,
    /// The frame of the window and the words in its bar.
    window: (&'static str, &'static str),
    sixteen: [&'static str; 16],
}

/// Light on dark.
pub const DARK: Palette = Palette {
    paper: "#16181d",
    ink: "#d5d8de",
    window: ("#3a3f4b", "#8b92a0"),
    sixteen: [
        "#2a2e37", "#e06c75", "#8ccf7e", "#e5c76b", "#6fa8f5", "#c58af9", "#62cfcf", "#c8ccd4",
        "#6b7280", "#f28b93", "#a5e09a", "#f2da8a", "#8fbcff", "#d7a8ff", "#85e0e0", "#ffffff",
    ],
};

/// Dark on light.
pub const LIGHT: Palette = Palette {
    paper: "#fbfaf7",
    ink: "#24262b",
    window: ("#c9c7c0", "#6e6c66"),
    sixteen: [
        "#24262b", "#b3261e", "#2a7a2c", "#8a6100", "#2456b5", "#8432a8", "#0b7377", "#d8d6d0",
        "#77756f", "#d0453d", "#3c9a3f", "#a87a0c", "#3b73d9", "#a24fc6", "#18969b", "#ffffff",
    ],
};

impl Palette {
    fn colour(&self, colour: Color, default: &str) -> String {
        match colour {
            Color::Default => default.to_owned(),
            Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
            Color::Idx(n @ 0..16) => self.sixteen[usize::from(n)].to_owned(),
            // The cube of 6 x 6 x 6 colours and the 24 greys that follow, as xterm has them.
            Color::Idx(n @ 16..232) => {
                let n = n - 16;
                let part = |level: u8| if level == 0 { 0 } else { 55 + 40 * level };
                let [r, g, b] = [n / 36, n / 6 % 6, n % 6].map(part);
                format!("#{r:02x}{g:02x}{b:02x}")
            }
            Color::Idx(n) => {
                let grey = 8 + 10 * (n - 232);
                format!("#{grey:02x}{grey:02x}{grey:02x}")
            }
        }
    }
}

/// How something is drawn.
#[derive(Clone, PartialEq, Eq)]
struct Look {
    ink: String,
    paper: String,
    /// The classes of the text.
    class: String,
}

impl Look {
    fn of(cell: &Cell, palette: &Palette) -> Self {
        let ink = palette.colour(cell.fgcolor(), palette.ink);
        let paper = palette.colour(cell.bgcolor(), palette.paper);
        let (ink, paper) = if cell.inverse() { (paper, ink) } else { (ink, paper) };
        let classes =
            [(cell.bold(), "b"), (cell.italic(), "i"), (cell.underline(), "u"), (cell.dim(), "d")];
        let classes: Vec<&str> =
            classes.into_iter().filter(|(has, _)| *has).map(|(_, class)| class).collect();
        Self { ink, paper, class: classes.join(" ") }
    }
}

/// Draws the screen in a window with this title.
pub fn draw(screen: &Screen, title: &str, palette: &Palette) -> String {
    let Palette { paper, window: (frame, words), .. } = palette;
    let (rows, cols) = screen.size();
    let width = u32::from(cols.get()) * CELL.0 + 2 * MARGIN;
    let height = u32::from(rows.get()) * CELL.1 + BAR + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n\
         <style>text{{font:15px {FONTS};white-space:pre}}.b{{font-weight:700}}.i{{font-style:italic}}\
         .u{{text-decoration:underline}}.d{{opacity:.6}}path{{fill:none;stroke-width:1.2}}</style>\n\
         <rect x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"9\" fill=\"{paper}\" \
         stroke=\"{frame}\"/>\n\
         <g fill=\"{frame}\"><circle cx=\"20\" cy=\"18\" r=\"5\"/><circle cx=\"38\" cy=\"18\" r=\"5\"/>\
         <circle cx=\"56\" cy=\"18\" r=\"5\"/></g>\n\
         <text x=\"{}\" y=\"23\" text-anchor=\"middle\" fill=\"{words}\">{title}</text>\n",
        width - 1,
        height - 1,
        width / 2,
    );
    let mut lines = Lines::default();
    for row in 0..rows.get() {
        draw_papers(&mut svg, screen, row, palette);
        draw_row(&mut svg, &mut lines, screen, row, palette);
    }
    lines.draw(&mut svg);
    draw_cursor(&mut svg, screen, palette);
    svg.push_str("</svg>\n");
    svg
}

/// A word in which all looks the same, each grapheme with the left edge of its cell.
struct Run {
    look: Look,
    columns: Vec<u32>,
    text: String,
}

fn draw_row(svg: &mut String, lines: &mut Lines, screen: &Screen, row: u16, palette: &Palette) {
    let top = BAR + u32::from(row) * CELL.1;
    let mut run: Option<Run> = None;
    for col in 0..screen.size().1.get() {
        let Some(cell) = screen.cell(row, col).filter(|cell| !cell.is_wide_continuation()) else {
            continue;
        };
        let left = MARGIN + u32::from(col) * CELL.0;
        let look = Look::of(cell, palette);
        if let Some(arms) = arms(cell.contents()) {
            lines.add(&look.ink, arms, left, top);
            continue;
        }
        if cell.contents().trim().is_empty() {
            draw_run(svg, run.take(), top);
            continue;
        }
        // `x` places code points one by one, so that several in one cell make a text of their own. So does
        // every word, for viewers that know only the first `x` of a text.
        let is_single = cell.contents().chars().count() == 1;
        match &mut run {
            Some(run) if run.look == look && is_single => {
                run.columns.push(left);
                run.text.push_str(cell.contents());
            }
            _ => {
                draw_run(svg, run.take(), top);
                let text = cell.contents().to_owned();
                let next = Run { look, columns: vec![left], text };
                match is_single {
                    true => run = Some(next),
                    false => draw_run(svg, Some(next), top),
                }
            }
        }
    }
    draw_run(svg, run, top);
}

/// What is behind the letters, where it is not the paper of the window; cells that touch as one, without
/// a seam.
fn draw_papers(svg: &mut String, screen: &Screen, row: u16, palette: &Palette) {
    let cells = (0..screen.size().1.get()).filter_map(|col| screen.cell(row, col));
    let papers: Vec<String> = cells.map(|cell| Look::of(cell, palette).paper).collect();
    let (mut left, top, high) = (MARGIN, BAR + u32::from(row) * CELL.1, CELL.1);
    for same in papers.chunk_by(|a, b| a == b) {
        let wide = CELL.0 * u32::try_from(same.len()).unwrap_or(0);
        if same[0] != palette.paper {
            let _ = writeln!(
                svg,
                "<rect x=\"{left}\" y=\"{top}\" width=\"{wide}\" height=\"{high}\" fill=\"{}\"/>",
                same[0]
            );
        }
        left += wide;
    }
}

fn draw_cursor(svg: &mut String, screen: &Screen, palette: &Palette) {
    if !screen.hide_cursor() {
        let (row, col) = screen.cursor_position();
        let left = MARGIN + u32::from(col) * CELL.0;
        let top = BAR + u32::from(row) * CELL.1 + 1;
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{top}\" width=\"2\" height=\"{}\" fill=\"{}\"/>",
            CELL.1 - 2,
            palette.ink
        );
    }
}

fn draw_run(svg: &mut String, run: Option<Run>, top: u32) {
    let Some(Run { look, columns, text }) = run else { return };
    let columns: Vec<String> = columns.iter().map(u32::to_string).collect();
    let class = match look.class.as_str() {
        "" => String::new(),
        class => format!(" class=\"{class}\""),
    };
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" fill=\"{}\"{class}>{text}</text>",
        columns.join(" "),
        top + BASE,
        look.ink,
    );
}

/// In which directions a frame goes from the middle of a cell.
#[derive(Clone, Copy)]
struct Arms {
    up: bool,
    down: bool,
    left: bool,
    right: bool,
}

fn arms(cell: &str) -> Option<Arms> {
    let (up, down, left, right) = match cell {
        "─" => (false, false, true, true),
        "│" => (true, true, false, false),
        "┌" | "╭" => (false, true, false, true),
        "┐" | "╮" => (false, true, true, false),
        "└" | "╰" => (true, false, false, true),
        "┘" | "╯" => (true, false, true, false),
        "├" => (true, true, false, true),
        "┤" => (true, true, true, false),
        "┬" => (false, true, true, true),
        "┴" => (true, false, true, true),
        "┼" => (true, true, true, true),
        _ => return None,
    };
    Some(Arms { up, down, left, right })
}

/// All lines of a picture: by colour, direction and place, the stretches that are drawn.
#[derive(Default)]
struct Lines(BTreeMap<(String, bool, u32), Vec<(u32, u32)>>);

impl Lines {
    fn add(&mut self, ink: &str, arms: Arms, left: u32, top: u32) {
        let (right, bottom) = (left + CELL.0, top + CELL.1);
        let (x, y) = (left + CELL.0 / 2, top + CELL.1 / 2);
        if arms.left || arms.right {
            let stretch = (if arms.left { left } else { x }, if arms.right { right } else { x });
            self.0.entry((ink.to_owned(), true, y)).or_default().push(stretch);
        }
        if arms.up || arms.down {
            let stretch = (if arms.up { top } else { y }, if arms.down { bottom } else { y });
            self.0.entry((ink.to_owned(), false, x)).or_default().push(stretch);
        }
    }

    /// Stretches that touch are drawn as one.
    fn draw(self, svg: &mut String) {
        let mut paths: BTreeMap<String, String> = BTreeMap::new();
        for ((ink, is_level, place), stretches) in self.0 {
            let path = paths.entry(ink).or_default();
            let mut stretches = stretches.into_iter().peekable();
            while let Some((from, mut to)) = stretches.next() {
                while let Some((_, end)) = stretches.next_if(|(start, _)| *start == to) {
                    to = end;
                }
                let _ = match is_level {
                    true => write!(path, "M{from} {place}H{to}"),
                    false => write!(path, "M{place} {from}V{to}"),
                };
            }
        }
        for (ink, path) in paths {
            let _ = writeln!(svg, "<path stroke=\"{ink}\" d=\"{path}\"/>");
        }
    }
}
