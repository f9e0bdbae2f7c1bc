//! Configuration: flags, then environment, then the chosen profile of the file, then the rest of it, then default, resolved once into plain values.
//!
//! This layer owns the names of the flags, variables and keys, and their defaults. It reads its one file
//! and nothing else; nobody after it looks at the environment or at the file again.

mod access;
mod broker_url;
mod desktop;
mod file;
mod own_file;
pub mod paths;
mod pictures;
mod profile;
mod show;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;

pub use access::{BrokerAccess, InvalidInvite, Invite};
pub use broker_url::{BrokerUrl, InvalidBrokerUrl};
pub use desktop::DesktopAlerts;
pub use own_file::open_file;
pub use pictures::Pictures;
pub use show::init;

use crate::domain::{InvalidPassphrase, InvalidUserName, Passphrase, UserName, clean_line, limits};
use crate::protocol::{InvalidRoot, Root};
use jiff::civil::Time;
use zeroize::Zeroizing;

/// The flags that every command takes, before or after the subcommand.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Flags {
    /// Keep everything in DIR [env: COOEE_DATA_DIR]
    #[arg(short, long, value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// Be NAME [env: COOEE_USER]
    #[arg(short, long, value_name = "NAME", global = true)]
    pub user: Option<String>,
    /// Let the section [profile.NAME] of the configuration file count over the rest of it [env: COOEE_PROFILE]
    #[arg(short = 'P', long, value_name = "NAME", global = true)]
    pub profile: Option<String>,
    /// Use the broker at URL: mqtt://HOST:PORT, mqtts://HOST:PORT, ws://HOST:PORT/PATH,
    /// wss://HOST:PORT/PATH or builtin [env: COOEE_BROKER]
    #[arg(short, long, value_name = "URL", global = true)]
    pub broker: Option<String>,
    /// Read FILE instead of the usual configuration file, and the keymap.toml beside it
    #[arg(short, long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Log to FILE [env: COOEE_LOG_FILE]
    #[arg(long, value_name = "FILE", global = true)]
    pub log_file: Option<PathBuf>,
    /// Talk in lines, without a screen: for screen readers, pipes and terminals that can only print. Also without being
    /// asked where TERM is `dumb` or standard output is no terminal
    #[arg(long)]
    pub plain: bool,
    /// Look as the theme NAME: auto, 16, dark, light, contrast, none, or one of your own [env: COOEE_THEME]
    #[arg(short, long, value_name = "NAME", conflicts_with = "no_color")]
    pub theme: Option<String>,
    /// Use no colours, as with NO_COLOR
    #[arg(long)]
    pub no_color: bool,
    /// Whether the file that is named is only to be made.
    #[arg(skip)]
    pub begins_file: bool,
    /// Whether the file was read before: what a pipe said then is not said again.
    #[arg(skip)]
    pub reads_again: bool,
}

