//! Forms: signing up, and making a group.

use std::fmt;

use super::Action;
use super::field::Field;
use super::seam::{FieldName, SignUpForm};
use super::secret::SecretField;
use super::world::World;
use crate::config::{InvalidInvite, Invite};
use crate::domain::{
    DisplayName, GroupId, GroupName, JoinPolicy, MobileNumber, Passphrase, UserName, limits,
};
use crate::engine::Protection;

/// What was wrong with a form, and at which field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// At which field; `None` when it concerns the whole form.
    pub field: Option<FieldName>,
    /// What is wrong, and what to do.
    pub text: String,
}

/// What is chosen to protect a new account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// A passphrase, which is typed below.
    Passphrase,
    /// The keyring of the desktop.
    Keyring,
    /// Nothing.
    Nothing,
}

impl Guard {
    fn next(self) -> Self {
        match self {
            Self::Passphrase => Self::Keyring,
            Self::Keyring => Self::Nothing,
            Self::Nothing => Self::Passphrase,
        }
    }
}

/// The sign-up form.
#[derive(Clone)]
pub struct SignUp {
    /// User name, display name, mobile number, invite.
    pub fields: [Field; 4],
    /// Whether the broker may want an invite; else none is asked for.
    pub asks_invite: bool,
    /// What is to protect the account.
    pub guard: Guard,
    /// The passphrase, twice.
    pub secrets: [SecretField; 2],
    /// Which of those that are shown has the cursor.
    pub at: usize,
    /// What was wrong at the last attempt.
    pub complaint: Option<Complaint>,
}

/// Without what was typed: an invite is a secret.
impl fmt::Debug for SignUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignUp").field("at", &self.at).finish_non_exhaustive()
    }
}

impl SignUp {
    const WRITTEN: [FieldName; 4] =
        [FieldName::User, FieldName::DisplayName, FieldName::Mobile, FieldName::Invite];
    const SECRET: [FieldName; 2] = [FieldName::Passphrase, FieldName::Again];

    /// An empty form.
    pub fn new(asks_invite: bool) -> Self {
        Self {
            fields: Default::default(),
            asks_invite,
            guard: Guard::Passphrase,
            secrets: Default::default(),
            at: 0,
            complaint: None,
        }
    }

    /// The fields in order. Where no passphrase is to protect the account, none is asked for, and no invite where
    /// the broker wants none.
    pub fn shown(&self) -> Vec<FieldName> {
        let written =
            Self::WRITTEN.into_iter().filter(|&name| name != FieldName::Invite || self.asks_invite);
        let secret = Self::SECRET.into_iter().filter(|_| self.guard == Guard::Passphrase);
        written.chain([FieldName::Protection]).chain(secret).collect()
    }

    /// What is written in the field of this name, where one writes and others may see it.
    pub fn field(&self, name: FieldName) -> Option<&Field> {
        Self::WRITTEN.iter().position(|written| *written == name).map(|at| &self.fields[at])
    }

    /// The passphrase field of this name, if it is one.
    pub fn secret(&self, name: FieldName) -> Option<&SecretField> {
        Self::SECRET.iter().position(|secret| *secret == name).map(|at| &self.secrets[at])
    }

    /// Whether the passphrase that is typed is a short one.
    pub fn is_short(&self) -> bool {
        (1..limits::SHORT_PASSPHRASE).contains(&self.secrets[0].len())
    }

    /// Writes a character into the field that has the cursor; the space bar changes what is chosen there.
    pub fn type_char(&mut self, c: char) {
        self.complaint = None;
        if self.is_at_guard() {
            if c == ' ' {
                self.choose(self.guard.next());
            }
        } else if let Some(field) = self.field_here() {
            field.type_char(c);
        } else if let Some(secret) = self.secret_here() {
            secret.type_char(c);
        }
    }

    /// Writes a text into the field that has the cursor.
    pub fn paste(&mut self, text: &str) {
        self.complaint = None;
        if let Some(field) = self.field_here() {
            field.paste(text);
        } else if let Some(secret) = self.secret_here() {
            secret.paste(text);
        }
    }

    /// The name of the field that has the cursor.
    fn here(&self) -> Option<FieldName> {
        self.shown().get(self.at).copied()
    }

    fn field_here(&mut self) -> Option<&mut Field> {
        let here = self.here()?;
        Self::WRITTEN.iter().position(|name| *name == here).map(|at| &mut self.fields[at])
    }

    fn secret_here(&mut self) -> Option<&mut SecretField> {
        let here = self.here()?;
        Self::SECRET.iter().position(|name| *name == here).map(|at| &mut self.secrets[at])
    }

    fn is_at_guard(&self) -> bool {
        self.here() == Some(FieldName::Protection)
    }

    fn choose(&mut self, guard: Guard) {
        self.guard = guard;
        self.complaint = None;
    }

