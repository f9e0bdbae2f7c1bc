//! Comparing emoji with somebody, while both are here.
//!
//! The steps travel as letters that nobody confirms and that the broker drops after ten minutes, when the
//! comparison is over anyway; they are in no outbox. What was on its way when the connection broke is sealed and
//! sent once more when it is back: a step may come twice. One device of theirs takes part, the first that speaks.
//! What the other side begins is answered at once; whether the emoji are the same is for the person to say.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::clock::comparison_id;
use super::command::Ticket;
use super::core::{Core, Fatal};
use super::faces::FaceId;
use super::mail::Sender;
use super::outgoing::Token;
use super::update::{ComparisonState, ComparisonView, Emoji, Update};
use crate::crypto::verify::{self, Comparison, Progress, Side};
use crate::domain::{DeviceId, IdentityKey, Timestamp, Trust, UserName};
use crate::mqtt::{Publish, Request};
use crate::protocol::{Content, Reason, Step, StepKind, Topic, encode_letter};

/// How long a comparison lasts, and how long the broker keeps its steps.
const LASTS: Duration = Duration::from_secs(600);

/// What was begun longer ago than this is over, also where clocks differ and a broker knows no expiry.
const STALE: Duration = Duration::from_secs(3_600);

/// Most comparisons at once; further ones of others are not answered.
const MOST: usize = 16;

struct Active {
    comparison: Comparison,
    /// The key that is compared.
    key: IdentityKey,
    /// Whether we began it.
    ours: bool,
    /// Which device of theirs takes part.
    device: Option<DeviceId>,
    until: Instant,
    /// What we sent.
    sent: Vec<Step>,
}

impl Active {
    fn new((comparison, step): (Comparison, Step), key: IdentityKey, ours: bool) -> (Self, Step) {
        let until = Instant::now() + LASTS;
        (Self { comparison, key, ours, device: None, until, sent: Vec::new() }, step)
    }

    fn is_over(&self) -> bool {
        matches!(self.comparison.progress(), Progress::Verified | Progress::Failed(_))
    }

    fn view(&self, user: &UserName) -> ComparisonView {
        let emoji = |seven: [verify::Emoji; 7]| {
            let named = |(sign, name): verify::Emoji| Emoji { sign: sign.into(), name: name.into() };
            seven.map(named).to_vec()
        };
        let state = match self.comparison.progress() {
            Progress::Waiting => ComparisonState::Waiting,
            Progress::Compare(seven) => ComparisonState::Compare(emoji(seven)),
            Progress::Confirmed(seven) => ComparisonState::Confirmed(emoji(seven)),
            Progress::Verified => ComparisonState::Verified,
            Progress::Failed(reason) => {
                ComparisonState::Failed { why: words(reason), alarm: is_alarm(reason) }
            }
        };
        ComparisonView { user: user.clone(), ours: self.ours, state }
    }
}

fn is_alarm(reason: Reason) -> bool {
    matches!(reason, Reason::Mismatch | Reason::Forged)
}

fn words(reason: Reason) -> String {
    let what = match reason {
        Reason::Mismatch => "the emoji were not the same",
        Reason::Forged => "what came does not fit together",
        Reason::Cancelled => return "the comparison was called off".to_owned(),
        Reason::Timeout => {
            return "the comparison took longer than ten minutes: begin it again".to_owned();
        }
        Reason::Other => return "the comparison came to nothing: begin it again".to_owned(),
    };
    format!(
        "{what}: somebody may sit in between and read what you write to each other. Write nothing that must \
         stay secret, and compare the safety number when you meet"
    )
}

/// The comparisons that go on, and those that ended not long ago.
#[derive(Default)]
pub(super) struct Comparing {
    with: BTreeMap<UserName, Active>,
}

impl Comparing {
    /// When the next one is over or forgotten.
    pub fn next_end(&self) -> Option<Instant> {
        self.with.values().map(|active| active.until).min()
    }

