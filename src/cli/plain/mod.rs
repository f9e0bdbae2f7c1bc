//! The line mode, a front end without a screen: every event is one line, appended, and nothing is ever drawn over.
//!
//! It is for people who have the screen read to them, for terminals that can do nothing but print, and for pipes. It
//! writes no escape sequence and no control character but the end of a line. What a person types goes to the open
//! chat, or is a command (`commands`, carried out in `doing`); what the session tells becomes lines in `told`, in
//! the words of `words`. Who is meant by a name is found in `names`.
//!
//! Nobody can tell whether somebody looks at a terminal that does not say so. So the messages of the open chat count as
//! read when the person enters the next line below them, be it an empty one; those that a pipe takes never do.

mod commands;
mod doing;
mod entry;
mod files;
mod names;
mod polls;
mod told;
mod unseen;
mod words;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufReader, IsTerminal};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::time::{Instant, sleep_until};

use super::Error;
use super::attached::{Attached, Heard, UNANSWERED, with_session};
use super::confirm::Unconfirmed;
use super::input;
use super::output::print;
use super::text;
use crate::config::Config;
use crate::domain::{
    ConversationId, Delivery, GroupId, Message, MessageId, Standing, Timestamp, UserName, clean_block,
};
use crate::engine::{Command, Link, Ticket};
use entry::Entry;
use files::Saving;
use unseen::Unseen;

/// How long is waited for more to happen of what is told in one line: a tick is followed by the next, and whoever comes
/// online rarely comes alone.
const GATHER: Duration = Duration::from_millis(300);

/// How long after the last line the prompt comes: what a line asks for is to stand above the next.
const QUIET: Duration = Duration::from_millis(120);

/// How long a name may be unknown that a pipe names, how long the end of a pipe waits for the broker, and how long a pipe
/// waits for the next part of a file.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many messages of the open chat are remembered, to answer them and to tell what changes in them.
const RECENT: usize = 200;

/// Talks in lines until the input ends or the person leaves.
///
/// # Errors
/// Those of a session; [`Error::NotFetched`] where a file that a pipe saves does not come; [`Error::NotConfirmed`] where
/// a pipe ends and the broker does not take what it said; [`Error::Refused`] and [`Error::Input`] where a line of a pipe
/// cannot be done.
pub async fn run(config: &Config) -> Result<(), Error> {
    with_session(config, async |attached| {
        let entry = Entry::new(input::typed(BufReader::new(std::io::stdin())));
        Talk::new(attached).run(attached, entry).await
    })
    .await
}

/// What was asked and is not answered.
struct Asked {
    command: Command,
    what: What,
}

/// What a question was about.
enum What {
    Say(String),
    /// What to say once it is done.
    Do(String),
    /// Open this group once we are in.
    Enter,
    Room(ConversationId),
    Leave(String),
    /// To be let in by a link: by whom.
    Knock(UserName),
    /// Make a link.
    Link,
    /// Save the file of this message.
    Save(MessageId),
    Find,
}

/// Part of a conversation that is being read.
struct Loading {
    command: Command,
    reading: Reading,
}

/// Which part of a conversation is read.
#[derive(Clone, Copy)]
enum Reading {
    /// Its end: the chat is opened with it.
    Opening,
    /// Its end.
    Last,
    /// What was said from this day on.
    From(Date),
}

/// What happened and is told in a moment.
#[derive(Default)]
struct News {
    came: BTreeSet<UserName>,
    went: BTreeSet<UserName>,
    statuses: BTreeMap<MessageId, (Message, Delivery)>,
    unread: BTreeSet<ConversationId>,
    due: Option<Instant>,
}

/// A conversation of a person with Cooee.
struct Talk {
    me: UserName,
    zone: TimeZone,
    /// Somebody types at a terminal.
    is_person: bool,
    /// And reads what is printed there.
    has_prompt: bool,
    /// The prompt stands on the last line.
    prompted: bool,
    /// When it is to stand there.
    prompt_due: Option<Instant>,
    /// What is to be printed next.
    out: String,
    open: Option<ConversationId>,
    /// The last messages of the open chat that were printed, and own ones.
    recent: VecDeque<Message>,
    /// Messages of others that stand above the line that is typed next.
    unseen: Unseen,
    unread: BTreeMap<ConversationId, u32>,
    online: BTreeSet<UserName>,
    invited: BTreeSet<GroupId>,
    is_down: bool,
    news: News,
    asked: BTreeMap<Ticket, Asked>,
    loading: VecDeque<Loading>,
    /// Files that are to be saved, and what was said of them last.
    saving: BTreeMap<MessageId, Saving>,
    tickets: u64,
    /// Messages of a pipe that the broker has not taken.
    unconfirmed: Unconfirmed,
    /// A line of a pipe that names somebody who is not known yet, and until when they may become so.
    held: Option<(String, Instant)>,
    /// Since when there is no more input.
    ended: Option<Instant>,
    failure: Option<Error>,
}

