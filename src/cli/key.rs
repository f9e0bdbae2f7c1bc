//! `cooee key …`.

use std::fmt::Write as _;
use std::io::{BufRead, IsTerminal, Write as _};

use clap::Subcommand;

use super::Error;
use super::answer::{TICKET, agreed, answer};
use super::attached::{Attached, with_session};
use super::json::{self, Record};
use super::output::{note, print};
use super::text::{time, trust_word};
use super::wait::Options;
use crate::config::Config;
use crate::domain::{Trust, UserName};
use crate::engine::{Command as Ask, KeyView, TheirKey, Update};

/// What may have happened where a key changed.
const CHANGED: &str = "they may have signed up anew or lost their device; or somebody, or the broker, pretends to \
                       be them";

/// The commands about keys.
#[derive(Subcommand)]
pub enum Command {
    /// Show the key of somebody and what compares it with yours; without a name, your own key
    Show {
        /// Whose
        // Not `user`, which is the flag that all commands take.
        #[arg(id = "whom", value_name = "NAME")]
        user: Option<UserName>,
        /// Also draw the QR code that they scan, light on dark
        #[arg(long, requires = "whom")]
        qr: bool,
        #[command(flatten)]
        options: Options,
    },
    /// Mark somebody as verified, after you have compared the safety number with them
    ///
    /// Ask them for the number that they see for you (`cooee key show YOU`, or /verify in the messenger), in a
    /// call or face to face. If it is the same, nobody sits in between.
    Verify {
        /// Whom
        #[arg(id = "whom", value_name = "NAME")]
        user: UserName,
        /// Take it back: they are not verified any more
        #[arg(long, conflicts_with = "number")]
        undo: bool,
        /// Do not ask: this is the number that they see, 60 digits with or without spaces. It must be the same
        #[arg(id = "number", long = "yes", value_name = "NUMBER")]
        number: Option<String>,
        #[command(flatten)]
        options: Options,
    },
    /// Take the new key of somebody whose key changed for theirs
    ///
    /// Nothing is sent to them before. They may have signed up anew or lost their device; or somebody, or the
    /// broker, pretends to be them. Ask them another way first, and compare the number afterwards (`cooee key
    /// verify`).
    Accept {
        /// Whose
        #[arg(id = "whom", value_name = "NAME")]
        user: UserName,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        options: Options,
    },
}

/// Does what is asked. Without a connection it works with what is known.
///
/// # Errors
/// [`Error::Nobody`], [`Error::Refused`], [`Error::Usage`] where nobody can be asked, and what a session brings.
pub async fn run(command: Command, config: &Config) -> Result<(), Error> {
    with_session(config, async |attached| {
        let (Command::Show { options, .. }
        | Command::Verify { options, .. }
        | Command::Accept { options, .. }) = &command;
        let options = *options;
        if let Command::Show { user: None, .. } = command {
            return print(own(attached, options.json)).await;
        }
        match attached.until_up(options.patience.timeout).await {
            Err(Error::Unreachable(why)) => note(&format!("no connection to the broker: {why}")),
            other => other?,
        }
        attached.settle().await?;
        match &command {
            Command::Show { user: Some(user), qr, .. } => {
                let view = keys(attached, user).await?;
                print(shown(&view, *qr, options.json)).await
            }
            Command::Show { user: None, .. } => Ok(()),
            Command::Verify { user, undo, number, .. } => {
                verify(attached, user, !undo, number.as_deref(), options.json).await
            }
            Command::Accept { user, yes, .. } => accept(attached, user, *yes, options.json).await,
        }
    })
    .await
}

fn own(attached: &Attached, as_json: bool) -> String {
    let me = &attached.me;
    match as_json {
        true => json::line(&Record::own_key(me)),
        false => format!("{}: your key\nyours   {}\n", me.user, me.identity.fingerprint()),
    }
}

fn shown(view: &KeyView, qr: bool, as_json: bool) -> String {
    if as_json {
        return json::line(&Record::key(view));
    }
    let mut lines = format!("{}: {}\nyours   {}\n", view.user, trust_word(view.trust), view.ours);
    let mut key = |word: &str, key: &TheirKey| {
        let _ = writeln!(lines, "{word:8}{}\nsince   {}, as they say", key.fingerprint, time(key.since));
        lines += &number(key);
        if qr {
            let _ = writeln!(lines, "\n{}\n\n{}\n", key.picture.join("\n"), key.code);
        }
    };
    match (&view.claimed, &view.theirs) {
        (Some(new), before) => {
            key("new", new);
            if let Some(before) = before {
                let _ = writeln!(lines, "before  {}", before.fingerprint);
            }
            let _ = writeln!(lines, "Another key stands for {}: {CHANGED}. Nothing is sent.", view.user);
            let _ = writeln!(lines, "Ask them another way; then `cooee key accept {}`.", view.user);
        }
        (None, Some(theirs)) => key("theirs", theirs),
        (None, None) => lines += "No key of theirs is here yet.\n",
    }
    lines
}

