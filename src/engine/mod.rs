//! The messenger without a face.

mod command;
mod update;

pub use command::{Command, PageAt, Ticket};
pub use update::{GroupView, Link, Notice, Stored, TYPING_LASTS, Update};
