//! The `cooee` program: reads the command line, chooses the front end, and turns how it ended into an
//! exit code.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

use cooee::cli::Arguments;
use cooee::config::{Config, Flags};
use cooee::error::Error;
use cooee::{cli, config, engine, error, failpoints, logging, tui};

fn main() -> ExitCode {
    let _failpoints = failpoints::configured();
    let command_line: Vec<OsString> = std::env::args_os().collect();
    // The messenger itself is what is opened most often, and what takes longest of that goes on while the rest is read.
    if cli::names_no_command(&command_line) {
        engine::prepare();
    }
    let done = match cli::parse(&command_line) {
        Ok(arguments) => error::report(run(arguments)),
        Err(answer) => {
            // If nobody can read it, so be it.
            let _ = answer.print();
            u8::try_from(answer.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
        }
    };
    // Also where it came to nothing that needed what was begun.
    engine::finish();
    done
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
