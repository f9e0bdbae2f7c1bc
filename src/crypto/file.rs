//! A file that is sent, as bytes: chunks that are sealed with a key of its own, each of which opens by itself.
//!
//! ```text
//! <16 KiB and a tag><16 KiB and a tag>…<what is left, at most 16 KiB, and a tag>
//! ```
//!
//! The chunks are XChaCha20-Poly1305 in the STREAM construction, as those of an [`export`](super::export). The nonce of
//! a chunk is 19 zero bytes, its number in 4 bytes, and a byte that is 1 in the last chunk. The first 19 need not be
//! random, because the key is: it is made for this one file and seals nothing else. So a chunk that is altered, moved,
//! taken from another file, or passed off as the last does not open. Unlike an export a file is not read from the
//! beginning: chunks come in any order, some are asked for again, and each is checked when it comes.
//!
//! An empty file has one chunk, with nothing in it. That the whole is what its sender offered to everybody the SHA-256
//! of its content says, for somebody who has the key could seal other chunks with it.

use std::ops::Range;

use aead_stream::{NewStream, StreamBE32, StreamPrimitive};
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{KeyInit, Payload};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::vault::{self, random};
use crate::domain::{ContentHash, FileKey};

/// What is sealed in one chunk; less in the last one.
pub const CHUNK: usize = 16 * 1024;

/// What sealing adds to a chunk.
const TAG: usize = 16;

/// What the chunks of a file are for, beside their key.
const ASSOCIATED: &[u8] = b"cooee1|file";

/// A key for one file.
///
/// # Errors
/// Where the machine has no randomness.
pub fn new_key() -> Result<FileKey, vault::Invalid> {
    FileKey::filled(|key| random(key))
}

/// Into which chunks a file of some length falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    size: u64,
}

impl Layout {
    /// Of a file of so many bytes: at most `domain::limits::FILE`.
    pub fn of(size: u64) -> Self {
        Self { size }
    }

    /// How many chunks there are: at least one.
    pub fn chunks(self) -> u32 {
        u32::try_from(self.size.div_ceil(CHUNK as u64).max(1)).unwrap_or(u32::MAX)
    }

    /// Whether this chunk is the last.
    pub fn is_last(self, chunk: u32) -> bool {
        chunk + 1 == self.chunks()
    }

    /// How many bytes of the file are in a chunk.
    pub fn clear(self, chunk: u32) -> usize {
        let before = u64::from(chunk) * CHUNK as u64;
        usize::try_from(self.size.saturating_sub(before)).unwrap_or(CHUNK).min(CHUNK)
    }

    /// Where a chunk stands in the sealed file.
    pub fn sealed(self, chunk: u32) -> Range<u64> {
        let start = u64::from(chunk) * (CHUNK + TAG) as u64;
        start..start + (self.clear(chunk) + TAG) as u64
    }

    /// How long the sealed file is.
    pub fn sealed_size(self) -> u64 {
        self.sealed(self.chunks() - 1).end
    }
}

/// A chunk does not open: it is not what was sealed with this key at this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it was altered, or is not a part of that file")]
pub struct Altered;

/// Seals and opens the chunks of one file.
pub struct FileCipher {
    stream: StreamBE32<XChaCha20Poly1305>,
}

impl FileCipher {
    /// With the key of the file.
    pub fn new(key: &FileKey) -> Self {
        let cipher = XChaCha20Poly1305::new(key.as_bytes().into());
        Self { stream: StreamBE32::from_aead(cipher, &[0; 19].into()) }
    }

    /// Seals a chunk: [`CHUNK`] bytes, or at most so many if it is the last.
    pub fn seal(&self, chunk: u32, is_last: bool, clear: &[u8]) -> Vec<u8> {
        let payload = Payload { msg: clear, aad: ASSOCIATED };
        self.stream
            .encrypt(chunk, is_last, payload)
            .expect("a chunk is far shorter than the cipher allows")
    }

    /// Opens a chunk.
    ///
    /// # Errors
    /// [`Altered`].
    pub fn open(&self, chunk: u32, is_last: bool, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Altered> {
        let payload = Payload { msg: sealed, aad: ASSOCIATED };
        self.stream.decrypt(chunk, is_last, payload).map(Zeroizing::new).map_err(|_| Altered)
    }
}

/// Takes the hash of a content that comes piece by piece.
#[derive(Default)]
pub struct ContentHasher(Sha256);

impl ContentHasher {
    /// The next piece.
    pub fn add(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all of it.
    pub fn finish(self) -> ContentHash {
        ContentHash::from_bytes(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::limits;

    fn cipher(n: u8) -> FileCipher {
        FileCipher::new(&FileKey::from([n; 32]))
    }

    #[test]
    fn a_chunk_opens_in_its_place_alone() {
        let sealed = cipher(1).seal(3, false, b"some words");
        assert_eq!(cipher(1).open(3, false, &sealed).unwrap().as_slice(), b"some words");
        assert_eq!(cipher(1).open(4, false, &sealed), Err(Altered));
        assert_eq!(cipher(1).open(3, true, &sealed), Err(Altered));
        assert_eq!(cipher(2).open(3, false, &sealed), Err(Altered));
        let mut altered = sealed.clone();
        altered[2] ^= 1;
        assert_eq!(cipher(1).open(3, false, &altered), Err(Altered));
        for length in [0, 15, sealed.len() - 1] {
            assert_eq!(cipher(1).open(3, false, &sealed[..length]), Err(Altered));
        }
        assert!(new_key().unwrap() != new_key().unwrap());
    }

    #[test]
    fn the_smallest_and_the_largest_file_have_their_chunks() {
        let empty = Layout::of(0);
        assert_eq!(
            (empty.chunks(), empty.clear(0), empty.sealed(0), empty.sealed_size()),
            (1, 0, 0..16, 16)
        );
        assert!(empty.is_last(0));
        let full = Layout::of(CHUNK as u64);
        assert_eq!((full.chunks(), full.clear(0)), (1, CHUNK));
        let more = Layout::of(CHUNK as u64 + 1);
        assert_eq!((more.chunks(), more.clear(0), more.clear(1), more.clear(2)), (2, CHUNK, 1, 0));
        assert_eq!(u64::from(Layout::of(limits::FILE).chunks()), limits::FILE / CHUNK as u64);
    }

    proptest! {
        #[test]
        fn chunks_cover_a_file_without_a_gap(size in 0..=limits::FILE, small in 0u64..100_000) {
            for size in [size, small] {
                let layout = Layout::of(size);
                let last = layout.chunks() - 1;
                prop_assert!(layout.is_last(last));
                prop_assert_eq!(layout.sealed_size(), size + 16 * u64::from(layout.chunks()));
                for chunk in [0, last / 2, last.saturating_sub(1), last] {
                    let range = layout.sealed(chunk);
                    prop_assert_eq!(range.end - range.start, layout.clear(chunk) as u64 + 16);
                    prop_assert!(chunk == last || layout.clear(chunk) == CHUNK);
                    if chunk < last {
                        prop_assert_eq!(range.end, layout.sealed(chunk + 1).start);
                    }
                }
            }
        }
    }
}
