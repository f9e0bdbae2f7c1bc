//! Open rooms: going in and out, what is said there, and what we say.
//!
//! Nothing in them is encrypted, signed or confirmed by anybody but the broker, so nothing that holds elsewhere
//! holds here: who speaks is what the topic claims, and so is when, but for the order, which is that of arrival;
//! there are no receipts and no typing notices; our other
//! devices are in the rooms that they joined themselves, and hear us as anybody does. What comes in never becomes
//! part of another conversation, and gets an id that no speaker can choose.
//!
//! A room is in nobody's list: to join is to subscribe, at QoS 1 in the session that outlives the connection, so
//! that the broker keeps what is said while we are away. What it keeps *retained* it tells at the first
//! subscription, and brokers that tell it again are seen through (`store::rooms`).

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::command::Ticket;
use super::core::{Core, Fatal};
use super::faces::FaceId;
use super::mail::{Mail, Refusal};
use super::pace::{Pace, Verdict};
use super::update::{Notice, Update};
use crate::domain::{Body, ConversationId, Delivery, Message, MessageText, RoomName, UserName};
use crate::failpoints::kill_point;
use crate::mqtt::{Request, SESSION_EXPIRY};
use crate::protocol::{Filter, Plain, Topic, decode_plain, encode_plain, limits};
use crate::store::{Draft, Incoming as Storable, Overheard, StoredRoom};

/// Most rooms that one is in. Each may be full of strangers.
const MOST: usize = 32;

/// How long ago somebody may have written what comes now: no broker keeps it for longer. A device without a clock
/// says that it is 1970.
const OLDEST: Duration = SESSION_EXPIRY;

/// The rooms that we are in, and those that the broker still thinks we are in.
#[derive(Default)]
pub(super) struct Rooms {
    /// Whether we are in.
    known: BTreeMap<RoomName, bool>,
    /// Whom the broker keeps waiting for its word about a room.
    joining: Vec<(RoomName, FaceId, Ticket)>,
    paces: BTreeMap<RoomName, Pace>,
}

impl Rooms {
    pub fn new(known: Vec<StoredRoom>) -> Self {
        let known = known.into_iter().map(|StoredRoom { room, joined }| (room, joined)).collect();
        Self { known, ..Self::default() }
    }

    pub fn is_in(&self, room: &RoomName) -> bool {
        self.known.get(room) == Some(&true)
    }

    /// Those that we are in.
    pub fn joined(&self) -> impl Iterator<Item = &RoomName> {
        self.known.iter().filter(|(_, joined)| **joined).map(|(room, _)| room)
    }

    /// Those that we left, which the broker has to be told.
    pub fn to_unsubscribe(&self) -> impl Iterator<Item = &RoomName> {
        self.known.iter().filter(|(_, joined)| !**joined).map(|(room, _)| room)
    }
}

/// Something that came in, as far as the broker tells.
pub(super) struct Spoken<'a> {
    pub room: RoomName,
    /// Who claims to speak.
    pub from: UserName,
    pub payload: &'a [u8],
    /// Whether it may have been told before.
    pub repeated: bool,
}

impl Core {
    pub(super) async fn join_room(
        &mut self,
        face: FaceId,
        room: RoomName,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        if !self.rooms.is_in(&room) {
            if self.rooms.joined().count() >= MOST {
                let why = format!("you are in {MOST} open rooms, which is the most: leave one first");
                self.refuse_ticket(face, ticket, why).await;
                return Ok(());
            }
            self.store.save_room(StoredRoom { room: room.clone(), joined: true }).await?;
            self.rooms.known.insert(room.clone(), true);
            let wish = self.subscription(&Filter::Open(room.clone()));
            self.ask(Request::Subscribe(vec![wish])).await;
            self.tell_rooms().await;
            // Whoever hears that it is done may rely on being heard. Without a connection it is done with the next.
            if self.link.is_up() {
                self.rooms.joining.push((room, face, ticket));
                return Ok(());
            }
        }
        self.faces.answer(face, Update::Agreed { ticket }).await;
        Ok(())
    }

    pub(super) async fn leave_room(
        &mut self,
        face: FaceId,
        room: RoomName,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        if !self.rooms.is_in(&room) {
            let why = format!("you are not in {}{room}", RoomName::SIGN);
            self.refuse_ticket(face, ticket, why).await;
            return Ok(());
        }
        self.store.save_room(StoredRoom { room: room.clone(), joined: false }).await?;
        self.rooms.known.insert(room.clone(), false);
        self.rooms.paces.remove(&room);
        let filter = self.setup.root.filter(&Filter::Open(room.clone()));
        self.ask(Request::Unsubscribe(vec![filter])).await;
        // Nobody looks there any more.
        let read = self.store.mark_read(ConversationId::Room(room)).await?;
        self.tell_summary(read).await;
        self.tell_rooms().await;
        self.faces.answer(face, Update::Agreed { ticket }).await;
        Ok(())
    }

    /// The broker answered a subscription.
    pub(super) async fn on_rooms_subscribed(
        &mut self,
        filters: &[String],
        refused: &[(String, String)],
    ) -> Result<(), Fatal> {
        if self.rooms.joining.is_empty() {
            return Ok(());
        }
        let filter_of = |room: &RoomName| self.setup.root.filter(&Filter::Open(room.clone()));
        let answered = |(room, ..): &mut (RoomName, FaceId, Ticket)| filters.contains(&filter_of(room));
        let answered: Vec<_> = self.rooms.joining.extract_if(.., answered).collect();
        for (room, face, ticket) in answered {
            let filter = self.setup.root.filter(&Filter::Open(room.clone()));
            let Some((_, reason)) = refused.iter().find(|(refused, _)| *refused == filter) else {
                self.faces.answer(face, Update::Agreed { ticket }).await;
                continue;
            };
            self.refuse_ticket(face, ticket, format!("the broker does not let us read it: {reason}"))
                .await;
            self.store.save_room(StoredRoom { room: room.clone(), joined: false }).await?;
            self.store.forget_room(room.clone()).await?;
            self.rooms.known.remove(&room);
            self.tell_rooms().await;
        }
        Ok(())
    }

