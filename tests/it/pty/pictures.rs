//! Pictures that the terminal shows by itself: in a terminal that says that it can, and in one that says nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cooee::domain::{Colour, Picture};
use rustix::process::Signal;

use super::*;
use crate::support::terminal::CTRL_Q;

/// What terminals answer that have cells of 10 by 20 pixels.
const KITTY: &str =
    "\x1b_Gi=31;OK\x1b\\\x1bP>|kitty(0.35.2)\x1b\\\x1b[6;20;10t\x1b[4;480;800t\x1b[?62;c";
const SIXEL: &str = "\x1bP>|XTerm(390)\x1b\\\x1b[6;20;10t\x1b[4;480;800t\x1b[?1;0;256S\x1b[?63;1;4;22c";

const ESC: &str = "\x1b";
const F6: &str = "\x1b[17~";

/// The last question that is asked.
const QUESTION: &str = "\x1b[c";
/// The one for the size of a cell.
const CELL_QUESTION: &str = "\x1b[16t";
/// How a picture begins in the protocol of kitty, and how it is deleted; how sixels begin.
const SHOWN: &str = "\x1b_Ga=T,f=100,";
const DELETED: &str = "\x1b_Ga=d,d=I,";
const SIXELS: &str = "\x1bP0;1q\"1;1;";

/// Red above, blue below.
fn halves() -> Picture {
    let pixel = |n: usize| if n < 40 * 15 { [255, 0, 0] } else { [0, 0, 255] };
    Picture::new(40, (0..40 * 30).map(pixel).collect())
}

fn write_png(world: &World) {
    let file = std::fs::File::create(world.data_dir().join("halves.png")).unwrap();
    let mut encoder = png::Encoder::new(file, 40, 30);
    encoder.set_color(png::ColorType::Rgb);
    encoder.add_text_chunk("Comment".to_owned(), "by the sender".to_owned()).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(halves().pixels().as_flattened()).unwrap();
    writer.finish().unwrap();
}

fn read_png(bytes: &[u8]) -> Picture {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let pixels: Vec<Colour> = pixels.as_chunks::<3>().0.to_vec();
    Picture::new(info.width.try_into().unwrap(), pixels)
}

/// What was written from this place on.
fn written(terminal: &Terminal, from: usize) -> String {
    String::from_utf8_lossy(&terminal.raw()[from..]).into_owned()
}

fn until_written(terminal: &Terminal, from: usize, words: &str) {
    terminal.until_raw(words, from, |raw| String::from_utf8_lossy(raw).contains(words));
}

/// Waits until these words were written so often.
fn until_count(terminal: &Terminal, words: &str, count: usize) {
    let what = format!("{words:?} {count} times");
    terminal.until_raw(&what, 0, |raw| String::from_utf8_lossy(raw).matches(words).count() >= count);
}

fn count(terminal: &Terminal, words: &str) -> usize {
    written(terminal, 0).matches(words).count()
}

/// Alice, whose terminal answers like this, with a picture that she sent to bob; the chosen message is that.
fn with_picture(world: &World, launch: Launch, answers: &str) -> Terminal {
    sign_up(world, "alice");
    sign_up(world, "bob");
    write_png(world);
    let mut alice = launch.user("alice").start();
    alice.until_says(&["alice ●", "connected", "○ bob"]);
    if !answers.is_empty() {
        until_written(&alice, 0, QUESTION);
        alice.press(answers);
    }
    alice.press(&format!("/msg bob{ENTER}"));
    alice.until_says(&[" bob ○ "]);
    alice.press(&format!("/send halves.png{ENTER}"));
    alice.until_says(&["[picture, "]);
    alice.press(F6);
    alice.until_says(&["see the picture"]);
    alice
}

fn launch(world: &World) -> Launch {
    Launch::new(world.data_dir())
}

