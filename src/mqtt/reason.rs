//! rumqttc's errors and the broker's reason codes, in words for a person.

use rumqttc::v5::mqttbytes as packets;
use rumqttc::v5::mqttbytes::v5::{
    ConnectReturnCode, DisconnectReasonCode, PubAckReason, SubscribeReasonCode,
};
use rumqttc::v5::{ConnectionError, StateError};

use super::{Address, Outcome, tls};

/// Why a broker does not want us, where that is about who we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It knows the name with another password, or not at all (reason 0x86).
    Login,
    /// We may not connect (reason 0x87); to a built-in broker on a network not without an invite.
    NotAuthorized,
    /// The session of our client id is somebody else's (reason 0x85).
    ClientId,
}

/// Why a connection was lost or refused.
pub(super) struct Cause {
    /// In words for a person.
    pub words: String,
    /// Whether trying again soon may help.
    pub passing: bool,
    /// What the broker refused.
    pub refusal: Option<Refusal>,
}

impl Cause {
    pub fn passing(words: impl Into<String>) -> Self {
        Self { words: words.into(), passing: true, refusal: None }
    }

    fn lasting(words: impl Into<String>) -> Self {
        Self { words: words.into(), passing: false, refusal: None }
    }
}

/// `was_up`: whether this connection has spoken MQTT 5 before.
pub(super) fn of_error(error: &ConnectionError, address: &Address, was_up: bool) -> Cause {
    let place = address.place();
    // rumqttc names what it could not read by no source.
    let source: &(dyn std::error::Error + 'static) = match error {
        ConnectionError::MqttState(StateError::Deserialization(packets::Error::Io(e))) => e,
        other => other,
    };
    if let Some(words) = tls::words(source) {
        return Cause::lasting(format!("no TLS with {place}: {words}"));
    }
    match error {
        ConnectionError::Timeout(_) => Cause::passing(format!("no answer from {place}")),
        ConnectionError::Io(e) => Cause::passing(of_io(e, &place)),
        ConnectionError::MqttState(state) => of_state(state, address, was_up),
        ConnectionError::ConnectionRefused(code) => of_refusal(*code, address),
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

fn of_state(state: &StateError, address: &Address, was_up: bool) -> Cause {
    let place = &address.place();
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
        StateError::ConnFail { reason } => of_refusal(*reason, address),
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

fn of_refusal(code: ConnectReturnCode, address: &Address) -> Cause {
    use ConnectReturnCode as Code;
    let place = address.place();
    let own = address.login.as_ref().is_some_and(|login| login.own);
    let refused = |refusal, words: String| Cause { refusal: Some(refusal), ..Cause::lasting(words) };
    match code {
        Code::BadUserNamePassword | Code::BadAuthenticationMethod if own => refused(
            Refusal::Login,
            format!(
                "{place} refuses the sign-in (0x86, bad user name or password): it knows this name with \
                 another credential. Somebody else has the name there, or this account signed up on another \
                 broker; where whoever runs it gave you a user name and a password, put them into the address"
            ),
        ),
        Code::BadUserNamePassword | Code::NotAuthorized if address.login.is_none() => refused(
            Refusal::Login,
            format!(
                "{place} refuses the sign-in without a user name ({}): put user name and password into the \
                 address; a built-in broker on a network is reached by mqtts:// or wss:// and wants an invite",
                if code == Code::NotAuthorized {
                    "0x87, not authorized"
                } else {
                    "0x86, bad user name or password"
                }
            ),
        ),
        Code::BadUserNamePassword | Code::BadAuthenticationMethod => refused(
            Refusal::Login,
            format!(
                "{place} refuses the sign-in (0x86, bad user name or password): check user name and password"
            ),
        ),
        Code::NotAuthorized if own => refused(
            Refusal::NotAuthorized,
            format!(
                "{place} refuses the sign-in (0x87, not authorized): a built-in broker on a network wants an \
                 invite that is still good. Ask whoever runs it (`cooee broker invite`), and give it as you sign \
                 up, on the first screen or with `cooee sign-up --invite`; any other broker wants a user name and a \
                 password in its address"
            ),
        ),
        Code::NotAuthorized => refused(
            Refusal::NotAuthorized,
            format!(
                "{place} refuses the sign-in (0x87, not authorized): check user name and password, and what \
                 the broker lets this user do"
            ),
        ),
        Code::UnsupportedProtocolVersion => Cause::lasting(format!(
            "{place} does not speak MQTT 5 (unsupported protocol version): use another broker"
        )),
        Code::ClientIdentifierNotValid => refused(
            Refusal::ClientId,
            format!(
                "{place} refuses our client identifier (0x85): the session belongs to another login there"
            ),
        ),
        Code::Banned => Cause::lasting(format!("{place} has banned this client (0x8A)")),
        Code::QuotaExceeded => Cause::passing(format!(
            "{place} has enough of us (0x97, quota exceeded): too many connections of this account at one time"
        )),
        Code::ConnectionRateExceeded => Cause::passing(format!(
            "{place} asks us to slow down (0x9F): too many connections in a short time"
        )),
        code => Cause::passing(format!("{place} refuses the connection: {code:?}")),
    }
}

pub(super) fn of_suback(code: &SubscribeReasonCode) -> String {
    match code {
        SubscribeReasonCode::NotAuthorized => "not authorized (0x87)".to_owned(),
        other => format!("{other:?}"),
    }
}

pub(super) fn of_puback(reason: PubAckReason) -> Outcome {
    match reason {
        PubAckReason::Success => Outcome::Taken,
        PubAckReason::NoMatchingSubscribers => Outcome::NobodyListens,
        PubAckReason::NotAuthorized => {
            Outcome::Refused("the broker does not allow it (0x87, not authorized)".into())
        }
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
    use crate::mqtt::Login;

    #[test]
    fn garbage_is_another_protocol_at_first_and_a_broken_link_later() {
        let address = Address::plain("lan", 1883);
        let garbage = || ConnectionError::MqttState(StateError::WrongPacket);
        let at_first = of_error(&garbage(), &address, false);
        assert!(!at_first.passing && at_first.words.contains("does not speak MQTT 5"));
        assert!(of_error(&garbage(), &address, true).passing);
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let broken = StateError::Deserialization(packets::Error::Io(reset));
        assert!(of_error(&ConnectionError::MqttState(broken), &address, false).passing);
    }

    #[test]
    fn a_refusal_says_what_to_do_about_it() {
        let login = |own| Some(Login { user: "al".into(), password: "secret".into(), own });
        let words =
            |code, login| of_refusal(code, &Address { login, ..Address::plain("lan", 1883) }).words;
        for (code, login, told) in [
            (
                ConnectReturnCode::BadUserNamePassword,
                login(true),
                ["0x86", "Somebody else has the name"],
            ),
            (
                ConnectReturnCode::BadUserNamePassword,
                login(false),
                ["0x86", "check user name and password"],
            ),
            (ConnectReturnCode::BadUserNamePassword, None, ["0x86", "mqtts:// or wss://"]),
            (ConnectReturnCode::NotAuthorized, login(true), ["0x87", "--invite"]),
            (
                ConnectReturnCode::NotAuthorized,
                login(false),
                ["0x87", "what the broker lets this user do"],
            ),
            (ConnectReturnCode::NotAuthorized, None, ["0x87", "user name and password into"]),
            (ConnectReturnCode::ClientIdentifierNotValid, login(true), ["0x85", "another login"]),
            (ConnectReturnCode::QuotaExceeded, login(true), ["0x97", "too many connections"]),
            (ConnectReturnCode::ConnectionRateExceeded, login(true), ["0x9F", "slow down"]),
        ] {
            let words = words(code, login);
            assert!(
                told.iter().all(|told| words.contains(told)) && !words.contains("secret"),
                "{words}"
            );
        }
    }

    #[test]
    fn refusals_that_time_will_not_change_are_not_hurried() {
        for (code, passing) in [
            (ConnectReturnCode::NotAuthorized, false),
            (ConnectReturnCode::UnsupportedProtocolVersion, false),
            (ConnectReturnCode::ServerUnavailable, true),
            (ConnectReturnCode::ServerBusy, true),
        ] {
            let address = Address::plain("lan", 1883);
            assert_eq!(of_refusal(code, &address).passing, passing, "{code:?}");
        }
    }
}
