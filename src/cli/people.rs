//! `cooee who` and `cooee contacts`.

use super::Error;
use super::answer::{TICKET, agreed};
use super::attached::with_session;
use super::json::{self, Record};
use super::output::{note, print};
use super::table::aligned;
use super::text::time;
use super::wait::Patience;
use crate::config::Config;
use crate::domain::{Availability, DisplayName, MobileNumber, Origin, Person, Profile, UserName};
use crate::engine::Command;

/// List who is online, ourselves included.
#[derive(clap::Args)]
pub struct Who {
    /// Print JSON, one object a line (see `cooee listen --help`)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    patience: Patience,
}

/// List everybody on this broker and in Registration.csv, or those that match.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Contacts {
    #[command(subcommand)]
    change: Option<Change>,
    /// A part of a user name, display name or mobile number
    find: Option<String>,
    /// Print JSON, one object a line (see `cooee listen --help`)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    patience: Patience,
}

/// What can be changed about somebody.
#[derive(clap::Subcommand)]
enum Change {
    /// See and hear nothing more of somebody
    ///
    /// Nothing that they write from now on is kept, shown, counted or confirmed, neither to you alone nor in
    /// groups, where their messages are left out without a trace; who joins and leaves a group is still kept.
    /// Their invitations are dropped. They are not told, and see that nothing arrives. You cannot write to them
    /// either. What was said before stays.
    Block {
        /// Their user name
        #[arg(value_name = "NAME")]
        whom: UserName,
    },
    /// Hear somebody again. What they wrote meanwhile does not come back
    Unblock {
        /// Their user name
        #[arg(value_name = "NAME")]
        whom: UserName,
    },
}

/// Lists who is online.
///
/// # Errors
/// [`Error::Unreachable`] without a connection.
pub async fn who(command: &Who, config: &Config) -> Result<(), Error> {
    with_session(config, async |attached| {
        attached.until_up(command.patience.timeout).await?;
        attached.settle().await?;
        let here = attached.people.values().filter(|person| person.availability.is_online());
        let mut rows: Vec<Row> = here.map(Row::of).collect();
        rows.push(Row::me(&attached.me));
        rows.sort_by_key(|row| row.user);
        print(lines(rows, command.json)).await
    })
    .await
}

/// Lists everybody who matches, ourselves left out.
///
/// # Errors
/// What a session brings.
pub async fn contacts(command: &Contacts, config: &Config) -> Result<(), Error> {
    match &command.change {
        Some(Change::Block { whom }) => return block(whom, true, config).await,
        Some(Change::Unblock { whom }) => return block(whom, false, config).await,
        None => {}
    }
    with_session(config, async |attached| {
        match attached.until_up(command.patience.timeout).await {
            Err(Error::Unreachable(why)) => note(&format!("no connection to the broker: {why}")),
            other => other?,
        }
        attached.settle().await?;
        let found = |person: &&Person| command.find.as_deref().is_none_or(|find| finds(person, find));
        let rows = attached.people.values().filter(found).map(Row::of).collect();
        print(lines(rows, command.json)).await
    })
    .await
}

/// Needs no broker: what is known of people is here.
async fn block(user: &UserName, blocked: bool, config: &Config) -> Result<(), Error> {
    with_session(config, async |attached| {
        let ask = Command::Block { user: user.clone(), blocked, ticket: TICKET };
        agreed(attached, ask, None).await?;
        print(match blocked {
            true => format!("Blocked {user}.\n"),
            false => format!("Unblocked {user}. What they wrote meanwhile does not come back.\n"),
        })
        .await
    })
    .await
}

/// One person, for scripts and for people.
struct Row<'a> {
    user: &'a UserName,
    record: Record<'a>,
    cells: [String; 4],
}

