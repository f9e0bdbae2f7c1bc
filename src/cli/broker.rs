//! `cooee broker run|start|status|stop|invite`.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::Subcommand;

use super::Error;
use crate::broker::{self, Broker, Network, Open, Revive, Stopped};
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
        /// Where to listen for others.
        #[command(flatten)]
        place: Place,
        /// Leave the terminal. Whoever starts the broker for itself says this.
        #[arg(long, hide = true)]
        detached: bool,
        /// Say nothing, and end when standard input does. `cooee demo` says this.
        #[arg(long, hide = true, conflicts_with = "detached")]
        tied: bool,
    },
    /// Start the broker in the background, unless it runs, and print its address
    Start {
        /// Where to listen for others.
        #[command(flatten)]
        place: Place,
    },
    /// Make an invite: who registers a name on this broker over a network needs one
    ///
    /// Prints one line, which is a secret and kept nowhere. Pass it on to whom you invite; they paste it into the
    /// sign-up form of `cooee --broker mqtts://HOST:PORT`, or sign up with `cooee --broker mqtts://HOST:PORT sign-up NAME
    /// --invite LINE`, or put it into COOEE_INVITE. It holds the fingerprint of the broker's certificate, so they know
    /// that it is this broker.
    Invite {
        /// How many names it is good for
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        uses: u32,
        /// How long it is good: such as `30m`, `12h` or `7d`
        #[arg(long, value_name = "TIME", default_value = "7d", value_parser = days)]
        expires: Duration,
    },
    /// Say whether the broker runs, and where; exit code 1 if it does not
    Status,
    /// Stop the broker; it has written everything down when this returns
    Stop,
}

/// Where the broker listens for others, which it remembers until another place is said.
#[derive(clap::Args)]
pub struct Place {
    /// Serve a network too, with TLS: listen on this address for mqtts://, such as 0.0.0.0:8883. It is
    /// remembered
    #[arg(long, value_name = "ADDRESS:PORT")]
    network: Option<SocketAddr>,
    /// The same for wss:// (websockets, at the path /mqtt)
    #[arg(long, value_name = "ADDRESS:PORT")]
    websocket: Option<SocketAddr>,
    /// Show this certificate, with its chain, in PEM, instead of one that the broker makes
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// The key of that certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Serve this machine alone again
    #[arg(long, conflicts_with_all = ["network", "websocket", "certificate", "key"])]
    no_network: bool,
}

impl Place {
    /// Whether anything was said.
    fn is_said(&self) -> bool {
        self.no_network || self.network.is_some() || self.websocket.is_some() || self.key.is_some()
    }

    /// Remembers what was said.
    fn save(&self, config: &Config) -> Result<(), Error> {
        if !self.is_said() {
            return Ok(());
        }
        let absolute = |path: &Option<PathBuf>| path.as_deref().map(std::path::absolute).transpose();
        let mut network = Network {
            mqtts: self.network,
            wss: self.websocket,
            certificate: absolute(&self.certificate)?,
            key: absolute(&self.key)?,
        };
        if network.is_closed() && !self.no_network {
            let known = Network::load(&config.data_dir)?;
            network = Network { mqtts: known.mqtts, wss: known.wss, ..network };
        }
        Ok(network.save(&config.data_dir)?)
    }
}

/// Reads a time of minutes, hours or days.
fn days(text: &str) -> Result<Duration, String> {
    const LONGEST: u64 = 366 * 24 * 60 * 60;
    let seconds = match text.strip_suffix('d') {
        Some(days) => days.trim().parse::<u64>().ok().and_then(|days| days.checked_mul(24 * 60 * 60)),
        None => text.parse::<jiff::SignedDuration>().ok().and_then(|d| u64::try_from(d.as_secs()).ok()),
    };
    let seconds = seconds.filter(|seconds| (1..=LONGEST).contains(seconds));
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| "write such as `30m`, `12h` or `7d`, a year at most".to_owned())
}

pub(super) fn run(command: &Command, config: &Config) -> Result<ExitCode, Error> {
    match command {
        Command::Run { listen, place, detached, tied } => {
            // First thing: whoever started it must not take it along.
            if *detached {
                rustix::process::setsid().map_err(|e| Error::Detach(e.into()))?;
            }
            let broker = Broker::claim(&config.data_dir, *listen)?;
            let broker = if *tied { broker.tied() } else { broker };
            place.save(config)?;
            serve(broker, config, *detached || *tied)
        }
        Command::Start { place } => start(place, config),
        Command::Invite { uses, expires } => {
            writeln!(io::stdout(), "{}", broker::invite(&config.data_dir, *uses, *expires)?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Status => status(config),
        Command::Stop => stop(config),
    }
}

fn serve(broker: Broker, config: &Config, quiet: bool) -> Result<ExitCode, Error> {
    let _log = logging::init(&broker.log(), config.log_filter.as_deref().unwrap_or(LOG_FILTER))?;
    mend_online(config);
    broker.serve(|address, network| {
        if !quiet {
            // Nobody has to be there to read it.
            let _ = writeln!(
                io::stdout(),
                "The broker listens on mqtt://{address} and keeps its state in {}. Ctrl+C stops it.",
                config.data_dir.display(),
            );
            for line in network.into_iter().flat_map(lines) {
                let _ = writeln!(io::stdout(), "{line}");
            }
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

/// Where a broker listens for others, a line each.
fn lines(open: &Open) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(open.mqtts.map(|address| format!("network    mqtts://{address}")));
    lines.extend(open.wss.map(|address| format!("network    wss://{address}/mqtt")));
    lines.push(format!("SHA-256    {}", open.fingerprint));
    lines
}

fn start(place: &Place, config: &Config) -> Result<ExitCode, Error> {
    if let Some(running) = broker::status(&config.data_dir)?.filter(|_| place.is_said()) {
        return Err(broker::Error::AlreadyRunning {
            path: config.data_dir.clone(),
            pid: Some(running.pid),
        }
        .into());
    }
    place.save(config)?;
    let program = std::env::current_exe().map_err(Error::Program)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Threads)?;
    let started = broker::ensure_running(&config.data_dir, &program, Revive::Always);
    let mut out = io::stdout().lock();
    writeln!(out, "mqtt://{}", runtime.block_on(started)?)?;
    let open = broker::status(&config.data_dir)?.and_then(|running| running.network);
    for line in open.iter().flat_map(lines) {
        writeln!(out, "{line}")?;
    }
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
    for line in running.network.iter().flat_map(lines) {
        writeln!(out, "{line}")?;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invite_lasts_minutes_hours_or_days() {
        assert_eq!(days("30m"), Ok(Duration::from_secs(1_800)));
        assert_eq!(days("12h"), Ok(Duration::from_secs(43_200)));
        assert_eq!(days("7d"), Ok(Duration::from_secs(604_800)));
        for wrong in ["", "d", "0d", "soon", "-1h", "400d", "99999999999999999999d"] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
    }
}
