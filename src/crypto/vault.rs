//! The key file of an account, as bytes: the data key, sealed with what a passphrase gives, or where else it is.
//!
//! ```text
//! {"v":1,"account":"alice","protection":"passphrase","kdf":"argon2id","memory":65536,"passes":3,"lanes":1,
//!  "salt":"<16 bytes>","nonce":"<24 bytes>","sealed":"<the data key and its tag>"}
//! {"v":1,"account":"alice","protection":"none","key":"<the data key>"}
//! {"v":2,"account":"alice","protection":"keyring","entry":"<32 hex digits>"}
//! ```
//!
//! argon2id makes a key from the passphrase and the salt; XChaCha20-Poly1305 seals the data key with that, and
//! with everything else that the file says as associated data. So a file that was altered opens no more, and
//! neither does that of another account. Another passphrase means another salt, another nonce and the same data
//! key: nothing else has to be written anew. That also means that an old copy of this file with the old
//! passphrase goes on opening the account.
//!
//! With `none` the data key stands there as it is: whoever can read the file can read the account.
//!
//! With `keyring` it does not stand there at all: the keyring of the desktop holds it, under a name that `entry`
//! is part of. That is a hash of the key: it says nothing of a random key, is the same for every copy of the
//! account, and shows whether what the keyring gives is the right one. The file is of version 2, so that a Cooee
//! that knows no keyring says that it is too old; the others stay of version 1, for they have not changed.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::domain::{DataKey, Passphrase, UserName};

/// The version of a file that holds the data key.
const VERSION: u32 = 1;

/// The version of a file that says where else it is, which is the newest that there is.
const NEWEST: u32 = 2;

/// Bounds on what is read, so that a file that somebody else wrote can neither fill memory nor keep us busy.
pub mod limits {
    use std::ops::RangeInclusive;

    /// Longest key file, in bytes.
    pub const FILE: usize = 4 * 1024;
    /// Memory of argon2id, in KiB.
    pub const MEMORY: RangeInclusive<u32> = 8 * 1024..=256 * 1024;
    /// Passes of argon2id over that memory.
    pub const PASSES: RangeInclusive<u32> = 1..=10;
    /// Lanes of argon2id.
    pub const LANES: RangeInclusive<u32> = 1..=4;
}

/// What new key files ask for: 64 MiB, three passes, one lane; about 0.2 s. One number for each line of an
/// attacker's budget: memory is what graphics cards lack.
pub(super) const COST: Cost = Cost { memory: 64 * 1024, passes: 3, lanes: 1 };

/// Why a key file does not open an account.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    /// Longer than a key file may be. Nothing of it was looked at.
    #[error("it has {0} bytes, a key file has at most {max}", max = limits::FILE)]
    TooLarge(usize),
    /// Not a key file.
    #[error("it is not a key file: {0}")]
    Shape(#[from] serde_json::Error),
    /// Of a version that we do not read.
    #[error("a newer Cooee wrote it (version {0}, this one reads up to version {NEWEST}): use that one")]
    Version(u32),
    /// The file of another account.
    #[error("it is the key file of `{0}`")]
    OtherAccount(UserName),
    /// A parameter out of bounds.
    #[error("its `{name}` is {value}, which is not between {least} and {most}")]
    Cost {
        /// Which.
        name: &'static str,
        /// What it says.
        value: u32,
        /// The least that is taken.
        least: u32,
        /// The most that is taken.
        most: u32,
    },
    /// The name of the key in a keyring is none of ours.
    #[error("its `entry` is not 32 hex digits")]
    Entry,
    /// A field that is not base64 of the right length.
    #[error("its `{0}` is not base64 of the right length")]
    Field(&'static str),
    /// The keyring holds its key.
    #[error("its key lies in the keyring")]
    Elsewhere,
    /// It is protected by a passphrase, and none was given.
    #[error("it needs a passphrase")]
    Locked,
    /// Another passphrase protects it, or somebody altered it: the two cannot be told apart.
    #[error("the passphrase is wrong, or the key file was altered")]
    Wrong,
    /// This machine has not enough memory, or no randomness.
    #[error("cannot make a key: {0}")]
    Machine(String),
}

/// What protects an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// A passphrase.
    Passphrase,
    /// The keyring of the desktop, which holds the key.
    Keyring,
    /// Nothing: whoever can read the files can read everything in them.
    None,
}

/// What a key file is to be protected by.
#[derive(Clone, Copy)]
pub enum Guard<'a> {
    /// This passphrase.
    Passphrase(&'a Passphrase),
    /// The keyring. The file holds no key then.
    Keyring,
    /// Nothing.
    None,
}

