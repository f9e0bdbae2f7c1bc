//! What can be written behind a `/` in the line mode. Where the full screen has the same, it is called the same.

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Say this in the open chat.
    Say(String),
    /// List the commands.
    Help,
    /// Open a chat.
    Chat(String),
    /// Open the chat with somebody, and say something there, if there is something to say: the name, and that.
    Message(String),
    /// Send the file at this path to the open chat.
    SendFile(String),
    /// Save the last file of another in the open chat: there, or where downloads go.
    SaveFile(String),
    /// Let that file rest, or throw away what is here of it.
    StopFile,
    /// List the chats.
    Chats,
    /// Open the next chat in which something is unread.
    Next,
    /// List who is online.
    Online,
    /// List everybody.
    Contacts,
    /// Say the last messages of the open chat.
    History(usize),
    /// Say the messages of the open chat from this day on.
    Day(String),
    /// Say the last messages of all chats that have these words.
    Find(String),
    /// Answer the last message of another.
    Reply(String),
    /// Answer with a sign the last message of another, or the last one that has these words.
    React(String, String),
    /// Ask the open chat to vote: a question with its answers, and whether one may choose several.
    Poll(String, bool),
    /// Vote in the last poll, or the last one that has words: the numbers of answers, and the words.
    Vote(String),
    /// End our last poll.
    ClosePoll,
    /// Say our last message otherwise.
    Edit(String),
    /// Take our last message back that has these words.
    Delete(String),
    /// Make a group.
    Create(String),
    /// Go into a group, by its name or a link.
    Join(String),
    /// Go into an open room.
    Room(String),
    /// Leave the open group or room.
    Leave,
    /// Ask somebody into the open group.
    Invite(String),
    /// Make a link into the open group, or take it back (`false`).
    InviteLink(bool),
    /// List the members of the open group.
    Members,
    /// Let the open chat call for us, or not.
    Mute(bool),
    /// Set how long messages of the open chat live; without a time, say it.
    Disappear(String),
    /// See nothing more of somebody, or do so again.
    Block(String, bool),
    /// Say what compares the key of somebody with ours; without a name, of whom the open chat is with.
    Key(String),
    /// Take the new key of somebody for theirs.
    Accept(String),
    /// List what waits to be sent.
    Outbox,
    /// Send again what failed.
    Retry,
    /// Connect now.
    Connect,
    /// Say who we are.
    Me,
    /// Leave.
    Quit,
}

/// One command.
struct Command {
    name: &'static str,
    /// Another name for the same.
    also: &'static str,
    arguments: &'static str,
    help: &'static str,
    make: fn(&str) -> Request,
}

/// How many messages `/history` says without a number.
pub(super) const HISTORY: usize = 10;

const fn command(
    name: &'static str,
    arguments: &'static str,
    help: &'static str,
    make: fn(&str) -> Request,
) -> Command {
    Command { name, also: "", arguments, help, make }
}

