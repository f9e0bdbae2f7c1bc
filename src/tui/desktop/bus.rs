//! What shows notifications on the desktop: `org.freedesktop.Notifications` on the bus of the session.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::timeout;
use zbus::Connection;
use zbus::zvariant::Value;

use crate::domain::{ConversationId, UserName};
use crate::tui::app::Alert;

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// How long one may take to be shown, the connection included.
const PATIENCE: Duration = Duration::from_secs(2);
/// Of how many chats it is known which one shows there.
const CHATS: usize = 256;

/// The bus, connected to when it is needed.
#[derive(Debug, Default)]
pub struct Bus {
    link: Option<Link>,
    /// What shows of which chat, by the number that the desktop gave it.
    shown: HashMap<(UserName, ConversationId), u32>,
}

#[derive(Debug)]
struct Link {
    connection: Connection,
    /// Whether the desktop takes the text for markup.
    markup: bool,
}

impl Link {
    async fn open() -> zbus::Result<Self> {
        let connection = Connection::session().await?;
        let answer =
            connection.call_method(Some(NAME), PATH, Some(NAME), "GetCapabilities", &()).await?;
        let capabilities: Vec<String> = answer.body().deserialize()?;
        let markup = capabilities.iter().any(|capability| capability == "body-markup");
        Ok(Self { connection, markup })
    }
}

impl Bus {
    /// Shows a call, in place of the one before of the same chat.
    pub async fn show(&mut self, alert: &Alert) -> Result<(), String> {
        let why = match timeout(PATIENCE, self.notify(alert)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        // Whatever comes next finds its way anew, and knows no numbers.
        *self = Self::default();
        Err(why)
    }

    async fn notify(&mut self, alert: &Alert) -> zbus::Result<()> {
        let link = match self.link.take() {
            Some(link) => link,
            None => Link::open().await?,
        };
        let body = if link.markup { escaped(&alert.body) } else { alert.body.clone() };
        let chat = (alert.account.clone(), alert.place.clone());
        let before = self.shown.get(&chat).copied().unwrap_or(0);
        let hints = HashMap::from([("category", Value::from("im.received"))]);
        let (title, body, actions) = (alert.title.as_str(), body.as_str(), Vec::<&str>::new());
        // It stays as long as the desktop has them stay.
        let wanted = ("Cooee", before, "", title, body, actions, hints, -1_i32);
        let answer =
            link.connection.call_method(Some(NAME), PATH, Some(NAME), "Notify", &wanted).await?;
        let number = answer.body().deserialize()?;
        if self.shown.len() >= CHATS {
            self.shown.clear();
        }
        self.shown.insert(chat, number);
        self.link = Some(link);
        Ok(())
    }
}

/// A text that stays as it is where it is taken for markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