/// Everything that can be chosen, chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The section of the file that counts over the rest, where one was asked for.
    pub profile: Option<String>,
    /// Where everything is kept; absolute. It need not exist yet.
    pub data_dir: PathBuf,
    /// Who to be, where that was said.
    pub user: Option<UserName>,
    /// Which broker to use.
    pub broker: BrokerChoice,
    /// How to know that broker, and to be known to it.
    pub access: BrokerAccess,
    /// The first levels of every topic.
    pub topic_root: Root,
    /// Whether groups by invitation are written to the CSV files like the others.
    pub private_groups: bool,
    /// Whether others are told that we are writing.
    pub typing: bool,
    /// Whether others are told that their messages were on our screen.
    pub read_receipts: bool,
    /// What is allowed of files.
    pub files: FileConfig,
    /// Whether to talk in lines, without a screen: asked for, or all that the terminal can do.
    pub plain: bool,
    /// What the screen looks like, by name.
    pub theme: String,
    /// How pictures are put on the screen.
    pub pictures: Pictures,
    /// Whether pictures that are here are shown small in the conversation too.
    pub thumbnails: bool,
    /// Whether the mouse is Cooee's; else it is the terminal's, which selects with it.
    pub mouse: bool,
    /// Where the themes of the person may lie: in a directory beside the configuration file. It need not exist.
    pub themes_dir: Option<PathBuf>,
    /// How to call for somebody who looks elsewhere.
    pub alerts: AlertConfig,
    /// The passphrase of the account, where the environment holds it.
    pub passphrase: Option<Passphrase>,
    /// A passphrase to take instead, where the environment holds it.
    pub new_passphrase: Option<Passphrase>,
    /// The passphrase of an export, where the environment holds it.
    pub export_passphrase: Option<Passphrase>,
    /// The program that prints the passphrase, and its arguments.
    pub passphrase_command: Option<Vec<String>>,
    /// The program that opens links, and the arguments before the link; `None`: that of the desktop.
    pub link_command: Option<Vec<String>>,
    /// The program that takes what is copied on its standard input, and its arguments; `None`: the terminal does.
    pub clipboard_command: Option<Vec<String>>,
    /// Where the configuration file is, or would be; `None` where there is no home directory and nobody named one.
    pub config_file: Option<PathBuf>,
    /// Where the keymap of the person may lie: beside the configuration file. It need not exist.
    pub keymap_file: Option<PathBuf>,
    /// Where to log to; `None` logs nothing.
    pub log_file: Option<PathBuf>,
    /// How much to log, as `tracing_subscriber::EnvFilter` reads it; `None` where nothing was said.
    pub log_filter: Option<String>,
    /// The directory of the log in plain text of what is said; `None`: there is none.
    pub chat_log: Option<PathBuf>,
}

/// What is allowed of files that are sent and fetched. Sizes are in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileConfig {
    /// Longest file that is sent.
    pub max_send: u64,
    /// Longest file that is fetched.
    pub max_receive: u64,
    /// Up to which size files are fetched unasked; 0: none.
    pub auto_fetch: u64,
    /// How much is kept sealed in all.
    pub keep: u64,
    /// Where files are saved when nobody says where.
    pub downloads: PathBuf,
}

/// How to call for somebody who looks elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertConfig {
    /// How the desktop shows it.
    pub desktop: DesktopAlerts,
    /// Whether the terminal rings.
    pub bell: bool,
    /// Whether what was said is shown outside of Cooee.
    pub content: bool,
    /// Whether the title of the terminal tells how much is unread.
    pub title: bool,
    /// From when to when nothing calls.
    pub quiet: Option<(Time, Time)>,
}

/// Which broker to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokerChoice {
    /// The one that Cooee brings, one for each data directory.
    BuiltIn,
    /// This one.
    Url(BrokerUrl),
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration file cannot be read.
    #[error("cannot read the configuration file {path}: {source}", path = path.display())]
    ReadFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The configuration file is not a configuration.
    #[error("the configuration file {path} is longer than {limit} bytes", path = path.display())]
    FileTooLong {
        /// The file.
        path: PathBuf,
        /// In bytes.
        limit: u64,
    },
    /// The configuration file is wrong.
    #[error("{path}: {why}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The line, what is wrong with it, and what may have been meant.
        why: String,
    },
    /// A path in the file would depend on where Cooee was started.
    #[error("{path}: `{key}` must be an absolute path, written out (no `~`)", path = path.display())]
    RelativePath {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
    },
    /// A value is not what it must be.
    #[error("{setting}: {why}")]
    Value {
        /// Where it was said: a flag, a variable, or a file and key.
        setting: String,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// A password was given where other people can read it.
    #[error(
        "--broker holds a password, which everybody on this machine can read in the list of processes: \
         write `mqtt://USER@HOST` and put the password into COOEE_BROKER_PASSWORD"
    )]
    PasswordInFlag,
    /// One of the two without the other.
    #[error(
        "a client certificate and its key go together: set both broker.certificate and broker.key, or \
         COOEE_BROKER_CERTIFICATE and COOEE_BROKER_KEY"
    )]
    HalfACertificate,
    /// There is no home directory to keep anything in.
    #[error("there is no home directory: say where to keep things with --data-dir or COOEE_DATA_DIR")]
    NoHome,
}

