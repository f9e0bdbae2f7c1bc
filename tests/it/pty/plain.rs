//! The line mode at a real terminal: what a screen reader would read.

use rustix::process::Signal;

use super::*;
use crate::support::terminal::CTRL_C;
use crate::support::vandal::Vandal;

const CTRL_D: &str = "\x04";

/// Nothing that a terminal obeys but the end of a line, which the terminal itself turns into two characters.
fn check_plain(terminal: &Terminal) {
    let raw = terminal.raw();
    let text = String::from_utf8(raw).expect("it is UTF-8");
    let rest = text.replace("\r\n", "\n");
    let obeyed =
        |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{200e}');
    assert!(!rest.contains(obeyed), "{rest:?}");
}

/// Somebody who has signed up, in the line mode.
fn in_lines(world: &World, user: &str) -> Terminal {
    sign_up(world, user);
    let terminal = Launch::new(world.data_dir()).user(user).arguments(&["--plain"]).start();
    terminal.until_says(&[&format!("Cooee. You are {user}"), "connected", "> "]);
    terminal
}

#[test]
fn two_talk_in_lines_and_nothing_is_drawn() {
    let world = World::built_in();
    let mut alice = in_lines(&world, "alice");
    sign_up(&world, "bob");
    // A terminal that can only print gets it without being asked.
    let mut bob = Launch::new(world.data_dir()).user("bob").env("TERM", "dumb").start();
    bob.until_says(&["Cooee. You are bob", "alice is online"]);
    alice.until_says(&["bob is online"]);
    alice.press("hello?\n");
    alice.until_says(&["no chat is open: /chat NAME opens one"]);
    alice.press("/chat bob\n");
    alice.until_says(&["chat with bob: online, not verified", "nothing was said here yet", "bob> "]);
    alice.press("the pump is back\n");
    alice.until_says(&["delivered to bob: the pump is back"]);
    bob.until_says(&["1 unread from alice"]);
    assert!(!bob.contents().contains("the pump"), "{}", bob.contents());
    bob.press("/next\n");
    bob.until_says(&["chat with alice: online, not verified, 1 unread", "alice: the pump is back"]);
    // Whoever opens a chat reads it.
    alice.until_says(&["read by bob: the pump is back"]);

    alice.press("and the valve\n");
    bob.until_says(&["alice: and the valve"]);
    alice.until_says(&["delivered to bob: and the valve"]);
    assert!(!alice.contents().contains("read by bob: and"), "nobody said so:\n{}", alice.contents());
    // An empty line says that what stands above it was read.
    bob.press("\n");
    alice.until_says(&["read by bob: and the valve"]);
    bob.press("/react 👍 pump\n");
    alice.until_says(&["bob reacts with 👍 to: the pump is back"]);
    bob.press("/reply on my way\n");
    alice.until_says(&["bob (answers alice: and the valve): on my way"]);
    bob.press("/dance\n");
    bob.until_says(&["/dance is no command here: /help lists them"]);
    bob.press("/online\n");
    bob.until_says(&["alice: online since "]);
    bob.press("/find valve\n");
    bob.until("what was found", |screen| screen.contents().matches("alice: and the valve").count() == 2);

    // The end of the input leaves; so does an interruption, with its own number.
    bob.press(CTRL_D);
    assert_eq!(bob.until_ended().exit_code(), 0);
    alice.until_says(&["bob is offline"]);
    check_plain(&alice);
    check_plain(&bob);
    alice.press(CTRL_C);
    assert_eq!(alice.until_ended().exit_code(), 130);
    assert!(alice.is_cooked());
}

#[test]
fn several_lines_that_are_pasted_are_one_message() {
    let world = World::built_in();
    sign_up(&world, "bob");
    let mut alice = in_lines(&world, "alice");
    alice.press("/chat bob\n");
    alice.until_says(&["chat with bob", "bob> "]);
    alice.press("one\ntwo\nthree\n");
    alice.until("it is sent", |screen| screen.contents().contains("to bob: one two three"));
    let history = run(&world, "cooee -u alice history bob");
    assert!(history.ends_with("alice to bob: one\n    two\n    three\n"), "{history}");
}

#[test]
fn a_command_that_is_typed_ahead_is_no_text() {
    let world = World::built_in();
    sign_up(&world, "bob");
    let mut alice = in_lines(&world, "alice");
    alice.press("/chat bob\nthe pump\nis back\n/quit\n");
    assert_eq!(alice.until_ended().exit_code(), 0);
    let history = run(&world, "cooee -u alice history bob");
    assert!(history.ends_with(": the pump\n    is back\n"), "{history}");
}