    /// Moves between fields or edits one; says whether the action was one of those.
    pub fn act(&mut self, action: Action) -> bool {
        let count = self.shown().len();
        match action {
            Action::NextField => self.at = (self.at + 1) % count,
            Action::PreviousField => self.at = (self.at + count - 1) % count,
            Action::Right | Action::Toggle if self.is_at_guard() => self.choose(self.guard.next()),
            // There are three.
            Action::Left if self.is_at_guard() => self.choose(self.guard.next().next()),
            action => {
                if let Some(field) = self.field_here() {
                    return field.act(action);
                }
                return self.secret_here().is_some_and(|secret| secret.act(action));
            }
        }
        true
    }

    /// Goes to the next field, or at the last one checks the form.
    pub fn accept(&mut self) -> Option<SignUpForm> {
        self.complaint = None;
        let is_last = self.at + 1 >= self.shown().len();
        if !is_last && self.check_field().is_ok() {
            self.at += 1;
            return None;
        }
        match self.check() {
            Ok(form) => Some(form),
            Err(complaint) => {
                self.complain(complaint);
                None
            }
        }
    }

    /// Shows what is wrong, and goes to the field. What is about one that is not shown concerns the whole form.
    pub fn complain(&mut self, complaint: Complaint) {
        let at = self.shown().iter().position(|field| complaint.field == Some(*field));
        self.at = at.unwrap_or(self.at);
        self.complaint =
            Some(Complaint { field: complaint.field.filter(|_| at.is_some()), ..complaint });
    }

    fn check_field(&self) -> Result<(), Complaint> {
        match self.check() {
            Err(complaint) if complaint.field == self.here() => Err(complaint),
            _ => Ok(()),
        }
    }

    fn check(&self) -> Result<SignUpForm, Complaint> {
        let [user, display_name, mobile, invite] = &self.fields;
        let wrong = |field, text: String| Complaint { field: Some(field), text };
        let user: UserName =
            user.text().trim().parse().map_err(|e| wrong(FieldName::User, format!("{e}")))?;
        let display_name = match display_name.text().trim() {
            "" => DisplayName::from(&user),
            text => DisplayName::new(text)
                .map_err(|e| wrong(FieldName::DisplayName, format!("not a display name: {e}")))?,
        };
        let mobile = match mobile.text().trim() {
            "" => None,
            text => {
                let why = |e| format!("not a mobile number: {e}; leave it empty if you like");
                Some(MobileNumber::typed(text).map_err(|e| wrong(FieldName::Mobile, why(e)))?)
            }
        };
        let invite = match invite.text().trim() {
            text if text.is_empty() || !self.asks_invite => None,
            text => {
                let why = |e: InvalidInvite| wrong(FieldName::Invite, e.to_string());
                Some(text.parse::<Invite>().map_err(why)?)
            }
        };
        let protection = match self.guard {
            Guard::Passphrase => Protection::Passphrase(self.passphrase()?),
            Guard::Keyring => Protection::Keyring,
            Guard::Nothing => Protection::None,
        };
        Ok(SignUpForm { user, display_name, mobile, invite, protection })
    }

    fn passphrase(&self) -> Result<Passphrase, Complaint> {
        let wrong = |field, text: &str| Complaint { field: Some(field), text: text.to_owned() };
        let [passphrase, again] = &self.secrets;
        let Ok(chosen) = passphrase.passphrase() else {
            return Err(wrong(
                FieldName::Passphrase,
                "type one, or choose the keyring or nothing above",
            ));
        };
        if !passphrase.is_same(again) {
            let why = match again.is_empty() {
                true => "type the passphrase once more",
                false => "the two passphrases differ",
            };
            return Err(wrong(FieldName::Again, why));
        }
        Ok(chosen)
    }
}

/// Asks for the passphrase of an account.
#[derive(Clone, Debug)]
pub struct Unlock {
    /// Whose.
    pub user: UserName,
    /// What is typed.
    pub secret: SecretField,
    /// What was wrong at the last attempt.
    pub complaint: Option<String>,
}

impl Unlock {
    /// Nothing is typed yet.
    pub fn new(user: UserName) -> Self {
        Self { user, secret: SecretField::default(), complaint: None }
    }
}

/// What a finished group form asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A new group.
    New(GroupName, JoinPolicy),
    /// To go to one that exists.
    Existing(GroupId),
}

/// The form that makes a group.
#[derive(Clone, Debug)]
pub struct NewGroup {
    /// What to call it.
    pub name: Field,
    /// Who may come in.
    pub policy: JoinPolicy,
    /// Whether the cursor is on the policy instead of the name.
    pub on_policy: bool,
    /// What was wrong at the last attempt.
    pub complaint: Option<String>,
    /// A group of that name that exists already.
    pub existing: Option<GroupId>,
}

