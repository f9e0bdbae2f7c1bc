//! What the companions do, as `assets/demo.toml` says it.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::{
    DisplayName, GroupName, InvalidText, InvalidUserName, MessageText, MobileNumber, Reaction, UserName,
};

/// Who is in the demo, and what they do.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What the person is told first.
    pub greeting: String,
    /// Whom the person is.
    pub you: Role,
    /// The others.
    #[serde(rename = "companion")]
    pub companions: Vec<Role>,
    /// What is done before the screen opens.
    pub prelude: Vec<Step>,
    /// What is done after that.
    pub scene: Vec<Step>,
}

/// Somebody in the demo.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Their user name.
    pub user: UserName,
    /// What they are called.
    pub name: DisplayName,
    /// Their number.
    pub mobile: Option<MobileNumber>,
    /// Whether they answer in a group what is said to nobody by name.
    #[serde(default)]
    pub host: bool,
    /// What they answer.
    #[serde(default, rename = "answer")]
    pub answers: Vec<Answer>,
}

/// An answer to what the person writes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// To texts that have one of these words; to all others where there is none.
    #[serde(default)]
    pub words: Vec<String>,
    /// A sign that is given first.
    pub sign: Option<Reaction>,
    /// What is said, by turns.
    pub say: Vec<MessageText>,
}

impl Answer {
    /// Whether it answers this text.
    pub fn fits(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        self.words.is_empty() || words.any(|word| self.words.iter().any(|wanted| wanted == word))
    }
}

/// One step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// How long after the one before, in seconds.
    #[serde(default)]
    after: u16,
    /// Who does it.
    pub who: UserName,
    /// What.
    pub does: Deed,
}

impl Step {
    /// How long after the one before.
    pub fn after(&self) -> Duration {
        Duration::from_secs(self.after.into())
    }
}

/// What somebody does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Deed {
    /// Signs in.
    Come,
    /// Signs out.
    Go,
    /// Writes and sends a message.
    Say {
        /// Where to.
        to: Place,
        /// What.
        text: MessageText,
        /// Whose last message there it answers.
        answers: Option<UserName>,
    },
    /// Says their last message there otherwise.
    Edit {
        /// Where.
        at: Place,
        /// How.
        text: MessageText,
    },
    /// Gives a sign to the last message of somebody.
    React {
        /// Where.
        at: Place,
        /// Of whom.
        to: UserName,
        /// Which.
        sign: Reaction,
    },
    /// Makes an open group.
    Make {
        /// Its name.
        group: GroupName,
    },
    /// Asks somebody into a group.
    Ask {
        /// Which.
        group: GroupName,
        /// Whom.
        user: UserName,
    },
    /// Joins a group.
    Join {
        /// Which.
        group: GroupName,
    },
}

/// Where something is said: `maya`, `#crew`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Place {
    /// To a person.
    Person(UserName),
    /// In a group.
    Group(GroupName),
}

/// Why a text names no place.
#[derive(Debug, thiserror::Error)]
pub enum NoPlace {
    /// It is no user name.
    #[error(transparent)]
    Person(#[from] InvalidUserName),
    /// It is no name of a group.
    #[error(transparent)]
    Group(#[from] InvalidText),
}

impl TryFrom<String> for Place {
    type Error = NoPlace;

    fn try_from(text: String) -> Result<Self, NoPlace> {
        Ok(match text.strip_prefix('#') {
            Some(name) => Self::Group(GroupName::new(name)?),
            None => Self::Person(text.parse()?),
        })
    }
}

impl Script {
    /// The script of the program, `assets/demo.toml`.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn built_in() -> Result<Self, String> {
        toml::from_str(include_str!("../../assets/demo.toml")).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests;
