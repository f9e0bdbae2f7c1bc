//! What the word that is being typed may become, above the composer.

use ratatui::layout::Rect;

use super::paint::{Canvas, cells, row};
use crate::tui::app::{Session, fit, width};

/// Most candidates that are shown at a time.
const ROWS: usize = 6;

/// Paints the candidates over the end of the messages.
pub fn draw(canvas: &mut Canvas<'_>, session: &Session) {
    let Some(completion) = &session.completion else { return };
    let (messages, composer) = (session.regions.messages, session.regions.composer);
    let candidates = completion.candidates();
    let rows = candidates.len().min(ROWS).min(usize::from(messages.height).saturating_sub(2));
    let top = (completion.selected() + 1).saturating_sub(rows);
    let shown = candidates.iter().skip(top).take(rows);
    let label = shown.clone().map(|candidate| width(&candidate.label)).max().unwrap_or(0);
    let widest = shown.clone().map(|c| label + 2 + width(&c.detail)).max().unwrap_or(0);
    let columns = cells(widest + 4).min(composer.width);
    let height = cells(rows + 2);
    let bottom = messages.bottom();
    let area = Rect::new(composer.x, bottom.saturating_sub(height), columns, height);
    let inner = canvas.open(area, &format!("{} of {}", completion.selected() + 1, candidates.len()));
    for (at, candidate) in shown.enumerate() {
        let line = row(inner, at);
        let room = usize::from(line.width).saturating_sub(2);
        canvas.put(line, 1, &fit(&candidate.label, room), canvas.theme.plain());
        let detail = fit(&candidate.detail, room.saturating_sub(label + 2)).into_owned();
        canvas.put(line, 1 + label + 2, &detail, canvas.theme.faint());
        if top + at == completion.selected() {
            canvas.style(line, canvas.theme.chosen());
        }
    }
}
