//! Journeys of people who sit at real terminals: the real program in a pseudo-terminal, on the built-in
//! broker, in a data directory of its own. What a journey looks like in a frame is not pinned down here;
//! that a person can find their way, and gets their terminal back, is.

mod accounts;
mod demo;
#[cfg(all(unix, not(target_os = "macos")))]
mod desktop;
mod editor;
mod finding;
mod frames;
mod groups;
mod input;
mod keyring;
mod looks;
mod outage;
mod passphrase;
mod pictures;
mod plain;
mod receipts;
mod restore;
mod rooms;
mod scripts;
mod talk;
mod tools;
mod trust;
mod welcome;

use std::process::{Command, Output};

use crate::support::terminal::{ENTER, Launch, Terminal};
use crate::support::world::{World, program};

/// How many columns of 80 the lists have.
const LISTS: u16 = 23;

/// A shell command in the world's data directory, with `cooee` on its path and nothing of our own
/// environment.
fn shell(world: &World, script: &str) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let bin = program();
    let bin = bin.parent().unwrap().display();
    let mut command = Command::new("sh");
    command.args(["-c", script]).env_clear().env("PATH", format!("{bin}:{path}"));
    command.env("HOME", world.data_dir()).env("COOEE_DATA_DIR", world.data_dir()).env("TZ", "UTC");
    command.current_dir(world.data_dir());
    command
}

/// Runs a shell command to its end, and insists on its success.
fn run(world: &World, script: &str) -> String {
    let Output { status, stdout, stderr } = shell(world, script).output().unwrap();
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{script}: {status}: {stderr}");
    String::from_utf8(stdout).unwrap()
}

fn sign_up(world: &World, user: &str) {
    run(world, &format!("cooee sign-up --no-passphrase {user}"));
}

/// Somebody who has signed up, at a terminal of 80x24, signed in.
fn at_terminal(world: &World, user: &str) -> Terminal {
    sign_up(world, user);
    sign_in(Launch::new(world.data_dir()), user)
}

fn sign_in(launch: Launch, user: &str) -> Terminal {
    let terminal = launch.user(user).start();
    terminal.until_says(&[&format!("{user} ●"), "connected"]);
    terminal
}

/// The port of the broker, which is started if need be.
fn port(world: &World) -> u16 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(world.port())
}

/// Opens the chat with somebody who is online.
fn open_chat(terminal: &mut Terminal, with: &str) {
    terminal.press(&format!("/msg {with}{ENTER}"));
    terminal.until_says(&[&format!(" {with} ● online ")]);
}

/// Two who have signed up and opened their chat with each other.
fn alice_and_bob(world: &World) -> (Terminal, Terminal) {
    let mut alice = at_terminal(world, "alice");
    let mut bob = at_terminal(world, "bob");
    bob.until_says(&["● alice"]);
    open_chat(&mut bob, "alice");
    alice.until_says(&["● bob"]);
    open_chat(&mut alice, "bob");
    (alice, bob)
}

/// Whether a row of the lists at the left, at 80 columns, has these words and so many unread.
fn counts_unread(screen: &vt100::Screen, words: &str, count: usize) -> bool {
    screen.rows(0, LISTS).any(|row| row.contains(words) && row.ends_with(&format!(" {count} │")))
}

/// Whether each of these words stands on the screen once, and in this order.
fn once_in_order(screen: &str, words: &[&str]) -> bool {
    let places: Vec<_> =
        words.iter().map(|word| screen.match_indices(word).collect::<Vec<_>>()).collect();
    places.iter().all(|found| found.len() == 1) && places.is_sorted_by_key(|found| found[0].0)
}
