//! What the session tells, in lines.

use jiff::civil::Date;
use tokio::time::Instant;

use super::{Asked, GATHER, RECENT, Reading, Talk, What, now, text, words};
use crate::cli::attached::Attached;
use crate::cli::output::note;
use crate::cli::send::FETCHED_LATER;
use crate::domain::{
    Alerts, Body, ConversationId, Delivery, Message, MessageId, Person, Summary, UserName, mentions,
};
use crate::engine::{
    ComparisonState, GroupView, KeyView, Link, Notice, Stored, Ticket, Update, Waiting,
};

impl Talk {
    /// Takes in what the session tells; the state of `attached` shows it already.
    pub(super) async fn take(&mut self, update: Update, attached: &Attached) {
        if !self.is_person {
            for message in self.unconfirmed.note(&update) {
                if message.delivery == Some(Delivery::Failed) {
                    let groups = &attached.groups;
                    self.refuse(words::status(&message, Delivery::Failed, groups));
                }
            }
        }
        match update {
            Update::Link(link) => self.link(&link),
            Update::People(people) => self.people(&people),
            Update::Group(view) => self.note_invitation(&view),
            Update::GroupGone(id) if self.open == Some(ConversationId::Group(id)) => {
                self.line("this group is not there any more");
                self.close();
            }
            Update::Summaries(summaries) => self.summaries(&summaries, attached),
            Update::Stored(stored) => {
                for stored in stored {
                    self.stored(stored, attached);
                }
            }
            Update::Delivery { id, delivery, .. } => self.delivery(id, delivery),
            Update::Altered(messages) => messages.into_iter().for_each(|m| self.altered(m)),
            Update::Hidden { id, .. } => self.recent.retain(|message| message.id != id),
            Update::Page { conversation, messages, more_after, .. } => {
                self.page(&conversation, messages, more_after, attached).await;
            }
            Update::Found { ticket, messages, .. } if self.asked.remove(&ticket).is_some() => {
                self.found(&messages, attached);
            }
            Update::Outbox { waiting, total, changed } => {
                self.outbox(&waiting, total, changed, attached);
            }
            Update::Done { ticket, group } => {
                let asked = self.asked.remove(&ticket);
                if let Some(Asked { what: What::Enter | What::Knock(_), .. }) = asked {
                    self.enter(ConversationId::Group(group), attached).await;
                } else {
                    self.agreed(asked);
                }
            }
            Update::Agreed { ticket } | Update::Told { ticket, .. } => {
                match self.asked.remove(&ticket) {
                    Some(Asked { what: What::Knock(host), .. }) => self.line(&format!(
                        "asked to be let in: it is done as soon as the Cooee of {host} hears of it"
                    )),
                    Some(Asked { what: What::Room(room), .. }) => {
                        self.line("this room is not encrypted: everybody on the broker can read and write there");
                        self.enter(room, attached).await;
                    }
                    asked => self.agreed(asked),
                }
            }
            Update::Refused { ticket, why } => self.refused(ticket, &why),
            Update::Keys(view) => self.key(&view),
            Update::Comparison(view) if !view.ours && view.state == ComparisonState::Waiting => {
                let user = &view.user;
                self.line(&format!(
                    "{user} wants to compare emoji, which the full screen does; here /key {user} compares numbers"
                ));
            }
            Update::Notice(Notice::LetIn { name, .. }) => {
                self.line(&format!("you were let into #{name}: /chat #{name} opens it"));
            }
            Update::GroupLink { ticket, link, ends_at, uses } => {
                self.asked.remove(&ticket);
                let end = words::clock(ends_at, now(), &self.zone);
                self.line(&format!(
                    "this link lets {uses} in, until {end}; /invite-link off takes it back:"
                ));
                self.line(&link.to_string());
            }
            Update::File(view) => self.file_moved(&view),
            Update::FileSaved { message, outcome } => self.file_saved(message, outcome),
            Update::Notice(Notice::Info(words) | Notice::Warning(words)) => self.line(&words),
            _ => {}
        }
    }

    fn link(&mut self, link: &Link) {
        match link {
            Link::Up => {
                self.is_down = false;
                self.line("connected");
            }
            Link::Down { reason, .. } if !self.is_down => {
                self.is_down = true;
                self.line(&format!("no connection, trying again: {reason}"));
            }
            Link::Down { .. } | Link::Connecting => {}
        }
    }

    /// Something is told in a moment, with what comes until then.
    fn gather(&mut self) {
        self.news.due.get_or_insert(Instant::now() + GATHER);
    }

