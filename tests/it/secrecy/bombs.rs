//! What is said is text from strangers: it is bounded, and holds nothing that a terminal obeys.

use cooee::crypto::{groups, open_bundle, open_profile, signed};
use cooee::domain::{DisplayName, GroupChange, GroupId, GroupName, Profile};
use cooee::protocol::{
    self, Content, decode_bundle, decode_card, decode_document, decode_envelope, decode_inside,
    decode_letter, decode_presence, decode_profile, decode_typing, encode_card, encode_letter,
    encode_profile,
};

use super::support::{Party, founded, inside, letter, pair};

/// What a terminal obeys, or what reorders a line, as JSON spells it and as it is.
const HOSTILE: &str =
    "a\\u001b[2J\\u001b]0;title\\u0007\\u009b31m\\u202e\\u2066\\u200f\\u0000\\u007f\\ufeff\\u2028b";

fn is_harmless(text: &str) -> bool {
    let reorders = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().all(|c| !c.is_control() && !reorders(c) && c != '\u{feff}')
}

const TEAM: GroupId = GroupId::from_bits(7);

/// The text of what bob signed when he made a group called TEXT.
fn document(bob: &Party) -> String {
    founded(bob, "TEXT").text
}

#[test]
fn escape_sequences_are_taken_out_of_every_text_field() {
    let bob = Party::new("bob", 1);
    let named = Profile { display_name: DisplayName::new("TEXT").unwrap(), ..bob.profile() };
    let profile = encode_profile(&named).replace("TEXT", HOSTILE);
    let name = decode_profile(&bob.user, &profile).unwrap().display_name;
    assert!(is_harmless(name.as_str()) && name.as_str().starts_with('a'), "{name:?}");
    let text = document(&bob).replace("TEXT", HOSTILE);
    let name = decode_document(&text).unwrap().naming.unwrap().name;
    assert!(is_harmless(name.as_str()) && name.as_str().starts_with('a'), "{name:?}");
    let renamed = GroupChange::Rename(GroupName::new("TEXT").unwrap());
    let renamed =
        encode_letter(&protocol::Letter { content: Content::Changed(renamed, None), ..letter(1, "x") });
    let renamed = String::from_utf8(renamed).unwrap().replace("TEXT", HOSTILE);
    let Content::Changed(GroupChange::Rename(name), _) =
        decode_letter(renamed.as_bytes()).unwrap().content
    else {
        panic!("it is of another kind");
    };
    assert!(is_harmless(name.as_str()));
    let said = String::from_utf8(encode_letter(&letter(1, "TEXT"))).unwrap().replace("TEXT", HOSTILE);
    let Content::Text(words) = decode_letter(said.as_bytes()).unwrap().content else { panic!() };
    let text = words.text;
    assert!(is_harmless(text.as_str()) && text.as_str().starts_with('a'), "{text:?}");
    let mobile = encode_profile(&bob.profile()).replace("+49 30 1234", HOSTILE);
    let mobile = decode_profile(&bob.user, &mobile).unwrap().mobile.unwrap();
    assert!(is_harmless(mobile.as_str()), "{mobile:?}");
    // Names of users, and words of ours, have no room for any of it.
    for (from, to) in [("\"bob\"", format!("\"{HOSTILE}\"")), ("open", HOSTILE.to_owned())] {
        let text = document(&bob).replace(from, &to);
        assert!(decode_document(&text).is_err());
    }
}

