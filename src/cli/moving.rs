//! `cooee account export` and `cooee account import`.

use std::path::PathBuf;

use super::Error;
use super::attached::account;
use super::output::{note, print};
use super::passphrase::{Means, Terminal, command_of};
use crate::config::Config;
use crate::engine::{self, Contents, Setup};

/// Write the account into a file.
#[derive(clap::Args)]
pub struct Export {
    /// The file to write, which must not be there yet
    file: PathBuf,
}

/// Make an account from a file.
#[derive(clap::Args)]
pub struct Import {
    /// The file that `cooee account export` wrote
    file: PathBuf,
    #[command(flatten)]
    means: Means,
}

/// Exports the account.
///
/// # Errors
/// Those of [`engine::export`], and what choosing a passphrase brings.
pub async fn export(command: Export, config: &Config) -> Result<(), Error> {
    let user = account(config)?;
    let Export { file } = command;
    // Nobody should have to think of a passphrase for nothing.
    if file.symlink_metadata().is_ok() {
        return Err(Error::Refused(format!(
            "{} is there already: export to another file, or take it away first",
            file.display()
        )));
    }
    let contents = Terminal::new()
        .guard(async |terminal| {
            let program = std::env::current_exe().map_err(Error::Program)?;
            let setup = terminal.asking(Setup::new(config, program));
            let passphrase = terminal.choose_for_export(config.export_passphrase.as_ref()).await?;
            Ok(engine::export(&setup.data_dir, &user, &setup.unlock, &file, passphrase).await?)
        })
        .await?;
    if contents.waiting > 0 {
        note(&format!(
            "{} in the outbox: this device sends it, and must be signed in for that",
            counted(contents.waiting, "letter waits", "letters wait")
        ));
    }
    print(format!("Exported {user} to {}: {}.\n", file.display(), told(contents))).await
}

/// Imports an account.
///
/// # Errors
/// Those of [`engine::Import`], and what choosing a passphrase brings.
pub async fn import(command: Import, config: &Config) -> Result<(), Error> {
    let Import { file, means } = command;
    let setup = Setup::new(config, std::env::current_exe().map_err(Error::Program)?);
    let mut import = engine::Import::open(&file)?;
    let (user, contents) = Terminal::new()
        .guard(async |terminal| {
            let known = config.export_passphrase.as_ref();
            let mut wrong = 0;
            let opened = loop {
                let passphrase = terminal.of_export(known, wrong).await?;
                wrong += 1;
                match import.unlock(passphrase).await {
                    Ok(opened) => break opened,
                    Err((Some(again), error)) if may_try_again(&error, known.is_some(), wrong) => {
                        import = again;
                    }
                    Err((_, error)) => return Err(error.into()),
                }
            };
            let user = opened.user().clone();
            if engine::accounts(&setup.data_dir).contains(&user) {
                return Err(engine::Error::AccountExists { user }.into());
            }
            let protection = match means.chosen() {
                Some(protection) => protection,
                None => terminal.choose(&user, config.passphrase.as_ref(), &command_of(config)).await?,
            };
            Ok((user, opened.settle(&setup, protection).await?))
        })
        .await?;
    print(format!(
        "Imported {user}: {}. This is a new device of yours: sign in with `cooee -u {user}`.\n",
        told(contents)
    ))
    .await
}

/// Whether somebody may type another passphrase.
fn may_try_again(error: &engine::Error, known: bool, wrong: u32) -> bool {
    let is_wrong = matches!(error, engine::Error::Moving { source, .. } if source.is_wrong_passphrase());
    is_wrong && !known && wrong < super::passphrase::TRIES
}

fn told(contents: Contents) -> String {
    let Contents { people, groups, rooms, messages, .. } = contents;
    format!(
        "{}, {}, {}, {}",
        counted(people, "contact", "contacts"),
        counted(groups, "group", "groups"),
        counted(rooms, "open room", "open rooms"),
        counted(messages, "message", "messages")
    )
}

fn counted(count: u64, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    }
}