/// The profiles of a configuration file, by name.
///
/// # Errors
/// Where the file cannot be read, is none, or is wrong.
pub fn profiles(path: &Path) -> Result<Vec<String>, Error> {
    let (file, _) = file::read(path, open_file, true, None)?;
    Ok(file.profile.into_keys().collect())
}

/// Resolves the configuration. `env` looks up an environment variable; an empty one counts as unset.
///
/// # Errors
/// Says which flag, variable or line of which file is wrong, why, and what would be right.
pub fn resolve(flags: &Flags, env: impl Fn(&str) -> Option<OsString>) -> Result<Config, Error> {
    let env = |name: &str| env(name).filter(|value| !value.is_empty());
    let dirs = directories::ProjectDirs::from("", "", "cooee");
    let profile = first(flags.profile.as_deref(), "--profile", env, "COOEE_PROFILE", None, String::new)?;
    let profile = profile.map(|(name, _)| name);
    let read = |path: &Path, asked_for| {
        // `-c <(...)` is a pipe, and is waited for.
        let open: fn(&Path) -> std::io::Result<std::fs::File> =
            if flags.reads_again { open_file } else { |path| std::fs::File::open(path) };
        file::read(path, open, asked_for, profile.as_deref())
    };
    let ((file, over), path) = match (&flags.config, &dirs) {
        (Some(path), _) => (read(path, !flags.begins_file)?, path.clone()),
        (None, Some(dirs)) => {
            let path = dirs.config_dir().join("config.toml");
            (read(&path, false)?, path)
        }
        (None, None) if profile.is_some() => return Err(Error::NoHome),
        (None, None) => (Default::default(), PathBuf::new()),
    };
    let in_file = |key: &str| format!("`{}` in {}", over.key(key), path.display());

    let data_dir = flags
        .data_dir
        .clone()
        .or_else(|| env("COOEE_DATA_DIR").map(PathBuf::from))
        .or(file.data_dir)
        .or_else(|| dirs.as_ref().map(|dirs| dirs.data_dir().to_owned()))
        .ok_or(Error::NoHome)?;
    let log_file =
        flags.log_file.clone().or_else(|| env("COOEE_LOG_FILE").map(PathBuf::from)).or(file.log.file);

    let user = first(flags.user.as_deref(), "--user", env, "COOEE_USER", file.user, || in_file("user"))?;
    let broker = first(
        flags.broker.as_deref(),
        "--broker",
        env,
        "COOEE_BROKER",
        file.broker.url.clone(),
        || in_file("broker.url"),
    )?;
    let section = &file.broker;
    let path_of = |variable: &str, in_file: &Option<PathBuf>| {
        let path = env(variable).map(PathBuf::from).or_else(|| in_file.clone());
        path.map(|path| absolute(&path, variable)).transpose()
    };
    let certificate = match (
        path_of("COOEE_BROKER_CERTIFICATE", &section.certificate)?,
        path_of("COOEE_BROKER_KEY", &section.key)?,
    ) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => return Err(Error::HalfACertificate),
    };
    let fingerprint =
        first(None, "", env, "COOEE_BROKER_FINGERPRINT", section.fingerprint.clone(), || {
            in_file("broker.fingerprint")
        })?;
    let invite = first(None, "", env, "COOEE_INVITE", None, String::new)?;
    let access = BrokerAccess {
        ca: path_of("COOEE_BROKER_CA", &section.ca)?,
        certificate,
        fingerprint: fingerprint.map(parsed).transpose()?,
        invite: invite.map(parsed).transpose()?,
    };
    let log_filter = first(None, "", env, "COOEE_LOG", file.log.filter, || in_file("log.filter"))?;
    let wrong_root =
        |e: InvalidRoot| Error::Value { setting: in_file("broker.topic_root"), why: e.to_string() };
    let topic_root =
        file.broker.topic_root.as_deref().map(str::parse).transpose().map_err(wrong_root)?;

    // Whoever names a theme on the command line or for one start wants its colours, whatever holds in general.
    let chosen = flags.theme.clone().filter(|_| !flags.no_color).or_else(|| {
        env("COOEE_THEME").filter(|_| !flags.no_color).and_then(|name| name.into_string().ok())
    });
    let has_colours = !flags.no_color && env("NO_COLOR").is_none();
    let theme = match chosen {
        Some(name) => name,
        None if has_colours => file.theme.unwrap_or_else(|| "16".to_owned()),
        None => "none".to_owned(),
    };

    let passphrase = |name| env(name).map(|value| passphrase(value, name)).transpose();
    for (key, command) in [
        ("passphrase_command", &file.passphrase_command),
        ("links.command", &file.links.command),
        ("clipboard.command", &file.clipboard.command),
    ] {
        if command.as_ref().is_some_and(|command| command.first().is_none_or(String::is_empty)) {
            let why = "it names no program: write [\"PROGRAM\", \"ARGUMENT\"]".to_owned();
            return Err(Error::Value { setting: in_file(key), why });
        }
    }

    let data_dir = absolute(&data_dir, "--data-dir")?;
    Ok(Config {
        files: files(&file.files, &data_dir, in_file)?,
        data_dir,
        profile,
        user: user
            .map(|(name, setting)| {
                let wrong =
                    |e: InvalidUserName| Error::Value { setting, why: clean_line(&e.to_string()) };
                name.parse().map_err(wrong)
            })
            .transpose()?,
        broker: choose_broker(broker, env)?,
        access,
        topic_root: topic_root.unwrap_or_default(),
        private_groups: file.registry.private_groups.unwrap_or(true),
        typing: file.chat.typing.unwrap_or(true),
        read_receipts: file.chat.read_receipts.unwrap_or(true),
        plain: flags.plain
            || file.plain.unwrap_or(false)
            || env("TERM").is_some_and(|term| term == "dumb"),
        theme,
        pictures: file.pictures.unwrap_or(Pictures::Auto),
        thumbnails: file.thumbnails.unwrap_or(true),
        mouse: file.mouse.unwrap_or(true),
        themes_dir: path.file_name().map(|_| path.with_file_name("themes")),
        alerts: AlertConfig {
            desktop: file.alerts.desktop.unwrap_or(DesktopAlerts::Terminal),
            bell: file.alerts.bell.unwrap_or(true),
            content: file.alerts.content.unwrap_or(true),
            title: file.alerts.title.unwrap_or(true),
            quiet: file
                .alerts
                .quiet
                .as_deref()
                .map(|text| quiet(text, in_file("alerts.quiet")))
                .transpose()?,
        },
        passphrase: passphrase("COOEE_PASSPHRASE")?,
        new_passphrase: passphrase("COOEE_NEW_PASSPHRASE")?,
        export_passphrase: passphrase("COOEE_EXPORT_PASSPHRASE")?,
        passphrase_command: file.passphrase_command,
        link_command: file.links.command,
        clipboard_command: file.clipboard.command,
        config_file: path.file_name().map(|_| path.clone()),
        keymap_file: path.file_name().map(|_| path.with_file_name("keymap.toml")),
        log_file: log_file.map(|path| absolute(&path, "--log-file")).transpose()?,
        log_filter: log_filter.map(|(filter, _)| filter),
        chat_log: file.log.history,
    })
}

