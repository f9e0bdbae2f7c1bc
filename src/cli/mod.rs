//! Front end 1: the scriptable commands. This layer owns the command line and what is printed; it must
//! not know how anything is done.

mod broker;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{self, Config, Flags};

/// A messenger for the terminal that works over any MQTT broker and brings its own.
#[derive(Parser)]
#[command(version, about, propagate_version = true)]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The built-in broker of the data directory
    Broker {
        #[command(subcommand)]
        command: broker::Command,
    },
}

/// What went wrong, as it is told to a person.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Config(#[from] config::Error),
    #[error(transparent)]
    Broker(#[from] crate::broker::Error),
    #[error(transparent)]
    Log(#[from] crate::logging::Error),
    #[error("cannot leave the terminal: {0}")]
    Detach(io::Error),
    #[error("cannot tell which program this is: {0}")]
    Program(io::Error),
    #[error("cannot start threads: {0}")]
    Threads(io::Error),
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

/// Parses the command line, does what it says and gives the exit code: 0 ok, 1 failed, 2 usage or
/// configuration.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = config::resolve(&arguments.flags, |name| std::env::var_os(name))
        .map_err(Error::from)
        .and_then(|config| run(arguments.command, &config));
    match done {
        Ok(code) => code,
        // Whoever read our output has had enough.
        Err(Error::Output(e)) if e.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cooee: {error}");
            ExitCode::from(if matches!(error, Error::Config(_)) { 2 } else { 1 })
        }
    }
}

fn run(command: Command, config: &Config) -> Result<ExitCode, Error> {
    match command {
        Command::Broker { command } => broker::run(&command, config),
    }
}
