//! The life of the link: connect, serve, wait, connect again.

use std::time::Duration;

use rumqttc::NetworkOptions;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{LastWill, LastWillProperties};
use rumqttc::v5::{AsyncClient, MqttOptions};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::backoff::Backoff;
use super::driver::{self, End};
use super::reason::Cause;
use super::{
    Dial, Dialer, Event, INFLIGHT_LIMIT, Identity, RECEIVE_MAXIMUM, Request, SESSION_EXPIRY, WILL_DELAY,
};
use crate::protocol::limits::PACKET;

/// How many requests rumqttc takes in advance; what does not fit waits in the driver.
pub(super) const REQUEST_CAPACITY: usize = 64;

/// A connection that held for so long is a good one, and the next attempt comes at once. One that ends
/// sooner may end again: two programs with one session throw each other out, and a broker may hang up at
/// what we say first.
const STEADY: Duration = Duration::from_secs(10);

/// rumqttc panics below this.
const SHORTEST_KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Connects until it is asked to close.
pub(super) async fn run(
    identity: Identity,
    mut dialer: impl Dialer,
    mut requests: mpsc::Receiver<Request>,
    events: mpsc::Sender<Event>,
) {
    let mut backoff = Backoff::default();
    let mut asked_for = false;
    // Numbers connections, so that no acknowledgement strays into a later one.
    for number in 0u64.. {
        if events.send(Event::Connecting).await.is_err() {
            return;
        }
        let begun = Instant::now();
        let (reason, retry_in, refusal) = match dialer.dial(asked_for).await {
            Err(error) => (error.reason, error.retry.then(|| backoff.next(fastrand::f64())), None),
            Ok(dial) => match serve(&identity, dial, number, &mut requests, &events).await {
                End::Closed => {
                    let _ = events.send(Event::Closed).await;
                    return;
                }
                End::Abandoned => return,
                End::Lost(cause) => {
                    if begun.elapsed() >= STEADY {
                        backoff.reset();
                    }
                    let wait =
                        if cause.passing { backoff.next(fastrand::f64()) } else { backoff.long() };
                    (cause.words, Some(wait), cause.refusal)
                }
            },
        };
        tracing::info!(%reason, ?retry_in, "the link is down");
        if events.send(Event::Down { reason, retry_in, refusal }).await.is_err() {
            return;
        }
        asked_for = match wait(retry_in, &mut dialer, &mut requests).await {
            Waited::Long => false,
            Waited::AskedFor => true,
            Waited::Closed => {
                let _ = events.send(Event::Closed).await;
                return;
            }
        };
    }
}

async fn serve(
    identity: &Identity,
    dial: Dial,
    number: u64,
    requests: &mut mpsc::Receiver<Request>,
    events: &mpsc::Sender<Event>,
) -> End {
    let options = match options(identity, &dial) {
        Ok(options) => options,
        Err(words) => return End::Lost(Cause::passing(words)),
    };
    let (client, eventloop) = AsyncClient::new(options, REQUEST_CAPACITY);
    driver::Driver::new(client, dial.address, dial.epoch, number).run(eventloop, requests, events).await
}

pub(super) fn options(identity: &Identity, dial: &Dial) -> Result<MqttOptions, String> {
    let address = &dial.address;
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    let mut options = address.options(&identity.client_id)?;
    options
        .set_keep_alive(identity.keep_alive.max(SHORTEST_KEEP_ALIVE))
        .set_clean_start(!identity.keep_session)
        .set_manual_acks(true)
        .set_receive_maximum(Some(RECEIVE_MAXIMUM))
        .set_max_packet_size(Some(PACKET))
        .set_session_expiry_interval(identity.keep_session.then(|| seconds(SESSION_EXPIRY)))
        .set_outgoing_inflight_upper_limit(INFLIGHT_LIMIT)
        .set_network_options(network);
    if let Some(will) = &dial.will {
        let properties = LastWillProperties {
            delay_interval: Some(seconds(WILL_DELAY)),
            payload_format_indicator: None,
            message_expiry_interval: Some(seconds(will.expiry)),
            content_type: None,
            response_topic: None,
            correlation_data: None,
            user_properties: Vec::new(),
        };
        let payload = will.payload.clone();
        let will = LastWill::new(&will.topic, payload, QoS::AtLeastOnce, true, Some(properties));
        options.set_last_will(will);
    }
    Ok(options)
}

/// Whole seconds, as MQTT counts.
pub(super) fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

enum Waited {
    Long,
    AskedFor,
    Closed,
}

/// Waits for the next attempt. What is asked for meanwhile is dropped, as there is no connection.
async fn wait(
    retry_in: Option<Duration>,
    dialer: &mut impl Dialer,
    requests: &mut mpsc::Receiver<Request>,
) -> Waited {
    let pause = async {
        match retry_in {
            Some(wait) => sleep(wait).await,
            None => dialer.returned().await,
        }
    };
    tokio::pin!(pause);
    loop {
        tokio::select! {
            () = &mut pause => return Waited::Long,
            request = requests.recv() => match request {
                None | Some(Request::Close) => return Waited::Closed,
                Some(Request::ConnectNow) => return Waited::AskedFor,
                Some(_) => {}
            },
        }
    }
}
