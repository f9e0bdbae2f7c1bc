//! What a person waits for, on a real terminal of 120x40 cells with the built-in broker:
//! `cargo bench --bench screen`. It takes about five minutes, and prints the target beside each figure.
//! `-- start`, `-- talk`, `-- hostile` or `-- trouble` behind that measures that part alone.
//!
//! A time ends when the bytes that show the awaited thing were read from the terminal. Starting a terminal
//! and handing a message to the network are part of the times.

#[path = "../../it/support/breakers.rs"]
mod breakers;
mod feed;
mod figures;
mod hand;
mod hostile;
mod process;
#[allow(dead_code)] // The tests use more of it.
#[path = "../../it/support/puppet.rs"]
mod puppet;
#[allow(dead_code)] // The pictures use more of it.
#[path = "../support/mod.rs"]
mod support;
mod trouble;

use std::time::{Duration, Instant};

use cooee::crypto::vault::KeyFile;
use cooee::crypto::{Device, Identity};
use cooee::domain::{Body, ConversationId, Message, MessageId, MessageText, Timestamp, UserName};
use cooee::mqtt::KEEP_ALIVE;
use cooee::store::{Account, Incoming, Store};
use feed::Feed;
use hand::{clear, letter};
use puppet::Puppet;
use support::home::Home;
use support::terminal::Terminal;
use tokio::runtime::{Builder, Runtime};
use vt100::Screen;

const SIZE: (u16, u16) = (120, 40);
const STARTS: usize = 15;
const LETTERS: u16 = 520;
/// How many of them before the line is emptied.
const LINE: u16 = 52;
/// From one letter to the next.
const PAUSE: Duration = Duration::from_millis(7);
const MESSAGES: usize = 200;
/// From one message to the next, so that none waits for the end of the frame of the one before.
const QUIET: Duration = Duration::from_millis(40);
const BURSTS: u32 = 3;
const BURST: u32 = 10_000;
const HISTORY: u64 = 100_000;
/// So many pings, and all that they cause.
const REST: Duration = KEEP_ALIVE.saturating_mul(2);

fn main() {
    let [alice, bob, carol, hugo] = ["alice", "bob", "carol", "hugo"].map(user);
    let home = Home::new();
    for person in [&alice, &bob, &carol, &hugo] {
        assert!(home.run(&["sign-up", "--no-passphrase", person.as_str()]), "{person} cannot sign up");
    }
    println!("load of the machine: {}", process::load());
    figures::heading();
    let forced = process::forced_writes(home.path(), MESSAGES).expect("the directory can be written");
    figures::times("a page forced to this disk", &forced, "");

    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let measures = |part: &str| wanted.is_empty() || wanted.iter().any(|word| word == part);
    if measures("start") {
        fill(&home, &hugo, &bob);
        for (who, what) in [(&alice, "no history"), (&hugo, "100,000 messages")] {
            start(&home, who, what);
            rest(&home, who, what);
        }
    }
    if measures("talk") {
        talk(&home, &alice, [&bob, &carol]);
    }
    if measures("hostile") {
        hostile::measure(&home, &alice, &bob);
    }
    if measures("trouble") {
        trouble::measure(&home, &alice, [&bob, &carol, &hugo]);
    }
    println!("load of the machine: {}", process::load());
}

/// Keys, and messages that come in.
fn talk(home: &Home, alice: &UserName, [bob, carol]: [&UserName; 2]) {
    let mut terminal = open(home, alice);
    terminal.shows("connected");
    terminal.shows(bob.as_str());
    let feed = feed(home, alice, &[bob, carol]);
    terminal.keys("/msg bob\r");
    terminal.shows("Write to bob");
    echo(&mut terminal, "at rest", "0.5 / 1.5");
    let flow = feed.flow(carol, Duration::from_millis(2));
    terminal.until("messages flow", |screen| line(screen, "carol").is_some_and(|row| row.contains('9')));
    echo(&mut terminal, "at 500 messages/s in another chat", "0.6 / 2");
    flow.abort();
    messages(&terminal, &feed, bob);
    bursts(&mut terminal, &feed, bob);
}

