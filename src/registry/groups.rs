//! `Group_<name>.csv`: who is in which group.
//!
//! Names of groups are free and may be equal; their ids are not. Which file is whose stands in
//! `.groups.csv` (`Id,File,Name`). A file that is not in there was made by hand or imported, and is never
//! touched for a group with an id: such a group, and one whose name another group took before, gets a
//! piece of its id behind its name. Names that differ only in case count as equal, because on some file
//! systems they are.
//!
//! A row goes when its user is known to have left. A user of whom the group knows nothing was written in
//! by hand, and stays. Two processes of which one has not yet heard of a change may take turns at
//! writing what each knows; the file is right when both have heard of it.

use super::disk;
use super::group_file::{file_name, is_group_file};
use super::lock::Lock;
use super::people::{self, MOBILE, NAME, first_rows};
use super::table::Table;
use super::{Error, Problem, Registry};
use crate::domain::{Group, GroupId, GroupName, JoinPolicy, Role};

pub(super) const COLUMNS: &[&str] = &["Name", "Mobile_no", "Role", "Joined_at"];
const ROLE: usize = 2;
const JOINED_AT: usize = 3;

const INDEX: &str = ".groups.csv";
const INDEX_COLUMNS: &[&str] = &["Id", "File", "Name"];
const INDEX_ID: usize = 0;
const INDEX_FILE: usize = 1;
const INDEX_NAME: usize = 2;

impl Registry {
    /// Brings the file of this group up to date with its members, and says what is wrong with rows that
    /// stand in it. Numbers come from `Registration.csv`. If private groups are to have no file, the
    /// file of a group by invitation is removed instead.
    pub fn write_group(&self, group: &Group) -> Result<Vec<Problem>, Error> {
        if group.policy == JoinPolicy::Invite && !self.private_groups {
            return self.remove_group(group.id).map(|()| Vec::new());
        }
        let lock = self.lock()?;
        let people = self.read(people::FILE, people::COLUMNS)?;
        let registered = first_rows(&people).0;
        let file = self.claim_file(&lock, group.id, &group.name)?;
        let mut table = self.read(&file, COLUMNS)?;
        table.ensure_header();
        table.remove(|table, row| {
            table.get(row, NAME).parse().is_ok_and(|user| group.former.contains(&user))
        });
        let (mut rows, problems) = first_rows(&table);
        for (user, membership) in &group.members {
            let row = *rows.entry(user.clone()).or_insert_with(|| table.push(&[user.as_str()]));
            if let Some(&person) = registered.get(user)
                && let Ok(Some(mobile)) = people::mobile(&people, person)
            {
                table.set(row, MOBILE, mobile.as_str());
            }
            table.set(row, ROLE, role(membership.role));
            table.set(row, JOINED_AT, &membership.since.to_string());
        }
        self.write(&lock, &table)?;
        Ok(problems)
    }

    /// Removes the file of this group, with whatever stands in it. A group without one is fine.
    pub fn remove_group(&self, id: GroupId) -> Result<(), Error> {
        let lock = self.lock()?;
        let mut index = self.group_index()?;
        let Some(row) = index.row_of(id) else { return Ok(()) };
        // The file goes first: a row without a file does no harm, a file without a row is nobody's.
        disk::remove(&lock, &self.dir.join(index.0.get(row, INDEX_FILE)))?;
        index.0.remove(|table, row| table.get(row, INDEX_ID) == id.to_string());
        self.write(&lock, &index.0)
    }

    /// The file of this group; claims one if it has none, and another one when it is called otherwise than before.
    fn claim_file(&self, lock: &Lock, id: GroupId, name: &GroupName) -> Result<String, Error> {
        let mut index = self.group_index()?;
        let row = index.row_of(id);
        if let Some(row) = row.filter(|row| index.0.get(*row, INDEX_NAME) == name.as_str()) {
            return Ok(index.0.get(row, INDEX_FILE).to_owned());
        }
        let file = self.free_file(&index, id, name)?;
        match row {
            Some(row) => {
                // The new file is whole before the index names it, and the old one goes last: whatever is
                // interrupted, no row is lost.
                let before = index.0.get(row, INDEX_FILE).to_owned();
                let old = self.dir.join(&before);
                if old.exists() {
                    let table = self.read(&before, COLUMNS)?.moved_to(self.dir.join(&file));
                    self.write(lock, &table)?;
                }
                index.0.set(row, INDEX_FILE, &file);
                index.0.set(row, INDEX_NAME, name.as_str());
                self.write(lock, &index.0)?;
                disk::remove(lock, &old)?;
            }
            None => {
                index.0.push(&[&id.to_string(), &file, name.as_str()]);
                self.write(lock, &index.0)?;
            }
        }
        Ok(file)
    }

