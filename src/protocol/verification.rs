//! The steps of a comparison of emoji, which two devices send each other. What they mean is `crypto`'s.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Malformed, check_size, limits};
use crate::domain::AgreementKey;

/// 32 bytes: a commitment or a check value. Written as unpadded base64.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bytes32(pub [u8; 32]);

impl TryFrom<String> for Bytes32 {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = STANDARD_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("expected 43 characters of base64")
    }
}

impl From<Bytes32> for String {
    fn from(bytes: Bytes32) -> Self {
        STANDARD_NO_PAD.encode(bytes.0)
    }
}

impl fmt::Debug for Bytes32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes32({})", String::from(*self))
    }
}

/// One step of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Of which comparison: chosen at random by who starts it.
    pub id: Uuid,
    /// What it says.
    #[serde(flatten)]
    pub kind: StepKind,
}

/// What a step says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "s", rename_all = "lowercase")]
pub enum StepKind {
    /// Begins: the hash of the key that will be shown later, so that it cannot be chosen later.
    Start {
        /// That hash.
        c: Bytes32,
    },
    /// The answer: the key of who answers.
    Key {
        /// That key, made for this comparison.
        k: AgreementKey,
    },
    /// The key of who began.
    Reveal {
        /// That key, made for this comparison.
        k: AgreementKey,
    },
    /// The person saw the same emoji; the check value speaks for their identity key.
    Mac {
        /// That value.
        m: Bytes32,
    },
    /// It is over.
    Cancel {
        /// Why.
        why: Reason,
    },
}

/// Why a comparison came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// A person saw other emoji: somebody may sit in between.
    Mismatch,
    /// What was sent does not fit together: somebody may sit in between.
    Forged,
    /// A person gave up.
    Cancelled,
    /// It took too long.
    Timeout,
    /// A reason that a newer Cooee knows.
    #[serde(other)]
    Other,
}

/// The text of a step.
pub fn encode_step(step: &Step) -> String {
    serde_json::to_string(step).expect("a step has only string keys and no failing field")
}

/// Reads a step.
pub fn decode_step(text: &str) -> Result<Step, Malformed> {
    check_size(text.as_bytes(), limits::STEP)?;
    Ok(serde_json::from_str(text)?)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    fn steps() -> Vec<Step> {
        let (c, k) = (Bytes32([1; 32]), AgreementKey::from_bytes([2; 32]));
        let kinds = [
            StepKind::Start { c },
            StepKind::Key { k },
            StepKind::Reveal { k },
            StepKind::Mac { m: c },
            StepKind::Cancel { why: Reason::Timeout },
        ];
        kinds.into_iter().map(|kind| Step { id: Uuid::from_u128(7), kind }).collect()
    }

    #[test]
    fn the_format_stays_as_it_was_published_and_is_read_again() {
        let texts: Vec<String> = steps().iter().map(encode_step).collect();
        assert_snapshot!(texts.join("\n"), @r#"
        {"id":"00000000-0000-0000-0000-000000000007","s":"start","c":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"}
        {"id":"00000000-0000-0000-0000-000000000007","s":"key","k":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"}
        {"id":"00000000-0000-0000-0000-000000000007","s":"reveal","k":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"}
        {"id":"00000000-0000-0000-0000-000000000007","s":"mac","m":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"}
        {"id":"00000000-0000-0000-0000-000000000007","s":"cancel","why":"timeout"}
        "#);
        for (step, text) in steps().into_iter().zip(texts) {
            assert_eq!(decode_step(&text).unwrap(), step);
        }
        let newer = r#"{"id":"00000000-0000-0000-0000-000000000007","s":"cancel","why":"bored"}"#;
        assert_eq!(decode_step(newer).unwrap().kind, StepKind::Cancel { why: Reason::Other });
        assert!(decode_step(&newer.replace("cancel", "dance")).is_err());
        assert!(decode_step(&" ".repeat(limits::STEP + 1)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            let _ = decode_step(&text);
        }
    }
}
