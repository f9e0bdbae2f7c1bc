//! What stands in an export: one record a line, in this order: the account, people, groups, open rooms, how long
//! messages live, what is put away, lists of contacts, messages in the order of their arrival, marks, the end.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Fault;
use crate::crypto::Identity;
use crate::crypto::groups::{self, Rejected};
use crate::domain::group_documents::{Item, Ledger, Member};
use crate::domain::{
    ContactList, ConversationId, GroupId, Message, Profile, Recipient, RoomName, Standing, Summary,
    Timestamp,
};
use crate::protocol::{SignedDocument, limits};
use crate::store::{Account, Altered, Kept, KnownPerson, StoredGroup, StoredLifetime};

/// Longest record, in bytes: more than the largest group.
pub(super) const LONGEST: usize = 4 * 1024 * 1024;

/// One line of an export.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    Account(Box<Myself>),
    Person(Box<Known>),
    Group(Box<Papers>),
    /// An open room that we are in.
    Room(RoomName),
    /// How long messages live in a conversation.
    Lifetime(StoredLifetime),
    /// A conversation that is put away.
    Archived(ConversationId),
    /// A list of contacts.
    List(ContactList),
    Message {
        message: Box<Message>,
        recipients: Vec<Recipient>,
        altered: Vec<Altered>,
    },
    /// Where the unread line of a conversation stands.
    Marks {
        summary: Summary,
        stamp: Timestamp,
    },
    /// Nothing follows, and so many messages came before.
    End {
        messages: u64,
    },
}

/// Who we are.
#[derive(Serialize, Deserialize)]
pub(super) struct Myself {
    pub profile: Profile,
    /// The secret identity key, in base64.
    identity: Zeroizing<String>,
    /// The password to log in with.
    pub credential: Zeroizing<String>,
}

/// Whom we know, and by which key.
#[derive(Serialize, Deserialize)]
pub(super) struct Known {
    profile: Profile,
    last_seen: Option<Timestamp>,
    verified: bool,
    claim: Option<Profile>,
    blocked: bool,
}

/// A group, and how we stand to it.
#[derive(Serialize, Deserialize)]
pub(super) struct Papers {
    id: GroupId,
    signed: Vec<SignedDocument>,
    standing: Standing,
}

impl Record {
    /// What counts in a group, and what we signed ourselves. What waits of others stays behind: it may be much.
    pub fn group(group: &StoredGroup, me: &Member) -> Result<Self, Rejected> {
        let mut ledger = Ledger::new(group.id);
        let mut ours = Vec::new();
        for bytes in &group.signed {
            let item = groups::reopen(bytes)?;
            ours.extend((item.author() == me).then(|| item.clone()));
            // What speaks of another group was never taken in.
            let _ = ledger.insert(item);
        }
        let read = |item: &Item| SignedDocument::from_bytes(item.bytes(), limits::GROUP_DOCUMENT);
        let kept = ledger.counted().into_iter().chain(ours);
        let signed = kept.map(|item| read(&item)).collect::<Result<_, _>>()?;
        Ok(Self::Group(Box::new(Papers { id: group.id, signed, standing: group.standing.clone() })))
    }

    pub fn account(account: &Account, identity: &Identity) -> Self {
        Self::Account(Box::new(Myself {
            profile: account.profile.clone(),
            identity: Zeroizing::new(STANDARD_NO_PAD.encode(identity.to_bytes())),
            credential: Zeroizing::new(account.credential.clone()),
        }))
    }

    pub fn person(person: KnownPerson) -> Self {
        let KnownPerson { profile, last_seen, verified, claim, blocked } = person;
        Self::Person(Box::new(Known { profile, last_seen, verified, claim, blocked }))
    }

    pub fn message(Kept { message, recipients, altered }: Kept) -> Self {
        Self::Message { message: Box::new(message), recipients, altered }
    }
}

impl Myself {
    /// The identity key, which must be the one of the profile.
    pub fn identity(&self) -> Result<Identity, Fault> {
        let wrong = || Fault::Content("its identity key is not that of its profile".to_owned());
        let bytes = Zeroizing::new(STANDARD_NO_PAD.decode(&*self.identity).map_err(|_| wrong())?);
        let identity = Identity::from_bytes(bytes.as_slice().try_into().map_err(|_| wrong())?);
        if identity.public() == self.profile.identity { Ok(identity) } else { Err(wrong()) }
    }
}

impl From<Known> for KnownPerson {
    fn from(known: Known) -> Self {
        let Known { profile, last_seen, verified, claim, blocked } = known;
        Self { profile, last_seen, verified, claim, blocked }
    }
}

impl Papers {
    /// As it is taken in: this device never subscribed to it. The signatures are checked as if it came from
    /// somebody else.
    pub fn stored(&self) -> Result<StoredGroup, Fault> {
        let read = |document: &SignedDocument| Ok(groups::open(&document.to_bytes())?.bytes().clone());
        let wrong = |why: Rejected| Fault::Content(format!("a group in it: {why}"));
        let signed = self.signed.iter().map(read).collect::<Result<_, _>>().map_err(wrong)?;
        Ok(StoredGroup { id: self.id, signed, standing: self.standing.clone(), unsubscribe: false })
    }
}
