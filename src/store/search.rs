//! Full-text search: what is indexed of a text, and what a person's search becomes.
//!
//! SQLite's tokenizer takes letters, digits and symbols that stand together for one word, which fits
//! scripts that put spaces between words. So that 泵 is found in 水泵坏了 and 🎉 in `done🎉`, every
//! character of a script without spaces and every symbol is set apart before it is indexed, and what
//! is searched for is treated alike: 水泵 becomes the phrase "水 泵".

use rusqlite::{Connection, Result};

use super::batch;
use super::handle::bounded;
use super::row::{MESSAGE_COLUMNS, from_bits, message, select_message};
use super::value::{Found, Hits, limits};
use super::{Error, Store};
use crate::domain::words::{begins_words, searchable, set_apart};
use crate::domain::{ConversationId, FindAt, MessageKey, MessageText};

impl Store {
    /// Texts that have every word of `text`, in one conversation or in all, from a place in the order of their
    /// arrival on; at most `limit` (at least one, at most [`limits::ROWS`]).
    ///
    /// Case and accents do not matter, and a word of two letters or more finds longer words that begin
    /// with it. In scripts without spaces any part is found, and so are emoji. Any text is fit to be
    /// looked for; its first 256 characters count. The domain's `Words` tells where they stand.
    pub async fn search(
        &self,
        text: &str,
        conversation: Option<ConversationId>,
        at: FindAt,
        limit: usize,
    ) -> Result<Found, Error> {
        let text = text.to_owned();
        let search =
            move |db: &mut Connection| search(db, &text, conversation.as_ref(), at, bounded(limit));
        self.ask("search", search).await
    }

    /// Where the texts of one conversation stand that have every word of `text`, those that arrived last before
    /// this place (`None`: at all), at most [`limits::HITS`]; and how many there are in all.
    pub async fn hits(
        &self,
        text: &str,
        conversation: ConversationId,
        before: Option<i64>,
    ) -> Result<Hits, Error> {
        let text = text.to_owned();
        self.ask("search", move |db| hits(db, &text, &conversation, before)).await
    }
}

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

fn search(
    db: &Connection,
    text: &str,
    party: Option<&ConversationId>,
    at: FindAt,
    limit: u32,
) -> Result<Found> {
    let Some(query) = query_in(db, text, party)? else { return Ok(Found::default()) };
    let (select, place) = match at {
        FindAt::Newest => (BACK, i64::MAX),
        FindAt::Before(place) => (BACK, place),
        FindAt::After(place) => (ON, place),
    };
    // One more tells whether there are more.
    let mut rows = db
        .prepare_cached(select)?
        .query_map((query, place, limit + 1), |row| {
            Ok((message(row)?, row.get::<_, i64>(MESSAGE_COLUMNS)?))
        })?
        .collect::<Result<Vec<_>>>()?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let edge = rows.last().map(|(_, arrival)| *arrival);
    Ok(Found { messages: rows.into_iter().map(|(message, _)| message).collect(), edge, more })
}

// By rowid, never by rank: ranking reads every match.

/// What arrived last before a place, and back from there.
const BACK: &str = select_message!(
    with ", m.arrival", from "message_search s JOIN message m ON m.arrival = s.rowid",
    "WHERE s.message_search MATCH ?1 AND s.rowid < ?2
    ORDER BY s.rowid DESC LIMIT ?3"
);

/// What arrived first after a place, and on from there.
const ON: &str = select_message!(
    with ", m.arrival", from "message_search s JOIN message m ON m.arrival = s.rowid",
    "WHERE s.message_search MATCH ?1 AND s.rowid > ?2
    ORDER BY s.rowid LIMIT ?3"
);

fn hits(db: &Connection, text: &str, party: &ConversationId, before: Option<i64>) -> Result<Hits> {
    let Some(query) = query_in(db, text, Some(party))? else { return Ok(Hits::default()) };
    let select = "SELECT m.sent_at, m.id, m.arrival FROM message_search s
        JOIN message m ON m.arrival = s.rowid
        WHERE s.message_search MATCH ?1 AND s.rowid < ?2
        ORDER BY s.rowid DESC LIMIT ?3";
    let mut rows = db
        .prepare_cached(select)?
        .query_map((&query, before.unwrap_or(i64::MAX), limits::HITS + 1), |row| {
            Ok((MessageKey { sent_at: row.get(0)?, id: row.get(1)? }, row.get::<_, i64>(2)?))
        })?
        .collect::<Result<Vec<_>>>()?;
    let more = rows.len() > limits::HITS as usize;
    rows.truncate(limits::HITS as usize);
    let older = rows.last().map(|(_, arrival)| *arrival).filter(|_| more);
    let mut keys: Vec<MessageKey> = rows.into_iter().map(|(key, _)| key).collect();
    keys.sort_unstable();
    // The index alone is read for it.
    let count = "SELECT count(*) FROM
        (SELECT rowid FROM message_search WHERE message_search MATCH ?1 LIMIT ?2)";
    let total = match more || before.is_some() {
        true => db
            .prepare_cached(count)?
            .query_row((query, limits::COUNTED), |row| row.get(0).map(from_bits))?,
        false => keys.len() as u64,
    };
    Ok(Hits { keys, total, older })
}

/// The search in the language of FTS5, kept to one conversation if one is named. `None` when nothing can be found.
fn query_in(db: &Connection, text: &str, party: Option<&ConversationId>) -> Result<Option<String>> {
    let Some(query) = query(text) else { return Ok(None) };
    let Some(party) = party else { return Ok(Some(query)) };
    let conversation = batch::find(db, party)?;
    Ok(conversation.map(|c| format!("conversation : \"{}\" AND {query}", c.row)))
}

