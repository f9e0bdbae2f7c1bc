//! What the file of a group is called.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::domain::GroupName;

/// What no common file system or shell trips over stays; `%` is the escape and `~` begins the suffix.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b'/')
    .add(b'\\')
    .add(b':')
    .add(b'*')
    .add(b'?')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'|')
    .add(b'%')
    .add(b'~');

/// The longest name that leaves room for a suffix in the 255 bytes of a file name.
const LONGEST: usize = 200;

/// The file of a group: `Group_<name>.csv`, or with a suffix `Group_<name>~<suffix>.csv`. `None` if the
/// name is too long to stand there whole and no suffix makes up for that.
pub(super) fn file_name(name: &GroupName, suffix: Option<&str>) -> Option<String> {
    let mut stem = String::new();
    for (at, c) in name.as_str().char_indices() {
        let mut utf8 = [0; 4];
        let text: &str = c.encode_utf8(&mut utf8);
        let escaped: String = match c {
            '.' if at == 0 => "%2E".to_owned(),
            // Names in any script stay readable.
            c if !c.is_ascii() => text.to_owned(),
            _ => utf8_percent_encode(text, ESCAPED).to_string(),
        };
        if stem.len() + escaped.len() > LONGEST {
            return suffix.map(|suffix| format!("Group_{stem}~{suffix}.csv"));
        }
        stem.push_str(&escaped);
    }
    Some(match suffix {
        Some(suffix) => format!("Group_{stem}~{suffix}.csv"),
        None => format!("Group_{stem}.csv"),
    })
}

/// The name of the group that a file without a suffix belongs to; `None` if it is no group's file.
pub(super) fn group_name(file: &str) -> Option<GroupName> {
    let stem = file.strip_prefix("Group_")?.strip_suffix(".csv")?;
    GroupName::new(&percent_decode_str(stem).decode_utf8().ok()?).ok()
}

/// Whether a file of this name can only lie in the data directory itself and belong to a group.
pub(super) fn is_group_file(file: &str) -> bool {
    let plain = !file.contains(|c: char| c == '/' || c == '\\' || c.is_control());
    plain && file.len() <= 255 && file.starts_with("Group_") && file.ends_with(".csv")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> GroupName {
        GroupName::new(text).unwrap()
    }

    #[test]
    fn names_stay_readable_where_they_can() {
        for (group, file) in [
            ("team", "Group_team.csv"),
            ("the pump", "Group_the pump.csv"),
            ("../../etc", "Group_%2E.%2F..%2Fetc.csv"),
            ("50% ~ a:b", "Group_50%25 %7E a%3Ab.csv"),
            ("नमस्ते", "Group_नमस्ते.csv"),
        ] {
            assert_eq!(file_name(&name(group), None).as_deref(), Some(file));
            assert_eq!(group_name(file), Some(name(group)));
        }
        assert_eq!(file_name(&name("a"), Some("1f")).as_deref(), Some("Group_a~1f.csv"));
    }

    #[test]
    fn a_name_that_does_not_fit_needs_a_suffix() {
        let long = name(&"न".repeat(64)); // 192 bytes
        assert!(file_name(&long, None).is_some());
        let too_long = name(&"🧑‍🚀".repeat(40)); // 440 bytes
        assert_eq!(file_name(&too_long, None), None);
        let file = file_name(&too_long, Some(&"0".repeat(32))).unwrap();
        assert!(file.len() <= 255 && is_group_file(&file), "{file}");
    }

    #[test]
    fn an_index_cannot_point_out_of_the_directory() {
        assert!(is_group_file("Group_a.csv"));
        for file in ["Group_/../../x.csv", "../Group_a.csv", "Registration.csv", "Group_a\u{1b}.csv"] {
            assert!(!is_group_file(file), "{file}");
        }
    }

    proptest! {
        #[test]
        fn every_name_comes_back_from_a_usable_file_name(text in "[./%~#*Gg]{0,3}\\PC{1,60}") {
            let Ok(name) = GroupName::new(&text) else { return Ok(()) };
            let Some(file) = file_name(&name, None) else { return Ok(()) };
            prop_assert!(is_group_file(&file));
            prop_assert!(!file.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|', '~']));
            prop_assert_eq!(group_name(&file), Some(name));
        }
    }
}
