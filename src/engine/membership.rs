//! Commands about groups: make, join, leave, and what the owner and the admins do.

use super::command::Ticket;
use super::core::{Core, Fatal};
use super::faces::FaceId;
use super::known_group::{Eyes, KnownGroup};
use super::update::Update;
use crate::crypto::groups;
use crate::domain::group_documents::{Change, Document, Held, Item, Ledger, Member, Refused, found};
use crate::domain::{
    Body, ConversationId, Group, GroupChange, GroupId, GroupName, JoinPolicy, Standing, UserName, limits,
};
use crate::mqtt::Request;
use crate::protocol::{self, Content, SignedDocument};
use crate::store::{Changed, Draft};

/// There is no such group.
const GONE: &str = "there is no such group any more";

impl Core {
    pub(super) async fn create_group(
        &mut self,
        face: FaceId,
        name: GroupName,
        policy: JoinPolicy,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let me = self.eyes().me();
        let nonce = uuid::Uuid::new_v4().as_u128();
        let id = groups::group_id(me.key, nonce);
        let document = found(id, nonce, me, name, policy, self.mint.now());
        let (item, signed) = self.sign_document(&document);
        let mut ledger = Ledger::new(id);
        // It is the first, and of this group.
        let _ = ledger.insert(item);
        let Some(known) = KnownGroup::new(ledger, Standing::Member, self.eyes()) else {
            self.refuse_ticket(face, ticket, "the group could not be made".into()).await;
            return Ok(());
        };
        if !self.groups.insert(known) {
            self.refuse_ticket(face, ticket, "there are too many groups".into()).await;
            return Ok(());
        }
        self.enter(face, id, Content::Joined(signed), Body::Created, ticket).await
    }

    pub(super) async fn join_group(
        &mut self,
        face: FaceId,
        id: GroupId,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let Some(known) = self.groups.get(id) else {
            self.refuse_ticket(face, ticket, GONE.into()).await;
            return Ok(());
        };
        let name = &known.group.name;
        let why = match &known.standing {
            Standing::Member => Some("you are in this group already".to_owned()),
            Standing::Left
                if known.group.policy == JoinPolicy::Invite
                    && known.view().owner != self.eyes().me() =>
            {
                Some(format!("`{name}` is by invitation: ask its owner or an admin to invite you"))
            }
            Standing::Invited(_) | Standing::Listed | Standing::Left => None,
        };
        let signed = match why {
            Some(why) => Err(why),
            None => self.sign_statement(id, true).map_err(|refused| refused.to_string()),
        };
        match signed {
            Ok(signed) => self.enter(face, id, Content::Joined(signed), Body::Joined, ticket).await,
            Err(why) => {
                self.refuse_ticket(face, ticket, why).await;
                Ok(())
            }
        }
    }

    /// Goes into a group. We subscribe before we say so: whoever hears of us can reach us.
    async fn enter(
        &mut self,
        face: FaceId,
        id: GroupId,
        content: Content,
        body: Body,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let Some(known) = self.groups.get_mut(id) else { return Ok(()) };
        (known.standing, known.unsubscribe) = (Standing::Member, false);
        self.ask(Request::Subscribe(self.group_subscriptions(id).into())).await;
        // Our other devices cannot make anything of it without the group.
        let beside = self.papers_for_us(id).await?;
        self.tell_change(id, content, body, beside, Vec::new()).await?;
        self.faces.answer(face, Update::Done { ticket, group: id }).await;
        Ok(())
    }

    /// Says in a group what we did with it, in one transaction with what that makes of the group.
    async fn tell_change(
        &mut self,
        id: GroupId,
        content: Content,
        body: Body,
        before: Vec<Draft>,
        beside: Vec<Draft>,
    ) -> Result<(), Fatal> {
        let to = ConversationId::Group(id);
        let changed = self.groups.get(id).map(|known| Changed {
            members: known.group.members.keys().cloned().collect(),
            group: known.stored(),
        });
        let letter = self.say(&to, content);
        self.queue(letter, to, body, [before, beside], changed, None).await
    }

