//! Making sure that a key is really a person's: by a number, a QR code or emoji that two people compare.
//!
//! No I/O and no clock. Whoever finds that both see the same may mark the key as verified; that is the
//! engine's.

mod code;
mod comparison;
mod emoji;
mod number;
#[cfg(test)]
mod tests;

pub use code::{Ink, InvalidCode, check_code, code_text, draw_code};
pub use comparison::{Comparison, Progress};
pub use emoji::{EMOJI, Emoji};
pub use number::safety_number;

use crate::domain::{IdentityKey, UserName};

/// One of the two who compare.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Side {
    /// Their name.
    pub user: UserName,
    /// Their key, as this side knows it.
    pub key: IdentityKey,
}
