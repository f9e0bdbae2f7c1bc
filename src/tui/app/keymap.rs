//! Which key means what: data, read from TOML.
//!
//! A section is a context of the screen, an entry an action with its keys. `footer` lists what the last
//! line of the screen shows in each context. A key is looked up in its context, then (where text is
//! written) in `text`, then in `global`.

use std::collections::{BTreeMap, HashMap};

use crokey::{KeyCombination, KeyCombinationFormat};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

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
    /// Every context, in the order in which help shows them.
    pub const ALL: &[Self] = &[
        Self::Global,
        Self::Composer,
        Self::Completion,
        Self::Text,
        Self::Find,
        Self::FindAll,
        Self::Marked,
        Self::Messages,
        Self::Info,
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
            Self::Completion => "completion",
            Self::Find => "find",
            Self::FindAll => "find-all",
            Self::Marked => "marked",
            Self::Messages => "messages",
            Self::Info => "info",
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
            Self::Completion => "Completing a word",
            Self::Find => "Finding words in this chat",
            Self::FindAll => "Finding words in all chats",
            Self::Marked => "What is pinned or starred",
            Self::Messages => "Choosing a message",
            Self::Info => "All about a message",
            Self::Verify => "Comparing a key",
            Self::List => "Contacts, Online, Groups",
            Self::Card => "A group you may join",
            Self::Invitation => "An invitation into a group",
            Self::Choice => "Jump and invite",
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
            Self::Invitation => vec![Self::Invitation, Self::Card, Self::Global],
            here if here.takes_text() => vec![here, Self::Text, Self::Global],
            here => vec![here, Self::Global],
        }
    }
}

/// What is wrong with a keymap.
#[derive(Debug, thiserror::Error)]
pub enum KeymapError {
    /// Not TOML, or not of the shape `[section] action = ["key", …]`.
    #[error("the keymap cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// A section that no screen has.
    #[error("the keymap has a section [{0}] that does not exist: use one of {known}", known = contexts())]
    Section(String),
    /// An action that does not exist.
    #[error("[{section}] in the keymap binds `{action}`, which is no action")]
    Action {
        /// Where it stands.
        section: String,
        /// What was written.
        action: String,
    },
    /// A key that does not exist.
    #[error(
        "[{section}] {action} in the keymap: `{key}` is no key (write for example ctrl-k, alt-left, f1)"
    )]
    Key {
        /// Where it stands.
        section: String,
        /// For which action.
        action: String,
        /// What was written.
        key: String,
    },
    /// One key with two meanings.
    #[error("[{section}] in the keymap binds {key} to both {first} and {second}")]
    Twice {
        /// Where it stands.
        section: String,
        /// Which key.
        key: String,
        /// One action.
        first: String,
        /// The other.
        second: String,
    },
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
#[derive(Clone, Debug)]
pub struct Keymap {
    bound: HashMap<(Context, KeyCombination), Action>,
    listed: BTreeMap<Context, Vec<Binding>>,
    footers: BTreeMap<Context, Vec<Action>>,
}

impl Keymap {
    /// The keymap of the program, `assets/keymap.toml`.
    pub fn built_in() -> Result<Self, KeymapError> {
        Self::parse(include_str!("../../../assets/keymap.toml"))
    }

    /// Reads a keymap.
    pub fn parse(text: &str) -> Result<Self, KeymapError> {
        let file: toml::Table = toml::from_str(text)?;
        let mut map = Self { bound: HashMap::new(), listed: BTreeMap::new(), footers: BTreeMap::new() };
        for (section, content) in file {
            if section == "footer" {
                let footers: BTreeMap<String, Vec<String>> = content.try_into()?;
                map.read_footers(footers)?;
            } else {
                let entries: toml::Table = content.try_into()?;
                map.read_section(&section, entries)?;
            }
        }
        for bindings in map.listed.values_mut() {
            bindings.sort_by_key(|binding| binding.action);
        }
        Ok(map)
    }

    fn read_section(&mut self, section: &str, entries: toml::Table) -> Result<(), KeymapError> {
        let context = context(section)?;
        for (name, keys) in entries {
            let action = action(section, &name)?;
            let keys: Vec<String> = keys.try_into()?;
            let mut shown = Vec::new();
            for key in keys {
                let wrong = || KeymapError::Key {
                    section: section.to_owned(),
                    action: name.clone(),
                    key: key.clone(),
                };
                let combination: KeyCombination = key.parse().map_err(|_| wrong())?;
                let combination = combination.normalized();
                if let Some(other) = self.bound.insert((context, combination), action) {
                    return Err(KeymapError::Twice {
                        section: section.to_owned(),
                        key,
                        first: other.name().to_owned(),
                        second: name,
                    });
                }
                // Two codes may be one key to a person.
                if !shown.contains(&spelled(combination)) {
                    shown.push(spelled(combination));
                }
            }
            self.listed.entry(context).or_default().push(Binding { action, keys: shown });
        }
        Ok(())
    }

    fn read_footers(&mut self, footers: BTreeMap<String, Vec<String>>) -> Result<(), KeymapError> {
        for (section, names) in footers {
            let actions: Result<Vec<_>, _> = names.iter().map(|name| action("footer", name)).collect();
            self.footers.insert(context(&section)?, actions?);
        }
        Ok(())
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

fn context(section: &str) -> Result<Context, KeymapError> {
    let known = Context::ALL.iter().copied().find(|context| context.name() == section);
    known.ok_or_else(|| KeymapError::Section(section.to_owned()))
}

fn action(section: &str, name: &str) -> Result<Action, KeymapError> {
    let wrong = || KeymapError::Action { section: section.to_owned(), action: name.to_owned() };
    Action::from_name(name).ok_or_else(wrong)
}

/// A key as people write it: `Ctrl+K`, `Alt+Left`, `PgUp`.
fn spelled(key: KeyCombination) -> String {
    let format = KeyCombinationFormat {
        control: "Ctrl+".to_owned(),
        command: "Cmd+".to_owned(),
        alt: "Alt+".to_owned(),
        shift: "Shift+".to_owned(),
        ..KeyCombinationFormat::default()
    };
    let text = format.to_string(key);
    let text =
        text.replace("PageUp", "PgUp").replace("PageDown", "PgDn").replace("BackTab", "Shift+Tab");
    match text.rsplit_once('+') {
        Some((modifiers, letter)) if letter.len() == 1 => {
            format!("{modifiers}+{}", letter.to_ascii_uppercase())
        }
        _ => text,
    }
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
        assert!(error("[global]\nquit = 'ctrl-q'").contains("cannot be read"));
        assert!(error("[global]\nquit = ['ctrl-q']\nhelp = ['ctrl-q']").contains("both help and quit"));
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
