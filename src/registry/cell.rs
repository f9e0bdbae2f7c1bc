//! Cells that a spreadsheet would run as a formula.
//!
//! A cell is what stands between commas. A spreadsheet that is told to split at something else sees other
//! cells, and nothing that stands in a CSV file could prevent that.

use std::borrow::Cow;

/// Whether a spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection"; the wide
/// forms count in East Asian editions).
fn begins_formula(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
}

/// Apostrophes, any number of them, and then a formula: what needs one apostrophe more to be told from
/// what had one put in front.
fn is_formula_behind_apostrophes(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(begins_formula)
}

/// The cell to write for this text. [`plain`] undoes it.
pub(super) fn neutral(text: &str) -> Cow<'_, str> {
    match is_formula_behind_apostrophes(text) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// The text of a cell. A formula that a person typed without the apostrophe, such as a phone number
/// with `+`, stays what it is.
pub(super) fn plain(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_formula_behind_apostrophes(text) => text,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn phone_numbers_and_formulas_are_neutral_and_come_back() {
        for (text, cell) in [
            ("+91 22", "'+91 22"),
            ("=1+1", "'=1+1"),
            ("'=1", "''=1"),
            ("@x", "'@x"),
            ("＝1", "'＝1"),
            ("'tis", "'tis"),
            ("'", "'"),
            ("0171", "0171"),
            ("", ""),
        ] {
            assert_eq!(neutral(text), cell);
            assert_eq!(plain(cell), text);
        }
        assert_eq!(plain("+91 22"), "+91 22", "typed by hand");
    }

    proptest! {
        #[test]
        fn every_text_comes_back_and_no_cell_is_a_formula(text in "['=+@\t-]{0,3}.*") {
            let cell = neutral(&text);
            prop_assert_eq!(plain(&cell), text.as_str());
            prop_assert!(!cell.starts_with(begins_formula));
        }
    }
}
