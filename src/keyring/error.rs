//! Why a keyring does not help, and what that means.

/// Why a keyring does not help.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No keyring runs.
    #[error("no keyring runs in this session: no Secret Service answers on its bus")]
    Absent,
    /// It is locked, or its owner did not let us in; or nobody could be asked to make one.
    #[error("the keyring is locked, or was never set up, and nobody opened it")]
    Locked,
    /// It knows nothing of the account.
    #[error(
        "the key of this account is not in this keyring: it was deleted there, or this is another machine"
    )]
    Missing,
    /// What it holds is not the key.
    #[error("what the keyring holds under the name of this account is not its key")]
    Other,
    /// It does not answer.
    #[error("the keyring did not answer within {0} s; it may be waiting in some window to be unlocked")]
    Late(u64),
    /// Something else.
    #[error("the keyring failed: {0}")]
    Failed(String),
    /// This Cooee cannot.
    #[error("this Cooee was built without the keyring (the feature `keyring`)")]
    LeftOut,
}

impl Error {
    /// What to do about it: about an account whose key it holds, or one whose key it is to hold.
    pub fn hint(&self, holds: bool) -> &'static str {
        match self {
            Self::Absent if holds => {
                "run Cooee in the session of the desktop that the account was made in, or start its keyring (GNOME \
                 Keyring, KWallet, KeePassXC) here; or import an export: `cooee account import`"
            }
            Self::Absent => {
                "start one (GNOME Keyring, KWallet, KeePassXC) and run Cooee in the same session; or protect the \
                 account with a passphrase"
            }
            Self::Locked | Self::Late(_) if holds => "unlock it, and try again",
            Self::Locked | Self::Late(_) => {
                "unlock it and try again, or protect the account with a passphrase"
            }
            Self::Missing | Self::Other => {
                "put the item back from a backup of the keyring; or move the directory of the account away and \
                 import an export (`cooee account import`). Nothing of the account was changed"
            }
            Self::Failed(_) if holds => "try again",
            Self::Failed(_) => "try again, or protect the account with a passphrase",
            Self::LeftOut => "use a Cooee that was built with it",
        }
    }
}
