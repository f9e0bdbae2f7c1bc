//! What is done when the connection comes and goes, and what is done in time.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::core::{Core, Fatal};
use super::dialer::OFFLINE_EXPIRY;
use super::known_group::KnownGroup;
use super::outgoing::Token;
use super::update::{Link, Notice, Update};
use crate::config::BrokerChoice;
use crate::crypto::{seal_bundle, seal_profile};
use crate::domain::{Availability, DeviceId, DeviceRecord, GroupId, Timestamp, Told, UserName};
use crate::mqtt::{Event, Outcome, Publish, Refusal, Request, Subscription, WILL_DELAY};
use crate::protocol::{Filter, Topic, encode_presence};
use crate::registry::OnlineRow;

/// How long the next retained record may take after the broker confirmed the subscription, and after the
/// one before it. No broker says which is the last.
const SETTLING: Duration = Duration::from_secs(2);

/// How long what the broker keeps of our own presence may take, before we put ours in its place.
const OWN_RECORD: Duration = Duration::from_millis(300);

/// How long a message rests that nobody listened for although its recipient is online.
const RETRY: Duration = Duration::from_secs(5);

/// The connection as the engine knows it, and what is to be done in time.
pub(super) struct LinkState {
    pub requests: mpsc::Sender<Request>,
    pub state: Link,
    /// Connected, and what we subscribe to is not confirmed yet.
    pub is_subscribing: bool,
    pub epoch: u64,
    /// Those of the connections of this session.
    pub epochs: BTreeSet<u64>,
    /// That of the last connection before this session; 0 if there was none.
    pub before: u64,
    /// The broker that we were connected to last, as a person would write it.
    broker: Option<String>,
    /// That of the last session, until somebody was told.
    moved_from: Option<String>,
    /// Which refusal was told last since we were connected.
    refusal_told: Option<Refusal>,
    /// When this connection was made.
    since: Timestamp,
    /// The same by the steady clock, which presence is judged by.
    steady_since: Timestamp,
    /// Whether the broker tells on this connection how long a record is still worth delivering.
    pub tells_expiry: bool,
    /// Who is kept as online by the broker, which does not say until when.
    pub undated: BTreeSet<(UserName, DeviceId)>,
    /// What the broker kept of our own presence was told on this connection.
    pub own_record_seen: bool,
    /// When we tell that we are here, if we did not yet.
    pub greet_at: Option<Instant>,
    /// Our own profile stands at its topic.
    pub profile_seen: bool,
    /// Our own keys stand at their topic.
    pub bundle_seen: bool,
    refresh_at: Option<Instant>,
    settle_at: Option<Instant>,
    /// Whether a connection of this session ever got all that the broker keeps.
    pub has_settled: bool,
    cut_off_at: Option<Instant>,
    retry_at: Option<Instant>,
}

impl LinkState {
    pub fn new(requests: mpsc::Sender<Request>, before: u64, broker: Option<String>) -> Self {
        Self {
            requests,
            state: Link::Connecting,
            is_subscribing: false,
            epoch: 0,
            epochs: BTreeSet::new(),
            before,
            moved_from: broker.clone(),
            broker,
            refusal_told: None,
            since: Timestamp::EPOCH,
            steady_since: Timestamp::EPOCH,
            tells_expiry: false,
            undated: BTreeSet::new(),
            own_record_seen: false,
            greet_at: None,
            profile_seen: false,
            bundle_seen: false,
            refresh_at: None,
            settle_at: None,
            has_settled: false,
            cut_off_at: None,
            retry_at: None,
        }
    }

    pub fn is_up(&self) -> bool {
        self.state == Link::Up
    }

    /// Whether what the broker keeps may still be on its way.
    pub fn is_settling(&self) -> bool {
        self.settle_at.is_some()
    }

    /// Something that the broker keeps came in: more of it may be on its way.
    pub fn retained_came(&mut self) {
        if let Some(at) = &mut self.settle_at {
            *at = Instant::now() + SETTLING;
        }
    }

    /// Something waits in the outbox for somebody who is online: tries again in a while.
    pub fn retry_later(&mut self) {
        self.retry_at.get_or_insert(Instant::now() + RETRY);
    }

