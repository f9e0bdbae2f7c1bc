//! Text from people and from the network, made fit to be shown in a terminal.

use unicode_segmentation::UnicodeSegmentation;

/// Why a text was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Nothing is left once what cannot be shown is taken out.
    #[error("it is empty")]
    Empty,
    /// Longer than the limit, in the unit named.
    #[error("it is too long: at most {limit} {unit}")]
    TooLong {
        /// The most that is allowed.
        limit: usize,
        /// What is counted.
        unit: &'static str,
    },
    /// A character that does not belong there.
    #[error("`{0}` cannot stand there")]
    Character(char),
}

/// Characters that a terminal obeys instead of showing (C0, DEL, C1), those that reorder the line
/// around them (the bidi controls of UAX #9), and line and paragraph separators.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
            | '\u{206A}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0001}')
}

/// One line: unsafe characters are taken out, line breaks and tabs become spaces, ends are trimmed.
pub fn clean_line(text: &str) -> String {
    let spaced = text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c });
    let kept: String = spaced.filter(|&c| !is_unsafe(c)).collect();
    kept.trim().to_owned()
}

/// Several lines: as [`clean_line`], but line breaks stay (`\r\n` and `\r` become `\n`), a tab becomes
/// four spaces, and only the end is trimmed.
pub fn clean_block(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                kept.push('\n');
            }
            '\n' => kept.push('\n'),
            '\t' => kept.push_str("    "),
            c if is_unsafe(c) => {}
            c => kept.push(c),
        }
    }
    kept.truncate(kept.trim_end().len());
    kept
}

/// A cleaned, non-empty line within both limits of a name.
pub(super) fn checked_name(text: &str) -> Result<String, InvalidText> {
    use super::limits::{NAME_BYTES, NAME_GRAPHEMES};

    let line = clean_line(text);
    if line.is_empty() {
        return Err(InvalidText::Empty);
    }
    if line.len() > NAME_BYTES || line.graphemes(true).count() > NAME_GRAPHEMES {
        return Err(InvalidText::TooLong { limit: NAME_GRAPHEMES, unit: "characters" });
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_and_bidi_controls_are_taken_out() {
        assert_eq!(clean_line("a\u{1b}[31mb\u{7}\u{202e}c\u{9b}d"), "a[31mbcd");
        assert_eq!(clean_line("  a\nb\tc "), "a b c");
        assert_eq!(clean_block("a\r\nb\rc\td\u{1b}\n\n"), "a\nb\nc    d");
        assert_eq!(clean_block("  indented"), "  indented");
    }

    #[test]
    fn joiners_and_marks_stay() {
        let family = "👨‍👩‍👧 e\u{301} नमस्ते";
        assert_eq!(clean_line(family), family);
    }

    proptest! {
        #[test]
        fn nothing_unsafe_survives(text in ".*") {
            let line = clean_line(&text);
            prop_assert!(!line.chars().any(is_unsafe));
            prop_assert_eq!(clean_line(&line), line.clone());
            let block = clean_block(&text);
            prop_assert!(!block.chars().any(|c| c != '\n' && is_unsafe(c)));
            prop_assert_eq!(clean_block(&block), block.clone());
        }
    }
}
