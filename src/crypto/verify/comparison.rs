//! Two people compare seven emoji.
//!
//! | who began | | who answers |
//! |---|---|---|
//! | `start`: the hash of a fresh key | → | |
//! | | ← | `key`: a fresh key |
//! | `reveal`: the key of that hash | → | checks the hash |
//! | both show the emoji that follow from the shared secret, the identity keys and the fresh keys | | |
//! | `mac`, once the person said that they are the same | ↔ | `mac`, likewise |
//!
//! Because of the hash nobody in between can try keys until the emoji agree: there is one try in 2^42.
//! Steps may come twice or late; what contradicts an earlier step ends the comparison. If both begin at
//! once, the beginning of the smaller side stands, by name and then key. There is one comparison with a
//! person at a time; while it goes on, others are not answered. The caller ends one that takes too long
//! ([`Comparison::cancel`] with [`Reason::Timeout`]).

use sha2::{Digest, Sha256};
use uuid::Uuid;
use vodozemac::Curve25519PublicKey;
use vodozemac::sas::{EstablishedSas, Mac, Sas};

use super::Side;
use super::emoji::{EMOJI, Emoji};
use crate::domain::AgreementKey;
use crate::protocol::{Bytes32, Reason, Step, StepKind};

/// How far a comparison has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The other side has to answer.
    Waiting,
    /// The person has to say whether the other sees the same.
    Compare([Emoji; 7]),
    /// Our person said so, the other's did not yet.
    Confirmed([Emoji; 7]),
    /// Both said so, and each knows the other's key: it is verified.
    Verified,
    /// It came to nothing.
    Failed(Reason),
}

/// One comparison, as one side sees it.
pub struct Comparison {
    us: Side,
    them: Side,
    id: Uuid,
    state: State,
    /// A check value that came before we could check it.
    early: Option<Bytes32>,
}

enum State {
    /// We sent the hash.
    Started(Box<Sas>),
    /// We sent a key on this hash.
    Answered(Box<Sas>, Bytes32),
    /// Our key was used for a secret that came to nothing.
    Spent,
    Shared(Box<Shared>),
    Verified,
    Failed(Reason),
}

struct Shared {
    sas: EstablishedSas,
    emoji: [Emoji; 7],
    /// What they began with, if they did.
    commitment: Option<Bytes32>,
    we_confirmed: bool,
    /// Their check value, which is valid.
    theirs: Option<Bytes32>,
}

impl Comparison {
    /// Begins one. `id` is random.
    pub fn start(us: Side, them: Side, id: Uuid) -> (Self, Step) {
        let sas = Sas::new();
        let c = commitment(id, &us, &them, &sas.public_key());
        let state = State::Started(Box::new(sas));
        (Self { us, them, id, state, early: None }, Step { id, kind: StepKind::Start { c } })
    }

    /// Answers a beginning of theirs; `None` for any other step.
    pub fn answer(us: Side, them: Side, step: &Step) -> Option<(Self, Step)> {
        let StepKind::Start { c } = step.kind else { return None };
        let sas = Sas::new();
        let k = AgreementKey::from_bytes(sas.public_key().to_bytes());
        let state = State::Answered(Box::new(sas), c);
        let comparison = Self { us, them, id: step.id, state, early: None };
        Some((comparison, Step { id: step.id, kind: StepKind::Key { k } }))
    }

