//! What the footer says of actions.

use super::{About, Action, App, Screen};

impl App {
    /// Whether an action is worth a place in the footer now.
    pub fn offers(&self, action: Action) -> bool {
        let is_alone = self.beside.is_empty();
        match (&self.screen, action) {
            (_, Action::SwitchAccount) => !is_alone,
            // Where help is searched, that is done as one writes.
            (_, Action::Accept) if self.help.is_some() => false,
            (_, Action::Search) => self.help.is_some(),
            (Screen::Main(session), action) => session.offers(action),
            (Screen::Welcome(welcome), Action::Back) => {
                self.help.is_some() || !welcome.is_idle() || !is_alone
            }
            (Screen::Welcome(_), _) => true,
        }
    }

    /// What the footer calls an action now.
    pub fn label(&self, action: Action) -> &'static str {
        let about = match &self.screen {
            Screen::Main(session) => session.writing().and_then(|chat| chat.about.as_ref()),
            Screen::Welcome(_) => None,
        };
        match (action, about) {
            (Action::Send, Some(About::Save(..))) => "save",
            (Action::Send, Some(About::Edit(..))) => "change",
            (action, _) => action.label(),
        }
    }
}
