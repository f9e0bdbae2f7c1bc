//! The first screen: sign in with an account of this data directory, or sign up.

use super::Action;
use super::form::{Complaint, SignUp, Unlock};
use super::seam::{FieldName, SignError, SignUpForm, Start};
use crate::domain::{Passphrase, UserName};

/// What is being waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// A new name is being registered.
    SigningUp(UserName),
    /// An account is being signed in.
    SigningIn(UserName),
}

/// What the first screen asks the outside to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Register a name.
    SignUp(SignUpForm),
    /// Sign an account in.
    SignIn(UserName),
    /// Sign an account in with this passphrase.
    Unlock(UserName, Passphrase),
    /// Let the attempt go.
    Cancel,
}

/// The first screen.
#[derive(Clone, Debug)]
pub struct Welcome {
    /// What there is.
    pub start: Start,
    /// The chosen entry: an account, or after the last one signing up.
    pub selected: usize,
    /// The sign-up form, while it is open.
    pub form: Option<SignUp>,
    /// Asks for the passphrase of an account, while it does.
    pub unlock: Option<Unlock>,
    /// The attempt that is under way.
    pub attempt: Option<Attempt>,
    /// Why signing in failed, or why the last session ended.
    pub trouble: Option<String>,
}

impl Welcome {
    /// The screen at the start. Without accounts it opens with the sign-up form.
    pub fn new(start: Start) -> (Self, Option<Asked>) {
        let form = (start.accounts.is_empty() && start.sign_in.is_none())
            .then(|| SignUp::new(start.asks_invite));
        let mut welcome = Self { start, selected: 0, form, unlock: None, attempt: None, trouble: None };
        let asked = welcome.start.sign_in.take().map(|user| welcome.sign_in(user));
        (welcome, asked)
    }

    fn sign_in(&mut self, user: UserName) -> Asked {
        self.trouble = None;
        self.attempt = Some(Attempt::SigningIn(user.clone()));
        Asked::SignIn(user)
    }

    /// Whether there is nothing here to go back from.
    pub fn is_idle(&self) -> bool {
        let has_list = !self.start.accounts.is_empty();
        self.attempt.is_none() && self.unlock.is_none() && !(has_list && self.form.is_some())
    }

    /// Who is about to sign in or up.
    pub fn account(&self) -> Option<&UserName> {
        match (&self.attempt, &self.unlock) {
            (Some(Attempt::SigningUp(user) | Attempt::SigningIn(user)), _) => Some(user),
            (None, unlock) => unlock.as_ref().map(|unlock| &unlock.user),
        }
    }

    /// Writes a character into the form.
    pub fn type_char(&mut self, c: char) {
        match (&self.attempt, &mut self.unlock, &mut self.form) {
            (None, Some(unlock), _) => unlock.secret.type_char(c),
            (None, None, Some(form)) => form.type_char(c),
            _ => {}
        }
    }

    /// Writes a text into the form.
    pub fn paste(&mut self, text: &str) {
        match (&self.attempt, &mut self.unlock, &mut self.form) {
            (None, Some(unlock), _) => unlock.secret.paste(text),
            (None, None, Some(form)) => form.paste(text),
            _ => {}
        }
    }

    /// Does what an action says.
    pub fn act(&mut self, action: Action) -> Option<Asked> {
        if self.attempt.is_some() {
            return (action == Action::Back).then(|| {
                self.attempt = None;
                Asked::Cancel
            });
        }
        if let Some(unlock) = &mut self.unlock {
            match action {
                Action::Back => self.unlock = None,
                Action::Accept => {
                    let passphrase = unlock.secret.passphrase().ok()?;
                    self.attempt = Some(Attempt::SigningIn(unlock.user.clone()));
                    return Some(Asked::Unlock(unlock.user.clone(), passphrase));
                }
                action => {
                    unlock.secret.act(action);
                }
            }
            return None;
        }
        match (&mut self.form, action) {
            (Some(form), Action::Accept) => {
                let form = form.accept()?;
                self.attempt = Some(Attempt::SigningUp(form.user.clone()));
                return Some(Asked::SignUp(form));
            }
            (Some(_), Action::Back) if !self.start.accounts.is_empty() => self.form = None,
            (Some(form), action) => {
                form.act(action);
            }
            (None, Action::Up) => self.selected = self.selected.saturating_sub(1),
            (None, Action::Down) => self.select(self.selected + 1),
            (None, Action::Accept) => return self.choose(),
            (None, _) => {}
        }
        None
    }

    /// Selects an entry.
    pub fn select(&mut self, at: usize) {
        self.selected = at.min(self.start.accounts.len());
    }

    /// Does what the selected entry says.
    pub fn choose(&mut self) -> Option<Asked> {
        let account = self.start.accounts.get(self.selected).map(|account| account.user.clone());
        if account.is_none() {
            self.form = Some(SignUp::new(self.start.asks_invite));
        }
        account.map(|user| self.sign_in(user))
    }

