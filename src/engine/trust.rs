//! Whose key is whose: what is done when another key stands for a name, and what a person decides.
//!
//! The first key that we meet for a name is the one that we know its owner by. Another key never takes its
//! place by itself: nothing more is sent to them until a person has decided, and both are written into the
//! conversation.

use std::collections::BTreeSet;

use super::command::Ticket;
use super::core::{Core, Fatal};
use super::faces::FaceId;
use super::mail::Mail;
use super::people::Met;
use super::update::{Notice, Update};
use crate::crypto::{open_bundle, open_profile};
use crate::domain::{Body, ConversationId, DeviceId, Message, MessageId, Profile, Trust, UserName};
use crate::engine::mail::Refusal;
use crate::store::Incoming as Storable;

impl Core {
    /// A profile stands at the topic of somebody else.
    pub(super) fn on_their_profile(
        &mut self,
        user: &UserName,
        payload: &[u8],
        mail: &mut Mail,
    ) -> Result<(), Refusal> {
        let profile = open_profile(user, payload)?;
        match self.people.meet(profile) {
            Met::Known => return Ok(()),
            Met::News(person) => {
                self.registrar.profile(person.profile.clone());
                mail.people.push(person);
                self.withheld.remove(user);
                self.release_outbox(user);
                self.confirm_known(user, mail);
                self.take_early_bundles(user, mail);
                self.look_again_at(user, mail);
                self.unpark.insert(user.clone());
                mail.is_key |= self.parked.contains(user);
            }
            Met::Claim(person) => {
                if let Some(claim) = &person.claim {
                    let event = self.key_event(user, claim, Body::KeyChanged);
                    mail.storable.extend(event.map(Storable::Message));
                }
                mail.people.push(person);
            }
            // Their own key stands there again.
            Met::Back(person) => {
                mail.people.push(person);
                mail.sealable.insert(user.clone());
                self.release_outbox(user);
            }
        }
        mail.changed_people.insert(user.clone());
        Ok(())
    }

    /// What is written into a conversation when the key of the other side changes; where nothing was said,
    /// there is nobody to be warned in the middle of it.
    fn key_event(&self, user: &UserName, claim: &Profile, body: Body) -> Option<Message> {
        let conversation = ConversationId::Direct(user.clone());
        self.summaries.contains_key(&conversation).then(|| {
            let now = self.mint.now();
            let name = format!("{body:?} {user} {} {}", claim.identity, now.as_millis());
            Message::new(MessageId::derived(name.as_bytes()), conversation, user.clone(), now, body)
        })
    }

    /// The keys of a device stand at its topic. They may come before the profile that names the device.
    pub(super) fn on_bundle(
        &mut self,
        user: &UserName,
        device: DeviceId,
        payload: &[u8],
        mail: &mut Mail,
    ) -> Result<(), Refusal> {
        if *user == self.me.user && device == self.device {
            self.link.bundle_seen |= payload == self.own_bundle();
            return Ok(());
        }
        let Some(keys) = self.device_of(user, device) else {
            self.people.keep_early_bundle(user, device, payload);
            return Ok(());
        };
        let bundle = open_bundle(user, &keys, payload)?;
        let first = self.keys.bundle(user, device).is_none();
        if self.keys.note_bundle(bundle.clone()) {
            mail.bundles.push(bundle);
            if first {
                mail.sealable.insert(user.clone());
                self.release_outbox(user);
            }
        }
        Ok(())
    }

    pub(super) fn take_early_bundles(&mut self, user: &UserName, mail: &mut Mail) {
        for (device, payload) in self.people.take_early_bundles(user) {
            if let Err(why) = self.on_bundle(user, device, &payload, mail) {
                tracing::debug!(%user, %device, %why, "keys that came before the profile are no good");
            }
        }
    }

    /// The person has compared the key of somebody with theirs, or takes that back.
    pub(super) async fn verify(
        &mut self,
        face: FaceId,
        user: UserName,
        verified: bool,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let Some(person) = self.people.verify(&user, verified) else {
            let why = match self.people.trust(&user) {
                Trust::Changed => format!("another key stands for `{user}` now: accept it first"),
                _ => format!("there is no key of `{user}` to compare"),
            };
            self.refuse_ticket(face, ticket, why).await;
            return Ok(());
        };
        self.store.save_people(vec![person]).await?;
        self.tell_people(vec![user]).await;
        self.faces.answer(face, Update::Agreed { ticket }).await;
        Ok(())
    }

    /// The person takes the key that stands for somebody's name now for theirs.
    pub(super) async fn accept_key(
        &mut self,
        face: FaceId,
        user: UserName,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let Some((person, before)) = self.people.accept(&user) else {
            let why = format!("the key of `{user}` has not changed");
            self.refuse_ticket(face, ticket, why).await;
            return Ok(());
        };
        self.void_comparison(&user).await;
        for device in before.devices {
            self.keys.forget_peer(&user, device.id);
        }
        let event = self.key_event(&user, &person.profile, Body::KeyAccepted);
        self.registrar.profile(person.profile.clone());
        self.store.save_people(vec![person]).await?;
        let mut mail = Mail::default();
        mail.storable.extend(event.map(Storable::Message));
        self.take_early_bundles(&user, &mut mail);
        self.look_again_at(&user, &mut mail);
        self.settle(mail).await?;
        // What was sealed for the key before is for nobody.
        self.store.unseal(user.clone()).await?;
        self.outbox.unseal(&ConversationId::Direct(user.clone()));
        self.seal_waiting(&user).await?;
        self.release_outbox(&user);
        self.tell_people(vec![user.clone()]).await;
        self.faces.answer(face, Update::Agreed { ticket }).await;
        self.unpark.insert(user);
        self.unpark().await
    }

    /// Somebody has a newer profile than the broker shows us.
    pub(super) async fn tell_withheld(&mut self, users: Vec<UserName>) {
        for user in users {
            let words = format!(
                "the broker does not show us the newest profile of `{user}`: new devices of theirs may be \
                 missing"
            );
            self.faces.tell(Update::Notice(Notice::Warning(words))).await;
        }
    }

    /// Something came in an envelope that needs a newer Cooee. It may be from anybody, so it is no part of a
    /// conversation.
    pub(super) async fn tell_newer(&mut self, users: BTreeSet<UserName>) {
        for user in users {
            if self.newer.insert(user.clone()) {
                let words = format!("something came, it says from `{user}`, that needs a newer Cooee");
                self.faces.tell(Update::Notice(Notice::Info(words))).await;
            }
        }
    }

    /// Somebody sealed two different things with one key.
    pub(super) async fn tell_cloned(&mut self, users: Vec<UserName>) {
        for user in users {
            let words = format!(
                "`{user}` runs the same account in two places, from a copy of its files: what they write may \
                 be lost"
            );
            self.faces.tell(Update::Notice(Notice::Warning(words))).await;
        }
    }
}
