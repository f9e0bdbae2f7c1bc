//! Start, find, stop, kill and start again.

use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

use cooee::broker::{Error, Stopped};

use super::*;

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A broker in the foreground that has said that it is ready.
fn in_foreground(house: &House, arguments: &[&str]) -> (std::process::Child, String) {
    let mut child = house.cooee(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line)
}

#[tokio::test]
async fn it_outlives_its_starter_and_others_find_it() {
    let house = House::new();
    let started = house.cooee(&["broker", "start"]).output().unwrap();
    assert!(started.status.success(), "{}", stderr(&started));
    let running = house.running().expect("its starter is gone, it is not");
    assert_eq!(stdout(&started), format!("mqtt://{}\n", running.address));
    assert!(running.address.ip().is_loopback());
    assert_eq!(house.broker().await, running.address);
    assert_eq!(house.running().unwrap().pid, running.pid);
    let mut alice = Connect::new(running.address, "alice").open().await;
    assert_eq!(alice.publish("a", "b").await, PubAckReason::Success);

    let status = house.cooee(&["broker", "status"]).output().unwrap();
    assert!(status.status.success());
    for told in [format!("mqtt://{}", running.address), running.pid.to_string()] {
        assert!(stdout(&status).contains(&told), "{}", stdout(&status));
    }
}

/// Its own session, no terminal, no working directory, nothing of ours open: what makes it survive the
/// window that it was started from.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn it_leaves_the_terminal() {
    let house = House::new();
    house.broker().await;
    let pid = house.running().unwrap().pid;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // After the name in brackets: state, parent, process group, session, terminal.
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    assert_eq!((fields[3], fields[4]), (pid.to_string().as_str(), "0"), "{stat}");
    let link = |name: &str| std::fs::read_link(format!("/proc/{pid}/{name}")).unwrap();
    assert_eq!(link("cwd"), Path::new("/"));
    assert_eq!(link("fd/0"), Path::new("/dev/null"));
    assert_eq!(link("fd/1"), Path::new("/dev/null"));
    assert_eq!(link("fd/2"), house.path().join("broker/broker.log").canonicalize().unwrap());
}

/// Its starter is its parent as long as both live, and has to take notice of its death.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_dead_one_leaves_no_zombie() {
    let house = House::new();
    house.broker().await;
    let process = format!("/proc/{}", house.running().unwrap().pid);
    assert!(Path::new(&process).exists());
    house.kill().await;
    until("it is buried", || !Path::new(&process).exists()).await;
}

#[tokio::test]
async fn many_at_once_start_one() {
    let house = House::new();
    let children: Vec<_> = (0..8)
        .map(|_| house.cooee(&["broker", "start"]).stdout(Stdio::piped()).spawn().unwrap())
        .collect();
    let told: Vec<_> =
        children.into_iter().map(|child| stdout(&child.wait_with_output().unwrap())).collect();
    let running = house.running().unwrap();
    assert_eq!(told, vec![format!("mqtt://{}\n", running.address); 8]);
    let log = std::fs::read_to_string(house.path().join("broker/broker.log")).unwrap();
    assert_eq!(log.matches("the broker is ready").count(), 1, "{log}");
    assert!(!log.contains("already runs"), "none was started in vain: {log}");
}

#[tokio::test]
async fn a_second_one_is_refused() {
    let house = House::new();
    house.broker().await;
    let second = house.cooee(&["broker", "run"]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let pid = house.running().unwrap().pid;
    assert!(stderr(&second).contains(&format!("(process {pid})")), "{}", stderr(&second));
}

#[tokio::test]
async fn it_serves_this_machine_alone() {
    let house = House::new();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:1883"] {
        let refused = house.cooee(&["broker", "run", "--listen", address]).output().unwrap();
        assert_eq!(refused.status.code(), Some(1));
        assert!(stderr(&refused).contains("--network"), "{}", stderr(&refused));
    }
    assert!(!house.path().join("broker").exists(), "nothing was touched");
}

#[tokio::test]
async fn run_stays_in_front_and_ends_in_good_order_on_a_signal() {
    let house = House::new();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let (mut child, line) = in_foreground(&house, &["broker", "run"]);
        let address = house.running().unwrap().address;
        assert!(line.contains(&format!("mqtt://{address} ")), "{line}");
        house.signal(signal);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{signal:?}");
        assert_eq!(house.running(), None);
    }
}

#[tokio::test]
async fn an_address_asked_for_is_used_or_refused() {
    let house = House::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = house.cooee(&["broker", "run", "--listen", &address]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains(&address), "{}", stderr(&refused));
    drop(taken);
    let (mut child, line) = in_foreground(&house, &["broker", "run", "--listen", &address]);
    assert!(line.contains(&address), "{line}");
    house.signal(Signal::TERM);
    child.wait().unwrap();
}

#[tokio::test]
async fn stop_is_remembered_until_somebody_asks_again() {
    let house = House::new();
    let address = house.broker().await;
    let unless_stopped =
        || async { broker::ensure_running(house.path(), program(), Revive::UnlessStopped).await };
    assert_eq!(unless_stopped().await.unwrap(), address);

    let stopped = house.cooee(&["broker", "stop"]).output().unwrap();
    assert!(stopped.status.success(), "{}", stderr(&stopped));
    assert_eq!(house.running(), None);
    assert!(matches!(unless_stopped().await, Err(Error::Stopped)));
    let status = house.cooee(&["broker", "status"]).output().unwrap();
    assert_eq!(status.status.code(), Some(1));

    assert_eq!(house.broker().await, address);
    house.kill().await;
    assert_eq!(unless_stopped().await.unwrap(), address, "a crash is no stop");
}

#[tokio::test]
async fn stopping_nothing_says_so() {
    let house = House::new();
    assert_eq!(broker::stop(house.path()).unwrap(), Stopped::NothingRan);
    assert!(!house.path().join("broker").exists());
    house.broker().await;
    assert!(matches!(broker::stop(house.path()).unwrap(), Stopped::Process(_)));
    assert_eq!(broker::stop(house.path()).unwrap(), Stopped::NothingRan);
}

#[tokio::test]
async fn a_stale_record_is_not_believed() {
    let house = House::new();
    let old = house.broker().await;
    house.kill().await;
    // Somebody else has the port now, and answers; and the process id is in use, by us.
    let _other = std::net::TcpListener::bind(old).unwrap();
    let record = house.path().join("broker/broker.json");
    let mut json: serde_json::Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    json["pid"] = std::process::id().into();
    std::fs::write(&record, json.to_string()).unwrap();
    assert_eq!(house.running(), None);
    assert_eq!(broker::stop(house.path()).unwrap(), Stopped::NothingRan, "we live");

    let new = house.broker().await;
    assert_ne!(new, old);
    let mut alice = Connect::new(new, "alice").open().await;
    assert_eq!(alice.publish("a", "b").await, PubAckReason::Success);
}

#[tokio::test]
async fn what_keeps_it_from_starting_is_told() {
    let house = House::new();
    house.broker().await;
    house.kill().await;
    let state = house.path().join("broker/state");
    std::fs::remove_dir_all(&state).unwrap();
    std::fs::write(&state, "not a directory").unwrap();
    let error = broker::ensure_running(house.path(), program(), Revive::Always).await.unwrap_err();
    let told = error.to_string();
    assert!(told.contains("broker.log") && told.contains("state"), "{told}");

    let error = broker::ensure_running(house.path(), Path::new("/nonexistent/cooee"), Revive::Always);
    let told = error.await.unwrap_err().to_string();
    assert!(told.contains("/nonexistent/cooee"), "{told}");
}
