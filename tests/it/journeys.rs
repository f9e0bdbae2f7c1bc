//! What a person does on the screen, from key to effect.

use std::time::Duration;

use cooee::domain::*;
use cooee::engine::{Command, Link, Notice, PageAt, Ticket, Update};
use cooee::tui::app::{AccountSummary, Effect, Event, MouseKind, Pasted, SignError, Start};

use crate::support::desk::*;

const SIZE: (u16, u16) = (80, 24);

fn said(command: &Command) -> Option<(&ConversationId, &str, Ticket)> {
    match command {
        Command::Send { to, text, reply: None, forwarded: false, ticket } => {
            Some((to, text.as_str(), *ticket))
        }
        _ => None,
    }
}

/// The one thing that was sent since.
fn sent(desk: &mut Desk) -> (ConversationId, String, Ticket) {
    let commands = desk.commands();
    let all: Vec<_> = commands.iter().filter_map(said).collect();
    let [(to, text, ticket)] = all[..] else { panic!("not one message: {commands:?}") };
    (to.clone(), text.to_owned(), ticket)
}

fn talking_to_bob() -> Desk {
    let mut desk = Desk::among_people(SIZE);
    desk.open("bob", &[]);
    desk
}

#[test]
fn a_text_is_shown_at_once_stored_and_ticked() {
    let mut desk = talking_to_bob();
    desk.write("on my way");
    desk.keys(&["alt-enter"]);
    desk.write("really");
    desk.keys(&["enter"]);
    let (to, text, ticket) = sent(&mut desk);
    assert_eq!((to, text.as_str()), (direct("bob"), "on my way\nreally"));
    assert!(desk.shows("10:44 ◷ queued") && desk.shows("Write to Bob"));
    let mut stored = message(&direct("bob"), "alice", NOW, &text);
    stored.delivery = Some(Delivery::Queued);
    desk.stored(&stored, Some(ticket));
    assert_eq!(desk.screen().matches("really").count(), 1, "the echo has become the message");
    let done = Update::Delivery { conversation: direct("bob"), id: stored.id, delivery: Delivery::Sent };
    desk.update(done);
    assert!(desk.shows("10:44 ✓") && !desk.shows("queued"));
}

#[test]
fn what_was_refused_comes_back_and_what_is_being_written_stays() {
    let mut desk = talking_to_bob();
    desk.write("first");
    desk.keys(&["enter"]);
    let (.., first) = sent(&mut desk);
    desk.update(Update::Refused { ticket: first, why: "the disk is full".to_owned() });
    assert!(desk.shows("error: not sent: the disk is full") && desk.shows("› first"));
    desk.keys(&["enter"]);
    let (.., again) = sent(&mut desk);
    desk.write("second");
    desk.update(Update::Refused { ticket: again, why: "the disk is full".to_owned() });
    desk.keys(&["enter"]);
    assert_eq!(sent(&mut desk).1, "first\nsecond");
}

#[test]
fn a_paste_never_sends_itself() {
    let mut desk = talking_to_bob();
    desk.paste("one\r\ntwo\rthree\n\u{1b}[31mred\u{7}");
    assert!(desk.commands().iter().all(|command| said(command).is_none()));
    desk.keys(&["enter"]);
    assert_eq!(sent(&mut desk).1, "one\ntwo\nthree\n[31mred");
    desk.event(Event::Paste(Pasted { text: "x".repeat(20_000), cut: true, unmarked: false }));
    desk.write("y");
    assert!(desk.shows("the end of the paste is missing"));
    desk.keys(&["enter"]);
    assert_eq!(sent(&mut desk).1.len(), limits::TEXT);
}

#[test]
fn each_chat_keeps_its_draft() {
    let mut desk = talking_to_bob();
    desk.write("for bob");
    desk.open("carol", &[]);
    assert!(desk.shows("Write to Carol"));
    desk.write("for carol");
    desk.keys(&["ctrl-p", "ctrl-p"]);
    assert!(desk.shows("› for bob"), "{}", desk.screen());
    desk.open("carol", &[]);
    assert!(desk.shows("› for carol"));
}

