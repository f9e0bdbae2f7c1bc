//! What lies over the main screen: boxes, forms, questions.

use ratatui::layout::{Position, Rect};

use super::card::draw_members;
use super::paint::{Canvas, cells, lines, row};
use super::verify;
use crate::domain::{GroupId, UserName, size_in_words};
use crate::tui::app::{
    Action, App, Broadcast, Choice, Context, Field, Glyphs, INFO_WIDTH, InfoBox, LINK_WIDTH, LinkBox,
    NewGroup, Overlay, Purpose, Question, ReactBox, SIGNS, Session, fit, link_room, policy_words,
    sign_words, width, wrap,
};

/// Widest a box is, in cells.
const WIDTH: usize = 58;

/// Paints what lies over the main screen; returns where the cursor belongs.
pub fn draw(canvas: &mut Canvas<'_>, app: &App, session: &Session) -> Option<Position> {
    match session.overlay.as_ref()? {
        Overlay::Choice(choice) => Some(draw_choice(canvas, session, choice)),
        Overlay::NewGroup(form) => draw_new_group(canvas, app, session, form),
        Overlay::Question(question) => {
            ask(canvas, app, session, question);
            None
        }
        Overlay::Picture(shown) => {
            super::picture::draw(canvas, shown);
            None
        }
        Overlay::Members { group, top } => {
            members(canvas, session, *group, *top);
            None
        }
        Overlay::Find(all) => Some(super::find::everywhere(canvas, app, session, all)),
        Overlay::Marked(marked) => {
            super::find::marked(canvas, app, session, marked);
            None
        }
        Overlay::Info(info) => {
            draw_info(canvas, app, session, info);
            None
        }
        Overlay::Links(links) => {
            draw_links(canvas, app, links);
            None
        }
        Overlay::React(react) => Some(draw_react(canvas, react)),
        Overlay::Vote(vote) => {
            super::poll::draw(canvas, app, vote);
            None
        }
        Overlay::Verify(verify) => {
            verify::draw(canvas, app, session, verify);
            None
        }
    }
}

/// A label with the text of a field after it; returns where the cursor of the field is.
pub(super) fn field(canvas: &mut Canvas<'_>, line: Rect, label: &str, field: &Field) -> Position {
    canvas.put(line, 1, label, canvas.theme.strong());
    let x = 2 + width(label);
    let (text, cell) = field.view(usize::from(line.width).saturating_sub(x + 1));
    canvas.put(line, x, text, canvas.theme.plain());
    Position::new(line.x + cells(x + cell), line.y)
}

fn draw_choice(canvas: &mut Canvas<'_>, session: &Session, choice: &Choice) -> Position {
    let title = match choice.purpose {
        Purpose::Jump => "Jump to".to_owned(),
        Purpose::Archived => "Archived".to_owned(),
        Purpose::Invite(id) => format!("Ask into #{}", session.world.group_name(id)),
        Purpose::Forward(..) | Purpose::ForwardFile(_) => "Forward to".to_owned(),
    };
    let screen = usize::from(canvas.area().height);
    let area = canvas.middle(WIDTH, (screen * 2 / 3).max(6));
    let inner = canvas.open(area, &title);
    let cursor = field(canvas, row(inner, 0), canvas.glyphs.pointer(), &choice.query);
    let list = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    if choice.found().len() == 0 {
        canvas.put(list, 1, "nobody and nothing matches", canvas.theme.faint());
    }
    let rows = usize::from(list.height);
    let top = (choice.selected() + 1).saturating_sub(rows);
    for (at, entry) in choice.found().skip(top).take(rows).enumerate() {
        let line = row(list, at);
        if let Some(online) = entry.online {
            canvas.put(line, 1, canvas.glyphs.presence(online), canvas.theme.presence(online));
        }
        let room = usize::from(line.width).saturating_sub(4);
        let x = 3 + canvas.put(line, 3, &fit(&entry.name, room), canvas.theme.plain());
        canvas.put(line, x + 2, &fit(&entry.detail, room.saturating_sub(x)), canvas.theme.faint());
        if top + at == choice.selected() {
            canvas.style(line, canvas.theme.chosen());
        }
    }
    cursor
}

