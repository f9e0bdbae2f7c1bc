//! A program that prints a passphrase: a password manager, or what reads the keyring of the desktop.
//!
//! It is started as it is written, a program and its arguments, by no shell: nothing in it is split, expanded or
//! substituted. It reads nothing from us, finds the account in `COOEE_USER`, and the first line that it prints
//! is the passphrase.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::domain::{Passphrase, UserName, clean_block, limits};

/// How long it may take: somebody may have to unlock a password manager first.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much of its complaints is shown, in bytes.
const COMPLAINT: usize = 1024;

/// Runs the program. The error says what went wrong, and with what.
pub(super) async fn run(command: &[String], user: &UserName) -> Result<Passphrase, String> {
    run_for(PATIENCE, command, user).await
}

async fn run_for(patience: Duration, command: &[String], user: &UserName) -> Result<Passphrase, String> {
    let [program, arguments @ ..] = command else {
        return Err("`passphrase_command` names no program".to_owned());
    };
    let failed = |why: String| format!("`passphrase_command` ({program}) {why}");
    let mut child = Command::new(program)
        .args(arguments)
        .env("COOEE_USER", user.as_str())
        .env_remove("COOEE_NEW_PASSPHRASE")
        .env_remove("COOEE_EXPORT_PASSPHRASE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| failed(format!("cannot be started: {e}")))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let ended =
        async { tokio::join!(child.wait(), read(out, limits::PASSPHRASE + 2), read(err, COMPLAINT)) };
    let Ok((status, out, complaint)) = timeout(patience, ended).await else {
        return Err(failed(format!("does not end within {} s", patience.as_secs())));
    };
    let status = status.map_err(|e| failed(format!("cannot be waited for: {e}")))?;
    if !status.success() {
        let complaint = clean_block(String::from_utf8_lossy(&complaint).trim());
        return Err(failed(match complaint.is_empty() {
            true => format!("failed ({status})"),
            false => format!("failed ({status}): {complaint}"),
        }));
    }
    let line = out.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = std::str::from_utf8(line).map_err(|_| failed("printed what is not UTF-8".to_owned()))?;
    let text = Zeroizing::new(text.to_owned());
    Passphrase::new(text).map_err(|e| failed(format!("printed no passphrase: {e}")))
}

/// The beginning of what it prints. The rest is taken and thrown away, so that it can end.
async fn read(pipe: Option<impl AsyncRead + Unpin>, most: usize) -> Zeroizing<Vec<u8>> {
    let mut kept = Zeroizing::new(Vec::with_capacity(most));
    if let Some(mut pipe) = pipe {
        let mut chunk = Zeroizing::new([0; 512]);
        while let Ok(count @ 1..) = pipe.read(chunk.as_mut()).await {
            let room = most - kept.len();
            kept.extend_from_slice(&chunk[..count.min(room)]);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(command: &[&str]) -> Result<Passphrase, String> {
        let command: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let user = "alice".parse().unwrap();
        runtime.block_on(run_for(Duration::from_secs(20), &command, &user))
    }

    fn passphrase(text: &str) -> Result<Passphrase, String> {
        Ok(Passphrase::new(text.to_owned()).unwrap())
    }

    #[test]
    fn the_first_line_counts_and_no_shell_reads_it() {
        assert_eq!(run(&["printf", "correct horse\r\nuser: alice\n"]), passphrase("correct horse"));
        assert_eq!(run(&["echo", "$HOME", "`id`", "*"]), passphrase("$HOME `id` *"));
        assert_eq!(run(&["sh", "-c", "echo for $COOEE_USER; cat"]), passphrase("for alice"));
    }

    #[test]
    fn what_goes_wrong_is_said_with_the_program_and_its_words() {
        let why = |command: &[&str]| run(command).unwrap_err();
        assert_eq!(why(&[]), "`passphrase_command` names no program");
        assert!(
            why(&["/nowhere/pass"]).starts_with("`passphrase_command` (/nowhere/pass) cannot be st")
        );
        let locked = why(&["sh", "-c", "printf 'the store\\033[31m is locked' >&2; exit 3"]);
        assert!(locked.ends_with("failed (exit status: 3): the store[31m is locked"), "{locked}");
        assert!(why(&["false"]).ends_with("failed (exit status: 1)"));
        assert!(why(&["true"]).ends_with("printed no passphrase: a passphrase cannot be empty"));
        assert!(why(&["printf", "\\377"]).ends_with("is not UTF-8"));
    }

    #[test]
    fn neither_its_time_nor_its_output_is_endless() {
        let many = run(&["head", "-c", "10000000", "/dev/zero"]).unwrap_err();
        assert!(many.contains("printed no passphrase"), "{many}");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let command = ["sleep".to_owned(), "600".to_owned()];
        let alice = "alice".parse().unwrap();
        let late = run_for(Duration::from_millis(1), &command, &alice);
        assert!(runtime.block_on(late).unwrap_err().contains("(sleep) does not end within"));
    }
}
