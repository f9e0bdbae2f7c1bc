//! The CSV files of a data directory: who is registered, who is online, who is in which group.
//!
//! This layer owns `Registration.csv`, `Online.csv` and the `Group_<name>.csv` files, and the import of
//! the original script's files. People open them with a spreadsheet and edit them by hand, scripts read
//! them, and every Cooee process on the machine writes them, so it keeps these promises:
//!
//! - **Readers never wait and never see half a file.** A change reads, merges, writes a temporary file,
//!   syncs it and renames it over the old one, all under one lock (`.lock`). kill -9 at any instant
//!   leaves the old file or the new one.
//! - **Nobody's row is lost.** Rows that Cooee does not understand, rows it has no say over and columns
//!   it does not know are written back byte for byte. What is wrong with a row is reported as a
//!   [`Problem`] and stops no other row.
//! - **No needless writes.** A change that changes nothing leaves the file alone, so saying everything
//!   again is cheap.
//! - **A spreadsheet runs nothing.** A cell that it would take for a formula gets a leading apostrophe,
//!   which reading takes off again.
//!
//! A first row with a cell `Name` (in any case) is the header; columns are then found by name. Without
//! a header the columns are taken in the order written here. All calls block on the disk, and changes
//! also wait for the lock (10 s at most); call them on a thread of their own. This layer must not know
//! of brokers, sessions or clocks: the caller says who is here and since when.

mod cell;
mod disk;
mod error;
mod group_file;
mod groups;
mod import;
mod line;
mod lock;
mod people;
mod records;
mod report;
mod table;
mod watch;

use std::path::{Path, PathBuf};

pub use error::{Error, Problem};
pub use import::import;
pub use line::line;
pub use people::Entry;
pub use report::{Outcome, Report, ReportLine};
pub use watch::{OnlineRow, Watch};

use disk::Limit;
use lock::Lock;
use table::Table;

/// The CSV files of one data directory. Cheap to clone; every clone and every process may use it at
/// the same time.
#[derive(Clone, Debug)]
pub struct Registry {
    dir: PathBuf,
    private_groups: bool,
}

impl Registry {
    /// Opens the files of this directory. Makes the directory, readable by its owner alone, if it is
    /// missing, and sweeps out what killed writers left behind.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        // Absolute, so that a change of the working directory moves nothing.
        let dir = std::path::absolute(dir).map_err(Error::io("find", dir))?;
        disk::make_dir(&dir)?;
        let registry = Self { dir, private_groups: true };
        disk::sweep(&registry.lock()?)?;
        Ok(registry)
    }

    /// Whether groups by invitation get a file too. They do unless this is called with `false`.
    pub fn with_private_groups(self, private_groups: bool) -> Self {
        Self { private_groups, ..self }
    }

    fn lock(&self) -> Result<Lock, Error> {
        Lock::acquire(&self.dir)
    }

    /// Reads one of our files; a missing file is an empty table.
    fn read(&self, file: &str, columns: &'static [&'static str]) -> Result<Table, Error> {
        read_table(&self.dir.join(file), columns)
    }

    /// Writes a table back if it was changed.
    fn write(&self, lock: &Lock, table: &Table) -> Result<(), Error> {
        match table.is_changed() {
            true => disk::replace(lock, table.path(), &table.to_bytes()),
            false => Ok(()),
        }
    }
}

fn read_table(path: &Path, columns: &'static [&'static str]) -> Result<Table, Error> {
    Ok(Table::parse(path, &disk::read(path, Limit::default())?, columns))
}
