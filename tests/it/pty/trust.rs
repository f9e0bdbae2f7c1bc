//! Two people make sure of each other's keys; one of them has another key one day.

use super::*;
use crate::support::vandal::lose_name;

/// Alt+V and Alt+T.
const COMPARE: &str = "\x1bv";
const ACCEPT: &str = "\x1bt";

#[test]
fn two_compare_emoji_and_are_verified() {
    let world = World::built_in();
    let (mut alice, mut bob) = alice_and_bob(&world);
    alice.until_says(&["bob ● online · not verified"]);
    alice.press(COMPARE);
    alice.until_says(&["v marks it verified"]);
    alice.press("e");
    // It says so where he writes, and takes nothing that he types for an answer.
    bob.until_says(&["alice and you compare emoji"]);
    bob.press("y");
    bob.until_says(&["› y"]);
    bob.press("\x7f");
    bob.press(COMPARE);
    for terminal in [&alice, &bob] {
        terminal.until_says(&["see the same seven", "1 ", "7 "]);
    }
    bob.press("y");
    bob.until_says(&["alice has to say so"]);
    alice.press("y");
    for terminal in [&mut alice, &mut bob] {
        terminal.until_says(&["saw the same."]);
        terminal.press("\x1b");
    }
    alice.until_says(&["bob ● online · verified"]);
    bob.until_says(&["alice ● online · verified"]);
}

#[test]
fn a_key_that_changed_stops_a_person_until_they_accept_it() {
    let world = World::built_in();
    let (mut alice, bob) = alice_and_bob(&world);
    alice.press("hello\r");
    bob.until_says(&["alice  "]);
    alice.until_says(&["✓✓"]);
    bob.quit();
    alice.until_says(&["bob ○"]);
    // The broker loses his name, and somebody takes it on another machine.
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        lose_name(&world, "bob").await;
    });
    let broker = port(&world);
    run(&world, &format!("cooee -d elsewhere -b mqtt://127.0.0.1:{broker} sign-up --no-passphrase bob"));
    alice.until_says(&[
        "KEY CHANGED: another key stands for bob.",
        "another key stands for bob since then",
    ]);
    alice.press("the code is 1234\r");
    alice.until_says(&["not sent: KEY CHANGED", "› the code is 1234"]);
    alice.press(ACCEPT);
    alice.until_says(&["Accept the new key?"]);
    alice.press("y");
    alice.until_says(&["bob ○", "not verified", "you accepted another key of bob"]);
    alice.press("\r");
    alice.until("it is sent", |screen| !screen.contents().contains("› the code"));
    alice.until_says(&["the code is 1234"]);
}