#[test]
fn who_leaves_without_a_connection_hears_what_becomes_of_the_message() {
    let world = World::built_in();
    sign_up(&world, "bob");
    sign_up(&world, "alice");
    let offline = ["--plain", "-b", "mqtt://127.0.0.1:1"];
    let mut alice = Launch::new(world.data_dir()).user("alice").arguments(&offline).start();
    alice.until_says(&["no connection, trying again", "> "]);
    alice.press("/chat bob\n");
    alice.until_says(&["chat with bob", "bob> "]);
    alice.press("on my way\n/quit\n");
    assert_eq!(alice.until_ended().exit_code(), 0);
    assert!(
        alice.contents().contains("kept until it can be sent to bob: on my way"),
        "{}",
        alice.contents()
    );
}

#[test]
fn a_terminal_that_is_closed_is_no_sudden_death() {
    let world = World::built_in();
    let mut alice = in_lines(&world, "alice");
    alice.signal(Signal::HUP);
    assert_eq!(alice.until_ended().exit_code(), 130);
    let launch = || Launch::new(world.data_dir()).user("alice").arguments(&["--plain"]);
    let status = launch().closed_after("connected");
    // Reading, writing and the signal end it, whichever is first: all of them with a goodbye.
    assert_eq!(status.signal(), None, "{status:?}");
}

#[test]
fn who_is_to_outlive_the_terminal_does() {
    let world = World::built_in();
    sign_up(&world, "alice");
    let nohup = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"].map(str::to_owned);
    let mut alice =
        Launch::through(&nohup, world.data_dir()).user("alice").arguments(&["--plain"]).start();
    alice.until_says(&["Cooee. You are alice", "connected", "> "]);
    alice.signal(Signal::HUP);
    alice.press("/me\n");
    alice.until_says(&["you are alice (@alice"]);
    alice.press(CTRL_D);
    assert_eq!(alice.until_ended().exit_code(), 0);
}

#[test]
fn nothing_that_a_stranger_says_is_obeyed() {
    let world = World::built_in();
    let mut alice = in_lines(&world, "alice");
    alice.press("/room lobby\n");
    alice.until_says(&["not encrypted", "chat with +lobby"]);
    let text = "\x1b[2J\x1b]0;owned\x07\u{9b}31m\u{202e}evil\r\n2026-01-01 bob: fake\ttab\x08";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        Vandal::on(&world).await.publish("cooee/1/open/lobby/eve", text, false).await;
    });
    // What would be a line of its own is indented.
    alice.until_says(&["~eve: [2J]0;owned31mevil", "    2026-01-01 bob: fake    tab"]);
    check_plain(&alice);
}

#[test]
fn two_vote_in_lines() {
    let world = World::built_in();
    let mut alice = in_lines(&world, "alice");
    let mut bob = in_lines(&world, "bob");
    alice.until_says(&["bob is online"]);
    alice.press("/chat bob\n");
    alice.until_says(&["bob> "]);
    alice.press("/poll Lunch? | Pizza | Soup\n");
    bob.until_says(&["1 unread from alice"]);
    bob.press("/next\n");
    bob.until_says(&["alice: [poll] Lunch?", "1. Pizza", "2. Soup"]);
    bob.press("/vote 3\n");
    bob.until_says(&["there is no answer 3: that poll has 2"]);
    bob.press("/vote 2 lunch\n");
    alice.until_says(&["bob votes for Soup in: Lunch?"]);
    alice.press("/vote 1\n");
    bob.until_says(&["alice votes for Pizza in: Lunch?"]);
    bob.press("/history 1\n");
    bob.until_says(&["alice (1 for Pizza: alice; 1 for Soup: bob): [poll] Lunch?"]);
    bob.press("/vote 0\n");
    alice.until_says(&["bob takes the vote back in: Lunch?"]);
    bob.press("/poll close\n");
    bob.until_says(&["there is no such poll among the last messages here"]);
    alice.press("/poll close\n");
    bob.until_says(&["alice closed the poll: Lunch? (1 for Pizza: alice)"]);
    check_plain(&alice);
    check_plain(&bob);
}

