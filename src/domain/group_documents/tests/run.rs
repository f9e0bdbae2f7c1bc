//! Random runs: people act on what they know, and what they send is lost, repeated and reordered.

use std::collections::BTreeSet;

use super::*;

const PEOPLE: u8 = 6;

struct Run {
    random: fastrand::Rng,
    ledgers: Vec<Ledger>,
    /// To whom, what.
    under_way: Vec<(usize, Item)>,
    hostile: bool,
}

impl Run {
    fn new(seed: u64, hostile: bool) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let policy = if random.bool() { JoinPolicy::Open } else { JoinPolicy::Invite };
        let mut first = ledger(policy);
        if hostile {
            first.act(0, Change::Admit(member(PEOPLE - 1)));
            first.act(0, Change::Appoint(member(PEOPLE - 1)));
        }
        let mut ledgers = vec![Ledger::new(ID); usize::from(PEOPLE)];
        for ledger in ledgers.iter_mut().skip(1).step_by(2) {
            ledger.merge(&first).unwrap();
        }
        ledgers[0] = first;
        Self { random, ledgers, under_way: Vec::new(), hostile }
    }

    fn anybody(&mut self) -> Member {
        member(self.random.u8(0..PEOPLE))
    }

    fn change(&mut self) -> Change {
        let who = self.anybody();
        match self.random.u8(0..12) {
            0..5 => Change::Admit(who),
            5 => Change::Remove(who),
            6..9 => Change::Appoint(who),
            9 => {
                let keep: BTreeSet<Member> = (0..3).map(|_| self.anybody()).collect();
                Change::Dismiss { admin: who, keep }
            }
            10 => Change::Policy(if self.random.bool() { JoinPolicy::Open } else { JoinPolicy::Invite }),
            _ if self.random.bool() => Change::Fade(self.random.bool().then_some(Lifetime::LEAST)),
            _ => Change::Rename(name(&self.random.alphabetic().to_string())),
        }
    }

    /// Somebody acts on what they know. The last one lies, if anybody does.
    fn act(&mut self) {
        // The owner often, and last the liar: they do most.
        let who = *self.random.choice(&[0, 0, 0, 0, 1, 2, 3, 4, 5, 5]).unwrap();
        let me = member(who);
        let change = self.change();
        let ledger = &self.ledgers[usize::from(who)];
        let items: Vec<Item> = if self.hostile && who == PEOPLE - 1 {
            self.lies(&me)
        } else if self.random.u8(0..3) == 0 {
            let enter = self.random.bool();
            ledger.state(&me, enter, NOW).into_iter().map(statement).collect()
        } else {
            ledger.propose(&me, &[change]).into_iter().map(document).collect()
        };
        for item in items {
            self.ledgers[usize::from(who)].insert(item.clone()).unwrap();
            for to in 0..usize::from(PEOPLE) {
                // A third is lost, a third comes twice.
                for _ in 0..self.random.u8(0..3) {
                    self.under_way.push((to, item.clone()));
                }
            }
        }
    }

    fn lies(&mut self, me: &Member) -> Vec<Item> {
        let version = self.random.u64(1..6);
        let one = |run: &mut Self| {
            let counts = [0, 1, 2, 3, 999, 1_001, u32::MAX, u32::MAX - 1];
            let members =
                (0..3).map(|_| (run.anybody(), *run.random.choice(&counts).unwrap())).collect();
            let clock = *run.random.choice(&[1, 2, 3, 1_000, u64::MAX]).unwrap();
            let naming = Some(Naming { clock, name: name("lies") });
            let author = me.clone();
            let fading = Some(Fading { clock, lifetime: None });
            document(Document { group: ID, author, version, naming, fading, members, charter: None })
        };
        let count = *self.random.choice(&[1, 2, 3, u32::MAX, u32::MAX - 1]).unwrap();
        let claim = Statement { group: ID, member: me.clone(), count, at: NOW };
        vec![one(self), one(self), statement(claim)]
    }

    fn deliver(&mut self) {
        if !self.under_way.is_empty() {
            let next = self.random.usize(0..self.under_way.len());
            let (to, item) = self.under_way.swap_remove(next);
            self.ledgers[to].insert(item).unwrap();
        }
    }

    /// Whoever sees that another's state differs is sent what counts there, until all agree.
    fn settle(&mut self) -> usize {
        for round in 0..10 {
            let states: Vec<Vec<Item>> = self.ledgers.iter().map(Ledger::counted).collect();
            if states.windows(2).all(|pair| pair[0] == pair[1]) {
                return round;
            }
            for ledger in &mut self.ledgers {
                for item in states.iter().flatten() {
                    ledger.insert(item.clone()).unwrap();
                }
            }
        }
        panic!("they never agree");
    }
}

/// Runs one and gives back the view that all came to, and after how many rounds of exchange.
fn run(seed: u64, hostile: bool) -> (View, usize) {
    let mut run = Run::new(seed, hostile);
    for _ in 0..40 {
        run.act();
        for _ in 0..run.random.usize(0..12) {
            run.deliver();
        }
    }
    while !run.under_way.is_empty() {
        run.deliver();
    }
    let rounds = run.settle();
    let views: Vec<View> = run.ledgers.iter().filter_map(Ledger::view).collect();
    assert_eq!(views.len(), usize::from(PEOPLE), "seed {seed}");
    for view in &views {
        assert_eq!(view, &views[0], "seed {seed}");
    }
    (views[0].clone(), rounds)
}

#[test]
fn honest_people_always_come_to_one_view() {
    let mut roles = [0; 2];
    for seed in 0..3_000 {
        let (view, rounds) = run(seed, false);
        let wrong = |flag: &Flag| matches!(flag, Flag::Contradiction(_) | Flag::Full(_));
        assert!(!view.flags.iter().any(wrong), "seed {seed}: {:?}", view.flags);
        assert!(rounds <= 3, "seed {seed}: {rounds} rounds");
        roles[0] += view.members.len();
        roles[1] += view.admins.len();
    }
    assert!(roles[0] > 6_000 && roles[1] > 1_500, "the runs do something: {roles:?}");
}

#[test]
fn somebody_who_lies_divides_nobody() {
    let mut seen = 0;
    for seed in 0..3_000 {
        let (view, _) = run(seed, true);
        let liar = member(PEOPLE - 1);
        seen += usize::from(view.flags.contains(&Flag::Contradiction(liar.clone())));
        assert!(view.flags.iter().all(|flag| *flag != Flag::Contradiction(member(1))));
        assert!(view.members.values().all(|standing| standing.count < 1_000_000));
    }
    assert!(seen > 100, "the runs catch lies: {seen}");
}
