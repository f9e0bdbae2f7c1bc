//! One CSV file in memory: cells by column name, and every byte that was not changed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use csv_core::ReadRecordResult;

use super::Problem;
use super::cell::{neutral, plain};
use super::records::{Piece, pieces};

/// The byte order mark that spreadsheets put first.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// A file as rows of cells. Columns are numbered as in the list given to [`Table::parse`], whatever
/// their order in the file.
#[derive(Debug)]
pub(super) struct Table {
    path: PathBuf,
    columns: &'static [&'static str],
    /// Where each of our columns stands in the file; `None` when the header lacks it.
    places: Vec<Option<usize>>,
    bom: bool,
    newline: &'static str,
    header: Option<Row>,
    rows: Vec<Row>,
    changed: bool,
}

/// One row, or one line that is none.
#[derive(Debug)]
struct Row {
    line: u64,
    /// As it stood in the file, line break included. `None` once the cells were changed.
    raw: Option<Vec<u8>>,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// No cell holds anything.
    Blank,
    /// What the cells hold, formulas still neutralised.
    Cells(Vec<String>),
    /// It cannot be read, for this reason.
    Broken(&'static str),
}

impl Table {
    /// Takes a file apart. Never fails: what cannot be read is kept and reported by [`Self::broken`].
    pub fn parse(path: &Path, bytes: &[u8], columns: &'static [&'static str]) -> Self {
        let (bom, body) = bytes.strip_prefix(BOM).map_or((false, bytes), |rest| (true, rest));
        let first = parse_rows(&pieces(first_line(body), |_| false)).into_iter().next();
        let header = first.filter(|row| row.cells().iter().any(|cell| is_called(cell, "Name")));
        let places: Vec<Option<usize>> = match &header {
            Some(row) => {
                columns.iter().map(|c| row.cells().iter().position(|h| is_called(h, c))).collect()
            }
            None => (0..columns.len()).map(Some).collect(),
        };
        // A name or a number has one line. A column that is not ours may hold notes of several, but one
        // that the header does not even name is more likely the work of a lost quotation mark.
        let width = header.as_ref().map_or(0, |row| row.cells().len());
        let may_break = |column| column < width && !places.contains(&Some(column));
        let mut rows = parse_rows(&pieces(body, may_break));
        if header.is_some() {
            rows.remove(0);
        }
        let newline = if first_line(body).ends_with(b"\r\n") { "\r\n" } else { "\n" };
        Self { path: path.to_owned(), columns, places, bom, newline, header, rows, changed: false }
    }

    /// The same, to be written to another file.
    pub fn moved_to(self, path: PathBuf) -> Self {
        Self { path, changed: true, ..self }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether anything differs from what was parsed.
    pub fn is_changed(&self) -> bool {
        self.changed
    }

    /// The rows that can be read and hold anything, by number. Numbers hold until a row is removed.
    pub fn rows(&self) -> impl Iterator<Item = usize> {
        let numbered = self.rows.iter().enumerate();
        numbered.filter(|(_, row)| matches!(row.content, Content::Cells(_))).map(|(at, _)| at)
    }

    /// What is wrong with the rows that cannot be read.
    pub fn broken(&self) -> impl Iterator<Item = Problem> {
        self.rows.iter().filter_map(|row| match row.content {
            Content::Broken(reason) => Some(Problem::new(&self.path, row.line, reason)),
            _ => None,
        })
    }

    /// The line that a row begins on, from 1; 0 for one that was not in the file.
    pub fn line(&self, row: usize) -> u64 {
        self.rows[row].line
    }

    /// What a cell says, without the spaces around it; nothing when the row or the file lacks it.
    pub fn get(&self, row: usize, column: usize) -> &str {
        let cell = self.places[column].and_then(|at| self.rows[row].cells().get(at));
        cell.map_or("", |cell| plain(cell.trim()))
    }

    /// Makes a cell say this: one line of text. Adds the column to the file if it must.
    pub fn set(&mut self, row: usize, column: usize, text: &str) {
        if self.get(row, column) != text {
            let at = self.place(column);
            self.rows[row].put(at, &neutral(text));
            self.changed = true;
        }
    }

    /// Adds a row with these texts, one line each, in the order of our columns; returns its number.
    pub fn push(&mut self, texts: &[&str]) -> usize {
        let width = self.header.as_ref().map_or(self.columns.len(), |row| row.cells().len());
        let content = Content::Cells(vec![String::new(); width]);
        self.rows.push(Row { line: 0, raw: None, content });
        self.changed = true;
        let row = self.rows.len() - 1;
        for (column, text) in texts.iter().enumerate() {
            self.set(row, column, text);
        }
        row
    }

    /// Takes out the readable rows that `unwanted` says, by number.
    pub fn remove(&mut self, unwanted: impl Fn(&Self, usize) -> bool) {
        let unwanted: HashSet<usize> = self.rows().filter(|&row| unwanted(self, row)).collect();
        self.changed |= !unwanted.is_empty();
        let mut row = 0..;
        self.rows.retain(|_| row.next().is_none_or(|row| !unwanted.contains(&row)));
    }

    /// Takes out everything but the header, and adds the header to a file that lacks it.
    pub fn clear(&mut self) {
        self.changed |= !self.rows.is_empty() || self.header.is_none();
        self.rows.clear();
    }

    /// Adds the header to a file that lacks it, and so makes a file that does not exist.
    pub fn ensure_header(&mut self) {
        self.changed |= self.header.is_none();
    }

    /// The file: what was not changed as it was, the rest in its place, new rows last.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = if self.bom { BOM.to_vec() } else { Vec::new() };
        match &self.header {
            Some(header) => header.append_to(&mut bytes, self.newline),
            None => append_record(&mut bytes, self.columns, self.newline),
        }
        for row in &self.rows {
            row.append_to(&mut bytes, self.newline);
        }
        bytes
    }

