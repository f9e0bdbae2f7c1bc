//! The keyring of the desktop on the first screen.

use super::*;
use crate::support::desktop::Desktop;
use crate::support::terminal::RIGHT;

fn at(desktop: &Desktop, world: &World) -> Launch {
    let variables = desktop.environment();
    variables.iter().fold(Launch::new(world.data_dir()), |launch, (name, value)| {
        launch.env(name, value.to_str().unwrap())
    })
}

#[test]
fn one_signs_up_with_the_keyring_and_is_never_asked_again() {
    let Some(mut desktop) = Desktop::start() else { return };
    let world = World::built_in();
    let mut alice = at(&desktop, &world).size(40, 16).start();
    alice.until_says(&["Sign up", "User name:"]);
    alice.press("alice\r");
    alice.until_says(&["what others see"]);
    alice.press("\r\r");
    alice.until_says(&["Left and Right choose"]);
    alice.press(RIGHT);
    alice.until_says(&["< the keyring >", "The keyring of this desktop holds"]);
    alice.press(ENTER);
    // There is none yet. Once it runs, the same form goes through.
    alice.until_says(&["no keyring runs in this", "protect the account"]);
    desktop.unlock();
    alice.press(ENTER);
    alice.until_says(&["alice ●", "connected"]);
    alice.quit();

    sign_in(at(&desktop, &world), "alice").quit();

    desktop.lock();
    let mut alice = at(&desktop, &world).start();
    alice.until_says(&["Sign in", "▸ alice"]);
    alice.press(ENTER);
    alice.until_says(&[
        "cannot get the key of `alice`",
        "nobody opened it. Unlock",
        "Sign up as somebody new",
    ]);
    desktop.unlock();
    alice.press(ENTER);
    alice.until_says(&["alice ●", "connected"]);
}
