//! What the system says of a process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, DirEntry};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Memory that it holds, in MB.
pub fn memory(pid: u32) -> f64 {
    let status = Path::new("/proc").join(pid.to_string()).join("status");
    field(&status, "VmRSS:") / 1_024.0
}

/// How often each of its threads has waited for something so far.
pub fn waits(pid: u32) -> BTreeMap<OsString, f64> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs").flatten();
    let waits = |task: &DirEntry| field(&task.path().join("status"), "voluntary_ctxt_switches:");
    tasks.map(|task| (task.file_name(), waits(&task))).collect()
}

/// What the machine has to do besides, as three averages.
pub fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

/// How long it takes to force a page to the disk in this directory, so many times: what no message that is
/// stored before it is shown can go below.
pub fn forced_writes(directory: &Path, count: usize) -> io::Result<Vec<Duration>> {
    let mut file = tempfile::tempfile_in(directory)?;
    let mut force = || {
        file.write_all(&[0; 4_096])?;
        let began = Instant::now();
        file.sync_data().map(|()| began.elapsed())
    };
    (0..count).map(|_| force()).collect()
}

/// The number after this name.
fn field(file: &Path, name: &str) -> f64 {
    let text = fs::read_to_string(file).expect("the process runs");
    let rest = text.lines().find_map(|line| line.strip_prefix(name)).expect("Linux says so");
    rest.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}
