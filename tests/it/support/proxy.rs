//! A TCP proxy between a client and its broker, to cut or stall the link without ending either, and to
//! lead the clients of a node that died to another.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    Stalled,
    Cut,
}

/// A proxy in front of a broker.
pub struct Proxy {
    pub address: SocketAddr,
    gate: Arc<watch::Sender<Gate>>,
}

impl Proxy {
    /// Starts a proxy in front of this port of 127.0.0.1.
    pub async fn start(port: u16) -> Self {
        Self::to_first_of(vec![port]).await
    }

    /// Starts a proxy in front of the first of these ports where somebody listens.
    pub async fn to_first_of(ports: Vec<u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let gate = Arc::new(watch::Sender::new(Gate::Open));
        let watched = Arc::clone(&gate);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let gate = watched.subscribe();
                tokio::spawn(forward(client, ports.clone(), gate));
            }
        });
        Self { address, gate }
    }

    /// Ends all connections; new ones are closed at once.
    pub fn cut(&self) {
        self.gate.send_replace(Gate::Cut);
    }

    /// Forwards nothing any more and closes nothing: the cable is pulled. New connections wait.
    pub fn stall(&self) {
        self.gate.send_replace(Gate::Stalled);
    }

    /// Lets connections through again. Those that stalled in mid-stream end.
    pub fn mend(&self) {
        self.gate.send_replace(Gate::Open);
    }
}

async fn forward(mut client: TcpStream, ports: Vec<u16>, mut gate: watch::Receiver<Gate>) {
    match gate.wait_for(|gate| *gate != Gate::Stalled).await.map(|gate| *gate) {
        Ok(Gate::Open) => {}
        Ok(Gate::Cut | Gate::Stalled) | Err(_) => return,
    }
    let addresses: Vec<_> = ports.iter().map(|port| SocketAddr::from(([127, 0, 0, 1], *port))).collect();
    let Ok(mut broker) = TcpStream::connect(&addresses[..]).await else { return };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut broker) => {}
        _ = gate.wait_for(|gate| *gate != Gate::Open) => {}
    }
    let _ = gate.wait_for(|gate| *gate != Gate::Stalled).await;
}
