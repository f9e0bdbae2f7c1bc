//! What a person does with the chosen message, from key to effect.

use cooee::domain::*;
use cooee::engine::{Command, Update};
use cooee::tui::app::Effect;

use crate::support::desk::*;

const SIZE: (u16, u16) = (80, 24);

/// A chat with two messages: one of bob's, and below it one of ours.
fn chat(theirs: &str, ours: &str) -> (Desk, Message, Message) {
    let mut desk = Desk::among_people(SIZE);
    let bob = direct("bob");
    let theirs = message(&bob, "bob", NOW, theirs);
    let delivery = Some(Delivery::Read);
    let ours = Message { delivery, ..message(&bob, "alice", NOW + MINUTE, ours) };
    desk.open("bob", &[theirs.clone(), ours.clone()]);
    desk.commands();
    (desk, theirs, ours)
}

/// What was asked to be done with which message since.
fn altered(desk: &mut Desk) -> Vec<(MessageId, Alteration)> {
    let altered = |command| match command {
        Command::Alter { message, change, .. } => Some((message, change)),
        _ => None,
    };
    desk.commands().into_iter().filter_map(altered).collect()
}

fn edit(text: &str) -> Alteration {
    Alteration::Edit(MessageText::new(text).unwrap())
}

#[test]
fn an_answer_names_what_it_answers() {
    let (mut desk, theirs, _) = chat("the pump", "yes");
    desk.write("half a thought");
    desk.keys(&["f6", "k", "r"]);
    assert!(desk.shows("replying to Bob: the pump"));
    desk.write(", and more");
    desk.keys(&["enter"]);
    let sent: Vec<_> = desk.commands();
    let answer = sent.iter().find_map(|command| match command {
        Command::Send { text, reply, forwarded, .. } => Some((text.as_str(), *reply, *forwarded)),
        _ => None,
    });
    assert_eq!(answer, Some(("half a thought, and more", Some(theirs.id), false)));
    desk.write("next");
    desk.keys(&["enter"]);
    let next = |command: &Command| matches!(command, Command::Send { reply: None, .. });
    assert!(desk.commands().iter().any(next), "it was for one message");
}

#[test]
fn an_edit_takes_the_place_of_the_draft_for_a_while() {
    let (mut desk, theirs, ours) = chat("the pump", "yes");
    desk.write("a draft");
    desk.keys(&["f6", "e"]);
    assert!(desk.shows("› yes") && desk.shows("changing: yes"));
    desk.keys(&["esc"]);
    assert!(desk.shows("› a draft"), "given up");
    desk.keys(&["f6", "e"]);
    desk.write(", all of it");
    desk.keys(&["enter"]);
    assert_eq!(altered(&mut desk), [(ours.id, edit("yes, all of it"))]);
    assert!(desk.shows("› a draft"), "done");
    desk.keys(&["f6", "e", "enter"]);
    assert_eq!(altered(&mut desk), [], "nothing was changed");
    desk.keys(&["f6", "k", "e"]);
    assert!(desk.shows("only who wrote a message may change it"));
    desk.keys(&["shift-d"]);
    assert_eq!((altered(&mut desk), theirs.is_ours()), (vec![], false));
}

#[test]
fn a_message_that_begins_with_a_slash_is_edited_and_not_obeyed() {
    let (mut desk, _, ours) = chat("x", "/quit is a command");
    desk.keys(&["up", "e"]);
    assert!(desk.shows("› //quit is a command"));
    desk.write("!");
    desk.keys(&["enter"]);
    assert_eq!(altered(&mut desk), [(ours.id, edit("/quit is a command!"))]);
}