#[test]
fn what_is_written_before_a_chat_is_open_is_for_the_first_that_opens() {
    let mut desk = Desk::among_people((80, 24));
    desk.write("precious");
    desk.keys(&["enter"]);
    assert!(desk.shows("choose a chat first") && desk.shows("› precious"));
    desk.open("carol", &[]);
    assert!(desk.shows("› precious"), "{}", desk.screen());
    desk.open("bob", &[]);
    assert!(!desk.shows("precious"));
}

#[test]
fn clearing_can_be_taken_back_and_an_empty_line_asks_to_quit() {
    let mut desk = talking_to_bob();
    desk.write("precious");
    desk.keys(&["ctrl-c"]);
    assert!(!desk.shows("precious"));
    desk.keys(&["ctrl-c"]);
    assert!(desk.shows("› precious"));
    desk.keys(&["ctrl-c"]);
    desk.write("x");
    desk.keys(&["backspace", "ctrl-c"]);
    assert!(desk.shows("Leave Cooee?"));
    desk.write("hello");
    assert!(!desk.shows("Leave Cooee?") && desk.effects().iter().all(|effect| *effect != Effect::Quit));
    assert!(desk.shows("› hello"), "whoever writes on does not want to leave");
    desk.keys(&["ctrl-u"]);
    desk.keys(&["ctrl-c", "ctrl-c"]);
    assert!(desk.effects().contains(&Effect::Quit));
}

#[test]
fn escape_backs_out_one_level_and_loses_nothing() {
    let mut desk = talking_to_bob();
    desk.write("draft");
    desk.update(Update::Notice(Notice::Warning("the disk is nearly full".to_owned())));
    desk.keys(&["f2", "ctrl-k"]);
    assert!(desk.shows("Jump to"));
    desk.keys(&["esc"]);
    assert!(!desk.shows("Jump to") && desk.shows("nearly full"));
    desk.keys(&["esc"]);
    assert!(!desk.shows("nearly full"));
    desk.keys(&["down", "esc"]);
    desk.write(" goes on");
    assert!(desk.shows("› draft goes on"));
}

#[test]
fn reading_is_told_when_the_newest_is_seen_by_somebody() {
    let bob = direct("bob");
    let mut desk = Desk::among_people(SIZE);
    let messages: Vec<_> = (0..60).map(|n| message(&bob, "bob", NOW + n, &format!("n{n}"))).collect();
    let read = Command::MarkRead(bob.clone());
    desk.update(Update::Summaries(vec![summary(&messages, 60)]));
    assert!(desk.shows("● Bob            60"), "{}", desk.screen());
    desk.event(Event::Focus(false));
    desk.open("bob", &messages);
    assert!(!desk.commands().contains(&read), "nobody looks");
    desk.event(Event::Focus(true));
    assert_eq!(desk.commands(), std::slice::from_ref(&read));
    assert!(!desk.shows("60"), "and the lists know");
    desk.keys(&["alt-u"]);
    assert!(desk.shows("60 unread") && desk.shows("n0") && !desk.shows("n59"));
    let new = message(&bob, "bob", NOW + 100, "n100");
    desk.stored(&new, None);
    desk.update(Update::Summaries(vec![summary(&[new], 1)]));
    assert!(!desk.commands().contains(&read), "it came below what is seen");
    assert!(desk.shows("1 new below, Alt+End"), "{}", desk.screen());
    desk.keys(&["alt-end"]);
    assert_eq!(desk.commands(), [read]);
    assert!(desk.shows("n100") && !desk.shows("new below"));
}

