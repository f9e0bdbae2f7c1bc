//! `cooee doctor`: on the built-in broker, on mosquitto as it comes and as we recommend it, and on what is
//! no broker for Cooee.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Done, ok, refused, run, until};
use crate::support::PATIENCE;
use crate::support::external::{External, Make};
use crate::support::world::World;

/// What it says for scripts, and its exit code.
fn examine(data_dir: &Path, more: &[&str]) -> (Value, Option<i32>) {
    // More than it takes on a machine that is busy with other tests.
    let Done { code, out, err } =
        run(data_dir, &[&["doctor", "--json", "--timeout", "2m"], more].concat());
    assert_eq!(err, "");
    assert_eq!(out.lines().count(), 1, "{out}");
    (serde_json::from_str(&out).expect("one object"), code)
}

fn url(port: u16) -> String {
    format!("mqtt://127.0.0.1:{port}")
}

/// The checks that are not ok, as `name verdict`.
fn complaints(report: &Value) -> Vec<String> {
    let checks = report["checks"].as_array().expect("there are checks").iter();
    let text = |value: &Value| value.as_str().expect("it is text").to_owned();
    let wrong = checks.filter(|check| check["verdict"] != "ok");
    wrong.map(|check| format!("{} {}", text(&check["check"]), text(&check["verdict"]))).collect()
}

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().expect("there are checks");
    checks.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("no check {name}"))
}

#[test]
fn the_built_in_broker_is_fit_and_says_what_it_is() {
    let world = World::built_in();
    let (report, code) = examine(world.data_dir(), &[]);
    assert_eq!((code, &report["type"]), (Some(0), &"doctor".into()), "{report}");
    let broker = &report["broker"];
    assert_eq!((&broker["built_in"], &broker["tls"]), (&true.into(), &false.into()));
    assert!(broker["name"].as_str().unwrap().contains("built-in"), "{report}");
    assert!(broker["round_trip_ms"].as_f64().unwrap() > 0.0, "{report}");
    assert_eq!(report["limits"]["max_packet_size"], 128 * 1024);
    // It is known for that: see `broker`.
    assert_eq!(complaints(&report), ["nobody degraded"], "{report}");
    assert_eq!(check(&report, "queue")["found"].as_str().unwrap().split(' ').nth(2), Some("2000"));
    // Its files are written behind, and taken away behind.
    let state = world.data_dir().join("broker/state");
    let count = |dir: &Path| std::fs::read_dir(dir).map_or(0, Iterator::count);
    let queues = || std::fs::read_dir(state.join("queues")).unwrap().map(|queue| queue.unwrap().path());
    until("nothing waits in a queue", || queues().all(|queue| count(&queue) == 0));
    assert_eq!(count(&state.join("retained")), 0);
}

#[test]
fn mosquitto_as_it_comes_is_told_to_queue_more() {
    if !Make::Mosquitto.is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let broker = External::start_with(Make::Mosquitto, dir.path(), "");
    let (report, code) = examine(dir.path(), &["-b", &url(broker.port)]);
    assert_eq!((code, &report["verdict"]), (Some(0), &"degraded".into()), "{report}");
    assert!(report["broker"]["name"].as_str().unwrap().starts_with("mosquitto version 2"), "{report}");
    assert_eq!(complaints(&report), ["queue degraded"], "{report}");
    let queue = check(&report, "queue");
    let found = queue["found"].as_str().unwrap();
    assert!(found.starts_with("1000 of 2000") && found.contains("it acknowledged the rest"), "{found}");
    assert_eq!(queue["settings"].as_array().unwrap().len(), 1, "only its own: {queue}");
    assert_eq!(queue["settings"][0]["setting"], "max_queued_messages 0");
    let text = ok(dir.path(), &["doctor", "-b", &url(broker.port), "--timeout", "2m"]);
    assert!(text.contains("\ndegraded  queue "), "{text}");
    assert!(text.contains("\n          change: mosquitto: max_queued_messages 0\n"), "{text}");
    assert!(text.ends_with("\nCooee works here; 1 of 15 checks degraded.\n"), "{text}");
}

#[test]
fn mosquitto_as_we_recommend_it_has_nothing_to_complain_of() {
    if !Make::Mosquitto.is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let broker = External::start(Make::Mosquitto, dir.path());
    let (report, code) = examine(dir.path(), &["-b", &url(broker.port)]);
    assert_eq!((code, complaints(&report)), (Some(0), Vec::new()), "{report}");
}

#[test]
fn a_broker_that_cooee_cannot_use_is_broken() {
    if !Make::Mosquitto.is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let broker = External::start_with(
        Make::Mosquitto,
        dir.path(),
        "retain_available false\nmax_packet_size 20000",
    );
    let (report, code) = examine(dir.path(), &["-b", &url(broker.port)]);
    assert_eq!((code, &report["verdict"]), (Some(1), &"broken".into()), "{report}");
    let wrong = complaints(&report);
    assert!(wrong.contains(&"retained broken".into()) && wrong.contains(&"packet degraded".into()));
    let settings = &check(&report, "retained")["settings"];
    assert_eq!(settings[0]["setting"], "retain_available true", "{report}");
}

#[test]
fn whoever_does_not_answer_in_time_is_unreachable() {
    let home = tempfile::tempdir().unwrap();
    let said = refused(4, home.path(), &["-b", &url(1), "doctor"]);
    assert!(said.contains("nothing answers at 127.0.0.1:1"), "{said}");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let broker = url(silent.local_addr().unwrap().port());
    let begun = Instant::now();
    let said = refused(4, home.path(), &["-b", &broker, "doctor", "--timeout", "300ms"]);
    assert!(said.contains("no answer from 127.0.0.1:"), "{said}");
    assert!(begun.elapsed() < PATIENCE / 3, "it waited {:?}", begun.elapsed());
    refused(2, home.path(), &["-b", "http://lan", "doctor"]);
    refused(2, home.path(), &["doctor", "--timeout", "soon"]);
}

#[test]
fn a_broker_of_an_older_mqtt_is_told_apart() {
    let home = tempfile::tempdir().unwrap();
    // How brokers without MQTT 5 meet it: some hang up, some refuse in MQTT 3.1.1.
    for greeting in [&b""[..], b"\x20\x02\x00\x01"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
                let mut connect = [0; 9];
                stream.read_exact(&mut connect).unwrap();
                // Length, "MQTT", and then the version.
                let answer = if connect[8] == 5 { greeting } else { b"\x20\x02\x00\x00" };
                let _ = stream.write_all(answer);
            }
        });
        let said = refused(1, home.path(), &["-b", &url(port), "doctor"]);
        assert!(said.contains("unsupported protocol version: Cooee needs MQTT 5"), "{said}");
        assert!(said.contains(&format!("127.0.0.1:{port}")), "{said}");
    }
}
