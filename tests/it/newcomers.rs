//! What somebody meets who is new: the sign-up form, and how far it lets them go.

use cooee::tui::app::{Effect, Event, FieldName, SignError, Start};
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
            what: "the broker does not take the invite: it was used up, ended or taken back, or is from elsewhere"
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
