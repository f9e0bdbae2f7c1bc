//! Commands that are written in the composer: `/join team`.

use super::Action;
use crate::domain::{Alerts, JoinPolicy};

/// What a written command asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The same as a key.
    Do(Action),
    /// Make a group; without a name, open the form.
    Create(String, JoinPolicy),
    /// Join a group of this name, or accept an invitation into it.
    Join(String),
    /// Go into an open room of this name, or open it.
    Room(String),
    /// Leave the open group or room.
    Leave,
    /// Invite somebody into the open group; without a name, open the list.
    Invite(String),
    /// Put somebody out of the open group.
    Remove(String),
    /// Give the open group another name.
    Rename(String),
    /// Make somebody an admin of the open group.
    Promote(String),
    /// Make an admin of the open group a member again.
    Demote(String),
    /// Change who may come into the open group.
    Policy(JoinPolicy),
    /// Open the jump box with this text.
    Jump(String),
    /// Look for these words in the open chat.
    Search(String),
    /// Look for these words in all chats.
    Find(String),
    /// Go to the first message of this day.
    Day(String),
    /// Open a chat: with somebody, of a group or a room.
    Chat(String),
    /// Open the chat with somebody, and say something if there is something to say: the name, and that.
    Message(String),
    /// Compare the key of somebody; without a name, of whom the open chat is with.
    Verify(String),
    /// Take the new key of somebody for theirs; without a name, of whom the open chat is with.
    AcceptKey(String),
    /// Show nothing more of somebody, or do so again.
    Block(String, bool),
    /// Show what is pinned in the open chat.
    Pinned,
    /// Show what is starred in all chats.
    Starred,
    /// Say when the open chat calls for us; `None`: tell it.
    Alerts(Option<Alerts>),
    /// Ask the open chat to vote: a question and its answers, and whether one may choose several.
    Poll(String, bool),
    /// Vote in the chosen poll, or the last one, by the numbers of answers; without any, open the box.
    Vote(String),
    /// End the chosen poll, or our last one.
    ClosePoll,
    /// Keep a list of contacts otherwise, or tell of it.
    List(String),
    /// Say something to each who is on a list.
    Broadcast(String, String),
    /// Send the file at this path to the open chat.
    SendFile(String),
    /// Save the file of the chosen message, or the last one: there, or where downloads go.
    SaveFile(String),
    /// Let the file rest that is being fetched, or throw away what is here of it.
    StopFile,
    /// Set how long messages of the open chat live; without a time, tell it.
    Disappear(String),
    /// Put the open chat away, or bring it back.
    Archive(bool),
    /// Show the chats that are put away.
    Archived,
    /// Show the newest links of the open chat, to open one.
    Link,
    /// Make a link into the open group, or take it back (`false`).
    InviteLink(bool),
    /// Say what waits in the outbox.
    Outbox,
    /// Send again what failed.
    Retry,
    /// Look as this theme says; without a name, tell which there are.
    Theme(String),
    /// Read the configuration, the keys and the theme again.
    Reload,
    /// Open one more account in this window, or go to it; without a name, choose it.
    Account(String),
    /// The same with the account of this profile.
    Profile(String),
    /// End the session.
    SignOut,
    /// Say who we are.
    Me,
    /// Begin the tour.
    Tour,
}

/// One command.
#[derive(Clone, Copy, Debug)]
pub struct Slash {
    /// Its name, without the slash.
    pub name: &'static str,
    /// What may follow it.
    pub arguments: &'static str,
    /// What it does.
    pub help: &'static str,
    make: fn(&str) -> Request,
    needs: bool,
}

