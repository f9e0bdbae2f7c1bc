//! The broker's own process: claim the directory, listen, serve until a signal, write everything down.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mqtt5::broker::{
    BrokerConfig, BrokerShutdownHandle, DynamicStorage, MqttBroker, ResourceLimits, StorageConfig,
    config::WebSocketConfig,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::access::Access;
use super::front::{Front, Remotes};
use super::home::{Home, Open, Record};
use super::network::Network;
use super::{Error, certificate, limits};

/// How long somebody who only looks at the lock may keep us from taking it.
const CLAIM: Duration = Duration::from_millis(500);
/// Open files: the connections, those that have not yet said who they are, and the state.
const OPEN_FILES: u64 = 8 * 1024;

/// The right to serve a data directory, held until it is dropped or the process dies.
pub struct Broker {
    home: Home,
    listen: Option<SocketAddr>,
    instance: uuid::Uuid,
    lock: File,
    tied: bool,
}

impl Broker {
    /// Takes the right to serve `data_dir`. That a person stopped its broker is forgotten.
    ///
    /// It will listen on `listen`, which must be a loopback address, or else on the port that the last
    /// broker of this directory had, or else on a free one.
    ///
    /// # Errors
    /// When another broker serves the directory, when the address can be reached from other machines, or
    /// when files cannot be used.
    pub fn claim(data_dir: &Path, listen: Option<SocketAddr>) -> Result<Self, Error> {
        if let Some(address) = listen.filter(|address| !address.ip().is_loopback()) {
            return Err(Error::NotLoopback(address));
        }
        let home = Home::of(data_dir);
        home.create()?;
        let instance = uuid::Uuid::now_v7();
        let deadline = Instant::now() + CLAIM;
        let lock = loop {
            if let Some(lock) = home.claim(instance)? {
                break lock;
            }
            if Instant::now() >= deadline {
                let pid = super::status(data_dir)?.map(|running| running.pid);
                return Err(Error::AlreadyRunning { path: data_dir.to_owned(), pid });
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        home.mark_stopped(false)?;
        Ok(Self { home, listen, instance, lock, tied: false })
    }

    /// Ends it also when standard input does: whoever holds the other end has ended, or wants it to end.
    pub fn tied(mut self) -> Self {
        self.tied = true;
        self
    }

    /// Where its log belongs. Others quote the end of it when it does not come up.
    pub fn log(&self) -> PathBuf {
        self.home.log()
    }

    /// Serves until SIGTERM, SIGINT or SIGHUP, or the end of what it is [tied](Self::tied) to, and calls `ready` as soon as clients can connect. It takes
    /// over the calling thread.
    ///
    /// # Errors
    /// When the address is not free, or when files or signals cannot be used.
    pub fn serve(self, ready: impl FnOnce(SocketAddr, Option<&Open>)) -> Result<(), Error> {
        raise_open_files();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| mqtt("start its threads", e))?;
        let addresses = match (self.listen, self.home.last_record()) {
            (Some(address), _) => vec![address],
            (None, Some(last)) if last.address.ip().is_loopback() => vec![last.address, any_port()],
            (None, _) => vec![any_port()],
        };
        let serving = runtime.block_on(Serving::start(&self.home, &addresses))?;
        let mut ends =
            runtime.block_on(async { Ends::catch(self.tied) }).map_err(|e| mqtt("catch signals", e))?;

        self.home.write_record(&Record {
            instance: self.instance,
            pid: std::process::id(),
            address: serving.address,
            network: serving.network.clone(),
            started_at: format!("{:.0}", jiff::Timestamp::now()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })?;
        tracing::info!(address = %serving.address, network = ?serving.network, "the broker is ready");
        ready(serving.address, serving.network.as_ref());

        runtime.block_on(async move {
            tracing::info!(why = ends.next().await, "the broker stops");
            serving.stop().await
        })?;
        // Held until the last byte of state is written: a free lock means that there is nothing to wait
        // for.
        drop(self.lock);
        Ok(())
    }
}

fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// The usual limit of 1,024 open files is less than a full broker needs.
fn raise_open_files() {
    let now = getrlimit(Resource::Nofile);
    let wanted = now.maximum.map_or(OPEN_FILES, |maximum| maximum.min(OPEN_FILES));
    if now.current.is_some_and(|current| current < wanted)
        && let Err(e) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..now })
    {
        tracing::warn!("cannot raise the limit of open files to {wanted}: {e}");
    }
}

/// A broker that accepts connections.
struct Serving {
    address: SocketAddr,
    network: Option<Open>,
    fronts: Vec<JoinHandle<()>>,
    shutdown: BrokerShutdownHandle,
    storage: Option<Arc<DynamicStorage>>,
    task: JoinHandle<mqtt5::Result<()>>,
}

