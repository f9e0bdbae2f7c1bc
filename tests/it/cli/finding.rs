//! `find` and `export`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use super::{cooee, each, feed, json, ok, refused, run, world_of};

#[test]
fn what_was_said_is_found_in_all_conversations_or_in_one() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    ok(here, &["-u", "bob", "group", "create", "crew"]);
    // Far apart, so that pages are read: 1,200 lines, each third about the pump.
    let lines: Vec<String> = (0..1_200)
        .map(|n| if n % 3 == 0 { format!("line {n}: the PÜMP is back") } else { format!("line {n}") })
        .collect();
    for part in lines.chunks(400) {
        let done = feed(here, &["-u", "bob", "send", "alice", "-", "--lines"], &part.join("\n"));
        assert_eq!(done.code, Some(0), "{done:?}");
    }
    ok(here, &["-u", "bob", "send", "#crew", "a pump \u{1b}[31mof the crew"]);
    ok(here, &["-u", "bob", "send", "+lobby", "pumps\nin the open"]);

    let bob = |more: &[&str]| ok(here, &[&["-u", "bob", "find"], more].concat());
    let all = bob(&["pump"]);
    let lines: Vec<&str> = all.lines().map(|line| line.get(21..).unwrap_or(line)).collect();
    assert_eq!(lines.len(), 400 + 1 + 2);
    assert_eq!(lines[0], "bob to alice: line 0: the PÜMP is back");
    assert_eq!(
        lines[399..],
        [
            "bob to alice: line 1197: the PÜMP is back",
            "#crew bob: a pump [31mof the crew",
            "+lobby bob: pumps",
            "    in the open"
        ]
    );
    assert_eq!(bob(&["back", "pump", "1197"]).lines().count(), 1, "all of the words");
    let last = json(&bob(&["line", "--in", "alice", "--limit", "700", "--json"]));
    assert_eq!(last.len(), 700);
    assert_eq!((each(&last, "text")[0], each(&last, "text")[699]), ("line 500", "line 1199"));
    assert_eq!(json(&bob(&["pump", "--in", "#crew", "--json"]))[0]["conversation"], "#crew");
    assert_eq!(bob(&["pump", "--in", "+lobby"]).lines().count(), 2);

    let done = run(here, &["-u", "bob", "find", "submarine"]);
    assert_eq!((done.code, done.out.as_str()), (Some(0), ""));
    assert_eq!(done.err, "cooee: nothing was found\n");
    assert_eq!(bob(&["submarine", "--json"]), "");
    let said = refused(1, here, &["-u", "bob", "find", "!!", "..."]);
    assert!(said.contains("`!! ...` has no word to look for"), "{said}");
    assert!(refused(1, here, &["-u", "bob", "find", "x", "--in", "#nix"]).contains("no group `nix`"));
    assert!(refused(1, here, &["-u", "bob", "find", "x", "--in", "zoe"]).contains("`zoe`"));
    refused(2, here, &["-u", "bob", "find"]);
    refused(2, here, &["-u", "bob", "find", "x", "--limit", "0"]);
}

#[test]
fn a_conversation_is_exported_wholly_and_never_over_a_file() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let texts: Vec<String> = (0..1_100).map(|n| format!("={n}+1 \u{1b}]0;x\u{7} *{n}*")).collect();
    for part in texts.chunks(550) {
        let done = feed(here, &["-u", "bob", "send", "alice", "-", "--lines"], &part.join("\n"));
        assert_eq!(done.code, Some(0), "{done:?}");
    }
    let export =
        |more: &[&str]| ok(here, &[&["-u", "bob", "export", "alice", "--format"], more].concat());
    let history = ok(here, &["-u", "bob", "history", "alice", "--json"]);
    assert_eq!(history.lines().count(), 1_100);
    assert_eq!(export(&["json"]), history);
    assert_eq!(export(&["text"]), ok(here, &["-u", "bob", "history", "alice"]));
    let (csv, markdown) = (export(&["csv"]), export(&["markdown"]));
    for form in [&csv, &markdown] {
        assert!(!form.chars().any(|c| c.is_control() && c != '\n'));
    }
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows.len(), 1_101);
    assert_eq!(rows[0], "Sent_at,Conversation,From,Type,Text,Delivery,Received_at,Id");
    for (row, n) in rows[1..].iter().zip(0..) {
        let cells: Vec<&str> = row.split(',').collect();
        assert_eq!(cells[1..4], ["alice", "bob", "message"]);
        assert_eq!(cells[4], format!("'={n}+1 ]0;x *{n}*"));
        assert!(cells[0].ends_with('Z') && cells[0].starts_with("20"), "{row}");
    }
    assert!(markdown.starts_with("# alice\n\n**bob**, 20"), "{}", &markdown[..60]);
    assert!(markdown.contains("\n\n> \\=7+1 \\]0;x \\*7\\*\n"), "{}", &markdown[..900]);

    let file = here.join("out.csv");
    let name = file.to_str().unwrap();
    assert_eq!(export(&["csv", "--output", name]), format!("Exported 1100 messages to {name}.\n"));
    assert_eq!(fs::read_to_string(&file).unwrap(), csv);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let said = refused(1, here, &["-u", "bob", "export", "alice", "--format", "text", "-o", name]);
    assert!(said.contains(&format!("{name} is there already")) && said.contains("--force"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), csv);
    export(&["json", "-o", name, "--force"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), history);
    let left: Vec<_> = fs::read_dir(here).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".cooee-export-")), "{left:?}");

    let said =
        refused(1, here, &["-u", "bob", "export", "zoe", "--format", "text", "-o", "nowhere.txt"]);
    assert!(said.contains("nobody here is called `zoe`"), "{said}");
    let said = refused(1, here, &["-u", "bob", "export", "alice", "--format", "csv", "-o", "/no/where"]);
    assert!(said.contains("cannot write /no/where: "), "{said}");
    let plainly = |more: &[&str]| ok(here, &[&["-u", "bob", "export", "alice"], more].concat());
    assert_eq!(plainly(&[]), export(&["text"]));
    let by_name = here.join("by-its-name.CSV");
    plainly(&["--output", by_name.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(&by_name).unwrap(), csv);
    refused(2, here, &["-u", "bob", "export", "alice", "--format", "csv", "--force"]);

    // A reader that goes away ends it in good order.
    let mut child = cooee(here, &["-u", "bob", "export", "alice", "--format", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn completions_know_the_new_commands() {
    let dir = tempfile::tempdir().unwrap();
    let script = ok(dir.path(), &["completions", "bash"]);
    for word in ["find", "export", "--format", "--in", "--force"] {
        assert!(script.contains(word), "{word}");
    }
}