#[test]
fn what_comes_while_one_looks_gets_no_unread_line() {
    let mut desk = talking_to_bob();
    let new = message(&direct("bob"), "bob", NOW, "here");
    desk.stored(&new, None);
    desk.update(Update::Summaries(vec![summary(std::slice::from_ref(&new), 1)]));
    assert!(desk.shows("here") && !desk.shows("unread ─"), "{}", desk.screen());
    desk.event(Event::Focus(false));
    let away = message(&direct("bob"), "bob", NOW + 1, "there");
    desk.stored(&away, None);
    desk.update(Update::Summaries(vec![summary(std::slice::from_ref(&away), 1)]));
    assert!(desk.shows("1 unread"), "{}", desk.screen());
}

#[test]
fn older_messages_are_read_as_one_scrolls() {
    let bob = direct("bob");
    let mut desk = Desk::among_people(SIZE);
    let page: Vec<_> = (1_000..1_200).map(|n| message(&bob, "bob", n, &format!("n{n}"))).collect();
    let oldest = page[0].key();
    desk.keys(&["ctrl-k"]);
    desk.write("bob");
    desk.keys(&["enter"]);
    desk.update(Update::Page {
        conversation: bob.clone(),
        at: PageAt::Newest,
        messages: page,
        more_before: true,
        more_after: false,
    });
    desk.commands();
    desk.keys(&["pageup"; 8]);
    let loads: Vec<_> = desk.commands();
    let [Command::Load { at, .. }] = &loads[..] else { panic!("one page: {loads:?}") };
    assert_eq!(*at, PageAt::Before(oldest));
    desk.keys(&["alt-home"]);
    assert!(matches!(desk.commands()[..], [Command::Load { at: PageAt::Oldest, .. }]));
}

#[test]
fn tabs_and_chats_are_reached_by_key() {
    let mut desk = Desk::among_people(SIZE);
    desk.keys(&["alt-2"]);
    assert!(desk.shows("#team · 3 members, 2 online"), "{}", desk.screen());
    desk.keys(&["alt-right"]);
    assert!(desk.shows("#family · 2 members"));
    desk.keys(&["alt-left"]);
    assert!(desk.shows("#team · 3 members"));
    desk.keys(&["alt-9"]);
    assert!(desk.shows("#team · 3 members"), "there is no ninth tab");
    desk.keys(&["ctrl-n"]);
    assert!(desk.shows("Write to Bob"), "round to the first");
    let carol = message(&direct("carol"), "carol", NOW, "hi");
    desk.update(Update::Summaries(vec![summary(&[carol], 1)]));
    desk.keys(&["alt-a"]);
    assert!(desk.shows("Write to Carol"));
}

#[test]
fn a_group_is_made_or_joined_where_its_name_exists() {
    let mut desk = Desk::among_people(SIZE);
    desk.write("/create boats invite");
    desk.keys(&["enter"]);
    let commands = desk.commands();
    let [Command::CreateGroup { name, policy: JoinPolicy::Invite, ticket }] = &commands[..] else {
        panic!("{commands:?}")
    };
    assert_eq!(name.as_str(), "boats");
    desk.update(group(9, "boats", "alice", Standing::Member, &["alice"]));
    desk.update(Update::Done { ticket: *ticket, group: GroupId::from_bits(9) });
    assert!(desk.shows("Write to #boats"));
    desk.write("/create OPS");
    desk.keys(&["enter"]);
    assert!(desk.shows("#ops exists"), "{}", desk.screen());
    desk.commands();
    desk.keys(&["enter"]);
    let commands = desk.commands();
    assert!(
        matches!(commands[..], [Command::JoinGroup { group, .. }] if group == GroupId::from_bits(3))
    );
    desk.keys(&["ctrl-g"]);
    desk.write("ops");
    desk.keys(&["enter", "alt-c"]);
    assert!(matches!(desk.commands()[..], [Command::CreateGroup { .. }]));
}

