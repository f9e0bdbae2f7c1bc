//! What scripts read, line by line.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::*;
use crate::domain::{Delivery, DisplayName, GroupName, JoinPolicy, MessageText, MobileNumber};

fn user(name: &str) -> UserName {
    name.parse().unwrap()
}

fn at() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-22T10:41:05.123Z").unwrap()
}

pub fn team() -> ConversationId {
    ConversationId::Group(GroupId::from_bits(1 << 96))
}

fn view() -> GroupView {
    let member = |role| Membership { role, since: at() };
    let (alice, bob) = (member(Role::Owner), member(Role::Member));
    let group = Group {
        id: GroupId::from_bits(1 << 96),
        name: GroupName::new("team").unwrap(),
        owner: user("alice"),
        policy: JoinPolicy::Open,
        created_at: at(),
        lifetime: None,
        members: [(user("alice"), alice), (user("bob"), bob)].into(),
        invited: BTreeSet::new(),
        former: BTreeSet::new(),
    };
    GroupView { group, standing: Standing::Invited(user("bob")) }
}

pub fn groups() -> BTreeMap<GroupId, GroupView> {
    BTreeMap::from([(view().group.id, view())])
}

pub fn message(conversation: ConversationId, body: Body, own: bool) -> Message {
    let id = MessageId::from(Uuid::from_u128(0x0193_523c_1a00_7000_8000_0000_0000_0001));
    Message {
        received_at: Timestamp::parse_rfc3339("2026-11-22T10:41:06Z").unwrap(),
        delivery: own.then_some(Delivery::Queued),
        unseen: !own,
        ..Message::new(id, conversation, user(if own { "alice" } else { "bob" }), at(), body)
    }
}

#[test]
fn the_documented_lines_are_what_is_written() {
    let hello = Body::Text(MessageText::new("hello").unwrap());
    let message_from_bob = message(ConversationId::Direct(user("bob")), hello, false);
    let invited = message(team(), Body::Changed(GroupChange::Invite(user("carol"))), true);
    let person = Person {
        user: user("bob"),
        display_name: DisplayName::new("Bob").unwrap(),
        mobile: Some(MobileNumber::new("+912212345").unwrap()),
        origin: Origin::Registered,
        availability: Availability::Offline { last_seen: Some(at()) },
        trust: Trust::NotVerified,
        blocked: false,
    };
    let lobby = "lobby".parse().unwrap();
    let view = view();
    let (alice, membership) = view.group.members.first_key_value().unwrap();
    let hello = Body::Text(MessageText::new("hello").unwrap());
    let ours = message(ConversationId::Direct(user("bob")), hello, true);
    let waiting = Waiting {
        id: ours.id,
        to: ours.conversation.clone(),
        message: Some(ours),
        delivery: Delivery::Sent,
        open: vec![user("bob")],
        waits_for: Hop::Away(vec![user("bob")]),
    };
    let key = |n| crate::domain::IdentityKey::from_bytes([n; 32]).fingerprint();
    let keys = KeyView {
        user: user("bob"),
        trust: Trust::NotVerified,
        ours: key(1),
        theirs: Some(TheirKey {
            fingerprint: key(2),
            safety_number: "08750 61290".to_owned(),
            since: at(),
            code: "cooee-verify:1:alice:bob".to_owned(),
            picture: Vec::new(),
        }),
        claimed: None,
    };
    let link = GroupLink {
        group: view.group.id,
        host: user("alice"),
        key: crate::domain::IdentityKey::from_bytes([1; 32]),
        secret: crate::domain::LinkSecret::from_bytes([2; 16]),
    };
    let a_day = Lifetime::new(86_400).unwrap();
    let records = [
        Record::message(&message_from_bob, &groups()),
        Record::message(&invited, &groups()),
        Record::person(&person),
        Record::group(&view),
        Record::group_link(&link, at(), 20),
        Record::chat(&ConversationId::Direct(user("bob")), &groups(), Some(a_day)),
        Record::saved(message_from_bob.id, "/home/alice/Downloads/plan.pdf"),
        Record::room(&lobby, true),
        Record::waiting(&waiting, &groups()),
        Record::key(&keys),
        Record::member(&view.group, alice, *membership),
    ];
    let written: Vec<String> = records.iter().map(line).collect();
    let documented: Vec<String> =
        HELP.lines().filter(|line| line.starts_with('{')).map(|line| format!("{line}\n")).collect();
    assert_eq!(written, documented);
}

#[test]
fn other_types_and_values() {
    let me = Profile {
        user: user("alice"),
        identity: crate::domain::IdentityKey::from_bytes([1; 32]),
        devices: Vec::new(),
        version: 1,
        display_name: DisplayName::new("Alice \"A\"").unwrap(),
        mobile: None,
        registered_at: at(),
    };
    let online = Person {
        user: user("dave"),
        display_name: DisplayName::new("Dave").unwrap(),
        mobile: None,
        origin: Origin::ByHand,
        availability: Availability::Online { since: at() },
        trust: Trust::Unknown,
        blocked: true,
    };
    let mut sent = message(team(), Body::Created, true);
    sent.delivery = Some(Delivery::Sent);
    let unknown = ConversationId::Group(GroupId::from_bits(7 << 96));
    let unsupported = message(unknown, Body::Unsupported, false);
    let lines: String = [
        Record::me(&me, true),
        Record::person(&online),
        Record::message(&sent, &groups()),
        Record::message(&unsupported, &groups()),
    ]
    .iter()
    .map(line)
    .collect();
    insta::assert_snapshot!(lines, @r##"
    {"type":"person","user":"alice","display_name":"Alice \"A\"","mobile":null,"registered":true,"online":true,"since":null,"last_seen":null,"own":true}
    {"type":"person","user":"dave","display_name":"Dave","mobile":null,"registered":false,"online":true,"since":"2026-11-22T10:41:05.123Z","last_seen":null,"trust":"unknown","blocked":true,"own":false}
    {"type":"created","id":"0193523c-1a00-7000-8000-000000000001","conversation":"#team","group":"00000001000000000000000000000000","from":"alice","sent_at":"2026-11-22T10:41:05.123Z","received_at":"2026-11-22T10:41:06Z","own":true,"delivery":"sent"}
    {"type":"unsupported","id":"0193523c-1a00-7000-8000-000000000001","conversation":"#00000007","group":"00000007000000000000000000000000","from":"bob","sent_at":"2026-11-22T10:41:05.123Z","received_at":"2026-11-22T10:41:06Z","own":false,"delivery":null}
    "##);
}