#[test]
fn kitty_is_sent_a_picture_once_and_it_is_deleted_whenever_it_goes() {
    let world = World::built_in();
    let mut alice = with_picture(&world, launch(&world), KITTY);
    alice.until_says(&["▀▀▀▀"]);
    let before = alice.contents();
    alice.press("v");
    until_written(&alice, 0, SHOWN);
    alice.until_says(&["┌ halves.png "]);
    // Frames go on, and nothing is sent again.
    let bob = sign_in(launch(&world), "bob");
    alice.until_says(&["● bob"]);
    assert_eq!((count(&alice, SHOWN), count(&alice, DELETED)), (1, 0));
    let raw = written(&alice, 0);
    let piece = raw.split(SHOWN).nth(1).unwrap().split("\x1b\\").next().unwrap();
    let (keys, payload) = piece.split_once(';').unwrap();
    assert!(keys.ends_with("m=0"), "{keys}");
    let png = STANDARD.decode(payload).unwrap();
    assert_eq!(read_png(&png), halves());
    assert!(!png.windows(6).any(|words| words == b"sender"), "it was written anew");
    // Under the cursor: the box is in the middle, its frame is whole around 4 by 2 cells.
    let place = raw.split(SHOWN).next().unwrap().rsplit('\x1b').next().unwrap();
    assert_eq!(place, "[12;39H");
    assert_eq!(alice.row_of("┌ halves.png "), Some(10));
    assert_eq!(alice.row_of("└────────────┘"), Some(13));
    bob.quit();
    alice.until_says(&[" bob ○ "]);

    alice.press(ESC);
    until_written(&alice, 0, DELETED);
    alice.until("as before", |screen| screen.contents().lines().nth(10) == before.lines().nth(10));
    // The help lies over it, and goes.
    alice.press("v");
    until_count(&alice, SHOWN, 2);
    alice.press("\x1bOP");
    until_count(&alice, DELETED, 2);
    alice.press(ESC);
    until_count(&alice, SHOWN, 3);
    // In another window it is made anew, and the size of a cell is asked for again.
    assert_eq!(count(&alice, CELL_QUESTION), 1);
    alice.resize(70, 20);
    until_count(&alice, CELL_QUESTION, 2);
    until_count(&alice, SHOWN, 4);
    assert_eq!((count(&alice, SHOWN), count(&alice, DELETED)), (4, 3));
    alice.press(CTRL_Q);
    assert!(alice.until_ended().success());
    assert_eq!(count(&alice, DELETED), 4, "nothing is left behind");
    alice.check_restored();
}

#[test]
fn pictures_stand_in_the_conversation_of_whoever_has_them() {
    let world = World::built_in();
    let (indexed, full) = (launch(&world), launch(&world).env("COLORTERM", "truecolor"));
    let alice = with_picture(&world, indexed, "");
    // 21 by 8 cells of it, at the right.
    let cells = "▀".repeat(21);
    alice.until_says(&[&format!("{cells} "), "has not fetched it"]);
    let row = alice.row_of(&cells).unwrap();
    assert_eq!(alice.contents().lines().filter(|line| line.contains(&cells)).count(), 8);
    assert!(!alice.contents().lines().nth(row).unwrap().contains(&"▀".repeat(22)));
    let colours = |terminal: &Terminal, row: usize| {
        let line = terminal.contents().lines().nth(row).unwrap().to_owned();
        let column = line.chars().position(|c| c == '▀').unwrap();
        let cell = |screen: &vt100::Screen| {
            let cell = screen.cell(row.try_into().unwrap(), column.try_into().unwrap()).unwrap();
            (cell.fgcolor(), cell.bgcolor())
        };
        terminal.look(cell)
    };
    let [red, blue] = [196, 21].map(vt100::Color::Idx);
    assert_eq!((colours(&alice, row), colours(&alice, row + 7)), ((red, red), (blue, blue)));
    // Nothing of it is fetched for bob unasked.
    let mut bob = full.user("bob").start();
    bob.until_says(&["bob ●", "connected", "● alice"]);
    bob.press(&format!("/msg alice{ENTER}"));
    bob.until_says(&["not fetched"]);
    bob.press(&format!("/save{ENTER}"));
    bob.until_says(&["saved as", &cells]);
    let row = bob.row_of(&cells).unwrap();
    assert!(bob.row_of("saved as").unwrap() < row);
    let [red, blue] = [(255, 0, 0), (0, 0, 255)].map(|(r, g, b)| vt100::Color::Rgb(r, g, b));
    assert_eq!((colours(&bob, row), colours(&bob, row + 7)), ((red, red), (blue, blue)));
    // Ours has come further, and its line says so; the picture stays.
    alice.until_says(&["bob has it", &cells]);
    // In a low window it is lower: 11 by 4 cells.
    bob.resize(40, 12);
    let low = |screen: &vt100::Screen| {
        let contents = screen.contents();
        let has = |n: usize| contents.lines().filter(|line| line.contains(&"▀".repeat(n))).count();
        (has(11), has(12)) == (4, 0)
    };
    bob.until("it is lower", low);
    bob.press(&format!("/theme none{ENTER}"));
    bob.until("no colours, no picture", |screen| !screen.contents().contains('▀'));
    alice.quit();
    bob.quit();
}

