//! What the screen looks like: themes by name, by the background of the terminal, and none.

use super::*;

/// What begins a colour of 24 bits, of 256 or 16, for text or ground.
const COLOURS: [&str; 4] = ["38;2;", "48;2;", "38;5;", "48;5;"];

/// The keys in the last line, in the theme for a dark and for a light background.
const DARK: &str = "38;2;180;198;240";
const LIGHT: &str = "38;2;31;63;128";

fn written(terminal: &Terminal) -> String {
    String::from_utf8_lossy(&terminal.raw()).into_owned()
}

fn until_written(terminal: &Terminal, words: &str) {
    terminal.until_raw(words, 0, |raw| String::from_utf8_lossy(raw).contains(words));
}

/// Alice at a terminal that has all colours.
fn launch(world: &World, arguments: &[&str]) -> Launch {
    Launch::new(world.data_dir()).env("COLORTERM", "truecolor").arguments(arguments)
}

#[test]
fn the_background_of_the_terminal_decides_where_it_is_told() {
    let world = World::built_in();
    sign_up(&world, "alice");
    let mut alice = sign_in(launch(&world, &["--theme", "auto"]), "alice");
    let begun = written(&alice);
    assert!(begun.contains("\x1b]11;?\x1b\\") && begun.contains("\x1b[?2031h"), "it asks");
    assert!(!begun.contains("38;2;"), "until it knows, what suits both counts");
    alice.press("\x1b]11;rgb:fdfd/f6f6/e3e3\x1b\\");
    until_written(&alice, LIGHT);
    // The person turns to a dark one.
    alice.press("\x1b[?997;1n");
    until_written(&alice, DARK);
    alice.press("still typed");
    alice.until_says(&["still typed"]);
    alice.press("\x15");
    alice.press(crate::support::terminal::CTRL_Q);
    assert!(alice.until_ended().success());
    assert!(written(&alice).contains("\x1b[?2031l"), "it is told no more");
    alice.check_restored();
}

#[test]
fn a_theme_is_chosen_while_it_runs_also_one_of_ones_own() {
    let world = World::built_in();
    sign_up(&world, "alice");
    let themes = world.data_dir().join(".config/cooee/themes");
    std::fs::create_dir_all(&themes).unwrap();
    std::fs::write(themes.join("sea.toml"), "base = 'dark'\nkey = '#010203'\n").unwrap();
    std::fs::write(themes.join("wreck.toml"), "base = 'dark'\nkey = '#01020'\n").unwrap();
    let mut alice = sign_in(launch(&world, &[]), "alice");
    let begun = written(&alice);
    assert!(!begun.contains("]11;") && !begun.contains("2031") && !begun.contains("8;2;"), "{begun:?}");
    assert!(!begun.contains("48;5;"), "no background is painted");
    alice.press("/theme dark\r");
    until_written(&alice, DARK);
    alice.until_says(&["the theme is dark until Cooee ends"]);
    alice.press("/theme sea\r");
    until_written(&alice, "38;2;1;2;3");
    alice.press("/theme wreck\r");
    alice.until_says(&["wreck.toml, line 2: `key`:", "`#01020` is neither"]);
    alice.press("/theme drak\r");
    alice.until_says(&["there is no theme `drak`: use auto, 16, dark, light,"]);
    alice.quit();

    // Fewer colours, and a theme by name from the start.
    let few = Launch::new(world.data_dir()).arguments(&["--theme", "sea"]);
    let alice = sign_in(few, "alice");
    let text = written(&alice);
    assert!(text.contains("38;5;") && !text.contains("38;2;"), "{text:?}");
    alice.quit();
}

#[test]
fn without_colours_none_is_written() {
    let world = World::built_in();
    sign_up(&world, "alice");
    for (variable, arguments) in [("NO_COLOR", &[][..]), ("COOEE_X", &["--no-color"])] {
        let launch = launch(&world, arguments).env(variable, "1");
        let mut alice = sign_in(launch, "alice");
        alice.press("/theme\r");
        alice.until_says(&["/theme auto, 16, dark, light, contrast, none, or one of your own"]);
        let text = written(&alice);
        assert!(COLOURS.iter().all(|colour| !text.contains(colour)), "{text:?}");
        alice.quit();
    }
}

#[test]
fn what_is_configured_is_read_again_whole_or_not_at_all() {
    let world = World::built_in();
    sign_up(&world, "alice");
    let directory = world.data_dir().join(".config/cooee");
    std::fs::create_dir_all(&directory).unwrap();
    let write = |file: &str, text: &str| std::fs::write(directory.join(file), text).unwrap();
    let mut alice = sign_in(launch(&world, &[]), "alice");
    write("config.toml", "theme = 'dark'\nmouse = false\n[chat]\ntyping = false\n");
    write("keymap.toml", "[global]\nhelpp = ['f9']\n");
    alice.press("/reload\r");
    alice.until_says(&["keymap.toml, line 2:", "`help`?"]);
    alice.press("\x1b");
    alice.until_says(&["nothing was changed"]);
    assert!(!written(&alice).contains(DARK), "not the theme either");
    write("keymap.toml", "[global]\nhelp = ['f9']\n");
    alice.press("/reload\r");
    until_written(&alice, DARK);
    alice.until_raw("the mouse", 0, |raw| String::from_utf8_lossy(raw).contains("\x1b[?1000l"));
    alice.until_says(&["were read again", "chat.typing", "F9 help"]);
    alice.quit();
}
