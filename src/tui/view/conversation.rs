//! The open conversation: its title, its messages, and the row below them.

use ratatui::layout::Rect;

use super::card;
use super::paint::{Canvas, lines, row};
use super::picture;
use super::verify;
use crate::domain::{Alerts, Availability, ConversationId, Origin, Reply, RoomName, Standing, UserName};
use crate::tui::app::{
    About, Above, Action, App, COMMANDS, Chat, Context, GroupView, Link, Pane, Session, Tone, counted,
    fit, policy_words, room_label, width, wrap,
};

/// Paints the conversation, if it is on the screen.
pub fn draw(canvas: &mut Canvas<'_>, app: &App, session: &Session) {
    let regions = &session.regions;
    if regions.framed {
        canvas.frame(regions.frame);
    }
    if regions.messages.height == 0 {
        return;
    }
    title(canvas, app, session);
    if let Some(view) = session.card() {
        card::draw(canvas, app, session, view);
    } else if session.open_id().is_some() {
        messages(canvas, app, session);
    } else {
        home(canvas, app, session);
    }
    divider(canvas, app, session);
}

fn title(canvas: &mut Canvas<'_>, app: &App, session: &Session) {
    let regions = &session.regions;
    // Where there is no header the title says what is wrong with the connection.
    let trouble = match (regions.header.height, &session.link) {
        (0, Link::Connecting | Link::Down { .. }) => session.link_words(&app.setup, 0),
        (0, Link::Up) => late_words(session),
        _ => String::new(),
    };
    let world = &session.world;
    let away = session.open_id().filter(|id| world.is_archived(id)).map(|_| "archived");
    let alerts = session.open_id().and_then(|id| match world.alerts(id) {
        Alerts::None => Some("muted"),
        Alerts::Mentions => Some("mentions only"),
        Alerts::All => None,
    });
    let states = [away, alerts].into_iter().flatten();
    let away: String = states.map(|state| format!("{}{state}", canvas.glyphs.separator())).collect();
    let room = usize::from(regions.title.width).saturating_sub(4 + width(&trouble) + width(&away));
    let words = match session.open_id() {
        None => "Cooee".to_owned(),
        Some(ConversationId::Direct(user)) => direct_title(canvas, app, session, user, room),
        Some(ConversationId::Group(_)) => {
            session.open_group().map(|view| group_title(canvas, session, view, room)).unwrap_or_default()
        }
        Some(ConversationId::Room(name)) => room_title(canvas, session, name, room),
    };
    let style = canvas.theme.title(session.pane == Pane::Conversation);
    canvas.put(regions.title, 1, &format!(" {}{away} ", fit(&words, room)), style);
    canvas.put_right(regions.title, &trouble, canvas.theme.wrong());
}

/// Where there is no divider the title says what came late.
fn late_words(session: &Session) -> String {
    match session.chat().map(|chat| chat.above().late) {
        Some(late @ 1..) if session.regions.divider.height == 0 => format!("{late} late above"),
        _ => String::new(),
    }
}

fn direct_title(
    canvas: &Canvas<'_>,
    app: &App,
    session: &Session,
    user: &UserName,
    room: usize,
) -> String {
    let name = session.world.name(user);
    let Some(person) = session.world.person(user) else { return name.into_owned() };
    let sign = canvas.glyphs.presence(person.availability.is_online());
    let state = match (person.origin, person.availability) {
        (_, Availability::Online { .. }) => "online".to_owned(),
        (Origin::ByHand, _) => "has not signed up here".to_owned(),
        (_, Availability::Offline { last_seen: Some(at) }) => {
            format!("last seen {}", app.setup.calendar.short(at, app.now))
        }
        (_, Availability::Offline { last_seen: None }) => "offline".to_owned(),
    };
    let mobile = person.mobile.as_ref().map(|m| format!("{}{m}", canvas.glyphs.separator()));
    let mobile = mobile.unwrap_or_default();
    if person.origin == Origin::ByHand {
        return format!("{name} {sign} {state}{mobile}");
    }
    verify::direct_title(canvas, (&name, sign, &state), person.trust, &mobile, room)
}

fn group_title(canvas: &Canvas<'_>, session: &Session, view: &GroupView, room: usize) -> String {
    let dot = canvas.glyphs.separator();
    let (members, online) = session.world.members_online(view);
    let name = session.world.group_name(view.group.id);
    let members = counted(members, "member");
    match view.standing {
        Standing::Left => format!("#{name}{dot}you are out"),
        Standing::Member => verify::group_title(canvas, session, view, room),
        _ => format!("#{name}{dot}{members}, {online} online{dot}{}", policy_words(view.group.policy)),
    }
}

