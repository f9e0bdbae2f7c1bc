//! `cooee sign-up`.

use super::Error;
use super::output::print;
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
}

/// Registers the name.
///
/// # Errors
/// Those of [`engine::sign_up`].
pub async fn run(command: SignUp, config: &Config) -> Result<(), Error> {
    let SignUp { user, display_name, mobile, invite } = command;
    let mut setup = Setup::new(config, std::env::current_exe().map_err(Error::Program)?);
    setup.access.invite = invite.or(setup.access.invite);
    let display_name = display_name.unwrap_or_else(|| DisplayName::from(&user));
    let public = match &mobile {
        Some(mobile) => format!(" Everybody on this broker can read your number {mobile}."),
        None => String::new(),
    };
    engine::sign_up(&setup, engine::SignUp { user: user.clone(), display_name, mobile }).await?;
    print(format!("Signed up as {user}.{public}\n")).await
}
