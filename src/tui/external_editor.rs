//! Writing a draft in the editor of the person's choice.
//!
//! The draft lies in a private directory while the editor has the terminal, and goes with it on every way out. The
//! editor stays in our process group, as `git` does it: so its Ctrl+Z stops both, and the shell's `fg` continues
//! both. What it changed is read from the name, not from the file that we made: editors replace files.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::app::Written;
use crate::domain::{clean_line, limits};
use crate::engine::DRAFT_PREFIX;

/// What the draft is called: many editors wrap and colour by it.
const NAME: &str = "message.md";
/// How long an editor that is asked to go may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// Which editor to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditorCommand {
    /// The variable that names it.
    source: &'static str,
    /// The program and its arguments; or why they cannot be read.
    argv: Result<Vec<String>, String>,
}

impl EditorCommand {
    /// `VISUAL`, else `EDITOR`, else `vi`. Words are split as a shell does it, and nothing is expanded.
    pub fn find(var: impl Fn(&str) -> Option<String>) -> Self {
        let named = ["VISUAL", "EDITOR"].into_iter().find_map(|name| {
            let value = var(name).filter(|value| !value.trim().is_empty())?;
            Some((name, value))
        });
        let Some((source, value)) = named else {
            return Self { source: "the default", argv: Ok(vec!["vi".to_owned()]) };
        };
        let argv = shell_words::split(&value)
            .map_err(|_| format!("{source} has a quote without its end: {}", clean_line(&value)));
        Self { source, argv }
    }

    fn missing(&self, program: &str, error: &io::Error) -> String {
        let program = clean_line(program);
        match error.kind() {
            io::ErrorKind::NotFound => format!(
                "there is no editor `{program}` ({}): set VISUAL or EDITOR to one that is installed",
                self.source
            ),
            _ => format!("the editor `{program}` ({}) does not start: {error}", self.source),
        }
    }
}

/// An editor at work on a draft.
pub struct Editing {
    task: JoinHandle<Result<Written, String>>,
    call_off: oneshot::Sender<()>,
}

/// A draft that is ready to be edited.
pub struct Sheet {
    directory: TempDir,
    argv: Vec<String>,
    command: EditorCommand,
}

