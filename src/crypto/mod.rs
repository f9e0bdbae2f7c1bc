//! Who is who, and what nobody else can read: identities, signatures, sessions between devices, sender keys
//! of groups.
//!
//! This layer owns every secret key and the crate `vodozemac`, which nobody else may name. It does no I/O:
//! bytes go in, bytes come out. It makes no cryptography of its own, and decides nothing about whom to trust:
//! that is the engine's.

pub mod groups;
pub mod signed;
pub mod verify;

pub use vodozemac::Ed25519SecretKey as SecretKey;
