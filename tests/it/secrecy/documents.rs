//! Signed documents: each is valid as what it was signed as, by whom it names, at the topic where it stands.

use cooee::crypto::{Invalid, open_bundle, open_profile, seal_bundle, seal_profile, signed};
use cooee::domain::DeviceId;
use cooee::protocol::{encode_bundle, encode_profile};

use super::support::{Party, founded, user};

#[test]
fn a_bundle_signed_by_another_device_is_refused() {
    let bob = Party::new("bob", 1);
    // Of another person, and of another device of his own under the first one's name.
    for other in [Party::new("eve", 1), Party::new("bob", 1)] {
        let theirs = seal_bundle(&bob.user, &other.device);
        assert!(matches!(open_bundle(&bob.user, &bob.device.keys(), &theirs), Err(Invalid::Signer)));
        // Bob's own words, signed by another device.
        let text = encode_bundle(&bob.device.bundle(bob.user.clone()));
        let forged = signed::sign(signed::Kind::Bundle, &text, &SignerOf(&other));
        assert!(matches!(open_bundle(&bob.user, &bob.device.keys(), &forged), Err(Invalid::Signer)));
    }
    // His identity key is no device either.
    let text = encode_bundle(&bob.device.bundle(bob.user.clone()));
    let forged = signed::sign(signed::Kind::Bundle, &text, &SignerOf(&bob));
    assert!(matches!(open_bundle(&bob.user, &bob.device.keys(), &forged), Err(Invalid::Signer)));
    let own = seal_bundle(&bob.user, &bob.device);
    assert!(open_bundle(&bob.user, &bob.device.keys(), &own).is_ok());
}

#[test]
fn a_bundle_at_the_topic_of_another_device_or_person_is_refused() {
    let bob = Party::new("bob", 1);
    let own = seal_bundle(&bob.user, &bob.device);
    let mut keys = bob.device.keys();
    assert!(matches!(open_bundle(&user("eve"), &keys, &own), Err(Invalid::Malformed(_))));
    keys.id = DeviceId::from_bits(2);
    assert!(matches!(open_bundle(&bob.user, &keys, &own), Err(Invalid::Malformed(_))));
}

#[test]
fn a_signature_of_another_type_is_refused() {
    let bob = Party::new("bob", 1);
    let profile = bob.profile();
    let texts = [
        (signed::Kind::Profile, encode_profile(&profile)),
        (signed::Kind::Bundle, encode_bundle(&bob.device.bundle(bob.user.clone()))),
        (signed::Kind::Group, founded(&bob, "team").text),
    ];
    let kinds = [signed::Kind::Profile, signed::Kind::Bundle, signed::Kind::Group, signed::Kind::Member];
    let tag = |kind: signed::Kind| format!("{kind:?}").to_lowercase();
    for (right, text) in &texts {
        for wrong in kinds.into_iter().filter(|kind| kind != right) {
            let other = signed::sign(wrong, text, &SignerOf(&bob));
            assert!(matches!(signed::open(*right, &other, 8_000), Err(Invalid::Kind)));
            let own = format!(r#""t":"{}""#, tag(*right));
            let renamed = String::from_utf8(other).unwrap();
            let renamed = renamed.replacen(&format!(r#""t":"{}""#, tag(wrong)), &own, 1);
            assert!(renamed.contains(&own));
            let opened = signed::open(*right, renamed.as_bytes(), 8_000);
            assert!(matches!(opened, Err(Invalid::Signature)), "{wrong:?} as {right:?}");
        }
    }
}

#[test]
fn a_profile_signed_by_another_is_refused() {
    let (bob, eve) = (Party::new("bob", 1), Party::new("eve", 2));
    let forged = seal_profile(&bob.profile(), &eve.identity);
    assert!(matches!(open_profile(&bob.user, &forged), Err(Invalid::Signer)));
    let own = seal_profile(&bob.profile(), &bob.identity);
    assert!(matches!(open_profile(&eve.user, &own), Err(Invalid::Malformed(_))));
}

/// No byte of a signed document can be changed: it is refused, or says the same of the same signer.
#[test]
fn no_changed_bit_of_a_signed_document_says_something_else() {
    let bob = Party::new("bob", 1);
    let own = seal_profile(&bob.profile(), &bob.identity);
    let meant = open_profile(&bob.user, &own).unwrap();
    for at in 0..own.len() {
        for bit in 0..8 {
            let mut changed = own.clone();
            changed[at] ^= 1 << bit;
            if let Ok(profile) = open_profile(&bob.user, &changed) {
                assert_eq!(profile, meant, "byte {at}, bit {bit}");
            }
        }
    }
}

/// Signs as the identity of somebody.
struct SignerOf<'a>(&'a Party);

impl signed::Signer for SignerOf<'_> {
    fn public_key(&self) -> vodozemac::Ed25519PublicKey {
        self.secret().public_key()
    }

    fn sign(&self, bytes: &[u8]) -> vodozemac::Ed25519Signature {
        self.secret().sign(bytes)
    }
}

impl SignerOf<'_> {
    fn secret(&self) -> vodozemac::Ed25519SecretKey {
        vodozemac::Ed25519SecretKey::from_slice(&self.0.identity.to_bytes())
    }
}
