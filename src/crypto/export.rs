//! An account that moves to another machine, as bytes: a line that says how to open it, then sealed chunks.
//!
//! ```text
//! {"cooee":"export","v":1,"kdf":"argon2id","memory":65536,"passes":3,"lanes":1,"salt":"<16 bytes>",
//!  "nonce":"<24 bytes>","sealed":"<the key of the file and its tag>","stream":"<19 bytes>"}
//! <64 KiB and a tag><64 KiB and a tag>…<what is left, at most 64 KiB, and a tag>
//! ```
//!
//! argon2id makes a key from the passphrase and the salt; that seals the random key of the file
//! (XChaCha20-Poly1305, as in [`vault`]), with everything before the nonce as associated data. So a
//! wrong passphrase shows before anything else is read.
//!
//! The chunks are XChaCha20-Poly1305 under the key of the file in the STREAM construction of Hoang, Reyhanitabar,
//! Rogaway and Vizár (CRYPTO 2015), by the crate `aead-stream`. The nonce of a chunk is the 19 random bytes
//! `stream`, the number of the chunk in 4 bytes, and a byte that is 1 in the last chunk. So a chunk that is
//! altered, left out, repeated, moved, or taken from another file does not open, and neither does a file that was
//! cut off. The whole first line is associated data of each chunk.

use aead_stream::{DecryptorBE32, EncryptorBE32, Nonce, StreamBE32};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::vault::{self, COST, Cost, Kdf, data_key, decode, derive, exactly, random};
use crate::domain::{DataKey, Passphrase};

/// The version of the file.
const VERSION: u32 = 1;

/// The sizes of the parts of an export, in bytes.
pub mod limits {
    /// Longest first line, with its end.
    pub const HEADER: usize = 1024;
    /// What is sealed in one chunk; less in the last one.
    pub const CHUNK: usize = 64 * 1024;
    /// A chunk with its tag.
    pub const SEALED: usize = CHUNK + 16;
}

/// Why a file cannot be opened as an export.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    /// It does not begin as an export does.
    #[error("it is not an export of Cooee")]
    Shape,
    /// Of a version that we do not read.
    #[error("a newer Cooee wrote it (version {0}, this one reads version {VERSION}): use that one")]
    Version(u32),
    /// Another passphrase protects it, or the first line was altered: the two cannot be told apart.
    #[error("the passphrase is wrong, or the beginning of the file was altered")]
    Wrong,
    /// A chunk does not open.
    #[error("it is cut off, or was altered: nothing of it is used")]
    Altered,
    /// No account is so large.
    #[error("there is too much to export")]
    TooMuch,
    /// What protects it is out of bounds, or this machine cannot make a key.
    #[error(transparent)]
    Key(#[from] vault::Invalid),
}

#[derive(Serialize, Deserialize)]
struct Header {
    #[serde(rename = "cooee")]
    kind: Kind,
    v: u32,
    kdf: Kdf,
    #[serde(flatten)]
    cost: Cost,
    salt: String,
    nonce: String,
    sealed: String,
    stream: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Export,
}

type Stream = StreamBE32<XChaCha20Poly1305>;

/// Seals the chunks of an export, in their order.
pub struct Sealer {
    header: Vec<u8>,
    stream: EncryptorBE32<XChaCha20Poly1305>,
}

