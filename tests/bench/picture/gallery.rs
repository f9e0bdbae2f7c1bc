//! The gallery: one chat with the scripts and signs of many people, at each size and in each theme.

use std::path::{Path, PathBuf};

use super::support::terminal::Terminal;
use super::svg::{DARK, LIGHT, Palette};
use super::{ENTER, ESC, open, say, take};

const SIZES: [(u16, u16); 3] = [(80, 24), (40, 12), (200, 50)];
const THEMES: [(&str, &Palette); 4] =
    [("dark", &DARK), ("light", &LIGHT), ("16", &DARK), ("contrast", &DARK)];
/// The last words of the chat, by which it is known to be drawn.
const LAST: &str = "see you there";

const UP: &str = "\x1b[A";

/// Has four people talk, and writes what the first of them sees into this directory.
pub fn draw(people: &mut [Terminal; 4], directory: &Path) {
    std::fs::create_dir_all(directory).expect("the directory can be made");
    talk(people);
    let [alice, ..] = people;
    for (theme, palette) in THEMES {
        alice.keys(&format!("/theme {theme}{ENTER}"));
        alice.shows(&format!("the theme is {theme}"));
        alice.keys(ESC);
        alice.until("that is put away", |screen| !screen.contents().contains("the theme is"));
        for size in SIZES {
            alice.resize(size);
            alice.until("all of it is drawn at this size", |screen| {
                let all = screen.contents();
                let rows: Vec<&str> = all.lines().collect();
                all.contains(LAST)
                    && rows.len() == usize::from(size.1)
                    && rows.last().is_some_and(|row| row.contains("F1 help"))
            });
            take(alice, &picture(directory, size, theme), palette);
        }
    }
}

fn picture(directory: &Path, (columns, rows): (u16, u16), theme: &str) -> PathBuf {
    directory.join(format!("{columns}x{rows}-{theme}.svg"))
}

fn talk([alice, bob, carol, dave]: &mut [Terminal; 4]) {
    open(alice, "/create world open", "#world");
    for person in [&mut *bob, &mut *carol, &mut *dave] {
        person.shows("? world");
        open(person, "/join world", "#world");
    }
    say(carol, &["早上好！ポンプは直りました 펌프 🎉"]);
    say(bob, &["שלום לכולם, המשאבה עובדת"]);
    say(dave, &["مرحبا، المضخة تعمل من جديد"]);
    say(carol, &["Zu\u{308}rich, A\u{30a}s, Việt Nam, ปั๊มน้ำ, पंप ठीक है"]);
    say(bob, &["👍 🎉 🌙 🍜 ⭐ 三号阀门"]);
    dave.keys(&format!("*bold*, _italic_, ~struck~ and `code`, @alice{ENTER}"));
    alice.shows("and code, @alice");
    alice.keys(UP);
    alice.shows("r reply");
    alice.keys("r");
    say(alice, &[LAST]);
}
