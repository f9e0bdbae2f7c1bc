//! Somebody reads, and their messenger dies as it tells so.

use super::*;
use crate::support::terminal::{ENTER, Launch, Terminal};

fn open_chat_with_alice(launch: Launch) -> Terminal {
    let mut bob = launch.user("bob").start();
    bob.until_says(&["bob ●", "connected"]);
    bob.press(&format!("/msg alice{ENTER}"));
    bob
}

#[test]
fn what_was_seen_is_told_once_it_is_seen_again() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let deaths = [Death("seen: before it is stored", 1), Death("seen: stored", 1)];
    for death in deaths {
        let mut send = cooee(here, &["-u", "alice", "send", "bob", "-", "--lines", "--wait", "read"]);
        let mut alice = Listener::spawn(send.args(["--timeout", "30"]).stdin(Stdio::piped()));
        let mut pipe = alice.child.stdin.take().unwrap();
        pipe.write_all((death.lines(3).join("\n") + "\n").as_bytes()).unwrap();
        drop(pipe);

        let launch = Launch::new(here).env("FAILPOINTS", &death.failpoints());
        let mut bob = open_chat_with_alice(launch);
        let status = bob.until_ended();
        assert_eq!(status.signal(), Some("Aborted"), "{}: {status}", death.0);
        let said = String::from_utf8_lossy(&bob.raw()).contains(&format!("killed at: {}", death.0));
        assert!(said, "{}: it died there", death.0);

        let bob = open_chat_with_alice(Launch::new(here));
        assert_eq!(alice.end(), (Some(0), String::new()), "{}: all is read", death.0);
        bob.quit();
    }
    let sent: Vec<String> = deaths.iter().flat_map(|death| death.lines(3)).collect();
    assert_eq!(told(here, "alice", "bob"), sent);
    let all = history(here, "alice", "bob");
    assert!(each(&all, "delivery").iter().all(|delivery| *delivery == "read"));
}