#[test]
fn a_terminal_with_sixels_gets_the_picture_in_those() {
    let world = World::built_in();
    let mut alice = with_picture(&world, launch(&world), SIXEL);
    alice.press("v");
    until_written(&alice, 0, SIXELS);
    let bob = sign_in(launch(&world), "bob");
    alice.until_says(&["● bob", "┌ halves.png "]);
    assert_eq!((count(&alice, SIXELS), count(&alice, SHOWN)), (1, 0));
    let raw = written(&alice, 0);
    let sixels = raw.split(SIXELS).nth(1).unwrap().split("\x1b\\").next().unwrap();
    // Two colours; fifteen rows of each, six at a time.
    let rows = "#0!40~$-#0!40~$-#0!40F$#1!40w$-#1!40~$-#1!40~$-";
    assert_eq!(sixels, format!("40;30#0;2;100;0;0#1;2;0;0;100{rows}"));
    // Its cells are painted over when it goes: the rows in which it was hold what they held.
    let from = alice.raw().len();
    alice.press(ESC);
    alice.until("gone", |screen| !screen.contents().contains("┌ halves.png "));
    let after = written(&alice, from);
    assert!(after.contains("\x1b[12;") && after.contains("\x1b[13;"), "{after:?}");
    alice.press("v");
    until_count(&alice, SIXELS, 2);
    let from = alice.raw().len();
    alice.signal(Signal::TERM);
    alice.until_ended();
    let after = written(&alice, from);
    let [wiped, left] = ["\x1b[2J", "\x1b[?1049l"].map(|words| after.rfind(words));
    assert!(wiped.is_some() && wiped < left, "{after:?}");
    alice.check_restored();
    bob.quit();
}

#[test]
fn nothing_is_sent_where_the_terminal_does_not_say_that_it_can_show_it() {
    // It says nothing; it says that it cannot; it is not asked.
    let asked: fn(Launch) -> Launch = |launch| launch;
    let tmux: fn(Launch) -> Launch = |launch| launch.env("TMUX", "/tmp/tmux-0/default,1,0");
    let few: fn(Launch) -> Launch = |launch| launch.env("TERM", "xterm");
    for (how, answers, is_asked, half_blocks) in [
        (asked, "", true, true),
        (asked, "\x1bP>|VTE(7600)\x1b\\\x1b[6;20;10t\x1b[?61;22c", true, true),
        (tmux, "", false, true),
        (few, "", false, false),
    ] {
        let world = World::built_in();
        let mut alice = with_picture(&world, how(launch(&world)), answers);
        alice.press("v");
        alice.until_says(&["┌ halves.png ", if half_blocks { "│▀▀▀▀" } else { "::::" }]);
        assert_eq!((count(&alice, SHOWN), count(&alice, SIXELS)), (0, 0));
        assert_eq!(count(&alice, QUESTION), usize::from(is_asked));
        alice.quit();
    }
}

#[test]
fn what_the_configuration_says_counts_whatever_the_terminal_does() {
    let world = World::built_in();
    let directory = world.data_dir().join(".config/cooee");
    std::fs::create_dir_all(&directory).unwrap();
    let choose = |how: &str| {
        std::fs::write(directory.join("config.toml"), format!("pictures = '{how}'\n")).unwrap();
    };
    choose("kitty");
    let mut alice = with_picture(&world, launch(&world).env("TMUX", "/tmp/tmux-0/default,1,0"), "");
    alice.press("v");
    until_written(&alice, 0, SHOWN);
    alice.press(ESC);
    until_written(&alice, 0, DELETED);
    for (how, begins) in
        [("iterm", "\x1b]1337;File=inline=1;size="), ("sixel", SIXELS), ("blocks", "│▀▀▀▀")]
    {
        choose(how);
        let from = alice.raw().len();
        alice.press(ENTER);
        alice.until_says(&["Enter send"]);
        alice.press(&format!("/reload{ENTER}"));
        alice.until_raw("read again", from, |raw| {
            String::from_utf8_lossy(raw).contains("were read again")
        });
        alice.press(F6);
        alice.until_says(&["see the picture"]);
        alice.press("v");
        match begins.starts_with('\x1b') {
            true => until_written(&alice, from, begins),
            // The row of the conversation has no frame before it.
            false => alice.until_says(&["┌ halves.png ", begins]),
        }
        alice.press(ESC);
        alice.until("closed", |screen| !screen.contents().contains("┌ halves.png "));
    }
    assert_eq!(count(&alice, SHOWN), 1);
    alice.quit();
}