#[test]
fn members_are_seen_before_joining_and_leaving_is_asked_about() {
    let mut desk = Desk::among_people(SIZE);
    desk.open("ops", &[]);
    assert!(desk.shows("Enter joins it") && desk.shows("● Erin"));
    desk.write("nothing is written here");
    desk.keys(&["enter"]);
    let commands = desk.commands();
    let [Command::JoinGroup { group: id, ticket }] = commands[..] else { panic!("{commands:?}") };
    desk.update(group(3, "ops", "bob", Standing::Member, &["alice", "bob", "erin"]));
    desk.update(Update::Done { ticket, group: id });
    assert!(desk.shows("Write to #ops") && desk.shows("#family │ #ops │ #team"));
    desk.write("/leave");
    desk.keys(&["enter"]);
    assert!(desk.shows("Leave #ops?") && desk.commands().is_empty());
    desk.write("y");
    assert!(matches!(desk.commands()[..], [Command::LeaveGroup { .. }]));
    desk.update(group(3, "ops", "bob", Standing::Left, &["bob", "erin"]));
    desk.write("hello?");
    desk.keys(&["enter"]);
    assert!(desk.shows("you are not in #ops") && desk.shows("› hello?"));
    assert!(desk.commands().iter().all(|command| said(command).is_none()));
}

#[test]
fn an_invitation_is_accepted_or_declined_and_others_are_invited() {
    let mut desk = Desk::among_people(SIZE);
    desk.keys(&["alt-a"]);
    assert!(desk.shows("Erin 👩‍🔧 invites you"), "an invitation waits like a message\n{}", desk.screen());
    desk.write("dy");
    let declined = desk.commands();
    assert!(matches!(declined.last(), Some(Command::LeaveGroup { .. })), "{declined:?}");
    desk.keys(&["alt-2", "alt-i"]);
    desk.write("dave");
    desk.commands();
    desk.keys(&["enter"]);
    let commands = desk.commands();
    assert!(
        matches!(&commands[..], [Command::ChangeGroup { change: GroupChange::Invite(user), .. }] if user.as_str() == "dave")
    );
    desk.write("/invite erin");
    desk.keys(&["enter"]);
    assert!(
        matches!(&desk.commands()[..], [Command::ChangeGroup { change: GroupChange::Invite(user), .. }] if user.as_str() == "erin")
    );
    desk.write("/invite zoe");
    desk.keys(&["enter"]);
    assert!(desk.shows("nobody here is called zoe") && desk.shows("› /invite zoe"));
}

#[test]
fn commands_do_what_keys_do_and_a_slash_can_be_said() {
    let mut desk = talking_to_bob();
    for (written, words) in
        [("/help", "To begin with"), ("/jump car", "Carol Müller  @carol"), ("/me", "you are Alice")]
    {
        desk.write(written);
        desk.keys(&["enter"]);
        assert!(desk.shows(words), "{written}\n{}", desk.screen());
        desk.keys(&["esc"]);
    }
    desk.write("/dance");
    desk.keys(&["enter"]);
    assert!(desk.shows("/dance is no command") && desk.shows("› /dance"));
    desk.keys(&["ctrl-u"]);
    desk.write("//shrug");
    desk.keys(&["enter"]);
    assert_eq!(sent(&mut desk).1, "/shrug");
    for name in ["carol", "Carol Müller"] {
        desk.write(&format!("/msg {name} good morning"));
        desk.keys(&["enter"]);
        let (to, text, _) = sent(&mut desk);
        assert_eq!((to, text.as_str()), (direct("carol"), "good morning"));
    }
    desk.write("/quit");
    desk.keys(&["enter"]);
    assert!(desk.effects().contains(&Effect::Quit));
}

