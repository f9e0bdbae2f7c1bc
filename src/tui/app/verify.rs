//! The box in which somebody's key is compared with what they see: the safety number, the code, the emoji.
//! And what screens call how far a key is trusted.

use super::action::Action;
use super::glyphs::Glyphs;
use super::info::Page;
use super::keymap::{Context, Keymap};
use super::rows::{Row, Tone};
use super::times::Calendar;
use super::world::World;
use crate::domain::{Timestamp, Trust, UserName};
use crate::engine::{ComparisonState, Emoji, KeyView, TheirKey};

/// Digits of a safety number and the space after them.
const GROUP: usize = 6;
/// In a box that is narrower the number comes first, without words before it.
const NARROW: usize = 30;

/// How far somebody's key is trusted, in the words that are used everywhere.
pub fn trust_words(trust: Trust) -> &'static str {
    match trust {
        Trust::Unknown => "waits for their keys",
        Trust::NotVerified => "not verified",
        Trust::Verified => "verified",
        Trust::Changed => "KEY CHANGED",
    }
}

/// What that means, and what to do about it.
pub const TRUST_HELP: &[(&str, &str)] = &[
    ("not verified", "encrypted, to the key that Cooee met first."),
    ("", "Nobody has compared it with theirs: /verify"),
    ("verified", "encrypted, to a key that you have compared"),
    ("KEY CHANGED", "another key stands for their name. They may"),
    ("", "have signed up anew or lost their device; or"),
    ("", "somebody, or the broker, pretends to be them."),
    ("", "Nothing is sent until you /accept it. Ask them"),
    ("", "another way first; then /verify the new key."),
    ("waits for their keys", "no key of theirs is here yet: what you write"),
    ("", "is encrypted and sent as soon as it is"),
    ("encrypted", "a group: only its members can read it; with"),
    ("", "how many of them are verified or changed"),
];

/// The box in which somebody's key is compared.
#[derive(Clone, Debug)]
pub struct VerifyBox {
    /// Whose.
    pub user: UserName,
    /// What the engine said.
    pub keys: Option<KeyView>,
    /// The comparison of emoji, as long as there is something to say of it.
    pub comparison: Option<ComparisonState>,
    /// Whether the code is shown instead.
    pub shows_code: bool,
    /// The first row shown.
    pub top: usize,
    stale: bool,
}

/// What the words depend on, besides the keys.
#[derive(Clone, Copy)]
pub struct VerifyFacts<'a> {
    /// Names.
    pub world: &'a World,
    /// Days and times.
    pub calendar: &'a Calendar,
    /// Keys of the keyboard.
    pub keymap: &'a Keymap,
    /// Signs.
    pub glyphs: Glyphs,
    /// The time.
    pub now: Timestamp,
}

impl VerifyBox {
    /// The box for somebody; the engine has to be asked.
    pub fn new(user: UserName, comparison: Option<ComparisonState>) -> Self {
        Self { user, keys: None, comparison, shows_code: false, top: 0, stale: true }
    }

    /// What was told of their key may not be so any more.
    pub fn outdate(&mut self) {
        self.stale = true;
    }

    /// Whether the engine has to be asked now.
    pub fn take_stale(&mut self) -> bool {
        std::mem::take(&mut self.stale)
    }

    /// The key that is to be compared: where another stands for their name, that one.
    pub fn key(&self) -> Option<&TheirKey> {
        let keys = self.keys.as_ref()?;
        keys.claimed.as_ref().or(keys.theirs.as_ref())
    }

    /// The code, if it is to be shown and this screen has room for it: all of it, or without the outermost row
    /// of its quiet zone above and below. The last row of the screen stays.
    pub fn picture(&self, glyphs: Glyphs, (columns, rows): (u16, u16)) -> Option<&[String]> {
        let shows = self.shows_code && glyphs == Glyphs::Unicode;
        let picture = self.key().filter(|_| shows)?.picture.as_slice();
        let wide = picture.first()?.chars().count();
        let room = usize::from(rows).saturating_sub(1);
        match picture.len() {
            _ if wide > usize::from(columns) => None,
            high if high <= room => Some(picture),
            high if high <= room + 2 => picture.get(1..high - 1),
            _ => None,
        }
    }

