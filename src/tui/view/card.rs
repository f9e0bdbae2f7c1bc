//! The card of a group that we are not in: who is in it, before one joins.

use ratatui::layout::Rect;

use super::paint::{Canvas, cells, lines, row};
use crate::domain::{Role, Standing};
use crate::tui::app::{Action, App, Context, GroupView, Session, counted, policy_words};

/// Paints the card where the messages would be.
pub fn draw(canvas: &mut Canvas<'_>, app: &App, session: &Session, view: &GroupView) {
    let area = session.regions.messages;
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let key = |action| app.keymap.key(Context::Invitation, action).unwrap_or_default();
    let name = |user| session.world.name(user).into_owned();
    let group = &view.group;
    let ask = match &view.standing {
        Standing::Invited(by) => format!(
            "{} invites you. {} joins, {} declines.",
            name(by),
            key(Action::Join),
            key(Action::Decline).to_lowercase()
        ),
        _ => format!("You are not in this group. {} joins it.", key(Action::Join)),
    };
    let about = format!(
        "{}{dot}made by {} on {}{dot}{}",
        counted(group.members.len(), "member"),
        name(&group.owner),
        app.setup.calendar.day(group.created_at),
        policy_words(group.policy),
        dot = canvas.glyphs.separator(),
    );
    let mut at = lines(canvas, inner, &ask, canvas.theme.strong());
    let below = |at: usize| Rect {
        y: inner.y + cells(at).min(inner.height),
        height: inner.height.saturating_sub(cells(at)),
        ..inner
    };
    at += lines(canvas, below(at), &about, canvas.theme.faint());
    draw_members(canvas, session, view, below(at + 1), session.card_top);
}

/// Paints the members of a group from the one at `top` on, and after them who was asked in.
pub fn draw_members(
    canvas: &mut Canvas<'_>,
    session: &Session,
    view: &GroupView,
    area: Rect,
    top: usize,
) {
    let members = view.group.members.keys().map(|user| (user, true));
    let invited = view.group.invited.iter().map(|user| (user, false));
    let shown = members.chain(invited).skip(top).take(usize::from(area.height));
    for (at, (user, is_in)) in shown.enumerate() {
        let world = &session.world;
        let me = user == world.me();
        let online = me || world.person(user).is_some_and(|person| person.availability.is_online());
        let line = row(area, at);
        canvas.put(line, 0, canvas.glyphs.presence(online), canvas.theme.presence(online));
        let x = 2 + canvas.put(line, 2, &world.name(user), canvas.theme.plain());
        let aside = match (me, view.group.role(user)) {
            _ if !is_in => "invited",
            (true, Role::Owner) => "you, the owner",
            (true, Role::Admin) => "you, an admin",
            (true, Role::Member) => "you",
            (false, Role::Owner) => "owner",
            (false, Role::Admin) => "admin",
            (false, Role::Member) => "",
        };
        let state = if online { "online" } else { "offline" };
        let aside = if aside.is_empty() { state.to_owned() } else { format!("{state}, {aside}") };
        canvas.put(line, x + 2, &aside, canvas.theme.faint());
    }
}