    fn people(&mut self, people: &[Person]) {
        for Person { user, availability, blocked, .. } in people {
            let is_online = availability.is_online() && !blocked;
            if *user == self.me || is_online == self.online.contains(user) {
                continue;
            }
            let news = &mut self.news;
            let (here, there) = match is_online {
                true => (&mut news.came, &mut news.went),
                false => (&mut news.went, &mut news.came),
            };
            // Who is back before it was told was never gone.
            if !there.remove(user) {
                here.insert(user.clone());
            }
            match is_online {
                true => self.online.insert(user.clone()),
                false => self.online.remove(user),
            };
            self.gather();
        }
    }

    fn summaries(&mut self, summaries: &[Summary], attached: &Attached) {
        for Summary { conversation, unread, .. } in summaries {
            let before = match unread {
                0 => self.unread.remove(conversation),
                count => self.unread.insert(conversation.clone(), *count),
            };
            let calls = !attached.alerts.contains_key(conversation);
            if *unread > before.unwrap_or(0) && self.open.as_ref() != Some(conversation) && calls {
                self.news.unread.insert(conversation.clone());
                self.gather();
            }
        }
    }

    fn stored(&mut self, stored: Stored, attached: &Attached) {
        let Stored { message, ticket } = stored;
        let asked = ticket.and_then(|ticket| self.asked.remove(&ticket));
        let is_here = self.open.as_ref() == Some(&message.conversation);
        // Whoever types has it on the line above.
        let is_typed = self.is_person && asked.is_some() && message.file.is_none();
        let is_shown = is_here && !is_typed;
        if is_shown || matches!(message.body, Body::KeyChanged) {
            self.line(&words::message(&message, &attached.groups, false, (now(), &self.zone)));
        }
        if matches!(message.body, Body::KeyChanged) {
            let user = &message.sender;
            self.line(&format!(
                "nothing is sent to {user} until you /accept {user}; ask them another way first"
            ));
        }
        if asked.is_some() && self.is_down {
            self.note_status(message.clone(), Delivery::Queued);
        }
        if !is_here && !message.is_ours() {
            self.mentioned(&message, attached);
        }
        if asked.is_some() && !self.is_person {
            if message.file.is_some() {
                note(FETCHED_LATER);
            }
            self.unconfirmed.add(message.clone());
        }
        if is_here {
            self.remember(message);
        }
    }

    fn mentioned(&mut self, message: &Message, attached: &Attached) {
        let is_wanted = attached.alerts.get(&message.conversation) == Some(&Alerts::Mentions);
        if let Body::Text(text) = &message.body
            && is_wanted
            && mentions(text.as_str(), &self.me)
        {
            let place = text::label(&message.conversation, &attached.groups);
            self.line(&format!("{} mentions you in {place}", text::speaker(message)));
        }
    }

