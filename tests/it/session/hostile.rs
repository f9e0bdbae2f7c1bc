//! Anything may arrive on a topic that we subscribe to.

use std::time::Duration;

use cooee::domain::{Body, ConversationId, JoinPolicy, Membership, Timestamp, limits};
use cooee::mqtt::Event;
use cooee::protocol;
use tokio::time::timeout;

use super::on_every_broker;
use crate::support::person::{Person, Screen, direct, name};
use crate::support::vandal::Vandal;
use crate::support::world::World;

pub(super) fn letter(id: u8, body: &str) -> String {
    let id = format!("01935372-9d2b-7c3e-8f4a-5b6c7d8e9f{id:02x}");
    format!(r#"{{"v":1,"t":"clear","m":{{"id":"{id}","ts":1732281660123,{body}}}}}"#)
}

on_every_broker! {
    async fn nonsense_is_refused_and_harms_nobody(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let _bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        let mut vandal = Vandal::on(&world).await;
        let device = "0123456789abcdef";
        let bob = format!("cooee/1/inbox/alice/bob/{device}");
        let deep = "[".repeat(60_000);
        let huge = vec![b'x'; 100 * 1024];
        for payload in [&b""[..], b"null", b"\xff\xfe\x00", b"{\"v\":1", deep.as_bytes(), &huge] {
            for topic in [
                bob.clone(),
                format!("cooee/1/inbox/alice/UPPER/{device}"),
                format!("cooee/1/inbox/alice/bob/{}", "é".repeat(20)),
                "cooee/1/profile/bob".into(),
                "cooee/1/profile/alice".into(),
                format!("cooee/1/presence/bob/{device}"),
                format!("cooee/1/directory/{}", "0".repeat(32)),
                format!("cooee/1/live/@alice/bob/{device}"),
            ] {
                vandal.publish(&topic, payload, false).await;
            }
        }
        let eve = r#"{"v":1,"user":"eve","account":"00000000000000000000000000000001","version":9,"name":"Eve","at":1}"#;
        vandal.publish("cooee/1/profile/bob", eve, true).await;
        vandal.publish(&bob, letter(1, r#""ty":"joined","n":[1,1]"#), false).await;
        let group = r#""ty":"invitation","b":{"v":1,"id":"00000000000000000000000000000001","name":"trap","owner":"eve","join":"invite","at":1,"m":{"eve":[1,1]}}"#;
        vandal.publish(&bob, letter(2, group), false).await;
        let escape = r#""ty":"text","b":{"text":"\u001b[2Jred\u001b]0;title\u0007 \u202eback"}"#;
        vandal.publish(&bob, letter(3, escape), false).await;
        vandal.publish(&bob, letter(3, escape), false).await;
        vandal.publish(&bob, r#"{"v":7,"t":"direct","to":{}}"#, false).await;
        vandal.publish(&bob, letter(4, r#""ty":"text","b":{"text":"the last word"}"#), false).await;
        alice.until("the last word", |s| s.heard(&direct("bob")).contains(&"the last word")).await;
        assert_eq!(alice.screen.heard(&direct("bob")), ["[2Jred]0;title back", "the last word"]);
        let from_bob = alice.screen.stored.iter().filter(|m| m.conversation == direct("bob")).count();
        assert_eq!(from_bob, 3, "two texts and one that needs a newer Cooee");
        assert!(alice.screen.groups.is_empty());
        assert_eq!(alice.screen.people[&name("bob")].display_name.as_str(), "BOB");
        assert!(alice.screen.stopped.is_none());
    }

    async fn a_stranger_cannot_speak_in_a_group(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        // Once the broker took a word of hers in the group, she hears what is said there.
        alice.say(&ConversationId::Group(team), "hello").await;
        alice.until_sent(1).await;
        let mut vandal = Vandal::on(&world).await;
        let topic = |from: &str| format!("cooee/1/group/{team}/{from}/0123456789abcdef");
        let text = |id, words: &str| letter(id, &format!(r#""ty":"text","b":{{"text":"{words}"}}"#));
        vandal.publish(&topic("eve"), text(1, "I am not in"), false).await;
        vandal.publish(&topic("alice"), text(2, "I am you"), false).await;
        let left = letter(3, r#""ty":"text","n":[2,5],"b":{"text":"I left"}"#);
        vandal.publish(&topic("mallory"), left, false).await;
        vandal.publish(&topic("bob"), letter(4, r#""ty":"joined","n":[1,5]"#), false).await;
        vandal.publish(&topic("bob"), text(5, "I am in"), false).await;
        let here = ConversationId::Group(team);
        alice.until("bob's word", |s| !s.heard(&here).is_empty()).await;
        assert_eq!(alice.screen.heard(&here), ["I am in"]);
        assert_eq!(alice.screen.members(team), ["alice", "bob"]);
    }

    async fn two_views_of_a_group_that_cannot_agree_do_not_flood_the_broker(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        let mut vandal = Vandal::on(&world).await;
        let card = format!("cooee/1/directory/{team}");
        // In alice's view there is no room for another name, and bob's is of another group.
        let mut full = alice.screen.groups[&team].group.clone();
        for n in 0..limits::GROUP_MEMBERS {
            full.note(&name(&format!("x{n}")), Membership { count: 1, since: Timestamp::EPOCH });
        }
        vandal.publish(&card, protocol::encode_card(&full), true).await;
        alice.until("it is full", |s| s.members(team).len() == limits::GROUP_MEMBERS).await;
        alice.quit().await;
        let trap = format!(r#"{{"v":1,"id":"{team}","name":"trap","owner":"eve","join":"open","at":1,"m":{{"eve":[1,1]}}}}"#);
        vandal.publish(&card, trap, true).await;
        let mut bob = Person::new(&setup, "bob").await;
        bob.until("the trap is listed", |s| s.groups.contains_key(&team)).await;
        bob.join(team).await.unwrap();
        vandal.overhear(&card).await;
        let _alice = Person::sign_in(&setup, "alice").await;
        let mut cards = 0;
        let counting = vandal.until(|event| {
            cards += usize::from(matches!(event, Event::Incoming(_)));
            false
        });
        let _ = timeout(Duration::from_secs(5), counting).await;
        assert!((1..20).contains(&cards), "{cards} cards in five seconds");
    }

    async fn who_left_is_still_heard_with_what_was_said_before(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let team = alice.create("team", cooee::domain::JoinPolicy::Open).await;
        let here = ConversationId::Group(team);
        alice.say(&here, "hello").await;
        alice.until_sent(1).await;
        let made = alice.screen.groups[&team].group.created_at.as_millis();
        // The card overtakes the letters, as it may for somebody who was away.
        let mut bob = Vandal::on(&world).await;
        let card = format!(
            r#"{{"v":1,"id":"{team}","name":"team","owner":"alice","join":"open","at":{made},"m":{{"alice":[1,{made}],"bob":[4,9]}}}}"#
        );
        bob.publish(&format!("cooee/1/directory/{team}"), card, true).await;
        alice.until("the card came", |s| s.groups[&team].group.roster.contains_key(&name("bob"))).await;
        let topic = format!("cooee/1/group/{team}/bob/0123456789abcdef");
        let letters = [
            letter(1, r#""ty":"joined","n":[1,5]"#),
            letter(2, r#""ty":"text","n":[1,5],"b":{"text":"while in"}"#),
            letter(3, r#""ty":"left","n":[2,6]"#),
            letter(4, r#""ty":"text","n":[2,6],"b":{"text":"while out"}"#),
            letter(5, r#""ty":"text","b":{"text":"who knows when"}"#),
            letter(6, r#""ty":"text","n":[3,7],"b":{"text":"again in"}"#),
            letter(7, r#""ty":"left","n":[4,9]"#),
        ];
        for letter in letters {
            bob.publish(&topic, letter, false).await;
        }
        let left = |s: &Screen| s.stored.iter().filter(|m| m.body == Body::Left).count();
        alice.until("he left twice", |s| left(s) == 2).await;
        assert_eq!(alice.screen.heard(&here), ["while in", "again in"]);
        assert_eq!(alice.screen.members(team), ["alice"]);
    }

    async fn an_earlier_claim_of_our_name_is_told_and_ends_nothing(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut vandal = Vandal::on(&world).await;
        let earlier = r#"{"v":1,"user":"alice","account":"00000000000000000000000000000001","version":9,"name":"Mallory","at":1}"#;
        vandal.publish("cooee/1/profile/alice", earlier, false).await;
        alice.until("it is told", |s| s.warnings.iter().any(|w| w.contains("claims your name"))).await;
        let team = alice.create("team", JoinPolicy::Open).await;
        alice.say(&ConversationId::Group(team), "still here").await;
        alice.until_sent(1).await;
        assert!(alice.screen.stopped.is_none());
    }

    async fn a_foreign_profile_at_our_name_is_put_right(world) {
        let setup = world.setup();
        let _alice = Person::new(&setup, "alice").await;
        let mut vandal = Vandal::on(&world).await;
        let later = r#"{"v":1,"user":"alice","account":"00000000000000000000000000000001","version":9,"name":"Mallory","at":4102444800000}"#;
        vandal.publish("cooee/1/profile/alice", later, true).await;
        let mut bob = Person::new(&setup, "bob").await;
        bob.until("alice is herself again", |s| {
            s.people.get(&name("alice")).is_some_and(|p| p.display_name.as_str() == "ALICE")
        })
        .await;
    }
}
