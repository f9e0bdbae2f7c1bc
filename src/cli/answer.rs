//! Asking the session for something, and waiting for its answer.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Error;
use super::attached::{Attached, Heard};
use crate::engine::{Command, Ticket, Update};

/// The ticket of what is asked here: one thing at a time.
pub(super) const TICKET: Ticket = Ticket(1);

/// How long a session may take for what needs no broker: it works out a number, and writes to a disk.
const ANSWERING: Duration = Duration::from_secs(10);

/// Asks with [`TICKET`], anew where the session ended and another was joined, until `find` finds the answer in what is
/// told. `patience` is for what the broker has its part in.
///
/// # Errors
/// [`Error::Refused`] as the session says; where no answer comes in time, that or, with `patience`,
/// [`Error::Unreachable`]; and what a session brings.
pub(super) async fn answer<T>(
    attached: &mut Attached,
    ask: Command,
    patience: Option<Duration>,
    mut find: impl FnMut(Update) -> Option<T>,
) -> Result<T, Error> {
    let deadline = Instant::now() + patience.unwrap_or(ANSWERING);
    attached.ask(ask.clone()).await;
    loop {
        let Ok(update) = timeout_at(deadline, attached.recv()).await else {
            return Err(match patience {
                Some(_) => Error::Unreachable("it did not answer in time".to_owned()),
                None => Error::Refused("the session does not answer: try it again".to_owned()),
            });
        };
        match attached.take(update).await? {
            // To do it twice is to do it once.
            Heard::Again => attached.ask(ask.clone()).await,
            Heard::Update(Update::Refused { ticket: TICKET, why }) => return Err(Error::Refused(why)),
            Heard::Update(update) => {
                if let Some(found) = find(update) {
                    return Ok(found);
                }
            }
        }
    }
}

/// The same for what the session only agrees to.
///
/// # Errors
/// Those of [`answer`].
pub(super) async fn agreed(
    attached: &mut Attached,
    ask: Command,
    patience: Option<Duration>,
) -> Result<(), Error> {
    let is_agreed = |update| matches!(update, Update::Agreed { ticket: TICKET }).then_some(());
    answer(attached, ask, patience, is_agreed).await
}
