//! Whose key is whose: the box that compares keys, the banner where one changed, and what a person decides.

use super::{Asked, Session, Turn};
use crate::domain::{ConversationId, Person, Timestamp, Trust, UserName};
use crate::engine::{Command, ComparisonState, ComparisonView, KeyView, Ticket};
use crate::tui::app::info::info_room;
use crate::tui::app::keymap::{Context, Keymap};
use crate::tui::app::overlay::{Overlay, Question};
use crate::tui::app::rows::Row;
use crate::tui::app::verify::{VerifyBox, VerifyFacts};
use crate::tui::app::wrap::wrap;
use crate::tui::app::{Action, Setup, composer_width};

/// The first of these that a banner has room for.
fn fitting(variants: Vec<String>, size: (u16, u16)) -> Option<String> {
    let rows = usize::from(size.1 / 4).max(1);
    let columns = composer_width(size) + 1;
    variants.into_iter().find(|words| wrap(words, columns).len() <= rows)
}

impl Session {
    /// Whom a command without a name means: the person of the open chat.
    pub(super) fn user_meant(&self, name: &str) -> Result<UserName, String> {
        let user = match (name, &self.open) {
            ("", Some(ConversationId::Direct(user))) => user.clone(),
            ("", _) => return Err("open a chat with one person, or write the name after it".to_owned()),
            (name, _) => self.user_named(name)?,
        };
        match user == self.me.user {
            true => Err("that is you: others compare your key with what they see".to_owned()),
            false => Ok(user),
        }
    }

    /// Opens the box that compares the key of somebody.
    pub(super) fn open_verify(&mut self, user: UserName) {
        let comparison = self.comparisons.get(&user).cloned();
        self.overlay = Some(Overlay::Verify(Box::new(VerifyBox::new(user, comparison))));
    }

    /// Asks whether the new key of somebody is theirs.
    pub(super) fn ask_to_accept(&mut self, user: UserName) -> Result<(), String> {
        if self.trust(&user) != Trust::Changed {
            return Err(format!("the key of {} has not changed", self.world.name(&user)));
        }
        self.overlay = Some(Overlay::Question(Question::AcceptKey(user)));
        Ok(())
    }

    pub(super) fn accept_key(&mut self, user: UserName, turn: &mut Turn<'_>) {
        let ticket = self.ticket(Asked::AcceptKey(user.clone()));
        turn.send(Command::AcceptKey { user, ticket });
    }

    fn trust(&self, user: &UserName) -> Trust {
        self.world.person(user).map_or(Trust::Unknown, |person| person.trust)
    }

    /// Whether nothing is sent there, because the key changed.
    pub fn is_stopped(&self, id: &ConversationId) -> bool {
        matches!(id, ConversationId::Direct(user) if self.trust(user) == Trust::Changed)
    }

    /// Why nothing is sent there, and what to do.
    pub(super) fn stopped(&self, id: &ConversationId, keymap: &Keymap) -> Option<String> {
        let ConversationId::Direct(user) = id else { return None };
        let key = keymap.key(Context::Composer, Action::AcceptKey).unwrap_or_default();
        let name = self.world.name(user);
        self.is_stopped(id).then(|| {
            format!(
                "not sent: KEY CHANGED. Ask {name} another way; {key} or /accept takes the new key, and \
                 the text waits here"
            )
        })
    }

    /// What stands above the composer of the open chat, as long as fits: a key that changed, emoji to be
    /// compared, or that the room is open.
    pub fn banner(&self, keymap: &Keymap, size: (u16, u16)) -> Option<String> {
        let user = match self.open.as_ref()? {
            ConversationId::Direct(user) => user,
            ConversationId::Room(_) => return fitting(Self::room_banner(), size),
            ConversationId::Group(_) => return None,
        };
        let name = self.world.name(user);
        let key = |action| keymap.key(Context::Composer, action).unwrap_or_default();
        let (accept, verify, help) = (key(Action::AcceptKey), key(Action::Verify), key(Action::Help));
        let variants = match (self.trust(user), self.comparisons.get(user)) {
            (Trust::Changed, _) => vec![
                format!(
                    "KEY CHANGED: another key stands for {name}. They may have signed up anew or lost their \
                     device; or somebody, or the broker, pretends to be them. Nothing is sent. Ask them another \
                     way: then {accept} or /accept takes the new key. If it is not theirs, do nothing."
                ),
                format!(
                    "KEY CHANGED: nothing is sent. {accept} accepts the new key, {verify} shows it, {help} says more."
                ),
                format!("KEY CHANGED: {accept}, {help}"),
                "KEY CHANGED".to_owned(),
            ],
            (_, Some(ComparisonState::Compare(_))) => vec![
                format!("{name} and you compare emoji, to verify your keys: {verify} shows them."),
                format!("Compare emoji: {verify}"),
                verify.to_owned(),
            ],
            _ => return None,
        };
        fitting(variants, size)
    }