#[test]
fn files_go_from_one_to_another_in_lines() {
    let world = World::built_in();
    let mut alice = in_lines(&world, "alice");
    let mut bob = in_lines(&world, "bob");
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("my plan.txt"), "the plan").unwrap();
    alice.until_says(&["bob is online"]);
    alice.press("/chat bob\n");
    alice.until_says(&["bob> "]);
    alice.press("/send /no/such.txt\n");
    alice.until_says(&["not sent: ", "(it was: /send /no/such.txt)"]);
    alice.press(&format!("/send '{}'\n", dir.path().join("my plan.txt").display()));
    alice.until_says(&["alice to bob: [file, 8 B] my plan.txt", "delivered to bob: my plan.txt"]);
    bob.until_says(&["1 unread from alice"]);
    bob.press("/save\n");
    bob.until_says(&["no chat is open"]);
    bob.press("/next\n");
    bob.until_says(&["alice: [file, 8 B] my plan.txt"]);
    bob.press(&format!("/save {}\n", dir.path().join("got.txt").display()));
    bob.until_says(&["fetching my plan.txt", "my plan.txt is saved as ", "got.txt"]);
    assert_eq!(std::fs::read_to_string(dir.path().join("got.txt")).unwrap(), "the plan");
    bob.press(&format!("/save {}\n", dir.path().join("no/such/got.txt").display()));
    bob.until_says(&["`my plan.txt` is not saved: "]);
    // What is ours is not saved from us.
    alice.press("/save\n");
    alice.until_says(&["nobody else sent a file"]);
    check_plain(&alice);
    check_plain(&bob);
}

#[test]
fn messages_disappear_and_links_let_in_by_lines() {
    let world = World::built_in();
    let mut alice = in_lines(&world, "alice");
    let mut bob = in_lines(&world, "bob");
    alice.until_says(&["bob is online"]);
    alice.press("/chat bob\n/disappear\n");
    alice.until_says(&["messages here stay; /disappear 1h"]);
    alice.press("/disappear soon\n");
    alice.until_says(&["`soon`"]);
    alice.press("/disappear 1h\n");
    alice.until_says(&["what is said here from now on disappears after 1 hour"]);
    bob.press("/chat alice\n");
    bob.until_says(&["alice set messages to disappear after 1 hour", "alice> "]);
    bob.press("/disappear\n");
    bob.until_says(&["messages here disappear after 1 hour; /disappear off ends that"]);

    alice.press("/create den\n");
    alice.until_says(&["#den> "]);
    alice.press("/invite-link\n");
    alice.until_says(&["this link lets 20 in, until ", "/invite-link off takes it back:", "cooee:"]);
    let screen = alice.contents();
    let link: String = screen
        .split("takes it back:")
        .nth(1)
        .unwrap()
        .split("#den>")
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    // As it is copied from a screen that breaks it.
    let (one, other) = link.split_at(link.len() / 2);
    bob.press(&format!("/join {one} {other}\n"));
    bob.until_says(&["#den> "]);
    alice.press("/invite-link off\n");
    alice.until_says(&["the link into this group lets nobody in any more"]);
    check_plain(&alice);
    check_plain(&bob);
}

#[test]
fn the_file_that_is_being_fetched_is_stopped_and_not_the_last_one() {
    let world = World::built_in();
    let mut alice = in_lines(&world, "alice");
    let mut bob = in_lines(&world, "bob");
    let mut carol = in_lines(&world, "carol");
    for name in ["a.txt", "b.txt"] {
        std::fs::write(world.data_dir().join(name), name).unwrap();
    }
    alice.press("/create den\n");
    alice.until_says(&["#den> "]);
    for (name, person) in [("bob", &mut bob), ("carol", &mut carol)] {
        alice.until_says(&[&format!("{name} is online")]);
        alice.press(&format!("/invite {name}\n"));
        person.until_says(&["alice asks you into #den: /join den goes in"]);
        person.press("/join den\n");
        person.until_says(&["#den> "]);
    }
    alice.until_says(&["carol joined #den"]);
    alice.press(&format!("/send {}\n", world.data_dir().join("a.txt").display()));
    bob.until_says(&["#den alice: [file, 5 B] a.txt"]);
    alice.press("/quit\n");
    bob.until_says(&["alice is offline"]);
    bob.press("/save\n");
    bob.until_says(&["fetching a.txt"]);
    carol.press(&format!("/send {}\n", world.data_dir().join("b.txt").display()));
    bob.until_says(&["#den carol: [file, 5 B] b.txt"]);
    bob.press("/stop\n");
    bob.until_says(&["a.txt rests: /save goes on with it"]);
    // Whatever is said in an open room everybody reads.
    carol.press("/room hall\n");
    carol.until_says(&["+hall> "]);
    carol.press("/send b.txt\n");
    carol.until_says(&["not sent: nothing is encrypted in an open room", "(it was: /send b.txt)"]);
}
