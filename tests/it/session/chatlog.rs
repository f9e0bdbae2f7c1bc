//! The log in plain text: what stands in it, once each, whatever goes wrong with the disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use cooee::domain::{
    Alteration, Body, ConversationId, Delivery, GroupName, JoinPolicy, Lifetime, MessageId, MessageText,
};
use cooee::engine::{Command, Setup, Ticket};

use crate::support::PATIENCE;
use crate::support::person::{Person, Screen, direct};
use crate::support::world::World;

/// The lines of a file without their times, which are checked.
fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = |line: &str| {
        let (at, rest) = line.split_once(' ').expect("a time");
        let at: jiff::Timestamp = at.parse().expect("a time with an offset");
        assert!(at > jiff::Timestamp::UNIX_EPOCH);
        rest.to_owned()
    };
    text.lines().map(line).collect()
}

async fn until(path: &Path, expected: &[&str]) {
    let deadline = Instant::now() + PATIENCE;
    while lines(path) != expected {
        assert!(Instant::now() < deadline, "{}: {:?}", path.display(), lines(path));
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

fn logging(world: &World) -> (Setup, PathBuf) {
    let log = world.data_dir().join("log");
    (Setup { chat_log: Some(log.clone()), ..world.setup() }, log)
}

fn heard(person: &Person, text: &str) -> MessageId {
    let said = |body: &Body| matches!(body, Body::Text(it) if it.as_str() == text);
    person.screen.stored.iter().find(|message| said(&message.body)).expect("it came").id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_stands_in_the_log_once_and_what_disappears_does_not() {
    let world = World::built_in();
    let (setup, log) = logging(&world);
    let mut alice = Person::new(&setup, "alice").await;
    let mut bob = Person::new(&world.setup(), "bob").await;
    alice.say(&direct("bob"), "one\n\\two").await;
    bob.until("it came", |s| s.heard(&direct("alice")).len() == 1).await;
    bob.say(&direct("alice"), "tree").await;
    alice.until("it came", |s| s.heard(&direct("bob")).len() == 1).await;
    let with_bob = log.join("alice/bob.log");
    until(&with_bob, &["<alice> one\\n\\\\two", "<bob> tree"]).await;

    let tree = heard(&alice, "tree");
    bob.alter(tree, Alteration::Edit(MessageText::new("three").unwrap())).await.unwrap();
    alice.until("it is edited", |s| s.heard(&direct("bob")) == ["three"]).await;
    bob.alter(tree, Alteration::Delete).await.unwrap();
    alice.until("it is gone", |s| s.stored.iter().any(|m| m.body == Body::Deleted)).await;
    let at = fs::read_to_string(&with_bob).unwrap();
    let at = at.lines().nth(1).unwrap().split_once(' ').unwrap().0.to_owned();
    let edited = format!("-!- bob edited the message of {at}: three");
    let deleted = format!("-!- bob deleted the message of {at}");
    let all = ["<alice> one\\n\\\\two", "<bob> tree", &edited, &deleted];
    until(&with_bob, &all).await;

    // What disappears is told of without what it says.
    let bob_ = direct("bob");
    let lifetime = Some(Lifetime::new(3_600).unwrap());
    let ticket = Ticket(901);
    alice.ask(Command::SetLifetime { conversation: bob_.clone(), lifetime, ticket }).await;
    alice.until("it is so", |s| s.agreed.contains(&901)).await;
    alice.say(&bob_, "hush").await;
    alice.until_all(2, Delivery::Delivered).await;
    // In a group, which keeps its file when it is called otherwise.
    let team = alice.create("../the team", JoinPolicy::Open).await;
    let here = ConversationId::Group(team);
    alice.say(&here, "four").await;
    let name = GroupName::new("crew").unwrap();
    alice.change(team, cooee::domain::GroupChange::Rename(name)).await.unwrap();
    alice.say(&here, "five").await;
    alice.quit().await;

    let set = "-!- alice set messages to disappear after 1 hour";
    assert_eq!(lines(&with_bob), [&all[..], &[set]].concat());
    let group = log.join(format!("alice/___the_team.{team}.log"));
    let told = ["-!- alice made #../the team", "<alice> four"];
    assert_eq!(lines(&group)[..2], told);
    assert_eq!(lines(&group).last().unwrap(), "<alice> five");
    assert!(!log.join("bob").exists(), "bob wants none");
    assert_eq!(fs::read_dir(log.join("alice")).unwrap().count(), 2);

    // A restart writes nothing again, and a session that wants none notes nothing for the next.
    let mut alice = Person::sign_in(&world.setup(), "alice").await;
    alice.say(&here, "six").await;
    alice.quit().await;
    let mut alice = Person::sign_in(&setup, "alice").await;
    alice.say(&here, "seven").await;
    alice.quit().await;
    assert_eq!(lines(&with_bob).len(), all.len() + 1);
    let group = lines(&group);
    assert_eq!(group[group.len() - 2..], ["<alice> five", "<alice> seven"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_written_is_told_once_and_written_later() {
    let world = World::built_in();
    let (setup, log) = logging(&world);
    // Where the directory should be there is a file.
    fs::write(&log, "").unwrap();
    let mut alice = Person::new(&setup, "alice").await;
    let here = alice.create("team", JoinPolicy::Open).await;
    let here = ConversationId::Group(here);
    let told = |s: &Screen| s.warnings.iter().filter(|said| said.contains("cannot be written")).count();
    for text in ["one", "two"] {
        alice.say(&here, text).await;
    }
    alice.until("it was told", |s| told(s) == 1 && s.stored.len() >= 3).await;
    assert!(alice.screen.warnings.iter().any(|said| said.contains(log.to_str().unwrap())));
    alice.quit().await;

    fs::remove_file(&log).unwrap();
    let mut alice = Person::sign_in(&setup, "alice").await;
    alice.say(&here, "three").await;
    alice.until("it is said", |s| !s.stored.is_empty()).await;
    assert_eq!(told(&alice.screen), 0);
    alice.quit().await;
    let files: Vec<_> = fs::read_dir(log.join("alice")).unwrap().map(|e| e.unwrap().path()).collect();
    let team = files.iter().find(|path| path.to_string_lossy().contains("team.")).unwrap();
    let expected = ["-!- alice made #team", "<alice> one", "<alice> two", "<alice> three"];
    assert_eq!(lines(team), expected);
}
