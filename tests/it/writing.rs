//! What a person does in the composer, from key to effect.

use cooee::domain::*;
use cooee::engine::{Command, Update};
use cooee::tui::app::{Effect, Event, Written};

use crate::support::desk::*;

const SIZE: (u16, u16) = (80, 24);

fn talking_to_bob() -> Desk {
    let mut desk = Desk::among_people(SIZE);
    desk.open("bob", &[]);
    desk
}

/// Opens a chat whose messages are here already.
fn go(desk: &mut Desk, name: &str) {
    desk.keys(&["ctrl-k"]);
    desk.write(name);
    desk.keys(&["enter"]);
}

/// What was sent since, by its text.
fn sent(desk: &mut Desk) -> Vec<String> {
    let said = |command| match command {
        Command::Send { text, .. } => Some(text.as_str().to_owned()),
        _ => None,
    };
    desk.commands().into_iter().filter_map(said).collect()
}

fn edited(desk: &mut Desk, conversation: &ConversationId, outcome: Result<&str, &str>) {
    let written = |text: &str| Written { text: text.to_owned(), cut: false };
    let outcome = outcome.map(written).map_err(str::to_owned);
    desk.event(Event::Edited { conversation: Some(conversation.clone()), outcome });
}

#[test]
fn the_editor_gets_the_draft_and_what_it_leaves_is_not_sent() {
    let mut desk = talking_to_bob();
    desk.write("the pump");
    desk.effects();
    desk.keys(&["ctrl-o"]);
    let text = "the pump".to_owned();
    let asked = Effect::Edit { user: user("alice"), conversation: Some(direct("bob")), text };
    assert_eq!(desk.effects(), [asked]);
    edited(&mut desk, &direct("bob"), Ok("the pump\r\nis \u{1b}[31mback\n\n"));
    assert!(desk.shows("› the pump") && desk.shows("is [31mback"), "{}", desk.screen());
    assert_eq!(sent(&mut desk), [""; 0]);
    desk.keys(&["alt-z", "alt-z"]);
    assert!(desk.shows("› the pump") && !desk.shows("back"), "{}", desk.screen());
    edited(&mut desk, &direct("bob"), Err("the editor `ed` ended with code 1"));
    assert!(desk.shows("› the pump") && desk.shows("ended with code 1; your text is as it was"));
    edited(&mut desk, &direct("bob"), Ok(""));
    assert!(desk.shows("Write to Bob"));
}

#[test]
fn how_a_command_goes_on_leaves_the_frame_whole() {
    let mut desk = talking_to_bob();
    for command in ["/", "/s", "/msg ", "/search ", "/file ", "/nonsense"] {
        desk.write(command);
        let screen = desk.screen();
        let mut framed = screen.lines().skip(1).take(usize::from(SIZE.1) - 2);
        assert!(framed.all(|line| line.ends_with(['┐', '┤', '┘', '│'])), "{screen}");
        desk.keys(&["ctrl-u"]);
    }
}

#[test]
fn what_an_editor_leaves_is_for_the_chat_that_it_was_opened_in() {
    let mut desk = talking_to_bob();
    desk.keys(&["ctrl-o"]);
    desk.open("carol", &[]);
    desk.write("for carol");
    edited(&mut desk, &direct("bob"), Ok("for bob"));
    assert!(desk.shows("› for carol"));
    go(&mut desk, "bob");
    assert!(desk.shows("› for bob"));
    // Also when the session ends while the editor runs.
    desk.update(Update::Stopped(None));
    edited(&mut desk, &direct("bob"), Ok("still for bob"));
    desk.event(Event::SignedIn);
    desk.welcome();
    desk.people();
    desk.update(Update::Ready);
    desk.open("bob", &[]);
    assert!(desk.shows("› still for bob"), "{}", desk.screen());
}

#[test]
fn more_than_a_message_holds_is_cut_and_said() {
    let mut desk = talking_to_bob();
    let text = "x".repeat(limits::TEXT + 1);
    edited(&mut desk, &direct("bob"), Ok(&text));
    assert!(desk.shows("the end of the text is missing"));
    desk.keys(&["enter"]);
    assert_eq!(sent(&mut desk)[0].len(), limits::TEXT);
}

/// The drafts that the engine was asked to keep since.
fn kept(desk: &mut Desk) -> Vec<(ConversationId, String)> {
    let keep = |command| match command {
        Command::KeepDraft { conversation, text } => Some((conversation, text)),
        _ => None,
    };
    desk.commands().into_iter().filter_map(keep).collect()
}

fn draft(name: &str, text: &str) -> (ConversationId, String) {
    (direct(name), text.to_owned())
}