impl NewGroup {
    /// A form that begins with this name.
    pub fn new(name: &str) -> Self {
        Self {
            name: Field::from(name),
            policy: JoinPolicy::Open,
            on_policy: false,
            complaint: None,
            existing: None,
        }
    }

    /// Moves between the fields or edits one; says whether the action was one of those.
    pub fn act(&mut self, action: Action) -> bool {
        match action {
            Action::NextField | Action::PreviousField => self.on_policy = !self.on_policy,
            Action::Toggle => self.toggle(),
            Action::Left | Action::Right if self.on_policy => self.toggle(),
            _ if self.on_policy => return false,
            _ => {
                self.existing = None;
                self.complaint = None;
                return self.name.act(action);
            }
        }
        true
    }

    /// Writes a character; the space bar changes the policy where that has the cursor.
    pub fn type_char(&mut self, c: char) {
        match (self.on_policy, c) {
            (true, ' ') => self.toggle(),
            (true, _) => {}
            (false, c) => {
                self.existing = None;
                self.complaint = None;
                self.name.type_char(c);
            }
        }
    }

    fn toggle(&mut self) {
        self.policy = match self.policy {
            JoinPolicy::Open => JoinPolicy::Invite,
            JoinPolicy::Invite => JoinPolicy::Open,
        };
    }

