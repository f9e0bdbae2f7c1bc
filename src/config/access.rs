//! What is needed to be let in by a broker, beside its address.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::domain::TlsFingerprint;

/// How to know the broker, and how to be known to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrokerAccess {
    /// The certificates that may sign that of the broker, in PEM; else those that the system trusts.
    pub ca: Option<PathBuf>,
    /// Our certificate, with its chain, and its key, both in PEM, for brokers that ask for one.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// The one certificate to accept from the broker.
    pub fingerprint: Option<TlsFingerprint>,
    /// The invite to a built-in broker on a network.
    pub invite: Option<Invite>,
}

/// What `cooee broker invite` prints: the right to register a name on a built-in broker, and the fingerprint
/// of its certificate. Neither `Debug` nor an error shows the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Invite {
    /// What the broker asks for.
    pub secret: String,
    /// What to know the broker by.
    pub fingerprint: Option<TlsFingerprint>,
}

/// Why a text is not an [`Invite`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an invite is the line that `cooee broker invite` prints, whole and unchanged")]
pub struct InvalidInvite;

impl FromStr for Invite {
    type Err = InvalidInvite;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (secret, fingerprint) = match text.trim().split_once('.') {
            Some((secret, fingerprint)) => {
                (secret, Some(fingerprint.parse().map_err(|_| InvalidInvite)?))
            }
            None => (text.trim(), None),
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        match (16..=64).contains(&secret.len()) && secret.chars().all(fits) {
            true => Ok(Self { secret: secret.to_owned(), fingerprint }),
            false => Err(InvalidInvite),
        }
    }
}

/// The whole invite, secret included: it is meant to be passed on.
impl fmt::Display for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.secret)?;
        self.fingerprint.map_or(Ok(()), |fingerprint| write!(f, ".{}", fingerprint.compact()))
    }
}

impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invite").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invite_is_read_as_it_is_written_and_debug_hides_it() {
        let fingerprint = Some(TlsFingerprint::from_bytes([7; 32]));
        let invite = Invite { secret: "abcdefghijklmnop-_".into(), fingerprint };
        assert_eq!(format!(" {invite}\n").parse(), Ok(invite.clone()));
        assert!(!format!("{invite:?}").contains("abcdef"));
        let bare = Invite { fingerprint: None, ..invite };
        assert_eq!(bare.to_string().parse(), Ok(bare));
        for bad in ["", "short", "abcdefghijklmnop.", "abcdefghijklmnop.xyz", "abcdefghijkl mnop"] {
            assert_eq!(bad.parse::<Invite>(), Err(InvalidInvite), "{bad}");
        }
    }
}
