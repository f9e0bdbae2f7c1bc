//! Who may publish and subscribe where: pure rules, known by the shape of a topic.
//!
//! A broker serves people with different topic roots, who do not see each other, so it knows of no root. It
//! takes for the root whatever stands before the first level that names a kind of topic. That reading is the
//! only one: a topic that could be read in two ways would let somebody write as another.
//! [`Root`] refuses roots with such a level for the same reason.
//!
//! | topic (below the root) | write | read |
//! |---|---|---|
//! | `profile/<user>`, `keys/<user>/<device>`, `presence/<user>/<device>` | as `<user>` | everybody |
//! | `directory/<group>` | everybody | everybody |
//! | `inbox/<to>/<from>/<device>` | as `<from>` | as `<to>` |
//! | `group/<group>/<from>/<device>` | as `<from>` | who knows the group's id |
//! | `live/@<user>/<from>/<device>` | as `<from>` | as `<user>` |
//! | `live/<group>/<from>/<device>` | as `<from>` | who knows the group's id |
//! | `open/<room>/<from>` | as `<from>` | everybody |
//! | `doctor/<random>/…` | who knows `<random>`, guests too | who knows `<random>`, guests too |
//!
//! All else is refused: other topics, `$SYS`, shared subscriptions, `#` outside an examination, and filters
//! that hold more than may be read. *Everybody* is everybody with an account.

use crate::domain::{DeviceId, GroupId, UserName};
use crate::protocol::{KINDS, Place, Root};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who<'a> {
    /// Somebody with an account of this name.
    User(&'a UserName),
    /// Somebody of this machine without one, such as `cooee doctor`.
    Guest,
}

/// Whether `who` may publish at `topic`.
pub(super) fn may_write(who: Who<'_>, topic: &str) -> bool {
    let Some((kind, rest)) = split(topic) else { return false };
    if kind == "doctor" {
        return is_trial(&rest);
    }
    let Who::User(me) = who else { return false };
    let mine = |level: &str| level == me.as_str();
    match (kind, rest[..].as_ref()) {
        ("profile", [user]) => mine(user),
        ("keys" | "presence", [user, device]) => mine(user) && is::<DeviceId>(device),
        ("directory", [group]) => is::<GroupId>(group),
        ("inbox", [to, from, device]) => is::<UserName>(to) && mine(from) && is::<DeviceId>(device),
        ("group", [group, from, device]) => is::<GroupId>(group) && mine(from) && is::<DeviceId>(device),
        ("live", [place, from, device]) => is::<Place>(place) && mine(from) && is::<DeviceId>(device),
        ("open", [room, from]) => is_room(room) && mine(from),
        _ => false,
    }
}

/// Whether `who` may subscribe to `filter`: whether all that it can match may be read.
pub(super) fn may_read(who: Who<'_>, filter: &str) -> bool {
    let Some((kind, rest)) = split(filter) else { return false };
    if kind == "doctor" {
        return is_trial(&rest);
    }
    let Who::User(me) = who else { return false };
    let any_or = |level: &str, fits: bool| level == "+" || fits;
    let user = |level: &str| any_or(level, is::<UserName>(level));
    let device = |level: &str| any_or(level, is::<DeviceId>(level));
    match (kind, rest[..].as_ref()) {
        ("profile", [of]) => user(of),
        ("keys" | "presence", [of, on]) => user(of) && device(on),
        ("directory", [group]) => any_or(group, is::<GroupId>(group)),
        ("inbox", [to, from, on]) => *to == me.as_str() && user(from) && device(on),
        ("group", [group, from, on]) => is::<GroupId>(group) && user(from) && device(on),
        ("live", [place, from, on]) => {
            let readable = match place.parse() {
                Ok(Place::User(to)) => to == *me,
                Ok(Place::Group(_)) => true,
                Err(()) => false,
            };
            readable && user(from) && device(on)
        }
        ("open", [room, from]) => any_or(room, is_room(room)) && user(from),
        _ => false,
    }
}

/// Whether a publish there registers a name for good: its own profile.
pub(super) fn is_own_profile(me: &UserName, topic: &str) -> bool {
    matches!(split(topic), Some(("profile", rest)) if rest == [me.as_str()])
}

/// The kind of a topic or filter and the levels below it, where those before it are a root.
fn split(topic: &str) -> Option<(&str, Vec<&str>)> {
    // Longer than any of ours: not worth a closer look.
    if topic.len() > 512 {
        return None;
    }
    let levels: Vec<&str> = topic.split('/').collect();
    let at = levels.iter().position(|level| KINDS.contains(level))?;
    let (root, rest) = levels.split_at(at);
    let (kind, rest) = rest.split_first()?;
    root.join("/").parse::<Root>().ok()?;
    Some((kind, rest.to_vec()))
}

