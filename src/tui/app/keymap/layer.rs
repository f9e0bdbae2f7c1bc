//! Laying one file over another: what is wrong in it is said, with its line, and left out; the rest counts.

use std::collections::HashMap;
use std::ops::Range;

use crokey::{KeyCombination, OneToThree};
use crossterm::event::{KeyCode, KeyModifiers};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::{Context, Keymap, contexts, spelled};
use crate::domain::clean_line;
use crate::tui::app::Action;
use crate::tui::app::lines::Lines;

/// Sets of keys that a file may begin with.
const PRESETS: &[(&str, &str)] = &[
    ("readline", ""),
    ("emacs", include_str!("../../../../assets/keymap-emacs.toml")),
    ("vim", include_str!("../../../../assets/keymap-vim.toml")),
];

/// Keys that are the same byte as another on most terminals.
const TWINS: &[(char, KeyCode, &str)] = &[
    ('h', KeyCode::Backspace, "backspace"),
    ('i', KeyCode::Tab, "tab"),
    ('m', KeyCode::Enter, "enter"),
];

/// What is wrong with a keymap, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct KeymapProblem {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what to do about it.
    pub what: String,
}

/// So many problems of a file are told with the name that was probably meant. Nobody mends more at once, and to look
/// for it is what takes longest.
pub(in crate::tui::app) const SUGGESTIONS: usize = 100;

