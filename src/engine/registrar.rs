//! Keeps the CSV files up to date, on a thread of its own.
//!
//! What changed is gathered while the thread is busy and written with one lock and one replace per file
//! when it is free, so neither a slow disk nor another process that holds the lock ever makes the engine
//! wait, and a broker full of people is written once and not row by row.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use tokio::sync::mpsc;

use crate::domain::{Group, GroupId, Profile, UserName};
use crate::registry::{Entry, Error, OnlineRow, Problem, Registry};

/// What has changed since the last writing.
#[derive(Default)]
struct Changes {
    profiles: BTreeMap<UserName, Profile>,
    online: BTreeMap<UserName, Option<OnlineRow>>,
    groups: BTreeMap<GroupId, Option<Group>>,
}

impl Changes {
    fn is_empty(&self) -> bool {
        self.profiles.is_empty() && self.online.is_empty() && self.groups.is_empty()
    }
}

/// What a writing came to.
pub(super) struct Report {
    /// All rows of `Registration.csv`.
    pub entries: Vec<Entry>,
    /// Rows that could not be understood.
    pub problems: Vec<Problem>,
    /// What could not be written.
    pub errors: Vec<Error>,
}

/// The engine's side: gathers changes and hands them over.
pub(super) struct Registrar {
    changes: Changes,
    busy: bool,
    work: mpsc::Sender<Changes>,
    told: BTreeSet<String>,
}

impl Registrar {
    /// Starts the thread. It first reports what the files say; it ends, and takes our row out of
    /// `Online.csv` if we were the last, when the registrar is dropped.
    pub fn start(registry: Registry) -> (Self, mpsc::Receiver<Report>) {
        let (work_tx, work_rx) = mpsc::channel(1);
        let (report_tx, report_rx) = mpsc::channel(1);
        thread::spawn(move || serve(&registry, work_rx, &report_tx));
        let told = BTreeSet::new();
        (Self { changes: Changes::default(), busy: true, work: work_tx, told }, report_rx)
    }

    pub fn profile(&mut self, profile: Profile) {
        self.changes.profiles.insert(profile.user.clone(), profile);
    }

    pub fn online(&mut self, row: OnlineRow) {
        self.changes.online.insert(row.user.clone(), Some(row));
    }

    pub fn offline(&mut self, user: UserName) {
        self.changes.online.insert(user, None);
    }

    pub fn group(&mut self, group: Group) {
        self.changes.groups.insert(group.id, Some(group));
    }

    pub fn no_group(&mut self, group: GroupId) {
        self.changes.groups.insert(group, None);
    }

    /// Hands over what has gathered, if the thread is free.
    pub fn flush(&mut self) {
        if !self.busy && !self.changes.is_empty() {
            self.busy = self.work.try_send(std::mem::take(&mut self.changes)).is_ok();
        }
    }

    /// The thread has reported; returns what was not told before, in words.
    pub fn on_report(&mut self, report: &Report) -> Vec<String> {
        self.busy = false;
        let problems = report.problems.iter().map(ToString::to_string);
        let errors = report.errors.iter().map(ToString::to_string);
        problems.chain(errors).filter(|words| self.told.insert(words.clone())).collect()
    }
}

fn serve(registry: &Registry, mut work: mpsc::Receiver<Changes>, reports: &mpsc::Sender<Report>) {
    let mut errors = Vec::new();
    let watch = registry.watch().map_err(|e| errors.push(e)).ok();
    let mut report = apply(registry, &Changes::default());
    report.errors.append(&mut errors);
    while reports.blocking_send(report).is_ok() {
        let Some(changes) = work.blocking_recv() else { break };
        report = apply(registry, &changes);
    }
    // What gathered last must be on disk before the last watcher clears the list.
    drop(watch);
}

fn apply(registry: &Registry, changes: &Changes) -> Report {
    let mut errors = Vec::new();
    let profiles: Vec<Profile> = changes.profiles.values().cloned().collect();
    let people =
        if profiles.is_empty() { registry.people() } else { registry.record_people(&profiles) };
    let (entries, problems) = people.unwrap_or_else(|e| {
        errors.push(e);
        (Vec::new(), Vec::new())
    });
    let gone: Vec<UserName> =
        changes.online.iter().filter(|(_, row)| row.is_none()).map(|(user, _)| user.clone()).collect();
    let here: Vec<OnlineRow> = changes.online.values().flatten().cloned().collect();
    if !(gone.is_empty() && here.is_empty()) {
        errors.extend(registry.set_online(&gone, &here).err());
    }
    for (id, group) in &changes.groups {
        let written = match group {
            Some(group) => registry.write_group(group),
            None => registry.remove_group(*id),
        };
        errors.extend(written.err());
    }
    Report { entries, problems, errors }
}
