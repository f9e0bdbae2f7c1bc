//! Groups: found, joined, talked in, left.

use cooee::domain::{Body, ConversationId, JoinPolicy, Standing};

use super::on_every_broker;
use crate::support::person::{Person, name, sign_up};
use crate::support::until_file;
use crate::support::world::World;

on_every_broker! {
    async fn an_open_group_is_found_joined_and_left(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        let here = ConversationId::Group(team);
        bob.until("the group is listed", |s| s.groups.contains_key(&team)).await;
        assert_eq!(bob.screen.groups[&team].standing, Standing::Listed);
        assert_eq!(bob.screen.members(team), ["alice"], "members are seen before joining");
        bob.join(team).await.unwrap();
        assert!(bob.join(team).await.unwrap_err().contains("already"));
        alice.until("bob is in", |s| s.members(team) == ["alice", "bob"]).await;
        alice.until("his coming is told", |s| s.stored.iter().any(|m| m.body == Body::Joined)).await;
        alice.say(&here, "welcome").await;
        bob.until_heard(&here, &["welcome".into()]).await;
        bob.say(&here, "thanks").await;
        alice.until_heard(&here, &["thanks".into()]).await;
        let csv = setup.data_dir.join("Group_team.csv");
        until_file(&csv, |csv| csv.contains("alice,,owner,") && csv.contains("bob,,member,")).await;
        bob.leave(team).await.unwrap();
        alice.until("he is out", |s| s.members(team) == ["alice"]).await;
        alice.until("his leaving is told", |s| s.stored.iter().any(|m| m.body == Body::Left)).await;
        alice.say(&here, "he is gone").await;
        alice.until_sent(2).await;
        // A direct word marks the end of what may still come.
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        alice.say(&crate::support::person::direct("bob"), "end").await;
        bob.until_heard(&crate::support::person::direct("alice"), &["end".into()]).await;
        assert_eq!(bob.screen.heard(&here), ["welcome"]);
        bob.join(team).await.unwrap();
        alice.until("he is in again", |s| s.members(team) == ["alice", "bob"]).await;
    }

    async fn the_last_words_before_leaving_arrive(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let mut carol = Person::new(&setup, "carol").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        let here = ConversationId::Group(team);
        for person in [&mut bob, &mut carol] {
            person.until("the group is listed", |s| s.groups.contains_key(&team)).await;
            person.join(team).await.unwrap();
        }
        alice.until("all are in", |s| s.members(team).len() == 3).await;
        carol.quit().await;
        let texts: Vec<String> = (1..=100).map(|n| format!("message {n}")).collect();
        for words in &texts {
            bob.say(&here, words).await;
        }
        bob.leave(team).await.unwrap();
        alice.until_heard(&here, &texts).await;
        alice.until("his leaving is told", |s| s.stored.iter().any(|m| m.body == Body::Left)).await;
        let mut carol = Person::sign_in(&setup, "carol").await;
        carol.until_heard(&here, &texts).await;
    }

    async fn a_group_by_invitation_is_seen_by_the_invited_alone(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let mut carol = Person::new(&setup, "carol").await;
        alice.until("all are known", |s| s.people.len() == 2).await;
        let club = alice.create("club", JoinPolicy::Invite).await;
        let here = ConversationId::Group(club);
        assert!(alice.invite(club, "nobody").await.unwrap_err().contains("signed up"));
        alice.invite(club, "bob").await.unwrap();
        bob.until("the invitation is there", |s| s.groups.contains_key(&club)).await;
        assert_eq!(bob.screen.groups[&club].standing, Standing::Invited(name("alice")));
        bob.join(club).await.unwrap();
        alice.until("bob is in", |s| s.members(club) == ["alice", "bob"]).await;
        bob.invite(club, "carol").await.unwrap();
        carol.until("the invitation is there", |s| s.groups.contains_key(&club)).await;
        assert_eq!(carol.screen.members(club), ["alice", "bob"]);
        carol.leave(club).await.unwrap();
        assert!(!carol.screen.groups.contains_key(&club), "declined and forgotten");
        bob.say(&here, "carol said no").await;
        alice.until_heard(&here, &["carol said no".into()]).await;
        bob.leave(club).await.unwrap();
        assert!(bob.join(club).await.unwrap_err().contains("by invitation"));
    }

    async fn two_who_join_at_once_know_of_each_other(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let mut carol = Person::new(&setup, "carol").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        for person in [&mut bob, &mut carol] {
            person.until("the group is listed", |s| s.groups.contains_key(&team)).await;
        }
        let (one, other) = tokio::join!(bob.join(team), carol.join(team));
        one.and(other).unwrap();
        for person in [&mut alice, &mut bob, &mut carol] {
            person.until("all are in", |s| s.members(team) == ["alice", "bob", "carol"]).await;
        }
        let mut dave = Person::new(&setup, "dave").await;
        dave.until("the card says so too", |s| s.members(team) == ["alice", "bob", "carol"]).await;
    }

    async fn a_member_who_is_away_gets_all_in_order_and_once(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let mut carol = Person::new(&setup, "carol").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        let here = ConversationId::Group(team);
        for person in [&mut bob, &mut carol] {
            person.until("the group is listed", |s| s.groups.contains_key(&team)).await;
            person.join(team).await.unwrap();
        }
        alice.until("all are in", |s| s.members(team).len() == 3).await;
        carol.quit().await;
        let texts: Vec<String> = (1..=1_000).map(|n| format!("message {n}")).collect();
        for words in &texts {
            alice.say(&here, words).await;
        }
        alice.until_sent(texts.len()).await;
        bob.until_heard(&here, &texts).await;
        let mut carol = Person::sign_in(&setup, "carol").await;
        carol.until_heard(&here, &texts).await;
    }

    async fn the_last_to_leave_takes_the_card_along(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        bob.until("the group is listed", |s| s.groups.contains_key(&team)).await;
        alice.leave(team).await.unwrap();
        bob.until("the group is gone", |s| !s.groups.contains_key(&team)).await;
        sign_up(&setup, "carol").await;
        let mut carol = Person::sign_in(&setup, "carol").await;
        let club = carol.create("club", JoinPolicy::Open).await;
        bob.until("another is listed", |s| s.groups.contains_key(&club)).await;
        assert!(!bob.screen.groups.contains_key(&team));
    }
}
