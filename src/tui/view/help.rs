//! The help page.

use ratatui::layout::Position;

use super::paint::{Canvas, cells, row};
use crate::tui::app::{Action, App, Context, HELP_WIDTH, Help, HelpRow, width};

/// What begins the title.
const NAME: &str = "Help: ";

/// Paints the help page over everything; returns where the cursor belongs, while somebody searches in it.
pub fn draw(canvas: &mut Canvas<'_>, app: &App, help: &Help) -> Option<Position> {
    let screen = canvas.area();
    let area = canvas.middle(HELP_WIDTH, usize::from(screen.height));
    // The corners, a space beside each, and a cell for the cursor.
    let room = usize::from(area.width).saturating_sub(5);
    let (title, cell) = match &help.search {
        Some(search) => {
            let (text, cell) = search.view(room.saturating_sub(NAME.len()));
            let text = if search.text().is_empty() { "(type a key or a word)" } else { text };
            (format!("{NAME}{text}"), Some(NAME.len() + cell))
        }
        None => (title(app, room), None),
    };
    let inner = canvas.open(area, &title);
    let top = help.top.min(app.help_end());
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
    cell.map(|cell| Position::new(area.x + 2 + cells(cell), area.y))
}

/// What can be done here, as far as there is room.
fn title(app: &App, room: usize) -> String {
    let told =
        |action, does: &str| app.keymap.key(Context::Page, action).map(|key| format!("{key} {does}"));
    let search = told(Action::Search, "searches");
    let further = told(Action::PageDown, "goes on");
    let back = told(Action::Back, "goes back");
    let title = |told: &[&Option<String>]| {
        let told: Vec<_> = told.iter().filter_map(|told| told.as_deref()).collect();
        format!("{NAME}{}", told.join(", "))
    };
    let all = title(&[&search, &further, &back]);
    if width(&all) <= room { all } else { title(&[&search, &back]) }
}
