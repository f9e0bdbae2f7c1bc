//! The safety number: 60 digits that are the same on both sides when both know the same keys.

use sha2::{Digest, Sha512};

use super::Side;

/// Repeated so that it costs time to search for a key with a similar number.
const ITERATIONS: usize = 5_200;
/// Goes into every number: another way to work it out gets another version.
const VERSION: [u8; 2] = [0, 1];

/// The safety number of two sides, whichever is ours: twelve groups of five digits, with spaces between.
/// It takes some milliseconds.
pub fn safety_number(a: &Side, b: &Side) -> String {
    let mut sides = [a, b];
    sides.sort_by_key(|side| (&side.user, side.key));
    let groups: Vec<String> = sides.into_iter().flat_map(digits).collect();
    groups.join(" ")
}

/// The 30 digits of one side, in groups of five: each is five bytes of the hash.
fn digits(side: &Side) -> Vec<String> {
    let key = side.key.as_bytes();
    // The key is of one length, so where the name ends is never in doubt.
    let first = [&VERSION, side.user.as_str().as_bytes(), key].concat();
    let mut hash = Sha512::digest([b"cooee1|safety|".as_slice(), &first].concat());
    for _ in 1..ITERATIONS {
        hash = Sha512::new().chain_update(hash).chain_update(key).finalize();
    }
    let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    hash[..30].chunks(5).map(|bytes| format!("{:05}", number(bytes) % 100_000)).collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::domain::IdentityKey;

    fn side(user: &str, key: u8) -> Side {
        Side { user: user.parse().unwrap(), key: IdentityKey::from_bytes([key; 32]) }
    }

    #[test]
    fn the_number_stays_as_it_was_and_is_the_same_on_both_sides() {
        let (alice, bob) = (side("alice", 1), side("bob", 2));
        assert_snapshot!(safety_number(&alice, &bob), @"08750 61290 96421 67819 24255 36307 63948 83523 00501 89945 94228 74956");
        assert_eq!(safety_number(&alice, &bob), safety_number(&bob, &alice));
    }

    #[test]
    fn another_key_or_name_has_another_number() {
        let (alice, bob) = (side("alice", 1), side("bob", 2));
        let number = safety_number(&alice, &bob);
        assert_eq!(number.split(' ').map(str::len).collect::<Vec<_>>(), [5; 12]);
        for other in [side("bob", 3), side("bobby", 2)] {
            assert_ne!(safety_number(&alice, &other), number);
        }
    }
}
