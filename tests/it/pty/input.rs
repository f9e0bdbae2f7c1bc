//! Pastes and the mouse.

use super::*;

/// What somebody has sent and got in a conversation, as JSON.
fn history(world: &World, user: &str, with: &str) -> Vec<serde_json::Value> {
    let lines = run(world, &format!("cooee -u {user} history {with} --json"));
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_paste_of_500_lines_is_sent_by_enter_alone() {
    let world = World::built_in();
    let (mut alice, bob) = alice_and_bob(&world);
    let lines: Vec<String> = (1..=500).map(|n| format!("line {n}")).collect();
    alice.press(&format!("\x1b[200~{}\x1b[201~", lines.join("\r")));
    alice.until_says(&["Insert 500 lines (5 KiB) into the text?"]);
    alice.press("y");
    alice.until_says(&["line 500"]);
    alice.press("!");
    alice.until_says(&["line 500!"]);
    assert_eq!(history(&world, "alice", "bob").len(), 0);
    alice.press(ENTER);
    bob.until_says(&["line 500!"]);
    let sent = history(&world, "alice", "bob");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["text"], format!("{}!", lines.join("\n")));
}

#[test]
fn lines_that_come_at_once_from_a_terminal_that_marks_no_pastes_are_not_sent() {
    let world = World::built_in();
    let (mut alice, bob) = alice_and_bob(&world);
    alice.press("one\rtwo\rthree\r");
    alice.until_says(&["› one", "two", "three", "taken for a paste: none is sent"]);
    assert_eq!(history(&world, "alice", "bob").len(), 0);
    alice.press(ENTER);
    bob.until_says(&["three"]);
    let sent = history(&world, "alice", "bob");
    assert_eq!((sent.len(), &sent[0]["text"]), (1, &"one\ntwo\nthree".into()));
}

#[test]
fn a_paste_without_end_swallows_nothing_and_sends_nothing() {
    let world = World::built_in();
    let (mut alice, bob) = alice_and_bob(&world);
    alice.press("\x1b[200~begun\rnever ended");
    alice.until_says(&["begun", "never ended"]);
    // The rest of it may still come, late and with line breaks: it is not sent either.
    alice.press("\rits tail\r");
    alice.until_says(&["its tail"]);
    assert_eq!(history(&world, "alice", "bob").len(), 0);
    let mut typed = "its tail".to_owned();
    for c in " by hand!".chars() {
        alice.press(&c.to_string());
        typed.push(c);
        alice.until_says(&[typed.trim_end()]);
    }
    alice.press(ENTER);
    bob.until_says(&["its tail by hand!"]);
    let sent = history(&world, "alice", "bob");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["text"], "begun\nnever ended\nits tail by hand!");
}

/// A click of the left button on a cell, counted from 0.
fn click(terminal: &mut Terminal, column: usize, row: usize) {
    let (x, y) = (column + 1, row + 1);
    terminal.press(&format!("\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m"));
}

#[test]
fn a_click_selects_and_the_wheel_scrolls() {
    let world = World::built_in();
    sign_up(&world, "bob");
    sign_up(&world, "carol");
    let mut alice = at_terminal(&world, "alice");
    run(&world, "seq -f 'row %g.' 60 | cooee -u bob send alice - --lines");
    alice.until_says(&["bob", "carol", "60 │"]);
    let carol = alice.row_of("carol").unwrap();
    click(&mut alice, 5, carol);
    alice.until_says(&[" carol ○ "]);
    let bob = alice.row_of(" bob ").unwrap();
    click(&mut alice, 5, bob);
    alice.until_says(&[" bob ○ "]);
    alice.press("\x1b[1;3F");
    alice.until_says(&["row 60."]);
    for _ in 0..5 {
        alice.press("\x1b[<64;40;10M");
    }
    alice.until("older rows", |screen| {
        let contents = screen.contents();
        contents.contains("row 45.") && contents.contains("row 32.") && !contents.contains("row 46.")
    });
    for _ in 0..5 {
        alice.press("\x1b[<65;40;10M");
    }
    alice.until_says(&["row 60."]);
}

#[test]
fn what_is_copied_goes_to_the_clipboard_of_the_terminal() {
    let world = World::built_in();
    let mut alice = at_terminal(&world, "alice");
    alice.press("the pump");
    alice.until_says(&["the pump"]);
    let before = alice.raw().len();
    alice.press("\x1b[1;6D\x1bw");
    alice.until_raw("OSC 52 with the word", before, |raw| {
        String::from_utf8_lossy(raw).contains("\x1b]52;c;cHVtcA==\x07")
    });
    alice.quit();
}

#[test]
fn own_keys_count_and_what_is_wrong_with_them_is_said() {
    let world = World::built_in();
    sign_up(&world, "alice");
    let (config, keymap) = (world.data_dir().join("config.toml"), world.data_dir().join("keymap.toml"));
    std::fs::write(&config, "").unwrap();
    std::fs::write(&keymap, "preset = \"emacs\"\n[global]\njump = [\"ctrl-t\"]\nquitt = [\"f12\"]\n")
        .unwrap();
    let launch = Launch::new(world.data_dir()).arguments(&["--config", config.to_str().unwrap()]);
    let mut alice = sign_in(launch, "alice");
    alice.until_says(&["line 4:", "did you mean `quit`?"]);
    alice.press("\x1b");
    alice.until("it is read", |screen| !screen.contents().contains("line 4:"));
    alice.press("ab\x02c");
    alice.until_says(&["› acb", "Ctrl+T jump"]);
    alice.press("\x14");
    alice.until_says(&["Jump to"]);
    alice.press("\x07");
    alice.until("Ctrl+G backs out", |screen| !screen.contents().contains("Jump to"));
    alice.quit();
}
