//! Documents that carry a signature.
//!
//! `{"v":1,"t":"profile","d":"<the document as text>","k":"<key>","s":"<signature>"}`: the signature covers
//! `cooee1|<t>|<d>`, byte for byte as it stands there, so nothing has to be written in one way only. Because
//! the type is part of it, what was signed as one kind of document is valid as no other.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::Deserialize;
use vodozemac::{Ed25519PublicKey, Ed25519SecretKey, Ed25519Signature};

use crate::protocol::{Malformed, SignedDocument, VERSION};

/// What kind of document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What a user tells about themselves; signed by their identity key.
    Profile,
    /// The keys of a device; signed by the device's key.
    Bundle,
    /// What an owner or admin says of a group; signed by their identity key.
    Group,
    /// How a member stands to a group; signed by their identity key.
    Member,
}

impl Kind {
    /// One word for it, which the signature covers.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Bundle => "bundle",
            Self::Group => "group",
            Self::Member => "member",
        }
    }
}

/// Why a signed document is refused.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    /// Longer than its kind may be. Nothing of it was looked at.
    #[error("{size} bytes, at most {limit} are allowed")]
    TooLarge {
        /// Its length in bytes.
        size: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// Not a signed document.
    #[error("not a signed document: {0}")]
    Shape(#[from] serde_json::Error),
    /// Of a version that we do not read.
    #[error("version {0}, this Cooee reads version {VERSION}")]
    Version(u32),
    /// A document of another kind.
    #[error("a signed document of another kind")]
    Kind,
    /// What is signed is not what belongs there.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Signed with another key than the one it names.
    #[error("signed with another key than the one it is about")]
    Signer,
    /// The key or the signature is none, or the signature is not over this by this key.
    #[error("the signature is not valid")]
    Signature,
}

/// A document whose signature is valid. Whether the key is the right one is another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The key that it is signed with.
    pub key: [u8; 32],
    /// The document.
    pub text: String,
}

#[derive(Deserialize)]
struct Head {
    v: u32,
}

fn covered(tag: &str, text: &str) -> Vec<u8> {
    format!("cooee1|{tag}|{text}").into_bytes()
}

/// What makes a signature: an identity key or a device.
pub trait Signer {
    /// The public key that the signature is checked with.
    fn public_key(&self) -> Ed25519PublicKey;
    /// Signs these bytes.
    fn sign(&self, bytes: &[u8]) -> Ed25519Signature;
}

impl Signer for Ed25519SecretKey {
    fn public_key(&self) -> Ed25519PublicKey {
        Self::public_key(self)
    }

    fn sign(&self, bytes: &[u8]) -> Ed25519Signature {
        Self::sign(self, bytes)
    }
}

impl Signer for vodozemac::olm::Account {
    fn public_key(&self) -> Ed25519PublicKey {
        self.ed25519_key()
    }

    fn sign(&self, bytes: &[u8]) -> Ed25519Signature {
        Self::sign(self, bytes)
    }
}

/// Signs a document.
pub fn sign(kind: Kind, text: &str, signer: &impl Signer) -> Vec<u8> {
    let signed = SignedDocument {
        version: VERSION,
        kind: kind.tag().to_owned(),
        text: text.to_owned(),
        key: signer.public_key().to_base64(),
        signature: signer.sign(&covered(kind.tag(), text)).to_base64(),
    };
    signed.to_bytes()
}

/// Reads a signed document of at most `limit` bytes and checks its signature.
pub fn open(kind: Kind, payload: &[u8], limit: usize) -> Result<Signed, Invalid> {
    if payload.len() > limit {
        return Err(Invalid::TooLarge { size: payload.len(), limit });
    }
    match serde_json::from_slice::<Head>(payload)? {
        Head { v: VERSION } => {}
        Head { v } => return Err(Invalid::Version(v)),
    }
    let outer: SignedDocument = serde_json::from_slice(payload)?;
    if outer.kind != kind.tag() {
        return Err(Invalid::Kind);
    }
    check(&outer).ok_or(Invalid::Signature).map(|key| Signed { key, text: outer.text })
}

