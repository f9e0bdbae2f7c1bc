//! Lists of contacts on the screen: kept, told, written to.

use cooee::domain::*;
use cooee::engine::{Command, Ticket, Update};
use insta::assert_snapshot;

use crate::support::desk::*;

fn list(name: &str, members: &[&str]) -> ContactList {
    let members = members.iter().map(|member| user(member)).collect();
    ContactList { name: ListName::new(name).unwrap(), members }
}

/// The list that is to be kept.
fn kept(desk: &mut Desk) -> Option<(ContactList, Ticket)> {
    desk.commands().into_iter().find_map(|command| match command {
        Command::SaveList { list, ticket } => Some((list, ticket)),
        _ => None,
    })
}

/// What was sent to whom.
fn sent(desk: &mut Desk) -> Vec<(ConversationId, String, Ticket)> {
    let sent = |command| match command {
        Command::Send { to, text, ticket, reply: None, forwarded: false } => {
            Some((to, text.to_string(), ticket))
        }
        _ => None,
    };
    desk.commands().into_iter().filter_map(sent).collect()
}

fn command(desk: &mut Desk, line: &str) {
    desk.write(line);
    desk.keys(&["enter"]);
}

#[test]
fn a_list_is_made_changed_told_and_thrown_away() {
    let mut desk = Desk::among_people((80, 24));
    desk.open("bob", &[]);
    command(&mut desk, "/list");
    assert!(desk.shows("there are no lists yet: /list NAME PEOPLE makes one"), "{}", desk.screen());
    command(&mut desk, "/list Crew bob, @carol");
    let (crew, ticket) = kept(&mut desk).unwrap();
    assert_eq!(crew, list("crew", &["bob", "carol"]));
    desk.update(Update::Lists(vec![crew]));
    desk.update(Update::Agreed { ticket });
    assert!(desk.shows("crew: Bob, Carol Müller"), "{}", desk.screen());
    command(&mut desk, "/list crew dave -bob");
    let (crew, _) = kept(&mut desk).unwrap();
    assert_eq!(crew, list("crew", &["carol", "dave"]));
    desk.update(Update::Lists(vec![crew]));
    command(&mut desk, "/list");
    assert!(desk.shows("crew (2 contacts); /list NAME tells who"), "{}", desk.screen());
    command(&mut desk, "/list crew off");
    let (gone, ticket) = kept(&mut desk).unwrap();
    assert_eq!(gone, list("crew", &[]));
    desk.update(Update::Lists(Vec::new()));
    desk.update(Update::Agreed { ticket });
    assert!(desk.shows("the list crew is gone"));
    for (wrong, why) in [
        ("/list crew", "there is no list crew"),
        ("/list crew nobody", "nobody here is called nobody"),
        ("/list crew -bob", "bob is not on the list crew"),
        ("/broadcast crew hello", "there is no list crew: /list crew PEOPLE makes it"),
    ] {
        command(&mut desk, wrong);
        assert!(desk.shows(why), "{}", desk.screen());
        assert_eq!(kept(&mut desk), None);
        desk.keys(&["ctrl-u", "esc"]);
    }
}

#[test]
fn whoever_writes_to_a_list_is_asked_and_told_who_gets_it() {
    let mut desk = Desk::among_people((80, 24));
    let carol = Person { blocked: true, ..person("carol", "Carol Müller", false) };
    desk.update(Update::People(vec![carol]));
    desk.update(Update::Lists(vec![list("crew", &["bob", "carol", "erin"])]));
    desk.open("bob", &[]);
    desk.commands();
    command(&mut desk, "/broadcast crew the gate is shut");
    assert_snapshot!(desk.screen());
    desk.keys(&["n"]);
    assert_eq!(sent(&mut desk), []);
    assert!(desk.shows("› /broadcast crew the gate is shut"), "what was written comes back");
    desk.keys(&["enter", "y"]);
    let each = sent(&mut desk);
    let text = "the gate is shut".to_owned();
    let whom: Vec<_> = each.iter().map(|(to, said, _)| (to.clone(), said.clone())).collect();
    assert_eq!(whom, [(direct("bob"), text.clone()), (direct("erin"), text)]);
    assert!(desk.shows("sent to 2 contacts on the list crew"));
    // Of whom it was refused that is told, and it is not lost.
    let why = "nobody here is called `bob`".to_owned();
    desk.update(Update::Refused { ticket: each[0].2, why });
    assert!(desk.shows("not sent to Bob: nobody here is called"), "{}", desk.screen());
    assert!(desk.shows("› the gate is shut"));
    let why = "you have blocked `erin`".to_owned();
    desk.update(Update::Refused { ticket: each[1].2, why });
    let text = "the gate is shut".to_owned();
    let draft = Command::KeepDraft { conversation: direct("erin"), text };
    assert!(desk.commands().contains(&draft), "also where the chat was not open");
    desk.keys(&["esc", "ctrl-u", "esc"]);
    command(&mut desk, "/broadcast crew");
    assert!(desk.shows("write /broadcast crew and what to say"), "{}", desk.screen());
}

#[test]
fn many_are_named_as_far_as_there_is_room() {
    let names: Vec<String> = (10..42).map(|n| format!("contact{n}")).collect();
    let mut desk = Desk::among_people((80, 24));
    desk.update(Update::People(names.iter().map(|name| person(name, name, true)).collect()));
    let members: Vec<&str> = names.iter().map(String::as_str).collect();
    desk.update(Update::Lists(vec![list("all", &members)]));
    desk.open("bob", &[]);
    command(&mut desk, "/broadcast all hello");
    for name in &names {
        assert!(desk.shows(name), "{name}: {}", desk.screen());
    }
    desk.event(cooee::tui::app::Event::Resize { width: 40, height: 12 });
    assert_snapshot!(desk.screen());
}
