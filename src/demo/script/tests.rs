//! Whether the script can be played.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::domain::mentions;

/// What is known of the play while it is read.
#[derive(Default)]
struct Play {
    here: BTreeSet<UserName>,
    groups: BTreeMap<String, BTreeSet<UserName>>,
    /// Who has said something where; what is between two people by both names.
    said: BTreeSet<(String, UserName)>,
}

impl Play {
    /// Takes in a step; says why it cannot be played.
    fn take(&mut self, script: &Script, Step { who, does, .. }: &Step) -> Result<(), String> {
        let is_here = self.here.contains(who);
        if (*does == Deed::Come) == is_here {
            return Err("comes twice, or does something while away".to_owned());
        }
        match does {
            Deed::Come => drop(self.here.insert(who.clone())),
            Deed::Go => drop(self.here.remove(who)),
            Deed::Say { to, answers, .. } => {
                let place = self.place(script, to, who)?;
                if answers.iter().any(|other| !self.said.contains(&(place.clone(), other.clone()))) {
                    return Err("answers what nobody said".to_owned());
                }
                self.said.insert((place, who.clone()));
            }
            Deed::Edit { at, .. } => self.must_have_said(script, at, who, who)?,
            Deed::React { at, to, .. } => self.must_have_said(script, at, who, to)?,
            Deed::Make { group } => {
                let made = self.groups.insert(group.to_string(), BTreeSet::from([who.clone()]));
                if made.is_some() {
                    return Err("makes a group that there is".to_owned());
                }
            }
            Deed::Ask { group, user } => {
                let members = self.groups.get(group.as_str()).ok_or("there is no such group")?;
                if !members.contains(who) || members.contains(user) {
                    return Err("may not ask them in, or they are in".to_owned());
                }
            }
            Deed::Join { group } => {
                let members = self.groups.get_mut(group.as_str()).ok_or("there is no such group")?;
                members.insert(who.clone());
            }
        }
        Ok(())
    }

    fn must_have_said(
        &self,
        script: &Script,
        at: &Place,
        who: &UserName,
        whose: &UserName,
    ) -> Result<(), String> {
        let place = self.place(script, at, who)?;
        let said = self.said.contains(&(place, whose.clone()));
        said.then_some(()).ok_or_else(|| "there is no such message".to_owned())
    }

    fn place(&self, script: &Script, place: &Place, who: &UserName) -> Result<String, String> {
        match place {
            Place::Person(user) if user == who => Err("to themselves".to_owned()),
            Place::Person(user) if script.role(user).is_some() => {
                Ok(if user < who { format!("{user} {who}") } else { format!("{who} {user}") })
            }
            Place::Person(_) => Err("to nobody that there is".to_owned()),
            Place::Group(group) => match self.groups.get(group.as_str()) {
                Some(members) if members.contains(who) => Ok(format!("#{group}")),
                _ => Err("in a group that they are not in".to_owned()),
            },
        }
    }
}

impl Script {
    fn role(&self, user: &UserName) -> Option<&Role> {
        self.companions.iter().chain([&self.you]).find(|role| role.user == *user)
    }

    /// What cannot be played, a line each.
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let names: BTreeSet<_> = self.companions.iter().chain([&self.you]).map(|r| &r.user).collect();
        if names.len() != self.companions.len() + 1 {
            problems.push("two have one name".to_owned());
        }
        let mut play = Play::default();
        for (part, steps) in [("prelude", &self.prelude), ("scene", &self.scene)] {
            for (at, step) in steps.iter().enumerate() {
                let wrong = match self.role(&step.who) {
                    None => Err("is nobody".to_owned()),
                    // There the person has the keyboard.
                    Some(role) if part == "scene" && role.user == self.you.user => {
                        Err("is the person themselves".to_owned())
                    }
                    Some(_) => play.take(self, step),
                };
                if let Err(why) = wrong {
                    problems.push(format!("{part} {at}: {}: {why}", step.who));
                }
                if step.after > 15 {
                    problems.push(format!("{part} {at}: nobody waits so long"));
                }
            }
            if part == "prelude" && play.here.contains(&self.you.user) {
                problems.push("the person is still signed in when they are to sign in".to_owned());
            }
        }
        for role in &self.companions {
            if !play.here.contains(&role.user) {
                problems.push(format!("{} is away at the end", role.user));
            }
            let answers_all = role.answers.last().is_some_and(|answer| answer.words.is_empty());
            if !answers_all || role.answers.iter().any(|answer| answer.say.is_empty()) {
                problems.push(format!("{} does not answer everything", role.user));
            }
        }
        problems
    }
}

