//! Paths that are completed as they are written, the help page in a small window, and other ways to be shown where to
//! go on.

use cooee::engine::Command;
use cooee::tui::app::{Effect, Event, PathName};

use crate::support::desk::*;

fn name(text: &str, detail: &str) -> PathName {
    let label = text.trim_end_matches('/').rsplit('/').next().unwrap();
    let is_directory = text.ends_with('/');
    PathName {
        word: text.to_owned(),
        text: text.to_owned(),
        label: format!("{label}{}", if is_directory { "/" } else { "" }),
        detail: detail.to_owned(),
        is_directory,
    }
}

/// What the disk was asked for last.
fn asked(desk: &mut Desk) -> Option<String> {
    let mut asked = desk.effects().into_iter().filter_map(|effect| match effect {
        Effect::ListPaths(written) => Some(written),
        _ => None,
    });
    asked.next_back()
}

fn listed(desk: &mut Desk, written: &str, names: &[PathName]) {
    desk.event(Event::PathsListed { written: written.to_owned(), names: names.to_vec() });
}

fn home() -> [PathName; 3] {
    [name("~/Documents/", "directory"), name("~/notes.txt", "12 kB"), name("~/the plan.pdf", "1.2 MB")]
}

#[test]
fn a_path_is_completed_as_it_is_written() {
    let mut desk = Desk::among_people((80, 24));
    desk.open("bob", &[]);
    desk.write("/send ~/");
    assert_eq!(asked(&mut desk).as_deref(), Some("~/"));
    listed(&mut desk, "~/", &home());
    insta::assert_snapshot!(desk.screen());
    // It is asked for again with every letter, and shown meanwhile as far as it is known.
    desk.write("D");
    assert!(desk.shows("Documents/") && !desk.shows("notes.txt"), "{}", desk.screen());
    assert_eq!(asked(&mut desk).as_deref(), Some("~/D"));
    listed(&mut desk, "~/D", &home()[..1]);
    desk.keys(&["tab"]);
    assert!(desk.shows("/send ~/Documents/"), "{}", desk.screen());
    // A directory goes on.
    assert_eq!(asked(&mut desk).as_deref(), Some("~/Documents/"));
    listed(&mut desk, "~/Documents/", &[name("~/Documents/a b.txt", "5 B")]);
    assert!(desk.shows("a b.txt"), "{}", desk.screen());
    desk.keys(&["tab"]);
    assert!(desk.shows("/send ~/Documents/a b.txt") && !desk.shows("1 of 1"), "{}", desk.screen());
    desk.effects();
    desk.keys(&["enter"]);
    let sent = desk.commands();
    assert!(
        matches!(&sent[..], [Command::SendFile { path, .. }] if path.to_str() == Some("~/Documents/a b.txt")),
        "{sent:?}"
    );
}

#[test]
fn enter_does_what_is_written_unless_something_was_chosen() {
    let mut desk = Desk::among_people((80, 24));
    desk.open("bob", &[]);
    desk.write("/send ~/n");
    listed(&mut desk, "~/n", &home()[1..2]);
    desk.effects();
    desk.keys(&["enter"]);
    let sent = desk.commands();
    assert!(
        matches!(&sent[..], [Command::SendFile { path, .. }] if path.to_str() == Some("~/n")),
        "{sent:?}"
    );
    desk.write("/send ~/");
    listed(&mut desk, "~/", &home());
    desk.keys(&["down", "enter"]);
    assert!(desk.shows("/send ~/notes.txt"), "{}", desk.screen());
    assert!(!desk.commands().iter().any(|c| matches!(c, Command::SendFile { .. })));
}

#[test]
fn tab_never_leaves_a_path_and_an_old_answer_counts_for_nothing() {
    let mut desk = Desk::among_people((80, 24));
    desk.open("bob", &[]);
    desk.write("/save x");
    desk.keys(&["tab"]);
    listed(&mut desk, "~/", &home());
    assert!(!desk.shows("Documents"), "it was not asked for: {}", desk.screen());
    listed(&mut desk, "x", &[]);
    desk.keys(&["tab"]);
    assert!(desk.shows("nothing is there that begins so"), "{}", desk.screen());
    desk.write("y");
    assert!(desk.shows("/save xy"), "the composer has the keyboard: {}", desk.screen());
    desk.effects();
    // Put away, it comes again when it is asked for.
    listed(&mut desk, "xy", &[name("xyz", "5 B")]);
    desk.keys(&["esc"]);
    assert!(!desk.shows("1 of 1"), "{}", desk.screen());
    desk.keys(&["tab"]);
    assert_eq!(asked(&mut desk).as_deref(), Some("xy"));
    listed(&mut desk, "xy", &[name("xyz", "5 B")]);
    assert!(desk.shows("1 of 1"), "{}", desk.screen());
    // In a text it goes to the next pane as ever.
    desk.keys(&["esc", "ctrl-c"]);
    desk.write("send x");
    desk.keys(&["tab"]);
    desk.write("y");
    assert_eq!(asked(&mut desk), None);
}

#[test]
fn the_help_page_is_read_to_its_end_in_a_small_window() {
    for size in [(40, 12), (80, 24), (20, 6)] {
        let mut desk = Desk::among_people(size);
        desk.keys(&["f1"]);
        let first = desk.screen();
        let mut seen = String::new();
        for _ in 0..500 {
            desk.keys(&["pagedown"]);
            // Below the title.
            seen.push_str(desk.screen().split_once('\n').unwrap().1);
        }
        let bare: String =
            seen.chars().filter(|c| !c.is_whitespace() && !"│┌┐└┘─".contains(*c)).collect();
        assert!(!bare.contains('…'), "{size:?}: {seen}");
        let rows: Vec<_> = desk.screen().lines().map(str::to_owned).collect();
        assert!(rows[rows.len() - 2].contains(" down "), "{size:?}: {}", desk.screen());
        if size == (40, 12) {
            insta::assert_snapshot!(desk.screen());
        }
        // One page back is one page back.
        let last = desk.screen();
        desk.keys(&["pageup"]);
        assert_ne!(desk.screen(), last);
        for _ in 0..500 {
            desk.keys(&["pageup"]);
        }
        assert_eq!(desk.screen(), first);
    }
}

#[test]
fn what_does_not_fit_whole_on_the_first_screens_is_left_out() {
    let desk = Desk::among_people((40, 12));
    insta::assert_snapshot!(desk.screen());
}

#[test]
fn a_chat_is_opened_by_the_name_that_it_has_in_the_line_mode_too() {
    let mut desk = Desk::among_people((80, 24));
    for (written, title) in [
        ("/chat bob", " Bob "),
        ("/chat #team", " #team "),
        ("/chat team", " #team "),
        ("/chat Bob", " Bob "),
    ] {
        desk.write(written);
        desk.keys(&["enter"]);
        assert!(
            desk.screen().lines().nth(1).unwrap().contains(title.trim()),
            "{written}: {}",
            desk.screen()
        );
        desk.effects();
    }
    desk.write("/chat nobody");
    desk.keys(&["enter"]);
    assert!(desk.shows("nobody here is called nobody"), "{}", desk.screen());
}
