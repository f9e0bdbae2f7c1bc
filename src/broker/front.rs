//! TLS in front of the broker: takes connections from the network, speaks TLS with them, and passes what
//! they say on to the broker's listeners on this machine, MQTT to one and websockets to the other.
//!
//! The library could do so itself, but there one client that begins a handshake and falls silent keeps all
//! others out. Here a handshake has a time limit and its own task. The broker sees these connections come
//! from this machine; [`Remotes`] tells which they are.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncWriteExt, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::{Error, limits};

/// How long a handshake may take, and the last bytes to somebody who is hung up on.
const HANDSHAKE: Duration = Duration::from_secs(10);
const LAST_BYTES: Duration = Duration::from_secs(5);
/// How long to wait after a connection could not be taken, such as for want of open files.
const PAUSE: Duration = Duration::from_millis(100);

/// The connections of this machine to itself behind which somebody on the network is.
#[derive(Default)]
pub(super) struct Remotes(Mutex<HashSet<SocketAddr>>);

impl Remotes {
    /// Whether somebody on the network is behind this address.
    pub fn contains(&self, address: SocketAddr) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&address)
    }

    fn enter(self: &Arc<Self>, address: SocketAddr) -> Entry {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(address);
        Entry(Arc::clone(self), address)
    }
}

/// Takes the address out again when dropped.
struct Entry(Arc<Remotes>, SocketAddr);

impl Drop for Entry {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// How many connections each address on the network has.
#[derive(Default)]
struct Crowd(Mutex<HashMap<IpAddr, usize>>);

/// A connection that is counted until it is dropped.
struct Counted(Arc<Crowd>, IpAddr);

impl Crowd {
    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Counted> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.values().sum::<usize>() >= limits::CLIENTS {
            return None;
        }
        let count = all.entry(address).or_default();
        if *count >= limits::CONNECTIONS_FROM_ONE_ADDRESS {
            return None;
        }
        *count += 1;
        Some(Counted(Arc::clone(self), address))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut all = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.1);
            }
        }
    }
}

/// A listener that is bound, and takes nobody yet.
pub(super) struct Front {
    listener: TcpListener,
    pub address: SocketAddr,
}

impl Front {
    pub async fn bind(address: SocketAddr) -> Result<Self, Error> {
        let failed = |e: std::io::Error| Error::Mqtt { doing: "listen", why: format!("{address}: {e}") };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Takes connections and passes them on to `target`, until the task is aborted.
    pub fn open(
        self,
        acceptor: TlsAcceptor,
        target: SocketAddr,
        remotes: Arc<Remotes>,
    ) -> JoinHandle<()> {
        let crowd = Arc::new(Crowd::default());
        tokio::spawn(async move {
            loop {
                let (stream, peer) = match self.listener.accept().await {
                    Ok(taken) => taken,
                    Err(error) => {
                        tracing::warn!(%error, "a connection from the network cannot be taken");
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                };
                let Some(counted) = crowd.enter(peer.ip()) else {
                    tracing::warn!(%peer, "too many connections from the network: one is refused");
                    continue;
                };
                let (acceptor, remotes) = (acceptor.clone(), Arc::clone(&remotes));
                tokio::spawn(async move {
                    if let Err(error) = relay(stream, acceptor, target, &remotes).await {
                        tracing::info!(%peer, %error, "a connection from the network ended");
                    }
                    drop(counted);
                });
            }
        })
    }
}

/// Serves one connection until either side ends it.
async fn relay(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    target: SocketAddr,
    remotes: &Arc<Remotes>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let outside = timeout(HANDSHAKE, acceptor.accept(stream)).await??;
    let inside = TcpStream::connect(target).await?;
    inside.set_nodelay(true)?;
    // Before a byte goes in, so that the broker cannot ask too early.
    let _entry = remotes.enter(inside.local_addr()?);
    let (mut outside_read, mut outside_write) = split(outside);
    let (mut inside_read, mut inside_write) = inside.into_split();
    // Either end is the end of both: a client that stays silent must not hold what the broker gave up.
    tokio::select! {
        read = copy(&mut outside_read, &mut inside_write) => {
            read?;
            inside_write.shutdown().await?;
        }
        written = copy(&mut inside_read, &mut outside_write) => {
            written?;
        }
    }
    timeout(LAST_BYTES, outside_write.shutdown()).await?
}
