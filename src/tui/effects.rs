//! The running session as the loop holds it: commands go out, updates come in.

use std::collections::VecDeque;

use tokio::sync::mpsc::error::TrySendError;

use super::backend::Connected;
use crate::engine::{Command, Ticket, Update};

/// How many commands may wait while the engine is busy. A person does not get that far ahead.
const WAITING: usize = 256;

/// The running session. The loop never waits for the engine to take a command, because the engine may
/// be waiting for the loop to take an update.
#[derive(Debug)]
pub struct Running {
    link: Connected,
    waiting: VecDeque<Command>,
}

impl Running {
    /// Holds a session that has just begun.
    pub fn new(link: Connected) -> Self {
        Self { link, waiting: VecDeque::new() }
    }

    /// Passes a command on, now or when there is room; otherwise what to tell the person.
    pub fn send(&mut self, command: Command) -> Option<Update> {
        if !self.waiting.is_empty() {
            return self.wait(command);
        }
        match self.link.commands.try_send(command) {
            Ok(()) => None,
            Err(TrySendError::Full(command)) => self.wait(command),
            // The updates say why it ended.
            Err(TrySendError::Closed(_)) => None,
        }
    }

    fn wait(&mut self, command: Command) -> Option<Update> {
        if self.waiting.len() < WAITING {
            self.waiting.push_back(command);
            return None;
        }
        let why = "Cooee is too busy; try again in a moment".to_owned();
        ticket(&command).map(|ticket| Update::Refused { ticket, why })
    }

    /// The next thing the engine says; passes on what waits meanwhile. An engine that is gone has
    /// stopped.
    pub async fn next(&mut self) -> Update {
        loop {
            tokio::select! {
                update = self.link.updates.recv() => {
                    return update.unwrap_or_else(gone);
                }
                Ok(permit) = self.link.commands.reserve(), if !self.waiting.is_empty() => {
                    if let Some(command) = self.waiting.pop_front() {
                        permit.send(command);
                    }
                }
            }
        }
    }

    /// The next thing the engine has said already.
    pub fn ready(&mut self) -> Option<Update> {
        self.link.updates.try_recv().ok()
    }

    /// Ends the session and waits until it has ended.
    pub async fn end(self) {
        let Connected { commands, mut updates } = self.link;
        // What was written last is not to be lost because the engine is busy just now.
        for command in self.waiting {
            if commands.send(command).await.is_err() {
                break;
            }
        }
        drop(commands);
        while let Some(update) = updates.recv().await {
            if matches!(update, Update::Stopped(_)) {
                break;
            }
        }
    }
}

fn gone() -> Update {
    Update::Stopped(Some("the session has ended without saying why".to_owned()))
}

fn ticket(command: &Command) -> Option<Ticket> {
    match command {
        Command::Send { ticket, .. }
        | Command::Poll { ticket, .. }
        | Command::SendFile { ticket, .. }
        | Command::ForwardFile { ticket, .. }
        | Command::FetchFile { ticket, .. }
        | Command::StopFile { ticket, .. }
        | Command::ShowPicture { ticket, .. }
        | Command::Thumbnail { ticket, .. }
        | Command::Alter { ticket, .. }
        | Command::SetLifetime { ticket, .. }
        | Command::SaveList { ticket, .. }
        | Command::CreateGroup { ticket, .. }
        | Command::JoinGroup { ticket, .. }
        | Command::LeaveGroup { ticket, .. }
        | Command::ChangeGroup { ticket, .. }
        | Command::MakeGroupLink { ticket, .. }
        | Command::RevokeGroupLink { ticket, .. }
        | Command::JoinByLink { ticket, .. }
        | Command::JoinRoom { ticket, .. }
        | Command::LeaveRoom { ticket, .. }
        | Command::Verify { ticket, .. }
        | Command::AcceptKey { ticket, .. }
        | Command::Compare { ticket, .. }
        | Command::SameEmoji { ticket, .. }
        | Command::Block { ticket, .. }
        | Command::Find { ticket, .. }
        | Command::Hits { ticket, .. }
        | Command::MarkUnread { ticket, .. } => Some(*ticket),
        Command::Load { .. }
        | Command::MarkRead(_)
        | Command::Star { .. }
        | Command::Archive { .. }
        | Command::Hide(_)
        | Command::Alerts(..)
        | Command::Marked(_)
        | Command::Seen { .. }
        | Command::Info(_)
        | Command::Keys(_)
        | Command::EndComparison(_)
        | Command::Letter(_)
        | Command::Outbox
        | Command::Retry(_)
        | Command::GiveUp(_)
        | Command::Typing(_)
        | Command::KeepDraft { .. }
        | Command::ConnectNow => None,
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::domain::GroupId;

    fn join(n: u64) -> Command {
        Command::JoinGroup { group: GroupId::from_bits(0), ticket: Ticket(n) }
    }

    #[tokio::test]
    async fn a_busy_engine_gets_everything_in_order_and_is_never_waited_for() {
        let (commands, mut received) = mpsc::channel(1);
        let (said, updates) = mpsc::channel(1);
        let mut running = Running::new(Connected { commands, updates });
        for n in 0..=WAITING as u64 {
            assert_eq!(running.send(join(n)), None);
        }
        let refused = running.send(join(999));
        assert!(matches!(refused, Some(Update::Refused { ticket: Ticket(999), .. })));
        let engine = tokio::spawn(async move {
            for n in 0..=WAITING as u64 {
                assert_eq!(received.recv().await, Some(join(n)));
            }
            said.send(Update::Ready).await.unwrap();
        });
        assert_eq!(running.next().await, Update::Ready);
        engine.await.unwrap();
        assert!(
            matches!(running.next().await, Update::Stopped(Some(_))),
            "an engine that is gone has stopped"
        );
    }

    #[tokio::test]
    async fn the_end_waits_for_the_engine_and_passes_on_what_waits() {
        let (commands, mut received) = mpsc::channel(1);
        let (said, updates) = mpsc::channel(1);
        let mut running = Running::new(Connected { commands, updates });
        running.send(join(1));
        running.send(join(2));
        let engine = tokio::spawn(async move {
            let mut all = Vec::new();
            while let Some(command) = received.recv().await {
                all.push(command);
            }
            said.send(Update::Stopped(None)).await.unwrap();
            all
        });
        running.end().await;
        assert_eq!(engine.await.unwrap(), [join(1), join(2)]);
    }
}
