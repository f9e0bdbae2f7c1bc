//! The terminal: its modes, set and undone by one guard on every way out, and drawing on it.
//!
//! No answer of the terminal is waited for before the first frame, or ever. Where its background decides how things
//! look, it is asked for that, and likewise what pictures it can show; the answer comes among the keys, or does not come.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::{self, ThreadId};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange,
    KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    SetTitle, disable_raw_mode, enable_raw_mode,
};
use crossterm::{Command, cursor, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use super::app::{Ability, Alert, App, PictureMode};
use super::frame_writer::{FrameWriter, InFrame};
use super::graphics::{self, Ask, Standing};
use super::repaint::Repaint;
use super::view;
use crate::domain::clean_line;

/// What a program that died may have left: the line with our words, the cursor and keypad keys of applications,
/// the motion of the mouse.
const AFTERMATH: &str = "\x1b[K\x1b[?1l\x1b>\x1b[?1002l\x1b[?1003l";

/// Whether the terminal is in our modes.
static ENTERED: AtomicBool = AtomicBool::new(false);

/// Whether the terminal tells us its background.
static FOLLOWS: AtomicBool = AtomicBool::new(false);

/// As what the terminal is asked for pictures.
static PICTURES: Mutex<PictureMode> = Mutex::new(PictureMode::Cells);

/// Whether the mouse is ours.
static MOUSE: AtomicBool = AtomicBool::new(true);

/// Clicks and the wheel with their cells, in any width of screen. Not motion: it would wake us for
/// nothing (crossterm's `EnableMouseCapture` asks for that too).
struct Mouse(bool);

impl Command for Mouse {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str(if self.0 { "\x1b[?1000h\x1b[?1006h" } else { "\x1b[?1006l\x1b[?1000l" })
    }
}

/// Asks for the background (OSC 11), and to be told when the person turns to a light or a dark one (mode 2031); or to be
/// told no more. Terminals that know neither ignore it.
struct Follow(bool);

impl Command for Follow {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str(if self.0 { "\x1b[?2031h\x1b]11;?\x1b\\" } else { "\x1b[?2031l" })
    }
}

/// Has xterm send Alt with a key as Esc and that key, which every other terminal does and its users may not have asked for
/// (its modes 1036 and 1039: without, Alt+A is á there); or has it be as it was. Others ignore it.
struct AltAsEscape(bool);

impl Command for AltAsEscape {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str(if self.0 { "\x1b[?1036;1039s\x1b[?1036;1039h" } else { "\x1b[?1036;1039r" })
    }
}

/// Has the terminal remember its title, or take it back.
struct KeepTitle(bool);

impl Command for KeepTitle {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str(if self.0 { "\x1b[22;0t" } else { "\x1b[23;0t" })
    }
}

/// Rings, and has the desktop show something where the terminal passes it on: OSC 777 (foot, Ghostty, WezTerm, urxvt),
/// OSC 9 (iTerm2, kitty, Windows Terminal and others), by what `TERM` says. What the terminal does not know it ignores.
struct Call<'a>(&'a Alert);

impl Command for Call<'_> {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        let Alert { title, body, desktop, bell, .. } = self.0;
        let plain = |words: &str| clean_line(words).replace(';', ",");
        if *desktop {
            let term = std::env::var("TERM").unwrap_or_default();
            match ["foot", "rxvt", "ghostty"].iter().any(|known| term.contains(known)) {
                true => write!(f, "\x1b]777;notify;{};{}\x1b\\", plain(title), plain(body))?,
                false => write!(f, "\x1b]9;{}: {}\x1b\\", plain(title), plain(body))?,
            }
        }
        if *bell { f.write_str("\x07") } else { Ok(()) }
    }
}

/// The modes that the terminal had when another program got it.
pub struct Lent {
    modes: Option<Termios>,
}

/// The terminal in our modes. They are undone when this is dropped, and when the thread that made it
/// panics.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<FrameWriter<File>>>,
    in_frame: InFrame,
    repaint: Repaint,
    standing: Standing,
    title: Option<String>,
}

