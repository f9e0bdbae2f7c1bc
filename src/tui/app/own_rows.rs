//! Our own words: at the right edge, with the time and the tick.

use std::ops::Range;

use super::rows::{Piece, Row, Said, Tone, Typesetter, put_words};
use super::text::{fit, width};
use super::wrap::{visible_width, wrap};
use crate::domain::Delivery;

/// Our own text narrower than this beside its time has the time below instead.
const OWN_NARROW: usize = 16;
/// Cells between our own text and its time.
const GAP: usize = 3;

impl Typesetter<'_> {
    /// Our words, at the right edge, with time and tick beside them. Where that makes fewer rows, the text takes the
    /// room of these too, and they stand behind its last line or, where that is too long, below it.
    pub(super) fn own(&self, said: &Said, time: &str, delivery: Delivery, rows: &mut Vec<Row>) {
        let text = said.text.as_str();
        let time = format!("{time} ");
        // Wide enough for any state, so that the text stays where it is when the state changes.
        let reserved = width(&time) + self.glyphs.widest_delivery();
        let edge = self.width.saturating_sub(1);
        let mark = edge.saturating_sub(reserved);
        let beside = mark.saturating_sub(GAP + self.width / 8);
        let whole = if beside < OWN_NARROW { edge.saturating_sub(2) } else { edge - self.width / 8 };
        let set = |room: usize, right: usize| {
            let ranges = wrap(text, room);
            let cells = |range: &Range<usize>| visible_width(&text[range.clone()]);
            let x = right.saturating_sub(ranges.iter().map(cells).max().unwrap_or(0));
            let is_behind = x + ranges.last().map_or(0, cells) + GAP <= mark;
            (ranges, x, is_behind)
        };
        let rows_of =
            |(ranges, _, is_behind): &(Vec<_>, _, bool)| ranges.len() + usize::from(!is_behind);
        let close = Some(beside).filter(|beside| *beside >= OWN_NARROW);
        let close = close.map(|beside| set(beside, mark - GAP));
        // Most texts are of one line, and need no second look.
        let is_best = |close: &_| rows_of(close) == 1 || rows_of(close) <= rows_of(&set(whole, edge));
        let (room, right, (ranges, x, is_behind)) = match close.filter(is_best) {
            Some(close) => (beside, mark - GAP, close),
            None => (whole, edge, set(whole, edge)),
        };
        for words in &said.above {
            let text = fit(words, whole).into_owned();
            let right = if width(&text) > room { edge } else { right };
            rows.push(vec![Piece { x: right.saturating_sub(width(&text)), text, tone: Tone::Faint }]);
        }
        let found = self.tones(said, Tone::Own);
        for range in ranges {
            let part = range.start..range.start + text[range].trim_end_matches(' ').len();
            let mut row = Vec::new();
            put_words(&mut row, (text, part), x, Tone::Own, &found);
            rows.push(row);
        }
        let tone = match delivery {
            Delivery::Failed => Tone::Wrong,
            Delivery::Queued | Delivery::Sent | Delivery::Delivered => Tone::Faint,
            Delivery::Read => Tone::Read,
        };
        let sign = self.glyphs.delivery(delivery);
        let mark_x = if is_behind { mark } else { edge.saturating_sub(width(&time) + width(sign)) };
        let sign = Piece { x: mark_x + width(&time), text: sign.to_owned(), tone };
        let mark = [Piece { x: mark_x, text: time, tone: Tone::Faint }, sign];
        match rows.last_mut().filter(|_| is_behind) {
            Some(last) => last.extend(mark),
            None => rows.push(mark.into()),
        }
    }
}
