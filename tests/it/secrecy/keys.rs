//! Keys that an attacker likes: other spellings of a key, other points that give the same secrets, and keys
//! that give no secret at all.

use cooee::crypto::{self, Closed, open_profile, seal_profile};
use cooee::domain::{AgreementKey, DeviceKeys, IdentityKey, Profile, SigningKey};
use cooee::protocol::{Ciphertext, encode_profile};

use super::support::{
    Key, Party, acquainted, inside, key_in, letter, look_alikes, pair, read_inside, with_key, worthless,
};

/// A first message of Alice's to Bob, which nobody has opened yet.
fn first_message() -> (Party, Party, Ciphertext) {
    let (mut alice, bob) = pair();
    alice.begin(&bob);
    let text = inside(&alice, &bob, &letter(1, "hello"));
    let sealed = alice.seal(&text);
    (alice, bob, sealed)
}

#[test]
fn there_are_fifteen_look_alikes_of_a_key() {
    let key = *Party::new("alice", 1).fallback().as_bytes();
    assert_eq!(look_alikes(&key).len(), 15, "eight points in two spellings, one of them the key itself");
}

/// SECRECY section 2, trap 1. The library opens them all; what they have in common is the letter inside.
#[test]
fn torsion_and_top_bit_variants_of_the_base_key_carry_one_letter_and_keep_one_session() {
    let (alice, mut bob, sealed) = first_message();
    let keys = alice.device.keys();
    let (text, begun) = bob.open(&keys, &sealed).unwrap();
    assert!(begun.is_some());
    let mut letters = vec![read_inside(&text).letter.id];
    let mut names = vec![begun.unwrap()];
    for other in look_alikes(&key_in(&sealed, Key::Base)) {
        let (text, begun) = bob.open(&keys, &with_key(&sealed, Key::Base, &other)).unwrap();
        let begun = begun.expect("it looks like another session");
        bob.peer.throw_away(&begun);
        letters.push(read_inside(&text).letter.id);
        names.push(begun);
    }
    letters.dedup();
    assert_eq!(letters.len(), 1, "they are told apart by nothing but what is inside");
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 16, "the name of a session tells nothing");
    // The one session that is left is the true one: the talk goes on in it.
    let (mut alice, answer) = (alice, bob.seal(b"answer"));
    assert_eq!(answer.kind, 1);
    assert_eq!(alice.read(&bob.device.keys(), &answer), b"answer");
    let again = alice.seal(b"again");
    assert_eq!(bob.read(&keys, &again), b"again");
}

/// The altered one comes first: the talk goes on in its session all the same, and the true one changes nothing.
#[test]
fn an_altered_first_message_that_overtakes_the_true_one_breaks_nothing() {
    for variant in 0..15 {
        let (mut alice, mut bob, sealed) = first_message();
        let keys = alice.device.keys();
        let altered = look_alikes(&key_in(&sealed, Key::Base))[variant];
        let (text, _) = bob.open(&keys, &with_key(&sealed, Key::Base, &altered)).unwrap();
        let second = alice.seal(b"second");
        assert_eq!(bob.read(&keys, &second), b"second", "the second names the true session");
        let (again, begun) = bob.open(&keys, &sealed).unwrap();
        assert_eq!(again, text);
        bob.peer.throw_away(&begun.expect("it looks like another session"));
        let answer = bob.seal(b"answer");
        assert_eq!(alice.read(&bob.device.keys(), &answer), b"answer");
    }
}

/// SECRECY section 2, trap 7: the library takes two spellings of a point for one key.
#[test]
fn torsion_and_top_bit_variants_of_the_identity_key_are_refused() {
    let (alice, mut bob, sealed) = first_message();
    let keys = alice.device.keys();
    for other in look_alikes(keys.agreement.as_bytes()) {
        let altered = with_key(&sealed, Key::Identity, &other);
        assert_eq!(bob.open(&keys, &altered), Err(Closed::Malformed));
        // Also where a profile names the other spelling: then it is another device's key.
        let named = DeviceKeys { agreement: AgreementKey::from_bytes(other), ..keys };
        assert_eq!(bob.open(&named, &sealed), Err(Closed::Malformed));
    }
    assert!(bob.open(&keys, &sealed).is_ok());
}

/// The library finds the fallback key by its other spelling too, and names the session after that spelling.
#[test]
fn torsion_and_top_bit_variants_of_the_fallback_key_carry_the_same_letter_or_nothing() {
    let (alice, mut bob, sealed) = first_message();
    let keys = alice.device.keys();
    let (text, _) = bob.open(&keys, &sealed).unwrap();
    let mut opened = 0;
    for other in look_alikes(&key_in(&sealed, Key::Fallback)) {
        match bob.open(&keys, &with_key(&sealed, Key::Fallback, &other)) {
            Ok((again, begun)) => {
                opened += 1;
                assert_eq!(again, text);
                bob.peer.throw_away(&begun.expect("it looks like another session"));
            }
            Err(why) => assert_eq!(why, Closed::NoSession),
        }
    }
    assert!(opened <= 1, "{opened}: other points are other keys");
}

