//! Finding what was said long ago, and a chat that is to be unread again.

use super::*;

const CTRL_F: &str = "\x06";
const ALT_SLASH: &str = "\x1b/";
const ALT_SHIFT_U: &str = "\x1bU";
const ESC: &str = "\x1b";
const UP: &str = "\x1b[A";

#[test]
fn what_was_said_long_ago_is_found_here_and_everywhere() {
    let world = World::built_in();
    sign_up(&world, "bob");
    let mut alice = at_terminal(&world, "alice");
    alice.press("/room lobby\r");
    alice.until_says(&["+lobby · not encrypted"]);
    run(&world, "cooee -u bob send +lobby a PUMP in the open");
    alice.until_says(&["a PUMP in the open"]);
    let lines = "seq -f 'line %g' 600 | sed 's/00$/& pümp/'";
    run(&world, &format!("{lines} | cooee -u bob send alice - --lines"));
    alice.press("/msg bob\r");
    alice.until_says(&["line 600 pümp"]);
    alice.press(CTRL_F);
    alice.until_says(&["Find:", "older hit"]);
    alice.press("pump");
    alice.until_says(&["1 of 6"]);
    for at in 2..=6 {
        alice.press(ENTER);
        alice.until_says(&[&format!("{at} of 6"), &format!("line {} pümp", 700 - at * 100)]);
    }
    alice.until_says(&["line 99 ", "line 101 "]);
    alice.press(ESC);
    alice.until_says(&["line 600 pümp", "Write to bob"]);

    alice.press("/find pump\r");
    alice.until_says(&["Find in all chats", "+lobby · ~bob", "a PUMP in the open", "line 600 pümp"]);
    for _ in 0..6 {
        alice.press("\x1b[B");
    }
    alice.press(ENTER);
    alice.until_says(&["+lobby · not encrypted", "a PUMP in the open", "1 of 1"]);
    alice.press(ALT_SLASH);
    alice.until_says(&["line 600 pümp", "Write to bob"]);
    alice.press("/date yesterday\r");
    alice.until_says(&["nothing on", "line 1 "]);

    alice.press(ALT_SHIFT_U);
    alice.until_says(&["bob shows as unread"]);
    alice.until("it is counted", |screen| counts_unread(screen, "bob", 1));
    alice.press(ALT_SLASH);
    alice.until_says(&["+lobby · not encrypted"]);
    alice.quit();
    let mut alice = sign_in(Launch::new(world.data_dir()), "alice");
    alice.until("it is kept", |screen| counts_unread(screen, "bob", 1));
    alice.press("\x1ba");
    alice.until_says(&["1 unread", "line 600 pümp"]);
    alice.until("it is read", |screen| !counts_unread(screen, "bob", 1));
    alice.press(UP);
    alice.until_says(&["info"]);
    alice.quit();
}
