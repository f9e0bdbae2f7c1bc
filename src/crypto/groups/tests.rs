//! Real signatures: frozen documents, and those that are not in order.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::crypto::Identity;
use crate::domain::group_documents::{Change, Charter, Naming, REACH, found};
use crate::domain::{GroupName, JoinPolicy, Timestamp, UserName};

const NONCE: u128 = 0xc00ee;

fn secret(n: u8) -> Identity {
    Identity::from_bytes(&[n; 32])
}

fn member(n: u8) -> Member {
    Member { user: format!("u{n}").parse().unwrap(), key: secret(n).public() }
}

fn id() -> GroupId {
    group_id(member(1).key, NONCE)
}

fn name(text: &str) -> GroupName {
    GroupName::new(text).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_732_281_660_123)
}

fn first() -> Document {
    found(id(), NONCE, member(1), name("team"), JoinPolicy::Invite, now())
}

fn text<T>(held: &Held<T>) -> String {
    String::from_utf8(held.bytes.to_vec()).unwrap()
}

fn send(ledger: &mut Ledger, bytes: &[u8]) -> bool {
    ledger.insert(open(bytes).unwrap()).unwrap()
}

/// A group in which member 2 is an admin, who let 3 in; 3 accepted.
fn ledger() -> Ledger {
    let mut ledger = Ledger::new(id());
    send(&mut ledger, &sign_document(&first(), &secret(1)).unwrap().bytes);
    let act = |ledger: &mut Ledger, n: u8, changes: &[Change]| {
        let document = ledger.propose(&member(n), changes).unwrap();
        assert!(send(ledger, &sign_document(&document, &secret(n)).unwrap().bytes));
    };
    act(&mut ledger, 1, &[Change::Admit(member(2)), Change::Appoint(member(2))]);
    act(&mut ledger, 2, &[Change::Admit(member(3)), Change::Rename(name("crew"))]);
    let statement = ledger.state(&member(3), true, now()).unwrap();
    assert!(send(&mut ledger, &sign_statement(&statement, &secret(3)).unwrap().bytes));
    ledger
}