    fn free_file(&self, index: &Index, id: GroupId, name: &GroupName) -> Result<String, Error> {
        let id = id.to_string();
        let there = disk::names(&self.dir)?;
        let is_free = |file: &String| {
            let clashes = |other: &str| other.to_lowercase() == file.to_lowercase();
            // The file system may know of more names that are one than we do.
            !self.dir.join(file).exists()
                && !there.iter().any(|other| clashes(other))
                && !index.files().any(clashes)
        };
        let candidates = [None, Some(&id[..8]), Some(id.as_str())];
        let mut candidates = candidates.into_iter().filter_map(|suffix| file_name(name, suffix));
        candidates
            .find(is_free)
            .ok_or_else(|| Error::NoFileName { name: name.to_string(), dir: self.dir.clone() })
    }

    pub(super) fn group_index(&self) -> Result<Index, Error> {
        self.read(INDEX, INDEX_COLUMNS).map(Index)
    }
}

/// Which file is whose.
pub(super) struct Index(Table);

impl Index {
    /// The row of this group. A row that names no group's file, or a file that an earlier row gives to
    /// another group, counts for nothing.
    fn row_of(&self, id: GroupId) -> Option<usize> {
        let id = id.to_string();
        let first_of = |file: &str| self.0.rows().find(|&row| self.0.get(row, INDEX_FILE) == file);
        let counts = |row: usize| {
            let file = self.0.get(row, INDEX_FILE);
            self.0.get(row, INDEX_ID) == id && is_group_file(file) && first_of(file) == Some(row)
        };
        self.0.rows().find(|&row| counts(row))
    }

    /// The files that belong to groups with an id.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.0.rows().map(|row| self.0.get(row, INDEX_FILE))
    }
}

pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Admin => "admin",
        Role::Member => "member",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::domain::{Membership, Timestamp};

    fn group(id: u128, name: &str, members: &[&str]) -> Group {
        let member = |name: &&str| {
            let role = if *name == "alice" { Role::Owner } else { Role::Member };
            (name.parse().unwrap(), Membership { role, since: Timestamp::EPOCH })
        };
        Group {
            id: GroupId::from_bits(id << 96 | id),
            name: GroupName::new(name).unwrap(),
            owner: "alice".parse().unwrap(),
            policy: JoinPolicy::Open,
            created_at: Timestamp::EPOCH,
            lifetime: None,
            members: members.iter().map(member).collect(),
            invited: BTreeSet::new(),
            former: BTreeSet::new(),
        }
    }

    fn without(group: Group, former: &[&str]) -> Group {
        let former: BTreeSet<_> = former.iter().map(|name| name.parse().unwrap()).collect();
        let members = group.members.into_iter().filter(|(user, _)| !former.contains(user)).collect();
        Group { members, former, ..group }
    }

    fn read(dir: &Path, file: &str) -> String {
        fs::read_to_string(dir.join(file)).unwrap()
    }

    fn group_files(dir: &Path) -> Vec<String> {
        disk::names(dir).unwrap().into_iter().filter(|name| is_group_file(name)).collect()
    }

    #[test]
    fn members_come_with_their_numbers_and_leavers_go() {
        let dir = tempfile::tempdir().unwrap();
        let registry = Registry::open(dir.path()).unwrap();
        fs::write(dir.path().join(people::FILE), "Name,Mobile_no\nalice,+1\n").unwrap();
        registry.write_group(&without(group(1, "team", &["alice", "bob"]), &["carol"])).unwrap();
        let header = "Name,Mobile_no,Role,Joined_at\n";
        let (alice, bob) =
            ("alice,'+1,owner,1970-01-01T00:00:00Z\n", "bob,,member,1970-01-01T00:00:00Z\n");
        assert_eq!(read(dir.path(), "Group_team.csv"), [header, alice, bob].concat());
        let by_hand = "bob,9,,\nzoe,5,guest,\nBAD,1,,\n";
        fs::write(dir.path().join("Group_team.csv"), [header, alice, by_hand].concat()).unwrap();
        let problems =
            registry.write_group(&without(group(1, "team", &["alice"]), &["bob", "carol"])).unwrap();
        assert_eq!(problems.len(), 1);
        let expected = [header, alice, "zoe,5,guest,\nBAD,1,,\n"].concat();
        assert_eq!(read(dir.path(), "Group_team.csv"), expected);
    }

    #[test]
    fn groups_of_one_name_have_files_of_their_own_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let groups = [
            group(0x1a, "Team", &["alice"]),
            group(0x1b, "team", &["bob"]),
            group(1, "TEAM", &["carol"]),
        ];
        for _ in 0..2 {
            let registry = Registry::open(dir.path()).unwrap();
            for group in &groups {
                registry.write_group(group).unwrap();
            }
            let files = group_files(dir.path());
            assert_eq!(files, ["Group_TEAM~00000001.csv", "Group_Team.csv", "Group_team~0000001b.csv"]);
        }
        let registry = Registry::open(dir.path()).unwrap();
        registry.remove_group(groups[0].id).unwrap();
        registry.remove_group(groups[0].id).unwrap();
        registry.write_group(&groups[1]).unwrap();
        assert_eq!(group_files(dir.path()), ["Group_TEAM~00000001.csv", "Group_team~0000001b.csv"]);
        assert!(read(dir.path(), "Group_team~0000001b.csv").contains("bob"));
    }

    #[test]
    fn a_group_that_is_renamed_takes_its_file_along() {
        let dir = tempfile::tempdir().unwrap();
        let registry = Registry::open(dir.path()).unwrap();
        registry.write_group(&group(1, "team", &["alice"])).unwrap();
        let by_hand = read(dir.path(), "Group_team.csv") + "zoe,5,guest,\n";
        fs::write(dir.path().join("Group_team.csv"), &by_hand).unwrap();
        fs::write(dir.path().join("Group_crew.csv"), "Name\nyves\n").unwrap();
        for _ in 0..2 {
            registry.write_group(&group(1, "crew", &["alice"])).unwrap();
            assert_eq!(group_files(dir.path()), ["Group_crew.csv", "Group_crew~00000001.csv"]);
        }
        assert_eq!(read(dir.path(), "Group_crew~00000001.csv"), by_hand);
        assert_eq!(read(dir.path(), "Group_crew.csv"), "Name\nyves\n");
        fs::remove_file(dir.path().join("Group_crew~00000001.csv")).unwrap();
        registry.write_group(&group(1, "band", &["alice"])).unwrap();
        assert!(read(dir.path(), "Group_band.csv").contains("alice"), "a file that is missing is made");
    }

    #[test]
    fn a_file_made_by_hand_is_never_touched() {
        let dir = tempfile::tempdir().unwrap();
        let registry = Registry::open(dir.path()).unwrap();
        let ours = group(0x1a, "team", &["alice"]);
        for file in ["Group_team.csv", "Group_team~0000001a.csv"] {
            fs::write(dir.path().join(file), "Name\nzoe\n").unwrap();
        }
        registry.write_group(&ours).unwrap();
        let long = format!("Group_team~{}.csv", ours.id);
        assert_eq!(group_files(dir.path()), ["Group_team.csv", "Group_team~0000001a.csv", &long]);
        registry.remove_group(ours.id).unwrap();
        fs::write(dir.path().join(&long), "Name\nzoe\n").unwrap();
        assert!(matches!(registry.write_group(&ours), Err(Error::NoFileName { .. })));
        for file in group_files(dir.path()) {
            assert_eq!(read(dir.path(), &file), "Name\nzoe\n");
        }
    }

    #[test]
    fn a_forged_index_reaches_no_other_file() {
        let dir = tempfile::tempdir().unwrap();
        let registry = Registry::open(dir.path()).unwrap();
        let ours = group(7, "team", &["alice"]);
        let victim = dir.path().join(people::FILE);
        fs::write(&victim, "Name\nzoe\n").unwrap();
        let index = format!("Id,File,Name\n{},{},team\n", ours.id, people::FILE);
        fs::write(dir.path().join(INDEX), index).unwrap();
        registry.remove_group(ours.id).unwrap();
        for _ in 0..2 {
            registry.write_group(&ours).unwrap();
        }
        assert_eq!(fs::read_to_string(victim).unwrap(), "Name\nzoe\n");
        assert_eq!(group_files(dir.path()), ["Group_team.csv"]);
    }

    #[test]
    fn private_groups_can_be_kept_out() {
        let dir = tempfile::tempdir().unwrap();
        let registry = Registry::open(dir.path()).unwrap();
        let private = Group { policy: JoinPolicy::Invite, ..group(1, "secret", &["alice"]) };
        registry.write_group(&private).unwrap();
        assert_eq!(group_files(dir.path()), ["Group_secret.csv"]);
        let registry = registry.with_private_groups(false);
        registry.write_group(&private).unwrap();
        registry.write_group(&group(2, "open", &[])).unwrap();
        assert_eq!(group_files(dir.path()), ["Group_open.csv"]);
        assert_eq!(read(dir.path(), "Group_open.csv"), "Name,Mobile_no,Role,Joined_at\n");
    }
}
