//! A link that fails at random: a TCP proxy that knows where the packets of MQTT begin and end.
//!
//! [`crate::support::proxy::Proxy`] does what a test tells it. This one does what its seed says, for as
//! long as there is a storm.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use fastrand::Rng;
use futures::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::codec::FramedRead;

use super::packets::Packets;
use super::weather::{Ending, Fate, Fates, Weather};

/// A link to a broker. All its connections end when it is dropped.
pub struct Link {
    pub address: SocketAddr,
    open: watch::Sender<bool>,
    _serving: JoinSet<()>,
}

/// Where the broker is. A built-in broker that comes back may not get its port again.
pub type Port = Arc<AtomicU16>;

/// How one direction of a connection ended.
enum End {
    /// One of the two hung up.
    Over,
    /// The weather.
    Cut(Ending),
}

impl Link {
    /// Opens a link to the broker on this port of 127.0.0.1.
    pub async fn open(port: Port, weather: &Weather, mut rng: Rng) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let weather = weather.clone();
        let (open, mut is_open) = watch::channel(true);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                if !*is_open.borrow_and_update() {
                    continue;
                }
                let port = port.load(Ordering::Relaxed);
                // Seeds for each connection and direction, so that none depends on how fast another is.
                let fates = Fates::of_both(&weather, &mut rng);
                let (weather, mut is_open) = (weather.clone(), is_open.clone());
                connections.spawn(async move {
                    tokio::select! {
                        () = serve(client, port, weather, fates) => {}
                        _ = is_open.wait_for(|open| !open) => {}
                    }
                });
            }
        });
        Self { address, open, _serving: serving }
    }

    /// Cuts somebody off: there is no connection any more, and none can be made.
    pub fn close(&self) {
        self.open.send_replace(false);
    }

    pub fn reopen(&self) {
        self.open.send_replace(true);
    }
}

async fn serve(mut client: TcpStream, port: u16, weather: Weather, [up, down]: [Fates; 2]) {
    let Ok(mut broker) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let _ = (client.set_nodelay(true), broker.set_nodelay(true));
    let (from_client, to_client) = client.split();
    let (from_broker, to_broker) = broker.split();
    let end = tokio::select! {
        end = carry(from_client, to_broker, &weather, up) => end,
        end = carry(from_broker, to_client, &weather, down) => end,
    };
    match end {
        Ok(End::Over | End::Cut(Ending::Closed)) | Err(_) => {}
        Ok(End::Cut(Ending::Reset)) => {
            let _ = (client.set_zero_linger(), broker.set_zero_linger());
        }
        Ok(End::Cut(Ending::Orphaned(time))) => {
            drop(client);
            let mut nowhere = Vec::new();
            tokio::select! {
                () = weather.hold(time) => {}
                _ = broker.read_to_end(&mut nowhere) => {}
            }
        }
    }
}

/// Carries packets one way until the connection ends.
async fn carry(
    from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    weather: &Weather,
    mut fates: Fates,
) -> io::Result<End> {
    let mut packets = FramedRead::new(from, Packets);
    while let Some(packet) = packets.next().await.transpose()? {
        match fates.of(&packet) {
            Fate::Pass => to.write_all(&packet.0).await?,
            Fate::Delay(time) => {
                weather.hold(time).await;
                to.write_all(&packet.0).await?;
            }
            Fate::Duplicate => {
                to.write_all(&packet.0).await?;
                to.write_all(&packet.again()).await?;
            }
            Fate::Stall(at, time) => {
                to.write_all(&packet.0[..at]).await?;
                weather.hold(time).await;
                to.write_all(&packet.0[at..]).await?;
            }
            Fate::Cut(at) => {
                to.write_all(&packet.0[..at]).await?;
                return Ok(End::Cut(fates.ending()));
            }
            Fate::Drop(doom) => {
                let rest = async {
                    while let Some(Ok(packet)) = packets.next().await {
                        to.write_all(&packet.0).await?;
                    }
                    io::Result::Ok(())
                };
                tokio::select! {
                    () = weather.hold(doom) => {}
                    _ = rest => {}
                }
                return Ok(End::Cut(fates.ending()));
            }
        }
    }
    Ok(End::Over)
}
