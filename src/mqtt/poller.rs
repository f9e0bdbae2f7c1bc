//! The task that does nothing but poll.

use std::time::Duration;

use rumqttc::Outgoing;
use rumqttc::v5::{ConnectionError, Event, EventLoop};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// Why polling ended.
pub(super) enum Ended {
    Failed(ConnectionError),
    /// The link stalled: nothing came, not even the answer to a ping.
    Silent,
    /// We disconnected, or the driver is gone.
    Done,
}

/// Polls until the connection is lost, and passes on what happens.
///
/// rumqttc notices a missing answer to a ping only at the next one, two keep-alives after the last word
/// of the broker, and its `poll` can hang on a stalled socket. So an answer has half a keep-alive to come:
/// a cut is noticed within one and a half.
pub(super) async fn run(mut eventloop: EventLoop, events: mpsc::Sender<Event>) -> Ended {
    let keep_alive = eventloop.options.keep_alive();
    let idle = 2 * keep_alive + Duration::from_secs(2);
    let mut deadline = Instant::now() + idle;
    let mut awaiting_answer = false;
    loop {
        let event = match timeout_at(deadline, eventloop.poll()).await {
            Ok(Ok(event)) => event,
            Ok(Err(error)) => {
                // What was read together with the end of the connection: mosquitto 2.0 hangs up right after
                // it has refused a publish, and its answer says which and why.
                for event in std::mem::take(&mut eventloop.state.events) {
                    if events.send(event).await.is_err() {
                        return Ended::Done;
                    }
                }
                return Ended::Failed(error);
            }
            Err(_) => return Ended::Silent,
        };
        match &event {
            Event::Incoming(_) => awaiting_answer = false,
            Event::Outgoing(Outgoing::PingReq) => {
                awaiting_answer = true;
                deadline = Instant::now() + keep_alive / 2;
            }
            Event::Outgoing(_) => {}
        }
        if !awaiting_answer {
            deadline = Instant::now() + idle;
        }
        let done = matches!(event, Event::Outgoing(Outgoing::Disconnect));
        if events.send(event).await.is_err() || done {
            return Ended::Done;
        }
    }
}