    /// The rows that the banner takes.
    pub(super) fn banner_rows(&self, turn: &Turn<'_>) -> usize {
        let words = self.banner(turn.keymap, turn.size).filter(|_| self.card().is_none());
        words.map_or(0, |words| wrap(&words, composer_width(turn.size) + 1).len())
    }

    /// How many of the others in a group are verified, how many have another key, and how many they are.
    pub fn trusted_in(&self, view: &crate::engine::GroupView) -> (usize, usize, usize) {
        let others: Vec<Trust> = view
            .group
            .members
            .keys()
            .filter(|user| **user != self.me.user)
            .map(|user| self.trust(user))
            .collect();
        let count = |trust| others.iter().filter(|other| **other == trust).count();
        (count(Trust::Verified), count(Trust::Changed), others.len())
    }

    /// What was asked about keys is done.
    pub(super) fn agreed(&mut self, ticket: Ticket, turn: &mut Turn<'_>) {
        if let Some(Asked::Room(room, joined)) = self.asked.get(&ticket).cloned() {
            self.asked.remove(&ticket);
            return self.room_moved(room, joined, turn);
        }
        if let Some(Asked::Lifetime(lifetime)) = self.asked.get(&ticket) {
            Self::lifetime_is_set(*lifetime, turn);
        }
        let name = |user| self.world.name(user).into_owned();
        let words = match self.asked.get(&ticket) {
            Some(Asked::Verify(user, true)) => format!("{} is verified", name(user)),
            Some(Asked::Verify(user, false)) => format!("{} is not verified any more", name(user)),
            Some(Asked::AcceptKey(user)) => {
                format!(
                    "the new key of {} is accepted, and not verified: /verify compares it",
                    name(user)
                )
            }
            Some(Asked::Block(user, true)) => {
                format!("{} is blocked: nothing they write is shown, here or in groups", name(user))
            }
            Some(Asked::Block(user, false)) => {
                format!("{} is heard again; what they wrote meanwhile is not here", name(user))
            }
            Some(&Asked::Picture(message, size)) => {
                self.picture_is_fetched(message, size);
                String::new()
            }
            Some(Asked::List(name)) => self.list_is_kept(name),
            Some(Asked::RevokeLink) => "the link lets nobody in any more".to_owned(),
            Some(Asked::UseLink(group, from)) => {
                if self.open == *from {
                    self.knocked.insert(*group, turn.now);
                }
                "asked to be let in: you come in as soon as they who made the link are here".to_owned()
            }
            Some(Asked::Unread(conversation)) => {
                format!("{} shows as unread", self.label(conversation))
            }
            _ => String::new(),
        };
        self.asked.remove(&ticket);
        if !words.is_empty() {
            turn.news(words);
        }
    }

    /// The engine tells the keys of somebody.
    pub(super) fn take_keys(&mut self, keys: KeyView) {
        if let Some(Overlay::Verify(verify)) = &mut self.overlay
            && verify.user == keys.user
        {
            verify.keys = Some(keys);
        }
    }

    /// Some people are new or changed: so may be their keys.
    pub(super) fn outdate_verify(&mut self, people: &[Person]) {
        if let Some(Overlay::Verify(verify)) = &mut self.overlay
            && people.iter().any(|person| {
                person.user == verify.user
                    && verify.keys.as_ref().is_none_or(|keys| keys.trust != person.trust)
            })
        {
            verify.outdate();
        }
    }

    /// A comparison of emoji has moved on.
    pub(super) fn compared(&mut self, view: ComparisonView, turn: &mut Turn<'_>) {
        let ComparisonView { user, ours, state } = view;
        let name = self.world.name(&user).into_owned();
        let is_shown = match &mut self.overlay {
            Some(Overlay::Verify(verify)) if verify.user == user => {
                verify.comparison = Some(state.clone());
                verify.top = 0;
                true
            }
            _ => false,
        };
        match &state {
            ComparisonState::Compare(_) if !is_shown => {
                let key = turn.keymap.key(Context::Composer, Action::Verify).unwrap_or_default();
                let is_open = self.open.as_ref() == Some(&ConversationId::Direct(user.clone()));
                match (ours, is_open) {
                    // The banner says it.
                    (_, true) => {}
                    (_, false) => turn.warn(format!(
                        "{name} and you compare emoji: open the chat and press {key}, or write /verify {user}"
                    )),
                }
            }
            ComparisonState::Verified => {
                turn.news(format!("{name} is verified: both saw the same emoji"))
            }
            ComparisonState::Failed { why, alarm: true } => turn.warn(format!("{name}: {why}")),
            ComparisonState::Failed { why, .. } if !is_shown => turn.news(format!("{name}: {why}")),
            _ => {}
        }
        match state {
            ComparisonState::Verified | ComparisonState::Failed { .. } => self.comparisons.remove(&user),
            state => self.comparisons.insert(user, state),
        };
    }

