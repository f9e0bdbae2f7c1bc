//! What is said in groups, and about them, as it comes in.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::core::{Core, Fatal};
use super::known_group::{Eyes, KnownGroup, letters, read_all};
use super::mail::{Mail, Refusal, Sender, Taken};
use crate::crypto::groups;
use crate::domain::group_documents::{Flag, Item, Ledger, Voice};
use crate::domain::{
    Body, ConversationId, GroupChange, GroupId, JoinPolicy, Message, Role, Standing, UserName,
};
use crate::protocol::{Content, Letter, Papers, SignedDocument};
use crate::store::{Draft, Incoming as Storable};

impl Core {
    /// Who we are, and whom we know.
    pub(super) fn eyes(&self) -> Eyes<'_> {
        Eyes { me: &self.me, people: &self.people }
    }

    pub(super) fn on_group(
        &mut self,
        id: GroupId,
        sender: Sender,
        letter: Letter,
        mail: &mut Mail,
    ) -> Result<Taken, Refusal> {
        // What still comes after we left is nothing to us.
        if !self.groups.is_member(id) {
            return Ok(Taken::Yes);
        }
        let from = sender.0.clone();
        let had_to_do = self.groups.get(id).is_some_and(|known| {
            let group = &known.group;
            group.has_member(&from) || group.invited.contains(&from) || group.former.contains(&from)
        });
        let signed = match &letter.content {
            Content::Joined(signed) | Content::Left(signed) | Content::Changed(_, Some(signed)) => {
                Some(signed)
            }
            _ => None,
        };
        if let Some(signed) = signed {
            // Anybody may pass on what others signed, but here it is the sender's own word.
            if groups::open(&signed.to_bytes())?.author().user != from {
                return Err(Refusal::Forged);
            }
            self.learn(id, std::slice::from_ref(signed), mail)?;
            // It may have put us out.
            if !self.groups.is_member(id) {
                return Ok(Taken::Yes);
            }
        }
        if let Some(stand) = letter.stand {
            self.groups.note_state(id, &from, stand.state, Instant::now());
        }
        let Some(known) = self.groups.get(id) else { return Err(Refusal::NotMember) };
        let Some(member) = self.eyes().member(&from) else { return Err(Refusal::NotMember) };
        let voice = letter.stand.map(|stand| known.ledger().voice(&member, stand.count));
        let is_in = known.group.has_member(&from);
        let body = match (letter.content.clone(), voice) {
            // Whoever never was in has nothing to leave. It may come late, when they are in again.
            (Content::Left(_), _) if had_to_do => Body::Left,
            // A letter of a newer Cooee may say how they stand where we cannot read it.
            (Content::Newer, _) if is_in => Body::Unsupported,
            (Content::Left(_) | Content::Newer, _) | (_, None) => return Err(Refusal::NotMember),
            (_, Some(Voice::None)) => return Err(Refusal::NotMember),
            (_, Some(Voice::Unknown)) => return Ok(Taken::Later),
            (Content::Text(text), _) => Body::Text(text),
            (Content::Joined(_), _) => {
                if is_in && self.welcomes(id, &from) {
                    mail.welcome.push((id, from.clone()));
                } else if is_in
                    && known.group.is_led_by(&self.me.user)
                    && letter.stand.is_some_and(|stand| stand.state != known.state())
                {
                    // What we decided while they came they may not have heard.
                    mail.asked.insert((id, from.clone()));
                }
                self.newcomers.extend(is_in.then_some(from));
                Body::Joined
            }
            (Content::Changed(change, signed), _) => {
                if !is_word_of(known, &from, &change, signed.as_ref()) {
                    mail.confirmed.push((from, letter.id));
                    return Ok(Taken::Yes);
                }
                Body::Changed(change)
            }
            (
                Content::Invitation(_)
                | Content::Papers(_)
                | Content::Receipt(_)
                | Content::Missing(_)
                | Content::SenderKey(_)
                | Content::Unreadable
                | Content::Copy(_)
                | Content::ReadUpTo(_)
                | Content::Compare(_),
                _,
            ) => return Err(Refusal::Misplaced),
        };
        self.take(letter, ConversationId::Group(id), sender, body, mail);
        Ok(Taken::Yes)
    }

    /// Takes in what is said to have been signed about a group that we know of; says whether there was news. What
    /// is no good is left out, and told.
    pub(super) fn learn(
        &mut self,
        id: GroupId,
        signed: &[SignedDocument],
        mail: &mut Mail,
    ) -> Result<bool, Refusal> {
        let eyes = Eyes { me: &self.me, people: &self.people };
        let Some(known) = self.groups.get_mut(id) else { return Err(Refusal::NotMember) };
        let flags = known.view().flags.clone();
        let (news, rejected) = known.learn(signed, eyes);
        if news {
            mail.flags.extend(known.view().flags.difference(&flags).map(|flag| (id, flag.clone())));
            self.on_group_news(id, mail);
        }
        match rejected {
            Some(why) => Err(why.into()),
            None => Ok(news),
        }
    }

    /// A group is other than it was: how we stand to it follows, and what is stored and shown of it.
    pub(super) fn on_group_news(&mut self, id: GroupId, mail: &mut Mail) {
        let me = self.eyes().me();
        let Some(known) = self.groups.get(id) else { return };
        let before = known.standing.clone();
        let Some(standing) = known.standing_of(&me) else {
            // An invitation that was taken back.
            self.groups.remove(id);
            self.registrar.no_group(id);
            mail.withdrawn.insert(id);
            mail.gone_groups.insert(id);
            return;
        };
        let removed_by = known.ledger().removed_by(&me);
        let Some(known) = self.groups.get_mut(id) else { return };
        known.standing = standing;
        match (before == Standing::Member, known.standing == Standing::Member) {
            // On another device of ours.
            (false, true) => {
                known.unsubscribe = false;
                mail.entered.insert(id);
            }
            (true, false) => {
                known.unsubscribe = true;
                mail.left.insert(id);
                self.keys.end_outbound(id);
                if let Some(by) = removed_by {
                    mail.put_out.insert(id);
                    let message = self.removal(id, by.user);
                    mail.storable.push(Storable::Message(message));
                }
            }
            _ => {}
        }
        self.on_group_changed(id, mail);
        // What was said by somebody of whom we did not know that they are in.
        let Some(known) = self.groups.get(id) else { return };
        let heard = self.parked.iter().filter(|user| known.group.has_member(user)).cloned();
        self.unpark.extend(heard.collect::<Vec<_>>());
    }

    /// The line that says that we were put out.
    fn removal(&mut self, id: GroupId, by: UserName) -> Message {
        let conversation = ConversationId::Group(id);
        let (message, now) = self.mint.message();
        let thread = self.threads.entry(conversation.clone()).or_default();
        thread.stamp = thread.stamp.max(now);
        Message {
            id: message,
            conversation,
            sender: by,
            sent_at: thread.stamp,
            received_at: now,
            body: Body::Changed(GroupChange::Remove(self.me.user.clone())),
            delivery: None,
            late: false,
            unseen: false,
        }
    }

    /// More is known of somebody: groups in which they are may look otherwise.
    pub(super) fn look_again_at(&mut self, user: &UserName, mail: &mut Mail) {
        let eyes = Eyes { me: &self.me, people: &self.people };
        for id in self.groups.look_again_at(user, eyes) {
            self.on_group_changed(id, mail);
        }
    }

    /// What is stored and shown of a group follows.
    pub(super) fn on_group_changed(&mut self, id: GroupId, mail: &mut Mail) {
        let Some(known) = self.groups.get(id) else { return };
        if known.standing != Standing::Listed {
            mail.storable.push(Storable::Group(known.stored()));
            mail.storable.push(match mail.put_out.contains(&id) {
                true => Storable::PutOut(id),
                false => {
                    let members = known.group.members.keys().cloned().collect();
                    Storable::Members { group: id, members }
                }
            });
        }
        self.record_group(id);
        mail.changed_groups.insert(id);
    }

    /// Somebody asks us in. What tells of a large group comes in several parts.
    pub(super) fn on_invitation(
        &mut self,
        papers: &Papers,
        from: UserName,
        mail: &mut Mail,
    ) -> Result<(), Refusal> {
        let id = papers.group;
        let eyes = Eyes { me: &self.me, people: &self.people };
        if self.groups.get(id).is_none() {
            let Some(known) = self.groups.gather(papers, &from, eyes) else { return Ok(()) };
            if self.groups.insert(known) {
                self.on_group_news(id, mail);
            }
            return Ok(());
        }
        self.learn(id, &papers.signed, mail)?;
        let me = self.eyes().me();
        let Some(known) = self.groups.get_mut(id) else { return Ok(()) };
        let is_out = matches!(known.standing, Standing::Listed | Standing::Left);
        if is_out && known.is_asked_by(&from, &me) {
            known.standing = Standing::Invited(from);
            self.on_group_changed(id, mail);
        }
        Ok(())
    }

    /// Somebody tells what they know of a group. It is signed by whom it comes from, so anybody may tell it.
    pub(super) fn on_papers(
        &mut self,
        Papers { group: id, signed, state }: &Papers,
        from: &UserName,
        mail: &mut Mail,
    ) -> Result<(), Refusal> {
        if *from == self.me.user && self.groups.get(*id).is_none() {
            let ledger = read_all(Ledger::new(*id), signed);
            let known = KnownGroup::new(ledger, Standing::Listed, self.eyes());
            let known = known.ok_or(Refusal::NotMember)?;
            if self.groups.insert(known) {
                self.on_group_news(*id, mail);
            }
            return Ok(());
        }
        self.learn(*id, signed, mail)?;
        let known = self.groups.get(*id).filter(|known| known.standing == Standing::Member);
        let lacks = |known: &KnownGroup| {
            known.group.has_member(from) && state.is_some_and(|state| state != known.state())
        };
        if *from != self.me.user && known.is_some_and(lacks) {
            mail.asked.insert((*id, from.clone()));
        }
        Ok(())
    }

    /// What tells somebody all that we know of a group.
    pub(super) async fn papers_for(&mut self, id: GroupId, to: &UserName) -> Result<Vec<Draft>, Fatal> {
        let Some(known) = self.groups.get(id) else { return Ok(Vec::new()) };
        let parts = letters(id, known.papers(), Some(known.state()));
        let mut drafts = Vec::with_capacity(parts.len());
        for papers in parts {
            let letter = self.notice(Content::Papers(papers));
            drafts.push(self.draft_to(&letter, to).await?);
        }
        Ok(drafts)
    }

    /// Who named a state of a group that we still do not know is asked what they know. They are told nothing but
    /// our own state: they may be somebody who was put out.
    pub(super) async fn wonder(&mut self, now: Instant) -> Result<(), Fatal> {
        for (id, user) in self.groups.wonder(now) {
            let Some(known) = self.groups.get(id) else { continue };
            tracing::debug!(%user, group = %id, "they know of something in a group that we do not");
            let papers = Papers { group: id, signed: Vec::new(), state: Some(known.state()) };
            self.send_notice(user, Content::Papers(papers)).await?;
        }
        Ok(())
    }

    /// Whether it falls to us to tell a newcomer who is in the group: to the owner, or where the owner
    /// left to the first member by name.
    fn welcomes(&self, id: GroupId, newcomer: &UserName) -> bool {
        let Some(known) = self.groups.get(id) else { return false };
        let group = &known.group;
        let mut members = group.members.keys().filter(|user| *user != newcomer);
        match group.has_member(&group.owner) {
            true => group.role(&self.me.user) == Role::Owner,
            false => members.next() == Some(&self.me.user),
        }
    }

    /// What is wrong with a group is told once.
    pub(super) async fn tell_flags(&mut self, flags: BTreeSet<(GroupId, Flag)>) {
        for (id, flag) in flags {
            let Some(known) = self.groups.get(id) else { continue };
            let name = known.group.name.clone();
            let words = match flag {
                Flag::Contradiction(member) => format!(
                    "`{member}` signed two different things about #{name} as one: either they use two devices \
                     at once, or somebody has their key"
                ),
                Flag::TooFar(member) => format!(
                    "`{member}` signed something about #{name} that goes further than it may, and does not count"
                ),
                Flag::Full(out) => format!("#{name} is full: {out} who were let in are left out"),
                Flag::Namesakes(user) => {
                    format!("two who are called `{user}` are in #{name}, with different keys")
                }
            };
            self.warn(words).await;
        }
    }
}