    /// What tells our other devices all about a group.
    async fn papers_for_us(&mut self, id: GroupId) -> Result<Vec<Draft>, Fatal> {
        match self.is_alone_with_this_device() {
            true => Ok(Vec::new()),
            false => {
                let me = self.me.user.clone();
                self.papers_for(id, &me).await
            }
        }
    }

    pub(super) async fn leave_group(
        &mut self,
        face: FaceId,
        id: GroupId,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let standing = self.groups.get(id).map(|known| known.standing.clone());
        let left = match standing {
            None => Err(GONE.to_owned()),
            Some(Standing::Listed | Standing::Left) => Err("you are not in this group".to_owned()),
            Some(Standing::Member) => self.leave(id).await?,
            Some(Standing::Invited(_)) => {
                self.decline(id).await?;
                Ok(())
            }
        };
        match left {
            Ok(()) => self.faces.answer(face, Update::Done { ticket, group: id }).await,
            Err(why) => self.refuse_ticket(face, ticket, why).await,
        }
        Ok(())
    }

    async fn leave(&mut self, id: GroupId) -> Result<Result<(), String>, Fatal> {
        let signed = match self.sign_statement(id, false) {
            Ok(signed) => signed,
            Err(refused) => return Ok(Err(refused.to_string())),
        };
        if let Some(known) = self.groups.get_mut(id) {
            (known.standing, known.unsubscribe) = (Standing::Left, true);
        }
        self.tell_change(id, Content::Left(signed), Body::Left, Vec::new(), Vec::new()).await?;
        self.ask(Request::Unsubscribe(self.group_filters(id).into())).await;
        self.keys.end_outbound(id);
        self.store.save_secrets(self.keys.changed()).await?;
        self.store.forget_heard(ConversationId::Group(id)).await?;
        Ok(Ok(()))
    }

    /// Says no to an invitation. A group that is listed stays in sight. Of any other our word is kept, and nothing
    /// shown; whoever asked us is told, and our other devices.
    pub(super) async fn decline(&mut self, id: GroupId) -> Result<(), Fatal> {
        let me = self.eyes().me();
        let Some(known) = self.groups.get(id) else { return Ok(()) };
        let asked_by = match &known.standing {
            Standing::Invited(by) => Some(by.clone()),
            _ => None,
        };
        let is_open = known.group.policy == JoinPolicy::Open;
        let was_in = known.ledger().knows_of(&me);
        let mut drafts = Vec::new();
        if !is_open && let Ok(signed) = self.sign_statement(id, false) {
            let told = asked_by.filter(|by| !self.people.is_blocked(by));
            let ours = (!self.is_alone_with_this_device()).then(|| me.user.clone());
            for user in told.into_iter().chain(ours) {
                let signed = vec![signed.clone()];
                drafts.extend(self.tell_papers(id, signed, None, &user, Content::Papers).await?);
            }
        }
        let Some(known) = self.groups.get_mut(id) else { return Ok(()) };
        known.standing = if is_open && !was_in { Standing::Listed } else { Standing::Left };
        if known.standing == Standing::Listed {
            self.store.forget_group(id).await?;
        } else {
            let members = known.group.members.keys().cloned().collect();
            let changed = Changed { group: known.stored(), members };
            self.store.queue(None, drafts, Some(changed), self.keys.changed()).await?;
            self.outbox.more();
        }
        self.record_group(id);
        self.tell_group(id).await;
        Ok(())
    }

    /// What we did changed a group: its card, its file and the front ends follow.
    pub(super) async fn group_moved(&mut self, id: GroupId) {
        self.groups.cards_due.insert(id);
        self.record_group(id);
        self.tell_group(id).await;
    }

