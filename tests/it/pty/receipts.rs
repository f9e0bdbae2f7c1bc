//! What becomes of a message, as its writer sees it.

use super::*;

/// Up, on an empty line.
const UP: &str = "\x1b[A";

#[test]
fn a_message_is_followed_until_it_is_read() {
    let world = World::built_in();
    sign_up(&world, "bob");
    let mut alice = at_terminal(&world, "alice");
    alice.press(&format!("/msg bob{ENTER}"));
    alice.until_says(&[" bob ○ "]);
    alice.press("are you there?\r");
    alice.until_says(&["are you there?", "✓"]);
    alice.press(UP);
    alice.until_says(&["▸"]);
    alice.press("i");
    alice.until_says(&["Sent: the broker has it.", "It waits for bob, who is not online"]);

    // Bob is there, and looks elsewhere: his Cooee has it.
    let mut bob = sign_in(Launch::new(world.data_dir()), "bob");
    alice.until_says(&["delivered"]);
    alice.until("nothing is waited for", |screen| !screen.contents().contains("It waits for"));
    assert!(!alice.contents().contains("Read:"), "{}", alice.contents());
    open_chat(&mut bob, "alice");
    alice.until_says(&["Read: it was on their screen.", "✓✓ read"]);
    bob.quit();
    alice.press("\x1b");
    alice.until("the box is gone", |screen| !screen.contents().contains("Read:"));
    alice.quit();
}
