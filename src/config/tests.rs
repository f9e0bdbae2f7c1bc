use super::*;

fn with(flags: Flags, env: &[(&str, &str)], file: &str) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    std::fs::write(&path, file).unwrap();
    let env = |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v));
    resolve(&Flags { config: Some(path), ..flags }, env).map_err(|e| e.to_string())
}

fn flag(set: impl FnOnce(&mut Flags)) -> Flags {
    let mut flags = Flags::default();
    set(&mut flags);
    flags
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file() {
    let file = "data_dir = \"/file\"\nuser = \"file\"\n[broker]\nurl = \"mqtt://file\"\n";
    let env = [("COOEE_DATA_DIR", "/env"), ("COOEE_USER", "env"), ("COOEE_BROKER", "mqtt://env")];
    let flags = flag(|f| {
        f.data_dir = Some("/flag".into());
        f.user = Some("flag".into());
        f.broker = Some("builtin".into());
    });
    let seen = |config: Config| (config.data_dir, config.user.unwrap().to_string(), config.broker);
    let url = |text: &str| BrokerChoice::Url(text.parse().unwrap());
    let unset = [("COOEE_DATA_DIR", ""), ("COOEE_USER", ""), ("COOEE_BROKER", "")];
    let from_file = with(Flags::default(), &unset, file).unwrap();
    assert_eq!(seen(from_file), ("/file".into(), "file".into(), url("mqtt://file")));
    let from_env = with(Flags::default(), &env, file).unwrap();
    assert_eq!(seen(from_env), ("/env".into(), "env".into(), url("mqtt://env")));
    let from_flags = with(flags, &env, file).unwrap();
    assert_eq!(seen(from_flags), ("/flag".into(), "flag".into(), BrokerChoice::BuiltIn));
}

#[test]
fn defaults_need_no_file() {
    let flags = flag(|f| f.data_dir = Some("here".into()));
    let config = with(flags, &[], "").unwrap();
    assert_eq!(config.data_dir, std::env::current_dir().unwrap().join("here"));
    assert_eq!(config.broker, BrokerChoice::BuiltIn);
    assert_eq!(config.topic_root, Root::default());
    assert!(config.private_groups && config.typing && !config.plain);
    assert_eq!((config.log_file, config.log_filter), (None, None));
}

#[test]
fn a_program_that_is_named_has_a_name() {
    let config = with(Flags::default(), &[], "[clipboard]\ncommand = [\"wl-copy\", \"-n\"]").unwrap();
    assert_eq!(config.clipboard_command, Some(vec!["wl-copy".to_owned(), "-n".to_owned()]));
    for file in ["[clipboard]\ncommand = []", "[clipboard]\ncommand = [\"\"]"] {
        let told = with(Flags::default(), &[], file).unwrap_err();
        assert!(told.contains("`clipboard.command` in") && told.contains("names no program"), "{told}");
    }
    let told = with(Flags::default(), &[], "[log]\nhistory = \"~/chats\"").unwrap_err();
    assert!(told.contains("`log.history` must be an absolute path"), "{told}");
}

#[test]
fn lines_are_asked_for_or_all_that_the_terminal_can_do() {
    let plain = |flags, env: &[(&str, &str)], file| with(flags, env, file).unwrap().plain;
    assert!(plain(flag(|f| f.plain = true), &[], ""));
    assert!(plain(Flags::default(), &[], "plain = true"));
    assert!(plain(Flags::default(), &[("TERM", "dumb")], ""));
    assert!(!plain(Flags::default(), &[("TERM", "xterm")], "plain = false"));
}

#[test]
fn no_colours_win_over_a_theme_unless_that_is_asked_for_now() {
    let theme = |flags, env: &[(&str, &str)], file| with(flags, env, file).unwrap().theme;
    let named = || flag(|f| f.theme = Some("dark".into()));
    let bare = || flag(|f| f.no_color = true);
    let file = "theme = \"light\"";
    assert_eq!(theme(Flags::default(), &[], ""), "16");
    assert_eq!(theme(Flags::default(), &[], file), "light");
    assert_eq!(theme(Flags::default(), &[("NO_COLOR", "1")], file), "none");
    assert_eq!(theme(Flags::default(), &[("NO_COLOR", "")], file), "light");
    assert_eq!(theme(Flags::default(), &[("NO_COLOR", "1"), ("COOEE_THEME", "sea")], file), "sea");
    assert_eq!(theme(named(), &[("NO_COLOR", "1"), ("COOEE_THEME", "sea")], file), "dark");
    assert_eq!(theme(bare(), &[("COOEE_THEME", "sea")], file), "none");
}

#[test]
fn quiet_hours_are_two_times() {
    let of = |text: &str| with(Flags::default(), &[], &format!("[alerts]\nquiet = \"{text}\""));
    let hours = of("22:00 - 7:30").unwrap().alerts.quiet;
    assert_eq!(hours, Some((Time::constant(22, 0, 0, 0), Time::constant(7, 30, 0, 0))));
    for wrong in ["", "22:00", "25:00-26:00", "late", "22-7"] {
        let error = of(wrong).unwrap_err();
        assert!(error.contains("`alerts.quiet`") && error.contains("22:00-07:00"), "{error}");
    }
}

#[test]
fn the_desktop_is_told_by_the_terminal_over_the_bus_or_not_at_all() {
    let of = |text: &str| with(Flags::default(), &[], &format!("[alerts]\ndesktop = {text}"));
    let how = ["true", "false", "\"bus\""].map(|text| of(text).unwrap().alerts.desktop);
    assert_eq!(how, [DesktopAlerts::Terminal, DesktopAlerts::Off, DesktopAlerts::Bus]);
    assert!(of("\"bus\"").unwrap().shown().contains("desktop = \"bus\""));
    let error = of("\"dbus\"").unwrap_err();
    assert!(error.contains("line 2") && error.contains("expected true, false or \"bus\""), "{error}");
}

#[test]
fn errors_name_the_setting() {
    let error = with(flag(|f| f.user = Some("Al".into())), &[], "").unwrap_err();
    assert!(error.starts_with("--user: `A` cannot stand"), "{error}");
    let error = with(Flags::default(), &[("COOEE_BROKER", "http://lan")], "").unwrap_err();
    assert!(error.starts_with("COOEE_BROKER: `http://` is not supported"), "{error}");
    let error = with(Flags::default(), &[], "[broker]\nurl = \"1883\"").unwrap_err();
    assert!(error.contains("`broker.url` in /") && error.contains("mqtt://HOST"), "{error}");
    for root in ["", "/a", "a/", "a//b", "a/+", "#", "$SYS", "a b", &"a".repeat(65)] {
        let file = format!("[broker]\ntopic_root = \"{root}\"");
        let error = with(Flags::default(), &[], &file).unwrap_err();
        assert!(error.contains("broker.topic_root"), "{error}");
    }
}

#[test]
fn what_a_broker_asks_for_comes_from_the_environment_or_the_file() {
    let print = "ab".repeat(32);
    let file = format!(
        "[broker]\nca = \"/ca.pem\"\ncertificate = \"/c.pem\"\nkey = \"/k.pem\"\nfingerprint = \"{print}\""
    );
    let invite = format!("abcdefghijklmnop.{print}");
    let env = [("COOEE_BROKER_CA", "/other.pem"), ("COOEE_INVITE", invite.as_str())];
    let access = with(Flags::default(), &env, &file).unwrap().access;
    assert_eq!(access.ca.unwrap(), Path::new("/other.pem"));
    assert_eq!(access.certificate.unwrap(), ("/c.pem".into(), "/k.pem".into()));
    assert_eq!(access.fingerprint, print.parse().ok());
    assert_eq!(access.invite.unwrap().fingerprint, print.parse().ok());
    for (env, file, word) in [
        (("COOEE_BROKER_KEY", "/k.pem"), "", "go together"),
        (("COOEE_BROKER_FINGERPRINT", "ab"), "", "COOEE_BROKER_FINGERPRINT: a fingerprint is 64"),
        (("COOEE_INVITE", "ab"), "", "COOEE_INVITE: an invite is the line"),
        (("COOEE_X", ""), "[broker]\nca = \"ca.pem\"", "`broker.ca` must be an absolute path"),
    ] {
        let error = with(Flags::default(), &[env], file).unwrap_err();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn a_passphrase_comes_from_the_environment_or_from_a_program() {
    let file = "passphrase_command = [\"pass\", \"show\", \"my cooee\"]";
    let env = [("COOEE_PASSPHRASE", "correct horse")];
    let config = with(Flags::default(), &env, file).unwrap();
    assert_eq!(config.passphrase.as_ref().unwrap().as_bytes(), b"correct horse");
    assert_eq!(config.passphrase_command.as_ref().unwrap(), &["pass", "show", "my cooee"]);
    assert!(!format!("{config:?}").contains("horse"));
    assert_eq!(with(Flags::default(), &[("COOEE_PASSPHRASE", "")], "").unwrap().passphrase, None);
    let error = with(Flags::default(), &[("COOEE_PASSPHRASE", "a\nb")], "").unwrap_err();
    assert_eq!(error, "COOEE_PASSPHRASE: a passphrase cannot hold control characters");
    for none in ["[]", "[\"\"]"] {
        let file = format!("passphrase_command = {none}");
        let error = with(Flags::default(), &[], &file).unwrap_err();
        assert!(error.contains("`passphrase_command` in /") && error.contains("no program"), "{error}");
    }
    let error = with(Flags::default(), &[], "passphrase_command = \"pass show\"").unwrap_err();
    assert!(error.contains("line 1") && error.contains("expected a sequence"), "{error}");
}

#[test]
fn a_password_comes_from_anywhere_but_a_flag() {
    let secret = |config: Config| match config.broker {
        BrokerChoice::Url(url) => url.password().map(str::to_owned),
        BrokerChoice::BuiltIn => None,
    };
    let flags = |url: &str| flag(|f| f.broker = Some(url.into()));
    let error = with(flags("mqtt://al:hush@lan"), &[], "").unwrap_err();
    assert!(error.contains("COOEE_BROKER_PASSWORD") && !error.contains("hush"), "{error}");
    let env = [("COOEE_BROKER", "mqtt://al:hush@lan")];
    assert_eq!(secret(with(Flags::default(), &env, "").unwrap()).as_deref(), Some("hush"));
    let file = "[broker]\nurl = \"mqtt://al:hush@lan\"";
    assert_eq!(secret(with(Flags::default(), &[], file).unwrap()).as_deref(), Some("hush"));
    let env = [("COOEE_BROKER_PASSWORD", "hush")];
    assert_eq!(secret(with(flags("mqtt://al@lan"), &env, "").unwrap()).as_deref(), Some("hush"));
    assert!(with(flags("mqtt://lan"), &env, "").unwrap_err().contains("names no user"));
    assert_eq!(secret(with(flags("builtin"), &env, "").unwrap()), None);
}
