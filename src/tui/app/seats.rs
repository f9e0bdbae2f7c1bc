//! The accounts that are open in this window. Each has a seat: an [`App`] of its own, which knows of the others only what
//! the header tells of them. One is shown.
//!
//! What the person and the terminal do goes to the one that is shown, or, like a new size, to all; what a session says goes
//! to its own. One that is not shown has not the keyboard, so it calls for the person as if the window lay elsewhere,
//! and nothing in it counts as seen.

use super::beside::{Beside, Other};
use super::{App, Effect, Event, Screen, Start};
use crate::domain::{Timestamp, UserName};

/// A seat, for as long as the program runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeatId(u32);

#[cfg(test)]
impl SeatId {
    /// That of the seat which was opened as this one, counted from 0.
    pub fn nth(n: u32) -> Self {
        Self(n)
    }
}

/// An effect, and whose it is.
pub type SeatEffect = (SeatId, Effect);

#[derive(Debug)]
struct Seat {
    id: SeatId,
    app: App,
}

/// All that are open: one at least.
#[derive(Debug)]
pub struct Seats {
    all: Vec<Seat>,
    shown: usize,
    last_id: SeatId,
    focused: bool,
}

impl Seats {
    /// One, which is shown.
    pub fn new(app: App) -> Self {
        let id = SeatId::default();
        Self { all: vec![Seat { id, app }], shown: 0, last_id: id, focused: true }
    }

    /// The one that is shown.
    pub fn shown(&self) -> &App {
        &self.all[self.shown].app
    }

    /// The same, to change it.
    pub fn shown_mut(&mut self) -> &mut App {
        &mut self.all[self.shown].app
    }

    /// Which that is.
    pub fn shown_id(&self) -> SeatId {
        self.all[self.shown].id
    }

    /// Takes in what the person or the terminal did.
    pub fn update(&mut self, event: Event, now: Timestamp) -> Vec<SeatEffect> {
        self.update_at(self.shown_id(), event, now)
    }

    /// Takes in what came for this seat. Nothing comes for one that is not there any more.
    pub fn update_at(&mut self, id: SeatId, event: Event, now: Timestamp) -> Vec<SeatEffect> {
        let mut effects = Vec::new();
        let is_for_all = matches!(event, Event::Themed(_) | Event::Reloaded(_));
        // Who asked for what is for all may have gone meanwhile.
        let Some(at) = self.place(id).or(is_for_all.then_some(self.shown)) else { return effects };
        match event {
            Event::Resize { .. } | Event::Background(_) | Event::Ability(_) | Event::Shutdown => {
                for seat in &mut self.all {
                    tell(seat, event.clone(), now, &mut effects);
                }
            }
            Event::Focus(focused) => {
                self.focused = focused;
                tell(&mut self.all[self.shown], event, now, &mut effects);
            }
            event if is_for_all => {
                tell(&mut self.all[at], event, now, &mut effects);
                self.share_looks(at);
            }
            event => tell(&mut self.all[at], event, now, &mut effects),
        }
        self.settle(effects, now)
    }

    /// A frame of the one that is shown has been drawn.
    pub fn drawn(&mut self) -> Vec<SeatEffect> {
        let id = self.shown_id();
        self.shown_mut().drawn().into_iter().map(|effect| (id, effect)).collect()
    }

    /// Gives one more account a seat, and shows it.
    pub fn open(&mut self, start: Start, now: Timestamp) -> (SeatId, Vec<SeatEffect>) {
        self.last_id.0 += 1;
        let (id, shown) = (self.last_id, self.shown());
        let (app, effects) = App::new(shown.setup.clone(), shown.keymap.clone(), start, shown.size, now);
        let looks = shown.looks.clone();
        self.all.push(Seat { id, app: App { looks, ..app } });
        let mut effects: Vec<_> = effects.into_iter().map(|effect| (id, effect)).collect();
        self.choose_next();
        self.show(self.all.len() - 1, now, &mut effects);
        (id, self.settle(effects, now))
    }

    /// Where the last seat lets the person choose, an account that is not open yet comes first.
    fn choose_next(&mut self) {
        let last = self.all.len() - 1;
        let Screen::Welcome(welcome) = &self.all[last].app.screen else { return };
        let accounts = welcome.start.accounts.iter();
        let free = accounts.take_while(|account| self.other(last, &account.user).is_some()).count();
        if let Screen::Welcome(welcome) = &mut self.all[last].app.screen {
            welcome.select(free);
        }
    }

    fn place(&self, id: SeatId) -> Option<usize> {
        self.all.iter().position(|seat| seat.id == id)
    }

    /// What one was told about looks and keys counts for all.
    fn share_looks(&mut self, from: usize) {
        let app = &self.all[from].app;
        let (keymap, looks, alerts) = (app.keymap.clone(), app.looks.clone(), app.setup.alerts.clone());
        let (graphics, thumbnails) = (app.setup.graphics, app.setup.thumbnails);
        for Seat { app, .. } in &mut self.all {
            app.keymap.clone_from(&keymap);
            app.looks.clone_from(&looks);
            app.setup.alerts.clone_from(&alerts);
            (app.setup.graphics, app.setup.thumbnails) = (graphics, thumbnails);
        }
    }

    fn show(&mut self, at: usize, now: Timestamp, effects: &mut Vec<SeatEffect>) {
        if at == self.shown {
            return;
        }
        let before = self.shown;
        tell(&mut self.all[before], Event::Focus(false), now, effects);
        self.shown = at;
        let titled = self.all[before].app.title.is_some();
        let seat = &mut self.all[at];
        // The one that there is belongs to the other.
        seat.app.title = titled.then(String::new);
        seat.app.changed = true;
        tell(seat, Event::Focus(self.focused), now, effects);
    }

