//! Laws, whatever the order in which things come, and whatever comes twice or never.

use std::collections::{BTreeMap, VecDeque};

use cooee::crypto::{Closed, Inbound, Outbound, Peer, Unopened};
use cooee::protocol::Ciphertext;
use proptest::prelude::*;
use proptest::sample::Index;

use super::support::{
    Key, Party, acquainted, at, inside, key_in, letter, look_alikes, pair, read_inside, with_key,
};

/// Which of the letters of a run come, in what order: each any number of times.
fn journey(letters: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(any::<Index>(), 0..letters * 3)
        .prop_map(move |picks| picks.into_iter().map(|pick| pick.index(letters)).collect())
}

/// A run of letters of Alice's, in a session that Bob has or has not met.
fn letters(alice: &mut Party, bob: &Party, count: usize) -> Vec<Ciphertext> {
    (0..count)
        .map(|n| {
            let text = inside(alice, bob, &letter(n as u128, &format!("letter {n}")));
            alice.seal(&text)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any permutation, duplication and loss.
    #[test]
    fn each_letter_between_two_is_delivered_at_most_once_and_never_as_another(
        met in any::<bool>(),
        journey in journey(30),
        stored_each_time in any::<bool>(),
    ) {
        let (mut alice, mut bob) = if met { acquainted() } else { pair() };
        if !met {
            alice.begin(&bob);
        }
        let sealed = letters(&mut alice, &bob, 30);
        let keys = alice.device.keys();
        let mut delivered: BTreeMap<u128, usize> = BTreeMap::new();
        for n in journey {
            match bob.open(&keys, &sealed[n]) {
                Ok((text, _)) => {
                    let inside = read_inside(&text);
                    prop_assert_eq!(inside.letter, letter(n as u128, &format!("letter {n}")));
                    *delivered.entry(n as u128).or_default() += 1;
                }
                Err(why) => {
                    prop_assert_eq!(why, Closed::Used);
                    prop_assert!(delivered.contains_key(&(n as u128)), "30 are never too far apart");
                }
            }
            if stored_each_time {
                bob.peer = Peer::read(&bob.peer.write()).unwrap();
            }
        }
        prop_assert!(delivered.values().all(|times| *times == 1));
    }

    /// The same where the broker alters what begins the session. What counts is the id inside.
    #[test]
    fn altered_first_messages_deliver_each_letter_at_most_once(
        journey in prop::collection::vec((0usize..6, 0usize..16), 0..40),
    ) {
        let (mut alice, mut bob) = pair();
        alice.begin(&bob);
        let sealed = letters(&mut alice, &bob, 6);
        let keys = alice.device.keys();
        let mut delivered = Vec::new();
        for (n, variant) in journey {
            let altered = match variant {
                15 => sealed[n].clone(),
                other => with_key(&sealed[n], Key::Base, &look_alikes(&key_in(&sealed[n], Key::Base))[other]),
            };
            let Ok((text, begun)) = bob.open(&keys, &altered) else { continue };
            let inside = read_inside(&text);
            prop_assert_eq!(&inside.letter, &letter(n as u128, &format!("letter {n}")));
            if !delivered.contains(&n) {
                delivered.push(n);
            } else if let Some(session) = begun {
                bob.peer.throw_away(&session);
            }
        }
        if !delivered.is_empty() {
            let answer = bob.seal(b"answer");
            prop_assert_eq!(alice.read(&bob.device.keys(), &answer), b"answer");
        }
    }

    /// Both write first at the same moment, and go on as they like: everything arrives.
    #[test]
    fn crossed_sessions_carry_everything_in_any_interleaving(
        steps in prop::collection::vec(0u8..4, 0..60),
        restarts in any::<bool>(),
    ) {
        let (mut alice, mut bob) = pair();
        alice.begin(&bob);
        bob.begin(&alice);
        let (mut to_bob, mut to_alice) = (VecDeque::new(), VecDeque::new());
        let (alices, bobs) = (alice.device.keys(), bob.device.keys());
        let mut sent = 0u32;
        // All that is under way arrives at the end.
        let rest = [2u8, 3].repeat(steps.len() + 1);
        for step in [0, 1].into_iter().chain(steps).chain(rest) {
            sent += 1;
            match step {
                0 => to_bob.push_back((sent, alice.seal(&sent.to_be_bytes()))),
                1 => to_alice.push_back((sent, bob.seal(&sent.to_be_bytes()))),
                2 => {
                    if let Some((n, sealed)) = to_bob.pop_front() {
                        prop_assert_eq!(bob.read(&alices, &sealed), n.to_be_bytes());
                    }
                }
                _ => {
                    if let Some((n, sealed)) = to_alice.pop_front() {
                        prop_assert_eq!(alice.read(&bobs, &sealed), n.to_be_bytes());
                    }
                }
            }
            if restarts {
                alice.peer = Peer::read(&alice.peer.write()).unwrap();
                bob.peer = Peer::read(&bob.peer.write()).unwrap();
            }
        }
        prop_assert!(to_bob.is_empty() && to_alice.is_empty());
    }

    /// In a group everything opens as often as it comes, always as what it is, and always under one number.
    #[test]
    fn what_is_said_in_a_group_is_never_taken_for_something_else(
        journey in journey(30),
        shared_at in 0usize..30,
        stored_each_time in any::<bool>(),
    ) {
        let mut outbound = Outbound::generate(at(5));
        let mut inbound = Inbound::default();
        let mut said = Vec::new();
        for n in 0..30 {
            if n == shared_at {
                inbound.accept(&outbound.share([].into()), at(6)).unwrap();
            }
            said.push(outbound.seal(format!("letter {n}").as_bytes()));
        }
        for n in journey {
            let (session, bytes) = &said[n];
            match inbound.open(session, bytes, at(7)) {
                Ok(opened) => {
                    prop_assert_eq!(opened.plaintext, format!("letter {n}").into_bytes());
                    prop_assert_eq!(opened.index as usize, n);
                    prop_assert!(n >= shared_at);
                }
                Err(why) => {
                    prop_assert_eq!(why, Unopened::Before);
                    prop_assert!(n < shared_at);
                }
            }
            if stored_each_time {
                inbound = Inbound::read(&inbound.write()).unwrap();
            }
        }
    }
}