/// A search in the language of FTS5, in which quotes make any text a plain phrase. `None` when there is
/// nothing to look for.
fn query(text: &str) -> Option<String> {
    let text = searchable(text);
    let phrases: Vec<String> = text.split_whitespace().map(phrase).collect();
    (!phrases.is_empty()).then(|| format!("words : ({})", phrases.join(" ")))
}

/// A word as a phrase of FTS5, a star marking it as the beginning of one.
fn phrase(word: &str) -> String {
    let quoted = set_apart(word).replace('"', "\"\"");
    let star = if begins_words(word) { "*" } else { "" };
    format!("\"{quoted}\"{star}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;
    use crate::domain::{Body, GroupChange, GroupId, Message, Words};
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
        let found = f.wait(f.store.search(text, None, FindAt::Newest, 50)).unwrap();
        found.messages.iter().map(|m| u128::from_be_bytes(*m.id.as_bytes())).collect()
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
            f.wait(f.store.search(text, None, FindAt::Newest, 50))
                .unwrap_or_else(|e| panic!("{text:?}: {e}"));
        }
        assert_eq!(found(&f, "!!! pump ???"), [2, 1], "what is not a word does not count");
        assert_eq!(found(&f, "pump AND"), [] as [u128; 0]);
        assert_eq!(found(&f, "conversation:1"), [] as [u128; 0]);
        assert_eq!(found(&f, &format!("pump{}zzz", " ".repeat(256))), [2, 1]);
        found(&f, &"水".repeat(100_000));

        let mut runner = TestRunner::new(Config::with_cases(512));
        runner
            .run(&"[\"'*(){}:^+\\-\\PC\\x00 aAND]{0,40}", |text| {
                let answer = f.wait(f.store.search(&text, Some(direct("bob")), FindAt::Newest, 5));
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
        let search = |party: Option<ConversationId>, limit| {
            f.wait(f.store.search("pum", party, FindAt::Newest, limit)).unwrap().messages
        };
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
    fn what_is_found_is_read_in_pages_both_ways() {
        let f = Fixture::new();
        let all: Vec<_> = (0..1_203).map(|n| said(n, "bob", 5, "pump")).collect();
        f.receive(&all);
        for forward in [false, true] {
            let (mut at, mut read) =
                (if forward { FindAt::After(0) } else { FindAt::Newest }, Vec::new());
            loop {
                let page = f.wait(f.store.search("pump", None, at, 500)).unwrap();
                read.extend(page.messages);
                let Some(edge) = page.edge.filter(|_| page.more) else { break };
                at = if forward { FindAt::After(edge) } else { FindAt::Before(edge) };
            }
            if !forward {
                read.reverse();
            }
            assert_eq!(read, all, "forward: {forward}");
        }
    }

    #[test]
    fn hits_are_keys_in_pages_with_a_count_of_all() {
        let f = Fixture::new();
        let most = u128::from(limits::HITS);
        let all: Vec<_> = (0..most + 7).map(|n| said(n, "bob", 5, "pump 1")).collect();
        f.receive(&all);
        f.receive(&[said(most + 100, "ann", 5, "pump 1"), said(most + 101, "bob", 5, "valve")]);
        let hits = |text: &str, before| f.wait(f.store.hits(text, direct("bob"), before)).unwrap();
        let keys: Vec<_> = all.iter().map(Message::key).collect();
        let last = hits("pum", None);
        assert_eq!((last.total, &last.keys[..]), (keys.len() as u64, &keys[7..]));
        let first = hits("pum", last.older);
        assert_eq!((first.total, &first.keys[..], first.older), (keys.len() as u64, &keys[..7], None));
        assert_eq!(hits("valve", None).total, 1);
        assert_eq!(hits("nix", None), Hits::default());
        assert_eq!(f.wait(f.store.hits("pump", direct("eve"), None)).unwrap(), Hits::default());
    }

    #[test]
    fn what_is_found_can_be_marked() {
        let f = talk();
        let searches =
            ["pump", "水泵", "ンプ", "밸브", "น้ำ", "🎉", "cafe", "👍", "c++", "δελτα ПРИ", "don't", "3"];
        for text in searches {
            let found = f.wait(f.store.search(text, None, FindAt::Newest, 50)).unwrap().messages;
            assert!(!found.is_empty(), "{text}");
            for message in found {
                let Body::Text(said) = &message.body else { panic!() };
                assert!(!Words::new(text).places(said.as_str()).is_empty(), "{text}: {said}");
                assert!(Words::new(text).are_in(said.as_str()), "{text}: {said}");
            }
        }
    }

    #[test]
    fn the_index_and_the_words_that_are_marked_agree() {
        let f = Fixture::new();
        let case = std::cell::Cell::new(0u128);
        let mut runner = TestRunner::new(Config::with_cases(256));
        // Letters with and without accents and case, scripts without spaces, symbols, punctuation.
        let part = "[aAbéÉçõñüÜσςΣйЙ水泵ン밸1✓🎉.,:'+ -]{1,4}";
        let law = |(text, words): (String, String)| {
            case.set(case.get() + 1);
            let text = format!("x{text}");
            f.receive(&[said(case.get(), "bob", 5, &text)]);
            let found = f.wait(f.store.search(&words, None, FindAt::Newest, 1)).unwrap();
            let found =
                found.messages.first().is_some_and(|m| m.id == crate::store::testing::id(case.get()));
            prop_assert_eq!(found, Words::new(&words).are_in(&text), "{:?} in {:?}", words, text);
            Ok(())
        };
        let pair = proptest::collection::vec(part, 1..6).prop_flat_map(|parts| {
            let text = parts.join("");
            let len = parts.len();
            (Just(text), (0..len).prop_map(move |at| parts[at].clone()))
        });
        runner.run(&pair, law).unwrap();
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