impl Sealer {
    /// Begins an export that this passphrase opens. It takes about 0.2 s.
    ///
    /// # Errors
    /// [`Invalid::Key`] where the machine has too little memory or no randomness.
    pub fn new(passphrase: &Passphrase) -> Result<Self, Invalid> {
        let key = vault::new_key()?;
        let (mut salt, mut nonce, mut stream) = ([0; 16], [0; 24], [0; 19]);
        random(&mut salt)?;
        random(&mut nonce)?;
        random(&mut stream)?;
        let cipher = derive(passphrase, &salt, COST)?;
        let aad = associated(VERSION, COST, &salt);
        let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: key.as_bytes(), aad: &aad });
        let header = Header {
            kind: Kind::Export,
            v: VERSION,
            kdf: Kdf::Argon2id,
            cost: COST,
            salt: STANDARD_NO_PAD.encode(salt),
            nonce: STANDARD_NO_PAD.encode(nonce),
            sealed: STANDARD_NO_PAD.encode(sealed.map_err(|_| Invalid::TooMuch)?),
            stream: STANDARD_NO_PAD.encode(stream),
        };
        let mut header = serde_json::to_vec(&header).map_err(vault::Invalid::Shape)?;
        header.push(b'\n');
        let (cipher, nonce) = of_file(&key, stream);
        Ok(Self { header, stream: EncryptorBE32::from_aead(cipher, &nonce) })
    }

    /// The first line, with its end.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// Seals a chunk that is not the last: [`limits::CHUNK`] bytes.
    ///
    /// # Errors
    /// [`Invalid::TooMuch`] after 2^32 chunks.
    pub fn next(&mut self, chunk: &[u8]) -> Result<Vec<u8>, Invalid> {
        let payload = Payload { msg: chunk, aad: &self.header };
        self.stream.encrypt_next(payload).map_err(|_| Invalid::TooMuch)
    }

    /// Seals the last chunk: at most [`limits::CHUNK`] bytes.
    ///
    /// # Errors
    /// As [`Sealer::next`].
    pub fn last(self, chunk: &[u8]) -> Result<Vec<u8>, Invalid> {
        let payload = Payload { msg: chunk, aad: &self.header };
        self.stream.encrypt_last(payload).map_err(|_| Invalid::TooMuch)
    }
}

/// An export whose first line was read.
pub struct Locked {
    line: Vec<u8>,
    header: Header,
}

impl Locked {
    /// Reads the first line, with its end. Everything that can be refused without a passphrase is refused here.
    ///
    /// # Errors
    /// [`Invalid::Shape`], [`Invalid::Version`], [`Invalid::Key`].
    pub fn read(line: &[u8]) -> Result<Self, Invalid> {
        #[derive(Deserialize)]
        struct Versioned {
            #[serde(rename = "cooee")]
            _kind: Kind,
            v: u32,
        }

        if line.len() > limits::HEADER || line.last() != Some(&b'\n') {
            return Err(Invalid::Shape);
        }
        match serde_json::from_slice::<Versioned>(line).map_err(|_| Invalid::Shape)?.v {
            VERSION => {}
            newer => return Err(Invalid::Version(newer)),
        }
        let header: Header = serde_json::from_slice(line).map_err(|_| Invalid::Shape)?;
        header.cost.check()?;
        Ok(Self { line: line.to_owned(), header })
    }

    /// Opens it. It takes about 0.2 s.
    ///
    /// # Errors
    /// [`Invalid::Wrong`] with another passphrase.
    pub fn open(&self, passphrase: &Passphrase) -> Result<Opener, Invalid> {
        let Header { v, cost, salt, nonce, sealed, stream, .. } = &self.header;
        let salt: [u8; 16] = exactly("salt", salt)?;
        let nonce: [u8; 24] = exactly("nonce", nonce)?;
        let stream: [u8; 19] = exactly("stream", stream)?;
        let msg = decode("sealed", sealed)?;
        let cipher = derive(passphrase, &salt, *cost)?;
        let aad = associated(*v, *cost, &salt);
        let key = cipher.decrypt(&XNonce::from(nonce), Payload { msg: &msg, aad: &aad });
        let key = Zeroizing::new(key.map_err(|_| Invalid::Wrong)?);
        let (cipher, nonce) = of_file(&data_key(&key, "sealed")?, stream);
        Ok(Opener { header: self.line.clone(), stream: DecryptorBE32::from_aead(cipher, &nonce) })
    }
}

/// Opens the chunks of an export, in their order.
pub struct Opener {
    header: Vec<u8>,
    stream: DecryptorBE32<XChaCha20Poly1305>,
}

impl Opener {
    /// Opens a chunk that is not the last: [`limits::SEALED`] bytes.
    ///
    /// # Errors
    /// [`Invalid::Altered`].
    pub fn next(&mut self, chunk: &[u8]) -> Result<Zeroizing<Vec<u8>>, Invalid> {
        let payload = Payload { msg: chunk, aad: &self.header };
        self.stream.decrypt_next(payload).map(Zeroizing::new).map_err(|_| Invalid::Altered)
    }

