//! Topics and filters: built and parsed here, nowhere else.

use std::fmt;
use std::str::FromStr;

use crate::domain::{DeviceId, GroupId, RoomName, UserName};

/// The levels that say what kind of topic follows them.
pub const KINDS: [&str; 9] =
    ["directory", "doctor", "group", "inbox", "keys", "live", "open", "presence", "profile"];

/// The levels that every topic of one Cooee network starts with; `cooee/1` unless configured.
///
/// None of them is one of [`KINDS`]: a broker that knows of no root tells by them where the root ends.
///
/// At most 64 bytes: some brokers keep no retained message whose topic has more than about 200, and the
/// rest of our topics needs up to 120.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root(String);

/// Why a text is not a [`Root`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "use levels of A-Z, a-z, 0-9, `-`, `_` and `.` with single slashes between them, such as `cooee/1`, \
     64 characters at most, and none of the levels {}", KINDS.join(", ")
)]
pub struct InvalidRoot;

impl Default for Root {
    fn default() -> Self {
        Self("cooee/1".to_owned())
    }
}

impl FromStr for Root {
    type Err = InvalidRoot;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let level = |l: &str| !l.is_empty() && l.chars().all(fits) && !KINDS.contains(&l);
        let levels = s.split('/').all(level);
        (levels && s.len() <= 64).then(|| Self(s.to_owned())).ok_or(InvalidRoot)
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where somebody is writing: to a person, or in a group.
///
/// On the wire a user carries an `@`, which neither a user name nor a group id can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// To this person.
    User(UserName),
    /// In this group.
    Group(GroupId),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "@{user}"),
            Self::Group(group) => group.fmt(f),
        }
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s.strip_prefix('@') {
            Some(user) => user.parse().map(Self::User).map_err(drop),
            None => s.parse().map(Self::Group).map_err(drop),
        }
    }
}

/// A topic of ours. Whoever publishes there must be `user` or `from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topic {
    /// What a person tells about themselves.
    Profile(UserName),
    /// What a device publishes for those who write to it first.
    Keys(UserName, DeviceId),
    /// Whether a device is connected.
    Presence(UserName, DeviceId),
    /// The card of a listed group.
    Directory(GroupId),
    /// What is addressed to one person.
    Inbox {
        /// Whose inbox.
        to: UserName,
        /// Who writes.
        from: UserName,
        /// From which device.
        device: DeviceId,
    },
    /// What is said in a group.
    Group {
        /// Which.
        group: GroupId,
        /// Who writes.
        from: UserName,
        /// From which device.
        device: DeviceId,
    },
    /// What is said in an open room, by anything that can publish.
    Open {
        /// Which.
        room: RoomName,
        /// Who claims to speak.
        from: UserName,
    },
    /// Somebody is writing just now.
    Live {
        /// Where.
        place: Place,
        /// Who.
        from: UserName,
        /// On which device.
        device: DeviceId,
    },
}

/// A set of topics to subscribe to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// All profiles.
    Profiles,
    /// The keys of all devices.
    Keys,
    /// All presence records.
    Presence,
    /// All group cards.
    Directory,
    /// All that is addressed to this person.
    Inbox(UserName),
    /// Whoever writes to this person just now.
    LiveTo(UserName),
    /// All that is said in this group.
    Group(GroupId),
    /// Whoever writes in this group just now.
    LiveIn(GroupId),
    /// All that is said in this open room.
    Open(RoomName),
    /// The profile of one person.
    Profile(UserName),
}

impl Root {
    /// The topic as the broker knows it.
    pub fn topic(&self, topic: &Topic) -> String {
        match topic {
            Topic::Profile(user) => format!("{self}/profile/{user}"),
            Topic::Keys(user, device) => format!("{self}/keys/{user}/{device}"),
            Topic::Presence(user, device) => format!("{self}/presence/{user}/{device}"),
            Topic::Directory(group) => format!("{self}/directory/{group}"),
            Topic::Inbox { to, from, device } => format!("{self}/inbox/{to}/{from}/{device}"),
            Topic::Group { group, from, device } => format!("{self}/group/{group}/{from}/{device}"),
            Topic::Open { room, from } => format!("{self}/open/{room}/{from}"),
            Topic::Live { place, from, device } => format!("{self}/live/{place}/{from}/{device}"),
        }
    }

    /// The filter as the broker knows it.
    pub fn filter(&self, filter: &Filter) -> String {
        match filter {
            Filter::Profiles => format!("{self}/profile/+"),
            Filter::Keys => format!("{self}/keys/+/+"),
            Filter::Presence => format!("{self}/presence/+/+"),
            Filter::Directory => format!("{self}/directory/+"),
            Filter::Inbox(user) => format!("{self}/inbox/{user}/+/+"),
            Filter::LiveTo(user) => format!("{self}/live/@{user}/+/+"),
            Filter::Group(group) => format!("{self}/group/{group}/+/+"),
            Filter::LiveIn(group) => format!("{self}/live/{group}/+/+"),
            Filter::Open(room) => format!("{self}/open/{room}/+"),
            Filter::Profile(user) => format!("{self}/profile/{user}"),
        }
    }

