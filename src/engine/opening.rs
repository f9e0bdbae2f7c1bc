//! From the bytes that come in to a letter.
//!
//! The topic names the sender, the broker names the topic, and neither is believed: the keys that open a
//! ciphertext come from the profile that we know the sender by, and who writes to whom stands inside again.
//! What cannot be opened because we know too little yet is kept until we know more. What cannot be opened
//! because its key was used is a repetition, and confirmed again; or it is lost, and its sender is asked to seal
//! it anew.

use tokio::time::Instant;

use super::core::{Core, Fatal};
use super::mail::{Mail, Refusal, Sender};
use crate::crypto::{Closed, Unopened, tag};
use crate::domain::{DeviceId, DeviceKeys, GroupId, MessageId, Timestamp, UserName};
use crate::protocol::{
    Ciphertext, Content, End, Envelope, FileWord, Inside, Letter, Receipt, Stage, decode_envelope,
    decode_inside,
};
use crate::store::{self, Incoming as Storable};

/// What became of something that came in.
pub(super) enum Outcome {
    /// This was in it.
    Letter(Box<Letter>),
    /// It is kept until it can be opened.
    Later,
    /// There is nothing to do with it.
    Nothing,
}

impl Core {
    /// Opens what came from this sender: into our inbox, or in a group.
    pub(super) async fn open(
        &mut self,
        from: &Sender,
        group: Option<GroupId>,
        payload: &[u8],
        mail: &mut Mail,
    ) -> Result<Result<Outcome, Refusal>, Fatal> {
        let envelope = match decode_envelope(payload) {
            Ok(envelope) => envelope,
            Err(malformed) => return Ok(Err(malformed.into())),
        };
        match envelope {
            Envelope::Direct(_) if group.is_some() => Ok(Err(Refusal::Misplaced)),
            Envelope::Direct(mut to) => {
                let ciphertext = to.remove(&self.device);
                self.open_direct(from, ciphertext, mail).await
            }
            Envelope::Group { group: named, session, bytes } => {
                if group.is_some_and(|group| group != named) {
                    return Ok(Err(Refusal::Misplaced));
                }
                self.open_group(from, (named, group.is_none()), &session, &bytes, mail).await
            }
            // Anybody could have written it: it is nobody's word.
            Envelope::Newer => Ok(Err(Refusal::Newer)),
        }
    }

    async fn open_direct(
        &mut self,
        from: &Sender,
        ciphertext: Option<Ciphertext>,
        mail: &mut Mail,
    ) -> Result<Result<Outcome, Refusal>, Fatal> {
        let (user, device) = from;
        let Some(theirs) = self.device_of(user, *device) else {
            return Ok(Ok(Outcome::Later));
        };
        // Sealed when its sender did not know this device yet.
        let Some(ciphertext) = ciphertext else {
            mail.lost.insert(from.clone());
            return Ok(Ok(Outcome::Nothing));
        };
        let tag = tag(&[&[ciphertext.kind], &ciphertext.bytes]);
        let now = Instant::now();
        let (peer, own, beginnings) = self.keys.peer_to_open(user, *device).await?;
        let opened = match peer.open(own, &theirs, &ciphertext, || beginnings.allow(now)) {
            Ok(opened) => opened,
            Err(why @ (Closed::Used | Closed::NoSession)) => {
                if why == Closed::NoSession {
                    beginnings.came_to_nothing(now);
                }
                mail.storable.push(Storable::Used { tag, sender: user.clone(), device: *device });
                return Ok(Ok(Outcome::Nothing));
            }
            Err(Closed::TooMany) => return Ok(Ok(Outcome::Nothing)),
            Err(Closed::Malformed) => return Ok(Err(Refusal::Forged)),
        };
        let begun = opened.begun.is_some();
        let letter = match decode_inside(&opened.plaintext) {
            Ok(Some(inside)) if self.is_between(&inside, from, &theirs, begun) => {
                self.note_versions(user, inside.versions, mail);
                Ok(inside.letter)
            }
            Ok(Some(_)) => Err(Refusal::Forged),
            Ok(None) => Ok(newer(&opened.plaintext)),
            Err(malformed) => Err(malformed.into()),
        };
        // A session that begins with no letter of theirs, or with one that was opened before, goes before
        // anything is sealed with it: the broker can begin as many as it likes with one first message.
        let is_news = match &letter {
            Ok(letter) => begun && !self.was_opened(user, letter.id, mail).await?,
            Err(_) => false,
        };
        if let Some(session) = opened.begun {
            match &letter {
                Ok(letter) if is_news => mail.begun.push((letter.id, from.clone(), session)),
                _ => self.keys.throw_away(user, *device, &session),
            }
        }
        let letter = match letter {
            Ok(letter) => letter,
            Err(refusal) => return Ok(Err(refusal)),
        };
        mail.storable.push(Storable::Opened(store::Opened {
            tag,
            print: None,
            sender: user.clone(),
            letter: letter.id,
            // What is thrown away is never confirmed, also not when it comes again after that was taken back.
            awaited: !is_passing(&letter.content) && !self.people.is_blocked(user),
        }));
        Ok(Ok(Outcome::Letter(Box::new(letter))))
    }

