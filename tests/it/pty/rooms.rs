//! An open room, beside a chat that is not one.

use super::*;

#[test]
fn a_room_is_joined_spoken_in_and_left() {
    let world = World::built_in();
    sign_up(&world, "bob");
    let mut alice = at_terminal(&world, "alice");
    alice.press("/room lobby\r");
    alice.until_says(&["+lobby · not encrypted", "names are not verified", "Write in the open"]);
    // The shell needs no quotes for it.
    run(&world, "cooee -u bob send +lobby the pump is back");
    alice.until_says(&["~bob", "the pump is back"]);
    alice.press("which one?\r");
    alice.until("the broker has it", |screen| {
        screen.rows(0, 80).any(|row| row.contains("which one?") && row.contains('✓'))
    });
    alice.press("/msg bob between us\r");
    alice.until_says(&["bob", "not verified", "between us"]);
    assert!(!alice.contents().contains("not encrypted"), "{}", alice.contents());
    run(&world, "seq 3 | cooee -u bob send +lobby - --lines");
    alice.until("it is counted", |screen| counts_unread(screen, "+ lobby", 3));
    alice.press("/room lobby\r");
    alice.until_says(&["3 unread"]);
    alice.press("/leave\r");
    alice.until_says(&["+lobby · you left", "/room lobby goes back"]);
}
