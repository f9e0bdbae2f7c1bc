//! The main screen of somebody who is signed in.
//!
//! It owns what is open, what is chosen, what lies over the screen, and what was asked of the engine and
//! not answered yet. Whatever it wants from outside it puts into its [`Turn`]; it must not know how keys
//! are bound, nor paint.

mod actions;
mod altering;
mod archiving;
mod completing;
mod doors;
mod fading;
mod files;
mod finding;
mod linking;
mod lists;
mod messages;
mod mouse;
mod polls;
mod requests;
mod rooms;
mod thumbnails;
mod touring;
mod trust;
mod updates;
mod writing;

use std::collections::{BTreeMap, HashMap, VecDeque};

use self::files::SavingAs;
use super::beside::Beside;
use super::chat::{Chat, Window};
use super::completion::Completion;
use super::editor::Normal;
use super::find::Find;
use super::graphics::Raster;
use super::keymap::{Context, Keymap};
use super::notices::{Notices, Weight};
use super::overlay::Overlay;
use super::path_list::PathList;
use super::regions::{Pane, Regions, Wishes, composer_width};
use super::rows::Typesetter;
use super::theme::Theme;
use super::thumbnail::Thumbnails;
use super::timeline;
use super::tour::Tour;
use super::world::World;
use super::{Action, Effect, Setup};
use crate::domain::{
    ConversationId, GroupChange, GroupId, GroupName, Lifetime, ListName, MessageId, MessageKey,
    MessageText, PageAt, Profile, RoomName, Standing, Timestamp, UserName, clean_block,
};
use crate::engine::{Command, ComparisonState, GroupView, Link, Ticket};

pub use finding::FOUND_ROWS;

/// How many chats keep their messages in memory.
const CHATS_LOADED: usize = 16;

/// The longest text that goes to the clipboard: 64 KiB as it is encoded, which is what terminals take.
const MOST_COPIED: usize = 48 * 1024;

/// One turn of the front end: what it knows from outside, and what it wants done.
pub struct Turn<'a> {
    /// What stays the same while the program runs.
    pub setup: &'a Setup,
    /// Which key means what.
    pub keymap: &'a Keymap,
    /// The time.
    pub now: Timestamp,
    /// Columns and rows of the screen.
    pub size: (u16, u16),
    /// The other accounts of this window.
    pub beside: &'a Beside,
    /// What the screen looks like.
    pub theme: &'a Theme,
    /// How a picture is put on the screen; `None`: in cells.
    pub raster: Option<Raster>,
    /// Whether the terminal window has the keyboard.
    pub focused: bool,
    /// Whether it has, and this screen is what it shows.
    pub watched: bool,
    /// Lines to be told.
    pub notices: &'a mut Notices,
    /// What the outside is to do.
    pub effects: &'a mut Vec<Effect>,
    /// An action to be done next, as if its key had been pressed.
    pub then: Option<Action>,
}

impl Turn<'_> {
    /// Tells the engine.
    fn send(&mut self, command: Command) {
        self.effects.push(Effect::Send(command));
    }

    /// Tells the engine something with a path as a person wrote it.
    fn send_written(&mut self, command: Command) {
        self.effects.push(Effect::SendWritten(command));
    }

    /// Asks the engine for a page, if one is needed.
    fn load(&mut self, conversation: &ConversationId, at: Option<PageAt>) {
        if let Some(at) = at {
            let conversation = conversation.clone();
            self.send(Command::Load { conversation, at, limit: timeline::PAGE });
        }
    }

    /// Puts a text on the clipboard: cleaned, for whoever pastes it into a shell.
    pub(super) fn copy(&mut self, text: &str) {
        let text = clean_block(text);
        if text.len() > MOST_COPIED {
            return self.error("not copied: the clipboard of a terminal takes 48 KiB at most");
        }
        self.news(match &self.setup.copies_with {
            Some(program) => format!("copied; to the clipboard too, by `{program}`"),
            None => "copied; to the clipboard too, where the terminal allows it".to_owned(),
        });
        self.effects.push(Effect::Copy(text));
    }

    fn news(&mut self, text: impl Into<String>) {
        self.notices.push(Weight::News, text, self.now);
    }

    /// It stays until it is put away.
    fn hint(&mut self, text: impl Into<String>) {
        self.notices.push(Weight::Hint, text, self.now);
    }

    fn error(&mut self, text: impl Into<String>) {
        self.notices.push(Weight::Error, text, self.now);
    }

    fn warn(&mut self, text: impl Into<String>) {
        self.notices.push(Weight::Warning, text, self.now);
    }
}

