//! Full-text search: what is indexed of a text, and what a person's search becomes.
//!
//! SQLite's tokenizer takes letters, digits and symbols that stand together for one word, which fits
//! scripts that put spaces between words. So that 泵 is found in 水泵坏了 and 🎉 in `done🎉`, every
//! character of a script without spaces and every symbol is set apart before it is indexed, and what
//! is searched for is treated alike: 水泵 becomes the phrase "水 泵".

use rusqlite::{Connection, Result};
use unicode_linebreak::{BreakClass, break_property};

use super::batch;
use super::row::{message, select_message};
use super::value::limits;
use crate::domain::{ConversationId, Message, MessageText, clean_line};

/// Indexes the text of the message that has this arrival.
pub(super) fn index(db: &Connection, arrival: i64, conversation: i64, text: &MessageText) -> Result<()> {
    let insert = "INSERT INTO message_search (rowid, words, conversation) VALUES (?1, ?2, ?3)";
    let words = set_apart(text.as_str());
    db.prepare_cached(insert)?.execute((arrival, words, conversation.to_string()))?;
    Ok(())
}

/// Takes out what is indexed of a text: an index without content has to be told what that was.
pub(super) fn forget(
    db: &Connection,
    arrival: i64,
    conversation: i64,
    text: &MessageText,
) -> Result<()> {
    let delete = "INSERT INTO message_search (message_search, rowid, words, conversation)
        VALUES ('delete', ?1, ?2, ?3)";
    let words = set_apart(text.as_str());
    db.prepare_cached(delete)?.execute((arrival, words, conversation.to_string()))?;
    Ok(())
}

/// The messages that have every word of `text` (or a longer word that begins with it), those that
/// arrived last first.
pub(super) fn search(
    db: &Connection,
    text: &str,
    party: Option<&ConversationId>,
    limit: u32,
) -> Result<Vec<Message>> {
    let Some(mut query) = query(text) else { return Ok(Vec::new()) };
    if let Some(party) = party {
        let Some(conversation) = batch::find(db, party)? else { return Ok(Vec::new()) };
        query = format!("conversation : \"{}\" AND {query}", conversation.row);
    }
    // By rowid, never by rank: ranking reads every match.
    let select = select_message!(
        with "", from "message_search s JOIN message m ON m.arrival = s.rowid",
        "WHERE s.message_search MATCH ?1
        ORDER BY s.rowid DESC LIMIT ?2"
    );
    db.prepare_cached(select)?.query_map((query, limit), message)?.collect()
}

