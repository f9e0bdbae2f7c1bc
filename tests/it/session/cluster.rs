//! A cluster of three nodes, with somebody at each, and its leader killed in mid-conversation.

use cooee::domain::{ConversationId, JoinPolicy};
use cooee::engine::{Link, Setup};

use crate::support::cluster::Cluster;
use crate::support::person::{Person, direct, name, text};
use crate::support::proxy::Proxy;
use crate::support::world::World;

/// What somebody is to say in one conversation.
fn words(who: &str, to: &str, from: usize, until: usize) -> Vec<String> {
    (from..until).map(|n| format!("{who} to {to} {n}")).collect()
}

/// What came from one person in a conversation, in the order in which it came.
fn from<'a>(person: &'a Person, who: &str, conversation: &ConversationId) -> Vec<&'a str> {
    let stored = person.screen.stored.iter();
    let theirs = stored.filter(|m| m.conversation == *conversation && m.sender == name(who));
    theirs.filter_map(text).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs `tests/brokers/run install cluster`, which takes half an hour"]
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
        person.until("all are in", |s| s.members(team).len() == 3 && s.people.len() == 3).await;
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
                let all = words(who, to, 0, ROUNDS);
                let last = &all[ROUNDS - 1];
                let what = format!("{me} heard `{last}`");
                people[n].until(&what, |s| s.heard(&conversation).contains(&last.as_str())).await;
                assert_eq!(from(&people[n], who, &conversation), all, "{me} from {who}");
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
