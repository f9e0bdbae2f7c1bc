//! Taking in the files of the original script: `Registration.csv`, `Group_<name>.csv`, `Group.csv` (the
//! names of all groups) and `online.csv`.
//!
//! Everybody who stands in any of them becomes a person of ours, and every group a group file without an
//! id. Nothing of ours is overwritten: where two rows give one name different numbers, the first stays,
//! and ours counts as before theirs. Who the original thought to be online becomes a person but is not
//! put into our `Online.csv`: its file was never cleaned after a crash, and only a watcher knows.
//!
//! Importing the same directory again finds nothing new and changes no file. An import that failed or
//! was killed halfway is completed by another one.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::group_file::{file_name, group_name};
use super::lock::Lock;
use super::people::{self, MOBILE, NAME, first_rows, mobile};
use super::report::{Outcome, Report, ReportLine};
use super::table::Table;
use super::{Error, Registry, disk, groups, read_table};
use crate::domain::{GroupName, Role, UserName, clean_line};

/// The columns of all the original's files; `Group.csv` has only the first.
const COLUMNS: &[&str] = &["Name", "Mobile_no"];

/// Merges the original's files in `dir` into ours, and reports what became of each row. Nothing is made
/// up: an imported person has not registered here, an imported member has no joining time. A group that
/// has the name of a group with an id is refused, and only its people are taken.
pub fn import(registry: &Registry, dir: &Path) -> Result<Report, Error> {
    let mut sources: Vec<(Source, String)> =
        disk::names(dir)?.into_iter().filter_map(|name| Some((Source::of(&name)?, name))).collect();
    if sources.is_empty() {
        return Err(Error::NothingToImport { dir: dir.to_owned() });
    }
    sources.sort();
    let mut import = Import::begin(registry, dir)?;
    for (source, name) in sources {
        let table = read_table(&dir.join(&name), COLUMNS)?;
        let first = import.report.lines.len();
        for problem in table.broken() {
            import.say(&table, problem.line, Outcome::Refused, problem.reason);
        }
        match source {
            Source::Registered | Source::Online => import.take_people(&table),
            Source::Group => import.take_group(&table, &name)?,
            Source::GroupList => import.take_group_list(&table)?,
        }
        import.report.lines[first..].sort_by_key(|line| line.line);
    }
    registry.write(&import.lock, &import.people)?;
    Ok(import.report)
}

/// What a file of the original is, in the order in which they are read: where numbers differ, the one in
/// the list of registered people shall come first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Registered,
    Group,
    GroupList,
    Online,
}

impl Source {
    fn of(file: &str) -> Option<Self> {
        match file.to_ascii_lowercase().as_str() {
            "registration.csv" => Some(Self::Registered),
            "group.csv" => Some(Self::GroupList),
            "online.csv" => Some(Self::Online),
            _ => group_name(file).map(|_| Self::Group),
        }
    }
}

struct Import<'a> {
    registry: &'a Registry,
    lock: Lock,
    /// Our `Registration.csv`, written at the end.
    people: Table,
    /// The row of each person in it.
    known: HashMap<UserName, usize>,
    /// The files of groups with an id: ours, and those in the directory we read from if it is ours.
    owned: Vec<String>,
    reads_own_dir: bool,
    report: Report,
}

impl<'a> Import<'a> {
    fn begin(registry: &'a Registry, dir: &Path) -> Result<Self, Error> {
        let lock = registry.lock()?;
        let people = registry.read(people::FILE, people::COLUMNS)?;
        let known = first_rows(&people).0;
        let owned = registry.group_index()?.files().map(str::to_owned).collect();
        let real = |dir: &Path| fs::canonicalize(dir).map_err(Error::io("find", dir));
        let reads_own_dir = real(dir)? == real(&registry.dir)?;
        Ok(Self { registry, lock, people, known, owned, reads_own_dir, report: Report::default() })
    }

    fn say(&mut self, table: &Table, line: u64, outcome: Outcome, text: String) {
        let text = clean_line(&text);
        self.report.lines.push(ReportLine { file: table.path().to_owned(), line, outcome, text });
    }

    fn take_people(&mut self, table: &Table) {
        for row in table.rows() {
            let (outcome, text) = match self.take_person(table, row) {
                Ok((user, outcome, what)) => (outcome, format!("{user}: {what}")),
                Err(why) => (Outcome::Refused, why),
            };
            self.say(table, table.line(row), outcome, text);
        }
    }

