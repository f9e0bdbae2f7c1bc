//! What an import did, row by row.

use std::fmt;
use std::path::PathBuf;

use super::error::shown;
use crate::domain::clean_line;

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Nothing in it was new.
    Known,
    /// It gives another number to somebody who has one; the first one stays.
    Duplicate,
    /// It was taken in, or what was new in it.
    Merged,
    /// It could not be taken in.
    Refused,
}

/// What became of one row, or of a whole group (then the line is 1, the header).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportLine {
    /// The file it was read from.
    pub file: PathBuf,
    /// The line it begins on, from 1.
    pub line: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// The particulars, for a person; safe to show.
    pub text: String,
}

/// What an import did: one line a row, by file and line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The lines.
    pub lines: Vec<ReportLine>,
}

impl Report {
    /// How many rows had this outcome. An import that changed nothing merged none.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.lines.iter().filter(|line| line.outcome == outcome).count()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Known => "known",
            Self::Duplicate => "duplicate",
            Self::Merged => "merged",
            Self::Refused => "refused",
        })
    }
}

/// `file:line: outcome: particulars`, safe to show.
impl fmt::Display for ReportLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = clean_line(&self.text);
        write!(f, "{}:{}: {}: {text}", shown(&self.file), self.line, self.outcome)
    }
}
