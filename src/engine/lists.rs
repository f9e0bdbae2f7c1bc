//! Lists of contacts, on this device. Nothing of them goes out: who writes to all of a list writes to each.

use super::command::Ticket;
use super::core::{Core, Fatal};
use super::faces::FaceId;
use super::update::Update;
use crate::domain::{ContactList, limits};

impl Core {
    /// Keeps a list as it is told; one without anybody is gone.
    pub(super) async fn save_list(
        &mut self,
        face: FaceId,
        list: ContactList,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        if let Err(why) = self.may_keep(&list) {
            self.refuse_ticket(face, ticket, why).await;
            return Ok(());
        }
        self.store.save_list(list.clone()).await?;
        match list.members.is_empty() {
            true => self.lists.remove(&list.name),
            false => self.lists.insert(list.name, list.members),
        };
        let told = self.lists_told();
        self.faces.tell(told).await;
        self.faces.answer(face, Update::Agreed { ticket }).await;
        Ok(())
    }

    fn may_keep(&self, list: &ContactList) -> Result<(), String> {
        let ContactList { name, members } = list;
        let before = self.lists.get(name);
        if members.is_empty() && before.is_none() {
            return Err(format!("there is no list `{name}`"));
        }
        if before.is_none() && self.lists.len() >= limits::LISTS {
            return Err(format!("there are {} lists, and no more are kept", limits::LISTS));
        }
        if members.len() > limits::LIST_MEMBERS {
            return Err(format!("a list has {} people at most: make a group", limits::LIST_MEMBERS));
        }
        match members.iter().find(|user| **user == self.me.user || !self.people.is_known(user)) {
            Some(user) if *user == self.me.user => Err("that is you: name others".to_owned()),
            Some(user) if before.is_none_or(|before| !before.contains(user)) => {
                Err(format!("nobody here is called `{user}`"))
            }
            _ => Ok(()),
        }
    }

    /// What is told of lists.
    pub(super) fn lists_told(&self) -> Update {
        let list = |(name, members): (&_, &_)| ContactList {
            name: Clone::clone(name),
            members: Clone::clone(members),
        };
        Update::Lists(self.lists.iter().map(list).collect())
    }
}