/// What a ticket was given out for.
#[derive(Clone, Debug)]
enum Asked {
    Send(ConversationId),
    /// A poll, as it was written.
    Poll(ConversationId, String),
    /// What goes to each who is on a list, to one of them.
    SendToEach(ConversationId, MessageText),
    /// To keep the list of this name.
    List(ListName),
    /// To where, and which path.
    SendFile(ConversationId, String),
    /// To stop fetching one.
    File,
    /// To fetch or save this one.
    Fetch(MessageId),
    /// Of which message, and in how many pixels.
    Picture(MessageId, (u16, u16)),
    /// The same, for the rows of a conversation.
    Thumbnail(MessageId, (u16, u16)),
    Alter,
    Lifetime(Option<Lifetime>),
    Create(GroupName),
    Join(GroupId),
    Leave(GroupId),
    Change(GroupId, GroupChange),
    /// In, or out.
    Room(RoomName, bool),
    Verify(UserName, bool),
    AcceptKey(UserName),
    Compare(UserName),
    Block(UserName, bool),
    Unread(ConversationId),
    MakeLink,
    RevokeLink,
    /// Into which group, and from which chat.
    UseLink(GroupId, Option<ConversationId>),
}

/// The chosen entry of a list, by what it is, so that it stays chosen when the order changes.
#[derive(Clone, Debug)]
pub struct Selection<T> {
    /// The chosen entry.
    pub chosen: Option<T>,
    /// The first entry that is visible.
    pub top: usize,
}

impl<T> Default for Selection<T> {
    fn default() -> Self {
        Self { chosen: None, top: 0 }
    }
}

impl<T: Clone + PartialEq> Selection<T> {
    /// Where the chosen entry is.
    pub fn index(&self, entries: &[T]) -> Option<usize> {
        let chosen = self.chosen.as_ref()?;
        entries.iter().position(|entry| entry == chosen)
    }

    fn step(&mut self, entries: &[T], by: isize) {
        let at = self.index(entries).map_or(0, |at| at.saturating_add_signed(by));
        self.chosen = entries.get(at.min(entries.len().saturating_sub(1))).cloned();
    }

    /// Chooses an entry if none is, and scrolls so that it is visible in so many rows.
    fn settle(&mut self, entries: &[T], rows: usize) {
        if self.index(entries).is_none() {
            self.chosen = entries.first().cloned();
        }
        let at = self.index(entries).unwrap_or(0);
        let lowest = at.saturating_sub(rows.saturating_sub(1));
        self.top = self.top.clamp(lowest, at).min(entries.len().saturating_sub(rows));
    }
}

/// The choices in the three lists.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    /// Everybody.
    pub contacts: Selection<UserName>,
    /// Who is online.
    pub online: Selection<UserName>,
    /// Groups and open rooms.
    pub groups: Selection<ConversationId>,
}

