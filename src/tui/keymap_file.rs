//! The keymap of the person: `keymap.toml` beside the configuration file.

use std::io;
use std::path::Path;

use super::app::{Keymap, KeymapProblem};
use super::own_file;
use crate::domain::clean_line;

/// No keymap is longer than this many bytes.
const LONGEST: u64 = 256 * 1024;

/// The keymap that counts, and what is wrong with the file, in words. One that is wrong keeps nobody from writing:
/// what can be understood of it counts.
///
/// # Errors
/// What is wrong with the built-in keymap.
pub fn load(path: Option<&Path>) -> Result<(Keymap, Vec<String>), KeymapProblem> {
    let Some(path) = path else { return Ok((Keymap::built_in()?, Vec::new())) };
    let shown = clean_line(&path.display().to_string());
    match own_file::text(path, LONGEST) {
        Ok(text) => {
            let (keymap, problems) = Keymap::with_own(&text)?;
            Ok((keymap, problems.iter().map(|problem| format!("{shown}, {problem}")).collect()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((Keymap::built_in()?, Vec::new())),
        Err(error) => {
            Ok((Keymap::built_in()?, vec![format!("the keymap {shown} cannot be read: {error}")]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::app::{Action, Context};

    #[test]
    fn a_file_that_is_not_there_says_nothing_and_others_say_where_they_are_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keymap.toml");
        let problems = || load(Some(&path)).unwrap().1;
        assert_eq!(problems(), [""; 0]);
        assert_eq!(load(None).unwrap().1, [""; 0]);
        std::fs::write(&path, "[global]\njump = ['ctrl-t']\nquitt = ['ctrl-x']\n").unwrap();
        let (keymap, wrong) = load(Some(&path)).unwrap();
        assert_eq!(keymap.key(Context::Composer, Action::Jump), Some("Ctrl+T"));
        let [wrong] = &wrong[..] else { panic!("{wrong:?}") };
        let begins = format!("{}, line 3: ", path.display());
        assert!(wrong.starts_with(&begins) && wrong.contains("did you mean `quit`?"), "{wrong}");
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(problems()[0].contains("cannot be read"));
        std::fs::write(&path, " ".repeat(300 * 1024)).unwrap();
        assert!(problems()[0].contains("longer than 262144 bytes"));
    }
}
