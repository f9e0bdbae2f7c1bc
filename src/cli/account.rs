//! `cooee account …`.

use clap::Subcommand;

use super::Error;
use super::attached::account;
use super::output::print;
use super::passphrase::Terminal;
use super::table::aligned;
use crate::config::Config;
use crate::engine::{self, Protected, Protection, Setup, Unlock, Vault};

/// The commands about the accounts of the data directory.
#[derive(Subcommand)]
pub enum Command {
    /// List the accounts of the data directory, and what protects each
    List,
    /// Choose another passphrase for the account, or none
    ///
    /// Asks for the old one (as every command does) and twice for the new one, which may also stand in
    /// COOEE_NEW_PASSPHRASE. A messenger that runs is not disturbed. The messages are not encrypted anew: whoever
    /// has a copy of the old key file, as in a backup, can still use it with the old passphrase. Nobody can
    /// recover a forgotten passphrase.
    Passphrase {
        /// Protect it no more: whoever can read the files can read everything in them
        #[arg(long)]
        no_passphrase: bool,
    },
}

/// Does what a command says.
///
/// # Errors
/// Those of [`Vault`], and what choosing a passphrase brings.
pub async fn run(command: Command, config: &Config) -> Result<(), Error> {
    match command {
        Command::List => list(config).await,
        Command::Passphrase { no_passphrase } => passphrase(no_passphrase, config).await,
    }
}

async fn list(config: &Config) -> Result<(), Error> {
    let rows: Vec<[String; 2]> = engine::accounts(&config.data_dir)
        .into_iter()
        .map(|user| {
            let words = match engine::protected(&config.data_dir, &user) {
                Ok(Protected::Passphrase) => "protected by a passphrase".to_owned(),
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

async fn passphrase(none: bool, config: &Config) -> Result<(), Error> {
    let user = account(config)?;
    let said = Terminal::new()
        .guard(async |terminal| {
            let program = std::env::current_exe().map_err(Error::Program)?;
            let setup = terminal.asking(Setup::new(config, program));
            let vault = Vault::open(&setup.data_dir, &user, &setup.unlock).await?;
            let protection = match none {
                true => Protection::None,
                false => {
                    let chosen = config.new_passphrase.as_ref();
                    terminal.choose(&user, chosen, &Unlock::Nothing).await?
                }
            };
            let said = match protection {
                Protection::Passphrase(_) => format!("{user} has a new passphrase.\n"),
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