/// The title of an open room: that nothing there is encrypted is always in it.
fn room_title(canvas: &Canvas<'_>, session: &Session, name: &RoomName, room: usize) -> String {
    const STATE: &str = "not encrypted";
    let (dot, label) = (canvas.glyphs.separator(), room_label(name));
    if !session.world.is_in_room(name) {
        return format!("{label}{dot}you left{dot}{STATE}");
    }
    let variants =
        [format!("{label}{dot}{STATE}{dot}names not verified"), format!("{label}{dot}{STATE}")];
    variants.into_iter().find(|title| width(title) <= room).unwrap_or_else(|| {
        let left = room.saturating_sub(width(STATE) + 1);
        format!("{} {STATE}", fit(&label, left))
    })
}

fn messages(canvas: &mut Canvas<'_>, app: &App, session: &Session) {
    let area = session.regions.messages;
    let Some(chat) = session.chat() else { return };
    let rows = chat.visible(&session.window(&app.setup, app.now));
    if rows.is_empty() && chat.timeline().is_loaded() {
        let words = "No messages yet.";
        canvas.put(row(area, usize::from(area.height) - 1), 1, words, canvas.theme.faint());
    }
    // The newest row lies at the bottom edge.
    let first = usize::from(area.height).saturating_sub(rows.len());
    for (at, pieces) in rows.iter().enumerate() {
        if pieces.iter().any(|piece| piece.tone == Tone::Chosen) {
            canvas.style(row(area, first + at), canvas.theme.chosen());
        }
        for piece in pieces {
            let row = row(area, first + at);
            match piece.tone {
                Tone::Picture(message, line) => {
                    let cells = session.thumbnail(message).map_or(&[][..], |shown| shown.row(line));
                    picture::halves(canvas, row, piece.x, cells);
                }
                tone => {
                    canvas.put(row, piece.x, &piece.text, canvas.theme.tone(tone));
                }
            }
        }
    }
}

/// What to do when no chat is open.
fn home(canvas: &mut Canvas<'_>, app: &App, session: &Session) {
    let area = session.regions.messages;
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let key = |action| app.keymap.key(Context::Composer, action).unwrap_or_default();
    let alone = session.world.everybody().next().is_none() && session.world.groups().is_empty();
    let mut paragraphs = vec![vec![format!("You are signed in as {}.", session.me.user)]];
    if !session.ready {
        paragraphs.push(vec!["Looking who is here…".to_owned()]);
    } else if alone {
        paragraphs.push(vec![
            "Nobody else is here yet.".to_owned(),
            "Start `cooee` in another terminal and sign up as somebody else.".to_owned(),
            "For people on other machines, `cooee broker --help` says how.".to_owned(),
        ]);
        paragraphs.push(vec![format!("{} makes a group.", key(Action::NewGroup))]);
    } else {
        paragraphs.push(vec![
            format!(
                "{} goes to the contacts, {} there opens a chat.",
                key(Action::ShowContacts),
                app.keymap.key(Context::List, Action::Accept).unwrap_or_default(),
            ),
            format!(
                "{} finds anybody by name or number, {} goes to what is unread.",
                key(Action::Jump),
                key(Action::NextUnread)
            ),
        ]);
        paragraphs.push(vec![format!(
            "{} makes a group, {} shows all keys.",
            key(Action::NewGroup),
            key(Action::Help)
        )]);
    }
    let mut at = 0;
    for mut sentences in paragraphs {
        let below = Rect { y: inner.y + at, height: inner.height.saturating_sub(at), ..inner };
        // In a low window what does not fit whole is left out.
        let rows = |said: &[String]| wrap(&said.join(" "), usize::from(below.width)).len();
        while !sentences.is_empty() && rows(&sentences) > usize::from(below.height) {
            sentences.pop();
        }
        if sentences.is_empty() {
            return;
        }
        let words = sentences.join(" ");
        let style = if at == 0 { canvas.theme.strong() } else { canvas.theme.plain() };
        let taken = lines(canvas, below, &words, style);
        at = (at + super::paint::cells(taken) + 1).min(inner.height);
    }
}

