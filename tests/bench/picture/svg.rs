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
const PAPER: &str = "#16181d";
const INK: &str = "#d5d8de";
/// The 16 colours of a terminal.
const PALETTE: [&str; 16] = [
    "#2a2e37", "#e06c75", "#8ccf7e", "#e5c76b", "#6fa8f5", "#c58af9", "#62cfcf", "#c8ccd4", "#6b7280",
    "#f28b93", "#a5e09a", "#f2da8a", "#8fbcff", "#d7a8ff", "#85e0e0", "#ffffff",
];

/// How something is drawn.
#[derive(Clone, PartialEq, Eq)]
struct Look {
    ink: String,
    paper: String,
    bold: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let ink = colour(cell.fgcolor(), INK);
        let paper = colour(cell.bgcolor(), PAPER);
        let (ink, paper) = if cell.inverse() { (paper, ink) } else { (ink, paper) };
        Self { ink, paper, bold: cell.bold() }
    }
}

fn colour(colour: Color, default: &str) -> String {
    match colour {
        Color::Idx(n) if n < 16 => PALETTE[usize::from(n)].to_owned(),
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Idx(_) | Color::Default => default.to_owned(),
    }
}

/// Draws the screen in a window with this title.
pub fn draw(screen: &Screen, title: &str) -> String {
    let (rows, cols) = screen.size();
    let width = u32::from(cols.get()) * CELL.0 + 2 * MARGIN;
    let height = u32::from(rows.get()) * CELL.1 + BAR + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n\
         <style>text{{font:15px {FONTS};white-space:pre}}.b{{font-weight:700}}\
         path{{fill:none;stroke-width:1.2}}</style>\n\
         <rect x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"9\" fill=\"{PAPER}\" \
         stroke=\"#3a3f4b\"/>\n\
         <g fill=\"#3a3f4b\"><circle cx=\"20\" cy=\"18\" r=\"5\"/><circle cx=\"38\" cy=\"18\" r=\"5\"/>\
         <circle cx=\"56\" cy=\"18\" r=\"5\"/></g>\n\
         <text x=\"{}\" y=\"23\" text-anchor=\"middle\" fill=\"#8b92a0\">{title}</text>\n",
        width - 1,
        height - 1,
        width / 2,
    );
    let mut lines = Lines::default();
    for row in 0..rows.get() {
        draw_papers(&mut svg, screen, row);
        draw_row(&mut svg, &mut lines, screen, row);
    }
    lines.draw(&mut svg);
    draw_cursor(&mut svg, screen);
    svg.push_str("</svg>\n");
    svg
}

/// A word in which all looks the same, each grapheme with the left edge of its cell.
struct Run {
    look: Look,
    columns: Vec<u32>,
    text: String,
}

fn draw_row(svg: &mut String, lines: &mut Lines, screen: &Screen, row: u16) {
    let top = BAR + u32::from(row) * CELL.1;
    let mut run: Option<Run> = None;
    for col in 0..screen.size().1.get() {
        let Some(cell) = screen.cell(row, col).filter(|cell| !cell.is_wide_continuation()) else {
            continue;
        };
        let left = MARGIN + u32::from(col) * CELL.0;
        let look = Look::of(cell);
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
fn draw_papers(svg: &mut String, screen: &Screen, row: u16) {
    let cells = (0..screen.size().1.get()).filter_map(|col| screen.cell(row, col));
    let papers: Vec<String> = cells.map(|cell| Look::of(cell).paper).collect();
    let (mut left, top, high) = (MARGIN, BAR + u32::from(row) * CELL.1, CELL.1);
    for same in papers.chunk_by(|a, b| a == b) {
        let wide = CELL.0 * u32::try_from(same.len()).unwrap_or(0);
        if same[0] != PAPER {
            let _ = writeln!(
                svg,
                "<rect x=\"{left}\" y=\"{top}\" width=\"{wide}\" height=\"{high}\" fill=\"{}\"/>",
                same[0]
            );
        }
        left += wide;
    }
}

fn draw_cursor(svg: &mut String, screen: &Screen) {
    if !screen.hide_cursor() {
        let (row, col) = screen.cursor_position();
        let left = MARGIN + u32::from(col) * CELL.0;
        let top = BAR + u32::from(row) * CELL.1 + 1;
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{top}\" width=\"2\" height=\"{}\" fill=\"{INK}\"/>",
            CELL.1 - 2
        );
    }
}

fn draw_run(svg: &mut String, run: Option<Run>, top: u32) {
    let Some(Run { look, columns, text }) = run else { return };
    let columns: Vec<String> = columns.iter().map(u32::to_string).collect();
    let class = if look.bold { " class=\"b\"" } else { "" };
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
