//! Signed documents as they stand at a topic, in a letter or in a card. Whether the signature is good, and what
//! the text says, is not looked at here.

use serde::{Deserialize, Serialize};

use super::documents::to_bytes;
use super::{Malformed, check_size};

/// A text with the signature of somebody over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedDocument {
    /// The version of this form.
    #[serde(rename = "v")]
    pub version: u32,
    /// What kind of document it is. The signature covers it.
    #[serde(rename = "t")]
    pub kind: String,
    /// The document. The signature covers it byte for byte.
    #[serde(rename = "d")]
    pub text: String,
    /// The key of who signed it, in base64.
    #[serde(rename = "k")]
    pub key: String,
    /// The signature, in base64.
    #[serde(rename = "s")]
    pub signature: String,
}

impl SignedDocument {
    /// Reads one of at most `limit` bytes.
    pub fn from_bytes(bytes: &[u8], limit: usize) -> Result<Self, Malformed> {
        check_size(bytes, limit)?;
        Ok(serde_json::from_slice(bytes)?)
    }

    /// Its bytes, on one line. What is around the text is not signed, so others may write the same document in
    /// other ways; we always write it in this one.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_bytes(self)
    }
}
