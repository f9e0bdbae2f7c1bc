//! What is said in open rooms: nothing of it is encrypted or signed, on purpose, so that a script with
//! `mosquitto_pub` and a sensor can talk.
//!
//! A payload is a JSON object with the fields `v` (a whole number) and `t` (a text), or else a text as it is: raw
//! UTF-8, also where that happens to be JSON of something else. Everything in it is somebody's claim.

use serde::{Deserialize, Serialize};

use super::documents::to_bytes;
use super::{Malformed, VERSION, check_size, limits};
use crate::domain::{MessageId, MessageText, RoomName, Timestamp, UserName};

/// Something that was said in an open room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    /// What it says; `None` where that needs a newer Cooee.
    pub text: Option<MessageText>,
    /// What the speaker calls it: one id is one message of theirs in that room. `None` where they did not say.
    pub id: Option<String>,
    /// When they say that they wrote it.
    pub sent_at: Option<Timestamp>,
}

impl Plain {
    /// What one said in a room is known again by, should it come again: its id where it has one, else its bytes.
    /// Each speaker has names of their own, in each room.
    pub fn tag(&self, room: &RoomName, from: &UserName, payload: &[u8]) -> MessageId {
        let (kind, name) = match &self.id {
            Some(id) => ("id", id.as_bytes()),
            None => ("bytes", payload),
        };
        // No name holds a zero, so no two of these are the same text.
        let head = format!("open room\0{room}\0{from}\0{kind}\0");
        MessageId::derived(&[head.as_bytes(), name].concat())
    }
}

#[derive(Deserialize)]
struct Head {
    v: u32,
    t: String,
}

#[derive(Serialize)]
struct Written<'a> {
    v: u32,
    t: &'static str,
    id: MessageId,
    ts: Timestamp,
    text: &'a str,
}

#[derive(Deserialize)]
struct Read {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    ts: Option<Timestamp>,
    text: MessageText,
}

const PLAIN: &str = "plain";

/// The bytes of something to be said in an open room.
///
/// # Errors
/// [`Malformed::TooLarge`] where that is more than [`limits::PLAIN`].
pub fn encode_plain(id: MessageId, at: Timestamp, text: &MessageText) -> Result<Vec<u8>, Malformed> {
    let bytes = to_bytes(&Written { v: VERSION, t: PLAIN, id, ts: at, text: text.as_str() });
    check_size(&bytes, limits::PLAIN)?;
    Ok(bytes)
}

