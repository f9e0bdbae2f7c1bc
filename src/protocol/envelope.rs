//! Envelopes: what the broker carries. Everybody on the way can read what stands here, and nothing inside.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};

use super::documents::to_bytes;
use super::{Malformed, VERSION, check_size, limits};
use crate::domain::{DeviceId, GroupId};

/// What is sealed for one device of the recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ciphertext {
    /// The kind of Olm message: 0 begins a session, 1 goes on with one.
    pub kind: u8,
    /// The Olm message.
    pub bytes: Vec<u8>,
}

/// One MQTT payload of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// To a person: one ciphertext for each of their devices.
    Direct(BTreeMap<DeviceId, Ciphertext>),
    /// To a group.
    Group {
        /// Which.
        group: GroupId,
        /// The sender's session.
        session: String,
        /// The Megolm message.
        bytes: Vec<u8>,
    },
    /// Something only a newer Cooee understands. Never written, only read.
    Newer,
}

#[derive(Deserialize)]
struct Head {
    v: u32,
    t: String,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    y: u8,
    c: String,
}

#[derive(Serialize, Deserialize)]
struct Direct {
    v: u32,
    t: String,
    to: BTreeMap<DeviceId, Sealed>,
}

#[derive(Serialize, Deserialize)]
struct Group {
    v: u32,
    t: String,
    g: GroupId,
    s: String,
    c: String,
}

const DIRECT: &str = "direct";
const GROUP: &str = "group";

/// Most characters of the name of a session.
const SESSION: usize = 64;

/// The bytes of an envelope.
///
/// `Envelope::Newer` has no bytes of its own; it is written as an unknown type, and read back as that.
pub fn encode_envelope(envelope: &Envelope) -> Vec<u8> {
    match envelope {
        Envelope::Direct(to) => {
            let sealed = |c: &Ciphertext| Sealed { y: c.kind, c: STANDARD_NO_PAD.encode(&c.bytes) };
            let to = to.iter().map(|(device, ciphertext)| (*device, sealed(ciphertext))).collect();
            to_bytes(&Direct { v: VERSION, t: DIRECT.to_owned(), to })
        }
        Envelope::Group { group, session, bytes } => to_bytes(&Group {
            v: VERSION,
            t: GROUP.to_owned(),
            g: *group,
            s: session.clone(),
            c: STANDARD_NO_PAD.encode(bytes),
        }),
        Envelope::Newer => to_bytes(&serde_json::json!({ "v": VERSION, "t": "newer" })),
    }
}

/// Reads an envelope.
pub fn decode_envelope(payload: &[u8]) -> Result<Envelope, Malformed> {
    check_size(payload, limits::ENVELOPE)?;
    let head: Head = serde_json::from_slice(payload)?;
    match (head.v, head.t.as_str()) {
        (VERSION, DIRECT) => {
            let Direct { to, .. } = serde_json::from_slice(payload)?;
            if to.len() > crate::domain::limits::DEVICES {
                return Err(Malformed::TooManyDevices(to.len()));
            }
            let opened = |(device, sealed): (DeviceId, Sealed)| {
                Ok((device, Ciphertext { kind: sealed.y, bytes: decode(&sealed.c)? }))
            };
            to.into_iter().map(opened).collect::<Result<_, Malformed>>().map(Envelope::Direct)
        }
        (VERSION, GROUP) => {
            let Group { g: group, s: session, c, .. } = serde_json::from_slice(payload)?;
            if session.len() > SESSION {
                return Err(Malformed::TooLarge { size: session.len(), limit: SESSION });
            }
            Ok(Envelope::Group { group, session, bytes: decode(&c)? })
        }
        // What anybody could have written is no word of anybody.
        (VERSION, "plain" | "clear") => Err(Malformed::NotEncrypted),
        _ => Ok(Envelope::Newer),
    }
}

fn decode(text: &str) -> Result<Vec<u8>, Malformed> {
    STANDARD_NO_PAD.decode(text).map_err(|_| Malformed::Base64)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    fn direct(devices: u64) -> Envelope {
        let ciphertext = |n: u64| Ciphertext { kind: 1, bytes: vec![n.to_le_bytes()[0], 2, 3] };
        Envelope::Direct((0..devices).map(|n| (DeviceId::from_bits(n), ciphertext(n))).collect())
    }

    fn group() -> Envelope {
        let group = GroupId::from_bits(7);
        Envelope::Group { group, session: "abc".to_owned(), bytes: vec![1, 2, 3, 4] }
    }

    #[test]
    fn the_formats_stay_as_they_were_published() {
        let text = |envelope| String::from_utf8(encode_envelope(&envelope)).unwrap();
        assert_snapshot!(text(direct(1)), @r#"{"v":1,"t":"direct","to":{"0000000000000000":{"y":1,"c":"AAID"}}}"#);
        assert_snapshot!(text(group()), @r#"{"v":1,"t":"group","g":"00000000000000000000000000000007","s":"abc","c":"AQIDBA"}"#);
    }

    #[test]
    fn every_envelope_is_read_as_it_was_written() {
        for envelope in [direct(8), group(), Envelope::Newer] {
            assert_eq!(decode_envelope(&encode_envelope(&envelope)).unwrap(), envelope);
        }
    }

    #[test]
    fn what_is_not_encrypted_is_refused_whatever_it_claims() {
        for plain in [
            r#"{"v":1,"t":"plain","id":"x","ts":1,"text":"hi"}"#,
            r#"{"v":1,"t":"clear","m":{"id":"x","ts":1,"ty":"text","b":{"text":"hi"}}}"#,
        ] {
            assert!(
                matches!(decode_envelope(plain.as_bytes()), Err(Malformed::NotEncrypted)),
                "{plain}"
            );
        }
        for nonsense in ["hi", "", "null", "[]", "\u{1b}[31m"] {
            assert!(matches!(decode_envelope(nonsense.as_bytes()), Err(Malformed::Shape(_))));
        }
    }

    #[test]
    fn limits_are_kept() {
        let many = encode_envelope(&direct(9));
        assert!(matches!(decode_envelope(&many), Err(Malformed::TooManyDevices(9))));
        let huge = vec![b' '; limits::ENVELOPE + 1];
        assert!(matches!(decode_envelope(&huge), Err(Malformed::TooLarge { .. })));
        let deep = format!("{}{}", r#"{"v":1,"t":"direct","to":"#, "[".repeat(60_000));
        assert!(matches!(decode_envelope(deep.as_bytes()), Err(Malformed::Shape(_))));
        let long =
            format!(r#"{{"v":1,"t":"group","g":"{}","s":"{}","c":""}}"#, "0".repeat(32), "x".repeat(65));
        assert!(matches!(decode_envelope(long.as_bytes()), Err(Malformed::TooLarge { .. })));
        let newer = decode_envelope(br#"{"v":2,"t":"direct","to":[]}"#).unwrap();
        assert_eq!(newer, Envelope::Newer);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_envelope(&bytes);
        }
    }
}