#[test]
fn the_script_can_be_played_and_shows_everything() {
    let script = Script::built_in().unwrap();
    assert_eq!(script.problems(), [""; 0]);
    let deeds: Vec<_> = script.scene.iter().map(|step| &step.does).collect();
    let shows = |what: &str, is: &dyn Fn(&Deed) -> bool| {
        assert!(deeds.iter().any(|deed| is(deed)), "nobody shows {what}");
    };
    shows("how somebody goes", &|deed| *deed == Deed::Go);
    shows("a reply", &|deed| matches!(deed, Deed::Say { answers: Some(_), .. }));
    shows("an edit", &|deed| matches!(deed, Deed::Edit { .. }));
    shows("a sign", &|deed| matches!(deed, Deed::React { .. }));
    shows("an invitation", &|deed| matches!(deed, Deed::Ask { .. }));
    let you = &script.you.user;
    shows(
        "a mention",
        &|deed| matches!(deed, Deed::Say { text, to: Place::Group(_), .. } if mentions(text.as_str(), you)),
    );
    assert_eq!(script.companions.iter().filter(|role| role.host).count(), 1);
}

#[test]
fn what_cannot_be_played_is_found() {
    let built_in = include_str!("../../../assets/demo.toml");
    let with = |step: &str| {
        let text = format!("{built_in}\n[[scene]]\n{step}\n");
        toml::from_str::<Script>(&text).map_or_else(|e| vec![e.to_string()], |s| s.problems())
    };
    assert!(with("who = \"maya\"\ndoes.join = { group = \"lunch\" }").is_empty());
    for wrong in [
        "who = \"maya\"\ndoes = \"come\"",
        "who = \"maya\"\ndoes = \"go\"",
        "who = \"zoe\"\ndoes = \"come\"",
        "who = \"you\"\ndoes = \"come\"",
        "who = \"maya\"\ndoes.say = { to = \"#lunch\", text = \"x\" }",
        "who = \"maya\"\ndoes.say = { to = \"zoe\", text = \"x\" }",
        "who = \"maya\"\ndoes.say = { to = \"tom\", text = \"x\", answers = \"tom\" }",
        "who = \"maya\"\ndoes.edit = { at = \"tom\", text = \"x\" }",
        "who = \"maya\"\ndoes.react = { at = \"tom\", to = \"tom\", sign = \"👍\" }",
        "who = \"maya\"\ndoes.make = { group = \"crew\" }",
        "who = \"maya\"\ndoes.ask = { group = \"crew\", user = \"tom\" }",
        "who = \"maya\"\ndoes.join = { group = \"moon\" }",
        "who = \"maya\"\ndoes = \"dance\"",
        "who = \"maya\"\nafter = 60\ndoes.join = { group = \"lunch\" }",
        "who = \"maya\"\nwhen = 6\ndoes.join = { group = \"lunch\" }",
    ] {
        assert!(!with(wrong).is_empty(), "{wrong}");
    }
}

#[test]
fn an_answer_is_chosen_by_whole_words() {
    let script = Script::built_in().unwrap();
    let hello = &script.companions[0].answers[0];
    assert!(hello.fits("Hi, Maya!") && hello.fits("HELLO") && !hello.fits("this is new"));
    let any = script.companions[0].answers.last().unwrap();
    assert!(any.fits("whatever"));
}
