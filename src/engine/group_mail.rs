//! What is said in groups, as it comes in.

use super::core::Core;
use super::mail::{Mail, Refusal, Sender};
use crate::domain::{Body, ConversationId, GroupId, JoinPolicy, Membership, Role, UserName};
use crate::protocol::{Content, Letter};

impl Core {
    pub(super) fn on_group(
        &mut self,
        id: GroupId,
        sender: Sender,
        letter: Letter,
        mail: &mut Mail,
    ) -> Result<(), Refusal> {
        // What still comes after we left is nothing to us.
        if !self.groups.is_member(id) {
            return Ok(());
        }
        let from = sender.0.clone();
        let Some(stored) = self.groups.get_mut(id) else { return Err(Refusal::NotMember) };
        // Into a group by invitation comes whom a member has asked in, or who was in before.
        let may_come =
            stored.group.policy == JoinPolicy::Open || stored.group.roster.contains_key(&from);
        if !may_come {
            return Err(Refusal::NotMember);
        }
        let news = letter.membership.is_some_and(|membership| stored.group.note(&from, membership));
        let (said, known) = (letter.membership, stored.group.roster.get(&from).copied());
        let is_member = stored.group.has_member(&from);
        if news {
            self.on_group_changed(id, mail);
            if is_member {
                self.newcomers.insert(from.clone());
            }
        }
        // What counts is how the sender stood to the group when they wrote it: since then they may have
        // left or come back, and the card may have told us so before their letter came.
        let agreed = said.is_none_or(|said| known.is_some_and(|known| said.count <= known.count));
        let was_in = agreed && said.or(known).is_some_and(Membership::is_in);
        let body = match letter.content {
            // Whoever never was in has nothing to leave.
            Content::Left if agreed && said.is_some_and(|said| !said.is_in()) => Body::Left,
            Content::Left => return Err(Refusal::NotMember),
            // A letter of a newer Cooee may carry the membership where we cannot read it.
            Content::Newer => Body::Unsupported,
            _ if !was_in => return Err(Refusal::NotMember),
            Content::Text(ref text) => Body::Text(text.clone()),
            Content::Joined => {
                if is_member && self.welcomes(id, &from) {
                    mail.welcome.push((id, from.clone()));
                }
                Body::Joined
            }
            Content::Invited(ref user) => {
                if self.groups.ask_in(id, user, letter.sent_at) {
                    self.on_group_changed(id, mail);
                }
                Body::Invited(user.clone())
            }
            Content::Invitation(_)
            | Content::Roster(_)
            | Content::Receipt(_)
            | Content::Missing(_)
            | Content::SenderKey(_)
            | Content::Unreadable
            | Content::Copy(_)
            | Content::ReadUpTo(_)
            | Content::Compare(_) => return Err(Refusal::Misplaced),
        };
        self.take(letter, ConversationId::Group(id), sender, body, mail);
        Ok(())
    }

    /// Whether it falls to us to tell a newcomer who is in the group: to the owner, or where the owner
    /// left to the first member by name.
    fn welcomes(&self, id: GroupId, newcomer: &UserName) -> bool {
        let Some(stored) = self.groups.get(id) else { return false };
        let group = &stored.group;
        let mut members = group.members().map(|(user, _)| user).filter(|user| *user != newcomer);
        match group.has_member(&group.owner) {
            true => group.role(&self.me.user) == Role::Owner,
            false => members.next() == Some(&self.me.user),
        }
    }
}