    /// Where one examination of the broker tries things out. No client subscribes there, and
    /// [`Root::parse`] knows none of it.
    pub fn trial(&self, id: &str) -> String {
        format!("{self}/doctor/{id}")
    }

    /// Reads a topic; `None` when it is not exactly one of ours.
    pub fn parse(&self, topic: &str) -> Option<Topic> {
        let mut levels = topic.strip_prefix(&self.0)?.strip_prefix('/')?.split('/');
        let kind = levels.next()?;
        let parsed = match kind {
            "profile" => Topic::Profile(parse(levels.next())?),
            "keys" => Topic::Keys(parse(levels.next())?, parse(levels.next())?),
            "presence" => Topic::Presence(parse(levels.next())?, parse(levels.next())?),
            "directory" => Topic::Directory(parse(levels.next())?),
            "inbox" => Topic::Inbox {
                to: parse(levels.next())?,
                from: parse(levels.next())?,
                device: parse(levels.next())?,
            },
            "group" => Topic::Group {
                group: parse(levels.next())?,
                from: parse(levels.next())?,
                device: parse(levels.next())?,
            },
            "open" => Topic::Open { room: parse(levels.next())?, from: parse(levels.next())? },
            "live" => Topic::Live {
                place: parse(levels.next())?,
                from: parse(levels.next())?,
                device: parse(levels.next())?,
            },
            _ => return None,
        };
        levels.next().is_none().then_some(parsed)
    }
}

fn parse<T: FromStr>(level: Option<&str>) -> Option<T> {
    level?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn topics() -> impl Strategy<Value = Topic> {
        let user = || "[a-z0-9][a-z0-9_-]{0,31}".prop_map(|name| name.parse::<UserName>().unwrap());
        let device = || any::<u64>().prop_map(DeviceId::from_bits);
        let group = || any::<u128>().prop_map(GroupId::from_bits);
        let place = prop_oneof![user().prop_map(Place::User), group().prop_map(Place::Group)];
        prop_oneof![
            user().prop_map(Topic::Profile),
            (user(), device()).prop_map(|(user, device)| Topic::Keys(user, device)),
            (user(), device()).prop_map(|(user, device)| Topic::Presence(user, device)),
            group().prop_map(Topic::Directory),
            (user(), user(), device()).prop_map(|(to, from, device)| Topic::Inbox { to, from, device }),
            (group(), user(), device()).prop_map(|(group, from, device)| Topic::Group {
                group,
                from,
                device
            }),
            (user(), user())
                .prop_map(|(room, from)| Topic::Open { room: room.as_str().parse().unwrap(), from }),
            (place, user(), device()).prop_map(|(place, from, device)| Topic::Live {
                place,
                from,
                device
            }),
        ]
    }

    proptest! {
        #[test]
        fn a_topic_is_read_as_it_was_built(topic in topics(), root in "[a-z]{1,5}(/[a-z0-9]{1,5}){0,2}") {
            let root: Root = root.parse().unwrap();
            let text = root.topic(&topic);
            prop_assert_eq!(root.parse(&text), Some(topic));
            prop_assert_eq!(root.parse(&format!("{text}/more")), None);
            prop_assert_eq!(root.parse(&format!("x{text}")), None);
        }

        #[test]
        fn no_text_is_read_as_a_topic_that_would_be_built_otherwise(text in "cooee/1/[a-z@/+#A-F0-9]{0,60}") {
            let root = Root::default();
            if let Some(topic) = root.parse(&text) {
                prop_assert_eq!(root.topic(&topic), text);
            }
        }
    }

    #[test]
    fn a_root_is_checked() {
        for good in ["cooee/1", "a", "site-1/cooee/1"] {
            assert!(good.parse::<Root>().is_ok(), "{good}");
        }
        let long = "x".repeat(65);
        for bad in
            ["", "/", "a/", "/a", "a//b", "a/+", "#", "$SYS", "a\n", "a b", "inbox", "a/profile", &long]
        {
            assert_eq!(bad.parse::<Root>(), Err(InvalidRoot), "{bad}");
        }
    }

    #[test]
    fn a_user_and_a_group_never_share_a_topic() {
        let hex = "0".repeat(32);
        let user = Place::User(hex.parse().unwrap());
        let group = Place::Group(hex.parse().unwrap());
        assert_ne!(user.to_string(), group.to_string());
    }
}
