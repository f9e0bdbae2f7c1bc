//! `cooee account …`.

use clap::Subcommand;

use super::Error;
use super::attached::account;
use super::moving;
use super::output::print;
use super::passphrase::{Means, Terminal};
use super::table::aligned;
use crate::config::Config;
use crate::engine::{self, Protected, Protection, Setup, Unlock, Vault};

/// The commands about the accounts of the data directory.
#[derive(Subcommand)]
pub enum Command {
    /// List the accounts of the data directory, and what protects each
    List,
    /// Choose another passphrase for the account, or the keyring, or nothing
    ///
    /// Asks for the old one (as every command does) and twice for the new one, which may also stand in
    /// COOEE_NEW_PASSPHRASE. A messenger that runs is not disturbed. The messages are not encrypted anew: whoever
    /// has a copy of the old key file, as in a backup, can still use it with the old passphrase. Nobody can
    /// recover a forgotten passphrase, or a key that was deleted from the keyring: keep an export.
    Passphrase(Means),
    /// Write the account into one file, sealed with a passphrase of its own, for another machine
    ///
    /// The file holds your identity key, contacts with their keys, groups, messages and unread marks: whoever has
    /// it and its passphrase can be you. The passphrase comes from COOEE_EXPORT_PASSPHRASE, else it is asked for
    /// twice. It never holds the keys of running conversations, so whoever imports it is a new device of yours,
    /// and this one goes on working. What waits in the outbox stays here, and this device must be signed in to
    /// send it.
    ///
    /// Needs no broker, and no session may run on the account meanwhile.
    Export(moving::Export),
    /// Make an account from such a file, as a new device
    ///
    /// Asks for the passphrase of the export (COOEE_EXPORT_PASSPHRASE), then twice for one that is to protect the
    /// account on this machine, as sign-up does, unless the keyring or nothing is to protect it. Needs no broker:
    /// the device tells everybody of itself at its first sign-in, and gets what is written to you by those who
    /// have heard of it. Use the same broker as before. An account has at most 8 devices; the oldest makes room.
    ///
    /// Where the passphrase is wrong (exit code 3), or the file was cut off or altered (exit code 1), nothing is
    /// left behind.
    Import(moving::Import),
}

/// Does what a command says.
///
/// # Errors
/// Those of [`Vault`], and what choosing a passphrase brings.
pub async fn run(command: Command, config: &Config) -> Result<(), Error> {
    match command {
        Command::List => list(config).await,
        Command::Export(command) => moving::export(command, config).await,
        Command::Import(command) => moving::import(command, config).await,
        Command::Passphrase(means) => passphrase(&means, config).await,
    }
}

async fn list(config: &Config) -> Result<(), Error> {
    let rows: Vec<[String; 2]> = engine::accounts(&config.data_dir)
        .into_iter()
        .map(|user| {
            let words = match engine::protected(&config.data_dir, &user) {
                Ok(Protected::Passphrase) => "protected by a passphrase".to_owned(),
                Ok(Protected::Keyring) => "protected by the keyring, which holds its key".to_owned(),
                Ok(Protected::None) => {
                    "not protected: whoever can read its files can read everything in them".to_owned()
                }
                Err(error) => crate::domain::clean_line(&error.to_string()),
            };
            [user.to_string(), words]
        })
        .collect();
    print(aligned(&rows)).await
}

async fn passphrase(means: &Means, config: &Config) -> Result<(), Error> {
    let user = account(config)?;
    let said = Terminal::new()
        .guard(async |terminal| {
            let program = std::env::current_exe().map_err(Error::Program)?;
            let setup = terminal.asking(Setup::new(config, program));
            let vault = Vault::open(&setup.data_dir, &user, &setup.unlock).await?;
            let protection = match means.chosen() {
                Some(protection) => protection,
                None => {
                    let chosen = config.new_passphrase.as_ref();
                    terminal.choose(&user, chosen, &Unlock::Nothing).await?
                }
            };
            let said = match protection {
                Protection::Passphrase(_) => format!("{user} has a new passphrase.\n"),
                Protection::Keyring => format!(
                    "The keyring holds the key of {user} now. Without it the account cannot be opened: keep an \
                     export (`cooee account export`).\n"
                ),
                Protection::None => format!(
                    "{user} is not protected any more: whoever can read its files can read everything in them.\n"
                ),
            };
            vault.protect(protection).await?;
            Ok(said)
        })
        .await?;
    print(said).await
}
