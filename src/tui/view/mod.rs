//! The state of the front end, painted.
//!
//! [`draw`] turns an [`App`] into one frame. It only reads: whatever follows from the state was worked
//! out before, in `app`. Of our own layers it knows `app` and the domain alone.

mod card;
mod chrome;
mod completion;
mod composer;
mod conversation;
mod find;
mod help;
mod lists;
mod overlay;
mod paint;
mod picture;
mod poll;
mod theme;
mod verify;
mod welcome;

use ratatui::Frame;
use ratatui::layout::Position;

use super::app::{App, LEAST, Screen, Session, is_usable};
use paint::{Canvas, lines};
use theme::Styles;

pub use picture::Laid;

/// Paints the state into a frame; returns the picture that the terminal is to show in it by itself.
pub fn draw(frame: &mut Frame<'_>, app: &App) -> Option<Laid> {
    let area = frame.area();
    let theme = Styles::new(&app.looks.theme);
    let mut canvas = Canvas::new(frame.buffer_mut(), app.setup.glyphs, theme);
    let cursor = paint(&mut canvas, app);
    let laid = canvas.laid;
    if let Some(cursor) = cursor.filter(|cursor| area.contains(*cursor)) {
        frame.set_cursor_position(cursor);
    }
    laid
}

/// Paints the state; returns where the cursor belongs.
fn paint(canvas: &mut Canvas<'_>, app: &App) -> Option<Position> {
    let theme = canvas.theme;
    let screen = canvas.area();
    canvas.style(screen, theme.background());
    if !is_usable((screen.width, screen.height)) {
        let words = format!("This window is too small for Cooee: it needs {}x{}.", LEAST.0, LEAST.1);
        lines(canvas, screen, &words, theme.plain());
        return None;
    }
    let below = match &app.screen {
        Screen::Welcome(welcome) => welcome::draw(canvas, app, welcome),
        Screen::Main(session) => main_screen(canvas, app, session),
    };
    if let Some(help) = &app.help {
        return help::draw(canvas, app, help);
    }
    match &app.screen {
        Screen::Main(session) if session.overlay.is_some() => overlay::draw(canvas, app, session),
        _ => below,
    }
}

fn main_screen(canvas: &mut Canvas<'_>, app: &App, session: &Session) -> Option<Position> {
    chrome::header(canvas, app, session);
    lists::draw(canvas, app, session);
    conversation::draw(canvas, app, session);
    verify::banner(canvas, app, session);
    let cursor = composer::draw(canvas, app, session);
    completion::draw(canvas, session);
    chrome::notice(canvas, app, session.regions.notice);
    chrome::footer(canvas, app, session.regions.footer);
    cursor
}