    /// Opens the last chunk. What it gives ends what came before: only now is all of it known to be whole.
    ///
    /// # Errors
    /// [`Invalid::Altered`].
    pub fn last(self, chunk: &[u8]) -> Result<Zeroizing<Vec<u8>>, Invalid> {
        let payload = Payload { msg: chunk, aad: &self.header };
        self.stream.decrypt_last(payload).map(Zeroizing::new).map_err(|_| Invalid::Altered)
    }
}

/// The cipher of a file and what its nonces begin with.
fn of_file(key: &DataKey, stream: [u8; 19]) -> (XChaCha20Poly1305, Nonce<XChaCha20Poly1305, Stream>) {
    (XChaCha20Poly1305::new(key.as_bytes().into()), stream.into())
}

fn associated(version: u32, cost: Cost, salt: &[u8; 16]) -> Vec<u8> {
    let Cost { memory, passes, lanes } = cost;
    let salt = STANDARD_NO_PAD.encode(salt);
    format!("cooee1|export|{version}|argon2id|{memory}|{passes}|{lanes}|{salt}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text.to_owned()).unwrap()
    }

    /// Opens chunks that were sealed with `right`.
    fn opened(header: &[u8], chunks: &[&[u8]]) -> Result<Vec<u8>, Invalid> {
        let mut opener = Locked::read(header)?.open(&passphrase("right"))?;
        let (last, before) = chunks.split_last().unwrap();
        let mut all = Vec::new();
        for chunk in before {
            all.extend_from_slice(&opener.next(chunk)?);
        }
        all.extend_from_slice(&opener.last(last)?);
        Ok(all)
    }

    #[test]
    fn chunks_open_in_their_order_and_in_no_other() {
        let mut sealer = Sealer::new(&passphrase("right")).unwrap();
        let header = sealer.header().to_owned();
        let [a, b] = [b"first", b"secon"].map(|chunk| sealer.next(chunk).unwrap());
        let c = sealer.last(b"third").unwrap();
        assert_eq!(opened(&header, &[&a, &b, &c]).unwrap(), b"firstseconthird");
        let spliced: [&[&[u8]]; 8] = [
            &[&a, &c],
            &[&b, &a, &c],
            &[&a, &a, &b, &c],
            &[&a, &b],
            &[&a, &b, &c, &c],
            &[&a, &b, &c[1..]],
            &[&a, &b, &[]],
            &[&c],
        ];
        for chunks in spliced {
            assert!(matches!(opened(&header, chunks), Err(Invalid::Altered)));
        }
        // The chunks of another file with the same passphrase.
        let other = Sealer::new(&passphrase("right")).unwrap();
        assert!(matches!(opened(other.header(), &[&a, &b, &c]), Err(Invalid::Altered)));
    }

    #[test]
    fn the_first_line_is_bounded_and_checked() {
        let sealer = Sealer::new(&passphrase("right")).unwrap();
        let header = std::str::from_utf8(sealer.header()).unwrap().to_owned();
        let locked = Locked::read(header.as_bytes()).unwrap();
        assert!(matches!(locked.open(&passphrase("wrong")), Err(Invalid::Wrong)));
        let refused = |from: &str, to: &str| {
            assert!(header.contains(from), "{from}");
            let line = header.replacen(from, to, 1);
            Locked::read(line.as_bytes()).err().map(|e| e.to_string()).unwrap_or_default()
        };
        assert!(refused("\"v\":1", "\"v\":2").contains("a newer Cooee wrote it (version 2"));
        assert!(refused("65536", "4294967295").contains("`memory` is 4294967295"));
        assert!(refused("\"passes\":3", "\"passes\":99").contains("`passes`"));
        for (from, to) in [("export", "import"), ("argon2id", "md5"), ("\n", ""), ("{", "{\"v\":1,")] {
            assert_eq!(refused(from, to), "it is not an export of Cooee", "{from}");
        }
        assert_eq!(refused("{", &format!("{{{}", " ".repeat(1_024))), "it is not an export of Cooee");
        // What is not refused without a passphrase is refused with it.
        let cheaper = header.replacen("65536", "65535", 1);
        let cheaper = Locked::read(cheaper.as_bytes()).unwrap();
        assert!(matches!(cheaper.open(&passphrase("right")), Err(Invalid::Wrong)));
    }
}
