//! Conversations that are put away, on this device. What calls for us there brings one back, and so does what we
//! write: so one that is muted stays away.

use super::core::{Core, Fatal};
use super::update::Update;
use crate::domain::{Alerts, Body, ConversationId, Message, mentions};

impl Core {
    /// Puts a conversation away, or brings it back.
    pub(super) async fn archive(
        &mut self,
        conversation: ConversationId,
        archived: bool,
    ) -> Result<(), Fatal> {
        let news = match archived {
            true => self.archived.insert(conversation.clone()),
            false => self.archived.remove(&conversation),
        };
        if news {
            self.store.save_archived(conversation, archived).await?;
        }
        let told = self.archived_told();
        self.faces.tell(told).await;
        Ok(())
    }

    /// What is told of what is put away.
    pub(super) fn archived_told(&self) -> Update {
        Update::Archived(self.archived.iter().cloned().collect())
    }

    /// Brings back the conversations in which one of these messages calls for us.
    pub(super) async fn bring_back(&mut self, fresh: &[Message]) -> Result<(), Fatal> {
        if self.archived.is_empty() {
            return Ok(());
        }
        for message in fresh {
            if self.archived.contains(&message.conversation) && self.calls(message) {
                self.archive(message.conversation.clone(), false).await?;
            }
        }
        Ok(())
    }

    /// Whether a message calls for us, as far as its conversation may.
    fn calls(&self, message: &Message) -> bool {
        let alerts = self.alerts.get(&message.conversation).copied().unwrap_or_default();
        let is_said = message.body.counts_as_unread();
        match (&message.body, alerts) {
            _ if message.is_ours() => is_said,
            (_, Alerts::All) => is_said,
            (Body::Text(text), Alerts::Mentions) => mentions(text.as_str(), &self.me.user),
            (_, Alerts::Mentions | Alerts::None) => false,
        }
    }
}