fn user(name: &str) -> UserName {
    name.parse().expect("a user name")
}

/// The line that has this text.
fn line(screen: &Screen, text: &str) -> Option<String> {
    screen.contents().lines().find(|row| row.contains(text)).map(str::to_owned)
}

/// Somebody who writes to one person in the name of others, who are online with that. The numbers of their
/// messages go on where those of the feed before ended, so there is one for each.
fn feed(home: &Home, to: &UserName, others: &[&UserName]) -> Feed {
    let port =
        cooee::broker::status(home.path()).expect("it can be read").expect("it runs").address.port();
    let reader = keys(home, to);
    let writer = |other: &&UserName| {
        let (account, mut puppet) = keys(home, other);
        puppet.meet(reader.0.profile.clone(), reader.1.device.bundle(to.clone()));
        (account, puppet)
    };
    let writers: Vec<_> = others.iter().map(writer).collect();
    let accounts: Vec<Account> = writers.iter().map(|(account, _)| account.clone()).collect();
    let feed = Feed::connect(port, to, writers);
    accounts.iter().for_each(|account| feed.attend(port, account));
    feed
}

/// An account, and somebody who has its keys.
fn keys(home: &Home, whose: &UserName) -> (Account, Puppet) {
    let (store, runtime) = store(home, whose);
    let account = runtime.block_on(store.account()).expect("it can be read").expect("signed up");
    let names = ["identity", "device"].map(str::to_owned).to_vec();
    let kept = runtime.block_on(store.secrets(names)).expect("they can be read");
    runtime.block_on(store.close()).expect("it closes");
    let [Some(identity), Some(device)] = &kept[..] else { panic!("an account has keys") };
    let identity = Identity::from_bytes(identity.as_slice().try_into().expect("32 bytes"));
    let device = Device::read(device).expect("it was written");
    let puppet = Puppet::of(account.profile.clone(), identity, device);
    (account, puppet)
}

/// What somebody keeps, and what it takes to ask.
fn store(home: &Home, whose: &UserName) -> (Store, Runtime) {
    let account = home.path().join("accounts").join(whose.as_str());
    let file = std::fs::read(account.join("key.json")).expect("the account was made");
    let file = KeyFile::read(&file, whose).expect("it is a key file");
    let key = file.open(None).expect("it has no passphrase");
    let store = Store::open(&account.join("chat.db"), &key).expect("the account was made");
    (store, Builder::new_current_thread().build().expect("it starts"))
}

/// Puts messages into the history of one person, half of them from `friend`.
fn fill(home: &Home, whose: &UserName, friend: &UserName) {
    let (store, runtime) = store(home, whose);
    let message = |n: u64| {
        let others = user(&format!("user{}", n % 50));
        let sender = if n.is_multiple_of(2) { friend.clone() } else { others };
        let sent_at =
            Timestamp::from_millis(1_700_000_000_000 + i64::try_from(n).expect("it fits") * 1_000);
        let text = format!("message {n} about the pump, the valve and the weather at the harbour");
        Incoming::Message(Message {
            unseen: true,
            ..Message::new(
                MessageId::from_bytes(u128::from(n + 1).to_be_bytes()),
                ConversationId::Direct(sender.clone()),
                sender,
                sent_at,
                Body::Text(MessageText::new(&text).expect("short words")),
            )
        })
    };
    for first in (0..HISTORY).step_by(10_000) {
        let batch = (first..first + 10_000).map(message).collect();
        runtime.block_on(store.receive(batch)).expect("they can be stored");
    }
    runtime.block_on(store.close()).expect("it closes");
}

fn open(home: &Home, who: &UserName) -> Terminal {
    Terminal::start(home, SIZE, &["-u", who.as_str()])
}

