//! Several accounts in one window.

use super::*;
use crate::support::terminal::{ALT_S, F2};

#[test]
fn two_accounts_talk_in_one_window_and_one_of_them_goes_and_comes_back() {
    let world = World::built_in();
    sign_up(&world, "bob");
    let mut window = at_terminal(&world, "alice");
    window.press(ALT_S);
    window.until_says(&["Sign in", "▸ bob", "Esc back"]);
    window.press(ENTER);
    window.until_says(&["bob ● (alice)", "connected", "● alice"]);
    window.press("/msg alice hello from bob\r");
    window.until_says(&["bob ● (alice 1)"]);
    window.until_raw("the title", 0, |raw| String::from_utf8_lossy(raw).contains("(1) bob - cooee"));
    window.press(ALT_S);
    window.until_says(&["alice ● (bob)", "● bob"]);
    window.press(F2);
    window.press(ENTER);
    window.until_says(&["hello from bob", "bob ● online"]);
    window.press(ALT_S);
    // It was read, and he sees it.
    window.until("the ticks", |screen| screen.contents().contains("✓✓ read"));
    window.press(ALT_S);
    window.until_says(&["alice ● (bob)"]);
    // At once after she has gone she comes back: what ends is waited for.
    window.press("/signout\r");
    window.until("bob alone", |screen| screen.contents().contains("bob ●  "));
    window.press("/account alice\r");
    window.until_says(&["alice ● (bob)", "connected"]);
    window.quit();
    // Nobody is left behind.
    sign_up(&world, "carol");
    assert!(!run(&world, "cooee -u carol who").contains("alice"));
}

#[test]
fn a_profile_opens_beside_and_what_is_wrong_with_it_is_told() {
    let (home, work) = (World::built_in(), World::built_in());
    sign_up(&work, "carol");
    let config = home.data_dir().join("config.toml");
    let directory = work.data_dir().display();
    std::fs::write(&config, format!("[profile.work]\nuser = 'carol'\ndata_dir = '{directory}'\n"))
        .unwrap();
    sign_up(&home, "alice");
    let arguments = ["-c", config.to_str().unwrap()];
    let mut window = Launch::new(home.data_dir()).user("alice").arguments(&arguments).start();
    window.until_says(&["alice ●", "connected"]);
    window.press("/profile play\r");
    window.until_says(&["there is no profile `play`"]);
    window.press("/profile work\r");
    window.until_says(&["carol ● (alice)", "connected"]);
    window.press(ALT_S);
    window.until("the profile", |screen| screen.contents().contains("alice ● (carol, work)"));
    window.quit();
}
