//! The loop: events in, effects out, a frame when something has changed.

use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout};

use super::app::{
    Alert, App, Effect, Event, Keymap, SeatEffect, SeatId, Seats, Setup, SignError, Start, Written,
};
use super::aside::Aside;
use super::backend::{Backend, Connected};
use super::clipboard::{Clipboard, Uncopied};
use super::desktop::Desktop;
use super::effects::Running;
use super::error::TuiError;
use super::external_editor::{Editing, EditorCommand, Sheet};
use super::graphics;
use super::hold::{self, Farewells, Hold, Sign, until};
use super::input::{Input, Inputs};
use super::looking::Looked;
use super::opener::Opener;
use super::pace::{Cause, Pace};
use super::reload::Reload;
use super::terminal::{Lent, Screen};
use crate::domain::{ConversationId, Timestamp, UserName, clean_line};
use crate::engine::Command;

/// Most updates taken before the keyboard is looked at again.
const BATCH: usize = 64;
/// How long the first frame waits for a sign-in: one that needs no passphrase is through before, and nobody
/// sees a screen flash by that they cannot use.
const ENTRY: Duration = Duration::from_millis(20);
/// How long the end of the session may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// How the front end is to run.
#[derive(Debug)]
pub struct Options {
    /// Which key means what.
    pub keymap: Keymap,
    /// What the person is to be told first: what is wrong with their keymap.
    pub warnings: Vec<String>,
    /// What else the person is to be told first; `{quit}` in it stands for the key that quits.
    pub greeting: Option<String>,
    /// Whether what the desktop is to show goes there over D-Bus.
    pub bus: bool,
    /// Whether the mouse is ours.
    pub mouse: bool,
    /// Time zone, signs, looks.
    pub setup: Setup,
    /// Where all that may change comes from.
    pub reload: Reload,
    /// What to call for a draft that is to be edited outside.
    pub editor: EditorCommand,
    /// What opens links.
    pub opener: Opener,
    /// What puts texts on the clipboard.
    pub clipboard: Clipboard,
    /// An account to sign in at once.
    pub sign_in: Option<UserName>,
}

/// Where the account of a profile is, and what there is to sign in to.
type Opened<B> = Result<(B, Start), Vec<String>>;

/// A profile of the configuration that is being read, for who asked for it.
type Opening<B> = (SeatId, JoinHandle<Opened<B>>);

/// An editor that has the terminal.
struct Away {
    seat: SeatId,
    editing: Editing,
    lent: Lent,
    conversation: Option<ConversationId>,
}

/// Runs the full-screen messenger until the person leaves, or the process is asked to end.
///
/// To be polled by `Runtime::block_on`, not from a task: it writes to the terminal, which may block its
/// thread while the terminal is stopped.
pub async fn run<B: Backend + Send + Sync + 'static>(
    backend: B,
    options: Options,
) -> Result<(), TuiError> {
    let follows = options.setup.looks.by_shade.is_some();
    let mut screen = Screen::enter(follows, options.setup.graphics.mode(), options.mouse)
        .map_err(TuiError::NoTerminal)?;
    let inputs = Inputs::start().map_err(TuiError::NoTerminal)?;
    let start = Hold::start(&backend, None, options.sign_in);
    let size = screen.size().map_err(TuiError::NoTerminal)?;
    let (mut app, effects) = App::new(options.setup, options.keymap, start, size, now());
    app.warn(options.warnings);
    if let Some(greeting) = &options.greeting {
        app.greet(greeting);
    }
    let seats = Seats::new(app);
    let id = seats.shown_id();
    let mut front = Front {
        holds: vec![Hold::new(id, Arc::new(backend), None)],
        farewells: Farewells::default(),
        opening: None,
        seats,
        inputs,
        editor: options.editor,
        opener: options.opener,
        clipboard: options.clipboard,
        reload: options.reload,
        desktop: options.bus.then(Desktop::new),
        away: None,
        reading: Aside::default(),
        pace: Pace::default(),
        draw_at: None,
        leaving: false,
        resumed: false,
    };
    let effects = effects.into_iter().map(|effect| (id, effect)).collect();
    front.carry_out(effects, &mut screen)?;
    let outcome = front.go(&mut screen).await;
    if let Some(away) = front.away.take() {
        away.editing.call_off().await;
        screen.take_back(&away.lent).map_err(TuiError::Draw)?;
    }
    let running: Vec<Running> = front.holds.iter_mut().filter_map(Hold::drop_session).collect();
    running.into_iter().for_each(|running| front.farewells.say(running));
    // Longer than that nobody waits for a prompt; the broker will see by itself that we are gone.
    let _ = timeout(FAREWELL, front.farewells.over()).await;
    outcome
}

fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

struct Front<B> {
    /// The accounts that are open, as they look.
    seats: Seats,
    /// And what they need of the outside.
    holds: Vec<Hold<B>>,
    farewells: Farewells,
    opening: Option<Opening<B>>,
    inputs: Inputs,
    editor: EditorCommand,
    opener: Opener,
    clipboard: Clipboard,
    reload: Reload,
    /// The way to the desktop, where that is not the terminal.
    desktop: Option<Desktop>,
    /// The editor that has the terminal, while one has.
    away: Option<Away>,
    /// Files of the person that are being read.
    reading: Aside,
    pace: Pace,
    /// When the next frame is due.
    draw_at: Option<Instant>,
    leaving: bool,
    /// Whether we went on by ourselves, and shall hear of it from outside too.
    resumed: bool,
}

/// What woke the loop.
enum Woken<B> {
    Input(Option<Input>),
    Seat(SeatId, hold::Woken),
    Read(SeatId, Event),
    Opened(Opened<B>),
    Uncopied(Uncopied),
    Edited(Result<Written, String>),
    Unshown(Alert),
    Draw,
}

impl<B: Backend + Send + Sync + 'static> Front<B> {
    async fn go(&mut self, screen: &mut Screen) -> Result<(), TuiError> {
        self.note_changes(Cause::Hand);
        if self.holds.iter().any(Hold::is_signing) {
            self.draw_at = self.draw_at.map(|due| due + ENTRY);
        }
        loop {
            self.draw_if_due(screen)?;
            if self.leaving {
                return Ok(());
            }
            match self.wait().await {
                // The input task ends when the terminal is gone.
                Woken::Input(None) => self.take(Event::Shutdown, screen)?,
                Woken::Input(Some(input)) => self.take_input(input, screen)?,
                Woken::Seat(id, woken) => self.take_woken(id, woken, screen)?,
                Woken::Read(id, event) => self.have_read(id, event, screen)?,
                Woken::Opened(outcome) => self.opened(outcome, screen)?,
                Woken::Uncopied(Uncopied { text, why }) => {
                    screen.copy(&text).map_err(TuiError::Draw)?;
                    self.take(Event::NotCopied(why), screen)?;
                }
                Woken::Edited(outcome) => self.edited(outcome, screen)?,
                // The bell has rung.
                Woken::Unshown(alert) => {
                    screen.alert(&Alert { bell: false, ..alert }).map_err(TuiError::Draw)?;
                }
                Woken::Draw => {}
            }
            self.drain(screen)?;
        }
    }

    async fn wait(&mut self) -> Woken<B> {
        let holds_input = self.holds_input();
        tokio::select! {
            biased;
            input = self.inputs.next(), if !holds_input => Woken::Input(input),
            () = until(self.draw_at), if self.away.is_none() => Woken::Draw,
            outcome = edited(&mut self.away) => Woken::Edited(outcome),
            (id, woken) = hold::next(&mut self.holds) => Woken::Seat(id, woken),
            alert = unshown(&mut self.desktop) => Woken::Unshown(alert),
            (id, event) = self.reading.next() => Woken::Read(id, event),
            outcome = opened(&mut self.opening) => Woken::Opened(outcome),
            uncopied = self.clipboard.failed(), if self.away.is_none() => Woken::Uncopied(uncopied),
        }
    }

    /// Takes everything that has come already, so that one frame shows all of it.
    fn drain(&mut self, screen: &mut Screen) -> Result<(), TuiError> {
        for _ in 0..BATCH {
            while !self.holds_input()
                && let Some(input) = self.inputs.ready()
            {
                self.take_input(input, screen)?;
            }
            match hold::ready(&mut self.holds) {
                Some((id, update)) => self.take_at(id, Event::Update(update), screen)?,
                None => break,
            }
        }
        Ok(())
    }

    fn hold(&mut self, id: SeatId) -> Option<&mut Hold<B>> {
        self.holds.iter_mut().find(|hold| hold.id == id)
    }

    /// Whether a paste is looked at: what is typed after it comes after it.
    fn holds_input(&self) -> bool {
        let shown = self.seats.shown_id();
        self.holds.iter().any(|hold| hold.id == shown && hold.looking.holds_input())
    }

    fn take_woken(
        &mut self,
        id: SeatId,
        woken: hold::Woken,
        screen: &mut Screen,
    ) -> Result<(), TuiError> {
        match woken {
            hold::Woken::Update(update) => self.take_at(id, Event::Update(update), screen),
            hold::Woken::Timer => self.take_at(id, Event::Timer, screen),
            hold::Woken::Signed(outcome) => self.signed(id, outcome, screen),
            hold::Woken::Looked(Looked::Written(command)) => self.send(id, command, screen),
            hold::Woken::Looked(Looked::Pasted(event) | Looked::Listed(event)) => {
                self.take_at(id, event, screen)?;
                self.note_changes(Cause::Hand);
                Ok(())
            }
        }
    }

    fn take_input(&mut self, input: Input, screen: &mut Screen) -> Result<(), TuiError> {
        match input {
            // The end of the terminal. What was typed before the editor had it went to nobody.
            Input::Event(event) if self.away.is_some() => {
                if matches!(event, Event::Shutdown) {
                    self.take(event, screen)?;
                }
            }
            // Ctrl+C of an editor that leaves it to the terminal is meant for that alone.
            Input::Interrupted if self.away.is_some() => {}
            // So is Ctrl+Z; but the shell waits for us, and continues both.
            Input::Stop if self.away.is_some() => stop(),
            Input::Continued if self.away.is_some() => {}
            Input::Event(Event::Paste(pasted)) => {
                let shown = self.seats.shown_id();
                let event = self.hold(shown).and_then(|hold| hold.looking.paste(pasted));
                if let Some(event) = event {
                    self.take(event, screen)?;
                }
            }
            Input::Event(event) => self.take(event, screen)?,
            Input::Interrupted => self.take(Event::Shutdown, screen)?,
            Input::Resized => {
                let (width, height) = screen.size().map_err(TuiError::Draw)?;
                self.take(Event::Resize { width, height }, screen)?;
                if let Some(cell) = screen.cell().map_err(TuiError::Draw)? {
                    self.take(Event::Ability(cell), screen)?;
                }
            }
            Input::Stop => self.suspend(screen)?,
            // Somebody stopped us in a way that cannot be caught, unless it was our own doing.
            Input::Continued if !std::mem::take(&mut self.resumed) => self.resume(screen)?,
            Input::Continued => {}
        }
        self.note_changes(Cause::Hand);
        Ok(())
    }

    /// Takes in what the person or the terminal did.
    fn take(&mut self, event: Event, screen: &mut Screen) -> Result<(), TuiError> {
        self.take_at(self.seats.shown_id(), event, screen)
    }

    fn take_at(&mut self, id: SeatId, event: Event, screen: &mut Screen) -> Result<(), TuiError> {
        let effects = self.seats.update_at(id, event, now());
        self.carry_out(effects, screen)?;
        self.note_changes(Cause::Other);
        Ok(())
    }

    fn signed(
        &mut self,
        id: SeatId,
        outcome: Result<Connected, SignError>,
        screen: &mut Screen,
    ) -> Result<(), TuiError> {
        let Some(hold) = self.hold(id) else { return Ok(()) };
        let event = match outcome {
            Ok(link) => {
                hold.running = Some(Running::new(link));
                Event::SignedIn
            }
            Err(error) => Event::SignFailed(error, hold.backend.accounts()),
        };
        self.take_at(id, event, screen)
    }

    /// Gives one more account a place in the window.
    fn open(&mut self, backend: Arc<B>, start: Start, screen: &mut Screen) -> Result<(), TuiError> {
        let profile = start.profile.clone();
        let (id, effects) = self.seats.open(start, now());
        self.holds.push(Hold::new(id, backend, profile));
        self.carry_out(effects, screen)
    }

    /// The profile that somebody asked for was read.
    fn opened(&mut self, outcome: Opened<B>, screen: &mut Screen) -> Result<(), TuiError> {
        let Some((id, _)) = self.opening.take() else { return Ok(()) };
        match outcome {
            Ok((backend, start)) => self.open(Arc::new(backend), start, screen)?,
            Err(problems) => self.take_at(id, Event::NotOpened(problems), screen)?,
        }
        self.note_changes(Cause::Hand);
        Ok(())
    }

    fn carry_out(&mut self, effects: Vec<SeatEffect>, screen: &mut Screen) -> Result<(), TuiError> {
        for (id, effect) in effects {
            let farewells = self.farewells.clone();
            let Some(hold) = self.hold(id) else { continue };
            match effect {
                Effect::Send(command) => self.send(id, command, screen)?,
                Effect::SendWritten(command) => hold.looking.write(command),
                Effect::SignUp(form) => hold.sign(Sign::Up(form), &farewells),
                Effect::SignIn(user) => hold.sign(Sign::In(user, None), &farewells),
                Effect::Unlock(user, passphrase) => {
                    hold.sign(Sign::In(user, Some(passphrase)), &farewells);
                }
                Effect::CancelSign => hold.cancel_sign(),
                Effect::DropSession => drop(hold.drop_session()),
                Effect::EndSession => {
                    hold.drop_session().into_iter().for_each(|running| farewells.say(running));
                }
                // Where to is decided among the seats.
                Effect::NextAccount | Effect::LeaveSeat => {}
                Effect::OpenAccount(user) => {
                    let backend = Arc::clone(&hold.backend);
                    let start = Hold::start(backend.as_ref(), hold.profile.clone(), user);
                    self.open(backend, start, screen)?;
                }
                Effect::OpenProfile(name) => {
                    let backend = Arc::clone(&hold.backend);
                    let read = spawn_blocking(move || {
                        let (backend, user) = backend.of_profile(&name)?;
                        let start = Hold::start(&backend, Some(name), user);
                        Ok((backend, start))
                    });
                    self.opening = Some((id, read));
                }
                Effect::CloseSeat => {
                    hold.drop_session().into_iter().for_each(|running| farewells.say(running));
                    self.holds.retain(|hold| hold.id != id);
                }
                Effect::SetTimer(at) => {
                    hold.timer = at.map(|at| Instant::now() + at.since(now()));
                }
                Effect::Edit { user, conversation, text } => {
                    self.edit(id, &user, conversation, &text, screen)?;
                }
                Effect::OpenLink(link) => {
                    let opened = self.opener.open(&link);
                    if opened.is_err() {
                        self.copy(link, screen)?;
                    }
                    self.take_at(id, Event::LinkOpened(opened), screen)?;
                }
                Effect::Copy(text) => self.copy(text, screen)?,
                Effect::ListPaths(written) => hold.looking.list(written),
                Effect::Alert(alert) => self.alert(alert, screen)?,
                Effect::Title(title) => screen.title(&title).map_err(TuiError::Draw)?,
                Effect::Theme(name) => {
                    let themes = self.reload.themes.clone();
                    let told = |looks: Result<_, _>| Event::Themed(looks.map(Box::new));
                    self.reading.read(id, move || themes.find(&name), told);
                }
                Effect::Reload => {
                    let reload = self.reload.clone();
                    let told = |read: Result<_, _>| Event::Reloaded(read.map(Box::new));
                    self.reading.read(id, move || reload.read(), told);
                }
                Effect::Engrave(plate) => {
                    let order = plate.order;
                    let told = move |graphic: Result<_, _>| Event::Engraved(order, graphic);
                    self.reading.read(id, move || graphics::engrave(&plate), told);
                }
                Effect::Redraw => {
                    screen.forget().map_err(TuiError::Draw)?;
                    self.draw_at = Some(Instant::now());
                }
                Effect::Suspend => self.suspend(screen)?,
                Effect::Quit => self.leaving = true,
            }
        }
        Ok(())
    }

    fn send(&mut self, id: SeatId, command: Command, screen: &mut Screen) -> Result<(), TuiError> {
        match self.hold(id).and_then(|hold| hold.send(command)) {
            Some(refused) => self.take_at(id, Event::Update(refused), screen),
            None => Ok(()),
        }
    }

    /// Puts a text on the clipboard.
    fn copy(&mut self, text: String, screen: &mut Screen) -> Result<(), TuiError> {
        match self.clipboard.put(text) {
            Some(text) => screen.copy(&text).map_err(TuiError::Draw),
            None => Ok(()),
        }
    }

    /// Calls for the person: over D-Bus where that is wanted, and with the terminal for the rest.
    fn alert(&mut self, alert: Alert, screen: &mut Screen) -> Result<(), TuiError> {
        let rest = match &mut self.desktop {
            Some(desktop) if alert.desktop => {
                let bell = Alert { desktop: false, ..alert.clone() };
                desktop.show(alert).err().unwrap_or(bell)
            }
            _ => alert,
        };
        screen.alert(&rest).map_err(TuiError::Draw)
    }

    /// What was read counts from now on; the terminal is to follow as it says.
    fn have_read(&mut self, id: SeatId, event: Event, screen: &mut Screen) -> Result<(), TuiError> {
        let looks = match &event {
            Event::Themed(Ok(looks)) => Some(looks.as_ref()),
            Event::Reloaded(Ok(reloaded)) => {
                if reloaded.bus != self.desktop.is_some() {
                    self.desktop = reloaded.bus.then(Desktop::new);
                }
                screen.ask(reloaded.pictures).map_err(TuiError::Draw)?;
                screen.mouse(reloaded.mouse).map_err(TuiError::Draw)?;
                Some(&reloaded.looks)
            }
            _ => None,
        };
        if let Some(looks) = looks {
            screen.follow(looks.by_shade.is_some()).map_err(TuiError::Draw)?;
        }
        self.take_at(id, event, screen)
    }

    /// Stops as the shell's Ctrl+Z does; goes on here when the process is continued.
    fn suspend(&mut self, screen: &mut Screen) -> Result<(), TuiError> {
        screen.leave();
        stop();
        self.resumed = true;
        self.resume(screen)
    }

    /// Gives the terminal to the person's editor. The engine is listened to meanwhile; nothing is drawn, and nobody
    /// looks at the messages.
    fn edit(
        &mut self,
        seat: SeatId,
        user: &UserName,
        conversation: Option<ConversationId>,
        text: &str,
        screen: &mut Screen,
    ) -> Result<(), TuiError> {
        let Some(hold) = self.hold(seat) else { return Ok(()) };
        let directory = hold.backend.private_dir(user);
        match Sheet::prepare(&self.editor, &directory, text) {
            Ok(sheet) => {
                let lent = screen.lend(&format!("Cooee waits until `{}` has ended.", sheet.program()));
                let editing = sheet.edit(self.inputs.give_keyboard());
                self.away = Some(Away { seat, editing, lent, conversation });
                self.take(Event::Focus(false), screen)
            }
            Err(why) => self.take_at(seat, Event::Edited { conversation, outcome: Err(why) }, screen),
        }
    }

    /// Takes the terminal back from the editor. Whoever ended it looks at us.
    fn edited(&mut self, outcome: Result<Written, String>, screen: &mut Screen) -> Result<(), TuiError> {
        let Some(Away { seat, lent, conversation, .. }) = self.away.take() else { return Ok(()) };
        screen.take_back(&lent).map_err(TuiError::Draw)?;
        self.inputs.take_keyboard().map_err(TuiError::NoTerminal)?;
        let (width, height) = screen.size().map_err(TuiError::Draw)?;
        self.take(Event::Resize { width, height }, screen)?;
        self.take(Event::Focus(true), screen)?;
        self.take_at(seat, Event::Edited { conversation, outcome }, screen)?;
        self.draw_at = Some(Instant::now());
        Ok(())
    }

    fn resume(&mut self, screen: &mut Screen) -> Result<(), TuiError> {
        screen.enter_again().map_err(TuiError::Draw)?;
        self.draw_at = Some(Instant::now());
        Ok(())
    }

    /// Makes a frame due if something has changed; one that is due already is for a hand that waits, too.
    fn note_changes(&mut self, cause: Cause) {
        if self.seats.shown_mut().take_changed() || (cause == Cause::Hand && self.draw_at.is_some()) {
            let due = self.pace.next(cause);
            self.draw_at = Some(self.draw_at.map_or(due, |earlier| earlier.min(due)));
        }
    }

    fn draw_if_due(&mut self, screen: &mut Screen) -> Result<(), TuiError> {
        if self.away.is_some() {
            return Ok(());
        }
        let now = Instant::now();
        if self.draw_at.is_some_and(|due| due <= now) || self.leaving {
            screen.draw(self.seats.shown()).map_err(TuiError::Draw)?;
            self.pace.drawn(Instant::now());
            self.draw_at = None;
            let effects = self.seats.drawn();
            self.carry_out(effects, screen)?;
        }
        Ok(())
    }
}

/// Stops this process. Not by SIGTSTP, which we catch: this one cannot be caught.
fn stop() {
    if let Err(error) = kill_process(getpid(), Signal::STOP) {
        tracing::warn!(%error, "cannot stop");
    }
}

async fn unshown(desktop: &mut Option<Desktop>) -> Alert {
    match desktop {
        Some(desktop) => desktop.unshown().await,
        None => std::future::pending().await,
    }
}

async fn edited(away: &mut Option<Away>) -> Result<Written, String> {
    match away {
        Some(away) => away.editing.ended().await,
        None => std::future::pending().await,
    }
}

async fn opened<B>(opening: &mut Option<Opening<B>>) -> Opened<B> {
    match opening {
        Some((_, reading)) => reading.await.unwrap_or_else(|failure| {
            Err(vec![clean_line(&format!("nothing was read, by a fault of Cooee: {failure}"))])
        }),
        None => std::future::pending().await,
    }
}
