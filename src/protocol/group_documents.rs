//! What is inside the signed documents of a group. The signature is around it, and is `crypto`'s.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Malformed, VERSION, check_size, limits};
use crate::domain::group_documents::{Charter, Document, Fading, Member, Naming, Statement};
use crate::domain::limits::{GROUP_ADMINS, GROUP_MEMBERS};
use crate::domain::{GroupId, GroupName, IdentityKey, JoinPolicy, Lifetime, Timestamp, UserName};

/// A member with a number: a counter, or the version from which on an admin's document counts.
type Numbered<N> = (UserName, IdentityKey, N);

#[derive(Serialize, Deserialize)]
struct DocumentJson {
    v: u32,
    g: GroupId,
    by: (UserName, IdentityKey),
    n: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<(u64, GroupName)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    life: Option<(u64, Option<Lifetime>)>,
    m: Vec<Numbered<u32>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    o: Option<CharterJson>,
}

#[derive(Serialize, Deserialize)]
struct CharterJson {
    #[serde(with = "hex")]
    nonce: u128,
    join: JoinPolicy,
    at: Timestamp,
    admins: Vec<Numbered<u64>>,
}

#[derive(Serialize, Deserialize)]
struct StatementJson {
    v: u32,
    g: GroupId,
    by: (UserName, IdentityKey),
    c: u32,
    at: Timestamp,
}

/// 32 hexadecimal digits: JSON numbers of other programs do not hold 128 bits.
mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bits: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{bits:032x}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        let text = String::deserialize(deserializer)?;
        let canonical = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let bits = canonical.then(|| u128::from_str_radix(&text, 16).ok()).flatten();
        bits.ok_or_else(|| D::Error::custom("expected 32 lower-case hexadecimal digits"))
    }
}

#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

fn read<T: DeserializeOwned>(text: &str, limit: usize) -> Result<T, Malformed> {
    check_size(text.as_bytes(), limit)?;
    match serde_json::from_str::<Versioned>(text)? {
        Versioned { v: VERSION } => Ok(serde_json::from_str(text)?),
        Versioned { v } => Err(Malformed::Version(v)),
    }
}

fn to_text(document: &impl Serialize) -> String {
    serde_json::to_string(document)
        .expect("a document of ours has only string keys and no failing field")
}

fn to_list<N: Copy>(map: &BTreeMap<Member, N>) -> Vec<Numbered<N>> {
    map.iter().map(|(member, number)| (member.user.clone(), member.key, *number)).collect()
}

fn to_map<N>(list: Vec<Numbered<N>>) -> Result<BTreeMap<Member, N>, Malformed> {
    let mut map = BTreeMap::new();
    for (user, key, number) in list {
        let twice = user.to_string();
        if map.insert(Member { user, key }, number).is_some() {
            return Err(Malformed::Twice(twice));
        }
    }
    Ok(map)
}

/// The text of a document, to be signed.
pub fn encode_document(document: &Document) -> String {
    let Document { group, author, version, naming, fading, members, charter } = document;
    to_text(&DocumentJson {
        v: VERSION,
        g: *group,
        by: (author.user.clone(), author.key),
        n: *version,
        name: naming.as_ref().map(|naming| (naming.clock, naming.name.clone())),
        life: fading.map(|fading| (fading.clock, fading.lifetime)),
        m: to_list(members),
        o: charter.as_ref().map(|charter| CharterJson {
            nonce: charter.nonce,
            join: charter.policy,
            at: charter.created_at,
            admins: to_list(&charter.admins),
        }),
    })
}

/// Reads a document. Whether it was signed by whom it names is not looked at here.
pub fn decode_document(text: &str) -> Result<Document, Malformed> {
    let DocumentJson { g, by: (user, key), n, name, life, m, o, .. } =
        read(text, limits::GROUP_DOCUMENT)?;
    if m.len() > GROUP_MEMBERS {
        return Err(Malformed::TooManyMembers(m.len()));
    }
    let charter = match o {
        Some(charter) if charter.admins.len() > GROUP_ADMINS => {
            return Err(Malformed::TooManyAdmins(charter.admins.len()));
        }
        Some(CharterJson { nonce, join, at, admins }) => {
            Some(Charter { nonce, policy: join, created_at: at, admins: to_map(admins)? })
        }
        None => None,
    };
    // Without it nothing could be shown of the group.
    if charter.is_some() && name.is_none() {
        return Err(Malformed::Nameless);
    }
    Ok(Document {
        group: g,
        author: Member { user, key },
        version: n,
        naming: name.map(|(clock, name)| Naming { clock, name }),
        fading: life.map(|(clock, lifetime)| Fading { clock, lifetime }),
        members: to_map(m)?,
        charter,
    })
}

/// The text of a statement, to be signed.
pub fn encode_statement(statement: &Statement) -> String {
    let Statement { group, member, count, at } = statement;
    let by = (member.user.clone(), member.key);
    to_text(&StatementJson { v: VERSION, g: *group, by, c: *count, at: *at })
}

