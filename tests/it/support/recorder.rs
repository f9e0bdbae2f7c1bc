//! A broker that keeps everything it saw: a proxy before a real one, which writes down what passes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What passed, in the order in which it did, connection by connection.
type Tape = Arc<Mutex<Vec<Vec<u8>>>>;

/// A broker that keeps everything it saw.
pub struct Recorder {
    pub port: u16,
    tape: Tape,
}

impl Recorder {
    /// Stands before the broker at this port of 127.0.0.1.
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tape = Tape::default();
        let shared = Arc::clone(&tape);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let to = SocketAddr::from(([127, 0, 0, 1], port));
                let Ok(broker) = TcpStream::connect(to).await else { continue };
                let (client_reads, client_writes) = client.into_split();
                let (broker_reads, broker_writes) = broker.into_split();
                tokio::spawn(copy(client_reads, broker_writes, Arc::clone(&shared)));
                tokio::spawn(copy(broker_reads, client_writes, Arc::clone(&shared)));
            }
        });
        Self { port: address.port(), tape }
    }

    /// Whether these bytes were seen on any connection.
    pub fn saw(&self, bytes: &[u8]) -> bool {
        let tape = self.tape.lock().unwrap();
        tape.iter().any(|track| track.windows(bytes.len()).any(|window| window == bytes))
    }

    /// How much was seen, in bytes.
    pub fn length(&self) -> usize {
        self.tape.lock().unwrap().iter().map(Vec::len).sum()
    }
}

async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, tape: Tape) {
    let track = {
        let mut tape = tape.lock().unwrap();
        tape.push(Vec::new());
        tape.len() - 1
    };
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        tape.lock().unwrap()[track].extend_from_slice(&buffer[..read]);
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
