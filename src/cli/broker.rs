//! `cooee broker run|status|stop`.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::Subcommand;

use super::Error;
use crate::broker::{self, Broker, Revive, Stopped};
use crate::config::Config;
use crate::logging;
use crate::registry::{self, Registry};

/// How much goes into the broker's log, unless `COOEE_LOG` or the configuration says otherwise: of its
/// library, only what is wrong.
const LOG_FILTER: &str = "info,mqtt5=warn";

/// The commands about the built-in broker.
#[derive(Subcommand)]
pub enum Command {
    /// Run the broker here, until Ctrl+C
    Run {
        /// Listen on this address of this machine, such as 127.0.0.1:1883 [default: the port it had
        /// last time, or a free one]
        #[arg(long, value_name = "ADDRESS:PORT")]
        listen: Option<SocketAddr>,
        /// Leave the terminal. Whoever starts the broker for itself says this.
        #[arg(long, hide = true)]
        detached: bool,
    },
    /// Start the broker in the background, unless it runs, and print its address
    Start,
    /// Say whether the broker runs, and where; exit code 1 if it does not
    Status,
    /// Stop the broker; it has written everything down when this returns
    Stop,
}

pub(super) fn run(command: &Command, config: &Config) -> Result<ExitCode, Error> {
    match command {
        Command::Run { listen, detached } => serve(config, *listen, *detached),
        Command::Start => start(config),
        Command::Status => status(config),
        Command::Stop => stop(config),
    }
}

fn serve(config: &Config, listen: Option<SocketAddr>, detached: bool) -> Result<ExitCode, Error> {
    if detached {
        rustix::process::setsid().map_err(|e| Error::Detach(e.into()))?;
    }
    let broker = Broker::claim(&config.data_dir, listen)?;
    let _log = logging::init(&broker.log(), config.log_filter.as_deref().unwrap_or(LOG_FILTER))?;
    mend_online(config);
    broker.serve(|address| {
        if !detached {
            // Nobody has to be there to read it.
            let _ = writeln!(
                io::stdout(),
                "The broker listens on mqtt://{address} and keeps its state in {}. Ctrl+C stops it.",
                config.data_dir.display(),
            );
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// How often a broker looks whether everybody who kept `Online.csv` true has crashed. A look reads one small
/// file.
const LOOK: Duration = Duration::from_secs(5);

/// Empties `Online.csv` when all who kept it true have crashed: the broker outlives them. It is done beside
/// the broker, for as long as the process lives.
fn mend_online(config: &Config) {
    let data_dir = config.data_dir.clone();
    thread::spawn(move || {
        let mend = || -> Result<(), registry::Error> {
            let registry = Registry::open(&data_dir)?;
            loop {
                thread::sleep(LOOK);
                registry.mend_online()?;
            }
        };
        if let Err(error) = mend() {
            tracing::warn!(%error, "nobody mends Online.csv any more");
        }
    });
}

fn start(config: &Config) -> Result<ExitCode, Error> {
    let program = std::env::current_exe().map_err(Error::Program)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Threads)?;
    let started = broker::ensure_running(&config.data_dir, &program, Revive::Always);
    writeln!(io::stdout(), "mqtt://{}", runtime.block_on(started)?)?;
    Ok(ExitCode::SUCCESS)
}

fn status(config: &Config) -> Result<ExitCode, Error> {
    let data_dir = config.data_dir.display();
    let mut out = io::stdout().lock();
    let Some(running) = broker::status(&config.data_dir)? else {
        writeln!(out, "No broker runs for {data_dir}.")?;
        return Ok(ExitCode::FAILURE);
    };
    writeln!(out, "address    mqtt://{}", running.address)?;
    writeln!(out, "process    {}", running.pid)?;
    writeln!(out, "since      {}", running.started_at)?;
    writeln!(out, "version    {}", running.version)?;
    writeln!(out, "directory  {data_dir}")?;
    writeln!(out, "state      {} KiB", running.state_size.div_ceil(1024))?;
    Ok(ExitCode::SUCCESS)
}

fn stop(config: &Config) -> Result<ExitCode, Error> {
    let mut out = io::stdout().lock();
    match broker::stop(&config.data_dir)? {
        Stopped::NothingRan => writeln!(out, "No broker runs for {}.", config.data_dir.display())?,
        Stopped::Process(pid) => writeln!(out, "Stopped the broker (process {pid}).")?,
    }
    Ok(ExitCode::SUCCESS)
}
