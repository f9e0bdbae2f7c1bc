//! Files that are sent: what is told of one before it is fetched.

mod name;
mod picture;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::limits;
pub use name::{FileKind, FileName};
pub use picture::{Colour, Picture};

/// What a message carries a file by: enough to ask for it, to open it and to know that it is the right one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Attachment {
    /// What its sender calls it, made fit to be the name of a file here.
    pub name: FileName,
    /// Its length in bytes; at most [`limits::FILE`].
    pub size: u64,
    /// The SHA-256 of its content.
    pub hash: ContentHash,
    /// What it is sealed with.
    pub key: FileKey,
}

/// Why something is no attachment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAttachment {
    /// No file is so long.
    #[error("a file of {0} bytes, at most {max} are allowed", max = limits::FILE)]
    TooLarge(u64),
    /// Not 32 bytes in base64.
    #[error("32 bytes in base64 are expected")]
    Bytes,
}

/// How it stands in a letter and in the store.
#[derive(Serialize, Deserialize)]
struct Written {
    n: FileName,
    s: u64,
    h: ContentHash,
    k: FileKey,
}

impl TryFrom<Written> for Attachment {
    type Error = InvalidAttachment;

    fn try_from(Written { n, s, h, k }: Written) -> Result<Self, Self::Error> {
        match s {
            size if size > limits::FILE => Err(InvalidAttachment::TooLarge(size)),
            size => Ok(Self { name: n, size, hash: h, key: k }),
        }
    }
}

impl From<Attachment> for Written {
    fn from(Attachment { name, size, hash, key }: Attachment) -> Self {
        Self { n: name, s: size, h: hash, k: key }
    }
}

fn bytes(text: &str) -> Result<[u8; 32], InvalidAttachment> {
    let mut bytes = STANDARD_NO_PAD.decode(text).map_err(|_| InvalidAttachment::Bytes)?;
    let fixed = bytes.as_slice().try_into().map_err(|_| InvalidAttachment::Bytes);
    bytes.zeroize();
    fixed
}

/// The SHA-256 of the content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// The hash of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl TryFrom<String> for ContentHash {
    type Error = InvalidAttachment;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        bytes(&text).map(Self)
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> Self {
        STANDARD_NO_PAD.encode(hash.0)
    }
}

/// As `sha256sum` writes it.
impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The key that one file is sealed with, and nothing else. It is overwritten when it is dropped, and cannot be printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileKey(Box<[u8; 32]>);

impl FileKey {
    /// The key that `fill` writes.
    ///
    /// # Errors
    /// Those of `fill`.
    pub fn filled<E>(fill: impl FnOnce(&mut [u8; 32]) -> Result<(), E>) -> Result<Self, E> {
        let mut key = Self(Box::new([0; 32]));
        fill(&mut key.0)?;
        Ok(key)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for FileKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey(…)")
    }
}

impl From<[u8; 32]> for FileKey {
    fn from(bytes: [u8; 32]) -> Self {
        Self(Box::new(bytes))
    }
}

impl TryFrom<String> for FileKey {
    type Error = InvalidAttachment;

    fn try_from(mut text: String) -> Result<Self, Self::Error> {
        let key = bytes(&text).map(Self::from);
        text.zeroize();
        key
    }
}

impl From<FileKey> for String {
    fn from(key: FileKey) -> Self {
        STANDARD_NO_PAD.encode(*key.0)
    }
}

/// A number of bytes for people: `812 B`, `1.4 kB`, `27 MB`.
pub fn size_in_words(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    // Tenths of the unit, so that nothing is rounded up to a thousand of it.
    let (mut tenths, mut unit) = (bytes / 100, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    match tenths {
        0..100 if tenths % 10 != 0 => format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]),
        _ => format!("{} {}", tenths / 10, UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attachment() -> Attachment {
        Attachment {
            name: FileName::new("plan.pdf"),
            size: 5,
            hash: ContentHash::from_bytes([7; 32]),
            key: FileKey::from([9; 32]),
        }
    }

    #[test]
    fn an_attachment_reads_back_as_it_was_written_and_never_shows_its_key() {
        let json = serde_json::to_string(&attachment()).unwrap();
        insta::assert_snapshot!(json, @r#"{"n":"plan.pdf","s":5,"h":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc","k":"CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk"}"#);
        assert_eq!(serde_json::from_str::<Attachment>(&json).unwrap(), attachment());
        assert!(format!("{:?}", attachment()).contains("FileKey(…)"));
        assert!(attachment().hash.to_string().starts_with("070707"));
    }

    #[test]
    fn what_is_told_of_a_file_is_checked() {
        let json = serde_json::to_string(&attachment()).unwrap();
        let changed = |from: &str, to: &str| {
            assert!(json.contains(from));
            serde_json::from_str::<Attachment>(&json.replacen(from, to, 1))
        };
        assert!(changed("\"s\":5", "\"s\":99999999999999").unwrap_err().to_string().contains("at most"));
        for bad in ["\"s\":-1", "\"s\":1.5", "\"s\":\"5\""] {
            assert!(changed("\"s\":5", bad).is_err(), "{bad}");
        }
        assert!(changed("BwcH", "").is_err() && changed("CQkJ", "!!!!").is_err());
        let evil = changed("plan.pdf", "../../.ssh/authorized_keys").unwrap();
        assert_eq!(evil.name.as_str(), "authorized_keys");
    }

    #[test]
    fn sizes_are_told_in_few_digits() {
        let words: Vec<_> =
            [0, 999, 1_000, 1_450, 9_999, 10_500, 999_999, 2_500_000, 1 << 40].map(size_in_words).into();
        assert_eq!(
            words,
            ["0 B", "999 B", "1 kB", "1.4 kB", "9.9 kB", "10 kB", "999 kB", "2.5 MB", "1 TB"]
        );
    }
}
