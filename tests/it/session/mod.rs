//! Sessions of several people on a real broker: the built-in one always, mosquitto where it is installed.

mod clocks;
mod delivery;
mod groups;
mod hostile;
mod people;

/// Makes two tests of one: on the built-in broker, and on mosquitto.
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
                if mosquitto::is_installed() {
                    super::$name(World::mosquitto()).await;
                }
            })*
        }
        $(#[allow(unused_mut)] // Not every test changes its world.
        async fn $name(mut $world: World) $body)*
    };
}
use on_every_broker;
