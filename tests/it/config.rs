//! Flags, environment and file, as the program takes them.

use std::path::Path;
use std::process::{Command, Output};

fn cooee(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cooee"));
    command.env_clear().env("HOME", home).env("XDG_CONFIG_HOME", home.join("etc"));
    command
}

/// The data directory that it looked into, which it names when no broker runs there.
fn looked_into(output: &Output) -> String {
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    stdout.trim_start_matches("No broker runs for ").trim_end().trim_end_matches('.').to_owned()
}

#[test]
fn flags_stand_before_or_after_the_command_and_beat_the_rest() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join("etc/cooee")).unwrap();
    std::fs::write(home.path().join("etc/cooee/config.toml"), "data_dir = \"/in/the/file\"").unwrap();
    let status = ["broker", "status"];
    let run = |command: &mut Command| looked_into(&command.output().unwrap());
    assert_eq!(run(cooee(home.path()).args(status)), "/in/the/file");
    let env = || {
        let mut command = cooee(home.path());
        command.env("COOEE_DATA_DIR", "/in/the/environment");
        command
    };
    assert_eq!(run(env().args(status)), "/in/the/environment");
    assert_eq!(run(env().args(["-d", "/before"]).args(status)), "/before");
    assert_eq!(run(env().args(status).args(["--data-dir", "/after"])), "/after");
    assert_eq!(run(env().args(["broker", "-d", "/between", "status"])), "/between");
}

#[test]
fn a_profile_counts_over_the_rest_of_the_file() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join("etc/cooee")).unwrap();
    let file = home.path().join("etc/cooee/config.toml");
    std::fs::write(&file, "data_dir = \"/home\"\n[profile.work]\ndata_dir = \"/work\"\n").unwrap();
    let run = |command: &mut Command| looked_into(&command.output().unwrap());
    let status = ["broker", "status"];
    assert_eq!(run(cooee(home.path()).args(status)), "/home");
    assert_eq!(run(cooee(home.path()).args(["-P", "work"]).args(status)), "/work");
    assert_eq!(run(cooee(home.path()).args(status).args(["--profile", "work"])), "/work");
    assert_eq!(run(cooee(home.path()).env("COOEE_PROFILE", "work").args(status)), "/work");
    let output = cooee(home.path()).args(["-P", "wrok", "config", "check"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("config.toml: there is no profile `wrok`; did you mean `work`?"), "{error}");
    // A broker that is started for a profile does not look for it in a file of its own.
    let place = home.path().join("work");
    std::fs::write(&file, format!("[profile.work]\ndata_dir = {:?}\n", place)).unwrap();
    let mut start = cooee(home.path());
    let output = start.env("COOEE_PROFILE", "work").args(["broker", "start"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let stopped = cooee(home.path()).args(["-P", "work", "broker", "stop"]).status().unwrap();
    assert!(stopped.success());
}

#[test]
fn a_mistake_is_named_with_its_place_and_exits_2() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("my.toml");
    std::fs::write(&file, "[broker]\nulr = \"builtin\"\n").unwrap();
    let told = |command: &mut Command| {
        let output = command.args(["broker", "status"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let error = told(cooee(home.path()).arg("-c").arg(&file));
    assert!(error.contains(file.to_str().unwrap()), "{error}");
    assert!(error.contains("line 2") && error.contains("did you mean `url`?"), "{error}");
    let error = told(cooee(home.path()).args(["-b", "mqtt://al:hush@lan"]));
    assert!(error.contains("list of processes") && !error.contains("hush"), "{error}");
    let error = told(cooee(home.path()).env("COOEE_USER", "Al\u{1b}[31m"));
    assert!(error.contains("COOEE_USER") && !error.contains('\u{1b}'), "{error}");
    told(cooee(home.path()).arg("--nonsense"));
}