impl Screen {
    /// Takes the terminal; `follows`: to be told its background; `pictures`: as what it is asked for them; `mouse`: with the
    /// mouse.
    pub fn enter(follows: bool, pictures: PictureMode, mouse: bool) -> io::Result<Self> {
        let stdout = io::stdout();
        if !stdout.is_terminal() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "standard output is not a terminal"));
        }
        let out = File::from(stdout.as_fd().try_clone_to_owned()?);
        let in_frame = InFrame::default();
        let backend = CrosstermBackend::new(FrameWriter::new(out, in_frame.clone()));
        restore_on_panic();
        FOLLOWS.store(follows, Ordering::SeqCst);
        set_pictures(pictures);
        MOUSE.store(mouse, Ordering::SeqCst);
        set_modes()?;
        match Terminal::new(backend) {
            Ok(terminal) => Ok(Self {
                terminal,
                in_frame,
                repaint: Repaint::default(),
                standing: Standing::default(),
                title: None,
            }),
            Err(error) => {
                undo_modes();
                Err(error)
            }
        }
    }

    /// Has the terminal tell its background from now on, or no more.
    pub fn follow(&mut self, follows: bool) -> io::Result<()> {
        let did = FOLLOWS.swap(follows, Ordering::SeqCst);
        if !ENTERED.load(Ordering::SeqCst) || !(did || follows) {
            return Ok(());
        }
        let out = self.terminal.backend_mut();
        queue!(out, Follow(follows))?;
        out.flush()
    }

    /// Has the mouse from now on, or leaves it to the terminal.
    pub fn mouse(&mut self, ours: bool) -> io::Result<()> {
        if MOUSE.swap(ours, Ordering::SeqCst) == ours || !ENTERED.load(Ordering::SeqCst) {
            return Ok(());
        }
        let out = self.terminal.backend_mut();
        queue!(out, Mouse(ours))?;
        out.flush()
    }

    /// Asks the terminal for pictures as this, if it was not asked so before.
    pub fn ask(&mut self, pictures: PictureMode) -> io::Result<()> {
        if set_pictures(pictures) == pictures || !ENTERED.load(Ordering::SeqCst) {
            return Ok(());
        }
        queue!(self.terminal.backend_mut(), Ask::All(pictures))?;
        self.forget()
    }

    /// The size of a cell, as the system has it; the terminal is asked for it too, for it knows better.
    pub fn cell(&mut self) -> io::Result<Option<Ability>> {
        if ENTERED.load(Ordering::SeqCst) {
            let out = self.terminal.backend_mut();
            queue!(out, Ask::Size(asked_pictures()))?;
            out.flush()?;
        }
        Ok(graphics::nearly_cell())
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Draws what has changed since the last frame.
    pub fn draw(&mut self, app: &App) -> io::Result<()> {
        self.in_frame.set(true);
        let drawn = self.draw_parts(app);
        self.in_frame.set(false);
        drawn?;
        self.terminal.backend_mut().flush()
    }

    fn draw_parts(&mut self, app: &App) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| {
            let laid = view::draw(frame, app);
            self.repaint.mark(frame.buffer_mut());
            self.standing.mark(frame.buffer_mut(), laid);
        })?;
        self.standing.write(self.terminal.backend_mut())?;
        queue!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Forgets what is on the screen, so that the next frame paints every cell.
    pub fn forget(&mut self) -> io::Result<()> {
        let (width, height) = self.size()?;
        self.standing.forget();
        // `Terminal::clear` would ask the terminal where the cursor is, and wait for the answer.
        self.terminal.resize(Rect::new(0, 0, width, height))
    }

    /// Asks the terminal to put a text on its clipboard (OSC 52). There is no answer: some do not know it, or do not
    /// allow it.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let out = self.terminal.backend_mut();
        write!(out, "\x1b]52;c;{}\x07", STANDARD.encode(text))?;
        out.flush()
    }

    /// Gives the terminal window a title; where another program has it, once it is back.
    pub fn title(&mut self, title: &str) -> io::Result<()> {
        self.title = Some(clean_line(title));
        self.show_title()
    }

    fn show_title(&mut self) -> io::Result<()> {
        let Some(title) = self.title.as_ref().filter(|_| ENTERED.load(Ordering::SeqCst)) else {
            return Ok(());
        };
        let out = self.terminal.backend_mut();
        queue!(out, SetTitle(title))?;
        out.flush()
    }

    /// Calls for the person, unless another program has the terminal: it would stand in the middle of what that writes.
    pub fn alert(&mut self, alert: &Alert) -> io::Result<()> {
        if !ENTERED.load(Ordering::SeqCst) {
            return Ok(());
        }
        let out = self.terminal.backend_mut();
        queue!(out, Call(alert))?;
        out.flush()
    }

    /// Gives the terminal back for a while.
    pub fn leave(&self) {
        undo_modes();
    }

    /// Gives the terminal to another program, with these words for one that shows nothing itself.
    pub fn lend(&self, words: &str) -> Lent {
        undo_modes();
        let mut out = io::stdout();
        let _ = write!(out, "{words}\r").and_then(|()| out.flush());
        Lent { modes: tcgetattr(&out).ok() }
    }

    /// Takes the terminal back from another program, whatever that left behind.
    pub fn take_back(&mut self, lent: &Lent) -> io::Result<()> {
        let mut out = io::stdout();
        if let Some(modes) = &lent.modes {
            tcsetattr(&out, OptionalActions::Now, modes)?;
        }
        write!(out, "{AFTERMATH}")?;
        self.enter_again()
    }

    /// Takes the terminal again. Somebody else may have changed its modes meanwhile.
    pub fn enter_again(&mut self) -> io::Result<()> {
        undo_modes();
        set_modes()?;
        self.show_title()?;
        self.forget()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        undo_modes();
    }
}

