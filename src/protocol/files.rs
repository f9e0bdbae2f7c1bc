//! How a file goes from one Cooee to another once it was offered (see [`Speech`](super::Speech)).
//!
//! What is said about it are letters: which chunks somebody wants, that it is not to be had, that it arrived. The chunks
//! themselves are no letters. They are sealed with the key of the file, so a letter around them would protect nothing
//! more, would cost a third more in base64, and would move a ratchet for each.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Malformed, VERSION, limits};
use crate::domain::MessageId;

/// What is said to whoever offers a file, and by them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileWord {
    /// Send me these chunks of the file. They carry the id of this letter, so nobody else knows what they belong to.
    Pull {
        /// The message that offers it.
        of: MessageId,
        /// The first chunk.
        from: u32,
        /// How many: from 1 to [`limits::PULL`].
        count: u32,
        /// How many chunks the asker has: what their progress is shown by.
        have: u32,
    },
    /// The file is not to be had any more.
    Gone {
        /// The message that offered it.
        of: MessageId,
    },
    /// The whole file arrived, and is what was offered.
    Fetched {
        /// The message that offered it.
        of: MessageId,
    },
}

#[derive(Serialize, Deserialize)]
struct PullBody {
    of: MessageId,
    from: u32,
    n: u32,
    #[serde(default)]
    have: u32,
}

#[derive(Serialize, Deserialize)]
struct OfBody {
    of: MessageId,
}

impl FileWord {
    /// Its type, and what stands in it.
    pub(super) fn body(&self) -> (&'static str, Value) {
        match *self {
            Self::Pull { of, from, count, have } => {
                ("file_pull", json!(PullBody { of, from, n: count, have }))
            }
            Self::Gone { of } => ("file_gone", json!(OfBody { of })),
            Self::Fetched { of } => ("file_fetched", json!(OfBody { of })),
        }
    }

    /// Reads one of a type that [`body`](Self::body) gives.
    pub(super) fn read(kind: &str, body: Value) -> Result<Self, Malformed> {
        Ok(match kind {
            "file_pull" => {
                let PullBody { of, from, n: count, have } = PullBody::deserialize(body)?;
                if !(1..=limits::PULL).contains(&count) {
                    return Err(Malformed::ChunksAsked(count));
                }
                Self::Pull { of, from, count, have }
            }
            "file_gone" => Self::Gone { of: OfBody::deserialize(body)?.of },
            _ => Self::Fetched { of: OfBody::deserialize(body)?.of },
        })
    }
}

/// A chunk on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// The letter that asked for it.
    pub pull: MessageId,
    /// Which chunk of the file.
    pub number: u32,
    /// The chunk, sealed; at most [`limits::FILE_CHUNK`] bytes.
    pub sealed: &'a [u8],
}

/// What the bytes of a chunk begin with: no JSON does.
const MARK: [u8; 8] = *b"\0cooee\0\x01";

const _: () = assert!(MARK[7] as u32 == VERSION);

/// The length of what stands before the sealed bytes.
const HEAD: usize = MARK.len() + 16 + 4;

/// The bytes of a chunk: the mark with the version, the letter that asked for it, the number of the chunk (big-endian),
/// and the sealed bytes.
pub fn encode_chunk(chunk: &Chunk<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD + chunk.sealed.len());
    bytes.extend_from_slice(&MARK);
    bytes.extend_from_slice(chunk.pull.as_bytes());
    bytes.extend_from_slice(&chunk.number.to_be_bytes());
    bytes.extend_from_slice(chunk.sealed);
    bytes
}

/// Whether this is a chunk of some version, and no envelope.
pub fn is_chunk(payload: &[u8]) -> bool {
    payload.starts_with(&MARK[..7])
}

/// Reads a chunk; `None` where it is none of this version, or is longer than one may be.
pub fn decode_chunk(payload: &[u8]) -> Option<Chunk<'_>> {
    let rest = payload.strip_prefix(&MARK)?;
    let (pull, rest) = rest.split_first_chunk::<16>()?;
    let (number, sealed) = rest.split_first_chunk::<4>()?;
    let (pull, number) = (MessageId::from_bytes(*pull), u32::from_be_bytes(*number));
    (sealed.len() <= limits::FILE_CHUNK).then_some(Chunk { pull, number, sealed })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::decode_envelope;

    const PULL: MessageId = MessageId::from_bytes([7; 16]);

    #[test]
    fn a_chunk_is_read_as_it_was_written_and_is_no_envelope() {
        let chunk = Chunk { pull: PULL, number: 258, sealed: &[1, 2, 3] };
        let bytes = encode_chunk(&chunk);
        assert_eq!(bytes[..8], *b"\0cooee\0\x01");
        assert_eq!(bytes[24..], [0, 0, 1, 2, 1, 2, 3]);
        assert!(is_chunk(&bytes));
        assert_eq!(decode_chunk(&bytes), Some(chunk));
        assert!(decode_envelope(&bytes).is_err());
        assert!(!is_chunk(br#"{"v":1}"#) && !is_chunk(b"") && decode_chunk(br#"{"v":1}"#).is_none());
        let mut newer = bytes.clone();
        newer[7] = 2;
        assert!(is_chunk(&newer) && decode_chunk(&newer).is_none());
        let longest = vec![0; limits::FILE_CHUNK + 1];
        let bytes = encode_chunk(&Chunk { pull: PULL, number: 0, sealed: &longest });
        assert!(decode_chunk(&bytes).is_none());
        assert!(bytes.len() < limits::ENVELOPE);
    }

    #[test]
    fn the_format_stays_as_it_was_published() {
        let written = |word: FileWord| {
            let (kind, body) = word.body();
            format!("{kind} {body}")
        };
        let pull = FileWord::Pull { of: PULL, from: 64, count: 3, have: 60 };
        insta::assert_snapshot!(written(pull), @r#"file_pull {"from":64,"have":60,"n":3,"of":"07070707-0707-0707-0707-070707070707"}"#);
        insta::assert_snapshot!(written(FileWord::Gone { of: PULL }), @r#"file_gone {"of":"07070707-0707-0707-0707-070707070707"}"#);
        insta::assert_snapshot!(written(FileWord::Fetched { of: PULL }), @r#"file_fetched {"of":"07070707-0707-0707-0707-070707070707"}"#);
    }

    #[test]
    fn what_is_asked_for_is_bounded() {
        let read =
            |n: u32| FileWord::read("file_pull", json!({"of": PULL, "from": 0, "n": n, "have": 0}));
        assert!(read(1).is_ok() && read(limits::PULL).is_ok());
        assert!(matches!(read(0), Err(Malformed::ChunksAsked(0))));
        assert!(matches!(read(limits::PULL + 1), Err(Malformed::ChunksAsked(_))));
        for bad in [json!({}), json!({"of": PULL, "from": -1, "n": 1}), json!({"of": "x"})] {
            assert!(FileWord::read("file_pull", bad).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode_chunk(&bytes);
            let marked = [MARK.as_slice(), &bytes].concat();
            prop_assert_eq!(decode_chunk(&marked).is_some(), bytes.len() >= 20);
        }
    }
}
