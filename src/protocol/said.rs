//! What people say in a conversation, and what they do with what was said.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Malformed;
use crate::domain::{
    Alteration, Attachment, GroupId, Lifetime, LinkSecret, MessageId, MessageText, Reaction,
};

/// Words for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speech {
    /// What is said.
    pub text: MessageText,
    /// The message of the same conversation that it answers. Its id alone: what it says everybody knows who has it.
    #[serde(default, rename = "re", skip_serializing_if = "Option::is_none")]
    pub reply: Option<MessageId>,
    /// The sender passes on what was said elsewhere.
    #[serde(default, rename = "fw", skip_serializing_if = "std::ops::Not::not")]
    pub forwarded: bool,
    /// The file that it offers, which whoever gets this may fetch from the sender. The text is its name, or says more
    /// of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Attachment>,
}

impl From<MessageText> for Speech {
    fn from(text: MessageText) -> Self {
        Self { text, reply: None, forwarded: false, file: None }
    }
}

/// Whoever shows this may be let into a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knock {
    /// Into which.
    pub group: GroupId,
    /// The secret of a link into it.
    pub secret: LinkSecret,
}

/// How long messages live from now on.
#[derive(Serialize, Deserialize)]
pub(super) struct LifetimeBody {
    pub life: Option<Lifetime>,
}

/// What the sender did with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Altered {
    /// Which, of the same conversation.
    pub of: MessageId,
    /// What.
    pub change: Alteration,
}

#[derive(Serialize, Deserialize)]
struct EditBody {
    of: MessageId,
    text: MessageText,
}

#[derive(Serialize, Deserialize)]
struct DeleteBody {
    of: MessageId,
}

#[derive(Serialize, Deserialize)]
struct ReactBody {
    of: MessageId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sign: Option<Reaction>,
}

#[derive(Serialize, Deserialize)]
struct PinBody {
    of: MessageId,
    on: bool,
}

impl Altered {
    /// Its type, and what stands in it.
    pub(super) fn body(&self) -> (&'static str, Value) {
        let of = self.of;
        match self.change.clone() {
            Alteration::Edit(text) => ("edit", json!(EditBody { of, text })),
            Alteration::Delete => ("delete", json!(DeleteBody { of })),
            Alteration::React(sign) => ("react", json!(ReactBody { of, sign })),
            Alteration::Pin(on) => ("pin", json!(PinBody { of, on })),
        }
    }

    /// Reads one of a type that [`body`](Self::body) gives.
    pub(super) fn read(kind: &str, body: Value) -> Result<Self, Malformed> {
        let (of, change) = match kind {
            "edit" => {
                let EditBody { of, text } = EditBody::deserialize(body)?;
                (of, Alteration::Edit(text))
            }
            "delete" => (DeleteBody::deserialize(body)?.of, Alteration::Delete),
            "react" => {
                let ReactBody { of, sign } = ReactBody::deserialize(body)?;
                (of, Alteration::React(sign))
            }
            _ => {
                let PinBody { of, on } = PinBody::deserialize(body)?;
                (of, Alteration::Pin(on))
            }
        };
        Ok(Self { of, change })
    }
}
