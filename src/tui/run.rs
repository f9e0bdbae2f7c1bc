//! The loop: events in, effects out, a frame when something has changed.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use tokio::time::{Instant, sleep_until, timeout};

use super::app::{Alert, App, Effect, Event, Keymap, Setup, SignError, Start, Written};
use super::aside::Aside;
use super::backend::{Backend, Connected};
use super::desktop::Desktop;
use super::effects::Running;
use super::external_editor::{Editing, EditorCommand, Sheet};
use super::graphics;
use super::input::{Input, Inputs};
use super::looking::{Looked, Looking};
use super::opener::Opener;
use super::reload::Reload;
use super::terminal::{Lent, Screen};
use crate::domain::{ConversationId, Timestamp, UserName};
use crate::engine::Command;

/// The time between two frames that nobody's hand caused, where many follow each other; the second of them
/// need not wait, for what is told twice in a moment (we are in, and we are connected) is no flood.
const FRAME: Duration = Duration::from_millis(16);
/// The least time between two frames when somebody types: an echo is not to wait for a frame that a
/// burst of messages has just taken.
const ECHO: Duration = Duration::from_millis(1);
/// Most updates taken before the keyboard is looked at again.
const BATCH: usize = 64;
/// How long the first frame waits for a sign-in: one that needs no passphrase is through before, and nobody
/// sees a screen flash by that they cannot use.
const ENTRY: Duration = Duration::from_millis(20);
/// How long the end of the session may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// How the front end is to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which key means what.
    pub keymap: Keymap,
    /// What the person is to be told first: what is wrong with their keymap.
    pub warnings: Vec<String>,
    /// What else the person is to be told first; `{quit}` in it stands for the key that quits.
    pub greeting: Option<String>,
    /// Whether what the desktop is to show goes there over D-Bus.
    pub bus: bool,
    /// Time zone, signs, looks.
    pub setup: Setup,
    /// Where all that may change comes from.
    pub reload: Reload,
    /// What to call for a draft that is to be edited outside.
    pub editor: EditorCommand,
    /// What opens links.
    pub opener: Opener,
    /// An account to sign in at once.
    pub sign_in: Option<UserName>,
}