/// Every command, in the order in which help shows them.
pub const COMMANDS: &[Slash] = &[
    slash("help", "", "this help", |_| Request::Do(Action::Help)),
    slash("tour", "", "a tour of a minute: what to press first", |_| Request::Tour),
    needing("chat", "NAME", "open a chat: a person, #group or +room", |rest| {
        Request::Chat(rest.to_owned())
    }),
    needing("msg", "NAME [TEXT]", "open a chat, and say something", |rest| {
        Request::Message(rest.to_owned())
    }),
    needing("send", "PATH", "send a file, encrypted; they decide whether to fetch it", |rest| {
        Request::SendFile(rest.to_owned())
    }),
    needing(
        "poll",
        "[--many] QUESTION | ANSWER | ANSWER ... or close",
        "ask this chat to vote; close ends it",
        poll,
    ),
    slash("vote", "[NUMBERS]", "vote in the chosen poll, or the last one; 0 takes it back", |rest| {
        Request::Vote(rest.to_owned())
    }),
    slash(
        "list",
        "[NAME [PEOPLE|-PEOPLE|off]]",
        "your lists of contacts; put people on one, take them off",
        |rest| Request::List(rest.to_owned()),
    ),
    needing(
        "broadcast",
        "LIST TEXT",
        "say something to each on a list, in your chat with them",
        |rest| {
            let (list, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            Request::Broadcast(list.to_owned(), text.trim().to_owned())
        },
    ),
    slash("save", "[PATH]", "fetch and save a file: that of the chosen message, or the last", |rest| {
        Request::SaveFile(rest.to_owned())
    }),
    slash("stop", "", "let a file rest that is being fetched; again throws it away", |_| {
        Request::StopFile
    }),
    slash("jump", "[TEXT]", "find people and groups by name or number", |rest| {
        Request::Jump(rest.to_owned())
    }),
    slash("find", "[WORDS]", "find what was said, in all chats", |rest| Request::Find(rest.to_owned())),
    slash("search", "[WORDS]", "find what was said in this chat", |rest| {
        Request::Search(rest.to_owned())
    }),
    needing("date", "YYYY-MM-DD", "go to a day in this chat; also today, yesterday", |rest| {
        Request::Day(rest.to_owned())
    }),
    slash("create", "[NAME [open|invite]]", "make a group", create),
    needing("join", "NAME or LINK", "join a group, accept an invitation, use a link", |rest| {
        Request::Join(rest.to_owned())
    }),
    needing("room", "NAME", "go into an open room, which is not encrypted", |rest| {
        Request::Room(rest.to_owned())
    }),
    slash("leave", "", "leave this group or room", |_| Request::Leave),
    slash("invite", "[NAME]", "ask somebody into this group", |rest| Request::Invite(rest.to_owned())),
    slash("invite-link", "[off]", "a link that lets people into this group", |rest| {
        Request::InviteLink(!rest.eq_ignore_ascii_case("off"))
    }),
    needing("remove", "NAME", "put somebody out of this group", |rest| Request::Remove(rest.to_owned())),
    needing("rename", "NAME", "give this group another name", |rest| Request::Rename(rest.to_owned())),
    needing("promote", "NAME", "make somebody an admin of this group", |rest| {
        Request::Promote(rest.to_owned())
    }),
    needing("demote", "NAME", "make an admin of this group a member again", |rest| {
        Request::Demote(rest.to_owned())
    }),
    slash("open", "", "let anybody join this group", |_| Request::Policy(JoinPolicy::Open)),
    slash("close", "", "let only who is invited join it", |_| Request::Policy(JoinPolicy::Invite)),
    needing("block", "NAME", "see and hear nothing more of somebody", |rest| {
        Request::Block(rest.to_owned(), true)
    }),
    needing("unblock", "NAME", "hear somebody again", |rest| Request::Block(rest.to_owned(), false)),
    slash("pinned", "", "what is pinned in this chat", |_| Request::Pinned),
    slash("starred", "", "what you have starred, in all chats", |_| Request::Starred),
    slash("alerts", "[all|mentions|none]", "when this chat calls for you", |rest| {
        Request::Alerts(Alerts::from_name(rest))
    }),
    slash("mute", "", "this chat never calls for you", |_| Request::Alerts(Some(Alerts::None))),
    slash("unmute", "", "this chat always calls for you", |_| Request::Alerts(Some(Alerts::All))),
    slash("disappear", "[1h|1d|7d|30d|off]", "how long messages live here, for all", |rest| {
        Request::Disappear(rest.to_owned())
    }),
    slash("archive", "", "put this chat away until something new comes", |_| Request::Archive(true)),
    slash("unarchive", "", "bring this chat back into the lists", |_| Request::Archive(false)),
    slash("archived", "", "the chats that are put away", |_| Request::Archived),
    slash("link", "", "open the newest link of this chat", |_| Request::Link),
    slash("members", "", "who is in this group", |_| Request::Do(Action::Members)),
    slash("verify", "[NAME]", "compare somebody's key: number, QR code, emoji", |rest| {
        Request::Verify(rest.to_owned())
    }),
    slash("accept", "[NAME]", "take somebody's new key for theirs", |rest| {
        Request::AcceptKey(rest.to_owned())
    }),
    slash("editor", "", "write in the editor that VISUAL or EDITOR names", |_| {
        Request::Do(Action::OpenEditor)
    }),
    slash("contacts", "", "go to the contacts", |_| Request::Do(Action::ShowContacts)),
    slash("online", "", "go to who is online", |_| Request::Do(Action::ShowOnline)),
    slash("groups", "", "go to the groups", |_| Request::Do(Action::ShowGroups)),
    slash("next", "", "next chat with something unread", |_| Request::Do(Action::NextUnread)),
    slash("last", "", "the chat before this one", |_| Request::Do(Action::LastChat)),
    slash("unread", "", "mark this chat as unread", |_| Request::Do(Action::MarkUnread)),
    slash("messages", "", "choose a message", |_| Request::Do(Action::ChooseMessage)),
    slash("oldest", "", "go to the first message", |_| Request::Do(Action::Oldest)),
    slash("newest", "", "go to the last message", |_| Request::Do(Action::Newest)),
    slash("theme", "[NAME]", "look otherwise", |rest| Request::Theme(rest.to_owned())),
    slash("reload", "", "read config.toml, keymap.toml and the theme again", |_| Request::Reload),
    slash("account", "[NAME]", "another account in this window, or back to it", |rest| {
        Request::Account(rest.to_owned())
    }),
    needing("profile", "NAME", "the account of a profile of config.toml, in this window", |rest| {
        Request::Profile(rest.to_owned())
    }),
    slash("signout", "", "sign this account out; Cooee stays", |_| Request::SignOut),
    slash("me", "", "who you are here", |_| Request::Me),
    slash("connect", "", "connect now", |_| Request::Do(Action::ConnectNow)),
    slash("outbox", "", "how much waits to be sent", |_| Request::Outbox),
    slash("retry", "", "send again what failed", |_| Request::Retry),
    slash("redraw", "", "draw the screen anew", |_| Request::Do(Action::Redraw)),
    slash("suspend", "", "go to the shell; `fg` comes back", |_| Request::Do(Action::Suspend)),
    slash("quit", "", "leave Cooee", |_| Request::Do(Action::Quit)),
];

const fn slash(
    name: &'static str,
    arguments: &'static str,
    help: &'static str,
    make: fn(&str) -> Request,
) -> Slash {
    Slash { name, arguments, help, make, needs: false }
}

const fn needing(
    name: &'static str,
    arguments: &'static str,
    help: &'static str,
    make: fn(&str) -> Request,
) -> Slash {
    Slash { name, arguments, help, make, needs: true }
}

fn create(rest: &str) -> Request {
    let (name, policy) = match rest.rsplit_once(char::is_whitespace) {
        Some((name, "open")) => (name, JoinPolicy::Open),
        Some((name, "invite")) => (name, JoinPolicy::Invite),
        _ => (rest, JoinPolicy::Open),
    };
    Request::Create(name.trim().to_owned(), policy)
}

fn poll(rest: &str) -> Request {
    match rest.strip_prefix("--many").filter(|line| line.starts_with(char::is_whitespace)) {
        _ if rest.eq_ignore_ascii_case("close") => Request::ClosePoll,
        Some(line) => Request::Poll(line.trim().to_owned(), true),
        None => Request::Poll(rest.to_owned(), false),
    }
}

/// Reads a text that begins with `/`. What is wrong is said for a person.
pub fn parse(text: &str) -> Result<Request, String> {
    let line = text.trim();
    let line = line.strip_prefix('/').unwrap_or(line);
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let Some(command) = COMMANDS.iter().find(|command| command.name == name.to_lowercase()) else {
        let meant = meant(name).map(|meant| format!(" (/{meant}?)")).unwrap_or_default();
        return Err(format!(
            "/{name} is no command{meant}: /help lists them, //{name} sends it as text"
        ));
    };
    match (command.arguments.is_empty(), command.needs, rest.is_empty()) {
        (true, _, false) => Err(format!("/{} takes nothing after it", command.name)),
        (_, true, true) => Err(format!("write /{} {}", command.name, command.arguments)),
        _ => Ok((command.make)(rest)),
    }
}

/// What other messengers call some of these.
const ELSEWHERE: [(&str, &str); 14] = [
    ("part", "leave"),
    ("query", "msg"),
    ("dm", "msg"),
    ("names", "members"),
    ("who", "online"),
    ("whois", "verify"),
    ("exit", "quit"),
    ("bye", "quit"),
    ("kick", "remove"),
    ("op", "promote"),
    ("deop", "demote"),
    ("ignore", "block"),
    ("unignore", "unblock"),
    ("win", "jump"),
];

/// The command that was probably meant.
fn meant(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let elsewhere = ELSEWHERE.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours);
    let likeness = |command: &Slash| strsim::normalized_damerau_levenshtein(&name, command.name);
    let near = COMMANDS.iter().filter(|command| likeness(command) >= 0.65);
    let nearest = || near.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).map(|command| command.name);
    elsewhere.or_else(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read() {
        let create = |name: &str, policy| Ok(Request::Create(name.to_owned(), policy));
        assert_eq!(parse("/create night shift invite"), create("night shift", JoinPolicy::Invite));
        assert_eq!(parse("/create ops open"), create("ops", JoinPolicy::Open));
        assert_eq!(parse("/create open"), create("open", JoinPolicy::Open));
        assert_eq!(parse("/create"), create("", JoinPolicy::Open));
        assert_eq!(parse("/JOIN  team "), Ok(Request::Join("team".to_owned())));
        assert_eq!(parse("/msg bob on my way"), Ok(Request::Message("bob on my way".to_owned())));
        assert_eq!(parse("/chat #night shift"), Ok(Request::Chat("#night shift".to_owned())));
        assert_eq!(parse("/rename night shift"), Ok(Request::Rename("night shift".to_owned())));
        assert_eq!(parse("/close"), Ok(Request::Policy(JoinPolicy::Invite)));
        assert_eq!(parse("/unblock bob"), Ok(Request::Block("bob".to_owned(), false)));
        assert_eq!(parse("/find the pump"), Ok(Request::Find("the pump".to_owned())));
        assert_eq!(parse("/date today"), Ok(Request::Day("today".to_owned())));
        assert_eq!(parse("/date"), Err("write /date YYYY-MM-DD".to_owned()));
        assert_eq!(parse("/send ~/a b.pdf"), Ok(Request::SendFile("~/a b.pdf".to_owned())));
        assert_eq!(parse("/save"), Ok(Request::SaveFile(String::new())));
        let poll = |line: &str, many| Ok(Request::Poll(line.to_owned(), many));
        assert_eq!(parse("/poll Lunch? | a | b"), poll("Lunch? | a | b", false));
        assert_eq!(parse("/poll --many Lunch? | a | b"), poll("Lunch? | a | b", true));
        assert_eq!(parse("/poll --manyfold? | a | b"), poll("--manyfold? | a | b", false));
        assert_eq!(parse("/poll close"), Ok(Request::ClosePoll));
        assert!(parse("/poll").unwrap_err().contains("QUESTION | ANSWER"));
        assert_eq!(parse("/vote 1 3"), Ok(Request::Vote("1 3".to_owned())));
        assert_eq!(parse("/quit"), Ok(Request::Do(Action::Quit)));
        for (written, meant) in
            [("part", "(/leave?)"), ("membres", "(/members?)"), ("dance", "no command:")]
        {
            let told = parse(&format!("/{written}")).unwrap_err();
            assert!(told.contains(meant), "{told}");
        }
        for (_, ours) in ELSEWHERE {
            assert!(COMMANDS.iter().any(|command| command.name == ours), "{ours}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(parse("/dance").unwrap_err().contains("/dance is no command"));
        assert!(parse("/").unwrap_err().contains("/help"));
        assert_eq!(parse("/join"), Err("write /join NAME or LINK".to_owned()));
        assert_eq!(parse("/leave now"), Err("/leave takes nothing after it".to_owned()));
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = COMMANDS.iter().map(|command| command.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), COMMANDS.len());
    }
}
