//! The registry's promises, kept by real processes on a real disk.
//!
//! Eight processes change the three files as fast as they can. Half of them are killed again and again
//! at the moment when a temporary file is in sight, and started again. Meanwhile readers look at the
//! files all the time. Every worker says what is done, and what it said must be true for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cooee::domain::{
    DisplayName, Group, GroupId, GroupName, IdentityKey, JoinPolicy, Membership, MobileNumber, Profile,
    Role, Timestamp, UserName,
};
use cooee::registry::{OnlineRow, Outcome, Registry, import};

/// Holds a worker's number, its first turn, and the turn to stop before.
const JOB: &str = "COOEE_TEST_REGISTRY_JOB";
const WORKERS: usize = 8;
/// Each worker has so many names, and takes them in turn.
const NAMES: u64 = 8;
/// A turn changes each of the three files.
const CHANGES_A_TURN: u64 = 3;
const KILL_ROUNDS: usize = 20;
const TURNS_A_ROUND: usize = 40;
const SIGKILL: i32 = 9;
const PATIENCE: Duration = Duration::from_secs(120);

const REGISTRATION: &str = "Registration.csv";
const ONLINE: &str = "Online.csv";
const GROUP: &str = "Group_team.csv";

fn name(worker: usize, turn: u64) -> UserName {
    format!("w{worker}-{}", turn % NAMES).parse().unwrap()
}

fn owner(row: &[String]) -> Option<usize> {
    row[0].strip_prefix('w')?.split_once('-')?.0.parse().ok()
}

/// The turns whose changes stand in `Registration.csv` after this one: the last of each name.
fn standing(turn: u64) -> impl Iterator<Item = u64> {
    (turn + 1).saturating_sub(NAMES)..=turn
}

/// Everybody joins at the first turn of their name, leaves at the second, and so on.
fn is_in(turn: u64) -> bool {
    (turn / NAMES).is_multiple_of(2)
}

/// Reads a whole file as strictly as can be: header, line break at the end, every row of full width.
/// `None` while the file does not exist.
fn read_strictly(path: &Path, header: &str) -> Option<Vec<Vec<String>>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == ErrorKind::NotFound => return None,
        Err(e) => panic!("{}: {e}", path.display()),
    };
    assert!(text.starts_with(&format!("{header}\n")) && text.ends_with('\n'), "torn: {text:?}");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.records().map(|row| row.expect("a whole row").iter().map(str::to_owned).collect());
    Some(rows.collect())
}

fn registration(dir: &Path) -> Option<Vec<Vec<String>>> {
    read_strictly(&dir.join(REGISTRATION), "Name,Mobile_no,Display_name,Fingerprint,Registered_at")
}

fn online(dir: &Path) -> Option<Vec<Vec<String>>> {
    read_strictly(&dir.join(ONLINE), "Name,Mobile_no,Since")
}

fn group(dir: &Path) -> Option<Vec<Vec<String>>> {
    read_strictly(&dir.join(GROUP), "Name,Mobile_no,Role,Joined_at")
}

/// Name and number of the rows of one worker.
fn numbers_of(worker: usize, rows: Option<Vec<Vec<String>>>) -> BTreeMap<String, u64> {
    let rows = rows.expect("the file was written").into_iter();
    let rows = rows.filter(|row| owner(row) == Some(worker));
    rows.map(|row| (row[0].clone(), row[1].parse().unwrap_or(0))).collect()
}

fn expected_registration(worker: usize, turn: u64) -> BTreeMap<String, u64> {
    standing(turn).map(|turn| (name(worker, turn).to_string(), turn)).collect()
}

fn expected_group(worker: usize, turn: u64) -> BTreeSet<String> {
    let members = standing(turn).filter(|&turn| is_in(turn));
    members.map(|turn| name(worker, turn).to_string()).collect()
}