    /// The attempt failed.
    pub fn fail(&mut self, error: SignError) {
        let attempt = self.attempt.take();
        let SignError { field, what, hint } = error;
        let text = if hint.is_empty() { what } else { format!("{what}. {hint}") };
        match (&mut self.unlock, &mut self.form, attempt, field) {
            // Whatever else went wrong is not for the one who is asked for a passphrase.
            (Some(unlock), _, _, Some(FieldName::Passphrase)) => {
                *unlock = Unlock { complaint: Some(text), ..Unlock::new(unlock.user.clone()) };
            }
            (None, None, Some(Attempt::SigningIn(user)), Some(FieldName::Passphrase)) => {
                let complaint = Some(text).filter(|text| !text.is_empty());
                self.unlock = Some(Unlock { complaint, ..Unlock::new(user) });
            }
            (None, Some(form), _, field) => form.complain(Complaint { field, text }),
            _ => {
                self.unlock = None;
                self.trouble = Some(text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DisplayName;
    use crate::tui::app::seam::{AccountSummary, FieldName};
    use crate::tui::app::testing::user;

    fn start(accounts: &[&str]) -> Start {
        let account = |name: &&str| AccountSummary {
            user: user(name),
            display_name: DisplayName::from(&user(name)),
        };
        let accounts = accounts.iter().map(account).collect();
        Start { accounts, broker: "mqtt://localhost".to_owned(), ..Start::default() }
    }

    #[test]
    fn without_accounts_one_signs_up() {
        let (mut screen, asked) = Welcome::new(start(&[]));
        assert_eq!(asked, None);
        "bob".chars().for_each(|c| screen.type_char(c));
        for _ in 0..3 {
            assert_eq!(screen.act(Action::Accept), None);
        }
        assert_eq!(screen.act(Action::Left), None);
        let Some(Asked::SignUp(form)) = screen.act(Action::Accept) else { panic!("no sign-up") };
        assert_eq!(form.user, user("bob"));
        screen.type_char('x');
        let taken = SignError {
            field: Some(FieldName::User),
            what: "taken".into(),
            hint: "Choose another".into(),
        };
        screen.fail(taken);
        let form = screen.form.as_ref().unwrap();
        assert_eq!((form.at, form.fields[0].text()), (0, "bob"));
        assert_eq!(form.complaint.as_ref().unwrap().text, "taken. Choose another");
    }

    #[test]
    fn with_accounts_one_chooses() {
        let (mut screen, _) = Welcome::new(start(&["alice", "bob"]));
        screen.act(Action::Down);
        assert_eq!(screen.act(Action::Accept), Some(Asked::SignIn(user("bob"))));
        assert_eq!(screen.act(Action::Accept), None, "one attempt at a time");
        assert_eq!(screen.act(Action::Back), Some(Asked::Cancel));
        screen.act(Action::Down);
        assert_eq!(screen.act(Action::Accept), None);
        assert!(screen.form.is_some());
        screen.act(Action::Back);
        assert!(screen.form.is_none());
    }

    #[test]
    fn a_protected_account_asks_for_its_passphrase_until_it_is_right_or_nobody_wants_in() {
        let (mut screen, _) = Welcome::new(start(&["alice"]));
        let refused = |what: &str| SignError {
            field: Some(FieldName::Passphrase),
            what: what.to_owned(),
            hint: String::new(),
        };
        assert_eq!(screen.act(Action::Accept), Some(Asked::SignIn(user("alice"))));
        screen.fail(refused(""));
        assert_eq!(screen.unlock.as_ref().unwrap().complaint, None);
        assert_eq!(screen.act(Action::Accept), None, "an empty one is no attempt");
        let wrong = Passphrase::new("wrong".to_owned()).unwrap();
        screen.paste("wrong");
        assert_eq!(screen.act(Action::Accept), Some(Asked::Unlock(user("alice"), wrong)));
        screen.type_char('x');
        screen.fail(refused("wrong passphrase"));
        let unlock = screen.unlock.as_ref().unwrap();
        assert_eq!(unlock.complaint.as_deref(), Some("wrong passphrase"));
        assert!(
            unlock.secret.is_empty(),
            "nothing was typed while it was tried, and the wrong one is gone"
        );
        "right".chars().for_each(|c| screen.type_char(c));
        assert!(matches!(screen.act(Action::Accept), Some(Asked::Unlock(..))));
        assert_eq!(screen.act(Action::Back), Some(Asked::Cancel));
        assert!(
            screen.unlock.is_some() && screen.act(Action::Back).is_none() && screen.unlock.is_none()
        );
        // What is wrong otherwise leads back to the accounts.
        screen.act(Action::Accept);
        screen.fail(refused(""));
        screen.paste("right");
        screen.act(Action::Accept);
        screen.fail(SignError { field: None, what: "in use".to_owned(), hint: String::new() });
        assert_eq!((screen.unlock.is_none(), screen.trouble.as_deref()), (true, Some("in use")));
    }

    #[test]
    fn an_account_named_at_the_start_is_signed_in_at_once() {
        let (mut screen, asked) = Welcome::new(Start { sign_in: Some(user("zoe")), ..start(&[]) });
        assert_eq!(asked, Some(Asked::SignIn(user("zoe"))));
        screen.fail(SignError { field: None, what: "no account zoe".into(), hint: String::new() });
        assert_eq!(screen.trouble.as_deref(), Some("no account zoe"));
        assert_eq!(screen.act(Action::Accept), None);
        assert!(screen.form.is_some(), "signing up is what is left");
    }
}
