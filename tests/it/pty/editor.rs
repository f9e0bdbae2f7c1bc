//! Drafts: in the person's own editor, and over the end of Cooee.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use cooee::store::Store;
use rustix::process::Signal;

use super::*;
use crate::support::PATIENCE;
use crate::support::world::data_key;

/// An editor that is a shell script, as a program of its own.
fn editor(world: &World, script: &str) -> String {
    let path = world.data_dir().join("an editor");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    format!("'{}' --wait", path.display())
}

/// Reads keys up to a dot into the file, as a full-screen program, and leaves the terminal as it likes.
const FULL_SCREEN: &str = r#"
[ "$1" = --wait ] || exit 9
stty raw -echo
printf '\033[?1049h\033[2J\033[HEDITING %s' "$(cat "$2")"
typed=
while key=$(dd bs=1 count=1 2>/dev/null) && [ "$key" != . ]; do typed="$typed$key"; done
printf '%s and %s\n' "$(cat "$2")" "$typed" > "$2"
printf '\033[?1003h'
"#;

fn alice_with(world: &World, visual: &str) -> Terminal {
    sign_up(world, "bob");
    sign_up(world, "alice");
    let mut alice = sign_in(Launch::new(world.data_dir()).env("VISUAL", visual), "alice");
    alice.until_says(&["○ bob"]);
    alice.press(&format!("/msg bob{ENTER}"));
    alice.until_says(&["Write to bob"]);
    alice
}

/// Drafts that lie about in the account's directory.
fn drafts(world: &World) -> usize {
    let files = fs::read_dir(world.data_dir().join("accounts/alice")).unwrap();
    files.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains("draft")).count()
}

#[test]
fn a_draft_goes_to_the_editor_and_comes_back_unsent_while_messages_come_in() {
    let world = World::built_in();
    let visual = editor(&world, FULL_SCREEN);
    let mut alice = alice_with(&world, &visual);
    alice.press("the pump");
    alice.until_says(&["the pump"]);
    alice.press("\x0f");
    alice.until_says(&["EDITING the pump"]);
    alice.until("our modes are off", |screen| !screen.bracketed_paste());
    assert_eq!(drafts(&world), 1);
    // More than the engine lets a front end fall behind.
    run(
        &world,
        "seq -f 'row %g.' 1500 | cooee -u bob send alice - --lines --wait delivered --timeout 60s",
    );
    assert!(alice.contents().contains("EDITING"), "nothing is drawn over the editor");
    let raw = String::from_utf8_lossy(&alice.raw()).into_owned();
    let (_, since) = raw.split_once("EDITING").unwrap();
    assert!(!since.contains('\x1b'), "no call and no title in the midst of what it writes: {since:?}");
    alice.resize(100, 30);
    alice.press("\x03valve.");
    alice.until_says(&["the pump and valve", "row 1500."]);
    alice.until("our modes are on", |screen| {
        screen.bracketed_paste()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::PressRelease
    });
    let raw = String::from_utf8_lossy(&alice.raw()).into_owned();
    let title = raw.rsplit_once("\x1b]0;").unwrap().1;
    assert!(title.starts_with("alice - cooee\x07"), "the title is ours again: {title:?}");
    let last = alice.look(|screen| screen.rows(0, u16::MAX).nth(29)).unwrap();
    assert!(last.contains("F1 help"), "it has the size that the window got meanwhile: {last}");
    assert_eq!(drafts(&world), 0);
    alice.press(" again");
    alice.until_says(&["the pump and valve again"]);
    assert_eq!(run(&world, "cooee -u alice history bob --json | grep -c valve || true").trim(), "0");
    alice.press(ENTER);
    alice.until("it is sent", |screen| screen.contents().contains("Write to bob"));
    alice.press("\x11");
    assert!(alice.until_ended().success());
    alice.check_restored();
}

#[test]
fn an_editor_that_fails_or_is_not_there_changes_nothing() {
    let world = World::built_in();
    let visual = editor(&world, "echo lost > \"$2\"; exit 3");
    let mut alice = alice_with(&world, &visual);
    alice.press("precious\x0f");
    alice
        .until_says(&["› precious", "the editor `an editor` ended with code 3; your text is as it was"]);
    assert_eq!(drafts(&world), 0);
    alice.quit();
    let mut alice = sign_in(Launch::new(world.data_dir()).env("EDITOR", "no-such-editor"), "alice");
    alice.press("/editor\r");
    alice.until_says(&["there is no editor `no-such-editor` (EDITOR): set VISUAL or"]);
    assert_eq!(drafts(&world), 0);
    alice.quit();
}

#[test]
fn who_is_ended_while_an_editor_has_the_terminal_takes_it_along() {
    let world = World::built_in();
    let visual = editor(&world, FULL_SCREEN);
    let mut alice = alice_with(&world, &visual);
    alice.press("\x0f");
    alice.until_says(&["EDITING"]);
    alice.signal(Signal::TERM);
    alice.until_ended();
    alice.check_restored();
    assert_eq!(drafts(&world), 0);
}

#[test]
fn ctrl_z_in_an_editor_stops_both() {
    let world = World::built_in();
    let visual =
        editor(&world, "printf 'EDITING\\n'; kill -TSTP 0; printf 'GOES ON\\n'; echo done > \"$2\"");
    let mut alice = alice_with(&world, &visual);
    alice.press("\x0f");
    alice.until_says(&["EDITING"]);
    alice.until_stopped();
    // As the shell's `fg` does: the whole group.
    let group = rustix::process::getpgid(Some(alice.pid())).unwrap();
    rustix::process::kill_process_group(group, Signal::CONT).unwrap();
    alice.until_says(&["› done"]);
    alice.quit();
}

/// Waits until a draft of alice's is in her history; nothing on the screen says so.
fn until_kept(world: &World, text: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let path = world.data_dir().join("accounts/alice/chat.db");
        let store = Store::open(&path, &data_key(world.data_dir(), "alice")).unwrap();
        let deadline = Instant::now() + PATIENCE;
        while !store.load().await.unwrap().drafts.iter().any(|(_, kept)| kept == text) {
            assert!(Instant::now() < deadline, "the draft was not kept");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        store.close().await.unwrap();
    });
}

#[test]
fn a_draft_outlives_cooee_however_that_ends() {
    let world = World::built_in();
    sign_up(&world, "carol");
    let mut alice = alice_with(&world, "vi");
    alice.press("for bob");
    alice.until_says(&["› for bob"]);
    alice.press("\x0e");
    alice.until_says(&["Write to carol"]);
    alice.press("for carol");
    alice.until_says(&["› for carol"]);
    alice.quit();
    let mut alice = sign_in(Launch::new(world.data_dir()), "alice");
    alice.until("both lists say so", |screen| screen.contents().matches("draft").count() == 2);
    alice.press(&format!("/msg bob{ENTER}"));
    alice.until_says(&["› for bob"]);
    alice.press(ENTER);
    alice.until_says(&["Write to bob"]);
    alice.press(&format!("/msg carol{ENTER}"));
    alice.until_says(&["› for carol"]);
    alice.press(" and more");
    alice.until_says(&["› for carol and more"]);
    until_kept(&world, "for carol and more");
    alice.kill();
    let mut alice = sign_in(Launch::new(world.data_dir()), "alice");
    alice.until("what was sent is no draft any more", |screen| {
        screen.contents().matches("draft").count() == 1
    });
    alice.press(&format!("/msg carol{ENTER}"));
    alice.until_says(&["› for carol and more"]);
    alice.quit();
}
