//! The clipboard: by a program of the person's where they name one, else by the terminal. One process, no shell, and
//! nobody waits for it.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::domain::clean_line;

/// How long the program may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is not on the clipboard.
#[derive(Debug)]
pub struct Uncopied {
    /// What was to be copied.
    pub text: String,
    /// Why it was not.
    pub why: String,
}

/// The way to the clipboard.
#[derive(Debug)]
pub struct Clipboard {
    command: Option<Vec<String>>,
    patience: Duration,
    running: JoinSet<Result<(), Uncopied>>,
}

impl Clipboard {
    /// By this program, with these arguments; without one, by the terminal.
    pub fn new(command: Option<Vec<String>>) -> Self {
        Self { command, patience: PATIENCE, running: JoinSet::new() }
    }

    /// Begins to put a text there, instead of one that is still on its way; gives it back where that is the terminal's
    /// affair.
    pub fn put(&mut self, text: String) -> Option<String> {
        let Some(command) = self.command.clone() else { return Some(text) };
        // What it had to do is done by the newer text.
        self.running = JoinSet::new();
        let patience = self.patience;
        self.running.spawn(async move {
            let done = put(&command, &text, patience).await;
            done.map_err(|why| Uncopied { text, why })
        });
        None
    }

    /// The program, where there is one.
    pub fn program(&self) -> Option<String> {
        self.command.as_ref()?.first().cloned()
    }

    /// What did not get there, when that shows.
    pub async fn failed(&mut self) -> Uncopied {
        loop {
            match self.running.join_next().await {
                Some(Ok(Err(uncopied))) => return uncopied,
                Some(Err(failure)) if failure.is_panic() => {
                    std::panic::resume_unwind(failure.into_panic())
                }
                Some(Ok(Ok(())) | Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }
}

async fn put(command: &[String], text: &str, patience: Duration) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err("no program is named".to_owned());
    };
    let said = |why: &dyn std::fmt::Display| clean_line(&format!("`{program}`: {why}"));
    let started = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl+C in the terminal is not for it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(clean_line(&format!("there is no program `{program}`")));
        }
        Err(error) => return Err(said(&error)),
    };
    let done = async {
        let written = match child.stdin.take() {
            Some(mut input) => input.write_all(text.as_bytes()).await,
            None => Ok(()),
        };
        (child.wait().await, written)
    };
    match timeout(patience, done).await {
        Ok((Ok(status), Ok(()))) if status.success() => Ok(()),
        Ok((Ok(status), Err(error))) if status.success() => Err(said(&error)),
        Ok((Ok(status), _)) => Err(said(&status)),
        Ok((Err(error), _)) => Err(said(&error)),
        Err(_) => Err(said(&format!("it did not end within {patience:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clipboard(command: &[&str]) -> Clipboard {
        Clipboard::new(Some(command.iter().map(|word| (*word).to_owned()).collect()))
    }

    #[tokio::test]
    async fn the_text_comes_whole_and_no_shell_sees_it() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("$(touch x) out");
        let script = "cat > \"$0\"";
        let mut clipboard = clipboard(&["sh", "-c", script, out.to_str().unwrap()]);
        let text = "`id` $HOME\n水泵 'x'\n".repeat(4_000);
        assert_eq!(clipboard.put(text.clone()), None);
        assert!(matches!(clipboard.running.join_next().await, Some(Ok(Ok(())))));
        assert_eq!(std::fs::read_to_string(out).unwrap(), text);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_eq!(Clipboard::new(None).put("x".to_owned()), Some("x".to_owned()));
    }

    #[tokio::test]
    async fn what_goes_wrong_is_said_with_the_program() {
        let missing = "/no/such/program\u{1b}[31m";
        for (command, why) in [
            (&[missing][..], "there is no program `/no/such/program[31m`"),
            (&["sh", "-c", "exec <&-; exit 3"], "`sh`: exit status: 3"),
            (&["false"], "`false`: exit status: 1"),
        ] {
            let mut clipboard = clipboard(command);
            clipboard.put("x".repeat(400_000));
            assert_eq!(clipboard.failed().await.why, why);
        }
    }

    #[tokio::test]
    async fn one_that_does_not_end_is_ended_and_a_newer_text_takes_its_place() {
        let mut waiting = clipboard(&["sleep", "1000"]);
        waiting.patience = Duration::from_millis(50);
        waiting.put("old".to_owned());
        waiting.put("new".to_owned());
        let failed = waiting.failed().await;
        assert_eq!(
            (failed.text.as_str(), failed.why.as_str()),
            ("new", "`sleep`: it did not end within 50ms")
        );
    }
}
