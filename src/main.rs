//! The `cooee` program: reads the command line, chooses the front end, and turns how it ended into an
//! exit code.

use std::io::IsTerminal;
use std::process::ExitCode;

use cooee::cli::Arguments;
use cooee::config::{Config, Flags};
use cooee::error::Error;
use cooee::{cli, config, error, failpoints, logging, tui};

fn main() -> ExitCode {
    let _failpoints = failpoints::configured();
    let arguments = cli::parse();
    error::report(run(arguments))
}

fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    let config = config::resolve(&arguments.flags, |name| std::env::var_os(name))?;
    match arguments.command {
        Some(command) => cli::run(command, &arguments.flags, &config),
        None if config.plain || !std::io::stdout().is_terminal() => cli::talk(&config),
        None => open_screen(&config, &arguments.flags),
    }
}

fn open_screen(config: &Config, flags: &Flags) -> Result<ExitCode, Error> {
    let _log = logging::start(config)?;
    let program = std::env::current_exe().map_err(Error::Program)?;
    tui::open(config, flags, program)?;
    Ok(ExitCode::SUCCESS)
}
