//! What the environment says about the terminal and the person at it.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::{env, fs};

use jiff::tz::TimeZone;

use rustix::process::geteuid;

use super::app::{
    Ability, AlertSetup, Calendar, Depth, Glyphs, Graphics, Looks, PictureMode, Protocol, Setup, Shade,
};
use super::external_editor::EditorCommand;
use super::graphics::nearly_cell;
use super::opener::Opener;
use crate::config::Pictures;

/// Reads `TERM`, the locale and the time zone.
pub fn setup(
    alerts: AlertSetup,
    looks: Looks,
    copies_with: Option<String>,
    pictures: Pictures,
    thumbnails: bool,
) -> Setup {
    let var = |name: &str| env::var(name).ok();
    let calendar = Calendar::new(time_zone(var));
    let mut graphics = Graphics::new(mode_of(pictures, var));
    let named = name_tells(var);
    nearly_cell().into_iter().chain(named).for_each(|ability| graphics.note(ability, (0, 0)));
    Setup { calendar, glyphs: glyphs(var), looks, alerts, copies_with, graphics, thumbnails }
}

/// How pictures are put on the screen, where this was chosen.
pub fn pictures(chosen: Pictures) -> PictureMode {
    mode_of(chosen, |name| env::var(name).ok())
}

/// Nothing is asked of a terminal that has few colours or signs, or of tmux and screen: they would answer for themselves, and
/// paint over a picture whenever they draw.
fn mode_of(chosen: Pictures, var: impl Fn(&str) -> Option<String>) -> PictureMode {
    let is_set = |name: &str| var(name).is_some_and(|value| !value.is_empty());
    let within = is_set("TMUX")
        || is_set("STY")
        || var("TERM").is_some_and(|term| term.starts_with("tmux") || term.starts_with("screen"));
    match chosen {
        Pictures::Auto if within => PictureMode::Cells,
        Pictures::Auto if depth_of(&var) == Depth::Sixteen => PictureMode::Cells,
        Pictures::Auto if glyphs(&var) == Glyphs::Ascii => PictureMode::Cells,
        Pictures::Auto => PictureMode::Auto,
        Pictures::Kitty => PictureMode::By(Protocol::Kitty),
        Pictures::Iterm => PictureMode::By(Protocol::Iterm),
        Pictures::Sixel => PictureMode::By(Protocol::Sixel),
        Pictures::Blocks => PictureMode::Cells,
    }
}

/// What the name of the terminal tells. `LC_TERMINAL` comes along over SSH.
fn name_tells(var: impl Fn(&str) -> Option<String>) -> Option<Ability> {
    ["TERM_PROGRAM", "LC_TERMINAL"].into_iter().filter_map(var).find_map(|name| Ability::of_name(&name))
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

/// Which colours the terminal has.
pub fn depth() -> Depth {
    depth_of(|name| env::var(name).ok())
}

/// All of them where `COLORTERM` says so, `TERM` does, or it is Windows Terminal; else what `TERM` says.
fn depth_of(var: impl Fn(&str) -> Option<String>) -> Depth {
    let says = |name: &str, words: &[&str]| {
        var(name).is_some_and(|value| words.iter().any(|word| value.contains(word)))
    };
    if says("COLORTERM", &["truecolor", "24bit"])
        || says("TERM", &["direct"])
        || var("WT_SESSION").is_some()
    {
        Depth::True
    } else if says("TERM", &["256"]) || var("COLORTERM").is_some_and(|value| !value.is_empty()) {
        Depth::Indexed
    } else {
        Depth::Sixteen
    }
}

/// The background, where the terminal told it to the environment: `COLORFGBG` ends with its number of the 16 colours.
pub fn shade() -> Option<Shade> {
    shade_of(|name| env::var(name).ok())
}

fn shade_of(var: impl Fn(&str) -> Option<String>) -> Option<Shade> {
    let value = var("COLORFGBG")?;
    match value.rsplit(';').next()?.parse().ok()? {
        7 | 9..=15 => Some(Shade::Light),
        0..=6 | 8 => Some(Shade::Dark),
        _ => None,
    }
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
    fn colours_are_those_that_the_terminal_says() {
        assert_eq!(depth_of(given(&[("TERM", "xterm-256color")])), Depth::Indexed);
        assert_eq!(
            depth_of(given(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")])),
            Depth::True
        );
        assert_eq!(depth_of(given(&[("TERM", "xterm-direct")])), Depth::True);
        assert_eq!(depth_of(given(&[("TERM", "xterm"), ("WT_SESSION", "1")])), Depth::True);
        assert_eq!(depth_of(given(&[("TERM", "linux")])), Depth::Sixteen);
        assert_eq!(depth_of(given(&[("TERM", "screen")])), Depth::Sixteen);
    }

    #[test]
    fn a_terminal_is_asked_for_pictures_where_that_makes_sense_and_not_where_it_was_said() {
        let colours = ("TERM", "xterm-256color");
        let utf8 = ("LANG", "C.UTF-8");
        let mode = |chosen, vars: &[(&str, &str)]| mode_of(chosen, given(vars));
        assert_eq!(mode(Pictures::Auto, &[colours, utf8]), PictureMode::Auto);
        assert_eq!(mode(Pictures::Auto, &[colours, utf8, ("TMUX", "")]), PictureMode::Auto);
        for vars in [
            &[colours][..],
            &[utf8, ("TERM", "xterm")],
            &[colours, utf8, ("TMUX", "/tmp/tmux-0/default,1,0")],
            &[colours, utf8, ("STY", "1.pts-0.host")],
            &[utf8, ("TERM", "tmux-256color")],
            &[utf8, ("TERM", "screen-256color")],
        ] {
            assert_eq!(mode(Pictures::Auto, vars), PictureMode::Cells, "{vars:?}");
            assert_eq!(mode(Pictures::Sixel, vars), PictureMode::By(Protocol::Sixel));
            assert_eq!(mode(Pictures::Kitty, vars), PictureMode::By(Protocol::Kitty));
            assert_eq!(mode(Pictures::Iterm, vars), PictureMode::By(Protocol::Iterm));
        }
        assert_eq!(mode(Pictures::Blocks, &[colours, utf8]), PictureMode::Cells);
        let like_iterm = |name, value| name_tells(given(&[(name, value)])) == Some(Ability::Iterm);
        assert!(like_iterm("TERM_PROGRAM", "iTerm.app") && like_iterm("LC_TERMINAL", "iTerm2"));
        assert!(like_iterm("TERM_PROGRAM", "WezTerm") && !like_iterm("TERM_PROGRAM", "Apple_Terminal"));
    }

    #[test]
    fn the_background_is_the_last_number() {
        let shade = |value| shade_of(given(&[("COLORFGBG", value)]));
        assert_eq!(shade("15;0"), Some(Shade::Dark));
        assert_eq!(shade("0;default;15"), Some(Shade::Light));
        assert_eq!(shade("12;8"), Some(Shade::Dark));
        assert_eq!((shade("15;default"), shade(""), shade("0;99")), (None, None, None));
        assert_eq!(shade_of(given(&[])), None);
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