/// Every command, in the order in which they are listed.
const COMMANDS: &[Command] = &[
    command("help", "", "this list", |_| Request::Help),
    Command {
        also: "jump",
        ..command("chat", "NAME", "open a chat: a person, #group or +room", |rest| {
            Request::Chat(rest.to_owned())
        })
    },
    command("msg", "NAME [TEXT]", "open a chat, and say something", |rest| {
        Request::Message(rest.to_owned())
    }),
    command("send", "PATH", "send a file, encrypted; they decide whether to fetch it", |rest| {
        Request::SendFile(rest.to_owned())
    }),
    command(
        "save",
        "[PATH]",
        "fetch and save the last file of another here: there, or where downloads go",
        |rest| Request::SaveFile(rest.to_owned()),
    ),
    command("stop", "", "let a file rest that is being fetched; again throws it away", |_| {
        Request::StopFile
    }),
    command("chats", "", "list the chats, and what is unread", |_| Request::Chats),
    command("next", "", "open the next chat with something unread", |_| Request::Next),
    Command { also: "who", ..command("online", "", "list who is online", |_| Request::Online) },
    command("contacts", "", "list everybody", |_| Request::Contacts),
    command("history", "[N]", "the last N messages of this chat; 10 without a number", |rest| {
        Request::History(rest.parse().unwrap_or(HISTORY))
    }),
    command(
        "date",
        "YYYY-MM-DD",
        "the messages of this chat from that day on; also today, yesterday",
        |rest| Request::Day(rest.to_owned()),
    ),
    command("find", "WORDS", "the last messages of all chats that have these words", |rest| {
        Request::Find(rest.to_owned())
    }),
    command("reply", "TEXT", "answer the last message of another", |rest| {
        Request::Reply(rest.to_owned())
    }),
    command(
        "react",
        "SIGN [WORDS]",
        "answer the last message of another, or the last with WORDS, with a sign",
        |rest| {
            let (sign, words) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            Request::React(sign.to_owned(), words.trim().to_owned())
        },
    ),
    command(
        "poll",
        "[--many] QUESTION | ANSWER | ANSWER… or close",
        "ask this chat to vote, --many: for several answers; close ends your last poll",
        |rest| match rest.strip_prefix("--many ") {
            _ if rest.eq_ignore_ascii_case("close") => Request::ClosePoll,
            Some(line) => Request::Poll(line.to_owned(), true),
            None => Request::Poll(rest.to_owned(), false),
        },
    ),
    command(
        "vote",
        "NUMBERS [WORDS]",
        "vote in the last poll, or the last with WORDS, for the answers of these numbers; 0 takes it back",
        |rest| Request::Vote(rest.to_owned()),
    ),
    command("edit", "TEXT", "say your last message otherwise", |rest| Request::Edit(rest.to_owned())),
    command("delete", "WORDS", "take your last message with these words back, for everybody", |rest| {
        Request::Delete(rest.to_owned())
    }),
    command("create", "NAME", "make a group that anybody may join", |rest| {
        Request::Create(rest.to_owned())
    }),
    command("join", "NAME or LINK", "join a group, accept an invitation, use a link", |rest| {
        Request::Join(rest.to_owned())
    }),
    command("room", "NAME", "go into an open room, which is not encrypted", |rest| {
        Request::Room(rest.to_owned())
    }),
    command("leave", "", "leave this group or room", |_| Request::Leave),
    command("invite", "NAME", "ask somebody into this group", |rest| Request::Invite(rest.to_owned())),
    command(
        "invite-link",
        "[off]",
        "a link that lets people into this group; off takes it back",
        |rest| Request::InviteLink(!rest.eq_ignore_ascii_case("off")),
    ),
    command("members", "", "list who is in this group", |_| Request::Members),
    command("mute", "", "say nothing of this chat while another is open", |_| Request::Mute(true)),
    command("unmute", "", "do so again", |_| Request::Mute(false)),
    command("disappear", "[1h|1d|7d|30d|off]", "how long messages live here, for all", |rest| {
        Request::Disappear(rest.to_owned())
    }),
    command("block", "NAME", "see and hear nothing more of somebody", |rest| {
        Request::Block(rest.to_owned(), true)
    }),
    command("unblock", "NAME", "hear somebody again", |rest| Request::Block(rest.to_owned(), false)),
    command("key", "[NAME]", "the number that compares somebody's key with theirs", |rest| {
        Request::Key(rest.to_owned())
    }),
    command("accept", "[NAME]", "take somebody's new key for theirs", |rest| {
        Request::Accept(rest.to_owned())
    }),
    command("outbox", "", "list what waits to be sent", |_| Request::Outbox),
    command("retry", "", "send again what failed", |_| Request::Retry),
    command("connect", "", "connect now", |_| Request::Connect),
    command("me", "", "who you are here", |_| Request::Me),
    command("quit", "", "leave Cooee; the end of the input (Ctrl+D) does, too", |_| Request::Quit),
];

/// A line for each command.
pub(super) fn help() -> Vec<String> {
    let line = |command: &Command| {
        let also =
            if command.also.is_empty() { String::new() } else { format!(" (or /{})", command.also) };
        let space = if command.arguments.is_empty() { "" } else { " " };
        format!("/{}{space}{}{also}: {}", command.name, command.arguments, command.help)
    };
    COMMANDS.iter().map(line).collect()
}

