//! `cooee sign-up`.

use super::Error;
use super::output::print;
use super::passphrase::{Means, Terminal, command_of};
use crate::config::{Config, Invite};
use crate::domain::{DisplayName, MobileNumber, UserName};
use crate::engine::{self, Setup};

/// Register a name on the broker and make the account.
#[derive(clap::Args)]
pub struct SignUp {
    /// The user name: a-z, 0-9, `_` and `-`, at most 32 characters
    // Not `user`, which is the flag that all commands take.
    #[arg(id = "name", value_name = "NAME")]
    user: UserName,
    /// What others see you called [default: the user name]
    #[arg(long, value_name = "NAME", value_parser = DisplayName::new)]
    display_name: Option<DisplayName>,
    /// A mobile number; everybody on the broker can read it
    #[arg(long, value_name = "NUMBER", value_parser = MobileNumber::typed)]
    mobile: Option<MobileNumber>,
    /// The invite to a built-in broker on a network [env: COOEE_INVITE]
    #[arg(long, value_name = "LINE")]
    invite: Option<Invite>,
    #[command(flatten)]
    means: Means,
}

/// Registers the name.
///
/// # Errors
/// Those of [`engine::sign_up`], and what choosing a passphrase brings.
pub async fn run(command: SignUp, config: &Config) -> Result<(), Error> {
    let SignUp { user, display_name, mobile, invite, means } = command;
    let mut setup = Setup::new(config, std::env::current_exe().map_err(Error::Program)?);
    setup.access.invite = invite.or(setup.access.invite);
    let display_name = display_name.unwrap_or_else(|| DisplayName::from(&user));
    let mut said = format!("Signed up as {user}.");
    if let Some(mobile) = &mobile {
        said += &format!(" Everybody on this broker can read your number {mobile}.");
    }
    // Nobody should have to think of a passphrase for nothing.
    if engine::accounts(&setup.data_dir).contains(&user) {
        return Err(engine::Error::AccountExists { user }.into());
    }
    let protection = match means.chosen() {
        Some(protection) => protection,
        None => {
            Terminal::new()
                .guard(async |terminal| {
                    terminal.choose(&user, config.passphrase.as_ref(), &command_of(config)).await
                })
                .await?
        }
    };
    engine::sign_up(&setup, engine::SignUp { user, display_name, mobile, protection }).await?;
    print(said + "\n").await
}