    /// Those that go on.
    pub fn views(&self) -> Vec<ComparisonView> {
        let going = self.with.iter().filter(|(_, active)| !active.is_over());
        going.map(|(user, active)| active.view(user)).collect()
    }
}

impl Core {
    /// The two sides of a comparison with somebody; `None` where there is no key of theirs that we trust.
    fn sides(&self, user: &UserName) -> Option<(Side, Side)> {
        let theirs = self.people.trusted(user)?.identity;
        let us = Side { user: self.me.user.clone(), key: self.me.identity };
        Some((us, Side { user: user.clone(), key: theirs }))
    }

    /// Begins to compare; where they began already, says how far it has come.
    pub(super) async fn compare(
        &mut self,
        face: FaceId,
        user: UserName,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        if let Some(active) = self.comparing.with.get(&user).filter(|active| !active.is_over()) {
            let view = active.view(&user);
            self.faces.answer(face, Update::Agreed { ticket }).await;
            self.faces.tell(Update::Comparison(view)).await;
            return Ok(());
        }
        let why = match (self.sides(&user), self.people.trust(&user)) {
            (_, Trust::Changed) => format!("another key stands for `{user}` now: accept it first"),
            (None, _) => format!("there is no key of `{user}` to compare"),
            _ if !self.link.is_up() => {
                "there is no connection to the broker: both have to be online for it".to_owned()
            }
            (Some((us, them)), _) => {
                let key = them.key;
                let (active, step) =
                    Active::new(Comparison::start(us, them, comparison_id()), key, true);
                self.comparing.with.insert(user.clone(), active);
                self.faces.answer(face, Update::Agreed { ticket }).await;
                return self.advance(user, Some(step)).await;
            }
        };
        self.refuse_ticket(face, ticket, why).await;
        Ok(())
    }

    /// The person says whether the emoji are the same.
    pub(super) async fn same_emoji(
        &mut self,
        face: FaceId,
        user: UserName,
        same: bool,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let active = self.comparing.with.get_mut(&user);
        let shows = |active: &&mut Active| {
            matches!(active.comparison.progress(), Progress::Compare(_) | Progress::Confirmed(_))
        };
        let Some(active) = active.filter(shows) else {
            let why = format!("no emoji are being compared with `{user}`: begin it again");
            self.refuse_ticket(face, ticket, why).await;
            return Ok(());
        };
        let step = active.comparison.confirm(same);
        self.faces.answer(face, Update::Agreed { ticket }).await;
        self.advance(user, step).await
    }

    /// The person calls it off.
    pub(super) async fn end_comparison(&mut self, user: UserName) -> Result<(), Fatal> {
        let active = self.comparing.with.get_mut(&user);
        let step = active.and_then(|active| active.comparison.cancel(Reason::Cancelled));
        match step {
            Some(_) => self.advance(user, step).await,
            None => Ok(()),
        }
    }

    /// Their key is another now: what was compared is worth nothing.
    pub(super) async fn void_comparison(&mut self, user: &UserName) {
        if let Some(mut active) = self.comparing.with.remove(user)
            && active.comparison.cancel(Reason::Other).is_some()
        {
            self.faces.tell(Update::Comparison(active.view(user))).await;
        }
    }

