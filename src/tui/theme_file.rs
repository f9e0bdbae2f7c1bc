//! Themes by name: those that are built in, and those of the person, `themes/NAME.toml` beside the configuration file.

use std::io;
use std::path::PathBuf;

use super::app::{Depth, Looks, Shade, Theme};
use super::own_file;
use crate::domain::clean_line;

/// No theme is longer than this many bytes.
const LONGEST: u64 = 64 * 1024;

/// The name under which the background of the terminal decides.
const AUTO: &str = "auto";

/// Where themes come from, and for what terminal.
#[derive(Clone, Debug)]
pub struct Themes {
    /// Where those of the person lie.
    pub directory: Option<PathBuf>,
    /// Which colours the terminal has.
    pub depth: Depth,
    /// The background, where the environment tells it.
    pub shade: Option<Shade>,
}

impl Themes {
    /// What the screen looks like under this name. Only a name that is not built in costs a look at a file.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn find(&self, name: &str) -> Result<Looks, Vec<String>> {
        let built_in = |name| Theme::built_in(name).map(|theme| theme.in_depth(self.depth));
        if name == AUTO
            && let (Some(dark), Some(light)) = (built_in("dark"), built_in("light"))
        {
            // Until the background is known, what suits both.
            let theme = Theme::default();
            let by_shade = Some(Box::new((dark, light)));
            let mut looks = Looks { name: name.to_owned(), theme, by_shade };
            self.shade.into_iter().for_each(|shade| looks.follow(shade));
            return Ok(looks);
        }
        let theme = match built_in(name) {
            Some(theme) => theme,
            None => self.own(name)?.in_depth(self.depth),
        };
        Ok(Looks { name: name.to_owned(), theme, by_shade: None })
    }

    fn own(&self, name: &str) -> Result<Theme, Vec<String>> {
        let known: Vec<&str> = Theme::names().collect();
        let shown = clean_line(name);
        let unknown = |place: &str| {
            let all = known.join(", ");
            vec![format!("there is no theme `{shown}`: use {AUTO}, {all}{place}")]
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let Some(directory) = self.directory.as_ref().filter(|_| name.chars().all(is_name)) else {
            return Err(unknown(""));
        };
        let path = directory.join(format!("{name}.toml"));
        let place = clean_line(&path.display().to_string());
        let text = match own_file::text(&path, LONGEST) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(unknown(&format!(", or write {place}")));
            }
            Err(error) => return Err(vec![format!("the theme {place} cannot be read: {error}")]),
        };
        match Theme::of_file(&text) {
            (theme, problems) if problems.is_empty() => Ok(theme),
            (_, problems) => Err(problems.iter().map(|problem| format!("{place}, {problem}")).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Color;

    use super::*;
    use crate::tui::app::Role;

    fn themes(dir: &tempfile::TempDir) -> Themes {
        Themes { directory: Some(dir.path().to_owned()), depth: Depth::Sixteen, shade: None }
    }

    #[test]
    fn a_theme_is_found_by_its_name_in_the_colours_of_the_terminal() {
        let dir = tempfile::tempdir().unwrap();
        let themes = themes(&dir);
        for name in Theme::names() {
            let looks = themes.find(name).unwrap();
            assert_eq!((looks.name.as_str(), looks.by_shade), (name, None));
            for role in Role::ALL {
                assert!(!matches!(
                    looks.theme.style(*role).fg,
                    Some(Color::Rgb(..) | Color::Indexed(_))
                ));
            }
        }
        std::fs::write(dir.path().join("sea.toml"), "base = 'dark'\nown = '#0000ff'\n").unwrap();
        let sea = themes.find("sea").unwrap().theme;
        assert_eq!(sea.style(Role::Own).fg, Some(Color::Blue));
    }

    #[test]
    fn what_is_wrong_is_said_and_no_name_leads_out_of_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let inside = tempfile::tempdir_in(dir.path()).unwrap();
        let themes = themes(&inside);
        std::fs::write(dir.path().join("out.toml"), "own = 'blue'\n").unwrap();
        for name in ["../out", "", "a/b", "\u{1b}[m"] {
            let [said] = &themes.find(name).unwrap_err()[..] else { panic!("{name}") };
            assert!(said.contains("there is no theme") && !said.contains(char::is_control), "{said}");
        }
        let said = themes.find("sea").unwrap_err().remove(0);
        assert!(said.contains("or write /") && said.ends_with("sea.toml"), "{said}");
        std::fs::write(inside.path().join("sea.toml"), "\nowm = 'blue'\n").unwrap();
        let said = themes.find("sea").unwrap_err().remove(0);
        assert!(said.contains("sea.toml, line 2: `owm`") && said.contains("`own`?"), "{said}");
    }

    #[test]
    fn the_background_decides_and_until_it_is_known_what_suits_both() {
        let dir = tempfile::tempdir().unwrap();
        let mut themes = themes(&dir);
        let unknown = themes.find("auto").unwrap();
        assert_eq!(unknown.theme, Theme::default());
        themes.shade = Some(Shade::Light);
        let light = themes.find("auto").unwrap();
        assert_eq!(light.theme, themes.find("light").unwrap().theme);
        assert!(light.by_shade.is_some(), "it goes on to follow");
    }
}
