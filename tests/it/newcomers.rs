//! What somebody meets who is new: the sign-up form, the help, the way into a group by a
//! link.

use cooee::domain::{GroupId, GroupLink, GroupName, IdentityKey, LinkSecret, Standing};
use cooee::engine::{Command, Notice, Update};
use cooee::tui::app::{Effect, Event, FieldName, Keymap, SignError, Start};
use insta::assert_snapshot;

use crate::support::desk::*;

/// The sign-up form on a broker that may want an invite.
fn invited(size: (u16, u16)) -> Desk {
    let broker = "mqtts://pumps.example.org:8883".to_owned();
    Desk::new(plain(), Start { broker, asks_invite: true, ..Start::default() }, size)
}

#[test]
fn an_invite_is_pasted_and_complained_about_where_it_stands() {
    const LINE: &str = "qZ8b0Xl2vT5m9Kf3Rw7pYc1dHs4gNu6jEaoi";
    for (size, name) in [((80, 24), "at_80"), ((40, 12), "at_40")] {
        let mut desk = invited(size);
        desk.write("bob");
        desk.keys(&["enter", "enter", "enter"]);
        assert_snapshot!(format!("an_invite_is_asked_for_{name}"), desk.screen());
        desk.paste(LINE);
        desk.keys(&["enter"]);
        // Nothing protects it: the quickest way through.
        desk.keys(&["left", "enter"]);
        let effects = desk.effects();
        let [Effect::SignUp(form)] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!(form.invite, Some(LINE.parse().unwrap()));
        assert!(!format!("{effects:?}").contains(LINE), "it is a secret");
        let used_up = SignError {
            field: Some(FieldName::Invite),
            what: "the broker does not take the invite: it is used up or over, or is from elsewhere"
                .to_owned(),
            hint: "Ask whoever runs the broker for another one.".to_owned(),
        };
        desk.event(Event::SignFailed(used_up, Vec::new()));
        assert_snapshot!(format!("an_invite_is_not_taken_{name}"), desk.screen());
    }
}

#[test]
fn a_short_passphrase_is_taken_and_called_short() {
    for (size, name) in [((80, 24), "at_80"), ((40, 12), "at_40")] {
        let mut desk = invited(size);
        desk.write("bob");
        desk.keys(&["enter", "enter", "enter", "enter", "enter"]);
        assert!(desk.shows("Nobody can recover a forgotten one"), "{}", desk.screen());
        desk.write("1234567");
        assert_snapshot!(format!("a_short_passphrase_{name}"), desk.screen());
        desk.write("8");
        assert!(desk.shows("Nobody can recover a forgotten one"), "{}", desk.screen());
        desk.keys(&["backspace", "enter"]);
        assert_snapshot!(format!("a_short_passphrase_once_more_{name}"), desk.screen());
        desk.write("1234567");
        desk.keys(&["enter"]);
        assert!(matches!(desk.effects()[..], [Effect::SignUp(_)]));
    }
}

#[test]
fn help_begins_with_what_is_needed_first_and_is_searched() {
    for (size, name) in [((80, 24), "at_80"), ((40, 12), "at_40")] {
        let mut desk = Desk::alone(size);
        desk.keys(&["f1"]);
        let whole = desk.screen();
        assert_snapshot!(format!("help_begins_{name}"), whole);
        // Letters do nothing, or what they are bound to, before a search begins.
        desk.write("qx");
        assert_eq!(desk.screen(), whole);
        desk.write("j");
        assert_ne!(desk.screen(), whole);
        desk.write("k/");
        assert_snapshot!(format!("help_is_about_to_be_searched_{name}"), desk.screen());
        desk.write("kjinv");
        assert!(desk.shows("Help: kjinv") && desk.shows("nothing matches; Esc"), "{}", desk.screen());
        desk.keys(&["home", "delete", "delete", "end"]);
        assert_snapshot!(format!("help_is_searched_{name}"), desk.screen());
        assert!(desk.shows("/invite [NAME]") && !desk.shows("/poll"), "{}", desk.screen());
        // Further and back as ever.
        let first = desk.screen();
        desk.keys(&["down"]);
        assert_eq!(
            desk.screen() == first,
            size.1 == 24,
            "one row further where there are more: {}",
            desk.screen()
        );
        desk.write("zz");
        assert_snapshot!(format!("help_has_nothing_of_it_{name}"), desk.screen());
        desk.keys(&["backspace", "backspace"]);
        assert_eq!(desk.screen(), first);
        // Esc ends first the search and then the help.
        desk.keys(&["esc"]);
        assert_eq!(desk.screen(), whole);
        desk.keys(&["esc"]);
        assert!(!desk.shows("Help:"), "{}", desk.screen());
        // What was typed there went nowhere else.
        assert!(!desk.shows("inv"), "{}", desk.screen());
    }
}