/// One of the eight processes. It looks after every change that nobody took it back.
#[test]
#[ignore = "a process of the race, started by it"]
fn worker() {
    let Ok(job) = std::env::var(JOB) else { return };
    let job: Vec<u64> = job.split(' ').map(|number| number.parse().unwrap()).collect();
    let (worker, turns) = (usize::try_from(job[0]).unwrap(), job[1]..job[2]);
    let dir = std::env::current_dir().unwrap();
    let registry = Registry::open(&dir).unwrap();
    let watch = registry.watch().unwrap();
    for turn in turns {
        let user = name(worker, turn);
        let mobile = MobileNumber::new(&turn.to_string()).unwrap();
        let profile = Profile {
            user: user.clone(),
            identity: IdentityKey::from_bytes([1; 32]),
            devices: Vec::new(),
            version: turn,
            display_name: DisplayName::from(&user),
            mobile: Some(mobile.clone()),
            registered_at: Timestamp::EPOCH,
        };
        registry.record_people(&[profile]).unwrap();
        assert_eq!(numbers_of(worker, registration(&dir)), expected_registration(worker, turn));

        let gone: Vec<UserName> = (0..NAMES).map(|turn| name(worker, turn)).collect();
        let here = OnlineRow { user: user.clone(), mobile: Some(mobile), since: Timestamp::EPOCH };
        watch.set_online(&gone, &[here]).unwrap();
        assert_eq!(numbers_of(worker, online(&dir)), BTreeMap::from([(user.to_string(), turn)]));

        let member = Membership { role: Role::Member, since: Timestamp::EPOCH };
        let (members, former): (Vec<u64>, Vec<u64>) = standing(turn).partition(|turn| is_in(*turn));
        let team = Group {
            id: GroupId::from_bits(7),
            name: GroupName::new("team").unwrap(),
            owner: user,
            policy: JoinPolicy::Open,
            created_at: Timestamp::EPOCH,
            lifetime: None,
            members: members.into_iter().map(|turn| (name(worker, turn), member)).collect(),
            invited: BTreeSet::new(),
            former: former.into_iter().map(|turn| name(worker, turn)).collect(),
        };
        assert_eq!(registry.write_group(&team).unwrap(), []);
        let members: BTreeSet<String> = numbers_of(worker, group(&dir)).into_keys().collect();
        assert_eq!(members, expected_group(worker, turn));
        println!("\ndone {turn}");
    }
    watch.close().unwrap();
}

/// A worker's process, and how far it says to have come.
struct Worker {
    number: usize,
    child: Child,
    listener: Option<JoinHandle<u64>>,
}

impl Worker {
    fn start(dir: &Path, number: usize, from: u64, to: u64, done: &SyncSender<()>) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "registry::worker", "--ignored", "--nocapture"])
            .env(JOB, format!("{number} {from} {to}"))
            .current_dir(dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let done = done.clone();
        let listener = thread::spawn(move || {
            let mut next = from;
            for line in output.lines().map_while(Result::ok) {
                if let Some(turn) = line.strip_prefix("done ").and_then(|turn| turn.parse::<u64>().ok())
                {
                    next = turn + 1;
                    // Nobody counts any more in the last round.
                    let _ = done.try_send(());
                }
            }
            next
        });
        Self { number, child, listener: Some(listener) }
    }

    /// kill -9, in the middle of whatever it does.
    fn kill(&mut self) {
        assert_eq!(self.child.try_wait().unwrap(), None, "worker {} failed", self.number);
        self.child.kill().unwrap();
    }

    /// Waits for the end; returns the first turn that it did not say to be done.
    fn end(&mut self) -> u64 {
        let status = self.child.wait().unwrap();
        assert!(status.success() || status.signal() == Some(SIGKILL), "worker {} failed", self.number);
        self.listener.take().unwrap().join().unwrap()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Ended already, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn temporary_files(dir: &Path) -> usize {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".tmp")).count()
}

/// The temporary files of the dead: while nobody else may write, there are no others.
fn left_behind(dir: &Path) -> usize {
    let lock = File::options().write(true).open(dir.join(".lock")).unwrap();
    lock.lock().unwrap();
    temporary_files(dir)
}

/// Reads all three files until told to stop: whole every time, no row of `Registration.csv` ever gone,
/// no number in it ever taken back. Returns how often.
fn read_all_the_time(dir: &Path, stop: &AtomicBool) -> usize {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut reads = 0;
    while !stop.load(Ordering::Relaxed) {
        let Some(rows) = registration(dir) else { continue };
        let now: BTreeMap<String, u64> =
            rows.into_iter().map(|row| (row[0].clone(), row[1].parse().unwrap())).collect();
        for (name, number) in &seen {
            assert!(now.get(name) >= Some(number), "{name} was {number}, is {:?}", now.get(name));
        }
        seen = now;
        online(dir);
        group(dir);
        reads += 1;
    }
    reads
}