    /// Does something that is the owner's and the admins' to do; to ask somebody into an open group is everybody's.
    pub(super) async fn change_group(
        &mut self,
        face: FaceId,
        id: GroupId,
        change: GroupChange,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        match self.make_change(id, change).await? {
            Ok(()) => self.faces.answer(face, Update::Done { ticket, group: id }).await,
            Err(why) => self.refuse_ticket(face, ticket, why).await,
        }
        Ok(())
    }

    /// The same; says why it was not done.
    pub(super) async fn make_change(
        &mut self,
        id: GroupId,
        change: GroupChange,
    ) -> Result<Result<(), String>, Fatal> {
        let before = self.groups.get(id).map(|known| known.view().members.clone()).unwrap_or_default();
        let signed = match self.prepare(id, &change) {
            Ok(signed) => signed,
            Err(why) => return Ok(Err(why)),
        };
        let beside = match (&change, &signed) {
            (GroupChange::Invite(user), _) => {
                let signed = self.groups.get(id).map(KnownGroup::papers).unwrap_or_default();
                self.tell_papers(id, signed, None, user, Content::Invitation).await?
            }
            // Who is out by it does not hear what is said there any more.
            (_, Some(signed)) => self.dismissals(id, before.into_keys(), signed).await?,
            _ => Vec::new(),
        };
        let content = Content::Changed(change.clone(), signed);
        self.tell_change(id, content, Body::Changed(change), Vec::new(), beside).await?;
        Ok(Ok(()))
    }

    /// Checks a change, signs it and takes it in. Returns the document, if it takes one.
    fn prepare(&mut self, id: GroupId, change: &GroupChange) -> Result<Option<SignedDocument>, String> {
        let known = self.groups.get(id).filter(|known| known.standing == Standing::Member);
        let known = known.ok_or("you are not in this group")?;
        let changes = match change {
            GroupChange::Invite(user) => {
                let member = self.may_invite(known, user)?;
                match known.group.policy {
                    JoinPolicy::Open => return Ok(None),
                    // They are asked once more.
                    JoinPolicy::Invite if known.group.invited.contains(user) => Vec::new(),
                    JoinPolicy::Invite => vec![Change::Admit(member)],
                }
            }
            GroupChange::Remove(user) => named(known, user)?.into_iter().map(Change::Remove).collect(),
            GroupChange::Rename(name) => vec![Change::Rename(name.clone())],
            GroupChange::Promote(user) => {
                let member = self.eyes().member(user).filter(|_| known.group.has_member(user));
                vec![Change::Appoint(member.ok_or_else(|| not_in(known, user))?)]
            }
            GroupChange::Demote(user) => {
                // Also one who left: they decide until then.
                let admin = known.view().admins.iter().find(|admin| admin.user == *user).cloned();
                let admin = admin.or_else(|| self.eyes().member(user));
                let admin = admin.ok_or_else(|| not_in(known, user))?;
                // What they decided stays: whom they let in did nothing to be put out.
                let keep = known.ledger().decided_by(&admin);
                vec![Change::Dismiss { admin, keep }]
            }
            GroupChange::Lifetime(lifetime) => vec![Change::Fade(*lifetime)],
            GroupChange::Policy(policy) => vec![Change::Policy(*policy)],
        };
        let me = self.eyes().me();
        let document = known.ledger().propose(&me, &changes).map_err(|refused| refused.to_string())?;
        Ok(Some(self.sign_and_insert(id, &document)))
    }

    /// Whether we may ask somebody into a group; as which member they would come.
    fn may_invite(&self, known: &KnownGroup, user: &UserName) -> Result<Member, String> {
        let Group { name, .. } = &known.group;
        if known.group.has_member(user) {
            return Err(format!("`{user}` is in `{name}` already"));
        }
        if !self.people.is_registered(user) {
            return Err(format!("nobody called `{user}` has signed up on this broker"));
        }
        if self.people.is_blocked(user) {
            return Err(format!("you have blocked `{user}`"));
        }
        if known.is_full() && !known.group.invited.contains(user) {
            return Err(format!("`{name}` is full ({} members)", limits::GROUP_MEMBERS));
        }
        // They would be let in with a key that may not be theirs.
        let profile = self.people.trusted(user);
        let key = profile.map(|profile| profile.identity).ok_or_else(|| {
            format!("another key stands for `{user}` now: accept it first, or leave it")
        })?;
        Ok(Member { user: user.clone(), key })
    }