impl Serving {
    /// Listens on the first of `addresses` that is free, and on the network where that is wanted.
    async fn start(home: &Home, addresses: &[SocketAddr]) -> Result<Self, Error> {
        let network = Network::load(home.data_dir())?;
        let remotes = Arc::new(Remotes::default());
        let access = Arc::new(Access::open(home, Arc::clone(&remotes))?);
        let broker = Self::bind(home, addresses, &network, &access).await?;
        access.watch(broker.storage());
        let mut broker = broker.with_auth_provider(access);
        broker.resource_monitor().update_limits(ResourceLimits {
            max_connections: limits::CLIENTS,
            max_connections_per_ip: limits::CLIENTS,
            max_connection_rate: limits::CONNECTIONS_PER_SECOND,
            rate_limit_window: Duration::from_secs(1),
            max_message_rate_per_client: 0,
            max_bandwidth_per_client: 0,
        });
        let address = broker.local_addr().ok_or_else(|| mqtt("listen", "it has no address"))?;
        let shutdown = broker.shutdown_handle();
        let storage = broker.storage();
        let mut ready = broker.ready_receiver();
        let websockets = broker.ws_local_addr();
        let task = tokio::spawn(async move { broker.run().await });
        // The sender goes with the task: an error here means that it ended before it was ready.
        if ready.wait_for(|ready| *ready).await.is_err() {
            return Err(match ended(task, "start").await {
                Err(e) => e,
                Ok(()) => mqtt("start", "it stopped at once"),
            });
        }
        let mut serving = Self { address, network: None, fronts: Vec::new(), shutdown, storage, task };
        match serving.open(home, &network, websockets, &remotes).await {
            Ok(()) => Ok(serving),
            Err(error) => {
                serving.stop().await?;
                Err(error)
            }
        }
    }

    /// Listens on the network, and passes on to the listeners of this machine.
    async fn open(
        &mut self,
        home: &Home,
        network: &Network,
        websockets: Option<SocketAddr>,
        remotes: &Arc<Remotes>,
    ) -> Result<(), Error> {
        if network.is_closed() {
            return Ok(());
        }
        let shown = certificate::load(home, network)?;
        let acceptor = tokio_rustls::TlsAcceptor::from(shown.config);
        let mut open = Open { mqtts: None, wss: None, fingerprint: shown.fingerprint };
        let wanted = [
            (network.mqtts, Some(self.address), &mut open.mqtts),
            (network.wss, websockets, &mut open.wss),
        ];
        for (address, target, told) in wanted {
            let Some(address) = address else { continue };
            let target = target.ok_or_else(|| mqtt("listen", "there is no listener for websockets"))?;
            let front = Front::bind(address).await?;
            *told = Some(front.address);
            self.fronts.push(front.open(acceptor.clone(), target, Arc::clone(remotes)));
        }
        self.network = Some(open);
        Ok(())
    }

    async fn bind(
        home: &Home,
        addresses: &[SocketAddr],
        network: &Network,
        access: &Arc<Access>,
    ) -> Result<MqttBroker, Error> {
        let mut refused = mqtt("listen", "no address was given");
        for &address in addresses {
            let mut settings = settings(home, address).with_event_handler(Arc::<Access>::clone(access));
            if network.wss.is_some() {
                let loopback = WebSocketConfig::new().with_bind_address(any_port());
                settings = settings.with_websocket(loopback);
            }
            match MqttBroker::with_config(settings).await {
                Ok(broker) => return Ok(broker),
                Err(e) => {
                    tracing::warn!("cannot listen on {address}: {e}");
                    refused = mqtt("listen", e);
                }
            }
        }
        Err(refused)
    }

    async fn stop(self) -> Result<(), Error> {
        self.fronts.iter().for_each(JoinHandle::abort);
        self.shutdown.shutdown();
        ended(self.task, "stop").await?;
        // The library writes its state down while connections are still closing, and those put back into
        // the queue what their clients had not acknowledged. So once more, now that all are closed.
        match self.storage {
            Some(storage) => storage.shutdown().await.map_err(|e| mqtt("write its state", e)),
            None => Ok(()),
        }
    }
}

fn mqtt(doing: &'static str, why: impl ToString) -> Error {
    Error::Mqtt { doing, why: why.to_string() }
}

async fn ended(task: JoinHandle<mqtt5::Result<()>>, doing: &'static str) -> Result<(), Error> {
    match task.await {
        Ok(served) => served.map_err(|e| mqtt(doing, e)),
        Err(e) => Err(mqtt(doing, e)),
    }
}

fn settings(home: &Home, address: SocketAddr) -> BrokerConfig {
    let storage = StorageConfig::default()
        .with_base_dir(home.state())
        .with_max_queued_messages_per_client(limits::QUEUED)
        .with_max_queued_bytes_per_client(limits::QUEUED_SIZE);
    BrokerConfig {
        // Nobody may make us remember topics by number, and nobody may divide a subscription.
        topic_alias_maximum: 0,
        shared_subscription_available: false,
        ..BrokerConfig::default()
    }
    .with_bind_address(address)
    .with_storage(storage)
    .with_max_clients(limits::CLIENTS)
    .with_session_expiry(limits::SESSION)
    .with_max_packet_size(limits::PACKET)
    .with_max_subscriptions_per_client(limits::SUBSCRIPTIONS)
    .with_max_retained_messages(limits::RETAINED)
    .with_max_retained_message_size(limits::RETAINED_SIZE)
    .with_client_channel_capacity(limits::ON_THE_WAY)
    .with_sys_topics_enabled(false)
}

/// What ends the broker in good order.
struct Ends {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    /// Told when standard input has ended; never, where it does not matter.
    input: oneshot::Receiver<()>,
    /// Keeps it from being told.
    _open: Option<oneshot::Sender<()>>,
}

impl Ends {
    fn catch(tied: bool) -> std::io::Result<Self> {
        let (tell, input) = oneshot::channel();
        let open = match tied {
            true => {
                // In a thread of its own: nothing else can end a read from there.
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
                    let _ = tell.send(());
                });
                None
            }
            false => Some(tell),
        };
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            input,
            _open: open,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.hangup.recv() => "SIGHUP",
            _ = &mut self.input => "whoever started it has ended",
        }
    }
}
