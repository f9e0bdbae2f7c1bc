//! The state of the front end, and how events change it.
//!
//! [`App::update`] takes an [`Event`] and the time, changes the state, and says in [`Effect`]s what the
//! outside is to do. Nothing here does I/O, reads a clock or makes randomness, so that every journey can
//! be tested with plain values. Of our own layers it knows the domain and the engine's `Command` and
//! `Update` alone.

mod action;
mod alerts;
mod arguments;
mod beside;
mod chat;
mod choice;
mod completion;
mod editor;
mod event;
mod field;
mod file_line;
mod find;
mod footer;
mod form;
mod glyphs;
mod graphics;
mod header;
mod help;
mod history;
mod info;
mod keymap;
mod lines;
mod links;
mod markup;
mod notices;
mod overlay;
mod own_rows;
mod pasting;
mod path_list;
mod picture;
mod poll;
mod poll_rows;
mod react;
mod regions;
mod reloading;
mod room;
mod rows;
mod scroll;
mod seam;
mod seats;
mod secret;
mod session;
mod slash;
#[cfg(test)]
mod testing;
mod text;
mod theme;
mod thumbnail;
mod timeline;
mod times;
mod tour;
mod verify;
mod welcome;
mod world;
mod wrap;

use std::collections::HashMap;

use crossterm::event::KeyEvent;

pub use action::Action;
pub use alerts::{Alert, AlertSetup};
pub use beside::{Beside, Other};
pub use chat::{About, Above, Chat, Window};
pub use choice::{Choice, Entry, Purpose};
pub use completion::Completion;
pub use editor::{Editor, Layout};
pub use event::{Effect, Event, MouseKind, Pasted, Reloaded, Written};
pub use field::Field;
pub use find::{Find, FindAll, FoundLine, FoundList, Marked, excerpt};
pub use form::{Complaint, Guard, NewGroup, SignUp, Unlock};
pub use glyphs::Glyphs;
pub use graphics::{Ability, Graphic, Graphics, Order, PictureMode, Plate, Protocol, Raster};
pub use header::Tab;
pub use help::{HELP_WIDTH, Help, HelpRow};
pub use info::{INFO_WIDTH, InfoBox};
pub use keymap::{Binding, Context, Keymap, KeymapProblem};
pub use links::{LINK_WIDTH, LinkBox, link_room};
pub use markup::Emphasis;
pub use notices::{Line, Notices, Weight};
pub use overlay::{Broadcast, Overlay, Question};
pub use pasting::PastedFile;
pub use path_list::{MOST_NAMES, PathName};
pub use picture::{PictureBox, Shape};
pub use poll::{VoteBox, box_sign};
pub use react::{ReactBox, SIGNS, sign_words};
pub use regions::{LEAST, Pane, Regions, composer_width, is_usable};
pub use room::{ROOM_HELP, claimed_name, room_label};
pub use rows::{Piece, Row, Tone};
pub use seam::{AccountSummary, FieldName, SignError, SignUpForm, Start};
pub use seats::{SeatEffect, SeatId, Seats};
pub use secret::SecretField;
pub use session::{FOUND_ROWS, Lists, Selection, Session};
pub use slash::{COMMANDS, Slash};
pub use text::{counted, fit, width};
pub use theme::{Depth, Looks, Role, Shade, Theme, ThemeProblem};
pub use thumbnail::{Halves, Thumbnail, UPPER_HALF};
pub use times::Calendar;
pub use verify::{TRUST_HELP, VerifyBox, trust_words};
pub use welcome::{Attempt, Welcome};
pub use world::{World, last_seen, policy_words};
pub use wrap::wrap;

/// What the engine says that the view shows as it is.
pub use crate::engine::{GroupView, Link};

use crate::domain::{ConversationId, Profile, Timestamp, UserName, clean_block};
use crate::engine::Update;
use session::Turn;
use tour::Did;
use welcome::Asked;

