//! Signed documents: who may say what of whom.

use super::signed::{Invalid, Kind, open, sign};
use super::{Device, Identity};
use crate::domain::{Bundle, DeviceKeys, Profile, UserName};
use crate::protocol::{decode_bundle, decode_profile, encode_bundle, encode_profile, limits};

/// The bytes of our profile.
pub fn seal_profile(profile: &Profile, identity: &Identity) -> Vec<u8> {
    sign(Kind::Profile, &encode_profile(profile), identity)
}

/// Reads the profile that stands at the topic of `user`: signed with the identity key that it names. Whether
/// that is the key that we know is for the caller to say.
pub fn open_profile(user: &UserName, payload: &[u8]) -> Result<Profile, Invalid> {
    let signed = open(Kind::Profile, payload, limits::PROFILE)?;
    let profile = decode_profile(user, &signed.text)?;
    match *profile.identity.as_bytes() == signed.key {
        true => Ok(profile),
        false => Err(Invalid::Signer),
    }
}

/// The bytes of our key bundle.
pub fn seal_bundle(user: &UserName, device: &Device) -> Vec<u8> {
    sign(Kind::Bundle, &encode_bundle(&device.bundle(user.clone())), &device.account)
}

/// Reads the bundle that stands at the topic of a device, whose keys its owner's profile names: it must be
/// signed by that device and hold its lasting key.
pub fn open_bundle(user: &UserName, keys: &DeviceKeys, payload: &[u8]) -> Result<Bundle, Invalid> {
    let signed = open(Kind::Bundle, payload, limits::BUNDLE)?;
    let bundle = decode_bundle(user, keys.id, &signed.text)?;
    match signed.key == *keys.signing.as_bytes() && bundle.agreement == keys.agreement {
        true => Ok(bundle),
        false => Err(Invalid::Signer),
    }
}
