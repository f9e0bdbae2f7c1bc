//! Somebody without an engine: their keys, and what they say sealed as they are told to, with whatever in it.

use std::collections::{BTreeMap, BTreeSet};

use cooee::crypto::signed::{Kind, sign};
use cooee::crypto::{self, Device, Identity, Outbound, Peer, groups};
use cooee::domain::group_documents::{Member, Statement, found};
use cooee::domain::{
    Bundle, DeviceId, DisplayName, GroupId, GroupName, JoinPolicy, Profile, Timestamp, UserName,
};
use cooee::protocol::limits::GROUP_DOCUMENT;
use cooee::protocol::{
    End, Envelope, Letter, Root, SignedDocument, Topic, decode_envelope, decode_inside, encode_envelope,
    encode_inside,
};
use vodozemac::Ed25519SecretKey;

/// How somebody stands to a group, in a letter.
pub fn stand(count: u32) -> String {
    format!(r#""n":[{count},"{:032x}"]"#, 0)
}

/// Somebody without an engine.
pub struct Puppet {
    pub me: Profile,
    pub identity: Identity,
    pub device: Device,
    pub root: Root,
    profiles: BTreeMap<UserName, Profile>,
    bundles: BTreeMap<(UserName, DeviceId), Bundle>,
    /// Bundles that came before the profile.
    early: Vec<(String, Vec<u8>)>,
    peers: BTreeMap<(UserName, DeviceId), Peer>,
    /// Whom we began a session with.
    begun: BTreeSet<(UserName, DeviceId)>,
    outbound: BTreeMap<GroupId, Outbound>,
}

impl Puppet {
    /// Somebody of this name, with new keys.
    pub fn new(name: &str) -> Self {
        let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
        let user: UserName = name.parse().unwrap();
        let identity = Identity::generate();
        let device = Device::generate(DeviceId::from_bits(fastrand::u64(1..)), now);
        let me = Profile {
            display_name: DisplayName::from(&user),
            user,
            identity: identity.public(),
            version: 1,
            mobile: None,
            registered_at: now,
            devices: vec![device.keys()],
        };
        Self::of(me, identity, device)
    }

    /// Somebody who is this, and has these keys.
    pub fn of(me: Profile, identity: Identity, device: Device) -> Self {
        Self {
            me,
            identity,
            device,
            root: Root::default(),
            profiles: BTreeMap::new(),
            bundles: BTreeMap::new(),
            early: Vec::new(),
            peers: BTreeMap::new(),
            begun: BTreeSet::new(),
            outbound: BTreeMap::new(),
        }
    }

    /// Learns what somebody published.
    #[allow(dead_code)] // The benchmarks do.
    pub fn meet(&mut self, profile: Profile, bundle: Bundle) {
        self.bundles.insert((bundle.user.clone(), bundle.device), bundle);
        self.profiles.insert(profile.user.clone(), profile);
    }

    /// What stands at the topics of somebody who signed up: topic and payload, to be retained.
    pub fn papers(&self) -> [(String, Vec<u8>); 2] {
        let keys = Topic::Keys(self.me.user.clone(), self.device.id());
        [
            (self.root.topic(&keys), crypto::seal_bundle(&self.me.user, &self.device)),
            (
                self.root.topic(&Topic::Profile(self.me.user.clone())),
                crypto::seal_profile(&self.me, &self.identity),
            ),
        ]
    }

    /// A document that is any text, signed with our identity key.
    pub fn sign(&self, kind: Kind, text: &str) -> Vec<u8> {
        sign(kind, text, &self.secret())
    }

    /// We, as a member of groups.
    fn as_member(&self) -> Member {
        Member { user: self.me.user.clone(), key: self.me.identity }
    }

    fn secret(&self) -> Ed25519SecretKey {
        Ed25519SecretKey::from_slice(&self.identity.to_bytes())
    }

    /// What we sign when we make a group, and its id.
    pub fn found(&self, name: &str, policy: JoinPolicy) -> (GroupId, SignedDocument) {
        let (me, nonce) = (self.as_member(), 7);
        let (id, name) = (groups::group_id(me.key, nonce), GroupName::new(name).unwrap());
        let document = found(id, nonce, me, name, policy, Timestamp::EPOCH);
        let held = groups::sign_document(&document, &self.secret()).unwrap();
        (id, SignedDocument::from_bytes(&held.bytes, GROUP_DOCUMENT).unwrap())
    }

    /// What we sign when we come into a group (an odd count) or leave it.
    pub fn statement(&self, group: GroupId, count: u32) -> SignedDocument {
        let at = Timestamp::from_millis(i64::from(count));
        let statement = Statement { group, member: self.as_member(), count, at };
        let held = groups::sign_statement(&statement, &self.secret()).unwrap();
        SignedDocument::from_bytes(&held.bytes, GROUP_DOCUMENT).unwrap()
    }

    /// The body of a letter that tells that, from somebody who stands to the group as it says.
    pub fn comes_or_goes(&self, group: GroupId, count: u32) -> String {
        let ty = if count % 2 == 1 { "joined" } else { "left" };
        let signed = String::from_utf8(self.statement(group, count).to_bytes()).unwrap();
        format!(r#""g":"{group}","ty":"{ty}",{},"b":{{"signed":{signed}}}"#, stand(count))
    }

    /// The topic of somebody's inbox that we write to.
    pub fn inbox(&self, to: &str) -> String {
        let (to, from) = (to.parse().unwrap(), self.me.user.clone());
        self.root.topic(&Topic::Inbox { to, from, device: self.device.id() })
    }

    /// The topic of a group that we write to.
    pub fn in_group(&self, group: GroupId) -> String {
        let from = self.me.user.clone();
        self.root.topic(&Topic::Group { group, from, device: self.device.id() })
    }

    /// Takes in what stands at a topic, if it is somebody's profile or keys.
    pub fn hear(&mut self, topic: &str, payload: &[u8]) {
        match self.root.parse(topic) {
            Some(Topic::Profile(user)) => {
                if let Ok(profile) = crypto::open_profile(&user, payload) {
                    self.profiles.insert(user, profile);
                    for (topic, payload) in std::mem::take(&mut self.early) {
                        self.hear(&topic, &payload);
                    }
                }
            }
            Some(Topic::Keys(user, device)) => {
                let keys = self.profiles.get(&user).and_then(|profile| profile.device(device));
                match keys.map(|keys| crypto::open_bundle(&user, keys, payload)) {
                    Some(Ok(bundle)) => {
                        self.bundles.insert((user, device), bundle);
                    }
                    Some(Err(_)) => {}
                    None => self.early.push((topic.to_owned(), payload.to_vec())),
                }
            }
            _ => {}
        }
    }

    /// Whether we can write to them.
    pub fn knows(&self, user: &str) -> bool {
        let user: UserName = user.parse().unwrap();
        self.bundles.keys().any(|(owner, _)| *owner == user)
    }

    /// The payload that carries a letter, any JSON, to somebody.
    pub fn seal_bytes(&mut self, to: &str, letter: &[u8]) -> Vec<u8> {
        let user: UserName = to.parse().unwrap();
        let profile = self.profiles.get(&user).expect("their profile came");
        let ours = self.device.keys();
        let mut ciphertexts = BTreeMap::new();
        for theirs in &profile.devices {
            let key = (user.clone(), theirs.id);
            let peer = self.peers.entry(key.clone()).or_default();
            // Whoever does not read receipts goes on with the session that there is.
            if !peer.is_ready() && self.begun.insert(key.clone()) {
                let fallback = self.bundles[&key].fallback;
                assert!(peer.begin(&self.device, theirs, &fallback), "their keys are good");
            }
            let begins = peer.introduces();
            let from =
                End { user: self.me.user.clone(), device: ours.id, key: begins.then_some(ours.signing) };
            let for_whom =
                End { user: user.clone(), device: theirs.id, key: begins.then_some(theirs.signing) };
            let versions = Some((self.me.version, profile.version));
            let text = encode_inside(from, Some(for_whom), versions, letter);
            ciphertexts.insert(theirs.id, peer.seal(&text).expect("there is a session"));
        }
        encode_envelope(&Envelope::Direct(ciphertexts))
    }

    /// The payload that carries a letter, any JSON, to a group.
    pub fn seal_for_group(&mut self, group: GroupId, letter: &[u8]) -> Vec<u8> {
        let from = End { user: self.me.user.clone(), device: self.device.id(), key: None };
        let text = encode_inside(from, None, None, letter);
        let (session, bytes) = self.speak(group).seal(&text);
        encode_envelope(&Envelope::Group { group, session, bytes })
    }

    /// What opens what we say in a group from here on.
    pub fn sender_key(&mut self, group: GroupId) -> String {
        self.speak(group).share(BTreeSet::new())
    }

    fn speak(&mut self, group: GroupId) -> &mut Outbound {
        self.outbound.entry(group).or_insert_with(|| Outbound::generate(Timestamp::EPOCH))
    }

    /// The letter in what somebody sent to our inbox.
    pub fn open(&mut self, topic: &str, payload: &[u8]) -> Option<Letter> {
        let Some(Topic::Inbox { from, device, .. }) = self.root.parse(topic) else { return None };
        let Ok(Envelope::Direct(mut to)) = decode_envelope(payload) else { return None };
        let theirs = *self.profiles.get(&from)?.device(device)?;
        let peer = self.peers.entry((from, device)).or_default();
        let sealed = to.remove(&self.device.id())?;
        let opened = peer.open(&mut self.device, &theirs, &sealed, || true).ok()?;
        decode_inside(&opened.plaintext).ok()?.map(|inside| inside.letter)
    }
}