#[test]
fn writing_is_told_seldom_and_never_for_commands() {
    let told = |desk: &mut Desk| {
        let typing = |command: &Command| matches!(command, Command::Typing(_));
        desk.commands().into_iter().filter(typing).collect::<Vec<_>>()
    };
    let mut desk = talking_to_bob();
    desk.write("/jump somebody");
    assert_eq!(told(&mut desk), []);
    desk.keys(&["ctrl-u"]);
    desk.write("hello");
    assert_eq!(told(&mut desk), [Command::Typing(direct("bob"))]);
    desk.now += 2_000;
    desk.write("!");
    assert_eq!(told(&mut desk), [Command::Typing(direct("bob"))]);
}

#[test]
fn who_writes_is_shown_for_a_while() {
    let mut desk = talking_to_bob();
    desk.update(Update::Typing { conversation: direct("bob"), user: user("bob") });
    assert!(desk.shows("Bob is typing…"));
    assert!(desk.app.update(Event::Timer, at(NOW + 5_999)).is_empty());
    assert!(desk.app.take_changed());
    assert!(!desk.app.update(Event::Timer, at(NOW + 6_000)).is_empty(), "the timer is put off");
    assert!(desk.app.take_changed() && !desk.shows("typing"));
    desk.app.update(Event::Timer, at(NOW + 7_000));
    assert!(!desk.app.take_changed(), "nothing changes by itself any more");
}

#[test]
fn the_mouse_opens_focuses_and_scrolls() {
    let mut desk = Desk::among_people(SIZE);
    desk.mouse(MouseKind::Click, 5, 2);
    assert!(desk.shows("Write to Bob"), "the first contact");
    desk.mouse(MouseKind::Click, 30, 0);
    assert!(desk.shows("Write to #"), "a tab\n{}", desk.screen());
    desk.mouse(MouseKind::Click, 5, 1);
    desk.keys(&["enter"]);
    assert!(desk.shows("Write to Bob"), "the title gives the list the keyboard");
    let bob = direct("bob");
    let page: Vec<_> = (0..60).map(|n| message(&bob, "bob", NOW + n, &format!("n{n}"))).collect();
    desk.update(Update::Page {
        conversation: bob,
        at: PageAt::Newest,
        messages: page,
        more_before: false,
        more_after: false,
    });
    assert!(desk.shows("n59"));
    desk.mouse(MouseKind::WheelUp, 40, 10);
    assert!(desk.shows("n56") && !desk.shows("n57"));
    desk.mouse(MouseKind::WheelDown, 40, 10);
    assert!(desk.shows("n59"));
}

#[test]
fn a_session_that_ends_by_itself_leads_back_and_keeps_the_drafts() {
    let mut desk = talking_to_bob();
    desk.write("not stored");
    desk.keys(&["enter"]);
    desk.write("half a thou");
    desk.effects();
    desk.update(Update::Stopped(Some("the disk is full".to_owned())));
    assert!(desk.effects().contains(&Effect::DropSession));
    assert!(desk.shows("the disk is full") && desk.shows("▸ alice"));
    desk.keys(&["enter"]);
    assert_eq!(desk.effects(), [Effect::SignIn(user("alice"))]);
    desk.event(Event::SignedIn);
    desk.welcome();
    desk.people();
    desk.open("bob", &[]);
    assert!(desk.shows("› not stored") && desk.shows("half a thou"), "{}", desk.screen());
}

#[test]
fn leaving_is_not_taken_for_a_failure() {
    let mut desk = talking_to_bob();
    desk.keys(&["ctrl-q"]);
    assert_eq!(desk.effects().last(), Some(&Effect::Quit));
    desk.update(Update::Stopped(None));
    assert!(desk.shows("Write to Bob"));
    let mut gone = talking_to_bob();
    gone.event(Event::Shutdown);
    assert_eq!(gone.effects().last(), Some(&Effect::Quit));
}

#[test]
fn the_link_is_told_in_words() {
    let mut desk = talking_to_bob();
    assert!(desk.shows("connected"));
    let retry_in = Some(Duration::from_secs(20));
    desk.update(Update::Link(Link::Down { reason: "no route to host".to_owned(), retry_in }));
    assert!(desk.shows("offline, next try 10:44:20"), "{}", desk.screen());
    desk.write("/connect");
    desk.keys(&["enter"]);
    assert_eq!(desk.commands(), [Command::ConnectNow]);
    desk.update(Update::Link(Link::Connecting));
    assert!(desk.shows("connecting…"));
}

