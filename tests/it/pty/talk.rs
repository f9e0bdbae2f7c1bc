//! Two people talk.

use super::*;
use crate::support::terminal::{ALT_A, F2, LEFT};

#[test]
fn two_sign_up_on_the_first_screen_and_talk() {
    let world = World::built_in();
    let mut alice = Launch::new(world.data_dir()).start();
    alice.until_says(&["Sign up", "User name:"]);
    alice.press("alice\r");
    alice.until_says(&["what others see"]);
    alice.press("Alice Ä\r");
    alice.until_says(&["everybody on this broker can see it"]);
    alice.press(ENTER);
    alice.until_says(&["Protected by:", "Left and Right choose"]);
    alice.press(LEFT);
    alice.until_says(&["< nothing >", "Whoever can read your files can read everything in them"]);
    alice.press(ENTER);
    alice.until_says(&["alice ●", "connected", "Nobody else is here yet"]);

    let mut bob = Launch::new(world.data_dir()).start();
    bob.until_says(&["Sign in", "alice", "Sign up as somebody new"]);
    bob.press("\x1b[B");
    bob.press(ENTER);
    bob.until_says(&["User name:"]);
    bob.press("bob\r");
    bob.until_says(&["what others see"]);
    bob.press(ENTER);
    bob.until_says(&["everybody on this broker can see it"]);
    bob.press("+61 400 000 000\r");
    bob.until_says(&["Left and Right choose"]);
    bob.press(LEFT);
    bob.until_says(&["< nothing >"]);
    bob.press(ENTER);
    bob.until_says(&["bob ●", "connected", "● Alice Ä"]);

    alice.until_says(&["● bob", "Online 1"]);
    alice.press(F2);
    alice.press(ENTER);
    alice.until_says(&["bob ● online", "+61 400 000 000", "No messages yet"]);
    bob.press("/msg alice\r");
    bob.until_says(&["Alice Ä ● online"]);

    bob.press("the pump is back 漢字");
    alice.until_says(&["bob is typing…"]);
    bob.press(ENTER);
    alice.until("the message", |screen| {
        let contents = screen.contents();
        contents.contains("the pump is back 漢字") && !contents.contains("is typing")
    });
    let row = bob.row_of("the pump is back 漢字").expect("our own words");
    bob.until("the tick", |screen| screen.rows(0, 80).nth(row).is_some_and(|row| row.contains('✓')));

    alice.press("on my way\r");
    bob.until_says(&["on my way"]);
    alice.until("both", |screen| once_in_order(&screen.contents(), &["the pump is back", "on my way"]));
    bob.quit();
    alice.until_says(&["bob ○", "○ bob", "Online 0"]);
    alice.quit();
}

#[test]
fn unread_is_counted_marked_and_there_after_a_restart() {
    let world = World::built_in();
    let mut alice = at_terminal(&world, "alice");
    let mut bob = at_terminal(&world, "bob");
    bob.until_says(&["● alice"]);
    open_chat(&mut bob, "alice");
    for word in ["first", "second", "third"] {
        bob.press(&format!("{word}\r"));
        bob.until_says(&[word, "Write to alice"]);
    }
    let counted = |terminal: &Terminal, count: usize| {
        terminal.until(&format!("{count} unread"), |screen| counts_unread(screen, "● bob", count));
    };
    counted(&alice, 3);
    alice.press(ALT_A);
    let in_order = ["── 3 unread ──", "first", "second", "third"];
    alice.until("what is unread", |screen| once_in_order(&screen.contents(), &in_order));
    alice.until("nothing is counted", |screen| !counts_unread(screen, "● bob", 3));
    alice.quit();

    bob.until_says(&["alice ○"]);
    bob.press("while you were away\r");
    bob.until_says(&["while you were away", "✓"]);
    let mut alice = sign_in(Launch::new(world.data_dir()), "alice");
    counted(&alice, 1);
    alice.press(ALT_A);
    let in_order = ["first", "second", "third", "── 1 unread ──", "while you were away"];
    alice.until("history, and what is new", |screen| once_in_order(&screen.contents(), &in_order));
}
