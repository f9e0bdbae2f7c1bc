//! Where each record of a CSV file begins and ends, so that the others can be written back untouched.
//!
//! The csv crate parses and writes the cells, but it is lenient by design: to it, a quotation mark that
//! is never closed opens a cell that swallows the rest of the file. This module only finds out which
//! stretches of the file are records as RFC 4180 means them; one that is not costs its own line alone.

/// The most columns that a line break inside a cell is understood in. It bounds how often a line of a
/// hostile file can be looked at.
const MAX_COLUMNS: usize = 64;

/// One record, or one line that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// The line it begins on, from 1.
    pub line: u64,
    /// Its bytes, line break included. The pieces of a file, joined, are the file.
    pub raw: &'a [u8],
    /// Whether its quotation marks are in order. If not, `raw` is one line.
    pub well_quoted: bool,
}

/// Cuts bytes into pieces. `may_break` tells whether a cell of this column (from 0) may hold line breaks.
pub(super) fn pieces(bytes: &[u8], may_break: impl Fn(usize) -> bool) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut rest, mut line) = (bytes, 1);
    while !rest.is_empty() {
        let record = record_length(rest, |column| column < MAX_COLUMNS && may_break(column));
        let (raw, after) = rest.split_at(record.unwrap_or_else(|| line_length(rest)));
        pieces.push(Piece { line, raw, well_quoted: record.is_some() });
        line += line_breaks(raw);
        rest = after;
    }
    pieces
}

/// Where a cell stands while its record is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cell {
    Begins,
    Bare,
    Quoted,
    /// After a quotation mark that closes the cell, or is the first of two.
    Closed,
}

/// The length of the record at the beginning, line break included; `None` if its quotation marks are
/// not in order.
fn record_length(bytes: &[u8], may_break: impl Fn(usize) -> bool) -> Option<usize> {
    let (mut cell, mut column) = (Cell::Begins, 0);
    for (at, &byte) in bytes.iter().enumerate() {
        cell = match (cell, byte) {
            (Cell::Quoted, b'"') => Cell::Closed,
            (Cell::Quoted, b'\n' | b'\r') if !may_break(column) => return None,
            (Cell::Quoted, _) => Cell::Quoted,
            (_, b'\n' | b'\r') => return Some(at + break_length(&bytes[at..])),
            (_, b',') => {
                column += 1;
                Cell::Begins
            }
            (Cell::Begins | Cell::Closed, b'"') => Cell::Quoted,
            (Cell::Closed, _) => return None,
            (Cell::Begins | Cell::Bare, _) => Cell::Bare,
        };
    }
    (cell != Cell::Quoted).then_some(bytes.len())
}

fn line_length(bytes: &[u8]) -> usize {
    let end = bytes.iter().position(|b| matches!(b, b'\n' | b'\r'));
    end.map_or(bytes.len(), |at| at + break_length(&bytes[at..]))
}

/// The length of the line break that these bytes begin with.
fn break_length(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\r\n") { 2 } else { 1 }
}

fn line_breaks(bytes: &[u8]) -> u64 {
    let ends =
        |at: usize| bytes[at] == b'\n' || (bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
    (0..bytes.len()).filter(|&at| ends(at)).count() as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Line, text and soundness of each piece; columns from 2 on may hold line breaks.
    fn cut(text: &str) -> Vec<(u64, &str, bool)> {
        let pieces = pieces(text.as_bytes(), |column| column >= 2).into_iter();
        pieces.map(|p| (p.line, str::from_utf8(p.raw).unwrap(), p.well_quoted)).collect()
    }

    #[test]
    fn every_kind_of_line_break_ends_a_record() {
        let all = [(1, "a,1\r\n", true), (2, "b\r", true), (3, "\n", true), (4, "c", true)];
        assert_eq!(cut("a,1\r\nb\r"), all[..2]);
        assert_eq!(cut("a,1\r\nb\r\n\nc")[2..], [(3, "\n", true), (4, "c", true)]);
    }

    #[test]
    fn an_unclosed_quotation_mark_costs_one_line() {
        let text = "bob,\"1\ncarol,2\n\"dave\",3\n\"erin\"x,4\nfay,\"5";
        let sound: Vec<_> = cut(text).into_iter().map(|(line, _, sound)| (line, sound)).collect();
        assert_eq!(sound, [(1, false), (2, true), (3, true), (4, false), (5, false)]);
    }

    #[test]
    fn a_note_may_have_several_lines() {
        let text = "bob,1,\"pump,\n \"\"old\"\"\n\"\ncarol,2\n";
        assert_eq!(cut(text), [(1, "bob,1,\"pump,\n \"\"old\"\"\n\"\n", true), (4, "carol,2\n", true)]);
    }

    proptest! {
        #[test]
        fn pieces_joined_are_the_file(text in "([a\",]|\r|\n){0,40}") {
            let joined: String = cut(&text).iter().map(|piece| piece.1).collect();
            prop_assert_eq!(joined, text);
        }

        #[test]
        fn the_csv_crate_sees_one_record_in_a_sound_piece(text in "([ab\",]|\r|\n){0,40}") {
            for (_, raw, _) in cut(&text).iter().filter(|piece| piece.2) {
                let mut reader = csv::ReaderBuilder::new();
                let mut reader = reader.has_headers(false).flexible(true).from_reader(raw.as_bytes());
                let records = reader.byte_records().count();
                prop_assert_eq!(records, usize::from(!raw.trim_end_matches(['\r', '\n']).is_empty()));
            }
        }
    }
}