#[test]
fn signing_in_can_be_cancelled() {
    let account =
        AccountSummary { user: user("alice"), display_name: DisplayName::new("Alice").unwrap() };
    let start = Start { accounts: vec![account], sign_in: Some(user("alice")), ..Start::default() };
    let mut desk = Desk::new(plain(), start, SIZE);
    assert_eq!(desk.effects(), [Effect::SignIn(user("alice"))]);
    assert!(desk.shows("Signing in as alice…"));
    desk.keys(&["esc"]);
    assert_eq!(desk.effects(), [Effect::CancelSign]);
    assert!(desk.shows("Sign up as somebody new"));
    desk.keys(&["ctrl-c"]);
    assert_eq!(desk.effects(), [Effect::Quit]);
}

#[test]
fn an_account_that_was_made_meanwhile_can_be_signed_in() {
    let nobody = Start::default();
    let mut desk = Desk::new(plain(), nobody, SIZE);
    desk.write("alice");
    desk.keys(&["enter", "enter", "enter", "enter"]);
    let alice = AccountSummary {
        user: "alice".parse().unwrap(),
        display_name: DisplayName::new("Alice").unwrap(),
    };
    let what = "`alice` has signed up here already".to_owned();
    desk.event(Event::SignFailed(SignError { field: None, what, hint: String::new() }, vec![alice]));
    assert!(desk.shows("has signed up here already"));
    desk.keys(&["esc", "enter"]);
    let effects = desk.effects();
    assert!(effects.contains(&Effect::SignIn("alice".parse().unwrap())), "{effects:?}");
}

#[test]
fn hostile_numbers_of_everything_stay_bounded_on_the_screen() {
    let mut desk = Desk::alone(SIZE);
    let people =
        (0..2_000).map(|n| person(&format!("p{n}"), &format!("{n}{}", "水".repeat(30)), n % 2 == 0));
    desk.update(Update::People(people.collect()));
    for n in 0..500 {
        desk.update(group(n, &format!("g{n}{}", "x".repeat(50)), "p1", Standing::Member, &["alice"]));
    }
    for keys in [&["f2", "end"][..], &["f4", "end", "enter"], &["ctrl-k"], &["esc", "alt-m"]] {
        desk.keys(keys);
        for size in [(20, 6), (60, 12), (80, 24)] {
            desk.event(Event::Resize { width: size.0, height: size.1 });
            let screen = desk.screen();
            assert!(
                screen.lines().all(|line| cooee::tui::app::width(line) <= size.0.into()),
                "{screen}"
            );
        }
    }
}

/// What calls for somebody who looks elsewhere, and for what.
fn calls(desk: &mut Desk) -> Vec<String> {
    let calls = desk.effects().into_iter().filter_map(|effect| match effect {
        Effect::Alert(alert) => Some(format!("{}: {}", alert.title, alert.body)),
        _ => None,
    });
    calls.collect()
}

