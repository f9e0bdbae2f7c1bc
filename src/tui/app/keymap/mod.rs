//! Which key means what: data, read from TOML. Over the built-in keymap lies the one of the person.
//!
//! A section is a context of the screen, an entry an action with its keys. `footer` lists what the last
//! line of the screen shows in each context. A key is looked up in its context, then (where text is
//! written) in `text`, then in `global`.

mod layer;

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use crokey::{KeyCombination, KeyCombinationFormat};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub use layer::KeymapProblem;
pub(super) use layer::{SUGGESTIONS, in_order, nearest};

use super::Action;

/// What has the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Everywhere.
    Global,
    /// Wherever text is written.
    Text,
    /// The composer.
    Composer,
    /// The composer, while letters are commands there.
    Normal,
    /// The composer, while it offers to complete a word.
    Completion,
    /// The line that finds words in the open chat.
    Find,
    /// What was found in all chats.
    FindAll,
    /// What is pinned or starred.
    Marked,
    /// The messages, while one is being chosen.
    Messages,
    /// All about a message.
    Info,
    /// A link before it is opened.
    Links,
    /// Comparing somebody's key.
    Verify,
    /// A list of people or groups.
    List,
    /// The card of a group that we may join.
    Card,
    /// The card of a group that we are invited into.
    Invitation,
    /// The jump box and other choices that are filtered by typing.
    Choice,
    /// Forms: sign-up, a new group.
    Form,
    /// The accounts to sign in with.
    Accounts,
    /// A question.
    Question,
    /// Help and lists to read.
    Page,
}

impl Context {
    /// Every context.
    pub const ALL: &[Self] = &[
        Self::Global,
        Self::Composer,
        Self::Normal,
        Self::Completion,
        Self::Text,
        Self::Find,
        Self::FindAll,
        Self::Marked,
        Self::Messages,
        Self::Info,
        Self::Links,
        Self::Verify,
        Self::List,
        Self::Card,
        Self::Invitation,
        Self::Choice,
        Self::Form,
        Self::Accounts,
        Self::Question,
        Self::Page,
    ];

    /// What the keymap file calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Text => "text",
            Self::Composer => "composer",
            Self::Normal => "normal",
            Self::Completion => "completion",
            Self::Find => "find",
            Self::FindAll => "find-all",
            Self::Marked => "marked",
            Self::Messages => "messages",
            Self::Info => "info",
            Self::Links => "links",
            Self::Verify => "verify",
            Self::List => "list",
            Self::Card => "card",
            Self::Invitation => "invitation",
            Self::Choice => "choice",
            Self::Form => "form",
            Self::Accounts => "accounts",
            Self::Question => "question",
            Self::Page => "page",
        }
    }

    /// What help calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::Text => "Editing",
            Self::Composer => "Writing",
            Self::Normal => "Writing, in normal mode",
            Self::Completion => "Completing a word",
            Self::Find => "Finding words in this chat",
            Self::FindAll => "Finding words in all chats",
            Self::Marked => "What is pinned or starred",
            Self::Messages => "Choosing a message",
            Self::Links => "A link",
            Self::Info => "All about a message",
            Self::Verify => "Comparing a key",
            Self::List => "Contacts, Online, Groups",
            Self::Card => "A group you may join",
            Self::Invitation => "An invitation into a group",
            Self::Choice => "Jump, invite, search in help",
            Self::Form => "Forms",
            Self::Accounts => "Signing in",
            Self::Question => "Questions",
            Self::Page => "Help and members",
        }
    }

    /// Whether characters are text here.
    pub fn takes_text(self) -> bool {
        let all =
            [Self::Composer, Self::Completion, Self::Find, Self::FindAll, Self::Choice, Self::Form];
        all.contains(&self)
    }

    /// Where its keys are looked up, in this order.
    fn path(self) -> Vec<Self> {
        match self {
            Self::Global => vec![Self::Global],
            Self::Completion => vec![Self::Completion, Self::Composer, Self::Text, Self::Global],
            Self::Normal => vec![Self::Normal, Self::Composer, Self::Text, Self::Global],
            Self::Invitation => vec![Self::Invitation, Self::Card, Self::Global],
            here if here.takes_text() => vec![here, Self::Text, Self::Global],
            here => vec![here, Self::Global],
        }
    }
}