    /// Actions in the box that compares a key.
    pub(super) fn act_on_verify(&mut self, action: Action, turn: &mut Turn<'_>) {
        let page = isize::try_from(info_room(turn.size).1).unwrap_or(isize::MAX);
        let Some(Overlay::Verify(verify)) = &mut self.overlay else { return };
        let by = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::PageUp => -page,
            Action::PageDown => page,
            Action::First => isize::MIN,
            Action::Last => isize::MAX,
            _ => 0,
        };
        verify.top = verify.top.saturating_add_signed(by);
        let verify = verify.as_ref().clone();
        if by != 0 || !self.offers_verify(action, &verify) {
            return;
        }
        let user = verify.user;
        match action {
            Action::MarkVerified | Action::TakeBack => {
                let verified = action == Action::MarkVerified;
                let ticket = self.ticket(Asked::Verify(user.clone(), verified));
                turn.send(Command::Verify { user, verified, ticket });
            }
            Action::AcceptKey => self.overlay = Some(Overlay::Question(Question::AcceptKey(user))),
            Action::CompareEmoji => {
                let ticket = self.ticket(Asked::Compare(user.clone()));
                turn.send(Command::Compare { user, ticket });
            }
            Action::Same | Action::Different => {
                let ticket = self.ticket(Asked::Compare(user.clone()));
                turn.send(Command::SameEmoji { user, same: action == Action::Same, ticket });
            }
            Action::CallOff => turn.send(Command::EndComparison(user)),
            Action::ShowCode => {
                if let Some(Overlay::Verify(verify)) = &mut self.overlay {
                    (verify.shows_code, verify.top) = (!verify.shows_code, 0);
                }
            }
            _ => {}
        }
    }

    /// Whether an action means something in the box as it is.
    pub(super) fn offers_verify(&self, action: Action, verify: &VerifyBox) -> bool {
        use ComparisonState::{Compare, Confirmed, Failed, Verified, Waiting};
        let trust = verify.keys.as_ref().map(|keys| keys.trust);
        match (action, &verify.comparison) {
            (Action::Same, comparison) => matches!(comparison, Some(Compare(_))),
            (Action::Different, comparison) => matches!(comparison, Some(Compare(_) | Confirmed(_))),
            (Action::CallOff, comparison) => matches!(comparison, Some(Waiting)),
            (Action::CompareEmoji, None | Some(Failed { .. })) => {
                matches!(trust, Some(Trust::NotVerified | Trust::Verified)) && !verify.shows_code
            }
            (Action::CompareEmoji, Some(_)) => false,
            (Action::ShowCode, None) => verify.key().is_some(),
            (Action::MarkVerified, None) => trust == Some(Trust::NotVerified),
            (Action::TakeBack, None) => trust == Some(Trust::Verified),
            (Action::AcceptKey, None) => trust == Some(Trust::Changed),
            (
                Action::ShowCode | Action::MarkVerified | Action::TakeBack | Action::AcceptKey,
                Some(Waiting | Compare(_) | Confirmed(_) | Verified | Failed { .. }),
            ) => false,
            _ => true,
        }
    }

    /// The rows of the box that compares a key, if it is open.
    pub fn verify_rows(
        &self,
        setup: &Setup,
        keymap: &Keymap,
        size: (u16, u16),
        now: Timestamp,
    ) -> Vec<Row> {
        let Some(Overlay::Verify(verify)) = &self.overlay else { return Vec::new() };
        let facts = VerifyFacts {
            world: &self.world,
            calendar: &setup.calendar,
            keymap,
            glyphs: setup.glyphs,
            now,
        };
        verify.rows(&facts, info_room(size).0)
    }

    /// Asks the engine for what the box shows, if it may have changed, and scrolls no further than to the end.
    pub(super) fn settle_verify(&mut self, turn: &mut Turn<'_>) {
        let rows = self.verify_rows(turn.setup, turn.keymap, turn.size, turn.now).len();
        let Some(Overlay::Verify(verify)) = &mut self.overlay else { return };
        verify.top = verify.top.min(rows.saturating_sub(info_room(turn.size).1));
        if verify.take_stale() {
            let user = verify.user.clone();
            turn.send(Command::Keys(user));
        }
    }
}
