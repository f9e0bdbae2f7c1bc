//! `cooee demo`.

use super::Error;
use crate::config::{Config, Flags};
use crate::demo;

/// Opens the demo.
///
/// # Errors
/// Those of [`demo::open`].
pub fn run(config: &Config, flags: &Flags) -> Result<(), Error> {
    match demo::open(config, flags, std::env::current_exe().map_err(Error::Program)?) {
        Err(demo::Error::Interrupted) => Err(Error::Interrupted),
        done => Ok(done?),
    }
}
