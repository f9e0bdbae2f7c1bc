//! What the engine says.

use std::time::Duration;

use super::{Asked, Effect, Session, Turn};
use crate::domain::{
    ConversationId, Delivery, GroupChange, GroupId, Message, MessageId, PageAt, Standing, Summary,
    UserName,
};
use crate::engine::{GroupView, Link, Notice, Stored, Ticket, Update};
use crate::tui::app::alerts::alert;
use crate::tui::app::overlay::Overlay;
use crate::tui::app::room::room_label;
use crate::tui::app::text::counted;

/// The least time between two calls.
const CALL_AFTER: Duration = Duration::from_secs(1);

impl Session {
    /// Takes in what the engine says.
    pub fn update(&mut self, update: Update, turn: &mut Turn<'_>) {
        match update {
            Update::Welcome { me, broker, .. } => (self.me, self.broker) = (*me, broker),
            Update::Ready => self.ready = true,
            Update::Link(link) => self.link_changed(link, turn),
            Update::People(people) => {
                self.outdate_verify(&people);
                self.world.note_people(people);
                self.outdate_info();
            }
            Update::Group(view) => self.group_told(view, turn),
            Update::GroupGone(id) => self.group_gone(id, turn),
            Update::Drafts(drafts) => self.take_drafts(drafts, turn),
            Update::Rooms(rooms) => self.world.note_rooms(rooms),
            Update::Alerts(alerts) => self.world.note_alerts(alerts),
            Update::Lifetimes(lifetimes) => self.world.note_lifetimes(lifetimes),
            Update::Archived(archived) => self.world.note_archived(archived),
            Update::Lists(lists) => self.world.note_lists(lists),
            Update::Gone(gone) => self.gone(gone),
            Update::Summaries(summaries) => self.summarised(summaries, turn),
            Update::Stored(stored) => {
                self.call(&stored, turn);
                stored.into_iter().for_each(|stored| self.stored(stored, turn));
            }
            Update::Delivery { conversation, id, delivery } => {
                self.delivered(&conversation, id, delivery);
            }
            Update::Altered(messages) => self.altered(messages, turn),
            Update::Hidden { conversation, id } => {
                if let Some(chat) = self.chats.get_mut(&conversation) {
                    chat.remove(id);
                }
                self.thumbnails.forget(id);
            }
            Update::Marked { pinned_in, messages } => {
                if let Some(Overlay::Marked(marked)) = &mut self.overlay {
                    marked.take(pinned_in.as_ref(), &messages);
                }
            }
            Update::Info(info) => {
                if let Some(Overlay::Info(shown)) = &mut self.overlay {
                    shown.take(info, turn.now);
                }
            }
            Update::Outbox { total, changed, .. } => turn.news(outbox(total, changed)),
            Update::Page { conversation, at, messages, more_before, more_after } => {
                self.page(&conversation, at, messages, (more_before, more_after), turn);
            }
            Update::Hits { ticket, keys, total, older } => {
                self.take_hits(ticket, keys, (total, older), turn);
            }
            Update::Found { ticket, messages, edge, more } => {
                self.take_found(ticket, &messages, edge.filter(|_| more));
            }
            Update::Typing { conversation, user } => self.writes(conversation, user, turn),
            Update::Done { ticket, group } => self.done(ticket, group, turn),
            Update::GroupLink { ticket, link, ends_at, uses } => {
                self.asked.remove(&ticket);
                self.link_made(&link, ends_at, uses, turn);
            }
            Update::Agreed { ticket } | Update::Told { ticket, .. } => self.agreed(ticket, turn),
            // Nobody asks for it here.
            Update::Letter { .. } => {}
            Update::Keys(keys) => self.take_keys(*keys),
            Update::Comparison(view) => self.compared(view, turn),
            Update::Refused { ticket, why } => self.refused(ticket, &why, turn),
            Update::Files(views) => self.note_files(views, turn),
            Update::File(view) => self.note_files(vec![view], turn),
            Update::Picture { ticket, picture, .. } => self.take_picture(ticket, picture, turn),
            Update::FileSaved { message, outcome: Err(words) } => {
                turn.error(words);
                self.not_saved(message);
            }
            Update::FileSaved { outcome: Ok(_), .. } => {}
            Update::Notice(Notice::Info(text)) => turn.news(text),
            Update::Notice(Notice::Warning(text)) => turn.warn(text),
            Update::Notice(Notice::LetIn { group, name }) => self.let_in(group, &name, turn),
            // The loop and the app around us see to it.
            Update::Stopped(_) => {}
        }
    }

    fn link_changed(&mut self, link: Link, turn: &Turn<'_>) {
        self.retry_at = match &link {
            Link::Down { retry_in, .. } => retry_in.map(|wait| turn.now.plus(wait)),
            Link::Connecting | Link::Up => None,
        };
        self.link = link;
        self.outdate_info();
    }

