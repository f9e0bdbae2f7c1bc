//! Who the user is.

use vodozemac::{Ed25519PublicKey, Ed25519SecretKey, Ed25519Signature};
use zeroize::Zeroizing;

use super::signed::Signer;
use crate::domain::IdentityKey;

/// The secret identity key of a user. It signs what they say of themselves.
pub struct Identity(Ed25519SecretKey);

impl Identity {
    /// A new one.
    pub fn generate() -> Self {
        Self(Ed25519SecretKey::new())
    }

    /// The one that was stored.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Ed25519SecretKey::from_slice(bytes))
    }

    /// Its secret bytes.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(*self.0.to_bytes())
    }

    /// What others know the user by.
    pub fn public(&self) -> IdentityKey {
        IdentityKey::from_bytes(*self.0.public_key().as_bytes())
    }
}

impl Signer for Identity {
    fn public_key(&self) -> Ed25519PublicKey {
        self.0.public_key()
    }

    fn sign(&self, bytes: &[u8]) -> Ed25519Signature {
        self.0.sign(bytes)
    }
}
