//! `cooee send --file` and `cooee save`.

use std::fs;

use super::*;

#[test]
fn a_file_goes_from_one_shell_to_another() {
    let world = World::built_in();
    let dir = world.data_dir();
    for user in ["ann", "ben"] {
        assert_eq!(run(dir, &["sign-up", user]).code, Some(0));
    }
    let plan = "valve 3 first\n".repeat(5_000);
    fs::write(dir.join("the plan.txt"), &plan).unwrap();
    let source = dir.join("the plan.txt").display().to_string();
    // It is there for ben as long as it is waited for.
    let to_ben =
        ["-u", "ann", "send", "ben", "--file", &source, "--wait", "fetched", "--timeout", "60s"];
    let sending = cooee(dir, &to_ben).spawn().unwrap();
    let heard = run(dir, &["-u", "ben", "listen", "--json", "--count", "1", "--timeout", "60s"]);
    let message: Value = serde_json::from_str(&heard.out).expect(&heard.err);
    assert_eq!(
        (&message["text"], &message["file"]["name"]),
        (&"the plan.txt".into(), &"the plan.txt".into())
    );
    assert_eq!(message["file"]["size"], plan.len());
    assert_eq!(message["file"]["sha256"].as_str().map(str::len), Some(64));
    let to = dir.join("got.txt").display().to_string();
    let saved = run(dir, &["-u", "ben", "save", "ann", &to, "--timeout", "60s"]);
    assert_eq!((saved.code, saved.out.trim()), (Some(0), to.as_str()), "{saved:?}");
    assert_eq!(fs::read_to_string(&to).unwrap(), plan);
    let sent = Done::of(sending.wait_with_output().unwrap());
    assert_eq!((sent.code, sent.err.as_str()), (Some(0), ""));

    // It is here now: nobody has to be online. Nothing is written over.
    let id = message["id"].as_str().unwrap();
    let again = run(dir, &["-u", "ben", "save", id, "--json"]);
    let record: Value = serde_json::from_str(&again.out).expect(&again.err);
    assert_eq!(record["path"], dir.join("downloads/the plan.txt").display().to_string());
    let over = run(dir, &["-u", "ben", "save", id, &to]);
    assert_eq!(over.code, Some(1));
    assert!(over.err.contains("is there already"), "{}", over.err);
    let history = run(dir, &["-u", "ben", "history", "ann"]);
    assert!(history.out.contains("ann: [file, 70 kB] the plan.txt"), "{}", history.out);

    // Whoever does not wait is told what that means.
    let quick = run(dir, &["-u", "ann", "send", "ben", "--file", &source, "look", "at", "this"]);
    assert_eq!(quick.code, Some(0), "{quick:?}");
    assert!(quick.err.contains("they can fetch it while Cooee runs"), "{}", quick.err);
    let late = run(
        dir,
        &["-u", "ann", "send", "ben", "--file", &source, "--wait", "fetched", "--timeout", "2s"],
    );
    assert_eq!(late.code, Some(5), "{late:?}");
    for (arguments, code, why) in [
        (&["send", "ben", "--file", "/no/such"][..], 1, "cannot read /no/such"),
        (&["send", "ben", "hello", "--wait", "fetched"], 2, "--wait fetched is for files"),
        (&["save", "ben"], 1, "nobody sent a file there"),
    ] {
        let done = run(dir, &[&["-u", "ann"], arguments].concat());
        assert!(done.code == Some(code) && done.err.contains(why), "{done:?}");
    }
}

#[test]
fn a_save_is_answered_by_what_became_of_it_and_by_nothing_else() {
    let world = World::built_in();
    let dir = world.data_dir();
    for user in ["ann", "ben"] {
        assert_eq!(run(dir, &["sign-up", user]).code, Some(0));
    }
    fs::write(dir.join("ours.txt"), "ours").unwrap();
    fs::write(dir.join("theirs.txt"), "theirs").unwrap();
    let send = |from: &str, to: &str, name: &str| {
        let path = dir.join(name).display().to_string();
        let sent = run(dir, &["-u", from, "send", to, "--file", &path, "--json"]);
        let record: Value = serde_json::from_str(sent.out.trim()).expect(&sent.err);
        record["id"].as_str().unwrap().to_owned()
    };
    let theirs = send("ann", "ben", "theirs.txt");
    assert_eq!(run(dir, &["-u", "ben", "listen", "--count", "1", "--timeout", "60s"]).code, Some(0));
    let ours = send("ben", "ann", "ours.txt");

    // It waits for ann, and hears meanwhile of all that is told to anybody.
    let to = dir.join("got.txt").display().to_string();
    let waiting = cooee(dir, &["-u", "ben", "save", &theirs, &to, "--timeout", "60s"]).spawn().unwrap();
    for name in ["ours (1).txt", "ours (2).txt"] {
        let copy = dir.join(name).display().to_string();
        let saved = run(dir, &["-u", "ben", "save", &ours, &copy]);
        assert_eq!((saved.code, saved.out.trim()), (Some(0), copy.as_str()), "{saved:?}");
        assert_eq!(fs::read_to_string(&copy).unwrap(), "ours");
    }
    let nowhere = dir.join("no/such.txt").display().to_string();
    let failed = run(dir, &["-u", "ben", "save", &ours, &nowhere]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(failed.err.contains("is not saved: cannot save in"), "{}", failed.err);
    let mut ann = cooee(dir, &["-u", "ann", "listen", "--timeout", "60s"]).spawn().unwrap();
    let saved = Done::of(waiting.wait_with_output().unwrap());
    ann.kill().unwrap();
    ann.wait().unwrap();
    assert_eq!((saved.code, saved.out.trim()), (Some(0), to.as_str()), "{saved:?}");
    assert_eq!(fs::read_to_string(&to).unwrap(), "theirs");
}

#[test]
fn whoever_waits_for_a_file_to_be_fetched_is_told_when_it_is_not_kept_any_more() {
    let world = World::built_in();
    let dir = world.data_dir();
    for user in ["ann", "ben"] {
        assert_eq!(run(dir, &["sign-up", user]).code, Some(0));
    }
    let config = dir.join("small.toml");
    fs::write(&config, "[files]\nkeep_mb = 1\n").unwrap();
    let config = config.display().to_string();
    let path = |name: &str| {
        let path = dir.join(name);
        fs::write(&path, vec![7; 700_000]).unwrap();
        path.display().to_string()
    };
    let (first, second) = (path("first"), path("second"));
    let ann = ["-u", "ann", "--config", &config];
    let wait = ["send", "ben", "--wait", "fetched", "--timeout", "60s", "--file", &first];
    let waiting = cooee(dir, &[&ann[..], &wait].concat()).spawn().unwrap();
    let heard = run(dir, &["-u", "ben", "listen", "--count", "1", "--timeout", "60s"]);
    assert_eq!(heard.code, Some(0), "{heard:?}");
    let sent = run(dir, &[&ann[..], &["send", "ben", "--file", &second]].concat());
    assert_eq!(sent.code, Some(0), "{sent:?}");
    let waited = Done::of(waiting.wait_with_output().unwrap());
    assert_eq!(waited.code, Some(1), "{waited:?}");
    assert!(
        waited.err.contains("nobody can fetch it") && waited.err.contains("keep_mb"),
        "{}",
        waited.err
    );
}