/// They quote what was wrong, and end in the log, in the quarantine and on a screen.
#[test]
fn escape_sequences_do_not_come_back_in_what_is_said_of_a_refusal() {
    let bob = Party::new("bob", 1);
    let device = encode_profile(&bob.profile()).replace("0000000000000001", HOSTILE);
    let long = "x".repeat(7_000);
    let document = |from, to: &str| document(&bob).replace(from, to);
    let refusals = [
        decode_profile(&bob.user, &device).unwrap_err(),
        decode_document(&document("bob", HOSTILE)).unwrap_err(),
        decode_document(&document("bob", &long)).unwrap_err(),
        decode_document(&document("open", HOSTILE)).unwrap_err(),
        decode_document(&document("open", &long)).unwrap_err(),
        decode_presence(format!(r#"{{"v":1,"s":"{HOSTILE}","e":7,"at":5}}"#).as_bytes()).unwrap_err(),
    ];
    for refusal in refusals {
        let words = refusal.to_string();
        assert!(is_harmless(&words) && words.len() < 1_000, "{words:?}");
    }
    let kind = format!(r#"{{"v":1,"t":"{HOSTILE}","d":"{HOSTILE}","k":"","s":"{HOSTILE}"}}"#);
    let key = format!(r#"{{"v":"{HOSTILE}"}}"#);
    for payload in [kind, key] {
        let words = open_profile(&bob.user, payload.as_bytes()).unwrap_err().to_string();
        assert!(is_harmless(&words), "{words:?}");
    }
}

/// Whether a reader takes this.
type Taken = Box<dyn Fn(&[u8]) -> bool>;

/// Every reader, with what it is to read and the most bytes that it takes.
struct Reader {
    name: &'static str,
    valid: String,
    limit: usize,
    is_taken: Taken,
}

fn text(read: impl Fn(&str) -> bool + 'static) -> Taken {
    Box::new(move |bytes| std::str::from_utf8(bytes).is_ok_and(&read))
}

fn readers() -> Vec<Reader> {
    let (alice, bob) = pair();
    let limits = |name, valid: Vec<u8>, limit, is_taken| Reader {
        name,
        valid: String::from_utf8(valid).unwrap(),
        limit,
        is_taken,
    };
    let (keys, user) = (bob.device.keys(), bob.user.clone());
    let names = || user.clone();
    let (a, b, c, d) = (names(), names(), names(), names());
    let profile = encode_profile(&bob.profile());
    let bundle = protocol::encode_bundle(&bob.device.bundle(bob.user.clone()));
    let envelope = br#"{"v":1,"t":"direct","to":{"0000000000000001":{"y":1,"c":"AAID"}}}"#.to_vec();
    use protocol::limits as l;
    vec![
        limits("envelope", envelope, l::ENVELOPE, Box::new(|x| decode_envelope(x).is_ok())),
        limits(
            "inside",
            inside(&alice, &bob, &letter(1, "hi")),
            l::ENVELOPE,
            Box::new(|x| decode_inside(x).is_ok()),
        ),
        limits(
            "letter",
            encode_letter(&letter(1, "hi")),
            l::ENVELOPE,
            Box::new(|x| decode_letter(x).is_ok()),
        ),
        limits(
            "profile",
            profile.clone().into(),
            l::PROFILE,
            text(move |x| decode_profile(&a, x).is_ok()),
        ),
        limits("bundle", bundle.into(), l::BUNDLE, text(move |x| decode_bundle(&b, keys.id, x).is_ok())),
        limits(
            "card",
            encode_card(TEAM, vec![founded(&bob, "team")]).0,
            l::CARD,
            Box::new(|x| decode_card(TEAM, x).is_ok()),
        ),
        limits(
            "presence",
            br#"{"v":1,"s":"online","e":7,"at":5}"#.to_vec(),
            l::PRESENCE,
            Box::new(|x| decode_presence(x).is_ok()),
        ),
        limits("typing", protocol::encode_typing(), l::TYPING, Box::new(|x| decode_typing(x).is_ok())),
        limits(
            "signed profile",
            cooee::crypto::seal_profile(&bob.profile(), &bob.identity),
            l::PROFILE,
            Box::new(move |x| open_profile(&c, x).is_ok()),
        ),
        limits(
            "signed bundle",
            cooee::crypto::seal_bundle(&bob.user, &bob.device),
            l::BUNDLE,
            Box::new(move |x| open_bundle(&d, &keys, x).is_ok()),
        ),
        limits(
            "signed group",
            founded(&bob, "team").to_bytes(),
            l::GROUP_DOCUMENT,
            Box::new(|x| groups::open(x).is_ok()),
        ),
        limits(
            "signed document",
            signed::sign(signed::Kind::Group, "x", &vodozemac::Ed25519SecretKey::new()),
            8_000,
            Box::new(|x| signed::open(signed::Kind::Group, x, 8_000).is_ok()),
        ),
    ]
}

#[test]
fn no_reader_takes_more_than_its_limit() {
    for Reader { name, valid, limit, is_taken } in readers() {
        assert!(is_taken(valid.as_bytes()), "{name}");
        // JSON allows spaces at the end.
        let padded = |length: usize| format!("{valid}{}", " ".repeat(length - valid.len()));
        assert!(is_taken(padded(limit).as_bytes()), "{name} takes {limit} bytes");
        assert!(!is_taken(padded(limit + 1).as_bytes()), "{name} takes more than {limit} bytes");
    }
}

#[test]
fn no_depth_of_json_breaks_a_reader() {
    for Reader { name, valid, limit, is_taken } in readers() {
        let (body, room) = (valid.trim_end().trim_end_matches('}'), limit / 2);
        for open in ["[", "{\"a\":", "[{\"a\":[", "{\"v\":1,\"b\":"] {
            let deep = open.repeat(room / open.len());
            assert!(!is_taken(deep.as_bytes()), "{name}: {open}");
            // In a field that the reader does not know, closed and left open.
            assert!(!is_taken(format!("{body},\"z\":{deep}").as_bytes()), "{name}: {open} in a field");
            // In the first field that it knows.
            if let Some(colon) = valid.find(':') {
                let known = format!("{}{deep}", &valid[..=colon]);
                assert!(!is_taken(known.as_bytes()), "{name}: {open} in a known field");
            }
        }
        let closed = format!("{}{}", "[".repeat(room / 2), "]".repeat(room / 2));
        let _ = is_taken(format!("{body},\"z\":{closed}}}").as_bytes());
        for number in ["1e999999", "-1", "0.1", "18446744073709551616", &"9".repeat(room), "\"\\ud800\""]
        {
            if let Some(colon) = valid.find(':') {
                let end = valid[colon..].find([',', '}']).unwrap() + colon;
                let text = format!("{}{number}{}", &valid[..=colon], &valid[end..]);
                assert!(!is_taken(text.as_bytes()), "{name}: {number:.20}");
            }
        }
    }
}

/// What is small on the wire stays small in memory: lists have a limit of their own.
#[test]
fn lists_are_bounded() {
    let many = |n: usize| {
        (0..n).map(|n| format!("\"{n:016x}\":{{\"y\":1,\"c\":\"\"}}")).collect::<Vec<_>>().join(",")
    };
    let envelope = |n| format!(r#"{{"v":1,"t":"direct","to":{{{}}}}}"#, many(n));
    assert!(decode_envelope(envelope(8).as_bytes()).is_ok());
    assert!(decode_envelope(envelope(9).as_bytes()).is_err());
    assert!(decode_envelope(envelope(1_700).as_bytes()).is_err());
    let ids = |n: usize| vec!["\"00000000-0000-0000-0000-000000000000\""; n].join(",");
    let receipt = |n| {
        format!(
            r#"{{"id":"00000000-0000-0000-0000-000000000001","ts":1,"ty":"receipt","b":{{"s":"read","at":1,"ids":[{}]}}}}"#,
            ids(n)
        )
    };
    assert!(decode_letter(receipt(256).as_bytes()).is_ok());
    assert!(decode_letter(receipt(257).as_bytes()).is_err());
    let key = |n: usize| {
        format!(
            r#"{{"id":"00000000-0000-0000-0000-000000000001","ts":1,"ty":"sender_key","b":{{"group":"{:032x}","key":"{}"}}}}"#,
            1,
            "A".repeat(n)
        )
    };
    assert!(decode_letter(key(512).as_bytes()).is_ok());
    assert!(decode_letter(key(513).as_bytes()).is_err());
}

/// The same key twice is no way to say one thing to one reader and another to the next.
#[test]
fn a_field_that_stands_twice_is_refused() {
    for Reader { name, valid, is_taken, .. } in readers() {
        let colon = valid.find(':').unwrap();
        let end = valid[colon..].find([',', '}']).unwrap() + colon;
        let field = &valid[1..end];
        let twice = valid.replacen(field, &format!("{field},{field}"), 1);
        assert!(!is_taken(twice.as_bytes()), "{name}: {field}");
    }
}
