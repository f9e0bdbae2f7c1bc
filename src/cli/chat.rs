//! `cooee chat …`.

use clap::Subcommand;

use super::Error;
use super::answer::answer;
use super::attached::{Attached, with_session};
use super::group::ask_and_tell;
use super::history::conversation_of;
use super::json::{self, Record};
use super::output::print;
use super::target::Target;
use super::text::{group_label, room_label};
use super::wait::Options;
use crate::config::Config;
use crate::domain::{Body, ConversationId, GroupChange, Lifetime};
use crate::engine::{self, Update};

/// The commands about whole chats.
#[derive(Subcommand)]
pub enum Command {
    /// Say how long messages live that are said from now on, or set it
    ///
    /// When its time is over a message is taken out on both sides, read or not, with its signs, stars and edits, and
    /// from what is searched. It lives from when it was sent. What was said before stays, and so do the lines that
    /// tell that this was set. In a chat with one person either of you may set it, in a group its owner and its
    /// admins. Whoever gets a message can still copy it.
    Disappear {
        /// A user name, or `#` and the name of a group (quote it: the shell takes # for a comment)
        with: Target,
        /// 1h, 1d, 7d, 30d, or any number of hours or days up to a year; off: they stay. Without it: tell how it is
        #[arg(value_parser = lifetime)]
        life: Option<Wanted>,
        #[command(flatten)]
        options: Options,
    },
    /// Put a chat away: the lists of the messenger do not show it until something new comes there
    ///
    /// On this device alone. A message that calls for you brings it back, and so does what you write there: so a
    /// muted chat stays away.
    Archive {
        /// A user name, or `#` and the name of a group, or `+` and the name of an open room
        with: Target,
    },
    /// Bring a chat back into the lists
    Unarchive {
        /// A user name, or `#` and the name of a group, or `+` and the name of an open room
        with: Target,
    },
    /// List the chats that are put away
    Archived,
}

/// How long messages are to live; `None`: they stay.
#[derive(Clone, Copy, Debug)]
pub struct Wanted(Option<Lifetime>);

fn lifetime(text: &str) -> Result<Wanted, String> {
    Lifetime::parse(text).map(Wanted)
}

/// Does what is asked.
///
/// # Errors
/// [`Error::Nobody`], [`Error::NoGroup`], [`Error::Refused`], and what a session brings.
pub async fn run(command: Command, config: &Config) -> Result<(), Error> {
    with_session(config, async |attached| match &command {
        Command::Disappear { with, life: None, options } => {
            let conversation = conversation_of(attached, with).await?;
            print(told(attached, &conversation, *options)).await
        }
        Command::Disappear { with, life: Some(Wanted(lifetime)), options } => {
            let conversation = conversation_of(attached, with).await?;
            let lifetime = *lifetime;
            attached.hurry().await;
            let ask = |ticket| engine::Command::SetLifetime {
                conversation: conversation.clone(),
                lifetime,
                ticket,
            };
            let tells = |body: &Body| match body {
                Body::Lifetime(told) | Body::Changed(GroupChange::Lifetime(told)) => *told == lifetime,
                _ => false,
            };
            ask_and_tell(attached, *options, ask, tells).await?;
            print(told(attached, &conversation, *options)).await
        }
        Command::Archive { with } => archive(attached, with, true).await,
        Command::Unarchive { with } => archive(attached, with, false).await,
        Command::Archived => {
            let label = |conversation| format!("{}\n", label(attached, conversation));
            print(attached.archived.iter().map(label).collect()).await
        }
    })
    .await
}

async fn archive(attached: &mut Attached, with: &Target, archived: bool) -> Result<(), Error> {
    let conversation = conversation_of(attached, with).await?;
    let ask = engine::Command::Archive { conversation: conversation.clone(), archived };
    let done = |update| matches!(update, Update::Archived(_)).then_some(());
    answer(attached, ask, None, done).await?;
    let label = label(attached, &conversation);
    print(match archived {
        true => format!("{label} is put away.\n"),
        false => format!("{label} is back.\n"),
    })
    .await
}

fn label(attached: &Attached, conversation: &ConversationId) -> String {
    match conversation {
        ConversationId::Direct(user) => format!("@{user}"),
        ConversationId::Group(id) => group_label(&attached.groups, *id),
        ConversationId::Room(room) => room_label(room),
    }
}

/// How long messages live there.
fn told(attached: &Attached, conversation: &ConversationId, options: Options) -> String {
    match (options.json, attached.lifetime(conversation)) {
        (true, lifetime) => json::line(&Record::chat(conversation, &attached.groups, lifetime)),
        (false, Some(lifetime)) => format!("Messages disappear after {}.\n", lifetime.words()),
        (false, None) => "Messages stay.\n".to_owned(),
    }
}