/// Reads what somebody said in an open room. `None` where it says nothing: an empty payload takes away what the
/// broker kept.
///
/// # Errors
/// [`Malformed`], for what is too large, no UTF-8, encrypted, or names itself plain and is not; nothing of it is
/// shown to anybody.
pub fn decode_plain(payload: &[u8]) -> Result<Option<Plain>, Malformed> {
    check_size(payload, limits::PLAIN)?;
    if payload.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(payload).map_err(|_| Malformed::NotUtf8)?;
    // A list of a number and a word would be read as those fields.
    let head = if text.trim_start().starts_with('{') { serde_json::from_str(text).ok() } else { None };
    let Some(Head { v, t }) = head else {
        let text = MessageText::new(text).map_err(|_| Malformed::Blank)?;
        return Ok(Some(Plain { text: Some(text), id: None, sent_at: None }));
    };
    match (v, t.as_str()) {
        (VERSION, PLAIN) => {
            let Read { id, ts: sent_at, text } = serde_json::from_str(text)?;
            match id.as_ref().map(String::len) {
                Some(size) if size > limits::PLAIN_ID => {
                    Err(Malformed::TooLarge { size, limit: limits::PLAIN_ID })
                }
                _ => Ok(Some(Plain { text: Some(text), id, sent_at })),
            }
        }
        // What belongs into conversations that are encrypted would not be readable here, and is nobody's word.
        (VERSION, "direct" | "group" | "clear") => Err(Malformed::Encrypted),
        _ => Ok(Some(Plain { text: None, id: None, sent_at: None })),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    fn id() -> MessageId {
        "01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00".parse().unwrap()
    }

    fn at() -> Timestamp {
        Timestamp::from_millis(1_732_281_660_123)
    }

    fn written(text: &str) -> Vec<u8> {
        encode_plain(id(), at(), &MessageText::new(text).unwrap()).unwrap()
    }

    fn text(payload: impl AsRef<[u8]>) -> String {
        let plain = decode_plain(payload.as_ref()).unwrap().unwrap();
        plain.text.unwrap().as_str().to_owned()
    }

    #[test]
    fn the_format_stays_as_it_was_published() {
        let text = String::from_utf8(written("hi")).unwrap();
        assert_snapshot!(text, @r#"{"v":1,"t":"plain","id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"text":"hi"}"#);
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let plain = decode_plain(&written("a\nb \u{1F469}\u{200D}\u{1F680}")).unwrap().unwrap();
        assert_eq!(plain.text.unwrap().as_str(), "a\nb \u{1F469}\u{200D}\u{1F680}");
        assert_eq!((plain.id, plain.sent_at), (Some(id().to_string()), Some(at())));
    }

    #[test]
    fn a_script_says_as_little_as_it_likes() {
        assert_eq!(text("21.5\n"), "21.5");
        assert_eq!(
            text(r#"{"temperature":21.5,"t":"kitchen"}"#),
            r#"{"temperature":21.5,"t":"kitchen"}"#
        );
        assert_eq!(text(r#"{"v":21.5,"t":"kitchen"}"#), r#"{"v":21.5,"t":"kitchen"}"#);
        assert_eq!(text(r#"{"v":1"#), r#"{"v":1"#);
        assert_eq!(text(r#"[1,"kitchen"]"#), r#"[1,"kitchen"]"#);
        assert_eq!(text(r#"{"v":1,"t":"plain","text":"hi"}"#), "hi");
        assert_eq!(text(r#"{"v":1,"t":"plain","text":"hi","new":[[{}]]}"#), "hi");
        let named = decode_plain(br#"{"v":1,"t":"plain","id":"7","text":"hi"}"#).unwrap().unwrap();
        assert_eq!((named.id.as_deref(), named.sent_at), (Some("7"), None));
        assert_eq!(decode_plain(b"").unwrap(), None);
    }

    #[test]
    fn what_a_terminal_obeys_is_taken_out() {
        assert_eq!(text("\u{1b}[2Jred\u{1b}]0;title\u{7} \u{202e}back"), "[2Jred]0;title back");
        let escape = r#"{"v":1,"t":"plain","text":"\u001b[2Jred\u202e"}"#;
        assert_eq!(text(escape), "[2Jred");
    }

    #[test]
    fn what_is_newer_is_told_apart() {
        for newer in
            [r#"{"v":2,"t":"plain","text":"hi"}"#, r#"{"v":1,"t":"picture"}"#, r#"{"v":7,"t":"direct"}"#]
        {
            assert_eq!(decode_plain(newer.as_bytes()).unwrap().unwrap().text, None, "{newer}");
        }
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let large = vec![b'x'; 5 * 1024];
        assert!(matches!(decode_plain(&large), Err(Malformed::TooLarge { limit: 4_096, .. })));
        assert!(matches!(decode_plain(b"\xff\xfe\x00"), Err(Malformed::NotUtf8)));
        for blank in [" \n\t", "\u{1b}\u{202e}", "\0"] {
            assert!(matches!(decode_plain(blank.as_bytes()), Err(Malformed::Blank)), "{blank:?}");
        }
        for sealed in [r#"{"v":1,"t":"direct","to":{}}"#, r#"{"v":1,"t":"group","text":"hi"}"#] {
            assert!(matches!(decode_plain(sealed.as_bytes()), Err(Malformed::Encrypted)), "{sealed}");
        }
        let deep = format!(r#"{{"v":1,"t":"plain","text":{}{}}}"#, "[".repeat(1_900), "]".repeat(1_900));
        for bad in [
            r#"{"v":1,"t":"plain"}"#,
            r#"{"v":1,"t":"plain","text":7}"#,
            r#"{"v":1,"t":"plain","text":"\u001b"}"#,
            r#"{"v":1,"t":"plain","text":"x","ts":"now"}"#,
            r#"{"v":1,"t":"plain","text":"x","id":[]}"#,
            &deep,
        ] {
            assert!(matches!(decode_plain(bad.as_bytes()), Err(Malformed::Shape(_))), "{bad}");
        }
        let long = format!(r#"{{"v":1,"t":"plain","id":"{}","text":"x"}}"#, "i".repeat(65));
        assert!(matches!(decode_plain(long.as_bytes()), Err(Malformed::TooLarge { limit: 64, .. })));
        let text = MessageText::new(&"\n\"".repeat(1_100)).unwrap();
        assert!(encode_plain(id(), at(), &text).is_err(), "what quotes make of it counts");
    }

    #[test]
    fn an_id_belongs_to_one_speaker_in_one_room() {
        let (lobby, den): (RoomName, RoomName) = ("lobby".parse().unwrap(), "den".parse().unwrap());
        let (bob, eve): (UserName, UserName) = ("bob".parse().unwrap(), "eve".parse().unwrap());
        let named = |id: &str| Plain { text: None, id: Some(id.to_owned()), sent_at: None };
        let raw = Plain { text: None, id: None, sent_at: None };
        let tag = named("7").tag(&lobby, &bob, b"x");
        assert_eq!(tag, named("7").tag(&lobby, &bob, b"other bytes"));
        assert_eq!(raw.tag(&lobby, &bob, b"x"), raw.tag(&lobby, &bob, b"x"));
        for other in [
            named("8").tag(&lobby, &bob, b"x"),
            named("7").tag(&den, &bob, b"x"),
            named("7").tag(&lobby, &eve, b"x"),
            raw.tag(&lobby, &bob, b"7"),
        ] {
            assert_ne!(tag, other);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_plain(&bytes);
        }

        #[test]
        fn no_cut_or_changed_byte_makes_it_panic(at in 0usize..400, byte in any::<u8>()) {
            let mut bytes = written("hello\nthere");
            let at = at % bytes.len();
            let _ = decode_plain(&bytes[..at]);
            bytes[at] = byte;
            let _ = decode_plain(&bytes);
        }

        #[test]
        fn nothing_that_is_read_moves_a_terminal(text in any::<String>()) {
            if let Ok(Some(Plain { text: Some(text), .. })) = decode_plain(text.as_bytes()) {
                prop_assert!(text.as_str().chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
            }
        }
    }
}
