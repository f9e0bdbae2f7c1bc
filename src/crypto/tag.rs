//! How ciphertexts are known again.

use sha2::{Digest, Sha256};

/// The first half of a SHA-256: enough to know again what came before, and to tell apart what others make
/// to look alike.
pub type Tag = [u8; 16];

/// The tag of these bytes.
pub fn tag(parts: &[&[u8]]) -> Tag {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let full: [u8; 32] = hash.finalize().into();
    let mut tag = Tag::default();
    tag.copy_from_slice(&full[..16]);
    tag
}