    /// Whether this tells that the broker took our goodbye, or that it will not come to that.
    pub fn is_goodbye(&self, event: &Event) -> bool {
        match event {
            Event::Published { token, .. } => Token::from(*token) == Token::Goodbye,
            Event::Down { .. } | Event::Closed => true,
            _ => false,
        }
    }
}

/// So long before, by the steady clock.
fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(at.as_millis().saturating_sub(by))
}

impl Core {
    pub(super) async fn on_link_event(&mut self, event: Event) -> Result<(), Fatal> {
        match event {
            Event::Connecting => self.tell_link(Link::Connecting).await,
            Event::Up { epoch } => self.on_up(epoch).await,
            Event::Subscribed { filters, refused } => {
                self.on_rooms_subscribed(&filters, &refused).await?;
                self.on_subscribed(refused).await?;
            }
            Event::Unsubscribed(filters) => self.on_unsubscribed(&filters).await?,
            Event::Down { reason, retry_in, refusal } => {
                // In full, once: the state of the link has room for a few words alone.
                if refusal.is_some() && self.link.refusal_told != refusal {
                    self.link.refusal_told = refusal;
                    self.faces.tell(Update::Notice(Notice::Warning(reason.clone()))).await;
                }
                self.link.is_subscribing = false;
                self.link.refresh_at = None;
                self.link.settle_at = None;
                self.outbox.restart();
                self.resends.restart();
                self.files.restart();
                self.link.cut_off_at.get_or_insert(Instant::now() + WILL_DELAY);
                self.agree_to_join().await;
                self.tell_link(Link::Down { reason, retry_in }).await;
            }
            Event::Incoming(_) | Event::Published { .. } | Event::Closed => {}
        }
        Ok(())
    }

    async fn tell_link(&mut self, state: Link) {
        if self.link.state != state {
            self.link.state = state.clone();
            self.faces.tell(Update::Link(state)).await;
        }
    }

    /// Connected. Everything is asked for again, whatever the broker remembers.
    async fn on_up(&mut self, epoch: u64) {
        self.link.refusal_told = None;
        self.link.is_subscribing = true;
        self.link.epoch = epoch;
        self.link.epochs.insert(epoch);
        self.link.since = self.mint.now();
        self.link.steady_since = self.mint.steady();
        self.link.tells_expiry = false;
        self.link.undated.clear();
        self.link.own_record_seen = false;
        self.link.greet_at = None;
        self.link.profile_seen = false;
        self.link.bundle_seen = false;
        self.outbox.restart();
        self.groups.restart();
        let left: Vec<String> =
            self.groups.to_unsubscribe().flat_map(|id| self.group_filters(id)).collect();
        let rooms_left = self.rooms.to_unsubscribe();
        let rooms_left = rooms_left.map(|room| self.setup.root.filter(&Filter::Open(room.clone())));
        let left: Vec<String> = left.into_iter().chain(rooms_left).collect();
        if !left.is_empty() {
            self.ask(Request::Unsubscribe(left)).await;
        }
        let me = &self.me.user;
        let mut wanted = vec![
            self.subscription(&Filter::Inbox(me.clone())),
            self.subscription(&Filter::LiveTo(me.clone())),
            self.subscription(&Filter::Profiles),
            self.subscription(&Filter::Keys),
            self.subscription(&Filter::Presence),
            self.subscription(&Filter::Directory),
        ];
        let groups: Vec<GroupId> = self.groups.joined().map(|group| group.id).collect();
        wanted.extend(groups.into_iter().flat_map(|id| self.group_subscriptions(id)));
        let rooms = self.rooms.joined().map(|room| self.subscription(&Filter::Open(room.clone())));
        wanted.extend(rooms);
        self.ask(Request::Subscribe(wanted)).await;
    }