#[test]
fn a_draft_is_kept_once_a_second_and_when_one_leaves() {
    let mut desk = talking_to_bob();
    desk.write("the");
    desk.now += 900;
    desk.write(" pump");
    desk.event(Event::Timer);
    assert_eq!(kept(&mut desk), [], "a moment after the first change");
    desk.now += 100;
    desk.event(Event::Timer);
    assert_eq!(kept(&mut desk), [draft("bob", "the pump")]);
    desk.now += 5_000;
    desk.event(Event::Timer);
    assert_eq!(kept(&mut desk), [], "once");
    desk.write("s");
    desk.open("carol", &[]);
    desk.write("hello");
    desk.effects();
    desk.keys(&["ctrl-q"]);
    assert_eq!(
        desk.effects(),
        [
            Effect::Quit,
            Effect::Send(Command::KeepDraft { conversation: direct("carol"), text: "hello".to_owned() }),
        ]
    );
}

#[test]
fn what_is_left_or_sent_is_told_to_the_engine_at_once() {
    let mut desk = talking_to_bob();
    desk.write("the pump");
    desk.keys(&["ctrl-k"]);
    desk.write("carol");
    desk.keys(&["enter"]);
    assert_eq!(kept(&mut desk), [draft("bob", "the pump")]);
    assert!(desk.shows("● Bob         draft"), "{}", desk.screen());
    go(&mut desk, "bob");
    assert!(!desk.shows("draft") && desk.shows("› the pump"));
    desk.keys(&["enter"]);
    assert_eq!(kept(&mut desk), [draft("bob", "")], "it must not come back after a crash");
    // Too short a life to be kept at all.
    desk.write("x");
    desk.keys(&["enter"]);
    assert_eq!(kept(&mut desk), []);
}

#[test]
fn drafts_of_the_last_session_are_there_and_do_not_overwrite_what_is_newer() {
    let mut desk = talking_to_bob();
    desk.write("newer");
    desk.effects();
    let mut group = (ConversationId::Group(GroupId::from_bits(1)), "to all".to_owned());
    desk.update(Update::Drafts(vec![draft("bob", "older"), draft("carol", "\u{1b}hi"), group.clone()]));
    assert_eq!(kept(&mut desk), [draft("bob", "newer")]);
    assert!(desk.shows("○ Carol Müll… draft") && desk.shows("# team        draft"), "{}", desk.screen());
    desk.open("carol", &[]);
    assert!(desk.shows("› hi"));
    desk.write("!");
    desk.keys(&["alt-1"]);
    desk.effects();
    group.1.push('!');
    desk.keys(&["alt-2"]);
    desk.write("!");
    desk.keys(&["ctrl-c"]);
    assert!(desk.shows("Write to #team"));
    assert_eq!(kept(&mut desk), [(group.0.clone(), String::new())]);
    desk.keys(&["ctrl-c"]);
    desk.now += 1_000;
    desk.event(Event::Timer);
    assert_eq!(kept(&mut desk), [group]);
}

#[test]
fn what_is_selected_is_copied_cut_and_replaced() {
    let mut desk = talking_to_bob();
    desk.write("check the valve");
    desk.effects();
    desk.keys(&["alt-w"]);
    assert!(desk.shows("nothing is selected") && desk.effects().is_empty());
    desk.keys(&["ctrl-shift-left", "alt-w"]);
    assert_eq!(desk.effects(), [Effect::Copy("valve".to_owned())]);
    assert!(desk.shows("copied; to the clipboard too"));
    desk.keys(&["ctrl-x"]);
    assert_eq!(desk.effects(), [Effect::Copy("valve".to_owned())]);
    assert!(desk.shows("› check the") && !desk.shows("valve"));
    desk.keys(&["ctrl-y", "alt-shift-a"]);
    desk.write("x");
    desk.keys(&["enter"]);
    assert_eq!(sent(&mut desk), ["x"]);
    desk.write("ab");
    // Esc lets go of the selection first.
    desk.keys(&["shift-home", "esc"]);
    desk.write("c");
    desk.keys(&["enter"]);
    assert_eq!(sent(&mut desk), ["cab"]);
}

#[test]
fn what_was_sent_is_recalled_and_the_draft_is_not_lost() {
    let mut desk = talking_to_bob();
    desk.keys(&["alt-p"]);
    assert!(desk.shows("nothing was sent from here before"));
    for text in ["first", "/find bob"] {
        desk.write(text);
        desk.keys(&["enter", "esc"]);
    }
    desk.write("draft");
    desk.keys(&["alt-p"]);
    assert!(desk.shows("› /find bob"));
    desk.keys(&["alt-p"]);
    assert!(desk.shows("› first"));
    sent(&mut desk);
    desk.now += 1_000;
    desk.event(Event::Timer);
    assert_eq!(kept(&mut desk), [draft("bob", "draft")], "the draft is what is kept");
    desk.write("!");
    desk.keys(&["enter"]);
    assert_eq!(sent(&mut desk), ["first!"]);
    assert!(desk.shows("› draft"), "{}", desk.screen());
    desk.open("carol", &[]);
    desk.keys(&["alt-p"]);
    assert!(desk.shows("nothing was sent from here before") && desk.shows("Write to Carol"));
}

