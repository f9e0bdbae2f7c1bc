//! A keyring holds the key of an account: a real Secret Service, on a session bus of its own.

use std::fs;
use std::path::PathBuf;

use cooee::domain::DeviceId;
use cooee::store::Store;

use super::*;
use crate::support::desktop::Desktop;
use crate::support::world::data_key;

/// People on a desktop, with the built-in broker.
struct Home {
    desktop: Desktop,
    world: World,
}

impl Home {
    /// Alice has signed up with the keyring, bob without protection.
    fn new() -> Option<Self> {
        let home = Self { desktop: Desktop::with_keyring()?, world: world_of(&["bob"]) };
        assert_eq!(home.says(&["sign-up", "--keyring", "alice"]), "Signed up as alice.\n");
        Some(home)
    }

    /// `cooee` in the session of the desktop.
    fn cooee(&self, arguments: &[&str]) -> Command {
        self.cooee_in(self.world.data_dir(), arguments)
    }

    /// The same in another data directory.
    fn cooee_in(&self, data_dir: &Path, arguments: &[&str]) -> Command {
        // Given one by one: whoever signs up by way of `cooee` is protected by nothing.
        let mut command = cooee(data_dir, &[]);
        command.args(arguments).envs(self.desktop.environment());
        command
    }

    /// What must succeed.
    fn says(&self, arguments: &[&str]) -> String {
        says(&mut self.cooee(arguments))
    }

    /// What must fail with this code; the words.
    fn fails(&self, code: i32, arguments: &[&str]) -> String {
        fails(code, &mut self.cooee(arguments))
    }

    fn account(&self) -> PathBuf {
        self.world.data_dir().join("accounts/alice")
    }

    fn key_file(&self) -> String {
        fs::read_to_string(self.account().join("key.json")).unwrap()
    }

    fn copy_to(&self, place: &Path) {
        let copied = Command::new("cp").arg("-a").arg(self.account()).arg(place).status().unwrap();
        assert!(copied.success());
    }

    fn put_back(&self, copy: &Path) {
        fs::remove_dir_all(self.account()).unwrap();
        fs::rename(copy, self.account()).unwrap();
    }

    /// Which device alice is. Her key comes out of the keyring for that, and goes in again.
    fn device(&self) -> DeviceId {
        self.says(&["-u", "alice", "account", "passphrase", "--no-passphrase"]);
        let key = data_key(self.world.data_dir(), "alice");
        let device = waiting(async {
            let store = Store::open(&self.account().join("chat.db"), &key).unwrap();
            let device = store.account().await.unwrap().expect("there is an account").device;
            store.close().await.unwrap();
            device
        });
        self.says(&["-u", "alice", "account", "passphrase", "--keyring"]);
        device
    }
}

fn says(command: &mut Command) -> String {
    let done = Done::of(command.output().unwrap());
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{command:?}: {done:?}");
    done.out
}

fn fails(code: i32, command: &mut Command) -> String {
    let done = Done::of(command.output().unwrap());
    assert_eq!((done.code, done.out.as_str()), (Some(code), ""), "{command:?}: {done:?}");
    done.err
}

fn waiting<T>(done: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(done)
}

const HISTORY: [&str; 4] = ["-u", "alice", "history", "bob"];

