//! Three rmqttd that act as one broker.

use std::path::Path;

use cooee::mqtt::{self, Event, Identity};
use tokio::time::timeout;

use super::external::{External, Make, free_port};
use super::{CREDENTIAL, PATIENCE, To};

/// A cluster; the first node leads it.
pub struct Cluster {
    nodes: Vec<External>,
}

impl Cluster {
    /// Starts three nodes that keep their state in `dir`, and waits until each lets clients in.
    pub async fn start(dir: &Path) -> Self {
        assert!(Make::Cluster.is_installed(), "`tests/brokers/run install cluster` brings it");
        let ports: Vec<String> = (0..3).map(|_| free_port().to_string()).collect();
        let node = |n: usize| {
            let mut what = vec![dir.into(), n.to_string().into()];
            what.extend(ports.iter().map(Into::into));
            External::launch(Make::Cluster, what, ports[n - 1].parse().unwrap())
        };
        let mut nodes: Vec<External> = (1..=3).map(node).collect();
        for node in &mut nodes {
            node.wait_until_up();
            lets_in(node.port).await;
        }
        Self { nodes }
    }

    /// The ports of all nodes, beginning with this one: where its clients go when it is gone.
    pub fn ports_from(&self, n: usize) -> Vec<u16> {
        self.nodes.iter().cycle().skip(n - 1).take(3).map(|node| node.port).collect()
    }

    /// kill -9.
    pub fn kill(&mut self, n: usize) {
        self.nodes[n - 1].kill();
    }

    /// Starts a node that was killed, with the state that is on its disk.
    pub async fn restart(&mut self, n: usize) {
        let node = &mut self.nodes[n - 1];
        node.restart();
        lets_in(node.port).await;
    }
}

/// Waits until a client may connect: a node listens before it has found the others.
async fn lets_in(port: u16) {
    let identity = Identity {
        client_id: format!("probe-{port}"),
        keep_session: false,
        keep_alive: mqtt::KEEP_ALIVE,
    };
    let (_requests, mut events) = mqtt::connect(identity, To::new(port, "probe", CREDENTIAL));
    let up = async { while !matches!(events.recv().await, None | Some(Event::Up { .. })) {} };
    timeout(2 * PATIENCE, up).await.expect("the node lets a client in");
}
