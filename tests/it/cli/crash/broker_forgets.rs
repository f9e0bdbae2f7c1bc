//! The broker lost what it had taken, and the sender dies as it sends that again.

use super::*;

const DEATHS: &[(&str, Death)] = &[
    ("alice", Death("again: counted", 1)),
    ("carol", Death("again: handed over", 1)),
    ("dave", Death("again: handed over", 6)),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_broker_forgot_arrives_once_although_the_sender_is_killed_again() {
    let mut world = world_of(&["alice", "bob", "carol", "dave"]);
    for (user, death) in DEATHS {
        let lines = death.lines(10).join("\n");
        let done = feed(world.data_dir(), &["-u", user, "send", "bob", "-", "--lines"], &lines);
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "the broker has them");
    }
    world.kill_broker();
    world.wipe_broker().await;
    let here = world.data_dir();
    let bob = Listener::start(here, "bob", &[]);
    let listen = |user| cooee(here, &["-u", user, "listen"]);
    let dying: Vec<_> =
        DEATHS.iter().map(|(user, death)| Listener::spawn(&mut death.of(listen(user)))).collect();
    for (listener, (_, death)) in dying.into_iter().zip(DEATHS) {
        let (status, said) = listener.status();
        // They had to wait for the broker, and may say so.
        death.check(status, said.lines().last().map(|line| format!("{line}\n")).as_deref().unwrap());
    }
    let living: Vec<_> = DEATHS.iter().map(|(user, _)| Listener::start(here, user, &[])).collect();
    for (user, death) in DEATHS {
        until("all is delivered", || {
            let theirs = history(here, user, "bob");
            theirs.iter().all(|message| message["delivery"] == "delivered")
        });
        assert_eq!(told(here, user, "bob"), death.lines(10));
    }
    drop((bob, living));
}
