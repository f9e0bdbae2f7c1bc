//! What a word that is being written may become: an emoji, the name of a member, a command, what follows it, a path.

use super::Glyphs;
use super::path_list::PathName;
use super::slash::COMMANDS;
use super::text::fit;
use crate::domain::UserName;

/// Most candidates.
const MOST: usize = 50;
/// The newest emoji that are offered: fonts take years to have them.
const NEWEST: emojis::UnicodeVersion = emojis::UnicodeVersion::new(15, 0);
/// Widest name of what a candidate is, in cells.
const DETAIL: usize = 40;

/// One candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What is shown of it.
    pub label: String,
    /// What else there is to know.
    pub detail: String,
    /// The word that it stands for.
    word: String,
    /// What comes into the text.
    text: String,
}

/// The candidates for the word before the cursor, of which there is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    word: String,
    candidates: Vec<Candidate>,
    selected: usize,
    moved: bool,
    /// Enter leaves it as it is written, unless something was chosen by hand.
    by_hand: bool,
}

/// What there is to choose from.
pub struct Sources<'a> {
    /// Signs: emoji are for terminals that have them.
    pub glyphs: Glyphs,
    /// The others in the open group, with the names that they go by.
    pub members: Vec<(&'a UserName, String)>,
}

impl Completion {
    /// The candidates for the end of what is written before the cursor in its line.
    pub fn find(before: &str, is_first_line: bool, sources: &Sources<'_>) -> Option<Self> {
        let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        let start = before.len() - word.len();
        let sign = word.chars().next()?;
        let rest = &word[sign.len_utf8()..];
        let candidates = match sign {
            '/' if is_first_line && start == 0 && !rest.starts_with('/') => commands(rest),
            ':' if sources.glyphs == Glyphs::Unicode => smileys(rest),
            '@' => members(rest, sources),
            _ => Vec::new(),
        };
        let word = word.to_owned();
        Self::of(word, candidates, false)
    }

    /// The candidates for the argument of a command of which this is written, out of the words that it may be with what else
    /// there is to know of each.
    pub fn find_argument(written: &str, words: Vec<(String, String)>) -> Option<Self> {
        let wanted = written.to_lowercase();
        let begins = |text: &str| text.to_lowercase().starts_with(&wanted);
        let found = words.into_iter().filter(|(word, detail)| begins(word) || begins(detail));
        let candidate = |(word, detail): (String, String)| Candidate {
            label: word.clone(),
            detail: fit(&detail, DETAIL).into_owned(),
            word: word.clone(),
            text: word,
        };
        Self::of(written.to_owned(), found.take(MOST).map(candidate).collect(), true)
    }

    fn of(word: String, candidates: Vec<Candidate>, by_hand: bool) -> Option<Self> {
        (!candidates.is_empty()).then_some(Self { word, candidates, selected: 0, moved: false, by_hand })
    }

    /// The candidates for a path of which this is written.
    pub fn find_path<'a>(written: &str, names: impl Iterator<Item = &'a PathName>) -> Option<Self> {
        let candidate = |name: &PathName| Candidate {
            label: name.label.clone(),
            detail: name.detail.clone(),
            word: name.word.clone(),
            text: name.text.clone(),
        };
        let candidates: Vec<_> = names.map(candidate).collect();
        Self::of(written.to_owned(), candidates, true)
    }

    /// Goes on from the candidates before: what was chosen by hand stays chosen.
    pub fn follow(mut self, before: Option<&Self>) -> Self {
        if let Some(before) = before.filter(|before| before.word == self.word) {
            (self.selected, self.moved) = (before.selected, before.moved);
        }
        self
    }

    /// Chooses the candidate before, or the one after.
    pub fn step(&mut self, forward: bool) {
        let count = self.candidates.len();
        self.selected = (self.selected + if forward { 1 } else { count - 1 }) % count;
        self.moved = true;
    }

    /// The candidates, the best first.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Which is chosen.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// Whether the word is complete as it is, and nothing else was chosen.
    pub fn is_complete(&self) -> bool {
        let is_known = || self.candidates.iter().any(|candidate| candidate.word == self.word);
        !self.moved && (self.by_hand || is_known())
    }

    /// The word before the cursor, and what comes in its place.
    pub fn accept(&self) -> (&str, &str) {
        let text = self.candidates.get(self.selected).map_or("", |chosen| chosen.text.as_str());
        (&self.word, text)
    }
}

/// The emoji of the shortcode that was written last, with what it takes the place of.
pub fn written_emoji(before: &str, glyphs: Glyphs) -> Option<(&str, &'static str)> {
    if glyphs != Glyphs::Unicode {
        return None;
    }
    let code = before.strip_suffix(':')?;
    let start = code.rfind(':')?;
    // A colon in a time or a path begins no emoji.
    let stands_alone = code[..start].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
    let emoji = emojis::get_by_shortcode(&code[start + 1..]).filter(|_| stands_alone)?;
    Some((&before[start..], emoji.as_str()))
}