/// The main screen of somebody who is signed in.
#[derive(Debug)]
pub struct Session {
    /// Us.
    pub me: Profile,
    /// The broker as a person would write it.
    pub broker: String,
    /// The connection.
    pub link: Link,
    /// When the next attempt to connect starts.
    pub retry_at: Option<Timestamp>,
    /// Whether the first state is complete.
    pub ready: bool,
    /// Who and what there is.
    pub world: World,
    /// Which pane has the keyboard, unless something lies over it.
    pub pane: Pane,
    /// The choices in the lists.
    pub lists: Lists,
    /// What lies over the screen.
    pub overlay: Option<Overlay>,
    /// Where things are on the screen.
    pub regions: Regions,
    /// The first row of the composer's text that is visible.
    pub composer_top: usize,
    /// The first member that a group's card shows.
    pub card_top: usize,
    /// Pictures in the rows of conversations.
    thumbnails: Thumbnails,
    open: Option<ConversationId>,
    /// The chat that was open before.
    last: Option<ConversationId>,
    /// What is looked for in the open chat.
    find: Option<Find>,
    /// The day that was asked for, and the place where its messages begin.
    day: Option<(MessageKey, jiff::civil::Date)>,
    /// Whether the open chat was marked as unread, and is not to count as read before it is left.
    kept_unread: bool,
    /// Holds what is written while no chat is open.
    home: Chat,
    /// Where a person said last that a file is to be saved, until it is or they have mended it.
    saving_as: Option<SavingAs>,
    chats: HashMap<ConversationId, Chat>,
    /// Chats with messages in memory, the one used last at the end.
    recent: VecDeque<ConversationId>,
    asked: BTreeMap<Ticket, Asked>,
    tickets: u64,
    /// When somebody who looks elsewhere was called last.
    called_at: Option<Timestamp>,
    /// The comparisons of emoji that go on.
    comparisons: BTreeMap<UserName, ComparisonState>,
    /// What the word before the cursor may become, while that is offered.
    pub completion: Option<Completion>,
    /// Whether a word is being typed that may be completed.
    is_typing: bool,
    /// What the path that is being written may become.
    pub(super) paths: PathList,
    /// What was deleted or copied last.
    yanked: String,
    /// The composer's normal mode, while letters are commands there.
    normal: Option<Normal>,
    /// When the draft of the open chat goes to the engine, which keeps it.
    keep_at: Option<Timestamp>,
    /// The groups that we asked to be let into since this chat was opened, and when.
    knocked: BTreeMap<GroupId, Timestamp>,
    /// How far the tour has come, while there is one.
    tour: Option<Tour>,
}

impl Session {
    /// The screen before anything is known but who we are.
    pub fn new(me: Profile, broker: String) -> Self {
        Self {
            world: World::new(me.user.clone()),
            me,
            broker,
            link: Link::Connecting,
            retry_at: None,
            ready: false,
            pane: Pane::Conversation,
            lists: Lists::default(),
            overlay: None,
            regions: Regions::default(),
            composer_top: 0,
            card_top: 0,
            thumbnails: Thumbnails::default(),
            open: None,
            last: None,
            find: None,
            day: None,
            kept_unread: false,
            home: Chat::default(),
            saving_as: None,
            chats: HashMap::new(),
            recent: VecDeque::new(),
            asked: BTreeMap::new(),
            tickets: 0,
            called_at: None,
            comparisons: BTreeMap::new(),
            completion: None,
            is_typing: false,
            paths: PathList::default(),
            yanked: String::new(),
            normal: None,
            keep_at: None,
            knocked: BTreeMap::new(),
            tour: None,
        }
    }

    /// The conversation that is open.
    pub fn open_id(&self) -> Option<&ConversationId> {
        self.open.as_ref()
    }

    /// The chat that is open.
    pub fn chat(&self) -> Option<&Chat> {
        self.chats.get(self.open.as_ref()?)
    }

    /// The open group, if a group is open.
    pub fn open_group(&self) -> Option<&GroupView> {
        match self.open.as_ref()? {
            ConversationId::Group(id) => self.world.group(*id),
            ConversationId::Direct(_) | ConversationId::Room(_) => None,
        }
    }

    /// The open group, if it is one that we are not in yet: it shows its card.
    pub fn card(&self) -> Option<&GroupView> {
        let outside =
            |view: &&GroupView| matches!(view.standing, Standing::Listed | Standing::Invited(_));
        self.open_group().filter(outside)
    }

    /// Messages of others in a conversation that were not read yet. What the open chat shows is read.
    pub fn unread(&self, conversation: &ConversationId) -> u32 {
        self.world.unread(conversation)
    }