    /// Checks the form. A name that exists in what we see is offered first, and taken the second time,
    /// unless another of the same name is wanted `anyway`.
    pub fn accept(&mut self, world: &World, anyway: bool) -> Option<Wanted> {
        let name = match GroupName::new(self.name.text()) {
            Ok(name) => name,
            Err(why) => {
                self.complaint = Some(format!("not a group name: {why}"));
                return None;
            }
        };
        if let Some(existing) = self.existing.filter(|_| !anyway) {
            return Some(Wanted::Existing(existing));
        }
        match world.groups_named(name.as_str()).first() {
            Some(view) if !anyway => {
                self.existing = Some(view.group.id);
                None
            }
            _ => Some(Wanted::New(name, self.policy)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Standing;
    use crate::tui::app::testing::{group, user};

    fn filled(texts: [&str; 3]) -> SignUp {
        let [user, display_name, mobile] = texts.map(Field::from);
        let fields = [user, display_name, mobile, Field::default()];
        SignUp { fields, guard: Guard::Nothing, at: 3, ..SignUp::new(false) }
    }

    #[test]
    fn a_form_is_checked_at_its_fields() {
        let form = filled(["alice", "", ""]).accept().unwrap();
        assert_eq!(form.display_name.as_str(), "alice");
        assert_eq!(form.mobile, None);
        for (texts, at, says) in [
            (["Alice", "", ""], 0, "`A` cannot stand"),
            (["", "", ""], 0, "cannot be empty"),
            (["alice", "", "call me"], 2, "leave it empty"),
        ] {
            let mut form = filled(texts);
            assert_eq!(form.accept(), None);
            assert_eq!(form.at, at);
            assert!(form.complaint.unwrap().text.contains(says));
        }
    }

    #[test]
    fn enter_goes_from_field_to_field_and_stays_at_a_wrong_one() {
        let mut form = filled(["Alice", "", ""]);
        form.at = 0;
        assert_eq!(form.accept(), None);
        assert_eq!(form.at, 0);
        form.fields[0] = Field::from("alice");
        assert!(form.accept().is_none() && form.at == 1 && form.complaint.is_none());
        assert!(form.accept().is_none() && form.at == 2);
        assert!(form.accept().is_none() && form.at == 3);
        assert_eq!(form.accept().unwrap().protection, Protection::None);
        assert!(form.act(Action::PreviousField) && form.at == 2);
        assert!(form.act(Action::PreviousField) && form.act(Action::PreviousField));
        assert!(form.act(Action::PreviousField) && form.at == 3);
    }

    #[test]
    fn what_protects_is_chosen_and_only_a_passphrase_is_typed() {
        let mut form = SignUp { guard: Guard::Passphrase, ..filled(["alice", "", ""]) };
        assert_eq!((form.guard, form.shown().len()), (Guard::Passphrase, 6));
        assert!(form.act(Action::Right) && form.guard == Guard::Keyring && form.shown().len() == 4);
        form.type_char('x');
        form.paste("y");
        assert!(!form.act(Action::DeleteBefore));
        assert_eq!(form.accept().unwrap().protection, Protection::Keyring);
        form.complain(Complaint { field: Some(FieldName::Protection), text: "no keyring".to_owned() });
        form.type_char(' ');
        assert_eq!((form.guard, form.complaint.as_ref()), (Guard::Nothing, None));
        assert_eq!(form.accept().unwrap().protection, Protection::None);
        assert!(form.act(Action::Toggle) && form.act(Action::Left) && form.act(Action::Left));
        assert_eq!(form.guard, Guard::Keyring);
        assert!(form.act(Action::Left) && form.guard == Guard::Passphrase);
        // Nobody is left without protection who did not say so.
        assert!(form.accept().is_none() && form.at == 4);
        assert_eq!((form.accept(), form.at), (None, 4));
        assert!(form.complaint.as_ref().unwrap().text.contains("nothing above"));
    }

    #[test]
    fn a_passphrase_is_typed_twice() {
        let mut form = SignUp { guard: Guard::Passphrase, at: 4, ..filled(["alice", "", ""]) };
        assert!(!form.is_short(), "nothing is typed yet");
        "hush".chars().for_each(|c| form.type_char(c));
        assert!(form.is_short());
        form.paste("hush");
        assert!(!form.is_short());
        (0..4).for_each(|_| assert!(form.act(Action::DeleteBefore)));
        assert!(form.accept().is_none() && form.at == 5 && form.complaint.is_none());
        assert_eq!(form.accept(), None);
        assert_eq!(form.complaint.as_ref().unwrap().text, "type the passphrase once more");
        form.paste("hash");
        assert_eq!((form.accept(), form.at), (None, 5));
        assert_eq!(form.complaint.as_ref().unwrap().text, "the two passphrases differ");
        assert!(form.act(Action::DeleteToStart));
        form.paste("hush");
        let hush = Passphrase::new("hush".to_owned()).unwrap();
        assert_eq!(form.accept().unwrap().protection, Protection::Passphrase(hush));
        // Taken out above, it still stands below.
        form.at = 4;
        form.act(Action::DeleteToStart);
        assert_eq!((form.accept(), form.at), (None, 4));
    }

    #[test]
    fn an_invite_is_asked_for_where_the_broker_may_want_one() {
        const LINE: &str = "abcdefghijklmnop";
        let mut form = SignUp { asks_invite: true, at: 3, ..filled(["alice", "", ""]) };
        assert_eq!(form.shown()[3..], [FieldName::Invite, FieldName::Protection]);
        // Who has none leaves it empty.
        assert!(form.accept().is_none() && form.at == 4);
        assert_eq!(form.accept().unwrap().invite, None);
        form.at = 3;
        form.paste("abc def");
        assert!(form.accept().is_none() && form.at == 3);
        let complaint = form.complaint.clone().unwrap();
        assert_eq!(
            (complaint.field, complaint.text),
            (Some(FieldName::Invite), InvalidInvite.to_string())
        );
        // It is not forgotten further down.
        form.at = 4;
        assert!(form.accept().is_none() && form.at == 3);
        assert!(form.act(Action::DeleteToStart));
        form.paste(&format!(" {LINE}\n"));
        assert!(form.accept().is_none() && form.at == 4);
        let done = form.accept().unwrap();
        assert_eq!(done.invite, Some(LINE.parse().unwrap()));
        assert!(!format!("{done:?}").contains(LINE), "it is a secret");
        // A broker of our own wants none, and what cannot be seen is not to blame.
        let mut own = SignUp { asks_invite: false, ..form };
        assert!(!own.shown().contains(&FieldName::Invite));
        own.at = 3;
        assert_eq!(own.accept().unwrap().invite, None);
        own.complain(Complaint { field: Some(FieldName::Invite), text: "no".to_owned() });
        assert_eq!((own.at, own.complaint.unwrap().field), (3, None));
    }

    #[test]
    fn an_existing_group_is_offered_first() {
        let mut world = World::new(user("alice"));
        world.note_group(group(1, "team", "bob", Standing::Listed, &["bob"]));
        world.sort();
        let mut form = NewGroup::new("#Team");
        assert_eq!(form.accept(&world, false), None);
        assert_eq!(form.accept(&world, false), Some(Wanted::Existing(GroupId::from_bits(1))));
        let another = Wanted::New(GroupName::new("Team").unwrap(), JoinPolicy::Open);
        assert_eq!(form.accept(&world, true), Some(another));
        form.type_char('s');
        assert_eq!(form.existing, None);
        assert!(matches!(form.accept(&world, false), Some(Wanted::New(..))));
        let mut blank = NewGroup::new(" ");
        assert_eq!(blank.accept(&world, false), None);
        assert!(blank.complaint.is_some());
    }

    #[test]
    fn the_policy_is_changed_where_it_has_the_cursor() {
        let mut form = NewGroup::new("a");
        form.type_char(' ');
        assert_eq!((form.policy, form.name.text()), (JoinPolicy::Open, "a "));
        form.act(Action::NextField);
        form.type_char(' ');
        assert_eq!(form.policy, JoinPolicy::Invite);
        assert!(form.act(Action::Left) && form.policy == JoinPolicy::Open);
        assert!(!form.act(Action::DeleteBefore));
    }
}
