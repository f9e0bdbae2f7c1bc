//! `cooee send`.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::Error;
use super::attached::{Attached, Heard, UNANSWERED, with_session};
use super::confirm::Unconfirmed;
use super::input::{self, Piece, Pieces};
use super::json::{self, Record};
use super::output::{note, print};
use super::progress::Progress;
use super::save::text_of;
use super::target::{Purpose, Target};
use super::wait::Patience;
use crate::config::Config;
use crate::domain::{ConversationId, Delivery, FileName, MessageId, Poll, UserName, limits};
use crate::engine::{Command, FileState, Link, Ticket, Update};

/// How long the list of people may take to come once the connection is up.
const PEOPLE: Duration = Duration::from_millis(2_500);

const HELP: &str = "\
Nothing is printed when all goes well. A message is done when the broker has it, or with --wait when \
everybody it is for has stored it or read it; where that takes longer than --timeout (for --lines: where \
no message gets done for so long), the exit code is 5. What was not delivered stays in the outbox and goes \
out whenever this account is signed in and the recipient is online: see `cooee outbox list`.

With --lines each line is sent as it comes, so a pipe may stay open for ever. A line that cannot be sent \
ends it: those before it are sent, those after it are not.

The shell takes # for a comment: quote it.
  cooee send bob 'the pump is back'
  cooee send bob --wait delivered --timeout 30s 'valve 3 is open' || echo 'not there yet'
  uptime | cooee send '#ops' -
  tail -F errors.log | cooee send '#ops' - --lines
  cooee send +lobby 'anybody can read this'

With --also each gets it alone, in your conversation with them, and does not see who else does.
  cooee send bob --also carol,dave 'the gate is shut on Friday'

With --file the message offers a file: it is sealed, and they decide whether to fetch it from you. They can as long \
as a Cooee of this account is online: the messenger, `cooee listen`, or this command with --wait fetched.
  cooee send bob --file plan.pdf --wait fetched --timeout 1h

With --poll the message asks all who get it to vote; each TEXT is an answer, 2 to 12 of them. `cooee message vote` votes, \
`cooee message close` ends it, and how it stands is the `poll` of `cooee history --json`.
  cooee send '#ops' --poll 'Lunch?' 'Pizza' 'Soup of the day'";

/// Send messages to a person, a group or an open room.
#[derive(clap::Args)]
#[command(after_long_help = HELP)]
pub struct Send {
    /// A user name, or `#` and the name of a group (`#name~1a2b3c4d` where two have the same name), or `+` and the
    /// name of an open room, where nothing is encrypted
    to: Target,
    /// Send it to this person too, for themselves, as if it were sent to them alone; may be given several times
    #[arg(long, value_name = "USER", value_delimiter = ',', conflicts_with_all = ["file", "poll", "reply"])]
    also: Vec<UserName>,
    /// What to say; `-` reads it from standard input
    #[arg(required_unless_present = "file")]
    text: Vec<String>,
    /// The message there that it answers, by its id
    #[arg(long, value_name = "ID")]
    reply: Option<MessageId>,
    /// Send this file; TEXT says what it is, instead of its name
    #[arg(long, value_name = "PATH", conflicts_with = "lines")]
    file: Option<PathBuf>,
    /// Ask this question, and take each TEXT for an answer that one can vote for
    #[arg(long, value_name = "QUESTION", conflicts_with_all = ["file", "lines", "reply"])]
    poll: Option<String>,
    /// Let people choose several answers of the poll
    #[arg(long, requires = "poll")]
    many: bool,
    /// Send each line of standard input as a message; blank lines are passed over
    #[arg(long)]
    lines: bool,
    /// Print each message as a line of JSON once it is done
    #[arg(long)]
    json: bool,
    /// When a message is done
    #[arg(long, value_name = "WHEN", default_value = "sent")]
    wait: Wait,
    #[command(flatten)]
    patience: Patience,
}

/// What a message has to reach.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Wait {
    /// The broker has it
    Sent,
    /// The Cooee of everybody it is for has stored it
    Delivered,
    /// It was on the screen of everybody it is for
    Read,
    /// Everybody it is for has fetched the file
    Fetched,
}