#[test]
fn what_is_deleted_in_one_chat_is_put_back_in_another() {
    let mut desk = talking_to_bob();
    desk.write("the pump");
    desk.keys(&["ctrl-u"]);
    desk.open("carol", &[]);
    desk.keys(&["ctrl-y", "ctrl-y", "enter"]);
    assert_eq!(sent(&mut desk), ["the pumpthe pump"]);
}

#[test]
fn a_long_paste_is_asked_about_and_a_short_one_is_not() {
    let mut desk = talking_to_bob();
    let lines = |n: usize| (1..=n).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\r");
    desk.paste(&lines(10));
    assert!(desk.shows("line 10") && !desk.shows("Insert"));
    desk.keys(&["ctrl-c"]);
    desk.paste(&lines(11));
    assert!(desk.shows("Insert 11 lines (78 bytes) into the text?"), "{}", desk.screen());
    desk.write("n");
    assert!(desk.shows("the paste was not inserted") && desk.shows("Write to Bob"));
    desk.paste(&lines(11));
    // What a stalled link brings of it later belongs to it.
    desk.paste("line 12");
    desk.keys(&["enter"]);
    assert_eq!(sent(&mut desk), [""; 0], "Enter answers the question");
    assert!(desk.shows("line 12"));
    desk.keys(&["enter"]);
    assert_eq!(sent(&mut desk), [lines(12).replace('\r', "\n")]);
    desk.paste(&lines(11));
    desk.keys(&["esc"]);
    assert!(desk.shows("the paste was not inserted"));
}

#[test]
fn shortcodes_become_emoji_as_they_are_typed() {
    let mut desk = talking_to_bob();
    desk.write("well :smil");
    assert!(desk.shows("😄 :smile:") && desk.shows("Tab complete"), "{}", desk.screen());
    desk.keys(&["down", "tab"]);
    assert!(desk.shows("› well 😃") && !desk.shows(":smile:"), "{}", desk.screen());
    desk.write(" :smile: :thumbsu");
    desk.keys(&["enter"]);
    assert_eq!(sent(&mut desk), [""; 0], "Enter completes first");
    desk.keys(&["enter"]);
    assert_eq!(sent(&mut desk), ["well 😃 😄 👍"]);
    desk.write(":smil");
    desk.keys(&["esc", "enter"]);
    assert_eq!(sent(&mut desk), [":smil"], "Esc leaves it as it is");
    desk.write("10:30:");
    desk.keys(&["enter"]);
    assert_eq!(sent(&mut desk), ["10:30:"]);
}

#[test]
fn members_and_commands_are_completed() {
    let mut desk = Desk::among_people(SIZE);
    desk.keys(&["alt-2"]);
    assert!(desk.shows("#team"));
    desk.write("ask @ca");
    assert!(desk.shows("@carol") && desk.shows("Carol Müller"), "{}", desk.screen());
    desk.keys(&["tab"]);
    desk.write("soon");
    desk.keys(&["enter"]);
    assert_eq!(sent(&mut desk), ["ask @carol soon"]);
    desk.write("/memb");
    desk.keys(&["tab"]);
    assert!(desk.shows("› /members"));
    desk.keys(&["enter"]);
    assert!(desk.shows("#team has 3 members"), "{}", desk.screen());
    desk.keys(&["esc"]);
    desk.write("/me");
    desk.keys(&["enter"]);
    assert!(desk.shows("you are Alice"), "a whole command is done: {}", desk.screen());
}

#[test]
fn what_follows_a_command_is_completed_and_enter_takes_it_as_it_is_written() {
    let mut desk = Desk::among_people((80, 24));
    desk.write("/msg ro");
    assert!(!desk.shows("│bob"), "nobody is called that");
    desk.keys(&["ctrl-u"]);
    desk.write("/msg car");
    assert!(desk.shows("Carol Müller"), "{}", desk.screen());
    desk.keys(&["tab"]);
    assert!(desk.shows("› /msg carol"), "{}", desk.screen());
    desk.keys(&["enter"]);
    assert!(desk.shows("Write to Carol"));
    // What is whole is not changed by Enter into what merely begins so.
    desk.write("/theme");
    desk.keys(&["space"]);
    desk.keys(&["enter"]);
    assert!(!desk.shows("› /theme") && desk.shows("contrast"), "{}", desk.screen());
    desk.write("/disappear 1");
    desk.keys(&["down", "enter"]);
    assert!(desk.shows("› /disappear 1d"), "{}", desk.screen());
    desk.keys(&["ctrl-u"]);
    desk.write("/join ni");
    desk.keys(&["tab", "enter"]);
    let joined = desk.commands().into_iter().any(|c| matches!(c, Command::JoinGroup { .. }));
    assert!(joined, "{}", desk.screen());
}
