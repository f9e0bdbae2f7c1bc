//! `Registration.csv`: everyone known on this broker, and everyone a person wrote in by hand.

use std::collections::HashMap;

use super::table::Table;
use super::{Error, Problem, Registry};
use crate::domain::{DisplayName, MobileNumber, Profile, Timestamp, UserName, clean_line};

pub(super) const FILE: &str = "Registration.csv";
pub(super) const COLUMNS: &[&str] =
    &["Name", "Mobile_no", "Display_name", "Fingerprint", "Registered_at"];
/// Where every file of people has the user name.
pub(super) const NAME: usize = 0;
/// Where every file of people has the mobile number.
pub(super) const MOBILE: usize = 1;
const DISPLAY_NAME: usize = 2;
const FINGERPRINT: usize = 3;
const REGISTERED_AT: usize = 4;

/// A row of `Registration.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who.
    pub user: UserName,
    /// Their mobile number, if there is one.
    pub mobile: Option<MobileNumber>,
    /// What to call them; the user name where nothing else is given.
    pub display_name: DisplayName,
    /// The fingerprint of their identity key ([`crate::domain::IdentityKey::fingerprint`]), as text.
    pub fingerprint: Option<String>,
    /// When they registered on this broker; `None` for somebody who was written in by hand.
    pub registered_at: Option<Timestamp>,
}

impl Registry {
    /// Reads `Registration.csv`: its rows in their order, and what is wrong with others. Of several rows
    /// with one name the first counts. Takes no lock.
    pub fn people(&self) -> Result<(Vec<Entry>, Vec<Problem>), Error> {
        Ok(entries(&self.read(FILE, COLUMNS)?))
    }

    /// Takes these profiles into `Registration.csv`, and returns what it holds then, as
    /// [`Self::people`] does. A profile replaces what the row of its user says, except that one without
    /// a mobile number leaves a number that was written by hand. The fingerprint is that of the key that we know somebody by.
    pub fn record_people(&self, profiles: &[Profile]) -> Result<(Vec<Entry>, Vec<Problem>), Error> {
        let lock = self.lock()?;
        let mut table = self.read(FILE, COLUMNS)?;
        let mut known = first_rows(&table).0;
        for profile in profiles {
            let row = *known
                .entry(profile.user.clone())
                .or_insert_with(|| table.push(&[profile.user.as_str()]));
            if let Some(mobile) = &profile.mobile {
                table.set(row, MOBILE, mobile.as_str());
            }
            table.set(row, DISPLAY_NAME, profile.display_name.as_str());
            table.set(row, FINGERPRINT, &profile.identity.fingerprint());
            table.set(row, REGISTERED_AT, &profile.registered_at.to_string());
        }
        self.write(&lock, &table)?;
        Ok(entries(&table))
    }
}

fn entries(table: &Table) -> (Vec<Entry>, Vec<Problem>) {
    let (rows, mut problems) = first_rows(table);
    let mut rows: Vec<(UserName, usize)> = rows.into_iter().collect();
    rows.sort_unstable_by_key(|&(_, row)| row);
    let entry = |(user, row): (UserName, usize)| {
        let mut problem = |what: &str, reason: String| {
            problems.push(Problem::new(table.path(), table.line(row), &format!("{what}: {reason}")));
        };
        let display_name = filled(table, row, DISPLAY_NAME).and_then(|text| {
            DisplayName::new(text).map_err(|e| problem("Display_name", e.to_string())).ok()
        });
        let registered_at = filled(table, row, REGISTERED_AT).and_then(|text| {
            let time = Timestamp::parse_rfc3339(text);
            if time.is_none() {
                problem("Registered_at", format!("`{text}` is no RFC 3339 time"));
            }
            time
        });
        let mobile = mobile(table, row).map_err(|reason| problem("Mobile_no", reason)).ok().flatten();
        let fingerprint = filled(table, row, FINGERPRINT).map(clean_line);
        let display_name = display_name.unwrap_or_else(|| DisplayName::from(&user));
        Entry { user, mobile, display_name, fingerprint, registered_at }
    };
    let entries = rows.into_iter().map(entry).collect();
    problems.sort_by_key(|problem| problem.line);
    (entries, problems)
}

/// The number in a row, or what is wrong with it.
pub(super) fn mobile(table: &Table, row: usize) -> Result<Option<MobileNumber>, String> {
    filled(table, row, MOBILE).map(MobileNumber::new).transpose().map_err(|e| e.to_string())
}

fn filled(table: &Table, row: usize, column: usize) -> Option<&str> {
    Some(table.get(row, column)).filter(|text| !text.is_empty())
}

