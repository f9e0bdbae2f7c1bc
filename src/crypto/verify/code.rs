//! The QR code that one side shows and the other scans, or pastes as text.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

use super::Side;
use crate::domain::UserName;

/// What every code of this version begins with.
const BEGINNING: &str = "cooee-verify:1:";
/// Longer texts are not looked at.
const LONGEST: usize = 256;

/// Why a text does not verify anybody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCode {
    /// No code of ours.
    #[error(
        "this is not a code of Cooee: it begins with `{BEGINNING}` and names two people and their keys"
    )]
    Shape,
    /// It was made to be compared with somebody else.
    #[error("this code of `{from}` is for `{to}`: ask `{wanted}` to show the one for you")]
    OtherPeople {
        /// Who shows it.
        from: UserName,
        /// Whom it is for.
        to: UserName,
        /// Who should show it.
        wanted: UserName,
    },
    /// The one who shows it has another key than the one we know: somebody may sit in between.
    #[error("the key of `{0}` is not the one that we know: do not trust it, and meet to find out why")]
    TheirKey(UserName),
    /// The one who shows it knows another key of ours: somebody may sit in between.
    #[error("`{0}` knows another key of ours than we have: do not trust it, and meet to find out why")]
    OurKey(UserName),
}

/// What our code says: who we are, and whom we take the other for.
pub fn code_text(us: &Side, them: &Side) -> String {
    format!("{BEGINNING}{}:{}:{}:{}", us.user, us.key, them.user, them.key)
}

/// Checks the text of a code that `them` showed us. `Ok` says that both know the same two keys.
pub fn check_code(us: &Side, them: &Side, text: &str) -> Result<(), InvalidCode> {
    let (shown, meant) = parse(text).ok_or(InvalidCode::Shape)?;
    if (&shown.user, &meant.user) != (&them.user, &us.user) {
        return Err(InvalidCode::OtherPeople {
            from: shown.user,
            to: meant.user,
            wanted: them.user.clone(),
        });
    }
    if shown.key != them.key {
        return Err(InvalidCode::TheirKey(shown.user));
    }
    if meant.key != us.key {
        return Err(InvalidCode::OurKey(shown.user));
    }
    Ok(())
}

fn parse(text: &str) -> Option<(Side, Side)> {
    let text = text.trim();
    let fields: Vec<&str> =
        (text.len() <= LONGEST).then(|| text.strip_prefix(BEGINNING))??.split(':').collect();
    let side = |user: &str, key: &str| Some(Side { user: user.parse().ok()?, key: key.parse().ok()? });
    match fields[..] {
        [user, key, other, other_key] => Some((side(user, key)?, side(other, other_key)?)),
        _ => None,
    }
}

/// What the terminal draws with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Dark letters on a light background.
    Dark,
    /// Light letters on a dark background.
    Light,
}

/// The code as lines of half blocks with its quiet zone around it, to be read by a camera. The dark squares
/// come out dark with either ink.
pub fn draw_code(us: &Side, them: &Side, ink: Ink) -> Vec<String> {
    let text = code_text(us, them);
    let code = QrCode::with_error_correction_level(text, EcLevel::L)
        .expect("names and keys are bounded, and fit into the largest code many times");
    let mut picture = code.render::<Dense1x2>();
    if ink == Ink::Light {
        picture.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark);
    }
    picture.quiet_zone(true).module_dimensions(1, 1).build().lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::IdentityKey;

    fn side(user: &str, key: u8) -> Side {
        Side { user: user.parse().unwrap(), key: IdentityKey::from_bytes([key; 32]) }
    }

    #[test]
    fn the_text_of_one_verifies_the_other() {
        let (alice, bob) = (side("alice", 1), side("bob", 2));
        let text = code_text(&bob, &alice);
        assert_snapshot!(text, @"cooee-verify:1:bob:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI:alice:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE");
        assert_eq!(check_code(&alice, &bob, &format!(" {text}\n")), Ok(()));
    }

    #[test]
    fn what_does_not_match_is_told_apart() {
        let (alice, bob) = (side("alice", 1), side("bob", 2));
        let check = |text: &str| check_code(&alice, &bob, text).unwrap_err();
        let mirror = code_text(&alice, &bob);
        assert!(
            matches!(check(&mirror), InvalidCode::OtherPeople { .. }),
            "our own code verifies nobody"
        );
        assert!(matches!(check(&code_text(&bob, &side("eve", 1))), InvalidCode::OtherPeople { .. }));
        assert_eq!(check(&code_text(&side("bob", 3), &alice)), InvalidCode::TheirKey(bob.user.clone()));
        assert_eq!(check(&code_text(&bob, &side("alice", 3))), InvalidCode::OurKey(bob.user.clone()));
        let text = code_text(&bob, &alice);
        for bad in [
            String::new(),
            text.replace(":1:", ":2:"),
            format!("{text}:"),
            text.replace("bob", "b\u{1b}b"),
            text.replace("bob", &"b".repeat(300)),
            text[..text.len() - 1].to_owned(),
        ] {
            assert_eq!(check(&bad), InvalidCode::Shape, "{bad:?}");
        }
    }

    #[test]
    fn it_is_drawn_for_both_kinds_of_terminals() {
        let (alice, bob) = (side("alice", 1), side("bob", 2));
        let dark = draw_code(&alice, &bob, Ink::Dark);
        assert_snapshot!(dark.join("\n"));
        let light = draw_code(&alice, &bob, Ink::Light);
        let inverted = |c| match c {
            ' ' => '█',
            '█' => ' ',
            '▀' => '▄',
            _ => '▀',
        };
        let (last, whole) = dark.split_last().unwrap();
        for (dark, light) in whole.iter().zip(&light) {
            assert_eq!(dark.chars().map(inverted).collect::<String>(), *light);
        }
        assert!(last.chars().all(|c| c == ' '), "the quiet zone ends it");
        assert_eq!(light.last().unwrap(), &"▀".repeat(last.chars().count()));
    }

    #[test]
    fn the_drawing_shows_the_squares_of_the_code_and_no_others() {
        let (alice, bob) = (side("alice", 1), side("bob", 2));
        let code = QrCode::with_error_correction_level(code_text(&alice, &bob), EcLevel::L).unwrap();
        let (width, dark) = (code.width(), code.to_colors());
        let lines: Vec<Vec<char>> =
            draw_code(&alice, &bob, Ink::Dark).iter().map(|line| line.chars().collect()).collect();
        let quiet = 4;
        for y in 0..width + 2 * quiet {
            assert_eq!(lines[y / 2].len(), width + 2 * quiet);
            for (x, drawn) in lines[y / 2].iter().enumerate() {
                let inside = |at: usize| at.checked_sub(quiet).filter(|at| *at < width);
                let wanted = inside(x)
                    .zip(inside(y))
                    .is_some_and(|(x, y)| dark[y * width + x] == qrcode::Color::Dark);
                let half = if y % 2 == 0 { '▀' } else { '▄' };
                assert_eq!(*drawn == '█' || *drawn == half, wanted, "{x},{y}");
            }
        }
    }

    #[test]
    fn the_longest_names_fit() {
        let long = |c: &str, key| side(&c.repeat(32), key);
        let lines = draw_code(&long("a", 0xff), &long("b", 0xfe), Ink::Light);
        assert!(lines.len() <= 31 && lines[0].chars().count() <= 61, "{} lines", lines.len());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(cooee-verify:1:)?\\PC{0,100}") {
            let _ = check_code(&side("alice", 1), &side("bob", 2), &text);
        }
    }
}
