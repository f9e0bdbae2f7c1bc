//! Merging needs no order, whatever was signed.

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use super::*;

/// Anything that anybody of four may sign, honest or not.
fn items() -> impl Strategy<Value = Vec<Item>> {
    let count = prop_oneof![0_u32..6, 990_u32..1_010, Just(u32::MAX), Just(u32::MAX - 1)];
    let members = prop::collection::btree_map((0_u8..4).prop_map(member), count.clone(), 0..4);
    let naming = prop::option::of(("[abc]", prop_oneof![1_u64..4, Just(u64::MAX)]));
    let fading = prop::option::of((prop_oneof![1_u64..4, Just(u64::MAX)], any::<bool>()));
    let admins = prop::collection::btree_map((0_u8..4).prop_map(member), 1_u64..3, 0..4);
    let charter = prop::option::of((any::<bool>(), admins));
    let a_document = (0_u8..4, 1_u64..4, members, naming, fading, charter).prop_map(
        |(author, version, m, n, f, c)| {
            let policy = |open| if open { JoinPolicy::Open } else { JoinPolicy::Invite };
            document(Document {
                group: ID,
                author: member(author),
                version,
                members: m,
                naming: n.map(|(text, clock)| Naming { clock, name: name(&text) }),
                fading: f.map(|(clock, on)| Fading { clock, lifetime: on.then_some(Lifetime::LEAST) }),
                // Only the owner's key makes the id.
                charter: c.filter(|_| author == 0).map(|(open, admins)| Charter {
                    nonce: 1,
                    policy: policy(open),
                    created_at: NOW,
                    admins,
                }),
            })
        },
    );
    let a_statement = (0_u8..4, count, 0_i64..2).prop_map(|(who, count, at)| {
        let at = Timestamp::from_millis(at);
        statement(Statement { group: ID, member: member(who), count, at })
    });
    prop::collection::vec(prop_oneof![2 => a_document, 1 => a_statement], 0..12)
}

fn of(items: &[Item]) -> Ledger {
    let mut ledger = Ledger::new(ID);
    for item in items {
        ledger.insert(item.clone()).unwrap();
    }
    ledger
}

fn merged(a: &Ledger, b: &Ledger) -> Ledger {
    let mut a = a.clone();
    a.merge(b).unwrap();
    a
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        // What failed once is tried first.
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/data/group_laws.txt"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn merging_is_commutative_associative_and_idempotent(a in items(), b in items(), c in items()) {
        let (a, b, c) = (of(&a), of(&b), of(&c));
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        prop_assert_eq!(merged(&a, &a), a.clone());
        prop_assert!(!merged(&a, &b).merge(&b).unwrap(), "nothing is news twice");
    }

    #[test]
    fn order_and_repetition_make_no_difference(
        (items, shuffled) in items().prop_flat_map(|items| {
            let twice: Vec<Item> = items.iter().chain(&items).cloned().collect();
            (Just(items), Just(twice).prop_shuffle())
        })
    ) {
        let (one, two) = (of(&items), of(&shuffled));
        prop_assert_eq!(one.view(), two.view());
        prop_assert_eq!(&one, &two);
        let stored: Vec<Item> = one.items().collect();
        prop_assert_eq!(of(&stored), one, "what is stored makes the same ledger");
    }

    #[test]
    fn what_counts_is_all_that_a_newcomer_needs(items in items()) {
        let ledger = of(&items);
        let newcomer = of(&ledger.counted());
        prop_assert_eq!(newcomer.view(), ledger.view());
        prop_assert_eq!(newcomer.counted(), ledger.counted());
    }

    /// However hostile what came before was, the owner puts anybody out and in.
    #[test]
    fn the_owner_always_decides(items in items(), who in 1_u8..4) {
        let mut g = of(&items);
        if g.view().is_some() {
            for _ in 0..2 {
                let change = match g.has(who) {
                    true => Change::Remove(member(who)),
                    false => Change::Admit(member(who)),
                };
                let before = g.has(who);
                match g.propose(&member(0), &[change]) {
                    Ok(next) => {
                        g.insert(document(next)).unwrap();
                        prop_assert_ne!(g.has(who), before);
                    }
                    // Only the owner can put a counter there.
                    Err(Refused::UsedUp(_)) => prop_assert!(
                        g.last(0).members.get(&member(who)).is_some_and(|count| *count > 990)
                    ),
                    Err(other) => prop_assert!(false, "{other}"),
                }
            }
        }
    }
}
