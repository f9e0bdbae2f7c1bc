//! Who is who, and what nobody else can read: identities, signatures, sessions between devices, sender keys
//! of groups.
//!
//! This layer owns every secret key and the crate `vodozemac`, which nobody else may name. It does no I/O and
//! reads no clock: bytes go in, bytes come out. It makes no cryptography of its own, and decides nothing about
//! whom to trust: that is the engine's.
//!
//! - `signed` and `documents`: what carries a signature, and the profiles and key bundles in it;
//! - `device`: the secret keys of this installation; `identity`: those of its user;
//! - `peer`: Olm sessions with one device of another; `sender_key`: Megolm sessions of groups;
//! - `groups`: the signed documents of groups;
//! - `verify`: how two people make sure of each other's keys;
//! - `tag`: how ciphertexts are known again; `vault`: the key of everything at
//!   rest; `export`: what protects an account that moves elsewhere.
//!
//! What all of this promises, and against whom, stands in [`promises`].
//!
//! # Ratchets
//!
//! Whatever seals or opens something changes the state that the next message depends on. The caller stores
//! that state in the transaction that stores what was sealed or opened, before anybody hears of either: so
//! after a crash no key is used twice, and nothing that was acknowledged is lost. Nothing is sealed twice
//! either: what goes again is the bytes that went before.

mod device;
mod documents;
pub mod export;
pub mod file;
pub mod groups;
mod identity;
mod peer;
pub mod promises;
mod sender_key;
pub mod signed;
mod tag;
pub mod vault;
pub mod verify;

pub use device::Device;
pub use documents::{open_bundle, open_profile, seal_bundle, seal_profile};
pub use identity::Identity;
pub use peer::{Closed, Peer};
pub use sender_key::{Inbound, Outbound, Unopened};
pub use signed::Invalid;
pub use tag::{Tag, tag};

/// What was stored is not what this layer wrote.
#[derive(Debug, thiserror::Error)]
#[error("the stored keys cannot be read: {0}")]
pub struct Unreadable(#[from] rmp_serde::decode::Error);

/// The bytes of what is to be stored: they hold secrets, and go into nothing but the account's database.
fn write(value: &impl serde::Serialize) -> Vec<u8> {
    rmp_serde::to_vec_named(value).expect("keys are written by plain derives, into memory")
}

fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    Ok(rmp_serde::from_slice(bytes)?)
}
