//! `config` and `man`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{ok, refused};

#[test]
fn a_configuration_is_begun_shown_and_checked() {
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path();
    let file = here.join("some/config.toml");
    let path = file.to_str().unwrap();
    let config = |what| ["--config", path, "config", what];

    let told = ok(here, &["config", "check"]);
    assert!(told.contains("the defaults count") && told.contains("cooee config init"), "{told}");
    let home = here.join(".config/cooee/config.toml");
    assert!(ok(here, &["config", "init"]).contains(home.to_str().unwrap()));
    assert_eq!(fs::metadata(&home).unwrap().permissions().mode() & 0o777, 0o600);
    let error = refused(1, here, &["config", "init"]);
    assert!(error.contains("is there already"), "{error}");
    let text = fs::read_to_string(&home).unwrap();
    assert!(text.contains("#: bell = true") && text.contains("quiet"), "every setting is in it");
    assert!(ok(here, &["config", "check"]).contains("is right"));

    assert!(ok(here, &config("init")).contains(path), "where it is named, too");
    fs::write(&file, "[alerts]\nbell = false\n").unwrap();
    let shown = ok(here, &config("show"));
    assert!(shown.contains("bell = false") && shown.contains("desktop = true"), "{shown}");
    assert!(shown.contains(here.to_str().unwrap()), "the flag counts: {shown}");
    // Also of profiles that nobody asked for.
    fs::write(&file, "[profile.work.alerts]\nquiet = \"zz\"\n").unwrap();
    let error = refused(2, here, &config("check"));
    assert!(error.contains("profile.work.alerts.quiet"), "{error}");
    // And what lies beside it.
    fs::write(&file, "theme = \"sea\"\n").unwrap();
    let error = refused(1, here, &config("check"));
    assert!(error.contains("sea"), "{error}");
    fs::write(&file, "").unwrap();
    let keys = here.join("some/keymap.toml");
    fs::write(&keys, "[global]\nfoo = [\"f9\"]\n").unwrap();
    let error = refused(1, here, &config("check"));
    assert!(error.contains("keymap.toml") && error.contains("`foo`"), "{error}");
    fs::remove_file(keys).unwrap();
    fs::write(&file, "[alerts]\nbel = false\n").unwrap();
    let error = refused(2, here, &config("check"));
    assert!(error.contains("line 2") && error.contains("did you mean `bell`?"), "{error}");
}

#[test]
fn the_manual_has_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let page = ok(dir.path(), &["man"]);
    assert!(page.starts_with(".ie") || page.contains(".TH"), "{page}");
    for command in ["sign\\-up", "send", "config", "find"] {
        assert!(page.contains(command), "{command}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = ok(dir.path(), &["completions", shell]);
        for word in ["demo", "sign-up", "profile", "broker"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let pages = dir.path().join("man/man1");
    ok(dir.path(), &["man", "--dir", pages.to_str().unwrap()]);
    for name in ["cooee.1", "cooee-demo.1", "cooee-send.1", "cooee-group-invite.1"] {
        assert!(pages.join(name).exists(), "{name}: {:?}", fs::read_dir(&pages).unwrap().count());
    }
}
