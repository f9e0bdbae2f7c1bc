//! What the environment says about the terminal and the person at it.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::{env, fs};

use jiff::tz::TimeZone;

use rustix::process::geteuid;

use super::app::{AlertSetup, Calendar, Glyphs, Setup};
use super::external_editor::EditorCommand;
use super::opener::Opener;

/// Reads `NO_COLOR`, `TERM`, the locale and the time zone.
pub fn setup(alerts: AlertSetup) -> Setup {
    let var = |name: &str| env::var(name).ok();
    let calendar = Calendar::new(time_zone(var));
    let true_colour = true_colour(var);
    Setup { calendar, glyphs: glyphs(var), colours: colours(var), true_colour, alerts }
}

/// Reads `VISUAL` and `EDITOR`.
pub fn editor() -> EditorCommand {
    EditorCommand::find(|name| env::var(name).ok())
}

/// Looks for what opens links.
pub fn opener(chosen: Option<Vec<String>>) -> Opener {
    Opener::find(chosen, |name| env::var(name).ok())
}

/// The directory for what is gone with the login, if it is ours and nobody else can look into it.
pub fn runtime_dir() -> Option<PathBuf> {
    let path = PathBuf::from(env::var_os("XDG_RUNTIME_DIR")?);
    let found = path.metadata().ok().filter(|_| path.is_absolute())?;
    let private = found.mode() & 0o077 == 0 && found.uid() == geteuid().as_raw();
    (found.is_dir() && private).then_some(path)
}

/// Where nobody names a time zone it is what the system has: read at once, for to find its name one would have to walk
/// over all that there are before the first frame is drawn.
fn time_zone(var: impl Fn(&str) -> Option<String>) -> TimeZone {
    let bytes = var("TZ").map_or_else(|| fs::read("/etc/localtime").ok(), |_| None);
    let system = bytes.and_then(|bytes| TimeZone::tzif("/etc/localtime", &bytes).ok());
    system.unwrap_or_else(TimeZone::system)
}

/// Whether colours may be used: not when `NO_COLOR` is set to anything (no-color.org), nor on a terminal
/// that calls itself dumb.
fn colours(var: impl Fn(&str) -> Option<String>) -> bool {
    let no_color = var("NO_COLOR").is_some_and(|value| !value.is_empty());
    !no_color && var("TERM").is_none_or(|term| term != "dumb")
}

/// Terminals that show any colour say so in `COLORTERM`, by a custom that most keep.
fn true_colour(var: impl Fn(&str) -> Option<String>) -> bool {
    var("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit")
}

/// Signs beyond ASCII need a UTF-8 locale, and a font that has them: the Linux console's has not.
fn glyphs(var: impl Fn(&str) -> Option<String>) -> Glyphs {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(&var).find(|value| !value.is_empty());
    let utf8 = locale.is_some_and(|value| {
        let value = value.to_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    });
    let plain = var("TERM").is_some_and(|term| term == "dumb" || term == "linux");
    if utf8 && !plain { Glyphs::Unicode } else { Glyphs::Ascii }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given<'a>(vars: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn no_color_and_dumb_terminals_get_none() {
        assert!(colours(given(&[("TERM", "xterm-256color")])));
        assert!(colours(given(&[("NO_COLOR", "")])));
        assert!(!colours(given(&[("NO_COLOR", "1")])));
        assert!(!colours(given(&[("TERM", "dumb")])));
        assert!(true_colour(given(&[("COLORTERM", "truecolor")])) && !true_colour(given(&[])));
    }

    #[test]
    fn the_time_zone_is_that_of_the_system_however_it_is_found() {
        let now = jiff::Timestamp::now();
        assert_eq!(time_zone(given(&[])).to_offset(now), TimeZone::system().to_offset(now));
        // Where one is named, it is not what that file says.
        let named = time_zone(given(&[("TZ", "Asia/Kolkata")]));
        assert_eq!(named.iana_name(), TimeZone::system().iana_name());
    }

    #[test]
    fn signs_follow_the_locale() {
        assert_eq!(glyphs(given(&[("LANG", "en_AU.UTF-8")])), Glyphs::Unicode);
        assert_eq!(glyphs(given(&[("LC_ALL", "C"), ("LANG", "en_AU.UTF-8")])), Glyphs::Ascii);
        assert_eq!(glyphs(given(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8")])), Glyphs::Unicode);
        assert_eq!(glyphs(given(&[("LANG", "C.UTF-8"), ("TERM", "linux")])), Glyphs::Ascii);
        assert_eq!(glyphs(given(&[])), Glyphs::Ascii);
    }
}
