//! Whether the harness would see a loss: the same storm over sessions whose outbox forgets each row as soon
//! as the connection has it.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::run::{Options, run};
use crate::support::world::World;

/// Set in the child alone.
const CHILD: &str = "COOEE_TEST_CHAOS_CHILD";

/// Failpoints hold for a whole process, so it is done in one of its own.
#[test]
fn a_loss_is_seen() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "chaos::forgetful::child_that_forgets"])
        .env(CHILD, "1")
        .env("FAILPOINTS", "outbox::forget=return")
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{said}");
    let lost = said.lines().find_map(|line| line.strip_prefix("lost ")?.parse::<usize>().ok());
    assert!(lost.expect("the child tells how much") > 0, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that the test above starts"]
async fn child_that_forgets() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let _scenario = fail::FailScenario::setup();
    // What is lost is waited for in vain, so not for long.
    let patience = Duration::from_secs(5);
    let report =
        run(World::built_in(), 1, Options { messages: 400, kills: 2, forgets: 0, patience }).await;
    println!("\n{report}\nlost {}", report.verdict.lost.len());
}