/// Tells the readers to stop, also when the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Kills and restarts until enough rounds are over and a writer was caught in the middle of its work.
/// Returns how far each worker came, and how many were caught.
fn kill_again_and_again(dir: &Path, done: &SyncSender<()>, turns: &Receiver<()>) -> (Vec<u64>, usize) {
    let start = |number, from| Worker::start(dir, number, from, u64::MAX, done);
    let mut workers: Vec<Worker> = (0..WORKERS).map(|number| start(number, 0)).collect();
    let deadline = Instant::now() + PATIENCE;
    let (mut round, mut caught) = (0, 0);
    while round < KILL_ROUNDS || caught == 0 {
        for _ in 0..TURNS_A_ROUND {
            turns.recv_timeout(PATIENCE).expect("the workers go on");
        }
        while temporary_files(dir) == 0 {
            assert!(Instant::now() < deadline, "no writer was ever caught in the middle of its work");
        }
        for victim in workers.iter_mut().skip(round % 2).step_by(2) {
            victim.kill();
        }
        caught += left_behind(dir);
        for victim in workers.iter_mut().skip(round % 2).step_by(2) {
            *victim = start(victim.number, victim.end());
        }
        round += 1;
    }
    workers.iter_mut().for_each(Worker::kill);
    (workers.iter_mut().map(Worker::end).collect(), caught)
}

/// A directory in memory where there is one: what a process leaves when it is killed is the same
/// everywhere, and thousands of syncs to a busy disk take minutes.
fn race_dir() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

#[test]
fn eight_processes_lose_nothing_though_they_are_killed() {
    let dir = race_dir();
    let dir = dir.path();
    let (done, turns) = sync_channel(1 << 16);
    let (stop, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    let began = Instant::now();
    let ends = thread::scope(|scope| {
        let _stop = Stop(&stop);
        scope.spawn(|| reads.fetch_add(read_all_the_time(dir, &stop), Ordering::Relaxed));
        let (next, caught) = kill_again_and_again(dir, &done, &turns);
        let last = |(number, from)| Worker::start(dir, number, from, from + 3, &done);
        let mut workers: Vec<Worker> = next.into_iter().enumerate().map(last).collect();
        let ends: Vec<u64> = workers.iter_mut().map(Worker::end).collect();
        println!("{} changes, {caught} writers caught", ends.iter().sum::<u64>() * CHANGES_A_TURN);
        ends
    });
    println!("{} reads in {:?}", reads.load(Ordering::Relaxed), began.elapsed());
    assert!(reads.into_inner() > 0);
    assert!(ends.iter().sum::<u64>() as usize >= KILL_ROUNDS * TURNS_A_ROUND);
    for (worker, end) in ends.into_iter().enumerate() {
        assert_eq!(numbers_of(worker, registration(dir)), expected_registration(worker, end - 1));
        let members: BTreeSet<String> = numbers_of(worker, group(dir)).into_keys().collect();
        assert_eq!(members, expected_group(worker, end - 1));
    }
    assert_eq!(online(dir), Some(Vec::new()), "the last watcher emptied it");
    assert_eq!(temporary_files(dir), 0, "whoever starts sweeps");
    assert_eq!(Registry::open(dir).unwrap().people().unwrap().1, []);
}

/// Every file of a directory that is not hidden, by name.
fn contents(dir: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let named = files.map(|file| (file.file_name().unwrap().to_str().unwrap().to_owned(), file));
    let seen = named.filter(|(name, _)| !name.starts_with('.'));
    seen.map(|(name, file)| (name, fs::read_to_string(file).unwrap())).collect()
}

#[test]
fn the_files_of_the_original_are_taken_in_once() {
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/original");
    let dir = tempfile::tempdir().unwrap();
    let registry = Registry::open(dir.path()).unwrap();

    let report = import(&registry, &original).unwrap();
    let prefix = format!("{}/", original.display());
    let lines: Vec<String> =
        report.lines.iter().map(|line| line.to_string().replace(&prefix, "")).collect();
    insta::assert_snapshot!("import_report", lines.join("\n"));
    let files = contents(dir.path());
    let text: Vec<String> = files.iter().map(|(name, text)| format!("== {name}\n{text}")).collect();
    insta::assert_snapshot!("import_files", text.concat());

    let again = import(&registry, &original).unwrap();
    assert_eq!(again.count(Outcome::Merged), 0, "{:?}", again.lines);
    assert_eq!(again.lines.len(), report.lines.len(), "every row is reported again");
    assert_eq!(contents(dir.path()), files);

    // Every name and number of the original is in ours, or the report says why it is not.
    let (people, problems) = registry.people().unwrap();
    assert_eq!(problems, []);
    for (file, text) in contents(&original).into_iter().filter(|(file, _)| file != "Group.csv") {
        for (at, row) in text.lines().enumerate().skip(1) {
            let (name, number) = row.split_once(',').unwrap();
            let person = people.iter().find(|person| person.user.as_str() == name).expect("is taken in");
            let ours = person.mobile.as_ref().expect("has a number").as_str();
            let line = |line: &&cooee::registry::ReportLine| {
                line.file.ends_with(&file) && line.line == at as u64 + 1
            };
            let reported = report.lines.iter().find(line).expect("is reported");
            assert!(ours == number || reported.text.contains(number), "{file}: {row}: {reported}");
        }
    }
}
