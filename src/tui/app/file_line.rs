//! What stands below a message that carries a file: what that is, and how far it has come.

use super::glyphs::Glyphs;
use super::world::World;
use crate::domain::{Attachment, Body, ConversationId, Message, UserName, size_in_words};
use crate::engine::FileState;

/// Cells of a bar that shows progress.
const BAR: u64 = 10;

/// Most people who are named as having a file.
const NAMED: usize = 3;

/// The words, and whether they tell that something is wrong.
pub fn file_line(message: &Message, file: &Attachment, world: &World, glyphs: Glyphs) -> (String, bool) {
    let Attachment { name, size, .. } = file;
    let is_said = matches!(&message.body, Body::Text(text) if text.as_str() == name.as_str());
    let what = format!("{}, {}", name.kind().words(), size_in_words(*size));
    let what = match is_said {
        true => format!("[{what}]"),
        false => format!("[{name}, {what}]"),
    };
    let state = world.file(message.id);
    let words = match state {
        FileState::Offered if message.is_ours() => {
            "sent from another device of yours; /save fetches it".to_owned()
        }
        FileState::Offered => "not fetched; /save does".to_owned(),
        FileState::Fetching { have } => {
            let away = world.person(&message.sender).filter(|person| !person.availability.is_online());
            let waits = away.filter(|_| !message.is_ours());
            let waits = waits.map(|person| format!(", waits for {}", world.name(&person.user)));
            format!("fetching {}{}", progress(*have, *size, glyphs), waits.unwrap_or_default())
        }
        FileState::Unanswered { have } => {
            let who = match message.is_ours() {
                true => "no other device of yours answers".to_owned(),
                false => format!("{} does not answer", world.name(&message.sender)),
            };
            format!("fetching {}, {who}", progress(*have, *size, glyphs))
        }
        FileState::Paused { have, why } => {
            let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            format!("rests at {}{why}", progress(*have, *size, glyphs))
        }
        FileState::Checking => "all of it came; being checked".to_owned(),
        FileState::Saving => "here; being saved".to_owned(),
        FileState::Here => "here; /save saves it".to_owned(),
        FileState::Saved { path } => format!("saved as {path}"),
        FileState::Failed { why } => format!("failed: {why}"),
        FileState::Shared { takers } => {
            let name = |user: &UserName| world.name(user).into_owned();
            let has = |(user, have): (&UserName, &u64)| match have == size {
                true => format!("{} has it", name(user)),
                false => format!("{} {}", name(user), progress(*have, *size, glyphs)),
            };
            match (&message.conversation, takers.len()) {
                (ConversationId::Direct(user), 0) => format!("{} has not fetched it", name(user)),
                (_, 0) => "nobody has fetched it".to_owned(),
                (_, 1..=NAMED) => takers.iter().map(has).collect::<Vec<_>>().join(", "),
                (_, _) => {
                    let through = takers.values().filter(|have| *have == size).count();
                    format!("{through} have it, {} fetch it", takers.len() - through)
                }
            }
        }
        FileState::NotKept => "not kept any more: nobody can fetch it".to_owned(),
    };
    (format!("{what} {words}"), matches!(state, FileState::Failed { .. }))
}

/// How much of a file is there: a bar, and in figures.
fn progress(have: u64, size: u64, glyphs: Glyphs) -> String {
    let (full, empty) = match glyphs {
        Glyphs::Unicode => ("█", "░"),
        Glyphs::Ascii => ("#", "."),
    };
    let of = |parts: u64| have.min(size).saturating_mul(parts).checked_div(size).unwrap_or(parts);
    let (cells, percent) = (of(BAR), of(100));
    let bar: String = (0..BAR).map(|cell| if cell < cells { full } else { empty }).collect();
    format!("{bar} {percent} %, {}", size_in_words(have.min(size)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_in_figures_too() {
        let said = |have, size| progress(have, size, Glyphs::Ascii);
        assert_eq!(said(0, 5_000_000), ".......... 0 %, 0 B");
        assert_eq!(said(2_600_000, 5_000_000), "#####..... 52 %, 2.6 MB");
        assert_eq!(said(4_999_999, 5_000_000), "#########. 99 %, 4.9 MB");
        assert_eq!(said(9, 5), "########## 100 %, 5 B");
        assert_eq!(said(0, 0), "########## 100 %, 0 B");
    }
}
