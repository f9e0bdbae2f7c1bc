//! Words that somebody looks for, and where they stand in a text.
//!
//! The store looks them up in its index, whose tokenizer folds case and the accents of Latin letters; what is
//! shown has to mark the same places without asking it. So both take a text apart here: letters and digits that
//! stand together are a word, and so is each character of a script that is written without spaces, and each
//! symbol.

use std::ops::Range;

use nucleo_matcher::chars::normalize;
use unicode_linebreak::{BreakClass, break_property};
use unicode_segmentation::UnicodeSegmentation;

use super::clean_line;

/// Most characters of a search that are used.
const MOST: usize = 256;

/// What somebody looks for: a text is found that has every word of it, or a longer one that begins with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    phrases: Vec<Phrase>,
}

/// What stood between two spaces: words that have to follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Phrase {
    words: Vec<String>,
    /// Whether the last one may go on.
    begins: bool,
}

/// A word in a text.
struct Token {
    folded: String,
    /// Where each character of the folded word ends in the text.
    ends: Vec<usize>,
    start: usize,
}

impl Words {
    /// Takes apart what somebody wrote; its first 256 characters count.
    pub fn new(text: &str) -> Self {
        let text = searchable(text);
        let phrases = text.split_whitespace().map(|word| Phrase {
            words: tokens(word).into_iter().map(|token| token.folded).collect(),
            begins: begins_words(word),
        });
        Self { phrases: phrases.filter(|phrase| !phrase.words.is_empty()).collect() }
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.phrases.is_empty()
    }

    /// Whether a text has all of them.
    pub fn are_in(&self, text: &str) -> bool {
        let tokens = tokens(text);
        !self.is_empty() && self.phrases.iter().all(|phrase| phrase.places(&tokens).next().is_some())
    }

    /// Where they stand in a text, from its beginning, without overlaps; no grapheme cluster is cut.
    pub fn places(&self, text: &str) -> Vec<Range<usize>> {
        let tokens = tokens(text);
        let mut places: Vec<_> = self.phrases.iter().flat_map(|phrase| phrase.places(&tokens)).collect();
        if places.is_empty() {
            return places;
        }
        places.sort_unstable_by_key(|place| (place.start, place.end));
        let clusters: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
        let mut merged: Vec<Range<usize>> = Vec::with_capacity(places.len());
        for place in places {
            let start = clusters[clusters.partition_point(|&at| at <= place.start).saturating_sub(1)];
            let end = clusters.partition_point(|&at| at < place.end);
            let end = clusters.get(end).copied().unwrap_or(text.len());
            match merged.last_mut().filter(|last| start <= last.end) {
                Some(last) => last.end = last.end.max(end),
                None => merged.push(start..end),
            }
        }
        merged
    }
}

impl Phrase {
    /// Where it stands among the words of a text.
    fn places<'a>(&'a self, tokens: &'a [Token]) -> impl Iterator<Item = Range<usize>> + 'a {
        tokens.windows(self.words.len().max(1)).filter_map(|window| {
            let (last, before) = self.words.split_last()?;
            let found = window.last()?;
            let same = before.iter().zip(window).all(|(word, token)| *word == token.folded);
            let ends = match self.begins {
                true => found.folded.starts_with(last.as_str()),
                false => found.folded == *last,
            };
            let end = *found.ends.get(last.chars().count().checked_sub(1)?)?;
            (same && ends).then(|| window[0].start..end)
        })
    }
}

/// The part of a text that is looked for, as one line.
pub fn searchable(text: &str) -> String {
    let end = text.char_indices().nth(MOST).map_or(text.len(), |(end, _)| end);
    clean_line(&text[..end])
}

/// Whether a word also stands for the longer ones that begin with it. A single letter begins too many words for
/// that, and a character that stands alone begins none.
pub fn begins_words(word: &str) -> bool {
    word.chars().filter(|c| c.is_alphanumeric()).count() > 1 && !word.ends_with(stands_alone)
}

/// The text with a space on either side of each character that is a word of its own.
pub fn set_apart(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if stands_alone(c) {
            words.extend([' ', c, ' ']);
        } else {
            words.push(c);
        }
    }
    words
}

/// Whether a character is a word of its own. The line breaking classes of UAX #14 tell the scripts that
/// are written without spaces, since lines may break anywhere in them.
fn stands_alone(c: char) -> bool {
    if c.is_ascii() {
        return false;
    }
    match break_property(u32::from(c)) {
        BreakClass::Ideographic
        | BreakClass::ConditionalJapaneseStarter
        | BreakClass::ComplexContext
        | BreakClass::HangulLvSyllable
        | BreakClass::HangulLvtSyllable => true,
        // A mark belongs to the letter before it.
        BreakClass::CombiningMark => false,
        _ => !c.is_alphanumeric(),
    }
}