    /// A message of the open chat was printed.
    fn remember(&mut self, message: Message) {
        let has_receipts = !matches!(message.conversation, ConversationId::Room(_));
        if message.unseen && has_receipts && !message.is_ours() {
            self.unseen.push(message.letter());
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(message);
    }

    fn delivery(&mut self, id: MessageId, delivery: Delivery) {
        if let Some(message) = self.recent.iter_mut().find(|message| message.id == id) {
            message.delivery = Some(delivery);
            let message = message.clone();
            self.note_status(message, delivery);
        }
    }

    /// How far an event of a group has come is of no interest.
    fn note_status(&mut self, message: Message, delivery: Delivery) {
        if !matches!(message.body, Body::Text(_)) {
            return;
        }
        self.news.statuses.insert(message.id, (message, delivery));
        self.gather();
    }

    fn altered(&mut self, message: Message) {
        let Some(known) = self.recent.iter_mut().find(|known| known.id == message.id) else { return };
        let lines = words::changes(known, &message);
        let is_new = message.letter() != known.letter();
        if is_new && message.unseen && !message.is_ours() {
            self.unseen.push(message.letter());
        }
        *known = message;
        lines.iter().for_each(|line| self.line(line));
    }

    /// Tells what was gathered.
    pub(super) fn tell_news(&mut self, attached: &Attached) {
        let news = std::mem::take(&mut self.news);
        for (users, word) in [(news.came, "online"), (news.went, "offline")] {
            if !users.is_empty() {
                let users: Vec<&UserName> = users.iter().collect();
                self.line(&words::presence(&users, word));
            }
        }
        for conversation in news.unread {
            if let Some(count) = self.unread.get(&conversation) {
                let line = words::unread(&conversation, *count, &attached.groups);
                self.line(&line);
            }
        }
        for (message, delivery) in news.statuses.values() {
            self.line(&words::status(message, *delivery, &attached.groups));
        }
    }

    async fn page(
        &mut self,
        of: &ConversationId,
        messages: Vec<Message>,
        more: bool,
        attached: &Attached,
    ) {
        if self.open.as_ref() != Some(of) {
            return;
        }
        let Some(loading) = self.loading.pop_front() else { return };
        if let Reading::From(day) = loading.reading {
            return self.page_from(day, &messages, more, attached);
        }
        if matches!(loading.reading, Reading::Opening) || messages.len() > self.recent.len() {
            self.recent.clear();
            self.unseen.clear();
        }
        if messages.is_empty() {
            self.line("nothing was said here yet");
        }
        for message in messages {
            self.line(&words::message(&message, &attached.groups, true, (now(), &self.zone)));
            if self.recent.iter().all(|known| known.id != message.id) {
                self.remember(message);
            }
        }
        // Whoever opens a chat or asks for its messages reads them.
        if self.has_prompt {
            self.mark_read(attached).await;
        }
    }

    fn found(&mut self, messages: &[Message], attached: &Attached) {
        if messages.is_empty() {
            self.line("nothing was found");
        }
        // They come with the last one first.
        for message in messages.iter().rev() {
            self.line(&words::message(message, &attached.groups, true, (now(), &self.zone)));
        }
    }

    fn outbox(&mut self, waiting: &[Waiting], total: u64, changed: u64, attached: &Attached) {
        match (changed, total) {
            (1.., _) => self.line(&format!("sending again: {changed}")),
            (0, 0) => self.line("the outbox is empty"),
            (0, _) => self.line(&format!("{total} in the outbox")),
        }
        for letter in waiting.iter().filter(|_| changed == 0) {
            let whose = text::label(&letter.to, &attached.groups);
            let what = letter.message.as_ref().map_or("a notice".to_owned(), words::short);
            self.line(&format!("to {whose}: {what} ({})", text::hop_words(&letter.waits_for)));
        }
    }

    fn agreed(&mut self, asked: Option<Asked>) {
        match asked.map(|asked| asked.what) {
            Some(What::Leave(words)) => {
                self.close();
                self.line(&words);
            }
            Some(What::Save(message)) => self.saving_began(message),
            Some(What::Do(words)) if !words.is_empty() => self.line(&words),
            _ => {}
        }
    }

    fn refused(&mut self, ticket: Ticket, why: &str) {
        match self.asked.remove(&ticket).map(|asked| asked.what) {
            Some(What::Say(said)) => {
                self.refuse(format!("not sent: {why} (it was: {})", words::excerpt(&said)));
            }
            Some(what) => {
                if let What::Save(message) = what {
                    self.saving_refused(message);
                }
                self.refuse(why.to_owned());
            }
            None => {}
        }
    }

    fn key(&mut self, view: &KeyView) {
        let user = &view.user;
        self.line(&format!("{user}: {}", text::trust_word(view.trust)));
        match &view.theirs {
            None => self.line(&format!("no key of {user} is here yet")),
            Some(key) => {
                self.line(&format!("the number that both of you should have: {}", key.safety_number));
                self.line(&format!("`cooee key verify {user}` marks it as compared"));
            }
        }
        if view.claimed.is_some() {
            self.line(&format!("another key stands for {user} now: /accept {user} takes it for theirs"));
        }
    }

    /// Says what was said from a day on. What is answered and changed stays what was said last.
    fn page_from(&mut self, day: Date, messages: &[Message], more: bool, attached: &Attached) {
        let zone = self.zone.clone();
        let said_on = |message: &Message| words::day_of(message.sent_at, &zone);
        match messages.first().map(said_on) {
            None => self.line(&format!("nothing was said here on {day} or later")),
            Some(first) if first != day => self.line(&format!("nothing was said here on {day}")),
            Some(_) => {}
        }
        for message in messages {
            self.line(&words::message(message, &attached.groups, true, (now(), &self.zone)));
        }
        if let Some(last) = messages.last().map(said_on).filter(|_| more) {
            self.line(&format!("there is more: /date with a day from {last} on, or /history"));
        }
    }

    /// No chat is open any more.
    pub(super) fn close(&mut self) {
        self.open = None;
        self.recent.clear();
        self.unseen.clear();
        self.loading.clear();
    }

    /// How a group is called in a line.
    pub(super) fn group_name(view: &GroupView) -> String {
        format!("#{}", view.group.name)
    }
}
