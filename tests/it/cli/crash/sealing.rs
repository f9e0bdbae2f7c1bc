//! A sender dies between sealing what waited for keys and sending it.

use super::*;

#[test]
fn what_waited_for_keys_arrives_once_wherever_its_sender_is_killed() {
    let world = world_of(&["alice"]);
    let here = world.data_dir();
    // Somebody who was written into the file by hand, and has not signed up.
    let file = here.join("Registration.csv");
    let before = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{before}bob,1,,,\n")).unwrap();
    let lines: Vec<String> = (1..=3).map(|n| format!("line {n}")).collect();
    for line in &lines {
        let done = run(here, &["-u", "alice", "send", "bob", line, "--timeout", "1"]);
        assert_eq!(done.code, Some(5), "{done:?}");
    }
    ok(here, &["sign-up", "bob"]);
    for death in
        [Death("send: before it is sealed", 1), Death("send: sealed", 1), Death("send: handed over", 2)]
    {
        let listen = ["-u", "alice", "listen", "--timeout", "30"];
        let done = death.of(cooee(here, &listen)).output().unwrap();
        death.check(done.status, str::from_utf8(&done.stderr).unwrap());
    }
    let bob = Listener::start(here, "bob", &["--json"]);
    let _alice = Listener::start(here, "alice", &[]);
    let heard: Vec<String> = lines.iter().map(|_| bob.line()).collect();
    assert_eq!(each(&json(&heard.join("\n")), "text"), lines);
    until("all is delivered", || {
        let ours = history(here, "alice", "bob");
        each(&ours, "delivery").iter().all(|delivery| *delivery == "delivered")
    });
    assert_eq!(told(here, "alice", "bob"), lines);
}
