//! Places where a test ends a process of ours, as `kill -9` would end it.
//!
//! They are compiled in with the tests alone, which ask for the feature `fail/failpoints`; in every other
//! build nothing of them is left. A test names them in `FAILPOINTS`, such as `send: stored=2*off->return`
//! to die there at the third time.

/// Does what `FAILPOINTS` says, for as long as this is held.
#[must_use]
pub fn configured() -> Option<fail::FailScenario<'static>> {
    fail::has_failpoints().then(fail::FailScenario::setup)
}

/// Ends the process here if a test asked for it. It says where, so that the test knows that it was here.
pub fn kill_point(name: &str) {
    fail::fail_point!(name, |_| {
        // In one piece: a thread that draws goes on meanwhile.
        let _ =
            std::io::Write::write_all(&mut std::io::stderr(), format!("killed at: {name}\n").as_bytes());
        std::process::abort()
    });
    let _ = name;
}
