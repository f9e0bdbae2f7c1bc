//! The box in which somebody's key is compared, the banner where one changed, and the words about keys in
//! titles.

use ratatui::layout::Rect;

use super::paint::{Canvas, cells, lines, row};
use crate::domain::Trust;
use crate::tui::app::{
    Action, App, Context, GroupView, INFO_WIDTH, Row, Session, VerifyBox, counted, fit, policy_words,
    trust_words, width,
};

/// Paints the box; header and footer stay in view. A code takes the whole screen but its last row.
pub fn draw(canvas: &mut Canvas<'_>, app: &App, session: &Session, verify: &VerifyBox) {
    if let Some(picture) = verify.picture(app.setup.glyphs, app.size) {
        return code(canvas, picture);
    }
    let rows = session.verify_rows(&app.setup, &app.keymap, app.size, app.now);
    let name = session.world.name(&verify.user);
    scrolled(canvas, app, &format!("Your key and that of {name}"), &rows, verify.top);
}

/// A box of rows from the one at `top` on.
fn scrolled(canvas: &mut Canvas<'_>, app: &App, title: &str, rows: &[Row], top: usize) {
    let screen = usize::from(canvas.area().height);
    let area = canvas.middle(INFO_WIDTH, (rows.len() + 2).min(screen.saturating_sub(2)));
    let inner = canvas.open(area, title);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    for (at, pieces) in rows.iter().skip(top).take(usize::from(inner.height)).enumerate() {
        for piece in pieces {
            canvas.put(row(inner, at), piece.x, &piece.text, canvas.theme.tone(piece.tone));
        }
    }
    let below = rows.len().saturating_sub(top + usize::from(inner.height));
    if below > 0 {
        let key = app.keymap.key(Context::Verify, Action::PageDown).unwrap_or_default();
        let last = row(area, usize::from(area.height).saturating_sub(1));
        canvas.put_right(last, &format!(" {below} more, {key} "), canvas.theme.strong());
    }
}

fn code(canvas: &mut Canvas<'_>, picture: &[String]) {
    let screen = canvas.area();
    let whole = Rect { height: screen.height.saturating_sub(1), ..screen };
    canvas.clear(whole);
    let (columns, rows) = (picture.first().map_or(0, |line| line.chars().count()), picture.len());
    let x = screen.width.saturating_sub(cells(columns)) / 2;
    let y = whole.height.saturating_sub(cells(rows)) / 2;
    let area = Rect::new(x, y, cells(columns), cells(rows)).intersection(whole);
    for (at, line) in picture.iter().enumerate() {
        canvas.put(row(area, at), 0, line, canvas.theme.code());
    }
}

/// Paints what is to be known of the open chat before one writes.
pub fn banner(canvas: &mut Canvas<'_>, app: &App, session: &Session) {
    let area = session.regions.banner;
    let Some(words) = session.banner(&app.keymap, app.size).filter(|_| area.height > 0) else { return };
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    // Where a key changed something is wrong; that a room is open is as it should be, and to be known.
    let style = match session.open_room() {
        Some(_) => canvas.theme.unread(),
        None => canvas.theme.wrong(),
    };
    lines(canvas, inner, &words, style);
}

/// The title of a chat with one person, as much of it as fits; that a key changed is always in it.
pub fn direct_title(
    canvas: &Canvas<'_>,
    (name, sign, state): (&str, &str, &str),
    trust: Trust,
    mobile: &str,
    room: usize,
) -> String {
    let dot = canvas.glyphs.separator();
    let words = trust_words(trust);
    let variants = [
        format!("{name} {sign} {state}{dot}{words}{mobile}"),
        format!("{name} {sign} {state}{dot}{words}"),
        format!("{name} {sign}{dot}{words}"),
    ];
    if let Some(title) = variants.into_iter().find(|title| width(title) <= room) {
        return title;
    }
    let left = room.saturating_sub(width(words) + 1);
    match trust {
        Trust::Changed => format!("{} {words}", fit(name, left)),
        _ if left >= 4 + width(sign) + width(dot) => {
            let name = fit(name, left.saturating_sub(width(sign) + width(dot)));
            format!("{name} {sign}{dot}{words}")
        }
        _ => format!("{name} {sign} {state}"),
    }
}

/// The title of a group that we are in, as much of it as fits.
pub fn group_title(canvas: &Canvas<'_>, session: &Session, view: &GroupView, room: usize) -> String {
    let dot = canvas.glyphs.separator();
    let (members, online) = session.world.members_online(view);
    let name = session.world.group_name(view.group.id);
    let members = counted(members, "member");
    let (verified, changed, others) = session.trusted_in(view);
    let changed = match changed {
        0 => String::new(),
        n => format!("{n} {}", trust_words(Trust::Changed)),
    };
    let mut encrypted = "encrypted".to_owned();
    if verified > 0 {
        encrypted += &format!(", {verified} of {others} verified");
    }
    let mut short = encrypted.clone();
    if !changed.is_empty() {
        encrypted += &format!(", {changed}");
        short.clone_from(&changed);
    }
    let policy = policy_words(view.group.policy);
    let variants = [
        format!("#{name}{dot}{members}, {online} online{dot}{encrypted}{dot}{policy}"),
        format!("#{name}{dot}{members}, {online} online{dot}{encrypted}"),
        format!("#{name}{dot}{encrypted}"),
        format!("#{name}{dot}{short}"),
    ];
    variants.into_iter().find(|title| width(title) <= room).unwrap_or_else(|| match changed.as_str() {
        "" => format!("#{name}"),
        changed => format!("#{} {changed}", fit(&name, room.saturating_sub(width(changed) + 2))),
    })
}
