//! What comes in: sorted by topic, checked, stored in one transaction, and only then acknowledged.
//!
//! Anything may arrive on a topic that we subscribe to. What is addressed to us or our groups and cannot
//! be understood is quarantined, so that a newer Cooee or a person can look at it; a record of state that
//! makes no sense is dropped, because its topic will speak again, and so is what makes no sense in an open room,
//! where anything may speak. All are counted and logged.

use std::collections::BTreeSet;
use std::time::Duration;

use super::core::{Core, Fatal};
use super::known_group::Eyes;
use super::opening::Outcome;
use super::rooms::Spoken;
use crate::crypto;
use crate::domain::group_documents::Flag;
use crate::domain::{
    Body, Bundle, ConversationId, DeviceId, GroupId, MessageId, Profile, RoomName, Timestamp, UserName,
};
use crate::mqtt::{Acknowledgement, Incoming};
use crate::protocol::{
    self, Content, FileWord, Knock, Letter, Place, ReadUpTo, SenderKey, Stage, Step, Topic,
};
use crate::store::{Incoming as Storable, KnownPerson};

/// Who wrote something, on which device.
pub(super) type Sender = (UserName, DeviceId);

/// What a batch of events adds up to.
#[derive(Default)]
pub(super) struct Mail {
    pub storable: Vec<Storable>,
    pub acknowledgements: Vec<Acknowledgement>,
    pub people: Vec<KnownPerson>,
    pub bundles: Vec<Bundle>,
    pub last_seen: Vec<(UserName, Timestamp)>,
    /// Whose entry in the list of contacts changed.
    pub changed_people: BTreeSet<UserName>,
    pub changed_groups: BTreeSet<GroupId>,
    pub gone_groups: BTreeSet<GroupId>,
    /// Who thinks that they are in a group and are not, or that we could be asked in.
    pub outsiders: BTreeSet<(GroupId, UserName)>,
    /// Groups of which we have to sign again what we decided.
    pub mends: BTreeSet<GroupId>,
    /// Groups that we are in now, by what another device of ours did.
    pub entered: BTreeSet<GroupId>,
    /// Groups that we are not in any more, by what somebody else did or another device of ours.
    pub left: BTreeSet<GroupId>,
    /// Those of them that somebody put us out of.
    pub put_out: BTreeSet<GroupId>,
    /// What turned out to be wrong with groups.
    pub flags: BTreeSet<(GroupId, Flag)>,
    pub typing: Vec<(ConversationId, UserName)>,
    /// Who came into a group and is to be told who else is there.
    pub welcome: Vec<(GroupId, UserName)>,
    /// Who came into a group and may not have told all of its members.
    pub introduced: BTreeSet<(GroupId, UserName)>,
    /// Who asks what we know of a group, or knows less of it than we do.
    pub asked: BTreeSet<(GroupId, UserName)>,
    /// Rows of the outbox that the broker took.
    pub taken: Vec<i64>,
    /// Letters that we have now, or have again, and whose.
    pub confirmed: Vec<(UserName, MessageId)>,
    /// A receipt of the message came that was asked about last.
    pub watched_moves: bool,
    /// Our own records were overwritten.
    pub presence_overwritten: bool,
    pub profile_overwritten: bool,
    /// Sessions that others began: with which letter, and their name.
    pub begun: Vec<(MessageId, Sender, String)>,
    /// It ends with what opens something that came before: that has to be opened before what comes after it,
    /// because a session skips no more than a few messages.
    pub is_key: bool,
    /// Of whom something came that cannot be opened.
    pub lost: BTreeSet<Sender>,
    /// Who is said to have sent what needs a newer Cooee.
    pub newer: BTreeSet<UserName>,
    /// What was read on other devices of ours.
    pub read_elsewhere: Vec<ReadUpTo>,
    /// Who asks us to seal anew what they did not confirm.
    pub seal_anew: BTreeSet<UserName>,
    /// Steps of comparisons of emoji, and when they were written.
    pub steps: Vec<(Sender, Step, Timestamp)>,
    /// What was said about fetching files, and in which letters.
    pub files: Vec<(Sender, MessageId, FileWord)>,
    /// Whose newest profile the broker does not show us.
    pub withheld: Vec<UserName>,
    /// Who can be written to from now on: what waited for that can be sealed.
    pub sealable: BTreeSet<UserName>,
    /// Open rooms in which more was said than is taken in, and how much more.
    pub thrown_away: Vec<(RoomName, u64)>,
    /// We may tell now that we are here.
    pub greet: bool,
    /// An old file of ours was put back, or a copy of it was used elsewhere.
    pub copied: bool,
    /// What we tell about ourselves elsewhere, where that is newer than what we know.
    pub newer_self: Option<Profile>,
    /// The broker keeps the profile of somebody else who registered our name before us.
    pub name_lost: bool,
    /// Somebody says just now that they registered our name before us.
    pub name_claimed: bool,
    /// Who asks to be let into a group by a link.
    pub knocks: Vec<(UserName, Knock)>,
    /// How long the broker would still have kept what is being sorted, if it says so.
    pub kept_for: Option<Duration>,
}