/// The name that was probably meant.
pub(in crate::tui::app) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> String {
    let likeness = |name: &&str| strsim::normalized_damerau_levenshtein(unknown, name);
    let near = known.filter(|name| likeness(name) >= 0.5);
    match near.max_by(|a, b| likeness(a).total_cmp(&likeness(b))) {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}

/// Whether a key can be typed.
enum Typed {
    Everywhere,
    /// Only where the terminal speaks the kitty keyboard protocol.
    Somewhere,
    Nowhere(&'static str),
}

fn typed(key: KeyCombination) -> Typed {
    let OneToThree::One(code) = key.codes else {
        return Typed::Nowhere("is several keys at once, which no terminal tells");
    };
    let held = |modifier| key.modifiers.contains(modifier);
    if held(KeyModifiers::SUPER) || held(KeyModifiers::HYPER) || held(KeyModifiers::META) {
        return Typed::Nowhere("has a key held down that the desktop keeps for itself");
    }
    let (control, shift) = (held(KeyModifiers::CONTROL), held(KeyModifiers::SHIFT));
    let everywhere = match code {
        KeyCode::Char(c) if control && !shift => {
            c.is_ascii_lowercase() || " @[\\]^_?/2345678".contains(c)
        }
        KeyCode::Char(c) => !control && (!shift || c != ' '),
        KeyCode::Enter | KeyCode::Backspace | KeyCode::Esc => !control && !shift,
        KeyCode::Tab => !control,
        _ => true,
    };
    if everywhere { Typed::Everywhere } else { Typed::Somewhere }
}

/// One file that is laid over what is there.
struct Layer<'a> {
    text: &'a str,
    lines: Lines,
    problems: Vec<KeymapProblem>,
    /// The keys that this file binds, by the place.
    bound: HashMap<(Context, KeyCombination), (Action, usize)>,
}

impl<'a> Layer<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, lines: Lines::of(text), problems: Vec::new(), bound: HashMap::new() }
    }

    fn nearest<'n>(&self, unknown: &str, known: impl Iterator<Item = &'n str>) -> String {
        if self.problems.len() < SUGGESTIONS { nearest(unknown, known) } else { String::new() }
    }

    fn complain(&mut self, span: &Range<usize>, what: impl Into<String>) {
        let line = self.lines.at(span.start);
        self.problems.push(KeymapProblem { line, what: clean_line(&what.into()) });
    }

    fn table<'t, 'v>(
        &mut self,
        value: &'t Spanned<DeValue<'v>>,
        shape: &str,
    ) -> Option<&'t DeTable<'v>> {
        if let DeValue::Table(table) = value.get_ref() {
            return Some(table);
        }
        self.complain(&value.span(), shape);
        None
    }

    /// The texts of a list, each with its place.
    fn texts(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Vec<(String, Range<usize>)> {
        let DeValue::Array(array) = value.get_ref() else {
            self.complain(&value.span(), format!("`{name}` needs a list, such as [\"ctrl-k\", \"f1\"]"));
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in array.iter() {
            match item.get_ref() {
                DeValue::String(text) => texts.push((text.to_string(), item.span())),
                _ => {
                    self.complain(&item.span(), format!("`{name}`: only texts in quotes can stand here"))
                }
            }
        }
        texts
    }

    fn context(&mut self, name: &str, span: &Range<usize>) -> Option<Context> {
        let known = Context::ALL.iter().copied().find(|context| context.name() == name);
        if known.is_none() {
            let near = self.nearest(name, Context::ALL.iter().map(|context| context.name()));
            let all = contexts();
            self.complain(span, format!("there is no section [{name}]: use one of {all}{near}"));
        }
        known
    }

    fn action(&mut self, section: &str, name: &str, span: &Range<usize>) -> Option<Action> {
        let known = Action::from_name(name);
        if known.is_none() {
            let near = self.nearest(name, Action::ALL.iter().map(|action| action.name()));
            self.complain(span, format!("[{section}] binds `{name}`, which is no action{near}"));
        }
        known
    }

    fn key(&mut self, context: Context, name: &str, span: &Range<usize>) -> Option<KeyCombination> {
        let section = context.name();
        let Ok(key) = name.parse::<KeyCombination>() else {
            let what = format!(
                "[{section}] `{name}` is no key: write for example ctrl-k, alt-left, shift-home, f1"
            );
            self.complain(span, what);
            return None;
        };
        let key = key.normalized();
        let is_text = matches!(key.codes, OneToThree::One(KeyCode::Char(_)))
            && (key.modifiers - KeyModifiers::SHIFT).is_empty();
        if let Typed::Nowhere(why) = typed(key) {
            self.complain(span, format!("[{section}] `{name}` {why}: use ctrl, alt or a function key"));
            return None;
        }
        if is_text && (context.takes_text() || matches!(context, Context::Global | Context::Text)) {
            let what = format!(
                "[{section}] `{name}` is text there: use it with ctrl or alt, or a function key"
            );
            self.complain(span, what);
            return None;
        }
        Some(key)
    }
}

impl Keymap {
    /// The built-in keymap under the one of a person, and what is wrong with that.
    ///
    /// # Errors
    /// What is wrong with a built-in one.
    pub fn with_own(text: &str) -> Result<(Self, Vec<KeymapProblem>), KeymapProblem> {
        let mut map = Self::built_in()?;
        let mut layer = Layer::of(text);
        if let Some(preset) = preset(&mut layer) {
            let problems = map.lay(preset);
            if let Some(problem) = problems.into_iter().next() {
                return Err(problem);
            }
        }
        let mut problems = layer.problems;
        problems.extend(map.lay(text));
        problems.sort_by_key(|problem| problem.line);
        Ok((map, problems))
    }

    /// Lays a file over what is there: an action that it names has its keys there and no others, and a key that it
    /// names is taken from whatever had it in that section.
    pub(super) fn lay(&mut self, text: &str) -> Vec<KeymapProblem> {
        let mut layer = Layer::of(text);
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => {
                let what = format!("the keymap cannot be read: {}", error.message());
                layer.complain(&error.span().unwrap_or(0..0), what);
                return layer.problems;
            }
        };
        for (section, content) in in_order(table.get_ref()) {
            let (name, span) = (section.get_ref().as_ref(), section.span());
            match name {
                "preset" => {}
                "footer" => self.lay_footers(&mut layer, content),
                _ => {
                    let shape = format!("`{name}` is no section: write [{name}] above its actions");
                    let Some(context) = layer.context(name, &span) else { continue };
                    let Some(actions) = layer.table(content, &shape) else { continue };
                    self.lay_section(&mut layer, context, actions);
                }
            }
        }
        self.index();
        if self.unbind_twins(&mut layer) {
            self.index();
        }
        self.list();
        layer.problems.sort_by_key(|problem| problem.line);
        layer.problems
    }

    fn lay_section(&mut self, layer: &mut Layer<'_>, context: Context, actions: &DeTable<'_>) {
        for (name, value) in in_order(actions) {
            let (name, span) = (name.get_ref().as_ref(), name.span());
            let Some(action) = layer.action(context.name(), name, &span) else { continue };
            let texts = layer.texts(name, value);
            let is_list = matches!(value.get_ref(), DeValue::Array(_));
            let mut keys = Vec::new();
            for (text, span) in &texts {
                let Some(key) = layer.key(context, text, span) else { continue };
                if let Some((other, _)) = layer.bound.get(&(context, key)) {
                    let (section, other) = (context.name(), other.name());
                    let what = format!("[{section}] binds {} to both {other} and {name}", spelled(key));
                    layer.complain(span, what);
                    continue;
                }
                layer.bound.insert((context, key), (action, span.start));
                keys.push(key);
            }
            let somewhere = |key: &KeyCombination| matches!(typed(*key), Typed::Somewhere);
            if !keys.is_empty() && keys.iter().all(somewhere) {
                let what = format!(
                    "[{}] `{name}`: only terminals with the kitty keyboard protocol can send {}; give it another \
                     key too",
                    context.name(),
                    spelled(keys[0])
                );
                layer.complain(&span, what);
            }
            // What was wholly wrong leaves the keys that there were.
            if is_list && (!keys.is_empty() || texts.is_empty()) {
                let bindings = self.entries.entry(context).or_default();
                bindings.values_mut().for_each(|bound| bound.retain(|key| !keys.contains(key)));
                bindings.insert(action, keys);
            }
        }
    }

    fn lay_footers(&mut self, layer: &mut Layer<'_>, content: &Spanned<DeValue<'_>>) {
        let shape = "`footer` is a section: write [footer] above its lists";
        let Some(footers) = layer.table(content, shape) else { return };
        for (section, value) in in_order(footers) {
            let (name, span) = (section.get_ref().as_ref(), section.span());
            let Some(context) = layer.context(name, &span) else { continue };
            let texts = layer.texts(name, value);
            let actions = texts.iter().filter_map(|(text, span)| layer.action("footer", text, span));
            let actions = actions.collect();
            self.footers.insert(context, actions);
        }
    }

    /// A key that is the byte of another means what that means, or nothing. Says whether one means nothing now.
    fn unbind_twins(&mut self, layer: &mut Layer<'_>) -> bool {
        let mut wrong: Vec<_> = Vec::new();
        for (&(context, key), &(action, at)) in &layer.bound {
            let twin = TWINS.iter().find(|(c, ..)| {
                key.codes == OneToThree::One(KeyCode::Char(*c)) && key.modifiers == KeyModifiers::CONTROL
            });
            if let Some((_, plain, name)) = twin {
                let plain = crossterm::event::KeyEvent::new(*plain, KeyModifiers::NONE);
                if self.action(context, plain) != Some(action) {
                    wrong.push((context, key, action, at, *name));
                }
            }
        }
        let are_wrong = !wrong.is_empty();
        for (context, key, action, at, name) in wrong {
            let what = format!(
                "[{}] {} is the same key as {name} on most terminals: bind `{name}` to {} too, or another key",
                context.name(),
                spelled(key),
                action.name()
            );
            layer.complain(&(at..at), what);
            if let Some(bound) = self.entries.get_mut(&context).and_then(|all| all.get_mut(&action)) {
                bound.retain(|other| *other != key);
            }
        }
        are_wrong
    }
}