    /// All is subscribed to: now others may know that we are here.
    async fn on_subscribed(&mut self, refused: Vec<(String, String)>) -> Result<(), Fatal> {
        for (filter, reason) in refused {
            let words = format!("the broker refuses to let us read `{filter}`: {reason}");
            tracing::warn!("{words}");
            self.faces.tell(Update::Notice(Notice::Warning(words))).await;
        }
        if self.link.is_up() {
            return Ok(());
        }
        self.link.is_subscribing = false;
        let now = Instant::now();
        self.link.cut_off_at = None;
        self.link.settle_at = Some(now + SETTLING);
        self.link.refresh_at = Some(now + self.setup.online_lasts / 2);
        // A device that was never here before is made known at once: what it says is opened by that.
        if self.link.before == 0 {
            self.publish_bundle().await;
            self.publish_profile().await;
        }
        // Whether a copy of us was here is told by what the broker kept, which our own word replaces: some
        // brokers tell it a moment after they confirmed the subscription.
        match self.link.own_record_seen {
            true => self.publish_presence(true).await,
            false => self.link.greet_at = Some(now + OWN_RECORD),
        }
        self.note_broker().await?;
        self.tell_link(Link::Up).await;
        self.repeat_steps().await
    }

    async fn note_broker(&mut self) -> Result<(), Fatal> {
        let broker = self.setup.broker_label();
        if self.link.broker.as_ref() != Some(&broker) {
            self.link.broker = Some(broker.clone());
            self.store.note_broker(broker).await?;
        }
        Ok(())
    }

    /// The broker that we were on before this one, if that is another: said once, and not to somebody who named this one.
    pub(super) fn moved_from(&mut self) -> Option<String> {
        let here = self.setup.broker_label();
        let is_meant = self.setup.broker != BrokerChoice::BuiltIn;
        self.link.moved_from.take().filter(|before| *before != here && !is_meant)
    }

    /// The broker forgot a group or a room that we left.
    async fn on_unsubscribed(&mut self, filters: &[String]) -> Result<(), Fatal> {
        self.on_rooms_unsubscribed(filters).await?;
        let done = |id: &GroupId| filters.contains(&self.setup.root.filter(&Filter::Group(*id)));
        let ids: Vec<GroupId> = self.groups.to_unsubscribe().filter(done).collect();
        for id in ids {
            if let Some(known) = self.groups.get_mut(id) {
                known.unsubscribe = false;
                let stored = known.stored();
                self.store.save_group(stored).await?;
            }
        }
        Ok(())
    }

    pub(super) fn subscription(&self, filter: &Filter) -> Subscription {
        let at_least_once = matches!(filter, Filter::Inbox(_) | Filter::Group(_) | Filter::Open(_));
        // Our own records of state come back to us, so that we see when somebody overwrote them.
        let echo =
            matches!(filter, Filter::Profiles | Filter::Keys | Filter::Presence | Filter::Directory);
        Subscription { filter: self.setup.root.filter(filter), at_least_once, echo }
    }

    pub(super) fn group_subscriptions(&self, id: GroupId) -> [Subscription; 2] {
        [self.subscription(&Filter::Group(id)), self.subscription(&Filter::LiveIn(id))]
    }

    pub(super) fn group_filters(&self, id: GroupId) -> [String; 2] {
        [self.setup.root.filter(&Filter::Group(id)), self.setup.root.filter(&Filter::LiveIn(id))]
    }

    async fn publish_state(
        &mut self,
        topic: Topic,
        payload: Vec<u8>,
        expiry: Option<Duration>,
        token: Token,
    ) {
        let (topic, token) = (self.topic(&topic), Some(token.into()));
        let publish = Publish { topic, payload, retain: true, expiry, token };
        self.ask(Request::Publish(publish)).await;
    }

    /// Tells everybody that we are here, or that we go.
    pub(super) async fn publish_presence(&mut self, online: bool) {
        let (expiry, token) = match online {
            true => (self.setup.online_lasts, Token::State),
            false => (OFFLINE_EXPIRY, Token::Goodbye),
        };
        let since = if online { self.link.since } else { self.mint.now() };
        let record = DeviceRecord { epoch: self.link.epoch, online, since };
        let topic = Topic::Presence(self.me.user.clone(), self.device);
        self.publish_state(topic, encode_presence(record), Some(expiry), token).await;
    }