impl From<Wait> for Delivery {
    fn from(wait: Wait) -> Self {
        match wait {
            Wait::Sent => Self::Sent,
            Wait::Delivered | Wait::Fetched => Self::Delivered,
            Wait::Read => Self::Read,
        }
    }
}

/// Sends and waits until it is done.
///
/// # Errors
/// [`Error::NotConfirmed`] after the timeout; [`Error::Nobody`], [`Error::Input`] and what a session
/// brings.
pub async fn run(command: Send, config: &Config) -> Result<(), Error> {
    let from_input = command.text == ["-"];
    if command.lines && !from_input {
        return Err(Error::Usage("--lines reads standard input: write `-` for the text"));
    }
    if command.file.is_none() && matches!(command.wait, Wait::Fetched) {
        return Err(Error::Usage("--wait fetched is for files: name one with --file"));
    }
    let file = command.file.as_deref().map(text_of).transpose()?;
    let poll = command.poll.as_deref().map(|question| Poll::new(question, &command.text, command.many));
    let poll = poll
        .transpose()
        .map_err(|why| Error::Input { place: "the poll".to_owned(), why: why.to_string() })?;
    if matches!((&command.to, command.wait), (Target::Room(_), Wait::Delivered | Wait::Read)) {
        return Err(Error::Usage("nobody confirms what is said in an open room: leave --wait out"));
    }
    if !command.also.is_empty() && !matches!(command.to, Target::User(_)) {
        return Err(Error::Usage("--also is for people: name one first, and the others with it"));
    }
    if command.also.len() > limits::LIST_MEMBERS {
        let why = format!("it takes {} people at most: make a group", limits::LIST_MEMBERS);
        return Err(Error::Input { place: "--also".to_owned(), why });
    }
    with_session(config, async |attached| {
        let mut to = vec![find(attached, &command.to, command.patience.timeout).await?];
        for user in &command.also {
            let also = find(attached, &Target::User(user.clone()), command.patience.timeout).await?;
            to.extend((!to.contains(&also)).then_some(also));
        }
        let has_text = !command.text.is_empty();
        let pieces = match (from_input, command.lines) {
            _ if let Some(poll) = &poll => input::words(&[poll.text().to_string()]),
            (false, _) if !has_text => input::words(&[file_name(file.as_deref())]),
            (false, _) => input::words(&command.text),
            (true, false) => input::whole(std::io::stdin()),
            (true, true) => input::lines(BufReader::new(std::io::stdin())),
        };
        // Where nobody else is, the broker's word is the last.
        let wanted = if to.iter().any(|to| is_alone(attached, to)) {
            Delivery::Sent
        } else {
            command.wait.into()
        };
        let mut sending = Sending {
            to,
            reply: command.reply,
            poll,
            file: file.map(|path| (path, has_text)),
            offered: None,
            size: 0,
            patience: command.patience.timeout,
            json: command.json,
            asked: BTreeMap::new(),
            unconfirmed: Unconfirmed::new(wanted),
            tickets: 0,
            stuck_at: Instant::now(),
            failure: None,
        };
        sending.run(attached, pieces).await?;
        match (sending.offered, command.wait) {
            (Some(id), Wait::Fetched) => sending.until_fetched(attached, id).await,
            (Some(_), _) => {
                note(&format!("{FETCHED_LATER}, or --wait fetched"));
                Ok(())
            }
            (None, _) => Ok(()),
        }
    })
    .await
}

/// What is said where a file was offered and nobody stays.
pub(super) const FETCHED_LATER: &str =
    "they can fetch it while Cooee runs on this account: the messenger, `cooee listen`";

/// What is said with a file where nothing is: the engine says its name.
fn file_name(path: Option<&str>) -> String {
    let name = path.map(Path::new).and_then(Path::file_name).unwrap_or_default();
    FileName::new(&name.to_string_lossy()).to_string()
}

