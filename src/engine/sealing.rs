//! From a letter to the bytes that go out.
//!
//! A letter is sealed once, in the transaction that stores it, and those bytes go out as often as it takes.
//! Where the keys are not here yet, the letter waits in the outbox as it is and is sealed before it goes out
//! first. Only when its recipient says that they cannot open what came is it sealed anew.

use std::collections::{BTreeMap, BTreeSet};

use super::core::{Core, Fatal};
use super::known_group::KnownGroup;
use crate::crypto::Outbound;
use crate::domain::{ConversationId, DeviceId, GroupId, JoinPolicy, UserName};
use crate::failpoints::kill_point;
use crate::protocol::{
    Content, End, Envelope, FileWord, Letter, Receipt, SenderKey, Stage, Topic, decode_letter,
    encode_envelope, encode_inside, encode_letter,
};
use crate::store::Draft;

impl Core {
    /// The drafts that carry a letter: the letter last, and before it the keys that its recipients lack.
    pub(super) async fn drafts(
        &mut self,
        letter: &Letter,
        to: &ConversationId,
    ) -> Result<Vec<Draft>, Fatal> {
        let clear = encode_letter(letter);
        let (mut drafts, payload) = match to {
            ConversationId::Direct(user) => (Vec::new(), self.seal_direct(user, &clear).await?),
            ConversationId::Group(group) => {
                let (keys, payload) = self.seal_group(*group, &clear).await?;
                (keys, Some(payload))
            }
            // What is said in the open is no letter, and is never made of one.
            ConversationId::Room(_) => return Ok(Vec::new()),
        };
        drafts.push(self.draft(letter, to, clear, payload));
        Ok(drafts)
    }

    /// The draft of a letter to a person.
    pub(super) async fn draft_to(&mut self, letter: &Letter, user: &UserName) -> Result<Draft, Fatal> {
        let clear = encode_letter(letter);
        let payload = self.seal_direct(user, &clear).await?;
        Ok(self.draft(letter, &ConversationId::Direct(user.clone()), clear, payload))
    }

    /// Each recipient is to confirm a letter; what tells that letters are stored, or asks for some, is repeated
    /// when it is wanted, and confirmed by nobody.
    fn draft(
        &self,
        letter: &Letter,
        to: &ConversationId,
        clear: Vec<u8>,
        payload: Option<Vec<u8>>,
    ) -> Draft {
        let (from, device) = (self.me.user.clone(), self.device);
        let recipients = match (to, &letter.content) {
            (
                _,
                Content::Receipt(Receipt { stage: Stage::Delivered, .. })
                | Content::Missing(_)
                | Content::Unreadable
                | Content::Copy(_)
                | Content::ReadUpTo(_)
                | Content::Compare(_)
                | Content::File(FileWord::Pull { .. } | FileWord::Gone { .. }),
            ) => Vec::new(),
            (ConversationId::Direct(user), _) => vec![user.clone()],
            (ConversationId::Group(group), _) => self.others_in(*group),
            (ConversationId::Room(_), _) => Vec::new(),
        };
        let topic = match to {
            ConversationId::Direct(to) => Topic::Inbox { to: to.clone(), from, device },
            ConversationId::Group(group) => Topic::Group { group: *group, from, device },
            ConversationId::Room(room) => Topic::Open { room: room.clone(), from },
        };
        // What tells our other devices of it lives as long.
        let ends_at = match &letter.content {
            Content::Copy(copy) => self.end_of(&copy.letter),
            _ => self.end_of(letter),
        };
        Draft {
            topic: self.topic(&topic),
            clear,
            payload,
            letter: letter.id,
            to: to.clone(),
            recipients,
            number: letter.number,
            ends_at,
        }
    }

    /// Seals a letter for every device of somebody. `None` where that cannot be done yet: their keys are not
    /// here, or another key stands for their name.
    pub(super) async fn seal_direct(
        &mut self,
        user: &UserName,
        clear: &[u8],
    ) -> Result<Option<Vec<u8>>, Fatal> {
        let profile = match *user == self.me.user {
            true => Some(self.me.clone()),
            false => self.people.trusted(user).cloned(),
        };
        let Some(profile) = profile else { return Ok(None) };
        let ours = self.keys.device.keys();
        let mut to = BTreeMap::new();
        // Of ourselves, the others.
        for theirs in profile.devices.iter().filter(|keys| keys.id != ours.id) {
            let fallback = self.keys.bundle(user, theirs.id).map(|bundle| bundle.fallback);
            let (peer, own) = self.keys.peer(user, theirs.id).await?;
            if !peer.is_ready() && !fallback.is_some_and(|key| peer.begin(own, theirs, &key)) {
                continue;
            }
            let begins = peer.introduces();
            let from =
                End { user: self.me.user.clone(), device: ours.id, key: begins.then_some(ours.signing) };
            let for_whom =
                End { user: user.clone(), device: theirs.id, key: begins.then_some(theirs.signing) };
            let versions = Some((self.me.version, profile.version));
            let inside = encode_inside(from, Some(for_whom), versions, clear);
            to.extend(peer.seal(&inside).map(|ciphertext| (theirs.id, ciphertext)));
        }
        Ok((!to.is_empty()).then(|| encode_envelope(&Envelope::Direct(to))))
    }

