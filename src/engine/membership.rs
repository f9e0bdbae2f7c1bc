//! Commands about groups: make, join, leave, invite.

use super::clock;
use super::command::Ticket;
use super::core::{Core, Fatal};
use super::faces::FaceId;
use super::update::Update;
use crate::domain::{
    Body, ConversationId, Group, GroupId, GroupName, JoinPolicy, Standing, UserName, limits,
};
use crate::mqtt::Request;
use crate::protocol::Content;
use crate::store::StoredGroup;

impl Core {
    pub(super) async fn create_group(
        &mut self,
        face: FaceId,
        name: GroupName,
        policy: JoinPolicy,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let now = self.mint.now();
        let group = Group {
            id: clock::group_id(),
            name,
            owner: self.me.user.clone(),
            policy,
            created_at: now,
            roster: std::collections::BTreeMap::new(),
        };
        self.enter(face, ticket, group, Content::Joined, Body::Created).await
    }

    pub(super) async fn join_group(
        &mut self,
        face: FaceId,
        id: GroupId,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let Some(stored) = self.groups.get(id) else {
            self.refuse_ticket(face, ticket, "there is no such group any more".into()).await;
            return Ok(());
        };
        let why = match &stored.standing {
            Standing::Member => Some("you are in this group already".to_owned()),
            Standing::Left if stored.group.policy == JoinPolicy::Invite => {
                Some(format!("`{}` is by invitation: ask a member to invite you", stored.group.name))
            }
            _ if stored.group.members().count() >= limits::GROUP_MEMBERS => {
                Some(format!("`{}` is full ({} members)", stored.group.name, limits::GROUP_MEMBERS))
            }
            _ => None,
        };
        if let Some(why) = why {
            self.refuse_ticket(face, ticket, why).await;
            return Ok(());
        }
        let group = stored.group.clone();
        self.enter(face, ticket, group, Content::Joined, Body::Joined).await
    }

    /// Goes into a group. We subscribe before we say so: whoever hears of us can reach us.
    async fn enter(
        &mut self,
        face: FaceId,
        ticket: Ticket,
        mut group: Group,
        content: Content,
        body: Body,
    ) -> Result<(), Fatal> {
        let id = group.id;
        let me = self.me.user.clone();
        let membership = group.step(&me, true, self.mint.now());
        group.note(&me, membership);
        if !group.has_member(&me) {
            let why = format!("`{}` has no room for another name", group.name);
            self.refuse_ticket(face, ticket, why).await;
            return Ok(());
        }
        let stored = StoredGroup { group, standing: Standing::Member, unsubscribe: false };
        self.groups.insert(stored.clone());
        self.ask(Request::Subscribe(self.group_subscriptions(id).into())).await;
        let to = ConversationId::Group(id);
        let letter = self.say(&to, content);
        self.queue(letter, to, body, Vec::new(), Some(stored), None).await?;
        self.faces.answer(face, Update::Done { ticket, group: id }).await;
        Ok(())
    }

    pub(super) async fn leave_group(
        &mut self,
        face: FaceId,
        id: GroupId,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let Some(stored) = self.groups.get(id) else {
            self.refuse_ticket(face, ticket, "there is no such group any more".into()).await;
            return Ok(());
        };
        match stored.standing {
            Standing::Member => self.leave(stored.clone()).await?,
            Standing::Invited(_) => self.decline(stored.clone()).await?,
            Standing::Listed | Standing::Left => {
                self.refuse_ticket(face, ticket, "you are not in this group".into()).await;
                return Ok(());
            }
        }
        self.faces.answer(face, Update::Done { ticket, group: id }).await;
        Ok(())
    }

    async fn leave(&mut self, stored: StoredGroup) -> Result<(), Fatal> {
        let StoredGroup { mut group, .. } = stored;
        let (id, me) = (group.id, self.me.user.clone());
        let membership = group.step(&me, false, self.mint.now());
        group.note(&me, membership);
        let stored = StoredGroup { group, standing: Standing::Left, unsubscribe: true };
        self.groups.insert(stored.clone());
        let to = ConversationId::Group(id);
        let letter = self.say(&to, Content::Left);
        self.queue(letter, to, Body::Left, Vec::new(), Some(stored), None).await?;
        self.ask(Request::Unsubscribe(self.group_filters(id).into())).await;
        self.keys.end_outbound(id);
        self.store.save_secrets(self.keys.changed()).await?;
        self.store.forget_heard(ConversationId::Group(id)).await?;
        Ok(())
    }

    /// Says no to an invitation. A group that is listed stays in sight; any other is forgotten.
    pub(super) async fn decline(&mut self, stored: StoredGroup) -> Result<(), Fatal> {
        let id = stored.group.id;
        self.store.forget_group(id).await?;
        if stored.group.policy == JoinPolicy::Open {
            self.groups.insert(StoredGroup { standing: Standing::Listed, ..stored });
            self.tell_group(id).await;
        } else {
            self.groups.remove(id);
            self.registrar.no_group(id);
            self.faces.tell(Update::GroupGone(id)).await;
        }
        Ok(())
    }

    /// Our way in or out changed a group: its card, its file and the front ends follow.
    pub(super) async fn group_moved(&mut self, id: GroupId) {
        let Some(stored) = self.groups.get(id) else { return };
        if stored.group.policy == JoinPolicy::Open {
            self.groups.cards_due.insert(id);
        }
        self.record_group(id);
        self.tell_group(id).await;
    }

    pub(super) async fn invite(
        &mut self,
        face: FaceId,
        id: GroupId,
        user: UserName,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let why = match self.groups.get(id) {
            Some(stored) if stored.standing == Standing::Member => {
                let group = &stored.group;
                if user == self.me.user || group.has_member(&user) {
                    Some(format!("`{user}` is in `{}` already", group.name))
                } else if !self.people.is_registered(&user) {
                    Some(format!("nobody called `{user}` has signed up on this broker"))
                } else if self.people.is_blocked(&user) {
                    Some(format!("you have blocked `{user}`"))
                } else if group.members().count() >= limits::GROUP_MEMBERS {
                    Some(format!("`{}` is full ({} members)", group.name, limits::GROUP_MEMBERS))
                } else {
                    None
                }
            }
            _ => Some("you are not in this group".to_owned()),
        };
        if let Some(why) = why {
            self.refuse_ticket(face, ticket, why).await;
            return Ok(());
        }
        self.groups.ask_in(id, &user, self.mint.now());
        let Some(stored) = self.groups.get(id).cloned() else { return Ok(()) };
        let group = stored.group.clone();
        // The group hears first: then its members know of the newcomer before they come.
        let to = ConversationId::Group(id);
        let announcement = self.say(&to, Content::Invited(user.clone()));
        let invitation = self.notice(Content::Invitation(group));
        let beside = vec![self.draft_to(&invitation, &user).await?];
        let body = Body::Invited(user);
        self.queue(announcement, to, body, beside, Some(stored), None).await?;
        self.faces.answer(face, Update::Done { ticket, group: id }).await;
        Ok(())
    }

    /// Keeps the file of a group up to date, as long as we can tell who is in it: members see all, and
    /// so does everybody where the group is listed.
    pub(super) fn record_group(&mut self, id: GroupId) {
        let Some(StoredGroup { group, standing, .. }) = self.groups.get(id) else { return };
        let visible = *standing == Standing::Member || group.policy == JoinPolicy::Open;
        match visible {
            true => self.registrar.group(group.clone()),
            false => self.registrar.no_group(id),
        }
    }
}
