//! The configuration as it counts, and the file to begin one with.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use toml::{Table, Value};

use super::{BrokerChoice, Config, KB, MB};
use crate::domain::clean_line;

/// Every setting with what it does and its default, as comments.
const SAMPLE: &str = include_str!("../../assets/config.toml");

/// What stands above a configuration that asks for a log in plain text.
const IN_CLEAR: &str =
    "# What is said is logged in clear: log.history. Whoever can read that directory can read it.\n";

/// Writes a configuration file in which every setting is explained and none is changed. One that is there is never
/// overwritten.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], and where it cannot be written.
pub fn init(path: &Path) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(SAMPLE.as_bytes())
}

impl Config {
    /// What counts, wherever it was said: flags, environment, profile, file or default. Written as the file is; secrets are
    /// left out, and what is not set.
    pub fn shown(&self) -> String {
        let profile = self.profile.as_deref().map(clean_line);
        let heading = profile.map(|name| format!("# With the profile `{name}`.\n"));
        let in_clear = self.chat_log.is_some().then_some(IN_CLEAR);
        // Text, numbers and tables of them always have a form in TOML.
        heading.unwrap_or_default()
            + in_clear.unwrap_or_default()
            + &toml::to_string(&self.table()).unwrap_or_default()
    }

    /// The settings that another configuration has otherwise and that count from the next start on, by their names.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let is_live = |name: &str| {
            matches!(name, "theme" | "pictures" | "thumbnails" | "mouse") || name.starts_with("alerts.")
        };
        let (ours, theirs) = (self.table(), other.table());
        let (ours, theirs) = (named(&ours), named(&theirs));
        let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        let changed = names.into_iter().filter(|name| ours.get(*name) != theirs.get(*name));
        changed.filter(|name| !is_live(name)).cloned().collect()
    }

    fn table(&self) -> Table {
        let text = |value: &dyn std::fmt::Display| Value::String(value.to_string());
        let path = |value: &Path| Value::String(value.display().to_string());
        let mut table = Table::new();
        table.insert("data_dir".to_owned(), path(&self.data_dir));
        if let Some(user) = &self.user {
            table.insert("user".to_owned(), text(user));
        }
        if let Some(command) = &self.passphrase_command {
            let words = command.iter().map(|word| Value::String(word.clone())).collect();
            table.insert("passphrase_command".to_owned(), Value::Array(words));
        }
        table.insert("plain".to_owned(), self.plain.into());
        table.insert("theme".to_owned(), text(&self.theme));
        table.insert("pictures".to_owned(), text(&self.pictures));
        table.insert("thumbnails".to_owned(), self.thumbnails.into());
        table.insert("mouse".to_owned(), self.mouse.into());
        let mut section = |name: &str, entries: Vec<(&str, Option<Value>)>| {
            let entries = entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
            table.insert(name.to_owned(), Value::Table(entries.collect()));
        };
        let access = &self.access;
        let (certificate, key) = access.certificate.as_ref().map(|(own, key)| (own, key)).unzip();
        let url = match &self.broker {
            BrokerChoice::BuiltIn => "builtin".to_owned(),
            BrokerChoice::Url(url) => url.to_string(),
        };
        let broker = vec![
            ("url", Some(Value::String(url))),
            ("ca", access.ca.as_deref().map(path)),
            ("certificate", certificate.map(|file| path(file))),
            ("key", key.map(|file| path(file))),
            ("fingerprint", access.fingerprint.as_ref().map(|print| text(print))),
            ("topic_root", Some(text(&self.topic_root))),
        ];
        section("broker", broker);
        section("registry", vec![("private_groups", Some(self.private_groups.into()))]);
        let chat = vec![
            ("typing", Some(self.typing.into())),
            ("read_receipts", Some(self.read_receipts.into())),
        ];
        section("chat", chat);
        let alerts = self.alerts;
        let quiet = alerts.quiet.map(|(from, to)| {
            let hours = |time: jiff::civil::Time| time.strftime("%H:%M").to_string();
            Value::String(format!("{}-{}", hours(from), hours(to)))
        });
        let alerts = vec![
            ("desktop", Some(alerts.desktop.into())),
            ("bell", Some(alerts.bell.into())),
            ("content", Some(alerts.content.into())),
            ("title", Some(alerts.title.into())),
            ("quiet", quiet),
        ];
        section("alerts", alerts);
        let files = &self.files;
        let count = |bytes: u64, unit: u64| Some(Value::Integer((bytes / unit).cast_signed()));
        let files = vec![
            ("max_send_mb", count(files.max_send, MB)),
            ("max_receive_mb", count(files.max_receive, MB)),
            ("auto_fetch_kb", count(files.auto_fetch, KB)),
            ("keep_mb", count(files.keep, MB)),
            ("downloads", Some(path(&files.downloads))),
        ];
        section("files", files);
        for (name, command) in [("links", &self.link_command), ("clipboard", &self.clipboard_command)] {
            let command = command.as_ref().map(|command| {
                Value::Array(command.iter().map(|word| Value::String(word.clone())).collect())
            });
            section(name, vec![("command", command)]);
        }
        let filter = self.log_filter.clone().map(Value::String);
        let log = vec![
            ("file", self.log_file.as_deref().map(path)),
            ("filter", filter),
            ("history", self.chat_log.as_deref().map(path)),
        ];
        section("log", log);
        table
    }
}

/// Every setting by its whole name, such as `broker.url`.
fn named(table: &Table) -> BTreeMap<String, &Value> {
    let entries = table.iter().flat_map(|(name, value)| match value {
        Value::Table(section) => {
            section.iter().map(|(key, value)| (format!("{name}.{key}"), value)).collect::<Vec<_>>()
        }
        value => vec![(name.clone(), value)],
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flags, resolve};

    #[test]
    fn what_is_shown_reads_back_as_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        std::fs::write(
            &file,
            "data_dir = \"/d\"\nuser = \"al\"\n[broker]\nurl = \"mqtt://lan\"\n[alerts]\nquiet = \"22:00-7:00\"\n",
        )
        .unwrap();
        let config = |path: &Path| {
            let flags = Flags { config: Some(path.to_owned()), ..Flags::default() };
            resolve(&flags, |_| None).unwrap()
        };
        let shown = config(&file).shown();
        assert!(
            shown.contains("url = \"mqtt://lan") && shown.contains("quiet = \"22:00-07:00\""),
            "{shown}"
        );
        let again = dir.path().join("again.toml");
        std::fs::write(&again, &shown).unwrap();
        assert_eq!(config(&again).shown(), shown);
    }

    #[test]
    fn a_file_is_begun_once_and_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/config.toml");
        init(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), SAMPLE);
        std::fs::write(&path, "user = \"al\"").unwrap();
        assert_eq!(init(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "user = \"al\"");
    }
}
