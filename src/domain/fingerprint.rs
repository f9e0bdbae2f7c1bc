//! The fingerprint of a TLS certificate.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// SHA-256 of a certificate in DER, written as `openssl x509 -fingerprint -sha256` writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TlsFingerprint([u8; 32]);

/// Why a text is not a [`TlsFingerprint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 64 hexadecimal digits, with or without colons: see `cooee broker status`")]
pub struct InvalidFingerprint;

impl TlsFingerprint {
    /// From the hash itself.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digits without colons, as they stand in an invite.
    pub fn compact(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl FromStr for TlsFingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: Vec<u8> = text.bytes().filter(|&byte| byte != b':').collect();
        if digits.len() != 64 {
            return Err(InvalidFingerprint);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16).ok_or(InvalidFingerprint);
            *byte = u8::try_from(digit(0)? * 16 + digit(1)?).map_err(|_| InvalidFingerprint)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for TlsFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: Vec<String> = self.0.iter().map(|byte| format!("{byte:02X}")).collect();
        f.write_str(&bytes.join(":"))
    }
}

impl TryFrom<String> for TlsFingerprint {
    type Error = InvalidFingerprint;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TlsFingerprint> for String {
    fn from(fingerprint: TlsFingerprint) -> Self {
        fingerprint.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_written_and_nothing_else_is() {
        let mut bytes = [0xab; 32];
        bytes[31] = 1;
        let fingerprint = TlsFingerprint::from_bytes(bytes);
        let shown = fingerprint.to_string();
        assert!(shown.starts_with("AB:AB") && shown.ends_with(":01"), "{shown}");
        assert_eq!(shown.parse(), Ok(fingerprint));
        assert_eq!(fingerprint.compact().parse(), Ok(fingerprint));
        for bad in ["", "AB", &"g".repeat(64), &"a".repeat(63), &"é".repeat(32)] {
            assert_eq!(bad.parse::<TlsFingerprint>(), Err(InvalidFingerprint), "{bad}");
        }
    }
}
