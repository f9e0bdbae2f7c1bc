//! What Cooee leaves to a program of the person's, and paths on the real disk.

use std::fs;
use std::time::{Duration, Instant};

use super::*;

fn configure(world: &World, text: &str) {
    let dir = world.data_dir().join(".config/cooee");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("config.toml"), text).unwrap();
}

#[test]
fn what_is_copied_goes_to_the_program_that_is_named_and_else_to_the_terminal() {
    let world = World::built_in();
    configure(&world, "[clipboard]\ncommand = [\"sh\", \"-c\", \"test ! -e broken && cat > copied\"]\n");
    let mut alice = at_terminal(&world, "alice");
    alice.press("the pump");
    alice.press("\x1bA\x1bw");
    alice.until_says(&["copied; to the clipboard too, by `sh`"]);
    let deadline = Instant::now() + Duration::from_secs(20);
    while fs::read_to_string(world.data_dir().join("copied")).unwrap_or_default() != "the pump" {
        assert!(Instant::now() < deadline, "{}", alice.contents());
        std::thread::sleep(Duration::from_millis(5));
    }
    let osc = b"\x1b]52;c;dGhlIHB1bXA=\x07";
    assert!(!alice.raw().windows(osc.len()).any(|bytes| bytes == osc), "the terminal was not asked");
    fs::write(world.data_dir().join("broken"), "").unwrap();
    alice.press("\x1bA\x1bw");
    alice.until_says(&["error: not copied: `sh`: exit status: 1. The terminal was asked"]);
    alice.until_raw("the terminal is asked", 0, |raw| raw.windows(osc.len()).any(|bytes| bytes == osc));
    alice.quit();
}

#[test]
fn paths_of_the_disk_are_completed() {
    let world = World::built_in();
    let (mut alice, bob) = alice_and_bob(&world);
    let plans = world.data_dir().join("my plans");
    fs::create_dir(&plans).unwrap();
    fs::write(plans.join("pump #2.txt"), "12345").unwrap();
    alice.press("/send my");
    alice.until_says(&["my plans/", "directory"]);
    alice.press("\t");
    alice.until_says(&["/send my plans/", "pump #2.txt", "5 B"]);
    alice.press("\t");
    alice.until_says(&["/send my plans/pump #2.txt"]);
    alice.press(ENTER);
    bob.until_says(&["pump #2.txt"]);
    alice.press("/save ~/my");
    alice.until_says(&["1 of 1"]);
    alice.press("\t");
    alice.until_says(&["/save ~/my plans/"]);
    alice.press("\x1b\x03");
    alice.quit();
    bob.quit();
}