/// The entries of a table as they stand in the file.
pub(in crate::tui::app) fn in_order<'t, 'v>(
    table: &'t DeTable<'v>,
) -> Vec<(&'t Spanned<DeString<'v>>, &'t Spanned<DeValue<'v>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

/// The keys of the preset that a file names.
fn preset(layer: &mut Layer<'_>) -> Option<&'static str> {
    let table = DeTable::parse(layer.text).ok()?;
    let value = table.get_ref().get("preset")?;
    let names: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
    let DeValue::String(name) = value.get_ref() else {
        layer.complain(&value.span(), format!("`preset` is one of {}", names.join(", ")));
        return None;
    };
    let known = PRESETS.iter().find(|(known, _)| known == name);
    if known.is_none() {
        let near = nearest(name, names.iter().copied());
        let what = format!("there is no preset `{name}`: use one of {}{near}", names.join(", "));
        layer.complain(&value.span(), what);
    }
    known.map(|(_, keys)| *keys)
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyEvent;
    use proptest::prelude::*;

    use super::*;

    fn own(text: &str) -> (Keymap, Vec<String>) {
        let (map, problems) = Keymap::with_own(text).unwrap();
        (map, problems.iter().map(ToString::to_string).collect())
    }

    fn means(map: &Keymap, context: Context, key: &str) -> Option<Action> {
        let key: KeyCombination = key.parse().unwrap();
        let OneToThree::One(code) = key.codes else { panic!() };
        map.action(context, KeyEvent::new(code, key.modifiers))
    }

    #[test]
    fn own_keys_take_the_place_of_those_of_an_action_and_are_taken_from_others() {
        let (map, problems) = own("[global]\njump = ['ctrl-t', 'f1']\nquit = []\n");
        assert_eq!(problems, [""; 0]);
        assert_eq!(means(&map, Context::Composer, "ctrl-t"), Some(Action::Jump));
        assert_eq!(means(&map, Context::Composer, "f1"), Some(Action::Jump));
        assert_eq!(means(&map, Context::Composer, "ctrl-k"), None);
        assert_eq!(means(&map, Context::Composer, "ctrl-q"), None);
        assert_eq!(map.key(Context::Global, Action::Jump), Some("Ctrl+T"));
        assert_eq!(map.key(Context::Global, Action::Help), None, "help shows what is so");
        assert_eq!(means(&map, Context::Composer, "enter"), Some(Action::Send));
    }

    #[test]
    fn problems_say_where_and_what_and_the_rest_counts() {
        let text = "preset = 'emcas'\n\n[globl]\n[global]\njum = ['x']\nquit = ['ctrl-k', 'ctrl-']\n\
            help = ['ctrl-k']\nredraw = 'ctrl-l'\nsuspend = ['cmd-z']\nnext-chat = ['n']\n\
            invite = ['ctrl-shift-i']\n[composer]\ncopy = ['ctrl-i']\n[footer]\ncomposer = ['sendd']\n";
        let (map, problems) = own(text);
        let expected = [
            (1, "no preset `emcas`: use one of readline, emacs, vim; did you mean `emacs`?"),
            (3, "no section [globl]"),
            (5, "`jum`, which is no action; did you mean `jump`?"),
            (6, "`ctrl-` is no key"),
            (7, "binds Ctrl+K to both"),
            (8, "`redraw` needs a list"),
            (9, "`cmd-z` has a key held down"),
            (10, "`n` is text there"),
            (11, "only terminals with the kitty keyboard protocol can send Ctrl+Shift+I"),
            (13, "is the same key as tab on most terminals"),
            (15, "`sendd`, which is no action; did you mean `send`?"),
        ];
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problem, (line, what)) in problems.iter().zip(expected) {
            assert!(
                problem.starts_with(&format!("line {line}: ")) && problem.contains(what),
                "{problem}"
            );
        }
        assert_eq!(
            means(&map, Context::Composer, "ctrl-k"),
            Some(Action::Quit),
            "the first has the key"
        );
        assert_eq!(
            means(&map, Context::Composer, "f1"),
            Some(Action::Help),
            "and the other what it had"
        );
        assert_eq!(means(&map, Context::Composer, "ctrl-l"), Some(Action::Redraw));
        assert_eq!(means(&map, Context::Composer, "ctrl-i"), Some(Action::NextPane));
        let (map, problems) = own("][");
        assert!(problems[0].starts_with("line 1: the keymap cannot be read"), "{problems:?}");
        assert_eq!(means(&map, Context::Composer, "ctrl-q"), Some(Action::Quit));
    }

    #[test]
    fn a_file_in_which_all_is_wrong_is_read_in_no_time() {
        let wrong_keys = format!("[global]\njump = [\n{}]\n", "1,\n".repeat(60_000));
        let names = (0..20_000).map(|n| format!("a{n}=1\n")).collect::<String>();
        for (text, count) in [(wrong_keys, 60_000), (format!("[global]\n{names}"), 20_000)] {
            let begun = std::time::Instant::now();
            let problems = Keymap::with_own(&text).unwrap().1;
            assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
            assert_eq!(problems.len(), count);
            assert!(problems.last().unwrap().line > count);
        }
    }

    #[test]
    fn emacs_keys_do_what_they_do_there() {
        let (map, problems) = own("preset = 'emacs'\n[global]\nquit = ['f10']\n");
        assert_eq!(problems, [""; 0]);
        use Action::*;
        let keys = [
            ("ctrl-b", Left),
            ("ctrl-f", Right),
            ("ctrl-p", Up),
            ("ctrl-n", Down),
            ("ctrl-k", DeleteToEnd),
            ("ctrl-w", Cut),
            ("alt-w", Copy),
            ("ctrl-y", Yank),
            ("ctrl-v", PageDown),
            ("alt-v", PageUp),
            ("ctrl-g", Back),
            ("alt-x", Jump),
            ("f10", Quit),
        ];
        for (key, action) in keys {
            assert_eq!(means(&map, Context::Composer, key), Some(action), "{key}");
        }
        let all: Vec<_> = Context::ALL.iter().flat_map(|&c| map.bindings(c)).collect();
        for &action in Action::ALL {
            let has_key = all.iter().any(|binding| binding.action == action);
            let built_in = Keymap::built_in().unwrap();
            let had_key =
                Context::ALL.iter().any(|&c| built_in.bindings(c).iter().any(|b| b.action == action));
            assert!(has_key || !had_key, "{} has no key", action.name());
        }
    }

    #[test]
    fn keys_of_vi_write_until_one_leaves_off() {
        let (map, problems) = own("preset = 'vim'\n[normal]\nput-after = ['shift-r']\n");
        assert_eq!(problems, [""; 0]);
        for c in "idx0$/G".chars() {
            let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
            assert_eq!(map.action(Context::Composer, key), None, "{c} is text");
            assert!(map.action(Context::Normal, key).is_some(), "{c} is a command");
        }
        assert_eq!(means(&map, Context::Composer, "esc"), Some(Action::NormalMode));
        assert_eq!(means(&map, Context::Normal, "esc"), Some(Action::NormalMode));
        assert_eq!(means(&map, Context::Completion, "esc"), Some(Action::Back));
        assert_eq!(means(&map, Context::Normal, "shift-r"), Some(Action::PutAfter));
        assert_eq!(means(&map, Context::Normal, "enter"), Some(Action::Send));
    }

    proptest! {
        #[test]
        fn no_file_panics_or_leaves_a_control_character(text in "(\\PC|[\n\"'=\\[\\]]|ctrl-|jump|global|\u{1b}){0,40}") {
            for problem in Keymap::with_own(&text).unwrap().1 {
                prop_assert!(!problem.to_string().contains(char::is_control));
            }
        }
    }
}
