//! What the desktop shows over D-Bus: a real bus, and a notification service on it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use zbus::blocking::{Connection, connection};
use zbus::interface;
use zbus::zvariant::Value;

use super::*;
use crate::support::PATIENCE;
use crate::support::desktop::Desktop;

/// What was shown, and in place of which.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    replaces: u32,
    app: String,
    title: String,
    body: String,
    category: Option<String>,
}

struct Service {
    shown: mpsc::Sender<Shown>,
    last: AtomicU32,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Service {
    fn get_capabilities(&self) -> Vec<String> {
        vec!["body".to_owned(), "body-markup".to_owned()]
    }

    #[expect(clippy::too_many_arguments, reason = "the interface has so many")]
    fn notify(
        &self,
        app_name: &str,
        replaces_id: u32,
        _app_icon: &str,
        summary: &str,
        body: &str,
        _actions: Vec<String>,
        hints: HashMap<String, Value<'_>>,
        _expire_timeout: i32,
    ) -> u32 {
        let category = match hints.get("category") {
            Some(Value::Str(text)) => Some(text.to_string()),
            _ => None,
        };
        let shown = Shown {
            replaces: replaces_id,
            app: app_name.to_owned(),
            title: summary.to_owned(),
            body: body.to_owned(),
            category,
        };
        let _ = self.shown.send(shown);
        if replaces_id > 0 { replaces_id } else { self.last.fetch_add(1, Ordering::Relaxed) + 1 }
    }
}

/// A service on the bus of this desktop, as long as the connection is held. Its first number is 8.
fn service(desktop: &Desktop) -> (Connection, mpsc::Receiver<Shown>) {
    let (_, address) = &desktop.environment()[0];
    let (told, shown) = mpsc::channel();
    let service = Service { shown: told, last: AtomicU32::new(7) };
    let builder = connection::Builder::address(address.to_str().unwrap()).unwrap();
    let builder = builder.name("org.freedesktop.Notifications").unwrap();
    let builder = builder.serve_at("/org/freedesktop/Notifications", service).unwrap();
    (builder.build().unwrap(), shown)
}

/// There is no more than one call a second.
fn until_a_call_may_follow(last: Instant) {
    while last.elapsed() < Duration::from_millis(1_100) {
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

fn contains(bytes: &[u8], words: &str) -> bool {
    bytes.windows(words.len()).any(|window| window == words.as_bytes())
}

#[test]
fn the_desktop_shows_one_for_each_chat_and_the_terminal_what_it_cannot() {
    let Some(desktop) = Desktop::start() else { return };
    let world = World::built_in();
    let config = world.data_dir().join("alerts.toml");
    std::fs::write(&config, "[alerts]\ndesktop = \"bus\"\n").unwrap();
    let (connection, shown) = service(&desktop);
    sign_up(&world, "alice");
    let variables = desktop.environment();
    let launch = variables.iter().fold(Launch::new(world.data_dir()), |launch, (name, value)| {
        launch.env(name, value.to_str().unwrap())
    });
    let mut alice = sign_in(launch.arguments(&["--config", config.to_str().unwrap()]), "alice");
    let mut bob = at_terminal(&world, "bob");
    bob.until_says(&["● alice"]);
    open_chat(&mut bob, "alice");
    let next = || (shown.recv_timeout(PATIENCE).expect("it is shown"), Instant::now());

    bob.press("the <pump> & I are back\r");
    let (first, at) = next();
    let wanted = Shown {
        replaces: 0,
        app: "Cooee".to_owned(),
        title: "bob".to_owned(),
        // It would be taken for markup.
        body: "the &lt;pump&gt; &amp; I are back".to_owned(),
        category: Some("im.received".to_owned()),
    };
    assert_eq!(first, wanted);
    until_a_call_may_follow(at);
    bob.press("and so is valve 3\r");
    let (second, at) = next();
    assert_eq!((second.replaces, second.body.as_str()), (8, "and so is valve 3"));
    let raw = alice.raw();
    assert!(!contains(&raw, "\x1b]9;"), "not a second time by the terminal");
    assert!(contains(&raw, "\x07"), "which rings all the same");

    // Nobody shows anything any more.
    connection.close().unwrap();
    until_a_call_may_follow(at);
    bob.press("anybody there?\r");
    alice.until_raw("the terminal shows it", raw.len(), |bytes| {
        contains(bytes, "\x1b]9;bob: anybody there?")
    });
    // Typing went on meanwhile.
    alice.press("still here");
    alice.until_says(&["still here"]);

    // And once somebody does, it goes there again, as something new.
    let (_connection, shown) = service(&desktop);
    until_a_call_may_follow(Instant::now());
    bob.press("hello again\r");
    let again = shown.recv_timeout(PATIENCE).expect("it is shown");
    assert_eq!((again.replaces, again.body.as_str()), (0, "hello again"));
}

#[test]
fn a_bus_that_does_not_answer_is_left_alone_and_holds_nothing_back() {
    let world = World::built_in();
    let config = world.data_dir().join("alerts.toml");
    std::fs::write(&config, "[alerts]\ndesktop = \"bus\"\n").unwrap();
    let socket = world.data_dir().join("bus");
    // Whoever connects waits for a word.
    let silent = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    silent.set_nonblocking(true).unwrap();
    let mut asked = Vec::new();
    sign_up(&world, "alice");
    let address = format!("unix:path={}", socket.display());
    let launch = Launch::new(world.data_dir()).env("DBUS_SESSION_BUS_ADDRESS", &address);
    let mut alice = sign_in(launch.arguments(&["--config", config.to_str().unwrap()]), "alice");
    let mut bob = at_terminal(&world, "bob");
    bob.until_says(&["● alice"]);
    open_chat(&mut bob, "alice");
    for words in ["one", "two", "three"] {
        let before = alice.raw().len();
        bob.press(&format!("{words}\r"));
        let shown = format!("\x1b]9;bob: {words}");
        alice.until_raw("the terminal shows it", before, |bytes| contains(bytes, &shown));
        asked.extend(silent.accept().ok());
        until_a_call_may_follow(Instant::now());
    }
    asked.extend(silent.accept().ok());
    assert_eq!(asked.len(), 1, "it is asked once");
    alice.press("still here");
    alice.until_says(&["still here"]);
}
