//! The keys of somebody, as a person compares them.

use super::core::Core;
use super::faces::FaceId;
use super::update::{KeyView, TheirKey, Update};
use crate::crypto::verify::{Ink, Side, code_text, draw_code, safety_number};
use crate::domain::{Profile, UserName};

impl Core {
    /// Answers what there is to compare with somebody. A safety number takes some milliseconds, in which the
    /// session goes on: the answer comes when it is ready.
    pub(super) fn show_keys(&self, face: FaceId, user: UserName) {
        let Some(updates) = self.faces.reach(face) else { return };
        let us = Side { user: self.me.user.clone(), key: self.me.identity };
        let known = self.people.profile(&user).cloned();
        let claimed = self.people.claim(&user).cloned();
        let trust = self.people.trust(&user);
        tokio::task::spawn_blocking(move || {
            let theirs = known.map(|profile| their_key(&us, &profile));
            let claimed = claimed.map(|profile| their_key(&us, &profile));
            let view = KeyView { user, trust, ours: us.key.fingerprint(), theirs, claimed };
            // Who is gone or overwhelmed needs no answer.
            let _ = updates.blocking_send(Update::Keys(Box::new(view)));
        });
    }
}

fn their_key(us: &Side, profile: &Profile) -> TheirKey {
    let them = Side { user: profile.user.clone(), key: profile.identity };
    TheirKey {
        fingerprint: them.key.fingerprint(),
        safety_number: safety_number(us, &them),
        since: profile.registered_at,
        code: code_text(us, &them),
        picture: draw_code(us, &them, Ink::Light),
    }
}