    /// Somebody can be written to: what waited for that is sealed, in the order in which it was written and
    /// before anything else is. A session opens what comes in another order only within narrow bounds.
    pub(super) async fn seal_waiting(&mut self, user: &UserName) -> Result<(), Fatal> {
        loop {
            let mut sealed = BTreeMap::new();
            let mut void = Vec::new();
            for row in self.store.unsealed(user.clone()).await? {
                if !self.is_for(user, &row.clear) {
                    void.push(row.letter);
                    continue;
                }
                let Some(payload) = self.seal_direct(user, &row.clear).await? else { return Ok(()) };
                sealed.insert(row.seq, payload);
            }
            if sealed.is_empty() && void.is_empty() {
                return Ok(());
            }
            self.outbox.forget(&void);
            self.store.give_up(void, String::new()).await?;
            let rows = sealed.iter().map(|(seq, payload)| (*seq, payload.clone())).collect();
            kill_point("send: before it is sealed");
            self.store.seal(rows, self.keys.changed()).await?;
            kill_point("send: sealed");
            self.outbox.sealed(&sealed);
        }
    }

    /// Whether a letter that waited is still for this user. What opens a group is for its members alone, and whoever
    /// was taken for one before their key was known may turn out to have another.
    pub(super) fn is_for(&self, user: &UserName, clear: &[u8]) -> bool {
        let knows_them = |group| {
            let member = self.eyes().member(user);
            let known = self.groups.get(group).zip(member);
            known.is_none_or(|(known, member)| known.ledger().knows_of(&member))
        };
        match decode_letter(clear).map(|letter| letter.content) {
            Ok(Content::SenderKey(key)) => {
                self.groups.get(key.group).is_some_and(|known| known.group.has_member(user))
            }
            // What tells who is in is for who has to do with it; into an open group anybody may be asked.
            Ok(Content::Papers(papers)) => knows_them(papers.group),
            Ok(Content::Invitation(papers)) => {
                let is_open = |known: &KnownGroup| known.group.policy == JoinPolicy::Open;
                self.groups.get(papers.group).is_some_and(is_open) || knows_them(papers.group)
            }
            _ => true,
        }
    }

    /// Seals a letter for a group; with what brings the key to those who lack it.
    pub(super) async fn seal_group(
        &mut self,
        group: GroupId,
        clear: &[u8],
    ) -> Result<(Vec<Draft>, Vec<u8>), Fatal> {
        let members = self.devices_in(group);
        let now = self.mint.now();
        let outbound = self.keys.outbound(group).await?;
        outbound.take_if(|session| session.is_over(&members, now));
        let session = outbound.get_or_insert_with(|| Outbound::generate(now));
        let lacking = session.lacking(&members);
        // The key as it is before the letter is sealed: it opens this one and what follows.
        let key = session.share(lacking.clone());
        let from = End { user: self.me.user.clone(), device: self.device, key: None };
        let (session, bytes) = session.seal(&encode_inside(from, None, None, clear));
        let payload = encode_envelope(&Envelope::Group { group, session, bytes });
        let users: BTreeSet<UserName> = lacking.into_iter().map(|(user, _)| user).collect();
        let mut drafts = Vec::with_capacity(users.len());
        for user in users {
            let letter = self.notice(Content::SenderKey(SenderKey { group, key: key.clone() }));
            drafts.push(self.draft_to(&letter, &user).await?);
        }
        Ok((drafts, payload))
    }

    /// The devices of the other members of a group. A member whose devices are not known yet stands there with
    /// none: the key waits for them in the outbox.
    fn devices_in(&self, group: GroupId) -> BTreeSet<(UserName, DeviceId)> {
        let mut devices = BTreeSet::new();
        for user in self.others_in(group) {
            match self.people.profile(&user).filter(|profile| !profile.devices.is_empty()) {
                Some(profile) => {
                    devices.extend(profile.devices.iter().map(|device| (user.clone(), device.id)));
                }
                None => {
                    devices.insert((user, DeviceId::from_bits(0)));
                }
            }
        }
        devices
    }
}