/// Reads a statement. Whether it was signed by whom it names is not looked at here.
pub fn decode_statement(text: &str) -> Result<Statement, Malformed> {
    let StatementJson { g, by: (user, key), c, at, .. } = read(text, limits::STATEMENT)?;
    Ok(Statement { group: g, member: Member { user, key }, count: c, at })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    fn member(n: usize, width: usize) -> Member {
        let key = IdentityKey::from_bytes([u8::try_from(n % 256).unwrap(); 32]);
        Member { user: format!("{n:0width$}").parse().unwrap(), key }
    }

    fn document(members: usize, admins: usize, width: usize) -> Document {
        Document {
            group: GroupId::from_bits(0xc00ee),
            author: member(0, width),
            version: 7,
            naming: Some(Naming { clock: 2, name: GroupName::new("team").unwrap() }),
            fading: None,
            members: (0..members).map(|n| (member(n, width), 1)).collect(),
            charter: Some(Charter {
                nonce: 0xab,
                policy: JoinPolicy::Invite,
                created_at: Timestamp::from_millis(1_732_281_660_123),
                admins: (1..=admins).map(|n| (member(n, width), 3)).collect(),
            }),
        }
    }

    fn statement() -> Statement {
        let at = Timestamp::from_millis(1_732_281_660_123);
        Statement { group: GroupId::from_bits(0xc00ee), member: member(1, 1), count: 3, at }
    }

    #[test]
    fn the_formats_stay_as_they_were_published() {
        assert_snapshot!(encode_document(&document(2, 1, 1)), @r#"{"v":1,"g":"000000000000000000000000000c00ee","by":["0","AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],"n":7,"name":[2,"team"],"m":[["0","AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",1],["1","AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",1]],"o":{"nonce":"000000000000000000000000000000ab","join":"invite","at":1732281660123,"admins":[["1","AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",3]]}}"#);
        let admins = Document { charter: None, naming: None, ..document(1, 0, 1) };
        assert_snapshot!(encode_document(&admins), @r#"{"v":1,"g":"000000000000000000000000000c00ee","by":["0","AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],"n":7,"m":[["0","AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",1]]}"#);
        assert_snapshot!(encode_statement(&statement()), @r#"{"v":1,"g":"000000000000000000000000000c00ee","by":["1","AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"],"c":3,"at":1732281660123}"#);
    }

    #[test]
    fn they_are_read_as_they_were_written() {
        let full = document(GROUP_MEMBERS, GROUP_ADMINS, 32);
        let fading = [None, Some(Lifetime::MOST)].map(|lifetime| Some(Fading { clock: 3, lifetime }));
        for fading in fading {
            let document = Document { fading, ..document(1, 0, 1) };
            assert_eq!(decode_document(&encode_document(&document)).unwrap(), document);
        }
        for document in [document(0, 0, 1), Document { charter: None, ..document(3, 0, 1) }, full] {
            assert_eq!(decode_document(&encode_document(&document)).unwrap(), document);
        }
        assert_eq!(decode_statement(&encode_statement(&statement())).unwrap(), statement());
    }

    #[test]
    fn limits_are_kept_and_nobody_stands_there_twice() {
        let crowd = encode_document(&document(GROUP_MEMBERS + 1, 0, 3));
        assert!(matches!(decode_document(&crowd), Err(Malformed::TooManyMembers(257))));
        let chiefs = encode_document(&document(1, GROUP_ADMINS + 1, 2));
        assert!(matches!(decode_document(&chiefs), Err(Malformed::TooManyAdmins(33))));
        let entry = format!(r#"["1","{}",1]"#, member(1, 1).key);
        let twice = encode_document(&document(2, 0, 1)).replace(&entry, &format!("{entry},{entry}"));
        assert!(matches!(decode_document(&twice), Err(Malformed::Twice(_))));
        let huge = " ".repeat(limits::GROUP_DOCUMENT + 1);
        assert!(matches!(decode_document(&huge), Err(Malformed::TooLarge { .. })));
        assert!(matches!(decode_statement(&huge), Err(Malformed::TooLarge { .. })));
        assert!(matches!(decode_statement(r#"{"v":2}"#), Err(Malformed::Version(2))));
    }

    #[test]
    fn the_owner_names_the_group() {
        let nameless = Document { naming: None, ..document(1, 0, 1) };
        assert!(matches!(decode_document(&encode_document(&nameless)), Err(Malformed::Nameless)));
        let of_an_admin = Document { charter: None, ..nameless };
        assert_eq!(decode_document(&encode_document(&of_an_admin)).unwrap(), of_an_admin);
    }

    #[test]
    fn what_is_deep_or_of_another_shape_is_refused() {
        let text = encode_document(&document(1, 1, 1));
        let deep = text.replacen("{\"v\":1", &format!("{{\"v\":1,\"x\":{}", "[".repeat(30_000)), 1);
        assert!(matches!(decode_document(&deep), Err(Malformed::Shape(_))));
        for (from, to) in [
            ("\"n\":7", "\"n\":7,\"life\":[1,59]"),
            ("\"n\":7", "\"n\":-1"),
            ("\"n\":7", "\"n\":18446744073709551616"),
            (",1]]", ",4294967296]]"),
            ("000000ab", "000000AB"),
            ("000000ab", "ab"),
            ("\"invite\"", "\"anarchy\""),
            ("\"0\"", "\"0/+\""),
            ("\"team\"", "\"\\u001b\""),
        ] {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from}");
            assert!(matches!(decode_document(&changed), Err(Malformed::Shape(_))), "{to}");
        }
    }

    #[test]
    fn names_are_cleaned_on_the_way_in() {
        let hostile = encode_document(&document(1, 0, 1)).replace("team", "te\\u001b[31mam\\u202e");
        let read = decode_document(&hostile).unwrap();
        assert_eq!(read.naming.unwrap().name.as_str(), "te[31mam");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            let _ = decode_document(&text);
            let _ = decode_statement(&text);
        }
    }
}
