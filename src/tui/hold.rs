//! What the loop holds for each account that is open in the window: its session or the attempt to begin one, the paths that
//! are looked at for it, its time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::app::{SeatId, SignError, SignUpForm, Start};
use super::backend::{Backend, Connected};
use super::effects::Running;
use super::looking::{Looked, Looking};
use crate::domain::{Passphrase, UserName};
use crate::engine::{Command, Update};

/// An attempt to sign up or in that is under way.
type Attempt = Pin<Box<dyn Future<Output = Result<Connected, SignError>>>>;

/// What is attempted.
pub enum Sign {
    /// To register a name, and sign it in.
    Up(SignUpForm),
    /// To sign in, with a passphrase if somebody typed one.
    In(UserName, Option<Passphrase>),
}

/// What woke the loop for one account.
pub enum Woken {
    Update(Update),
    Signed(Result<Connected, SignError>),
    Looked(Looked),
    Timer,
}

/// What the loop holds for one account.
pub struct Hold<B> {
    pub id: SeatId,
    pub backend: Arc<B>,
    /// The profile that it was opened by, where one was.
    pub profile: Option<String>,
    pub running: Option<Running>,
    pub looking: Looking,
    pub timer: Option<Instant>,
    attempt: Option<Attempt>,
}

impl<B: Backend + 'static> Hold<B> {
    /// What there is to sign in to, where this backend keeps it.
    pub fn start(backend: &B, profile: Option<String>, sign_in: Option<UserName>) -> Start {
        let (accounts, broker, data_dir) = (backend.accounts(), backend.broker(), backend.data_dir());
        let asks_invite = backend.asks_invite();
        Start { accounts, broker, asks_invite, data_dir, profile, sign_in }
    }

    /// Begins to sign up or in once all sessions that end have ended: one of them may hold the account.
    pub fn sign(&mut self, sign: Sign, farewells: &Farewells) {
        let (backend, ended) = (Arc::clone(&self.backend), farewells.clone());
        self.attempt = Some(Box::pin(async move {
            ended.over().await;
            match sign {
                Sign::Up(form) => backend.sign_up(form).await,
                Sign::In(user, passphrase) => backend.sign_in(user, passphrase).await,
            }
        }));
    }
}

impl<B> Hold<B> {
    pub fn new(id: SeatId, backend: Arc<B>, profile: Option<String>) -> Self {
        let looking = Looking::default();
        Self { id, backend, profile, running: None, looking, timer: None, attempt: None }
    }

    pub fn is_signing(&self) -> bool {
        self.attempt.is_some()
    }

    pub fn cancel_sign(&mut self) {
        self.attempt = None;
    }

    /// Lets the session go.
    pub fn drop_session(&mut self) -> Option<Running> {
        self.looking.forget_written();
        self.running.take()
    }

    /// Passes a command on; otherwise what to tell the person.
    pub fn send(&mut self, command: Command) -> Option<Update> {
        self.running.as_mut().and_then(|running| running.send(command))
    }

    /// What comes next. Nothing is lost when this is dropped before it is done.
    async fn next(&mut self) -> Woken {
        let Self { running, attempt, looking, timer, .. } = self;
        tokio::select! {
            biased;
            update = update(running) => Woken::Update(update),
            outcome = signed(attempt) => {
                *attempt = None;
                Woken::Signed(outcome)
            }
            looked = looking.next() => Woken::Looked(looked),
            () = until(*timer) => {
                *timer = None;
                Woken::Timer
            }
        }
    }
}

/// What comes next for any of them. Who had something goes to the end: a flood for one holds nobody else up.
pub async fn next<B>(holds: &mut [Hold<B>]) -> (SeatId, Woken) {
    let mut waiting: Vec<_> = holds.iter_mut().map(|hold| Box::pin(hold.next())).collect();
    let (at, woken) = poll_fn(|context| {
        for (at, next) in waiting.iter_mut().enumerate() {
            if let Poll::Ready(woken) = next.as_mut().poll(context) {
                return Poll::Ready((at, woken));
            }
        }
        Poll::Pending
    })
    .await;
    drop(waiting);
    (to_end(holds, at), woken)
}

/// What a session of any of them has said already; likewise.
pub fn ready<B>(holds: &mut [Hold<B>]) -> Option<(SeatId, Update)> {
    let said = |hold: &mut Hold<B>| hold.running.as_mut().and_then(Running::ready);
    let (at, update) = holds.iter_mut().enumerate().find_map(|(at, hold)| Some((at, said(hold)?)))?;
    Some((to_end(holds, at), update))
}

fn to_end<B>(holds: &mut [Hold<B>], at: usize) -> SeatId {
    let id = holds[at].id;
    holds[at..].rotate_left(1);
    id
}

/// Sessions that end while others go on.
#[derive(Clone)]
pub struct Farewells {
    /// How many there are.
    count: watch::Sender<usize>,
}

impl Default for Farewells {
    fn default() -> Self {
        Self { count: watch::Sender::new(0) }
    }
}

impl Farewells {
    /// Ends a session beside the loop.
    pub fn say(&self, running: Running) {
        let count = self.count.clone();
        count.send_modify(|count| *count += 1);
        tokio::spawn(async move {
            running.end().await;
            count.send_modify(|count| *count -= 1);
        });
    }

    /// Waits until all have ended.
    pub async fn over(&self) {
        // It fails where nobody can say any more how many there are, and we can.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }
}

pub async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn update(running: &mut Option<Running>) -> Update {
    match running {
        Some(running) => running.next().await,
        None => std::future::pending().await,
    }
}

async fn signed(attempt: &mut Option<Attempt>) -> Result<Connected, SignError> {
    match attempt {
        Some(attempt) => attempt.await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_flood_for_one_holds_nobody_else_up() {
        let (commands, _engine) = mpsc::channel(1);
        let mut seats = Vec::new();
        let mut holds = Vec::new();
        for updates in [9, 3] {
            let (says, heard) = mpsc::channel(updates);
            (0..updates).for_each(|_| says.try_send(Update::Ready).unwrap());
            let id = SeatId::nth(u32::try_from(seats.len()).unwrap());
            seats.push((id, says));
            let running = Running::new(Connected { commands: commands.clone(), updates: heard });
            holds.push(Hold { running: Some(running), ..Hold::new(id, Arc::new(()), None) });
        }
        let (flood, other) = (seats[0].0, seats[1].0);
        let mut served = Vec::new();
        for _ in 0..2 {
            served.push(next(&mut holds).await.0);
            served.extend(ready(&mut holds).map(|(id, _)| id));
        }
        assert_eq!(served, [flood, other, flood, other]);
        let rest: Vec<_> = std::iter::from_fn(|| ready(&mut holds)).map(|(id, _)| id).collect();
        assert_eq!(rest[..3], [flood, other, flood]);
        assert_eq!(rest.len(), 8);
    }
}