/// Whether a line is a command, be it wrong in what follows its name.
pub(super) fn is_command(line: &str) -> bool {
    let Some(line) = line.trim().strip_prefix('/') else { return false };
    line.split(char::is_whitespace).next().and_then(find).is_some()
}

fn find(name: &str) -> Option<&'static Command> {
    let name = name.to_lowercase();
    COMMANDS.iter().find(|c| c.name == name || !name.is_empty() && c.also == name)
}

/// Reads a line. What is wrong is said for a person.
pub(super) fn read(line: &str) -> Result<Request, String> {
    let line = line.trim();
    let Some(command) = line.strip_prefix('/') else { return Ok(Request::Say(line.to_owned())) };
    if command.starts_with('/') {
        return Ok(Request::Say(command.to_owned()));
    }
    let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let (name, rest) = (name.to_lowercase(), rest.trim());
    let Some(command) = find(&name) else {
        return Err(format!("/{name} is no command here: /help lists them, //{name} sends it as text"));
    };
    let optional = command.arguments.starts_with('[') && command.arguments.ends_with(']');
    let needs = !command.arguments.is_empty() && !optional;
    match (command.arguments.is_empty(), needs, rest.is_empty()) {
        (true, _, false) => Err(format!("/{} takes nothing after it", command.name)),
        (_, true, true) => Err(format!("write /{} {}", command.name, command.arguments)),
        _ if command.name == "history" && !rest.is_empty() && rest.parse::<u16>().is_err() => {
            Err("write /history and a number".to_owned())
        }
        _ => Ok((command.make)(rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_texts_or_commands() {
        assert_eq!(read("hello "), Ok(Request::Say("hello".to_owned())));
        assert_eq!(read("//shrug"), Ok(Request::Say("/shrug".to_owned())));
        assert_eq!(read("/JUMP bob"), Ok(Request::Chat("bob".to_owned())));
        assert_eq!(read("/msg bob on my way"), Ok(Request::Message("bob on my way".to_owned())));
        assert_eq!(read("/history"), Ok(Request::History(HISTORY)));
        assert_eq!(read("/history 3"), Ok(Request::History(3)));
        assert_eq!(
            read("/react 👍 the pump"),
            Ok(Request::React("👍".to_owned(), "the pump".to_owned()))
        );
        assert_eq!(read("/date today"), Ok(Request::Day("today".to_owned())));
        let poll = |line: &str, many| Ok(Request::Poll(line.to_owned(), many));
        assert_eq!(read("/poll Lunch? | a | b"), poll("Lunch? | a | b", false));
        assert_eq!(read("/poll --many Lunch? | a | b"), poll("Lunch? | a | b", true));
        assert_eq!(read("/poll close"), Ok(Request::ClosePoll));
        assert!(read("/poll").unwrap_err().starts_with("write /poll [--many] QUESTION"));
        assert_eq!(read("/vote 1 3 lunch"), Ok(Request::Vote("1 3 lunch".to_owned())));
        assert_eq!(read("/quit"), Ok(Request::Quit));
    }

    #[test]
    fn a_command_is_one_by_its_name() {
        for line in ["/quit\n", " /Quit", "/quit now", "/jump bob", "/who"] {
            assert!(is_command(line), "{line}");
        }
        for line in ["quit", "/", "/ quit", "//quit", "/usr/bin", "/quitter", "say /quit", ""] {
            assert!(!is_command(line), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(read("/dance").unwrap_err().contains("/dance is no command here: /help"));
        assert!(read("/").unwrap_err().contains("/help"));
        assert_eq!(read("/chat"), Err("write /chat NAME".to_owned()));
        assert_eq!(read("/quit now"), Err("/quit takes nothing after it".to_owned()));
        assert_eq!(read("/history all"), Err("write /history and a number".to_owned()));
    }

    #[test]
    fn every_command_is_listed_and_has_a_name_of_its_own() {
        let mut names: Vec<&str> = COMMANDS.iter().flat_map(|c| [c.name, c.also]).collect();
        names.retain(|name| !name.is_empty());
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(
            help().contains(&"/chat NAME (or /jump): open a chat: a person, #group or +room".to_owned())
        );
    }
}