    pub(super) async fn publish_profile(&mut self) {
        let topic = Topic::Profile(self.me.user.clone());
        let payload = seal_profile(&self.me, &self.keys.identity);
        self.publish_state(topic, payload, None, Token::State).await;
    }

    /// The keys that we publish for those who write to us first.
    pub(super) fn own_bundle(&self) -> Vec<u8> {
        seal_bundle(&self.me.user, &self.keys.device)
    }

    async fn publish_bundle(&mut self) {
        let topic = Topic::Keys(self.me.user.clone(), self.device);
        let payload = self.own_bundle();
        self.publish_state(topic, payload, None, Token::State).await;
    }

    /// Takes a new key for first messages when the time has come.
    async fn renew_keys(&mut self) -> Result<(), Fatal> {
        let now = self.mint.now();
        if self.keys.device.renew(now) {
            self.keys.device_changed();
            self.store.save_secrets(self.keys.changed()).await?;
            self.publish_bundle().await;
        }
        Ok(())
    }

    /// Publishes the cards that are due; a group without members, or by invitation, has none.
    pub(super) async fn publish_cards(&mut self) {
        if !self.link.is_up() {
            return;
        }
        while let Some(id) = self.groups.cards_due.pop_first() {
            let Some(payload) = self.groups.get(id).map(KnownGroup::card) else { continue };
            self.publish_state(Topic::Directory(id), payload, None, Token::State).await;
        }
    }

    /// What our own presence topic says was changed by somebody else, such as a will that came late:
    /// whether ours must be said again.
    pub(super) fn is_foreign_presence(&self, record: Option<DeviceRecord>) -> bool {
        self.link.is_up() && record.is_none_or(|r| r.epoch != self.link.epoch || !r.online)
    }

    /// Who did not repeat that they are online for so long is taken for gone: one and a half intervals.
    /// Brokers forget an expiry over a restart, so it cannot be left to them.
    fn silence(&self) -> Duration {
        self.setup.online_lasts * 3 / 4
    }

    /// When somebody said what we are told now: what a broker kept tells its age by how long it is still
    /// worth delivering.
    pub(super) fn told(&self, record: DeviceRecord, retained: bool, expiry: Option<Duration>) -> Told {
        let now = self.mint.steady();
        let age = match expiry.filter(|_| retained && record.online) {
            Some(left) => self.setup.online_lasts.saturating_sub(left),
            None => Duration::ZERO,
        };
        let said_at = earlier(now, age);
        let silent = (age >= self.silence()).then(|| self.mint.on_the_wall(said_at));
        Told { told_at: now, said_at, silent }
    }

    /// The next instant at which something is to be done.
    pub(super) fn next_deadline(&self) -> Instant {
        let now = Instant::now();
        let far = now + Duration::from_secs(3600);
        let silence = self.people.presence.next_expiry(self.silence());
        let silence = silence.map(|at| now + at.since(self.mint.steady()) + Duration::from_millis(1));
        let timers = [
            self.link.refresh_at,
            self.link.greet_at,
            self.link.settle_at,
            self.link.cut_off_at,
            self.link.retry_at,
            // While the broker has not confirmed the subscriptions nothing goes out.
            self.resends.next_due().filter(|_| self.link.is_up()),
            self.files.next_due().filter(|_| self.link.is_up()),
            self.gaps.due(),
            self.marks.due(),
            self.groups.next_deadline(),
            self.comparing.next_end(),
            self.next_end(),
            silence,
        ];
        timers.into_iter().flatten().min().unwrap_or(far)
    }

