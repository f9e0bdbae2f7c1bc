//! Polls: asked in one conversation, voted on by all who are in it, and the same for all of them at last.

use std::collections::BTreeMap;

use cooee::domain::{
    Alteration, Ballot, Body, ConversationId, GroupChange, GroupId, JoinPolicy, Message, MessageId,
    MessageText, Poll,
};
use cooee::engine::{Command, Ticket};

use super::on_every_broker;
use crate::support::person::{Person, Screen, direct, name, room, text};
use crate::support::puppet::stand;
use crate::support::vandal::{Stranger, letter};
use crate::support::world::World;

fn ballot(numbers: &[u8]) -> Ballot {
    Ballot::new(numbers.iter().copied()).unwrap()
}

fn vote(numbers: &[u8]) -> Alteration {
    Alteration::Vote(ballot(numbers))
}

/// Asks a conversation, and gives the message that does.
async fn ask(
    person: &mut Person,
    to: &ConversationId,
    line: &str,
    many: bool,
) -> Result<MessageId, String> {
    let ticket =
        Ticket(7_000 + u64::try_from(person.screen.answers.len() + person.screen.stored.len()).unwrap());
    let poll = Poll::read(line, many).unwrap();
    let says = poll.text().clone();
    person.ask(Command::Poll { to: to.clone(), poll, ticket }).await;
    let own = |s: &Screen| {
        let own = s.stored.iter().find(|m| m.is_ours() && text(m) == Some(says.as_str()));
        own.map(|message| message.id)
    };
    let answered = |s: &Screen| own(s).is_some() || s.answers.contains_key(&ticket.0);
    person.until("it is answered", answered).await;
    match person.screen.answers.get(&ticket.0) {
        Some(Err(why)) => Err(why.clone()),
        _ => Ok(own(&person.screen).expect("it is stored")),
    }
}

fn find(messages: &[Message], id: MessageId) -> &Message {
    messages.iter().find(|message| message.id == id).expect("it is here")
}

/// Whether this is how everybody voted.
fn voted(messages: &[Message], id: MessageId, votes: &[(&str, &[u8])]) -> bool {
    let votes: BTreeMap<_, _> =
        votes.iter().map(|(user, numbers)| (name(user), ballot(numbers))).collect();
    messages.iter().any(|message| message.id == id && message.marks.votes == votes)
}