/// Whether what somebody says they did with a group is so: the document that they signed says it, and they may
/// sign it. Into an open group every member may ask people.
fn is_word_of(
    known: &KnownGroup,
    from: &UserName,
    change: &GroupChange,
    signed: Option<&SignedDocument>,
) -> bool {
    let group = &known.group;
    if let (GroupChange::Invite(_), JoinPolicy::Open) = (change, group.policy) {
        return true;
    }
    let item = signed.and_then(|signed| groups::open(&signed.to_bytes()).ok());
    let Some(Item::Document(held)) = item else { return false };
    let document = held.content;
    if document.group != group.id || !group.is_led_by(from) {
        return false;
    }
    let counts = |user: &UserName, wanted: bool| {
        let counters = document.members.iter().filter(|(member, _)| member.user == *user);
        counters.map(|(_, count)| count % 2 == 1).any(|is_in| is_in == wanted)
    };
    let is_admin = |user: &UserName| {
        let charter = document.charter.as_ref();
        charter.is_some_and(|charter| charter.admins.keys().any(|admin| admin.user == *user))
    };
    match change {
        GroupChange::Invite(user) => counts(user, true) || group.invited.contains(user),
        GroupChange::Remove(user) => counts(user, false),
        GroupChange::Rename(name) => document.naming.as_ref().is_some_and(|given| given.name == *name),
        GroupChange::Promote(user) => is_admin(user),
        GroupChange::Demote(user) => document.charter.is_some() && !is_admin(user),
        GroupChange::Policy(policy) => {
            document.charter.as_ref().is_some_and(|charter| charter.policy == *policy)
        }
    }
}