    fn delivered(&mut self, conversation: &ConversationId, id: MessageId, delivery: Delivery) {
        if let Some(chat) = self.chats.get_mut(conversation) {
            chat.note_delivery(id, delivery);
        }
        if let Some(Overlay::Info(info)) = &mut self.overlay
            && info.message.id == id
        {
            info.message.delivery = Some(delivery);
            info.outdate();
        }
    }

    fn group_gone(&mut self, id: GroupId, turn: &mut Turn<'_>) {
        if self.open.as_ref() == Some(&ConversationId::Group(id)) {
            turn.news(format!("#{} is not there any more", self.world.group_name(id)));
            self.close(turn);
        }
        self.world.forget_group(id);
    }

    fn summarised(&mut self, summaries: Vec<Summary>, turn: &Turn<'_>) {
        // What comes into view at once gets no unread line.
        let seen = self.reads_newest(turn.focused).then(|| self.open.clone()).flatten();
        for summary in &summaries {
            let shown = self.open.as_ref() == Some(&summary.conversation);
            if shown
                && seen.is_none()
                && let Some(chat) = self.chats.get_mut(&summary.conversation)
            {
                chat.note_unread(Some(summary));
            }
        }
        self.world.note_summaries(summaries);
    }

    /// Calls for somebody who looks elsewhere, but not without end: what waited for days comes in hundreds of parts.
    fn call(&mut self, stored: &[Stored], turn: &mut Turn<'_>) {
        let messages: Vec<_> = stored.iter().map(|stored| &stored.message).collect();
        let in_view = self.open.as_ref().filter(|_| turn.watched && self.reads_newest(turn.focused));
        let setup = &turn.setup.alerts;
        if let Some(alert) = alert(&messages, &self.world, in_view, setup)
            && !setup.is_quiet(&turn.setup.calendar, turn.now)
            && self.called_at.is_none_or(|at| turn.now.since(at) >= CALL_AFTER)
        {
            self.called_at = Some(turn.now);
            turn.effects.push(Effect::Alert(alert));
        }
    }

    fn stored(&mut self, stored: Stored, turn: &Turn<'_>) {
        if let Some(ticket) = stored.ticket {
            self.asked.remove(&ticket);
        }
        if let Some(chat) = self.chats.get_mut(&stored.message.conversation) {
            let is_open = self.open.as_ref() == Some(&stored.message.conversation);
            let find = self.find.as_mut().filter(|_| is_open);
            if let Some(find) = find {
                find.note_stored(&stored.message);
            }
            let window = super::window(
                &self.world,
                &self.regions,
                Some(&*chat),
                self.find.as_ref(),
                &self.thumbnails,
                turn.setup,
                turn.now,
            );
            chat.store(&stored.message, stored.ticket, is_open.then_some(&window));
        }
    }

    fn page(
        &mut self,
        conversation: &ConversationId,
        at: PageAt,
        messages: Vec<Message>,
        more: (bool, bool),
        turn: &mut Turn<'_>,
    ) {
        if let Some(chat) = self.chats.get_mut(conversation) {
            let chat_is_open = self.open.as_ref() == Some(conversation);
            let window = super::window(
                &self.world,
                &self.regions,
                Some(&*chat),
                self.find.as_ref(),
                &self.thumbnails,
                turn.setup,
                turn.now,
            );
            let is_awaited = chat.take_page(at, messages, more, &window);
            if !chat_is_open {
                chat.close();
            } else if let PageAt::Around(key) = at
                && is_awaited
            {
                self.tell_day(key, turn);
            }
        }
    }

    fn writes(&mut self, conversation: ConversationId, user: UserName, turn: &Turn<'_>) {
        if user != self.me.user
            && self.open.as_ref() == Some(&conversation)
            && let Some(chat) = self.chats.get_mut(&conversation)
        {
            chat.note_writer(user, turn.now);
        }
    }

    fn done(&mut self, ticket: Ticket, group: GroupId, turn: &mut Turn<'_>) {
        let name = format!("#{}", self.world.group_name(group));
        match self.asked.remove(&ticket) {
            Some(Asked::Create(name)) => {
                self.open(ConversationId::Group(group), turn);
                turn.news(format!("#{name} is made; ask others in with /invite"));
            }
            Some(Asked::Join(_) | Asked::UseLink(..)) => {
                self.open(ConversationId::Group(group), turn);
                turn.news(format!("you are in {name} now"));
            }
            Some(Asked::Leave(_)) => turn.news(format!("you are not in {name} any more")),
            Some(Asked::Change(_, GroupChange::Invite(user))) => {
                turn.news(format!("{} is asked into {name}", self.world.name(&user)));
            }
            Some(Asked::Lifetime(lifetime)) => Self::lifetime_is_set(lifetime, turn),
            // Of the rest a line in the conversation tells.
            Some(
                Asked::Change(..)
                | Asked::Alter
                | Asked::Send(_)
                | Asked::Poll(..)
                | Asked::SendToEach(..)
                | Asked::List(_)
                | Asked::SendFile(..)
                | Asked::File
                | Asked::Fetch(_)
                | Asked::Picture(..)
                | Asked::Thumbnail(..)
                | Asked::Room(..)
                | Asked::Verify(..)
                | Asked::AcceptKey(_)
                | Asked::Compare(_)
                | Asked::Block(..)
                | Asked::Unread(_)
                | Asked::MakeLink
                | Asked::RevokeLink,
            )
            | None => {}
        }
    }

