//! What the first screen refuses, and where it says so.

use super::*;
use crate::support::terminal::{CTRL_U, LEFT};

/// Waits until a complaint stands right under the field with this label, which has the cursor.
fn until_complaint(terminal: &Terminal, label: &str, complaint: &str) {
    terminal.until(complaint, |screen| {
        let rows: Vec<String> = screen.rows(0, u16::MAX).collect();
        let Some(field) = rows.iter().position(|row| row.contains(label)) else { return false };
        rows[field + 1].contains(complaint) && usize::from(screen.cursor_position().0) == field
    });
}

#[test]
fn what_is_wrong_is_said_at_its_field() {
    let world = World::built_in();
    sign_up(&world, "alice");
    // Another machine, as it were: a data directory of its own on the same broker.
    let elsewhere = tempfile::tempdir().unwrap();
    let broker = format!("mqtt://127.0.0.1:{}", port(&world));
    let mut stranger = Launch::new(elsewhere.path()).env("COOEE_BROKER", &broker).start();
    stranger.until_says(&["Sign up", &broker]);
    stranger.press("al ice\r");
    until_complaint(&stranger, "User name: al ice", "` ` cannot stand in a user name");
    stranger.press(CTRL_U);
    stranger.press("alice\r");
    stranger.until_says(&["what others see"]);
    stranger.press("\r");
    stranger.until_says(&["everybody on this broker can see it"]);
    stranger.press("call me\r");
    until_complaint(&stranger, "Mobile number: call me", "not a mobile number");
    stranger.press(CTRL_U);
    stranger.press("\r");
    // Not a broker of their own: it may want an invite.
    stranger.until_says(&["Invite:", "the line from whoever runs this broker"]);
    stranger.press("let me in\r");
    until_complaint(
        &stranger,
        "Invite: let me in",
        "an invite is the line that `cooee broker invite` prints",
    );
    stranger.press(CTRL_U);
    stranger.press("\r");
    stranger.until_says(&["Left and Right choose"]);
    stranger.press(LEFT);
    stranger.until_says(&["< nothing >"]);
    stranger.press(ENTER);
    until_complaint(&stranger, "User name: alice", "the name `alice` is taken on this broker");
    // Nothing is left behind, and another name goes through.
    stranger.press("2\r\r\r\r\r");
    stranger.until_says(&["alice2 ●", "connected", "alice"]);
}

#[test]
fn a_second_start_says_which_process_holds_the_account() {
    let world = World::built_in();
    let alice = at_terminal(&world, "alice");
    let process = format!("(process {})", alice.pid().as_raw_nonzero());
    let second = Launch::new(world.data_dir()).user("alice").start();
    second.until_says(&["`alice` is signed in already", &process]);
    // The first one is not disturbed.
    alice.until_says(&["alice ●", "connected"]);
}