    /// Where keys are looked up.
    pub fn context(&self) -> Context {
        match (&self.overlay, self.pane) {
            (Some(overlay), _) => overlay.context(),
            (None, Pane::Conversation) => match self.card().map(|view| &view.standing) {
                Some(Standing::Invited(_)) => Context::Invitation,
                Some(_) => Context::Card,
                None if self.is_choosing() => Context::Messages,
                None if self.find_line().is_some() => Context::Find,
                None if self.normal.is_some() => Context::Normal,
                None if self.completion.is_some() => Context::Completion,
                None => Context::Composer,
            },
            (None, _) => Context::List,
        }
    }

    /// Opens a chat, and gives it the keyboard.
    fn open(&mut self, conversation: ConversationId, turn: &mut Turn<'_>) {
        self.pane = Pane::Conversation;
        self.card_top = 0;
        match &conversation {
            ConversationId::Direct(user) => self.lists.contacts.chosen = Some(user.clone()),
            place => self.lists.groups.chosen = Some(place.clone()),
        }
        if self.open.as_ref() == Some(&conversation) {
            return;
        }
        self.normal = None;
        if let Some(left) = self.open.clone() {
            self.last = Some(left);
        }
        self.close(turn);
        let summary = self.world.summary(&conversation);
        let page = self.chats.entry(conversation.clone()).or_default().open(summary);
        turn.load(&conversation, page);
        self.recent.retain(|other| *other != conversation);
        self.recent.push_back(conversation.clone());
        if self.recent.len() > CHATS_LOADED
            && let Some(oldest) = self.recent.pop_front()
            && let Some(chat) = self.chats.get_mut(&oldest)
        {
            chat.unload();
        }
        self.open = Some(conversation);
        self.take_along();
    }

    /// What was written where no chat was open is for the first that is.
    fn take_along(&mut self) {
        let is_free = self.writing().is_some_and(|chat| chat.draft.is_empty() && chat.about.is_none());
        if is_free && !self.home.draft.is_empty() {
            let text = self.home.draft.take();
            self.writing_mut().draft.insert(&text);
        }
    }

    fn close(&mut self, turn: &mut Turn<'_>) {
        self.keep_open_draft(turn);
        self.knocked.clear();
        (self.find, self.day, self.kept_unread) = (None, None, false);
        if let Some(id) = self.open.take()
            && let Some(chat) = self.chats.get_mut(&id)
        {
            chat.close();
        }
    }

    /// The chat whose draft the composer shows; there is no composer beside the card of a group.
    pub fn writing(&self) -> Option<&Chat> {
        match self.card() {
            Some(_) => None,
            None => Some(self.chat().unwrap_or(&self.home)),
        }
    }

    fn writing_mut(&mut self) -> &mut Chat {
        let open = self.open.as_ref().and_then(|id| self.chats.get_mut(id));
        open.unwrap_or(&mut self.home)
    }