    /// A group is new or otherwise than before. That somebody asks us in is told, and what to press.
    fn group_told(&mut self, view: GroupView, turn: &mut Turn<'_>) {
        let before = self.world.group(view.group.id).map(|view| &view.standing);
        if let Standing::Invited(by) = &view.standing
            && self.ready
            && before != Some(&view.standing)
        {
            let name = &view.group.name;
            let words = turn.keymap.filled("{show-groups}, then Enter on it goes in, d declines");
            turn.news(format!("{} asks you into #{name}: {words}", self.world.name(by)));
        }
        self.world.note_group(view);
    }

    fn refused(&mut self, ticket: Ticket, why: &str, turn: &mut Turn<'_>) {
        self.find_refused(ticket);
        let name = |id| format!("#{}", self.world.group_name(id));
        match self.asked.remove(&ticket) {
            Some(Asked::Unread(conversation)) => {
                self.kept_unread &= self.open.as_ref() != Some(&conversation);
                turn.error(format!("{} was not marked: {why}", self.label(&conversation)));
            }
            Some(Asked::Send(conversation)) => {
                turn.error(format!("not sent: {why}"));
                let Some(chat) = self.chats.get_mut(&conversation) else { return };
                let Some(text) = chat.take_echo(ticket) else { return };
                // What is being written stays, below what came back.
                let draft = chat.draft.take();
                chat.draft.insert(text.as_str());
                if !draft.is_empty() {
                    chat.draft.insert(&format!("\n{draft}"));
                }
                self.keep_draft(&conversation, turn);
            }
            Some(Asked::Poll(to, line)) => self.poll_refused(ticket, &to, &line, why, turn),
            Some(Asked::SendToEach(to, text)) => self.not_sent_to_one(to, &text, why, turn),
            Some(Asked::List(list)) => turn.error(format!("the list {list} is as it was: {why}")),
            Some(Asked::Create(name)) => turn.error(format!("#{name} was not made: {why}")),
            Some(Asked::Join(id)) => turn.error(format!("not joined {}: {why}", name(id))),
            Some(Asked::Leave(id)) => turn.error(format!("not left {}: {why}", name(id))),
            Some(Asked::Change(id, GroupChange::Invite(user))) => {
                turn.error(format!("{user} was not asked into {}: {why}", name(id)));
            }
            Some(Asked::Change(id, _)) => turn.error(format!("{} is as it was: {why}", name(id))),
            Some(Asked::Room(room, true)) => {
                turn.error(format!("not in {}: {why}", room_label(&room)));
            }
            Some(Asked::Room(room, false)) => {
                turn.error(format!("not left {}: {why}", room_label(&room)));
            }
            Some(Asked::Verify(user, true)) => turn.error(format!("{user} is not verified: {why}")),
            Some(Asked::SendFile(to, path)) => self.file_refused(&to, &path, why, turn),
            Some(Asked::Picture(message, size)) => self.picture_refused((message, size), why, turn),
            // The line of the file stays all there is of it.
            Some(Asked::Thumbnail(message, size)) => self.keep_thumbnail((message, size), None, turn),
            Some(
                Asked::Alter | Asked::Lifetime(_) | Asked::File | Asked::MakeLink | Asked::RevokeLink,
            ) => {
                turn.error(format!("not done: {why}"));
            }
            Some(Asked::Fetch(message)) => {
                turn.error(format!("not done: {why}"));
                self.not_saved(message);
            }
            Some(Asked::UseLink(..)) => turn.error(format!("not asked: {why}")),
            Some(Asked::Verify(_, false) | Asked::AcceptKey(_)) | None => turn.error(why),
            Some(Asked::Compare(user)) => {
                turn.error(format!("no emoji are compared with {user}: {why}"))
            }
            Some(Asked::Block(user, true)) => turn.error(format!("{user} is not blocked: {why}")),
            Some(Asked::Block(user, false)) => turn.error(format!("{user} is not unblocked: {why}")),
        }
    }
}

/// What waits in the outbox, after something was sent again or not.
fn outbox(total: u64, changed: u64) -> String {
    let count = |n: u64, noun| counted(usize::try_from(n).unwrap_or(usize::MAX), noun);
    match (changed, total) {
        (1.., _) => format!("sending again: {}", count(changed, "message")),
        (0, 0) => "the outbox is empty".to_owned(),
        (0, 1) => "1 letter waits in the outbox".to_owned(),
        (0, _) => format!("{} wait in the outbox", count(total, "letter")),
    }
}