    /// Where this column stands. A header that lacks it gets it, behind every cell of every row, so that
    /// nothing which had no header comes to stand under this one.
    fn place(&mut self, column: usize) -> usize {
        let at = match (self.places[column], &mut self.header) {
            (Some(at), _) => return at,
            (None, Some(header)) => {
                let widest = self.rows.iter().map(|row| row.cells().len()).max().unwrap_or(0);
                let at = widest.max(header.cells().len());
                header.put(at, self.columns[column]);
                at
            }
            (None, None) => column,
        };
        self.places[column] = Some(at);
        at
    }
}

impl Row {
    fn cells(&self) -> &[String] {
        match &self.content {
            Content::Cells(cells) => cells,
            Content::Blank | Content::Broken(_) => &[],
        }
    }

    fn put(&mut self, at: usize, cell: &str) {
        let mut cells = self.cells().to_vec();
        cells.resize(cells.len().max(at + 1), String::new());
        cell.clone_into(&mut cells[at]);
        self.content = Content::Cells(cells);
        self.raw = None;
    }

    fn append_to(&self, bytes: &mut Vec<u8>, newline: &str) {
        match &self.raw {
            Some(raw) => {
                bytes.extend_from_slice(raw);
                if !raw.ends_with(b"\n") && !raw.ends_with(b"\r") {
                    bytes.extend_from_slice(newline.as_bytes());
                }
            }
            None => append_record(bytes, self.cells(), newline),
        }
    }
}

pub(super) fn append_record<T: AsRef<[u8]>>(bytes: &mut Vec<u8>, cells: &[T], newline: &str) {
    let terminator = if newline == "\r\n" { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
    let mut writer = csv::WriterBuilder::new().terminator(terminator).from_writer(bytes);
    writer.write_record(cells).expect("writing to memory cannot fail, and one record has one length");
    writer.flush().expect("writing to memory cannot fail");
}

/// The first line without the rest of the file.
fn first_line(body: &[u8]) -> &[u8] {
    let end = body.iter().position(|b| matches!(b, b'\n' | b'\r'));
    let end = end.map_or(body.len(), |at| if body[at..].starts_with(b"\r\n") { at + 2 } else { at + 1 });
    &body[..end]
}

fn is_called(cell: &str, column: &str) -> bool {
    cell.trim().eq_ignore_ascii_case(column)
}

fn parse_rows(pieces: &[Piece<'_>]) -> Vec<Row> {
    let mut reader = READER.lock().unwrap_or_else(PoisonError::into_inner);
    reader.reset();
    // A line break first: it would take a byte order mark at the very beginning for one of its own.
    reader.read_record(b"\n", &mut [0], &mut [0]);
    let mut content = |piece: &Piece<'_>| match piece.raw {
        _ if !piece.well_quoted => Content::Broken("a quotation mark is not closed or not expected"),
        b"\n" | b"\r" | b"\r\n" => Content::Blank,
        raw => read_record(&mut reader, raw),
    };
    let row = |piece: &Piece<'_>| Row {
        line: piece.line,
        raw: Some(piece.raw.to_vec()),
        content: content(piece),
    };
    pieces.iter().map(row).collect()
}

