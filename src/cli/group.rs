//! `cooee group …`.

use std::time::Duration;

use clap::Subcommand;
use tokio::time::{Instant, timeout_at};

use super::Error;
use super::attached::{Attached, Heard, with_session};
use super::confirm::Unconfirmed;
use super::doors::{self, Entrance, lasts};
use super::json::{self, Record};
use super::output::print;
use super::table::aligned;
use super::target::{GroupArgument, Purpose};
use super::text::{group_label, time};
use super::wait::Options;
use crate::config::Config;
use crate::domain::{Body, Delivery, GroupChange, GroupId, GroupName, JoinPolicy, Standing, UserName};
use crate::engine::{self, GroupView, Ticket, Update};
use crate::error::short;

/// The commands about groups. A group is written by its name, with or without `#`, or as
/// `name~1a2b3c4d` where two have the same name.
#[derive(Subcommand)]
pub enum Command {
    /// Make a group and go into it
    Create {
        /// What to call it
        #[arg(value_parser = GroupName::new)]
        name: GroupName,
        /// Only who is invited may come in, and nobody else sees the group
        #[arg(long)]
        invite_only: bool,
        /// Even if you can see a group of that name
        #[arg(long)]
        anyway: bool,
        #[command(flatten)]
        options: Options,
    },
    /// List your groups, invitations, and the groups that anyone may join
    List {
        #[command(flatten)]
        options: Options,
    },
    /// List who is in a group; of one that is listed, before you join it
    Members {
        /// Which group
        group: GroupArgument,
        #[command(flatten)]
        options: Options,
    },
    /// Go into a listed group, accept an invitation, or use a link
    ///
    /// With a link, whoever made it is asked to let you in, and does so when their Cooee runs.
    Join {
        /// Which group, or a link into one
        group: Entrance,
        #[command(flatten)]
        options: Options,
    },
    /// Ask somebody into a group: into an open one any member may, else its owner and its admins
    Invite {
        /// Into which group
        group: GroupArgument,
        /// Whom
        // Not `user`, which is the flag that all commands take.
        #[arg(id = "whom", value_name = "USER")]
        user: UserName,
        #[command(flatten)]
        options: Options,
    },
    /// Put somebody out of a group, or take an invitation back; its owner and its admins may
    Remove {
        /// Out of which group
        group: GroupArgument,
        /// Whom
        #[arg(id = "whom", value_name = "USER")]
        user: UserName,
        #[command(flatten)]
        options: Options,
    },
    /// Make a link that lets people into a group, or take it back; its owner and its admins may
    ///
    /// Prints the link, which is a secret: whoever has it can ask this Cooee to be let in, with `cooee group join LINK`
    /// or `/join LINK`, and is let in whenever it runs. There is one link for each group on this device; a new one ends
    /// the last.
    Link {
        /// Into which group
        group: GroupArgument,
        /// How many it lets in
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=256))]
        uses: u32,
        /// For how long, 30 days at most: hours or days, such as 12h or 7d
        #[arg(long = "for", value_name = "TIME", default_value = "7d", value_parser = lasts)]
        lasts: Duration,
        /// Take the link back instead
        #[arg(long, conflicts_with_all = ["uses", "lasts"])]
        revoke: bool,
        #[command(flatten)]
        options: Options,
    },
    /// Give a group another name; its owner and its admins may
    Rename {
        /// Which group
        group: GroupArgument,
        /// What to call it
        #[arg(value_parser = GroupName::new)]
        name: GroupName,
        #[command(flatten)]
        options: Options,
    },
    /// Make a member an admin; the owner may
    Promote {
        /// Of which group
        group: GroupArgument,
        /// Whom
        #[arg(id = "whom", value_name = "USER")]
        user: UserName,
        #[command(flatten)]
        options: Options,
    },
    /// Make an admin a member again; the owner may. What they decided stays
    Demote {
        /// Of which group
        group: GroupArgument,
        /// Whom
        #[arg(id = "whom", value_name = "USER")]
        user: UserName,
        #[command(flatten)]
        options: Options,
    },
    /// Let anybody join a group, and list it; the owner may
    Open {
        /// Which group
        group: GroupArgument,
        #[command(flatten)]
        options: Options,
    },
    /// Let only who is invited join a group, and do not list it; the owner may
    Close {
        /// Which group
        group: GroupArgument,
        #[command(flatten)]
        options: Options,
    },
    /// Leave a group, or decline an invitation
    Leave {
        /// Which group
        group: GroupArgument,
        #[command(flatten)]
        options: Options,
    },
}

/// Does what is asked, and waits until the broker has what tells the others of it.
///
/// # Errors
/// [`Error::Unreachable`] without a connection; [`Error::NoGroup`], [`Error::Ambiguous`],
/// [`Error::GroupExists`], [`Error::Refused`], and what a session brings.
pub async fn run(command: Command, config: &Config) -> Result<(), Error> {
    with_session(config, async |attached| {
        let options = *command.options();
        // Which groups are listed, and who can be invited, is known with the connection alone.
        attached.until_up(options.patience.timeout).await?;
        attached.settle().await?;
        let said = command.run(attached, options).await?;
        print(said).await
    })
    .await
}

