//! The first screen: sign in with an account of this data directory, or sign up.

use super::Action;
use super::form::{Complaint, SignUp};
use super::seam::{SignError, SignUpForm, Start};
use crate::domain::UserName;

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
    /// The attempt that is under way.
    pub attempt: Option<Attempt>,
    /// Why signing in failed, or why the last session ended.
    pub trouble: Option<String>,
}

impl Welcome {
    /// The screen at the start. Without accounts it opens with the sign-up form.
    pub fn new(start: Start) -> (Self, Option<Asked>) {
        let form = (start.accounts.is_empty() && start.sign_in.is_none()).then(SignUp::new);
        let mut welcome = Self { start, selected: 0, form, attempt: None, trouble: None };
        let asked = welcome.start.sign_in.take().map(|user| welcome.sign_in(user));
        (welcome, asked)
    }

    fn sign_in(&mut self, user: UserName) -> Asked {
        self.trouble = None;
        self.attempt = Some(Attempt::SigningIn(user.clone()));
        Asked::SignIn(user)
    }

    /// Writes a character into the form.
    pub fn type_char(&mut self, c: char) {
        if let Some(form) = self.form.as_mut().filter(|_| self.attempt.is_none()) {
            form.field().type_char(c);
        }
    }

    /// Writes a text into the form.
    pub fn paste(&mut self, text: &str) {
        if let Some(form) = self.form.as_mut().filter(|_| self.attempt.is_none()) {
            form.field().paste(text);
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
            self.form = Some(SignUp::new());
        }
        account.map(|user| self.sign_in(user))
    }

    /// The attempt failed.
    pub fn fail(&mut self, error: SignError) {
        self.attempt = None;
        let SignError { field, what, hint } = error;
        let text = if hint.is_empty() { what } else { format!("{what}. {hint}") };
        match &mut self.form {
            Some(form) => form.complain(Complaint { field, text }),
            None => self.trouble = Some(text),
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
        Start { accounts, broker: "mqtt://localhost".to_owned(), sign_in: None }
    }

    #[test]
    fn without_accounts_one_signs_up() {
        let (mut screen, asked) = Welcome::new(start(&[]));
        assert_eq!(asked, None);
        "bob".chars().for_each(|c| screen.type_char(c));
        assert_eq!(screen.act(Action::Accept), None);
        assert_eq!(screen.act(Action::Accept), None);
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
    fn an_account_named_at_the_start_is_signed_in_at_once() {
        let (mut screen, asked) = Welcome::new(Start { sign_in: Some(user("zoe")), ..start(&[]) });
        assert_eq!(asked, Some(Asked::SignIn(user("zoe"))));
        screen.fail(SignError { field: None, what: "no account zoe".into(), hint: String::new() });
        assert_eq!(screen.trouble.as_deref(), Some("no account zoe"));
        assert_eq!(screen.act(Action::Accept), None);
        assert!(screen.form.is_some(), "signing up is what is left");
    }
}