    /// Whether a letter of this user was opened before: in what is stored, or is about to be.
    async fn was_opened(
        &mut self,
        user: &UserName,
        letter: MessageId,
        mail: &Mail,
    ) -> Result<bool, Fatal> {
        let same = |opened: &store::Opened| opened.letter == letter && opened.sender == *user;
        let pending = |storable: &Storable| matches!(storable, Storable::Opened(o) if same(o));
        let is_pending = mail.storable.iter().any(pending);
        Ok(is_pending || self.store.was_opened(letter, user.clone()).await?)
    }

    /// Whether it was sealed by this sender for this device of ours. What begins a session also names the keys.
    fn is_between(&self, inside: &Inside, from: &Sender, theirs: &DeviceKeys, begun: bool) -> bool {
        let ours = self.keys.device.keys();
        let is = |end: &End, user: &UserName, device: DeviceId, key| {
            end.user == *user
                && end.device == device
                && match end.key {
                    Some(named) => named == key,
                    None => !begun,
                }
        };
        let to_us = |end: &End| is(end, &self.me.user, ours.id, ours.signing);
        is(&inside.from, &from.0, from.1, theirs.signing) && inside.to.as_ref().is_some_and(to_us)
    }

    async fn open_group(
        &mut self,
        from: &Sender,
        (group, to_inbox): (GroupId, bool),
        session: &str,
        bytes: &[u8],
        mail: &mut Mail,
    ) -> Result<Result<Outcome, Refusal>, Fatal> {
        // What still comes after we left is nothing to us.
        if !self.groups.is_member(group) {
            return Ok(Ok(Outcome::Nothing));
        }
        let (user, device) = from;
        let now = self.mint.now();
        let inbound = self.keys.inbound(group, user, *device).await?;
        let said = match inbound.open(session, bytes, now) {
            Ok(said) => said,
            Err(Unopened::NoKey) => return Ok(Ok(Outcome::Later)),
            Err(Unopened::Before) => {
                // It came to our inbox: its sender thinks that it is for us.
                if to_inbox {
                    mail.lost.insert(from.clone());
                }
                return Ok(Ok(Outcome::Nothing));
            }
            Err(Unopened::Malformed) => return Ok(Err(Refusal::Forged)),
        };
        if said.changed {
            self.keys.inbound_changed(group, user.clone(), *device);
        }
        let letter =
            match decode_inside(&said.plaintext) {
                Ok(Some(Inside {
                    from: End { user: named, device: on, .. }, to: None, letter, ..
                })) if named == *user && on == *device && letter.group == Some(group) => letter,
                Ok(Some(_)) => return Ok(Err(Refusal::Forged)),
                Ok(None) => Letter { group: Some(group), ..newer(&said.plaintext) },
                Err(malformed) => return Ok(Err(malformed.into())),
            };
        let index = said.index.to_be_bytes();
        mail.storable.push(Storable::Opened(store::Opened {
            tag: tag(&[group.to_string().as_bytes(), session.as_bytes(), &index]),
            print: Some(said.print()),
            sender: user.clone(),
            letter: letter.id,
            awaited: !self.people.is_blocked(user),
        }));
        Ok(Ok(Outcome::Letter(Box::new(letter))))
    }

    /// Who knows which profile: the broker keeps one from the other if it is behind.
    fn note_versions(&mut self, user: &UserName, versions: Option<(u64, u64)>, mail: &mut Mail) {
        let Some((theirs, ours)) = versions else { return };
        // Our own devices tell each other by the profile itself.
        if *user == self.me.user {
            return;
        }
        let known = self.people.profile(user).map_or(0, |profile| profile.version);
        if theirs > known && self.withheld.insert(user.clone()) {
            mail.withheld.push(user.clone());
        }
        mail.profile_overwritten |= ours < self.me.version && self.behind.insert(user.clone());
    }
}

/// Whether nobody waits to hear that it came.
fn is_passing(content: &Content) -> bool {
    let receipt = matches!(content, Content::Receipt(Receipt { stage: Stage::Delivered, .. }));
    let ours = matches!(content, Content::Copy(_) | Content::ReadUpTo(_));
    let file = matches!(content, Content::File(FileWord::Pull { .. } | FileWord::Gone { .. }));
    receipt || ours || file || matches!(content, Content::Missing(_) | Content::Unreadable)
}

/// What only a newer Cooee understands. It has no id that we could read: one made from its bytes keeps
/// repetitions apart from news.
fn newer(bytes: &[u8]) -> Letter {
    Letter {
        id: MessageId::derived(bytes),
        sent_at: Timestamp::EPOCH,
        group: None,
        number: None,
        stand: None,
        life: None,
        content: Content::Newer,
    }
}
