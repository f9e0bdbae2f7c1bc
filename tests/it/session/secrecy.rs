//! What the broker sees, and what it cannot do to those who do not trust it.

use std::fs;
use std::path::Path;

use cooee::crypto;
use cooee::domain::{Body, ConversationId, Delivery, DisplayName, JoinPolicy, Trust};
use cooee::engine::{Command, Setup, Ticket};
use cooee::protocol::{Envelope, decode_envelope};

use super::on_every_broker;
use crate::support::person::{Person, Screen, direct, name, text};
use crate::support::puppet::Puppet;
use crate::support::recorder::Recorder;
use crate::support::vandal::{Stranger, Vandal, letter};
use crate::support::world::World;

/// Copies the files of an account, as a backup would.
fn copy_account(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn account(setup: &Setup, user: &str) -> std::path::PathBuf {
    setup.data_dir.join("accounts").join(user)
}

/// Whether somebody wrote this in their conversation with the other.
fn tells(screen: &Screen, body: &Body) -> bool {
    screen.stored.iter().any(|message| message.body == *body)
}

on_every_broker! {
    async fn a_broker_that_keeps_everything_finds_nothing(world) {
        let recorder = Recorder::before(world.port().await).await;
        let setup = world.setup_through(recorder.port);
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        let club = alice.create("rhubarb club", JoinPolicy::Invite).await;
        alice.invite(club, "bob").await.unwrap();
        bob.until("the invitation is there", |s| s.groups.contains_key(&club)).await;
        bob.join(club).await.unwrap();
        alice.until("bob is in", |s| s.members(club) == ["alice", "bob"]).await;
        let here = ConversationId::Group(club);
        alice.say(&direct("bob"), "the walrus sleeps at noon").await;
        bob.until_heard(&direct("alice"), &["the walrus sleeps at noon".into()]).await;
        bob.say(&here, "bring the marmalade").await;
        alice.until_heard(&here, &["bring the marmalade".into()]).await;
        alice.until_all(1, Delivery::Delivered).await;
        let ids = bob.screen.stored.iter().filter(|m| !m.is_ours()).map(|m| m.id).collect();
        bob.ask(Command::Seen { conversation: direct("alice"), letters: ids }).await;
        alice.until("it is read", |s| s.sent.values().any(|d| *d == Delivery::Read)).await;
        let first = alice.screen.stored.iter().find(|m| text(m).is_some()).unwrap().id;

        assert!(recorder.length() > 10_000, "it kept something");
        // What is published on purpose is there, so the search can find.
        assert!(recorder.saw(b"cooee/1/inbox/bob/alice/") && recorder.saw(b"ALICE"));
        for secret in ["walrus", "marmalade", "rhubarb", "\"text\"", "receipt", "\"ids\"", "invitation", "sender_key"] {
            assert!(!recorder.saw(secret.as_bytes()), "it saw `{secret}`");
        }
        assert!(!recorder.saw(first.to_string().as_bytes()), "it saw the id of a message");
        // The same words, not sealed: the search finds them.
        let mut vandal = Vandal::through(&world, recorder.port);
        let plain = format!(r#"{{"v":1,"t":"clear","m":{}}}"#, letter(1, r#""ty":"text","b":{"text":"the walrus sleeps"}"#));
        vandal.publish("cooee/1/inbox/bob/alice/00000000000000aa", plain, false).await;
        assert!(recorder.saw(b"walrus") && recorder.saw(b"\"text\""));
    }

    async fn another_key_for_a_name_stops_what_is_sent_until_a_person_decides(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Stranger::sign_up(&world, "bob").await;
        bob.until_knows("alice").await;
        bob.say("alice", &letter(1, r#""ty":"text","b":{"text":"hello"}"#)).await;
        alice.until_heard(&direct("bob"), &["hello".into()]).await;
        assert_eq!(alice.screen.people[&name("bob")].trust, Trust::NotVerified);
        alice.ask(Command::Verify { user: name("bob"), verified: true, ticket: Ticket(900) }).await;
        alice.until("it is noted", |s| s.people[&name("bob")].trust == Trust::Verified).await;

        // Somebody signs up anew under his name, or the broker says so.
        let mut other = Stranger::sign_up(&world, "bob").await;
        alice.until("the change is seen", |s| s.people[&name("bob")].trust == Trust::Changed).await;
        alice.until("it is written into the conversation", |s| tells(s, &Body::KeyChanged)).await;
        alice.say(&direct("bob"), "who are you?").await;
        alice.until("it is refused", |s| s.answers.values().any(Result::is_err)).await;
        let why = alice.screen.answers.values().find_map(|a| a.as_ref().err()).unwrap().clone();
        assert!(why.contains("another key"), "{why}");
        // What the other says is not shown before that.
        other.come_online().await;
        other.until_knows("alice").await;
        other.say("alice", &letter(2, r#""ty":"text","b":{"text":"it is me, with a new laptop"}"#)).await;
        // The first one can still be read: his key is the one that she knows.
        bob.say("alice", &letter(3, r#""ty":"text","b":{"text":"still here"}"#)).await;
        alice.until("he is heard", |s| s.heard(&direct("bob")).contains(&"still here")).await;
        assert_eq!(alice.screen.heard(&direct("bob")), ["hello", "still here"]);

        alice.ask(Command::AcceptKey { user: name("bob"), ticket: Ticket(901) }).await;
        alice.until("she decided", |s| s.agreed.contains(&901)).await;
        assert_eq!(alice.screen.people[&name("bob")].trust, Trust::NotVerified);
        assert!(tells(&alice.screen, &Body::KeyAccepted));
        alice.until("what waited is read", |s| {
            s.heard(&direct("bob")).contains(&"it is me, with a new laptop")
        })
        .await;
        alice.say(&direct("bob"), "good to see you").await;
        alice.until_sent(1).await;
    }

    // More than are read of the store at once.
    async fn hundreds_of_letters_that_waited_for_a_key_are_opened_in_their_order(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Stranger::sign_up(&world, "bob").await;
        bob.until_knows("alice").await;
        alice.until("he is known", |s| s.people.contains_key(&name("bob"))).await;
        let mut other = Stranger::sign_up(&world, "bob").await;
        alice.until("the change is seen", |s| s.people[&name("bob")].trust == Trust::Changed).await;
        other.until_knows("alice").await;
        let words: Vec<String> = (0..700).map(|n| format!("number {n}")).collect();
        for (n, words) in words.iter().enumerate() {
            let id = format!("01935372-9d2b-7c3e-8f4a-5b6c7d8e{n:04x}");
            let body = format!(r#""ty":"text","b":{{"text":"{words}"}}"#);
            other.say("alice", &format!(r#"{{"id":"{id}","ts":1732281660123,{body}}}"#)).await;
        }
        // By the key that she knows: it came after those.
        bob.say("alice", &letter(1, r#""ty":"text","b":{"text":"the last"}"#)).await;
        alice.until_heard(&direct("bob"), &["the last".into()]).await;
        alice.ask(Command::AcceptKey { user: name("bob"), ticket: Ticket(901) }).await;
        let all = words.len() + 1;
        alice.until("all are read", |s| s.heard(&direct("bob")).len() == all).await;
        assert_eq!(alice.screen.heard(&direct("bob"))[1..], words);
    }

    async fn an_older_profile_is_ignored_and_the_owner_tells_the_newest_again(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Stranger::sign_up(&world, "bob").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        let [_, (topic, old)] = bob.puppet.papers();
        bob.puppet.me.version = 5;
        bob.puppet.me.display_name = DisplayName::new("Robert").unwrap();
        let [_, (_, new)] = bob.puppet.papers();
        bob.publish(&topic, new, true).await;
        let shown = |s: &Screen| s.people[&name("bob")].display_name.as_str().to_owned();
        alice.until("the new one is here", |s| shown(s) == "Robert").await;
        bob.publish(&topic, old, true).await;
        bob.until_knows("alice").await;
        bob.say("alice", &letter(1, r#""ty":"text","b":{"text":"after that"}"#)).await;
        alice.until_heard(&direct("bob"), &["after that".into()]).await;
        assert_eq!(shown(&alice.screen), "Robert");
    }

    async fn who_left_a_group_reads_nothing_more_and_who_comes_nothing_from_before(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        let here = ConversationId::Group(team);
        alice.until_outbox_holds(0).await;
        let mut ear = Vandal::on(&world).await;
        ear.overhear(&format!("cooee/1/group/{team}/+/+")).await;
        let session = async |ear: &mut Vandal| {
            let mut session = String::new();
            ear.until(|event| match event {
                cooee::mqtt::Event::Incoming(incoming) if incoming.topic.contains("/alice/") => {
                    let Ok(Envelope::Group { session: named, .. }) = decode_envelope(&incoming.payload)
                    else {
                        return false;
                    };
                    session = named;
                    true
                }
                _ => false,
            })
            .await;
            session
        };
        bob.until("the group is listed", |s| s.groups.contains_key(&team)).await;
        alice.say(&here, "before he came").await;
        let first = session(&mut ear).await;
        bob.join(team).await.unwrap();
        alice.until("bob is in", |s| s.members(team) == ["alice", "bob"]).await;
        alice.say(&here, "welcome").await;
        assert_eq!(session(&mut ear).await, first, "a newcomer gets the key as it is now");
        bob.until_heard(&here, &["welcome".into()]).await;
        bob.leave(team).await.unwrap();
        alice.until("he is out", |s| s.members(team) == ["alice"]).await;
        alice.say(&here, "now that he is gone").await;
        assert_ne!(session(&mut ear).await, first, "the key is another one");
        alice.say(&direct("bob"), "end").await;
        bob.until_heard(&direct("alice"), &["end".into()]).await;
        assert_eq!(bob.screen.heard(&here), ["welcome"]);
    }

    async fn files_that_were_put_back_raise_the_alarm_and_become_another_device(world) {
        let setup = world.setup();
        let mut bob = Person::new(&setup, "bob").await;
        let mut alice = Person::new(&setup, "alice").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        alice.say(&direct("bob"), "one").await;
        bob.until_heard(&direct("alice"), &["one".into()]).await;
        alice.until_all(1, Delivery::Delivered).await;
        alice.quit().await;
        let backup = tempfile::tempdir().unwrap();
        copy_account(&account(&setup, "alice"), backup.path());

        let mut alice = Person::sign_in(&setup, "alice").await;
        alice.say(&direct("bob"), "two").await;
        alice.until_all(1, Delivery::Delivered).await;
        alice.quit().await;
        fs::remove_dir_all(account(&setup, "alice")).unwrap();
        copy_account(backup.path(), &account(&setup, "alice"));

        let session = cooee::engine::Session::start(&setup, &name("alice")).await.unwrap();
        let mut alice = Person::with(session);
        alice.until("the alarm", |s| s.stopped.is_some()).await;
        let words = alice.screen.stopped.clone().flatten().unwrap();
        assert!(words.contains("copy") && words.contains("Sign in again"), "{words}");
        let mut alice = Person::sign_in(&setup, "alice").await;
        alice.say(&direct("bob"), "three").await;
        bob.until("all is here", |s| s.heard(&direct("alice")).len() == 3).await;
        assert_eq!(bob.screen.heard(&direct("alice")), ["one", "two", "three"]);
        bob.say(&direct("alice"), "I read you").await;
        alice.until_heard(&direct("bob"), &["I read you".into()]).await;
        alice.until_all(1, Delivery::Delivered).await;
    }

    async fn a_receiver_that_was_put_back_gets_all_the_same(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        let team = alice.create("team", JoinPolicy::Open).await;
        bob.until("the group is listed", |s| s.groups.contains_key(&team)).await;
        bob.join(team).await.unwrap();
        alice.until("bob is in", |s| s.members(team) == ["alice", "bob"]).await;
        let here = ConversationId::Group(team);
        bob.quit().await;
        let backup = tempfile::tempdir().unwrap();
        copy_account(&account(&setup, "bob"), backup.path());
        let bob = Person::sign_in(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        bob.quit().await;
        for n in 1..=3 {
            alice.say(&direct("bob"), &format!("direct {n}")).await;
            alice.say(&here, &format!("group {n}")).await;
        }
        alice.until_sent(6).await;
        fs::remove_dir_all(account(&setup, "bob")).unwrap();
        copy_account(backup.path(), &account(&setup, "bob"));
        let session = cooee::engine::Session::start(&setup, &name("bob")).await.unwrap();
        let mut bob = Person::with(session);
        bob.until("the alarm", |s| s.stopped.is_some()).await;
        let mut bob = Person::sign_in(&setup, "bob").await;
        alice.until_all(6, Delivery::Delivered).await;
        // Some of it may have come before the alarm.
        for (conversation, word) in [(direct("alice"), "direct"), (here, "group")] {
            let history = bob.history(&conversation).await;
            let texts: Vec<_> = history.iter().filter(|m| !m.is_ours()).filter_map(text).collect();
            assert_eq!(texts, (1..=3).map(|n| format!("{word} {n}")).collect::<Vec<_>>());
        }
    }

    async fn a_bundle_of_another_device_is_not_used(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Stranger::sign_up(&world, "bob").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        // The keys of eve's device, at the topic of bob's, in a higher version.
        let eve = Puppet::new("bob");
        let topic = format!("cooee/1/keys/bob/{}", bob.puppet.device.id());
        bob.publish(&topic, crypto::seal_bundle(&name("bob"), &eve.device), true).await;
        bob.come_online().await;
        alice.say(&direct("bob"), "for you").await;
        let told = cooee::domain::MessageText::new("for you").unwrap();
        bob.until_told(&cooee::protocol::Content::Text(told.into())).await;
    }
}