/// Finds whom to send to. What we do not know yet may become known with the connection.
async fn find(
    attached: &mut Attached,
    target: &Target,
    patience: Duration,
) -> Result<ConversationId, Error> {
    let mut to = target.resolve(&attached.groups, Purpose::Speak);
    if let Err(Error::NoGroup(_)) = to {
        // It may be listed: then there is more to say than that it does not exist.
        attached.until_up(patience).await?;
        attached.settle().await?;
        to = target.resolve(&attached.groups, Purpose::Speak);
    }
    let to = to?;
    if let ConversationId::Direct(user) = &to
        && !is_known(attached, user)
    {
        let deadline = Instant::now() + patience;
        while attached.link != Link::Up && !is_known(attached, user) {
            let patience = deadline.saturating_duration_since(Instant::now());
            attached.until_up(patience).await?;
        }
        let told = deadline.min(Instant::now() + PEOPLE);
        while !is_known(attached, user) {
            match timeout_at(told, attached.recv()).await {
                Ok(update) => attached.take(update).await?,
                Err(_) => return Err(Error::Nobody(user.clone())),
            };
        }
    }
    Ok(to)
}

/// Whether the engine lets us write to somebody; it also has its word about ourselves.
fn is_known(attached: &Attached, user: &UserName) -> bool {
    attached.people.contains_key(user)
        || attached.conversations.contains(&ConversationId::Direct(user.clone()))
        || attached.me.user == *user
}

/// Whether it is a group of which we are the only member.
fn is_alone(attached: &Attached, to: &ConversationId) -> bool {
    let ConversationId::Group(id) = to else { return false };
    attached.groups.get(id).is_some_and(|view| view.group.members.len() <= 1)
}

/// Messages on their way.
struct Sending {
    /// Who gets each message: one conversation, or several people.
    to: Vec<ConversationId>,
    reply: Option<MessageId>,
    /// What is asked.
    poll: Option<Poll>,
    /// The path of a file to send, and whether something is said with it.
    file: Option<(String, bool)>,
    /// The message that offers it.
    offered: Option<MessageId>,
    /// How many bytes it has.
    size: u64,
    patience: Duration,
    json: bool,
    /// Given to the session, which has not stored them yet.
    asked: BTreeMap<Ticket, (ConversationId, Piece)>,
    unconfirmed: Unconfirmed,
    tickets: u64,
    /// When it counts as too late, unless something gets done before.
    stuck_at: Instant,
    /// Why no more is sent.
    failure: Option<Error>,
}

