//! What is around the panes: the first row, what has to be told, the last row.

use ratatui::layout::Rect;

use super::paint::{Canvas, lines, row};
use crate::tui::app::{Action, App, Context, Link, Session, width};

/// The first row: who we are, our group tabs, the state of the connection in words.
pub fn header(canvas: &mut Canvas<'_>, app: &App, session: &Session) {
    let area = session.regions.header;
    let theme = canvas.theme;
    let link_style = if session.link == Link::Up { theme.presence(true) } else { theme.wrong() };
    canvas.put_right(area, &session.link_words(&app.setup, area.width), link_style);
    canvas.put(area, 1, &session.who(&app.setup), theme.strong());
    let others = session.beside_area(&app.setup, &app.beside);
    let style = if app.beside.unread() > 0 { theme.strong() } else { theme.faint() };
    canvas.put(area, usize::from(others.x), &app.beside.words(area.width), style);
    let tabs = session.tabs(&app.setup, &app.beside);
    let last = tabs.len().saturating_sub(1);
    for (at, tab) in tabs.iter().enumerate() {
        let style = if tab.open { theme.title(true) } else { theme.plain() };
        let x = usize::from(tab.area.x);
        canvas.put(area, x, &tab.label, style);
        if at < last {
            canvas.put(area, x + usize::from(tab.area.width), canvas.glyphs.bar(), theme.line());
        }
    }
}

/// What has to be told.
pub fn notice(canvas: &mut Canvas<'_>, app: &App, area: Rect) {
    let next = app.keymap.key(Context::Composer, Action::Back);
    let (Some(line), Some(words)) = (app.notices.top(), app.notices.words(next)) else { return };
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    lines(canvas, inner, &words, canvas.theme.notice(line.weight));
}

/// The keys that matter where the keyboard is: as many as fit, and always the last one, which leads to
/// all the others.
pub fn footer(canvas: &mut Canvas<'_>, app: &App, area: Rect) {
    let mut x = 1;
    let separator = canvas.glyphs.separator();
    if app.context() == Context::Normal {
        x += canvas.put(row(area, 0), x, "normal mode", canvas.theme.strong());
    }
    let entries = app.keymap.footer(app.context()).filter(|(_, action)| app.offers(*action));
    let entries: Vec<_> = entries.map(|(key, action)| (key, app.label(action))).collect();
    let wide = |(key, label): &(&str, &str)| width(key) + 1 + width(label);
    let Some(last) = entries.len().checked_sub(1) else { return };
    let end = usize::from(area.width).saturating_sub(wide(&entries[last]) + width(separator));
    for (at, entry) in entries.iter().enumerate() {
        let gap = if x == 1 { "" } else { separator };
        if at < last && x + width(gap) + wide(entry) > end {
            continue;
        }
        let (key, label) = *entry;
        let area = row(area, 0);
        x += canvas.put(area, x, gap, canvas.theme.faint());
        x += canvas.put(area, x, key, canvas.theme.key());
        x += canvas.put(area, x, &format!(" {label}"), canvas.theme.faint());
    }
}
