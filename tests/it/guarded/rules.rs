//! `assets/brokers/mosquitto.acl`.

use cooee::config::BrokerChoice;
use cooee::engine::Setup;
use tempfile::TempDir;
use tokio::time::Instant;

use super::*;
use crate::support::external::{External, Make};
use crate::support::person::{Person, direct};
use crate::support::world::{Broker, World};

/// mosquitto with the accounts of alice, bob and eve, and our rules.
fn guarded() -> Option<World> {
    if !Make::Mosquitto.is_installed() {
        return None;
    }
    let dir: TempDir = tempfile::tempdir().unwrap();
    let file = dir.path().join("passwords");
    passwords(&file, &["alice", "bob", "eve"]);
    let recommended = include_str!("../../../assets/brokers/mosquitto.conf");
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/brokers/mosquitto.acl");
    let settings = format!(
        "{recommended}\nallow_anonymous false\npassword_file {}\nacl_file {rules}\n",
        file.display()
    );
    let broker = External::start_with(Make::Mosquitto, dir.path(), &settings);
    Some(World { broker: Broker::External(broker), dir })
}

async fn as_user(world: &World, user: &str) -> Setup {
    let url = format!("mqtt://{user}:{}@127.0.0.1:{}", password(user), world.port().await);
    Setup { broker: BrokerChoice::Url(url.parse().unwrap()), ..world.setup() }
}

async fn line(world: &World, user: &str, client_id: &str, keep: bool) -> Line {
    let To(address) = To::new(world.port().await, user, &password(user));
    let mut line = Line::start(address, client_id, keep);
    line.greeting().await.unwrap();
    line
}

const DEVICE: &str = "0123456789abcdef";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_talk_and_nobody_writes_as_another_or_reads_what_is_for_another() {
    let Some(world) = guarded() else { return };
    let mut alice = Person::new(&as_user(&world, "alice").await, "alice").await;
    let mut bob = Person::new(&as_user(&world, "bob").await, "bob").await;
    alice.until("bob is there", |s| s.is_online("bob")).await;
    alice.say(&direct("bob"), "hello").await;
    bob.until_heard(&direct("alice"), &["hello".into()]).await;
    assert!(alice.screen.warnings.is_empty(), "{:?}", alice.screen.warnings);

    for topic in [
        format!("cooee/1/inbox/bob/alice/{DEVICE}"),
        "cooee/1/profile/alice".to_owned(),
        format!("cooee/1/presence/alice/{DEVICE}"),
        format!("cooee/1/keys/alice/{DEVICE}"),
        format!("cooee/1/group/{}/alice/{DEVICE}", "0".repeat(32)),
        format!("cooee/1/live/@bob/alice/{DEVICE}"),
        "cooee/1/open/lobby/alice".to_owned(),
        "elsewhere".to_owned(),
    ] {
        // A connection for each: mosquitto 2.0.11 hangs up after it has refused.
        let mut eve = line(&world, "eve", "eve", false).await;
        match eve.publish(&topic, "as alice", true).await {
            Outcome::Refused(words) => assert!(words.contains("0x87"), "{topic}: {words}"),
            other => panic!("{topic}: {other:?}"),
        }
    }
    // mosquitto takes the subscription and delivers nothing.
    let mut eve = line(&world, "eve", "eve-again", false).await;
    for filter in ["cooee/1/inbox/bob/+/+", "cooee/1/inbox/#"] {
        assert_eq!(eve.subscribe(filter).await, []);
    }
    alice.say(&direct("bob"), "in private").await;
    bob.until_heard(&direct("alice"), &["hello".into(), "in private".into()]).await;
    let own = format!("cooee/1/inbox/eve/eve/{DEVICE}");
    assert_eq!(eve.publish(&own, "mine", false).await, Outcome::Taken);
    assert_eq!(eve.hears().await, own, "the first that she hears is her own");
    assert!(!bob.screen.heard(&direct("alice")).contains(&"as alice"));

    let wrong = To::new(world.port().await, "eve", "guessed").0;
    let words = Line::start(wrong, "e", false).greeting().await.unwrap_err();
    assert!(words.contains("check user name and password"), "{words}");
}

/// A hole of mosquitto, which is why client ids are secrets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_login_with_the_same_client_id_deletes_a_queue_and_reads_nothing_of_it() {
    let Some(world) = guarded() else { return };
    let inbox = format!("cooee/1/inbox/alice/bob/{DEVICE}");
    let mut alice = line(&world, "alice", "hers", true).await;
    assert_eq!(alice.subscribe("cooee/1/inbox/alice/+/+").await, []);
    alice.requests.send(Request::Close).await.unwrap();
    alice.find(|event| matches!(event, Event::Closed).then_some(())).await;
    let mut bob = line(&world, "bob", "his", false).await;
    assert_eq!(bob.publish(&inbox, "waits", false).await, Outcome::Taken);

    let mut thief = line(&world, "eve", "hers", true).await;
    let until = Instant::now() + SILENCE;
    let stolen = async { thief.hears().await };
    assert!(tokio::time::timeout_at(until, stolen).await.is_err(), "nothing of hers is delivered");
    thief.requests.send(Request::Close).await.unwrap();
    thief.find(|event| matches!(event, Event::Closed).then_some(())).await;

    let mut alice = line(&world, "alice", "hers", true).await;
    assert_eq!(alice.subscribe("cooee/1/inbox/alice/+/+").await, []);
    let last = format!("cooee/1/inbox/alice/alice/{DEVICE}");
    assert_eq!(alice.publish(&last, "last", false).await, Outcome::Taken);
    assert_eq!(alice.hears().await, last, "what waited is gone; bob's Cooee would send it again");
}
