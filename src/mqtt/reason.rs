//! rumqttc's errors and the broker's reason codes, in words for a person.

use rumqttc::v5::mqttbytes as packets;
use rumqttc::v5::mqttbytes::v5::{ConnectReturnCode, DisconnectReasonCode, PubAckReason};
use rumqttc::v5::{ConnectionError, StateError};

use super::{Address, Outcome};

/// Why a connection was lost or refused.
pub(super) struct Cause {
    /// In words for a person.
    pub words: String,
    /// Whether trying again soon may help.
    pub passing: bool,
}

impl Cause {
    pub fn passing(words: impl Into<String>) -> Self {
        Self { words: words.into(), passing: true }
    }

    fn lasting(words: impl Into<String>) -> Self {
        Self { words: words.into(), passing: false }
    }
}

/// `was_up`: whether this connection has spoken MQTT 5 before.
pub(super) fn of_error(error: &ConnectionError, address: &Address, was_up: bool) -> Cause {
    let place = format!("{}:{}", address.host, address.port);
    match error {
        ConnectionError::Timeout(_) => Cause::passing(format!("no answer from {place}")),
        ConnectionError::Io(e) => Cause::passing(of_io(e, &place)),
        ConnectionError::MqttState(state) => of_state(state, &place, was_up),
        ConnectionError::ConnectionRefused(code) => of_refusal(*code, &place),
        ConnectionError::Tls(e) => Cause::lasting(format!("no TLS with {place}: {e}")),
        ConnectionError::NotConnAck(_) => {
            Cause::lasting(format!("what listens at {place} does not speak MQTT 5"))
        }
        ConnectionError::Websocket(_)
        | ConnectionError::WsConnect(_)
        | ConnectionError::InvalidUrl(_)
        | ConnectionError::ResponseValidation(_) => {
            Cause::lasting(format!("no websocket with {place}: {error}"))
        }
        ConnectionError::RequestsDone => Cause::passing("the connection was closed"),
    }
}

fn of_io(error: &std::io::Error, place: &str) -> String {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, UnexpectedEof};
    match error.kind() {
        ConnectionRefused => format!("nothing answers at {place}"),
        ConnectionReset | ConnectionAborted | UnexpectedEof => "the broker closed the connection".into(),
        _ => format!("{place}: {error}"),
    }
}

fn of_state(state: &StateError, place: &str, was_up: bool) -> Cause {
    match state {
        StateError::Io(e) => Cause::passing(of_io(e, place)),
        StateError::ConnectionAborted => Cause::passing("the broker closed the connection"),
        StateError::AwaitPingResp => Cause::passing("the broker does not answer any more"),
        StateError::ServerDisconnect { reason_code, .. } => match reason_code {
            DisconnectReasonCode::SessionTakenOver => {
                Cause::lasting("another program took this session over")
            }
            DisconnectReasonCode::ServerShuttingDown => Cause::passing("the broker is shutting down"),
            code => Cause::passing(format!("the broker hung up: {code:?}")),
        },
        StateError::ConnFail { reason } => of_refusal(*reason, place),
        // It dies while we wait for its first word, or in the middle of that.
        StateError::Deserialization(packets::Error::Io(_)) => {
            Cause::passing("the connection to the broker broke off")
        }
        // A broker that dies in the middle of a packet.
        StateError::Deserialization(_) | StateError::WrongPacket if was_up => {
            Cause::passing("the connection to the broker broke off")
        }
        StateError::Deserialization(_) | StateError::WrongPacket => {
            Cause::lasting(format!("what listens at {place} does not speak MQTT 5"))
        }
        other => Cause::passing(format!("{place}: {other}")),
    }
}

fn of_refusal(code: ConnectReturnCode, place: &str) -> Cause {
    use ConnectReturnCode as Code;
    match code {
        Code::BadUserNamePassword | Code::NotAuthorized | Code::BadAuthenticationMethod => {
            Cause::lasting(format!("{place} refuses the sign-in: check user name and password"))
        }
        Code::UnsupportedProtocolVersion => Cause::lasting(format!(
            "{place} does not speak MQTT 5 (unsupported protocol version): use another broker"
        )),
        Code::ClientIdentifierNotValid => {
            Cause::lasting(format!("{place} refuses our client identifier"))
        }
        Code::Banned => Cause::lasting(format!("{place} has banned this client")),
        code => Cause::passing(format!("{place} refuses the connection: {code:?}")),
    }
}

pub(super) fn of_puback(reason: PubAckReason) -> Outcome {
    match reason {
        PubAckReason::Success => Outcome::Taken,
        PubAckReason::NoMatchingSubscribers => Outcome::NobodyListens,
        PubAckReason::NotAuthorized => Outcome::Refused("the broker does not allow it".into()),
        PubAckReason::QuotaExceeded => Outcome::NotNow("the broker's quota is used up".into()),
        PubAckReason::UnspecifiedError | PubAckReason::ImplementationSpecificError => {
            Outcome::NotNow(format!("the broker says {reason:?}"))
        }
        other => Outcome::Refused(format!("the broker says {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_another_protocol_at_first_and_a_broken_link_later() {
        let address = Address { host: "lan".into(), port: 1883, tls: false, login: None };
        let garbage = || ConnectionError::MqttState(StateError::WrongPacket);
        let at_first = of_error(&garbage(), &address, false);
        assert!(!at_first.passing && at_first.words.contains("does not speak MQTT 5"));
        assert!(of_error(&garbage(), &address, true).passing);
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let broken = StateError::Deserialization(packets::Error::Io(reset));
        assert!(of_error(&ConnectionError::MqttState(broken), &address, false).passing);
    }

    #[test]
    fn refusals_that_time_will_not_change_are_not_hurried() {
        for (code, passing) in [
            (ConnectReturnCode::NotAuthorized, false),
            (ConnectReturnCode::UnsupportedProtocolVersion, false),
            (ConnectReturnCode::ServerUnavailable, true),
            (ConnectReturnCode::ServerBusy, true),
        ] {
            assert_eq!(of_refusal(code, "lan:1883").passing, passing, "{code:?}");
        }
    }
}