impl Talk {
    fn new(attached: &Attached) -> Self {
        let is_person = std::io::stdin().is_terminal();
        let has_prompt = is_person && std::io::stdout().is_terminal();
        let online = |p: &&crate::domain::Person| p.availability.is_online() && !p.blocked;
        let mut talk = Self {
            me: attached.me.user.clone(),
            zone: TimeZone::system(),
            is_person,
            has_prompt,
            prompted: false,
            prompt_due: None,
            out: String::new(),
            open: None,
            recent: VecDeque::new(),
            unseen: Unseen::new(has_prompt),
            unread: attached.unread.clone(),
            online: attached.people.values().filter(online).map(|p| p.user.clone()).collect(),
            invited: BTreeSet::new(),
            is_down: false,
            news: News::default(),
            asked: BTreeMap::new(),
            loading: VecDeque::new(),
            saving: BTreeMap::new(),
            tickets: 0,
            unconfirmed: Unconfirmed::new(Delivery::Sent),
            held: None,
            ended: None,
            failure: None,
        };
        talk.greet(attached);
        talk
    }

    fn greet(&mut self, attached: &Attached) {
        self.line(&format!("Cooee. You are {}, on {}.", self.me, attached.broker()));
        match &attached.link {
            Link::Up => self.line("connected"),
            Link::Connecting => {}
            Link::Down { reason, .. } => {
                self.is_down = true;
                self.line(&format!("no connection, trying again: {reason}"));
            }
        }
        if !self.online.is_empty() {
            let words = words::presence(&self.online.iter().collect::<Vec<_>>(), "online");
            self.line(&words);
        }
        for view in attached.groups.values() {
            self.note_invitation(view);
        }
        for (conversation, count) in self.unread.clone() {
            self.line(&words::unread(&conversation, count, &attached.groups));
        }
        if self.is_person {
            self.line("/chat NAME opens a chat, /next the next one with something unread, /help lists what else there is.");
        }
    }

    async fn run(mut self, attached: &mut Attached, mut entry: Entry) -> Result<(), Error> {
        attached.hurry().await;
        let begun = Instant::now();
        loop {
            self.print().await?;
            if self.is_done() {
                // Nobody hears it in a moment.
                self.tell_news(attached);
                self.print().await?;
                return self.failure.map_or(Ok(()), Err);
            }
            // A pipe does not know that it came too early.
            let may_read = self.is_person || attached.link == Link::Up || begun.elapsed() >= PATIENCE;
            let reads = self.ended.is_none() && self.held.is_none() && !self.is_moving();
            tokio::select! {
                line = entry.next(), if reads && may_read => match line {
                    Some(Ok(line)) => {
                        self.prompted = false;
                        self.prompt_later();
                        let whole = if self.is_person { entry.pasted(line).await } else { Ok(line) };
                        if self.has_prompt {
                            self.mark_read(attached).await;
                        }
                        match whole {
                            Ok(line) => self.typed(&line, attached).await,
                            Err(error) => self.fail(error),
                        }
                    }
                    Some(Err(error)) => self.fail(error),
                    None => self.end(),
                },
                update = attached.recv() => {
                    match attached.take(update).await? {
                        Heard::Update(update) => self.take(update, attached).await,
                        Heard::Again => self.ask_again(attached).await,
                    }
                    self.try_held(attached).await;
                }
                () = until(self.news.due) => self.tell_news(attached),
                () = until(self.prompt_due) => self.prompt(attached).await?,
                () = sleep_until(begun + PATIENCE), if reads && !may_read => {}
                () = until(self.held.as_ref().map(|(_, until)| *until)) => {
                    self.try_held(attached).await;
                }
                () = until(self.stuck_at()) => {
                    return Err(match self.waits_for_files() && self.unconfirmed.is_empty() {
                        true => Error::NotFetched,
                        false => self.unconfirmed.late(attached, self.asked.len()),
                    });
                }
            }
        }
    }

    /// Whether it has to be waited for what the next line is about: where it goes, and what stands above it.
    fn is_moving(&self) -> bool {
        let moves = |asked: &Asked| matches!(asked.what, What::Enter | What::Room(_) | What::Leave(_));
        let waits = !self.loading.is_empty() || self.waits_for_files();
        waits || self.asked.len() >= UNANSWERED || self.asked.values().any(moves)
    }

