//! A line of CSV for a file of somebody else's, under the rules of ours.

use super::cell::neutral;
use super::table::append_record;

/// These cells as a line of CSV: what a spreadsheet would run as a formula is neutralised.
pub fn line(cells: &[&str]) -> String {
    let cells: Vec<_> = cells.iter().map(|cell| neutral(cell).into_owned()).collect();
    let mut bytes = Vec::new();
    append_record(&mut bytes, &cells, "\n");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::registry::cell::plain;

    proptest! {
        #[test]
        fn any_cells_come_back_and_none_is_a_formula(
            cells in prop::collection::vec("[=+@\\-',\"\r\n a-z\\PC]{0,12}", 1..6),
        ) {
            let borrowed: Vec<&str> = cells.iter().map(String::as_str).collect();
            let line = line(&borrowed);
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
            let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            prop_assert_eq!(records.len(), 1, "{:?}", line);
            for (cell, text) in records[0].iter().zip(&cells) {
                prop_assert_eq!(plain(cell), text.as_str());
                prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\n', '\r']), "{:?}", cell);
            }
        }
    }
}