/// As what the terminal is asked for pictures.
fn asked_pictures() -> PictureMode {
    *PICTURES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has it be asked as this; returns as what it was before.
fn set_pictures(pictures: PictureMode) -> PictureMode {
    let mut asked = PICTURES.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut asked, pictures)
}

fn set_modes() -> io::Result<()> {
    ENTERED.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    let mut out = io::stdout();
    queue!(
        out,
        EnterAlternateScreen,
        KeepTitle(true),
        AltAsEscape(true),
        EnableBracketedPaste,
        EnableFocusChange,
        Mouse(MOUSE.load(Ordering::SeqCst)),
        // Tells Shift+Enter from Enter where the terminal can; others ignore it.
        PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES),
    )?;
    if FOLLOWS.load(Ordering::SeqCst) {
        queue!(out, Follow(true))?;
    }
    queue!(out, Ask::All(asked_pictures()))?;
    out.flush()
}

/// Undoes what [`set_modes`] did. That the terminal may be gone is no reason to complain.
fn undo_modes() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _ = graphics::wipe(&mut out);
    if FOLLOWS.load(Ordering::SeqCst) {
        let _ = queue!(out, Follow(false));
    }
    let _ = queue!(
        out,
        EndSynchronizedUpdate,
        PopKeyboardEnhancementFlags,
        Mouse(false),
        DisableFocusChange,
        DisableBracketedPaste,
        AltAsEscape(false),
        cursor::Show,
        KeepTitle(false),
        LeaveAlternateScreen,
    );
    let _ = out.flush();
    let _ = disable_raw_mode();
}

/// Gives the terminal back before a panic is reported on it. A panic of another thread ends that task
/// alone: it goes to the log, not over the frame.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    let ours: ThreadId = thread::current().id();
    ONCE.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if thread::current().id() == ours {
                undo_modes();
            }
            if ENTERED.load(Ordering::SeqCst) {
                tracing::error!(%info, "a task panicked");
            } else {
                report(info);
            }
        }));
    });
}
