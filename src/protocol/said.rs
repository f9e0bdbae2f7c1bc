//! What people say in a conversation, and what they do with what was said.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Content, Malformed};
use crate::domain::{
    Alteration, Attachment, Ballot, GroupId, Lifetime, LinkSecret, MessageId, MessageText, Poll,
    Reaction,
};

/// Words for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "SpeechBody")]
pub struct Speech {
    /// What is said.
    pub text: MessageText,
    /// The message of the same conversation that it answers. Its id alone: what it says everybody knows who has it.
    #[serde(rename = "re", skip_serializing_if = "Option::is_none")]
    pub reply: Option<MessageId>,
    /// The sender passes on what was said elsewhere.
    #[serde(rename = "fw", skip_serializing_if = "std::ops::Not::not")]
    pub forwarded: bool,
    /// The file that it offers, which whoever gets this may fetch from the sender. The text is its name, or says more
    /// of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<Attachment>,
    /// What it asks all who get this to vote on. The text is the question with its answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poll: Option<Poll>,
}

#[derive(Deserialize)]
struct SpeechBody {
    text: MessageText,
    #[serde(default)]
    re: Option<MessageId>,
    #[serde(default)]
    fw: bool,
    #[serde(default)]
    file: Option<Attachment>,
    #[serde(default)]
    poll: Option<Poll>,
}

impl From<SpeechBody> for Speech {
    fn from(body: SpeechBody) -> Self {
        let SpeechBody { text, re: reply, fw: forwarded, file, poll } = body;
        // Who cannot show a poll and who can are to read the same, whatever its sender says. A file is no question.
        let poll = poll.filter(|_| file.is_none());
        let text = poll.as_ref().map_or(text, |poll| poll.text().clone());
        Self { text, reply, forwarded, file, poll }
    }
}

impl From<Poll> for Speech {
    fn from(poll: Poll) -> Self {
        Self { poll: Some(poll.clone()), ..poll.text().clone().into() }
    }
}

impl Content {
    /// What it asks to vote on.
    pub fn poll(&self) -> Option<Poll> {
        match self {
            Self::Text(speech) => speech.poll.clone(),
            _ => None,
        }
    }
}

impl From<MessageText> for Speech {
    fn from(text: MessageText) -> Self {
        Self { text, reply: None, forwarded: false, file: None, poll: None }
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

#[derive(Serialize, Deserialize)]
struct VoteBody {
    of: MessageId,
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    ballot: Option<Ballot>,
}

#[derive(Serialize, Deserialize)]
struct CloseBody {
    of: MessageId,
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
            Alteration::Vote(ballot) => {
                let ballot = (!ballot.is_none()).then_some(ballot);
                ("vote", json!(VoteBody { of, ballot }))
            }
            Alteration::Close => ("close", json!(CloseBody { of })),
        }
    }

    /// Whether this is a type that [`body`](Self::body) gives.
    pub(super) fn is_type(kind: &str) -> bool {
        matches!(kind, "edit" | "delete" | "react" | "pin" | "vote" | "close")
    }

    /// Reads one of a [type](Self::is_type) of ours.
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
            "vote" => {
                let VoteBody { of, ballot } = VoteBody::deserialize(body)?;
                (of, Alteration::Vote(ballot.unwrap_or_default()))
            }
            "close" => (CloseBody::deserialize(body)?.of, Alteration::Close),
            _ => {
                let PinBody { of, on } = PinBody::deserialize(body)?;
                (of, Alteration::Pin(on))
            }
        };
        Ok(Self { of, change })
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::{Letter, decode_letter, encode_letter};
    use super::*;
    use crate::domain::Timestamp;

    const OF: MessageId = MessageId::from_bytes([7; 16]);

    fn letter(content: Content) -> Letter {
        let (id, sent_at) = (MessageId::from_bytes([1; 16]), Timestamp::from_millis(5));
        Letter { id, sent_at, group: None, number: None, stand: None, life: None, content }
    }

    fn text(content: Content) -> String {
        String::from_utf8(encode_letter(&letter(content))).unwrap()
    }

    fn read(text: &str) -> Result<Content, Malformed> {
        decode_letter(text.as_bytes()).map(|letter| letter.content)
    }

    fn lunch() -> Content {
        Content::Text(Poll::read("Lunch? | Pizza | Soup", true).unwrap().into())
    }

    fn altered(change: Alteration) -> Content {
        Content::Altered(Altered { of: OF, change })
    }

    #[test]
    fn polls_and_votes_stay_as_they_were_published() {
        assert_snapshot!(text(lunch()), @r#"{"id":"01010101-0101-0101-0101-010101010101","ts":5,"ty":"text","b":{"poll":{"a":["Pizza","Soup"],"m":true,"q":"Lunch?"},"text":"Lunch?\n1. Pizza\n2. Soup"}}"#);
        let vote = altered(Alteration::Vote(Ballot::new([3, 1]).unwrap()));
        let back = altered(Alteration::Vote(Ballot::NONE));
        let close = altered(Alteration::Close);
        assert_snapshot!(text(vote.clone()), @r#"{"id":"01010101-0101-0101-0101-010101010101","ts":5,"ty":"vote","b":{"for":[1,3],"of":"07070707-0707-0707-0707-070707070707"}}"#);
        assert_snapshot!(text(back.clone()), @r#"{"id":"01010101-0101-0101-0101-010101010101","ts":5,"ty":"vote","b":{"of":"07070707-0707-0707-0707-070707070707"}}"#);
        assert_snapshot!(text(close.clone()), @r#"{"id":"01010101-0101-0101-0101-010101010101","ts":5,"ty":"close","b":{"of":"07070707-0707-0707-0707-070707070707"}}"#);
        for content in [lunch(), vote, back, close] {
            assert_eq!(read(&text(content.clone())).unwrap(), content);
        }
    }

    #[test]
    fn a_poll_says_to_all_what_it_asks() {
        let other = text(lunch()).replace("Lunch?\\n", "Dinner?\\n");
        assert!(other.contains("Dinner?"));
        assert_eq!(read(&other).unwrap(), lunch(), "what is voted on counts");
        // Without the poll the text is what was said.
        let Content::Text(speech) = read(&other.replace("poll", "pool")).unwrap() else { panic!() };
        assert_eq!((speech.text.as_str(), speech.poll), ("Dinner?\n1. Pizza\n2. Soup", None));
    }

    #[test]
    fn what_is_no_poll_and_no_vote_is_refused() {
        let vote = text(altered(Alteration::Vote(Ballot::new([1]).unwrap())));
        let (asked, more) = (text(lunch()), format!("[{}\"x\"]", "\"x\",".repeat(40)));
        for wrong in [
            asked.replace(r#"["Pizza","Soup"]"#, r#"["Pizza"]"#),
            asked.replace(r#"["Pizza","Soup"]"#, &more),
            asked.replace(r#"["Pizza","Soup"]"#, r#"["Pizza","Pizza"]"#),
            asked.replace(r#""q":"Lunch?""#, r#""q":"\u001b""#),
            vote.replace("[1]", "[0]"),
            vote.replace("[1]", "[13]"),
            vote.replace("[1]", "[-1]"),
            vote.replace("[1]", "[70000]"),
            vote.replace("[1]", "1"),
            vote.replace("07070707", "zz"),
        ] {
            assert!(matches!(read(&wrong), Err(Malformed::Shape(_))), "{wrong}");
        }
    }
}