/// A key file that was read and not opened yet.
#[derive(Serialize, Deserialize)]
pub struct KeyFile {
    v: u32,
    account: UserName,
    #[serde(flatten)]
    lock: Lock,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "protection", rename_all = "lowercase")]
enum Lock {
    Passphrase(Sealed),
    Keyring { entry: String },
    None { key: String },
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    kdf: Kdf,
    #[serde(flatten)]
    cost: Cost,
    salt: String,
    nonce: String,
    sealed: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kdf {
    Argon2id,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Cost {
    pub memory: u32,
    pub passes: u32,
    pub lanes: u32,
}

impl Cost {
    pub fn check(self) -> Result<(), Invalid> {
        let Self { memory, passes, lanes } = self;
        for (name, value, range) in [
            ("memory", memory, limits::MEMORY),
            ("passes", passes, limits::PASSES),
            ("lanes", lanes, limits::LANES),
        ] {
            if !range.contains(&value) {
                let (least, most) = range.into_inner();
                return Err(Invalid::Cost { name, value, least, most });
            }
        }
        Ok(())
    }
}

/// A data key for a new account.
///
/// # Errors
/// [`Invalid::Machine`] where the machine has no randomness.
pub fn new_key() -> Result<DataKey, Invalid> {
    DataKey::filled(|key| random(key))
}

/// What a keyring calls this data key: the same for the same key, and nothing can be learned from it.
pub fn entry(key: &DataKey) -> String {
    let hash = Sha256::new().chain_update("cooee1|keyring|").chain_update(key.as_bytes()).finalize();
    hash[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The key file of an account with this data key: sealed with a passphrase, without the key where a keyring
/// holds it, or open to everybody. With a passphrase it takes about 0.2 s.
///
/// # Errors
/// [`Invalid::Machine`] where the machine has too little memory or no randomness.
pub fn seal(key: &DataKey, account: &UserName, guard: Guard<'_>) -> Result<Zeroizing<Vec<u8>>, Invalid> {
    let lock = match guard {
        Guard::None => Lock::None { key: STANDARD_NO_PAD.encode(key.as_bytes()) },
        Guard::Keyring => Lock::Keyring { entry: entry(key) },
        Guard::Passphrase(passphrase) => {
            let (mut salt, mut nonce) = ([0; 16], [0; 24]);
            random(&mut salt)?;
            random(&mut nonce)?;
            let cipher = derive(passphrase, &salt, COST)?;
            let aad = associated(VERSION, account, COST, &salt);
            let payload = Payload { msg: key.as_bytes(), aad: &aad };
            let sealed = cipher.encrypt(&XNonce::from(nonce), payload);
            let sealed = sealed.map_err(|e| Invalid::Machine(e.to_string()))?;
            Lock::Passphrase(Sealed {
                kdf: Kdf::Argon2id,
                cost: COST,
                salt: STANDARD_NO_PAD.encode(salt),
                nonce: STANDARD_NO_PAD.encode(nonce),
                sealed: STANDARD_NO_PAD.encode(sealed),
            })
        }
    };
    let v = if let Lock::Keyring { .. } = lock { NEWEST } else { VERSION };
    let file = KeyFile { v, account: account.clone(), lock };
    Ok(Zeroizing::new(serde_json::to_vec(&file)?))
}

impl KeyFile {
    /// Reads the key file of `account`. Everything that can be refused without a passphrase is refused here.
    ///
    /// # Errors
    /// All but those that are about a passphrase.
    pub fn read(bytes: &[u8], account: &UserName) -> Result<Self, Invalid> {
        #[derive(Deserialize)]
        struct Versioned {
            v: u32,
        }

        if bytes.len() > limits::FILE {
            return Err(Invalid::TooLarge(bytes.len()));
        }
        match serde_json::from_slice::<Versioned>(bytes)?.v {
            VERSION..=NEWEST => {}
            newer => return Err(Invalid::Version(newer)),
        }
        let file: Self = serde_json::from_slice(bytes)?;
        match &file.lock {
            Lock::Passphrase(sealed) => sealed.cost.check()?,
            Lock::Keyring { entry } => {
                let is_digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
                if entry.len() != 32 || !entry.chars().all(is_digit) {
                    return Err(Invalid::Entry);
                }
            }
            Lock::None { .. } => {}
        }
        if file.account != *account {
            return Err(Invalid::OtherAccount(file.account));
        }
        Ok(file)
    }

    /// What protects the account.
    pub fn protection(&self) -> Protection {
        match self.lock {
            Lock::Passphrase(_) => Protection::Passphrase,
            Lock::Keyring { .. } => Protection::Keyring,
            Lock::None { .. } => Protection::None,
        }
    }

    /// What a keyring calls the key, where one holds it ([`entry`]).
    pub fn entry(&self) -> Option<&str> {
        match &self.lock {
            Lock::Keyring { entry } => Some(entry),
            _ => None,
        }
    }

    /// The data key. With a passphrase it takes about 0.2 s; one that is not needed is not looked at.
    ///
    /// # Errors
    /// [`Invalid::Locked`] without a passphrase where one is needed, [`Invalid::Wrong`] with another one;
    /// [`Invalid::Elsewhere`] where a keyring holds it.
    pub fn open(&self, passphrase: Option<&Passphrase>) -> Result<DataKey, Invalid> {
        let sealed = match (&self.lock, passphrase) {
            (Lock::None { key }, _) => return data_key(&decode("key", key)?, "key"),
            (Lock::Keyring { .. }, _) => return Err(Invalid::Elsewhere),
            (Lock::Passphrase(_), None) => return Err(Invalid::Locked),
            (Lock::Passphrase(sealed), Some(_)) => sealed,
        };
        let passphrase = passphrase.ok_or(Invalid::Locked)?;
        let salt: [u8; 16] = exactly("salt", &sealed.salt)?;
        let nonce: [u8; 24] = exactly("nonce", &sealed.nonce)?;
        let msg = decode("sealed", &sealed.sealed)?;
        let cipher = derive(passphrase, &salt, sealed.cost)?;
        let aad = associated(self.v, &self.account, sealed.cost, &salt);
        let payload = Payload { msg: msg.as_slice(), aad: &aad };
        let key = cipher.decrypt(&XNonce::from(nonce), payload).map_err(|_| Invalid::Wrong)?;
        data_key(&Zeroizing::new(key), "sealed")
    }
}

/// Everything that the file says but the nonce, which the cipher takes in by itself.
fn associated(version: u32, account: &UserName, cost: Cost, salt: &[u8; 16]) -> Vec<u8> {
    let Cost { memory, passes, lanes } = cost;
    let salt = STANDARD_NO_PAD.encode(salt);
    format!("cooee1|key|{version}|{account}|passphrase|argon2id|{memory}|{passes}|{lanes}|{salt}").into()
}

pub(super) fn derive(
    passphrase: &Passphrase,
    salt: &[u8; 16],
    cost: Cost,
) -> Result<XChaCha20Poly1305, Invalid> {
    let machine = |e: argon2::Error| Invalid::Machine(e.to_string());
    let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(32)).map_err(machine)?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut())
        .map_err(machine)?;
    Ok(XChaCha20Poly1305::new((&*key).into()))
}

pub(super) fn random(bytes: &mut [u8]) -> Result<(), Invalid> {
    getrandom::fill(bytes).map_err(|e| Invalid::Machine(e.to_string()))
}

pub(super) fn data_key(bytes: &[u8], field: &'static str) -> Result<DataKey, Invalid> {
    DataKey::filled(|key| match bytes.len() {
        32 => {
            key.copy_from_slice(bytes);
            Ok(())
        }
        _ => Err(Invalid::Field(field)),
    })
}

pub(super) fn decode(field: &'static str, text: &str) -> Result<Zeroizing<Vec<u8>>, Invalid> {
    STANDARD_NO_PAD.decode(text).map(Zeroizing::new).map_err(|_| Invalid::Field(field))
}

pub(super) fn exactly<const N: usize>(field: &'static str, text: &str) -> Result<[u8; N], Invalid> {
    decode(field, text)?.as_slice().try_into().map_err(|_| Invalid::Field(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserName {
        name.parse().unwrap()
    }

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text.to_owned()).unwrap()
    }

    fn file(guard: Guard<'_>) -> (DataKey, String) {
        let key = new_key().unwrap();
        let bytes = seal(&key, &user("alice"), guard).unwrap();
        (key, String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn read(text: &str) -> Result<KeyFile, String> {
        KeyFile::read(text.as_bytes(), &user("alice")).map_err(|e| e.to_string())
    }

    #[test]
    fn a_passphrase_opens_what_it_closed_and_no_other_does() {
        let right = passphrase("correct horse");
        let (key, text) = file(Guard::Passphrase(&right));
        let file = read(&text).unwrap();
        assert_eq!(file.protection(), Protection::Passphrase);
        assert!(file.open(Some(&right)).unwrap().as_bytes() == key.as_bytes());
        assert!(matches!(file.open(Some(&passphrase("correct horse "))), Err(Invalid::Wrong)));
        assert!(matches!(file.open(None), Err(Invalid::Locked)));
        let bare = STANDARD_NO_PAD.encode(key.as_bytes());
        assert!(!text.contains(&bare), "the key does not stand there");
        let again = seal(&key, &user("alice"), Guard::Passphrase(&right)).unwrap();
        assert_ne!(again.as_slice(), text.as_bytes(), "another salt and nonce each time");
    }

    #[test]
    fn without_protection_it_is_open() {
        let (key, text) = file(Guard::None);
        let file = read(&text).unwrap();
        assert_eq!(file.protection(), Protection::None);
        assert!(file.open(None).unwrap().as_bytes() == key.as_bytes());
        assert!(file.open(Some(&passphrase("x"))).is_ok(), "one that is not needed does no harm");
        assert!(new_key().unwrap().as_bytes() != key.as_bytes());
    }

    #[test]
    fn where_a_keyring_holds_the_key_the_file_holds_none() {
        let (key, text) = file(Guard::Keyring);
        let id = entry(&key);
        assert_eq!(
            text,
            format!(r#"{{"v":2,"account":"alice","protection":"keyring","entry":"{id}"}}"#)
        );
        let file = read(&text).unwrap();
        assert_eq!((file.protection(), file.entry()), (Protection::Keyring, Some(id.as_str())));
        assert!(matches!(file.open(None), Err(Invalid::Elsewhere)));
        assert!(matches!(file.open(Some(&passphrase("x"))), Err(Invalid::Elsewhere)));
        assert_ne!(entry(&new_key().unwrap()), id);
        for wrong in ["", "AB", "../../../../../../etc/passwd....."] {
            assert!(
                read(&text.replace(&id, wrong)).is_err_and(|why| why.contains("`entry`")),
                "{wrong}"
            );
        }
    }

    #[test]
    fn whatever_is_altered_opens_nothing() {
        let right = passphrase("right");
        let (_, text) = file(Guard::Passphrase(&right));
        let other = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            read(&text.replacen(from, to, 1))
        };
        let opens = |file: KeyFile| file.open(Some(&right)).map(drop).map_err(|e| e.to_string());
        let altered = [
            other("\"memory\":65536", "\"memory\":65535"),
            other("\"passes\":3", "\"passes\":2"),
            other("\"lanes\":1", "\"lanes\":2"),
        ];
        for file in altered {
            let why = opens(file.unwrap()).unwrap_err();
            assert!(why.starts_with("the passphrase is wrong, or"), "{why}");
        }
        // Renamed by hand, so that it would pass for that of another account.
        let renamed = text.replace("\"alice\"", "\"bob\"");
        let stolen = KeyFile::read(renamed.as_bytes(), &user("bob")).unwrap();
        assert!(matches!(stolen.open(Some(&right)), Err(Invalid::Wrong)));
        let bob = KeyFile::read(text.as_bytes(), &user("bob"));
        assert_eq!(bob.err().unwrap().to_string(), "it is the key file of `alice`");
    }

    #[test]
    fn absurd_and_broken_files_are_refused_before_anything_is_derived() {
        let (_, text) = file(Guard::Passphrase(&passphrase("x")));
        let refused = |text: String| read(&text).err().expect("it is refused");
        let with = |from: &str, to: &str| refused(text.replacen(from, to, 1));
        for absurd in ["4294967295", "262145", "8191", "0"] {
            let why = with("65536", absurd);
            assert!(why.starts_with(&format!("its `memory` is {absurd}, which is not")), "{why}");
        }
        assert!(with("\"passes\":3", "\"passes\":11").contains("`passes`"));
        assert!(with("\"lanes\":1", "\"lanes\":0").contains("`lanes`"));
        assert!(with("65536", "99999999999").contains("not a key file"));
        assert!(with("argon2id", "md5").contains("not a key file"));
        assert!(with("\"v\":1", "\"v\":3").contains("a newer Cooee wrote it (version 3"));
        assert!(refused("x".repeat(5_000)).contains("5000 bytes"));
        for text in ["", "{}", "null", "{\"v\":1}", &text[..text.len() - 1], &"[".repeat(4_000)] {
            assert!(refused(text.to_owned()).starts_with("it is not a key file: "), "{text}");
        }
        let short = text.replacen("\"salt\":\"", "\"salt\":\"AA", 1);
        let why = read(&short).unwrap().open(Some(&passphrase("x"))).err().unwrap();
        assert_eq!(why.to_string(), "its `salt` is not base64 of the right length");
        let none = r#"{"v":1,"account":"alice","protection":"none","key":"AAAA"}"#;
        assert!(matches!(read(none).unwrap().open(None), Err(Invalid::Field("key"))));
    }
}
