//! What is sealed in an envelope: a letter, and between whom it is.
//!
//! The topic says who writes, and the broker says the topic. So who writes and to whom stands inside again,
//! and is checked against the keys that opened it. A message that begins a session also names the signing keys
//! of both devices, so nobody can pass somebody else's key off as their own and have words meant for one taken
//! as meant for the other.
//!
//! The text is padded with spaces, which JSON allows at its end, to a length that tells only its order of size:
//! at least 256 bytes, then as Padmé has it (Nikitin et al., "Reducing metadata leakage from encrypted files and
//! communication with PURBs", 2019, algorithm 1), at most 12 % more.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::documents::to_bytes;
use super::letter::{self, Inner};
use super::{Letter, Malformed, VERSION, check_size, limits};
use crate::domain::{DeviceId, SigningKey, UserName};

/// The shortest text that is sealed.
const SHORTEST: usize = 256;

/// One end of what is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Whose device.
    pub user: UserName,
    /// Which.
    pub device: DeviceId,
    /// Its signing key; where a session begins.
    pub key: Option<SigningKey>,
}

/// What is sealed in an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    /// Who seals it.
    pub from: End,
    /// Whom it is sealed for; `None` in a group.
    pub to: Option<End>,
    /// The version of the sender's profile, and that of the recipient's which they know. So whoever is kept
    /// from seeing a new one notices. To a person alone.
    pub versions: Option<(u64, u64)>,
    /// The letter.
    pub letter: Letter,
}

type Written = (UserName, DeviceId, Option<SigningKey>);

#[derive(Serialize, Deserialize)]
struct Document<M> {
    v: u32,
    f: Written,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<Written>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pv: Option<(u64, u64)>,
    m: M,
}

#[derive(Deserialize)]
struct Head {
    v: u32,
}

/// The text to seal. `letter` is what [`encode_letter`](super::encode_letter) wrote.
pub fn encode_inside(
    from: End,
    to: Option<End>,
    versions: Option<(u64, u64)>,
    letter: &[u8],
) -> Vec<u8> {
    let written = |End { user, device, key }| (user, device, key);
    let letter: &RawValue = serde_json::from_slice(letter).expect("letters of ours are JSON");
    let document =
        Document { v: VERSION, f: written(from), t: to.map(written), pv: versions, m: letter };
    let mut text = to_bytes(&document);
    text.resize(padded(text.len()), b' ');
    text
}

/// Reads what was sealed. What only a newer Cooee understands has no ends that could be checked: `None`.
pub fn decode_inside(text: &[u8]) -> Result<Option<Inside>, Malformed> {
    check_size(text, limits::ENVELOPE)?;
    if serde_json::from_slice::<Head>(text)?.v != VERSION {
        return Ok(None);
    }
    let end = |(user, device, key)| End { user, device, key };
    let Document::<Inner> { f, t, pv, m, .. } = serde_json::from_slice(text)?;
    Ok(Some(Inside { from: end(f), to: t.map(end), versions: pv, letter: letter::read(m)? }))
}

/// The length that a text of this length is padded to.
fn padded(length: usize) -> usize {
    let length = length.max(SHORTEST);
    let exponent = length.ilog2();
    let mantissa = exponent.ilog2() + 1;
    let step = 1usize << (exponent - mantissa);
    length.next_multiple_of(step)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{MessageText, Timestamp};
    use crate::protocol::{Content, encode_letter};

    fn end(user: &str, key: bool) -> End {
        let key = key.then(|| SigningKey::from_bytes([7; 32]));
        End { user: user.parse().unwrap(), device: DeviceId::from_bits(5), key }
    }

    fn inside(text: &str) -> Inside {
        let letter = Letter {
            id: "01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00".parse().unwrap(),
            sent_at: Timestamp::from_millis(5),
            group: None,
            number: Some(1),
            stand: None,
            life: None,
            content: Content::Text(MessageText::new(text).unwrap().into()),
        };
        let (from, to) = (end("alice", true), Some(end("bob", true)));
        Inside { from, to, versions: Some((2, 3)), letter }
    }

    fn bytes(inside: &Inside) -> Vec<u8> {
        let Inside { from, to, versions, letter } = inside.clone();
        encode_inside(from, to, versions, &encode_letter(&letter))
    }

    #[test]
    fn the_format_stays_as_it_was_published() {
        assert_snapshot!(String::from_utf8(bytes(&inside("hi"))).unwrap().trim_end(), @r#"{"v":1,"f":["alice","0000000000000005","BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"],"t":["bob","0000000000000005","BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"],"pv":[2,3],"m":{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":5,"ty":"text","q":1,"b":{"text":"hi"}}}"#);
        let group = Inside { from: end("alice", false), to: None, versions: None, ..inside("hi") };
        assert_snapshot!(String::from_utf8(bytes(&group)).unwrap().trim_end(), @r#"{"v":1,"f":["alice","0000000000000005",null],"m":{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":5,"ty":"text","q":1,"b":{"text":"hi"}}}"#);
        assert_eq!(decode_inside(&bytes(&group)).unwrap(), Some(group));
    }

    #[test]
    fn what_is_newer_is_told_apart_and_nonsense_refused() {
        assert_eq!(decode_inside(br#"{"v":2,"x":[]}"#).unwrap(), None);
        for bad in ["", "{}", r#"{"v":1}"#, r#"{"v":1,"f":["Alice","x",null],"m":{}}"#] {
            assert!(matches!(decode_inside(bad.as_bytes()), Err(Malformed::Shape(_))), "{bad}");
        }
    }

    #[test]
    fn lengths_tell_the_order_of_size_alone() {
        let length = |text: &str| bytes(&inside(text)).len();
        assert_eq!(length("yes"), length("no"));
        let lengths: std::collections::BTreeSet<usize> =
            (1..4_000).map(|n| length(&"x".repeat(n))).collect();
        assert!(lengths.len() < 70, "{}", lengths.len());
    }

    proptest! {
        #[test]
        fn padding_is_bounded(length in 0usize..100_000) {
            let padded = padded(length);
            prop_assert!(padded >= length.max(SHORTEST));
            prop_assert!(padded <= SHORTEST.max(length + length * 12 / 100));
        }

        #[test]
        fn any_text_comes_back(text in "\\PC{1,300}") {
            prop_assume!(MessageText::new(&text).is_ok());
            let inside = inside(&text);
            prop_assert_eq!(decode_inside(&bytes(&inside)).unwrap(), Some(inside));
        }

        #[test]
        fn no_cut_or_changed_byte_makes_it_panic(at in 0usize..256, byte in any::<u8>()) {
            let mut bytes = bytes(&inside("hello"));
            let _ = decode_inside(&bytes[..at]);
            bytes[at] = byte;
            let _ = decode_inside(&bytes);
        }
    }
}