/// The number, three rows of four groups.
fn number(key: &TheirKey) -> String {
    let groups: Vec<&str> = key.safety_number.split(' ').collect();
    let rows = groups.chunks(4).map(|row| row.join(" "));
    rows.zip(["number", "", ""]).map(|(row, word)| format!("{word:8}{row}\n")).collect()
}

async fn verify(
    attached: &mut Attached,
    user: &UserName,
    verified: bool,
    given: Option<&str>,
    as_json: bool,
) -> Result<(), Error> {
    let view = keys(attached, user).await?;
    if view.claimed.is_some() {
        let why = format!("another key stands for `{user}` now: `cooee key accept {user}` comes first");
        return Err(Error::Refused(why));
    }
    let Some(theirs) = &view.theirs else {
        return Err(Error::Refused(format!("there is no key of `{user}` to compare")));
    };
    match given {
        _ if !verified => {}
        Some(given) => {
            let digits = |text: &str| text.split_whitespace().collect::<String>();
            if digits(given) != digits(&theirs.safety_number) {
                let why = format!(
                    "this is not the number of {user}: if it is what they see, somebody sits in between. Write \
                     nothing that must stay secret, and meet to find out why"
                );
                return Err(Error::Refused(why));
            }
        }
        None => {
            let words = format!("{}Does {user} see the same number?", number(theirs));
            if !ask(words, "nobody can be asked here: compare the number and give it with --yes NUMBER")
                .await?
            {
                return Err(Error::Refused(format!("{user} is not verified")));
            }
        }
    }
    let ask = Ask::Verify { user: user.clone(), verified, ticket: TICKET };
    agreed(attached, ask, None).await?;
    told(attached, user, as_json, if verified { "verified" } else { "not verified any more" }).await
}

async fn accept(
    attached: &mut Attached,
    user: &UserName,
    yes: bool,
    as_json: bool,
) -> Result<(), Error> {
    let view = keys(attached, user).await?;
    let Some(new) = view.claimed else {
        return Err(Error::Refused(format!("the key of `{user}` has not changed")));
    };
    if !yes {
        let words = format!(
            "Another key stands for {user}: {CHANGED}.\nnew     {}\nTake it for theirs?",
            new.fingerprint
        );
        if !ask(words, "nobody can be asked here: ask them another way, and then give --yes").await? {
            return Err(Error::Refused(format!("the new key of {user} is not accepted")));
        }
    }
    agreed(attached, Ask::AcceptKey { user: user.clone(), ticket: TICKET }, None).await?;
    told(attached, user, as_json, "accepted, and not verified").await
}

async fn told(attached: &mut Attached, user: &UserName, as_json: bool, what: &str) -> Result<(), Error> {
    match as_json {
        true => {
            let view = keys(attached, user).await?;
            print(json::line(&Record::key(&view))).await
        }
        false => print(format!("{user}: {what}.\n")).await,
    }
}

/// Asks on the terminal; `otherwise` is said where there is none.
async fn ask(words: String, otherwise: &'static str) -> Result<bool, Error> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::Usage(otherwise));
    }
    let answer = move || {
        let mut error = std::io::stderr().lock();
        let _ = write!(error, "{words} Type yes: ");
        let _ = error.flush();
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    };
    match tokio::task::spawn_blocking(answer).await {
        Ok(line) => Ok(line?.trim().eq_ignore_ascii_case("yes")),
        Err(e) => std::panic::resume_unwind(e.into_panic()),
    }
}

/// What there is to compare with somebody.
async fn keys(attached: &mut Attached, user: &UserName) -> Result<KeyView, Error> {
    if *user == attached.me.user {
        return Err(Error::Refused("that is you: `cooee key show` shows your key".to_owned()));
    }
    let answer = answer(attached, Ask::Keys(user.clone()), None, |update| match update {
        Update::Keys(view) if view.user == *user => Some(*view),
        _ => None,
    });
    let view = answer.await?;
    match view.trust {
        Trust::Unknown if !attached.people.contains_key(user) => Err(Error::Nobody(user.clone())),
        _ => Ok(view),
    }
}
