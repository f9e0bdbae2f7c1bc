//! Whom or what an argument means: `bob`, `@bob`, `#team`, `#team~1a2b3c4d`, `+lobby`.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::Error;
use crate::domain::{
    ConversationId, Group, GroupId, GroupName, InvalidRoomName, InvalidText, InvalidUserName, RoomName,
    Standing, UserName,
};
use crate::engine::GroupView;

/// A person, a group or an open room, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A person.
    User(UserName),
    /// A group.
    Group(GroupArgument),
    /// An open room.
    Room(RoomName),
}

/// Why an argument means nobody and nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTarget {
    /// It would be a person.
    #[error(transparent)]
    User(#[from] InvalidUserName),
    /// It would be a room.
    #[error(transparent)]
    Room(#[from] InvalidRoomName),
}

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with(RoomName::SIGN) {
            return Ok(Self::Room(RoomName::read(text)?));
        }
        match text.strip_prefix('#') {
            // What no group can be called is found to be no group.
            Some(name) => Ok(Self::Group(GroupArgument(name.to_owned()))),
            None => Ok(Self::User(text.strip_prefix('@').unwrap_or(text).parse()?)),
        }
    }
}

/// A group, as it was written, with or without the `#` before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupArgument(String);

impl FromStr for GroupArgument {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        GroupName::new(text).map(|name| Self(name.as_str().to_owned()))
    }
}

/// What is to be done with a group, and so how we may stand to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Write into it, or invite somebody: we are in.
    Speak,
    /// Read its history: we are in or were.
    Read,
    /// Go in.
    Join,
    /// Go out, or decline.
    Leave,
    /// See who is in.
    Look,
}

impl Purpose {
    /// How well a group suits: `None` when it does not; of several with one name the best is meant.
    fn suits(self, standing: &Standing) -> Option<u8> {
        match (self, standing) {
            (Self::Speak | Self::Read | Self::Leave | Self::Look, Standing::Member) => Some(0),
            (Self::Join, Standing::Invited(_)) => Some(0),
            (Self::Join, Standing::Listed | Standing::Left) => Some(1),
            (Self::Leave | Self::Look, Standing::Invited(_)) => Some(1),
            (Self::Read, Standing::Left) => Some(1),
            (Self::Look, Standing::Listed) => Some(1),
            (Self::Look, Standing::Left) => Some(2),
            _ => None,
        }
    }

    fn refusal(self, group: &Group) -> String {
        let name = &group.name;
        match self {
            Self::Speak | Self::Leave => format!("you are not in the group `{name}`"),
            Self::Read => format!("you never were in the group `{name}`"),
            Self::Join => format!("you are in the group `{name}` already"),
            Self::Look => format!("nothing is known of the group `{name}`"),
        }
    }
}

impl GroupArgument {
    /// Whether this group is meant: by its name, by its id, or by its name, `~` and the beginning of its
    /// id.
    fn means(&self, group: &Group) -> bool {
        let id = group.id.to_string();
        let exact = self.0.rsplit_once('~').is_some_and(|(name, digits)| {
            digits.len() >= 4 && id.starts_with(digits) && group.name.resembles(name)
        });
        exact || group.name.resembles(&self.0) || self.0 == id
    }

    /// The one group that is meant, of those with which it can be done.
    ///
    /// # Errors
    /// [`Error::NoGroup`] and [`Error::Ambiguous`].
    pub(super) fn resolve<'a>(
        &self,
        groups: &'a BTreeMap<GroupId, GroupView>,
        purpose: Purpose,
    ) -> Result<&'a GroupView, Error> {
        let meant: Vec<&GroupView> = groups.values().filter(|view| self.means(&view.group)).collect();
        let suits = |view: &&GroupView| purpose.suits(&view.standing);
        let Some(best) = meant.iter().filter_map(suits).min() else {
            return Err(Error::NoGroup(match meant.first() {
                Some(view) => purpose.refusal(&view.group),
                None => format!("there is no group `{}` that you can see", self.0),
            }));
        };
        let fit: Vec<&GroupView> = meant.into_iter().filter(|view| suits(view) == Some(best)).collect();
        match fit.as_slice() {
            [one] => Ok(one),
            several => Err(Error::Ambiguous {
                name: self.0.clone(),
                groups: several.iter().map(|v| (v.group.name.clone(), v.group.id)).collect(),
            }),
        }
    }
}

