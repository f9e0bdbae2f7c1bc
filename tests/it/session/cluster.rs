//! A cluster of three nodes, with somebody at each, and its leader killed in mid-conversation. The cluster
//! takes half an hour to build, so it is left out unless asked for:
//!
//! ```text
//! tests/brokers/run install cluster
//! cargo test --test it -- --ignored cluster
//! ```

use cooee::domain::{ConversationId, JoinPolicy, Message, PageAt};
use cooee::engine::{Link, Setup};

use crate::support::cluster::Cluster;
use crate::support::person::{Person, Screen, direct, name, text};
use crate::support::proxy::Proxy;
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a cluster: see the top of the file"]
async fn a_cluster_whose_leader_is_killed_loses_and_doubles_nothing() {
    const NAMES: [&str; 3] = ["alice", "bob", "carol"];
    const ROUNDS: usize = 60;
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = Cluster::start(dir.path()).await;
    // Nobody asks it for its own broker, so it has none.
    let world = World::built_in();
    let mut people = Vec::new();
    let mut proxies = Vec::new();
    for (n, who) in (1..).zip(NAMES) {
        let proxy = Proxy::to_first_of(cluster.ports_from(n)).await;
        let data_dir = dir.path().join(who);
        let setup = Setup { data_dir, ..world.setup_through(proxy.address.port()) };
        people.push(Person::new(&setup, who).await);
        proxies.push(proxy);
    }
    let team = people[0].create("team", JoinPolicy::Open).await;
    for person in &mut people[1..] {
        person.until("the group is listed", |s| s.groups.contains_key(&team)).await;
        person.join(team).await.unwrap();
    }
    for person in &mut people {
        person.until("all are in", |s| s.members(team).len() == 3 && s.people.len() == 2).await;
    }
    let team = ConversationId::Group(team);

    for round in 0..ROUNDS {
        if round == ROUNDS / 2 {
            // Alice's node, and under way is whatever it has not passed on.
            cluster.kill(1);
        }
        for (n, who) in NAMES.iter().enumerate() {
            for to in NAMES.iter().filter(|to| *to != who) {
                people[n].say(&direct(to), &format!("{who} to {to} {round}")).await;
            }
            people[n].say(&team, &format!("{who} to all {round}")).await;
        }
        if round < ROUNDS / 2 {
            // The conversation is one: it goes on when what was said was heard.
            let last = format!("bob to all {round}");
            people[0].until("the answer is there", |s| s.heard(&team).contains(&&*last)).await;
        }
    }
    people[0].until("the cut is told", |s| s.links.iter().any(|l| matches!(l, Link::Down { .. }))).await;
    people[0].until_up().await;

    for (n, me) in NAMES.iter().enumerate() {
        for who in NAMES.iter().filter(|who| *who != me) {
            for (conversation, to) in [(direct(who), *me), (team.clone(), "all")] {
                let all: Vec<String> = (0..ROUNDS).map(|n| format!("{who} to {to} {n}")).collect();
                let what = format!("{me} heard all of `{who} to {to}`");
                let words = |m: &&Message| m.sender == name(who) && m.conversation == conversation;
                let count = |s: &Screen| s.stored.iter().filter(words).filter_map(text).count();
                people[n].until(&what, |s| count(s) >= ROUNDS).await;
                // Each once. They may come in any order, for a session that moves to another node is sent
                // what waits for it as it is found; in the conversation they stand as they were written.
                assert_eq!(count(&people[n].screen), ROUNDS, "{what}");
                let page = people[n].page(&conversation, PageAt::Newest).await;
                let shown: Vec<&str> = page.iter().filter(words).filter_map(text).collect();
                assert_eq!(shown, all, "{what}");
            }
        }
        people[n].until_sent(3 * ROUNDS).await;
    }

    // The node comes back, and takes in those who belong to it.
    cluster.restart(1).await;
    proxies[0].cut();
    people[0].until("the cut is told", |s| s.link != Some(Link::Up)).await;
    proxies[0].mend();
    people[0].until_up().await;
    people[0].say(&direct("bob"), "home again").await;
    people[1].until("it is heard", |s| s.heard(&direct("alice")).contains(&"home again")).await;
    people[1].say(&direct("alice"), "welcome").await;
    people[0].until("the answer is heard", |s| s.heard(&direct("bob")).contains(&"welcome")).await;
}
