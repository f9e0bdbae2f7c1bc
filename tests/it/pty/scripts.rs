//! Scripts and people at terminals, together.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::*;
use crate::support::PATIENCE;

/// A shell pipeline that runs beside the test; killed with all its parts when dropped.
struct Beside {
    shell: Child,
    lines: mpsc::Receiver<String>,
}

impl Beside {
    fn start(world: &World, script: &str) -> Self {
        use std::os::unix::process::CommandExt;
        let mut command = shell(world, script);
        let mut shell = command.stdout(Stdio::piped()).process_group(0).spawn().unwrap();
        let out = BufReader::new(shell.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { shell, lines }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_child(&self.shell);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.shell.wait();
    }
}

#[test]
fn a_pipeline_of_other_accounts_answers_a_person() {
    let world = World::built_in();
    sign_up(&world, "bob");
    sign_up(&world, "carol");
    let mut alice = at_terminal(&world, "alice");
    let _echo = Beside::start(
        &world,
        r#"cooee -u bob listen --json --count 1 | sed 's/.*"text":"\([^"]*\)".*/echo of \1/' |
           cooee -u carol send alice -"#,
    );
    alice.until_says(&["● bob"]);
    open_chat(&mut alice, "bob");
    alice.press("ping\r");
    alice.until("carol has written", |screen| counts_unread(screen, "carol", 1));
    alice.press("/msg carol\r");
    alice.until_says(&["echo of ping"]);
    run(&world, "seq -f 'row %g' 5 | cooee -u bob send alice - --lines");
    alice.press("/msg bob\r");
    let rows = ["row 1", "row 2", "row 3", "row 4", "row 5"];
    alice.until("all rows", |screen| once_in_order(&screen.contents(), &rows));
}

#[test]
fn scripts_of_the_same_account_join_its_session() {
    let world = World::built_in();
    let (mut alice, bob) = alice_and_bob(&world);
    // It joins the session that the terminal holds, and so does the broker's tick.
    run(&world, "echo 'from a script' | cooee -u alice send bob -");
    bob.until_says(&["from a script"]);
    alice.until("our own words", |screen| {
        screen.rows(0, 80).any(|row| row.contains("from a script") && row.contains('✓'))
    });
    let listener = Beside::start(&world, "cooee -u alice listen --json");
    // Nothing shows when it has joined: what is written before that it does not print.
    let deadline = Instant::now() + PATIENCE;
    let mut said = 0;
    let line = loop {
        said += 1;
        alice.press(&format!("tick {said}\r"));
        match listener.lines.recv_timeout(Duration::from_millis(200)) {
            Ok(line) => break line,
            Err(_) => assert!(Instant::now() < deadline, "it prints nothing"),
        }
    };
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&json["conversation"], &json["own"]), (&"@bob".into(), &true.into()), "{line}");
    let heard = json["text"].as_str().and_then(|text| text.strip_prefix("tick ")).unwrap();
    assert!((1..=said).contains(&heard.parse().unwrap()), "{line}");
    bob.until_says(&[&format!("tick {said}")]);
}