    /// Takes a seat away; another one is shown then.
    fn close(&mut self, at: usize, now: Timestamp, effects: &mut Vec<SeatEffect>) {
        if at == self.shown {
            self.show((at + 1) % self.all.len(), now, effects);
        }
        let seat = self.all.remove(at);
        self.shown -= usize::from(self.shown > at);
        effects.push((seat.id, Effect::CloseSeat));
    }

    /// Does what the effects ask of the seats, and leaves those for the outside.
    fn settle(&mut self, mut effects: Vec<SeatEffect>, now: Timestamp) -> Vec<SeatEffect> {
        let mut left = Vec::new();
        while !effects.is_empty() {
            for (id, effect) in std::mem::take(&mut effects) {
                let Some(at) = self.place(id) else {
                    left.push((id, effect));
                    continue;
                };
                let is_only = self.all.len() == 1;
                match effect {
                    Effect::NextAccount if is_only => left.push((id, Effect::OpenAccount(None))),
                    Effect::NextAccount => {
                        self.show((self.shown + 1) % self.all.len(), now, &mut effects);
                    }
                    Effect::OpenAccount(user) => match self.free_or(id, user.as_ref()) {
                        Some(other) => self.show(other, now, &mut effects),
                        None => left.push((id, Effect::OpenAccount(user))),
                    },
                    Effect::OpenProfile(name) => match self.of_profile(&name) {
                        Some(other) => self.show(other, now, &mut effects),
                        None => left.push((id, Effect::OpenProfile(name))),
                    },
                    Effect::SignIn(user) | Effect::Unlock(user, _)
                        if self.other(at, &user).is_some() =>
                    {
                        let other = self.other(at, &user).unwrap_or(at);
                        self.show(other, now, &mut effects);
                        self.close(at, now, &mut effects);
                    }
                    Effect::LeaveSeat => {
                        if !is_only {
                            self.close(at, now, &mut effects);
                        }
                    }
                    Effect::Title(title) if at == self.shown => left.push((id, Effect::Title(title))),
                    Effect::Title(_) => {}
                    Effect::Alert(mut alert) if !is_only => {
                        alert.title = format!("{} (to {})", alert.title, alert.account);
                        left.push((id, Effect::Alert(alert)));
                    }
                    Effect::Quit => {
                        let others = self.all.iter_mut().filter(|seat| !seat.app.leaving);
                        others.for_each(|seat| tell(seat, Event::Shutdown, now, &mut effects));
                        left.push((id, Effect::Quit));
                    }
                    effect => left.push((id, effect)),
                }
            }
            self.tell_of_others(&mut effects);
        }
        self.tell_of_others(&mut left);
        left
    }

    /// The seat to show instead of opening one for this account: where it is open, or, for any, where nobody is signed in.
    fn free_or(&self, asker: SeatId, user: Option<&UserName>) -> Option<usize> {
        let at = self.place(asker)?;
        match user {
            Some(user) if self.all[at].app.account() == Some(user) => Some(at),
            Some(user) => self.other(at, user),
            None => self.all.iter().position(|seat| seat.id != asker && seat.app.account().is_none()),
        }
    }

    /// Where else than here this account of the same directory is open.
    fn other(&self, at: usize, user: &UserName) -> Option<usize> {
        let here = &self.all[at].app.start.data_dir;
        let mut seats = self.all.iter().enumerate();
        let is_it = |seat: &Seat| seat.app.account() == Some(user) && seat.app.start.data_dir == *here;
        seats.find(|(other, seat)| *other != at && is_it(seat)).map(|(other, _)| other)
    }

    fn of_profile(&self, name: &str) -> Option<usize> {
        self.all.iter().position(|seat| seat.app.start.profile.as_deref() == Some(name))
    }

    fn tell_of_others(&mut self, effects: &mut Vec<SeatEffect>) {
        if self.all.len() == 1 && self.shown().beside.is_empty() {
            return;
        }
        let names: Vec<_> = self.all.iter().map(|seat| other(&seat.app)).collect();
        for (at, seat) in self.all.iter_mut().enumerate() {
            let others = [&names[at + 1..], &names[..at]].concat();
            let told = seat.app.note_beside(Beside::new(others));
            if at == self.shown {
                effects.extend(told.into_iter().map(|effect| (seat.id, effect)));
            }
        }
    }
}

impl App {
    /// Whose account this is, or is about to be.
    fn account(&self) -> Option<&UserName> {
        match &self.screen {
            Screen::Main(session) => Some(&session.me.user),
            Screen::Welcome(welcome) => welcome.account(),
        }
    }

    /// Takes note of the others; says what the outside is to do about it.
    fn note_beside(&mut self, beside: Beside) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.beside != beside {
            self.beside = beside;
            self.changed = true;
            self.set_title(&mut effects);
        }
        effects
    }
}

fn tell(seat: &mut Seat, event: Event, now: Timestamp, effects: &mut Vec<SeatEffect>) {
    effects.extend(seat.app.update(event, now).into_iter().map(|effect| (seat.id, effect)));
}

fn other(app: &App) -> Other {
    let unread = match &app.screen {
        Screen::Main(session) => session.world.unread_in_all(),
        Screen::Welcome(_) => 0,
    };
    let name = match (app.account(), &app.start.profile) {
        (Some(user), None) => user.to_string(),
        (Some(user), Some(profile)) => format!("{user}, {profile}"),
        (None, _) => "signed out".to_owned(),
    };
    Other { name, unread }
}
