//! Links into groups: who has one asks whoever made it, and is let in by an ordinary signed change.
//!
//! A link names the group, who lets in and their key, and holds a secret. Whoever has it sends that secret to them,
//! sealed like any letter: so the broker learns nothing of it, and it waits until they come. Their Cooee lets in as
//! long as they decide there and the link is good; a link ends with its time, with the last that it let in, when
//! another is made, and when it is taken back. It lies on the device that made it alone. Whoever asked comes in by
//! themselves as soon as they are let in.
//!
//! A wrong secret is not answered, whatever is wrong with it. Nobody is heard more often than every [`AGAIN`], all
//! together not more often than [`MOST`] times in [`WINDOW`]; whoever asked and was not let in asks again at their
//! next connections. Whoever was put out is not let in by a link: somebody has to ask them in.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::command::Ticket;
use super::core::{Core, Fatal};
use super::faces::FaceId;
use super::update::{Notice, Update};
use crate::domain::{
    GroupChange, GroupId, GroupLink, JoinPolicy, LinkSecret, Standing, Trust, UserName,
};
use crate::failpoints::kill_point;
use crate::protocol::{Content, Knock};
use crate::store::{StoredKnock, StoredLink};

/// How long until somebody is heard again, and how long until we ask again.
const AGAIN: Duration = Duration::from_secs(10);
/// Most questions that are looked at in one window.
const MOST: usize = 60;
/// How long a window is.
const WINDOW: Duration = Duration::from_secs(60);
/// How long a link may last, and how long we wait to be let in.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Most groups that we wait to be let into.
const WAITING: usize = 64;

/// Links into groups, ours and those of others.
#[derive(Default)]
pub(super) struct Doors {
    links: BTreeMap<GroupId, StoredLink>,
    knocks: BTreeMap<GroupId, StoredKnock>,
    /// When we asked last.
    asked: BTreeMap<GroupId, Instant>,
    /// When who was heard, within the window.
    heard: Vec<(UserName, Instant)>,
}

impl Doors {
    pub fn new(links: Vec<StoredLink>, knocks: Vec<StoredKnock>) -> Self {
        let links = links.into_iter().map(|link| (link.group, link)).collect();
        let knocks = knocks.into_iter().map(|knock| (knock.group, knock)).collect();
        Self { links, knocks, ..Self::default() }
    }

    /// Whether we asked to be let into a group.
    pub fn waits_for(&self, group: GroupId) -> bool {
        self.knocks.contains_key(&group)
    }

    /// Whether somebody is heard now; notes that they are.
    fn hear(&mut self, user: &UserName, now: Instant) -> bool {
        self.heard.retain(|(_, at)| now.duration_since(*at) < WINDOW);
        let is_early =
            |(other, at): &(UserName, Instant)| other == user && now.duration_since(*at) < AGAIN;
        let is_heard = self.heard.len() < MOST && !self.heard.iter().any(is_early);
        if is_heard {
            self.heard.push((user.clone(), now));
        }
        is_heard
    }
}

impl Core {
    /// Makes a link into a group, in place of the last one.
    pub(super) async fn make_group_link(
        &mut self,
        face: FaceId,
        group: GroupId,
        (lasts, uses): (Duration, u32),
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let me = self.me.user.clone();
        let known = self.groups.get(group).filter(|known| known.standing == Standing::Member);
        let why = match known {
            None => Some("you are not in this group"),
            Some(known) if known.group.policy == JoinPolicy::Invite && !known.group.is_led_by(&me) => {
                Some("only the owner and the admins of the group let people in: ask one of them")
            }
            Some(_) if uses == 0 || lasts.is_zero() => Some("such a link would let nobody in"),
            Some(_) => None,
        };
        if let Some(why) = why {
            self.refuse_ticket(face, ticket, why.to_owned()).await;
            return Ok(());
        }
        let secret = LinkSecret::from_bytes(super::clock::link_secret());
        let ends_at = self.mint.now().plus(lasts.min(LONGEST));
        let link = StoredLink { group, secret, ends_at, uses };
        self.store.save_group_link(link.clone()).await?;
        self.doors.links.insert(group, link);
        let link = GroupLink { group, host: me, key: self.me.identity, secret };
        self.faces.answer(face, Update::GroupLink { ticket, link, ends_at, uses }).await;
        Ok(())
    }