/// What stays the same while the program runs.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Days and times.
    pub calendar: Calendar,
    /// Signs.
    pub glyphs: Glyphs,
    /// What the screen looks like at first.
    pub looks: Looks,
    /// How to call for somebody who looks elsewhere.
    pub alerts: AlertSetup,
    /// The program that puts on the clipboard what is copied, where that is not the terminal.
    pub copies_with: Option<String>,
    /// What is known at first of how the terminal shows pictures.
    pub graphics: Graphics,
    /// Whether pictures that are here are shown small in the conversation too.
    pub thumbnails: bool,
}

/// What fills the screen.
#[derive(Debug)]
pub enum Screen {
    /// Signing in or up.
    Welcome(Box<Welcome>),
    /// The messenger.
    Main(Box<Session>),
}

/// The state of the front end.
#[derive(Debug)]
pub struct App {
    /// What stays the same while the program runs.
    pub setup: Setup,
    /// Which key means what.
    pub keymap: Keymap,
    /// What the screen looks like.
    pub looks: Looks,
    /// Columns and rows of the screen.
    pub size: (u16, u16),
    /// When the last event came.
    pub now: Timestamp,
    /// What fills the screen.
    pub screen: Screen,
    /// Lines to be told.
    pub notices: Notices,
    /// The help page, while it is shown.
    pub help: Option<Help>,
    /// Whether the session is being ended.
    pub leaving: bool,
    /// The other accounts that are open in this window.
    pub beside: Beside,
    start: Start,
    /// Drafts of a session that ended by itself, for the same person's next one.
    drafts: Option<(UserName, HashMap<ConversationId, String>)>,
    /// Whether whoever is about to come in is signing up just now.
    is_new: bool,
    focused: bool,
    timer: Option<Timestamp>,
    changed: bool,
    /// The title of the terminal, as it was told last.
    title: Option<String>,
}

impl App {
    /// The front end at the start, with what it wants done first.
    pub fn new(
        setup: Setup,
        keymap: Keymap,
        start: Start,
        size: (u16, u16),
        now: Timestamp,
    ) -> (Self, Vec<Effect>) {
        let (welcome, asked) = Welcome::new(start.clone());
        let app = Self {
            looks: setup.looks.clone(),
            setup,
            keymap,
            size,
            now,
            screen: Screen::Welcome(Box::new(welcome)),
            notices: Notices::default(),
            help: None,
            leaving: false,
            beside: Beside::default(),
            start: Start { sign_in: None, ..start },
            drafts: None,
            is_new: false,
            focused: true,
            timer: None,
            changed: true,
            title: None,
        };
        (app, asked.into_iter().map(effect_of).collect())
    }

    /// Whether something changed since this was asked last, so that the screen has to be drawn.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Takes in an event; says what the outside is to do, in order.
    pub fn update(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.now = now;
        let expired = self.expire();
        self.changed |= expired || self.can_show(&event);
        match event {
            Event::Key(key) => self.key(key, &mut effects),
            Event::Paste(pasted) => self.paste(pasted, &mut effects),
            Event::PasteFile(file) => self.paste_file(file, &mut effects),
            Event::Edited { conversation, outcome } => self.edited(conversation, outcome, &mut effects),
            Event::LinkOpened(outcome) => self.notices.link_opened(outcome, now),
            Event::NotCopied(why) => self.notices.not_copied(&why, now),
            Event::PathsListed { written, names } => {
                self.on_session(&mut effects, |session, _| session.paths.note(written, names));
            }
            Event::Mouse { kind, x, y } => self.mouse(kind, x, y, &mut effects),
            Event::Resize { width, height } => self.size = (width, height),
            Event::Focus(focused) => self.focused = focused,
            Event::Background(shade) => self.looks.follow(shade),
            Event::Ability(ability) => self.setup.graphics.note(ability, self.size),
            Event::Engraved(order, outcome) => {
                self.on_session(&mut effects, |session, turn| {
                    session.take_graphic(order, outcome, turn)
                });
            }
            Event::Themed(outcome) => self.themed(outcome),
            Event::Reloaded(outcome) => self.reloaded(outcome),
            Event::Update(update) => self.engine(update, &mut effects),
            Event::SignFailed(error, accounts) => {
                self.start.accounts.clone_from(&accounts);
                if let Screen::Welcome(welcome) = &mut self.screen {
                    welcome.start.accounts = accounts;
                    welcome.fail(error);
                }
            }
            Event::NotOpened(problems) => self.warn(problems),
            Event::SignedIn | Event::Timer => {}
            Event::Shutdown => effects.push(Effect::Quit),
        }
        self.on_session(&mut effects, |session, turn| session.settle(turn));
        if effects.contains(&Effect::EndSession) {
            self.on_session(&mut effects, |session, turn| session.keep_open_draft(turn));
            // The draft goes first.
            effects.retain(|effect| *effect != Effect::EndSession);
            effects.extend([Effect::EndSession, Effect::LeaveSeat]);
            self.go_out(None);
        }
        if effects.contains(&Effect::Quit) {
            self.on_session(&mut effects, |session, turn| session.keep_open_draft(turn));
            self.leaving = true;
        }
        self.set_title(&mut effects);
        self.set_timer(&mut effects);
        effects
    }