    /// What tells those who were in and are out by this document that they are.
    async fn dismissals(
        &mut self,
        id: GroupId,
        before: impl Iterator<Item = Member>,
        signed: &SignedDocument,
    ) -> Result<Vec<Draft>, Fatal> {
        let mut drafts = Vec::new();
        for member in before {
            let is_in = self.groups.get(id).is_some_and(|known| known.view().has(&member));
            // Another key under that name is somebody else, whom it does not concern.
            let is_theirs = self.eyes().member(&member.user).as_ref() == Some(&member);
            if !is_in && is_theirs && member.user != self.me.user {
                let signed = vec![signed.clone()];
                let drafted = self.tell_papers(id, signed, None, &member.user, Content::Papers).await?;
                drafts.extend(drafted);
            }
        }
        Ok(drafts)
    }

    /// Signs that we come or leave, and takes it in.
    fn sign_statement(&mut self, id: GroupId, enter: bool) -> Result<SignedDocument, Refused> {
        let eyes = Eyes { me: &self.me, people: &self.people };
        let me = eyes.me();
        let known = self.groups.get_mut(id).ok_or(Refused::Unknown)?;
        let statement = known.ledger().state(&me, enter, self.mint.now())?;
        let held = groups::sign_statement(&statement, &self.keys.identity);
        let held = held.expect("we sign with the key that is ours");
        let signed = travelling(&held);
        known.insert(Item::Statement(held), eyes);
        Ok(signed)
    }

    /// Signs a document of ours, and takes it in.
    pub(super) fn sign_and_insert(&mut self, id: GroupId, document: &Document) -> SignedDocument {
        let (item, signed) = self.sign_document(document);
        let eyes = Eyes { me: &self.me, people: &self.people };
        if let Some(known) = self.groups.get_mut(id) {
            known.insert(item, eyes);
        }
        signed
    }

    fn sign_document(&self, document: &Document) -> (Item, SignedDocument) {
        let held = groups::sign_document(document, &self.keys.identity);
        let held = held.expect("we sign with the key that is ours, and own what we own");
        let signed = travelling(&held);
        (Item::Document(held), signed)
    }

    /// Keeps the file of a group up to date, as long as we can tell who is in it: members see all, and
    /// so does everybody where the group is listed.
    pub(super) fn record_group(&mut self, id: GroupId) {
        let Some(KnownGroup { group, standing, .. }) = self.groups.get(id) else { return };
        let visible = *standing == Standing::Member || group.policy == JoinPolicy::Open;
        match visible {
            true => self.registrar.group(group.clone()),
            false => self.registrar.no_group(id),
        }
    }
}

fn not_in(known: &KnownGroup, user: &UserName) -> String {
    format!("`{user}` is not in `{}`", known.group.name)
}

/// All members of this name: one, unless there are namesakes. Also who left, for they may be put out for good.
fn named(known: &KnownGroup, user: &UserName) -> Result<Vec<Member>, String> {
    let left = known
        .view()
        .former
        .iter()
        .filter(|member| member.user == *user && known.ledger().has_left(member));
    let named: Vec<Member> = known.view().named(user).chain(left).cloned().collect();
    match named.is_empty() {
        true => Err(not_in(known, user)),
        false => Ok(named),
    }
}

/// What we signed, as it travels.
fn travelling<T>(held: &Held<T>) -> SignedDocument {
    let read = SignedDocument::from_bytes(&held.bytes, protocol::limits::GROUP_DOCUMENT);
    read.expect("we wrote it ourselves")
}
