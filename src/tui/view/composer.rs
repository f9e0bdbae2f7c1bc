//! The text that is being written.

use ratatui::layout::Position;

use super::paint::{Canvas, cells, row};
use crate::domain::{ConversationId, Standing};
use crate::tui::app::{App, Glyphs, Pane, Session, composer_width, fit, room_label};

/// Where the text begins, after the mark.
const TEXT: usize = 2;

/// Paints the composer; returns where the cursor belongs if it has the keyboard.
pub fn draw(canvas: &mut Canvas<'_>, app: &App, session: &Session) -> Option<Position> {
    let area = session.regions.composer;
    let chat = session.writing()?;
    if area.height == 0 {
        return None;
    }
    let mark = match canvas.glyphs {
        Glyphs::Unicode => "›",
        Glyphs::Ascii => ">",
    };
    if let Some(find) = session.find_line() {
        return Some(super::find::line(canvas, area, find));
    }
    canvas.put(area, 0, mark, canvas.theme.strong());
    let columns = composer_width(app.size);
    if chat.draft.is_empty() {
        let words = match session.open_id() {
            None => "/ begins a command".to_owned(),
            Some(ConversationId::Direct(user)) => format!("Write to {}", session.world.name(user)),
            Some(ConversationId::Group(id)) => match session.open_group().map(|view| &view.standing) {
                Some(Standing::Left) => "You are out of this group".to_owned(),
                _ => format!("Write to #{}", session.world.group_name(*id)),
            },
            Some(ConversationId::Room(room)) => match session.world.is_in_room(room) {
                true => format!("Write in the open, to {}", room_label(room)),
                false => "You left this room".to_owned(),
            },
        };
        canvas.put(
            row(area, 0),
            TEXT + 1,
            &fit(&words, columns.saturating_sub(1)),
            canvas.theme.faint(),
        );
    }
    let layout = chat.draft.layout(columns);
    let visible = layout.rows.iter().skip(session.composer_top).take(usize::from(area.height));
    for (at, text) in visible.enumerate() {
        canvas.put(row(area, at), TEXT, text, canvas.theme.plain());
        let marked = layout.marked.iter().filter(|(line, _)| *line == session.composer_top + at);
        for (_, range) in marked {
            canvas.mark(row(area, at), TEXT + range.start..TEXT + range.end, canvas.theme.chosen());
        }
    }
    let (line, cell) = layout.cursor;
    let below = line.checked_sub(session.composer_top)?;
    let has_keyboard = session.pane == Pane::Conversation && !session.is_choosing();
    has_keyboard.then(|| Position::new(area.x + cells(TEXT + cell), area.y + cells(below)))
}