/// The text with a space on either side of each character that is a word of its own.
fn set_apart(text: &str) -> String {
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

/// A search in the language of FTS5, in which quotes make any text a plain phrase. `None` when there is
/// nothing to look for.
fn query(text: &str) -> Option<String> {
    let end = text.char_indices().nth(limits::SEARCH).map_or(text.len(), |(end, _)| end);
    let text = clean_line(&text[..end]);
    let phrases: Vec<String> = text.split_whitespace().map(phrase).collect();
    (!phrases.is_empty()).then(|| format!("words : ({})", phrases.join(" ")))
}

/// A word as a phrase of FTS5, a star marking it as the beginning of one. A single letter begins too
/// many words for that, and a character that stands alone begins none.
fn phrase(word: &str) -> String {
    let quoted = set_apart(word).replace('"', "\"\"");
    let letters = word.chars().filter(|c| c.is_alphanumeric()).count();
    let star = if letters > 1 && !word.ends_with(stands_alone) { "*" } else { "" };
    format!("\"{quoted}\"{star}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;
    use crate::domain::{Body, GroupChange, GroupId};
    use crate::store::testing::{Fixture, direct, said, user};

    const TEXTS: &[(u128, &str)] = &[
        (1, "The pump is back"),
        (2, "check valve 3, please: the PUMPS again"),
        (3, "水泵坏了,请看三号阀门"),
        (4, "ポンプが動いています コンピュータ"),
        (5, "밸브를 잠그세요, 물밸브"),
        (6, "done🎉🎉 ✓checked"),
        (7, "Café naïve Straße cafe\u{301}s"),
        (8, "ปั๊มน้ำเสีย"),
        (9, "👨\u{200d}👩\u{200d}👧 at home 👍🏽 🇦🇺"),
        (10, "file.rs:12 C++ a_b don't \"quoted words\""),
        (11, "🫠🫨 new ones"),
        (12, "αβγ ΔΕΛΤΑ привет"),
    ];

    fn talk() -> Fixture {
        let f = Fixture::new();
        let messages: Vec<_> = TEXTS.iter().map(|&(n, text)| said(n, "bob", 5, text)).collect();
        f.receive(&messages);
        f
    }

    fn found(f: &Fixture, text: &str) -> Vec<u128> {
        let messages = f.wait(f.store.search(text, None, 50)).unwrap();
        messages.iter().map(|m| u128::from_be_bytes(*m.id.as_bytes())).collect()
    }

    #[test]
    fn words_are_found_whatever_the_script() {
        let f = talk();
        let cases: &[(&str, &[u128])] = &[
            ("pump", &[2, 1]),
            ("PUMP back", &[1]),
            ("back pump", &[1]),
            ("pumpx", &[]),
            ("ump", &[]),
            ("p", &[]),
            ("3", &[2]),
            ("水泵", &[3]),
            ("泵", &[3]),
            ("阀门", &[3]),
            ("门阀", &[]),
            ("号 水", &[3]),
            ("ンプ", &[4]),
            ("動いて", &[4]),
            ("ピュータ", &[4]),
            ("밸브", &[5]),
            ("잠그", &[5]),
            ("น้ำ", &[8]),
            ("🎉", &[6]),
            ("done🎉", &[6]),
            ("done", &[6]),
            ("checked", &[6]),
            ("cafe", &[7]),
            ("CAFÉS", &[7]),
            ("cafe\u{301}", &[7]),
            ("naive", &[7]),
            ("👨\u{200d}👩\u{200d}👧", &[9]),
            ("👧", &[9]),
            ("👍", &[9]),
            ("🇦🇺", &[9]),
            ("file.rs:12", &[10]),
            ("c++", &[10]),
            ("don't", &[10]),
            ("\"quoted", &[10]),
            ("🫠", &[11]),
            ("δελτα ПРИ", &[12]),
        ];
        for (text, expected) in cases {
            assert_eq!(found(&f, text), *expected, "{text}");
        }
    }

    #[test]
    fn no_text_is_an_error_of_syntax() {
        let f = talk();
        let operators = [
            "",
            " ",
            "\"",
            "'",
            "*",
            "pump*",
            "NEAR(a b)",
            "pump AND",
            "OR",
            "NOT pump",
            "words:pump",
            "-pump",
            "^pump",
            "(",
            ")",
            "{a b}:c",
            "\0",
            "pump\0back",
            "\u{1b}[31m",
            "!!!",
            "a\"b\"\"c",
            "conversation : 1",
            "%",
            "\\",
            ";DROP TABLE message;--",
        ];
        for text in operators {
            f.wait(f.store.search(text, None, 50)).unwrap_or_else(|e| panic!("{text:?}: {e}"));
        }
        assert_eq!(found(&f, "!!! pump ???"), [2, 1], "what is not a word does not count");
        assert_eq!(found(&f, "pump AND"), [] as [u128; 0]);
        assert_eq!(found(&f, "conversation:1"), [] as [u128; 0]);
        assert_eq!(found(&f, &format!("pump{}zzz", " ".repeat(limits::SEARCH))), [2, 1]);
        found(&f, &"水".repeat(100_000));

        let mut runner = TestRunner::new(Config::with_cases(512));
        runner
            .run(&"[\"'*(){}:^+\\-\\PC\\x00 aAND]{0,40}", |text| {
                let answer = f.wait(f.store.search(&text, Some(direct("bob")), 5));
                prop_assert!(answer.is_ok(), "{:?}", answer);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn a_whole_text_finds_itself() {
        let f = talk();
        for (n, text) in TEXTS {
            assert!(found(&f, text).contains(n), "{text}");
        }
    }

    #[test]
    fn a_search_keeps_to_its_conversation_and_limit_and_is_newest_first() {
        let f = Fixture::new();
        let group = ConversationId::Group(GroupId::from_bits(9));
        let all: Vec<_> = (0..1_000)
            .map(|n| match n % 3 {
                0 => Message { conversation: group.clone(), ..said(n, "bob", 5, "pump 1 水") },
                1 => said(n, "bob", 5, "pump 1"),
                _ => said(n, "ann", 5, "pump 1"),
            })
            .collect();
        f.receive(&all);
        let search =
            |party: Option<ConversationId>, limit| f.wait(f.store.search("pum", party, limit)).unwrap();
        let newest: Vec<_> = all.iter().rev().take(50).cloned().collect();
        assert_eq!(search(None, 50), newest);
        assert_eq!(search(None, usize::MAX).len(), limits::ROWS as usize);
        for party in [group, direct("bob"), direct("ann")] {
            let there: Vec<_> =
                all.iter().rev().filter(|m| m.conversation == party).take(20).cloned().collect();
            assert_eq!(search(Some(party), 20), there);
        }
        assert_eq!(search(Some(direct("eve")), 20), []);
    }

    #[test]
    fn events_are_not_searched() {
        let f = Fixture::new();
        f.receive(&[Message {
            body: Body::Changed(GroupChange::Invite(user("pump"))),
            ..said(1, "bob", 5, "x")
        }]);
        assert_eq!(found(&f, "pump"), [] as [u128; 0]);
    }
}