    /// A frame of this state has been drawn; says what the outside is to do about it. Only what was on
    /// the screen in fact is told to have been seen, and pictures are asked for: a flood passes many messages by between two
    /// frames.
    pub fn drawn(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        if !self.leaving {
            self.on_session(&mut effects, |session, turn| {
                session.seen(turn);
                session.ask_thumbnail(turn);
            });
        }
        effects
    }

    /// Whether an event can change what is on the screen. The first state of a session comes in pieces;
    /// it is drawn when it is complete, because a frame with half of it would delay the one with all.
    fn can_show(&self, event: &Event) -> bool {
        let is_complete = match &self.screen {
            Screen::Main(session) => session.ready,
            Screen::Welcome(_) => false,
        };
        match event {
            Event::Timer | Event::SignedIn => false,
            // It decides how a picture is asked for that lies over the screen.
            Event::Ability(_) => {
                matches!(&self.screen, Screen::Main(session) if session.shows_picture())
            }
            Event::Update(Update::Ready | Update::Stopped(_)) => true,
            Event::Update(_) => is_complete,
            _ => true,
        }
    }

    /// Does something with the main screen, if it is there.
    fn on_session(&mut self, effects: &mut Vec<Effect>, act: impl FnOnce(&mut Session, &mut Turn<'_>)) {
        let Screen::Main(session) = &mut self.screen else { return };
        let mut turn = Turn {
            setup: &self.setup,
            keymap: &self.keymap,
            now: self.now,
            size: self.size,
            beside: &self.beside,
            theme: &self.looks.theme,
            raster: self.setup.graphics.raster().filter(|_| self.looks.theme.has_colours()),
            focused: self.focused,
            watched: self.focused && self.help.is_none() && is_usable(self.size),
            notices: &mut self.notices,
            effects,
            then: None,
        };
        act(session, &mut turn);
        if let Some(action) = turn.then {
            self.act(action, effects);
        }
    }

    fn expire(&mut self) -> bool {
        let notices = self.notices.expire(self.now);
        let writers = match &mut self.screen {
            Screen::Main(session) => session.expire(self.now),
            Screen::Welcome(_) => false,
        };
        notices | writers
    }

    fn set_timer(&mut self, effects: &mut Vec<Effect>) {
        let session = match &self.screen {
            Screen::Main(session) => session.deadline(),
            Screen::Welcome(_) => None,
        };
        let next = self.notices.deadline().into_iter().chain(session).min();
        if next != self.timer {
            self.timer = next;
            effects.push(Effect::SetTimer(next));
        }
    }

    /// The title of the terminal tells how much is unread.
    fn set_title(&mut self, effects: &mut Vec<Effect>) {
        if !self.setup.alerts.title {
            return;
        }
        let title = match &self.screen {
            Screen::Main(session) => match session.world.unread_in_all() + self.beside.unread() {
                0 => format!("{} - cooee", session.me.user),
                unread => format!("({unread}) {} - cooee", session.me.user),
            },
            // It is the terminal's own until somebody is signed in.
            Screen::Welcome(_) if self.title.is_none() => return,
            Screen::Welcome(_) => "cooee".to_owned(),
        };
        if self.title.as_ref() != Some(&title) {
            self.title = Some(title.clone());
            effects.push(Effect::Title(title));
        }
    }

    /// Where keys are looked up.
    pub fn context(&self) -> Context {
        match &self.screen {
            _ if let Some(help) = &self.help => help.context(),
            Screen::Welcome(welcome) if welcome.form.is_some() || welcome.unlock.is_some() => {
                Context::Form
            }
            Screen::Welcome(_) => Context::Accounts,
            Screen::Main(session) => session.context(),
        }
    }

    fn key(&mut self, key: KeyEvent, effects: &mut Vec<Effect>) {
        if self.leaving {
            return;
        }
        if let (Screen::Main(session), None, Some(c)) =
            (&mut self.screen, &self.help, keymap::typed(key))
            && session.count(c)
        {
            return;
        }
        match (self.keymap.action(self.context(), key), keymap::typed(key)) {
            (Some(action), _) => self.act(action, effects),
            (None, Some(c)) => self.type_char(c, effects),
            (None, None) => {}
        }
    }

    fn act(&mut self, action: Action, effects: &mut Vec<Effect>) {
        self.on_session(effects, |session, turn| session.did(Did::Act(action), turn));
        match (action, &self.help) {
            (Action::Quit, _) => effects.push(Effect::Quit),
            (Action::Redraw, _) => effects.push(Effect::Redraw),
            (Action::Suspend, _) => effects.push(Effect::Suspend),
            (Action::SwitchAccount, _) => effects.push(Effect::NextAccount),
            (action, Some(_)) => self.act_on_help(action),
            (Action::Help, None) => self.help = Some(Help::default()),
            (action, None) => self.act_on_screen(action, effects),
        }
    }

    fn act_on_screen(&mut self, action: Action, effects: &mut Vec<Effect>) {
        match &mut self.screen {
            Screen::Main(_) => self.on_session(effects, |session, turn| session.act(action, turn)),
            Screen::Welcome(welcome) => {
                let goes_back = action == Action::Back && welcome.is_idle();
                if !self.beside.is_empty() && (goes_back || action == Action::Interrupt) {
                    return effects.push(Effect::LeaveSeat);
                }
                if action == Action::Interrupt {
                    return effects.push(Effect::Quit);
                }
                let asked = welcome.act(action);
                if let Some(asked) = &asked {
                    self.is_new = matches!(asked, Asked::SignUp(_));
                }
                effects.extend(asked.map(effect_of));
            }
        }
    }

    fn type_char(&mut self, c: char, effects: &mut Vec<Effect>) {
        match &mut self.screen {
            _ if let Some(help) = &mut self.help => help.type_char(c),
            Screen::Main(_) => self.on_session(effects, |session, turn| session.type_char(c, turn)),
            Screen::Welcome(welcome) => welcome.type_char(c),
        }
    }

    fn paste(&mut self, pasted: Pasted, effects: &mut Vec<Effect>) {
        match &mut self.screen {
            _ if self.leaving => {}
            _ if let Some(help) = &mut self.help => help.paste(&pasted.text),
            Screen::Main(_) => self.on_session(effects, |session, turn| session.paste(pasted, turn)),
            Screen::Welcome(welcome) => welcome.paste(&pasted.text),
        }
    }

    fn paste_file(&mut self, file: PastedFile, effects: &mut Vec<Effect>) {
        match &mut self.screen {
            Screen::Main(_) if self.help.is_none() && !self.leaving => {
                self.on_session(effects, |session, turn| session.paste_file(file, turn));
            }
            _ => self.paste(file.pasted, effects),
        }
    }

    /// The person's editor has ended. The session may have ended meanwhile: then it is for the next one.
    fn edited(
        &mut self,
        conversation: Option<ConversationId>,
        outcome: Result<Written, String>,
        effects: &mut Vec<Effect>,
    ) {
        match (&self.screen, conversation, outcome) {
            (Screen::Main(_), conversation, outcome) => {
                self.on_session(effects, |session, turn| session.edited(conversation, outcome, turn));
            }
            (Screen::Welcome(_), Some(conversation), Ok(written)) => {
                if let Some((_, drafts)) = &mut self.drafts {
                    drafts.insert(conversation, clean_block(&written.text));
                }
            }
            (Screen::Welcome(_), ..) => {}
        }
    }

    fn mouse(&mut self, kind: MouseKind, x: u16, y: u16, effects: &mut Vec<Effect>) {
        match (&mut self.screen, &self.help, kind) {
            (_, Some(_), MouseKind::WheelUp) => self.act_on_help(Action::Up),
            (_, Some(_), MouseKind::WheelDown) => self.act_on_help(Action::Down),
            (_, Some(_), MouseKind::Click) => self.help = None,
            (Screen::Main(_), None, _) => {
                self.on_session(effects, |session, turn| session.mouse(kind, x, y, turn));
            }
            (Screen::Welcome(_), None, MouseKind::WheelUp) => self.act_on_screen(Action::Up, effects),
            (Screen::Welcome(_), None, MouseKind::WheelDown) => {
                self.act_on_screen(Action::Down, effects)
            }
            (Screen::Welcome(_), None, MouseKind::Click) => {}
        }
    }

    fn engine(&mut self, update: Update, effects: &mut Vec<Effect>) {
        match (update, &mut self.screen) {
            (Update::Welcome { me, broker, before }, Screen::Welcome(_)) => {
                if let Some(before) = before {
                    let words = Update::moved_words(&me.user, &broker, &before);
                    self.notices.push(Weight::Warning, words, self.now);
                }
                self.note_account(&me);
                let mut session = Session::new(*me, broker);
                if let Some((_, drafts)) =
                    self.drafts.take().filter(|(user, _)| *user == session.me.user)
                {
                    session.restore_drafts(drafts);
                }
                if std::mem::take(&mut self.is_new) {
                    session.begin_tour();
                }
                self.screen = Screen::Main(Box::new(session));
            }
            (Update::Stopped(why), _) if !self.leaving => {
                effects.push(Effect::DropSession);
                self.session_ended(why);
            }
            (update, Screen::Main(_)) => {
                self.on_session(effects, |session, turn| session.update(update, turn));
            }
            (_, Screen::Welcome(_)) => {}
        }
    }

    /// Who has just signed up can sign in from now on.
    fn note_account(&mut self, me: &Profile) {
        if self.start.accounts.iter().all(|account| account.user != me.user) {
            let account =
                AccountSummary { user: me.user.clone(), display_name: me.display_name.clone() };
            self.start.accounts.push(account);
        }
    }

    /// The session ended by itself.
    fn session_ended(&mut self, why: Option<String>) {
        self.go_out(Some(why.unwrap_or_else(|| "the session has ended".to_owned())));
    }

    /// Back to the first screen. What was being written is kept.
    fn go_out(&mut self, trouble: Option<String>) {
        let (mut welcome, _) = Welcome::new(self.start.clone());
        self.notices.stand(None);
        welcome.trouble = trouble;
        if let Screen::Main(session) =
            std::mem::replace(&mut self.screen, Screen::Welcome(Box::new(welcome)))
        {
            self.drafts = Some((session.me.user.clone(), session.into_drafts()));
        }
    }
}

fn effect_of(asked: Asked) -> Effect {
    match asked {
        Asked::SignUp(form) => Effect::SignUp(form),
        Asked::SignIn(user) => Effect::SignIn(user),
        Asked::Unlock(user, passphrase) => Effect::Unlock(user, passphrase),
        Asked::Cancel => Effect::CancelSign,
    }
}

#[cfg(test)]
mod tests;
