//! Profiles: sections of the configuration file that lie over the rest of it, for whoever has asked for them.

use serde::{Deserialize, Deserializer, de};
use toml::{Table, Value};

use super::file::File;
use crate::domain::clean_line;

/// What `[profile.NAME]` may say: all that the file may, but profiles.
#[derive(Debug, PartialEq)]
pub(super) struct Profile(pub File);

impl<'de> Deserialize<'de> for Profile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let file = File::deserialize(deserializer)?;
        match file.profile.is_empty() {
            true => Ok(Self(file)),
            false => Err(de::Error::custom("a profile holds no profiles")),
        }
    }
}

/// The profile that lies over a file.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Over {
    name: String,
    says: Table,
}

impl Over {
    /// Lays the profile of this name over the rest of a file, both of which were read before; says where there is no
    /// such profile.
    pub fn lay(text: &str, name: &str) -> Result<(File, Self), String> {
        let wrong = |error: &dyn std::fmt::Display| clean_line(&error.to_string());
        let mut table: Table = toml::from_str(text).map_err(|error| wrong(&error))?;
        let mut profiles = match table.remove("profile") {
            Some(Value::Table(profiles)) => profiles,
            _ => Table::new(),
        };
        let Some(Value::Table(says)) = profiles.remove(name) else {
            return Err(missing(name, profiles.keys().map(String::as_str)));
        };
        if of(&says, "broker.url").is_some()
            && let Some(Value::Table(broker)) = table.get_mut("broker")
        {
            // They are about the broker that the rest of the file names, and are shown to no other.
            for key in ["ca", "certificate", "key", "fingerprint"] {
                broker.remove(key);
            }
        }
        merge(&mut table, &says);
        let file = table.try_into().map_err(|error: toml::de::Error| wrong(&error))?;
        Ok((file, Self { name: name.to_owned(), says }))
    }

    /// What a key of the file is called where it was said: `profile.work.user`, if the profile says it.
    pub fn key(&self, key: &str) -> String {
        match of(&self.says, key) {
            Some(_) => format!("profile.{}.{key}", self.name),
            None => key.to_owned(),
        }
    }
}

/// What a table says of a dotted key.
fn of<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        Some((section, key)) => of(table.get(section)?.as_table()?, key),
        None => table.get(key),
    }
}

fn merge(table: &mut Table, over: &Table) {
    for (key, value) in over {
        match (table.get_mut(key), value) {
            (Some(Value::Table(below)), Value::Table(over)) => merge(below, over),
            _ => drop(table.insert(key.clone(), value.clone())),
        }
    }
}

/// That there is no profile of this name, and which may have been meant.
pub(super) fn missing<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let likeness = |other: &str| strsim::normalized_damerau_levenshtein(name, other);
    let nearest = known.iter().map(|other| (likeness(other), *other));
    let nearest = nearest.filter(|(likeness, _)| *likeness >= 0.5).max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = match (nearest, known.len()) {
        (Some((_, nearest)), _) => format!("did you mean `{nearest}`?"),
        (None, 0) => format!("it has none; begin one with the line [profile.{name}]"),
        (None, _) => format!("it has {}", known.join(", ")),
    };
    clean_line(&format!("there is no profile `{name}`; {hint}"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use super::super::{Config, Flags, resolve};

    const FILE: &str = "\
user = \"alice\"
data_dir = \"/home\"
[broker]
url = \"mqtts://lan\"
ca = \"/lan.pem\"
fingerprint = \"bad\"
[chat]
typing = false
[alerts]
bell = false
[profile.work]
user = \"alice.b\"
[profile.work.broker]
url = \"mqtt://work\"
[profile.work.alerts]
quiet = \"18:00-08:00\"
[profile.club]
data_dir = \"/club\"
broker = { fingerprint = \"worse\" }
";

    fn with(text: &str, flags: Flags, env: &[(&str, &str)]) -> Result<Config, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        let env = |name: &str| {
            env.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        };
        resolve(&Flags { config: Some(path), ..flags }, env).map_err(|error| error.to_string())
    }

    fn flags(profile: &str) -> Flags {
        Flags { profile: Some(profile.to_owned()), ..Flags::default() }
    }

    #[test]
    fn a_profile_lies_over_the_file_and_under_the_rest() {
        let file = FILE.replace("alice.b", "alice_b");
        let work = with(&file, flags("work"), &[]).unwrap();
        assert_eq!(work.user.as_ref().unwrap().as_str(), "alice_b");
        assert_eq!(work.data_dir, Path::new("/home"), "what it does not say stays");
        let shown = work.shown();
        assert!(shown.starts_with("# With the profile `work`.\n"), "{shown}");
        assert!(shown.contains("mqtt://work") && !shown.contains("lan.pem"), "{shown}");
        assert!(!work.typing && !work.alerts.bell && work.alerts.quiet.is_some());
        // The environment and flags win over it; the flag names it before the environment does.
        let env = [("COOEE_PROFILE", "work"), ("COOEE_USER", "env")];
        let config = with(&file, Flags::default(), &env).unwrap();
        assert_eq!((config.user.unwrap().as_str(), config.broker), ("env", work.broker));
        let config = with(&file.replace("worse", &"ab".repeat(32)), flags("club"), &env).unwrap();
        assert_eq!(config.data_dir, Path::new("/club"));
        assert!(config.access.ca.is_some(), "it names no other broker");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let error = |text: &str, profile: &str| with(text, flags(profile), &[]).unwrap_err();
        let told = error(FILE, "wrok");
        assert!(told.ends_with("there is no profile `wrok`; did you mean `work`?"), "{told}");
        let told = error(FILE, "zzz");
        assert!(told.ends_with("`zzz`; it has club, work"), "{told}");
        assert!(error("", "work").ends_with("it has none; begin one with the line [profile.work]"));
        let told = error(FILE, "work");
        assert!(told.contains("`profile.work.user` in /") && told.contains("cannot stand"), "{told}");
        let told = error(FILE, "club");
        assert!(told.contains("`profile.club.broker.fingerprint` in /"), "{told}");
        // Also in a profile that nobody asked for.
        let plain = |text: &str| with(text, Flags::default(), &[]).unwrap_err();
        let told = plain("[profile.work]\n[profile.work.chat]\ntyipng = true\n");
        assert!(told.contains("line 3") && told.ends_with("did you mean `typing`?"), "{told}");
        let told = plain("[profile.work]\ndata_dir = \"~/work\"\n");
        assert!(told.contains("`profile.work.data_dir` must be an absolute path"), "{told}");
        let told = plain("[profile.a]\n[profile.a.profile.b]\nuser = \"x\"\n");
        assert!(told.contains("a profile holds no profiles"), "{told}");
        let told = with("", Flags::default(), &[("COOEE_PROFILE", "a\u{1b}[31m")]).unwrap_err();
        assert!(!told.contains('\u{1b}'), "{told}");
    }

    #[test]
    fn a_profile_needs_the_file() {
        let path = Some(Path::new("/nowhere/config.toml").to_owned());
        let flags = Flags { config: path, begins_file: true, ..flags("work") };
        let told = resolve(&flags, |_| None).unwrap_err().to_string();
        assert!(told.contains("/nowhere/config.toml") && told.contains("`work`"), "{told}");
    }
}
