//! How long a person waits while texts that are known to break screens stand in front of them.

use std::time::Duration;

use cooee::domain::UserName;

use super::feed::Feed;
use super::support::home::Home;
use super::{PAUSE, QUIET, breakers, feed, figures, hand, open};

/// Letters that are typed beside each text.
const WORD: u16 = 12;
/// What is said before, so that there is another page.
const HISTORY: usize = 100;
const PAGE_UP: &str = "\x1b[5~";
const ALT_END: &str = "\x1b[1;3F";

/// Somebody sends each of them, and words behind it; then keys are pressed while it is on the screen.
pub fn measure(home: &Home, who: &UserName, from: &UserName) {
    let mut terminal = open(home, who);
    terminal.shows("connected");
    let feed: Feed = feed(home, who, &[from]);
    terminal.shows(from.as_str());
    terminal.keys(&format!("/msg {from}\r"));
    terminal.shows(&format!("Write to {from}"));
    // A page to turn to.
    for number in 1..=HISTORY {
        feed.say(from, &format!("before them number {number}."));
    }
    terminal.shows(&format!("before them number {HISTORY}."));
    let (mut shown, mut letters, mut pages) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (_, text)) in breakers::texts().iter().enumerate() {
        let words = format!("behind text number {number}.");
        let said = feed.say(from, text);
        feed.say(from, &words);
        shown.push(terminal.shows(&words).0.saturating_duration_since(said));
        terminal.wait(QUIET, |_| false);
        for before in 0..WORD {
            letters.push(hand::letter(&mut terminal, before, |_| {}));
            terminal.wait(PAUSE, |_| false);
        }
        hand::clear(&mut terminal);
        pages.push(hand::turn(&mut terminal, PAGE_UP));
        terminal.keys(ALT_END);
        terminal.shows(&words);
        terminal.wait(Duration::from_millis(20), |_| false);
    }
    figures::times("a text that breaks screens to the words behind it", &shown, "");
    figures::times("key to echo, such texts on the screen", &letters, "0.5 / 1.5");
    figures::times("one page up, such texts on the screen", &pages, "0.6");
}
