//! What is said in groups, and about them, as it comes in.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::core::{Core, Fatal};
use super::groups::Errand;
use super::known_group::{Eyes, KnownGroup, letters};
use super::mail::{Mail, Refusal, Sender, Taken};
use crate::crypto::groups;
use crate::domain::group_documents::{Flag, Item, Voice};
use crate::domain::{
    Body, ConversationId, GroupChange, GroupId, JoinPolicy, Message, Role, Standing, StateHash, UserName,
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
        let own = match &letter.content {
            Content::Joined(signed) | Content::Left(signed) | Content::Changed(_, Some(signed)) => {
                Some(groups::open(&signed.to_bytes())?)
            }
            _ => None,
        };
        if let Some(item) = &own {
            // Anybody may pass on what others signed, but here it is the sender's own word.
            if item.author().user != from {
                return Err(Refusal::Forged);
            }
            self.take_in(id, vec![item.clone()], mail);
            // It may have put us out.
            if !self.groups.is_member(id) {
                return Ok(Taken::Yes);
            }
        }
        // As which they leave, if that is what they signed.
        let leaves_as = match &own {
            Some(Item::Statement(held)) if !held.content.is_in() && held.content.group == id => {
                held.content.count.checked_sub(1)
            }
            _ => None,
        };
        let Some(known) = self.groups.get(id) else { return Err(Refusal::NotMember) };
        let Some(member) = self.eyes().member(&from) else { return Err(Refusal::NotMember) };
        let voice = |count| known.ledger().voice(&member, count);
        let spoken = letter.stand.map(|stand| voice(stand.count));
        let is_in = known.group.has_member(&from);
        let has_stake = known.ledger().knows_of(&member);
        if let Some(stand) = letter.stand.filter(|_| spoken != Some(Voice::None)) {
            self.groups.note_state(id, &from, stand.state, Instant::now());
        }
        // Whoever thinks that they are in and are not may not have heard it.
        let is_wrong = matches!(spoken, Some(Voice::None | Voice::Unknown)) && has_stake && !is_in;
        if is_wrong && leaves_as.is_none() && self.welcomes(id, &from) {
            mail.outsiders.insert((id, from.clone()));
        }
        let Some(known) = self.groups.get(id) else { return Err(Refusal::NotMember) };
        let body = match (letter.content.clone(), spoken) {
            // Whoever never was in has nothing to leave. It may come late, when they are in again.
            (Content::Left(_), _)
                if leaves_as
                    .is_some_and(|count| known.ledger().voice(&member, count) == Voice::Member) =>
            {
                Body::Left
            }
            // A letter of a newer Cooee may say how they stand where we cannot read it.
            (Content::Newer, _) if is_in => Body::Unsupported,
            (Content::Left(_) | Content::Newer, _) | (_, None) => return Err(Refusal::NotMember),
            (_, Some(Voice::None)) => return Err(Refusal::NotMember),
            (_, Some(Voice::Unknown)) => return Ok(Taken::Later),
            (Content::Text(speech), _) => Body::Text(speech.text.clone()),
            (Content::Altered(altered), _) => {
                let conversation = ConversationId::Group(id);
                self.take_altered(&letter, altered, conversation, sender, mail);
                return Ok(Taken::Yes);
            }
            (Content::Joined(_), _) => {
                let lacks = letter.stand.is_some_and(|stand| stand.state != known.state());
                if is_in && self.welcomes(id, &from) {
                    mail.welcome.push((id, from.clone()));
                    // They may not have told everybody, for they did not know of everybody.
                    mail.introduced.extend(lacks.then(|| (id, from.clone())));
                } else if is_in && lacks && known.group.is_led_by(&self.me.user) {
                    // What we decided while they came they may not have heard.
                    mail.asked.insert((id, from.clone()));
                }
                self.newcomers.extend(is_in.then_some(from));
                Body::Joined
            }
            (Content::Changed(change, _), _) => {
                if !is_word_of(known, &from, &change, own.as_ref()) {
                    // What makes it their right may still come. If we know all that they knew, it is over.
                    if letter.stand.is_none_or(|stand| !known.knows(stand.state)) {
                        return Ok(Taken::Later);
                    }
                    mail.confirmed.push((from, letter.id));
                    return Ok(Taken::Yes);
                }
                Body::Changed(change)
            }
            (
                Content::Invitation(_)
                | Content::Papers(_)
                | Content::Lifetime(_)
                | Content::Knock(_)
                | Content::Receipt(_)
                | Content::Missing(_)
                | Content::SenderKey(_)
                | Content::Unreadable
                | Content::Copy(_)
                | Content::ReadUpTo(_)
                | Content::Compare(_)
                | Content::File(_),
                _,
            ) => return Err(Refusal::Misplaced),
        };
        self.take(letter, ConversationId::Group(id), sender, body, mail);
        Ok(Taken::Yes)
    }

    /// Takes in what is said to have been signed about a group that we know of. What is no good is left out, and
    /// told.
    pub(super) fn learn(
        &mut self,
        id: GroupId,
        signed: &[SignedDocument],
        mail: &mut Mail,
    ) -> Result<(), Refusal> {
        let Some(known) = self.groups.get(id) else { return Err(Refusal::NotMember) };
        let (items, rejected) = known.read_news(signed);
        self.take_in(id, items, mail);
        rejected.map_or(Ok(()), |why| Err(why.into()))
    }

    fn take_in(&mut self, id: GroupId, items: Vec<Item>, mail: &mut Mail) {
        let eyes = Eyes { me: &self.me, people: &self.people };
        let Some(known) = self.groups.get_mut(id) else { return };
        let flags = known.view().flags.clone();
        if known.take_in(items, eyes) {
            mail.flags.extend(known.view().flags.difference(&flags).map(|flag| (id, flag.clone())));
            self.on_group_news(id, mail);
        }
    }

    /// A group is other than it was: how we stand to it follows, and what is stored and shown of it.
    pub(super) fn on_group_news(&mut self, id: GroupId, mail: &mut Mail) {
        let me = self.eyes().me();
        let Some(known) = self.groups.get(id) else { return };
        let before = known.standing.clone();
        let Some(standing) = known.standing_of(&me) else {
            // An invitation that was taken back.
            self.forget(id, mail);
            return;
        };
        let (removed_by, has_left) = (known.ledger().removed_by(&me), known.ledger().has_left(&me));
        let owner = known.view().owner.user.clone();
        let is_out = standing == Standing::Left;
        let mends = known.ledger().mend(&me).is_some() && standing == Standing::Member;
        if mends {
            mail.mends.insert(id);
        }
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
                if !has_left {
                    mail.put_out.insert(id);
                    let happened = match removed_by {
                        Some(by) => Some((by.user, GroupChange::Remove(me.user.clone()))),
                        // We came into what had been closed meanwhile.
                        None if is_out => Some((owner, GroupChange::Policy(JoinPolicy::Invite))),
                        // We were put out and are asked in again, and heard both at once.
                        None => None,
                    };
                    let message = happened.map(|(by, change)| self.happened(id, by, change));
                    mail.storable.extend(message.map(Storable::Message));
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

    /// Nothing is kept of a group any more.
    fn forget(&mut self, id: GroupId, mail: &mut Mail) {
        self.groups.remove(id);
        self.registrar.no_group(id);
        mail.storable.push(Storable::NoGroup(id));
        mail.changed_groups.insert(id);
    }

    /// The line that says what somebody did with a group, where we hear of it by that alone.
    fn happened(&mut self, id: GroupId, by: UserName, change: GroupChange) -> Message {
        let conversation = ConversationId::Group(id);
        let (message, now) = self.mint.message();
        let thread = self.threads.entry(conversation.clone()).or_default();
        thread.stamp = thread.stamp.max(now);
        Message {
            received_at: now,
            ..Message::new(message, conversation, by, thread.stamp, Body::Changed(change))
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

    /// Somebody asks us in. What tells of a large group comes in several parts, and what lets us in may not be in
    /// the first: until then nothing is shown of it.
    pub(super) fn on_invitation(
        &mut self,
        papers: &Papers,
        from: UserName,
        mail: &mut Mail,
    ) -> Result<(), Refusal> {
        let id = papers.group;
        let me = self.eyes().me();
        if self.groups.get(id).is_none() {
            let standing = Standing::Invited(from.clone());
            let known = KnownGroup::met(id, &papers.signed, standing, self.eyes());
            let known = known.ok_or(Refusal::NotMember)?;
            // Into an open group a member asks.
            if known.group.policy == JoinPolicy::Open && !known.group.has_member(&from) {
                return Err(Refusal::NotMember);
            }
            if let Some(first) = self.groups.too_many(&me) {
                self.forget(first, mail);
            }
            if self.groups.insert(known) {
                self.on_group_news(id, mail);
            }
            return Ok(());
        }
        self.learn(id, &papers.signed, mail)?;
        let Some(known) = self.groups.get_mut(id) else { return Ok(()) };
        if !matches!(known.standing, Standing::Listed | Standing::Left) {
            return Ok(());
        }
        if known.is_asked_by(&from, &me) {
            known.standing = Standing::Invited(from);
            self.on_group_changed(id, mail);
        } else if known.ledger().has_left(&me) {
            // They have not heard that we said no, or left: to be let in anew they have to know it.
            mail.outsiders.insert((id, from));
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
            // Another device of ours has to do with it.
            let known = KnownGroup::met(*id, signed, Standing::Left, self.eyes());
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
        let (signed, state) = (known.papers(), Some(known.state()));
        self.tell_papers(id, signed, state, to, Content::Papers).await
    }

    /// The drafts that bring what was signed about a group to somebody.
    pub(super) async fn tell_papers(
        &mut self,
        id: GroupId,
        signed: Vec<SignedDocument>,
        state: Option<StateHash>,
        to: &UserName,
        content: fn(Papers) -> Content,
    ) -> Result<Vec<Draft>, Fatal> {
        let profile = if *to == self.me.user { Some(&self.me) } else { self.people.profile(to) };
        let devices = profile.map_or(1, |profile| profile.devices.len());
        let parts = letters(id, signed, state, devices);
        let mut drafts = Vec::with_capacity(parts.len());
        for papers in parts {
            let letter = self.notice(content(papers));
            drafts.push(self.draft_to(&letter, to).await?);
        }
        Ok(drafts)
    }

    /// Tells people what they lack: newcomers and those who asked all, outsiders what tells them that they are not
    /// in, those who asked us in that we said no; and everybody what we had to sign again.
    pub(super) async fn answer_about_groups(&mut self, mail: &mut Mail) -> Result<Vec<Draft>, Fatal> {
        let now = Instant::now();
        let mut drafts = Vec::new();
        let mut told = std::mem::take(&mut mail.welcome);
        told.extend(std::mem::take(&mut mail.asked));
        for (id, user) in told {
            let is_in = self.groups.get(id).is_some_and(|known| known.group.has_member(&user));
            let may = is_in && !self.people.is_blocked(&user);
            if may && self.groups.may_write(id, &user, Errand::Tell, now) {
                drafts.extend(self.papers_for(id, &user).await?);
            }
        }
        for (id, newcomer) in std::mem::take(&mut mail.introduced) {
            let Some(member) = self.eyes().member(&newcomer) else { continue };
            let said = self.groups.get(id).map(|known| known.said_by(&member)).unwrap_or_default();
            for user in self.others_in(id).into_iter().filter(|user| *user != newcomer) {
                drafts.extend(self.tell_papers(id, said.clone(), None, &user, Content::Papers).await?);
            }
        }
        for (id, user) in std::mem::take(&mut mail.outsiders) {
            let Some((known, member)) = self.groups.get(id).zip(self.eyes().member(&user)) else {
                continue;
            };
            // Whoever is in decides; whoever is out tells what they signed themselves. Once, for each time that they
            // are out: what is repeated to them would tell them who came since.
            let (signed, count) = match known.standing {
                Standing::Member => (known.about(&member), known.ledger().count(&member)),
                _ => (known.said_by(&self.eyes().me()), known.ledger().count(&self.eyes().me())),
            };
            let may = !self.people.is_blocked(&user) && self.groups.tell_outsider(id, &user, count);
            if may {
                drafts.extend(self.tell_papers(id, signed, None, &user, Content::Papers).await?);
            }
        }
        for id in std::mem::take(&mut mail.mends) {
            let me = self.eyes().me();
            let Some(document) = self.groups.get(id).and_then(|known| known.ledger().mend(&me)) else {
                continue;
            };
            if !self.groups.may_write(id, &me.user, Errand::Tell, now) {
                continue;
            }
            let signed = self.sign_and_insert(id, &document);
            self.on_group_news(id, mail);
            let to = self.others_in(id).into_iter().chain([me.user]).collect::<Vec<_>>();
            for user in to {
                let signed = vec![signed.clone()];
                drafts.extend(self.tell_papers(id, signed, None, &user, Content::Papers).await?);
            }
        }
        Ok(drafts)
    }

    /// Who named a state of a group that we still do not know is asked what they know. They are told nothing but
    /// our own state: they may be somebody who was put out.
    pub(super) async fn wonder(&mut self, now: Instant) -> Result<(), Fatal> {
        for (id, user) in self.groups.wonder(now) {
            if self.people.is_blocked(&user) {
                continue;
            }
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
fn is_word_of(known: &KnownGroup, from: &UserName, change: &GroupChange, own: Option<&Item>) -> bool {
    let group = &known.group;
    if let (GroupChange::Invite(_), JoinPolicy::Open) = (change, group.policy) {
        return true;
    }
    let Some(Item::Document(held)) = own else { return false };
    let document = &held.content;
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
        GroupChange::Lifetime(life) => document.fading.is_some_and(|given| given.lifetime == *life),
        GroupChange::Policy(policy) => {
            document.charter.as_ref().is_some_and(|charter| charter.policy == *policy)
        }
    }
}