#[test]
fn all_zero_and_low_order_keys_in_a_message_open_nothing() {
    assert!(worthless().len() >= 12 && worthless().contains(&[0; 32]));
    let (alice, mut bob, sealed) = first_message();
    let keys = alice.device.keys();
    for key in worthless() {
        for which in [Key::Fallback, Key::Base, Key::Identity] {
            let opened = bob.open(&keys, &with_key(&sealed, which, &key));
            assert!(opened.is_err(), "{which:?} {key:02x?}");
            // Where a profile names it too, the device is worth nothing.
            let named = DeviceKeys { agreement: AgreementKey::from_bytes(key), ..keys };
            assert!(bob.open(&named, &with_key(&sealed, Key::Identity, &key)).is_err());
        }
    }
    assert!(!bob.peer.is_ready(), "none of them left a session");
    assert!(bob.open(&keys, &sealed).is_ok(), "the true one opens after all that");
}

/// The ratchet key of a message: the key of the sender's that comes after the keys that begin a session.
#[test]
fn all_zero_and_low_order_ratchet_keys_open_nothing() {
    let (mut alice, mut bob) = acquainted();
    let sealed = alice.seal(b"hello");
    assert_eq!((sealed.kind, sealed.bytes[..3].to_vec()), (1, vec![3, 0x0a, 32]));
    for key in worthless() {
        let mut altered = sealed.clone();
        altered.bytes[3..35].copy_from_slice(&key);
        assert_eq!(bob.open(&alice.device.keys(), &altered), Err(Closed::Used));
    }
    assert_eq!(bob.read(&alice.device.keys(), &sealed), b"hello");
}

#[test]
fn all_zero_and_low_order_keys_in_a_bundle_begin_no_session() {
    let (mut alice, bob) = pair();
    let keys = bob.device.keys();
    for key in worthless().into_iter().map(AgreementKey::from_bytes) {
        assert!(!alice.peer.begin(&alice.device, &keys, &key), "{key}");
        let named = DeviceKeys { agreement: key, ..keys };
        assert!(!alice.peer.begin(&alice.device, &named, &bob.fallback()), "{key}");
    }
    assert!(!alice.peer.is_ready() && alice.peer.seal(b"x").is_none());
}

/// A key that gives valid signatures over anything would sign profiles for everybody.
#[test]
fn all_zero_and_low_order_keys_sign_no_profile() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    use curve25519_dalek::constants::EIGHT_TORSION;

    let (alice, _) = pair();
    let identities = EIGHT_TORSION.iter().map(|torsion| torsion.compress().to_bytes());
    for key in identities.chain([[0; 32], [0xff; 32]]) {
        let claimed = Profile { identity: IdentityKey::from_bytes(key), ..alice.profile() };
        let text = encode_profile(&claimed);
        // R = A and s = 0, R = the neutral point and s = 0, and a signature of somebody else's.
        let mut one = [0; 64];
        one[..32].copy_from_slice(&key);
        let mut two = [0; 64];
        two[0] = 1;
        for signature in [one, two, [0; 64]] {
            let payload = serde_json::json!({
                "v": 1, "t": "profile", "d": text,
                "k": STANDARD_NO_PAD.encode(key), "s": STANDARD_NO_PAD.encode(signature),
            });
            let opened = open_profile(&alice.user, payload.to_string().as_bytes());
            assert!(matches!(opened, Err(crypto::Invalid::Signature)), "{key:02x?} {opened:?}");
        }
        let other = seal_profile(&claimed, &alice.identity);
        assert!(matches!(open_profile(&alice.user, &other), Err(crypto::Invalid::Signer)));
    }
}

/// A profile may name any keys for its owner's devices; what they are worth shows when they are used.
#[test]
fn all_zero_keys_of_a_device_in_a_profile_harm_its_owner_alone() {
    let (mut alice, bob) = pair();
    let nothing = DeviceKeys {
        id: bob.device.id(),
        signing: SigningKey::from_bytes([0; 32]),
        agreement: AgreementKey::from_bytes([0; 32]),
    };
    let profile = Profile { devices: vec![nothing], ..bob.profile() };
    let profile = open_profile(&bob.user, &seal_profile(&profile, &bob.identity)).unwrap();
    let bundle = crypto::seal_bundle(&bob.user, &bob.device);
    assert!(crypto::open_bundle(&bob.user, &profile.devices[0], &bundle).is_err());
    assert!(!alice.peer.begin(&alice.device, &profile.devices[0], &bob.fallback()));
}
