//! The keymap of the program, against what the design says.

use cooee::tui::app::{Action, Context, Keymap};
use crokey::{KeyCombination, OneToThree};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

fn key(text: &str) -> KeyEvent {
    let combination: KeyCombination = text.parse().unwrap();
    let OneToThree::One(code) = combination.codes else { panic!("{text} is not one key") };
    KeyEvent::new(code, combination.modifiers)
}

fn keymap() -> Keymap {
    Keymap::built_in().unwrap()
}

#[test]
fn every_key_of_the_design_that_is_built_does_what_it_says() {
    use Action::*;
    let keymap = keymap();
    let bound = [
        ("enter", Send),
        ("alt-enter", NewLine),
        ("shift-enter", NewLine),
        ("ctrl-j", NewLine),
        ("tab", NextPane),
        ("backtab", PreviousPane),
        ("f1", Help),
        ("f2", ShowContacts),
        ("f3", ShowOnline),
        ("f4", ShowGroups),
        ("f5", ShowConversation),
        ("ctrl-n", NextChat),
        ("ctrl-p", PreviousChat),
        ("alt-down", NextChat),
        ("alt-up", PreviousChat),
        ("alt-1", Tab1),
        ("alt-9", Tab9),
        ("alt-left", PreviousTab),
        ("alt-right", NextTab),
        ("alt-a", NextUnread),
        ("alt-/", LastChat),
        ("alt-shift-u", MarkUnread),
        ("ctrl-f", Find),
        ("ctrl-k", Jump),
        ("pageup", PageUp),
        ("pagedown", PageDown),
        ("alt-home", Oldest),
        ("alt-end", Newest),
        ("alt-u", UnreadLine),
        ("f6", ChooseMessage),
        ("f8", ConnectNow),
        ("ctrl-l", Redraw),
        ("ctrl-z", Suspend),
        ("ctrl-q", Quit),
        ("ctrl-c", Interrupt),
        ("esc", Back),
    ];
    for (text, action) in bound {
        assert_eq!(keymap.action(Context::Composer, key(text)), Some(action), "{text}");
    }
}

#[test]
fn a_chosen_message_has_the_keys_of_the_design() {
    use Action::*;
    let keymap = keymap();
    let bound = [
        ("j", Down),
        ("k", Up),
        ("g", First),
        ("shift-g", Last),
        ("i", Info),
        ("n", OlderHit),
        ("shift-n", NewerHit),
        ("enter", Write),
        ("esc", Back),
    ];
    for (text, action) in bound {
        assert_eq!(keymap.action(Context::Messages, key(text)), Some(action), "{text}");
    }
}

#[test]
fn keys_that_are_the_bytes_of_others_mean_what_those_mean() {
    let keymap = keymap();
    let twins = [("ctrl-h", KeyCode::Backspace), ("ctrl-i", KeyCode::Tab), ("ctrl-m", KeyCode::Enter)];
    for &context in Context::ALL {
        for (text, code) in twins {
            let plain = KeyEvent::new(code, KeyModifiers::NONE);
            assert_eq!(
                keymap.action(context, key(text)),
                keymap.action(context, plain),
                "{text} in {context:?}"
            );
        }
    }
}

#[test]
fn every_action_has_a_key_and_every_hint_of_the_footer_too() {
    let (keymap, vim) = (keymap(), Keymap::with_own("preset = 'vim'").unwrap().0);
    let bound =
        |action| Context::ALL.iter().any(|&c| keymap.bindings(c).iter().any(|b| b.action == action));
    for &action in Action::ALL {
        let in_vim = Context::ALL.iter().any(|&c| vim.bindings(c).iter().any(|b| b.action == action));
        assert!(bound(action) || in_vim, "{} has no key", action.name());
    }
    for &context in Context::ALL.iter().filter(|&&c| c != Context::Global && c != Context::Text) {
        assert!(vim.footer(context).count() >= 2, "{context:?} has no footer");
    }
}

#[test]
fn keys_that_write_text_are_never_bound_where_text_is_written() {
    let keymap = keymap();
    for context in [Context::Composer, Context::Find, Context::FindAll, Context::Choice, Context::Form] {
        for c in (' '..='~').chain(['é', '水']) {
            let typed = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
            assert_eq!(keymap.action(context, typed), None, "{c:?} in {context:?}");
        }
    }
}