    /// Takes back the link into a group.
    pub(super) async fn revoke_group_link(
        &mut self,
        face: FaceId,
        group: GroupId,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        if self.doors.links.remove(&group).is_none() {
            let why = "there is no link of yours into this group, on this device";
            self.refuse_ticket(face, ticket, why.to_owned()).await;
            return Ok(());
        }
        self.store.forget_group_link(group).await?;
        self.faces.answer(face, Update::Agreed { ticket }).await;
        Ok(())
    }

    /// Asks to be let in by a link; goes in at once where anybody may.
    pub(super) async fn join_by_link(
        &mut self,
        face: FaceId,
        link: GroupLink,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let GroupLink { group, host, key, secret } = link;
        let standing = self.groups.get(group).map(|known| known.standing.clone());
        if let Some(Standing::Listed | Standing::Invited(_)) = standing {
            return self.join_group(face, group, ticket).await;
        }
        let is_theirs = self.people.trusted(&host).is_some_and(|profile| profile.identity == key);
        let why = match standing {
            Some(Standing::Member) => Some("you are in this group already".to_owned()),
            _ if host == self.me.user => Some("that is a link of your own".to_owned()),
            _ if self.people.is_blocked(&host) => Some(format!("you have blocked `{host}`")),
            _ if !self.people.is_registered(&host) => Some(format!(
                "nobody called `{host}` has signed up on this broker, as far as is known yet"
            )),
            _ if !is_theirs || self.people.trust(&host) == Trust::Changed => Some(format!(
                "the link names another key for `{host}` than the one that they have here: it is of another \
                 broker, they signed up anew, or somebody pretends to be them"
            )),
            _ if self.doors.knocks.len() >= WAITING && !self.doors.waits_for(group) => {
                Some(format!("you wait to be let into {WAITING} groups, which is the most"))
            }
            _ => None,
        };
        if let Some(why) = why {
            self.refuse_ticket(face, ticket, why).await;
            return Ok(());
        }
        let ends_at = self.mint.now().plus(LONGEST);
        let before = self.doors.knocks.get(&group).filter(|k| (&k.host, &k.secret) == (&host, &secret));
        let letter = before.and_then(|knock| knock.letter);
        let knock = StoredKnock { group, host, secret, ends_at, letter };
        self.store.save_knock(knock.clone()).await?;
        self.doors.knocks.insert(group, knock.clone());
        kill_point("knock: kept");
        self.knock(knock).await?;
        self.faces.answer(face, Update::Agreed { ticket }).await;
        Ok(())
    }

    /// Asks, unless the last letter that did is still to be confirmed: then it goes out again by itself.
    async fn knock(&mut self, knock: StoredKnock) -> Result<(), Fatal> {
        let StoredKnock { group, ref host, secret, ends_at, letter } = knock;
        self.doors.asked.insert(group, Instant::now());
        if let Some(letter) = letter
            && self.store.tracked(letter).await?.is_some_and(|tracked| tracked.state.is_some())
        {
            return Ok(());
        }
        let asks = self.notice(Content::Knock(Knock { group, secret }));
        let mut draft = self.draft_to(&asks, host).await?;
        draft.ends_at = Some(ends_at);
        self.lifetimes.note(draft.ends_at);
        let knock = StoredKnock { letter: Some(asks.id), ..knock };
        // A crash in between has it asked once more.
        self.store.queue(None, vec![draft], None, self.keys.changed()).await?;
        self.store.save_knock(knock.clone()).await?;
        self.doors.knocks.insert(group, knock);
        self.outbox.more();
        Ok(())
    }

    /// Asks again where nobody has let us in: the question may have come when it could not be looked at.
    pub(super) async fn knock_again(&mut self) -> Result<(), Fatal> {
        let (now, wall) = (Instant::now(), self.mint.now());
        let knocks: Vec<StoredKnock> = self.doors.knocks.values().cloned().collect();
        for knock in knocks {
            let asked = self.doors.asked.get(&knock.group);
            if knock.ends_at <= wall || self.groups.is_member(knock.group) {
                self.forget_knock(knock.group).await?;
            } else if asked.is_none_or(|at| now.duration_since(*at) >= AGAIN)
                && !self.people.is_blocked(&knock.host)
            {
                self.knock(knock).await?;
            }
        }
        Ok(())
    }