fn contexts() -> String {
    let names: Vec<_> = Context::ALL.iter().map(|context| context.name()).collect();
    format!("{}, footer", names.join(", "))
}

/// One line of help: an action with the keys that do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Which.
    pub action: Action,
    /// The keys as people write them, the usual one first.
    pub keys: Vec<String>,
}

/// Which key means what.
#[derive(Clone, Debug, Default)]
pub struct Keymap {
    /// The keys of each action, the usual one first.
    entries: BTreeMap<Context, BTreeMap<Action, Vec<KeyCombination>>>,
    footers: BTreeMap<Context, Vec<Action>>,
    /// The entries by key, and as help lists them.
    bound: HashMap<(Context, KeyCombination), Action>,
    listed: BTreeMap<Context, Vec<Binding>>,
}

impl Keymap {
    /// The keymap of the program, `assets/keymap.toml`.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn built_in() -> Result<Self, KeymapProblem> {
        Self::parse(include_str!("../../../../assets/keymap.toml"))
    }

    /// Reads a keymap that lies over nothing.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, KeymapProblem> {
        let mut map = Self::default();
        map.lay(text).into_iter().next().map_or(Ok(map), Err)
    }

    /// Brings what is looked up in line with the entries.
    fn index(&mut self) {
        self.bound.clear();
        for (&context, actions) in &self.entries {
            for (&action, keys) in actions {
                self.bound.extend(keys.iter().map(|&key| ((context, key), action)));
            }
        }
    }

    /// Brings what is shown in line with the entries.
    fn list(&mut self) {
        self.listed.clear();
        for (&context, actions) in &self.entries {
            for (&action, keys) in actions.iter().filter(|(_, keys)| !keys.is_empty()) {
                let mut shown: Vec<String> = Vec::new();
                for key in keys.iter().map(|&key| spelled(key)) {
                    // Two codes may be one key to a person.
                    if !shown.contains(&key) {
                        shown.push(key);
                    }
                }
                self.listed.entry(context).or_default().push(Binding { action, keys: shown });
            }
        }
    }

    /// What a key means in a context.
    pub fn action(&self, context: Context, key: KeyEvent) -> Option<Action> {
        let combination = KeyCombination::from(key).normalized();
        context.path().into_iter().find_map(|at| self.bound.get(&(at, combination)).copied())
    }

    /// The usual key of an action in a context, as people write it.
    pub fn key(&self, context: Context, action: Action) -> Option<&str> {
        let mut bindings = context.path().into_iter().flat_map(|at| self.bindings(at));
        bindings.find(|binding| binding.action == action)?.keys.first().map(String::as_str)
    }

    /// A text in which `{action}` stands for the usual key of that action: while one writes, else wherever it has one.
    pub fn filled(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, opened)) = rest.split_once('{')
            && let Some((name, after)) = opened.split_once('}')
        {
            let contexts = [Context::Composer].iter().chain(Context::ALL);
            let key = Action::from_name(name)
                .and_then(|action| contexts.into_iter().find_map(|&at| self.key(at, action)));
            // The person may have taken all its keys away.
            filled.extend([before, key.unwrap_or(name)]);
            rest = after;
        }
        filled + rest
    }

    /// What is bound in a context itself, in the order of [`Action::ALL`].
    pub fn bindings(&self, context: Context) -> &[Binding] {
        self.listed.get(&context).map_or(&[], Vec::as_slice)
    }

    /// The keys and actions that the footer shows in a context.
    pub fn footer(&self, context: Context) -> impl Iterator<Item = (&str, Action)> {
        let actions = self.footers.get(&context).map_or(&[][..], Vec::as_slice);
        actions.iter().filter_map(move |&action| Some((self.key(context, action)?, action)))
    }
}

static FORMAT: LazyLock<KeyCombinationFormat> = LazyLock::new(|| KeyCombinationFormat {
    control: "Ctrl+".to_owned(),
    command: "Cmd+".to_owned(),
    alt: "Alt+".to_owned(),
    shift: "Shift+".to_owned(),
    ..KeyCombinationFormat::default()
});