/// Why the front end cannot run.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// There is no terminal, or it cannot be used.
    #[error("the full-screen messenger needs a terminal: {0}")]
    NoTerminal(#[source] io::Error),
    /// No threads.
    #[error("cannot start threads: {0}")]
    Threads(#[source] io::Error),
    /// The built-in keymap is wrong.
    #[error("the built-in keymap: {0}")]
    Keymap(super::app::KeymapProblem),
    /// The terminal failed while it was used.
    #[error("cannot draw on the terminal: {0}")]
    Draw(#[source] io::Error),
}

/// An attempt to sign up or in that is under way.
type Attempt<'a> = Pin<Box<dyn Future<Output = Result<Connected, SignError>> + 'a>>;

/// An editor that has the terminal.
struct Away {
    editing: Editing,
    lent: Lent,
    conversation: Option<ConversationId>,
}

/// Runs the full-screen messenger until the person leaves, or the process is asked to end.
///
/// To be polled by `Runtime::block_on`, not from a task: it writes to the terminal, which may block its
/// thread while the terminal is stopped.
pub async fn run<B: Backend>(backend: &B, options: Options) -> Result<(), TuiError> {
    let follows = options.setup.looks.by_shade.is_some();
    let mut screen =
        Screen::enter(follows, options.setup.graphics.mode()).map_err(TuiError::NoTerminal)?;
    let inputs = Inputs::start().map_err(TuiError::NoTerminal)?;
    let start =
        Start { accounts: backend.accounts(), broker: backend.broker(), sign_in: options.sign_in };
    let size = screen.size().map_err(TuiError::NoTerminal)?;
    let (mut app, effects) = App::new(options.setup, options.keymap, start, size, now());
    app.warn(options.warnings);
    if let Some(greeting) = &options.greeting {
        app.greet(greeting);
    }
    let mut front = Front {
        backend,
        app,
        inputs,
        editor: options.editor,
        opener: options.opener,
        reload: options.reload,
        desktop: options.bus.then(Desktop::new),
        away: None,
        running: None,
        attempt: None,
        reading: Aside::default(),
        looking: Looking::default(),
        timer: None,
        pace: Pace::default(),
        draw_at: None,
        leaving: false,
        resumed: false,
    };
    front.carry_out(effects, &mut screen)?;
    let outcome = front.go(&mut screen).await;
    if let Some(away) = front.away.take() {
        away.editing.call_off().await;
        screen.take_back(&away.lent).map_err(TuiError::Draw)?;
    }
    let farewell = async {
        if let Some(running) = front.running.take() {
            running.end().await;
        }
    };
    // Longer than that nobody waits for a prompt; the broker will see by itself that we are gone.
    let _ = timeout(FAREWELL, farewell).await;
    outcome
}

fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

struct Front<'a, B> {
    backend: &'a B,
    app: App,
    inputs: Inputs,
    editor: EditorCommand,
    opener: Opener,
    reload: Reload,
    /// The way to the desktop, where that is not the terminal.
    desktop: Option<Desktop>,
    /// The editor that has the terminal, while one has.
    away: Option<Away>,
    running: Option<Running>,
    attempt: Option<Attempt<'a>>,
    /// Files of the person that are being read.
    reading: Aside,
    /// Paths that are being looked at.
    looking: Looking,
    timer: Option<Instant>,
    pace: Pace,
    /// When the next frame is due.
    draw_at: Option<Instant>,
    leaving: bool,
    /// Whether we went on by ourselves, and shall hear of it from outside too.
    resumed: bool,
}

/// What woke the loop.
enum Woken {
    Input(Option<Input>),
    Event(Event),
    Read(Event),
    Looked(Looked),
    Signed(Result<Connected, SignError>),
    Edited(Result<Written, String>),
    Unshown(Alert),
    Draw,
}

impl<B: Backend> Front<'_, B> {
    async fn go(&mut self, screen: &mut Screen) -> Result<(), TuiError> {
        self.note_changes(Cause::Hand);
        if self.attempt.is_some() {
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
                Woken::Event(event) => self.take(event, screen)?,
                Woken::Read(event) => self.have_read(event, screen)?,
                Woken::Looked(Looked::Pasted(event)) => {
                    self.take(event, screen)?;
                    self.note_changes(Cause::Hand);
                }
                Woken::Looked(Looked::Written(command)) => self.send(command, screen)?,
                Woken::Signed(outcome) => self.signed(outcome, screen)?,
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

    async fn wait(&mut self) -> Woken {
        tokio::select! {
            biased;
            input = self.inputs.next(), if !self.looking.holds_input() => Woken::Input(input),
            () = until(self.draw_at), if self.away.is_none() => Woken::Draw,
            outcome = edited(&mut self.away) => Woken::Edited(outcome),
            update = next(&mut self.running) => Woken::Event(Event::Update(update)),
            alert = unshown(&mut self.desktop) => Woken::Unshown(alert),
            outcome = signed(&mut self.attempt) => Woken::Signed(outcome),
            event = self.reading.next() => Woken::Read(event),
            looked = self.looking.next() => Woken::Looked(looked),
            () = until(self.timer) => {
                self.timer = None;
                Woken::Event(Event::Timer)
            }
        }
    }

    /// Takes everything that has come already, so that one frame shows all of it.
    fn drain(&mut self, screen: &mut Screen) -> Result<(), TuiError> {
        for _ in 0..BATCH {
            while !self.looking.holds_input()
                && let Some(input) = self.inputs.ready()
            {
                self.take_input(input, screen)?;
            }
            match self.running.as_mut().and_then(Running::ready) {
                Some(update) => self.take(Event::Update(update), screen)?,
                None => break,
            }
        }
        Ok(())
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
                if let Some(event) = self.looking.paste(pasted) {
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

    fn take(&mut self, event: Event, screen: &mut Screen) -> Result<(), TuiError> {
        let effects = self.app.update(event, now());
        self.carry_out(effects, screen)?;
        self.note_changes(Cause::Other);
        Ok(())
    }

    fn signed(
        &mut self,
        outcome: Result<Connected, SignError>,
        screen: &mut Screen,
    ) -> Result<(), TuiError> {
        self.attempt = None;
        let event = match outcome {
            Ok(link) => {
                self.running = Some(Running::new(link));
                Event::SignedIn
            }
            Err(error) => Event::SignFailed(error, self.backend.accounts()),
        };
        self.take(event, screen)
    }

    fn carry_out(&mut self, effects: Vec<Effect>, screen: &mut Screen) -> Result<(), TuiError> {
        for effect in effects {
            match effect {
                Effect::Send(command) => self.send(command, screen)?,
                Effect::SendWritten(command) => self.looking.write(command),
                Effect::SignUp(form) => self.attempt = Some(Box::pin(self.backend.sign_up(form))),
                Effect::SignIn(user) => self.attempt = Some(Box::pin(self.backend.sign_in(user, None))),
                Effect::Unlock(user, passphrase) => {
                    self.attempt = Some(Box::pin(self.backend.sign_in(user, Some(passphrase))));
                }
                Effect::CancelSign => self.attempt = None,
                Effect::DropSession => {
                    self.running = None;
                    self.looking.forget_written();
                }
                Effect::SetTimer(at) => {
                    self.timer = at.map(|at| Instant::now() + at.since(now()));
                }
                Effect::Edit { user, conversation, text } => {
                    self.edit(&user, conversation, &text, screen)?;
                }
                Effect::OpenLink(link) => {
                    let opened = self.opener.open(&link);
                    if opened.is_err() {
                        screen.copy(&link).map_err(TuiError::Draw)?;
                    }
                    self.take(Event::LinkOpened(opened), screen)?;
                }
                Effect::Copy(text) => screen.copy(&text).map_err(TuiError::Draw)?,
                Effect::Alert(alert) => self.alert(alert, screen)?,
                Effect::Title(title) => screen.title(&title).map_err(TuiError::Draw)?,
                Effect::Theme(name) => {
                    let themes = self.reload.themes.clone();
                    let told = |looks: Result<_, _>| Event::Themed(looks.map(Box::new));
                    self.reading.read(move || themes.find(&name), told);
                }
                Effect::Reload => {
                    let reload = self.reload.clone();
                    let told = |read: Result<_, _>| Event::Reloaded(read.map(Box::new));
                    self.reading.read(move || reload.read(), told);
                }
                Effect::Engrave(plate) => {
                    let order = plate.order;
                    let told = move |graphic: Result<_, _>| Event::Engraved(order, graphic);
                    self.reading.read(move || graphics::engrave(&plate), told);
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

    fn send(&mut self, command: Command, screen: &mut Screen) -> Result<(), TuiError> {
        match self.running.as_mut().and_then(|running| running.send(command)) {
            Some(refused) => self.take(Event::Update(refused), screen),
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
    fn have_read(&mut self, event: Event, screen: &mut Screen) -> Result<(), TuiError> {
        let looks = match &event {
            Event::Themed(Ok(looks)) => Some(looks.as_ref()),
            Event::Reloaded(Ok(reloaded)) => {
                if reloaded.bus != self.desktop.is_some() {
                    self.desktop = reloaded.bus.then(Desktop::new);
                }
                screen.ask(reloaded.pictures).map_err(TuiError::Draw)?;
                Some(&reloaded.looks)
            }
            _ => None,
        };
        if let Some(looks) = looks {
            screen.follow(looks.by_shade.is_some()).map_err(TuiError::Draw)?;
        }
        self.take(event, screen)
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
        user: &UserName,
        conversation: Option<ConversationId>,
        text: &str,
        screen: &mut Screen,
    ) -> Result<(), TuiError> {
        let directory = self.backend.private_dir(user);
        match Sheet::prepare(&self.editor, &directory, text) {
            Ok(sheet) => {
                let lent = screen.lend(&format!("Cooee waits until `{}` has ended.", sheet.program()));
                let editing = sheet.edit(self.inputs.give_keyboard());
                self.away = Some(Away { editing, lent, conversation });
                self.take(Event::Focus(false), screen)
            }
            Err(why) => self.take(Event::Edited { conversation, outcome: Err(why) }, screen),
        }
    }

    /// Takes the terminal back from the editor. Whoever ended it looks at us.
    fn edited(&mut self, outcome: Result<Written, String>, screen: &mut Screen) -> Result<(), TuiError> {
        let Some(Away { lent, conversation, .. }) = self.away.take() else { return Ok(()) };
        screen.take_back(&lent).map_err(TuiError::Draw)?;
        self.inputs.take_keyboard().map_err(TuiError::NoTerminal)?;
        let (width, height) = screen.size().map_err(TuiError::Draw)?;
        self.take(Event::Resize { width, height }, screen)?;
        self.take(Event::Focus(true), screen)?;
        self.take(Event::Edited { conversation, outcome }, screen)?;
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
        if self.app.take_changed() || (cause == Cause::Hand && self.draw_at.is_some()) {
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
            screen.draw(&self.app).map_err(TuiError::Draw)?;
            self.pace.drawn(Instant::now());
            self.draw_at = None;
            let effects = self.app.drawn();
            self.carry_out(effects, screen)?;
        }
        Ok(())
    }
}

/// Why there is something new to show.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// Somebody typed, and waits for it.
    Hand,
    /// It came by itself.
    Other,
}

/// When frames may follow each other: one every [`FRAME`] in the long run, two at once after a pause.
#[derive(Debug, Default)]
struct Pace {
    drawn: Option<Instant>,
    /// Until when what was drawn has used up its time.
    used: Option<Instant>,
}

impl Pace {
    /// The earliest time of the next frame.
    fn next(&self, cause: Cause) -> Instant {
        let (Some(drawn), Some(used)) = (self.drawn, self.used) else { return Instant::now() };
        let echo = drawn + ECHO;
        match cause {
            Cause::Hand => echo,
            Cause::Other => echo.max(used - FRAME),
        }
    }

    fn drawn(&mut self, now: Instant) {
        self.drawn = Some(now);
        self.used = Some(self.used.map_or(now, |used| used.max(now)) + FRAME);
    }
}

/// Stops this process. Not by SIGTSTP, which we catch: this one cannot be caught.
fn stop() {
    if let Err(error) = kill_process(getpid(), Signal::STOP) {
        tracing::warn!(%error, "cannot stop");
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn next(running: &mut Option<Running>) -> crate::engine::Update {
    match running {
        Some(running) => running.next().await,
        None => std::future::pending().await,
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

async fn signed(attempt: &mut Option<Attempt<'_>>) -> Result<Connected, SignError> {
    match attempt {
        Some(attempt) => attempt.await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_frames_may_follow_at_once_and_then_one_at_a_time() {
        let mut pace = Pace::default();
        let start = Instant::now();
        pace.drawn(start);
        assert_eq!(pace.next(Cause::Other), start + ECHO);
        pace.drawn(start + ECHO);
        for frame in 1..10 {
            let due = start + FRAME * frame;
            assert_eq!(pace.next(Cause::Other), due);
            assert!(pace.next(Cause::Hand) < due, "a hand does not wait for that");
            pace.drawn(due);
        }
        let later = start + Duration::from_secs(1);
        pace.drawn(later);
        assert_eq!(pace.next(Cause::Other), later + ECHO, "after a pause it begins anew");
    }
}