impl Command {
    fn options(&self) -> &Options {
        match self {
            Self::Create { options, .. }
            | Self::List { options }
            | Self::Members { options, .. }
            | Self::Join { options, .. }
            | Self::Invite { options, .. }
            | Self::Link { options, .. }
            | Self::Remove { options, .. }
            | Self::Rename { options, .. }
            | Self::Promote { options, .. }
            | Self::Demote { options, .. }
            | Self::Open { options, .. }
            | Self::Close { options, .. }
            | Self::Leave { options, .. } => options,
        }
    }

    /// Returns what is to be printed.
    async fn run(&self, attached: &mut Attached, options: Options) -> Result<String, Error> {
        let find = |attached: &Attached, group: &GroupArgument, purpose| {
            group.resolve(&attached.groups, purpose).map(|view| view.group.id)
        };
        match self {
            Self::List { .. } => Ok(list(attached, options.json)),
            Self::Members { group, .. } => {
                Ok(members(group.resolve(&attached.groups, Purpose::Look)?, options.json))
            }
            Self::Create { name, invite_only, anyway, .. } => {
                if !anyway {
                    refuse_double(attached, name)?;
                }
                let policy = if *invite_only { JoinPolicy::Invite } else { JoinPolicy::Open };
                let create =
                    |ticket| engine::Command::CreateGroup { name: name.clone(), policy, ticket };
                let group = act(attached, options, create, |body| *body == Body::Created).await?;
                Ok(told(attached, group, options.json, |label| {
                    format!("Made {label} ({}).", short(group))
                }))
            }
            Self::Link { group, uses, lasts, revoke, .. } => {
                let group = find(attached, group, Purpose::Speak)?;
                doors::link(attached, group, (*lasts, *uses), *revoke, options).await
            }
            Self::Join { group: Entrance::Link(link), .. } => doors::join(attached, link, options).await,
            Self::Join { group: Entrance::Group(group), .. } => {
                let group = find(attached, group, Purpose::Join)?;
                let join = |ticket| engine::Command::JoinGroup { group, ticket };
                act(attached, options, join, |body| *body == Body::Joined).await?;
                Ok(told(attached, group, options.json, |label| format!("Joined {label}.")))
            }
            Self::Invite { group, user, .. } => {
                let change = GroupChange::Invite(user.clone());
                change_group(attached, options, group, change).await
            }
            Self::Remove { group, user, .. } => {
                let change = GroupChange::Remove(user.clone());
                change_group(attached, options, group, change).await
            }
            Self::Rename { group, name, .. } => {
                let change = GroupChange::Rename(name.clone());
                change_group(attached, options, group, change).await
            }
            Self::Promote { group, user, .. } => {
                let change = GroupChange::Promote(user.clone());
                change_group(attached, options, group, change).await
            }
            Self::Demote { group, user, .. } => {
                let change = GroupChange::Demote(user.clone());
                change_group(attached, options, group, change).await
            }
            Self::Open { group, .. } => {
                change_group(attached, options, group, GroupChange::Policy(JoinPolicy::Open)).await
            }
            Self::Close { group, .. } => {
                change_group(attached, options, group, GroupChange::Policy(JoinPolicy::Invite)).await
            }
            Self::Leave { group, .. } => {
                let group = find(attached, group, Purpose::Leave)?;
                let label = group_label(&attached.groups, group);
                let leave = |ticket| engine::Command::LeaveGroup { group, ticket };
                act(attached, options, leave, |body| *body == Body::Left).await?;
                // A group whose invitation was declined may not be known any more.
                let words = |_: &str| format!("Left {label}.");
                Ok(told(attached, group, options.json, words))
            }
        }
    }
}

/// Does something to a group. Returns what is to be printed.
async fn change_group(
    attached: &mut Attached,
    options: Options,
    group: &GroupArgument,
    change: GroupChange,
) -> Result<String, Error> {
    let group = group.resolve(&attached.groups, Purpose::Speak)?.group.id;
    let before = group_label(&attached.groups, group);
    let ask = |ticket| engine::Command::ChangeGroup { group, change: change.clone(), ticket };
    act(attached, options, ask, |body| *body == Body::Changed(change.clone())).await?;
    Ok(told(attached, group, options.json, |label| done(&change, &before, label)))
}

/// The groups we can see, other than those we left and cannot come back to.
fn in_sight(attached: &Attached) -> impl Iterator<Item = &GroupView> {
    let gone =
        |view: &GroupView| view.standing == Standing::Left && view.group.policy == JoinPolicy::Invite;
    attached.groups.values().filter(move |view| !gone(view))
}

fn refuse_double(attached: &Attached, name: &GroupName) -> Result<(), Error> {
    match in_sight(attached).find(|view| view.group.name.resembles(name.as_str())) {
        None => Ok(()),
        Some(view) => Err(Error::GroupExists {
            name: view.group.name.clone(),
            owner: view.group.owner.clone(),
            member: view.standing == Standing::Member,
        }),
    }
}