#[test]
fn nothing_is_asked_for_as_long_as_the_keyring_answers() {
    let Some(mut home) = Home::new() else { return };
    let file = home.key_file();
    assert!(file.starts_with(r#"{"v":2,"account":"alice","protection":"keyring","entry":""#), "{file}");
    home.says(&["-u", "alice", "send", "bob", "in the keyring"]);
    assert!(home.says(&HISTORY).contains("in the keyring"));
    assert!(home.says(&["account", "list"]).starts_with("alice  protected by the keyring"));
    assert_eq!(home.desktop.items().len(), 2, "a key, and how far the account has come");

    home.desktop.lock();
    let said = home.fails(3, &HISTORY);
    assert!(
        said.contains("cannot get the key of `alice` from the keyring: the keyring is locked"),
        "{said}"
    );
    assert!(said.contains("hint: unlock it"), "{said}");

    home.desktop.stop_keyring();
    let began = Instant::now();
    for arguments in [&HISTORY[..], &["-u", "alice", "who"]] {
        let said = home.fails(3, arguments);
        assert!(said.contains("no keyring runs in this session"), "{said}");
        assert!(said.contains("GNOME Keyring") && said.contains("account import"), "{said}");
    }
    let said = home.fails(3, &["sign-up", "--keyring", "carol"]);
    assert!(
        said.contains("cannot keep the key of `carol`") && said.contains("with a passphrase"),
        "{said}"
    );
    assert!(began.elapsed() < PATIENCE / 2, "nobody waits for what is not there");
    assert!(!home.world.data_dir().join("accounts/carol").exists());
    // Over ssh there is no bus either.
    let done = run(home.world.data_dir(), &HISTORY);
    assert!(done.err.contains("no keyring runs in this session"), "{done:?}");

    home.desktop.unlock();
    assert!(home.says(&HISTORY).contains("in the keyring"));
}

#[test]
fn an_item_that_was_deleted_is_told_and_nothing_is_lost() {
    let Some(home) = Home::new() else { return };
    home.says(&["-u", "alice", "send", "bob", "kept"]);
    let export = home.world.data_dir().join("alice.cooee");
    let mut exporting = home.cooee(&["-u", "alice", "account", "export", export.to_str().unwrap()]);
    assert!(exporting.env("COOEE_EXPORT_PASSPHRASE", "abc").status().unwrap().success());
    home.desktop.delete_items();
    let before = (home.key_file(), fs::read(home.account().join("chat.db")).unwrap());
    for arguments in [&HISTORY[..], &["-u", "alice", "account", "passphrase", "--no-passphrase"]] {
        let said = home.fails(3, arguments);
        assert!(said.contains("the key of this account is not in this keyring"), "{said}");
        assert!(said.contains("account import") && said.contains("Nothing of the account"), "{said}");
    }
    assert!(before == (home.key_file(), fs::read(home.account().join("chat.db")).unwrap()));
    // As the hint says.
    fs::rename(home.account(), home.world.data_dir().join("away")).unwrap();
    let mut importing = home.cooee(&["account", "import", "--keyring", export.to_str().unwrap()]);
    says(importing.env("COOEE_EXPORT_PASSPHRASE", "abc"));
    assert!(home.says(&HISTORY).contains("kept"));
}

#[test]
fn what_protects_is_changed_in_every_direction() {
    let Some(mut home) = Home::new() else { return };
    home.says(&["-u", "alice", "send", "bob", "kept through all of it"]);
    let change = |home: &Home, old: &str, new: &str, more: &[&str]| {
        let mut change = home.cooee(&["-u", "alice", "account", "passphrase"]);
        change.args(more).env("COOEE_PASSPHRASE", old).env("COOEE_NEW_PASSPHRASE", new);
        says(&mut change)
    };
    assert_eq!(change(&home, "", "new and long", &[]), "alice has a new passphrase.\n");
    assert_eq!(home.desktop.items(), [""; 0], "what it does not protect it does not hold");
    assert!(home.fails(3, &HISTORY).contains("protected by a passphrase"));
    assert!(change(&home, "new and long", "", &["--keyring"]).contains("keep an export"));
    assert!(home.says(&HISTORY).contains("kept through"));
    assert!(change(&home, "", "", &["--no-passphrase"]).contains("not protected any more"));
    assert_eq!(home.desktop.items(), [""; 0]);
    assert!(home.says(&HISTORY).contains("kept through"));
    // Where it cannot be kept, all stays as it was.
    home.desktop.stop_keyring();
    let before = home.key_file();
    let said = home.fails(3, &["-u", "alice", "account", "passphrase", "--keyring"]);
    assert!(said.contains("cannot keep the key of `alice` in the keyring: no keyring runs"), "{said}");
    assert_eq!(home.key_file(), before);
    home.desktop.unlock();
    change(&home, "", "", &["--keyring"]);
    assert!(home.says(&HISTORY).contains("kept through"));
    let said = home.fails(2, &["-u", "alice", "account", "passphrase", "--keyring", "--no-passphrase"]);
    assert!(said.contains("cannot be used with"), "{said}");
}

#[test]
fn a_sign_up_that_comes_to_nothing_leaves_nothing_in_the_keyring() {
    let Some(home) = Home::new() else { return };
    let before = home.desktop.items();
    let elsewhere = tempfile::tempdir().unwrap();
    let sign_up = |code, broker: &str, user| {
        let arguments = ["-b", broker, "sign-up", "--keyring", user];
        fails(code, &mut home.cooee_in(elsewhere.path(), &arguments))
    };
    let said = sign_up(3, &address(&home.world), "bob");
    assert!(said.contains("the name `bob` is taken"), "{said}");
    sign_up(4, "mqtt://127.0.0.1:1", "dave");
    assert_eq!(home.desktop.items(), before);
}

#[test]
fn files_that_were_put_back_are_another_device_also_where_the_broker_has_forgotten() {
    let Some(mut home) = Home::new() else { return };
    home.says(&["-u", "alice", "send", "bob", "one"]);
    let first = home.device();
    assert_eq!(home.device(), first, "it stays what it is");
    let place = tempfile::tempdir().unwrap();
    let (closed, open) = (place.path().join("closed"), place.path().join("open"));
    home.copy_to(&closed);
    // Copied while it is closed, or in the middle of a session.
    let alice = Listener::spawn(&mut home.cooee(&["-u", "alice", "listen"]));
    home.says(&["-u", "bob", "send", "alice", "--wait", "delivered", "two"]);
    assert!(alice.line().contains("two"));
    home.copy_to(&open);
    home.says(&["-u", "alice", "send", "bob", "three"]);
    alice.signal(Signal::INT);
    assert_eq!(alice.end().0, Some(130));

    for copy in [open, closed] {
        home.put_back(&copy);
        home.world.kill_broker();
        waiting(home.world.wipe_broker());
        let said = home.fails(1, &["-u", "alice", "send", "bob", "from the past"]);
        assert!(said.contains("the files of `alice` were put back to an earlier state"), "{said}");
        assert!(said.contains("sign in again"), "{said}");
        // Once is enough.
        home.says(&["-u", "alice", "who"]);
        let bob = Listener::spawn(&mut home.cooee(&["-u", "bob", "listen"]));
        home.says(&["-u", "alice", "send", "bob", "--wait", "delivered", "from the present"]);
        until("it was understood", || bob.line().contains("from the present"));
    }
    assert_ne!(home.device(), first);
}

#[test]
fn a_copy_beside_it_and_its_original_become_devices_of_their_own_and_stay_that() {
    let Some(home) = Home::new() else { return };
    home.says(&["-u", "alice", "who"]);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::create_dir(elsewhere.path().join("accounts")).unwrap();
    home.copy_to(&elsewhere.path().join("accounts/alice"));
    let broker = address(&home.world);
    let copy = || home.cooee_in(elsewhere.path(), &["-b", &broker, "-u", "alice", "who"]);
    says(&mut copy());
    home.fails(1, &["-u", "alice", "who"]);
    home.says(&["-u", "alice", "who"]);
    // The broker tells the copy that it is none of her devices any more.
    assert!(fails(1, &mut copy()).contains("a copy of this account was used elsewhere"));
    for _ in 0..2 {
        home.says(&["-u", "alice", "who"]);
        says(&mut copy());
    }
}

#[test]
fn a_crash_between_the_files_and_the_keyring_alarms_nobody() {
    let Some(home) = Home::new() else { return };
    let device = home.device();
    for _ in 0..2 {
        let step = "generation: stored";
        let mut dying = home.cooee(&["-u", "alice", "who"]);
        let done = Done::of(dying.env("FAILPOINTS", format!("{step}=return")).output().unwrap());
        assert_eq!(done.err, format!("killed at: {step}\n"));
    }
    home.says(&["-u", "alice", "who"]);
    assert_eq!(home.device(), device);
}