    async fn forget_knock(&mut self, group: GroupId) -> Result<(), Fatal> {
        self.doors.knocks.remove(&group);
        self.doors.asked.remove(&group);
        self.store.forget_knock(group).await?;
        Ok(())
    }

    /// Goes into those of these groups that we asked to be let into, and were.
    pub(super) async fn come_in(&mut self, changed: &[GroupId]) -> Result<(), Fatal> {
        for id in changed.iter().copied().filter(|id| self.doors.waits_for(*id)).collect::<Vec<_>>() {
            let me = self.eyes().me();
            let Some(known) = self.groups.get(id) else { continue };
            match known.standing {
                // By ourselves, here or on another device: that is told already.
                Standing::Member => self.forget_knock(id).await?,
                Standing::Invited(_) if known.is_for(&me) => {
                    // Nobody waits for the answer: what becomes of it a line in the group tells.
                    self.join_group(FaceId::NOBODY, id, Ticket(0)).await?;
                    if self.groups.is_member(id) {
                        self.forget_knock(id).await?;
                        self.tell_let_in(id).await;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What we asked for has come about.
    async fn tell_let_in(&mut self, group: GroupId) {
        if let Some(name) = self.groups.get(group).map(|known| known.group.name.clone()) {
            self.faces.tell(Update::Notice(Notice::LetIn { group, name })).await;
        }
    }

    /// Somebody shows what they say is the secret of a link of ours.
    pub(super) async fn on_knock(&mut self, user: UserName, knock: Knock) -> Result<(), Fatal> {
        let group = knock.group;
        let now = self.mint.now();
        let Some(link) = self.doors.links.get(&group) else { return Ok(()) };
        // First, so that who guesses takes nobody's turn.
        if link.secret != knock.secret || link.ends_at <= now || link.uses == 0 {
            return Ok(());
        }
        let link = link.clone();
        if !self.doors.hear(&user, Instant::now()) {
            return Ok(());
        }
        let (Some(known), Some(member)) = (self.groups.get(group), self.eyes().member(&user)) else {
            return Ok(());
        };
        if known.group.has_member(&user) {
            return Ok(());
        }
        let name = known.group.name.clone();
        // Whatever they say of themselves since: who left by themselves was removed by nobody.
        if known.ledger().removed_by(&member).is_some() {
            self.warn(format!(
                "`{user}` wants into #{name} by your link, and was put out of it: /invite asks them in"
            ))
            .await;
            return Ok(());
        }
        // Who was let in already and did not hear of it is told once more, and nobody else.
        if known.group.invited.contains(&user) {
            let signed = known.papers();
            let drafts = self.tell_papers(group, signed, None, &user, Content::Invitation).await?;
            self.store.queue(None, drafts, None, self.keys.changed()).await?;
            self.outbox.more();
            return Ok(());
        }
        // Counted first: a crash in between lets in one less, and never one more.
        self.count_use(StoredLink { uses: link.uses - 1, ..link.clone() }).await?;
        kill_point("knock: counted");
        match self.make_change(group, GroupChange::Invite(user.clone())).await? {
            Ok(()) => self.inform(format!("`{user}` is let into #{name} by your link")).await,
            Err(why) => {
                self.count_use(link).await?;
                self.warn(format!("`{user}` is not let into #{name} by your link: {why}")).await;
            }
        }
        Ok(())
    }

    async fn count_use(&mut self, link: StoredLink) -> Result<(), Fatal> {
        self.store.save_group_link(link.clone()).await?;
        self.doors.links.insert(link.group, link);
        Ok(())
    }

    async fn inform(&mut self, words: String) {
        self.faces.tell(Update::Notice(Notice::Info(words))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_heard_without_end() {
        let mut doors = Doors::default();
        let (now, user) = (Instant::now(), |n: usize| format!("u{n}").parse::<UserName>().unwrap());
        assert!(doors.hear(&user(0), now));
        assert!(!doors.hear(&user(0), now + AGAIN / 2));
        assert!(doors.hear(&user(0), now + AGAIN));
        let heard = (1..500).filter(|n| doors.hear(&user(*n), now + AGAIN)).count();
        assert_eq!(heard, MOST - 2);
        assert!(doors.heard.len() <= MOST);
        assert!(doors.hear(&user(999), now + AGAIN + WINDOW), "later others are");
    }
}
