//! Somebody dies while the log of chats is written.

use super::*;

#[test]
fn each_line_stands_in_the_log_once_wherever_its_writer_is_killed() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let (log, config) = (here.join("log"), here.join("config.toml"));
    std::fs::write(&config, format!("[log]\nhistory = {:?}\n", log)).unwrap();
    let config = config.to_str().unwrap();
    let send = |text: &str| ["-c", config, "-u", "alice", "send", "bob", text].map(str::to_owned);
    let mut said = Vec::new();
    // The second of them first writes what the first one left.
    let deaths = [Death("log: kept", 1), Death("log: written", 2), Death("log: kept", 1)];
    for (n, death) in deaths.into_iter().enumerate() {
        let text = format!("line {n}");
        let arguments = send(&text);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let done = death.of(cooee(here, &arguments)).output().unwrap();
        death.check(done.status, str::from_utf8(&done.stderr).unwrap());
        said.push(text);
        // What was torn in the middle is completed.
        let file = log.join("alice/bob.log");
        let torn = std::fs::read(&file).unwrap_or_default();
        if death.0 == "log: written" {
            std::fs::write(&file, &torn[..torn.len() - 3]).unwrap();
        }
    }
    ok(here, &["-c", config, "-u", "alice", "listen", "--timeout", "1"]);
    let text = std::fs::read_to_string(log.join("alice/bob.log")).unwrap();
    let lines: Vec<&str> = text.lines().map(|line| line.split_once("<alice> ").unwrap().1).collect();
    assert_eq!(lines, said);
    assert!(ok(here, &["-c", config, "config", "show"]).contains("# What is said is logged in clear"));
}