/// The one reader. `csv` works out anew for each reader by which states it goes, which takes as long as to read some
/// hundred rows, and a start of Cooee reads half a dozen files; so its core is used, which can be reset. (A clone of it, and
/// what its `default` makes, reads nothing right: they lack those states.)
static READER: LazyLock<Mutex<csv_core::Reader>> = LazyLock::new(|| Mutex::new(csv_core::Reader::new()));

/// Reads one record, line break included, behind those that the reader has read.
fn read_record(reader: &mut csv_core::Reader, raw: &[u8]) -> Content {
    // The reader reads on only where there is room for one more of each.
    let most = raw.iter().filter(|&&byte| byte == b',').count() + 1;
    let (mut text, mut ends) = (vec![0; raw.len() + 1], vec![0; most + 1]);
    let (mut read, mut written, mut ended) = (0, 0, 0);
    loop {
        // Without bytes it takes the record for the last of the file, and ends it.
        let (result, r, w, e) =
            reader.read_record(&raw[read..], &mut text[written..], &mut ends[ended..]);
        (read, written, ended) = (read + r, written + w, ended + e);
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::Record => break,
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull | ReadRecordResult::End => {
                return Content::Broken("it cannot be read as CSV");
            }
        }
    }
    let Ok(text) = str::from_utf8(&text[..written]) else {
        return Content::Broken("it is not UTF-8 text");
    };
    let mut begin = 0;
    let cell = |&end: &usize| text.get(std::mem::replace(&mut begin, end)..end).map(str::to_owned);
    match ends[..ended].iter().map(cell).collect::<Option<Vec<_>>>() {
        Some(cells) if cells.iter().all(|cell| cell.trim().is_empty()) => Content::Blank,
        Some(cells) => Content::Cells(cells),
        None => Content::Broken("it is not UTF-8 text"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COLUMNS: &[&str] = &["Name", "Mobile_no", "Display_name"];

    fn table(bytes: impl AsRef<[u8]>) -> Table {
        Table::parse(Path::new("x.csv"), bytes.as_ref(), COLUMNS)
    }

    fn text(table: &Table) -> String {
        String::from_utf8(table.to_bytes()).unwrap()
    }

    #[test]
    fn columns_are_found_by_name_in_any_order() {
        let table = table("\u{feff}notes, mobile_NO ,Name\r\nhi,'+91 22,bob\r\n\r\n,,\r\nx");
        let cells: Vec<_> = table.rows().map(|row| (table.line(row), table.get(row, 0))).collect();
        assert_eq!(cells, [(2, "bob"), (5, "")]);
        assert_eq!((table.get(0, 1), table.get(0, 2)), ("+91 22", ""));
    }

    #[test]
    fn a_file_without_a_header_has_the_usual_order_and_gets_one_when_written() {
        let mut table = table("bob,1\ncarol,2");
        assert_eq!((table.get(1, 0), table.get(1, 1)), ("carol", "2"));
        table.set(1, 2, "Carol");
        assert_eq!(text(&table), "Name,Mobile_no,Display_name\nbob,1\ncarol,2,Carol\n");
    }

    #[test]
    fn only_what_is_changed_is_written_anew() {
        let mut table = table("Name,Mobile_no,notes\r\nbob,\"1\",,extra\r\n\r\n\"dave,3\r\ncarol, 2 ");
        assert_eq!(table.broken().map(|problem| problem.line).collect::<Vec<_>>(), [4]);
        table.set(3, 1, "2");
        assert!(!table.is_changed(), "the spaces around a cell are no part of it");
        table.set(3, 1, "+3");
        table.push(&["erin", "=4", "Erin, \"E\""]);
        assert_eq!(
            text(&table),
            "Name,Mobile_no,notes,,Display_name\r\nbob,\"1\",,extra\r\n\r\n\"dave,3\r\ncarol,'+3\r\n\
             erin,'=4,,,\"Erin, \"\"E\"\"\"\r\n"
        );
    }

    #[test]
    fn removing_and_clearing_leave_the_header() {
        let mut table = table(b"Name\nbob\n\xff\ncarol\n");
        table.remove(|table, row| table.get(row, 0) == "bob");
        assert_eq!(table.to_bytes(), b"Name\n\xff\ncarol\n");
        table.clear();
        assert_eq!(text(&table), "Name\n");
        let mut missing = super::Table::parse(Path::new("x.csv"), b"", COLUMNS);
        missing.ensure_header();
        assert!(missing.is_changed());
        assert_eq!(text(&missing), "Name,Mobile_no,Display_name\n");
    }

    proptest! {
        #[test]
        fn whatever_was_in_the_file_is_still_there(
            body in prop::collection::vec(
                prop::sample::select(b"ab\",\r\n\xff\xef\xbb\xbf'=".as_slice()), 0..60),
        ) {
            let file = [b"Name,Notes\n".as_slice(), &body].concat();
            let mut table = table(&file);
            let broken = table.broken().count();
            let cells: Vec<String> = table.rows().map(|row| table.get(row, 0).to_owned()).collect();
            table.push(&["zoe"]);
            let written = table.to_bytes();
            prop_assert!(written.starts_with(&file));
            let again = super::Table::parse(Path::new("x.csv"), &written, COLUMNS);
            prop_assert_eq!(again.broken().count(), broken);
            let mut names: Vec<&str> = again.rows().map(|row| again.get(row, 0)).collect();
            prop_assert_eq!(names.pop(), Some("zoe"));
            prop_assert_eq!(names, cells);
        }

        #[test]
        fn rows_are_read_as_csv_reads_them(
            body in prop::collection::vec(
                prop::sample::select(b"ab\",\r\n\xff\xef\xbb\xbf".as_slice()), 0..60),
        ) {
            // What is read first tells it how to take a byte order mark; a line that is none is not for it.
            let pieces = pieces(&body, |_| true);
            let sound = pieces.iter().filter(|piece| piece.well_quoted).flat_map(|piece| piece.raw);
            let sound: Vec<u8> = b"\n".iter().chain(sound).copied().collect();
            let mut reader = csv::ReaderBuilder::new();
            let mut reader = reader.has_headers(false).flexible(true).from_reader(sound.as_slice());
            let text = |cell: &[u8]| String::from_utf8(cell.to_vec()).ok();
            let expected: Vec<Option<Vec<String>>> =
                reader.byte_records().map(|record| record.unwrap().iter().map(text).collect()).collect();
            let is_read = |piece: &&Piece<'_>| piece.well_quoted && !matches!(piece.raw, b"\n" | b"\r" | b"\r\n");
            let rows: Vec<Content> = parse_rows(&pieces).into_iter().map(|row| row.content).collect();
            let read = pieces.iter().zip(&rows).filter(|(piece, _)| is_read(piece)).map(|(_, content)| content);
            let read: Vec<&Content> = read.collect();
            prop_assert_eq!(read.len(), expected.len());
            for (read, expected) in read.into_iter().zip(expected) {
                match (read, expected) {
                    (Content::Cells(cells), Some(expected)) => prop_assert_eq!(cells, &expected),
                    (Content::Blank, Some(expected)) => {
                        prop_assert!(expected.iter().all(|cell| cell.trim().is_empty()));
                    }
                    (Content::Broken(_), None) => {}
                    (read, expected) => prop_assert!(false, "{:?} is not {:?}", read, expected),
                }
            }
        }

        #[test]
        fn every_line_of_text_comes_back(texts in prop::collection::vec("[^\r\n]*", 3)) {
            prop_assume!(!texts.iter().all(|text| text.trim().is_empty()));
            let trimmed: Vec<&str> = texts.iter().map(|text| text.trim()).collect();
            let mut new = table("");
            new.push(&trimmed);
            let again = table(new.to_bytes());
            let cells: Vec<&str> = (0..3).map(|column| again.get(0, column)).collect();
            prop_assert_eq!(cells, trimmed);
        }
    }
}
