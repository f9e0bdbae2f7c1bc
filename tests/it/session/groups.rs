//! Groups: found, joined, talked in, left.

use std::collections::BTreeSet;

use cooee::domain::{
    Body, ConversationId, Delivery, GroupChange, GroupId, GroupName, JoinPolicy, Role, Standing,
};
use cooee::engine::Session;

use super::on_every_broker;
use crate::support::person::{Person, direct, name, sign_up, text};
use crate::support::puppet::stand;
use crate::support::until_file;
use crate::support::vandal::{Stranger, letter};
use crate::support::world::World;

/// Somebody is asked in and comes.
async fn bring_in(group: GroupId, by: &mut Person, newcomer: &mut Person) {
    let user = newcomer.screen.me.clone().unwrap();
    by.invite(group, user.as_str()).await.unwrap();
    newcomer.until("the invitation is there", |s| s.groups.contains_key(&group)).await;
    newcomer.join(group).await.unwrap();
}

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
        assert_eq!(alice.screen.invited(club), ["bob"]);
        bob.join(club).await.unwrap();
        alice.until("bob is in", |s| s.members(club) == ["alice", "bob"]).await;
        assert!(bob.invite(club, "carol").await.unwrap_err().contains("owner"));
        alice.invite(club, "carol").await.unwrap();
        carol.until("the invitation is there", |s| s.groups.contains_key(&club)).await;
        assert_eq!(carol.screen.members(club), ["alice", "bob"]);
        carol.leave(club).await.unwrap();
        assert!(!carol.screen.groups.contains_key(&club), "declined and forgotten");
        alice.until("she said no", |s| s.invited(club).is_empty()).await;
        alice.invite(club, "carol").await.expect("she may be asked again");
        carol.until("the invitation is there", |s| s.groups.contains_key(&club)).await;
        alice.invite(club, "carol").await.expect("and reminded");
        alice.change(club, GroupChange::Remove(name("carol"))).await.unwrap();
        carol.until("it is taken back", |s| !s.groups.contains_key(&club)).await;
        bob.say(&here, "carol said no").await;
        alice.until_heard(&here, &["carol said no".into()]).await;
        bob.leave(club).await.unwrap();
        assert!(bob.join(club).await.unwrap_err().contains("by invitation"));
    }

    async fn the_owner_and_the_admins_decide(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let mut carol = Person::new(&setup, "carol").await;
        alice.until("all are known", |s| s.people.len() == 2).await;
        bob.until("all are known", |s| s.people.len() == 2).await;
        let club = alice.create("club", JoinPolicy::Invite).await;
        let here = ConversationId::Group(club);
        bring_in(club, &mut alice, &mut bob).await;
        alice.until("bob is in", |s| s.members(club) == ["alice", "bob"]).await;
        let promote = GroupChange::Promote(name("bob"));
        assert!(bob.change(club, promote.clone()).await.is_err());
        alice.change(club, promote.clone()).await.unwrap();
        bob.until("he is an admin", |s| s.role(club, "bob") == Some(Role::Admin)).await;
        bob.until("it is told", |s| s.told(&promote)).await;

        bob.invite(club, "carol").await.unwrap();
        carol.until("the invitation is there", |s| s.groups.contains_key(&club)).await;
        assert_eq!(carol.screen.groups[&club].standing, Standing::Invited(name("bob")));
        carol.join(club).await.unwrap();
        for person in [&mut alice, &mut bob] {
            person.until("carol is in", |s| s.members(club) == ["alice", "bob", "carol"]).await;
        }
        let rename = GroupChange::Rename(GroupName::new("crew").unwrap());
        assert!(carol.change(club, rename.clone()).await.is_err());
        bob.change(club, rename.clone()).await.unwrap();
        for person in [&mut alice, &mut carol] {
            person.until("it has a new name", |s| s.groups[&club].group.name.as_str() == "crew").await;
            person.until("it is told", |s| s.told(&rename)).await;
        }
        let csv = setup.data_dir.join("Group_crew.csv");
        until_file(&csv, |csv| csv.contains("alice,,owner,") && csv.contains("bob,,admin,")).await;
        // Whoever has not heard of it yet may write the old one once more.
        until_file(&setup.data_dir.join("Group_club.csv"), str::is_empty).await;

        assert!(bob.change(club, GroupChange::Remove(name("alice"))).await.is_err());
        let demote = GroupChange::Demote(name("bob"));
        alice.change(club, demote.clone()).await.unwrap();
        bob.until("he is a member again", |s| s.role(club, "bob") == Some(Role::Member)).await;
        bob.until("it is told", |s| s.told(&demote)).await;
        assert!(bob.change(club, GroupChange::Remove(name("carol"))).await.is_err());
        carol.say(&here, "whom he let in stays").await;
        alice.until_heard(&here, &["whom he let in stays".into()]).await;
    }

    async fn who_is_put_out_reads_nothing_more_and_is_not_heard(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let mut carol = Person::new(&setup, "carol").await;
        alice.until("all are known", |s| s.people.len() == 2).await;
        let club = alice.create("club", JoinPolicy::Invite).await;
        let here = ConversationId::Group(club);
        for person in [&mut bob, &mut carol] {
            bring_in(club, &mut alice, person).await;
        }
        for person in [&mut alice, &mut bob, &mut carol] {
            person.until("all are in", |s| s.members(club) == ["alice", "bob", "carol"]).await;
        }
        // He is away when it happens, and has something to say.
        bob.quit().await;
        let remove = GroupChange::Remove(name("bob"));
        alice.change(club, remove.clone()).await.unwrap();
        carol.until("he is out", |s| s.members(club) == ["alice", "carol"]).await;
        carol.until("it is told", |s| s.told(&remove)).await;
        alice.say(&here, "he is out").await;
        carol.until_heard(&here, &["he is out".into()]).await;

        let mut bob = Person::with(Session::start(&setup, &name("bob")).await.unwrap());
        bob.until("it is ready", |s| s.ready).await;
        assert_eq!(bob.screen.groups[&club].standing, Standing::Member, "he has not heard it yet");
        bob.say(&here, "am I still in?").await;
        bob.until("he is told", |s| s.groups[&club].standing == Standing::Left).await;
        // He may have been told before anybody looked.
        let told = bob.history(&here).await;
        assert!(told.iter().any(|m| m.body == Body::Changed(remove.clone())), "{told:?}");
        assert!(bob.join(club).await.unwrap_err().contains("by invitation"));
        bob.until("nothing of his is under way", |s| {
            let mut ours = s.stored.iter().filter(|m| m.is_ours() && m.conversation == here);
            ours.all(|m| s.sent.get(&m.id) == Some(&Delivery::Failed))
        }).await;
        // A direct word marks the end of what may still come.
        alice.say(&direct("bob"), "end").await;
        bob.until_heard(&direct("alice"), &["end".into()]).await;
        bob.say(&direct("alice"), "end").await;
        alice.until_heard(&direct("bob"), &["end".into()]).await;
        assert_eq!(bob.screen.heard(&here), [] as [&str; 0]);
        assert_eq!(alice.screen.heard(&here), [] as [&str; 0]);

        alice.invite(club, "bob").await.unwrap();
        bob.until("he is asked again", |s| matches!(s.groups[&club].standing, Standing::Invited(_))).await;
        bob.join(club).await.unwrap();
        alice.until("he is in again", |s| s.members(club) == ["alice", "bob", "carol"]).await;
        bob.say(&here, "back").await;
        alice.until_heard(&here, &["back".into()]).await;
    }

    async fn what_two_admins_do_at_once_comes_to_one_view(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut people = Vec::new();
        for user in ["bob", "carol", "dave", "erin"] {
            people.push(Person::new(&setup, user).await);
        }
        alice.until("all are known", |s| s.people.len() == 4).await;
        let club = alice.create("club", JoinPolicy::Invite).await;
        let here = ConversationId::Group(club);
        for person in &mut people[..3] {
            bring_in(club, &mut alice, person).await;
            let user = person.screen.me.clone().unwrap().to_string();
            alice.until("they are in", |s| s.members(club).contains(&user)).await;
        }
        alice.change(club, GroupChange::Promote(name("bob"))).await.unwrap();
        alice.change(club, GroupChange::Promote(name("carol"))).await.unwrap();
        for person in &mut people[..2] {
            person.until("both are admins", |s| {
                ["bob", "carol"].iter().all(|user| s.role(club, user) == Some(Role::Admin))
            }).await;
            person.until("all are known", |s| s.people.len() == 4).await;
            person.until("all are in", |s| s.members(club).len() == 4).await;
        }
        let mut erin = people.pop().unwrap();
        let mut dave = people.pop().unwrap();
        let [bob, carol] = &mut people[..] else { panic!("two are left") };
        let rename = |to: &str| GroupChange::Rename(GroupName::new(to).unwrap());
        // Each is about what the other does not know of yet.
        let (one, other) = tokio::join!(
            async {
                bob.change(club, rename("of-bob")).await.and(bob.invite(club, "erin").await)
            },
            async {
                let removed = carol.change(club, GroupChange::Remove(name("dave"))).await;
                removed.and(carol.change(club, rename("of-carol")).await)
            },
        );
        one.and(other).unwrap();
        erin.until("the invitation is there", |s| s.groups.contains_key(&club)).await;
        erin.join(club).await.unwrap();
        dave.until("he is told", |s| s.groups[&club].standing == Standing::Left).await;
        let both = [rename("of-bob"), rename("of-carol")];
        let mut names = BTreeSet::new();
        for person in [&mut alice, bob, carol] {
            person.until("both names were given", |s| both.iter().all(|change| s.told(change))).await;
            person
                .until("all see the same", |s| s.members(club) == ["alice", "bob", "carol", "erin"])
                .await;
            names.insert(person.screen.groups[&club].group.name.clone());
        }
        assert_eq!(names.len(), 1, "{names:?}");
        // Whoever came while it happened finds out by what the others say, and asks.
        alice.say(&here, "what is it called?").await;
        erin.until("she sees the same", |s| {
            let is_same = s.members(club) == ["alice", "bob", "carol", "erin"];
            is_same && names.contains(&s.groups[&club].group.name)
        })
        .await;
    }

    async fn a_group_that_is_closed_is_out_of_sight(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let mut carol = Person::new(&setup, "carol").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        let here = ConversationId::Group(team);
        for person in [&mut bob, &mut carol] {
            person.until("the group is listed", |s| s.groups.contains_key(&team)).await;
        }
        bob.join(team).await.unwrap();
        alice.until("bob is in", |s| s.members(team) == ["alice", "bob"]).await;
        let close = GroupChange::Policy(JoinPolicy::Invite);
        assert!(bob.change(team, close.clone()).await.unwrap_err().contains("only the owner"));
        alice.change(team, close.clone()).await.unwrap();
        carol.until("it is gone", |s| !s.groups.contains_key(&team)).await;
        bob.until("it is told", |s| s.told(&close)).await;
        assert_eq!(bob.screen.members(team), ["alice", "bob"], "who was in stays");
        alice.change(team, GroupChange::Policy(JoinPolicy::Open)).await.unwrap();
        carol.until("it is listed again", |s| s.groups.contains_key(&team)).await;
        carol.join(team).await.unwrap();
        carol.say(&here, "hello").await;
        bob.until_heard(&here, &["hello".into()]).await;
    }

    async fn who_comes_into_what_was_closed_meanwhile_is_told(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        let here = ConversationId::Group(team);
        bob.until("the group is listed", |s| s.groups.contains_key(&team)).await;
        bob.join(team).await.unwrap();
        alice.until("bob is in", |s| s.members(team) == ["alice", "bob"]).await;
        bob.leave(team).await.unwrap();
        alice.until("he is out", |s| s.members(team) == ["alice"]).await;
        alice.change(team, GroupChange::Policy(JoinPolicy::Invite)).await.unwrap();
        // Whoever is out is not told, and may think that it is open.
        bob.join(team).await.unwrap();
        bob.say(&here, "am I in?").await;
        bob.until("he is told", |s| s.groups[&team].standing == Standing::Left).await;
        bob.until("what he said has failed", |s| {
            let mut texts = s.stored.iter().filter(|m| m.is_ours() && text(m).is_some());
            texts.all(|m| s.sent.get(&m.id) == Some(&Delivery::Failed))
        })
        .await;
        alice.invite(team, "bob").await.unwrap();
        // He said that he comes: with that he is in.
        bob.until("he is let in", |s| s.groups[&team].standing == Standing::Member).await;
        alice.until("he is in", |s| s.members(team) == ["alice", "bob"]).await;
        bob.say(&here, "now I am").await;
        alice.until_heard(&here, &["now I am".into()]).await;

        // The owner needs nobody to come back.
        alice.leave(team).await.unwrap();
        bob.until("she is out", |s| s.members(team) == ["bob"]).await;
        alice.join(team).await.unwrap();
        bob.until("she is in again", |s| s.members(team) == ["alice", "bob"]).await;
    }

    async fn what_is_said_before_it_is_known_who_let_them_in_is_kept(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        let here = ConversationId::Group(team);
        alice.say(&here, "hello").await;
        alice.until_sent(1).await;
        let mut bob = Stranger::sign_up(&world, "bob").await;
        bob.until_knows("alice").await;
        bob.share_key(team, "alice", 1).await;
        let body = format!(r#""g":"{team}","ty":"text",{},"b":{{"text":"early"}}"#, stand(1));
        bob.say_in(team, &letter(2, &body)).await;
        let body = r#""ty":"text","b":{"text":"not yet"}"#;
        bob.say("alice", &letter(3, body)).await;
        alice.until_heard(&direct("bob"), &["not yet".into()]).await;
        assert_eq!(alice.screen.heard(&here), [] as [&str; 0]);
        bob.say_in(team, &letter(4, &bob.puppet.comes_or_goes(team, 1))).await;
        alice.until_heard(&here, &["early".into()]).await;
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