    /// Whether nothing is left to do.
    fn is_done(&self) -> bool {
        let waits = !self.asked.is_empty()
            || !self.loading.is_empty()
            || self.waits_for_files()
            || !self.unconfirmed.is_empty();
        self.ended.is_some() && !waits
    }

    /// When a pipe has waited long enough for what it said, and for the files that it saves.
    fn stuck_at(&self) -> Option<Instant> {
        self.ended.max(self.files_moved_at()).map(|since| since + PATIENCE)
    }

    fn end(&mut self) {
        self.ended.get_or_insert(Instant::now());
    }

    /// A line cannot be done. What follows in a pipe may have been meant for another chat: it is not read.
    fn fail(&mut self, error: Error) {
        match self.is_person {
            true => self.line(&names::told(&error)),
            false => {
                self.failure.get_or_insert(error);
                self.end();
            }
        }
    }

    fn refuse(&mut self, why: String) {
        self.fail(Error::Refused(why));
    }

    /// Does what a line says, or says it.
    async fn typed(&mut self, line: &str, attached: &Attached) {
        if line.trim().is_empty() {
            return;
        }
        match commands::read(line) {
            Ok(request) if !self.is_person && names::is_unknown(&request, attached) => {
                self.held = Some((line.to_owned(), Instant::now() + PATIENCE));
            }
            Ok(request) => {
                if let Err(why) = self.request(request, attached).await {
                    self.refuse(why);
                }
            }
            Err(why) => self.refuse(why),
        }
    }

    /// Whoever was not known when a pipe named them may be now.
    async fn try_held(&mut self, attached: &Attached) {
        let Some((line, until)) = self.held.take() else { return };
        match commands::read(&line) {
            Ok(request) if names::is_unknown(&request, attached) && Instant::now() < until => {
                self.held = Some((line, until));
            }
            Ok(request) => {
                if let Err(why) = self.request(request, attached).await {
                    self.refuse(why);
                }
            }
            Err(why) => self.refuse(why),
        }
    }

    /// What stands above the line that was entered was read.
    async fn mark_read(&mut self, attached: &Attached) {
        let Some(open) = self.open.clone() else { return };
        let letters = self.unseen.take();
        if letters.is_empty() && !self.unread.contains_key(&open) {
            return;
        }
        attached.ask(Command::MarkRead(open.clone())).await;
        if !letters.is_empty() {
            attached.ask(Command::Seen { conversation: open, letters }).await;
        }
    }

    /// In another session: what the one before had not answered with its last word, it never did.
    async fn ask_again(&mut self, attached: &Attached) {
        for asked in self.asked.values() {
            attached.ask(asked.command.clone()).await;
        }
        for loading in &self.loading {
            attached.ask(loading.command.clone()).await;
        }
        self.unconfirmed.ask_again(attached).await;
    }

    async fn ask(&mut self, what: What, attached: &Attached, command: impl FnOnce(Ticket) -> Command) {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let command = command(ticket);
        attached.ask(command.clone()).await;
        self.asked.insert(ticket, Asked { command, what });
    }

    /// One line more. A text of several keeps its further lines indented.
    fn line(&mut self, words: &str) {
        self.out.push_str(&clean_block(words));
        self.out.push('\n');
    }

    /// Prints what there is. The prompt comes below it when no more does.
    async fn print(&mut self) -> Result<(), Error> {
        let mut out = std::mem::take(&mut self.out);
        if self.prompted && !out.is_empty() {
            out.insert(0, '\n');
            self.prompted = false;
        }
        if !out.is_empty() {
            self.prompt_later();
        }
        print(out).await
    }

    fn prompt_later(&mut self) {
        self.prompt_due = self.has_prompt.then(|| Instant::now() + QUIET);
    }

    async fn prompt(&mut self, attached: &Attached) -> Result<(), Error> {
        self.prompt_due = None;
        if self.prompted || self.ended.is_some() {
            return Ok(());
        }
        self.prompted = true;
        let chat = self.open.as_ref().map(|open| text::label(open, &attached.groups));
        print(format!("{}> ", clean_block(&chat.unwrap_or_default()))).await
    }

    fn note_invitation(&mut self, view: &crate::engine::GroupView) {
        let id = view.group.id;
        match &view.standing {
            Standing::Invited(by) => {
                if self.invited.insert(id) {
                    let name = &view.group.name;
                    self.line(&format!("{by} asks you into #{name}: /join {name} goes in"));
                }
            }
            _ => {
                self.invited.remove(&id);
            }
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
