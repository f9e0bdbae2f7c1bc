//! A passphrase on the screen and at a prompt.

use rustix::process::Signal;

use super::*;
use crate::support::terminal::{CTRL_C, CTRL_Q, CTRL_U};

/// Waits until the prompt stands there, and the terminal echoes nothing.
fn until_asked(terminal: &Terminal, prompt: &str) {
    terminal.until(prompt, |screen| screen.contents().trim_end().ends_with(prompt.trim_end()));
    terminal.until_modes("nothing is echoed", |before, now| before != now);
}

fn command(world: &World, arguments: &[&str]) -> Terminal {
    Launch::new(world.data_dir()).arguments(arguments).start()
}

#[test]
fn one_signs_up_with_a_passphrase_quits_and_needs_it_again() {
    let world = World::built_in();
    let mut alice = Launch::new(world.data_dir()).start();
    alice.until_says(&["Sign up", "User name:"]);
    alice.press("alice\r");
    alice.until_says(&["what others see"]);
    alice.press("\r");
    alice.until_says(&["everybody on this broker can see it"]);
    alice.press("\r");
    alice.until_says(&["Left and Right choose"]);
    alice.press("\r");
    alice.until_says(&["Nobody can recover a forgotten one"]);
    alice.press("\r");
    alice.until_says(&["type one, or choose the keyring or nothing above"]);
    alice.press("correct horse\r");
    alice.until_says(&["Passphrase: *************", "the same passphrase"]);
    alice.press("correct house\r");
    alice.until_says(&["the two passphrases differ"]);
    alice.press(CTRL_U);
    alice.press("correct horse\r");
    alice.until_says(&["alice ●", "connected"]);
    let shown = String::from_utf8_lossy(&alice.raw()).contains("horse");
    assert!(!shown, "it was never on the screen");
    alice.quit();

    let mut alice = Launch::new(world.data_dir()).start();
    alice.until_says(&["Sign in", "▸ alice"]);
    alice.press(ENTER);
    alice.until_says(&["Sign in as alice", "Passphrase:"]);
    alice.press("correct house\r");
    alice.until_says(&["wrong passphrase for `alice`"]);
    alice.press("correct horse\r");
    alice.until_says(&["alice ●", "connected"]);
    alice.quit();

    // Named at the start, it is asked for at once; the environment may say it instead.
    let mut asked = Launch::new(world.data_dir()).user("alice").start();
    asked.until_says(&["Sign in as alice", "Passphrase:"]);
    asked.press(CTRL_Q);
    assert!(asked.until_ended().success());
    let told = Launch::new(world.data_dir()).env("COOEE_PASSPHRASE", "correct horse");
    sign_in(told, "alice").quit();
}

#[test]
fn a_prompt_echoes_nothing_and_warns_before_a_passphrase_is_chosen() {
    let world = World::built_in();
    let mut alice = command(&world, &["sign-up", "alice"]);
    until_asked(&alice, "New passphrase of alice: ");
    alice.until_says(&["Nobody can recover a forgotten passphrase"]);
    alice.press("\r");
    alice.until_says(&["a passphrase cannot be empty; --no-passphrase leaves the account unprotected"]);
    alice.press("hush\r");
    until_asked(&alice, "The same again: ");
    alice.press("hash\r");
    alice.until_says(&["They differ."]);
    until_asked(&alice, "New passphrase of alice: ");
    alice.press("hush\r");
    until_asked(&alice, "The same again: ");
    alice.press("hush\r");
    alice.until_says(&[
        "cooee: that passphrase is short: whoever gets the files can guess it",
        "Signed up as alice.",
    ]);
    assert!(alice.until_ended().success());
    assert!(!String::from_utf8_lossy(&alice.raw()).contains("hush"), "{}", alice.contents());

    let mut who = command(&world, &["who"]);
    until_asked(&who, "Passphrase of alice: ");
    who.press("hash\r");
    until_asked(&who, "Wrong passphrase. Passphrase of alice: ");
    who.press("hush\r");
    who.until_says(&["alice  online (you)"]);
    assert!(who.until_ended().success() && who.is_cooked());
}

#[test]
fn three_wrong_ones_are_enough_and_an_interrupted_prompt_leaves_a_good_terminal() {
    let world = World::built_in();
    run(&world, "COOEE_PASSPHRASE=hush cooee sign-up alice");
    let mut wrong = command(&world, &["who"]);
    for prompt in ["Passphrase of alice: ", "Wrong passphrase. Pass", "Wrong passphrase. Pass"] {
        wrong.until_says(&[prompt]);
        until_asked(&wrong, "Passphrase of alice: ");
        wrong.press("hash\r");
    }
    assert_eq!(wrong.until_ended().exit_code(), 3);
    assert!(wrong.contents().contains("cooee: wrong passphrase for `alice`"), "{}", wrong.contents());

    for arguments in [&["who"][..], &["account", "passphrase"], &["sign-up", "bob"]] {
        for is_key in [true, false] {
            let mut asked = command(&world, arguments);
            asked.until_says(&["assphrase of "]);
            asked.until_modes("nothing is echoed", |before, now| before != now);
            match is_key {
                true => asked.press(CTRL_C),
                false => asked.signal(Signal::TERM),
            }
            assert_eq!(asked.until_ended().exit_code(), 130, "{arguments:?}: {}", asked.contents());
            assert!(asked.is_cooked(), "{is_key} {arguments:?}");
        }
    }
}