    fn ticket(&mut self, asked: Asked) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.asked.insert(ticket, asked);
        ticket
    }

    /// The window onto the messages of the open chat.
    pub fn window<'a>(&'a self, setup: &'a Setup, now: Timestamp) -> Window<'a> {
        let find = self.find.as_ref();
        window(&self.world, &self.regions, self.chat(), find, &self.thumbnails, setup, now)
    }

    /// Does something with the open chat that may need a page.
    fn with_chat(
        &mut self,
        turn: &mut Turn<'_>,
        act: impl FnOnce(&mut Chat, &Window<'_>) -> Option<PageAt>,
    ) {
        let Some(id) = &self.open else { return };
        let Some(chat) = self.chats.get_mut(id) else { return };
        let (find, thumbnails) = (self.find.as_ref(), &self.thumbnails);
        let window =
            window(&self.world, &self.regions, Some(&*chat), find, thumbnails, turn.setup, turn.now);
        let page = act(chat, &window);
        turn.load(id, page);
    }

    /// Brings everything that follows from the state up to date: orders, places on the screen, pages
    /// that are needed, what counts as read.
    pub fn settle(&mut self, turn: &mut Turn<'_>) {
        self.world.sort();
        self.settle_tour(turn);
        self.arrange(turn);
        self.settle_thumbnails(turn);
        if self.pane != Pane::Conversation || self.card().is_some() {
            self.stop_choosing();
        }
        let watched = self.watches(turn);
        self.with_chat(turn, |chat, window| {
            chat.hold(window);
            chat.look(window, watched);
            chat.ask_near(window)
        });
        self.settle_find(turn);
        self.settle_completion(turn);
        self.settle_draft(turn);
        self.settle_info(turn);
        self.settle_verify(turn);
        self.settle_picture(turn);
        if let Some(id) = self.open.clone()
            && self.reads_newest(turn.focused)
            && self.world.mark_read(&id)
        {
            turn.send(Command::MarkRead(id));
        }
    }

    /// Whether the person sees the newest message of the open chat, and nothing came late above.
    fn reads_newest(&self, focused: bool) -> bool {
        let all = |chat: &Chat| chat.shows_newest() && chat.above().late == 0;
        focused && !self.kept_unread && self.regions.messages.height > 0 && self.chat().is_some_and(all)
    }

    fn arrange(&mut self, turn: &Turn<'_>) {
        let cells = composer_width(turn.size);
        let layout = self.writing().map(|chat| chat.draft.layout(cells));
        let next = turn.keymap.key(Context::Composer, Action::Back);
        let notice = turn.notices.rows(usize::from(turn.size.0), next);
        self.regions = Regions::new(&Wishes {
            size: turn.size,
            pane: self.pane,
            entries: (
                self.world.online().len(),
                self.world.places().len() + usize::from(self.world.counts_archived().1 > 0),
            ),
            composer: match self.find_line() {
                Some(_) => 1,
                None => layout.as_ref().map_or(0, |layout| layout.rows.len()),
            },
            notice,
            banner: self.banner_rows(turn),
        });
        let rows = usize::from(self.regions.composer.height).max(1);
        let (all, at) = layout.map_or((0, 0), |layout| (layout.rows.len(), layout.cursor.0));
        let lowest = (at + 1).saturating_sub(rows);
        self.composer_top = self.composer_top.clamp(lowest, at).min(all.saturating_sub(rows));
        let [contacts, online, groups] = self.regions.lists.map(|list| usize::from(list.height));
        self.lists.contacts.settle(self.world.contacts(), contacts);
        self.lists.online.settle(self.world.online(), online);
        self.lists.groups.settle(self.world.places(), groups);
    }

    /// The time at which something goes by itself.
    pub fn deadline(&self) -> Option<Timestamp> {
        let again = match &self.overlay {
            Some(Overlay::Info(info)) => info.again_at(),
            _ => None,
        };
        self.chats.values().filter_map(Chat::deadline).chain(again).chain(self.keep_at).min()
    }

    /// Time has passed; says whether that changed anything.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let changed = self.chats.values_mut().map(|chat| chat.expire_writers(now));
        changed.fold(false, |any, this| any | this)
    }

    /// The drafts, for the next session of the same person. What was sent and not stored is none of ours to
    /// lose either: it stands before what is being written.
    pub fn into_drafts(self) -> HashMap<ConversationId, String> {
        let drafts = self.chats.into_iter().map(|(id, chat)| (id, chat.into_draft()));
        drafts.filter(|(_, text)| !text.is_empty()).collect()
    }

    /// Takes back the drafts of an earlier session.
    pub fn restore_drafts(&mut self, drafts: HashMap<ConversationId, String>) {
        for (id, text) in drafts {
            self.chats.entry(id).or_default().draft.insert(&text);
        }
    }
}

fn window<'a>(
    world: &'a World,
    regions: &Regions,
    chat: Option<&Chat>,
    find: Option<&'a Find>,
    thumbnails: &'a Thumbnails,
    setup: &'a Setup,
    now: Timestamp,
) -> Window<'a> {
    let setter = Typesetter {
        world,
        calendar: &setup.calendar,
        glyphs: setup.glyphs,
        width: usize::from(regions.messages.width),
        unread: chat.and_then(Chat::unread),
        now,
        found: find.map(Find::words),
        thumbnails: thumbnails.shown(),
    };
    Window { setter, height: usize::from(regions.messages.height) }
}
