//! What comes into the front end, and what it asks the outside to do.

use crossterm::event::KeyEvent;

use super::alerts::{Alert, AlertSetup};
use super::graphics::{Ability, Graphic, Order, PictureMode, Plate};
use super::keymap::Keymap;
use super::pasting::PastedFile;
use super::path_list::PathName;
use super::seam::{AccountSummary, SignError, SignUpForm};
use super::theme::{Looks, Shade};
use crate::domain::{ConversationId, Passphrase, Timestamp, UserName};
use crate::engine::{Command, Update};

/// What comes into the front end.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// A text was pasted. It is inserted, whatever it holds; it never sends itself.
    Paste(Pasted),
    /// The same, and it is the path of a file that is there.
    PasteFile(PastedFile),
    /// The editor that [`Effect::Edit`] asked for has ended.
    Edited {
        /// Whose draft it had; `None`: that of no chat.
        conversation: Option<ConversationId>,
        /// What it left, or why nothing came of it.
        outcome: Result<Written, String>,
    },
    /// The link that [`Effect::OpenLink`] named is being opened by this program; or why it is not: then it is on the
    /// terminal's clipboard.
    LinkOpened(Result<String, String>),
    /// Why what [`Effect::Copy`] named was not copied by the program of the person's: then it was given to the terminal.
    NotCopied(String),
    /// What there is on the disk that begins as [`Effect::ListPaths`] has it.
    PathsListed {
        /// What was written.
        written: String,
        /// What there is.
        names: Vec<PathName>,
    },
    /// The mouse did something at this cell.
    Mouse {
        /// What.
        kind: MouseKind,
        /// Column, from 0.
        x: u16,
        /// Row, from 0.
        y: u16,
    },
    /// The screen has this size now, in cells.
    Resize {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// The terminal window got (`true`) or lost the keyboard.
    Focus(bool),
    /// The terminal tells what its background is.
    Background(Shade),
    /// The terminal tells what it can.
    Ability(Ability),
    /// What [`Effect::Engrave`] asked for, or why not.
    Engraved(Order, Result<Graphic, Vec<String>>),
    /// The theme that [`Effect::Theme`] asked for, or what is wrong with it.
    Themed(Result<Box<Looks>, Vec<String>>),
    /// What [`Effect::Reload`] read, or all that is wrong with it.
    Reloaded(Result<Box<Reloaded>, Vec<String>>),
    /// The engine says something.
    Update(Update),
    /// The profile that [`Effect::OpenProfile`] named cannot be opened: all that is wrong.
    NotOpened(Vec<String>),
    /// Signing up or in succeeded; a [`Update::Welcome`] follows.
    SignedIn,
    /// Signing up or in failed. Somebody else may have signed up in this data directory meanwhile, so it
    /// comes with the accounts that there are now.
    SignFailed(SignError, Vec<AccountSummary>),
    /// The time that [`Effect::SetTimer`] named has come.
    Timer,
    /// The terminal is gone, or somebody asks the process to end.
    Shutdown,
}

/// A text that was pasted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pasted {
    /// The text, as it came: not cleaned.
    pub text: String,
    /// Whether there was more than a message may hold, so that the end is missing.
    pub cut: bool,
    /// Whether the terminal did not say that it was pasted: several lines came at once, faster than anybody types.
    pub unmarked: bool,
}

/// What an editor left, as it came: not cleaned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Whether there was more than could be taken.
    pub cut: bool,
}

/// What was read again.
#[derive(Clone, Debug)]
pub struct Reloaded {
    /// Which key means what.
    pub keymap: Keymap,
    /// What the screen looks like.
    pub looks: Looks,
    /// How pictures are put on the screen.
    pub pictures: PictureMode,
    /// Whether they are shown small in the conversation too.
    pub thumbnails: bool,
    /// Whether the mouse is ours.
    pub mouse: bool,
    /// How to call for somebody who looks elsewhere.
    pub alerts: AlertSetup,
    /// Whether what the desktop is to show goes there over D-Bus.
    pub bus: bool,
    /// Settings that changed and count from the next start on.
    pub later: Vec<String>,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MouseKind {
    /// The left button went down.
    Click,
    /// The wheel turned away from the person.
    WheelUp,
    /// The wheel turned towards the person.
    WheelDown,
}

/// What the front end asks the outside to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell the engine.
    Send(Command),
    /// Tell the engine, once the path in it is made whole that a person wrote.
    SendWritten(Command),
    /// Register a name, then sign it in; answered by [`Event::SignedIn`] or [`Event::SignFailed`].
    SignUp(SignUpForm),
    /// Sign an account in; answered likewise.
    SignIn(UserName),
    /// Sign an account in with a passphrase; answered likewise.
    Unlock(UserName, Passphrase),
    /// Let the attempt to sign up or in go: no answer is wanted.
    CancelSign,
    /// Let the session go: it has ended by itself.
    DropSession,
    /// End the session.
    EndSession,
    /// Show the next account that is open in this window; where there is no other, as [`Self::OpenAccount`].
    NextAccount,
    /// Give one more account a place in this window: this one, or the one that the person chooses then.
    OpenAccount(Option<UserName>),
    /// The same for the account of this profile; answered by [`Event::NotOpened`] where that is wrong.
    OpenProfile(String),
    /// The person is through with this account: another one is shown, where one is open.
    LeaveSeat,
    /// This account has no place in the window any more.
    CloseSeat,
    /// Send one [`Event::Timer`] at this time instead of any asked for before; `None`: no more.
    SetTimer(Option<Timestamp>),
    /// Give the terminal to the person's editor with this text; answered by [`Event::Edited`].
    Edit {
        /// Who writes: the text is kept where what is theirs is kept.
        user: UserName,
        /// Whose draft it is.
        conversation: Option<ConversationId>,
        /// What is written.
        text: String,
    },
    /// Open this link, of which all was shown; answered by [`Event::LinkOpened`].
    OpenLink(String),
    /// Put this text, which is cleaned and of bounded length, on the clipboard; only a failure is told, by [`Event::NotCopied`].
    Copy(String),
    /// Look on the disk for what begins as this path, of which more is to be written; answered by
    /// [`Event::PathsListed`], unless another is asked for meanwhile.
    ListPaths(String),
    /// Call for the person.
    Alert(Alert),
    /// Give the terminal this title.
    Title(String),
    /// Find the theme of this name; answered by [`Event::Themed`].
    Theme(String),
    /// Read again what may change while the program runs; answered by [`Event::Reloaded`].
    Reload,
    /// Write this picture as the terminal takes it; answered by [`Event::Engraved`].
    Engrave(Box<Plate>),
    /// Paint every cell anew.
    Redraw,
    /// Stop as the shell's Ctrl+Z does, and go on when continued.
    Suspend,
    /// End the session, if there is one, and leave.
    Quit,
}