fn draw_new_group(
    canvas: &mut Canvas<'_>,
    app: &App,
    session: &Session,
    form: &NewGroup,
) -> Option<Position> {
    let area = canvas.middle(WIDTH, 8);
    let inner = canvas.open(area, "New group");
    let name = field(canvas, row(inner, 0), "Name:", &form.name);
    let style = if form.on_policy { canvas.theme.chosen() } else { canvas.theme.plain() };
    canvas.put(row(inner, 1), 1, "Who may come in:", canvas.theme.strong());
    canvas.put(row(inner, 1), 18, policy_words(form.policy), style);
    let key = |action| app.keymap.key(Context::Form, action).unwrap_or_default();
    let (words, style) = match (&form.complaint, form.existing) {
        (Some(complaint), _) => (complaint.clone(), canvas.theme.wrong()),
        (None, Some(id)) => {
            let name = session.world.group_name(id);
            let (go, anyway) = (key(Action::Accept), key(Action::Anyway));
            let words =
                format!("#{name} exists: {go} goes there, {anyway} makes another one all the same.");
            (words, canvas.theme.unread())
        }
        (None, None) => {
            let (accept, toggle) = (key(Action::Accept), key(Action::Toggle));
            (
                format!("{accept} makes the group, {toggle} changes who may come in."),
                canvas.theme.faint(),
            )
        }
    };
    let rest = Rect {
        x: inner.x + 1,
        y: (inner.y + 3).min(inner.bottom()),
        width: inner.width.saturating_sub(2),
        height: inner.height.saturating_sub(3),
    };
    lines(canvas, rest, &words, style);
    (!form.on_policy).then_some(name)
}

fn ask(canvas: &mut Canvas<'_>, app: &App, session: &Session, question: &Question) {
    let name = |id: GroupId| format!("#{}", session.world.group_name(id));
    let key = |context, action| app.keymap.key(context, action).unwrap_or_default();
    let (title, words) = match *question {
        Question::Quit => {
            let again = key(Context::Global, Action::Interrupt);
            ("Quit?", format!("Leave Cooee? {again} again leaves."))
        }
        Question::Leave(id) => (
            "Leave the group?",
            format!("Leave {}? The others are told, and no more messages come from it.", name(id)),
        ),
        Question::Decline(id) => ("Decline?", format!("Decline the invitation into {}?", name(id))),
        Question::Remove(id, ref user) => (
            "Remove?",
            format!(
                "Put {} out of {}? They read nothing that is written there once the others know.",
                session.world.name(user),
                name(id)
            ),
        ),
        Question::Paste(ref paste) => (
            "Insert the paste?",
            format!("Insert {} into the text? It is one message, and is not sent yet.", paste.counts()),
        ),
        Question::SendFile(ref file) => {
            let whom = session.open_id().map(|id| session.label(id)).unwrap_or_default();
            let (name, size) = (&file.name, size_in_words(file.size));
            (
                "Send the file?",
                format!("Send the file {name} ({size}) to {whom}? If not, its path is written."),
            )
        }
        Question::AcceptKey(ref user) => (
            "Accept the new key?",
            format!(
                "Take the new key for that of {}? They may have signed up anew or lost their device; or somebody, \
                 or the broker, pretends to be them: then they read what you write. Ask them another way first.",
                session.world.name(user)
            ),
        ),
        Question::Hide(_) => {
            let words = "Delete this message here, for yourself? Others keep it.";
            ("Delete?", words.to_owned())
        }
        Question::Delete(_) => {
            let words = "Take this message back from everybody? They see that it was deleted; who has read it \
                         has read it.";
            ("Delete for everybody?", words.to_owned())
        }
        Question::ClosePoll(_) => {
            let words = "Close the poll? Nobody can vote any more, and it is not opened again.";
            ("Close the poll?", words.to_owned())
        }
        Question::Broadcast(ref broadcast) => {
            ("Send to each?", broadcast_words(canvas, session, broadcast))
        }
    };
    let yes = [Action::Yes, Action::Accept].into_iter().filter(|action| question.is_yes(*action));
    let yes: Vec<_> = yes.map(|action| key(Context::Question, action)).collect();
    let words = format!("{words} {}: yes, any other key: no.", yes.join(" or "));
    let columns = WIDTH.min(usize::from(canvas.area().width));
    let area = canvas.middle(columns, wrap(&words, columns.saturating_sub(4)).len() + 2);
    let inner = canvas.open(area, title);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    lines(canvas, inner, &words, canvas.theme.plain());
}