    /// The connection is lost: who waits for the broker's word need not, for we subscribe with the next one.
    pub(super) async fn agree_to_join(&mut self) {
        for (_, face, ticket) in std::mem::take(&mut self.rooms.joining) {
            self.faces.answer(face, Update::Agreed { ticket }).await;
        }
    }

    /// The broker forgot rooms that we left.
    pub(super) async fn on_rooms_unsubscribed(&mut self, filters: &[String]) -> Result<(), Fatal> {
        let done =
            |room: &&RoomName| filters.contains(&self.setup.root.filter(&Filter::Open((*room).clone())));
        let rooms: Vec<RoomName> = self.rooms.to_unsubscribe().filter(done).cloned().collect();
        for room in rooms {
            self.rooms.known.remove(&room);
            self.store.forget_room(room).await?;
        }
        Ok(())
    }

    async fn tell_rooms(&mut self) {
        let rooms = self.rooms.joined().cloned().collect();
        self.faces.tell(Update::Rooms(rooms)).await;
    }

    /// Something is said in an open room.
    pub(super) fn on_open(&mut self, spoken: Spoken<'_>, mail: &mut Mail) -> Result<(), Refusal> {
        let Spoken { room, from, payload, repeated } = spoken;
        // What still comes after we left is nothing to us.
        if !self.rooms.is_in(&room) || self.people.is_blocked(&from) {
            return Ok(());
        }
        // Before it is read: also what makes no sense costs time.
        let now = Instant::now();
        let pace = self.rooms.paces.entry(room.clone()).or_insert_with(|| Pace::new(now));
        match pace.note(&from, now) {
            Verdict::Take => {}
            Verdict::Drop => return Ok(()),
            Verdict::Tell(count) => {
                mail.thrown_away.push((room, count));
                return Ok(());
            }
        }
        let Some(plain) = decode_plain(payload)? else { return Ok(()) };
        let tag = plain.tag(&room, &from, payload);
        let Plain { text, id, sent_at } = plain;
        let is_ours = from == self.me.user;
        let echo_of = id.as_ref().filter(|_| is_ours).and_then(|id| id.parse().ok());
        let received_at = self.mint.now();
        let credible = |at: &_| *at <= received_at && received_at.since(*at) <= OLDEST;
        let conversation = ConversationId::Room(room);
        let thread = self.threads.entry(conversation.clone()).or_default();
        // In the order in which it comes: nobody can write above what was there, and most tell no time.
        let sent_at = sent_at.filter(credible).unwrap_or(received_at).max(thread.stamp);
        thread.stamp = sent_at;
        let message = Message {
            received_at,
            // Ours from elsewhere, as far as the topic tells. It is not unseen: nobody waits to hear that it was read.
            delivery: is_ours.then_some(Delivery::Sent),
            ..Message::new(
                self.mint.message().0,
                conversation,
                from,
                sent_at,
                text.map_or(Body::Unsupported, Body::Text),
            )
        };
        let named = id.is_some();
        mail.storable.push(Storable::Overheard(Overheard { message, tag, named, repeated, echo_of }));
        Ok(())
    }

    /// Tells that open rooms said more than is taken in.
    pub(super) async fn tell_thrown_away(&mut self, thrown_away: Vec<(RoomName, u64)>) {
        for (room, count) in thrown_away {
            let what = match count {
                1 => "a message was".to_owned(),
                n => format!("{n} messages were"),
            };
            let words = format!(
                "too much is said in {}{room} at once: {what} thrown away, and so is what follows as fast",
                RoomName::SIGN
            );
            tracing::warn!("{words}");
            self.faces.tell(Update::Notice(Notice::Warning(words))).await;
        }
    }

    /// Says something in an open room, whether we are in or not. It waits in the outbox until the broker has it,
    /// and nobody is to confirm it.
    pub(super) async fn speak(
        &mut self,
        face: FaceId,
        room: RoomName,
        text: MessageText,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let to = ConversationId::Room(room.clone());
        let (id, now) = self.mint.message();
        let sent_at = self.threads.get(&to).map_or(now, |thread| thread.stamp.max(now));
        let Ok(payload) = encode_plain(id, sent_at, &text) else {
            let why =
                format!("what is said at once in an open room has at most {} bytes", limits::PLAIN);
            self.refuse_ticket(face, ticket, why).await;
            return Ok(());
        };
        self.threads.entry(to.clone()).or_default().stamp = sent_at;
        let draft = Draft {
            topic: self.topic(&Topic::Open { room, from: self.me.user.clone() }),
            clear: payload.clone(),
            payload: Some(payload),
            letter: id,
            to: to.clone(),
            recipients: Vec::new(),
            number: None,
            ends_at: None,
        };
        let message = Message {
            received_at: self.mint.now(),
            delivery: Some(Delivery::Queued),
            ..Message::new(id, to, self.me.user.clone(), sent_at, Body::Text(text))
        };
        kill_point("send: before it is stored");
        let queued = self.store.queue(Some(message), vec![draft], None, Vec::new()).await?;
        kill_point("send: stored");
        self.outbox.more();
        self.faces.tell_stored(queued.message.into_iter().collect(), Some((face, ticket))).await;
        self.tell_summary(queued.summary).await;
        Ok(())
    }
}