/// A key as people write it: `Ctrl+K`, `Alt+Left`, `PgUp`.
fn spelled(key: KeyCombination) -> String {
    let mut text = FORMAT.to_string(key);
    // The key `+` is the last one too.
    let at = text.trim_end_matches('+').rfind('+').map_or(0, |at| at + 1);
    match &text[at..] {
        "PageUp" => text.replace_range(at.., "PgUp"),
        "PageDown" => text.replace_range(at.., "PgDn"),
        "BackTab" => text.replace_range(at.., "Shift+Tab"),
        letter if at > 0 && letter.len() == 1 => text[at..].make_ascii_uppercase(),
        _ => {}
    }
    text
}

/// The character that a key writes where text is written.
pub fn typed(key: KeyEvent) -> Option<char> {
    match key.code {
        KeyCode::Char(c) if (key.modifiers - KeyModifiers::SHIFT).is_empty() && !c.is_control() => {
            Some(c)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn the_nearest_context_decides() {
        let map =
            Keymap::parse("[global]\nnext-pane = ['tab']\nback = ['esc']\n[form]\nnext-field = ['tab']")
                .unwrap();
        let tab = key(KeyCode::Tab, KeyModifiers::NONE);
        assert_eq!(map.action(Context::Form, tab), Some(Action::NextField));
        assert_eq!(map.action(Context::List, tab), Some(Action::NextPane));
        assert_eq!(map.action(Context::Form, key(KeyCode::Esc, KeyModifiers::NONE)), Some(Action::Back));
        assert_eq!(map.key(Context::Form, Action::Back), Some("Esc"));
    }

    #[test]
    fn a_wrong_keymap_says_what_is_wrong() {
        let error = |text: &str| Keymap::parse(text).unwrap_err().to_string();
        assert!(error("[globl]\n").contains("[globl]"));
        assert!(error("[global]\ndance = ['x']").contains("`dance`, which is no action"));
        assert!(error("[global]\nquit = ['ctrl-']").contains("`ctrl-` is no key"));
        assert!(error("[global]\nquit = 'ctrl-q'").contains("`quit` needs a list"));
        assert!(error("[global]\nquit = ['ctrl-q']\nhelp = ['ctrl-q']").contains("both quit and help"));
        assert!(error("[footer]\ncomposer = ['dance']").contains("`dance`"));
        assert!(error("][").contains("cannot be read"));
    }

    #[test]
    fn keys_are_spelled_as_people_write_them() {
        let map =
            Keymap::parse("[global]\njump = ['ctrl-k', 'alt-shift-z', 'pageup', 'backtab']").unwrap();
        assert_eq!(
            map.bindings(Context::Global)[0].keys,
            ["Ctrl+K", "Alt+Shift+Z", "PgUp", "Shift+Tab"]
        );
    }

    #[test]
    fn a_text_names_the_keys_that_there_are() {
        let map =
            Keymap::parse("[global]\nquit = ['ctrl-q']\n[messages]\nreply = ['r']\n[text]\nundo = []")
                .unwrap();
        let text = "{quit} leaves, {reply} answers, {undo} and {dance} have none; a { stays";
        let filled = "Ctrl+Q leaves, r answers, undo and dance have none; a { stays";
        assert_eq!(map.filled(text), filled);
        assert_eq!(map.filled(""), "");
    }

    #[test]
    fn capitals_and_shift_are_one_key() {
        let map = Keymap::parse("[global]\nredo = ['alt-shift-z']\nundo = ['alt-z']").unwrap();
        let alt = |c, more| key(KeyCode::Char(c), KeyModifiers::ALT | more);
        assert_eq!(map.action(Context::Global, alt('Z', KeyModifiers::SHIFT)), Some(Action::Redo));
        assert_eq!(map.action(Context::Global, alt('z', KeyModifiers::SHIFT)), Some(Action::Redo));
        assert_eq!(map.action(Context::Global, alt('z', KeyModifiers::NONE)), Some(Action::Undo));
    }

    #[test]
    fn only_plain_characters_are_typed() {
        assert_eq!(typed(key(KeyCode::Char('é'), KeyModifiers::NONE)), Some('é'));
        assert_eq!(typed(key(KeyCode::Char('A'), KeyModifiers::SHIFT)), Some('A'));
        assert_eq!(typed(key(KeyCode::Char('a'), KeyModifiers::ALT)), None);
        assert_eq!(typed(key(KeyCode::Char('\u{9b}'), KeyModifiers::NONE)), None);
    }
}