    /// Which one.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        match &self.state {
            State::Started(_) | State::Answered(..) | State::Spent => Progress::Waiting,
            State::Shared(shared) if shared.we_confirmed => Progress::Confirmed(shared.emoji),
            State::Shared(shared) => Progress::Compare(shared.emoji),
            State::Verified => Progress::Verified,
            State::Failed(reason) => Progress::Failed(*reason),
        }
    }

    /// Takes in a step of theirs; returns what is to be sent, if anything.
    pub fn receive(&mut self, step: &Step) -> Option<Step> {
        if step.id != self.id {
            return self.crossed(step);
        }
        match (&self.state, &step.kind) {
            (State::Verified | State::Failed(_), _) => None,
            (_, StepKind::Cancel { why }) => {
                self.state = State::Failed(*why);
                None
            }
            (State::Started(_), StepKind::Key { k }) => {
                let k = *k;
                match self.share(k) {
                    Some(ours) => Some(self.step(StepKind::Reveal { k: ours })),
                    None => self.cancel(Reason::Forged),
                }
            }
            (State::Answered(_, known), StepKind::Start { c }) => self.expect(known == c),
            (State::Answered(_, c), StepKind::Reveal { k }) => {
                let shown = Curve25519PublicKey::from_bytes(*k.as_bytes());
                if commitment(self.id, &self.them, &self.us, &shown) != *c {
                    return self.cancel(Reason::Forged);
                }
                let k = *k;
                if self.share(k).is_none() {
                    return self.cancel(Reason::Forged);
                }
                let early = self.early.take()?;
                self.check(early)
            }
            (State::Answered(..), StepKind::Mac { m }) => {
                let same = *self.early.get_or_insert(*m) == *m;
                self.expect(same)
            }
            (State::Shared(_), StepKind::Mac { m }) => {
                let m = *m;
                self.check(m)
            }
            (State::Shared(shared), StepKind::Start { c }) => self.expect(shared.commitment == Some(*c)),
            (State::Shared(shared), StepKind::Key { k }) => {
                let same = shared.sas.their_public_key().as_bytes() == k.as_bytes();
                self.expect(same && shared.commitment.is_none())
            }
            (State::Shared(shared), StepKind::Reveal { k }) => {
                let same = shared.sas.their_public_key().as_bytes() == k.as_bytes();
                self.expect(same && shared.commitment.is_some())
            }
            (State::Started(_) | State::Answered(..) | State::Spent, _) => self.cancel(Reason::Forged),
        }
    }

    /// The person says whether the other sees the same emoji. Returns what is to be sent.
    pub fn confirm(&mut self, same: bool) -> Option<Step> {
        let State::Shared(shared) = &mut self.state else { return None };
        if !same {
            return self.cancel(Reason::Mismatch);
        }
        if shared.we_confirmed {
            return None;
        }
        shared.we_confirmed = true;
        let input = self.us.key.to_string();
        let mac = shared.sas.calculate_mac(&input, &mac_info(self.id, &self.us, &self.them));
        let m: [u8; 32] = mac.as_bytes().try_into().expect("HMAC-SHA-256 has 32 bytes");
        if shared.theirs.is_some() {
            self.state = State::Verified;
        }
        Some(self.step(StepKind::Mac { m: Bytes32(m) }))
    }

    /// Ends it. Returns what is to be sent; nothing where it had ended before.
    pub fn cancel(&mut self, why: Reason) -> Option<Step> {
        if matches!(self.state, State::Verified | State::Failed(_)) {
            return None;
        }
        self.state = State::Failed(why);
        Some(self.step(StepKind::Cancel { why }))
    }

    fn step(&self, kind: StepKind) -> Step {
        Step { id: self.id, kind }
    }

    /// A step of another comparison. It matters only if both began at once, and then to one of us.
    fn crossed(&mut self, step: &Step) -> Option<Step> {
        if !matches!(self.state, State::Started(_)) || self.us < self.them {
            return None;
        }
        let (theirs, answer) = Self::answer(self.us.clone(), self.them.clone(), step)?;
        *self = theirs;
        Some(answer)
    }

    /// A step that was to be expected changes nothing; any other ends it.
    fn expect(&mut self, expected: bool) -> Option<Step> {
        if expected { None } else { self.cancel(Reason::Forged) }
    }

    /// Agrees on the secret and gives our key back; `None` if theirs is worthless or our own, or if it is
    /// not the time for it.
    fn share(&mut self, theirs: AgreementKey) -> Option<AgreementKey> {
        let theirs = Curve25519PublicKey::from_bytes(*theirs.as_bytes());
        let (state, commitment) = match std::mem::replace(&mut self.state, State::Spent) {
            State::Started(sas) => (sas, None),
            State::Answered(sas, commitment) => (sas, Some(commitment)),
            other => {
                self.state = other;
                return None;
            }
        };
        let ours = state.public_key();
        if ours == theirs {
            return None;
        }
        let sas = state.diffie_hellman(theirs).ok()?;
        let sides = match commitment {
            None => [(&self.us, ours), (&self.them, theirs)],
            Some(_) => [(&self.them, theirs), (&self.us, ours)],
        };
        let emoji = sas.bytes(&emoji_info(self.id, sides)).emoji_indices();
        let emoji = emoji.map(|index| EMOJI[usize::from(index) % EMOJI.len()]);
        let shared = Shared { sas, emoji, commitment, we_confirmed: false, theirs: None };
        self.state = State::Shared(Box::new(shared));
        Some(AgreementKey::from_bytes(ours.to_bytes()))
    }

    fn check(&mut self, mac: Bytes32) -> Option<Step> {
        let State::Shared(shared) = &mut self.state else { return None };
        if let Some(known) = shared.theirs {
            return self.expect(known == mac);
        }
        let info = mac_info(self.id, &self.them, &self.us);
        let valid = shared.sas.verify_mac(&self.them.key.to_string(), &info, &Mac::from_slice(&mac.0));
        if valid.is_err() {
            return self.cancel(Reason::Forged);
        }
        shared.theirs = Some(mac);
        if shared.we_confirmed {
            self.state = State::Verified;
        }
        None
    }
}

fn commitment(id: Uuid, began: &Side, answers: &Side, key: &Curve25519PublicKey) -> Bytes32 {
    let [began, answers] = [began, answers].map(|side| format!("{}|{}", side.user, side.key));
    let text = format!("cooee1|sas-commitment|{id}|{began}|{answers}|{}", key.to_base64());
    Bytes32(Sha256::digest(text).into())
}

fn emoji_info(id: Uuid, sides: [(&Side, Curve25519PublicKey); 2]) -> String {
    let [began, answered] =
        sides.map(|(side, key)| format!("{}|{}|{}", side.user, side.key, key.to_base64()));
    format!("cooee1|sas-emoji|{id}|{began}|{answered}")
}

fn mac_info(id: Uuid, from: &Side, to: &Side) -> String {
    format!("cooee1|sas-mac|{id}|{}|{}|{}|{}", from.user, from.key, to.user, to.key)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::domain::IdentityKey;

    #[test]
    fn what_is_hashed_and_derived_from_stays_as_it_was() {
        let side = |user: &str, key| Side {
            user: user.parse().unwrap(),
            key: IdentityKey::from_bytes([key; 32]),
        };
        let (alice, bob, id) = (side("alice", 1), side("bob", 2), Uuid::from_u128(7));
        let key = |n| Curve25519PublicKey::from_bytes([n; 32]);
        let commitment = String::from(commitment(id, &alice, &bob, &key(3)));
        assert_snapshot!(commitment, @"sOJ0DF58Z15hHMJ2KYssg9zi2/y/Ave4zBtEI9D4jMo");
        assert_snapshot!(emoji_info(id, [(&alice, key(3)), (&bob, key(4))]), @"cooee1|sas-emoji|00000000-0000-0000-0000-000000000007|alice|AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE|AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM|bob|AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI|BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ");
        assert_snapshot!(mac_info(id, &alice, &bob), @"cooee1|sas-mac|00000000-0000-0000-0000-000000000007|alice|AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE|bob|AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI");
    }
}
