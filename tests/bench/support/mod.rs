//! What the benches on a real terminal share: a data directory with its built-in broker, and the program
//! in a pseudo-terminal. Nothing here measures, and nothing here reaches into the program.

pub mod home;
pub mod terminal;