/// Who is writing, what is below, how to go on with a command.
fn divider(canvas: &mut Canvas<'_>, app: &App, session: &Session) {
    let area = session.regions.divider;
    if area.height == 0 {
        return;
    }
    canvas.rule(area, session.regions.framed);
    let Some(chat) = session.writing() else { return };
    // Two cells before them and one behind, with a space at both of their ends.
    let mut room = usize::from(area.width).saturating_sub(5);
    if let Some(words) = hidden(canvas, app, chat, room) {
        let style = canvas.theme.unread();
        canvas.put_right(area, &format!(" {words} "), style);
        room = room.saturating_sub(width(&words) + 2);
    }
    let writers: Vec<_> = chat.writers().map(|user| session.world.name(user)).collect();
    let words = match &writers[..] {
        // A path may begin as a command does.
        _ if chat.draft.is_command() && !matches!(chat.about, Some(About::Save(..))) => {
            command_hint(&chat.draft.text())
        }
        _ if chat.about.is_some() => about_words(canvas, app, session, room),
        [] => match session.fading_words() {
            Some(words) => words,
            None => return,
        },
        [one] => format!("{one} is typing…"),
        [one, other] => format!("{one} and {other} are typing…"),
        more => format!("{} people are typing…", more.len()),
    };
    canvas.put(area, 2, &format!(" {} ", fit(&words, room)), canvas.theme.faint());
}

/// Which message what is being written is about, and how to have it otherwise.
fn about_words(canvas: &Canvas<'_>, app: &App, session: &Session, room: usize) -> String {
    let back = app.keymap.key(Context::Global, Action::Back).unwrap_or_default();
    let about = session.writing().and_then(|chat| chat.about.as_ref());
    let (doing, text) = match about {
        Some(About::Reply(Reply { quote: Some(quote), .. })) => {
            let name = match quote.sender == session.me.user {
                true => "yourself".into(),
                false => session.world.name(&quote.sender),
            };
            (format!("replying to {name}"), quote.text.clone().unwrap_or_default())
        }
        Some(About::Reply(_)) => ("replying".to_owned(), String::new()),
        Some(About::Save(_, name)) => ("saving as".to_owned(), name.clone()),
        Some(About::Edit(_, before)) => ("changing".to_owned(), before.to_string().replace('\n', " ")),
        None => return String::new(),
    };
    let end = format!("{}{back} gives up", canvas.glyphs.separator());
    let left = room.saturating_sub(width(&doing) + width(&end) + 2);
    // A word or two of it, or none.
    match text.is_empty() || left < 8 {
        true => format!("{doing}{end}"),
        false => format!("{doing}: {}{end}", fit(&text, left)),
    }
}

/// What is off the screen and was not seen yet, above and below, with the keys that lead there.
fn hidden(canvas: &Canvas<'_>, app: &App, chat: &Chat, room: usize) -> Option<String> {
    let key = |action| app.keymap.key(Context::Composer, action).unwrap_or_default();
    let above = match chat.above() {
        Above { late: 0, unread_line: false } => None,
        Above { late: 0, unread_line: true } => Some("unread above".to_owned()),
        Above { late, .. } => Some(format!("{} above", counted(late, "late message"))),
    };
    let above = above.map(|words| format!("{words}, {}", key(Action::UnreadLine)));
    let below =
        (chat.below() > 0).then(|| format!("{} new below, {}", chat.below(), key(Action::Newest)));
    let both = above.iter().chain(&below).map(String::as_str).collect::<Vec<_>>();
    let both = both.join(canvas.glyphs.separator());
    match width(&both) <= room {
        true => Some(both).filter(|words| !words.is_empty()),
        // What is above is the rarer, and nobody looks for it there.
        false => above.or(below),
    }
}

/// How the command that is being written goes on.
fn command_hint(text: &str) -> String {
    let typed = text.trim_start_matches('/');
    let name = typed.split_whitespace().next().unwrap_or("").to_lowercase();
    let complete = typed.contains(char::is_whitespace);
    let fits = |known: &str| if complete { known == name } else { known.starts_with(&name) };
    let found: Vec<_> = COMMANDS.iter().filter(|command| fits(command.name)).collect();
    match found[..] {
        [] => "no such command; // begins a text with a slash".to_owned(),
        [one] => format!("/{} {}: {}", one.name, one.arguments, one.help).replace(" :", ":"),
        _ => found.iter().map(|command| format!("/{}", command.name)).collect::<Vec<_>>().join(" "),
    }
}
