//! Reading again what a person may change while Cooee runs: `config.toml`, `keymap.toml` and the theme. All of it
//! counts, or nothing.

use std::fmt;
use std::sync::Arc;

use super::app::{Keymap, Reloaded};
use super::messenger::{alert_setup, on_bus};
use super::{Themes, environment, keymap_file};
use crate::config::{self, Config, Flags};

/// What is made of a configuration that was read: in the demo all but the screen is the demo's own.
#[derive(Clone)]
pub struct Place(Arc<dyn Fn(Config) -> Config + Send + Sync>);

impl Place {
    /// This is made of it.
    pub fn new(settle: impl Fn(Config) -> Config + Send + Sync + 'static) -> Self {
        Self(Arc::new(settle))
    }

    /// What is made of this one.
    pub fn of(&self, config: Config) -> Config {
        (self.0)(config)
    }
}

impl Default for Place {
    fn default() -> Self {
        Self::new(|config| config)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}

/// What was said when Cooee began, under which the files are read again.
#[derive(Clone, Debug)]
pub struct Reload {
    /// The command line.
    pub flags: Flags,
    /// What counted then. Most of it counts until the end.
    pub config: Config,
    /// Where themes come from.
    pub themes: Themes,
    /// What is made of it.
    pub place: Place,
}

impl Reload {
    /// Reads everything again.
    ///
    /// # Errors
    /// All that is wrong, by file and line.
    pub fn read(&self) -> Result<Reloaded, Vec<String>> {
        let flags = Flags { reads_again: true, ..self.flags.clone() };
        let config = config::resolve(&flags, |name| std::env::var_os(name))
            .map_err(|error| vec![error.to_string()])?;
        let config = self.place.of(config);
        let (keymap, mut problems) = keymap_file::load(config.keymap_file.as_deref())
            .unwrap_or_else(|problem| (Keymap::default(), vec![problem.to_string()]));
        let looks = self.themes.find(&config.theme);
        if let Err(others) = &looks {
            problems.extend(others.iter().cloned());
        }
        match looks {
            Ok(looks) if problems.is_empty() => Ok(Reloaded {
                keymap,
                looks,
                pictures: environment::pictures(config.pictures),
                thumbnails: config.thumbnails,
                mouse: config.mouse,
                bus: on_bus(&config.alerts),
                alerts: alert_setup(config.alerts),
                later: self.config.differences(&config),
            }),
            _ => Err(problems),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::tui::app::{Action, Context, Depth, PictureMode, Protocol};

    fn reload(dir: &Path) -> Reload {
        let flags = Flags { config: Some(dir.join("config.toml")), ..Flags::default() };
        let config = config::resolve(&flags, |_| None).unwrap();
        let directory = config.themes_dir.clone();
        Reload {
            flags,
            config,
            themes: Themes { directory, depth: Depth::True, shade: None },
            place: Place::default(),
        }
    }

    #[test]
    fn what_can_change_changes_and_the_rest_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        fs::write(&file, "data_dir = '/d'\n").unwrap();
        let reload = reload(dir.path());
        assert_eq!(reload.read().unwrap().later, [""; 0]);
        let text = "data_dir = '/d'\ntheme = 'none'\npictures = 'sixel'\nthumbnails = false\nmouse = false\n[chat]\ntyping = false\n[alerts]\nbell = false\n\
                    [broker]\nurl = 'mqtt://lan'\n";
        fs::write(&file, text).unwrap();
        fs::write(dir.path().join("keymap.toml"), "[global]\njump = ['ctrl-t']\n").unwrap();
        let read = reload.read().unwrap();
        assert_eq!(read.looks.name, "none");
        assert_eq!(read.pictures, PictureMode::By(Protocol::Sixel));
        assert!(!read.mouse && !read.thumbnails);
        assert!(!read.alerts.bell && read.alerts.desktop);
        assert_eq!(read.keymap.key(Context::Composer, Action::Jump), Some("Ctrl+T"));
        assert_eq!(read.later, ["broker.url", "chat.typing"]);
    }

    #[test]
    fn a_pipe_is_read_at_the_start_and_nobody_waits_for_it_again() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
        let said = std::thread::spawn({
            let file = file.clone();
            move || fs::write(file, "data_dir = '/d'\ntheme = 'none'\n")
        });
        let reload = reload(dir.path());
        said.join().unwrap().unwrap();
        assert_eq!(reload.config.theme, "none");
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || tell.send(reload.read().map(|_| ())));
        let told =
            told.recv_timeout(std::time::Duration::from_secs(20)).expect("nobody waits for a pipe");
        let why = format!("cannot read the configuration file {}: it is no file", file.display());
        assert_eq!(told, Err(vec![why]));
    }

    #[test]
    fn what_is_wrong_anywhere_refuses_all_of_it_by_file_and_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        fs::write(&file, "data_dir = '/d'\n").unwrap();
        let reload = reload(dir.path());
        fs::write(&file, "data_dir = '/d'\ntheme = 'sea'\n").unwrap();
        fs::write(dir.path().join("keymap.toml"), "[global]\njumpp = ['ctrl-t']\n").unwrap();
        fs::create_dir(dir.path().join("themes")).unwrap();
        fs::write(dir.path().join("themes/sea.toml"), "\nowm = 'red'\n").unwrap();
        let said = reload.read().unwrap_err();
        assert!(said[0].contains("keymap.toml, line 2: ") && said[0].contains("`jump`?"), "{said:?}");
        assert!(said[1].contains("sea.toml, line 2: ") && said[1].contains("`own`?"), "{said:?}");
        fs::write(&file, "\ntheem = 'sea'\n").unwrap();
        let said = reload.read().unwrap_err();
        assert!(said.len() == 1 && said[0].contains("config.toml: line 2: "), "{said:?}");
    }
}
