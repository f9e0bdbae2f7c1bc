//! Sessions of several people on a real broker: the built-in one always, mosquitto and HiveMQ where they are
//! installed.

mod altering;
mod archiving;
mod blocking;
mod chatlog;
mod clocks;
mod cluster;
mod comparing;
mod delivery;
mod doors;
mod files;
mod files_hostile;
mod files_kept;
mod finding;
mod groups;
mod hostile;
mod lifetimes;
mod lifetimes_hostile;
mod lists;
mod people;
mod polls;
mod presence;
mod receipts;
mod rooms;
mod secrecy;

/// Makes a test for each broker of one.
macro_rules! on_every_broker {
    ($(async fn $name:ident($world:ident) $body:block)*) => {
        mod built_in {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(World::built_in()).await;
            })*
        }
        mod on_mosquitto {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(world) = World::on(crate::support::external::Make::Mosquitto) {
                    super::$name(world).await;
                }
            })*
        }
        mod on_hivemq {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(world) = World::on(crate::support::external::Make::HiveMq) {
                    super::$name(world).await;
                }
            })*
        }
        $(#[allow(unused_mut)] // Not every test changes its world.
        async fn $name(mut $world: World) $body)*
    };
}
use on_every_broker;

/// So many texts, numbered.
fn numbered(prefix: &str, count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("{prefix} {n}")).collect()
}
