//! `config.toml`: its shape, and errors that say where it is wrong.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::profile::{Over, Profile, missing};
use super::{DesktopAlerts, Error, Pictures};
use crate::domain::clean_line;

/// No configuration is longer than this many bytes.
const LONGEST: u64 = 256 * 1024;

/// What a configuration file may say. Everything is optional.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    pub data_dir: Option<PathBuf>,
    pub user: Option<String>,
    pub passphrase_command: Option<Vec<String>>,
    pub plain: Option<bool>,
    pub theme: Option<String>,
    pub pictures: Option<Pictures>,
    pub thumbnails: Option<bool>,
    pub mouse: Option<bool>,
    pub broker: BrokerSection,
    pub registry: RegistrySection,
    pub chat: ChatSection,
    pub alerts: AlertSection,
    pub files: FileSection,
    pub links: CommandSection,
    pub clipboard: CommandSection,
    pub log: LogSection,
    pub profile: BTreeMap<String, Profile>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BrokerSection {
    pub url: Option<String>,
    pub ca: Option<PathBuf>,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub fingerprint: Option<String>,
    pub topic_root: Option<String>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RegistrySection {
    pub private_groups: Option<bool>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ChatSection {
    pub typing: Option<bool>,
    pub read_receipts: Option<bool>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AlertSection {
    pub desktop: Option<DesktopAlerts>,
    pub bell: Option<bool>,
    pub content: Option<bool>,
    pub title: Option<bool>,
    pub quiet: Option<String>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FileSection {
    pub max_send_mb: Option<u64>,
    pub max_receive_mb: Option<u64>,
    pub auto_fetch_kb: Option<u64>,
    pub keep_mb: Option<u64>,
    pub downloads: Option<PathBuf>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CommandSection {
    pub command: Option<Vec<String>>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LogSection {
    pub file: Option<PathBuf>,
    pub filter: Option<String>,
    pub history: Option<PathBuf>,
}

/// Reads `path`, with this profile over the rest. A file that does not exist says nothing, unless it was `asked_for` by
/// name.
pub(super) fn read(
    path: &Path,
    open: impl FnOnce(&Path) -> io::Result<std::fs::File>,
    asked_for: bool,
    profile: Option<&str>,
) -> Result<(File, Over), Error> {
    let wrong = |why| Error::File { path: path.to_owned(), why };
    let failed = |source| Error::ReadFile { path: path.to_owned(), source };
    let file = match open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound && !asked_for => {
            return match profile {
                Some(name) => Err(wrong(missing(name, std::iter::empty()))),
                None => Ok(Default::default()),
            };
        }
        opened => opened.map_err(failed)?,
    };
    let mut text = String::new();
    file.take(LONGEST + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > LONGEST {
        return Err(Error::FileTooLong { path: path.to_owned(), limit: LONGEST });
    }
    let file = parse(&text).map_err(wrong)?;
    let relative = |key| Error::RelativePath { path: path.to_owned(), key };
    if let Some(key) = relative_path(&file) {
        return Err(relative(key.to_owned()));
    }
    for (name, Profile(over)) in &file.profile {
        if let Some(key) = relative_path(over) {
            return Err(relative(clean_line(&format!("profile.{name}.{key}"))));
        }
    }
    match profile {
        Some(name) => Over::lay(&text, name).map_err(wrong),
        None => Ok((file, Over::default())),
    }
}

/// The first path that would depend on where Cooee was started.
fn relative_path(file: &File) -> Option<&'static str> {
    let BrokerSection { ca, certificate, key, .. } = &file.broker;
    let paths = [
        ("data_dir", &file.data_dir),
        ("log.file", &file.log.file),
        ("log.history", &file.log.history),
        ("files.downloads", &file.files.downloads),
        ("broker.ca", ca),
        ("broker.certificate", certificate),
        ("broker.key", key),
    ];
    let relative = |value: &Option<PathBuf>| value.as_ref().is_some_and(|path| !path.is_absolute());
    paths.into_iter().find(|(_, value)| relative(value)).map(|(key, _)| key)
}

/// Parses a configuration. The error begins with the line and, where a key is misspelt, ends with the
/// nearest one that exists.
fn parse(text: &str) -> Result<File, String> {
    toml::from_str(text).map_err(|e| {
        let at = e.span().map_or(0, |span| span.start).min(text.len());
        let line = text.as_bytes()[..at].iter().filter(|&&b| b == b'\n').count();
        let shown = text.lines().nth(line).unwrap_or("").trim();
        let hint = nearest_key(e.message()).map(|key| format!("; did you mean `{key}`?"));
        let message = clean_line(e.message());
        format!("line {}: {message} (in: {}){}", line + 1, clean_line(shown), hint.unwrap_or_default())
    })
}

/// The key nearest to the unknown one that serde complains about:
/// ``unknown field `a`, expected one of `b`, `c` `` or ``…, expected `b` ``.
fn nearest_key(message: &str) -> Option<&str> {
    let mut names = message.strip_prefix("unknown field ")?.split('`').skip(1).step_by(2);
    let unknown = names.next()?;
    names
        .map(|name| (strsim::normalized_damerau_levenshtein(unknown, name), name))
        .filter(|&(likeness, _)| likeness >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest_one() {
        let error = parse("user = \"al\"\n[chat]\ntyipng = true\n").unwrap_err();
        assert_eq!(
            error,
            "line 3: unknown field `tyipng`, expected `typing` or `read_receipts` (in: tyipng = true); did you mean `typing`?"
        );
        let error = parse("[broker]\n\nurls = \"builtin\"").unwrap_err();
        assert!(error.starts_with("line 3:") && error.ends_with("did you mean `url`?"), "{error}");
        let error = parse("zzz = 1").unwrap_err();
        assert!(error.starts_with("line 1:") && !error.contains("did you mean"), "{error}");
    }

    #[test]
    fn a_wrong_type_is_shown_with_its_line() {
        let error = parse("[chat]\ntyping = \"yes\"\n").unwrap_err();
        assert!(
            error.starts_with("line 2: invalid type: string \"yes\", expected a boolean"),
            "{error}"
        );
        assert!(error.ends_with("(in: typing = \"yes\")"), "{error}");
    }

    #[test]
    fn no_error_holds_a_control_character() {
        for text in ["\u{1b}[31m = 1", "user = \u{7}", "[[[", "a = 1\na = 2", "user = \"\"\"\n\u{1b}"] {
            let error = parse(text).unwrap_err();
            assert!(!error.contains(char::is_control), "{error:?}");
        }
    }

    #[test]
    fn the_documented_defaults_are_the_shape_of_the_file() {
        let sample = include_str!("../../assets/config.toml");
        assert_eq!(parse(sample).unwrap(), File::default(), "everything in it is a comment");
        let uncommented: String = sample
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n")
            .collect();
        let all = parse(&uncommented).unwrap();
        assert!(
            all.data_dir.is_some()
                && all.user.is_some()
                && all.passphrase_command.is_some()
                && all.plain == Some(false)
                && all.theme.as_deref() == Some("16")
                && all.pictures == Some(Pictures::Auto)
                && all.thumbnails == Some(true)
                && all.mouse == Some(true)
                && all.broker.url.is_some()
        );
        assert!(all.log.file.is_some() && all.log.filter.is_some());
        let BrokerSection { ca, certificate, key, fingerprint, .. } = &all.broker;
        assert!(ca.is_some() && certificate.is_some() && key.is_some() && fingerprint.is_some());
        assert_eq!(
            all.broker.topic_root.as_deref(),
            Some(crate::protocol::Root::default().to_string().as_str())
        );
        assert_eq!(all.registry.private_groups, Some(true));
        assert_eq!((all.chat.typing, all.chat.read_receipts), (Some(true), Some(true)));
        assert!(all.profile.contains_key("work"));
        let AlertSection { desktop, bell, content, title, quiet } = all.alerts;
        assert_eq!((desktop, [bell, content, title]), (Some(DesktopAlerts::Terminal), [Some(true); 3]));
        assert!(quiet.is_some());
    }

    #[test]
    fn only_a_file_asked_for_must_exist_and_its_paths_are_absolute() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        let read = |path: &Path, asked_for, profile| {
            read(path, |path| std::fs::File::open(path), asked_for, profile)
        };
        assert_eq!(read(&path, false, None).unwrap().0, File::default());
        let missing = read(&path, true, None).unwrap_err().to_string();
        assert!(missing.contains(path.to_str().unwrap()), "{missing}");
        std::fs::write(&path, "data_dir = \"~/cooee\"").unwrap();
        assert!(read(&path, false, None).unwrap_err().to_string().contains("data_dir"));
        std::fs::write(&path, vec![b'#'; 300 * 1024]).unwrap();
        assert!(matches!(read(&path, false, None), Err(Error::FileTooLong { .. })));
    }
}
