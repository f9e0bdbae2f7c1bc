//! The help page.

use super::paint::{Canvas, row};
use crate::tui::app::{Action, App, Context, HelpLine, fit, width};

/// Widest column of keys, in cells.
const KEYS: usize = 26;

/// Paints the help page over everything, from the line at `top` on.
pub fn draw(canvas: &mut Canvas<'_>, app: &App, top: usize) {
    let screen = canvas.area();
    let area = canvas.middle(78, usize::from(screen.height));
    let key = |action| app.keymap.key(Context::Page, action).unwrap_or_default();
    let (back, further) = (key(Action::Back), key(Action::PageDown));
    let inner = canvas.open(area, &format!("Help: {further} goes on, {back} goes back"));
    let all = app.help_lines();
    let columns = usize::from(inner.width);
    let keys = KEYS.min(columns / 2);
    let top = top.min(all.len().saturating_sub(usize::from(inner.height)));
    for (at, line) in all.iter().skip(top).take(usize::from(inner.height)).enumerate() {
        let line_at = row(inner, at);
        match line {
            HelpLine::Heading(words) => {
                canvas.put(line_at, 1, words, canvas.theme.strong());
            }
            HelpLine::Entry(left, right) => {
                canvas.put(line_at, 2, &fit(left, keys.saturating_sub(1)), canvas.theme.key());
                let x = 2 + keys.max(width(&fit(left, keys.saturating_sub(1))) + 1);
                canvas.put(line_at, x, &fit(right, columns.saturating_sub(x)), canvas.theme.plain());
            }
            HelpLine::Blank => {}
        }
    }
}