/// Whether a level can be read as this.
fn is<T: std::str::FromStr>(level: &str) -> bool {
    level.parse::<T>().is_ok()
}

/// The name of an open room: any level without a wildcard, so that devices may have rooms among themselves whose
/// names Cooee does not read.
fn is_room(level: &str) -> bool {
    !level.is_empty() && level.len() <= 64 && !level.contains(['+', '#', '\0'])
}

/// Below `doctor`: a name that nobody guesses, and then anything.
fn is_trial(levels: &[&str]) -> bool {
    levels.first().is_some_and(|id| id.len() >= 16 && !id.contains(['+', '#']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Filter, Topic};

    const GROUP: &str = "00000000000000000000000000000007";
    const DEVICE: &str = "0123456789abcdef";

    fn user(name: &str) -> UserName {
        name.parse().unwrap()
    }

    /// `R`, `G` and `D` stand for a root, a group and a device.
    fn spelt(text: &str) -> String {
        let level = |level: &str| match level {
            "R" => "cooee/1".to_owned(),
            "G" => GROUP.to_owned(),
            "D" => DEVICE.to_owned(),
            other => other.to_owned(),
        };
        text.split('/').map(level).collect::<Vec<_>>().join("/")
    }

    #[test]
    fn one_writes_as_oneself() {
        let (alice, table) = (
            user("alice"),
            [
                // What alice may, and what she may not.
                ("R/profile/alice", true),
                ("R/profile/bob", false),
                ("R/profile/alice/more", false),
                ("R/profile", false),
                ("R/keys/alice/D", true),
                ("R/keys/bob/D", false),
                ("R/keys/alice/phone", false),
                ("R/presence/alice/D", true),
                ("R/presence/bob/D", false),
                ("R/presence/alice", false),
                ("R/directory/G", true),
                ("R/directory/team", false),
                ("R/inbox/bob/alice/D", true),
                ("R/inbox/alice/alice/D", true),
                ("R/inbox/alice/bob/D", false),
                ("R/inbox/bob/carol/D", false),
                ("R/inbox/Bob/alice/D", false),
                ("R/group/G/alice/D", true),
                ("R/group/G/bob/D", false),
                ("R/group/team/alice/D", false),
                ("R/live/@bob/alice/D", true),
                ("R/live/@bob/bob/D", false),
                ("R/live/G/alice/D", true),
                ("R/live/bob/alice/D", false),
                ("R/open/lobby/alice", true),
                ("R/open/lobby/bob", false),
                ("R/open//alice", false),
                ("R/doctor/0123456789abcdef/queue/1", true),
                ("R/doctor/short/queue", false),
                ("R/doctor", false),
                ("R/other/alice", false),
                ("R/", false),
                ("", false),
                ("alice", false),
                ("profile/alice", false),
                ("/profile/alice", false),
                ("$SYS/profile/alice", false),
                ("$SYS/broker", false),
                ("site/2/profile/alice", true),
                ("site/2/profile/bob", false),
                // Only the first kind counts, so this is nobody's profile.
                ("R/inbox/profile/alice", false),
                ("R/profile/bob/profile/alice", false),
                ("R/inbox/open/bob/alice", false),
            ],
        );
        for (topic, allowed) in table {
            assert_eq!(may_write(Who::User(&alice), &spelt(topic)), allowed, "{topic}");
            let guest = topic.starts_with("R/doctor/0");
            assert_eq!(may_write(Who::Guest, &spelt(topic)), guest, "a guest: {topic}");
        }
    }

    #[test]
    fn one_reads_what_is_for_oneself_or_for_all() {
        let (alice, table) = (
            user("alice"),
            [
                ("R/profile/+", true),
                ("R/profile/bob", true),
                ("R/profile/#", false),
                ("R/+/alice", false),
                ("R/#", false),
                ("#", false),
                ("+/1/profile/+", false),
                ("+/+/profile/+", false),
                ("+/profile/+", false),
                ("R/keys/+/+", true),
                ("R/keys/bob/+", true),
                ("R/keys/bob/D", true),
                ("R/keys/#", false),
                ("R/presence/+/+", true),
                ("R/presence/+", false),
                ("R/directory/+", true),
                ("R/inbox/alice/+/+", true),
                ("R/inbox/alice/bob/+", true),
                ("R/inbox/alice/#", false),
                ("R/inbox/alice", false),
                ("R/inbox/bob/+/+", false),
                ("R/inbox/bob/alice/+", false),
                ("R/inbox/+/alice/+", false),
                ("R/inbox/+/+/+", false),
                ("R/group/G/+/+", true),
                ("R/group/+/+/+", false),
                ("R/group/+/alice/+", false),
                ("R/live/@alice/+/+", true),
                ("R/live/@bob/+/+", false),
                ("R/live/G/+/+", true),
                ("R/live/+/+/+", false),
                ("R/open/+/+", true),
                ("R/open/lobby/+", true),
                ("R/open/#", false),
                ("R/doctor/0123456789abcdef/+", true),
                ("R/doctor/0123456789abcdef/#", true),
                ("R/doctor/+/queue", false),
                ("R/doctor/#", false),
                ("R/+/0123456789abcdef/queue", false),
                ("$SYS/#", false),
                ("$share/g/R/profile/+", false),
                ("$share/g/R/inbox/alice/+/+", false),
            ],
        );
        for (filter, allowed) in table {
            assert_eq!(may_read(Who::User(&alice), &spelt(filter)), allowed, "{filter}");
            let guest = filter.starts_with("R/doctor/0");
            assert_eq!(may_read(Who::Guest, &spelt(filter)), guest, "a guest: {filter}");
        }
    }

    #[test]
    fn all_that_cooee_does_is_allowed_at_any_root() {
        let (me, other) = (user("alice"), user("bob"));
        let (device, group) = (DEVICE.parse().unwrap(), GROUP.parse().unwrap());
        for root in ["cooee/1", "a", "Site.1/x_y/cooee-2"] {
            let root: Root = root.parse().unwrap();
            for topic in [
                Topic::Profile(me.clone()),
                Topic::Presence(me.clone(), device),
                Topic::Directory(group),
                Topic::Inbox { to: other.clone(), from: me.clone(), device },
                Topic::Group { group, from: me.clone(), device },
                Topic::Live { place: Place::User(other.clone()), from: me.clone(), device },
                Topic::Live { place: Place::Group(group), from: me.clone(), device },
            ] {
                assert!(may_write(Who::User(&me), &root.topic(&topic)), "{topic:?}");
                let as_other = may_write(Who::User(&other), &root.topic(&topic));
                assert_eq!(as_other, matches!(topic, Topic::Directory(_)), "{topic:?}");
            }
            for filter in [
                Filter::Profiles,
                Filter::Keys,
                Filter::Presence,
                Filter::Directory,
                Filter::Inbox(me.clone()),
                Filter::LiveTo(me.clone()),
                Filter::Group(group),
                Filter::LiveIn(group),
                Filter::Profile(other.clone()),
            ] {
                assert!(may_read(Who::User(&me), &root.filter(&filter)), "{filter:?}");
                let private = matches!(filter, Filter::Inbox(_) | Filter::LiveTo(_));
                let as_other = may_read(Who::User(&other), &root.filter(&filter));
                assert_eq!(as_other, !private, "{filter:?}");
            }
            assert!(may_write(Who::Guest, &(root.trial("0123456789abcdef") + "/queue")));
            assert!(is_own_profile(&me, &root.topic(&Topic::Profile(me.clone()))));
            assert!(!is_own_profile(&me, &root.topic(&Topic::Profile(other.clone()))));
        }
    }

    proptest::proptest! {
        /// A filter that is allowed matches nothing that belongs to another.
        #[test]
        fn no_filter_reaches_what_is_for_somebody_else(
            levels in proptest::collection::vec("inbox|live|profile|@?bob|alice|[+]|#|0123456789abcdef", 1..6)
        ) {
            let filter = format!("cooee/1/{}", levels.join("/"));
            if may_read(Who::User(&user("alice")), &filter) {
                let reaches = |topic: &str| {
                    let mut pattern = filter.split('/');
                    topic.split('/').all(|level| pattern.next().is_some_and(|p| p == "+" || p == level))
                        && pattern.next().is_none()
                };
                for from in ["alice", "bob", "eve"] {
                    let (inbox, live) = (format!("cooee/1/inbox/bob/{from}/{DEVICE}"), format!("cooee/1/live/@bob/{from}/{DEVICE}"));
                    proptest::prop_assert!(!reaches(&inbox) && !reaches(&live), "{}", filter);
                }
                proptest::prop_assert!(!filter.contains('#'), "{}", filter);
            }
        }
    }
}
