//! What is looked for: the line in the open chat, and the list of all chats.

use ratatui::layout::{Position, Rect};

use super::overlay::field;
use super::paint::{Canvas, row};
use crate::domain::{ConversationId, Words};
use crate::tui::app::{
    App, FOUND_ROWS, Find, FindAll, FoundLine, FoundList, Marked, Session, Tone, claimed_name, excerpt,
    fit, width,
};

/// Widest the list is, in cells.
const WIDTH: usize = 100;

/// Paints the line that finds words in the open chat, in place of what is being written; returns where the
/// cursor belongs.
pub fn line(canvas: &mut Canvas<'_>, area: Rect, find: &Find) -> Position {
    let line = row(area, 0);
    let status = find.status();
    let start = canvas.put_right(line, &status, canvas.theme.unread());
    // What is written keeps a little room beside the longest status.
    let left = if status.is_empty() { usize::from(line.width) } else { start };
    let label = if usize::from(line.width) < 30 { "?" } else { "Find:" };
    let line = Rect { width: super::paint::cells(left), ..line };
    field(canvas, line, label, find.field())
}

/// Paints what was found in all chats; returns where the cursor belongs.
pub fn everywhere(canvas: &mut Canvas<'_>, app: &App, session: &Session, all: &FindAll) -> Position {
    let inner = open(canvas, "Find in all chats");
    let cursor = field(canvas, row(inner, 0), canvas.glyphs.pointer(), all.field());
    let list = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    if let Some(words) = all.status() {
        canvas.put(list, 1, words, canvas.theme.faint());
    }
    entries(canvas, app, session, (all.list(), all.words()), list);
    cursor
}

/// Paints what is pinned or starred.
pub fn marked(canvas: &mut Canvas<'_>, app: &App, session: &Session, marked: &Marked) {
    let title = match &marked.pinned_in {
        Some(conversation) => format!("Pinned in {}", session.label(conversation)),
        None => "Starred".to_owned(),
    };
    let list = open(canvas, &title);
    if let Some(words) = marked.status() {
        canvas.put(list, 1, words, canvas.theme.faint());
    }
    entries(canvas, app, session, (marked.list(), &Words::default()), list);
}

/// The box of a list of messages.
fn open(canvas: &mut Canvas<'_>, title: &str) -> Rect {
    let screen = canvas.area();
    let columns = usize::from(screen.width).saturating_sub(if screen.width < 60 { 0 } else { 6 });
    let rows = usize::from(screen.height).saturating_sub(if screen.height < 16 { 2 } else { 4 });
    let area = canvas.middle(columns.min(WIDTH), rows.max(6));
    canvas.open(area, title)
}

/// The messages of a list around the selected one, with the words in them that are looked for.
fn entries(
    canvas: &mut Canvas<'_>,
    app: &App,
    session: &Session,
    (found, words): (&FoundList, &Words),
    list: Rect,
) {
    let shown = (usize::from(list.height) / FOUND_ROWS).max(1);
    let top = (found.selected() + 1).saturating_sub(shown);
    let lines = found.lines().iter().enumerate();
    for (at, line) in lines.skip(top).take(shown) {
        let rows = [0, 1].map(|below| row(list, (at - top) * FOUND_ROWS + below));
        if at == found.selected() {
            rows.iter().for_each(|row| canvas.style(*row, canvas.theme.chosen()));
            canvas.put(rows[0], 0, canvas.glyphs.pointer(), canvas.theme.strong());
        }
        head(canvas, app, session, line, rows[0]);
        let room = usize::from(rows[1].width).saturating_sub(4);
        let mut x = 3;
        for (part, is_found) in excerpt(&line.text, &words.places(&line.text), room) {
            let tone = if is_found { Tone::Found } else { Tone::Text };
            canvas.put(rows[1], x, &part, canvas.theme.tone(tone));
            x += width(&part);
        }
    }
}

/// Chat, sender and time.
fn head(canvas: &mut Canvas<'_>, app: &App, session: &Session, found: &FoundLine, line: Rect) {
    let me = found.sender == session.me.user;
    let sender = match &found.conversation {
        _ if me => Some("You".to_owned()),
        // The chat bears their name.
        ConversationId::Direct(_) => None,
        ConversationId::Group(_) => Some(session.world.name(&found.sender).into_owned()),
        ConversationId::Room(_) => Some(claimed_name(&found.sender)),
    };
    let time = app.setup.calendar.short(found.at, app.now);
    let end = canvas.put_right(line, &time, canvas.theme.faint());
    let room = end.saturating_sub(3);
    let chat = session.label(&found.conversation);
    let x = 2 + canvas.put(line, 2, &fit(&chat, room), canvas.theme.strong());
    if let Some(sender) = sender {
        let words = format!("{}{sender}", canvas.glyphs.separator());
        canvas.put(line, x, &fit(&words, room.saturating_sub(x - 2)), canvas.theme.plain());
    }
}