impl<'a> Row<'a> {
    fn of(person: &'a Person) -> Self {
        let status = match person.availability {
            _ if person.blocked => "blocked".to_owned(),
            Availability::Online { since } => format!("online since {}", time(since)),
            Availability::Offline { last_seen: Some(at) } => format!("last seen {}", time(at)),
            Availability::Offline { last_seen: None } if person.origin == Origin::ByHand => {
                "not signed up".to_owned()
            }
            Availability::Offline { last_seen: None } => "offline".to_owned(),
        };
        let cells = Self::cells(&person.user, status, person.mobile.as_ref(), &person.display_name);
        Self { user: &person.user, record: Record::person(person), cells }
    }

    fn me(me: &'a Profile) -> Self {
        let cells = Self::cells(&me.user, "online (you)".into(), me.mobile.as_ref(), &me.display_name);
        Self { user: &me.user, record: Record::me(me, true), cells }
    }

    fn cells(
        user: &UserName,
        status: String,
        mobile: Option<&MobileNumber>,
        display_name: &DisplayName,
    ) -> [String; 4] {
        let mobile = mobile.map(ToString::to_string).unwrap_or_default();
        [user.to_string(), status, mobile, display_name.to_string()]
    }
}

fn lines(rows: Vec<Row>, as_json: bool) -> String {
    match as_json {
        true => rows.iter().map(|row| json::line(&row.record)).collect(),
        false => aligned(&rows.into_iter().map(|row| row.cells).collect::<Vec<_>>()),
    }
}

/// Whether a name or the number of this person holds `find`, whatever the case, and for numbers whatever
/// stands between the digits.
fn finds(person: &Person, find: &str) -> bool {
    let find = find.to_lowercase();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let wanted = digits(&find);
    let is_number =
        !wanted.is_empty() && find.chars().all(|c| c.is_ascii_digit() || "+ -.()".contains(c));
    let mobile = person.mobile.as_ref().map_or("", |mobile| mobile.as_str());
    person.user.as_str().contains(&find)
        || person.display_name.as_str().to_lowercase().contains(&find)
        || mobile.to_lowercase().contains(&find)
        || is_number && digits(mobile).contains(&wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    fn person(user: &str, display_name: &str, mobile: Option<&str>) -> Person {
        Person {
            user: user.parse().unwrap(),
            display_name: DisplayName::new(display_name).unwrap(),
            mobile: mobile.map(|mobile| MobileNumber::new(mobile).unwrap()),
            origin: Origin::Registered,
            availability: Availability::Offline { last_seen: None },
            trust: crate::domain::Trust::NotVerified,
            blocked: false,
        }
    }

    #[test]
    fn people_are_found_by_any_name_and_by_number() {
        let bob = person("bob", "Robert Émile", Some("+91 (22) 123-45"));
        for find in ["bob", "BO", "robert", "émile", "+91 22", "2212345", "(22)", "22-12"] {
            assert!(finds(&bob, find), "{find}");
        }
        for find in ["carol", "99", "bob 22", "+92"] {
            assert!(!finds(&bob, find), "{find}");
        }
        assert!(finds(&person("mamta", "mamta", Some("3432q")), "3432Q"));
        assert!(!finds(&person("zoe", "Zoe", None), "-"));
    }

    #[test]
    fn a_row_says_in_words_how_one_can_be_reached() {
        let status = |availability, origin| {
            let person = Person { availability, origin, ..person("bob", "Bob", None) };
            Row::of(&person).cells[1].clone()
        };
        let at = Timestamp::from_millis(1_700_000_000_500);
        let online = Availability::Online { since: at };
        assert_eq!(status(online, Origin::Registered), "online since 2023-11-14T22:13:20Z");
        let seen = Availability::Offline { last_seen: Some(at) };
        assert_eq!(status(seen, Origin::Registered), "last seen 2023-11-14T22:13:20Z");
        let never = Availability::Offline { last_seen: None };
        assert_eq!(status(never, Origin::Registered), "offline");
        assert_eq!(status(never, Origin::ByHand), "not signed up");
    }
}
