//! The lists: contacts, who is online, groups.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::paint::{Canvas, row};
use crate::domain::{Alerts, ConversationId, Origin, Standing, Trust, UserName};
use crate::tui::app::{Action, App, Context, Pane, Session, fit, last_seen, trust_words, width};

/// What one entry shows.
struct Entry {
    conversation: ConversationId,
    sign: &'static str,
    sign_style: Style,
    name: String,
    aside: String,
    aside_style: Style,
    chosen: bool,
}

/// Paints the lists that are on the screen.
pub fn draw(canvas: &mut Canvas<'_>, app: &App, session: &Session) {
    let regions = &session.regions;
    if regions.framed {
        canvas.frame(regions.side);
    }
    let world = &session.world;
    for (at, pane) in Pane::LISTS.into_iter().enumerate() {
        let (title, area) = (regions.titles[at], regions.lists[at]);
        if title.height == 0 {
            continue;
        }
        if regions.framed && at > 0 {
            canvas.rule(title, true);
        }
        let (name, count) = match pane {
            Pane::Contacts => ("Contacts", world.contacts().len()),
            Pane::Online => ("Online", world.online().len()),
            Pane::Groups | Pane::Conversation => ("Groups", world.places().len()),
        };
        let words = format!(" {name} {count} ");
        canvas.put(title, 1, &words, canvas.theme.title(session.pane == pane));
        let rows = usize::from(area.height);
        let entries: Vec<Entry> = match pane {
            Pane::Contacts => {
                let lists = &session.lists.contacts;
                let people = world.contacts().iter().skip(lists.top).take(rows);
                people.map(|user| person(canvas, app, session, user, lists.chosen.as_ref())).collect()
            }
            Pane::Online => {
                let lists = &session.lists.online;
                let people = world.online().iter().skip(lists.top).take(rows);
                people.map(|user| person(canvas, app, session, user, lists.chosen.as_ref())).collect()
            }
            Pane::Groups | Pane::Conversation => {
                let lists = &session.lists.groups;
                let places = world.places().iter().skip(lists.top).take(rows);
                places.filter_map(|id| place(canvas, session, id, lists.chosen.as_ref())).collect()
            }
        };
        let away = match (pane, world.counts_archived()) {
            (Pane::Contacts, (people, _)) => people,
            (Pane::Groups, (_, places)) => places,
            _ => 0,
        };
        if away > 0 && entries.len() < rows {
            let [long, short] = [": /archived", ""].map(|how| format!("Archived {away}{how}"));
            let words = if width(&long) + 3 <= usize::from(area.width) { long } else { short };
            canvas.put(row(area, entries.len()), 3, &words, canvas.theme.faint());
        }
        if entries.is_empty() && away == 0 {
            canvas.put(area, 1, &nothing(app, pane), canvas.theme.faint());
        }
        for (at, entry) in entries.iter().enumerate() {
            draw_entry(canvas, session, row(area, at), entry, session.pane == pane);
        }
    }
}

fn nothing(app: &App, pane: Pane) -> String {
    match pane {
        Pane::Contacts | Pane::Conversation => "nobody else yet".to_owned(),
        Pane::Online => "nobody else".to_owned(),
        Pane::Groups => match app.keymap.key(Context::Global, Action::NewGroup) {
            Some(key) => format!("{key} makes one"),
            None => "none".to_owned(),
        },
    }
}

fn person(
    canvas: &Canvas<'_>,
    app: &App,
    session: &Session,
    user: &UserName,
    chosen: Option<&UserName>,
) -> Entry {
    let world = &session.world;
    let conversation = ConversationId::Direct(user.clone());
    let person = world.person(user);
    let online = person.is_some_and(|person| person.availability.is_online());
    let unread = session.unread(&conversation);
    let last = world.last_at(&conversation).or_else(|| last_seen(person?.availability));
    let by_hand = person.is_some_and(|person| person.origin == Origin::ByHand);
    let changed = person.is_some_and(|person| person.trust == Trust::Changed);
    let blocked = person.is_some_and(|person| person.blocked);
    let (aside, aside_style) = match (unread, last) {
        _ if blocked => ("blocked".to_owned(), canvas.theme.faint()),
        (0, _) if changed => (trust_words(Trust::Changed).to_owned(), canvas.theme.wrong()),
        (0, _) if session.has_draft(&conversation) => draft(canvas),
        (n, _) if changed => (format!("{} {n}", trust_words(Trust::Changed)), canvas.theme.wrong()),
        (0, Some(at)) => (app.setup.calendar.short(at, app.now), canvas.theme.faint()),
        (0, None) if by_hand => ("not here".to_owned(), canvas.theme.faint()),
        (0, None) => (String::new(), canvas.theme.faint()),
        (n, _) => count(canvas, session, &conversation, n),
    };
    Entry {
        conversation,
        sign: canvas.glyphs.presence(online),
        sign_style: canvas.theme.presence(online),
        name: world.name(user).into_owned(),
        aside,
        aside_style,
        chosen: chosen == Some(user),
    }
}

/// A count of unread messages: it does not stand out where the chat is muted.
fn count(
    canvas: &Canvas<'_>,
    session: &Session,
    conversation: &ConversationId,
    unread: u32,
) -> (String, Style) {
    match session.world.alerts(conversation) {
        Alerts::None => (format!("({unread})"), canvas.theme.faint()),
        Alerts::All | Alerts::Mentions => (unread.to_string(), canvas.theme.unread()),
    }
}

/// A group or an open room.
fn place(
    canvas: &Canvas<'_>,
    session: &Session,
    conversation: &ConversationId,
    chosen: Option<&ConversationId>,
) -> Option<Entry> {
    let (sign, name, aside) = match conversation {
        ConversationId::Group(id) => {
            let (sign, aside) = match &session.world.group(*id)?.standing {
                Standing::Member => ("#", ""),
                Standing::Invited(_) => ("!", "invited"),
                Standing::Listed => ("?", "join"),
                Standing::Left => ("-", "out"),
            };
            (sign, session.world.group_name(*id).into_owned(), aside)
        }
        ConversationId::Room(room) => ("+", room.to_string(), "open"),
        ConversationId::Direct(_) => return None,
    };
    let (aside, aside_style) = match session.unread(conversation) {
        0 if session.has_draft(conversation) => draft(canvas),
        0 => (aside.to_owned(), canvas.theme.faint()),
        n => count(canvas, session, conversation, n),
    };
    Some(Entry {
        conversation: conversation.clone(),
        sign,
        sign_style: canvas.theme.faint(),
        name,
        aside,
        aside_style,
        chosen: chosen == Some(conversation),
    })
}

/// Says that something is written there and was not sent.
fn draft(canvas: &Canvas<'_>) -> (String, Style) {
    ("draft".to_owned(), canvas.theme.plain())
}

fn draw_entry(canvas: &mut Canvas<'_>, session: &Session, row: Rect, entry: &Entry, has_keyboard: bool) {
    let open = session.open_id() == Some(&entry.conversation);
    if open {
        canvas.put(row, 0, canvas.glyphs.pointer(), canvas.theme.strong());
    }
    canvas.put(row, 1, entry.sign, entry.sign_style);
    let aside = width(&entry.aside);
    let room = usize::from(row.width).saturating_sub(3 + aside + 2);
    let style = if open { canvas.theme.strong() } else { canvas.theme.plain() };
    canvas.put(row, 3, &fit(&entry.name, room), style);
    canvas.put_right(row, &entry.aside, entry.aside_style);
    if entry.chosen && has_keyboard {
        canvas.style(row, canvas.theme.chosen());
    }
}