/// Who gets what goes to each on a list; where there is no room for all, how many more.
fn broadcast_words(canvas: &Canvas<'_>, session: &Session, broadcast: &Broadcast) -> String {
    let area = canvas.area();
    let (columns, rows) =
        (WIDTH.min(usize::from(area.width)).saturating_sub(4), usize::from(area.height));
    let names = |users: &[UserName], most: usize| {
        let mut names: Vec<_> = users.iter().map(|user| session.world.name(user).into_owned()).collect();
        if names.len() > most {
            names.splice(most.., [format!("and {} more", users.len() - most)]);
        }
        names.join(", ")
    };
    let words = |most| {
        let to = names(&broadcast.to, most);
        let not_to = match broadcast.not_to.is_empty() {
            true => String::new(),
            false => format!(" Not to {}: nothing goes to them now.", names(&broadcast.not_to, most)),
        };
        format!("Send it to {to}? Each gets it alone, and does not see who else does.{not_to}")
    };
    // Two rows are left for the keys, and two for the frame.
    let fits = |most: &usize| wrap(&words(*most), columns).len() + 4 <= rows;
    let most = broadcast.to.len().max(broadcast.not_to.len());
    words((1..=most).rev().find(fits).unwrap_or(1))
}

/// The box in which a sign is picked; returns where the cursor belongs.
fn draw_react(canvas: &mut Canvas<'_>, react: &ReactBox) -> Position {
    let columns = WIDTH.min(usize::from(canvas.area().width));
    let mut picks = Vec::new();
    for (at, (sign, name)) in SIGNS.iter().enumerate() {
        let words = match canvas.glyphs {
            Glyphs::Unicode => *sign,
            Glyphs::Ascii => *name,
        };
        // A digit stays with its sign.
        picks.push(format!("{}\u{a0}{words}", at + 1));
    }
    let mut words = picks.join("   ");
    if let Some(sign) = &react.current {
        words.push_str(&format!("\n0 takes {} back", sign_words(sign, canvas.glyphs)));
    }
    let rows = wrap(&words, columns.saturating_sub(4)).len();
    let area = canvas.middle(columns, rows + 4);
    let inner = canvas.open(area, "React with");
    let text = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    lines(canvas, text, &words, canvas.theme.plain());
    let cursor = field(canvas, row(inner, rows), "or type a sign:", &react.field);
    if let Some(complaint) = &react.complaint {
        canvas.put(row(inner, rows + 1), 1, complaint, canvas.theme.wrong());
    }
    cursor
}

fn members(canvas: &mut Canvas<'_>, session: &Session, id: GroupId, top: usize) {
    let Some(view) = session.world.group(id) else { return };
    let count = view.group.members.len();
    let rows = count + view.group.invited.len();
    let screen = usize::from(canvas.area().height);
    let area = canvas.middle(WIDTH, (rows + 2).clamp(4, screen.max(4)));
    let inner = canvas.open(
        area,
        &format!("#{} has {}", session.world.group_name(id), crate::tui::app::counted(count, "member")),
    );
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let most = rows.saturating_sub(usize::from(inner.height));
    draw_members(canvas, session, view, inner, top.min(most));
}

/// All of a link, before it is opened.
fn draw_links(canvas: &mut Canvas<'_>, app: &App, links: &LinkBox) {
    let (width, room) = link_room(app.size);
    let rows = links.rows(width);
    let area = canvas.middle(LINK_WIDTH, rows.len().min(room) + 2);
    let inner = canvas.open(area, &links.title());
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    for (at, pieces) in rows.iter().skip(links.top).take(usize::from(inner.height)).enumerate() {
        for piece in pieces {
            canvas.put(row(inner, at), piece.x, &piece.text, canvas.theme.tone(piece.tone));
        }
    }
    let below = rows.len().saturating_sub(links.top + usize::from(inner.height));
    if below > 0 {
        let key = app.keymap.key(Context::Links, Action::PageDown).unwrap_or_default();
        let last = row(area, usize::from(area.height).saturating_sub(1));
        canvas.put_right(last, &format!(" {below} more, {key} "), canvas.theme.strong());
    }
}

/// All about a message; header and footer stay in view.
fn draw_info(canvas: &mut Canvas<'_>, app: &App, session: &Session, info: &InfoBox) {
    let rows = session.info_rows(&app.setup, &app.keymap, app.size, app.now);
    let screen = usize::from(canvas.area().height);
    let area = canvas.middle(INFO_WIDTH, (rows.len() + 2).min(screen.saturating_sub(2)));
    let inner = canvas.open(area, &info.title(&session.world));
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    for (at, pieces) in rows.iter().skip(info.top).take(usize::from(inner.height)).enumerate() {
        for piece in pieces {
            canvas.put(row(inner, at), piece.x, &piece.text, canvas.theme.tone(piece.tone));
        }
    }
    let below = rows.len().saturating_sub(info.top + usize::from(inner.height));
    if below > 0 {
        let key = app.keymap.key(Context::Info, Action::PageDown).unwrap_or_default();
        let last = row(area, usize::from(area.height).saturating_sub(1));
        canvas.put_right(last, &format!(" {below} more, {key} "), canvas.theme.strong());
    }
}