#[test]
fn signs_are_picked_changed_and_taken_back() {
    let (mut desk, mut theirs, _) = chat("the pump", "yes");
    let sign = |sign: &str| Alteration::React(Some(Reaction::new(sign).unwrap()));
    desk.keys(&["up", "k", "+", "1"]);
    assert_eq!(altered(&mut desk), [(theirs.id, sign("👍"))]);
    theirs.marks.reactions.insert(user("alice"), Reaction::new("👍").unwrap());
    desk.update(Update::Altered(vec![theirs.clone()]));
    assert!(desk.shows("👍 you"));
    desk.keys(&["+"]);
    assert!(desk.shows("0 takes 👍 back"));
    desk.write("🎉");
    desk.keys(&["enter"]);
    assert_eq!(altered(&mut desk), [(theirs.id, sign("🎉"))]);
    desk.keys(&["+", "1"]);
    assert_eq!(altered(&mut desk), [(theirs.id, Alteration::React(None))], "the same again");
    desk.keys(&["+"]);
    desk.write("no");
    desk.keys(&["enter"]);
    assert!(desk.shows("a sign is one character"));
    assert_eq!(altered(&mut desk), []);
}

#[test]
fn what_is_deleted_is_asked_about() {
    let (mut desk, theirs, ours) = chat("the pump", "yes");
    desk.keys(&["up", "shift-d", "n"]);
    assert_eq!(altered(&mut desk), []);
    // Whoever believes to be writing may write any letter.
    desk.keys(&["shift-d", "y"]);
    assert_eq!(altered(&mut desk), []);
    desk.keys(&["shift-d", "enter"]);
    assert_eq!(altered(&mut desk), [(ours.id, Alteration::Delete)]);
    desk.keys(&["k", "d"]);
    assert!(desk.shows("for yourself?"), "{}", desk.screen());
    desk.keys(&["enter"]);
    assert!(desk.commands().contains(&Command::Hide(theirs.id)));
    desk.update(Update::Hidden { conversation: direct("bob"), id: theirs.id });
    assert!(!desk.shows("the pump") && desk.shows("yes"));
}

#[test]
fn a_message_is_copied_starred_pinned_and_passed_on() {
    let (mut desk, theirs, _) = chat("*the* pump", "yes");
    desk.keys(&["up", "k"]);
    desk.effects();
    desk.keys(&["y"]);
    assert!(desk.effects().contains(&Effect::Copy("*the* pump".to_owned())), "with its signs");
    desk.keys(&["s"]);
    let starred = Command::Star { message: theirs.id, starred: true };
    assert!(desk.commands().contains(&starred));
    desk.keys(&["p"]);
    assert_eq!(altered(&mut desk), [(theirs.id, Alteration::Pin(true))]);
    desk.keys(&["f"]);
    assert!(desk.shows("Forward to"));
    desk.write("carol");
    desk.keys(&["enter"]);
    let sent = desk.commands().into_iter().find_map(|command| match command {
        Command::Send { to, text, forwarded, reply, .. } => {
            Some((to, text.to_string(), forwarded, reply))
        }
        _ => None,
    });
    assert_eq!(sent, Some((direct("carol"), "*the* pump".to_owned(), true, None)));
    assert!(desk.shows("Write to Carol"));
}

#[test]
fn one_goes_from_an_answer_to_what_it_answers() {
    let mut desk = Desk::among_people(SIZE);
    let bob = direct("bob");
    let first = message(&bob, "bob", NOW, "the very first");
    let quote = Quote::of(user("bob"), first.sent_at, &first.body);
    let mut all = vec![first.clone()];
    all.extend((1..60).map(|n| message(&bob, "bob", NOW + n, &format!("n{n}."))));
    let reply = Some(Reply { to: first.id, quote: Some(quote) });
    all.push(Message { reply, ..message(&bob, "bob", NOW + 60, "an answer") });
    desk.open("bob", &all);
    assert!(!desk.shows("│ Bob  10:44  the very first"));
    desk.keys(&["up", "o"]);
    assert!(desk.shows("▸Bob  10:44  the very first"), "{}", desk.screen());
    desk.keys(&["o"]);
    assert!(desk.shows("that message answers none"));
}

#[test]
fn what_has_changed_is_to_be_seen_again() {
    let (mut desk, theirs, _) = chat("the pump", "yes");
    desk.seen();
    let mut changed = Message { body: Body::Text(MessageText::new("the valve").unwrap()), ..theirs };
    (changed.unseen, changed.marks.edit) = (true, Some(MessageId::from_bytes([9; 16])));
    desk.update(Update::Altered(vec![changed.clone()]));
    assert!(desk.shows("the valve") && desk.shows("edited"));
    assert_eq!(desk.seen(), [changed.letter()], "told by the letter that changed it");
}