    /// Makes a person of a row; says who it is, what became of the row, and the particulars, or why it
    /// is refused.
    fn take_person(&mut self, table: &Table, row: usize) -> Result<(UserName, Outcome, String), String> {
        let name = table.get(row, NAME);
        let user: UserName = match name.parse() {
            Ok(user) => user,
            Err(why) => name.to_lowercase().parse().map_err(|_| format!("`{name}`: {why}"))?,
        };
        let (number, mut notes) = match mobile(table, row) {
            Ok(number) => (number, String::new()),
            Err(why) => (None, format!("; its number is not taken: {why}")),
        };
        if user.as_str() != name {
            notes.push_str(&format!("; `{name}` there"));
        }
        let given = number.as_ref().map_or("", |number| number.as_str());
        let (outcome, what) = match self.known.get(&user) {
            None => {
                let row = self.people.push(&[user.as_str(), given]);
                self.known.insert(user.clone(), row);
                (Outcome::Merged, "new".to_owned())
            }
            Some(&row) => match self.people.get(row, MOBILE) {
                ours if given.is_empty() || ours == given => {
                    (Outcome::Known, "known already".to_owned())
                }
                "" => {
                    self.people.set(row, MOBILE, given);
                    (Outcome::Merged, format!("number {given} is new"))
                }
                ours => (Outcome::Duplicate, format!("number {given} is not taken, {ours} stays")),
            },
        };
        Ok((user, outcome, what + &notes))
    }

    fn take_group(&mut self, table: &Table, file: &str) -> Result<(), Error> {
        let Some(name) = group_name(file) else { return Ok(()) };
        let target = match self.group_file(&name, Some(file))? {
            Ok(target) => target,
            Err(why) => {
                self.say(
                    table,
                    1,
                    Outcome::Refused,
                    format!("group {name}: {why}; its people are taken"),
                );
                self.take_people(table);
                return Ok(());
            }
        };
        let mut members = self.registry.read(&target, groups::COLUMNS)?;
        let outcome = make_group(&mut members);
        self.say(table, 1, outcome, format!("group {name} in {target}"));
        let mut present = first_rows(&members).0;
        for row in table.rows() {
            let (outcome, text) = match self.take_person(table, row) {
                Ok((user, outcome, what)) if present.contains_key(&user) => {
                    (outcome, format!("{user}: {what}; in group {name} already"))
                }
                Ok((user, outcome, what)) => {
                    let number = self.known.get(&user).map_or("", |&row| self.people.get(row, MOBILE));
                    let row = members.push(&[user.as_str(), number, groups::role(Role::Member)]);
                    let text = format!("{user}: {what}; joins group {name}");
                    present.insert(user, row);
                    (outcome.max(Outcome::Merged), text)
                }
                Err(why) => (Outcome::Refused, why),
            };
            self.say(table, table.line(row), outcome, text);
        }
        self.registry.write(&self.lock, &members)
    }

    fn take_group_list(&mut self, table: &Table) -> Result<(), Error> {
        for row in table.rows() {
            let text = table.get(row, NAME);
            // The list gives some groups by the names of their files.
            let (outcome, text) = match GroupName::new(text.strip_prefix("Group_").unwrap_or(text)) {
                Err(why) => (Outcome::Refused, format!("group `{text}`: {why}")),
                Ok(name) => match self.group_file(&name, None)? {
                    Err(why) => (Outcome::Refused, format!("group {name}: {why}")),
                    Ok(target) => {
                        let mut members = self.registry.read(&target, groups::COLUMNS)?;
                        let outcome = make_group(&mut members);
                        self.registry.write(&self.lock, &members)?;
                        match outcome {
                            Outcome::Merged => {
                                (outcome, format!("group {name} had no file: made empty"))
                            }
                            _ => (outcome, format!("group {name} in {target}")),
                        }
                    }
                },
            };
            self.say(table, table.line(row), outcome, text);
        }
        Ok(())
    }

    /// The file for an imported group, or why it can have none.
    fn group_file(
        &self,
        name: &GroupName,
        source: Option<&str>,
    ) -> Result<Result<String, String>, Error> {
        let Some(target) = file_name(name, None) else {
            return Ok(Err("its name is too long for a file name".to_owned()));
        };
        let clashes = |other: &String| other.to_lowercase() == target.to_lowercase();
        let is_source = |other: &String| self.reads_own_dir && Some(other.as_str()) == source;
        if let Some(other) = self.owned.iter().find(|other| clashes(other) || is_source(other)) {
            return Ok(Err(format!("{other} belongs to a group with an id")));
        }
        let there = disk::names(&self.registry.dir)?;
        Ok(match there.iter().find(|other| **other != target && clashes(other)) {
            Some(other) => Err(format!("{other} has the same name but for upper and lower case")),
            None => Ok(target),
        })
    }
}

