//! Opens links with the program of the person or of their desktop: one process, no shell, and nothing of the
//! terminal but that it knows which it is: what a program of the person writes to `/dev/tty` stands where it stands.

use std::io;
use std::process::Stdio;

use tokio::process::Command;

/// What opens a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opener {
    /// This program, with these arguments before the link.
    Program(Vec<String>),
    /// Nothing here can; why, in words.
    None(&'static str),
}

impl Opener {
    /// What the person has chosen, else what their desktop has. Over SSH that would open it where nobody sits.
    pub fn find(chosen: Option<Vec<String>>, var: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name: &str| var(name).is_some_and(|value| !value.is_empty());
        match chosen {
            Some(command) => Self::Program(command),
            None if is_set("SSH_CONNECTION") || is_set("SSH_TTY") => Self::None("you are here over SSH"),
            None if cfg!(target_os = "macos") => Self::Program(vec!["open".to_owned()]),
            None if is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") => {
                Self::Program(vec!["xdg-open".to_owned()])
            }
            None => Self::None("there is no desktop here"),
        }
    }

    /// Begins to open a link; says with what. Nobody waits for it to end.
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub fn open(&self, link: &str) -> Result<String, String> {
        let command = match self {
            Self::None(why) => return Err((*why).to_owned()),
            Self::Program(command) => command,
        };
        let Some((program, arguments)) = command.split_first() else {
            return Err("no program is named".to_owned());
        };
        let started = Command::new(program)
            .args(arguments)
            .arg(link)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl+C in the terminal is not for it.
            .process_group(0)
            .spawn();
        match started {
            Ok(_) => Ok(program.clone()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(format!("there is no program `{program}`"))
            }
            Err(error) => Err(format!("`{program}`: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn found(chosen: Option<&str>, vars: &[(&str, &str)]) -> Opener {
        let vars: Vec<_> = vars.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Opener::find(chosen.map(|program| vec![program.to_owned()]), |name| {
            vars.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        })
    }

    #[test]
    fn over_ssh_nothing_opens_unless_somebody_says_so() {
        let program = |name: &str| Opener::Program(vec![name.to_owned()]);
        assert!(matches!(found(None, &[("SSH_TTY", "/dev/pts/1"), ("DISPLAY", ":0")]), Opener::None(_)));
        assert_eq!(found(Some("lynx"), &[("SSH_TTY", "/dev/pts/1")]), program("lynx"));
        #[cfg(target_os = "linux")]
        {
            assert!(matches!(found(None, &[]), Opener::None(_)));
            assert_eq!(found(None, &[("WAYLAND_DISPLAY", "wayland-0")]), program("xdg-open"));
        }
    }

    #[tokio::test]
    async fn no_shell_sees_the_link() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let arguments = ["sh", "-c", "printf '%s|' \"$@\" > \"$0\"", out.to_str().unwrap(), "--new"];
        let opener = Opener::Program(arguments.map(str::to_owned).to_vec());
        let link = "https://a.org/$(touch%20x);`id`&'\"*";
        assert_eq!(opener.open(link), Ok("sh".to_owned()));
        let deadline = Instant::now() + Duration::from_secs(20);
        let wanted = format!("--new|{link}|");
        while std::fs::read_to_string(&out).unwrap_or_default() != wanted {
            assert!(Instant::now() < deadline, "{:?}", std::fs::read_to_string(&out));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let missing = Opener::Program(vec!["/no/such/program".to_owned()]).open(link);
        assert_eq!(missing, Err("there is no program `/no/such/program`".to_owned()));
    }
}
