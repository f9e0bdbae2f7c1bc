//! `cooee demo`.

use super::Error;
use crate::config::Config;
use crate::demo;

/// Opens the demo.
///
/// # Errors
/// Those of [`demo::open`].
pub fn run(config: &Config) -> Result<(), Error> {
    match demo::open(config, std::env::current_exe().map_err(Error::Program)?) {
        Err(demo::Error::Interrupted) => Err(Error::Interrupted),
        done => Ok(done?),
    }
}