/// What is allowed of files.
fn files(
    section: &file::FileSection,
    data_dir: &Path,
    in_file: impl Fn(&str) -> String,
) -> Result<FileConfig, Error> {
    let size = |key: &str, said: Option<u64>, default: u64, unit: u64| {
        let most = limits::FILE / unit;
        match said.unwrap_or(default) {
            n if n > most => Err(Error::Value {
                setting: in_file(&format!("files.{key}")),
                why: format!("{n} is too much: at most {most}"),
            }),
            n => Ok(n * unit),
        }
    };
    let downloads = || {
        let dirs = directories::UserDirs::new();
        let known = dirs.as_ref().and_then(|dirs| dirs.download_dir()).map(Path::to_owned);
        known.unwrap_or_else(|| data_dir.join("downloads"))
    };
    Ok(FileConfig {
        max_send: size("max_send_mb", section.max_send_mb, 100, MB)?,
        max_receive: size("max_receive_mb", section.max_receive_mb, 100, MB)?,
        auto_fetch: size("auto_fetch_kb", section.auto_fetch_kb, 0, KB)?,
        keep: size("keep_mb", section.keep_mb, 1_000, MB)?,
        downloads: section.downloads.clone().unwrap_or_else(downloads),
    })
}

/// A thousand bytes, and a thousand of those.
const KB: u64 = 1_000;
const MB: u64 = 1_000 * KB;

