//! Open rooms: whatever can publish is heard, what makes no sense is not, and nothing of it gets anywhere else.

use std::time::Duration;

use cooee::config::BrokerChoice;
use cooee::domain::{Body, Delivery, JoinPolicy, PageAt};
use cooee::engine::{Command, Session, Ticket};

use super::on_every_broker;
use crate::support::person::{Person, Screen, direct, name, room, text};
use crate::support::proxy::Proxy;
use crate::support::vandal::{Stranger, Vandal};
use crate::support::world::World;

const LOBBY: &str = "cooee/1/open/lobby";

fn plain(id: &str, words: &str) -> String {
    format!(r#"{{"v":1,"t":"plain","id":"{id}","ts":1732281660123,"text":"{words}"}}"#)
}

/// The texts of others that the history holds of the lobby.
async fn kept(person: &mut Person) -> Vec<String> {
    let history = person.page(&room("lobby"), PageAt::Newest).await;
    let theirs = history.iter().filter(|message| !message.is_ours());
    theirs.filter_map(text).map(str::to_owned).collect()
}

async fn until_unread(person: &mut Person, count: u32) {
    let unread = |s: &Screen| s.summaries.get(&room("lobby")).map_or(0, |summary| summary.unread);
    person.until(&format!("{count} are unread"), |s| unread(s) == count).await;
}

async fn until_last(person: &mut Person, words: &str) {
    person.until(words, |s| s.heard(&room("lobby")).last() == Some(&words)).await;
}

on_every_broker! {
    async fn whatever_can_publish_is_heard(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        alice.join_room("lobby").await.unwrap();
        bob.join_room("lobby").await.unwrap();
        bob.join_room("lobby").await.unwrap();
        assert_eq!(bob.screen.rooms, ["lobby".parse().unwrap()]);
        let mut sensor = Vandal::on(&world).await;
        sensor.publish(&format!("{LOBBY}/sensor"), "21.5\n", false).await;
        sensor.publish(&format!("{LOBBY}/sensor"), plain("7", "hello"), false).await;
        for person in [&mut alice, &mut bob] {
            until_last(person, "hello").await;
            assert_eq!(person.screen.heard(&room("lobby")), ["21.5", "hello"]);
            assert!(person.screen.stored.iter().all(|m| m.sender == name("sensor") && !m.unseen));
            until_unread(person, 2).await;
        }
        alice.say(&room("lobby"), "good morning").await;
        until_last(&mut bob, "good morning").await;
        // Seen or not, the broker's word is the last.
        let ids = bob.screen.stored.iter().map(|message| message.id).collect();
        bob.ask(Command::Seen { conversation: room("lobby"), letters: ids }).await;
        bob.ask(Command::MarkRead(room("lobby"))).await;
        bob.ask(Command::Typing(room("lobby"))).await;
        bob.say(&direct("alice"), "the last word").await;
        alice.until("it came", |s| s.heard(&direct("bob")) == ["the last word"]).await;
        alice.until_sent(1).await;
        let ours = alice.screen.stored.iter().find(|m| text(m) == Some("good morning")).unwrap().id;
        let info = alice.info(ours).await;
        assert_eq!((info.delivery, info.recipients.len(), info.waits_for), (Delivery::Sent, 0, None));
        assert_eq!(alice.screen.typing, []);
        until_unread(&mut bob, 0).await;
        alice.until_outbox_holds(0).await;
        // Nobody has to listen, and one need not be in.
        alice.say(&room("attic"), "anybody?").await;
        alice.until_sent(2).await;
        let echoes = alice.screen.stored.iter().filter(|m| m.is_ours()).count();
        assert_eq!(echoes, 2, "each once");
    }

    async fn what_makes_no_sense_is_refused_and_nothing_escapes(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        alice.join_room("lobby").await.unwrap();
        let mut eve = Vandal::on(&world).await;
        let deep = format!(r#"{{"v":1,"t":"plain","text":{}}}"#, "[".repeat(3_000));
        let huge = vec![b'x'; 5 * 1024];
        let (huge_json, blank) = (plain("1", &"x".repeat(5 * 1024)), plain("2", "\\u001b\\u202e"));
        for payload in [
            &b""[..], b" \n", b"\xff\xfe\x00", b"\x1b\x07", &huge, huge_json.as_bytes(), blank.as_bytes(),
            br#"{"v":1,"t":"plain","id":"3"}"#,
            br#"{"v":1,"t":"plain","id":[],"text":"x"}"#,
            br#"{"v":1,"t":"direct","to":{}}"#,
            br#"{"v":1,"t":"group","g":"00000000000000000000000000000007","s":"a","c":"AAAA"}"#,
        ] {
            eve.publish(&format!("{LOBBY}/eve"), payload, false).await;
        }
        // Said by nobody who could have a name, or in no room.
        for topic in ["open/lobby/UPPER", "open/lobby/eve/more", "open/LOBBY/eve", "open/lobby"] {
            let topic = format!("cooee/1/{topic}");
            // A broker with rules refuses most of these, and a vandal asks for no name of theirs.
            if let crate::support::world::Broker::External(_) = world.broker {
                eve.publish(&topic, "nowhere", false).await;
            }
        }
        eve.publish(&format!("{LOBBY}/eve"), r#"{"v":2,"t":"plain","text":"newer"}"#, false).await;
        eve.publish(&format!("{LOBBY}/eve"), "\u{1b}[2Jred\u{1b}]0;title\u{7} \u{202e}back", false).await;
        // Not closed, it is no JSON and so a text; nothing else comes of it.
        eve.publish(&format!("{LOBBY}/eve"), deep.clone(), false).await;
        eve.publish(&format!("{LOBBY}/eve"), "the last word", false).await;
        until_last(&mut alice, "the last word").await;
        assert_eq!(
            alice.screen.heard(&room("lobby")),
            ["[2Jred]0;title back", &deep, "the last word"]
        );
        let newer = alice.screen.stored.iter().filter(|m| m.body == Body::Unsupported).count();
        assert_eq!((newer, alice.screen.stored.len()), (1, 4), "all of it is in the room");
        assert!(alice.screen.stored.iter().all(|m| m.conversation == room("lobby")));
        assert!(alice.screen.stopped.is_none());
    }

    async fn what_the_broker_keeps_is_told_once(world) {
        let setup = world.setup();
        let proxy = Proxy::start(world.port().await).await;
        let through = world.setup_through(proxy.address.port());
        let mut alice = Person::new(&through, "alice").await;
        let mut sensor = Vandal::on(&world).await;
        sensor.publish(&format!("{LOBBY}/sensor"), "21.5", true).await;
        sensor.publish(&format!("{LOBBY}/json"), plain("7", "kept"), true).await;
        alice.join_room("lobby").await.unwrap();
        alice.until("both are told", |s| s.heard(&room("lobby")).len() == 2).await;
        // A reading that is the same, and it is kept again.
        sensor.publish(&format!("{LOBBY}/sensor"), "21.5", true).await;
        until_last(&mut alice, "21.5").await;
        alice.until("again", |s| s.heard(&room("lobby")).len() == 3).await;
        proxy.cut();
        alice.until("it is down", |s| matches!(s.link, Some(cooee::engine::Link::Down { .. }))).await;
        proxy.mend();
        alice.ask(Command::ConnectNow).await;
        alice.until_up().await;
        sensor.publish(&format!("{LOBBY}/sensor"), "after the cut", false).await;
        until_last(&mut alice, "after the cut").await;
        alice.quit().await;
        let mut alice = Person::sign_in(&setup, "alice").await;
        assert_eq!(alice.screen.rooms, ["lobby".parse().unwrap()], "still in");
        sensor.publish(&format!("{LOBBY}/sensor"), "after the restart", false).await;
        until_last(&mut alice, "after the restart").await;
        // Out and in: the subscription is new to the broker, which tells what it keeps.
        alice.leave_room("lobby").await.unwrap();
        assert_eq!(alice.screen.rooms, []);
        assert!(alice.leave_room("lobby").await.unwrap_err().contains("you are not in +lobby"));
        alice.join_room("lobby").await.unwrap();
        sensor.publish(&format!("{LOBBY}/sensor"), "after all", false).await;
        until_last(&mut alice, "after all").await;
        let mut all = kept(&mut alice).await;
        assert_eq!(all.split_off(3), ["after the cut", "after the restart", "after all"]);
        all.sort();
        assert_eq!(all, ["21.5", "21.5", "kept"]);
    }

    async fn what_is_said_while_we_are_away_comes_and_each_reading_counts(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        alice.join_room("lobby").await.unwrap();
        // The broker has answered what came after the subscription.
        alice.say(&room("lobby"), "here").await;
        alice.until_sent(1).await;
        alice.quit().await;
        let mut sensor = Vandal::on(&world).await;
        let topic = format!("{LOBBY}/sensor");
        let an_hour_ago = cooee::engine::Clock::system().now().as_millis() - 3_600_000;
        let early = format!(r#"{{"v":1,"t":"plain","ts":{an_hour_ago},"text":"early"}}"#);
        let named = plain("7", "named");
        for payload in ["21.5", "21.5", &named, &named, &early, "22"] {
            sensor.publish(&topic, payload, false).await;
        }
        let mut alice = Person::sign_in(&setup, "alice").await;
        until_last(&mut alice, "22").await;
        assert_eq!(alice.screen.heard(&room("lobby")), ["21.5", "21.5", "named", "early", "22"]);
        // The order is that in which it came, whatever a device believes.
        assert_eq!(kept(&mut alice).await, ["21.5", "21.5", "named", "early", "22"]);
        // Out: what is said from then on is nothing to us.
        alice.leave_room("lobby").await.unwrap();
        alice.quit().await;
        sensor.publish(&topic, "unheard", false).await;
        let mut alice = Person::sign_in(&setup, "alice").await;
        alice.join_room("lobby").await.unwrap();
        sensor.publish(&topic, "heard", false).await;
        until_last(&mut alice, "heard").await;
        assert_eq!(alice.screen.heard(&room("lobby")), ["heard"]);
    }

    async fn what_we_say_survives_a_restart(world) {
        let setup = world.setup();
        let mut bob = Person::new(&setup, "bob").await;
        bob.join_room("lobby").await.unwrap();
        Person::new(&setup, "alice").await.quit().await;
        let nowhere = BrokerChoice::Url("mqtt://127.0.0.1:1".parse().unwrap());
        let cut_off = cooee::engine::Setup { broker: nowhere, ..world.setup() };
        let mut alice = Person::with(Session::start(&cut_off, &name("alice")).await.unwrap());
        alice.say(&room("lobby"), "from the dark").await;
        alice.until("it is stored", |s| s.stored.len() == 1).await;
        let (waiting, total, _) = alice.outbox(Command::Outbox).await;
        assert_eq!((total, &waiting[0].to, waiting[0].delivery), (1, &room("lobby"), Delivery::Queued));
        alice.quit().await;
        let mut alice = Person::sign_in(&setup, "alice").await;
        until_last(&mut bob, "from the dark").await;
        alice.until_outbox_holds(0).await;
        let history = alice.page(&room("lobby"), PageAt::Newest).await;
        assert_eq!(history.iter().map(|m| m.delivery).collect::<Vec<_>>(), [Some(Delivery::Sent)]);
        bob.say(&room("lobby"), "heard").await;
        bob.until_sent(1).await;
        assert_eq!(bob.screen.heard(&room("lobby")), ["from the dark"], "once");
    }

    async fn nothing_said_in_the_open_gets_into_what_is_encrypted_nor_the_other_way(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        let in_team = cooee::domain::ConversationId::Group(team);
        alice.join_room("lobby").await.unwrap();
        let mut bob = Stranger::sign_up(&world, "bob").await;
        bob.until_knows("alice").await;
        let device = bob.puppet.device.id();
        let forms = ["in the open".to_owned(), plain("7", "in the open")];
        for form in &forms {
            for topic in [
                bob.puppet.inbox("alice"),
                format!("cooee/1/inbox/alice/bob/{device}"),
                format!("cooee/1/group/{team}/bob/{device}"),
                format!("cooee/1/group/{team}/alice/{device}"),
                format!("cooee/1/live/@alice/bob/{device}"),
            ] {
                bob.publish(&topic, form.as_bytes(), false).await;
            }
        }
        let letter = crate::support::vandal::letter(1, r#""ty":"text","b":{"text":"sealed"}"#);
        let sealed = bob.puppet.seal_bytes("alice", letter.as_bytes());
        bob.publish(&format!("{LOBBY}/bob"), sealed, false).await;
        let copy = br#"{"v":1,"t":"plain","id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f02","text":"first"}"#;
        bob.publish(&format!("{LOBBY}/bob"), &copy[..], false).await;
        // An id that was seen in the open hides nothing that is sealed under it.
        let second = crate::support::vandal::letter(2, r#""ty":"text","b":{"text":"the last word"}"#);
        bob.say("alice", &second).await;
        alice.until("it came", |s| s.heard(&direct("bob")) == ["the last word"]).await;
        until_last(&mut alice, "first").await;
        assert_eq!(alice.screen.heard(&room("lobby")), ["first"], "what is sealed is not shown there");
        assert!(alice.screen.heard(&in_team).is_empty());
        assert_eq!(alice.screen.typing, []);
    }

    async fn our_own_name_is_ours_and_who_is_blocked_is_not_heard(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let _bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        alice.join_room("lobby").await.unwrap();
        let ticket = Ticket(9_000);
        alice.ask(Command::Block { user: name("bob"), blocked: true, ticket }).await;
        alice.until("he is blocked", |s| s.agreed.contains(&9_000)).await;
        let mut vandal = Vandal::on(&world).await;
        vandal.publish(&format!("{LOBBY}/bob"), "unheard", false).await;
        vandal.publish(&format!("{LOBBY}/alice"), plain("7", "from my script"), false).await;
        vandal.publish(&format!("{LOBBY}/carol"), "the last word", false).await;
        until_last(&mut alice, "the last word").await;
        let said: Vec<_> = alice.screen.stored.iter().map(|m| (text(m).unwrap(), m.delivery)).collect();
        assert_eq!(said, [("from my script", Some(Delivery::Sent)), ("the last word", None)]);
        until_unread(&mut alice, 1).await;
    }
}

/// A flood is not a matter of the broker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_cut_off_and_told_and_others_are_heard() {
    let world = World::built_in();
    let setup = world.setup();
    let mut alice = Person::new(&setup, "alice").await;
    alice.join_room("lobby").await.unwrap();
    let mut eve = Stranger::sign_up(&world, "eve").await;
    for n in 0..1_400 {
        eve.publish(&format!("{LOBBY}/eve"), n.to_string(), false).await;
    }
    let told = |s: &Screen| s.warnings.iter().filter(|w| w.contains("thrown away")).count();
    alice.until("it is told", |s| told(s) > 0).await;
    let mut bob = Vandal::on(&world).await;
    bob.publish(&format!("{LOBBY}/bob"), "can anybody hear me?", false).await;
    until_last(&mut alice, "can anybody hear me?").await;
    let heard = alice.screen.heard(&room("lobby")).len() - 1;
    assert!((1_000..1_390).contains(&heard), "{heard}");
    assert_eq!(told(&alice.screen), 1, "{:?}", alice.screen.warnings);
    tokio::time::timeout(Duration::from_secs(30), alice.quit()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_and_what_is_said_at_once_are_bounded() {
    let world = World::built_in();
    let mut alice = Person::new(&world.setup(), "alice").await;
    for n in 0..32 {
        alice.join_room(&format!("room-{n}")).await.unwrap();
    }
    let why = alice.join_room("one-more").await.unwrap_err();
    assert!(why.contains("32 open rooms"), "{why}");
    alice.leave_room("room-7").await.unwrap();
    alice.join_room("one-more").await.unwrap();
    alice.say(&room("lobby"), &"x".repeat(4 * 1024)).await;
    alice.until("it is refused", |s| s.answers.values().any(Result::is_err)).await;
    let (_, why) = alice.screen.answers.pop_first().unwrap();
    assert!(why.unwrap_err().contains("at most 4096 bytes"));
    assert!(alice.screen.stored.is_empty());
}
