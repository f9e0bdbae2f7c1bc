//! The terminal is given back as it was, on every way out.

use rustix::process::Signal;
use vt100::{MouseProtocolEncoding, MouseProtocolMode};

use super::*;
use crate::support::terminal::{CTRL_Q, CTRL_Z};

/// On the first screen, with all modes set.
fn first_screen(world: &World) -> Terminal {
    let terminal = Launch::new(world.data_dir()).start();
    until_entered(&terminal);
    terminal
}

fn until_entered(terminal: &Terminal) {
    terminal.until("the first screen in its modes", |screen| {
        screen.contents().contains("User name:")
            && screen.alternate_screen()
            && screen.bracketed_paste()
            && screen.mouse_protocol_mode() == MouseProtocolMode::PressRelease
            && screen.mouse_protocol_encoding() == MouseProtocolEncoding::Sgr
    });
    assert!(!terminal.is_cooked(), "keys come one by one, without echo");
}

#[test]
fn leaving_restores_the_terminal() {
    let world = World::built_in();
    let mut alice = at_terminal(&world, "alice");
    alice.press(CTRL_Q);
    assert!(alice.until_ended().success());
    alice.check_restored();
}

#[test]
fn signals_that_end_it_restore_the_terminal() {
    let world = World::built_in();
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut terminal = first_screen(&world);
        terminal.signal(signal);
        terminal.until_ended();
        terminal.check_restored();
    }
}

#[test]
fn suspended_it_gives_the_terminal_back_for_a_while() {
    let world = World::built_in();
    let mut terminal = first_screen(&world);
    terminal.press("ali");
    terminal.until_says(&["User name: ali"]);
    for round in 1..=2 {
        terminal.press(CTRL_Z);
        terminal.until_stopped();
        terminal.until("the shell's screen", |screen| !screen.alternate_screen());
        terminal.check_restored();
        terminal.signal(Signal::CONT);
        until_entered(&terminal);
        terminal.press("!");
        terminal.until_says(&[&format!("User name: ali{}", "!".repeat(round))]);
    }
    // A shell's `kill -TSTP` means the same.
    terminal.signal(Signal::TSTP);
    terminal.until_stopped();
    terminal.until("the shell's screen", |screen| !screen.alternate_screen());
    terminal.check_restored();
    terminal.signal(Signal::CONT);
    until_entered(&terminal);
}

#[test]
fn an_xterm_sends_alt_as_all_others_do_and_is_as_it_was_afterwards() {
    let world = World::built_in();
    let mut alice = at_terminal(&world, "alice");
    let written = |terminal: &Terminal| String::from_utf8_lossy(&terminal.raw()).into_owned();
    let begun = written(&alice);
    let [kept, set] = ["\x1b[?1036;1039s", "\x1b[?1036;1039h"].map(|word| begun.find(word));
    assert!(kept.is_some() && kept < set, "{begun:?}");
    assert!(!begun.contains("\x1b[?1036;1039r"));
    alice.press(CTRL_Q);
    assert!(alice.until_ended().success());
    assert!(written(&alice).contains("\x1b[?1036;1039r"));
}