/// Reads a signed document that we kept ourselves, and whose signature was checked when it came.
pub fn reopen(kind: Kind, kept: &[u8]) -> Result<Signed, Invalid> {
    let outer: SignedDocument = serde_json::from_slice(kept)?;
    if outer.kind != kind.tag() {
        return Err(Invalid::Kind);
    }
    let key = STANDARD_NO_PAD.decode(&outer.key).ok().and_then(|key| key.try_into().ok());
    key.ok_or(Invalid::Signature).map(|key| Signed { key, text: outer.text })
}

/// The key, if the signature is its own. `from_base64` of vodozemac 0.11 panics on a key of another length
/// than 32 bytes, so the bytes are counted here.
fn check(outer: &SignedDocument) -> Option<[u8; 32]> {
    let key: [u8; 32] = STANDARD_NO_PAD.decode(&outer.key).ok()?.try_into().ok()?;
    let signature: [u8; 64] = STANDARD_NO_PAD.decode(&outer.signature).ok()?.try_into().ok()?;
    let public = Ed25519PublicKey::from_slice(&key).ok()?;
    let signature = Ed25519Signature::from_slice(&signature).ok()?;
    public.verify(&covered(&outer.kind, &outer.text), &signature).ok()?;
    Some(key)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 1_000;

    fn key() -> Ed25519SecretKey {
        Ed25519SecretKey::from_slice(&[7; 32])
    }

    #[test]
    fn the_format_stays_as_it_was_published() {
        let signed = sign(Kind::Profile, r#"{"v":1}"#, &key());
        assert_snapshot!(String::from_utf8(signed).unwrap(), @r#"{"v":1,"t":"profile","d":"{\"v\":1}","k":"6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw","s":"xFZpY9Sr41t6c1TWFiivCETjjLHndZJ9IQz4ccKhXGIVhLP3gnxs2gCv9dilfj8QXr8JdDGru3XXZS5RM7iwCA"}"#);
    }

    #[test]
    fn a_signature_of_one_kind_is_valid_as_no_other() {
        let signed = String::from_utf8(sign(Kind::Profile, "x", &key())).unwrap();
        assert!(open(Kind::Profile, signed.as_bytes(), LIMIT).is_ok());
        assert!(matches!(open(Kind::Bundle, signed.as_bytes(), LIMIT), Err(Invalid::Kind)));
        let renamed = signed.replace("profile", "bundle");
        assert!(matches!(open(Kind::Bundle, renamed.as_bytes(), LIMIT), Err(Invalid::Signature)));
    }

    #[test]
    fn what_was_changed_is_refused() {
        let signed = String::from_utf8(sign(Kind::Profile, "hello", &key())).unwrap();
        for (from, to) in [("hello", "hellp"), ("\"k\":\"", "\"k\":\"A")] {
            let changed = signed.replace(from, to);
            assert!(matches!(open(Kind::Profile, changed.as_bytes(), LIMIT), Err(Invalid::Signature)));
        }
        let zero = signed.replace(&key().public_key().to_base64(), &"A".repeat(43));
        assert!(matches!(open(Kind::Profile, zero.as_bytes(), LIMIT), Err(Invalid::Signature)));
        assert!(matches!(open(Kind::Profile, br#"{"v":2}"#, LIMIT), Err(Invalid::Version(2))));
        assert!(matches!(open(Kind::Profile, signed.as_bytes(), 10), Err(Invalid::TooLarge { .. })));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = open(Kind::Profile, &bytes, LIMIT);
        }

        #[test]
        fn any_text_comes_back(text in "\\PC{0,50}") {
            let signed = sign(Kind::Group, &text, &key());
            prop_assert_eq!(open(Kind::Group, &signed, 4_000).unwrap().text, text);
        }
    }
}
