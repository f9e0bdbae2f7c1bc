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
    let insert = "INSERT INTO message_search (rowid, conversation, words) VALUES (?1, ?2, ?3)";
    let words = set_apart(text.as_str());
    db.prepare_cached(insert)?.execute((arrival, conversation.to_string(), words))?;
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
        "FROM message_search s
        JOIN message m ON m.arrival = s.rowid
        JOIN conversation c ON c.id = m.conversation
        WHERE s.message_search MATCH ?1
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

/// A word as a phrase of FTS5. A single letter begins too many words to be looked for as a beginning.
fn phrase(word: &str) -> String {
    let quoted = set_apart(word).replace('"', "\"\"");
    let star = if word.chars().nth(1).is_some() { "*" } else { "" };
    format!("\"{quoted}\"{star}")
}