impl Target {
    /// The conversation that is meant. Whether the person exists is for the engine to say.
    ///
    /// # Errors
    /// Those of [`GroupArgument::resolve`].
    pub(super) fn resolve(
        &self,
        groups: &BTreeMap<GroupId, GroupView>,
        purpose: Purpose,
    ) -> Result<ConversationId, Error> {
        match self {
            Self::User(user) => Ok(ConversationId::Direct(user.clone())),
            Self::Room(room) => Ok(ConversationId::Room(room.clone())),
            Self::Group(group) => {
                group.resolve(groups, purpose).map(|view| ConversationId::Group(view.group.id))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::{JoinPolicy, Timestamp};

    fn groups(all: &[(u128, &str, Standing)]) -> BTreeMap<GroupId, GroupView> {
        let view = |(id, name, standing): &(u128, &str, Standing)| {
            let group = Group {
                id: GroupId::from_bits(id << 96),
                name: GroupName::new(name).unwrap(),
                owner: "alice".parse().unwrap(),
                policy: JoinPolicy::Open,
                created_at: Timestamp::EPOCH,
                lifetime: None,
                members: BTreeMap::new(),
                invited: BTreeSet::new(),
                former: BTreeSet::new(),
            };
            (group.id, GroupView { group, standing: standing.clone() })
        };
        all.iter().map(view).collect()
    }

    fn found(
        groups: &BTreeMap<GroupId, GroupView>,
        text: &str,
        purpose: Purpose,
    ) -> Result<u128, String> {
        let argument: GroupArgument = text.parse().unwrap();
        let found = argument.resolve(groups, purpose);
        found.map(|view| view.group.id.bits() >> 96).map_err(|e| e.to_string())
    }

    #[test]
    fn a_target_is_a_person_a_group_or_a_room() {
        let bob = Target::User("bob".parse().unwrap());
        assert_eq!("bob".parse(), Ok(bob.clone()));
        assert_eq!("@bob".parse(), Ok(bob));
        assert_eq!("+lobby".parse(), Ok(Target::Room("lobby".parse().unwrap())));
        assert!(matches!("+Lobby".parse::<Target>(), Err(InvalidTarget::Room(_))));
        assert_eq!("#Team 7".parse(), Ok(Target::Group(GroupArgument("Team 7".into()))));
        assert_eq!("Bob".parse::<Target>(), Err(InvalidUserName::Character('B').into()));
        assert!("".parse::<Target>().is_err() && "@".parse::<Target>().is_err());
    }

    #[test]
    fn of_several_groups_the_one_is_meant_with_which_it_can_be_done() {
        let groups = groups(&[
            (1, "team", Standing::Listed),
            (2, "Team", Standing::Member),
            (3, "gone", Standing::Left),
        ]);
        assert_eq!(found(&groups, "#TEAM", Purpose::Speak), Ok(2));
        assert_eq!(found(&groups, "team", Purpose::Look), Ok(2));
        assert_eq!(found(&groups, "team", Purpose::Join), Ok(1));
        assert_eq!(found(&groups, "gone", Purpose::Read), Ok(3));
        let error = found(&groups, "gone", Purpose::Speak).unwrap_err();
        assert_eq!(error, "you are not in the group `gone`");
        let error = found(&groups, "nix", Purpose::Look).unwrap_err();
        assert_eq!(error, "there is no group `nix` that you can see");
    }

    #[test]
    fn an_ambiguous_name_is_made_exact_with_a_piece_of_the_id() {
        let groups = groups(&[
            (0x1a2b_3c4d, "team", Standing::Member),
            (0x1a2b_ffff, "team", Standing::Member),
            (3, "a~b", Standing::Member),
        ]);
        assert!(found(&groups, "team", Purpose::Speak).unwrap_err().contains("several groups"));
        assert_eq!(found(&groups, "#team~1a2b3c4d", Purpose::Speak), Ok(0x1a2b_3c4d));
        assert!(found(&groups, "team~1a2b", Purpose::Speak).unwrap_err().contains("several"));
        assert!(found(&groups, "team~1", Purpose::Speak).unwrap_err().contains("no group"));
        assert_eq!(found(&groups, "a~b", Purpose::Speak), Ok(3));
        let whole = format!("1a2bffff{}", "0".repeat(24));
        assert_eq!(found(&groups, &whole, Purpose::Speak), Ok(0x1a2b_ffff));
    }
}
