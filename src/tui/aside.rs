//! Files of the person are read beside the loop: a disk may be slow.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;

use tokio::task::spawn_blocking;

use super::app::{Event, SeatId};
use crate::domain::clean_line;

/// A file to read for somebody, and what comes of it.
type Reading = (SeatId, Pin<Box<dyn Future<Output = Event>>>);

/// What is read beside the loop, one after the other as it was asked for.
#[derive(Default)]
pub(super) struct Aside(VecDeque<Reading>);

impl Aside {
    /// Reads something once all that was asked for before is read; `told` tells what came of it.
    pub fn read<T: Send + 'static>(
        &mut self,
        seat: SeatId,
        read: impl FnOnce() -> Result<T, Vec<String>> + Send + 'static,
        told: impl FnOnce(Result<T, Vec<String>>) -> Event + 'static,
    ) {
        self.0.push_back((
            seat,
            Box::pin(async move {
                told(spawn_blocking(read).await.unwrap_or_else(|failure| {
                    Err(vec![clean_line(&format!("nothing was read, by a fault of Cooee: {failure}"))])
                }))
            }),
        ));
    }

    /// What came of the next file; waits for ever where none is read. Nothing is lost when this is dropped.
    pub async fn next(&mut self) -> (SeatId, Event) {
        let Some((seat, reading)) = self.0.front_mut() else { return std::future::pending().await };
        let (seat, event) = (*seat, reading.await);
        self.0.pop_front();
        (seat, event)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Asks for something; what came of it is told as that of a theme.
    fn ask(aside: &mut Aside, read: impl FnOnce() -> Vec<String> + Send + 'static) {
        let told = |read: Result<(), _>| Event::Themed(Err(read.unwrap_err()));
        aside.read(SeatId::default(), move || Err(read()), told);
    }

    async fn told(aside: &mut Aside) -> String {
        let (_, Event::Themed(Err(words))) = aside.next().await else { panic!("a theme") };
        words.concat()
    }

    #[tokio::test]
    async fn all_that_was_asked_for_is_told_in_that_order() {
        let mut aside = Aside::default();
        let (go_on, waits) = mpsc::channel();
        ask(&mut aside, move || waits.recv().unwrap());
        ask(&mut aside, || vec!["second".to_owned()]);
        tokio::select! {
            biased;
            _ = aside.next() => panic!("it is not read yet"),
            () = tokio::task::yield_now() => {}
        }
        go_on.send(vec!["first".to_owned()]).unwrap();
        assert_eq!(told(&mut aside).await, "first");
        assert_eq!(told(&mut aside).await, "second");
    }

    #[tokio::test]
    async fn a_fault_is_told_and_the_next_is_read() {
        let mut aside = Aside::default();
        ask(&mut aside, || panic!("out of\nluck"));
        ask(&mut aside, || vec!["second".to_owned()]);
        let said = told(&mut aside).await;
        assert!(said.starts_with("nothing was read, by a fault of Cooee: "), "{said}");
        assert!(said.contains("out of") && !said.contains('\n'), "{said}");
        assert_eq!(told(&mut aside).await, "second");
    }
}