/// Why something that came in is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("not a topic of ours")]
    Topic,
    #[error(transparent)]
    Malformed(#[from] protocol::Malformed),
    #[error(transparent)]
    Signed(#[from] crypto::Invalid),
    #[error("it was not sealed by whom its topic names, or not for this")]
    Forged,
    #[error("it needs a newer Cooee")]
    Newer,
    #[error("this content does not belong on this topic")]
    Misplaced,
    #[error("the sender is not in the group")]
    NotMember,
    #[error(transparent)]
    Paper(#[from] crypto::groups::Rejected),
}

/// Whether something that was opened is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Yes,
    /// Not before more is known of how its sender stands to the group.
    Later,
}

impl Core {
    /// Sorts one message that came in; what it changes on disk and on screen is gathered in `mail`.
    pub(super) async fn sort(&mut self, incoming: Incoming, mail: &mut Mail) -> Result<(), Fatal> {
        let Incoming { topic, payload, retained, redelivered, expiry, acknowledgement } = incoming;
        mail.acknowledgements.extend(acknowledgement);
        if retained {
            self.link.retained_came();
        }
        let taken = match self.setup.root.parse(&topic).ok_or(Refusal::Topic) {
            Ok(Topic::Profile(user)) => self.on_profile(&user, &payload, retained, mail),
            Ok(Topic::Keys(user, device)) => self.on_bundle(&user, device, &payload, mail),
            Ok(Topic::Presence(user, device)) => {
                self.on_presence((user, device), &payload, retained, expiry, mail)
            }
            Ok(Topic::Directory(group)) => self.on_card(group, &payload, mail),
            Ok(Topic::Live { place, from, .. }) => self.on_live(place, from, &payload, mail),
            Ok(Topic::Open { room, from }) => {
                let repeated = retained || redelivered;
                self.on_open(Spoken { room, from, payload: &payload, repeated }, mail)
            }
            Ok(Topic::Inbox { to, from, .. }) if protocol::is_chunk(&payload) => {
                // Nothing of it is kept that was not asked for.
                match protocol::decode_chunk(&payload).filter(|_| to == self.me.user) {
                    Some(chunk) => return self.on_chunk(&from, chunk).await,
                    None => Err(Refusal::Misplaced),
                }
            }
            Ok(Topic::Inbox { .. } | Topic::Group { .. }) => {
                mail.kept_for = expiry;
                return self.sort_letter(topic, &payload, None, mail).await;
            }
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = taken {
            self.refuse(&refusal, topic, &payload, false, mail);
        }
        Ok(())
    }

    /// Sorts something that is addressed to us or to a group. `kept`: it came before, and was kept under this
    /// number until it could be opened.
    pub(super) async fn sort_letter(
        &mut self,
        topic: String,
        payload: &[u8],
        kept: Option<i64>,
        mail: &mut Mail,
    ) -> Result<(), Fatal> {
        let (from, group) = match self.setup.root.parse(&topic) {
            // What the broker echoes is nothing to us.
            Some(Topic::Group { from, .. }) if from == self.me.user => return Ok(()),
            Some(Topic::Group { group, from, device }) => ((from, device), Some(group)),
            Some(Topic::Inbox { to, from, device })
                if to == self.me.user && (from != self.me.user || device != self.device) =>
            {
                ((from, device), None)
            }
            _ => {
                self.refuse(&Refusal::Topic, topic, payload, true, mail);
                return Ok(());
            }
        };
        let before = mail.storable.len();
        let taken = match self.open(&from, group, payload, mail).await? {
            Ok(Outcome::Letter(letter)) => {
                self.recovery.opened(&from);
                let taken = self.on_letter(from.clone(), group, *letter, mail).await?;
                if !matches!(taken, Ok(Taken::Yes)) {
                    let again = forget_opened(mail, before, matches!(taken, Ok(Taken::Later)));
                    if again && matches!(taken, Ok(Taken::Later)) {
                        self.keep(from, topic, payload, kept, mail);
                        return Ok(());
                    }
                }
                taken.map(drop)
            }
            Ok(Outcome::Later) => {
                self.keep(from, topic, payload, kept, mail);
                return Ok(());
            }
            Ok(Outcome::Nothing) => Ok(()),
            Err(refusal) => {
                if matches!(refusal, Refusal::Newer) {
                    mail.newer.insert(from.0);
                }
                Err(refusal)
            }
        };
        mail.storable.extend(kept.map(Storable::Unsealed));
        if let Err(refusal) = taken {
            self.refuse(&refusal, topic, payload, true, mail);
        }
        Ok(())
    }

    /// Keeps what cannot be taken before more is known of its sender.
    fn keep(
        &mut self,
        (sender, device): Sender,
        topic: String,
        payload: &[u8],
        kept: Option<i64>,
        mail: &mut Mail,
    ) {
        self.parked.insert(sender.clone());
        if kept.is_none() {
            let payload = payload.to_vec();
            mail.storable.push(Storable::Sealed { sender, device, topic, payload });
        }
    }

    async fn on_letter(
        &mut self,
        from: Sender,
        group: Option<GroupId>,
        letter: Letter,
        mail: &mut Mail,
    ) -> Result<Result<Taken, Refusal>, Fatal> {
        Ok(match (group, letter.group) {
            // What was said in a group and we did not confirm comes to our inbox again.
            (None, Some(group)) => self.on_group(group, from, letter, mail),
            (None, None) => {
                return Ok(self.on_direct(from, letter, mail).await?.map(|()| Taken::Yes));
            }
            (Some(group), Some(said)) if group == said => self.on_group(group, from, letter, mail),
            // A newer Cooee may say what we cannot read.
            (Some(group), None) if letter.content == Content::Newer => {
                self.on_group(group, from, letter, mail)
            }
            (Some(_), _) => Err(Refusal::Misplaced),
        })
    }

    fn refuse(&mut self, why: &Refusal, topic: String, payload: &[u8], keep: bool, mail: &mut Mail) {
        self.refused += 1;
        // A flood must not fill the log: the 1st, 2nd, 4th, 8th… refusal is written.
        if self.refused.is_power_of_two() {
            tracing::warn!(refused = self.refused, %topic, %why, "refused what came in");
        }
        if keep {
            let reason = why.to_string();
            let payload = payload.to_vec();
            mail.storable.push(Storable::Quarantine { topic, payload, reason, at: self.mint.now() });
        }
    }

    fn on_profile(
        &mut self,
        user: &UserName,
        payload: &[u8],
        retained: bool,
        mail: &mut Mail,
    ) -> Result<(), Refusal> {
        if *user != self.me.user {
            return self.on_their_profile(user, payload, mail);
        }
        let profile = crypto::open_profile(user, payload)?;
        if profile.identity == self.me.identity {
            self.link.profile_seen |= profile == self.me;
            self.on_own_profile(&profile, mail);
        } else {
            // Whoever signs in where the name is somebody else's is turned away. Later, a claim is only
            // told: anybody can write one, and it must not end a session.
            let is_rival = profile.replaces(&self.me);
            mail.name_lost |= is_rival && retained && !self.link.has_settled;
            mail.name_claimed |= is_rival;
        }
        mail.profile_overwritten |= profile != self.me && self.me.replaces(&profile);
        Ok(())
    }

    fn on_presence(
        &mut self,
        (user, device): Sender,
        payload: &[u8],
        retained: bool,
        expiry: Option<Duration>,
        mail: &mut Mail,
    ) -> Result<(), Refusal> {
        let now = self.mint.now();
        let record = protocol::decode_presence(payload)?;
        if user == self.me.user && device == self.device {
            match retained {
                true => {
                    mail.copied |= self.is_copied(record);
                    self.link.own_record_seen = true;
                    mail.greet |= self.link.greet_at.take().is_some();
                }
                false => mail.presence_overwritten |= self.is_foreign_presence(record),
            }
        }
        if !self.people.may_watch(&user) {
            return Ok(());
        }
        let changed = match record {
            Some(mut record) => {
                // A will cannot tell the time, and the clock of whoever goes may be wrong; when it comes
                // live, that is now. Nobody has come or gone at a time that is still to come.
                match (record.online, retained) {
                    (true, _) => record.since = record.since.min(now),
                    (false, false) => record.since = now,
                    (false, true) if record.since > now => record.since = Timestamp::EPOCH,
                    (false, true) => {}
                }
                self.link.tells_expiry |= expiry.is_some();
                let key = (user.clone(), device);
                match record.online && retained && expiry.is_none() {
                    true => self.link.undated.insert(key),
                    false => self.link.undated.remove(&key),
                };
                let told = self.told(record, retained, expiry);
                self.people.presence.note(&user, device, record, told)
            }
            None => self.people.presence.forget(&user, device, now),
        };
        if changed {
            mail.last_seen.extend(self.note_availability(&user).map(|at| (user.clone(), at)));
            match self.people.is_online(&user) {
                true => self.on_seen(&user),
                false => {
                    self.resends.gone(&user);
                    self.files.gone(&user);
                }
            }
            mail.changed_people.insert(user);
        }
        Ok(())
    }

    fn on_card(&mut self, id: GroupId, payload: &[u8], mail: &mut Mail) -> Result<(), Refusal> {
        if payload.is_empty() {
            if self.groups.note_card_gone(id) {
                self.registrar.no_group(id);
                mail.gone_groups.insert(id);
            }
            return Ok(());
        }
        let card = protocol::decode_card(id, payload)?;
        let taken = match self.groups.get(id) {
            None => {
                let eyes = Eyes { me: &self.me, people: &self.people };
                if self.groups.list(id, &card, eyes) {
                    self.on_group_news(id, mail);
                }
                Ok(())
            }
            Some(_) if self.groups.may_grow(id) => self.learn(id, &card, mail),
            Some(_) => Ok(()),
        };
        let me = self.eyes().me();
        self.groups.note_card(id, &card, &me);
        taken
    }

    fn on_live(
        &mut self,
        place: Place,
        from: UserName,
        payload: &[u8],
        mail: &mut Mail,
    ) -> Result<(), Refusal> {
        let conversation = match place {
            Place::User(to) if to == self.me.user => ConversationId::Direct(from.clone()),
            Place::Group(group) if self.groups.is_member(group) => ConversationId::Group(group),
            _ => return Err(Refusal::Topic),
        };
        if protocol::decode_typing(payload)? && from != self.me.user && !self.people.is_blocked(&from) {
            mail.typing.push((conversation, from));
        }
        Ok(())
    }

    async fn on_direct(
        &mut self,
        (from, device): Sender,
        letter: Letter,
        mail: &mut Mail,
    ) -> Result<Result<(), Refusal>, Fatal> {
        if from == self.me.user {
            return match letter.content {
                Content::Copy(copy) => Ok(self.on_copy(*copy, mail)),
                Content::Papers(papers) => Ok(self.on_papers(&papers, &from, mail)),
                Content::ReadUpTo(read) => {
                    mail.read_elsewhere.push(read);
                    Ok(Ok(()))
                }
                Content::Unreadable => Ok(Ok(())),
                Content::File(word) => {
                    mail.files.push(((from, device), letter.id, word));
                    Ok(Ok(()))
                }
                _ => Ok(Err(Refusal::Misplaced)),
            };
        }
        let id = letter.id;
        let conversation = ConversationId::Direct(from.clone());
        let body = match letter.content {
            Content::Text(ref speech) => Body::Text(speech.text.clone()),
            Content::Altered(ref altered) => {
                self.take_altered(&letter, altered.clone(), conversation, (from, device), mail);
                return Ok(Ok(()));
            }
            Content::Lifetime(lifetime) => Body::Lifetime(lifetime),
            Content::Newer => Body::Unsupported,
            Content::Receipt(receipt) => {
                // That something was read is told until it is heard; that it came, whenever it comes.
                if receipt.stage == Stage::Read {
                    mail.confirmed.push((from.clone(), id));
                }
                self.on_receipt(from, receipt, mail);
                return Ok(Ok(()));
            }
            Content::Missing(_)
            | Content::Unreadable
            | Content::Invitation(_)
            | Content::Knock(_)
            | Content::Compare(_)
                if self.people.is_blocked(&from) =>
            {
                return Ok(Ok(()));
            }
            Content::Missing(missing) => {
                self.on_missing(&from, missing);
                return Ok(Ok(()));
            }
            Content::Unreadable => {
                mail.seal_anew.insert(from);
                return Ok(Ok(()));
            }
            Content::Compare(step) => {
                mail.steps.push(((from, device), step, letter.sent_at));
                return Ok(Ok(()));
            }
            Content::File(word) => {
                if let FileWord::Fetched { .. } = word {
                    mail.confirmed.push((from.clone(), id));
                }
                mail.files.push(((from, device), id, word));
                return Ok(Ok(()));
            }
            Content::SenderKey(key) => {
                mail.confirmed.push((from.clone(), id));
                return self.on_sender_key((from, device), &key, mail).await;
            }
            // Confirmed also where there is nothing to do about it, such as after we left: it would come again.
            Content::Invitation(papers) => {
                let taken = self.on_invitation(&papers, from.clone(), mail);
                mail.confirmed.extend(taken.is_ok().then_some((from, id)));
                return Ok(taken);
            }
            Content::Knock(knock) => {
                mail.confirmed.push((from.clone(), id));
                mail.knocks.push((from, knock));
                return Ok(Ok(()));
            }
            Content::Papers(papers) => {
                mail.confirmed.push((from.clone(), id));
                return Ok(self.on_papers(&papers, &from, mail));
            }
            Content::Joined(_)
            | Content::Left(_)
            | Content::Changed(..)
            | Content::Copy(_)
            | Content::ReadUpTo(_) => return Ok(Err(Refusal::Misplaced)),
        };
        self.take(letter, conversation, (from, device), body, mail);
        Ok(Ok(()))
    }

    /// Somebody tells what opens what they say in a group.
    async fn on_sender_key(
        &mut self,
        (from, device): Sender,
        SenderKey { group, key }: &SenderKey,
        mail: &mut Mail,
    ) -> Result<Result<(), Refusal>, Fatal> {
        // What still comes after we left is nothing to us.
        if !self.groups.is_member(*group) {
            return Ok(Ok(()));
        }
        let now = self.mint.now();
        match self.keys.inbound(*group, &from, device).await?.accept(key, now) {
            None => Ok(Err(Refusal::Forged)),
            Some(news) => {
                if news {
                    self.keys.inbound_changed(*group, from.clone(), device);
                    self.unpark.insert(from);
                    mail.is_key = true;
                }
                Ok(Ok(()))
            }
        }
    }
}

/// Leaves out that something was opened, which is the first that was put down of it since there were `before`:
/// it is to be opened again when it comes again. Says whether it can be. What was sealed for us alone cannot,
/// and is left out only where it is `awaited`: then its sender is asked to seal it anew.
fn forget_opened(mail: &mut Mail, before: usize, awaited: bool) -> bool {
    match mail.storable.get(before) {
        Some(Storable::Opened(opened)) => {
            let again = opened.print.is_some();
            if again || awaited {
                mail.storable.remove(before);
            }
            again
        }
        _ => false,
    }
}