impl Sheet {
    /// Puts a draft where only its owner can read it: into a new directory in this one.
    pub fn prepare(command: &EditorCommand, directory: &Path, text: &str) -> Result<Self, String> {
        let argv = command.argv.clone()?;
        let failed = |error: io::Error| {
            format!("the text cannot be put into {} for the editor: {error}", directory.display())
        };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        let directory = tempfile::Builder::new()
            .prefix(DRAFT_PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(directory)
            .map_err(failed)?;
        let file = directory.path().join(NAME);
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        if !text.is_empty() {
            // Editors complain of a last line without its end.
            file.write_all(b"\n").map_err(failed)?;
        }
        Ok(Self { directory, argv, command: command.clone() })
    }

    /// What to call the editor.
    pub fn program(&self) -> String {
        let path = Path::new(self.argv.first().map_or("", String::as_str));
        clean_line(&path.file_name().unwrap_or_default().to_string_lossy())
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join(NAME)
    }

    /// Starts the editor once the keyboard is free.
    pub fn edit(self, keyboard: JoinHandle<()>) -> Editing {
        let (call_off, called_off) = oneshot::channel();
        let task = tokio::spawn(async move {
            // Aborted: it has to be seen to have ended, or it would take the editor's first keys.
            let _ = keyboard.await;
            let status = self.run(called_off).await?;
            if !status.success() {
                let how = match status.code() {
                    Some(code) => format!("ended with code {code}"),
                    None => "was ended by a signal".to_owned(),
                };
                return Err(format!("the editor `{}` {how}", self.program()));
            }
            read(&self.file()).map_err(|error| format!("what the editor left cannot be read: {error}"))
        });
        Editing { task, call_off }
    }

    async fn run(&self, mut called_off: oneshot::Receiver<()>) -> Result<ExitStatus, String> {
        let Some((program, arguments)) = self.argv.split_first() else {
            return Err("VISUAL or EDITOR names no program".to_owned());
        };
        let failed = |error: io::Error| self.command.missing(program, &error);
        let tty = OpenOptions::new().read(true).open("/dev/tty").map_err(failed)?;
        let mut child = Command::new(program)
            .args(arguments)
            .arg(self.file())
            // Ours may be anything; nothing of it is for an editor.
            .stdin(Stdio::from(tty))
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        tokio::select! {
            status = child.wait() => status.map_err(failed),
            _ = &mut called_off => {
                send_away(&mut child).await;
                Err("Cooee was asked to end".to_owned())
            }
        }
    }
}

/// Asks it to end, so that it gives the terminal back; kills it if it does not.
async fn send_away(child: &mut Child) {
    let pid = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
    if let Some(pid) = pid {
        let _ = kill_process(pid, Signal::HUP);
    }
    if timeout(FAREWELL, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

impl Editing {
    /// What the editor left; or why nothing came of it. To be asked until it has answered.
    pub async fn ended(&mut self) -> Result<Written, String> {
        let ended = (&mut self.task).await;
        ended.unwrap_or_else(|error| Err(format!("the editor was not waited for: {error}")))
    }

    /// Ends the editor: nobody wants what it has.
    pub async fn call_off(self) {
        let _ = self.call_off.send(());
        let _ = self.task.await;
    }
}

/// Reads at most what a message may hold, of a plain file alone: a pipe in its place would never end.
fn read(path: &Path) -> io::Result<Written> {
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).map_err(io::Error::other)?;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    let mut bytes = Vec::new();
    // What is behind the limit may be spaces, which do not count.
    let most = limits::TEXT * 2;
    file.take(most as u64 + 1).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let cut = bytes.len() > most;
    Ok(Written { text, cut })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(vars: &[(&str, &str)]) -> EditorCommand {
        let find = |name: &str| {
            vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        EditorCommand::find(find)
    }

    fn idle() -> JoinHandle<()> {
        tokio::spawn(async {})
    }

    /// What becomes of a draft in an editor that is this shell script; `$1` is the file.
    async fn edited(dir: &Path, text: &str, script: &str) -> Result<Written, String> {
        let argv = ["sh", "-c", script, "sh"].map(str::to_owned).to_vec();
        let command = EditorCommand { source: "EDITOR", argv: Ok(argv) };
        let sheet = Sheet::prepare(&command, dir, text).unwrap();
        // Without a terminal of its own a test has no keyboard to give away.
        sheet.run_without_terminal().await
    }

    impl Sheet {
        async fn run_without_terminal(self) -> Result<Written, String> {
            let (program, arguments) = self.argv.split_first().unwrap();
            let status = Command::new(program).args(arguments).arg(self.file()).status().await.unwrap();
            assert!(status.success());
            read(&self.file()).map_err(|error| error.to_string())
        }
    }

    #[test]
    fn the_editor_is_found_as_other_programs_find_it() {
        assert_eq!(command(&[]).argv.unwrap(), ["vi"]);
        assert_eq!(command(&[("EDITOR", "nano")]).argv.unwrap(), ["nano"]);
        let both = command(&[("VISUAL", "code --wait 'a b'"), ("EDITOR", "nano")]);
        assert_eq!(both.argv.unwrap(), ["code", "--wait", "a b"]);
        assert_eq!(command(&[("VISUAL", " "), ("EDITOR", "ed")]).argv.unwrap(), ["ed"]);
        assert!(command(&[("EDITOR", "vi 'x")]).argv.unwrap_err().contains("EDITOR has a quote"));
    }

    #[tokio::test]
    async fn the_draft_is_private_and_gone_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let modes = "stat -c %a \"$1\" \"$(dirname \"$1\")\" 2>/dev/null || stat -f %Lp \"$1\" \"$(dirname \"$1\")\"";
        let script = format!("m=$({modes}); cat \"$1\" > \"$1~\"; echo \"$m\" >> \"$1\"");
        let written = edited(dir.path(), "on my way", &script).await.unwrap();
        assert_eq!(written, Written { text: "on my way\n600\n700\n".to_owned(), cut: false });
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "backups go with it");
    }

    #[tokio::test]
    async fn a_file_that_was_replaced_is_read_and_what_is_none_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let written = edited(dir.path(), "a", "echo b > \"$1.new\"; mv \"$1.new\" \"$1\"").await;
        assert_eq!(written.unwrap().text, "b\n");
        assert!(edited(dir.path(), "a", "rm \"$1\"").await.is_err());
        let pipe = edited(dir.path(), "a", "rm \"$1\"; mkfifo \"$1\"").await;
        assert!(pipe.unwrap_err().contains("no plain file"));
        let huge = edited(dir.path(), "", "head -c 1000000 /dev/zero > \"$1\"").await.unwrap();
        assert!(huge.cut && huge.text.len() <= limits::TEXT * 2 + 1);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn an_editor_that_is_not_there_is_named() {
        let words = command(&[("EDITOR", "no-such-editor")])
            .missing("no-such-editor", &io::Error::from(io::ErrorKind::NotFound));
        assert!(words.contains("`no-such-editor` (EDITOR)") && words.contains("set VISUAL"), "{words}");
        let dir = tempfile::tempdir().unwrap();
        let nameless = EditorCommand { source: "EDITOR", argv: Ok(Vec::new()) };
        let sheet = Sheet::prepare(&nameless, dir.path(), "a").unwrap();
        let error = sheet.edit(idle()).ended().await.unwrap_err();
        assert!(error.contains("names no program"), "{error}");
    }
}