#[test]
fn help_is_searched_in_every_preset() {
    for preset in ["readline", "emacs", "vim"] {
        let mut desk = Desk::alone((80, 24));
        desk.app.keymap = Keymap::with_own(&format!("preset = '{preset}'")).unwrap().0;
        desk.keys(&["f1"]);
        desk.write("/jump ");
        desk.paste("chat");
        assert!(
            desk.shows("Help: jump chat") && desk.shows("jump to a chat or a person"),
            "{preset}: {}",
            desk.screen()
        );
        assert!(!desk.shows("Everywhere"), "{preset}: it is told once: {}", desk.screen());
        for _ in 0.."jump chat".len() {
            desk.keys(&["backspace"]);
        }
        assert!(desk.shows("Help: (type a key or a word)"), "{preset}: {}", desk.screen());
        desk.keys(&["backspace"]);
        assert!(desk.shows("/ searches"), "{preset}: {}", desk.screen());
        desk.keys(&["ctrl-f"]);
        assert!(
            desk.shows("(type a key or a word)"),
            "{preset}: what finds elsewhere searches here: {}",
            desk.screen()
        );
        desk.keys(&["f1"]);
        assert!(!desk.shows("Help:"), "{preset}: {}", desk.screen());
    }
}

/// Alice has asked from her chat with bob to be let into a group; the engine says that she is in once `meanwhile` was
/// done.
fn let_in(size: (u16, u16), meanwhile: impl FnOnce(&mut Desk)) -> Desk {
    let mut desk = Desk::among_people(size);
    let bob = direct("bob");
    desk.open("bob", &[message(&bob, "bob", NOW, "come to the pumps")]);
    let group = GroupId::from_bits(7);
    let key = IdentityKey::from_bytes([1; 32]);
    let link = GroupLink { group, host: user("bob"), key, secret: LinkSecret::from_bytes([2; 16]) };
    desk.paste(&format!("/join {link}"));
    desk.keys(&["enter"]);
    let ticket = desk.commands().into_iter().find_map(|command| match command {
        Command::JoinByLink { ticket, .. } => Some(ticket),
        _ => None,
    });
    desk.update(Update::Agreed { ticket: ticket.expect("it is asked") });
    assert!(desk.shows("asked to be let in"), "{}", desk.screen());
    meanwhile(&mut desk);
    desk.update(group_of_pumps());
    desk.update(is_in());
    desk
}

fn group_of_pumps() -> Update {
    group(7, "pumps", "bob", Standing::Member, &["alice", "bob"])
}

fn is_in() -> Update {
    let name = GroupName::new("pumps").unwrap();
    Update::Notice(Notice::LetIn { group: GroupId::from_bits(7), name })
}

#[test]
fn whoever_still_waits_is_led_into_the_group() {
    for (size, name) in [((80, 24), "at_80"), ((40, 12), "at_40")] {
        let desk = let_in(size, |_| {});
        assert_snapshot!(format!("a_link_led_into_a_group_{name}"), desk.screen());
        let desk = let_in(size, |desk| desk.write("one moment"));
        assert_snapshot!(format!("a_link_let_in_somebody_who_writes_{name}"), desk.screen());
    }
    // A text that was written and taken back holds nobody up.
    let desk = let_in((80, 24), |desk| {
        desk.write("x");
        desk.keys(&["backspace"]);
    });
    assert!(desk.shows("you are in #pumps now"), "{}", desk.screen());
}

#[test]
fn whoever_has_moved_on_is_told_the_way() {
    type Moves = fn(&mut Desk);
    let moved: [(&str, Moves); 8] = [
        ("another chat", |desk| desk.open("carol", &[])),
        ("another chat and back", |desk| {
            desk.open("carol", &[]);
            desk.keys(&["alt-/"]);
        }),
        ("help", |desk| desk.keys(&["f1"])),
        ("a list", |desk| desk.keys(&["f4"])),
        ("a box", |desk| desk.keys(&["ctrl-k"])),
        ("a message is chosen", |desk| desk.keys(&["f6"])),
        ("words are looked for", |desk| desk.keys(&["ctrl-f"])),
        ("an answer is begun", |desk| desk.keys(&["f6", "r"])),
    ];
    for (what, meanwhile) in moved {
        let mut desk = let_in((80, 24), meanwhile);
        if desk.shows("Help:") {
            desk.keys(&["esc"]);
        }
        let words = "you were let into #pumps: Ctrl+K and its name lead there";
        assert!(desk.shows(words) && !desk.shows("you are in #pumps now"), "{what}: {}", desk.screen());
    }
    // Asked in an earlier session: nobody waits for it here.
    let mut desk = Desk::among_people((80, 24));
    desk.update(group_of_pumps());
    desk.update(is_in());
    assert!(desk.shows("you were let into #pumps: Ctrl+K"), "{}", desk.screen());
}