fn list(attached: &Attached, as_json: bool) -> String {
    let mut views: Vec<&GroupView> = in_sight(attached).collect();
    views.sort_by_key(|view| (&view.group.name, view.group.id));
    if as_json {
        return views.into_iter().map(|view| json::line(&Record::group(view))).collect();
    }
    let row = |view: &GroupView| {
        let GroupView { group, standing } = view;
        let standing = match standing {
            Standing::Invited(by) => format!("invited by {by}"),
            standing => json::standing_word(standing).to_owned(),
        };
        let members = match group.members.len() {
            1 => "1 member".to_owned(),
            n => format!("{n} members"),
        };
        let policy = group.policy.as_str().to_owned();
        [format!("#{}", group.name), standing, policy, members, short(group.id)]
    };
    aligned(&views.into_iter().map(row).collect::<Vec<_>>())
}

fn members(view: &GroupView, as_json: bool) -> String {
    let group = &view.group;
    if as_json {
        let members = group.members.iter().map(|(user, member)| Record::member(group, user, *member));
        let invited = group.invited.iter().map(|user| Record::asked(group, user));
        return members.chain(invited).map(|record| json::line(&record)).collect();
    }
    let members = group.members.iter().map(|(user, member)| {
        [user.to_string(), json::role(member.role).to_owned(), time(member.since)]
    });
    let invited =
        group.invited.iter().map(|user| [user.to_string(), json::ASKED.to_owned(), String::new()]);
    aligned(&members.chain(invited).collect::<Vec<_>>())
}

/// The group as it is now, for scripts, or `words` about it.
fn told(
    attached: &Attached,
    group: GroupId,
    as_json: bool,
    words: impl FnOnce(&str) -> String,
) -> String {
    match as_json {
        true => attached.groups.get(&group).map(|v| json::line(&Record::group(v))).unwrap_or_default(),
        false => words(&group_label(&attached.groups, group)) + "\n",
    }
}

/// What was done to a group that was called `before` and is called `label` now.
fn done(change: &GroupChange, before: &str, label: &str) -> String {
    match change {
        GroupChange::Invite(user) => format!("Invited {user} to {label}."),
        GroupChange::Remove(user) => format!("{user} is not in {label} any more."),
        GroupChange::Rename(_) => format!("{before} is called {label} now."),
        GroupChange::Promote(user) => format!("{user} is an admin of {label} now."),
        GroupChange::Demote(user) => format!("{user} is no admin of {label} any more."),
        GroupChange::Lifetime(Some(life)) => {
            format!("Messages in {label} disappear after {}.", life.words())
        }
        GroupChange::Lifetime(None) => format!("Messages in {label} stay."),
        GroupChange::Policy(JoinPolicy::Open) => format!("Anybody may join {label} now."),
        GroupChange::Policy(JoinPolicy::Invite) => format!("{label} is by invitation now."),
    }
}

/// Asks for something that is told to a group in a message with such a body, and waits until the broker
/// has that.
async fn act(
    attached: &mut Attached,
    options: Options,
    command: impl Fn(Ticket) -> engine::Command,
    tells: impl Fn(&Body) -> bool,
) -> Result<GroupId, Error> {
    ask_and_tell(attached, options, command, tells).await?.ok_or(Error::Lost)
}

/// Asks for something that is told in a message with such a body, and waits until the broker has that. Returns the
/// group that it is about, if it is about one.
pub(super) async fn ask_and_tell(
    attached: &mut Attached,
    options: Options,
    command: impl Fn(Ticket) -> engine::Command,
    tells: impl Fn(&Body) -> bool,
) -> Result<Option<GroupId>, Error> {
    let ticket = Ticket(1);
    let deadline = Instant::now() + options.patience.timeout;
    let mut unconfirmed = Unconfirmed::new(Delivery::Sent);
    let mut done = None;
    attached.ask(command(ticket)).await;
    loop {
        if let Some(group) = done
            && unconfirmed.is_empty()
        {
            return Ok(group);
        }
        let Ok(update) = timeout_at(deadline, attached.recv()).await else {
            return Err(unconfirmed.late(attached, usize::from(done.is_none())));
        };
        match attached.take(update).await? {
            Heard::Again => {
                // What the session before had not done when it said its last word, it never did.
                if done.is_none() {
                    attached.ask(command(ticket)).await;
                }
                unconfirmed.ask_again(attached).await;
            }
            Heard::Update(update) => {
                unconfirmed.note(&update);
                match update {
                    // It comes before the answer.
                    Update::Stored(stored) if done.is_none() => {
                        let ours = stored.into_iter().map(|stored| stored.message);
                        ours.filter(|m| m.is_ours() && tells(&m.body)).for_each(|m| unconfirmed.add(m));
                    }
                    Update::Done { ticket: answered, group } if answered == ticket => {
                        done = Some(Some(group));
                    }
                    Update::Agreed { ticket: answered } if answered == ticket => done = Some(None),
                    Update::Refused { ticket: answered, why } if answered == ticket => {
                        return Err(Error::Refused(why));
                    }
                    _ => {}
                }
            }
        }
    }
}