#[test]
fn a_chat_calls_for_whoever_looks_elsewhere() {
    let mut desk = Desk::among_people((80, 24));
    let bob = direct("bob");
    let said = |n: i64, text: &str| message(&bob, "bob", NOW + n, text);
    desk.effects();
    desk.stored(&said(1, "one"), None);
    assert_eq!(calls(&mut desk), ["Bob: one"]);
    desk.open("bob", &[said(1, "one")]);
    desk.effects();
    desk.stored(&said(2, "two"), None);
    assert_eq!(calls(&mut desk), [""; 0], "it is on the screen");
    desk.event(Event::Focus(false));
    desk.stored(&said(3, "three"), None);
    assert_eq!(calls(&mut desk), [""; 0], "not twice in a moment");
    desk.now += 1_000;
    desk.stored(&said(3, "three"), None);
    assert_eq!(calls(&mut desk), ["Bob: three"], "nobody looks at the screen");
    desk.write("/mute");
    desk.keys(&["enter"]);
    let asked = desk.commands();
    assert!(asked.contains(&Command::Alerts(bob.clone(), Alerts::None)), "{asked:?}");
    assert!(desk.shows("this chat is muted"));
    desk.update(Update::Alerts(vec![(bob.clone(), Alerts::None)]));
    desk.stored(&said(4, "four"), None);
    desk.stored(&message(&bob, "bob", NOW + 5, "@alice"), None);
    assert_eq!(calls(&mut desk), [""; 0]);
    desk.now += 1_000;
    desk.update(Update::Alerts(vec![(bob.clone(), Alerts::Mentions)]));
    desk.stored(&said(6, "six"), None);
    desk.stored(&said(7, "come, @alice"), None);
    assert_eq!(calls(&mut desk), ["Bob: come, @alice"]);
}

#[test]
fn the_title_of_the_terminal_tells_what_is_unread() {
    let mut desk = Desk::among_people((80, 24));
    let titles = |desk: &mut Desk| -> Vec<String> {
        let titles = desk.effects().into_iter().filter_map(|effect| match effect {
            Effect::Title(title) => Some(title),
            _ => None,
        });
        titles.collect()
    };
    titles(&mut desk);
    let bob = direct("bob");
    let said = [message(&bob, "bob", NOW, "one"), message(&bob, "bob", NOW + 1, "two")];
    desk.update(Update::Summaries(vec![summary(&said, 2)]));
    assert_eq!(titles(&mut desk), ["(2) alice - cooee"]);
    desk.update(Update::Summaries(vec![summary(&said, 2)]));
    assert_eq!(titles(&mut desk), [""; 0], "it is told once");
    desk.update(Update::Alerts(vec![(bob, Alerts::None)]));
    assert_eq!(titles(&mut desk), ["alice - cooee"], "a muted chat does not count");
    assert!(desk.shows("(2) │"), "{}", desk.screen());
    desk.open("bob", &said);
    assert!(desk.shows("Bob ● online · not verified · muted"), "{}", desk.screen());
}

#[test]
fn who_comes_to_another_broker_than_before_is_told_on_the_screen() {
    let start = Start { sign_in: Some(user("alice")), ..Start::default() };
    let mut desk = Desk::new(plain(), start, (80, 24));
    desk.event(Event::SignedIn);
    desk.welcome_after(Some("mqtts://lan"));
    desk.people();
    assert!(
        desk.shows("warning: this is mqtt://lan, and alice was last on mqtts://lan"),
        "{}",
        desk.screen()
    );
}

#[test]
fn where_there_is_no_list_the_first_row_tells_what_is_unread() {
    let mut desk = Desk::among_people((40, 12));
    let bob = direct("bob");
    desk.open("carol", &[]);
    assert!(!desk.shows(" new"));
    let said = [message(&bob, "bob", NOW, "one"), message(&bob, "bob", NOW + 1, "two")];
    desk.update(Update::Summaries(vec![summary(&said, 2)]));
    assert!(desk.shows("alice ● 2 new"), "{}", desk.screen());
    desk.open("bob", &said);
    assert!(!desk.shows(" new"), "it is here");
}

#[test]
fn who_is_asked_into_a_group_is_told_and_what_to_press() {
    let mut desk = Desk::among_people(SIZE);
    let told = "asks you into #";
    assert!(!desk.shows(told), "what was so before is in the lists: {}", desk.screen());
    desk.update(group(9, "regatta", "bob", Standing::Invited(user("bob")), &["bob"]));
    assert!(desk.shows("Bob asks you into #regatta: F4, then Enter on it goes in"), "{}", desk.screen());
}
