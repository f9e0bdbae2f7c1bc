//! The `cooee` program: reads the command line, chooses the front end, and turns how it ended into an
//! exit code.

use std::process::ExitCode;

use cooee::cli::Arguments;
use cooee::config::Config;
use cooee::error::Error;
use cooee::{cli, config, error, logging, tui};

fn main() -> ExitCode {
    // Tests kill and slow this program by FAILPOINTS. Where they are not compiled in, nobody looks at it.
    let _scenario = fail::has_failpoints().then(fail::FailScenario::setup);
    let arguments = cli::parse();
    error::report(run(arguments))
}

fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    let config = config::resolve(&arguments.flags, |name| std::env::var_os(name))?;
    match arguments.command {
        Some(command) => cli::run(command, &config),
        None => open_screen(&config),
    }
}

fn open_screen(config: &Config) -> Result<ExitCode, Error> {
    let _log = logging::start(config)?;
    let program = std::env::current_exe().map_err(Error::Program)?;
    tui::open(config, program)?;
    Ok(ExitCode::SUCCESS)
}
