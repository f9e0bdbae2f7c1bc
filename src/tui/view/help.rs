//! The help page.

use super::paint::{Canvas, row};
use crate::tui::app::{Action, App, Context, HELP_WIDTH, HelpRow};

/// Paints the help page over everything, from the row at `top` on.
pub fn draw(canvas: &mut Canvas<'_>, app: &App, top: usize) {
    let screen = canvas.area();
    let area = canvas.middle(HELP_WIDTH, usize::from(screen.height));
    let key = |action| app.keymap.key(Context::Page, action).unwrap_or_default();
    let (back, further) = (key(Action::Back), key(Action::PageDown));
    let inner = canvas.open(area, &format!("Help: {further} goes on, {back} goes back"));
    let top = top.min(app.help_end());
    let rows = app.help_rows().into_iter().skip(top).take(usize::from(inner.height));
    for (at, line) in rows.enumerate() {
        let line_at = row(inner, at);
        match line {
            HelpRow::Heading(words) => {
                canvas.put(line_at, 1, &words, canvas.theme.strong());
            }
            HelpRow::Entry(left, column, right) => {
                canvas.put(line_at, 2, &left, canvas.theme.key());
                canvas.put(line_at, column, &right, canvas.theme.plain());
            }
            HelpRow::Blank => {}
        }
    }
}
