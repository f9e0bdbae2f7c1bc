//! A sender dies on the way from storing to the last receipt.

use super::*;

/// How many lines each of them has to send: more than are published at once.
const LINES: usize = 20;

/// What is known to be stored when the process dies there.
enum Stored {
    Exactly(usize),
    AtLeast(usize),
}

use Stored::{AtLeast, Exactly};

const DEATHS: &[(Death, Stored)] = &[
    (Death("send: before it is stored", 1), Exactly(0)),
    (Death("send: before it is stored", 7), Exactly(6)),
    (Death("send: before it is stored", 20), Exactly(19)),
    (Death("send: stored", 1), Exactly(1)),
    (Death("send: stored", 7), Exactly(7)),
    (Death("send: stored", 20), Exactly(20)),
    (Death("send: handed over", 1), AtLeast(1)),
    (Death("send: handed over", 16), AtLeast(16)),
    (Death("send: handed over", 20), AtLeast(20)),
    // Its presence is published first.
    (Death("send: published", 1), AtLeast(0)),
    (Death("send: published", 5), AtLeast(1)),
    (Death("send: published", 20), AtLeast(16)),
    (Death("send: taken by the broker", 1), AtLeast(1)),
    (Death("send: taken by the broker", 2), AtLeast(2)),
    (Death("send: noted as taken", 1), AtLeast(1)),
    (Death("send: noted as taken", 2), AtLeast(2)),
    // What comes to a sender are the receipts.
    (Death("receive: before it is stored", 1), AtLeast(1)),
    (Death("receive: stored", 1), AtLeast(1)),
    (Death("receive: told to acknowledge", 1), AtLeast(1)),
    (Death("receive: acknowledged", 1), AtLeast(1)),
];

#[test]
fn what_a_sender_stored_arrives_once_wherever_it_is_killed() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let bob = Listener::start(here, "bob", &["--json"]);
    until("bob is online", || has_row(here, "Online.csv", "bob"));
    let send = ["-u", "alice", "send", "bob", "-", "--lines", "--wait", "delivered", "--json"];
    let mut confirmed = Vec::new();
    for (death, _) in DEATHS {
        let mut alice = death.of(cooee(here, &send)).stdin(Stdio::piped()).spawn().unwrap();
        // The pipe stays open: it has more to send when it dies.
        let mut pipe = alice.stdin.take().unwrap();
        let lines = death.lines(LINES).join("\n") + "\n";
        // It may be dead before it has read everything.
        let _ = pipe.write_all(lines.as_bytes());
        let done = alice.wait_with_output().unwrap();
        death.check(done.status, str::from_utf8(&done.stderr).unwrap());
        let said = json(str::from_utf8(&done.stdout).unwrap());
        confirmed.extend(each(&said, "text").into_iter().map(str::to_owned));

        let after = format!("{}, after that", death.0);
        ok(here, &["-u", "alice", "send", "bob", &after, "--wait", "delivered", "--timeout", "30"]);
    }
    let texts = told(here, "alice", "bob");
    let mut rest = &texts[..];
    for (death, stored) in DEATHS {
        let came = rest.iter().position(|text| text.ends_with("after that")).unwrap();
        assert_eq!(rest[..came], death.lines(came), "from the first on, without a gap");
        match *stored {
            Exactly(count) => assert_eq!(came, count, "{}", death.0),
            AtLeast(count) => assert!(came >= count, "{}: {came}", death.0),
        }
        rest = &rest[came + 1..];
    }
    assert!(rest.is_empty());
    assert!(confirmed.iter().all(|text| texts.contains(text)), "what was said to be delivered is there");
    // Bob's process lived through all of it.
    let heard: Vec<String> = texts.iter().map(|_| bob.line()).collect();
    assert_eq!(each(&json(&heard.join("\n")), "text"), texts);
    bob.signal(Signal::TERM);
    assert_eq!(bob.end(), (Some(130), String::new()));
}
