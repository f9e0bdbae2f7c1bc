//! `cooee config`.

use std::io::{ErrorKind, Write};
use std::path::Path;

use clap::Subcommand;

use super::Error;
use crate::config::{Config, Flags};

/// What to do with the configuration.
#[derive(Subcommand)]
pub enum Command {
    /// Write a configuration file in which every setting is explained
    ///
    /// Nothing is changed by it: each setting is a comment with its default. A file that is there is never
    /// overwritten.
    Init,
    /// Print every setting as it counts: flag, environment, profile, file or default. Secrets are left out
    Show,
    /// Say whether the configuration is right, and which file it comes from
    ///
    /// What is wrong is said with its line and what may have been meant; the exit code is 2 then.
    Check,
}

/// Does it.
///
/// # Errors
/// Where a file cannot be written or is there already.
pub fn run(command: &Command, flags: &Flags, config: &Config) -> Result<(), Error> {
    let none = || Error::Usage("there is no home directory: name a configuration file with --config");
    let path = config.config_file.as_deref().ok_or_else(none);
    let mut out = std::io::stdout();
    match command {
        Command::Init => {
            let path = path?;
            init(path)?;
            writeln!(out, "Wrote {}: every setting is explained in it.", path.display())?;
        }
        Command::Show => out.write_all(config.shown().as_bytes())?,
        // Whatever is wrong was said before this began.
        Command::Check => match path {
            Ok(path) if path.exists() => {
                // What each profile says counts as well, once it is asked for. A pipe can be read once only.
                let profiles = path.is_file().then(|| crate::config::profiles(path)).transpose()?;
                for profile in profiles.into_iter().flatten() {
                    let flags = Flags { profile: Some(profile), ..flags.clone() };
                    crate::config::resolve(&flags, |name| std::env::var_os(name))?;
                }
                let wrong = crate::tui::problems(config);
                if !wrong.is_empty() {
                    return Err(Error::Refused(wrong.join("\n")));
                }
                writeln!(out, "{} is right.", path.display())?;
            }
            Ok(path) => writeln!(
                out,
                "There is no {}: the defaults count. `cooee config init` writes one.",
                path.display()
            )?,
            Err(_) => writeln!(out, "There is no configuration file: the defaults count.")?,
        },
    }
    Ok(())
}

fn init(path: &Path) -> Result<(), Error> {
    crate::config::init(path).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => Error::Refused(format!(
            "{} is there already, and is not overwritten: `cooee config show` prints what counts",
            path.display()
        )),
        _ => Error::Write { path: path.to_owned(), source },
    })
}
