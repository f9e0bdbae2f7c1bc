//! Anything may arrive on a topic that we subscribe to.

use std::time::Duration;

use cooee::crypto;
use cooee::domain::{Body, ConversationId, DisplayName, GroupChange, JoinPolicy, Timestamp};
use cooee::mqtt::Event;
use cooee::protocol::{decode_card, encode_card};
use tokio::time::timeout;

use super::on_every_broker;
use crate::support::person::{Person, Screen, direct, name};
use crate::support::puppet::{Puppet, stand};
use crate::support::vandal::{Stranger, Vandal, letter};
use crate::support::world::World;

/// The profile of somebody else for this name, as registered at this time.
fn claim(user: &str, registered_at: i64) -> Vec<u8> {
    let mut mallory = Puppet::new(user);
    mallory.me.registered_at = Timestamp::from_millis(registered_at);
    mallory.me.display_name = DisplayName::new("Mallory").unwrap();
    crypto::seal_profile(&mallory.me, &mallory.identity)
}

on_every_broker! {
    async fn nonsense_is_refused_and_harms_nobody(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Stranger::sign_up(&world, "bob").await;
        bob.until_knows("alice").await;
        let device = "0123456789abcdef";
        let inbox = bob.puppet.inbox("alice");
        let deep = "[".repeat(60_000);
        let huge = vec![b'x'; 100 * 1024];
        for payload in [&b""[..], b"null", b"\xff\xfe\x00", b"{\"v\":1", deep.as_bytes(), &huge] {
            for topic in [
                inbox.clone(),
                format!("cooee/1/inbox/alice/UPPER/{device}"),
                format!("cooee/1/inbox/alice/bob/{}", "é".repeat(20)),
                "cooee/1/profile/bob".into(),
                "cooee/1/profile/alice".into(),
                format!("cooee/1/keys/bob/{device}"),
                format!("cooee/1/presence/bob/{device}"),
                format!("cooee/1/directory/{}", "0".repeat(32)),
                format!("cooee/1/live/@alice/bob/{device}"),
            ] {
                bob.publish(&topic, payload, false).await;
            }
        }
        // What one wrote stands at the topic of the other.
        let [_, (_, eve)] = Puppet::new("eve").papers();
        bob.publish("cooee/1/profile/bob", eve, true).await;
        for plain in [
            r#"{"v":1,"t":"plain","id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1,"text":"not encrypted"}"#.to_owned(),
            format!(r#"{{"v":1,"t":"clear","m":{}}}"#, letter(9, r#""ty":"text","b":{"text":"not encrypted"}"#)),
            "not encrypted".to_owned(),
        ] {
            bob.publish(&inbox, plain, false).await;
        }
        let (trap, signed) = bob.puppet.found("trap", JoinPolicy::Invite);
        bob.say("alice", &letter(1, &bob.puppet.comes_or_goes(trap, 1))).await;
        let signed = String::from_utf8(signed.to_bytes()).unwrap();
        // A group into which she was not let, and one of which nothing is signed.
        for (id, group, signed) in [(2, trap.to_string(), &*signed), (6, "0".repeat(32), "")] {
            let body = format!(r#""ty":"invitation","b":{{"group":"{group}","signed":[{signed}]}}"#);
            bob.say("alice", &letter(id, &body)).await;
        }
        bob.say("alice", &letter(5, r#""ty":"sender_key","b":{"group":"00000000000000000000000000000001","key":"AAAA"}"#)).await;
        let escape = r#""ty":"text","b":{"text":"\u001b[2Jred\u001b]0;title\u0007 \u202eback"}"#;
        bob.say("alice", &letter(3, escape)).await;
        bob.say("alice", &letter(3, escape)).await;
        bob.publish(&inbox, r#"{"v":7,"t":"direct","to":{}}"#, false).await;
        bob.say("alice", &letter(4, r#""ty":"text","b":{"text":"the last word"}"#)).await;
        alice.until("the last word", |s| s.heard(&direct("bob")).contains(&"the last word")).await;
        assert_eq!(alice.screen.heard(&direct("bob")), ["[2Jred]0;title back", "the last word"]);
        let from_bob = alice.screen.stored.iter().filter(|m| m.conversation == direct("bob")).count();
        assert_eq!(from_bob, 2, "two texts; what anybody could have written is no part of it");
        let newer = alice.screen.warnings.iter().filter(|words| words.contains("newer Cooee")).count();
        assert_eq!(newer, 1, "{:?}", alice.screen.warnings);
        assert!(alice.screen.groups.is_empty());
        assert_eq!(alice.screen.people[&name("bob")].display_name.as_str(), "bob");
        assert!(alice.screen.stopped.is_none());
    }

    async fn a_stranger_cannot_speak_in_a_group(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        // Once the broker took a word of hers in the group, she hears what is said there.
        alice.say(&ConversationId::Group(team), "hello").await;
        alice.until_sent(1).await;
        let text = |id, words: &str| letter(id, &format!(r#""g":"{team}","ty":"text","b":{{"text":"{words}"}}"#));
        let mut eve = Stranger::sign_up(&world, "eve").await;
        eve.until_knows("alice").await;
        eve.share_key(team, "alice", 10).await;
        eve.say_in(team, &text(1, "I am not in")).await;
        // What eve sealed, said by alice and by bob.
        let sealed = eve.puppet.seal_for_group(team, text(2, "I am you").as_bytes());
        for from in ["alice", "bob"] {
            let topic = format!("cooee/1/group/{team}/{from}/{}", eve.puppet.device.id());
            eve.publish(&topic, sealed.clone(), false).await;
        }
        let left = format!(r#""g":"{team}","ty":"text",{},"b":{{"text":"I left"}}"#, stand(2));
        eve.say_in(team, &letter(3, &left)).await;
        let mut bob = Stranger::sign_up(&world, "bob").await;
        bob.until_knows("alice").await;
        bob.share_key(team, "alice", 11).await;
        bob.say_in(team, &letter(4, &bob.puppet.comes_or_goes(team, 1))).await;
        let body = format!(r#""g":"{team}","ty":"text",{},"b":{{"text":"I am in"}}"#, stand(1));
        bob.say_in(team, &letter(5, &body)).await;
        let here = ConversationId::Group(team);
        alice.until("bob's word", |s| !s.heard(&here).is_empty()).await;
        assert_eq!(alice.screen.heard(&here), ["I am in"]);
        assert_eq!(alice.screen.members(team), ["alice", "bob"]);
    }

    async fn a_card_that_tells_less_is_put_right_without_a_flood(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        bob.until("the group is listed", |s| s.groups.contains_key(&team)).await;
        bob.join(team).await.unwrap();
        alice.until("bob is in", |s| s.members(team).len() == 2).await;
        let mut vandal = Vandal::on(&world).await;
        let card = format!("cooee/1/directory/{team}");
        vandal.overhear(&card).await;
        let mut less = Vandal::on(&world).await;
        less.publish(&card, encode_card(team, Vec::new()).0, true).await;
        let mut sizes = Vec::new();
        let counting = vandal.until(|event| {
            let Event::Incoming(incoming) = event else { return false };
            sizes.push(decode_card(team, &incoming.payload).unwrap().len());
            false
        });
        let _ = timeout(Duration::from_secs(5), counting).await;
        assert!((1..20).contains(&sizes.len()), "{sizes:?} in five seconds");
        assert_eq!(sizes.last(), Some(&2), "what alice signed, and what bob did: {sizes:?}");
    }

    async fn who_left_is_still_heard_with_what_was_said_before(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let team = alice.create("team", cooee::domain::JoinPolicy::Open).await;
        let here = ConversationId::Group(team);
        alice.say(&here, "hello").await;
        alice.until_sent(1).await;
        // The card overtakes the letters, as it may for somebody who was away.
        let mut bob = Stranger::sign_up(&world, "bob").await;
        bob.until_knows("alice").await;
        let signed = alice.screen.groups[&team].group.clone();
        assert_eq!(signed.members.len(), 1);
        let topic = format!("cooee/1/directory/{team}");
        let mut vandal = Vandal::on(&world).await;
        vandal.overhear(&topic).await;
        let mut card = Vec::new();
        vandal.until(|event| {
            let Event::Incoming(incoming) = event else { return false };
            card = decode_card(team, &incoming.payload).unwrap();
            true
        }).await;
        card.push(bob.puppet.statement(team, 4));
        bob.publish(&topic, encode_card(team, card).0, true).await;
        alice.until("the card came", |s| s.groups[&team].group.former.contains(&name("bob"))).await;
        bob.share_key(team, "alice", 10).await;
        let text = |n: &str, words: &str| {
            format!(r#""g":"{team}","ty":"text"{n},"b":{{"text":"{words}"}}"#)
        };
        let letters = [
            bob.puppet.comes_or_goes(team, 1),
            text(&format!(",{}", stand(1)), "while in"),
            bob.puppet.comes_or_goes(team, 2),
            text(&format!(",{}", stand(2)), "while out"),
            text("", "who knows when"),
            text(&format!(",{}", stand(3)), "again in"),
            bob.puppet.comes_or_goes(team, 4),
        ];
        for (id, body) in (1..).zip(letters) {
            bob.say_in(team, &letter(id, &body)).await;
        }
        let left = |s: &Screen| s.stored.iter().filter(|m| m.body == Body::Left).count();
        alice.until("he left twice", |s| left(s) == 2).await;
        assert_eq!(alice.screen.heard(&here), ["while in", "again in"]);
        assert_eq!(alice.screen.members(team), ["alice"]);
    }

    async fn who_was_put_out_gets_no_say_by_leaving_and_a_stranger_none_either(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let club = alice.create("club", JoinPolicy::Invite).await;
        let here = ConversationId::Group(club);
        alice.say(&here, "hello").await;
        alice.until_sent(1).await;
        let say = |words: &str| format!(r#""g":"{club}","ty":"text",{},"b":{{"text":"{words}"}}"#, stand(1));
        let mut bob = Stranger::sign_up(&world, "bob").await;
        bob.until_knows("alice").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        alice.invite(club, "bob").await.unwrap();
        bob.share_key(club, "alice", 10).await;
        bob.say_in(club, &letter(1, &bob.puppet.comes_or_goes(club, 1))).await;
        bob.say_in(club, &letter(2, &say("I am in"))).await;
        alice.until_heard(&here, &["I am in".into()]).await;
        alice.change(club, GroupChange::Remove(name("bob"))).await.unwrap();
        bob.say_in(club, &letter(3, &say("I am out"))).await;
        bob.say_in(club, &letter(4, &bob.puppet.comes_or_goes(club, 2))).await;
        bob.say_in(club, &letter(5, &say("I had left"))).await;

        let mut eve = Stranger::sign_up(&world, "eve").await;
        eve.until_knows("alice").await;
        eve.share_key(club, "alice", 11).await;
        eve.say_in(club, &letter(6, &eve.puppet.comes_or_goes(club, 2))).await;
        eve.say_in(club, &letter(7, &say("I had left too"))).await;
        for stranger in [&mut bob, &mut eve] {
            let user = stranger.puppet.me.user.clone();
            stranger.say("alice", &letter(8, r#""ty":"text","b":{"text":"end"}"#)).await;
            alice.until_heard(&direct(user.as_str()), &["end".into()]).await;
        }
        assert_eq!(alice.screen.heard(&here), ["I am in"]);
        assert!(!alice.screen.stored.iter().any(|m| m.body == Body::Left));
        assert_eq!(alice.screen.members(club), ["alice"]);
    }

    async fn an_earlier_claim_of_our_name_is_told_and_ends_nothing(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut vandal = Vandal::on(&world).await;
        let mallory = claim("alice", 1);
        vandal.publish("cooee/1/profile/alice", mallory, false).await;
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
        vandal.publish("cooee/1/profile/alice", claim("alice", 4_102_444_800_000), true).await;
        let mut bob = Person::new(&setup, "bob").await;
        bob.until("alice is herself again", |s| {
            s.people.get(&name("alice")).is_some_and(|p| p.display_name.as_str() == "ALICE")
        })
        .await;
    }
}