    pub(super) async fn on_deadline(&mut self) -> Result<(), Fatal> {
        let now = Instant::now();
        let due = |timer: &mut Option<Instant>| timer.take_if(|at| *at <= now).is_some();
        let refresh = due(&mut self.link.refresh_at);
        let greet = due(&mut self.link.greet_at);
        let settle = due(&mut self.link.settle_at);
        let cut_off = due(&mut self.link.cut_off_at);
        if refresh {
            self.link.refresh_at = Some(now + self.setup.online_lasts / 2);
            self.publish_presence(true).await;
            self.renew_keys().await?;
        }
        if greet {
            self.publish_presence(true).await;
        }
        if due(&mut self.link.retry_at) {
            self.outbox.release_all();
        }
        self.groups.correct(now);
        self.wonder(now).await?;
        self.tell_read(now).await?;
        self.end_late_comparisons(now).await?;
        if self.gaps.take_due(now) {
            self.ask_for_missing().await?;
        }
        if settle {
            self.on_settled().await?;
        }
        if cut_off {
            // We know of nobody any more; their records come again with the connection.
            self.registrar.blind();
            let all = self.mint.steady().plus(Duration::from_millis(1));
            let gone = self.people.presence.expire_untold(all, |at| self.mint.on_the_wall(at));
            self.tell_gone(gone).await?;
        }
        let deadline = earlier(self.mint.steady(), self.silence());
        let gone = self.people.presence.expire(deadline, |at| self.mint.on_the_wall(at));
        self.tell_gone(gone).await
    }

    /// All that the broker keeps was told.
    async fn on_settled(&mut self) -> Result<(), Fatal> {
        self.link.has_settled = true;
        if !self.link.profile_seen {
            self.publish_profile().await;
        }
        self.renew_keys().await?;
        if !self.link.bundle_seen {
            self.publish_bundle().await;
        }
        for id in self.groups.settle() {
            self.registrar.no_group(id);
            self.faces.tell(Update::GroupGone(id)).await;
        }
        // Another Cooee that shares the files may have crashed in the middle of a change.
        let online: Vec<UserName> = self.people.presence.online().cloned().collect();
        for user in &online {
            self.note_availability(user);
        }
        let on_the_wall = |at| self.mint.on_the_wall(at);
        let mut gone = self.people.presence.expire_untold(self.link.steady_since, on_the_wall);
        // A broker that tells an expiry and has none for this record forgot it when it was restarted: the
        // record is from before that, and so is the connection that it speaks of.
        if self.link.tells_expiry {
            gone.extend(self.people.presence.doubt(&self.link.undated, on_the_wall));
        }
        self.tell_gone(gone).await?;
        // Whoever is online now was told so before we could see them: they may lack what we sent.
        let online: Vec<UserName> =
            self.resends.debtors().filter(|user| self.people.is_online(user)).cloned().collect();
        for user in online {
            self.resends.seen(&user, Instant::now());
        }
        self.knock_again().await?;
        if !self.store.missing_of().await?.is_empty() {
            self.gaps.found();
        }
        Ok(())
    }

    async fn tell_gone(&mut self, gone: Vec<UserName>) -> Result<(), Fatal> {
        let mut seen = Vec::new();
        for user in &gone {
            seen.extend(self.note_availability(user).map(|at| (user.clone(), at)));
            self.resends.gone(user);
            self.files.gone(user);
        }
        if !seen.is_empty() {
            self.store.save_last_seen(seen).await?;
        }
        self.tell_people(gone).await;
        Ok(())
    }

    /// Somebody came or went: writes it into `Online.csv`, and returns when they were last seen if that
    /// is news.
    pub(super) fn note_availability(&mut self, user: &UserName) -> Option<Timestamp> {
        match self.people.presence.availability(user) {
            Availability::Online { since } => {
                let mobile = if *user == self.me.user {
                    self.me.mobile.as_ref()
                } else {
                    self.people.mobile(user)
                };
                self.registrar.online(OnlineRow { user: user.clone(), mobile: mobile.cloned(), since });
                None
            }
            Availability::Offline { last_seen } => {
                self.registrar.offline(user.clone());
                let now = self.mint.now();
                let last_seen = last_seen.map(|at| at.min(now));
                last_seen.filter(|at| self.people.note_last_seen(user, *at, now))
            }
        }
    }

    /// The broker refused something that is no message.
    pub(super) async fn on_state_refused(&mut self, outcome: Outcome) {
        if let Outcome::Refused(reason) = outcome {
            let words = format!("the broker refuses what we tell about ourselves: {reason}");
            self.faces.tell(Update::Notice(Notice::Warning(words))).await;
        }
    }
}
