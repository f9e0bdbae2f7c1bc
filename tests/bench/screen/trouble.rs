//! What a person waits for while something else goes wrong: the broker hangs, or 10,000 messages come in at
//! once, or the disk is slow. None of that may be felt by somebody who types or goes from chat to chat.

use std::time::{Duration, Instant};

use cooee::domain::UserName;
use rustix::process::{Pid, Signal, kill_process};
use vt100::Screen;

use super::feed::Feed;
use super::support::home::Home;
use super::support::terminal::Terminal;
use super::{BURST, BURSTS, PAUSE, SIZE, feed, figures, hand};

/// Longer than it takes to notice that a broker does not answer any more, and to try it again.
const HANG: Duration = Duration::from_secs(45);
/// What the slow disk takes for everything that is asked of it, and how long it is used so.
const SLOW: &str = "store::slow=sleep(200)";
const SLUGGISH: Duration = Duration::from_secs(45);
const PATIENCE: Duration = Duration::from_secs(60);
/// Letters between two chats.
const WORD: u16 = 6;
const CTRL_N: &str = "\x0e";
const CTRL_P: &str = "\x10";
const ALT_END: &str = "\x1b[1;3F";
const TARGET: &str = "p99 under 16";

/// Measures one after the other. All of these people have signed up.
pub fn measure(home: &Home, who: &UserName, others: [&UserName; 3]) {
    let others = others.as_slice();
    let feed = feed(home, who, others);
    // Messages wait for somebody who has been here.
    let first = Terminal::start(home, SIZE, &["-u", who.as_str()]);
    for other in others {
        first.shows(other.as_str());
    }
    drop(first);
    backlog(home, &feed, who, others);
    slow_disk(home, &feed, who, others);
    hang(home, &feed, who, others);
}

/// What was measured in one of the three.
#[derive(Default)]
struct Times {
    letters: Vec<Duration>,
    switches: Vec<Duration>,
    sent: Vec<Duration>,
    asked: Vec<Duration>,
}

impl Times {
    fn print(&self, when: &str) {
        let all = [
            ("key to echo", &self.letters),
            ("another chat", &self.switches),
            ("message sent", &self.sent),
            ("all about a message", &self.asked),
        ];
        for (what, times) in all.into_iter().filter(|(_, times)| !times.is_empty()) {
            figures::times(&format!("{what}, {when}"), times, TARGET);
        }
    }

    /// Types a word, forgets it, and goes to another chat.
    fn round(&mut self, terminal: &mut Terminal, mut look: impl FnMut(&Screen) -> bool) {
        for before in 0..WORD {
            let mut seen = |screen: &Screen| {
                look(screen);
            };
            self.letters.push(hand::letter(terminal, before, &mut seen));
            terminal.wait(PAUSE, &mut look);
        }
        hand::clear(terminal);
        let key = if self.switches.len() % 8 < 5 { CTRL_N } else { CTRL_P };
        let seen = |screen: &Screen| {
            look(screen);
        };
        self.switches.push(hand::switch(terminal, key, seen));
        terminal.wait(PAUSE, &mut look);
    }

    /// Does all that a person does, for so long. Says how many messages were sent.
    fn live(&mut self, terminal: &mut Terminal, lasting: Duration, name: &str) -> usize {
        let until = Instant::now() + lasting;
        for round in 0.. {
            if Instant::now() >= until {
                break;
            }
            self.round(terminal, |_| false);
            match round % 4 {
                0 => self.sent.push(hand::send(terminal, &format!("{name} {round}"))),
                2 => self.asked.push(hand::ask(terminal)),
                _ => {}
            }
            terminal.wait(PAUSE, |_| false);
        }
        self.sent.len()
    }
}

/// Signs in, with a message in each chat, and opens each once: what is in memory then needs no disk.
fn sign_in(
    home: &Home,
    feed: &Feed,
    who: &UserName,
    others: &[&UserName],
    variables: &[(&str, &str)],
) -> Terminal {
    let greeting = |from: &UserName| format!("{from} was here");
    others.iter().for_each(|from| feed.leave(from, &greeting(from), 1));
    let mut terminal = Terminal::start_with(home, SIZE, &["-u", who.as_str()], variables);
    terminal.shows("connected");
    for other in others {
        terminal.keys(&format!("/msg {other}\r"));
        terminal.shows(&format!("Write to {other}"));
        terminal.shows(&greeting(other));
    }
    terminal
}

fn hang(home: &Home, feed: &Feed, who: &UserName, others: &[&UserName]) {
    let mut terminal = sign_in(home, feed, who, others, &[]);
    let broker = cooee::broker::status(home.path()).expect("it can be read").expect("it runs");
    let broker = i32::try_from(broker.pid).ok().and_then(Pid::from_raw).expect("a process");
    kill_process(broker, Signal::STOP).expect("it is ours");
    let mut times = Times::default();
    times.live(&mut terminal, HANG, "said to a broker that hangs");
    kill_process(broker, Signal::CONT).expect("it is ours");
    times.print("while the broker hangs");
    terminal.shows("connected");
}

fn backlog(home: &Home, feed: &Feed, who: &UserName, others: &[&UserName]) {
    let (mut times, mut seconds) = (Times::default(), Vec::new());
    for number in 0..BURSTS {
        let name = format!("backlog {number}:");
        feed.leave(others[0], &name, BURST);
        let began = Instant::now();
        let mut terminal = Terminal::start(home, SIZE, &["-u", who.as_str()]);
        terminal.shows("Contacts");
        terminal.keys(&format!("/msg {}\r", others[0]));
        terminal.shows("Write to");
        let last = format!("{name} {}", BURST - 1);
        let mut over = false;
        let mut look = |screen: &Screen| {
            over |= screen.contents().contains(&last);
            over
        };
        while !look_at(&terminal, &mut look) {
            times.round(&mut terminal, &mut look);
            // A chat opens where one has read to; we follow what comes.
            terminal.keys(ALT_END);
            assert!(began.elapsed() < PATIENCE, "the backlog does not come to its end");
        }
        seconds.push(began.elapsed().as_secs_f64());
    }
    figures::numbers("exec to last of a backlog of 10,000 seen, s", &seconds, "");
    times.print("while a backlog arrives");
}

fn look_at(terminal: &Terminal, look: impl FnMut(&Screen) -> bool) -> bool {
    terminal.wait(Duration::ZERO, look).is_some()
}

fn slow_disk(home: &Home, feed: &Feed, who: &UserName, others: &[&UserName]) {
    let mut terminal = sign_in(home, feed, who, others, &[("FAILPOINTS", SLOW)]);
    let mut times = Times::default();
    let sent = times.live(&mut terminal, SLUGGISH, "written to a disk that is slow");
    times.print("while the disk takes 200 ms");
    println!("{sent} messages were sent");
}