#[test]
fn what_is_signed_stays_as_it_was_published() {
    assert_snapshot!(id(), @"8f6b12b5768478997f7890aa7f0d52a2");
    assert_snapshot!(text(&sign_document(&first(), &secret(1)).unwrap()), @r#"{"v":1,"t":"group","d":"{\"v\":1,\"g\":\"8f6b12b5768478997f7890aa7f0d52a2\",\"by\":[\"u1\",\"iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w\"],\"n\":1,\"name\":[1,\"team\"],\"m\":[[\"u1\",\"iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w\",1]],\"o\":{\"nonce\":\"000000000000000000000000000c00ee\",\"join\":\"invite\",\"at\":1732281660123,\"admins\":[]}}","k":"iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w","s":"+MprKKH4wtF/hjrL7Nyh1rUnYjCf758BXQ7kK78qs1RFhXlixcdjqZliZWY12Okx9sn+C36SEWRDEKzSlpirDQ"}"#);
    let ledger = ledger();
    let texts: Vec<String> =
        ledger.items().map(|item| String::from_utf8(item.bytes().to_vec()).unwrap()).collect();
    assert_snapshot!(texts.join("\n"), @r#"
        {"v":1,"t":"group","d":"{\"v\":1,\"g\":\"8f6b12b5768478997f7890aa7f0d52a2\",\"by\":[\"u1\",\"iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w\"],\"n\":2,\"name\":[1,\"team\"],\"m\":[[\"u1\",\"iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w\",1],[\"u2\",\"gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q\",1]],\"o\":{\"nonce\":\"000000000000000000000000000c00ee\",\"join\":\"invite\",\"at\":1732281660123,\"admins\":[[\"u2\",\"gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q\",1]]}}","k":"iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w","s":"be6hwmbFvyj/uG6xTX5gTpdi7Ptk6PZnKDt1ve1jorWz2PB7CEQsbJAVq5cvZLCuvaLZABh5gJL+wC3a9FsaDg"}
        {"v":1,"t":"group","d":"{\"v\":1,\"g\":\"8f6b12b5768478997f7890aa7f0d52a2\",\"by\":[\"u2\",\"gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q\"],\"n\":1,\"name\":[2,\"crew\"],\"m\":[[\"u3\",\"7UkoxijRwsbq6QM4kFmVYSlZJzpcY/k2NsFGFKyHN9E\",1]]}","k":"gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q","s":"SI1OVrs0kLWLWiwiTKWsNRSQWYY+lsTCIX3EQiEspqrS9S95E4sXDa0azCPhw9yRLUB4Zki0Elt3fuIUlK99Ag"}
        {"v":1,"t":"member","d":"{\"v\":1,\"g\":\"8f6b12b5768478997f7890aa7f0d52a2\",\"by\":[\"u3\",\"7UkoxijRwsbq6QM4kFmVYSlZJzpcY/k2NsFGFKyHN9E\"],\"c\":1,\"at\":1732281660123}","k":"7UkoxijRwsbq6QM4kFmVYSlZJzpcY/k2NsFGFKyHN9E","s":"IeMFaZtKXsIrI3hBbtFzi5WNXiv8k5uSYS1LBPDFiHcuwhN55amJR7I/SbJI+7Qj5l3qWqQqeb4DS5Vp0yqxCQ"}
        "#);
    assert_snapshot!(state_hash(&ledger).to_string(), @"e7eff7878c1417f75b1b38001f3aaf74");
}

#[test]
fn a_merge_stays_as_it_was() {
    let view = ledger().view().unwrap();
    let shown: Vec<String> = view
        .members
        .iter()
        .map(|(member, standing)| format!("{member} {:?} {standing:?}", view.role(member).unwrap()))
        .collect();
    assert_snapshot!(format!("{} {:?}\n{}", view.name, view.flags, shown.join("\n")), @r#"
        crew {}
        u1 Owner Standing { count: 1, came: Some(Timestamp(1732281660123)) }
        u2 Admin Standing { count: 1, came: None }
        u3 Member Standing { count: 1, came: Some(Timestamp(1732281660123)) }
        "#);
}

#[test]
fn the_hash_tells_what_counts_and_nothing_else() {
    let mut g = ledger();
    let before = state_hash(&g);
    let mut copy = Ledger::new(id());
    for item in g.items().collect::<Vec<_>>().into_iter().rev() {
        copy.insert(item).unwrap();
    }
    assert_eq!(state_hash(&copy), before);
    // A stranger's document waits, and is none of what counts.
    let stranger = Document { author: member(4), charter: None, ..first() };
    assert!(send(&mut g, &sign_document(&stranger, &secret(4)).unwrap().bytes));
    assert_eq!(state_hash(&g), before);
    let statement = g.state(&member(3), false, now()).unwrap();
    send(&mut g, &sign_statement(&statement, &secret(3)).unwrap().bytes);
    assert_ne!(state_hash(&g), before);
}

#[test]
fn a_signature_is_valid_for_one_type_alone() {
    let document = text(&sign_document(&first(), &secret(1)).unwrap());
    for kind in ["member", "profile", "card"] {
        let other = document.replace(r#""t":"group""#, &format!(r#""t":"{kind}""#));
        assert!(matches!(open(other.as_bytes()), Err(Rejected::Signature(_))), "{kind}");
    }
    // Signed by the right key as another type, with the very same text.
    for kind in [Kind::Profile, Kind::Bundle, Kind::Member] {
        let bytes = signed::sign(kind, &encode_document(&first()), &secret(1));
        assert!(open(&bytes).is_err());
        let renamed = String::from_utf8(bytes).unwrap().replacen(r#""t":""#, r#""t":"group","x":""#, 1);
        assert!(open(renamed.as_bytes()).is_err());
    }
    let statement = Statement { group: id(), member: member(3), count: 1, at: now() };
    let bytes = signed::sign(Kind::Group, &encode_statement(&statement), &secret(3));
    assert!(matches!(open(&bytes), Err(Rejected::Content(Malformed::Shape(_)))));
}

#[test]
fn what_is_written_in_another_way_is_the_same() {
    let held = sign_document(&first(), &secret(1)).unwrap();
    let otherwise = text(&held)
        .replace(r#"{"v":1,"t""#, r#" { "x": [9], "v":1 , "t""#)
        .replace("team", r"t\u0065am");
    assert_eq!(open(otherwise.as_bytes()).unwrap(), Item::Document(held));
    let mut g = ledger();
    let before = (state_hash(&g), g.items().count());
    for item in ledger().items() {
        let spaced = [item.bytes(), b" ".as_slice()].concat();
        assert!(!send(&mut g, &spaced), "it is no news");
    }
    assert_eq!((state_hash(&g), g.items().count()), before);
}

#[test]
fn nobody_signs_for_another() {
    let foreign = signed::sign(Kind::Group, &encode_document(&first()), &secret(9));
    assert!(matches!(open(&foreign), Err(Rejected::Author { .. })));
    let statement = Statement { group: id(), member: member(3), count: 2, at: now() };
    let foreign = signed::sign(Kind::Member, &encode_statement(&statement), &secret(9));
    assert!(matches!(open(&foreign), Err(Rejected::Author { .. })));
    assert!(sign_document(&first(), &secret(9)).is_err());
    assert!(sign_statement(&statement, &secret(9)).is_err());
}

#[test]
fn a_group_belongs_to_the_key_that_makes_its_id() {
    let mine = Document { author: member(9), ..first() };
    let bytes = signed::sign(Kind::Group, &encode_document(&mine), &secret(9));
    assert!(matches!(open(&bytes), Err(Rejected::Owner { .. })));
    let charter = Charter { nonce: NONCE + 1, ..first().charter.unwrap() };
    let other = Document { charter: Some(charter), ..first() };
    let bytes = signed::sign(Kind::Group, &encode_document(&other), &secret(1));
    assert!(matches!(open(&bytes), Err(Rejected::Owner { .. })));
    assert!(sign_document(&other, &secret(1)).is_err());
    // Without a charter it is a document of somebody who is no admin.
    let mut g = ledger();
    let before = g.view();
    let coup = Document { version: 99, charter: None, ..mine };
    send(&mut g, &sign_document(&coup, &secret(9)).unwrap().bytes);
    assert_eq!(g.view(), before);
}

#[test]
fn a_document_of_another_group_is_refused() {
    let other = found(group_id(member(1).key, 5), 5, member(1), name("x"), JoinPolicy::Open, now());
    let item = open(&sign_document(&other, &secret(1)).unwrap().bytes).unwrap();
    assert!(ledger().insert(item).is_err());
}

#[test]
fn a_dismissed_admin_takes_the_poison_along() {
    let mut g = ledger();
    let mut poison = g.propose(&member(2), &[]).unwrap();
    poison.members.insert(member(3), u32::MAX);
    send(&mut g, &sign_document(&poison, &secret(2)).unwrap().bytes);
    assert!(!g.view().unwrap().flags.is_empty());
    let keep = [member(3)].into();
    let changes = [Change::Dismiss { admin: member(2), keep }, Change::Admit(member(3))];
    let next = g.propose(&member(1), &changes).unwrap();
    assert!(next.members.values().all(|count| *count < REACH));
    send(&mut g, &sign_document(&next, &secret(1)).unwrap().bytes);
    let view = g.view().unwrap();
    assert!(view.has(&member(3)) && view.flags.is_empty() && view.admins.is_empty());
}

#[test]
fn worthless_keys_sign_nothing() {
    let mut one = [0; 32];
    one[0] = 1;
    let mut prime = [0xff; 32];
    (prime[0], prime[31]) = (0xed, 0x7f);
    let document = text(&sign_document(&first(), &secret(1)).unwrap());
    // With such a key a signature of zeros would be valid for any text, if points were not checked.
    for bytes in [[0; 32], one, prime, [0xff; 32]] {
        let key = IdentityKey::from_bytes(bytes);
        for signature in [[0_u8; 64], [bytes, [0; 32]].concat().try_into().unwrap()] {
            use base64::Engine;
            let signature = base64::engine::general_purpose::STANDARD_NO_PAD.encode(signature);
            let claimed = document.replace(&member(1).key.to_string(), &key.to_string());
            let (front, _) = claimed.split_once(r#""s":""#).unwrap();
            let forged = format!(r#"{front}"s":"{signature}"}}"#);
            assert!(matches!(open(forged.as_bytes()), Err(Rejected::Signature(Invalid::Signature))));
        }
    }
}

#[test]
fn the_largest_document_fits_and_bombs_do_not() {
    // Quotes are the dearest: each is escaped twice.
    let dear = GroupName::new(&"\u{1f468}\"".repeat(32)).unwrap();
    let user = |n: usize| -> UserName { format!("{n:032}").parse().unwrap() };
    let key = |n: usize| IdentityKey::from_bytes([u8::try_from(n % 256).unwrap(); 32]);
    let author = Member { user: user(0), ..member(1) };
    let many = |n: usize| (1..=n).map(|n| Member { user: user(n), key: key(n) });
    let full = Document {
        author,
        version: u64::MAX,
        naming: Some(Naming { clock: u64::MAX, name: dear }),
        members: many(256).map(|member| (member, u32::MAX)).collect(),
        charter: Some(Charter {
            admins: many(32).map(|member| (member, u64::MAX)).collect::<BTreeMap<_, _>>(),
            ..first().charter.unwrap()
        }),
        ..first()
    };
    let held = sign_document(&full, &secret(1)).unwrap();
    assert!(held.bytes.len() > 28_000, "{} bytes", held.bytes.len());
    assert_eq!(open(&held.bytes).unwrap(), Item::Document(held));

    let huge = vec![b'['; limits::GROUP_DOCUMENT + 1];
    assert!(matches!(open(&huge), Err(Rejected::Signature(Invalid::TooLarge { .. }))));
    assert!(open(&vec![b'['; limits::GROUP_DOCUMENT]).is_err());
    let deep = format!(r#"{{"v":1,"d":{}"#, r#"{"a":"#.repeat(5_000));
    assert!(open(deep.as_bytes()).is_err());
    let signed_deep = signed::sign(Kind::Group, &"[".repeat(20_000), &secret(1));
    assert!(matches!(open(&signed_deep), Err(Rejected::Content(Malformed::Shape(_)))));
    let long = signed::sign(Kind::Member, &" ".repeat(2_000), &secret(1));
    assert!(matches!(open(&long), Err(Rejected::Signature(Invalid::TooLarge { .. }))));
}

#[test]
fn escape_sequences_in_names_do_nothing() {
    let text = encode_document(&first()).replace("team", r"\u001b]0;te\u009bam\u202e\u0007");
    let Ok(Item::Document(held)) = open(&signed::sign(Kind::Group, &text, &secret(1))) else {
        panic!("it is in order");
    };
    assert_eq!(held.content.naming.unwrap().name.as_str(), "]0;team");
    let text = encode_document(&first()).replace("u1", r"u1\u001b[2J");
    assert!(open(&signed::sign(Kind::Group, &text, &secret(1))).is_err());
}

proptest! {
    /// Text that is signed but says anything at all, and bytes that are nearly a document.
    #[test]
    fn nothing_makes_it_panic(text in "\\PC{0,100}", at in 0_usize..600, byte in any::<u8>()) {
        let _ = open(&signed::sign(Kind::Group, &text, &secret(1)));
        let mut bytes = sign_document(&first(), &secret(1)).unwrap().bytes.to_vec();
        let at = at % bytes.len();
        let changed = bytes[at] != byte;
        bytes[at] = byte;
        if let Ok(item) = open(&bytes) {
            // Only what the signature does not cover can be changed, such as the name of a field that is
            // not read; it still says the same.
            prop_assert!(!changed || matches!(item, Item::Document(held) if held.content == first()));
        }
    }
}