    /// The rows of the box at this width.
    pub fn rows(&self, facts: &VerifyFacts<'_>, width: usize) -> Vec<Row> {
        let mut page = Page::new(width);
        if let Some(comparison) = &self.comparison {
            self.compare(comparison, facts, &mut page);
            return page.done();
        }
        let Some(keys) = &self.keys else {
            page.say("…", Tone::Faint);
            return page.done();
        };
        let name = facts.world.name(&self.user);
        let Some(key) = self.key() else {
            page.say(&format!("No key of {name} is here yet."), Tone::Strong);
            page.say(
                "What you write is encrypted and sent as soon as it is. Come back then to compare it.",
                Tone::Text,
            );
            return page.done();
        };
        let changed = keys.claimed.is_some();
        if self.shows_code {
            if facts.glyphs == Glyphs::Ascii {
                page.say("This terminal cannot draw the QR code: compare the number.", Tone::Strong);
                return page.done();
            }
            page.say("This window has no room for the QR code.", Tone::Strong);
            let high = key.picture.len().saturating_sub(1);
            let wide = key.picture.first().map_or(0, |line| line.chars().count());
            let user = &self.user;
            page.say(
                &format!(
                    "It needs {wide} columns and {high} rows. Compare the number instead, or run `cooee key show \
                     {user} --qr` in a larger one."
                ),
                Tone::Text,
            );
            return page.done();
        }
        if changed {
            page.say(&format!("KEY CHANGED: another key stands for {name}."), Tone::Wrong);
            page.say(
                "They may have signed up anew or lost their device; or somebody, or the broker, pretends to be \
                 them. Ask them another way before you accept it. With the new key this is the number:",
                Tone::Text,
            );
        } else if width >= NARROW {
            page.say(&format!("Read it to {name}, or look at both screens:"), Tone::Text);
        }
        let groups: Vec<&str> = key.safety_number.split(' ').collect();
        let fit = (width.saturating_sub(1) / GROUP).max(1);
        let across = [6, 4, 3, 2].into_iter().find(|across| *across <= fit).unwrap_or(1);
        if width >= NARROW {
            page.blank();
        }
        for row in groups.chunks(across.min(4)) {
            page.put(1, &row.join(" "), Tone::Strong);
        }
        page.blank();
        let state = match keys.trust {
            Trust::Verified => format!("verified: you have compared the key of {name}."),
            Trust::NotVerified => "not verified: nobody has compared it. If both numbers are the same, \
                                   nobody sits in between."
                .to_owned(),
            Trust::Changed => "Nothing is sent to them until you decide.".to_owned(),
            Trust::Unknown => String::new(),
        };
        page.say(&state, if changed { Tone::Wrong } else { Tone::Strong });
        page.say(&self.ways(keys.trust, facts), Tone::Text);
        page.blank();
        page.entry("yours", 8, &keys.ours, Tone::Text);
        page.entry(if changed { "new" } else { "theirs" }, 8, &key.fingerprint, Tone::Text);
        if let Some(before) = keys.theirs.as_ref().filter(|_| changed) {
            page.entry("before", 8, &before.fingerprint, Tone::Faint);
        }
        let since = facts.calendar.exact(key.since, facts.now);
        page.entry("since", 8, &format!("{since}, as they say"), Tone::Faint);
        page.done()
    }

    /// What can be done, with the keys that do it.
    fn ways(&self, trust: Trust, facts: &VerifyFacts<'_>) -> String {
        let key = |action| facts.key(action);
        let way = match trust {
            Trust::Changed => format!("{} accepts the new key.", key(Action::AcceptKey)),
            Trust::Verified => format!("{} takes that back.", key(Action::TakeBack)),
            _ => format!("{} marks it verified.", key(Action::MarkVerified)),
        };
        let emoji = match trust {
            Trust::Changed => String::new(),
            _ => format!(
                " {} compares seven emoji instead, while both are here.",
                key(Action::CompareEmoji)
            ),
        };
        format!("{way}{emoji} {} shows a QR code.", key(Action::ShowCode))
    }

    fn compare(&self, comparison: &ComparisonState, facts: &VerifyFacts<'_>, page: &mut Page) {
        let name = facts.world.name(&self.user);
        let key = |action| facts.key(action);
        match comparison {
            ComparisonState::Waiting => {
                page.say(&format!("Waiting for {name}'s Cooee…"), Tone::Strong);
                let online = facts.world.person(&self.user).is_some_and(|p| p.availability.is_online());
                if !online {
                    page.say(&format!("{name} is not online: both have to be, for this."), Tone::Text);
                }
                page.say(
                    &format!(
                        "{} calls it off, {} leaves it waiting.",
                        key(Action::CallOff),
                        key(Action::Back)
                    ),
                    Tone::Text,
                );
            }
            ComparisonState::Compare(emoji) => {
                page.say(&format!("Does {name} see the same seven, in this order?"), Tone::Strong);
                seven(emoji, facts.glyphs, page);
                page.say(
                    &format!(
                        "Ask in a call or face to face, not here. {}: they are the same. {}: they are not.",
                        key(Action::Same),
                        key(Action::Different)
                    ),
                    Tone::Text,
                );
            }
            ComparisonState::Confirmed(emoji) => {
                page.say(
                    &format!("You said that they are the same. {name} has to say so too…"),
                    Tone::Strong,
                );
                seven(emoji, facts.glyphs, page);
                page.say(
                    &format!("{}: they are not the same after all.", key(Action::Different)),
                    Tone::Text,
                );
            }
            ComparisonState::Verified => {
                page.say(&format!("verified: {name} and you saw the same."), Tone::Strong);
                page.say("Nobody sits in between.", Tone::Text);
            }
            ComparisonState::Failed { why, alarm: true } => {
                page.say("NOT THE SAME", Tone::Wrong);
                page.say(&sentence(why), Tone::Text);
            }
            ComparisonState::Failed { why, alarm: false } => {
                page.say("not verified", Tone::Strong);
                page.say(&sentence(why), Tone::Text);
                page.say(&format!("{} begins it again.", key(Action::CompareEmoji)), Tone::Text);
            }
        }
    }
}

/// The seven emoji, two in a row where that fits; names come first, for terminals without pictures.
fn seven(emoji: &[Emoji], glyphs: Glyphs, page: &mut Page) {
    let across = if page.width() >= 36 { 2 } else { 1 };
    page.blank();
    for (row, pair) in emoji.chunks(across).enumerate() {
        let words = pair.iter().enumerate().map(|(at, Emoji { sign, name })| {
            let number = row * across + at + 1;
            match glyphs {
                Glyphs::Unicode => (at * 18, format!("{number} {name} {sign}")),
                Glyphs::Ascii => (at * 18, format!("{number} {name}")),
            }
        });
        page.put_all(words.map(|(x, words)| (x + 1, words)), Tone::Strong);
    }
    page.blank();
}

/// Words that stand alone, from words that stand behind others.
fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str())
}

impl VerifyFacts<'_> {
    fn key(&self, action: Action) -> &str {
        self.keymap.key(Context::Verify, action).unwrap_or_default()
    }
}