fn smileys(rest: &str) -> Vec<Candidate> {
    let is_code = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-');
    if rest.len() < 2
        || !rest.starts_with(|c: char| c.is_ascii_alphabetic())
        || !rest.chars().all(is_code)
    {
        return Vec::new();
    }
    let rest = rest.to_ascii_lowercase();
    let known = emojis::iter().filter(|emoji| emoji.unicode_version() <= NEWEST);
    let codes = known.flat_map(|emoji| emoji.shortcodes().map(move |code| (emoji, code)));
    let mut found: Vec<_> = codes
        .filter_map(|(emoji, code)| code.find(&rest).map(|at| ((at > 0, code.len()), emoji, code)))
        .collect();
    found.sort_by_key(|(rank, ..)| *rank);
    let candidate = |(_, emoji, code): (_, &emojis::Emoji, &str)| Candidate {
        label: format!("{} :{code}:", emoji.as_str()),
        detail: fit(emoji.name(), DETAIL).into_owned(),
        word: format!(":{code}"),
        text: emoji.as_str().to_owned(),
    };
    found.into_iter().take(MOST).map(candidate).collect()
}

fn members(rest: &str, sources: &Sources<'_>) -> Vec<Candidate> {
    let rest = rest.to_lowercase();
    let begins = |(user, name): &&(&UserName, String)| {
        user.as_str().starts_with(&rest) || name.to_lowercase().starts_with(&rest)
    };
    let candidate = |(user, name): &(&UserName, String)| Candidate {
        label: format!("@{user}"),
        detail: fit(name, DETAIL).into_owned(),
        word: format!("@{user}"),
        text: format!("@{user} "),
    };
    sources.members.iter().filter(begins).take(MOST).map(candidate).collect()
}

fn commands(rest: &str) -> Vec<Candidate> {
    let rest = rest.to_lowercase();
    let candidate = |command: &super::Slash| Candidate {
        label: format!("/{} {}", command.name, command.arguments).trim_end().to_owned(),
        detail: fit(command.help, DETAIL).into_owned(),
        word: format!("/{}", command.name),
        text: match command.arguments {
            "" => format!("/{}", command.name),
            _ => format!("/{} ", command.name),
        },
    };
    COMMANDS.iter().filter(|command| command.name.starts_with(&rest)).map(candidate).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tui::app::testing::user;

    fn found(before: &str) -> Vec<String> {
        let (bob, zoe) = (user("bob"), user("zoe"));
        let members = vec![(&bob, "Robert".to_owned()), (&zoe, "Zoë".to_owned())];
        let sources = Sources { glyphs: Glyphs::Unicode, members };
        let found = Completion::find(before, true, &sources);
        found.map_or_else(Vec::new, |c| c.candidates.iter().map(|c| c.label.clone()).collect())
    }

    #[test]
    fn emoji_are_found_by_their_shortcode_the_nearest_first() {
        assert_eq!(found("well :smil")[..2], ["😄 :smile:", "😃 :smiley:"]);
        assert!(found(":cat").contains(&"😺 :smiley_cat:".to_owned()));
        for nothing in [":s", "at 10:50", "a:smile", ":)", ":-)", ":no such", "smile"] {
            assert_eq!(found(nothing), [""; 0], "{nothing}");
        }
        let ascii = Sources { glyphs: Glyphs::Ascii, members: Vec::new() };
        assert_eq!(Completion::find(":smile", true, &ascii), None);
    }

    #[test]
    fn members_are_found_by_both_names_and_commands_at_the_start_alone() {
        assert_eq!(found("hi @"), ["@bob", "@zoe"]);
        assert_eq!(found("@ROB"), ["@bob"]);
        assert_eq!(found("@zoë"), ["@zoe"]);
        assert_eq!(found("a@b"), [""; 0]);
        assert_eq!(found("/leav"), ["/leave"]);
        assert!(found("/").len() > 10);
        for nothing in ["//leav", "x /leav", "/leave ", "/nothing"] {
            assert_eq!(found(nothing), [""; 0], "{nothing}");
        }
    }

    #[test]
    fn what_is_chosen_by_hand_stays_and_what_is_complete_is_known() {
        let sources = Sources { glyphs: Glyphs::Unicode, members: Vec::new() };
        let find = |before| Completion::find(before, true, &sources).unwrap();
        let mut me = find("/me");
        assert!(me.is_complete());
        me.step(false);
        assert!(!me.is_complete());
        assert_eq!(find("/me").follow(Some(&me)), me);
        assert_eq!(find("/mem").follow(Some(&me)).selected(), 0);
        assert_eq!(find("/mem").accept(), ("/mem", "/members"));
        assert_eq!(find("/joi").accept(), ("/joi", "/join "));
        assert_eq!(find("so :smile").accept(), (":smile", "😄"));
    }

    #[test]
    fn a_whole_shortcode_is_an_emoji() {
        let whole = |before| written_emoji(before, Glyphs::Unicode);
        assert_eq!(whole("well :smile:"), Some((":smile:", "😄")));
        assert_eq!(whole("(:+1:"), Some((":+1:", "👍")));
        for nothing in ["10:100:", ":nothing:", "::", ":smile", "a:b:"] {
            assert_eq!(whole(nothing), None, "{nothing}");
        }
        assert_eq!(written_emoji(":smile:", Glyphs::Ascii), None);
    }

    proptest! {
        #[test]
        fn what_is_accepted_takes_the_place_of_the_end(before in "[ :@/a-z水\u{3000}]{0,12}") {
            let sources = Sources { glyphs: Glyphs::Unicode, members: Vec::new() };
            if let Some(completion) = Completion::find(&before, true, &sources) {
                prop_assert!(before.ends_with(completion.accept().0));
                prop_assert!(!completion.accept().1.is_empty());
            }
        }
    }
}
