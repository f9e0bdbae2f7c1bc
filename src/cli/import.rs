//! `cooee import`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use super::Error;
use crate::config::Config;
use crate::registry::{self, Outcome, Registry};

/// Take in the CSV files of the original script.
#[derive(clap::Args)]
pub struct Import {
    /// The directory that holds them
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Imports, and prints what became of each row, then how many there were of each kind.
///
/// # Errors
/// Those of the registry, and when the report cannot be printed.
pub fn run(command: &Import, config: &Config) -> Result<(), Error> {
    let registry = Registry::open(&config.data_dir)?.with_private_groups(config.private_groups);
    let report = registry::import(&registry, &command.directory)?;
    let mut text = String::new();
    for line in &report.lines {
        let _ = writeln!(text, "{line}");
    }
    let count = |outcome| format!("{} {outcome}", report.count(outcome));
    let counts = [Outcome::Merged, Outcome::Duplicate, Outcome::Known, Outcome::Refused].map(count);
    let _ = writeln!(text, "{}", counts.join(", "));
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
