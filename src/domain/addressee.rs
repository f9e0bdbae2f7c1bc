//! Where a name ends and what is said begins.

use std::collections::HashSet;

use super::{Person, UserName, limits};

/// Splits `anna lee on my way` into whom it is said to and what is said: the first word, or as many as are somebody's
/// display name. Where the first word is a user name that user is meant, whatever others call themselves.
///
/// # Errors
/// In words, where it may be said to one or to another.
pub fn addressee<'a, 'p>(
    line: &'a str,
    people: impl Iterator<Item = &'p Person> + Clone,
) -> Result<(&'a str, &'a str), String> {
    let line = line.trim();
    let split = |at: usize| (line[..at].trim_end(), line[at..].trim());
    let plain = |name: &str| name.trim_start_matches('@').to_lowercase();
    let first = line.find(char::is_whitespace).unwrap_or(line.len());
    let user = plain(&line[..first]).parse::<UserName>().ok();
    let user = user.filter(|user| people.clone().any(|person| person.user == *user));
    let meant = people.filter(|person| user.as_ref().is_none_or(|user| person.user == *user));
    let names: HashSet<String> =
        meant.map(|person| person.display_name.as_str().to_lowercase()).collect();
    let blanks = line.match_indices(char::is_whitespace).map(|(at, _)| at);
    let ends = blanks.chain([line.len()]).take_while(|at| *at <= limits::NAME_BYTES);
    let mut ends = ends.filter(|at| names.contains(&plain(&line[..*at])));
    match (ends.next(), ends.next()) {
        (None, _) => Ok(split(first)),
        (Some(only), None) => Ok(split(only)),
        (Some(shorter), Some(longer)) => Err(format!(
            "this may be for {} or for {}: write the user name, without blanks",
            &line[..shorter],
            &line[..longer]
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Availability, DisplayName, Origin, Trust};

    fn person(user: &str, display_name: &str) -> Person {
        Person {
            user: user.parse().unwrap(),
            display_name: DisplayName::new(display_name).unwrap(),
            mobile: None,
            origin: Origin::Registered,
            availability: Availability::Offline { last_seen: None },
            trust: Trust::NotVerified,
            blocked: false,
        }
    }

    #[test]
    fn a_name_has_as_many_words_as_somebody_is_called() {
        let people = [
            person("al", "Anna Lee"),
            person("bob", "Bob"),
            person("eve", "bob hello"),
            person("carol", "Carol Müller"),
        ];
        let read = |line| addressee(line, people.iter());
        assert_eq!(read("anna lee  on my way"), Ok(("anna lee", "on my way")));
        assert_eq!(read("@Anna Lee"), Ok(("@Anna Lee", "")));
        assert_eq!(read("al on my way"), Ok(("al", "on my way")));
        assert_eq!(
            read("zoe anna lee"),
            Ok(("zoe", "anna lee")),
            "nobody is called so: they are looked for"
        );
        assert_eq!(
            read("bob hello you"),
            Ok(("bob", "hello you")),
            "nobody takes what is for a user name"
        );
        assert_eq!(read("bob"), Ok(("bob", "")));
        assert_eq!(read("carol müller see you"), Ok(("carol müller", "see you")));
        assert_eq!(read("carol see you"), Ok(("carol", "see you")));
        assert_eq!(read(""), Ok(("", "")));
    }

    #[test]
    fn whoever_calls_themselves_as_a_message_begins_does_not_get_it() {
        let people = [person("al", "Anna"), person("eve", "Anna on")];
        let why = addressee("anna on my way", people.iter()).unwrap_err();
        assert!(why.contains("for anna or for anna on: write the user name"), "{why}");
        assert_eq!(addressee("al on my way", people.iter()), Ok(("al", "on my way")));
        assert_eq!(addressee("anna hi", people.iter()), Ok(("anna", "hi")));
    }
}
