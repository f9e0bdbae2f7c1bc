//! Front end 2: the full-screen messenger.
//!
//! [`run()`] is the loop, and with its neighbours (`terminal`, `input`, `decode`, `effects`, `external_editor`) it owns all
//! terminal I/O, and with `desktop` the way to the desktop; `graphics` is how the terminal shows pictures by itself. What a key or an update means is decided in [`app`], how it looks in [`view`]. The loop
//! decides nothing: it carries events in and effects out. Signing up and in lies behind [`Backend`]; what a person may
//! change while it runs is read in `keymap_file`, `theme_file` and `reload`.

pub mod app;
mod aside;
mod backend;
mod clipboard;
mod decode;
mod desktop;
mod effects;
mod environment;
mod error;
mod external_editor;
mod frame_writer;
mod graphics;
mod hold;
mod input;
mod keymap_file;
mod looking;
mod messenger;
mod opener;
mod own_file;
mod pace;
mod path_names;
mod paths;
mod reload;
mod repaint;
mod run;
mod terminal;
mod theme_file;
pub mod view;

pub use backend::{Backend, Connected};
pub use environment::setup;
pub use error::TuiError;
pub use external_editor::EditorCommand;
pub use messenger::{open, problems, show};
pub use reload::{Place, Reload};
pub use run::{Options, run};
pub use theme_file::Themes;
