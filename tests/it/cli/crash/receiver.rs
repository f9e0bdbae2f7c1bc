//! A receiver dies on the way from a letter to its receipt.

use super::*;

/// Most lines that are sent until it has died; each is one more time at each point.
const LINES: usize = 12;

/// Lines that are sent while it is dead.
const MEANWHILE: usize = 5;

const DEATHS: &[Death] = &[
    Death("receive: before it is stored", 1),
    Death("receive: before it is stored", 3),
    Death("receive: stored", 1),
    Death("receive: stored", 3),
    Death("receive: told to acknowledge", 1),
    Death("receive: told to acknowledge", 3),
    Death("receive: acknowledged", 1),
    Death("receive: acknowledged", 3),
    // What a receiver sends are the receipts.
    Death("send: handed over", 1),
    Death("send: handed over", 3),
    // Its presence is published first.
    Death("send: published", 1),
    Death("send: published", 4),
    Death("send: taken by the broker", 1),
    Death("send: taken by the broker", 3),
    Death("send: noted as taken", 1),
    Death("send: noted as taken", 3),
];

#[test]
fn what_was_sent_arrives_once_wherever_the_receiver_is_killed() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let mut sent = Vec::new();
    for death in DEATHS {
        let mut bob = Listener::spawn(&mut death.of(cooee(here, &["-u", "bob", "listen"])));
        let mut send =
            cooee(here, &["-u", "alice", "send", "bob", "-", "--lines", "--wait", "delivered"]);
        send.args(["--timeout", "30", "--json"]).stdin(Stdio::piped());
        let mut alice = Listener::spawn(&mut send);
        let mut pipe = alice.child.stdin.take().unwrap();
        let mut lines = death.lines(LINES + MEANWHILE).into_iter();
        let mut say = |pipe: &mut std::process::ChildStdin| {
            let line = lines.next().expect("it dies before that");
            writeln!(pipe, "{line}").unwrap();
            sent.push(line);
        };
        // One by one, so that each comes by itself.
        let is_dead = |bob: &mut Listener| bob.child.try_wait().unwrap().is_some();
        let mut confirmed = 0;
        for said in 1..=LINES {
            say(&mut pipe);
            until("it is confirmed, or bob is dead", || {
                confirmed += alice.lines.try_iter().count();
                confirmed == said || is_dead(&mut bob)
            });
            if is_dead(&mut bob) {
                break;
            }
        }
        let (status, said) = bob.status();
        death.check(status, &said);
        (0..MEANWHILE).for_each(|_| say(&mut pipe));
        drop(pipe);

        let bob = Listener::start(here, "bob", &[]);
        assert_eq!(alice.end(), (Some(0), String::new()), "{}: all is delivered", death.0);
        bob.signal(Signal::TERM);
        assert_eq!(bob.end(), (Some(130), String::new()));
    }
    assert_eq!(told(here, "alice", "bob"), sent);
}

#[test]
fn what_is_not_stored_is_not_acknowledged() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let mut sent = Vec::new();
    for death in DEATHS.iter().filter(|death| death.0.starts_with("receive") && death.1 == 1) {
        // She is gone when he comes: nobody but the broker can bring it again.
        let lines = death.lines(5);
        let done = feed(here, &["-u", "alice", "send", "bob", "-", "--lines"], &lines.join("\n"));
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
        sent.extend(lines);
        let (status, said) =
            Listener::spawn(&mut death.of(cooee(here, &["-u", "bob", "listen"]))).status();
        death.check(status, &said);
        let _bob = Listener::start(here, "bob", &[]);
        until("all came", || history(here, "bob", "alice").len() >= sent.len());
    }
    assert_eq!(each(&history(here, "bob", "alice"), "text"), sent);
}