/// Makes sure that the file of a group is there once it is written; says whether it was.
fn make_group(members: &mut Table) -> Outcome {
    if members.path().exists() {
        return Outcome::Known;
    }
    members.ensure_header();
    Outcome::Merged
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Case {
        ours: tempfile::TempDir,
        theirs: tempfile::TempDir,
        registry: Registry,
    }

    impl Case {
        fn new(theirs: &[(&str, &[u8])]) -> Self {
            let ours = tempfile::tempdir().unwrap();
            let registry = Registry::open(ours.path()).unwrap();
            let case = Self { ours, theirs: tempfile::tempdir().unwrap(), registry };
            for (name, bytes) in theirs {
                fs::write(case.theirs.path().join(name), bytes).unwrap();
            }
            case
        }

        /// What is reported, without the directory.
        fn import(&self) -> Vec<String> {
            let dir = format!("{}/", self.theirs.path().display());
            let report = import(&self.registry, self.theirs.path()).unwrap();
            report.lines.iter().map(|line| line.to_string().replace(&dir, "")).collect()
        }

        fn ours(&self, file: &str) -> String {
            fs::read_to_string(self.ours.path().join(file)).unwrap()
        }
    }

    #[test]
    fn rows_are_taken_as_they_are_or_refused_with_the_reason() {
        let case = Case::new(&[
            ("registration.CSV", b"\xef\xbb\xbfMobile_no,Name\r\n+1,Bob\r\n2,the cook\r\n,carol\r\n\xff,dave"),
            ("online.csv", b"Name,Mobile_no\nbob,+1\ncarol,3\nbob,4\n\"erin,5\nfay,1111111111111111111111111111111111"),
        ]);
        let first = case.import();
        let expected = [
            "registration.CSV:2: merged: bob: new; `Bob` there",
            "registration.CSV:3: refused: `the cook`: ` ` cannot stand in a user name: use a-z, 0-9, `_` and `-`",
            "registration.CSV:4: merged: carol: new",
            "registration.CSV:5: refused: it is not UTF-8 text",
            "online.csv:2: known: bob: known already",
            "online.csv:3: merged: carol: number 3 is new",
            "online.csv:4: duplicate: bob: number 4 is not taken, +1 stays",
            "online.csv:5: refused: a quotation mark is not closed or not expected",
            "online.csv:6: merged: fay: new; its number is not taken: it is too long: at most 32 characters",
        ];
        assert_eq!(first, expected);
        let people =
            "Name,Mobile_no,Display_name,Fingerprint,Registered_at\nbob,'+1,,,\ncarol,3,,,\nfay,,,,\n";
        assert_eq!(case.ours(people::FILE), people);
        assert!(!case.import().iter().any(|line| line.contains("merged")));
        assert_eq!(case.ours(people::FILE), people);
        assert!(!case.ours.path().join("Online.csv").exists());
    }

    #[test]
    fn groups_of_ours_are_not_touched() {
        let case = Case::new(&[
            ("Group_team.csv", b"Name\nzoe\n"),
            ("Group_PUMP.csv", b"Name\nyan\n"),
            ("Group.csv", b"Name\nTeam\npump\n\nGroup_new\n"),
        ]);
        let team = "Id,File,Name\n0000000000000000000000000000000a,Group_Team.csv,Team\n";
        fs::write(case.ours.path().join(".groups.csv"), team).unwrap();
        fs::write(case.ours.path().join("Group_pump.csv"), "Name\nbob\n").unwrap();
        let expected = [
            "Group_PUMP.csv:1: refused: group PUMP: Group_pump.csv has the same name but for upper and \
             lower case; its people are taken",
            "Group_PUMP.csv:2: merged: yan: new",
            "Group_team.csv:1: refused: group team: Group_Team.csv belongs to a group with an id; its people \
             are taken",
            "Group_team.csv:2: merged: zoe: new",
            "Group.csv:2: refused: group Team: Group_Team.csv belongs to a group with an id",
            "Group.csv:3: known: group pump in Group_pump.csv",
            "Group.csv:5: merged: group new had no file: made empty",
        ];
        assert_eq!(case.import(), expected);
        assert_eq!(case.ours("Group_pump.csv"), "Name\nbob\n");
        assert_eq!(case.ours("Group_new.csv"), "Name,Mobile_no,Role,Joined_at\n");
    }

    #[test]
    fn a_directory_can_take_in_itself() {
        let dir = tempfile::tempdir().unwrap();
        let registry = Registry::open(dir.path()).unwrap();
        for (file, text) in [
            ("Registration.csv", "Name,Mobile_no\nbob,1\n"),
            ("online.csv", "Name,Mobile_no\nerin,2\n"),
            ("Group_a.csv", "Name,Mobile_no\nbob,1\n"),
            ("Group_b~0000000b.csv", "Name,Mobile_no\nbob,1\n"),
            (".groups.csv", "Id,File,Name\n0000000b000000000000000000000000,Group_b~0000000b.csv,b\n"),
        ] {
            fs::write(dir.path().join(file), text).unwrap();
        }
        let before = disk::names(dir.path()).unwrap();
        let report = import(&registry, dir.path()).unwrap();
        assert_eq!(report.count(Outcome::Merged), 1, "{:?}", report.lines);
        assert_eq!(report.count(Outcome::Refused), 1, "{:?}", report.lines);
        assert_eq!(disk::names(dir.path()).unwrap(), before);
        let people = fs::read_to_string(dir.path().join(people::FILE)).unwrap();
        assert_eq!(people, "Name,Mobile_no\nbob,1\nerin,2\n");
    }

    #[test]
    fn a_directory_without_the_files_is_refused() {
        let case = Case::new(&[("notes.csv", b"Name\nbob\n")]);
        let refused = import(&case.registry, case.theirs.path());
        assert!(matches!(refused, Err(Error::NothingToImport { .. })));
        let missing = import(&case.registry, &case.theirs.path().join("missing"));
        assert!(matches!(missing, Err(Error::Io { .. })));
    }
}
