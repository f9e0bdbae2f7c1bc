//! How wide text is on the screen, and cutting it to fit.
//!
//! Width is summed over grapheme clusters with ratatui's own measure, because that is how ratatui lays
//! cells out: a count of characters, or the width of a whole string, would disagree with the frame.

use std::borrow::Cow;

use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;

/// The cells one grapheme cluster takes. Control characters take none: ratatui does not draw them.
pub fn cluster_width(cluster: &str) -> usize {
    if cluster.contains(char::is_control) { 0 } else { usize::from(cluster.cell_width()) }
}

/// The cells this text takes on one line.
pub fn width(text: &str) -> usize {
    if text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return text.len();
    }
    text.graphemes(true).map(cluster_width).sum()
}

/// The text cut to at most `max` cells; what was cut is told by a last `…`.
pub fn fit(text: &str, max: usize) -> Cow<'_, str> {
    if width(text) <= max {
        return Cow::Borrowed(text);
    }
    let mut room = max.saturating_sub(1);
    let mut end = 0;
    for (start, cluster) in text.grapheme_indices(true) {
        let wide = cluster_width(cluster);
        if wide > room {
            break;
        }
        room -= wide;
        end = start + cluster.len();
    }
    let mark = if max == 0 { "" } else { "…" };
    Cow::Owned(format!("{}{mark}", &text[..end]))
}

/// A count with its noun: `1 member`, `3 members`.
pub fn counted(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cluster_counts_once() {
        assert_eq!(width("abc"), 3);
        assert_eq!(width("水泵"), 4);
        assert_eq!(width("👨‍👩‍👧"), 2);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(width("ｶﾞ"), 2);
        assert_eq!(width("\u{7}"), 0);
    }

    #[test]
    fn a_cut_is_told() {
        assert_eq!(fit("pump", 4), "pump");
        assert_eq!(fit("pumps", 4), "pum…");
        assert_eq!(fit("水泵", 3), "水…");
        assert_eq!(fit("水泵", 2), "…");
        assert_eq!(fit("水泵", 0), "");
    }

    proptest! {
        #[test]
        fn what_is_cut_fits(text in ".*", max in 0usize..20) {
            prop_assert!(width(&fit(&text, max)) <= max);
        }
    }
}