/// From when to when it is quiet: `22:00-07:00`.
fn quiet(text: &str, setting: String) -> Result<(Time, Time), Error> {
    let time = |text: &str| Time::strptime("%H:%M", text.trim()).ok();
    let hours = text.split_once('-').and_then(|(from, to)| Some((time(from)?, time(to)?)));
    hours.ok_or_else(|| {
        let why = format!("`{}` says no hours: write `22:00-07:00`", clean_line(text));
        Error::Value { setting, why }
    })
}

/// Reads what was said at a setting.
fn parsed<T: FromStr<Err: std::fmt::Display>>((text, setting): (String, String)) -> Result<T, Error> {
    text.parse().map_err(|e: T::Err| Error::Value { setting, why: e.to_string() })
}

/// The first of flag, variable and file that says something, and where it was said.
fn first(
    flag: Option<&str>,
    flag_name: &str,
    env: impl Fn(&str) -> Option<OsString>,
    variable: &str,
    file: Option<String>,
    file_name: impl FnOnce() -> String,
) -> Result<Option<(String, String)>, Error> {
    if let Some(value) = flag {
        return Ok(Some((value.to_owned(), flag_name.to_owned())));
    }
    if let Some(value) = env(variable) {
        let value = text_of(value, variable)?;
        return Ok(Some((value, variable.to_owned())));
    }
    Ok(file.map(|value| (value, file_name())))
}

fn text_of(value: OsString, variable: &str) -> Result<String, Error> {
    value
        .into_string()
        .map_err(|_| Error::Value { setting: variable.to_owned(), why: "it is not UTF-8".to_owned() })
}

fn passphrase(value: OsString, variable: &str) -> Result<Passphrase, Error> {
    let text = Zeroizing::new(text_of(value, variable)?);
    let wrong = |e: InvalidPassphrase| Error::Value { setting: variable.to_owned(), why: e.to_string() };
    Passphrase::new(text).map_err(wrong)
}

fn choose_broker(
    chosen: Option<(String, String)>,
    env: impl Fn(&str) -> Option<OsString>,
) -> Result<BrokerChoice, Error> {
    let Some((text, setting)) = chosen.filter(|(text, _)| text != "builtin") else {
        return Ok(BrokerChoice::BuiltIn);
    };
    let url: BrokerUrl = text
        .parse()
        .map_err(|e: InvalidBrokerUrl| Error::Value { setting: setting.clone(), why: e.to_string() })?;
    if url.password().is_some() && setting == "--broker" {
        return Err(Error::PasswordInFlag);
    }
    let Some(password) = env("COOEE_BROKER_PASSWORD") else {
        return Ok(BrokerChoice::Url(url));
    };
    let password = text_of(password, "COOEE_BROKER_PASSWORD")?;
    url.with_password(password).map(BrokerChoice::Url).map_err(|_| Error::Value {
        setting: "COOEE_BROKER_PASSWORD".to_owned(),
        why: format!("the address in {setting} names no user: write `mqtt://USER@HOST`"),
    })
}

fn absolute(path: &Path, setting: &str) -> Result<PathBuf, Error> {
    std::path::absolute(path)
        .map_err(|e| Error::Value { setting: setting.to_owned(), why: e.to_string() })
}

#[cfg(test)]
mod tests;
