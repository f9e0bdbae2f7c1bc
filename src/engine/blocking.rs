//! Whom we do not want to hear.
//!
//! What somebody who is blocked writes is opened, because that changes what opens the next thing, acknowledged to
//! the broker, and thrown away: it is not shown, counted or confirmed, and does not come back when they are
//! unblocked. In groups their messages are left out, while who is in the group goes on to be true. Receipts of what
//! we wrote before still count. They are not told; they see that nothing they write arrives.

use super::command::Ticket;
use super::core::{Core, Fatal};
use super::faces::FaceId;
use super::update::Update;
use crate::domain::{ConversationId, GroupId, Standing, UserName};

impl Core {
    /// The person wants to hear nothing more of somebody, or takes that back.
    pub(super) async fn block(
        &mut self,
        face: FaceId,
        user: UserName,
        blocked: bool,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let Some(person) = self.people.block(&user, blocked) else {
            let why = match user == self.me.user {
                true => "that is you".to_owned(),
                false => format!("nobody called `{user}` has signed up on this broker"),
            };
            self.refuse_ticket(face, ticket, why).await;
            return Ok(());
        };
        self.store.save_people(vec![person]).await?;
        if blocked {
            let read = self.store.mark_read(ConversationId::Direct(user.clone())).await?;
            self.tell_summary(read).await;
            self.drop_invitations(&user).await?;
        }
        self.tell_people(vec![user]).await;
        self.faces.answer(face, Update::Agreed { ticket }).await;
        Ok(())
    }

    async fn drop_invitations(&mut self, by: &UserName) -> Result<(), Fatal> {
        let theirs = |standing: &Standing| matches!(standing, Standing::Invited(who) if who == by);
        let views = self.groups.views().into_iter();
        let ids: Vec<GroupId> =
            views.filter(|view| theirs(&view.standing)).map(|view| view.group.id).collect();
        for id in ids {
            self.decline(id).await?;
        }
        Ok(())
    }
}
