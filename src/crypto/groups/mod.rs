//! The signatures of group documents, and what is hashed about a group.

use sha2::{Digest, Sha256};

use super::signed::{self, Invalid, Kind, Signed, Signer};
use crate::domain::group_documents::{Document, Held, Item, Ledger, Member, Statement};
use crate::domain::{GroupId, IdentityKey, StateHash};
use crate::protocol::{
    Malformed, SignedDocument, decode_document, decode_statement, encode_document, encode_statement,
    limits,
};

/// Why a document or statement is not taken, or not signed.
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    /// The signature, or what is around the document.
    #[error(transparent)]
    Signature(#[from] Invalid),
    /// What it says.
    #[error(transparent)]
    Content(#[from] Malformed),
    /// It names somebody else than whose key signed it.
    #[error("it names the key {named}, but another signed it")]
    Author {
        /// The key that it names.
        named: IdentityKey,
    },
    /// It claims to be the owner's, but its key and nonce do not make the id of the group.
    #[error("the key {claimed} does not own the group {group}")]
    Owner {
        /// The key that claims it.
        claimed: IdentityKey,
        /// The group.
        group: GroupId,
    },
}

/// The id of the group that this key makes with this nonce, which is random. Whoever shows both proves that
/// the group is theirs.
pub fn group_id(owner: IdentityKey, nonce: u128) -> GroupId {
    let hash = Sha256::new()
        .chain_update(b"cooee1|gid")
        .chain_update(owner.as_bytes())
        .chain_update(nonce.to_be_bytes())
        .finalize();
    GroupId::from_bits(first_bits(&hash))
}

/// Signs a document of ours.
pub fn sign_document(document: &Document, signer: &impl Signer) -> Result<Held<Document>, Rejected> {
    check_author(&document.author, signer.public_key().as_bytes())?;
    check_owner(document)?;
    let bytes = signed::sign(Kind::Group, &encode_document(document), signer);
    Ok(Held { content: document.clone(), bytes: bytes.into() })
}

/// Signs a statement of ours.
pub fn sign_statement(statement: &Statement, signer: &impl Signer) -> Result<Held<Statement>, Rejected> {
    check_author(&statement.member, signer.public_key().as_bytes())?;
    let bytes = signed::sign(Kind::Member, &encode_statement(statement), signer);
    Ok(Held { content: statement.clone(), bytes: bytes.into() })
}

/// Reads a signed document or statement and checks who signed it. What is kept is as we would write it: what is
/// around the text is not signed, so anybody could write the same in endless ways that are all valid.
pub fn open(bytes: &[u8]) -> Result<Item, Rejected> {
    let rewrite = || SignedDocument::from_bytes(bytes, limits::GROUP_DOCUMENT).map(|s| s.to_bytes());
    match signed::open(Kind::Group, bytes, limits::GROUP_DOCUMENT) {
        Ok(signed) => document(&signed, rewrite()?),
        Err(Invalid::Kind) => {
            statement(&signed::open(Kind::Member, bytes, limits::STATEMENT)?, rewrite()?)
        }
        Err(invalid) => Err(invalid.into()),
    }
}

/// Reads what [`open`] gave before and we kept. The signature, which takes most of the time, is not checked
/// again.
pub fn reopen(kept: &[u8]) -> Result<Item, Rejected> {
    match signed::reopen(Kind::Group, kept) {
        Ok(signed) => document(&signed, kept.to_vec()),
        Err(Invalid::Kind) => statement(&signed::reopen(Kind::Member, kept)?, kept.to_vec()),
        Err(invalid) => Err(invalid.into()),
    }
}

fn document(signed: &Signed, bytes: Vec<u8>) -> Result<Item, Rejected> {
    let content = decode_document(&signed.text)?;
    check_author(&content.author, &signed.key)?;
    check_owner(&content)?;
    Ok(Item::Document(Held { content, bytes: bytes.into() }))
}

fn statement(signed: &Signed, bytes: Vec<u8>) -> Result<Item, Rejected> {
    let content = decode_statement(&signed.text)?;
    check_author(&content.member, &signed.key)?;
    Ok(Item::Statement(Held { content, bytes: bytes.into() }))
}

/// A short name of all that counts in a group. Messages carry it: whoever has another one was told something
/// else.
pub fn state_hash(ledger: &Ledger) -> StateHash {
    let mut all =
        Sha256::new().chain_update(b"cooee1|state").chain_update(ledger.id().bits().to_be_bytes());
    for item in ledger.counted() {
        all.update(Sha256::digest(item.bytes()));
    }
    StateHash::from_bits(first_bits(&all.finalize()))
}

/// The first 128 bits of a hash.
fn first_bits(hash: &[u8]) -> u128 {
    hash.iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte))
}

fn check_author(named: &Member, signer: &[u8; 32]) -> Result<(), Rejected> {
    match named.key.as_bytes() == signer {
        true => Ok(()),
        false => Err(Rejected::Author { named: named.key }),
    }
}

fn check_owner(document: &Document) -> Result<(), Rejected> {
    let (group, claimed) = (document.group, document.author.key);
    match &document.charter {
        Some(charter) if group_id(claimed, charter.nonce) != group => {
            Err(Rejected::Owner { claimed, group })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
