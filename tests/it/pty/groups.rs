//! A group, from the card to the goodbye.

use super::*;
use crate::support::terminal::{CTRL_G, F4};

#[test]
fn a_group_is_made_joined_talked_in_and_left() {
    let world = World::built_in();
    let mut alice = at_terminal(&world, "alice");
    let mut bob = at_terminal(&world, "bob");
    alice.press(CTRL_G);
    alice.until_says(&["New group", "Name:"]);
    alice.press("team\r");
    alice.until_says(&["#team · 1 member, 1 online", "You made the group"]);

    bob.until_says(&["? team", "join"]);
    bob.press(F4);
    bob.press(ENTER);
    bob.until_says(&["You are not in this group", "made by alice", "● alice  online, owner"]);
    bob.press(ENTER);
    bob.until_says(&["#team · 2 members, 2 online", "You joined"]);
    alice.until_says(&["#team · 2 members, 2 online", "bob joined"]);

    bob.press("hello team\r");
    alice.until_says(&["hello team"]);
    alice.press("welcome aboard\r");
    bob.until("both", |screen| once_in_order(&screen.contents(), &["hello team", "welcome aboard"]));

    // The same name again: the one that exists is offered.
    bob.press(CTRL_G);
    bob.until_says(&["New group"]);
    bob.press("team\r");
    bob.until_says(&["#team exists"]);
    bob.press(ENTER);
    bob.until("the form is gone", |screen| !screen.contents().contains("New group"));

    bob.press("/leave\r");
    bob.until_says(&["Leave #team?"]);
    bob.press("y");
    bob.until_says(&["#team · you are out", "You left"]);
    alice.until_says(&["bob left", "#team · 1 member"]);
    alice.press("among ourselves\r");
    alice.until_says(&["among ourselves"]);
    alice.press("/msg bob after that\r");
    bob.until("the word after it", |screen| counts_unread(screen, "● alice", 1));
    assert!(!bob.contents().contains("among ourselves"), "{}", bob.contents());
    let history = run(&world, "cooee -u bob history '#team' --json");
    assert!(history.contains("welcome aboard") && !history.contains("among ourselves"), "{history}");
}

#[test]
fn who_comes_by_a_link_is_led_into_the_group() {
    let world = World::built_in();
    let mut alice = at_terminal(&world, "alice");
    let mut bob = at_terminal(&world, "bob");
    alice.until_says(&["bob"]);
    bob.until_says(&["alice"]);
    alice.press("/create pumps invite\r");
    alice.until_says(&["#pumps · 1 member, 1 online"]);
    let link = run(&world, "cooee -u alice group link pumps");
    bob.press(&format!("/join {}\r", link.trim()));
    bob.until_says(&["#pumps · 2 members, 2 online", "you are in #pumps now"]);
    bob.press("here I am\r");
    alice.until_says(&["here I am"]);
}
