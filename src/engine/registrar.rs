//! Keeps the CSV files up to date, on a thread of its own.
//!
//! What changed is gathered while the thread is busy and written with one lock and one replace per file
//! when it is free, so neither a slow disk nor another process that holds the lock ever makes the engine
//! wait, and a broker full of people is written once and not row by row.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use tokio::sync::mpsc;

use crate::domain::{Group, GroupId, Profile, UserName};
use crate::registry::{Entry, Error, OnlineRow, Problem, Registry, Watch};

/// What has changed since the last writing.
#[derive(Default)]
struct Changes {
    profiles: BTreeMap<UserName, Profile>,
    online: BTreeMap<UserName, Option<OnlineRow>>,
    groups: BTreeMap<GroupId, Option<Group>>,
    /// Before any of these we could not see who is online.
    blind: bool,
}

impl Changes {
    fn is_empty(&self) -> bool {
        !self.blind && self.profiles.is_empty() && self.online.is_empty() && self.groups.is_empty()
    }
}

/// What a writing came to.
pub(super) struct Report {
    /// The rows of `Registration.csv`, where they were read.
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
    blind: bool,
    work: mpsc::Sender<Changes>,
    told: BTreeSet<String>,
}

impl Registrar {
    /// Starts the thread. It first reports what the files say, and ends after [`Self::close`].
    pub fn start(registry: Registry) -> (Self, mpsc::Receiver<Report>) {
        let (work_tx, work_rx) = mpsc::channel(1);
        let (report_tx, report_rx) = mpsc::channel(1);
        thread::spawn(move || serve(&registry, work_rx, &report_tx));
        let told = BTreeSet::new();
        (Self { changes: Changes::default(), busy: true, blind: true, work: work_tx, told }, report_rx)
    }

    pub fn profile(&mut self, profile: Profile) {
        self.changes.profiles.insert(profile.user.clone(), profile);
    }

    /// We cannot see who is online until somebody is: others who share the files may.
    pub fn blind(&mut self) {
        self.blind = true;
        self.changes.blind = true;
        self.changes.online.clear();
    }

    pub fn online(&mut self, row: OnlineRow) {
        self.blind = false;
        self.changes.online.insert(row.user.clone(), Some(row));
    }

    pub fn offline(&mut self, user: UserName) {
        if !self.blind {
            self.changes.online.insert(user, None);
        }
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

    /// Writes what has gathered and waits until the thread has ended.
    pub async fn close(mut self, reports: &mut mpsc::Receiver<Report>) {
        if self.busy {
            let _ = reports.recv().await;
        }
        if !self.changes.is_empty() {
            let _ = self.work.send(std::mem::take(&mut self.changes)).await;
        }
        drop(self.work);
        while reports.recv().await.is_some() {}
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
    let mut report = read(registry);
    // Nothing is seen yet; but what a crash left in the file goes.
    report.errors.extend(registry.watch().and_then(Watch::close).err());
    let mut watch = None;
    while reports.blocking_send(report).is_ok() {
        let Some(changes) = work.blocking_recv() else { break };
        report = write(registry, &mut watch, &changes);
    }
    if let Some(Err(error)) = watch.map(Watch::close) {
        tracing::warn!(%error, "Online.csv may be out of date");
    }
}

/// Whoever cannot see leaves the file to those who can, and empties it if there is nobody.
fn keep_watch(registry: &Registry, watch: &mut Option<Watch>, changes: &Changes) -> Result<(), Error> {
    if changes.blind {
        watch.take().map_or(Ok(()), Watch::close)?;
    }
    if watch.is_none() && !changes.online.is_empty() {
        *watch = Some(registry.watch()?);
    }
    Ok(())
}

fn read(registry: &Registry) -> Report {
    match registry.people() {
        Ok((entries, problems)) => Report { entries, problems, errors: Vec::new() },
        Err(error) => Report { entries: Vec::new(), problems: Vec::new(), errors: vec![error] },
    }
}

fn write(registry: &Registry, watch: &mut Option<Watch>, changes: &Changes) -> Report {
    let mut report = Report { entries: Vec::new(), problems: Vec::new(), errors: Vec::new() };
    if !changes.profiles.is_empty() {
        let profiles: Vec<Profile> = changes.profiles.values().cloned().collect();
        match registry.record_people(&profiles) {
            Ok((entries, problems)) => report = Report { entries, problems, ..report },
            Err(error) => report.errors.push(error),
        }
    }
    let seeing = keep_watch(registry, watch, changes);
    report.errors.extend(seeing.err());
    if let Some(watch) = watch.as_ref().filter(|_| !changes.online.is_empty()) {
        let gone = changes.online.iter().filter(|(_, row)| row.is_none());
        let gone: Vec<UserName> = gone.map(|(user, _)| user.clone()).collect();
        let here: Vec<OnlineRow> = changes.online.values().flatten().cloned().collect();
        report.errors.extend(watch.set_online(&gone, &here).err());
    }
    for (id, group) in &changes.groups {
        let written = match group {
            Some(group) => registry.write_group(group),
            None => registry.remove_group(*id).map(|()| Vec::new()),
        };
        match written {
            Ok(problems) => report.problems.extend(problems),
            Err(error) => report.errors.push(error),
        }
    }
    report
}