    /// A step of theirs came.
    pub(super) async fn on_step(
        &mut self,
        (user, device): Sender,
        step: &Step,
        at: Timestamp,
    ) -> Result<(), Fatal> {
        let Some((us, them)) = self.sides(&user) else { return Ok(()) };
        let begins = matches!(step.kind, StepKind::Start { .. });
        if begins && self.mint.now().since(at) > STALE {
            return Ok(());
        }
        let answer = match self.comparing.with.get_mut(&user) {
            Some(active) if !active.is_over() || active.comparison.id() == step.id => {
                let before = (active.comparison.id(), active.comparison.progress());
                let is_it = before.0 == step.id;
                if is_it && *active.device.get_or_insert(device) != device {
                    return Ok(());
                }
                let answer = active.comparison.receive(step);
                if active.comparison.id() != before.0 {
                    // Both began at once, and theirs stands.
                    (active.ours, active.device) = (false, Some(device));
                    active.sent.clear();
                } else if answer.is_none() && active.comparison.progress() == before.1 {
                    return Ok(());
                }
                answer
            }
            _ => {
                let room = self.comparing.with.len() < MOST || self.comparing.with.contains_key(&user);
                let key = them.key;
                let Some(answered) = Comparison::answer(us, them, step).filter(|_| room) else {
                    return Ok(());
                };
                let (mut active, step) = Active::new(answered, key, false);
                active.device = Some(device);
                self.comparing.with.insert(user.clone(), active);
                Some(step)
            }
        };
        self.advance(user, answer).await
    }

    /// Sends a step, draws the conclusion where it is over, and tells the front ends.
    async fn advance(&mut self, user: UserName, step: Option<Step>) -> Result<(), Fatal> {
        if let Some(step) = step {
            let sent = self.send_step(&user, step.clone()).await?;
            let Some(active) = self.comparing.with.get_mut(&user) else { return Ok(()) };
            active.sent.push(step);
            if !sent {
                active.comparison.cancel(Reason::Other);
            }
        }
        let Some(active) = self.comparing.with.get(&user) else { return Ok(()) };
        let (progress, key, view) = (active.comparison.progress(), active.key, active.view(&user));
        let known = self.people.trusted(&user).is_some_and(|profile| profile.identity == key);
        let verified = self.people.trust(&user) == Trust::Verified;
        let conclusion = match progress {
            Progress::Verified => known.then_some(true),
            Progress::Failed(reason) if is_alarm(reason) => (known && verified).then_some(false),
            _ => None,
        };
        if let Some(person) = conclusion.and_then(|verified| self.people.verify(&user, verified)) {
            self.store.save_people(vec![person]).await?;
            self.tell_people(vec![user]).await;
        }
        self.faces.tell(Update::Comparison(view)).await;
        Ok(())
    }

    /// Seals a step and hands it over; says whether there were keys to seal it with.
    async fn send_step(&mut self, user: &UserName, step: Step) -> Result<bool, Fatal> {
        let letter = self.notice(Content::Compare(step));
        let payload = self.seal_direct(user, &encode_letter(&letter)).await?;
        self.store.seal(Vec::new(), self.keys.changed()).await?;
        let Some(payload) = payload else { return Ok(false) };
        let (to, from) = (user.clone(), self.me.user.clone());
        let publish = Publish {
            topic: self.topic(&Topic::Inbox { to, from, device: self.device }),
            payload,
            retain: false,
            expiry: Some(LASTS),
            token: Some(Token::State.into()),
        };
        self.ask(Request::Publish(publish)).await;
        Ok(true)
    }

    /// Connected again: the broker may not have taken what was sent last.
    pub(super) async fn repeat_steps(&mut self) -> Result<(), Fatal> {
        let sent = self.comparing.with.iter();
        let sent: Vec<_> = sent.map(|(user, active)| (user.clone(), active.sent.clone())).collect();
        for (user, steps) in sent {
            for step in steps {
                self.send_step(&user, step).await?;
            }
        }
        Ok(())
    }

    /// Ends what takes too long, and forgets what is over.
    pub(super) async fn end_late_comparisons(&mut self, now: Instant) -> Result<(), Fatal> {
        let late = self.comparing.with.iter().filter(|(_, active)| active.until <= now);
        let late: Vec<UserName> = late.map(|(user, _)| user.clone()).collect();
        for user in late {
            let active = self.comparing.with.get_mut(&user);
            if let Some(step) = active.and_then(|active| active.comparison.cancel(Reason::Timeout)) {
                self.advance(user.clone(), Some(step)).await?;
            }
            self.comparing.with.remove(&user);
        }
        Ok(())
    }
}