impl Sending {
    async fn run(&mut self, attached: &mut Attached, mut pieces: Pieces) -> Result<(), Error> {
        attached.hurry().await;
        let mut more = true;
        while more || self.on_the_way() > 0 {
            let room = more && self.on_the_way() + self.to.len() <= UNANSWERED;
            tokio::select! {
                piece = pieces.recv(), if room => match piece {
                    Some(Ok(piece)) => self.begin(attached, piece).await,
                    Some(Err(error)) => self.failure = Some(error),
                    None => more = false,
                },
                update = attached.recv() => {
                    let lost = self.on_the_way();
                    match attached.take(update).await {
                        Ok(Heard::Update(update)) => self.note(attached, update).await?,
                        Ok(Heard::Again) => self.ask_again(attached).await,
                        Err(Error::Lost) if lost > 0 => return Err(Error::Unsure(lost)),
                        Err(Error::Ended(why)) => return Err(self.ended(why)),
                        Err(error) => return Err(error),
                    }
                }
                () = sleep_until(self.stuck_at), if self.on_the_way() > 0 => {
                    return Err(self.unconfirmed.late(attached, self.asked.len()));
                }
            }
            more &= self.failure.is_none();
        }
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Waits until everybody it is for has fetched the file.
    async fn until_fetched(&self, attached: &mut Attached, id: MessageId) -> Result<(), Error> {
        let size = |attached: &Attached| match attached.files.get(&id) {
            Some(FileState::Shared { takers }) => takers.clone(),
            _ => BTreeMap::new(),
        };
        let mut progress = Progress::default();
        let mut until = Instant::now() + self.patience;
        let mut before = size(attached);
        loop {
            let others: Vec<UserName> = match self.to.first() {
                Some(ConversationId::Direct(user)) => vec![user.clone()],
                Some(ConversationId::Group(id)) => {
                    let members = attached.groups.get(id).map(|view| &view.group.members);
                    members
                        .into_iter()
                        .flat_map(BTreeMap::keys)
                        .filter(|user| **user != attached.me.user)
                        .cloned()
                        .collect()
                }
                Some(ConversationId::Room(_)) | None => Vec::new(),
            };
            if attached.files.get(&id) == Some(&FileState::NotKept) {
                let why = "it is not kept any more, so nobody can fetch it: `keep_mb` under [files] is used up";
                return Err(Error::Refused(why.to_owned()));
            }
            let takers = size(attached);
            if others.iter().all(|user| takers.get(user) == Some(&self.size)) {
                return Ok(());
            }
            if takers != before {
                until = Instant::now() + self.patience;
                progress.show(&takers.iter().map(|(user, have)| (user.to_string(), *have)).collect());
                before = takers;
            }
            match timeout_at(until, attached.recv()).await {
                Ok(update) => attached.take(update).await?,
                Err(_) => return Err(Error::NotFetched),
            };
        }
    }

    fn on_the_way(&self) -> usize {
        self.asked.len() + self.unconfirmed.len()
    }

    fn command(&self, ticket: Ticket, to: &ConversationId, piece: &Piece) -> Command {
        let to = to.clone();
        if let Some((path, has_text)) = &self.file {
            let text = has_text.then(|| piece.text.clone());
            return Command::SendFile { to, path: path.into(), text, reply: self.reply, ticket };
        }
        if let Some(poll) = self.poll.clone() {
            return Command::Poll { to, poll, ticket };
        }
        Command::Send { to, text: piece.text.clone(), reply: self.reply, forwarded: false, ticket }
    }

    /// The session ended by itself. What it had not stored by its last word, it never did.
    fn ended(&self, why: String) -> Error {
        let unsent = match self.asked.values().next() {
            Some((_, Piece { line: Some(line), .. })) => format!("from line {line} on nothing is sent"),
            Some(_) => "not sent".to_owned(),
            None => return Error::Ended(why),
        };
        Error::Refused(format!("{unsent}: the session ended: {why}"))
    }

    async fn begin(&mut self, attached: &Attached, piece: Piece) {
        if self.on_the_way() == 0 {
            self.stuck_at = Instant::now() + self.patience;
        }
        for to in self.to.clone() {
            self.tickets += 1;
            let ticket = Ticket(self.tickets);
            attached.ask(self.command(ticket, &to, &piece)).await;
            self.asked.insert(ticket, (to, piece.clone()));
        }
    }

    /// In another session: what the one before had not stored when it said its last word, it never did.
    async fn ask_again(&self, attached: &Attached) {
        for (ticket, (to, piece)) in &self.asked {
            attached.ask(self.command(*ticket, to, piece)).await;
        }
        self.unconfirmed.ask_again(attached).await;
    }

    async fn note(&mut self, attached: &Attached, update: Update) -> Result<(), Error> {
        let (failed, confirmed): (Vec<_>, Vec<_>) = self
            .unconfirmed
            .note(&update)
            .into_iter()
            .partition(|message| message.delivery == Some(Delivery::Failed));
        if !failed.is_empty() {
            let why = "the broker refuses it, nobody confirms it, or you are not in the group any more: see `cooee outbox list`";
            self.failure.get_or_insert(Error::Refused(why.to_owned()));
        }
        if !confirmed.is_empty() {
            self.stuck_at = Instant::now() + self.patience;
        }
        if self.json {
            let line = |message| json::line(&Record::message(message, &attached.groups));
            print(confirmed.iter().map(line).collect()).await?;
        }
        match update {
            Update::Stored(stored) => {
                for stored in stored {
                    if stored.ticket.is_some_and(|ticket| self.asked.remove(&ticket).is_some()) {
                        self.offered = stored.message.file.is_some().then_some(stored.message.id);
                        self.size = stored.message.file.as_ref().map_or(0, |file| file.size);
                        self.unconfirmed.add(stored.message);
                    }
                }
            }
            Update::Refused { ticket, why } => {
                if let Some((to, piece)) = self.asked.remove(&ticket) {
                    let line = piece.line.map(|line| format!("line {line}: ")).unwrap_or_default();
                    let whom = match &to {
                        ConversationId::Direct(user) if self.to.len() > 1 => format!("to {user}: "),
                        _ => String::new(),
                    };
                    self.failure.get_or_insert(Error::Refused(format!("{line}{whom}{why}")));
                }
            }
            _ => {}
        }
        Ok(())
    }
}
