//! What messages become: lines for people, JSON, rows of CSV, Markdown.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::json::{self, Record};
use crate::cli::text;
use crate::domain::{Body, ConversationId, GroupChange, GroupId, Message};
use crate::engine::GroupView;
use crate::registry;

/// The forms there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// Lines as `cooee history` prints them
    Text,
    /// One object a line, as `cooee history --json` prints them
    Json,
    /// Rows for a spreadsheet, below a header
    Csv,
    /// Markdown, each text as a quotation
    Markdown,
}

impl Form {
    /// The one that a file of this name has.
    pub fn of(path: Option<&Path>) -> Self {
        let extension = path.and_then(Path::extension).unwrap_or_default().to_ascii_lowercase();
        match extension.to_str() {
            Some("json" | "jsonl" | "ndjson") => Self::Json,
            Some("csv") => Self::Csv,
            Some("md" | "markdown") => Self::Markdown,
            _ => Self::Text,
        }
    }
}

/// The columns of CSV.
const COLUMNS: [&str; 8] =
    ["Sent_at", "Conversation", "From", "Type", "Text", "Delivery", "Received_at", "Id"];

type Groups = BTreeMap<GroupId, GroupView>;

/// Writes the messages of one conversation.
pub(super) struct Writer {
    form: Form,
    /// What to call the conversation.
    label: String,
}

impl Writer {
    pub fn new(form: Form, conversation: &ConversationId, groups: &Groups) -> Self {
        let label = match conversation {
            ConversationId::Direct(user) => user.to_string(),
            ConversationId::Group(id) => text::group_label(groups, *id),
            ConversationId::Room(room) => text::room_label(room),
        };
        Self { form, label }
    }

    /// What stands before all messages.
    pub fn head(&self) -> String {
        match self.form {
            Form::Text | Form::Json => String::new(),
            Form::Csv => registry::line(&COLUMNS),
            Form::Markdown => format!("# {}\n", escaped(&self.label)),
        }
    }

    /// A message.
    pub fn message(&self, message: &Message, groups: &Groups) -> String {
        match self.form {
            Form::Text => text::line(message, groups, true),
            Form::Json => json::line(&Record::message(message, groups)),
            Form::Csv => self.row(message, groups),
            Form::Markdown => markdown(message, groups),
        }
    }

    fn row(&self, message: &Message, groups: &Groups) -> String {
        let words = match &message.body {
            Body::Text(text) => text.as_str().to_owned(),
            _ => text::event(message, groups),
        };
        let from = text::speaker(message);
        let id = message.id.to_string();
        let [sent, received] = [message.sent_at, message.received_at].map(|at| at.to_string());
        let delivery = message.delivery.map_or("", text::delivery_word);
        registry::line(&[
            &sent,
            &self.label,
            &from,
            kind(&message.body),
            &words,
            delivery,
            &received,
            &id,
        ])
    }
}

/// What kind of message it is, as the JSON calls it.
fn kind(body: &Body) -> &'static str {
    match body {
        Body::Text(_) => "message",
        Body::Created => "created",
        Body::Joined => "joined",
        Body::Left => "left",
        Body::Unsupported => "unsupported",
        Body::Deleted => "deleted",
        Body::Lifetime(_) => "lifetime",
        Body::KeyChanged => "key_changed",
        Body::KeyAccepted => "key_accepted",
        Body::Changed(change) => match change {
            GroupChange::Invite(_) => "invited",
            GroupChange::Remove(_) => "removed",
            GroupChange::Rename(_) => "renamed",
            GroupChange::Promote(_) => "promoted",
            GroupChange::Demote(_) => "demoted",
            GroupChange::Policy(_) => "policy",
            GroupChange::Lifetime(_) => "lifetime",
        },
    }
}

fn markdown(message: &Message, groups: &Groups) -> String {
    let at = text::time(message.sent_at);
    let Body::Text(said) = &message.body else {
        return format!("\n*{at}: {}*\n", escaped(&text::event(message, groups)));
    };
    let waits = text::waits(message);
    let mut block = format!("\n**{}**, {at}{waits}\n\n", escaped(&text::speaker(message)));
    let mut lines = said.as_str().lines().peekable();
    while let Some(line) = lines.next() {
        // Within a paragraph a line ends where it is told to.
        let goes_on = !line.is_empty() && lines.peek().is_some_and(|next| !next.is_empty());
        let quoted = format!("> {}", escaped_line(line));
        block += quoted.trim_end();
        block += if goes_on { "\\\n" } else { "\n" };
    }
    block
}

/// A line of text that begins nothing in Markdown: no list, no code, no heading.
fn escaped_line(line: &str) -> String {
    let rest = line.trim_start_matches(' ');
    let indent = "\u{a0}".repeat(line.len() - rest.len());
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = rest.split_at(digits);
    let sign = match (digits, rest.chars().next()) {
        (0, Some('-' | '+' | '=')) | (1.., Some('.' | ')')) => "\\",
        _ => "",
    };
    format!("{indent}{number}{sign}{}", escaped(rest))
}

/// Text without a meaning in Markdown.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '|' | '#') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::json::tests::{groups, message, team};
    use crate::domain::MessageText;

    fn exported(form: Form) -> String {
        let groups = groups();
        let text = |text: &str| Body::Text(MessageText::new(text).unwrap());
        let writer = Writer::new(form, &team(), &groups);
        let mut all = writer.head();
        for (body, own) in [
            (Body::Created, false),
            (Body::Changed(GroupChange::Invite("carol".parse().unwrap())), true),
            (text("=HYPERLINK(\"http://x\")\nsecond, \"line\"\n\n  - *third* \u{1b}[31m<b>"), false),
            (text("# 1\n2. two\n+91 22\\"), true),
            (Body::Unsupported, false),
        ] {
            all += &writer.message(&message(team(), body, own), &groups);
        }
        assert!(!all.chars().any(|c| c.is_control() && c != '\n'), "{all:?}");
        all
    }

    #[test]
    fn each_form_is_what_its_programs_read() {
        insta::assert_snapshot!("text", exported(Form::Text));
        insta::assert_snapshot!("json", exported(Form::Json));
        insta::assert_snapshot!("csv", exported(Form::Csv));
        insta::assert_snapshot!("markdown", exported(Form::Markdown));
    }
}
