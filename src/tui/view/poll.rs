//! The box in which one votes.

use ratatui::layout::Rect;

use super::paint::{Canvas, lines, row};
use crate::tui::app::{Action, App, Context, VoteBox, box_sign, fit, width, wrap};

/// Widest the box is, in cells.
const WIDTH: usize = 58;
/// Most rows of the question.
const QUESTION: usize = 2;

/// Paints it; answers that do not fit are scrolled to.
pub(super) fn draw(canvas: &mut Canvas<'_>, app: &App, vote: &VoteBox) {
    let Some(poll) = &vote.message.poll else { return };
    let columns = WIDTH.min(usize::from(canvas.area().width));
    let inside = columns.saturating_sub(4);
    let accept = app.keymap.key(Context::Choice, Action::Accept).unwrap_or_default();
    let hint = match poll.is_many() {
        true => format!("Space or a digit marks, {accept} votes; 0 unmarks all"),
        false => format!("{accept} or a digit votes; 0 takes your vote back"),
    };
    let hint_rows = wrap(&hint, inside).len();
    let question = wrap(poll.question(), inside).len().min(QUESTION);
    let count = poll.answers().len();
    let screen = usize::from(canvas.area().height);
    let area = canvas.middle(columns, (question + count + hint_rows + 2).min(screen));
    let inner = canvas.open(area, "Vote");
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    for (at, range) in wrap(poll.question(), inside).into_iter().take(question).enumerate() {
        let words = match at + 1 == question {
            true => fit(&poll.question()[range.start..], inside),
            false => poll.question()[range].into(),
        };
        canvas.put(row(inner, at), 0, &words, canvas.theme.strong());
    }
    let counts = poll.count(&vote.message.marks.votes);
    let room = usize::from(inner.height).saturating_sub(question + hint_rows).max(1);
    let top = (vote.at() + 1).saturating_sub(room);
    let shown = poll.answers().zip(counts).enumerate().skip(top).take(room);
    for (line, (at, ((number, answer), count))) in shown.enumerate() {
        let line = row(inner, question + line);
        if at == vote.at() {
            canvas.put(line, 0, canvas.glyphs.pointer(), canvas.theme.strong());
        }
        let votes = if count == 1 { "1 vote".to_owned() } else { format!("{count} votes") };
        let words = format!("{} {number:>2}  {answer}", box_sign(vote.chosen.has(number)));
        let words = fit(&words, inside.saturating_sub(width(&votes) + 5)).into_owned();
        canvas.put(line, 2, &words, canvas.theme.plain());
        canvas.put_right(line, &votes, canvas.theme.faint());
        if at == vote.at() {
            canvas.style(line, canvas.theme.chosen());
        }
    }
    let below = question + room.min(count);
    let rest = Rect {
        y: inner.y + u16::try_from(below).unwrap_or(u16::MAX).min(inner.height),
        height: inner.height.saturating_sub(u16::try_from(below).unwrap_or(u16::MAX)),
        ..inner
    };
    lines(canvas, rest, &hint, canvas.theme.faint());
}