/// The first row of every user, and what is wrong with the others.
pub(super) fn first_rows(table: &Table) -> (HashMap<UserName, usize>, Vec<Problem>) {
    let mut rows = HashMap::new();
    let mut problems: Vec<Problem> = table.broken().collect();
    for row in table.rows() {
        let reason = match table.get(row, NAME).parse::<UserName>() {
            Ok(user) => match rows.get(&user) {
                None => {
                    rows.insert(user, row);
                    continue;
                }
                Some(&first) => format!("`{user}` stands in line {} already", table.line(first)),
            },
            Err(e) => e.to_string(),
        };
        problems.push(Problem::new(table.path(), table.line(row), &reason));
    }
    (rows, problems)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::IdentityKey;

    fn registry(file: &[u8]) -> (tempfile::TempDir, Registry) {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), file).unwrap();
        let registry = Registry::open(dir.path()).unwrap();
        (dir, registry)
    }

    fn profile(user: &str, mobile: Option<&str>, display_name: &str) -> Profile {
        Profile {
            user: user.parse().unwrap(),
            identity: IdentityKey::from_bytes([1; 32]),
            devices: Vec::new(),
            version: 1,
            display_name: DisplayName::new(display_name).unwrap(),
            mobile: mobile.map(|number| MobileNumber::new(number).unwrap()),
            registered_at: Timestamp::EPOCH,
        }
    }

    #[test]
    fn a_row_written_by_hand_is_used_and_broken_ones_are_reported() {
        let file =
            b"\xef\xbb\xbfName,Mobile_no\r\nbob,+91 22\r\nBob,1\r\n\xff,2\r\n\"erin,3\r\nbob,4\r\ncarol";
        let (dir, registry) = registry(file);
        let (entries, problems) = registry.people().unwrap();
        let shown: Vec<_> = entries.iter().map(|e| (e.user.as_str(), e.mobile.as_ref())).collect();
        let number = MobileNumber::new("+91 22").unwrap();
        assert_eq!(shown, [("bob", Some(&number)), ("carol", None)]);
        let path = dir.path().display();
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            [
                format!("{path}/{FILE}:3: `B` cannot stand in a user name: use a-z, 0-9, `_` and `-`"),
                format!("{path}/{FILE}:4: it is not UTF-8 text"),
                format!("{path}/{FILE}:5: a quotation mark is not closed or not expected"),
                format!("{path}/{FILE}:6: `bob` stands in line 2 already"),
            ]
        );
    }

    #[test]
    fn a_bad_cell_costs_the_cell_alone() {
        let long = "1".repeat(33);
        let file = format!("{}\nbob,{long},{},a1,yesterday\n", COLUMNS.join(","), "x".repeat(65));
        let (_dir, registry) = registry(file.as_bytes());
        let (entries, problems) = registry.people().unwrap();
        let bob: UserName = "bob".parse().unwrap();
        let expected = Entry {
            display_name: DisplayName::from(&bob),
            user: bob,
            mobile: None,
            fingerprint: Some("a1".to_owned()),
            registered_at: None,
        };
        assert_eq!(entries, [expected]);
        assert_eq!(problems.len(), 3);
        assert!(problems.iter().all(|problem| problem.line == 2));
    }

    #[test]
    fn profiles_are_merged_and_the_rest_of_the_file_stays() {
        let (dir, registry) = registry(b"Name,Mobile_no,notes\nbob,+1,\"hi\"\n?,2\ncarol,3,note\n");
        let key = IdentityKey::from_bytes([1; 32]).fingerprint();
        let news = [profile("carol", None, "=Carol"), profile("dave", Some("+44"), "Dave")];
        let (entries, problems) = registry.record_people(&news).unwrap();
        assert_eq!((entries.len(), problems.len()), (3, 1));
        assert_eq!((entries.clone(), problems), registry.people().unwrap());
        assert_eq!(entries[0].registered_at, None);
        assert_eq!(entries[1].registered_at, Some(Timestamp::EPOCH));
        assert_eq!(
            fs::read_to_string(dir.path().join(FILE)).unwrap(),
            format!(
                "Name,Mobile_no,notes,Display_name,Fingerprint,Registered_at\nbob,+1,\"hi\"\n?,2\n\
                 carol,3,note,'=Carol,{key},1970-01-01T00:00:00Z\n\
                 dave,'+44,,Dave,{key},1970-01-01T00:00:00Z\n"
            )
        );
    }

    #[test]
    fn what_is_known_is_not_written_again() {
        use std::os::unix::fs::MetadataExt;

        let (dir, registry) = registry(b"");
        let inode = || fs::metadata(dir.path().join(FILE)).unwrap().ino();
        let profiles = [profile("bob", Some("+1"), "Bob")];
        registry.record_people(&profiles).unwrap();
        let before = inode();
        registry.record_people(&profiles).unwrap();
        registry.record_people(&[]).unwrap();
        assert_eq!(inode(), before, "a replaced file is another inode");
        registry.record_people(&[profile("bob", Some("+2"), "Bob")]).unwrap();
        assert_ne!(inode(), before);
    }

    proptest! {
        // Every case writes and syncs a file.
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_name_comes_back(name in "['=+@,\"; -]{0,2}\\PC{1,40}", number in "[+=@'-]?[0-9 ,\"']{1,30}") {
            let (_dir, registry) = registry(b"");
            let Ok(name) = DisplayName::new(&name) else { return Ok(()) };
            prop_assume!(MobileNumber::new(&number).is_ok());
            let given = profile("bob", Some(&number), name.as_str());
            let (entries, problems) = registry.record_people(std::slice::from_ref(&given)).unwrap();
            prop_assert!(problems.is_empty());
            prop_assert_eq!(&entries, &registry.people().unwrap().0);
            prop_assert_eq!(&entries[0].display_name, &given.display_name);
            prop_assert_eq!(&entries[0].mobile, &given.mobile);
        }
    }
}