on_every_broker! {
    async fn two_vote_change_their_minds_and_the_asker_ends_it(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        let poll = ask(&mut alice, &direct("bob"), "Lunch? | Pizza | 泵 Soup", false).await.unwrap();
        bob.until("it is there", |s| s.heard(&direct("alice")) == ["Lunch?\n1. Pizza\n2. 泵 Soup"]).await;
        assert_eq!(find(&bob.screen.stored, poll).poll, find(&alice.screen.stored, poll).poll);
        bob.alter(poll, vote(&[1])).await.unwrap();
        alice.alter(poll, vote(&[1])).await.unwrap();
        bob.alter(poll, vote(&[2])).await.unwrap();
        for person in [&mut alice, &mut bob] {
            person.until("both", |s| voted(&s.stored, poll, &[("alice", &[1]), ("bob", &[2])])).await;
        }
        alice.alter(poll, vote(&[])).await.unwrap();
        bob.until("one is taken back", |s| voted(&s.stored, poll, &[("bob", &[2])])).await;

        let why = bob.alter(poll, vote(&[3])).await.unwrap_err();
        assert!(why.contains("no answer 3"), "{why}");
        let why = bob.alter(poll, vote(&[1, 2])).await.unwrap_err();
        assert!(why.contains("one answer"), "{why}");
        let why = bob.alter(poll, Alteration::Close).await.unwrap_err();
        assert!(why.contains("only who asked"), "{why}");
        let edit = Alteration::Edit(MessageText::new("Dinner?").unwrap());
        let why = alice.alter(poll, edit).await.unwrap_err();
        assert!(why.contains("stays as it was asked"), "{why}");

        // He is away while it is ended.
        bob.quit().await;
        alice.alter(poll, Alteration::Close).await.unwrap();
        for change in [vote(&[1]), Alteration::Close] {
            let why = alice.alter(poll, change).await.unwrap_err();
            assert!(why.contains("closed"), "{why}");
        }
        let mut bob = Person::sign_in(&setup, "bob").await;
        bob.until_up().await;
        alice.until_outbox_holds(0).await;
        let history = bob.history(&direct("alice")).await;
        assert!(find(&history, poll).marks.closed && voted(&history, poll, &[("bob", &[2])]));
        let why = bob.alter(poll, vote(&[1])).await.unwrap_err();
        assert!(why.contains("closed"), "{why}");

        alice.say(&direct("bob"), "no poll").await;
        bob.until("it is there", |s| s.heard(&direct("alice")).last() == Some(&"no poll")).await;
        let plain = bob.screen.stored.iter().find(|m| text(m) == Some("no poll")).unwrap().id;
        let why = bob.alter(plain, vote(&[1])).await.unwrap_err();
        assert!(why.contains("no poll"), "{why}");
        // Taken back, nothing of it is left.
        alice.alter(poll, Alteration::Delete).await.unwrap();
        alice.until_outbox_holds(0).await;
        let history = bob.history(&direct("alice")).await;
        assert_eq!((&find(&history, poll).body, &find(&history, poll).poll), (&Body::Deleted, &None));
    }

    async fn three_in_a_group_see_the_same_whoever_was_away(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let mut carol = Person::new(&setup, "carol").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        for member in [&mut bob, &mut carol] {
            member.until("the team is listed", |s| s.groups.contains_key(&team)).await;
            member.join(team).await.unwrap();
        }
        for person in [&mut alice, &mut bob, &mut carol] {
            person.until("all are in", |s| s.members(team).len() == 3).await;
        }
        let in_team = ConversationId::Group(team);
        carol.quit().await;
        let poll = ask(&mut alice, &in_team, "When? | Mon | Tue | Wed", true).await.unwrap();
        bob.until("it is there", |s| s.stored.iter().any(|m| m.id == poll)).await;
        bob.alter(poll, vote(&[1])).await.unwrap();
        bob.alter(poll, vote(&[1, 3])).await.unwrap();
        alice.alter(poll, vote(&[3])).await.unwrap();
        // She hears of all of it at once.
        let mut carol = Person::sign_in(&setup, "carol").await;
        carol.until_up().await;
        for person in [&mut alice, &mut bob] {
            person.until_outbox_holds(0).await;
        }
        let seen = carol.history(&in_team).await;
        assert!(voted(&seen, poll, &[("alice", &[3]), ("bob", &[1, 3])]), "{:?}", find(&seen, poll));
        carol.alter(poll, vote(&[2])).await.unwrap();
        let all: [(&str, &[u8]); 3] = [("alice", &[3]), ("bob", &[1, 3]), ("carol", &[2])];
        for person in [&mut alice, &mut bob] {
            person.until("all voted", |s| voted(&s.stored, poll, &all)).await;
        }
        // Who leaves has voted all the same, and votes no more.
        carol.leave(team).await.unwrap();
        alice.until("she left", |s| s.members(team).len() == 2).await;
        assert!(carol.alter(poll, vote(&[1])).await.is_err());
        alice.alter(poll, Alteration::Close).await.unwrap();
        bob.until("it is closed", |s| find(&s.stored, poll).marks.closed).await;
        assert!(voted(&bob.screen.stored, poll, &all));
    }

    async fn what_strangers_say_of_a_poll_counts_for_nothing(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        let poll = ask(&mut alice, &direct("bob"), "Lunch? | Pizza | Soup", false).await.unwrap();
        bob.until("it is there", |s| s.stored.iter().any(|m| m.id == poll)).await;
        let mut eve = Stranger::sign_up(&world, "eve").await;
        eve.until_knows("alice").await;
        // She knows its id, which is in no conversation of hers.
        let of = format!(r#""of":"{poll}""#);
        for (number, body) in [
            format!(r#""ty":"vote","b":{{{of},"for":[1]}}"#),
            format!(r#""ty":"close","b":{{{of}}}"#),
            format!(r#""ty":"vote","b":{{{of},"for":[13]}}"#),
            format!(r#""ty":"vote","b":{{{of},"for":["{}"]}}"#, "x".repeat(9_000)),
            format!(r#""ty":"vote","g":"{}","b":{{{of},"for":[1]}}"#, GroupId::from_bits(1)),
            r#""ty":"text","b":{"text":"?","poll":{"q":"?","a":["one"]}}"#.to_owned(),
            r#""ty":"text","b":{"text":"?","poll":{"q":"\u001b","a":["one","two"]}}"#.to_owned(),
        ]
        .iter()
        .enumerate()
        {
            eve.say("alice", &letter(u8::try_from(number).unwrap(), body)).await;
        }
        // What she asks herself is what is voted on, whatever her text says; and it comes last.
        let asks = r#""ty":"text","b":{"text":"Free beer?","poll":{"q":"Pay\u001b[2J?","a":["Yes","No"]}}"#;
        eve.say("alice", &letter(0x40, asks)).await;
        alice.until_heard(&direct("eve"), &["Pay[2J?\n1. Yes\n2. No".into()]).await;
        let stands = find(&alice.screen.stored, poll);
        assert!(stands.marks.votes.is_empty() && !stands.marks.closed);
        let theirs = alice.screen.stored.iter().find(|m| m.sender == name("eve")).unwrap().id;
        // A flood of votes is one vote.
        for n in 0..200_u64 {
            let body = format!(r#""ty":"vote","b":{{"of":"{theirs}","for":[{}]}}"#, n % 2 + 1);
            let ts = 1_732_281_660_200 + n;
            let say = letter(0x41, "BODY")
                .replace("1732281660123", &ts.to_string())
                .replace("5b6c7d8e", &format!("{n:08x}"))
                .replace("BODY", &body);
            eve.say("alice", &say).await;
        }
        alice.until("the last of them", |s| voted(&s.stored, theirs, &[("eve", &[2])])).await;
        alice.alter(theirs, vote(&[1])).await.unwrap();
        alice.until("both", |s| voted(&s.stored, theirs, &[("alice", &[1]), ("eve", &[2])])).await;
    }

    async fn only_who_is_in_the_group_has_a_vote(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let club = alice.create("club", JoinPolicy::Invite).await;
        let here = ConversationId::Group(club);
        let poll = ask(&mut alice, &here, "Lunch? | Pizza | Soup", false).await.unwrap();
        let says = |of: MessageId, number: u8| {
            format!(r#""g":"{club}","ty":"vote",{},"b":{{"of":"{of}","for":[{number}]}}"#, stand(1))
        };
        let mut bob = Stranger::sign_up(&world, "bob").await;
        bob.until_knows("alice").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        alice.invite(club, "bob").await.unwrap();
        bob.share_key(club, "alice", 10).await;
        bob.say_in(club, &letter(1, &bob.puppet.comes_or_goes(club, 1))).await;
        bob.say_in(club, &letter(2, &says(poll, 2))).await;
        alice.until("he voted", |s| voted(&s.stored, poll, &[("bob", &[2])])).await;
        // His vote may come before what it is about.
        let own: MessageId = "01935372-9d2b-7c3e-8f4a-5b6c7d8e9f04".parse().unwrap();
        bob.say_in(club, &letter(3, &says(own, 1))).await;
        let asks = r#""b":{"text":"x","poll":{"q":"Tea?","a":["Yes","No"]}}"#;
        bob.say_in(club, &letter(4, &format!(r#""g":"{club}","ty":"text",{},{asks}"#, stand(1)))).await;
        alice.until("it waited for it", |s| voted(&s.stored, own, &[("bob", &[1])])).await;

        alice.change(club, GroupChange::Remove(name("bob"))).await.unwrap();
        bob.say_in(club, &letter(5, &says(poll, 1))).await;
        let mut eve = Stranger::sign_up(&world, "eve").await;
        eve.until_knows("alice").await;
        eve.share_key(club, "alice", 11).await;
        eve.say_in(club, &letter(6, &says(poll, 1))).await;
        for stranger in [&mut bob, &mut eve] {
            let user = stranger.puppet.me.user.clone();
            stranger.say("alice", &letter(8, r#""ty":"text","b":{"text":"end"}"#)).await;
            alice.until_heard(&direct(user.as_str()), &["end".into()]).await;
        }
        assert!(voted(&alice.screen.stored, poll, &[("bob", &[2])]), "as long as he was in");
    }

    async fn whoever_is_blocked_has_no_vote(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut eve = Stranger::sign_up(&world, "eve").await;
        eve.until_knows("alice").await;
        alice.until("eve is known", |s| s.people.contains_key(&name("eve"))).await;
        let poll = ask(&mut alice, &direct("eve"), "Lunch? | Pizza | Soup", false).await.unwrap();
        let says = |number: u8| format!(r#""ty":"vote","b":{{"of":"{poll}","for":[{number}]}}"#);
        eve.say("alice", &letter(1, &says(1))).await;
        alice.until("she voted", |s| voted(&s.stored, poll, &[("eve", &[1])])).await;
        for (blocked, number) in [(true, 1), (false, 2)] {
            alice.ask(Command::Block { user: name("eve"), blocked, ticket: Ticket(number) }).await;
            alice.until("it is agreed to", |s| s.agreed.contains(&number)).await;
            if blocked {
                eve.say("alice", &letter(2, &says(2))).await;
                // What comes to the same inbox after it is there.
                let mut fay = Stranger::sign_up(&world, "fay").await;
                fay.until_knows("alice").await;
                fay.say("alice", &letter(3, r#""ty":"text","b":{"text":"end"}"#)).await;
                alice.until_heard(&direct("fay"), &["end".into()]).await;
            }
        }
        eve.say("alice", &letter(4, r#""ty":"text","b":{"text":"and now?"}"#)).await;
        alice.until_heard(&direct("eve"), &["and now?".into()]).await;
        assert!(voted(&alice.screen.stored, poll, &[("eve", &[1])]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_poll_is_held_in_an_open_room() {
    let world = World::built_in();
    let mut alice = Person::new(&world.setup(), "alice").await;
    alice.until_up().await;
    let why = ask(&mut alice, &room("lobby"), "Lunch? | Pizza | Soup", false).await.unwrap_err();
    assert!(why.contains("no polls"), "{why}");
}