/// Whether a character that is no letter can be looked for: the symbols, as far as they can be told from
/// punctuation by their place, without those that only change the one before them.
fn is_symbol(c: char) -> bool {
    matches!(c,
        '¦' | '©' | '®' | '°' | '\u{2100}'..='\u{21FF}' | '\u{2300}'..='\u{27BF}' | '\u{2B00}'..='\u{2BFF}'
        | '\u{1F000}'..='\u{1F3FA}' | '\u{1F400}'..='\u{1FAFF}' | '\u{E000}'..='\u{F8FF}')
}

/// A mark that the index leaves out of a word.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{331}')
}

/// The words of a text.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut goes_on = false;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let alone = stands_alone(c);
        if is_accent(c) {
            continue;
        }
        if !c.is_alphanumeric() && !is_symbol(c) {
            goes_on = false;
            continue;
        }
        match tokens.last_mut().filter(|_| goes_on && !alone) {
            Some(token) => {
                token.folded.push(fold(c));
                token.ends.push(end);
            }
            None => tokens.push(Token { folded: fold(c).into(), ends: vec![end], start: at }),
        }
        goes_on = !alone;
    }
    tokens
}

/// A letter without case and, if it is Latin, without accents.
fn fold(c: char) -> char {
    // By way of the upper case: two letters of lower case may share one, as σ and ς do.
    let upper = one(c.to_uppercase()).unwrap_or(c);
    normalize(one(upper.to_lowercase()).unwrap_or(c))
}

fn one(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marked(words: &str, text: &str) -> String {
        let mut marked = String::new();
        let mut from = 0;
        for Range { start, end } in Words::new(words).places(text) {
            marked += &format!("{}[{}]", &text[from..start], &text[start..end]);
            from = end;
        }
        marked + &text[from..]
    }

    #[test]
    fn places_are_marked_whatever_case_accents_and_script() {
        for (words, text, expected) in [
            ("pump", "The PUMP, the pumps", "The [PUMP], the [pump]s"),
            ("p", "p pump", "[p] pump"),
            ("back pump", "pump is back", "[pump] is [back]"),
            ("cafe", "Café cafe\u{301}s", "[Café] [cafe\u{301}]s"),
            ("CAFÉ", "cafe", "[cafe]"),
            ("strasse", "Straße", "Straße"),
            ("δελτας", "ΔΕΛΤΑΣ", "[ΔΕΛΤΑΣ]"),
            ("水泵", "水泵坏了,水 泵", "[水泵]坏了,[水 泵]"),
            ("🎉", "done🎉🎉", "done[🎉🎉]"),
            ("👧", "👨\u{200d}👩\u{200d}👧 x", "[👨\u{200d}👩\u{200d}👧] x"),
            ("file.rs:12", "see file rs 12 and file.rs", "see [file rs 12] and file.rs"),
            ("c++", "C++ and c", "[C]++ and [c]"),
            ("!!!", "!!! pump", "!!! pump"),
            ("", "pump", "pump"),
        ] {
            assert_eq!(marked(words, text), expected, "{words}");
        }
    }

    #[test]
    fn all_of_them_have_to_be_there() {
        assert!(Words::new("pum back").are_in("back to the pump"));
        assert!(!Words::new("pum back").are_in("the pump"));
        assert!(!Words::new("...").are_in("..."));
        assert!(Words::new("...").is_empty() && !Words::new("a").is_empty());
    }

    proptest! {
        #[test]
        fn places_are_in_order_and_between_clusters(words in "\\PC{0,6}", text in "\\PC{0,40}") {
            let text = format!("{text}{words}");
            let clusters: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
            let mut from = 0;
            for place in Words::new(&words).places(&text) {
                prop_assert!(from <= place.start && place.start < place.end);
                prop_assert!(clusters.contains(&place.start));
                prop_assert!(place.end == text.len() || clusters.contains(&place.end));
                from = place.end;
            }
        }

        #[test]
        fn a_word_is_found_in_any_case(word in "[a-zA-Zàéîõü]{2,8}", before in "[a-z ,.]{0,9}") {
            let text = format!("{before} {}", word.to_uppercase());
            prop_assert!(Words::new(&word).are_in(&text));
        }
    }
}
