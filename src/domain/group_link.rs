//! A link into a group: a text that lets whoever has it ask to be let in.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::{GroupId, IdentityKey, UserName};

/// How a link begins.
const START: &str = "cooee:join/";
/// Longest link, in bytes.
const LONGEST: usize = 256;

/// What only those know who have the link.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LinkSecret([u8; 16]);

impl LinkSecret {
    /// Of random bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// In a time that tells nothing of how much of it is right.
impl PartialEq for LinkSecret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for LinkSecret {}

impl fmt::Debug for LinkSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkSecret(…)")
    }
}

impl TryFrom<String> for LinkSecret {
    type Error = InvalidLink;

    fn try_from(text: String) -> Result<Self, InvalidLink> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidLink)?;
        bytes.try_into().map(Self).map_err(|_| InvalidLink)
    }
}

impl From<LinkSecret> for String {
    fn from(secret: LinkSecret) -> Self {
        URL_SAFE_NO_PAD.encode(secret.0)
    }
}

/// A link into a group. It names who lets in, with their key: whoever has the link can ask nobody else by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupLink {
    /// Into which.
    pub group: GroupId,
    /// Who lets in.
    pub host: UserName,
    /// What they are known by.
    pub key: IdentityKey,
    /// What has to be shown to them.
    pub secret: LinkSecret,
}

/// It is no link into a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("that is no link into a group: one begins with `{START}` and may not be cut off")]
pub struct InvalidLink;

impl GroupLink {
    /// How long one lasts where nobody says otherwise, and how many it lets in.
    pub const USUAL: (Duration, u32) = (Duration::from_secs(7 * 24 * 60 * 60), 20);

    /// Whether a text means to be one.
    pub fn is_meant(text: &str) -> bool {
        text.trim().starts_with(START)
    }
}

impl FromStr for GroupLink {
    type Err = InvalidLink;

    fn from_str(text: &str) -> Result<Self, InvalidLink> {
        let text = text.trim();
        let rest = text.strip_prefix(START).filter(|_| text.len() <= LONGEST).ok_or(InvalidLink)?;
        let (host, code) = rest.split_once('/').ok_or(InvalidLink)?;
        let bytes = URL_SAFE_NO_PAD.decode(code).map_err(|_| InvalidLink)?;
        let bytes: [u8; 64] = bytes.try_into().map_err(|_| InvalidLink)?;
        let (group, rest) = bytes.split_first_chunk().ok_or(InvalidLink)?;
        let (key, secret) = rest.split_first_chunk().ok_or(InvalidLink)?;
        Ok(Self {
            group: GroupId::from_bits(u128::from_be_bytes(*group)),
            host: host.parse().map_err(|_| InvalidLink)?,
            key: IdentityKey::from_bytes(*key),
            secret: LinkSecret(secret.try_into().map_err(|_| InvalidLink)?),
        })
    }
}

impl fmt::Display for GroupLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend(self.group.bits().to_be_bytes());
        bytes.extend(self.key.as_bytes());
        bytes.extend(self.secret.0);
        write!(f, "{START}{}/{}", self.host, URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl TryFrom<String> for GroupLink {
    type Error = InvalidLink;

    fn try_from(text: String) -> Result<Self, InvalidLink> {
        text.parse()
    }
}

impl From<GroupLink> for String {
    fn from(link: GroupLink) -> Self {
        link.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn link(fill: u8) -> GroupLink {
        GroupLink {
            group: GroupId::from_bits(0xc00ee),
            host: "alice".parse().unwrap(),
            key: IdentityKey::from_bytes([fill; 32]),
            secret: LinkSecret([7; 16]),
        }
    }

    #[test]
    fn a_link_stays_as_it_was_published() {
        let text = link(0xfb).to_string();
        assert_eq!(
            text,
            "cooee:join/alice/AAAAAAAAAAAAAAAAAAwA7vv7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7BwcHBwcHBwcHBwcHBwcHBw"
        );
        assert_eq!(format!(" {text}\n").parse(), Ok(link(0xfb)));
        assert!(!format!("{:?}", link(1)).contains("7, 7"), "its secret is not shown");
        for cut in 0..text.len() {
            assert_eq!(text[..cut].parse::<GroupLink>(), Err(InvalidLink), "{cut}");
        }
        for wrong in [
            "https://a.org",
            "cooee:join/",
            "cooee:join/Al Ice/AAAA",
            &format!("{text}A"),
            &"x".repeat(9_999),
        ] {
            assert_eq!(wrong.parse::<GroupLink>(), Err(InvalidLink));
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(cooee:join/)?\\PC{0,120}") {
            if let Ok(link) = text.parse::<GroupLink>() {
                prop_assert_eq!(link.to_string().parse(), Ok(link));
            }
        }
    }
}
