//! Writing with the keys of vi: one writes until one leaves off.

use cooee::engine::Command;
use cooee::tui::app::Keymap;

use crate::support::desk::*;

/// Alice, who chose those keys, with an empty chat open.
fn desk(size: (u16, u16)) -> Desk {
    let mut desk = Desk::among_people(size);
    desk.app.keymap = Keymap::with_own("preset = 'vim'").unwrap().0;
    desk.open("bob", &[]);
    desk
}

fn sent(desk: &mut Desk) -> Vec<String> {
    let said = |command| match command {
        Command::Send { text, .. } => Some(text.as_str().to_owned()),
        _ => None,
    };
    desk.commands().into_iter().filter_map(said).collect()
}

#[test]
fn one_writes_mends_what_one_wrote_and_sends_it() {
    let mut desk = desk((80, 24));
    desk.write("dd the pmup is back");
    assert!(desk.shows("dd the pmup is back"), "letters are text:\n{}", desk.screen());
    assert!(!desk.shows("normal mode"));
    desk.keys(&["esc"]);
    assert!(desk.shows("normal mode · i write"), "{}", desk.screen());
    // Two words forward, one away and another in its place; then the first word away.
    desk.write("0wwcwpump");
    assert!(!desk.shows("normal mode"), "it is written again");
    desk.keys(&["esc"]);
    desk.write("0dw");
    assert!(desk.shows("the pump is back") && !desk.shows("dd the"), "{}", desk.screen());
    desk.keys(&["enter"]);
    assert_eq!(sent(&mut desk), ["the pump is back"]);
    desk.write("and the valve");
    assert!(desk.shows("and the valve"), "sending leads back to writing:\n{}", desk.screen());
}

#[test]
fn what_is_no_command_does_nothing_and_what_is_common_goes_on() {
    let mut desk = desk((40, 12));
    desk.write("one two");
    desk.keys(&["esc"]);
    desk.write("zqé&d;2:x");
    assert!(desk.shows("one tw") && !desk.shows("one two"), "{}", desk.screen());
    desk.write("u");
    assert!(desk.shows("one two"), "{}", desk.screen());
    // Another box has the keyboard, and letters are text there.
    desk.keys(&["ctrl-k"]);
    desk.write("dd");
    assert!(desk.shows("dd"), "{}", desk.screen());
    desk.keys(&["esc"]);
    assert!(desk.shows("normal mode") && desk.shows("one two"), "{}", desk.screen());
    // A paste is text wherever it comes.
    desk.write("0");
    desk.paste("dd");
    assert!(desk.shows("ddone two"), "{}", desk.screen());
    // What was deleted in one chat can be put back in another, where one writes at first.
    desk.write("dd");
    assert!(!desk.shows("one two"), "{}", desk.screen());
    desk.keys(&["ctrl-k"]);
    desk.write("carol");
    desk.keys(&["enter"]);
    assert!(!desk.shows("normal mode"), "{}", desk.screen());
    desk.write("p");
    desk.keys(&["esc"]);
    desk.write("p");
    assert!(desk.shows("ddone two"), "{}", desk.screen());
    desk.write("/");
    assert!(!desk.shows("normal mode"), "what finds has the keyboard:\n{}", desk.screen());
    desk.keys(&["esc"]);
    assert!(desk.shows("normal mode"), "{}", desk.screen());
}