fn start(home: &Home, who: &UserName, what: &str) {
    let (mut frames, mut links) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let began = Instant::now();
        let terminal = open(home, who);
        let full = |screen: &Screen| {
            let all = screen.contents();
            ["Contacts", "Online", "Groups", "F1 help"].iter().all(|part| all.contains(part))
        };
        frames.push(terminal.until("a full frame", full).0 - began);
        links.push(terminal.shows("connected").0 - began);
    }
    figures::times(&format!("exec to first full frame, {what}"), &frames, "10");
    figures::times(&format!("exec to connected, {what}"), &links, "30");
}

fn rest(home: &Home, who: &UserName, what: &str) {
    let terminal = open(home, who);
    terminal.shows("connected");
    // What is done once after the start is not rest.
    terminal.wait(Duration::from_secs(3), |_| false);
    let before = process::waits(terminal.pid());
    terminal.wait(REST, |_| false);
    // A thread that ended meanwhile takes its count with it.
    let after = process::waits(terminal.pid());
    let waits: f64 = after.iter().map(|(id, n)| n - before.get(id).unwrap_or(&0.0)).sum();
    figures::numbers(
        &format!("wake-ups at rest per second, {what}"),
        &[waits / REST.as_secs_f64()],
        "under 0.2",
    );
    let memory = process::memory(terminal.pid());
    figures::numbers(&format!("memory at rest, {what}, MB"), &[memory], "15");
}

fn echo(terminal: &mut Terminal, what: &str, target: &str) {
    let mut times = Vec::new();
    for _ in 0..LETTERS / LINE {
        clear(terminal);
        for before in 0..LINE {
            times.push(letter(terminal, before, |_| {}));
            terminal.wait(PAUSE, |_| false);
        }
    }
    clear(terminal);
    figures::times(&format!("key to echo, {what}"), &times, target);
}

fn messages(terminal: &Terminal, feed: &Feed, from: &UserName) {
    let time = |n| {
        let words = format!("message number {n}.");
        let said = feed.say(from, &words);
        let shown = terminal.shows(&words);
        terminal.wait(QUIET, |_| false);
        shown.0.saturating_duration_since(said)
    };
    let times: Vec<Duration> = (0..MESSAGES).map(time).collect();
    figures::times("message in to screen", &times, "1.0");
}

fn bursts(terminal: &mut Terminal, feed: &Feed, from: &UserName) {
    let (mut seconds, mut slowest, mut written) = (Vec::new(), Vec::new(), Vec::new());
    for burst in 0..BURSTS {
        let name = format!("burst {burst}:");
        let last = format!("{name} {}", BURST - 1);
        clear(terminal);
        let (_, before) = terminal.until("it is quiet", |_| true);
        let mut over = None;
        let mut look = |screen: &Screen| {
            if over.is_none() && screen.contents().contains(&last) {
                over = Some(Instant::now());
            }
            over.is_some()
        };
        let mut keys = Vec::new();
        let began = Instant::now();
        feed.burst(from, &name, BURST);
        for letters in (0..LINE).cycle() {
            if letters == 0 {
                clear(terminal);
            }
            keys.push(letter(terminal, letters, |screen| {
                look(screen);
            }));
            if terminal.wait(PAUSE, &mut look).is_some() {
                break;
            }
        }
        let (_, after) = terminal.shows(&last);
        let over = over.expect("it was waited for");
        seconds.push((over - began).as_secs_f64());
        slowest.push(keys.into_iter().max().expect("a key was typed").as_secs_f64() * 1_000.0);
        written.push((after - before) as f64 / 1e6);
    }
    clear(terminal);
    figures::numbers("burst of 10,000 to last on screen, s", &seconds, "0.6");
    figures::numbers("slowest key during it, ms", &slowest, "10");
    figures::numbers("written to the terminal for it, MB", &written, "0.3");
    let memory = process::memory(terminal.pid());
    figures::numbers("memory after 30,000 messages, MB", &[memory], "25 (after 100,000)");
}
