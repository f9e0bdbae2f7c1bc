//! Whom or what a person means by a name.

use super::Error;
use super::commands::Request;
use crate::cli::attached::Attached;
use crate::cli::target::{Purpose, Target};
use crate::cli::text;
use crate::domain::{ConversationId, Standing, UserName, addressee, clean_line};

/// The chat that is meant: a person by user name or display name, a group or room by its sign, or whatever else has
/// that name, or alone begins so.
///
/// # Errors
/// In words, where there is none or more than one.
pub(super) fn chat(name: &str, attached: &Attached) -> Result<ConversationId, String> {
    if name.starts_with(['#', '+']) {
        let target: Target = name.parse().map_err(|why| format!("{}: {why}", clean_line(name)))?;
        let found = target.resolve(&attached.groups, Purpose::Read).map_err(|error| told(&error))?;
        if let ConversationId::Room(room) = &found
            && !attached.rooms.contains(room)
            && !attached.conversations.contains(&found)
        {
            return Err(format!("you are not in +{room}: /room {room} goes in"));
        }
        return Ok(found);
    }
    if let Ok(user) = user(name, attached) {
        return Ok(ConversationId::Direct(user));
    }
    let wanted = name.to_lowercase();
    let groups = attached.groups.values().filter(|view| view.standing == Standing::Member);
    let all: Vec<(String, ConversationId)> = attached
        .people
        .values()
        .flat_map(|person| {
            let chat = ConversationId::Direct(person.user.clone());
            [(person.user.to_string(), chat.clone()), (person.display_name.to_string(), chat)]
        })
        .chain(groups.map(|v| (v.group.name.to_string(), ConversationId::Group(v.group.id))))
        .chain(attached.rooms.iter().map(|room| (room.to_string(), ConversationId::Room(room.clone()))))
        .map(|(name, chat)| (name.to_lowercase(), chat))
        .collect();
    let named = |fits: &dyn Fn(&str) -> bool| {
        let mut found: Vec<ConversationId> =
            all.iter().filter(|(name, _)| fits(name)).map(|(_, chat)| chat.clone()).collect();
        found.sort();
        found.dedup();
        found
    };
    let exact = named(&|name| name == wanted);
    let found = if exact.is_empty() { named(&|name| name.starts_with(&wanted)) } else { exact };
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(format!(
            "nobody, no group and no room here is called {}: /contacts and /chats list them",
            clean_line(name)
        )),
        several => {
            let labels: Vec<String> =
                several.iter().take(5).map(|chat| text::label(chat, &attached.groups)).collect();
            Err(format!("{} may be {}: write more of it", clean_line(name), labels.join(", ")))
        }
    }
}

/// Whether a line names a chat that is not known, yet.
pub(super) fn is_unknown(request: &Request, attached: &Attached) -> bool {
    match request {
        Request::Chat(name) => chat(name, attached).is_err(),
        Request::Message(line) => addressed(line, attached).is_err(),
        _ => false,
    }
}

/// Which chat a line is for, and what it says there.
///
/// # Errors
/// In words, where there is none or more than one.
pub(super) fn addressed<'a>(
    line: &'a str,
    attached: &Attached,
) -> Result<(ConversationId, &'a str), String> {
    let (name, text) = addressee(line, attached.people.values())?;
    Ok((chat(name, attached)?, text))
}

/// Who is meant: by user name, else by a display name that one alone goes by.
///
/// # Errors
/// In words, where there is nobody.
pub(super) fn user(name: &str, attached: &Attached) -> Result<UserName, String> {
    let name = name.trim().trim_start_matches('@').to_lowercase();
    if let Ok(user) = name.parse::<UserName>()
        && attached.people.contains_key(&user)
    {
        return Ok(user);
    }
    let mut called =
        attached.people.values().filter(|person| person.display_name.as_str().to_lowercase() == name);
    match (called.next(), called.next()) {
        (Some(person), None) => Ok(person.user.clone()),
        _ => Err(format!("nobody here is called {}: /contacts lists everybody", clean_line(&name))),
    }
}

/// An error in one line, with what to do where several groups are meant.
pub(super) fn told(error: &Error) -> String {
    match (error, error.hint()) {
        (Error::Ambiguous { .. }, Some(hint)) => format!("{error}: {hint}"),
        _ => error.to_string(),
    }
}
